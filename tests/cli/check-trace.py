#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""check-trace.py ROOT <TRACE: prints the calls of a strace -f -y output that change anything outside ROOT."""
import re
import sys

CHANGES = re.compile(r"^(mkdir|unlink|rename|link|symlink|mknod|chmod|fchmod|chown|fchown|truncate|ftruncate|utime|"
                     r"mount|umount|finit_module|init_module|delete_module|rmdir|setxattr)")
HARMLESS = ("/dev/null", "pipe:", "socket:", "memfd:", "anon_inode:", "/memfd:")


def outside(path, root):
    return not (path == root or path.startswith(root + "/") or path.startswith(HARMLESS))


def paths(line):
    """Every absolute path that the call names: a string as it stands, or a descriptor's directory and a string."""
    for directory, name in re.findall(r'(?:\d+|AT_FDCWD)<([^>]*)>, "([^"]*)"', line):
        yield name if name.startswith("/") else f"{directory}/{name}"
    if not re.search(r"(?:\d+|AT_FDCWD)<", line):
        yield from re.findall(r'"([^"]*)"', line)[:1]


def is_escape(call, root):
    if call.startswith(("write(", "pwrite64(")):
        target = re.match(r"\w+\((\d+)<([^>]*)>", call)
        return bool(target) and int(target.group(1)) > 2 and outside(target.group(2), root)
    if call.startswith("open"):
        if not re.search(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC", call):
            return False
        return any(outside(path, root) for path in paths(call))
    if re.match(r"(finit|init|delete)_module|u?mount", call):
        return True
    if CHANGES.match(call):
        return any(outside(path, root) for path in paths(call))
    return False


escapes = [line for line in sys.stdin if is_escape(re.sub(r"^\d+\s+", "", line), sys.argv[1])]
sys.stdout.writelines(escapes)
sys.exit(bool(escapes))
