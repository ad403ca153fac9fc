/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the configuration says.
 */
#include "auth/secret.h"
#include "io/file.h"
#include "lifecycle/check.h"

#include <unistd.h>

static void
look_project(const struct check_input *input, struct evidence *out)
{
    check_pass(input, out, "cairn.yaml is sound; %s", input->config->database_shown);
}

static void
look_single_node(const struct check_input *input, struct evidence *out)
{
    if (input->config->database_engine == CONFIG_ENGINE_SQLITE)
        check_pass(input, out, "one instance on the embedded database");
    else
        check_pass(input, out, "one service on %s", input->config->database_shown);
}

static long
thread_count(const struct config *config)
{
    return config->server_threads > 0 ? (long)config->server_threads
                                      : sysconf(_SC_NPROCESSORS_ONLN);
}

static void
look_pool(const struct check_input *input, struct evidence *out)
{
    const struct config *config = input->config;

    if (config->database_engine == CONFIG_ENGINE_SQLITE)
        check_pass(input, out, "embedded: one connection writes, one for each thread reads");
    else
        check_pass(input, out, "%ld threads x %lld connections = %lld", thread_count(config),
                   (long long)config->database_pool,
                   (long long)(thread_count(config) * config->database_pool));
}

static void
look_workers(const struct check_input *input, struct evidence *out)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    long threads = thread_count(input->config);

    if (threads < processors)
        check_fail(input, out, "%ld threads on %ld processors", threads, processors);
    else
        check_pass(input, out, "%ld threads on %ld processors, %lld for slow reads", threads,
                   processors, (long long)input->config->server_pool_threads);
}

/* Passwords that are tried first. */
static const char *const known_passwords[] = {
    "password", "postgres", "postgresql", "admin",   "root",    "secret",  "changeme", "change-me",
    "123456",   "12345678", "qwerty",     "default", "example", "letmein", "test",     "pass",
};

static bool
is_known_password(struct str password)
{
    if (password.len < 8)
        return true;
    for (size_t i = 0; i < COUNTOF(known_passwords); i++) {
        if (str_eq_nocase(password, str_from(known_passwords[i])))
            return true;
    }

    return false;
}

/* Fewer than eight different bytes: aaaaaaaa..., 12341234... */
static bool
is_monotonous(struct str secret)
{
    bool seen[256] = {false};
    unsigned different = 0;

    for (size_t i = 0; i < secret.len; i++) {
        different += !seen[(unsigned char)secret.data[i]];
        seen[(unsigned char)secret.data[i]] = true;
    }

    return different < 8;
}

/* What stands between the first ':' after "//" and the last '@' before the path; empty when there
 * is none. */
static struct str
url_password(const char *url)
{
    struct str all = str_from(url);
    struct str authority;
    size_t colon, at;
    const char *start = url != NULL ? strstr(url, "://") : NULL;

    if (start == NULL)
        return STR_NULL;
    authority = str_slice(all, (size_t)(start - url) + 3, all.len);
    authority = str_slice(authority, 0, str_find_char(authority, '/', 0));
    for (at = authority.len; at > 0 && authority.data[at - 1] != '@'; at--)
        ;
    colon = str_find_char(authority, ':', 0);

    return at > 0 && colon < at ? str_slice(authority, colon + 1, at - 1) : STR_NULL;
}

static void
look_secrets(const struct check_input *input, struct evidence *out)
{
    const struct config *config = input->config;
    struct str password = url_password(config->database_url);
    struct vault secret = {0};
    struct err err = {0};
    int64_t made_s = 0;
    bool found = false;

    if (!secret_find(config, &secret, &made_s, &found, &err)) {
        check_fail(input, out, "%s", err.message);
    } else if (found && (secret.bytes.len < 32 || is_monotonous(secret.bytes))) {
        check_fail(input, out, "the secret of tokens can be guessed (%s)",
                   config->origin[CONFIG_AUTH_JWT_SECRET]);
    } else if (password.len > 0 && is_known_password(password)) {
        check_fail(input, out, "the password in database.url is one that is tried first (%s)",
                   config->origin[CONFIG_DATABASE_URL]);
    } else if (config->tls_key != NULL && !file_check_private(config->tls_key, &err)) {
        check_fail(input, out, "%s", err.message);
    } else {
        check_pass(input, out, "%s%s",
                   found ? "the secret of tokens is long and random" : "no secret in use",
                   password.len > 0 ? ", the database's password is none that is known" : "");
    }
    vault_wipe(&secret);
}

