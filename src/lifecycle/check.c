/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/check.h"

#include <stdarg.h>

#include "core/interrupt.h"
#include "io/process.h"

enum { TEXT_MAX = 400, OUTPUT_MAX = 64 * 1024 };

size_t
check_count(void)
{
    return check_files_count + check_poc_count + check_config_count + check_history_count +
           check_schemas_count;
}

const struct check_def *
check_get(size_t i)
{
    const struct {
        const struct check_def *defs;
        size_t count;
    } tables[] = {
        {check_files, check_files_count},     {check_poc, check_poc_count},
        {check_config, check_config_count},   {check_history, check_history_count},
        {check_schemas, check_schemas_count},
    };
    size_t t = 0;

    while (i >= tables[t].count)
        i -= tables[t++].count;

    return &tables[t].defs[i];
}

const struct check_def *
check_find(const char *name)
{
    for (size_t i = 0; i < check_count(); i++) {
        if (strcmp(check_get(i)->name, name) == 0)
            return check_get(i);
    }

    return NULL;
}

static void say(const struct check_input *input, struct evidence *out,
                enum evidence_outcome outcome, const char *fmt, va_list args) PRINTF_LIKE(4, 0);

static void
say(const struct check_input *input, struct evidence *out, enum evidence_outcome outcome,
    const char *fmt, va_list args)
{
    char text[TEXT_MAX];

    vsnprintf(text, sizeof(text), fmt, args);
    out->outcome = outcome;
    out->measured = arena_cstr(input->arena, str_from(text));
}

void
check_pass(const struct check_input *input, struct evidence *out, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    say(input, out, EVIDENCE_PASS, fmt, args);
    va_end(args);
}

void
check_fail(const struct check_input *input, struct evidence *out, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    say(input, out, EVIDENCE_FAIL, fmt, args);
    va_end(args);
}

void
check_unknown(const struct check_input *input, struct evidence *out, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    say(input, out, EVIDENCE_UNKNOWN, fmt, args);
    va_end(args);
}

/* Text of a stranger's program, made fit for a line: its first line, printable, not too long. */
static const char *
first_line(struct arena *arena, struct str text)
{
    struct str line = str_trim(str_slice(text, 0, str_find_char(text, '\n', 0)));
    char *copy;

    line = str_slice(line, 0, TEXT_MAX / 2);
    while (line.len > 0 && !str_is_utf8(line))
        line.len--;
    copy = arena_cstr(arena, line);
    for (char *c = copy; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    }

    return copy;
}

void
check_run_command(const struct check_input *input, const struct lifecycle_row *row,
                  struct evidence *out)
{
    const struct process_options options = {.argv = row->command,
                                            .dir = input->config->dir,
                                            .out_fd = -1,
                                            .err_fd = -1,
                                            .gives_up = interrupt_is_asked};
    struct err err = {0};
    const char *line;
    struct buf text;
    int code = 0;

    buf_init(&text, OUTPUT_MAX);
    if (!process_run(&options, (int64_t)row->timeout_s * 1000, &text, &code, &err)) {
        check_unknown(input, out, "%s", err.message);
    } else {
        line = first_line(input->arena, buf_str(&text));
        if (code == 0)
            check_pass(input, out, "%s", line[0] != '\0' ? line : "exit code 0");
        else if (code == 1)
            check_fail(input, out, "%s", line[0] != '\0' ? line : "exit code 1");
        else
            check_unknown(input, out, "exit code %d%s%s", code, line[0] != '\0' ? ": " : "", line);
    }
    buf_fini(&text);
}
