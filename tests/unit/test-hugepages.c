/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Huge pages of guests on a folder, with a kernel that gives as many as it likes, and calls that are killed. */
#include "hooks/hugepages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hooks/hugetlb.h"
#include "lib/log.h"
#include "lib/parse.h"
#include "lib/paths.h"
#include "lib/sysfs.h"
#include "tests/unit/test.h"

#define UUID1 "00000000-0000-4000-8000-000000000001"
#define UUID2 "00000000-0000-4000-8000-000000000002"
#define SIZE 2048
#define POOL(node) "sys/devices/system/node/node" #node "/hugepages/hugepages-2048kB/"
#define NODE(node, count, free)                                                                                        \
	"F: " POOL(node) "nr_hugepages=" #count "\\n\nF: " POOL(node) "free_hugepages=" #free "\\n\nF: " POOL(         \
		node) "surplus_hugepages=0\\n\nF: sys/devices/system/node/node" #node "/meminfo=Node " #node           \
		      " MemFree:       " #count "2345 kB\\n\n"
#define HOST                                                                                                           \
	"F: dev/kmsg=\nF: proc/meminfo=MemFree: 7168 kB\\nHugepagesize:       2048 kB\\n\n" NODE(0, 4, 4) NODE(1, 0, 0)

/* A kernel: how many pages each node can have, how many more when it was compacted, and when the caller is killed. */
struct kernel {
	uint64_t capacity[2], more;
	int drops, compactions[2]; /* of caches; of each node's memory */
	int killed_at;             /* the write in front of which; or behind it, if negative; 0: never */
	int writes;
	int fails;    /* every write with this */
	bool is_slow; /* and does not give a page while it is waited for; a signal ends it */
	bool is_deaf; /* nor does that: it gives them when the file "go" is there */
};

static uint64_t number(int root, int node, const char *name)
{
	cleanup_free char *path = hugetlb_path(node, SIZE, name);
	uint64_t value = 0;

	CHECK_INT(sysfs_read_number(root, path, &value), 0);
	return value;
}

static void set(int root, int node, const char *name, uint64_t value)
{
	cleanup_free char *path = hugetlb_path(node, SIZE, name),
			  *text = util_format("%llu\n", (unsigned long long)value);

	test_write_file(root, path, text, strlen(text));
}

/* As set_max_huge_pages() of Linux: what is in use becomes surplus. */
static void resize(const struct kernel *kernel, int root, int node, uint64_t count)
{
	uint64_t all = number(root, node, "nr_hugepages"), unused = number(root, node, "free_hugepages");
	uint64_t used = all - unused,
		 limit = kernel->capacity[node] + (kernel->compactions[node] > 0 ? kernel->more : 0);

	if (count > limit)
		count = all - number(root, node, "surplus_hugepages") > limit ? all : limit;
	set(root, node, "nr_hugepages", count > used ? count : used);
	set(root, node, "free_hugepages", count > used ? count - used : 0);
	set(root, node, "surplus_hugepages", count > used ? 0 : used - count);
}

/* As a task that is killed, but does not come back from the kernel yet: whoever holds its descriptors sees it live. */
static void write_late(const struct kernel *kernel, int root, int node, uint64_t count)
{
	const struct timespec interval = { 0, 10000000 };

	if (fork() > 0)
		pause();
	for (int i = 0; i < 3000 && faccessat(root, "go", F_OK, 0) < 0; i++)
		(void)nanosleep(&interval, NULL);
	resize(kernel, root, node, count);
	_exit(0);
}

static int fake_write(void *context, int root, const char *path, const char *value)
{
	struct kernel *kernel = context;
	uint64_t count = 0;

	kernel->writes++;
	if (kernel->killed_at == kernel->writes)
		_exit(0);
	if (kernel->fails != 0)
		return kernel->fails;
	if (strstr(path, "nr_hugepages") != NULL) {
		CHECK_TRUE(parse_number(value, 10, UINT64_MAX, &count));
		if (kernel->is_deaf)
			write_late(kernel, root, strstr(path, "node1") != NULL ? 1 : 0, count);
		if (kernel->is_slow)
			pause();
		resize(kernel, root, strstr(path, "node1") != NULL ? 1 : 0, count);
	} else if (streq(path, PATH_DROP_CACHES)) {
		CHECK_STR(value, "1");
		kernel->drops++;
	} else {
		CHECK_STR(value, "1");
		CHECK_TRUE(streq(path, PATH_NODES "/node0/compact") || streq(path, PATH_NODES "/node1/compact"));
		CHECK_TRUE(kernel->drops > 0); /* what caches have cannot be moved together */
		kernel->compactions[strstr(path, "node1") != NULL ? 1 : 0]++;
	}
	if (kernel->killed_at == -kernel->writes)
		_exit(0);
	return 0;
}

