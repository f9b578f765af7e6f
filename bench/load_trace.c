// SPDX-License-Identifier: GPL-2.0
/*
 * A recorded trace of allocations, played again as sizes and lifetimes, in the same
 * order, in a range that has a quarter more than what lives at most.
 *
 * The file is text: lines of comment that begin with "#"; a number is an allocation of
 * that size; a number with "-" before it frees the allocation that so many others
 * came after ("-0" the latest). Documentation/benchmarks.rst tells where it comes from.
 */
#include <linux/ctype.h>
#include <linux/kernel_read_file.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "bench.h"
#include "clock.h"

#define SHOWN		64	/* times that the free space is looked at */
#define PATIENCE	(3ULL * NSEC_PER_SEC)

/*
 * @text: @length characters; @events in it, @allocs of them allocations, of which
 * @peak units live at most.
 */
struct trace {
	char *text;
	size_t length;
	unsigned long events;
	unsigned long allocs;
	unsigned long peak;
};

/* One thing that happened: an allocation of a size, or a free of @age. */
struct event {
	bool free;
	unsigned long number;
};

/* The next event from @at on, where the one after it is then; false: the end. */
static bool next(const struct trace *trace, size_t *at, struct event *event)
{
	const char *text = trace->text;
	size_t i = *at, end = trace->length;

	for (;;) {
		while (i < end && isspace(text[i]))
			i++;
		if (i == end || text[i] != '#')
			break;
		while (i < end && text[i] != '\n')
			i++;
	}
	event->free = i < end && text[i] == '-';
	i += event->free;
	if (i == end || !isdigit(text[i]))
		return false;
	event->number = 0;
	while (i < end && isdigit(text[i]))
		event->number = event->number * 10 + text[i++] - '0';
	*at = i;
	return true;
}

/* Read the file, and through it once, to know how large everything gets. */
static int trace_read(struct trace *trace)
{
	unsigned long live = 0, *size = NULL;
	struct event event;
	void *text = NULL;
	size_t at = 0;
	ssize_t got;

	memset(trace, 0, sizeof(*trace));
	got = kernel_read_file_from_path(bench_trace, 0, &text, INT_MAX, NULL,
					 READING_UNKNOWN);
	if (got < 0)
		return got;
	trace->text = text;
	trace->length = got;
	/* Two characters are the least that an event takes. */
	size = vmalloc(array_size(got / 2 + 1, sizeof(*size)));
	if (!size)
		return -ENOMEM;
	while (next(trace, &at, &event)) {
		trace->events++;
		if (!event.free) {
			size[trace->allocs++] = event.number;
			live += event.number;
			trace->peak = max(trace->peak, live);
		} else if (event.number < trace->allocs) {
			live -= size[trace->allocs - 1 - event.number];
		} else {
			break;
		}
	}
	vfree(size);
	while (at < got && isspace(trace->text[at]))
		at++;
	return at == got && trace->allocs ? 0 : -EINVAL;
}

/* What one replay is about. */
struct replay {
	struct work work;
	struct samples alloc;
	struct samples free;
	unsigned long done;	/* allocations, also those that failed */
	unsigned long failures;
};

static void replay_one(struct replay *r, const struct event *event)
{
	struct work *work = &r->work;
	struct piece *piece;
	u64 start;
	bool good;

	if (!event->free) {
		piece = &work->piece[r->done++];
		piece->size = event->number;
		start = clock_read();
		good = work->peer->alloc(work->it, piece);
		samples_add(&r->alloc, clock_read() - start);
		if (good) {
			map_take(work, piece);
		} else {
			piece->size = 0;
			r->failures++;
		}
		return;
	}
	piece = &work->piece[r->done - 1 - event->number];
	if (!piece->size)
		return;
	map_give(work, piece);
	start = clock_read();
	work->peer->free(work->it, piece);
	samples_add(&r->free, clock_read() - start);
	piece->size = 0;
}

static void show(struct replay *r, unsigned int at, unsigned long events)
{
	say(&r->work, "load=trace op=free at=%u largest=%lu free=%lu done=%lu",
	    at, map_largest(&r->work), r->work.range - r->work.used, events);
}

static int replay(struct replay *r, const struct trace *trace)
{
	unsigned long each = trace->events / SHOWN + 1, n = 0, i;
	struct work *work = &r->work;
	u64 start = clock_read();
	struct event event;
	size_t at = 0;

	while (next(trace, &at, &event)) {
		replay_one(r, &event);
		if (!(++n % each))
			show(r, n / each, n);
		if (n % 256)
			continue;
		cond_resched();
		if (clock_spent(start) > PATIENCE) {
			say(work, "load=trace gave_up=%lu", n);
			break;
		}
	}
	say_samples(work, "load=trace", "alloc", &r->alloc, 1);
	say_samples(work, "load=trace", "free", &r->free, 1);
	say(work, "load=trace op=failures failures=%lu events=%lu range=%lu peak=%lu",
	    r->failures, n, work->range, trace->peak);
	for (i = 0; i < r->done; i++)
		if (work->piece[i].size)
			work->peer->free(work->it, &work->piece[i]);
	return 0;
}

int load_trace(const struct peer *peer)
{
	struct trace trace;
	struct replay *r;
	int err;

	if (peer->one_size)
		return 0;
	r = kvzalloc(sizeof(*r), GFP_KERNEL);
	if (!r)
		return -ENOMEM;
	err = trace_read(&trace);
	if (err)
		goto out;
	err = work_begin(&r->work, peer, trace.peak + trace.peak / 4,
			 trace.allocs, false);
	if (err)
		goto out;
	err = samples_begin(&r->alloc, trace.allocs);
	err = err ?: samples_begin(&r->free, trace.allocs);
	err = err ?: replay(r, &trace);
	samples_end(&r->alloc);
	samples_end(&r->free);
	work_end(&r->work);
out:
	vfree(trace.text);
	kvfree(r);
	return err;
}
