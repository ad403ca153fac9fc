#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""C sources are ASCII, without tabs and blanks at line ends, and begin with the licence line."""

import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ["src", "test", "bench"]
SPDX = "/* SPDX-License-Identifier: Apache-2.0 */"


def problems_of(path):
    name = path.relative_to(ROOT).as_posix()
    data = path.read_bytes()
    if data.split(b"\n", 1)[0] != SPDX.encode():
        yield f"{name}:1: the first line is not {SPDX}"
    if data and not data.endswith(b"\n"):
        yield f"{name}: no newline at the end"
    for number, line in enumerate(data.split(b"\n"), 1):
        if any(byte > 126 for byte in line):
            yield f"{name}:{number}: not ASCII (write \\xNN in a string)"
        if b"\t" in line or b"\r" in line:
            yield f"{name}:{number}: a tab or a carriage return"
        if line != line.rstrip():
            yield f"{name}:{number}: blanks at the end of the line"


def main():
    files = sorted(p for folder in FOLDERS for p in (ROOT / folder).rglob("*")
                   if p.suffix in (".c", ".h") and "node_modules" not in p.parts)
    problems = [problem for path in files for problem in problems_of(path)]
    for problem in problems:
        print(problem)
    sys.exit(1 if problems or not files else 0)


main()
