/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cairn promote: to the next stage, when what it requires is proven.
 */
#include "cli/adr.h"
#include "cli/check.h"
#include "cli/stage.h"
#include "io/file.h"
#include "lifecycle/gaps.h"

enum { FILE_MAX = 1024 * 1024, PLAN_MAX = 4 * 1024 * 1024 };

/* --- what changes ----------------------------------------------------------------------------- */

/* Options whose default is another one at the new stage, where the default holds. */
static void
add_defaults(struct page *page, const struct config *config, enum lifecycle_stage to)
{
    bool first = true;

    for (unsigned i = 0; i < CONFIG_OPTION_COUNT; i++) {
        const struct config_option_def *def = &config_options[i];
        const char *old = def->defaults[config->stage] != NULL ? def->defaults[config->stage] : "";
        const char *new = def->defaults[to] != NULL ? def->defaults[to] : "";

        if (i == CONFIG_STAGE || strcmp(old, new) == 0)
            continue;
        if (first) {
            page_dim(page, "defaults that change");
            BUF_ADD_LIT(&page->out, "\n");
        }
        first = false;
        buf_printf(&page->out, "   %s: %s -> %s%s\n", def->key, old, new,
                   strcmp(config->origin[i], "default") == 0 ? "" : "  (set here, stays)");
    }
    if (!first)
        BUF_ADD_LIT(&page->out, "\n");
}

static bool
is_open(const struct verdict *verdict)
{
    return verdict->status != VERDICT_PASS && verdict->status != VERDICT_WAIVED &&
           verdict->status != VERDICT_NOT_YET;
}

static void
add_work(struct page *page, const struct verdicts *verdicts, enum lifecycle_need need,
         const char *title)
{
    bool first = true;

    for (unsigned priority = 0; priority <= 2; priority++) {
        for (size_t i = 0; i < verdicts->count; i++) {
            const struct verdict *verdict = &verdicts->items[i];

            if (verdict->need != need || verdict->row->priority != priority || !is_open(verdict))
                continue;
            if (first) {
                page_dim(page, title);
                BUF_ADD_LIT(&page->out, "\n");
            }
            first = false;
            buf_printf(&page->out, " P%u ", priority);
            page_mark(page, stage_mark(verdict->status));
            BUF_ADD_LIT(&page->out, " ");
            page_cell(page, verdict->row->id, 24);
            BUF_ADD_LIT(&page->out, " ");
            page_wrap(page, verdict->row->fix, 31);
        }
    }
    if (!first)
        BUF_ADD_LIT(&page->out, "\n");
}

/* --- the plan --------------------------------------------------------------------------------- */

/* The migration checklist of the stage, in its own order: what the documents put into weeks, months
 * and quarters. */
static void
add_plan_steps(const struct verdicts *verdicts, enum lifecycle_stage to, struct buf *out,
               unsigned *steps, unsigned *done)
{
    static const char *const titles[] = {NULL, "POC \xe2\x86\x92 MVP",
                                         "MVP \xe2\x86\x92 Production",
                                         "Production \xe2\x86\x92 Scale"};
    const char *section = "";

    for (unsigned line = 1; line < 10000; line++) {
        for (size_t i = 0; i < verdicts->count; i++) {
            const struct lifecycle_row *row = verdicts->items[i].row;

            for (size_t s = 0; s < row->source_count; s++) {
                const struct lifecycle_source *source = &row->sources[s];
                const char *text = source->text;

                if (source->line != line || strncmp(source->file, "lifecycle", 9) != 0 ||
                    strncmp(source->section, "Migration Checklists", 20) != 0 ||
                    strstr(source->section, titles[to]) == NULL)
                    continue;
                if (strcmp(section, source->section) != 0)
                    buf_printf(out, "\n## %s\n\n",
                               source->section + sizeof("Migration Checklists > ") - 1);
                section = source->section;
                if (strncmp(text, "- [ ] ", 6) == 0)
                    text += 6;
                *steps += 1;
                *done += verdicts->items[i].status == VERDICT_PASS;
                buf_printf(out, "- [%c] **P%u** %s: %s (`%s`)\n",
                           verdicts->items[i].status == VERDICT_PASS ? 'x' : ' ', row->priority,
                           text, row->fix, row->id);
            }
        }
    }
}

