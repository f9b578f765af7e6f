// SPDX-License-Identifier: GPL-2.0
/*
 * The validator itself: an arena is damaged in one place, vmem_verify() must say
 * so and count it, and the damage is undone. What is never wrong in the other
 * suites would otherwise never be looked for.
 */
#include "vmem_test_qcache.h"

#define COMPLAINT	"vmem: verify:"

/**
 * struct verify_arena - an arena in which everything occurs
 * @vm: the arena, of quantum U
 * @sp: its space
 * @one: the marker of the span [16U, 24U)
 * @a: allocated, [16U, 18U)
 * @b: free, [18U, 19U)
 * @c: allocated, [19U, 19U + U/2), takes U
 * @d: free, [20U, 24U)
 * @two: the marker of the span [64U, 72U), which is free as a whole
 */
struct verify_arena {
	vmem_t *vm;
	struct vmem_space *sp;
	struct vmem_seg *one, *a, *b, *c, *d, *two;
};

static void arena(struct kunit *test, struct verify_arena *v)
{
	vmem_t *vm = vt_arena(test, 16 * U, 8 * U, U);

	KUNIT_ASSERT_NOT_NULL(test, vmem_add(vm, (void *)(64 * U), 8 * U,
					     VM_SLEEP));
	KUNIT_ASSERT_EQ(test, vt_take(vm, 16 * U, 2 * U), 16 * U);
	KUNIT_ASSERT_EQ(test, vt_take(vm, 18 * U, U), 18 * U);
	KUNIT_ASSERT_EQ(test, vt_take(vm, 19 * U, U / 2), 19 * U);
	vt_xfree(vm, 18 * U, U);
	v->vm = vm;
	v->sp = &vm->space;
	v->one = vmem_space_first(v->sp);
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
	return &v->sp->classes.class[vmem_class_of(size)];
}

/* There are @n violations, and so many lines with @text are printed. */
static void expect_lines(struct kunit *test, vmem_t *vm, const char *text,
			 int n, unsigned int lines, int line)
{
	struct vt_window *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, w);
	vt_window_open(w, COMPLAINT, "*");
	w->also = text;
	KUNIT_EXPECT_EQ_MSG(test, vmem_verify(vm), n, "at line %d", line);
	vt_window_close(w);
	KUNIT_EXPECT_EQ_MSG(test, w->alsos, lines, "at line %d: %s", line,
			    text);
	kunit_kfree(test, w);
}

/*
 * Something is assigned a wrong value; that makes @n violations, one of which
 * says @text; then it gets the right one again.
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

/* Segments that are not where, what or as large as they should be. */
static void broken_segments(struct kunit *test)
{
	struct verify_arena v;

	arena(test, &v);
	/* Off the quantum, and the next should begin later. */
	DAMAGE(test, v.vm, v.c->start, v.c->start + 1,
	       "0x13001 should begin at 0x13000", 3);
	DAMAGE(test, v.vm, v.c->start, v.c->start + 1,
	       "segment 0x13001 is off the quantum", 3);
	/* Covers nothing, the next should begin here, and the sum is wrong. */
	DAMAGE(test, v.vm, v.c->size, 0, "is empty", 4);
	/* Neither allocated nor free: three books are wrong. */
	DAMAGE(test, v.vm, v.c->type, 0x20, "has type 0x20", 4);
	/* In another class, and the sizes in the first one are wrong. */
	DAMAGE(test, v.vm, v.d->size, v.d->size - 1,
	       "free segment 0x14000 is off the quantum", 3);
	/* Too large for its span, and for the books of its class. */
	DAMAGE(test, v.vm, v.d->size, v.d->size + U, "is covered to", 2);
	/* The sum of what is in use. */
	DAMAGE(test, v.vm, v.c->size, v.c->size + 1, "in use", 1);
}

/* [1] Free segments that meet. */
static void free_segments_meet(struct kunit *test)
{
	struct verify_arena v;

	arena(test, &v);
	/* The one in between meets both, is off the quantum; four books. */
	v.c->type = VMEM_FREE;
	expect_lines(test, v.vm, "free segments meet", 7, 2, __LINE__);
	v.c->type = VMEM_ALLOC;
}

