/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connection strings. Source: PostgreSQL 15, "Connection Strings".
 */
#include "config/postgrest_impl.h"

enum { PARTS_MAX = 64, URL_MAX = 64 * 1024 };

struct parts {
    struct str keys[PARTS_MAX], values[PARTS_MAX];
    size_t count;
};

static struct str
get(const struct parts *parts, const char *key)
{
    for (size_t i = 0; i < parts->count; i++) {
        if (str_eq(parts->keys[i], str_from(key)))
            return parts->values[i];
    }
    return STR_NULL;
}

/* 'a b' or ab, with \' and \\. */
static bool
take_value(struct arena *arena, struct str text, size_t *at, struct str *out)
{
    char *value = arena_zalloc(arena, text.len + 1);
    bool is_quoted = *at < text.len && text.data[*at] == '\'';
    size_t len = 0;

    *at += is_quoted;
    for (; *at < text.len; ++*at) {
        char c = text.data[*at];

        if (is_quoted ? c == '\'' : c == ' ' || c == '\t' || c == '\n')
            break;
        if (c == '\\' && *at + 1 < text.len)
            c = text.data[++*at];
        value[len++] = c;
    }
    *out = str_make(value, len);
    if (is_quoted && *at >= text.len)
        return false;
    *at += is_quoted;
    return true;
}

static bool
split(struct arena *arena, struct str text, struct parts *parts)
{
    size_t at = 0;

    for (;;) {
        size_t end;

        while (at < text.len && strchr(" \t\n", text.data[at]) != NULL)
            at++;
        if (at >= text.len)
            return parts->count > 0;
        end = str_find_char(text, '=', at);
        if (end >= text.len || parts->count == PARTS_MAX)
            return false;
        parts->keys[parts->count] = str_trim(str_slice(text, at, end));
        at = end + 1;
        while (at < text.len && text.data[at] == ' ')
            at++;
        if (!take_value(arena, text, &at, &parts->values[parts->count++]))
            return false;
    }
}

static void
add_escaped(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        bool is_safe = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       strchr("-._~", (char)c) != NULL;

        if (is_safe && c != '\0')
            buf_add_char(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
}

static bool
is_in_url(struct str key, bool host_is_path)
{
    return str_eq(key, STR("user")) || str_eq(key, STR("password")) || str_eq(key, STR("dbname")) ||
           (!host_is_path && (str_eq(key, STR("host")) || str_eq(key, STR("port"))));
}

/* host=a user=b -> postgres://b@a/ */
static const char *
from_parts(struct arena *arena, const struct parts *parts)
{
    struct str host = get(parts, "host");
    bool host_is_path = str_has_prefix(host, STR("/")) || str_find_char(host, ',', 0) < host.len;
    struct buf url;
    const char *text = NULL;
    char sep = '?';

    buf_init(&url, URL_MAX);
    BUF_ADD_LIT(&url, "postgres://");
    add_escaped(&url, get(parts, "user"));
    if (get(parts, "password").len > 0) {
        buf_add_char(&url, ':');
        add_escaped(&url, get(parts, "password"));
    }
    if (get(parts, "user").len > 0)
        buf_add_char(&url, '@');
    if (!host_is_path)
        buf_add_str(&url, host.len > 0 ? host : STR("localhost"));
    if (!host_is_path && get(parts, "port").len > 0)
        buf_printf(&url, ":%.*s", STR_ARG(get(parts, "port")));
    buf_add_char(&url, '/');
    add_escaped(&url, get(parts, "dbname"));
    for (size_t i = 0; i < parts->count; i++) {
        if (is_in_url(parts->keys[i], host_is_path))
            continue;
        buf_add_char(&url, sep);
        sep = '&';
        add_escaped(&url, parts->keys[i]);
        buf_add_char(&url, '=');
        add_escaped(&url, parts->values[i]);
    }
    if (buf_ok(&url))
        text = arena_cstr(arena, buf_str(&url));
    buf_fini(&url);
    return text;
}

/* A URL that leaves everything to PGHOST and its like. */
static const char *
from_environ(struct arena *arena, char *const *environ)
{
    static const char *const names[][2] = {
        {"PGHOST", "host"}, {"PGPORT", "port"}, {"PGUSER", "user"}, {"PGDATABASE", "dbname"}};
    struct parts parts = {0};

    for (size_t i = 0; i < COUNTOF(names); i++) {
        const char *value = postgrest_getenv(environ, str_from(names[i][0]));

        if (value == NULL || value[0] == '\0')
            continue;
        parts.keys[parts.count] = str_from(names[i][1]);
        parts.values[parts.count++] = str_from(value);
    }
    if (get(&parts, "dbname").len == 0) {
        parts.keys[parts.count] = STR("dbname");
        parts.values[parts.count++] =
            get(&parts, "user").len > 0 ? get(&parts, "user") : STR("postgres");
    }
    return from_parts(arena, &parts);
}

const char *
postgrest_url(struct arena *arena, const char *text, char *const *environ)
{
    struct str trimmed = str_trim(str_from(text));
    struct parts parts = {0};

    if (str_eq(trimmed, STR("postgres://")) || str_eq(trimmed, STR("postgresql://")))
        return from_environ(arena, environ);
    if (str_has_prefix(trimmed, STR("postgres://")) ||
        str_has_prefix(trimmed, STR("postgresql://")))
        return arena_cstr(arena, trimmed);
    return split(arena, trimmed, &parts) ? from_parts(arena, &parts) : NULL;
}
