/* SPDX-License-Identifier: Apache-2.0 */
/* Embeds that are values of the parent's row: as JSON, as texts of rows, or spread. */
#include "core/json.h"
#include "rest/emit_impl.h"

#define SPEC_MAX (1024 * 1024)

/* Whether rows are left out only where there are more than the service lets through. */
static bool
has_cut_alone(const struct plan_rel *rel)
{
    return rel->rows_max > 0 && !rel->is_to_one && !rel->is_grouped && rel->order == NULL &&
           rel->limit_slot == API_NO_SLOT && rel->limit_fixed == 0 &&
           rel->offset_slot == API_NO_SLOT;
}

/* What stands between FROM and the end, for one embedded relation. */
static void
emit_embed_tail(struct emitter *e, const struct plan_rel *rel)
{
    emit_from(e, rel);
    emit_where(e, rel);
    emit_group(e, rel);
    emit_order(e, rel);
    if (rel->is_to_one && rel->limit_slot == API_NO_SLOT && rel->offset_slot == API_NO_SLOT)
        BUF_ADD_LIT(&e->sql, " LIMIT 1");
    else
        emit_limit(e, rel);
}

/* The specification of cairn_json_row: for each column its class and its escaped key. */
static void
emit_row_spec(struct emitter *e, const struct plan_rel *rel)
{
    struct buf spec;

    buf_init(&spec, SPEC_MAX);
    if (e->is_uncut && has_cut_alone(rel))
        buf_add_i64(&spec, rel->rows_max);
    if (e->plan->nulls_stripped)
        buf_add_char(&spec, '!');
    for (uint32_t i = 0; i < rel->column_count; i++) {
        const struct plan_column *column = &rel->columns[i];
        size_t at = 0;

        if (i > 0)
            buf_add_char(&spec, '\x01');
        buf_add_char(&spec, emit_json_class(rel, column));
        at = spec.len;
        json_write_str(&spec, column->key);
        /* The key goes without its quotes. */
        if (buf_ok(&spec)) {
            memmove(spec.data + at, spec.data + at + 1, spec.len - at - 2);
            spec.len -= 2;
        }
    }
    quote_text(&e->sql, buf_str(&spec));
    buf_fini(&spec);
}

/* The columns of rel as c1, c2 and so on, from a select of their own. */
static void
emit_json_below(struct emitter *e, const struct plan_rel *rel)
{
    for (uint32_t i = 0; i < rel->column_count; i++)
        buf_printf(&e->sql, ",c%u", i + 1);
    BUF_ADD_LIT(&e->sql, ") FROM (SELECT ");
    for (uint32_t i = 0; i < rel->column_count && buf_ok(&e->sql); i++) {
        if (i > 0)
            BUF_ADD_LIT(&e->sql, ", ");
        emit_shown_column(e, rel, &rel->columns[i]);
        buf_printf(&e->sql, " AS c%u", i + 1);
    }
    if (rel->column_count == 0)
        buf_add_char(&e->sql, '1');
    emit_embed_tail(e, rel);
    buf_add_char(&e->sql, ')');
}

/* An embed as JSON, for the embedded engine: the row, or the array of all rows. */
static void
emit_embed_embedded(struct emitter *e, const struct plan_rel *rel)
{
    /* What is ordered or cut must be so before it is aggregated, and groups are made before. */
    bool is_uncut = e->is_uncut && has_cut_alone(rel);
    bool is_below = rel->is_grouped || (!rel->is_to_one && !is_uncut &&
                                        (rel->order != NULL || rel->limit_slot != API_NO_SLOT ||
                                         rel->limit_fixed > 0 || rel->offset_slot != API_NO_SLOT ||
                                         rel->rows_max > 0));

    e->has_cuts = e->has_cuts || has_cut_alone(rel);
    buf_add_str(&e->sql,
                rel->is_to_one ? STR("(SELECT cairn_json_row(") : STR("(SELECT cairn_json_rows("));
    emit_row_spec(e, rel);
    if (is_below) {
        emit_json_below(e, rel);
        buf_add_char(&e->sql, ')');
        return;
    }
    for (uint32_t i = 0; i < rel->column_count && buf_ok(&e->sql); i++) {
        buf_add_char(&e->sql, ',');
        emit_shown_column(e, rel, &rel->columns[i]);
    }
    buf_add_char(&e->sql, ')');
    if (is_uncut) {
        emit_from(e, rel);
        emit_where(e, rel);
    } else {
        emit_embed_tail(e, rel);
    }
    buf_add_char(&e->sql, ')');
}

