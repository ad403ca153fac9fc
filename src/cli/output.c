/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person reads on stderr, and data on stdout.
 */
#include <errno.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/wrap.h"
#include "core/clock.h"
#include "def/errors.h"
#include "lifecycle/date.h"
#include "lifecycle/record.h"

enum { TEXT_MAX = 64 * 1024, WIDTH_DEFAULT = 80, WIDTH_MIN = 40 };

static const struct {
    const char *sign;
    const char *color;
} marks[] = {
    [CLI_MARK_OK] = {"\xe2\x9c\x93", "\x1b[32m"},
    [CLI_MARK_WARN] = {"!", "\x1b[33m"},
    [CLI_MARK_BAD] = {"\xe2\x9c\x97", "\x1b[31m"},
    [CLI_MARK_UNKNOWN] = {"?", "\x1b[36m"},
    [CLI_MARK_NONE] = {" ", ""},
};

const char *
cli_mark_sign(enum cli_mark mark)
{
    return marks[mark].sign;
}

const char *
cli_mark_color(enum cli_mark mark)
{
    return marks[mark].color;
}

unsigned
cli_get_width(int fd)
{
    struct winsize size = {0};

    if (isatty(fd) != 1)
        return 0;
    if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return WIDTH_DEFAULT;

    return size.ws_col < WIDTH_MIN ? WIDTH_MIN : size.ws_col;
}

/* After two columns: on a terminal in its lines, elsewhere in one, for programs that look for
 * it. */
static void say_text(const char *fmt, va_list args, const char *end) PRINTF_LIKE(1, 0);

static void
say_text(const char *fmt, va_list args, const char *end)
{
    unsigned width = cli_get_width(STDERR_FILENO);
    char text[TEXT_MAX];
    struct buf out;

    vsnprintf(text, sizeof(text), fmt, args);
    buf_init(&out, 2 * TEXT_MAX);
    if (width > 0)
        wrap_write(&out, text, width - 2, width - 2, 2);
    else
        buf_printf(&out, "%s\n", text);
    fprintf(stderr, "%.*s%s\n", (int)(out.len > 0 ? out.len - 1 : 0), out.data, end);
    buf_fini(&out);
}

static void say(const struct cli *cli, enum cli_mark mark, const char *fmt, va_list args)
    PRINTF_LIKE(3, 0);

static void
say(const struct cli *cli, enum cli_mark mark, const char *fmt, va_list args)
{
    bool color = cli->color && mark != CLI_MARK_NONE;

    fprintf(stderr, "%s%s%s ", color ? marks[mark].color : "", marks[mark].sign,
            color ? "\x1b[0m" : "");
    say_text(fmt, args, "");
}

void
cli_say(const struct cli *cli, enum cli_mark mark, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    say(cli, mark, fmt, args);
    va_end(args);
}

void
cli_say_hint(const struct cli *cli, const char *fmt, ...)
{
    va_list args;

    fputs(cli->color ? "  \x1b[2m" : "  ", stderr);
    va_start(args, fmt);
    say_text(fmt, args, cli->color ? "\x1b[0m" : "");
    va_end(args);
}

/* The columns of the terminal on stderr; 0 when there is none that can go back in a line. */
static unsigned
progress_width(void)
{
    const char *term = getenv("TERM");

    return term != NULL && strcmp(term, "dumb") != 0 ? cli_get_width(STDERR_FILENO) : 0;
}

void
cli_say_progress(const char *fmt, ...)
{
    unsigned width = progress_width();
    char text[512];
    va_list args;

    if (width < 2)
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    fprintf(stderr, "\r\x1b[K%.*s", (int)width - 1, text);
}

void
cli_clear_progress(void)
{
    if (progress_width() > 0)
        fputs("\r\x1b[K", stderr);
}

int
cli_fail(const struct cli *cli, const struct err *err)
{
    cli_say(cli, CLI_MARK_BAD, "%s", err->message);
    if (err->has_details && !err->details_is_json)
        cli_say_hint(cli, "%s", err->details);
    if (err->has_hint)
        cli_say_hint(cli, "%s", err->hint);

    return (unsigned)err->kind < ERROR_KIND_COUNT && err->kind != ERR_NONE
               ? error_kinds[err->kind].exit_code
               : CLI_FAILED;
}

int
cli_fail_usage(const struct cli *cli, const char *hint, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    say(cli, CLI_MARK_BAD, fmt, args);
    va_end(args);
    if (hint != NULL)
        cli_say_hint(cli, "%s", hint);

    return CLI_USAGE;
}

int
cli_print(const struct cli *cli, const struct buf *out)
{
    struct err err = {0};

    if (fwrite(out->data, 1, out->len, stdout) == out->len && fflush(stdout) == 0)
        return CLI_DONE;
    err_set_errno(&err, ERR_IO, errno, "unable to write to stdout");

    return cli_fail(cli, &err);
}

void
cli_say_config_errors(const struct cli *cli, const struct config_errors *errors)
{
    for (size_t i = 0; i < errors->count; i++) {
        const struct config_error *error = &errors->items[i];

        cli_say(cli, CLI_MARK_BAD, "%s: %s", error->where, error->message);
        if (error->hint != NULL)
            cli_say_hint(cli, "%s", error->hint);
    }
}

void
cli_say_time_box(const struct cli *cli, const struct config *config)
{
    char today[DATE_SIZE];
    struct record record;
    struct err err = {0};

    /* A record that can't be read is said by the commands that need it. */
    if (!record_load(config->dir, cli->arena, &record, &err))
        return;
    date_from_us(clock_wall_us(), today);
    if (record.poc.ends[0] == '\0' || record.poc.decision[0] != '\0' ||
        strcmp(record.poc.ends, today) >= 0)
        return;
    cli_say(cli, CLI_MARK_WARN, "the proof of concept ended on %s, and nothing was decided",
            record.poc.ends);
    cli_say_hint(cli, "cairn poc decide proceed|pivot|abandon --reason TEXT --by NAME");
}

/* What ends or moves the time-box needs no reminder. */
static bool
is_about_time_box(const struct cli *cli)
{
    return strcmp(cli->command->name, "poc decide") == 0 ||
           strcmp(cli->command->name, "poc start") == 0;
}

bool
cli_load_config(struct cli *cli, struct config **out)
{
    struct config_errors errors;
    const struct config_sources sources = {
        .environ = cli->environ,
        .flags = cli->config_flags,
        .flag_count = cli->config_flag_count,
    };

    if (config_load(&sources, cli->arena, out, &errors)) {
        if (!is_about_time_box(cli) && !cli->has_config)
            cli_say_time_box(cli, *out);
        cli->has_config = true;
        return true;
    }
    cli_say_config_errors(cli, &errors);

    return false;
}
