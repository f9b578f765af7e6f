// SPDX-License-Identifier: GPL-2.0
/*
 * Two threads that hand the only integer of an arena to one another: each frees it
 * when the other asks for it, mostly not before he sleeps, and goes on only when the
 * other has got it. So each free has somebody to wake, and a wake-up that gets lost
 * stops both.
 */
#include "torture.h"

/* In one arena; in two that import from one; both with quantum caches, too. */
#define KINDS	4

/**
 * struct relay - two threads
 * @source: holds the integer where there are two arenas
 * @vm: where each of them asks
 * @slept: sleeps in his arena when he began to ask
 * @asking: is asking; written after @slept
 * @got: how often he got it
 * @holders: how many have it
 */
struct relay {
	vmem_t *source;
	vmem_t *vm[2];
	u64 slept[2];
	bool asking[2];
	unsigned int got[2];
	atomic_t holders;
};

static struct relay relays[KINDS];

static u64 sleeps(vmem_t *vm)
{
	struct vmem_stats s;

	vmem_get_stats(vm, &s);
	return s.wait;
}

static void other_asks(struct tt_thread *t, struct relay *r, unsigned int other)
{
	/* Pairs with that in step(). */
	while (!smp_load_acquire(&r->asking[other]) && !tt_ebbs())
		tt_pause(5);
	/* Sometimes he is anywhere between asking and sleeping. */
	if (!tt_random(&t->rnd, 4))
		return;
	while (sleeps(r->vm[other]) == READ_ONCE(r->slept[other]) && !tt_ebbs())
		tt_pause(5);
}

static void other_gets(struct relay *r, unsigned int other, unsigned int got)
{
	while (READ_ONCE(r->asking[other]) && READ_ONCE(r->got[other]) == got &&
	       !tt_ebbs())
		tt_pause(5);
}

static void step(struct tt_thread *t)
{
	struct relay *r = &relays[t->n / 2];
	unsigned int me = t->n % 2, got;
	vmem_t *vm = r->vm[me];
	struct tt_wanted w = { .arena = "tt-relay", .vm = vm, .size = 1 };
	struct tt_request *request;
	void *addr;

	tt_doing(t, "relay: vmem_alloc", "tt-relay", 1, VM_SLEEP);
	WRITE_ONCE(r->slept[me], sleeps(vm));
	/* Pairs with that in other_asks(). */
	smp_store_release(&r->asking[me], true);
	request = tt_wait_begin(&w);
	addr = vmem_alloc(vm, 1, VM_SLEEP);
	tt_wait_end(request);
	if (addr != (void *)1 || atomic_inc_return(&r->holders) != 1)
		tt_violation("tt-relay/%u got %p, which the other has as well",
			     t->n, addr);
	WRITE_ONCE(r->got[me], r->got[me] + 1);
	WRITE_ONCE(r->asking[me], false);
	tt_count(TT_RELAY);

	tt_doing(t, "relay: holding", "tt-relay", 1, VM_SLEEP);
	other_asks(t, r, !me);
	got = READ_ONCE(r->got[!me]);
	atomic_dec(&r->holders);
	vmem_free(vm, addr, 1);
	tt_doing(t, "relay: waiting", "tt-relay", 1, VM_SLEEP);
	other_gets(r, !me, got);
	tt_doing(t, NULL, NULL, 0, 0);
}

const struct tt_job tt_relay_job = { .name = "relay", .step = step };

static int create(struct relay *r, unsigned int kind)
{
	const int id = VM_SLEEP | VMC_IDENTIFIER;
	size_t cached = kind / 2;
	vmem_t *vm;

	vm = vmem_create("tt-relay", (void *)1, 1, 1, NULL, NULL, NULL, cached,
			 id);
	r->vm[0] = vm;
	r->vm[1] = vm;
	if (!vm || !(kind % 2))
		return vm ? 0 : -ENOMEM;
	r->source = vm;
	r->vm[0] = vmem_create("tt-relay-0", NULL, 0, 1, vmem_alloc, vmem_free,
			       vm, cached, id);
	r->vm[1] = vmem_create("tt-relay-1", NULL, 0, 1, vmem_alloc, vmem_free,
			       vm, cached, id);
	return r->vm[0] && r->vm[1] ? 0 : -ENOMEM;
}

int tt_relay_init(void)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < KINDS; i++)
		err = err ?: create(&relays[i], i);
	return err;
}

void tt_relay_exit(void)
{
	unsigned int i;

	for (i = 0; i < KINDS; i++) {
		struct relay *r = &relays[i];

		if (r->source) {
			vmem_destroy(r->vm[1]);
			vmem_destroy(r->vm[0]);
			r->vm[0] = r->source;
		}
		if (r->vm[0])
			tt_expect_unused("tt-relay", r->vm[0]);
		vmem_destroy(r->vm[0]);
		memset(r, 0, sizeof(*r));
	}
}
