/* SPDX-License-Identifier: Apache-2.0 */
/* Rows as JSON, CSV and Location. */
#include "rest/encode_gather.h"
#include "unit.h"

#define COLUMNS_MAX 8

struct fixture {
    struct arena *arena;
    struct plan_rel root;
    struct plan_column columns[COLUMNS_MAX];
    struct plan plan;
    struct buf out;
    struct encoder encoder;
};

static void
fixture_init(struct fixture *f, enum encode_mode mode)
{
    memset(f, 0, sizeof(*f));
    f->arena = arena_new(4096, 1024 * 1024);
    f->root.columns = f->columns;
    f->plan.root = &f->root;
    buf_init(&f->out, 64 * 1024);
    f->encoder.mode = mode;
    f->encoder.out = &f->out;
}

static void
fixture_fini(struct fixture *f)
{
    buf_fini(&f->out);
    arena_free(f->arena);
}

static void
add_column(struct fixture *f, const char *key, enum type_id type)
{
    f->columns[f->root.column_count++] = (struct plan_column){
        .kind = PLAN_FIELD, .origin = &f->root, .key = str_from(key), .type = type_builtin(type)};
}

static void
prepare(struct fixture *f)
{
    f->encoder.columns = encode_prepare(&f->plan, false, f->arena);
    f->encoder.column_count = f->root.column_count;
}

static struct value
text(const char *value)
{
    return value == NULL ? (struct value){.kind = VALUE_NULL}
                         : (struct value){.kind = VALUE_TEXT, .s = str_from(value)};
}

static struct value
number(int64_t value)
{
    return (struct value){.kind = VALUE_INT, .i = value};
}

/* id integer, name text, done boolean */
static void
fixture_items(struct fixture *f, enum encode_mode mode)
{
    fixture_init(f, mode);
    add_column(f, "id", TYPE_INT4);
    add_column(f, "na\"me", TYPE_TEXT);
    add_column(f, "done", TYPE_BOOL);
    prepare(f);
}

static void
put(struct fixture *f, int64_t id, const char *name, int done)
{
    struct value cells[] = {number(id), text(name), number(done)};

    if (done < 0)
        cells[2].kind = VALUE_NULL;
    assert_true(encode_row(&f->encoder, cells, 3));
}

static void
rows_stand_in_an_array_as_json_agg_writes_it(void **state)
{
    struct fixture f;

    fixture_items(&f, ENCODE_JSON);
    put(&f, 1, "a\n\"b\"", 1);
    put(&f, 2, NULL, 0);
    put(&f, 3, "", -1);
    assert_true(encode_end(&f.encoder));
    assert_str(buf_str(&f.out), "[{\"id\":1,\"na\\\"me\":\"a\\n\\\"b\\\"\",\"done\":true}, \n "
                                "{\"id\":2,\"na\\\"me\":null,\"done\":false}, \n "
                                "{\"id\":3,\"na\\\"me\":\"\",\"done\":null}]");
    assert_int_equal(f.encoder.rows, 3);
    fixture_fini(&f);
}

static void
no_rows_are_an_empty_array_and_a_header_line(void **state)
{
    struct fixture f;

    fixture_items(&f, ENCODE_JSON);
    assert_true(encode_end(&f.encoder));
    assert_str(buf_str(&f.out), "[]");
    fixture_fini(&f);

    fixture_items(&f, ENCODE_CSV);
    assert_true(encode_end(&f.encoder));
    assert_str(buf_str(&f.out), "id,\"na\"\"me\",done");
    fixture_fini(&f);

    fixture_items(&f, ENCODE_OBJECT);
    assert_true(encode_end(&f.encoder));
    assert_str(buf_str(&f.out), "");
    fixture_fini(&f);
}

