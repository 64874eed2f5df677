/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupts: a folder full of them, from the first claim to the last, and an irqbalance that is a child of the test.
 */
#include "hooks/irqs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "hooks/conf_guest.h"
#include "hooks/irqbalance.h"
#include "hooks/tuning.h"
#include "lib/log.h"
#include "lib/paths.h"
#include "tests/unit/test.h"

static struct cpulist list(const char *text)
{
	struct cpulist set = { 0 };

	CHECK_TRUE(cpulist_parse(text, &set));
	return set;
}

#define HEAD "vfiokit-irqs 1\n"

TEST(irqs_records)
{
	static const struct {
		const char *text, *again; /* NULL: it is none */
	} cases[] = {
		{ HEAD, HEAD "kept 0\n" },
		{ HEAD "kept 3\n", HEAD "kept 3\n" },
		{ HEAD "kept 3\nirqbalance 12 345 - 2-3 2-5\n", HEAD "kept 3\nirqbalance 12 345 - 2-3 2-5\n" },
		{ "", NULL },
		{ "vfiokit-irqs 2\n", NULL },
		{ HEAD "kept\n", NULL },
		{ HEAD "kept x\n", NULL },
		{ HEAD "kept 1 2\n", NULL },
		{ HEAD "lost 1\n", NULL },
		{ HEAD "irqbalance\n", NULL },
		{ HEAD "irqbalance 0 1 - - -\n", NULL },
		{ HEAD "irqbalance 1 1 - -\n", NULL },
		{ HEAD "irqbalance 1 1 - - - -\n", NULL },
		{ HEAD "irqbalance 1 1 - x -\n", NULL },
		{ HEAD "irqbalance 1 1 - - -\nirqbalance 1 1 - - -\n", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *again = NULL;
		struct irqs_memory memory;

		test_case("%zu", i);
		CHECK_INT(irqs_parse(&memory, cases[i].text, strlen(cases[i].text)), cases[i].again != NULL);
		again = irqs_format(&memory);
		CHECK_STR(again, cases[i].again != NULL ? cases[i].again : HEAD "kept 0\n");
	}
}

/* --- a machine --------------------------------------------------------------------------------------------------- */

/* 1 goes everywhere, 24 only to CPU 2, 25 keeps away; nobody uses 7. */
#define HOST                                                                                                           \
	"F: dev/kmsg=\n"                                                                                               \
	"F: sys/devices/virtual/workqueue/cpumask=ff\\n\n"                                                             \
	"F: sys/devices/system/cpu/possible=0-7\\n\n"                                                                  \
	"F: sys/devices/system/cpu/online=0-7\\n\n"                                                                    \
	"F: proc/irq/default_smp_affinity=ff\\n\n"                                                                     \
	"F: proc/irq/1/smp_affinity_list=0-7\\n\n"                                                                     \
	"F: proc/irq/7/smp_affinity_list=0-7\\n\n"                                                                     \
	"F: proc/irq/24/smp_affinity_list=2\\n\n"                                                                      \
	"F: proc/irq/25/smp_affinity_list=0-1\\n\n"                                                                    \
	"F: sys/kernel/irq/1/actions=i8042\\n\n"                                                                       \
	"F: sys/kernel/irq/7/actions=\\n\n"                                                                            \
	"F: sys/kernel/irq/24/actions=nvme0q1\\n\n"

static char *affinity(int root, const char *number)
{
	cleanup_free char *path = util_format(PATH_IRQ "/%s/smp_affinity_list", number);
	char *text = test_read_file(root, path);

	text[strcspn(text, "\n")] = '\0';
	return text;
}

static void move(int root, const char *number, const char *cpus)
{
	cleanup_free char *path = util_format(PATH_IRQ "/%s/smp_affinity_list", number);

	test_write_file(root, path, cpus, strlen(cpus));
}

/* Guests with these CPUs; then the affinity of new interrupts and of 1, 7, 24 and 25. */
static void check(int root, const char *const *guests, int expected, const char *value)
{
	static const char *const numbers[] = { "1", "7", "24", "25" };
	struct claims claims = { 0 };
	cleanup_free char *got = test_read_file(root, PATH_IRQ_DEFAULT);

	test_case("%s", value);
	log_setup("unit", false, root);
	for (; *guests != NULL; guests++) {
		struct claim *claim = util_append(&claims.items, &claims.count, sizeof(*claim));

		claim->cpus = list(*guests);
		claim->tune = TUNE_IRQS;
	}
	CHECK_INT(tuning_apply(root, &claims, 0), expected);
	claims_free(&claims);
	free(got);
	got = test_read_file(root, PATH_IRQ_DEFAULT);
	got[strcspn(got, "\n")] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		cleanup_free char *one = affinity(root, numbers[i]);

		test_append(&got, " %s", one);
	}
	CHECK_STR(got, value);
}

