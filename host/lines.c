/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/lines.h"

#include <dirent.h>
#include <string.h>

#include "lib/file.h"
#include "lib/util.h"

/* No configuration file is larger. */
#define FILE_MAX (1024 * 1024)

#define BLANKS " \t\r"

/* Joins continued lines in place. Returns how many line ends went. */
static unsigned int join_lines(char *line, char **next)
{
	unsigned int joined = 0;

	for (;;) {
		size_t length = strlen(line);
		char *more;

		if (length == 0 || line[length - 1] != '\\' || *next == NULL)
			return joined;
		more = *next;
		*next = strchr(more, '\n');
		if (*next != NULL)
			*(*next)++ = '\0';
		line[length - 1] = ' ';
		memmove(line + length, more, strlen(more) + 1);
		joined++;
	}
}

int lines_read(int root, const char *path, bool joins, lines_callback *callback, void *context)
{
	cleanup_free char *text = NULL;
	size_t length = 0;
	unsigned int number = 0;
	int result = file_read(root, path, FILE_MAX, &text, &length);
	char *next;

	if (result < 0)
		return result;
	for (char *line = text; line != NULL; line = next) {
		unsigned int joined = 0;
		size_t end;

		number++;
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		if (joins)
			joined = join_lines(line, &next);
		line += strspn(line, BLANKS);
		for (end = strlen(line); end > 0 && strchr(BLANKS, line[end - 1]) != NULL; end--)
			line[end - 1] = '\0';
		if (line[0] != '\0' && line[0] != '#')
			callback(context, path, number, line);
		number += joined;
	}
	return 0;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char **lines_list_directory(int root, const char *path, const char *suffix, size_t *ret_count)
{
	DIR *stream = file_open_directory(root, path);
	const struct dirent *entry;
	char **names = NULL;

	*ret_count = 0;
	if (stream == NULL)
		return NULL;
	while ((entry = readdir(stream)) != NULL)
		if (entry->d_name[0] != '.' && ends_with(entry->d_name, suffix))
			*(char **)util_append(&names, ret_count, sizeof(*names)) = util_copy(entry->d_name);
	closedir(stream);
	if (names != NULL)
		qsort(names, *ret_count, sizeof(*names), by_bytes);
	return names;
}

void lines_read_directory(int root, const char *path, const char *suffix, bool joins, lines_callback *callback,
			  void *context)
{
	size_t n;
	char **names = lines_list_directory(root, path, suffix, &n);

	for (size_t i = 0; i < n; i++) {
		cleanup_free char *file = util_format("%s/%s", path, names[i]);

		(void)lines_read(root, file, joins, callback, context);
		free(names[i]);
	}
	free(names);
}
