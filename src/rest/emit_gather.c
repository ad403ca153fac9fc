/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A read of PostgreSQL that looks for the rows of an embed once, for all rows of the root, instead
 * of once for each of them:
 *
 *   WITH page (c1, k1) AS MATERIALIZED (the root's rows, with the key that the embed goes by)
 *   (SELECT 1, NULL, key, the embed's columns FROM ... WHERE key = ANY (ARRAY(SELECT k1 FROM page)) LIMIT n)
 *   UNION ALL (SELECT 0, c1, k1, ... FROM page)
 *
 * The first column says what a row is: 0 one of the root, else one of the embed in that place
 * (plan_rel.gather). Behind it are the root's cells, and for each place the key and the embed's
 * cells; what a row isn't, is null. Rows of embeds come first, so that they are there when the rows
 * that they belong to are written.
 *
 * No embed may have more than rows_max rows: n is one more than that for all rows of the root
 * together. When so many come, whoever sent this has to send the other form, in which each row of
 * the root has its own limit.
 */
#include "rest/emit_impl.h"

static uint32_t
count_cells(const struct plan_rel *rel)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < rel->column_count; i++) {
        const struct plan_column *column = &rel->columns[i];

        if (column->kind == PLAN_EMBED && column->embed->form == PLAN_JOINED)
            count += count_cells(column->embed) + (column->embed->mark == PLAN_NO_MARK);
        else
            count += !plan_column_is_gathered(column);
    }
    return count;
}

/* Each of the lists below begins with a comma. */

static void
emit_names(struct emitter *e, const char *letter, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        buf_printf(&e->sql, ", %s%u", letter, i + 1);
}

static void
emit_nulls(struct emitter *e, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        BUF_ADD_LIT(&e->sql, ", NULL");
}

/* Without a row there is nothing below it to look for. */
static void
emit_cells(struct emitter *e, const struct plan_rel *rel, bool has_row)
{
    for (uint32_t i = 0; i < rel->column_count && buf_ok(&e->sql); i++) {
        const struct plan_column *column = &rel->columns[i];

        if (column->kind != PLAN_EMBED) {
            BUF_ADD_LIT(&e->sql, ", ");
            emit_cell(e, rel, column);
        } else if (has_row) {
            BUF_ADD_LIT(&e->sql, ", CAST(");
            emit_cell(e, rel, column);
            BUF_ADD_LIT(&e->sql, " AS text)");
        } else {
            BUF_ADD_LIT(&e->sql, ", NULL::text");
        }
    }
}

/* The column that holds the key of the row that a row of rel belongs to. */
static void
emit_key(struct emitter *e, const struct plan_rel *rel)
{
    const struct schema_rel *by = rel->rel;

    if (by->junction != NULL)
        emit_junction_column(e, rel, by->junction_source_columns[0]);
    else
        emit_column(e, rel, &by->target->model->columns[by->target_columns[0]]);
}

/* The rows of the root. */
static void
emit_page(struct emitter *e)
{
    const struct plan_rel *root = e->plan->root;
    uint32_t count = count_cells(root);

    BUF_ADD_LIT(&e->sql, "WITH " EMIT_PAGE_NAME " (n");
    emit_names(e, "c", count);
    emit_names(e, "k", e->plan->gather_count);
    BUF_ADD_LIT(&e->sql, ") AS MATERIALIZED (SELECT 0");
    if (count > 0)
        BUF_ADD_LIT(&e->sql, ", ");
    e->gathers = true;
    emit_columns(e, root, EMIT_CELLS);
    e->gathers = false;
    for (const struct plan_rel *rel = root->children; rel != NULL; rel = rel->next) {
        if (rel->gather == 0)
            continue;
        BUF_ADD_LIT(&e->sql, ", ");
        emit_column(e, root, &rel->rel->source->model->columns[rel->rel->source_columns[0]]);
    }
    emit_root_tail(e);
    BUF_ADD_LIT(&e->sql, ") ");
}

