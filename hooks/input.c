/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/input.h"

#include <errno.h>
#include <poll.h>

#include "hooks/claims.h"
#include "lib/util.h"

/* Descriptions of most guests are smaller. */
#define INPUT_SIZE 16384

char *input_read(const struct host *host, size_t *ret_length)
{
	size_t size = INPUT_SIZE, used = 0;
	char *text = util_alloc(size + 1);

	while (used <= DOMAIN_SIZE_MAX) {
		struct pollfd input = { STDIN_FILENO, POLLIN, 0 };
		uint64_t clock = claims_clock();
		ssize_t n;

		if (clock >= host->deadline || poll(&input, 1, (int)(host->deadline - clock)) <= 0)
			break;
		if (used == size) {
			char *larger = util_alloc(size * 2 + 1);

			memcpy(larger, text, used);
			free(text);
			text = larger;
			size *= 2;
		}
		n = read(STDIN_FILENO, text + used, size - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		used += (size_t)n;
	}
	text[used] = '\0';
	*ret_length = used;
	return text;
}
