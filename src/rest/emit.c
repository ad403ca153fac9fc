/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/emit.h"

#include "core/json.h"
#include "rest/emit_impl.h"
#include "rest/plan_check.h"

#define SQL_MAX (1024 * 1024)
#define PARAMS_MAX 32766 /* SQLite's; PostgreSQL takes twice as many */

void
emit_param(struct emitter *e, struct emit_param param)
{
    /* A spread repeats its filters for each column, so there may be more than there are slots. */
    if (e->param_count == PARAMS_MAX)
        e->sql.overflowed = true;
    if (!buf_ok(&e->sql))
        return;
    if (e->param_count == e->param_cap) {
        uint32_t cap = e->param_cap == 0 ? 8 : e->param_cap * 2;
        struct emit_param *params = ARENA_ARRAY(e->arena, struct emit_param, cap);

        if (e->param_count > 0)
            memcpy(params, e->params, e->param_count * sizeof(*params));
        e->params = params;
        e->param_cap = cap;
    }
    e->params[e->param_count++] = param;
    buf_add_char(&e->sql, emit_is_postgres(e) ? '$' : e->is_bulk ? 'c' : '?');
    buf_add_u64(&e->sql, e->param_count);
}

void
emit_table(struct emitter *e, const struct schema_table *table)
{
    if (!emit_is_postgres(e)) {
        quote_ident(&e->sql, table->model->sqlite_name);
        return;
    }
    quote_ident(&e->sql, table->model->schema);
    buf_add_char(&e->sql, '.');
    quote_ident(&e->sql, table->model->name);
}

void
emit_alias(struct emitter *e, const struct plan_rel *rel)
{
    if (rel->parent == NULL)
        buf_add_str(&e->sql, e->root_alias);
    else
        buf_printf(&e->sql, "t%u", rel->number);
}

struct str
emit_alias_text(const struct emitter *e, const struct plan_rel *rel)
{
    return rel->parent == NULL ? e->root_alias : arena_printf(e->arena, "t%u", rel->number);
}

void
emit_column(struct emitter *e, const struct plan_rel *rel, const struct model_column *column)
{
    if (rel->parent == NULL && e->used != NULL)
        e->used[schema_column_index(rel->table, column)] = true;
    emit_note_column(e, rel, rel->table, column);
    if (rel->parent == NULL && e->view != NULL) {
        emit_view_column(e, column);
        return;
    }
    emit_alias(e, rel);
    buf_add_char(&e->sql, '.');
    quote_ident(&e->sql, column->name);
}

static void
emit_json_step(struct emitter *e, const struct api_json_step *step, bool is_jsonb)
{
    const char *modes[2][2] = {{",0)", ",1)"}, {",2)", ",3)"}};

    if (emit_is_postgres(e))
        buf_add_str(&e->sql, step->as_text ? STR("->>") : STR("->"));
    else
        BUF_ADD_LIT(&e->sql, ",");
    if (step->is_index) {
        buf_add_i64(&e->sql, step->index);
    } else {
        emit_param(e, (struct emit_param){
                          .source = EMIT_TEXT, .type = type_builtin(TYPE_TEXT), .text = step->key});
        if (emit_is_postgres(e))
            BUF_ADD_LIT(&e->sql, "::text");
    }
    if (!emit_is_postgres(e))
        buf_add_str(&e->sql, str_from(modes[is_jsonb][step->as_text]));
}

static void
emit_field_column(struct emitter *e, const struct plan_field *field)
{
    if (field->computed != NULL)
        emit_computed(e, field->rel, field->computed);
    else
        emit_column(e, field->rel, field->column);
}

void
emit_field(struct emitter *e, const struct plan_field *field)
{
    bool convert = !type_is_json(&field->column->type);

    if (field->step_count == 0) {
        emit_field_column(e, field);
        return;
    }
    if (emit_is_postgres(e)) {
        buf_add_str(&e->sql, convert ? STR("(to_jsonb(") : STR("("));
        emit_field_column(e, field);
        if (convert)
            buf_add_char(&e->sql, ')');
    } else {
        for (uint32_t i = 0; i < field->step_count; i++)
            BUF_ADD_LIT(&e->sql, "cairn_json_get(");
        if (convert)
            buf_printf(&e->sql, "cairn_cast(cairn_to_json('%c',",
                       type_json_class(&field->column->type));
        emit_field_column(e, field);
        if (convert)
            BUF_ADD_LIT(&e->sql, "),'json','jsonb')");
    }
    for (uint32_t i = 0; i < field->step_count; i++)
        emit_json_step(e, &field->steps[i], field->column->type.id != TYPE_JSON);
    if (emit_is_postgres(e))
        buf_add_char(&e->sql, ')');
}

