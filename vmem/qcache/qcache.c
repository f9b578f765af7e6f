// SPDX-License-Identifier: GPL-2.0
/*
 * The caches of an arena, and the way of a request that this CPU's loaded
 * magazine did not serve: the CPU's other one and the depot, the slabs, a slab
 * more, and when the arena is too full or too ragged for that, one object from
 * the arena by itself.
 */
#include <linux/panic.h>
#include <linux/slab.h>

#include "../arena/alloc.h"
#include "../report/fault.h"
#include "../report/misuse.h"
#include "../report/trace.h"
#include "fast.h"
#include "pressure.h"
#include "slab.h"

static atomic_long_t bytes;

static size_t footprint(unsigned int n)
{
	return sizeof(struct vmem_qcaches) + n * sizeof(struct vmem_qcache) +
		num_possible_cpus() * sizeof(struct vmem_cpu);
}

static void qcache_init(struct vmem *vm, unsigned int i,
			unsigned long slab_size)
{
	struct vmem_qcache *qc = &vm->qcaches->cache[i];

	qc->vm = vm;
	qc->size = (i + 1) * vm->space.quantum;
	qc->per_slab = min(slab_size / qc->size,
			   (unsigned long)VMEM_SLAB_OBJECTS);
	qc->kind = 1;
	vmem_depot_init(&qc->depot);
	spin_lock_init(&qc->lock);
	vmem_hash_init(&qc->slabs, 0, vmem_hash_offset(struct vmem_slab, hash,
						       key));
	vm->qcaches->weight += qc->size;
}

/**
 * vmem_qcaches_create - give an arena quantum caches
 * @vm: the arena, not known to anybody yet
 * @n: how many; not 0
 * @slab_size: of their slabs; a power of two
 *
 * Context: task, sleeping allowed.
 * Return: 0, or -ENOMEM.
 */
int vmem_qcaches_create(struct vmem *vm, unsigned int n,
			unsigned long slab_size)
{
	unsigned int i, cpu;

	vm->cpu = alloc_percpu(struct vmem_cpu);
	vm->qcaches = kvzalloc(struct_size(vm->qcaches, cache, n), GFP_KERNEL);
	if (!vm->cpu || !vm->qcaches) {
		free_percpu(vm->cpu);
		kvfree(vm->qcaches);
		vm->qcaches = NULL;
		return -ENOMEM;
	}

	vm->qcaches->n = n;
	vm->qcaches->slab_size = slab_size;
	vm->qcaches->slab_shift = ilog2(slab_size);
	for (i = 0; i < n; i++)
		qcache_init(vm, i, slab_size);
	for_each_possible_cpu(cpu) {
		struct vmem_cpu *c = per_cpu_ptr(vm->cpu, cpu);

		c->vm = vm;
		INIT_WORK(&c->unload, vmem_cpu_unload_work);
	}
	vm->fast = vm->cpu;
	vm->cached_max = n * vm->space.quantum;
	atomic_long_add(footprint(n), &bytes);
	vmem_pressure_arena(1);
	return 0;
}

/**
 * vmem_qcaches_destroy - empty the caches of an arena and end them
 * @vm: the arena; nobody uses it
 *
 * What was not freed becomes segments of the arena's own.
 *
 * Context: task, sleeping allowed. Calls the release function.
 */
void vmem_qcaches_destroy(struct vmem *vm)
{
	struct vmem_magazine *mag;
	unsigned int i, cpu;

	if (!vm->qcaches)
		return;
	vm->cached_max = 0;
	for_each_possible_cpu(cpu)
		vmem_cpu_unload(vm, per_cpu_ptr(vm->cpu, cpu));
	for (i = 0; i < vm->qcaches->n; i++) {
		struct vmem_qcache *qc = &vm->qcaches->cache[i];

		vmem_depot_drain(qc);
		while ((mag = vmem_depot_take_empty(&qc->depot)))
			vmem_magazine_free(mag);
		vmem_slab_release_empty(qc, false);
		while (vmem_slab_dissolve_one(qc, true, VM_SLEEP))
			cond_resched();
	}
	/* Each has been looked into for objects of the sizes after it. */
	for (i = 0; i < vm->qcaches->n; i++) {
		struct vmem_qcache *qc = &vm->qcaches->cache[i];

		vmem_hash_free(&qc->slabs, qc->slabs.heads, qc->slabs.bits);
	}
	vmem_pressure_arena(-1);
	atomic_long_sub(footprint(vm->qcaches->n), &bytes);
	free_percpu(vm->cpu);
	kvfree(vm->qcaches);
	vm->qcaches = NULL;
}

