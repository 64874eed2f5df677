/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfiokit bind and release: what a person asks for now, through the binder's one plan and one apply. */
#include "binder/request.h"

#include "binder/commands.h"
#include "binder/initramfs.h"
#include "host/commands.h"
#include "lib/parse.h"

static int complain(const char *what, const char *word)
{
	return options_complain("vfiokit", what, word);
}

/* The guards that a bind may waive, as the policy's key names them. Returns the first word that is none. */
static const char *take_allow(struct request *request, char *list)
{
	const struct {
		const char *word;
		bool *flag;
	} guards[] = { { "storage", &request->allow_storage },
		       { "network", &request->allow_network },
		       { "last-input", &request->allow_last_input } };
	char *word;

	while ((word = parse_next_word(&list)) != NULL) {
		size_t i = 0;

		while (i < ARRAY_SIZE(guards) && !streq(word, guards[i].word))
			i++;
		if (i == ARRAY_SIZE(guards))
			return word;
		*guards[i].flag = true;
	}
	return NULL;
}

static int run(struct request *request, const struct options *given, int root)
{
	cleanup_free char *allow = given->allow != NULL ? util_copy(given->allow) : NULL;
	struct options options = *given;
	const char *wrong = allow != NULL ? take_allow(request, allow) : NULL;

	if (wrong != NULL)
		return complain("--allow takes storage, network and last-input, not", wrong);
	for (int i = 0; i < options.n_words; i++)
		if (!request_add(request, options.words[i]))
			return complain("expected an address such as 0000:03:00.0, not", options.words[i]);
	if (request->is_all ? options.n_words > 0 : options.n_words == 0)
		return complain(request->is_release ? "release takes addresses, or --all" : "bind takes addresses",
				NULL);
	/* The image's own run is vfio-bind's business, and knows nothing of what the host uses. */
	if (initramfs_is_root(root))
		return complain("this is an initramfs, not the running system", NULL);
	options.request = request;
	return request_supervised(request->is_release ? "release" : "bind", &options, root);
}

int command_bind(const struct options *options, int root)
{
	struct request request = request_new_bind();
	int code = run(&request, options, root);

	request_free(&request);
	return code;
}

int command_release(const struct options *options, int root)
{
	struct request request = request_new_release(options->all);
	int code = run(&request, options, root);

	request_free(&request);
	return code;
}
