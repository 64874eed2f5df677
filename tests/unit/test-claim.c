/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/claim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>

#include "hooks/claims.h"
#include "hooks/conf.h"
#include "lib/paths.h"
#include "tests/unit/test.h"

#define UUID "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"
#define UUID2 "4dea22b3-1d52-d8f3-2516-782e98ab3fa1"
#define HEAD "vfiokit-claim 1\n"
#define BARE HEAD "name win\npending 5\nslice machine.slice\n"

TEST(claim_text_stays)
{
	static const char *const texts[] = {
		BARE "cpus \ninhibit 0\n",
		HEAD "name -a b\xC3\xA9\"'$(c)\nrunning 4711 98765\nslice guests.slice\ncpus 2-3,8191\ninhibit 15\n"
		     "hold /dev/sdb\ncheck /dev/disk/by-id/a b\nhold /dev/sdc\n",
		HEAD "name win\npending 5\nslice machine.slice\ncpus 2\ninhibit 0\ntune 1\nhold /dev/sdb\n",
		HEAD
		"name win\npending 5\nslice machine.slice\ncpus \ninhibit 0\npages 2048 16 any\npages 1048576 8 0\n"
		"shm 65536 1000 36 looking-glass\n",
		HEAD "name win\npending 18446744073709551615\nslice machine.slice\ncpus 0\ninhibit 1\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct claim claim;
		cleanup_free char *again = NULL;

		test_case("%zu", i);
		CHECK_TRUE(claim_parse(&claim, UUID, texts[i], strlen(texts[i])));
		again = claim_format(&claim);
		CHECK_STR(again, texts[i]);
		claim_free(&claim);
	}
}

TEST(claim_refused)
{
	static const char *const texts[] = {
		"",
		"x",
		HEAD,
		"vfiokit-claim 2\nname win\npending 5\nslice machine.slice\n",
		HEAD "name win\npending 5\n",
		HEAD "pending 5\nslice machine.slice\n",
		HEAD "name win\nslice machine.slice\n",
		BARE "running 1 2\n",
		BARE "name lin\n",
		BARE "cpus x\n",
		BARE "inhibit 16\n",
		BARE "inhibit\n",
		BARE "hold sdb\n",
		BARE "pages 2048 16\n",
		BARE "pages 0 16 any\n",
		BARE "shm 65536 1000 36\n",
		BARE "shm 65536 1000 36 ../x\n",
		BARE "foo 1\n",
		BARE "\n",
		HEAD "name win\nrunning 0 5\nslice machine.slice\n",
		HEAD "name win\nrunning 5 0\nslice machine.slice\n",
		HEAD "name win\nrunning 5\nslice machine.slice\n",
		HEAD "name win\nrunning 99999999999 5\nslice machine.slice\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct claim claim;

		test_case("'%s'", texts[i]);
		CHECK_TRUE(!claim_parse(&claim, UUID, texts[i], strlen(texts[i])));
	}
	test_case("a NUL byte");
	CHECK_TRUE(!claim_parse(&(struct claim){ 0 }, UUID, BARE "\0", sizeof(BARE)));
	test_case("a file of another name");
	CHECK_TRUE(!claim_parse(&(struct claim){ 0 }, "../x", BARE, strlen(BARE)));
}

