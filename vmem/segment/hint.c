// SPDX-License-Identifier: GPL-2.0
/*
 * Hints: a walk of the segment list to an address begins at a hint instead of at
 * the start of the span.
 *
 * The list is in address order within a span, but it has no index. So a walk to
 * an address inserts a hint at each VMEM_HINT_STRIDE-th segment that it passes.
 * A hint is an address, in a tree, at which an allocated segment began. A later
 * walk begins at the last hint at or before the target address.
 *
 * vmem_alloc() and vmem_free() do not update hints. Before a walk uses a hint,
 * it checks in the segment table that an allocated segment still begins there.
 * If not, it erases the hint and tries the hint at the next lower address. Two
 * free segments are never neighbours, so there are always enough allocated
 * segments for hints.
 *
 * A hint occupies a spare segment structure. If the pool has only the
 * structures that the arena needs, the walk inserts no hint, and the next
 * request on the slow path refills the pool, without waiting for memory. No
 * request fails for lack of a hint.
 */
#include "segmap.h"

/* Upper bound: one hint per HINT_SHARE allocated segments, plus HINT_EXTRA. */
#define HINT_SHARE	(VMEM_HINT_STRIDE / 2)
#define HINT_EXTRA	8

static inline struct vmem_seg *hint_entry(const struct rb_node *node)
{
	return rb_entry(node, struct vmem_seg, span);
}

static bool hint_less(struct rb_node *a, const struct rb_node *b)
{
	return hint_entry(a)->start < hint_entry(b)->start;
}

static unsigned long hint_max(const struct vmem_segmap *sm)
{
	return vmem_segmap_nr_allocated(sm) / HINT_SHARE + HINT_EXTRA;
}

static void hint_erase(struct vmem_segmap *sm, struct vmem_seg *hint)
{
	rb_erase(&hint->span, &sm->hints);
	sm->nr_hints--;
	vmem_seg_pool_put(&sm->pool, hint);
}

/* The last hint at or before an address, or NULL. */
static struct vmem_seg *hint_before(const struct vmem_segmap *sm,
				    unsigned long addr)
{
	struct rb_node *node = sm->hints.rb_node;
	struct vmem_seg *found = NULL;

	while (node) {
		struct vmem_seg *hint = hint_entry(node);

		if (hint->start <= addr) {
			found = hint;
			node = node->rb_right;
		} else {
			node = node->rb_left;
		}
	}
	return found;
}

/* The allocated segment that begins at the address of a hint, or NULL. */
static struct vmem_seg *hint_segment(struct vmem_segmap *sm,
				     const struct vmem_seg *hint)
{
	u64 steps = 0;

	return hlist_entry_safe(vmem_hash_find(&sm->hash, hint->start,
					       VMEM_SEG_KEY, &steps),
				struct vmem_seg, hash);
}

/**
 * vmem_hint_find - find the segment at which a walk to an address begins
 * @sm: the map
 * @span: the marker of the span that holds the address
 * @addr: the address
 *
 * Tries at most VMEM_HINT_STRIDE hints.
 *
 * Context: the arena lock is held.
 * Return: an allocated segment that begins at or before @addr, or the first
 * segment of the span.
 */
struct vmem_seg *vmem_hint_find(struct vmem_segmap *sm, struct vmem_seg *span,
				unsigned long addr)
{
	unsigned int tries = VMEM_HINT_STRIDE;
	struct vmem_seg *hint, *seg;

	lockdep_assert_held(&sm->lock);
	while (tries--) {
		hint = hint_before(sm, addr);
		if (!hint || hint->start < span->start)
			break;
		seg = hint_segment(sm, hint);
		if (seg)
			return seg;
		hint_erase(sm, hint);
	}
	return vmem_seg_next(span);
}

/**
 * vmem_hint_insert - insert a hint
 * @sm: the map
 * @seg: the segment; no-op unless it is allocated
 *
 * Best effort: a no-op if the number of hints is at its upper bound. If the
 * pool has no structure to spare, only sets &vmem_segmap.hints_wanted.
 *
 * Context: the arena lock is held.
 */
void vmem_hint_insert(struct vmem_segmap *sm, const struct vmem_seg *seg)
{
	struct vmem_seg *hint;

	lockdep_assert_held(&sm->lock);
	if (seg->type != VMEM_ALLOC || sm->nr_hints >= hint_max(sm))
		return;
	if (sm->pool.n < sm->pool_low + VMEM_SPAN_COST + VMEM_CUT_COST) {
		sm->hints_wanted = true;
		return;
	}
	hint = hint_before(sm, seg->start);
	if (hint && hint->start == seg->start)
		return;
	hint = vmem_seg_pool_get(&sm->pool);
	hint->type = VMEM_HINT;
	hint->start = seg->start;
	rb_add(&hint->span, &sm->hints, hint_less);
	sm->nr_hints++;
}

/**
 * vmem_hints_prune - erase stale hints
 * @sm: the map
 * @from: address at which the call begins, 0 in the first call; set to the
 *	address for the next call
 *
 * Visits a bounded number of hints. While there are more hints than the upper
 * bound, erases even valid hints.
 *
 * Context: the arena lock is held; the caller drops it between two calls.
 * Return: true if hints remain that no call has visited.
 */
bool vmem_hints_prune(struct vmem_segmap *sm, unsigned long *from)
{
	struct vmem_seg *hint = hint_before(sm, *from);
	unsigned int tries = 2 * VMEM_HINT_STRIDE;
	unsigned long max = hint_max(sm);
	struct rb_node *node;

	lockdep_assert_held(&sm->lock);
	node = hint ? &hint->span : rb_first(&sm->hints);
	while (node && tries--) {
		hint = hint_entry(node);
		*from = hint->start;
		node = rb_next(node);
		if (sm->nr_hints > max || !hint_segment(sm, hint))
			hint_erase(sm, hint);
	}
	if (node)
		*from = hint_entry(node)->start;
	return node;
}

/* Move all hints to the pool. The arena is being destroyed and has no users. */
void vmem_hints_destroy(struct vmem_segmap *sm)
{
	struct vmem_seg *hint, *next;

	rbtree_postorder_for_each_entry_safe(hint, next, &sm->hints, span)
		vmem_seg_pool_put(&sm->pool, hint);
	sm->hints = RB_ROOT;
	sm->nr_hints = 0;
}
