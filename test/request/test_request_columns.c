/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A payload goes to PostgreSQL as values of its columns, or as JSON where it holds what could be
 * told apart. Each value is sent both ways: beside "how":1, which a column takes as it is, and
 * beside "how":1e0, which is left to PostgreSQL together with the rest of the body. The answers are
 * the same.
 */
#include "door.h"

static struct door door;

static const char tables_sql[] =
    "CREATE TYPE mood AS ENUM ('sad', 'it''s \"ok\"', 'happy \\o/');"
    "CREATE TABLE ways (b boolean, i2 smallint, i4 integer CHECK (i4 <> 13), i8 bigint, f4 real,"
    "  f8 double precision, n numeric, n2 numeric(6,2), t text, v varchar(5), c char(5), x bytea,"
    "  d date, tm time, ts timestamp, ts3 timestamp(3), tz timestamptz, u uuid, e mood, j json,"
    "  jb jsonb, a integer[], ta text[], how numeric, filled text DEFAULT 'of itself');"
    "CREATE TABLE kept (id integer PRIMARY KEY, v varchar(5), how numeric,"
    "  filled text DEFAULT 'of itself');";
static const char postgres_sql[] =
    "CREATE DOMAIN small AS integer CHECK (VALUE < 10);"
    "CREATE DOMAIN sad AS mood CHECK (VALUE = 'sad');"
    "CREATE TYPE pair AS (a integer, b text);"
    "ALTER TABLE ways ADD iv interval, ADD ivh interval hour, ADD tmz timetz, ADD ip inet,"
    "  ADD r int4range, ADD s small, ADD se sad, ADD p pair, ADD nm name, ADD ch \"char\","
    "  ADD bi bit(3), ADD m money, ADD tv tsvector, ADD nn numeric(3,-2), ADD v0 varchar,"
    "  ADD bp bpchar, ADD t3 time(3), ADD xm xml, ADD oi oid;";

static int
open_tables(void **state)
{
    struct buf sql;

    buf_init(&sql, 64 * 1024);
    buf_add_str(&sql, str_from(tables_sql));
    if (door_dialect() == DB_POSTGRES)
        buf_add_str(&sql, str_from(postgres_sql));
    door_open_with(&door, buf_cstr(&sql));
    buf_fini(&sql);
    return 0;
}

static int
close_tables(void **state)
{
    door_close(&door);
    return 0;
}

/* The request with each % replaced by the number. */
static void
send_with(const char *request, const char *number)
{
    struct buf text;

    buf_init(&text, 64 * 1024);
    for (; *request != '\0'; request++) {
        if (*request == '%')
            buf_add_str(&text, str_from(number));
        else
            buf_add_char(&text, *request);
    }
    door_send(&door, buf_cstr(&text));
    buf_fini(&text);
}

/* Sends it both ways, each twice, because the second time the statement is there already; and once
 * before, because that changes what is there. */
static void
expect_same(const char *request)
{
    static const char *const numbers[] = {"1", "1e0", "1", "1e0", "1"};
    struct buf first;
    int status = 0;

    buf_init(&first, 64 * 1024);
    for (size_t i = 0; i < COUNTOF(numbers); i++) {
        send_with(request, numbers[i]);
        if (i == 1) {
            status = door.status;
            buf_add_str(&first, door.body);
        } else if (i > 1 && (door.status != status || !str_eq(door.body, buf_str(&first)))) {
            fail_msg("%s\nwith %s: %d %.*s\nbut %d %.*s", request, numbers[i], door.status,
                     STR_ARG(door.body), status, STR_ARG(buf_str(&first)));
        }
    }
    buf_fini(&first);
}

struct value_case {
    const char *column, *value;
};