/* What leaves out rows inside of the function is not looked at by a filter of the request: see
 * emit_view. */
static void
emit_computed_rows(struct emitter *e, const struct plan_rel *rel)
{
    bool is_barrier = !emit_is_postgres(e) && emit_filters_can_fail(rel->conds);

    if (is_barrier)
        BUF_ADD_LIT(&e->sql, "(SELECT * FROM ");
    emit_computed(e, rel->parent, rel->rel->computed);
    if (is_barrier)
        BUF_ADD_LIT(&e->sql, " LIMIT -1)");
    BUF_ADD_LIT(&e->sql, " AS ");
    emit_alias(e, rel);
}

void
emit_from(struct emitter *e, const struct plan_rel *rel)
{
    BUF_ADD_LIT(&e->sql, " FROM ");
    if (rel->call != NULL) {
        emit_call(e, rel);
        return;
    }
    if (emit_is_computed(rel)) {
        emit_computed_rows(e, rel);
    } else {
        emit_source(e, rel, rel->table, emit_alias_text(e, rel));
    }
    if (rel->rel != NULL && rel->rel->junction != NULL) {
        BUF_ADD_LIT(&e->sql, ", ");
        emit_source(e, rel, rel->rel->junction, arena_printf(e->arena, "j%u", rel->number));
    }
}

void
emit_junction_column(struct emitter *e, const struct plan_rel *rel, uint32_t column)
{
    const struct schema_table *junction = rel->rel->junction;

    emit_note_column(e, rel, junction, &junction->model->columns[column]);
    buf_printf(&e->sql, "j%u.", rel->number);
    quote_ident(&e->sql, junction->model->columns[column].name);
}

/* The conditions that tie rel to its parent. */
static void
emit_join(struct emitter *e, const struct plan_rel *rel)
{
    const struct schema_rel *by = rel->rel;
    const struct model_column *sources = by->source->model->columns;
    const struct model_column *targets = by->target->model->columns;

    for (uint32_t i = 0; i < by->source_column_count; i++) {
        if (i > 0)
            BUF_ADD_LIT(&e->sql, " AND ");
        if (by->junction != NULL)
            emit_junction_column(e, rel, by->junction_source_columns[i]);
        else
            emit_column(e, rel, &targets[by->target_columns[i]]);
        BUF_ADD_LIT(&e->sql, " = ");
        if (e->gathered == rel)
            buf_printf(&e->sql, "ANY (ARRAY(SELECT k%u FROM " EMIT_PAGE_NAME "))", rel->gather);
        else
            emit_column(e, rel->parent, &sources[by->source_columns[i]]);
    }
    for (uint32_t i = 0; by->junction != NULL && i < by->target_column_count; i++) {
        BUF_ADD_LIT(&e->sql, " AND ");
        emit_junction_column(e, rel, by->junction_target_columns[i]);
        BUF_ADD_LIT(&e->sql, " = ");
        emit_column(e, rel, &targets[by->target_columns[i]]);
    }
}

/* word, and which rows of rel there are. */
static void
emit_rows_of(struct emitter *e, const struct plan_rel *rel, const char *word)
{
    if (rel->rel != NULL && rel->rel->computed == NULL) {
        buf_add_str(&e->sql, str_from(word));
        emit_join(e, rel);
        word = " AND ";
    }
    /* Which rows are there is asked first: nothing else may look at the others. */
    word = emit_rel_rules(e, rel, word);
    emit_conds(e, rel->conds, word);
}

void
emit_where(struct emitter *e, const struct plan_rel *rel)
{
    emit_rows_of(e, rel, " WHERE ");
}

/* SQLite keeps what CROSS JOIN joins in the order in which it stands, and with it that of the
 * rows. */
static struct str
join_word(const struct emitter *e, const struct plan_rel *rel)
{
    if (!emit_joins_away(rel))
        return STR(" LEFT JOIN ");
    return emit_is_postgres(e) ? STR(" JOIN ") : STR(" CROSS JOIN ");
}

void
emit_joins(struct emitter *e, const struct plan_rel *rel)
{
    for (const struct plan_rel *child = rel->children; child != NULL; child = child->next) {
        if (child->form != PLAN_JOINED)
            continue;
        buf_add_str(&e->sql, join_word(e, child));
        emit_source(e, child, child->table, emit_alias_text(e, child));
        emit_rows_of(e, child, " ON ");
        emit_joins(e, child);
    }
}

