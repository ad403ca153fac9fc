/* SPDX-License-Identifier: Apache-2.0 */
#include "core/clock.h"
#include "core/fault.h"
#include "core/json.h"
#include "unit/unit.h"

static struct arena *arena;
static struct err err;

static int
set_up(void **state)
{
    arena = arena_new(4096, (size_t)64 << 20);
    arena_set_soft(arena);
    err_clear(&err);
    return 0;
}

static int
tear_down(void **state)
{
    arena_free(arena);
    return 0;
}

static struct json *
parse_str(struct str text)
{
    struct json *root = NULL;

    if (!json_parse(text, JSON_LIMITS_DEFAULT, arena, &root, &err))
        fail_msg("%.*s: %s", STR_ARG(text), err.details);
    return root;
}

static struct json *
parse(const char *text)
{
    return parse_str(str_from(text));
}

static void
refuse(struct str text, const char *details)
{
    /* On the heap and of exactly this size, so that reading past the end is seen. */
    char *copy = xmalloc(text.len);
    struct json *root = NULL;
    bool ok;

    if (text.len > 0)
        memcpy(copy, text.data, text.len);
    err_clear(&err);
    ok = json_parse(str_make(copy, text.len), JSON_LIMITS_DEFAULT, arena, &root, &err);
    free(copy);
    if (ok)
        fail_msg("'%.*s' is accepted", STR_ARG(text));
    assert_null(root);
    if (details != NULL)
        assert_string_equal(err.details, details);
}

static void
every_type_is_parsed_with_its_text(void **state)
{
    const struct json *root = parse(
        " {\"s\":\"x\",\"n\":-1.50e+3,\"t\":true,\"f\":false,\"z\":null,\"a\":[1,[]],\"o\":{}} ");
    const struct json *at = root->first;

    assert_int_equal(root->type, JSON_OBJECT);
    assert_int_equal(root->count, 7);
    assert_int_equal(at->type, JSON_STRING);
    assert_str(at->key, "s");
    assert_str(at->text, "x");
    assert_str(at->raw, "\"x\"");
    at = at->next;
    assert_int_equal(at->type, JSON_NUMBER);
    assert_str(at->text, "-1.50e+3");
    at = at->next;
    assert_int_equal(at->type, JSON_TRUE);
    at = at->next;
    assert_int_equal(at->type, JSON_FALSE);
    assert_str(at->raw, "false");
    at = at->next;
    assert_int_equal(at->type, JSON_NULL);
    at = at->next;
    assert_int_equal(at->type, JSON_ARRAY);
    assert_int_equal(at->count, 2);
    assert_str(at->raw, "[1,[]]");
    assert_str(at->first->next->raw, "[]");
    assert_null(at->first->next->next);
    at = at->next;
    assert_int_equal(at->type, JSON_OBJECT);
    assert_int_equal(at->count, 0);
    assert_str(at->raw, "{}");
    assert_null(at->next);
    assert_str(
        root->raw,
        "{\"s\":\"x\",\"n\":-1.50e+3,\"t\":true,\"f\":false,\"z\":null,\"a\":[1,[]],\"o\":{}}");
}

static void
plain_strings_borrow_and_escaped_ones_are_decoded(void **state)
{
    struct str text =
        STR("[\"plain\",\"\\\"\\\\\\/\\b\\f\\n\\r\\t\",\"\\u0041\\u00e9\\u20AC\\uD83d\\uDe00!\"]");
    const struct json *root = parse_str(text);
    const struct json *plain = root->first;

    assert_ptr_equal(plain->text.data, text.data + 2);
    assert_str(plain->next->text, "\"\\/\b\f\n\r\t");
    assert_str(plain->next->next->text, "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80!");
    assert_str(parse("{\"\\u0061\":1}")->first->key, "a");
}

