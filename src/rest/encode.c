/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/encode.h"

#include "core/json.h"
#include "rest/encode_gather.h"
#include "rest/plan_group.h"
#include "sql/zone.h"

static struct encode_column *prepare(const struct plan_rel *rel, bool gathers, struct arena *arena,
                                     uint32_t *cell);

/* For buf_add_padded. */
static struct str
copy_prefix(struct arena *arena, struct str prefix)
{
    char *copy = arena_zalloc(arena, prefix.len + BUF_BLOCK);

    memcpy(copy, prefix.data, prefix.len);
    return str_make(copy, prefix.len);
}

/* An embed whose JSON is written here. */
static void
prepare_embed(const struct plan_rel *rel, struct arena *arena, uint32_t *cell,
              struct encode_column *column)
{
    uint32_t fields = 0;

    column->member_count = rel->column_count;
    if (rel->form != PLAN_JOINED) {
        column->form = rel->is_to_one ? ENCODE_RECORD : ENCODE_RECORDS;
        column->members = prepare(rel, false, arena, &fields);
        column->cell = (*cell)++;
        return;
    }
    column->form = ENCODE_JOINED;
    if (rel->mark == PLAN_NO_MARK)
        column->cell = (*cell)++;
    column->members = prepare(rel, false, arena, cell);
    if (rel->mark != PLAN_NO_MARK)
        column->cell = column->members[rel->mark].cell;
}

/* Cells are counted from *cell on. */
static struct encode_column *
prepare(const struct plan_rel *rel, bool gathers, struct arena *arena, uint32_t *cell)
{
    struct encode_column *columns = ARENA_ARRAY(arena, struct encode_column, rel->column_count + 1);
    struct buf prefix;

    buf_init(&prefix, 1024 * 1024);
    for (uint32_t i = 0; i < rel->column_count; i++) {
        const struct plan_column *column = &rel->columns[i];

        buf_clear(&prefix);
        buf_add_char(&prefix, i == 0 ? '{' : ',');
        json_write_str(&prefix, column->key);
        buf_add_char(&prefix, ':');
        columns[i] = (struct encode_column){
            .prefix = copy_prefix(arena, buf_str(&prefix)),
            .key = column->key,
            .json_class =
                plan_column_is_computed_json(rel, column) ? 'r' : type_json_class(column->type),
            .type = column->type,
        };
        if (gathers && plan_column_is_gathered(column))
            continue;
        if (column->kind == PLAN_EMBED && column->embed->form != PLAN_JSON)
            prepare_embed(column->embed, arena, cell, &columns[i]);
        else
            columns[i].cell = (*cell)++;
    }
    buf_fini(&prefix);
    return columns;
}

/* The embeds that are gathered are no cells of the root's rows, and stand behind those. */
static void
prepare_gathered(const struct plan_rel *root, struct arena *arena, uint32_t *cell,
                 struct encode_column *columns)
{
    for (const struct plan_rel *rel = root->children; rel != NULL; rel = rel->next) {
        for (uint32_t i = 0; rel->gather > 0 && i < root->column_count; i++) {
            if (root->columns[i].kind != PLAN_EMBED || root->columns[i].embed != rel)
                continue;
            columns[i].form = ENCODE_GATHERED;
            columns[i].gather = rel->gather;
            columns[i].cell = (*cell)++;
            columns[i].members = prepare(rel, false, arena, cell);
            columns[i].member_count = rel->column_count;
        }
    }
}

const struct encode_column *
encode_prepare(const struct plan *plan, bool gathers, struct arena *arena)
{
    /* The first one says what the row is. */
    uint32_t cell = gathers ? 1 : 0;
    struct encode_column *columns = prepare(plan->root, gathers, arena, &cell);

    if (gathers)
        prepare_gathered(plan->root, arena, &cell, columns);
    return columns;
}

void
encode_value(struct buf *out, const struct encode_column *column, const struct value *value)
{
    if (LIKELY(column->form == ENCODE_VALUE))
        type_write_json_class(out, column->json_class, value);
    else if (value->kind == VALUE_TEXT)
        encode_records(out, column, value->s);
    else
        BUF_ADD_LIT(out, "null");
}

/* In the encoder's time zone. Its own function, so that others have no room to make and to
 * clear. */
static __attribute__((noinline)) void
write_shifted(const struct encoder *e, const struct encode_column *column, const struct value *cell)
{
    char room[ZONE_ROOM];
    struct value shifted = *cell;

    zone_shift(e->zone, &shifted, room);
    encode_value(e->out, column, &shifted);
}

static inline void
write_value(const struct encoder *e, const struct encode_column *column, const struct value *cell)
{
    /* What most values are goes the short way. */
    if (type_write_json_plain(e->out, column->json_class, cell))
        return;
    if (LIKELY(e->zone == NULL || column->json_class != 'z'))
        encode_value(e->out, column, cell);
    else
        write_shifted(e, column, cell);
}

