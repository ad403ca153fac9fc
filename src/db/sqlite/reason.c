/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which constraint a captured row violates, as PostgreSQL would report it: a null first, then
 * checks, then keys in their order, foreign keys last.
 * Source: PostgreSQL 15, execMain.c (ExecConstraints), nbtinsert.c, ri_triggers.c and their texts.
 */
#include "db/sqlite/capture.h"
#include "sql/quote.h"
#include "sql/type.h"

/* execMain.c: the most of a value that "Failing row contains" shows, in bytes. */
enum { SHOWN_MAX = 64 };
/* Foreign keys are probed for so many rows. */
enum { PROBES_MAX = 5000 };
enum { KEY_COLUMNS_MAX = 32 };

struct probe {
    struct capture *capture;
    struct lite_conn *conn;
    const struct db_viewer *viewer;
    unsigned count;
};

/* --- SQLite's text --------------------------------------------------------------------------- */

static struct str
after_prefix(struct str text, struct str prefix)
{
    return str_has_prefix(text, prefix) ? str_slice(text, prefix.len, text.len) : STR_NULL;
}

/* The table of "table.column, table.column"; *rest is what follows its first dot. Names may hold
 * anything, so that the longest one that fits is taken. */
static const struct model_table *
table_in_text(const struct model *model, struct str text, struct str *rest)
{
    const struct model_table *found = NULL;

    for (uint32_t i = 0; i < model->table_count; i++) {
        struct str name = model->tables[i].sqlite_name;
        if (text.len > name.len && str_has_prefix(text, name) && text.data[name.len] == '.' &&
            (found == NULL || name.len > found->sqlite_name.len)) {
            found = model->tables + i;
            *rest = str_slice(text, name.len + 1, text.len);
        }
    }
    return found;
}

/* The columns of "column, table.column", the first one without its table; how many, 0: unknown. */
static uint32_t
columns_in_text(const struct model_table *table, struct str text, uint32_t *columns)
{
    uint32_t count = 0;

    while (count < KEY_COLUMNS_MAX) {
        uint32_t best = UINT32_MAX;
        for (uint32_t i = 0; i < table->column_count; i++) {
            struct str name = table->columns[i].name;
            if (str_has_prefix(text, name) &&
                (text.len == name.len ||
                 str_has_prefix(str_slice(text, name.len, text.len), STR(", "))) &&
                (best == UINT32_MAX || name.len > table->columns[best].name.len))
                best = i;
        }
        if (best == UINT32_MAX)
            return 0;
        columns[count++] = best;
        if (text.len == table->columns[best].name.len)
            return count;
        /* ", table." */
        text = str_slice(text, table->columns[best].name.len + 2 + table->sqlite_name.len + 1,
                         text.len);
    }
    return 0;
}

static const struct model_check *
check_find(const struct model_table *table, struct str name)
{
    for (uint32_t i = 0; i < table->check_count; i++)
        if (str_eq(table->checks[i].name, name))
            return table->checks + i;
    return NULL;
}

/* --- texts ----------------------------------------------------------------------------------- */

static void
value_write(struct buf *out, const struct model_column *column, const struct value *value)
{
    if (value->kind == VALUE_NULL)
        BUF_ADD_LIT(out, "null");
    else
        type_write_output(out, &column->type, value);
}

/* As much of the text as is shown, in whole characters. */
static struct str
clip(struct str text)
{
    size_t at = 0;

    for (size_t step; at < text.len && (step = str_utf8_step(text, at)) > 0; at += step)
        if (at + step > SHOWN_MAX)
            break;
    return str_slice(text, 0, at);
}

/* How much of the table's rows an error may show. */
static enum db_sight
sight_of(const struct db_viewer *viewer, const struct model_table *table)
{
    return viewer != NULL ? viewer->get_sight(viewer, table->schema, table->name) : DB_SEES_ALL;
}

static bool
sees_key(const struct db_viewer *viewer, const struct model_table *table, const uint32_t *columns,
         uint32_t count)
{
    enum db_sight sight = sight_of(viewer, table);

    for (uint32_t i = 0; sight == DB_SEES_COLUMNS && i < count; i++) {
        if (!viewer->sees_column(viewer, table->schema, table->name,
                                 table->columns[columns[i]].name, false))
            return false;
    }
    return sight != DB_SEES_NOTHING;
}

