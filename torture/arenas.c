// SPDX-License-Identifier: GPL-2.0
/*
 * The arenas that all users share. They are trees, with and without quantum
 * caches, that use every kind of import.
 *
 * The controlling thread destroys and recreates the arenas between rounds,
 * while all CPUs still have loaded magazines.
 */
#include <linux/delay.h>
#include <linux/hash.h>
#include <linux/log2.h>

#include "torture.h"

/*
 * The sets of integers. A CPU gets magazines only if the arena is large
 * compared with its cached sizes. So most of these arenas cache few sizes.
 */
enum { IDS, HEAP, TIGHT, NORELEASE, GROW, NMAPS };

#define PAGE_Q		4096UL
#define SMALL_Q		256UL
#define IDS_N		65536UL
#define HEAP_BASE	0x10000000UL
#define HEAP_N		(8192 * PAGE_Q)
#define TIGHT_N		2048UL
#define NORELEASE_N	2048UL
#define MAX_KEPT	512
#define GROW_N		8192UL		/* upper bound of the size of tt-grow */
#define GROW_CHUNK	1024UL		/* size of each span of tt-grow */

static struct tt_map maps[NMAPS];

/* In order of creation: a source precedes the arenas that import from it. */
enum {
	A_IDS, A_CHILD, A_GRANDCHILD, A_COARSE,
	A_HEAP, A_PAGES, A_SMALL,
	A_TINY, A_TIGHT,
	A_NORELEASE_ROOT, A_NORELEASE,
	A_GROW,
	NARENAS
};

static struct tt_arena arenas[NARENAS] = {
	/* Identifiers; three levels of direct imports, each with caches. */
	[A_IDS]		= { "tt-ids", .map = &maps[IDS], .quantum = 1,
			    .max_quanta = 256, .base = 1, .size = IDS_N,
			    .may_wait = true, .exhaustible = true },
	[A_CHILD]	= { "tt-child", .map = &maps[IDS], .quantum = 1,
			    .max_quanta = 128, .may_wait = true },
	[A_GRANDCHILD]	= { "tt-grandchild", .map = &maps[IDS], .quantum = 1,
			    .max_quanta = 128, .may_wait = true },
	/* Imports large spans, without caches. */
	[A_COARSE]	= { "tt-coarse", .map = &maps[IDS], .quantum = 1,
			    .max_quanta = 128, .may_wait = true },
	/* Addresses; import functions raise the size, fail, sleep, align. */
	[A_HEAP]	= { "tt-heap", .map = &maps[HEAP], .quantum = PAGE_Q,
			    .max_quanta = 64, .base = HEAP_BASE, .size = HEAP_N,
			    .may_wait = true, .exhaustible = true },
	[A_PAGES]	= { "tt-pages", .map = &maps[HEAP], .quantum = PAGE_Q,
			    .max_quanta = 16, .may_wait = true },
	[A_SMALL]	= { "tt-small", .map = &maps[HEAP], .quantum = SMALL_Q,
			    .max_quanta = 64, .may_wait = true },
	/* Too small to serve all requests, and too small for magazines. */
	[A_TINY]	= { "tt-tiny", .map = &maps[TIGHT], .quantum = 1,
			    .max_quanta = 12, .base = TIGHT_N + 1, .size = 64,
			    .may_wait = true, .exhaustible = true },
	/* Too small to serve all requests, but with magazines. */
	[A_TIGHT]	= { "tt-tight", .map = &maps[TIGHT], .quantum = 1,
			    .max_quanta = 256, .base = 1, .size = TIGHT_N,
			    .may_wait = true, .exhaustible = true },
	/* An arena without a release function keeps its imports. */
	[A_NORELEASE_ROOT] = { "tt-norelease-root", .map = &maps[NORELEASE],
			    .quantum = 1, .max_quanta = 64, .base = 1,
			    .size = NORELEASE_N },
	[A_NORELEASE]	= { "tt-norelease", .map = &maps[NORELEASE],
			    .quantum = 1, .max_quanta = 32 },
	/* Threads add spans to this arena, up to the largest integer. */
	[A_GROW]	= { "tt-grow", .map = &maps[GROW], .quantum = 1,
			    .max_quanta = 200, .base = -GROW_N,
			    .size = GROW_CHUNK, .may_wait = true,
			    .exhaustible = true },
};

/*
 * The imports of the arena without a release function. The import function
 * writes the table; tt_arenas_destroy() reads it after it has destroyed the
 * arena.
 */
static struct tt_range kept[MAX_KEPT];
static atomic_t nkept = ATOMIC_INIT(0);

/* Number of calls of tt_import(); hashed to a random number for each call. */
static atomic_t nr_imports = ATOMIC_INIT(0);

struct tt_arena *tt_arena(unsigned int n)
{
	return &arenas[n % NARENAS];
}

struct tt_arena *tt_arena_growing(void)
{
	return &arenas[A_GROW];
}

/**
 * tt_import - an import function that sleeps, fails or raises the size at
 * random
 * @src: the source
 * @size: size to import; raised at random, but only with VM_NOSLEEP
 * @align: alignment of the result
 * @vmflag: with VM_NOSLEEP the function fails at random, else it may sleep
 *
 * An import that may sleep never fails, because nothing would make the waiter
 * retry.
 */
