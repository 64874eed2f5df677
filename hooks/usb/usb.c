/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-usb: what people and key bindings call. It asks vfio-usbd for everything but the list without guests. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "hooks/host.h"
#include "hooks/usb/describe.h"
#include "hooks/usb/request.h"
#include "hooks/usb/show.h"
#include "lib/log.h"
#include "lib/paths.h"
#include "lib/root.h"
#include "lib/util.h"

#define PROGRAM "vfio-usb"
#define EXIT_USAGE 2
#define EXIT_NO_DAEMON 3

static const char help[] = "Usage: " PROGRAM " [OPTION...] COMMAND\n"
			   "\n"
			   "Gives USB devices to running guests, and brings them back.\n"
			   "\n"
			   "Commands:\n"
			   "  list      controllers, hubs and devices: who has what, what the host keeps and why\n"
			   "  attach    GUEST DEVICE...: give devices to a guest\n"
			   "  detach    DEVICE...: bring devices back to the host\n"
			   "  toggle    GUEST DEVICE...: give them, or bring them back if the guest has the first\n"
			   "  watch     the list, and then what changes\n"
			   "\n"
			   "DEVICE is the NAME of a [usb NAME] in hooks.conf, a port, or what the list shows: 1-4, "
			   "001:004, 046d:c52b or a\n"
			   "serial number.\n"
			   "\n"
			   "Options:\n"
			   "  --json              print JSON, a line for each document\n"
			   "  -h, --help          print this help\n"
			   "  --version           print the version\n"
			   "\n"
			   "Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 vfio-usbd cannot be reached.\n"
			   "See " PROGRAM "(8), vfio-usbd(8) and vfiokit-hooks.conf(5).\n";

static int complain(const char *what, const char *word)
{
	fprintf(stderr, PROGRAM ": %s%s%s%s; nothing was changed, try '" PROGRAM " --help'\n", what,
		word != NULL ? " '" : "", word != NULL ? word : "", word != NULL ? "'" : "");
	return EXIT_USAGE;
}

/* --- the daemon --------------------------------------------------------------------------------------------------- */

static int connect_to_daemon(int root)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	cleanup_close int socket_file = root_open(root, PATH_USB_SOCKET, O_PATH, 0);
	int fd;

	if (socket_file < 0)
		return socket_file;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d", socket_file);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -errno;
}

static void say_no_daemon(int error, const char *state)
{
	if (error == -EACCES || error == -EPERM)
		fprintf(stderr,
			PROGRAM ": cannot ask vfio-usbd: only root and members of its group (libvirt) may; %s\n",
			state);
	else
		fprintf(stderr, PROGRAM ": vfio-usbd does not run; %s, try 'systemctl start vfio-usbd'\n", state);
}

static void send_request(int fd, const struct usb_request *request)
{
	cleanup_free char *text = usb_request_format(request), *line = util_format("%s\n", text);

	(void)send(fd, line, strlen(line), MSG_NOSIGNAL);
}

struct shown {
	bool is_json;
	cJSON *before; /* owned; watch */
};

/* Returns the exit code so far. */
static int show(struct shown *shown, const struct usb_request *request, const char *line)
{
	cJSON *document = cJSON_Parse(line);
	const char *error = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(document, "error"));
	const cJSON *ok = cJSON_GetObjectItemCaseSensitive(document, "ok");
	int code = error != NULL || cJSON_IsFalse(ok) || document == NULL ? EXIT_FAILURE : EXIT_SUCCESS;

	if (shown->is_json)
		puts(line);
	else if (error != NULL)
		fprintf(stderr, PROGRAM ": %s\n", error);
	else if (ok != NULL)
		usb_show_answer(document);
	else if (shown->before != NULL)
		usb_show_changes(shown->before, document);
	else
		usb_show_tree(document);
	(void)fflush(stdout);
	cJSON_Delete(shown->before);
	shown->before = document;
	if (request->command != USB_WATCH && code == EXIT_SUCCESS && ferror(stdout))
		code = EXIT_FAILURE;
	return code;
}

