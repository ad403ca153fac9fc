/* SPDX-License-Identifier: Apache-2.0 */
/* CREATE FUNCTION, and what DROP and COMMENT ON say of functions. */
#include "sql/ddl.h"
#include "sql/function.h"
#include "sql/quote.h"

/* PostgreSQL's. */
#define ARGUMENTS_MAX 100

#define HINT_SQL "write it in LANGUAGE sql, or set database.url for PostgreSQL"

/* Where the migration made a function, for errors that show in the end. */
struct function_place {
    const char *sql; /* the function's, by its address */
    size_t at, to;
    struct function_place *next;
};

/* --- arguments and result --------------------------------------------------------------------- */

static bool
is_mode(const struct json *parameter, const char *mode)
{
    return pg_is(parameter, "mode", mode);
}

static bool
is_input(const struct json *parameter)
{
    return !is_mode(parameter, "FUNC_PARAM_OUT") && !is_mode(parameter, "FUNC_PARAM_TABLE");
}

static bool
is_output(const struct json *parameter)
{
    return is_mode(parameter, "FUNC_PARAM_OUT") || is_mode(parameter, "FUNC_PARAM_TABLE") ||
           is_mode(parameter, "FUNC_PARAM_INOUT");
}

/* A type without its modifiers, which PostgreSQL forgets too. */
static bool
read_type(struct apply *a, const struct json *type_name, struct type *out)
{
    if (!apply_type(a, type_name, out, NULL))
        return false;
    if (out->id != TYPE_ENUM && out->id != TYPE_ARRAY)
        *out = *type_builtin(out->id);
    return type_is_embedded(out) ||
           apply_fail(a, pg_location(type_name), "0A000", HINT_POSTGRES,
                      "the embedded engine can't take values of type %.*s", STR_ARG(out->name));
}

static bool
read_default(struct apply *a, const struct json *node, struct model_argument *argument)
{
    struct expr_context x = {.a = a, .place = "a default"};
    struct expr e;

    if (!expr_translate(&x, node, &e) ||
        !expr_coerce(&x, &e, &argument->type, COERCE_ASSIGN, pg_location(pg_body(node))))
        return false;
    argument->has_default = true;
    argument->default_sqlite = arena_copy(a->keep, e.sql);
    return true;
}

/* The table or view whose rows the type is; NULL: it is another type. */
static const struct model_table *
find_row_type(struct apply *a, const struct json *type_name)
{
    return pg_count(type_name, "arrayBounds") > 0
               ? NULL
               : apply_lookup_table(a, apply_list_name(pg_first(type_name, "names")));
}

static struct type
row_type(struct apply *a, struct str schema, struct str name)
{
    struct type type = *type_builtin(TYPE_OTHER);

    type.name = apply_full_name(a->keep, schema, name);
    return type;
}

/* Of an argument, which may be a row. */
static bool
read_argument_type(struct apply *a, const struct json *type_name, struct type *out)
{
    const struct model_table *table = find_row_type(a, type_name);

    if (table == NULL)
        return read_type(a, type_name, out);
    *out = row_type(a, table->schema, table->name);
    return true;
}

void
apply_rename_function_rows(struct apply *a, struct str schema, struct str name, struct str new_name)
{
    for (uint32_t i = 0; i < a->model->function_count; i++) {
        struct model_function *function = &a->model->functions[i];

        if (str_eq(function->row_name, name) && str_eq(function->row_schema, schema))
            function->row_name = new_name;
        if (!str_eq(function->of_name, name) || !str_eq(function->of_schema, schema))
            continue;
        function->of_name = new_name;
        function->arguments[0].type = row_type(a, schema, new_name);
    }
}

static bool
read_argument(struct apply *a, const struct json *parameter, struct model_function *function)
{
    struct model_argument *argument = &function->arguments[function->argument_count++];
    const struct json *value = pg_get(parameter, "defexpr");

    argument->is_variadic = is_mode(parameter, "FUNC_PARAM_VARIADIC");
    argument->name = arena_copy(a->keep, pg_str(parameter, "name"));
    if (!read_argument_type(a, pg_get(parameter, "argType"), &argument->type))
        return false;
    if (argument->type.id == TYPE_OTHER) {
        const struct model_table *table = find_row_type(a, pg_get(parameter, "argType"));

        function->of_schema = table->schema;
        function->of_name = table->name;
    }
    if (value != NULL)
        return read_default(a, value, argument);
    return function->argument_count == 1 || !argument[-1].has_default ||
           apply_fail(a, pg_location(pg_get(parameter, "argType")), "42P13", NULL,
                      "input parameters after one with a default value must also have defaults");
}

