/* SPDX-License-Identifier: Apache-2.0 */
/* Errors as bodies and statuses, and the cache of plans. */
#include "core/json.h"
#include "rest/answer.h"
#include "rest/shape.h"
#include "unit.h"

static void
a_code_stands_for_a_status(void **state)
{
    static const struct {
        enum err_kind kind;
        const char *code;
        int own, status;
    } cases[] = {
        {ERR_REQUEST, "PGRST100", 0, 400}, {ERR_REQUEST, "PGRST103", 0, 416},
        {ERR_REQUEST, "PGRST106", 0, 406}, {ERR_REQUEST, "PGRST116", 0, 406},
        {ERR_REQUEST, "PGRST201", 0, 300}, {ERR_REQUEST, "PGRST205", 0, 404},
        {ERR_REQUEST, "PGRST302", 0, 401}, {ERR_DB, "23505", 0, 409},
        {ERR_DB, "23503", 0, 409},         {ERR_DB, "23502", 0, 400},
        {ERR_DB, "23514", 0, 400},         {ERR_DB, "22P02", 0, 400},
        {ERR_DB, "22003", 0, 400},         {ERR_DB, "42703", 0, 400},
        {ERR_DB, "42P01", 0, 404},         {ERR_DB, "42883", 0, 404},
        {ERR_DB, "25006", 0, 405},         {ERR_DB, "25001", 0, 500},
        {ERR_DB, "28000", 0, 403},         {ERR_DB, "08006", 0, 503},
        {ERR_DB, "53100", 0, 503},         {ERR_DB, "53400", 0, 500},
        {ERR_DB, "57014", 0, 500},         {ERR_DB, "57P01", 0, 503},
        {ERR_DB, "P0001", 0, 400},         {ERR_DB, "P0002", 0, 500},
        {ERR_DB, "XX000", 0, 500},         {ERR_DB, "21000", 0, 500},
        {ERR_DB, "22012", 0, 400},         {ERR_DB, "99999", 0, 400},
        {ERR_UNAVAILABLE, "", 0, 503},     {ERR_INTERNAL, "", 0, 500},
        {ERR_DB, "23505", 418, 418},
    };

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        struct err err = {0};

        err_set(&err, cases[i].kind, cases[i].code, "x");
        err.http_status = cases[i].own;
        if (answer_status(&err) != cases[i].status)
            fail_msg("%s: %d", cases[i].code, answer_status(&err));
    }
}

static void
check_body(const struct err *err, const char *expected)
{
    struct buf out;

    buf_init(&out, 65536);
    answer_error_body(&out, err, false);
    assert_str(buf_str(&out), expected);
    buf_fini(&out);
}

static void
a_body_has_all_four_members(void **state)
{
    struct err err = {0};

    err_set(&err, ERR_DB, "23505", "duplicate \"key\"\n");
    check_body(&err, "{\"code\":\"23505\",\"details\":null,\"hint\":null,"
                     "\"message\":\"duplicate \\\"key\\\"\\n\"}");
    err_details(&err, "Key (a)=(%s)", "\\");
    err_hint(&err, "%s", "");
    check_body(&err, "{\"code\":\"23505\",\"details\":\"Key (a)=(\\\\)\",\"hint\":\"\","
                     "\"message\":\"duplicate \\\"key\\\"\\n\"}");
    err_details(&err, "[{\"a\":1}]");
    err.details_is_json = true;
    check_body(&err, "{\"code\":\"23505\",\"details\":[{\"a\":1}],\"hint\":\"\","
                     "\"message\":\"duplicate \\\"key\\\"\\n\"}");
}

static void
what_is_no_text_is_replaced(void **state)
{
    struct err err = {0};

    err_set(&err, ERR_REQUEST, "PGRST107", "a\xFFz\xC3 \xE2\x82");
    err_details(&err, "\xC3\xA9");
    check_body(&err, "{\"code\":\"PGRST107\",\"details\":\"\xC3\xA9\",\"hint\":null,\"message\":"
                     "\"a\xEF\xBF\xBDz\xEF\xBF\xBD \xEF\xBF\xBD\xEF\xBF\xBD\"}");
}

