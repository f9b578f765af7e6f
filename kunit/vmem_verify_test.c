// SPDX-License-Identifier: GPL-2.0
/*
 * The validator. Each test damages an arena in one place, expects vmem_verify()
 * to report and count the violations, and undoes the damage. The other suites
 * run the validator on sound arenas only.
 */
#include "vmem_test_qcache.h"

#define COMPLAINT	"vmem: verify:"

/**
 * struct verify_arena - an arena with segments of every kind
 * @vm: the arena, of quantum U
 * @sm: the segment map of @vm
 * @one: the marker of the span [16U, 24U)
 * @a: the allocated segment [16U, 18U)
 * @b: the free segment [18U, 19U)
 * @c: the allocated segment [19U, 19U + U/2), which occupies U
 * @d: the free segment [20U, 24U)
 * @two: the marker of the span [64U, 72U), which is wholly free
 */
struct verify_arena {
	vmem_t *vm;
	struct vmem_segmap *sm;
	struct vmem_seg *one, *a, *b, *c, *d, *two;
};

static void create_arena(struct kunit *test, struct verify_arena *v)
{
	vmem_t *vm = vt_arena(test, 16 * U, 8 * U, U);

	KUNIT_ASSERT_NOT_NULL(test, vmem_add(vm, (void *)(64 * U), 8 * U,
					     VM_SLEEP));
	KUNIT_ASSERT_EQ(test, vt_alloc_at(vm, 16 * U, 2 * U), 16 * U);
	KUNIT_ASSERT_EQ(test, vt_alloc_at(vm, 18 * U, U), 18 * U);
	KUNIT_ASSERT_EQ(test, vt_alloc_at(vm, 19 * U, U / 2), 19 * U);
	vt_xfree(vm, 18 * U, U);
	v->vm = vm;
	v->sm = &vm->segmap;
	v->one = vmem_segmap_first(v->sm);
	v->a = vmem_seg_next(v->one);
	v->b = vmem_seg_next(v->a);
	v->c = vmem_seg_next(v->b);
	v->d = vmem_seg_next(v->c);
	v->two = vmem_seg_next(v->d);
	KUNIT_ASSERT_EQ(test, v->two->start, 64 * U);
	KUNIT_ASSERT_EQ(test, vmem_verify(vm), 0);
}

static struct vmem_class *class_of(struct verify_arena *v, unsigned long size)
{
	return &v->sm->classes.class[vmem_class_of(size)];
}

/*
 * Expect that vmem_verify() finds @n violations and prints @lines lines that
 * contain @text.
 */
static void expect_lines(struct kunit *test, vmem_t *vm, const char *text,
			 int n, unsigned int lines, int line)
{
	struct vt_window *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, w);
	vt_window_open(w, COMPLAINT, "*");
	w->also = text;
	KUNIT_EXPECT_EQ_MSG(test, vmem_verify(vm), n, "at line %d", line);
	vt_window_close(w);
	KUNIT_EXPECT_EQ_MSG(test, w->also_lines, lines, "at line %d: %s", line,
			    text);
	kunit_kfree(test, w);
}

/*
 * Set @where to a wrong value, expect @n violations of which one is reported
 * with @text, and restore the right value.
 */
#define DAMAGE(test, vm, where, value, text, n)				\
do {									\
	struct kunit *__test = (test);					\
	vmem_t *__vm = (vm);						\
	typeof(where) *__where = &(where);				\
	typeof(*__where) __right = *__where;				\
									\
	*__where = (value);						\
	expect_lines(__test, __vm, text, n, 1, __LINE__);		\
	*__where = __right;						\
	KUNIT_EXPECT_EQ_MSG(__test, vmem_verify(__vm), 0, "line %d",	\
			    __LINE__);					\
} while (0)