static void
write_columns(const struct encoder *e, const struct encode_column *columns, uint32_t count,
              const struct value *cells)
{
    struct buf *out = e->out;

    for (uint32_t i = 0; i < count; i++) {
        const struct encode_column *column = &columns[i];
        const struct value *cell = &cells[column->cell];

        buf_add_padded(out, column->prefix);
        if (column->form == ENCODE_GATHERED)
            gather_write(e->gather, out, column, cell);
        else if (cell->kind == VALUE_NULL)
            BUF_ADD_LIT(out, "null");
        else if (column->form == ENCODE_JOINED)
            write_columns(e, column->members, column->member_count, cells);
        else
            write_value(e, column, cell);
    }
    if (count == 0)
        buf_add_char(out, '{');
    buf_add_char(out, '}');
}

static void
write_json_stripped(const struct encoder *e, const struct value *cells)
{
    bool first = true;

    buf_add_char(e->out, '{');
    for (uint32_t i = 0; i < e->column_count; i++) {
        struct str prefix = e->columns[i].prefix;

        if (cells[i].kind == VALUE_NULL)
            continue;
        if (!first)
            buf_add_char(e->out, ',');
        first = false;
        buf_add_str(e->out, str_slice(prefix, 1, prefix.len));
        write_value(e, &e->columns[i], &cells[i]);
    }
    buf_add_char(e->out, '}');
}

/* Quotes the field that was written since start, when it must be (RFC 4180), and where PostgreSQL
 * quotes a field of a row: with blanks, parentheses and backslashes in it, which stay as they are.
 * An empty text is quoted, because nothing at all is NULL. */
static void
quote_csv_field(struct buf *out, size_t start)
{
    size_t len = out->len - start;
    size_t quotes = 0;
    bool must = len == 0;
    char *to = NULL;

    for (size_t i = start; i < out->len; i++) {
        must = must || memchr("\",\r\n \t\v\f()\\", out->data[i], 11) != NULL;
        quotes += out->data[i] == '"';
    }
    if (!must || !buf_reserve(out, quotes + 2))
        return;
    /* From its end, so that nothing is overwritten before it was moved. */
    out->len += quotes + 2;
    to = out->data + out->len;
    *--to = '"';
    for (size_t i = start + len; i > start; i--) {
        char ch = out->data[i - 1];

        *--to = ch;
        if (ch == '"')
            *--to = '"';
    }
    *--to = '"';
}

static void
write_csv_header(const struct encoder *e)
{
    for (uint32_t i = 0; i < e->column_count; i++) {
        size_t start = 0;

        if (i > 0)
            buf_add_char(e->out, ',');
        start = e->out->len;
        buf_add_str(e->out, e->columns[i].key);
        quote_csv_field(e->out, start);
    }
}

static void
write_csv(const struct encoder *e, const struct value *cells)
{
    if (e->rows == 0)
        write_csv_header(e);
    buf_add_char(e->out, '\n');
    for (uint32_t i = 0; i < e->column_count; i++) {
        struct value value = cells[i];
        char room[ZONE_ROOM];
        size_t start = 0;

        if (i > 0)
            buf_add_char(e->out, ',');
        if (value.kind == VALUE_NULL)
            continue;
        if (e->columns[i].json_class == 'z')
            zone_shift(e->zone, &value, room);
        start = e->out->len;
        type_write_output(e->out, e->columns[i].type, &value);
        quote_csv_field(e->out, start);
    }
}

void
encode_percent(struct buf *out, struct str text)
{
    static const bool is_plain[256] = {
        ['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true, ['-'] = true,
        ['_'] = true,         ['.'] = true,         ['~'] = true,
    };
    static const char digits[] = "0123456789ABCDEF";
    char *to = NULL;

    if (text.len > out->max / 3 || !buf_reserve(out, 3 * text.len)) {
        out->overflowed = true;
        return;
    }
    to = out->data + out->len;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char ch = (unsigned char)text.data[i];

        if (is_plain[ch]) {
            *to++ = (char)ch;
        } else {
            *to++ = '%';
            *to++ = digits[ch >> 4];
            *to++ = digits[ch & 15];
        }
    }
    out->len = (size_t)(to - out->data);
}

static void
write_location(const struct encoder *e, const struct value *cells)
{
    struct buf text;

    buf_init(&text, 64 * 1024);
    for (uint32_t i = 0; i < e->column_count; i++) {
        buf_add_char(e->out, i == 0 ? '?' : '&');
        encode_percent(e->out, e->columns[i].key);
        if (cells[i].kind == VALUE_NULL) {
            BUF_ADD_LIT(e->out, "=is.null");
            continue;
        }
        BUF_ADD_LIT(e->out, "=eq.");
        buf_clear(&text);
        type_write_text(&text, e->columns[i].type, &cells[i]);
        encode_percent(e->out, buf_str(&text));
    }
    buf_fini(&text);
}

void
encode_restart(struct encoder *encoder)
{
    encoder->rows = encoder->inserted = 0;
    encoder->total = -1;
    buf_clear(encoder->out);
}

