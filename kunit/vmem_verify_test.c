// SPDX-License-Identifier: GPL-2.0
/*
 * The validator finds what it is there to find. Every other suite trusts it: so
 * here each invariant is broken by hand, is found by its own words, and is whole
 * again when it has been mended. Nothing else happens to the arena meanwhile.
 */
#include "vmem_test_qcache.h"

/* It says so, and nothing but violations; @text is in one of them. */
static void finds(struct kunit *test, vmem_t *vm, const char *text, int line)
{
	struct vt_window *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, w);
	vt_window_open(w, "vmem: verify: arena", "*");
	w->also = text;
	KUNIT_EXPECT_GT_MSG(test, vmem_verify(vm), 0, "\"%s\" at line %d", text,
			    line);
	vt_window_close(w);
	KUNIT_EXPECT_GT_MSG(test, w->alsos, 0U, "\"%s\" at line %d", text,
			    line);
	kunit_kfree(test, w);
}

/* With @value in the place of @field the arena is unsound, with the old it is not. */
#define BROKEN(test, vm, field, value, text)				\
do {									\
	typeof(field) *__at = &(field), __old = *__at;			\
	struct kunit *__test = (test);					\
	vmem_t *__vm = (vm);						\
									\
	*__at = (value);						\
	finds(__test, __vm, text, __LINE__);				\
	*__at = __old;							\
	KUNIT_EXPECT_EQ(__test, vmem_verify(__vm), 0);			\
} while (0)

/*
 * Two spans, 16 to 31 and 64 to 65 units; in the first an allocation, 3 units
 * free, an allocation, 11 units free.
 */
static vmem_t *sound_arena(struct kunit *test)
{
	vmem_t *vm = vt_arena(test, 16 * U, 16 * U, U);

	vmem_add(vm, (void *)(64 * U), 2 * U, VM_SLEEP);
	KUNIT_ASSERT_EQ(test, vt_take(vm, 16 * U, U), 16 * U);
	KUNIT_ASSERT_EQ(test, vt_take(vm, 20 * U, U), 20 * U);
	KUNIT_ASSERT_EQ(test, vmem_verify(vm), 0);
	return vm;
}

static struct vmem_seg *find_segment(struct kunit *test, vmem_t *vm,
				     unsigned long start, u8 type)
{
	struct vmem_seg *seg;

	hlist_for_each_entry(seg, &vm->space.list, order)
		if (seg->start == start && seg->type == type)
			return seg;
	KUNIT_FAIL(test, "no segment %#lx of type %#x", start, type);
	return &vm->space.end;
}

static struct hlist_head nothing[1 << VMEM_HASH_MIN_BITS];

/* [1] [4] Segments: where they begin, what they are, and that none is lost. */
static void broken_segments(struct kunit *test)
{
	vmem_t *vm = sound_arena(test);
	struct vmem_space *sp = &vm->space;
	struct vmem_seg *span = find_segment(test, vm, 16 * U, VMEM_SPAN);
	struct vmem_seg *used = find_segment(test, vm, 16 * U, VMEM_ALLOC);
	struct vmem_seg *small = find_segment(test, vm, 17 * U, VMEM_FREE);
	struct vmem_seg *second = find_segment(test, vm, 20 * U, VMEM_ALLOC);
	struct vmem_seg *large = find_segment(test, vm, 21 * U, VMEM_FREE);

	BROKEN(test, vm, used->start, 17 * U,
	       "segment 0x11000 should begin at 0x10000");
	BROKEN(test, vm, used->size, 0, "segment 0x10000 is empty");
	BROKEN(test, vm, used->start, 16 * U + 8,
	       "segment 0x10008 is off the quantum");
	BROKEN(test, vm, sp->hash.heads, nothing,
	       "segment 0x14000 is not in the table");
	BROKEN(test, vm, large->size, 11 * U - 8,
	       "free segment 0x15000 is off the quantum");
	BROKEN(test, vm, second->type, VMEM_FREE,
	       "free segments meet at 0x15000");
	BROKEN(test, vm, used->type, VMEM_ALLOC | VMEM_FREE,
	       "segment 0x10000 has type 0x3");
	BROKEN(test, vm, small->order.pprev, &span->order.next,
	       "the list is broken at 0x10000");
	BROKEN(test, vm, sp->list.first, &used->order,
	       "segment 0x10000 is in no span");
}

