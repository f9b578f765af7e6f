// SPDX-License-Identifier: GPL-2.0
/*
 * One operation of a user. Either the user allocates a random size with random
 * flags, checks the result and enters the range in the owner map; or the user
 * frees a segment.
 *
 * A user that waits for space holds no segment. All other users free their
 * segments without waiting for space. So vmem must serve every waiter in the
 * DRAIN phase.
 */
#include <linux/align.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/sched/mm.h>

#include "torture.h"

void tt_user_init(struct tt_user *u, struct tt_thread *thread,
		  unsigned int max_held)
{
	u->thread = thread;
	u->id = tt_new_owner_id();
	u->max_held = min_t(unsigned int, max_held, TT_HELD);
	u->n = 0;
	prandom_seed_state(&u->rnd, u->id);
}

static void record_range(struct tt_user *u, void *addr, size_t size, bool by_x)
{
	struct tt_range r = { (unsigned long)addr, size, by_x };
	struct tt_arena *a = u->arena;

	if (!addr) {
		tt_count(TT_FAILED);
		return;
	}
	if (r.addr & (a->quantum - 1))
		tt_violation("%s: allocated %#lx, which is not a multiple of the quantum",
			     a->name, r.addr);
	if (!tt_claim(a->map, a->name, r.addr, ALIGN(size, a->quantum), u->id)) {
		/* tt_claim() has reported a violation: undo the allocation. */
		if (by_x)
			vmem_xfree(a->vm, addr, size);
		else
			vmem_free(a->vm, addr, size);
		return;
	}
	u->held[u->n++] = r;
}

static void set_call(struct tt_user *u, const char *what, size_t size,
		     int vmflag)
{
	if (u->thread)
		tt_set_call(u->thread, what, u->arena->name, size, vmflag);
}

/* Count a request before it is made, because it may take long. */
static void count_request(struct tt_user *u, int vmflag)
{
	tt_count(TT_ALLOC);
	if (!u->thread)
		tt_count(TT_IRQ);
	if (!(vmflag & VM_NOSLEEP))
		tt_count(TT_SLEEP);
}

/*
 * Register a request that may wait for space. In a memory allocation scope (see
 * alloc_random()), a request may wait for memory instead: do not register it.
 */
static struct tt_request *register_request(struct tt_user *u,
					   struct tt_request_args *w)
{
	if (!u->thread || current->flags & (PF_MEMALLOC | PF_MEMALLOC_NOIO))
		return NULL;
	w->arena = u->arena->name;
	w->vm = u->arena->vm;
	return tt_wait_begin(w);
}

/* Allocate by vmem_alloc(). Returns true on success. */
bool tt_alloc(struct tt_user *u, size_t size, int vmflag)
{
	struct tt_request_args w = { .size = size, .vmflag = vmflag };
	struct tt_request *r = register_request(u, &w);
	unsigned int n = u->n;
	void *addr;

	count_request(u, vmflag);
	set_call(u, "vmem_alloc", size, vmflag);
	addr = vmem_alloc(u->arena->vm, size, vmflag);
	tt_wait_end(r);
	record_range(u, addr, size, false);
	set_call(u, NULL, 0, 0);
	return u->n > n;
}

/* Allocate by vmem_xalloc() without constraints: this bypasses the caches. */
bool tt_xalloc(struct tt_user *u, size_t size, int vmflag)
{
	struct tt_request_args w = {
		.size = size, .vmflag = vmflag, .by_x = true,
	};
	struct tt_request *r = register_request(u, &w);
	unsigned int n = u->n;
	void *addr;

	count_request(u, vmflag);
	set_call(u, "vmem_xalloc", size, vmflag);
	addr = vmem_xalloc(u->arena->vm, size, 0, 0, 0, NULL, NULL, vmflag);
	tt_wait_end(r);
	record_range(u, addr, size, true);
	set_call(u, NULL, 0, 0);
	return u->n > n;
}

