// SPDX-License-Identifier: GPL-2.0
/*
 * Splitting slabs: the free objects of a slab become free segments of the
 * arena.
 *
 * When the arena has no space, requests of any size need the free objects of
 * slabs, and the unused end of slabs. A split frees the segment of a slab and
 * allocates a segment for each object that is in use. A split takes segment
 * structures, and the cache loses the slab. So a slab is split only if its free
 * objects, together with the neighbours of the slab, can make a free segment of
 * the needed size.
 *
 * When a request begins to wait, the reclaim work item checks all slabs once.
 * While requests wait, each change that may make a split useful records a slab:
 * vmem_split_note() a slab that gets a free object, vmem_split_note_beside() the
 * slabs beside a segment that becomes free. The work item &vmem.split tries to
 * split the recorded slabs.
 */
#include <linux/slab.h>

#include "../arena/free.h"
#include "../arena/populate.h"
#include "slab.h"

/* Lock budget of the arena lock, in segments. */
#define SEGMENTS_A_HOLD	128

/* Upper bound of the slabs that are collected in one hold of a lock. */
#define GROUP		8

static const gfp_t nowait = GFP_NOWAIT | __GFP_NOWARN;

/**
 * struct runs - the runs of free integers in a slab
 * @low: length of the run at the beginning of the slab
 * @high: length of the run at the end of the slab, including the unused end
 * @most: length of the longest run
 */
struct runs {
	unsigned long low;
	unsigned long high;
	unsigned long most;
};

/* Length of the unused end of a slab, which is too short for an object. */
static unsigned long split_left_over(const struct vmem_qcache *qc)
{
	return qc->vm->qcaches->slab_size - qc->per_slab * qc->size;
}

static struct runs split_runs(const struct vmem_qcache *qc,
			      const struct vmem_slab *slab)
{
	u64 used = ~slab->free & GENMASK_ULL(qc->per_slab - 1, 0);
	unsigned long end = split_left_over(qc);
	struct runs r;
	unsigned int n;
	u64 rows;

	lockdep_assert_held(&qc->lock);
	if (!used) {
		r.low = qc->vm->qcaches->slab_size;
		r.high = r.low;
		r.most = r.low;
		return r;
	}
	r.low = __ffs64(used) * qc->size;
	r.high = (qc->per_slab - fls64(used)) * qc->size + end;
	for (n = 0, rows = slab->free; rows; n++)
		rows &= rows << 1;
	r.most = max(n * qc->size, r.high);
	return r;
}

static bool split_is_slab(const struct vmem *vm, const struct vmem_seg *seg)
{
	return seg->type == VMEM_ALLOC && seg->cached &&
	       seg->size == vm->qcaches->slab_size;
}

/*
 * @seg is the upper neighbour of the slab to split if @above, else the lower
 * neighbour. If @seg is a slab too, returns an upper bound of the free run at
 * the low end of @seg if @above, else at the high end. If not, returns 0.
 */
static unsigned long split_beside(struct vmem_qcache *qc, const struct vmem_seg *seg,
				  bool above)
{
	struct vmem_slab *slab;
	struct runs r;

	if (!split_is_slab(qc->vm, seg))
		return 0;
	slab = vmem_slab_find(qc, seg->start);
	/* A slab of another cache. The lock of that cache must not be taken. */
	if (!slab)
		return seg->size;
	r = split_runs(qc, slab);
	return above ? r.low : r.high;
}

/* Upper bound of the free segment that splits of @slab and neighbours make. */
static unsigned long split_gain(struct vmem_qcache *qc, const struct vmem_slab *slab,
				const struct vmem_seg *seg)
{
	struct vmem_seg *prev = vmem_seg_prev(seg), *next = vmem_seg_next(seg);
	struct runs r = split_runs(qc, slab);
	unsigned long gained = r.most;

	lockdep_assert_held(&qc->vm->segmap.lock);
	if (r.low) {
		if (prev->type == VMEM_FREE) {
			r.low += prev->size;
			prev = vmem_seg_prev(prev);
		}
		gained = max(gained, r.low + split_beside(qc, prev, false));
	}
	if (r.high) {
		if (next->type == VMEM_FREE) {
			r.high += next->size;
			next = vmem_seg_next(next);
		}
		gained = max(gained, r.high + split_beside(qc, next, true));
	}
	return gained;
}

