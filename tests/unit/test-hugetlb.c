/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host says of huge pages. */
#include "hooks/hugetlb.h"

#include "tests/unit/test.h"

TEST(hugetlb_mounts)
{
	int root = test_root(
		"F: proc/self/mounts=hugetlbfs /dev/hugepages hugetlbfs rw,relatime,pagesize=2M 0 0\\ntmpfs "
		"/x tmpfs rw,pagesize=1024M 0 0\\n\nF: proc/meminfo=Hugepagesize:       2048 kB\\n\n");

	CHECK_TRUE(hugetlb_is_mounted(root, 2048));
	CHECK_TRUE(!hugetlb_is_mounted(root, 1048576));
	CHECK_INT(hugetlb_default_size(root), 2048);
}
