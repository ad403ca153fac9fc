/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/selftest.h"

#include "drill/plant.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FOUND_MAX = 240, AT_ONCE = 7, POLL_MS = 20, ALSO_MAX = 512 };

/* What each service is asked. */
static const char *const asked[] = {
    "api-answers",
    "database-connected",
    "round-trip",
    "error-handling",
    "input-validation",
    "docs",
    "logs",
    "error-tracking",
    "security-headers",
    "metrics",
    "authentication",
    "environment-validation",
    "version",
    "rbac",
    "health-truth",
    "latency",
    "throughput",
    "error-rate",
    "concurrency",
    "kill-under-load",
    "shutdown-under-load",
    "disk-full",
    "slow-clients",
    "database-restart",
};

static const struct {
    const char *check;
    const char *why;
} exempt[] = {
    {"database-connected", "without it no service starts here; health-truth takes the data away"},
    {"project", "the command refuses a configuration that is unsound"},
    {"tls", "the command refuses an address without TLS that others reach"},
    {"single-node", "it says how many there are, and is never a gap"},
    {"connection-pool", "its pool is always bounded"},
    {"runbooks-basic", "one runbook is enough, and the project has others"},
    {"process-rights", "who runs the check decides"},
    {"restart-under-load", "one instance alone can't pass"},
    {"migration-applied", "cairn dev isn't what is served"},
    {"load", "the same run as latency"},
    {"capacity", "it takes all of the machine; throughput has one at a fixed rate"},
    {"instances", "the embedded database is one instance's"},
    {"certificates", "an authority would have to sign one"},
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

/* --- what the answers mean ------------------------------------------------------------------------ */

struct answer {
    enum evidence_outcome outcome;
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

/* A check that nobody can plant a defect for here may say that it can't tell. */
static void
judge_sound(const char *check, bool has_to_pass, const struct answer *answer, struct arena *arena,
            struct selftest_row *row)
{
    if (answer->outcome == EVIDENCE_PASS || (!has_to_pass && answer->outcome != EVIDENCE_FAIL))
        return;
    row->result = SELFTEST_BROKEN;
    row->found = arena_printf(arena, "%s: %s", check, answer->found).data;
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

/* One answer; those of the others count only once the defect was seen. */
static void
judge(const char *check, enum config_database_engine engine, const struct answer *answer,
      struct arena *arena, struct selftest_row *row)
{
    if (row->defect == NULL) {
        judge_sound(check, can_be_planted(check, engine), answer, arena, row);
    } else if (strcmp(check, row->defect->check) == 0) {
        if (answer->outcome != EVIDENCE_FAIL)
            row->result = SELFTEST_MISSED;
        if (row->result != SELFTEST_OTHERS)
            row->found = arena_cstr(arena, str_from(answer->found));
    } else if (answer->outcome == EVIDENCE_FAIL && is_declared(row->defect, check)) {
        row->also =
            arena_printf(arena, "%s%s%s", row->also, row->also[0] != '\0' ? ", " : "", check).data;
    } else if (answer->outcome == EVIDENCE_FAIL && row->result == SELFTEST_SEEN) {
        row->result = SELFTEST_OTHERS;
        row->found = arena_printf(arena, "%s too: %s", check, answer->found).data;
    }
}

/* --- services ------------------------------------------------------------------------------------- */

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

static void
ask_all(const struct run *run, size_t job)
{
    struct examiner *examiner = xcalloc(1, sizeof(*examiner));
    struct answer *answers = &run->answers[job * COUNTOF(asked)];

    examiner_init(examiner, run->input->config, NULL, run->input->stage, run->input->arena);
    examiner->is_interrupted = run->is_interrupted;
    examiner->is_brief = true;
    examiner->defect = run->defects[job] != NULL ? run->defects[job]->name : "none";
    for (size_t i = 0; i < COUNTOF(asked) && !run->is_interrupted(); i++) {
        const struct lifecycle_row row = {.id = asked[i], .check = asked[i]};
        struct evidence evidence = {.row = asked[i],
                                    .outcome = EVIDENCE_UNKNOWN,
                                    .measured = "",
                                    .limit = "",
                                    .detail = ""};

        if (!is_asked(run, asked[i]) || !examiner_look(examiner, &row, run->input, &evidence))
            continue;
        answers[i].outcome = evidence.outcome;
        snprintf(answers[i].found, FOUND_MAX, "%s", evidence.measured);
    }
    examiner_fini(examiner);
    free(examiner);
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

/* Most of the time is waiting. From the last to the first: those that take long are at the end of the table. */
static bool
run_jobs(struct run *run)
{
    size_t next = run->job_count;
    size_t running;

    while ((running = count_running(run)) > 0 || next > 0) {
        if (run->is_interrupted()) {
            stop_jobs(run);
            return false;
        }
        if (running < AT_ONCE && next > 0)
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
        for (size_t i = 0; i < COUNTOF(asked); i++) {
            if (is_asked(run, asked[i]))
                judge(asked[i], run->input->config->database_engine,
                      &run->answers[job * COUNTOF(asked) + i], run->input->arena, &rows[job]);
        }
    }
}

/* --- files and configuration ---------------------------------------------------------------------- */

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
        struct answer answer = {.outcome = found[i].outcome};

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
    memset(run->jobs, 0, run->job_count * sizeof(*run->jobs));
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
