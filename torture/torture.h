/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Declarations shared by the files of the torture module.
 *
 * A round has three phases. In RUN all threads run their jobs. In DRAIN each
 * thread frees everything that it holds and stops, so that every waiter must be
 * served; then the arenas are verified. In QUIESCE no thread holds a segment,
 * and each exhaustible arena must serve requests for all of its space.
 */
#ifndef VMEM_TORTURE_H
#define VMEM_TORTURE_H

#include <linux/atomic.h>
#include <linux/kthread.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/vmem.h>

/* --- owner.c: each integer has at most one owner --- */

/**
 * struct tt_map - owners of one set of integers
 * @base: first integer
 * @shift: log2 of the number of integers per word
 * @units: number of words
 * @owner: owner id of each word, 0 if it is not allocated
 *
 * All arenas of a tree share one map: an integer that a user has allocated from
 * one arena must not be allocated from another arena of the tree.
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
unsigned int tt_new_owner_id(void);

__printf(1, 2) void tt_violation(const char *fmt, ...);
unsigned int tt_violations(void);

/* --- main.c: counts of operations --- */

enum tt_count { TT_ALLOC, TT_IRQ, TT_SLEEP, TT_FAILED, TT_ARENA, TT_SPAN,
	TT_PINGPONG, TT_WALK, TT_VERIFY, TT_UPDATE, TT_EXHAUST, TT_CPU,
	/* Operations of hostile clients. */
	TT_SLOW_IMPORT, TT_SLOW_RELEASE, TT_LOCKED_IMPORT, TT_LOCKED_RELEASE,
	TT_LOCKED_WAIT, TT_REFUSED, TT_BAD, TT_MISFIT, TT_REENTERED, TT_DEEP,
	TT_WHOLE, TT_STOPPED, TT_HELD_CPU, TT_LEAVER_CALL, TT_UNREGISTERED,
	TT_LEFT, TT_SHORT,
	TT_NCOUNTS };

void tt_count(enum tt_count what);

/* --- hostile clients --- */

/* Bits of the parameter "hostile". The clients of hostile.c come first. */
enum tt_hostile { TT_H_SLOW, TT_H_LOCK, TT_H_REFUSE, TT_H_BAD, TT_H_REENTER,
	TT_H_MISFIT, TT_H_DEEP, TT_H_STOPPED, TT_H_LEAVER, TT_H_MEMORY,
	TT_H_KINDS };

bool tt_hostile_enabled(enum tt_hostile kind);

/* --- arenas.c: the arenas that all users share --- */

/**
 * struct tt_arena - an arena
 * @name: its name
 * @vm: the arena
 * @map: owner map of its tree
 * @quantum: its quantum
 * @max_quanta: the largest request, in quanta
 * @base: first integer of its initial span, 0 if it was created without one
 * @size: number of integers in that span
 * @may_wait: a waiter that requests up to @max_quanta is served when all other
 *	users have freed their segments
 * @exhaustible: in the QUIESCE phase, one request for [@base, +@size) must
 *	succeed
 *
 * All members are constant while the arena is in use.
 */
