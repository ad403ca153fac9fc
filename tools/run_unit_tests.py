#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run meson's tests and count the single test functions in them.

    run_unit_tests.py BUILD_DIR COUNTS_FILE

Writes "PASSED FAILED SKIPPED" to COUNTS_FILE, and the output of what failed to stderr.
"""

import json
import pathlib
import re
import subprocess
import sys

OK = re.compile(r"^\[       OK \] ", re.MULTILINE)
FAILED = re.compile(r"^\[  FAILED  \] (?!\d+ test)(\S+)", re.MULTILINE)
SKIPPED = re.compile(r"^\[  SKIPPED \] (?!\d+ test)(\S+)", re.MULTILINE)
NOISE = re.compile(r"^\[( RUN      |       OK )\].*\n", re.MULTILINE)


def count(test):
    """(passed, failed, skipped) of one test program."""
    output = test.get("stdout", "") + test.get("stderr", "")
    passed = len(OK.findall(output))
    failed = len(set(FAILED.findall(output)))
    skipped = len(set(SKIPPED.findall(output)))
    if test["result"] == "OK":
        return (passed or 1), failed, skipped
    if test["result"] == "SKIP":
        return passed, failed, skipped or 1
    # A crash, a sanitizer's report or a timeout names no function.
    return passed, failed or 1, skipped


def main(build, counts_file):
    log = pathlib.Path(build) / "meson-logs" / "testlog.json"
    log.unlink(missing_ok=True)
    # The limits are for what hangs: a busy machine alone must not reach them.
    subprocess.run(["meson", "test", "-C", build, "--no-rebuild", "--timeout-multiplier=5"],
                   stdout=subprocess.DEVNULL, check=False)
    if not log.exists():
        sys.exit("unable to run the unit tests: meson test left no log")
    total = [0, 0, 0]
    for line in log.read_text().splitlines():
        test = json.loads(line)
        counts = count(test)
        total = [a + b for a, b in zip(total, counts)]
        if counts[1]:
            print(f"FAILED   {test['name']} ({test['result']})", file=sys.stderr)
            output = test.get("stdout", "") + test.get("stderr", "")
            print(NOISE.sub("", output)[-6000:], file=sys.stderr)
        else:
            print(f"ok       {test['name']} ({counts[0]})", file=sys.stderr)
    pathlib.Path(counts_file).write_text(" ".join(map(str, total)) + "\n")


main(sys.argv[1], sys.argv[2])
