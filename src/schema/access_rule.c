/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: which policies apply, and their texts. */
#include "schema/access_impl.h"
#include "sql/quote.h"

bool
access_applies(const struct schema *schema, const struct schema_role *role,
               const struct schema_table *table)
{
    const struct model_table *model = table->model;

    if (!model->rls_enabled || role->model->is_superuser || role->model->bypasses_rls)
        return false;
    return model->rls_forced || !access_is_owner(schema, role, &model->acl);
}

bool
access_rule(const struct schema *schema, const struct schema_role *role,
            const struct schema_table *table, enum model_command command, enum access_part part,
            struct str alias, struct arena *arena, struct access_rule *out, struct err *err)
{
    (void)command;
    (void)part;
    (void)alias;
    (void)err;
    *out = (struct access_rule){.applies = access_applies(schema, role, table)};
    if (!out->applies)
        return true;
    /* Without a permissive policy there is no row. */
    out->conditions = ARENA_NEW(arena, struct access_condition);
    out->conditions[0] = (struct access_condition){.sql = STR("(0)")};
    out->count = 1;
    return true;
}

bool
access_write_rule(const struct schema *schema, const struct schema_role *role,
                  const struct schema_table *table, enum model_command command,
                  enum access_part part, struct str alias, struct arena *arena, struct buf *out,
                  int64_t *reads, struct err *err)
{
    struct access_rule rule;

    if (!access_rule(schema, role, table, command, part, alias, arena, &rule, err))
        return false;
    for (uint32_t i = 0; i < rule.count; i++) {
        BUF_ADD_LIT(out, " AND ");
        buf_add_str(out, rule.conditions[i].sql);
    }
    *reads |= rule.reads;
    return true;
}

bool
access_write_source(const struct schema *schema, const struct schema_role *role,
                    const struct schema_table *table, struct str alias, struct arena *arena,
                    struct buf *out, int64_t *reads, struct err *err)
{
    if (!access_applies(schema, role, table)) {
        BUF_ADD_LIT(out, "main.");
        quote_ident(out, table->model->sqlite_name);
        buf_printf(out, " AS %.*s", STR_ARG(alias));
        return true;
    }
    BUF_ADD_LIT(out, "(SELECT * FROM main.");
    quote_ident(out, table->model->sqlite_name);
    BUF_ADD_LIT(out, " WHERE 1");
    if (!access_write_rule(schema, role, table, MODEL_FOR_SELECT, ACCESS_USING, str_from("main"),
                           arena, out, reads, err))
        return false;
    buf_printf(out, ") AS %.*s", STR_ARG(alias));
    return true;
}

struct str
access_check_message(const struct schema_table *table, const struct access_condition *condition,
                     struct arena *arena)
{
    if (condition->policy.data == NULL)
        return arena_printf(arena, "new row violates row-level security policy for table \"%.*s\"",
                            STR_ARG(table->model->name));
    return arena_printf(arena,
                        "new row violates row-level security policy \"%.*s\" for table \"%.*s\"",
                        STR_ARG(condition->policy), STR_ARG(table->model->name));
}
