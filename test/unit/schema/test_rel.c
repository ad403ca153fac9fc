/* SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"
#include "unit/unit.h"

static struct schema *schema;

static const char sample[] = "table clients id* name\n"
                             "table projects id* name client_id\n"
                             "table tasks id* name project_id\n"
                             "table users id* name\n"
                             "table users_tasks user_id* task_id*\n"
                             "table comments id* user_id task_id\n"
                             "table agents id* department_id\n"
                             "table departments id* head_id\n"
                             "table family_tree id* name parent\n"
                             "table organizations id* referee auditor\n"
                             "table country id* name\n"
                             "table capital id* country_id\n"
                             "table orders id* ship_a ship_b bill_a\n"
                             "table addresses a* b*\n"
                             "unique capital country_id\n"
                             "fk projects client_id > clients id\n"
                             "fk tasks project_id > projects id\n"
                             "fk users_tasks user_id > users id\n"
                             "fk users_tasks task_id > tasks id\n"
                             "fk comments user_id > users id\n"
                             "fk comments task_id > tasks id\n"
                             "fk agents department_id > departments id\n"
                             "fk departments head_id > agents id\n"
                             "fk family_tree parent > family_tree id\n"
                             "fk organizations referee > organizations id\n"
                             "fk organizations auditor > organizations id\n"
                             "fk capital country_id > country id\n"
                             "fk:shipping orders ship_a ship_b > addresses a b\n"
                             "view live_projects projects.id projects.client_id=owner - \n"
                             "view live_live live_projects.id live_projects.owner=boss\n"
                             "table private.secrets id* client_id\n"
                             "fk private.secrets client_id > clients id\n"
                             "view secrets_view private.secrets.id private.secrets.client_id\n"
                             "table lost id* gone\n"
                             "fk lost gone > nowhere id\n";

static int
setup(void **state)
{
    schema = sample_schema(sample);
    return 0;
}

static int
teardown(void **state)
{
    schema_unref(schema);
    return 0;
}

static const struct schema_table *
table(const char *name)
{
    const struct schema_table *found = schema_find_table(schema, STR("public"), str_from(name));

    assert_non_null(found);
    return found;
}

static size_t
find(const char *from, const char *target, const char *hint, const struct schema_rel **out)
{
    return schema_find_rel(table(from), str_from(target), str_from(hint), out, out != NULL ? 8 : 0);
}

/* The one relationship that is meant; fails when there is another number of them. */
static const struct schema_rel *
one(const char *from, const char *target, const char *hint)
{
    const struct schema_rel *out[8];

    assert_int_equal(find(from, target, hint, out), 1);
    assert_str(out[0]->source->model->name, from);
    return out[0];
}

static void
check_columns(const struct schema_rel *rel, const char *source, const char *target)
{
    assert_str(rel->source->model->columns[rel->source_columns[0]].name, source);
    assert_str(rel->target->model->columns[rel->target_columns[0]].name, target);
}

static void
a_foreign_key_is_many_to_one_and_one_to_many(void **state)
{
    const struct schema_rel *up = one("projects", "clients", NULL);
    const struct schema_rel *down = one("clients", "projects", NULL);

    assert_int_equal(up->cardinality, SCHEMA_MANY_TO_ONE);
    assert_true(up->is_to_one && up->source_has_key && !up->is_self);
    assert_str(up->constraint, "projects_client_id_fkey");
    check_columns(up, "client_id", "id");
    assert_int_equal(down->cardinality, SCHEMA_ONE_TO_MANY);
    assert_false(down->is_to_one || down->source_has_key);
    check_columns(down, "id", "client_id");
}

static void
unique_referencing_columns_make_it_one_to_one(void **state)
{
    const struct schema_rel *up = one("capital", "country", NULL);
    const struct schema_rel *down = one("country", "capital", NULL);

    assert_int_equal(up->cardinality, SCHEMA_ONE_TO_ONE);
    assert_int_equal(down->cardinality, SCHEMA_ONE_TO_ONE);
    assert_true(up->is_to_one && down->is_to_one);
    assert_true(up->source_has_key && !down->source_has_key);
}

