#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by dracut's init, in images without systemd. It ends by its own deadline.
/usr/sbin/vfio-bind boot || :
