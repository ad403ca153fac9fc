/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drills: a fault while clients write, and afterwards the ledger. Each on a service of its own.
 */
#include "core/clock.h"
#include "drill/drill.h"
#include "io/process.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    CONNECTIONS = 16,
    GRACE_MS = 40000,
    BRIEF_PER_S = 400,
    TICK_MS = 20,
    ANSWERED_BEFORE = 20, /* before a fault: there is something to be lost */
    ANSWERED_BESIDE = 40, /* beside slow clients: there is something to be counted */
    RUN_MAX_MS = 300000,  /* whatever a fault waits for */
    BESIDE_NUMBER = LOAD_WRITES_MAX + 1000000
};

int64_t
drill_stretch(const struct drill *drill, int64_t ms)
{
    return examiner_stretch(drill->examiner, ms);
}

bool
drill_may_begin(struct drill *drill, int64_t elapsed_ms)
{
    if (elapsed_ms < drill->fault_ms || drill->result.good < ANSWERED_BEFORE)
        return false;
    drill->has_begun = true;
    drill->begun_ms = elapsed_ms;
    drill->before = drill->result.good_latency;

    return true;
}

void
drill_settle(struct drill *drill, int64_t elapsed_ms)
{
    if (!drill->is_settled)
        drill->settled_ms = elapsed_ms;
    drill->is_settled = true;
}

uint64_t
drill_count_refused(const struct drill *drill)
{
    return drill->routes[0].latency.total - drill->routes[0].ok;
}

/* Whether clients have nothing more to do. */
static bool
is_over(const struct drill *drill, int64_t elapsed_ms)
{
    if (!drill->has_begun)
        return elapsed_ms >= drill->fault_ms + drill_stretch(drill, DRILL_PATIENCE_MS);

    return drill->is_settled && elapsed_ms >= drill->settled_ms + drill->after_ms;
}

static bool
on_tick(void *ctx, int64_t elapsed_ms)
{
    struct drill *drill = ctx;

    if (drill->examiner->is_interrupted != NULL && drill->examiner->is_interrupted()) {
        drill->was_interrupted = true;
        /* Nobody waits for the answers that are still to come. */
        service_kill(&drill->service);
        return false;
    }
    drill->fault(drill, elapsed_ms);

    return !is_over(drill, elapsed_ms);
}

/* The fault may have to wait for the end of the service, without clients. */
static void
await_end(struct drill *drill)
{
    while (drill->awaits_end && !drill->was_interrupted) {
        poll(NULL, 0, TICK_MS);
        (void)on_tick(drill, 0);
    }
}

bool
drill_run(struct drill *drill)
{
    const struct target *target = &drill->service.target;
    const struct load_route routes[] = {
        {.method = "POST",
         .path = target->write_path,
         .body = target->write_body,
         .headers = "Content-Type: application/json\r\n",
         .weight = 4,
         .is_write = true},
        {.method = "GET", .path = target->ready, .weight = 1},
    };
    const bool is_brief = drill->examiner->is_brief;
    const struct load_options options = {
        .at = drill->service.at,
        .routes = routes,
        .route_count = COUNTOF(routes),
        .rate = is_brief ? BRIEF_PER_S / (double)drill_stretch(drill, 1) : 0,
        .connections = CONNECTIONS,
        .duration_ms = RUN_MAX_MS,
        .timeout_ms = drill_stretch(drill, is_brief ? DRILL_TIMEOUT_MS / 4 : DRILL_TIMEOUT_MS),
        .first_number = 1,
        .ledger = &drill->ledger,
        .route_results = drill->routes,
        .is_interrupted = drill->examiner->is_interrupted,
        .tick = on_tick,
        .ctx = drill};
    int64_t recover_ms = drill_stretch(drill, drill->recover_ms > 0 ? drill->recover_ms
                                              : is_brief            ? DRILL_TIMEOUT_MS
                                                                    : DRILL_RECOVER_MS);

    if (!load_run(&options, &drill->result, &drill->err))
        return false;
    await_end(drill);
    drill->examiner->late += drill->result.timeouts > 0;
    if (drill->was_interrupted || drill->result.was_interrupted)
        return err_set(&drill->err, ERR_UNAVAILABLE, "", "interrupted");
    if (!service_is_running(&drill->service) && !service_start(&drill->service, NULL, &drill->err))
        return false;
    if (!service_wait_for(&drill->service, target->ready, 200, recover_ms)) {
        drill->examiner->late++;
        return err_set(&drill->err, ERR_UNAVAILABLE, "", "it isn't ready again after %lld s",
                       (long long)recover_ms / 1000);
    }
    if (drill->back_ns == 0)
        drill->back_ns = clock_mono_ns();

    return ledger_count(&drill->service, &drill->ledger, &drill->count, &drill->err);
}

