/* SPDX-License-Identifier: Apache-2.0 */
#include "db/postgres/catalog.h"

/* How deep domains on arrays of domains and so on are followed. */
#define MAX_DEPTH 16

/* The types of all columns and of what functions take and give, also those of a row, and what
 * domains and arrays among them are made of. */
static const char types_sql[] =
    "WITH RECURSIVE used(oid) AS ("
    "  SELECT DISTINCT a.atttypid FROM unnest($1::oid[]) AS r(oid)"
    "  JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid"
    "  WHERE a.attnum > 0 AND NOT a.attisdropped"
    "  UNION"
    "  SELECT a.oid FROM unnest($2::oid[]) AS f(oid)"
    "  JOIN pg_catalog.pg_proc p ON p.oid = f.oid,"
    "  LATERAL unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]) || p.prorettype) AS a(oid)"
    "  UNION"
    "  SELECT a.atttypid FROM unnest($2::oid[]) AS f(oid)"
    "  JOIN pg_catalog.pg_proc p ON p.oid = f.oid"
    "  JOIN pg_catalog.pg_type t ON t.oid = p.prorettype"
    "  LEFT JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype"
    "  JOIN pg_catalog.pg_attribute a ON a.attrelid IN (t.typrelid, b.typrelid)"
    "  WHERE a.attnum > 0 AND NOT a.attisdropped"
    "  UNION"
    "  SELECT p.prorettype FROM unnest($3::oid[]) AS c(oid)"
    "  JOIN pg_catalog.pg_proc p ON p.oid = c.oid"
    "  UNION"
    "  SELECT part.oid FROM used JOIN pg_catalog.pg_type t ON t.oid = used.oid,"
    "  LATERAL (VALUES (t.typbasetype),"
    "    (CASE WHEN t.typcategory = 'A' AND t.typlen = -1 THEN t.typelem END)) AS part(oid)"
    "  WHERE part.oid <> 0)"
    " SELECT t.oid, t.typtype, t.typcategory = 'A' AND t.typlen = -1 AND t.typelem <> 0,"
    "  t.typnotnull, CASE WHEN t.typtype = 'd' THEN t.typdefault END, t.typbasetype, t.typelem, t.typtypmod,"
    "  n.nspname, t.typname, pg_catalog.format_type(t.oid, NULL),"
    "  CASE WHEN t.typtype = 'e' THEN (SELECT pg_catalog.json_agg(e.enumlabel ORDER BY"
    "    e.enumsortorder) FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid) END,"
    "  CASE WHEN n.nspname <> 'pg_catalog' THEN"
    "    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(t.typname)"
    "    ELSE pg_catalog.format_type(t.oid, NULL) END,"
    "  t.typtype = 'c' OR (t.oid >= 16384 AND EXISTS (SELECT FROM pg_catalog.pg_cast c"
    "    WHERE c.castsource = t.oid AND c.casttarget = 'pg_catalog.json'::regtype))"
    " FROM used JOIN pg_catalog.pg_type t ON t.oid = used.oid"
    " JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace"
    " ORDER BY t.oid";

static int
compare_enum(const void *a, const void *b)
{
    const struct model_enum *x = a, *y = b;
    int order = str_cmp(x->schema, y->schema);

    return order != 0 ? order : str_cmp(x->name, y->name);
}

static void
list_enums(struct catalog *cat)
{
    struct model *model = cat->model;

    model->enums = ARENA_ARRAY(model->arena, struct model_enum, cat->type_count + 1);
    for (uint32_t i = 0; i < cat->type_count; i++) {
        const struct cat_type *type = &cat->types[i];

        if (type->kind == 'e')
            model->enums[model->enum_count++] = (struct model_enum){
                .schema = type->schema,
                .name = type->name,
                .labels = type->labels,
                .label_count = type->label_count,
            };
    }
    qsort(model->enums, model->enum_count, sizeof(*model->enums), compare_enum);
}

