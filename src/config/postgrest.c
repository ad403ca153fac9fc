/* SPDX-License-Identifier: Apache-2.0 */
#include "config/postgrest.h"

#include "config/postgrest_impl.h"
#include "core/json.h"
#include "io/file.h"

enum { FILE_MAX_BYTES = 1 << 20, ITEMS_MAX = 100 };

/* What one option of cairn.yaml becomes. */
struct entry {
    bool is_set;
    bool is_secret; /* goes into .env */
    const char **items;
    size_t count;
    const char *why; /* a comment; NULL: none */
};

struct import {
    const struct postgrest_input *input;
    struct config_loader loader;
    struct config config; /* what the values are checked in */
    struct entry entries[CONFIG_OPTION_COUNT];
    struct str secret_settings[ITEMS_MAX]; /* of app.settings: "name=value" */
    size_t secret_count;
    struct buf notes; /* keys without a counterpart */
    const char *host; /* of the server */
    const char *port;
    const char *port_where;
    const struct postgrest_binding *secret;
    bool secret_is_base64;
};

struct row {
    const char *key;
    void (*convert)(struct import *, const struct row *, const struct postgrest_binding *);
    enum config_option option;
    const char *why; /* why there is no counterpart, or what differs */
};

/* --- values ---------------------------------------------------------------------------------- */

static void
put_items(struct import *im, enum config_option option, const char *where, const char **items,
          size_t count, const char *why)
{
    const struct config_option_def *def = &config_options[option];
    struct config_setting setting = {
        .option = option,
        .items = items,
        .count = count,
        .is_list = def->type == CONFIG_TYPE_LIST || def->type == CONFIG_TYPE_MAP,
        .origin = where,
    };

    if (!config_value_store(&im->loader, def, &setting, (char *)&im->config + def->offset))
        return;
    im->entries[option] =
        (struct entry){.is_set = true, .items = items, .count = count, .why = why};
}

static void
put_text(struct import *im, enum config_option option, const char *where, const char *value,
         const char *why)
{
    const char **items = ARENA_ARRAY(im->loader.arena, const char *, 1);

    items[0] = value;
    put_items(im, option, where, items, 1, why);
}

static void
fail(struct import *im, const struct postgrest_binding *b, const char *hint, const char *message)
{
    config_error_add(&im->loader, b->where, hint, "%s: '%s'", message, b->value);
}

static bool
parse_bool(struct import *im, const struct postgrest_binding *b, bool *out)
{
    struct str text = str_trim(str_from(b->value));
    int64_t number = 0;

    *out = str_eq_nocase(text, STR("true")) || (str_to_i64(text, &number) && number > 0);
    if (*out || str_eq_nocase(text, STR("false")) || str_to_i64(text, &number))
        return true;
    fail(im, b, "true or false", "this is neither true nor false");
    return false;
}

static bool
parse_int(struct import *im, const struct postgrest_binding *b, int64_t *out)
{
    if (str_to_i64(str_trim(str_from(b->value)), out))
        return true;
    fail(im, b, "a whole number", "this is no number");
    return false;
}

/* --- conversions ----------------------------------------------------------------------------- */

static void
to_text(struct import *im, const struct row *row, const struct postgrest_binding *b)
{
    put_text(im, row->option, b->where, b->value, row->why);
}

static void
to_bool(struct import *im, const struct row *row, const struct postgrest_binding *b)
{
    bool yes = false;

    if (parse_bool(im, b, &yes))
        put_text(im, row->option, b->where, yes ? "true" : "false", row->why);
}

static void
to_int(struct import *im, const struct row *row, const struct postgrest_binding *b)
{
    int64_t number = 0;

    if (parse_int(im, b, &number))
        put_text(im, row->option, b->where,
                 arena_printf(im->loader.arena, "%lld", (long long)number).data, row->why);
}

static void
to_seconds(struct import *im, const struct row *row, const struct postgrest_binding *b)
{
    int64_t number = 0;

    if (parse_int(im, b, &number))
        put_text(im, row->option, b->where,
                 arena_printf(im->loader.arena, "%llds", (long long)number).data, row->why);
}

/* Separated by commas; an empty text is an empty list. */
static void
to_list(struct import *im, const struct row *row, const struct postgrest_binding *b)
{
    struct arena *arena = im->loader.arena;
    const char **items = ARENA_ARRAY(arena, const char *, ITEMS_MAX);
    struct str rest = str_from(b->value);
    size_t count = 0;

    while (rest.data != NULL && count < ITEMS_MAX && str_trim(str_from(b->value)).len > 0)
        items[count++] = arena_cstr(arena, str_trim(str_cut(&rest, ',')));
    put_items(im, row->option, b->where, items, count, row->why);
}

