/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An import and a release function that do as they are told, and note what they
 * were asked. The ranges they hand out are nobody's: their source is a label.
 *
 * @during runs inside the import, where the arena lock is dropped: what it does
 * to the importing arena is a race with the request, made to happen every time.
 */
#ifndef VMEM_TEST_IMPORT_H
#define VMEM_TEST_IMPORT_H

#include "vmem_test.h"

/**
 * struct vt_import - orders to the functions below, and their notes
 * @next: start of the next import, which then moves on; 0: fail
 * @raise: vt_ximport() asks for this much more
 * @during: called inside each import
 * @importer: the importing arena, for @during
 * @imports: calls of the import function
 * @src: its argument
 * @size: the size that it was asked for last
 * @align: the alignment that it was asked for last
 * @vmflag: the flags that it was given last
 * @releases: calls of the release function
 * @released: the range that was released last
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

/* A source that is never asked: it only lends its quantum. */
static inline vmem_t *vt_label(struct kunit *test, size_t quantum)
{
	return vt_arena(test, 0, 0, quantum);
}

/* An empty arena that imports by vt_ximport(), or by vt_import(). */
static inline vmem_t *vt_ximporter(struct kunit *test, size_t quantum,
				   vmem_free_t *ffunc, size_t source_quantum,
				   int vmflag)
{
	vmem_t *src = vt_label(test, source_quantum);

	vt_imp.importer = vt_adopt(test, vmem_xcreate(test->name, NULL, 0,
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

	vt_imp.importer = vt_adopt(test, vmem_create(test->name, NULL, 0,
						     quantum, vt_import, ffunc,
						     src, qcache_max,
						     VM_SLEEP | vmflag));
	return vt_imp.importer;
}

#endif /* VMEM_TEST_IMPORT_H */
