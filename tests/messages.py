#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""messages.py: error messages of vfiokit and vfio-bind that no test has.

Looks at each call in host/ and binder/ that tells of an error, takes its text apart at what is filled in (%s), and searches
the tests for the longest part. A line of output for each message that is in none. It cannot know whether a test that has the
words also sees the program say them; that is for who writes the test. Not looked at: findings of check (lint.sh compares their
names with the manual, tests/cli/check.sh counts them), and the sentences of verdicts (tests/unit, tests/machines).
"""
import glob
import re
import sys

# What prints, collects or passes on an error. "return" only of functions that answer why not.
CALLS = re.compile(r"\b(fprintf\(stderr,|fputs\(|options_complain\(|complain\(|problem_add\(|finish\(|log_error\(|log_warning\()")
REASONS = re.compile(r"^static const char \*why_not\(.*?^}", re.S | re.M)

# Cannot happen in a test.
NEVER = {
    "init: cannot change to /": "chdir() to a root directory does not fail",
}

TESTS = ["tests/cli/*.sh", "tests/unit/*.[ch]", "tests/vm/cases/*.sh", "tests/images/**/*.sh", "tests/late/cases/*",
         "tests/install.sh", "tests/package/*.sh", "tests/system/cases/*.sh"]


def flat(text):
    return re.sub(r"\s+", " ", text)


def arguments(source, start):
    """The text up to the parenthesis that ends a call."""
    depth, i = 1, start
    while depth > 0:
        if source[i] == '"':
            i += 1
            while source[i] != '"':
                i += 2 if source[i] == "\\" else 1
        depth += {"(": 1, ")": -1}.get(source[i], 0)
        i += 1
    return source[start:i - 1]


def texts(code):
    """String literals, those behind each other as one; a macro between them is a gap."""
    found, current = [], None
    for token in re.findall(r'"(?:\\.|[^"\\])*"|/\*.*?\*/|\w+|\s+|.', code, re.S):
        if token[0] == '"':
            current = (current or "") + token[1:-1]
        elif token.isspace() or token.startswith("/*"):
            continue
        elif current is not None and re.fullmatch(r"[A-Z][A-Z0-9_]+", token):
            current += "\0"
        elif current is not None:
            found.append(current)
            current = None
    return found + ([current] if current is not None else [])


def longest_part(text):
    parts = re.split(r"%[-#0-9.*]*(?:hh|h|ll|l|z)?[a-zA-Z]|%%|\0|\\n", text.replace('\\"', '"'))
    parts = [flat(part).strip(" :;,'()") for part in parts]
    parts = [part for part in parts if len(re.sub("[^A-Za-z]", "", part)) >= 6]
    return max(parts, key=len, default=None)


def messages(path):
    with open(path, encoding="utf-8") as file:
        source = file.read()
    for call in CALLS.finditer(source):
        line_start = source.rfind("\n", 0, call.start()) + 1
        code = arguments(source, call.end())
        if source.startswith("static", line_start) or (call[1] == "fputs(" and "stderr" not in code):
            continue
        for text in texts(code):
            yield source.count("\n", 0, call.start()) + 1, longest_part(text)
    for function in REASONS.finditer(source):
        for answer in re.finditer(r'\breturn ("[^;]*);', function[0]):
            for text in texts(answer[1]):
                yield source.count("\n", 0, function.start() + answer.start()) + 1, longest_part(text)


def main():
    tests = ""
    for pattern in TESTS:
        for path in glob.glob(pattern, recursive=True):
            with open(path, encoding="utf-8") as file:
                tests += file.read() + "\n"
    tests = flat(re.sub(r'"\s*\n\s*"', "", tests).replace('\\"', '"'))
    known, missing = 0, 0
    for path in sorted(glob.glob("host/*.c") + glob.glob("binder/*.c")):
        for line, part in messages(path):
            if part is None:
                continue
            known += 1
            if part not in tests and part not in NEVER:
                missing += 1
                print(f"{path}:{line}: no test has '{part}'")
    # Should the calls be renamed, nothing would be found, and nothing would be missing.
    if known < 100:
        print(f"only {known} messages were found: the names in CALLS are not those of the sources")
    return missing > 0 or known < 100


if __name__ == "__main__":
    sys.exit(main())
