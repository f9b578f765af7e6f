/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a peer is: something in the kernel that hands out integers.
 *
 * Workloads see all of them, vmem included, through this table of functions and
 * through nothing else, so that each pays for the same indirect calls. A peer
 * that does something in several ways is there once for each of them.
 */
#ifndef _VMEM_BENCH_PEER_H
#define _VMEM_BENCH_PEER_H

#include <linux/types.h>

/* Where every range begins: not at 0, and aligned to what is asked for. */
#define BASE	4096UL

/**
 * struct piece - what was handed out, or shall be
 * @at: where it begins
 * @size: in units of one
 * @own: what the peer wants its client to keep, see &peer.client
 */
struct piece {
	unsigned long at;
	unsigned long size;
	void *own;
};

/**
 * struct peer - something that hands out integers
 * @name: without blanks
 * @missing: why it is not there in this kernel, NULL if it is
 * @one_size: sizes other than 1 cannot be had
 * @pointers: its integers are addresses of memory, from no range of ours
 * @cyclic: hands out rising identifiers
 * @slow_fill: to fill it in a row takes a time that grows with what is there;
 *	it is to be filled with @alloc_at, which has the same outcome
 * @client: bytes in its client's structures for each piece, which it finds
 *	zeroed in &piece.own
 * @make: make one that hands out [BASE, BASE + range); NULL: no memory
 * @unmake: when everything has been freed
 * @alloc: hand out &piece.size; false: there is none
 * @free: take back what @alloc gave
 * @alloc_aligned: the same, at a multiple of align; may be NULL
 * @alloc_within: the same, in [first, end); may be NULL
 * @alloc_at: the same, at one place; may be NULL
 * @free_such: take back what one of these three gave
 * @settle: do now what is otherwise done from time to time; may be NULL
 */
struct peer {
	const char *name;
	const char *missing;
	bool one_size;
	bool pointers;
	bool cyclic;
	bool slow_fill;
	size_t client;
	void *(*make)(unsigned long range);
	void (*unmake)(void *it);
	bool (*alloc)(void *it, struct piece *piece);
	void (*free)(void *it, struct piece *piece);
	bool (*alloc_aligned)(void *it, struct piece *piece,
			      unsigned long align);
	bool (*alloc_within)(void *it, struct piece *piece, unsigned long first,
			     unsigned long end);
	bool (*alloc_at)(void *it, struct piece *piece, unsigned long at);
	void (*free_such)(void *it, struct piece *piece);
	void (*settle)(void *it);
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
