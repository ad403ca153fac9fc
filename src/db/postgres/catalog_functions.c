/* SPDX-License-Identifier: Apache-2.0 */
#include "core/buf.h"
#include "db/postgres/catalog.h"

/* Functions of the exposed schemas that can be called with values from outside: no aggregates, no
 * procedures, nothing that takes or gives what is no value (triggers, anyelement, internal), and no
 * arguments without a name but one that can be a whole body. Overloads in the order in which an
 * answer lists them: by their number of arguments, names and types. */
static const char functions_sql[] =
    "SELECT p.oid, n.nspname, p.proname, p.provolatile, p.proretset, p.pronargdefaults, t.oid,"
    "  CASE WHEN t.typtype = 'd' THEN b.typrelid ELSE t.typrelid END, t.typname = 'void',"
    "  coalesce(p.proargmodes && '{o,b,t}'::\"char\"[], false),"
    "  pg_catalog.obj_description(p.oid, 'pg_proc')"
    " FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace"
    " JOIN pg_catalog.pg_type t ON t.oid = p.prorettype"
    " LEFT JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype"
    " WHERE n.nspname = ANY ($1::name[]) AND p.prokind = 'f'"
    " AND (t.typtype <> 'p' OR t.typname IN ('void', 'record'))"
    " AND NOT EXISTS (SELECT FROM unnest(p.proargtypes) AS a(oid)"
    "  JOIN pg_catalog.pg_type at ON at.oid = a.oid WHERE at.typtype = 'p')"
    " AND (p.proargnames IS NOT NULL OR p.pronargs = 0 OR p.pronargs = 1 AND p.proargtypes[0] IN"
    "  ('pg_catalog.bytea'::pg_catalog.regtype, 'pg_catalog.json'::pg_catalog.regtype,"
    "   'pg_catalog.jsonb'::pg_catalog.regtype, 'pg_catalog.text'::pg_catalog.regtype,"
    "   'pg_catalog.xml'::pg_catalog.regtype))"
    " ORDER BY n.nspname COLLATE \"C\", p.proname COLLATE \"C\", p.pronargs,"
    "  (SELECT pg_catalog.array_agg(coalesce(p.proargnames[i], '') || ' '"
    "    || pg_catalog.format_type(p.proargtypes[i - 1], NULL) ORDER BY i)"
    "   FROM pg_catalog.generate_series(1, p.pronargs) AS i), p.oid";

/* All arguments, in order. A type modifier of -1 makes the names those of types without one:
 * "character" alone would be one character. */
static const char arguments_sql[] =
    "SELECT f.place, a.name, a.type, pg_catalog.format_type(a.type, -1), coalesce(a.mode, 'i')"
    " FROM unnest($1::oid[]) WITH ORDINALITY AS f(oid, place)"
    " JOIN pg_catalog.pg_proc p ON p.oid = f.oid,"
    " LATERAL unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargnames, p.proargmodes)"
    "  WITH ORDINALITY AS a(type, name, mode, number)"
    " ORDER BY f.place, a.number";

/* The columns of row types that are no tables of the model. */
static const char attributes_sql[] =
    "SELECT a.attrelid, a.attname, a.atttypid, a.atttypmod,"
    "  pg_catalog.format_type(a.atttypid, a.atttypmod)"
    " FROM (SELECT DISTINCT unnest($1::oid[])) AS r(oid) JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid"
    " WHERE a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum";

static enum model_volatility
volatility_from(char letter)
{
    if (letter == 'i')
        return MODEL_IMMUTABLE;
    return letter == 's' ? MODEL_STABLE : MODEL_VOLATILE;
}

