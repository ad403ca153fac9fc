/* SPDX-License-Identifier: Apache-2.0 */
#include "core/clock.h"
#include "db/postgres/viewtree.h"
#include "pg_fixture.h"
#include "unit/unit.h"

static struct model *model;
static struct err err;

static const char ddl[] =
    "DROP SCHEMA IF EXISTS priv CASCADE; CREATE SCHEMA priv;"
    "DROP SCHEMA public CASCADE; CREATE SCHEMA public;"
    "CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');"
    "CREATE DOMAIN short AS varchar(5) NOT NULL DEFAULT 'x' CHECK (VALUE <> '');"
    "CREATE DOMAIN shorter AS short;"
    "CREATE TABLE parent (id serial PRIMARY KEY, gone int, code char(3) UNIQUE, UNIQUE (code, id));"
    "ALTER TABLE parent DROP COLUMN gone;"
    "COMMENT ON TABLE parent IS 'Parents.'; COMMENT ON COLUMN parent.code IS 'Three letters.';"
    "CREATE TABLE child ("
    "  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
    "  parent_id int REFERENCES parent ON DELETE CASCADE ON UPDATE SET NULL"
    "    DEFERRABLE INITIALLY DEFERRED,"
    "  price numeric(10, 2) DEFAULT 1.5 CHECK (price > 0),"
    "  doubled numeric GENERATED ALWAYS AS (price * 2) STORED,"
    "  mood mood NOT NULL, moods mood[], label shorter, names text[],"
    "  at timestamptz(3), whole numeric(5, -2), box box, \"odd \"\"name\" real,"
    "  CONSTRAINT odd CHECK (id > 0 OR price IS NULL));"
    "CREATE INDEX child_price ON child (price) WHERE price > 5;"
    "CREATE UNIQUE INDEX child_mood ON child (mood, id);"
    "CREATE TABLE part (a int, b int, PRIMARY KEY (b, a)) PARTITION BY RANGE (a);"
    "CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (10);"
    "CREATE TABLE priv.secret (id int PRIMARY KEY, parent_id int REFERENCES public.parent);"
    "CREATE TABLE priv.other (id int);"
    "CREATE VIEW plain AS SELECT id AS child_id, parent_id, mood, price + 1 AS more FROM child;"
    "CREATE VIEW over AS SELECT child_id, upper(mood::text) AS m FROM plain ORDER BY more;"
    "CREATE VIEW secrets AS SELECT s.id, p.code, 1 AS one FROM priv.secret s"
    "  LEFT JOIN parent p ON p.id = s.parent_id WHERE s.id NOT IN (SELECT id FROM child);"
    "CREATE VIEW both_ways AS SELECT id FROM parent UNION SELECT id FROM child;"
    "CREATE MATERIALIZED VIEW mat AS SELECT code FROM parent;"
    "CREATE TYPE point3 AS (x int, label short);"
    "CREATE FUNCTION over(a int, b text DEFAULT 'x') RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1';"
    "CREATE FUNCTION over() RETURNS text[] STABLE LANGUAGE sql AS $$SELECT '{}'::text[]$$;"
    "COMMENT ON FUNCTION over() IS 'Nothing.';"
    "CREATE FUNCTION parents() RETURNS SETOF parent LANGUAGE sql AS 'SELECT * FROM parent';"
    "CREATE FUNCTION places(VARIADIC c char(3)[]) RETURNS point3 LANGUAGE sql AS 'SELECT 1, ''x''';"
    "CREATE FUNCTION hidden() RETURNS priv.other LANGUAGE sql AS 'SELECT 1';"
    "CREATE FUNCTION two(IN x int, INOUT y text, OUT z numeric) LANGUAGE sql AS 'SELECT y, 1.0';"
    "CREATE FUNCTION tabled() RETURNS TABLE (one int, two mood) LANGUAGE sql AS 'SELECT 1, ''ok''::mood';"
    "CREATE FUNCTION nothing(json) RETURNS void LANGUAGE sql AS '';"
    "CREATE FUNCTION records() RETURNS SETOF record LANGUAGE sql AS 'SELECT 1, 2';"
    "CREATE FUNCTION \"trigger\"() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
    "CREATE FUNCTION anything(x anyelement) RETURNS int LANGUAGE sql AS 'SELECT 1';"
    "CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int);"
    "CREATE FUNCTION priv.unseen() RETURNS int LANGUAGE sql AS 'SELECT 1';";

