/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of the self-test, and the defects of files and configuration. Those of services are
 * tried end to end.
 */
#include "drill/plant.h"
#include "drill/selftest.h"
#include "unit/unit.h"

static struct arena *arena;
static struct catalogue catalogue;

static int
set_up(void **state)
{
    struct catalogue_errors errors;

    arena = arena_new(4096, 256 << 20);

    return catalogue_load("/nonexistent", arena, &catalogue, &errors) ? 0 : -1;
}

static int
tear_down(void **state)
{
    arena_free(arena);

    return 0;
}

static struct evidence *
try(const struct defect *defect)
{
    struct evidence *found = ARENA_ARRAY(arena, struct evidence, check_count());
    struct err err = {0};

    if (!plant_try(defect, &catalogue, "2026-11-22", arena, found, &err))
        fail_msg("%s: %s", defect != NULL ? defect->name : "sound", err.message);

    return found;
}

static bool
is_declared(const struct defect *defect, const char *check)
{
    for (size_t i = 0; i < DEFECT_ALSO_MAX && defect->also[i] != NULL; i++) {
        if (strcmp(defect->also[i], check) == 0)
            return true;
    }

    return strcmp(defect->check, check) == 0;
}

static void
a_project_with_nothing_wrong_passes_each_check_of_files_and_configuration(void **state)
{
    const struct evidence *found = try(NULL);

    for (size_t i = 0; i < check_count(); i++) {
        if (found[i].outcome != EVIDENCE_PASS && selftest_has_defect(found[i].row))
            fail_msg("%s: %s", found[i].row, found[i].measured);
    }
}

static void
one_thing_wrong_turns_its_own_row_red_and_no_other(void **state)
{
    for (size_t d = 0; d < plant_defect_count(); d++) {
        const struct defect *defect = plant_get_defect(d);
        const struct evidence *found = try(defect);

        for (size_t i = 0; i < check_count(); i++) {
            bool is_red = found[i].outcome == EVIDENCE_FAIL;

            if (strcmp(found[i].row, defect->check) == 0 && !is_red)
                fail_msg("%s isn't noticed by %s", defect->name, defect->check);
            if (strcmp(found[i].row, defect->check) == 0 && defect->says != NULL)
                assert_contains(found[i].measured, defect->says);
            if (is_red && !is_declared(defect, found[i].row))
                fail_msg("%s turns %s red: %s", defect->name, found[i].row, found[i].measured);
        }
    }
}

static void
each_check_that_can_fail_has_a_defect_or_a_reason_for_none(void **state)
{
    for (size_t i = 0; i < catalogue.count; i++) {
        const char *check = catalogue.rows[i]->check;

        if (check == NULL || (check_find(check) == NULL && examiner_find(check) == NULL))
            continue;
        if (!selftest_has_defect(check) && selftest_explain(check) == NULL)
            fail_msg("%s: no defect, and no reason why not", check);
    }
}

static void
each_defect_is_about_a_check_that_a_row_has(void **state)
{
    for (size_t d = 0; d < defect_count + plant_defect_count(); d++) {
        const struct defect *defect =
            d < defect_count ? &defects[d] : plant_get_defect(d - defect_count);
        bool found = false;

        for (size_t i = 0; i < catalogue.count; i++)
            found = found || (catalogue.rows[i]->check != NULL &&
                              strcmp(catalogue.rows[i]->check, defect->check) == 0);
        if (!found)
            fail_msg("%s: no row has the check %s", defect->name, defect->check);
        assert_true((defect->also[0] == NULL) == (defect->why == NULL));
        assert_null(selftest_explain(defect->check));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_project_with_nothing_wrong_passes_each_check_of_files_and_configuration),
        cmocka_unit_test(one_thing_wrong_turns_its_own_row_red_and_no_other),
        cmocka_unit_test(each_check_that_can_fail_has_a_defect_or_a_reason_for_none),
        cmocka_unit_test(each_defect_is_about_a_check_that_a_row_has),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