bool
drill_begin(struct drill *drill, struct examiner *examiner, const struct check_input *input,
            struct evidence *out, void (*fault)(struct drill *drill, int64_t elapsed_ms))
{
    *drill = (struct drill){.examiner = examiner,
                            .input = input,
                            .out = out,
                            .fault = fault,
                            .fault_ms = examiner->is_brief ? 400 : 1000,
                            .hold_ms = examiner->is_brief ? 500 : 1200,
                            .after_ms = examiner->is_brief ? 800 : 2000};
    if (!examiner_open_service(examiner, &drill->service, &drill->err)) {
        check_unknown(input, out, "%s", drill->err.message);
        return false;
    }
    if (!service_start(&drill->service, examiner->env, &drill->err)) {
        check_fail(input, out, "%s", drill->err.message);
        service_close(&drill->service);
        return false;
    }

    return true;
}

void
drill_end(struct drill *drill)
{
    evidence_add_figure(drill->out, "acknowledged", (double)drill->count.acknowledged, "writes");
    evidence_add_figure(drill->out, "lost", (double)drill->count.lost, "writes");
    evidence_add_figure(drill->out, "duplicated", (double)drill->count.duplicated, "writes");
    evidence_add_figure(
        drill->out, "cut",
        (double)(drill->result.cut + drill->result.garbage + drill->result.timeouts), "requests");
    load_ledger_fini(&drill->ledger);
    service_close(&drill->service);
}

bool
drill_is_ledger_wrong(struct drill *drill)
{
    const struct ledger_count *count = &drill->count;

    if (count->lost == 0 && count->duplicated == 0 && count->ghosts == 0 && count->acknowledged > 0)
        return false;
    if (count->acknowledged == 0)
        check_fail(drill->input, drill->out, "no write was acknowledged");
    else
        check_fail(
            drill->input, drill->out,
            "%llu of %llu acknowledged writes lost, %llu twice, %llu refused and there all the same",
            (unsigned long long)count->lost, (unsigned long long)count->acknowledged,
            (unsigned long long)count->duplicated, (unsigned long long)count->ghosts);

    return true;
}

bool
drill_is_untested(struct drill *drill)
{
    if (drill->has_begun && drill->is_settled)
        return false;
    drill->examiner->late++;
    if (drill->has_begun)
        check_unknown(drill->input, drill->out, "nothing came of it within %d s",
                      RUN_MAX_MS / 1000);
    else
        check_unknown(drill->input, drill->out,
                      "only %llu requests were answered well within %lld s: too few to begin",
                      (unsigned long long)drill->result.good,
                      (long long)drill_stretch(drill, DRILL_PATIENCE_MS) / 1000);

    return true;
}

int
drill_find_wrong_status(const struct drill *drill, int also)
{
    for (unsigned i = 0; i < drill->result.status_count; i++) {
        int status = drill->result.statuses[i];

        if (status != 429 && status != 503 && status != 504 && status != also)
            return status;
    }

    return 0;
}

unsigned long long
drill_count_broken(const struct drill *drill)
{
    return drill->result.cut + drill->result.garbage + drill->result.timeouts;
}

int
drill_ask_status(struct client *client, const char *path)
{
    struct client_response response;

    client_ask(client, "GET", path, NULL, STR_NULL, &response);

    return response.outcome == CLIENT_ANSWERED ? response.status : -1;
}

/* Also from threads of their own: the arena is the drill's. */
void
drill_write_beside(const struct service *service, struct client *client, unsigned nth,
                   struct client_response *out)
{
    char number[16];
    struct buf body;

    snprintf(number, sizeof(number), "%u", BESIDE_NUMBER + nth);
    buf_init(&body, CLIENT_BODY_MAX);
    target_add_filled(&body, service->target.write_body, "{n}", str_from(number));
    client_ask(client, "POST", service->target.write_path, "Content-Type: application/json\r\n",
               buf_str(&body), out);
    buf_fini(&body);
}

/* --- SIGTERM ---------------------------------------------------------------------------------- */

