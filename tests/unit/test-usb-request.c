/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/usb/request.h"

#include "tests/unit/test.h"

#define DEVICES8 "\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\""

/* The request as it would be sent, or what is wrong. Owned by the caller. */
static char *read_back(const char *text, size_t length)
{
	struct usb_request request;
	const char *wrong = usb_request_parse(&request, text, length);
	char *line;

	if (wrong != NULL)
		return util_copy(wrong);
	line = usb_request_format(&request);
	usb_request_free(&request);
	return line;
}

TEST(usb_requests)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "{\"command\":\"list\"}", "{\"command\":\"list\"}" },
		{ "{\"command\":\"watch\",\"more\":1}", "{\"command\":\"watch\"}" },
		{ "{\"command\":\"attach\",\"guest\":\"a b\",\"devices\":[\"1-4\"]}",
		  "{\"command\":\"attach\",\"guest\":\"a b\",\"devices\":[\"1-4\"]}" },
		{ "{\"command\":\"detach\",\"guest\":7,\"devices\":[\"1-4\",\"1-5\"]}",
		  "{\"command\":\"detach\",\"devices\":[\"1-4\",\"1-5\"]}" },
		{ "{\"command\":\"toggle\",\"guest\":\"g\",\"devices\":[\"1-4\"]}",
		  "{\"command\":\"toggle\",\"guest\":\"g\",\"devices\":[\"1-4\"]}" },
		{ "{\"command\":\"toggle\",\"devices\":[\"1-4\"]}", "a word is missing or empty" },
		{ "{\"command\":\"attach\",\"guest\":\"\",\"devices\":[\"1-4\"]}", "a word is missing or empty" },
		{ "{\"command\":\"attach\",\"guest\":\"g\",\"devices\":[\"1-4\",3]}", "a word is missing or empty" },
		{ "{\"command\":\"attach\",\"guest\":\"g\",\"devices\":[]}", "'devices' is no list, or empty" },
		{ "{\"command\":\"attach\",\"guest\":\"g\",\"devices\":\"1-4\"}", "'devices' is no list, or empty" },
		{ "{\"command\":\"detach\"}", "'devices' is no list, or empty" },
		{ "{\"command\":\"detach\",\"devices\":[" DEVICES8 "," DEVICES8 "," DEVICES8 "," DEVICES8 ",\"a\"]}",
		  "more than 32 devices" },
		{ "{\"command\":\"LIST\"}", "there is no such command" },
		{ "{\"command\":[\"list\"]}", "there is no such command" },
		{ "{}", "there is no such command" },
		{ "[\"list\"]", "the request is no JSON object" },
		{ "{\"command\":\"list\"", "the request is no JSON object" },
		{ "", "the request is no JSON object" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *got = NULL;

		test_case("%s", cases[i].text);
		got = read_back(cases[i].text, strlen(cases[i].text));
		CHECK_STR(got, cases[i].expected);
	}
}

TEST(usb_requests_of_any_size)
{
	cleanup_free char *word = util_alloc(USB_REQUEST_WORD + 2), *big = util_alloc(USB_REQUEST_MAX + 2);
	cleanup_free char *text = NULL, *got = NULL, *too_big = NULL;

	memset(word, 'x', USB_REQUEST_WORD + 1);
	text = util_format("{\"command\":\"detach\",\"devices\":[\"%s\"]}", word);
	got = read_back(text, strlen(text));
	CHECK_STR(got, "a word is too long");
	memset(big, ' ', USB_REQUEST_MAX + 1);
	too_big = read_back(big, USB_REQUEST_MAX + 1);
	CHECK_STR(too_big, "the request is too long");
}
