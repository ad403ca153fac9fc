/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast, for how many? One run of load at the stage's rate answers four rows: latency, throughput,
 * error rate and users at once. It is made once for each examiner.
 */
#include "core/interrupt.h"
#include "drill/examiner.h"
#include "drill/load.h"

enum {
    DURATION_MS = 3000,
    BRIEF_MS = 2000,
    AT_ONCE_MS = 1500,
    RAMP_MS = 500,
    TIMEOUT_MS = 10000,
    READ_WEIGHT = 4,
    CAPACITY_USERS = 32,
    CONNECTIONS_MIN = 8,
    CONNECTIONS_MAX = 1000
};

/* Later than this, what was seen is the generator's own limit. */
#define LATENESS_MAX_US 20000

struct measured_load {
    struct load_result result;
    double rate;
    unsigned connections;
    int64_t duration_ms;
};

static void
run_load(struct examiner *examiner, double rate, unsigned connections, int64_t duration_ms,
         struct load_result *out)
{
    const struct target *target = &examiner->service.target;
    const struct load_route routes[] = {
        {.method = "GET",
         .path = target_fill(examiner->arena, target->read_path, "{offset}", "0"),
         .weight = READ_WEIGHT,
         .wants_array = true},
        {.method = "POST",
         .path = target->write_path,
         .body = target->write_body,
         .headers = "Content-Type: application/json\r\n",
         .weight = 1,
         .is_write = true},
    };
    static uint64_t next_number = 2000000000;
    const struct load_options options = {.at = examiner->service.at,
                                         .routes = routes,
                                         .route_count = COUNTOF(routes),
                                         .rate = rate,
                                         .ramp_ms = rate > 0 ? RAMP_MS : 0,
                                         .connections = connections,
                                         .duration_ms = duration_ms,
                                         .timeout_ms =
                                             examiner->is_brief ? TIMEOUT_MS / 4 : TIMEOUT_MS,
                                         .first_number = next_number,
                                         .is_interrupted = examiner->is_interrupted};
    struct err err = {0};

    if (!load_run(&options, out, &err))
        *out = (struct load_result){0};
    next_number += out->sent + 1;
}

static const struct measured_load *
measure(struct examiner *examiner)
{
    const struct stage_target *target = &stage_targets[examiner->stage];
    struct measured_load *load = examiner->load;

    if (load != NULL)
        return load;
    load = examiner->load = ARENA_NEW(examiner->arena, struct measured_load);
    load->rate = target->requests_per_s > 0 ? target->requests_per_s : 20;
    load->connections = target->users < CONNECTIONS_MIN   ? CONNECTIONS_MIN
                        : target->users > CONNECTIONS_MAX ? CONNECTIONS_MAX
                                                          : target->users;
    load->duration_ms = examiner->is_brief ? BRIEF_MS : DURATION_MS;
    run_load(examiner, load->rate, load->connections, load->duration_ms, &load->result);

    return load;
}

/* A figure within the generator's own limit is the service's; else it is unknown. */
static bool
is_own_limit(const struct check_input *input, struct evidence *out, const struct measured_load *m)
{
    uint64_t late = hist_quantile(&m->result.lateness, 0.95);

    if (late <= LATENESS_MAX_US)
        return false;
    check_unknown(input, out,
                  "the load itself was %.0f ms late: this machine's limit, not the service's",
                  (double)late / 1000);

    return true;
}

static double
ms_at(const struct measured_load *m, double share)
{
    return (double)hist_quantile(&m->result.latency, share) / 1000;
}

/* What users saw in the last 30 days, where enough of them came; a clone's figures don't outweigh it. */
static bool
has_lived(const struct examiner *examiner, const struct check_input *input,
          struct history_figures *lived)
{
    return examiner->config != NULL && examiner->defect == NULL && check_lived(input, lived);
}

static void
look_latency(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    const struct stage_target *target = &stage_targets[examiner->stage];
    const struct measured_load *m = measure(examiner);
    double p95 = ms_at(m, 0.95);
    double late = (double)hist_quantile(&m->result.lateness, 0.95) / 1000;
    struct history_figures lived;

    evidence_add_figure(out, "p50", ms_at(m, 0.5), "ms");
    evidence_add_figure(out, "p95", p95, "ms");
    evidence_add_figure(out, "p99", ms_at(m, 0.99), "ms");
    if (target->p95_ms > 0)
        out->limit = arena_printf(input->arena, "p95 below %.0f ms", target->p95_ms).data;
    if (m->result.latency.total == 0)
        check_fail(input, out, "nothing was answered");
    else if (target->p95_ms > 0 && has_lived(examiner, input, &lived) &&
             history_quantile(lived.latency, 0.95) * 1000 >= target->p95_ms)
        check_fail(input, out, "p95 %.0f ms of the service's own %llu requests in 30 days",
                   history_quantile(lived.latency, 0.95) * 1000,
                   (unsigned long long)lived.requests);
    else if (target->p95_ms == 0 || p95 < target->p95_ms)
        check_pass(input, out, "p50 %.1f ms, p95 %.1f ms, p99 %.1f ms at %.0f requests per second",
                   ms_at(m, 0.5), p95, ms_at(m, 0.99), m->rate);
    else if (p95 - late >= target->p95_ms || !is_own_limit(input, out, m))
        check_fail(input, out, "p95 %.1f ms at %.0f requests per second", p95, m->rate);
}

