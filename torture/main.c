// SPDX-License-Identifier: GPL-2.0
/*
 * Torture for vmem: all operations at the same time, on all CPUs, in task and
 * interrupt context, for a given time. `make torture` runs it in guests.
 *
 * The torture relies on no implementation detail of vmem, only on three rules.
 * An integer has at most one owner. A waiter is served when all other users
 * have freed their segments. At the end no segment is allocated.
 *
 * The controlling thread runs the rounds. The module's init function only
 * starts that thread. The exit function can end the torture at any time.
 */
#include <linux/bits.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

#include "torture.h"

static unsigned int seconds = 60;
module_param(seconds, uint, 0444);
MODULE_PARM_DESC(seconds, "duration in seconds (60)");

static unsigned int round_ms = 2000;
module_param(round_ms, uint, 0444);
MODULE_PARM_DESC(round_ms, "milliseconds of the RUN phase of a round (2000)");

static bool update;
module_param(update, bool, 0444);
MODULE_PARM_DESC(update, "run maintenance often; hides lost wake-ups (N)");

static bool hotplug = true;
module_param(hotplug, bool, 0444);
MODULE_PARM_DESC(hotplug, "remove and add CPUs (Y)");

static unsigned int hostile = BIT(TT_H_KINDS) - 1;
module_param(hostile, uint, 0444);
MODULE_PARM_DESC(hostile, "bit mask of hostile clients, enum tt_hostile (all)");

static char *seeded_fault = "";
module_param(seeded_fault, charp, 0444);
MODULE_PARM_DESC(seeded_fault, "fault to be detected: owner, leak or wait");

static bool begun;
module_param(begun, bool, 0444);
MODULE_PARM_DESC(begun, "the first round has begun");

static bool done;
module_param(done, bool, 0444);
MODULE_PARM_DESC(done, "the torture has ended");

static struct task_struct *controller;

/* --- counting --- */

static DEFINE_PER_CPU(unsigned long [TT_NCOUNTS], counts);

void tt_count(enum tt_count what)
{
	this_cpu_inc(counts[what]);
}

static unsigned long total(enum tt_count what)
{
	unsigned long sum = 0;
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		/* The sum is approximate while threads increment counts. */
		sum += data_race(per_cpu(counts[what], cpu));
	return sum;
}

static const char * const count_names[TT_NCOUNTS] = {
	[TT_ALLOC]	= "allocs",
	[TT_IRQ]	= "in interrupts",
	[TT_SLEEP]	= "may sleep",
	[TT_FAILED]	= "failed",
	[TT_ARENA]	= "arenas created",
	[TT_SPAN]	= "spans added",
	[TT_PINGPONG]	= "handed over",
	[TT_WALK]	= "walks",
	[TT_VERIFY]	= "verified",
	[TT_UPDATE]	= "updates",
	[TT_EXHAUST]	= "arenas exhausted",
	[TT_CPU]	= "CPUs removed",
	[TT_SLOW_IMPORT]	= "slow imports",
	[TT_SLOW_RELEASE]	= "slow releases",
	[TT_LOCKED_IMPORT]	= "locked imports",
	[TT_LOCKED_RELEASE]	= "locked releases",
	[TT_LOCKED_WAIT]	= "waits under the lock",
	[TT_REFUSED]	= "refused imports",
	[TT_BAD]	= "bad imports",
	[TT_MISFIT]	= "misfit rounds",
	[TT_REENTERED]	= "reentrant calls",
	[TT_DEEP]	= "deep calls",
	[TT_WHOLE]	= "whole roots",
	[TT_STOPPED]	= "stopped tasks",
	[TT_HELD_CPU]	= "held CPUs",
	[TT_LEAVER_CALL]	= "calls into a leaver",
	[TT_UNREGISTERED]	= "trees unregistered",
	[TT_LEFT]	= "trees left behind",
	[TT_SHORT]	= "memory shortages",
};

/* Bit mask of the hostile clients that increment each count. */
static const unsigned int hostile_mask[TT_NCOUNTS] = {
	[TT_SLOW_IMPORT]	= BIT(TT_H_SLOW),
	[TT_SLOW_RELEASE]	= BIT(TT_H_SLOW),
	[TT_LOCKED_IMPORT]	= BIT(TT_H_LOCK),
	[TT_LOCKED_RELEASE]	= BIT(TT_H_LOCK),
	[TT_LOCKED_WAIT]	= BIT(TT_H_LOCK),
	[TT_REFUSED]	= BIT(TT_H_REFUSE),
	[TT_BAD]	= BIT(TT_H_BAD),
	[TT_MISFIT]	= BIT(TT_H_MISFIT),
	[TT_REENTERED]	= BIT(TT_H_REENTER),
	[TT_DEEP]	= BIT(TT_H_DEEP),
	[TT_WHOLE]	= BIT(TT_H_DEEP),
	[TT_STOPPED]	= BIT(TT_H_STOPPED),
	[TT_HELD_CPU]	= BIT(TT_H_STOPPED),
	[TT_LEAVER_CALL]	= BIT(TT_H_LEAVER),
	[TT_UNREGISTERED]	= BIT(TT_H_LEAVER),
	[TT_LEFT]	= BIT(TT_H_LEAVER),
	[TT_SHORT]	= BIT(TT_H_MEMORY),
};