/* The segment table lacks one, or has one that is not there. */
static void broken_table(struct kunit *test)
{
	struct verify_arena v;

	arena(test, &v);
	vmem_hash_del(&v.c->hash);
	expect_lines(test, v.vm, "0x13000 is not in the table", 2, 1, __LINE__);
	expect_lines(test, v.vm, "2 allocated, 1 in the table", 2, 1, __LINE__);
	vmem_hash_add(&v.sp->hash, &v.c->hash, v.c->start);
	/* A free segment that says it is allocated. */
	DAMAGE(test, v.vm, v.d->type, VMEM_ALLOC,
	       "3 allocated, 2 in the table", 6);
	DAMAGE(test, v.vm, v.d->type, VMEM_ALLOC,
	       "0x14000 is not in the table", 6);
	DAMAGE(test, v.vm, v.d->type, VMEM_ALLOC, "0x14000 is not of class", 6);
}

/* While the table is moved, what is in the old one counts as well. */
static void table_on_the_move(struct kunit *test)
{
	struct hlist_head *to;
	struct verify_arena v;
	struct vmem_hash *h;
	unsigned int i, missing;

	arena(test, &v);
	h = &v.sp->hash;
	to = kunit_kcalloc(test, 2UL << h->bits, sizeof(*to), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, to);

	/* Nothing has been moved yet. */
	h->old = h->heads;
	h->old_bits = h->bits;
	h->old_next = 0;
	h->heads = to;
	h->bits++;
	h->down--;
	KUNIT_EXPECT_EQ(test, vmem_verify(v.vm), 0);
	/* What is said to have been moved must be in the new one. */
	h->old_next = 1UL << h->old_bits;
	expect_lines(test, v.vm, "2 allocated, 0 in the table", 3, 1, __LINE__);
	h->old_next = 0;
	for (i = 0; i < 1U << h->old_bits; i++)
		if (!hlist_empty(&h->old[i]))
			break;
	h->old_next = i + 1;
	missing = h->old[i].first->next ? 2 : 1;
	expect_lines(test, v.vm, " is not in the table", missing + 1, missing,
		     __LINE__);

	h->heads = h->old;
	h->bits--;
	h->down++;
	h->old = NULL;
}

/* Markers that are wrong, and segments that no marker leads. */
static void broken_spans(struct kunit *test)
{
	struct hlist_node **before;
	struct verify_arena v;
	struct rb_root root;
	struct rb_node one, two;

	arena(test, &v);
	DAMAGE(test, v.vm, v.one->size, v.one->size + 1,
	       "span 0x10000 +0x8001 is off the quantum", 3);
	/* Nor is there a span that begins at 0. */
	DAMAGE(test, v.vm, v.one->start, 0, "span 0x0 +0x8000 is off", 2);
	/* They share one integer, with which the first is looked for. */
	DAMAGE(test, v.vm, v.two->start, 24 * U - 1,
	       "spans 0x10000 and 0x17fff overlap", 4);
	DAMAGE(test, v.vm, v.two->start, 24 * U - 1,
	       "span 0x10000 is not in the tree", 4);
	/* Two that touch do not overlap: only the segment is elsewhere. */
	DAMAGE(test, v.vm, v.two->start, 24 * U, "should begin at 0x18000", 1);
	DAMAGE(test, v.vm, v.sp->nspans, 3, "2 spans in the list", 1);

	root = v.sp->spans;
	one = v.one->span;
	two = v.two->span;
	rb_erase(&v.two->span, &v.sp->spans);
	expect_lines(test, v.vm, "0x40000 is not in the tree", 2, 1, __LINE__);
	expect_lines(test, v.vm, "1 in the tree", 2, 1, __LINE__);
	v.sp->spans = root;
	v.one->span = one;
	v.two->span = two;

	/* What comes after is not looked at, and so is missed elsewhere. */
	before = v.two->order.pprev;
	v.two->order.pprev = &v.c->order.next;
	expect_lines(test, v.vm, "list is broken at 0x14000", 4, 1, __LINE__);
	v.two->order.pprev = before;
	DAMAGE(test, v.vm, v.one->type, VMEM_FREE, "0x10000 is in no span", 6);
}