static struct model_column *
add_result(struct apply *a, struct model_function *function, struct str name, struct type type)
{
    struct model_table *row = function->own_row;
    struct model_column *column = &row->columns[row->column_count++];

    *column = (struct model_column){.name = arena_copy(a->keep, name), .type = type};
    return column;
}

static bool
read_parameters(struct apply *a, const struct json *body, struct model_function *function)
{
    uint32_t count = pg_count(body, "parameters");

    if (count > ARGUMENTS_MAX)
        return apply_fail(a, SIZE_MAX, "54023", NULL,
                          "functions cannot have more than %d arguments", ARGUMENTS_MAX);
    function->arguments = ARENA_ARRAY(a->keep, struct model_argument, count + 1);
    function->own_row = ARENA_NEW(a->keep, struct model_table);
    function->own_row->schema = function->schema;
    function->own_row->name = function->name;
    function->own_row->columns = ARENA_ARRAY(a->keep, struct model_column, count + 1);
    for (const struct json *n = pg_first(body, "parameters"); n != NULL; n = n->next) {
        const struct json *parameter = pg_as(n, "FunctionParameter");
        struct str name = pg_str(parameter, "name");
        struct type type;

        if (is_input(parameter) && !read_argument(a, parameter, function))
            return false;
        if (!is_output(parameter))
            continue;
        if (!read_type(a, pg_get(parameter, "argType"), &type))
            return false;
        if (name.len == 0)
            name = arena_printf(a->tmp, "column%u", function->own_row->column_count + 1);
        add_result(a, function, name, type);
        function->result = MODEL_RESULT_ROW;
    }
    return function->of_name.len == 0 ||
           (function->argument_count == 1 && !function->arguments[0].is_variadic &&
            !function->arguments[0].has_default) ||
           apply_refuse(a, SIZE_MAX, "functions that take a row and more");
}

static bool
read_result(struct apply *a, const struct json *body, struct model_function *function)
{
    const struct json *type_name = pg_get(body, "returnType");
    struct name name = apply_list_name(pg_first(type_name, "names"));
    const struct model_table *table = NULL;
    struct type type;

    function->own_row_count = 1;
    function->returns_set = pg_bool(type_name, "setof");
    if (function->result == MODEL_RESULT_ROW)
        return true;
    if (type_name == NULL)
        return apply_fail(a, SIZE_MAX, "42P13", NULL, "function result type must be specified");
    if (str_eq(name.name, STR("trigger")) || str_eq(name.name, STR("event_trigger")))
        return apply_refuse(a, pg_location(type_name), "trigger functions");
    if (str_eq(name.name, STR("void"))) {
        function->result = MODEL_RESULT_VOID;
        return true;
    }
    if (str_eq(name.name, STR("record"))) {
        function->result = MODEL_RESULT_RECORD;
        add_result(a, function, STR(MODEL_VALUE_COLUMN), *type_builtin(TYPE_JSON));
        return true;
    }
    table = apply_lookup_table(a, name);
    if (table != NULL && pg_count(type_name, "arrayBounds") == 0) {
        function->result = MODEL_RESULT_ROW;
        function->own_row = NULL;
        function->own_row_count = 0;
        function->row_schema = table->schema;
        function->row_name = table->name;
        return true;
    }
    function->result = MODEL_RESULT_SCALAR;
    if (!read_type(a, type_name, &type))
        return false;
    add_result(a, function, STR(MODEL_VALUE_COLUMN), type);
    return true;
}

/* --- options ---------------------------------------------------------------------------------- */

static void
read_path(struct apply *a, const struct json *set, struct model_function *function)
{
    struct str *path = ARENA_ARRAY(a->keep, struct str, pg_count(set, "args") + COUNTOF(a->path));
    uint32_t count = 0;

    if (set == NULL) {
        for (; count < a->path_count; count++)
            path[count] = arena_copy(a->keep, a->path[count]);
    }
    for (const struct json *n = pg_first(set, "args"); n != NULL; n = n->next) {
        struct str schema = pg_const(&a->tree, pg_as(n, "A_Const")).text;

        if (schema.len > 0 && !str_eq(schema, STR("pg_catalog")) &&
            !str_eq(schema, STR("pg_temp")) && !str_eq(schema, STR("$user")))
            path[count++] = arena_copy(a->keep, schema);
    }
    function->path = path;
    function->path_count = count;
}

