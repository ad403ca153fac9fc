/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/claim_path.h"

#include "unit/unit.h"

static const char claims[] =
    "{\"role\":\"a\",\"app\":{\"roles\":[\"b\",{\"x\":\"c\"},\"web_d\",\"e_admin\"]},"
    "\"https://s.example/role\":\"d\",\"n\":7,\"it's\":\"q\",\"a\\nb\":\"r\",\"none\":null,"
    "\"groups\":[{\"id\":1,\"on\":false,\"name\":\"one\"},{\"id\":2,\"on\":true,\"name\":\"two\"},"
    "{\"id\":3,\"name\":\"three\",\"tags\":[\"x\",\"y\"]}]}";

static void
expect(const char *text, const char *wanted)
{
    struct arena *arena = arena_new(4096, 64 * 1024);
    struct claim_path *path = NULL;
    struct json *root = NULL;
    const struct json *found;
    struct err err = {0};

    assert_ok(json_parse(str_from(claims), JSON_LIMITS_DEFAULT, arena, &root, &err));
    if (!claim_path_parse(str_from(text), &path, &err))
        fail_msg("%s: %s", text, err.message);
    found = claim_path_find(path, root);
    if ((found == NULL) != (wanted == NULL))
        fail_msg("%s: finds %s", text, found != NULL ? "something" : "nothing");
    if (wanted != NULL)
        assert_str(found->type == JSON_STRING ? found->text : found->raw, wanted);
    claim_path_free(path);
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
    expect(".n", "7");
}

static void
a_path_to_nothing_finds_nothing(void **state)
{
    expect(".nothing", NULL);
    expect(".role.x", NULL);
    expect(".app.roles[4]", NULL);
    expect(".app[0]", NULL);
    expect("[0]", NULL);
}

static void
a_filter_finds_the_first_text_that_fits(void **state)
{
    expect(".app.roles[?(@ == \"e_admin\")]", "e_admin");
    expect(".app.roles[?(@ != \"b\")]", "web_d");
    expect(".app.roles[?(@ ^== \"web_\")]", "web_d");
    expect(".app.roles[?(@ ==^ \"_admin\")]", "e_admin");
    expect(".app.roles[?(@*==\"adm\")]", "e_admin");
    expect(".app.roles[?(@ *== \"\")]", "b");
    expect(".app.roles[?(@ == \"B\")]", NULL);
    expect(".app[?(@ == \"b\")]", NULL);
    expect(".groups[?(@ != \"b\")]", NULL);
}

static const char *const bad[] = {
    "",
    ".",
    "role",
    "..role",
    ".role.",
    ".a[",
    ".a[]",
    ".a[-1]",
    ".a[1",
    ".a[99999999999999999]",
    ".\"a",
    ".a\"b",
    ".a[0]b",
    ".a b]",
    ".a[0x1]",
    "role.other",
    ".role##",
    ".my_role;;domain",
    ".#$$%&$%/",
    "1234",
    ".role[?(@ =)]",
    ".r[?(@ == 'x')]",
    ".r[?(@ == \"x\")].y",
    ".r[?(@ ~ \"x\")]",
    "$.my_role;;domain",
    "@@.role.other",
    "$.",
    "$x",
    "$[",
    "$[]",
    "$['a]",
    "$[01]",
    "$[1.5]",
    "$[-0]",
    "$[9007199254740992]",
    "$.a[?]",
    "$.a[?@ ==]",
    "$.a[?1]",
    "$.a[?'x']",
    "$.a[?@.* == 1]",
    "$.a[?@..b == 1]",
    "$.a[?!@.b == 1]",
    "$.a[?!!@.b]",
    "$.a[?(@.b]",
    "$.a[?search(@, '(')]",
    "$.a[?search(@)]",
    "$.a[?search(@, 1)]",
    "$.a[?count(@) == 1]",
    "$.1a",
    "$ ",
    "$.a ",
    "$['\\x']",
    " $.a",
};

static void
what_is_no_path_is_refused(void **state)
{
    char nested[64] = "$[?";
    struct claim_path *path = NULL;
    struct err err = {0};

    for (size_t i = 0; i < COUNTOF(bad); i++) {
        err_clear(&err);
        if (claim_path_parse(str_from(bad[i]), &path, &err))
            fail_msg("'%s' is taken", bad[i]);
        assert_null(path);
        assert_int_equal(err.kind, ERR_CONFIG);
    }
    memset(nested + 3, '(', 40);
    assert_false(claim_path_parse(str_from(nested), &path, &err));
    assert_non_null(strstr(err.message, "nested too deep"));
}

