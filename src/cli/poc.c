/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cairn poc: what a proof of concept has to have from its first day, and the decision at its end.
 */
#include "cli/poc_report.h"
#include "cli/stage.h"
#include "io/file.h"
#include "lifecycle/criterion.h"
#include "lifecycle/date.h"
#include "lifecycle/gaps.h"

#include <math.h>

enum { WEEKS_MAX = 8, ITEMS_MAX = 200, TEXT_MAX = 1000 };

static bool
is_text(struct cli *cli, const char *text)
{
    if (text[0] != '\0' && strlen(text) <= TEXT_MAX && str_is_utf8(str_from(text)))
        return true;
    cli_fail_usage(cli, NULL, "a text of 1 to %d bytes is needed", TEXT_MAX);

    return false;
}

static bool
has_room(struct cli *cli, size_t count)
{
    if (count < ITEMS_MAX)
        return true;
    cli_fail_usage(cli, "a proof of concept answers a few questions", "there are %d already",
                   ITEMS_MAX);

    return false;
}

/* --- the time-box ----------------------------------------------------------------------------- */

static void
say_milestones(const struct cli *cli, const struct poc *poc)
{
    char day[DATE_SIZE];

    for (unsigned i = 0; i < POC_MILESTONES; i++) {
        const char *what = poc_milestone(poc, i, day);

        cli_say(cli, CLI_MARK_NONE, "%s  %s", day, what);
    }
}

int
cli_poc_start(struct cli *cli)
{
    const char *given = cli_get_flag(cli, "weeks");
    char *ends = arena_alloc(cli->arena, DATE_SIZE);
    struct project project;
    uint64_t weeks = 4;
    struct poc *poc;
    int code;

    if (!stage_load(cli, &project))
        return CLI_USAGE;
    poc = &project.record.poc;
    if (given != NULL && (!str_to_u64(str_from(given), &weeks) || weeks < 1 || weeks > 52))
        return cli_fail_usage(cli, "2, 4 or 8 are usual", "--weeks: '%s' is not 1 to 52", given);
    if (poc->started[0] != '\0' && !cli_has_flag(cli, "again"))
        return cli_fail_usage(cli, "to begin anew: --again", "it began on %s and ends on %s",
                              poc->started, poc->ends);
    date_add_days(project.today, (int)weeks * 7, ends);
    poc->started = project.today;
    poc->ends = ends;
    poc->weeks = (unsigned)weeks;
    poc->decision = poc->decision_by = poc->decision_on = poc->decision_reason = "";
    code = stage_save(cli, &project);
    if (code != CLI_DONE)
        return code;
    cli_say(cli, CLI_MARK_OK, "the proof of concept ends on %s", ends);
    say_milestones(cli, poc);
    if (weeks > WEEKS_MAX)
        cli_say(cli, CLI_MARK_WARN,
                "past 8 weeks the scope is too large, or it has become a project");
    if (poc->question_count == 0)
        cli_say_hint(cli, "next: cairn poc question 'What has to be proven?'");

    return CLI_DONE;
}

/* --- questions and criteria ------------------------------------------------------------------- */

int
cli_poc_question(struct cli *cli)
{
    struct project project;
    struct poc *poc;

    if (!stage_load(cli, &project) || !is_text(cli, cli->args[0]))
        return CLI_USAGE;
    poc = &project.record.poc;
    if (!has_room(cli, poc->question_count))
        return CLI_USAGE;
    *RECORD_ADD(cli->arena, poc->questions, poc->question_count) = cli->args[0];
    if (stage_save(cli, &project) != CLI_DONE)
        return CLI_FAILED;
    cli_say(cli, CLI_MARK_OK, "question %zu: %s", poc->question_count, cli->args[0]);
    cli_say_hint(cli, "what answers it: cairn poc criterion throughput '>=' 100, or a text");

    return CLI_DONE;
}

static bool
parse_figure(struct cli *cli, struct poc_criterion *criterion)
{
    const char *op = cli->args[1];
    char *end;

    if (strcmp(op, ">=") != 0 && strcmp(op, "<=") != 0 && strcmp(op, ">") != 0 &&
        strcmp(op, "<") != 0) {
        cli_fail_usage(cli, "quote it for the shell: '>='", "'%s' is not >=, <=, > or <", op);
        return false;
    }
    criterion->figure = cli->args[0];
    criterion->op = op;
    criterion->value = strtod(cli->args[2], &end);
    if (end == cli->args[2] || *end != '\0' || !isfinite(criterion->value)) {
        cli_fail_usage(cli, NULL, "'%s' is no number", cli->args[2]);
        return false;
    }
    if (criterion_find_figure(criterion->figure) != NULL)
        return true;
    cli_fail_usage(cli,
                   arena_printf(cli->arena, "%s are measured; anything else is a text in quotes",
                                criterion_figures)
                       .data,
                   "nothing measures '%s'", criterion->figure);

    return false;
}

