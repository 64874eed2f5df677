/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of users, groups and hosts, as libsystemd finds them in the static hooks: none. glibc would load libraries for
 * them, which in a static program must be of its very version. D-Bus over the system's socket asks for no names.
 */
#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <stddef.h>

struct passwd *getpwnam(const char *name)
{
	(void)name;
	return NULL;
}

struct passwd *getpwuid(uid_t uid)
{
	(void)uid;
	return NULL;
}

int getpwnam_r(const char *name, struct passwd *space, char *text, size_t length, struct passwd **ret)
{
	(void)name, (void)space, (void)text, (void)length;
	*ret = NULL;
	return ENOSYS;
}

int getpwuid_r(uid_t uid, struct passwd *space, char *text, size_t length, struct passwd **ret)
{
	(void)uid, (void)space, (void)text, (void)length;
	*ret = NULL;
	return ENOSYS;
}

struct group *getgrnam(const char *name)
{
	(void)name;
	return NULL;
}

struct group *getgrgid(gid_t gid)
{
	(void)gid;
	return NULL;
}

int getgrnam_r(const char *name, struct group *space, char *text, size_t length, struct group **ret)
{
	(void)name, (void)space, (void)text, (void)length;
	*ret = NULL;
	return ENOSYS;
}

int getgrgid_r(gid_t gid, struct group *space, char *text, size_t length, struct group **ret)
{
	(void)gid, (void)space, (void)text, (void)length;
	*ret = NULL;
	return ENOSYS;
}

void freeaddrinfo(struct addrinfo *list)
{
	(void)list;
}

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **ret)
{
	(void)host, (void)service, (void)hints;
	*ret = NULL;
	return EAI_FAIL;
}
