/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/judge_load.h"

/* Later than this, what was seen is the generator's own limit. */
#define LATENESS_MAX_US 20000
#define TAIL_S \
    0.5 /* the last answers may take that long without being counted as time of the run */
#define SHARE_OF_RATE 0.97
#define SHARE_OF_RATE_BRIEF 0.9
#define USELESS_SHARE 0.5 /* a load that mostly fails has shown nothing */
#define MISSED_MAX 0.05   /* where the stage says nothing of errors */

static double
ms_at(const struct measured_load *load, double share)
{
    return (double)hist_quantile(&load->result.good_latency, share) / 1000;
}

/* Requests that weren't answered as they should be. */
static uint64_t
missed(const struct measured_load *load)
{
    return load->result.sent - load->result.good;
}

static double
missed_share(const struct measured_load *load)
{
    return load->result.sent > 0 ? (double)missed(load) / (double)load->result.sent : 1;
}

/* How the first of them was answered: "401", "2xx without rows"... */
static const char *
describe_missed(const struct load_verdict *verdict, const struct load_result *result)
{
    if (result->status_count > 0)
        return arena_printf(verdict->input->arena, "answered %d", result->statuses[0]).data;

    return result->hollow > 0     ? "answered without the rows"
           : result->timeouts > 0 ? "no answer in time"
           : result->refused > 0  ? "connection refused"
           : result->cut > 0      ? "connection cut"
           : result->garbage > 0  ? "no HTTP came back"
                                  : "not answered";
}

/* "; the first: answered 503" */
static const char *
say_missed(const struct load_verdict *verdict, const struct measured_load *load)
{
    return missed(load) == 0 ? ""
                             : arena_printf(verdict->input->arena, "; the first otherwise: %s",
                                            describe_missed(verdict, &load->result))
                                   .data;
}

/* True when nothing was answered as it should be, with that said. */
static bool
is_useless(struct load_verdict *verdict, const struct measured_load *load)
{
    if (load->result.good > 0)
        return false;
    verdict->is_by_clock = load->result.timeouts > 0;
    check_fail(verdict->input, verdict->out, "none of %llu requests was answered well%s",
               (unsigned long long)load->result.sent, say_missed(verdict, load));

    return true;
}

/* A figure within the generator's own limit is the service's; else it is unknown. */
static bool
is_own_limit(struct load_verdict *verdict, const struct measured_load *load)
{
    uint64_t late = hist_quantile(&load->result.lateness, 0.95);

    if (late <= LATENESS_MAX_US)
        return false;
    check_unknown(verdict->input, verdict->out,
                  "the load itself was %.0f ms late: this machine's limit, not the service's",
                  (double)late / 1000);

    return true;
}

void
judge_latency(struct load_verdict *verdict, const struct measured_load *load)
{
    const struct check_input *input = verdict->input;
    const struct history_figures *lived = verdict->lived;
    struct evidence *out = verdict->out;
    double limit = verdict->target->p95_ms * load->patience;
    double p95 = ms_at(load, 0.95);
    double late = (double)hist_quantile(&load->result.lateness, 0.95) / 1000;
    double errors = verdict->target->error_share > 0 ? verdict->target->error_share : MISSED_MAX;

    if (limit > 0)
        out->limit = arena_printf(input->arena, "p95 below %.0f ms", limit).data;
    if (is_useless(verdict, load))
        return;
    evidence_add_figure(out, "p50", ms_at(load, 0.5), "ms");
    evidence_add_figure(out, "p95", p95, "ms");
    evidence_add_figure(out, "p99", ms_at(load, 0.99), "ms");
    if (limit > 0 && lived != NULL &&
        history_quantile(lived->latency, 0.95) * 1000 >= verdict->target->p95_ms) {
        check_fail(input, out, "p95 %.0f ms of the service's own %llu requests in 30 days",
                   history_quantile(lived->latency, 0.95) * 1000,
                   (unsigned long long)lived->requests);
    } else if (limit > 0 && p95 >= limit) {
        verdict->is_by_clock = true;
        if (p95 - late >= limit || !is_own_limit(verdict, load))
            check_fail(input, out, "p95 %.1f ms at %.0f requests per second", p95, load->rate);
    } else if (missed_share(load) >= errors) {
        verdict->is_by_clock = load->result.timeouts > 0;
        check_unknown(input, out,
                      "%.1f %% of %llu requests failed: how quick the others are says little%s",
                      missed_share(load) * 100, (unsigned long long)load->result.sent,
                      say_missed(verdict, load));
    } else {
        check_pass(input, out, "p50 %.1f ms, p95 %.1f ms, p99 %.1f ms at %.0f requests per second",
                   ms_at(load, 0.5), p95, ms_at(load, 0.99), load->rate);
    }
}

