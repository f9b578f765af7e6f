/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Import and release functions that the test controls and that record their
 * arguments. The import functions vt_import() and vt_ximport() take the range
 * at vt_imp.next and do not allocate from the source, which has no spans.
 *
 * vt_imp.during runs inside the import function, where the arena lock is not
 * held. Thus a test can reproduce a race between the request and another
 * operation on the importing arena.
 */
#ifndef VMEM_TEST_IMPORT_H
#define VMEM_TEST_IMPORT_H

#include "vmem_test.h"

/**
 * struct vt_import - control of the import and release functions, and a record
 * of their calls
 * @next: start of the next imported range, advanced by each import; 0 makes the
 *	import fail
 * @raise: size of the imported range minus the requested size, for vt_ximport()
 * @during: function that runs inside each import, or NULL
 * @importer: the importing arena, for use by @during
 * @imports: number of calls of the import function
 * @src: source argument of the last import
 * @size: requested size of the last import
 * @align: requested alignment of the last import
 * @vmflag: flags of the last import
 * @releases: number of calls of the release function
 * @released: range of the last release
 */
static struct vt_import {
	unsigned long next;
	long raise;
	void (*during)(void);
	vmem_t *importer;
	unsigned int imports;
	vmem_t *src;
	size_t size;
	size_t align;
	int vmflag;
	unsigned int releases;
	struct vt_range released;
} vt_imp;

static inline int vt_import_init(struct kunit *test)
{
	memset(&vt_imp, 0, sizeof(vt_imp));
	return vt_init(test);
}

static inline void *vt_ximport(vmem_t *src, size_t *size, size_t align,
			       int vmflag)
{
	unsigned long addr;

	vt_imp.imports++;
	vt_imp.src = src;
	vt_imp.size = *size;
	vt_imp.align = align;
	vt_imp.vmflag = vmflag;
	if (vt_imp.during)
		vt_imp.during();
	addr = vt_imp.next;
	if (addr) {
		*size += vt_imp.raise;
		vt_imp.next += *size;
	}
	return (void *)addr;
}

static inline void *vt_import(vmem_t *src, size_t size, int vmflag)
{
	vt_imp.raise = 0;
	return vt_ximport(src, &size, 0, vmflag);
}

static inline void vt_release(vmem_t *src, void *addr, size_t size)
{
	vt_imp.releases++;
	vt_imp.released.start = (unsigned long)addr;
	vt_imp.released.size = size;
}

/* A source without spans. Tests use only the quantum of the source. */
static inline vmem_t *vt_label(struct kunit *test, size_t quantum)
{
	return vt_arena(test, 0, 0, quantum);
}

/* An empty arena that imports with vt_ximport(). */
static inline vmem_t *vt_ximporter(struct kunit *test, size_t quantum,
				   vmem_free_t *ffunc, size_t source_quantum,
				   int vmflag)
{
	vmem_t *src = vt_label(test, source_quantum);

	vt_imp.importer = vt_track(test, vmem_xcreate(test->name, NULL, 0,
						      quantum, vt_ximport,
						      ffunc, src, 0,
						      VM_SLEEP | vmflag));
	return vt_imp.importer;
}

static inline vmem_t *vt_importer(struct kunit *test, size_t quantum,
				  vmem_free_t *ffunc, size_t source_quantum,
				  size_t qcache_max, int vmflag)
{
	vmem_t *src = vt_label(test, source_quantum);

	vt_imp.importer = vt_track(test, vmem_create(test->name, NULL, 0,
						     quantum, vt_import, ffunc,
						     src, qcache_max,
						     VM_SLEEP | vmflag));
	return vt_imp.importer;
}

#endif /* VMEM_TEST_IMPORT_H */
