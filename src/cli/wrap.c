/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/wrap.h"

size_t
wrap_bytes_of(const char *text, unsigned columns, unsigned *count)
{
    size_t at = 0;

    *count = 0;
    while (text[at] != '\0' && *count < columns) {
        at++;
        while (((unsigned char)text[at] & 0xc0) == 0x80)
            at++;
        (*count)++;
    }

    return at;
}

/* How much of text goes into a line of that many columns: up to its last space or line end, or all
 * of it. */
static size_t
take_line(const char *text, unsigned columns)
{
    unsigned count;
    size_t bytes = wrap_bytes_of(text, columns, &count);
    size_t end = bytes;
    const char *line_end = memchr(text, '\n', bytes);

    if (line_end != NULL)
        return (size_t)(line_end - text);
    if (text[bytes] == '\0' || text[bytes] == ' ' || text[bytes] == '\n')
        return bytes;
    while (end > 0 && text[end - 1] != ' ')
        end--;

    return end > 0 ? end : bytes;
}

void
wrap_write(struct buf *out, const char *text, unsigned first, unsigned others, unsigned indent)
{
    for (unsigned columns = first;; columns = others) {
        size_t bytes = take_line(text, columns);

        buf_add_str(out, str_trim(str_make(text, bytes)));
        buf_add_char(out, '\n');
        text += bytes;
        while (*text == ' ' || *text == '\n')
            text++;
        if (*text == '\0')
            return;
        for (unsigned i = 0; i < indent; i++)
            buf_add_char(out, ' ');
    }
}
