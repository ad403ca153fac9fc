/* SPDX-License-Identifier: Apache-2.0 */
/* The output functions: a cell, from either engine, as JSON and as text. */
#include "core/json.h"
#include "sql/float.h"
#include "sql/type_impl.h"

/* Text that is a number in JSON too; the others, NaN and infinities, are strings there. */
static bool
is_plain_number(struct str text)
{
    size_t at = text.len > 0 && text.data[0] == '-' ? 1 : 0;

    return at < text.len && text.data[at] >= '0' && text.data[at] <= '9';
}

static void
write_json_bool(struct buf *out, const struct value *value)
{
    bool truth = value->kind == VALUE_TEXT ? value->s.len > 0 && value->s.data[0] == 't'
                                           : value->kind == VALUE_INT && value->i != 0;

    if (truth)
        BUF_ADD_LIT(out, "true");
    else
        BUF_ADD_LIT(out, "false");
}

static void
write_json_number(struct buf *out, const struct value *value, bool single)
{
    if (value->kind == VALUE_INT) {
        buf_add_i64(out, value->i);
    } else if (value->kind == VALUE_REAL) {
        bool finite = __builtin_isfinite(value->f);

        if (!finite)
            buf_add_char(out, '"');
        float_write(out, value->f, single);
        if (!finite)
            buf_add_char(out, '"');
    } else if (is_plain_number(value->s)) {
        buf_add_str(out, value->s);
    } else {
        json_write_str(out, value->s);
    }
}

static void
write_json_string(struct buf *out, const struct value *value)
{
    if (value->kind == VALUE_TEXT) {
        json_write_str(out, value->s);
        return;
    }
    buf_add_char(out, '"');
    if (value->kind == VALUE_INT) {
        buf_add_i64(out, value->i);
    } else if (value->kind == VALUE_REAL) {
        float_write(out, value->f, false);
    } else {
        BUF_ADD_LIT(out, "\\\\x");
        buf_add_hex(out, value->s);
    }
    buf_add_char(out, '"');
}

/* The offset at the end of a text of PostgreSQL's: "+02" is "+02:00" in JSON, "+05:30" stays. */
static bool
has_short_offset(struct str text)
{
    return text.len > 3 && (text.data[text.len - 3] == '+' || text.data[text.len - 3] == '-');
}

static void
write_json_timestamp(struct buf *out, const struct value *value, bool zoned)
{
    struct str text = value->s;
    bool bc;

    if (value->kind != VALUE_TEXT) {
        write_json_string(out, value);
        return;
    }
    if (text.len < 11 || text.data[10] == 'T') {
        json_write_str(out, text);
        return;
    }
    bc = str_has_suffix(text, STR(" BC"));
    text.len -= bc ? 3 : 0;
    size_t blank = str_find_char(text, ' ', 0);
    buf_add_char(out, '"');
    buf_add_str(out, str_slice(text, 0, blank));
    if (blank < text.len) {
        buf_add_char(out, 'T');
        buf_add_str(out, str_slice(text, blank + 1, text.len));
    }
    if (zoned && has_short_offset(text))
        BUF_ADD_LIT(out, ":00");
    if (bc)
        BUF_ADD_LIT(out, " BC");
    buf_add_char(out, '"');
}

static void
write_json_raw(struct buf *out, const struct value *value)
{
    if (value->kind == VALUE_TEXT || value->kind == VALUE_BLOB)
        buf_add_str(out, value->s);
    else
        write_json_number(out, value, false);
}

/* One element of an array's text; *at is behind it afterwards. */
static void
write_json_element(struct buf *out, char json_class, struct str text, size_t *at, struct buf *temp)
{
    struct value element = {.kind = VALUE_TEXT};
    bool quoted = text.data[*at] == '"';

    buf_clear(temp);
    if (quoted)
        (*at)++;
    for (; *at < text.len; (*at)++) {
        char c = text.data[*at];

        if (quoted ? c == '"' : c == ',' || c == '}')
            break;
        if (c == '\\' && *at + 1 < text.len)
            c = text.data[++*at];
        buf_add_char(temp, c);
    }
    if (quoted && *at < text.len)
        (*at)++;
    element.s = buf_str(temp);
    if (!quoted && str_eq_nocase(element.s, STR("NULL")))
        element.kind = VALUE_NULL;
    type_write_json_class(out, json_class, &element);
}

