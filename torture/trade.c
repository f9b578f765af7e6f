// SPDX-License-Identifier: GPL-2.0
/*
 * One operation: an allocation of any size by any policy, checked and claimed, or
 * a free.
 *
 * Who may wait for space has nothing. All others give back what they have before
 * long, without waiting, so that whoever waits is served: a request that is not
 * served at ebb has been forgotten.
 */
#include <linux/align.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/sched/mm.h>

#include "torture.h"

void tt_trader_init(struct tt_trader *t, struct tt_thread *thread,
		    unsigned int most)
{
	t->thread = thread;
	t->id = tt_new_owner();
	t->most = min_t(unsigned int, most, TT_HELD);
	t->n = 0;
	prandom_seed_state(&t->rnd, t->id);
}

static void hold(struct tt_trader *t, void *addr, size_t size, bool by_x)
{
	struct tt_range r = { (unsigned long)addr, size, by_x };
	struct tt_arena *a = t->arena;

	if (!addr) {
		tt_count(TT_EMPTY);
		return;
	}
	if (r.addr & (a->quantum - 1))
		tt_violation("%s: got %#lx, off the quantum", a->name, r.addr);
	if (!tt_claim(a->map, a->name, r.addr, ALIGN(size, a->quantum), t->id)) {
		/* As if he had never had it. */
		if (by_x)
			vmem_xfree(a->vm, addr, size);
		else
			vmem_free(a->vm, addr, size);
		return;
	}
	t->held[t->n++] = r;
}

static void doing(struct tt_trader *t, const char *what, size_t size,
		  int vmflag)
{
	if (t->thread)
		tt_doing(t->thread, what, t->arena->name, size, vmflag);
}

/* Count a request. Counted before the call: it may take long. */
static void count(struct tt_trader *t, int vmflag)
{
	tt_count(TT_ALLOC);
	if (!t->thread)
		tt_count(TT_IRQ);
	if (!(vmflag & VM_NOSLEEP))
		tt_count(TT_SLEEP);
}

/* Register a request that may wait. Not where memory is harder to get. */
static struct tt_request *begin(struct tt_trader *t, struct tt_wanted *w)
{
	if (!t->thread || current->flags & (PF_MEMALLOC | PF_MEMALLOC_NOIO))
		return NULL;
	w->arena = t->arena->name;
	w->vm = t->arena->vm;
	return tt_wait_begin(w);
}

/* vmem_alloc(). Returns whether there was room. */
bool tt_get(struct tt_trader *t, size_t size, int vmflag)
{
	struct tt_wanted w = { .size = size, .vmflag = vmflag };
	struct tt_request *r = begin(t, &w);
	unsigned int n = t->n;
	void *addr;

	count(t, vmflag);
	doing(t, "vmem_alloc", size, vmflag);
	addr = vmem_alloc(t->arena->vm, size, vmflag);
	tt_wait_end(r);
	hold(t, addr, size, false);
	doing(t, NULL, 0, 0);
	return t->n > n;
}

/* vmem_xalloc() without constraints, which never takes from the caches. */
bool tt_xget(struct tt_trader *t, size_t size, int vmflag)
{
	struct tt_wanted w = { .size = size, .vmflag = vmflag, .by_x = true };
	struct tt_request *r = begin(t, &w);
	unsigned int n = t->n;
	void *addr;

	count(t, vmflag);
	doing(t, "vmem_xalloc", size, vmflag);
	addr = vmem_xalloc(t->arena->vm, size, 0, 0, 0, NULL, NULL, vmflag);
	tt_wait_end(r);
	hold(t, addr, size, true);
	doing(t, NULL, 0, 0);
	return t->n > n;
}