struct guest {
	const char *uuid;
	uint64_t count;
	int node;
	bool is_running;
};

static void make_claims(struct claims *claims, const struct guest *guests, size_t n)
{
	*claims = (struct claims){ 0 };
	for (size_t i = 0; i < n; i++) {
		struct claim *claim = util_append(&claims->items, &claims->count, sizeof(*claim));

		memcpy(claim->uuid, guests[i].uuid, sizeof(claim->uuid));
		claim->is_running = guests[i].is_running;
		claim->pages[0] = (struct pages_want){ SIZE, guests[i].count, guests[i].node };
		claim->n_pages = 1;
	}
}

/* With these guests, of which the last one starts, or none. Returns what it was told, owned by the caller. */
static char *apply(int root, struct kernel *kernel, const struct guest *guests, size_t n, bool starts, int expected)
{
	const struct hugetlb_control control = { fake_write, kernel, false };
	struct claims claims;
	char *why;

	log_setup("unit", false, root);
	make_claims(&claims, guests, n);
	CHECK_INT(hugepages_apply(root, &claims, starts ? &claims.items[n - 1] : NULL, claims_clock() + 5000, &control,
				  &why),
		  expected);
	claims_free(&claims);
	return why;
}

/* QEMU has taken, or let go of, so many. */
static void use(int root, int node, int64_t count)
{
	uint64_t unused = number(root, node, "free_hugepages"), surplus = number(root, node, "surplus_hugepages");
	uint64_t freed = count < 0 ? (uint64_t)-count : 0, gone = freed < surplus ? freed : surplus;

	set(root, node, "surplus_hugepages", surplus - gone);
	set(root, node, "nr_hugepages", number(root, node, "nr_hugepages") - gone);
	set(root, node, "free_hugepages", count < 0 ? unused + freed - gone : unused - (uint64_t)count);
}

#define APPLY(...) free(apply(__VA_ARGS__))
#define CHECK_COUNTS(a, b)                                                                                             \
	do {                                                                                                           \
		CHECK_INT(number(root, 0, "nr_hugepages"), a);                                                         \
		CHECK_INT(number(root, 1, "nr_hugepages"), b);                                                         \
	} while (0)
/* How often caches were dropped, and memory of each node was compacted. */
#define CHECK_SQUEEZED(kernel, drops_of, first, second)                                                                \
	do {                                                                                                           \
		CHECK_INT((kernel).drops, drops_of);                                                                   \
		CHECK_INT((kernel).compactions[0], first);                                                             \
		CHECK_INT((kernel).compactions[1], second);                                                            \
	} while (0)
#define CHECK_NOTHING_LEFT() CHECK_INT(faccessat(root, PATH_PAGES, F_OK, 0), -1)

TEST(hugepages_one_guest)
{
	int root = test_root(HOST);
	struct kernel kernel = { .capacity = { 100, 100 } };
	struct guest guest = { UUID1, 10, 0, false };
	char *why = apply(root, &kernel, &guest, 1, true, 0);

	CHECK_TRUE(why == NULL);
	CHECK_COUNTS(10, 0); /* four were there */
	use(root, 0, 10);
	guest.is_running = true;
	APPLY(root, &kernel, &guest, 1, false, 0);
	CHECK_COUNTS(10, 0);
	use(root, 0, -10);
	APPLY(root, &kernel, NULL, 0, false, 0);
	CHECK_COUNTS(4, 0);
	CHECK_NOTHING_LEFT();
	/* There was enough: nobody's caches were dropped for it, and nothing was compacted. */
	CHECK_SQUEEZED(kernel, 0, 0, 0);
}

TEST(hugepages_nobody_wants_any)
{
	int root = test_root(HOST);
	struct kernel kernel = { .capacity = { 100, 100 } };

	APPLY(root, &kernel, NULL, 0, false, 0);
	CHECK_INT(kernel.writes, 0);
	CHECK_NOTHING_LEFT();
}