static void
of_several_rows_an_object_holds_the_first(void **state)
{
    struct fixture f;

    fixture_items(&f, ENCODE_OBJECT);
    put(&f, 1, "a", 1);
    put(&f, 2, "b", 1);
    assert_true(encode_end(&f.encoder));
    assert_str(buf_str(&f.out), "{\"id\":1,\"na\\\"me\":\"a\",\"done\":true}");
    assert_int_equal(f.encoder.rows, 2);
    fixture_fini(&f);
}

static void
stripped_nulls_leave_no_stray_comma(void **state)
{
    struct fixture f;

    fixture_init(&f, ENCODE_JSON);
    add_column(&f, "a", TYPE_TEXT);
    add_column(&f, "b", TYPE_TEXT);
    add_column(&f, "c", TYPE_TEXT);
    prepare(&f);
    f.encoder.nulls_stripped = true;
    for (unsigned i = 0; i < 8; i++) {
        struct value cells[] = {text(i & 1 ? "x" : NULL), text(i & 2 ? "y" : NULL),
                                text(i & 4 ? "z" : NULL)};

        assert_true(encode_row(&f.encoder, cells, 3));
    }
    assert_true(encode_end(&f.encoder));
    assert_str(buf_str(&f.out),
               "[{}, \n {\"a\":\"x\"}, \n {\"b\":\"y\"}, \n {\"a\":\"x\",\"b\":\"y\"}, \n "
               "{\"c\":\"z\"}, \n {\"a\":\"x\",\"c\":\"z\"}, \n {\"b\":\"y\",\"c\":\"z\"}, \n "
               "{\"a\":\"x\",\"b\":\"y\",\"c\":\"z\"}]");
    fixture_fini(&f);
}

static void
a_selection_of_nothing_is_empty_objects(void **state)
{
    struct fixture f;
    const struct value one = number(1);

    fixture_init(&f, ENCODE_JSON);
    prepare(&f);
    assert_true(encode_row(&f.encoder, &one, 1));
    assert_true(encode_row(&f.encoder, &one, 1));
    assert_true(encode_end(&f.encoder));
    assert_str(buf_str(&f.out), "[{}, \n {}]");
    fixture_fini(&f);
}

static void
csv_quotes_what_it_must(void **state)
{
    static const struct {
        const char *text, *field;
    } cases[] = {
        {NULL, ""},           {"", "\"\""},           {"plain", "plain"}, {"a b", "\"a b\""},
        {"a,b", "\"a,b\""},   {"a\"b", "\"a\"\"b\""}, {"\"", "\"\"\"\""}, {"a\nb", "\"a\nb\""},
        {"a\rb", "\"a\rb\""}, {"a\\b", "\"a\\b\""},   {"(x)", "\"(x)\""}, {"NULL", "NULL"},
    };

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        struct fixture f;
        struct value cells[2] = {text(cases[i].text), number(1)};
        char expected[64];

        fixture_init(&f, ENCODE_CSV);
        add_column(&f, "k", TYPE_TEXT);
        add_column(&f, "n", TYPE_INT4);
        prepare(&f);
        assert_true(encode_row(&f.encoder, cells, 2));
        assert_true(encode_end(&f.encoder));
        snprintf(expected, sizeof(expected), "k,n\n%s,1", cases[i].field);
        assert_str(buf_str(&f.out), expected);
        fixture_fini(&f);
    }
}

static void
csv_has_booleans_as_letters_on_both_engines(void **state)
{
    struct fixture f;
    struct value rows[][2] = {{number(1), text("t")}, {number(0), text("f")}};

    fixture_init(&f, ENCODE_CSV);
    add_column(&f, "a", TYPE_BOOL);
    add_column(&f, "b", TYPE_BOOL);
    prepare(&f);
    for (size_t i = 0; i < 2; i++)
        assert_true(encode_row(&f.encoder, rows[i], 2));
    assert_true(encode_end(&f.encoder));
    assert_str(buf_str(&f.out), "a,b\nt,t\nf,f");
    fixture_fini(&f);
}

