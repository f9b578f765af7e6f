// SPDX-License-Identifier: GPL-2.0
/*
 * Import and release functions that sleep until the suite vmem_live_module
 * wakes them. While they sleep, the suite removes this module.
 */
#include <linux/module.h>

#include "vmem_sleeper.h"

/*
 * The suite runs before the module of the suite is live. No other module can
 * link to a module that is not live, so the suite passes an address.
 */
static unsigned long to;
module_param(to, ulong, 0);
MODULE_PARM_DESC(to, "address of the struct vmem_sleeper to fill in");

static struct vmem_sleeper *s;

static void enter(bool block)
{
	atomic_inc(&s->inside);
	atomic_inc(&s->calls);
	if (READ_ONCE(s->gone))
		atomic_inc(&s->late);
	if (block) {
		complete(&s->entered);
		wait_for_completion(&s->proceed);
	}
}

static void leave(void)
{
	if (READ_ONCE(s->gone))
		atomic_inc(&s->late);
	atomic_dec(&s->inside);
}

/* Import with VM_NOSLEEP, so that the request does not wait in the source. */
static void *take(vmem_t *src, size_t size, int vmflag)
{
	bool block = READ_ONCE(s->block_take);
	void *addr = NULL;

	enter(block && !(vmflag & VM_NOSLEEP));
	if (!block || !(vmflag & VM_NOSLEEP))
		addr = vmem_alloc(src, size, vmflag | VM_NOSLEEP);
	leave();
	return addr;
}

static void *xtake(vmem_t *src, size_t *size, size_t align, int vmflag)
{
	return take(src, *size, vmflag);
}

static void give(vmem_t *src, void *addr, size_t size)
{
	enter(READ_ONCE(s->block_give));
	vmem_free(src, addr, size);
	leave();
}

static int __init vmem_sleeper_init(void)
{
	s = (struct vmem_sleeper *)to;
	if (!s)
		return -EINVAL;
	s->take = take;
	s->xtake = xtake;
	s->give = give;
	return 0;
}

static void __exit vmem_sleeper_exit(void)
{
	WRITE_ONCE(s->leaving, true);
}

module_init(vmem_sleeper_init);
module_exit(vmem_sleeper_exit);

MODULE_DESCRIPTION("Import and release functions that sleep");
MODULE_LICENSE("GPL");
