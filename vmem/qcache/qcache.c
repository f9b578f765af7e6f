// SPDX-License-Identifier: GPL-2.0
/*
 * The quantum caches of an arena, and the slow path of cached sizes.
 *
 * If the loaded magazine of the CPU is empty, an allocation tries in this
 * order: the previous magazine, the depot, the slabs, and a new slab from the
 * arena. If the arena has no space for a slab, the allocation takes a single
 * object from the arena.
 */
#include <linux/panic.h>
#include <linux/slab.h>

#include "../arena/free.h"
#include "../report/report.h"
#include "fast.h"
#include "slab.h"

static atomic_long_t qcaches_bytes;

static size_t qcaches_footprint(unsigned int n)
{
	return sizeof(struct vmem_qcaches) + n * sizeof(struct vmem_qcache) +
		num_possible_cpus() * sizeof(struct vmem_cpu);
}

static void qcache_init(struct vmem *vm, unsigned int i,
			unsigned long slab_size)
{
	struct vmem_qcache *qc = &vm->qcaches->cache[i];

	qc->vm = vm;
	qc->size = (i + 1) * vm->segmap.quantum;
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
 * vmem_qcaches_create - make the quantum caches of an arena
 * @vm: the arena; no other code can find it
 * @n: number of caches; not 0
 * @slab_size: size of their slabs; a power of two
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
	vm->cached_max = n * vm->segmap.quantum;
	atomic_long_add(qcaches_footprint(n), &qcaches_bytes);
	vmem_tree_add_caches(vm, 1);
	return 0;
}

/**
 * vmem_qcaches_destroy - drain and destroy the quantum caches of an arena
 * @vm: the arena; no other code uses it
 *
 * An object that a client has not freed becomes a segment of the arena.
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
			vmem_magazine_free(qc, mag);
		vmem_slab_release_empty(qc, false, NULL);
		while (vmem_slab_split_any(qc))
			cond_resched();
	}
	/* A second loop: the first loop reads the tables of all caches. */
	for (i = 0; i < vm->qcaches->n; i++) {
		struct vmem_qcache *qc = &vm->qcaches->cache[i];

		vmem_hash_free(&qc->slabs, qc->slabs.heads, qc->slabs.bits);
	}
	vmem_tree_add_caches(vm, -1);
	atomic_long_sub(qcaches_footprint(vm->qcaches->n), &qcaches_bytes);
	free_percpu(vm->cpu);
	kvfree(vm->qcaches);
	vm->qcaches = NULL;
}

/* Count a single object that was allocated from the arena. */
void vmem_qcache_count_single(struct vmem_qcache *qc)
{
	unsigned long irq;

	spin_lock_irqsave(&qc->lock, irq);
	qc->singles++;
	spin_unlock_irqrestore(&qc->lock, irq);
}

/* Take an object from this CPU's magazines or the depot. */
static noinline unsigned long qcache_take_from_magazines(struct vmem_qcache *qc)
{
	if (READ_ONCE(qc->missed))
		vmem_magazine_supply(qc);
	return vmem_cpu_alloc_slow(qc, qc - qc->vm->qcaches->cache);
}

static __always_inline unsigned long qcache_take(struct vmem_qcache *qc)
{
	unsigned long addr = 0;

	if (READ_ONCE(qc->try_magazines))
		addr = qcache_take_from_magazines(qc);
	return addr ?: vmem_slab_take(qc);
}

/**
 * vmem_qcache_take - take an object from the magazines, the depot or a slab
 * @qc: the cache
 *
 * Context: any but NMI.
 * Return: the object; 0 if there is none.
 */
unsigned long vmem_qcache_take(struct vmem_qcache *qc)
{
	return qcache_take(qc);
}

