/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run of load proves, with figures made up: above all that quick refusals prove nothing.
 */
#include "drill/judge_load.h"
#include "unit/unit.h"

enum { SENT = 275 };

static struct arena *arena;
static struct check_input input;
static struct measured_load *load;

/* What became of all requests but those that were answered well, each in a millisecond. */
enum fate { REFUSED_401, GONE_404, BROKEN_500, EMPTY, MOVED_302, LATE, CUT };

static void
note_status(int status)
{
    load->result.statuses[load->result.status_count++] = status;
}

static void
make_load(uint64_t good, enum fate fate)
{
    uint64_t others = SENT - good;

    *load = (struct measured_load){
        .rate = 100, .connections = 100, .duration_ms = 3000, .ramp_ms = 500, .patience = 1};
    load->result.sent = SENT;
    load->result.seconds = 3;
    load->result.answered = fate == LATE || fate == CUT ? good : SENT;
    load->result.good = good;
    for (uint64_t i = 0; i < load->result.answered; i++)
        hist_add(&load->result.latency, 1000);
    for (uint64_t i = 0; i < good; i++)
        hist_add(&load->result.good_latency, 1000);
    load->result.client_errors = fate == REFUSED_401 || fate == GONE_404 ? others : 0;
    load->result.server_errors = fate == BROKEN_500 ? others : 0;
    load->result.hollow = fate == EMPTY ? others : 0;
    load->result.timeouts = fate == LATE ? others : 0;
    load->result.cut = fate == CUT ? others : 0;
    if (fate == REFUSED_401)
        note_status(401);
    if (fate == GONE_404)
        note_status(404);
    if (fate == BROKEN_500)
        note_status(500);
    if (fate == MOVED_302)
        note_status(302);
}

static void
capacity(struct load_verdict *verdict, const struct measured_load *of)
{
    judge_capacity(verdict, of, 0);
}

static const struct {
    const char *name;
    void (*judge)(struct load_verdict *verdict, const struct measured_load *of);
} rows[] = {
    {"latency", judge_latency},   {"throughput", judge_throughput},
    {"errors", judge_error_rate}, {"concurrency", judge_concurrency},
    {"load", judge_load},         {"capacity", capacity},
};

static struct evidence
judge_as(size_t row, const struct history_figures *lived, bool *is_by_clock)
{
    static const struct evidence none = {.measured = "", .limit = "", .detail = ""};
    struct evidence out = none;
    struct load_verdict verdict = {
        .input = &input, .target = &stage_targets[LIFECYCLE_MVP], .lived = lived, .out = &out};

    rows[row].judge(&verdict, load);
    if (is_by_clock != NULL)
        *is_by_clock = verdict.is_by_clock;

    return out;
}

static void
what_is_answered_well_and_soon_passes(void **state)
{
    make_load(SENT, CUT);
    load->result.seconds = 2; /* for the capacity: more than 100 in a second */
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        bool is_by_clock = false;
        struct evidence out = judge_as(i, NULL, &is_by_clock);

        if (out.outcome != EVIDENCE_PASS)
            fail_msg("%s: %s", rows[i].name, out.measured);
        assert_false(is_by_clock);
    }
}

static void
a_service_that_answers_nothing_well_passes_nothing(void **state)
{
    static const struct {
        enum fate fate;
        const char *says;
    } cases[] = {{REFUSED_401, "answered 401"}, {GONE_404, "answered 404"},
                 {BROKEN_500, "answered 500"},  {EMPTY, "answered without the rows"},
                 {MOVED_302, "answered 302"},   {CUT, "connection cut"}};

    for (size_t c = 0; c < COUNTOF(cases); c++) {
        make_load(0, cases[c].fate);
        for (size_t i = 0; i < COUNTOF(rows); i++) {
            bool is_by_clock = true;
            struct evidence out = judge_as(i, NULL, &is_by_clock);

            if (out.outcome != EVIDENCE_FAIL || is_by_clock)
                fail_msg("%s, %s: %s", rows[i].name, cases[c].says, out.measured);
            assert_contains(out.measured, cases[c].says);
        }
    }
}

static void
a_service_that_answers_every_second_request_well_passes_nothing(void **state)
{
    make_load(SENT / 2, REFUSED_401);
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        struct evidence out = judge_as(i, NULL, NULL);

        /* How quick those are that get an answer says little; the others fail. */
        assert_int_equal(out.outcome, i == 0 ? EVIDENCE_UNKNOWN : EVIDENCE_FAIL);
        assert_contains(out.measured, "answered 401");
    }
}

static void
what_only_came_too_late_is_blamed_on_the_clock(void **state)
{
    for (uint64_t good = 0; good <= SENT / 2; good += SENT / 2) {
        make_load(good, LATE);
        for (size_t i = 0; i < COUNTOF(rows); i++) {
            bool is_by_clock = false;
            struct evidence out = judge_as(i, NULL, &is_by_clock);

            if (out.outcome == EVIDENCE_PASS || !is_by_clock)
                fail_msg("%s: %s", rows[i].name, out.measured);
        }
    }
}

static void
answers_that_come_after_the_run_are_no_throughput(void **state)
{
    make_load(SENT, CUT);
    load->result.seconds = 6;
    assert_int_equal(judge_as(1, NULL, NULL).outcome, EVIDENCE_FAIL);
    load->is_brief = true; /* whether a check notices is counted, not timed */
    assert_int_equal(judge_as(1, NULL, NULL).outcome, EVIDENCE_PASS);
}

static void
slow_answers_are_a_gap_unless_the_generator_was_late_itself(void **state)
{
    bool is_by_clock = false;

    make_load(SENT, CUT);
    for (unsigned i = 0; i < SENT; i++)
        hist_add(&load->result.good_latency, 1500000);
    assert_int_equal(judge_as(0, NULL, &is_by_clock).outcome, EVIDENCE_FAIL);
    assert_true(is_by_clock);
    for (unsigned i = 0; i < SENT; i++)
        hist_add(&load->result.lateness, 1000000);
    assert_int_equal(judge_as(0, NULL, NULL).outcome, EVIDENCE_UNKNOWN);
    load->patience = 4;
    assert_int_equal(judge_as(0, NULL, NULL).outcome, EVIDENCE_PASS);
}

static void
what_users_saw_outweighs_a_clone(void **state)
{
    struct history_figures lived = {.requests = 2000, .errors = 200, .peak_per_s = 1e6};

    lived.latency[12] = 2000;
    make_load(SENT, CUT);
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        bool counts = i == 0 || i == 2 || i == 5;

        assert_int_equal(judge_as(i, &lived, NULL).outcome,
                         counts ? EVIDENCE_FAIL : judge_as(i, NULL, NULL).outcome);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_answered_well_and_soon_passes),
        cmocka_unit_test(a_service_that_answers_nothing_well_passes_nothing),
        cmocka_unit_test(a_service_that_answers_every_second_request_well_passes_nothing),
        cmocka_unit_test(what_only_came_too_late_is_blamed_on_the_clock),
        cmocka_unit_test(answers_that_come_after_the_run_are_no_throughput),
        cmocka_unit_test(slow_answers_are_a_gap_unless_the_generator_was_late_itself),
        cmocka_unit_test(what_users_saw_outweighs_a_clone),
    };
    int failed;

    arena = arena_new(4096, 16 << 20);
    input = (struct check_input){.stage = LIFECYCLE_MVP, .arena = arena};
    load = xcalloc(1, sizeof(*load));
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(load);
    arena_free(arena);

    return failed;
}
