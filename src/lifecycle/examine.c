/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/examine.h"

#include "core/clock.h"
#include "def/version.h"
#include "io/file.h"
#include "io/lockfile.h"

#define LOCK_FILE ".cairn/check.lock"

bool
examine_wants(const struct lifecycle_row *row, const struct examine_options *options)
{
    if (lifecycle_is_attested(row) ||
        (options->wants != NULL && !options->wants(options->ctx, row)))
        return false;
    if (options->only != NULL)
        return strcmp(row->id, options->only) == 0;
    /* A proof of concept is asked in seconds; drills begin where something depends on them. */
    if (options->stage == LIFECYCLE_POC && row->verify == LIFECYCLE_DRILLED)
        return row->need[options->stage] == LIFECYCLE_MUST;

    return row->need[options->stage] != LIFECYCLE_NOT_YET;
}

/* Criteria are held against figures, those of this run too. */
static bool
is_late(const struct lifecycle_row *row)
{
    return row->check != NULL && strcmp(row->check, "poc-criteria") == 0;
}

static bool
is_in(const struct evidence_run *run, const char *row)
{
    for (size_t i = 0; i < run->count; i++) {
        if (strcmp(run->items[i].row, row) == 0)
            return true;
    }

    return false;
}

/* What is known, with what this run has found so far in the place of what was found at its
 * stage. */
static void
add_found(const struct project *project, const struct evidence_run *run, struct evidence_store *out)
{
    const struct evidence_store *known = &project->evidence;

    *out = (struct evidence_store){0};
    out->items = ARENA_ARRAY(project->arena, struct evidence, run->count + known->count + 1);
    for (size_t i = 0; i < run->count; i++) {
        out->items[out->count] = run->items[i];
        out->items[out->count++].stage = run->subject.stage;
    }
    for (size_t i = 0; i < known->count; i++) {
        if (known->items[i].stage != run->subject.stage || !is_in(run, known->items[i].row))
            out->items[out->count++] = known->items[i];
    }
}

/* What can be found out about one row now; false when nobody can yet, which leaves it unknown. */
static void
look_at(struct project *project, const struct examine_options *options,
        const struct lifecycle_row *row, const struct evidence_store *known, struct evidence *out)
{
    const struct check_input input = {.config = project->config,
                                      .catalogue = &project->catalogue,
                                      .record = &project->record,
                                      .evidence = known,
                                      .stage = options->stage,
                                      .today = project->today,
                                      .arena = project->arena};
    const struct check_def *def = row->check != NULL ? check_find(row->check) : NULL;
    uint64_t start = clock_mono_ns();

    *out = (struct evidence){.row = row->id,
                             .class = row->verify,
                             .outcome = EVIDENCE_UNKNOWN,
                             .measured = "",
                             .limit = "",
                             .detail = ""};
    if (row->command != NULL)
        check_run_command(&input, row, out);
    else if (options->look_first != NULL && options->look_first(options->ctx, row, &input, out))
        ;
    else if (def != NULL)
        def->look(&input, out);
    else if (options->look == NULL || !options->look(options->ctx, row, &input, out))
        check_unknown(&input, out, "%s",
                      check_find_unbuilt(row->check) != NULL
                          ? check_find_unbuilt(row->check)
                          : "this version can't find that out yet");
    out->at_us = clock_wall_us();
    out->seconds = (double)((clock_mono_ns() - start) / 1000000) / 1000;
}

/* False when it was interrupted. */
static bool
look_at_those(struct project *project, const struct examine_options *options,
              struct evidence_run *run, size_t wanted, bool late)
{
    for (size_t i = 0; i < project->catalogue.count; i++) {
        const struct lifecycle_row *row = project->catalogue.rows[i];
        struct evidence_store known = project->evidence;

        if (!examine_wants(row, options) || is_late(row) != late)
            continue;
        if (options->begin != NULL)
            options->begin(options->ctx, row, run->count, wanted);
        if (late)
            add_found(project, run, &known);
        look_at(project, options, row, &known, &run->items[run->count]);
        run->count++;
        if (options->is_interrupted != NULL && options->is_interrupted(options->ctx))
            return false;
    }

    return true;
}

static bool
run_all(struct project *project, const struct examine_options *options, const char **file,
        struct err *err)
{
    struct evidence_run run = {.version = CAIRN_VERSION,
                               .target = project->target,
                               .host = project_describe_host(project->arena),
                               .subject = project->subject};
    size_t wanted = 0;

    for (size_t i = 0; i < project->catalogue.count; i++)
        wanted += examine_wants(project->catalogue.rows[i], options);
    run.items = ARENA_ARRAY(project->arena, struct evidence, wanted + 1);
    if (!look_at_those(project, options, &run, wanted, false) ||
        !look_at_those(project, options, &run, wanted, true))
        return err_set(err, ERR_UNAVAILABLE, "",
                       "interrupted: nothing was kept, and nothing is left behind");
    run.at_us = clock_wall_us();
    if (run.count == 0)
        return true;

    return evidence_write(project->config->dir, &run, project->arena, file, err) &&
           project_reload_evidence(project, err);
}

bool
examine(struct project *project, const struct examine_options *options, const char **file,
        struct err *err)
{
    const char *dir = project->config->dir;
    struct lockfile *lock;
    bool ok;

    *file = NULL;
    if (!dir_make(arena_printf(project->arena, "%s/.cairn", dir).data, 0700, err))
        return false;
    if (!lockfile_take(arena_printf(project->arena, "%s/" LOCK_FILE, dir).data, 0, &lock, err)) {
        if (err->kind == ERR_UNAVAILABLE)
            err_hint(err, "another cairn check is at work here: wait until it has ended");
        return false;
    }
    ok = run_all(project, options, file, err);
    lockfile_release(lock);

    return ok;
}
