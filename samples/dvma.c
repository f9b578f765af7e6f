// SPDX-License-Identifier: GPL-2.0
/*
 * A client of vmem: the address window of a bus.
 *
 * An I/O MMU maps memory for devices in a window of bus addresses, here the top
 * 64 MiB of a 32-bit bus. The bus driver allocates an address for each mapping.
 * Each device has its own constraints:
 * - The address must be aligned, or have a given offset (the phase) from an
 *   aligned address.
 * - A device with a 16-bit address counter cannot cross a 64 KiB boundary.
 * - Some devices can address only a part of the window.
 * vmem_xalloc() supports all of these constraints, in any combination.
 *
 * A network card has no constraints, and maps one to four pages at a time.
 * These sizes have quantum caches, from which vmem_alloc() usually allocates
 * without a lock. vmem_xalloc() does not use the caches, since caches do not
 * support constraints. vmem_free() frees an allocation of vmem_alloc(), and
 * vmem_xfree() frees an allocation of vmem_xalloc(). Before a VM_NOSLEEP
 * request fails, it returns a bounded number of free objects from the caches to
 * the arena, but none from the magazines of other CPUs.
 *
 * The window ends at the top of the 32-bit address space. On a 32-bit machine
 * the base of the window plus its size is 0, which vmem supports.
 *
 * The module maps or unmaps "rounds" times, and checks each address against the
 * constraints of the device. It keeps a page table of the window to detect
 * overlaps. It counts the mappings that fail; a driver would retry them after a
 * transfer has ended. The remaining mappings stay until the module is removed:
 *
 *	insmod dvma.ko mappings=200 rounds=20000
 *	cat /sys/kernel/debug/vmem/[0-9]*-dvma/segments
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmem.h>

#define IO_PAGE		SZ_4K	/* independent of the CPU's page size */
#define WINDOW_BASE	0xfc000000UL
#define WINDOW_SIZE	((size_t)SZ_64M)
#define WINDOW_LAST	(WINDOW_BASE + (WINDOW_SIZE - 1))
#define CACHED_MAX	(4 * IO_PAGE)

static unsigned int mappings = 200;
module_param(mappings, uint, 0444);
MODULE_PARM_DESC(mappings, "Maximum number of live mappings (1 to 16384)");

static unsigned int rounds = 20000;
module_param(rounds, uint, 0444);
MODULE_PARM_DESC(rounds, "Number of operations, each of which maps or unmaps");

/* The constraints of a device. A member is 0 if there is no such constraint. */
static const struct device_rules {
	bool none;			/* no constraints at all */
	unsigned int max_pages;
	size_t align, phase, nocross;
	unsigned long min, max;		/* addressable range: [min, max) */
	int flags;
} devices[] = {
	/* Network: no constraints. */
	{ .none = true, .max_pages = 4 },
	/* Disk: a 16-bit address counter. */
	{ .max_pages = 16, .nocross = SZ_64K },
	/*
	 * Display: large and aligned mappings. VM_ENDALLOC puts them at high
	 * addresses, away from the mappings of the other devices.
	 */
	{ .max_pages = 512, .align = SZ_1M, .flags = VM_BESTFIT | VM_ENDALLOC },
	/* Sound: 24 address lines reach the first 16 MiB of the window. */
	{ .max_pages = 16, .max = WINDOW_BASE + SZ_16M },
	/* A ring whose header is in the page before a 16 KiB boundary. */
	{ .max_pages = 8, .align = SZ_16K, .phase = SZ_16K - IO_PAGE,
	  .nocross = SZ_64K, .min = WINDOW_BASE + SZ_16M,
	  .max = WINDOW_BASE + SZ_32M },
};

struct mapping {
	unsigned long addr;		/* 0 if not mapped */
	size_t size;
	bool plain;			/* allocated with vmem_alloc() */
};

static vmem_t *dvma;
static struct mapping *table;
static u32 *page_table;		/* per page: 1 + index of its mapping, or 0 */
static unsigned int mapped, no_room;	/* successful and failed requests */

