// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include <linux/vmem.h>

static vmem_t *minors;
static void *range;

static int __init minors_init(void)
{
	minors = vmem_create("minors", (void *)1, 255, 1, NULL, NULL, NULL, 0,
			     VM_SLEEP | VMC_IDENTIFIER);
	if (!minors)
		return -ENOMEM;
	range = vmem_alloc(minors, 16, VM_NOSLEEP);
	if (!range) {
		vmem_destroy(minors);
		return -EBUSY;
	}
	pr_info("minors: 16 of them from %lu\n", (unsigned long)range);
	return 0;
}
module_init(minors_init);

static void __exit minors_exit(void)
{
	vmem_free(minors, range, 16);
	vmem_destroy(minors);
}
module_exit(minors_exit);
MODULE_DESCRIPTION("vmem sample: sixteen minor numbers");
MODULE_LICENSE("GPL");
