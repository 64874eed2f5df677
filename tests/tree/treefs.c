/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the expansion of a fixture does to the file system: make a directory, a file, a link.
 * Everything is relative to the descriptor of the folder; names that leave it are refused.
 */
#include "tests/tree/tree-internal.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int tree_fail(const struct tree *tree, int error, const char *format, ...)
{
	va_list ap;

	fprintf(stderr, "%s:%u: ", tree->name, tree->line);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	return -error;
}

int tree_format(char *buf, size_t size, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(buf, size, format, ap);
	va_end(ap);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

const char *tree_last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int tree_depth(const char *path)
{
	int depth = 1;

	for (; *path; path++)
		depth += *path == '/';
	return depth;
}

/* A plain relative name: not empty, not absolute, no empty, "." or ".." component. */
static bool is_inside(const char *path)
{
	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 0 || (n == 1 && path[0] == '.') || (n == 2 && strncmp(path, "..", 2) == 0))
			return false;
		if (path[n] == '\0')
			return true;
		path += n + 1;
	}
	return false;
}

bool tree_all_hex(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isxdigit((unsigned char)text[i]))
			return false;
	return n > 0;
}

/* DDDD:BB:DD.F, with four or more digits of domain. */
bool tree_is_address(const char *name)
{
	const char *rest = strchr(name, ':');
	size_t domain = rest ? (size_t)(rest - name) : 0;

	return domain >= 4 && tree_all_hex(name, domain) && strlen(rest) == 8 && tree_all_hex(rest + 1, 2) &&
	       rest[3] == ':' && tree_all_hex(rest + 4, 2) && rest[6] == '.' && rest[7] >= '0' && rest[7] <= '7';
}

int tree_make_dirs(const struct tree *tree, const char *path)
{
	char part[PATH_MAX];
	const char *end = path;

	if (!is_inside(path))
		return tree_fail(tree, EINVAL, "'%s' is not a path below the root", path);
	if (strlen(path) >= sizeof(part))
		return tree_fail(tree, ENAMETOOLONG, "path too long");
	while (*end) {
		end += strcspn(end + 1, "/") + 1;
		memcpy(part, path, (size_t)(end - path));
		part[end - path] = '\0';
		if (mkdirat(tree->fd, part, 0755) < 0 && errno != EEXIST)
			return tree_fail(tree, errno, "%s: %s", part, strerror(errno));
	}
	return 0;
}

static int make_parent(const struct tree *tree, const char *path)
{
	char parent[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int r;

	if (!slash)
		return 0;
	r = tree_format(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
	return r < 0 ? r : tree_make_dirs(tree, parent);
}

int tree_write_file(const struct tree *tree, const char *path, const char *data, size_t size, int flags)
{
	int fd;
	int r;

	if (!is_inside(path))
		return tree_fail(tree, EINVAL, "'%s' is not a path below the root", path);
	r = make_parent(tree, path);
	if (r < 0)
		return r;
	fd = openat(tree->fd, path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644);
	if (fd < 0)
		return tree_fail(tree, errno, "%s: %s", path, strerror(errno));
	if (write(fd, data, size) != (ssize_t)size)
		r = tree_fail(tree, EIO, "%s: cannot write", path);
	close(fd);
	return r;
}

int tree_make_link(const struct tree *tree, const char *path, const char *target)
{
	int r;

	if (!is_inside(path))
		return tree_fail(tree, EINVAL, "'%s' is not a path below the root", path);
	r = make_parent(tree, path);
	if (r < 0)
		return r;
	if (symlinkat(target, tree->fd, path) < 0 && errno != EEXIST)
		return tree_fail(tree, errno, "%s: %s", path, strerror(errno));
	return 0;
}

/*
 * A link at PATH to TARGET, both given from the root. As in sysfs, what they have in common is
 * left out of the text: sys/bus/pci/devices/X points to ../../../devices/...
 */
int tree_make_root_link(const struct tree *tree, const char *path, const char *target)
{
	char text[PATH_MAX * 2] = "";
	const char *rest = path;
	size_t used = 0;

	for (;;) {
		size_t n = strcspn(rest, "/");

		if (strncmp(rest, target, n + 1) != 0 || rest[n] != '/')
			break;
		rest += n + 1;
		target += n + 1;
	}
	for (int up = tree_depth(rest) - 1; up > 0; up--, used += 3) {
		if (used + 4 > PATH_MAX)
			return tree_fail(tree, ENAMETOOLONG, "%s: too deep", path);
		memcpy(text + used, "../", 4);
	}
	if (tree_format(text + used, sizeof(text) - used, "%s", target) < 0)
		return tree_fail(tree, ENAMETOOLONG, "%s: target too long", path);
	return tree_make_link(tree, path, text);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Resolves \n, \t, \\ and \xNN in place. Returns the length, as the result may hold NUL bytes. */
ssize_t tree_unescape(char *text)
{
	char *out = text;

	for (const char *in = text; *in; in++) {
		if (*in != '\\') {
			*out++ = *in;
			continue;
		}
		in++;
		if (*in == 'n' || *in == 't' || *in == '\\') {
			*out++ = *in == 'n' ? '\n' : *in == 't' ? '\t' : '\\';
		} else if (*in == 'x' && hex_digit(in[1]) >= 0 && hex_digit(in[2]) >= 0) {
			*out++ = (char)(hex_digit(in[1]) * 16 + hex_digit(in[2]));
			in += 2;
		} else {
			return -EINVAL;
		}
	}
	return out - text;
}
