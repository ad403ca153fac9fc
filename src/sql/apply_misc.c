/* SPDX-License-Identifier: Apache-2.0 */
/* Settings, comments, enums, and the SELECTs that a dump has. */
#include "sql/apply.h"
#include "sql/ddl.h"
#include "sql/expr.h"
#include "sql/quote.h"

/* --- settings --------------------------------------------------------------------------------- */

static void
add_path(struct apply *a, struct str schema)
{
    if (a->path_count < COUNTOF(a->path) && schema.len > 0 && !str_eq(schema, STR("pg_catalog")) &&
        !str_eq(schema, STR("$user")))
        a->path[a->path_count++] = arena_copy(a->keep, schema);
}

static bool
set_path(struct apply *a, const struct json *first)
{
    a->path_count = 0;
    for (const struct json *n = first; n != NULL; n = n->next)
        add_path(a, pg_const(&a->tree, pg_as(n, "A_Const")).text);
    return true;
}

/* Everything is made by one: dumps say so, and others would have to be heeded. */
static bool
set_role(struct apply *a, const struct json *body, struct str name)
{
    if (!pg_is(body, "kind", "VAR_SET_VALUE") || str_eq(name, STR("none")) ||
        str_eq(name, MODEL_OWNER))
        return true;
    if (model_find_role(a->model, name) == NULL)
        return apply_fail(a, SIZE_MAX, "22023", NULL, "role \"%.*s\" does not exist",
                          STR_ARG(name));
    return apply_fail(a, SIZE_MAX, "0A000", "leave it out, and use OWNER TO",
                      "the embedded engine runs migrations as \"postgres\" only");
}

bool
apply_set(struct apply *a, const struct json *body)
{
    struct str name = pg_str(body, "name");
    struct str value = pg_const(&a->tree, pg_as(pg_first(body, "args"), "A_Const")).text;

    if (str_eq(name, STR("search_path"))) {
        if (pg_is(body, "kind", "VAR_SET_VALUE"))
            return set_path(a, pg_first(body, "args"));
        a->path_count = 0;
        add_path(a, STR("public"));
        return true;
    }
    if (str_eq(name, STR("role")) || str_eq(name, STR("session_authorization")))
        return set_role(a, body, value);
    if (str_eq(name, STR("standard_conforming_strings")) && str_eq_nocase(value, STR("off")))
        return apply_refuse(a, SIZE_MAX, "backslash escapes in plain strings");
    if (str_eq_nocase(name, STR("timezone")) && pg_is(body, "kind", "VAR_SET_VALUE") &&
        !str_eq_nocase(value, STR("utc")) && !str_eq_nocase(value, STR("gmt")) &&
        !str_eq_nocase(value, STR("etc/utc")))
        return apply_refuse(a, SIZE_MAX, "time zones other than UTC");
    if (str_eq_nocase(name, STR("datestyle")) && pg_is(body, "kind", "VAR_SET_VALUE") &&
        !str_eq_nocase(str_slice(value, 0, 3), STR("iso")))
        return apply_refuse(a, SIZE_MAX, "date styles other than ISO");
    if (str_eq_nocase(name, STR("check_function_bodies")))
        a->skips_bodies = str_eq_nocase(value, STR("off")) || str_eq_nocase(value, STR("false"));
    /* Everything else is about PostgreSQL's own working. */
    return true;
}

/* --- SELECT ----------------------------------------------------------------------------------- */

static bool
select_set_config(struct apply *a, const struct json *call)
{
    const struct json *name = pg_first(call, "args");
    const struct json *value = name != NULL ? name->next : NULL;
    struct str list = pg_const(&a->tree, pg_as(value, "A_Const")).text;

    if (pg_as(name, "A_Const") == NULL || pg_as(value, "A_Const") == NULL)
        return apply_refuse(a, SIZE_MAX, "set_config() with other than literals");
    if (!str_eq(pg_const(&a->tree, pg_as(name, "A_Const")).text, STR("search_path")))
        return true;
    a->path_count = 0;
    while (list.data != NULL && list.len > 0) {
        struct str schema = str_trim(str_cut(&list, ','));

        if (schema.len >= 2 && schema.data[0] == '"')
            schema = str_slice(schema, 1, schema.len - 1);
        add_path(a, schema);
    }
    return true;
}

