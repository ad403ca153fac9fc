/* SPDX-License-Identifier: Apache-2.0 */
#include "core/buf.h"
#include "db/postgres/catalog.h"
#include "db/postgres/viewtree.h"

/* Tables of the exposed schemas, and those of others that their views stand on. What a view says is
 * left out: pg_get_viewdef locks all it mentions until the end of the transaction. */
static const char tables_sql[] =
    "WITH RECURSIVE rel(oid) AS ("
    "  SELECT c.oid FROM pg_catalog.pg_class c"
    "  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    "  WHERE n.nspname = ANY ($1::name[]) AND c.relkind IN ('r', 'v', 'm', 'f', 'p')"
    "  AND NOT c.relispartition"
    "  UNION"
    "  SELECT d.refobjid FROM rel"
    "  JOIN pg_catalog.pg_rewrite w ON w.ev_class = rel.oid"
    "  JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass"
    "   AND d.objid = w.oid AND d.refclassid = 'pg_catalog.pg_class'::regclass"
    "  JOIN pg_catalog.pg_class c ON c.oid = d.refobjid"
    "  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    "  WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p')"
    "  AND n.nspname NOT IN ('pg_catalog', 'information_schema'))"
    " SELECT c.oid, n.nspname, c.relname, c.relkind IN ('v', 'm'), up.events & 8, up.events & 4,"
    "  up.events & 16, pg_catalog.obj_description(c.oid, 'pg_class'), c.relnatts,"
    "  c.relkind = 'p', c.relhassubclass AND c.relkind <> 'p'"
    " FROM rel JOIN pg_catalog.pg_class c ON c.oid = rel.oid"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace,"
    " LATERAL (SELECT CASE WHEN c.relkind IN ('r', 'p') THEN 28 ELSE"
    "  pg_catalog.pg_relation_is_updatable(c.oid, true) END) AS up(events)"
    " ORDER BY n.nspname COLLATE \"C\", c.relname COLLATE \"C\"";

static const char columns_sql[] =
    "SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod,"
    "  pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull, a.atthasdef,"
    "  a.attgenerated <> '', a.attidentity, pg_catalog.pg_get_expr(d.adbin, d.adrelid),"
    "  pg_catalog.col_description(a.attrelid, a.attnum)"
    " FROM unnest($1::oid[]) AS r(oid)"
    " JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid"
    " LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
    " WHERE a.attnum > 0 AND NOT a.attisdropped"
    " ORDER BY a.attrelid, a.attnum";

static const char view_trees_sql[] =
    "SELECT w.ev_class, w.ev_action::text FROM unnest($1::oid[]) AS r(oid)"
    " JOIN pg_catalog.pg_rewrite w ON w.ev_class = r.oid"
    " WHERE w.rulename = '_RETURN'";

static int
compare_oid(const void *a, const void *b)
{
    const struct cat_table *x = a, *y = b;

    return (x->oid > y->oid) - (x->oid < y->oid);
}

static void
table_read(struct catalog *cat, const PGresult *res, int row, struct cat_table *table)
{
    struct model_table *model = table->model;

    table->oid = (uint32_t)cat_i64(res, row, 0);
    model->schema = cat_str(cat, res, row, 1);
    model->name = cat_str(cat, res, row, 2);
    model->is_view = cat_bool(res, row, 3);
    model->insertable = cat_i64(res, row, 4) != 0;
    model->updatable = cat_i64(res, row, 5) != 0;
    model->deletable = cat_i64(res, row, 6) != 0;
    model->comment = cat_str(cat, res, row, 7);
    model->is_partitioned = cat_bool(res, row, 9);
    model->has_heirs = cat_bool(res, row, 10);

    table->number_max = table->column_cap = (uint32_t)cat_i64(res, row, 8);
    model->columns = ARENA_ARRAY(cat->model->arena, struct model_column, table->column_cap + 1);
    table->by_number = ARENA_ARRAY(cat->model->arena, uint32_t, table->number_max + 1);
    memset(table->by_number, 0xff, sizeof(uint32_t) * (table->number_max + 1));
}

