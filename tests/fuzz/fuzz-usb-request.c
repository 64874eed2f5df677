/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a client sends to vfio-usbd. What is accepted can be sent again, and is then the same. */
#include "hooks/usb/request.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct usb_request request, again;
	char *line, *second;

	if (usb_request_parse(&request, (const char *)data, size) != NULL)
		return 0;
	line = usb_request_format(&request);
	if (usb_request_parse(&again, line, strlen(line)) != NULL || again.n_devices != request.n_devices ||
	    again.n_devices > USB_REQUEST_DEVICES)
		abort();
	second = usb_request_format(&again);
	if (!streq(line, second))
		abort();
	free(line);
	free(second);
	usb_request_free(&request);
	usb_request_free(&again);
	return 0;
}
