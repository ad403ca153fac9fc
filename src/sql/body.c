/* SPDX-License-Identifier: Apache-2.0 */
#include "sql/body.h"

void
body_write_argument(struct buf *out, uint32_t index)
{
    buf_printf(out, "%c%u%c", BODY_MARK_ARGUMENT, index, BODY_MARK_ARGUMENT);
}

void
body_write_table(struct buf *out, struct str schema, struct str name)
{
    buf_add_char(out, BODY_MARK_TABLE);
    buf_add_str(out, schema);
    buf_add_char(out, BODY_MARK_NAME);
    buf_add_str(out, name);
    buf_add_char(out, BODY_MARK_TABLE);
}

void
body_write_table_of(struct buf *out, struct str schema, struct str name, struct str view_schema,
                    struct str view_name)
{
    buf_add_char(out, BODY_MARK_TABLE);
    buf_add_str(out, schema);
    buf_add_char(out, BODY_MARK_NAME);
    buf_add_str(out, name);
    buf_add_char(out, BODY_MARK_NAME);
    buf_add_str(out, view_schema);
    buf_add_char(out, BODY_MARK_NAME);
    buf_add_str(out, view_name);
    buf_add_char(out, BODY_MARK_TABLE);
}

void
body_write_target(struct buf *out, struct str schema, struct str name, struct str alias)
{
    buf_add_char(out, BODY_MARK_TARGET);
    buf_add_str(out, schema);
    buf_add_char(out, BODY_MARK_NAME);
    buf_add_str(out, name);
    buf_add_char(out, BODY_MARK_NAME);
    buf_add_str(out, alias);
    buf_add_char(out, BODY_MARK_TARGET);
}

void
body_write_check(struct buf *out, enum body_part part, struct str schema, struct str name,
                 struct str alias)
{
    buf_printf(out, "%c%c%c", BODY_MARK_CHECK, (char)part, BODY_MARK_NAME);
    buf_add_str(out, schema);
    buf_add_char(out, BODY_MARK_NAME);
    buf_add_str(out, name);
    buf_add_char(out, BODY_MARK_NAME);
    buf_add_str(out, alias);
    buf_add_char(out, BODY_MARK_CHECK);
}

static bool
is_mark(char c)
{
    return c == BODY_MARK_TABLE || c == BODY_MARK_ARGUMENT || c == BODY_MARK_TARGET ||
           c == BODY_MARK_CHECK;
}

bool
body_is_checked(struct str text)
{
    return str_find_char(text, BODY_MARK_CHECK, 0) < text.len;
}

bool
body_has_mark(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (is_mark(text.data[i]) || text.data[i] == BODY_MARK_NAME)
            return true;
    }
    return false;
}

static enum body_part
read_part(struct str text)
{
    static const enum body_part parts[] = {BODY_INSERTED, BODY_UPDATED, BODY_CONFLICTING,
                                           BODY_SEEN};

    for (size_t i = 0; i < COUNTOF(parts); i++) {
        if (text.len == 1 && text.data[0] == (char)parts[i])
            return parts[i];
    }
    return BODY_PART_NONE;
}

static void
read_mark(char kind, struct str inside, struct body_piece *out)
{
    uint64_t number = 0;

    *out = (struct body_piece){.kind = BODY_TEXT, .text = STR("")};
    if (kind == BODY_MARK_ARGUMENT) {
        if (str_to_u64(inside, &number) && number <= UINT32_MAX)
            *out = (struct body_piece){.kind = BODY_ARGUMENT, .index = (uint32_t)number};
        return;
    }
    out->kind = kind == BODY_MARK_TABLE    ? BODY_TABLE
                : kind == BODY_MARK_TARGET ? BODY_TARGET
                                           : BODY_CHECK;
    if (kind == BODY_MARK_CHECK)
        out->part = read_part(str_cut(&inside, BODY_MARK_NAME));
    out->schema = str_cut(&inside, BODY_MARK_NAME);
    out->name = str_cut(&inside, BODY_MARK_NAME);
    if (kind == BODY_MARK_TABLE) {
        out->view_schema = str_cut(&inside, BODY_MARK_NAME);
        out->view_name = inside;
    } else {
        out->alias = inside;
    }
}

bool
body_next(struct str text, size_t *at, struct body_piece *out)
{
    size_t from = *at;
    size_t end = from;

    if (from >= text.len)
        return false;
    if (!is_mark(text.data[from])) {
        while (end < text.len && !is_mark(text.data[end]))
            end++;
        *out = (struct body_piece){.kind = BODY_TEXT, .text = str_slice(text, from, end)};
        *at = end;
        return true;
    }
    end = str_find_char(text, text.data[from], from + 1);
    read_mark(text.data[from], str_slice(text, from + 1, end), out);
    *at = end < text.len ? end + 1 : end;
    return true;
}