bool tt_hostile_enabled(enum tt_hostile kind)
{
	return hostile & BIT(kind);
}

/* judge_torture.py expects that no count of an enabled client is 0. */
static void print_hostile_counts(void)
{
	char line[700];
	unsigned int i, n = 0;

	for (i = TT_SLOW_IMPORT; i < TT_NCOUNTS; i++)
		if (hostile_mask[i] & hostile)
			n += scnprintf(line + n, sizeof(line) - n, " %lu %s,",
				       total(i), count_names[i]);
	pr_info("vmem-torture: hostile %#x:%s %u alarms\n", hostile,
		n ? line : "", tt_alarms());
}

static void print_end(unsigned int cpus, u64 start)
{
	char line[400];
	unsigned int i, n = 0;

	print_hostile_counts();
	for (i = 0; i < TT_SLOW_IMPORT; i++)
		n += scnprintf(line + n, sizeof(line) - n, " %lu %s,", total(i),
			       count_names[i]);
	pr_info("vmem-torture: end: %u CPUs, %llu s,%s %u violations\n", cpus,
		ktime_get_boottime_seconds() - start, line, tt_violations());
}

/* --- seeded faults --- */

static struct tt_user seeded_user;

/* Tenths of a second: long, because checkers like KASAN slow the watchdog. */
#define SEEDED_WAIT_TICKS	900

/*
 * Seed the fault "owner" or "leak". "owner" frees a range but leaves it in the
 * owner map, so that the next user of the range finds another owner. "leak"
 * does not free a range, so that a request for the whole arena waits for ever.
 */
static void seed_violation(void)
{
	if (!*seeded_fault || !strcmp(seeded_fault, "wait"))
		return;
	tt_user_init(&seeded_user, NULL, TT_HELD);
	seeded_user.arena = tt_arena(0);
	if (!tt_xalloc(&seeded_user, 20, VM_NOSLEEP))
		return;
	if (!strcmp(seeded_fault, "owner"))
		vmem_xfree(seeded_user.arena->vm,
			   (void *)seeded_user.held[0].addr,
			   seeded_user.held[--seeded_user.n].size);
}

/*
 * Seed the fault "wait": register a request that nothing serves, although the
 * arena has free space. Only the liveness watchdog can detect this fault.
 */
static void seed_wait(void)
{
	struct tt_request_args w = {
		.arena = "tt-ids", .vm = tt_arena(0)->vm, .size = 1,
	};
	struct tt_request *r;
	unsigned int i;

	if (strcmp(seeded_fault, "wait"))
		return;
	r = tt_wait_begin(&w);
	for (i = 0; i < SEEDED_WAIT_TICKS && !tt_wait_alarmed(r) &&
	     !kthread_should_stop(); i++)
		schedule_timeout_uninterruptible(HZ / 10);
	tt_wait_end(r);
}

/*
 * Free the leaked range, after the stall check has reported the waiter. Returns
 * true if there was a leaked range.
 */
bool tt_remove_seeded_fault(void)
{
	if (!seeded_user.n)
		return false;
	tt_free_all(&seeded_user);
	return true;
}

/* --- rounds --- */

static int start_hostile_job(enum tt_hostile kind, const struct tt_job *job,
			     unsigned int n)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < n && tt_hostile_enabled(kind); i++)
		err = err ?: tt_thread_start(job, i, -1);
	return err;
}

static int start_hostile_threads(void)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < 2 * tt_hostile_clients(); i++)
		if (tt_hostile_enabled(i / 2))
			err = err ?: tt_thread_start(&tt_hostile_job, i, -1);
	if (hostile)
		err = err ?: tt_thread_start(&tt_own_span_job, 0, -1);
	err = err ?: start_hostile_job(TT_H_LOCK, &tt_locker_job, 1);
	err = err ?: start_hostile_job(TT_H_LOCK, &tt_filler_job, 1);
	err = err ?: start_hostile_job(TT_H_DEEP, &tt_deep_job, 2);
	err = err ?: start_hostile_job(TT_H_DEEP, &tt_whole_job, 1);
	err = err ?: start_hostile_job(TT_H_STOPPED, &tt_stopped_job, 3);
	err = err ?: start_hostile_job(TT_H_LEAVER, &tt_leaver_job, 2);
	return err ?: start_hostile_job(TT_H_MEMORY, &tt_memory_job, 1);
}

