/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/load_answer.h"

/* The value of a header of a head, without blanks. */
static struct str
find_header(struct str head, struct str name)
{
    str_cut(&head, '\n');
    while (head.len > 0) {
        struct str value = str_cut(&head, '\n');
        struct str key = str_cut(&value, ':');

        if (value.data != NULL && str_eq_nocase(key, name))
            return str_trim(value);
    }

    return STR_NULL;
}

/* Whole when the last chunk has come: what ends a body of chunks is "0 CRLF CRLF". */
static bool
has_last_chunk(struct str body)
{
    return str_has_suffix(body, STR("0\r\n\r\n"));
}

static bool
begins_array(struct str body, bool is_chunked)
{
    if (is_chunked)
        str_cut(&body, '\n');

    return str_has_prefix(str_trim(body), STR("["));
}

enum load_answer_state
load_answer_parse(struct str in, bool is_head, bool at_end, struct load_answer *out)
{
    const char *end = in.len >= 4 ? memmem(in.data, in.len, "\r\n\r\n", 4) : NULL;
    struct str head, body, length;
    bool is_chunked, is_whole;
    uint64_t size = 0;
    int64_t number;

    *out = (struct load_answer){0};
    if (end == NULL)
        return in.len > 0 && !str_has_prefix(STR("HTTP/1."), str_slice(in, 0, 7))
                   ? LOAD_ANSWER_BAD
                   : LOAD_ANSWER_PART;
    head = str_slice(in, 0, (size_t)(end - in.data) + 2);
    body = str_slice(in, head.len + 2, in.len);
    if (!str_has_prefix(head, STR("HTTP/1.")) || !str_to_i64(str_slice(head, 9, 12), &number))
        return LOAD_ANSWER_BAD;
    out->status = (int)number;
    out->closes = str_eq_nocase(find_header(head, STR("Connection")), STR("close"));
    if (out->status == 204 || out->status == 304 || is_head)
        return LOAD_ANSWER_WHOLE;
    is_chunked = str_eq_nocase(find_header(head, STR("Transfer-Encoding")), STR("chunked"));
    length = find_header(head, STR("Content-Length"));
    if (is_chunked) {
        is_whole = has_last_chunk(body);
    } else if (length.len == 0) {
        out->closes = true;
        is_whole = at_end;
    } else if (str_to_u64(length, &size)) {
        is_whole = body.len >= size;
    } else {
        return LOAD_ANSWER_BAD;
    }
    out->is_array = begins_array(body, is_chunked);

    return is_whole ? LOAD_ANSWER_WHOLE : LOAD_ANSWER_PART;
}
