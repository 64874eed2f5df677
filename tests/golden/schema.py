#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""schema.py [SCHEMA DOCUMENT]...: does each JSON document fit SCHEMA.schema.json beside this file? Prints what does not."""
import json
import os
import sys

import jsonschema

failed = False
for name, document in zip(sys.argv[1::2], sys.argv[2::2]):
    with open(os.path.join(os.path.dirname(__file__), name + ".schema.json"), encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft7Validator.check_schema(schema)
    try:
        with open(document, encoding="utf-8") as file:
            value = json.load(file)
    except ValueError as error:
        print(f"{name}: no JSON: {error}")
        failed = True
        continue
    for error in jsonschema.Draft7Validator(schema).iter_errors(value):
        print(f"{name}: {'/'.join(map(str, error.path))}: {error.message}"[:400])
        failed = True
sys.exit(1 if failed else 0)
