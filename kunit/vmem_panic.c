// SPDX-License-Identifier: GPL-2.0
/*
 * Calls of vmem that must panic the kernel. A panic ends the boot, so this
 * module makes one such call per boot. The file scripts/panics lists the
 * module's parameters and the expected messages.
 */
#include <linux/module.h>
#include <linux/vmem.h>

static char *what = "";
module_param(what, charp, 0400);
MODULE_PARM_DESC(what, "full, constrained, size, xsize, create or misuse");

static int __init vmem_panic_init(void)
{
	vmem_t *vm = vmem_create("panic", (void *)1, 10, 1, NULL, NULL, NULL, 0,
				 VM_SLEEP | VMC_IDENTIFIER);

	if (!vm)
		return -ENOMEM;
	/* With VM_PANIC, a failed request panics the kernel. */
	if (!strcmp(what, "full"))
		vmem_alloc(vm, 11, VM_NOSLEEP | VM_PANIC);
	/*
	 * [23] With VM_PANIC, a failed constrained request panics the kernel.
	 */
	if (!strcmp(what, "constrained"))
		vmem_xalloc(vm, 2, 1, 0, 0, (void *)10, (void *)12,
			    VM_NOSLEEP | VM_PANIC);
	if (!strcmp(what, "size"))
		vmem_alloc(vm, 0, VM_NOSLEEP | VM_PANIC);
	if (!strcmp(what, "xsize"))
		vmem_xalloc(vm, 0, 0, 0, 0, NULL, NULL, VM_NOSLEEP | VM_PANIC);
	if (!strcmp(what, "create"))
		vmem_create("bad", NULL, 0, 3, NULL, NULL, NULL, 0,
			    VM_SLEEP | VM_PANIC);
	/*
	 * If the parameter panic_on_misuse of vmem.ko is set, misuse panics the
	 * kernel.
	 */
	if (!strcmp(what, "misuse"))
		vmem_free(vm, (void *)3, 1);

	vmem_destroy(vm);
	return -EINVAL;
}

module_init(vmem_panic_init);

MODULE_DESCRIPTION("Panics the kernel by a call of vmem");
MODULE_LICENSE("GPL");