/* The validator finds segments with a wrong start, size or type. */
static void wrong_segments_are_found(struct kunit *test)
{
	struct verify_arena v;

	create_arena(test, &v);
	/* c is off the quantum, follows a gap and overlaps the next segment. */
	DAMAGE(test, v.vm, v.c->start, v.c->start + 1,
	       "0x13001 should begin at 0x13000", 3);
	DAMAGE(test, v.vm, v.c->start, v.c->start + 1,
	       "segment 0x13001 does not begin at a multiple", 3);
	/*
	 * c is empty. The start of the next segment, the coverage of the span
	 * and the sum of the allocated sizes are wrong.
	 */
	DAMAGE(test, v.vm, v.c->size, 0, "is empty", 4);
	/*
	 * c is neither allocated nor free. The number of allocated segments
	 * disagrees with the statistics and with the segment table. The sum of
	 * the allocated sizes is wrong.
	 */
	DAMAGE(test, v.vm, v.c->type, 0x20, "neither allocated nor free: it has type 0x20",
	       4);
	/*
	 * The size of d is off the quantum, d is in the wrong class, and the
	 * sum of the class is wrong.
	 */
	DAMAGE(test, v.vm, v.d->size, v.d->size - 1,
	       "free segment 0x14000: size 0x3fff is not a multiple", 3);
	/* d is too large for its span. The sum of the class of d is wrong. */
	DAMAGE(test, v.vm, v.d->size, v.d->size + U,
	       "span 0x10000 has size 0x8000, but its segments cover 0x9000", 2);
	/* The sum of the allocated sizes is wrong. */
	DAMAGE(test, v.vm, v.c->size, v.c->size + 1, "in use", 1);
}

/* [1] The validator finds adjacent free segments. */
static void adjacent_free_segments_are_found(struct kunit *test)
{
	struct verify_arena v;

	create_arena(test, &v);
	/*
	 * As a free segment, c touches the free segments b and d, and the size
	 * of c is off the quantum. Four counts are wrong.
	 */
	v.c->type = VMEM_FREE;
	expect_lines(test, v.vm, "follows a free segment", 7, 2, __LINE__);
	v.c->type = VMEM_ALLOC;
}

/* The validator finds allocated segments that are not in the segment table. */
static void segments_not_in_the_table_are_found(struct kunit *test)
{
	struct verify_arena v;

	create_arena(test, &v);
	vmem_hash_del(&v.c->hash);
	expect_lines(test, v.vm, "0x13000 is not in the segment table", 2, 1,
		     __LINE__);
	expect_lines(test, v.vm,
		     "2 allocated segments in the list, 1 in the segment table",
		     2, 1, __LINE__);
	vmem_hash_add(&v.sm->hash, &v.c->hash, v.c->start);
	/* d is free but has the type of an allocated segment. */
	DAMAGE(test, v.vm, v.d->type, VMEM_ALLOC,
	       "3 allocated segments in the list, 2 in the segment table", 6);
	DAMAGE(test, v.vm, v.d->type, VMEM_ALLOC,
	       "0x14000 is not in the segment table", 6);
	DAMAGE(test, v.vm, v.d->type, VMEM_ALLOC,
	       "0x14000 (type 0x1, size 0x4000) must not be in class 14", 6);
}

/*
 * While segments move to a new table, each segment of a bucket that has not
 * been moved must be in the old table.
 */
static void table_is_checked_while_it_is_moved(struct kunit *test)
{
	struct hlist_head *to;
	struct verify_arena v;
	struct vmem_hash *h;
	unsigned int i, missing;

	create_arena(test, &v);
	h = &v.sm->hash;
	to = kunit_kcalloc(test, 2UL << h->bits, sizeof(*to), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, to);

	/* No bucket has been moved yet. */
	h->old = h->heads;
	h->old_bits = h->bits;
	h->old_next = 0;
	h->heads = to;
	h->bits++;
	h->shift--;
	KUNIT_EXPECT_EQ(test, vmem_verify(v.vm), 0);
	/* Segments of buckets that count as moved must be in the new table. */
	h->old_next = 1UL << h->old_bits;
	expect_lines(test, v.vm,
		     "2 allocated segments in the list, 0 in the segment table",
		     3, 1, __LINE__);
	h->old_next = 0;
	for (i = 0; i < 1U << h->old_bits; i++)
		if (!hlist_empty(&h->old[i]))
			break;
	h->old_next = i + 1;
	missing = h->old[i].first->next ? 2 : 1;
	expect_lines(test, v.vm, " is not in the segment table", missing + 1,
		     missing, __LINE__);

	h->heads = h->old;
	h->bits--;
	h->shift++;
	h->old = NULL;
}

