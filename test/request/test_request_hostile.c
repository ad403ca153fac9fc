/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input that wants harm: SQL in every place where text can stand, with a canary that nobody may
 * touch or see; and what is huge, deep or no text at all.
 */
#include "core/json.h"
#include "door.h"
#include "rest/encode.h"
#include "shop.h"

static struct door door;

static int
open_shop(void **state)
{
    door_open_with(&door, shop_sql);
    return 0;
}

static int
close_shop(void **state)
{
    door_close(&door);
    return 0;
}

static const char *const payloads[] = {
    "'; DROP TABLE \"hidden.canary\"; --",
    "'; DELETE FROM hidden.canary; --",
    "\"; DELETE FROM hidden.canary; --",
    "\"\"; DELETE FROM hidden.canary; --",
    "') OR 1=1; DELETE FROM \"hidden.canary\"; --",
    "\") OR 1=1; DELETE FROM \"hidden.canary\"; --",
    "1; UPDATE hidden.canary SET secret = 'x'",
    "1) UNION SELECT secret FROM hidden.canary --",
    "' UNION SELECT secret FROM \"hidden.canary\" --",
    "\" UNION SELECT secret FROM \"hidden.canary\" --",
    "\" FROM \"hidden.canary\" --",
    "'||(SELECT secret FROM hidden.canary)||'",
    "(SELECT secret FROM \"hidden.canary\")",
    "id, (SELECT secret FROM hidden.canary)",
    "canary",
    "hidden.canary",
    "hidden\".\"canary",
    "../hidden.canary",
    "sqlite_master",
    "pg_catalog.pg_authid",
    "cairn_migrations",
    "\\'; DELETE FROM hidden.canary; --",
    "\\\\\"; DELETE FROM hidden.canary; --",
    "$1",
    "?1",
    "$$; DELETE FROM hidden.canary; $$",
    "{1,2}'::int[]); DELETE FROM hidden.canary; --",
    "{\"a\":\"'; DELETE FROM hidden.canary; --\"}",
    "text); DELETE FROM hidden.canary; --",
    "text AS x FROM hidden.canary --",
    "/*",
    "*/ DELETE FROM hidden.canary /*",
    "--",
    ";",
    "'",
    "\"",
    "`",
    "\\",
    "%",
    "_",
    "*",
    "null",
    "NaN",
    "\x01\x02",
    "\xC2\xA0\xE2\x80\xA8",
    "\xF0\x9F\x92\xA9'\"",
    "a\r\nX-Injected: yes",
    "%27%3B%20DROP%20TABLE%20canary",
    "((((((((((((((((((((((((((((((((((((((((((((((((((",
    "pg_sleep(10)",
    "1 OR pg_sleep(10) IS NULL",
    "(select randomblob(1000000000))",
};

enum encoding { IN_TARGET, IN_HEADER, IN_JSON };

struct place {
    enum encoding encoding;
    const char *before, *after;
};