/* Two guests that share a pool, ended in this order; QEMU lets go before we give back, or behind that. */
static void two_guests(bool first_ends_first, bool is_late)
{
	int root = test_root(HOST);
	struct kernel kernel = { .capacity = { 100, 100 } };
	struct guest guests[2] = { { UUID1, 10, 0, false }, { UUID2, 20, 0, false } };
	int64_t first = first_ends_first ? 10 : 20;

	test_case("%d %d", first_ends_first, is_late);
	APPLY(root, &kernel, guests, 1, true, 0);
	APPLY(root, &kernel, guests, 2, true, 0); /* while the first still starts */
	CHECK_COUNTS(30, 0);
	guests[0].is_running = guests[1].is_running = true;
	use(root, 0, 30);
	if (!is_late)
		use(root, 0, -first);
	APPLY(root, &kernel, first_ends_first ? guests + 1 : guests, 1, false, 0);
	if (is_late)
		use(root, 0, -first);
	/* What the first one added is gone, the four that were there before are not. */
	CHECK_COUNTS(first_ends_first ? 24 : 10, 0);
	if (!is_late)
		use(root, 0, first - 30);
	APPLY(root, &kernel, NULL, 0, false, 0);
	if (is_late)
		use(root, 0, first - 30);
	CHECK_COUNTS(4, 0);
	CHECK_INT(number(root, 0, "surplus_hugepages"), 0);
	CHECK_NOTHING_LEFT();
}

TEST(hugepages_two_guests)
{
	two_guests(true, false);
	two_guests(false, false);
	two_guests(true, true);
	two_guests(false, true);
}

TEST(hugepages_one_follows_another)
{
	int root = test_root(HOST);
	struct kernel kernel = { .capacity = { 100, 100 } };
	struct guest guests[2] = { { UUID1, 20, 0, false }, { UUID2, 30, 0, false } };

	APPLY(root, &kernel, guests, 1, true, 0);
	APPLY(root, &kernel, guests + 1, 1, true, 0);
	CHECK_COUNTS(30, 0);
	/* The same once more, of a start that came to nothing. */
	APPLY(root, &kernel, guests + 1, 1, true, 0);
	CHECK_COUNTS(30, 0);
	APPLY(root, &kernel, guests, 1, true, 0);
	CHECK_COUNTS(20, 0);
	APPLY(root, &kernel, NULL, 0, false, 0);
	CHECK_COUNTS(4, 0);
	CHECK_NOTHING_LEFT();
}

TEST(hugepages_somebody_else)
{
	int root = test_root(HOST);
	struct kernel kernel = { .capacity = { 100, 100 } };
	struct guest guests[2] = { { UUID1, 10, 0, false }, { UUID2, 20, 0, false } };

	APPLY(root, &kernel, guests, 1, true, 0);
	resize(&kernel, root, 0, 50);
	APPLY(root, &kernel, NULL, 0, false, 0);
	CHECK_COUNTS(50, 0);
	CHECK_NOTHING_LEFT();
	/* Lowered while the guest runs, and one more starts. */
	APPLY(root, &kernel, guests, 1, true, 0);
	CHECK_COUNTS(50, 0);
	use(root, 0, 10);
	guests[0].is_running = true;
	resize(&kernel, root, 0, 12);
	APPLY(root, &kernel, guests, 2, true, 0);
	CHECK_COUNTS(30, 0);
	APPLY(root, &kernel, guests, 1, false, 0);
	CHECK_COUNTS(12, 0);
}

TEST(hugepages_any_node)
{
	int root = test_root(HOST);
	struct kernel kernel = { .capacity = { 10, 20 }, .more = 10 };
	const struct guest guest = { UUID1, 40, PAGES_ANY_NODE, false };
	char *why = apply(root, &kernel, &guest, 1, true, 0);

	CHECK_TRUE(why == NULL);
	/* Less memory is free than it needs: each is compacted. Then node 0, which has more, then node 1. */
	CHECK_SQUEEZED(kernel, 1, 1, 1);
	CHECK_COUNTS(20, 20);
	APPLY(root, &kernel, NULL, 0, false, 0);
	CHECK_COUNTS(4, 0);
	CHECK_NOTHING_LEFT();
}

