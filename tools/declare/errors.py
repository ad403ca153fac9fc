# SPDX-License-Identifier: Apache-2.0
"""def/errors.toml: kinds of errors and their codes."""

from declare.common import HEAD, c_str, load, need, one_line, unique

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
