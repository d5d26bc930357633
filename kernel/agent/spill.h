/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The spill volume: the folder below which memory of the SSD tier lies.
 */
#ifndef _AGENT_SPILL_H
#define _AGENT_SPILL_H

#include <linux/types.h>

struct file;
struct seq_file;

bool spill_there(void);
int agent_spill_set(const char *name);		/* "" : none any more */
void agent_spill_show(struct seq_file *m);
struct file *spill_file(u64 size);

#endif /* _AGENT_SPILL_H */
