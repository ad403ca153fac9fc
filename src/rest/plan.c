/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/plan.h"
#include "rest/plan_check.h"
#include "rest/plan_embed.h"
#include "rest/plan_form.h"
#include "rest/plan_group.h"

struct planner {
    const struct plan_input *in;
    struct arena *arena;
    struct err *err;
    uint32_t rel_count;
    /* What PostgreSQL would say of the statement comes after all that is wrong with the request. */
    struct err late;
    bool has_late;
};

#define REL_CANDIDATES 16
/* PostgreSQL's MaxTupleAttributeNumber; and what a function of SQLite takes, less one. */
#define COLUMNS_MAX 1664
#define EMBED_COLUMNS_MAX 999

/* Keeps the first of those errors, and goes on. */
static bool
postpone(struct planner *p)
{
    if (!p->has_late)
        p->late = *p->err;
    p->has_late = true;
    return true;
}

static void
find_computed(const struct plan_rel *rel, struct str name, struct plan_field *out)
{
    const struct schema_computed *computed = schema_find_computed(rel->table, name);

    if (computed == NULL)
        return;
    out->column = &computed->column;
    out->computed = computed->model;
}

static unsigned
depth_of(const struct plan_rel *rel)
{
    unsigned depth = 0;

    while (rel->parent != NULL) {
        rel = rel->parent;
        depth++;
    }
    return depth;
}

static bool
resolve_field(struct planner *p, const struct plan_rel *rel, const struct api_field *field,
              struct plan_field *out)
{
    static const struct model_column unknown = {.type = {.id = TYPE_TEXT}};

    out->rel = rel;
    out->steps = field->steps;
    out->step_count = field->step_count;
    out->column = schema_find_column(rel->table, field->column);
    if (out->column == NULL)
        find_computed(rel, field->column, out);
    if (out->column == NULL && !plan_fail_column(rel->table, depth_of(rel), field->column, p->err))
        out->column = postpone(p) ? &unknown : NULL;
    out->type = &out->column->type;
    if (field->step_count == 0)
        return true;
    if (!plan_check_json(field, p->err))
        postpone(p);
    out->type = field->steps[field->step_count - 1].as_text ? type_builtin(TYPE_TEXT)
                : out->column->type.id == TYPE_JSON         ? type_builtin(TYPE_JSON)
                                                            : type_builtin(TYPE_JSONB);
    return true;
}

/* The key of an item without alias: the last JSON key that is no index, else the column. */
static struct str
default_key(const struct api_field *field)
{
    for (uint32_t i = field->step_count; i > 0; i--) {
        if (!field->steps[i - 1].is_index)
            return field->steps[i - 1].key;
    }
    return field->column;
}

/* What the item is about, before an aggregate. */
static bool
add_value(struct planner *p, const struct plan_rel *rel, const struct api_item *item,
          struct plan_column *column)
{
    if (item->field.column.data == NULL) {
        column->kind = PLAN_ROW;
        return true;
    }
    column->kind = PLAN_FIELD;
    column->key = item->alias.data != NULL ? item->alias : default_key(&item->field);
    if (!resolve_field(p, rel, &item->field, &column->field))
        return false;
    column->type = column->field.type;
    if (item->cast.data == NULL)
        return true;
    column->has_cast = true;
    column->type = &column->cast;
    return plan_check_cast(p->in, column->field.type, item->cast, &column->cast, &column->cast_name,
                           p->err) ||
           postpone(p);
}

/* "select=count" is a count of the rows, aggregates enabled or not: point 16. */
static bool
is_bare_count(const struct plan_rel *rel, const struct api_item *item)
{
    return item->aggregate == API_AGG_NONE && item->field.step_count == 0 &&
           str_eq(item->field.column, STR("count")) &&
           schema_find_column(rel->table, item->field.column) == NULL;
}

