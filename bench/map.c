// SPDX-License-Identifier: GPL-2.0
/*
 * A bitmap of the allocated integers, independent of the peer. It shows the
 * fragmentation of the free space, and detects if a peer allocates integers
 * that are not free or not in its range.
 */
#include <linux/bitmap.h>
#include <linux/printk.h>

#include "bench.h"

static void broken(struct work *work, const struct piece *piece)
{
	if (!work->broken)
		pr_info("bench: failed %s allocates [%#lx, %#lx), which is not free\n",
			work->peer->name, piece->at, piece->at + piece->size);
	work->broken = true;
}

void map_set(struct work *work, const struct piece *piece)
{
	unsigned long at = piece->at - BASE, end = at + piece->size;

	work->used += piece->size;
	if (!work->map || work->broken)
		return;
	if (piece->at < BASE || end > work->range ||
	    find_next_bit(work->map, end, at) < end) {
		broken(work, piece);
		return;
	}
	bitmap_set(work->map, at, piece->size);
}

void map_clear(struct work *work, const struct piece *piece)
{
	work->used -= piece->size;
	if (work->map && !work->broken)
		bitmap_clear(work->map, piece->at - BASE, piece->size);
}

/* Length of the longest run of free integers. */
unsigned long map_largest(const struct work *work)
{
	unsigned long at = 0, end, largest = 0;

	if (!work->map)
		return 0;
	for (;;) {
		at = find_next_zero_bit(work->map, work->range, at);
		if (at >= work->range)
			return largest;
		end = find_next_bit(work->map, work->range, at);
		largest = max(largest, end - at);
		at = end;
	}
}
