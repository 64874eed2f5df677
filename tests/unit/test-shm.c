/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of shared memory: made whole, removed if they are ours, and nothing of others touched. */
#include "hooks/shm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/log.h"
#include "lib/paths.h"
#include "tests/unit/test.h"

#define FILE_PATH PATH_SHARED_MEMORY "/glass"
#define HOST "F: dev/kmsg=\nD: dev/shm\nD: run\n"

TEST(shm_lists)
{
	static const struct {
		const char *text, *expected; /* NULL: refused */
	} cases[] = {
		{ "looking-glass 64M user:kvm", "looking-glass 67108864 user kvm" },
		{ "a 1b 0:0, b 2k 1000:36", "a 1 0 0|b 2048 1000 36" },
		{ "", NULL },
		{ "a", NULL },
		{ "a 64M", NULL },
		{ "a 64M user", NULL },
		{ "a 64M user:", NULL },
		{ "a 64M :kvm", NULL },
		{ "a 64M u:k:v", NULL },
		{ "a 64 u:k", NULL },
		{ "a 0M u:k", NULL },
		{ "a/b 64M u:k", NULL },
		{ ".. 64M u:k", NULL },
		{ "a 64M u:k a 64M u:k", NULL },
		{ "a 1M u:k b 1M u:k c 1M u:k d 1M u:k e 1M u:k", NULL },
		{ "a 1M aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:k", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *text = util_copy(cases[i].text), *got = NULL;
		struct shm_want wants[SHM_MAX];
		size_t n = 0;

		test_case("'%s'", cases[i].text);
		CHECK_INT(shm_parse_list(text, wants, &n), cases[i].expected != NULL);
		for (size_t k = 0; cases[i].expected != NULL && k < n; k++)
			test_append(&got, "%s%s %llu %s %s", k > 0 ? "|" : "", wants[k].name,
				    (unsigned long long)wants[k].size, wants[k].user, wants[k].group);
		if (cases[i].expected != NULL)
			CHECK_STR(got, cases[i].expected);
	}
}

TEST(shm_users)
{
	static const struct {
		const char *user, *group, *expected; /* UID:GID, or what is wrong */
	} cases[] = {
		{ "root", "kvm", "0:106" },
		{ "user", "0", "1000:0" },
		{ "4000000000", "users", "4000000000:100" },
		{ "qemu", "disk", "107:6" },
		{ "+", "0",
		  "/dev/shm/glass: there is no user '+' in /etc/passwd; one of another service is written as a "
		  "number" },
		{ "0", "+",
		  "/dev/shm/glass: there is no group '+' in /etc/group; one of another service is written as a "
		  "number" },
		{ "nobody", "0",
		  "/dev/shm/glass: there is no user 'nobody' in /etc/passwd; one of another service is written as a "
		  "number" },
		{ "0", "user",
		  "/dev/shm/glass: there is no group 'user' in /etc/group; one of another service is written as a "
		  "number" },
	};
	int root = test_root("F: etc/passwd=root:x:0:0::/root:/bin/sh\\nbroken\\nuser:x:1000:1000:::\\n+::::::\\n\n"
			     "F: etc/group=root:x:0:\\nusers:x:100:user\\nkvm:x:106:\\n+:::\\n\n"
			     "F: usr/lib/passwd=root:x:7:0::/root:/bin/sh\\nqemu:x:107:107:::\\n\n"
			     "F: usr/lib/group=disk:x:6:\\n\n");

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct shm_want want = { "glass", 5, "", "" };
		struct shm_file file = { 0 };
		cleanup_free char *got = NULL;

		test_case("%s:%s", cases[i].user, cases[i].group);
		(void)util_copy_fixed(want.user, sizeof(want.user), cases[i].user);
		(void)util_copy_fixed(want.group, sizeof(want.group), cases[i].group);
		got = shm_resolve(root, &want, &file);
		if (got == NULL)
			got = util_format("%u:%u", file.uid, file.gid);
		CHECK_STR(got, cases[i].expected);
	}
}