static bool
load_schema(const char *text)
{
    static const char *const schemas[] = {"public"};
    struct db *db = NULL;
    bool ok;

    pg_cluster_exec(&cluster, text);
    ok = db_open(&(struct db_options){.url = cluster.url,
                                      .schemas = schemas,
                                      .schema_count = 1,
                                      .connect_timeout_ms = 5000},
                 &db, &err) &&
         db_introspect(db, &model, &err);
    db_close(db);
    return ok;
}

static int
load(void **state)
{
    (void)state;
    if (load_schema(ddl))
        return 0;
    fprintf(stderr, "%s\n", err.message);
    return 1;
}

static int
unload(void **state)
{
    model_free(model);
    return 0;
}

static struct model_table *
table(const char *name)
{
    struct model_table *found = model_find_table(model, STR("public"), str_from(name));

    assert_non_null(found);
    return found;
}

static struct model_column *
column(const char *table_name, const char *name)
{
    struct model_column *found = model_find_column(table(table_name), str_from(name));

    assert_non_null(found);
    return found;
}

static void
tables_and_views_of_exposed_schemas_are_there_in_order(void **state)
{
    static const char *const names[] = {"priv.secret", "public.both_ways", "public.child",
                                        "public.mat",  "public.over",      "public.parent",
                                        "public.part", "public.plain",     "public.secrets"};

    assert_int_equal(model->table_count, COUNTOF(names));
    for (size_t i = 0; i < COUNTOF(names); i++) {
        char name[64];

        snprintf(name, sizeof(name), "%.*s.%.*s", STR_ARG(model->tables[i].schema),
                 STR_ARG(model->tables[i].name));
        assert_string_equal(name, names[i]);
    }
}

static void
columns_have_their_types(void **state)
{
    static const struct {
        const char *name;
        enum type_id id;
        int32_t length, precision, scale;
        const char *full_name;
    } types[] = {
        {"id", TYPE_INT8, -1, -1, -1, "bigint"},
        {"price", TYPE_NUMERIC, -1, 10, 2, "numeric(10,2)"},
        {"doubled", TYPE_NUMERIC, -1, -1, -1, "numeric"},
        {"mood", TYPE_ENUM, -1, -1, -1, "mood"},
        {"moods", TYPE_ARRAY, -1, -1, -1, "mood[]"},
        {"label", TYPE_VARCHAR, 5, -1, -1, "shorter"},
        {"names", TYPE_ARRAY, -1, -1, -1, "text[]"},
        {"at", TYPE_TIMESTAMPTZ, 3, -1, -1, "timestamp(3) with time zone"},
        {"whole", TYPE_NUMERIC, -1, 5, -2, "numeric(5,-2)"},
        {"box", TYPE_OTHER, -1, -1, -1, "box"},
        {"odd \"name", TYPE_FLOAT4, -1, -1, -1, "real"},
    };

    assert_int_equal(table("child")->column_count, COUNTOF(types) + 1);
    for (size_t i = 0; i < COUNTOF(types); i++) {
        const struct type *type = &column("child", types[i].name)->type;

        assert_int_equal(type->id, types[i].id);
        assert_int_equal(type->length, types[i].length);
        assert_int_equal(type->precision, types[i].precision);
        assert_int_equal(type->scale, types[i].scale);
        assert_str(type->name, types[i].full_name);
    }
    assert_int_equal(column("child", "mood")->type.label_count, 3);
    assert_str(column("child", "mood")->type.labels[2], "happy");
    assert_int_equal(column("child", "moods")->type.elem->id, TYPE_ENUM);
    assert_int_equal(column("child", "names")->type.elem->id, TYPE_TEXT);
    assert_int_equal(column("parent", "code")->type.id, TYPE_BPCHAR);
    assert_int_equal(column("parent", "code")->type.length, 3);
    assert_int_equal(model->enum_count, 1);
    assert_str(model->enums[0].name, "mood");
}

