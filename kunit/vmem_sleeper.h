/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared between the suite vmem_live_module and the module vmem_sleeper, whose
 * functions sleep while the module is removed.
 */
#ifndef VMEM_SLEEPER_H
#define VMEM_SLEEPER_H

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/vmem.h>

/**
 * struct vmem_sleeper - functions of the module, and their control by the suite
 * @take: an import function of the module; calls vmem_alloc()
 * @xtake: the same for vmem_xcreate()
 * @give: a release function of the module; calls vmem_free()
 * @block_take: @take and @xtake fail with VM_NOSLEEP, and otherwise block until
 *	@proceed
 * @block_give: @give blocks until @proceed
 * @entered: completed by each call that is about to block
 * @proceed: lets one blocked call continue
 * @calls: number of calls of all functions
 * @inside: number of calls that have not returned
 * @leaving: the module's exit function has run
 * @gone: the removal of the module has proceeded; set by the suite
 * @late: calls that started or returned after @gone was set
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
