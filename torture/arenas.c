// SPDX-License-Identifier: GPL-2.0
/*
 * The arenas that all trade in: trees of them, with and without quantum caches,
 * that import in every way there is.
 *
 * They are made anew now and then, at a calm moment, with magazines still loaded
 * on all CPUs.
 */
#include <linux/delay.h>
#include <linux/hash.h>
#include <linux/log2.h>

#include "torture.h"

/*
 * The sets of integers. CPUs have magazines of an arena only where it is large for
 * the sizes that are cached: so most cache few.
 */
enum { IDS, HEAP, TIGHT, KEEP, GROW, NMAPS };

#define PAGE_Q		4096UL
#define SMALL_Q		256UL
#define IDS_N		65536UL
#define HEAP_BASE	0x10000000UL
#define HEAP_N		(8192 * PAGE_Q)
#define TIGHT_N		2048UL
#define KEEP_N		2048UL
#define KEEP_MOST	512
#define GROW_N		8192UL		/* all that it can grow to ... */
#define GROW_CHUNK	1024UL		/* ... in steps of this */

static struct tt_map maps[NMAPS];

/* The order is that of creation; what imports comes after what it imports from. */
enum {
	A_IDS, A_CHILD, A_GRANDCHILD, A_COARSE,
	A_HEAP, A_PAGES, A_SMALL,
	A_DRY, A_TIGHT,
	A_KEEP, A_KEEPER,
	A_GROW,
	NARENAS
};

static struct tt_arena arenas[NARENAS] = {
	/* Identifiers, three levels of direct imports, caches on each. */
	[A_IDS]		= { "tt-ids", .map = &maps[IDS], .quantum = 1,
			    .most = 256, .base = 1, .size = IDS_N,
			    .patient = true, .whole = true },
	[A_CHILD]	= { "tt-child", .map = &maps[IDS], .quantum = 1,
			    .most = 128, .patient = true },
	[A_GRANDCHILD]	= { "tt-grandchild", .map = &maps[IDS], .quantum = 1,
			    .most = 128, .patient = true },
	/* Imports large pieces, without caches. */
	[A_COARSE]	= { "tt-coarse", .map = &maps[IDS], .quantum = 1,
			    .most = 128, .patient = true },
	/* Addresses: functions that raise the size, fail, sleep, align. */
	[A_HEAP]	= { "tt-heap", .map = &maps[HEAP], .quantum = PAGE_Q,
			    .most = 64, .base = HEAP_BASE, .size = HEAP_N,
			    .patient = true, .whole = true },
	[A_PAGES]	= { "tt-pages", .map = &maps[HEAP], .quantum = PAGE_Q,
			    .most = 16, .patient = true },
	[A_SMALL]	= { "tt-small", .map = &maps[HEAP], .quantum = SMALL_Q,
			    .most = 64, .patient = true },
	/* Too small for what is wanted of it, and for magazines. */
	[A_DRY]		= { "tt-dry", .map = &maps[TIGHT], .quantum = 1,
			    .most = 12, .base = TIGHT_N + 1, .size = 64,
			    .patient = true, .whole = true },
	/* The same with magazines. */
	[A_TIGHT]	= { "tt-tight", .map = &maps[TIGHT], .quantum = 1,
			    .most = 256, .base = 1, .size = TIGHT_N,
			    .patient = true, .whole = true },
	/* Without a release function imports stay. */
	[A_KEEP]	= { "tt-keep", .map = &maps[KEEP], .quantum = 1,
			    .most = 64, .base = 1, .size = KEEP_N },
	[A_KEEPER]	= { "tt-keeper", .map = &maps[KEEP], .quantum = 1,
			    .most = 32 },
	/* Spans are added, up to the last integer of all. */
	[A_GROW]	= { "tt-grow", .map = &maps[GROW], .quantum = 1,
			    .most = 200, .base = -GROW_N, .size = GROW_CHUNK,
			    .patient = true, .whole = true },
};

