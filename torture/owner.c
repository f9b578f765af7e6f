// SPDX-License-Identifier: GPL-2.0
/*
 * The owner map: an atomic word for each unit of a set of integers.
 *
 * After an allocation the user stores its owner id into the words of the range,
 * each of which must be 0. Before the user frees the range, it stores 0 again.
 * If two users hold one integer at the same time, one user finds the id of the
 * other.
 */
#include <linux/kernel.h>
#include <linux/percpu.h>
#include <linux/printk.h>
#include <linux/slab.h>

#include "torture.h"

/* Number of violations to print; further ones are only counted. */
#define SHOWN	20

static atomic_t violations = ATOMIC_INIT(0);
static atomic_t owners = ATOMIC_INIT(0);

/**
 * tt_violation - report that vmem broke a rule
 * @fmt: format of one line
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

unsigned int tt_new_owner_id(void)
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

/* Find the words of a range. Returns false if the range is not in the map. */
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
 * tt_claim - become the owner of a range that has just been allocated
 * @map: the map
 * @arena: name of the arena, for reports
 * @addr: first integer
 * @size: number of integers
 * @owner: owner id
 *
 * Context: any but NMI.
 * Return: true; or false if the range is not in the map or has another owner.
 * On false, a violation has been reported and the map is unchanged.
 */
bool tt_claim(struct tt_map *map, const char *arena, unsigned long addr,
	      size_t size, unsigned int owner)
{
	unsigned long first, n, i;
	int other;

	if (!units_of(map, addr, size, &first, &n)) {
		tt_violation("%s: got [%#lx, +%#zx), which is outside the arena",
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
 * tt_disclaim - remove the owner of a range, before it is freed
 * @map: the map
 * @arena: name of the arena, for reports
 * @addr: first integer
 * @size: number of integers
 * @owner: owner id
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

/* Report every word that has an owner, and clear it. */
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
