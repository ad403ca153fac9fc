/* SPDX-License-Identifier: Apache-2.0 */
/* Casts that say how the values of domains look outside: from and to json and text. */
#include "db/postgres/catalog.h"

/* One row for each: the domain, which way, the function. */
static const char casts_sql[] =
    "SELECT d.oid,"
    "  CASE WHEN c.castsource = d.oid THEN 'o'"
    "   WHEN c.castsource = 'pg_catalog.json'::pg_catalog.regtype THEN 'j' ELSE 't' END,"
    "  pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname)"
    " FROM pg_catalog.pg_cast c JOIN pg_catalog.pg_type d ON d.typtype = 'd'"
    "  AND (d.oid = c.castsource AND c.casttarget = 'pg_catalog.json'::pg_catalog.regtype"
    "   OR d.oid = c.casttarget AND c.castsource IN ('pg_catalog.json'::pg_catalog.regtype,"
    "    'pg_catalog.text'::pg_catalog.regtype))"
    " JOIN pg_catalog.pg_proc p ON p.oid = c.castfunc AND p.pronargs = 1"
    " JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace"
    " WHERE c.castmethod = 'f' AND c.castcontext = 'i'";

static struct cat_type *
find_type(struct catalog *cat, uint32_t oid)
{
    const struct cat_type *type = cat_find_type(cat, oid);

    return type != NULL ? &cat->types[type - cat->types] : NULL;
}

static void
read_cast(struct catalog *cat, const PGresult *res, int row)
{
    struct cat_type *type = find_type(cat, (uint32_t)cat_i64(res, row, 0));
    struct str function = cat_str(cat, res, row, 2);

    if (type == NULL)
        return;
    if (type->forms == NULL)
        type->forms = ARENA_NEW(cat->model->arena, struct type_forms);
    switch (cat_char(res, row, 1)) {
    case 'o':
        type->forms->to_json = function;
        break;
    case 'j':
        type->forms->from_json = function;
        break;
    default:
        type->forms->from_text = function;
        break;
    }
}

bool
cat_load_forms(struct catalog *cat, struct err *err)
{
    PGresult *res = cat_query(cat, casts_sql, NULL, err);

    if (res == NULL)
        return false;
    for (int row = 0; row < PQntuples(res); row++)
        read_cast(cat, res, row);
    PQclear(res);
    return true;
}
