// SPDX-License-Identifier: GPL-2.0
/*
 * The validator: walks a whole arena and checks every invariant of
 * Documentation/theory.rst. For tests and debugging: it holds the arena lock
 * throughout.
 */
#include <linux/export.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>

#include "../arena/arena.h"
#include "verify.h"

/* Violations to print; the rest are only counted. */
#define SHOWN	16

static bool debug;
module_param(debug, bool, 0644);
MODULE_PARM_DESC(debug, "extra checks for arenas made from now on (N)");

/* Does an arena that is made now want extra checks? */
bool vmem_debug_wanted(void)
{
	/* The kernel sets parameters with plain stores. */
	return data_race(READ_ONCE(debug));
}

/*
 * What a check of an arena has found so far: violations, and what to compare
 * with the books.
 */
struct check {
	struct vmem *vm;
	int bad;
	unsigned long allocated;
	unsigned long unused;
	unsigned long cursors;
	u64 inuse;
	u64 total;
	u64 import;
	unsigned long spans;
};

static __printf(2, 3) void violation(struct check *c, const char *fmt, ...)
{
	struct va_format vaf = { .fmt = fmt };
	va_list args;

	if (c->bad++ >= SHOWN)
		return;
	va_start(args, fmt);
	vaf.va = &args;
	pr_err("vmem: verify: arena %u '%s': %pV\n", c->vm->id, c->vm->label,
	       &vaf);
	va_end(args);
}

static void check_cursors(struct check *c, const struct vmem_seg *seg)
{
	const struct vmem_space *sp = &c->vm->space;
	const struct vmem_cursor *cur;

	hlist_for_each_entry(cur, &sp->cursors, link) {
		if (cur->seg != seg)
			continue;
		c->cursors++;
		if (!vmem_space_end(sp, seg) &&
		    cur->addr - seg->start >= vmem_space_taken(sp, seg))
			violation(c, "cursor %#lx is outside its segment %#lx",
				  cur->addr, seg->start);
	}
}

/* A segment must begin where the one before it ends. */
static void check_segment(struct check *c, const struct vmem_seg *seg,
			  unsigned long expected)
{
	struct vmem_space *sp = &c->vm->space;
	u64 steps = 0;

	if (seg->start != expected)
		violation(c, "segment %#lx should begin at %#lx", seg->start,
			  expected);
	if (!seg->size)
		violation(c, "segment %#lx is empty", seg->start);
	if (seg->start & (sp->quantum - 1))
		violation(c, "segment %#lx is off the quantum", seg->start);

	if (seg->type == VMEM_ALLOC) {
		c->allocated++;
		c->inuse += seg->size;
		if (vmem_hash_find(&sp->hash, seg->start, VMEM_SEG_KEY,
				   &steps) != &seg->hash)
			violation(c, "segment %#lx is not in the table",
				  seg->start);
	} else if (seg->type == VMEM_FREE) {
		c->unused++;
		if (seg->size & (sp->quantum - 1))
			violation(c, "free segment %#lx is off the quantum",
				  seg->start);
		if (vmem_seg_prev(seg)->type == VMEM_FREE)
			violation(c, "free segments meet at %#lx", seg->start);
	} else {
		violation(c, "segment %#lx has type %#x", seg->start,
			  seg->type);
	}
}

/* A span's segments cover it. Returns what follows them. */
static struct vmem_seg *check_span(struct check *c, struct vmem_seg *span)
{
	struct vmem_space *sp = &c->vm->space;
	unsigned long expected = span->start;
	unsigned long covered = 0;
	struct vmem_seg *seg;

	c->spans++;
	c->total += span->size;
	if (span->imported)
		c->import += span->size;
	if (!span->start || (span->start | span->size) & (sp->quantum - 1))
		violation(c, "span %#lx +%#lx is off the quantum", span->start,
			  span->size);
	if (vmem_span_find(sp, vmem_seg_last(span), NULL) != span)
		violation(c, "span %#lx is not in the tree", span->start);
	check_cursors(c, span);

	for (seg = vmem_seg_next(span); seg->type != VMEM_SPAN;
	     seg = vmem_seg_next(seg)) {
		check_segment(c, seg, expected);
		check_cursors(c, seg);
		if (vmem_seg_prev(vmem_seg_next(seg)) != seg) {
			violation(c, "the list is broken at %#lx", seg->start);
			return &sp->end;
		}
		covered += vmem_space_taken(sp, seg);
		expected = seg->start + vmem_space_taken(sp, seg);
	}
	if (covered != span->size)
		violation(c, "span %#lx +%#lx is covered to %#lx", span->start,
			  span->size, covered);
	if (vmem_seg_next(span)->type == VMEM_FREE && span->imported &&
	    vmem_seg_next(span)->size == span->size && c->vm->ffunc &&
	    !c->vm->idle_spans && !work_busy(&c->vm->release))
		violation(c, "imported span %#lx is free but has not gone home",
			  span->start);
	return seg;
}

static void check_order(struct check *c)
{
	struct vmem_space *sp = &c->vm->space;
	struct vmem_seg *seg = vmem_space_first(sp);

	check_cursors(c, &sp->end);
	while (!vmem_space_end(sp, seg)) {
		if (seg->type != VMEM_SPAN) {
			violation(c, "segment %#lx is in no span", seg->start);
			return;
		}
		seg = check_span(c, seg);
	}
}