/* Nothing to set; the comment says why. */
static void
to_nothing(struct import *im, const struct row *row, const struct postgrest_binding *b)
{
    buf_printf(&im->notes, "# %s: %s.\n", row->key, row->why);
}

static void
from_tx_end(struct import *im, const struct row *row, const struct postgrest_binding *b)
{
    struct str rest = str_from(b->value);
    struct str end = str_cut(&rest, '-');
    bool overrides = rest.data != NULL && str_eq(rest, STR("allow-override"));

    if ((!str_eq(end, STR("commit")) && !str_eq(end, STR("rollback"))) ||
        (rest.data != NULL && !overrides)) {
        fail(im, b, "commit, commit-allow-override, rollback, rollback-allow-override",
             "a transaction has no such end");
        return;
    }
    put_text(im, row->option, b->where, arena_cstr(im->loader.arena, end), NULL);
    put_text(im, CONFIG_TRANSACTION_ALLOW_OVERRIDE, b->where, overrides ? "true" : "false", NULL);
}

static void
from_verbosity(struct import *im, const struct row *row, const struct postgrest_binding *b)
{
    if (strcmp(b->value, "verbose") == 0)
        put_text(im, row->option, b->where, "full", NULL);
    else
        to_text(im, row, b);
}

static void
from_log_level(struct import *im, const struct row *row, const struct postgrest_binding *b)
{
    if (strcmp(b->value, "crit") == 0)
        put_text(im, row->option, b->where, "error", "crit is not told from error");
    else
        to_text(im, row, b);
}

static void
from_channel_enabled(struct import *im, const struct row *row, const struct postgrest_binding *b)
{
    bool yes = true;

    if (parse_bool(im, b, &yes) && !yes)
        put_text(im, row->option, b->where, "none", NULL);
}

static void
from_channel(struct import *im, const struct row *row, const struct postgrest_binding *b)
{
    if (!im->entries[row->option].is_set)
        to_text(im, row, b);
}

static void
from_host(struct import *im, const struct row *row, const struct postgrest_binding *b)
{
    im->host = b->value;
    im->port_where = b->where;
}

static void
from_port(struct import *im, const struct row *row, const struct postgrest_binding *b)
{
    int64_t number = 0;

    if (!parse_int(im, b, &number))
        return;
    if (number < 0 || number > UINT16_MAX)
        fail(im, b, "0 to 65535", "there is no such port");
    else
        im->port = b->value;
    im->port_where = b->where;
}

static void
from_secret(struct import *im, const struct row *row, const struct postgrest_binding *b)
{
    im->secret = b;
}

static void
from_base64(struct import *im, const struct row *row, const struct postgrest_binding *b)
{
    if (parse_bool(im, b, &im->secret_is_base64))
        put_text(im, row->option, b->where, im->secret_is_base64 ? "true" : "false", NULL);
}

/* What stands in the file that "@FILE" names, without the line break at its end. */
static const char *
read_at(struct import *im, const struct postgrest_binding *b)
{
    const char *text = b->value;
    struct err err = {0};
    struct buf content;

    if (b->value[0] != '@')
        return text;
    if (!im->input->reads_files) {
        fail(im, b, NULL, "files are not read here");
        return NULL;
    }
    buf_init(&content, FILE_MAX_BYTES);
    if (file_read(b->value + 1, &content, NULL, &err)) {
        text = arena_cstr(im->loader.arena, str_trim(buf_str(&content)));
    } else {
        config_error_add(&im->loader, b->where, err.has_hint ? err.hint : NULL, "%s", err.message);
        text = NULL;
    }
    buf_fini(&content);
    return text;
}

static void
from_uri(struct import *im, const struct row *row, const struct postgrest_binding *b)
{
    const char *text = read_at(im, b);
    const char *url =
        text != NULL ? postgrest_url(im->loader.arena, text, im->input->environ) : NULL;

    if (text == NULL)
        return;
    if (url == NULL) {
        config_error_add(&im->loader, b->where, "postgres://USER:PASSWORD@HOST:PORT/NAME",
                         "this is neither a URL nor a connection string of PostgreSQL");
        return;
    }
    put_text(im, row->option, b->where, url, NULL);
    im->entries[row->option].is_secret = strcmp(config_url_mask(im->loader.arena, url), url) != 0;
}

