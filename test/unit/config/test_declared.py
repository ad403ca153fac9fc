#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is declared in def/ and what the sources do are the same: every option is read, every metric
counted, every route handled; every error code of ours is declared, and every declared one is used."""

import pathlib
import re
import tomllib
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent.parent
OURS = re.compile(r'"((?:CAIRN-|PGRST)[A-Z0-9-]+)"')


def load(name):
    with open(ROOT / "def" / name, "rb") as file:
        return tomllib.load(file)


def sources(*skipped):
    files = (p for p in sorted((ROOT / "src").rglob("*.[ch]"))
             if p.relative_to(ROOT / "src").parts[0] not in skipped)
    return "\n".join(p.read_text(encoding="utf-8") for p in files)


class Declared(unittest.TestCase):
    def test_every_option_is_read_by_something(self):
        text = sources("config")
        unread = [row["key"] for row in load("config.toml")["option"]
                  if not re.search(rf"\b{row['key'].replace('.', '_')}\b", text)]
        self.assertEqual(unread, [])

    def test_every_metric_is_counted(self):
        text = sources()
        uncounted = [row["id"] for row in load("metrics.toml")["metric"]
                     if not re.search(rf"\bMETRIC_{row['id'].upper()}\b", text)]
        self.assertEqual(uncounted, [])

    def test_every_route_has_a_handler(self):
        text = sources()
        unhandled = [row["id"] for row in load("routes.toml")["route"]
                     if f"case ROUTE_{row['id'].upper()}:" not in text]
        self.assertEqual(unhandled, [])

    def test_the_error_codes_used_are_those_declared(self):
        used = set(OURS.findall(sources()))
        declared = {row["code"] for row in load("errors.toml")["code"]}
        ours = {code for code in declared if code.startswith(("CAIRN-", "PGRST"))}
        self.assertEqual(used - ours, set(), "used and not declared")
        self.assertEqual(ours - used, set(), "declared and not used")

    def test_the_kinds_of_errors_are_those_of_the_header(self):
        header = (ROOT / "src/core/err.h").read_text(encoding="utf-8")
        body = re.search(r"enum err_kind \{(.*?)\};", header, re.DOTALL)[1]
        kinds = [name.lower() for name in re.findall(r"^\s*ERR_([A-Z]+)", body, re.MULTILINE)]
        self.assertEqual(kinds, [row["name"] for row in load("errors.toml")["kind"]])


unittest.main()