bool
cat_load_tables(struct catalog *cat, const char *schemas, struct err *err)
{
    struct arena *arena = cat->model->arena;
    PGresult *res = cat_query(cat, tables_sql, schemas, err);
    struct buf oids;

    if (res == NULL)
        return false;
    cat->table_count = cat->model->table_count = (uint32_t)PQntuples(res);
    cat->tables = ARENA_ARRAY(arena, struct cat_table, cat->table_count + 1);
    cat->model->tables = ARENA_ARRAY(arena, struct model_table, cat->table_count + 1);
    buf_init(&oids, (size_t)16 * (cat->table_count + 1));
    buf_add_char(&oids, '{');
    for (int row = 0; row < PQntuples(res); row++) {
        cat->tables[row].model = &cat->model->tables[row];
        table_read(cat, res, row, &cat->tables[row]);
        buf_printf(&oids, "%s%u", row > 0 ? "," : "", cat->tables[row].oid);
    }
    buf_add_char(&oids, '}');
    cat->oids = arena_copy(arena, buf_str(&oids));
    buf_fini(&oids);
    PQclear(res);
    qsort(cat->tables, cat->table_count, sizeof(*cat->tables), compare_oid);
    return true;
}

static void
column_read(struct catalog *cat, const PGresult *res, int row, struct model_column *column)
{
    uint32_t type_oid = (uint32_t)cat_i64(res, row, 3);
    const struct cat_type *type = cat_find_type(cat, type_oid);
    char identity = cat_char(res, row, 9);

    column->name = cat_str(cat, res, row, 2);
    cat_make_type(cat, type_oid, (int32_t)cat_i64(res, row, 4), cat_str(cat, res, row, 5),
                  &column->type);
    column->not_null = cat_bool(res, row, 6) || (type != NULL && type->not_null);
    column->is_generated = cat_bool(res, row, 8);
    column->is_identity_always = identity == 'a';
    column->has_default =
        cat_bool(res, row, 7) || identity != '\0' || (type != NULL && type->default_sql.len > 0);
    column->default_sql = cat_str(cat, res, row, 10);
    if (column->default_sql.len == 0 && type != NULL)
        column->default_sql = type->default_sql;
    column->comment = cat_str(cat, res, row, 11);
}

bool
cat_load_columns(struct catalog *cat, struct err *err)
{
    PGresult *res = cat_query(cat, columns_sql, cat->oids.data, err);

    if (res == NULL)
        return false;
    for (int row = 0; row < PQntuples(res); row++) {
        struct cat_table *table = cat_find_table(cat, (uint32_t)cat_i64(res, row, 0));
        int64_t number = cat_i64(res, row, 1);

        if (table == NULL || number < 1 || number > table->number_max ||
            table->model->column_count == table->column_cap)
            continue;
        table->by_number[number] = table->model->column_count;
        column_read(cat, res, row, &table->model->columns[table->model->column_count++]);
    }
    PQclear(res);
    return true;
}

static void
view_column_set(struct catalog *cat, struct cat_table *view, const struct viewtree_column *from)
{
    const struct cat_table *base = cat_find_table(cat, from->table);

    if (base == NULL || (uint32_t)from->number > view->number_max ||
        (uint32_t)from->base_number > base->number_max)
        return;

    uint32_t at = view->by_number[from->number];
    uint32_t base_at = base->by_number[from->base_number];
    if (at == NO_COLUMN || base_at == NO_COLUMN)
        return;
    view->model->columns[at].base_schema = base->model->schema;
    view->model->columns[at].base_table = base->model->name;
    view->model->columns[at].base_column = base->model->columns[base_at].name;
}

bool
cat_load_view_columns(struct catalog *cat, struct err *err)
{
    static const size_t most = 1600; /* columns of a table, PostgreSQL's limit */
    struct viewtree_column *columns = NULL;
    PGresult *res = cat_query(cat, view_trees_sql, cat->oids.data, err);

    if (res == NULL)
        return false;
    columns = xcalloc(most, sizeof(*columns));
    for (int row = 0; row < PQntuples(res); row++) {
        struct cat_table *view = cat_find_table(cat, (uint32_t)cat_i64(res, row, 0));
        struct str tree = str_make(PQgetvalue(res, row, 1), (size_t)PQgetlength(res, row, 1));
        size_t count = viewtree_columns(tree, columns, most);

        for (size_t i = 0; view != NULL && i < count && i < most; i++)
            view_column_set(cat, view, &columns[i]);
    }
    free(columns);
    PQclear(res);
    return true;
}
