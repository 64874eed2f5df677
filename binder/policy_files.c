/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which files make the policy: bind.conf, then bind.conf.d by name; or the one that --policy names. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "binder/policy_internal.h"
#include "lib/file.h"
#include "lib/paths.h"
#include "lib/root.h"

/* A policy of this size is not a policy. */
#define POLICY_MAX (1024 * 1024)

static const char *explain(int error)
{
	switch (error) {
	case EISDIR:
		return "it is a directory, expected a text file";
	case EINVAL:
		return "it is not a regular file, expected a text file";
	case EFBIG:
		return "it is larger than 1 MiB, expected a text file";
	case ENOENT:
		return "no such file (a dangling link?)";
	default:
		return strerror(error);
	}
}

static void read_file(struct policy_loader *loader, int root, const char *path)
{
	cleanup_free char *text = NULL;
	size_t length = 0;
	int result = file_read(root, path, POLICY_MAX, &text, &length);

	*(char **)util_append(&loader->policy->files, &loader->policy->n_files,
			      sizeof(char *)) = util_copy_printable(path);
	if (result < 0) {
		problem_add(loader->problems, PROBLEM_POLICY, path, "cannot read the policy: %s; nothing is bound",
			    explain(-result));
		loader->policy->is_unusable = true;
		return;
	}
	policy_parse(loader, text, length, path);
}

static bool is_dropin(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && ends_with(entry->d_name, ".conf");
}

/* Byte order: the locale must not decide which file comes last. */
static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A dangling link is not a missing file: its owner meant a policy to be there. */
static bool is_there(int root, const char *path)
{
	const char *name;
	cleanup_close int parent = root_open_parent(root, path, &name);
	struct stat info;

	if (parent < 0)
		return parent != -ENOENT;
	return fstatat(parent, name, &info, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

static void read_dropins(struct policy_loader *loader, int root)
{
	DIR *directory = file_open_directory(root, PATH_POLICY_DROPINS);
	const struct dirent *entry;
	char **paths = NULL;
	size_t n = 0;

	if (directory == NULL) {
		if (errno == ENOENT && !is_there(root, PATH_POLICY_DROPINS))
			return;
		problem_add(loader->problems, PROBLEM_POLICY, PATH_POLICY_DROPINS,
			    "cannot read the drop-ins: %s; nothing is bound", strerror(errno));
		loader->policy->is_unusable = true;
		return;
	}
	while ((entry = readdir(directory)) != NULL)
		if (is_dropin(entry))
			*(char **)util_append(&paths, &n, sizeof(char *)) = util_format(PATH_POLICY_DROPINS "/%s",
											entry->d_name);
	closedir(directory);
	if (n > 0)
		qsort(paths, n, sizeof(*paths), by_bytes);
	for (size_t i = 0; i < n; i++) {
		read_file(loader, root, paths[i]);
		free(paths[i]);
	}
	free(paths);
}

void policy_read(struct policy *policy, const struct policy_source *source, const struct switches *switches,
		 struct problems *problems)
{
	struct policy_loader loader = { .policy = policy, .problems = problems };

	if (source->file != NULL) {
		read_file(&loader, AT_FDCWD, source->file);
	} else {
		if (is_there(source->root, PATH_POLICY))
			read_file(&loader, source->root, PATH_POLICY);
		read_dropins(&loader, source->root);
	}
	policy_finish(&loader, switches);
}