static bool
add_count(struct planner *p, const struct api_item *item, struct plan_column *column)
{
    column->kind = PLAN_COUNT;
    if (!column->has_alias)
        column->key = STR("count");
    column->type = type_builtin(TYPE_INT8);
    if (item->cast.data == NULL)
        return true;
    column->has_cast = true;
    column->type = &column->cast;
    return plan_check_cast(p->in, type_builtin(TYPE_INT8), item->cast, &column->cast,
                           &column->cast_name, p->err) ||
           postpone(p);
}

static bool
add_field_column(struct planner *p, const struct plan_rel *rel, const struct api_item *item,
                 struct plan_column *column)
{
    *column = (struct plan_column){
        .origin = rel, .key = item->alias, .has_alias = item->alias.data != NULL};
    if (is_bare_count(rel, item))
        return add_count(p, item, column);
    return add_value(p, rel, item, column) &&
           (item->aggregate == API_AGG_NONE || plan_aggregate(p->in, item, column, p->err) ||
            postpone(p));
}

static bool make_columns(struct planner *p, struct plan_rel *rel, const struct api_item *items);

static bool
add_embed(struct planner *p, struct plan_rel *parent, const struct api_item *item,
          struct plan_rel **out)
{
    const struct schema_rel *found[REL_CANDIDATES];
    size_t count = schema_find_rel(parent->table, item->target, item->hint, found, REL_CANDIDATES);
    struct plan_rel *rel = ARENA_NEW(p->arena, struct plan_rel);
    struct plan_rel **tail = &parent->children;

    if (count == 0)
        return plan_fail_no_rel(parent->table, item->target, item->hint, p->err);
    if (count > 1)
        return plan_fail_ambiguous(parent->table, item->target, found,
                                   count < REL_CANDIDATES ? count : REL_CANDIDATES, p->err);
    rel->table = found[0]->target;
    rel->rel = found[0];
    rel->parent = parent;
    rel->number = ++p->rel_count;
    rel->target = item->target;
    rel->key = item->alias.data != NULL ? item->alias : item->target;
    rel->is_to_one = found[0]->is_to_one;
    rel->is_inner = item->join == API_JOIN_INNER;
    rel->is_spread = item->is_spread;
    rel->limit_slot = rel->offset_slot = API_NO_SLOT;
    rel->rows_max = p->in->limits->rows_max;
    while (*tail != NULL)
        tail = &(*tail)->next;
    *tail = rel;
    *out = rel;
    return make_columns(p, rel, item->children);
}

/* A column as it is, under its own name. */
static struct plan_column
simple_column(const struct plan_rel *rel, const struct model_column *column)
{
    return (struct plan_column){
        .kind = PLAN_FIELD,
        .origin = rel,
        .key = column->name,
        .field = {.rel = rel, .column = column, .type = &column->type},
        .type = &column->type,
    };
}

/* The columns of a level under way. */
struct column_list {
    struct plan_column *items;
    uint32_t count, cap;
};

/* Room for more columns, as far as the level may have them. */
static bool
reserve_columns(struct planner *p, const struct plan_rel *rel, struct column_list *list,
                uint32_t more)
{
    uint32_t max = rel->parent == NULL ? COLUMNS_MAX : EMBED_COLUMNS_MAX;
    struct plan_column *grown = NULL;

    if (!plan_check_column_count(list->count + more, max, p->err))
        return false;
    if (list->count + more <= list->cap)
        return true;
    list->cap = list->count + more > 2 * list->cap ? list->count + more : 2 * list->cap;
    grown = ARENA_ARRAY(p->arena, struct plan_column, list->cap);
    if (list->count > 0)
        memcpy(grown, list->items, list->count * sizeof(*grown));
    list->items = grown;
    return !arena_is_exhausted(p->arena) || plan_fail_memory(p->err);
}

