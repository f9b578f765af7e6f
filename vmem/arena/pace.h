/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How long a search holds the arena lock: for so many segments, then it lets
 * others in, however many there are to look at.
 *
 * What it has seen before a pause may have changed since. A search that finds
 * nothing, was disturbed, and so may have missed what came up behind it, is made
 * again; the last time without a pause, so that it comes to an end and its answer
 * is right.
 */
#ifndef _VMEM_ARENA_PACE_H
#define _VMEM_ARENA_PACE_H

#include "request.h"

/* Segments to be looked at while the lock is held once. */
#define VMEM_PACE	512

/* Disturbed searches to be made before the one that does not pause. */
#define VMEM_PACE_TRIES	4

/**
 * struct vmem_pace - the pace of one search
 * @vm: the arena, locked
 * @sleep: the caller may sleep
 * @irq: the interrupt state of the caller's spin_lock_irqsave()
 * @tries: searches that may still pause
 * @left: segments to be looked at before the next pause
 * @paused: there was one since vmem_pace_start()
 * @changes: changes of the arena before that
 */
struct vmem_pace {
	struct vmem *vm;
	bool sleep;
	unsigned long *irq;
	unsigned int tries;
	unsigned int left;
	bool paused;
	u64 changes;
};

/* Every cut and every appearance of a free segment counts. */
static inline u64 vmem_pace_changes(const struct vmem *vm)
{
	return vmem_space_appeared(&vm->space) + vm->space.stats.alloc;
}

/* Begin to search from the start. */
static inline void vmem_pace_start(struct vmem_pace *pace)
{
	pace->left = VMEM_PACE;
	pace->paused = false;
	pace->changes = vmem_pace_changes(pace->vm);
}

#define VMEM_PACE_INIT(arena, request, irqs) {				\
	.vm = (arena), .sleep = !((request)->flags & VM_NOSLEEP),	\
	.irq = (irqs), .tries = VMEM_PACE_TRIES				\
}

/* Is it time to pause? To be asked once for each segment. */
static inline bool vmem_pace_due(struct vmem_pace *pace)
{
	return unlikely(!--pace->left) && pace->tries;
}

/* May the search have missed something? */
static inline bool vmem_pace_disturbed(const struct vmem_pace *pace)
{
	return unlikely(pace->paused) &&
	       pace->changes != vmem_pace_changes(pace->vm);
}

/* The search was in vain: is it to be made again, at a new start? */
static inline bool vmem_pace_again(struct vmem_pace *pace)
{
	if (!vmem_pace_disturbed(pace))
		return false;
	pace->tries--;
	return true;
}

void vmem_pause(struct vmem_pace *pace);

#endif /* _VMEM_ARENA_PACE_H */
