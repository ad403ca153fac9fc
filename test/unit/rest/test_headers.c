/* SPDX-License-Identifier: Apache-2.0 */
/* Prefer, Accept and Range. */
#include "rest/api.h"
#include "unit.h"

#define ARENA_MAX (1024 * 1024)

static struct api_prefer
prefer(struct arena *arena, const char *value)
{
    struct api_prefer out;

    api_parse_prefer(str_from(value), arena, &out);
    return out;
}

static void
every_preference_is_understood(void **state)
{
    struct arena *arena = arena_new(4096, ARENA_MAX);
    struct api_prefer p = prefer(
        arena, "return=representation, resolution=merge-duplicates,count=exact ,missing=default, "
               "tx=rollback, handling=strict, max-affected=7, timezone=Europe/Paris");

    assert_int_equal(p.ret, API_RETURN_REPRESENTATION);
    assert_int_equal(p.resolution, API_RESOLUTION_MERGE);
    assert_int_equal(p.count, API_COUNT_EXACT);
    assert_true(p.missing_default);
    assert_true(p.tx_rollback);
    assert_false(p.tx_commit);
    assert_true(p.strict);
    assert_false(p.lenient);
    assert_true(p.has_max_affected);
    assert_int_equal(p.max_affected, 7);
    assert_str(p.timezone, "Europe/Paris");
    assert_null(p.invalid.data);

    p = prefer(arena, "return=minimal,resolution=ignore-duplicates,count=planned,missing=null,"
                      "tx=commit,handling=lenient");
    assert_int_equal(p.ret, API_RETURN_MINIMAL);
    assert_int_equal(p.resolution, API_RESOLUTION_IGNORE);
    assert_int_equal(p.count, API_COUNT_PLANNED);
    assert_false(p.missing_default);
    assert_true(p.tx_commit);
    assert_true(p.lenient);
    assert_null(p.invalid.data);

    assert_int_equal(prefer(arena, "return=headers-only").ret, API_RETURN_HEADERS);
    assert_int_equal(prefer(arena, "count=estimated").count, API_COUNT_ESTIMATED);
    arena_free(arena);
}

static void
of_each_kind_the_first_valid_preference_counts(void **state)
{
    struct arena *arena = arena_new(4096, ARENA_MAX);
    struct api_prefer p =
        prefer(arena, "return=minimal, return=representation, count=exact, count=nonsense");

    assert_int_equal(p.ret, API_RETURN_MINIMAL);
    assert_int_equal(p.count, API_COUNT_EXACT);
    arena_free(arena);
}

static void
unknown_preferences_are_listed_in_their_order(void **state)
{
    static const struct {
        const char *value, *invalid;
    } cases[] = {
        {"anything", "anything"},
        {"return=foo", "return=foo"},
        {"a=1, return=minimal , b", "a=1, b"},
        {"max-affected=many", "max-affected=many"},
        {"max-affected=-1", "max-affected=-1"},
        {"max-affected=99999999999999999999", "max-affected=99999999999999999999"},
        {"RETURN=minimal", "RETURN=minimal"},
        {"return=", "return="},
        {"timezone=", "timezone="},
        {",, ,", NULL},
        {"", NULL},
    };
    struct arena *arena = arena_new(4096, ARENA_MAX);

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        struct api_prefer p = prefer(arena, cases[i].value);

        if (cases[i].invalid == NULL)
            assert_null(p.invalid.data);
        else
            assert_str(p.invalid, cases[i].invalid);
    }
    arena_free(arena);
}

static void
a_list_of_blanks_and_commas_is_bounded(void **state)
{
    struct arena *arena = arena_new(4096, ARENA_MAX);
    struct buf value;
    struct api_prefer p;

    buf_init(&value, 64 * 1024);
    for (unsigned i = 0; i < 10000; i++)
        BUF_ADD_LIT(&value, "x,");
    api_parse_prefer(buf_str(&value), arena, &p);
    assert_int_equal(p.invalid.len, 10000 + 2 * 9999);
    buf_fini(&value);
    arena_free(arena);
}

struct accept_case {
    const char *value;
    enum api_media media;
    bool nulls_stripped, array_media;
};

