/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements of a migration that write through a view. They are made as those of a function's body
 * are (sql/body.h); the marks then stand for what they are to the owner of everything: no policies,
 * but the conditions of the views.
 */
#include "sql/batch.h"
#include "sql/body.h"
#include "sql/ddl.h"
#include "sql/expr.h"
#include "sql/quote.h"

struct levels {
    const struct model_table *views[VIEW_DEPTH_MAX]; /* the one that is written first */
    uint32_t count;
};

static void
find_levels(const struct apply *a, struct levels *out)
{
    const struct model_table *view = a->view;

    *out = (struct levels){0};
    while (view != NULL && view->is_view && out->count < COUNTOF(out->views)) {
        out->views[out->count++] = view;
        view = model_find_table(a->model, view->from_schema, view->from_table);
    }
}

/* The level's condition on a row of the table at the bottom. */
static void
write_condition(struct apply *a, const struct model_table *view, struct str alias, struct buf *out)
{
    struct str text = view_target_settle(a, view, view->where_sqlite);
    struct buf named;

    apply_buf(&named);
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\1')
            quote_ident(&named, alias);
        else
            buf_add_char(&named, text.data[i]);
    }
    buf_add_char(out, '(');
    buf_add_str(out, marks_strip(a->tmp, a->model, apply_take(a->tmp, &named)));
    buf_add_char(out, ')');
}

/* Which rows an UPDATE or DELETE sees. */
static void
write_target(struct apply *a, const struct levels *levels, struct str alias, struct buf *out)
{
    for (uint32_t i = levels->count; i-- > 0;) {
        if (levels->views[i]->where_sqlite.len == 0)
            continue;
        BUF_ADD_LIT(out, " AND ");
        write_condition(a, levels->views[i], alias, out);
    }
}

static void
write_failing_row(const struct model_table *table, struct str alias, struct buf *out)
{
    BUF_ADD_LIT(out, "'Failing row contains (' || ");
    for (uint32_t i = 0; i < table->column_count; i++) {
        const struct model_column *c = &table->columns[i];
        bool is_text = c->type.id == TYPE_ENUM || c->type.id == TYPE_ARRAY;

        buf_add_str(out, i > 0 ? STR(" || ', ' || cairn_shown(") : STR("cairn_shown("));
        quote_ident(out, alias);
        buf_add_char(out, '.');
        quote_ident(out, c->name);
        buf_add_char(out, ',');
        quote_text(out, is_text ? STR("text") : c->type.name);
        buf_add_char(out, ')');
    }
    BUF_ADD_LIT(out, " || ').'");
}

static void
write_refusal(struct apply *a, const struct model_table *view, struct str alias, const char *code,
              const char *message, struct buf *out)
{
    BUF_ADD_LIT(out, " WHEN ");
    write_condition(a, view, alias, out);
    buf_printf(out, " IS NOT TRUE THEN cairn_raise('%s', ", code);
    quote_text(out, arena_printf(a->tmp, "%s \"%.*s\"", message, STR_ARG(view->name)));
    BUF_ADD_LIT(out, ", ");
}

/* A row in the way of ON CONFLICT that the views don't show; a new one that they have to. */
static void
write_check(struct apply *a, const struct levels *levels, const struct model_table *table,
            const struct body_piece *piece, struct buf *out)
{
    for (uint32_t i = levels->count; i-- > 0;) {
        const struct model_table *view = levels->views[i];
        bool checks = view->checks_rows;

        for (uint32_t above = 0; above < i; above++)
            checks = checks || levels->views[above]->checks_below;
        if (view->where_sqlite.len == 0)
            continue;
        if (piece->part == BODY_CONFLICTING) {
            write_refusal(a, view, piece->alias, "55000",
                          "conflicting row is not visible through view", out);
            BUF_ADD_LIT(out, "NULL)");
        } else if (piece->part == BODY_SEEN && checks) {
            write_refusal(a, view, piece->alias, "44000", "new row violates check option for view",
                          out);
            write_failing_row(table, piece->alias, out);
            buf_add_char(out, ')');
        }
    }
}

static struct str
resolve(struct apply *a, const struct model_table *table, struct str text)
{
    struct levels levels;
    struct body_piece piece;
    struct buf out;
    size_t at = 0;

    find_levels(a, &levels);
    apply_buf(&out);
    while (body_next(text, &at, &piece)) {
        const struct model_table *named = NULL;

        switch (piece.kind) {
        case BODY_TEXT:
            buf_add_str(&out, piece.text);
            break;
        case BODY_ARGUMENT:
            break;
        case BODY_TABLE:
            named = model_find_table(a->model, piece.schema, piece.name);
            if (named != NULL)
                quote_ident(&out, named->sqlite_name);
            break;
        case BODY_TARGET:
            write_target(a, &levels, piece.alias, &out);
            break;
        case BODY_CHECK:
            write_check(a, &levels, table, &piece, &out);
            break;
        }
    }
    return apply_take(a->tmp, &out);
}

bool
view_write_is(struct apply *a, const struct json *range)
{
    const struct model_table *table = apply_lookup_table(a, apply_range_name(range));

    return table != NULL && table->is_view;
}

static const struct {
    const char *verb;
    bool (*translate)(struct expr_context *x, const struct json *body, struct model_table *table,
                      struct buf *out);
} writes[] = {
    [VIEW_INSERT] = {"insert into", insert_translate},
    [VIEW_UPDATE] = {"update", update_translate},
    [VIEW_DELETE] = {"delete from", delete_translate},
};

static bool
translate(struct apply *a, const struct json *body, enum view_write kind, struct marks *marks,
          struct model_table **table, struct str *out)
{
    const struct json *range = pg_get(body, "relation");
    struct scope scope = {0};
    struct expr_context x = {
        .a = a, .marks = marks, .scope = &scope, .allow_query = true, .place = "a migration"};
    struct buf sql;
    bool ok;

    if (!view_target_begin(a, apply_range_name(range), pg_location(range), writes[kind].verb,
                           table) ||
        (kind == VIEW_UPDATE &&
         !update_check_references(a, *table, pg_first(body, "targetList"))) ||
        !batch_flush(a) || !ddl_flush(a))
        return false;
    ddl_written(a, *table);
    apply_buf(&sql);
    ok = query_with(&x, pg_get(body, "withClause"), &sql) &&
         writes[kind].translate(&x, body, *table, &sql);
    if (kind != VIEW_DELETE && view_target_checks(a)) {
        BUF_ADD_LIT(&sql, " RETURNING ");
        view_target_write_seen(a, *table, &sql);
    }
    *out = apply_take(a->tmp, &sql);
    if (ok && marks->is_refused)
        return apply_refuse(a, SIZE_MAX, "control characters in what is written through a view");
    *out = resolve(a, *table, *out);
    return ok;
}

bool
view_write(struct apply *a, const struct json *body, enum view_write kind)
{
    struct marks marks = {0};
    struct model_table *table = NULL;
    struct str sql = STR_NULL;
    bool ok;

    if (pg_count(body, "returningList") > 0)
        return apply_refuse(a, SIZE_MAX, "RETURNING in a migration");
    a->marks = &marks;
    ok = translate(a, body, kind, &marks, &table, &sql);
    a->marks = NULL;
    a->view = NULL;
    return ok && apply_run_on(a, a->at, table, sql) &&
           (kind != VIEW_DELETE || delete_cascade(a, table, 0));
}
