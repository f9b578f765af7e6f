// SPDX-License-Identifier: GPL-2.0
/*
 * Spans: how they come and go, and which one holds an address.
 *
 * They are in the segment list in the order in which they came and in a tree by
 * address, so that neither a check for overlap nor vmem_contains() grows with
 * the number of imports.
 */
#include "space.h"

static inline struct vmem_seg *rb_span(const struct rb_node *node)
{
	return rb_entry(node, struct vmem_seg, span);
}

static bool span_less(struct rb_node *a, const struct rb_node *b)
{
	return rb_span(a)->start < rb_span(b)->start;
}

/**
 * vmem_span_add - add a span that is free as a whole
 * @sp: the space, with VMEM_SPAN_COST structures in its stock
 * @start: its first integer; not 0
 * @size: how many; they overlap no span
 * @imported: whether it came from the source
 *
 * It goes to the end of the list.
 *
 * Context: the arena lock is held.
 * Return: the span's marker; its free segment is the next in the list.
 */
struct vmem_seg *vmem_span_add(struct vmem_space *sp, unsigned long start,
			       unsigned long size, bool imported)
{
	struct vmem_seg *span = vmem_stock_get(&sp->stock);
	struct vmem_seg *seg = vmem_stock_get(&sp->stock);

	lockdep_assert_held(&sp->lock);
	span->type = VMEM_SPAN;
	span->start = start;
	span->size = size;
	span->imported = imported;
	hlist_add_before(&span->order, &sp->end.order);
	rb_add(&span->span, &sp->spans, span_less);
	sp->nspans++;

	seg->type = VMEM_FREE;
	seg->start = start;
	seg->size = size;
	hlist_add_before(&seg->order, &sp->end.order);
	vmem_classes_add(&sp->classes, seg);

	sp->stats.mem_total += size;
	if (imported)
		sp->stats.mem_import += size;
	sp->added++;
	return span;
}

/**
 * vmem_span_remove - take away an imported span that is free as a whole
 * @sp: the space
 * @span: its marker
 *
 * Context: the arena lock is held. Two structures go back into the stock.
 */
void vmem_span_remove(struct vmem_space *sp, struct vmem_seg *span)
{
	struct vmem_seg *seg = vmem_seg_next(span);

	lockdep_assert_held(&sp->lock);
	sp->stats.mem_total -= span->size;
	sp->stats.mem_import -= span->size;

	vmem_classes_del(&sp->classes, seg, false);
	if (vmem_cursors_any(sp)) {
		struct vmem_seg *next = vmem_seg_next(seg);

		vmem_cursors_skip(sp, span, next);
		vmem_cursors_skip(sp, seg, next);
	}
	rb_erase(&span->span, &sp->spans);
	sp->nspans--;
	__hlist_del(&span->order);
	__hlist_del(&seg->order);
	vmem_stock_put(&sp->stock, span);
	vmem_stock_put(&sp->stock, seg);
}

/* The span that starts last at or before @addr, whether it reaches it or not. */
static struct vmem_seg *span_before(const struct vmem_space *sp,
				    unsigned long addr, u64 *steps)
{
	struct rb_node *node = sp->spans.rb_node;
	struct vmem_seg *found = NULL;

	while (node) {
		struct vmem_seg *span = rb_span(node);

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
 * vmem_span_find - the span that holds an address
 * @sp: the space
 * @addr: the address
 * @steps: rises by the number of spans looked at, or NULL
 *
 * Context: the arena lock is held.
 * Return: its marker, or NULL.
 */
struct vmem_seg *vmem_span_find(const struct vmem_space *sp,
				unsigned long addr, u64 *steps)
{
	struct vmem_seg *span = span_before(sp, addr, steps);

	lockdep_assert_held(&sp->lock);
	return span && addr <= vmem_seg_last(span) ? span : NULL;
}

/**
 * vmem_span_overlaps - does a range share an integer with a span?
 * @sp: the space
 * @start: first integer of the range
 * @size: how many; not 0, not wrapping
 *
 * Context: the arena lock is held.
 * Return: whether it does.
 */
bool vmem_span_overlaps(const struct vmem_space *sp, unsigned long start,
			unsigned long size)
{
	struct vmem_seg *span = span_before(sp, start + size - 1, NULL);

	lockdep_assert_held(&sp->lock);
	return span && vmem_seg_last(span) >= start;
}

/* The span that an address lies in, or the first one after it, or NULL. */
struct vmem_seg *vmem_span_from(const struct vmem_space *sp, unsigned long addr)
{
	struct vmem_seg *span = span_before(sp, addr, NULL);
	struct rb_node *node;

	lockdep_assert_held(&sp->lock);
	if (span && addr <= vmem_seg_last(span))
		return span;
	node = span ? rb_next(&span->span) : rb_first(&sp->spans);
	return node ? rb_span(node) : NULL;
}

/* The next span by address, or NULL. */
struct vmem_seg *vmem_span_after(const struct vmem_seg *span)
{
	struct rb_node *node = rb_next(&span->span);

	return node ? rb_span(node) : NULL;
}
