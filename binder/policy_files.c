/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which files make the policy: bind.conf, then bind.conf.d by name; or the one that --policy names. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "binder/initramfs.h"
#include "binder/policy_internal.h"
#include "lib/digest.h"
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

void policy_format_digest(const struct policy *policy, char text[static POLICY_DIGEST_SIZE])
{
	snprintf(text, POLICY_DIGEST_SIZE, "%016llx", (unsigned long long)policy->digest);
}

/* name: the path below the policy's directory, so that an image and its host can be compared. */
static void read_file(struct policy_loader *loader, int root, const char *path, const char *name)
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
	loader->policy->digest = digest_add(loader->policy->digest, name, strlen(name) + 1);
	loader->policy->digest = digest_add(loader->policy->digest, text, length);
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

/* The drop-ins' paths below the policy's directory, by name. Returns false if they cannot be listed. */
static bool list_dropins(int root, const char *path, char ***names, size_t *n)
{
	DIR *stream = file_open_directory(root, path);
	const struct dirent *entry;
	int error;

	if (stream == NULL)
		return errno == ENOENT && !is_there(root, path);
	while ((errno = 0, entry = readdir(stream)) != NULL)
		if (is_dropin(entry))
			*(char **)util_append(names, n, sizeof(char *)) = util_format(NAME_POLICY_DROPINS "/%s",
										      entry->d_name);
	error = errno;
	closedir(stream);
	if (*n > 0)
		qsort(*names, *n, sizeof(**names), by_bytes);
	errno = error;
	return error == 0;
}

static void read_dropins(struct policy_loader *loader, int root, const char *directory)
{
	cleanup_free char *dropins = util_format("%s/" NAME_POLICY_DROPINS, directory);
	char **names = NULL;
	size_t n = 0;

	if (!list_dropins(root, dropins, &names, &n)) {
		problem_add(loader->problems, PROBLEM_POLICY, dropins, "cannot read the drop-ins: %s; nothing is bound",
			    strerror(errno));
		loader->policy->is_unusable = true;
	}
	for (size_t i = 0; i < n; i++) {
		cleanup_free char *path = util_format("%s/%s", directory, names[i]);

		read_file(loader, root, path, names[i]);
		free(names[i]);
	}
	free(names);
}

static void read_directory(struct policy_loader *loader, int root, const char *directory)
{
	cleanup_free char *path = util_format("%s/" NAME_POLICY, directory);

	if (is_there(root, path))
		read_file(loader, root, path, NAME_POLICY);
	read_dropins(loader, root, directory);
}

void policy_read(struct policy *policy, const struct policy_source *source, const struct switches *switches,
		 struct problems *problems)
{
	struct policy_loader loader = { .policy = policy, .problems = problems };

	policy->digest = DIGEST_START;
	policy->disarm_after = POLICY_DISARM_AFTER_DEFAULT;
	if (source->file != NULL)
		read_file(&loader, AT_FDCWD, source->file, NAME_POLICY);
	else
		read_directory(&loader, source->root,
			       initramfs_has_addon(source->root) ? PATH_ADDON : PATH_POLICY_DIRECTORY);
	policy_finish(&loader, switches);
}

void policy_read_text(struct policy *policy, const char *text, const char *name, struct problems *problems)
{
	static const struct switches none = { .off = false };
	struct policy_loader loader = { .policy = policy, .problems = problems };

	policy->digest = DIGEST_START;
	policy_parse(&loader, text, strlen(text), name);
	policy_finish(&loader, &none);
}