/* vmem_xalloc() with constraints, and see that it keeps them. */
static void xalloc(struct tt_trader *t, size_t size, int vmflag)
{
	unsigned long align, phase = 0, nocross = 0, min = 0, max = 0, a, need;
	struct tt_arena *arena = t->arena;
	unsigned long q = arena->quantum;
	unsigned long room = arena->size ?: 4 * arena->most * q;
	struct tt_request *r;
	struct tt_wanted w;
	/* Constraints by which an importing arena does not import. */
	bool bounds = arena->size || vmflag & VM_NOSLEEP;

	align = q << tt_random(&t->rnd, 5);
	if (tt_random(&t->rnd, 2))
		phase = tt_random(&t->rnd, align / q) * q;
	need = ALIGN(size, q) + 2 * align;
	if (bounds && !tt_random(&t->rnd, 3)) {
		nocross = roundup_pow_of_two(ALIGN(phase + size, align));
		nocross <<= tt_random(&t->rnd, 3);
		need += 2 * nocross;
	}
	if (need > room) {
		align = 0;
		phase = 0;
		nocross = 0;
		need = ALIGN(size, q);
	}
	if (arena->size && need < room && !tt_random(&t->rnd, 2)) {
		min = arena->base + tt_random(&t->rnd, (room - need) / q) * q;
		max = min + need;
	}

	w = (struct tt_wanted){
		.size = size, .vmflag = vmflag, .by_x = true, .align = align,
		.phase = phase, .nocross = nocross, .min = (void *)min,
		.max = (void *)max,
	};
	r = begin(t, &w);
	count(t, vmflag);
	doing(t, "vmem_xalloc", size, vmflag);
	a = (unsigned long)vmem_xalloc(arena->vm, size, align, phase, nocross,
				       (void *)min, (void *)max, vmflag);
	tt_wait_end(r);
	doing(t, NULL, 0, 0);
	if (a && ((align && (a & (align - 1)) != phase) ||
		  (nocross && (a ^ (a + size - 1)) & ~(nocross - 1)) ||
		  a < min || (max && a + size > max)))
		tt_violation("%s: got [%#lx, +%#zx) with %#lx, %#lx, %#lx, from %#lx to %#lx",
			     arena->name, a, size, align, phase, nocross, min,
			     max);
	hold(t, (void *)a, size, true);
}

void tt_put(struct tt_trader *t, unsigned int n)
{
	struct tt_arena *a = t->arena;
	struct tt_range r = t->held[n];

	t->held[n] = t->held[--t->n];
	tt_disclaim(a->map, a->name, r.addr, ALIGN(r.size, a->quantum), t->id);
	doing(t, "free", r.size, 0);
	if (r.by_x)
		vmem_xfree(a->vm, (void *)r.addr, r.size);
	else
		vmem_free(a->vm, (void *)r.addr, r.size);
	doing(t, NULL, 0, 0);
}

void tt_put_all(struct tt_trader *t)
{
	while (t->n)
		tt_put(t, t->n - 1);
}

/* Mostly small and often cached, seldom large, often off the quantum. */
static size_t random_size(struct tt_trader *t)
{
	u32 dice = tt_random(&t->rnd, 16);
	unsigned long q = t->arena->quantum;
	unsigned long n = t->arena->most;
	size_t size;

	if (dice < 11)
		n = min(n, 2UL);
	else if (dice < 15)
		n = min(n, 20UL);
	size = (1 + tt_random(&t->rnd, n)) * q;
	if (q > 1 && !tt_random(&t->rnd, 4))
		size -= tt_random(&t->rnd, q);
	return size;
}

static int random_flags(struct tt_trader *t)
{
	static const int policies[] = {
		0, 0, 0, VM_BESTFIT, VM_FIRSTFIT, VM_NEXTFIT, VM_NEXTFIT,
		VM_BESTFIT | VM_FIRSTFIT,
	};
	int vmflag = policies[tt_random(&t->rnd, ARRAY_SIZE(policies))];
	u32 dice = prandom_u32_state(&t->rnd);

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

static void get(struct tt_trader *t)
{
	bool sleep = t->waits && !t->n && t->arena->patient &&
		     (t->most == 1 || !tt_random(&t->rnd, 3));
	int vmflag = random_flags(t) | (sleep ? VM_SLEEP : VM_NOSLEEP);
	size_t size = random_size(t);
	unsigned int flags = 0;
	u32 scope = tt_random(&t->rnd, 16);

	/* Scopes in which memory for the books is harder to get. */
	if (sleep && scope == 0)
		flags = memalloc_noreclaim_save();
	else if (sleep && scope == 1)
		flags = memalloc_noio_save();

	if (tt_random(&t->rnd, 4))
		tt_get(t, size, vmflag);
	else
		xalloc(t, size, vmflag);

	if (sleep && scope == 0)
		memalloc_noreclaim_restore(flags);
	else if (sleep && scope == 1)
		memalloc_noio_restore(flags);
}

/**
 * tt_trade - allocate or free something
 * @t: who
 *
 * Context: task if @t belongs to one, else any but NMI.
 */
void tt_trade(struct tt_trader *t)
{
	u32 dice = prandom_u32_state(&t->rnd);

	if (t->n && (t->n == t->most || dice % 16 < 7)) {
		struct tt_range *r = &t->held[(dice >> 8) % t->n];

		if (dice & 0x40 &&
		    !vmem_contains(t->arena->vm, (void *)r->addr, r->size))
			tt_violation("%s: allocated [%#lx, +%#zx) is not in it",
				     t->arena->name, r->addr, r->size);
		tt_put(t, r - t->held);
	} else {
		get(t);
	}
}