static int start_threads(void)
{
	unsigned int cpu, i;
	int err = 0;

	for_each_online_cpu(cpu)
		for (i = 0; i < 2; i++)
			err = err ?: tt_thread_start(&tt_traffic_job,
						     2 * cpu + i, cpu);
	for (i = 0; i < 2; i++) {
		err = err ?: tt_thread_start(&tt_traffic_job, 1000 + i, -1);
		err = err ?: tt_thread_start(&tt_add_job, i, -1);
		err = err ?: tt_thread_start(&tt_churn_job, i, -1);
		err = err ?: tt_thread_start(&tt_burst_job, i, -1);
	}
	for (i = 0; i < 4; i++)
		err = err ?: tt_thread_start(&tt_waiting_job, i, -1);
	for (i = 0; i < 8; i++)
		err = err ?: tt_thread_start(&tt_pingpong_job, i, -1);
	err = err ?: tt_thread_start(&tt_walk_job, 0, -1);
	err = err ?: tt_thread_start(&tt_verify_job, 0, -1);
	err = err ?: tt_thread_start(&tt_exhaust_job, 0, -1);
	if (update)
		err = err ?: tt_thread_start(&tt_update_job, 0, -1);
	if (hotplug)
		err = err ?: tt_thread_start(&tt_hotplug_job, 0, -1);
	return err ?: start_hostile_threads();
}

static int create_arenas(void)
{
	int err = tt_arenas_create();

	if (err)
		return err;
	err = tt_hostile_create();
	if (!err && tt_hostile_enabled(TT_H_DEEP))
		err = tt_deep_create();
	return err;
}

static void destroy_arenas(void)
{
	tt_deep_destroy();
	tt_hostile_destroy();
	tt_arenas_destroy();
}

static void check_arenas(void)
{
	tt_arenas_check();
	tt_hostile_check();
	if (tt_hostile_enabled(TT_H_DEEP))
		tt_deep_check();
}

/* Returns false if a thread is stuck. */
static bool run_round(void)
{
	unsigned long end = jiffies + msecs_to_jiffies(round_ms);

	tt_interrupts_start();
	tt_next_phase(TT_RUN);
	WRITE_ONCE(begun, true);
	seed_violation();
	seed_wait();
	while (time_before(jiffies, end) && !kthread_should_stop())
		msleep(20);
	tt_interrupts_stop();
	if (!tt_next_phase(TT_DRAIN))
		return false;
	if (!*seeded_fault)
		check_arenas();
	return tt_next_phase(TT_QUIESCE);
}

static bool run_rounds(u64 start)
{
	unsigned long now = 0;
	unsigned int n;

	for (n = 1; now < seconds && !kthread_should_stop(); n++) {
		if (!run_round())
			return false;
		now = ktime_get_boottime_seconds() - start;
		pr_info("vmem-torture: round %u: %lu s, %lu allocs, %u violations, %u alarms\n",
			n, now, total(TT_ALLOC), tt_violations(), tt_alarms());
		/* Recreate all arenas after every second round. */
		if (n % 2)
			continue;
		destroy_arenas();
		if (create_arenas())
			return true;
	}
	return true;
}

static int controller_main(void *unused)
{
	unsigned int cpus = num_online_cpus();
	bool stuck = false;
	u64 start;
	int err;

	err = create_arenas();
	err = err ?: start_threads();
	start = ktime_get_boottime_seconds();
	if (err)
		pr_err("vmem-torture: cannot start: %d\n", err);
	else
		stuck = !run_rounds(start);
	if (!stuck)
		stuck = !tt_threads_stop();
	if (!stuck)
		destroy_arenas();
	else
		__module_get(THIS_MODULE);
	print_end(cpus, start);
	WRITE_ONCE(done, true);
	while (!kthread_should_stop() || stuck)
		schedule_timeout_idle(HZ / 5);
	return 0;
}

static void clean_up(void)
{
	tt_liveness_exit();
	tt_leaver_exit();
	tt_memory_exit();
	tt_locker_exit();
	tt_deep_exit();
	tt_hostile_exit();
	tt_interrupts_exit();
	tt_pingpong_exit();
	tt_arenas_exit();
}

static int __init torture_init(void)
{
	int err;

	err = tt_arenas_init();
	err = err ?: tt_pingpong_init();
	err = err ?: tt_interrupts_init();
	err = err ?: tt_hostile_init();
	err = err ?: tt_deep_init();
	err = err ?: tt_locker_init();
	err = err ?: tt_memory_init();
	err = err ?: tt_liveness_init();
	if (!err) {
		controller = kthread_run(controller_main, NULL,
					 "tt-controller");
		err = PTR_ERR_OR_ZERO(controller);
	}
	if (err)
		clean_up();
	return err;
}

static void __exit torture_exit(void)
{
	kthread_stop(controller);
	clean_up();
}

module_init(torture_init);
module_exit(torture_exit);

MODULE_DESCRIPTION("Torture for vmem");
MODULE_AUTHOR("The vmem for Linux developers");
MODULE_LICENSE("GPL");