/* Allocate by vmem_xalloc() with constraints, and check the result. */
static void xalloc_constrained(struct tt_user *u, size_t size, int vmflag)
{
	unsigned long align, phase = 0, nocross = 0, min = 0, max = 0, a, need;
	struct tt_arena *arena = u->arena;
	unsigned long q = arena->quantum;
	unsigned long room = arena->size ?: 4 * arena->max_quanta * q;
	struct tt_request *r;
	struct tt_request_args w;
	/* A bounded request does not import, so vmem might never serve it. */
	bool bounds = arena->size || vmflag & VM_NOSLEEP;

	align = q << tt_random(&u->rnd, 5);
	if (tt_random(&u->rnd, 2))
		phase = tt_random(&u->rnd, align / q) * q;
	need = ALIGN(size, q) + 2 * align;
	if (bounds && !tt_random(&u->rnd, 3)) {
		nocross = roundup_pow_of_two(ALIGN(phase + size, align));
		nocross <<= tt_random(&u->rnd, 3);
		need += 2 * nocross;
	}
	if (need > room) {
		align = 0;
		phase = 0;
		nocross = 0;
		need = ALIGN(size, q);
	}
	if (arena->size && need < room && !tt_random(&u->rnd, 2)) {
		min = arena->base + tt_random(&u->rnd, (room - need) / q) * q;
		max = min + need;
	}

	w = (struct tt_request_args){
		.size = size, .vmflag = vmflag, .by_x = true, .align = align,
		.phase = phase, .nocross = nocross, .min = (void *)min,
		.max = (void *)max,
	};
	r = register_request(u, &w);
	count_request(u, vmflag);
	set_call(u, "vmem_xalloc", size, vmflag);
	a = (unsigned long)vmem_xalloc(arena->vm, size, align, phase, nocross,
				       (void *)min, (void *)max, vmflag);
	tt_wait_end(r);
	set_call(u, NULL, 0, 0);
	if (a && ((align && (a & (align - 1)) != phase) ||
		  (nocross && (a ^ (a + size - 1)) & ~(nocross - 1)) ||
		  a < min || (max && a + size > max)))
		tt_violation("%s: got [%#lx, +%#zx) with %#lx, %#lx, %#lx, from %#lx to %#lx",
			     arena->name, a, size, align, phase, nocross, min,
			     max);
	record_range(u, (void *)a, size, true);
}

void tt_free(struct tt_user *u, unsigned int n)
{
	struct tt_arena *a = u->arena;
	struct tt_range r = u->held[n];

	u->held[n] = u->held[--u->n];
	tt_disclaim(a->map, a->name, r.addr, ALIGN(r.size, a->quantum), u->id);
	set_call(u, "free", r.size, 0);
	if (r.by_x)
		vmem_xfree(a->vm, (void *)r.addr, r.size);
	else
		vmem_free(a->vm, (void *)r.addr, r.size);
	set_call(u, NULL, 0, 0);
}

void tt_free_all(struct tt_user *u)
{
	while (u->n)
		tt_free(u, u->n - 1);
}

/* Sizes are mostly small, rarely large, often not a multiple of the quantum. */
static size_t random_size(struct tt_user *u)
{
	u32 dice = tt_random(&u->rnd, 16);
	unsigned long q = u->arena->quantum;
	unsigned long n = u->arena->max_quanta;
	size_t size;

	if (dice < 11)
		n = min(n, 2UL);
	else if (dice < 15)
		n = min(n, 20UL);
	size = (1 + tt_random(&u->rnd, n)) * q;
	if (q > 1 && !tt_random(&u->rnd, 4))
		size -= tt_random(&u->rnd, q);
	return size;
}

static int random_flags(struct tt_user *u)
{
	static const int policies[] = {
		0, 0, 0, VM_BESTFIT, VM_FIRSTFIT, VM_NEXTFIT, VM_NEXTFIT,
		VM_BESTFIT | VM_FIRSTFIT,
	};
	int vmflag = policies[tt_random(&u->rnd, ARRAY_SIZE(policies))];
	u32 dice = prandom_u32_state(&u->rnd);

	if (!(dice & 7))
		vmflag |= VM_ENDALLOC;
	if (!(dice & 0x70))
		vmflag |= VM_PUSHPAGE;
	if (!(dice & 0x700))
		vmflag |= VM_ABORT;
	if (!(dice & 0xf000))
		vmflag |= VM_MEMLOAD | VM_NORELOC;
	return vmflag;
}

static void alloc_random(struct tt_user *u)
{
	bool sleep = u->waits && !u->n && u->arena->may_wait &&
		     (u->max_held == 1 || !tt_random(&u->rnd, 3));
	int vmflag = random_flags(u) | (sleep ? VM_SLEEP : VM_NOSLEEP);
	size_t size = random_size(u);
	unsigned int flags = 0;
	u32 scope = tt_random(&u->rnd, 16);

	/* In these scopes, allocations of vmem's structures fail more often. */
	if (sleep && scope == 0)
		flags = memalloc_noreclaim_save();
	else if (sleep && scope == 1)
		flags = memalloc_noio_save();

	if (tt_random(&u->rnd, 4))
		tt_alloc(u, size, vmflag);
	else
		xalloc_constrained(u, size, vmflag);

	if (sleep && scope == 0)
		memalloc_noreclaim_restore(flags);
	else if (sleep && scope == 1)
		memalloc_noio_restore(flags);
}

/**
 * tt_alloc_or_free - allocate or free one segment
 * @u: the user
 *
 * Context: task if @u has a thread, otherwise any context except NMI.
 */
void tt_alloc_or_free(struct tt_user *u)
{
	u32 dice = prandom_u32_state(&u->rnd);

	if (u->n && (u->n == u->max_held || dice % 16 < 7)) {
		struct tt_range *r = &u->held[(dice >> 8) % u->n];

		if (dice & 0x40 &&
		    !vmem_contains(u->arena->vm, (void *)r->addr, r->size))
			tt_violation("%s: vmem_contains() is false for allocated [%#lx, +%#zx)",
				     u->arena->name, r->addr, r->size);
		tt_free(u, r - u->held);
	} else {
		alloc_random(u);
	}
}
