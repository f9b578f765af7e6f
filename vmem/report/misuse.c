// SPDX-License-Identifier: GPL-2.0
/*
 * Misuse: a call with bad arguments.
 *
 * Such a call does not change the arena, except that the arena counts the call.
 * The log gets a report with a stack. Reports are rate limited. The number of
 * suppressed reports is printed before the next report, or when the arena is
 * destroyed.
 */
#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/panic.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>

#include "report.h"

/* Size of a report in the trace, in characters; longer reports are cut. */
#define TRACED		256

/* Rate limit of an arena: BURST reports per INTERVAL. */
#define BURST		10
#define INTERVAL	(5 * HZ)

static bool panic_on_misuse;
module_param(panic_on_misuse, bool, 0644);
MODULE_PARM_DESC(panic_on_misuse, "stop the machine on misuse (N)");

/*
 * Misuse without an arena: failed creations. RATELIMIT_MSG_ON_RELEASE, here and
 * in vmem_misuse_init(), turns off the kernel's own message about suppressed
 * reports.
 */
static atomic_long_t no_arena_count = ATOMIC_LONG_INIT(0);
static struct ratelimit_state no_arena_limit =
	RATELIMIT_STATE_INIT_FLAGS(no_arena_limit, INTERVAL, 10 * BURST,
				   RATELIMIT_MSG_ON_RELEASE);
static atomic_t no_arena_held = ATOMIC_INIT(0);

static bool misuse_is_fatal(void)
{
	/* The kernel sets parameters by plain stores. */
	return data_race(READ_ONCE(panic_on_misuse));
}

static void misuse_print_held(struct vmem *vm, atomic_t *held)
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
 * @vm: the arena, or NULL if its creation failed
 * @fmt: one line: the call with its arguments, and the mistake
 *
 * Context: any but NMI. No arena lock held.
 */
void vmem_misuse(struct vmem *vm, const char *fmt, ...)
{
	struct ratelimit_state *limit = vm ? &vm->misuse_limit
					   : &no_arena_limit;
	atomic_t *held = vm ? &vm->misuse_held : &no_arena_held;
	struct va_format vaf = { .fmt = fmt };
	unsigned long irq;
	va_list args;

	if (vm) {
		spin_lock_irqsave(&vm->segmap.lock, irq);
		vm->segmap.stats.misuse++;
		spin_unlock_irqrestore(&vm->segmap.lock, irq);
	} else {
		atomic_long_inc(&no_arena_count);
	}

	if (trace_vmem_misuse_enabled()) {
		char what[TRACED];

		va_start(args, fmt);
		vscnprintf(what, sizeof(what), fmt, args);
		va_end(args);
		trace_vmem_misuse(vm, what);
	}
	if (!__ratelimit(limit) && !misuse_is_fatal()) {
		atomic_inc(held);
		return;
	}
	misuse_print_held(vm, held);

	va_start(args, fmt);
	vaf.va = &args;
	if (vm)
		pr_err("vmem: misuse: arena %u '%s': %pV\n", vm->id, vm->label,
		       &vaf);
	else
		pr_err("vmem: misuse: %pV\n", &vaf);
	va_end(args);
	dump_stack();
	if (misuse_is_fatal())
		panic("vmem: panic_on_misuse is set");
}

void vmem_misuse_init(struct vmem *vm)
{
	ratelimit_state_init(&vm->misuse_limit, INTERVAL, BURST);
	ratelimit_set_flags(&vm->misuse_limit, RATELIMIT_MSG_ON_RELEASE);
}

/* The arena is being destroyed: print the number of suppressed reports. */
void vmem_misuse_exit(struct vmem *vm)
{
	misuse_print_held(vm, &vm->misuse_held);
}

/* Number of creations that failed because of misuse. */
unsigned long vmem_misuse_without_arena(void)
{
	return atomic_long_read(&no_arena_count);
}