static void
fault_shutdown(struct drill *drill, int64_t elapsed_ms)
{
    struct service *service = &drill->service;

    if (drill->phase == 0 && drill_may_begin(drill, elapsed_ms)) {
        kill(service->pid, SIGTERM);
        drill->fault_ns = clock_mono_ns();
        drill->awaits_end = true;
        drill->phase = 1;
        drill_settle(drill, elapsed_ms);
    } else if (drill->phase == 1) {
        if (!service_is_running(service)) {
            drill->exit_status = service->status;
            drill->ended_in_time = true;
            drill->awaits_end = false;
            drill->back_ns = clock_mono_ns();
            drill->phase = service_spawn(service, NULL, &drill->err) ? 2 : 3;
        } else if (clock_mono_ns() - drill->fault_ns >
                   (uint64_t)drill_stretch(drill, GRACE_MS) * 1000000) {
            service_kill(service);
            drill->examiner->late++;
            drill->awaits_end = false;
            drill->phase = 3;
        }
    }
}

static void
look_shutdown(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    struct drill drill;

    if (!drill_begin(&drill, examiner, input, out, fault_shutdown))
        return;
    out->limit = "no request cut, no acknowledged write lost, exit code 0";
    if (!drill_run(&drill))
        check_fail(input, out, "%s", drill.err.message);
    else if (drill_is_ledger_wrong(&drill) || drill_is_untested(&drill))
        ;
    else if (!drill.ended_in_time)
        check_fail(input, out, "it didn't end within %d s of SIGTERM", GRACE_MS / 1000);
    else if (!WIFEXITED(drill.exit_status) || WEXITSTATUS(drill.exit_status) != 0)
        check_fail(input, out, "it ended with %s %d, not with exit code 0",
                   WIFEXITED(drill.exit_status) ? "exit code" : "signal",
                   WIFEXITED(drill.exit_status) ? WEXITSTATUS(drill.exit_status)
                                                : WTERMSIG(drill.exit_status));
    else if (drill_count_broken(&drill) > 0)
        check_fail(input, out, "%llu of %llu requests cut", drill_count_broken(&drill),
                   (unsigned long long)drill.result.sent);
    else
        check_pass(input, out, "0 of %llu requests cut, 0 of %llu acknowledged writes lost",
                   (unsigned long long)drill.result.sent,
                   (unsigned long long)drill.count.acknowledged);
    evidence_add_figure(out, "drained_in", (double)(drill.back_ns - drill.fault_ns) / 1e9, "s");
    drill_end(&drill);
}

static void
look_restart(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    struct drill drill;

    if (!drill_begin(&drill, examiner, input, out, fault_shutdown))
        return;
    out->limit = "no request refused or cut";
    if (!drill_run(&drill))
        check_fail(input, out, "%s", drill.err.message);
    else if (drill_is_ledger_wrong(&drill) || drill_is_untested(&drill))
        ;
    else if (load_failures(&drill.result) > 0)
        check_fail(input, out, "%llu requests refused while one instance restarted, %llu cut",
                   (unsigned long long)drill.result.refused, drill_count_broken(&drill));
    else
        check_pass(input, out, "%llu requests, none refused or cut",
                   (unsigned long long)drill.result.sent);
    drill_end(&drill);
}

/* --- kill -9 ---------------------------------------------------------------------------------- */

static void
fault_kill(struct drill *drill, int64_t elapsed_ms)
{
    if (drill->phase == 0 && drill_may_begin(drill, elapsed_ms)) {
        drill->fault_ns = clock_mono_ns();
        service_kill(&drill->service);
        drill_settle(drill, elapsed_ms);
        drill->phase = service_spawn(&drill->service, NULL, &drill->err) ? 1 : 2;
    } else if (drill->phase == 1 &&
               service_wait_for(&drill->service, drill->service.target.ready, 200, 1)) {
        drill->back_ns = clock_mono_ns();
        drill->phase = 2;
    }
}

static void
look_kill(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    struct drill drill;
    double rto;

    if (!drill_begin(&drill, examiner, input, out, fault_kill))
        return;
    out->limit = "no acknowledged write lost";
    if (!drill_run(&drill)) {
        check_fail(input, out, "%s", drill.err.message);
    } else if (!drill_is_ledger_wrong(&drill) && !drill_is_untested(&drill)) {
        rto = drill.back_ns > 0 ? (double)(drill.back_ns - drill.fault_ns) / 1e9 : 0;
        check_pass(input, out, "0 of %llu acknowledged writes lost; ready again after %.2f s",
                   (unsigned long long)drill.count.acknowledged, rto);
        evidence_add_figure(out, "rto", rto, "s");
        evidence_add_figure(out, "rpo", 0, "writes");
    }
    drill_end(&drill);
}