bool
cat_load_types(struct catalog *cat, struct err *err)
{
    const char *const params[] = {cat->oids.data, cat->function_oids.data, cat->computed_oids.data};
    PGresult *res = cat_query_with(cat, types_sql, params, COUNTOF(params), err);

    if (res == NULL)
        return false;
    cat->type_count = (uint32_t)PQntuples(res);
    cat->types = ARENA_ARRAY(cat->model->arena, struct cat_type, cat->type_count + 1);
    for (int row = 0; row < PQntuples(res); row++) {
        struct cat_type *type = &cat->types[row];

        type->oid = (uint32_t)cat_i64(res, row, 0);
        type->kind = cat_char(res, row, 1);
        type->is_array = cat_bool(res, row, 2);
        type->not_null = cat_bool(res, row, 3);
        type->default_sql = cat_str(cat, res, row, 4);
        type->base = (uint32_t)cat_i64(res, row, 5);
        type->elem = (uint32_t)cat_i64(res, row, 6);
        type->base_mod = (int32_t)cat_i64(res, row, 7);
        type->schema = cat_str(cat, res, row, 8);
        type->name = cat_str(cat, res, row, 9);
        type->full_name = cat_str(cat, res, row, 10);
        type->label_count = cat_strs(cat, res, row, 11, &type->labels);
        type->qualified = cat_str(cat, res, row, 12);
        type->has_json = cat_bool(res, row, 13);
    }
    PQclear(res);
    list_enums(cat);
    return true;
}

const struct cat_type *
cat_find_type(const struct catalog *cat, uint32_t oid)
{
    uint32_t from = 0, to = cat->type_count;

    while (from < to) {
        uint32_t middle = from + (to - from) / 2;

        if (cat->types[middle].oid == oid)
            return &cat->types[middle];
        if (cat->types[middle].oid < oid)
            from = middle + 1;
        else
            to = middle;
    }
    return NULL;
}

/* A type modifier means something else for each type. The scale has 11 bits and a sign since
 * PostgreSQL 15. Source: src/backend/utils/adt/numeric.c, varchar.c, date.c, timestamp.c. */
static void
set_modifier(struct type *type, int32_t mod)
{
    if (mod < 0)
        return;
    if (type->id == TYPE_NUMERIC && mod >= 4) {
        type->precision = ((mod - 4) >> 16) & 0xffff;
        type->scale = (((mod - 4) & 0x7ff) ^ 1024) - 1024;
    } else if (type->id == TYPE_VARCHAR || type->id == TYPE_BPCHAR) {
        type->length = mod - 4;
    } else if (type->id == TYPE_TIME || type->id == TYPE_TIMETZ || type->id == TYPE_TIMESTAMP ||
               type->id == TYPE_TIMESTAMPTZ) {
        type->length = mod;
    }
}

void
cat_make_type(struct catalog *cat, uint32_t oid, int32_t mod, struct str full_name,
              struct type *out)
{
    const struct cat_type *type = cat_find_type(cat, oid);

    *out = (struct type){
        .id = type_from_oid(oid), .length = -1, .precision = -1, .scale = -1, .name = full_name};
    if (type != NULL) {
        out->forms = type->forms;
        out->is_domain = type->kind == 'd';
    }
    for (unsigned depth = 0; type != NULL && type->kind == 'd' && depth < MAX_DEPTH; depth++) {
        oid = type->base;
        mod = type->base_mod;
        type = cat_find_type(cat, oid);
        out->id = type_from_oid(oid);
    }
    if (type != NULL && type->qualified.len > 0)
        out->qualified = type->qualified;
    out->has_json = type != NULL && out->id == TYPE_OTHER && type->has_json;
    if (type != NULL && type->kind == 'e') {
        out->id = TYPE_ENUM;
        out->labels = type->labels;
        out->label_count = type->label_count;
    } else if (type != NULL && type->is_array) {
        const struct cat_type *of = cat_find_type(cat, type->elem);
        struct type *elem = ARENA_NEW(cat->model->arena, struct type);

        /* An array of arrays is one array in PostgreSQL; only a domain can nest them. */
        if (of != NULL && !of->is_array)
            cat_make_type(cat, of->oid, mod, of->full_name, elem);
        else
            *elem = *type_builtin(TYPE_OTHER);
        out->id = TYPE_ARRAY;
        out->elem = elem;
    }
    set_modifier(out, mod);
}
