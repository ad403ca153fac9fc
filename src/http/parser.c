/* SPDX-License-Identifier: Apache-2.0 */
#include "http/parser.h"

#include "http/chars.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define METHOD_MAX 64 /* longer than any method in use; RFC 9110 15.6.2 */
#define VERSION_LEN 8 /* HTTP/1.1 */

/*
 * The head, byte by byte:
 *
 *   EMPTY? -> METHOD ' ' TARGET ' ' VERSION CR LF, then per field NAME ':' BLANKS VALUE CR LF, and
 *   CR LF at the end.
 */
enum state {
    S_BEGIN, /* at the first byte: an empty line or a method */
    S_EMPTY_LF,
    S_METHOD,
    S_TARGET,
    S_VERSION,
    S_LINE_LF,
    S_FIELD,
    S_NAME,
    S_BLANKS,
    S_VALUE,
    S_VALUE_LF,
    S_END_LF,
    S_DONE,
    S_ERROR,
};

/* Bits of http_parser.seen. */
enum {
    SEEN_HOST = 1,
    SEEN_TRANSFER_ENCODING = 2,
    SEEN_CONTENT_TYPE = 4,
    SEEN_AUTHORIZATION = 8,
    SEEN_CLOSE = 16,
    SEEN_KEEP_ALIVE = 32,
};

void
http_parser_init(struct http_parser *parser, const struct http_limits *limits, struct arena *arena)
{
    memset(parser, 0, offsetof(struct http_parser, inline_fields));
    parser->limits = limits;
    parser->arena = arena;
    parser->fields = parser->inline_fields;
    parser->field_cap = HTTP_FIELDS_INLINE;
}

static bool
fail(struct http_parser *p, int status, const char *reason, const char *message)
{
    p->state = S_ERROR;
    p->status = status;
    p->reason = reason;
    p->message = message;
    return false;
}

/* The first byte of [at, end) that a field value can't hold: a control other than a tab. */
static const char *
scan_value(const char *at, const char *end)
{
#if defined(__SSE2__)
    const __m128i low = _mm_set1_epi8(0x1f);
    const __m128i tab = _mm_set1_epi8('\t');
    const __m128i del = _mm_set1_epi8(0x7f);

    for (; end - at >= 16; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, low), bytes);
        __m128i bad = _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(bytes, tab), control),
                                   _mm_cmpeq_epi8(bytes, del));
        int mask = _mm_movemask_epi8(bad);

        if (mask != 0)
            return at + __builtin_ctz((unsigned)mask);
    }
#endif
    while (at < end && char_is(*at, CHAR_VALUE))
        at++;
    return at;
}

/* The first byte of [at, end) that isn't visible ASCII. */
static const char *
scan_visible(const char *at, const char *end)
{
#if defined(__SSE2__)
    const __m128i space = _mm_set1_epi8(0x20);
    const __m128i del = _mm_set1_epi8(0x7f);

    /* Signed comparison: bytes from 0x80 are negative and so not above the space. */
    for (; end - at >= 16; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m128i good = _mm_and_si128(_mm_cmpgt_epi8(bytes, space), _mm_cmplt_epi8(bytes, del));
        int mask = _mm_movemask_epi8(good) ^ 0xffff;

        if (mask != 0)
            return at + __builtin_ctz((unsigned)mask);
    }
#endif
    while (at<end && * at> 0x20 && *at < 0x7f)
        at++;
    return at;
}

static bool
escape_is_valid(struct str s, size_t at)
{
    return s.len - at > 2 && char_is(s.data[at + 1], CHAR_HEX) && char_is(s.data[at + 2], CHAR_HEX);
}

/* The path of target, up to its '?' or its end. */
static bool
path_is_valid(struct str target, size_t *path_len)
{
    size_t at = 0;

    for (; at < target.len && target.data[at] != '?'; at++) {
        if (LIKELY(char_is(target.data[at], CHAR_PATH)))
            continue;
        if (target.data[at] != '%' || !escape_is_valid(target, at))
            return false;
        /* No file and no name has a NUL in it. */
        if (target.data[at + 1] == '0' && target.data[at + 2] == '0')
            return false;
        at += 2;
    }
    *path_len = at;
    return at > 0 && target.data[0] == '/';
}

static bool
query_is_valid(struct str query)
{
    for (size_t at = 0; at < query.len; at++) {
        if (LIKELY(char_is(query.data[at], CHAR_QUERY)))
            continue;
        if (query.data[at] != '%' || !escape_is_valid(query, at))
            return false;
        at += 2;
    }
    return true;
}