static void
shown_write(struct buf *out, const struct model_column *column, const struct value *value)
{
    struct buf one;

    buf_init(&one, 1 << 20);
    value_write(&one, column, value);
    struct str text = buf_str(&one);
    if (text.len > SHOWN_MAX) {
        buf_add_str(out, clip(text));
        BUF_ADD_LIT(out, "...");
    } else {
        buf_add_str(out, text);
    }
    buf_fini(&one);
}

/* "Failing row contains (1, null, abc).", or of columns that may be shown: (a, b) = (1, null). */
static void
failing_row_write(struct err *err, const struct db_viewer *viewer, const struct model_table *table,
                  const struct value *row)
{
    enum db_sight sight = sight_of(viewer, table);
    struct buf names;
    struct buf out;
    const char *separator = "";

    buf_init(&names, sizeof(err->details));
    buf_init(&out, sizeof(err->details));
    for (uint32_t i = 0; sight != DB_SEES_NOTHING && i < table->column_count && buf_ok(&out); i++) {
        if (sight == DB_SEES_COLUMNS &&
            !viewer->sees_column(viewer, table->schema, table->name, table->columns[i].name, true))
            continue;
        buf_printf(&names, "%s%.*s", separator, STR_ARG(table->columns[i].name));
        buf_add_str(&out, str_from(separator));
        shown_write(&out, table->columns + i, row + i);
        separator = ", ";
    }
    if (sight == DB_SEES_ALL)
        err_details(err, "Failing row contains (%.*s).", STR_ARG(buf_str(&out)));
    else if (names.len > 0)
        err_details(err, "Failing row contains (%.*s) = (%.*s).", STR_ARG(buf_str(&names)),
                    STR_ARG(buf_str(&out)));
    buf_fini(&names);
    buf_fini(&out);
}

/* As quote_identifier() does, apart from keywords. */
/* "(a, b)=(1, 2)" */
static void
key_write(struct buf *out, const struct model_table *table, const uint32_t *columns, uint32_t count,
          const struct value *row, bool quote)
{
    buf_add_char(out, '(');
    for (uint32_t i = 0; i < count; i++) {
        struct str name = table->columns[columns[i]].name;
        if (i > 0)
            BUF_ADD_LIT(out, ", ");
        if (quote)
            quote_ident_short(out, name);
        else
            buf_add_str(out, name);
    }
    BUF_ADD_LIT(out, ")=(");
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            BUF_ADD_LIT(out, ", ");
        value_write(out, table->columns + columns[i], row + columns[i]);
    }
    buf_add_char(out, ')');
}

/* --- probing --------------------------------------------------------------------------------- */

/* Whether the table has a row with these values in its columns; equality is the columns' own. */
static bool
row_exists(struct probe *probe, const struct model_table *table, const uint32_t *columns,
           const struct value *const *values, uint32_t count)
{
    sqlite3_str *sql = sqlite3_str_new(probe->conn->db);
    sqlite3_stmt *stmt = NULL;
    bool exists = false;

    sqlite3_str_appendf(sql, "SELECT 1 FROM main.\"%.*w\" WHERE ", STR_ARG(table->sqlite_name));
    for (uint32_t i = 0; i < count; i++)
        sqlite3_str_appendf(sql, "%s\"%.*w\" = ?%d", i > 0 ? " AND " : "",
                            STR_ARG(table->columns[columns[i]].name), (int)i + 1);
    sqlite3_str_appendf(sql, " LIMIT 1");
    char *text = sqlite3_str_finish(sql);
    probe->count++;
    if (text != NULL && sqlite3_prepare_v2(probe->conn->db, text, -1, &stmt, NULL) == SQLITE_OK) {
        struct value params[KEY_COLUMNS_MAX];
        for (uint32_t i = 0; i < count; i++)
            params[i] = *values[i];
        exists = lite_conn_bind(stmt, params, count) && sqlite3_step(stmt) == SQLITE_ROW;
    }
    sqlite3_finalize(stmt);
    sqlite3_free(text);
    return exists;
}