static bool
add_star(struct planner *p, const struct plan_rel *rel, struct column_list *list)
{
    const struct model_table *model = rel->table->model;

    if (!reserve_columns(p, rel, list, model->column_count))
        return false;
    for (uint32_t i = 0; i < model->column_count; i++)
        list->items[list->count++] = simple_column(rel, &model->columns[i]);
    return true;
}

/* The columns of a spread stand in the parent, each under its own key. */
static bool
add_spread(struct planner *p, struct plan_rel *rel, const struct api_item *item,
           struct column_list *list)
{
    struct plan_rel *embed = NULL;

    if (!add_embed(p, rel, item, &embed) || !reserve_columns(p, rel, list, embed->column_count))
        return false;
    for (uint32_t i = 0; i < embed->column_count; i++) {
        struct plan_column *column = &list->items[list->count++];

        *column = embed->columns[i];
        if (!embed->is_to_one)
            column->type = type_builtin(TYPE_JSON);
    }
    return true;
}

static bool
add_item(struct planner *p, struct plan_rel *rel, const struct api_item *item,
         struct column_list *list)
{
    struct plan_rel *embed = NULL;

    if (item->kind == API_ITEM_STAR)
        return add_star(p, rel, list);
    if (item->is_spread)
        return add_spread(p, rel, item, list);
    if (!reserve_columns(p, rel, list, 1))
        return false;
    if (item->kind == API_ITEM_FIELD)
        return add_field_column(p, rel, item, &list->items[list->count++]);
    if (!add_embed(p, rel, item, &embed))
        return false;
    /* target() joins without output, and so does what has nothing but such: point 23. */
    if (embed->column_count > 0)
        list->items[list->count++] = (struct plan_column){.kind = PLAN_EMBED,
                                                          .origin = rel,
                                                          .key = embed->key,
                                                          .embed = embed,
                                                          .type = type_builtin(TYPE_JSON)};
    return true;
}

static bool
make_columns(struct planner *p, struct plan_rel *rel, const struct api_item *items)
{
    struct column_list list = {0};

    if (items == NULL && rel->parent == NULL && !add_star(p, rel, &list))
        return false;
    for (const struct api_item *item = items; item != NULL; item = item->next) {
        if (!add_item(p, rel, item, &list))
            return false;
    }
    rel->columns = list.items;
    rel->column_count = list.count;
    return true;
}

static struct plan_rel *
find_child(const struct plan_rel *rel, struct str name)
{
    for (struct plan_rel *child = rel->children; child != NULL; child = child->next) {
        if (str_eq(child->key, name))
            return child;
    }
    return NULL;
}

/* What a level of the query string is about: an embed by its alias, or, as long as that is let
 * through, by its target. */
static bool
find_level(struct planner *p, struct plan *plan, struct plan_rel **rel, struct str name)
{
    struct plan_rel *found = find_child(*rel, name);
    struct plan_rel *child = (*rel)->children;

    while (found == NULL && child != NULL && !str_eq(child->target, name))
        child = child->next;
    if (found == NULL && child == NULL)
        return plan_fail_not_embedded(name, p->err);
    if (found == NULL && p->in->limits->aliases_only)
        return plan_fail_legacy_name(name, child->key, p->err);
    if (found == NULL) {
        plan->legacy_name = name;
        plan->legacy_alias = child->key;
        found = child;
    }
    *rel = found;
    return true;
}

static bool
make_cond(struct planner *p, const struct plan_rel *rel, const struct api_cond *from,
          struct plan_cond **out)
{
    struct plan_cond *cond = ARENA_NEW(p->arena, struct plan_cond);
    struct plan_cond **tail = &cond->children;
    const struct plan_rel *embed = NULL;