/* [3] An imported span that is wholly free should have gone home. */
static void span_has_not_gone_home(struct kunit *test)
{
	static const char home[] = "has not gone home";
	struct verify_arena v;

	arena(test, &v);
	v.vm->space.stats.mem_import = 8 * U;
	/* Nobody takes it back. */
	v.two->imported = true;
	KUNIT_EXPECT_EQ(test, vmem_verify(v.vm), 0);
	v.vm->ffunc = vmem_free;
	expect_lines(test, v.vm, home, 1, 1, __LINE__);
	v.two->imported = false;
	/* This one is in use, and so is one of which a part is free. */
	v.one->imported = true;
	KUNIT_EXPECT_EQ(test, vmem_verify(v.vm), 0);
	vt_xfree(v.vm, 16 * U, 2 * U);
	KUNIT_EXPECT_EQ(test, vmem_verify(v.vm), 0);
	v.one->imported = false;
	expect_lines(test, v.vm, "imported 0 (32768)", 1, 1, __LINE__);
	v.vm->space.stats.mem_import = 0;
	v.vm->ffunc = NULL;
}

/* Size classes, what they say of themselves, and the map of them. */
static void broken_classes(struct kunit *test)
{
	unsigned long *map;
	struct vmem_class *class, *other;
	struct verify_arena v;

	arena(test, &v);
	map = &v.sp->classes.map;
	class = class_of(&v, 4 * U);
	other = class_of(&v, U);
	DAMAGE(test, v.vm, class->bound, 4 * U - 1,
	       "0x14000 is above the bound of class 14", 1);
	DAMAGE(test, v.vm, class->n, 2, "class 14 holds 1 (0x4000), counted 2",
	       1);
	DAMAGE(test, v.vm, class->size, 4 * U + 1, "class 14 holds", 1);
	DAMAGE(test, v.vm, *map, *map | 1, "wrong about class 0", 1);
	DAMAGE(test, v.vm, *map, *map | 1UL << (BITS_PER_LONG - 1),
	       "the map is wrong about class", 1);
	DAMAGE(test, v.vm, *map, *map & ~(1UL << 14), "wrong about class 14", 1);

	/* In another one, of which it exceeds the bound. Both miscount. */
	hlist_del(&v.d->class);
	hlist_add_head(&v.d->class, &other->list);
	expect_lines(test, v.vm, "0x14000 is not of class 12", 5, 1, __LINE__);
	hlist_del(&v.d->class);
	/* In none at all. */
	expect_lines(test, v.vm, "3 free segments, 2 in classes", 3, 1,
		     __LINE__);
	hlist_add_head(&v.d->class, &class->list);
}

/* [33] The statistics, and the stock. */
static void broken_books(struct kunit *test)
{
	struct vmem_stats *s;
	struct verify_arena v;

	arena(test, &v);
	s = &v.sp->stats;
	DAMAGE(test, v.vm, s->alloc, s->alloc + 1, "2 allocated, 3 in the books",
	       1);
	DAMAGE(test, v.vm, s->free, s->free + 1, "2 allocated, 1 in the books",
	       1);
	DAMAGE(test, v.vm, s->mem_inuse, s->mem_inuse - 1, "in use", 1);
	DAMAGE(test, v.vm, s->mem_total, s->mem_total - 1, "in use", 1);
	DAMAGE(test, v.vm, s->mem_import, 1, "in use", 1);
	KUNIT_ASSERT_GT(test, v.sp->stock.n, 0U);
	DAMAGE(test, v.vm, v.sp->stock.n, v.sp->stock.n + 1,
	       "the stock does not hold", 1);
	DAMAGE(test, v.vm, v.sp->stock.n, v.sp->stock.n - 1,
	       "the stock does not hold", 1);
}

/* Cursors lie in the segment that they name, and that is in the list. */
static void broken_cursors(struct kunit *test)
{
	struct vmem_seg *stray = kunit_kzalloc(test, sizeof(*stray), GFP_KERNEL);
	struct vmem_cursor cur = { };
	struct verify_arena v;

	KUNIT_ASSERT_NOT_NULL(test, stray);
	arena(test, &v);
	cur.seg = v.c;
	cur.addr = 19 * U;
	hlist_add_head(&cur.link, &v.sp->cursors);
	vmem_space_watch(v.sp, 1);
	KUNIT_EXPECT_EQ(test, vmem_verify(v.vm), 0);
	cur.addr = 20 * U - 1;
	KUNIT_EXPECT_EQ(test, vmem_verify(v.vm), 0);
	DAMAGE(test, v.vm, cur.addr, 20 * U, "0x14000 is outside its segment",
	       1);
	DAMAGE(test, v.vm, cur.addr, 19 * U - 1,
	       "0x12fff is outside its segment 0x13000", 1);
	DAMAGE(test, v.vm, cur.seg, stray, "1 cursors, 0 on segments", 1);
	/* On markers, too. At the end of the list the address means nothing. */
	cur.seg = v.two;
	cur.addr = 64 * U;
	KUNIT_EXPECT_EQ(test, vmem_verify(v.vm), 0);
	DAMAGE(test, v.vm, cur.addr, U, "outside its segment 0x40000", 1);
	cur.seg = &v.sp->end;
	KUNIT_EXPECT_EQ(test, vmem_verify(v.vm), 0);
	cur.addr = U;
	KUNIT_EXPECT_EQ(test, vmem_verify(v.vm), 0);
	hlist_del(&cur.link);
	vmem_space_watch(v.sp, -1);
}