static void check_tree(struct check *c)
{
	struct vmem_space *sp = &c->vm->space;
	struct vmem_seg *last = NULL;
	unsigned long n = 0;
	struct rb_node *node;

	for (node = rb_first(&sp->spans); node; node = rb_next(node)) {
		struct vmem_seg *span = rb_entry(node, struct vmem_seg, span);

		n++;
		if (last && vmem_seg_last(last) >= span->start)
			violation(c, "spans %#lx and %#lx overlap", last->start,
				  span->start);
		last = span;
	}
	if (n != c->spans || n != sp->nspans)
		violation(c, "%lu spans in the list, %lu in the tree, %lu counted",
			  c->spans, n, sp->nspans);
}

/* Waypoints may lead nowhere, but they are counted, and in order. */
static void check_ways(struct check *c)
{
	struct vmem_space *sp = &c->vm->space;
	struct vmem_seg *last = NULL;
	unsigned long n = 0;
	struct rb_node *node;

	for (node = rb_first(&sp->ways); node; node = rb_next(node)) {
		struct vmem_seg *way = rb_entry(node, struct vmem_seg, span);

		n++;
		if (way->type != VMEM_WAY ||
		    (last && last->start >= way->start))
			violation(c, "waypoint %#lx is out of place",
				  way->start);
		last = way;
	}
	if (n != sp->nways)
		violation(c, "%lu waypoints, %lu counted", n, sp->nways);
}

/* How many cursors of classes are on a segment; on any, if it is NULL. */
static unsigned int on_class_cursors(const struct vmem_classes *classes,
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

static void check_classes(struct check *c)
{
	struct vmem_classes *classes = &c->vm->space.classes;
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
			cursors += on_class_cursors(classes, seg);
			if (seg->size > class->bound)
				violation(c, "segment %#lx is above the bound of class %u",
					  seg->start, i);
			if (seg->type != VMEM_FREE ||
			    vmem_class_of(seg->size) != i)
				violation(c, "segment %#lx is not of class %u",
					  seg->start, i);
		}
		if (n != class->n || size != class->size)
			violation(c, "class %u holds %lu (%#lx), counted %lu (%#lx)",
				  i, n, size, class->n, class->size);
		if (!n != !(classes->map & (1UL << i)))
			violation(c, "the map is wrong about class %u", i);
		all += n;
	}
	if (all != c->unused)
		violation(c, "%lu free segments, %lu in classes", c->unused,
			  all);
	if (cursors != on_class_cursors(classes, NULL))
		violation(c, "a search has its place in no class");
}

/* Segments in both tables, each in the bucket that its address says. */
static unsigned long table_count(const struct vmem_hash *h)
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

/* Whoever has to be told of changes must be known to the shortest paths. */
static void check_watched(struct check *c)
{
	const struct vmem_space *sp = &c->vm->space;
	unsigned int n = c->vm->waiters + c->vm->traced;
	const struct hlist_node *node;

	hlist_for_each(node, &sp->cursors)
		n++;
	hlist_for_each(node, &sp->classes.cursors)
		n++;
	if (n != sp->watched ||
	    sp->quick_least != (n ? UINT_MAX : sp->stock_low) ||
	    sp->quick_most != (n ? 0 : sp->stock_high + 1))
		violation(c, "%u have to be told of changes, %u are known", n,
			  sp->watched);
}

static void check_books(struct check *c)
{
	const struct vmem_space *sp = &c->vm->space;
	const struct vmem_stats *s = &sp->stats;
	const struct hlist_node *spare = sp->stock.top;
	const struct vmem_cursor *cur;
	unsigned long n = 0;
	unsigned int i;

	if (c->allocated != s->alloc - s->free)
		violation(c, "%lu allocated, %llu in the books", c->allocated,
			  s->alloc - s->free);
	if (c->allocated != table_count(&sp->hash))
		violation(c, "%lu allocated, %lu in the table", c->allocated,
			  table_count(&sp->hash));
	if (c->inuse != s->mem_inuse || c->total != s->mem_total ||
	    c->import != s->mem_import)
		violation(c, "in use %llu (%llu), total %llu (%llu), imported %llu (%llu)",
			  c->inuse, s->mem_inuse, c->total, s->mem_total,
			  c->import, s->mem_import);

	for (i = 0; i < sp->stock.n && spare; i++)
		spare = spare->next;
	if (i != sp->stock.n || spare)
		violation(c, "the stock does not hold %u structures",
			  sp->stock.n);

	hlist_for_each_entry(cur, &sp->cursors, link)
		n++;
	if (n != c->cursors)
		violation(c, "%lu cursors, %lu on segments", n, c->cursors);
}

/**
 * vmem_verify - check every invariant of an arena
 * @vm: the arena
 *
 * Order, coverage and coalescing of the segments, span markers and their tree,
 * size classes and their map, the segment table, cursors, stock and statistics.
 * Each violation is printed, the first few at least. Holds the arena lock
 * throughout: for tests and debugging.
 *
 * Context: any but NMI.
 * Return: the number of violations; 0: the arena is sound.
 */
int vmem_verify(vmem_t *vm)
{
	struct check c = { .vm = vm };
	unsigned long irq;

	spin_lock_irqsave(&vm->space.lock, irq);
	check_order(&c);
	check_tree(&c);
	check_ways(&c);
	check_classes(&c);
	check_books(&c);
	check_watched(&c);
	spin_unlock_irqrestore(&vm->space.lock, irq);
	if (c.bad > SHOWN)
		pr_err("vmem: verify: arena %u '%s': %d more\n", vm->id,
		       vm->label, c.bad - SHOWN);
	return c.bad + vmem_verify_qcaches(vm);
}
EXPORT_SYMBOL_GPL(vmem_verify);
