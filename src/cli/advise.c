/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cairn advise: should this be added now?
 */
#include "cli/stage.h"
#include "core/json.h"

enum { MATCHES_MAX = 4, WORDS_MAX = 512 };

enum advice { ADVICE_YES, ADVICE_NOT_YET, ADVICE_NO, ADVICE_DONE };

static const char *const words[] = {"yes", "not yet", "no", "it is there"};

struct answer {
    enum advice advice;
    const char *why;
    const char *then; /* what to do; may be NULL */
};

/* What the three questions of the decision filter say of a proof of concept. */
static const char *
filter_says(const struct lifecycle_row *row)
{
    switch (row->filter) {
    case LIFECYCLE_VALIDATES:
        return "it answers a question of the proof of concept";
    case LIFECYCLE_INVALID_WITHOUT:
        return "without it the results mean nothing";
    case LIFECYCLE_HARD_LATER:
        return "it is hard to add later";
    case LIFECYCLE_LATER:
        return "it answers no question of a proof of concept, the results hold without it, and it can "
               "be added later";
    }

    return "";
}

/* What a stage is about: the last word where the catalogue leaves it open. */
static const char *const stage_rules[] = {
    [LIFECYCLE_POC] = "at poc only what helps to prove the concept is added",
    [LIFECYCLE_MVP] = "at mvp only what improves stability is added",
    [LIFECYCLE_PRODUCTION] = "in production what improves reliability or security is added",
    [LIFECYCLE_SCALE] = "at scale what improves performance or availability is added",
};

/* Load that was measured, in words; NULL when there is none. */
static const char *
describe_load(const struct project *project)
{
    const struct evidence *throughput = evidence_find(&project->evidence, "throughput");
    const struct evidence *latency = evidence_find(&project->evidence, "latency");

    if (throughput == NULL || throughput->is_stale || latency == NULL ||
        throughput->outcome == EVIDENCE_UNKNOWN)
        return NULL;

    return arena_printf(project->arena, "measured: %s; %s", throughput->measured, latency->measured)
        .data;
}

static struct answer
advise(const struct project *project, const struct lifecycle_row *row,
       const struct verdict *verdict)
{
    struct arena *arena = project->arena;
    enum lifecycle_stage stage = project->declared;
    unsigned first = lifecycle_first_need(row, LIFECYCLE_NICE);
    struct answer out = {.then = row->fix};

    if (verdict->status == VERDICT_PASS) {
        out.advice = ADVICE_DONE;
        out.why = verdict->text;
        out.then = NULL;
        return out;
    }
    switch (row->need[stage]) {
    case LIFECYCLE_MUST:
        out.advice = ADVICE_YES;
        out.why = arena_printf(arena, "%s requires it (P%u): %s", lifecycle_stage_names[stage],
                               row->priority, row->cost)
                      .data;
        return out;
    case LIFECYCLE_SHOULD:
        out.advice = ADVICE_YES;
        out.why = row->when != NULL
                      ? arena_printf(arena, "%s should have it, but only %s",
                                     lifecycle_stage_names[stage], row->when)
                            .data
                      : arena_printf(arena, "%s should have it, after what it requires (P%u)",
                                     lifecycle_stage_names[stage], row->priority)
                            .data;
        return out;
    case LIFECYCLE_NICE:
        out.advice = ADVICE_NOT_YET;
        out.why = arena_printf(arena, "at %s it is nice to have%s%s: %s",
                               lifecycle_stage_names[stage], row->when != NULL ? ", " : "",
                               row->when != NULL ? row->when : "", stage_rules[stage])
                      .data;
        return out;
    case LIFECYCLE_NOT_YET:
        break;
    }
    if (first >= LIFECYCLE_STAGE_COUNT || first < (unsigned)stage) {
        out.advice = ADVICE_NO;
        out.why = "only an earlier stage asks for it";
        return out;
    }
    out.advice = ADVICE_NOT_YET;
    out.why = arena_printf(arena, "%s asks for it%s%s; now it is %s: %s",
                           lifecycle_stage_names[first], row->when != NULL ? ", " : "",
                           row->when != NULL ? row->when : "", lifecycle_stage_names[stage],
                           stage == LIFECYCLE_POC ? filter_says(row) : stage_rules[stage])
                  .data;

    return out;
}