struct tt_arena {
	const char *name;
	vmem_t *vm;
	struct tt_map *map;
	unsigned long quantum;
	unsigned long max_quanta;
	unsigned long base;
	unsigned long size;
	bool may_wait;
	bool exhaustible;
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

enum tt_phase { TT_RUN, TT_DRAIN, TT_QUIESCE, TT_PHASES };

struct tt_thread;

/**
 * struct tt_job - the functions of a thread
 * @name: part of the thread's name
 * @size: size of the job's own data
 * @begin: called once before the thread starts, or NULL
 * @step: called repeatedly in the RUN phase
 * @drain: frees everything that the thread holds, or NULL
 * @quiesce: called when all threads have drained, or NULL
 * @end: called once when the thread stops, after @drain, or NULL
 */
struct tt_job {
	const char *name;
	size_t size;
	int (*begin)(struct tt_thread *t);
	void (*step)(struct tt_thread *t);
	void (*drain)(struct tt_thread *t);
	void (*quiesce)(struct tt_thread *t);
	void (*end)(struct tt_thread *t);
};

/**
 * struct tt_thread - a thread
 * @job: its job
 * @task: its task
 * @n: its number among the threads with that job
 * @cpu: the CPU to run on while it is online; -1 for any CPU
 * @rnd: its random number generator
 * @done: the last phase that it has completed
 * @progress: number of calls begun or ended
 * @last_progress: @progress at the last check by the controlling thread
 * @call: the call under way, for reports; NULL if there is none
 * @arena: name of the arena that is an argument of @call
 * @size: size that is an argument of @call
 * @vmflag: flags that are an argument of @call
 * @imported: result of the last call of a hostile client's import function
 * @data: the job's data
 *
 * Other threads read @done and the members after it, so accesses use
 * READ_ONCE() and WRITE_ONCE(). Only the controlling thread uses
 * @last_progress.
 */
struct tt_thread {
	const struct tt_job *job;
	struct task_struct *task;
	unsigned int n;
	int cpu;
	struct rnd_state rnd;
	unsigned int done;
	unsigned int progress;
	unsigned int last_progress;
	const char *call;
	const char *arena;
	size_t size;
	int vmflag;
	unsigned long imported;
	void *data;
};

int tt_thread_start(const struct tt_job *job, unsigned int n, int cpu);
bool tt_threads_stop(void);
bool tt_next_phase(enum tt_phase phase);
bool tt_should_drain(void);
void tt_usleep(unsigned int us);
void tt_set_call(struct tt_thread *t, const char *what, const char *arena,
		 size_t size, int vmflag);

static inline u32 tt_random(struct rnd_state *rnd, u32 below)
{
	return prandom_u32_state(rnd) % below;
}

struct tt_thread *tt_thread_current(void);

/* --- liveness.c: requests that wait although there is free space --- */

/**
 * struct tt_request_args - arguments of a request, so that it can be repeated
 * @arena: name of the arena
 * @vm: the arena
 * @size: requested size
 * @vmflag: flags of the request
 * @by_x: the request calls vmem_xalloc() with the following arguments
 * @align: argument of vmem_xalloc()
 * @phase: argument of vmem_xalloc()
 * @nocross: argument of vmem_xalloc()
 * @min: argument of vmem_xalloc()
 * @max: argument of vmem_xalloc()
 * @is_free: NULL, or for a request that only reclaim can serve: returns true if
 *	the request can be served, according to the torture's own records
 * @arg: argument of @is_free
 */
struct tt_request_args {
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
struct tt_request *tt_wait_begin(const struct tt_request_args *args);
void tt_wait_end(struct tt_request *r);
bool tt_wait_alarmed(const struct tt_request *r);
void *tt_import_waiting(const char *arena, vmem_t *src, size_t size,
			size_t align, int vmflag);
void tt_import_begin(void);
void tt_import_end(void);
bool tt_is_watchdog(void);
unsigned int tt_alarms(void);

/* --- user.c: one allocation or free --- */

#define TT_HELD	48

struct tt_range {
	unsigned long addr;
	size_t size;
	bool by_x;
};

/**
 * struct tt_user - a user of arenas: allocates, holds segments, and frees them
 * @thread: its thread; NULL for an interrupt handler
 * @arena: the arena in use; may change only while nothing is held
 * @id: its owner id
 * @rnd: its random number generator
 * @waits: the user may wait for space, but only while neither the user nor its
 *	thread holds a segment
 * @max_held: upper bound of @n
 * @n: number of segments held
 * @held: the segments held
 */
struct tt_user {
	struct tt_thread *thread;
	struct tt_arena *arena;
	unsigned int id;
	struct rnd_state rnd;
	bool waits;
	unsigned int max_held;
	unsigned int n;
	struct tt_range held[TT_HELD];
};

void tt_user_init(struct tt_user *u, struct tt_thread *thread,
		  unsigned int max_held);
void tt_alloc_or_free(struct tt_user *u);
bool tt_alloc(struct tt_user *u, size_t size, int vmflag);
bool tt_xalloc(struct tt_user *u, size_t size, int vmflag);
void tt_free(struct tt_user *u, unsigned int n);
void tt_free_all(struct tt_user *u);

/* --- the jobs --- */

extern const struct tt_job tt_traffic_job, tt_waiting_job;	/* traffic.c */
extern const struct tt_job tt_add_job, tt_burst_job, tt_update_job; /* grow.c */
extern const struct tt_job tt_pingpong_job;			/* pingpong.c */
extern const struct tt_job tt_churn_job;			/* churn.c */
extern const struct tt_job tt_verify_job, tt_exhaust_job;	/* verify.c */
extern const struct tt_job tt_walk_job;				/* walk.c */
extern const struct tt_job tt_hotplug_job;			/* hotplug.c */
/* hostile_threads.c */
extern const struct tt_job tt_hostile_job, tt_own_span_job;
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
struct mutex *tt_hostile_mutex(void);	/* mutex of TT_H_LOCK */

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
 * struct tt_leaver_tree - a tree of arenas of the module vmem_torture_leaver
 * @vm: root, middle, leaf
 */
struct tt_leaver_tree {
	vmem_t *vm[3];
};

void tt_leaver_register(const struct tt_leaver_tree *new);
void tt_leaver_unregister(void);
void tt_leaver_called(void);
void tt_leaver_exit(void);

/* memory.c */
int tt_memory_init(void);
void tt_memory_exit(void);
bool tt_memory_is_short(void);

/* pingpong.c */
int tt_pingpong_init(void);
void tt_pingpong_exit(void);

/* interrupt.c */
int tt_interrupts_init(void);
void tt_interrupts_exit(void);
void tt_interrupts_start(void);
void tt_interrupts_stop(void);

/* grow.c */
void tt_grow_reset(void);
unsigned int tt_grow_nr_spans(void);

/* main.c */
bool tt_remove_seeded_fault(void);

#endif /* VMEM_TORTURE_H */
