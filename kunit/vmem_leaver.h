/* SPDX-License-Identifier: GPL-2.0 */
/* Shared between the suite vmem_client and the module vmem_leaver. */
#ifndef VMEM_LEAVER_H
#define VMEM_LEAVER_H

#include <linux/vmem.h>

/**
 * struct vmem_leaver - functions and arenas of the module vmem_leaver
 * @source: source of @import and @ximport; @plain if the suite sets no source
 * @take: an import function of the module
 * @xtake: an import function of the module, for vmem_xcreate()
 * @give: a release function of the module
 * @make: creates an arena without import and release functions
 * @import: an arena that imports with @take and releases with @give
 * @ximport: an arena that imports with @xtake and has no release function
 * @plain: an arena without import and release functions
 * @below: an arena that imports from @plain with vmem_alloc() and vmem_free()
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