static int
write_plan(struct cli *cli, struct project *project, const struct verdicts *verdicts,
           enum lifecycle_stage to)
{
    const char *name = arena_printf(cli->arena, "docs/plan-%s.md", lifecycle_stage_names[to]).data;
    const char *path = arena_printf(cli->arena, "%s/%s", project->config->dir, name).data;
    struct err err = {0};
    unsigned steps = 0, done = 0;
    struct buf text;
    int code = CLI_DONE;

    buf_init(&text, PLAN_MAX);
    buf_printf(
        &text,
        "# To %s\n\nThe work that takes %s there, in order. P0 comes first; `cairn explain ID` says "
        "more about each\nstep, and `cairn check --stage=%s` which are done.\n",
        lifecycle_stage_names[to], project->config->project_name, lifecycle_stage_names[to]);
    add_plan_steps(verdicts, to, &text, &steps, &done);
    if (cli->json) {
        code = cli_print(cli, &text);
    } else if (dir_make(arena_printf(cli->arena, "%s/docs", project->config->dir).data, 0755,
                        &err) &&
               file_replace(path, buf_str(&text), 0644, &err)) {
        cli_say(cli, CLI_MARK_OK, "wrote %s: %u steps in order, %u of them done", name, steps,
                done);
        cli_say_hint(cli, "cairn check --stage=%s finds out which others are",
                     lifecycle_stage_names[to]);
    } else {
        code = cli_fail(cli, &err);
    }
    buf_fini(&text);

    return code;
}

/* --- the promotion ---------------------------------------------------------------------------- */

/* Puts the stage into cairn.yaml: the line that sets it is changed, or one is added on top. */
static bool
write_stage(struct cli *cli, const struct config *config, enum lifecycle_stage to, struct err *err)
{
    const char *path = arena_printf(cli->arena, "%s/cairn.yaml", config->dir).data;
    const char *name = lifecycle_stage_names[to];
    struct buf old, new;
    struct str rest;
    bool found = false, done = false;
    bool ok;

    buf_init(&old, FILE_MAX);
    buf_init(&new, 2 * FILE_MAX);
    ok = file_read(path, &old, &found, err);
    rest = buf_str(&old);
    while (ok && rest.len > 0) {
        struct str line = str_cut(&rest, '\n');

        if (!done && str_has_prefix(line, STR("stage:"))) {
            buf_printf(&new, "stage: %s", name);
            done = true;
        } else {
            buf_add_str(&new, line);
        }
        if (rest.data != NULL)
            buf_add_char(&new, '\n');
    }
    if (ok && !done) {
        buf_clear(&new);
        buf_printf(&new, "stage: %s\n", name);
        buf_add_str(&new, buf_str(&old));
    }
    ok = ok && file_replace(path, buf_str(&new), 0644, err);
    buf_fini(&new);
    buf_fini(&old);

    return ok;
}

static const char *
describe_proof(struct cli *cli, const struct verdicts *verdicts)
{
    bool is_first = true;
    struct buf text;
    const char *out;

    buf_init(&text, FILE_MAX);
    buf_printf(&text, "%zu of %zu required rows pass.",
               verdict_count_required(verdicts, VERDICT_PASS),
               verdict_count_required(verdicts, VERDICT_STATUS_COUNT));
    for (size_t i = 0; i < verdicts->count; i++) {
        const struct verdict *verdict = &verdicts->items[i];

        if (verdict->need != LIFECYCLE_MUST || verdict->status != VERDICT_WAIVED)
            continue;
        buf_printf(&text, "%s\n- `%s` is waived: %s", is_first ? "\n" : "", verdict->row->id,
                   verdict->text);
        is_first = false;
    }
    out = arena_cstr(cli->arena, buf_str(&text));
    buf_fini(&text);

    return out;
}

static int
promote(struct cli *cli, struct project *project, const struct verdicts *verdicts,
        enum lifecycle_stage to)
{
    const char *name = lifecycle_stage_names[to];
    struct gaps_change change;
    const char *adr = NULL;
    struct err err = {0};

