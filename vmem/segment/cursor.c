// SPDX-License-Identifier: GPL-2.0
/*
 * Cursors: places in the segment list that survive what happens to the list.
 *
 * The rotor of next fit is one, each walk that drops the lock has one, and so
 * has each debugfs file that is being read. A search that drops the lock keeps
 * its place in the list of a size class.
 */
#include "space.h"

/**
 * vmem_cursor_open - start to keep a place
 * @sp: the space
 * @cur: the cursor
 * @seg: where to put it
 *
 * Context: the arena lock is held.
 */
void vmem_cursor_open(struct vmem_space *sp, struct vmem_cursor *cur,
		      struct vmem_seg *seg)
{
	lockdep_assert_held(&sp->lock);
	vmem_cursor_set(cur, seg);
	hlist_add_head(&cur->link, &sp->cursors);
	vmem_space_watch(sp, 1);
}

/**
 * vmem_cursor_close - forget a place
 * @sp: the space
 * @cur: the cursor, open or not
 *
 * Context: the arena lock is held.
 */
void vmem_cursor_close(struct vmem_space *sp, struct vmem_cursor *cur)
{
	lockdep_assert_held(&sp->lock);
	if (!hlist_unhashed(&cur->link)) {
		hlist_del_init(&cur->link);
		vmem_space_watch(sp, -1);
	}
}

/* Put a cursor at the beginning of a segment. */
void vmem_cursor_set(struct vmem_cursor *cur, struct vmem_seg *seg)
{
	cur->seg = seg;
	cur->addr = seg->start;
}

/**
 * vmem_cursor_seg - the first segment that begins at the cursor or after it
 * @sp: the space
 * @cur: the cursor
 *
 * If the cursor's address has come to lie inside a segment, that segment was put
 * together from what had been looked at before and what had not: it is passed
 * over.
 *
 * Context: the arena lock is held.
 * Return: the segment, which may be a span marker; the end of the list after the last.
 */
struct vmem_seg *vmem_cursor_seg(struct vmem_space *sp, struct vmem_cursor *cur)
{
	lockdep_assert_held(&sp->lock);
	if (!vmem_space_end(sp, cur->seg) && cur->seg->start < cur->addr)
		vmem_cursor_set(cur, vmem_seg_next(cur->seg));
	return cur->seg;
}

/* @piece was cut off @from: cursors on what is in @piece now follow. */
void vmem_cursors_split(struct vmem_space *sp, const struct vmem_seg *from,
			struct vmem_seg *piece)
{
	unsigned long taken = vmem_space_taken(sp, piece);
	struct vmem_cursor *cur;

	hlist_for_each_entry(cur, &sp->cursors, link)
		if (cur->seg == from && cur->addr - piece->start < taken)
			cur->seg = piece;
}

/* @gone is part of @heir now: cursors keep their address. */
void vmem_cursors_join(struct vmem_space *sp, const struct vmem_seg *gone,
		       struct vmem_seg *heir)
{
	struct vmem_cursor *cur;

	hlist_for_each_entry(cur, &sp->cursors, link)
		if (cur->seg == gone)
			cur->seg = heir;
}

/* @gone leaves with its span: cursors go on at @next. */
void vmem_cursors_skip(struct vmem_space *sp, const struct vmem_seg *gone,
		       struct vmem_seg *next)
{
	struct vmem_cursor *cur;

	hlist_for_each_entry(cur, &sp->cursors, link)
		if (cur->seg == gone)
			vmem_cursor_set(cur, next);
}

/* @gone leaves its class: cursors at it go on with the next. */
void vmem_class_cursors_skip(struct vmem_classes *c,
			     const struct vmem_seg *gone)
{
	struct vmem_class_cursor *cur;

	hlist_for_each_entry(cur, &c->cursors, link) {
		if (cur->seg == gone)
			cur->seg = vmem_class_next(c, gone);
		if (cur->best == gone)
			cur->best = NULL;
	}
}