bool
http_path_is_valid(struct str target, size_t *path_len)
{
    return path_is_valid(target, path_len) &&
           query_is_valid(str_slice(target, *path_len + 1, target.len));
}

static bool
port_is_valid(struct str port)
{
    uint32_t value = 0;

    if (port.len == 0 || port.len > 5)
        return false;
    for (size_t i = 0; i < port.len; i++) {
        if (!char_is(port.data[i], CHAR_DIGIT))
            return false;
        value = value * 10 + (uint32_t)(port.data[i] - '0');
    }
    return value <= 65535;
}

/* IPv6address or IPvFuture between brackets: by its characters, for nothing is looked up by it. */
static bool
literal_is_valid(struct str literal)
{
    size_t colons = 0;

    if (literal.len < 2)
        return false;
    for (size_t i = 0; i < literal.len; i++) {
        char c = literal.data[i];

        colons += c == ':';
        if (!char_is(c, CHAR_HEX) && c != ':' && c != '.')
            return false;
    }
    return colons >= 2 && colons <= 7;
}

bool
http_host_is_valid(struct str host)
{
    size_t at = 0;

    if (host.len == 0)
        return false;
    if (host.data[0] == '[') {
        size_t close = str_find_char(host, ']', 1);

        if (close == host.len || !literal_is_valid(str_slice(host, 1, close)))
            return false;
        at = close + 1;
    } else {
        for (; at < host.len && host.data[at] != ':'; at++) {
            if (LIKELY(char_is(host.data[at], CHAR_HOST)))
                continue;
            if (host.data[at] != '%' || !escape_is_valid(host, at))
                return false;
            at += 2;
        }
        if (at == 0)
            return false;
    }
    if (at == host.len)
        return true;
    return host.data[at] == ':' && port_is_valid(str_slice(host, at + 1, host.len));
}

static bool
is_token(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!char_is(s.data[i], CHAR_TOKEN))
            return false;
    }
    return s.len > 0;
}

bool
http_value_is_valid(struct str s)
{
    if (s.len == 0)
        return true;
    if (s.data[0] == ' ' || s.data[0] == '\t' || s.data[s.len - 1] == ' ' ||
        s.data[s.len - 1] == '\t')
        return false;
    return scan_value(s.data, s.data + s.len) == s.data + s.len;
}

static bool
fail_target(struct http_parser *p)
{
    return fail(p, 400, "target", "The request target is not valid.");
}

/* "http://" or "https://" and an authority; *path_at is where the path begins in target. */
static bool
parse_authority(struct http_parser *p, const char *data, struct str target, size_t *path_at)
{
    size_t at;

    if (str_eq_nocase(str_slice(target, 0, 7), STR("http://")))
        at = 7;
    else if (str_eq_nocase(str_slice(target, 0, 8), STR("https://")))
        at = 8;
    else
        return fail_target(p);
    p->is_absolute = true;
    p->host = p->target + (uint32_t)at;
    while (at < target.len && target.data[at] != '/' && target.data[at] != '?')
        at++;
    *path_at = at;
    p->host_len = p->target + (uint32_t)at - p->host;
    return http_host_is_valid(str_make(data + p->host, p->host_len)) || fail_target(p);
}

/* RFC 9112 3.2: origin-form, absolute-form and asterisk-form; authority-form belongs to CONNECT. */
static bool
parse_target(struct http_parser *p, const char *data)
{
    struct str target = {data + p->target, p->target_len};
    struct str method = {data + p->begin, p->method_len};
    size_t path_at = 0;
    size_t path_len = 0;

    if (str_eq(method, STR("CONNECT")))
        return fail(p, 501, "method", "CONNECT is not supported.");
    if (target.data[0] == '*') {
        if (target.len != 1 || !str_eq(method, STR("OPTIONS")))
            return fail_target(p);
        p->path = p->target;
        p->path_len = 1;
        return true;
    }
    if (target.data[0] != '/' && !parse_authority(p, data, target, &path_at))
        return false;
    target = str_slice(target, path_at, target.len);
    p->path = p->target + (uint32_t)path_at;
    if (target.len > 0 && target.data[0] == '/') {
        if (!path_is_valid(target, &path_len))
            return fail_target(p);
        p->path_len = (uint32_t)path_len;
    } else {
        /* An absolute-form without a path has "/"; one stands just before its host. */
        p->path = p->host - 1;
        p->path_len = 1;
    }
    if (path_len < target.len) {
        if (!query_is_valid(str_slice(target, path_len + 1, target.len)))
            return fail_target(p);
        p->has_query = true;
        p->query = p->target + (uint32_t)(path_at + path_len) + 1;
        p->query_len = (uint32_t)(target.len - path_len) - 1;
    }
    return true;
}

