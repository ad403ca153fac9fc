/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bodies of functions: translated for the call from outside, where arguments and tables stay
 * open (sql/body.h), and put in place of a call inside of SQL.
 *
 * Source: PostgreSQL 15, sections 38.5 and 10.3.
 */
#include "sql/function.h"

#include "sql/body.h"
#include "sql/quote.h"

/* --- reading ---------------------------------------------------------------------------------- */

const struct model_table *
function_row(struct apply *a, const struct model_function *function)
{
    return function->own_row_count > 0
               ? function->own_row
               : model_find_table(a->model, function->row_schema, function->row_name);
}

void
function_keep(struct apply *a, struct function_state *state)
{
    *state = (struct function_state){
        .tree = a->tree,
        .base = a->base,
        .path_count = a->path_count,
        .parameters = a->parameters,
        .marks = a->marks,
    };
    memcpy(state->path, a->path, sizeof(a->path));
}

void
function_restore(struct apply *a, const struct function_state *state)
{
    a->tree = state->tree;
    a->base = state->base;
    a->path_count = state->path_count;
    a->parameters = state->parameters;
    a->marks = state->marks;
    memcpy(a->path, state->path, sizeof(a->path));
}

/* Locations in what is parsed next: from is where it stands in the migration, if it does. */
static void
set_base(struct apply *a, struct str text)
{
    struct str statement = str_slice(a->text, a->at, a->to);
    const char *at = memmem(statement.data, statement.len, text.data, text.len);

    a->base = at != NULL ? (size_t)(at - a->text.data) : a->text.len + 1;
}

/* The marks of body.h, as an escape in a string. */
static bool
check_escapes(struct apply *a, struct str tree)
{
    static const char *const escapes[] = {"\\u0002", "\\u0003", "\\u0004", "\\u0005", "\\u0006"};

    for (size_t i = 0; i < COUNTOF(escapes); i++) {
        if (memmem(tree.data, tree.len, escapes[i], 6) != NULL)
            return apply_fail(a, SIZE_MAX, "0A000", "take it out", "it has a control character");
    }
    return true;
}

/* script.h bounds the nesting, which the parser itself does not. */
static bool
parse(struct apply *a, struct str text)
{
    struct script script;
    struct script_piece piece;
    struct script_fault fault = {0};
    struct pgtree_error error;

    set_base(a, text);
    if (body_has_mark(text))
        return apply_fail(a, SIZE_MAX, "0A000", "take it out", "it has a control character");
    script_init(&script, text);
    while (script_next(&script, &piece, &fault)) {
        if (piece.has_data || piece.after_command)
            return apply_fail(a, piece.from, "42601", NULL, "COPY and commands of psql in a body");
    }
    if (fault.cause != NULL)
        return apply_fail(a, fault.at, "42601", fault.hint, "%s", fault.cause);
    if (!pgtree_parse(text, a->tmp, &a->tree, &error))
        return apply_fail(a, error.at, "42601", NULL, "%s", error.message);
    return check_escapes(a, a->tree.root->raw);
}

static const struct json *
option(const struct json *create, const char *name)
{
    for (const struct json *n = pg_first(create, "options"); n != NULL; n = n->next) {
        const struct json *element = pg_as(n, "DefElem");

        if (pg_is(element, "defname", name))
            return element;
    }
    return NULL;
}

static bool
add_node(struct apply *a, struct function_body *out, const struct json *node)
{
    if (out->count == COUNTOF(out->nodes))
        return apply_fail(a, SIZE_MAX, "54000", "split the function",
                          "it has more than %zu statements", COUNTOF(out->nodes));
    out->nodes[out->count++] = node;
    return true;
}

