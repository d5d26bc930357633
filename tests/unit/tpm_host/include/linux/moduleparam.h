/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_MODULEPARAM_H
#define _SHIM_MODULEPARAM_H

#define __ro_after_init
#define module_param(name, type, mode)		_Static_assert(1, #name)
#define MODULE_PARM_DESC(name, text)		_Static_assert(1, text)

#endif /* _SHIM_MODULEPARAM_H */