/* "HTTP/1." and a digit; RFC 9110 2.5: a higher minor version is served as the highest known. */
static bool
parse_version(struct http_parser *p, const char *data, size_t len)
{
    const char *v = data + p->version;

    if (len != VERSION_LEN || memcmp(v, "HTTP/", 5) != 0 || !char_is(v[5], CHAR_DIGIT) ||
        v[6] != '.' || !char_is(v[7], CHAR_DIGIT))
        return fail(p, 400, "version", "The HTTP version is not valid.");
    if (v[5] != '1')
        return fail(p, 505, "version", "Only HTTP/1.0 and HTTP/1.1 are served here.");
    p->minor = v[7] == '0' ? 0 : 1;
    return true;
}

static bool
parse_length(struct http_parser *p, struct str value)
{
    uint64_t length = 0;

    if (p->has_content_length)
        return fail(p, 400, "content-length", "There is more than one Content-Length.");
    /* The grammar allows leading zeros; a reader in front may take them for octal. */
    if (value.len == 0 || (value.len > 1 && value.data[0] == '0'))
        return fail(p, 400, "content-length", "Content-Length is not a number.");
    for (size_t i = 0; i < value.len; i++) {
        uint64_t digit = (uint64_t)(unsigned char)value.data[i] - '0';

        if (digit > 9)
            return fail(p, 400, "content-length", "Content-Length is not a number.");
        if (length > (INT64_MAX - digit) / 10)
            return fail(p, 400, "content-length", "Content-Length is too large a number.");
        length = length * 10 + digit;
    }
    p->has_content_length = true;
    p->content_length = length;
    return true;
}

/* RFC 9112 6.1, 6.3: chunked alone is understood; where it isn't the last coding, the length of
 * the body can't be known. */
static bool
parse_transfer_encoding(struct http_parser *p, struct str value)
{
    struct str rest = value;

    if ((p->seen & SEEN_TRANSFER_ENCODING) != 0)
        return fail(p, 400, "transfer-encoding", "There is more than one Transfer-Encoding.");
    p->seen |= SEEN_TRANSFER_ENCODING;
    if (str_eq_nocase(value, STR("chunked"))) {
        p->chunked = true;
        return true;
    }
    while (rest.data != NULL) {
        struct str coding = str_trim(str_cut(&rest, ','));

        if (!is_token(coding) || (rest.data != NULL && str_eq_nocase(coding, STR("chunked"))))
            return fail(p, 400, "transfer-encoding", "Transfer-Encoding is not valid.");
    }
    return fail(p, 501, "transfer-encoding", "Only the transfer coding 'chunked' is supported.");
}

static bool
parse_connection(struct http_parser *p, struct str value)
{
    struct str rest = value;

    while (rest.data != NULL) {
        struct str option = str_trim(str_cut(&rest, ','));

        if (str_eq_nocase(option, STR("close")))
            p->seen |= SEEN_CLOSE;
        else if (str_eq_nocase(option, STR("keep-alive")))
            p->seen |= SEEN_KEEP_ALIVE;
    }
    return true;
}

/* A field that may stand there once only: two would let two readers take different ones. */
static bool
note_once(struct http_parser *p, uint32_t bit, const char *message)
{
    if ((p->seen & bit) != 0)
        return fail(p, 400, "repeated-field", message);
    p->seen |= bit;
    return true;
}

/* What the framing needs to know of a field that is complete. */
static bool
note_field(struct http_parser *p, const char *data, const struct http_field *field)
{
    struct str value = {data + field->value, field->value_len};

    switch (field->id) {
    case HTTP_H_HOST:
        if (!note_once(p, SEEN_HOST, "There is more than one Host."))
            return false;
        if (!http_host_is_valid(value))
            return fail(p, 400, "host", "Host is not valid.");
        return true;
    case HTTP_H_CONTENT_TYPE:
        return note_once(p, SEEN_CONTENT_TYPE, "There is more than one Content-Type.");
    case HTTP_H_AUTHORIZATION:
        return note_once(p, SEEN_AUTHORIZATION, "There is more than one Authorization.");
    case HTTP_N_CONTENT_LENGTH:
        return parse_length(p, value);
    case HTTP_N_TRANSFER_ENCODING:
        return parse_transfer_encoding(p, value);
    case HTTP_N_CONNECTION:
        return parse_connection(p, value);
    case HTTP_N_EXPECT:
        if (!str_eq_nocase(value, STR("100-continue")))
            return fail(p, 417, "expect", "Only the expectation '100-continue' is known.");
        p->expect_continue = true;
        return true;
    default:
        return true;
    }
}