static void
expect_same_values(const struct value_case *cases, size_t count)
{
    static const char *const forms[] = {
        "POST /ways?select=%s,filled,how\nPrefer: return=representation\n\n{\"%s\":%s,\"how\":\x01}",
        "POST /ways?select=%s,filled,how\nPrefer: return=representation\n\n"
        "[{\"%s\":%s,\"how\":\x01},{\"how\":2,\"%s\":null},{\"%s\":%s,\"how\":3}]",
        "POST /ways?select=%s,filled,how&columns=how,filled,%s\n"
        "Prefer: return=representation, missing=default\n\n"
        "[{\"%s\":%s,\"how\":\x01},{\"how\":2,\"junk\":{},\"%s\":null}]",
    };

    for (size_t i = 0; i < count; i++) {
        const char *c = cases[i].column, *v = cases[i].value;
        struct buf text;

        buf_init(&text, 64 * 1024);
        for (size_t k = 0; k < COUNTOF(forms); k++) {
            const char *column_or_value[2][6] = {{c, c, v, c, c, v}, {c, c, c, v, c, v}};
            unsigned at = 0;

            buf_clear(&text);
            for (const char *p = forms[k]; *p != '\0'; p++) {
                if (*p == '%') {
                    buf_add_str(&text, str_from(column_or_value[k == 2][at++]));
                    p++;
                } else {
                    buf_add_char(&text, *p == '\x01' ? '%' : *p);
                }
            }
            expect_same(buf_cstr(&text));
        }
        buf_fini(&text);
    }
}

static const struct value_case plain[] = {
    {"b", "true"},
    {"b", "\"false\""},
    {"b", "\"yes\""},
    {"b", "1"},
    {"b", "\"maybe\""},
    {"b", "{}"},
    {"i2", "32767"},
    {"i2", "32768"},
    {"i4", "-2147483648"},
    {"i4", "\"007\""},
    {"i4", "-0"},
    {"i4", "1.0"},
    {"i4", "1e3"},
    {"i4", "2147483648"},
    {"i4", "13"},
    {"i4", "\" 5 \""},
    {"i4", "\"+5\""},
    {"i4", "\"\""},
    {"i4", "\"five\""},
    {"i4", "true"},
    {"i4", "[1]"},
    {"i8", "9223372036854775807"},
    {"i8", "9223372036854775808"},
    {"i8", "-9223372036854775808"},
    {"f4", "0.1"},
    {"f4", "1e38"},
    {"f4", "1e39"},
    {"f4", "\"NaN\""},
    {"f8", "0.30000000000000004"},
    {"f8", "123456789012345678901234567890.5"},
    {"f8", "1e-400"},
    {"f8", "\"Infinity\""},
    {"f8", "\"1,5\""},
    {"n", "100000000000000000000.50"},
    {"n", "-0.00"},
    {"n", "1e200"},
    {"n", "\"NaN\""},
    {"n", "\"1_000\""},
    {"n2", "9999.99"},
    {"n2", "9999.994"},
    {"n2", "9999.995"},
    {"n2", "10000"},
    {"n2", "0000000000.5"},
    {"n2", "1e4"},
    {"t", "\"\""},
    {"t", "\"null\""},
    {"t", "\"NULL\""},
    {"t", "\"a,b{}\\\"c\\\" \\\\ 'x' \\u00e9\\ud83d\\ude00\\n\\t\""},
    {"t", "1.50"},
    {"t", "1E2"},
    {"t", "false"},
    {"t", "null"},
    {"t", "{\"a\": [1,  2]}"},
    {"t", "[ ]"},
    {"v", "\"\\u00e9\\u00e9\\u00e9\\u00e9\\u00e9\""},
    {"v", "\"12345\""},
    {"v", "\"123456\""},
    {"v", "\"12345  \""},
    {"v", "true"},
    {"v", "1234567"},
    {"c", "\"ab\""},
    {"c", "\"ab   \""},
    {"c", "\"abcdef\""},
    {"x", "\"\\\\xdeadBEEF\""},
    {"x", "\"\\\\x\""},
    {"x", "\"\\\\xabc\""},
    {"x", "\"\\\\xzz\""},
    {"d", "\"2024-02-29\""},
    {"d", "\"2023-02-29\""},
    {"d", "\"2024-13-01\""},
    {"d", "\"0000-01-01\""},
    {"d", "\"2024-2-9\""},
    {"d", "\"infinity\""},
    {"d", "\"2024-02-29T10:00:00Z\""},
    {"d", "20240229"},
    {"tm", "\"10:14\""},
    {"tm", "\"23:59:59.999999\""},
    {"tm", "\"24:00:00\""},
    {"tm", "\"25:00\""},
    {"ts", "\"2024-02-29\""},
    {"ts", "\"2024-02-29 10:14:03.5\""},
    {"ts", "\"2024-02-29T10:14:03.123456+02:00\""},
    {"ts", "\"2024-02-29T10:14:60\""},
    {"ts", "\"2024-02-30T10:14:00\""},
    {"ts3", "\"2024-12-31T23:59:59.9995\""},
    {"ts3", "\"2024-12-31T23:59:59.999499\""},
    {"tz", "\"2024-02-29T10:14:03.5Z\""},
    {"tz", "\"0001-01-01T00:00:00+14\""},
    {"tz", "\"9999-12-31T23:59:59.999999-1430\""},
    {"tz", "\"2024-02-29T10:14:03+25:00\""},
    {"tz", "\"2024-02-29T10:14:03+02:\""},
    {"tz", "\"2024-02-29T10:14:03\""},
    {"tz", "\"-infinity\""},
    {"u", "\"6F1D2C1E-8A55-4D2F-9F0E-3F1B6F0A7C11\""},
    {"u", "\"6F1D2C1E8A554D2F9F0E3F1B6F0A7C11\""},
    {"u", "\"6F1D2C1E-8A55-4D2F-9F0E-3F1B6F0A7C1\""},
    {"u", "\"6F1D2C1E-8A55-4D2F-9F0E-3F1B6F0A7C1g\""},
    {"e", "\"sad\""},
    {"e", "\"it's \\\"ok\\\"\""},
    {"e", "\"happy \\\\o/\""},
    {"e", "\"angry\""},
    {"e", "1"},
    {"j", "\"a \\u0041 \\\\ \\\" \\/ \\u001f \\u007f\""},
    {"j", "{\"a\":1,  \"a\":[2e400]}"},
    {"j", "12E3"},
    {"j", "null"},
    {"j", "\"{}\""},
    {"jb", "\"a \\u0041 \\\\ \\\" \\/ \\u001f\""},
    {"jb", "{\"b\":1,  \"a\":[2e4, \"e9\", true], \"b\":1.50}"},
    {"jb", "1e5"},
    {"jb", "{\"a\":1e400000}"},
    {"jb", "123456789012345678901234567890123456789012345678901234567890"},
    {"a", "[1,2,null]"},
    {"a", "\"{1,2}\""},
    {"a", "1"},
    {"a", "null"},
    {"ta", "[\"a,b\",\"NULL\"]"},
    {"nothing", "1"},
};

