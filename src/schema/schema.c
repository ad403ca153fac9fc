/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/schema.h"

#include <stdatomic.h>

#include "core/clock.h"
#include "schema/access_impl.h"
#include "schema/rel.h"

/* A snapshot of a very large database is some tens of megabytes; this stops a runaway only. */
#define ARENA_LIMIT ((size_t)2 << 30)
#define NO_SLOT UINT32_MAX
#define SIMILAR_ENOUGH 0.75
#define NAME_ROOM 256

struct schema_owned {
    struct schema pub; /* first: see owned() */
    atomic_uint refs;
    uint64_t seed;
    struct arena *arena;
    struct model *model;
    const uint32_t *slots; /* table indexes by (schema, name) */
    uint32_t slot_mask;
};

static atomic_uint_fast64_t last_id;

/* Keeps const, which CONTAINER_OF does not. */
static const struct schema_owned *
owned(const struct schema *schema)
{
    return (const struct schema_owned *)(const void *)schema;
}

static uint64_t
table_hash(const struct schema_owned *so, struct str schema_name, struct str name)
{
    return str_hash(name, str_hash(schema_name, so->seed));
}

/* A table of slots at most half full, all free. */
static uint32_t *
slots_new(struct arena *arena, uint32_t count, uint32_t *mask)
{
    uint32_t size = 4;

    while (size < count * 2)
        size *= 2;
    uint32_t *slots = ARENA_ARRAY(arena, uint32_t, size);
    memset(slots, 0xff, sizeof(*slots) * size);
    *mask = size - 1;
    return slots;
}

static void
slots_put(uint32_t *slots, uint32_t mask, uint64_t hash, uint32_t value)
{
    uint32_t at = (uint32_t)hash & mask;

    while (slots[at] != NO_SLOT)
        at = (at + 1) & mask;
    slots[at] = value;
}

const struct schema_table *
schema_find_table(const struct schema *schema, struct str schema_name, struct str name)
{
    const struct schema_owned *so = owned(schema);
    uint32_t at = (uint32_t)table_hash(so, schema_name, name) & so->slot_mask;

    for (; so->slots[at] != NO_SLOT; at = (at + 1) & so->slot_mask) {
        const struct schema_table *table = &schema->tables[so->slots[at]];

        if (str_eq(table->model->name, name) && str_eq(table->model->schema, schema_name))
            return table;
    }
    return NULL;
}

/* Column names come from the database's owner, not from outsiders: no secret seed is needed. */
const struct model_column *
schema_find_column(const struct schema_table *table, struct str name)
{
    uint32_t at = (uint32_t)str_hash(name, 0) & table->column_slot_mask;

    for (; table->column_slots[at] != NO_SLOT; at = (at + 1) & table->column_slot_mask) {
        const struct model_column *column = &table->model->columns[table->column_slots[at]];

        if (str_eq(column->name, name))
            return column;
    }
    return NULL;
}

bool
schema_column_draws(const struct model_column *column)
{
    struct str text = column->default_sql;

    if (column->is_generated)
        return false;
    return column->sequence.len > 0 ||
           (text.len > 0 && memmem(text.data, text.len, "nextval(", 8) != NULL);
}

const struct schema_computed *
schema_find_computed(const struct schema_table *table, struct str name)
{
    const struct schema_computed *found = NULL;

    for (uint32_t i = 0; i < table->computed_count; i++) {
        const struct schema_computed *computed = &table->computed[i];

        if (!str_eq(computed->model->name, name))
            continue;
        if (str_eq(computed->model->schema, table->model->schema))
            return computed;
        if (found == NULL)
            found = computed;
    }
    return found;
}

static bool
is_exposed(struct str schema_name, const char *const *schemas, size_t schema_count)
{
    for (size_t i = 0; i < schema_count; i++)
        if (str_eq(str_from(schemas[i]), schema_name))
            return true;
    return false;
}

