/* SPDX-License-Identifier: Apache-2.0 */
#include "core/buf.h"
#include "db/postgres/catalog.h"

/* Functions of a table's row that an unqualified name finds in a request: those of its search path,
 * the nearest schema first. current_schemas() would leave out what only the callers' roles may
 * use. */
static const char computed_sql[] =
    "WITH path(name, place) AS ("
    "  SELECT CASE WHEN m.part[1] LIKE '\"%' THEN"
    "    pg_catalog.replace(pg_catalog.substr(m.part[1], 2, pg_catalog.length(m.part[1]) - 2),"
    "      '\"\"', '\"') ELSE m.part[1] END, m.place"
    "  FROM pg_catalog.regexp_matches($2,"
    "    '(\"(?:[^\"]|\"\")*\"|[^, ]+)', 'g') WITH ORDINALITY AS m(part, place))"
    " SELECT p.oid, n.nspname, p.proname, c.oid, p.proretset, p.prorows = 1, t.oid, t.typrelid,"
    "  pg_catalog.format_type(t.oid, -1)"
    " FROM unnest($1::oid[]) AS r(oid) JOIN pg_catalog.pg_class c ON c.oid = r.oid"
    " JOIN pg_catalog.pg_proc p ON p.pronargs = 1 AND p.proargtypes[0] = c.reltype"
    " JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace"
    " JOIN path ON path.name = n.nspname"
    " JOIN pg_catalog.pg_type t ON t.oid = p.prorettype"
    " WHERE p.prokind = 'f' AND t.typtype <> 'p'"
    " ORDER BY c.oid, path.place, p.proname COLLATE \"C\"";

static void
computed_read(struct catalog *cat, const PGresult *res, int row, struct cat_computed *computed)
{
    struct model_computed *model = computed->model;

    computed->oid = (uint32_t)cat_i64(res, row, 0);
    model->schema = cat_str(cat, res, row, 1);
    model->name = cat_str(cat, res, row, 2);
    model->table = cat_find_table(cat, (uint32_t)cat_i64(res, row, 3))->model;
    model->returns_set = cat_bool(res, row, 4);
    model->is_single = !model->returns_set || cat_bool(res, row, 5);
    computed->type = (uint32_t)cat_i64(res, row, 6);
    computed->relation = (uint32_t)cat_i64(res, row, 7);
    computed->type_name = cat_str(cat, res, row, 8);
}

bool
cat_load_computed(struct catalog *cat, const char *path, struct err *err)
{
    struct arena *arena = cat->model->arena;
    const char *const params[] = {cat->oids.data, path};
    PGresult *res = cat_query_with(cat, computed_sql, params, COUNTOF(params), err);
    uint32_t count = 0;
    struct buf oids;

    if (res == NULL)
        return false;
    count = cat->model->computed_count = (uint32_t)PQntuples(res);
    cat->model->computed = ARENA_ARRAY(arena, struct model_computed, count + 1);
    cat->computed = ARENA_ARRAY(arena, struct cat_computed, count + 1);
    buf_init(&oids, (size_t)16 * (count + 1));
    buf_add_char(&oids, '{');
    for (uint32_t i = 0; i < count; i++) {
        cat->computed[i].model = &cat->model->computed[i];
        computed_read(cat, res, (int)i, &cat->computed[i]);
        buf_printf(&oids, "%s%u", i > 0 ? "," : "", cat->computed[i].oid);
    }
    buf_add_char(&oids, '}');
    cat->computed_oids = str_from(arena_cstr(arena, buf_str(&oids)));
    buf_fini(&oids);
    PQclear(res);
    return true;
}

void
cat_finish_computed(struct catalog *cat)
{
    for (uint32_t i = 0; i < cat->model->computed_count; i++) {
        const struct cat_computed *computed = &cat->computed[i];
        const struct cat_table *rows =
            computed->relation > 0 ? cat_find_table(cat, computed->relation) : NULL;

        if (rows != NULL)
            computed->model->target = rows->model;
        cat_make_type(cat, computed->type, -1, computed->type_name, &computed->model->type);
    }
}