/* The values of a key in a row; false: one is null, and the key doesn't count. */
static bool
key_values(const struct value *row, const uint32_t *columns, uint32_t count,
           const struct value **out)
{
    for (uint32_t i = 0; i < count; i++) {
        out[i] = row + columns[i];
        if (out[i]->kind == VALUE_NULL)
            return false;
    }
    return count > 0;
}

static bool
key_is_unchanged(const struct captured *row, const uint32_t *columns, uint32_t count)
{
    if (row->event != 'u')
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (!value_eq(row->old + columns[i], row->new + columns[i]))
            return false;
    return true;
}

/* --- unique ---------------------------------------------------------------------------------- */

static bool
columns_eq(const struct model_key *key, const uint32_t *columns, uint32_t count)
{
    return key->column_count == count &&
           memcmp(key->columns, columns, count * sizeof(*columns)) == 0;
}

/* The name of SQLite's unique index over these columns, which is PostgreSQL's too. */
static bool
index_name_find(struct lite_conn *conn, const struct model_table *table, struct str columns,
                char *out, size_t size)
{
    static const char sql[] =
        "SELECT l.name FROM pragma_index_list(?1, 'main') l WHERE l.\"unique\" AND l.origin = 'c' "
        "AND (SELECT group_concat(x, ', ') FROM (SELECT ?1 || '.' || i.name AS x "
        "FROM pragma_index_info(l.name, 'main') i ORDER BY i.seqno)) = ?2 ORDER BY l.seq DESC";
    sqlite3_stmt *stmt = NULL;
    bool found = false;

    if (sqlite3_prepare_v2(conn->db, sql, -1, &stmt, NULL) == SQLITE_OK) {
        sqlite3_bind_text64(stmt, 1, table->sqlite_name.data, table->sqlite_name.len, SQLITE_STATIC,
                            SQLITE_UTF8);
        sqlite3_bind_text64(stmt, 2, columns.data, columns.len, SQLITE_STATIC, SQLITE_UTF8);
        found = sqlite3_step(stmt) == SQLITE_ROW;
        if (found)
            snprintf(out, size, "%s", (const char *)sqlite3_column_text(stmt, 0));
    }
    sqlite3_finalize(stmt);
    return found;
}

static void
unique_write(struct err *err, const struct model_table *table, struct str name,
             const uint32_t *columns, uint32_t count, const struct value *row)
{
    struct buf key;

    err_set(err, ERR_DB, "23505", "duplicate key value violates unique constraint \"%.*s\"",
            STR_ARG(name));
    if (row == NULL || count == 0)
        return;
    buf_init(&key, sizeof(err->details));
    key_write(&key, table, columns, count, row, true);
    if (buf_ok(&key))
        err_details(err, "Key %.*s already exists.", STR_ARG(buf_str(&key)));
    buf_fini(&key);
}

/* The first key, in their order, that another row has too; NULL: none is found. */
static const struct model_key *
key_find_taken(struct probe *probe, const struct captured *row)
{
    const struct value *values[KEY_COLUMNS_MAX];

    for (uint32_t i = 0; i < row->table->key_count; i++) {
        const struct model_key *key = row->table->keys + i;
        if (key->column_count <= KEY_COLUMNS_MAX && row->new != NULL &&
            !key_is_unchanged(row, key->columns, key->column_count) &&
            key_values(row->new, key->columns, key->column_count, values) &&
            row_exists(probe, row->table, key->columns, values, key->column_count))
            return key;
    }
    return NULL;
}

static void
unique_find(struct probe *probe, struct str text, struct err *err)
{
    const struct captured *row = &probe->capture->last;
    uint32_t columns[KEY_COLUMNS_MAX];
    struct str rest = STR_NULL;
    char name[256];
    struct str what = after_prefix(text, STR("UNIQUE constraint failed: "));
    const struct model_table *table = table_in_text(probe->capture->model, what, &rest);
    const struct model_key *key = NULL;

    if (table == NULL) {
        /* An index over expressions: "index 'name'". */
        struct str index = after_prefix(what, STR("index '"));
        if (index.len > 1)
            unique_write(err, NULL, str_slice(index, 0, index.len - 1), NULL, 0, NULL);
        return;
    }
    bool is_known = row->table == table && row->new != NULL;
    uint32_t count = columns_in_text(table, rest, columns);
    if (is_known && table->key_count > 1)
        key = key_find_taken(probe, row);
    for (uint32_t i = 0; key == NULL && i < table->key_count; i++)
        if (columns_eq(table->keys + i, columns, count))
            key = table->keys + i;
    if (key != NULL)
        unique_write(err, table, key->name, key->columns, key->column_count,
                     is_known && sees_key(probe->viewer, table, key->columns, key->column_count)
                         ? row->new
                         : NULL);
    else if (index_name_find(probe->conn, table, what, name, sizeof(name)))
        unique_write(err, table, str_from(name), columns, count,
                     is_known && sees_key(probe->viewer, table, columns, count) ? row->new : NULL);
}

