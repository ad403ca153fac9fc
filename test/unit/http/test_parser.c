/* SPDX-License-Identifier: Apache-2.0 */
#include "http/chars.h"
#include "support/http_run.h"
#include "unit/http/cases.h"
#include "unit/unit.h"

#define SPLITS_ALL 2048 /* longer cases are split at some places only */

/* Runs input in two pieces, cut at cut. */
static void
run_split(struct str input, size_t cut, struct buf *log, struct buf *statuses)
{
    struct http_limits limits = HTTP_RUN_LIMITS;
    struct http_run run;

    buf_clear(log);
    buf_clear(statuses);
    http_run_init(&run, &limits, log, statuses);
    http_run_feed(&run, str_slice(input, 0, cut));
    http_run_feed(&run, str_slice(input, cut, input.len));
    http_run_fini(&run);
    if (statuses->len == 0)
        buf_add_char(statuses, '-');
}

/* Runs input byte by byte, or in longer equal pieces. */
static void
run_pieces(struct str input, size_t size, struct buf *log, struct buf *statuses)
{
    struct http_limits limits = HTTP_RUN_LIMITS;
    struct http_run run;

    buf_clear(log);
    buf_clear(statuses);
    http_run_init(&run, &limits, log, statuses);
    for (size_t at = 0; at < input.len; at += size)
        http_run_feed(&run, str_slice(input, at, at + size));
    http_run_fini(&run);
    if (statuses->len == 0)
        buf_add_char(statuses, '-');
}

static void
check_verdict(const char *name, const char *verdict, struct str input)
{
    struct buf log;
    struct buf statuses;

    buf_init(&log, 1 << 24);
    buf_init(&statuses, 4096);
    run_split(input, input.len, &log, &statuses);
    if (!str_eq(buf_str(&statuses), str_from(verdict)))
        fail_msg("%s: %.*s, not %s: %s", name, STR_ARG(buf_str(&statuses)), verdict,
                 buf_cstr(&log));
    buf_fini(&log);
    buf_fini(&statuses);
}

static void
every_case_has_its_verdict(void **state)
{
    assert_true(for_each_case(check_verdict) >= 300);
}

static void
check_splits(const char *name, const char *verdict, struct str input)
{
    size_t step = input.len > SPLITS_ALL ? input.len / 61 : 1;
    struct buf whole, log, statuses;

    buf_init(&whole, 1 << 24);
    buf_init(&log, 1 << 24);
    buf_init(&statuses, 4096);
    run_split(input, input.len, &whole, &statuses);
    for (size_t cut = 0; cut < input.len; cut += step) {
        run_split(input, cut, &log, &statuses);
        if (!str_eq(buf_str(&log), buf_str(&whole)))
            fail_msg("%s cut at %zu: %s, whole: %s", name, cut, buf_cstr(&log), buf_cstr(&whole));
    }
    for (size_t size = input.len > SPLITS_ALL ? 97 : 1; size < 20 || size == 97; size++) {
        run_pieces(input, size, &log, &statuses);
        if (!str_eq(buf_str(&log), buf_str(&whole)))
            fail_msg("%s in pieces of %zu: %s, whole: %s", name, size, buf_cstr(&log),
                     buf_cstr(&whole));
    }
    buf_fini(&whole);
    buf_fini(&log);
    buf_fini(&statuses);
}

static void
every_split_of_every_case_gives_the_same(void **state)
{
    for_each_case(check_splits);
}

static struct http_parser parser;
static struct arena *arena;
static char text[64 << 10];

/* Parses a whole head that is good. */
static void
parse(const char *head)
{
    static struct http_limits limits;

    limits = HTTP_RUN_LIMITS;
    arena_reset(arena);
    http_parser_init(&parser, &limits, arena);
    memcpy(text, head, strlen(head));
    assert_int_equal(http_parser_execute(&parser, text, strlen(head)), HTTP_PARSE_DONE);
    assert_int_equal(parser.pos, strlen(head));
}

static struct str
part(uint32_t at, uint32_t len)
{
    return str_make(text + at, len);
}