static void
look_throughput(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    const struct stage_target *target = &stage_targets[examiner->stage];
    const struct measured_load *m = measure(examiner);
    /* The ramp has half of its requests. */
    double seconds = (double)(m->duration_ms - RAMP_MS / 2) / 1000;
    double reached = (double)m->result.ok / seconds;

    evidence_add_figure(out, "throughput", reached, "requests/s");
    if (target->requests_per_s > 0)
        out->limit =
            arena_printf(input->arena, "%.0f requests per second", target->requests_per_s).data;
    if (reached >= (examiner->is_brief ? 0.9 : 0.97) * target->requests_per_s)
        check_pass(input, out, "%.0f requests per second answered, of %.0f sent", reached,
                   (double)m->result.sent / seconds);
    else if (!is_own_limit(input, out, m))
        check_fail(input, out, "%.0f requests per second answered, of %.0f sent", reached,
                   (double)m->result.sent / seconds);
}

static void
look_error_rate(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    const struct stage_target *target = &stage_targets[examiner->stage];
    const struct measured_load *m = measure(examiner);
    double share =
        m->result.sent > 0 ? (double)load_failures(&m->result) / (double)m->result.sent : 1;
    struct history_figures lived;

    evidence_add_figure(out, "error_rate", share * 100, "%");
    if (target->error_share > 0)
        out->limit = arena_printf(input->arena, "below %g %%", target->error_share * 100).data;
    if (target->error_share > 0 && share >= target->error_share)
        check_fail(input, out, "%.2f %% of %llu requests failed", share * 100,
                   (unsigned long long)m->result.sent);
    else if (!has_lived(examiner, input, &lived))
        check_pass(input, out, "%.2f %% of %llu requests failed", share * 100,
                   (unsigned long long)m->result.sent);
    else if (target->error_share > 0 &&
             (double)lived.errors >= target->error_share * (double)lived.requests)
        check_fail(input, out, "%.3f %% of the service's own %llu requests in 30 days failed",
                   100 * (double)lived.errors / (double)lived.requests,
                   (unsigned long long)lived.requests);
    else
        check_pass(input, out,
                   "%.2f %% of %llu requests failed, %.3f %% of the %llu that came in 30 days",
                   share * 100, (unsigned long long)m->result.sent,
                   100 * (double)lived.errors / (double)lived.requests,
                   (unsigned long long)lived.requests);
}

static void
look_concurrency(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    const struct stage_target *target = &stage_targets[examiner->stage];
    struct load_result result;
    unsigned users = target->users > CONNECTIONS_MAX ? CONNECTIONS_MAX : target->users;

    run_load(examiner, 0, users, examiner->is_brief ? AT_ONCE_MS / 3 : AT_ONCE_MS, &result);
    evidence_add_figure(out, "concurrency", users, "users");
    evidence_add_figure(out, "capacity", (double)result.ok / result.seconds, "requests/s");
    out->limit = arena_printf(input->arena, "%u at once", target->users).data;
    if (load_failures(&result) > 0 || result.ok == 0)
        check_fail(input, out, "%llu of %llu requests of %u users at once failed",
                   (unsigned long long)load_failures(&result), (unsigned long long)result.sent,
                   users);
    else if (users < target->users)
        check_unknown(input, out,
                      "%u users at once are served; more is past what can be tried here", users);
    else
        check_pass(input, out, "%u users at once: %.0f requests per second, none failed", users,
                   (double)result.ok / result.seconds);
}

static void
look_load(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    const struct measured_load *m = measure(examiner);

    if (m->result.ok == 0)
        check_fail(input, out, "nothing was answered");
    else
        check_pass(input, out, "%llu requests at %.0f per second, p95 %.1f ms, %llu failed",
                   (unsigned long long)m->result.sent, m->rate, ms_at(m, 0.95),
                   (unsigned long long)load_failures(&m->result));
}

/* As much as it answers when clients ask as fast as they get answers; half of that is for growth. */
static void
look_capacity(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    const struct stage_target *target = &stage_targets[examiner->stage];
    double own = load_measure_limit();
    struct history_figures lived;
    struct load_result result;
    double reached, needed = target->requests_per_s;

    run_load(examiner, 0, CAPACITY_USERS, DURATION_MS, &result);
    reached = result.seconds > 0 ? (double)result.ok / result.seconds : 0;
    if (has_lived(examiner, input, &lived) && 2 * lived.peak_per_s > needed)
        needed = 2 * lived.peak_per_s;
    evidence_add_figure(out, "capacity", reached, "requests/s");
    out->limit =
        arena_printf(input->arena,
                     "%.0f requests per second: the stage's, or twice the busiest minutes", needed)
            .data;
    if (load_failures(&result) > 0)
        check_fail(input, out, "%llu of %llu requests failed at its limit",
                   (unsigned long long)load_failures(&result), (unsigned long long)result.sent);
    else if (reached >= needed)
        check_pass(input, out, "%.0f requests per second on this machine, with the load itself",
                   reached);
    else if (own > 0 && own < needed)
        check_unknown(input, out, "this machine can't send more than %.0f requests per second",
                      own);
    else
        check_fail(input, out, "%.0f requests per second on this machine, with the load itself",
                   reached);
}

const struct probe_def probe_load[] = {
    {"latency", 4, look_latency, false},
    {"throughput", 4, look_throughput, false},
    {"error-rate", 4, look_error_rate, false},
    {"concurrency", 2, look_concurrency, false},
    {"load", 4, look_load, false},
    {"capacity", 4, look_capacity, false},
};
const size_t probe_load_count = COUNTOF(probe_load);
