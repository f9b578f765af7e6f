// SPDX-License-Identifier: GPL-2.0
/*
 * Samples, their median and their tail. Where there are not enough of them for a
 * 99.9th percentile it is the worst.
 */
#include <linux/math64.h>
#include <linux/printk.h>
#include <linux/sort.h>
#include <linux/vmalloc.h>

#include "bench.h"
#include "clock.h"

int samples_begin(struct samples *s, unsigned long max)
{
	s->n = 0;
	s->sum = 0;
	s->max = max;
	s->tick = vmalloc(array_size(max, sizeof(*s->tick)));
	return s->tick ? 0 : -ENOMEM;
}

void samples_end(struct samples *s)
{
	vfree(s->tick);
	s->tick = NULL;
}

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

void samples_sort(struct samples *s)
{
	sort(s->tick, s->n, sizeof(*s->tick), compare, NULL);
}

/* The sample that so many in a thousand do not exceed; they are sorted. */
u64 samples_at(const struct samples *s, unsigned int permille)
{
	if (!s->n)
		return 0;
	return s->tick[min(div_u64((u64)s->n * permille, 1000), s->n - 1ULL)];
}

struct decimal decimal(u64 tenths)
{
	struct decimal d;
	u32 digit;
	u64 whole = div_u64_rem(tenths, 10, &digit);

	snprintf(d.text, sizeof(d.text), "%llu.%u", whole, digit);
	return d;
}

/* Tenths of a nanosecond of one of the @each that took so many ticks. */
static u64 net(u64 ticks, unsigned int each)
{
	ticks = ticks > clock_empty ? ticks - clock_empty : 0;
	return div_u64(clock_tenths(ticks), each);
}

/**
 * say_samples - say what came out of samples
 * @work: the peer at work
 * @load: the workload, and what tells its runs apart: names and values
 * @op: what was done
 * @s: how long it took; sorted here
 * @each: how often it was done in each sample
 */
void say_samples(const struct work *work, const char *load, const char *op,
		 struct samples *s, unsigned int each)
{
	if (!s->n)
		return;
	samples_sort(s);
	say(work, "%s op=%s median=%s tail=%s mean=%s samples=%lu", load, op,
	    decimal(net(samples_at(s, 500), each)).text,
	    decimal(net(samples_at(s, 999), each)).text,
	    decimal(net(div64_u64(s->sum, s->n), each)).text, s->n);
}