static const struct place places[] = {
    {IN_TARGET, "GET /", ""},
    {IN_TARGET, "GET /clients?", ""},
    {IN_TARGET, "GET /clients?", "=eq.1"},
    {IN_TARGET, "GET /clients?\"", "\"=eq.1"},
    {IN_TARGET, "GET /clients?select=", ""},
    {IN_TARGET, "GET /clients?select=id,", ""},
    {IN_TARGET, "GET /clients?select=\"", "\""},
    {IN_TARGET, "GET /clients?select=", ":id"},
    {IN_TARGET, "GET /clients?select=\"", "\":id"},
    {IN_TARGET, "GET /projects?select=id,clients(\"", "\":id)"},
    {IN_TARGET, "GET /projects?select=id,tasks(\"", "\":id)"},
    {IN_TARGET, "GET /projects?select=id,\"", "\":tasks(id)"},
    {IN_TARGET, "GET /projects?select=id,...tasks(\"", "\":id)"},
    {IN_TARGET, "GET /clients?select=id::", ""},
    {IN_TARGET, "GET /clients?select=name::", ",id"},
    {IN_TARGET, "GET /complex_items?select=settings->", ""},
    {IN_TARGET, "GET /complex_items?select=settings->>", "::text"},
    {IN_TARGET, "GET /complex_items?select=settings->\"", "\"->>x"},
    {IN_TARGET, "GET /complex_items?settings->>", "=eq.1"},
    {IN_TARGET, "GET /complex_items?settings->>\"", "\"=eq.1"},
    {IN_TARGET, "GET /complex_items?order=settings->>\"", "\".desc"},
    {IN_TARGET, "GET /projects?select=", "(id)"},
    {IN_TARGET, "GET /projects?select=\"", "\"(id)"},
    {IN_TARGET, "GET /projects?select=clients!", "(id)"},
    {IN_TARGET, "GET /projects?select=clients!\"", "\"(id)"},
    {IN_TARGET, "GET /projects?select=...", "(id)"},
    {IN_TARGET, "GET /projects?select=id,clients(id)&clients.", "=eq.1"},
    {IN_TARGET, "GET /projects?select=id,clients(id)&", ".id=eq.1"},
    {IN_TARGET, "GET /projects?select=id,clients(id)&clients.order=", ""},
    {IN_TARGET, "GET /clients?name=", ""},
    {IN_TARGET, "GET /clients?name=not.", ""},
    {IN_TARGET, "GET /clients?name=eq.", ""},
    {IN_TARGET, "GET /clients?name=neq.", "&id=eq.9"},
    {IN_TARGET, "GET /clients?name=gt.", "&id=eq.9"},
    {IN_TARGET, "GET /clients?name=like.", "&id=eq.9"},
    {IN_TARGET, "GET /clients?name=ilike.", "&id=eq.9"},
    {IN_TARGET, "GET /clients?name=match.", "&id=eq.9"},
    {IN_TARGET, "GET /clients?name=imatch.", "&id=eq.9"},
    {IN_TARGET, "GET /clients?name=in.", ""},
    {IN_TARGET, "GET /clients?name=in.(", ")"},
    {IN_TARGET, "GET /clients?name=in.(\"", "\")"},
    {IN_TARGET, "GET /clients?name=is.", ""},
    {IN_TARGET, "GET /clients?name=isdistinct.", "&id=eq.9"},
    {IN_TARGET, "GET /clients?name=eq(any).", ""},
    {IN_TARGET, "GET /clients?name=eq(any).{", "}"},
    {IN_TARGET, "GET /clients?name=fts.", ""},
    {IN_TARGET, "GET /clients?name=fts(", ").x"},
    {IN_TARGET, "GET /clients?id=eq.", ""},
    {IN_TARGET, "GET /clients?id=in.(", ")"},
    {IN_TARGET, "GET /kinds?n=eq.", ""},
    {IN_TARGET, "GET /kinds?f8=eq.", ""},
    {IN_TARGET, "GET /kinds?tz=eq.", ""},
    {IN_TARGET, "GET /kinds?u=eq.", ""},
    {IN_TARGET, "GET /kinds?by=eq.", ""},
    {IN_TARGET, "GET /kinds?jb=eq.", ""},
    {IN_TARGET, "GET /kinds?m=gt.", ""},
    {IN_TARGET, "GET /clients?or=", ""},
    {IN_TARGET, "GET /clients?or=(", ")"},
    {IN_TARGET, "GET /clients?or=(", ".eq.1)"},
    {IN_TARGET, "GET /clients?or=(name.eq.", ")"},
    {IN_TARGET, "GET /clients?and=(name.eq.\"", "\",id.eq.9)"},
    {IN_TARGET, "GET /clients?order=", ""},
    {IN_TARGET, "GET /clients?order=\"", "\""},
    {IN_TARGET, "GET /clients?order=id.", ""},
    {IN_TARGET, "GET /projects?select=id,clients(id)&order=clients(", ")"},
    {IN_TARGET, "GET /projects?select=id,clients(id)&order=", "(id)"},
    {IN_TARGET, "GET /clients?limit=", ""},
    {IN_TARGET, "GET /clients?offset=", ""},
    {IN_TARGET, "DELETE /clients?name=eq.", ""},
    {IN_TARGET, "DELETE /clients?or=(name.eq.\"", "\",id.eq.9)"},
    {IN_TARGET, "PATCH /clients?name=eq.", "\nPrefer: return=representation\n\n{\"name\":\"x\"}"},
    {IN_TARGET, "POST /notes?columns=", "\n\n{\"k\":\"a\"}"},
    {IN_TARGET, "POST /notes?columns=\"", "\"\n\n{\"k\":\"a\"}"},
    {IN_TARGET,
     "POST /notes?on_conflict=", "\nPrefer: resolution=merge-duplicates\n\n{\"k\":\"a\"}"},
    {IN_TARGET, "POST /notes?select=\"",
     "\":id\nPrefer: return=representation, resolution=merge-duplicates\n\n{\"k\":\"b\",\"id\":77}"},
    {IN_HEADER, "GET /clients\nRange: ", ""},
    {IN_HEADER, "GET /clients\nRange: 0-", ""},
    {IN_HEADER, "GET /clients\nPrefer: ", ""},
    {IN_HEADER, "GET /clients\nPrefer: count=", ""},
    {IN_HEADER, "GET /clients\nPrefer: handling=strict, ", ""},
    {IN_HEADER, "GET /clients\nPrefer: timezone=", ""},
    {IN_HEADER, "GET /clients\nAccept: ", ""},
    {IN_HEADER, "GET /clients\nAccept-Profile: ", ""},
    {IN_HEADER, "POST /notes\nContent-Profile: ", "\n\n{}"},
    {IN_HEADER, "POST /notes\nContent-Type: ", "\n\n{}"},
    {IN_HEADER, "DELETE /notes?id=eq.0\nPrefer: handling=strict, max-affected=", ""},
    {IN_JSON, "POST /notes\n\n{", ":1}"},
    {IN_JSON, "POST /notes\n\n{\"id\":", "}"},
    {IN_JSON, "POST /notes\nPrefer: resolution=ignore-duplicates\n\n{\"k\":", "}"},
    {IN_JSON, "POST /notes?on_conflict=k\nPrefer: resolution=merge-duplicates\n\n{\"k\":", "}"},
    {IN_JSON, "POST /notes?columns=settings\n\n{\"settings\":{", ":1}}"},
    {IN_JSON, "PATCH /notes?id=eq.1\nPrefer: return=representation\n\n{\"settings\":", "}"},
    {IN_JSON, "PATCH /kinds?id=eq.9\n\n{\"tz\":", "}"},
};

