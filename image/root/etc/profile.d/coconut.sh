# SPDX-License-Identifier: Apache-2.0
# Serial lines do not know their size; 80 by 24 until the terminal says otherwise.
[ -t 0 ] && stty -a 2>/dev/null | grep -q 'rows 0' && stty rows 24 columns 80