bool
function_read(struct apply *a, const struct model_function *function, struct function_body *out)
{
    struct pgtree_statement statement;
    const struct json *next = NULL;
    const struct json *create = NULL;
    const struct json *body = NULL;

    *out = (struct function_body){0};
    a->path_count = 0;
    for (uint32_t i = 0; i < function->path_count && i < COUNTOF(a->path); i++)
        a->path[a->path_count++] = function->path[i];
    if (!parse(a, function->sql) || !pgtree_next(&a->tree, &next, &statement))
        return apply_fail(a, SIZE_MAX, "42601", NULL, "there is no function to read");
    create = pg_as(statement.node, "CreateFunctionStmt");
    body = pg_get(create, "sql_body");
    if (pg_as(body, "ReturnStmt") != NULL) {
        out->result = pg_get(pg_body(body), "returnval");
        return true;
    }
    if (body != NULL) {
        for (const struct json *n = pg_items(pg_items(body)); n != NULL; n = n->next) {
            if (!add_node(a, out, n))
                return false;
        }
        return true;
    }
    body = pg_items(pg_get(option(create, "as"), "arg"));
    if (body == NULL || body->next != NULL)
        return apply_refuse(a, SIZE_MAX, "functions out of libraries");
    if (!parse(a, pg_string(body)))
        return false;
    next = NULL;
    while (pgtree_next(&a->tree, &next, &statement)) {
        if (statement.node != NULL && !add_node(a, out, statement.node))
            return false;
    }
    return true;
}

/* --- for the engine --------------------------------------------------------------------------- */

static bool
fail_result(struct apply *a, const struct model_function *function, const char *detail)
{
    struct str type = function->result == MODEL_RESULT_SCALAR
                          ? function->own_row->columns[0].type.name
                          : STR("record");

    if (function->row_name.len > 0)
        type = function->row_name;
    return apply_fail(a, SIZE_MAX, "42P13", detail,
                      "return type mismatch in function declared to return %.*s", STR_ARG(type));
}

/* Names and expressions of a result, each brought to the type that the function declares. */
static bool
match_columns(struct expr_context *x, const struct model_function *function, struct expr *columns,
              uint32_t count, bool *is_changed)
{
    const struct model_table *row = function_row(x->a, function);

    *is_changed = false;
    if (function->result == MODEL_RESULT_RECORD)
        return true;
    if (count < row->column_count)
        return fail_result(x->a, function, "its final statement returns too few columns");
    if (count > row->column_count)
        return fail_result(x->a, function, "its final statement returns too many columns");
    for (uint32_t i = 0; i < count; i++) {
        struct str before = columns[i].sql;
        struct type to = row->columns[i].type;

        if (to.id != TYPE_ENUM && to.id != TYPE_ARRAY)
            to = *type_builtin(to.id);
        if (!expr_can_coerce(&columns[i].type, &to, COERCE_ASSIGN))
            return apply_fail(x->a, SIZE_MAX, "42P13", "cast the column in the function's query",
                              "return type mismatch in function: column %u is %.*s instead of %.*s",
                              i + 1, STR_ARG(columns[i].type.name), STR_ARG(to.name));
        if (!expr_coerce(x, &columns[i], &to, COERCE_ASSIGN, SIZE_MAX))
            return false;
        *is_changed = *is_changed || !str_eq(before, columns[i].sql);
    }
    return true;
}

/* A record is one value: its columns as JSON. */
static void
write_record(struct buf *out, const struct expr *columns, uint32_t count)
{
    struct buf spec;

    apply_buf(&spec);
    for (uint32_t i = 0; i < count; i++) {
        struct buf key;

        if (i > 0)
            buf_add_char(&spec, '\x01');
        buf_add_char(&spec, type_json_class(&columns[i].type));
        apply_buf(&key);
        json_write_str(&key, columns[i].name);
        buf_add_str(&spec, str_slice(buf_str(&key), 1, key.len - 1));
        buf_fini(&key);
    }
    BUF_ADD_LIT(out, "cairn_json_row(");
    quote_text(out, buf_str(&spec));
    for (uint32_t i = 0; i < count; i++)
        buf_printf(out, ", %.*s", STR_ARG(columns[i].sql));
    buf_add_char(out, ')');
    buf_fini(&spec);
}