/* setval(sequence, value [, is_called]) */
static bool
select_setval(struct apply *a, const struct json *call)
{
    struct expr_context x = {.a = a, .allow_query = true, .place = "setval()"};
    const struct json *first = pg_first(call, "args");
    const struct json *value_node = first != NULL ? first->next : NULL;
    const struct json *called_node = value_node != NULL ? value_node->next : NULL;
    struct str sequence;
    struct expr value;
    struct expr called;
    struct buf sql;

    if (value_node == NULL)
        return apply_refuse(a, pg_location(call), "this call");
    if (!expr_sequence(&x, first, &sequence) || !expr_translate(&x, value_node, &value) ||
        !expr_coerce(&x, &value, type_builtin(TYPE_INT8), COERCE_ASSIGN, pg_location(call)))
        return false;
    if (called_node != NULL && !expr_condition(&x, called_node, "setval()", &called))
        return false;
    if (!ddl_flush(a))
        return false;
    apply_buf(&sql);
    BUF_ADD_LIT(&sql, "SELECT cairn_setval(");
    quote_text(&sql, sequence);
    buf_printf(&sql, ", %.*s, %.*s)", STR_ARG(value.sql),
               STR_ARG(called_node != NULL ? called.sql : STR("1")));
    return apply_run_if(a, true, &sql);
}

bool
apply_select(struct apply *a, const struct json *body)
{
    const struct json *target = pg_as(pg_first(body, "targetList"), "ResTarget");
    const struct json *call = pg_as(pg_get(target, "val"), "FuncCall");
    struct str name = pg_last_string(call, "funcname");

    if (pg_count(body, "targetList") == 1 && call != NULL && pg_count(body, "fromClause") == 0) {
        if (str_eq(name, STR("set_config")))
            return select_set_config(a, call);
        if (str_eq(name, STR("setval")))
            return select_setval(a, call);
    }
    /* setval(...) over a query: SELECT setval('s', max(id)) FROM t. */
    if (call != NULL && str_eq(name, STR("setval")))
        return apply_fail(a, SIZE_MAX, "0A000",
                          "write SELECT setval('sequence', (SELECT max(column) FROM table))",
                          "setval() with FROM is not taken in a migration");
    return apply_fail(a, SIZE_MAX, "0A000", "remove it",
                      "a query whose result goes nowhere is no migration");
}

/* --- comments --------------------------------------------------------------------------------- */

static bool
comment_role(struct apply *a, struct str name, struct str text)
{
    struct model_role *role = model_find_role(a->model, name);

    if (role == NULL)
        return apply_fail(a, SIZE_MAX, "42704", "CREATE ROLE before it is named",
                          "role \"%.*s\" does not exist", STR_ARG(name));
    role->is_implied = false;
    role->comment = text;
    return true;
}

bool
apply_comment(struct apply *a, const struct json *body)
{
    struct str text = arena_copy(a->keep, pg_str(body, "comment"));
    const struct json *items = pg_items(pg_get(body, "object"));
    struct name table_name = {0};
    struct name column = apply_list_name(items);
    struct model_table *table;
    uint32_t index;

    if (pg_is(body, "objtype", "OBJECT_TABLE") || pg_is(body, "objtype", "OBJECT_VIEW")) {
        if (!apply_need_relation(a, column, SIZE_MAX, &table))
            return false;
        table->comment = text;
        return true;
    }
    if (pg_is(body, "objtype", "OBJECT_FUNCTION")) {
        struct model_function *function = NULL;

        if (!apply_find_function(a, pg_as(pg_get(body, "object"), "ObjectWithArgs"), true,
                                 &function))
            return false;
        function->comment = text;
        return true;
    }
    if (pg_is(body, "objtype", "OBJECT_ROLE"))
        return comment_role(a, pg_string(pg_get(body, "object")), text);
    if (!pg_is(body, "objtype", "OBJECT_COLUMN"))
        return true;
    for (const struct json *n = items; n != NULL && n->next != NULL; n = n->next) {
        table_name.schema = table_name.name;
        table_name.name = pg_string(n);
    }
    if (!apply_need_relation(a, table_name, SIZE_MAX, &table) ||
        !apply_need_column(a, table, column.name, SIZE_MAX, &index))
        return false;
    table->columns[index].comment = text;
    return true;
}