static void
columns_say_what_they_need(void **state)
{
    assert_true(column("child", "id")->is_identity_always);
    assert_true(column("child", "id")->has_default);
    assert_true(column("child", "doubled")->is_generated);
    assert_str(column("child", "doubled")->default_sql, "(price * (2)::numeric)");
    assert_str(column("child", "price")->default_sql, "1.5");
    assert_false(column("child", "price")->not_null);
    assert_true(column("child", "mood")->not_null);
    assert_false(column("child", "mood")->has_default);
    assert_true(column("parent", "id")->has_default);
    assert_str(column("parent", "id")->sequence, "parent_id_seq");
    assert_str(column("parent", "code")->comment, "Three letters.");
    assert_str(table("parent")->comment, "Parents.");
    assert_int_equal(model->sequence_count, 2);
    assert_str(model->sequences[0].name, "child_id_seq");
    assert_str(model->sequences[0].owned_column, "id");
}

static void
keys_begin_with_the_primary_one_and_skip_dropped_columns(void **state)
{
    const struct model_table *parent = table("parent"), *part = table("part");

    assert_int_equal(parent->column_count, 2);
    assert_int_equal(parent->key_count, 3);
    assert_int_equal(parent->keys[0].kind, MODEL_PRIMARY);
    assert_str(parent->keys[0].name, "parent_pkey");
    assert_int_equal(parent->keys[0].columns[0], 0);
    assert_str(parent->keys[1].name, "parent_code_id_key");
    assert_int_equal(parent->keys[1].column_count, 2);
    assert_int_equal(parent->keys[1].columns[0], 1);
    assert_int_equal(parent->keys[2].columns[0], 1);
    assert_int_equal(part->keys[0].columns[0], 1);
    assert_int_equal(part->keys[0].columns[1], 0);
}

static void
foreign_keys_checks_and_indexes_are_there(void **state)
{
    const struct model_table *child = table("child");
    const struct model_foreign_key *key = &child->foreign_keys[0];

    assert_int_equal(child->foreign_key_count, 1);
    assert_str(key->name, "child_parent_id_fkey");
    assert_str(key->ref_table, "parent");
    assert_str(key->ref_columns[0], "id");
    assert_int_equal(key->columns[0], 1);
    assert_int_equal(key->on_delete, MODEL_CASCADE);
    assert_int_equal(key->on_update, MODEL_SET_NULL);
    assert_true(key->deferrable);
    assert_true(key->initially_deferred);
    assert_int_equal(child->check_count, 2);
    assert_str(child->checks[0].name, "child_price_check");
    assert_str(child->checks[0].sql, "(price > (0)::numeric)");
    assert_int_equal(child->index_count, 2);
    assert_str(child->indexes[0].name, "child_mood");
    assert_true(child->indexes[0].unique);
    assert_contains(child->indexes[1].sql.data, "WHERE (price > (5)::numeric)");
}

static void
view_columns_know_their_base_columns(void **state)
{
    assert_str(column("plain", "child_id")->base_table, "child");
    assert_str(column("plain", "child_id")->base_column, "id");
    assert_str(column("plain", "parent_id")->base_column, "parent_id");
    assert_str(column("plain", "more")->base_table, "");
    assert_str(column("over", "child_id")->base_table, "plain");
    assert_str(column("over", "m")->base_table, "");
    assert_str(column("secrets", "id")->base_schema, "priv");
    assert_str(column("secrets", "id")->base_table, "secret");
    assert_str(column("secrets", "code")->base_table, "parent");
    assert_str(column("secrets", "one")->base_table, "");
    assert_str(column("both_ways", "id")->base_table, "");
    assert_str(column("mat", "code")->base_table, "parent");
}

static void
tables_and_views_say_how_they_can_be_written(void **state)
{
    assert_true(table("child")->insertable && table("child")->updatable &&
                table("child")->deletable && !table("child")->is_view);
    assert_true(table("part")->insertable);
    assert_true(table("plain")->is_view && table("plain")->insertable &&
                table("plain")->updatable && table("plain")->deletable);
    assert_false(table("secrets")->insertable || table("both_ways")->updatable);
    assert_true(table("mat")->is_view);
    assert_false(table("mat")->insertable || table("mat")->deletable);
}

