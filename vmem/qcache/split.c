// SPDX-License-Identifier: GPL-2.0
/*
 * Splitting slabs: what is free within a slab becomes free in the arena.
 *
 * A slab is one allocated segment. When the arena has run out, its free objects, and
 * the end that is left over, must be had too, by requests of any size. To split a slab
 * frees the segment and allocates each object that is in use again, by itself. That
 * takes segment structures, and the cache loses the slab, so only those slabs are
 * split where it makes a free segment as large as is needed, together with what lies
 * beside the slab.
 *
 * A request that waits has all slabs looked at once. From then on each free notes its
 * slab, and a work item looks at that.
 */
#include <linux/slab.h>

#include "../arena/maintain.h"
#include "../arena/populate.h"
#include "../arena/release.h"
#include "../arena/wait.h"
#include "slab.h"

/* Segments to pass in one hold of the arena lock. */
#define SEGMENTS_A_HOLD	128

/* Slabs to be looked at together. */
#define GROUP		8

/**
 * struct runs - the free integers of a slab
 * @low: from its beginning on
 * @high: up to its end, with what is left over there
 * @most: the longest row
 */
struct runs {
	unsigned long low;
	unsigned long high;
	unsigned long most;
};

/* The end of a slab that is too short for an object. */
static unsigned long left_over(const struct vmem_qcache *qc)
{
	return qc->vm->qcaches->slab_size - qc->per_slab * qc->size;
}