/* PostgreSQL's text of an array: {1,2}, {{a,"b c"},{NULL,d}}, [0:1]={1,2}. Not inlined: its locals
 * would be made for each value of any type. */
static __attribute__((noinline)) void
write_json_array(struct buf *out, char json_class, const struct value *value)
{
    struct str text = value->s;
    size_t at;
    struct buf temp;

    if (value->kind != VALUE_TEXT || str_find_char(text, '{', 0) == text.len) {
        write_json_string(out, value);
        return;
    }
    buf_init(&temp, text.len + 1);
    at = str_find_char(text, '{', 0);
    while (at < text.len) {
        char c = text.data[at];

        if (c == '{' || c == '}' || c == ',') {
            buf_add_char(out, c == '{' ? '[' : c == '}' ? ']' : ',');
            at++;
        } else {
            write_json_element(out, json_class, text, &at, &temp);
        }
    }
    buf_fini(&temp);
}

void
type_write_json_class(struct buf *out, char json_class, const struct value *value)
{
    if (value->kind == VALUE_NULL) {
        BUF_ADD_LIT(out, "null");
        return;
    }
    if (type_write_json_plain(out, json_class, value))
        return;
    switch (json_class) {
    case 'b':
        write_json_bool(out, value);
        break;
    case 'n':
    case 'd':
    case 'f':
        write_json_number(out, value, json_class == 'f');
        break;
    case 't':
    case 'z':
        write_json_timestamp(out, value, json_class == 'z');
        break;
    case 'r':
        write_json_raw(out, value);
        break;
    case 's':
    case 'x':
        write_json_string(out, value);
        break;
    default:
        if (json_class >= 'A' && json_class <= 'Z')
            write_json_array(out, (char)(json_class | 0x20), value);
        else
            write_json_string(out, value);
    }
}

void
type_write_json(struct buf *out, const struct type *type, const struct value *value)
{
    type_write_json_class(out, type_json_class(type), value);
}

/* The embedded normal form has a T, and an offset with minutes. */
static void
write_timestamp(struct buf *out, struct str text)
{
    if (text.len < 11 || text.data[10] != 'T') {
        buf_add_str(out, text);
        return;
    }
    buf_add(out, text.data, 10);
    buf_add_char(out, ' ');
    if (text.len > 6 && memchr("+-", text.data[text.len - 6], 2) != NULL &&
        str_has_suffix(text, STR(":00")))
        text.len -= 3;
    buf_add_str(out, str_slice(text, 11, text.len));
}

void
type_write_output(struct buf *out, const struct type *type, const struct value *value)
{
    switch (value->kind) {
    case VALUE_INT:
        if (type->id == TYPE_BOOL)
            buf_add_char(out, value->i != 0 ? 't' : 'f');
        else
            buf_add_i64(out, value->i);
        break;
    case VALUE_REAL:
        float_write(out, value->f, type->id == TYPE_FLOAT4);
        break;
    case VALUE_TEXT:
        if (type->id == TYPE_TIMESTAMP || type->id == TYPE_TIMESTAMPTZ)
            write_timestamp(out, value->s);
        else
            buf_add_str(out, value->s);
        break;
    case VALUE_BLOB:
        BUF_ADD_LIT(out, "\\x");
        buf_add_hex(out, value->s);
        break;
    case VALUE_NULL:
    default:
        break;
    }
}

void
type_write_text(struct buf *out, const struct type *type, const struct value *value)
{
    if (type->id == TYPE_BOOL && value->kind != VALUE_NULL) {
        write_json_bool(out, value);
    } else if (type->id == TYPE_BPCHAR && value->kind == VALUE_TEXT) {
        struct str text = value->s;

        while (text.len > 0 && text.data[text.len - 1] == ' ')
            text.len--;
        buf_add_str(out, text);
    } else {
        type_write_output(out, type, value);
    }
}