/* A "not yet" is remembered, so that it isn't forgotten when the service goes on. */
static bool
remember(struct cli *cli, struct project *project, const struct lifecycle_row *row)
{
    struct poc *poc = &project->record.poc;

    for (size_t i = 0; i < poc->left_out_count; i++) {
        if (strncmp(poc->left_out[i], row->id, strlen(row->id)) == 0)
            return true;
    }
    *RECORD_ADD(cli->arena, poc->left_out, poc->left_out_count) =
        arena_printf(cli->arena, "%s: %s", row->id, row->title).data;

    return stage_save(cli, project) == CLI_DONE;
}

static void
write_json(const struct lifecycle_row *row, const struct answer *answer, struct buf *out)
{
    BUF_ADD_LIT(out, "{\"row\": ");
    json_write_str(out, str_from(row->id));
    buf_printf(out, ", \"answer\": \"%s\", \"why\": ", words[answer->advice]);
    json_write_str(out, str_from(answer->why));
    BUF_ADD_LIT(out, "}\n");
}

static void
write_text(const struct project *project, const struct lifecycle_row *row,
           const struct answer *answer, struct page *page)
{
    static const enum cli_mark marks[] = {CLI_MARK_OK, CLI_MARK_NONE, CLI_MARK_BAD, CLI_MARK_OK};
    const char *load = describe_load(project);

    page_mark(page, marks[answer->advice]);
    buf_printf(&page->out, " %s: %s (%s)\n  ", words[answer->advice], row->title, row->id);
    page_wrap(page, answer->why, 2);
    if (load != NULL && row->area == LIFECYCLE_AREA_INFRASTRUCTURE) {
        BUF_ADD_LIT(&page->out, "  ");
        page_wrap(page, load, 2);
    }
    if (answer->then != NULL) {
        buf_add_str(&page->out, answer->advice == ADVICE_YES ? STR("  do: ") : STR("  then: "));
        page_wrap(page, answer->then, 8);
    }
    buf_printf(&page->out, "  more: cairn explain %s\n", row->id);
}

int
cli_advise(struct cli *cli)
{
    const struct lifecycle_row *found[MATCHES_MAX];
    struct verdicts verdicts;
    struct project project;
    struct answer answer;
    struct buf asked;
    struct page page;
    size_t count;

    if (!stage_load(cli, &project))
        return CLI_USAGE;
    buf_init(&asked, WORDS_MAX);
    for (size_t i = 0; i < cli->arg_count; i++)
        buf_printf(&asked, "%s%s", i > 0 ? " " : "", cli->args[i]);
    count = catalogue_search(&project.catalogue, buf_str(&asked), found, MATCHES_MAX);
    if (count == 0) {
        cli_fail_usage(cli, "say it in the words that it is known by, or look at cairn check",
                       "the catalogue has nothing like '%s'", buf_cstr(&asked));
        buf_fini(&asked);
        return CLI_USAGE;
    }
    buf_fini(&asked);
    project_judge(&project, project.declared, &verdicts);
    answer = advise(&project, found[0], verdict_find(&verdicts, str_from(found[0]->id)));
    if (answer.advice == ADVICE_NOT_YET && !remember(cli, &project, found[0]))
        return CLI_FAILED;
    page_init(&page);
    if (cli->json)
        write_json(found[0], &answer, &page.out);
    else
        write_text(&project, found[0], &answer, &page);
    for (size_t i = 1; i < count && !cli->json; i++)
        buf_printf(&page.out, "  %s %s (%s)\n", i == 1 ? "also:" : "     ", found[i]->title,
                   found[i]->id);

    return page_print(cli, &page);
}