#define GUESTS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define NOBODY ((const char *const[]){ NULL })

static void check_no_records(int root)
{
	CHECK_INT(faccessat(root, PATH_SETTINGS, F_OK, 0), -1);
	CHECK_INT(faccessat(root, PATH_IRQS, F_OK, 0), -1);
}

TEST(irqs_up_and_down)
{
	int root = test_root(HOST);
	cleanup_free char *workqueues = NULL;

	check(root, NOBODY, 0, "ff 0-7 0-7 2 0-1");
	check(root, GUESTS("2-3"), 0, "f3 0-1,4-7 0-7 0-1,4-7 0-1");
	check(root, GUESTS("2-3", "1"), 0, "f1 0,4-7 0-7 0,4-7 0");
	check(root, GUESTS("1"), 0, "fd 0,2-7 0-7 2 0");
	check(root, NOBODY, 0, "ff 0-7 0-7 2 0-1");
	check_no_records(root);
	workqueues = test_read_file(root, PATH_WORKQUEUE_CPUS);
	CHECK_STR(workqueues, "ff\n");
}

TEST(irqs_come_and_go)
{
	int root = test_root(HOST);
	cleanup_free char *born = NULL;

	check(root, GUESTS("2-3"), 0, "f3 0-1,4-7 0-7 0-1,4-7 0-1");
	CHECK_INT(mkdirat(root, PATH_IRQ "/30", 0755), 0);
	move(root, "30", "0-1,4-7");
	CHECK_INT(unlinkat(root, PATH_IRQ "/24/smp_affinity_list", 0), 0);
	check(root, GUESTS("2-3"), 0, "f3 0-1,4-7 0-7 (missing) 0-1");
	check(root, GUESTS("2-4"), 0, "e3 0-1,5-7 0-7 (missing) 0-1");
	born = affinity(root, "30");
	CHECK_STR(born, "0-1,5-7");
	free(born);
	check(root, NOBODY, 0, "ff 0-7 0-7 (missing) 0-1");
	/* It began with what we had given to new ones. */
	born = affinity(root, "30");
	CHECK_STR(born, "0-7");
	check_no_records(root);
}

