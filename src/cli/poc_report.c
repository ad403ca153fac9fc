/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/poc_report.h"

#include "cli/adr.h"
#include "cli/html.h"
#include "core/json.h"
#include "lifecycle/criterion.h"
#include "lifecycle/date.h"
#include "lifecycle/report.h"

static const char *const states[] = {"open", "met", "missed"};

const char *
poc_milestone(const struct poc *poc, unsigned i, char *day)
{
    static const char *const steps[POC_MILESTONES] = {"the core feature works", "it can be shown",
                                                      "the criteria are measured", "decide"};

    date_add_days(poc->started, (int)poc->weeks * 7 * (int)(i + 1) / POC_MILESTONES, day);

    return steps[i];
}

/* A criterion with what it was held against. */
struct judged {
    const struct poc_criterion *criterion;
    enum criterion_state state;
    const struct evidence_figure *figure;
    const char *found; /* in words */
};

static struct judged
judge(const struct project *project, size_t at)
{
    struct judged out = {.criterion = &project->record.poc.criteria[at]};
    struct criterion_judgement judgement;
    char day[DATE_SIZE];

    criterion_judge(out.criterion, &project->evidence, &judgement);
    out.state = judgement.state;
    out.figure = judgement.figure;
    if (out.figure != NULL) {
        date_from_us(judgement.evidence->at_us, day);
        out.found = arena_printf(project->arena, "%.4g %s (%s, %s)", out.figure->value,
                                 out.figure->unit, judgement.evidence->row, day)
                        .data;
    } else if (out.criterion->met_by[0] != '\0') {
        out.found =
            arena_printf(project->arena, "%s, %s", out.criterion->met_by, out.criterion->met_on)
                .data;
    } else {
        out.found = out.criterion->figure[0] != '\0' ? "not measured yet" : "not judged yet";
    }

    return out;
}

static const struct adr_due *
list_decisions(const struct project *project, size_t *count)
{
    return adr_list_due(project->config->dir, &project->catalogue, LIFECYCLE_POC, project->arena,
                        count);
}

static const char *
record_of(const struct adr_due *due)
{
    return due->file != NULL ? due->file : "not written down";
}

/* --- a terminal ------------------------------------------------------------------------------- */

static void
add_texts(struct page *page, const char *title, const char *const *texts, size_t count)
{
    if (count == 0)
        return;
    buf_printf(&page->out, "\n");
    page_dim(page, title);
    BUF_ADD_LIT(&page->out, "\n");
    for (size_t i = 0; i < count; i++) {
        buf_printf(&page->out, " %2zu  ", i + 1);
        page_wrap(page, texts[i], 5);
    }
}

static void
add_heading(struct page *page, const char *title)
{
    BUF_ADD_LIT(&page->out, "\n");
    page_dim(page, title);
    BUF_ADD_LIT(&page->out, "\n");
}

static void
add_time_box(const struct project *project, struct page *page)
{
    const struct poc *poc = &project->record.poc;
    int left;

    if (poc->started[0] == '\0') {
        BUF_ADD_LIT(&page->out, " no time-box yet\n");
        return;
    }
    left = date_days_between(project->today, poc->ends);
    buf_printf(&page->out, " %s to %s, %u week%s", poc->started, poc->ends, poc->weeks,
               poc->weeks == 1 ? "" : "s");
    if (poc->decision[0] == '\0')
        buf_printf(&page->out, left < 0 ? ", ended %d day%s ago" : ", %d day%s left",
                   left < 0 ? -left : left, left == 1 || left == -1 ? "" : "s");
    BUF_ADD_LIT(&page->out, "\n");
    add_heading(page, "milestones");
    for (unsigned i = 0; i < POC_MILESTONES; i++) {
        char day[DATE_SIZE];
        const char *what = poc_milestone(poc, i, day);

        buf_printf(&page->out, " %s  %s%s\n", day, what,
                   strcmp(day, project->today) < 0 ? " (past)" : "");
    }
}

