/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies that are no JSON, brought into that form: CSV (RFC 4180) and forms. */
#include "rest/payload_text.h"

#include "core/json.h"

/* One line names all members again, so the text can be far longer than the body. */
#define TEXT_MAX ((size_t)16 * 1024 * 1024)

static bool
take(struct buf *text, struct arena *arena, struct str *out, struct err *err)
{
    if (!buf_ok(text))
        return err_refuse(err, 413, "CAIRN-LIMIT", "the body needs too much memory");
    *out = arena_copy(arena, buf_str(text));
    return true;
}

/* --- CSV ------------------------------------------------------------------------------------- */

struct csv {
    struct str in;
    size_t pos;
    struct arena *arena;
    struct err *err;
    struct str *names;
    uint32_t name_count;
    struct buf *out;
};

static int
peek(const struct csv *csv)
{
    return csv->pos < csv->in.len ? (unsigned char)csv->in.data[csv->pos] : -1;
}

static bool
at_line_end(const struct csv *csv)
{
    return peek(csv) == -1 || peek(csv) == '\n' ||
           (peek(csv) == '\r' && csv->pos + 1 < csv->in.len && csv->in.data[csv->pos + 1] == '\n');
}

static void
skip_line_end(struct csv *csv)
{
    if (peek(csv) == '\r')
        csv->pos++;
    if (peek(csv) == '\n')
        csv->pos++;
}

/* A field up to the comma or the end of the line; quotes are doubled inside of quotes. */
static bool
read_field(struct csv *csv, struct str *out)
{
    size_t start = csv->pos;
    char *copy = NULL;
    size_t len = 0;

    if (peek(csv) != '"') {
        while (peek(csv) != ',' && !at_line_end(csv))
            csv->pos++;
        *out = str_slice(csv->in, start, csv->pos);
        return true;
    }
    for (csv->pos++;
         peek(csv) != '"' || (csv->pos + 1 < csv->in.len && csv->in.data[csv->pos + 1] == '"');
         csv->pos++) {
        if (peek(csv) == -1)
            return err_refuse(csv->err, 400, "PGRST102", "Empty or invalid csv");
        csv->pos += peek(csv) == '"';
    }
    copy = arena_alloc(csv->arena, csv->pos - start);
    for (size_t i = start + 1; i < csv->pos; i++) {
        copy[len++] = csv->in.data[i];
        i += csv->in.data[i] == '"';
    }
    csv->pos++;
    *out = str_make(copy, len);
    return peek(csv) == ',' || at_line_end(csv) ||
           err_refuse(csv->err, 400, "PGRST102", "Empty or invalid csv");
}

static bool
read_names(struct csv *csv)
{
    size_t cap = 1;

    for (size_t i = 0; i < csv->in.len && csv->in.data[i] != '\n'; i++)
        cap += csv->in.data[i] == ',';
    csv->names = ARENA_ARRAY(csv->arena, struct str, cap);
    do {
        csv->pos += csv->name_count > 0;
        /* A name that holds a line end lets commas follow that were not counted. */
        if (csv->name_count == cap)
            return err_refuse(csv->err, 400, "PGRST102", "Empty or invalid csv");
        if (!read_field(csv, &csv->names[csv->name_count++]))
            return false;
    } while (!at_line_end(csv));
    skip_line_end(csv);
    return true;
}

static bool
add_line(struct csv *csv)
{
    for (uint32_t i = 0; i < csv->name_count; i++) {
        struct str field = STR_NULL;

        if (i > 0 && at_line_end(csv))
            return err_refuse(csv->err, 400, "PGRST102",
                              "All lines must have same number of fields");
        csv->pos += i > 0;
        if (!read_field(csv, &field))
            return false;
        buf_add_char(csv->out, i == 0 ? '{' : ',');
        json_write_str(csv->out, csv->names[i]);
        buf_add_char(csv->out, ':');
        if (str_eq(field, STR("NULL")))
            BUF_ADD_LIT(csv->out, "null");
        else
            json_write_str(csv->out, field);
    }
    buf_add_char(csv->out, '}');
    if (!at_line_end(csv))
        return err_refuse(csv->err, 400, "PGRST102", "All lines must have same number of fields");
    skip_line_end(csv);
    return true;
}

bool
payload_text_from_csv(struct str body, struct arena *arena, struct str *out, struct err *err)
{
    struct buf text;
    struct csv csv = {.in = body, .arena = arena, .err = err, .out = &text};
    bool ok = false;

    buf_init(&text, TEXT_MAX);
    if (body.len == 0) {
        err_refuse(err, 400, "PGRST102", "Empty or invalid csv");
        goto out;
    }
    if (!read_names(&csv))
        goto out;
    buf_add_char(&text, '[');
    for (bool first = true; csv.pos < body.len && buf_ok(&text); first = false) {
        if (!first)
            buf_add_char(&text, ',');
        if (!add_line(&csv))
            goto out;
    }
    buf_add_char(&text, ']');
    ok = take(&text, arena, out, err);

out:
    buf_fini(&text);

    return ok;
}

/* --- forms ----------------------------------------------------------------------------------- */

bool
payload_text_from_form(struct str body, struct arena *arena, struct str *out, struct err *err)
{
    struct api_param *params = NULL;
    uint32_t count = 0;
    struct buf text;
    bool ok = false;

    if (!api_parse_params(body, arena, &params, &count, err)) {
        err_clear(err);
        return err_refuse(err, 400, "PGRST102", "Empty or invalid form");
    }
    buf_init(&text, TEXT_MAX);
    buf_add_char(&text, '{');
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            buf_add_char(&text, ',');
        json_write_str(&text, params[i].key);
        buf_add_char(&text, ':');
        json_write_str(&text, params[i].value);
    }
    buf_add_char(&text, '}');
    ok = take(&text, arena, out, err);
    buf_fini(&text);
    return ok;
}