static void
a_jsonpath_leads_by_names_and_indexes(void **state)
{
    expect("$.role", "a");
    expect("$", claims);
    expect("$['role']", "a");
    expect("$[\"https://s.example/role\"]", "d");
    expect("$['it\\'s']", "q");
    expect("$[\"a\\nb\"]", "r");
    expect("$.app.roles[1]['x']", "c");
    expect("$ .app .roles [ 0 ]", "b");
    expect("$.app.roles[-1]", "e_admin");
    expect("$.app.roles[-5]", NULL);
    expect("$.none", "null");
    expect("$.nothing", NULL);
    expect("$.nothing.more", NULL);
}

static void
a_jsonpath_takes_the_first_of_several(void **state)
{
    expect("$.app.roles[7, 2]", "web_d");
    expect("$['x','n','role']", "7");
    expect("$.app.*[3]", "e_admin");
    expect("$.app.roles[1:]..x", "c");
    expect("$.app.roles[2:3]", "web_d");
    expect("$.app.roles[::-1]", "e_admin");
    expect("$.app.roles[-2:0:-1]", "web_d");
    expect("$.app.roles[4:]", NULL);
    expect("$.app.roles[0:4:0]", NULL);
    expect("$..x", "c");
    expect("$..tags[1]", "y");
    expect("$..*", "a");
    expect("$..[?@.id == 3].name", "three");
}

static void
a_jsonpath_filters(void **state)
{
    expect("$.app.roles[?(@ == 'e_admin')]", "e_admin");
    expect("$.app.roles[?@ != \"b\"].x", "c");
    expect("$.groups[?@.id > 1].name", "two");
    expect("$.groups[?@.id >= 2.0 && @.name < 'tw'].name", "three");
    expect("$.groups[?@.id <= 0 || !(@.id < 3)].name", "three");
    expect("$.groups[?@.on].name", "one");
    expect("$.groups[?!@.on].name", "three");
    expect("$.groups[?@.on == true].name", "two");
    expect("$.groups[?@.tags == $.groups[2].tags].name", "three");
    expect("$.groups[?@ == $.groups[1]].name", "two");
    expect("$.groups[?@.missing == $.missing].name", "one");
    expect("$.groups[?@.tags[?@ == 'y']].name", "three");
    expect("$.groups[?$.n == 7].name", "one");
    expect("$.groups[?@.name < 3]", NULL);
    expect("$.groups[?@.on == null]", NULL);
    expect("$.app.roles[?search(@, '_adm')]", "e_admin");
    expect("$.app.roles[?search(@, '^web')]", "web_d");
    expect("$.app.roles[?match(@, 'web')]", NULL);
    expect("$.app.roles[?match(@, 'x|web_[a-d]')]", "web_d");
    expect("$.app.roles[?search(@, $.nothing)]", NULL);
}

static void
a_search_that_takes_too_long_finds_nothing(void **state)
{
    struct arena *arena = arena_new(4096, 64 * 1024 * 1024);
    struct claim_path *path = NULL;
    struct json *root = NULL;
    struct buf text;
    struct err err = {0};

    buf_init(&text, 1024 * 1024);
    for (int i = 0; i < 60; i++)
        BUF_ADD_LIT(&text, "[1,");
    BUF_ADD_LIT(&text, "1");
    for (int i = 0; i < 60; i++)
        BUF_ADD_LIT(&text, "]");
    assert_ok(json_parse(buf_str(&text), JSON_LIMITS_DEFAULT, arena, &root, &err));
    assert_ok(claim_path_parse(STR("$..*..*..*..*..*..*..role"), &path, &err));
    assert_null(claim_path_find(path, root));
    claim_path_free(path);
    buf_fini(&text);
    arena_free(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_leads_through_members_and_elements),
        cmocka_unit_test(a_path_to_nothing_finds_nothing),
        cmocka_unit_test(a_filter_finds_the_first_text_that_fits),
        cmocka_unit_test(what_is_no_path_is_refused),
        cmocka_unit_test(a_jsonpath_leads_by_names_and_indexes),
        cmocka_unit_test(a_jsonpath_takes_the_first_of_several),
        cmocka_unit_test(a_jsonpath_filters),
        cmocka_unit_test(a_search_that_takes_too_long_finds_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
