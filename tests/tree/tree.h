/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_TREE_H
#define TESTS_TREE_H

/*
 * Expands a text fixture (the format is described in tests/machines/README.md) into a folder
 * that looks like the root of the machine: `vfio-bind --root DIR` can read it.
 *
 * Both functions create DIR if it is missing, print "NAME:LINE: what is wrong" to stderr and
 * return 0 or -errno. A fixture that was refused half way leaves the first half in DIR.
 */
int tree_expand(const char *dump_path, const char *dir);

/* The same for a fixture held in memory; NAME stands in messages for the file. */
int tree_expand_text(const char *text, const char *name, const char *dir);

#endif
