/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/http/tls_client.h"
#include "unit/http/still_time.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#define PATIENCE_MS 10000
#define FIELDS_MAX 200

void
write_certificate(const char *cert_file, const char *key_file, mode_t mode)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    FILE *file;

    assert_non_null(key);
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                               (const unsigned char *)"localhost", -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(cert));
    X509_set_pubkey(cert, key);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);

    file = fopen(cert_file, "we");
    assert_non_null(file);
    assert_int_equal(PEM_write_X509(file, cert), 1);
    fclose(file);
    file = fopen(key_file, "we");
    assert_non_null(file);
    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(file);
    assert_int_equal(chmod(key_file, mode), 0);
    X509_free(cert);
    EVP_PKEY_free(key);
}

/* HTTP/2 from the client's side. */

static struct stream *
stream_of(struct tls_client *client, int32_t id)
{
    assert_true(id / 2 < STREAMS_MAX);
    return &client->streams[id / 2];
}

static int
on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
          size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags, void *user_data)
{
    struct stream *stream = stream_of(user_data, frame->hd.stream_id);

    stream->headers++;
    if (name_len == 7 && memcmp(name, ":status", 7) == 0)
        stream->status = (int)strtol((const char *)value, NULL, 10);
    return 0;
}

static int
on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data, size_t len,
        void *user_data)
{
    buf_add(&stream_of(user_data, id)->body, data, len);
    return 0;
}

static int
on_close(nghttp2_session *session, int32_t id, uint32_t error, void *user_data)
{
    stream_of(user_data, id)->closed = true;
    stream_of(user_data, id)->error = error;
    return 0;
}

static int
on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
    struct tls_client *client = user_data;

    if (frame->hd.type == NGHTTP2_GOAWAY) {
        client->goaways++;
        client->goaway_last = frame->goaway.last_stream_id;
        client->goaway_error = frame->goaway.error_code;
    }
    return 0;
}

static void
start_h2(struct tls_client *client)
{
    nghttp2_session_callbacks *callbacks;

    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_client_new(&client->session, callbacks, client);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(client->session, NGHTTP2_FLAG_NONE, NULL, 0);
}

static bool
handshake(struct tls_client *client)
{
    for (int i = 0; i < 1000; i++) {
        int rc = SSL_do_handshake(client->ssl);

        if (rc == 1)
            return true;
        rc = SSL_get_error(client->ssl, rc);
        if (rc != SSL_ERROR_WANT_READ && rc != SSL_ERROR_WANT_WRITE)
            return false;
        fixture_turn(client->fixture);
    }
    return false;
}

bool
tls_client_open(struct tls_client *client, struct fixture *fixture, struct http_tls *tls,
                const char *alpn, int max_version)
{
    const unsigned char *agreed = NULL;
    unsigned int len = 0;
    int pair[2];

    memset(client, 0, sizeof(*client));
    client->fixture = fixture;
    buf_init(&client->got, 64 << 20);
    for (size_t i = 0; i < STREAMS_MAX; i++)
        buf_init(&client->streams[i].body, 64 << 20);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    assert_non_null(http_server_adopt(fixture->server, pair[1], "192.0.2.7", tls));
    client->fd = pair[0];
    client->ctx = SSL_CTX_new(TLS_client_method());
    if (max_version != 0) {
        SSL_CTX_set_security_level(client->ctx, 0);
        SSL_CTX_set_min_proto_version(client->ctx, TLS1_VERSION);
        SSL_CTX_set_max_proto_version(client->ctx, max_version);
    }
    if (alpn != NULL)
        SSL_CTX_set_alpn_protos(client->ctx, (const unsigned char *)alpn, (unsigned)strlen(alpn));
    client->ssl = SSL_new(client->ctx);
    SSL_set_fd(client->ssl, client->fd);
    SSL_set_connect_state(client->ssl);
    if (!handshake(client))
        return false;
    SSL_get0_alpn_selected(client->ssl, &agreed, &len);
    if (len == 2 && memcmp(agreed, "h2", 2) == 0)
        start_h2(client);
    return true;
}

void
tls_client_close(struct tls_client *client)
{
    nghttp2_session_del(client->session);
    SSL_free(client->ssl);
    SSL_CTX_free(client->ctx);
    if (client->fd >= 0)
        close(client->fd);
    client->fd = -1;
    client->session = NULL;
    client->ssl = NULL;
    client->ctx = NULL;
    buf_fini(&client->got);
    for (size_t i = 0; i < STREAMS_MAX; i++)
        buf_fini(&client->streams[i].body);
    fixture_turn(client->fixture);
}