/* Checks that need the whole head. */
static bool
finish_head(struct http_parser *p, const char *data)
{
    struct str method = {data + p->begin, p->method_len};

    if (p->minor >= 1 && (p->seen & SEEN_HOST) == 0)
        return fail(p, 400, "host", "Host is missing.");
    if ((p->seen & SEEN_TRANSFER_ENCODING) != 0) {
        if (p->has_content_length)
            return fail(p, 400, "length-conflict",
                        "Content-Length and Transfer-Encoding exclude each other.");
        if (p->minor == 0)
            return fail(p, 400, "transfer-encoding", "HTTP/1.0 has no Transfer-Encoding.");
    }
    if (str_eq(method, STR("TRACE")))
        return fail(p, 405, "method", "TRACE is not allowed.");
    if (p->minor == 0)
        p->expect_continue = false;
    p->keep_alive = (p->seen & SEEN_CLOSE) == 0 && (p->minor >= 1 || (p->seen & SEEN_KEEP_ALIVE));
    if (p->has_content_length && p->content_length > p->limits->body_max)
        return fail(p, 413, "body-too-large", "The body is larger than this server takes.");
    p->state = S_DONE;
    return true;
}

static struct http_field *
add_field(struct http_parser *p)
{
    if (UNLIKELY(p->field_count == p->field_cap)) {
        uint32_t cap = 2 * p->field_cap;
        struct http_field *fields = arena_alloc(p->arena, cap * sizeof(*fields));

        memcpy(fields, p->fields, p->field_count * sizeof(*fields));
        p->fields = fields;
        p->field_cap = cap;
    }
    return &p->fields[p->field_count];
}

/*
 * The steps of a line. Each reads from p->pos up to end at most, and returns false when it stopped
 * for want of bytes (the state says where to go on) or on an error. end never lies past a limit, so
 * that what lies beyond one can't change the answer.
 */
static bool
step_method(struct http_parser *p, const char *data, size_t end)
{
    size_t at = p->pos;

    while (at < end && char_is(data[at], CHAR_TOKEN))
        at++;
    p->pos = (uint32_t)at;
    if (at == end)
        return false;
    if (data[at] != ' ' || at == p->begin)
        return fail(p, 400, "method", "The method is not valid.");
    if (at - p->begin > METHOD_MAX)
        return fail(p, 501, "method", "The method is longer than any known one.");
    p->method_len = (uint32_t)at - p->begin;
    p->pos++;
    p->target = p->pos;
    p->state = S_TARGET;
    return true;
}

static bool
step_target(struct http_parser *p, const char *data, size_t end)
{
    size_t at = (size_t)(scan_visible(data + p->pos, data + end) - data);

    p->pos = (uint32_t)at;
    if (at == end)
        return false;
    if (data[at] != ' ')
        return fail(p, 400, "request-line", "The request line is not valid.");
    p->target_len = (uint32_t)at - p->target;
    if (p->target_len == 0)
        return fail(p, 400, "request-line", "The request line is not valid.");
    p->pos++;
    p->version = p->pos;
    p->state = S_VERSION;
    return true;
}

static bool
step_version(struct http_parser *p, const char *data, size_t end)
{
    size_t at = p->pos;

    while (at < end && at - p->version < VERSION_LEN && data[at] != '\r' && data[at] != '\n')
        at++;
    p->pos = (uint32_t)at;
    if (at == end)
        return false;
    if (data[at] != '\r')
        return fail(p, 400, "version", "The HTTP version is not valid.");
    if (!parse_version(p, data, at - p->version) || !parse_target(p, data))
        return false;
    p->pos++;
    p->state = S_LINE_LF;
    return true;
}

/* At the begin of a line after the request line: a field or the end. */
static bool
step_field(struct http_parser *p, const char *data)
{
    char c = data[p->pos];

    if (c == '\r') {
        p->pos++;
        p->state = S_END_LF;
        return true;
    }
    if (c == ' ' || c == '\t')
        return fail(p, 400, "folding", "A header field may not go on in the next line.");
    if (p->field_count >= p->limits->fields_max)
        return fail(p, 431, "too-many-fields", "There are too many header fields.");
    add_field(p)->name = p->pos;
    p->state = S_NAME;
    return true;
}