static void
a_location_names_the_key_percent_encoded(void **state)
{
    struct fixture f;
    struct value cells[3] = {text("a b/\xC3\xA9&=%~"), number(-5), {.kind = VALUE_NULL}};

    fixture_init(&f, ENCODE_LOCATION);
    add_column(&f, "k 1", TYPE_TEXT);
    add_column(&f, "k2", TYPE_INT8);
    add_column(&f, "k3", TYPE_TEXT);
    prepare(&f);
    assert_true(encode_row(&f.encoder, cells, 3));
    assert_true(encode_row(&f.encoder, cells, 3));
    assert_true(encode_end(&f.encoder));
    assert_str(buf_str(&f.out), "?k%201=eq.a%20b%2F%C3%A9%26%3D%25~&k2=eq.-5&k3=is.null");
    fixture_fini(&f);
}

static void
embeds_stand_as_they_come(void **state)
{
    struct fixture f;
    struct plan_rel below = {.parent = &f.root};
    struct value cells[3] = {text("{\"a\":1}"), text("[1,2]"), text("{\"b\":2}")};

    fixture_init(&f, ENCODE_JSON);
    add_column(&f, "embed", TYPE_JSON);
    add_column(&f, "spread", TYPE_JSON);
    add_column(&f, "settings", TYPE_JSONB);
    f.columns[0].kind = PLAN_EMBED;
    f.columns[0].embed = &below;
    f.columns[1].origin = &below;
    prepare(&f);
    assert_true(encode_row(&f.encoder, cells, 3));
    assert_true(encode_end(&f.encoder));
    assert_str(buf_str(&f.out), "[{\"embed\":{\"a\":1},\"spread\":[1,2],\"settings\":{\"b\":2}}]");
    fixture_fini(&f);
}

/* An embed below the root with an id and a name. */
static void
add_embed(struct fixture *f, struct plan_rel *rel, struct plan_column *columns, enum plan_form form)
{
    columns[0] =
        (struct plan_column){.origin = rel, .key = STR("id"), .type = type_builtin(TYPE_INT4)};
    columns[1] =
        (struct plan_column){.origin = rel, .key = STR("name"), .type = type_builtin(TYPE_TEXT)};
    rel->parent = &f->root;
    rel->columns = columns;
    rel->column_count = 2;
    rel->form = form;
    add_column(f, "e", TYPE_JSON);
    f->columns[f->root.column_count - 1].kind = PLAN_EMBED;
    f->columns[f->root.column_count - 1].embed = rel;
}

static void
a_joined_row_is_an_object_or_null(void **state)
{
    for (uint32_t mark = 0; mark < 2; mark++) {
        struct fixture f;
        struct plan_rel rel = {.is_to_one = true, .mark = mark == 0 ? 0 : PLAN_NO_MARK};
        struct plan_column columns[2];
        struct value there[] = {text("7"), text("1"), text("t"), text("end")};
        struct value gone[] = {text(NULL), text(NULL), text(NULL), text("end")};
        struct value unnamed[] = {text("7"), text("7"), text(NULL), text("end")};
        uint32_t skip = mark == 0;

        fixture_init(&f, ENCODE_JSON);
        add_embed(&f, &rel, columns, PLAN_JOINED);
        add_column(&f, "last", TYPE_TEXT);
        prepare(&f);
        assert_true(encode_row(&f.encoder, there + skip, 4 - skip));
        assert_true(encode_row(&f.encoder, gone + skip, 4 - skip));
        assert_true(encode_row(&f.encoder, unnamed + skip, 4 - skip));
        assert_true(encode_end(&f.encoder));
        assert_str(buf_str(&f.out), "[{\"e\":{\"id\":1,\"name\":\"t\"},\"last\":\"end\"}, \n "
                                    "{\"e\":null,\"last\":\"end\"}, \n "
                                    "{\"e\":{\"id\":7,\"name\":null},\"last\":\"end\"}]");
        fixture_fini(&f);
    }
}

