/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/hugetlb_write.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "hooks/apart.h"
#include "hooks/claims.h"
#include "hooks/hugetlb.h"
#include "lib/child.h"
#include "lib/paths.h"
#include "lib/root.h"
#include "lib/sysfs.h"
#include "lib/util.h"

/* The kernel is asked for at most this many KiB at once, so that it is seen whether pages come. */
#define STEP_SIZE (16 * 1024)

/* How long (ms) we wait for one who was left behind, at least for the end of one who was killed, for pages to go. */
#define LOCK_TIME 3000
#define KILL_TIME 500
#define LOWER_TIME 2000

int hugetlb_begin(struct hugetlb_writer *writer, int root, const struct hugetlb_control *control)
{
	int lock = claims_lock_file(root, PATH_PAGES_LOCK, claims_clock() + LOCK_TIME);

	*writer = (struct hugetlb_writer){ .root = root, .control = control, .lock = lock < 0 ? -1 : lock };
	return lock < 0 ? lock : 0;
}

void hugetlb_end(struct hugetlb_writer *writer)
{
	if (writer->lock >= 0)
		close(writer->lock);
	writer->lock = -1;
}

static int write_text(const struct hugetlb_writer *writer, const char *path, const char *value)
{
	if (writer->control != NULL)
		return writer->control->write(writer->control->context, writer->root, path, value);
	return sysfs_write(writer->root, path, value);
}

static bool is_apart(const struct hugetlb_writer *writer)
{
	return writer->control == NULL || writer->control->is_apart;
}

/* --- the number of pages ------------------------------------------------------------------------------------------ */

struct change {
	const struct hugetlb_writer *writer;
	int node;
	uint64_t size, count, deadline;
};

static uint64_t read_pages(const struct change *change)
{
	struct pages_view view;

	return hugetlb_view(change->writer->root, change->node, change->size, &view) < 0 ? 0 : view.count;
}

static int write_pages(const struct change *change, uint64_t count)
{
	cleanup_free char *path = hugetlb_path(change->node, change->size, "nr_hugepages");
	cleanup_free char *value = util_format("%llu", (unsigned long long)count);

	return write_text(change->writer, path, value);
}

/* In steps, until the kernel gives less, or time is over. Returns 0 or an errno. */
static int change_pages(void *context)
{
	const struct change *change = context;
	uint64_t step = STEP_SIZE / change->size > 0 ? STEP_SIZE / change->size : 1, count = read_pages(change);
	int result = 0;

	if (count > change->count)
		return -write_pages(change, change->count);
	while (count < change->count && claims_clock() < change->deadline && result == 0) {
		uint64_t next = change->count - count > step ? count + step : change->count;

		result = write_pages(change, next);
		count = read_pages(change);
		if (count < next)
			break;
	}
	return -result;
}

static int change_apart(void *context)
{
	apart_stand(((const struct change *)context)->writer->root);
	return change_pages(context);
}

/* As long as pages come. Returns what the child has returned, as a negative errno. */
static int wait_for_pages(struct hugetlb_writer *writer, struct child *child, const struct change *change,
			  uint64_t patience)
{
	uint64_t count = read_pages(change), before, now = claims_clock();
	int result;

	do {
		bool is_last = now >= change->deadline || change->deadline - now <= patience;

		if (child_is_gone(child, is_last ? change->deadline : now + patience))
			break;
		before = count;
		count = read_pages(change);
		now = claims_clock();
	} while (now < change->deadline && count > before);
	if (!child_is_gone(child, 0)) {
		uint64_t end = claims_clock() + KILL_TIME;

		(void)kill(child->pid, SIGKILL);
		(void)child_is_gone(child, end > change->deadline ? end : change->deadline);
	}
	result = child_wait(child, 0);
	writer->is_stuck = result == -ETIMEDOUT;
	return result == -ECHILD ? -ETIMEDOUT : result < 0 ? result : -result;
}

static int change(struct hugetlb_writer *writer, struct change *change, uint64_t patience)
{
	struct child child;
	int result;

	if (writer->is_stuck)
		return -ETIMEDOUT;
	if (!is_apart(writer))
		return -change_pages(change);
	result = child_start(&child, change_apart, change);
	return result < 0 ? result : wait_for_pages(writer, &child, change, patience);
}

int hugetlb_raise(struct hugetlb_writer *writer, int node, uint64_t size, uint64_t count, uint64_t deadline,
		  uint64_t patience)
{
	struct change raise = { writer, node, size, count, deadline };

	return change(writer, &raise, patience);
}

int hugetlb_lower(struct hugetlb_writer *writer, int node, uint64_t size, uint64_t count)
{
	struct change lower = { writer, node, size, count, claims_clock() + LOWER_TIME };

	return change(writer, &lower, LOWER_TIME);
}

/* --- room for them ------------------------------------------------------------------------------------------------ */

struct squeeze {
	struct hugetlb_writer *writer;
	const int *nodes;
	size_t n;
	uint64_t deadline;
};

/* Only what is clean can be dropped, and only if there is memory for it: no sync, that may take minutes. */
static int squeeze_nodes(void *context)
{
	const struct squeeze *squeeze = context;

	if (!squeeze->writer->is_squeezed)
		(void)write_text(squeeze->writer, PATH_DROP_CACHES, "1");
	for (size_t i = 0; i < squeeze->n && claims_clock() < squeeze->deadline; i++) {
		cleanup_free char *path = squeeze->nodes[i] == PAGES_ANY_NODE
						  ? util_copy(PATH_COMPACT)
						  : util_format(PATH_NODES "/node%d/compact", squeeze->nodes[i]);

		(void)write_text(squeeze->writer, path, "1");
	}
	return 0;
}

/* Changes no number: whoever comes next need not wait for it. */
static int squeeze_apart(void *context)
{
	struct hugetlb_writer *writer = ((const struct squeeze *)context)->writer;

	apart_stand(writer->root);
	hugetlb_end(writer);
	return squeeze_nodes(context);
}

void hugetlb_squeeze(struct hugetlb_writer *writer, const int *nodes, size_t n, uint64_t deadline)
{
	struct squeeze squeeze = { writer, nodes, n, deadline };
	struct child child;

	if (!is_apart(writer))
		(void)squeeze_nodes(&squeeze);
	else if (child_start(&child, squeeze_apart, &squeeze) == 0)
		(void)child_wait(&child, deadline);
	writer->is_squeezed = true;
}