/* The validator finds wrong span markers and segments in no span. */
static void wrong_spans_are_found(struct kunit *test)
{
	struct hlist_node **before;
	struct verify_arena v;
	struct rb_root root;
	struct rb_node one, two;

	create_arena(test, &v);
	DAMAGE(test, v.vm, v.one->size, v.one->size + 1,
	       "span 0x10000 of size 0x8001 begins at 0, or is not a multiple", 3);
	/* No span may begin at 0. */
	DAMAGE(test, v.vm, v.one->start, 0,
	       "span 0x0 of size 0x8000 begins at 0", 2);
	/*
	 * Both spans include 0x17fff, the address by which the validator looks
	 * up the first span.
	 */
	DAMAGE(test, v.vm, v.two->start, 24 * U - 1,
	       "spans 0x10000 and 0x17fff overlap", 4);
	DAMAGE(test, v.vm, v.two->start, 24 * U - 1,
	       "span 0x10000 is not in the tree of spans", 4);
	/*
	 * Spans may touch, so only the start of the free segment of the second
	 * span is wrong.
	 */
	DAMAGE(test, v.vm, v.two->start, 24 * U,
	       "0x40000 should begin at 0x18000", 1);
	DAMAGE(test, v.vm, v.sm->nspans, 3,
	       "2 spans in the list, 2 in the tree, but nspans is 3", 1);

	root = v.sm->spans;
	one = v.one->span;
	two = v.two->span;
	rb_erase(&v.two->span, &v.sm->spans);
	expect_lines(test, v.vm, "0x40000 is not in the tree of spans", 2, 1,
		     __LINE__);
	expect_lines(test, v.vm, "1 in the tree", 2, 1, __LINE__);
	v.sm->spans = root;
	v.one->span = one;
	v.two->span = two;

	/*
	 * The check of the list stops at d, so the validator does not count the
	 * later segments.
	 */
	before = v.two->order.pprev;
	v.two->order.pprev = &v.c->order.next;
	expect_lines(test, v.vm, "after segment 0x14000 does not link back", 4, 1,
		     __LINE__);
	v.two->order.pprev = before;
	DAMAGE(test, v.vm, v.one->type, VMEM_FREE, "0x10000 is in no span", 6);
}

/*
 * [3] The validator finds an imported span that is wholly free but not
 * released.
 */
static void unreleased_span_is_found(struct kunit *test)
{
	static const char unreleased[] = "has not been released";
	struct verify_arena v;

	create_arena(test, &v);
	v.vm->segmap.stats.mem_import = 8 * U;
	/* If the arena has no release function, the span stays. */
	v.two->imported = true;
	KUNIT_EXPECT_EQ(test, vmem_verify(v.vm), 0);
	v.vm->ffunc = vmem_free;
	expect_lines(test, v.vm, unreleased, 1, 1, __LINE__);
	v.two->imported = false;
	/* A span stays while any part of it is in use. */
	v.one->imported = true;
	KUNIT_EXPECT_EQ(test, vmem_verify(v.vm), 0);
	vt_xfree(v.vm, 16 * U, 2 * U);
	KUNIT_EXPECT_EQ(test, vmem_verify(v.vm), 0);
	v.one->imported = false;
	expect_lines(test, v.vm, "imported 0 (32768)", 1, 1, __LINE__);
	v.vm->segmap.stats.mem_import = 0;
	v.vm->ffunc = NULL;
}

/*
 * The validator finds segments in the wrong class, wrong counts of a class, and
 * wrong bits in the map of non-empty classes.
 */
