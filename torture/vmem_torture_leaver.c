// SPDX-License-Identifier: GPL-2.0
/*
 * A module that goes while the functions of its arenas are being called.
 *
 * Its functions sleep, so that removal often comes in the middle of one. With the
 * parameter "leave" it does not even destroy its arenas.
 */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/hash.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "torture.h"

static bool leave;
module_param(leave, bool, 0444);
MODULE_PARM_DESC(leave, "leave the arenas behind when the module goes (N)");

#define UNITS	1024UL

static atomic_t calls = ATOMIC_INIT(0);
static struct tt_offer offer;

static void sleep_for_a_while(void)
{
	u32 dice = hash_32(atomic_inc_return(&calls), 16);

	tt_leaver_called();
	/* Long enough for the module to be removed meanwhile. */
	if (dice % 16 == 0)
		msleep(200 + dice % 800);
	else if (dice % 4)
		usleep_range(1000, 1000 + dice % 20000);
}

static void *import(vmem_t *src, size_t size, int vmflag)
{
	if (!(vmflag & VM_NOSLEEP))
		sleep_for_a_while();
	return vmem_alloc(src, size, VM_NOSLEEP);
}

static void release(vmem_t *src, void *addr, size_t size)
{
	sleep_for_a_while();
	vmem_free(src, addr, size);
}

static void destroy(void)
{
	int i;

	for (i = ARRAY_SIZE(offer.vm); i--; )
		if (offer.vm[i])
			vmem_destroy(offer.vm[i]);
}

static int __init leaver_init(void)
{
	const int vmflag = VM_SLEEP | VMC_IDENTIFIER;
	vmem_t **vm = offer.vm;

	vm[0] = vmem_create("tt-left-root", (void *)1, UNITS, 1, NULL, NULL,
			    NULL, 0, vmflag);
	if (vm[0])
		vm[1] = vmem_create("tt-left", NULL, 0, 1, import, release,
				    vm[0], 4, vmflag);
	if (vm[1])
		vm[2] = vmem_create("tt-left-leaf", NULL, 0, 1, vmem_alloc,
				    vmem_free, vm[1], 8, vmflag);
	if (!vm[2]) {
		destroy();
		return -ENOMEM;
	}
	tt_offer(&offer);
	return 0;
}

static void __exit leaver_exit(void)
{
	if (leave)
		return;
	tt_withdraw();
	destroy();
}

module_init(leaver_init);
module_exit(leaver_exit);

MODULE_DESCRIPTION("Torture for vmem: a client that goes away");
MODULE_AUTHOR("The vmem for Linux developers");
MODULE_LICENSE("GPL");
