// SPDX-License-Identifier: GPL-2.0
/*
 * Replays a recorded trace of allocations and frees, in a range that is a
 * quarter larger than the peak of the live allocations.
 *
 * The file is text. Lines that begin with "#" are comments. "N" allocates N
 * units. "-N" frees an earlier allocation: "-0" the latest, "-1" the allocation
 * before the latest, and so on. Documentation/benchmarks.rst describes the
 * origin of the trace.
 */
#include <linux/ctype.h>
#include <linux/kernel_read_file.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "bench.h"
#include "clock.h"

#define REPORTS		64	/* number of free-space reports in a replay */
#define TIMEOUT		(3ULL * NSEC_PER_SEC)

/*
 * @text: content of the file
 * @length: number of characters in @text
 * @events: number of events in @text
 * @allocs: number of events that allocate
 * @peak: maximum number of live units
 */
struct trace {
	char *text;
	size_t length;
	unsigned long events;
	unsigned long allocs;
	unsigned long peak;
};

/*
 * If @free, frees an allocation; @number is the number of later allocations.
 * Else allocates @number units.
 */
struct event {
	bool free;
	unsigned long number;
};

/*
 * Parse the event at @at, and advance @at. Returns false at the end of the
 * trace or at a syntax error.
 */
static bool trace_next(const struct trace *trace, size_t *at, struct event *event)
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

/* Read the file, and parse it once for the number of events and the peak. */
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
	/* An event has at least two characters. */
	size = vmalloc(array_size(got / 2 + 1, sizeof(*size)));
	if (!size)
		return -ENOMEM;
	while (trace_next(trace, &at, &event)) {
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

/* One replay; work.piece is indexed by the number of the allocation. */
struct replay {
	struct work work;
	struct samples alloc;
	struct samples free;
	unsigned long done;	/* allocations, including failed ones */
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
		good = work->peer->alloc(work->instance, piece);
		samples_add(&r->alloc, clock_read() - start);
		if (good) {
			map_set(work, piece);
		} else {
			piece->size = 0;
			r->failures++;
		}
		return;
	}
	piece = &work->piece[r->done - 1 - event->number];
	if (!piece->size)
		return;
	map_clear(work, piece);
	start = clock_read();
	work->peer->free(work->instance, piece);
	samples_add(&r->free, clock_read() - start);
	piece->size = 0;
}

static void report_free_space(struct replay *r, unsigned int at, unsigned long events)
{
	report(&r->work, "load=trace op=free at=%u largest=%lu free=%lu done=%lu",
	       at, map_largest(&r->work), r->work.range - r->work.used, events);
}

static int replay(struct replay *r, const struct trace *trace)
{
	unsigned long interval = trace->events / REPORTS + 1, n = 0, i;
	struct work *work = &r->work;
	u64 start = clock_read();
	struct event event;
	size_t at = 0;

	while (trace_next(trace, &at, &event)) {
		replay_one(r, &event);
		if (!(++n % interval))
			report_free_space(r, n / interval, n);
		if (n % 256)
			continue;
		cond_resched();
		if (clock_ns_since(start) > TIMEOUT) {
			report(work, "load=trace gave_up=%lu", n);
			break;
		}
	}
	report_samples(work, "load=trace", "alloc", &r->alloc, 1);
	report_samples(work, "load=trace", "free", &r->free, 1);
	report(work, "load=trace op=failures failures=%lu events=%lu range=%lu peak=%lu",
	       r->failures, n, work->range, trace->peak);
	for (i = 0; i < r->done; i++)
		if (work->piece[i].size)
			work->peer->free(work->instance, &work->piece[i]);
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
