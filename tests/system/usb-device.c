/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usb-device PORT VENDOR PRODUCT [MANUFACTURER [PRODUCT [SERIAL]]]: a USB device with any descriptors, for as long as
 * it runs.
 *
 * It is plugged into that port (0 to 7) of vhci_hcd, the kernel's host controller of USB over IP; the other end of the
 * wire is this program. Ids are hexadecimal. Strings are the bytes of the descriptor behind its two bytes of header, in
 * hexadecimal, so that they may hold what no device should say. It has one interface of the vendor's own class and no
 * endpoint but 0.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SUBMIT = 1, UNLINK = 2, HEADER = 48, HIGH_SPEED = 3, STRINGS = 3, MAX_DATA = 65536 };
enum { GET_STATUS = 0, GET_DESCRIPTOR = 6, GET_CONFIGURATION = 8, GET_INTERFACE = 10 };
enum { DESC_DEVICE = 1, DESC_CONFIG = 2, DESC_STRING = 3 };

struct device {
	uint8_t device[18];
	uint8_t config[18];
	uint8_t strings[STRINGS][256];
	int lengths[STRINGS];
};

static const uint8_t languages[] = { 4, DESC_STRING, 0x09, 0x04 };

static void die(const char *what)
{
	fprintf(stderr, "usb-device: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void transfer(int fd, void *data, size_t length, int is_write)
{
	for (size_t done = 0; done < length;) {
		ssize_t n = is_write ? write(fd, (char *)data + done, length - done)
				     : read(fd, (char *)data + done, length - done);

		if (n <= 0)
			exit(0); /* unplugged */
		done += n;
	}
}

static uint32_t word(const uint8_t *header, int index)
{
	uint32_t value;

	memcpy(&value, header + 4 * index, sizeof(value));
	return ntohl(value);
}

static void set_word(uint8_t *header, int index, uint32_t value)
{
	value = htonl(value);
	memcpy(header + 4 * index, &value, sizeof(value));
}

/* The answer to a control request; -EPIPE: it stalls. */
static int answer(const struct device *device, const uint8_t *setup, const uint8_t **ret_data)
{
	static const uint8_t zeros[2] = { 0 };
	static const uint8_t one[1] = { 1 };
	int index = setup[2];

	*ret_data = zeros;
	if (setup[1] == GET_STATUS)
		return 2;
	if (setup[1] == GET_INTERFACE)
		return 1;
	*ret_data = one;
	if (setup[1] == GET_CONFIGURATION)
		return 1;
	if (setup[1] != GET_DESCRIPTOR)
		return setup[0] & 0x80 ? -EPIPE : 0; /* whatever is set, is set */
	if (setup[3] == DESC_DEVICE) {
		*ret_data = device->device;
		return sizeof(device->device);
	}
	if (setup[3] == DESC_CONFIG) {
		*ret_data = device->config;
		return sizeof(device->config);
	}
	if (setup[3] == DESC_STRING && !index) {
		*ret_data = languages;
		return sizeof(languages);
	}
	if (setup[3] != DESC_STRING || index > STRINGS || !device->lengths[index - 1])
		return -EPIPE;
	*ret_data = device->strings[index - 1];
	return device->lengths[index - 1];
}

/* Answers requests until the wire is cut. */
static void serve(const struct device *device, int fd)
{
	static uint8_t request[HEADER], reply[HEADER], sink[MAX_DATA];

	for (;;) {
		const uint8_t *data = NULL;
		uint32_t length;
		int is_in, n;

		transfer(fd, request, sizeof(request), 0);
		memset(reply, 0, sizeof(reply));
		set_word(reply, 0, word(request, 0) + 2);
		set_word(reply, 1, word(request, 1));
		if (word(request, 0) == UNLINK) { /* everything has been answered already */
			transfer(fd, reply, sizeof(reply), 1);
			continue;
		}
		is_in = word(request, 3) != 0;
		length = word(request, 6);
		if (!is_in && length)
			transfer(fd, sink, length < MAX_DATA ? length : MAX_DATA, 0);
		n = word(request, 4) ? -EPIPE : answer(device, request + 40, &data);
		if (n > 0 && (uint32_t)n > length)
			n = (int)length;
		set_word(reply, 5, n < 0 ? (uint32_t)n : 0);
		set_word(reply, 6, n < 0 ? 0 : is_in ? (uint32_t)n : length);
		transfer(fd, reply, sizeof(reply), 1);
		if (is_in && n > 0)
			transfer(fd, (void *)data, n, 1);
	}
}

static int parse_hex(const char *text, uint8_t *bytes, int max)
{
	char pair[3] = "";
	int n = 0;

	for (; text[0] && text[1] && n < max; text += 2) {
		memcpy(pair, text, 2);
		bytes[n++] = strtoul(pair, NULL, 16);
	}
	return n;
}

static void describe(struct device *device, int argc, char **argv)
{
	unsigned vendor = strtoul(argv[2], NULL, 16), product = strtoul(argv[3], NULL, 16);
	const uint8_t about[18] = { 18,      DESC_DEVICE,  0, 0x02, 0, 0, 0, 64, vendor, vendor >> 8,
				    product, product >> 8, 0, 0x01, 1, 2, 3, 1 };
	const uint8_t config[18] = { 9, DESC_CONFIG, 18, 0, 1, 1, 0, 0x80, 50, 9, 4, 0, 0, 0, 0xff, 0, 0, 0 };

	memcpy(device->device, about, sizeof(about));
	memcpy(device->config, config, sizeof(config));
	for (int i = 0; i < STRINGS; i++) {
		uint8_t *string = device->strings[i];
		int n = argc > 4 + i ? parse_hex(argv[4 + i], string + 2, 253) : 0;

		if (!n) {
			device->device[14 + i] = 0;
			continue;
		}
		string[0] = device->lengths[i] = n + 2;
		string[1] = DESC_STRING;
	}
}

int main(int argc, char **argv)
{
	static struct device device;
	int ends[2];
	FILE *attach;

	if (argc < 4)
		return 2;
	describe(&device, argc, argv);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		die("socketpair");
	attach = fopen("/sys/devices/platform/vhci_hcd.0/attach", "w");
	if (!attach || fprintf(attach, "%s %d 1 %d", argv[1], ends[1], HIGH_SPEED) < 0 || fclose(attach))
		die("attach");
	close(ends[1]);
	serve(&device, ends[0]);
}
