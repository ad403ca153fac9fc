/* SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"

#include <pthread.h>

#include "unit/unit.h"

static void
tables_and_columns_are_found_by_their_exact_name(void **state)
{
    struct schema *schema = sample_schema("table clients id* name\n"
                                          "table other.clients id* more\n"
                                          "table Clients x\n"
                                          "table empty");
    const struct schema_table *clients = schema_find_table(schema, STR("public"), STR("clients"));
    const struct schema_table *other = schema_find_table(schema, STR("other"), STR("clients"));

    assert_non_null(clients);
    assert_ptr_not_equal(clients, other);
    assert_true(clients->is_exposed);
    assert_false(other->is_exposed);
    assert_null(schema_find_table(schema, STR("public"), STR("client")));
    assert_null(schema_find_table(schema, STR("clients"), STR("public")));
    assert_null(schema_find_table(schema, STR(""), STR("")));
    assert_ptr_equal(schema_find_column(clients, STR("name")), &clients->model->columns[1]);
    assert_int_equal(schema_column_index(clients, schema_find_column(clients, STR("name"))), 1);
    assert_null(schema_find_column(clients, STR("more")));
    assert_null(schema_find_column(clients, STR("Name")));
    assert_non_null(schema_find_column(other, STR("more")));
    assert_null(
        schema_find_column(schema_find_table(schema, STR("public"), STR("empty")), STR("id")));
    assert_int_equal(clients->pk_column_count, 1);
    assert_int_equal(clients->pk_columns[0], 0);
    assert_int_equal(schema_find_table(schema, STR("public"), STR("Clients"))->pk_column_count, 0);
    schema_unref(schema);
}

static void
every_one_of_many_tables_and_columns_is_found(void **state)
{
    enum { COUNT = 3000 };
    struct model *model = model_new();
    const char *schemas[] = {"public"};
    struct schema *schema;

    model->table_count = COUNT;
    model->tables = ARENA_ARRAY(model->arena, struct model_table, COUNT);
    for (uint32_t i = 0; i < COUNT; i++) {
        struct model_table *table = &model->tables[i];

        table->schema = STR("public");
        table->name = arena_printf(model->arena, "t%05u", i);
        table->column_count = i % 60;
        table->columns = ARENA_ARRAY(model->arena, struct model_column, 60);
        for (uint32_t j = 0; j < table->column_count; j++)
            table->columns[j].name = arena_printf(model->arena, "c%u", j);
    }
    schema = schema_new(model, schemas, 1);
    for (uint32_t i = 0; i < COUNT; i++) {
        const struct model_table *table = &model->tables[i];
        const struct schema_table *found = schema_find_table(schema, table->schema, table->name);

        assert_ptr_equal(found, &schema->tables[i]);
        for (uint32_t j = 0; j < table->column_count; j++)
            assert_ptr_equal(schema_find_column(found, table->columns[j].name), &table->columns[j]);
        assert_null(schema_find_column(found, STR("c60")));
    }
    schema_unref(schema);
}

static void
each_snapshot_has_an_id_of_its_own(void **state)
{
    struct schema *a = sample_schema("table a x");
    struct schema *b = sample_schema("table a x");

    assert_true(a->id != 0);
    assert_true(a->id != b->id);
    schema_unref(a);
    schema_unref(b);
    schema_unref(NULL);
}

static void *
take_and_give_back(void *ctx)
{
    struct schema *schema = ctx;

    for (unsigned i = 0; i < 100000; i++)
        schema_unref(schema_ref(schema));
    schema_unref(schema);
    return NULL;
}

static void
references_are_counted_across_threads(void **state)
{
    struct schema *schema = sample_schema("table a x");
    pthread_t threads[4];

    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_give_back, schema_ref(schema)),
                         0);
    for (unsigned i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    /* Still there: the first reference is held. Leaks and double frees are the sanitizer's. */
    assert_non_null(schema_find_table(schema, STR("public"), STR("a")));
    schema_unref(schema);
}

static void
similar_names_are_offered_only_from_75_percent_on(void **state)
{
    struct schema *schema = sample_schema("table clients id* name\n"
                                          "table projects id* client_id\n"
                                          "table hidden.project id*\n"
                                          "fk projects client_id > clients id");
    const struct schema_table *projects = schema_find_table(schema, STR("public"), STR("projects"));

    assert_str(schema_similar_table(schema, STR("public"), STR("project")), "projects");
    assert_str(schema_similar_table(schema, STR("public"), STR("client")), "clients");
    assert_str(schema_similar_table(schema, STR("public"), STR("clie")), "");
    assert_str(schema_similar_table(schema, STR("hidden"), STR("project")), "");
    assert_str(schema_similar_target(projects, STR("client")), "clients");
    assert_str(schema_similar_target(projects, STR("project")), "");
    schema_unref(schema);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_and_columns_are_found_by_their_exact_name),
        cmocka_unit_test(every_one_of_many_tables_and_columns_is_found),
        cmocka_unit_test(each_snapshot_has_an_id_of_its_own),
        cmocka_unit_test(references_are_counted_across_threads),
        cmocka_unit_test(similar_names_are_offered_only_from_75_percent_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
