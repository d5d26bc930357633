/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Measurements: the BLAKE3 digest of a program's content.
 */
#ifndef _SECURITY_COCONUT_MEASURE_H
#define _SECURITY_COCONUT_MEASURE_H

#include <linux/init.h>
#include <linux/types.h>

struct file;
struct inode;

int coconut_measure(struct file *file);
void coconut_measure_forget(const struct inode *inode);
void __init coconut_add_measure_hooks(void);

#endif /* _SECURITY_COCONUT_MEASURE_H */