/* Free the segment of a removed slab, except the objects in use. */
static struct vmem_seg *split_segment(struct vmem_qcache *qc,
				      const struct vmem_slab *slab, struct vmem_seg *seg)
{
	struct vmem_segmap *sm = &qc->vm->segmap;
	unsigned int i;

	lockdep_assert_held(&sm->lock);
	seg = vmem_segmap_join(sm, seg);
	for (i = 0; i < qc->per_slab; i++) {
		if (slab->free & (1ULL << i))
			continue;
		seg = vmem_segmap_cut(sm, seg, slab->start + i * qc->size,
				      qc->size);
		seg->cached = true;
		seg = vmem_seg_next(seg);
	}
	return seg;
}

/* Record the slab at @start for &vmem.split. */
static void split_record(struct vmem *vm, unsigned long start)
{
	struct vmem_qcaches *all = vm->qcaches;

	lockdep_assert_held(&vm->segmap.lock);
	if (all->nnoted < VMEM_SLABS_NOTED)
		all->noted[all->nnoted++] = start;
	else
		all->noted_more = true;
	vmem_queue_work(&vm->split);
}

/**
 * vmem_split_note_beside - record the slabs beside a segment that becomes free
 * @vm: the arena; requests wait for its space
 * @seg: the segment, free or about to be split
 *
 * A free segment may lie between @seg and a slab.
 *
 * Context: the arena lock is held.
 */
void vmem_split_note_beside(struct vmem *vm, const struct vmem_seg *seg)
{
	const struct vmem_seg *prev = vmem_seg_prev(seg);
	const struct vmem_seg *next = vmem_seg_next(seg);

	if (!vm->qcaches)
		return;
	if (prev->type == VMEM_FREE)
		prev = vmem_seg_prev(prev);
	if (next->type == VMEM_FREE)
		next = vmem_seg_next(next);
	if (split_is_slab(vm, prev))
		split_record(vm, prev->start);
	if (split_is_slab(vm, next))
		split_record(vm, next->start);
}

/*
 * If a slab of @qc begins at @start, and splits of the slab and its neighbours
 * may make a free segment of @need integers, split the slab. @caller_queues:
 * see &vmem_pending_free.caller_queues. Returns 1 after a split, 0 if the
 * function did not split the slab, -ENOMEM if there was no memory.
 *
 * Holds the cache lock and the arena lock during the split, so that a request
 * finds each free object either in the slab or in the arena.
 */
static int split_slab(struct vmem_qcache *qc, unsigned long start,
		      unsigned long need, gfp_t gfp, bool caller_queues)
{
	struct vmem_pending_free pending = { .defer = true, .caller_queues = caller_queues };
	struct vmem *vm = qc->vm;
	struct vmem_segmap *sm = &vm->segmap;
	struct vmem_seg_pool extra = {};
	unsigned long irq, gained;
	struct vmem_slab *slab;
	struct vmem_seg *seg;
	unsigned int cost;

	/*
	 * Each cut takes two structures. Check again when the pool is filled:
	 * the slab may change while the locks are dropped.
	 */
	for (;;) {
		spin_lock_irqsave(&qc->lock, irq);
		slab = vmem_slab_find(qc, start);
		if (!slab || slab->start != start)
			goto out;
		spin_lock(&sm->lock);
		seg = vmem_segmap_find(sm, start);
		gained = split_gain(qc, slab, seg);
		if (gained < need) {
			spin_unlock(&sm->lock);
			goto out;
		}
		cost = 2 * (qc->per_slab - slab->nfree);
		if (extra.n >= cost)
			break;
		spin_unlock(&sm->lock);
		spin_unlock_irqrestore(&qc->lock, irq);
		vmem_seg_pool_fill(&extra, cost, gfp);
		if (extra.n < cost) {
			vmem_seg_pool_drain(&extra);
			return -ENOMEM;
		}
	}
	vmem_slab_remove(qc, slab);
	vmem_seg_pool_move(&sm->pool, &extra, extra.n);
	if (!cost) {
		seg = vmem_segmap_join(sm, seg);
		spin_unlock(&qc->lock);
		vmem_freed(vm, seg, &pending, irq);
		vmem_free_pending(&pending);
	} else {
		/* The free objects of adjacent slabs may join those of @slab. */
		if (vm->waiters)
			vmem_split_note_beside(vm, seg);
		split_segment(qc, slab, seg);
		vmem_trim(vm, &extra);
		spin_unlock(&sm->lock);
		spin_unlock_irqrestore(&qc->lock, irq);
		vmem_seg_pool_drain(&extra);
		vmem_signal(vm, gained);
	}
	vmem_slab_free(slab);
	return 1;
out:
	spin_unlock_irqrestore(&qc->lock, irq);
	vmem_seg_pool_drain(&extra);
	return 0;
}

