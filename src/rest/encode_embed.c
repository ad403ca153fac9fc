/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts of rows to JSON, as PostgreSQL's record_out() writes them: (1,"a b",,"say ""x"""). Nothing
 * at all is NULL; in quotes, quotes and backslashes stand twice.
 */
#include "core/json.h"
#include "rest/encode.h"

/* One field from *at on, which is at its end afterwards: a comma, a parenthesis, or the end of
 * text. */
static struct value
read_field(struct str text, size_t *at, struct buf *room)
{
    size_t start = *at;
    size_t end = start;

    if (start >= text.len || text.data[start] != '"') {
        while (end < text.len && text.data[end] != ',' && text.data[end] != ')')
            end++;
        *at = end;
        return (struct value){.kind = end > start ? VALUE_TEXT : VALUE_NULL,
                              .s = str_slice(text, start, end)};
    }
    buf_clear(room);
    start = ++end;
    for (; end < text.len; end++) {
        char ch = text.data[end];

        if (ch != '"' && ch != '\\')
            continue;
        if (end + 1 >= text.len || text.data[end + 1] != ch)
            break;
        buf_add_str(room, str_slice(text, start, ++end));
        start = end + 1;
    }
    *at = end < text.len ? end + 1 : end;
    if (room->len == 0)
        return (struct value){.kind = VALUE_TEXT, .s = str_slice(text, start, end)};
    buf_add_str(room, str_slice(text, start, end));
    return (struct value){.kind = VALUE_TEXT, .s = buf_str(room)};
}

/* What isn't there isn't skipped: in half of a character the next field would not be UTF-8. */
static void
skip(struct str text, size_t *at, char either, char or)
{
    if (*at < text.len && (text.data[*at] == either || text.data[*at] == or))
        ++*at;
}

/* One row from *at on, which is behind it afterwards. */
static void
write_record(struct buf *out, const struct encode_column *column, struct str text, size_t *at,
             struct buf *room)
{
    skip(text, at, '(', '(');
    for (uint32_t i = 0; i < column->member_count; i++) {
        struct value value = read_field(text, at, room);

        skip(text, at, ',', ')');
        buf_add_padded(out, column->members[i].prefix);
        encode_value(out, &column->members[i], &value);
    }
    buf_add_char(out, '}');
}

void
encode_records(struct buf *out, const struct encode_column *column, struct str text)
{
    struct buf room;
    size_t at = 0;

    buf_init(&room, text.len);
    if (column->form == ENCODE_RECORD) {
        write_record(out, column, text, &at, &room);
    } else {
        buf_add_char(out, '[');
        while (at < text.len && buf_ok(out)) {
            if (at > 0)
                BUF_ADD_LIT(out, ", \n ");
            write_record(out, column, text, &at, &room);
        }
        buf_add_char(out, ']');
    }
    buf_fini(&room);
}
