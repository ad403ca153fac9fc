/* SPDX-License-Identifier: Apache-2.0 */
#include "http/compress.h"

#include <zlib.h>
#include <zstd.h>

#include "http/names.h"

#define GZIP_MAX ((size_t)1 << 20) /* about 10 ms */
#define ZSTD_MAX ((size_t)8 << 20) /* about 15 ms */
#define GZIP_LEVEL 1
#define ZSTD_LEVEL 1
#define GZIP_WINDOW (15 + 16) /* the 16 asks for the gzip form */
#define SCRATCH_KEPT ((size_t)256 << 10)

struct http_compressor {
    z_stream gzip;
    bool has_gzip;
    ZSTD_CCtx *zstd;
    char *scratch;
    size_t scratch_size;
};

struct http_compressor *
http_compressor_new(void)
{
    return xcalloc(1, sizeof(struct http_compressor));
}

void
http_compressor_free(struct http_compressor *compressor)
{
    if (compressor == NULL)
        return;
    if (compressor->has_gzip)
        deflateEnd(&compressor->gzip);
    ZSTD_freeCCtx(compressor->zstd);
    free(compressor->scratch);
    free(compressor);
}

/* A weight in thousandths, RFC 9110 12.4.2: "0", "0.5", "1.000"; -1 when it is none. */
static int
parse_weight(struct str text)
{
    int weight = 0;
    int unit = 100;

    if (text.len == 0 || text.len > 5 || (text.data[0] != '0' && text.data[0] != '1'))
        return -1;
    weight = (text.data[0] - '0') * 1000;
    if (text.len > 1 && text.data[1] != '.')
        return -1;
    for (size_t i = 2; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return -1;
        weight += (text.data[i] - '0') * unit;
        unit /= 10;
    }
    return weight <= 1000 ? weight : -1;
}

/* The weight of one element, with its name cut out into *name; 0 when it isn't well formed. */
static int
parse_element(struct str element, struct str *name)
{
    struct str rest = element;
    int weight = 1000;

    *name = str_trim(str_cut(&rest, ';'));
    if (rest.data != NULL) {
        rest = str_trim(rest);
        if (rest.len < 2 || (rest.data[0] | 0x20) != 'q' || rest.data[1] != '=')
            return 0;
        weight = parse_weight(str_slice(rest, 2, rest.len));
    }
    return weight < 0 ? 0 : weight;
}

enum http_coding
http_coding_choose(struct str accept)
{
    int gzip = -1;
    int zstd = -1;
    int any = 0;
    int identity = -1;
    struct str rest = accept;

    while (rest.data != NULL) {
        struct str name;
        int weight = parse_element(str_cut(&rest, ','), &name);

        if (str_eq_nocase(name, STR("gzip")) || str_eq_nocase(name, STR("x-gzip")))
            gzip = weight;
        else if (str_eq_nocase(name, STR("zstd")))
            zstd = weight;
        else if (str_eq_nocase(name, STR("identity")))
            identity = weight;
        else if (str_eq(name, STR("*")))
            any = weight;
    }
    gzip = gzip < 0 ? any : gzip;
    zstd = zstd < 0 ? any : zstd;
    if (zstd > 0 && zstd >= gzip && zstd >= identity)
        return HTTP_ZSTD;
    return gzip > 0 && gzip >= identity ? HTTP_GZIP : HTTP_IDENTITY;
}

bool
http_type_is_compressible(struct str content_type)
{
    static const char *const types[] = {"application/json",         "application/javascript",
                                        "application/xml",          "application/yaml",
                                        "application/openapi+json", "image/svg+xml"};
    struct str rest = content_type;
    struct str type;

    if (str_has_prefix(content_type, STR("application/json;")))
        return true;
    type = str_trim(str_cut(&rest, ';'));
    if (str_has_prefix(type, STR("text/")) || str_has_suffix(type, STR("+json")) ||
        str_has_suffix(type, STR("+xml")))
        return true;
    for (size_t i = 0; i < COUNTOF(types); i++) {
        if (str_eq_nocase(type, str_from(types[i])))
            return true;
    }
    return false;
}

static struct http_header *
find_header(struct response *response, struct str name)
{
    for (uint32_t i = 0; i < response->header_count; i++) {
        if (str_eq_nocase(response->headers[i].name, name))
            return &response->headers[i];
    }
    return NULL;
}

/* Whether the answer is said to depend on the encoding, or on everything. */
static bool
says_encoding(struct str vary)
{
    struct str rest = vary;

    while (rest.data != NULL) {
        struct str member = str_trim(str_cut(&rest, ','));

        if (str_eq(member, STR("*")) || str_eq_nocase(member, STR("Accept-Encoding")))
            return true;
    }
    return false;
}