/* --- not null and checks --------------------------------------------------------------------- */

static void
not_null_find(struct probe *probe, struct str text, struct err *err)
{
    const struct captured *row = &probe->capture->last;
    struct str column = STR_NULL;
    struct str what = after_prefix(text, STR("NOT NULL constraint failed: "));
    const struct model_table *table = table_in_text(probe->capture->model, what, &column);

    if (table == NULL)
        return;
    err_set(err, ERR_DB, "23502",
            "null value in column \"%.*s\" of relation \"%.*s\" violates not-null constraint",
            STR_ARG(column), STR_ARG(table->name));
    if (row->table == table && row->new != NULL)
        failing_row_write(err, probe->viewer, table, row->new);
}

static void
check_find_reason(struct probe *probe, struct str text, const struct model_table *target,
                  struct err *err)
{
    const struct captured *row = &probe->capture->last;
    struct str name = after_prefix(text, STR("CHECK constraint failed: "));
    bool is_known = row->table != NULL && row->new != NULL &&check_find(row->table, name) != NULL;
    const struct model_table *table = is_known ? row->table : target;

    if (table == NULL)
        return;
    err_set(err, ERR_DB, "23514",
            "new row for relation \"%.*s\" violates check constraint \"%.*s\"",
            STR_ARG(table->name), STR_ARG(name));
    if (is_known)
        failing_row_write(err, probe->viewer, table, row->new);
}

/* --- foreign keys ---------------------------------------------------------------------------- */

/* The places of the referenced columns; false: the model doesn't have them. */
static bool
ref_columns_find(const struct model_foreign_key *key, const struct model_table *parent,
                 uint32_t *out)
{
    if (parent == NULL || key->column_count > KEY_COLUMNS_MAX)
        return false;
    for (uint32_t i = 0; i < key->column_count; i++) {
        struct model_column *column = model_find_column(parent, key->ref_columns[i]);
        if (column == NULL)
            return false;
        out[i] = (uint32_t)(column - parent->columns);
    }
    return true;
}

/* The row refers to one that isn't there. One that an upsert has skipped was captured as well: when
 * all is applied, a row that refers so must be there. */
static bool
child_find(struct probe *probe, const struct captured *row, bool is_applied, struct err *err)
{
    const struct model *model = probe->capture->model;
    const struct value *values[KEY_COLUMNS_MAX];
    uint32_t columns[KEY_COLUMNS_MAX];

    for (uint32_t i = 0; row->new != NULL &&i < row->table->foreign_key_count; i++) {
        const struct model_foreign_key *key = row->table->foreign_keys + i;
        const struct model_table *parent = model_find_table(model, key->ref_schema, key->ref_table);
        if (!ref_columns_find(key, parent, columns) ||
            key_is_unchanged(row, key->columns, key->column_count) ||
            !key_values(row->new, key->columns, key->column_count, values) ||
            row_exists(probe, parent, columns, values, key->column_count) ||
            (is_applied && !row_exists(probe, row->table, key->columns, values, key->column_count)))
            continue;
        struct buf text;
        err_set(err, ERR_DB, "23503",
                "insert or update on table \"%.*s\" violates foreign key constraint \"%.*s\"",
                STR_ARG(row->table->name), STR_ARG(key->name));
        if (!sees_key(probe->viewer, row->table, key->columns, key->column_count)) {
            err_details(err, "Key is not present in table \"%.*s\".", STR_ARG(parent->name));
            return true;
        }
        buf_init(&text, sizeof(err->details));
        key_write(&text, row->table, key->columns, key->column_count, row->new, false);
        err_details(err, "Key %.*s is not present in table \"%.*s\".", STR_ARG(buf_str(&text)),
                    STR_ARG(parent->name));
        buf_fini(&text);
        return true;
    }
    return false;
}

