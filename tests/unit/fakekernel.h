/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The driver core of Linux, as far as binding goes, on an expanded tree: what a write to driver_override, bind, unbind
 * and drivers_probe does, and what loading a module does (reference/kernel.md 1.1, 1.2). All state is in the tree, so
 * a second fake on the same root goes on where the first one was killed. It can fail any operation.
 *
 * It also takes what is set on a device before a bind: reset_method, of the words in the device's file "resets" (which
 * no kernel has), d3cold_allowed, and resourceN_resize, which changes that line of "resource";
 * and of virtual functions their number: none of them appears.
 */
#ifndef TESTS_UNIT_FAKEKERNEL_H
#define TESTS_UNIT_FAKEKERNEL_H

#include <stdbool.h>
#include <stddef.h>

#include "binder/kernel.h"

struct fake_driver {
	const char *name;
	const char *module; /* NULL: built in, in the tree from the start */
	const char *ids;    /* "10de:13c2 10de:0fbb"; "" if only driver_override leads to it, as with vfio-pci */
};

enum fake_mode {
	FAKE_WORK,
	FAKE_FAIL,       /* fails without effect */
	FAKE_FAIL_AFTER, /* has its effect, then fails */
	FAKE_BROKEN,     /* from now on this file fails, without effect */
	FAKE_DIE,        /* the process is killed before it has an effect */
	FAKE_DIE_AFTER,  /* the process is killed when it had its effect */
};

struct fake_kernel {
	struct kernel kernel; /* to be handed to apply */
	int root;
	const struct fake_driver *drivers; /* in order of registration; the last one has no name */
	const char *modules;               /* loadable ones without a driver: "vfio_iommu_type1" */

	const char *refused;      /* address whose probe by a driver of vfio gives refused_error */
	int refused_error;        /* negative errno */
	unsigned int refused_for; /* so many times; 0: always */
	const char *hanging;      /* address whose unbinding never comes back: -ETIMEDOUT */

	enum fake_mode mode;
	unsigned int fail_at; /* number of the operation, from 0 */
	int error;            /* negative errno */

	unsigned int n_operations; /* so far */
	char failed[512];          /* path of the operation that failed or killed, value behind a blank */
	char *trace; /* owned; "override A=V", "set A NAME=V", "unbind D A", "bind D A", "probe A", "load M", each with
			"\n" */
	char hung[32];     /* address of the device whose unbind, or setting of an attribute, hung; "" if none */
	bool touched_hung; /* something was written for that device afterwards */
};

/* The driver table of most tests: nouveau, snd_hda_intel, e1000e, vfio-pci, pci-stub and two variant drivers, all
 * modules. */
extern const struct fake_driver fake_drivers[];

/* Fills in the kernel table. The rest is the caller's. Free with fake_free(). */
void fake_start(struct fake_kernel *fake, int root, const struct fake_driver *drivers);
void fake_free(struct fake_kernel *fake);

/* What the device's driver_override reads, without its newline. */
void fake_read_override(int root, const char *address, char *text, size_t size);

#endif