static void
add_criteria(const struct project *project, struct page *page)
{
    static const enum cli_mark marks[] = {CLI_MARK_UNKNOWN, CLI_MARK_OK, CLI_MARK_BAD};

    for (size_t i = 0; i < project->record.poc.criterion_count; i++) {
        struct judged judged = judge(project, i);

        if (i == 0)
            add_heading(page, "criteria");
        BUF_ADD_LIT(&page->out, " ");
        page_mark(page, marks[judged.state]);
        buf_printf(&page->out, " %zu  ", i + 1);
        page_wrap(page,
                  arena_printf(project->arena, "%s: %s, %s", judged.criterion->text,
                               states[judged.state], judged.found)
                      .data,
                  6);
    }
}

/* The next command to type. */
static const char *
find_next(const struct project *project)
{
    const struct poc *poc = &project->record.poc;

    if (poc->decision[0] != '\0')
        return strcmp(poc->decision, "proceed") == 0 ? "cairn promote mvp --plan" : NULL;
    if (poc->question_count == 0)
        return "cairn poc question 'What has to be proven?'";
    if (poc->criterion_count == 0)
        return "cairn poc criterion throughput '>=' 100";
    if (poc->started[0] == '\0')
        return "cairn poc start --weeks 4";
    for (size_t i = 0; i < poc->criterion_count; i++) {
        if (judge(project, i).state != CRITERION_OPEN)
            continue;
        return poc->criteria[i].figure[0] != '\0'
                   ? "cairn check --stage=mvp"
                   : arena_printf(project->arena, "cairn poc judge %zu met --by NAME", i + 1).data;
    }
    if (poc->cost_monthly[0] == '\0')
        return "cairn poc cost --monthly '40 EUR' --teardown 'stop the machine'";

    return "cairn poc decide proceed|pivot|abandon --reason TEXT --by NAME";
}

static const char *
teardown_of(const struct poc *poc)
{
    return poc->teardown[0] != '\0' ? poc->teardown : "not written down";
}

/* How many decisions are to be written down, and how many are. */
static void
add_decision_count(const struct project *project, struct page *page)
{
    size_t count;
    const struct adr_due *due = list_decisions(project, &count);
    size_t written = 0;

    for (size_t i = 0; i < count; i++)
        written += due[i].file != NULL;
    buf_printf(&page->out, " %zu of %zu decisions are written down: cairn adr\n", written, count);
}

void
poc_report_text(const struct project *project, struct page *page)
{
    const struct poc *poc = &project->record.poc;
    const char *next = find_next(project);

    add_time_box(project, page);
    add_texts(page, "questions", poc->questions, poc->question_count);
    add_criteria(project, page);
    add_texts(page, "left out on purpose", poc->left_out, poc->left_out_count);
    BUF_ADD_LIT(&page->out, "\n ");
    if (poc->cost_monthly[0] != '\0')
        page_wrap(page,
                  arena_printf(project->arena, "costs %s a month; to stop it: %s",
                               poc->cost_monthly, teardown_of(poc))
                      .data,
                  1);
    else
        BUF_ADD_LIT(&page->out, "what it costs, and how it is stopped, is not written down\n");
    add_decision_count(project, page);
    if (poc->decision[0] != '\0') {
        BUF_ADD_LIT(&page->out, " ");
        page_wrap(page,
                  arena_printf(project->arena, "decided on %s by %s: %s, %s", poc->decision_on,
                               poc->decision_by, poc->decision, poc->decision_reason)
                      .data,
                  1);
    }
    if (next != NULL) {
        BUF_ADD_LIT(&page->out, " next: ");
        page_wrap(page, next, 7);
    }
}

static void
add_json_texts(struct buf *out, const char *key, const char *const *texts, size_t count)
{
    buf_printf(out, ", \"%s\": [", key);
    for (size_t i = 0; i < count; i++) {
        buf_add_str(out, i > 0 ? STR(", ") : STR(""));
        json_write_str(out, str_from(texts[i]));
    }
    BUF_ADD_LIT(out, "]");
}