/* The shortest paths are for when nobody has to be told. */
static void broken_watch(struct kunit *test)
{
	struct verify_arena v;

	arena(test, &v);
	DAMAGE(test, v.vm, v.sp->watched, 1,
	       "0 have to be told of changes, 1 are known", 1);
	DAMAGE(test, v.vm, v.sp->quick_least, UINT_MAX,
	       "0 have to be told of changes, 0 are known", 1);
	DAMAGE(test, v.vm, v.sp->quick_most, 0,
	       "0 have to be told of changes, 0 are known", 1);
	vmem_space_watch(v.sp, 1);
	v.vm->waiters++;
	KUNIT_EXPECT_EQ(test, vmem_verify(v.vm), 0);
	v.vm->waiters--;
	vmem_space_watch(v.sp, -1);
	KUNIT_EXPECT_EQ(test, vmem_verify(v.vm), 0);
}

/* Waypoints are counted, and in the order of their addresses. */
static void broken_waypoints(struct kunit *test)
{
	struct vmem_seg *way = kunit_kcalloc(test, 2, sizeof(*way), GFP_KERNEL);
	struct verify_arena v;

	KUNIT_ASSERT_NOT_NULL(test, way);
	arena(test, &v);
	KUNIT_ASSERT_EQ(test, v.sp->nways, 0UL);
	/* Whether they lead anywhere does not matter. */
	way[0] = (struct vmem_seg) { .type = VMEM_WAY, .start = 16 * U };
	way[1] = (struct vmem_seg) { .type = VMEM_WAY, .start = 18 * U };
	rb_link_node(&way[0].span, NULL, &v.sp->ways.rb_node);
	rb_insert_color(&way[0].span, &v.sp->ways);
	rb_link_node(&way[1].span, &way[0].span, &way[0].span.rb_right);
	rb_insert_color(&way[1].span, &v.sp->ways);
	v.sp->nways = 2;
	KUNIT_EXPECT_EQ(test, vmem_verify(v.vm), 0);
	DAMAGE(test, v.vm, v.sp->nways, 3, "2 waypoints, 3 counted", 1);
	DAMAGE(test, v.vm, way[0].start, 32 * U,
	       "waypoint 0x12000 is out of place", 1);
	DAMAGE(test, v.vm, way[0].type, VMEM_FREE,
	       "waypoint 0x10000 is out of place", 1);
	v.sp->ways = RB_ROOT;
	v.sp->nways = 0;
}

/* A search that has paused is at a segment of a class, or at the end of one. */
static void broken_class_cursors(struct kunit *test)
{
	struct vmem_class_cursor cur = { };
	struct verify_arena v;

	arena(test, &v);
	hlist_add_head(&cur.link, &v.sp->classes.cursors);
	vmem_space_watch(v.sp, 1);
	KUNIT_EXPECT_EQ(test, vmem_verify(v.vm), 0);
	cur.seg = v.b;
	cur.best = v.d;
	KUNIT_EXPECT_EQ(test, vmem_verify(v.vm), 0);
	DAMAGE(test, v.vm, cur.seg, v.a, "a search has its place in no class",
	       1);
	DAMAGE(test, v.vm, cur.best, v.two, "a search has its place in no class",
	       1);
	hlist_del(&cur.link);
	vmem_space_watch(v.sp, -1);
}

