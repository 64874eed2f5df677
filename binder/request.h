/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a person asks for on the running system: bind these devices now, or give them back to their native drivers. It
 * is the same plan, with one more rule behind those of the policy; nothing that guards a device at boot is left out.
 */
#ifndef VFIOKIT_REQUEST_H
#define VFIOKIT_REQUEST_H

#include "binder/apply.h"
#include "binder/plan.h"
#include "binder/vfs.h"

struct request;

/*
 * What a session does differently for a request. As a table, because vfio-bind makes no requests: what only these need
 * is not in the initramfs.
 */
struct request_steps {
	/* As those below. */
	void (*add_rule)(const struct request *request, struct policy *policy);
	void (*mark)(const struct request *request, struct inventory *inventory, int root, const struct needs *needs);
	/* Of a bind; NULL for a release. */
	void (*narrow)(const struct request *request, struct plan *plan);
	/* Of a release, as those below and in binder/release.h; NULL for a bind. */
	void (*load)(struct apply *apply);
	void (*plan)(const struct request *request, struct plan *plan, const struct plan_input *input);
	void (*run)(struct apply *apply);
	void (*finish)(struct apply *apply);
	void (*remove_vfs)(const struct vfs_work *work);
	void (*conclude)(struct apply *apply);
};

struct request {
	const struct request_steps *steps;
	bool is_release;
	bool is_all;           /* release: every device that a VFIO driver has */
	struct bdf *addresses; /* owned; what is asked for otherwise */
	size_t n_addresses;
	bool allow_storage, allow_network, allow_last_input; /* bind: waived, where no rule of the policy says */
};

/* An empty request. Free with request_free(). */
struct request request_new_bind(void);
/* is_all: every device that a VFIO driver has. */
struct request request_new_release(bool is_all);

/* Adds an address. Returns false if the text is none. One that is there already is not added again. */
bool request_add(struct request *request, const char *text);
void request_free(struct request *request);

/*
 * Puts the rule behind those of the policy: it owns what no other rule matches, with the defaults of [policy]. A policy
 * that cannot be trusted stays so.
 */
void request_add_rule(const struct request *request, struct policy *policy);

/*
 * Marks what is asked for, and the members of its IOMMU groups: these may be taken from their drivers now.
 * needs: what the host uses.
 */
void request_mark(const struct request *request, struct inventory *inventory, int root, const struct needs *needs);

/* Leaves what concerns the request. */
void request_narrow(const struct request *request, struct plan *plan);

/* The plan of a release, in place of plan_build(). Pure. */
void request_plan_release(const struct request *request, struct plan *plan, const struct plan_input *input);

#endif