void
tls_client_write(struct tls_client *client, const void *data, size_t len)
{
    for (size_t at = 0; at < len && !client->at_end;) {
        int n = SSL_write(client->ssl, (const char *)data + at, (int)(len - at));

        if (n > 0)
            at += (size_t)n;
        else if (SSL_get_error(client->ssl, n) != SSL_ERROR_WANT_WRITE)
            client->at_end = true;
        fixture_turn(client->fixture);
    }
}

void
tls_client_pump(struct tls_client *client)
{
    uint8_t bytes[16384];
    const uint8_t *out;
    ssize_t n;

    while (client->session != NULL && (n = nghttp2_session_mem_send(client->session, &out)) > 0)
        tls_client_write(client, out, (size_t)n);
    fixture_turn(client->fixture);
    while (!client->paused && (n = SSL_read(client->ssl, bytes, sizeof(bytes))) > 0) {
        if (client->session == NULL)
            buf_add(&client->got, bytes, (size_t)n);
        else if (nghttp2_session_mem_recv(client->session, bytes, (size_t)n) < 0)
            client->at_end = true;
        fixture_turn(client->fixture);
    }
    if (!client->paused && SSL_get_error(client->ssl, 0) != SSL_ERROR_WANT_READ)
        client->at_end = client->at_end || SSL_get_shutdown(client->ssl) != 0;
    while (client->session != NULL && (n = nghttp2_session_mem_send(client->session, &out)) > 0)
        tls_client_write(client, out, (size_t)n);
    fixture_turn(client->fixture);
}

void
tls_client_wait(struct tls_client *client, const bool *done)
{
    uint64_t begin = uv_hrtime();

    while (!(done != NULL ? *done : client->at_end)) {
        tls_client_pump(client);
        still_time_pass(1);
        if (uv_hrtime() - begin > PATIENCE_MS * 1000000ull)
            fail_msg("waited in vain");
    }
}

/* Cuts "name: value\n" lines into fields. */
static size_t
parse_fields(const char *text, nghttp2_nv *fields)
{
    struct str rest = str_from(text);
    size_t count = 0;

    while (rest.data != NULL && rest.len > 0) {
        struct str line = str_cut(&rest, '\n');
        size_t colon = str_find_char(line, ':', 1);

        assert_true(count < FIELDS_MAX && colon < line.len);
        fields[count++] = (nghttp2_nv){(uint8_t *)(uintptr_t)line.data,
                                       (uint8_t *)(uintptr_t)line.data + colon + 2, colon,
                                       line.len - colon - 2, NGHTTP2_NV_FLAG_NONE};
    }
    return count;
}

struct source {
    struct str left;
    bool endless;
};

static ssize_t
read_body(nghttp2_session *session, int32_t id, uint8_t *out, size_t len, uint32_t *flags,
          nghttp2_data_source *data, void *user_data)
{
    struct source *source = data->ptr;
    size_t part = len < source->left.len ? len : source->left.len;

    if (part == 0 && source->endless)
        return NGHTTP2_ERR_DEFERRED;
    memcpy(out, source->left.data, part);
    source->left = str_slice(source->left, part, source->left.len);
    if (source->left.len == 0 && !source->endless)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)part;
}

static struct stream *
submit(struct tls_client *client, const char *text, struct str body, bool endless)
{
    static struct source sources[64];
    static size_t next;
    struct source *source = &sources[next++ % COUNTOF(sources)];
    nghttp2_data_provider provider = {.source.ptr = source, .read_callback = read_body};
    nghttp2_nv fields[FIELDS_MAX];
    size_t count = parse_fields(text, fields);
    int32_t id;

    *source = (struct source){body, endless};
    id = nghttp2_submit_request(client->session, NULL, fields, count,
                                body.data != NULL || endless ? &provider : NULL, NULL);
    assert_true(id > 0);
    return stream_of(client, id);
}

struct stream *
h2_request(struct tls_client *client, const char *fields, struct str body)
{
    return submit(client, fields, body, false);
}

struct stream *
h2_open(struct tls_client *client, const char *fields, struct str body)
{
    return submit(client, fields, body, true);
}

struct stream *
h2_get(struct tls_client *client, const char *path)
{
    char fields[512];

    snprintf(fields, sizeof(fields), ":method: GET\n:scheme: https\n:authority: h\n:path: %s\n",
             path);
    return submit(client, fields, STR_NULL, false);
}

int32_t
h2_id(const struct tls_client *client, const struct stream *stream)
{
    return (int32_t)(stream - client->streams) * 2 + 1;
}
