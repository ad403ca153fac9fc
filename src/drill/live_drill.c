/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drills on the running service. Each watches what its users get, and ends when too much of that
 * fails.
 */
#include "core/clock.h"
#include "drill/live.h"
#include "lifecycle/history_write.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    ASK_MS = 5000,
    STEP_MS = 20,
    BEFORE_MS = 1000,
    AFTER_MS = 1500,
    SLOW_MS = 3000,
    RECOVER_MAX_MS = 60000,
    WATCH_MS = 500,
    REQUESTS_MIN = 20, /* fewer say nothing about a share */
    SLOW_CLIENTS = 200
};

struct live_run {
    struct live *live;
    const struct check_input *input;
    struct live_traffic traffic;
    struct client client;
    unsigned asked, refused, cut, late, not_ready; /* of the drill's own requests */
    double slowest_s;
    uint64_t watched_ns;
    bool was_interrupted;
    const char *abort; /* why it was given up; NULL: it wasn't */
};

/* Readiness as a client sees it. */
static void
ask_once(struct live_run *run)
{
    struct client_response response;

    client_ask(&run->client, "GET", "/readyz", NULL, STR_NULL, &response);
    run->asked++;
    run->refused += response.outcome == CLIENT_REFUSED;
    run->cut += response.outcome == CLIENT_CUT || response.outcome == CLIENT_GARBAGE;
    run->late += response.outcome == CLIENT_TIMEOUT;
    run->not_ready += response.outcome == CLIENT_ANSWERED && response.status != 200;
    if (response.outcome == CLIENT_ANSWERED && response.seconds > run->slowest_s)
        run->slowest_s = response.seconds;
}

static unsigned
failures(const struct live_run *run)
{
    return run->refused + run->cut + run->late;
}

/* False when the drill has to end. */
static bool
watch(struct live_run *run)
{
    const struct stage_target *target = &stage_targets[run->input->stage];
    double limit = target->error_share > 0 ? target->error_share : 0.05;
    const struct live_traffic *traffic = &run->traffic;

    if (run->live->examiner->is_interrupted != NULL && run->live->examiner->is_interrupted()) {
        run->was_interrupted = true;
        run->abort = "interrupted";
        return false;
    }
    if (clock_mono_ns() - run->watched_ns < (uint64_t)WATCH_MS * 1000000)
        return true;
    run->watched_ns = clock_mono_ns();
    /* A worker that isn't there can't be asked; that is what the drill counts anyway. */
    if (!live_watch_traffic(run->live, &run->traffic))
        return true;
    if (traffic->requests < REQUESTS_MIN || traffic->errors < limit * traffic->requests)
        return true;
    run->abort =
        arena_printf(run->input->arena, "%.0f of its users' %.0f requests failed meanwhile",
                     traffic->errors, traffic->requests)
            .data;

    return false;
}

/* Asks for that long, 50 times a second. */
static bool
ask_for(struct live_run *run, int64_t ms)
{
    uint64_t end_ns = clock_mono_ns() + (uint64_t)ms * 1000000;

    while (clock_mono_ns() < end_ns) {
        if (!watch(run))
            return false;
        ask_once(run);
        poll(NULL, 0, STEP_MS);
    }

    return true;
}

static bool
begin(struct live_run *run, struct live *live, const struct check_input *input,
      struct evidence *out)
{
    *run = (struct live_run){.live = live, .input = input};
    client_init(&run->client, &live->at, ASK_MS);
    if (!live_watch_traffic(live, &run->traffic)) {
        check_unknown(input, out,
                      "not begun: its metrics can't be read, so nobody would notice harm");
    } else if (!ask_for(run, BEFORE_MS)) {
        check_unknown(input, out, "not begun: %s", run->abort);
    } else if (failures(run) + run->not_ready > 0) {
        check_fail(input, out, "not begun: %u of %u requests failed before anything was done",
                   failures(run) + run->not_ready, run->asked);
    } else {
        return true;
    }
    client_fini(&run->client);

    return false;
}

/* --- a worker ends ---------------------------------------------------------------------------- */

/* The history must know that it was no crash, before it happens. */
static bool
announce(struct live *live, struct err *err)
{
    struct history_line line = {.kind = HISTORY_DRILL};
    struct history_writer writer;
    bool ok;

    history_writer_init(&writer, live->config->dir);
    memcpy(line.of, live->running.instance, sizeof(line.of));
    history_add(&writer, &line);
    ok = !live->config->history_enabled || history_flush(&writer, err);
    history_writer_fini(&writer);

    return ok;
}

/* The instance as it is now: its worker may be another one since. */
static bool
refresh(struct live *live)
{
    struct running *found;
    size_t count;
    struct err err = {0};

    if (!running_find(live->config->dir, live->examiner->arena, &found, &count, &err))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(found[i].instance, live->running.instance) == 0) {
            live->running = found[i];
            return true;
        }
    }

    return false;
}

/*
 * The worker, and nothing else: the process is held by a descriptor first and its parent looked up
 * after, so that a number that was given to another process meanwhile is noticed.
 */
