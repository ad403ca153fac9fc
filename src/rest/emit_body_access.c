/* SPDX-License-Identifier: Apache-2.0 */
/* What the caller may in the body of a function, for the embedded engine. */
#include "rest/emit_impl.h"
#include "schema/access_view.h"

const struct schema_role *
emit_body_role(const struct emitter *e)
{
    const struct model_function *function = e->plan->root->call->function->model;

    return e->plan->role != NULL ? access_body_role(e->plan->schema, e->plan->role, function)
                                 : NULL;
}

/* With SECURITY DEFINER the current user is the owner, for the body and for policies: they ask for
 * him by name. */
void
emit_name_role(struct emitter *e, const struct schema_role *role, size_t from)
{
    struct str call = STR("cairn_role()");
    struct str text;
    char quote = '\0';

    if (role == e->plan->role || !buf_ok(&e->sql))
        return;
    text = arena_copy(e->arena, str_slice(buf_str(&e->sql), from, e->sql.len));
    e->sql.len = from;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];

        if (quote == '\0' && str_has_prefix(str_slice(text, i, text.len), call)) {
            quote_text(&e->sql, role->model->name);
            i += call.len - 1;
            continue;
        }
        if (quote == c)
            quote = '\0';
        else if (quote == '\0' && (c == '\'' || c == '"'))
            quote = c;
        buf_add_char(&e->sql, c);
    }
}

void
emit_body_source(struct emitter *e, const struct schema_table *table,
                 const struct body_piece *piece)
{
    const struct schema_role *role = emit_body_role(e);
    const struct schema_table *view =
        schema_find_table(e->plan->schema, piece->view_schema, piece->view_name);
    struct err err = {0};

    /* What a column of a view asks is read as the view reads it. */
    if (view != NULL)
        role = access_view_reader(e->plan->schema, role, view);
    if (role == NULL)
        emit_table(e, table);
    else if (!access_write_source(e->plan->schema, role, table, STR_NULL, &e->sql, &e->reads, &err))
        emit_note_fault(e, &err);
}

/* The table that is written, and as whom: through a view the one at the bottom, as its reader. */
static const struct schema_table *
base_of(const struct schema_table *table)
{
    return table->view != NULL ? table->view->base : table;
}

static const struct schema_role *
writer_of(const struct emitter *e, const struct schema_table *table)
{
    const struct schema_role *role = emit_body_role(e);

    return table->view != NULL ? access_view_writer(e->plan->schema, role, table) : role;
}

/* The columns of the base table that the statement sets, for errors. */
static struct emit_view_row
view_row(struct emitter *e, const struct schema_table *table,
         const struct model_statement *statement, struct str alias)
{
    const struct model_column **set =
        ARENA_ARRAY(e->arena, const struct model_column *, statement->set_count + 1);
    uint32_t count = 0;

    for (uint32_t i = 0; table->view != NULL && i < statement->set_count; i++) {
        const struct model_column *column = schema_find_column(table, statement->sets[i]);

        if (column != NULL)
            set[count++] = table->view->columns[schema_column_index(table, column)];
    }
    return (struct emit_view_row){
        .view = table->view != NULL ? table : NULL,
        .role = emit_body_role(e),
        .alias = alias,
        .set = set,
        .set_count = count,
    };
}

void
emit_body_target(struct emitter *e, const struct schema_table *table,
                 const struct model_statement *statement, struct str alias)
{
    const struct schema_role *role = writer_of(e, table);
    bool is_delete = str_eq(statement->kind, STR("DELETE"));
    enum model_command command = is_delete ? MODEL_FOR_DELETE : MODEL_FOR_UPDATE;
    struct str quoted = emit_ident_copy(e, alias);
    struct emit_view_row row = view_row(e, table, statement, quoted);
    const struct access_rule none = {0};
    struct access_rule rule;
    struct access_rule seen;

    if (emit_find_rule(e, role, base_of(table), command, ACCESS_USING, quoted, &rule)) {
        emit_write_rule(e, &rule, &none, " AND ");
        if (!statement->is_blind &&
            emit_find_rule(e, role, base_of(table), MODEL_FOR_SELECT, ACCESS_USING, quoted, &seen))
            emit_write_rule(e, &seen, &rule, " AND ");
    }
    emit_view_where_of(e, &row, " AND ");
}

void
emit_body_check(struct emitter *e, const struct schema_table *table,
                const struct model_statement *statement, enum body_part part, struct str alias)
{
    enum model_command command = part == BODY_INSERTED ? MODEL_FOR_INSERT : MODEL_FOR_UPDATE;
    struct str quoted = emit_ident_copy(e, alias);
    struct emit_view_row row = view_row(e, table, statement, quoted);

    if (part == BODY_SEEN) {
        if (row.view != NULL)
            emit_view_violations_of(e, &row);
        return;
    }
    emit_checks_of(e, writer_of(e, table), base_of(table), !statement->is_blind, command,
                   part == BODY_CONFLICTING ? ACCESS_USING : ACCESS_CHECK, quoted);
    if (part == BODY_CONFLICTING)
        emit_view_conflicts_of(e, &row);
}