/* Read from a file that lies beside the code; .env is ignored by git, and lies there all the
 * same. */
static bool
is_from_file(const char *origin)
{
    return strncmp(origin, "cairn.yaml", 10) == 0 || strncmp(origin, ".env", 4) == 0;
}

static void
look_secrets_managed(const struct check_input *input, struct evidence *out)
{
    const struct config *config = input->config;

    if (config->auth_jwt_secret == NULL && config->auth_jwks == NULL)
        check_fail(input, out, "the secret of tokens is the file " SECRET_FILE " of this machine");
    else if (config->auth_jwt_secret != NULL &&
             is_from_file(config->origin[CONFIG_AUTH_JWT_SECRET]))
        check_fail(input, out, "auth.jwt_secret is from %s",
                   config->origin[CONFIG_AUTH_JWT_SECRET]);
    else if (url_password(config->database_url).len > 0 &&
             is_from_file(config->origin[CONFIG_DATABASE_URL]))
        check_fail(input, out, "the database's password is from %s",
                   config->origin[CONFIG_DATABASE_URL]);
    else
        check_pass(input, out, "secrets come from the environment");
}

/* Limits that protect, and how far each may go before it doesn't. */
static void
look_hardening(const struct check_input *input, struct evidence *out)
{
    const struct config *config = input->config;
    const struct {
        const char *option;
        bool is_weak;
    } limits[] = {
        {"http.head_max", config->http_head_max > 64 * 1024},
        {"http.fields_max", config->http_fields_max > 200},
        {"http.body_max", config->http_body_max > 64 * 1024 * 1024},
        {"http.header_timeout", config->http_header_timeout > 30000},
        {"http.body_timeout", config->http_body_timeout > 300000},
        {"http.idle_timeout", config->http_idle_timeout > 600000},
        {"http.request_timeout", config->http_request_timeout > 300000},
        {"database.statement_timeout",
         config->database_statement_timeout == 0 || config->database_statement_timeout > 60000},
        {"database.max_rows", config->database_max_rows == 0 || config->database_max_rows > 100000},
        {"server.drain_timeout", config->server_drain_timeout < 1000},
        {"auth.anonymous", config->auth_anonymous == CONFIG_AUTH_ANONYMOUS_OPEN},
        {"log.level", config->log_level == CONFIG_LOG_LEVEL_DEBUG},
    };
    struct buf weak;
    size_t count = 0;

    buf_init(&weak, 4096);
    for (size_t i = 0; i < COUNTOF(limits); i++) {
        if (limits[i].is_weak)
            buf_printf(&weak, "%s%s", count++ > 0 ? ", " : "", limits[i].option);
    }
    if (count > 0)
        check_fail(input, out, "weakened: %s", buf_cstr(&weak));
    else
        check_pass(input, out, "%zu limits, none weakened", COUNTOF(limits));
    buf_fini(&weak);
}

static void
look_tls(const struct check_input *input, struct evidence *out)
{
    const struct config *config = input->config;

    if (config->tls_cert != NULL)
        check_pass(input, out, "%s speaks TLS", config->listen.text);
    else if (config->listen.is_loopback)
        check_pass(input, out, "%s: only this machine reaches it", config->listen.text);
    else
        check_fail(input, out, "%s is reachable from elsewhere, without TLS", config->listen.text);
}

/* A proxy on this machine, or TLS, has to stand between the world and the service. */
static void
look_listening(const struct check_input *input, struct evidence *out)
{
    const struct config *config = input->config;

    if (config->listen.is_loopback)
        check_pass(input, out, "listens on %s only", config->listen.text);
    else if (config->listen.host[0] == '\0' || strcmp(config->listen.host, "0.0.0.0") == 0 ||
             strcmp(config->listen.host, "::") == 0)
        check_fail(input, out, "listens on every address of this machine (%s)",
                   config->listen.text);
    else
        check_pass(input, out, "listens on %s only", config->listen.text);
}

const struct check_def check_config[] = {
    {"project", look_project},      {"single-node", look_single_node},
    {"connection-pool", look_pool}, {"workers", look_workers},
    {"secrets", look_secrets},      {"secrets-managed", look_secrets_managed},
    {"hardening", look_hardening},  {"tls", look_tls},
    {"listening", look_listening},  {"certificates", check_certificate},
};
const size_t check_config_count = COUNTOF(check_config);