TEST(hugepages_short)
{
	int root = test_root(HOST);
	struct kernel kernel = { .capacity = { 10, 10 }, .more = 20 };
	const struct guest guest = { UUID1, 25, 0, false }, greedy = { UUID1, 50, 0, false };
	cleanup_free char *why = apply(root, &kernel, &guest, 1, true, 0), *short_of = NULL;

	/* Caches and compaction get it, on the node that it is for. */
	CHECK_TRUE(why == NULL);
	CHECK_SQUEEZED(kernel, 1, 1, 0);
	CHECK_COUNTS(25, 0);
	APPLY(root, &kernel, NULL, 0, false, 0);
	CHECK_COUNTS(4, 0);
	CHECK_SQUEEZED(kernel, 1, 1, 0);
	kernel.drops = kernel.compactions[0] = 0;
	short_of = apply(root, &kernel, &greedy, 1, true, 0);
	CHECK_STR(short_of, "it needs 50 huge pages of 2 MiB on node 0, and 30 could be had; 41 MiB of memory are free "
			    "there, also after caches were dropped and memory was compacted");
	CHECK_COUNTS(30, 0);
	CHECK_SQUEEZED(kernel, 1, 1, 0);
	APPLY(root, &kernel, NULL, 0, false, 0);
	CHECK_COUNTS(4, 0);
	CHECK_NOTHING_LEFT();
}

TEST(hugepages_impossible)
{
	int root = test_root(HOST);
	struct kernel kernel = { .capacity = { 10, 10 } };
	const struct guest guest = { UUID1, 5, 7, false };
	cleanup_free char *why = apply(root, &kernel, &guest, 1, true, 0), *size = NULL;
	const struct hugetlb_control control = { fake_write, &kernel, false };
	struct claims claims;

	CHECK_STR(why, "it needs huge pages on node 7, but this host has no such node");
	make_claims(&claims, &guest, 1);
	claims.items[0].pages[0] = (struct pages_want){ 1024 * 16, 1, PAGES_ANY_NODE };
	CHECK_INT(hugepages_apply(root, &claims, &claims.items[0], UINT64_MAX, &control, &size), 0);
	CHECK_STR(size,
		  "it needs huge pages of 16 MiB, but this kernel has none of that size; /sys/kernel/mm/hugepages "
		  "shows those that it has");
	claims_free(&claims);
	CHECK_INT(kernel.writes, 0);
	CHECK_NOTHING_LEFT();
}

/* Nothing that was added is forgotten if it cannot be given back. */
TEST(hugepages_refused)
{
	int root = test_root(HOST);
	struct kernel kernel = { .capacity = { 50, 50 } };
	const struct guest guest = { UUID1, 25, 0, false };

	APPLY(root, &kernel, &guest, 1, true, 0);
	kernel.fails = -EIO;
	APPLY(root, &kernel, NULL, 0, false, -EIO);
	CHECK_COUNTS(25, 0);
	CHECK_INT(faccessat(root, PATH_PAGES, F_OK, 0), 0);
	kernel.fails = 0;
	APPLY(root, &kernel, NULL, 0, false, 0);
	CHECK_COUNTS(4, 0);
	CHECK_NOTHING_LEFT();
}

/* By children. With these guests, none of which has a share yet, and little time for a slow kernel. */
static char *apply_apart(int root, struct kernel *kernel, const struct guest *guests, size_t n, int expected)
{
	const struct hugetlb_control control = { fake_write, kernel, true };
	uint64_t start = claims_clock();
	struct claims claims;
	char *why;

	log_setup("unit", false, root);
	make_claims(&claims, guests, n);
	CHECK_INT(hugepages_apply(root, &claims, n > 0 ? &claims.items[n - 1] : NULL,
				  start + (kernel->is_slow || kernel->is_deaf ? 300 : 60000), &control, &why),
		  expected);
	CHECK_TRUE(claims_clock() - start < 15000);
	claims_free(&claims);
	return why;
}

