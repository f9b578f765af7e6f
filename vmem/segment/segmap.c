// SPDX-License-Identifier: GPL-2.0
/*
 * The segment map: cuts that leave a remainder below the allocation, spans, and
 * cursors. The functions for the fast paths are in segmap.h.
 */
#include "segmap.h"

void vmem_segmap_init(struct vmem_segmap *sm, unsigned long quantum)
{
	spin_lock_init(&sm->lock);
	sm->quantum = quantum;
	sm->mask = quantum - 1;
	INIT_HLIST_HEAD(&sm->cursors);
	vmem_classes_init(&sm->classes);
	vmem_hash_init(&sm->hash, ilog2(quantum), VMEM_SEG_KEY);
	sm->spans = RB_ROOT;
	sm->hints = RB_ROOT;
	INIT_HLIST_HEAD(&sm->list);
	sm->end.type = VMEM_SPAN;
	hlist_add_head(&sm->end.order, &sm->list);
}

/*
 * vmem_segmap_cut() with a left remainder. If the right remainder has the same
 * class as @seg, @seg becomes the right remainder, else @seg becomes the left
 * remainder. So a remainder of the class of @seg keeps the place of @seg in the
 * list of the class.
 */
struct vmem_seg *vmem_segmap_cut_middle(struct vmem_segmap *sm,
					struct vmem_seg *seg, unsigned long addr,
					unsigned long size)
{
	unsigned long taken = vmem_segmap_round(sm, size);
	unsigned long start = seg->start;
	unsigned long left = addr - start;
	unsigned long right = seg->size - left - taken;
	struct vmem_seg *piece = vmem_seg_pool_get(&sm->pool);
	struct vmem_seg *rest;

	lockdep_assert_held(&sm->lock);
	piece->start = addr;

	if (!right) {
		vmem_classes_shrink(&sm->classes, seg, seg->size,
				    taken, false);
		hlist_add_behind(&piece->order, &seg->order);
		vmem_segmap_claim(sm, piece, addr, size);
		if (vmem_cursors_any(sm))
			vmem_cursors_split(sm, seg, piece);
		return piece;
	}

	rest = vmem_seg_pool_get(&sm->pool);
	rest->type = VMEM_FREE;
	if (vmem_class_of(right) == vmem_class_of(seg->size)) {
		seg->start = addr + taken;
		vmem_classes_shrink(&sm->classes, seg, seg->size,
				    left + taken, false);
		rest->start = start;
		rest->size = left;
		vmem_classes_add(&sm->classes, rest);
		hlist_add_before(&rest->order, &seg->order);
		hlist_add_before(&piece->order, &seg->order);
	} else {
		rest->start = addr + taken;
		rest->size = right;
		vmem_classes_add(&sm->classes, rest);
		vmem_classes_shrink(&sm->classes, seg, seg->size,
				    taken + right, false);
		hlist_add_behind(&rest->order, &seg->order);
		hlist_add_behind(&piece->order, &seg->order);
	}
	vmem_segmap_claim(sm, piece, addr, size);
	if (vmem_cursors_any(sm)) {
		vmem_cursors_split(sm, seg, piece);
		vmem_cursors_split(sm, seg, rest);
	}
	return piece;
}

/* Spans. */

static inline struct vmem_seg *span_entry(const struct rb_node *node)
{
	return rb_entry(node, struct vmem_seg, span);
}

static bool span_less(struct rb_node *a, const struct rb_node *b)
{
	return span_entry(a)->start < span_entry(b)->start;
}

/**
 * vmem_span_add - add a wholly free span at the end of the list
 * @sm: the map, with VMEM_SPAN_COST structures in its pool
 * @start: first integer of the span; not 0
 * @size: number of integers; the span overlaps no other span
 * @imported: the import function returned the span
 *
 * Context: the arena lock is held.
 * Return: the marker of the span; the free segment follows it in the list.
 */
