// SPDX-License-Identifier: GPL-2.0
/*
 * Draws steps at random, and prints them as C.
 *
 * A step is drawn just before its execution, because the choice depends on the
 * allocations so far. A step contains everything that another sequence needs to
 * repeat it. An MC_FREE step contains the number of the step whose allocation
 * it frees, and is a no-op if that step has no allocation.
 */
#include <linux/kernel.h>
#include <linux/log2.h>

#include "world.h"

static u32 pick(struct rnd_state *rnd, u32 n)
{
	return prandom_u32_state(rnd) % n;
}

/* [17] True if vmem_xalloc() accepts the arguments. */
bool mc_xalloc_valid(const struct mc_model *m, const struct mc_op *op)
{
	size_t quantum = mc_quantum(m), align = op->align ?: quantum;
	size_t end = op->phase + op->size;

	if (!op->size || op->size + quantum - 1 < op->size)
		return false;
	if (align % quantum || op->phase % quantum || op->nocross % quantum)
		return false;
	if (!is_power_of_2(align) || op->phase >= align)
		return false;
	if (op->nocross) {
		if (!is_power_of_2(op->nocross) || align > op->nocross)
			return false;
		if (end < op->size || roundup(end, align) < end ||
		    roundup(end, align) > op->nocross)
			return false;
	}
	if (op->max && op->max <= op->min)
		return false;
	return op->max - 1 - op->min >= op->size - 1;
}

/* Convert a valid step to a request. */
struct mc_req mc_request(const struct mc_model *m, const struct mc_op *op)
{
	struct mc_req req = {
		.size = op->size,
		.n = mc_units_of(m, op->size),
		.align = mc_quantum(m),
		.last = ULONG_MAX,
		.flags = op->flags,
	};

	if (op->kind == MC_ALLOC)
		return req;
	req.x = true;
	req.align = op->align ?: req.align;
	req.phase = op->phase;
	req.nocross = op->nocross;
	req.min = op->min;
	req.last = op->max - 1;
	req.bounded = op->nocross || op->min || op->max;
	return req;
}

static size_t draw_size(const struct mc_arena *a, struct rnd_state *rnd)
{
	static const u8 most[] = { 1, 2, 3, 4, 4, 8, 8 };
	unsigned int i = pick(rnd, 16), n;
	size_t q = mc_quantum(&a->model);

	if (i < 14)
		n = 1 + pick(rnd, most[i % 7]);
	else
		n = 1 + pick(rnd, i == 14 ? 32 : a->model.units / 2);
	/* [5] A size need not be a multiple of the quantum. */
	return n * q - (pick(rnd, 4) ? 0 : pick(rnd, q));
}

static int draw_flags(struct rnd_state *rnd)
{
	static const int fits[] = {
		0, 0, 0, VM_BESTFIT, VM_BESTFIT, VM_FIRSTFIT, VM_FIRSTFIT,
		VM_NEXTFIT, VM_NEXTFIT, VM_BESTFIT | VM_FIRSTFIT,
		VM_NEXTFIT | VM_BESTFIT, VM_NEXTFIT | VM_FIRSTFIT,
	};
	static const int ways[] = {
		VM_NOSLEEP, VM_NOSLEEP, VM_NOSLEEP, VM_NOSLEEP, VM_NOSLEEP,
		VM_SLEEP, VM_SLEEP | VM_ABORT, VM_NOSLEEP | VM_ABORT,
	};
	static const int extras[] = { VM_PUSHPAGE, VM_MEMLOAD, VM_NORELOC };
	int flags = fits[pick(rnd, ARRAY_SIZE(fits))] |
		    ways[pick(rnd, ARRAY_SIZE(ways))];

	if (!pick(rnd, 4))
		flags |= VM_ENDALLOC;
	if (!pick(rnd, 16))
		flags |= extras[pick(rnd, ARRAY_SIZE(extras))];
	return flags;
}

static void draw_constraints(const struct mc_model *m, struct rnd_state *rnd,
			     struct mc_op *op)
{
	size_t q = mc_quantum(m);

