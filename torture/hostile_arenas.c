// SPDX-License-Identifier: GPL-2.0
/*
 * The arenas of hostile clients, and the checks of these arenas after all
 * threads have drained.
 */
#include <linux/log2.h>

#include "hostile.h"

/* In the order of enum tt_hostile. */
struct tt_client tt_clients[TT_CLIENTS] = {
	{ { "tt-slow-root", "tt-slow", "tt-slow-leaf" }, SLEEPS | SLEEP_ONLY },
	{ { "tt-lock-root", "tt-lock", "tt-lock-leaf" }, SLEEPS | LOCKS },
	{ { "tt-refuse-root", "tt-refuse", "tt-refuse-leaf" }, REFUSES },
	{ { "tt-bad-root", "tt-bad", "tt-bad-leaf" }, BAD | REENTERS },
	{ { "tt-reenter-root", "tt-reenter", "tt-reenter-leaf" },
	  SLEEPS | REENTERS },
	{ { "tt-misfit-root", "tt-misfit", "tt-misfit-leaf" }, MISFIT },
};

static vmem_t *create_arena(struct tt_client *c, unsigned int level)
{
	const int vmflag = VM_SLEEP | VMC_IDENTIFIER;
	vmem_t *source = level ? c->arena[level - 1].vm : NULL;
	const char *name = c->name[level];

	switch (level) {
	case ROOT:
		/* No free segment begins at a multiple of Q. */
		if (c->behaviour & MISFIT)
			return vmem_create(name, (void *)(BASE + Q / 4),
					   (ROOT_UNITS - 1) * Q, Q / 4, NULL,
					   NULL, NULL, 0, vmflag);
		return vmem_create(name, (void *)BASE, ROOT_UNITS * Q, Q, NULL,
				   NULL, NULL, 0, vmflag);
	case MIDDLE:
		if (c->behaviour & MISFIT)
			return vmem_create(name, (void *)OWN_BASE,
					   OWN_UNITS * Q, Q, vmem_alloc,
					   vmem_free, source, Q, vmflag);
		return vmem_xcreate(name, (void *)OWN_BASE, OWN_UNITS * Q, Q,
				    tt_hostile_import, tt_hostile_release,
				    source, Q, vmflag);
	default:
		return vmem_create(name, NULL, 0, Q, vmem_alloc, vmem_free,
				   source, 2 * Q, vmflag);
	}
}

static int create(struct tt_client *c)
{
	unsigned int i;

	atomic_set(&c->nbad, 0);
	for (i = 0; i < LEVELS; i++) {
		c->arena[i] = (struct tt_arena) {
			.name = c->name[i], .map = &c->map, .quantum = Q,
			.max_quanta = MAX_QUANTA, .may_wait = true,
		};
		c->arena[i].vm = create_arena(c, i);
		if (!c->arena[i].vm)
			return -ENOMEM;
		tt_count(TT_ARENA);
	}
	return 0;
}

int tt_hostile_create(void)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < TT_CLIENTS; i++)
		if (tt_client_enabled(&tt_clients[i]))
			err = err ?: create(&tt_clients[i]);
	if (err)
		tt_hostile_destroy();
	return err;
}

void tt_hostile_destroy(void)
{
	unsigned int i, level;

	for (i = 0; i < TT_CLIENTS; i++) {
		struct tt_client *c = &tt_clients[i];

		for (level = LEVELS; level--; ) {
			struct tt_arena *a = &c->arena[level];

			if (!a->vm)
				continue;
			if (level == ROOT)
				tt_expect_unused(a->name, a->vm);
			vmem_destroy(a->vm);
			a->vm = NULL;
		}
	}
}

static void check(struct tt_client *c)
{
	unsigned int level, expected;
	struct vmem_stats s;
	int faults;

	tt_hostile_free_stash(c);
	for (level = 0; level < LEVELS; level++) {
		struct tt_arena *a = &c->arena[level];

		faults = vmem_verify(a->vm);
		if (faults)
			tt_violation("%s: vmem_verify() finds %d faults",
				     a->name, faults);
		vmem_get_stats(a->vm, &s);
		if (c->behaviour & MISFIT && level == MIDDLE) {
			if (s.misuse)
				tt_count(TT_MISFIT);
			continue;
		}
		expected = level == MIDDLE ? atomic_read(&c->nbad) : 0;
		if (s.misuse != expected)
			tt_violation("%s: vmem refused %llu calls, expected %u",
				     a->name, s.misuse, expected);
	}
	if (atomic_read(&c->bad))
		tt_violation("%s: %d bad results are not released, expected 0",
			     c->name[MIDDLE], atomic_read(&c->bad));
	tt_map_expect_empty(&c->map, c->name[MIDDLE]);
}

/* Called when all threads have drained. */
void tt_hostile_check(void)
{
	unsigned int i;

	for (i = 0; i < TT_CLIENTS; i++)
		if (tt_client_enabled(&tt_clients[i]))
			check(&tt_clients[i]);
}

unsigned int tt_hostile_clients(void)
{
	return TT_CLIENTS;
}

/* The mutex that the functions of the client TT_H_LOCK take. */
struct mutex *tt_hostile_mutex(void)
{
	return &tt_clients[TT_H_LOCK].lock;
}

int tt_hostile_init(void)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < TT_CLIENTS; i++) {
		mutex_init(&tt_clients[i].lock);
		err = err ?: tt_map_init(&tt_clients[i].map, BASE, ilog2(Q),
					 ROOT_UNITS + OWN_UNITS);
	}
	return err ?: tt_hostile_other_init();
}

void tt_hostile_exit(void)
{
	unsigned int i;

	tt_hostile_other_exit();
	for (i = 0; i < TT_CLIENTS; i++)
		tt_map_exit(&tt_clients[i].map);
}