static void
strings_of_every_length_end_where_they_end(void **state)
{
    char text[100];

    for (size_t len = 0; len < 40; len++) {
        const struct json *root;

        memset(text, 'a', sizeof(text));
        text[0] = '"';
        text[len + 1] = '"';
        root = parse_str(str_make(text, len + 2));
        assert_int_equal(root->text.len, len);
        for (size_t at = 1; at <= len; at++) {
            text[at] = 0x1F;
            refuse(str_make(text, len + 2), NULL);
            assert_contains(err.details, "a control character in a string");
            text[at] = (char)0x80;
            refuse(str_make(text, len + 2), NULL);
            assert_contains(err.details, "not valid UTF-8");
            text[at] = 'a';
            refuse(str_make(text, at), NULL);
        }
    }
}

static void
numbers_follow_the_grammar_and_nothing_else(void **state)
{
    static const char *const good[] = {"0",    "-0",   "1",     "-1.5",   "0.0",   "1e5",
                                       "1E+5", "1e-5", "0e000", "10.010", "-0.0e0"};
    static const char *const bad[] = {"01",  "-01",       "+1",    ".5",    "5.",          "1.e5",
                                      "1e",  "1e+",       "-",     "--1",   "0x1",         "1_0",
                                      "NaN", "-Infinity", "1.2.3", "1e5.5", "\xEF\xBC\x91"};

    for (size_t i = 0; i < COUNTOF(good); i++)
        assert_str(parse(good[i])->text, good[i]);
    for (size_t i = 0; i < COUNTOF(bad); i++)
        refuse(str_from(bad[i]), NULL);
}

static void
refusals_say_where_and_why(void **state)
{
    static const struct {
        struct str text;
        const char *details;
    } cases[] = {
        {{"", 0}, "line 1, column 1: a value is expected, but the text ends"},
        {{"  ", 2}, "line 1, column 3: a value is expected, but the text ends"},
        {{"\xEF\xBB\xBF{}", 5}, "line 1, column 1: a value is expected"},
        {{"nul", 3}, "line 1, column 1: a value is expected"},
        {{"nulll", 5}, "line 1, column 5: nothing may follow the value"},
        {{"True", 4}, "line 1, column 1: a value is expected"},
        {{"01", 2}, "line 1, column 2: a number with a leading zero"},
        {{"\"\\ud83d\\ue000\"", 14},
         "line 1, column 14: a high surrogate without a low one after it"},
        {{"[1,\n 2,\n x]", 11}, "line 3, column 2: a value is expected"},
        {{"[1 2]", 5}, "line 1, column 4: ',' or ']' is expected"},
        {{"[1,]", 4}, "line 1, column 4: a value is expected"},
        {{"[,1]", 4}, "line 1, column 2: a value is expected"},
        {{"[1", 2}, "line 1, column 3: ',' or ']' is expected"},
        {{"[1}", 3}, "line 1, column 3: ',' or ']' is expected"},
        {{"{\"a\":1", 6}, "line 1, column 7: ',' or '}' is expected"},
        {{"{\"a\":1,}", 8}, "line 1, column 8: a member's name in double quotes is expected"},
        {{"{a:1}", 5}, "line 1, column 2: a member's name in double quotes is expected"},
        {{"{'a':1}", 7}, "line 1, column 2: a member's name in double quotes is expected"},
        {{"{\"a\"}", 5}, "line 1, column 5: ':' is expected"},
        {{"{\"a\":}", 6}, "line 1, column 6: a value is expected"},
        {{"{} {}", 5}, "line 1, column 4: nothing may follow the value"},
        {{"1\0", 2}, "line 1, column 2: nothing may follow the value"},
        {{"\"a", 2}, "line 1, column 3: a string without its closing quote"},
        {{"\"\\", 2}, "line 1, column 3: an unknown escape in a string"},
        {{"\"\\x\"", 4}, "line 1, column 3: an unknown escape in a string"},
        {{"\"\\u12", 5}, "line 1, column 4: \\u needs four hexadecimal digits"},
        {{"\"\\u12g4\"", 8}, "line 1, column 4: \\u needs four hexadecimal digits"},
        {{"\"\\u0000\"", 8}, "line 1, column 8: \\u0000 can't be stored in text"},
        {{"\"\\ud83d\"", 8}, "line 1, column 8: a high surrogate without a low one after it"},
        {{"\"\\ud83d\\u0041\"", 14},
         "line 1, column 14: a high surrogate without a low one after it"},
        {{"\"\\udc00\"", 8}, "line 1, column 8: a low surrogate without a high one before it"},
        {{"{\"\xC3\xA9\":1,\"\xC3\xA9\":2}", 15},
         "line 1, column 8: this name stands in the object already"},
        {{"[\"\xED\xA0\x80\"]", 7}, "line 1, column 3: not valid UTF-8"},
        {{"[1] // x", 8}, "line 1, column 5: nothing may follow the value"},
    };

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        refuse(cases[i].text, cases[i].details);
        assert_int_equal(err.kind, ERR_REQUEST);
        assert_int_equal(err.http_status, 400);
        assert_string_equal(err.code, "PGRST102");
        assert_string_equal(err.message, "Empty or invalid json");
    }
}