static void
values_give_the_same_answer_both_ways(void **state)
{
    expect_same_values(plain, COUNTOF(plain));
}

static const struct value_case special[] = {
    {"iv", "\"1 day\""},
    {"ivh", "\"10\""},
    {"ivh", "\"1:30\""},
    {"tmz", "\"10:14+02\""},
    {"ip", "\"10.0.0.1/8\""},
    {"ip", "\"10.0.0.1/88\""},
    {"r", "\"[1,5)\""},
    {"s", "9"},
    {"s", "10"},
    {"s", "null"},
    {"se", "\"sad\""},
    {"se", "\"happy \\\\o/\""},
    {"p", "{\"a\":1,\"b\":\"x\"}"},
    {"p", "\"(1,x)\""},
    {"p", "{\"a\":\"x\"}"},
    {"nm", "\"0123456789012345678901234567890123456789012345678901234567890123456789\""},
    {"ch", "\"ab\""},
    {"bi", "\"101\""},
    {"bi", "\"1010\""},
    {"m", "\"$1,000.50\""},
    {"tv", "\"a:1 b\""},
    {"nn", "12345"},
    {"nn", "99950"},
    {"v0", "\"no bound at all\""},
    {"bp", "\"no bound  \""},
    {"t3", "\"23:59:59.9996\""},
    {"xm", "\"<a/>\""},
    {"xm", "\"<a>\""},
    {"oi", "4294967295"},
};

static void
types_that_read_values_themselves_do(void **state)
{
    if (door_dialect() == DB_POSTGRES)
        expect_same_values(special, COUNTOF(special));
}