/* The key of the child refers to the old row, which is to go or to change. */
static bool
parent_is_referenced(struct probe *probe, const struct captured *row,
                     const struct model_table *child, const struct model_foreign_key *key,
                     bool is_applied, struct err *err)
{
    const struct value *values[KEY_COLUMNS_MAX];
    uint32_t columns[KEY_COLUMNS_MAX];
    struct buf text;

    if (!str_eq(key->ref_table, row->table->name) || !str_eq(key->ref_schema, row->table->schema) ||
        (!is_applied && key->on_delete != MODEL_RESTRICT && key->on_update != MODEL_RESTRICT) ||
        !ref_columns_find(key, row->table, columns) ||
        key_is_unchanged(row, columns, key->column_count) ||
        !key_values(row->old, columns, key->column_count, values) ||
        (is_applied && row_exists(probe, row->table, columns, values, key->column_count)) ||
        !row_exists(probe, child, key->columns, values, key->column_count))
        return false;
    err_set(err, ERR_DB, "23503",
            "update or delete on table \"%.*s\" violates foreign key constraint \"%.*s\" on table "
            "\"%.*s\"",
            STR_ARG(row->table->name), STR_ARG(key->name), STR_ARG(child->name));
    if (!sees_key(probe->viewer, row->table, columns, key->column_count)) {
        err_details(err, "Key is still referenced from table \"%.*s\".", STR_ARG(child->name));
        return true;
    }
    buf_init(&text, sizeof(err->details));
    key_write(&text, row->table, columns, key->column_count, row->old, false);
    err_details(err, "Key %.*s is still referenced from table \"%.*s\".", STR_ARG(buf_str(&text)),
                STR_ARG(child->name));
    buf_fini(&text);
    return true;
}

/* A foreign key to a table, in the order in which they were made: PostgreSQL asks them so. */
struct incoming {
    const struct model_table *child;
    const struct model_foreign_key *key;
    uint64_t place; /* of those without a number */
};

static bool
incoming_next(const struct model *model, const struct model_table *table, struct incoming *at)
{
    struct incoming best = {0};
    uint64_t place = 0;

    for (uint32_t t = 0; t < model->table_count; t++) {
        const struct model_table *child = model->tables + t;

        for (uint32_t f = 0; f < child->foreign_key_count; f++) {
            const struct model_foreign_key *key = child->foreign_keys + f;
            struct incoming found = {child, key, ++place};
            bool is_later = at->key == NULL || key->number > at->key->number ||
                            (key->number == at->key->number && found.place > at->place);

            if (str_eq(key->ref_table, table->name) && str_eq(key->ref_schema, table->schema) &&
                is_later && (best.key == NULL || key->number < best.key->number))
                best = found;
        }
    }
    *at = best;
    return best.key != NULL;
}

static bool
parent_find(struct probe *probe, const struct captured *row, bool is_applied, struct err *err)
{
    struct incoming at = {0};

    while (row->old != NULL && incoming_next(probe->capture->model, row->table, &at))
        if (parent_is_referenced(probe, row, at.child, at.key, is_applied, err))
            return true;
    return false;
}

/* They may be of two snapshots. */
static bool
is_table(const struct model_table *table, const struct model_table *other)
{
    return other != NULL && str_eq(table->name, other->name) &&
           str_eq(table->schema, other->schema);
}

/* Of the target's rows only, or of those only that foreign keys' actions changed. */
static bool
foreign_key_find_in(struct probe *probe, const struct model_table *target, bool of_target,
                    bool is_applied, struct err *err)
{
    const struct captured *row = is_applied ? probe->capture->first : &probe->capture->last;

    for (; row != NULL && row->table != NULL && probe->count < PROBES_MAX; row = row->next) {
        if (is_table(row->table, target) == of_target &&
            (parent_find(probe, row, is_applied, err) || child_find(probe, row, is_applied, err)))
            return true;
    }
    return false;
}

