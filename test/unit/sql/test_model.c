/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/sql/lite.h"

static const char schema[] =
    "CREATE SCHEMA auth;\n"
    "CREATE TYPE mood AS ENUM ('sad', 'ok');\n"
    "CREATE TABLE auth.users (id serial PRIMARY KEY, email varchar(40) UNIQUE, m mood,\n"
    "  n numeric(10,2) DEFAULT 1.5 CHECK (n > 0), at timestamptz(3) DEFAULT now());\n"
    "CREATE TABLE posts (a int, b int, PRIMARY KEY (a, b), u int REFERENCES auth.users\n"
    "  ON DELETE CASCADE ON UPDATE SET NULL DEFERRABLE INITIALLY DEFERRED,\n"
    "  g text GENERATED ALWAYS AS ('x' || a) STORED, i int GENERATED ALWAYS AS IDENTITY);\n"
    "CREATE INDEX ON posts (u) WHERE b > 1;\n"
    "CREATE VIEW v AS SELECT a, b + 1 AS c FROM posts;\n"
    "COMMENT ON TABLE posts IS 'it''s \"quoted\"';\n"
    "COMMENT ON COLUMN posts.a IS 'first\nline';\n";

static struct model *
make_model(void)
{
    struct lite lite;
    struct err err = {0};
    struct model *model;

    lite_open(&lite);
    assert_ok(lite_migrate(&lite, "m.sql", str_from(schema), &err));
    model = lite_copy_model(lite.model);
    lite_close(&lite);
    return model;
}

static void
tables_and_columns_are_found_by_name(void **state)
{
    struct model *model = make_model();
    const struct model_table *users = model_find_table(model, STR("auth"), STR("users"));
    const struct model_table *posts = model_find_table(model, STR("public"), STR("posts"));
    const struct model_table *view = model_find_table(model, STR("public"), STR("v"));

    (void)state;
    assert_non_null(users);
    assert_str(users->sqlite_name, "auth.users");
    assert_true(users->rowid_pk);
    assert_non_null(posts);
    assert_false(posts->rowid_pk);
    assert_null(model_find_table(model, STR("public"), STR("users")));
    assert_null(model_find_column(posts, STR("nope")));
    assert_str(model_find_column(posts, STR("a"))->comment, "first\nline");
    assert_true(model_find_column(posts, STR("g"))->is_generated);
    assert_true(model_find_column(posts, STR("i"))->is_identity_always);
    assert_str(model_find_column(users, STR("id"))->sequence, "auth.users_id_seq");
    assert_int_equal(model_primary_key(posts)->column_count, 2);
    assert_null(model_primary_key(view));
    assert_str(view->columns[0].base_table, "posts");
    assert_str(view->columns[0].base_column, "a");
    assert_int_equal(view->columns[1].base_column.len, 0);
    model_free(model);
}

static void
a_record_reads_back_to_the_same_record(void **state)
{
    struct model *model = make_model();
    struct model *read = NULL;
    struct err err = {0};
    struct buf first;
    struct buf second;

    (void)state;
    buf_init(&first, 1 << 20);
    buf_init(&second, 1 << 20);
    model_write_json(&first, model);
    model_free(model);
    assert_ok(model_read_json(buf_str(&first), &read, &err));
    model_write_json(&second, read);
    assert_true(str_eq(buf_str(&first), buf_str(&second)));
    assert_str(read->schemas[0], "auth");
    model_free(read);
    buf_fini(&first);
    buf_fini(&second);
}

/* Cut short, or with a byte changed, a record is refused or read, and never crashes. */
static void
torn_records_are_survived(void **state)
{
    static const char bytes[] = "\"{}[]:,0-9x\\\0\xFF";
    struct model *model = make_model();
    struct buf text;
    struct buf torn;

    (void)state;
    buf_init(&text, 1 << 20);
    buf_init(&torn, 1 << 20);
    model_write_json(&text, model);
    model_free(model);
    for (size_t i = 0; i < text.len; i++) {
        struct model *read = NULL;
        struct err err = {0};
        char was;

        assert_false(model_read_json(str_make(text.data, i), &read, &err));
        assert_null(read);
        buf_clear(&torn);
        buf_add_str(&torn, buf_str(&text));
        was = torn.data[i];
        torn.data[i] = bytes[i % (sizeof(bytes) - 1)];
        if (model_read_json(buf_str(&torn), &read, &err))
            model_free(read);
        torn.data[i] = was;
    }
    buf_fini(&text);
    buf_fini(&torn);
}

static void
records_that_do_not_fit_together_are_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "[]",
        "{}",
        "{\"version\":3}",
        "{\"version\":1,\"nope\":1}",
        "{\"version\":1,\"tables\":1}",
        "{\"version\":1,\"tables\":[{}]}",
        "{\"version\":1,\"tables\":[{\"schema\":\"s\",\"name\":\"t\",\"columns\":[{}]}]}",
        "{\"version\":1,\"tables\":[{\"schema\":\"s\",\"name\":\"t\",\"keys\":[{\"name\":\"k\","
        "\"kind\":\"primary\",\"columns\":[0]}]}]}",
        "{\"version\":1,\"tables\":[{\"schema\":\"s\",\"name\":\"t\",\"keys\":[{\"name\":\"k\","
        "\"kind\":\"nope\",\"columns\":[]}]}]}",
        "{\"version\":1,\"tables\":[{\"schema\":\"s\",\"name\":\"t\",\"columns\":[{\"name\":\"c\","
        "\"type\":{\"id\":\"int4\"}}],\"foreign_keys\":[{\"name\":\"f\",\"columns\":[0],"
        "\"ref_columns\":[\"a\",\"b\"]}]}]}",
        "{\"version\":1,\"tables\":[{\"schema\":\"s\",\"name\":\"t\",\"columns\":[{\"name\":\"c\","
        "\"type\":{\"id\":\"array\"}}]}]}",
        "{\"version\":1,\"tables\":[{\"schema\":\"s\",\"name\":\"t\"},{\"schema\":\"s\",\"name\":"
        "\"t\"}]}",
        "{\"version\":1,\"sequences\":[{\"schema\":\"s\",\"name\":\"q\",\"min\":1.5}]}",
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        struct model *read = NULL;
        struct err err = {0};

        if (model_read_json(str_from(rows[i]), &read, &err))
            fail_msg("accepted: %s", rows[i]);
        assert_contains(err.message, "unable to read the schema record");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_and_columns_are_found_by_name),
        cmocka_unit_test(a_record_reads_back_to_the_same_record),
        cmocka_unit_test(torn_records_are_survived),
        cmocka_unit_test(records_that_do_not_fit_together_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
