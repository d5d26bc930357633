// SPDX-License-Identifier: Apache-2.0
/*
 * nothing: ends at once, so that all that is measured is how it came to run.
 */
int main(void)
{
	return 0;
}