static void wrong_classes_are_found(struct kunit *test)
{
	unsigned long *map;
	struct vmem_class *class, *other;
	struct verify_arena v;

	create_arena(test, &v);
	map = &v.sm->classes.map;
	class = class_of(&v, 4 * U);
	other = class_of(&v, U);
	DAMAGE(test, v.vm, class->bound, 4 * U - 1,
	       "0x14000 has size 0x4000, above the bound 0x3fff of class 14", 1);
	DAMAGE(test, v.vm, class->n, 2,
	       "class 14 holds 1 segments, 0x4000 integers; its counts are 2, 0x4000",
	       1);
	DAMAGE(test, v.vm, class->size, 4 * U + 1, "its counts are 1, 0x4001", 1);
	DAMAGE(test, v.vm, *map, *map | 1, "bit of class 0", 1);
	DAMAGE(test, v.vm, *map, *map | 1UL << (BITS_PER_LONG - 1),
	       "disagrees with its list", 1);
	DAMAGE(test, v.vm, *map, *map & ~(1UL << 14), "bit of class 14", 1);

	/*
	 * d is in class 12, whose bound d exceeds. The counts of classes 12 and
	 * 14 and the bit of class 14 are wrong.
	 */
	hlist_del(&v.d->class);
	hlist_add_head(&v.d->class, &other->list);
	expect_lines(test, v.vm,
		     "0x14000 (type 0x2, size 0x4000) must not be in class 12",
		     5, 1, __LINE__);
	hlist_del(&v.d->class);
	/* d is in no class. */
	expect_lines(test, v.vm, "3 free segments in the list, 2 in classes", 3,
		     1, __LINE__);
	hlist_add_head(&v.d->class, &class->list);
}

/*
 * [33] The validator finds wrong statistics and a wrong count of the segment
 * pool.
 */
static void wrong_statistics_are_found(struct kunit *test)
{
	struct vmem_stats *s;
	struct verify_arena v;

	create_arena(test, &v);
	s = &v.sm->stats;
	DAMAGE(test, v.vm, s->alloc, s->alloc + 1,
	       "2 allocated segments in the list, 3 in the statistics", 1);
	DAMAGE(test, v.vm, s->free, s->free + 1,
	       "2 allocated segments in the list, 1 in the statistics", 1);
	DAMAGE(test, v.vm, s->mem_inuse, s->mem_inuse - 1, "in use", 1);
	DAMAGE(test, v.vm, s->mem_total, s->mem_total - 1, "in use", 1);
	DAMAGE(test, v.vm, s->mem_import, 1, "in use", 1);
	KUNIT_ASSERT_GT(test, v.sm->pool.n, 0U);
	DAMAGE(test, v.vm, v.sm->pool.n, v.sm->pool.n + 1,
	       "structures, but its list has another length", 1);
	DAMAGE(test, v.vm, v.sm->pool.n, v.sm->pool.n - 1,
	       "structures, but its list has another length", 1);
}

/*
 * The validator finds cursors outside their segments and cursors at a segment
 * that is not in the list.
 */
