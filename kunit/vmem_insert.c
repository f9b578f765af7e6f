// SPDX-License-Identifier: GPL-2.0
/*
 * A helper of the check that inserts vmem.ko without memory. When the kernel
 * has loaded vmem.ko, this module arms the kernel's fault injection in the
 * inserting task. When vmem.ko is live or the insertion has failed, this module
 * disarms the fault injection. So no allocation of insmod can fail. In the
 * module loader, only allocations of do_init_module() can fail.
 */
#include <linux/types.h>
#include <linux/fault-inject.h>	/* needs <linux/types.h> */
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <trace/events/module.h>

static unsigned int nth;
module_param(nth, uint, 0644);
MODULE_PARM_DESC(nth, "make the nth allocation after vmem.ko is loaded fail, or none if 0");

static unsigned int failures;
module_param(failures, uint, 0644);
MODULE_PARM_DESC(failures, "number of allocations that failed");

#if defined(CONFIG_FAILSLAB) && defined(CONFIG_TRACEPOINTS)
/* Needs no lock: the check inserts one module at a time. */
static struct task_struct *inserting;

static void loaded(void *data, struct module *mod)
{
	if (strcmp(mod->name, "vmem"))
		return;
	inserting = current;
	current->fail_nth = nth;
}

static int module_event(struct notifier_block *nb, unsigned long event,
			void *data)
{
	if (event == MODULE_STATE_COMING || inserting != current)
		return NOTIFY_DONE;
	failures += nth && !current->fail_nth;
	current->fail_nth = 0;
	inserting = NULL;
	return NOTIFY_OK;
}

static struct notifier_block module_nb = { .notifier_call = module_event };

static void register_probe(struct tracepoint *tp, void *err)
{
	if (!strcmp(tp->name, "module_load"))
		*(int *)err = tracepoint_probe_register(tp, loaded, NULL);
}

static void unregister_probe(struct tracepoint *tp, void *unused)
{
	if (!strcmp(tp->name, "module_load"))
		tracepoint_probe_unregister(tp, loaded, NULL);
}

static int __init insert_init(void)
{
	int err = register_module_notifier(&module_nb);

	check_trace_callback_type_module_load(loaded);
	if (err)
		return err;
	err = -ENOENT;
	for_each_kernel_tracepoint(register_probe, &err);
	if (err)
		unregister_module_notifier(&module_nb);
	return err;
}

static void __exit insert_exit(void)
{
	for_each_kernel_tracepoint(unregister_probe, NULL);
	tracepoint_synchronize_unregister();
	unregister_module_notifier(&module_nb);
}
#else
static int __init insert_init(void)
{
	pr_info("vmem-test: skip: the kernel has no CONFIG_FAILSLAB\n");
	return -EOPNOTSUPP;
}

static void __exit insert_exit(void)
{
}
#endif

module_init(insert_init);
module_exit(insert_exit);

MODULE_DESCRIPTION("Fail an allocation while vmem.ko is being inserted");
MODULE_LICENSE("GPL");
