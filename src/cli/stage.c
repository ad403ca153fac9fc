/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stage.h"

#include "cli/wrap.h"
#include "lifecycle/date.h"

#include <sys/ioctl.h>
#include <unistd.h>

enum { OUTPUT_MAX = 4 * 1024 * 1024, WIDTH_DEFAULT = 100, WIDTH_MIN = 60, WIDTH_MAX = 140 };

static void
say_catalogue_errors(const struct cli *cli, const struct catalogue_errors *errors)
{
    for (size_t i = 0; i < errors->count; i++) {
        cli_say(cli, CLI_MARK_BAD, "%s: %s", errors->items[i].where, errors->items[i].message);
        if (errors->items[i].hint != NULL)
            cli_say_hint(cli, "%s", errors->items[i].hint);
    }
}

bool
stage_load(struct cli *cli, struct project *out)
{
    struct catalogue_errors errors = {0};
    struct config *config;
    struct err err = {0};

    if (!cli_load_config(cli, &config))
        return false;
    if (!project_load(config, cli->arena, out, &errors, &err)) {
        say_catalogue_errors(cli, &errors);
        if (err.kind != ERR_NONE)
            cli_fail(cli, &err);
        return false;
    }
    for (size_t i = 0; i < out->evidence.fault_count; i++)
        cli_say(cli, CLI_MARK_WARN, EVIDENCE_DIR "/%s is not used: %s",
                out->evidence.faults[i].file, out->evidence.faults[i].why);

    return true;
}

int
stage_save(struct cli *cli, const struct project *project)
{
    struct err err = {0};

    return record_save(project->config->dir, &project->record, &err) ? CLI_DONE
                                                                     : cli_fail(cli, &err);
}

const struct lifecycle_row *
stage_find_row(struct cli *cli, const struct project *project, const char *id)
{
    const struct lifecycle_row *row = catalogue_find(&project->catalogue, str_from(id));
    const struct lifecycle_row *near = NULL;
    const char *hint = "cairn check lists the rows";
    const char *suggested;
    bool is_known;

    if (row != NULL)
        return row;
    is_known = catalogue_search(&project->catalogue, str_from(id), &near, 1) == 1;
    if (is_known && catalogue_find(&project->catalogue, str_from(near->id)) != NULL)
        suggested = near->id;
    else
        suggested = catalogue_suggest(&project->catalogue, str_from(id));
    if (suggested != NULL)
        hint = arena_printf(cli->arena, "did you mean %s?", suggested).data;
    else if (is_known)
        hint = arena_printf(cli->arena,
                            "no check is about that; cairn advise %s says whether it is needed",
                            near->id)
                   .data;
    cli_fail_usage(cli, hint, "there is no row '%s'", id);

    return NULL;
}

const char *
stage_get_day(struct cli *cli, const struct project *project, const char *flag)
{
    const char *day = cli_get_flag(cli, flag);

    if (day == NULL)
        return "";
    if (!date_is_valid(str_from(day))) {
        cli_fail_usage(cli, "write it as 2027-01-31", "--%s: '%s' is no day", flag, day);
        return NULL;
    }
    if (strcmp(day, project->today) < 0) {
        cli_fail_usage(cli, "choose a day to come", "--%s: %s is past", flag, day);
        return NULL;
    }

    return day;
}

enum cli_mark
stage_mark(enum verdict_status status)
{
    static const enum cli_mark marks[VERDICT_STATUS_COUNT] = {
        [VERDICT_PASS] = CLI_MARK_OK,         [VERDICT_FAIL] = CLI_MARK_BAD,
        [VERDICT_UNKNOWN] = CLI_MARK_UNKNOWN, [VERDICT_STALE] = CLI_MARK_UNKNOWN,
        [VERDICT_WAIVED] = CLI_MARK_WARN,     [VERDICT_NOT_YET] = CLI_MARK_NONE,
    };

    return marks[status];
}

/* --- text on stdout --------------------------------------------------------------------------- */

void
page_init(struct page *page)
{
    const char *columns = getenv("COLUMNS");
    struct winsize size = {0};
    const char *term = getenv("TERM");
    uint64_t width = 0;

    buf_init(&page->out, OUTPUT_MAX);
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
        width = size.ws_col;
    else if (columns != NULL && !str_to_u64(str_from(columns), &width))
        width = 0;
    page->width = width == 0          ? WIDTH_DEFAULT
                  : width < WIDTH_MIN ? WIDTH_MIN
                                      : (unsigned)(width > WIDTH_MAX ? WIDTH_MAX : width);
    page->color = isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == NULL && term != NULL &&
                  strcmp(term, "dumb") != 0;
}

int
page_print(const struct cli *cli, struct page *page)
{
    int code = cli_print(cli, &page->out);

    buf_fini(&page->out);

    return code;
}

void
page_mark(struct page *page, enum cli_mark mark)
{
    const char *sign = mark == CLI_MARK_NONE ? "\xe2\x80\x93" : cli_mark_sign(mark);

    if (page->color)
        buf_printf(&page->out, "%s%s\x1b[0m", cli_mark_color(mark), sign);
    else
        buf_add_str(&page->out, str_from(sign));
}

void
page_dim(struct page *page, const char *text)
{
    buf_printf(&page->out, "%s%s%s", page->color ? "\x1b[2m" : "", text,
               page->color ? "\x1b[0m" : "");
}

void
page_cell(struct page *page, const char *text, unsigned width)
{
    unsigned count;
    size_t bytes = wrap_bytes_of(text, width, &count);

    if (text[bytes] != '\0' && width > 0) {
        bytes = wrap_bytes_of(text, width - 1, &count);
        buf_add(&page->out, text, bytes);
        BUF_ADD_LIT(&page->out, "\xe2\x80\xa6");
        count++;
    } else {
        buf_add(&page->out, text, bytes);
    }
    for (; count < width; count++)
        buf_add_char(&page->out, ' ');
}

/* How many columns stand in the last line of the page already; colours take none. */
static unsigned
count_columns(const struct page *page)
{
    size_t at = page->out.len;
    unsigned columns = 0;

    while (at > 0 && page->out.data[at - 1] != '\n')
        at--;
    for (; at < page->out.len; at++) {
        unsigned char c = (unsigned char)page->out.data[at];

        if (c == 0x1b) {
            while (at < page->out.len && page->out.data[at] != 'm')
                at++;
        } else {
            columns += (c & 0xc0) != 0x80;
        }
    }

    return columns;
}

static unsigned
room_after(const struct page *page, unsigned columns)
{
    return page->width > columns + 20 ? page->width - columns : 20;
}

void
page_wrap(struct page *page, const char *text, unsigned indent)
{
    wrap_write(&page->out, text, room_after(page, count_columns(page)), room_after(page, indent),
               indent);
}