static void
depth_is_limited_exactly(void **state)
{
    char text[300];
    struct json *root;
    struct json_limits limits = JSON_LIMITS_DEFAULT;

    for (uint32_t depth = 1; depth <= 100; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        limits.max_depth = depth;
        assert_ok(json_parse(str_make(text, (size_t)2 * depth), limits, arena, &root, &err));
        limits.max_depth = depth - 1;
        assert_false(json_parse(str_make(text, (size_t)2 * depth), limits, arena, &root, &err));
        assert_contains(err.details, "nested too deeply");
    }
    limits.max_depth = 0;
    assert_ok(json_parse(STR("1"), limits, arena, &root, &err));
}

/* {"k0":0,"k1":1,...} */
static struct str
wide_object(size_t count, const char *last)
{
    struct buf text;
    struct str copy;

    buf_init(&text, (size_t)32 << 20);
    buf_add_char(&text, '{');
    for (size_t i = 0; i < count; i++)
        buf_printf(&text, "%s\"k%zu\":%zu", i > 0 ? "," : "", i, i);
    if (last != NULL)
        buf_printf(&text, ",\"%s\":0", last);
    buf_add_char(&text, '}');
    copy = arena_copy(arena, buf_str(&text));
    buf_fini(&text);
    return copy;
}

static void
duplicates_are_found_in_objects_of_every_size(void **state)
{
    for (size_t count = 1; count < 200; count++) {
        char name[16];

        arena_reset(arena);
        assert_int_equal(parse_str(wide_object(count, NULL))->count, count);
        snprintf(name, sizeof(name), "k%zu", count / 2);
        refuse(wide_object(count, name), NULL);
        assert_contains(err.details, "this name stands in the object already");
        refuse(wide_object(count, "k0"), NULL);
        snprintf(name, sizeof(name), "\\u006b%zu", count - 1);
        refuse(wide_object(count, name), NULL);
    }
}

static void
equal_names_in_different_objects_are_fine(void **state)
{
    parse("{\"a\":{\"a\":[{\"a\":1},{\"a\":2}]},\"b\":{\"a\":1}}");
}

static void
names_that_collide_do_not_make_it_slow(void **state)
{
    /* Same length, first, middle and last byte: the quick look can't tell them apart. */
    size_t count = 100000;
    struct buf text;
    uint64_t start;

    buf_init(&text, (size_t)32 << 20);
    buf_add_char(&text, '{');
    for (size_t i = 0; i < count; i++)
        buf_printf(&text, "%s\"a%07zuaa\":1", i > 0 ? "," : "", i);
    buf_add_char(&text, '}');
    start = clock_mono_ns();
    assert_int_equal(parse_str(buf_str(&text))->count, count);
    assert_true(clock_mono_ns() - start < 30000000000U);
    buf_fini(&text);
}

static void
duplicates_may_be_allowed_and_the_last_wins(void **state)
{
    struct json_limits limits = {.max_depth = 4, .allow_duplicate_keys = true};
    struct json *root = NULL;

    assert_ok(json_parse(STR("{\"a\":1,\"b\":2,\"a\":3}"), limits, arena, &root, &err));
    assert_int_equal(root->count, 3);
    assert_int_equal(json_get_i64(root, "a", 0), 3);
}