static void
add_payload(struct buf *out, enum encoding encoding, struct str payload)
{
    if (encoding == IN_TARGET) {
        encode_percent(out, payload);
    } else if (encoding == IN_JSON) {
        json_write_str(out, payload);
    } else {
        /* A field's value ends where its line does, and control characters are refused before. */
        for (size_t i = 0; i < payload.len; i++)
            if ((unsigned char)payload.data[i] >= ' ')
                buf_add_char(out, payload.data[i]);
    }
}

static bool
contains(struct str text, const char *part)
{
    return text.len > 0 && memmem(text.data, text.len, part, strlen(part)) != NULL;
}

static void
check_answer(const char *request)
{
    struct arena *arena = arena_new(65536, 64 << 20);
    struct json_limits limits = {.max_depth = 100, .allow_duplicate_keys = true, .allow_nul = true};
    struct json *root = NULL;
    struct err err = {0};
    bool is_json = str_has_prefix(door_header(&door, "Content-Type"), STR("application/json"));

    if (door.status >= 500)
        fail_msg("%s\n--- %d %.*s", request, door.status, STR_ARG(door.body));
    if (contains(door.body, "untouched") || contains(door.head, "X-Injected:"))
        fail_msg("%s\n--- shows %.*s\n%.*s", request, STR_ARG(door.head), STR_ARG(door.body));
    if (is_json && !json_parse(door.body, limits, arena, &root, &err))
        fail_msg("%s\n--- is no JSON: %s\n%.*s", request, err.details, STR_ARG(door.body));
    if (door.status >= 300 && json_get(root, "code") == NULL)
        fail_msg("%s\n--- is no error: %.*s", request, STR_ARG(door.body));
    arena_free(arena);
}