/* --- the table ------------------------------------------------------------------------------- */

#define POOL "connections are kept, and come back by themselves"
#define ADMIN \
    "/livez, /readyz and /metrics are on the same port as the API, the last for local callers"
#define SOCKET "cairn listens on an address and a port"

static const struct row rows[] = {
    {"db-uri", from_uri, CONFIG_DATABASE_URL, NULL},
    {"db-schemas", to_list, CONFIG_DATABASE_SCHEMAS, NULL},
    {"db-anon-role", to_text, CONFIG_AUTH_ANON_ROLE, NULL},
    {"db-pool", to_nothing, 0,
     "one connection carries many requests at once; database.pool is for each server thread"},
    {"db-pool-acquisition-timeout", to_seconds, CONFIG_DATABASE_POOL_TIMEOUT, NULL},
    {"db-pool-max-lifetime", to_nothing, 0, POOL},
    {"db-pool-max-idletime", to_nothing, 0, POOL},
    {"db-pool-automatic-recovery", to_nothing, 0, POOL},
    {"db-extra-search-path", to_list, CONFIG_TRANSACTION_EXTRA_SEARCH_PATH, NULL},
    {"db-channel-enabled", from_channel_enabled, CONFIG_DATABASE_CHANNEL, NULL},
    {"db-channel", from_channel, CONFIG_DATABASE_CHANNEL, NULL},
    {"db-tx-end", from_tx_end, CONFIG_TRANSACTION_END, NULL},
    {"db-pre-request", to_text, CONFIG_TRANSACTION_PRE_REQUEST, NULL},
    {"db-hoisted-tx-settings", to_list, CONFIG_TRANSACTION_HOISTED_SETTINGS, NULL},
    {"db-max-rows", to_int, CONFIG_DATABASE_MAX_ROWS, NULL},
    {"db-aggregates-enabled", to_bool, CONFIG_DATABASE_AGGREGATES, NULL},
    {"db-root-spec", to_text, CONFIG_OPENAPI_ROOT_FUNCTION, NULL},
    {"db-plan-enabled", to_bool, CONFIG_DATABASE_PLANS, NULL},
    {"db-prepared-statements", to_bool, CONFIG_DATABASE_PREPARED_STATEMENTS,
     "behind a pooler in transaction mode set database.channel to none, too"},
    {"db-config", to_nothing, 0,
     "settings in the database (ALTER ROLE ... SET pgrst...) are not read; write them here"},
    {"db-pre-config", to_nothing, 0, "there is no configuration in the database"},
    {"jwt-secret", from_secret, CONFIG_AUTH_JWT_SECRET, NULL},
    {"jwt-secret-is-base64", from_base64, CONFIG_AUTH_JWT_SECRET_IS_BASE64, NULL},
    {"jwt-aud", to_text, CONFIG_AUTH_JWT_AUD, NULL},
    {"jwt-role-claim-key", to_text, CONFIG_AUTH_ROLE_CLAIM, NULL},
    {"jwt-cache-max-entries", to_nothing, 0, "tokens that were verified are remembered, bounded"},
    {"jwt-cache-max-lifetime", to_nothing, 0, "tokens that were verified are remembered, bounded"},
    {"openapi-mode", to_text, CONFIG_OPENAPI_MODE, NULL},
    {"openapi-security-active", to_bool, CONFIG_OPENAPI_SECURITY, NULL},
    {"openapi-server-proxy-uri", to_text, CONFIG_OPENAPI_URL, NULL},
    {"server-cors-allowed-origins", to_list, CONFIG_CORS_ORIGINS, NULL},
    {"server-trace-header", to_text, CONFIG_API_TRACE_HEADER, NULL},
    {"server-timing-enabled", to_bool, CONFIG_API_SERVER_TIMING, NULL},
    {"client-error-verbosity", from_verbosity, CONFIG_API_ERROR_DETAIL, NULL},
    {"url-use-legacy-target-names", to_bool, CONFIG_API_LEGACY_TARGET_NAMES, NULL},
    {"log-level", from_log_level, CONFIG_LOG_LEVEL, NULL},
    {"log-query", to_nothing, 0, "log.level debug shows the statements"},
    {"server-host", from_host, CONFIG_LISTEN, NULL},
    {"server-port", from_port, CONFIG_LISTEN, NULL},
    {"server-reuseport", to_nothing, 0, "all threads of one process accept on one socket"},
    {"server-unix-socket", to_nothing, 0, SOCKET},
    {"server-unix-socket-mode", to_nothing, 0, SOCKET},
    {"admin-server-host", to_nothing, 0, ADMIN},
    {"admin-server-port", to_nothing, 0, ADMIN},
    {"admin-server-unix-socket", to_nothing, 0, ADMIN},
    {"admin-server-unix-socket-mode", to_nothing, 0, ADMIN},
};