/**
 * vmem_slab_split_any - split any slab
 * @qc: the cache; its arena is being destroyed
 *
 * Context: task, sleeping allowed.
 * Return: true if there was a slab.
 */
bool vmem_slab_split_any(struct vmem_qcache *qc)
{
	const struct hlist_head *list = &qc->full;
	unsigned long start;
	unsigned int i;

	spin_lock_irq(&qc->lock);
	if (!hlist_empty(&qc->empty))
		list = &qc->empty;
	for (i = 0; i < VMEM_SLAB_LISTS; i++)
		if (!hlist_empty(&qc->partial[i]))
			list = &qc->partial[i];
	if (hlist_empty(list)) {
		spin_unlock_irq(&qc->lock);
		return false;
	}
	start = hlist_entry(list->first, struct vmem_slab, list)->start;
	spin_unlock_irq(&qc->lock);
	split_slab(qc, start, 0, GFP_KERNEL | __GFP_NOFAIL, false);
	return true;
}

/* Does @free have a run of @n set bits? Takes logarithmic time. */
static bool split_has_run(u64 free, unsigned long n)
{
	unsigned long half;

	if (n > VMEM_SLAB_OBJECTS)
		return false;
	for (; n > 1 && free; n -= half) {
		half = n / 2;
		free &= free >> half;
	}
	return free;
}

/*
 * If @certain, returns true if a split of @slab alone makes a free segment of
 * @need integers. If not @certain, returns true if a split of @slab alone does
 * not make such a segment, but splits of @slab and its neighbours may. @row is
 * @need in objects, rounded up. Avoids split_runs(), because the caller checks
 * many slabs in one hold of the lock.
 */
static bool split_candidate(const struct vmem_qcache *qc, const struct vmem_slab *slab,
			    unsigned long need, unsigned long row, bool certain)
{
	u64 used = ~slab->free & GENMASK_ULL(qc->per_slab - 1, 0);
	unsigned long end = split_left_over(qc), high;
	bool holds;

	lockdep_assert_held(&qc->lock);
	high = used ? (qc->per_slab - fls64(used)) * qc->size + end : need;
	holds = high >= need || split_has_run(slab->free, row);
	return certain ? holds : !holds && (high || slab->free & 1);
}

/*
 * Collect at most @most slabs for which split_candidate() is true. Checks at
 * most *@looks slabs, and reduces *@looks by one for each. Sets @start to the
 * first integers of the collected slabs. Returns the number of collected slabs.
 */
static unsigned int split_candidates(struct vmem_qcache *qc, unsigned long need,
				     bool certain, unsigned long *start,
				     unsigned int most, unsigned int *looks)
{
	unsigned long row = (need - 1) / qc->size + 1;
	const struct hlist_head *list;
	struct vmem_slab *slab;
	unsigned int n = 0;
	unsigned long irq;
	int i;

	spin_lock_irqsave(&qc->lock, irq);
	for (i = VMEM_SLAB_LISTS; i >= -1 && n < most && *looks; i--) {
		if (i == VMEM_SLAB_LISTS)
			list = &qc->empty;
		else
			list = i < 0 ? &qc->full : &qc->partial[i];
		if (i < 0 && !split_left_over(qc))
			break;
		hlist_for_each_entry(slab, list, list) {
			if (n == most || !*looks)
				break;
			--*looks;
			if (split_candidate(qc, slab, need, row, certain))
				start[n++] = slab->start;
		}
	}
	spin_unlock_irqrestore(&qc->lock, irq);
	return n;
}

/**
 * vmem_split_some - split slabs for a request that may not sleep
 * @vm: the arena
 * @need: size of the request
 * @anywhere: true if any free segment of @need integers can serve the request
 * @budget: upper bounds; reduced by the work done
 *
 * Context: any but NMI.
 */
void vmem_split_some(struct vmem *vm, unsigned long need, bool anywhere,
		     struct vmem_reclaim_budget *budget)
{
	unsigned long start[GROUP];
	unsigned int i, k, n;

	for (i = 0; i < vm->qcaches->n; i++) {
		struct vmem_qcache *qc = &vm->qcaches->cache[i];
		bool certain = true;

		do {
			n = split_candidates(qc, need, certain, start,
					     min(budget->slabs,
						 (unsigned int)GROUP),
					     &budget->looks);
			for (k = 0; k < n; k++) {
				budget->slabs--;
				if (split_slab(qc, start[k], need, nowait,
					       true) > 0 &&
				    certain && anywhere)
					return;
			}
			certain = !certain;
		} while (!certain);
	}
}

