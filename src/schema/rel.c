/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/rel.h"

/* A view may show a base column several times; each way to pick them is a relationship of its own,
 * of which this many are kept. */
#define MAX_PICKS 16
/* Views on views, at most so deep. */
#define MAX_DEPTH 32

/* A foreign key as seen from a table or from a view that shows its columns. */
struct edge {
    const struct schema_table *source, *target;
    struct str constraint;
    const uint32_t *source_columns, *target_columns;
    uint32_t column_count;
    bool is_one_to_one;
};

/* That a view shows columns of a base table. */
struct view_base {
    const struct schema_table *view, *base;
    uint32_t *base_columns; /* of each column of the view, or NOT_SHOWN */
    struct view_base *next_of_base, *next_of_view;
};

#define NOT_SHOWN UINT32_MAX

/* A table with those of its columns that stand for the columns of a key. */
struct side {
    const struct schema_table *table;
    const uint32_t *columns;
};

struct list {
    void *items;
    size_t item_size;
    uint32_t count, cap;
};

struct build {
    const struct schema *schema;
    struct schema_table *tables;
    struct arena *arena;
    struct view_base **bases_of_view; /* by table index */
    struct view_base **views_of_base;
    struct list edges; /* struct edge */
    struct list rels;  /* struct schema_rel */
};

static void *
list_add(struct list *list)
{
    if (list->count == list->cap) {
        list->cap = list->cap == 0 ? 64 : list->cap * 2;
        list->items = xrealloc(list->items, list->cap * list->item_size);
    }
    return (char *)list->items + list->item_size * list->count++;
}

static uint32_t
index_of(const struct build *b, const struct schema_table *table)
{
    return (uint32_t)(table - b->tables);
}

/* Views */

/* The table and column that a view's column is in the end, through views on views. */
static const struct schema_table *
base_of_column(const struct build *b, const struct model_column *column, uint32_t *base_column)
{
    const struct schema_table *table = NULL;

    for (unsigned depth = 0; depth < MAX_DEPTH && column->base_table.len > 0; depth++) {
        table = schema_find_table(b->schema, column->base_schema, column->base_table);
        if (table == NULL)
            return NULL;
        const struct model_column *found = schema_find_column(table, column->base_column);
        if (found == NULL)
            return NULL;
        *base_column = schema_column_index(table, found);
        if (!table->model->is_view)
            return table;
        column = found;
    }
    return NULL;
}

static struct view_base *
view_base_get(struct build *b, const struct schema_table *view, const struct schema_table *base)
{
    struct view_base **last = &b->bases_of_view[index_of(b, view)];

    for (; *last != NULL; last = &(*last)->next_of_view)
        if ((*last)->base == base)
            return *last;

    uint32_t count = view->model->column_count;
    struct view_base *vb = ARENA_NEW(b->arena, struct view_base);
    vb->view = view;
    vb->base = base;
    vb->base_columns = ARENA_ARRAY(b->arena, uint32_t, count);
    memset(vb->base_columns, 0xff, sizeof(uint32_t) * count);
    *last = vb;

    /* At the end, so that views stay in the order of their names. */
    struct view_base **at = &b->views_of_base[index_of(b, base)];
    while (*at != NULL)
        at = &(*at)->next_of_base;
    *at = vb;
    return vb;
}

static void
view_bases_find(struct build *b, const struct schema_table *view)
{
    for (uint32_t i = 0; i < view->model->column_count; i++) {
        uint32_t column = 0;
        const struct schema_table *base = base_of_column(b, &view->model->columns[i], &column);

        if (base != NULL)
            view_base_get(b, view, base)->base_columns[i] = column;
    }
}

/* The first column of the view at or after from that shows the base column, or NOT_SHOWN. */
static uint32_t
shown_as(const struct view_base *vb, uint32_t base_column, uint32_t from)
{
    for (uint32_t i = from; i < vb->view->model->column_count; i++)
        if (vb->base_columns[i] == base_column)
            return i;
    return NOT_SHOWN;
}