struct vmem_seg *vmem_span_add(struct vmem_segmap *sm, unsigned long start,
			       unsigned long size, bool imported)
{
	struct vmem_seg *span = vmem_seg_pool_get(&sm->pool);
	struct vmem_seg *seg = vmem_seg_pool_get(&sm->pool);

	lockdep_assert_held(&sm->lock);
	span->type = VMEM_SPAN;
	span->start = start;
	span->size = size;
	span->imported = imported;
	hlist_add_before(&span->order, &sm->end.order);
	rb_add(&span->span, &sm->spans, span_less);
	sm->nspans++;

	seg->type = VMEM_FREE;
	seg->start = start;
	seg->size = size;
	hlist_add_before(&seg->order, &sm->end.order);
	vmem_classes_add(&sm->classes, seg);

	sm->stats.mem_total += size;
	if (imported)
		sm->stats.mem_import += size;
	sm->added++;
	return span;
}

/**
 * vmem_span_remove - remove a wholly free imported span
 * @sm: the map
 * @span: the marker of the span
 *
 * Puts two structures into the pool.
 *
 * Context: the arena lock is held.
 */
void vmem_span_remove(struct vmem_segmap *sm, struct vmem_seg *span)
{
	struct vmem_seg *seg = vmem_seg_next(span);

	lockdep_assert_held(&sm->lock);
	sm->stats.mem_total -= span->size;
	sm->stats.mem_import -= span->size;

	vmem_classes_del(&sm->classes, seg, false);
	if (vmem_cursors_any(sm)) {
		struct vmem_seg *next = vmem_seg_next(seg);

		vmem_cursors_skip(sm, span, next);
		vmem_cursors_skip(sm, seg, next);
	}
	rb_erase(&span->span, &sm->spans);
	sm->nspans--;
	__hlist_del(&span->order);
	__hlist_del(&seg->order);
	vmem_seg_pool_put(&sm->pool, span);
	vmem_seg_pool_put(&sm->pool, seg);
}

/* The span with the highest start <= @addr. It need not hold @addr. */
static struct vmem_seg *span_before(const struct vmem_segmap *sm,
				    unsigned long addr, u64 *steps)
{
	struct rb_node *node = sm->spans.rb_node;
	struct vmem_seg *found = NULL;

	while (node) {
		struct vmem_seg *span = span_entry(node);

		if (steps)
			++*steps;
		if (span->start <= addr) {
			found = span;
			node = node->rb_right;
		} else {
			node = node->rb_left;
		}
	}
	return found;
}

/**
 * vmem_span_find - find the span that holds an address
 * @sm: the map
 * @addr: the address
 * @steps: incremented for each span that the search visits; or NULL
 *
 * Context: the arena lock is held.
 * Return: the marker of the span, or NULL.
 */
struct vmem_seg *vmem_span_find(const struct vmem_segmap *sm,
				unsigned long addr, u64 *steps)
{
	struct vmem_seg *span = span_before(sm, addr, steps);

	lockdep_assert_held(&sm->lock);
	return span && addr <= vmem_seg_last(span) ? span : NULL;
}

/**
 * vmem_span_overlaps - does a range overlap a span?
 * @sm: the map
 * @start: first integer of the range
 * @size: number of integers; not 0; the range does not wrap
 *
 * Context: the arena lock is held.
 * Return: true if the range and a span share an integer.
 */
bool vmem_span_overlaps(const struct vmem_segmap *sm, unsigned long start,
			unsigned long size)
{
	struct vmem_seg *span = span_before(sm, start + size - 1, NULL);

	lockdep_assert_held(&sm->lock);
	return span && vmem_seg_last(span) >= start;
}

/* The span that holds @addr, else the next span above @addr, or NULL. */
struct vmem_seg *vmem_span_from(const struct vmem_segmap *sm, unsigned long addr)
{
	struct vmem_seg *span = span_before(sm, addr, NULL);
	struct rb_node *node;

	lockdep_assert_held(&sm->lock);
	if (span && addr <= vmem_seg_last(span))
		return span;
	node = span ? rb_next(&span->span) : rb_first(&sm->spans);
	return node ? span_entry(node) : NULL;
}

