/* SPDX-License-Identifier: Apache-2.0 */
/* COPY ... FROM stdin: text and CSV. Source: PostgreSQL 15, COPY, "File Formats". */
#include "sql/apply.h"
#include "sql/batch.h"
#include "sql/ddl.h"

/* Of the values that wait for their batch. */
#define ROWS_MAX ((size_t)256 << 20)

struct copy {
    struct model_table *table;
    uint32_t *columns;
    uint32_t column_count;
    bool csv, header;
    char delimiter, quote, escape;
    struct str null;
    struct batch_cell *cells;
    struct arena *rows; /* the values, until their batch is written */
    struct str data;
    size_t data_at; /* where the data begins in the migration */
    size_t at;      /* in the data */
};

/* --- options ---------------------------------------------------------------------------------- */

static struct str
option_text(const struct json *option)
{
    const struct json *arg = pg_get(option, "arg");

    if (pg_as(arg, "Boolean") != NULL)
        return pg_bool(pg_body(arg), "boolval") ? STR("true") : STR("false");
    return pg_string(arg);
}

static bool
is_true(struct str text)
{
    return text.len == 0 || str_eq_nocase(text, STR("true")) || str_eq_nocase(text, STR("on")) ||
           str_eq_nocase(text, STR("1")) || str_eq_nocase(text, STR("match"));
}

static bool
read_char(struct apply *a, const struct json *option, char *out)
{
    struct str text = option_text(option);

    if (text.len != 1)
        return apply_fail(a, pg_location(option), "0A000", NULL,
                          "one single-byte character is "
                          "expected");
    *out = text.data[0];
    return true;
}

static bool
read_options(struct apply *a, const struct json *body, struct copy *copy)
{
    bool has_delimiter = false;
    bool has_null = false;
    bool has_escape = false;

    copy->quote = '"';
    for (const struct json *n = pg_first(body, "options"); n != NULL; n = n->next) {
        const struct json *option = pg_as(n, "DefElem");
        struct str text = option_text(option);

        if (pg_is(option, "defname", "format")) {
            copy->csv = str_eq(text, STR("csv"));
            if (!copy->csv && !str_eq(text, STR("text")))
                return apply_refuse(a, pg_location(option), "COPY in this format");
        } else if (pg_is(option, "defname", "header")) {
            copy->header = is_true(text);
        } else if (pg_is(option, "defname", "delimiter")) {
            has_delimiter = true;
            if (!read_char(a, option, &copy->delimiter))
                return false;
        } else if (pg_is(option, "defname", "quote")) {
            if (!read_char(a, option, &copy->quote))
                return false;
        } else if (pg_is(option, "defname", "escape")) {
            has_escape = true;
            if (!read_char(a, option, &copy->escape))
                return false;
        } else if (pg_is(option, "defname", "null")) {
            has_null = true;
            copy->null = text;
        } else if (!pg_is(option, "defname", "encoding") && !pg_is(option, "defname", "freeze")) {
            return apply_refuse(a, pg_location(option), "this option of COPY");
        }
    }
    if (!has_delimiter)
        copy->delimiter = copy->csv ? ',' : '\t';
    if (!has_null)
        copy->null = copy->csv ? STR_NULL : STR("\\N");
    if (!has_escape)
        copy->escape = copy->quote;
    return true;
}

static bool
read_columns(struct apply *a, const struct json *body, struct copy *copy)
{
    const struct model_table *table = copy->table;
    uint32_t n = 0;

    copy->columns = ARENA_ARRAY(a->tmp, uint32_t, table->column_count + pg_count(body, "attlist"));
    copy->cells = ARENA_ARRAY(a->tmp, struct batch_cell, table->column_count + 1);
    for (const struct json *c = pg_first(body, "attlist"); c != NULL; c = c->next) {
        if (!apply_need_column(a, table, pg_string(c), SIZE_MAX, &copy->columns[n]))
            return false;
        if (table->columns[copy->columns[n]].is_generated)
            return apply_fail(a, SIZE_MAX, "42P10", NULL, "column \"%.*s\" is a generated column",
                              STR_ARG(pg_string(c)));
        for (uint32_t i = 0; i < n; i++) {
            if (copy->columns[i] == copy->columns[n])
                return apply_fail(a, SIZE_MAX, "42701", NULL,
                                  "column \"%.*s\" specified more than once",
                                  STR_ARG(pg_string(c)));
        }
        n++;
    }
    if (pg_count(body, "attlist") == 0) {
        for (uint32_t i = 0; i < table->column_count; i++) {
            if (!table->columns[i].is_generated)
                copy->columns[n++] = i;
        }
    }
    copy->column_count = n;
    return true;
}

