/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of the torture share.
 *
 * Time is cut into rounds of three phases. While it is FLOOD everybody does as
 * he likes. Then comes EBB: all put back what they have and stop, so that
 * whoever waits for space has to get it. When all have, it is CALM: the books
 * are checked, and each arena has to give all it has to one request.
 */
#ifndef VMEM_TORTURE_H
#define VMEM_TORTURE_H

#include <linux/atomic.h>
#include <linux/kthread.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/vmem.h>

/* --- owner.c: each integer has one owner at most --- */

/**
 * struct tt_map - who owns what of one set of integers
 * @base: first integer
 * @shift: log2 of the integers that go by one word
 * @units: how many words
 * @owner: 0: nobody, else the number of the owner
 *
 * Shared by all arenas of a tree: what one of them has handed out no other has.
 */
struct tt_map {
	unsigned long base;
	unsigned int shift;
	unsigned long units;
	atomic_t *owner;
};

int tt_map_init(struct tt_map *map, unsigned long base, unsigned int shift,
		unsigned long units);
void tt_map_exit(struct tt_map *map);
bool tt_claim(struct tt_map *map, const char *arena, unsigned long addr,
	      size_t size, unsigned int owner);
void tt_disclaim(struct tt_map *map, const char *arena, unsigned long addr,
		 size_t size, unsigned int owner);
void tt_map_expect_empty(struct tt_map *map, const char *name);
unsigned int tt_new_owner(void);

__printf(1, 2) void tt_violation(const char *fmt, ...);
unsigned int tt_violations(void);

/* --- what is counted --- */

enum tt_count { TT_ALLOC, TT_IRQ, TT_SLEEP, TT_EMPTY, TT_ARENA, TT_SPAN, TT_RELAY,
	TT_WALK, TT_VERIFY, TT_UPDATE, TT_SWEEP, TT_CPU,
	/* What hostile clients do. */
	TT_SLOW_IMPORT, TT_SLOW_RELEASE, TT_LOCKED_IMPORT, TT_LOCKED_RELEASE,
	TT_LOCKED_WAIT, TT_REFUSED, TT_BAD, TT_MISFIT, TT_REENTERED, TT_DEEP,
	TT_WHOLE, TT_STOPPED, TT_HELD_CPU, TT_LEAVER_CALL, TT_WITHDRAWN,
	TT_LEFT, TT_SHORT,
	TT_NCOUNTS };

void tt_count(enum tt_count what);

/* --- hostile clients --- */

/* Bits of the parameter "hostile". Those of hostile.c come first. */
enum tt_hostile { TT_H_SLOW, TT_H_LOCK, TT_H_REFUSE, TT_H_BAD, TT_H_REENTER,
	TT_H_MISFIT, TT_H_DEEP, TT_H_STOPPED, TT_H_LEAVER, TT_H_MEMORY,
	TT_H_KINDS };

bool tt_hostile(enum tt_hostile kind);

/* --- arenas.c: the arenas that all trade in --- */

/**
 * struct tt_arena - an arena
 * @name: what it is called
 * @vm: it
 * @map: of its tree
 * @quantum: its own
 * @most: the largest request, in quanta
 * @base: first integer of the span that it was made with, 0 without one
 * @size: how many integers that has
 * @patient: whoever waits for @most is served when all others have put back what
 *	they have
 * @whole: at a calm moment all of @base, @size can be had at once
 *
 * Constant while anybody trades.
 */
struct tt_arena {
	const char *name;
	vmem_t *vm;
	struct tt_map *map;
	unsigned long quantum;
	unsigned long most;
	unsigned long base;
	unsigned long size;
	bool patient;
	bool whole;
};

int tt_arenas_init(void);
void tt_arenas_exit(void);
int tt_arenas_create(void);
void tt_arenas_destroy(void);
void tt_arenas_check(void);
struct tt_arena *tt_arena(unsigned int n);
struct tt_arena *tt_arena_growing(void);
void tt_expect_unused(const char *name, vmem_t *vm);

void *tt_import(vmem_t *src, size_t *size, size_t align, int vmflag);

/* --- thread.c: threads and phases --- */

enum tt_phase { TT_FLOOD, TT_EBB, TT_CALM, TT_PHASES };

struct tt_thread;

/**
 * struct tt_job - what a thread does
 * @name: what it is called
 * @size: of the job's own data
 * @begin: once at the start, or NULL
 * @step: over and over while it is flood
 * @ebb: put everything back, or NULL
 * @calm: when all have, or NULL
 * @end: once when it is told to stop, after @ebb, or NULL
 */
struct tt_job {
	const char *name;
	size_t size;
	int (*begin)(struct tt_thread *t);
	void (*step)(struct tt_thread *t);
	void (*ebb)(struct tt_thread *t);
	void (*calm)(struct tt_thread *t);
	void (*end)(struct tt_thread *t);
};

/**
 * struct tt_thread - a thread
 * @job: what it does
 * @task: it
 * @n: which of those with that job
 * @cpu: where it stays while that is there, -1: anywhere
 * @rnd: its dice
 * @done: the phase that it has done its part of
 * @progress: how often it began or ended something
 * @before: the same when the watchdog last looked
 * @doing: what it is in the middle of, for a report
 * @arena: where
 * @size: of how much
 * @vmflag: how
 * @imported: what a hostile client's import function returned last
 * @data: of the job
 *
 * Others look at @done and what follows it: READ_ONCE(), WRITE_ONCE(). @before is
 * the controlling thread's.
 */
struct tt_thread {
	const struct tt_job *job;
	struct task_struct *task;
	unsigned int n;
	int cpu;
	struct rnd_state rnd;
	unsigned int done;
	unsigned int progress;
	unsigned int before;
	const char *doing;
	const char *arena;
	size_t size;
	int vmflag;
	unsigned long imported;
	void *data;
};