static void
texts_of_rows_become_what_json_agg_writes(void **state)
{
    static const struct {
        const char *text, *one, *many;
    } cases[] = {
        {NULL, "null", "null"},
        {"(1,a)", "{\"id\":1,\"name\":\"a\"}", "[{\"id\":1,\"name\":\"a\"}]"},
        {"(,)", "{\"id\":null,\"name\":null}", "[{\"id\":null,\"name\":null}]"},
        {"(1,\"\")", "{\"id\":1,\"name\":\"\"}", "[{\"id\":1,\"name\":\"\"}]"},
        {"(1,\"a,b) \"\"c\"\"\\\\\")(2,)", "{\"id\":1,\"name\":\"a,b) \\\"c\\\"\\\\\"}",
         "[{\"id\":1,\"name\":\"a,b) \\\"c\\\"\\\\\"}, \n {\"id\":2,\"name\":null}]"},
        {"(1,\"\"\"\"\"\"\"\")", "{\"id\":1,\"name\":\"\\\"\\\"\\\"\"}", NULL},
        {"", NULL, "[]"},
    };

    for (size_t i = 0; i < 2 * COUNTOF(cases); i++) {
        bool is_to_one = i % 2 == 0;
        const char *expected = is_to_one ? cases[i / 2].one : cases[i / 2].many;
        struct fixture f;
        struct plan_rel rel = {.is_to_one = is_to_one};
        struct plan_column columns[2];
        struct value cell = text(cases[i / 2].text);
        char body[128];

        if (expected == NULL)
            continue;
        fixture_init(&f, ENCODE_OBJECT);
        add_embed(&f, &rel, columns, PLAN_RECORD);
        prepare(&f);
        assert_true(encode_row(&f.encoder, &cell, 1));
        snprintf(body, sizeof(body), "{\"e\":%s}", expected);
        assert_str(buf_str(&f.out), body);
        fixture_fini(&f);
    }
}

static void
rows_that_came_before_stand_where_their_key_is(void **state)
{
    struct fixture f;
    struct plan_rel rel = {.gather = 1};
    struct plan_column columns[2];
    /* What the row is, the root's id; the key, the embed's id and name. */
    struct value rows[][5] = {
        {text("1"), text(NULL), text("7"), text("1"), text("a")},
        {text("1"), text(NULL), text("8"), text("2"), text(NULL)},
        {text("1"), text(NULL), text("7"), text("3"), text("\"")},
        {text("0"), text("7"), text("7"), text(NULL), text(NULL)},
        {text("0"), text("9"), text("9"), text(NULL), text(NULL)},
        {text("0"), text("0"), text(NULL), text(NULL), text(NULL)},
    };

    fixture_init(&f, ENCODE_JSON);
    add_embed(&f, &rel, columns, PLAN_RECORD);
    add_column(&f, "id", TYPE_INT4);
    f.root.children = &rel;
    f.plan.gather_count = 1;
    f.encoder.columns = encode_prepare(&f.plan, true, f.arena);
    f.encoder.column_count = f.root.column_count;
    f.encoder.gather = gather_new(f.encoder.columns, 2, 3, 1000, f.arena);
    for (size_t i = 0; i < COUNTOF(rows); i++)
        assert_true(encode_row(&f.encoder, rows[i], 5));
    assert_true(encode_end(&f.encoder));
    assert_str(buf_str(&f.out), "[{\"e\":[{\"id\":1,\"name\":\"a\"}, \n "
                                "{\"id\":3,\"name\":\"\\\"\"}],\"id\":7}, \n "
                                "{\"e\":[],\"id\":9}, \n {\"e\":[],\"id\":0}]");
    assert_int_equal(f.encoder.rows, 3);
    assert_true(gather_has_strays(f.encoder.gather));
    assert_true(encode_row(&f.encoder, (struct value[]){text("0"), text("8"), text("8")}, 5));
    assert_false(gather_has_strays(f.encoder.gather));
    assert_false(gather_is_full(f.encoder.gather));
    assert_false(encode_row(&f.encoder, rows[0], 5));
    assert_true(gather_is_full(f.encoder.gather));
    gather_free(f.encoder.gather);
    fixture_fini(&f);
}