/* The next span by address, or NULL. */
struct vmem_seg *vmem_span_after(const struct vmem_seg *span)
{
	struct rb_node *node = rb_next(&span->span);

	return node ? span_entry(node) : NULL;
}

/* Cursors. */

/**
 * vmem_cursor_open - open a cursor
 * @sm: the map
 * @cur: the cursor
 * @seg: segment or marker; the cursor opens at the first integer of @seg
 *
 * Context: the arena lock is held.
 */
void vmem_cursor_open(struct vmem_segmap *sm, struct vmem_cursor *cur,
		      struct vmem_seg *seg)
{
	lockdep_assert_held(&sm->lock);
	vmem_cursor_set(cur, seg);
	hlist_add_head(&cur->link, &sm->cursors);
	vmem_segmap_observe(sm, 1);
}

/**
 * vmem_cursor_close - close a cursor
 * @sm: the map
 * @cur: the cursor; no-op unless it is open
 *
 * Context: the arena lock is held.
 */
void vmem_cursor_close(struct vmem_segmap *sm, struct vmem_cursor *cur)
{
	lockdep_assert_held(&sm->lock);
	if (!hlist_unhashed(&cur->link)) {
		hlist_del_init(&cur->link);
		vmem_segmap_observe(sm, -1);
	}
}

/* Move a cursor to the beginning of a segment. */
void vmem_cursor_set(struct vmem_cursor *cur, struct vmem_seg *seg)
{
	cur->seg = seg;
	cur->addr = seg->start;
}

/**
 * vmem_cursor_seg - the first segment in the list that begins at or after @cur
 * @sm: the map
 * @cur: the cursor
 *
 * A segment that begins below the address of the cursor and holds the address
 * is the result of a merge with segments that the user of the cursor has
 * visited. The function skips the merged segment.
 *
 * Context: the arena lock is held.
 * Return: the segment, which may be a span marker, or the end of the list.
 */
struct vmem_seg *vmem_cursor_seg(struct vmem_segmap *sm, struct vmem_cursor *cur)
{
	lockdep_assert_held(&sm->lock);
	if (!vmem_segmap_is_end(sm, cur->seg) && cur->seg->start < cur->addr)
		vmem_cursor_set(cur, vmem_seg_next(cur->seg));
	return cur->seg;
}

/* @piece was cut off @from: cursors with addresses in @piece move to @piece. */
void vmem_cursors_split(struct vmem_segmap *sm, const struct vmem_seg *from,
			struct vmem_seg *piece)
{
	unsigned long taken = vmem_segmap_taken(sm, piece);
	struct vmem_cursor *cur;

	hlist_for_each_entry(cur, &sm->cursors, link)
		if (cur->seg == from && cur->addr - piece->start < taken)
			cur->seg = piece;
}

/*
 * @from is merged into @into: cursors at @from move to @into, and keep their
 * addresses.
 */
void vmem_cursors_join(struct vmem_segmap *sm, const struct vmem_seg *from,
		       struct vmem_seg *into)
{
	struct vmem_cursor *cur;

	hlist_for_each_entry(cur, &sm->cursors, link)
		if (cur->seg == from)
			cur->seg = into;
}

/* @seg is removed with its span: cursors at @seg move to @next. */
void vmem_cursors_skip(struct vmem_segmap *sm, const struct vmem_seg *seg,
		       struct vmem_seg *next)
{
	struct vmem_cursor *cur;

	hlist_for_each_entry(cur, &sm->cursors, link)
		if (cur->seg == seg)
			vmem_cursor_set(cur, next);
}

/* @seg leaves its class: class cursors at @seg move to the next segment. */
void vmem_class_cursors_skip(struct vmem_classes *c, const struct vmem_seg *seg)
{
	struct vmem_class_cursor *cur;

	hlist_for_each_entry(cur, &c->cursors, link) {
		if (cur->seg == seg)
			cur->seg = vmem_class_next(c, seg);
		if (cur->best == seg)
			cur->best = NULL;
	}
}