/* The query with its columns brought to the function's. */
static bool
match_query(struct expr_context *x, const struct model_function *function, struct query *query)
{
    bool is_record = function->result == MODEL_RESULT_RECORD;
    struct str body = query->sql;
    bool is_changed = false;
    struct buf sql;

    for (uint32_t i = 0; i < query->column_count; i++)
        query->columns[i].sql = arena_printf(x->a->tmp, "c%u", i);
    if (!match_columns(x, function, query->columns, query->column_count, &is_changed))
        return false;
    if (!is_changed && !is_record)
        return true;
    apply_buf(&sql);
    BUF_ADD_LIT(&sql, "WITH cairn_rows(");
    for (uint32_t i = 0; i < query->column_count; i++)
        buf_printf(&sql, "%sc%u", i > 0 ? ", " : "", i);
    buf_printf(&sql, ") AS (%.*s) SELECT ", STR_ARG(body));
    if (is_record)
        write_record(&sql, query->columns, query->column_count);
    for (uint32_t i = 0; i < query->column_count && !is_record; i++)
        buf_printf(&sql, "%s%.*s", i > 0 ? ", " : "", STR_ARG(query->columns[i].sql));
    BUF_ADD_LIT(&sql, " FROM cairn_rows");
    query->sql = apply_take(x->a->tmp, &sql);
    return true;
}

static bool
translate_query(struct apply *a, const struct model_function *function, const struct json *node,
                bool is_last, struct model_statement *out)
{
    struct expr_context x = {.a = a, .marks = a->marks, .allow_query = true, .place = "a function"};
    struct query query = {0};

    out->kind = STR("SELECT");
    if (!query_translate(&x, pg_as(node, "SelectStmt"), &query))
        return false;
    if (is_last && function->result != MODEL_RESULT_VOID && !match_query(&x, function, &query))
        return false;
    out->sql = query.sql;
    return true;
}

/* What RETURNING may name: the columns of the table alone, without it, since SQLite knows no alias
 * there. */
static void
returning_scope(struct apply *a, struct scope *scope, const struct model_table *table,
                const struct json *body)
{
    const struct json *alias = pg_get(pg_get(body, "relation"), "alias");
    struct scope_item *item = view_target_scope(a, scope, table, pg_str(alias, "aliasname"));

    item->is_unqualified = true;
}

/* Nobody takes what it gives, but it reads. */
static bool
check_returning(struct apply *a, const struct model_table *table, const struct json *body)
{
    struct scope scope = {0};
    struct expr_context x = {.a = a, .marks = a->marks, .scope = &scope, .place = "RETURNING"};
    struct query query = {0};

    returning_scope(a, &scope, table, body);
    return pg_count(body, "returningList") == 0 ||
           query_targets(&x, pg_first(body, "returningList"), &query);
}

static bool
write_returning(struct apply *a, const struct model_function *function,
                const struct model_table *table, const struct json *body, struct buf *out)
{
    struct scope scope = {0};
    struct expr_context x = {.a = a, .marks = a->marks, .scope = &scope, .place = "RETURNING"};
    struct query query = {0};
    bool is_changed = false;

    returning_scope(a, &scope, table, body);
    if (!query_targets(&x, pg_first(body, "returningList"), &query) ||
        !match_columns(&x, function, query.columns, query.column_count, &is_changed))
        return false;
    BUF_ADD_LIT(out, " RETURNING ");
    if (function->result == MODEL_RESULT_RECORD)
        write_record(out, query.columns, query.column_count);
    for (uint32_t i = 0; i < query.column_count && function->result != MODEL_RESULT_RECORD; i++)
        buf_printf(out, "%s%.*s", i > 0 ? ", " : "", STR_ARG(query.columns[i].sql));
    return true;
}

#define DELETE_INDEX 2 /* in writes */

/* Also where nobody asks for rows. */
static void
write_check_option(struct apply *a, const struct model_table *table, bool returns, size_t index,
                   struct buf *out)
{
    if (!view_target_checks(a) || index == DELETE_INDEX)
        return;
    buf_add_str(out, returns ? STR(", ") : STR(" RETURNING "));
    view_target_write_seen(a, table, out);
}