	op->align = pick(rnd, 2) ? q << pick(rnd, 5) : 0;
	op->phase = op->align && pick(rnd, 2) ?
		    pick(rnd, op->align / q) * q : 0;
	op->nocross = pick(rnd, 3) ? 0 : q << pick(rnd, 7);
	op->min = pick(rnd, 3) ? 0 : mc_addr(m, pick(rnd, m->units));
	op->max = pick(rnd, 3) ? 0 : mc_addr(m, pick(rnd, m->units) + 1);
	/* The bounds of a window need not be multiples of the quantum. */
	if (op->min && !pick(rnd, 4))
		op->min += pick(rnd, q);
	if (op->max && !pick(rnd, 4))
		op->max -= pick(rnd, q);
}

static void draw_xalloc(const struct mc_arena *a, struct rnd_state *rnd,
			struct mc_op *op)
{
	bool valid = op->kind == MC_XALLOC;
	unsigned int i;

	for (i = 0; i < 6; i++) {
		op->size = draw_size(a, rnd);
		draw_constraints(&a->model, rnd, op);
		if (mc_xalloc_valid(&a->model, op) == valid)
			return;
	}
	op->align = 0;
	op->phase = 0;
	op->nocross = valid ? 0 : 3;
	op->min = 0;
	op->max = 0;
}

/* Draw a range for vmem_add() outside all spans, usually adjacent to a span. */
static void draw_add(const struct mc_arena *a, struct rnd_state *rnd,
		     struct mc_op *op)
{
	const struct mc_model *m = &a->model;
	unsigned int first = a->config.own, end = a->config.end, n;

	first = find_next_zero_bit(m->in, end, first +
				   pick(rnd, end - first));
	n = find_next_bit(m->in, end, first) - first;
	if (n > 8)
		n = 1 + pick(rnd, min(n, 64U));
	op->min = mc_addr(m, first);
	op->size = (size_t)n << m->shift;
}

static void draw_range(const struct mc_model *m, struct rnd_state *rnd,
		       struct mc_op *op)
{
	op->min = mc_addr(m, pick(rnd, m->units)) +
		  pick(rnd, mc_quantum(m));
	op->size = pick(rnd, 8) ? 1 + pick(rnd, 16 << m->shift) :
		   (pick(rnd, 2) ? 0 : SIZE_MAX - pick(rnd, 256));
}

/* Draw the next step. w->bias is the percentage of allocations. */
void mc_op_draw(struct mc_world *w, struct mc_op *op)
{
	struct rnd_state *rnd = &w->rnd;
	unsigned int i = pick(rnd, 1000);
	const struct mc_arena *a;

	/* Change the bias, so that the arenas fill and empty alternately. */
	if (w->next % 128 == 1)
		w->bias = 25 + pick(rnd, 55);

	memset(op, 0, sizeof(*op));
	op->arena = pick(rnd, w->arenas);
	op->rnd = prandom_u32_state(rnd);
	op->flags = draw_flags(rnd);
	a = &w->arena[op->arena];
	if (w->nlive)
		op->slot = w->live[pick(rnd, w->nlive)];

	if (w->config.kind == MC_MISUSE && i >= 900)
		op->kind = MC_BAD_FREE + pick(rnd, 3);
	else if (i < 25)
		op->kind = MC_ADD;
	else if (i < 50)
		op->kind = MC_CONTAINS;
	else if (i < 55)
		op->kind = MC_SIZE;
	else if (i < 65)
		op->kind = MC_WALK;
	else if (i < 67)
		op->kind = MC_RENEW;
	else if (i < 68)
		op->kind = MC_UPDATE;
	else if (w->nlive && pick(rnd, 100) >= w->bias)
		op->kind = MC_FREE;
	else
		op->kind = pick(rnd, 3) ? MC_ALLOC : MC_XALLOC;

	switch (op->kind) {
	case MC_ALLOC:
		op->size = draw_size(a, rnd);
		break;
	case MC_XALLOC:
	case MC_BAD_XALLOC:
		draw_xalloc(a, rnd, op);
		break;
	case MC_ADD:
		draw_add(a, rnd, op);
		break;
	case MC_CONTAINS:
		draw_range(&a->model, rnd, op);
		break;
	case MC_WALK:
		op->nest = pick(rnd, 2) ? 1 + pick(rnd, 8) : 0;
		break;
	}
}

