/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What follows from the options together: the database's parts, and rules that span several.
 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/load.h"
#include "core/base64.h"

static const char *
origin_of(struct config_loader *loader, enum config_option option)
{
    return loader->config->origin[option];
}

static void
check_sqlite(struct config_loader *loader, const char *path, const char *where)
{
    struct config *config = loader->config;

    if (path[0] == '\0' || strcmp(path, ":memory:") == 0) {
        config_error_add(loader, where, "sqlite:data/NAME.db",
                         "database.url: the embedded database needs a file");
        return;
    }
    if (strncmp(path, "//", 2) == 0) {
        config_error_add(loader, where, "sqlite:PATH: sqlite:data/shop.db, sqlite:/srv/shop.db",
                         "database.url: a path doesn't begin with two slashes");
        return;
    }
    config->database_engine = CONFIG_ENGINE_SQLITE;
    if (!config->database_managed)
        config_error_add(loader, origin_of(loader, CONFIG_DATABASE_MANAGED),
                         "remove it, or set database.url to a PostgreSQL database",
                         "database.managed: the embedded database is made by its migrations");
    config->database_path = config_resolve_path(loader, path);
    for (size_t i = 0; i < config->database_schemas.count; i++) {
        if (strcmp(config->database_schemas.items[i], "public") != 0)
            config_error_add(loader, origin_of(loader, CONFIG_DATABASE_SCHEMAS),
                             "leave public only, or set database.url to a PostgreSQL database",
                             "database.schemas: the embedded database has no schema '%s'",
                             config->database_schemas.items[i]);
    }
}

/* Enough to tell a slip before anything connects; the client library reads the URL itself. */
static void
check_postgres(struct config_loader *loader, const char *rest, const char *where)
{
    size_t authority = strcspn(rest, "/?#");
    const char *hint = "postgres://USER:PASSWORD@HOST:PORT/NAME";

    if (rest[0] == '\0' || (authority == 0 && rest[0] == '/' && rest[1] == '\0')) {
        config_error_add(loader, where, hint, "database.url: neither a host nor a name is given");
        return;
    }
    if (rest[authority] != '\0' && strchr(rest + authority, '@') != NULL &&
        memchr(rest, '@', authority) == NULL && strchr(rest + authority, '?') == NULL) {
        config_error_add(loader, where, "write / as %2F, @ as %40, : as %3A in user and password",
                         "database.url: the password has a character that must be escaped");
        return;
    }
    for (const char *p = rest; *p != '\0'; p++) {
        if ((unsigned char)*p <= ' ' || *p == 0x7f) {
            config_error_add(loader, where, hint, "database.url: blanks don't belong into a URL");
            return;
        }
    }
    loader->config->database_engine = CONFIG_ENGINE_POSTGRES;
}

static void
check_database(struct config_loader *loader)
{
    const char *url = loader->config->database_url;
    const char *where = origin_of(loader, CONFIG_DATABASE_URL);
    size_t scheme = strcspn(url, ":");

    loader->config->database_shown = config_url_mask(loader->arena, url);
    if (strncmp(url, "sqlite:", 7) == 0)
        check_sqlite(loader, url + 7, where);
    else if (strncmp(url, "postgres://", 11) == 0)
        check_postgres(loader, url + 11, where);
    else if (strncmp(url, "postgresql://", 13) == 0)
        check_postgres(loader, url + 13, where);
    else
        config_error_add(loader, where, "sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/NAME",
                         "database.url: there is no engine for '%.*s'",
                         url[scheme] == ':' && scheme < 20 ? (int)scheme : 0, url);
}

