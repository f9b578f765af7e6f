/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What workloads are made of: a peer at work with what is handed out, samples of
 * how long something took, and lines of results.
 */
#ifndef _VMEM_BENCH_H
#define _VMEM_BENCH_H

#include <linux/list.h>
#include <linux/prandom.h>
#include <linux/types.h>

#include "peer.h"

/**
 * struct work - a peer at work
 * @peer: which
 * @it: what it made
 * @range: how many integers it has
 * @piece: what was handed out, @live of them, then those that can be: @max
 * @own: what the peer wants its client to keep, of all pieces
 * @live: see @piece
 * @max: see @piece
 * @used: units in @piece
 * @map: a bit for each integer that is handed out; NULL where that makes no sense
 * @random: the same numbers for each peer
 * @drain: pages that are held so that CPUs do not keep any, see work.c
 * @before: pages free before anything was made, if they are counted
 * @broken: the peer handed out what was not its own to give
 */
struct work {
	const struct peer *peer;
	void *it;
	unsigned long range;
	struct piece *piece;
	void *own;
	unsigned long live;
	unsigned long max;
	unsigned long used;
	unsigned long *map;
	struct rnd_state random;
	struct list_head drain;
	long before;
	bool broken;
};

int work_begin(struct work *work, const struct peer *peer, unsigned long range,
	       unsigned long max, bool count);
void work_end(struct work *work);
u64 work_bytes(struct work *work);
unsigned int work_size(struct work *work);
int work_fill(struct work *work, unsigned long n, u64 *ticks);
void work_punch(struct work *work);

unsigned long below(struct rnd_state *random, unsigned long n);

/* The map, see map.c. */
void map_take(struct work *work, const struct piece *piece);
void map_give(struct work *work, const struct piece *piece);
unsigned long map_largest(const struct work *work);

/**
 * struct samples - how long something took, again and again, in ticks
 * @n: how often so far
 * @max: how often at most
 * @sum: of all
 * @tick: each
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
u64 samples_at(const struct samples *s, unsigned int permille);

static inline void samples_forget(struct samples *s)
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
 * Lines of results: "bench: peer=..." and more pairs of a name and a value. Times
 * are in tenths of a nanosecond, which is of an instruction with -icount.
 */
#define say(work, fmt, ...)						\
	pr_info("bench: peer=%s " fmt "\n", (work)->peer->name, ##__VA_ARGS__)

/* A number with one digit after the point, as text. */
struct decimal {
	char text[24];
};

struct decimal decimal(u64 tenths);

void say_samples(const struct work *work, const char *load, const char *op,
		 struct samples *s, unsigned int each);

/* Workloads. Each runs with one peer and says what came out. */
int load_pair(const struct peer *peer);
int load_churn(const struct peer *peer);
int load_constrained(const struct peer *peer);
int load_cyclic(const struct peer *peer);
int load_threads(const struct peer *peer);
int load_trace(const struct peer *peer);

/* How long vmem holds locks: begins when the module is loaded, ends with it. */
int load_locked_begin(void);
void load_locked_end(void);

/* What it costs that requests wait. */
int load_distress(void);

/* Parameters of the module. */
extern unsigned long bench_live;
extern char *bench_trace;

#endif /* _VMEM_BENCH_H */
