/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/selftest.h"

#include "core/clock.h"
#include "drill/plant.h"
#include "drill/plant_history.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    FOUND_MAX = 240,
    AT_ONCE = 7,
    AT_ONCE_POSTGRES = 3,
    POLL_MS = 20,
    TRIES = 3,
    PATIENCE_STEP = 4,
    SPIN_MS = 200
};

/* Of a processor; a process that wants it all gets more on a machine that has time. */
#define BUSY_SHARE 0.7

/* What each service is asked. */
static const struct {
    const char *check;
    bool is_alone; /* it takes long: of the sound service and of those about it */
    bool is_lived; /* the history of the service counts */
} asked[] = {
    {.check = "api-answers"},
    {.check = "database-connected"},
    {.check = "round-trip"},
    {.check = "error-handling"},
    {.check = "input-validation"},
    {.check = "docs"},
    {.check = "logs"},
    {.check = "error-tracking"},
    {.check = "security-headers"},
    {.check = "metrics"},
    {.check = "authentication"},
    {.check = "environment-validation"},
    {.check = "migration-applied", .is_alone = true},
    {.check = "version"},
    {.check = "rbac"},
    {.check = "health-truth"},
    {.check = "latency", .is_lived = true},
    {.check = "throughput"},
    {.check = "error-rate", .is_lived = true},
    {.check = "concurrency"},
    {.check = "load"},
    {.check = "capacity", .is_alone = true, .is_lived = true},
    {.check = "kill-under-load"},
    {.check = "shutdown-under-load"},
    {.check = "disk-full"},
    {.check = "slow-clients"},
    {.check = "database-restart"},
};

static const struct {
    const char *check;
    const char *why;
} exempt[] = {
    {"project", "never a gap: the command refuses a configuration that is unsound"},
    {"single-node", "never a gap: it says how many there are"},
    {"connection-pool", "never a gap: its pool is always bounded"},
    {"process-rights", "it is about who runs the check: for root a gap, for others none"},
    {"restart-under-load", "nothing here passes it: one instance alone can't"},
    {"instances", "nothing here passes it: on SQLite one is all there can be, on PostgreSQL others "
                  "may run elsewhere"},
};

bool
selftest_has_defect(const char *check)
{
    for (size_t i = 0; i < defect_count; i++) {
        if (strcmp(defects[i].check, check) == 0)
            return true;
    }
    for (size_t i = 0; i < plant_defect_count(); i++) {
        if (strcmp(plant_get_defect(i)->check, check) == 0)
            return true;
    }

    return false;
}

const char *
selftest_explain(const char *check)
{
    for (size_t i = 0; i < COUNTOF(exempt); i++) {
        if (strcmp(exempt[i].check, check) == 0)
            return exempt[i].why;
    }

    return NULL;
}

/* --- what the answers mean -------------------------------------------------------------------- */

struct answer {
    enum evidence_outcome outcome;
    bool was_asked;
    bool is_by_clock;
    bool is_busy; /* and the machine had little time */
    char found[FOUND_MAX];
};

static bool
is_declared(const struct defect *defect, const char *check)
{
    for (size_t i = 0; i < DEFECT_ALSO_MAX && defect->also[i] != NULL; i++) {
        if (strcmp(defect->also[i], check) == 0)
            return true;
    }

    return false;
}

static bool
can_be_planted(const char *check, enum config_database_engine engine)
{
    bool is_about = false;

    for (size_t i = 0; i < defect_count; i++) {
        if (strcmp(defects[i].check, check) == 0 && defect_is_for(&defects[i], engine))
            return true;
        is_about = is_about || strcmp(defects[i].check, check) == 0;
    }

    return !is_about && selftest_has_defect(check);
}

static bool
is_own(const struct defect *defect, const char *check)
{
    return defect != NULL && strcmp(defect->check, check) == 0;
}

static bool
says(const struct defect *defect, const struct answer *answer)
{
    return defect->says == NULL || strstr(answer->found, defect->says) != NULL;
}

