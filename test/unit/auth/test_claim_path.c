/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/claim_path.h"

#include "unit/unit.h"

static const char claims[] =
    "{\"role\":\"a\",\"app\":{\"roles\":[\"b\",{\"x\":\"c\"}]},\"https://s.example/role\":\"d\",\"n\":7}";

static void
expect(const char *text, const char *wanted)
{
    struct arena *arena = arena_new(4096, 64 * 1024);
    struct claim_path path;
    struct json *root = NULL;
    const struct json *found;
    struct err err = {0};

    assert_ok(json_parse(str_from(claims), JSON_LIMITS_DEFAULT, arena, &root, &err));
    assert_true(claim_path_parse(str_from(text), &path));
    found = claim_path_walk(&path, root);
    if (wanted == NULL)
        assert_null(found);
    else
        assert_str(found->text, wanted);
    arena_free(arena);
}

static void
a_path_leads_through_members_and_elements(void **state)
{
    expect(".role", "a");
    expect(".app.roles[0]", "b");
    expect(".app.roles[1].x", "c");
    expect(".\"https://s.example/role\"", "d");
    expect(".\"app\".roles[0]", "b");
}

static void
a_path_to_nothing_finds_nothing(void **state)
{
    expect(".nothing", NULL);
    expect(".role.x", NULL);
    expect(".app.roles[2]", NULL);
    expect(".app[0]", NULL);
    expect("[0]", NULL);
}

static void
what_is_no_path_is_refused(void **state)
{
    static const char *const bad[] = {
        "",        ".",
        "role",    "..role",
        ".role.",  ".a[",
        ".a[]",    ".a[-1]",
        ".a[1",    ".a[99999999999]",
        ".\"a",    ".\"\"",
        ".a\"b",   ".a[0]b",
        ".a b]",   "$.a",
        ".a[0x1]", ".a.a.a.a.a.a.a.a.a",
    };
    struct claim_path path;

    for (size_t i = 0; i < COUNTOF(bad); i++) {
        if (claim_path_parse(str_from(bad[i]), &path))
            fail_msg("'%s' is taken", bad[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_leads_through_members_and_elements),
        cmocka_unit_test(a_path_to_nothing_finds_nothing),
        cmocka_unit_test(what_is_no_path_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