int tt_thread_start(const struct tt_job *job, unsigned int n, int cpu);
bool tt_threads_stop(void);
bool tt_next_phase(enum tt_phase phase);
bool tt_ebbs(void);
void tt_pause(unsigned int us);
void tt_doing(struct tt_thread *t, const char *what, const char *arena,
	      size_t size, int vmflag);

static inline u32 tt_random(struct rnd_state *rnd, u32 below)
{
	return prandom_u32_state(rnd) % below;
}

struct tt_thread *tt_thread_current(void);

/* --- liveness.c: waiting beside free space --- */

/**
 * struct tt_wanted - a request, as the liveness watchdog repeats it
 * @arena: name of the arena
 * @vm: the arena
 * @size: size
 * @vmflag: flags
 * @by_x: by vmem_xalloc() with what follows
 * @align: as vmem_xalloc()
 * @phase: as vmem_xalloc()
 * @nocross: as vmem_xalloc()
 * @min: as vmem_xalloc()
 * @max: as vmem_xalloc()
 * @is_free: NULL, or tells by the torture's own books whether the request can be
 *	served, for one that only reclaim can serve
 * @arg: argument of @is_free
 */
struct tt_wanted {
	const char *arena;
	vmem_t *vm;
	size_t size;
	int vmflag;
	bool by_x;
	size_t align;
	size_t phase;
	size_t nocross;
	void *min;
	void *max;
	bool (*is_free)(void *arg);
	void *arg;
};

struct tt_request;

int tt_liveness_init(void);
void tt_liveness_exit(void);
struct tt_request *tt_wait_begin(const struct tt_wanted *wanted);
void tt_wait_end(struct tt_request *r);
bool tt_wait_alarmed(const struct tt_request *r);
void *tt_import_waiting(const char *arena, vmem_t *src, size_t size,
			size_t align, int vmflag);
void tt_function_begin(void);
void tt_function_end(void);
bool tt_is_watchdog(void);
unsigned int tt_alarms(void);

/* --- trade.c: one allocation or free --- */

#define TT_HELD	48

struct tt_range {
	unsigned long addr;
	size_t size;
	bool by_x;
};

/**
 * struct tt_trader - somebody who allocates and frees
 * @thread: who; NULL in an interrupt
 * @arena: where: to be changed only while he has nothing
 * @id: his number as an owner
 * @rnd: his dice
 * @waits: may wait for space when he holds nothing: nor must his thread
 * @most: holds so many at the most
 * @n: holds so many
 * @held: these
 */
struct tt_trader {
	struct tt_thread *thread;
	struct tt_arena *arena;
	unsigned int id;
	struct rnd_state rnd;
	bool waits;
	unsigned int most;
	unsigned int n;
	struct tt_range held[TT_HELD];
};

void tt_trader_init(struct tt_trader *t, struct tt_thread *thread,
		    unsigned int most);
void tt_trade(struct tt_trader *t);
bool tt_get(struct tt_trader *t, size_t size, int vmflag);
bool tt_xget(struct tt_trader *t, size_t size, int vmflag);
void tt_put(struct tt_trader *t, unsigned int n);
void tt_put_all(struct tt_trader *t);

/* --- the jobs --- */

extern const struct tt_job tt_trading_job, tt_taking_job;	/* traffic.c */
extern const struct tt_job tt_adding_job, tt_burst_job, tt_update_job; /* grow.c */
extern const struct tt_job tt_relay_job;			/* relay.c */
extern const struct tt_job tt_forest_job;			/* forest.c */
extern const struct tt_job tt_verify_job, tt_sweep_job;		/* watch.c */
extern const struct tt_job tt_walk_job;				/* walk.c */
extern const struct tt_job tt_hotplug_job;			/* hotplug.c */
extern const struct tt_job tt_hostile_job, tt_keeper_job; /* hostile_threads.c */
extern const struct tt_job tt_locker_job, tt_filler_job;	/* locker.c */
extern const struct tt_job tt_deep_job, tt_whole_job;		/* deep.c */
extern const struct tt_job tt_stopped_job;			/* stopped.c */
extern const struct tt_job tt_leaver_job;			/* leaver.c */
extern const struct tt_job tt_memory_job;			/* memory.c */

/* hostile_arenas.c */
int tt_hostile_init(void);
void tt_hostile_exit(void);
int tt_hostile_create(void);
void tt_hostile_destroy(void);
void tt_hostile_check(void);
unsigned int tt_hostile_clients(void);
struct mutex *tt_hostile_mutex(void);	/* the one that its functions take */

/* locker.c */
int tt_locker_init(void);
void tt_locker_exit(void);

/* deep.c */
int tt_deep_init(void);
void tt_deep_exit(void);
int tt_deep_create(void);
void tt_deep_destroy(void);
void tt_deep_check(void);

/* leaver.c */

/**
 * struct tt_offer - a tree of arenas of the module vmem_torture_leaver
 * @vm: root, middle, leaf
 */
struct tt_offer {
	vmem_t *vm[3];
};

void tt_offer(const struct tt_offer *new);
void tt_withdraw(void);
void tt_leaver_called(void);
void tt_leaver_exit(void);

/* memory.c */
int tt_memory_init(void);
void tt_memory_exit(void);
bool tt_memory_is_short(void);

int tt_relay_init(void);
void tt_relay_exit(void);

/* interrupt.c */
int tt_interrupts_init(void);
void tt_interrupts_exit(void);
void tt_interrupts_start(void);
void tt_interrupts_stop(void);

/* grow.c */
void tt_grow_forget(void);
unsigned int tt_grow_spans(void);

/* main.c */
bool tt_unplant(void);

#endif /* VMEM_TORTURE_H */
