/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/library.h"

#include <dlfcn.h>

bool library_load(const char *name, const struct library_function *functions, size_t n)
{
	void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);

	if (library == NULL)
		return false;
	for (size_t i = 0; i < n; i++) {
		void *address = dlsym(library, functions[i].name);

		if (address == NULL)
			return false;
		*(void **)functions[i].pointer = address;
	}
	return true;
}