static enum model_volatility
volatility_of(struct str word)
{
    if (str_eq(word, STR("immutable")))
        return MODEL_IMMUTABLE;
    return str_eq(word, STR("stable")) ? MODEL_STABLE : MODEL_VOLATILE;
}

static bool
read_language(struct apply *a, const struct json *element)
{
    struct str language = pg_string(pg_get(element, "arg"));

    return str_eq_nocase(language, STR("sql")) ||
           apply_fail(a, pg_location(element), "0A000", HINT_SQL,
                      "the embedded engine does not have functions in LANGUAGE %.*s",
                      STR_ARG(language));
}

static bool
read_options(struct apply *a, const struct json *body, struct model_function *function)
{
    const struct json *path = NULL;

    function->volatility = MODEL_VOLATILE;
    for (const struct json *n = pg_first(body, "options"); n != NULL; n = n->next) {
        const struct json *element = pg_as(n, "DefElem");
        const struct json *arg = pg_get(element, "arg");
        const struct json *set = pg_as(arg, "VariableSetStmt");

        if (pg_is(element, "defname", "language") && !read_language(a, element))
            return false;
        if (pg_is(element, "defname", "volatility"))
            function->volatility = volatility_of(pg_string(arg));
        if (pg_is(element, "defname", "strict"))
            function->is_strict = pg_bool(pg_as(arg, "Boolean"), "boolval");
        if (pg_is(element, "defname", "security"))
            function->is_definer = pg_bool(pg_as(arg, "Boolean"), "boolval");
        if (pg_is(element, "defname", "rows"))
            function->is_single = json_get_i64(pg_as(arg, "Integer"), "ival", 0) == 1;
        if (pg_is(element, "defname", "window") || pg_is(element, "defname", "transform"))
            return apply_refuse(a, pg_location(element), "functions of this kind");
        if (set != NULL && pg_is(set, "name", "search_path") && pg_is(set, "kind", "VAR_SET_VALUE"))
            path = set;
        else if (set != NULL && !pg_is(set, "name", "search_path"))
            return apply_refuse(a, pg_location(element), "settings of a function, but search_path");
    }
    read_path(a, path, function);
    return true;
}

/* --- the statement ---------------------------------------------------------------------------- */

static bool
takes_same(const struct model_function *x, const struct model_function *y)
{
    if (x->argument_count != y->argument_count)
        return false;
    for (uint32_t i = 0; i < x->argument_count; i++) {
        if (!str_eq(x->arguments[i].type.name, y->arguments[i].type.name))
            return false;
    }
    return true;
}

static struct model_function *
find_same(struct apply *a, const struct model_function *function)
{
    for (uint32_t i = 0; i < a->model->function_count; i++) {
        struct model_function *other = &a->model->functions[i];

        if (str_eq(other->schema, function->schema) && str_eq(other->name, function->name) &&
            takes_same(other, function))
            return other;
    }
    return NULL;
}

/* Whether a tree calls a function of this name. */
static bool
tree_calls(const struct json *tree, struct str name)
{
    for (const struct json *n = tree != NULL ? tree->first : NULL; n != NULL; n = n->next) {
        if (tree->type == JSON_OBJECT && str_eq(n->key, STR("FuncCall")) &&
            str_eq(pg_last_string(n, "funcname"), name))
            return true;
        if (tree_calls(n, name))
            return true;
    }
    return false;
}

static bool
text_calls(struct apply *a, const char *before, struct str text, struct str name)
{
    struct pgtree_error error;
    struct pgtree tree;

    if (text.len == 0 || memmem(text.data, text.len, name.data, name.len) == NULL)
        return false;
    return !pgtree_parse(arena_printf(a->tmp, "%s%.*s", before, STR_ARG(text)), a->tmp, &tree,
                         &error) ||
           tree_calls(tree.root, name);
}