static void
function_read(struct catalog *cat, const PGresult *res, int row)
{
    struct cat_function *function = &cat->functions[row];
    struct model_function *model = &cat->model->functions[row];

    function->oid = (uint32_t)cat_i64(res, row, 0);
    model->oid = function->oid;
    model->schema = cat_str(cat, res, row, 1);
    model->name = cat_str(cat, res, row, 2);
    model->volatility = volatility_from(cat_char(res, row, 3));
    model->returns_set = cat_bool(res, row, 4);
    function->default_count = (uint32_t)cat_i64(res, row, 5);
    function->type = (uint32_t)cat_i64(res, row, 6);
    function->relation = (uint32_t)cat_i64(res, row, 7);
    function->has_columns = cat_bool(res, row, 9);
    model->result = cat_bool(res, row, 8)                             ? MODEL_RESULT_VOID
                    : function->has_columns || function->relation > 0 ? MODEL_RESULT_ROW
                                                                      : MODEL_RESULT_SCALAR;
    model->comment = cat_str(cat, res, row, 10);
}

bool
cat_load_functions(struct catalog *cat, const char *schemas, struct err *err)
{
    struct arena *arena = cat->model->arena;
    PGresult *res = cat_query(cat, functions_sql, schemas, err);
    struct buf oids;

    if (res == NULL)
        return false;
    cat->model->function_count = (uint32_t)PQntuples(res);
    cat->model->functions =
        ARENA_ARRAY(arena, struct model_function, cat->model->function_count + 1);
    cat->functions = ARENA_ARRAY(arena, struct cat_function, cat->model->function_count + 1);
    buf_init(&oids, (size_t)16 * (cat->model->function_count + 1));
    buf_add_char(&oids, '{');
    for (int row = 0; row < PQntuples(res); row++) {
        function_read(cat, res, row);
        buf_printf(&oids, "%s%u", row > 0 ? "," : "", cat->functions[row].oid);
    }
    buf_add_char(&oids, '}');
    cat->function_oids = str_from(arena_cstr(arena, buf_str(&oids)));
    buf_fini(&oids);
    PQclear(res);
    return true;
}

/* A table that stands for the result of a function. */
static struct model_table *
row_new(struct catalog *cat, const struct model_function *function, uint32_t column_cap)
{
    struct model_table *row = ARENA_NEW(cat->model->arena, struct model_table);

    row->schema = function->schema;
    row->name = function->name;
    row->columns = ARENA_ARRAY(cat->model->arena, struct model_column, column_cap + 1);
    return row;
}

static void
row_add(struct catalog *cat, struct model_table *row, struct str name, uint32_t type, int32_t mod,
        struct str type_name)
{
    struct model_column *column = &row->columns[row->column_count++];

    column->name = name;
    cat_make_type(cat, type, mod, type_name, &column->type);
}

/* One argument of a function that has count of them in all; number counts from 0. */
static void
argument_read(struct catalog *cat, const PGresult *res, int row, uint32_t index, uint32_t count)
{
    struct model_function *function = &cat->model->functions[index];
    struct str name = cat_str(cat, res, row, 1);
    uint32_t type = (uint32_t)cat_i64(res, row, 2);
    struct str type_name = cat_str(cat, res, row, 3);
    char mode = cat_char(res, row, 4);

    if (mode == 'i' || mode == 'b' || mode == 'v') {
        struct model_argument *argument = &function->arguments[function->argument_count++];

        argument->name = name;
        argument->is_variadic = mode == 'v';
        cat_make_type(cat, type, -1, type_name, &argument->type);
    }
    if (mode == 'o' || mode == 'b' || mode == 't') {
        struct arena *arena = cat->model->arena;

        if (function->row == NULL)
            function->row = row_new(cat, function, count);
        /* PostgreSQL's own name for a column without one. */
        if (name.len == 0)
            name = arena_printf(arena, "column%u", function->row->column_count + 1);
        row_add(cat, function->row, name, type, -1, type_name);
    }
}

bool
cat_load_arguments(struct catalog *cat, struct err *err)
{
    PGresult *res = cat_query(cat, arguments_sql, cat->function_oids.data, err);
    int rows = 0;

    if (res == NULL)
        return false;
    rows = PQntuples(res);
    for (int first = 0, end = 0; first < rows; first = end) {
        int64_t place = cat_i64(res, first, 0);
        uint32_t index = (uint32_t)place - 1;
        struct model_function *function = &cat->model->functions[index];
        uint32_t optional = cat->functions[index].default_count;

        while (end < rows && cat_i64(res, end, 0) == place)
            end++;
        function->arguments =
            ARENA_ARRAY(cat->model->arena, struct model_argument, (size_t)(end - first));
        for (int row = first; row < end; row++)
            argument_read(cat, res, row, index, (uint32_t)(end - first));
        for (uint32_t i = 0; i < optional && i < function->argument_count; i++)
            function->arguments[function->argument_count - 1 - i].has_default = true;
    }
    PQclear(res);
    return true;
}