/* All violations are counted; sixteen of them are printed. */
static void first_violations_are_shown(struct kunit *test)
{
	struct vmem_class *class;
	struct verify_arena v;
	unsigned int i;

	arena(test, &v);
	class = v.sp->classes.class;
	for (i = 0; i < 12; i++)
		class[i].n++;
	for (i = 16; i < 20; i++)
		class[i].n++;
	expect_lines(test, v.vm, "counted 1 (0x0)", 16, 16, __LINE__);
	expect_lines(test, v.vm, " more", 16, 0, __LINE__);
	for (; i < 24; i++)
		class[i].n++;
	expect_lines(test, v.vm, "counted 1 (0x0)", 20, 16, __LINE__);
	expect_lines(test, v.vm, ": 4 more", 20, 1, __LINE__);
	for (i = 0; i < 12; i++)
		class[i].n--;
	for (i = 16; i < 24; i++)
		class[i].n--;
}

/* Slabs: one with a free object less than all of them, one without any. */
static void broken_slabs(struct kunit *test)
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
	       "cache 1: free objects are miscounted", 1);
	/* More or less than fits its list; the map and the sum say otherwise. */
	DAMAGE(test, vm, slab->nfree, 31, "cache 1: a slab is in the wrong list",
	       3);
	DAMAGE(test, vm, slab->nfree, 64, "cache 1: a slab is in the wrong list",
	       3);
	DAMAGE(test, vm, full->nfree, 1, "cache 4: a slab is in the wrong list",
	       3);
	DAMAGE(test, vm, qc->map, qc->map | 1,
	       "cache 1: the map is wrong about a list (0x0)", 1);
	DAMAGE(test, vm, qc->map, 0,
	       "cache 1: the map is wrong about a list (0x5)", 1);
	DAMAGE(test, vm, last->map, 1UL << (VMEM_SLAB_LISTS - 1),
	       "cache 4: the map is wrong about a list (0x6)", 1);
	DAMAGE(test, vm, qc->nslabs, 2, "cache 1: slabs are miscounted", 1);
	DAMAGE(test, vm, qc->nfree, 62, "cache 1: slabs are miscounted", 1);
	DAMAGE(test, vm, qc->nempty, 1, "cache 1: slabs are miscounted", 1);
	DAMAGE(test, vm, slab->start, slab->start + 1,
	       "cache 1: a slab is no segment", 1);

	for (seg = vmem_space_first(&vm->space); seg->start != slab->start ||
	     seg->type != VMEM_ALLOC; seg = vmem_seg_next(seg))
		;
	DAMAGE(test, vm, seg->cached, false, "cache 1: a slab is no segment", 1);
	/* Nor does it reach to the next, or add up with the others. */
	DAMAGE(test, vm, seg->size, 63, "cache 1: a slab is no segment", 4);

	vt_free(vm, one, 1);
	for (i = 0; i < 16; i++)
		vt_free(vm, two[i], 4);
	/* Both are wholly free: there is no partial one. */
	KUNIT_EXPECT_EQ(test, vmem_verify(vm), 0);
	slab = hlist_entry_safe(qc->empty.first, struct vmem_slab, list);
	KUNIT_ASSERT_NOT_NULL(test, slab);
	DAMAGE(test, vm, slab->nfree, 63, "cache 1: a slab is in the wrong list",
	       3);
	DAMAGE(test, vm, qc->nempty, 0, "cache 1: slabs are miscounted", 1);
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

/* An arena made under the parameter debug has a file that runs the validator. */
static void verify_file(struct kunit *test)
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
	vm->space.stats.alloc++;
	vt_window_open(w, "vmem: verify: arena", "1");
	expect_file(test, vm, "1 violations\n");
	vt_window_close(w);
	vm->space.stats.alloc--;
	expect_file(test, vm, "0 violations\n");
}

static struct kunit_case vmem_verify_cases[] = {
	KUNIT_CASE(broken_segments),
	KUNIT_CASE(free_segments_meet),
	KUNIT_CASE(broken_table),
	KUNIT_CASE(table_on_the_move),
	KUNIT_CASE(broken_spans),
	KUNIT_CASE(span_has_not_gone_home),
	KUNIT_CASE(broken_classes),
	KUNIT_CASE(broken_books),
	KUNIT_CASE(broken_cursors),
	KUNIT_CASE(broken_class_cursors),
	KUNIT_CASE(broken_watch),
	KUNIT_CASE(broken_waypoints),
	KUNIT_CASE(first_violations_are_shown),
	KUNIT_CASE(broken_slabs),
	KUNIT_CASE(verify_file),
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

MODULE_DESCRIPTION("KUnit: what the validator of vmem finds");
MODULE_LICENSE("GPL");
