/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/usb/request.h"

#include <cjson/cJSON.h>

#include "lib/util.h"

static const char *const commands[] = {
	[USB_LIST] = "list",        [USB_WATCH] = "watch",      [USB_DO_ATTACH] = "attach",
	[USB_DO_DETACH] = "detach", [USB_DO_TOGGLE] = "toggle",
};

static bool needs_guest(enum usb_command command)
{
	return command == USB_DO_ATTACH || command == USB_DO_TOGGLE;
}

static const char *read_word(const cJSON *item, char **ret)
{
	const char *text = cJSON_GetStringValue(item);

	if (text == NULL || text[0] == '\0')
		return "a word is missing or empty";
	if (strlen(text) > USB_REQUEST_WORD)
		return "a word is too long";
	*ret = util_copy(text);
	return NULL;
}

static const char *read_devices(struct usb_request *request, const cJSON *list)
{
	const char *wrong = NULL;
	const cJSON *item;

	if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) == 0)
		return "'devices' is no list, or empty";
	if (cJSON_GetArraySize(list) > USB_REQUEST_DEVICES)
		return "more than 32 devices";
	cJSON_ArrayForEach(item, list)
	{
		char *word = NULL;

		wrong = read_word(item, &word);
		if (wrong != NULL)
			break;
		*(char **)util_append(&request->devices, &request->n_devices, sizeof(char *)) = word;
	}
	return wrong;
}

static const char *read_request(struct usb_request *request, const cJSON *document)
{
	const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(document, "command"));
	const char *wrong = NULL;
	size_t i = 0;

	while (i < ARRAY_SIZE(commands) && (name == NULL || !streq(commands[i], name)))
		i++;
	if (i == ARRAY_SIZE(commands))
		return "there is no such command";
	request->command = (enum usb_command)i;
	if (request->command == USB_LIST || request->command == USB_WATCH)
		return NULL;
	if (needs_guest(request->command))
		wrong = read_word(cJSON_GetObjectItemCaseSensitive(document, "guest"), &request->guest);
	return wrong != NULL ? wrong : read_devices(request, cJSON_GetObjectItemCaseSensitive(document, "devices"));
}

const char *usb_request_parse(struct usb_request *request, const char *text, size_t length)
{
	const char *wrong;
	cJSON *document;

	*request = (struct usb_request){ 0 };
	if (length > USB_REQUEST_MAX)
		return "the request is too long";
	document = cJSON_ParseWithLength(text, length);
	if (!cJSON_IsObject(document)) {
		cJSON_Delete(document);
		return "the request is no JSON object";
	}
	wrong = read_request(request, document);
	cJSON_Delete(document);
	if (wrong != NULL)
		usb_request_free(request);
	return wrong;
}

void usb_request_free(struct usb_request *request)
{
	for (size_t i = 0; i < request->n_devices; i++)
		free(request->devices[i]);
	free(request->devices);
	free(request->guest);
	*request = (struct usb_request){ 0 };
}

char *usb_request_format(const struct usb_request *request)
{
	cJSON *document = cJSON_CreateObject(), *devices;
	char *text;

	cJSON_AddStringToObject(document, "command", commands[request->command]);
	if (request->guest != NULL)
		cJSON_AddStringToObject(document, "guest", request->guest);
	if (request->n_devices > 0) {
		devices = cJSON_AddArrayToObject(document, "devices");
		for (size_t i = 0; i < request->n_devices; i++)
			cJSON_AddItemToArray(devices, cJSON_CreateString(request->devices[i]));
	}
	text = cJSON_PrintUnformatted(document);
	cJSON_Delete(document);
	return text;
}
