// SPDX-License-Identifier: GPL-2.0
/*
 * Import and release functions of hostile clients. The functions sleep, take a
 * mutex, return NULL, return ranges that vmem must refuse, and allocate and
 * free in the arena that calls them.
 *
 * After the RUN phase, imports that may sleep succeed, and the functions no
 * longer allocate or free in the arena. They still sleep, but only for a few
 * milliseconds.
 */
#include <linux/delay.h>
#include <linux/hash.h>

#include "hostile.h"

#define BURST		13	/* more structures than a segment pool holds */

static atomic_t nr_draws = ATOMIC_INIT(0);

/* An arena of another tree, in which reenter() also allocates and frees. */
static vmem_t *other;

static u32 dice(u32 sides)
{
	return hash_32(atomic_inc_return(&nr_draws), 16) % sides;
}

/* Find the client whose root is @src. */
static struct tt_client *client_of(vmem_t *src)
{
	unsigned int i;

	for (i = 0; i < TT_CLIENTS; i++)
		if (tt_clients[i].arena[ROOT].vm == src)
			return &tt_clients[i];
	return NULL;
}

/* --- side effects of the client's functions --- */

static void sleep_randomly(struct tt_client *c, enum tt_count what)
{
	unsigned int ms = 1 + dice(dice(8) ? 5 : 50);

	if (!(c->behaviour & SLEEPS))
		return;
	tt_count(what);
	if (!dice(512))
		ms = 1000 + dice(2000);
	for (; ms >= 20 && !tt_should_drain(); ms -= 20)
		msleep(20);
	usleep_range(500 * min(ms, 4U), 1000 * min(ms, 4U));
}

static bool reenter_begin(struct tt_client *c)
{
	return c->behaviour & REENTERS && !tt_should_drain() &&
	       !tt_is_watchdog() && !cmpxchg(&c->reentering, NULL, current);
}

static void reenter_end(struct tt_client *c)
{
	/* Pairs with cmpxchg() in reenter_begin(). */
	smp_store_release(&c->reentering, NULL);
}

/* True if this call comes from an allocation or free in reenter(). */
static bool is_nested_call(const struct tt_client *c)
{
	return READ_ONCE(c->reentering) == current;
}

/*
 * Free one segment of the client's middle arena, and allocate at most @n
 * segments there. Then allocate and free a segment in another tree.
 */
static void reenter(struct tt_client *c, unsigned int n)
{
	struct tt_thread *t = tt_thread_current();
	unsigned long imported = t ? t->imported : 0;
	vmem_t *vm = c->arena[MIDDLE].vm;
	size_t size = 1 + dice(6);
	void *addr;

	if (!vm || !reenter_begin(c))
		return;
	tt_count(TT_REENTERED);
	if (c->nstash)
		vmem_xfree(vm, c->stash[--c->nstash], Q);
	for (; n && c->nstash < STASH; n--) {
		addr = vmem_xalloc(vm, Q, 0, 0, 0, NULL, NULL, VM_NOSLEEP);
		if (!addr)
			break;
		c->stash[c->nstash++] = addr;
	}
	if (c->nstash == STASH)
		while (c->nstash > STASH / 4)
			vmem_xfree(vm, c->stash[--c->nstash], Q);
	addr = vmem_alloc(other, size, VM_NOSLEEP);
	if (addr)
		vmem_free(other, addr, size);
	reenter_end(c);
	if (t)
		t->imported = imported;
}

/* --- the client's functions --- */

/* Make a range that vmem must refuse and release. May change @size. */
static void *bad_result(struct tt_client *c, size_t *size)
{
	unsigned long addr;

	switch (dice(4)) {
	case 0:			/* the range wraps around */
		*size += Q;
		addr = -Q;
		break;
	case 1:			/* overlaps the own span */
		addr = OWN_BASE + dice(OWN_UNITS) * Q;
		break;
	case 2:			/* smaller than requested */
		*size -= Q;
		addr = OWN_BASE + (OWN_UNITS + 1) * Q;
		if (*size)
			break;
		*size += Q;
		fallthrough;
	default:		/* misaligned */
		addr = BASE + dice(ROOT_UNITS / 2) * Q + Q / 2;
	}
	tt_count(TT_BAD);
	atomic_inc(&c->bad);
	atomic_inc(&c->nbad);
	return (void *)addr;
}

static bool is_bad(unsigned long addr)
{
	return addr % Q || addr >= OWN_BASE;
}

/* True if the import function must return NULL even if space is free. */
static bool refuse_import(struct tt_client *c, bool sleep)
{
	bool refused = false;

	if (c->behaviour & SLEEP_ONLY && !sleep)
		refused = true;
	else if (c->behaviour & REFUSES && !tt_should_drain())
		refused = dice(4);
	if (refused)
		tt_count(TT_REFUSED);
	return refused;
}

