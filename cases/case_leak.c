// SPDX-License-Identifier: GPL-2.0
/*
 * A faulty client: it leaks memory on an error path.
 *
 * The driver of a card keeps sessions in the memory of the card. Each step
 * closes the oldest session and opens a session. A session allocates a block
 * for its state and a ring of one to four KiB. One handshake in ten fails. The
 * error path then frees the ring, but not the state.
 *
 *	insmod vmem.ko audit=1
 *	insmod case_leak.ko
 *	echo 2000 >/sys/module/case_leak/parameters/run
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/vmem.h>

#include "steps.h"

#define CARD_BASE	0x40000000UL
#define CARD_SIZE	SZ_1M
#define STATE_SIZE	448
#define OPEN		64		/* number of open sessions */

struct session {
	void *state;
	void *ring;			/* NULL if not open */
	size_t ring_size;
};

static vmem_t *card;
static struct session sessions[OPEN];

static noinline void *session_state(void)
{
	return vmem_alloc(card, STATE_SIZE, VM_SLEEP);
}

static noinline void *session_ring(size_t size)
{
	return vmem_alloc(card, size, VM_SLEEP);
}

static noinline void session_open(struct session *s, unsigned long i)
{
	s->ring_size = (1 + i % 4) * SZ_1K;
	s->state = session_state();
	s->ring = session_ring(s->ring_size);
	if (i % 10 == 9) {
		/* The handshake failed. */
		vmem_free(card, s->ring, s->ring_size);
		s->ring = NULL;
		/* This is the fault: s->state is not freed. */
	}
}

static void session_close(struct session *s)
{
	if (!s->ring)
		return;
	vmem_free(card, s->ring, s->ring_size);
	vmem_free(card, s->state, STATE_SIZE);
	s->ring = NULL;
}

static void step(unsigned long i)
{
	struct session *s = &sessions[i % OPEN];

	session_close(s);
	session_open(s, i);
}

static int __init case_leak_init(void)
{
	card = vmem_create("card_memory", (void *)CARD_BASE, CARD_SIZE, 64, NULL,
			   NULL, NULL, 0, VM_SLEEP);
	if (!card)
		return -ENOMEM;
	steps_enable(true);
	return 0;
}
module_init(case_leak_init);

static void __exit case_leak_exit(void)
{
	unsigned int i;

	steps_enable(false);
	for (i = 0; i < OPEN; i++)
		session_close(&sessions[i]);
	vmem_destroy(card);
}
module_exit(case_leak_exit);

MODULE_DESCRIPTION("vmem case: a client that leaks");
MODULE_LICENSE("GPL");
