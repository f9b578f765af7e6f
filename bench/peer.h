/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A peer is an allocator of integers in the kernel, vmem included.
 *
 * Workloads call every peer through struct peer, so that every peer has the
 * cost of the same indirect calls. An allocator with several policies is
 * several peers.
 */
#ifndef _VMEM_BENCH_PEER_H
#define _VMEM_BENCH_PEER_H

#include <linux/types.h>

/* First integer of every range: not 0, and aligned for load_constrained(). */
#define BASE	4096UL

/**
 * struct piece - a run of integers, allocated or to be allocated
 * @at: first integer
 * @size: number of integers
 * @client_data: &peer.client_size bytes of the client for use by the peer
 */
struct piece {
	unsigned long at;
	unsigned long size;
	void *client_data;
};

/**
 * struct peer - an allocator of integers
 * @name: without blanks
 * @missing: the reason why this kernel does not have the peer; else NULL
 * @one_size: the peer allocates only single integers
 * @pointers: the integers are addresses of memory, not in the range of @create
 * @cyclic: the peer allocates ascending identifiers
 * @slow_fill: the time of @alloc grows with the number of consecutive pieces
 *	from the start of the range; work_fill() uses @alloc_at instead, which
 *	allocates the same integers
 * @client_size: number of zeroed bytes that the client must provide for each
 *	piece, in &piece.client_data
 * @create: create an instance for [BASE, BASE + range); returns NULL if out of
 *	memory
 * @destroy: destroy an instance in which everything is free
 * @alloc: allocate &piece.size integers and set &piece.at; returns false if the
 *	allocation fails
 * @free: free a piece that @alloc allocated
 * @alloc_aligned: allocate at a multiple of align; may be NULL
 * @alloc_within: allocate in [first, end); may be NULL
 * @alloc_at: allocate at the given integer; may be NULL
 * @free_constrained: free a piece that @alloc_aligned, @alloc_within or
 *	@alloc_at allocated
 * @maintain: run deferred maintenance immediately; may be NULL
 */
struct peer {
	const char *name;
	const char *missing;
	bool one_size;
	bool pointers;
	bool cyclic;
	bool slow_fill;
	size_t client_size;
	void *(*create)(unsigned long range);
	void (*destroy)(void *instance);
	bool (*alloc)(void *instance, struct piece *piece);
	void (*free)(void *instance, struct piece *piece);
	bool (*alloc_aligned)(void *instance, struct piece *piece,
			      unsigned long align);
	bool (*alloc_within)(void *instance, struct piece *piece, unsigned long first,
			     unsigned long end);
	bool (*alloc_at)(void *instance, struct piece *piece, unsigned long at);
	void (*free_constrained)(void *instance, struct piece *piece);
	void (*maintain)(void *instance);
};

extern const struct peer peer_stack;
extern const struct peer peer_kmem;
extern const struct peer peer_ida;
extern const struct peer peer_idr;
extern const struct peer peer_sbitmap;
extern const struct peer peer_genalloc;
extern const struct peer peer_iova;
extern const struct peer peer_drm;
extern const struct peer peer_maple;
extern const struct peer peer_vmem_ids;
extern const struct peer peer_vmem_cached;
extern const struct peer peer_vmem;
extern const struct peer peer_vmem_best;
extern const struct peer peer_vmem_next;

#endif /* _VMEM_BENCH_PEER_H */