static const struct {
    const char *node;
    const char *kind, *verb;
    bool (*translate)(struct expr_context *x, const struct json *body, struct model_table *table,
                      struct buf *out);
} writes[] = {
    {"InsertStmt", "INSERT", "insert into", insert_translate},
    {"UpdateStmt", "UPDATE", "update", update_translate},
    {"DeleteStmt", "DELETE", "delete from", delete_translate},
};

/* What is known of the statement at hand when it is through. */
static void
begin_write(struct marks *marks)
{
    marks->reads_target = false;
    marks->set_columns = marks->merge_columns = NULL;
    marks->set_count = marks->merge_count = 0;
}

static const struct str *
keep_names(struct apply *a, const struct str *names, uint32_t count)
{
    struct str *kept = ARENA_ARRAY(a->keep, struct str, count + 1);

    for (uint32_t i = 0; i < count; i++)
        kept[i] = arena_copy(a->keep, names[i]);
    return kept;
}

static bool
translate_write(struct apply *a, const struct model_function *function, const struct json *node,
                bool is_last, size_t index, struct model_statement *out)
{
    const struct json *body = pg_body(node);
    const struct json *range = pg_get(body, "relation");
    struct scope scope = {0};
    struct expr_context x = {
        .a = a, .marks = a->marks, .scope = &scope, .allow_query = true, .place = "a function"};
    bool returns = is_last && function->result != MODEL_RESULT_VOID;
    struct model_table *table;
    struct buf sql;
    bool ok;

    begin_write(a->marks);
    if (!view_target_begin(a, apply_range_name(range), pg_location(range), writes[index].verb,
                           &table))
        return false;
    if (returns && pg_count(body, "returningList") == 0)
        return fail_result(a, function,
                           "its final statement must be SELECT or INSERT/UPDATE/DELETE RETURNING");
    apply_buf(&sql);
    ok = query_with(&x, pg_get(body, "withClause"), &sql) &&
         writes[index].translate(&x, body, table, &sql) &&
         (returns ? write_returning(a, function, table, body, &sql)
                  : check_returning(a, table, body));
    write_check_option(a, table, returns, index, &sql);
    table = a->view != NULL ? model_find_table(a->model, a->view->schema, a->view->name) : table;
    a->view = NULL;
    *out = (struct model_statement){
        .sql = apply_take(a->tmp, &sql),
        .kind = str_from(writes[index].kind),
        .table_schema = table->schema,
        .table_name = table->name,
        .sets = a->marks->set_columns,
        .set_count = a->marks->set_count,
        .merges = a->marks->merge_columns,
        .merge_count = a->marks->merge_count,
        .is_blind = !a->marks->reads_target,
    };
    return ok;
}

static bool
translate_node(struct apply *a, const struct model_function *function, const struct json *node,
               bool is_last, struct model_statement *out)
{
    for (size_t i = 0; i < COUNTOF(writes); i++) {
        if (str_eq(pg_kind(node), str_from(writes[i].node)))
            return translate_write(a, function, node, is_last, i, out);
    }
    if (pg_as(node, "SelectStmt") == NULL)
        return apply_refuse(a, SIZE_MAX,
                            "statements in functions other than SELECT, INSERT, UPDATE and DELETE");
    return translate_query(a, function, node, is_last, out);
}

/* RETURN expression. */
static bool
translate_return(struct apply *a, const struct model_function *function, const struct json *node,
                 struct model_statement *out)
{
    struct scope scope = {0};
    struct expr_context x = {
        .a = a, .marks = a->marks, .scope = &scope, .allow_query = true, .place = "a function"};
    struct expr e;
    struct query query = {.columns = &e, .column_count = 1};

    if (!expr_translate(&x, node, &e) ||
        (e.type.id == TYPE_UNKNOWN &&
         !expr_coerce(&x, &e, type_builtin(TYPE_TEXT), COERCE_IMPLICIT, SIZE_MAX)))
        return false;
    query.sql = arena_printf(a->tmp, "SELECT %.*s", STR_ARG(e.sql));
    *out = (struct model_statement){.kind = STR("SELECT")};
    if (function->result != MODEL_RESULT_VOID && !match_query(&x, function, &query))
        return false;
    out->sql = query.sql;
    return true;
}