static void
check_canary(const char *request)
{
    if (!str_eq(door_query(&door, "SELECT group_concat(id || secret) FROM \"hidden.canary\"",
                           "SELECT string_agg(id || secret, ',') FROM hidden.canary"),
                STR("1untouched")))
        fail_msg("%s\n--- touched the canary", request);
    if (!str_eq(door_query(&door, "SELECT count(*) FROM clients WHERE name <> 'x'",
                           "SELECT count(*) FROM clients WHERE name <> 'x'"),
                STR("2")))
        fail_msg("%s\n--- changed rows that nothing chose", request);
}

static void
sql_in_every_place_stays_text(void **state)
{
    struct buf request;

    buf_init(&request, 65536);
    for (size_t i = 0; i < COUNTOF(places); i++) {
        for (size_t k = 0; k < COUNTOF(payloads); k++) {
            buf_clear(&request);
            buf_add_str(&request, str_from(places[i].before));
            add_payload(&request, places[i].encoding, str_from(payloads[k]));
            buf_add_str(&request, str_from(places[i].after));
            door_send(&door, buf_cstr(&request));
            check_answer(buf_cstr(&request));
        }
        check_canary(places[i].before);
    }
    buf_fini(&request);
}

static void
values_come_back_as_they_went_in(void **state)
{
    struct buf text;

    buf_init(&text, 65536);
    door_expect(&door, "DELETE /notes", "204\n\n");
    for (size_t k = 0; k < COUNTOF(payloads); k++) {
        struct buf body;

        buf_init(&body, 65536);
        buf_clear(&text);
        BUF_ADD_LIT(&text,
                    "POST /notes?columns=k,id,settings&select=k,settings\n"
                    "Prefer: return=representation, resolution=merge-duplicates\n\n{\"id\":500,"
                    "\"settings\":{");
        json_write_str(&text, str_from(payloads[k]));
        BUF_ADD_LIT(&text, ":1},\"k\":");
        json_write_str(&text, str_from(payloads[k]));
        BUF_ADD_LIT(&text, "}");
        door_send(&door, buf_cstr(&text));
        BUF_ADD_LIT(&body, "[{\"k\":");
        json_write_str(&body, str_from(payloads[k]));
        BUF_ADD_LIT(&body, ",\"settings\":{");
        json_write_str(&body, str_from(payloads[k]));
        BUF_ADD_LIT(&body, ": 1}}]");
        if (!str_eq(door.body, buf_str(&body)))
            fail_msg("%s\n--- %.*s\n--- is not %s", buf_cstr(&text), STR_ARG(door.body),
                     buf_cstr(&body));

        /* And finds itself, in a filter and as a key. */
        buf_clear(&text);
        BUF_ADD_LIT(&text, "GET /notes?select=id&k=eq.");
        encode_percent(&text, str_from(payloads[k]));
        door_expect(&door, buf_cstr(&text), "200\n\n[{\"id\":500}]");
        buf_fini(&body);
    }
    buf_fini(&text);
}

/* part between before and after, as often as times says. */
static void
send_repeated(const char *before, const char *part, const char *after, unsigned times)
{
    struct buf request;

    buf_init(&request, 16 << 20);
    buf_add_str(&request, str_from(before));
    for (unsigned i = 0; i < times; i++)
        buf_add_str(&request, str_from(part));
    buf_add_str(&request, str_from(after));
    door_send(&door, buf_cstr(&request));
    buf_fini(&request);
}

struct repeated {
    const char *before, *part, *after;
    unsigned times;
    int status;
};