static void
table_init(struct schema_table *table, const struct model_table *model, struct arena *arena)
{
    const struct model_key *key = model_primary_key(model);

    table->model = model;
    if (key != NULL) {
        table->pk_columns = key->columns;
        table->pk_column_count = key->column_count;
    }

    uint32_t *slots = slots_new(arena, model->column_count, &table->column_slot_mask);
    for (uint32_t i = 0; i < model->column_count; i++)
        slots_put(slots, table->column_slot_mask, str_hash(model->columns[i].name, 0), i);
    table->column_slots = slots;
}

/* Columns are values; functions that give sets are relationships only. */
static void
computed_init(struct schema *schema, struct schema_table *tables, struct arena *arena)
{
    const struct model *model = schema->model;
    struct schema_computed *computed =
        ARENA_ARRAY(arena, struct schema_computed, model->computed_count + 1);
    uint32_t count = 0;

    for (uint32_t i = 0; i < model->computed_count; i++) {
        const struct model_computed *from = &model->computed[i];
        struct schema_table *table = &tables[from->table - model->tables];

        if (from->returns_set)
            continue;
        if (table->computed_count == 0)
            table->computed = &computed[count];
        table->computed_count++;
        computed[count++] = (struct schema_computed){
            .model = from, .column = {.name = from->name, .type = from->type}};
    }
}

static const struct schema_table *
row_init(struct schema *schema, const struct model_table *row, struct arena *arena)
{
    const struct model *model = schema->model;
    struct schema_table *table = NULL;

    if (model->table_count > 0 && row >= model->tables && row < model->tables + model->table_count)
        return &schema->tables[row - model->tables];
    table = ARENA_NEW(arena, struct schema_table);
    table_init(table, row, arena);
    return table;
}

static void
functions_init(struct schema *schema, struct arena *arena)
{
    const struct model *model = schema->model;
    struct schema_function *functions =
        ARENA_ARRAY(arena, struct schema_function, model->function_count + 1);

    for (uint32_t i = 0; i < model->function_count; i++) {
        /* Those of a row are columns and relationships. */
        if (model->functions[i].of_name.len > 0)
            continue;
        functions[schema->function_count++] = (struct schema_function){
            .model = &model->functions[i],
            .row = row_init(schema, model->functions[i].row, arena),
        };
    }
    schema->functions = functions;
}

const struct schema_function *
schema_find_functions(const struct schema *schema, struct str schema_name, struct str name,
                      uint32_t *count)
{
    uint32_t from = 0;
    uint32_t to = schema->function_count;
    uint32_t end = 0;

    /* The first that does not come before the name. */
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        const struct model_function *function = schema->functions[middle].model;
        int order = str_cmp(function->schema, schema_name);

        if (order < 0 || (order == 0 && str_cmp(function->name, name) < 0))
            from = middle + 1;
        else
            to = middle;
    }
    for (end = from; end < schema->function_count; end++) {
        const struct model_function *function = schema->functions[end].model;

        if (!str_eq(function->schema, schema_name) || !str_eq(function->name, name))
            break;
    }
    *count = end - from;
    return end > from ? &schema->functions[from] : NULL;
}

struct schema *
schema_new(struct model *model, const char *const *schemas, size_t schema_count)
{
    struct arena *arena = arena_new(64 * 1024, ARENA_LIMIT);
    struct schema_owned *so = xcalloc(1, sizeof(*so));
    struct schema_table *tables = ARENA_ARRAY(arena, struct schema_table, model->table_count + 1);

    so->pub.id = atomic_fetch_add(&last_id, 1) + 1;
    so->pub.model = so->model = model;
    so->pub.tables = tables;
    so->pub.table_count = model->table_count;
    so->arena = arena;
    atomic_init(&so->refs, 1);
    random_bytes(&so->seed, sizeof(so->seed));

    uint32_t *slots = slots_new(arena, model->table_count, &so->slot_mask);
    for (uint32_t i = 0; i < model->table_count; i++) {
        const struct model_table *table = &model->tables[i];

        table_init(&tables[i], table, arena);
        tables[i].is_exposed = is_exposed(table->schema, schemas, schema_count);
        slots_put(slots, so->slot_mask, table_hash(so, table->schema, table->name), i);
    }
    so->slots = slots;

    access_views_build(&so->pub, tables, arena);
    computed_init(&so->pub, tables, arena);
    schema_rels_build(&so->pub, tables, arena);
    functions_init(&so->pub, arena);
    access_tables_build(&so->pub, tables);
    so->pub.has_rules = access_has_rules(&so->pub);
    access_roles_build(&so->pub, arena);
    return &so->pub;
}