static struct runs runs_of(const struct vmem_qcache *qc,
			   const struct vmem_slab *slab)
{
	u64 used = ~slab->free & GENMASK_ULL(qc->per_slab - 1, 0);
	unsigned long end = left_over(qc);
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

/*
 * How much may come up, if @seg is a slab that is split, at the end that borders on
 * another slab.
 */
static unsigned long beside(struct vmem_qcache *qc, const struct vmem_seg *seg,
			    bool above)
{
	struct vmem_slab *slab;
	struct runs r;

	if (seg->type != VMEM_ALLOC || !seg->cached ||
	    seg->size != qc->vm->qcaches->slab_size)
		return 0;
	slab = vmem_slab_find(qc, seg->start);
	/* It may be a slab of another cache, whose lock may not be taken here. */
	if (!slab)
		return seg->size;
	r = runs_of(qc, slab);
	return above ? r.low : r.high;
}

/* How large a free segment will come up if @slab, which is @seg, is split. */
static unsigned long gain(struct vmem_qcache *qc, const struct vmem_slab *slab,
			  const struct vmem_seg *seg)
{
	struct vmem_seg *prev = vmem_seg_prev(seg), *next = vmem_seg_next(seg);
	struct runs r = runs_of(qc, slab);
	unsigned long gained = r.most;

	lockdep_assert_held(&qc->vm->space.lock);
	if (r.low) {
		if (prev->type == VMEM_FREE) {
			r.low += prev->size;
			prev = vmem_seg_prev(prev);
		}
		gained = max(gained, r.low + beside(qc, prev, false));
	}
	if (r.high) {
		if (next->type == VMEM_FREE) {
			r.high += next->size;
			next = vmem_seg_next(next);
		}
		gained = max(gained, r.high + beside(qc, next, true));
	}
	return gained;
}

/* Free @seg, a slab that has been forgotten, but for its objects in use. */
static struct vmem_seg *split(struct vmem_qcache *qc,
			      const struct vmem_slab *slab, struct vmem_seg *seg)
{
	struct vmem_space *sp = &qc->vm->space;
	unsigned int i;

	lockdep_assert_held(&sp->lock);
	seg = vmem_space_join(sp, seg);
	for (i = 0; i < qc->per_slab; i++) {
		if (slab->free & (1ULL << i))
			continue;
		seg = vmem_space_cut(sp, seg, slab->start + i * qc->size,
				     qc->size);
		seg->cached = true;
		seg = vmem_seg_next(seg);
	}
	return seg;
}

/**
 * vmem_slab_split - split a slab if that makes a free segment of some size
 * @qc: the cache
 * @start: the first integer of what may be a slab of it
 * @need: the size; 0: split it in any case
 * @gfp: how to get segment structures
 * @hold: as in &struct vmem_home
 *
 * Under both locks, so that a request finds a free object in the slab or in the arena.
 *
 * Context: as @gfp says. Takes the cache's lock and the arena's.
 * Return: 1: it was split; 0: it is none, or that is of no use; -ENOMEM.
 */
int vmem_slab_split(struct vmem_qcache *qc, unsigned long start,
		    unsigned long need, gfp_t gfp, bool hold)
{
	struct vmem_home home = { .later = true, .hold = hold };
	struct vmem *vm = qc->vm;
	struct vmem_space *sp = &vm->space;
	struct vmem_stock extra = {};
	unsigned long irq, gained;
	struct vmem_slab *slab;
	struct vmem_seg *seg;
	unsigned int cost;
	int err = 0;

	/* Two structures for each cut; the slab may change while they are got. */
	for (;;) {
		spin_lock_irqsave(&qc->lock, irq);
		slab = vmem_slab_find(qc, start);
		if (!slab || slab->start != start)
			goto out;
		spin_lock(&sp->lock);
		seg = vmem_space_find(sp, start);
		gained = gain(qc, slab, seg);
		if (gained < need) {
			spin_unlock(&sp->lock);
			goto out;
		}
		cost = 2 * (qc->per_slab - slab->nfree);
		if (extra.n >= cost)
			break;
		spin_unlock(&sp->lock);
		spin_unlock_irqrestore(&qc->lock, irq);
		vmem_stock_fill(&extra, cost, gfp);
		if (extra.n < cost) {
			vmem_stock_drain(&extra);
			return -ENOMEM;
		}
	}
	vmem_slab_forget(qc, slab);
	vmem_stock_move(&sp->stock, &extra, extra.n);
	if (!cost) {
		seg = vmem_space_join(sp, seg);
		spin_unlock(&qc->lock);
		vmem_freed(vm, seg, &home, irq);
		vmem_send_home(&home);
	} else {
		split(qc, slab, seg);
		vmem_trim(vm, &extra);
		spin_unlock(&sp->lock);
		spin_unlock_irqrestore(&qc->lock, irq);
		vmem_stock_drain(&extra);
		vmem_signal(vm, gained);
	}
	vmem_slab_abandon(slab);
	return 1;
out:
	spin_unlock_irqrestore(&qc->lock, irq);
	vmem_stock_drain(&extra);
	return err;
}

/**
 * vmem_slab_split_any - split some slab, whatever that gives
 * @qc: the cache of an arena that ends
 *
 * Context: task, sleeping allowed.
 * Return: whether there was one.
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
	vmem_slab_split(qc, start, 0, GFP_KERNEL | __GFP_NOFAIL, false);
	return true;
}

static const gfp_t nowait = GFP_NOWAIT | __GFP_NOWARN;

/**
 * vmem_split_some - split slabs for a request that may not sleep
 * @vm: the arena
 * @need: the size that is needed
 * @anywhere: one free segment of that size is enough, wherever it is
 * @budget: how many slabs may be looked at and split
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
			n = vmem_split_candidates(qc, need, certain, start,
						  min(budget->slabs,
						      (unsigned int)GROUP),
						  &budget->looks);
			for (k = 0; k < n; k++) {
				budget->slabs--;
				if (vmem_slab_split(qc, start[k], need, nowait,
						    true) > 0 &&
				    certain && anywhere)
					return;
			}
			certain = !certain;
		} while (!certain);
	}
}

/* Are there @n free objects in a row? In logarithmic time. */
static bool has_row(u64 free, unsigned long n)
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
 * Could a split of @slab help? @certain: without anything beside it. Cheaper than
 * runs_of(), since many slabs are looked at in one hold of the lock.
 */
static bool candidate(const struct vmem_qcache *qc, const struct vmem_slab *slab,
		      unsigned long need, unsigned long row, bool certain)
{
	u64 used = ~slab->free & GENMASK_ULL(qc->per_slab - 1, 0);
	unsigned long end = left_over(qc), high;
	bool holds;

	lockdep_assert_held(&qc->lock);
	high = used ? (qc->per_slab - fls64(used)) * qc->size + end : need;
	holds = high >= need || has_row(slab->free, row);
	return certain ? holds : !holds && (high || slab->free & 1);
}

/**
 * vmem_split_candidates - slabs whose split may help
 * @qc: the cache
 * @need: the size that is needed
 * @certain: those that hold it by themselves; else those that may with what is beside
 * @start: where to put their first integers
 * @most: how many of them
 * @looks: how many slabs may be looked at; falls
 *
 * Return: how many.
 */
unsigned int vmem_split_candidates(struct vmem_qcache *qc, unsigned long need,
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
		if (i < 0 && !left_over(qc))
			break;
		hlist_for_each_entry(slab, list, list) {
			if (n == most || !*looks)
				break;
			--*looks;
			if (candidate(qc, slab, need, row, certain))
				start[n++] = slab->start;
		}
	}
	spin_unlock_irqrestore(&qc->lock, irq);
	return n;
}

