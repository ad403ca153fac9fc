/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast, for how many? One run of load at the stage's rate answers four rows: latency,
 * throughput, error rate and users at once. It is made once for each examiner.
 */
#include "drill/judge_load.h"

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

/* At that rate, or, with 0, as fast as answers come. */
static void
run_load(struct examiner *examiner, double rate, unsigned connections, int64_t duration_ms,
         struct measured_load *out)
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
    int64_t timeout_ms = examiner->is_brief ? TIMEOUT_MS / 4 : TIMEOUT_MS;
    const struct load_options options = {.at = examiner->service.at,
                                         .routes = routes,
                                         .route_count = COUNTOF(routes),
                                         .rate = rate,
                                         .ramp_ms = rate > 0 ? RAMP_MS : 0,
                                         .connections = connections,
                                         .duration_ms = duration_ms,
                                         .timeout_ms = examiner_stretch(examiner, timeout_ms),
                                         .first_number = next_number,
                                         .is_interrupted = examiner->is_interrupted};
    struct err err = {0};

    *out = (struct measured_load){.rate = rate,
                                  .connections = connections,
                                  .duration_ms = duration_ms,
                                  .ramp_ms = options.ramp_ms,
                                  .patience = (unsigned)examiner_stretch(examiner, 1),
                                  .is_brief = examiner->is_brief};
    if (!load_run(&options, &out->result, &err))
        out->result = (struct load_result){0};
    next_number += out->result.sent + 1;
}

static const struct measured_load *
measure(struct examiner *examiner)
{
    const struct stage_target *target = &stage_targets[examiner->stage];
    double rate = target->requests_per_s > 0 ? target->requests_per_s : 20;
    unsigned users = target->users < CONNECTIONS_MIN   ? CONNECTIONS_MIN
                     : target->users > CONNECTIONS_MAX ? CONNECTIONS_MAX
                                                       : target->users;

    if (examiner->load == NULL) {
        examiner->load = ARENA_NEW(examiner->arena, struct measured_load);
        run_load(examiner, rate / (double)examiner_stretch(examiner, 1), users,
                 examiner->is_brief ? BRIEF_MS : DURATION_MS, examiner->load);
    }

    return examiner->load;
}

/* What users saw in the last 30 days, where enough of them came; a clone's figures don't outweigh
 * it. */
static const struct history_figures *
find_lived(const struct examiner *examiner, const struct check_input *input)
{
    struct history_figures *lived;

    if (examiner->config == NULL || (examiner->defect != NULL && !examiner->has_history))
        return NULL;
    lived = ARENA_NEW(input->arena, struct history_figures);

    return check_lived(input, lived) ? lived : NULL;
}

static struct load_verdict
begin_verdict(const struct examiner *examiner, const struct check_input *input,
              struct evidence *out)
{
    return (struct load_verdict){.input = input,
                                 .target = &stage_targets[examiner->stage],
                                 .lived = find_lived(examiner, input),
                                 .out = out};
}

static void
end_verdict(struct examiner *examiner, const struct load_verdict *verdict)
{
    examiner->late += verdict->is_by_clock;
}

static void
look_with(struct examiner *examiner, const struct check_input *input, struct evidence *out,
          void (*judge)(struct load_verdict *verdict, const struct measured_load *load))
{
    struct load_verdict verdict = begin_verdict(examiner, input, out);

    judge(&verdict, measure(examiner));
    end_verdict(examiner, &verdict);
}

static void
look_latency(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    look_with(examiner, input, out, judge_latency);
}

static void
look_throughput(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    look_with(examiner, input, out, judge_throughput);
}

static void
look_error_rate(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    look_with(examiner, input, out, judge_error_rate);
}

static void
look_load(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    look_with(examiner, input, out, judge_load);
}

static void
look_concurrency(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    const struct stage_target *target = &stage_targets[examiner->stage];
    struct load_verdict verdict = begin_verdict(examiner, input, out);
    struct measured_load *load = ARENA_NEW(examiner->arena, struct measured_load);

    run_load(examiner, 0, target->users > CONNECTIONS_MAX ? CONNECTIONS_MAX : target->users,
             examiner->is_brief ? AT_ONCE_MS / 3 : AT_ONCE_MS, load);
    judge_concurrency(&verdict, load);
    end_verdict(examiner, &verdict);
}

/* As much as it answers when clients ask as fast as they get answers; half of that is for
 * growth. */
static void
look_capacity(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    double own = examiner->is_brief ? 0 : load_measure_limit();
    struct load_verdict verdict = begin_verdict(examiner, input, out);
    struct measured_load *load = ARENA_NEW(examiner->arena, struct measured_load);

    run_load(examiner, 0, CAPACITY_USERS, examiner->is_brief ? AT_ONCE_MS / 3 : DURATION_MS, load);
    judge_capacity(&verdict, load, own);
    end_verdict(examiner, &verdict);
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