static void
a_target_can_be_a_constraint_or_the_column(void **state)
{
    assert_str(one("projects", "client_id", NULL)->target->model->name, "clients");
    assert_str(one("projects", "projects_client_id_fkey", NULL)->target->model->name, "clients");
    assert_str(one("clients", "projects_client_id_fkey", NULL)->target->model->name, "projects");
    assert_str(one("orders", "shipping", NULL)->target->model->name, "addresses");
    assert_int_equal(find("orders", "ship_a", NULL, NULL), 0);
    assert_int_equal(find("projects", "nothing", NULL, NULL), 0);
    assert_int_equal(find("projects", "", NULL, NULL), 0);
}

static void
a_junctions_primary_key_makes_many_to_many(void **state)
{
    const struct schema_rel *rel = one("users", "tasks", NULL);

    assert_int_equal(rel->cardinality, SCHEMA_MANY_TO_MANY);
    assert_false(rel->is_to_one);
    assert_str(rel->junction->model->name, "users_tasks");
    assert_str(rel->constraint, "users_tasks_user_id_fkey");
    assert_str(rel->junction_constraint, "users_tasks_task_id_fkey");
    assert_int_equal(rel->junction_source_columns[0], 0);
    assert_int_equal(rel->junction_target_columns[0], 1);
    check_columns(rel, "id", "id");
    assert_ptr_equal(one("users", "tasks", "users_tasks"), rel);
    assert_int_equal(find("users", "tasks", "comments", NULL), 0);
    rel = one("tasks", "users", NULL);
    assert_int_equal(rel->junction_source_columns[0], 1);
    assert_int_equal(rel->junction_target_columns[0], 0);
}

static void
several_relationships_are_all_found_in_a_fixed_order(void **state)
{
    const struct schema_rel *out[8];

    assert_int_equal(find("agents", "departments", NULL, out), 2);
    assert_int_equal(out[0]->cardinality, SCHEMA_ONE_TO_MANY);
    assert_str(out[0]->constraint, "departments_head_id_fkey");
    assert_int_equal(out[1]->cardinality, SCHEMA_MANY_TO_ONE);
    assert_str(out[1]->constraint, "agents_department_id_fkey");
    assert_int_equal(schema_find_rel(table("agents"), STR("departments"), STR_NULL, out, 1), 2);
}

static void
a_hint_is_a_constraint_a_column_or_the_junction(void **state)
{
    assert_str(one("agents", "departments", "departments_head_id_fkey")->constraint,
               "departments_head_id_fkey");
    assert_true(one("agents", "departments", "department_id")->is_to_one);
    assert_false(one("agents", "departments", "head_id")->is_to_one);
    assert_int_equal(find("agents", "departments", "id", NULL), 2);
    assert_int_equal(find("agents", "departments", "nothing", NULL), 0);
    assert_int_equal(find("agents", "departments", "", NULL), 0);
    assert_int_equal(find("agents", "department_id", "department_id", NULL), 0);
}

static void
a_self_reference_is_children_by_table_and_parent_by_column(void **state)
{
    const struct schema_rel *children = one("family_tree", "family_tree", NULL);
    const struct schema_rel *parent = one("family_tree", "parent", NULL);

    assert_int_equal(children->cardinality, SCHEMA_ONE_TO_MANY);
    assert_true(children->is_self);
    check_columns(children, "id", "parent");
    assert_int_equal(parent->cardinality, SCHEMA_MANY_TO_ONE);
    check_columns(parent, "parent", "id");
    assert_ptr_equal(one("family_tree", "family_tree", "parent"), children);
    assert_int_equal(find("family_tree", "family_tree_parent_fkey", NULL, NULL), 0);
    assert_int_equal(find("organizations", "organizations", NULL, NULL), 2);
    assert_str(one("organizations", "organizations", "auditor")->constraint,
               "organizations_auditor_fkey");
    assert_true(one("organizations", "referee", NULL)->is_to_one);
}

static void
views_are_related_as_their_base_tables(void **state)
{
    const struct schema_rel *rel = one("live_projects", "clients", NULL);

    assert_int_equal(rel->cardinality, SCHEMA_MANY_TO_ONE);
    check_columns(rel, "owner", "id");
    check_columns(one("clients", "live_projects", NULL), "id", "owner");
    check_columns(one("tasks", "live_projects", NULL), "project_id", "id");
    check_columns(one("live_projects", "tasks", NULL), "id", "project_id");
    check_columns(one("live_live", "clients", NULL), "boss", "id");
    /* The constraint and the column mean the table, not the views on it. */
    assert_str(one("clients", "projects_client_id_fkey", NULL)->target->model->name, "projects");
    assert_str(one("tasks", "project_id", NULL)->target->model->name, "projects");
    assert_true(one("clients", "live_projects", "projects_client_id_fkey") != NULL);
}