    *RECORD_ADD(cli->arena, project->record.promoted, project->record.promoted_count) =
        (struct promotion){name, project->today};
    if (!adr_write(
            project->config->dir, arena_printf(cli->arena, "Promotion to %s", name).data,
            project->today,
            arena_printf(cli->arena, "The service was at %s.",
                         lifecycle_stage_names[project->config->stage])
                .data,
            arena_printf(cli->arena, "It goes to %s: %s", name, describe_proof(cli, verdicts)).data,
            "The defaults and the requirements of the new stage hold from now on; GAPS.md has "
            "what is open.",
            cli->arena, &adr, &err) ||
        !write_stage(cli, project->config, to, &err) ||
        !record_save(project->config->dir, &project->record, &err) ||
        !project_update_gaps(project, to, &change, &err))
        return cli_fail(cli, &err);
    cli_say(cli, CLI_MARK_OK, "the service is at %s now: cairn.yaml, " GAPS_FILE ", %s", name, adr);
    cli_say_hint(cli, "a running service takes the new defaults when it starts again");

    return CLI_DONE;
}

static size_t
count_open(const struct verdicts *verdicts)
{
    size_t count = 0;

    for (size_t i = 0; i < verdicts->count; i++)
        count += verdicts->items[i].need == LIFECYCLE_MUST && is_open(&verdicts->items[i]);

    return count;
}

static int
refuse(struct cli *cli, const struct verdicts *verdicts, enum lifecycle_stage to, size_t open)
{
    struct page page;
    int code;

    page_init(&page);
    add_work(&page, verdicts, LIFECYCLE_SHOULD, "should be there");
    add_work(&page, verdicts, LIFECYCLE_MUST, "required");
    code = page_print(cli, &page);
    cli_say(cli, CLI_MARK_BAD, "%zu required row%s of %s %s not proven", open, open == 1 ? "" : "s",
            lifecycle_stage_names[to], open == 1 ? "is" : "are");
    cli_say_hint(cli,
                 "cairn explain ID says more; cairn waive ID for what may wait; cairn promote "
                 "%s --plan has the work in order",
                 lifecycle_stage_names[to]);

    return code == CLI_DONE ? CLI_FAILED : code;
}

/* What the new stage asks for, looked at with its own defaults. */
static int
check_stage(struct cli *cli, enum lifecycle_stage to)
{
    struct project project;

    if (cli->config_flag_count == CLI_FLAGS_MAX)
        return cli_fail_usage(cli, NULL, "too many flags");
    cli->config_flags[cli->config_flag_count++] = (struct config_flag){
        .option = CONFIG_STAGE, .value = lifecycle_stage_names[to], .shown = "--stage"};
    if (!stage_load(cli, &project))
        return CLI_USAGE;

    return check_all(cli, &project);
}

static int
show_changes(const struct cli *cli, const struct project *project, enum lifecycle_stage to)
{
    struct page page;

    page_init(&page);
    add_defaults(&page, project->config, to);

    return page_print(cli, &page);
}

static int
fail_not_next(struct cli *cli, enum lifecycle_stage at)
{
    const char *hint = "there is none after it";

    if (at + 1 < LIFECYCLE_STAGE_COUNT)
        hint = arena_printf(cli->arena, "each stage builds on the one before: cairn promote %s",
                            lifecycle_stage_names[at + 1])
                   .data;

    return cli_fail_usage(cli, hint, "the service is at %s", lifecycle_stage_names[at]);
}

int
cli_promote(struct cli *cli)
{
    enum lifecycle_stage to;
    struct verdicts verdicts;
    struct project project;
    struct err err = {0};
    size_t open;
    int code;

    if (!lifecycle_parse_stage(str_from(cli->args[0]), &to))
        return cli_fail_usage(cli, "poc, mvp, production or scale", "there is no stage '%s'",
                              cli->args[0]);
    if (!stage_load(cli, &project))
        return CLI_USAGE;
    if (to == LIFECYCLE_POC ||
        (cli_has_flag(cli, "plan") ? to < project.declared : to != project.declared + 1))
        return fail_not_next(cli, project.declared);
    if (cli_has_flag(cli, "plan")) {
        project_judge(&project, to, &verdicts);
        return write_plan(cli, &project, &verdicts, to);
    }
    code = show_changes(cli, &project, to);
    if (code == CLI_DONE && !cli_has_flag(cli, "as-known"))
        code = check_stage(cli, to);
    if (code != CLI_DONE)
        return code;
    if (!project_reload_evidence(&project, &err)) {
        cli_fail(cli, &err);
        return CLI_USAGE;
    }
    project_judge(&project, to, &verdicts);
    open = count_open(&verdicts);

    return open > 0 ? refuse(cli, &verdicts, to, open) : promote(cli, &project, &verdicts, to);
}