/* A view has the primary keys of the tables of which it shows the whole key. */
static void
view_primary_key(struct build *b, struct schema_table *view)
{
    uint32_t count = 0;

    if (view->pk_column_count > 0)
        return;
    uint32_t *columns = ARENA_ARRAY(b->arena, uint32_t, view->model->column_count + 1);
    for (struct view_base *vb = b->bases_of_view[index_of(b, view)]; vb; vb = vb->next_of_view) {
        uint32_t before = count;

        for (uint32_t i = 0; i < vb->base->pk_column_count; i++) {
            uint32_t column = shown_as(vb, vb->base->pk_columns[i], 0);

            if (column == NOT_SHOWN) {
                count = before;
                break;
            }
            columns[count++] = column;
        }
    }
    view->pk_columns = columns;
    view->pk_column_count = count;
}

/* Edges */

/* Adds the views that show all columns, once for each way to pick them. */
static void
sides_add_picks(struct build *b, struct list *sides, const struct view_base *vb,
                const uint32_t *columns, uint32_t count)
{
    uint32_t *pick = ARENA_ARRAY(b->arena, uint32_t, count);

    for (uint32_t i = 0; i < count; i++) {
        pick[i] = shown_as(vb, columns[i], 0);
        if (pick[i] == NOT_SHOWN)
            return;
    }
    for (unsigned picks = 0; picks < MAX_PICKS; picks++) {
        struct side *side = list_add(sides);
        uint32_t *copy = ARENA_ARRAY(b->arena, uint32_t, count);

        memcpy(copy, pick, sizeof(*copy) * count);
        *side = (struct side){vb->view, copy};

        /* The next pick, as an odometer turns. */
        uint32_t i = count;
        while (i > 0) {
            uint32_t next = shown_as(vb, columns[i - 1], pick[i - 1] + 1);

            if (next != NOT_SHOWN) {
                pick[i - 1] = next;
                break;
            }
            pick[i - 1] = shown_as(vb, columns[i - 1], 0);
            i--;
        }
        if (i == 0)
            return;
    }
}

/* The table itself and all views that show these columns of it. */
static void
sides_find(struct build *b, struct list *sides, const struct schema_table *table,
           const uint32_t *columns, uint32_t count)
{
    struct side *self = list_add(sides);

    *self = (struct side){table, columns};
    for (struct view_base *vb = b->views_of_base[index_of(b, table)]; vb; vb = vb->next_of_base)
        sides_add_picks(b, sides, vb, columns, count);
}

static bool
contains(const uint32_t *columns, uint32_t count, uint32_t column)
{
    for (uint32_t i = 0; i < count; i++)
        if (columns[i] == column)
            return true;
    return false;
}

/* All of a are in b. */
static bool
is_subset(const uint32_t *a, uint32_t a_count, const uint32_t *b, uint32_t b_count)
{
    for (uint32_t i = 0; i < a_count; i++)
        if (!contains(b, b_count, a[i]))
            return false;
    return true;
}

/* The referencing columns are exactly those of the primary key or of a unique constraint. */
static bool
is_one_to_one(const struct model_table *table, const struct model_foreign_key *fk)
{
    for (uint32_t i = 0; i < table->key_count; i++) {
        const struct model_key *key = &table->keys[i];

        if (key->column_count == fk->column_count &&
            is_subset(key->columns, key->column_count, fk->columns, fk->column_count))
            return true;
    }
    return false;
}

/* The indexes of the referenced columns; NULL when the model lacks one. */
static const uint32_t *
ref_columns(struct build *b, const struct schema_table *target, const struct model_foreign_key *fk)
{
    uint32_t *columns = ARENA_ARRAY(b->arena, uint32_t, fk->column_count);

    for (uint32_t i = 0; i < fk->column_count; i++) {
        const struct model_column *column = schema_find_column(target, fk->ref_columns[i]);

        if (column == NULL)
            return NULL;
        columns[i] = schema_column_index(target, column);
    }
    return columns;
}

