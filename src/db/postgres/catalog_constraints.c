/* SPDX-License-Identifier: Apache-2.0 */
#include "db/postgres/catalog.h"

/* Keys of a partitioned table repeat in its partitions, as constraints with a parent. */
static const char constraints_sql[] =
    "SELECT c.conrelid, c.contype, c.conname, c.conkey, n.nspname, t.relname,"
    "  CASE WHEN c.contype = 'f' THEN (SELECT pg_catalog.json_agg(a.attname ORDER BY k.ord)"
    "    FROM unnest(c.confkey) WITH ORDINALITY AS k(num, ord) JOIN pg_catalog.pg_attribute a"
    "    ON a.attrelid = c.confrelid AND a.attnum = k.num) END,"
    "  c.confdeltype, c.confupdtype, c.condeferrable, c.condeferred,"
    "  CASE WHEN c.contype = 'c' THEN pg_catalog.pg_get_expr(c.conbin, c.conrelid) END"
    " FROM unnest($1::oid[]) AS r(oid)"
    " JOIN pg_catalog.pg_constraint c ON c.conrelid = r.oid"
    " LEFT JOIN pg_catalog.pg_class t ON t.oid = c.confrelid"
    " LEFT JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace"
    " WHERE c.contype IN ('p', 'u', 'f', 'c') AND (c.contype <> 'f' OR c.conparentid = 0)"
    " ORDER BY c.conrelid, c.contype = 'p' DESC, c.conname COLLATE \"C\"";

static const char indexes_sql[] =
    "SELECT i.indrelid, c.relname, i.indisunique, pg_catalog.pg_get_indexdef(i.indexrelid)"
    " FROM unnest($1::oid[]) AS r(oid)"
    " JOIN pg_catalog.pg_index i ON i.indrelid = r.oid"
    " JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid"
    " WHERE i.indisvalid AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k"
    "  WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))"
    " ORDER BY i.indrelid, c.relname COLLATE \"C\"";

static const char sequences_sql[] =
    "SELECT n.nspname, c.relname, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcycle,"
    "  r.oid, d.refobjsubid"
    " FROM unnest($1::oid[]) AS r(oid)"
    " JOIN pg_catalog.pg_depend d ON d.refobjid = r.oid"
    "  AND d.refclassid = 'pg_catalog.pg_class'::regclass"
    "  AND d.classid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i')"
    "  AND d.refobjsubid > 0"
    " JOIN pg_catalog.pg_sequence s ON s.seqrelid = d.objid"
    " JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " ORDER BY n.nspname COLLATE \"C\", c.relname COLLATE \"C\"";

/* Attribute numbers as column indexes; false when one is no column. */
static bool
columns_read(struct catalog *cat, const struct cat_table *table, const PGresult *res, int row,
             const uint32_t **out, uint32_t *count)
{
    int64_t *numbers = NULL;
    uint32_t *columns;

    *count = cat_numbers(cat, res, row, 3, &numbers);
    columns = ARENA_ARRAY(cat->model->arena, uint32_t, *count + 1);
    for (uint32_t i = 0; i < *count; i++) {
        if (numbers[i] < 1 || numbers[i] > table->number_max ||
            table->by_number[numbers[i]] == NO_COLUMN)
            return false;
        columns[i] = table->by_number[numbers[i]];
    }
    *out = columns;
    return true;
}

static enum model_action
action(char code)
{
    switch (code) {
    case 'r':
        return MODEL_RESTRICT;
    case 'c':
        return MODEL_CASCADE;
    case 'n':
        return MODEL_SET_NULL;
    case 'd':
        return MODEL_SET_DEFAULT;
    default:
        return MODEL_NO_ACTION;
    }
}

static void
key_read(struct catalog *cat, struct cat_table *table, const PGresult *res, int row)
{
    struct model_key key = {
        .name = cat_str(cat, res, row, 2),
        .kind = cat_char(res, row, 1) == 'p' ? MODEL_PRIMARY : MODEL_UNIQUE,
    };

    if (columns_read(cat, table, res, row, &key.columns, &key.column_count))
        table->model->keys[table->model->key_count++] = key;
}

