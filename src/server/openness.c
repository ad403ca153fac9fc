/* SPDX-License-Identifier: Apache-2.0 */
#include "server/openness.h"

#include "schema/access.h"

enum { NAMED_MAX = 8 };

#define EVERYTHING (MODEL_MAY_SELECT | MODEL_MAY_INSERT | MODEL_MAY_UPDATE | MODEL_MAY_DELETE)

static const struct {
    int64_t right;
    const char *name;
} rights[] = {
    {MODEL_MAY_SELECT, "select"},
    {MODEL_MAY_INSERT, "insert"},
    {MODEL_MAY_UPDATE, "update"},
    {MODEL_MAY_DELETE, "delete"},
};

static int64_t
rights_of(const struct schema *schema, const struct schema_role *role,
          const struct schema_table *table)
{
    /* Not everything can be done with a view, whoever may. */
    int64_t possible = MODEL_MAY_SELECT | (table->model->insertable ? MODEL_MAY_INSERT : 0) |
                       (table->model->updatable ? MODEL_MAY_UPDATE : 0) |
                       (table->model->deletable ? MODEL_MAY_DELETE : 0);
    int64_t found = 0;

    if (!table->is_exposed || !schema_may_use_schema(schema, role, table->model->schema))
        return 0;
    for (size_t i = 0; i < COUNTOF(rights); i++) {
        if (schema_may_some(schema, role, table->model, rights[i].right))
            found |= rights[i].right;
    }
    return found & possible;
}

static void
write_one(const struct db_table_rights *table, struct buf *out)
{
    const char *separator = " (";

    buf_add_str(out, table->name);
    for (size_t i = 0; table->rights != EVERYTHING && i < COUNTOF(rights); i++) {
        if ((table->rights & rights[i].right) == 0)
            continue;
        buf_printf(out, "%s%s", separator, rights[i].name);
        separator = ", ";
    }
    if (table->by_policies)
        buf_printf(out, "%srows by policies", table->rights != EVERYTHING ? "; " : " (");
    if (table->rights != EVERYTHING || table->by_policies)
        buf_add_char(out, ')');
}

uint32_t
openness_list(const struct schema *schema, struct str role_name, struct arena *arena,
              struct db_table_rights **out)
{
    const struct schema_role *role = schema_find_role(schema, role_name);
    uint32_t count = 0;

    *out = ARENA_ARRAY(arena, struct db_table_rights, schema->table_count + 1);
    for (uint32_t i = 0; role != NULL && i < schema->table_count; i++) {
        const struct schema_table *table = &schema->tables[i];
        int64_t found = rights_of(schema, role, table);

        if (found != 0)
            (*out)[count++] =
                (struct db_table_rights){.name = table->model->name,
                                         .rights = found,
                                         .by_policies = access_applies(schema, role, table)};
    }
    return count;
}

void
openness_write(const struct db_table_rights *tables, uint32_t count, struct buf *out)
{
    for (uint32_t i = 0; i < count && i < NAMED_MAX; i++) {
        if (i > 0)
            BUF_ADD_LIT(out, ", ");
        write_one(&tables[i], out);
    }
    if (count > NAMED_MAX)
        buf_printf(out, " and %u more", (unsigned)(count - NAMED_MAX));
}