static const struct accept_case accepted[] = {
    {"", API_MEDIA_JSON, false, false},
    {"  ", API_MEDIA_JSON, false, false},
    {"*/*", API_MEDIA_JSON, false, false},
    {"application/json", API_MEDIA_JSON, false, false},
    {"Application/JSON; charset=utf-8", API_MEDIA_JSON, false, false},
    {"text/csv", API_MEDIA_CSV, false, false},
    {"text/html, text/csv", API_MEDIA_CSV, false, false},
    {"text/csv;q=0.5, application/json;q=0.6", API_MEDIA_JSON, false, false},
    {"text/csv;q=0.501, application/json;q=0.5", API_MEDIA_CSV, false, false},
    {"text/csv;q=0, */*;q=0.1", API_MEDIA_JSON, false, false},
    {"text/csv ; q=1.0 , application/json", API_MEDIA_CSV, false, false},
    {"*/*, text/csv", API_MEDIA_CSV, false, false},
    {"application/json;q=0.9, text/csv", API_MEDIA_CSV, false, false},
    {"text/html,application/xhtml+xml,*/*;q=0.8", API_MEDIA_JSON, false, false},
    {"application/vnd.pgrst.object+json", API_MEDIA_OBJECT, false, false},
    {"application/vnd.pgrst.object", API_MEDIA_OBJECT, false, false},
    {"application/vnd.pgrst.object+json;nulls=stripped", API_MEDIA_OBJECT, true, false},
    {"application/vnd.pgrst.array+json;nulls=stripped", API_MEDIA_JSON, true, true},
    {"application/vnd.pgrst.array+json", API_MEDIA_JSON, false, false},
    {"application/vnd.pgrst.object+json;nulls=stripped;q=0.1, text/csv;q=0.2", API_MEDIA_CSV, false,
     false},
};

static void
the_best_known_media_type_wins(void **state)
{
    for (size_t i = 0; i < COUNTOF(accepted); i++) {
        struct api_request request = {0};
        struct err err = {0};

        assert_ok(api_parse_accept(str_from(accepted[i].value), NULL, &request, &err));
        if (request.media != accepted[i].media ||
            request.nulls_stripped != accepted[i].nulls_stripped ||
            request.array_media != accepted[i].array_media)
            fail_msg("%s: media %d stripped %d array %d", accepted[i].value, request.media,
                     request.nulls_stripped, request.array_media);
    }
}

/* CSV, and some others. */
static bool
offer(const void *ctx, struct str name, struct api_request *out)
{
    if (str_eq(name, STR("text/csv")))
        out->handler = 7;
    else if (str_eq(name, STR("image/png")) || str_has_prefix(name, STR("application/vnd.")))
        out->handler = 3;
    return out->handler != 0;
}

static void
what_the_database_makes_comes_before_what_is_built_in_but_for_the_vendors_types(void **state)
{
    static const struct {
        const char *value;
        enum api_media media;
        uint32_t handler;
    } cases[] = {
        {"text/csv", API_MEDIA_CUSTOM, 7},
        {"image/png, */*", API_MEDIA_CUSTOM, 3},
        {"*/*, image/png", API_MEDIA_CUSTOM, 3},
        {"image/png;q=0.4, */*;q=0.5", API_MEDIA_JSON, 0},
        {"application/vnd.pgrst.object", API_MEDIA_OBJECT, 0},
        {"application/vnd.pgrst.array+json;nulls=stripped", API_MEDIA_JSON, 0},
        {"application/vnd.twkb", API_MEDIA_CUSTOM, 3},
    };
    const struct api_offers offers = {.find = offer};

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        struct api_request request = {0};
        struct err err = {0};

        assert_ok(api_parse_accept(str_from(cases[i].value), &offers, &request, &err));
        if (request.media != cases[i].media || request.handler != cases[i].handler)
            fail_msg("%s: media %d handler %u", cases[i].value, request.media, request.handler);
    }
}