/* What the actions of foreign keys change is asked after all that the statement itself changes. */
static void
foreign_key_find(struct probe *probe, const struct model_table *target, bool is_applied,
                 struct err *err)
{
    if (!foreign_key_find_in(probe, target, true, is_applied, err) &&
        !foreign_key_find_in(probe, target, false, is_applied, err) && target != NULL)
        err_set(err, ERR_DB, "23503",
                "a change of table \"%.*s\" violates a foreign key constraint",
                STR_ARG(target->name));
}

/* --- all ------------------------------------------------------------------------------------- */

/* Tables that a change of the table may change too, through the actions of foreign keys. */
static bool
watch_actions(struct capture *capture, struct lite_conn *conn, const struct model_table *target)
{
    const struct model *model = capture->model;
    bool *seen = xcalloc(model->table_count + 1, sizeof(*seen));
    bool ok = true;

    for (uint32_t t = 0; t < model->table_count; t++)
        seen[t] = target == NULL || is_table(&model->tables[t], target) || target->is_view;
    for (bool grew = true; grew;) {
        grew = false;
        for (uint32_t t = 0; t < model->table_count; t++) {
            const struct model_table *table = model->tables + t;
            for (uint32_t f = 0; f < table->foreign_key_count && !seen[t]; f++) {
                const struct model_foreign_key *key = table->foreign_keys + f;
                const struct model_table *parent =
                    model_find_table(model, key->ref_schema, key->ref_table);
                bool acts = key->on_delete > MODEL_RESTRICT || key->on_update > MODEL_RESTRICT;
                seen[t] = acts && parent != NULL && seen[parent - model->tables];
                grew |= seen[t];
            }
        }
    }
    for (uint32_t t = 0; t < model->table_count && ok; t++)
        ok = !seen[t] || capture_watch(capture, conn, model->tables + t);
    free(seen);
    return ok;
}

bool
reason_watch(struct capture *capture, struct lite_conn *conn, int rc, struct str text,
             const struct model_table *target)
{
    const struct model *model = capture->model;
    struct str colon = STR_NULL;
    struct str rest = STR_NULL;
    bool found = false;

    if (rc == SQLITE_CONSTRAINT_FOREIGNKEY)
        return watch_actions(capture, conn, target);
    colon = str_slice(text, str_find_char(text, ':', 0) + 2, text.len);
    if (rc != SQLITE_CONSTRAINT_CHECK) {
        const struct model_table *table = table_in_text(model, colon, &rest);
        return table == NULL || capture_watch(capture, conn, table);
    }
    for (uint32_t t = 0; t < model->table_count; t++) {
        if (check_find(model->tables + t, colon) == NULL)
            continue;
        if (!capture_watch(capture, conn, model->tables + t))
            return false;
        found = true;
    }
    return found;
}

void
reason_find(struct capture *capture, struct lite_conn *conn, int rc,
            const struct model_table *target, bool is_applied, const struct db_viewer *viewer,
            struct err *err)
{
    struct probe probe = {.capture = capture, .conn = conn, .viewer = viewer};
    char copy[sizeof(err->message)];

    snprintf(copy, sizeof(copy), "%s", err->message);
    struct str text = str_from(copy);
    if (rc == SQLITE_CONSTRAINT_FOREIGNKEY)
        foreign_key_find(&probe, target, is_applied, err);
    else if (rc == SQLITE_CONSTRAINT_NOTNULL)
        not_null_find(&probe, text, err);
    else if (rc == SQLITE_CONSTRAINT_CHECK)
        check_find_reason(&probe, text, target, err);
    else
        unique_find(&probe, text, err);
}

bool
reason_check_foreign_keys(struct lite_conn *conn, struct err *err)
{
    sqlite3_stmt *stmt = lite_conn_prepare(conn, STR("PRAGMA main.foreign_key_check"), err);
    bool ok = false;

    if (stmt == NULL)
        return false;
    int rc = sqlite3_step(stmt);
    if (rc == SQLITE_DONE)
        ok = true;
    else if (rc == SQLITE_ROW)
        err_set(err, ERR_DB, "23503",
                "a row of table \"%s\" refers to one that is not present in table \"%s\"",
                (const char *)sqlite3_column_text(stmt, 0),
                (const char *)sqlite3_column_text(stmt, 2));
    else
        lite_error_set(conn, rc, err);
    sqlite3_finalize(stmt);
    return ok;
}
