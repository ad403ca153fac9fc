/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cairn check: which stage the service has reached, and what keeps it from the next.
 */
#include "cli/check.h"
#include "cli/check_live.h"
#include "cli/selftest.h"
#include "core/clock.h"
#include "core/interrupt.h"
#include "drill/examiner.h"
#include "io/file.h"
#include "lifecycle/examine.h"
#include "lifecycle/gaps.h"
#include "lifecycle/report.h"

enum {
    CHECK_WORSE = 2,
    CHECK_UNKNOWN = 3,
    CHECK_ABORTED = 5,
    OUTPUT_MAX = 4 * 1024 * 1024,
    ID_WIDTH = 24,
    BASIS_WIDTH = 10
};

/* --- while it runs ---------------------------------------------------------------------------- */

/* The line that is written over, on a terminal only. The probes ask between whiles whether they are
 * to end, with nothing in hand. */
static struct progress {
    const struct examiner *examiner;
    const struct lifecycle_row *row;
    size_t at, count;
    unsigned about_s;
    uint64_t began_ns;
    uint64_t shown_s;
} progress;

static void
write_progress(uint64_t seconds)
{
    if (progress.about_s > 0 || seconds > 0)
        cli_say_progress("%3zu/%zu  %-*s %llu s of about %u s", progress.at + 1, progress.count,
                         ID_WIDTH, progress.row->id, (unsigned long long)seconds,
                         progress.about_s > 0 ? progress.about_s : 1);
    else
        cli_say_progress("%3zu/%zu  %s", progress.at + 1, progress.count, progress.row->id);
}

static void
show_progress(void *ctx, const struct lifecycle_row *row, size_t at, size_t count)
{
    const struct probe_def *probe = row->check != NULL ? examiner_find(row->check) : NULL;

    progress.row = row;
    progress.at = at;
    progress.count = count;
    progress.about_s = probe != NULL ? examiner_get_seconds(progress.examiner, probe) : 0;
    progress.began_ns = clock_mono_ns();
    progress.shown_s = 0;
    write_progress(0);
}

static bool
is_interrupted(void)
{
    uint64_t seconds = (clock_mono_ns() - progress.began_ns) / 1000000000;

    if (progress.row != NULL && seconds > progress.shown_s) {
        progress.shown_s = seconds;
        write_progress(seconds);
    }

    return interrupt_is_asked();
}

static bool
is_run_interrupted(void *ctx)
{
    return interrupt_is_asked();
}

/* Says before the first drill begins which there are, and how long they take. */
static void
announce_drills(struct cli *cli, const struct project *project,
                const struct examine_options *options, const struct examiner *examiner)
{
    unsigned total = 0;
    struct buf text;

    buf_init(&text, 4096);
    for (size_t i = 0; i < project->catalogue.count; i++) {
        const struct lifecycle_row *row = project->catalogue.rows[i];
        const struct probe_def *probe = row->check != NULL ? examiner_find(row->check) : NULL;
        unsigned seconds;

        if (row->verify != LIFECYCLE_DRILLED || probe == NULL || !examine_wants(row, options))
            continue;
        seconds = examiner_get_seconds(examiner, probe);
        if (seconds == 0)
            continue;
        buf_printf(&text, "%s%s %u s", total > 0 ? ", " : "", row->id, seconds);
        total += seconds;
    }
    if (total > 0)
        cli_say(cli, CLI_MARK_NONE, "drills on a clone, about %u s in all: %s", total,
                buf_cstr(&text));
    buf_fini(&text);
}

/* --- the report for people -------------------------------------------------------------------- */

/* What was found, beside what it was held against. */
static void
add_found(struct page *page, const struct verdict *verdict, unsigned indent)
{
    const char *limit = verdict->evidence != NULL ? verdict->evidence->limit : "";
    struct buf text;

    if (limit[0] == '\0' || verdict->status == VERDICT_WAIVED) {
        page_wrap(page, verdict->text, indent);
    } else if (verdict->status == VERDICT_PASS) {
        buf_init(&text, 64 * 1024);
        buf_printf(&text, "%s (limit: %s)", verdict->text, limit);
        page_wrap(page, buf_cstr(&text), indent);
        buf_fini(&text);
    } else {
        page_wrap(page, verdict->text, indent);
        buf_printf(&page->out, "%*slimit: ", (int)indent, "");
        page_wrap(page, limit, indent);
    }
}

static void
add_line(struct page *page, const struct verdict *verdict)
{
    const struct lifecycle_row *row = verdict->row;
    unsigned indent = 3 + ID_WIDTH + 1 + BASIS_WIDTH + 1;

    BUF_ADD_LIT(&page->out, " ");
    page_mark(page, stage_mark(verdict->status));
    BUF_ADD_LIT(&page->out, " ");
    page_cell(page, row->id, ID_WIDTH);
    BUF_ADD_LIT(&page->out, " ");
    page_cell(page,
              verdict->status == VERDICT_PASS ? verdict->basis
                                              : verdict_status_names[verdict->status],
              BASIS_WIDTH);
    BUF_ADD_LIT(&page->out, " ");
    add_found(page, verdict, indent);
}

