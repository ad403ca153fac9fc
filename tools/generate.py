#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns def/*.toml into C tables, the JSON schema and sample of cairn.yaml, and reference pages.

    tools/generate.py code DEF_DIR OUT_DIR VERSION
    tools/generate.py docs DEF_DIR OUT_DIR VERSION

Standard library only (Python 3.11 for tomllib). Anything incomplete, such as an option without a
doc or a route without a right, ends the build with a line that says where.
"""

import json
import re
import sys
import tomllib
from pathlib import Path

STAGES = ["poc", "mvp", "production", "scale"]
RIGHTS = ["nobody", "anyone", "local", "role"]
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
METRIC_TYPES = ["counter", "gauge", "histogram"]
SIZE_UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
DURATION_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
OPTION_TYPES = {
    "bool": "bool",
    "int": "int64_t",
    "size": "size_t",
    "duration": "int64_t",
    "string": "const char *",
    "enum": None,
    "list": "struct config_list",
    "address": "struct config_address",
    "secret": "const char *",
}
HEAD = "/* SPDX-License-Identifier: Apache-2.0 */\n/* Generated from def/%s by tools/generate.py. */\n"


class DefError(Exception):
    """Something in def/ is wrong; the text says what and where."""


def need(row, place, *names):
    for name in names:
        if row.get(name) in (None, "", []):
            raise DefError(f"{place}: {name} is missing")


def only(row, place, names):
    for name in row:
        if name not in names:
            raise DefError(f"{place}: {name} isn't known here; known: {', '.join(sorted(names))}")


def unique(rows, key, place):
    seen = set()
    for row in rows:
        if row[key] in seen:
            raise DefError(f"{place}: {key} {row[key]!r} stands twice")
        seen.add(row[key])


def load(def_dir, name):
    with open(def_dir / name, "rb") as file:
        return tomllib.load(file)


def one_line(text):
    return " ".join(text.split())


def c_str(text):
    """A C string literal, ASCII, split so that no line gets too long."""
    if text is None:
        return "NULL"
    out, line = [], ""
    for byte in text.encode():
        char = chr(byte)
        if char in '"\\':
            line += "\\" + char
        elif char == "\n":
            out.append(line + "\\n")
            line = ""
        elif 32 <= byte < 127:
            line += char
        else:
            line += f"\\{byte:03o}"
        if len(line) > 80 and char == " ":
            out.append(line)
            line = ""
    if line or not out:
        out.append(line)
    return "\n    ".join(f'"{part}"' for part in out)


def upper(name):
    return re.sub(r"[^A-Z0-9]", "_", name.upper())


def c_name(key):
    return re.sub(r"[^a-z0-9]", "_", key.lower())


# --- configuration -------------------------------------------------------------------------------


def parse_unit(text, units, place):
    match = re.fullmatch(r"([0-9]+) ?([A-Za-z]+)", str(text))
    if not match or match[2] not in units:
        raise DefError(f"{place}: {text!r} needs a number and one of {', '.join(units)}")
    return int(match[1]) * units[match[2]]


def parse_value(option, value, place):
    """The number behind an int, size or duration."""
    kind = option["type"]
    if kind == "size":
        return parse_unit(value, SIZE_UNITS, place)
    if kind == "duration":
        return parse_unit(value, DURATION_UNITS, place)
    if not isinstance(value, int) or isinstance(value, bool):
        raise DefError(f"{place}: {value!r} isn't a number")
    return value


def check_default(option, value, place):
    kind = option["type"]
    if kind in ("int", "size", "duration"):
        number = parse_value(option, value, place)
        zero_ok = number == 0 and "zero" in option
        if not zero_ok and not option["c_min"] <= number <= option["c_max"]:
            raise DefError(f"{place}: default {value!r} is outside min..max")
    elif kind == "bool" and not isinstance(value, bool):
        raise DefError(f"{place}: default {value!r} isn't true or false")
    elif kind == "enum" and value not in option["values"]:
        raise DefError(f"{place}: default {value!r} isn't one of the values")
    elif kind == "list" and not isinstance(value, list):
        raise DefError(f"{place}: default {value!r} isn't a list")
    elif kind in ("string", "secret", "address") and not isinstance(value, str):
        raise DefError(f"{place}: default {value!r} isn't text")


def default_text(option, value):
    """A default as the text that the loader parses; lists are joined by commas."""
    if value is None:
        return None
    if option["type"] == "bool":
        return "true" if value else "false"
    if option["type"] == "list":
        return ",".join(value)
    if option["type"] == "int" and value == 0 and "zero" in option:
        return option["zero"]
    return str(value)


def read_config(def_dir):
    data = load(def_dir, "config.toml")
    known = {"key", "type", "default", "doc", "values", "min", "max", "path", "none",
             "zero", "mask", "check", "pattern", "hint"}
    options = data["option"]
    groups = {}
    for group in data["group"]:
        need(group, f"config.toml: group {group.get('name')}", "name", "doc")
        groups[group["name"]] = one_line(group["doc"])
    unique(options, "key", "config.toml")
    unique([{"name": c_name(option["key"])} for option in options], "name", "config.toml")
    for option in options:
        place = f"config.toml: {option.get('key', '(no key)')}"
        need(option, place, "key", "type", "doc")
        only(option, place, known)
        if option["type"] not in OPTION_TYPES:
            raise DefError(f"{place}: type {option['type']!r} isn't known")
        if option["type"] == "enum":
            need(option, place, "values")
        if len(option["doc"].split()) < 5:
            raise DefError(f"{place}: the doc doesn't say enough")
        option["doc"] = one_line(option["doc"])
        option["field"] = c_name(option["key"])
        option["id"] = "CONFIG_" + upper(option["key"])
        option["env"] = "CAIRN_" + upper(option["key"])
        option["group"] = option["key"].split(".")[0] if "." in option["key"] else None
        if option["group"] and option["group"] not in groups:
            raise DefError(f"{place}: there is no group {option['group']!r}")
        counted = option["type"] in ("string", "secret", "list")
        number = (lambda v: v) if counted else (lambda v: parse_value(option, v, place))
        option["c_min"] = number(option["min"]) if "min" in option else (0 if counted else None)
        option["c_max"] = number(option["max"]) if "max" in option else (4096 if counted else None)
        if option["type"] in ("int", "size", "duration") and None in (option["c_min"],
                                                                      option["c_max"]):
            raise DefError(f"{place}: min and max are needed")
        option["c_min"] = option["c_min"] or 0
        option["c_max"] = option["c_max"] or 0
        default = option.get("default")
        by_stage = default if isinstance(default, dict) else dict.fromkeys(STAGES, default)
        if list(by_stage) != STAGES:
            raise DefError(f"{place}: a default per stage needs all of {', '.join(STAGES)}")
        for value in by_stage.values():
            if value is not None:
                check_default(option, value, place)
        option["defaults"] = [default_text(option, by_stage[stage]) for stage in STAGES]
    return options, groups


def config_c_type(option):
    if option["type"] == "enum":
        return f"enum config_{option['field']}"
    return OPTION_TYPES[option["type"]]


def config_header(options):
    out = [HEAD % "config.toml", "#ifndef CAIRN_DEF_CONFIG_H\n#define CAIRN_DEF_CONFIG_H\n",
           "#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n"]
    out.append("enum config_option {")
    out += [f"    {option['id']}," for option in options]
    out.append("    CONFIG_OPTION_COUNT\n};\n")
    for option in options:
        if option["type"] == "enum":
            out.append(f"enum config_{option['field']} {{")
            out += [f"    {option['id']}_{upper(value)}," for value in option["values"]]
            out.append("};\n")
    kinds = ", ".join(f"CONFIG_TYPE_{kind.upper()}" for kind in OPTION_TYPES)
    out.append(f"enum config_type {{ {kinds} }};\n")
    out.append("#define CONFIG_STAGE_COUNT 4\n")
    out.append("""\
