/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Common parts of the workloads: a peer with its live allocations, time
 * samples, and lines of results.
 */
#ifndef _VMEM_BENCH_H
#define _VMEM_BENCH_H

#include <linux/list.h>
#include <linux/prandom.h>
#include <linux/types.h>

#include "peer.h"

/**
 * struct work - an instance of a peer and its live allocations
 * @peer: the peer
 * @instance: return value of &peer.create
 * @range: number of integers that @instance manages
 * @piece: array of @max pieces, of which the first @live are allocated
 * @client_data: array that holds &piece.client_data of all pieces
 * @live: number of allocated pieces
 * @max: length of @piece
 * @used: sum of the sizes of the allocated pieces
 * @map: a bit for each integer, set while it is allocated; NULL if the peer
 *	allocates addresses of memory
 * @random: random number generator; each peer gets the same numbers
 * @held_pages: pages held to keep the per-CPU page lists empty, see work.c
 * @free_pages_before: number of free pages before @instance was created; only
 *	if work_begin() was called with @count
 * @broken: the peer returned integers that were not free
 */
struct work {
	const struct peer *peer;
	void *instance;
	unsigned long range;
	struct piece *piece;
	void *client_data;
	unsigned long live;
	unsigned long max;
	unsigned long used;
	unsigned long *map;
	struct rnd_state random;
	struct list_head held_pages;
	long free_pages_before;
	bool broken;
};

int work_begin(struct work *work, const struct peer *peer, unsigned long range,
	       unsigned long max, bool count);
void work_end(struct work *work);
u64 work_bytes(struct work *work);
unsigned int random_size(struct work *work);
int work_fill(struct work *work, unsigned long n, u64 *ticks);
void work_punch(struct work *work);

unsigned long random_below(struct rnd_state *random, unsigned long n);

/* map.c */
void map_set(struct work *work, const struct piece *piece);
void map_clear(struct work *work, const struct piece *piece);
unsigned long map_largest(const struct work *work);

/**
 * struct samples - durations of an operation, in ticks
 * @n: number of samples in @tick
 * @max: length of @tick; further samples are only added to @sum
 * @sum: sum of all samples
 * @tick: the samples
 */
struct samples {
	unsigned long n;
	unsigned long max;
	u64 sum;
	u64 *tick;
};

int samples_begin(struct samples *s, unsigned long max);
void samples_end(struct samples *s);
void samples_sort(struct samples *s);
u64 samples_permille(const struct samples *s, unsigned int permille);

static inline void samples_reset(struct samples *s)
{
	s->n = 0;
	s->sum = 0;
}

static inline void samples_add(struct samples *s, u64 ticks)
{
	if (s->n < s->max)
		s->tick[s->n++] = ticks;
	s->sum += ticks;
}

/*
 * Print a line of results: "bench: peer=..." and more NAME=VALUE pairs. Times
 * are in nanoseconds with one decimal. With -icount a nanosecond is an
 * instruction.
 */
#define report(work, fmt, ...)						\
	pr_info("bench: peer=%s " fmt "\n", (work)->peer->name, ##__VA_ARGS__)

/* A number with one decimal, as text. */
struct decimal {
	char text[24];
};

struct decimal decimal(u64 tenths);

void report_samples(const struct work *work, const char *load, const char *op,
		    struct samples *s, unsigned int per_sample);

/* Workloads. Each runs with one peer and prints its results. */
int load_pair(const struct peer *peer);
int load_churn(const struct peer *peer);
int load_constrained(const struct peer *peer);
int load_cyclic(const struct peer *peer);
int load_threads(const struct peer *peer);
int load_trace(const struct peer *peer);

/* Lock hold times of vmem. The measurement runs until the module is removed. */
int load_locked_begin(void);
void load_locked_end(void);

/* Costs that waiting requests add to other operations. */
int load_distress(void);

/* Module parameters. */
extern unsigned long bench_live;
extern char *bench_trace;

#endif /* _VMEM_BENCH_H */