/* One object from the arena by itself, by all the means that the flags allow. */
static unsigned long single(struct vmem_qcache *qc, int vmflag,
			    unsigned long caller)
{
	struct vmem_request req = {
		.size = qc->size,
		.taken = qc->size,
		.align = qc->vm->space.quantum,
		.max = ULONG_MAX,
		.flags = vmflag & (VM_KMFLAGS | VMEM_PATIENT),
		.caller = caller,
		.cached = true,
		.drawn = true,
	};
	unsigned long irq, addr = (unsigned long)vmem_serve(qc->vm, &req);

	if (addr) {
		spin_lock_irqsave(&qc->lock, irq);
		qc->singles++;
		spin_unlock_irqrestore(&qc->lock, irq);
	}
	return addr;
}

/* Neither magazines nor slabs have one: get more from the arena. */
static noinline void *refill(struct vmem_qcache *qc, size_t size, int vmflag,
			     unsigned long caller)
{
	struct vmem *vm = qc->vm;
	unsigned long addr = 0;

	if (vmflag & ~(VM_FLAGS | VMEM_PATIENT)) {
		vmem_misuse(vm, "vmem_alloc(size=%zu, vmflag=%#x): unknown flags",
			    size, vmflag);
		if (vmflag & VM_PANIC)
			panic("vmem: misuse with VM_PANIC");
		return NULL;
	}
	if (vmem_watched(vm) && vmem_fault(vm, size, vmflag)) {
		vmem_fault_count(vm, size, vmflag);
		return NULL;
	}
	/* While somebody is in need, no more than is needed. */
	if (!READ_ONCE(vm->squeezed))
		addr = vmem_slab_grow(qc, vmflag, caller);
	return (void *)(addr ?: single(qc, vmflag, caller));
}

/**
 * vmem_qcache_alloc - what vmem_qcache_pop() did not serve
 * @vm: the arena
 * @size: a cached size
 * @vmflag: VM_* flags
 * @caller: the client, for audit
 *
 * Context: as vmem_alloc().
 * Return: as vmem_alloc().
 */
void *vmem_qcache_alloc(struct vmem *vm, size_t size, int vmflag,
			unsigned long caller)
{
	unsigned int index = vmem_qcache_index(vm, size);
	struct vmem_qcache *qc = &vm->qcaches->cache[index];
	unsigned long addr = 0;
	void *p;

	/* Or the compiler multiplies the index anew for each field. */
	OPTIMIZER_HIDE_VAR(qc);
	might_sleep_if(!(vmflag & VM_NOSLEEP));
	if (READ_ONCE(qc->armed))
		addr = vmem_cpu_alloc_slow(qc, index);
	if (!addr)
		addr = vmem_slab_take(qc);
	p = likely(addr) ? (void *)addr : refill(qc, size, vmflag, caller);
	if (trace_vmem_alloc_enabled() && p)
		trace_vmem_alloc(vm, (unsigned long)p, size, vmflag, true,
				 caller);
	return p;
}

/**
 * vmem_qcache_free - what vmem_qcache_push() did not take
 * @vm: the arena
 * @addr: the address
 * @size: a cached size
 *
 * Context: as vmem_free().
 */
void vmem_qcache_free(struct vmem *vm, unsigned long addr, size_t size)
{
	unsigned int index = vmem_qcache_index(vm, size);
	struct vmem_qcache *qc = &vm->qcaches->cache[index];
	struct vmem_magazine *mag;

	trace_vmem_free(vm, addr, size, true);
	/* A checked arena has no magazines: every free meets the slab's map. */
	if (!vm->debug && !READ_ONCE(vm->squeezed) && addr) {
		if (READ_ONCE(qc->armed) &&
		    vmem_cpu_free_slow(qc, index, addr))
			return;
		mag = vmem_magazine_alloc(qc);
		if (mag) {
			vmem_depot_put(&qc->depot, mag);
			if (vmem_cpu_free_slow(qc, index, addr))
				return;
		}
	}
	vmem_slab_put(qc, addr);
	vmem_slab_feed(qc);
}

/* What all caches, their magazines and their slabs occupy. */
unsigned long vmem_qcaches_bytes(void)
{
	return atomic_long_read(&bytes) + vmem_magazine_bytes() +
		vmem_slab_bytes();
}

int vmem_qcache_init(void)
{
	int err;

	err = vmem_slab_init();
	if (err)
		return err;
	err = vmem_magazine_init();
	if (err)
		goto no_magazines;
	err = vmem_cpu_init();
	if (err)
		goto no_cpus;
	return 0;

no_cpus:
	vmem_magazine_exit();
no_magazines:
	vmem_slab_exit();
	return err;
}

void vmem_qcache_exit(void)
{
	vmem_cpu_exit();
	vmem_magazine_exit();
	vmem_slab_exit();
}
