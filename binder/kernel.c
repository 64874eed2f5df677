/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/kernel.h"

#include <errno.h>

#include "binder/modules.h"
#include "lib/child.h"
#include "lib/log.h"
#include "lib/sysfs.h"

struct write_job {
	int root;
	const char *path, *value;
};

static int write_in_child(void *context)
{
	const struct write_job *job = context;

	/* errnos of sysfs stores fit into an exit code; the rest becomes EIO */
	int result = -sysfs_write(job->root, job->path, job->value);

	return result >= 0 && result < 126 ? result : EIO;
}

static int write_guarded(const struct write_job *job, uint64_t deadline)
{
	struct write_job copy = *job;
	struct child child;
	int result = child_start(&child, write_in_child, &copy);

	if (result < 0)
		return result;
	result = child_wait(&child, deadline);
	return result > 0 ? -result : result;
}

static int real_write(void *context, const char *path, const char *value, uint64_t deadline)
{
	const struct kernel_context *real = context;
	struct write_job job = { real->root, path, value };
	int result = deadline == 0 ? sysfs_write(real->root, path, value) : write_guarded(&job, deadline);

	log_debug("write '%s' to %s: %s", value[0] == '\n' ? "" : value, path, result < 0 ? strerror(-result) : "ok");
	return result;
}

static int real_load(void *context, const char *module)
{
	const struct kernel_context *real = context;

	int result = strchr(module, ':') != NULL ? modules_load_alias(real->modules, module)
						 : modules_load(real->modules, module);

	log_debug("load module %s: %s", module, result < 0 ? strerror(-result) : "ok");
	return result;
}

struct kernel kernel_real(struct kernel_context *context)
{
	return (struct kernel){ real_write, real_load, context, context->root };
}