static void
views_have_the_primary_key_of_their_base_tables(void **state)
{
    assert_int_equal(table("live_projects")->pk_column_count, 1);
    assert_int_equal(table("live_projects")->pk_columns[0], 0);
    assert_int_equal(table("live_live")->pk_column_count, 1);
}

static void
a_view_can_be_a_junction(void **state)
{
    struct schema *own = sample_schema("table a id*\ntable b id*\ntable ab a_id* b_id* more\n"
                                       "fk ab a_id > a id\nfk ab b_id > b id\n"
                                       "view v ab.a_id=x ab.b_id=y\nview half ab.a_id ab.more\n");
    const struct schema_table *a = schema_find_table(own, STR("public"), STR("a"));
    const struct schema_rel *out[4];

    assert_int_equal(schema_find_rel(a, STR("b"), STR_NULL, out, 4), 2);
    assert_str(out[0]->junction->model->name, "ab");
    assert_int_equal(schema_find_rel(a, STR("b"), STR("v"), out, 4), 1);
    assert_str(out[0]->junction->model->name, "v");
    assert_int_equal(schema_find_table(own, STR("public"), STR("v"))->pk_column_count, 2);
    assert_int_equal(schema_find_table(own, STR("public"), STR("half"))->pk_column_count, 0);
    schema_unref(own);
}

static void
a_table_that_is_not_exposed_is_reached_only_through_its_view(void **state)
{
    const struct schema_rel *rel = one("clients", "secrets_view", NULL);

    assert_int_equal(rel->cardinality, SCHEMA_ONE_TO_MANY);
    assert_int_equal(find("clients", "secrets", NULL, NULL), 0);
    for (uint32_t i = 0; i < schema->table_count; i++)
        for (uint32_t j = 0; j < schema->tables[i].rel_count; j++)
            assert_true(schema->tables[i].rels[j].source->is_exposed &&
                        schema->tables[i].rels[j].target->is_exposed);
}

static void
a_foreign_key_to_a_table_that_is_not_there_is_none(void **state)
{
    assert_int_equal(table("lost")->rel_count, 0);
}

static void
a_column_shown_twice_gives_each_way(void **state)
{
    struct schema *own = sample_schema("table a id*\n"
                                       "table b id* a_id\n"
                                       "fk b a_id > a id\n"
                                       "view v b.id b.a_id=one b.a_id=two\n");
    const struct schema_table *v = schema_find_table(own, STR("public"), STR("v"));
    const struct schema_rel *out[4];

    assert_int_equal(schema_find_rel(v, STR("a"), STR_NULL, out, 4), 2);
    assert_int_equal(schema_find_rel(v, STR("a"), STR("two"), out, 4), 1);
    assert_int_equal(out[0]->source_columns[0], 2);
    schema_unref(own);
}

static void
views_that_go_in_a_circle_do_no_harm(void **state)
{
    struct schema *own = sample_schema("view a b.id\nview b a.id\nview c c.id\n");

    assert_int_equal(schema_find_table(own, STR("public"), STR("a"))->pk_column_count, 0);
    schema_unref(own);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_foreign_key_is_many_to_one_and_one_to_many),
        cmocka_unit_test(unique_referencing_columns_make_it_one_to_one),
        cmocka_unit_test(a_target_can_be_a_constraint_or_the_column),
        cmocka_unit_test(a_junctions_primary_key_makes_many_to_many),
        cmocka_unit_test(several_relationships_are_all_found_in_a_fixed_order),
        cmocka_unit_test(a_hint_is_a_constraint_a_column_or_the_junction),
        cmocka_unit_test(a_self_reference_is_children_by_table_and_parent_by_column),
        cmocka_unit_test(views_are_related_as_their_base_tables),
        cmocka_unit_test(views_have_the_primary_key_of_their_base_tables),
        cmocka_unit_test(a_view_can_be_a_junction),
        cmocka_unit_test(a_table_that_is_not_exposed_is_reached_only_through_its_view),
        cmocka_unit_test(a_foreign_key_to_a_table_that_is_not_there_is_none),
        cmocka_unit_test(a_column_shown_twice_gives_each_way),
        cmocka_unit_test(views_that_go_in_a_circle_do_no_harm),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