static int ask(int fd, const struct usb_request *request, bool is_json)
{
	struct shown shown = { .is_json = is_json };
	FILE *stream;
	cleanup_free char *line = NULL;
	size_t size = 0;
	int code = EXIT_NO_DAEMON;

	/* Whoever may not ask is told so before it has asked: read in any case. */
	send_request(fd, request);
	stream = fdopen(fd, "r");
	while (stream != NULL && getline(&line, &size, stream) > 0) {
		line[strcspn(line, "\n")] = '\0';
		code = show(&shown, request, line);
		if (ferror(stdout))
			break;
	}
	cJSON_Delete(shown.before);
	if (stream != NULL)
		fclose(stream);
	if (code == EXIT_NO_DAEMON || request->command == USB_WATCH)
		fputs(PROGRAM ": vfio-usbd has ended; see 'journalctl -u vfio-usbd'\n", stderr);
	return request->command == USB_WATCH ? EXIT_NO_DAEMON : code;
}

/* The tree alone, as everybody may see it. */
static int list_without_daemon(int root, bool is_json)
{
	struct usb_udev *udev = usb_udev_open(false);
	struct usbd none = { .root = root };
	struct problems problems = { 0 };
	cleanup_free char *text = NULL;
	cJSON *document;

	if (udev == NULL)
		return EXIT_FAILURE;
	const struct usb_properties properties = usb_udev_properties(udev);

	conf_read(&none.conf, root, &problems);
	usb_inventory_read(&none.inventory, root, &properties);
	document = usb_describe(&none, false);
	text = cJSON_PrintUnformatted(document);
	if (is_json && text != NULL)
		puts(text);
	else
		usb_show_tree(document);
	cJSON_Delete(document);
	usb_inventory_free(&none.inventory);
	conf_free(&none.conf);
	problems_free(&problems);
	usb_udev_close(udev);
	return EXIT_SUCCESS;
}

/* --- the command line --------------------------------------------------------------------------------------------- */

static int read_words(struct usb_request *request, char **words, int n)
{
	static const struct {
		const char *name;
		enum usb_command command;
		int least;
		bool has_guest;
	} commands[] = {
		{ "list", USB_LIST, 0, false },       { "watch", USB_WATCH, 0, false },
		{ "attach", USB_DO_ATTACH, 2, true }, { "detach", USB_DO_DETACH, 1, false },
		{ "toggle", USB_DO_TOGGLE, 2, true },
	};
	size_t i = 0;

	while (i < ARRAY_SIZE(commands) && !streq(commands[i].name, words[0]))
		i++;
	if (i == ARRAY_SIZE(commands))
		return complain("unknown command", words[0]);
	if (n - 1 < commands[i].least || (commands[i].least == 0 && n > 1) || n > USB_REQUEST_DEVICES)
		return complain("wrong number of words behind", words[0]);
	request->command = commands[i].command;
	if (commands[i].has_guest)
		request->guest = util_copy(words[1]);
	for (int k = commands[i].has_guest ? 2 : 1; k < n; k++)
		*(char **)util_append(&request->devices, &request->n_devices, sizeof(char *)) = util_copy(words[k]);
	return EXIT_SUCCESS;
}

static int run(char **words, int n, bool is_json)
{
	cleanup_close int root = root_set("/");
	struct usb_request request = { 0 };
	int code = read_words(&request, words, n), fd;

	if (code == EXIT_SUCCESS) {
		fd = connect_to_daemon(root);
		if (fd >= 0) {
			code = ask(fd, &request, is_json);
		} else if (request.command == USB_LIST) {
			say_no_daemon(fd, "what guests have is not shown");
			code = list_without_daemon(root, is_json);
		} else {
			say_no_daemon(fd, "nothing was changed");
			code = EXIT_NO_DAEMON;
		}
	}
	usb_request_free(&request);
	return code;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	bool is_json = false;
	int code;

	log_setup(PROGRAM, false, -1);
	opterr = 0;
	while ((code = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (code == 'j') {
			is_json = true;
		} else if (code == 'h' || code == 'V') {
			fputs(code == 'h' ? help : PROGRAM " " VFIOKIT_VERSION "\n", stdout);
			return EXIT_SUCCESS;
		} else {
			return complain("unknown option", argv[optind - 1]);
		}
	}
	if (optind == argc)
		return complain("no command given", NULL);
	code = run(argv + optind, argc - optind, is_json);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	return complain("cannot write the whole answer to standard output", NULL);
}
