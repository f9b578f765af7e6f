/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Extra checks, for arenas made while they are asked for.
 */
#ifndef _VMEM_REPORT_VERIFY_H
#define _VMEM_REPORT_VERIFY_H

#include <linux/types.h>

struct vmem;

bool vmem_debug_wanted(void);
int vmem_verify_qcaches(struct vmem *vm);

#endif /* _VMEM_REPORT_VERIFY_H */
