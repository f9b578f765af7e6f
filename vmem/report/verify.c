// SPDX-License-Identifier: GPL-2.0
/*
 * The validator: walks a whole arena and checks every invariant of
 * Documentation/theory.rst. For tests and debugging: a run holds the arena lock
 * from start to end.
 */
#include <linux/export.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>

#include "report.h"

/* Upper bound of the violations that a run prints. A run counts every one. */
#define VIOLATIONS_SHOWN	16

static bool debug;
module_param(debug, bool, 0644);
MODULE_PARM_DESC(debug, "extra checks for arenas that are created from now on (N)");

/* Must an arena that is created at this time make extra checks? */
bool vmem_debug_wanted(void)
{
	/* The kernel sets parameters by plain stores. */
	return data_race(READ_ONCE(debug));
}

/**
 * struct check - one run of the validator
 * @vm: the arena
 * @violations: number of violations
 * @allocated: number of allocated segments
 * @free: number of free segments
 * @cursors: number of cursors that are at a segment or at the end of the list
 * @spans: number of spans
 * @inuse: sum of the sizes of the allocated segments
 * @total: sum of the sizes of the spans
 * @import: sum of the sizes of the imported spans
 *
 * The walk of the segment list computes the numbers and the sums. Local to the
 * run.
 */
struct check {
	struct vmem *vm;
	int violations;
	unsigned long allocated;
	unsigned long free;
	unsigned long cursors;
	unsigned long spans;
	u64 inuse;
	u64 total;
	u64 import;
};

static __printf(2, 3) void verify_violation(struct check *c, const char *fmt, ...)
{
	struct va_format vaf = { .fmt = fmt };
	va_list args;

	if (c->violations++ >= VIOLATIONS_SHOWN)
		return;
	va_start(args, fmt);
	vaf.va = &args;
	pr_err("vmem: verify: arena %u '%s': %pV\n", c->vm->id, c->vm->label,
	       &vaf);
	va_end(args);
}

static void verify_cursors(struct check *c, const struct vmem_seg *seg)
{
	const struct vmem_segmap *sm = &c->vm->segmap;
	const struct vmem_cursor *cur;

	hlist_for_each_entry(cur, &sm->cursors, link) {
		if (cur->seg != seg)
			continue;
		c->cursors++;
		if (!vmem_segmap_is_end(sm, seg) &&
		    cur->addr - seg->start >= vmem_segmap_taken(sm, seg))
			verify_violation(c, "cursor %#lx is outside its segment %#lx",
					 cur->addr, seg->start);
	}
}

/* Check a segment, which must begin at @expected. */
static void verify_segment(struct check *c, const struct vmem_seg *seg,
			   unsigned long expected)
{
	struct vmem_segmap *sm = &c->vm->segmap;
	u64 steps = 0;

	if (seg->start != expected)
		verify_violation(c, "segment %#lx should begin at %#lx", seg->start,
				 expected);
	if (!seg->size)
		verify_violation(c, "segment %#lx is empty", seg->start);
	if (seg->start & (sm->quantum - 1))
		verify_violation(c, "segment %#lx does not begin at a multiple of the quantum",
				 seg->start);

	if (seg->type == VMEM_ALLOC) {
		c->allocated++;
		c->inuse += seg->size;
		if (vmem_hash_find(&sm->hash, seg->start, VMEM_SEG_KEY,
				   &steps) != &seg->hash)
			verify_violation(c, "allocated segment %#lx is not in the segment table",
					 seg->start);
	} else if (seg->type == VMEM_FREE) {
		c->free++;
		if (seg->size & (sm->quantum - 1))
			verify_violation(c,
					 "free segment %#lx: size %#lx is not a multiple of the quantum",
					 seg->start, seg->size);
		if (vmem_seg_prev(seg)->type == VMEM_FREE)
			verify_violation(c, "free segment %#lx follows a free segment", seg->start);
	} else {
		verify_violation(c, "segment %#lx is neither allocated nor free: it has type %#x",
				 seg->start, seg->type);
	}
}

/*
 * Check that the segments of a span cover the span. Returns the next span
 * marker, or the end of the list.
 */
static struct vmem_seg *verify_span(struct check *c, struct vmem_seg *span)
{
	struct vmem_segmap *sm = &c->vm->segmap;
	unsigned long expected = span->start;
	unsigned long covered = 0;
	struct vmem_seg *seg;

	c->spans++;
	c->total += span->size;
	if (span->imported)
		c->import += span->size;
	if (!span->start || (span->start | span->size) & (sm->quantum - 1))
		verify_violation(c,
				 "span %#lx of size %#lx begins at 0, or is not a multiple of the quantum",
				 span->start, span->size);
	if (vmem_span_find(sm, vmem_seg_last(span), NULL) != span)
		verify_violation(c, "span %#lx is not in the tree of spans", span->start);
	verify_cursors(c, span);