/* A check that nobody can plant a defect for here may say that it can't tell. */
static bool
is_expected(const struct defect *defect, const char *check, enum config_database_engine engine,
            const struct answer *answer)
{
    if (is_own(defect, check))
        return answer->outcome == EVIDENCE_FAIL && says(defect, answer);
    if (defect != NULL)
        return answer->outcome != EVIDENCE_FAIL || is_declared(defect, check);

    return answer->outcome == EVIDENCE_PASS ||
           (answer->outcome != EVIDENCE_FAIL && !can_be_planted(check, engine));
}

static void
note(struct selftest_row *row, enum selftest_result result, const char *text)
{
    if (result <= row->result)
        return;
    row->result = result;
    row->found = text;
}

static void
add_also(struct selftest_row *row, const char *check, struct arena *arena)
{
    row->also =
        arena_printf(arena, "%s%s%s", row->also, row->also[0] != '\0' ? ", " : "", check).data;
}

static void
judge_unexpected(const char *check, const struct answer *answer, struct arena *arena,
                 struct selftest_row *row)
{
    const char *what = answer->found[0] != '\0' ? answer->found : "it could not be asked";

    if (answer->is_by_clock && answer->is_busy)
        note(row, SELFTEST_UNDECIDED, arena_printf(arena, "%s: %s", check, what).data);
    else if (row->defect == NULL)
        note(row, SELFTEST_BROKEN, arena_printf(arena, "%s: %s", check, what).data);
    else if (is_own(row->defect, check))
        note(row, SELFTEST_MISSED, arena_cstr(arena, str_from(what)));
    else
        note(row, SELFTEST_OTHERS, arena_printf(arena, "%s too: %s", check, what).data);
}

static void
judge(const char *check, enum config_database_engine engine, const struct answer *answer,
      struct arena *arena, struct selftest_row *row)
{
    if (!answer->was_asked && row->defect != NULL && !is_own(row->defect, check))
        return;
    if (!is_expected(row->defect, check, engine, answer))
        judge_unexpected(check, answer, arena, row);
    else if (is_own(row->defect, check) && row->result == SELFTEST_SEEN)
        row->found = arena_cstr(arena, str_from(answer->found));
    else if (row->defect != NULL && answer->outcome == EVIDENCE_FAIL &&
             is_declared(row->defect, check))
        add_also(row, check, arena);
}

/* --- services --------------------------------------------------------------------------------- */

struct job {
    pid_t pid; /* 0: not running */
    bool is_done;
};

struct run {
    const struct check_input *input;
    const char *only;              /* the check that alone is asked; NULL: all */
    const struct defect **defects; /* of each job; NULL: none */
    bool (*is_interrupted)(void);
    void (*said)(size_t done, size_t count);
    struct answer *answers; /* COUNTOF(asked) for each job, shared with the processes */
    struct job *jobs;       /* 0: without a defect */
    size_t job_count, done, total;
};

static bool
is_asked(const struct run *run, const char *check)
{
    return run->only == NULL || strcmp(run->only, check) == 0;
}

/* Whether the service of that job is asked by that check. */
static bool
is_for(const struct run *run, const struct defect *defect, size_t check)
{
    const char *name = asked[check].check;

    if (!is_asked(run, name))
        return false;
    if (defect == NULL || is_own(defect, name))
        return true;
    if (defect->has_history)
        return asked[check].is_lived;

    return !asked[check].is_alone && !(defect->skips_also && is_declared(defect, name));
}

/* What part of a processor this process gets when it wants all of one. */
static double
measure_share(void)
{
    uint64_t start = clock_mono_ns(), now;
    clock_t used = clock();

    do
        now = clock_mono_ns();
    while (now - start < (uint64_t)SPIN_MS * 1000000);

    return (double)(clock() - used) / CLOCKS_PER_SEC / ((double)(now - start) / 1e9);
}

/* The rest of a job is its own. */
struct asker {
    const struct run *run;
    const struct defect *defect;
    struct check_input input;
    struct answer *answers;
    unsigned patience;
};

static void
ask_one(const struct asker *asker, struct examiner *examiner, size_t check)
{
    const struct lifecycle_row row = {.id = asked[check].check, .check = asked[check].check};
    struct answer *answer = &asker->answers[check];
    struct evidence evidence = {.row = asked[check].check,
                                .outcome = EVIDENCE_UNKNOWN,
                                .measured = "",
                                .limit = "",
                                .detail = ""};

    if (!examiner_look(examiner, &row, &asker->input, &evidence))
        return;
    answer->was_asked = true;
    answer->outcome = evidence.outcome;
    answer->is_by_clock = evidence.is_by_clock;
    snprintf(answer->found, FOUND_MAX, "%s", evidence.measured);
}