    *out = cond;
    cond->negated = from->negated;
    if (from->kind != API_COND_FILTER) {
        cond->kind = from->kind == API_COND_AND ? PLAN_COND_AND : PLAN_COND_OR;
        for (const struct api_cond *child = from->children; child != NULL; child = child->next) {
            if (!make_cond(p, rel, child, tail))
                return false;
            tail = &(*tail)->next;
        }
        return true;
    }
    if (from->filter.op == API_IS && from->filter.field.step_count == 0 &&
        (from->filter.is == API_IS_NULL || from->filter.is == API_IS_NOT_NULL))
        embed = find_child(rel, from->filter.field.column);
    if (embed != NULL) {
        cond->kind = PLAN_COND_EXISTS;
        cond->embed = embed;
        cond->negated = (from->filter.is == API_IS_NULL) != from->negated;
        return true;
    }
    cond->kind = PLAN_COND_FILTER;
    cond->filter = &from->filter;
    return resolve_field(p, rel, &from->filter.field, &cond->field) &&
           (plan_check_filter(p->in->dialect, cond->field.type, &from->filter, p->err) ||
            postpone(p));
}

/* order=relation(column): the to-one embed called so. */
static bool
find_related(struct planner *p, const struct plan_rel *rel, struct str name,
             const struct plan_rel **out)
{
    *out = find_child(rel, name);
    if (*out == NULL)
        return plan_fail_not_embedded(name, p->err);
    if ((*out)->is_to_one)
        return true;
    err_set(p->err, ERR_REQUEST, "PGRST118", "A related order on '%.*s' is not possible",
            STR_ARG(name));
    err_details(p->err, "'%.*s' and '%.*s' do not form a many-to-one or one-to-one relationship",
                STR_ARG(rel->table->model->name), STR_ARG(name));
    return false;
}

/* What a related order means: a column as the embed shows it, under its name there, or any other
 * column of its table. */
static bool
resolve_order(struct planner *p, const struct plan_rel *rel, const struct api_order *from,
              struct plan_order *order)
{
    const struct plan_rel *via = order->via;

    for (uint32_t i = 0; via != NULL && from->field.step_count == 0 && i < via->column_count; i++) {
        const struct plan_column *column = &via->columns[i];

        if (column->kind != PLAN_FIELD || column->origin != via ||
            column->aggregate != API_AGG_NONE || !str_eq(column->key, from->field.column))
            continue;
        order->shown = column;
        order->field = column->field;
        order->field.type = column->type;
        return true;
    }
    return resolve_field(p, via != NULL ? via : rel, &from->field, &order->field);
}

static bool
make_order(struct planner *p, struct plan_rel *rel, const struct api_order *from)
{
    struct plan_order **tail = &rel->order;

    for (; from != NULL; from = from->next) {
        struct plan_order *order = ARENA_NEW(p->arena, struct plan_order);

        if (from->relation.data != NULL && !find_related(p, rel, from->relation, &order->via))
            return false;
        if (!resolve_order(p, rel, from, order))
            return false;
        if (!plan_check_order(p->in->dialect, order->field.type, p->err))
            postpone(p);
        order->descending = from->descending;
        /* PostgreSQL's default: nulls are larger than everything. */
        order->nulls_first = from->nulls == API_NULLS_FIRST ||
                             (from->nulls == API_NULLS_DEFAULT && from->descending);
        *tail = order;
        tail = &order->next;
    }
    return true;
}

static bool
apply_level(struct planner *p, struct plan *plan, const struct api_level *level)
{
    struct plan_rel *rel = plan->root;
    struct plan_cond **tail = NULL;

    for (uint32_t i = 0; i < level->path_len; i++) {
        if (!find_level(p, plan, &rel, level->path[i]))
            return false;
    }
    tail = &rel->conds;
    while (*tail != NULL)
        tail = &(*tail)->next;
    for (const struct api_cond *cond = level->conds; cond != NULL; cond = cond->next) {
        if (!make_cond(p, rel, cond, tail))
            return false;
        tail = &(*tail)->next;
    }
    rel->limit_slot = level->limit_slot;
    rel->offset_slot = level->offset_slot;
    rel->limit_fixed = level->limit_fixed;
    rel->is_offset_zero = level->is_offset_zero;
    return make_order(p, rel, level->order);
}