struct config_list {
    const char **items;
    size_t count;
};

struct config_address {
    const char *text; /* as given: "127.0.0.1:8080", "[::1]:8080" */
    const char *host; /* without brackets; "" means every address */
    uint16_t port;
    bool is_loopback;
};

enum config_database_engine { CONFIG_ENGINE_SQLITE, CONFIG_ENGINE_POSTGRES };

/*
 * The whole configuration, read only once loaded. A field is named as its option, with underscores
 * for dots. Sizes are bytes, durations milliseconds; a string is NULL when it isn't set. Paths are
 * absolute.
 */
struct config {""")
    for option in options:
        kind = config_c_type(option)
        unit = {"duration": " /* ms */", "size": " /* bytes */"}.get(option["type"], "")
        gap = "" if kind.endswith("*") else " "
        out.append(f"    {kind}{gap}{option['field']};{unit}")
    out.append("""
    /* Worked out from the above. */
    const char *dir;            /* the project folder */
    const char *migrations_dir;
    enum config_database_engine database_engine;
    const char *database_path;  /* SQLite's file; NULL for PostgreSQL */
    const char *database_shown; /* database_url without its password, for people and logs */

    /* Where each value comes from: "default", "cairn.yaml:3:9", "environment CAIRN_LISTEN"... */
    const char *origin[CONFIG_OPTION_COUNT];
};

