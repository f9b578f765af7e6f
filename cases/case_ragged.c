// SPDX-License-Identifier: GPL-2.0
/*
 * A faulty client: its long-lived allocations lie between its short-lived
 * allocations. They fragment the space that the short-lived ones leave.
 *
 * A bus has a window of 16 MiB. Each of the first 256 steps maps a buffer of 60
 * KiB for a transfer. Every eighth of these steps also maps a page of
 * descriptors, which stays mapped. Each of the next 256 steps ends a transfer
 * and unmaps its buffer. Then the window is nearly empty. Each further step
 * maps a framebuffer of 2 MiB and unmaps it again. The mapping of a framebuffer
 * fails, since every 2 MiB of the window contain a page of descriptors.
 *
 * With apart=1 the descriptors have their own arena, which imports 128 KiB at a
 * time from the window. Then all descriptors occupy one contiguous range, and
 * the framebuffers can be mapped.
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

#define IO_PAGE		SZ_4K	/* independent of the CPU's page size */
#define WINDOW_BASE	0xc0000000UL
#define WINDOW_SIZE	SZ_16M
#define BUFFER		(15 * IO_PAGE)
#define BUFFERS		256
#define DESCRIPTORS	(BUFFERS / 8)
#define FRAMEBUFFER	SZ_2M

static bool apart;
module_param(apart, bool, 0444);
MODULE_PARM_DESC(apart, "allocate descriptors from their own arena (default: N)");

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

/* Undo case_ragged_init(), even if it failed halfway. */
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
		/*
		 * The smallest import is 128 KiB: the power of two above three
		 * times qcache_max.
		 */
		descriptors = vmem_create("descriptors", NULL, 0, IO_PAGE,
					  vmem_alloc, vmem_free, window,
					  SZ_32K, VM_SLEEP | VMC_NO_QCACHE);
		if (!descriptors) {
			clean_up();
			return -ENOMEM;
		}
	}
	steps_enable(true);
	return 0;
}
module_init(case_ragged_init);

static void __exit case_ragged_exit(void)
{
	steps_enable(false);
	pr_info("%lu framebuffers mapped, %lu found no space\n", mapped, no_room);
	clean_up();
}
module_exit(case_ragged_exit);

MODULE_DESCRIPTION("vmem case: a client that fragments its arena");
MODULE_LICENSE("GPL");