TEST(hugepages_apart)
{
	int root = test_root(HOST);
	struct kernel kernel = { .capacity = { 30, 10 } };
	const struct guest guest = { UUID1, 25, PAGES_ANY_NODE, false };
	char *why = apply_apart(root, &kernel, &guest, 1, 0);

	CHECK_TRUE(why == NULL);
	CHECK_COUNTS(25, 0);
	free(apply_apart(root, &kernel, NULL, 0, 0));
	CHECK_COUNTS(4, 0);
	kernel.fails = -EIO;
	free(apply_apart(root, &kernel, &guest, 1, 0));
	kernel.fails = 0;
	CHECK_COUNTS(4, 0);
	free(apply_apart(root, &kernel, NULL, 0, 0));
	CHECK_NOTHING_LEFT();
}

/* A kernel that takes longer than we have time: the figures are told all the same, and nothing stays. */
TEST(hugepages_slow_kernel)
{
	int root = test_root(HOST);
	struct kernel kernel = { .capacity = { 100, 100 }, .is_slow = true };
	const struct guest guest = { UUID1, 10, 0, false };
	cleanup_free char *why = apply_apart(root, &kernel, &guest, 1, 0);

	CHECK_STR(why,
		  "it needs 10 huge pages of 2 MiB on node 0, and 4 could be had; 41 MiB of memory are free there; "
		  "there was no time for more");
	kernel.is_slow = false;
	free(apply_apart(root, &kernel, NULL, 0, 0));
	CHECK_COUNTS(4, 0);
	CHECK_NOTHING_LEFT();
}

/* And that hears no signal: what it gives when we have gone is given back by whoever comes next. */
TEST(hugepages_left_behind)
{
	int root = test_root(HOST);
	struct kernel kernel = { .capacity = { 100, 100 }, .is_deaf = true };
	const struct guest guest = { UUID1, 10, 0, false };
	cleanup_free char *why = apply_apart(root, &kernel, &guest, 1, -EBUSY), *locked = NULL;

	CHECK_STR(why,
		  "it needs 10 huge pages of 2 MiB on node 0, and 4 could be had; 41 MiB of memory are free there; "
		  "there was no time for more, and what the kernel still adds is given back later");
	kernel.is_deaf = false;
	locked = apply_apart(root, &kernel, &guest, 1, -ETIMEDOUT);
	CHECK_STR(locked, "/run/vfiokit/hugepages.lock: the kernel is still at work on huge pages for an earlier call, "
			  "so none was added");
	CHECK_COUNTS(4, 0);
	test_write_file(root, "go", "", 0);
	free(apply_apart(root, &kernel, NULL, 0, 0));
	CHECK_COUNTS(4, 0);
	CHECK_NOTHING_LEFT();
}

/* One call of ours is killed in front of, or behind, each write, and then whoever comes next gives everything back. */
TEST(hugepages_killed_anywhere)
{
	static const struct guest guests[2] = { { UUID1, 30, 0, true }, { UUID2, 60, PAGES_ANY_NODE, false } };

	for (int step = 1; step <= 16; step++)
		for (int sign = -1; sign <= 1; sign += 2)
			for (int gives_back = 0; gives_back <= 1; gives_back++) {
				int root = test_root(HOST), status;
				struct kernel kernel = { .capacity = { 40, 20 }, .more = 10 };
				pid_t child;

				test_case("step %d, giving back: %d", step * sign, gives_back);
				APPLY(root, &kernel, guests, 1, true, 0);
				use(root, 0, 30);
				if (gives_back != 0)
					APPLY(root, &kernel, guests, 2, true, 0);
				kernel.writes = 0;
				fflush(NULL);
				child = fork();
				if (child == 0) {
					kernel.killed_at = step * sign;
					APPLY(root, &kernel, guests, gives_back != 0 ? 1 : 2, gives_back == 0, 0);
					_exit(0);
				}
				waitpid(child, &status, 0);
				APPLY(root, &kernel, guests, 1, false, 0);
				CHECK_COUNTS(30, 0);
				use(root, 0, -30);
				APPLY(root, &kernel, NULL, 0, false, 0);
				CHECK_COUNTS(4, 0);
				CHECK_NOTHING_LEFT();
				test_close_roots();
			}
}

TEST(hugepages_records_are_junk)
{
	int root = test_root(HOST "F: run/vfiokit/hugepages=junk\n");
	struct kernel kernel = { .capacity = { 50, 50 } };

	APPLY(root, &kernel, NULL, 0, false, 0);
	CHECK_COUNTS(4, 0);
	CHECK_INT(kernel.writes, 0);
	CHECK_NOTHING_LEFT();
}