/* --- slow clients ----------------------------------------------------------------------------- */

enum { SLOW_STEPS = 10, SLOW_P95_MS = 1000 };

/* Connections that send a byte of a request now and then, and never end it. */
static void
fault_slow(struct drill *drill, int64_t elapsed_ms)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: slow\r\nX-Slow: ";
    const unsigned each = DRILL_SLOW_CLIENTS / SLOW_STEPS;

    if (!drill->has_begun && !drill_may_begin(drill, elapsed_ms))
        return;
    if (drill->phase < SLOW_STEPS) {
        for (unsigned i = 0; i < each; i++) {
            int fd = endpoint_connect(&drill->service.at, 1000);

            drill->slow_fds[(unsigned)drill->phase * each + i] = fd;
            if (fd >= 0 && send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) < 0)
                drill->exit_status++;
        }
        drill->phase++;
        drill->ok_at_phase = drill->result.good;
        return;
    }
    for (unsigned i = 0; i < DRILL_SLOW_CLIENTS; i++) {
        if (drill->slow_fds[i] >= 0 && send(drill->slow_fds[i], "a", 1, MSG_NOSIGNAL) < 0)
            drill->exit_status++;
    }
    if (drill->result.good >= drill->ok_at_phase + ANSWERED_BESIDE ||
        elapsed_ms >= drill->begun_ms + drill_stretch(drill, DRILL_PATIENCE_MS))
        drill_settle(drill, elapsed_ms);
}

/* The others, beside the slow ones. How quick they were before is what this machine can do. */
static void
judge_slow(struct drill *drill)
{
    const struct check_input *input = drill->input;
    double limit = (double)drill_stretch(drill, SLOW_P95_MS);
    double before = (double)hist_quantile(&drill->before, 0.95) / 1000;
    unsigned long long sent = drill->result.sent;
    unsigned long long failed = sent - drill->result.good;
    struct evidence *out = drill->out;
    double p95;

    hist_subtract(&drill->result.good_latency, &drill->before);
    p95 = (double)hist_quantile(&drill->result.good_latency, 0.95) / 1000;
    evidence_add_figure(out, "p95", p95, "ms");
    drill->examiner->late += p95 >= limit;
    if (failed > 0)
        check_fail(input, out, "beside %d slow clients %llu of %llu requests failed, p95 %.0f ms",
                   DRILL_SLOW_CLIENTS, failed, sent, p95);
    else if (p95 >= limit && before >= limit / 2)
        check_unknown(input, out,
                      "beside %d slow clients p95 %.0f ms, and %.0f ms without them: this machine "
                      "is too busy to tell",
                      DRILL_SLOW_CLIENTS, p95, before);
    else if (p95 >= limit)
        check_fail(input, out, "beside %d slow clients p95 %.0f ms, and %.0f ms without them",
                   DRILL_SLOW_CLIENTS, p95, before);
    else
        check_pass(input, out, "beside %d slow clients %llu requests, none failed, p95 %.1f ms",
                   DRILL_SLOW_CLIENTS, sent, p95);
}

static void
look_slow(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    struct drill drill;

    if (!drill_begin(&drill, examiner, input, out, fault_slow))
        return;
    for (unsigned i = 0; i < DRILL_SLOW_CLIENTS; i++)
        drill.slow_fds[i] = -1;
    out->limit = "none of the others fails, p95 below 1 s";
    if (!drill_run(&drill))
        check_fail(input, out, "%s", drill.err.message);
    else if (!drill_is_ledger_wrong(&drill) && !drill_is_untested(&drill))
        judge_slow(&drill);
    for (unsigned i = 0; i < DRILL_SLOW_CLIENTS; i++) {
        if (drill.slow_fds[i] >= 0)
            close(drill.slow_fds[i]);
    }
    drill_end(&drill);
}

const struct probe_def probe_drills[] = {
    {"shutdown-under-load", 6, look_shutdown, false},
    {"restart-under-load", 6, look_restart, false},
    {"kill-under-load", 6, look_kill, false},
    {"disk-full", 10, drill_look_disk, false},
    {"slow-clients", 6, look_slow, false},
    {"database-restart", 15, drill_look_database, false},
};
const size_t probe_drills_count = COUNTOF(probe_drills);