static void
foreign_key_read(struct catalog *cat, struct cat_table *table, const PGresult *res, int row)
{
    struct str *names = NULL;
    uint32_t name_count = cat_strs(cat, res, row, 6, &names);
    struct model_foreign_key key = {
        .name = cat_str(cat, res, row, 2),
        .ref_schema = cat_str(cat, res, row, 4),
        .ref_table = cat_str(cat, res, row, 5),
        .ref_columns = names,
        .on_delete = action(cat_char(res, row, 7)),
        .on_update = action(cat_char(res, row, 8)),
        .deferrable = cat_bool(res, row, 9),
        .initially_deferred = cat_bool(res, row, 10),
    };

    if (columns_read(cat, table, res, row, &key.columns, &key.column_count) &&
        key.column_count == name_count)
        table->model->foreign_keys[table->model->foreign_key_count++] = key;
}

static void
constraint_read(struct catalog *cat, struct cat_table *table, const PGresult *res, int row)
{
    switch (cat_char(res, row, 1)) {
    case 'f':
        foreign_key_read(cat, table, res, row);
        break;
    case 'c':
        table->model->checks[table->model->check_count++] = (struct model_check){
            .name = cat_str(cat, res, row, 2), .sql = cat_str(cat, res, row, 11)};
        break;
    default:
        key_read(cat, table, res, row);
        break;
    }
}

/* How many rows from row on belong to the same table. */
static uint32_t
rows_of_table(const PGresult *res, int row)
{
    const char *oid = PQgetvalue(res, row, 0);
    uint32_t count = 0;

    while (row < PQntuples(res) && strcmp(PQgetvalue(res, row, 0), oid) == 0) {
        row++;
        count++;
    }
    return count;
}

bool
cat_load_constraints(struct catalog *cat, struct err *err)
{
    struct arena *arena = cat->model->arena;
    PGresult *res = cat_query(cat, constraints_sql, cat->oids.data, err);
    uint32_t count = 0;

    if (res == NULL)
        return false;
    for (int row = 0; row < PQntuples(res); row += (int)count) {
        struct cat_table *table = cat_find_table(cat, (uint32_t)cat_i64(res, row, 0));

        count = rows_of_table(res, row);
        if (table == NULL)
            continue;
        table->model->keys = ARENA_ARRAY(arena, struct model_key, count);
        table->model->foreign_keys = ARENA_ARRAY(arena, struct model_foreign_key, count);
        table->model->checks = ARENA_ARRAY(arena, struct model_check, count);
        for (uint32_t i = 0; i < count; i++)
            constraint_read(cat, table, res, row + (int)i);
    }
    PQclear(res);
    return true;
}

bool
cat_load_indexes(struct catalog *cat, struct err *err)
{
    PGresult *res = cat_query(cat, indexes_sql, cat->oids.data, err);
    uint32_t count = 0;

    if (res == NULL)
        return false;
    for (int row = 0; row < PQntuples(res); row += (int)count) {
        struct cat_table *table = cat_find_table(cat, (uint32_t)cat_i64(res, row, 0));

        count = rows_of_table(res, row);
        if (table == NULL)
            continue;
        table->model->indexes = ARENA_ARRAY(cat->model->arena, struct model_index, count);
        table->model->index_count = count;
        for (uint32_t i = 0; i < count; i++)
            table->model->indexes[i] = (struct model_index){
                .name = cat_str(cat, res, row + (int)i, 1),
                .unique = cat_bool(res, row + (int)i, 2),
                .sql = cat_str(cat, res, row + (int)i, 3),
            };
    }
    PQclear(res);
    return true;
}

bool
cat_load_sequences(struct catalog *cat, struct err *err)
{
    struct model *model = cat->model;
    PGresult *res = cat_query(cat, sequences_sql, cat->oids.data, err);

    if (res == NULL)
        return false;
    model->sequences = ARENA_ARRAY(model->arena, struct model_sequence, (size_t)PQntuples(res) + 1);
    for (int row = 0; row < PQntuples(res); row++) {
        struct model_sequence *sequence = &model->sequences[model->sequence_count++];
        struct cat_table *table = cat_find_table(cat, (uint32_t)cat_i64(res, row, 7));
        int64_t number = cat_i64(res, row, 8);

        *sequence = (struct model_sequence){
            .schema = cat_str(cat, res, row, 0),
            .name = cat_str(cat, res, row, 1),
            .start = cat_i64(res, row, 2),
            .increment = cat_i64(res, row, 3),
            .min = cat_i64(res, row, 4),
            .max = cat_i64(res, row, 5),
            .cycle = cat_bool(res, row, 6),
        };
        if (table == NULL || number > table->number_max || table->by_number[number] == NO_COLUMN)
            continue;
        struct model_column *column = &table->model->columns[table->by_number[number]];
        sequence->owned_table = table->model->name;
        sequence->owned_column = column->name;
        column->sequence = sequence->name;
    }
    PQclear(res);
    return true;
}
