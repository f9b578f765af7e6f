// SPDX-License-Identifier: GPL-2.0
/*
 * Memory shortage for up to a second: a thread allocates every free page,
 * except for the kernel's reserve for atomic requests.
 *
 * An OOM notifier, which runs before the OOM killer, frees some of these pages.
 * So allocations that may sleep succeed, and no task is killed. All allocations
 * that may not sleep fail.
 */
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/oom.h>
#include <linux/spinlock.h>

#include "torture.h"

#define ORDER		9	/* order of the largest pieces */
#define NOTIFIER_PAGES	64	/* pages freed per call of the notifier */
#define SETTLE_MS	500	/* time until waiters for memory are served */

/*
 * Number of blocks to leave free on a kernel that does not call the OOM
 * notifier for an allocation of the order of a kernel stack. Without these
 * blocks user space could not fork. On such a kernel only failslab makes all
 * allocations of vmem's structures fail.
 */
#define SPARE		(IS_ENABLED(CONFIG_UML) ? 32 : 0)
#define SPARE_ORDER	5

/**
 * struct piece - header at the beginning of a block of pages
 * @node: entry of @pieces
 * @order: log2 of the number of pages
 */
struct piece {
	struct list_head node;
	unsigned int order;
};

static LIST_HEAD(pieces);		/* protected by pieces_lock */
static DEFINE_SPINLOCK(pieces_lock);
static bool allocating;			/* protected by pieces_lock */
static unsigned long short_until;	/* jiffies; WRITE_ONCE(), READ_ONCE() */

/* True if requests may be waiting for memory instead of space. */
bool tt_memory_is_short(void)
{
	return time_before(jiffies, READ_ONCE(short_until));
}

/*
 * Free pieces, the smallest first, until at least @pages pages are freed or no
 * piece remains. Returns the number of pages freed.
 */
static unsigned long free_pieces(unsigned long pages)
{
	unsigned long n = 0;
	struct piece *p;

	spin_lock(&pieces_lock);
	allocating = false;
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

static int oom_notify(struct notifier_block *nb, unsigned long unused,
		      void *freed)
{
	*(unsigned long *)freed += free_pieces(NOTIFIER_PAGES);
	return NOTIFY_OK;
}

static struct notifier_block notifier = { .notifier_call = oom_notify };

/* Returns false on failure, or if the notifier has freed pieces. */
static bool alloc_piece(unsigned int order)
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
	more = allocating;
	spin_unlock(&pieces_lock);
	return more;
}

static void step(struct tt_thread *t)
{
	unsigned int i, ms = 200 + tt_random(&t->rnd, 800);
	unsigned long spare[SPARE + 1];
	int order;

	tt_usleep(50000);
	if (tt_random(&t->rnd, 20))
		return;
	tt_set_call(t, "memory shortage", NULL, 0, 0);
	WRITE_ONCE(short_until, jiffies + 60 * HZ);
	spin_lock(&pieces_lock);
	allocating = true;
	spin_unlock(&pieces_lock);
	for (i = 0; i < SPARE; i++)
		spare[i] = __get_free_pages(GFP_NOWAIT | __GFP_NOWARN,
					    SPARE_ORDER);
	for (order = ORDER; order >= 0; order--)
		while (!tt_should_drain() && alloc_piece(order))
			cond_resched();
	for (i = 0; i < SPARE; i++)
		free_pages(spare[i], SPARE_ORDER);
	tt_count(TT_SHORT);
	for (; ms >= 20 && !tt_should_drain(); ms -= 20)
		msleep(20);
	free_pieces(ULONG_MAX);
	WRITE_ONCE(short_until, jiffies + msecs_to_jiffies(SETTLE_MS));
	tt_set_call(t, NULL, NULL, 0, 0);
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
	free_pieces(ULONG_MAX);
}
