// SPDX-License-Identifier: GPL-2.0
/*
 * Clients that go away.
 *
 * A module that is removed without destroying its arenas leaves pointers to its
 * functions behind. They are cleared before its memory goes, its removal waits for
 * those that are running, and the module is named.
 */
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/printk.h>

#include "arena/registry.h"
#include "arena/release.h"
#include "lifecycle.h"

static bool in_module(const void *p, const struct module *mod)
{
	return p && within_module((unsigned long)p, mod);
}

/*
 * Most arenas are made by a module's init function, whose memory is given away
 * when it is done. Note the module before that.
 */
static void adopt(struct vmem *vm, const struct module *mod)
{
	spin_lock_irq(&vm->space.lock);
	if (!vm->owner && within_module(vm->caller, mod))
		vm->owner = mod;
	spin_unlock_irq(&vm->space.lock);
}

/* Nothing in @vm may call into @mod any more. */
static void cut_off(struct vmem *vm, const struct module *mod)
{
	struct vmem_space *sp = &vm->space;
	bool owned, cut = false;
	unsigned long n;
	u64 size;

	adopt(vm, mod);
	spin_lock_irq(&sp->lock);
	owned = vm->owner == mod;
	if (owned) {
		vm->owner = NULL;
		vm->caller = 0;	/* its memory may be another's next */
	}
	if (in_module(vm->afunc, mod) || in_module(vm->xfunc, mod)) {
		WRITE_ONCE(vm->afunc, NULL);
		WRITE_ONCE(vm->xfunc, NULL);
		cut = true;
	}
	if (in_module(vm->ffunc, mod)) {
		vm->ffunc = NULL;
		cut = true;
	}
	n = vmem_space_allocated(sp);
	size = sp->stats.mem_inuse;
	spin_unlock_irq(&sp->lock);
	/* Functions that are running must return before the module's memory goes. */
	if (cut)
		vmem_calls_wait(vm);

	if (owned)
		pr_err("vmem: module %s is gone and leaves arena %u '%s' behind, with %llu %s in %lu segments%s\n",
		       mod->name, vm->id, vm->label, size, vmem_unit(vm), n,
		       cut ? ": its imports and releases are off" : "");
	else if (cut)
		pr_err("vmem: module %s is gone: imports and releases of arena %u '%s' are off\n",
		       mod->name, vm->id, vm->label);
}

static int module_event(struct notifier_block *nb, unsigned long event,
			void *data)
{
	struct vmem_registry_cursor cur;
	struct vmem *vm;

	if (event != MODULE_STATE_LIVE && event != MODULE_STATE_GOING)
		return NOTIFY_DONE;

	vmem_registry_open(&cur);
	while ((vm = vmem_registry_next(&cur))) {
		if (event == MODULE_STATE_LIVE)
			adopt(vm, data);
		else
			cut_off(vm, data);
		vmem_registry_put(vm);
	}
	vmem_registry_close(&cur);
	return NOTIFY_OK;
}

static struct notifier_block module_nb = {
	.notifier_call = module_event,
};

int vmem_client_init(void)
{
	return register_module_notifier(&module_nb);
}

void vmem_client_exit(void)
{
	unregister_module_notifier(&module_nb);
}
