// SPDX-License-Identifier: GPL-2.0
/*
 * The rules, as they are written, applied to a bitmap.
 */
#include <linux/kernel.h>
#include <linux/log2.h>

#include "model.h"

/* [1], [2] The next free segment: it ends where its span does. */
bool mc_next_hole(const struct mc_model *m, struct mc_hole *hole)
{
	unsigned int at = hole->first + hole->n;

	while (hole->span < m->nspans) {
		const struct mc_span *s = &m->span[hole->span];
		unsigned int end = s->first + s->n;

		at = find_next_zero_bit(m->used, end, at);
		if (at < end) {
			hole->first = at;
			hole->n = find_next_bit(m->used, end, at) - at;
			return true;
		}
		hole->span++;
		at = m->span[hole->span].first;
	}
	return false;
}

/* The number of the span that holds a unit, or MC_NONE. */
unsigned int mc_span_of(const struct mc_model *m, unsigned int unit)
{
	unsigned int i;

	for (i = 0; i < m->nspans; i++)
		if (unit >= m->span[i].first &&
		    unit - m->span[i].first < m->span[i].n)
			return i;
	return MC_NONE;
}

bool mc_is_free(const struct mc_model *m, unsigned int first, unsigned int n)
{
	return find_next_bit(m->used, first + n, first) >= first + n;
}

/* [16] All constraints at once, at one address. */
static bool meets(const struct mc_model *m, const struct mc_req *req,
		  unsigned int unit)
{
	unsigned long addr = mc_addr(m, unit);
	unsigned long last = addr + req->size - 1;

	if (addr % req->align != req->phase)
		return false;
	if (req->nocross && addr / req->nocross != last / req->nocross)
		return false;
	return addr >= req->min && last <= req->last;
}

/* The lowest unit of a free segment where a request can begin, or MC_NONE. */
static unsigned int lowest(const struct mc_model *m, const struct mc_req *req,
			   const struct mc_hole *h)
{
	unsigned int i;

	for (i = 0; i + req->n <= h->n; i++)
		if (meets(m, req, h->first + i))
			return h->first + i;
	return MC_NONE;
}

static unsigned int highest(const struct mc_model *m, const struct mc_req *req,
			    const struct mc_hole *h)
{
	unsigned int i;

	for (i = h->n - req->n + 1; i-- > 0;)
		if (meets(m, req, h->first + i))
			return h->first + i;
	return MC_NONE;
}

/* Can any free segment serve it? */
bool mc_room(const struct mc_model *m, const struct mc_req *req)
{
	struct mc_hole h = mc_holes(m);

	while (mc_next_hole(m, &h))
		if (lowest(m, req, &h) != MC_NONE)
			return true;
	return false;
}

/* What is wrong with @addr, whatever the policy; NULL: nothing. */
const char *mc_judge_place(const struct mc_model *m, const struct mc_req *req,
			   unsigned long addr)
{
	unsigned long unit = mc_unit(m, addr);
	unsigned int span;

	if (addr & (mc_quantum(m) - 1))
		return "[4] not a multiple of the quantum";
	if (unit >= m->units || !test_bit(unit, m->in))
		return "[16] outside of every span";
	span = mc_span_of(m, unit);
	if (unit + req->n > m->span[span].first + m->span[span].n)
		return "[2] beyond the end of its span";
	if (!mc_is_free(m, unit, req->n))
		return "[16] overlaps what is allocated";
	if (!meets(m, req, unit))
		return "[16] the constraints are not met";
	return NULL;
}

/*
 * [15], [18] In which order size classes are looked at: the class that may hold
 * a fit last, unless its members are sure to be large enough or small ones are
 * asked for.
 */
static unsigned int rank(const struct mc_model *m, const struct mc_req *req,
			 const struct mc_hole *h)
{
	unsigned int class = ilog2((unsigned long)h->n << m->shift);
	unsigned long taken = (unsigned long)req->n << m->shift;

	if (req->flags & (VM_BESTFIT | VM_FIRSTFIT) || is_power_of_2(taken) ||
	    class > ilog2(taken))
		return class;
	return BITS_PER_LONG;
}

/*
 * [26] The first room at or after the rotor in list order; after a whole turn,
 * what lies before it in its own segment.
 */