static void
edges_add_key(struct build *b, const struct schema_table *source,
              const struct model_foreign_key *fk)
{
    struct list from = {.item_size = sizeof(struct side)};
    struct list to = {.item_size = sizeof(struct side)};
    const struct schema_table *target = schema_find_table(b->schema, fk->ref_schema, fk->ref_table);
    const uint32_t *target_columns = target != NULL ? ref_columns(b, target, fk) : NULL;

    if (target_columns == NULL)
        return;
    sides_find(b, &from, source, fk->columns, fk->column_count);
    sides_find(b, &to, target, target_columns, fk->column_count);

    for (uint32_t i = 0; i < from.count; i++) {
        for (uint32_t j = 0; j < to.count; j++) {
            const struct side *s = (struct side *)from.items + i;
            const struct side *t = (struct side *)to.items + j;
            struct edge *edge = list_add(&b->edges);

            *edge = (struct edge){
                .source = s->table,
                .target = t->table,
                .constraint = fk->name,
                .source_columns = s->columns,
                .target_columns = t->columns,
                .column_count = fk->column_count,
                .is_one_to_one = is_one_to_one(source->model, fk),
            };
        }
    }
    free(from.items);
    free(to.items);
}

/* Relationships */

/* An embed reaches only tables of the schema that the request is about. */
static void
rel_add(struct build *b, const struct schema_rel *rel)
{
    if (rel->source->is_exposed && rel->target->is_exposed &&
        str_eq(rel->source->model->schema, rel->target->model->schema) &&
        (rel->junction == NULL || rel->junction->is_exposed))
        *(struct schema_rel *)list_add(&b->rels) = *rel;
}

/* A function takes the place of what the keys say about the same two tables. */
static void
rels_override(struct build *b, const struct schema_table *source,
              const struct model_computed *computed)
{
    struct schema_rel *rels = b->rels.items;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < b->rels.count; i++) {
        const struct model_table *target = rels[i].target->model;

        if (rels[i].source == source && rels[i].computed == NULL &&
            str_eq(target->name, computed->name) && str_eq(target->schema, computed->schema))
            continue;
        rels[kept++] = rels[i];
    }
    b->rels.count = kept;
}

static void
rels_add_computed(struct build *b)
{
    const struct model *model = b->schema->model;

    for (uint32_t i = 0; i < model->computed_count; i++) {
        const struct model_computed *computed = &model->computed[i];
        const struct schema_table *source = &b->tables[computed->table - model->tables];
        const struct schema_table *target =
            computed->target != NULL ? &b->tables[computed->target - model->tables] : NULL;

        if (target == NULL || !source->is_exposed || !target->is_exposed ||
            !str_eq(computed->schema, source->model->schema))
            continue;
        rels_override(b, source, computed);
        *(struct schema_rel *)list_add(&b->rels) = (struct schema_rel){
            .cardinality = computed->is_single ? SCHEMA_MANY_TO_ONE : SCHEMA_ONE_TO_MANY,
            .is_to_one = computed->is_single,
            .is_self = source == target,
            .source = source,
            .target = target,
            .computed = computed,
            .constraint = computed->name,
        };
    }
}

