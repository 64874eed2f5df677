/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a guest's description and its settings to the huge pages that it claims. */
#include "hooks/memory.h"

#include "tests/unit/test.h"

#define UUID "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"
#define GUEST(xml) "<domain><name>win</name><uuid>" UUID "</uuid>" xml "</domain>"
#define MEMORY "<memory unit='KiB'>1048577</memory>"
#define BACKING(xml) "<memoryBacking><hugepages>" xml "</hugepages></memoryBacking>"
#define CELLS                                                                                                          \
	"<cpu><numa><cell id='0' memory='512' unit='MiB'/><cell id='1' memory='1048576'/><cell memory='3' "            \
	"unit='GiB'/>"                                                                                                 \
	"</numa></cpu>"
#define CELL(mib) "<cpu><numa><cell id='0' memory='" mib "' unit='MiB'/></numa></cpu>"
#define NODES                                                                                                          \
	"<numatune><memory mode='strict' nodeset='0'/><memnode cellid='1' mode='strict' nodeset='3'/><memnode "        \
	"cellid='2' mode='interleave' nodeset='3'/></numatune>"
#define DEVICES(xml) "<devices>" xml "</devices>"
#define DIMM(source, mib, cell)                                                                                        \
	"<memory model='dimm'>" source "<target><size unit='MiB'>" mib "</size><node>" cell "</node></target></"       \
	"memory>"
#define OTHER(model)                                                                                                   \
	"<memory model='" model "'><source><path>/x</path></source><target><size "                                     \
	"unit='MiB'>32</size></target></memory>"
#define MACHINE                                                                                                        \
	"F: proc/meminfo=Hugepagesize:       2048 kB\\n\nF: proc/self/mounts=hugetlbfs /h hugetlbfs rw,pagesize=2M 0 " \
	"0\\nhugetlbfs /g hugetlbfs rw,pagesize=1024M 0 0\\n\n"

/* What stands in the claim, then what was complained of. Owned by the caller. */
static char *claim_of(int root, const char *xml, const char *value)
{
	struct guest_settings settings = guest_settings_built_in;
	struct problems problems = { 0 };
	cleanup_free char *copy = util_copy(value);
	struct claim claim = { 0 };
	const char *expected;
	struct domain domain;
	char *text = util_copy("");

	CHECK_STR(domain_parse(&domain, xml, strlen(xml)) != NULL ? "wrong" : "", "");
	CHECK_TRUE(guest_settings_set(&settings, (size_t)guest_settings_find_key("hugepages", &expected), copy) ==
		   NULL);
	memory_want(root, &domain, &settings, &claim, &problems);
	for (size_t i = 0; i < claim.n_pages; i++) {
		cleanup_free char *want = pages_format_want(&claim.pages[i]);

		test_append(&text, "%s%s", i > 0 ? "|" : "", want);
	}
	for (size_t i = 0; i < problems.count; i++)
		test_append(&text, " !%s", problems.items[i].message);
	problems_free(&problems);
	domain_free(&domain);
	return text;
}

struct case_of {
	const char *name, *xml, *value, *expected;
};

static void check_cases(const struct case_of *cases, size_t n)
{
	int root = test_root(MACHINE);

	for (size_t i = 0; i < n; i++) {
		cleanup_free char *got = NULL;

		test_case("%s", cases[i].name);
		got = claim_of(root, cases[i].xml, cases[i].value);
		CHECK_STR(got, cases[i].expected);
	}
}

