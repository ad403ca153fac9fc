/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/sql/lite.h"

static const char schema[] =
    "CREATE TABLE t (id int PRIMARY KEY, a text, b varchar(5), n numeric(6,2), \"q\"\"\" int);\n"
    "CREATE TABLE u (id int PRIMARY KEY, t int);\n"
    "CREATE VIEW plain AS SELECT * FROM t;\n"
    "CREATE VIEW renamed (x, y) AS SELECT i.a, i.id FROM t AS i WHERE i.id > 3;\n"
    "CREATE VIEW above AS SELECT y AS z, upper(x) AS loud FROM renamed WHERE y < 9;\n"
    "CREATE VIEW computed AS SELECT upper(a) AS a FROM t;\n"
    "CREATE VIEW above_computed AS SELECT a FROM computed;\n"
    "CREATE VIEW fixed AS SELECT id, t FROM u GROUP BY id;\n"
    "CREATE VIEW above_fixed AS SELECT id FROM fixed;\n";

struct view_case {
    const char *select;
    const char *reason; /* NULL: it can be written */
};

/* The words are those of PostgreSQL 15. */
static const struct view_case cases[] = {
    {"SELECT id FROM t", NULL},
    {"SELECT id, upper(a) AS x FROM t", NULL},
    {"SELECT id FROM plain WHERE id IN (SELECT t FROM u)", NULL},
    {"SELECT id, (SELECT count(*) FROM u) AS n FROM t ORDER BY a", NULL},
    {"SELECT id, a FROM fixed_not_here", "42P01"},
    {"SELECT DISTINCT id FROM t", "Views containing DISTINCT are not automatically updatable."},
    {"SELECT a FROM t GROUP BY a", "Views containing GROUP BY are not automatically updatable."},
    {"SELECT 1 AS x FROM t HAVING true",
     "Views containing HAVING are not automatically updatable."},
    {"SELECT id FROM t UNION SELECT id FROM u",
     "Views containing UNION, INTERSECT, or EXCEPT are not automatically updatable."},
    {"WITH w AS (SELECT id FROM t) SELECT id FROM w",
     "Views containing WITH are not automatically updatable."},
    {"SELECT id FROM t LIMIT 1",
     "Views containing LIMIT or OFFSET are not automatically updatable."},
    {"SELECT id FROM t OFFSET 1",
     "Views containing LIMIT or OFFSET are not automatically updatable."},
    {"SELECT count(*) AS n FROM t",
     "Views that return aggregate functions are not automatically updatable."},
    {"SELECT row_number() OVER (ORDER BY id) AS n FROM t",
     "Views that return window functions are not automatically updatable."},
    {"SELECT t.id FROM t, u",
     "Views that do not select from a single table or view are not automatically updatable."},
    {"SELECT t.id FROM t JOIN u ON u.t = t.id",
     "Views that do not select from a single table or view are not automatically updatable."},
    {"SELECT id FROM (SELECT id FROM t) AS s",
     "Views that do not select from a single table or view are not automatically updatable."},
    {"SELECT 1 AS x",
     "Views that do not select from a single table or view are not automatically updatable."},
};

static void
check_case(struct lite *lite, const struct view_case *c)
{
    struct err err = {0};
    const struct model_table *view;
    char sql[512];

    snprintf(sql, sizeof(sql), "CREATE VIEW v AS %s", c->select);
    if (c->reason != NULL && strlen(c->reason) == 5) {
        assert_false(lite_migrate(lite, "m.sql", str_from(sql), &err));
        assert_string_equal(err.code, c->reason);
        return;
    }
    assert_ok(lite_migrate(lite, "m.sql", str_from(sql), &err));
    view = model_find_table(lite->model, STR("public"), STR("v"));
    if (!str_eq(view->view_fixed, str_from(c->reason != NULL ? c->reason : "")))
        fail_msg("%s: %.*s", c->select, STR_ARG(view->view_fixed));
    assert_int_equal(view->insertable, c->reason == NULL);
    assert_int_equal(view->updatable, c->reason == NULL);
    assert_int_equal(view->deletable, c->reason == NULL);
    assert_int_equal(view->from_table.len > 0, c->reason == NULL);
    assert_ok(lite_migrate(lite, "m.sql", STR("DROP VIEW v"), &err));
}

static void
views_are_written_where_postgresql_would(void **state)
{
    struct lite lite;
    struct err err = {0};

    (void)state;
    lite_open(&lite);
    assert_ok(lite_migrate(&lite, "m.sql", str_from(schema), &err));
    for (size_t i = 0; i < COUNTOF(cases); i++)
        check_case(&lite, &cases[i]);
    lite_close(&lite);
}

static const struct model_table *
find(const struct lite *lite, const char *name)
{
    const struct model_table *view = model_find_table(lite->model, STR("public"), str_from(name));

    assert_non_null(view);
    return view;
}

