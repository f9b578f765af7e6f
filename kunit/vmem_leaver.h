/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a module that leaves arenas behind shows to the suite about it.
 */
#ifndef VMEM_LEAVER_H
#define VMEM_LEAVER_H

#include <linux/vmem.h>

/**
 * struct vmem_leaver - the module, while it is there
 * @source: the source for its arenas: the suite's
 * @take: an import function of it
 * @xtake: one for vmem_xcreate()
 * @give: a release function of it
 * @make: makes an arena, with none of these
 * @import: an arena that imports by @take and releases by @give
 * @ximport: one that imports by @xtake and never releases
 * @plain: one without functions
 * @below: one that imports from that, by functions of vmem
 */
struct vmem_leaver {
	vmem_t *source;
	vmem_alloc_t *take;
	vmem_ximport_t *xtake;
	vmem_free_t *give;
	vmem_t *(*make)(void);
	vmem_t *import;
	vmem_t *ximport;
	vmem_t *plain;
	vmem_t *below;
};

#endif /* VMEM_LEAVER_H */
