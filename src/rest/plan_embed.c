/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/plan_embed.h"

/* Each level doubles the quotes of the one below. */
#define RECORD_DEPTH_MAX 3
/* Each row of an embed is compared with the keys of all of them, where no index serves. */
#define GATHER_PARENTS_MAX 1000
/* PostgreSQL takes 1664; the root's own are counted, too. */
#define CELLS_MAX 1600

/* SQLite joins 64 tables at most, and takes its time to plan many. */
#define JOINS_MAX_SQLITE 16

struct chooser {
    enum db_dialect dialect;
    uint32_t joins, joins_max;
    uint32_t cells;
};

/* The columns that the join goes by hold one of the target's keys. */
static bool
has_key(const struct schema_rel *rel)
{
    const struct model_table *model = rel->target->model;

    for (uint32_t k = 0; k < model->key_count; k++) {
        uint32_t found = 0;

        for (uint32_t i = 0; i < model->keys[k].column_count; i++) {
            uint32_t at = 0;

            while (at < rel->target_column_count &&
                   rel->target_columns[at] != model->keys[k].columns[i])
                at++;
            found += at < rel->target_column_count;
        }
        if (found > 0 && found == model->keys[k].column_count)
            return true;
    }
    return false;
}

/* Of a spread there is no telling whether a row is there, so that no other embed may depend on
 * it. */
static bool
has_plain_columns(const struct plan_rel *rel)
{
    for (uint32_t i = 0; i < rel->column_count; i++) {
        const struct plan_column *column = &rel->columns[i];

        if (column->kind == PLAN_EMBED && !rel->is_spread)
            continue;
        if (column->kind != PLAN_FIELD || column->has_cast || column->form.len > 0 ||
            column->aggregate != API_AGG_NONE || column->field.computed != NULL ||
            (column->origin != rel && rel->is_spread))
            return false;
    }
    return true;
}

static bool
can_join(const struct plan_rel *rel)
{
    const struct model_table *model = rel->table->model;

    return rel->is_to_one && rel->column_count > 0 && !rel->is_grouped &&
           rel->rel->computed == NULL && rel->rel->junction == NULL && !model->is_view &&
           !model->has_heirs && rel->order == NULL && rel->limit_slot == API_NO_SLOT &&
           rel->limit_fixed == 0 && rel->offset_slot == API_NO_SLOT && has_key(rel->rel) &&
           has_plain_columns(rel);
}

/* A column that the join goes by is not null where there is a row. */
static void
find_mark(struct plan_rel *rel)
{
    const struct model_column *columns = rel->table->model->columns;

    rel->mark = PLAN_NO_MARK;
    for (uint32_t i = 0; i < rel->column_count && rel->mark == PLAN_NO_MARK; i++) {
        const struct plan_column *column = &rel->columns[i];

        if (column->kind != PLAN_FIELD || column->origin != rel || column->field.step_count > 0)
            continue;
        for (uint32_t k = 0; k < rel->rel->target_column_count; k++) {
            if (column->field.column == &columns[rel->rel->target_columns[k]])
                rel->mark = i;
        }
    }
}

/* The levels below rel; depth is how many texts of rows rel is inside of. */
static void
choose_below(struct chooser *c, struct plan_rel *rel, bool joins, unsigned depth)
{
    for (struct plan_rel *child = rel->children; child != NULL; child = child->next) {
        bool child_joins = joins && can_join(child) && c->joins < c->joins_max &&
                           c->cells + child->column_count < CELLS_MAX;

        if (child_joins) {
            child->form = PLAN_JOINED;
            c->joins++;
            c->cells += child->column_count + 1;
            find_mark(child);
        } else if (!child->is_spread && c->dialect == DB_POSTGRES) {
            child->form = PLAN_RECORD;
        }
        if (child->is_grouped || (child->is_spread && !child->is_to_one))
            continue;
        if (depth < RECORD_DEPTH_MAX)
            choose_below(c, child, child_joins, depth + (child->form == PLAN_RECORD));
    }
}

