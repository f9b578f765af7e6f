// SPDX-License-Identifier: GPL-2.0
/*
 * Compares vmem with the other allocators of integers in the kernel.
 *
 * When the module is loaded, it runs one workload with each allocator ("peer")
 * and prints the results. Documentation/benchmarks.rst explains the results.
 * `make bench` runs all workloads.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>

#include "bench.h"
#include "clock.h"

static char *load = "pair";
module_param(load, charp, 0400);
MODULE_PARM_DESC(load, "workload: pair, churn, constrained, cyclic, threads, trace, locked or distress");

static char *only;
module_param(only, charp, 0400);
MODULE_PARM_DESC(only, "run only with the peer of this name");

unsigned long bench_live = 1000000;
module_param_named(live, bench_live, ulong, 0400);
MODULE_PARM_DESC(live, "maximum number of live allocations");

char *bench_trace = "/modules/trace";
module_param_named(trace, bench_trace, charp, 0400);
MODULE_PARM_DESC(trace, "path of the trace to replay");

static const struct peer *peers[] = {
	&peer_stack, &peer_kmem, &peer_ida, &peer_idr, &peer_sbitmap,
	&peer_genalloc, &peer_iova, &peer_drm, &peer_maple, &peer_vmem_ids,
	&peer_vmem_cached, &peer_vmem, &peer_vmem_best, &peer_vmem_next,
};

static const struct {
	const char *name;
	int (*run)(const struct peer *peer);
} loads[] = {
	{ "pair", load_pair },
	{ "churn", load_churn },
	{ "constrained", load_constrained },
	{ "cyclic", load_cyclic },
	{ "threads", load_threads },
	{ "trace", load_trace },
};

static int run(int (*run_load)(const struct peer *peer))
{
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(peers); i++) {
		if (only && strcmp(only, peers[i]->name))
			continue;
		if (peers[i]->missing) {
			pr_info("bench: missing %s: %s\n", peers[i]->name,
				peers[i]->missing);
			continue;
		}
		err = run_load(peers[i]);
		if (err) {
			pr_info("bench: failed %s with %s: %d\n", load,
				peers[i]->name, err);
			return err;
		}
	}
	return 0;
}

static int __init vmem_bench_init(void)
{
	unsigned int i;

	clock_calibrate();
	if (!strcmp(load, "locked"))
		return load_locked_begin();
	if (!strcmp(load, "distress"))
		return load_distress();
	for (i = 0; i < ARRAY_SIZE(loads); i++)
		if (!strcmp(load, loads[i].name))
			return run(loads[i].run);
	return -EINVAL;
}

static void __exit vmem_bench_exit(void)
{
	load_locked_end();
}

module_init(vmem_bench_init);
module_exit(vmem_bench_exit);

MODULE_DESCRIPTION("Benchmark of vmem and other allocators of integers");
MODULE_AUTHOR("The vmem for Linux developers");
MODULE_LICENSE("GPL");