int
cli_poc_criterion(struct cli *cli)
{
    struct poc_criterion criterion = {
        .text = cli->args[0], .figure = "", .op = "", .met_by = "", .met_on = ""};
    struct project project;
    struct poc *poc;

    if (!stage_load(cli, &project))
        return CLI_USAGE;
    poc = &project.record.poc;
    if (cli->arg_count == 2)
        return cli_fail_usage(cli, "cairn poc criterion throughput '>=' 100",
                              "a figure takes three words, a text one");
    if (cli->arg_count == 3) {
        if (!parse_figure(cli, &criterion))
            return CLI_USAGE;
        criterion.text =
            arena_printf(cli->arena, "%s %s %s", cli->args[0], cli->args[1], cli->args[2]).data;
    }
    if (!is_text(cli, criterion.text) || !has_room(cli, poc->criterion_count))
        return CLI_USAGE;
    *RECORD_ADD(cli->arena, poc->criteria, poc->criterion_count) = criterion;
    if (stage_save(cli, &project) != CLI_DONE)
        return CLI_FAILED;
    cli_say(cli, CLI_MARK_OK, "criterion %zu: %s", poc->criterion_count, criterion.text);
    if (criterion.figure[0] != '\0')
        cli_say_hint(cli, "measured by: cairn check --stage=mvp");
    else
        cli_say_hint(cli, "when it is judged: cairn poc judge %zu met --by NAME",
                     poc->criterion_count);

    return CLI_DONE;
}

int
cli_poc_judge(struct cli *cli)
{
    const char *by = cli_get_flag(cli, "by");
    struct poc_criterion *criterion;
    struct project project;
    uint64_t number;
    bool met;

    if (!stage_load(cli, &project))
        return CLI_USAGE;
    met = strcmp(cli->args[1], "met") == 0;
    if (!str_to_u64(str_from(cli->args[0]), &number) || number == 0 ||
        number > project.record.poc.criterion_count)
        return cli_fail_usage(cli, "cairn poc lists them", "there is no criterion '%s'",
                              cli->args[0]);
    if (!met && strcmp(cli->args[1], "missed") != 0)
        return cli_fail_usage(cli, "cairn poc judge 2 met --by NAME", "'%s' is not met or missed",
                              cli->args[1]);
    if (by == NULL || by[0] == '\0')
        return cli_fail_usage(cli, "add --by=NAME", "who says so?");
    criterion = &project.record.poc.criteria[number - 1];
    if (criterion->figure[0] != '\0')
        return cli_fail_usage(cli, "cairn check --stage=mvp",
                              "criterion %llu is measured, not judged", (unsigned long long)number);
    criterion->met = met;
    criterion->met_by = by;
    criterion->met_on = project.today;
    if (stage_save(cli, &project) != CLI_DONE)
        return CLI_FAILED;
    cli_say(cli, met ? CLI_MARK_OK : CLI_MARK_BAD, "%s: %s", criterion->text, cli->args[1]);

    return CLI_DONE;
}

static const char *
shown(const char *text)
{
    return text[0] != '\0' ? text : "not written down";
}

int
cli_poc_cost(struct cli *cli)
{
    const char *monthly = cli_get_flag(cli, "monthly");
    const char *teardown = cli_get_flag(cli, "teardown");
    struct project project;

    if (!stage_load(cli, &project))
        return CLI_USAGE;
    if (monthly == NULL && teardown == NULL)
        return cli_fail_usage(cli,
                              "cairn poc cost --monthly '40 EUR' --teardown 'stop the machine'",
                              "say --monthly or --teardown");
    if (monthly != NULL)
        project.record.poc.cost_monthly = monthly;
    if (teardown != NULL)
        project.record.poc.teardown = teardown;
    if (stage_save(cli, &project) != CLI_DONE)
        return CLI_FAILED;
    cli_say(cli, CLI_MARK_OK, "costs %s a month; to stop it: %s",
            shown(project.record.poc.cost_monthly), shown(project.record.poc.teardown));

    return CLI_DONE;
}

/* A list of the record, of any type. */
struct list {
    void *items;
    size_t size; /* of an item */
    size_t *count;
};

