/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ends of an arena's life, and those of its clients.
 */
#ifndef _VMEM_LIFECYCLE_H
#define _VMEM_LIFECYCLE_H

struct vmem;

void vmem_lifecycle_undo(struct vmem *vm);
void vmem_lifecycle_exit(void);

int vmem_client_init(void);
void vmem_client_exit(void);

#endif /* _VMEM_LIFECYCLE_H */