static bool obeys_rules(const struct device_rules *r, unsigned long addr, size_t size)
{
	unsigned long last = addr + (size - 1);
	size_t align = r->align ?: IO_PAGE;

	return addr >= WINDOW_BASE && last >= addr && last <= WINDOW_LAST &&
	       addr % align == r->phase &&
	       (!r->nocross || addr / r->nocross == last / r->nocross) &&
	       (!r->min || addr >= r->min) && (!r->max || last < r->max);
}

/* Change the owner of the pages of @m in the page table. */
static int set_owner(const struct mapping *m, u32 from, u32 to)
{
	u32 *pte = page_table + (m->addr - WINDOW_BASE) / IO_PAGE;
	u32 *end = pte + m->size / IO_PAGE;

	for (; pte < end; pte++) {
		if (*pte != from) {
			pr_err("%#lx: page belongs to mapping %u, not %u\n",
			       m->addr, *pte, from);
			return -EIO;
		}
		*pte = to;
	}
	return 0;
}

static int map(unsigned int i, u32 random)
{
	const struct device_rules *r = &devices[random % ARRAY_SIZE(devices)];
	size_t size = (1 + (random >> 8) % r->max_pages) * IO_PAGE;
	struct mapping *m = &table[i];
	unsigned long addr;

	if (r->none)
		addr = (unsigned long)vmem_alloc(dvma, size, VM_NOSLEEP);
	else
		addr = (unsigned long)vmem_xalloc(dvma, size, r->align, r->phase,
						  r->nocross, (void *)r->min,
						  (void *)r->max,
						  VM_NOSLEEP | r->flags);
	if (!addr) {
		no_room++;
		return 0;
	}
	m->addr = addr;
	m->size = size;
	m->plain = r->none;
	mapped++;
	if (!obeys_rules(r, addr, size)) {
		pr_err("%#lx, %zu bytes: violates the rules of device %td\n",
		       addr, size, r - devices);
		return -EIO;
	}
	return set_owner(m, 0, i + 1);
}

static int unmap(unsigned int i)
{
	struct mapping *m = &table[i];
	int err;

	if (!m->addr)
		return 0;
	err = set_owner(m, i + 1, 0);
	/* An allocation of vmem_xalloc() must be freed with vmem_xfree(). */
	if (m->plain)
		vmem_free(dvma, (void *)m->addr, m->size);
	else
		vmem_xfree(dvma, (void *)m->addr, m->size);
	m->addr = 0;
	return err;
}

/* Undo dvma_init(), even if it failed halfway. */
static void clean_up(void)
{
	unsigned int i;

	if (dvma) {
		for (i = 0; i < mappings; i++)
			unmap(i);
		vmem_destroy(dvma);
	}
	kvfree(page_table);
	kvfree(table);
}

static int __init dvma_init(void)
{
	unsigned int i, slot;
	int err;

	if (mappings < 1 || mappings > WINDOW_SIZE / IO_PAGE)
		return -EINVAL;

	err = -ENOMEM;
	table = kvcalloc(mappings, sizeof(*table), GFP_KERNEL);
	page_table = kvcalloc(WINDOW_SIZE / IO_PAGE, sizeof(*page_table), GFP_KERNEL);
	if (!table || !page_table)
		goto fail;
	dvma = vmem_create("dvma", (void *)WINDOW_BASE, WINDOW_SIZE, IO_PAGE,
			   NULL, NULL, NULL, CACHED_MAX, VM_SLEEP);
	if (!dvma)
		goto fail;

	for (i = 0; i < rounds; i++) {
		slot = hash_32(i, 32) % mappings;
		err = table[slot].addr ? unmap(slot) : map(slot, hash_32(~i, 32));
		if (err)
			goto fail;
		cond_resched();
	}

	pr_info("%u mappings obeyed the rules, %u found no space; %zu of %zu KiB mapped or cached\n",
		mapped, no_room, vmem_size(dvma, VMEM_ALLOC) / SZ_1K,
		vmem_size(dvma, VMEM_ALLOC | VMEM_FREE) / SZ_1K);
	return 0;

fail:
	clean_up();
	return err;
}
module_init(dvma_init);

static void __exit dvma_exit(void)
{
	clean_up();
}
module_exit(dvma_exit);

MODULE_DESCRIPTION("vmem sample: addresses of a bus window");
MODULE_LICENSE("GPL");