static void
nul_may_be_allowed(void **state)
{
    struct json_limits limits = {.max_depth = 4, .allow_nul = true};
    struct json *root = NULL;

    assert_ok(json_parse(STR("\"a\\u0000b\""), limits, arena, &root, &err));
    assert_int_equal(root->text.len, 3);
    assert_memory_equal(root->text.data, "a\0b", 3);
}

static void
getters_fall_back_when_the_type_is_another(void **state)
{
    const struct json *root = parse("{\"s\":\"x\",\"n\":12,\"f\":1.5,\"t\":true,\"z\":null}");

    assert_str(json_get_str(root, "s", STR("?")), "x");
    assert_str(json_get_str(root, "n", STR("?")), "?");
    assert_str(json_get_str(root, "none", STR("?")), "?");
    assert_int_equal(json_get_i64(root, "n", -1), 12);
    assert_int_equal(json_get_i64(root, "f", -1), -1);
    assert_int_equal(json_get_i64(root, "s", -1), -1);
    assert_true(json_get_bool(root, "t", false));
    assert_false(json_get_bool(root, "z", false));
    assert_true(json_get_bool(root, "n", true));
    assert_null(json_get(NULL, "a"));
    assert_null(json_get(root->first, "a"));
}

static void
an_exhausted_arena_is_413(void **state)
{
    struct arena *small = arena_new(1024, 16 * 1024);
    struct json *root = NULL;
    char text[200000];

    arena_set_soft(small);
    memset(text, '[', 1);
    for (size_t i = 1; i + 2 < sizeof(text); i += 2)
        memcpy(text + i, "1,", 2);
    memcpy(text + sizeof(text) - 3, "11]", 3);
    assert_false(json_parse(str_make(text, sizeof(text)), JSON_LIMITS_DEFAULT, small, &root, &err));
    assert_int_equal(err.http_status, 413);
    assert_contains(err.details, "too large");
    assert_null(root);
    /* It stopped there, and didn't go on in the reserve. */
    assert_true(arena_used(small) < 32 * 1024);
    arena_free(small);
}

#ifdef CAIRN_FAULTS
static void
memory_that_ends_at_any_point_is_an_error_and_nothing_worse(void **state)
{
    struct str text = wide_object(500, "the \\u006cast");
    struct json *root = NULL;
    unsigned nth = 1;

    for (;; nth++) {
        struct arena *own = arena_new(64, (size_t)1 << 20);
        bool ok;

        arena_set_soft(own);
        fault_arm("arena.grow", nth);
        ok = json_parse(text, JSON_LIMITS_DEFAULT, own, &root, &err);
        assert_int_equal(ok, !fault_was_hit());
        assert_int_equal(ok, root != NULL);
        arena_free(own);
        if (ok)
            break;
        assert_int_equal(err.http_status, 413);
    }
    fault_arm(NULL, 0);
    assert_true(nth > 5);
}
#endif

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_type_is_parsed_with_its_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(plain_strings_borrow_and_escaped_ones_are_decoded, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(strings_of_every_length_end_where_they_end, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(numbers_follow_the_grammar_and_nothing_else, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(refusals_say_where_and_why, set_up, tear_down),
        cmocka_unit_test_setup_teardown(depth_is_limited_exactly, set_up, tear_down),
        cmocka_unit_test_setup_teardown(duplicates_are_found_in_objects_of_every_size, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(equal_names_in_different_objects_are_fine, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(names_that_collide_do_not_make_it_slow, set_up, tear_down),
        cmocka_unit_test_setup_teardown(duplicates_may_be_allowed_and_the_last_wins, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(nul_may_be_allowed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(getters_fall_back_when_the_type_is_another, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_exhausted_arena_is_413, set_up, tear_down),
#ifdef CAIRN_FAULTS
        cmocka_unit_test_setup_teardown(memory_that_ends_at_any_point_is_an_error_and_nothing_worse,
                                        set_up, tear_down),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