struct config_option_def {
    const char *key;
    const char *env;
    enum config_type type;
    size_t offset;                            /* of the field in struct config */
    const char *defaults[CONFIG_STAGE_COUNT]; /* text, by stage; NULL: not set */
    int64_t min; /* of the number; of the length of strings; of the count of lists */
    int64_t max;
    const char *const *values; /* of an enum, NULL-terminated */
    const char *zero;          /* the word for 0, or NULL */
    bool is_path;
    bool can_be_none;
    bool mask_url;  /* a URL whose password is masked */
    bool is_name;   /* letters, digits, - and _ only */
    bool is_database_url;
    const char *hint; /* more about what is valid, or NULL */
    const char *doc;
};

extern const struct config_option_def config_options[CONFIG_OPTION_COUNT];
extern const char config_schema_json[];
extern const char config_sample_yaml[];

#endif""")
    return "\n".join(out) + "\n"


def config_source(options, groups):
    out = [HEAD % "config.toml", '#include "def/config_options.h"\n']
    for option in options:
        if option["type"] == "enum":
            values = ", ".join(c_str(value) for value in option["values"])
            out.append(f"static const char *const {option['field']}_values[] = {{{values}, NULL}};")
    out.append("\nconst struct config_option_def config_options[CONFIG_OPTION_COUNT] = {")
    for option in options:
        defaults = ", ".join(c_str(value) for value in option["defaults"])
        values = f"{option['field']}_values" if option["type"] == "enum" else "NULL"
        flags = "".join(f", .{field} = true" for field, on in (
            ("is_path", option.get("path")), ("can_be_none", option.get("none")),
            ("mask_url", option.get("mask") == "url"), ("is_name", option.get("pattern") == "name"),
            ("is_database_url", option.get("check") == "database_url")) if on)
        out.append(f"""\
    [{option['id']}] = {{.key = {c_str(option['key'])}, .env = {c_str(option['env'])},
     .type = CONFIG_TYPE_{option['type'].upper()}, .offset = offsetof(struct config, {option['field']}),
     .defaults = {{{defaults}}}, .min = {option['c_min']}, .max = {option['c_max']},
     .values = {values}, .zero = {c_str(option.get('zero'))}{flags},
     .hint = {c_str(option.get('hint'))},
     .doc = {c_str(option['doc'])}}},""")
    out.append("};\n")
    out.append(f"const char config_schema_json[] =\n    {c_str(config_schema(options, groups))};\n")
    out.append(f"const char config_sample_yaml[] =\n    {c_str(config_sample(options, groups))};\n")
    return "\n".join(out)


def schema_of(option):
    kind = option["type"]
    row = {"description": option["doc"]}
    if kind == "bool":
        row["type"] = "boolean"
    elif kind == "int":
        row.update(type="integer", minimum=option["c_min"], maximum=option["c_max"])
    elif kind == "size":
        row.update(type=["string", "integer"], minimum=option["c_min"],
                   pattern="^[0-9]+ ?(B|KiB|MiB|GiB)$")
    elif kind == "duration":
        row.update(type="string", pattern="^[0-9]+ ?(ms|s|m|h|d)$")
    elif kind == "enum":
        row["enum"] = option["values"]
    elif kind == "list":
        row.update(type="array", items={"type": "string"}, minItems=option["c_min"],
                   maxItems=option["c_max"])
    else:
        row.update(type="string")
        if option.get("pattern") == "name":
            row["pattern"] = "^[A-Za-z0-9_-]{1,63}$"
    if "zero" in option:
        row = {"description": row.pop("description"), "anyOf": [{"const": option["zero"]}, row]}
    first = option["defaults"][0]
    if first is not None and kind not in ("list", "bool", "int") and "$" not in first:
        row["default"] = first
    elif first is not None and not isinstance(option["default"], dict) and "$" not in first:
        row["default"] = option["zero"] if first == option.get("zero") else option["default"]
    return row