/* Split the slab that begins at @start, of whichever cache, if that is of use. */
static int split_at(struct vmem *vm, unsigned long start, unsigned long need)
{
	unsigned int i;
	int done = 0;

	for (i = 0; i < vm->qcaches->n && !done; i++)
		/* Written under the lock: what is new is noted by itself. */
		if (data_race(vm->qcaches->cache[i].nslabs))
			done = vmem_slab_split(&vm->qcaches->cache[i], start,
					       need, nowait, false);
	return done;
}

/**
 * vmem_split_all - split the slabs of an arena whose split makes what is needed
 * @vm: the arena
 *
 * Context: task, sleeping allowed.
 */
void vmem_split_all(struct vmem *vm)
{
	struct vmem_space *sp = &vm->space;
	unsigned long start[GROUP];
	unsigned int i, n, left;
	struct vmem_cursor cur;
	bool end, memory = true;
	unsigned long need;

	spin_lock_irq(&sp->lock);
	need = vm->need_least;
	/* Nothing is wanted, or frees have noted what has changed since. */
	if (need == ULONG_MAX || need >= vm->split_done) {
		spin_unlock_irq(&sp->lock);
		return;
	}
	if (vm->waiters)
		vm->split_done = need;
	else
		WRITE_ONCE(vm->need_least, ULONG_MAX);
	vmem_cursor_open(sp, &cur, vmem_space_first(sp));
	do {
		n = 0;
		left = SEGMENTS_A_HOLD;
		while (!(end = vmem_space_end(sp, vmem_cursor_seg(sp, &cur))) &&
		       n < GROUP && left--) {
			struct vmem_seg *seg = cur.seg;

			if (seg->type == VMEM_ALLOC && seg->cached &&
			    seg->size == vm->qcaches->slab_size)
				start[n++] = seg->start;
			vmem_cursor_set(&cur, vmem_seg_next(seg));
		}
		spin_unlock_irq(&sp->lock);
		for (i = 0; i < n && memory; i++)
			memory = split_at(vm, start[i], need) >= 0;
		cond_resched();
		spin_lock_irq(&sp->lock);
	} while (!end && memory);
	vmem_cursor_close(sp, &cur);
	/* The next run tries again. */
	if (!memory)
		vm->split_done = ULONG_MAX;
	if (!memory && !vm->waiters)
		WRITE_ONCE(vm->need_least, min(vm->need_least, need));
	spin_unlock_irq(&sp->lock);
}

/**
 * vmem_split_note - an object has returned to a slab of an arena with waiters
 * @qc: the cache
 * @slab: the slab, not wholly free
 *
 * Context: the cache's lock is held.
 * Return: whether vmem_queue_work(&vm->split) is to be called without that.
 */
bool vmem_split_note(struct vmem_qcache *qc, const struct vmem_slab *slab)
{
	struct runs r = runs_of(qc, slab);

	lockdep_assert_held(&qc->lock);
	if (r.most < READ_ONCE(qc->vm->need_least) && !r.low && !r.high)
		return false;
	if (qc->nnoted < VMEM_SLABS_NOTED)
		qc->noted[qc->nnoted++] = slab->start;
	else
		qc->noted_more = true;
	return true;
}

/* The work item: look at the slabs that frees have noted. */
void vmem_split_work(struct work_struct *work)
{
	struct vmem *vm = container_of(work, struct vmem, split);
	bool more = false, memory = true;
	unsigned long start, need;
	unsigned int i;

	for (i = 0; i < vm->qcaches->n; i++) {
		struct vmem_qcache *qc = &vm->qcaches->cache[i];

		for (;;) {
			start = 0;
			spin_lock_irq(&qc->lock);
			if (qc->nnoted)
				start = qc->noted[--qc->nnoted];
			more |= qc->noted_more;
			qc->noted_more = false;
			spin_unlock_irq(&qc->lock);
			need = READ_ONCE(vm->need_least);
			if (!start)
				break;
			if (need != ULONG_MAX &&
			    vmem_slab_split(qc, start, need, nowait, false) < 0)
				memory = false;
			cond_resched();
		}
	}
	if (!more && memory)
		return;
	/* All are to be looked at again: now, or when there is memory. */
	spin_lock_irq(&vm->space.lock);
	vm->split_done = ULONG_MAX;
	spin_unlock_irq(&vm->space.lock);
	if (memory)
		vmem_split_all(vm);
}