static bool
find_list(struct poc *poc, const char *kind, struct list *out)
{
    if (strcmp(kind, "question") == 0)
        *out = (struct list){poc->questions, sizeof(*poc->questions), &poc->question_count};
    else if (strcmp(kind, "criterion") == 0)
        *out = (struct list){poc->criteria, sizeof(*poc->criteria), &poc->criterion_count};
    else if (strcmp(kind, "left-out") == 0)
        *out = (struct list){poc->left_out, sizeof(*poc->left_out), &poc->left_out_count};
    else
        return false;

    return true;
}

/* Takes the item at a place, from 1 on, out. */
static void
take_out(const struct list *list, size_t number)
{
    char *at = (char *)list->items + (number - 1) * list->size;

    memmove(at, at + list->size, (*list->count - number) * list->size);
    (*list->count)--;
}

int
cli_poc_remove(struct cli *cli)
{
    const char *kind = cli->args[0];
    struct project project;
    struct list list;
    uint64_t number;

    if (!stage_load(cli, &project))
        return CLI_USAGE;
    if (!find_list(&project.record.poc, kind, &list))
        return cli_fail_usage(cli, "cairn poc remove criterion 2",
                              "'%s' is not question, criterion or left-out", kind);
    if (!str_to_u64(str_from(cli->args[1]), &number) || number == 0 || number > *list.count)
        return cli_fail_usage(cli, "cairn poc lists them", "there is no %s '%s'", kind,
                              cli->args[1]);
    take_out(&list, number);
    if (stage_save(cli, &project) != CLI_DONE)
        return CLI_FAILED;
    cli_say(cli, CLI_MARK_OK, "%s %s is off the record", kind, cli->args[1]);

    return CLI_DONE;
}

/* --- the decision ----------------------------------------------------------------------------- */

static int
write_report(struct cli *cli, const struct project *project)
{
    const struct {
        const char *file;
        void (*write)(const struct project *project, struct buf *out);
    } reports[] = {{"poc-report.md", poc_report_markdown}, {"poc-report.html", poc_report_html}};
    struct err err = {0};
    int code = CLI_DONE;

    for (size_t i = 0; i < COUNTOF(reports) && code == CLI_DONE; i++) {
        struct buf text;

        buf_init(&text, 4 * 1024 * 1024);
        reports[i].write(project, &text);
        if (file_replace(
                arena_printf(cli->arena, "%s/%s", project->config->dir, reports[i].file).data,
                buf_str(&text), 0644, &err))
            cli_say(cli, CLI_MARK_NONE, "wrote %s", reports[i].file);
        else
            code = cli_fail(cli, &err);
        buf_fini(&text);
    }

    return code;
}

int
cli_poc_decide(struct cli *cli)
{
    static const char *const decisions[] = {"proceed", "pivot", "abandon"};
    const char *reason = cli_get_flag(cli, "reason");
    const char *by = cli_get_flag(cli, "by");
    struct project project;
    struct poc *poc;
    bool known = false;
    int code;

    if (!stage_load(cli, &project))
        return CLI_USAGE;
    poc = &project.record.poc;
    for (size_t i = 0; i < COUNTOF(decisions); i++)
        known = known || strcmp(cli->args[0], decisions[i]) == 0;
    if (!known)
        return cli_fail_usage(cli, "cairn poc decide proceed --reason TEXT --by NAME",
                              "'%s' is not proceed, pivot or abandon", cli->args[0]);
    if (reason == NULL || by == NULL || reason[0] == '\0' || by[0] == '\0')
        return cli_fail_usage(cli, "add --reason TEXT --by NAME",
                              "a decision has a reason and someone who took it");
    poc->decision = cli->args[0];
    poc->decision_reason = reason;
    poc->decision_by = by;
    poc->decision_on = project.today;
    code = stage_save(cli, &project);
    if (code != CLI_DONE)
        return code;
    cli_say(cli, CLI_MARK_OK, "decided: %s", poc->decision);
    code = write_report(cli, &project);
    if (code == CLI_DONE && strcmp(poc->decision, "proceed") == 0)
        cli_say_hint(cli, "next: cairn promote mvp --plan");

    return code;
}

int
cli_poc_report(struct cli *cli)
{
    struct project project;

    return stage_load(cli, &project) ? write_report(cli, &project) : CLI_USAGE;
}

int
cli_poc_show(struct cli *cli)
{
    struct project project;
    struct page page;

    if (!stage_load(cli, &project))
        return CLI_USAGE;
    page_init(&page);
    if (cli->json)
        poc_report_json(&project, &page.out);
    else
        poc_report_text(&project, &page);

    return page_print(cli, &page);
}
