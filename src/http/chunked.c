/* SPDX-License-Identifier: Apache-2.0 */
#include "http/chars.h"
#include "http/parser.h"

#define DIGITS_MAX 16
#define EXTENSION_MAX 256         /* of one chunk */
#define EXTENSIONS_MAX (16 << 10) /* of a body */

/*
 * RFC 9112 7.1:
 *
 *   SIZE [";" NAME ["=" VALUE]]... CR LF DATA CR LF ..., "0" in place of a size and its CR LF, then
 *   trailer fields as in a head, and CR LF.
 */
enum state {
    S_SIZE,
    S_EXT_NAME_FIRST,
    S_EXT_NAME,
    S_EXT_VALUE_FIRST,
    S_EXT_VALUE,
    S_EXT_QUOTED,
    S_EXT_ESCAPED,
    S_EXT_QUOTED_END,
    S_SIZE_LF,
    S_DATA,
    S_DATA_CR,
    S_DATA_LF,
    S_TRAILER,
    S_TRAILER_NAME,
    S_TRAILER_VALUE,
    S_TRAILER_LF,
    S_END_LF,
    S_DONE,
    S_ERROR,
};

static const char bad_chunk[] = "The chunked body is not valid.";
static const char bad_trailer[] = "A trailer field is not valid.";

void
http_chunked_init(struct http_chunked *chunked, const struct http_limits *limits)
{
    *chunked = (struct http_chunked){.limits = limits};
}

static enum state
fail(struct http_chunked *c, int status, const char *reason, const char *message)
{
    c->status = status;
    c->reason = reason;
    c->message = message;
    return S_ERROR;
}

static enum state
expect(struct http_chunked *c, char got, char wanted, enum state next)
{
    return got == wanted ? next : fail(c, 400, "chunk", bad_chunk);
}

static enum state
on_size(struct http_chunked *c, char byte)
{
    int digit = char_hex(byte);

    if (digit >= 0) {
        if (++c->digits > DIGITS_MAX)
            return fail(c, 400, "chunk-size", "A chunk size is too large a number.");
        c->left = c->left << 4 | (unsigned)digit;
        return S_SIZE;
    }
    if (c->digits == 0)
        return fail(c, 400, "chunk-size", "A chunk size is not valid.");
    if (byte == '\r')
        return S_SIZE_LF;
    if (byte == ';')
        return S_EXT_NAME_FIRST;
    return fail(c, 400, "chunk-size", "A chunk size is not valid.");
}

/* Extensions mean nothing here; they are held to their grammar, without the optional blanks. */
static enum state
on_extension(struct http_chunked *c, char byte)
{
    static const char bad[] = "A chunk extension is not valid.";

    if (++c->ext_len > EXTENSION_MAX || ++c->ext_total > EXTENSIONS_MAX)
        return fail(c, 400, "chunk-extension", "Chunk extensions are too long.");

    switch (c->state) {
    case S_EXT_NAME_FIRST:
        return char_is(byte, CHAR_TOKEN) ? S_EXT_NAME : fail(c, 400, "chunk-extension", bad);
    case S_EXT_NAME:
        if (char_is(byte, CHAR_TOKEN))
            return S_EXT_NAME;
        if (byte == '=')
            return S_EXT_VALUE_FIRST;
        break;
    case S_EXT_VALUE_FIRST:
        if (byte == '"')
            return S_EXT_QUOTED;
        return char_is(byte, CHAR_TOKEN) ? S_EXT_VALUE : fail(c, 400, "chunk-extension", bad);
    case S_EXT_VALUE:
        if (char_is(byte, CHAR_TOKEN))
            return S_EXT_VALUE;
        break;
    case S_EXT_QUOTED:
        if (byte == '"')
            return S_EXT_QUOTED_END;
        if (byte == '\\')
            return S_EXT_ESCAPED;
        return char_is(byte, CHAR_QUOTED) ? S_EXT_QUOTED : fail(c, 400, "chunk-extension", bad);
    case S_EXT_ESCAPED:
        return char_is(byte, CHAR_VALUE) ? S_EXT_QUOTED : fail(c, 400, "chunk-extension", bad);
    default:
        break;
    }
    if (byte == '\r')
        return S_SIZE_LF;
    return byte == ';' ? S_EXT_NAME_FIRST : fail(c, 400, "chunk-extension", bad);
}