void *tt_import(vmem_t *src, size_t *size, size_t align, int vmflag)
{
	u32 dice = hash_32(atomic_inc_return(&nr_imports), 16);
	void *addr;

	if (!(vmflag & VM_NOSLEEP)) {
		if (dice % 8 == 0)
			usleep_range(1, 100);
	} else if (tt_is_watchdog()) {
		;
	} else if (dice % 8 == 0) {
		return NULL;
	} else if (dice % 8 == 1) {
		/* The size stays a multiple of the source's quantum. */
		*size = roundup(*size, PAGE_Q) + PAGE_Q;
	}
	if (align <= PAGE_Q)
		align = 0;
	if (vmflag & VM_NOSLEEP)
		return vmem_xalloc(src, *size, align, 0, 0, NULL, NULL, vmflag);
	tt_import_begin();
	addr = tt_import_waiting("tt-heap", src, *size, align, vmflag);
	tt_import_end();
	return addr;
}

static void tt_release(vmem_t *src, void *addr, size_t size)
{
	vmem_xfree(src, addr, size);
}

/* vmem does not release these imports, so there are at most MAX_KEPT. */
static void *import_without_release(vmem_t *src, size_t size, int vmflag)
{
	int n = atomic_fetch_add_unless(&nkept, 1, MAX_KEPT);
	void *addr;

	if (n == MAX_KEPT)
		return NULL;
	addr = vmem_alloc(src, size, vmflag | VM_NOSLEEP);
	kept[n] = (struct tt_range){ (unsigned long)addr, size };
	return addr;
}

static void free_kept_imports(void)
{
	int n = atomic_read(&nkept);

	while (n--)
		if (kept[n].addr)
			vmem_free(arenas[A_NORELEASE_ROOT].vm,
				  (void *)kept[n].addr, kept[n].size);
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
	case A_TINY:
		return make(n, 4, id, NULL, NULL, NULL);
	case A_TIGHT:
		return make(n, 1, id, NULL, NULL, NULL);
	case A_NORELEASE_ROOT:
		return make(n, 0, id, NULL, NULL, NULL);
	case A_NORELEASE:
		return make(n, 16, id, import_without_release, NULL,
			    arenas[A_NORELEASE_ROOT].vm);
	default:
		return make(n, 2, id, NULL, NULL, NULL);
	}
}

int tt_arenas_create(void)
{
	unsigned int i;

	atomic_set(&nkept, 0);
	tt_grow_reset();
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
 * tt_expect_unused - verify an arena in which nothing is allocated
 * @name: name of the arena, for reports
 * @vm: the arena; not in use
 */
void tt_expect_unused(const char *name, vmem_t *vm)
{
	struct vmem_stats s;
	int bad = vmem_verify(vm);

	vmem_get_stats(vm, &s);
	if (bad)
		tt_violation("%s: vmem_verify() finds %d faults", name, bad);
	if (s.alloc != s.free || s.mem_inuse)
		tt_violation("%s: %llu allocs, %llu frees, %llu in use, expected none in use",
			     name, s.alloc, s.free, s.mem_inuse);
	if (s.misuse)
		tt_violation("%s: vmem refused %llu calls, expected 0",
			     name, s.misuse);
}

/*
 * Destroy the arenas in reverse order of creation. vmem_destroy() releases the
 * imports of an arena, so in the end a root without caches must be unused. A
 * root with caches may still hold objects in magazines; vmem_destroy() checks
 * such a root itself, and warns.
 */
void tt_arenas_destroy(void)
{
	unsigned int i = NARENAS;

	while (i--) {
		if (arenas[i].vm && i == A_NORELEASE_ROOT)
			free_kept_imports();
		if (arenas[i].vm && (i == A_NORELEASE_ROOT || i == A_HEAP))
			tt_expect_unused(arenas[i].name, arenas[i].vm);
		vmem_destroy(arenas[i].vm);
		arenas[i].vm = NULL;
	}
}

/* Called when all threads have drained. */
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
			tt_violation("%s: vmem refused %llu calls, expected 0",
				     arenas[i].name, s.misuse);
	}
	for (i = 0; i < NMAPS; i++)
		tt_map_expect_empty(&maps[i], "shared arenas");
}

int tt_arenas_init(void)
{
	int err;

	err = tt_map_init(&maps[IDS], 1, 0, IDS_N);
	err = err ?: tt_map_init(&maps[HEAP], HEAP_BASE, ilog2(SMALL_Q),
				 HEAP_N / SMALL_Q);
	err = err ?: tt_map_init(&maps[TIGHT], 1, 0, TIGHT_N + 64);
	err = err ?: tt_map_init(&maps[NORELEASE], 1, 0, NORELEASE_N);
	err = err ?: tt_map_init(&maps[GROW], -GROW_N, 0, GROW_N);
	return err;
}

void tt_arenas_exit(void)
{
	unsigned int i;

	for (i = 0; i < NMAPS; i++)
		tt_map_exit(&maps[i]);
}
