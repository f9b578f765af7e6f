// SPDX-License-Identifier: GPL-2.0
/*
 * A client with a fault: what lives long stands between what does not.
 *
 * A bus has a window of 16 MiB. In each of the first 256 steps a buffer of 60 KiB
 * is mapped for a transfer, and with every eighth a page of descriptors, which
 * stays. Then the transfers end, one a step. After that the window is all but
 * empty, and each step maps a framebuffer of 2 MiB and unmaps it again: or would,
 * if there were 2 MiB without a page of descriptors in them.
 *
 * With apart=1 the descriptors have an arena of their own, which imports from the
 * window by 128 KiB. That is the remedy: the same memory, in another order.
 *
 *	insmod vmem.ko audit=1
 *	insmod case_ragged.ko
 *	echo 600 >/sys/module/case_ragged/parameters/run
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/vmem.h>

#include "steps.h"

#define IO_PAGE		SZ_4K		/* of the bus, whatever the CPU's is */
#define WINDOW_BASE	0xc0000000UL
#define WINDOW_SIZE	SZ_16M
#define BUFFER		(15 * IO_PAGE)
#define BUFFERS		256
#define DESCRIPTORS	(BUFFERS / 8)
#define FRAMEBUFFER	SZ_2M

static bool apart;
module_param(apart, bool, 0444);
MODULE_PARM_DESC(apart, "descriptors have an arena of their own (N)");

static vmem_t *window, *descriptors;
static void *buffer[BUFFERS], *descriptor[DESCRIPTORS];
static unsigned long mapped, no_room;

static noinline void *map_buffer(void)
{
	return vmem_alloc(window, BUFFER, VM_NOSLEEP);
}

static noinline void *map_descriptor(void)
{
	return vmem_alloc(descriptors ?: window, IO_PAGE, VM_NOSLEEP);
}

static noinline void show_picture(void)
{
	void *framebuffer = vmem_alloc(window, FRAMEBUFFER, VM_NOSLEEP);

	if (framebuffer) {
		mapped++;
		vmem_free(window, framebuffer, FRAMEBUFFER);
	} else {
		no_room++;
	}
}

static void unmap_buffer(unsigned int i)
{
	if (buffer[i])
		vmem_free(window, buffer[i], BUFFER);
	buffer[i] = NULL;
}

static void step(unsigned long i)
{
	if (i < BUFFERS) {
		buffer[i] = map_buffer();
		if (i % 8 == 7)
			descriptor[i / 8] = map_descriptor();
	} else if (i < 2 * BUFFERS) {
		unmap_buffer(i - BUFFERS);
	} else {
		show_picture();
	}
}

/* Undoes any part of case_ragged_init(). */
static void clean_up(void)
{
	unsigned int i;

	if (!window)
		return;
	for (i = 0; i < BUFFERS; i++)
		unmap_buffer(i);
	for (i = 0; i < DESCRIPTORS; i++)
		if (descriptor[i])
			vmem_free(descriptors ?: window, descriptor[i], IO_PAGE);
	if (descriptors)
		vmem_destroy(descriptors);
	vmem_destroy(window);
}

static int __init case_ragged_init(void)
{
	window = vmem_create("bus_window", (void *)WINDOW_BASE, WINDOW_SIZE,
			     IO_PAGE, NULL, NULL, NULL, 0, VM_SLEEP);
	if (!window)
		return -ENOMEM;
	if (apart) {
		/* Imports 128 KiB: the power of two above three times this. */
		descriptors = vmem_create("descriptors", NULL, 0, IO_PAGE,
					  vmem_alloc, vmem_free, window,
					  SZ_32K, VM_SLEEP | VMC_NO_QCACHE);
		if (!descriptors) {
			clean_up();
			return -ENOMEM;
		}
	}
	steps_allow(true);
	return 0;
}
module_init(case_ragged_init);

static void __exit case_ragged_exit(void)
{
	steps_allow(false);
	pr_info("%lu framebuffers mapped, %lu without room\n", mapped, no_room);
	clean_up();
}
module_exit(case_ragged_exit);

MODULE_DESCRIPTION("vmem case: a client that fragments its arena");
MODULE_LICENSE("GPL");