/* The right on each column that is set, or, where they aren't known, on the whole table. */
static bool
may_set_columns(const struct emitter *e, const struct schema_role *role,
                const struct model_table *table, int64_t right, const struct str *names,
                uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct model_column *column = model_find_column(table, names[i]);

        if (column == NULL || !schema_may_column(e->plan->schema, role, table, right, column))
            return false;
    }
    return count > 0 || schema_may(e->plan->schema, role, table, right);
}

static bool
may_run(const struct emitter *e, const struct schema_role *role, const struct model_table *table,
        const struct model_statement *statement)
{
    if (str_eq(statement->kind, STR("DELETE")))
        return schema_may(e->plan->schema, role, table, MODEL_MAY_DELETE);
    if (str_eq(statement->kind, STR("UPDATE")))
        return may_set_columns(e, role, table, MODEL_MAY_UPDATE, statement->sets,
                               statement->set_count);
    return may_set_columns(e, role, table, MODEL_MAY_INSERT, statement->sets,
                           statement->set_count) &&
           (statement->merge_count == 0 ||
            may_set_columns(e, role, table, MODEL_MAY_UPDATE, statement->merges,
                            statement->merge_count));
}

/* Whether the statement gives the column of its base table a value. */
static bool
is_set_to(const struct schema_table *table, const struct model_statement *statement,
          const struct model_column *column)
{
    for (uint32_t i = 0; i < statement->set_count; i++) {
        const struct model_column *named = schema_find_column(table, statement->sets[i]);

        if (named != NULL && table->view != NULL)
            named = table->view->columns[schema_column_index(table, named)];
        if (named == column)
            return true;
    }
    return false;
}

/* The columns that an INSERT leaves out may draw from a sequence. */
static bool
check_defaults(const struct emitter *e, const struct schema_role *role,
               const struct schema_table *table, const struct model_statement *statement,
               struct err *err)
{
    const struct model_table *base = base_of(table)->model;

    for (uint32_t i = 0; i < base->column_count; i++) {
        const struct model_column *column = &base->columns[i];
        bool is_set = is_set_to(table, statement, column);

        if (!is_set && !emit_check_sequence(e->plan->schema, role, column, err))
            return false;
    }
    return true;
}

/* Whether a new row has to be seen through the view, or one of those below it. */
static bool
checks_rows(const struct schema_table *view)
{
    for (uint32_t i = 0; i < view->view->level_count; i++) {
        if (access_view_has_where(view, i) && access_view_checks(view, i))
            return true;
    }
    return false;
}

/* What stands below a view that is written, for those as whom it is. */
static bool
check_below(const struct emitter *e, const struct schema_role *role,
            const struct schema_table *table, const struct model_statement *statement,
            struct err *err)
{
    bool is_insert = str_eq(statement->kind, STR("INSERT"));
    const struct model_column **columns =
        ARENA_ARRAY(e->arena, const struct model_column *, statement->set_count + 1);
    struct access_view_need need = {.columns = columns,
                                    .reads = !statement->is_blind,
                                    .filters = !is_insert || statement->merge_count > 0 ||
                                               checks_rows(table)};

    for (uint32_t i = 0; i < statement->set_count; i++) {
        columns[need.column_count] = schema_find_column(table, statement->sets[i]);
        need.column_count += columns[need.column_count] != NULL;
    }
    if (is_insert)
        need.set_rights = MODEL_MAY_INSERT | (statement->merge_count > 0 ? MODEL_MAY_UPDATE : 0);
    else if (str_eq(statement->kind, STR("UPDATE")))
        need.set_rights = MODEL_MAY_UPDATE;
    else
        need.rights = MODEL_MAY_DELETE;
    return access_view_may(e->plan->schema, role, table, &need, err);
}

/* One that was recorded before there was a place for the policies has to be translated again. */
static bool
check_body_write(const struct emitter *e, const struct schema_role *role,
                 const struct model_statement *statement, struct err *err)
{
    const struct schema_table *table =
        schema_find_table(e->plan->schema, statement->table_schema, statement->table_name);

    if (table == NULL)
        return true;
    if (!may_run(e, role, table->model, statement))
        return access_fail_table(table->model, err);
    if (table->view != NULL && !check_below(e, role, table, statement, err))
        return false;
    if (str_eq(statement->kind, STR("INSERT")) && !check_defaults(e, role, table, statement, err))
        return false;
    if (str_eq(statement->kind, STR("DELETE")) ||
        !access_applies(e->plan->schema, writer_of(e, table), base_of(table)) ||
        body_is_checked(statement->sql))
        return true;
    err_set(err, ERR_DB, "0A000",
            "a function that writes rows of table \"%.*s\" under row-level security was "
            "recorded by an earlier version",
            STR_ARG(table->model->name));
    err_hint(err, "Apply a migration: functions are translated again with each.");
    return false;
}

bool
emit_check_call(const struct emitter *e, struct err *err)
{
    const struct model_function *function = e->plan->root->call->function->model;
    const struct schema_role *role = emit_body_role(e);

    if (!schema_may_call(e->plan->schema, e->plan->role, function))
        return access_fail("function", function->name, err);
    for (uint32_t i = 0; i < function->statement_count; i++) {
        if (function->statements[i].table_name.len > 0 &&
            !check_body_write(e, role, &function->statements[i], err))
            return false;
    }
    return access_check_references(e->plan->schema, role, function->references,
                                   function->reference_count, err);
}
