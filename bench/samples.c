// SPDX-License-Identifier: GPL-2.0
/*
 * Samples, their median and their 99.9th percentile. With fewer than a thousand
 * samples the 99.9th percentile is the maximum.
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

static int compare_ticks(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

void samples_sort(struct samples *s)
{
	sort(s->tick, s->n, sizeof(*s->tick), compare_ticks, NULL);
}

/*
 * The sample that @permille / 1000 of all samples do not exceed. @s is sorted.
 */
u64 samples_permille(const struct samples *s, unsigned int permille)
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

/*
 * Tenths of a nanosecond per operation if @per_sample operations took @ticks,
 * less the cost of reading the clock.
 */
static u64 net_tenths(u64 ticks, unsigned int per_sample)
{
	ticks = ticks > clock_overhead ? ticks - clock_overhead : 0;
	return div_u64(clock_tenths(ticks), per_sample);
}

/**
 * report_samples - print median, tail and mean of samples
 * @work: the instance that was measured
 * @load: the workload and its parameters, as pairs of a name and a value
 * @op: name of the operation
 * @s: the samples; sorted here
 * @per_sample: number of operations in each sample
 */
void report_samples(const struct work *work, const char *load, const char *op,
		    struct samples *s, unsigned int per_sample)
{
	if (!s->n)
		return;
	samples_sort(s);
	report(work, "%s op=%s median=%s tail=%s mean=%s samples=%lu", load, op,
	       decimal(net_tenths(samples_permille(s, 500), per_sample)).text,
	       decimal(net_tenths(samples_permille(s, 999), per_sample)).text,
	       decimal(net_tenths(div64_u64(s->sum, s->n), per_sample)).text, s->n);
}