/* On services of their own, those that were asked before and answered as they should not. */
static bool
is_open_question(const struct asker *asker, size_t check)
{
    const struct answer *answer = &asker->answers[check];

    if (!answer->was_asked)
        return asker->patience == 1;

    return answer->is_by_clock && !is_expected(asker->defect, asked[check].check,
                                               asker->run->input->config->database_engine, answer);
}

/* False when nothing is open. */
static bool
ask_open(const struct asker *asker)
{
    const struct run *run = asker->run;
    struct examiner *examiner = xcalloc(1, sizeof(*examiner));
    bool any = false;

    examiner_init(examiner, run->input->config, NULL, run->input->stage, run->input->arena);
    examiner->is_interrupted = run->is_interrupted;
    examiner->is_brief = true;
    examiner->patience = asker->patience;
    examiner->has_history = asker->defect != NULL && asker->defect->has_history;
    examiner->defect =
        asker->defect != NULL && !asker->defect->has_history ? asker->defect->name : "none";
    for (size_t i = 0; i < COUNTOF(asked) && !run->is_interrupted(); i++) {
        if (!is_for(run, asker->defect, i) || !is_open_question(asker, i))
            continue;
        any = true;
        ask_one(asker, examiner, i);
    }
    examiner_fini(examiner);
    free(examiner);

    return any;
}

static void
note_business(const struct asker *asker)
{
    bool is_busy = measure_share() < BUSY_SHARE;

    for (size_t i = 0; i < COUNTOF(asked); i++)
        asker->answers[i].is_busy = is_busy;
}

static void
ask_all(const struct run *run, size_t job)
{
    struct asker asker = {.run = run,
                          .defect = run->defects[job],
                          .input = *run->input,
                          .answers = &run->answers[job * COUNTOF(asked)],
                          .patience = 1};
    struct config config = *run->input->config;
    struct err err = {0};
    char dir[64] = "";
    bool ok = true;

    if (asker.defect != NULL && asker.defect->has_history) {
        ok = service_make_folder(dir, sizeof(dir), &err) &&
             plant_history(dir, asker.defect->name, run->input->arena, &err);
        config.dir = dir;
        asker.input.config = &config;
    }
    for (unsigned i = 0; ok && i < TRIES && ask_open(&asker); i++)
        asker.patience *= PATIENCE_STEP;
    if (asker.patience > PATIENCE_STEP)
        note_business(&asker);
    if (dir[0] != '\0')
        service_remove_folder(dir);
}

/* In a process of its own, which ends when this one does. */
static void
start_job(struct run *run, size_t job)
{
    pid_t parent = getpid();
    pid_t pid = fork();

    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() == parent)
            ask_all(run, job);
        _exit(0);
    }
    run->jobs[job].pid = pid > 0 ? pid : 0;
    run->jobs[job].is_done = pid < 0;
}

static size_t
count_running(struct run *run)
{
    size_t running = 0;

    for (size_t i = 0; i < run->job_count; i++) {
        struct job *job = &run->jobs[i];

        if (job->pid == 0)
            continue;
        if (waitpid(job->pid, NULL, WNOHANG) == job->pid) {
            *job = (struct job){.is_done = true};
            run->said(++run->done, run->total);
        } else {
            running++;
        }
    }

    return running;
}

