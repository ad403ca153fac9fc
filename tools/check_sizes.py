#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Functions past 60 lines and files past 800 lines need an excuse in tools/size_exceptions.txt.

A line of that file is "FILE LIMIT REASON" or "FILE:FUNCTION LIMIT REASON"; # begins a comment. LIMIT
is the size that is granted, so that what is excused can't grow on. An excuse that is not needed is
an error too.

A function is found by the project's form: its name begins a line, its "{" and "}" stand alone in the
first column. Its size counts the lines between these two.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
EXCUSES = ROOT / "tools" / "size_exceptions.txt"
FOLDERS = ["src", "test", "bench"]
MAX_FUNCTION = 60
MAX_FILE = 800
NAME = re.compile(r"^([A-Za-z_]\w*)\(")


def read_excuses():
    excuses = {}
    for number, line in enumerate(EXCUSES.read_text().splitlines(), 1):
        line = line.split("#", 1)[0].strip()
        if not line:
            continue
        fields = line.split(None, 2)
        if len(fields) != 3 or not fields[1].isdigit():
            sys.exit(f"tools/size_exceptions.txt:{number}: expected FILE[:FUNCTION] LIMIT REASON")
        excuses[fields[0]] = int(fields[1])
    return excuses


def sizes_of(path):
    """Yield (key, size, limit) of the file and of each function in it."""
    name = path.relative_to(ROOT).as_posix()
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    yield name, len(lines), MAX_FILE
    candidate, function, start = None, None, 0
    for number, line in enumerate(lines, 1):
        match = NAME.match(line)
        if match:
            candidate = match.group(1)
        elif line == "{" and candidate:
            function, start = candidate, number
        elif line.startswith("}") and function:
            yield f"{name}:{function}", number - start - 1, MAX_FUNCTION
            candidate, function = None, None


def main():
    excuses = read_excuses()
    used = set()
    problems = []
    files = sorted(p for folder in FOLDERS for p in (ROOT / folder).rglob("*")
                   if p.suffix in (".c", ".h") and "node_modules" not in p.parts)
    for path in files:
        for key, size, limit in sizes_of(path):
            if size <= limit:
                continue
            if key in excuses:
                used.add(key)
                limit = excuses[key]
            if size > limit:
                problems.append(f"{key}: {size} lines, {limit} allowed")
    problems += [f"tools/size_exceptions.txt: '{key}' needs no excuse any more"
                 for key in sorted(set(excuses) - used)]
    for problem in problems:
        print(problem)
    sys.exit(1 if problems else 0)


main()
