/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/selftest.h"

#include "core/interrupt.h"
#include "drill/plant.h"
#include "drill/selftest.h"

enum {
    SELFTEST_OPEN = 3,
    SELFTEST_ABORTED = 5,
    NAME_WIDTH = 23,
    ROW_WIDTH = 24,
    INDENT = NAME_WIDTH + ROW_WIDTH + 5
};

#define NOT_DECIDED "not decided, the machine is busy: "

static void
say_progress(size_t done, size_t count)
{
    cli_say_progress("%3zu/%zu defects tried  (about two minutes)", done, count);
}

/* The row that a check is of, as people know it. */
static const char *
row_of(const struct catalogue *catalogue, const char *check)
{
    for (size_t i = 0; i < catalogue->count; i++) {
        const struct lifecycle_row *row = catalogue->rows[i];

        if (row->check != NULL && strcmp(row->check, check) == 0)
            return row->id;
    }

    return check;
}

static void
add_row(struct page *page, const struct catalogue *catalogue, const struct selftest_row *row)
{
    static const enum cli_mark marks[SELFTEST_RESULT_COUNT] = {[SELFTEST_SEEN] = CLI_MARK_OK,
                                                               [SELFTEST_MISSED] = CLI_MARK_BAD,
                                                               [SELFTEST_OTHERS] = CLI_MARK_WARN,
                                                               [SELFTEST_UNDECIDED] =
                                                                   CLI_MARK_UNKNOWN,
                                                               [SELFTEST_BROKEN] = CLI_MARK_BAD};
    static const char *const words[SELFTEST_RESULT_COUNT] = {[SELFTEST_SEEN] = "",
                                                             [SELFTEST_MISSED] = "not noticed: ",
                                                             [SELFTEST_OTHERS] = "not that alone: ",
                                                             [SELFTEST_UNDECIDED] = NOT_DECIDED,
                                                             [SELFTEST_BROKEN] =
                                                                 "red without it: "};
    char text[600];

    BUF_ADD_LIT(&page->out, " ");
    page_mark(page, marks[row->result]);
    BUF_ADD_LIT(&page->out, " ");
    page_cell(page, row->defect != NULL ? row->defect->name : "no defect", NAME_WIDTH);
    BUF_ADD_LIT(&page->out, " ");
    page_cell(page, row->defect != NULL ? row_of(catalogue, row->defect->check) : "", ROW_WIDTH);
    BUF_ADD_LIT(&page->out, " ");
    snprintf(text, sizeof(text), "%s%s", words[row->result], row->found);
    page_wrap(page, text, INDENT);
    if (row->also[0] == '\0')
        return;
    for (unsigned i = 0; i < INDENT; i++)
        buf_add_char(&page->out, ' ');
    snprintf(text, sizeof(text), "%s, because %s: %s", row->skips_also ? "not asked" : "and",
             row->defect->why, row->also);
    page_wrap(page, text, INDENT);
}

/* Rows that can be found out about, and have no defect. */
static void
add_without(struct page *page, const struct catalogue *catalogue)
{
    bool first = true;

    for (size_t i = 0; i < catalogue->count; i++) {
        const struct lifecycle_row *row = catalogue->rows[i];
        const char *why;

        if (row->check == NULL || selftest_has_defect(row->check) ||
            (check_find(row->check) == NULL && examiner_find(row->check) == NULL))
            continue;
        if (first)
            BUF_ADD_LIT(&page->out, "\n without a defect of their own:\n");
        first = false;
        why = selftest_explain(row->check);
        BUF_ADD_LIT(&page->out, " \xe2\x80\x93 ");
        page_cell(page, row->id, NAME_WIDTH);
        BUF_ADD_LIT(&page->out, " ");
        page_wrap(page, why != NULL ? why : "none is planted yet", NAME_WIDTH + 4);
    }
}