/* The last guest goes, or one more comes, in the first call that sees it; killed: of a call behind its write. */
TEST(irqs_born_under_a_guest)
{
	static const struct {
		const char *name, *record; /* of where new ones begin; NULL: as it was left */
		const char *guests[3], *others, *born;
	} cases[] = {
		{ "the last one goes", NULL, { NULL }, "ff 0-7 0-7 2 0-1", "0-7" },
		{ "one more comes", NULL, { "2-3", "4" }, "e3 0-1,5-7 0-7 0-1,5-7 0-1", "0-1,5-7" },
		{ "killed, the last one goes", "0-7 0-7 0-1,4-7", { NULL }, "ff 0-7 0-7 2 0-1", "0-7" },
		{ "killed, one goes", "0-7 0-7 0-1,4-7", { "2" }, "fb 0-1,3-7 0-7 0-1,3-7 0-1", "0-1,3-7" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int root = test_root(HOST "F: proc/irq/31/smp_affinity_list=5\\n\n");
		cleanup_free char *born = NULL, *other = NULL;

		check(root, GUESTS("2-3"), 0, "f3 0-1,4-7 0-7 0-1,4-7 0-1");
		CHECK_INT(mkdirat(root, PATH_IRQ "/30", 0755), 0);
		move(root, "30", "0-1,4-7");
		if (cases[i].record != NULL) {
			cleanup_free char *text = util_format("vfiokit-settings 1\nmask " PATH_IRQ_DEFAULT
							      " %s\nirq " PATH_IRQ
							      "/1/smp_affinity_list 0-7 0-1,4-7 0-1,4-7\nirq " PATH_IRQ
							      "/24/smp_affinity_list 2 0-1,4-7 0-1,4-7\n",
							      cases[i].record);

			test_write_file(root, PATH_SETTINGS, text, strlen(text));
		}
		check(root, cases[i].guests, 0, cases[i].others);
		test_case("%s", cases[i].name);
		born = affinity(root, "30");
		CHECK_STR(born, cases[i].born);
		other = affinity(root, "31");
		CHECK_STR(other, "5");
		check(root, NOBODY, 0, "ff 0-7 0-7 2 0-1");
		free(born);
		born = affinity(root, "30");
		CHECK_STR(born, "0-7");
		check_no_records(root);
	}
}

/*
 * What the kernel makes of where new ones begin: not those that are offline, and only those of the node that are left.
 * CPUs 6 and 7 are offline, 3 to 5 are those of node 1.
 */
TEST(irqs_begin_where_they_can)
{
	static const struct {
		const char *name, *node, *guest, *born, *expected;
	} cases[] = {
		{ "online", "-1", "2-3", "0-1,4-5", "0-5" },
		{ "of its node", "1", "2-3", "4-5", "3-5" },
		{ "of others, because the guest has the node", "1", "3-5", "0-2", "3-5" },
		{ "a node that is not there", "7", "2-3", "0-1,4-5", "0-5" },
		{ "not started yet", "1", "2-3", "0-1,4-7", "0-7" },
		{ "by its driver", "1", "2-3", "4", "4" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct claim claim = { .tune = TUNE_IRQS };
		struct claims claims = { &claim, 1 };
		int root = test_root(HOST "F: sys/devices/system/node/node1/cpulist=3-5\\n\n");
		cleanup_free char *got = NULL;

		test_case("%s", cases[i].name);
		log_setup("unit", false, root);
		test_write_file(root, "sys/devices/system/cpu/online", "0-5", 3);
		claim.cpus = list(cases[i].guest);
		CHECK_INT(tuning_apply(root, &claims, false), 0);
		CHECK_INT(mkdirat(root, PATH_IRQ "/30", 0755), 0);
		test_write_file(root, PATH_IRQ "/30/node", cases[i].node, strlen(cases[i].node));
		move(root, "30", cases[i].born);
		claims.count = 0;
		CHECK_INT(tuning_apply(root, &claims, false), 0);
		got = affinity(root, "30");
		CHECK_STR(got, cases[i].expected);
		check_no_records(root);
	}
}

TEST(irqs_moved_by_others)
{
	int root = test_root(HOST);

	check(root, GUESTS("2-3"), 0, "f3 0-1,4-7 0-7 0-1,4-7 0-1");
	/* Not to the guest: that is as good. To the guest: it is left, and said. */
	move(root, "1", "5");
	move(root, "24", "3");
	check(root, GUESTS("2-3"), 0, "f3 5 0-7 3 0-1");
	move(root, "24", "4");
	check(root, GUESTS("2-3"), 0, "f3 5 0-7 4 0-1");
	test_write_file(root, PATH_IRQ_DEFAULT, "1", 1);
	check(root, GUESTS("2-3"), -EBUSY, "1 5 0-7 4 0-1");
	check(root, NOBODY, 0, "1 5 0-7 4 0-1");
	check_no_records(root);
}

/* --- irqbalance -------------------------------------------------------------------------------------------------- */

/* As irqbalance does: one connection, one message, and the end of it. */
static void serve(int listening, const char *banned)
{
	struct cpulist now = list(banned);
	char message[500] = "";
	int fd = accept(listening, NULL, NULL);
	ssize_t n;

	while (fd >= 0) {
		n = read(fd, message, sizeof(message) - 1);
		message[n > 0 ? n : 0] = '\0';
		if (starts_with(message, "settings cpus "))
			now = list(streq(message + 14, "NULL") ? banned : message + 14);
		if (starts_with(message, "setup")) {
			cleanup_free char *mask = cpulist_format_mask(&now);

			dprintf(fd, "SLEEP 10 IRQ 1 LOAD 0 DIFF 0 CLASS 0 BANNED %s", mask);
		}
		close(fd);
		fd = accept(listening, NULL, NULL);
	}
}

/* banned: NULL: it hangs. */
static pid_t run_balancer(int root, const char *banned, int number)
{
	int ready[2];
	cleanup_free char *stat = NULL, *path = NULL, *folder = NULL;
	pid_t child;
	char byte;

	CHECK_INT(pipe(ready), 0);
	(void)mkdirat(root, "run/irqbalance", 0755);
	child = fork();
	if (child == 0) {
		struct sockaddr_un address = { .sun_family = AF_UNIX };
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		snprintf(address.sun_path, sizeof(address.sun_path),
			 "/proc/self/fd/%d/run/irqbalance/irqbalance%d.sock", root, (int)getpid());
		if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, 1) != 0)
			_exit(1);
		(void)!write(ready[1], "", 1);
		if (banned == NULL)
			(void)pause(); /* until it is killed */
		serve(fd, banned);
		_exit(0);
	}
	close(ready[1]);
	CHECK_INT(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	folder = util_format("proc/%d", (int)child);
	(void)mkdirat(root, folder, 0755);
	path = util_format("%s/stat", folder);
	stat = util_format("%d (irqbalance) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 %d 0 0\n", (int)child, number);
	test_write_file(root, path, stat, strlen(stat));
	return child;
}

/* It leaves its socket, as one does that was killed. */
static void end_balancer(int root, pid_t child)
{
	cleanup_free char *path = util_format("proc/%d/stat", (int)child);

	(void)kill(child, SIGKILL);
	CHECK_INT(waitpid(child, NULL, 0), child);
	CHECK_INT(unlinkat(root, path, 0), 0);
}

static void check_banned(int root, pid_t child, const char *expected)
{
	cleanup_free char *got = NULL;
	struct cpulist banned = { 0 };

	CHECK_INT(irqbalance_ask(root, child, &banned), 0);
	got = cpulist_format(&banned);
	CHECK_STR(got, expected);
}

TEST(irqbalance_told)
{
	int root = test_root(HOST "F: run/x=\n");
	pid_t child = run_balancer(root, "6", 100);

	check(root, GUESTS("2-3"), 0, "f3 0-1,4-7 0-7 0-1,4-7 0-1");
	check_banned(root, child, "2-3,6");
	/* It goes on moving them, also to where it shall not: that is its next round's. */
	move(root, "1", "3");
	check(root, GUESTS("2-3", "4"), 0, "e3 3 0-7 0-1,5-7 0-1");
	check_banned(root, child, "2-4,6");
	check(root, GUESTS("4"), 0, "ef 3 0-7 2 0-1");
	check_banned(root, child, "4,6");
	check(root, NOBODY, 0, "ff 3 0-7 2 0-1");
	check_banned(root, child, "6");
	check_no_records(root);
	end_balancer(root, child);
}

TEST(irqbalance_started_again)
{
	int root = test_root(HOST "F: run/x=\n");
	pid_t child = run_balancer(root, "", 100);

	check(root, GUESTS("2-3"), 0, "f3 0-1,4-7 0-7 0-1,4-7 0-1");
	check_banned(root, child, "2-3");
	end_balancer(root, child);
	check(root, GUESTS("2-3"), 0, "f3 0-1,4-7 0-7 0-1,4-7 0-1");
	CHECK_INT(faccessat(root, PATH_IRQS, F_OK, 0), -1);
	child = run_balancer(root, "", 200);
	check(root, GUESTS("2-3"), 0, "f3 0-1,4-7 0-7 0-1,4-7 0-1");
	check_banned(root, child, "2-3");
	/* Whoever told it something else. */
	{
		struct cpulist other = list("7");

		CHECK_INT(irqbalance_ban(root, child, &other), 0);
	}
	check(root, NOBODY, 0, "ff 0-7 0-7 2 0-1");
	check_banned(root, child, "7");
	check_no_records(root);
	end_balancer(root, child);
}

TEST(irqbalance_hangs)
{
	int root = test_root(HOST "F: run/x=\n");
	pid_t child = run_balancer(root, NULL, 100);
	uint64_t before = claims_clock();

	check(root, GUESTS("2-3"), -ETIMEDOUT, "f3 0-1,4-7 0-7 0-1,4-7 0-1");
	check(root, NOBODY, 0, "ff 0-7 0-7 2 0-1");
	CHECK_TRUE(claims_clock() - before < 5000);
	check_no_records(root);
	end_balancer(root, child);
}
