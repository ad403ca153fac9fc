/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base64.h"

static const char url_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* The value of a character, or -1. is_any: the standard alphabet's two last as well. */
static int
value_of(char ch, bool is_any)
{
    if (ch >= 'A' && ch <= 'Z')
        return ch - 'A';
    if (ch >= 'a' && ch <= 'z')
        return ch - 'a' + 26;
    if (ch >= '0' && ch <= '9')
        return ch - '0' + 52;
    if (ch == '-' || (is_any && ch == '+'))
        return 62;
    if (ch == '_' || (is_any && ch == '/'))
        return 63;
    return -1;
}

static bool
decode(struct str text, bool is_any, struct buf *out)
{
    size_t before = out->len;
    uint32_t bits = 0;
    unsigned count = 0;

    if (text.len % 4 == 1 || !buf_reserve(out, text.len / 4 * 3 + 2))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        int value = value_of(text.data[i], is_any);

        if (value < 0) {
            out->len = before;
            return false;
        }
        bits = bits << 6 | (uint32_t)value;
        count += 6;
        if (count >= 8) {
            count -= 8;
            buf_add_char(out, (char)(bits >> count & 0xFF));
        }
    }
    if ((bits & ((1U << count) - 1)) != 0) {
        out->len = before;
        return false;
    }
    return true;
}

bool
base64url_decode(struct str text, struct buf *out)
{
    return decode(text, false, out);
}

bool
base64_decode(struct str text, struct buf *out)
{
    size_t padding = 0;

    while (padding < 2 && padding < text.len && text.data[text.len - 1 - padding] == '=')
        padding++;
    if (padding > 0 && text.len % 4 != 0)
        return false;
    return decode(str_slice(text, 0, text.len - padding), true, out);
}

void
base64url_encode(struct buf *out, struct str data)
{
    uint32_t bits = 0;
    unsigned count = 0;

    for (size_t i = 0; i < data.len; i++) {
        bits = bits << 8 | (unsigned char)data.data[i];
        count += 8;
        while (count >= 6) {
            count -= 6;
            buf_add_char(out, url_alphabet[bits >> count & 63]);
        }
    }
    if (count > 0)
        buf_add_char(out, url_alphabet[bits << (6 - count) & 63]);
}