	for (seg = vmem_seg_next(span); seg->type != VMEM_SPAN;
	     seg = vmem_seg_next(seg)) {
		verify_segment(c, seg, expected);
		verify_cursors(c, seg);
		if (vmem_seg_prev(vmem_seg_next(seg)) != seg) {
			verify_violation(c,
					 "the structure after segment %#lx does not link back to it",
					 seg->start);
			return &sm->end;
		}
		covered += vmem_segmap_taken(sm, seg);
		expected = seg->start + vmem_segmap_taken(sm, seg);
	}
	if (covered != span->size)
		verify_violation(c, "span %#lx has size %#lx, but its segments cover %#lx",
				 span->start, span->size, covered);
	if (vmem_seg_next(span)->type == VMEM_FREE && span->imported &&
	    vmem_seg_next(span)->size == span->size && c->vm->ffunc &&
	    !c->vm->has_free_spans && !work_busy(&c->vm->release))
		verify_violation(c, "free imported span %#lx has not been released",
				 span->start);
	return seg;
}

static void verify_spans(struct check *c)
{
	struct vmem_segmap *sm = &c->vm->segmap;
	struct vmem_seg *seg = vmem_segmap_first(sm);

	verify_cursors(c, &sm->end);
	while (!vmem_segmap_is_end(sm, seg)) {
		if (seg->type != VMEM_SPAN) {
			verify_violation(c, "segment %#lx is in no span", seg->start);
			return;
		}
		seg = verify_span(c, seg);
	}
}

static void verify_span_tree(struct check *c)
{
	struct vmem_segmap *sm = &c->vm->segmap;
	struct vmem_seg *last = NULL;
	unsigned long n = 0;
	struct rb_node *node;

	for (node = rb_first(&sm->spans); node; node = rb_next(node)) {
		struct vmem_seg *span = rb_entry(node, struct vmem_seg, span);

		n++;
		if (last && vmem_seg_last(last) >= span->start)
			verify_violation(c, "spans %#lx and %#lx overlap", last->start,
					 span->start);
		last = span;
	}
	if (n != c->spans || n != sm->nspans)
		verify_violation(c, "%lu spans in the list, %lu in the tree, but nspans is %lu",
				 c->spans, n, sm->nspans);
}

/* Check the types, the order and the number of hints. A stale hint is valid. */
static void verify_hints(struct check *c)
{
	struct vmem_segmap *sm = &c->vm->segmap;
	struct vmem_seg *last = NULL;
	unsigned long n = 0;
	struct rb_node *node;

	for (node = rb_first(&sm->hints); node; node = rb_next(node)) {
		struct vmem_seg *hint = rb_entry(node, struct vmem_seg, span);

		n++;
		if (hint->type != VMEM_HINT ||
		    (last && last->start >= hint->start))
			verify_violation(c,
					 "hint %#lx has a wrong type, or is not in address order",
					 hint->start);
		last = hint;
	}
	if (n != sm->nr_hints)
		verify_violation(c, "%lu hints in the tree, but nr_hints is %lu", n,
				 sm->nr_hints);
}

/* References of class cursors to @seg, or to any segment if @seg is NULL. */
static unsigned int verify_class_cursors(const struct vmem_classes *classes,
					 const struct vmem_seg *seg)
{
	const struct vmem_class_cursor *cur;
	unsigned int n = 0;

	hlist_for_each_entry(cur, &classes->cursors, link) {
		n += seg ? cur->seg == seg : !!cur->seg;
		n += seg ? cur->best == seg : !!cur->best;
	}
	return n;
}

static void verify_classes(struct check *c)
{
	struct vmem_classes *classes = &c->vm->segmap.classes;
	unsigned long n, size, all = 0;
	unsigned int cursors = 0;
	struct vmem_seg *seg;
	unsigned int i;

	for (i = 0; i < BITS_PER_LONG; i++) {
		struct vmem_class *class = &classes->class[i];

		n = 0;
		size = 0;
		for (seg = vmem_class_first(classes, class); seg;
		     seg = vmem_class_next(classes, seg)) {
			n++;
			size += seg->size;
			cursors += verify_class_cursors(classes, seg);
			if (seg->size > class->bound)
				verify_violation(c,
						 "segment %#lx has size %#lx, above the bound %#lx of class %u",
						 seg->start, seg->size, class->bound, i);
			if (seg->type != VMEM_FREE ||
			    vmem_class_of(seg->size) != i)
				verify_violation(c,
						 "segment %#lx (type %#x, size %#lx) must not be in class %u",
						 seg->start, seg->type, seg->size, i);
		}
		if (n != class->n || size != class->size)
			verify_violation(c,
					 "class %u holds %lu segments, %#lx integers; its counts are %lu, %#lx",
					 i, n, size, class->n, class->size);
		if (!n != !(classes->map & (1UL << i)))
			verify_violation(c, "the bit of class %u disagrees with its list", i);
		all += n;
	}
	if (all != c->free)
		verify_violation(c, "%lu free segments in the list, %lu in classes",
				 c->free, all);
	if (cursors != verify_class_cursors(classes, NULL))
		verify_violation(c, "the cursor of a search is at a segment in no class");
}