static void
rels_add_edge(struct build *b, const struct edge *edge)
{
    bool one = edge->is_one_to_one;
    struct schema_rel rel = {
        .cardinality = one ? SCHEMA_ONE_TO_ONE : SCHEMA_MANY_TO_ONE,
        .is_to_one = true,
        .is_self = edge->source == edge->target,
        .source_has_key = true,
        .source = edge->source,
        .target = edge->target,
        .constraint = edge->constraint,
        .source_columns = edge->source_columns,
        .target_columns = edge->target_columns,
        .source_column_count = edge->column_count,
        .target_column_count = edge->column_count,
    };

    rel_add(b, &rel);

    rel.cardinality = one ? SCHEMA_ONE_TO_ONE : SCHEMA_ONE_TO_MANY;
    rel.is_to_one = one;
    rel.source_has_key = false;
    rel.source = edge->target;
    rel.target = edge->source;
    rel.source_columns = edge->target_columns;
    rel.target_columns = edge->source_columns;
    rel_add(b, &rel);
}

static void
rels_add_junction(struct build *b, const struct edge *a, const struct edge *z)
{
    const struct schema_table *junction = a->source;
    struct schema_rel rel = {
        .cardinality = SCHEMA_MANY_TO_MANY,
        .is_self = a->target == z->target,
        .source = a->target,
        .target = z->target,
        .constraint = a->constraint,
        .source_columns = a->target_columns,
        .source_column_count = a->column_count,
        .target_columns = z->target_columns,
        .target_column_count = z->column_count,
        .junction = junction,
        .junction_constraint = z->constraint,
        .junction_source_columns = a->source_columns,
        .junction_target_columns = z->source_columns,
    };

    if (!str_eq(a->constraint, z->constraint) &&
        is_subset(z->source_columns, z->column_count, junction->pk_columns,
                  junction->pk_column_count))
        rel_add(b, &rel);
}

static int
edge_cmp_source(const void *a, const void *b)
{
    const struct edge *x = a, *y = b;

    return (x->source > y->source) - (x->source < y->source);
}

/* Pairs of many-to-one edges out of the same table whose primary key holds both. */
static void
rels_add_junctions(struct build *b)
{
    struct edge *edges = b->edges.items;
    uint32_t count = b->edges.count;

    if (count > 0)
        qsort(edges, count, sizeof(*edges), edge_cmp_source);
    for (uint32_t i = 0; i < count; i++) {
        const struct schema_table *junction = edges[i].source;

        if (edges[i].is_one_to_one || !is_subset(edges[i].source_columns, edges[i].column_count,
                                                 junction->pk_columns, junction->pk_column_count))
            continue;
        uint32_t j = i;
        while (j > 0 && edges[j - 1].source == junction)
            j--;
        for (; j < count && edges[j].source == junction; j++)
            if (!edges[j].is_one_to_one)
                rels_add_junction(b, &edges[i], &edges[j]);
    }
}

static int
columns_cmp(const uint32_t *a, const uint32_t *b, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    return 0;
}

/* A total order, so that answers don't depend on how the sort works. */
static int
rel_cmp(const void *a, const void *b)
{
    const struct schema_rel *x = a, *y = b;
    int order = (x->source > y->source) - (x->source < y->source);

    if (order == 0)
        order = (x->target > y->target) - (x->target < y->target);
    if (order == 0)
        order = (int)x->cardinality - (int)y->cardinality;
    if (order == 0)
        order = (x->junction > y->junction) - (x->junction < y->junction);
    if (order == 0)
        order = str_cmp(x->constraint, y->constraint);
    if (order == 0)
        order = str_cmp(x->junction_constraint, y->junction_constraint);
    if (order == 0)
        order = (int)x->source_has_key - (int)y->source_has_key;
    if (order == 0)
        order = columns_cmp(x->source_columns, y->source_columns, x->source_column_count);
    if (order == 0)
        order = columns_cmp(x->target_columns, y->target_columns, x->target_column_count);
    return order;
}

static void
rels_hand_out(struct build *b)
{
    struct schema_rel *rels = ARENA_ARRAY(b->arena, struct schema_rel, b->rels.count + 1);
    uint32_t i = 0;

    if (b->rels.count == 0)
        return;
    memcpy(rels, b->rels.items, sizeof(*rels) * b->rels.count);
    qsort(rels, b->rels.count, sizeof(*rels), rel_cmp);
    while (i < b->rels.count) {
        struct schema_table *table = &b->tables[index_of(b, rels[i].source)];

        table->rels = &rels[i];
        for (; i < b->rels.count && rels[i].source == table; i++)
            table->rel_count++;
    }
}

