/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/examiner.h"
#include "drill/live.h"
#include "unit/unit_dir.h"

static void
every_check_has_code_or_says_what_to_do_until_then(void **state)
{
    struct arena *arena = arena_new(4096, 16 << 20);
    struct catalogue_errors errors = {0};
    struct catalogue catalogue;

    assert_true(catalogue_load("/nowhere", arena, &catalogue, &errors));
    for (size_t i = 0; i < catalogue.count; i++) {
        const struct lifecycle_row *row = catalogue.rows[i];

        if (lifecycle_is_attested(row))
            continue;
        if (check_find(row->check) == NULL && examiner_find(row->check) == NULL &&
            check_find_unbuilt(row->check) == NULL)
            fail_msg("%s: nothing is known of %s", row->id, row->check);
        if (check_find_unbuilt(row->check) != NULL &&
            (check_find(row->check) != NULL || examiner_find(row->check) != NULL))
            fail_msg("%s: %s is there, and said not to be", row->id, row->check);
    }
    arena_free(arena);
}

static void
what_is_done_to_a_running_service_is_a_check_of_a_clone_too(void **state)
{
    for (size_t i = 0; i < live_drill_count; i++) {
        assert_non_null(examiner_find(live_drills[i].check));
        assert_true(live_drills[i].seconds > 0);
    }
    for (size_t i = 0; i < live_probe_count; i++)
        assert_true(examiner_find(live_probes[i].check) != NULL ||
                    check_find(live_probes[i].check) != NULL);
}

/* Another program has no cairn.yaml, no options and no commands but those that put load on it. */
static void
what_a_service_of_another_kind_is_told_to_do_is_something_that_it_can_do(void **state)
{
    for (size_t i = 0; i < lifecycle_row_count; i++) {
        const struct lifecycle_row *row = &lifecycle_rows[i];
        struct str rest = str_from(row->elsewhere != NULL ? row->elsewhere : row->fix);

        if (!examiner_wants(NULL, row))
            continue;
        while (rest.len > 0) {
            struct str word = str_cut(&rest, ' ');

            if (str_has_prefix(word, STR("cairn")) && !str_has_prefix(rest, STR("load URL ")))
                fail_msg("%s speaks of %.*s", row->id, STR_ARG(word));
            for (size_t option = 0; option < CONFIG_OPTION_COUNT; option++) {
                if (str_has_prefix(word, str_from(config_options[option].key)) &&
                    strchr(config_options[option].key, '.') != NULL)
                    fail_msg("%s speaks of %.*s", row->id, STR_ARG(word));
            }
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_check_has_code_or_says_what_to_do_until_then),
        cmocka_unit_test(what_is_done_to_a_running_service_is_a_check_of_a_clone_too),
        cmocka_unit_test(what_a_service_of_another_kind_is_told_to_do_is_something_that_it_can_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