/* --- enums ------------------------------------------------------------------------------------ */

static bool
label_index(const struct model_enum *e, struct str label, uint32_t *out)
{
    for (uint32_t i = 0; i < e->label_count; i++) {
        if (str_eq(e->labels[i], label)) {
            *out = i;
            return true;
        }
    }
    return false;
}

bool
apply_create_enum(struct apply *a, const struct json *body)
{
    struct name name = apply_list_name(pg_first(body, "typeName"));
    struct model_enum made = {0};
    struct str *labels;
    struct type type;

    if (!apply_creation_schema(a, &name.schema))
        return false;
    if (apply_lookup_enum(a, name) != NULL || type_lookup(name.name, NULL, 0, &type))
        return apply_fail(a, SIZE_MAX, "42710", NULL, "type \"%.*s\" already exists",
                          STR_ARG(name.name));
    made.schema = arena_copy(a->keep, name.schema);
    made.name = arena_copy(a->keep, name.name);
    labels = ARENA_ARRAY(a->keep, struct str, pg_count(body, "vals"));
    made.labels = labels;
    for (const struct json *n = pg_first(body, "vals"); n != NULL; n = n->next) {
        uint32_t index;

        if (label_index(&made, pg_string(n), &index))
            return apply_fail(a, SIZE_MAX, "23505", NULL, "label \"%.*s\" appears twice",
                              STR_ARG(pg_string(n)));
        if (pg_string(n).len > 63)
            return apply_fail(a, SIZE_MAX, "42602", "labels have at most 63 bytes",
                              "invalid enum label \"%.*s\"", STR_ARG(pg_string(n)));
        labels[made.label_count++] = arena_copy(a->keep, pg_string(n));
    }
    edit_add_enum(a, &made);
    return true;
}

/* All columns of the type have its labels with them. */
/* Whether the type is the enum, or an array of it; it gets the labels. */
static bool
update_type(struct apply *a, const struct type *of, struct type *type)
{
    struct type *elem;

    if (type->id == TYPE_ARRAY && type->elem->id == TYPE_ENUM &&
        str_eq(type->elem->name, of->name)) {
        elem = ARENA_NEW(a->keep, struct type);
        *elem = *type->elem;
        elem->labels = of->labels;
        elem->label_count = of->label_count;
        type->elem = elem;
        return true;
    }
    if (type->id != TYPE_ENUM || !str_eq(type->name, of->name))
        return false;
    type->labels = of->labels;
    type->label_count = of->label_count;
    return true;
}

static void
update_functions(struct apply *a, const struct type *type)
{
    for (uint32_t f = 0; f < a->model->function_count; f++) {
        struct model_function *function = &a->model->functions[f];

        for (uint32_t i = 0; i < function->argument_count; i++)
            (void)update_type(a, type, &function->arguments[i].type);
        for (uint32_t i = 0; function->own_row_count > 0 && i < function->own_row->column_count;
             i++)
            (void)update_type(a, type, &function->own_row->columns[i].type);
    }
}