void
schema_rels_build(const struct schema *schema, struct schema_table *tables, struct arena *arena)
{
    uint32_t count = schema->table_count;
    struct build b = {
        .schema = schema,
        .tables = tables,
        .arena = arena,
        .bases_of_view = xcalloc(count + 1, sizeof(struct view_base *)),
        .views_of_base = xcalloc(count + 1, sizeof(struct view_base *)),
        .edges = {.item_size = sizeof(struct edge)},
        .rels = {.item_size = sizeof(struct schema_rel)},
    };

    for (uint32_t i = 0; i < count; i++) {
        if (!tables[i].model->is_view)
            continue;
        view_bases_find(&b, &tables[i]);
        view_primary_key(&b, &tables[i]);
    }
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t j = 0; j < tables[i].model->foreign_key_count; j++)
            edges_add_key(&b, &tables[i], &tables[i].model->foreign_keys[j]);

    rels_add_junctions(&b);
    for (uint32_t i = 0; i < b.edges.count; i++)
        rels_add_edge(&b, (struct edge *)b.edges.items + i);
    rels_add_computed(&b);
    rels_hand_out(&b);

    free(b.rels.items);
    free(b.edges.items);
    free(b.views_of_base);
    free(b.bases_of_view);
}

/* Finding */

static bool
is_single(const struct model_table *table, const uint32_t *columns, uint32_t count, struct str name)
{
    return count == 1 && str_eq(table->columns[columns[0]].name, name);
}

static bool
is_origin_column(const struct schema_rel *rel, struct str name)
{
    return rel->junction == NULL &&
           is_single(rel->source->model, rel->source_columns, rel->source_column_count, name);
}

static bool
is_target_column(const struct schema_rel *rel, struct str name)
{
    return rel->junction == NULL &&
           is_single(rel->target->model, rel->target_columns, rel->target_column_count, name);
}

static bool
is_constraint(const struct schema_rel *rel, struct str name)
{
    return rel->junction == NULL && str_eq(rel->constraint, name);
}

/* The one key gives two relationships here, so the names that mean both elsewhere pick one. */
static bool
is_self_match(const struct schema_rel *rel, struct str target, struct str hint)
{
    bool children =
        rel->cardinality == SCHEMA_ONE_TO_MANY && str_eq(rel->target->model->name, target);

    if (hint.data != NULL)
        return children && is_target_column(rel, hint);
    return children || (rel->cardinality == SCHEMA_MANY_TO_ONE && is_origin_column(rel, target));
}

static bool
is_match(const struct schema_rel *rel, struct str target, struct str hint)
{
    bool by_name = str_eq(rel->target->model->name, target);

    if (rel->computed != NULL)
        return str_eq(rel->computed->name, target);
    if (rel->is_self)
        return is_self_match(rel, target, hint);
    if (hint.data == NULL)
        return by_name || (!rel->target->model->is_view &&
                           (is_constraint(rel, target) || is_origin_column(rel, target)));
    return by_name && (is_constraint(rel, hint) || is_origin_column(rel, hint) ||
                       is_target_column(rel, hint) ||
                       (rel->junction != NULL && str_eq(rel->junction->model->name, hint)));
}

size_t
schema_find_rel(const struct schema_table *table, struct str target, struct str hint,
                const struct schema_rel **out, size_t max)
{
    size_t found = 0;

    for (uint32_t i = 0; i < table->rel_count; i++) {
        if (!is_match(&table->rels[i], target, hint))
            continue;
        if (found < max)
            out[found] = &table->rels[i];
        found++;
    }
    return found;
}
