/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/accounts.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/paths.h"
#include "lib/root.h"
#include "lib/util.h"

/* Of these the first that has the name counts. The latter are those of systems that come as an image (nss-altfiles). */
static const char *const passwd_files[] = { PATH_PASSWD, PATH_USR_PASSWD };
static const char *const group_files[] = { PATH_GROUP, PATH_USR_GROUP };

/* NULL: it cannot be read. The caller closes it. */
static FILE *open_stream(int root, const char *path)
{
	int fd = root_open(root, path, O_RDONLY, 0);
	FILE *stream = fd >= 0 ? fdopen(fd, "r") : NULL;

	if (stream == NULL && fd >= 0)
		close(fd);
	return stream;
}

/* Lines for NIS are no accounts. */
static bool is_account(const char *name)
{
	return name[0] != '+' && name[0] != '-';
}

/* Until a user is of this name, or, without a name, has this number. Returns him until the next call, or NULL. */
static const struct passwd *find_user(FILE *stream, const char *name, uid_t uid)
{
	const struct passwd *user;

	while ((user = fgetpwent(stream)) != NULL)
		if (is_account(user->pw_name) && (name != NULL ? streq(user->pw_name, name) : user->pw_uid == uid))
			return user;
	return NULL;
}

bool accounts_find_user(int root, const char *name, uid_t *ret)
{
	bool is_found = false;

	for (size_t i = 0; i < ARRAY_SIZE(passwd_files) && !is_found; i++) {
		FILE *stream = open_stream(root, passwd_files[i]);
		const struct passwd *user = stream != NULL ? find_user(stream, name, 0) : NULL;

		is_found = user != NULL;
		if (is_found)
			*ret = user->pw_uid;
		if (stream != NULL)
			fclose(stream);
	}
	return is_found;
}

bool accounts_find_group(int root, const char *name, gid_t *ret)
{
	bool is_found = false;

	for (size_t i = 0; i < ARRAY_SIZE(group_files) && !is_found; i++) {
		FILE *stream = open_stream(root, group_files[i]);
		const struct group *group;

		while (stream != NULL && !is_found && (group = fgetgrent(stream)) != NULL) {
			is_found = is_account(group->gr_name) && streq(group->gr_name, name);
			if (is_found)
				*ret = group->gr_gid;
		}
		if (stream != NULL)
			fclose(stream);
	}
	return is_found;
}

char *accounts_user_name(int root, uid_t uid)
{
	char *name = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(passwd_files) && name == NULL; i++) {
		FILE *stream = open_stream(root, passwd_files[i]);
		const struct passwd *user = stream != NULL ? find_user(stream, NULL, uid) : NULL;

		name = user != NULL ? util_copy_printable(user->pw_name) : NULL;
		if (stream != NULL)
			fclose(stream);
	}
	return name != NULL ? name : util_format("user %u", uid);
}