static enum state
on_trailer_name(struct http_chunked *c, char byte)
{
    char lower = http_char_lower[(unsigned char)byte];

    if (lower != 0) {
        if (c->name_len < sizeof(c->name))
            c->name[c->name_len] = lower;
        c->name_len++;
        return S_TRAILER_NAME;
    }
    if (byte != ':' || c->name_len == 0)
        return fail(c, 400, "trailer", bad_trailer);
    if (c->name_len > sizeof(c->name))
        return S_TRAILER_VALUE;
    /* RFC 9110 6.5.1 */
    switch (http_name_find(c->name, c->name_len)) {
    case HTTP_H_AUTHORIZATION:
    case HTTP_H_CONTENT_TYPE:
    case HTTP_H_HOST:
    case HTTP_N_CONTENT_LENGTH:
    case HTTP_N_TRAILER:
    case HTTP_N_TRANSFER_ENCODING:
        return fail(c, 400, "trailer", "This field may not stand in trailers.");
    default:
        return S_TRAILER_VALUE;
    }
}

static enum state
on_trailer(struct http_chunked *c, char byte)
{
    switch (c->state) {
    case S_TRAILER:
        if (byte == '\r')
            return S_END_LF;
        if (++c->trailer_fields > c->limits->fields_max)
            return fail(c, 431, "too-many-fields", "There are too many trailer fields.");
        c->name_len = 0;
        return on_trailer_name(c, byte);
    case S_TRAILER_NAME:
        return on_trailer_name(c, byte);
    default:
        if (char_is(byte, CHAR_VALUE))
            return S_TRAILER_VALUE;
        return byte == '\r' ? S_TRAILER_LF : fail(c, 400, "trailer", bad_trailer);
    }
}

static enum state
on_size_end(struct http_chunked *c, char byte, const struct buf *body)
{
    if (byte != '\n')
        return fail(c, 400, "chunk", bad_chunk);
    if (c->left == 0)
        return S_TRAILER;
    if (c->left > c->limits->body_max - body->len)
        return fail(c, 413, "body-too-large", "The body is larger than this server takes.");
    return S_DATA;
}

static enum state
on_byte(struct http_chunked *c, char byte, const struct buf *body)
{
    enum state state = (enum state)c->state;

    switch (state) {
    case S_SIZE:
        return on_size(c, byte);
    case S_EXT_NAME_FIRST:
    case S_EXT_NAME:
    case S_EXT_VALUE_FIRST:
    case S_EXT_VALUE:
    case S_EXT_QUOTED:
    case S_EXT_ESCAPED:
    case S_EXT_QUOTED_END:
        return on_extension(c, byte);
    case S_SIZE_LF:
        return on_size_end(c, byte, body);
    case S_DATA_CR:
        return expect(c, byte, '\r', S_DATA_LF);
    case S_DATA_LF:
        c->digits = 0;
        c->ext_len = 0;
        return expect(c, byte, '\n', S_SIZE);
    case S_TRAILER:
    case S_TRAILER_NAME:
    case S_TRAILER_VALUE:
        /* The empty line at the end isn't counted. */
        if (!(state == S_TRAILER && byte == '\r') && ++c->trailer_len > c->limits->trailers_max)
            return fail(c, 431, "trailers-too-large",
                        "The trailers are larger than this server "
                        "takes.");
        return on_trailer(c, byte);
    case S_TRAILER_LF:
        return byte == '\n' ? S_TRAILER : fail(c, 400, "trailer", bad_trailer);
    case S_END_LF:
        return expect(c, byte, '\n', S_DONE);
    case S_DATA:
    case S_DONE:
    case S_ERROR:
        break;
    }
    return state;
}

enum http_parse_state
http_chunked_execute(struct http_chunked *c, const char *data, size_t len, size_t *used,
                     struct buf *body)
{
    size_t at = 0;

    while (at < len && c->state < S_DONE) {
        if (c->state == S_DATA) {
            size_t part = len - at < c->left ? len - at : (size_t)c->left;

            buf_add(body, data + at, part);
            at += part;
            c->left -= part;
            if (c->left == 0)
                c->state = S_DATA_CR;
            continue;
        }
        c->state = (uint8_t)on_byte(c, data[at], body);
        at++;
    }
    *used = at;
    if (c->state == S_DONE)
        return HTTP_PARSE_DONE;
    return c->state == S_ERROR ? HTTP_PARSE_ERROR : HTTP_PARSE_MORE;
}