struct group {
    const char *title;
    enum verdict_status statuses[4]; /* in this order */
    size_t status_count;
    enum lifecycle_need least, most;
};

/* Rows of these statuses, P0 first. */
static void
add_group(struct page *page, const struct verdicts *verdicts, const struct group *group)
{
    bool first = true;

    for (size_t at = 0; at < group->status_count * 3; at++) {
        for (size_t i = 0; i < verdicts->count; i++) {
            const struct verdict *verdict = &verdicts->items[i];

            if (verdict->status != group->statuses[at / 3] || verdict->need < group->least ||
                verdict->need > group->most || verdict->row->priority != at % 3)
                continue;
            if (first) {
                BUF_ADD_LIT(&page->out, "\n");
                page_dim(page, group->title);
                BUF_ADD_LIT(&page->out, "\n");
            }
            first = false;
            add_line(page, verdict);
        }
    }
}

static size_t
count_all(const struct verdicts *verdicts, enum verdict_status status)
{
    size_t count = 0;

    for (size_t i = 0; i < verdicts->count; i++)
        count += verdicts->items[i].status == status;

    return count;
}

static void
add_summary(struct page *page, const struct verdicts *verdicts)
{
    size_t total = verdict_count_required(verdicts, VERDICT_STATUS_COUNT);
    size_t passed = verdict_count_required(verdicts, VERDICT_PASS);
    enum lifecycle_stage reached;
    bool any = verdict_get_stage(verdicts, &reached);

    buf_printf(&page->out, "\n stage reached: %s   %zu of %zu required %s rows pass",
               any ? lifecycle_stage_names[reached] : "none yet", passed, total,
               lifecycle_stage_names[verdicts->stage]);
    for (int status = VERDICT_FAIL; status < VERDICT_NOT_YET; status++) {
        size_t count = verdict_count_required(verdicts, (enum verdict_status)status);

        if (count > 0)
            buf_printf(&page->out, ", %zu %s%s", count, verdict_status_names[status],
                       status == VERDICT_FAIL && count > 1 ? "s" : "");
    }
    BUF_ADD_LIT(&page->out, "\n");
}

/* The first thing to do: the open required row with the highest priority, failures first. */
static const struct verdict *
find_next(const struct verdicts *verdicts)
{
    static const enum verdict_status order[] = {VERDICT_FAIL, VERDICT_STALE, VERDICT_UNKNOWN};

    for (unsigned priority = 0; priority <= 2; priority++) {
        for (size_t o = 0; o < COUNTOF(order); o++) {
            for (size_t i = 0; i < verdicts->count; i++) {
                const struct verdict *verdict = &verdicts->items[i];

                if (verdict->need == LIFECYCLE_MUST && verdict->status == order[o] &&
                    verdict->row->priority == priority)
                    return verdict;
            }
        }
    }

    return NULL;
}

/* A required row waits for somebody's word. */
static bool
is_anything_unsaid(const struct verdicts *verdicts)
{
    for (size_t i = 0; i < verdicts->count; i++) {
        const struct verdict *verdict = &verdicts->items[i];

        if (verdict->need == LIFECYCLE_MUST && lifecycle_is_attested(verdict->row) &&
            (verdict->status == VERDICT_UNKNOWN || verdict->status == VERDICT_STALE))
            return true;
    }

    return false;
}

static void
add_report(struct page *page, const struct verdicts *verdicts)
{
    static const struct group groups[] = {
        {"proven", {VERDICT_PASS}, 1, LIFECYCLE_NICE, LIFECYCLE_MUST},
        {"open, not required at this stage",
         {VERDICT_WAIVED, VERDICT_UNKNOWN, VERDICT_STALE, VERDICT_FAIL},
         4,
         LIFECYCLE_NICE,
         LIFECYCLE_SHOULD},
        {"open, required",
         {VERDICT_WAIVED, VERDICT_UNKNOWN, VERDICT_STALE, VERDICT_FAIL},
         4,
         LIFECYCLE_MUST,
         LIFECYCLE_MUST},
    };
    const struct verdict *next = find_next(verdicts);

    for (size_t i = 0; i < COUNTOF(groups); i++)
        add_group(page, verdicts, &groups[i]);
    add_summary(page, verdicts);
    if (count_all(verdicts, VERDICT_NOT_YET) > 0)
        buf_printf(&page->out, " %zu rows are not needed yet\n",
                   count_all(verdicts, VERDICT_NOT_YET));
    if (is_anything_unsaid(verdicts))
        BUF_ADD_LIT(&page->out, " what only people know: cairn attest ID --by NAME\n");
    if (next != NULL) {
        buf_printf(&page->out, " next: %s: ", next->row->id);
        page_wrap(page, next->fix, 7);
        buf_printf(&page->out, "       cairn explain %s\n", next->row->id);
    }
}

