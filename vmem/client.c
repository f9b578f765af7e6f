// SPDX-License-Identifier: GPL-2.0
/*
 * The removal of client modules.
 *
 * A client module may be removed before it has destroyed its arenas. These
 * arenas then have pointers to functions of the module. Before the kernel frees
 * the memory of the module, the module notifier clears these pointers, waits
 * for running calls of these functions, and reports the module.
 */
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/printk.h>

#include "arena/free.h"
#include "arena/registry.h"

static bool client_in_module(const void *p, const struct module *mod)
{
	return p && within_module((unsigned long)p, mod);
}

/*
 * Record the module that created @vm. Modules create most arenas in their init
 * function, and the kernel frees the memory of this function after its return.
 * Afterwards @vm->caller no longer identifies the module.
 */
static void client_note_owner(struct vmem *vm, const struct module *mod)
{
	spin_lock_irq(&vm->segmap.lock);
	if (!vm->owner && within_module(vm->caller, mod))
		vm->owner = mod;
	spin_unlock_irq(&vm->segmap.lock);
}

/* Make sure that @vm never calls into @mod again. */
static void client_clear_functions(struct vmem *vm, const struct module *mod)
{
	struct vmem_segmap *sm = &vm->segmap;
	bool owned, cleared = false;
	unsigned long n;
	u64 size;

	client_note_owner(vm, mod);
	spin_lock_irq(&sm->lock);
	owned = vm->owner == mod;
	if (owned) {
		vm->owner = NULL;
		vm->caller = 0;	/* another module may get this memory */
	}
	if (client_in_module(vm->afunc, mod) || client_in_module(vm->xfunc, mod)) {
		WRITE_ONCE(vm->afunc, NULL);
		WRITE_ONCE(vm->xfunc, NULL);
		cleared = true;
	}
	if (client_in_module(vm->ffunc, mod)) {
		vm->ffunc = NULL;
		cleared = true;
	}
	n = vmem_segmap_nr_allocated(sm);
	size = sm->stats.mem_inuse;
	spin_unlock_irq(&sm->lock);
	/* No client function may run when the memory of the module is freed. */
	if (cleared)
		vmem_calls_wait(vm);

	if (owned)
		pr_err("vmem: module %s was removed without destroying arena %u '%s', with %llu %s in %lu segments%s\n",
		       mod->name, vm->id, vm->label, size, vmem_unit(vm), n,
		       cleared ? ": its imports and releases are off" : "");
	else if (cleared)
		pr_err("vmem: module %s was removed: imports and releases of arena %u '%s' are off\n",
		       mod->name, vm->id, vm->label);
}

static int client_module_event(struct notifier_block *nb, unsigned long event,
			       void *data)
{
	struct vmem_registry_cursor cur;
	struct vmem *vm;

	if (event != MODULE_STATE_LIVE && event != MODULE_STATE_GOING)
		return NOTIFY_DONE;

	vmem_registry_open(&cur);
	while ((vm = vmem_registry_next(&cur))) {
		if (event == MODULE_STATE_LIVE)
			client_note_owner(vm, data);
		else
			client_clear_functions(vm, data);
		vmem_registry_put(vm);
	}
	vmem_registry_close(&cur);
	return NOTIFY_OK;
}

static struct notifier_block module_nb = {
	.notifier_call = client_module_event,
};

int vmem_client_init(void)
{
	return register_module_notifier(&module_nb);
}

void vmem_client_exit(void)
{
	unregister_module_notifier(&module_nb);
}