/* Number of segments in the table, and in the old table of a rescale. */
static unsigned long verify_table_count(const struct vmem_hash *h)
{
	const struct vmem_seg *seg;
	unsigned long i, n = 0;

	for (i = 0; i < 1UL << h->bits; i++)
		hlist_for_each_entry(seg, &h->heads[i], hash)
			n++;
	for (i = h->old_next; h->old && i < 1UL << h->old_bits; i++)
		hlist_for_each_entry(seg, &h->old[i], hash)
			n++;
	return n;
}

/* Check that the fast paths are off exactly while there are observers. */
static void verify_observers(struct check *c)
{
	const struct vmem_segmap *sm = &c->vm->segmap;
	unsigned int n = c->vm->waiters + c->vm->traced;
	const struct hlist_node *node;

	hlist_for_each(node, &sm->cursors)
		n++;
	hlist_for_each(node, &sm->classes.cursors)
		n++;
	if (n != sm->nr_observers ||
	    sm->fast_alloc_min != (n ? UINT_MAX : sm->pool_low) ||
	    sm->fast_free_max != (n ? 0 : sm->pool_high + 1))
		verify_violation(c,
				 "%u observers, but nr_observers %u, fast_alloc_min %u, fast_free_max %u",
				 n, sm->nr_observers, sm->fast_alloc_min, sm->fast_free_max);
}

static void verify_stats(struct check *c)
{
	const struct vmem_segmap *sm = &c->vm->segmap;
	const struct vmem_stats *s = &sm->stats;
	const struct hlist_node *spare = sm->pool.top;
	const struct vmem_cursor *cur;
	unsigned long n = 0;
	unsigned int i;

	if (c->allocated != s->alloc - s->free)
		verify_violation(c, "%lu allocated segments in the list, %llu in the statistics",
				 c->allocated, s->alloc - s->free);
	if (c->allocated != verify_table_count(&sm->hash))
		verify_violation(c, "%lu allocated segments in the list, %lu in the segment table",
				 c->allocated, verify_table_count(&sm->hash));
	if (c->inuse != s->mem_inuse || c->total != s->mem_total ||
	    c->import != s->mem_import)
		verify_violation(c,
				 "in use %llu (statistics: %llu), total %llu (%llu), imported %llu (%llu)",
				 c->inuse, s->mem_inuse, c->total, s->mem_total,
				 c->import, s->mem_import);

	for (i = 0; i < sm->pool.n && spare; i++)
		spare = spare->next;
	if (i != sm->pool.n || spare)
		verify_violation(c,
				 "the pool counts %u structures, but its list has another length",
				 sm->pool.n);

	hlist_for_each_entry(cur, &sm->cursors, link)
		n++;
	if (n != c->cursors)
		verify_violation(c, "%lu cursors are open, %lu of them at a structure in the list",
				 n, c->cursors);
}

/**
 * vmem_verify - check every invariant of an arena
 * @vm: the arena
 *
 * Checks order, coverage and coalescing of the segments, the span markers and
 * their tree, the size classes and their map, the segment table, hints,
 * cursors, the segment pool, the statistics and the quantum caches. Prints the
 * first violations. For tests and debugging: holds the arena lock from start to
 * end.
 *
 * Context: any but NMI.
 * Return: the number of violations.
 */
int vmem_verify(vmem_t *vm)
{
	struct check c = { .vm = vm };
	unsigned long irq;

	spin_lock_irqsave(&vm->segmap.lock, irq);
	verify_spans(&c);
	verify_span_tree(&c);
	verify_hints(&c);
	verify_classes(&c);
	verify_stats(&c);
	verify_observers(&c);
	spin_unlock_irqrestore(&vm->segmap.lock, irq);
	if (c.violations > VIOLATIONS_SHOWN)
		pr_err("vmem: verify: arena %u '%s': %d more\n", vm->id,
		       vm->label, c.violations - VIOLATIONS_SHOWN);
	return c.violations + vmem_verify_qcaches(vm);
}
EXPORT_SYMBOL_GPL(vmem_verify);
