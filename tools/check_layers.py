#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Includes point one way.

A file of src/LAYER/ may include headers of its own layer and of the layers before it in ORDER, never
of a later one. src/main.c stands on top. Inside db/, sqlite/ and postgres/ don't know each other.
Headers of ours are included with quotes and their full path from src/ ("core/buf.h").
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SRC = ROOT / "src"
ORDER = ["core", "metric", "io", "config", "sql", "db", "schema", "http", "auth", "rest",
         "lifecycle", "drill", "server", "cli"]
RANK = {layer: rank for rank, layer in enumerate(ORDER)}
STRANGERS = [{"db/sqlite", "db/postgres"}]
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
ANGLED = re.compile(r'^\s*#\s*include\s*<([^>]+)>', re.MULTILINE)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def problems_of(path):
    name = path.relative_to(SRC).as_posix()
    layer = name.split("/")[0] if "/" in name else None
    if layer is not None and layer not in RANK:
        yield f"src/{name}: '{layer}' is not a layer; tools/check_layers.py holds their order"
        return
    text = path.read_text(encoding="utf-8", errors="replace")
    for match in ANGLED.finditer(text):
        if match.group(1).split("/")[0] in RANK and (SRC / match.group(1)).exists():
            yield (f"src/{name}:{line_of(text, match.start())}: <{match.group(1)}> is ours: "
                   "include it with quotes")
    for match in INCLUDE.finditer(text):
        where = f"src/{name}:{line_of(text, match.start())}"
        target = match.group(1)
        other = target.split("/")[0]
        if "/" not in target:
            # Generated tables lie in the build directory and belong to no layer.
            if (path.parent / target).exists():
                yield f'{where}: "{target}" needs its path from src/'
            continue
        if other not in RANK:
            if (path.parent / target).exists():
                yield f'{where}: "{target}" needs its path from src/'
            continue
        if layer is not None and RANK[other] > RANK[layer]:
            yield f"{where}: {layer} includes {target}, but {layer} comes before {other}"
        here, there = "/".join(name.split("/")[:2]), "/".join(target.split("/")[:2])
        if any(here in pair and there in pair and here != there for pair in STRANGERS):
            yield f"{where}: {here} includes {target}; the engines don't know each other"


def main():
    files = sorted(p for p in SRC.rglob("*") if p.suffix in (".c", ".h"))
    problems = [problem for path in files for problem in problems_of(path)]
    for problem in problems:
        print(problem)
    sys.exit(1 if problems or not files else 0)


main()