static void
a_view_knows_what_its_columns_are_below(void **state)
{
    struct lite lite;
    struct err err = {0};
    const struct model_table *view;

    (void)state;
    lite_open(&lite);
    assert_ok(lite_migrate(&lite, "m.sql", str_from(schema), &err));
    view = find(&lite, "plain");
    assert_str(view->from_table, "t");
    assert_str(view->columns[4].from_column, "q\"");
    assert_int_equal(view->where_sqlite.len, 0);
    view = find(&lite, "renamed");
    assert_str(view->columns[0].from_column, "a");
    assert_str(view->columns[1].from_column, "id");
    assert_contains(view->where_sqlite.data, "\1.\"id\"");
    view = find(&lite, "above");
    assert_str(view->from_table, "renamed");
    assert_str(view->columns[0].from_column, "y");
    assert_int_equal(view->columns[1].from_column.len, 0);
    assert_contains(view->columns[1].value_sqlite.data, "\1.\"x\"");
    lite_close(&lite);
}

static void
a_cast_makes_it_a_value_but_to_its_own_type(void **state)
{
    struct lite lite;
    struct err err = {0};
    const struct model_table *view;

    (void)state;
    lite_open(&lite);
    assert_ok(lite_migrate(&lite, "m.sql", str_from(schema), &err));
    assert_ok(
        lite_migrate(&lite, "m.sql",
                     STR("CREATE VIEW v AS SELECT id::int AS a, b::text AS b, b::varchar(5) AS "
                         "c, n::numeric AS d, (a) AS e FROM t"),
                     &err));
    view = find(&lite, "v");
    assert_str(view->columns[0].from_column, "id");
    assert_int_equal(view->columns[1].from_column.len, 0);
    assert_str(view->columns[2].from_column, "b");
    assert_int_equal(view->columns[3].from_column.len, 0);
    assert_str(view->columns[4].from_column, "a");
    lite_close(&lite);
}

static void
what_can_be_written_depends_on_the_views_below(void **state)
{
    struct lite lite;
    struct err err = {0};

    (void)state;
    lite_open(&lite);
    assert_ok(lite_migrate(&lite, "m.sql", str_from(schema), &err));
    assert_true(find(&lite, "above")->insertable && find(&lite, "above")->deletable);
    assert_true(find(&lite, "computed")->deletable && !find(&lite, "computed")->insertable);
    assert_true(find(&lite, "above_computed")->deletable);
    assert_false(find(&lite, "above_computed")->updatable);
    assert_false(find(&lite, "above_fixed")->deletable);
    /* The view below becomes one that can't be written. */
    assert_ok(lite_migrate(
        &lite, "m.sql",
        STR("CREATE OR REPLACE VIEW renamed (x, y) AS SELECT DISTINCT a, id FROM t"), &err));
    assert_false(find(&lite, "above")->insertable || find(&lite, "above")->deletable);
    lite_close(&lite);
}

static void
a_check_option_needs_a_view_that_can_be_written(void **state)
{
    static const char *const refused[] = {
        "CREATE VIEW v AS SELECT DISTINCT id FROM t WITH CHECK OPTION",
        "CREATE VIEW v WITH (check_option = local) AS SELECT upper(a) AS a FROM t",
        "ALTER VIEW computed SET (check_option = cascaded)",
    };
    struct lite lite;
    struct err err = {0};

    (void)state;
    lite_open(&lite);
    assert_ok(lite_migrate(&lite, "m.sql", str_from(schema), &err));
    for (size_t i = 0; i < COUNTOF(refused); i++) {
        assert_false(lite_migrate(&lite, "m.sql", str_from(refused[i]), &err));
        assert_string_equal(err.code, "0A000");
        err_clear(&err);
    }
    assert_false(
        lite_migrate(&lite, "m.sql", STR("ALTER VIEW plain SET (check_option = 'other')"), &err));
    assert_string_equal(err.code, "22023");
    err_clear(&err);
    assert_ok(lite_migrate(&lite, "m.sql",
                           STR("CREATE VIEW l AS SELECT id FROM t WHERE id > 1 WITH LOCAL CHECK "
                               "OPTION; ALTER VIEW plain SET (check_option = cascaded)"),
                           &err));
    assert_true(find(&lite, "l")->checks_rows && !find(&lite, "l")->checks_below);
    assert_true(find(&lite, "plain")->checks_rows && find(&lite, "plain")->checks_below);
    assert_ok(lite_migrate(&lite, "m.sql", STR("ALTER VIEW plain RESET (check_option)"), &err));
    assert_false(find(&lite, "plain")->checks_rows);
    lite_close(&lite);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_are_written_where_postgresql_would),
        cmocka_unit_test(a_view_knows_what_its_columns_are_below),
        cmocka_unit_test(a_cast_makes_it_a_value_but_to_its_own_type),
        cmocka_unit_test(what_can_be_written_depends_on_the_views_below),
        cmocka_unit_test(a_check_option_needs_a_view_that_can_be_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