def config_schema(options, groups):
    properties = {}
    for option in options:
        if option["group"] is None:
            properties[option["key"]] = schema_of(option)
            continue
        group = properties.setdefault(option["group"], {
            "description": groups[option["group"]], "type": "object",
            "additionalProperties": False, "properties": {}})
        group["properties"][option["key"].split(".", 1)[1]] = schema_of(option)
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "cairn.yaml",
        "description": "Configuration of a cairn project.",
        "type": ["object", "null"],
        "additionalProperties": False,
        "properties": properties,
    }
    return json.dumps(schema, indent=2) + "\n"


def yaml_value(option, text):
    if text is None:
        return ""
    if option["type"] == "list":
        return "[" + ", ".join(f'"{item}"' for item in text.split(",")) + "]"
    return text


def config_sample(options, groups):
    """Every option with its default, all commented out: without the first # of each line, it is YAML
    that says what holds anyway."""
    out = ["## Every option of cairn.yaml with its default at stage poc. Take what you need, without",
           "## the first # of the line.", ""]
    group = None
    for option in options:
        indent = "  " if option["group"] is not None else ""
        if option["group"] is not None and option["group"] != group:
            out += [f"## {groups[option['group']]}", f"#{option['group']}:"]
        group = option["group"]
        out += [f"#{indent}# {line}" for line in wrap(option["doc"], 94)]
        value = yaml_value(option, option["defaults"][0])
        for name in ("${folder}", "${project}"):
            value = value.replace(name, "NAME")
        out += [f"#{indent}{option['key'].split('.', 1)[-1]}: {value}".rstrip(), ""]
    return "\n".join(out)


def wrap(text, width):
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return lines + [line] if line else lines


def config_docs(options, groups):
    out = ["# Configuration\n", """\
Values come from, and later ones win: the defaults of the stage, `cairn.yaml`, `.env`, the
environment, flags. The option `http.head_max` is the key `head_max` under `http` in `cairn.yaml`,
`CAIRN_HTTP_HEAD_MAX` in `.env` and in the environment, and `--http.head_max=VALUE` as a flag (dashes
may stand for underscores). `cairn config show` prints each value with its origin.

Sizes are bytes with a unit (`B`, `KiB`, `MiB`, `GiB`), durations a number with a unit (`ms`, `s`, `m`,
`h`, `d`). In the environment and in flags, list items are separated by commas. In a default,
`${project}` stands for `project.name`, and `${folder}` for the name of the project folder.
"""]
    group = None
    for option in options:
        if option["group"] and option["group"] != group:
            out.append(f"## {option['group']}\n\n{groups[option['group']]}\n")
        group = option["group"]
        out.append(f"### `{option['key']}`\n\n{option['doc']}\n")
        values = f": {', '.join(f'`{v}`' for v in option['values'])}" if "values" in option else ""
        out.append(f"- Type: {option['type']}{values}")
        if len(set(option["defaults"])) > 1:
            each = ", ".join(f"`{v}` at {s}" for s, v in zip(STAGES, option["defaults"]))
            out.append(f"- Default: {each}")
        else:
            first = option["defaults"][0]
            out.append(f"- Default: {'not set' if first is None else f'`{first}`'}")
        if option["type"] in ("int", "size", "duration"):
            out.append(f"- Range: {option['min']} to {option['max']}")
        out.append(f"- Environment: `{option['env']}`\n")
    return "\n".join(out)


# --- errors --------------------------------------------------------------------------------------


def read_errors(def_dir):
    data = load(def_dir, "errors.toml")
    for row in data["kind"]:
        need(row, f"errors.toml: kind {row.get('name')}", "name", "status", "doc")
    for row in data["code"]:
        need(row, f"errors.toml: code {row.get('code')}", "code", "status", "doc")
    unique(data["kind"], "name", "errors.toml")
    unique(data["code"], "code", "errors.toml")
    return data["kind"], sorted(data["code"], key=lambda row: row["code"])


def errors_header(kinds):
    return HEAD % "errors.toml" + f"""\
#ifndef CAIRN_DEF_ERRORS_H
#define CAIRN_DEF_ERRORS_H

#include <stddef.h>

/* In the order of enum err_kind. */
struct error_kind_def {{
    const char *name;
    int http_status;
    int exit_code;
    const char *doc;
}};
#define ERROR_KIND_COUNT {len(kinds)}
extern const struct error_kind_def error_kinds[ERROR_KIND_COUNT];

/* A full code, or a class of SQLSTATEs: its first two characters. Sorted by code. */
struct error_code_def {{
    const char *code;
    int http_status;
    const char *doc;
}};
extern const struct error_code_def error_codes[];
extern const size_t error_code_count;

/* The row of the code, else that of its class, else NULL. */
const struct error_code_def *error_code_find(const char *code);

#endif
"""