/* The rest of the rows would be read for nothing, and a write must not stay without its answer. */
static bool
fail_too_large(const struct encoder *e)
{
    err_set(e->err, ERR_REQUEST, "54000", "the answer is too large");
    err_hint(e->err, "Ask for fewer rows with limit and offset, or for fewer columns with select.");
    if (e->err != NULL)
        e->err->http_status = 413;
    return false;
}

static void
write_row(const struct encoder *e, const struct value *cells)
{
    if (e->is_value && cells[0].kind == VALUE_NULL)
        BUF_ADD_LIT(e->out, "null");
    else if (e->is_value)
        write_value(e, &e->columns[0], &cells[0]);
    else if (e->nulls_stripped)
        write_json_stripped(e, cells);
    else
        write_columns(e, e->columns, e->column_count, cells);
}

static void
write_bytes(struct buf *out, struct str hex)
{
    static const char digits[] = "0123456789abcdef";

    if (!str_has_prefix(hex, STR("\\x")) || !buf_reserve(out, hex.len / 2))
        return;
    for (size_t i = 2; i + 1 < hex.len; i += 2) {
        const char *high = strchr(digits, hex.data[i]);
        const char *low = strchr(digits, hex.data[i + 1]);

        if (high != NULL && low != NULL)
            buf_add_char(out, (char)((high - digits) * 16 + (low - digits)));
    }
}

static bool
take_handled(struct encoder *e, const struct value *cells, uint32_t count)
{
    int64_t rows = 0;
    int64_t inserted = 0;

    if (count < 3 || cells[1].kind != VALUE_TEXT || !str_to_i64(cells[1].s, &rows) || rows < 0)
        return false;
    if (cells[0].kind != VALUE_TEXT || !str_to_i64(cells[0].s, &e->total))
        e->total = -1;
    if (cells[2].kind == VALUE_TEXT && e->has_version)
        buf_add_char(e->out, 1);
    if (cells[2].kind == VALUE_TEXT && e->is_bytes)
        write_bytes(e->out, cells[2].s);
    else if (cells[2].kind == VALUE_TEXT)
        buf_add_str(e->out, cells[2].s);
    if (count > 3 && cells[3].kind == VALUE_TEXT && str_to_i64(cells[3].s, &inserted))
        e->inserted = (uint64_t)inserted;
    e->rows = (uint64_t)rows;
    return buf_ok(e->out) || fail_too_large(e);
}

/* False: the row is not there, and only carries the number of all. */
static bool
take_total(struct encoder *e, const struct value *cells, uint32_t count)
{
    const struct value *total = &cells[count - 1];

    if (total->kind == VALUE_INT)
        e->total = total->i;
    else if (total->kind != VALUE_TEXT || !str_to_i64(total->s, &e->total))
        e->total = 0;
    return cells[count - 2].kind != VALUE_NULL;
}

bool
encode_row(void *ctx, const struct value *cells, uint32_t count)
{
    struct encoder *e = ctx;

    if (e->mode == ENCODE_HANDLED)
        return take_handled(e, cells, count);
    if (e->gather != NULL && !str_eq(cells[0].s, STR("0")))
        return gather_add(e->gather, cells, count) || fail_too_large(e);
    if (e->carries_total && !take_total(e, cells, count))
        return true;
    switch (e->mode) {
    case ENCODE_JSON:
        if (e->rows == 0)
            buf_add_char(e->out, '[');
        else if (e->is_on_one_line)
            BUF_ADD_LIT(e->out, ", ");
        else
            BUF_ADD_LIT(e->out, ", \n ");
        write_row(e, cells);
        break;
    case ENCODE_OBJECT:
        /* A second row is an error; there is no need to write it. */
        if (e->rows == 0)
            write_row(e, cells);
        break;
    case ENCODE_CSV:
        write_csv(e, cells);
        break;
    case ENCODE_LOCATION:
        if (e->rows == 0)
            write_location(e, cells);
        break;
    case ENCODE_LINES:
        buf_add_str(e->out, cells[0].s);
        buf_add_char(e->out, '\n');
        break;
    case ENCODE_HANDLED:
    case ENCODE_NOTHING:
        break;
    }
    e->rows++;
    if (e->marks_inserted) {
        const struct value *mark = &cells[count - 1];

        e->inserted += mark->kind == VALUE_TEXT ? mark->s.len > 0 && mark->s.data[0] == 't'
                                                : mark->kind == VALUE_INT && mark->i != 0;
    }
    return buf_ok(e->out) || fail_too_large(e);
}

bool
encode_end(struct encoder *e)
{
    if (e->mode == ENCODE_JSON)
        buf_add_str(e->out, e->rows == 0 ? STR("[]") : STR("]"));
    else if (e->mode == ENCODE_CSV && e->rows == 0)
        write_csv_header(e);
    return buf_ok(e->out) || fail_too_large(e);
}
