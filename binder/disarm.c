/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/disarm.h"

#include <errno.h>
#include <string.h>

#include "binder/efivar.h"
#include "binder/initramfs.h"
#include "binder/policy.h"
#include "lib/digest.h"
#include "lib/file.h"
#include "lib/paths.h"

#define RECORD_MAX (16 * 1024 * 1024)

static const char magic[8] = { 'v', 'f', 'i', 'o', 'k', 'i', 't', 1 };

/* Where what stands; all else is zero. The processor that reads it is the one that wrote it. */
enum { AT_DIGEST = 8, AT_BOOT = 16, AT_STATE = 24, AT_ATTEMPTS = 25, AT_REST = 26 };

void probation_format(const struct probation *probation, unsigned char data[static PROBATION_SIZE])
{
	memset(data, 0, PROBATION_SIZE);
	memcpy(data, magic, sizeof(magic));
	memcpy(data + AT_DIGEST, &probation->digest, sizeof(probation->digest));
	memcpy(data + AT_BOOT, &probation->boot, sizeof(probation->boot));
	data[AT_STATE] = (unsigned char)probation->state;
	data[AT_ATTEMPTS] = (unsigned char)probation->attempts;
}

const char *probation_name(enum probation_state state)
{
	static const char *const names[] = {
		[PROBATION_NONE] = "none",         [PROBATION_FOREIGN] = "foreign", [PROBATION_TRIED] = "tried",
		[PROBATION_RETURNED] = "returned", [PROBATION_PROVEN] = "proven",   [PROBATION_DOWN] = "down"
	};

	return names[state];
}

struct probation probation_parse(const unsigned char *data, size_t length)
{
	struct probation probation = { .state = PROBATION_FOREIGN, .length = length };
	bool has_rest = false;

	if (length != PROBATION_SIZE || memcmp(data, magic, sizeof(magic)) != 0)
		return probation;
	for (size_t i = AT_REST; i < PROBATION_SIZE; i++)
		has_rest |= data[i] != 0;
	if (has_rest || data[AT_STATE] < PROBATION_TRIED || data[AT_STATE] > PROBATION_DOWN)
		return probation;
	memcpy(&probation.digest, data + AT_DIGEST, sizeof(probation.digest));
	memcpy(&probation.boot, data + AT_BOOT, sizeof(probation.boot));
	probation.state = (enum probation_state)data[AT_STATE];
	probation.attempts = data[AT_ATTEMPTS];
	return probation;
}

enum disarm_decision disarm_decide(const struct probation *found, uint64_t digest, uint64_t boot, unsigned int limit,
				   struct probation *ret_next)
{
	bool is_known = found->state != PROBATION_NONE && found->state != PROBATION_FOREIGN && found->digest == digest;

	*ret_next = *found;
	if (found->state == PROBATION_DOWN)
		return DISARM_STAND_DOWN;
	if (is_known && (found->state == PROBATION_PROVEN || (found->boot == boot && boot != 0)))
		return DISARM_GO;
	if (is_known && found->attempts >= limit) {
		ret_next->state = PROBATION_DOWN;
		return DISARM_STAND_DOWN;
	}
	*ret_next = (struct probation){ PROBATION_TRIED, is_known ? found->attempts + 1 : 1, digest, boot, 0 };
	return DISARM_NOTE;
}

static bool is_of_this_boot(const struct probation *found, uint64_t boot)
{
	return boot != 0 && found->boot == boot &&
	       (found->state == PROBATION_TRIED || found->state == PROBATION_RETURNED);
}

bool disarm_succeed(const struct probation *found, uint64_t boot, struct probation *ret_next)
{
	*ret_next = *found;
	ret_next->state = PROBATION_PROVEN;
	ret_next->attempts = 0;
	return is_of_this_boot(found, boot);
}