static const struct repeated big[] = {
    {"GET /items?select=id&limit=1", "0", "", 5000, 200},
    {"GET /items?select=id&offset=9", "9", "", 5000, 200},
    {"GET /items?id=eq.1", "0", "", 5000, 400},
    {"GET /kinds?n=eq.1", "0", "", 5000, 200},
    {"GET /items?id=in.(1", ",1", ")", 9999, 200},
    {"GET /items?id=in.(1", ",1", ")", 10000, 400},
    {"GET /items?or=(id.eq.1", ",id.eq.1", ")", 998, 200},
    {"GET /items?or=(id.eq.1", ",id.eq.1", ")", 1000, 400},
    {"GET /items?id=gt.0", "&id=gt.0", "", 999, 200},
    {"GET /items?id=gt.0", "&id=gt.0", "", 1000, 400},
    {"GET /items?or=", "(and", "(id.eq.1)", 5000, 400},
    {"GET /items?or=(", "and(or(", "id.eq.1)", 5000, 400},
    {"GET /items?select=id", ",id", "", 499, 200},
    {"GET /items?select=id", ",id", "", 500, 400},
    {"GET /kinds?select=*", ",*", "", 99, 400},
    {"GET /kinds?select=*", ",*", "", 82, 200},
    {"GET /clients?select=projects(*", ",*", ")", 332, 200},
    {"GET /clients?select=projects(*", ",*", ")", 333, 400},
    {"GET /clients?select=", "projects(clients(", "id", 200, 400},
    {"GET /complex_items?select=settings", "->a", "", 32, 200},
    {"GET /complex_items?select=settings", "->a", "", 33, 400},
    {"GET /items?order=id", ",id", "", 999, 200},
    {"GET /items?order=id", ",id", "", 1000, 400},
    {"GET /items?", "a.", "b=eq.1", 5000, 400},
    {"GET /items?select=a", "a", "", 20000, 400},
    {"GET /", "a", "", 20000, 404},
    {"GET /items?", "x=eq.1&", "", 5000, 400},
    {"GET /clients?name=like.", "%25", "", 5000, 200},
    {"GET /clients?name=like.", "*_", "x", 5000, 200},
    {"POST /notes\n\n{\"settings\":", "[", "", 5000, 400},
    {"POST /entities\n\n{\"id\":9,\"name\":\"", "a", "\"}", 900000, 201},
    {"POST /notes\n\n{\"id\":1", "0", "}", 5000, 400},
    {"POST /notes\n\n{\"settings\":1", "0", "}", 5000, 201},
    {"POST /items\n\n[{\"id\":1}", ",{\"id\":1}", "]", 50000, 409},
    {"POST /notes?columns=k", ",k", "\n\n{}", 5000, 201},
    {"GET /items\nPrefer: a", ", a", "", 3000, 200},
    {"GET /items\nAccept: a/b", ", a/b", "", 3000, 406},
    {"GET /items\nRange: 0-9", "9", "", 3000, 200},
};

static void
what_is_huge_or_deep_is_bounded(void **state)
{
    for (size_t i = 0; i < COUNTOF(big); i++) {
        const struct repeated *b = &big[i];

        send_repeated(b->before, b->part, b->after, b->times);
        if (door.status != b->status)
            fail_msg("%s%s...%s: %d, not %d: %.*s", b->before, b->part, b->after, door.status,
                     b->status, STR_ARG(str_slice(door.body, 0, 500)));
    }
}

/* A spread repeats all filters of its embed for each of its columns. */
static void
requests_that_grow_by_multiplication_end_early(void **state)
{
    struct buf request;

    buf_init(&request, 1 << 20);
    BUF_ADD_LIT(&request, "GET /clients?select=...projects(id");
    for (unsigned i = 0; i < 400; i++)
        BUF_ADD_LIT(&request, ",id");
    BUF_ADD_LIT(&request, ")");
    for (unsigned i = 0; i < 500; i++)
        BUF_ADD_LIT(&request, "&projects.id=gt.1");
    BUF_ADD_LIT(&request, "&projects.order=id");
    for (unsigned i = 0; i < 400; i++)
        BUF_ADD_LIT(&request, ",id");
    door_send(&door, buf_cstr(&request));
    assert_int_equal(door.status, 413);
    buf_fini(&request);
}