static unsigned int next_fit(const struct mc_model *m, unsigned int n)
{
	unsigned int rotor = m->rotor == MC_NONE ? m->span[0].first : m->rotor;
	unsigned int home = mc_span_of(m, rotor);
	struct mc_hole h;
	unsigned int turn;

	for (turn = 0; turn < 2; turn++) {
		h = mc_holes(m);
		while (mc_next_hole(m, &h)) {
			bool before = h.span < home ||
				(h.span == home && h.first + h.n <= rotor);
			bool around = h.span == home && !before &&
				h.first < rotor;
			unsigned int skip = around && !turn ?
				rotor - h.first : 0;

			if (turn ? !before && !around : before)
				continue;
			if (h.n - skip >= n)
				return h.first + skip;
		}
	}
	return MC_NONE;
}

/*
 * Is @addr, which is in order otherwise, what the policy says? Where that is any
 * of several segments, is it one of them, and the right place in it?
 */
const char *mc_judge_choice(const struct mc_model *m, const struct mc_req *req,
			    unsigned long addr)
{
	unsigned int unit = mc_unit(m, addr);
	unsigned int best = UINT_MAX, smallest = UINT_MAX, place;
	struct mc_hole h = mc_holes(m), in = {};

	if (req->flags & VM_NEXTFIT && !req->x)
		return unit == next_fit(m, req->n) ? NULL :
			"[26] not the first room after the rotor";

	while (mc_next_hole(m, &h)) {
		unsigned int r = rank(m, req, &h);

		if (unit >= h.first && unit - h.first < h.n)
			in = h;
		if (r > best || lowest(m, req, &h) == MC_NONE)
			continue;
		if (r < best)
			smallest = UINT_MAX;
		best = r;
		smallest = min(smallest, h.n);
	}

	if (rank(m, req, &in) != best)
		return "[15] [18] not from the first class that has room";
	if (req->flags & VM_BESTFIT && in.n != smallest)
		return "[18] not from the smallest segment that fits";
	place = req->flags & VM_ENDALLOC ? highest(m, req, &in) :
					   lowest(m, req, &in);
	if (unit != place)
		return "[19] the wrong end of the segment";
	return NULL;
}

/* [26] The rotor moves to just after [first, first + n). */
void mc_rotor_after(struct mc_model *m, unsigned int first, unsigned int n)
{
	unsigned int span = mc_span_of(m, first);

	if (first + n < m->span[span].first + m->span[span].n)
		m->rotor = first + n;
	else
		m->rotor = span + 1 < m->nspans ? m->span[span + 1].first :
						  MC_NONE;
}

/* The free segment around [first, first + n) becomes another, or has become one. */
static void touch(struct mc_model *m, unsigned int first, unsigned int n)
{
	const struct mc_span *s;
	unsigned int end = first + n;

	if (!m->touched)
		return;
	s = &m->span[mc_span_of(m, first)];
	while (first > s->first && !test_bit(first - 1, m->used))
		first--;
	while (end < s->first + s->n && !test_bit(end, m->used))
		end++;
	bitmap_set(m->touched, first, end - first);
}

void mc_take(struct mc_model *m, unsigned int first, size_t size)
{
	touch(m, first, mc_units_of(m, size));
	m->asked[first] = size;
	bitmap_set(m->used, first, mc_units_of(m, size));
}

void mc_give(struct mc_model *m, unsigned int first)
{
	bitmap_clear(m->used, first, mc_units_of(m, m->asked[first]));
	touch(m, first, mc_units_of(m, m->asked[first]));
	m->asked[first] = 0;
}

void mc_span_add(struct mc_model *m, unsigned int first, unsigned int n,
		 bool imported)
{
	m->span[m->nspans++] = (struct mc_span) {
		.first = first, .n = n, .imported = imported,
	};
	bitmap_set(m->in, first, n);
	touch(m, first, n);
}

/* A rotor in it moves on to what follows. */
void mc_span_remove(struct mc_model *m, unsigned int span)
{
	const struct mc_span *s = &m->span[span];
	unsigned int i;

	touch(m, s->first, s->n);
	bitmap_clear(m->in, s->first, s->n);
	if (m->rotor != MC_NONE && mc_span_of(m, m->rotor) == span)
		m->rotor = span + 1 < m->nspans ? m->span[span + 1].first :
						  MC_NONE;
	m->nspans--;
	for (i = span; i < m->nspans; i++)
		m->span[i] = m->span[i + 1];
}