/* --- files ------------------------------------------------------------------------------------ */

typedef void (*report_writer)(const struct verdicts *verdicts, struct buf *out);

static bool
write_file(struct cli *cli, const char *flag, report_writer write, const struct verdicts *verdicts)
{
    const char *path = cli_get_flag(cli, flag);
    struct err err = {0};
    struct buf text;
    bool ok;

    if (path == NULL)
        return true;
    buf_init(&text, OUTPUT_MAX);
    write(verdicts, &text);
    ok = file_replace(path, buf_str(&text), 0644, &err);
    buf_fini(&text);
    if (!ok)
        cli_fail(cli, &err);

    return ok;
}

static bool
write_files(struct cli *cli, const struct verdicts *verdicts)
{
    return write_file(cli, "sarif", report_write_sarif, verdicts) &&
           write_file(cli, "junit", report_write_junit, verdicts) &&
           write_file(cli, "badge", report_write_badge, verdicts);
}

static bool
update_gaps(struct cli *cli, struct project *project, const char *evidence)
{
    struct gaps_change change;
    struct err err = {0};

    if (!project_update_gaps(project, project->declared, &change, &err)) {
        cli_fail(cli, &err);
        return false;
    }
    if (!cli->json)
        cli_say(cli, CLI_MARK_NONE, "wrote " GAPS_FILE " (%zu open, %zu new, %zu closed)",
                change.open, change.opened, change.closed);
    if (!cli->json && evidence != NULL)
        cli_say(cli, CLI_MARK_NONE, "wrote %s", evidence);

    return true;
}

/* --- the command ------------------------------------------------------------------------------ */

/* A required row passed before, and doesn't now. */
static bool
is_worse(const struct verdicts *before, const struct verdicts *after)
{
    for (size_t i = 0; i < after->count; i++) {
        if (after->items[i].need == LIFECYCLE_MUST && before->items[i].status == VERDICT_PASS &&
            after->items[i].status == VERDICT_FAIL)
            return true;
    }

    return false;
}

static int
exit_code(const struct verdicts *before, const struct verdicts *after)
{
    if (is_worse(before, after))
        return CHECK_WORSE;
    if (verdict_count_required(after, VERDICT_FAIL) > 0)
        return CLI_FAILED;
    if (verdict_count_required(after, VERDICT_UNKNOWN) +
            verdict_count_required(after, VERDICT_STALE) >
        0)
        return CHECK_UNKNOWN;

    return CLI_DONE;
}

/* Of one row alone, whatever the stage needs. */
static int
exit_code_of(const struct verdicts *before, const struct verdicts *after,
             const struct lifecycle_row *row)
{
    enum verdict_status was = verdict_find(before, str_from(row->id))->status;
    const struct verdict *is = verdict_find(after, str_from(row->id));

    if (is->status == VERDICT_NOT_YET && is->evidence != NULL)
        return is->evidence->outcome == EVIDENCE_FAIL ? CLI_FAILED : CHECK_UNKNOWN;
    switch (is->status) {
    case VERDICT_FAIL:
        return was == VERDICT_PASS ? CHECK_WORSE : CLI_FAILED;
    case VERDICT_UNKNOWN:
    case VERDICT_STALE:
        return CHECK_UNKNOWN;
    default:
        return CLI_DONE;
    }
}

/* Of another service only what can be found out about it counts, and cairn's options are of no use
 * to it. */
static void
keep_found(struct verdicts *verdicts)
{
    size_t kept = 0;

    for (size_t i = 0; i < verdicts->count; i++) {
        struct verdict verdict = verdicts->items[i];

        if (verdict.evidence == NULL || verdict.need == LIFECYCLE_NOT_YET)
            continue;
        if (verdict.row->elsewhere != NULL)
            verdict.fix = verdict.row->elsewhere;
        verdicts->items[kept++] = verdict;
    }
    verdicts->count = kept;
}

/* Who asks about one row wants to know what was found, needed or not. */
static void
add_only(struct cli *cli, struct page *page, struct verdict verdict)
{
    static const enum verdict_status statuses[] = {[EVIDENCE_UNKNOWN] = VERDICT_UNKNOWN,
                                                   [EVIDENCE_PASS] = VERDICT_PASS,
                                                   [EVIDENCE_FAIL] = VERDICT_FAIL};

    if (verdict.status == VERDICT_NOT_YET && verdict.evidence != NULL) {
        verdict.status = statuses[verdict.evidence->outcome];
        verdict.text =
            arena_printf(cli->arena, "%s; %s", verdict.evidence->measured, verdict.text).data;
    }
    add_line(page, &verdict);
    if (verdict.status != VERDICT_PASS && verdict.status != VERDICT_WAIVED) {
        BUF_ADD_LIT(&page->out, "   what to do: ");
        page_wrap(page, verdict.fix, 15);
    }
}