def errors_source(kinds, codes):
    out = [HEAD % "errors.toml", '#include "def/errors.h"\n\n#include <string.h>\n']
    out.append("const struct error_kind_def error_kinds[ERROR_KIND_COUNT] = {")
    out += [f"    {{{c_str(row['name'])}, {row['status']}, {row['exit']},\n"
            f"     {c_str(one_line(row['doc']))}}}," for row in kinds]
    out.append("};\n\nconst struct error_code_def error_codes[] = {")
    out += [f"    {{{c_str(row['code'])}, {row['status']},\n     {c_str(one_line(row['doc']))}}},"
            for row in codes]
    out.append("""};
const size_t error_code_count = sizeof(error_codes) / sizeof(error_codes[0]);

static const struct error_code_def *
find(const char *code, size_t len)
{
    size_t low = 0;
    size_t high = error_code_count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = strncmp(error_codes[mid].code, code, len);

        if (order == 0 && error_codes[mid].code[len] != '\\0')
            order = 1;
        if (order == 0)
            return &error_codes[mid];
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }

    return NULL;
}

const struct error_code_def *
error_code_find(const char *code)
{
    size_t len = strlen(code);
    const struct error_code_def *row = find(code, len);

    return row == NULL && len == 5 ? find(code, 2) : row;
}
""")
    return "\n".join(out)


def errors_docs(kinds, codes):
    out = ["# Errors\n", """\
Every error of the API is a JSON object with `code`, `message`, `details` and `hint`. The codes are
the same on both engines. A code of two characters stands for all SQLSTATEs that begin with it and
are not listed themselves.

| code | status | meaning |
|---|---|---|"""]
    out += [f"| `{row['code']}` | {row['status']} | {one_line(row['doc'])} |" for row in codes]
    out.append("\n## Exit codes of commands\n\n| kind of error | exit code | meaning |\n|---|---|---|")
    out += [f"| {row['name']} | {row['exit']} | {one_line(row['doc'])} |" for row in kinds]
    return "\n".join(out) + "\n"


# --- routes --------------------------------------------------------------------------------------


def read_routes(def_dir):
    routes = load(def_dir, "routes.toml")["route"]
    unique(routes, "id", "routes.toml")
    for route in routes:
        place = f"routes.toml: {route.get('id')}"
        need(route, place, "id", "methods", "path", "right", "doc")
        only(route, place, {"id", "methods", "path", "aliases", "right", "doc"})
        if route["right"] not in RIGHTS:
            raise DefError(f"{place}: right {route['right']!r} isn't one of {', '.join(RIGHTS)}")
        for method in route["methods"]:
            if method not in METHODS:
                raise DefError(f"{place}: method {method!r} isn't one of {', '.join(METHODS)}")
        for path in [route["path"], *route.get("aliases", [])]:
            if not re.fullmatch(r"(/([a-z0-9._]+|\{[a-z]+\})?)+", path):
                raise DefError(f"{place}: path {path!r} isn't made of /segment and /{{name}}")
    return routes


def routes_header(routes):
    ids = "\n".join(f"    ROUTE_{upper(route['id'])}," for route in routes)
    rights = ", ".join(f"ROUTE_RIGHT_{right.upper()}" for right in RIGHTS)
    methods = "\n".join(f"    ROUTE_METHOD_{name} = 1 << {bit}," for bit, name in enumerate(METHODS))
    return HEAD % "routes.toml" + f"""\
#ifndef CAIRN_DEF_ROUTES_H
#define CAIRN_DEF_ROUTES_H

#include <stddef.h>

/* Labels of metrics too: ROUTE_NONE is for requests that reach no route. */
enum route_id {{
{ids}
    ROUTE_NONE,
    ROUTE_COUNT = ROUTE_NONE
}};

/* Who may use a route; see def/routes.toml. A zeroed value lets nobody in. */
enum route_right {{ {rights} }};

enum route_method {{
{methods}
}};

struct route_def {{
    enum route_id id;
    const char *path;       /* {{name}} is one segment */
    unsigned methods;       /* of enum route_method */
    const char *allow;      /* the same as text: "GET,HEAD" */
    enum route_right right;
    const char *doc;
}};

/* A route with aliases has several rows. The first that fits wins. */
extern const struct route_def route_table[];
extern const size_t route_table_count;
extern const char *const route_names[ROUTE_COUNT + 1]; /* by id; the last is "none" */

#endif
"""