/* Names of older releases, which count where the new one isn't given. */
static const char *const aliases[][2] = {
    {"db-schema", "db-schemas"},
    {"max-rows", "db-max-rows"},
    {"pre-request", "db-pre-request"},
    {"root-spec", "db-root-spec"},
    {"db-pool-timeout", "db-pool-max-idletime"},
    {"role-claim-key", "jwt-role-claim-key"},
    {"secret-is-base64", "jwt-secret-is-base64"},
    {"server-proxy-uri", "openapi-server-proxy-uri"},
};

/* --- bindings -------------------------------------------------------------------------------- */

static struct str
new_name(struct str key)
{
    for (size_t i = 0; i < COUNTOF(aliases); i++) {
        if (str_eq(key, str_from(aliases[i][0])))
            return str_from(aliases[i][1]);
    }
    return key;
}

/* The one that counts: the last of the environment, then of the file; the key before its alias. */
static const struct postgrest_binding *
find(const struct postgrest_binding *const sources[2], const char *key)
{
    for (size_t i = 0; i < 2; i++) {
        const struct postgrest_binding *exact = NULL, *alias = NULL;

        for (const struct postgrest_binding *b = sources[i]; b != NULL; b = b->next) {
            if (str_eq(b->key, str_from(key)))
                exact = b;
            else if (str_eq(new_name(b->key), str_from(key)))
                alias = b;
        }
        if (exact != NULL || alias != NULL)
            return exact != NULL ? exact : alias;
    }
    return NULL;
}

/* An empty text is as good as none, but for the one list that may be empty. */
static bool
is_empty(const struct row *row, const struct postgrest_binding *b)
{
    return b->value[0] == '\0' && row->option != CONFIG_TRANSACTION_EXTRA_SEARCH_PATH;
}

static bool
is_known(struct str key)
{
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        if (str_eq(new_name(key), str_from(rows[i].key)))
            return true;
    }
    return str_has_prefix(key, STR("app.settings."));
}

static void
note_unknown(struct import *im, const struct postgrest_binding *b)
{
    for (; b != NULL; b = b->next) {
        if (!is_known(b->key))
            buf_printf(&im->notes, "# %.*s: PostgREST has no such key.\n",
                       STR_ARG(str_slice(b->key, 0, 100)));
    }
}

/* A name that says so. */
static bool
sounds_secret(struct str name)
{
    static const char *const words[] = {"secret", "password", "passwd",
                                        "token",  "key",      "credential"};
    char lower[64];
    size_t len = name.len < sizeof(lower) - 1 ? name.len : sizeof(lower) - 1;

    for (size_t i = 0; i < len; i++)
        lower[i] =
            name.data[i] >= 'A' && name.data[i] <= 'Z' ? (char)(name.data[i] + 32) : name.data[i];
    lower[len] = '\0';
    for (size_t i = 0; i < COUNTOF(words); i++) {
        if (strstr(lower, words[i]) != NULL)
            return true;
    }
    return false;
}

static void
take_settings(struct import *im, const struct postgrest_binding *b)
{
    struct str prefix = STR("app.settings.");
    struct arena *arena = im->loader.arena;

    for (; b != NULL; b = b->next) {
        struct entry *entry = &im->entries[CONFIG_APP_SETTINGS];
        struct str name = str_slice(b->key, prefix.len, b->key.len);
        const char **items = ARENA_ARRAY(arena, const char *, entry->count + 1);
        struct str item;

        if (!str_has_prefix(b->key, prefix))
            continue;
        item = arena_printf(arena, "%.*s=%s", STR_ARG(name), b->value);
        if (sounds_secret(name) && im->secret_count < ITEMS_MAX) {
            im->secret_settings[im->secret_count++] = item;
            continue;
        }
        if (entry->count > 0)
            memcpy(items, entry->items, entry->count * sizeof(*items));
        items[entry->count] = item.data;
        put_items(im, CONFIG_APP_SETTINGS, b->where, items, entry->count + 1, NULL);
    }
}

/* --- what spans several ---------------------------------------------------------------------- */

