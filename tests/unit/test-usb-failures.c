/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When what did not work is tried again. */
#include "hooks/usb/core.h"
#include "tests/unit/test.h"

#define UUID "00000000-0000-0000-0000-000000000001"

static char alias[] = "ua-vfiokit-001-005-1";

static struct usb_job failed_job(bool is_refused)
{
	struct usb_job job = { .kind = JOB_ATTACH, .alias = alias, .is_refused = is_refused };

	(void)util_copy_fixed(job.uuid, sizeof(job.uuid), UUID);
	return job;
}

static uint64_t not_before(const struct usbd *daemon)
{
	return usb_failure_find(daemon, alias, UUID, USB_ATTACH)->not_before;
}

TEST(usb_failure_is_tried_less_and_less_often)
{
	static const uint64_t delays[] = { 250, 500, 1000, 2000, 4000, 8000, 16000 };
	const struct usb_job job = failed_job(false);
	struct usbd daemon = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(delays); i++) {
		uint64_t now = usb_now();

		test_case("%zu", i);
		CHECK_INT(usb_failure_note(&daemon, &job, util_copy("no port"), true), i == 0);
		CHECK_TRUE(not_before(&daemon) >= now + delays[i] && not_before(&daemon) < now + delays[i] + 200);
	}
	(void)usb_failure_note(&daemon, &job, util_copy("no port"), true);
	CHECK_TRUE(not_before(&daemon) == UINT64_MAX);
	usb_failure_retry(&daemon, false);
	CHECK_TRUE(not_before(&daemon) == UINT64_MAX);
	usb_failure_retry_guest(&daemon, UUID);
	CHECK_INT(not_before(&daemon), 0);
	usb_failure_forget(&daemon, alias, UUID);
	CHECK_TRUE(usb_failure_find(&daemon, alias, UUID, USB_ATTACH) == NULL);
}

/* Another job of the guest: that is no failure of the device, however often. */
TEST(usb_failure_of_a_busy_guest_does_not_count)
{
	const struct usb_job job = failed_job(false);
	struct usbd daemon = { 0 };

	for (unsigned int i = 0; i < 20; i++)
		(void)usb_failure_note(&daemon, &job, util_copy("timeout"), false);
	CHECK_TRUE(not_before(&daemon) > usb_now() && not_before(&daemon) <= usb_now() + 1000);
	usb_failure_forget(&daemon, alias, UUID);
}

TEST(usb_device_of_another_guest_is_told_once)
{
	struct usbd daemon = { 0 };

	CHECK_TRUE(usb_failure_note_held(&daemon, alias, UUID, "other"));
	CHECK_TRUE(!usb_failure_note_held(&daemon, alias, UUID, "other"));
	CHECK_TRUE(usb_failure_note_held(&daemon, alias, UUID, "third"));
	CHECK_TRUE(usb_failure_find(&daemon, alias, UUID, USB_ATTACH) == NULL);
	usb_failure_prune(&daemon);
	CHECK_INT(daemon.n_failures, 0);
}

TEST(usb_refusal_waits_for_a_change)
{
	struct usb_job job = failed_job(true);
	struct usbd daemon = { 0 };

	(void)usb_failure_note(&daemon, &job, util_copy("last keyboard"), true);
	CHECK_TRUE(not_before(&daemon) == UINT64_MAX);
	usb_failure_retry(&daemon, true); /* mounts have changed */
	CHECK_TRUE(not_before(&daemon) == UINT64_MAX);
	usb_failure_retry(&daemon, false);
	CHECK_INT(not_before(&daemon), 0);
	/* The job began before these changes: they may have come too late for it. */
	CHECK_TRUE(!usb_failure_note(&daemon, &job, util_copy("last keyboard"), true));
	CHECK_INT(not_before(&daemon), 0);
	job.changes = daemon.changes;
	(void)usb_failure_note(&daemon, &job, util_copy("last keyboard"), true);
	CHECK_TRUE(not_before(&daemon) == UINT64_MAX);
	usb_failure_forget(&daemon, alias, UUID);
}