/* An inner embed drops parents without a match: out of what is read, or, of what a write changes,
 * out of what it shows. */
static void
apply_inner(struct planner *p, struct plan_rel *rel, struct plan_cond **conds)
{
    for (struct plan_rel *child = rel->children; child != NULL; child = child->next) {
        apply_inner(p, child, &child->conds);
        if (child->is_inner) {
            struct plan_cond *cond = ARENA_NEW(p->arena, struct plan_cond);

            cond->kind = PLAN_COND_EXISTS;
            cond->embed = child;
            cond->next = *conds;
            *conds = cond;
        }
    }
}

/* Whether the filters leave one row at most: each column of the primary key equals something. */
static bool
pins_key(const struct plan_rel *rel)
{
    uint32_t pinned = 0;

    for (uint32_t i = 0; i < rel->table->pk_column_count; i++) {
        const struct model_column *column = &rel->table->model->columns[rel->table->pk_columns[i]];
        const struct plan_cond *cond = rel->conds;

        while (cond != NULL &&
               (cond->kind != PLAN_COND_FILTER || cond->negated || cond->filter->op != API_EQ ||
                cond->field.step_count > 0 || cond->filter->quantifier != API_QUANT_NONE ||
                cond->field.column != column))
            cond = cond->next;
        pinned += cond != NULL;
    }
    return pinned > 0 && pinned == rel->table->pk_column_count;
}

static bool
contains(const struct model_column *const *columns, uint32_t count,
         const struct model_column *column)
{
    for (uint32_t i = 0; i < count; i++) {
        if (columns[i] == column)
            return true;
    }
    return false;
}

/* The columns called so, each once. */
static bool
make_names(struct planner *p, const struct str *names, uint32_t count,
           const struct model_column ***out, uint32_t *out_count)
{
    const struct model_column **columns = ARENA_ARRAY(p->arena, const struct model_column *, count);

    *out_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct model_column *column = schema_find_column(p->in->table, names[i]);

        if (column == NULL)
            return err_set(p->err, ERR_REQUEST, "PGRST204",
                           "Could not find the '%.*s' column of '%.*s' in the schema cache",
                           STR_ARG(str_slice(names[i], 0, 200)),
                           STR_ARG(p->in->table->model->name));
        if (!contains(columns, *out_count, column))
            columns[(*out_count)++] = column;
    }
    *out = columns;
    return true;
}

static bool
make_conflict(struct planner *p, struct plan *plan)
{
    const struct api_request *api = p->in->api;

    plan->resolution = api->prefer.resolution;
    if (plan->resolution == API_RESOLUTION_NONE)
        return true;
    if (api->on_conflict_count > 0)
        return make_names(p, api->on_conflict, api->on_conflict_count, &plan->conflict,
                          &plan->conflict_count);
    plan->conflict_count = p->in->table->pk_column_count;
    plan->conflict = ARENA_ARRAY(p->arena, const struct model_column *, plan->conflict_count + 1);
    for (uint32_t i = 0; i < plan->conflict_count; i++)
        plan->conflict[i] = &p->in->table->model->columns[p->in->table->pk_columns[i]];
    /* Without a key there is nothing to conflict with: the preference is not applied. */
    if (plan->conflict_count == 0)
        plan->resolution = API_RESOLUTION_NONE;
    return true;
}

static bool
has_draw(const struct model_column **columns, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (schema_column_draws(columns[i]))
            return true;
    }
    return false;
}

static bool
make_write(struct planner *p, struct plan *plan)
{
    const struct api_request *api = p->in->api;
    bool named = api->columns != NULL;

    plan->returns_rows = api->prefer.ret == API_RETURN_REPRESENTATION;
    if (plan->action == PLAN_DELETE)
        return true;
    if (!make_names(p, named ? api->columns : p->in->payload_keys,
                    named ? api->column_count : p->in->payload_key_count, &plan->columns,
                    &plan->column_count))
        return false;
    plan->missing_default =
        api->prefer.missing_default && (named || has_draw(plan->columns, plan->column_count));
    plan->way = p->in->way;
    return plan->action == PLAN_UPDATE || make_conflict(p, plan);
}

