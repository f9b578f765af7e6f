// SPDX-License-Identifier: GPL-2.0
/* The rules of the contract, applied to a bitmap. */
#include <linux/kernel.h>
#include <linux/log2.h>

#include "model.h"

/*
 * [1], [2] Advance @hole to the next free segment. A free segment ends at an
 * allocated unit or at the end of its span.
 */
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

/* Index of the span that contains @unit, or MC_NONE. */
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

/* [16] True if an allocation at @unit meets all constraints of the request. */
static bool meets_constraints(const struct mc_model *m,
			      const struct mc_req *req, unsigned int unit)
{
	unsigned long addr = mc_addr(m, unit);
	unsigned long last = addr + req->size - 1;

	if (addr % req->align != req->phase)
		return false;
	if (req->nocross && addr / req->nocross != last / req->nocross)
		return false;
	return addr >= req->min && last <= req->last;
}

/* The lowest unit at which the request fits in the free segment, or MC_NONE. */
static unsigned int lowest_fit(const struct mc_model *m,
			       const struct mc_req *req,
			       const struct mc_hole *h)
{
	unsigned int i;

	for (i = 0; i + req->n <= h->n; i++)
		if (meets_constraints(m, req, h->first + i))
			return h->first + i;
	return MC_NONE;
}

static unsigned int highest_fit(const struct mc_model *m,
				const struct mc_req *req,
				const struct mc_hole *h)
{
	unsigned int i;

	for (i = h->n - req->n + 1; i-- > 0;)
		if (meets_constraints(m, req, h->first + i))
			return h->first + i;
	return MC_NONE;
}

/* True if the request fits in a free segment. */
bool mc_has_fit(const struct mc_model *m, const struct mc_req *req)
{
	struct mc_hole h = mc_holes(m);

	while (mc_next_hole(m, &h))
		if (lowest_fit(m, req, &h) != MC_NONE)
			return true;
	return false;
}

/*
 * Check @addr against all rules except those of the policy. Returns the error
 * or NULL.
 */
const char *mc_judge_place(const struct mc_model *m, const struct mc_req *req,
			   unsigned long addr)
{
	unsigned long unit = mc_unit(m, addr);
	unsigned int span;

	if (addr & (mc_quantum(m) - 1))
		return "[4] not a multiple of the quantum";
	if (unit >= m->units || !test_bit(unit, m->in))
		return "[16] outside all spans";
	span = mc_span_of(m, unit);
	if (unit + req->n > m->span[span].first + m->span[span].n)
		return "[2] beyond the end of its span";
	if (!mc_is_free(m, unit, req->n))
		return "[16] overlaps an allocation";
	if (!meets_constraints(m, req, unit))
		return "[16] the constraints are not met";
	return NULL;
}

/*
 * [15], [18] Position of the free segment's class in the search order. The
 * possible class of the request comes last, unless all segments of this class
 * are large enough or the policy prefers small segments.
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
 * [26] The unit at which next fit allocates @n units, or MC_NONE. The search
 * follows the list order from the rotor. It examines the free segment around
 * the rotor twice: first the part that starts at the rotor, and at the end the
 * whole segment.
 */
static unsigned int next_fit(const struct mc_model *m, unsigned int n)
{
	unsigned int rotor = m->rotor == MC_NONE ? m->span[0].first : m->rotor;
	unsigned int rotor_span = mc_span_of(m, rotor);
	struct mc_hole h;
	unsigned int pass;

	for (pass = 0; pass < 2; pass++) {
		h = mc_holes(m);
		while (mc_next_hole(m, &h)) {
			bool before = h.span < rotor_span ||
				(h.span == rotor_span &&
				 h.first + h.n <= rotor);
			bool around = h.span == rotor_span && !before &&
				h.first < rotor;
			unsigned int skip = around && !pass ?
				rotor - h.first : 0;

			if (pass ? !before && !around : before)
				continue;
			if (h.n - skip >= n)
				return h.first + skip;
		}
	}
	return MC_NONE;
}

/*
 * Check that the policy chooses @addr, for which mc_judge_place() found no
 * error. If the rules allow several segments, @addr must be in one of them.
 * @addr must be the lowest address in this segment at which the request fits,
 * or the highest address with VM_ENDALLOC.
 */
const char *mc_judge_choice(const struct mc_model *m, const struct mc_req *req,
			    unsigned long addr)
{
	unsigned int unit = mc_unit(m, addr);
	unsigned int best = UINT_MAX, smallest = UINT_MAX, place;
	struct mc_hole h = mc_holes(m), in = {};

	if (req->flags & VM_NEXTFIT && !req->x)
		return unit == next_fit(m, req->n) ? NULL :
			"[26] not the first fit after the rotor";

	while (mc_next_hole(m, &h)) {
		unsigned int r = rank(m, req, &h);

		if (unit >= h.first && unit - h.first < h.n)
			in = h;
		if (r > best || lowest_fit(m, req, &h) == MC_NONE)
			continue;
		if (r < best)
			smallest = UINT_MAX;
		best = r;
		smallest = min(smallest, h.n);
	}

	if (rank(m, req, &in) != best)
		return "[15] [18] not from the first class with a fit";
	if (req->flags & VM_BESTFIT && in.n != smallest)
		return "[18] not from the smallest segment that fits";
	place = req->flags & VM_ENDALLOC ? highest_fit(m, req, &in) :
					   lowest_fit(m, req, &in);
	if (unit != place)
		return "[19] the wrong end of the segment";
	return NULL;
}

/* [26] Move the rotor to the unit after [first, first + n). */
void mc_rotor_move(struct mc_model *m, unsigned int first, unsigned int n)
{
	unsigned int span = mc_span_of(m, first);

	if (first + n < m->span[span].first + m->span[span].n)
		m->rotor = first + n;
	else
		m->rotor = span + 1 < m->nspans ? m->span[span + 1].first :
						  MC_NONE;
}

/*
 * Mark the free segment around [first, first + n) as changed. The caller
 * changes the range before or after this call.
 */
static void mark_touched(struct mc_model *m, unsigned int first, unsigned int n)
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

void mc_mark_used(struct mc_model *m, unsigned int first, size_t size)
{
	mark_touched(m, first, mc_units_of(m, size));
	m->asked[first] = size;
	bitmap_set(m->used, first, mc_units_of(m, size));
}

void mc_mark_free(struct mc_model *m, unsigned int first)
{
	bitmap_clear(m->used, first, mc_units_of(m, m->asked[first]));
	mark_touched(m, first, mc_units_of(m, m->asked[first]));
	m->asked[first] = 0;
}

void mc_span_add(struct mc_model *m, unsigned int first, unsigned int n,
		 bool imported)
{
	m->span[m->nspans++] = (struct mc_span) {
		.first = first, .n = n, .imported = imported,
	};
	bitmap_set(m->in, first, n);
	mark_touched(m, first, n);
}

/*
 * Remove a span. If the rotor is in this span, move the rotor to the next span.
 */
void mc_span_remove(struct mc_model *m, unsigned int span)
{
	const struct mc_span *s = &m->span[span];
	unsigned int i;

	mark_touched(m, s->first, s->n);
	bitmap_clear(m->in, s->first, s->n);
	if (m->rotor != MC_NONE && mc_span_of(m, m->rotor) == span)
		m->rotor = span + 1 < m->nspans ? m->span[span + 1].first :
						  MC_NONE;
	m->nspans--;
	for (i = span; i < m->nspans; i++)
		m->span[i] = m->span[i + 1];
}
