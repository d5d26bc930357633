/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who an agent is, as text.
 */
#ifndef _SECURITY_COCONUT_ATTR_H
#define _SECURITY_COCONUT_ATTR_H

#include <linux/init.h>
#include <linux/types.h>

#define COCONUT_AID_TEXT	24	/* "a:" and 20 digits, and the NUL */

int coconut_aid_text(char text[COCONUT_AID_TEXT], u64 aid);
void __init coconut_add_attr_hooks(void);

#endif /* _SECURITY_COCONUT_ATTR_H */
