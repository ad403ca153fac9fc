/* SPDX-License-Identifier: Apache-2.0 */
#include "core/json.h"
#include "core/log_line.h"
#include "unit/unit.h"

#include <math.h>
#include <time.h>

/* 2026-11-21T10:14:03.123Z */
#define WALL_US ((int64_t)1795256043123456)

static struct buf out;

static int
set_up(void **state)
{
    buf_init(&out, LOG_LINE_MAX);
    return 0;
}

static int
tear_down(void **state)
{
    buf_fini(&out);
    return 0;
}

static const char *
json_of(const struct log_field *fields, size_t count)
{
    struct log_line line = {WALL_US, LOG_INFO, "listening", fields, count};

    buf_clear(&out);
    log_line_json(&line, &out);
    return buf_cstr(&out);
}

static const char *
pretty_of(const struct log_field *fields, size_t count, bool color)
{
    struct log_line line = {WALL_US, LOG_WARN, "listening", fields, count};

    buf_clear(&out);
    log_line_pretty(&line, color, &out);
    return buf_cstr(&out);
}

#define JSON_START \
    "{\"time\":\"2026-11-21T10:14:03.123Z\",\"level\":\"info\",\"event\":\"listening\""

static void
json_has_time_level_event_and_fields(void **state)
{
    const struct log_field fields[] = {
        LOG_CSTR("address", "127.0.0.1"), LOG_I64("port", 8080),       LOG_BOOL("tls", false),
        LOG_F64("seconds", 0.1),          LOG_STR("none", STR_NULL),   LOG_STR("empty", STR("")),
        LOG_F64("nan", (double)NAN),      LOG_F64("third", 1.0 / 3.0),
    };

    assert_string_equal(json_of(NULL, 0), JSON_START "}\n");
    assert_string_equal(json_of(fields, COUNTOF(fields)), JSON_START
                        ",\"address\":\"127.0.0.1\",\"port\":8080,\"tls\":false,\"seconds\":0.1,"
                        "\"none\":null,\"empty\":\"\",\"nan\":null,\"third\":0.3333333333333333"
                        "}\n");
}

static void
dates_agree_with_the_system_for_two_centuries(void **state)
{
    for (int64_t day = 0; day < 73000; day++) {
        struct log_line line = {day * 86400000000 + 86399999999, LOG_INFO, "x", NULL, 0};
        time_t seconds = (time_t)(day * 86400 + 86399);
        char want[64];
        struct tm tm;

        gmtime_r(&seconds, &tm);
        strftime(want, sizeof(want), "{\"time\":\"%Y-%m-%dT%H:%M:%S.999Z\"", &tm);
        buf_clear(&out);
        log_line_json(&line, &out);
        assert_true(str_has_prefix(buf_str(&out), str_from(want)));
    }
}

static void
bytes_that_are_not_text_become_replacement_characters(void **state)
{
    const struct log_field field = LOG_CSTR("path", "a\xFFz\xC3\n\"\x1B[31m");

    assert_string_equal(json_of(&field, 1),
                        JSON_START ",\"path\":\"a\xEF\xBF\xBDz\xEF\xBF\xBD\\n\\\"\\u001b[31m\"}\n");
}

static void
long_values_are_cut_between_characters(void **state)
{
    char text[3 * LOG_VALUE_MAX];
    struct log_field field = LOG_STR("v", STR_NULL);

    for (size_t shift = 0; shift < 3; shift++) {
        memset(text, '.', shift);
        for (size_t i = shift; i + 3 <= sizeof(text); i += 3)
            memcpy(text + i, "\xE2\x82\xAC", 3);
        field.str = str_make(text, sizeof(text) - 3);
        json_of(&field, 1);
        assert_true(buf_ok(&out));
        assert_true(str_is_utf8(buf_str(&out)));
        assert_true(strstr(buf_cstr(&out), "\xEF\xBF\xBD") == NULL);
        assert_true(out.len < LOG_VALUE_MAX + 200);
        assert_true(out.len > LOG_VALUE_MAX);
    }
}

static void
too_many_fields_are_replaced_by_a_word(void **state)
{
    char text[LOG_VALUE_MAX];
    struct log_field fields[20];

    memset(text, 1, sizeof(text));
    for (size_t i = 0; i < COUNTOF(fields); i++)
        fields[i] = LOG_STR("v", str_make(text, sizeof(text)));
    assert_string_equal(json_of(fields, COUNTOF(fields)), JSON_START ",\"truncated\":true}\n");
    assert_contains(pretty_of(fields, COUNTOF(fields), false), "warn  listening  truncated=true\n");
}