void
poc_report_json(const struct project *project, struct buf *out)
{
    const struct poc *poc = &project->record.poc;
    const struct {
        const char *key;
        const char *text;
    } texts[] = {{"started", poc->started},
                 {"ends", poc->ends},
                 {"decision", poc->decision},
                 {"cost_monthly", poc->cost_monthly},
                 {"teardown", poc->teardown}};

    buf_printf(out, "{\"weeks\": %u", poc->weeks);
    for (size_t i = 0; i < COUNTOF(texts); i++) {
        buf_printf(out, ", \"%s\": ", texts[i].key);
        json_write_str(out, str_from(texts[i].text));
    }
    add_json_texts(out, "questions", poc->questions, poc->question_count);
    add_json_texts(out, "left_out", poc->left_out, poc->left_out_count);
    BUF_ADD_LIT(out, ", \"criteria\": [");
    for (size_t i = 0; i < poc->criterion_count; i++) {
        struct judged judged = judge(project, i);

        buf_add_str(out, i > 0 ? STR(", {\"text\": ") : STR("{\"text\": "));
        json_write_str(out, str_from(judged.criterion->text));
        buf_printf(out, ", \"state\": \"%s\", \"found\": ", states[judged.state]);
        json_write_str(out, str_from(judged.found));
        BUF_ADD_LIT(out, "}");
    }
    BUF_ADD_LIT(out, "]}\n");
}

/* --- Markdown --------------------------------------------------------------------------------- */

/* Text of people's in a cell of a table. */
static void
add_cell(struct buf *out, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '|')
            BUF_ADD_LIT(out, "\\|");
        else
            buf_add_char(out, *c == '\n' ? ' ' : *c);
    }
}

static void
add_list(struct buf *out, const char *title, const char *const *texts, size_t count)
{
    if (count == 0)
        return;
    buf_printf(out, "\n## %s\n\n", title);
    for (size_t i = 0; i < count; i++) {
        BUF_ADD_LIT(out, "- ");
        add_cell(out, texts[i]);
        BUF_ADD_LIT(out, "\n");
    }
}

/* The decisions of the proof of concept, each with its record. */
static void
add_decisions(const struct project *project, struct buf *out)
{
    size_t count;
    const struct adr_due *due = list_decisions(project, &count);

    BUF_ADD_LIT(out, "\n## Decisions\n\n| decision | record |\n|---|---|\n");
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "| %s | %s |\n", due[i].row->adr, record_of(&due[i]));
}

void
poc_report_markdown(const struct project *project, struct buf *out)
{
    const struct poc *poc = &project->record.poc;

    buf_printf(out, "# Proof of concept: %s\n\n", project->config->project_name);
    if (poc->started[0] != '\0')
        buf_printf(out, "%s to %s, %u week%s.\n", poc->started, poc->ends, poc->weeks,
                   poc->weeks == 1 ? "" : "s");
    if (poc->decision[0] != '\0') {
        buf_printf(out, "\n**Decision: %s**, by ", poc->decision);
        add_cell(out, poc->decision_by);
        buf_printf(out, " on %s: ", poc->decision_on);
        add_cell(out, poc->decision_reason);
        BUF_ADD_LIT(out, "\n");
    }
    add_list(out, "Questions", poc->questions, poc->question_count);
    if (poc->criterion_count > 0)
        BUF_ADD_LIT(out, "\n## Criteria\n\n| criterion | state | evidence |\n|---|---|---|\n");
    for (size_t i = 0; i < poc->criterion_count; i++) {
        struct judged judged = judge(project, i);

        BUF_ADD_LIT(out, "| ");
        add_cell(out, judged.criterion->text);
        buf_printf(out, " | %s | ", states[judged.state]);
        add_cell(out, judged.found);
        BUF_ADD_LIT(out, " |\n");
    }
    add_list(out, "Left out on purpose", poc->left_out, poc->left_out_count);
    add_decisions(project, out);
    if (poc->cost_monthly[0] != '\0') {
        BUF_ADD_LIT(out, "\n## Cost\n\n");
        add_cell(out, poc->cost_monthly);
        BUF_ADD_LIT(out, " a month. To stop it: ");
        add_cell(out, teardown_of(poc));
        BUF_ADD_LIT(out, "\n");
    }
}

/* --- HTML ------------------------------------------------------------------------------------- */