/* Call split_slab() for each cache, until the result is not 0. */
static int split_at(struct vmem *vm, unsigned long start, unsigned long need)
{
	unsigned int i;
	int done = 0;

	for (i = 0; i < vm->qcaches->n && !done; i++)
		/* Not locked: vmem_slab_insert() records later slabs. */
		if (data_race(vm->qcaches->cache[i].nslabs))
			done = split_slab(&vm->qcaches->cache[i], start, need,
					  nowait, false);
	return done;
}

/**
 * vmem_split_all - split the slabs whose split may serve a request
 * @vm: the arena
 *
 * Context: task, sleeping allowed.
 */
void vmem_split_all(struct vmem *vm)
{
	struct vmem_segmap *sm = &vm->segmap;
	unsigned long start[GROUP];
	unsigned int i, n, left;
	struct vmem_cursor cur;
	bool end, memory = true;
	unsigned long need;

	spin_lock_irq(&sm->lock);
	need = vm->need_least;
	/*
	 * No request needs a split; or an earlier run has checked all slabs for
	 * this size, and vmem_split_note() has recorded all later changes.
	 */
	if (need == ULONG_MAX || need >= vm->split_done) {
		spin_unlock_irq(&sm->lock);
		return;
	}
	if (vm->waiters)
		vm->split_done = need;
	else
		WRITE_ONCE(vm->need_least, ULONG_MAX);
	vmem_cursor_open(sm, &cur, vmem_segmap_first(sm));
	do {
		n = 0;
		left = SEGMENTS_A_HOLD;
		while (!(end = vmem_segmap_is_end(sm, vmem_cursor_seg(sm, &cur))) &&
		       n < GROUP && left--) {
			struct vmem_seg *seg = cur.seg;

			if (split_is_slab(vm, seg))
				start[n++] = seg->start;
			vmem_cursor_set(&cur, vmem_seg_next(seg));
		}
		spin_unlock_irq(&sm->lock);
		for (i = 0; i < n && memory; i++)
			memory = split_at(vm, start[i], need) >= 0;
		cond_resched();
		spin_lock_irq(&sm->lock);
	} while (!end && memory);
	vmem_cursor_close(sm, &cur);
	/* If there is no memory, the next run tries again. */
	if (!memory)
		vm->split_done = ULONG_MAX;
	if (!memory && !vm->waiters)
		WRITE_ONCE(vm->need_least, min(vm->need_least, need));
	spin_unlock_irq(&sm->lock);
}

/**
 * vmem_split_note - record a slab for a split
 * @qc: the cache; its arena has waiters
 * @slab: a slab with a new free object; not wholly free
 *
 * Context: the cache lock is held. Takes the arena lock.
 */
void vmem_split_note(struct vmem_qcache *qc, const struct vmem_slab *slab)
{
	struct runs r = split_runs(qc, slab);
	struct vmem *vm = qc->vm;

	lockdep_assert_held(&qc->lock);
	if (r.most < READ_ONCE(vm->need_least) && !r.low && !r.high)
		return;
	spin_lock(&vm->segmap.lock);
	split_record(vm, slab->start);
	spin_unlock(&vm->segmap.lock);
}

/*
 * The work item &vmem.split: tries to split the recorded slabs. If there were
 * too many to record, then tries to split all.
 */
void vmem_split_work(struct work_struct *work)
{
	struct vmem *vm = container_of(work, struct vmem, split);
	struct vmem_qcaches *all = vm->qcaches;
	struct vmem_segmap *sm = &vm->segmap;
	unsigned long start = 0, need;
	bool found, more, memory = true;

	do {
		spin_lock_irq(&sm->lock);
		found = all->nnoted;
		if (found)
			start = all->noted[--all->nnoted];
		more = all->noted_more;
		need = vm->need_least;
		spin_unlock_irq(&sm->lock);
		if (found && need != ULONG_MAX && split_at(vm, start, need) < 0)
			memory = false;
		cond_resched();
	} while (found);
	if (!more && memory)
		return;
	/* Check all slabs: now, or in the next reclaim if memory was short. */
	spin_lock_irq(&sm->lock);
	all->noted_more = false;
	vm->split_done = ULONG_MAX;
	spin_unlock_irq(&sm->lock);
	if (memory)
		vmem_split_all(vm);
}