/* [2] [3] Spans: on the quantum, covered, in the tree, apart, and gone if free. */
static void broken_spans(struct kunit *test)
{
	vmem_t *vm = sound_arena(test);
	struct vmem_space *sp = &vm->space;
	struct vmem_seg *span = find_segment(test, vm, 16 * U, VMEM_SPAN);
	struct vmem_seg *other = find_segment(test, vm, 64 * U, VMEM_SPAN);

	BROKEN(test, vm, span->size, 16 * U + 8,
	       "span 0x10000 +0x10008 is off the quantum");
	BROKEN(test, vm, span->start, 0, "span 0x0 +0x10000 is off the quantum");
	BROKEN(test, vm, sp->spans.rb_node, NULL,
	       "span 0x10000 is not in the tree");
	BROKEN(test, vm, other->size, U, "span 0x40000 +0x1000 is covered to 0x2000");
	BROKEN(test, vm, span->size, 64 * U, "spans 0x10000 and 0x40000 overlap");
	BROKEN(test, vm, sp->nspans, 3,
	       "2 spans in the list, 2 in the tree, 3 counted");

	/* Without a release function it could not have gone home. */
	other->imported = true;
	sp->stats.mem_import = 2 * U;
	KUNIT_EXPECT_EQ(test, vmem_verify(vm), 0);
	BROKEN(test, vm, vm->ffunc, vmem_free,
	       "imported span 0x40000 is free but has not gone home");
	/* Nor could it with something in it. */
	KUNIT_ASSERT_EQ(test, vt_take(vm, 65 * U, U), 65 * U);
	vm->ffunc = vmem_free;
	KUNIT_EXPECT_EQ(test, vmem_verify(vm), 0);
	vm->ffunc = NULL;
	other->imported = false;
	sp->stats.mem_import = 0;
}

/* [15] Classes: each free segment in its own, and the map and the bounds right. */
static void broken_classes(struct kunit *test)
{
	vmem_t *vm = sound_arena(test);
	struct vmem_classes *c = &vm->space.classes;
	struct vmem_seg *small = find_segment(test, vm, 17 * U, VMEM_FREE);
	struct vmem_seg *large = find_segment(test, vm, 21 * U, VMEM_FREE);
	unsigned int i = vmem_class_of(large->size);
	char text[40];

	snprintf(text, sizeof(text), "above the bound of class %u", i);
	BROKEN(test, vm, c->class[i].bound, 8 * U, text);
	snprintf(text, sizeof(text), "0x15000 is not of class %u", i);
	BROKEN(test, vm, large->type, VMEM_ALLOC, text);
	snprintf(text, sizeof(text), "0x11000 is not of class %lu",
		 vmem_class_of(small->size));
	BROKEN(test, vm, small->size, 4 * U, text);
	snprintf(text, sizeof(text), "class %u holds 1 (0xb000)", i);
	BROKEN(test, vm, c->class[i].n, 2, text);
	BROKEN(test, vm, c->class[i].size, 12 * U, text);
	snprintf(text, sizeof(text), "the map is wrong about class %u", i);
	BROKEN(test, vm, c->map, c->map & ~(1UL << i), text);
	snprintf(text, sizeof(text), "the map is wrong about class %u", i + 1);
	BROKEN(test, vm, c->map, c->map | 1UL << (i + 1), text);
	BROKEN(test, vm, c->class[i].list.first, NULL,
	       "3 free segments, 2 in classes");
}

/* [33] The books, the table, the stock and the cursors. */
static void broken_books(struct kunit *test)
{
	vmem_t *vm = sound_arena(test);
	struct vmem_space *sp = &vm->space;
	struct vmem_stats *s = &sp->stats;
	struct vmem_seg *first = find_segment(test, vm, 16 * U, VMEM_SPAN);

	BROKEN(test, vm, s->alloc, s->alloc + 1, "2 allocated, 3 in the books");
	BROKEN(test, vm, sp->hash.heads, nothing, "2 allocated, 0 in the table");
	BROKEN(test, vm, s->mem_inuse, 3 * U, "in use 8192 (12288)");
	BROKEN(test, vm, s->mem_total, 19 * U, "total 73728 (77824)");
	BROKEN(test, vm, s->mem_import, U, "imported 0 (4096)");
	BROKEN(test, vm, sp->stock.n, sp->stock.n + 1, "the stock does not hold");
	BROKEN(test, vm, sp->stock.n, sp->stock.n - 1, "the stock does not hold");

	KUNIT_ASSERT_EQ(test, vt_alloc(vm, U, VM_SLEEP | VM_NEXTFIT), 17 * U);
	KUNIT_EXPECT_EQ(test, vmem_verify(vm), 0);
	BROKEN(test, vm, vm->rotor.addr, 20 * U,
	       "cursor 0x14000 is outside its segment 0x12000");
	BROKEN(test, vm, vm->rotor.seg, (struct vmem_seg *)&nothing,
	       "1 cursors, 0 on segments");
	/* On a marker, and at the end of the list, it is nowhere wrong. */
	vm->rotor.seg = first;
	vm->rotor.addr = first->start;
	KUNIT_EXPECT_EQ(test, vmem_verify(vm), 0);
	vm->rotor.seg = &sp->end;
	KUNIT_EXPECT_EQ(test, vmem_verify(vm), 0);
}