static void
emit_order_field(struct emitter *e, const struct plan_order *order)
{
    bool by_label = emit_sorts_by_label(e, order->field.type);

    if (order->place > 0 && !by_label) {
        buf_add_u64(&e->sql, order->place);
        emit_collation(e, order->field.type);
        return;
    }
    if (order->via != NULL)
        BUF_ADD_LIT(&e->sql, "(SELECT ");
    if (by_label)
        emit_label_open(e, order->field.type);
    if (order->shown != NULL)
        emit_value(e, order->via, order->shown);
    else
        emit_field(e, &order->field);
    if (by_label)
        emit_label_position(e, order->field.type);
    if (order->via != NULL) {
        emit_from(e, order->via);
        emit_where(e, order->via);
        BUF_ADD_LIT(&e->sql, " LIMIT 1)");
    }
    /* A column has the collation of its type, but no column has that of jsonb. */
    if (order->via != NULL || order->field.type->id == TYPE_JSONB)
        emit_collation(e, order->field.type);
}

void
emit_direction(struct emitter *e, const struct plan_order *order)
{
    /* A column without nulls needs no word about them, and then an index serves. */
    bool has_nulls =
        order->via != NULL || order->field.step_count > 0 || !order->field.column->not_null;

    if (order->descending)
        BUF_ADD_LIT(&e->sql, " DESC");
    if (has_nulls)
        buf_add_str(&e->sql, order->nulls_first ? STR(" NULLS FIRST") : STR(" NULLS LAST"));
}

void
emit_order(struct emitter *e, const struct plan_rel *rel)
{
    for (const struct plan_order *order = rel->order; order != NULL && buf_ok(&e->sql);
         order = order->next) {
        buf_add_str(&e->sql, order == rel->order ? STR(" ORDER BY ") : STR(", "));
        emit_order_field(e, order);
        emit_direction(e, order);
    }
}

void
emit_limit(struct emitter *e, const struct plan_rel *rel)
{
    const struct type *type = type_builtin(TYPE_INT8);

    if (rel->limit_fixed > 0) {
        bool is_bounded = rel->rows_max > 0 && rel->rows_max < rel->limit_fixed;

        BUF_ADD_LIT(&e->sql, " LIMIT ");
        buf_add_i64(&e->sql, is_bounded ? rel->rows_max : rel->limit_fixed);
    } else if (rel->limit_slot != API_NO_SLOT) {
        BUF_ADD_LIT(&e->sql, " LIMIT ");
        emit_param(e, (struct emit_param){.source = EMIT_LIMIT,
                                          .index = rel->limit_slot,
                                          .type = type,
                                          .max = rel->rows_max});
    } else if (rel->rows_max > 0) {
        BUF_ADD_LIT(&e->sql, " LIMIT ");
        buf_add_i64(&e->sql, rel->rows_max);
    } else if (rel->offset_slot != API_NO_SLOT && !emit_is_postgres(e)) {
        BUF_ADD_LIT(&e->sql, " LIMIT -1");
    }
    if (rel->offset_slot != API_NO_SLOT && !rel->is_offset_zero) {
        BUF_ADD_LIT(&e->sql, " OFFSET ");
        emit_param(
            e, (struct emit_param){.source = EMIT_LIMIT, .index = rel->offset_slot, .type = type});
    }
}

static void
emit_formed(struct emitter *e, const struct plan_column *column)
{
    if (column->form.len > 0) {
        buf_add_str(&e->sql, column->form);
        buf_add_char(&e->sql, '(');
    }
    emit_field(e, &column->field);
    if (column->form.len > 0)
        buf_add_char(&e->sql, ')');
}

void
emit_cast_open(struct emitter *e, const struct type *to)
{
    if (emit_is_postgres(e))
        BUF_ADD_LIT(&e->sql, "CAST(");
    else
        buf_add_str(&e->sql, to->id == TYPE_ENUM ? STR("cairn_enum(") : STR("cairn_cast("));
}

void
emit_cast_close(struct emitter *e, const struct type *from, const struct type *to, struct str name)
{
    bool is_text = from->id == TYPE_ENUM || from->id == TYPE_ARRAY;

    if (emit_is_postgres(e)) {
        BUF_ADD_LIT(&e->sql, " AS ");
        buf_add_str(&e->sql, name);
        buf_add_char(&e->sql, ')');
        return;
    }
    buf_add_char(&e->sql, ',');
    if (to->id != TYPE_ENUM) {
        quote_text(&e->sql, is_text ? STR("text") : from->name);
        buf_add_char(&e->sql, ',');
    }
    quote_text(&e->sql, to->name);
    if (to->id == TYPE_ENUM)
        emit_labels(e, to);
    buf_add_char(&e->sql, ')');
}

