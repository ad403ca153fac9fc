/* SPDX-License-Identifier: Apache-2.0 */
#include "server/openness.h"
#include "unit/schema/world.h"

static const char *
open_to(struct world *world, const char *role)
{
    struct arena *arena = arena_new(1024, 65536);
    struct db_table_rights *tables = NULL;
    uint32_t count = openness_list(world->schema, str_from(role), arena, &tables);
    struct buf out;

    buf_init(&out, sizeof(world->text));
    openness_write(tables, count, &out);
    snprintf(world->text, sizeof(world->text), "%.*s", STR_ARG(buf_str(&out)));
    buf_fini(&out);
    arena_free(arena);
    return world->text;
}

static void
tables_are_named_with_what_is_open(void **state)
{
    struct world world;

    (void)state;
    world_open(&world,
               "CREATE TABLE a (id int); CREATE TABLE b (id int); CREATE TABLE c (id int);\n"
               "CREATE VIEW v AS SELECT id FROM b;\n"
               "GRANT SELECT, INSERT ON a TO anon; GRANT SELECT (id) ON v TO anon;\n"
               "GRANT ALL ON b TO authenticated; ALTER TABLE b ENABLE ROW LEVEL SECURITY;\n");
    assert_string_equal(open_to(&world, "anon"), "a (select, insert), v (select)");
    assert_string_equal(open_to(&world, "authenticated"), "b (rows by policies)");
    assert_string_equal(open_to(&world, "nobody"), "");
    schema_set_open(world.schema, true);
    assert_string_equal(open_to(&world, "anon"), "a (select, insert), c, v (select)");
    world_close(&world);
}

static void
many_tables_are_counted(void **state)
{
    struct world world;

    (void)state;
    world_open(&world,
               "CREATE TABLE a1 (i int); CREATE TABLE a2 (i int); CREATE TABLE a3 (i int);\n"
               "CREATE TABLE a4 (i int); CREATE TABLE a5 (i int); CREATE TABLE a6 (i int);\n"
               "CREATE TABLE a7 (i int); CREATE TABLE a8 (i int); CREATE TABLE a9 (i int);\n"
               "CREATE SCHEMA hidden; CREATE TABLE hidden.x (i int);\n");
    assert_string_equal(open_to(&world, "authenticated"),
                        "a1, a2, a3, a4, a5, a6, a7, a8 and 1 more");
    assert_string_equal(open_to(&world, "anon"), "");
    world_close(&world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_are_named_with_what_is_open),
        cmocka_unit_test(many_tables_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
