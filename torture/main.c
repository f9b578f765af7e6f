// SPDX-License-Identifier: GPL-2.0
/*
 * Torture for vmem: everything at once, on all CPUs, in task and interrupt
 * context, for as long as one likes. `make torture` runs it in guests.
 *
 * It knows nothing about how vmem works. It knows that an integer has one owner,
 * that who waits is served when all others have put back what they had, and that
 * in the end nothing is left.
 *
 * A thread conducts the rounds; inserting the module only starts it, and removing
 * the module makes it come to its end at any time.
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
MODULE_PARM_DESC(seconds, "how long (60)");

static unsigned int round_ms = 2000;
module_param(round_ms, uint, 0444);
MODULE_PARM_DESC(round_ms, "milliseconds between two moments of calm (2000)");

static bool update;
module_param(update, bool, 0444);
MODULE_PARM_DESC(update, "maintenance all the time; it cures lost wake-ups (N)");

static bool hotplug = true;
module_param(hotplug, bool, 0444);
MODULE_PARM_DESC(hotplug, "take CPUs away (Y)");

static unsigned int hostile = BIT(TT_H_KINDS) - 1;
module_param(hostile, uint, 0444);
MODULE_PARM_DESC(hostile, "bit mask of hostile clients, enum tt_hostile (all)");

static char *plant = "";
module_param(plant, charp, 0444);
MODULE_PARM_DESC(plant, "a fault to see that it is found: owner, leak or wait");

static bool begun;
module_param(begun, bool, 0444);
MODULE_PARM_DESC(begun, "it is in the middle of it");

static bool done;
module_param(done, bool, 0444);
MODULE_PARM_DESC(done, "it has come to its end");

static struct task_struct *conductor;

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
		/* A rough sum while others go on counting. */
		sum += data_race(per_cpu(counts[what], cpu));
	return sum;
}

static const char * const texts[TT_NCOUNTS] = {
	[TT_ALLOC]	= "allocs",
	[TT_IRQ]	= "in interrupts",
	[TT_SLEEP]	= "may sleep",
	[TT_EMPTY]	= "without result",
	[TT_ARENA]	= "arenas made",
	[TT_SPAN]	= "spans added",
	[TT_RELAY]	= "handed over",
	[TT_WALK]	= "walks",
	[TT_VERIFY]	= "verified",
	[TT_UPDATE]	= "updates",
	[TT_SWEEP]	= "sweeps",
	[TT_CPU]	= "CPUs taken away",
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
	[TT_WITHDRAWN]	= "trees withdrawn",
	[TT_LEFT]	= "trees left behind",
	[TT_SHORT]	= "times without memory",
};

/* Which hostile clients must be there for something to be counted. */
static const unsigned int needs[TT_NCOUNTS] = {
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
	[TT_WITHDRAWN]	= BIT(TT_H_LEAVER),
	[TT_LEFT]	= BIT(TT_H_LEAVER),
	[TT_SHORT]	= BIT(TT_H_MEMORY),
};

bool tt_hostile(enum tt_hostile kind)
{
	return hostile & BIT(kind);
}

/* The counts of the clients that take part; the judge wants none to be 0. */
static void say_hostile(void)
{
	char line[700];
	unsigned int i, n = 0;

	for (i = TT_SLOW_IMPORT; i < TT_NCOUNTS; i++)
		if (needs[i] & hostile)
			n += scnprintf(line + n, sizeof(line) - n, " %lu %s,",
				       total(i), texts[i]);
	pr_info("vmem-torture: hostile %#x:%s %u alarms\n", hostile,
		n ? line : "", tt_alarms());
}

static void say_end(unsigned int cpus, u64 start)
{
	char line[400];
	unsigned int i, n = 0;

	say_hostile();
	for (i = 0; i < TT_SLOW_IMPORT; i++)
		n += scnprintf(line + n, sizeof(line) - n, " %lu %s,", total(i),
			       texts[i]);
	pr_info("vmem-torture: end: %u CPUs, %llu s,%s %u violations\n", cpus,
		ktime_get_boottime_seconds() - start, line, tt_violations());
}

/* --- violations on purpose --- */

static struct tt_trader gardener;

/* Tenths of a second for the watchdog, which checkers make slow. */
#define PLANTED_WAIT	900

/*
 * owner: free a range behind the map's back, so that whoever gets it next finds
 * that it has an owner. leak: do not give a range back, so that whoever wants all
 * of the arena waits for it.
 */
static void plant_violation(void)
{
	if (!*plant || !strcmp(plant, "wait"))
		return;
	tt_trader_init(&gardener, NULL, TT_HELD);
	gardener.arena = tt_arena(0);
	if (!tt_xget(&gardener, 20, VM_NOSLEEP))
		return;
	if (!strcmp(plant, "owner"))
		vmem_xfree(gardener.arena->vm, (void *)gardener.held[0].addr,
			   gardener.held[--gardener.n].size);
}

/*
 * wait: register a request that nothing serves, although the arena has room. Only
 * the liveness watchdog can find that.
 */
static void plant_wait(void)
{
	struct tt_wanted w = {
		.arena = "tt-ids", .vm = tt_arena(0)->vm, .size = 1,
	};
	struct tt_request *r;
	unsigned int i;

	if (strcmp(plant, "wait"))
		return;
	r = tt_wait_begin(&w);
	for (i = 0; i < PLANTED_WAIT && !tt_wait_alarmed(r) && !kthread_should_stop(); i++)
		schedule_timeout_uninterruptible(HZ / 10);
	tt_wait_end(r);
}

