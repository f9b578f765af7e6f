// SPDX-License-Identifier: GPL-2.0
/*
 * A module that is removed while vmem calls the functions of its arenas.
 *
 * The functions sleep, so that the removal often happens while one of them
 * runs. With the parameter "leave" the module does not destroy its arenas.
 */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/hash.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "torture.h"

static bool leave;
module_param(leave, bool, 0444);
MODULE_PARM_DESC(leave, "do not destroy the arenas on removal (N)");

#define UNITS	1024UL

static atomic_t calls = ATOMIC_INIT(0);
static struct tt_leaver_tree tree;

static void sleep_randomly(void)
{
	u32 dice = hash_32(atomic_inc_return(&calls), 16);

	tt_leaver_called();
	/* Sleep so long that the module may be removed during the sleep. */
	if (dice % 16 == 0)
		msleep(200 + dice % 800);
	else if (dice % 4)
		usleep_range(1000, 1000 + dice % 20000);
}

static void *import(vmem_t *src, size_t size, int vmflag)
{
	if (!(vmflag & VM_NOSLEEP))
		sleep_randomly();
	return vmem_alloc(src, size, VM_NOSLEEP);
}

static void release(vmem_t *src, void *addr, size_t size)
{
	sleep_randomly();
	vmem_free(src, addr, size);
}

static void destroy(void)
{
	int i;

	for (i = ARRAY_SIZE(tree.vm); i--; )
		if (tree.vm[i])
			vmem_destroy(tree.vm[i]);
}

static int __init leaver_init(void)
{
	const int vmflag = VM_SLEEP | VMC_IDENTIFIER;
	vmem_t **vm = tree.vm;

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
	tt_leaver_register(&tree);
	return 0;
}

static void __exit leaver_exit(void)
{
	if (leave)
		return;
	tt_leaver_unregister();
	destroy();
}

module_init(leaver_init);
module_exit(leaver_exit);

MODULE_DESCRIPTION("Torture for vmem: a client whose module is removed");
MODULE_AUTHOR("The vmem for Linux developers");
MODULE_LICENSE("GPL");