static void
a_line_too_long_does_not_touch_the_lines_before_it(void **state)
{
    char text[LOG_VALUE_MAX];
    struct log_field fields[20];
    struct log_line line = {WALL_US, LOG_INFO, "listening", fields, COUNTOF(fields)};

    memset(text, 1, sizeof(text));
    for (size_t i = 0; i < COUNTOF(fields); i++)
        fields[i] = LOG_STR("v", str_make(text, sizeof(text)));
    for (size_t max = 1000; max <= (size_t)4 << 20; max *= 2) {
        struct buf small = {.max = max};

        BUF_ADD_LIT(&small, "before\n");
        log_line_json(&line, &small);
        assert_string_equal(buf_cstr(&small), "before\n" JSON_START ",\"truncated\":true}\n");
        buf_fini(&small);
    }
}

static void
every_json_line_is_json(void **state)
{
    char text[3];
    struct log_field field = LOG_STR("v", STR_NULL);

    for (int i = 0; i < 65536; i += 7) {
        struct arena *arena = arena_new(1024, 1 << 20);
        struct json *root = NULL;
        struct json_limits limits = {.max_depth = 2, .allow_nul = true};
        struct err err = {0};

        text[0] = (char)(i & 0xFF);
        text[1] = (char)(i >> 8);
        text[2] = 'x';
        field.str = str_make(text, 3);
        json_of(&field, 1);
        assert_ok(json_parse(buf_str(&out), limits, arena, &root, &err));
        assert_non_null(json_get(root, "v"));
        arena_free(arena);
    }
}

static void
pretty_is_for_people(void **state)
{
    const struct log_field fields[] = {LOG_CSTR("address", "127.0.0.1"), LOG_I64("port", 8080)};

    assert_string_equal(pretty_of(NULL, 0, false), "10:14:03 warn  listening\n");
    assert_string_equal(pretty_of(fields, 2, false),
                        "10:14:03 warn  listening  address=127.0.0.1 port=8080\n");
}

static void
pretty_quotes_what_would_confuse(void **state)
{
    static const char *const cases[][2] = {
        {"", "\"\""},
        {"a b", "\"a b\""},
        {"a=b", "\"a=b\""},
        {"\"", "\"\\\"\""},
        {"\n", "\"\\n\""},
        {"\x1B[2J", "\"\\u001b[2J\""},
        {"\x7F", "\"\\u007f\""},
        {"\xC2\x9B"
         "2J",
         "\"\\u009b2J\""},
        {"\xC3\xA9", "\"\xC3\xA9\""},
        {"\x9B", "\"\xEF\xBF\xBD\""},
        {"/rest/v1/x", "/rest/v1/x"},
    };

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        const struct log_field field = LOG_CSTR("v", cases[i][0]);
        char want[100];

        snprintf(want, sizeof(want), "10:14:03 warn  listening  v=%s\n", cases[i][1]);
        assert_string_equal(pretty_of(&field, 1, false), want);
    }
}

static void
color_is_there_only_when_asked_for(void **state)
{
    const struct log_field field = LOG_I64("n", 1);

    assert_null(strchr(pretty_of(&field, 1, false), '\033'));
    assert_string_equal(pretty_of(&field, 1, true),
                        "\033[2m10:14:03\033[0m \033[33mwarn\033[0m  \033[1mlistening\033[0m  "
                        "\033[2mn=\033[0m1\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(json_has_time_level_event_and_fields, set_up, tear_down),
        cmocka_unit_test_setup_teardown(dates_agree_with_the_system_for_two_centuries, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(bytes_that_are_not_text_become_replacement_characters,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(long_values_are_cut_between_characters, set_up, tear_down),
        cmocka_unit_test_setup_teardown(too_many_fields_are_replaced_by_a_word, set_up, tear_down),
        cmocka_unit_test(a_line_too_long_does_not_touch_the_lines_before_it),
        cmocka_unit_test_setup_teardown(every_json_line_is_json, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pretty_is_for_people, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pretty_quotes_what_would_confuse, set_up, tear_down),
        cmocka_unit_test_setup_teardown(color_is_there_only_when_asked_for, set_up, tear_down),
    };

    setenv("TZ", "UTC", 1);
    tzset();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
