/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The model of an arena: a bitmap and the rules.
 *
 * It knows which units are in the arena, which of them are taken, in which order
 * the spans came, and where the rotor is. Whatever follows from that by the rules
 * it finds out by looking at every unit: no list, no tree, no arithmetic that
 * vmem uses. It does not know the order of the free segments within a size class,
 * so where the rules leave the choice to that order any of them will do.
 *
 * A model belongs to the one thread that runs the check.
 */
#ifndef MC_MODEL_H
#define MC_MODEL_H

#include <linux/bitmap.h>
#include <linux/types.h>
#include <linux/vmem.h>

#define MC_UNITS	2048		/* of an arena, at the most */
#define MC_SPANS	128
#define MC_NONE		UINT_MAX	/* no such unit */

struct mc_span {
	unsigned int first;
	unsigned int n;
	bool imported;
};

/**
 * struct mc_model - what an arena should be
 * @base: the address of unit 0
 * @shift: log2 of the quantum, which is the size of a unit
 * @units: how many there are, in the arena or not
 * @in: units that belong to a span
 * @used: units that are allocated
 * @asked: for the first unit of each allocation the size that was asked for
 * @span: the spans in the order in which they came
 * @nspans: how many
 * @touched: units whose segment becomes another are noted here; or NULL
 * @rotor: [26] the unit that the rotor is at; MC_NONE: before the first span
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
 * @size: as it was asked for
 * @n: the units that it takes
 * @align: as of vmem_xalloc(), 0 replaced
 * @phase: as of vmem_xalloc()
 * @nocross: as of vmem_xalloc()
 * @min: minaddr
 * @last: the integer before maxaddr
 * @bounded: nocross, minaddr or maxaddr is set
 * @x: by vmem_xalloc()
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
 * @span: the number of its span
 * @first: its first unit
 * @n: how many
 */
struct mc_hole {
	unsigned int span;
	unsigned int first;
	unsigned int n;
};

bool mc_next_hole(const struct mc_model *m, struct mc_hole *hole);
bool mc_room(const struct mc_model *m, const struct mc_req *req);
bool mc_is_free(const struct mc_model *m, unsigned int first, unsigned int n);
unsigned int mc_span_of(const struct mc_model *m, unsigned int unit);
const char *mc_judge_place(const struct mc_model *m, const struct mc_req *req,
			   unsigned long addr);
const char *mc_judge_choice(const struct mc_model *m, const struct mc_req *req,
			    unsigned long addr);
void mc_rotor_after(struct mc_model *m, unsigned int first, unsigned int n);
void mc_take(struct mc_model *m, unsigned int first, size_t size);
void mc_give(struct mc_model *m, unsigned int first);
void mc_span_add(struct mc_model *m, unsigned int first, unsigned int n,
		 bool imported);
void mc_span_remove(struct mc_model *m, unsigned int span);

/* What comes before the first free segment; mc_next_hole() goes on from there. */
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

/* The unit that holds @addr; not below @units if there is none. */
static inline unsigned long mc_unit(const struct mc_model *m,
				    unsigned long addr)
{
	return (addr - m->base) >> m->shift;
}

/* [5] The units that a size takes. */
static inline unsigned int mc_units_of(const struct mc_model *m, size_t size)
{
	return (size + mc_quantum(m) - 1) >> m->shift;
}

#endif /* MC_MODEL_H */