/* Of a write that gives back headers only: the primary key, for Location. */
static void
select_key(struct planner *p, struct plan_rel *root)
{
    root->column_count = root->table->pk_column_count;
    root->columns = ARENA_ARRAY(p->arena, struct plan_column, root->column_count + 1);
    for (uint32_t i = 0; i < root->column_count; i++)
        root->columns[i] =
            simple_column(root, &root->table->model->columns[root->table->pk_columns[i]]);
}

/* A write without representation ignores select, and with it what is said about embeds. */
static bool
make_shown(struct planner *p, struct plan *plan, bool shows)
{
    const struct api_request *api = p->in->api;
    struct plan_rel *root = plan->root;
    bool headers = plan->action == PLAN_INSERT && api->prefer.ret == API_RETURN_HEADERS &&
                   root->table->pk_column_count > 0;

    if (shows && !make_columns(p, root, api->select))
        return false;
    for (const struct api_level *level = api->levels; level != NULL; level = level->next) {
        if ((shows || level->path_len == 0) && !apply_level(p, plan, level))
            return false;
    }
    if (headers) {
        select_key(p, root);
        root->order = NULL;
        plan->returns_rows = true;
    }
    return true;
}

/* Only PostgreSQL has a planner that guesses rows, and it knows nothing of what a function
 * returns. */
static enum api_count
count_kind(const struct plan_input *input)
{
    enum api_count count = input->api->prefer.count;

    if (count == API_COUNT_NONE)
        return count;
    if (input->call != NULL)
        return count == API_COUNT_PLANNED ? API_COUNT_NONE : API_COUNT_EXACT;
    return input->dialect == DB_POSTGRES ? count : API_COUNT_EXACT;
}

bool
plan_asks_nothing(const struct plan *plan)
{
    return plan->action == PLAN_UPDATE && plan->column_count == 0;
}

bool
plan_make(const struct plan_input *input, struct plan **out, struct err *err)
{
    struct planner p = {.in = input, .arena = input->arena, .err = err};
    struct plan *plan = ARENA_NEW(input->arena, struct plan);
    struct plan_rel *root = ARENA_NEW(input->arena, struct plan_rel);
    bool is_write = input->action != PLAN_READ;

    plan->action = input->action;
    plan->nulls_stripped = input->api->nulls_stripped;
    plan->explain = input->api->explain;
    plan->handler = input->handler;
    plan->is_csv = input->api->media == API_MEDIA_CSV;
    plan->schema = input->schema;
    plan->role = input->role;
    plan->root = root;
    root->table = input->table;
    root->call = input->call;
    root->key = root->target = input->table->model->name;
    root->limit_slot = root->offset_slot = API_NO_SLOT;
    root->rows_max = is_write ? 0 : input->limits->rows_max;
    plan->count = is_write ? API_COUNT_NONE : count_kind(input);
    if (is_write && !make_write(&p, plan))
        return false;
    if (!make_shown(&p, plan, !is_write || plan->returns_rows))
        return false;
    if (!plan_check_aggregates(input, root, err))
        return false;
    if (p.has_late && !plan_asks_nothing(plan)) {
        *err = p.late;
        return false;
    }
    if (!plan_group(input, root, err))
        return false;
    /* A key is located as it is. */
    if (input->action != PLAN_INSERT || input->api->prefer.ret != API_RETURN_HEADERS)
        plan_apply_forms(input, root);
    plan->at_most_one = pins_key(root);
    plan_choose_forms(input, plan);
    apply_inner(&p, root, is_write ? &plan->shown : &root->conds);
    if (is_write && !plan_find_target(input, plan, err))
        return false;
    *out = plan;
    return true;
}