static void
the_parts_of_a_target_are_found(void **state)
{
    parse("\r\nPOST /a/b?c=d?e HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_str(part(parser.begin, parser.method_len), "POST");
    assert_str(part(parser.target, parser.target_len), "/a/b?c=d?e");
    assert_str(part(parser.path, parser.path_len), "/a/b");
    assert_true(parser.has_query);
    assert_str(part(parser.query, parser.query_len), "c=d?e");

    parse("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_false(parser.has_query);
    parse("GET /a? HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_true(parser.has_query);
    assert_int_equal(parser.query_len, 0);
}

static void
the_parts_of_an_absolute_target_are_found(void **state)
{
    parse("GET http://a.b:80/c?d HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_true(parser.is_absolute);
    assert_str(part(parser.host, parser.host_len), "a.b:80");
    assert_str(part(parser.path, parser.path_len), "/c");
    assert_str(part(parser.query, parser.query_len), "d");

    parse("GET http://a.b HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_str(part(parser.path, parser.path_len), "/");
    assert_false(parser.has_query);
    parse("GET http://a.b?x=/ HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_str(part(parser.path, parser.path_len), "/");
    assert_str(part(parser.query, parser.query_len), "x=/");
}

static void
fields_are_found_with_lower_case_names_and_trimmed_values(void **state)
{
    parse("GET / HTTP/1.1\r\nHost:h\r\nX-Thing: \t a  b \t\r\nAcCePt:\r\n\r\n");
    assert_int_equal(parser.field_count, 3);
    assert_str(part(parser.fields[1].name, parser.fields[1].name_len), "x-thing");
    assert_str(part(parser.fields[1].value, parser.fields[1].value_len), "a  b");
    assert_int_equal(parser.fields[1].id, HTTP_N_NONE);
    assert_str(part(parser.fields[2].name, parser.fields[2].name_len), "accept");
    assert_int_equal(parser.fields[2].value_len, 0);
    assert_int_equal(parser.fields[2].id, HTTP_H_ACCEPT);
}

static void
keep_alive_follows_version_and_connection(void **state)
{
    parse("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_true(parser.keep_alive);
    parse("GET / HTTP/1.1\r\nHost: h\r\nConnection: foo, CLOSE\r\n\r\n");
    assert_false(parser.keep_alive);
    parse("GET / HTTP/1.0\r\n\r\n");
    assert_false(parser.keep_alive);
    parse("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
    assert_true(parser.keep_alive);
    parse("GET / HTTP/1.0\r\nConnection: Keep-Alive, close\r\n\r\n");
    assert_false(parser.keep_alive);
}

static void
more_fields_than_stand_inline_are_kept(void **state)
{
    char head[4096] = "GET / HTTP/1.1\r\nHost: h\r\n";

    for (int i = 0; i < 90; i++)
        snprintf(head + strlen(head), 64, "X-%d: %d\r\n", i, i);
    snprintf(head + strlen(head), 64, "\r\n");
    parse(head);
    assert_int_equal(parser.field_count, 91);
    assert_str(part(parser.fields[90].value, parser.fields[90].value_len), "89");
    assert_str(part(parser.fields[0].name, parser.fields[0].name_len), "host");
}

/* The classes, from the grammars themselves. */
static void
every_byte_has_its_class(void **state)
{
    static const char alnum[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    for (int i = 0; i < 256; i++) {
        char c = (char)i;
        bool word = i != 0 && strchr(alnum, c) != NULL;
        bool unreserved = word || (i != 0 && strchr("-._~", c) != NULL);
        bool sub_delim = i != 0 && strchr("!$&'()*+,;=", c) != NULL;
        bool token = word || (i != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
        bool visible = i > 0x20 && i < 0x7f;
        bool value = visible || i == ' ' || i == '\t' || i >= 0x80;

        assert_int_equal(char_is(c, CHAR_TOKEN), token);
        assert_int_equal(char_is(c, CHAR_HOST), unreserved || sub_delim);
        assert_int_equal(char_is(c, CHAR_PATH),
                         unreserved || sub_delim || c == ':' || c == '@' || c == '/');
        assert_int_equal(char_is(c, CHAR_QUERY), visible && c != '#' && c != '%');
        assert_int_equal(char_is(c, CHAR_VALUE), value);
        assert_int_equal(char_is(c, CHAR_QUOTED), value && c != '"' && c != '\\');
        assert_int_equal(char_is(c, CHAR_DIGIT), c >= '0' && c <= '9');
        assert_int_equal(char_is(c, CHAR_HEX),
                         i != 0 && strchr("0123456789abcdefABCDEF", c) != NULL);
        assert_int_equal(char_hex(c) >= 0, char_is(c, CHAR_HEX));
        assert_int_equal(http_char_lower[i] != 0, token);
        if (token)
            assert_int_equal(http_char_lower[i], c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
}

/* The fast scans look at 16 bytes at a time: a bad byte must be seen at each place. */
static void
a_bad_byte_is_seen_at_every_place_of_a_value(void **state)
{
    char value[70];

    for (size_t len = 1; len <= sizeof(value); len++) {
        for (size_t at = 0; at < len; at++) {
            memset(value, 'a', sizeof(value));
            assert_true(http_value_is_valid(str_make(value, len)));
            value[at] = '\x1f';
            assert_false(http_value_is_valid(str_make(value, len)));
            value[at] = '\x7f';
            assert_false(http_value_is_valid(str_make(value, len)));
            value[at] = (char)0xff;
            assert_true(http_value_is_valid(str_make(value, len)));
        }
    }
}

static int
set_up(void **state)
{
    arena = arena_new(1024, 1 << 20);
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
        cmocka_unit_test(every_case_has_its_verdict),
        cmocka_unit_test(every_split_of_every_case_gives_the_same),
        cmocka_unit_test(the_parts_of_a_target_are_found),
        cmocka_unit_test(the_parts_of_an_absolute_target_are_found),
        cmocka_unit_test(fields_are_found_with_lower_case_names_and_trimmed_values),
        cmocka_unit_test(keep_alive_follows_version_and_connection),
        cmocka_unit_test(more_fields_than_stand_inline_are_kept),
        cmocka_unit_test(every_byte_has_its_class),
        cmocka_unit_test(a_bad_byte_is_seen_at_every_place_of_a_value),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