static const struct door_case bodies[] = {
    {"POST /notes\n\n{\"k\":\"a\",\"k\":\"b\"}", "400\n\n{\"code\":\"PGRST102\",..."},
    {"POST /notes\n\n{\"k\":\"\\u0000\"}", "400\n\n{\"code\":\"PGRST102\",..."},
    {"POST /notes\n\n{\"settings\":{\"a\":\"\\u0000\"}}", "400\n\n{\"code\":\"PGRST102\",..."},
    {"POST /notes\n\n{\"k\":\"\\ud800\"}", "400\n\n{\"code\":\"PGRST102\",..."},
    {"POST /notes\n\n{\"k\":\"\\udc00\\ud800\"}", "400\n\n{\"code\":\"PGRST102\",..."},
    {"POST /notes\n\n{\"k\":\"\xFF\xFE\"}", "400\n\n{\"code\":\"PGRST102\",..."},
    {"POST /notes\n\n{\"k\":\"\xC0\x80\"}", "400\n\n{\"code\":\"PGRST102\",..."},
    {"POST /notes\n\n{\"k\":\"\xED\xA0\x80\"}", "400\n\n{\"code\":\"PGRST102\",..."},
    {"POST /notes\n\n\xEF\xBB\xBF{}", "400\n\n{\"code\":\"PGRST102\",..."},
    {"POST /notes\n\n{\"k\":+1}", "400\n\n{\"code\":\"PGRST102\",..."},
    {"POST /notes\n\n{\"k\":.5}", "400\n\n{\"code\":\"PGRST102\",..."},
    {"POST /notes\n\n{\"k\":1}{\"k\":2}", "400\n\n{\"code\":\"PGRST102\",..."},
    {"POST /notes\n\n{\"k\":1,}", "400\n\n{\"code\":\"PGRST102\",..."},
    {"POST /notes\n\n{k:1}", "400\n\n{\"code\":\"PGRST102\",..."},
    {"POST /notes\n\n// x\n{}", "400\n\n{\"code\":\"PGRST102\",..."},
    {"POST /notes\n\n{\"k\":\"\\uD83D\\uDCA9\"}", "201\n\n"},
    {"GET /notes?select=k&k=eq.%F0%9F%92%A9", "200\n\n[{\"k\":\"\xF0\x9F\x92\xA9\"}]"},
    {"POST /kinds\n\n{\"id\":2147483648}", "400\n\n{\"code\":\"22003\",..."},
    {"POST /kinds\n\n{\"id\":-1e400}", "400\n\n{\"code\":\"22P02\",..."},
    {"POST /kinds\n\n{\"id\":70,\"f8\":1e400}", "400\n\n{\"code\":\"22003\",..."},
    {"POST /kinds\n\n{\"id\":70,\"i8\":9223372036854775808}", "400\n\n{\"code\":\"22003\",..."},
    {"POST /kinds\n\n{\"id\":70,\"n\":1e200000}", "400\n\n{\"code\":\"22003\",..."},
    {"POST /kinds\n\n{\"id\":70,\"jb\":{\"a\":1e200000}}", "400\n\n{\"code\":\"22003\",..."},
    {"POST /kinds\n\n{\"id\":70,\"b\":2}", "400\n\n{\"code\":\"22P02\",..."},
    {"POST /kinds\n\n{\"id\":true}", "400\n\n{\"code\":\"22P02\",..."},
    {"POST /kinds\n\n{\"id\":[1]}", "400\n\n{\"code\":\"22P02\",..."},
    {"POST /kinds\n\n{\"id\":{\"a\":1}}", "400\n\n{\"code\":\"22P02\",..."},
    {"GET /kinds?id=gt.10&select=id", "200\n\n[]"},
    {"GET /clients?name=eq.%ff", "400\n\n{\"code\":\"PGRST100\",..."},
    {"GET /clients?name=eq.%00", "400\n\n{\"code\":\"PGRST100\",..."},
    {"GET /clients?%00=eq.1", "400\n\n{\"code\":\"PGRST100\",..."},
    {"GET /%ff", "404\n\n{\"code\":\"PGRST125\",..."},
    {"GET /a%2Fb", "404\n\n{\"code\":\"PGRST205\",..."},
};

static void
bodies_and_text_that_are_none_are_refused(void **state)
{
    door_expect_all(&door, bodies, COUNTOF(bodies));
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sql_in_every_place_stays_text),
        cmocka_unit_test(values_come_back_as_they_went_in),
        cmocka_unit_test(what_is_huge_or_deep_is_bounded),
        cmocka_unit_test(requests_that_grow_by_multiplication_end_early),
        cmocka_unit_test(bodies_and_text_that_are_none_are_refused),
    };
    int failed;

    if (!door_begin(argc, argv))
        return 77;
    failed = cmocka_run_group_tests(tests, open_shop, close_shop);
    door_end();
    return failed;
}