static void wrong_cursors_are_found(struct kunit *test)
{
	struct vmem_seg *stray = kunit_kzalloc(test, sizeof(*stray), GFP_KERNEL);
	struct vmem_cursor cur = { };
	struct verify_arena v;

	KUNIT_ASSERT_NOT_NULL(test, stray);
	create_arena(test, &v);
	cur.seg = v.c;
	cur.addr = 19 * U;
	hlist_add_head(&cur.link, &v.sm->cursors);
	vmem_segmap_observe(v.sm, 1);
	KUNIT_EXPECT_EQ(test, vmem_verify(v.vm), 0);
	cur.addr = 20 * U - 1;
	KUNIT_EXPECT_EQ(test, vmem_verify(v.vm), 0);
	DAMAGE(test, v.vm, cur.addr, 20 * U, "0x14000 is outside its segment",
	       1);
	DAMAGE(test, v.vm, cur.addr, 19 * U - 1,
	       "0x12fff is outside its segment 0x13000", 1);
	DAMAGE(test, v.vm, cur.seg, stray,
	       "1 cursors are open, 0 of them at a structure in the list", 1);
	/*
	 * A cursor may be at a span marker. At the end of the list, a cursor
	 * may have any address.
	 */
	cur.seg = v.two;
	cur.addr = 64 * U;
	KUNIT_EXPECT_EQ(test, vmem_verify(v.vm), 0);
	DAMAGE(test, v.vm, cur.addr, U, "outside its segment 0x40000", 1);
	cur.seg = &v.sm->end;
	KUNIT_EXPECT_EQ(test, vmem_verify(v.vm), 0);
	cur.addr = U;
	KUNIT_EXPECT_EQ(test, vmem_verify(v.vm), 0);
	hlist_del(&cur.link);
	vmem_segmap_observe(v.sm, -1);
}

/*
 * The validator checks that the fast paths are on if and only if there are no
 * observers.
 */
static void wrong_observers_are_found(struct kunit *test)
{
	struct verify_arena v;

	create_arena(test, &v);
	DAMAGE(test, v.vm, v.sm->nr_observers, 1,
	       "0 observers, but nr_observers 1", 1);
	DAMAGE(test, v.vm, v.sm->fast_alloc_min, UINT_MAX,
	       "0 observers, but nr_observers 0, fast_alloc_min 4294967295", 1);
	DAMAGE(test, v.vm, v.sm->fast_free_max, 0, "fast_free_max 0", 1);
	vmem_segmap_observe(v.sm, 1);
	v.vm->waiters++;
	KUNIT_EXPECT_EQ(test, vmem_verify(v.vm), 0);
	v.vm->waiters--;
	vmem_segmap_observe(v.sm, -1);
	KUNIT_EXPECT_EQ(test, vmem_verify(v.vm), 0);
}

/*
 * The validator finds a wrong count of hints, and hints that are not in the
 * order of their addresses.
 */
static void wrong_hints_are_found(struct kunit *test)
{
	struct vmem_seg *hint;
	struct verify_arena v;

	hint = kunit_kcalloc(test, 2, sizeof(*hint), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, hint);
	create_arena(test, &v);
	KUNIT_ASSERT_EQ(test, v.sm->nr_hints, 0UL);
	/* A hint may be stale. */
	hint[0] = (struct vmem_seg) { .type = VMEM_HINT, .start = 16 * U };
	hint[1] = (struct vmem_seg) { .type = VMEM_HINT, .start = 18 * U };
	rb_link_node(&hint[0].span, NULL, &v.sm->hints.rb_node);
	rb_insert_color(&hint[0].span, &v.sm->hints);
	rb_link_node(&hint[1].span, &hint[0].span, &hint[0].span.rb_right);
	rb_insert_color(&hint[1].span, &v.sm->hints);
	v.sm->nr_hints = 2;
	KUNIT_EXPECT_EQ(test, vmem_verify(v.vm), 0);
	DAMAGE(test, v.vm, v.sm->nr_hints, 3,
	       "2 hints in the tree, but nr_hints is 3", 1);
	DAMAGE(test, v.vm, hint[0].start, 32 * U,
	       "hint 0x12000 has a wrong type, or is not in address order", 1);
	DAMAGE(test, v.vm, hint[0].type, VMEM_FREE,
	       "hint 0x10000 has a wrong type, or is not in address order", 1);
	v.sm->hints = RB_ROOT;
	v.sm->nr_hints = 0;
}

