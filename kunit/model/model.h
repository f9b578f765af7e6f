/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The model of an arena: a bitmap and the rules.
 *
 * The model stores which units are in the arena, which of them are allocated,
 * the order in which the spans were added, and the position of the rotor. It
 * derives everything else from the rules by a scan of all units: it shares no
 * list, tree or arithmetic with vmem. The model does not store the order of the
 * free segments in a size class. So where the choice depends on this order, the
 * model accepts any segment that the rules allow.
 *
 * Only one thread uses models: the thread that runs the check.
 */
#ifndef MC_MODEL_H
#define MC_MODEL_H

#include <linux/bitmap.h>
#include <linux/types.h>
#include <linux/vmem.h>

#define MC_UNITS	2048		/* units of an arena, at most */
#define MC_SPANS	128
#define MC_NONE		UINT_MAX	/* no such unit */

struct mc_span {
	unsigned int first;
	unsigned int n;
	bool imported;
};

/**
 * struct mc_model - the expected state of an arena
 * @base: the address of unit 0
 * @shift: log2 of the quantum, which is the size of a unit
 * @units: number of units, in spans and outside of spans
 * @in: units that are in a span
 * @used: units that are allocated
 * @asked: the requested size of each allocation, stored at its first unit
 * @span: the spans in the order in which they were added
 * @nspans: number of spans
 * @touched: bitmap of the units whose segment has changed during a walk, or
 *	NULL
 * @rotor: [26] the unit at the rotor, or MC_NONE if the rotor is before the
 *	first span
 */
struct mc_model {
	unsigned long base;
	unsigned int shift;
	unsigned int units;
	DECLARE_BITMAP(in, MC_UNITS);
	DECLARE_BITMAP(used, MC_UNITS);
	size_t asked[MC_UNITS];
	struct mc_span span[MC_SPANS + 1];
	unsigned int nspans;
	unsigned int rotor;
	unsigned long *touched;
};

/**
 * struct mc_req - a request
 * @size: requested size
 * @n: size in units
 * @align: alignment, not 0
 * @phase: argument of vmem_xalloc()
 * @nocross: argument of vmem_xalloc()
 * @min: argument minaddr of vmem_xalloc()
 * @last: argument maxaddr of vmem_xalloc(), minus 1
 * @bounded: the request has nocross, minaddr or maxaddr
 * @x: the request is made with vmem_xalloc(), not with vmem_alloc()
 * @flags: VM_* flags
 */
struct mc_req {
	size_t size;
	unsigned int n;
	size_t align;
	size_t phase;
	size_t nocross;
	unsigned long min;
	unsigned long last;
	bool bounded;
	bool x;
	int flags;
};

/**
 * struct mc_hole - a free segment
 * @span: index of its span
 * @first: its first unit
 * @n: number of units
 */
struct mc_hole {
	unsigned int span;
	unsigned int first;
	unsigned int n;
};

bool mc_next_hole(const struct mc_model *m, struct mc_hole *hole);
bool mc_has_fit(const struct mc_model *m, const struct mc_req *req);
bool mc_is_free(const struct mc_model *m, unsigned int first, unsigned int n);
unsigned int mc_span_of(const struct mc_model *m, unsigned int unit);
const char *mc_judge_place(const struct mc_model *m, const struct mc_req *req,
			   unsigned long addr);
const char *mc_judge_choice(const struct mc_model *m, const struct mc_req *req,
			    unsigned long addr);
void mc_rotor_move(struct mc_model *m, unsigned int first, unsigned int n);
void mc_mark_used(struct mc_model *m, unsigned int first, size_t size);
void mc_mark_free(struct mc_model *m, unsigned int first);
void mc_span_add(struct mc_model *m, unsigned int first, unsigned int n,
		 bool imported);
void mc_span_remove(struct mc_model *m, unsigned int span);

/* Iterator before the first free segment, for mc_next_hole(). */
static inline struct mc_hole mc_holes(const struct mc_model *m)
{
	return (struct mc_hole){ .first = m->span[0].first };
}

static inline size_t mc_quantum(const struct mc_model *m)
{
	return (size_t)1 << m->shift;
}

static inline unsigned long mc_addr(const struct mc_model *m, unsigned int unit)
{
	return m->base + ((unsigned long)unit << m->shift);
}

/*
 * Returns the unit that contains @addr, or a value >= m->units if the model has
 * no such unit.
 */
static inline unsigned long mc_unit(const struct mc_model *m,
				    unsigned long addr)
{
	return (addr - m->base) >> m->shift;
}

/* [5] Number of units that an allocation of @size occupies. */
static inline unsigned int mc_units_of(const struct mc_model *m, size_t size)
{
	return (size + mc_quantum(m) - 1) >> m->shift;
}

#endif /* MC_MODEL_H */
