/* SPDX-License-Identifier: Apache-2.0 */
#include "io/file.h"
#include "lifecycle/own_rows.h"
#include "unit/unit_dir.h"

static struct err err;
static struct arena *arena;

static int
set_up(void **state)
{
    arena = arena_new(4096, 16 << 20);

    return unit_dir_make(state);
}

static int
tear_down(void **state)
{
    arena_free(arena);

    return unit_dir_remove(state);
}

static const struct lifecycle_row *
ask(const char *words)
{
    static struct catalogue catalogue;
    const struct lifecycle_row *found[4];
    struct catalogue_errors errors;

    assert_true(catalogue_load(unit_dir, arena, &catalogue, &errors));

    return catalogue_search(&catalogue, str_from(words), found, COUNTOF(found)) > 0 ? found[0]
                                                                                    : NULL;
}

static void
people_find_a_row_by_the_names_they_use(void **state)
{
    static const struct {
        const char *words;
        const char *id;
    } cases[] = {
        {"redis", "cache-shared"},
        {"do I need Redis now?", "cache-shared"},
        {"read replicas", "read-replicas"},
        {"replicas", "read-replicas"},
        {"a service mesh", "service-mesh"},
        {"Kafka", "queues"},
        {"should we add message queues", "queues"},
        {"multi-region", "multi-region"},
        {"Multi Region", "multi-region"},
        {"CI/CD", "pipeline"},
        {"kubernetes", "kubernetes"},
        {"two factor", "mfa"},
        {"RLS", "rbac"},
        {"backup", "backups"},
        {"service level objectives", "service-levels"},
        {"the", NULL},
        {"", NULL},
    };

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        const struct lifecycle_row *row = ask(cases[i].words);

        if (cases[i].id == NULL ? row != NULL : row == NULL || strcmp(row->id, cases[i].id) != 0)
            fail_msg("'%s' gave %s", cases[i].words, row != NULL ? row->id : "nothing");
    }
}

static void
every_name_finds_its_own_row(void **state)
{
    for (size_t i = 0; i < lifecycle_row_count; i++) {
        for (const char *const *name = lifecycle_rows[i].names; *name != NULL; name++) {
            const struct lifecycle_row *row = ask(*name);

            if (row == NULL || strcmp(row->id, lifecycle_rows[i].id) != 0)
                fail_msg("'%s' of %s gave %s", *name, lifecycle_rows[i].id,
                         row != NULL ? row->id : "nothing");
        }
    }
}

static void
put(const char *name, const char *text)
{
    assert_ok(dir_make(unit_path("checks"), 0755, &err));
    assert_ok(file_replace(unit_path(name), str_from(text), 0644, &err));
}

static void
a_project_adds_rows_of_its_own(void **state)
{
    struct catalogue_errors errors;
    const struct lifecycle_row *row;
    struct catalogue catalogue;

    put("checks/gdpr-export.yaml", "title: A user's data can be exported\n"
                                   "area: Security\n"
                                   "need: '- should must must'\n"
                                   "priority: P0\n"
                                   "cost: A fine.\n"
                                   "fix: make export\n"
                                   "names: [gdpr, export]\n"
                                   "command: [./checks/gdpr.sh, --quick]\n"
                                   "timeout: 30s\n");
    put("checks/gdpr.sh", "#!/bin/sh\n");
    assert_true(catalogue_load(unit_dir, arena, &catalogue, &errors));
    assert_int_equal(catalogue.count, lifecycle_row_count + 1);
    row = catalogue_find(&catalogue, STR("gdpr-export"));
    assert_non_null(row);
    assert_int_equal(row->area, LIFECYCLE_AREA_SECURITY);
    assert_int_equal(row->need[1], LIFECYCLE_SHOULD);
    assert_int_equal(row->need[2], LIFECYCLE_MUST);
    assert_int_equal(row->verify, LIFECYCLE_MEASURED);
    assert_string_equal(row->command[1], "--quick");
    assert_int_equal(row->timeout_s, 30);
    assert_false(lifecycle_is_attested(row));
    unlink(unit_path("checks/gdpr-export.yaml"));
}

static void
a_row_that_is_unsound_is_refused_with_its_line(void **state)
{
    static const struct {
        const char *text;
        const char *where;
        const char *says;
    } cases[] = {
        {"title: x\nneed: '- - - must'\ncost: y\nfix: z\nsevrity: high\n", "a.yaml:5",
         "unknown field 'sevrity'"},
        {"title: x\nneed: must\ncost: y\nfix: z\n", "a.yaml:2", "need: 'must'"},
        {"title: x\nneed: must must must maybe\ncost: y\nfix: z\n", "a.yaml:2", "need: "},
        {"title: x\nneed: - - - must\n", "a.yaml:2", "not YAML"},
        {"title: x\ncost: y\nfix: z\n", "a.yaml:1", "need is missing"},
        {"title: x\nneed: must must must must\nfix: z\n", "a.yaml:1", "cost is missing"},
        {"title: [x]\nneed: must must must must\ncost: y\nfix: z\n", "a.yaml:1",
         "title takes a text"},
        {"id: tls\ntitle: x\nneed: must must must must\ncost: y\nfix: z\n", "a.yaml:1",
         "'tls' is a row of cairn's own"},
        {"id: A b\ntitle: x\nneed: must must must must\ncost: y\nfix: z\n", "a.yaml:1",
         "id: 'A b'"},
        {"title: x\nneed: must must must must\ncost: y\nfix: z\npriority: high\n", "a.yaml:5",
         "priority: 'high'"},
        {"title: x\nneed: must must must must\ncost: y\nfix: z\ntimeout: 2h\n", "a.yaml:5",
         "timeout: '2h'"},
        {"title: x\nneed: must must must must\ncost: y\nfix: z\nverify: measured\n", "a.yaml:1",
         "verify: measured needs a command"},
        {"title: x\nneed: must must must must\ncost: y\nfix: z\ncommand: rm\n", "a.yaml:5",
         "command takes a list"},
        {"title: x\nneed: must must must must\ncost: y\nfix: z\narea: Sport\n", "a.yaml:5",
         "area: 'Sport'"},
        {"", "a.yaml:1", "no fields in it"},
        {"- a\n", "a.yaml:1", "no fields in it"},
        {"title: x\n\tneed: y\n", "a.yaml:2", "not YAML"},
    };

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        struct catalogue_errors errors = {0};

        assert_null(own_row_parse(str_from(cases[i].text), "a.yaml", arena, &errors));
        if (errors.count == 0)
            fail_msg("accepted:\n%s", cases[i].text);
        assert_string_equal(errors.items[0].where, cases[i].where);
        assert_contains(errors.items[0].message, cases[i].says);
    }
}

static void
the_nearest_id_is_suggested(void **state)
{
    struct catalogue_errors errors;
    struct catalogue catalogue;

    assert_true(catalogue_load(unit_dir, arena, &catalogue, &errors));
    assert_string_equal(catalogue_suggest(&catalogue, STR("gracefull-shutdown")),
                        "graceful-shutdown");
    assert_null(catalogue_suggest(&catalogue, STR("xyzzy")));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(people_find_a_row_by_the_names_they_use),
        cmocka_unit_test(every_name_finds_its_own_row),
        cmocka_unit_test(a_project_adds_rows_of_its_own),
        cmocka_unit_test(a_row_that_is_unsound_is_refused_with_its_line),
        cmocka_unit_test(the_nearest_id_is_suggested),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