def routes_source(routes):
    out = [HEAD % "routes.toml", '#include "def/routes.h"\n',
           "const struct route_def route_table[] = {"]
    for route in routes:
        mask = " | ".join(f"ROUTE_METHOD_{method}" for method in route["methods"])
        for path in [route["path"], *route.get("aliases", [])]:
            out.append(f"    {{ROUTE_{upper(route['id'])}, {c_str(path)},\n     {mask},\n"
                       f"     {c_str(','.join(route['methods']))}, "
                       f"ROUTE_RIGHT_{route['right'].upper()},\n"
                       f"     {c_str(one_line(route['doc']))}}},")
    out.append("};\nconst size_t route_table_count = sizeof(route_table) / sizeof(route_table[0]);\n")
    out.append("const char *const route_names[ROUTE_COUNT + 1] = {")
    out += [f"    [ROUTE_{upper(route['id'])}] = {c_str(route['id'])}," for route in routes]
    out.append('    [ROUTE_NONE] = "none",\n};\n')
    return "\n".join(out)


def routes_docs(routes):
    out = ["# Routes\n", """\
Who may use a route: *anyone*; *local*, callers on the same machine; *role*, decided table by table
from the caller's role; *nobody*, switched off.

| path | methods | who | what |
|---|---|---|---|"""]
    out += [f"| `{route['path']}` | {', '.join(route['methods'])} | {route['right']} "
            f"| {one_line(route['doc'])} |" for route in routes]
    return "\n".join(out) + "\n"


# --- metrics -------------------------------------------------------------------------------------


def read_metrics(def_dir, routes, version):
    data = load(def_dir, "metrics.toml")
    sources = {
        "route": [route["id"] for route in routes] + ["none"],
        "status": [str(status) for status in data["statuses"]] + ["other"],
    }
    metrics = data["metric"]
    unique(metrics, "id", "metrics.toml")
    unique(metrics, "name", "metrics.toml")
    for metric in metrics:
        place = f"metrics.toml: {metric.get('id')}"
        need(metric, place, "id", "name", "type", "help")
        only(metric, place, {"id", "name", "type", "help", "labels", "buckets", "scale"})
        if metric["type"] not in METRIC_TYPES:
            raise DefError(f"{place}: type {metric['type']!r} isn't one of {METRIC_TYPES}")
        if metric["type"] == "counter" and not metric["name"].endswith("_total"):
            raise DefError(f"{place}: the name of a counter ends in _total")
        if (metric["type"] == "histogram") != ("buckets" in metric):
            raise DefError(f"{place}: a histogram, and nothing else, has buckets")
        if len(metric.get("labels", [])) > 2:
            raise DefError(f"{place}: more than two labels")
        metric["bounds"] = data["buckets"][metric["buckets"]] if "buckets" in metric else []
        for label in metric.get("labels", []):
            values = label["values"]
            label["list"] = sources[values] if isinstance(values, str) else [
                value.replace("${version}", version) for value in values]
    return metrics, data["statuses"]


def metrics_header(metrics):
    ids = "\n".join(f"    METRIC_{upper(metric['id'])}," for metric in metrics)
    labels = []
    for metric in metrics:
        for label in metric.get("labels", []):
            if not isinstance(label["values"], str) and len(label["list"]) > 1:
                prefix = f"METRIC_{upper(metric['id'])}_{upper(label['name'])}"
                names = ", ".join(f"{prefix}_{upper(value)}" for value in label["list"])
                labels.append(f"enum {{ {names} }};")
    label_enums = "\n".join(labels)
    return HEAD % "metrics.toml" + f"""\
#ifndef CAIRN_DEF_METRICS_H
#define CAIRN_DEF_METRICS_H

#include <stddef.h>

enum metric_id {{
{ids}
    METRIC_COUNT
}};

enum metric_type {{ METRIC_TYPE_COUNTER, METRIC_TYPE_GAUGE, METRIC_TYPE_HISTOGRAM }};

#define METRIC_LABELS_MAX 2

struct metric_label_def {{
    const char *name;
    const char *const *values;
    size_t value_count;
}};

struct metric_def {{
    const char *name;
    const char *help;
    enum metric_type type;
    struct metric_label_def labels[METRIC_LABELS_MAX];
    size_t label_count;
    const double *buckets; /* upper bounds, rising; +Inf is implied */
    size_t bucket_count;
    double scale;          /* what one counted unit is worth in the metric's unit */
}};

extern const struct metric_def metric_defs[METRIC_COUNT];

/* Positions of label values. */
{label_enums}

/* Position of a status in the "status" labels; the last position stands for all others. */
size_t metric_status_index(int status);

#endif
"""