static bool
update_columns(struct apply *a, const struct model_enum *e)
{
    struct type type = apply_enum_type(a, e);

    update_functions(a, &type);
    for (uint32_t t = 0; t < a->model->table_count; t++) {
        struct model_table *table = &a->model->tables[t];
        bool uses = false;

        for (uint32_t i = 0; i < table->column_count; i++)
            uses = update_type(a, &type, &table->columns[i].type) || uses;
        /* The order of labels may be written into expressions. */
        if (uses && !table->is_view && (table->check_count > 0 || table->index_count > 0)) {
            ddl_changed(a, table);
            if (!apply_retranslate(a, table, STR_NULL, STR_NULL))
                return false;
        }
    }
    return true;
}

/* How expressions have the order of an array's or a value's labels. */
static struct str
written_labels(struct apply *a, const struct model_enum *e, bool of_array)
{
    struct buf out;

    apply_buf(&out);
    for (uint32_t i = 0; i < e->label_count; i++) {
        buf_add_str(&out, of_array ? STR(", ") : STR(" WHEN "));
        quote_text(&out, e->labels[i]);
        if (!of_array)
            buf_printf(&out, " THEN %u", i);
    }
    buf_add_str(&out, of_array ? STR(")") : STR(" END"));
    return apply_take(a->tmp, &out);
}

/* A view that compares the enum's values, or is ordered by them, has the labels in its text. */
static bool
check_views(struct apply *a, const struct model_enum *e)
{
    struct str texts[] = {written_labels(a, e, false), written_labels(a, e, true)};

    for (uint32_t t = 0; t < a->model->table_count; t++) {
        const struct model_table *view = &a->model->tables[t];

        for (size_t i = 0; view->is_view && i < COUNTOF(texts); i++) {
            if (memmem(view->view_sqlite.data, view->view_sqlite.len, texts[i].data,
                       texts[i].len) != NULL)
                return apply_fail(a, SIZE_MAX, "0A000", "drop the view before, and create it again",
                                  "view \"%.*s\" has the order of the values of type \"%.*s\" in "
                                  "it, which the embedded engine can't change",
                                  STR_ARG(view->name), STR_ARG(e->name));
        }
    }
    return true;
}

static bool
rename_label(struct apply *a, struct model_enum *e, struct str old_name, struct str new_name)
{
    (void)e;
    (void)old_name;
    (void)new_name;
    return apply_fail(a, SIZE_MAX, "0A000",
                      "add the new value, UPDATE the rows, and keep the old one",
                      "the embedded engine can't rename a value of an enum");
}

bool
apply_alter_enum(struct apply *a, const struct json *body)
{
    struct name name = apply_list_name(pg_first(body, "typeName"));
    struct model_enum *e = apply_lookup_enum(a, name);
    struct str label = pg_str(body, "newVal");
    struct str neighbor = pg_str(body, "newValNeighbor");
    struct str *labels;
    uint32_t at;

    if (e == NULL)
        return apply_fail(a, SIZE_MAX, "42704", NULL, "type \"%.*s\" does not exist",
                          STR_ARG(name.name));
    if (pg_str(body, "oldVal").len > 0)
        return rename_label(a, e, pg_str(body, "oldVal"), label);
    if (label_index(e, label, &at))
        return pg_bool(body, "skipIfNewValExists") ||
               apply_fail(a, SIZE_MAX, "42710", NULL, "enum label \"%.*s\" already exists",
                          STR_ARG(label));
    if (!check_views(a, e))
        return false;
    at = e->label_count;
    if (neighbor.len > 0) {
        if (!label_index(e, neighbor, &at))
            return apply_fail(a, SIZE_MAX, "22023", NULL, "\"%.*s\" is not an existing enum label",
                              STR_ARG(neighbor));
        at += pg_bool(body, "newValIsAfter");
    }
    labels = edit_grow(a, e->labels, e->label_count, sizeof(*labels));
    memmove(&labels[at + 1], &labels[at], (e->label_count - at) * sizeof(*labels));
    labels[at] = arena_copy(a->keep, label);
    e->labels = labels;
    e->label_count++;
    return update_columns(a, e);
}