/* A policy that calls it; what it is replaced by is taken over in the end. */
static bool
check_policies(struct apply *a, const struct model_function *function)
{
    for (uint32_t i = 0; i < a->model->table_count; i++) {
        const struct model_table *table = &a->model->tables[i];

        for (uint32_t k = 0; k < table->policy_count; k++) {
            const struct model_policy *policy = &table->policies[k];

            if (text_calls(a, "SELECT ", policy->using_sql, function->name) ||
                text_calls(a, "SELECT ", policy->check_sql, function->name))
                return apply_fail(
                    a, SIZE_MAX, "2BP01", "drop that first, and create it again afterwards",
                    "cannot drop function %.*s because policy %.*s on table %.*s depends on it",
                    STR_ARG(function->name), STR_ARG(policy->name), STR_ARG(table->name));
        }
    }
    return true;
}

/* What holds the function's translation in its own: it would not follow a change. */
static bool
check_users(struct apply *a, const struct model_function *function, const char *what)
{
    struct str user = STR_NULL;
    const char *kind = "view";

    for (uint32_t i = 0; i < a->model->table_count && user.len == 0; i++) {
        const struct model_table *table = &a->model->tables[i];

        if (text_calls(a, "", table->view_sql, function->name))
            user = table->name;
        for (uint32_t k = 0; k < table->check_count && user.len == 0; k++) {
            if (text_calls(a, "SELECT ", table->checks[k].sql, function->name)) {
                user = table->checks[k].name;
                kind = "constraint";
            }
        }
        for (uint32_t k = 0; k < table->column_count && user.len == 0; k++) {
            if (text_calls(a, "SELECT ", table->columns[k].default_sql, function->name)) {
                user = table->columns[k].name;
                kind = "column";
            }
        }
        for (uint32_t k = 0; k < table->index_count && user.len == 0; k++) {
            if (text_calls(a, "", table->indexes[k].sql, function->name)) {
                user = table->indexes[k].name;
                kind = "index";
            }
        }
    }
    return user.len == 0 ||
           apply_fail(a, SIZE_MAX, "2BP01", "drop that first, and create it again afterwards",
                      "cannot %s function %.*s because %s %.*s depends on it", what,
                      STR_ARG(function->name), kind, STR_ARG(user));
}

static bool
replace(struct apply *a, const struct json *body, struct model_function *old,
        struct model_function *function)
{
    bool same_row = old->own_row_count == function->own_row_count &&
                    str_eq(old->row_schema, function->row_schema) &&
                    str_eq(old->row_name, function->row_name);

    if (!pg_bool(body, "replace"))
        return apply_fail(a, SIZE_MAX, "42723", NULL,
                          "function \"%.*s\" already exists with same argument types",
                          STR_ARG(function->name));
    for (uint32_t i = 0;
         same_row && function->own_row_count > 0 && i < function->own_row->column_count; i++)
        same_row =
            i < old->own_row->column_count &&
            str_eq(old->own_row->columns[i].type.name, function->own_row->columns[i].type.name);
    if (!same_row || old->result != function->result || old->returns_set != function->returns_set)
        return apply_fail(a, SIZE_MAX, "42P13", "drop the function first",
                          "cannot change return type of existing function");
    if (!check_users(a, old, "replace"))
        return false;
    function->comment = old->comment;
    function->acl = old->acl;
    *old = *function;
    return true;
}

bool
apply_create_function(struct apply *a, const struct json *body)
{
    struct name name = apply_list_name(pg_first(body, "funcname"));
    struct model_function function = {0};
    struct model_function *old;
    struct function_place *place;

    if (pg_bool(body, "is_procedure"))
        return apply_refuse(a, SIZE_MAX, "procedures");
    if (!apply_creation_schema(a, &name.schema))
        return false;
    function.schema = arena_copy(a->keep, name.schema);
    function.name = arena_copy(a->keep, name.name);
    function.sql = arena_copy(a->keep, str_slice(a->text, a->at, a->to));
    if (!read_options(a, body, &function) || !read_parameters(a, body, &function) ||
        !read_result(a, body, &function))
        return false;
    function.row = function.own_row_count > 0
                       ? function.own_row
                       : model_find_table(a->model, function.row_schema, function.row_name);
    if (!a->skips_bodies && !function_translate(a, &function))
        return false;
    place = ARENA_NEW(a->keep, struct function_place);
    *place = (struct function_place){function.sql.data, a->at, a->to, a->places};
    a->places = place;
    old = find_same(a, &function);
    if (old != NULL)
        return replace(a, body, old, &function);
    apply_default_acl(a, "functions", function.schema, &function.acl);
    edit_add_function(a, &function);
    return true;
}

