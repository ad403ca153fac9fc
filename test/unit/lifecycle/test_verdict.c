/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/verdict.h"
#include "unit/unit.h"

static struct arena *arena;

/* A catalogue of a few rows, so that each rule is seen by itself. */
static const char *const none[] = {NULL};

#define ROW(name, p, m, pr, s, class, least)                                   \
    {                                                                          \
        .id = name, .title = name,                                             \
        .need = {LIFECYCLE_##p, LIFECYCLE_##m, LIFECYCLE_##pr, LIFECYCLE_##s}, \
        .verify = LIFECYCLE_##class, .names = none, .docs = none,              \
        .accept =                                                              \
        { LIFECYCLE_##least,                                                   \
          LIFECYCLE_##least,                                                   \
          LIFECYCLE_##class,                                                   \
          LIFECYCLE_##class }                                                  \
    }

static const struct lifecycle_row rows[] = {
    ROW("works", MUST, MUST, MUST, MUST, MEASURED, MEASURED),
    ROW("shuts-down", NICE, MUST, MUST, MUST, DRILLED, DRILLED),
    ROW("on-call", NOT_YET, SHOULD, MUST, MUST, ATTESTED, ATTESTED),
    ROW("alerts", NOT_YET, MUST, MUST, MUST, DRILLED, ATTESTED),
};

struct world {
    const struct lifecycle_row *list[COUNTOF(rows)];
    struct catalogue catalogue;
    struct evidence evidence[8];
    struct evidence_store store;
    struct record record;
    struct verdicts verdicts;
    bool by_stage;
    enum lifecycle_stage declared;
};

static struct world *
make(void)
{
    struct world *world = ARENA_NEW(arena, struct world);

    for (size_t i = 0; i < COUNTOF(rows); i++)
        world->list[i] = &rows[i];
    world->catalogue = (struct catalogue){world->list, COUNTOF(rows)};
    world->store.items = world->evidence;

    return world;
}

static struct evidence *
found(struct world *world, const char *row, enum lifecycle_class class,
      enum evidence_outcome outcome)
{
    struct evidence *evidence = &world->evidence[world->store.count++];

    *evidence = (struct evidence){.row = row,
                                  .class = class,
                                  .outcome = outcome,
                                  .measured = "seen",
                                  .limit = "",
                                  .detail = ""};

    return evidence;
}

static void
attested(struct world *world, const char *row, const char *until)
{
    struct err err = {0};

    assert_ok(record_attest(&world->record, arena,
                            &(struct attestation){row, "Ann", "2026-11-01", until, ""}, &err));
}

static enum verdict_status
judge(struct world *world, const char *id, enum lifecycle_stage stage)
{
    const struct verdict_input input = {.catalogue = &world->catalogue,
                                        .evidence = &world->store,
                                        .record = &world->record,
                                        .today = "2026-11-21",
                                        .declared = world->declared,
                                        .any_stage = !world->by_stage};

    verdict_judge(&input, stage, arena, &world->verdicts);
    for (size_t i = 0; i < world->verdicts.count; i++) {
        if (strcmp(world->verdicts.items[i].row->id, id) == 0)
            return world->verdicts.items[i].status;
    }
    fail_msg("no row %s", id);

    return VERDICT_UNKNOWN;
}

static void
what_nobody_looked_at_is_unknown_and_never_passes(void **state)
{
    struct world *world = make();
    enum lifecycle_stage stage;

    assert_int_equal(judge(world, "works", LIFECYCLE_POC), VERDICT_UNKNOWN);
    assert_int_equal(judge(world, "on-call", LIFECYCLE_PRODUCTION), VERDICT_UNKNOWN);
    assert_false(verdict_get_stage(&world->verdicts, &stage));
}

static void
evidence_of_a_lesser_class_than_the_stage_takes_is_not_enough(void **state)
{
    struct world *world = make();

    found(world, "shuts-down", LIFECYCLE_MEASURED, EVIDENCE_PASS);
    assert_int_equal(judge(world, "shuts-down", LIFECYCLE_MVP), VERDICT_UNKNOWN);
    found(world, "works", LIFECYCLE_DRILLED, EVIDENCE_PASS);
    assert_int_equal(judge(world, "works", LIFECYCLE_MVP), VERDICT_PASS);
}

static void
a_word_counts_where_the_stage_takes_it(void **state)
{
    struct world *world = make();

    attested(world, "alerts", "");
    assert_int_equal(judge(world, "alerts", LIFECYCLE_MVP), VERDICT_PASS);
    assert_int_equal(judge(world, "alerts", LIFECYCLE_PRODUCTION), VERDICT_UNKNOWN);
    attested(world, "works", "");
    assert_int_equal(judge(world, "works", LIFECYCLE_POC), VERDICT_UNKNOWN);
}

static void
a_word_does_not_stand_against_evidence(void **state)
{
    struct world *world = make();

    attested(world, "alerts", "");
    found(world, "alerts", LIFECYCLE_DRILLED, EVIDENCE_FAIL);
    assert_int_equal(judge(world, "alerts", LIFECYCLE_MVP), VERDICT_FAIL);
}

static void
a_word_ends_on_its_day(void **state)
{
    struct world *world = make();

    attested(world, "on-call", "2026-11-21");
    assert_int_equal(judge(world, "on-call", LIFECYCLE_PRODUCTION), VERDICT_PASS);
    attested(world, "on-call", "2026-11-20");
    assert_int_equal(judge(world, "on-call", LIFECYCLE_PRODUCTION), VERDICT_STALE);
}

static void
a_waiver_holds_until_its_day_and_hides_no_pass(void **state)
{
    struct world *world = make();
    struct err err = {0};
    struct waiver waiver = {"shuts-down", "Ben", "demo", "2026-11-01", "2026-11-21"};

    assert_ok(record_waive(&world->record, arena, &waiver, &err));
    assert_int_equal(judge(world, "shuts-down", LIFECYCLE_MVP), VERDICT_WAIVED);
    waiver.until = "2026-11-20";
    assert_ok(record_waive(&world->record, arena, &waiver, &err));
    assert_int_equal(judge(world, "shuts-down", LIFECYCLE_MVP), VERDICT_UNKNOWN);
    assert_string_equal(
        verdict_find(&world->verdicts, STR("shuts-down"))->text,
        "not looked at yet: cairn check --only shuts-down; Ben waived it until 2026-11-20");
    waiver.until = "2026-12-01";
    assert_ok(record_waive(&world->record, arena, &waiver, &err));
    found(world, "shuts-down", LIFECYCLE_DRILLED, EVIDENCE_PASS);
    assert_int_equal(judge(world, "shuts-down", LIFECYCLE_MVP), VERDICT_PASS);
}

static void
evidence_of_another_stage_does_not_answer_for_this_one(void **state)
{
    struct world *world = make();
    enum lifecycle_stage reached;

    world->by_stage = true;
    found(world, "works", LIFECYCLE_MEASURED, EVIDENCE_PASS)->stage = LIFECYCLE_MVP;
    assert_int_equal(judge(world, "works", LIFECYCLE_MVP), VERDICT_PASS);
    assert_int_equal(judge(world, "works", LIFECYCLE_POC), VERDICT_STALE);
    assert_int_equal(judge(world, "works", LIFECYCLE_PRODUCTION), VERDICT_STALE);
    /* Once it is declared, all before it is asked of the same service. */
    world->declared = LIFECYCLE_MVP;
    assert_int_equal(judge(world, "works", LIFECYCLE_POC), VERDICT_PASS);
    assert_true(verdict_get_stage(&world->verdicts, &reached));
    assert_int_equal(reached, LIFECYCLE_POC);
}

static void
a_stage_that_was_proven_ahead_is_reached(void **state)
{
    struct world *world = make();
    enum lifecycle_stage reached;

    world->by_stage = true;
    found(world, "works", LIFECYCLE_MEASURED, EVIDENCE_PASS)->stage = LIFECYCLE_MVP;
    found(world, "shuts-down", LIFECYCLE_DRILLED, EVIDENCE_PASS)->stage = LIFECYCLE_MVP;
    found(world, "alerts", LIFECYCLE_DRILLED, EVIDENCE_PASS)->stage = LIFECYCLE_MVP;
    judge(world, "works", LIFECYCLE_POC);
    assert_true(verdict_get_stage(&world->verdicts, &reached));
    assert_int_equal(reached, LIFECYCLE_MVP);
}

static void
stale_evidence_does_not_pass(void **state)
{
    struct world *world = make();

    found(world, "works", LIFECYCLE_MEASURED, EVIDENCE_PASS)->is_stale = true;
    assert_int_equal(judge(world, "works", LIFECYCLE_POC), VERDICT_STALE);
}

static void
what_a_later_stage_needs_is_not_needed_yet(void **state)
{
    struct world *world = make();

    assert_int_equal(judge(world, "on-call", LIFECYCLE_POC), VERDICT_NOT_YET);
    assert_string_equal(world->verdicts.items[2].text, "needed at mvp");
}

static void
a_stage_is_reached_when_each_required_row_passes_there_and_before(void **state)
{
    struct world *world = make();
    enum lifecycle_stage stage;

    found(world, "works", LIFECYCLE_MEASURED, EVIDENCE_PASS);
    judge(world, "works", LIFECYCLE_MVP);
    assert_true(verdict_get_stage(&world->verdicts, &stage));
    assert_int_equal(stage, LIFECYCLE_POC);
    assert_int_equal(verdict_count_required(&world->verdicts, VERDICT_STATUS_COUNT), 3);
    assert_int_equal(verdict_count_required(&world->verdicts, VERDICT_PASS), 1);

    found(world, "shuts-down", LIFECYCLE_DRILLED, EVIDENCE_PASS);
    attested(world, "alerts", "");
    judge(world, "works", LIFECYCLE_MVP); /* on-call is only a should there */
    assert_true(verdict_get_stage(&world->verdicts, &stage));
    assert_int_equal(stage, LIFECYCLE_MVP);

    world->evidence[0].outcome = EVIDENCE_FAIL;
    judge(world, "works", LIFECYCLE_MVP);
    assert_false(verdict_get_stage(&world->verdicts, &stage));
}

static int
set_up(void **state)
{
    arena = arena_new(4096, 16 << 20);

    return 0;
}

static int
tear_down(void **state)
{
    arena_free(arena);

    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_nobody_looked_at_is_unknown_and_never_passes),
        cmocka_unit_test(evidence_of_a_lesser_class_than_the_stage_takes_is_not_enough),
        cmocka_unit_test(a_word_counts_where_the_stage_takes_it),
        cmocka_unit_test(a_word_does_not_stand_against_evidence),
        cmocka_unit_test(a_word_ends_on_its_day),
        cmocka_unit_test(a_waiver_holds_until_its_day_and_hides_no_pass),
        cmocka_unit_test(evidence_of_another_stage_does_not_answer_for_this_one),
        cmocka_unit_test(a_stage_that_was_proven_ahead_is_reached),
        cmocka_unit_test(stale_evidence_does_not_pass),
        cmocka_unit_test(what_a_later_stage_needs_is_not_needed_yet),
        cmocka_unit_test(a_stage_is_reached_when_each_required_row_passes_there_and_before),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
