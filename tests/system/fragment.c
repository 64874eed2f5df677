/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fragment NODE MEGABYTES: takes so much memory of this NUMA node, gives every second page of it back, says so on
 * standard output, and stays until it is killed. Then half of it is free, and hardly any block of 2 MiB.
 */
#include <linux/mempolicy.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096ul

int main(int argc, char **argv)
{
	unsigned long nodes = argc == 3 ? 1ul << atoi(argv[1]) : 0;
	size_t size = argc == 3 ? strtoul(argv[2], NULL, 10) << 20 : 0;
	char *memory;

	if (size == 0 || syscall(SYS_set_mempolicy, MPOL_BIND, &nodes, sizeof(nodes) * 8) < 0) {
		perror("fragment: set_mempolicy");
		return 1;
	}
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED || madvise(memory, size, MADV_NOHUGEPAGE) < 0) {
		perror("fragment: mmap");
		return 1;
	}
	for (size_t i = 0; i < size; i += PAGE)
		memory[i] = 1;
	for (size_t i = 0; i < size; i += 2 * PAGE)
		(void)madvise(memory + i, PAGE, MADV_DONTNEED);
	puts("fragmented");
	fflush(stdout);
	pause();
	return 0;
}