/* A bar for what was found, and a line where the limit is. */
static void
add_plot(struct buf *out, const struct judged *judged)
{
    double limit = judged->criterion->value;
    double value, top;

    if (judged->figure == NULL)
        return;
    value = judged->figure->value;
    top = (value > limit ? value : limit) * 1.15;
    if (top <= 0)
        return;
    buf_printf(out,
               "<svg width=\"240\" height=\"22\" role=\"img\" aria-label=\"%.4g of %.4g\">"
               "<rect class=\"soft\" width=\"240\" height=\"14\" y=\"4\"/>"
               "<rect class=\"%s\" width=\"%.1f\" height=\"14\" y=\"4\"/>"
               "<line class=\"limit\" x1=\"%.1f\" x2=\"%.1f\" y1=\"0\" y2=\"22\"/></svg>",
               value, limit, judged->state == CRITERION_MET ? "good" : "fail", 240 * value / top,
               240 * limit / top, 240 * limit / top);
}

static void
add_html_list(struct buf *out, const char *title, const char *const *texts, size_t count)
{
    if (count == 0)
        return;
    buf_printf(out, "<h2>%s</h2><ul>", title);
    for (size_t i = 0; i < count; i++) {
        BUF_ADD_LIT(out, "<li>");
        report_add_escaped(out, texts[i]);
        BUF_ADD_LIT(out, "</li>");
    }
    BUF_ADD_LIT(out, "</ul>\n");
}

static void
add_html_criteria(const struct project *project, struct buf *out)
{
    const struct poc *poc = &project->record.poc;

    if (poc->criterion_count == 0)
        return;
    BUF_ADD_LIT(out, "<h2>Criteria</h2><table><tr><th>criterion<th>state<th>evidence</tr>\n");
    for (size_t i = 0; i < poc->criterion_count; i++) {
        struct judged judged = judge(project, i);

        BUF_ADD_LIT(out, "<tr><td>");
        report_add_escaped(out, judged.criterion->text);
        buf_printf(out, "<td class=\"state %s\">%s<td>", states[judged.state],
                   states[judged.state]);
        report_add_escaped(out, judged.found);
        add_plot(out, &judged);
        BUF_ADD_LIT(out, "</tr>\n");
    }
    BUF_ADD_LIT(out, "</table>\n");
}

static void
add_html_decisions(const struct project *project, struct buf *out)
{
    size_t count;
    const struct adr_due *due = list_decisions(project, &count);

    BUF_ADD_LIT(out, "<h2>Decisions</h2><table><tr><th>decision<th>record</tr>\n");
    for (size_t i = 0; i < count; i++) {
        BUF_ADD_LIT(out, "<tr><td>");
        report_add_escaped(out, due[i].row->adr);
        buf_printf(out, "<td class=\"%s\">", due[i].file != NULL ? "met" : "open");
        report_add_escaped(out, record_of(&due[i]));
        BUF_ADD_LIT(out, "</tr>\n");
    }
    BUF_ADD_LIT(out, "</table>\n");
}

void
poc_report_html(const struct project *project, struct buf *out)
{
    const struct poc *poc = &project->record.poc;

    html_begin(
        out,
        arena_printf(project->arena, "Proof of concept: %s", project->config->project_name).data);
    if (poc->started[0] != '\0')
        buf_printf(out, "<p>%s to %s, %u week%s</p>\n", poc->started, poc->ends, poc->weeks,
                   poc->weeks == 1 ? "" : "s");
    if (poc->decision[0] != '\0') {
        buf_printf(out, "<p class=\"note\"><b>Decision: %s</b>, by ", poc->decision);
        report_add_escaped(out, poc->decision_by);
        buf_printf(out, " on %s<br>", poc->decision_on);
        report_add_escaped(out, poc->decision_reason);
        BUF_ADD_LIT(out, "</p>\n");
    }
    add_html_list(out, "Questions", poc->questions, poc->question_count);
    add_html_criteria(project, out);
    add_html_list(out, "Left out on purpose", poc->left_out, poc->left_out_count);
    add_html_decisions(project, out);
    if (poc->cost_monthly[0] != '\0') {
        BUF_ADD_LIT(out, "<h2>Cost</h2><p>");
        report_add_escaped(out, poc->cost_monthly);
        BUF_ADD_LIT(out, " a month. To stop it: ");
        report_add_escaped(out, teardown_of(poc));
        BUF_ADD_LIT(out, "</p>\n");
    }
    html_end(out);
}
