#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The generator refuses what is incomplete: def/ is copied, one thing in it is broken, and the message
has to name it."""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent.parent

# file, what is replaced (first occurrence), by what, what the message says
BROKEN = [
    ("routes.toml", 'right = "local"\n', "", "routes.toml: metrics: right is missing"),
    ("routes.toml", 'right = "local"', 'right = "everyone"', "right 'everyone'"),
    ("routes.toml", 'methods = ["GET", "HEAD"]', 'methods = ["FETCH"]', "method 'FETCH'"),
    ("routes.toml", 'id = "ready"', 'id = "live"', "id 'live' stands twice"),
    ("routes.toml", 'path = "/metrics"', 'path = "metrics"', "path 'metrics'"),
    ("config.toml", 'doc = "The most header fields in one request; more are answered 431."\n', "",
     "config.toml: http.fields_max: doc is missing"),
    ("config.toml", 'doc = "The most header fields in one request; more are answered 431."',
     'doc = "A limit."', "http.fields_max: the doc doesn't say enough"),
    ("config.toml", 'default = "16KiB"', 'default = "16KB"', "http.head_max: '16KB'"),
    ("config.toml", 'default = "16KiB"', 'default = "8MiB"', "http.head_max: default '8MiB' is outside"),
    ("config.toml", 'type = "address"', 'type = "host"', "type 'host'"),
    ("config.toml", 'key = "http.fields_max"', 'key = "http.head_max"', "stands twice"),
    ("config.toml", 'key = "http.fields_max"', 'key = "htpp.fields_max"', "no group 'htpp'"),
    ("config.toml", 'default = "poc"', 'default = "beta"', "stage: default 'beta'"),
    ("config.toml", '{ poc = "open", mvp = "closed",', '{ poc = "open",', "a default per stage"),
    ("config.toml", "path = true", "pth = true", "pth isn't known"),
    ("errors.toml", 'doc = "No error."', 'doc = ""', "errors.toml: kind none: doc is missing"),
    ("errors.toml", 'code = "PGRST102"', 'code = "PGRST100"', "'PGRST100' stands twice"),
    ("metrics.toml", 'help = "Requests answered."\n', "", "metrics.toml: http_requests: help"),
    ("metrics.toml", 'name = "cairn_http_requests_total"', 'name = "cairn_http_requests"',
     "ends in _total"),
    ("metrics.toml", 'buckets = "duration"\n', "", "has buckets"),
    ("commands.toml", 'summary = "Explain a command"\n', "", "commands.toml: help: summary"),
    ("commands.toml", 'name = "config show"', 'name = "cfg show"', "'cfg' isn't a command"),
    ("commands.toml", "[[flag]]", "[[flag", "generate.py:"),
    ("lifecycle/poc.toml", 'sources = "P8"', 'sources = "P9"',
     "poc-architecture.md:8: no row of the catalogue answers to"),
    ("lifecycle/poc.toml", 'sources = "P8"', 'sources = "P8 P4"', "gap-tracker: P4 isn't an item"),
    ("lifecycle/reliability.toml", 'need = "nice must must must"', 'need = "nice should must must"',
     "asks for must at mvp; graceful-shutdown says otherwise"),
    ("lifecycle/reliability.toml", 'need = "nice must must must"', 'need = "nice must must"',
     "graceful-shutdown: need takes one of"),
    ("lifecycle/security.toml", 'verify = "config:tls"', 'verify = "proven:tls"',
     "lifecycle/security.toml: tls: 'proven' isn't one of"),
    ("lifecycle/security.toml", 'verify = "config:tls"', 'verify = "config"',
     "verify is attested, or CLASS:CHECK"),
    ("lifecycle/security.toml", 'names = ["https", ', 'names = ["redis", ', "'redis' stands twice"),
    ("lifecycle/lifecycle-stages.md", "### Team Requirements", "- [ ] A lighthouse",
     "lifecycle-stages.md:476: no row of the catalogue answers to '- [ ] A lighthouse'"),
]


def generate(def_dir, out_dir, what="code"):
    return subprocess.run([sys.executable, ROOT / "tools/generate.py", what, def_dir, out_dir, "1.2.3"],
                          capture_output=True, text=True, check=False)


class Generator(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.out = pathlib.Path(self.temporary.name) / "out"
        self.defs = pathlib.Path(self.temporary.name) / "def"
        shutil.copytree(ROOT / "def", self.defs)

    def tearDown(self):
        self.temporary.cleanup()

    def test_what_is_complete_is_generated(self):
        for what in ("code", "docs"):
            result = generate(self.defs, self.out, what)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertTrue((self.out / "config_options.c").exists())
        self.assertIn("http.head_max", (self.out / "configuration.md").read_text())
        self.assertIn('"1.2.3"', (self.out / "version.h").read_text())

    def test_what_is_incomplete_breaks_the_build_and_is_named(self):
        for file, old, new, says in BROKEN:
            with self.subTest(f"{file}: {old!r} -> {new!r}"):
                text = (ROOT / "def" / file).read_text(encoding="utf-8")
                self.assertTrue(old in text, "the row of this test is out of date")
                (self.defs / file).write_text(text.replace(old, new, 1), encoding="utf-8")
                result = generate(self.defs, self.out)
                (self.defs / file).write_text(text, encoding="utf-8")
                self.assertNotEqual(result.returncode, 0)
                self.assertIn(says, result.stderr)
                self.assertNotIn("Traceback", result.stderr)


unittest.main()