static void
emit_embed_postgres(struct emitter *e, const struct plan_rel *rel)
{
    bool strip = e->plan->nulls_stripped;

    /* json_agg() breaks lines between rows, but not between the values of json_strip_nulls(). */
    if (rel->is_to_one)
        buf_add_str(&e->sql, strip
                                 ? STR("(SELECT json_strip_nulls(row_to_json(" EMIT_ROW_ALIAS "))")
                                 : STR("(SELECT row_to_json(" EMIT_ROW_ALIAS ")"));
    else
        buf_add_str(
            &e->sql,
            strip
                ? STR("(SELECT coalesce('[' || string_agg(json_strip_nulls(row_to_json(" EMIT_ROW_ALIAS
                      "))::text, E', \\n ') || ']', '[]')::json")
                : STR("(SELECT coalesce(json_agg(" EMIT_ROW_ALIAS "), '[]')"));
    BUF_ADD_LIT(&e->sql, " FROM (SELECT ");
    emit_columns(e, rel, EMIT_KEYS);
    emit_embed_tail(e, rel);
    BUF_ADD_LIT(&e->sql, ") AS " EMIT_ROW_ALIAS ")");
}

/* The text of the row, or those of all rows; without rows it is empty. */
static void
emit_records(struct emitter *e, const struct plan_rel *rel)
{
    buf_add_str(&e->sql, rel->is_to_one ? STR("(SELECT " EMIT_ROW_ALIAS)
                                        : STR("(SELECT coalesce(string_agg(" EMIT_ROW_ALIAS
                                              "::text, ''), '')"));
    BUF_ADD_LIT(&e->sql, " FROM (SELECT ");
    emit_columns(e, rel, EMIT_FIELDS);
    emit_embed_tail(e, rel);
    BUF_ADD_LIT(&e->sql, ") AS " EMIT_ROW_ALIAS ")");
}

void
emit_embed(struct emitter *e, const struct plan_rel *rel)
{
    if (!emit_is_postgres(e))
        emit_embed_embedded(e, rel);
    else if (rel->form == PLAN_RECORD)
        emit_records(e, rel);
    else
        emit_embed_postgres(e, rel);
}

/* A spread column: evaluated inside the embed that lies on the way from rel to where it is. */
void
emit_spread(struct emitter *e, const struct plan_rel *rel, const struct plan_column *column)
{
    const struct plan_rel *step = column->origin;

    while (step->parent != rel)
        step = step->parent;
    if (step->form == PLAN_JOINED) {
        emit_value(e, step, column);
    } else if (step->is_to_one) {
        BUF_ADD_LIT(&e->sql, "(SELECT ");
        emit_value(e, step, column);
        emit_embed_tail(e, step);
        buf_add_char(&e->sql, ')');
    } else if (emit_is_postgres(e)) {
        BUF_ADD_LIT(&e->sql, "(SELECT coalesce(json_agg(r.v), '[]') FROM (SELECT ");
        emit_value(e, step, column);
        BUF_ADD_LIT(&e->sql, " AS v");
        emit_embed_tail(e, step);
        BUF_ADD_LIT(&e->sql, ") AS r)");
    } else {
        buf_printf(&e->sql, "(SELECT coalesce(cairn_json_array('%c', v), '[]') FROM (SELECT ",
                   emit_json_class(step, column));
        emit_value(e, step, column);
        BUF_ADD_LIT(&e->sql, " AS v");
        emit_embed_tail(e, step);
        BUF_ADD_LIT(&e->sql, "))");
    }
}
