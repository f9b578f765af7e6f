// SPDX-License-Identifier: GPL-2.0
/*
 * Misuse: a call with bad arguments.
 *
 * The kernel goes on. The call changes nothing, the log gets one report with a
 * stack, and the arena counts it. A client that keeps making the same mistake
 * does not flood the log: what is held back is counted, and said.
 */
#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/panic.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>

#include "../arena/arena.h"
#include "misuse.h"
#include "trace.h"

/* Characters of a report that the trace gets at the most. */
#define TRACED		256

/* Reports of one arena: so many in so long. */
#define BURST		10
#define INTERVAL	(5 * HZ)

static bool panic_on_misuse;
module_param(panic_on_misuse, bool, 0644);
MODULE_PARM_DESC(panic_on_misuse, "stop the machine on misuse (N)");

/*
 * Calls that never came to have an arena: failed creations. The flag is there
 * because the kernel would otherwise say what it holds back, as we do.
 */
static atomic_long_t nowhere = ATOMIC_LONG_INIT(0);
static struct ratelimit_state nowhere_limit =
	RATELIMIT_STATE_INIT_FLAGS(nowhere_limit, INTERVAL, 10 * BURST,
				   RATELIMIT_MSG_ON_RELEASE);
static atomic_t nowhere_held = ATOMIC_INIT(0);

static bool fatal(void)
{
	/* The kernel sets parameters with plain stores. */
	return data_race(READ_ONCE(panic_on_misuse));
}

static void say_held(struct vmem *vm, atomic_t *held)
{
	int n = atomic_xchg(held, 0);

	if (n && vm)
		pr_err("vmem: arena %u '%s': %d reports held back\n", vm->id,
		       vm->label, n);
	else if (n)
		pr_err("vmem: %d reports held back\n", n);
}

/**
 * vmem_misuse - report misuse
 * @vm: the arena, or NULL if it was not to be
 * @fmt: the call with its arguments and what was expected, for one line
 *
 * Context: any but NMI. No arena lock held.
 */
void vmem_misuse(struct vmem *vm, const char *fmt, ...)
{
	struct ratelimit_state *limit = vm ? &vm->misuse_limit : &nowhere_limit;
	atomic_t *held = vm ? &vm->misuse_held : &nowhere_held;
	struct va_format vaf = { .fmt = fmt };
	unsigned long irq;
	va_list args;

	if (vm) {
		spin_lock_irqsave(&vm->space.lock, irq);
		vm->space.stats.misuse++;
		spin_unlock_irqrestore(&vm->space.lock, irq);
	} else {
		atomic_long_inc(&nowhere);
	}

	if (trace_vmem_misuse_enabled()) {
		char what[TRACED];

		va_start(args, fmt);
		vscnprintf(what, sizeof(what), fmt, args);
		va_end(args);
		trace_vmem_misuse(vm, what);
	}
	if (!__ratelimit(limit) && !fatal()) {
		atomic_inc(held);
		return;
	}
	say_held(vm, held);

	va_start(args, fmt);
	vaf.va = &args;
	if (vm)
		pr_err("vmem: misuse: arena %u '%s': %pV\n", vm->id, vm->label,
		       &vaf);
	else
		pr_err("vmem: misuse: %pV\n", &vaf);
	va_end(args);
	dump_stack();
	if (fatal())
		panic("vmem: panic_on_misuse is set");
}

void vmem_misuse_init(struct vmem *vm)
{
	ratelimit_state_init(&vm->misuse_limit, INTERVAL, BURST);
	ratelimit_set_flags(&vm->misuse_limit, RATELIMIT_MSG_ON_RELEASE);
}

/* The arena goes away: say what was not said. */
void vmem_misuse_exit(struct vmem *vm)
{
	say_held(vm, &vm->misuse_held);
}

/* How often, for the statistics of the module itself. */
unsigned long vmem_misuse_without_arena(void)
{
	return atomic_long_read(&nowhere);
}