void
judge_throughput(struct load_verdict *verdict, const struct measured_load *load)
{
    const struct load_result *result = &load->result;
    /* The ramp has half of its requests. */
    double planned_s = (double)(load->duration_ms - load->ramp_ms / 2) / 1000;
    double tail_s = result->seconds - (double)load->duration_ms / 1000 - TAIL_S;
    double seconds = planned_s + (tail_s > 0 && !load->is_brief ? tail_s : 0);
    double reached = (double)result->good / seconds;
    double share = load->is_brief ? SHARE_OF_RATE_BRIEF : SHARE_OF_RATE;
    double needed = verdict->target->requests_per_s / load->patience;
    struct evidence *out = verdict->out;

    evidence_add_figure(out, "throughput", reached, "requests/s");
    if (needed > 0)
        out->limit = arena_printf(verdict->input->arena, "%.0f requests per second", needed).data;
    if (is_useless(verdict, load))
        return;
    if (reached >= share * needed) {
        check_pass(verdict->input, out, "%.0f requests per second answered, of %.0f sent", reached,
                   (double)result->sent / planned_s);
        return;
    }
    verdict->is_by_clock = missed(load) == result->timeouts;
    if (missed(load) > 0 || !is_own_limit(verdict, load))
        check_fail(verdict->input, out, "%.0f requests per second answered well, of %.0f sent%s",
                   reached, (double)result->sent / planned_s, say_missed(verdict, load));
}

void
judge_error_rate(struct load_verdict *verdict, const struct measured_load *load)
{
    const struct check_input *input = verdict->input;
    const struct history_figures *lived = verdict->lived;
    double limit = verdict->target->error_share;
    unsigned long long sent = load->result.sent;
    struct evidence *out = verdict->out;
    double share = missed_share(load);

    evidence_add_figure(out, "error_rate", share * 100, "%");
    if (limit > 0)
        out->limit = arena_printf(input->arena, "below %g %%", limit * 100).data;
    if (is_useless(verdict, load))
        return;
    if (limit > 0 && share >= limit) {
        verdict->is_by_clock = missed(load) == load->result.timeouts;
        check_fail(input, out, "%.2f %% of %llu requests failed%s", share * 100, sent,
                   say_missed(verdict, load));
    } else if (lived == NULL) {
        check_pass(input, out, "%.2f %% of %llu requests failed", share * 100, sent);
    } else if (limit > 0 && (double)lived->errors >= limit * (double)lived->requests) {
        check_fail(input, out, "%.3f %% of the service's own %llu requests in 30 days failed",
                   100 * (double)lived->errors / (double)lived->requests,
                   (unsigned long long)lived->requests);
    } else {
        check_pass(input, out,
                   "%.2f %% of %llu requests failed, %.3f %% of the %llu that came in 30 days",
                   share * 100, sent, 100 * (double)lived->errors / (double)lived->requests,
                   (unsigned long long)lived->requests);
    }
}

void
judge_concurrency(struct load_verdict *verdict, const struct measured_load *load)
{
    const struct load_result *result = &load->result;
    unsigned wanted = verdict->target->users;
    struct evidence *out = verdict->out;

    evidence_add_figure(out, "concurrency", load->connections, "users");
    evidence_add_figure(out, "capacity",
                        result->seconds > 0 ? (double)result->good / result->seconds : 0,
                        "requests/s");
    out->limit = arena_printf(verdict->input->arena, "%u at once", wanted).data;
    verdict->is_by_clock = missed(load) > 0 && missed(load) == result->timeouts;
    if (missed(load) > 0 || result->good == 0)
        check_fail(verdict->input, out, "%llu of %llu requests of %u users at once failed%s",
                   (unsigned long long)missed(load), (unsigned long long)result->sent,
                   load->connections, say_missed(verdict, load));
    else if (load->connections < wanted)
        check_unknown(verdict->input, out,
                      "%u users at once are served; more is past what can be tried here",
                      load->connections);
    else
        check_pass(verdict->input, out, "%u users at once: %.0f requests per second, none failed",
                   load->connections, (double)result->good / result->seconds);
}

void
judge_load(struct load_verdict *verdict, const struct measured_load *load)
{
    if (is_useless(verdict, load))
        return;
    verdict->is_by_clock = missed(load) > 0 && missed(load) == load->result.timeouts;
    if (missed_share(load) >= USELESS_SHARE)
        check_fail(verdict->input, verdict->out, "%llu of %llu requests failed%s",
                   (unsigned long long)missed(load), (unsigned long long)load->result.sent,
                   say_missed(verdict, load));
    else
        check_pass(verdict->input, verdict->out,
                   "%llu requests at %.0f per second, p95 %.1f ms, %llu failed",
                   (unsigned long long)load->result.sent, load->rate, ms_at(load, 0.95),
                   (unsigned long long)missed(load));
}

void
judge_capacity(struct load_verdict *verdict, const struct measured_load *load, double own)
{
    const struct load_result *result = &load->result;
    const struct check_input *input = verdict->input;
    double reached = result->seconds > 0 ? (double)result->good / result->seconds : 0;
    double stage = verdict->target->requests_per_s / load->patience;
    double peak = verdict->lived != NULL ? 2 * verdict->lived->peak_per_s : 0;
    double needed = peak > stage ? peak : stage;
    struct evidence *out = verdict->out;

    evidence_add_figure(out, "capacity", reached, "requests/s");
    out->limit =
        arena_printf(input->arena,
                     "%.0f requests per second: the stage's, or twice the busiest minutes", needed)
            .data;
    verdict->is_by_clock = missed(load) == result->timeouts && reached < needed;
    if (missed(load) > 0)
        check_fail(input, out, "%llu of %llu requests failed at its limit%s",
                   (unsigned long long)missed(load), (unsigned long long)result->sent,
                   say_missed(verdict, load));
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
