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

/* NULL: it cannot be read. The caller closes it. */
static FILE *open_stream(int root, const char *path)
{
	int fd = root_open(root, path, O_RDONLY, 0);
	FILE *stream = fd >= 0 ? fdopen(fd, "r") : NULL;

	if (stream == NULL && fd >= 0)
		close(fd);
	return stream;
}

bool accounts_find_user(int root, const char *name, uid_t *ret)
{
	FILE *stream = open_stream(root, PATH_PASSWD);
	const struct passwd *user = NULL;

	if (stream == NULL)
		return false;
	while ((user = fgetpwent(stream)) != NULL && !streq(user->pw_name, name))
		;
	if (user != NULL)
		*ret = user->pw_uid;
	fclose(stream);
	return user != NULL;
}

bool accounts_find_group(int root, const char *name, gid_t *ret)
{
	FILE *stream = open_stream(root, PATH_GROUP);
	const struct group *group = NULL;

	if (stream == NULL)
		return false;
	while ((group = fgetgrent(stream)) != NULL && !streq(group->gr_name, name))
		;
	if (group != NULL)
		*ret = group->gr_gid;
	fclose(stream);
	return group != NULL;
}

char *accounts_user_name(int root, uid_t uid)
{
	FILE *stream = open_stream(root, PATH_PASSWD);
	const struct passwd *user = NULL;
	char *name = NULL;

	while (stream != NULL && (user = fgetpwent(stream)) != NULL && user->pw_uid != uid)
		;
	name = user != NULL ? util_copy_printable(user->pw_name) : util_format("user %u", uid);
	if (stream != NULL)
		fclose(stream);
	return name;
}
