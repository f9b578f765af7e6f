// SPDX-License-Identifier: GPL-2.0
/*
 * A client module that does not destroy its arenas when it is removed. The
 * suite vmem_client loads the module and receives pointers to the module's
 * functions and arenas. `make check` also loads and removes the module without
 * the suite, and then removes vmem.ko.
 */
#include <linux/module.h>

#include "vmem_leaver.h"

static void *take(vmem_t *src, size_t size, int vmflag)
{
	return vmem_alloc(src, size, vmflag);
}

static void *xtake(vmem_t *src, size_t *size, size_t align, int vmflag)
{
	return vmem_xalloc(src, *size, align, 0, 0, NULL, NULL, vmflag);
}

static void give(vmem_t *src, void *addr, size_t size)
{
	vmem_free(src, addr, size);
}

static vmem_t *make(void)
{
	vmem_t *vm = vmem_create("late", (void *)1, 10, 1, NULL, NULL, NULL, 0,
				 VM_SLEEP | VMC_IDENTIFIER);

	/*
	 * Prevent a tail call: the return address of vmem_create() must be in
	 * this module, because vmem finds the client by this address.
	 */
	OPTIMIZER_HIDE_VAR(vm);
	return vm;
}

/*
 * The suite runs before the module of the suite is live. No other module can
 * link to a module that is not live, so the suite passes an address.
 */
static unsigned long to;
module_param(to, ulong, 0);
MODULE_PARM_DESC(to, "address of the struct vmem_leaver to fill in");

static bool fail;
module_param(fail, bool, 0);
MODULE_PARM_DESC(fail, "fail the init function, but leave the arenas");

static int __init vmem_leaver_init(void)
{
	struct vmem_leaver mine = {};
	struct vmem_leaver *l = to ? (struct vmem_leaver *)to : &mine;

	/*
	 * User space may try twice to insert a module whose init function
	 * fails.
	 */
	if (l->plain)
		return -ENODEV;
	l->take = take;
	l->xtake = xtake;
	l->give = give;
	l->make = make;
	l->plain = vmem_create("plain", (void *)1, 10, 1, NULL, NULL, NULL, 0,
			       VM_SLEEP | VMC_IDENTIFIER);
	l->below = vmem_create("below", NULL, 0, 1, vmem_alloc, vmem_free,
			       l->plain, 0, VM_SLEEP | VMC_IDENTIFIER);
	if (!l->source)
		l->source = l->plain;
	l->import = vmem_create("import", NULL, 0, 1, take, give, l->source, 0,
				VM_SLEEP | VMC_IDENTIFIER);
	l->ximport = vmem_xcreate("ximport", NULL, 0, 1, xtake, NULL,
				  l->source, 0, VM_SLEEP | VMC_IDENTIFIER);
	return fail ? -ENODEV : 0;
}

static void __exit vmem_leaver_exit(void)
{
}

module_init(vmem_leaver_init);
module_exit(vmem_leaver_exit);

MODULE_DESCRIPTION("Client of vmem that leaves its arenas behind");
MODULE_LICENSE("GPL");
