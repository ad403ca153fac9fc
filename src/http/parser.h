/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP/1.1 request parser: the head (RFC 9112 sections 2 to 5) and the chunked coding
 * (section 7). It does no input or output.
 *
 * The head parser works on a head that stands in one piece in memory and grows at its end: each
 * call gets the head from its first byte and goes on where the last call stopped, so that no byte
 * is looked at again, whatever the split. Field names are made lower case in place. What is found
 * is kept as offsets; the bytes may move between calls.
 *
 * It accepts what the grammar allows and nothing else: line ends are CR LF, one optional CR LF
 * comes before the request line, there is no folding, no blank before a colon, no control
 * character. In the query all visible characters but '#' are taken, for clients send "->>" and
 * quotes there as they are; everything else of the target follows RFC 3986.
 */
#ifndef CAIRN_HTTP_PARSER_H
#define CAIRN_HTTP_PARSER_H

#include "http/http.h"
#include "http/names.h"

struct http_field {
    uint32_t name;
    uint32_t value;
    uint32_t value_len;
    uint16_t name_len;
    uint8_t id; /* HTTP_H_* or HTTP_N_* */
};

#define HTTP_FIELDS_INLINE 24

struct http_parser {
    uint8_t state;
    uint8_t minor; /* of the version: 0 or 1 */
    bool chunked;
    bool has_content_length;
    bool keep_alive;
    bool expect_continue;
    bool is_absolute; /* absolute-form: host_off, host_len are its authority */
    bool has_query;
    uint32_t pos;   /* bytes seen; after HTTP_PARSE_DONE, the length of the head */
    uint32_t begin; /* where the request line begins: 0, or 2 after an empty line */
    uint32_t method_len;
    uint32_t target, target_len;
    uint32_t version;
    uint32_t path, path_len;
    uint32_t query, query_len;
    uint32_t host, host_len;
    uint32_t mark; /* where the token being read begins */
    uint32_t field_count;
    uint32_t field_cap;
    uint32_t seen; /* bits of framing headers met so far */
    uint64_t content_length;
    /* After HTTP_PARSE_ERROR: the status to answer, a stable word for metrics, and a sentence. */
    int status;
    const char *reason;
    const char *message;
    const struct http_limits *limits;
    struct arena *arena; /* holds the fields past the inline ones */
    struct http_field *fields;
    struct http_field inline_fields[HTTP_FIELDS_INLINE];
};

/* limits and arena outlive the parser. */
void http_parser_init(struct http_parser *parser, const struct http_limits *limits,
                      struct arena *arena);
/* data is the head from its first byte, len all of it that is there (at most 4 GiB). */
enum http_parse_state http_parser_execute(struct http_parser *parser, char *data, size_t len);

/*
 * The chunked coding. Decoded bytes are appended to body; a body past body_max, a trailer section
 * past trailers_max, or anything outside the grammar is an error. Trailer fields are checked and
 * dropped; one that would change what the request is, is an error too.
 */
struct http_chunked {
    uint8_t state;
    uint8_t digits;
    uint16_t ext_len;   /* of this chunk */
    uint32_t ext_total; /* of all chunks */
    uint32_t trailer_len;
    uint32_t trailer_fields;
    uint32_t name_len;
    char name[24]; /* of the trailer field being read, as far as it matters */
    uint64_t left; /* of this chunk */
    int status;
    const char *reason;
    const char *message;
    const struct http_limits *limits;
};

void http_chunked_init(struct http_chunked *chunked, const struct http_limits *limits);
/* *used is how many bytes of data belong to the body; all of them with HTTP_PARSE_MORE. */
enum http_parse_state http_chunked_execute(struct http_chunked *chunked, const char *data,
                                           size_t len, size_t *used, struct buf *body);

/* The value of a Host field or the authority of a target: uri-host [":" port], host not empty. */
bool http_host_is_valid(struct str host);
/* Path (and query) of an origin-form target; *path_len is where the '?' stands. */
bool http_path_is_valid(struct str target, size_t *path_len);
/* No control character but a tab, and no blank around. */
bool http_value_is_valid(struct str s);

#endif
