# SPDX-License-Identifier: Apache-2.0
"""def/commands.toml: the command line."""

from declare.common import DefError, HEAD, c_name, c_str, load, need, one_line, only, unique

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
