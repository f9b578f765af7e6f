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

static char *plant = "";
module_param(plant, charp, 0444);
MODULE_PARM_DESC(plant, "a violation to see that it is found: owner or leak");

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
};

static void say_end(unsigned int cpus, u64 start)
{
	char line[400];
	unsigned int i, n = 0;

	for (i = 0; i < TT_NCOUNTS; i++)
		n += scnprintf(line + n, sizeof(line) - n, " %lu %s,", total(i),
			       texts[i]);
	pr_info("vmem-torture: end: %u CPUs, %llu s,%s %u violations\n", cpus,
		ktime_get_boottime_seconds() - start, line, tt_violations());
}

/* --- violations on purpose --- */

static struct tt_trader gardener;

/*
 * owner: free a range behind the map's back, so that whoever gets it next finds
 * that it has an owner. leak: do not give a range back, so that whoever wants all
 * of the arena waits for it.
 */
static void plant_violation(void)
{
	if (!*plant)
		return;
	tt_trader_init(&gardener, NULL, TT_HELD);
	gardener.arena = tt_arena(0);
	if (!tt_xget(&gardener, 20, VM_NOSLEEP))
		return;
	if (!strcmp(plant, "owner"))
		vmem_xfree(gardener.arena->vm, (void *)gardener.held[0].addr,
			   gardener.held[--gardener.n].size);
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
	return err;
}

/* One round. Returns false if somebody does not come to its end. */
static bool one_round(void)
{
	unsigned long end = jiffies + msecs_to_jiffies(round_ms);

	tt_interrupts_start();
	tt_next_phase(TT_FLOOD);
	WRITE_ONCE(begun, true);
	plant_violation();
	while (time_before(jiffies, end) && !kthread_should_stop())
		msleep(20);
	tt_interrupts_stop();
	if (!tt_next_phase(TT_EBB))
		return false;
	if (!*plant)
		tt_arenas_check();
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
		pr_info("vmem-torture: round %u: %lu s, %lu allocs, %u violations\n",
			n, now, total(TT_ALLOC), tt_violations());
		/* Everything anew, now and then. */
		if (n % 2)
			continue;
		tt_arenas_destroy();
		if (tt_arenas_create())
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

	err = tt_arenas_create();
	err = err ?: start_threads();
	start = ktime_get_boottime_seconds();
	if (err)
		pr_err("vmem-torture: cannot start: %d\n", err);
	else
		stuck = !rounds(start);
	if (!stuck)
		stuck = !tt_threads_stop();
	if (!stuck)
		tt_arenas_destroy();
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
