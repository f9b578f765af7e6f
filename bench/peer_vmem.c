// SPDX-License-Identifier: GPL-2.0
/*
 * vmem as several peers: with quantum caches, and without quantum caches for
 * each policy. Without caches, a pair of vmem_alloc() and vmem_free() measures
 * the arena itself.
 */
#include <linux/vmem.h>

#include "peer.h"

/* The largest cached size, in units. */
#define QCACHE_MAX	8

static void *arena_create(unsigned long range)
{
	return vmem_create("bench", (void *)BASE, range, 1, NULL, NULL, NULL, 0,
			   VM_SLEEP | VMC_IDENTIFIER);
}

static void *arena_create_cached(unsigned long range)
{
	return vmem_create("bench", (void *)BASE, range, 1, NULL, NULL, NULL,
			   QCACHE_MAX, VM_SLEEP | VMC_IDENTIFIER);
}

static void arena_destroy(void *instance)
{
	vmem_destroy(instance);
}

static bool arena_alloc(void *instance, struct piece *piece)
{
	piece->at = (unsigned long)vmem_alloc(instance, piece->size, VM_NOSLEEP);
	return piece->at;
}

static bool arena_alloc_best(void *instance, struct piece *piece)
{
	piece->at = (unsigned long)vmem_alloc(instance, piece->size,
					      VM_NOSLEEP | VM_BESTFIT);
	return piece->at;
}

static bool arena_alloc_next(void *instance, struct piece *piece)
{
	piece->at = (unsigned long)vmem_alloc(instance, piece->size,
					      VM_NOSLEEP | VM_NEXTFIT);
	return piece->at;
}

static void arena_free(void *instance, struct piece *piece)
{
	vmem_free(instance, (void *)piece->at, piece->size);
}

static bool arena_alloc_aligned(void *instance, struct piece *piece,
				unsigned long align)
{
	piece->at = (unsigned long)vmem_xalloc(instance, piece->size, align, 0, 0,
					       NULL, NULL, VM_NOSLEEP);
	return piece->at;
}

static bool arena_alloc_within(void *instance, struct piece *piece,
			       unsigned long first, unsigned long end)
{
	piece->at = (unsigned long)vmem_xalloc(instance, piece->size, 0, 0, 0,
					       (void *)first, (void *)end,
					       VM_NOSLEEP);
	return piece->at;
}

static bool arena_alloc_at(void *instance, struct piece *piece, unsigned long at)
{
	return arena_alloc_within(instance, piece, at, at + piece->size);
}

static void arena_free_constrained(void *instance, struct piece *piece)
{
	vmem_xfree(instance, (void *)piece->at, piece->size);
}

static void arena_maintain(void *instance)
{
	vmem_update(NULL);
}

const struct peer peer_vmem_cached = {
	.name		= "vmem-cached",
	.create		= arena_create_cached,
	.destroy	= arena_destroy,
	.alloc		= arena_alloc,
	.free		= arena_free,
	.maintain	= arena_maintain,
};

/* Single identifiers only, to compare with the other peers of one size. */
const struct peer peer_vmem_ids = {
	.name		= "vmem-ids",
	.one_size	= true,
	.create		= arena_create_cached,
	.destroy	= arena_destroy,
	.alloc		= arena_alloc,
	.free		= arena_free,
	.maintain	= arena_maintain,
};

const struct peer peer_vmem = {
	.name			= "vmem",
	.create			= arena_create,
	.destroy		= arena_destroy,
	.alloc			= arena_alloc,
	.free			= arena_free,
	.alloc_aligned		= arena_alloc_aligned,
	.alloc_within		= arena_alloc_within,
	.alloc_at		= arena_alloc_at,
	.free_constrained	= arena_free_constrained,
	.maintain		= arena_maintain,
};

const struct peer peer_vmem_best = {
	.name		= "vmem-best",
	.create		= arena_create,
	.destroy	= arena_destroy,
	.alloc		= arena_alloc_best,
	.free		= arena_free,
	.maintain	= arena_maintain,
};

const struct peer peer_vmem_next = {
	.name		= "vmem-next",
	.cyclic		= true,
	.create		= arena_create,
	.destroy	= arena_destroy,
	.alloc		= arena_alloc_next,
	.free		= arena_free,
	.maintain	= arena_maintain,
};