/* An index of a key has the rows in that order. */
static bool
is_in_order_of_key(const struct plan_rel *root)
{
    const struct model_table *model = root->table->model;
    const struct plan_order *first = root->order;

    if (model->is_view || first->via != NULL || first->field.step_count > 0 ||
        first->field.computed != NULL)
        return false;
    for (uint32_t i = 0; i < model->key_count; i++) {
        if (model->keys[i].column_count > 0 &&
            first->field.column == &model->columns[model->keys[i].columns[0]])
            return true;
    }
    return false;
}

/* A limit on rows that have to be sorted first would come after all of them were joined. So do rows
 * that an offset passes over, which SQLite does without a look at what they refer to. */
static bool
lets_join(enum db_dialect dialect, const struct plan *plan)
{
    const struct plan_rel *root = plan->root;
    bool is_cut = root->limit_slot != API_NO_SLOT || root->limit_fixed > 0 || root->rows_max > 0;
    bool passes_over = root->offset_slot != API_NO_SLOT && !root->is_offset_zero;

    return plan->action == PLAN_READ && root->call == NULL &&
           (root->order == NULL || !is_cut || is_in_order_of_key(root)) &&
           (dialect == DB_POSTGRES || !passes_over);
}

/* Keys of the same type have the same text when they are equal. */
static bool
has_plain_key(const struct schema_rel *rel)
{
    const struct model_column *source = &rel->source->model->columns[rel->source_columns[0]];
    const struct model_column *target =
        rel->junction != NULL ? &rel->junction->model->columns[rel->junction_source_columns[0]]
                              : &rel->target->model->columns[rel->target_columns[0]];

    switch (source->type.id) {
    case TYPE_INT2:
    case TYPE_INT4:
    case TYPE_INT8:
        return target->type.id == TYPE_INT2 || target->type.id == TYPE_INT4 ||
               target->type.id == TYPE_INT8;
    case TYPE_UUID:
        return target->type.id == TYPE_UUID;
    case TYPE_TEXT:
    case TYPE_VARCHAR:
        return target->type.id == TYPE_TEXT || target->type.id == TYPE_VARCHAR;
    default:
        return false;
    }
}

static bool
has_plain_order(const struct plan_rel *rel)
{
    for (const struct plan_order *order = rel->order; order != NULL; order = order->next) {
        if (order->via != NULL || order->field.computed != NULL)
            return false;
    }
    return true;
}

static bool
can_gather(const struct plan_rel *rel)
{
    return rel->form == PLAN_RECORD && !rel->is_to_one && !rel->is_spread && !rel->is_grouped &&
           rel->column_count > 0 && rel->rel->computed == NULL &&
           rel->rel->source_column_count == 1 && has_plain_order(rel) &&
           rel->limit_slot == API_NO_SLOT && rel->limit_fixed == 0 &&
           rel->offset_slot == API_NO_SLOT && rel->rows_max > 0 && has_plain_key(rel->rel) &&
           has_plain_columns(rel);
}

/* Embeds whose rows are found for all rows of the root at once. */
static void
choose_gathered(struct chooser *c, struct plan *plan)
{
    const struct plan_rel *root = plan->root;
    int64_t rows = root->limit_fixed > 0 && root->limit_fixed < root->rows_max ? root->limit_fixed
                                                                               : root->rows_max;

    if (rows == 0 || rows > GATHER_PARENTS_MAX || plan->at_most_one)
        return;
    for (struct plan_rel *child = root->children; child != NULL; child = child->next) {
        if (!can_gather(child) || c->cells + child->column_count + 1 >= CELLS_MAX)
            continue;
        child->gather = ++plan->gather_count;
        c->cells += child->column_count + 1;
    }
}

void
plan_choose_forms(const struct plan_input *input, struct plan *plan)
{
    struct plan_rel *root = plan->root;
    struct chooser c = {
        .dialect = input->dialect,
        .joins_max = input->dialect == DB_POSTGRES ? UINT32_MAX : JOINS_MAX_SQLITE,
        .cells = root->column_count,
    };

    if (plan->is_csv || plan->nulls_stripped || plan->handler != NULL || root->is_grouped)
        return;
    choose_below(&c, root, lets_join(input->dialect, plan), 0);
    if (input->dialect == DB_POSTGRES && plan->action == PLAN_READ && root->call == NULL)
        choose_gathered(&c, plan);
}