/* --- fields ----------------------------------------------------------------------------------- */

/* An error in the row that begins at this offset of the data. */
static bool
fail_row(struct apply *a, const struct copy *copy, size_t at, const char *code, struct str cause)
{
    size_t from = copy->data_at + at;

    return apply_fail_at(a, from, str_find_char(a->text, '\n', from), code, NULL, "%.*s",
                         STR_ARG(cause));
}

static bool
fail_null(struct apply *a, const struct copy *copy, size_t at, struct str column)
{
    return fail_row(a, copy, at, "23502",
                    arena_printf(a->tmp,
                                 "null value in column \"%.*s\" of relation \"%.*s\" violates "
                                 "not-null constraint",
                                 STR_ARG(column), STR_ARG(copy->table->name)));
}

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A backslash sequence of the text format; *i is behind the backslash and moves on. */
static char
unescape(struct str raw, size_t *i)
{
    static const char letters[] = "bfnrtv";
    static const char values[] = "\b\f\n\r\t\v";
    char c = raw.data[(*i)++];
    const char *letter = c != '\0' ? strchr(letters, c) : NULL;
    int value = 0;

    if (letter != NULL)
        return values[letter - letters];
    if (c >= '0' && c <= '7') {
        value = c - '0';
        for (int n = 0; n < 2 && *i < raw.len && raw.data[*i] >= '0' && raw.data[*i] <= '7'; n++)
            value = value * 8 + (raw.data[(*i)++] - '0');
        return (char)value;
    }
    if (c == 'x' && *i < raw.len && hex_digit(raw.data[*i]) >= 0) {
        for (int n = 0; n < 2 && *i < raw.len && hex_digit(raw.data[*i]) >= 0; n++)
            value = value * 16 + hex_digit(raw.data[(*i)++]);
        return (char)value;
    }
    return c;
}

/* The field's text without its escapes. */
static struct str
decode(struct copy *copy, struct str raw)
{
    char *out;
    size_t len = 0;

    if (memchr(raw.data, '\\', raw.len) == NULL)
        return raw;
    out = arena_alloc(copy->rows, raw.len);
    for (size_t i = 0; i < raw.len;) {
        if (raw.data[i] == '\\' && i + 1 < raw.len) {
            i++;
            out[len++] = unescape(raw, &i);
        } else {
            out[len++] = raw.data[i++];
        }
    }
    return str_make(out, len);
}

/* The next field of the text format, up to end; a delimiter behind a backslash does not end it. */
static struct str
next_text(struct copy *copy, size_t end)
{
    size_t from = copy->at;

    while (copy->at < end && copy->data.data[copy->at] != copy->delimiter)
        copy->at += copy->data.data[copy->at] == '\\' && copy->at + 1 < end ? 2 : 1;
    return str_slice(copy->data, from, copy->at);
}

/* The next field of CSV; a quoted one may run over several lines. False: its quote is open. */
static bool
next_csv(struct copy *copy, struct str *out, bool *quoted)
{
    struct str data = copy->data;
    struct buf text;
    bool inside = false;

    *quoted = false;
    apply_buf(&text);
    for (; copy->at < data.len; copy->at++) {
        char c = data.data[copy->at];

        if (inside && c == copy->escape && copy->at + 1 < data.len &&
            (data.data[copy->at + 1] == copy->quote || data.data[copy->at + 1] == copy->escape)) {
            buf_add_char(&text, data.data[++copy->at]);
        } else if (c == copy->quote) {
            inside = !inside;
            *quoted = true;
        } else if (!inside && (c == copy->delimiter || c == '\n')) {
            break;
        } else if (inside || c != '\r' || copy->at + 1 >= data.len ||
                   data.data[copy->at + 1] != '\n') {
            buf_add_char(&text, c);
        }
    }
    *out = apply_take(copy->rows, &text);
    return !inside;
}

/* --- rows ------------------------------------------------------------------------------------- */

static bool
set_cell(struct apply *a, struct copy *copy, uint32_t n, struct str text, bool is_null, size_t row)
{
    const struct model_column *c = &copy->table->columns[copy->columns[n]];
    struct batch_cell *cell = &copy->cells[n];
    struct err cause = {0};

    *cell = (struct batch_cell){.column = copy->columns[n]};
    if (is_null) {
        cell->value = (struct value){.kind = VALUE_NULL};
        return !c->not_null || fail_null(a, copy, row, c->name);
    }
    if (!str_is_utf8(text) || memchr(text.data, '\0', text.len) != NULL)
        return fail_row(a, copy, row, "22021",
                        arena_printf(a->tmp, "column %.*s: not UTF-8 text without zero bytes",
                                     STR_ARG(c->name)));
    if (type_input(&c->type, text, copy->rows, &cell->value, &cause))
        return true;
    return fail_row(a, copy, row, cause.code,
                    arena_printf(a->tmp, "column %.*s: %s", STR_ARG(c->name), cause.message));
}