int
cli_run_selftest(struct cli *cli, const struct project *project, const char *only)
{
    const struct check_input input = {.config = project->config,
                                      .catalogue = &project->catalogue,
                                      .record = &project->record,
                                      .evidence = &project->evidence,
                                      .stage = LIFECYCLE_MVP,
                                      .today = project->today,
                                      .arena = cli->arena};
    struct selftest selftest;
    size_t seen = 0, undecided = 0;
    struct page page;
    bool ended;

    say_progress(0, 0);
    ended = selftest_run(&input, only, interrupt_is_asked, say_progress, &selftest);
    cli_clear_progress();
    if (!ended) {
        cli_say(cli, CLI_MARK_BAD, "interrupted: nothing was kept, and nothing is left behind");
        return SELFTEST_ABORTED;
    }
    page_init(&page);
    for (size_t i = 0; i < selftest.count; i++) {
        seen += selftest.rows[i].result == SELFTEST_SEEN;
        undecided += selftest.rows[i].result == SELFTEST_UNDECIDED;
        add_row(&page, &project->catalogue, &selftest.rows[i]);
    }
    if (only == NULL)
        add_without(&page, &project->catalogue);
    if (selftest.skipped > 0)
        buf_printf(&page.out, "\n %zu more can be planted on %s only\n", selftest.skipped,
                   project->config->database_engine == CONFIG_ENGINE_SQLITE ? "PostgreSQL"
                                                                            : "SQLite");
    if (undecided > 0)
        buf_printf(
            &page.out,
            "\n %zu not decided: something took too long, with sixteen times the patience, on "
            "a machine that has other work\n",
            undecided);
    buf_printf(&page.out, "\n %zu of %zu\n", seen, selftest.count);
    if (page_print(cli, &page) != CLI_DONE)
        return CLI_USAGE;

    return seen == selftest.count               ? CLI_DONE
           : seen + undecided == selftest.count ? SELFTEST_OPEN
                                                : CLI_FAILED;
}

/* --- a service with a defect ------------------------------------------------------------------ */

#define NO_DEFECT "none"

static bool
is_planted_in_files(const char *name)
{
    for (size_t i = 0; i < plant_defect_count(); i++) {
        if (strcmp(plant_get_defect(i)->name, name) == 0)
            return true;
    }

    return false;
}

/* What can be wrong with a service, or the reason why that can't. */
static bool
find_served(struct cli *cli, const char *name)
{
    const char *near = NULL;
    double best = 0.5;

    if (strcmp(name, NO_DEFECT) == 0)
        return true;
    for (size_t i = 0; i < defect_count; i++) {
        double similarity = str_similarity(str_from(name), str_from(defects[i].name));

        if (strcmp(defects[i].name, name) == 0 && !defects[i].has_history)
            return true;
        if (similarity > best) {
            best = similarity;
            near = defects[i].name;
        }
    }
    if (is_planted_in_files(name) || (near != NULL && strcmp(near, name) == 0))
        cli_fail_usage(cli, "cairn check --selftest plants it",
                       "unable to serve with '%s': it is a defect of files, not of a service",
                       name);
    else
        cli_fail_usage(cli,
                       near != NULL ? arena_printf(cli->arena, "did you mean %s?", near).data
                                    : "docs/reference/detection.md lists them; " NO_DEFECT
                                      " serves without one",
                       "unable to serve with '%s': there is no such defect", name);

    return false;
}

/* Serves with a defect; what the selftest starts. */
int
cli_defect(struct cli *cli)
{
    const char *command = cli->arg_count > 1 ? cli->args[1] : "serve";
    struct err err = {0};
    int code;

    if (!find_served(cli, cli->args[0]))
        return CLI_USAGE;
    if (strcmp(command, "serve") != 0 && strcmp(command, "dev") != 0)
        return cli_fail_usage(cli, "cairn defect NAME serve, or dev",
                              "unable to serve with '%s': it is no command that serves", command);
    if (getenv("CAIRN_LISTEN") == NULL)
        return cli_fail_usage(cli, "CAIRN_LISTEN=127.0.0.1:8081 cairn defect NAME",
                              "unable to serve with '%s': CAIRN_LISTEN doesn't say where",
                              cli->args[0]);
    code = defect_serve(cli->args[0], command, &err);

    return err.kind != ERR_NONE ? cli_fail(cli, &err) : code;
}
