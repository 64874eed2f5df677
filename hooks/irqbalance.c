/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/irqbalance.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "hooks/claims.h"
#include "lib/file.h"
#include "lib/parse.h"
#include "lib/paths.h"
#include "lib/root.h"
#include "lib/util.h"

#define NAME "irqbalance"
#define SUFFIX ".sock"

/* For one question (ms). */
#define PATIENCE 500

/* irqbalance reads no more of a message, and writes no more of a mask. */
#define MESSAGE_MAX 499
#define REPLY_MAX 65536

pid_t irqbalance_find(int root, uint64_t *ret_started)
{
	DIR *directory = file_open_directory(root, PATH_IRQBALANCE);
	const struct dirent *entry;
	pid_t found = 0;

	while (directory != NULL && found == 0 && (entry = readdir(directory)) != NULL) {
		cleanup_free char *name = util_copy(entry->d_name);
		uint64_t pid;

		if (!starts_with(name, NAME) || !ends_with(name, SUFFIX))
			continue;
		name[strlen(name) - strlen(SUFFIX)] = '\0';
		if (!parse_number(name + strlen(NAME), 10, INT32_MAX, &pid))
			continue;
		/* One that was killed leaves its socket. */
		*ret_started = claims_process_start(root, (pid_t)pid);
		if (*ret_started != 0)
			found = (pid_t)pid;
	}
	if (directory != NULL)
		closedir(directory);
	return found;
}

static int connect_to(int root, pid_t pid)
{
	cleanup_close int directory = root_open(root, PATH_IRQBALANCE, O_PATH | O_DIRECTORY, 0);
	cleanup_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int taken;

	if (directory < 0)
		return directory;
	/* connect() knows no directory descriptors. */
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" NAME "%d" SUFFIX, directory,
		       (int)pid);
	/* EAGAIN: others wait to be accepted, so it hangs. */
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	taken = fd;
	fd = -1;
	return taken;
}

/* It wants to see who we are. */
static int send_message(int fd, const char *message)
{
	const struct ucred me = { getpid(), getuid(), getgid() };
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(struct ucred))];
	} control = { 0 };
	struct iovec part = { (void *)(uintptr_t)message, strlen(message) + 1 };
	const struct msghdr whole = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	struct cmsghdr *credentials = CMSG_FIRSTHDR(&whole);

	credentials->cmsg_level = SOL_SOCKET;
	credentials->cmsg_type = SCM_CREDENTIALS;
	credentials->cmsg_len = CMSG_LEN(sizeof(me));
	memcpy(CMSG_DATA(credentials), &me, sizeof(me));
	return sendmsg(fd, &whole, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Until it closes the connection: then it has done what it was told. */
static int receive(int fd, uint64_t deadline, char *reply, size_t size)
{
	size_t used = 0;

	for (;;) {
		struct pollfd input = { fd, POLLIN, 0 };
		uint64_t clock = claims_clock();
		ssize_t n;

		if (clock >= deadline || poll(&input, 1, (int)(deadline - clock)) == 0)
			return -ETIMEDOUT;
		n = read(fd, reply + used, size - 1 - used);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (n > 0)
			used += (size_t)n;
		if (n == 0 || used == size - 1)
			break;
	}
	reply[used] = '\0';
	return 0;
}

static int talk(int root, pid_t pid, const char *message, char *reply, size_t size)
{
	uint64_t deadline = claims_clock() + PATIENCE;
	cleanup_close int fd = connect_to(root, pid);
	int result = fd < 0 ? fd : send_message(fd, message);

	return result < 0 ? result : receive(fd, deadline, reply, size);
}

int irqbalance_ask(int root, pid_t pid, struct cpulist *ret_banned)
{
	cleanup_free char *reply = util_alloc(REPLY_MAX);
	int result = talk(root, pid, "setup", reply, REPLY_MAX);
	const char *banned;

	if (result < 0)
		return result;
	if (reply[0] == '\0')
		return -EACCES;
	banned = strstr(reply, "BANNED ");
	return banned != NULL && cpulist_parse_mask(banned + strlen("BANNED "), ret_banned) ? 0 : -EBADMSG;
}

int irqbalance_ban(int root, pid_t pid, const struct cpulist *cpus)
{
	cleanup_free char *list = cpulist_format(cpus);
	/* Without a word for the CPUs it would crash. */
	cleanup_free char *message = util_format("settings cpus %s", list[0] != '\0' ? list : "NULL");
	char reply[64];

	/* Cut, it would mean other CPUs. */
	if (strlen(message) >= MESSAGE_MAX)
		return -E2BIG;
	return talk(root, pid, message, reply, sizeof(reply));
}