static void
stop_jobs(struct run *run)
{
    for (size_t i = 0; i < run->job_count; i++) {
        if (run->jobs[i].pid != 0)
            kill(run->jobs[i].pid, SIGTERM);
    }
    for (size_t i = 0; i < run->job_count; i++) {
        while (run->jobs[i].pid != 0 && waitpid(run->jobs[i].pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
}

/* Most of the time is waiting. From the last to the first: those that take long are at the end of
 * the table. */
static bool
run_jobs(struct run *run)
{
    bool is_sqlite = run->input->config->database_engine == CONFIG_ENGINE_SQLITE;
    /* A server lets in a hundred connections, unless somebody has said otherwise. */
    size_t at_once = is_sqlite ? AT_ONCE : AT_ONCE_POSTGRES;
    size_t next = run->job_count;
    size_t running;

    while ((running = count_running(run)) > 0 || next > 0) {
        if (run->is_interrupted()) {
            stop_jobs(run);
            return false;
        }
        if (running < at_once && next > 0)
            start_job(run, --next);
        else
            poll(NULL, 0, POLL_MS);
    }

    return true;
}

static void
judge_jobs(const struct run *run, struct selftest_row *rows)
{
    for (size_t job = 0; job < run->job_count; job++) {
        rows[job] =
            (struct selftest_row){.defect = run->defects[job], .found = "all pass", .also = ""};
        rows[job].skips_also = run->defects[job] != NULL && run->defects[job]->skips_also;
        for (size_t i = 0; i < COUNTOF(asked); i++) {
            if (is_for(run, run->defects[job], i))
                judge(asked[i].check, run->input->config->database_engine,
                      &run->answers[job * COUNTOF(asked) + i], run->input->arena, &rows[job]);
            else if (rows[job].skips_also && is_asked(run, asked[i].check) &&
                     is_declared(run->defects[job], asked[i].check))
                add_also(&rows[job], asked[i].check, run->input->arena);
        }
    }
}

/* --- files and configuration ------------------------------------------------------------------ */

static void
try_plant(const struct check_input *input, const struct defect *defect, struct selftest_row *row)
{
    struct evidence *found = ARENA_ARRAY(input->arena, struct evidence, check_count());
    struct err err = {0};

    *row = (struct selftest_row){.defect = defect, .found = "all pass", .also = ""};
    if (!plant_try(defect, input->catalogue, input->today, input->arena, found, &err)) {
        row->result = SELFTEST_BROKEN;
        row->found = arena_cstr(input->arena, str_from(err.message));
        return;
    }
    for (size_t i = 0; i < check_count(); i++) {
        struct answer answer = {.outcome = found[i].outcome, .was_asked = true};

        snprintf(answer.found, FOUND_MAX, "%s", found[i].measured);
        judge(found[i].row, input->config->database_engine, &answer, input->arena, row);
    }
}

/* The defects that can be tried on this engine, after none at all. */
static void
list_jobs(struct run *run, size_t *skipped)
{
    enum config_database_engine engine = run->input->config->database_engine;

    run->defects = ARENA_ARRAY(run->input->arena, const struct defect *, defect_count + 1);
    run->job_count = 1;
    *skipped = 0;
    for (size_t i = 0; i < defect_count; i++) {
        if (!is_asked(run, defects[i].check))
            continue;
        if (defect_is_for(&defects[i], engine))
            run->defects[run->job_count++] = &defects[i];
        else
            (*skipped)++;
    }
    run->jobs = ARENA_ARRAY(run->input->arena, struct job, run->job_count);
}

/* Of files and configuration; the first has nothing wrong. */
static size_t
try_plants(struct run *run, struct selftest_row *rows)
{
    size_t count = 0;

    for (size_t i = 0; i <= plant_defect_count() && !run->is_interrupted(); i++) {
        const struct defect *defect = i > 0 ? plant_get_defect(i - 1) : NULL;

        if (run->only != NULL && (defect == NULL || !is_asked(run, defect->check)))
            continue;
        try_plant(run->input, defect, &rows[count++]);
        run->said(++run->done, run->total);
    }

    return count;
}

bool
selftest_run(const struct check_input *input, const char *only, bool (*is_interrupted)(void),
             void (*said)(size_t done, size_t count), struct selftest *out)
{
    struct run run = {.input = input, .only = only, .is_interrupted = is_interrupted, .said = said};
    size_t size;
    bool ended;

    list_jobs(&run, &out->skipped);
    run.total = run.job_count + plant_defect_count() + 1;
    out->rows = ARENA_ARRAY(input->arena, struct selftest_row, run.total);
    size = run.job_count * COUNTOF(asked) * sizeof(struct answer);
    run.answers = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (run.answers == MAP_FAILED)
        return false;
    out->count = run.job_count + try_plants(&run, &out->rows[run.job_count]);
    ended = run_jobs(&run);
    judge_jobs(&run, out->rows);
    munmap(run.answers, size);

    return ended && !is_interrupted();
}