static bool
translate_body(struct apply *a, struct model_function *function, const struct function_body *body)
{
    uint32_t count = body->result != NULL ? 1 : body->count;
    struct model_statement *list = ARENA_ARRAY(a->keep, struct model_statement, count + 1);

    if (count == 0 && function->result != MODEL_RESULT_VOID)
        return fail_result(a, function, "its final statement must be SELECT");
    if (body->result != NULL && !translate_return(a, function, body->result, &list[0]))
        return false;
    for (uint32_t i = 0; i < body->count; i++) {
        if (!translate_node(a, function, body->nodes[i], i + 1 == body->count, &list[i]))
            return false;
    }
    function->writes = false;
    for (uint32_t i = 0; i < count; i++) {
        struct model_statement *s = &list[i];

        function->writes = function->writes || !str_eq(s->kind, STR("SELECT")) ||
                           memmem(s->sql.data, s->sql.len, "cairn_nextval(", 14) != NULL;
        s->sql = arena_copy(a->keep, s->sql);
        s->table_schema = arena_copy(a->keep, s->table_schema);
        s->table_name = arena_copy(a->keep, s->table_name);
        s->sets = keep_names(a, s->sets, s->set_count);
        s->merges = keep_names(a, s->merges, s->merge_count);
    }
    function->statements = list;
    function->statement_count = count;
    return true;
}

/* A default that gives another value each time must be asked once. */
static bool
check_defaults(struct apply *a, const struct model_function *function,
               const struct expr_parameters *parameters)
{
    for (uint32_t i = 0; i < function->argument_count; i++) {
        if (parameters->items[i].uses > 1 &&
            function_is_volatile(function->arguments[i].default_sqlite))
            return apply_fail(a, SIZE_MAX, "0A000", "use the argument once, or give it no default",
                              "argument \"%.*s\", whose default changes with each call, is used "
                              "more than once",
                              STR_ARG(function->arguments[i].name));
    }
    return true;
}

bool
function_is_volatile(struct str sql)
{
    static const char *const calls[] = {"cairn_uuid(", "cairn_nextval(",    "cairn_clock(",
                                        "random(",     "cairn_set_config(", "cairn_setting_now("};

    for (size_t i = 0; i < COUNTOF(calls); i++) {
        if (sql.len > 0 && memmem(sql.data, sql.len, calls[i], strlen(calls[i])) != NULL)
            return true;
    }
    return false;
}

bool
function_translate(struct apply *a, struct model_function *function)
{
    struct expr_parameters parameters = {.function = function->name};
    struct function_state state;
    struct function_body body;
    struct marks marks = {.is_body = true};
    bool ok;

    if (function->of_name.len > 0)
        return function_translate_row(a, function);
    parameters.count = function->argument_count;
    parameters.items = ARENA_ARRAY(a->tmp, struct expr_parameter, parameters.count + 1);
    for (uint32_t i = 0; i < parameters.count; i++) {
        struct buf mark;

        apply_buf(&mark);
        body_write_argument(&mark, i);
        parameters.items[i] = (struct expr_parameter){
            .name = function->arguments[i].name,
            .value = {.sql = apply_take(a->tmp, &mark),
                      .pg = function->arguments[i].name,
                      .type = function->arguments[i].type},
        };
    }
    function_keep(a, &state);
    ok = function_read(a, function, &body);
    a->parameters = &parameters;
    a->marks = &marks;
    ok = ok && translate_body(a, function, &body) && check_defaults(a, function, &parameters);
    if (ok && marks.is_refused)
        ok = apply_fail(a, SIZE_MAX, "0A000", "rename it", "a name has a control character");
    function->reads = marks.reads;
    marks_keep(a, &marks, &function->references, &function->reference_count);
    function_restore(a, &state);
    return ok;
}