static void
many_rows_are_found_by_their_keys(void **state)
{
    struct fixture f;
    struct plan_rel rel = {.gather = 1};
    struct plan_column columns[2];
    char key[16], id[16];

    fixture_init(&f, ENCODE_JSON);
    add_embed(&f, &rel, columns, PLAN_RECORD);
    f.root.children = &rel;
    f.plan.gather_count = 1;
    f.encoder.columns = encode_prepare(&f.plan, true, f.arena);
    f.encoder.column_count = f.root.column_count;
    f.encoder.gather = gather_new(f.encoder.columns, 1, 1000, 64 * 1024, f.arena);
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(key, sizeof(key), "%u", i % 500);
        snprintf(id, sizeof(id), "%u", i);
        assert_true(
            encode_row(&f.encoder, (struct value[]){text("1"), text(key), text(id), text("x")}, 4));
    }
    for (unsigned i = 0; i < 500; i++) {
        char row[96];

        buf_clear(&f.out);
        f.encoder.rows = 0;
        snprintf(key, sizeof(key), "%u", i);
        assert_true(encode_row(&f.encoder, (struct value[]){text("0"), text(key)}, 4));
        snprintf(row, sizeof(row),
                 "[{\"e\":[{\"id\":%u,\"name\":\"x\"}, \n {\"id\":%u,\"name\":\"x\"}]}", i,
                 i + 500);
        assert_str(buf_str(&f.out), row);
    }
    assert_false(gather_has_strays(f.encoder.gather));
    gather_free(f.encoder.gather);
    fixture_fini(&f);
}

static void
the_mark_of_new_rows_is_counted_and_not_shown(void **state)
{
    struct fixture f;
    struct value postgres[][2] = {{text("1"), text("t")}, {text("2"), text("f")}};
    struct value embedded[][2] = {{number(3), number(1)}, {number(4), number(0)}};

    fixture_init(&f, ENCODE_JSON);
    add_column(&f, "id", TYPE_INT4);
    prepare(&f);
    f.encoder.marks_inserted = true;
    for (size_t i = 0; i < 2; i++) {
        assert_true(encode_row(&f.encoder, postgres[i], 2));
        assert_true(encode_row(&f.encoder, embedded[i], 2));
    }
    assert_true(encode_end(&f.encoder));
    assert_str(buf_str(&f.out), "[{\"id\":1}, \n {\"id\":3}, \n {\"id\":2}, \n {\"id\":4}]");
    assert_int_equal(f.encoder.inserted, 2);
    fixture_fini(&f);
}

static void
a_restart_forgets_all_rows(void **state)
{
    struct fixture f;

    fixture_items(&f, ENCODE_JSON);
    put(&f, 1, "a", 1);
    encode_restart(&f.encoder);
    put(&f, 2, "b", 0);
    assert_true(encode_end(&f.encoder));
    assert_str(buf_str(&f.out), "[{\"id\":2,\"na\\\"me\":\"b\",\"done\":false}]");
    assert_int_equal(f.encoder.rows, 1);
    fixture_fini(&f);
}

static void
what_does_not_fit_stops_the_rows(void **state)
{
    struct fixture f;
    struct err err = {0};
    unsigned taken = 0;

    fixture_items(&f, ENCODE_JSON);
    f.out.max = 100;
    f.encoder.err = &err;
    while (taken < 1000) {
        struct value cells[] = {number(1), text("twenty-three letters..."), number(1)};

        if (!encode_row(&f.encoder, cells, 3))
            break;
        taken++;
    }
    assert_true(taken < 1000);
    assert_int_equal(err.http_status, 413);
    assert_false(encode_end(&f.encoder));
    fixture_fini(&f);
}