TEST(shm_records)
{
	static const struct {
		const char *text;
		bool good;
	} cases[] = {
		{ "vfiokit-shm 1\n", true },
		{ "vfiokit-shm 1\nglass 5 18446744073709551615\nb 0 1\n", true },
		{ "", false },
		{ "vfiokit-shm 1\nglass 5\n", false },
		{ "vfiokit-shm 1\nglass 5 6 7\n", false },
		{ "vfiokit-shm 1\n../glass 5 6\n", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct shm_records records;
		cleanup_free char *again = NULL;

		test_case("'%s'", cases[i].text);
		CHECK_INT(shm_parse_records(&records, cases[i].text, strlen(cases[i].text)), cases[i].good);
		again = shm_format_records(&records);
		CHECK_STR(again, cases[i].good ? cases[i].text : "vfiokit-shm 1\n");
		free(records.items);
	}
}

/* So many guests that want the same, of which the last one starts, or none. Returns what it was told. */
static char *apply(int root, size_t guests, bool starts, uint64_t size)
{
	struct claims claims = { 0 };
	char *why;

	log_setup("unit", false, root);
	for (size_t i = 0; i < guests; i++) {
		struct claim *claim = util_append(&claims.items, &claims.count, sizeof(*claim));

		claim->n_shm = 1;
		claim->shm[0] = (struct shm_file){ "glass", size, geteuid(), getegid() };
	}
	CHECK_INT(shm_apply(root, &claims, starts ? &claims.items[guests - 1] : NULL, &why), 0);
	claims_free(&claims);
	return why != NULL ? why : util_copy("");
}

static void check(int root, size_t guests, bool starts, uint64_t size, const char *expected)
{
	cleanup_free char *why = apply(root, guests, starts, size);

	CHECK_HAS(why, expected);
	if (expected[0] == '\0')
		CHECK_STR(why, "");
}

static bool is_there(int root, const char *path)
{
	return faccessat(root, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

TEST(shm_made_and_removed)
{
	int root = test_root(HOST);
	struct stat status;

	check(root, 1, true, 65536, "");
	CHECK_INT(fstatat(root, FILE_PATH, &status, 0), 0);
	CHECK_INT(status.st_mode, S_IFREG | 0660);
	CHECK_INT(status.st_size, 65536);
	check(root, 2, true, 65536, "");
	check(root, 1, false, 65536, "");
	CHECK_TRUE(is_there(root, FILE_PATH));
	check(root, 0, false, 0, "");
	CHECK_TRUE(!is_there(root, FILE_PATH));
	CHECK_TRUE(!is_there(root, PATH_SHM));
}

/* Two guests share it, and want two more files. first: the one that ends first. */
static void two_guests(size_t first)
{
	static const char *const own[] = { PATH_SHARED_MEMORY "/own0", PATH_SHARED_MEMORY "/own1" };
	int root = test_root(HOST);
	struct claim guests[2] = { { .n_shm = 2 }, { .n_shm = 2 } };
	struct claims claims = { guests, 1 };
	char *why;

	test_case("%zu ends first", first);
	log_setup("unit", false, root);
	for (size_t i = 0; i < 2; i++) {
		guests[i].shm[0] = (struct shm_file){ "glass", 5, geteuid(), getegid() };
		guests[i].shm[1] = (struct shm_file){ "own0", 6, geteuid(), getegid() };
		guests[i].shm[1].name[3] = (char)('0' + i);
		claims.count = i + 1;
		CHECK_INT(shm_apply(root, &claims, &guests[i], &why), 0);
		CHECK_STR(why, NULL);
	}
	test_write_file(root, FILE_PATH, "12345", 5); /* the other one shall not lose what stands in it */
	claims = (struct claims){ &guests[1 - first], 1 };
	CHECK_INT(shm_apply(root, &claims, NULL, &why), 0);
	CHECK_TRUE(!is_there(root, own[first]));
	CHECK_TRUE(is_there(root, own[1 - first]));
	CHECK_TRUE(is_there(root, FILE_PATH));
	claims.count = 0;
	CHECK_INT(shm_apply(root, &claims, NULL, &why), 0);
	CHECK_TRUE(!is_there(root, own[1 - first]));
	CHECK_TRUE(!is_there(root, FILE_PATH));
	CHECK_TRUE(!is_there(root, PATH_SHM));
}

TEST(shm_two_guests)
{
	two_guests(0);
	two_guests(1);
}

TEST(shm_of_others)
{
	int root = test_root(HOST);

	/* One that fits is used, and stays. */
	test_write_file(root, FILE_PATH, "12345", 5);
	CHECK_INT(fchmodat(root, FILE_PATH, 0660, 0), 0);
	check(root, 1, true, 5, "");
	check(root, 0, false, 0, "");
	CHECK_TRUE(is_there(root, FILE_PATH));
	/* One that does not is named, and stays as it is. */
	check(root, 1, true, 6, "/dev/shm/glass: is there, but not as it is wanted: owner ");
	CHECK_INT(fchmodat(root, FILE_PATH, 0666, 0), 0);
	check(root, 1, true, 5, "mode 0666, 5 bytes; wanted are ");
	CHECK_INT(linkat(root, FILE_PATH, root, PATH_SHARED_MEMORY "/other", 0), 0);
	check(root, 1, true, 5, "has more than one name");
	CHECK_INT(unlinkat(root, FILE_PATH, 0), 0);
	CHECK_INT(symlinkat("other", root, FILE_PATH), 0);
	check(root, 1, true, 5, "is there and no regular file");
	check(root, 0, false, 0, "");
	CHECK_TRUE(is_there(root, FILE_PATH));
}

/* Ours was replaced by another one, or removed, while the guest ran. */
TEST(shm_replaced)
{
	int root = test_root(HOST);

	check(root, 1, true, 5, "");
	test_write_file(root, PATH_SHARED_MEMORY "/new", "x", 1);
	CHECK_INT(renameat(root, PATH_SHARED_MEMORY "/new", root, FILE_PATH), 0);
	check(root, 0, false, 0, "");
	CHECK_TRUE(is_there(root, FILE_PATH));
	CHECK_INT(unlinkat(root, FILE_PATH, 0), 0);
	check(root, 1, true, 5, "");
	CHECK_INT(unlinkat(root, FILE_PATH, 0), 0);
	check(root, 2, true, 5, "");
	CHECK_TRUE(is_there(root, FILE_PATH));
	check(root, 0, false, 0, "");
	CHECK_TRUE(!is_there(root, FILE_PATH));
	CHECK_TRUE(!is_there(root, PATH_SHM));
}

/* Killed when it was remembered, and had no name yet. */
TEST(shm_remembered_only)
{
	int root = test_root(HOST "F: run/vfiokit/shm=vfiokit-shm 1\\nglass 1 2\\n\n");

	check(root, 1, true, 5, "");
	CHECK_TRUE(is_there(root, FILE_PATH));
	check(root, 0, false, 0, "");
	CHECK_TRUE(!is_there(root, FILE_PATH));
}

TEST(shm_nowhere)
{
	int root = test_root("F: dev/kmsg=\n");

	check(root, 1, true, 5, "/dev/shm/glass: cannot be made: No such file or directory");
	CHECK_TRUE(!is_there(root, PATH_SHM));
}