static void
thousands_of_tables_take_less_than_seconds(void **state)
{
    static const char *const schemas[] = {"big"};
    struct db *db = NULL;
    struct model *big = NULL;
    uint64_t begin;

    pg_cluster_exec(&cluster, "CREATE SCHEMA big; CREATE TABLE big.t0 (id int PRIMARY KEY)");
    for (unsigned from = 1; from < 2000; from += 200) {
        char sql[600];

        /* More in one transaction would take more locks than there are. */
        snprintf(sql, sizeof(sql),
                 "SET search_path = big; DO $$ BEGIN FOR i IN %u..%u LOOP"
                 " EXECUTE format('CREATE TABLE t%%s (id int PRIMARY KEY, a text, b numeric,"
                 " c timestamptz, p int REFERENCES t%%s)', i, i - 1);"
                 " IF i %% 4 = 0 THEN EXECUTE format('CREATE VIEW v%%s AS SELECT * FROM t%%s',"
                 " i, i); END IF; END LOOP; END $$",
                 from, from + 199);
        pg_cluster_exec(&cluster, sql);
    }
    assert_ok(db_open(
        &(struct db_options){
            .url = cluster.url, .schemas = schemas, .schema_count = 1, .connect_timeout_ms = 5000},
        &db, &err));
    begin = clock_mono_ns();
    assert_ok(db_introspect(db, &big, &err));
    assert_in_range((clock_mono_ns() - begin) / 1000000, 0, 60000);
    assert_int_equal(big->table_count, 2501);
    model_free(big);
    db_close(db);
}

/* name(argument type=default...) > columns */
static void
functions_say_what_they_take_and_give(void **state)
{
    static const char *const expected[] = {
        "hidden() v > id integer",
        "nothing( json) v void",
        "over() s = pgrst_scalar text[]",
        "over(a integer, b text?) i = pgrst_scalar integer",
        "parents() v set parent > id integer, code character(3)",
        "places(c bpchar[]...) v > x integer, label short",
        "records() v set record",
        "tabled() v set > one integer, two mood",
        "two(x integer, y text) v > y text, z numeric",
    };
    char text[512];

    assert_int_equal(model->function_count, COUNTOF(expected));
    for (size_t i = 0; i < COUNTOF(expected); i++) {
        const struct model_function *f = &model->functions[i];
        struct buf out;

        buf_init(&out, sizeof(text));
        buf_printf(&out, "%.*s(", STR_ARG(f->name));
        for (uint32_t k = 0; k < f->argument_count; k++)
            buf_printf(&out, "%s%.*s %.*s%s%s", k > 0 ? ", " : "", STR_ARG(f->arguments[k].name),
                       STR_ARG(f->arguments[k].type.name), f->arguments[k].has_default ? "?" : "",
                       f->arguments[k].is_variadic ? "..." : "");
        buf_printf(&out, ") %c%s", "isv"[f->volatility], f -> returns_set ? " set" : "");
        if (f->result == MODEL_RESULT_VOID)
            buf_printf(&out, " void");
        else if (f->result == MODEL_RESULT_RECORD)
            buf_printf(&out, " record");
        else if (f->row == table("parent"))
            buf_printf(&out, " parent");
        for (uint32_t k = 0;
             f->row != NULL && k < f->row->column_count && f->result != MODEL_RESULT_RECORD; k++)
            buf_printf(&out, "%s%.*s %.*s",
                       k > 0                              ? ", "
                       : f->result == MODEL_RESULT_SCALAR ? " = "
                                                          : " > ",
                       STR_ARG(f->row->columns[k].name), STR_ARG(f->row->columns[k].type.name));
        assert_string_equal(buf_cstr(&out), expected[i]);
        buf_fini(&out);
    }
    assert_str(model->functions[2].comment, "Nothing.");
    assert_int_equal(model->functions[4].row == table("parent"), true);
}

