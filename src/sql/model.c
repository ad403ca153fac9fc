/* SPDX-License-Identifier: Apache-2.0 */
#include "sql/model.h"

#include "sql/migration.h"
#include "sql/model_shape.h"
#include "sql/quote.h"

/* Far beyond any schema; what reaches it is an attack, and an allocation fails loudly. */
#define MODEL_LIMIT ((size_t)1 << 30)
#define MODEL_FIRST_BLOCK 16384
#define SEARCH_NAME_LIMIT 4096

struct model *
model_new(void)
{
    struct arena *arena = arena_new(MODEL_FIRST_BLOCK, MODEL_LIMIT);
    struct model *model = ARENA_NEW(arena, struct model);

    arena_set_soft(arena);
    model->arena = arena;
    model_add_roles(model);
    return model;
}

void
model_add_roles(struct model *model)
{
    static const struct model_role implied[] = {
        {.name = {"anon", 4}, .is_implied = true, .inherits = true},
        {.name = {"authenticated", 13}, .is_implied = true, .inherits = true},
        {.name = {"service_role", 12}, .is_implied = true, .inherits = true, .bypasses_rls = true},
        {.name = {"postgres", 8}, .is_implied = true, .inherits = true, .can_login = true},
    };

    model->roles = ARENA_ARRAY(model->arena, struct model_role, COUNTOF(implied));
    memcpy(model->roles, implied, sizeof(implied));
    model->role_count = COUNTOF(implied);
}

void
model_free(struct model *model)
{
    if (model != NULL)
        arena_free(model->arena);
}

static int
compare_name(const struct model_table *table, struct str schema, struct str name)
{
    int order = str_cmp(table->schema, schema);

    return order != 0 ? order : str_cmp(table->name, name);
}

const char *
model_rowid_name(const struct model_table *table)
{
    static const char *const names[] = {"rowid", "_rowid_", "oid"};

    for (size_t i = 0; i < COUNTOF(names); i++) {
        uint32_t k = 0;

        while (k < table->column_count &&
               !str_eq_nocase(table->columns[k].name, str_from(names[i])))
            k++;
        if (k == table->column_count)
            return names[i];
    }
    return NULL;
}

void
model_write_search_name(struct buf *out, const struct model_table *table,
                        const struct model_index *index)
{
    bool is_public = str_eq(table->schema, STR("public"));

    /* The colon at the end keeps it apart from the tables that FTS5 makes behind another one. */
    buf_printf(out, "cairn_fts:%.*s%s%.*s:", STR_ARG(is_public ? STR("") : table->schema),
               is_public ? "" : ".", STR_ARG(index->name));
}

bool
model_find_search(const struct model_table *table, struct str vector, struct model_search *out)
{
    for (uint32_t i = 0; i < table->index_count; i++) {
        const struct model_index *index = &table->indexes[i];

        for (uint32_t key = 0; key < index->search_count; key++) {
            if (str_eq(index->search[key], vector)) {
                *out = (struct model_search){table, index, key};
                return true;
            }
        }
    }
    return false;
}

void
model_write_candidates(struct buf *out, const struct model_search *search, struct str query)
{
    struct buf name;

    buf_init(&name, SEARCH_NAME_LIMIT);
    model_write_search_name(&name, search->table, search->index);
    BUF_ADD_LIT(out, " IN (SELECT rowid FROM ");
    quote_ident(out, buf_str(&name));
    BUF_ADD_LIT(out, " WHERE ");
    quote_ident(out, buf_str(&name));
    buf_printf(out, " MATCH coalesce(cairn_tscandidates(%.*s, %u), '\"\"')", STR_ARG(query),
               search->key);
    /* A query that asks for no word at all: every row, and none that FTS5 finds. */
    buf_printf(out, " UNION ALL SELECT %s FROM ", model_rowid_name(search->table));
    quote_ident(out, search->table->sqlite_name);
    buf_printf(out, " WHERE cairn_tscandidates(%.*s, %u) IS NULL)", STR_ARG(query), search->key);
    buf_fini(&name);
}

struct model_table *
model_find_table(const struct model *model, struct str schema, struct str name)
{
    uint32_t from = 0;
    uint32_t to = model->table_count;

    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        int order = compare_name(&model->tables[middle], schema, name);

        if (order == 0)
            return &model->tables[middle];
        if (order < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return NULL;
}

struct model_column *
model_find_column(const struct model_table *table, struct str name)
{
    for (uint32_t i = 0; i < table->column_count; i++) {
        if (str_eq(table->columns[i].name, name))
            return &table->columns[i];
    }
    return NULL;
}

const struct model_key *
model_primary_key(const struct model_table *table)
{
    return table->key_count > 0 && table->keys[0].kind == MODEL_PRIMARY ? &table->keys[0] : NULL;
}

struct model_role *
model_find_role(const struct model *model, struct str name)
{
    for (uint32_t i = 0; i < model->role_count; i++) {
        if (str_eq(model->roles[i].name, name))
            return &model->roles[i];
    }
    return NULL;
}

const struct model_acl *
model_find_schema_acl(const struct model *model, struct str schema)
{
    for (uint32_t i = 0; i < model->schema_acl_count; i++) {
        if (str_eq(model->schema_acls[i].schema, schema))
            return &model->schema_acls[i].acl;
    }
    return NULL;
}

struct str
model_owner(const struct model_acl *acl)
{
    return acl->owner.len > 0 ? acl->owner : MODEL_OWNER;
}

/* What an unqualified name finds: in the table's schema, and in public. */
static bool
is_in_path(const struct model_function *function)
{
    return str_eq(function->schema, function->of_schema) || str_eq(function->schema, STR("public"));
}

static bool
settle_computed(struct model *model)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < model->function_count; i++)
        count += model->functions[i].of_name.len > 0;
    model->computed_count = 0;
    model->computed = ARENA_ARRAY(model->arena, struct model_computed, count + 1);
    for (uint32_t t = 0; count > 0 && t < model->table_count; t++) {
        const struct model_table *table = &model->tables[t];

        for (uint32_t i = 0; i < model->function_count; i++) {
            const struct model_function *function = &model->functions[i];
            bool is_row = function->own_row_count == 0;

            if (!str_eq(function->of_name, table->name) ||
                !str_eq(function->of_schema, table->schema))
                continue;
            count--;
            if (!is_in_path(function))
                continue;
            model->computed[model->computed_count++] = (struct model_computed){
                .schema = function->schema,
                .name = function->name,
                .table = table,
                .target = is_row ? function->row : NULL,
                .type = is_row ? *type_builtin(TYPE_OTHER) : function->own_row->columns[0].type,
                .returns_set = function->returns_set,
                .is_single = !function->returns_set || function->is_single,
                .function = function,
            };
        }
    }
    return count == 0;
}

bool
model_settle_functions(struct model *model)
{
    for (uint32_t i = 0; i < model->function_count; i++) {
        struct model_function *function = &model->functions[i];

        function->row = function->own_row_count > 0
                            ? function->own_row
                            : model_find_table(model, function->row_schema, function->row_name);
        if (function->row == NULL)
            return false;
    }
    return settle_computed(model);
}
