/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/build_id.h"

#include <elf.h>
#include <stdint.h>
#include <string.h>

#include "lib/util.h"

#define OWNER "GNU"

static bool fits(size_t size, uint64_t offset, uint64_t length)
{
	return offset <= size && length <= size - offset;
}

static uint64_t to_four(uint64_t size)
{
	return (size + 3) & ~3ULL;
}

/* Of the notes in one segment. */
static const char *find_in_notes(const char *notes, size_t size, size_t *ret_length)
{
	uint64_t at = 0;

	while (fits(size, at, sizeof(Elf64_Nhdr))) {
		uint64_t name = at + sizeof(Elf64_Nhdr), content;
		Elf64_Nhdr header;

		memcpy(&header, notes + at, sizeof(header));
		content = name + to_four(header.n_namesz);
		if (!fits(size, name, to_four(header.n_namesz)) || !fits(size, content, header.n_descsz))
			return NULL;
		if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == sizeof(OWNER) && header.n_descsz > 0 &&
		    memcmp(notes + name, OWNER, sizeof(OWNER)) == 0) {
			*ret_length = header.n_descsz;
			return notes + content;
		}
		at = content + to_four(header.n_descsz);
	}
	return NULL;
}

const char *build_id_find(const char *data, size_t size, size_t *ret_length)
{
	const char *found = NULL;
	Elf64_Ehdr header;

	if (size < sizeof(header))
		return NULL;
	memcpy(&header, data, sizeof(header));
	if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
	    header.e_phentsize != sizeof(Elf64_Phdr))
		return NULL;
	for (unsigned int i = 0; i < header.e_phnum && found == NULL; i++) {
		Elf64_Phdr segment;

		if (!fits(size, header.e_phoff, (i + 1) * sizeof(segment)))
			return NULL;
		memcpy(&segment, data + header.e_phoff + i * sizeof(segment), sizeof(segment));
		if (segment.p_type == PT_NOTE && fits(size, segment.p_offset, segment.p_filesz))
			found = find_in_notes(data + segment.p_offset, segment.p_filesz, ret_length);
	}
	return found;
}