static int
print_report(struct cli *cli, const struct verdicts *verdicts, const struct lifecycle_row *only)
{
    struct page page;

    page_init(&page);
    if (cli->json) {
        report_write_json(verdicts, &page.out);
    } else if (only != NULL) {
        for (size_t i = 0; i < verdicts->count; i++) {
            if (verdicts->items[i].row == only)
                add_only(cli, &page, verdicts->items[i]);
        }
    } else {
        add_report(&page, verdicts);
    }

    return page_print(cli, &page);
}

int
check_all(struct cli *cli, struct project *project)
{
    struct examiner examiner;
    struct examine_options options = {.stage = project->declared,
                                      .look = examiner_look,
                                      .begin = show_progress,
                                      .is_interrupted = is_run_interrupted,
                                      .ctx = &examiner};
    const char *evidence;
    struct err err = {0};
    bool ok;

    interrupt_catch();
    examiner_init(&examiner, project->config, NULL, project->declared, cli->arena);
    examiner.is_interrupted = is_interrupted;
    progress.examiner = &examiner;
    announce_drills(cli, project, &options, &examiner);
    ok = examine(project, &options, &evidence, &err);
    examiner_fini(&examiner);
    cli_clear_progress();
    if (ok)
        return CLI_DONE;
    cli_fail(cli, &err);

    return interrupt_is_asked() ? CHECK_ABORTED : CLI_USAGE;
}

static int
run(struct cli *cli, struct project *project, const struct target *target,
    const struct lifecycle_row *only)
{
    struct examiner examiner;
    struct live live;
    struct examine_options options = {.stage = project->declared,
                                      .only = only != NULL ? only->id : NULL,
                                      .wants = target != NULL ? examiner_wants : NULL,
                                      .look = examiner_look,
                                      .begin = show_progress,
                                      .is_interrupted = is_run_interrupted,
                                      .ctx = &examiner};
    struct verdicts before, after;
    const char *evidence = NULL;
    struct err err = {0};
    bool ok;

    project_judge(project, project->declared, &before);
    examiner_init(&examiner, target != NULL ? NULL : project->config, target, project->declared,
                  cli->arena);
    examiner.is_interrupted = is_interrupted;
    progress.examiner = &examiner;
    if (cli_has_flag(cli, "live")) {
        if (!check_live_open(cli, project, &options, &examiner, &live))
            return CLI_USAGE;
        options.look_first = live_look;
        options.look = NULL;
        options.ctx = &live;
    }
    if (!cli->json && !cli_has_flag(cli, "live"))
        announce_drills(cli, project, &options, &examiner);
    ok = examine(project, &options, &evidence, &err);
    examiner_fini(&examiner);
    cli_clear_progress();
    if (!ok) {
        cli_fail(cli, &err);
        return interrupt_is_asked() ? CHECK_ABORTED : CLI_USAGE;
    }
    project_judge(project, project->declared, &after);
    if (target != NULL)
        keep_found(&after);
    if (print_report(cli, &after, only) != CLI_DONE ||
        (target == NULL && !update_gaps(cli, project, evidence)) || !write_files(cli, &after))
        return CLI_USAGE;
    if (target != NULL)
        return exit_code(&after, &after);

    return only != NULL ? exit_code_of(&before, &after, only) : exit_code(&before, &after);
}

int
cli_check(struct cli *cli)
{
    const char *id = cli_get_flag(cli, "only");
    const char *path = cli_get_flag(cli, "target");
    const struct lifecycle_row *only = NULL;
    struct project project;
    struct target target;
    struct err err = {0};

    interrupt_catch();
    if (!stage_load(cli, &project))
        return CLI_USAGE;
    if (id != NULL) {
        only = stage_find_row(cli, &project, id);
        if (only == NULL)
            return CLI_USAGE;
    }
    if (!check_live_flags(cli))
        return CLI_USAGE;
    if (cli_has_flag(cli, "selftest"))
        return cli_run_selftest(cli, &project, only != NULL ? only->check : NULL);
    if (path != NULL) {
        if (!target_load(path, cli->arena, &target, &err)) {
            cli_fail(cli, &err);
            return CLI_USAGE;
        }
        project.target = target.name;
        if (!project_reload_evidence(&project, &err)) {
            cli_fail(cli, &err);
            return CLI_USAGE;
        }
    }

    return run(cli, &project, path != NULL ? &target : NULL, only);
}
