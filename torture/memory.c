// SPDX-License-Identifier: GPL-2.0
/*
 * No memory at all for up to a second: a thread allocates every free page, down to
 * what the kernel keeps for atomic requests.
 *
 * A request that insists gets some back, by the notifier that runs before the OOM
 * killer: so no other task fails, but all requests that may not sleep do.
 */
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/oom.h>
#include <linux/spinlock.h>

#include "torture.h"

#define ORDER		9	/* of the largest pieces */
#define BACK		64	/* pages to give back at a time */
#define SETTLE_MS	500	/* until those who waited for memory have it */

/*
 * Blocks to leave free where a kernel stack is of an order that the OOM notifier is not
 * called for: or user space could not fork. There failslab has to do.
 */
#define SPARE		(IS_ENABLED(CONFIG_UML) ? 32 : 0)
#define SPARE_ORDER	5

/**
 * struct piece - pages, at their own beginning
 * @node: entry of @pieces
 * @order: log2 of how many
 */
struct piece {
	struct list_head node;
	unsigned int order;
};

static LIST_HEAD(pieces);		/* protected by pieces_lock */
static DEFINE_SPINLOCK(pieces_lock);
static bool filling;			/* likewise */
static unsigned long short_until;	/* jiffies: READ_ONCE(), WRITE_ONCE() */

/* Whether requests may be waiting for memory, not for space. */
bool tt_memory_is_short(void)
{
	return time_before(jiffies, READ_ONCE(short_until));
}

/* Free the pieces allocated last, which are the smallest. Returns the pages. */
static unsigned long give_back(unsigned long pages)
{
	unsigned long n = 0;
	struct piece *p;

	spin_lock(&pieces_lock);
	filling = false;
	while (n < pages && !list_empty(&pieces)) {
		p = list_last_entry(&pieces, struct piece, node);
		list_del(&p->node);
		spin_unlock(&pieces_lock);
		n += 1UL << p->order;
		free_pages((unsigned long)p, p->order);
		spin_lock(&pieces_lock);
	}
	spin_unlock(&pieces_lock);
	return n;
}

static int out_of_memory_soon(struct notifier_block *nb, unsigned long unused,
			      void *freed)
{
	*(unsigned long *)freed += give_back(BACK);
	return NOTIFY_OK;
}

static struct notifier_block notifier = { .notifier_call = out_of_memory_soon };

/* One piece. Returns false if there is none, or some had to be given back. */
static bool fill(unsigned int order)
{
	const gfp_t gfp = GFP_NOWAIT | __GFP_NOWARN | __GFP_NORETRY |
			  __GFP_NOMEMALLOC;
	struct piece *p = (void *)__get_free_pages(gfp, order);
	bool more;

	if (!p)
		return false;
	p->order = order;
	spin_lock(&pieces_lock);
	list_add_tail(&p->node, &pieces);
	more = filling;
	spin_unlock(&pieces_lock);
	return more;
}

static void step(struct tt_thread *t)
{
	unsigned int i, ms = 200 + tt_random(&t->rnd, 800);
	unsigned long spare[SPARE + 1];
	int order;

	tt_pause(50000);
	if (tt_random(&t->rnd, 20))
		return;
	tt_doing(t, "memory: all of it", NULL, 0, 0);
	WRITE_ONCE(short_until, jiffies + 60 * HZ);
	spin_lock(&pieces_lock);
	filling = true;
	spin_unlock(&pieces_lock);
	for (i = 0; i < SPARE; i++)
		spare[i] = __get_free_pages(GFP_NOWAIT | __GFP_NOWARN,
					    SPARE_ORDER);
	for (order = ORDER; order >= 0; order--)
		while (!tt_ebbs() && fill(order))
			cond_resched();
	for (i = 0; i < SPARE; i++)
		free_pages(spare[i], SPARE_ORDER);
	tt_count(TT_SHORT);
	for (; ms >= 20 && !tt_ebbs(); ms -= 20)
		msleep(20);
	give_back(ULONG_MAX);
	WRITE_ONCE(short_until, jiffies + msecs_to_jiffies(SETTLE_MS));
	tt_doing(t, NULL, NULL, 0, 0);
}

const struct tt_job tt_memory_job = { .name = "memory", .step = step };

int tt_memory_init(void)
{
	WRITE_ONCE(short_until, jiffies);
	return register_oom_notifier(&notifier);
}

void tt_memory_exit(void)
{
	unregister_oom_notifier(&notifier);
	give_back(ULONG_MAX);
}
