/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cairn advise: should this be added now?
 */
#include "cli/stage.h"
#include "core/json.h"
#include "drill/examiner.h"
#include "lifecycle/advice.h"

enum { MATCHES_MAX = 4, NEAR_MAX = 3, WORDS_MAX = 512, INDENT = 10 };

/* A "not yet" is remembered, so that it isn't forgotten when the service goes on. */
static bool
remember(struct cli *cli, struct project *project, const struct lifecycle_row *row)
{
    struct poc *poc = &project->record.poc;
    size_t id_len = strlen(row->id);
    struct gaps_change change;
    struct err err = {0};
    bool is_known = false;

    for (size_t i = 0; i < poc->left_out_count && !is_known; i++)
        is_known =
            strncmp(poc->left_out[i], row->id, id_len) == 0 && poc->left_out[i][id_len] == ':';
    if (!is_known)
        *RECORD_ADD(cli->arena, poc->left_out, poc->left_out_count) =
            arena_printf(cli->arena, "%s: %s", row->id, row->title).data;
    if (!is_known && stage_save(cli, project) != CLI_DONE)
        return false;
    if (project_update_gaps(project, project->declared, &change, &err))
        return true;
    cli_fail(cli, &err);

    return false;
}

static void
write_json(const struct lifecycle_row *row, const struct advice *advice, struct buf *out)
{
    const struct {
        const char *key;
        const char *text;
    } texts[] = {
        {"row", row->id},
        {"title", row->title},
        {"answer", advice_words[advice->answer]},
        {"why", advice->why},
        {"filter", advice->filter},
        {"load", advice->load},
        {"then", advice->then},
    };

    BUF_ADD_LIT(out, "{");
    for (size_t i = 0; i < COUNTOF(texts); i++) {
        if (texts[i].text == NULL)
            continue;
        buf_printf(out, "%s\n  \"%s\": ", i > 0 ? "," : "", texts[i].key);
        json_write_str(out, str_from(texts[i].text));
    }
    buf_printf(out, ",\n  \"is_there\": %s", advice->is_there ? "true" : "false");
    if (advice->source != NULL) {
        buf_printf(out, ",\n  \"source\": {\"file\": \"%s\", \"line\": %u, \"text\": ",
                   advice->source->file, advice->source->line);
        json_write_str(out, str_from(advice->source->text));
        BUF_ADD_LIT(out, "}");
    }
    BUF_ADD_LIT(out, "\n}\n");
}

static void
add_text(struct page *page, const char *label, const char *text)
{
    char space[INDENT + 1];

    if (text == NULL)
        return;
    snprintf(space, sizeof(space), "  %-*s", INDENT - 2, label);
    page_dim(page, space);
    page_wrap(page, text, INDENT);
}

static void
write_text(struct cli *cli, const struct lifecycle_row *row, const struct advice *advice,
           bool is_row, struct page *page)
{
    static const enum cli_mark marks[] = {CLI_MARK_OK, CLI_MARK_NONE, CLI_MARK_BAD};
    const struct lifecycle_source *source = advice->source;

    page_mark(page, advice->is_there ? CLI_MARK_OK : marks[advice->answer]);
    buf_printf(&page->out, " %s: ", advice_words[advice->answer]);
    page_wrap(page, arena_printf(cli->arena, "%s (%s)", row->title, row->id).data, INDENT);
    add_text(page, "why", advice->why);
    if (!advice->is_there)
        add_text(page, "filter", advice->filter);
    add_text(page, "load", advice->load);
    add_text(page, advice->answer == ADVICE_YES ? "do" : "instead", advice->then);
    if (source != NULL)
        add_text(
            page, "source",
            arena_printf(cli->arena, "%s:%u  %s", source->file, source->line, source->text).data);
    if (advice->answer == ADVICE_NOT_YET)
        add_text(page, "noted", GAPS_FILE ", as left out on purpose");
    if (is_row)
        add_text(page, "more", arena_printf(cli->arena, "cairn explain %s", row->id).data);
}

static void
write_others(struct cli *cli, const struct lifecycle_row *const *found, size_t count,
             struct page *page)
{
    for (size_t i = 1; i < count; i++)
        add_text(page, i == 1 ? "also" : "",
                 arena_printf(cli->arena, "%s (%s)", found[i]->title, found[i]->id).data);
}

static int
fail_unknown(struct cli *cli, const struct project *project, const char *asked)
{
    const char *near[NEAR_MAX];
    size_t count = catalogue_suggest_names(&project->catalogue, str_from(asked), near, NEAR_MAX);
    const char *hint =
        "say it in the words that it is known by; docs/reference/catalogue.md has all";

    if (count > 0)
        hint = arena_printf(cli->arena, "did you mean %s%s%s%s%s?", near[0],
                            count == 3   ? ", "
                            : count == 2 ? " or "
                                         : "",
                            count > 1 ? near[1] : "", count > 2 ? " or " : "",
                            count > 2 ? near[2] : "")
                   .data;

    return cli_fail_usage(cli, hint, "nothing here is called '%s'", asked);
}

static const char *
join_words(struct cli *cli)
{
    struct buf asked;
    const char *out;

    buf_init(&asked, WORDS_MAX);
    for (size_t i = 0; i < cli->arg_count; i++)
        buf_printf(&asked, "%s%s", i > 0 ? " " : "", cli->args[i]);
    out = arena_cstr(cli->arena, buf_str(&asked));
    buf_fini(&asked);

    return out;
}

static void
give_advice(struct cli *cli, const struct project *project, const struct lifecycle_row *row,
            const char *asked, struct advice *out)
{
    /* A proof of concept has no targets: what comes next has. */
    const struct stage_target *target =
        &stage_targets[project->declared == LIFECYCLE_POC ? LIFECYCLE_MVP : project->declared];
    struct verdicts verdicts;
    struct advice_input input = {.row = row,
                                 .stage = project->declared,
                                 .asked = str_from(asked),
                                 .evidence = &project->evidence,
                                 .p95_ms = target->p95_ms,
                                 .requests_per_s = target->requests_per_s};

    project_judge(project, project->declared, &verdicts);
    input.verdict = verdict_find(&verdicts, str_from(row->id));
    advice_give(&input, cli->arena, out);
}

int
cli_advise(struct cli *cli)
{
    const struct lifecycle_row *found[MATCHES_MAX];
    struct project project;
    struct advice advice;
    const char *asked = join_words(cli);
    struct page page;
    size_t count;
    bool is_row;

    if (!stage_load(cli, &project))
        return CLI_USAGE;
    count = catalogue_search(&project.catalogue, str_from(asked), found, MATCHES_MAX);
    if (count == 0)
        return fail_unknown(cli, &project, asked);
    is_row = catalogue_find(&project.catalogue, str_from(found[0]->id)) != NULL;
    give_advice(cli, &project, found[0], asked, &advice);
    if (advice.answer == ADVICE_NOT_YET && !remember(cli, &project, found[0]))
        return CLI_FAILED;
    page_init(&page);
    if (cli->json) {
        write_json(found[0], &advice, &page.out);
    } else {
        write_text(cli, found[0], &advice, is_row, &page);
        write_others(cli, found, count, &page);
    }

    return page_print(cli, &page);
}