/* The value itself, or, of a record, the record as JSON. */
static void
set_value_row(struct catalog *cat, uint32_t index)
{
    static const uint32_t record_oid = 2249;
    struct model_function *function = &cat->model->functions[index];
    uint32_t oid = cat->functions[index].type;
    const struct cat_type *type = cat_find_type(cat, oid);

    function->row = row_new(cat, function, 1);
    if (oid == record_oid) {
        function->result = MODEL_RESULT_RECORD;
        function->row->columns[0].type = *type_builtin(TYPE_JSON);
    } else {
        cat_make_type(cat, oid, -1, type != NULL ? type->full_name : STR("text"),
                      &function->row->columns[0].type);
    }
    /* A value of its own is shown as it is. */
    function->row->columns[0].type.forms = NULL;
    function->row->columns[0].name = STR(MODEL_VALUE_COLUMN);
    function->row->column_count = 1;
}

/* Gives every function that returns the rows of relation its columns: rows first to end of res. */
static void
set_composite_rows(struct catalog *cat, const PGresult *res, int first, int end, uint32_t relation)
{
    struct model_table *row = NULL;

    for (uint32_t i = 0; i < cat->model->function_count; i++) {
        struct model_function *function = &cat->model->functions[i];

        if (cat->functions[i].relation != relation || function->row != NULL)
            continue;
        row = row_new(cat, function, (uint32_t)(end - first));
        for (int at = first; at < end; at++)
            row_add(cat, row, cat_str(cat, res, at, 1), (uint32_t)cat_i64(res, at, 2),
                    (int32_t)cat_i64(res, at, 3), cat_str(cat, res, at, 4));
        function->row = row;
    }
}

static bool
load_composites(struct catalog *cat, const char *relations, struct err *err)
{
    PGresult *res = cat_query(cat, attributes_sql, relations, err);
    int rows = 0;

    if (res == NULL)
        return false;
    rows = PQntuples(res);
    for (int first = 0, end = 0; first < rows; first = end) {
        int64_t relation = cat_i64(res, first, 0);

        while (end < rows && cat_i64(res, end, 0) == relation)
            end++;
        set_composite_rows(cat, res, first, end, (uint32_t)relation);
    }
    PQclear(res);
    return true;
}

bool
cat_load_results(struct catalog *cat, struct err *err)
{
    struct buf relations;
    uint32_t count = cat->model->function_count;
    bool any = false;
    bool ok = true;

    buf_init(&relations, (size_t)16 * (count + 1));
    buf_add_char(&relations, '{');
    for (uint32_t i = 0; i < count; i++) {
        struct model_function *function = &cat->model->functions[i];
        uint32_t relation = cat->functions[i].relation;
        const struct cat_table *table = relation > 0 ? cat_find_table(cat, relation) : NULL;

        if (function->result == MODEL_RESULT_SCALAR) {
            set_value_row(cat, i);
        } else if (function->result == MODEL_RESULT_ROW && function->row == NULL) {
            if (table != NULL) {
                function->row = table->model;
                continue;
            }
            buf_printf(&relations, "%s%u", any ? "," : "", relation);
            any = true;
        }
    }
    buf_add_char(&relations, '}');
    if (any)
        ok = load_composites(cat, buf_cstr(&relations), err);
    buf_fini(&relations);
    /* Void, and a row type without columns, have nothing to show. */
    for (uint32_t i = 0; ok && i < count; i++) {
        struct model_function *function = &cat->model->functions[i];

        if (function->row == NULL)
            function->row = row_new(cat, function, 0);
    }
    return ok;
}
