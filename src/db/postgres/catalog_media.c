/* SPDX-License-Identifier: Apache-2.0 */
/* Media types that the database makes: domains called like one, and what returns them. */
#include "db/postgres/catalog.h"

/* Aggregates over the rows of a table or of any; functions of one value; and PostGIS's own. */
static const char handlers_sql[] =
    "WITH media(oid, asked, given, is_bytes, is_jsonb, schema, name) AS ("
    "  SELECT t.oid, lower(t.typname),"
    "   CASE WHEN t.typname = '*/*' THEN 'application/octet-stream' ELSE t.typname END,"
    "   t.typoutput = 'pg_catalog.byteaout'::pg_catalog.regproc,"
    "   t.typoutput = 'pg_catalog.jsonb_out'::pg_catalog.regproc, n.nspname, t.typname"
    "  FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace"
    "  WHERE t.typtype = 'd' AND"
    "   (t.typname = '*/*' OR t.typname ~ '^[A-Za-z0-9.-]+/[A-Za-z0-9.+-]+$'))"
    " SELECT coalesce(tn.nspname, ''), coalesce(c.relname, ''), m.asked, m.given, n.nspname,"
    "  p.proname, false, m.is_bytes, m.is_jsonb, false"
    " FROM media m JOIN pg_catalog.pg_proc p ON p.prorettype = m.oid"
    " JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace"
    " JOIN pg_catalog.pg_type a ON a.oid = p.proargtypes[0]"
    " LEFT JOIN pg_catalog.pg_class c ON c.oid = a.typrelid"
    "  AND c.relkind IN ('r', 'v', 'm', 'f', 'p')"
    " LEFT JOIN pg_catalog.pg_namespace tn ON tn.oid = c.relnamespace"
    " WHERE p.prokind = 'a' AND p.pronargs = 1 AND n.nspname = ANY ($1::name[])"
    "  AND (c.oid IS NOT NULL OR a.oid = 'pg_catalog.anyelement'::pg_catalog.regtype)"
    " UNION ALL"
    " SELECT n.nspname, p.proname, m.asked, m.given, m.schema, m.name, true, m.is_bytes,"
    "  m.is_jsonb, false"
    " FROM media m JOIN pg_catalog.pg_proc p ON p.prorettype = m.oid"
    " JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace"
    " WHERE p.prokind = 'f' AND NOT p.proretset AND n.nspname = ANY ($1::name[])"
    " UNION ALL"
    " SELECT '', '', 'application/geo+json', 'application/geo+json', n.nspname, p.proname, false,"
    "  false, false, true"
    " FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace"
    " WHERE p.proname = 'st_asgeojson'"
    "  AND p.proargtypes[0] = 'pg_catalog.record'::pg_catalog.regtype";

/* What a project made itself comes before what PostGIS brings. */
static int
compare_handlers(const void *a, const void *b)
{
    const struct model_handler *x = a, *y = b;
    int order = str_cmp(x->target_schema, y->target_schema);

    if (order == 0)
        order = str_cmp(x->target, y->target);
    if (order == 0)
        order = str_cmp(x->media_type, y->media_type);
    return order != 0 ? order : x->is_geojson - y->is_geojson;
}

bool
cat_load_handlers(struct catalog *cat, const char *schemas, struct err *err)
{
    struct model *model = cat->model;
    PGresult *res = cat_query(cat, handlers_sql, schemas, err);

    if (res == NULL)
        return false;
    model->handler_count = (uint32_t)PQntuples(res);
    model->handlers = ARENA_ARRAY(model->arena, struct model_handler, model->handler_count + 1);
    for (int row = 0; row < PQntuples(res); row++)
        model->handlers[row] = (struct model_handler){
            .target_schema = cat_str(cat, res, row, 0),
            .target = cat_str(cat, res, row, 1),
            .media_type = cat_str(cat, res, row, 2),
            .content_type = cat_str(cat, res, row, 3),
            .schema = cat_str(cat, res, row, 4),
            .name = cat_str(cat, res, row, 5),
            .is_value = cat_bool(res, row, 6),
            .is_bytes = cat_bool(res, row, 7),
            .is_jsonb = cat_bool(res, row, 8),
            .is_geojson = cat_bool(res, row, 9),
        };
    PQclear(res);
    qsort(model->handlers, model->handler_count, sizeof(*model->handlers), compare_handlers);
    return true;
}