static void
what_is_wrong_is_told_in_the_same_order(void **state)
{
    static const char *const requests[] = {
        "POST /ways\n\n{\"v\":\"123456\",\"i4\":\"x\",\"how\":%}",
        "POST /ways\n\n{\"i4\":\"x\",\"v\":\"123456\",\"how\":%}",
        "POST /ways\n\n[{\"i4\":13,\"v\":\"1\",\"how\":%},{\"i4\":1,\"v\":\"123456\",\"how\":%}]",
        "POST /ways\n\n[{\"i4\":13,\"n2\":1,\"how\":%},{\"i4\":1,\"n2\":99999,\"how\":%}]",
        "POST /ways\n\n[{\"i4\":1,\"how\":%},{\"i4\":13,\"how\":%},{\"i4\":13,\"how\":2}]",
        "POST /ways\n\n[{\"i4\":1,\"how\":%},{\"how\":%}]",
        "POST /ways?columns=i4\n\n[{\"how\":%},{\"i4\":13,\"how\":%}]",
        "POST /ways?columns=i4,how,i4\n\n[{\"how\":%},{\"i4\":13,\"how\":%}]",
    };

    for (size_t i = 0; i < COUNTOF(requests); i++)
        expect_same(requests[i]);
}

static void
updates_give_the_same_answer_both_ways(void **state)
{
    static const char *const requests[] = {
        "POST /kept\nPrefer: resolution=merge-duplicates\n\n{\"id\":1,\"v\":\"a\",\"how\":%}",
        "POST /kept\nPrefer: resolution=merge-duplicates, return=representation\n\n"
        "[{\"id\":1,\"v\":\"b\",\"how\":%},{\"id\":2,\"v\":null,\"how\":%}]",
        "POST /kept\nPrefer: resolution=ignore-duplicates, return=representation\n\n"
        "[{\"id\":1,\"v\":\"b\",\"how\":%},{\"id\":3,\"v\":null,\"how\":%},{\"id\":3,\"v\":\"\",\"how\":%}]",
        "POST /kept\nPrefer: resolution=merge-duplicates\n\n"
        "[{\"id\":4,\"v\":\"b\",\"how\":%},{\"id\":4,\"v\":null,\"how\":%}]",
        "POST /kept\n\n{\"id\":1,\"v\":\"a\",\"how\":%}",
        "PUT /kept?id=eq.5\n\n{\"id\":5,\"v\":\"a\",\"how\":%}",
        "PUT /kept?id=eq.5\nPrefer: return=representation\n\n[{\"how\":%,\"id\":5,\"v\":\"b\"},{\"id\":6}]",
        "PUT /kept?id=eq.5\n\n{\"id\":5,\"v\":\"123456\",\"how\":%}",
        "PATCH /kept?id=eq.5\nPrefer: return=representation\n\n{\"v\":\"c\",\"how\":%}",
        "PATCH /kept?id=eq.5&select=id,v\nPrefer: return=representation\n\n{\"v\":\"123456\",\"how\":%}",
        "PATCH /kept?id=eq.99\nPrefer: return=representation\n\n{\"v\":\"123456\",\"how\":%}",
        "PATCH /kept?id=in.(1,2)&how=gte.1&columns=v,how,filled\n"
        "Prefer: return=representation, missing=default\n\n{\"v\":\"c\",\"how\":%}",
        "PATCH /kept?id=in.(1,2)&columns=v,how,filled&order=id\n"
        "Prefer: return=representation\n\n{\"v\":null,\"how\":%}",
        "PATCH /kept?id=eq.1\n\n[{\"id\":2,\"how\":%}]",
        "PATCH /kept?id=eq.1\n\n{\"nothing\":2,\"how\":%}",
        "PATCH /kept?id=eq.1\nContent-Type: text/csv\nPrefer: return=representation\n\nv,how\nNULL,%",
        "POST /kept\nContent-Type: text/csv\nPrefer: return=representation, "
        "resolution=merge-duplicates\n\nid,v,how\n7,\"a\nb\",%\n8,NULL,%",
        "POST /kept\nContent-Type: application/x-www-form-urlencoded\n"
        "Prefer: return=representation, resolution=merge-duplicates\n\nid=9&v=a+b&how=%",
        "GET /kept?order=id",
    };

    for (size_t i = 0; i < COUNTOF(requests); i++)
        expect_same(requests[i]);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_give_the_same_answer_both_ways),
        cmocka_unit_test(types_that_read_values_themselves_do),
        cmocka_unit_test(what_is_wrong_is_told_in_the_same_order),
        cmocka_unit_test(updates_give_the_same_answer_both_ways),
    };
    int failed;

    if (!door_begin(argc, argv))
        return 77;
    failed = cmocka_run_group_tests(tests, open_tables, close_tables);
    door_end();
    return failed;
}
