/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is said when a client makes a mistake.
 */
#ifndef _VMEM_REPORT_MISUSE_H
#define _VMEM_REPORT_MISUSE_H

#include <linux/compiler_attributes.h>
#include <linux/types.h>

struct vmem;

__printf(2, 3) void vmem_misuse(struct vmem *vm, const char *fmt, ...);
void vmem_misuse_init(struct vmem *vm);
void vmem_misuse_exit(struct vmem *vm);
unsigned long vmem_misuse_without_arena(void);

#endif /* _VMEM_REPORT_MISUSE_H */