/* Fields of the row at copy->at, which ends at end in the text format. */
static bool
read_row(struct apply *a, struct copy *copy, size_t end)
{
    size_t row = copy->at;
    uint32_t n = 0;

    for (;; n++) {
        struct str text;
        bool quoted = false;
        bool is_null;
        bool more;

        if (copy->csv) {
            if (!next_csv(copy, &text, &quoted))
                return fail_row(a, copy, row, "22P04", STR("unterminated CSV quoted field"));
            is_null = !quoted && str_eq(text, copy->null);
            more = copy->at < copy->data.len && copy->data.data[copy->at] == copy->delimiter;
        } else {
            struct str raw = next_text(copy, end);

            is_null = str_eq(raw, copy->null);
            text = is_null ? raw : decode(copy, raw);
            more = copy->at < end;
        }
        if (n == copy->column_count)
            return fail_row(a, copy, row, "22P04", STR("extra data after last expected column"));
        if (!set_cell(a, copy, n, text, is_null, row))
            return false;
        if (!more)
            break;
        copy->at++;
    }
    if (n + 1 < copy->column_count)
        return fail_row(a, copy, row, "22P04",
                        arena_printf(a->tmp, "missing data for column \"%.*s\"",
                                     STR_ARG(copy->table->columns[copy->columns[n + 1]].name)));
    return true;
}

/* The row id that is not among the columns comes from its default, as in INSERT. */
static bool
complete_row(struct apply *a, struct copy *copy, size_t row, uint32_t *count)
{
    const struct model_table *table = copy->table;

    *count = copy->column_count;
    for (uint32_t i = 0; i < table->column_count; i++) {
        const struct model_column *c = &table->columns[i];
        bool is_rowid = table->rowid_pk && table->keys[0].columns[0] == i;
        bool named = c->is_generated;

        for (uint32_t j = 0; j < copy->column_count && !named; j++)
            named = copy->columns[j] == i;
        if (named)
            continue;
        if (c->not_null && c->default_sqlite.len == 0)
            return fail_null(a, copy, row, c->name);
        if (is_rowid)
            copy->cells[(*count)++] =
                (struct batch_cell){.column = i, .expression = c->default_sqlite};
    }
    return true;
}

/* All rows of the data. */
static bool
read_rows(struct apply *a, struct copy *copy)
{
    bool skip = copy->header;

    while (copy->at < copy->data.len) {
        size_t row = copy->at;
        size_t newline = str_find_char(copy->data, '\n', row);
        size_t end = newline > row && copy->data.data[newline - 1] == '\r' ? newline - 1 : newline;
        uint32_t count = 0;

        if (skip) {
            skip = false;
            copy->at = newline + 1;
            continue;
        }
        if (!read_row(a, copy, end) || !complete_row(a, copy, row, &count) ||
            !batch_add(a, copy->table, copy->cells, count, STR_NULL, copy->data_at + row))
            return false;
        copy->at = copy->csv ? copy->at + 1 : newline + 1;
        if (arena_is_exhausted(copy->rows))
            return fail_row(a, copy, row, "54000", STR("the row is too large"));
        if (batch_is_empty(a))
            arena_reset(copy->rows);
    }
    return batch_flush(a);
}

bool
apply_copy(struct apply *a, const struct json *body, struct str data, size_t data_at)
{
    const struct json *range = pg_get(body, "relation");
    struct copy copy = {.data = data, .data_at = data_at};
    bool ok;

    if (pg_get(body, "whereClause") != NULL)
        return apply_refuse(a, SIZE_MAX, "COPY with WHERE");
    if (!apply_need_table(a, apply_range_name(range), pg_location(range), &copy.table) ||
        !read_options(a, body, &copy) || !read_columns(a, body, &copy) || !batch_flush(a) ||
        !ddl_flush_table(a, copy.table))
        return false;
    ddl_written(a, copy.table);
    copy.rows = arena_new(65536, ROWS_MAX);
    arena_set_soft(copy.rows);
    ok = read_rows(a, &copy);
    arena_free(copy.rows);
    return ok;
}