TEST(memory_of_guests)
{
	static const struct case_of cases[] = {
		{ "a list needs no description", GUEST(""), "2M:5, 1G:2@1", "2048 5 any|1048576 2 1" },
		{ "none", GUEST(MEMORY BACKING("")), "no", "" },
		{ "rounded up, of the default size", GUEST(MEMORY BACKING("")), "auto", "2048 513 any" },
		{ "of the size that is said", GUEST(MEMORY BACKING("<page size='1' unit='GiB'/>")), "auto",
		  "1048576 2 any" },
		{ "a size in KiB", GUEST(MEMORY BACKING("<page size='1048576' nodeset='0'/>")), "auto",
		  "1048576 2 any" },
		{ "bound to one node",
		  GUEST(MEMORY BACKING("") "<numatune><memory mode='strict' nodeset='1'/></numatune>"), "auto",
		  "2048 513 1" },
		{ "bound to two",
		  GUEST(MEMORY BACKING("") "<numatune><memory mode='strict' nodeset='0-1'/></numatune>"), "auto",
		  "2048 513 any" },
		{ "not bound", GUEST(MEMORY BACKING("") "<numatune><memory mode='preferred' nodeset='1'/></numatune>"),
		  "auto", "2048 513 any" },
		{ "bound by libvirt",
		  GUEST(MEMORY BACKING("") "<numatune><memory mode='strict' placement='auto'/></numatune>"), "auto",
		  "2048 513 any" },
		{ "cells, each rounded up",
		  GUEST(MEMORY BACKING("<page size='1' unit='G' nodeset='0,2'/><page size='2' unit='M'/>") CELLS),
		  "auto", "1048576 4 any|2048 512 any" },
		{ "cells of ordinary pages", GUEST(MEMORY BACKING("<page size='1' unit='G' nodeset='2'/>") CELLS),
		  "auto", "1048576 3 any" },
		{ "cells on nodes",
		  GUEST(MEMORY BACKING("") CELLS "<numatune><memory mode='strict' nodeset='0'/><memnode cellid='1' "
						 "mode='strict' nodeset='3'/><memnode cellid='2' mode='interleave' "
						 "nodeset='3'/></numatune>"),
		  "auto", "2048 256 0|2048 512 3|2048 1536 any" },
		{ "ordinary pages by their size", GUEST(MEMORY BACKING("<page size='4'/>")), "auto", "" },
		{ "a guest without", GUEST(MEMORY), "auto",
		  " !the guest has no <memoryBacking><hugepages/>, so it uses none; none are taken" },
		{ "an amount that is none", GUEST("<memory unit='x'>5</memory>" BACKING("")), "auto",
		  " !the amount of its memory is no number that we know" },
		{ "a size that is none", GUEST(MEMORY BACKING("<page size='0'/>")), "auto",
		  " !the size of its huge pages is no number that we know" },
		{ "no file system for them", GUEST(""), "16M:1",
		  "16384 1 any !no hugetlbfs for pages of 16 MiB is mounted, and libvirt needs one, unless <source> is "
		  "memfd: mount -t hugetlbfs -o pagesize=16384K none DIRECTORY, then restart its daemon" },
	};

	check_cases(cases, ARRAY_SIZE(cases));
}

TEST(memory_devices)
{
	static const struct case_of cases[] = {
		{ "a dimm besides a cell",
		  GUEST("<memory unit='MiB'>96</memory>" BACKING("") CELL("64") DEVICES(DIMM("", "32", "0"))), "auto",
		  "2048 48 any" },
		{ "dimms of their cells",
		  GUEST(MEMORY BACKING("<page size='1' unit='G' nodeset='1'/>")
				CELLS NODES DEVICES(DIMM("", "32", "0") DIMM("", "1024", "1"))),
		  "auto", "1048576 2 3" },
		{ "a dimm with pages and nodes of its own",
		  GUEST(MEMORY BACKING("") CELLS NODES DEVICES(
			  DIMM("<source><pagesize unit='G'>1</pagesize><nodemask>2</nodemask></source>", "1024", "1"))),
		  "auto", "2048 256 0|2048 512 3|2048 1536 any|1048576 1 2" },
		{ "a dimm of ordinary pages",
		  GUEST(MEMORY BACKING("") CELL("64")
				DEVICES(DIMM("<source><pagesize>4</pagesize></source>", "32", "0"))),
		  "auto", "2048 32 any" },
		{ "only a dimm has huge pages",
		  GUEST(MEMORY CELL("64") DEVICES(DIMM("<source><pagesize unit='M'>2</pagesize></source>", "32", "0"))),
		  "auto", "2048 16 any" },
		{ "a dimm that nobody can read", GUEST(MEMORY BACKING("") CELL("64") DEVICES(DIMM("", "x", "0"))),
		  "auto", " !the amount of its memory is no number that we know" },
		{ "virtio-mem: what is requested",
		  GUEST(MEMORY BACKING("") CELL("64")
				DEVICES("<memory model='virtio-mem'><target><size "
					"unit='MiB'>64</size><node>0</node><block unit='MiB'>2"
					"</block><requested unit='MiB'>16</requested></target></memory>")),
		  "auto", "2048 40 any" },
		{ "devices that are no memory of ours",
		  GUEST(MEMORY BACKING("") CELL("64") DEVICES(OTHER("nvdimm") OTHER("virtio-pmem") OTHER("sgx-epc"))),
		  "auto", "2048 32 any" },
		{ "no cells: <memory> is the sum",
		  GUEST("<memory unit='MiB'>128</memory>" BACKING("")
				DEVICES(DIMM("", "32", "0") OTHER("virtio-pmem"))),
		  "auto", "2048 48 any" },
	};

	check_cases(cases, ARRAY_SIZE(cases));
}

TEST(memory_without_huge_pages)
{
	int root = test_root("F: proc/meminfo=MemFree: 1 kB\\n\n");
	cleanup_free char *got = claim_of(root, GUEST(MEMORY BACKING("")), "auto");

	CHECK_STR(got, " !this kernel has no huge pages; none are taken");
}