static void
check_tls_file(struct config_loader *loader, enum config_option option, const char *path,
               bool is_key)
{
    const char *key = config_options[option].key;
    const char *where = origin_of(loader, option);
    struct stat st;

    if (stat(path, &st) != 0 || access(path, R_OK) != 0)
        config_error_add(loader, where,
                         "a PEM file; cairn init makes .cairn/tls/cert.pem and key.pem",
                         "%s: unable to read '%s': %s", key, path, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        config_error_add(loader, where, "a PEM file", "%s: '%s' is not a file", key, path);
    else if (is_key && (st.st_mode & (S_IRWXO | S_IWGRP)) != 0)
        config_error_add(loader, where, arena_printf(loader->arena, "chmod 600 %s", path).data,
                         "%s: others may read or change '%s' (mode %04o)", key, path,
                         (unsigned)(st.st_mode & 07777));
}

static void
check_tls(struct config_loader *loader)
{
    const struct config *config = loader->config;

    if (config->tls_cert != NULL)
        check_tls_file(loader, CONFIG_TLS_CERT, config->tls_cert, false);
    if (config->tls_key != NULL)
        check_tls_file(loader, CONFIG_TLS_KEY, config->tls_key, true);
    if (config->tls_cert != NULL && config->tls_key == NULL)
        config_error_add(loader, origin_of(loader, CONFIG_TLS_CERT), "set tls.key to its key file",
                         "tls.cert: a certificate without its key");
    if (config->tls_cert == NULL && config->tls_key != NULL)
        config_error_add(loader, origin_of(loader, CONFIG_TLS_KEY),
                         "set tls.cert to the certificate file",
                         "tls.key: a key without its certificate");
    if (config->tls_cert == NULL && !config->listen.is_loopback)
        config_error_add(loader, origin_of(loader, CONFIG_LISTEN),
                         "set tls.cert and tls.key (cairn init made a certificate for localhost in "
                         ".cairn/tls/; for others, use one from your certificate authority), or "
                         "listen on 127.0.0.1 behind a proxy that speaks TLS",
                         "listen: %s is not a loopback address, and there is no TLS",
                         config->listen.text);
}

static void
check_limits(struct config_loader *loader)
{
    struct config *config = loader->config;

    if (config->http_line_max > config->http_head_max &&
        strncmp(origin_of(loader, CONFIG_HTTP_LINE_MAX), "default", 7) == 0) {
        config->http_line_max = config->http_head_max;
        config->origin[CONFIG_HTTP_LINE_MAX] = "default, cut to http.head_max";
    }
    if (config->http_line_max > config->http_head_max)
        config_error_add(loader, origin_of(loader, CONFIG_HTTP_LINE_MAX),
                         "the request line is part of the head: raise http.head_max too",
                         "http.line_max: larger than http.head_max");
    if (config->cors_origins.count > 1) {
        for (size_t i = 0; i < config->cors_origins.count; i++) {
            if (strcmp(config->cors_origins.items[i], "*") == 0)
                config_error_add(loader, origin_of(loader, CONFIG_CORS_ORIGINS),
                                 "either [\"*\"] or a list of origins",
                                 "cors.origins: * stands beside others");
        }
    }
    for (size_t i = 0; i < config->cors_origins.count; i++) {
        struct str origin = str_from(config->cors_origins.items[i]);
        bool http = str_has_prefix(origin, STR("http://"));
        bool https = str_has_prefix(origin, STR("https://"));
        size_t start = https ? 8 : 7;

        if (str_eq(origin, STR("*")))
            continue;
        if (!(http || https) || origin.len == start ||
            str_find_char(origin, '/', start) < origin.len)
            config_error_add(loader, origin_of(loader, CONFIG_CORS_ORIGINS),
                             "scheme and host, without a path: https://shop.example",
                             "cors.origins: '%.*s' is not an origin", STR_ARG(origin));
    }
}

/* What asks for a function of the database. */
static void
check_transaction(struct config_loader *loader)
{
    const struct config *config = loader->config;

    if (config->transaction_pre_request != NULL &&
        config->database_engine == CONFIG_ENGINE_SQLITE && config->database_path != NULL)
        config_error_add(loader, origin_of(loader, CONFIG_TRANSACTION_PRE_REQUEST),
                         "remove it, or set database.url to a PostgreSQL database",
                         "transaction.pre_request: the embedded database has no function to call");
}

static void
check_openapi(struct config_loader *loader)
{
    struct str url = str_from(loader->config->openapi_url);
    size_t start = str_has_prefix(url, STR("https://")) ? 8 : 7;
    bool ok = str_has_prefix(url, STR("http://")) || str_has_prefix(url, STR("https://"));

    if (url.data == NULL)
        return;
    for (size_t i = 0; i < url.len; i++)
        ok = ok && (unsigned char)url.data[i] > ' ' &&
             strchr("\"<>\\^`{|}?#\x7f", url.data[i]) == NULL;
    if (!ok || str_find_char(url, '/', start) <= start)
        config_error_add(loader, origin_of(loader, CONFIG_OPENAPI_URL),
                         "scheme, host and path: https://api.example.com/rest/v1",
                         "openapi.url: '%.*s' is not such a URL", STR_ARG(url));
}

/* Plain http is for this machine: whoever is on the way could put in keys of his own. */
static bool
is_loopback_url(const char *url)
{
    static const char *const hosts[] = {"http://127.0.0.1", "http://localhost", "http://[::1]"};

    for (size_t i = 0; i < COUNTOF(hosts); i++) {
        size_t len = strlen(hosts[i]);

        if (strncmp(url, hosts[i], len) == 0 && strchr(":/", url[len]) != NULL)
            return true;
    }
    return false;
}

static void
check_jwks_url(struct config_loader *loader, const char *url)
{
    const char *where = origin_of(loader, CONFIG_AUTH_JWKS);
    const char *hint = "https://HOST/PATH, as your identity server publishes its keys";
    size_t authority = strcspn(url, ":") + 3;

    if (strncmp(url, "https://", 8) != 0 && !is_loopback_url(url))
        config_error_add(loader, where, hint,
                         "auth.jwks: keys come by https, or by http from this machine");
    else if (memchr(url + authority, '@', strcspn(url + authority, "/?#")) != NULL)
        config_error_add(loader, where, hint, "auth.jwks: no user and password stand in the URL");
    else if (url[authority] == '\0' || url[authority] == '/')
        config_error_add(loader, where, hint, "auth.jwks: the URL has no host");
    for (const char *p = url; *p != '\0'; p++) {
        if ((unsigned char)*p <= ' ' || *p == 0x7f) {
            config_error_add(loader, where, hint, "auth.jwks: blanks don't belong into a URL");
            return;
        }
    }
}

static void
check_jwks(struct config_loader *loader)
{
    struct config *config = loader->config;
    const char *text = config->auth_jwks;

    if (text == NULL)
        return;
    if (text[0] == '{') {
        config->auth_jwks_is = CONFIG_JWKS_TEXT;
    } else if (strstr(text, "://") != NULL) {
        config->auth_jwks_is = CONFIG_JWKS_URL;
        check_jwks_url(loader, text);
    } else {
        config->auth_jwks_is = CONFIG_JWKS_FILE;
        config->auth_jwks = config_resolve_path(loader, text);
    }
}

static void
check_auth(struct config_loader *loader)
{
    struct config *config = loader->config;
    struct str secret = str_from(config->auth_jwt_secret);
    struct buf bytes;

    check_jwks(loader);
    if (config->auth_anon_role != NULL && config->database_engine == CONFIG_ENGINE_POSTGRES &&
        strncmp(origin_of(loader, CONFIG_AUTH_ANONYMOUS), "default", 7) == 0) {
        config->auth_anonymous = CONFIG_AUTH_ANONYMOUS_OPEN;
        config->origin[CONFIG_AUTH_ANONYMOUS] = "default with auth.anon_role";
    }
    if (secret.data == NULL || !config->auth_jwt_secret_is_base64)
        return;
    buf_init(&bytes, secret.len);
    if (!base64_decode(secret, &bytes) || bytes.len < 32)
        config_error_add(loader, origin_of(loader, CONFIG_AUTH_JWT_SECRET),
                         "make one: openssl rand -base64 48",
                         "auth.jwt_secret: not base64 of at least 32 bytes");
    if (bytes.data != NULL)
        explicit_bzero(bytes.data, bytes.cap);
    buf_fini(&bytes);
}

void
config_derive(struct config_loader *loader)
{
    struct config *config = loader->config;

    config->dir = loader->sources->dir != NULL ? loader->sources->dir : ".";
    config->migrations_dir = config_resolve_path(loader, "migrations");
    check_database(loader);
    check_tls(loader);
    check_limits(loader);
    check_auth(loader);
    check_openapi(loader);
    check_transaction(loader);
}