/*
 * The watchdog repeats, with VM_NOSLEEP, a request that may sleep. This
 * function serves the repeated request like the original. It returns NULL if
 * the client may refuse the original. It also returns NULL if another import is
 * under way, because the original may have to wait for that import.
 */
static void *import_for_watchdog(struct tt_client *c, vmem_t *src, size_t size)
{
	if (c->behaviour & (REFUSES | BAD) || atomic_read(&c->importing))
		return NULL;
	return vmem_xalloc(src, size, 0, 0, 0, NULL, NULL, VM_NOSLEEP);
}

static void *do_import(struct tt_client *c, vmem_t *src, size_t *size, int vmflag)
{
	bool sleep = !(vmflag & VM_NOSLEEP);

	if (refuse_import(c, sleep))
		return NULL;
	if (c->behaviour & LOCKS) {
		if (sleep)
			mutex_lock(&c->lock);
		else if (!mutex_trylock(&c->lock))
			return NULL;
		tt_count(TT_LOCKED_IMPORT);
	}
	if (sleep)
		sleep_randomly(c, TT_SLOW_IMPORT);
	if (c->behaviour & LOCKS)
		mutex_unlock(&c->lock);
	reenter(c, 3);
	if (c->behaviour & BAD && !tt_should_drain() && dice(4))
		return bad_result(c, size);
	if (!sleep)
		return vmem_xalloc(src, *size, 0, 0, 0, NULL, NULL, vmflag);
	return tt_import_waiting(c->name[ROOT], src, *size, 0, vmflag);
}

void *tt_hostile_import(vmem_t *src, size_t *size, size_t align, int vmflag)
{
	struct tt_thread *t = tt_thread_current();
	struct tt_client *c = client_of(src);
	void *addr;

	if (tt_is_watchdog())
		return import_for_watchdog(c, src, *size);
	atomic_inc(&c->importing);
	if (!(vmflag & VM_NOSLEEP))
		tt_import_begin();
	addr = do_import(c, src, size, vmflag);
	if (!(vmflag & VM_NOSLEEP))
		tt_import_end();
	atomic_dec(&c->importing);
	if (t)
		t->imported = (unsigned long)addr;
	return addr;
}

/* Report a call of the release function in a context that is not allowed. */
static void check_context(struct tt_client *c, unsigned long addr)
{
	struct tt_thread *t = tt_thread_current();
	const char *call;

	if (!in_task() || irqs_disabled())
		tt_violation("%s: release function in atomic context",
			     c->name[MIDDLE]);
	if (!t) {
		if (current->flags & PF_MEMALLOC)
			tt_violation("%s: release function in memory reclaim",
				     c->name[MIDDLE]);
		return;
	}
	call = READ_ONCE(t->call);
	if (is_nested_call(c) || t->arena != c->name[MIDDLE] || !call ||
	    strncmp(call, "vmem_", 5) || !(t->vmflag & VM_NOSLEEP))
		return;
	if (addr != t->imported)
		tt_violation("%s: a VM_NOSLEEP request releases %#lx, which it did not import",
			     c->name[MIDDLE], addr);
}

void tt_hostile_release(vmem_t *src, void *addr, size_t size)
{
	unsigned long a = (unsigned long)addr;
	struct tt_client *c = client_of(src);
	bool bad = is_bad(a);

	if (!c) {
		tt_violation("a function of a destroyed hostile arena was called");
		return;
	}
	if (bad && (!(c->behaviour & BAD) || atomic_dec_if_positive(&c->bad) < 0))
		tt_violation("%s: released [%#lx, +%#zx), which was not imported",
			     c->name[MIDDLE], a, size);
	if (!tt_is_watchdog()) {
		check_context(c, a);
		if (c->behaviour & LOCKS) {
			mutex_lock(&c->lock);
			tt_count(TT_LOCKED_RELEASE);
		}
		sleep_randomly(c, TT_SLOW_RELEASE);
		if (c->behaviour & LOCKS)
			mutex_unlock(&c->lock);
		reenter(c, bad ? BURST : 3);
	}
	if (!bad)
		vmem_xfree(src, addr, size);
}

/* Free the stash. All threads have drained, so reenter() does nothing. */
void tt_hostile_free_stash(struct tt_client *c)
{
	/* Wait for a release function that is still in reenter(). */
	while (cmpxchg(&c->reentering, NULL, current))
		msleep(20);
	while (c->nstash)
		vmem_xfree(c->arena[MIDDLE].vm, c->stash[--c->nstash], Q);
	reenter_end(c);
}

int tt_hostile_other_init(void)
{
	other = vmem_create("tt-other", (void *)1, 4096, 1, NULL, NULL, NULL, 4,
			    VM_SLEEP | VMC_IDENTIFIER);
	return other ? 0 : -ENOMEM;
}

void tt_hostile_other_exit(void)
{
	vmem_destroy(other);
	other = NULL;
}
