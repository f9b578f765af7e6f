/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared between the suite vmem_live_module and the module vmem_sleeper. The
 * import and release functions of vmem_sleeper sleep while the suite removes
 * vmem_sleeper.
 */
#ifndef VMEM_SLEEPER_H
#define VMEM_SLEEPER_H

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/vmem.h>

/**
 * struct vmem_sleeper - functions of vmem_sleeper, and state shared with the
 * suite
 * @take: the module's import function for vmem_create(); calls vmem_alloc()
 * @xtake: the module's import function for vmem_xcreate(); calls @take
 * @give: the module's release function; calls vmem_free()
 * @block_take: if set, @take and @xtake fail with VM_NOSLEEP, and with VM_SLEEP
 *	they block until the suite completes @proceed
 * @block_give: if set, @give blocks until the suite completes @proceed
 * @entered: completed by each call of @take, @xtake or @give that is about to
 *	block
 * @proceed: completed by the suite to let one blocked call continue
 * @calls: number of calls of @take, @xtake and @give
 * @inside: number of these calls that have not returned
 * @leaving: the module's exit function has run
 * @gone: set by the suite when rmmod has returned
 * @late: number of starts and returns of calls after @gone was set
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
