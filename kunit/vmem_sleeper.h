/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The module vmem_sleeper and the suite vmem_live_module share this: arenas'
 * functions that belong to a module that goes away while they are called.
 */
#ifndef VMEM_SLEEPER_H
#define VMEM_SLEEPER_H

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/vmem.h>

/**
 * struct vmem_sleeper - the module, and what the suite lets it do
 * @take: an import function of the module; it calls vmem_alloc()
 * @xtake: the same for vmem_xcreate()
 * @give: a release function of the module; it calls vmem_free()
 * @block_take: @take and @xtake serve only what may sleep, and block until
 *	@proceed
 * @block_give: @give blocks until @proceed
 * @entered: completed by each call that is about to block
 * @proceed: lets one of them go on
 * @calls: calls of all functions
 * @inside: calls that have not returned
 * @leaving: the module's exit function has run
 * @gone: its removal has gone on; set by the suite
 * @late: calls that ran or returned after that
 */
struct vmem_sleeper {
	vmem_alloc_t *take;
	vmem_ximport_t *xtake;
	vmem_free_t *give;
	bool block_take;
	bool block_give;
	struct completion entered;
	struct completion proceed;
	atomic_t calls;
	atomic_t inside;
	bool leaving;
	bool gone;
	atomic_t late;
};

#endif /* VMEM_SLEEPER_H */
