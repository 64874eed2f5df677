/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel modules, through libkmod; the only place that includes libkmod.h. Where the modules are: the root's
 * lib/modules/RELEASE, or a flat directory without an index (booster), from which the few that we need are loaded by
 * name.
 */
#ifndef VFIOKIT_MODULES_H
#define VFIOKIT_MODULES_H

#include "binder/inventory.h"

struct modules;

/*
 * root: directory descriptor; release: of the kernel, "" for the running one. Never NULL; with no modules to be
 * found every question is answered by "not known". Free it with modules_close().
 */
struct modules *modules_open(int root, const char *release);
void modules_close(struct modules *modules);

/* Is there a module for this driver (its name, with - or _), or is it built in? */
enum known modules_can_find(struct modules *modules, const char *driver);

/*
 * The variant driver's module that fits the device best, by its "vfio_pci:" alias (Linux 5.15 on): the one with the
 * fewest wildcards. Returns its name, owned by the caller, or NULL if only vfio-pci fits.
 */
char *modules_find_variant(struct modules *modules, const struct device *device);

/* Do modprobe.d or the kernel command line give vfio-pci an ids= option? modules_load() does not pass it on. */
bool modules_have_ids(struct modules *modules);

/*
 * Appends the files of a module and of all that it depends on (not softly), each as a path below modules_directory(). A
 * module that is built in has none. paths: owned by the caller, each too. Returns 0, or -ENOENT: no such module.
 */
int modules_list_files(struct modules *modules, const char *name, char ***paths, size_t *n);

/* Where they are, relative to the root: lib/modules/RELEASE. NULL if there is no index. */
const char *modules_directory(const struct modules *modules);

/*
 * Loads a module and what it depends on; options of modprobe.d are honoured, its blacklists and install lines are not
 * (an install line would run a shell, and those that users write for vfio-pci bind devices by themselves).
 * Returns 0 if it is loaded or built in afterwards, or a negative errno: -ENOENT not found,
 * -ENOEXEC wrong kernel, -ENOSYS compressed in a way that nobody can read, -EPERM or -EKEYREJECTED not allowed.
 */
int modules_load(struct modules *modules, const char *name);

/*
 * Loads what udev would load for a device: all modules with an alias that fits, but not what modprobe.d blacklists.
 * Returns 0 if one is there afterwards, -ENOENT if none fits, -ECANCELED if all that fit are blacklisted.
 */
int modules_load_alias(struct modules *modules, const char *alias);

#endif