static void
a_plan_is_asked_for_by_its_own_type_with_what_it_is_of(void **state)
{
    static const struct {
        const char *value;
        enum api_media media;
        bool is_json, nulls_stripped;
        unsigned options;
    } cases[] = {
        {"application/vnd.pgrst.plan", API_MEDIA_JSON, false, false, 0},
        {"application/vnd.pgrst.plan+text", API_MEDIA_JSON, false, false, 0},
        {"application/vnd.pgrst.plan+json; for=\"text/csv\"", API_MEDIA_CSV, true, false, 0},
        {"application/vnd.pgrst.plan+json;options=analyze|verbose|settings|buffers|wal|other",
         API_MEDIA_JSON, true, false, 31},
        {"application/vnd.pgrst.plan; options=buffers; "
         "for=\"application/vnd.pgrst.object+json;nulls=stripped\"",
         API_MEDIA_OBJECT, false, true, API_EXPLAIN_BUFFERS},
    };
    const struct api_offers offers = {.plans = true};

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        struct api_request request = {0};
        struct err err = {0};

        assert_ok(api_parse_accept(str_from(cases[i].value), &offers, &request, &err));
        assert_true(request.explain.is_on);
        assert_int_equal(request.explain.is_json, cases[i].is_json);
        assert_int_equal(request.explain.options, cases[i].options);
        assert_int_equal(request.media, cases[i].media);
        assert_int_equal(request.nulls_stripped, cases[i].nulls_stripped);
        assert_false(api_parse_accept(str_from(cases[i].value), NULL, &request, &err));
    }
}

static void
a_plan_of_a_plan_or_of_nothing_known_is_refused(void **state)
{
    static const char *const cases[] = {
        "application/vnd.pgrst.plan; for=\"text/html\"",
        "application/vnd.pgrst.plan; for=\"application/vnd.pgrst.plan\"",
        "application/vnd.pgrst.plan; for=\"\"",
        "application/vnd.pgrst.plan; for=\"a, application/json",
    };
    const struct api_offers offers = {.plans = true};

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        struct api_request request = {0};
        struct err err = {0};

        assert_false(api_parse_accept(str_from(cases[i]), &offers, &request, &err));
        assert_string_equal(err.code, "PGRST107");
    }
}

static void
media_types_that_are_not_made_are_named(void **state)
{
    static const struct {
        const char *value, *message;
    } cases[] = {
        {"text/html", "None of these media types are available: text/html"},
        {"a/b,c/d;q=0.3 ,e", "None of these media types are available: a/b, c/d, e"},
        {"application/json;q=0", "None of these media types are available: application/json"},
        {"application/openapi+json",
         "None of these media types are available: application/openapi+json"},
    };

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        struct api_request request = {0};
        struct err err = {0};

        assert_false(api_parse_accept(str_from(cases[i].value), NULL, &request, &err));
        assert_int_equal(err.http_status, 406);
        assert_string_equal(err.code, "PGRST107");
        assert_string_equal(err.message, cases[i].message);
    }
}

static void
a_range_is_read_and_a_malformed_one_ignored(void **state)
{
    static const struct {
        const char *value;
        bool has;
        int64_t from, to;
    } cases[] = {
        {"0-9", true, 0, 9},
        {"5-", true, 5, -1},
        {" 5-7 ", true, 5, 7},
        {"items=2-3", true, 2, 3},
        {"9-5", true, 9, 5},
        {"0-9223372036854775807", true, 0, INT64_MAX},
        {"", false, 0, 0},
        {"5", false, 0, 0},
        {"-5", false, 0, 0},
        {"a-b", false, 0, 0},
        {"0--5", false, 0, 0},
        {"0-5-7", false, 0, 0},
        {"0-5,7-9", false, 0, 0},
        {"bytes=0-5", false, 0, 0},
        {"0-99999999999999999999", true, 0, INT64_MAX},
        {"99999999999999999999-", true, INT64_MAX, -1},
        {"+1-5", false, 0, 0},
        {"1 - 2", false, 0, 0},
    };

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        struct api_request request = {0};

        api_parse_range(str_from(cases[i].value), &request);
        if (request.has_range != cases[i].has)
            fail_msg("'%s': %d", cases[i].value, request.has_range);
        assert_int_equal(request.range_from, cases[i].from);
        assert_int_equal(request.range_to, cases[i].to);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_preference_is_understood),
        cmocka_unit_test(of_each_kind_the_first_valid_preference_counts),
        cmocka_unit_test(unknown_preferences_are_listed_in_their_order),
        cmocka_unit_test(a_list_of_blanks_and_commas_is_bounded),
        cmocka_unit_test(the_best_known_media_type_wins),
        cmocka_unit_test(
            what_the_database_makes_comes_before_what_is_built_in_but_for_the_vendors_types),
        cmocka_unit_test(a_plan_is_asked_for_by_its_own_type_with_what_it_is_of),
        cmocka_unit_test(a_plan_of_a_plan_or_of_nothing_known_is_refused),
        cmocka_unit_test(media_types_that_are_not_made_are_named),
        cmocka_unit_test(a_range_is_read_and_a_malformed_one_ignored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