TEST(claim_is_alive)
{
	static const struct {
		const char *name;
		uint64_t deadline, started, now, found;
		bool is_running, alive;
	} cases[] = {
		{ "pending", 100, 0, 99, 0, false, true },         { "its time is over", 100, 0, 100, 0, false, false },
		{ "running", 0, 7, 1000, 7, true, true },          { "gone", 0, 7, 1000, 0, true, false },
		{ "its pid used again", 0, 7, 0, 8, true, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct claim claim = { .is_running = cases[i].is_running,
					     .deadline = cases[i].deadline,
					     .started = cases[i].started };
		const struct claim_evidence evidence = { cases[i].now, cases[i].found };

		test_case("%s", cases[i].name);
		CHECK_INT(claim_is_alive(&claim, &evidence), cases[i].alive);
	}
}

TEST(claims_files)
{
	int root = test_root("F: run/vfiokit/claims/junk=x\nF: run/vfiokit/claims/" UUID2 "=junk\n"
			     "F: run/vfiokit/claims/" UUID2 ".new=x\n");
	struct claim claim = { .uuid = UUID, .name = (char[]){ "win" }, .slice = (char[]){ "machine.slice" } };
	struct claims claims;
	struct claim found;

	claim.deadline = claims_now() + 100000;
	claims_read(root, &claims);
	CHECK_INT(claims.count, 0);
	CHECK_TRUE(!claims_find(root, UUID, &found));
	CHECK_INT(claims_write(root, &claim), 0);
	memcpy(claim.uuid, UUID2, sizeof(claim.uuid));
	CHECK_INT(claims_write(root, &claim), 0);
	claims_read(root, &claims);
	CHECK_INT(claims.count, 2);
	CHECK_STR(claims.items[0].uuid, UUID);
	CHECK_TRUE(claims_is_alive(root, &claims.items[0]));
	claims_free(&claims);
	CHECK_INT(claims_remove(root, UUID2), 0);
	CHECK_INT(claims_remove(root, UUID2), -ENOENT);
	claims_read(root, &claims);
	CHECK_INT(claims.count, 1);
	claims_free(&claims);
}

/* Another process that holds the lock is waited for until the deadline, and no longer. */
TEST(claims_lock)
{
	int root = test_root("");
	int fd = claims_lock(root, 0);
	uint64_t before;
	pid_t pid;

	CHECK_TRUE(fd >= 0);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		before = claims_clock();
		if (claims_lock(root, before + 60) != -ETIMEDOUT || claims_clock() < before + 60)
			_exit(1);
		_exit(0);
	}
	for (int status = 1; pid > 0; pid = 0) {
		waitpid(pid, &status, 0);
		CHECK_INT(status, 0);
	}
	close(fd);
	fd = claims_lock(root, 0);
	CHECK_TRUE(fd >= 0);
	close(fd);
}

#define STAT(state, started) "12 (a b) c) " state " 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 " started " 20 21\\n"

TEST(claims_process_start)
{
	static const struct {
		const char *tree;
		uint64_t started;
	} cases[] = {
		{ "", 0 },
		{ "F: proc/12/stat=" STAT("S", "4567") "\n", 4567 },
		{ "F: proc/12/stat=" STAT("Z", "4567") "\n", 0 },
		{ "F: proc/12/stat=" STAT("X", "4567") "\n", 0 },
		{ "F: proc/12/stat=12 (x) S 1 2\n", 0 },
		{ "F: proc/12/stat=junk\n", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		test_case("%zu", i);
		CHECK_INT(claims_process_start(test_root(cases[i].tree), 12), cases[i].started);
	}
}

TEST(claims_process_start_of_ourselves)
{
	cleanup_close int root = open("/", O_PATH | O_CLOEXEC);

	CHECK_TRUE(claims_process_start(root, getpid()) > 0);
}

TEST(claims_find_process)
{
	static const struct {
		const char *name, *pid;
		const char *command;
		size_t length;
		bool found;
	} cases[] = {
#define COMMAND(text) text, sizeof(text)
		{ "right", "12\n", COMMAND("qemu\0-uuid\0" UUID "\0-x"), true },
		{ "another guest", "12\n", COMMAND("qemu\0-uuid\0" UUID2), false },
		{ "the UUID elsewhere", "12\n", COMMAND("qemu\0-x\0" UUID), false },
		{ "in one word", "12\n", COMMAND("qemu\0-uuid " UUID), false },
		{ "another process has its number", "13\n", COMMAND("qemu\0-uuid\0" UUID), true },
		{ "no number", "x\n", COMMAND("qemu\0-uuid\0" UUID), true },
		{ "no command line", "12\n", "", 0, false },
	};
	const struct claim claim = { .uuid = UUID, .name = (char[]){ "a b" } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int root = test_root("D: run/libvirt/qemu\nF: proc/12/stat=" STAT("S", "4567") "\n");
		uint64_t started = 0;
		pid_t pid = 0;

		test_case("%s", cases[i].name);
		test_write_file(root, "run/libvirt/qemu/a b.pid", cases[i].pid, strlen(cases[i].pid));
		test_write_file(root, "proc/12/cmdline", cases[i].command, cases[i].length);
		CHECK_INT(claims_find_process(root, &claim, &pid, &started), cases[i].found);
		CHECK_INT(pid, cases[i].found ? 12 : 0);
		CHECK_INT(started, cases[i].found ? 4567 : 0);
	}
}
