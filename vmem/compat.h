/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The differences between the supported kernels, and nothing else.
 */
#ifndef _VMEM_COMPAT_H
#define _VMEM_COMPAT_H

#include <linux/errno.h>
#include <linux/hrtimer.h>
#include <linux/shrinker.h>
#include <linux/version.h>
#include <linux/workqueue.h>

/* Since 6.18, per-CPU workqueues are requested by a flag. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
#define VMEM_WQ_PERCPU	WQ_PERCPU
#else
#define VMEM_WQ_PERCPU	0
#endif

/**
 * struct vmem_shrinker - a shrinker
 * @count: count_objects of &struct shrinker
 * @scan: scan_objects of &struct shrinker
 * @s: the shrinker of the kernel; since 6.7 the kernel allocates it
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

/* Since 6.10, __assign_str() takes the source string from __string(). */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#define vmem_assign_str(dst, src)	__assign_str(dst)
#else
#define vmem_assign_str(dst, src)	__assign_str(dst, src)
#endif

/* Set up a timer of the monotonic clock. */
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

/* Set up a relative timer that is pinned to its CPU. */
static inline void vmem_hrtimer_setup(struct hrtimer *timer,
				      enum hrtimer_restart (*func)(struct hrtimer *t))
{
	vmem_hrtimer_setup_mode(timer, func, HRTIMER_MODE_REL_PINNED);
}

#endif /* _VMEM_COMPAT_H */