/* [32] While the table moves to another one, both count. */
static void two_tables(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 64);
	struct vmem_hash *h = &vm->space.hash;
	struct hlist_head *old = h->heads;
	unsigned int i;

	for (i = 0; i < 10; i++)
		vt_alloc(vm, 1, VM_SLEEP);
	h->old = old;
	h->old_bits = h->bits;
	h->old_next = 0;
	h->heads = nothing;
	KUNIT_EXPECT_EQ(test, vmem_verify(vm), 0);
	BROKEN(test, vm, h->old, NULL, "10 allocated, 0 in the table");
	BROKEN(test, vm, h->old_next, 1UL << h->old_bits,
	       "10 allocated, 0 in the table");
	h->old = NULL;
	h->heads = old;
	KUNIT_EXPECT_EQ(test, vmem_verify(vm), 0);
}

/* Of many violations the first are shown, and how many more there are. */
static void many_violations(struct kunit *test)
{
	vmem_t *vm = vt_ids(test, 64);
	unsigned int i;

	for (i = 0; i < 20; i++)
		vt_alloc(vm, 1, VM_SLEEP);
	/* Each of them, and their number. */
	BROKEN(test, vm, vm->space.hash.heads, nothing, "': 5 more");
}

/* Quantum caches: slabs, their maps, their lists, and the sums. */
static void broken_caches(struct kunit *test)
{
	vmem_t *vm = vq_ids(test, 4096, 1);
	struct vmem_qcache *qc = vq_cache(vm, 1);
	unsigned long id = vt_alloc(vm, 1, VM_SLEEP);
	struct vmem_slab *slab;
	struct vmem_seg *seg;

	/* One slab, of 64, with 63 free: in the list of 32 to 63. */
	KUNIT_ASSERT_EQ(test, qc->nslabs, 1UL);
	KUNIT_ASSERT_FALSE(test, hlist_empty(&qc->partial[5]));
	slab = hlist_entry(qc->partial[5].first, struct vmem_slab, list);
	seg = find_segment(test, vm, slab->start, VMEM_ALLOC);
	KUNIT_ASSERT_EQ(test, vmem_verify(vm), 0);

	BROKEN(test, vm, slab->start, slab->start + 1, "a slab is no segment");
	BROKEN(test, vm, seg->cached, false, "a slab is no segment");
	BROKEN(test, vm, seg->size, 63, "a slab is no segment");
	BROKEN(test, vm, slab->free, slab->free & (slab->free - 1),
	       "free objects are miscounted");
	BROKEN(test, vm, slab->nfree, 64, "a slab is in the wrong list");
	BROKEN(test, vm, slab->nfree, 31, "a slab is in the wrong list");
	BROKEN(test, vm, qc->map, 0, "the map is wrong about a list (0x5)");
	BROKEN(test, vm, qc->map, qc->map | 1, "the map is wrong about a list (0x0)");
	BROKEN(test, vm, qc->nslabs, 2, "slabs are miscounted");
	BROKEN(test, vm, qc->nfree, 62, "slabs are miscounted");
	BROKEN(test, vm, qc->nempty, 1, "slabs are miscounted");
	vt_free(vm, id, 1);
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
	KUNIT_CASE(broken_spans),
	KUNIT_CASE(broken_classes),
	KUNIT_CASE(broken_books),
	KUNIT_CASE(two_tables),
	KUNIT_CASE(many_violations),
	KUNIT_CASE(broken_caches),
	KUNIT_CASE(verify_file),
	{}
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

MODULE_DESCRIPTION("KUnit: vmem's validator");
MODULE_LICENSE("GPL");