static void
add_vary(struct request *request)
{
    const struct str more = STR(", Accept-Encoding");
    struct http_header *vary = find_header(&request->response, STR("Vary"));
    char *both = NULL;

    if (vary == NULL) {
        response_add_header(request, STR("Vary"), STR("Accept-Encoding"));
        return;
    }
    if (says_encoding(vary->value))
        return;
    both = arena_alloc(request->arena, vary->value.len + more.len);
    memcpy(both, vary->value.data, vary->value.len);
    memcpy(both + vary->value.len, more.data, more.len);
    vary->value = str_make(both, vary->value.len + more.len);
}

/* The two forms are the same to a reader, but not byte by byte (RFC 9110 8.8.1). */
static void
weaken_etag(struct request *request)
{
    struct http_header *etag = find_header(&request->response, STR("ETag"));

    if (etag != NULL && !str_has_prefix(etag->value, STR("W/")))
        etag->value = arena_printf(request->arena, "W/%.*s", STR_ARG(etag->value));
}

static void
reserve_scratch(struct http_compressor *compressor, size_t size)
{
    if (compressor->scratch_size >= size)
        return;
    free(compressor->scratch);
    compressor->scratch = xmalloc(size);
    compressor->scratch_size = size;
}

/* Both: the compressed size, or 0 when it isn't smaller. */
static size_t
run_gzip(struct http_compressor *compressor, struct str body)
{
    z_stream *stream = &compressor->gzip;

    if (!compressor->has_gzip) {
        if (deflateInit2(stream, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) !=
            Z_OK)
            return 0;
        compressor->has_gzip = true;
    } else if (deflateReset(stream) != Z_OK) {
        return 0;
    }
    reserve_scratch(compressor, body.len);
    /* zlib only reads from it. */
    stream->next_in = (Bytef *)(uintptr_t)body.data;
    stream->avail_in = (uInt)body.len;
    stream->next_out = (Bytef *)compressor->scratch;
    stream->avail_out = (uInt)(body.len - 1);
    return deflate(stream, Z_FINISH) == Z_STREAM_END ? body.len - 1 - stream->avail_out : 0;
}

static size_t
run_zstd(struct http_compressor *compressor, struct str body)
{
    size_t n;

    if (compressor->zstd == NULL)
        compressor->zstd = ZSTD_createCCtx();
    if (compressor->zstd == NULL)
        return 0;
    reserve_scratch(compressor, body.len);
    n = ZSTD_compressCCtx(compressor->zstd, compressor->scratch, body.len - 1, body.data, body.len,
                          ZSTD_LEVEL);
    return ZSTD_isError(n) ? 0 : n;
}

static void
replace_body(struct http_compressor *compressor, struct request *request, size_t len)
{
    struct response *response = &request->response;

    response->static_body = STR_NULL;
    buf_clear(&response->body);
    buf_add(&response->body, compressor->scratch, len);
    if (compressor->scratch_size > SCRATCH_KEPT) {
        free(compressor->scratch);
        compressor->scratch = NULL;
        compressor->scratch_size = 0;
    }
}

void
http_compress(struct http_compressor *compressor, const struct http_limits *limits,
              struct request *request)
{
    struct response *response = &request->response;
    struct str body =
        response->static_body.len > 0 ? response->static_body : buf_str(&response->body);
    enum http_coding coding;
    size_t len = 0;

    /* One header is added at most when there is a Vary, else two. */
    if (LIKELY(body.len < limits->compress_min || limits->compress_min == 0 || body.len < 64) ||
        response->no_compress || response->header_count + 2 > COUNTOF(response->headers) ||
        !http_type_is_compressible(response->content_type) ||
        find_header(response, STR("Content-Encoding")) != NULL)
        return;
    add_vary(request);
    if (request->method == HTTP_HEAD)
        return;
    coding = http_coding_choose(request->known[HTTP_H_ACCEPT_ENCODING]);
    if (coding == HTTP_ZSTD && body.len <= ZSTD_MAX)
        len = run_zstd(compressor, body);
    else if (coding == HTTP_GZIP && body.len <= GZIP_MAX)
        len = run_gzip(compressor, body);
    if (len == 0)
        return;
    replace_body(compressor, request, len);
    response_add_header(request, STR("Content-Encoding"),
                        coding == HTTP_ZSTD ? STR("zstd") : STR("gzip"));
    weaken_etag(request);
}