/* Get a slab, or a single object, from the arena. */
static noinline void *qcache_refill(struct vmem_qcache *qc, int vmflag,
				    unsigned long caller)
{
	struct vmem_request req = {
		.size = qc->size,
		.taken = qc->size,
		.align = qc->vm->segmap.quantum,
		.max = ULONG_MAX,
		.flags = vmflag & VM_KMFLAGS,
		.caller = caller,
		.qcache = qc,
		.cached = true,
	};

	return vmem_serve(qc->vm, &req);
}

/**
 * vmem_qcache_alloc - allocate a cached size after vmem_qcache_pop() has failed
 * @vm: the arena
 * @size: a cached size
 * @vmflag: VM_* flags
 * @caller: return address in the client, for audit
 *
 * Context: with VM_NOSLEEP any but NMI; else task, sleeping allowed.
 * Return: the object, or NULL.
 */
void *vmem_qcache_alloc(struct vmem *vm, size_t size, int vmflag,
			unsigned long caller)
{
	unsigned int index = vmem_qcache_index(vm, size);
	struct vmem_qcache *qc = &vm->qcaches->cache[index];
	unsigned long addr = 0;
	void *p;

	/* Keeps the compiler from multiplying the index for each field. */
	OPTIMIZER_HIDE_VAR(qc);
	might_sleep_if(!(vmflag & VM_NOSLEEP));
	if (unlikely(vmflag & ~VM_FLAGS)) {
		vmem_misuse(vm, "vmem_alloc(size=%zu, vmflag=%#x): unknown flags",
			    size, vmflag);
		if (vmflag & VM_PANIC)
			panic("vmem: misuse with VM_PANIC");
		return NULL;
	}
	/* A request that may sleep must not overtake requests that wait. */
	if (likely(!READ_ONCE(vm->waiters) || vmflag & VM_NOSLEEP))
		addr = qcache_take(qc);
	p = likely(addr) ? (void *)addr : qcache_refill(qc, vmflag, caller);
	if (trace_vmem_alloc_enabled() && p)
		trace_vmem_alloc(vm, (unsigned long)p, size, vmflag, true,
				 caller);
	return p;
}

/**
 * vmem_qcache_free - free an object after vmem_qcache_push() has failed
 * @vm: the arena
 * @addr: the object
 * @size: a cached size
 *
 * Context: any but NMI. Calls release functions of clients.
 */
void vmem_qcache_free(struct vmem *vm, unsigned long addr, size_t size)
{
	struct vmem_pending_free pending = {};

	vmem_qcache_free_one(vm, addr, size, &pending);
	vmem_free_pending(&pending);
}

/**
 * vmem_qcache_free_one - free an object; the caller frees the range in @pending
 * @vm: the arena
 * @addr: the object
 * @size: a cached size
 * @pending: set to the range that returns to the arena, or to nothing
 *
 * Allocates no memory: if there is no magazine with space, the object returns
 * to its slab, and a later allocation makes a magazine.
 *
 * Context: any but NMI.
 */
void vmem_qcache_free_one(struct vmem *vm, unsigned long addr, size_t size,
			  struct vmem_pending_free *pending)
{
	unsigned int index = vmem_qcache_index(vm, size);
	struct vmem_qcache *qc = &vm->qcaches->cache[index];

	trace_vmem_free(vm, addr, size, true);
	/* With debug, bypass the magazines: a slab checks each object. */
	if (!vm->debug && !READ_ONCE(vm->waiters) && addr) {
		pending->vm = NULL;
		if (READ_ONCE(qc->try_magazines) &&
		    vmem_cpu_free_slow(qc, index, addr))
			return;
		if (vmem_magazine_allowed(vm)) {
			WRITE_ONCE(qc->missed, READ_ONCE(qc->missed) + 1);
			WRITE_ONCE(qc->try_magazines, true);
		}
	}
	vmem_slab_put(qc, addr, pending);
}

/* Memory of all caches, magazines and slab descriptors, in bytes. */
unsigned long vmem_qcaches_bytes(void)
{
	return atomic_long_read(&qcaches_bytes) + vmem_magazine_bytes() +
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
