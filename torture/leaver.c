// SPDX-License-Identifier: GPL-2.0
/*
 * Traffic in arenas whose functions are in another module, vmem_torture_leaver,
 * which is removed meanwhile, rule [47].
 *
 * The module offers a tree of three arenas when it is inserted. When it is removed
 * it either withdraws the offer and destroys them, or leaves them behind: then the
 * threads here go on in them, and they are destroyed when the next tree is offered.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/rwsem.h>

#include "torture.h"

#define HELD		24

static DECLARE_RWSEM(offer_sem);
static struct tt_offer offer;		/* protected by offer_sem */
static bool withdrawn = true;		/* likewise */

/* Caller holds offer_sem for writing. */
static void destroy_left_behind(void)
{
	int i;

	if (withdrawn)
		return;
	for (i = ARRAY_SIZE(offer.vm); i--; )
		vmem_destroy(offer.vm[i]);
	withdrawn = true;
	tt_count(TT_LEFT);
}

/**
 * tt_offer - let the torture use a tree of arenas
 * @new: the arenas, the root first
 */
void tt_offer(const struct tt_offer *new)
{
	down_write(&offer_sem);
	destroy_left_behind();
	offer = *new;
	withdrawn = false;
	up_write(&offer_sem);
}
EXPORT_SYMBOL_GPL(tt_offer);

/* Nothing is allocated in the arenas offered, and no thread uses them any more. */
void tt_withdraw(void)
{
	down_write(&offer_sem);
	withdrawn = true;
	up_write(&offer_sem);
	tt_count(TT_WITHDRAWN);
}
EXPORT_SYMBOL_GPL(tt_withdraw);

/* Called by functions in the module, for the statistics. */
void tt_leaver_called(void)
{
	tt_count(TT_LEAVER_CALL);
}
EXPORT_SYMBOL_GPL(tt_leaver_called);

struct held {
	vmem_t *vm;
	void *addr;
	size_t size;
};

/*
 * Only requests that do not wait, as imports are off once the module has gone. One
 * that may sleep asks the import function in that way; VM_ABORT has no effect on
 * cached sizes, and is not passed on to a source.
 */
static bool get(struct tt_thread *t, struct held *h)
{
	bool sleep = !tt_random(&t->rnd, 3);
	int vmflag = sleep ? VM_SLEEP | VM_ABORT : VM_NOSLEEP;

	h->vm = offer.vm[sleep ? 1 : 1 + tt_random(&t->rnd, 2)];
	h->size = 1 + tt_random(&t->rnd, 12) + (sleep ? 16 : 0);
	tt_doing(t, "leaver: vmem_alloc", "tt-left", h->size, vmflag);
	h->addr = vmem_alloc(h->vm, h->size, vmflag);
	tt_doing(t, NULL, NULL, 0, 0);
	return h->addr;
}

static void step(struct tt_thread *t)
{
	struct held *held = t->data;
	unsigned int n = 0, tries;

	down_read(&offer_sem);
	if (!withdrawn) {
		for (tries = 0; tries < HELD && !tt_ebbs(); tries++)
			n += get(t, &held[n]);
		tt_pause(1000);
		while (n--) {
			tt_doing(t, "leaver: vmem_free", "tt-left",
				 held[n].size, 0);
			vmem_free(held[n].vm, held[n].addr, held[n].size);
			tt_doing(t, NULL, NULL, 0, 0);
		}
	}
	up_read(&offer_sem);
	tt_pause(5000);
}

const struct tt_job tt_leaver_job = {
	.name = "leaver", .size = HELD * sizeof(struct held), .step = step,
};

/* The module has gone, as it depends on this one. */
void tt_leaver_exit(void)
{
	down_write(&offer_sem);
	destroy_left_behind();
	up_write(&offer_sem);
}