def metrics_source(metrics, statuses):
    out = [HEAD % "metrics.toml", '#include "def/metrics.h"\n']
    lists, bounds = {}, {}
    for metric in metrics:
        for label in metric.get("labels", []):
            key = tuple(label["list"])
            if key not in lists:
                lists[key] = f"values_{len(lists)}"
                values = ", ".join(c_str(value) for value in key)
                out.append(f"static const char *const {lists[key]}[] = {{{values}}};")
        key = tuple(metric["bounds"])
        if key and key not in bounds:
            bounds[key] = f"buckets_{metric['buckets']}"
            out.append(f"static const double {bounds[key]}[] = {{{', '.join(map(repr, key))}}};")
    out.append("\nconst struct metric_def metric_defs[METRIC_COUNT] = {")
    for metric in metrics:
        labels = ", ".join(
            f"{{{c_str(label['name'])}, {lists[tuple(label['list'])]}, {len(label['list'])}}}"
            for label in metric.get("labels", []))
        text = (f"    [METRIC_{upper(metric['id'])}] = {{.name = {c_str(metric['name'])},\n"
                f"     .help = {c_str(one_line(metric['help']))},\n"
                f"     .type = METRIC_TYPE_{metric['type'].upper()}, "
                f".scale = {float(metric.get('scale', 1))!r}")
        if labels:
            text += f",\n     .labels = {{{labels}}}, .label_count = {len(metric['labels'])}"
        if metric["bounds"]:
            name = bounds[tuple(metric["bounds"])]
            text += f",\n     .buckets = {name}, .bucket_count = {len(metric['bounds'])}"
        out.append(text + "},")
    out.append("};\n\nsize_t\nmetric_status_index(int status)\n{\n    switch (status) {")
    for index, status in enumerate(statuses):
        out.append(f"    case {status}:\n        return {index};")
    out.append(f"    default:\n        return {len(statuses)};\n    }}\n}}\n")
    return "\n".join(out)


def metrics_docs(metrics):
    out = ["# Metrics\n", """\
Served at `/metrics` in Prometheus' text form, to callers on the same machine.

| name | type | labels | meaning |
|---|---|---|---|"""]
    for metric in metrics:
        labels = ", ".join(f"`{label['name']}`" for label in metric.get("labels", []))
        out.append(f"| `{metric['name']}` | {metric['type']} | {labels} "
                   f"| {one_line(metric['help'])} |")
    return "\n".join(out) + "\n"


# --- commands ------------------------------------------------------------------------------------


def read_commands(def_dir):
    data = load(def_dir, "commands.toml")
    commands = data["command"]
    unique(commands, "name", "commands.toml")
    common = {flag["name"]: flag for flag in data["flag"]}
    parents = {command["name"] for command in commands if "args" not in command}
    known = {"name", "run", "args", "args_min", "args_max", "summary", "doc", "examples", "config",
             "flags"}
    for command in commands:
        place = f"commands.toml: {command.get('name')}"
        need(command, place, "name", "summary", "doc")
        only(command, place, known)
        command["doc"] = "\n\n".join(one_line(part) for part in command["doc"].split("\n\n"))
        parent = command["name"].rpartition(" ")[0]
        if parent and parent not in parents:
            raise DefError(f"{place}: {parent!r} isn't a command that can have subcommands")
        for flag in command.get("flags", []):
            need(flag, f"{place}: flag {flag.get('name')}", "name", "doc")
        command["parent"] = parent
    return commands, list(common.values())