static bool
step_name(struct http_parser *p, char *data, size_t end)
{
    struct http_field *field = &p->fields[p->field_count];
    size_t at = p->pos;
    char lower;

    while (at < end && (lower = http_char_lower[(unsigned char)data[at]]) != 0)
        data[at++] = lower;
    p->pos = (uint32_t)at;
    if (at - field->name > UINT16_MAX)
        return fail(p, 431, "field-name", "A header field's name is too long.");
    if (at == end)
        return false;
    if (data[at] != ':' || at == field->name)
        return fail(p, 400, "field-name", "A header field's name is not valid.");
    field->name_len = (uint16_t)(at - field->name);
    field->id = http_name_find(data + field->name, field->name_len);
    p->pos++;
    p->state = S_BLANKS;
    return true;
}

static bool
step_value(struct http_parser *p, const char *data, size_t end)
{
    struct http_field *field = &p->fields[p->field_count];
    size_t at = (size_t)(scan_value(data + p->pos, data + end) - data);

    p->pos = (uint32_t)at;
    if (at == end)
        return false;
    if (data[at] != '\r')
        return fail(p, 400, "field-value", "A header field's value is not valid.");
    p->pos++;
    while (at > field->value && (data[at - 1] == ' ' || data[at - 1] == '\t'))
        at--;
    field->value_len = (uint32_t)at - field->value;
    p->state = S_VALUE_LF;
    return true;
}

static bool
step_lf(struct http_parser *p, const char *data, enum state next)
{
    if (data[p->pos] != '\n')
        return fail(p, 400, "line-end", "A line doesn't end with CR LF.");
    p->pos++;
    p->state = next;
    return true;
}

/* One step; end > pos. */
static bool
step(struct http_parser *p, char *data, size_t end)
{
    switch ((enum state)p->state) {
    case S_BEGIN:
        p->state = data[0] == '\r' ? S_EMPTY_LF : S_METHOD;
        p->pos = p->begin = data[0] == '\r' ? 1 : 0;
        return true;
    case S_EMPTY_LF:
        p->begin = 2;
        return step_lf(p, data, S_METHOD);
    case S_METHOD:
        return step_method(p, data, end);
    case S_TARGET:
        return step_target(p, data, end);
    case S_VERSION:
        return step_version(p, data, end);
    case S_LINE_LF:
        return step_lf(p, data, S_FIELD);
    case S_FIELD:
        return step_field(p, data);
    case S_NAME:
        return step_name(p, data, end);
    case S_BLANKS:
        while (p->pos < end && (data[p->pos] == ' ' || data[p->pos] == '\t'))
            p->pos++;
        if (p->pos == end)
            return false;
        p->fields[p->field_count].value = p->pos;
        p->state = S_VALUE;
        return true;
    case S_VALUE:
        return step_value(p, data, end);
    case S_VALUE_LF:
        return step_lf(p, data, S_FIELD) && note_field(p, data, &p->fields[p->field_count++]);
    case S_END_LF:
        return step_lf(p, data, S_END_LF) && finish_head(p, data);
    case S_DONE:
    case S_ERROR:
        return false;
    }
    return false;
}

/* Where the bytes that the present state may look at end: a limit, or what is there. */
static size_t
bound(const struct http_parser *p, size_t len, size_t *limit)
{
    size_t head = p->begin + p->limits->head_max;
    size_t line = p->begin + p->limits->line_max + 1; /* one for the CR */

    *limit = p->state < S_LINE_LF && line < head ? line : head;
    return len < *limit ? len : *limit;
}

enum http_parse_state
http_parser_execute(struct http_parser *p, char *data, size_t len)
{
    while (p->state < S_DONE) {
        size_t limit;
        size_t end = bound(p, len, &limit);

        if (p->pos < end) {
            step(p, data, end);
            continue;
        }
        if (p->pos < limit)
            return HTTP_PARSE_MORE;
        if (p->state <= S_METHOD)
            fail(p, 400, "method", "The method is not valid.");
        else if (p->state <= S_LINE_LF)
            fail(p, 414, "line-too-long", "The request line is longer than this server takes.");
        else
            fail(p, 431, "head-too-large", "The request head is larger than this server takes.");
    }
    return p->state == S_DONE ? HTTP_PARSE_DONE : HTTP_PARSE_ERROR;
}
