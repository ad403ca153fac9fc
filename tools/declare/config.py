# SPDX-License-Identifier: Apache-2.0
"""def/config.toml: the options."""

import json
import re

from declare.common import (
    DefError, HEAD, STAGES, c_name, c_str, load, need, one_line, only, unique, upper,
)

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
    "map": "struct config_list",
    "address": "struct config_address",
    "secret": "const char *",
}


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
        counted = option["type"] in ("string", "secret", "list", "map")
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
    const char **items; /* of a map "name=value" */
    size_t count;
};

struct config_address {
    const char *text; /* as given: "127.0.0.1:8080", "[::1]:8080" */
    const char *host; /* without brackets; "" means every address */
    uint16_t port;
    bool is_loopback;
};

enum config_database_engine { CONFIG_ENGINE_SQLITE, CONFIG_ENGINE_POSTGRES };
/* What auth.jwks is. */
enum config_jwks { CONFIG_JWKS_NONE, CONFIG_JWKS_TEXT, CONFIG_JWKS_FILE, CONFIG_JWKS_URL };

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
    enum config_jwks auth_jwks_is;
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
    bool mask_jwks; /* keys that stand there themselves are masked */
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
            ("mask_url", option.get("mask") == "url"),
            ("mask_jwks", option.get("mask") == "jwks"), ("is_name", option.get("pattern") == "name"),
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
    elif kind == "map":
        row.update(type="object", additionalProperties={"type": ["string", "number", "boolean"]},
                   maxProperties=option["c_max"])
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