static struct schema *
empty_schema(void)
{
    static const char *const schemas[] = {"public"};

    return schema_new(model_new(), schemas, 1);
}

static void
a_shape_in_use_outlives_the_cache(void **state)
{
    struct schema *schema = empty_schema();
    struct shape_cache *cache = shape_cache_new(2);
    struct shape *first = shape_new(schema, STR("first"), true);
    struct shape *found = NULL;

    shape_cache_put(cache, first);
    found = shape_cache_get(cache, STR("first"));
    assert_ptr_equal(found, first);
    shape_unref(found);
    assert_null(shape_cache_get(cache, STR("second")));

    /* Others take its place while the request that uses it is in flight. */
    for (unsigned i = 0; i < 5; i++) {
        char key[16];
        struct shape *other = NULL;

        snprintf(key, sizeof(key), "other%u", i);
        other = shape_new(schema, str_from(key), true);
        shape_cache_put(cache, other);
        shape_unref(other);
    }
    assert_null(shape_cache_get(cache, STR("first")));
    assert_str(first->key, "first");
    shape_cache_free(cache);
    assert_str(first->key, "first");
    assert_ptr_equal(first->schema, schema);
    shape_unref(first);
    schema_unref(schema);
}

static void
a_shape_that_is_asked_for_again_stays(void **state)
{
    struct schema *schema = empty_schema();
    struct shape_cache *cache = shape_cache_new(4);
    struct shape *hot = shape_new(schema, STR("hot"), true);

    shape_cache_put(cache, hot);
    shape_unref(hot);
    for (unsigned i = 0; i < 100; i++) {
        char key[16];
        struct shape *other = NULL;

        snprintf(key, sizeof(key), "once%u", i);
        other = shape_new(schema, str_from(key), true);
        shape_cache_put(cache, other);
        shape_unref(other);
        hot = shape_cache_get(cache, STR("hot"));
        assert_non_null(hot);
        shape_unref(hot);
    }
    shape_cache_free(cache);
    schema_unref(schema);
}

static void
two_of_the_same_key_leave_the_latter(void **state)
{
    struct schema *schema = empty_schema();
    struct shape_cache *cache = shape_cache_new(4);
    struct shape *a = shape_new(schema, STR("same"), true);
    struct shape *b = shape_new(schema, STR("same"), true);
    struct shape *found = NULL;

    shape_cache_put(cache, a);
    shape_cache_put(cache, b);
    shape_unref(a);
    found = shape_cache_get(cache, STR("same"));
    assert_ptr_equal(found, b);
    shape_unref(found);
    shape_unref(b);
    shape_cache_clear(cache);
    assert_null(shape_cache_get(cache, STR("same")));
    shape_cache_free(cache);
    schema_unref(schema);
}

static void
statements_of_different_shapes_have_different_numbers(void **state)
{
    struct schema *schema = empty_schema();
    struct shape *a = shape_new(schema, STR("a"), true);
    struct shape *b = shape_new(schema, STR("b"), true);
    struct shape *once = shape_new(schema, STR("c"), false);
    uint64_t ids[] = {a->existing_id, a->main_id, a->shown_id, a->count_id, a->guess_id,
                      b->existing_id, b->main_id, b->shown_id, b->count_id, b->guess_id};

    for (size_t i = 0; i < COUNTOF(ids); i++) {
        assert_true(ids[i] != 0);
        for (size_t k = 0; k < i; k++)
            assert_true(ids[i] != ids[k]);
    }
    assert_int_equal(
        once->existing_id | once->main_id | once->shown_id | once->count_id | once->guess_id, 0);
    shape_unref(a);
    shape_unref(b);
    shape_unref(once);
    schema_unref(schema);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_stands_for_a_status),
        cmocka_unit_test(a_body_has_all_four_members),
        cmocka_unit_test(what_is_no_text_is_replaced),
        cmocka_unit_test(a_shape_in_use_outlives_the_cache),
        cmocka_unit_test(a_shape_that_is_asked_for_again_stays),
        cmocka_unit_test(two_of_the_same_key_leave_the_latter),
        cmocka_unit_test(statements_of_different_shapes_have_different_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