/* The watchdog has seen it. Returns whether there was something. */
bool tt_unplant(void)
{
	if (!gardener.n)
		return false;
	tt_put_all(&gardener);
	return true;
}

/* --- rounds --- */

static int start_if(enum tt_hostile kind, const struct tt_job *job,
		    unsigned int n)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < n && tt_hostile(kind); i++)
		err = err ?: tt_thread_start(job, i, -1);
	return err;
}

static int start_hostile_threads(void)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < 2 * tt_hostile_clients(); i++)
		if (tt_hostile(i / 2))
			err = err ?: tt_thread_start(&tt_hostile_job, i, -1);
	if (hostile)
		err = err ?: tt_thread_start(&tt_keeper_job, 0, -1);
	err = err ?: start_if(TT_H_LOCK, &tt_locker_job, 1);
	err = err ?: start_if(TT_H_LOCK, &tt_filler_job, 1);
	err = err ?: start_if(TT_H_DEEP, &tt_deep_job, 2);
	err = err ?: start_if(TT_H_DEEP, &tt_whole_job, 1);
	err = err ?: start_if(TT_H_STOPPED, &tt_stopped_job, 3);
	err = err ?: start_if(TT_H_LEAVER, &tt_leaver_job, 2);
	return err ?: start_if(TT_H_MEMORY, &tt_memory_job, 1);
}

static int start_threads(void)
{
	unsigned int cpu, i;
	int err = 0;

	for_each_online_cpu(cpu)
		for (i = 0; i < 2; i++)
			err = err ?: tt_thread_start(&tt_trading_job,
						     2 * cpu + i, cpu);
	for (i = 0; i < 2; i++) {
		err = err ?: tt_thread_start(&tt_trading_job, 1000 + i, -1);
		err = err ?: tt_thread_start(&tt_adding_job, i, -1);
		err = err ?: tt_thread_start(&tt_forest_job, i, -1);
		err = err ?: tt_thread_start(&tt_burst_job, i, -1);
	}
	for (i = 0; i < 4; i++)
		err = err ?: tt_thread_start(&tt_taking_job, i, -1);
	for (i = 0; i < 8; i++)
		err = err ?: tt_thread_start(&tt_relay_job, i, -1);
	err = err ?: tt_thread_start(&tt_walk_job, 0, -1);
	err = err ?: tt_thread_start(&tt_verify_job, 0, -1);
	err = err ?: tt_thread_start(&tt_sweep_job, 0, -1);
	if (update)
		err = err ?: tt_thread_start(&tt_update_job, 0, -1);
	if (hotplug)
		err = err ?: tt_thread_start(&tt_hotplug_job, 0, -1);
	return err ?: start_hostile_threads();
}

/* The arenas of all. */
static int create_arenas(void)
{
	int err = tt_arenas_create();

	if (err)
		return err;
	err = tt_hostile_create();
	if (!err && tt_hostile(TT_H_DEEP))
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
	if (tt_hostile(TT_H_DEEP))
		tt_deep_check();
}

/* One round. Returns false if somebody does not come to its end. */
static bool one_round(void)
{
	unsigned long end = jiffies + msecs_to_jiffies(round_ms);

	tt_interrupts_start();
	tt_next_phase(TT_FLOOD);
	WRITE_ONCE(begun, true);
	plant_violation();
	plant_wait();
	while (time_before(jiffies, end) && !kthread_should_stop())
		msleep(20);
	tt_interrupts_stop();
	if (!tt_next_phase(TT_EBB))
		return false;
	if (!*plant)
		check_arenas();
	return tt_next_phase(TT_CALM);
}

static bool rounds(u64 start)
{
	unsigned long now = 0;
	unsigned int n;

	for (n = 1; now < seconds && !kthread_should_stop(); n++) {
		if (!one_round())
			return false;
		now = ktime_get_boottime_seconds() - start;
		pr_info("vmem-torture: round %u: %lu s, %lu allocs, %u violations, %u alarms\n",
			n, now, total(TT_ALLOC), tt_violations(), tt_alarms());
		/* Everything anew, now and then. */
		if (n % 2)
			continue;
		destroy_arenas();
		if (create_arenas())
			return true;
	}
	return true;
}

static int conduct(void *unused)
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
		stuck = !rounds(start);
	if (!stuck)
		stuck = !tt_threads_stop();
	if (!stuck)
		destroy_arenas();
	else
		__module_get(THIS_MODULE);
	say_end(cpus, start);
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
	tt_relay_exit();
	tt_arenas_exit();
}

static int __init torture_init(void)
{
	int err;

	err = tt_arenas_init();
	err = err ?: tt_relay_init();
	err = err ?: tt_interrupts_init();
	err = err ?: tt_hostile_init();
	err = err ?: tt_deep_init();
	err = err ?: tt_locker_init();
	err = err ?: tt_memory_init();
	err = err ?: tt_liveness_init();
	if (!err) {
		conductor = kthread_run(conduct, NULL, "tt-conductor");
		err = PTR_ERR_OR_ZERO(conductor);
	}
	if (err)
		clean_up();
	return err;
}

static void __exit torture_exit(void)
{
	kthread_stop(conductor);
	clean_up();
}

module_init(torture_init);
module_exit(torture_exit);

MODULE_DESCRIPTION("Torture for vmem");
MODULE_AUTHOR("The vmem for Linux developers");
MODULE_LICENSE("GPL");