static void
emit_cast(struct emitter *e, const struct plan_column *column)
{
    emit_cast_open(e, &column->cast);
    if (column->kind == PLAN_COUNT)
        BUF_ADD_LIT(&e->sql, "count(*)");
    else if (emit_is_postgres(e))
        emit_formed(e, column);
    else
        emit_field(e, &column->field);
    emit_cast_close(e, column->kind == PLAN_COUNT ? type_builtin(TYPE_INT8) : column->field.type,
                    &column->cast, column->cast_name);
}

void
emit_value(struct emitter *e, const struct plan_rel *rel, const struct plan_column *column)
{
    if (column->origin != rel)
        emit_spread(e, rel, column);
    else if (column->kind == PLAN_EMBED)
        emit_embed(e, column->embed);
    else if (column->has_cast)
        emit_cast(e, column);
    else if (column->kind == PLAN_COUNT)
        BUF_ADD_LIT(&e->sql, "count(*)");
    else if (column->kind == PLAN_ROW)
        buf_add_char(&e->sql, '1');
    else
        emit_formed(e, column);
}

static void
emit_joined_row(struct emitter *e, const struct plan_rel *rel)
{
    if (rel->mark == PLAN_NO_MARK)
        emit_column(e, rel, &rel->table->model->columns[rel->rel->target_columns[0]]);
    for (uint32_t i = 0; i < rel->column_count; i++) {
        if (i > 0 || rel->mark == PLAN_NO_MARK)
            BUF_ADD_LIT(&e->sql, ", ");
        emit_cell(e, rel, &rel->columns[i]);
    }
}

/* Inside of a row PostgreSQL makes the JSON itself. */
void
emit_cell(struct emitter *e, const struct plan_rel *rel, const struct plan_column *column)
{
    bool converts = emit_is_postgres(e) && !e->plan->is_csv && type_has_own_json(column->type);

    if (column->kind == PLAN_EMBED && column->embed->form == PLAN_JOINED) {
        emit_joined_row(e, column->embed);
        return;
    }
    if (converts)
        buf_add_str(&e->sql, rel->is_grouped ? STR("to_jsonb(") : STR("to_json("));
    emit_shown_column(e, rel, column);
    if (converts)
        buf_add_char(&e->sql, ')');
}

void
emit_columns(struct emitter *e, const struct plan_rel *rel, enum emit_list list)
{
    bool is_first = true;

    for (uint32_t i = 0; i < rel->column_count && buf_ok(&e->sql); i++) {
        if (e->gathers && plan_column_is_gathered(&rel->columns[i]))
            continue;
        if (!is_first)
            BUF_ADD_LIT(&e->sql, ", ");
        is_first = false;
        if (list == EMIT_KEYS)
            emit_shown_column(e, rel, &rel->columns[i]);
        else
            emit_cell(e, rel, &rel->columns[i]);
        if (list == EMIT_CELLS)
            continue;
        BUF_ADD_LIT(&e->sql, " AS ");
        if (list == EMIT_KEYS)
            quote_ident(&e->sql, rel->columns[i].key);
        else
            buf_printf(&e->sql, "c%u", i + 1);
    }
    /* A handler takes the rows as the table has them: without columns. */
    if (rel->column_count == 0 && (rel->parent != NULL || e->plan->handler == NULL))
        buf_add_char(&e->sql, '1');
}

static bool
fail_too_big(struct err *err)
{
    err_set(err, ERR_REQUEST, "54001", "the request is too complex");
    err->http_status = 413;
    return false;
}

bool
emit_take(struct emitter *e, struct emit_stmt *out, struct err *err)
{
    if (arena_is_exhausted(e->arena))
        return plan_fail_memory(err);
    if (!buf_ok(&e->sql))
        return fail_too_big(err);
    out->sql = arena_copy(e->arena, buf_str(&e->sql));
    out->params = e->params;
    out->param_count = e->param_count;
    buf_clear(&e->sql);
    e->params = NULL;
    e->param_count = e->param_cap = 0;
    return true;
}

bool
emit_plan(enum db_dialect dialect, const struct plan *plan, struct arena *arena,
          struct emit_output *out, struct err *err)
{
    struct emitter e = {.dialect = dialect, .plan = plan, .arena = arena, .root_alias = STR("t0")};
    bool ok = false;

    *out = (struct emit_output){0};
    if (plan->action != PLAN_READ && plan->target != plan->root->table)
        e.view = plan->root->table;
    buf_init(&e.sql, SQL_MAX);
    ok = plan->action == PLAN_READ ? emit_read(&e, out, err) : emit_write(&e, out, err);
    ok = ok && emit_access_end(&e, out, err);
    buf_fini(&e.sql);
    return ok && (!plan->explain.is_on || emit_explained(plan, arena, out) || fail_too_big(err));
}