/* What was imported to be kept. Written by who imports, read when all is calm. */
static struct tt_range kept[KEEP_MOST];
static atomic_t nkept = ATOMIC_INIT(0);

/* Imports so far: the dice of import functions. */
static atomic_t moods = ATOMIC_INIT(0);

struct tt_arena *tt_arena(unsigned int n)
{
	return &arenas[n % NARENAS];
}

struct tt_arena *tt_arena_growing(void)
{
	return &arenas[A_GROW];
}

/**
 * tt_import - an import function with moods
 * @src: an arena
 * @size: raised now and then
 * @align: kept
 * @vmflag: where it must not sleep it fails now and then; where it may, it takes
 *	its time
 *
 * A request that may sleep is never failed: nothing would tell it to try again.
 */
void *tt_import(vmem_t *src, size_t *size, size_t align, int vmflag)
{
	u32 dice = hash_32(atomic_inc_return(&moods), 16);
	void *addr;

	if (!(vmflag & VM_NOSLEEP)) {
		if (dice % 8 == 0)
			usleep_range(1, 100);
	} else if (tt_is_watchdog()) {
		;
	} else if (dice % 8 == 0) {
		return NULL;
	} else if (dice % 8 == 1) {
		/* What is raised stays a multiple of the source's quantum. */
		*size = roundup(*size, PAGE_Q) + PAGE_Q;
	}
	if (align <= PAGE_Q)
		align = 0;
	if (vmflag & VM_NOSLEEP)
		return vmem_xalloc(src, *size, align, 0, 0, NULL, NULL, vmflag);
	tt_function_begin();
	addr = tt_import_waiting("tt-heap", src, *size, align, vmflag);
	tt_function_end();
	return addr;
}

static void tt_release(vmem_t *src, void *addr, size_t size)
{
	vmem_xfree(src, addr, size);
}

/* So often and no more, as what it gives does not come back before all ends. */
static void *import_to_keep(vmem_t *src, size_t size, int vmflag)
{
	int n = atomic_fetch_add_unless(&nkept, 1, KEEP_MOST);
	void *addr;

	if (n == KEEP_MOST)
		return NULL;
	addr = vmem_alloc(src, size, vmflag | VM_NOSLEEP);
	kept[n] = (struct tt_range){ (unsigned long)addr, size };
	return addr;
}

static void give_back_kept(void)
{
	int n = atomic_read(&nkept);

	while (n--)
		if (kept[n].addr)
			vmem_free(arenas[A_KEEP].vm, (void *)kept[n].addr,
				  kept[n].size);
}

static vmem_t *make(unsigned int n, size_t qcache_max, int vmflag,
		    vmem_alloc_t *afunc, vmem_free_t *ffunc, vmem_t *source)
{
	const struct tt_arena *a = &arenas[n];

	return vmem_create(a->name, (void *)a->base, a->size, a->quantum, afunc,
			   ffunc, source, qcache_max, vmflag);
}

static vmem_t *create(unsigned int n)
{
	const int id = VM_SLEEP | VMC_IDENTIFIER;
	const struct tt_arena *a = &arenas[n];

	switch (n) {
	case A_IDS:
		return make(n, 8, id, NULL, NULL, NULL);
	case A_CHILD:
		return make(n, 2, id, vmem_alloc, vmem_free, arenas[A_IDS].vm);
	case A_GRANDCHILD:
		return make(n, 1, id, vmem_alloc, vmem_free,
			    arenas[A_CHILD].vm);
	case A_COARSE:
		return make(n, 32, id | VMC_NO_QCACHE, vmem_alloc, vmem_free,
			    arenas[A_IDS].vm);
	case A_HEAP:
		return vmem_init(a->name, (void *)a->base, a->size, a->quantum,
				 NULL, NULL);
	case A_PAGES:
		return vmem_xcreate(a->name, NULL, 0, a->quantum, tt_import,
				    tt_release, arenas[A_HEAP].vm, PAGE_Q,
				    VM_SLEEP | VMC_XALIGN);
	case A_SMALL:
		return make(n, 2 * SMALL_Q, VM_SLEEP | VMC_POPULATOR,
			    vmem_alloc, vmem_free, arenas[A_HEAP].vm);
	case A_DRY:
		return make(n, 4, id, NULL, NULL, NULL);
	case A_TIGHT:
		return make(n, 1, id, NULL, NULL, NULL);
	case A_KEEP:
		return make(n, 0, id, NULL, NULL, NULL);
	case A_KEEPER:
		return make(n, 16, id, import_to_keep, NULL, arenas[A_KEEP].vm);
	default:
		return make(n, 2, id, NULL, NULL, NULL);
	}
}