/* --- DROP and COMMENT ON ---------------------------------------------------------------------- */

static bool
takes_types(struct apply *a, const struct json *object, const struct model_function *function,
            bool *out)
{
    uint32_t i = 0;

    *out = pg_bool(object, "args_unspecified");
    if (*out)
        return true;
    for (const struct json *n = pg_first(object, "objargs"); n != NULL; n = n->next, i++) {
        struct type type;

        if (!read_argument_type(a, pg_as(n, "TypeName"), &type))
            return false;
        if (i >= function->argument_count || !str_eq(type.name, function->arguments[i].type.name))
            return true;
    }
    *out = i == function->argument_count;
    return true;
}

bool
apply_find_function(struct apply *a, const struct json *object, bool is_needed,
                    struct model_function **out)
{
    struct name name = apply_list_name(pg_first(object, "objname"));
    uint32_t found = 0;

    *out = NULL;
    if (name.schema.len == 0 && a->path_count > 0)
        name.schema = a->path[0];
    for (uint32_t i = 0; i < a->model->function_count; i++) {
        struct model_function *function = &a->model->functions[i];
        bool fits = false;

        if (!str_eq(function->schema, name.schema) || !str_eq(function->name, name.name))
            continue;
        if (!takes_types(a, object, function, &fits))
            return false;
        if (!fits)
            continue;
        *out = function;
        found++;
    }
    if (found > 1)
        return apply_fail(a, SIZE_MAX, "42725", "name its arguments' types",
                          "function name \"%.*s\" is not unique", STR_ARG(name.name));
    return found == 1 || !is_needed ||
           apply_fail(a, SIZE_MAX, "42883", "write IF EXISTS if it may be missing",
                      "function %.*s does not exist", STR_ARG(name.name));
}

bool
apply_drop_function(struct apply *a, struct model_function *function)
{
    struct model *model = a->model;

    if (!check_users(a, function, "drop") || !check_policies(a, function))
        return false;
    edit_remove(model->functions, &model->function_count, (uint32_t)(function - model->functions),
                sizeof(*function));
    return true;
}

bool
apply_drop_row_functions(struct apply *a, const struct model_table *table, struct str what,
                         bool cascade)
{
    for (uint32_t i = a->model->function_count; i-- > 0;) {
        struct model_function *function = &a->model->functions[i];

        if ((!str_eq(function->row_name, table->name) ||
             !str_eq(function->row_schema, table->schema)) &&
            (!str_eq(function->of_name, table->name) ||
             !str_eq(function->of_schema, table->schema)))
            continue;
        if (!cascade)
            return apply_fail(a, SIZE_MAX, "2BP01", "drop that first, or add CASCADE",
                              "cannot drop %.*s because function %.*s depends on it", STR_ARG(what),
                              STR_ARG(function->name));
        if (!apply_drop_function(a, function))
            return false;
    }
    return true;
}

/* --- in the end ------------------------------------------------------------------------------- */

/* The cause of an error that is there already, without its place. */
static struct str
take_cause(struct apply *a)
{
    struct str message = arena_copy(a->tmp, str_from(a->err->message));
    const char *at = memmem(message.data, message.len, "': ", 3);

    return at == NULL ? message : str_slice(message, (size_t)(at - message.data) + 3, message.len);
}

static bool
settle(struct apply *a, struct model_function *function)
{
    const struct function_place *place = a->places;
    char code[8];
    struct str cause;

    while (place != NULL && place->sql != function->sql.data)
        place = place->next;
    a->at = place != NULL ? place->at : a->text.len;
    a->to = place != NULL ? place->to : a->text.len;
    if (function_translate(a, function))
        return true;
    if (place != NULL)
        return false;
    cause = take_cause(a);
    snprintf(code, sizeof(code), "%.5s", a->err->code);
    err_clear(a->err);
    return apply_fail(a, SIZE_MAX, code, "drop the function, or replace it in this migration",
                      "function %.*s would not fit any more: %.*s", STR_ARG(function->name),
                      STR_ARG(cause));
}

bool
apply_settle_functions(struct apply *a)
{
    if (!model_settle_functions(a->model))
        return apply_fail(a, SIZE_MAX, "2BP01", "drop the function first",
                          "a function returns rows of a table that is gone");
    for (uint32_t i = 0; i < a->model->function_count; i++) {
        if (!settle(a, &a->model->functions[i]))
            return false;
    }
    return true;
}