static void
emit_gathered_tail(struct emitter *e, const struct plan_rel *rel)
{
    e->gathered = rel;
    emit_from(e, rel);
    emit_where(e, rel);
    e->gathered = NULL;
    buf_printf(&e->sql, " LIMIT %lld", (long long)rel->rows_max + 1);
}

/* The rows are sorted when it is known that they are not too many. */
static void
emit_sorted_tail(struct emitter *e, const struct plan_rel *rel)
{
    uint32_t count = 0;

    BUF_ADD_LIT(&e->sql, " FROM (SELECT ");
    emit_key(e, rel);
    emit_cells(e, rel, true);
    for (const struct plan_order *order = rel->order; order != NULL; order = order->next) {
        BUF_ADD_LIT(&e->sql, ", ");
        emit_field(e, &order->field);
        count++;
    }
    emit_gathered_tail(e, rel);
    BUF_ADD_LIT(&e->sql, ") AS r (k");
    emit_names(e, "c", count_cells(rel));
    emit_names(e, "o", count);
    buf_add_char(&e->sql, ')');
    count = 0;
    for (const struct plan_order *order = rel->order; order != NULL; order = order->next) {
        buf_printf(&e->sql, "%s o%u", count == 0 ? " ORDER BY" : ",", count + 1);
        emit_direction(e, order);
        count++;
    }
}

/* The rows of one embed, of all rows of the root. */
static void
emit_gathered_rows(struct emitter *e, const struct plan_rel *gathered)
{
    const struct plan_rel *root = e->plan->root;

    buf_printf(&e->sql, "(SELECT %u", gathered->gather);
    emit_nulls(e, count_cells(root));
    for (const struct plan_rel *rel = root->children; rel != NULL; rel = rel->next) {
        if (rel->gather > 0 && rel != gathered) {
            emit_nulls(e, 1 + count_cells(rel));
        } else if (rel == gathered && rel->order != NULL) {
            BUF_ADD_LIT(&e->sql, ", k");
            emit_names(e, "c", count_cells(rel));
        } else if (rel == gathered) {
            BUF_ADD_LIT(&e->sql, ", ");
            emit_key(e, rel);
            emit_cells(e, rel, true);
        }
    }
    if (gathered->order != NULL)
        emit_sorted_tail(e, gathered);
    else
        emit_gathered_tail(e, gathered);
    BUF_ADD_LIT(&e->sql, ") UNION ALL (");
}

/* What is joined in gives the nulls their types. */
static void
emit_root_rows(struct emitter *e)
{
    const struct plan_rel *root = e->plan->root;

    BUF_ADD_LIT(&e->sql, "SELECT n");
    emit_names(e, "c", count_cells(root));
    for (const struct plan_rel *rel = root->children; rel != NULL; rel = rel->next) {
        if (rel->gather == 0)
            continue;
        buf_printf(&e->sql, ", k%u", rel->gather);
        emit_cells(e, rel, false);
    }
    BUF_ADD_LIT(&e->sql, " FROM " EMIT_PAGE_NAME);
    for (const struct plan_rel *rel = root->children; rel != NULL; rel = rel->next) {
        if (rel->gather == 0)
            continue;
        BUF_ADD_LIT(&e->sql, " LEFT JOIN ");
        emit_source(e, rel, rel->table, emit_alias_text(e, rel));
        BUF_ADD_LIT(&e->sql, " ON false");
    }
}

void
emit_gathered(struct emitter *e)
{
    const struct plan_rel *root = e->plan->root;

    emit_page(e);
    for (const struct plan_rel *rel = root->children; rel != NULL; rel = rel->next) {
        if (rel->gather > 0)
            emit_gathered_rows(e, rel);
    }
    emit_root_rows(e);
    for (uint32_t i = 0; i < e->plan->gather_count; i++)
        buf_add_char(&e->sql, ')');
}