static const char *flag_names(int flags)
{
	static const struct { int flag; const char *name; } names[] = {
		{ VM_NOSLEEP, "VM_NOSLEEP" }, { VM_PUSHPAGE, "VM_PUSHPAGE" },
		{ VM_BESTFIT, "VM_BESTFIT" }, { VM_FIRSTFIT, "VM_FIRSTFIT" },
		{ VM_NEXTFIT, "VM_NEXTFIT" }, { VM_MEMLOAD, "VM_MEMLOAD" },
		{ VM_NORELOC, "VM_NORELOC" }, { VM_ABORT, "VM_ABORT" },
		{ VM_ENDALLOC, "VM_ENDALLOC" },
	};
	static char buf[160];	/* only one thread runs the checks */
	unsigned int i, n = 0;

	if (!(flags & VM_NOSLEEP))
		n = scnprintf(buf, sizeof(buf), "VM_SLEEP");
	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (flags & names[i].flag)
			n += scnprintf(buf + n, sizeof(buf) - n, "%s%s",
				       n ? " | " : "", names[i].name);
	return buf;
}

/* Print a step as a call. Its result is named after the step: p0, p1, ... */
void mc_op_print(const struct mc_world *w, unsigned int step)
{
	const struct mc_op *op = &w->op[step];
	char a = 'a' + op->arena;
	const struct mc_result *of = &w->got[op->slot];

	switch (op->kind) {
	case MC_ALLOC:
		pr_info("vmem-model:   p%u = vmem_alloc(%c, %#zx, %s);\n", step,
			a, op->size, flag_names(op->flags));
		break;
	case MC_XALLOC:
		pr_info("vmem-model:   p%u = vmem_xalloc(%c, %#zx, %#zx, %#zx, %#zx, %#lx, %#lx, %s);\n",
			step, a, op->size, op->align, op->phase, op->nocross,
			op->min, op->max, flag_names(op->flags));
		break;
	case MC_FREE:
		pr_info("vmem-model:   %s(%c, p%u, %#zx);\n",
			of->x ? "vmem_xfree" : "vmem_free", 'a' + of->arena,
			op->slot, of->size);
		break;
	case MC_ADD:
		pr_info("vmem-model:   vmem_add(%c, %#lx, %#zx, VM_SLEEP);\n", a,
			op->min, op->size);
		break;
	case MC_CONTAINS:
		pr_info("vmem-model:   vmem_contains(%c, %#lx, %#zx);\n", a,
			op->min, op->size);
		break;
	case MC_SIZE:
		pr_info("vmem-model:   vmem_size(%c, ...);\n", a);
		break;
	case MC_WALK:
		pr_info("vmem-model:   vmem_walk(%c, VMEM_REENTRANT, ...);	/* runs the next %u steps */\n",
			a, op->nest);
		break;
	case MC_RENEW:
		pr_info("vmem-model:   %c: free all, destroy, create with other parameters;\n",
			'a' + w->config.arenas - 1);
		break;
	case MC_UPDATE:
		pr_info("vmem-model:   vmem_update(NULL);\n");
		break;
	case MC_BAD_FREE:
		pr_info("vmem-model:   vmem_xfree(%c, ...);	/* misuse of p%u */\n",
			a, op->slot);
		break;
	case MC_BAD_ADD:
		pr_info("vmem-model:   vmem_add(%c, ...);	/* misuse */\n", a);
		break;
	case MC_BAD_XALLOC:
		pr_info("vmem-model:   vmem_xalloc(%c, %#zx, %#zx, %#zx, %#zx, %#lx, %#lx, ...);	/* misuse */\n",
			a, op->size, op->align, op->phase, op->nocross,
			op->min, op->max);
		break;
	}
}