def commands_header(commands):
    runs = [f"int cli_{command['run']}(struct cli *cli);" for command in commands
            if "run" in command]
    lines = "\n".join(sorted(set(runs)))
    return HEAD % "commands.toml" + f"""\
#ifndef CAIRN_DEF_COMMANDS_H
#define CAIRN_DEF_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>

struct cli;

struct command_flag_def {{
    const char *name;       /* without the dashes */
    const char *short_name; /* one letter, or NULL */
    const char *value;      /* what it takes, in capitals, or NULL for a switch */
    const char *doc;
}};

struct command_def {{
    const char *name;   /* "config", "config show" */
    const char *parent; /* "" at the top */
    const char *args;   /* as shown in the usage line, or "" */
    size_t args_min;
    size_t args_max;
    const char *summary;
    const char *doc;    /* paragraphs separated by an empty line */
    const char *const *examples; /* NULL-terminated */
    const struct command_flag_def *flags;
    size_t flag_count;
    bool takes_config;  /* --KEY=VALUE for every option */
    int (*run)(struct cli *cli); /* NULL: it only has subcommands */
}};

extern const struct command_def command_table[];
extern const size_t command_count;

/* Flags that every command takes. */
extern const struct command_flag_def command_common_flags[];
extern const size_t command_common_flag_count;

{lines}

#endif
"""


def c_flag(flag):
    return (f"    {{{c_str(flag['name'])}, {c_str(flag.get('short'))}, {c_str(flag.get('value'))},\n"
            f"     {c_str(one_line(flag['doc']))}}},")


def commands_source(commands, common):
    out = [HEAD % "commands.toml", '#include "def/commands.h"\n']
    out.append("const struct command_flag_def command_common_flags[] = {")
    out += [c_flag(flag) for flag in common]
    out.append("};\nconst size_t command_common_flag_count = "
               "sizeof(command_common_flags) / sizeof(command_common_flags[0]);\n")
    for command in commands:
        name = c_name(command["name"])
        examples = "".join(c_str(example) + ", " for example in command.get("examples", []))
        out.append(f"static const char *const {name}_examples[] = {{{examples}NULL}};")
        if "flags" in command:
            out.append(f"static const struct command_flag_def {name}_flags[] = {{")
            out += [c_flag(flag) for flag in command["flags"]]
            out.append("};")
    out.append("\nconst struct command_def command_table[] = {")
    for command in commands:
        name = c_name(command["name"])
        text = (f"    {{.name = {c_str(command['name'])}, .parent = {c_str(command['parent'])},\n"
                f"     .args = {c_str(command.get('args', ''))}, "
                f".args_min = {command.get('args_min', 0)}, "
                f".args_max = {command.get('args_max', 0)},\n"
                f"     .summary = {c_str(command['summary'])},\n"
                f"     .doc = {c_str(command['doc'])},\n"
                f"     .examples = {name}_examples")
        if "flags" in command:
            text += f",\n     .flags = {name}_flags, .flag_count = {len(command['flags'])}"
        if command.get("config"):
            text += ",\n     .takes_config = true"
        if "run" in command:
            text += f",\n     .run = cli_{command['run']}"
        out.append(text + "},")
    out.append("};\nconst size_t command_count = sizeof(command_table) / sizeof(command_table[0]);\n")
    return "\n".join(out)


def commands_docs(commands, common):
    out = ["# Commands\n", """\
Data goes to stdout, everything for people to stderr. Exit codes: 0 done, 1 failed, 4 usage or
configuration.

Every command takes:
"""]
    out += [f"- `--{flag['name']}`: {one_line(flag['doc'])}" for flag in common]
    out.append("")
    for command in commands:
        args = f" {command['args']}" if command.get("args") else ""
        out.append(f"## `cairn {command['name']}{args}`\n\n{command['summary']}.\n")
        out.append(command["doc"] + "\n")
        for flag in command.get("flags", []):
            value = f"={flag['value']}" if "value" in flag else ""
            out.append(f"- `--{flag['name']}{value}`: {one_line(flag['doc'])}")
        if command.get("config"):
            out.append("- `--KEY=VALUE`: any option of the [configuration](configuration.md)")
        if "examples" in command:
            out.append("\n```\n" + "\n".join(command["examples"]) + "\n```\n")
    return "\n".join(out) + "\n"


# --- all -----------------------------------------------------------------------------------------


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
    return {
        "configuration.md": config_docs(options, groups),
        "errors.md": errors_docs(kinds, codes),
        "routes.md": routes_docs(routes),
        "metrics.md": metrics_docs(metrics),
        "commands.md": commands_docs(commands, common),
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
        (out_dir / name).write_text(text, encoding="ascii", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