static void
an_answer_that_the_database_made_is_taken_as_it_is(void **state)
{
    static const struct {
        const char *total, *answer;
        bool is_bytes;
        const char *out;
        size_t out_len;
        int64_t out_total;
    } cases[] = {
        {NULL, "id\t1\n", false, "id\t1\n", 5, -1},
        {"12", NULL, false, "", 0, 12},
        {NULL, "\\x00ff41", true, "\x00\xff\x41", 3, -1},
        {NULL, "\\x", true, "", 0, -1},
        {NULL, "no bytes", true, "", 0, -1},
    };

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        struct fixture f;
        struct value cells[] = {text(cases[i].total), text("3"), text(cases[i].answer), text("2")};

        fixture_init(&f, ENCODE_HANDLED);
        f.encoder.is_bytes = cases[i].is_bytes;
        assert_true(encode_row(&f.encoder, cells, COUNTOF(cells)));
        assert_true(encode_end(&f.encoder));
        assert_true(str_eq(buf_str(&f.out), str_make(cases[i].out, cases[i].out_len)));
        assert_int_equal(f.encoder.total, cases[i].out_total);
        assert_int_equal(f.encoder.rows, 3);
        assert_int_equal(f.encoder.inserted, 2);
        fixture_fini(&f);
    }
}

static void
a_row_that_no_handler_makes_is_refused(void **state)
{
    struct fixture f;
    struct value few[] = {text(NULL), text("3")};
    struct value wrong[] = {text(NULL), text("x"), text("answer")};

    fixture_init(&f, ENCODE_HANDLED);
    assert_false(encode_row(&f.encoder, few, COUNTOF(few)));
    assert_false(encode_row(&f.encoder, wrong, COUNTOF(wrong)));
    fixture_fini(&f);
}

static void
lines_of_a_plan_follow_each_other(void **state)
{
    struct fixture f;
    struct value first = text("Limit");
    struct value second = text("  ->  Seq Scan");

    fixture_init(&f, ENCODE_LINES);
    assert_true(encode_row(&f.encoder, &first, 1));
    assert_true(encode_row(&f.encoder, &second, 1));
    assert_true(encode_end(&f.encoder));
    assert_str(buf_str(&f.out), "Limit\n  ->  Seq Scan\n");
    fixture_fini(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_stand_in_an_array_as_json_agg_writes_it),
        cmocka_unit_test(no_rows_are_an_empty_array_and_a_header_line),
        cmocka_unit_test(of_several_rows_an_object_holds_the_first),
        cmocka_unit_test(stripped_nulls_leave_no_stray_comma),
        cmocka_unit_test(a_selection_of_nothing_is_empty_objects),
        cmocka_unit_test(csv_quotes_what_it_must),
        cmocka_unit_test(csv_has_booleans_as_letters_on_both_engines),
        cmocka_unit_test(a_location_names_the_key_percent_encoded),
        cmocka_unit_test(embeds_stand_as_they_come),
        cmocka_unit_test(a_joined_row_is_an_object_or_null),
        cmocka_unit_test(texts_of_rows_become_what_json_agg_writes),
        cmocka_unit_test(rows_that_came_before_stand_where_their_key_is),
        cmocka_unit_test(many_rows_are_found_by_their_keys),
        cmocka_unit_test(the_mark_of_new_rows_is_counted_and_not_shown),
        cmocka_unit_test(a_restart_forgets_all_rows),
        cmocka_unit_test(what_does_not_fit_stops_the_rows),
        cmocka_unit_test(an_answer_that_the_database_made_is_taken_as_it_is),
        cmocka_unit_test(a_row_that_no_handler_makes_is_refused),
        cmocka_unit_test(lines_of_a_plan_follow_each_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
