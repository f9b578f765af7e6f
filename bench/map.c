// SPDX-License-Identifier: GPL-2.0
/*
 * Which integers are handed out: a bit for each, the same for all peers. It tells
 * how the free space is cut up, and finds out a peer that hands out what is not free.
 */
#include <linux/bitmap.h>
#include <linux/printk.h>

#include "bench.h"

static void broken(struct work *work, const struct piece *piece)
{
	if (!work->broken)
		pr_info("bench: failed %s hands out [%#lx, %#lx)\n",
			work->peer->name, piece->at, piece->at + piece->size);
	work->broken = true;
}

void map_take(struct work *work, const struct piece *piece)
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

void map_give(struct work *work, const struct piece *piece)
{
	work->used -= piece->size;
	if (work->map && !work->broken)
		bitmap_clear(work->map, piece->at - BASE, piece->size);
}

/* The largest free piece. */
unsigned long map_largest(const struct work *work)
{
	unsigned long at = 0, end, most = 0;

	if (!work->map)
		return 0;
	for (;;) {
		at = find_next_zero_bit(work->map, work->range, at);
		if (at >= work->range)
			return most;
		end = find_next_bit(work->map, work->range, at);
		most = max(most, end - at);
		at = end;
	}
}