/* The validator finds cursors of searches at segments that are in no class. */
static void wrong_class_cursors_are_found(struct kunit *test)
{
	struct vmem_class_cursor cur = { };
	struct verify_arena v;

	create_arena(test, &v);
	hlist_add_head(&cur.link, &v.sm->classes.cursors);
	vmem_segmap_observe(v.sm, 1);
	KUNIT_EXPECT_EQ(test, vmem_verify(v.vm), 0);
	cur.seg = v.b;
	cur.best = v.d;
	KUNIT_EXPECT_EQ(test, vmem_verify(v.vm), 0);
	DAMAGE(test, v.vm, cur.seg, v.a,
	       "the cursor of a search is at a segment in no class", 1);
	DAMAGE(test, v.vm, cur.best, v.two,
	       "the cursor of a search is at a segment in no class", 1);
	hlist_del(&cur.link);
	vmem_segmap_observe(v.sm, -1);
}

/* The validator counts all violations and prints the first sixteen. */
static void first_violations_are_printed(struct kunit *test)
{
	struct vmem_class *class;
	struct verify_arena v;
	unsigned int i;

	create_arena(test, &v);
	class = v.sm->classes.class;
	for (i = 0; i < 12; i++)
		class[i].n++;
	for (i = 16; i < 20; i++)
		class[i].n++;
	expect_lines(test, v.vm, "its counts are 1, 0x0", 16, 16, __LINE__);
	expect_lines(test, v.vm, " more", 16, 0, __LINE__);
	for (; i < 24; i++)
		class[i].n++;
	expect_lines(test, v.vm, "its counts are 1, 0x0", 20, 16, __LINE__);
	expect_lines(test, v.vm, ": 4 more", 20, 1, __LINE__);
	for (i = 0; i < 12; i++)
		class[i].n--;
	for (i = 16; i < 24; i++)
		class[i].n--;
}

/*
 * The validator finds wrong slabs and wrong counts of caches. One slab has one
 * allocated object, the other slab has no free object.
 */
static void wrong_slabs_are_found(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 128, 4);
	struct vmem_slab *slab, *full;
	struct vmem_qcache *qc, *last;
	unsigned long two[16], one;
	struct vmem_seg *seg;
	unsigned int i;

	one = vt_alloc(vm, 1, VM_SLEEP);
	for (i = 0; i < 16; i++)
		two[i] = vt_alloc(vm, 4, VM_SLEEP);
	qc = vq_cache(vm, 1);
	last = vq_cache(vm, 4);
	slab = hlist_entry_safe(qc->partial[5].first, struct vmem_slab, list);
	full = hlist_entry_safe(last->full.first, struct vmem_slab, list);
	KUNIT_ASSERT_NOT_NULL(test, slab);
	KUNIT_ASSERT_NOT_NULL(test, full);
	KUNIT_ASSERT_EQ(test, slab->nfree, 63);
	KUNIT_ASSERT_EQ(test, vmem_verify(vm), 0);

	DAMAGE(test, vm, slab->free, slab->free & (slab->free - 1),
	       "cache 1: the free count of a slab disagrees with its bitmap",
	       1);
	/*
	 * The slab is in the wrong list. The counts of free objects in the slab
	 * and in the cache are wrong.
	 */
	DAMAGE(test, vm, slab->nfree, 31, "cache 1: a slab is in the wrong list",
	       3);
	DAMAGE(test, vm, slab->nfree, 64, "cache 1: a slab is in the wrong list",
	       3);
	DAMAGE(test, vm, full->nfree, 1, "cache 4: a slab is in the wrong list",
	       3);
	DAMAGE(test, vm, qc->map, qc->map | 1,
	       "cache 1: the bit of a list disagrees with the list (0x0)", 1);
	DAMAGE(test, vm, qc->map, 0,
	       "cache 1: the bit of a list disagrees with the list (0x5)", 1);
	DAMAGE(test, vm, last->map, 1UL << (VMEM_SLAB_LISTS - 1),
	       "cache 4: the bit of a list disagrees with the list (0x6)", 1);
	DAMAGE(test, vm, qc->nslabs, 2, "cache 1: a total disagrees with the slabs", 1);
	DAMAGE(test, vm, qc->nfree, 62, "cache 1: a total disagrees with the slabs", 1);
	DAMAGE(test, vm, qc->nempty, 1, "cache 1: a total disagrees with the slabs", 1);
	DAMAGE(test, vm, slab->start, slab->start + 1,
	       "cache 1: a slab has no matching cached segment", 1);

	for (seg = vmem_segmap_first(&vm->segmap); seg->start != slab->start ||
	     seg->type != VMEM_ALLOC; seg = vmem_seg_next(seg))
		;
	DAMAGE(test, vm, seg->cached, false, "cache 1: a slab has no matching cached segment", 1);
	/* The start of the next segment and two sums become wrong. */
	DAMAGE(test, vm, seg->size, 63, "cache 1: a slab has no matching cached segment", 4);

	vt_free(vm, one, 1);
	for (i = 0; i < 16; i++)
		vt_free(vm, two[i], 4);
	/* Both slabs are wholly free, so no slab is partial. */
	KUNIT_EXPECT_EQ(test, vmem_verify(vm), 0);
	slab = hlist_entry_safe(qc->empty.first, struct vmem_slab, list);
	KUNIT_ASSERT_NOT_NULL(test, slab);
	DAMAGE(test, vm, slab->nfree, 63, "cache 1: a slab is in the wrong list",
	       3);
	DAMAGE(test, vm, qc->nempty, 0, "cache 1: a total disagrees with the slabs", 1);
	vq_close(test, vm);
}

