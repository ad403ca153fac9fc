/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cairn explain: one row of the catalogue, with all that is known about it.
 */
#include "cli/stage.h"
#include "core/json.h"
#include "lifecycle/date.h"

enum { INDENT = 12, SOURCES_SHOWN = 8 };

static void
add_label(struct page *page, const char *label)
{
    char text[INDENT + 1];

    snprintf(text, sizeof(text), "%-*s", INDENT, label);
    page_dim(page, text);
}

static void
add_text(struct page *page, const char *label, const char *text)
{
    if (text == NULL || text[0] == '\0')
        return;
    add_label(page, label);
    page_wrap(page, text, INDENT);
}

static void
add_needs(struct page *page, const struct lifecycle_row *row)
{
    static const char *const words[] = {"not yet", "nice to have", "should", "must"};
    bool was_needed = false;
    struct buf text;

    buf_init(&text, 1024);
    for (int i = 0; i < LIFECYCLE_STAGE_COUNT; i++) {
        bool is_needed = row->need[i] != LIFECYCLE_NOT_YET;

        buf_printf(&text, "%s%s: %s", i > 0 ? ", " : "", lifecycle_stage_names[i],
                   was_needed && !is_needed ? "no longer" : words[row->need[i]]);
        was_needed = was_needed || is_needed;
    }
    buf_printf(&text, " (P%u)", row->priority);
    add_text(page, "needed", buf_cstr(&text));
    buf_fini(&text);
    add_text(page, "", row->when);
}

static const char *
describe_verify(struct arena *arena, const struct lifecycle_row *row)
{
    if (row->command != NULL)
        return arena_printf(arena, "%s, by a command of this project: %s",
                            lifecycle_class_names[row->verify], row->command[0])
            .data;
    switch (row->verify) {
    case LIFECYCLE_ATTESTED:
        return "a person says so: cairn attest";
    case LIFECYCLE_STATIC:
        return "by looking at the project's files";
    case LIFECYCLE_CONFIG:
        return "by looking at the configuration";
    case LIFECYCLE_MEASURED:
        return "measured: a running service is asked";
    case LIFECYCLE_DRILLED:
        return "drilled: a fault is put in while clients write, and what happened is counted";
    }

    return "";
}

static const char *
describe_filter(enum lifecycle_filter filter)
{
    switch (filter) {
    case LIFECYCLE_VALIDATES:
        return "it answers a question of the proof of concept: include it";
    case LIFECYCLE_INVALID_WITHOUT:
        return "results mean nothing without it: include it";
    case LIFECYCLE_HARD_LATER:
        return "it is hard to add later: include it";
    case LIFECYCLE_LATER:
        return "it can be added later: skip it in a proof of concept, and track it as a gap";
    }

    return "";
}

static void
add_status(struct cli *cli, struct page *page, const struct verdict *verdict)
{
    char at[DATE_TIME_SIZE];

    add_label(page, "now");
    page_mark(page, stage_mark(verdict->status));
    buf_printf(&page->out, " %s%s%s: ", verdict_status_names[verdict->status],
               verdict->basis[0] != '\0' && verdict->waiver == NULL ? ", " : "",
               verdict->waiver == NULL ? verdict->basis : "");
    page_wrap(page, verdict->text, INDENT);
    if (verdict->evidence == NULL)
        return;
    date_time_from_us(verdict->evidence->at_us, at);
    add_text(page, "limit", verdict->evidence->limit);
    add_text(page, "seen at",
             arena_printf(cli->arena, "%s, in %.1f s", at, verdict->evidence->seconds).data);
    add_text(page, "detail", verdict->evidence->detail);
}

static void
add_sources(struct page *page, const struct lifecycle_row *row)
{
    for (size_t i = 0; i < row->source_count && i < SOURCES_SHOWN; i++) {
        const struct lifecycle_source *source = &row->sources[i];

        add_label(page, i == 0 ? "sources" : "");
        buf_printf(&page->out, "%s:%u  ", source->file, source->line);
        page_wrap(page, source->text, INDENT + 2);
    }
    if (row->source_count > SOURCES_SHOWN) {
        add_label(page, "");
        buf_printf(&page->out, "and %zu more; --json has them all\n",
                   row->source_count - SOURCES_SHOWN);
    }
}

static void
add_list(struct cli *cli, struct page *page, const char *label, const char *const *items)
{
    struct buf text;

    buf_init(&text, 4096);
    for (size_t i = 0; items[i] != NULL; i++)
        buf_printf(&text, "%s%s", i > 0 ? ", " : "", items[i]);
    add_text(page, label, arena_cstr(cli->arena, buf_str(&text)));
    buf_fini(&text);
}

static void
write_json(const struct verdict *verdict, struct buf *out)
{
    const struct lifecycle_row *row = verdict->row;
    const struct {
        const char *key;
        const char *text;
    } texts[] = {
        {"id", row->id},
        {"title", row->title},
        {"area", lifecycle_area_names[row->area]},
        {"cost", row->cost},
        {"fix", row->fix},
        {"when", row->when},
        {"verify", lifecycle_class_names[row->verify]},
        {"check", row->check},
        {"status", verdict_status_names[verdict->status]},
        {"found", verdict->text},
    };

    for (size_t i = 0; i < COUNTOF(texts); i++) {
        if (texts[i].text == NULL)
            continue;
        buf_add_str(out, i > 0 ? STR(",\n  ") : STR("{\n  "));
        json_write_str(out, str_from(texts[i].key));
        BUF_ADD_LIT(out, ": ");
        json_write_str(out, str_from(texts[i].text));
    }
    BUF_ADD_LIT(out, ",\n  \"sources\": [");
    for (size_t i = 0; i < row->source_count; i++) {
        buf_printf(out, "%s\n    {\"file\": \"%s\", \"line\": %u, \"text\": ", i > 0 ? "," : "",
                   row->sources[i].file, row->sources[i].line);
        json_write_str(out, str_from(row->sources[i].text));
        BUF_ADD_LIT(out, "}");
    }
    BUF_ADD_LIT(out, "\n  ]\n}\n");
}

int
cli_explain(struct cli *cli)
{
    const struct lifecycle_row *row;
    const struct verdict *verdict;
    struct verdicts verdicts;
    struct project project;
    struct page page;

    if (!stage_load(cli, &project))
        return CLI_USAGE;
    row = stage_find_row(cli, &project, cli->args[0]);
    if (row == NULL)
        return CLI_USAGE;
    project_judge(&project, project.declared, &verdicts);
    verdict = verdict_find(&verdicts, str_from(row->id));
    page_init(&page);
    if (cli->json) {
        write_json(verdict, &page.out);
        return page_print(cli, &page);
    }
    buf_printf(&page.out, "%s: ", row->id);
    page_wrap(&page, row->title, 2);
    BUF_ADD_LIT(&page.out, "\n");
    add_status(cli, &page, verdict);
    add_text(&page, "a gap costs", row->cost);
    add_text(&page, "what to do", row->fix);
    add_needs(&page, row);
    add_text(&page, "verified", describe_verify(cli->arena, row));
    if (row->command == NULL)
        add_text(&page, "filter", describe_filter(row->filter));
    add_text(&page, "decision", row->adr);
    add_list(cli, &page, "documents", row->docs);
    add_list(cli, &page, "also called", row->names);
    add_sources(&page, row);

    return page_print(cli, &page);
}