/* Other addresses than loopback need TLS. */
static void
put_listen(struct import *im)
{
    struct arena *arena = im->loader.arena;
    const char *host = im->host != NULL ? im->host : "!4";
    const char *port = im->port != NULL ? im->port : "3000";
    const char *where = im->port_where != NULL ? im->port_where : im->input->name;
    const char *why =
        "server-host was that; other addresses than loopback need tls.cert and tls.key";
    const char *text = arena_printf(arena, "%s:%s", host, port).data;
    struct config_address address;

    if (config_address_parse(arena, text, &address) && address.is_loopback && host[0] != '*') {
        put_text(im, CONFIG_LISTEN, where, text, NULL);
        return;
    }
    why = arena_printf(arena,
                       "server-host: \"%s\"; any address but loopback needs tls.cert and tls.key",
                       host)
              .data;
    put_text(im, CONFIG_LISTEN, where, arena_printf(arena, "127.0.0.1:%s", port).data, why);
}

/* A secret, a JWK or a JWK set; or a file with one. */
static void
put_secret(struct import *im)
{
    const struct postgrest_binding *b = im->secret;
    const char *text = b != NULL ? read_at(im, b) : NULL;
    struct json *json = NULL;

    if (text == NULL || text[0] == '\0')
        return;
    if (json_parse(str_from(text), JSON_LIMITS_DEFAULT, im->loader.arena, &json, NULL) &&
        json->type == JSON_OBJECT) {
        if (json_get(json, "keys") == NULL)
            text = arena_printf(im->loader.arena, "{\"keys\":[%s]}", text).data;
        put_text(im, CONFIG_AUTH_JWKS, b->where, text, NULL);
        im->entries[CONFIG_AUTH_JWKS].is_secret = true;
        return;
    }
    put_text(im, CONFIG_AUTH_JWT_SECRET, b->where, text, NULL);
    im->entries[CONFIG_AUTH_JWT_SECRET].is_secret = true;
}

static void
put_default(struct import *im, enum config_option option, const char *value, const char *why)
{
    if (!im->entries[option].is_set)
        put_text(im, option, im->input->name, value, why);
}

/* Where cairn's own default is another one. */
static void
put_defaults(struct import *im)
{
    put_default(im, CONFIG_DATABASE_MANAGED, "false",
                "no migrations; nothing is made in the database");
    put_default(im, CONFIG_DATABASE_MAX_ROWS, "unlimited", NULL);
    put_default(im, CONFIG_DATABASE_STATEMENT_TIMEOUT, "1h",
                "left to the roles' own settings; lower it to bound what a slow query costs");
    put_default(im, CONFIG_HTTP_REQUEST_TIMEOUT, "1h", NULL);
    put_default(im, CONFIG_HTTP_BODY_MAX, "64MiB", "there was no limit; a body is held in memory");
    put_default(im, CONFIG_HTTP_LINE_MAX, "50KiB",
                "long lists in URLs; 50 KiB was the limit of a whole head");
    put_default(im, CONFIG_HTTP_HEAD_MAX, "50KiB", NULL);
    put_default(im, CONFIG_API_EMBED_DEPTH_MAX, "50", "there was no limit");
    put_default(im, CONFIG_API_JSON_DEPTH_MAX, "1000", "there was no limit");
    put_default(im, CONFIG_AUTH_ANONYMOUS,
                im->entries[CONFIG_AUTH_ANON_ROLE].is_set ? "open" : "closed", NULL);
    if (!im->entries[CONFIG_DATABASE_URL].is_set)
        put_text(im, CONFIG_DATABASE_URL, im->input->name,
                 postgrest_url(im->loader.arena, "postgres://", im->input->environ),
                 "db-uri was not given");
}

/* --- writing --------------------------------------------------------------------------------- */

static bool
is_plain(enum config_type type)
{
    return type == CONFIG_TYPE_BOOL || type == CONFIG_TYPE_INT || type == CONFIG_TYPE_SIZE ||
           type == CONFIG_TYPE_DURATION || type == CONFIG_TYPE_ENUM;
}

static void
write_map(struct buf *out, const struct entry *entry)
{
    for (size_t i = 0; i < entry->count; i++) {
        struct str value = str_from(entry->items[i]);
        struct str name = str_cut(&value, '=');

        BUF_ADD_LIT(out, "\n    ");
        json_write_str(out, name);
        BUF_ADD_LIT(out, ": ");
        json_write_str(out, value);
    }
}