static bool
end_worker(struct live *live, int signal_no, pid_t *ended, struct err *err)
{
    pid_t worker;
    bool ok;
    int fd;

    if (!refresh(live) || live->running.worker <= 1)
        return err_set(err, ERR_UNAVAILABLE, "", "no worker runs");
    worker = *ended = live->running.worker;
    fd = pidfd_open(worker, 0);
    if (fd < 0)
        return err_set_errno(err, ERR_UNAVAILABLE, errno, "unable to reach process %ld",
                             (long)worker);
    if (!running_is_child(worker, live->running.supervisor))
        ok = err_set(err, ERR_UNAVAILABLE, "", "process %ld is no worker of process %ld",
                     (long)worker, (long)live->running.supervisor);
    else if (!announce(live, err))
        ok = false;
    else
        ok = pidfd_send_signal(fd, signal_no, NULL, 0) == 0 ||
             err_set_errno(err, ERR_UNAVAILABLE, errno, "unable to end process %ld", (long)worker);
    close(fd);

    return ok;
}

/* Until another worker answers; seconds, or a negative number. An interrupt doesn't end it: who
 * ended a worker waits for the next, and believes the supervisor then: no answer is waited for any
 * more. */
static double
wait_for_next(struct live_run *run, pid_t before)
{
    uint64_t begun_ns = clock_mono_ns();

    while (clock_mono_ns() - begun_ns < (uint64_t)RECOVER_MAX_MS * 1000000) {
        unsigned ready = run->asked - failures(run) - run->not_ready;

        (void)watch(run);
        ask_once(run);
        if ((run->was_interrupted || run->asked - failures(run) - run->not_ready > ready) &&
            refresh(run->live) && run->live->running.worker > 1 &&
            run->live->running.worker != before)
            return (double)(clock_mono_ns() - begun_ns) / 1e9;
        poll(NULL, 0, STEP_MS);
    }

    return -1;
}

static void
look_worker_end(struct live *live, const struct check_input *input, struct evidence *out,
                int signal_no)
{
    const struct stage_target *target = &stage_targets[input->stage];
    bool may_cut = signal_no == SIGKILL;
    struct err err = {0};
    struct live_run run;
    double seconds;
    pid_t before = 0;

    if (!begin(&run, live, input, out))
        return;
    if (!end_worker(live, signal_no, &before, &err)) {
        check_unknown(input, out, "%s", err.message);
        client_fini(&run.client);
        return;
    }
    seconds = wait_for_next(&run, before);
    if (run.abort == NULL)
        (void)ask_for(&run, AFTER_MS);
    evidence_add_figure(out, "live_rto", seconds, "s");
    evidence_add_figure(out, "live_failed", failures(&run), "requests");
    out->limit = arena_printf(input->arena, "another worker answers within %u s%s",
                              target->recover_s, may_cut ? "" : ", and no request is cut")
                     .data;
    if (seconds < 0)
        check_fail(input, out, "its worker was ended, and no other one answers after %d s",
                   RECOVER_MAX_MS / 1000);
    else if (run.abort != NULL)
        check_fail(input, out, "given up: %s; ready again after %.2f s", run.abort, seconds);
    else if (seconds > target->recover_s)
        check_fail(input, out, "ready again after %.1f s", seconds);
    else if (!may_cut && failures(&run) > 0)
        check_fail(input, out, "%u of %u requests failed while a worker replaced another one",
                   failures(&run), run.asked);
    else
        check_pass(input, out, "another worker answered after %.2f s, %u of %u requests failed",
                   seconds, failures(&run), run.asked);
    client_fini(&run.client);
}

static void
look_kill(struct live *live, const struct check_input *input, struct evidence *out)
{
    look_worker_end(live, input, out, SIGKILL);
}

static void
look_term(struct live *live, const struct check_input *input, struct evidence *out)
{
    look_worker_end(live, input, out, SIGTERM);
}

/* --- slow clients ----------------------------------------------------------------------------- */

static void
look_slow(struct live *live, const struct check_input *input, struct evidence *out)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: slow\r\nX-Slow: ";
    int fds[SLOW_CLIENTS];
    unsigned connected = 0;
    struct live_run run;

    if (!begin(&run, live, input, out))
        return;
    for (unsigned i = 0; i < SLOW_CLIENTS; i++) {
        fds[i] = run.abort == NULL && watch(&run) ? endpoint_connect(&live->at, 1000) : -1;
        /* Over TLS they stop in the middle of the handshake, which is as slow. */
        if (fds[i] >= 0 && send(fds[i], live->at.is_tls ? "\x16\x03" : request,
                                live->at.is_tls ? 2 : sizeof(request) - 1, MSG_NOSIGNAL) >= 0)
            connected++;
    }
    if (run.abort == NULL)
        (void)ask_for(&run, SLOW_MS);
    for (unsigned i = 0; i < SLOW_CLIENTS; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
    evidence_add_figure(out, "live_failed", failures(&run), "requests");
    out->limit = "none of the others fails, none takes a second";
    if (run.abort != NULL)
        check_fail(input, out, "given up, and the connections closed: %s", run.abort);
    else if (failures(&run) + run.not_ready > 0 || run.slowest_s >= 1)
        check_fail(input, out,
                   "beside %u slow clients %u of %u requests failed, the slowest %.0f ms",
                   connected, failures(&run) + run.not_ready, run.asked, run.slowest_s * 1000);
    else
        check_pass(input, out,
                   "beside %u slow clients %u requests, none failed, the slowest %.0f ms",
                   connected, run.asked, run.slowest_s * 1000);
    client_fini(&run.client);
}

const struct live_drill live_drills[] = {
    {"shutdown-under-load",
     "SIGTERM to its worker, which the supervisor replaces; requests wait for the next one", 5,
     look_term},
    {"kill-under-load",
     "kill -9 of its worker, which the supervisor replaces; requests in flight are cut", 5,
     look_kill},
    {"slow-clients", "200 connections that never finish a request", 5, look_slow},
};
const size_t live_drill_count = COUNTOF(live_drills);