bool disarm_take_back(const struct probation *found, uint64_t boot, struct probation *ret_next)
{
	*ret_next = *found;
	ret_next->state = PROBATION_RETURNED;
	ret_next->attempts = found->attempts > 0 ? found->attempts - 1 : 0;
	return is_of_this_boot(found, boot) && found->state == PROBATION_TRIED;
}

/* vfiokit.skip= only takes away, often for one boot: it counts for nothing. */
static uint64_t add_cmdline(uint64_t digest, const struct switches *switches)
{
	const struct selectors *selectors = &switches->selectors;

	if (selectors_empty(selectors))
		return digest;
	for (size_t i = 0; i < selectors->n_ids; i++)
		digest = digest_add(digest, selectors->ids[i].part, sizeof(selectors->ids[i].part));
	for (size_t i = 0; i < selectors->n_addresses; i++) {
		char text[BDF_TEXT_SIZE] = "";

		bdf_format(&selectors->addresses[i], text);
		digest = digest_add(digest, text, sizeof(text));
	}
	return digest_add(digest, switches->group, strlen(switches->group));
}

uint64_t disarm_digest(int root, const struct policy *policy, const struct switches *switches)
{
	uint64_t digest = add_cmdline(policy->digest, switches);
	cleanup_free char *record = NULL;
	size_t length = 0;

	if (file_read_start(root, initramfs_has_addon(root) ? PATH_ADDON "/" NAME_RECORD : PATH_RECORD, RECORD_MAX,
			    &record, &length) < 0)
		return digest;
	return digest_add(digest, record, length);
}

uint64_t disarm_boot(int root)
{
	char text[SYSFS_NAME_SIZE];

	if (sysfs_read(root, PATH_BOOT_ID, text, sizeof(text)) < 0)
		return 0;
	return digest_add(DIGEST_START, text, strlen(text));
}

int probation_read(int directory, struct probation *ret)
{
	unsigned char data[PROBATION_SIZE] = { 0 };
	ssize_t length = efivar_read(directory, data, sizeof(data));

	*ret = (struct probation){ .state = PROBATION_NONE };
	if (length == -ENOENT)
		return 0;
	if (length < 0)
		return (int)length;
	*ret = probation_parse(data, (size_t)length);
	return 0;
}

int probation_write(int directory, const struct probation *probation)
{
	unsigned char data[PROBATION_SIZE];

	probation_format(probation, data);
	return efivar_write(directory, data, sizeof(data));
}

static char *explain(const struct probation *found, unsigned int limit, bool is_this_boot)
{
	switch (found->state) {
	case PROBATION_NONE:
		return util_copy("automatic disarm has nothing to watch: no policy was tried since it was armed");
	case PROBATION_FOREIGN:
		return util_format("the EFI variable " EFIVAR_NAME " holds %zu bytes that are not understood; the next "
				   "boot that binds replaces them; 'vfiokit arm' removes them",
				   found->length);
	case PROBATION_PROVEN:
		return util_copy("the policy that was tried last is proven: it has passed its probation");
	case PROBATION_DOWN:
		return util_copy(DISARM_CAUSE);
	default:
		return util_format(
			"the policy is on probation: %u of %u boots without success counted%s", found->attempts, limit,
			!is_this_boot                     ? ""
			: found->state == PROBATION_TRIED ? ", this one included until vfiokit-boot-ok.service "
							    "marks it"
							  : "");
	}
}

char *disarm_explain(int root, unsigned int limit)
{
	cleanup_close int directory = -1;
	struct probation found;
	uint64_t boot;
	int result;

	if (limit == 0)
		return util_copy("automatic disarm is off: disarm-after = 0");
	directory = efivar_open(root, false);
	if (directory == -ENODEV)
		return util_copy("automatic disarm is off: this machine was not started by EFI");
	result = directory < 0 ? directory : probation_read(directory, &found);
	if (result < 0)
		return util_format("automatic disarm cannot be asked: the EFI variables cannot be read: %s",
				   strerror(-result));
	boot = disarm_boot(root);
	return explain(&found, limit, boot != 0 && found.boot == boot);
}