static void
what_code_asks_for_is_known_by_name_where_it_is_a_literal(void **state)
{
    static const struct {
        const char *ddl;
        int64_t asks;
        bool sets_response, sets_anything;
    } cases[] = {
        {"SELECT", 0, false, false},
        {"CREATE POLICY p ON t USING (true)", 0, false, false},
        {"CREATE POLICY p ON t USING (a = current_setting('request.jwt.claims', true))", 1, false,
         false},
        {"CREATE POLICY p ON t FOR INSERT WITH CHECK (a = current_setting('request.method'))", 3,
         false, false},
        {"CREATE VIEW v AS SELECT current_setting('request.headers', true)", 9, false, false},
        {"CREATE VIEW v AS SELECT current_setting('request.' || a) FROM t", 31, false, false},
        {"CREATE VIEW v AS SELECT set_config('x.y', a, true) FROM t", 0, false, true},
        {"ALTER TABLE t ALTER a SET DEFAULT current_setting('app.settings.a')", 1, false, false},
        {"ALTER TABLE t ADD CHECK (a <> current_setting('request.cookies', true))", 17, false,
         false},
        {"CREATE FUNCTION g() RETURNS text LANGUAGE sql AS $$SELECT current_setting ( 'request.path' )$$",
         5, false, false},
        {"CREATE FUNCTION g() RETURNS text LANGUAGE sql RETURN current_setting('request.path')", 5,
         false, false},
        {"CREATE FUNCTION g() RETURNS text LANGUAGE sql AS 'SELECT current_setting(a) FROM t'", 31,
         false, false},
        {"CREATE FUNCTION g() RETURNS void LANGUAGE plpgsql AS $$BEGIN EXECUTE 'x'; END$$", 31,
         true, true},
        {"CREATE FUNCTION g() RETURNS text LANGUAGE sql AS $$SELECT set_config('x.y', 'z', true)$$",
         0, true, true},
        {"CREATE FUNCTION g() RETURNS void LANGUAGE plpgsql AS 'BEGIN SET LOCAL x.y = 1; END'", 0,
         false, true},
        {"CREATE FUNCTION g() RETURNS void LANGUAGE plpgsql AS 'BEGIN NULL; SET x.y = 1; END'", 0,
         false, true},
        {"CREATE FUNCTION g() RETURNS void LANGUAGE sql AS 'UPDATE t SET a = NULL'", 0, false,
         false},
    };
    struct model *other = model;

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        struct buf text;

        buf_init(&text, 4096);
        buf_printf(&text,
                   "DROP SCHEMA IF EXISTS priv CASCADE; DROP SCHEMA public CASCADE;"
                   "CREATE SCHEMA public; CREATE TABLE t (a text); %s;",
                   cases[i].ddl);
        if (!load_schema(buf_cstr(&text)))
            fail_msg("%s: %s", cases[i].ddl, err.message);
        if (model->asks != cases[i].asks || model->sets_response != cases[i].sets_response ||
            model->sets_anything != cases[i].sets_anything)
            fail_msg("%s: asks %lld, %d, %d", cases[i].ddl, (long long)model->asks,
                     model->sets_response, model->sets_anything);
        model_free(model);
        buf_fini(&text);
    }
    model = other;
}

static void
a_view_tree_of_any_form_does_no_harm(void **state)
{
    static const char tree[] =
        "({QUERY :x <> :rtable ({RTE :targetList ({TARGETENTRY :resno 9 :resorigtbl 9 :resorigcol 9}"
        ")}) :targetList ({TARGETENTRY :expr {VAR :resno 7} :resno 1 :resname a\\}\\ b"
        " :resorigtbl 5 :resorigcol 2 :resjunk false} {TARGETENTRY :resno 2 :resorigtbl 5"
        " :resorigcol 3 :resjunk true}) :more (o 1)})";
    struct viewtree_column columns[4];
    struct str all = str_from(tree);

    assert_int_equal(viewtree_columns(all, columns, 4), 1);
    assert_int_equal(columns[0].number, 1);
    assert_int_equal(columns[0].table, 5);
    assert_int_equal(columns[0].base_number, 2);
    for (size_t i = 0; i < all.len; i++) {
        char *copy = xcalloc(i + 1, 1);

        memcpy(copy, all.data, i);
        assert_in_range(viewtree_columns(str_make(copy, i), columns, 4), 0, 2);
        free(copy);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_and_views_of_exposed_schemas_are_there_in_order),
        cmocka_unit_test(columns_have_their_types),
        cmocka_unit_test(columns_say_what_they_need),
        cmocka_unit_test(keys_begin_with_the_primary_one_and_skip_dropped_columns),
        cmocka_unit_test(foreign_keys_checks_and_indexes_are_there),
        cmocka_unit_test(view_columns_know_their_base_columns),
        cmocka_unit_test(tables_and_views_say_how_they_can_be_written),
        cmocka_unit_test(functions_say_what_they_take_and_give),
        cmocka_unit_test(thousands_of_tables_take_less_than_seconds),
        cmocka_unit_test(what_code_asks_for_is_known_by_name_where_it_is_a_literal),
        cmocka_unit_test(a_view_tree_of_any_form_does_no_harm),
    };
    int failed;

    if (!pg_cluster_is_possible())
        return 77;
    pg_cluster_create(&cluster);
    pg_cluster_start(&cluster);
    failed = cmocka_run_group_tests(tests, load, unload);
    pg_cluster_destroy(&cluster);
    return failed;
}
