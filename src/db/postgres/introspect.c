/* SPDX-License-Identifier: Apache-2.0 */
#include "core/json.h"
#include "db/postgres/catalog.h"
#include "db/postgres/error.h"
#include "db/postgres/pg.h"
#include "db/postgres/rules.h"
#include "db/postgres/session.h"

PGresult *
cat_query_with(struct catalog *cat, const char *sql, const char *const *params, int param_count,
               struct err *err)
{
    PGresult *res = pg_session_query(cat->pq, sql, params, param_count, err);

    if (res == NULL)
        err_prefix(err, "unable to read the catalogs: ");
    return res;
}

PGresult *
cat_query(struct catalog *cat, const char *sql, const char *param, struct err *err)
{
    return cat_query_with(cat, sql, &param, param != NULL ? 1 : 0, err);
}

static struct str
cell(const PGresult *res, int row, int column)
{
    return str_make(PQgetvalue(res, row, column), (size_t)PQgetlength(res, row, column));
}

struct str
cat_str(struct catalog *cat, const PGresult *res, int row, int column)
{
    struct str s = cell(res, row, column);

    return s.len > 0 ? arena_copy(cat->model->arena, s) : STR_NULL;
}

int64_t
cat_i64(const PGresult *res, int row, int column)
{
    int64_t number = 0;

    return str_to_i64(cell(res, row, column), &number) ? number : 0;
}

bool
cat_bool(const PGresult *res, int row, int column)
{
    return cat_char(res, row, column) == 't';
}

char
cat_char(const PGresult *res, int row, int column)
{
    return PQgetvalue(res, row, column)[0];
}

uint32_t
cat_numbers(struct catalog *cat, const PGresult *res, int row, int column, int64_t **out)
{
    struct str rest = cell(res, row, column);
    uint32_t count = 0;

    *out = ARENA_ARRAY(cat->model->arena, int64_t, rest.len / 2 + 1);
    if (rest.len < 3)
        return 0;
    rest = str_slice(rest, 1, rest.len - 1);
    while (rest.data != NULL) {
        struct str item = str_cut(&rest, ',');

        if (str_to_i64(item, &(*out)[count]))
            count++;
    }
    return count;
}

uint32_t
cat_strs(struct catalog *cat, const PGresult *res, int row, int column, struct str **out)
{
    struct arena *arena = cat->model->arena;
    struct json *list = NULL;
    uint32_t count = 0;

    *out = NULL;
    if (!json_parse(cat_str(cat, res, row, column), JSON_LIMITS_DEFAULT, arena, &list, NULL))
        return 0;
    *out = ARENA_ARRAY(arena, struct str, list->count + 1);
    for (const struct json *item = list->first; item != NULL; item = item->next)
        (*out)[count++] = item->text;
    return count;
}

struct cat_table *
cat_find_table(const struct catalog *cat, uint32_t oid)
{
    uint32_t from = 0, to = cat->table_count;

    while (from < to) {
        uint32_t middle = from + (to - from) / 2;

        if (cat->tables[middle].oid == oid)
            return &cat->tables[middle];
        if (cat->tables[middle].oid < oid)
            from = middle + 1;
        else
            to = middle;
    }
    return NULL;
}

static bool
run_plain(struct catalog *cat, const char *sql, struct err *err)
{
    PGresult *res = cat_query(cat, sql, NULL, err);

    PQclear(res);
    return res != NULL;
}

/* Everything in one snapshot of the catalogs. */
static bool
load(struct catalog *cat, const char *schemas, const char *path, struct err *err)
{
    return (PQtransactionStatus(cat->pq) == PQTRANS_INTRANS ||
            run_plain(cat, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", err)) &&
           run_plain(cat, "SET LOCAL statement_timeout = '60s'", err) &&
           cat_load_tables(cat, schemas, err) && cat_load_functions(cat, schemas, err) &&
           cat_load_computed(cat, path, err) && cat_load_types(cat, err) &&
           cat_load_forms(cat, err) && cat_load_columns(cat, err) &&
           cat_load_view_columns(cat, err) && cat_load_constraints(cat, err) &&
           cat_load_indexes(cat, err) && cat_load_sequences(cat, err) &&
           cat_load_arguments(cat, err) && cat_load_results(cat, err) &&
           cat_load_settings(cat, err) && cat_load_code(cat, err) &&
           cat_load_handlers(cat, schemas, err) && run_plain(cat, "COMMIT", err);
}

bool
pg_introspect(struct db *base, struct model **out, struct err *err)
{
    struct pg_db *db = (struct pg_db *)base;
    struct catalog cat = {0};
    struct buf schemas;
    bool ok = false;

    *out = NULL;
    buf_init(&schemas, 1024 * 1024);
    pg_session_add_array(&schemas, (const char *const *)db->schemas, db->schema_count);
    if (!pg_open_reader(db, buf_str(&db->catalog_path), &cat.pq, err))
        goto out;
    cat.model = model_new();
    if (db->anon != DB_ANON_GIVEN && (!pg_rules_has_anon(cat.pq, &cat.model->has_anon, err) ||
                                      !pg_rules_are_absent(cat.pq, &cat.model->has_no_rules, err)))
        goto out;
    if (!load(&cat, buf_cstr(&schemas), buf_cstr(&db->computed_path), err))
        goto out;
    if (arena_is_exhausted(cat.model->arena)) {
        err_set(err, ERR_DB, "CAIRN-LIMIT", "unable to read the catalogs: the schema is too large");
        goto out;
    }
    cat_finish_computed(&cat);
    *out = cat.model;
    cat.model = NULL;
    ok = true;

out:
    model_free(cat.model);
    pg_session_close(cat.pq);
    buf_fini(&schemas);
    return ok;
}
