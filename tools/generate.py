#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns def/*.toml into C tables, the JSON schema and sample of cairn.yaml, and reference pages.

    tools/generate.py code DEF_DIR OUT_DIR VERSION
    tools/generate.py docs DEF_DIR OUT_DIR VERSION

Standard library only (Python 3.11 for tomllib). Anything incomplete, such as an option without a
doc or a route without a right, ends the build with a line that says where. Each kind of row has
its module in tools/declare/.
"""

import sys
import tomllib
from pathlib import Path

from declare.commands import commands_docs, commands_header, commands_source, read_commands
from declare.common import DefError
from declare.config import (
    config_docs, config_header, config_sample, config_schema, config_source, read_config,
)
from declare.errors import errors_docs, errors_header, errors_source, read_errors
from declare.lifecycle import lifecycle_docs, lifecycle_header, lifecycle_source, read_lifecycle
from declare.metrics import metrics_docs, metrics_header, metrics_source, read_metrics
from declare.routes import read_routes, routes_docs, routes_header, routes_source
from declare.search import read_search, search_header, search_source


def version_header(version):
    return f"""\
/* SPDX-License-Identifier: Apache-2.0 */
/* Generated from VERSION by tools/generate.py. */
#ifndef CAIRN_DEF_VERSION_H
#define CAIRN_DEF_VERSION_H

#define CAIRN_VERSION "{version}"

#endif
"""


def code_files(def_dir, version):
    options, groups = read_config(def_dir)
    kinds, codes = read_errors(def_dir)
    routes = read_routes(def_dir)
    metrics, statuses = read_metrics(def_dir, routes, version)
    commands, common = read_commands(def_dir)
    rows, features, documents = read_lifecycle(def_dir)
    return {
        "config_options.h": config_header(options),
        "config_options.c": config_source(options, groups),
        "errors.h": errors_header(kinds),
        "errors.c": errors_source(kinds, codes),
        "routes.h": routes_header(routes),
        "routes.c": routes_source(routes),
        "metrics.h": metrics_header(metrics),
        "metrics.c": metrics_source(metrics, statuses),
        "commands.h": commands_header(commands),
        "commands.c": commands_source(commands, common),
        "lifecycle.h": lifecycle_header(),
        "lifecycle.c": lifecycle_source(rows, features, documents),
        "search.h": search_header(),
        "search.c": search_source(read_search(def_dir)),
        "version.h": version_header(version),
        "cairn.schema.json": config_schema(options, groups),
        "cairn.sample.yaml": config_sample(options, groups),
    }


def doc_files(def_dir, version):
    options, groups = read_config(def_dir)
    kinds, codes = read_errors(def_dir)
    routes = read_routes(def_dir)
    metrics, _ = read_metrics(def_dir, routes, version)
    commands, common = read_commands(def_dir)
    rows, features, documents = read_lifecycle(def_dir)
    return {
        "configuration.md": config_docs(options, groups),
        "errors.md": errors_docs(kinds, codes),
        "routes.md": routes_docs(routes),
        "metrics.md": metrics_docs(metrics),
        "commands.md": commands_docs(commands, common),
        "catalogue.md": lifecycle_docs(rows, features, documents),
    }


def main(argv):
    if len(argv) != 5 or argv[1] not in ("code", "docs"):
        sys.stderr.write(__doc__)
        return 4
    def_dir, out_dir = Path(argv[2]), Path(argv[3])
    try:
        files = (code_files if argv[1] == "code" else doc_files)(def_dir, argv[4])
    except (DefError, tomllib.TOMLDecodeError, KeyError) as error:
        sys.stderr.write(f"generate.py: {error}\n")
        return 1
    out_dir.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (out_dir / name).write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
