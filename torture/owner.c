// SPDX-License-Identifier: GPL-2.0
/*
 * The owner map: an atomic word for each unit of a set of integers.
 *
 * Whoever is handed a range puts his number into its words, each of which must
 * be 0, and puts 0 there again before he frees it. If two are handed the same
 * integer, one of them finds the number of the other, however short the time was.
 * Nothing here knows how vmem works.
 */
#include <linux/kernel.h>
#include <linux/percpu.h>
#include <linux/printk.h>
#include <linux/slab.h>

#include "torture.h"

/* Violations to print; the rest are only counted. */
#define SHOWN	20

static atomic_t violations = ATOMIC_INIT(0);
static atomic_t owners = ATOMIC_INIT(0);

/**
 * tt_violation - something is wrong with vmem
 * @fmt: what, for one line
 *
 * Context: any but NMI.
 */
void tt_violation(const char *fmt, ...)
{
	struct va_format vaf = { .fmt = fmt };
	va_list args;

	if (atomic_inc_return(&violations) > SHOWN)
		return;
	va_start(args, fmt);
	vaf.va = &args;
	pr_err("vmem-torture: VIOLATION: %pV\n", &vaf);
	va_end(args);
}

unsigned int tt_violations(void)
{
	return atomic_read(&violations);
}

/* A number for one who owns. */
unsigned int tt_new_owner(void)
{
	return atomic_inc_return(&owners);
}

int tt_map_init(struct tt_map *map, unsigned long base, unsigned int shift,
		unsigned long units)
{
	map->base = base;
	map->shift = shift;
	map->units = units;
	map->owner = kvcalloc(units, sizeof(*map->owner), GFP_KERNEL);
	return map->owner ? 0 : -ENOMEM;
}

void tt_map_exit(struct tt_map *map)
{
	kvfree(map->owner);
	map->owner = NULL;
}

/* The first word of a range, and how many there are; false: not in the map. */
static bool units_of(const struct tt_map *map, unsigned long addr, size_t size,
		     unsigned long *first, unsigned long *n)
{
	unsigned long offset = addr - map->base;

	*first = offset >> map->shift;
	*n = ((size - 1) >> map->shift) + 1;
	return !(offset & ((1UL << map->shift) - 1)) && *first < map->units &&
	       *n <= map->units - *first;
}

/**
 * tt_claim - become the owner of what was just allocated
 * @map: the map
 * @arena: where, for a report
 * @addr: first integer
 * @size: how many
 * @owner: the number of the owner
 *
 * Context: any but NMI.
 * Return: whether it is his; if not that has been reported, and he owns nothing
 * of it.
 */
bool tt_claim(struct tt_map *map, const char *arena, unsigned long addr,
	      size_t size, unsigned int owner)
{
	unsigned long first, n, i;
	int other;

	if (!units_of(map, addr, size, &first, &n)) {
		tt_violation("%s: got [%#lx, +%#zx), which is not what the arena consists of",
			     arena, addr, size);
		return false;
	}
	for (i = 0; i < n; i++) {
		other = atomic_cmpxchg(&map->owner[first + i], 0, owner);
		if (!other)
			continue;
		tt_violation("%s: %u got [%#lx, +%#zx), of which %d owns %#lx",
			     arena, owner, addr, size, other,
			     map->base + ((first + i) << map->shift));
		while (i--)
			atomic_set(&map->owner[first + i], 0);
		return false;
	}
	return true;
}

/**
 * tt_disclaim - own a range no more; to be called before it is freed
 * @map: the map
 * @arena: where, for a report
 * @addr: first integer
 * @size: how many
 * @owner: the number of the owner
 *
 * Context: any but NMI.
 */
void tt_disclaim(struct tt_map *map, const char *arena, unsigned long addr,
		 size_t size, unsigned int owner)
{
	unsigned long first, n, i;
	int other;

	if (!units_of(map, addr, size, &first, &n))
		return;
	for (i = 0; i < n; i++) {
		other = atomic_cmpxchg(&map->owner[first + i], owner, 0);
		if (other != owner) {
			tt_violation("%s: %u had [%#lx, +%#zx), of which %d owns %#lx now",
				     arena, owner, addr, size, other,
				     map->base + ((first + i) << map->shift));
			return;
		}
	}
}

/* All have put back what they had. */
void tt_map_expect_empty(struct tt_map *map, const char *name)
{
	unsigned long i;
	int other;

	for (i = 0; i < map->units; i++) {
		other = atomic_read(&map->owner[i]);
		if (!other)
			continue;
		tt_violation("%s: %d still owns %#lx", name, other,
			     map->base + (i << map->shift));
		atomic_set(&map->owner[i], 0);
	}
}