static void
write_entry(struct buf *out, const struct config_option_def *def, const struct entry *entry)
{
    const char *dot = strchr(def->key, '.');

    if (entry->why != NULL)
        buf_printf(out, "%s# %s\n", dot != NULL ? "  " : "", entry->why);
    buf_printf(out, dot != NULL ? "  %s:" : "%s:", dot != NULL ? dot + 1 : def->key);
    if (def->type == CONFIG_TYPE_MAP) {
        write_map(out, entry);
    } else if (def->type == CONFIG_TYPE_LIST) {
        BUF_ADD_LIT(out, " [");
        for (size_t i = 0; i < entry->count; i++) {
            buf_add_str(out, i > 0 ? STR(", ") : STR(""));
            json_write_str(out, str_from(entry->items[i]));
        }
        buf_add_char(out, ']');
    } else {
        buf_add_char(out, ' ');
        if (is_plain(def->type))
            buf_add_str(out, str_from(entry->items[0]));
        else
            json_write_str(out, str_from(entry->items[0]));
    }
    buf_add_char(out, '\n');
}

static void
write_yaml(const struct import *im, struct buf *out)
{
    struct str group = STR_NULL;

    buf_printf(out, "# What %s says, as cairn has it.\n", im->input->name);
    for (unsigned i = 0; i < CONFIG_OPTION_COUNT; i++) {
        const struct config_option_def *def = &config_options[i];
        struct str rest = str_from(def->key);
        struct str own = str_cut(&rest, '.');

        if (!im->entries[i].is_set || im->entries[i].is_secret)
            continue;
        if (rest.data != NULL && !str_eq(own, group))
            buf_printf(out, "\n%.*s:\n", STR_ARG(own));
        group = rest.data != NULL ? own : STR_NULL;
        write_entry(out, def, &im->entries[i]);
    }
    if (im->notes.len > 0) {
        BUF_ADD_LIT(out, "\n# Without a counterpart:\n");
        buf_add_str(out, buf_str(&im->notes));
    }
}

/* As env.c reads it again. */
static void
write_env_value(struct buf *out, struct str value)
{
    buf_add_char(out, '"');
    for (size_t i = 0; i < value.len; i++) {
        char c = value.data[i];

        if (c == '\n') {
            BUF_ADD_LIT(out, "\\n");
            continue;
        }
        if (c == '"' || c == '\\')
            buf_add_char(out, '\\');
        buf_add_char(out, c);
    }
    BUF_ADD_LIT(out, "\"\n");
}

static void
write_dotenv(const struct import *im, struct buf *out)
{
    for (unsigned i = 0; i < CONFIG_OPTION_COUNT; i++) {
        if (!im->entries[i].is_set || !im->entries[i].is_secret)
            continue;
        buf_printf(out, "%s=", config_options[i].env);
        write_env_value(out, str_from(im->entries[i].items[0]));
    }
    for (size_t i = 0; i < im->secret_count; i++) {
        struct str value = im->secret_settings[i];
        struct str name = str_cut(&value, '=');

        buf_printf(out, "%s_%.*s=", config_options[CONFIG_APP_SETTINGS].env, STR_ARG(name));
        write_env_value(out, value);
    }
}

bool
postgrest_import(const struct postgrest_input *input, struct arena *arena, struct buf *yaml,
                 struct buf *dotenv, struct config_errors *errors)
{
    static const struct config_sources no_sources = {0};
    struct import *im = ARENA_NEW(arena, struct import);
    const struct postgrest_binding *sources[2] = {NULL, NULL};

    *errors = (struct config_errors){0};
    im->input = input;
    im->loader = (struct config_loader){
        .sources = &no_sources, .arena = arena, .config = &im->config, .errors = errors};
    buf_init(&im->notes, FILE_MAX_BYTES);
    if (input->takes_environ)
        sources[0] = postgrest_read_environ(input, &im->loader);
    if (input->text.data != NULL)
        sources[1] = postgrest_parse(input, &im->loader);
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        const struct postgrest_binding *b = find(sources, rows[i].key);

        if (b != NULL && !is_empty(&rows[i], b))
            rows[i].convert(im, &rows[i], b);
    }
    take_settings(im, sources[1]);
    take_settings(im, sources[0]);
    note_unknown(im, sources[0]);
    note_unknown(im, sources[1]);
    put_listen(im);
    put_secret(im);
    put_defaults(im);
    write_yaml(im, yaml);
    write_dotenv(im, dotenv);
    buf_fini(&im->notes);
    return errors->count == 0;
}