void
schema_set_open(struct schema *schema, bool is_open)
{
    schema->is_open = is_open;
}

struct schema *
schema_ref(struct schema *schema)
{
    struct schema_owned *so = CONTAINER_OF(schema, struct schema_owned, pub);
    unsigned before = atomic_fetch_add_explicit(&so->refs, 1, memory_order_relaxed);

    assert(before > 0);
    (void)before;
    return schema;
}

void
schema_unref(struct schema *schema)
{
    if (schema == NULL)
        return;

    struct schema_owned *so = CONTAINER_OF(schema, struct schema_owned, pub);
    unsigned before = atomic_fetch_sub_explicit(&so->refs, 1, memory_order_acq_rel);

    assert(before > 0);
    if (before > 1)
        return;
    model_free(so->model);
    arena_free(so->arena);
    free(so);
}

struct str
schema_similar_table(const struct schema *schema, struct str schema_name, struct str name)
{
    struct str best = STR_NULL;
    double best_score = 0;

    for (uint32_t i = 0; i < schema->table_count; i++) {
        const struct schema_table *table = &schema->tables[i];

        if (!table->is_exposed || !str_eq(table->model->schema, schema_name))
            continue;
        double score = str_similarity(table->model->name, name);
        if (score >= SIMILAR_ENOUGH && score > best_score) {
            best = table->model->name;
            best_score = score;
        }
    }
    return best;
}

struct str
schema_similar_function(const struct schema *schema, struct str schema_name, struct str name)
{
    struct str best = STR_NULL;
    double best_score = 0;

    for (uint32_t i = 0; i < schema->function_count; i++) {
        const struct model_function *function = schema->functions[i].model;
        double score = 0;

        if (!str_eq(function->schema, schema_name) || str_eq(function->name, name))
            continue;
        score = str_similarity(function->name, name);
        if (score >= SIMILAR_ENOUGH && score > best_score) {
            best = function->name;
            best_score = score;
        }
    }
    return best;
}

#define MEANT_MIN 0.33

bool
schema_shares_run(struct str a, struct str b, size_t size)
{
    char x[NAME_ROOM];
    char y[NAME_ROOM];
    int x_len = snprintf(x, sizeof(x), "-%.*s-", STR_ARG(a));
    int y_len = snprintf(y, sizeof(y), "-%.*s-", STR_ARG(b));

    if (x_len >= NAME_ROOM || y_len >= NAME_ROOM)
        return false;
    for (size_t i = 0; i + size <= (size_t)x_len; i++) {
        if (memmem(y, (size_t)y_len, x + i, size) != NULL)
            return true;
    }
    return false;
}

struct str
schema_similar_target(const struct schema_table *table, struct str target)
{
    struct str best = STR_NULL;
    double best_score = 0;

    for (uint32_t i = 0; i < table->rel_count; i++) {
        /* It is related, so something else was wrong. */
        if (str_eq(table->rels[i].target->model->name, target))
            return STR_NULL;
    }
    /* Names with three characters in a row in common come before those with two. */
    for (size_t size = 3; size >= 2 && best.data == NULL; size--) {
        for (uint32_t i = 0; i < table->rel_count; i++) {
            struct str name = table->rels[i].target->model->name;
            double score = str_similarity(name, target);

            if (score >= MEANT_MIN && score < 1.0 && score > best_score &&
                schema_shares_run(name, target, size)) {
                best = name;
                best_score = score;
            }
        }
    }
    return best;
}
