// SPDX-License-Identifier: GPL-2.0
/*
 * vmem, once with quantum caches and once without for each policy. Without, what is
 * measured of vmem_alloc() is the arena itself.
 */
#include <linux/vmem.h>

#include "peer.h"

/* Sizes up to this many units are cached. */
#define QCACHE_MAX	8

static void *arena_make(unsigned long range)
{
	return vmem_create("bench", (void *)BASE, range, 1, NULL, NULL, NULL, 0,
			   VM_SLEEP | VMC_IDENTIFIER);
}

static void *arena_make_cached(unsigned long range)
{
	return vmem_create("bench", (void *)BASE, range, 1, NULL, NULL, NULL,
			   QCACHE_MAX, VM_SLEEP | VMC_IDENTIFIER);
}

static void arena_unmake(void *it)
{
	vmem_destroy(it);
}

static bool arena_alloc(void *it, struct piece *piece)
{
	piece->at = (unsigned long)vmem_alloc(it, piece->size, VM_NOSLEEP);
	return piece->at;
}

static bool arena_alloc_best(void *it, struct piece *piece)
{
	piece->at = (unsigned long)vmem_alloc(it, piece->size,
					      VM_NOSLEEP | VM_BESTFIT);
	return piece->at;
}

static bool arena_alloc_next(void *it, struct piece *piece)
{
	piece->at = (unsigned long)vmem_alloc(it, piece->size,
					      VM_NOSLEEP | VM_NEXTFIT);
	return piece->at;
}

static void arena_free(void *it, struct piece *piece)
{
	vmem_free(it, (void *)piece->at, piece->size);
}

static bool arena_alloc_aligned(void *it, struct piece *piece,
				unsigned long align)
{
	piece->at = (unsigned long)vmem_xalloc(it, piece->size, align, 0, 0,
					       NULL, NULL, VM_NOSLEEP);
	return piece->at;
}

static bool arena_alloc_within(void *it, struct piece *piece,
			       unsigned long first, unsigned long end)
{
	piece->at = (unsigned long)vmem_xalloc(it, piece->size, 0, 0, 0,
					       (void *)first, (void *)end,
					       VM_NOSLEEP);
	return piece->at;
}

static bool arena_alloc_at(void *it, struct piece *piece, unsigned long at)
{
	return arena_alloc_within(it, piece, at, at + piece->size);
}

static void arena_free_such(void *it, struct piece *piece)
{
	vmem_xfree(it, (void *)piece->at, piece->size);
}

static void arena_settle(void *it)
{
	vmem_update(NULL);
}

const struct peer peer_vmem_cached = {
	.name		= "vmem-cached",
	.make		= arena_make_cached,
	.unmake		= arena_unmake,
	.alloc		= arena_alloc,
	.free		= arena_free,
	.settle		= arena_settle,
};

/* The same of single identifiers only, as the peers that know nothing else. */
const struct peer peer_vmem_ids = {
	.name		= "vmem-ids",
	.one_size	= true,
	.make		= arena_make_cached,
	.unmake		= arena_unmake,
	.alloc		= arena_alloc,
	.free		= arena_free,
	.settle		= arena_settle,
};

const struct peer peer_vmem = {
	.name		= "vmem",
	.make		= arena_make,
	.unmake		= arena_unmake,
	.alloc		= arena_alloc,
	.free		= arena_free,
	.alloc_aligned	= arena_alloc_aligned,
	.alloc_within	= arena_alloc_within,
	.alloc_at	= arena_alloc_at,
	.free_such	= arena_free_such,
	.settle		= arena_settle,
};

const struct peer peer_vmem_best = {
	.name		= "vmem-best",
	.make		= arena_make,
	.unmake		= arena_unmake,
	.alloc		= arena_alloc_best,
	.free		= arena_free,
	.settle		= arena_settle,
};

const struct peer peer_vmem_next = {
	.name		= "vmem-next",
	.cyclic		= true,
	.make		= arena_make,
	.unmake		= arena_unmake,
	.alloc		= arena_alloc_next,
	.free		= arena_free,
	.settle		= arena_settle,
};