int tt_arenas_create(void)
{
	unsigned int i;

	atomic_set(&nkept, 0);
	tt_grow_forget();
	for (i = 0; i < NARENAS; i++) {
		arenas[i].vm = create(i);
		if (!arenas[i].vm) {
			pr_err("vmem-torture: no memory for an arena\n");
			tt_arenas_destroy();
			return -ENOMEM;
		}
		tt_count(TT_ARENA);
	}
	return 0;
}

/**
 * tt_expect_unused - nothing is allocated in an arena, and its books say so
 * @name: for a report
 * @vm: the arena; nobody uses it
 */
void tt_expect_unused(const char *name, vmem_t *vm)
{
	struct vmem_stats s;
	int bad = vmem_verify(vm);

	vmem_get_stats(vm, &s);
	if (bad)
		tt_violation("%s: vmem_verify() finds %d faults", name, bad);
	if (s.alloc != s.free || s.mem_inuse)
		tt_violation("%s: unused, but %llu allocs, %llu frees, %llu in use",
			     name, s.alloc, s.free, s.mem_inuse);
	if (s.misuse)
		tt_violation("%s: %llu calls were refused", name, s.misuse);
}

/*
 * The youngest first. What importers have borrowed must have gone home when they
 * are gone: then the roots without caches are as they were made. What roots with
 * caches hold in them, vmem_destroy() looks at itself, and warns.
 */
void tt_arenas_destroy(void)
{
	unsigned int i = NARENAS;

	while (i--) {
		if (arenas[i].vm && i == A_KEEP)
			give_back_kept();
		if (arenas[i].vm && (i == A_KEEP || i == A_HEAP))
			tt_expect_unused(arenas[i].name, arenas[i].vm);
		vmem_destroy(arenas[i].vm);
		arenas[i].vm = NULL;
	}
}

/* At a calm moment. */
void tt_arenas_check(void)
{
	unsigned int i;

	for (i = 0; i < NARENAS; i++) {
		int bad = vmem_verify(arenas[i].vm);
		struct vmem_stats s;

		vmem_get_stats(arenas[i].vm, &s);
		if (bad)
			tt_violation("%s: vmem_verify() finds %d faults",
				     arenas[i].name, bad);
		if (s.misuse)
			tt_violation("%s: %llu calls were refused",
				     arenas[i].name, s.misuse);
	}
	for (i = 0; i < NMAPS; i++)
		tt_map_expect_empty(&maps[i], "calm");
}

int tt_arenas_init(void)
{
	int err;

	err = tt_map_init(&maps[IDS], 1, 0, IDS_N);
	err = err ?: tt_map_init(&maps[HEAP], HEAP_BASE, ilog2(SMALL_Q),
				 HEAP_N / SMALL_Q);
	err = err ?: tt_map_init(&maps[TIGHT], 1, 0, TIGHT_N + 64);
	err = err ?: tt_map_init(&maps[KEEP], 1, 0, KEEP_N);
	err = err ?: tt_map_init(&maps[GROW], -GROW_N, 0, GROW_N);
	return err;
}

void tt_arenas_exit(void)
{
	unsigned int i;

	for (i = 0; i < NMAPS; i++)
		tt_map_exit(&maps[i]);
}
