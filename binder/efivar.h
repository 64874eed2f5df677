/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one EFI variable that is ours: VfiokitProbation, under a GUID of our own, because firmware refuses unknown names
 * under the global one (seen with OVMF). It lasts over boots, whatever becomes of the disks.
 */
#ifndef VFIOKIT_EFIVAR_H
#define VFIOKIT_EFIVAR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define EFIVAR_NAME "VfiokitProbation-7d6a3f1e-2c84-4b0e-9b57-5a1d0c6e8f42"

/* Was this machine started by EFI? */
bool efivar_has_efi(int root);

/*
 * Opens the directory with the variables: efivarfs where it is mounted, or, if may_mount, an instance of our own that
 * is in no directory and gone when it is closed (fsmount(), Linux 5.2). Returns a descriptor or a negative errno:
 * -ENODEV without EFI, -ENOENT if it is not mounted.
 */
int efivar_open(int root, bool may_mount);

/*
 * All functions take that descriptor. The kernel's four bytes of attributes are not part of the content.
 * Read: at most size bytes. Returns how many there are (which may be more), or a negative errno; -ENOENT: no such
 * variable. Write and remove return 0 or a negative errno. The kernel protects the variables of GUIDs that it does not
 * know from being changed (FS_IMMUTABLE_FL, fs/efivarfs in Linux 6.1): that is lifted first, which takes
 * CAP_LINUX_IMMUTABLE.
 */
ssize_t efivar_read(int directory, void *data, size_t size);
int efivar_write(int directory, const void *data, size_t size);
int efivar_remove(int directory);

#endif
