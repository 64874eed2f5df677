#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""check-json.py COMMAND <REPORT: is it one strict JSON document with the keys of DESIGN.md?"""
import json
import sys

DEVICE = {
    "address": (str, type(None)), "path": (str, type(None)), "id": (str, type(None)),
    "subsystem": (str, type(None)), "class": (str, type(None)), "iommu_group": (int, type(None)),
    "boot_vga": (bool, type(None)), "console": (bool, type(None)), "driver_before": (str, type(None)),
}
VERDICT = {
    "driver_after": (str, type(None)), "verdict": str, "reason": (str, type(None)), "rule": str,
    "message": str,
}
REPORT = {"version": int, "command": str, "kernel": (str, type(None)), "devices": list, "errors": list}
VERDICTS = {"bind", "bound", "skip", "refuse", "fail"}
RESULTS = {"ok", "partial", "error", "nothing", "off"}


def no_duplicates(pairs):
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names)), f"a key stands twice in {names}"
    return dict(pairs)


def has_keys(what, thing, keys):
    for key, kind in keys.items():
        assert key in thing, f"{what} has no '{key}'"
        assert isinstance(thing[key], kind), f"{what}: '{key}' is {thing[key]!r}"


def main(command):
    report = json.loads(sys.stdin.buffer.read().decode("utf-8", "strict"), object_pairs_hook=no_duplicates)
    has_keys("the report", report, REPORT)
    assert report["version"] == 1 and report["command"] == command, report["command"]
    if command != "list":
        assert report["result"] in RESULTS, report.get("result")
    if command not in ("list", "status"):
        has_keys("the report", report, {"policy": list})
    for device in report["devices"]:
        has_keys("a device", device, DEVICE if command == "list" else DEVICE | VERDICT)
        assert command == "list" or device["verdict"] in VERDICTS, device["verdict"]
    for error in report["errors"]:
        has_keys("an error", error, {"where": (str, type(None)), "message": str})


try:
    main(sys.argv[1])
except (AssertionError, ValueError) as error:
    print(error)
    sys.exit(1)
