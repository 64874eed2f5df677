/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mktree FIXTURE DIR: see tree.h. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/tree/tree.h"

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: mktree FIXTURE DIR\n");
		return 2;
	}
	return tree_expand(argv[1], argv[2]) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
