/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between the supported kernels, and nothing else.
 */
#ifndef _VMEM_COMPAT_H
#define _VMEM_COMPAT_H

#include <linux/errno.h>
#include <linux/hrtimer.h>
#include <linux/shrinker.h>
#include <linux/version.h>
#include <linux/workqueue.h>

/* Work that stays on the CPU it was queued on says so since 6.18. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
#define VMEM_WQ_PERCPU	WQ_PERCPU
#else
#define VMEM_WQ_PERCPU	0
#endif

/**
 * struct vmem_shrinker - a shrinker, however the kernel makes them
 * @count: what &struct shrinker calls count_objects
 * @scan: what it calls scan_objects
 * @s: the kernel's; allocated by it since 6.7
 */
struct vmem_shrinker {
	unsigned long (*count)(struct shrinker *s, struct shrink_control *sc);
	unsigned long (*scan)(struct shrinker *s, struct shrink_control *sc);
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	struct shrinker *s;
#else
	struct shrinker s;
#endif
};

static inline int vmem_shrinker_register(struct vmem_shrinker *vs,
					 const char *name)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	vs->s = shrinker_alloc(0, "%s", name);
	if (!vs->s)
		return -ENOMEM;
	vs->s->count_objects = vs->count;
	vs->s->scan_objects = vs->scan;
	vs->s->seeks = DEFAULT_SEEKS;
	shrinker_register(vs->s);
	return 0;
#else
	vs->s.count_objects = vs->count;
	vs->s.scan_objects = vs->scan;
	vs->s.seeks = DEFAULT_SEEKS;
	return register_shrinker(&vs->s, "%s", name);
#endif
}

static inline void vmem_shrinker_unregister(struct vmem_shrinker *vs)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	shrinker_free(vs->s);
#else
	unregister_shrinker(&vs->s);
#endif
}

/* In the assignments of trace events: what is copied is told once since 6.10. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#define vmem_assign_str(dst, src)	__assign_str(dst)
#else
#define vmem_assign_str(dst, src)	__assign_str(dst, src)
#endif

/* A timer of the monotonic clock. */
static inline void vmem_hrtimer_setup_mode(struct hrtimer *timer,
					   enum hrtimer_restart (*func)(struct hrtimer *t),
					   enum hrtimer_mode mode)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
	hrtimer_setup(timer, func, CLOCK_MONOTONIC, mode);
#else
	hrtimer_init(timer, CLOCK_MONOTONIC, mode);
	timer->function = func;
#endif
}

/* One that is relative and pinned to its CPU. */
static inline void vmem_hrtimer_setup(struct hrtimer *timer,
				      enum hrtimer_restart (*func)(struct hrtimer *t))
{
	vmem_hrtimer_setup_mode(timer, func, HRTIMER_MODE_REL_PINNED);
}

#endif /* _VMEM_COMPAT_H */