static void expect_file(struct kunit *test, vmem_t *vm, const char *want)
{
	char path[192], *text;

	snprintf(path, sizeof(path), "%u-%s/verify", vm->id, vm->label);
	text = vt_debugfs(test, path, 256);
	KUNIT_ASSERT_NOT_NULL(test, text);
	KUNIT_EXPECT_STREQ(test, text, want);
	kvfree(text);
}

/*
 * An arena that is created with the debug parameter has a debugfs file that
 * runs the validator.
 */
static void verify_file_runs_the_validator(struct kunit *test)
{
	struct vt_window *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	char was[8];
	vmem_t *vm;

	KUNIT_ASSERT_NOT_NULL(test, w);
	if (!vt_has_debugfs() || vt_param("debug", "1", was, sizeof(was)))
		kunit_skip(test, "no debugfs, or no parameter to write to");
	vm = vt_ids(test, 64);
	vt_param("debug", was, NULL, 0);

	expect_file(test, vm, "0 violations\n");
	vm->segmap.stats.alloc++;
	vt_window_open(w, "vmem: verify: arena", "1");
	expect_file(test, vm, "1 violations\n");
	vt_window_close(w);
	vm->segmap.stats.alloc--;
	expect_file(test, vm, "0 violations\n");
}

static struct kunit_case vmem_verify_cases[] = {
	KUNIT_CASE(wrong_segments_are_found),
	KUNIT_CASE(adjacent_free_segments_are_found),
	KUNIT_CASE(segments_not_in_the_table_are_found),
	KUNIT_CASE(table_is_checked_while_it_is_moved),
	KUNIT_CASE(wrong_spans_are_found),
	KUNIT_CASE(unreleased_span_is_found),
	KUNIT_CASE(wrong_classes_are_found),
	KUNIT_CASE(wrong_statistics_are_found),
	KUNIT_CASE(wrong_cursors_are_found),
	KUNIT_CASE(wrong_class_cursors_are_found),
	KUNIT_CASE(wrong_observers_are_found),
	KUNIT_CASE(wrong_hints_are_found),
	KUNIT_CASE(first_violations_are_printed),
	KUNIT_CASE(wrong_slabs_are_found),
	KUNIT_CASE(verify_file_runs_the_validator),
	{ }
};

static struct kunit_suite vmem_verify_suite = {
	.name = "vmem_verify",
	.suite_init = vq_suite_init,
	.suite_exit = vq_suite_exit,
	.init = vq_init,
	.exit = vt_exit,
	.test_cases = vmem_verify_cases,
};

kunit_test_suite(vmem_verify_suite);

MODULE_DESCRIPTION("KUnit: the validator of vmem");
MODULE_LICENSE("GPL");
