/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values: from text to the type of an option and back.
 */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "config/load.h"

enum { SECRET_MIN = 32 };

struct unit {
    const char *name;
    uint64_t factor;
};

/* Rising; the first has factor 1. */
static const struct unit size_units[] = {{"B", 1},
                                         {"KiB", 1024},
                                         {"MiB", 1024 * 1024},
                                         {"GiB", 1024 * 1024 * 1024}};
static const struct unit duration_units[] = {{"ms", 1},
                                             {"s", 1000},
                                             {"m", 60 * 1000},
                                             {"h", 3600 * 1000},
                                             {"d", 86400 * 1000}};

/* Secrets that are in every list of guesses, and placeholders that were never replaced. */
static const char *const weak_secrets[] = {
    "super-secret-jwt-token-with-at-least-32-characters-long",
    "your-super-secret-jwt-token-with-at-least-32-characters-long",
    "changeme-changeme-changeme-changeme",
    "00000000000000000000000000000000",
    "01234567890123456789012345678901",
    "0123456789abcdef0123456789abcdef",
};

static void
write_with_unit(struct buf *out, uint64_t value, const struct unit *units, size_t count)
{
    size_t i = count - 1;

    while (i > 0 && (value == 0 || value % units[i].factor != 0))
        i--;
    buf_add_u64(out, value / units[i].factor);
    buf_add_str(out, str_from(units[i].name));
}

/* Number with unit, the largest unit that divides it: "16KiB", "1500ms". */
static void
write_size(struct buf *out, uint64_t bytes)
{
    write_with_unit(out, bytes, size_units, COUNTOF(size_units));
}

static void
write_duration(struct buf *out, int64_t ms)
{
    write_with_unit(out, (uint64_t)ms, duration_units, COUNTOF(duration_units));
}

static bool
parse_with_unit(struct str text, const struct unit *units, size_t count, bool bare_ok, int64_t *out)
{
    size_t digits = 0;
    uint64_t number;
    uint64_t value;
    struct str unit;

    while (digits < text.len && text.data[digits] >= '0' && text.data[digits] <= '9')
        digits++;
    if (!str_to_u64(str_slice(text, 0, digits), &number))
        return false;
    unit = str_trim(str_slice(text, digits, text.len));
    if (unit.len == 0 && (bare_ok || number == 0)) {
        *out = (int64_t)number;
        return number <= INT64_MAX;
    }
    for (size_t i = 0; i < count; i++) {
        if (!str_eq(unit, str_from(units[i].name)))
            continue;
        if (__builtin_mul_overflow(number, units[i].factor, &value) || value > INT64_MAX)
            return false;
        *out = (int64_t)value;
        return true;
    }

    return false;
}

static void
write_number(struct buf *out, const struct config_option_def *def, int64_t value)
{
    if (value == 0 && def->zero != NULL)
        buf_add_str(out, str_from(def->zero));
    else if (def->type == CONFIG_TYPE_SIZE)
        write_size(out, (uint64_t)value);
    else if (def->type == CONFIG_TYPE_DURATION)
        write_duration(out, value);
    else
        buf_add_i64(out, value);
}

bool
config_parse_duration(struct str text, int64_t *ms)
{
    return parse_with_unit(text, duration_units, COUNTOF(duration_units), false, ms);
}

/* What would be valid for a number: "a size with unit (B, KiB, MiB, GiB) from 1KiB to 4MiB". */
static const char *
number_hint(struct arena *arena, const struct config_option_def *def)
{
    struct buf text;
    const char *hint;

    buf_init(&text, 512);
    if (def->type == CONFIG_TYPE_SIZE)
        BUF_ADD_LIT(&text, "a number with a unit (B, KiB, MiB, GiB)");
    else if (def->type == CONFIG_TYPE_DURATION)
        BUF_ADD_LIT(&text, "a number with a unit (ms, s, m, h, d)");
    else
        BUF_ADD_LIT(&text, "a whole number");
    BUF_ADD_LIT(&text, " from ");
    write_number(&text, def, def->min);
    BUF_ADD_LIT(&text, " to ");
    write_number(&text, def, def->max);
    if (def->zero != NULL)
        buf_printf(&text, ", or %s", def->zero);
    hint = arena_cstr(arena, buf_str(&text));
    buf_fini(&text);

    return hint;
}

static bool
parse_number(struct config_loader *loader, const struct config_option_def *def, const char *text,
             const char *where, int64_t *out)
{
    struct str s = str_from(text);
    bool ok;

    if (def->zero != NULL && strcmp(text, def->zero) == 0) {
        *out = 0;
        return true;
    }
    if (def->type == CONFIG_TYPE_SIZE)
        ok = parse_with_unit(s, size_units, COUNTOF(size_units), true, out);
    else if (def->type == CONFIG_TYPE_DURATION)
        ok = parse_with_unit(s, duration_units, COUNTOF(duration_units), false, out);
    else
        ok = str_to_i64(s, out);
    if (!ok) {
        config_error_add(loader, where, number_hint(loader->arena, def), "%s: '%s' is not a %s",
                         def->key, text,
                         def->type == CONFIG_TYPE_SIZE       ? "size"
                         : def->type == CONFIG_TYPE_DURATION ? "duration"
                                                             : "whole number");
        return false;
    }
    if ((*out < def->min || *out > def->max) && !(*out == 0 && def->zero != NULL)) {
        config_error_add(loader, where, number_hint(loader->arena, def), "%s: %s is out of range",
                         def->key, text);
        return false;
    }

    return true;
}

static bool
parse_bool(struct config_loader *loader, const struct config_option_def *def, const char *text,
           const char *where, bool *out)
{
    bool yes = strcmp(text, "true") == 0;

    if (!yes && strcmp(text, "false") != 0) {
        config_error_add(loader, where, "true or false", "%s: '%s' is neither true nor false",
                         def->key, text);
        return false;
    }
    *out = yes;

    return true;
}

static bool
parse_enum(struct config_loader *loader, const struct config_option_def *def, const char *text,
           const char *where, int *out)
{
    struct buf hint;
    const char *near = NULL;
    double best = 0.6;

    for (int i = 0; def->values[i] != NULL; i++) {
        double score = str_similarity(str_from(text), str_from(def->values[i]));

        if (strcmp(text, def->values[i]) == 0) {
            *out = i;
            return true;
        }
        /* "prod" is short for production, not a slip. */
        if (strlen(text) >= 3 && str_has_prefix(str_from(def->values[i]), str_from(text)))
            score = 1;
        if (score >= best) {
            best = score;
            near = def->values[i];
        }
    }

    buf_init(&hint, 1024);
    if (near != NULL)
        buf_printf(&hint, "did you mean %s? ", near);
    BUF_ADD_LIT(&hint, "valid: ");
    for (int i = 0; def->values[i] != NULL; i++)
        buf_printf(&hint, "%s%s", i > 0 ? ", " : "", def->values[i]);
    if (def->hint != NULL)
        buf_printf(&hint, "; %s", def->hint);
    config_error_add(loader, where, buf_cstr(&hint), "%s: there is no '%s'", def->key, text);
    buf_fini(&hint);

    return false;
}

static bool
check_secret(struct config_loader *loader, const struct config_option_def *def, const char *text,
             const char *where)
{
    if (strlen(text) < SECRET_MIN) {
        config_error_add(loader, where, "make one: openssl rand -base64 48",
                         "%s: the secret is shorter than %d bytes", def->key, SECRET_MIN);
        return false;
    }
    for (size_t i = 0; i < COUNTOF(weak_secrets); i++) {
        if (strcmp(text, weak_secrets[i]) == 0) {
            config_error_add(loader, where, "make one: openssl rand -base64 48",
                             "%s: the secret is one that everybody knows", def->key);
            return false;
        }
    }

    return true;
}

static bool
is_name(const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
              *p == '-' || *p == '_'))
            return false;
    }

    return true;
}

static bool
parse_string(struct config_loader *loader, const struct config_option_def *def, const char *text,
             const char *where, const char **out)
{
    size_t len = strlen(text);

    if (def->can_be_none && strcmp(text, "none") == 0) {
        *out = NULL;
        return true;
    }
    if ((int64_t)len < def->min || (int64_t)len > def->max) {
        config_error_add(loader, where, NULL, "%s: the text is too %s", def->key,
                         (int64_t)len < def->min ? "short" : "long");
        return false;
    }
    if (def->is_name && !is_name(text)) {
        config_error_add(loader, where, "letters, digits, - and _", "%s: '%s' has other characters",
                         def->key, text);
        return false;
    }
    if (def->type == CONFIG_TYPE_SECRET && !check_secret(loader, def, text, where))
        return false;
    *out = def->is_path ? config_resolve_path(loader, text) : text;

    return true;
}

static bool
parse_list(struct config_loader *loader, const struct config_option_def *def,
           const struct config_setting *setting, struct config_list *out)
{
    struct config_list list = {.items = setting->items, .count = setting->count};

    if (!setting->is_list) {
        struct str rest = str_from(setting->items[0]);
        size_t cap = 1;

        for (size_t i = 0; i < rest.len; i++)
            cap += rest.data[i] == ',';
        list.items = ARENA_ARRAY(loader->arena, const char *, cap);
        list.count = 0;
        while (rest.data != NULL) {
            struct str item = str_trim(str_cut(&rest, ','));

            if (item.len > 0)
                list.items[list.count++] = arena_cstr(loader->arena, item);
        }
    }
    for (size_t i = 0; i < list.count; i++) {
        if (list.items[i][0] == '\0') {
            config_error_add(loader, setting->origin, NULL, "%s: an empty item", def->key);
            return false;
        }
    }
    if ((int64_t)list.count < def->min || (int64_t)list.count > def->max) {
        config_error_add(loader, setting->origin, NULL, "%s: too %s items (%zu)", def->key,
                         (int64_t)list.count < def->min ? "few" : "many", list.count);
        return false;
    }
    *out = list;

    return true;
}

/* Splits "HOST:PORT" at the colon before the port, taking brackets off. */
static bool
split_address(struct str text, struct str *host, struct str *port)
{
    if (text.len > 0 && text.data[0] == '[') {
        size_t end = str_find_char(text, ']', 0);

        if (end + 1 >= text.len || text.data[end + 1] != ':')
            return false;
        *host = str_slice(text, 1, end);
        *port = str_slice(text, end + 2, text.len);
        return host->len > 0;
    }
    *port = text;
    *host = str_cut(port, ':');

    return port->data != NULL;
}

bool
config_address_parse(struct arena *arena, const char *text, struct config_address *out)
{
    struct str host;
    struct str port_text;
    uint64_t port;
    struct in_addr v4;
    struct in6_addr v6;
    const char *name;
    bool is_v6 = false;
    bool loopback;

    if (!split_address(str_from(text), &host, &port_text) || !str_to_u64(port_text, &port) ||
        port > UINT16_MAX)
        return false;
    name = arena_cstr(arena, host);
    if (strcmp(name, "localhost") == 0)
        name = "127.0.0.1";
    else if (host.len == 0 || strcmp(name, "*") == 0)
        name = "::";
    if (inet_pton(AF_INET, name, &v4) == 1) {
        loopback = (ntohl(v4.s_addr) >> 24) == 127;
    } else if (inet_pton(AF_INET6, name, &v6) == 1) {
        is_v6 = true;
        loopback = IN6_IS_ADDR_LOOPBACK(&v6);
    } else {
        return false;
    }
    *out = (struct config_address){
        .text = arena_printf(arena, is_v6 ? "[%s]:%u" : "%s:%u", name, (unsigned)port).data,
        .host = name,
        .port = (uint16_t)port,
        .is_loopback = loopback,
    };

    return true;
}

bool
config_value_store(struct config_loader *loader, const struct config_option_def *def,
                   const struct config_setting *setting, void *field)
{
    const char *text = setting->count > 0 ? setting->items[0] : "";
    const char *where = setting->origin;
    int64_t number;
    int position;

    if (def->type == CONFIG_TYPE_LIST)
        return parse_list(loader, def, setting, field);
    if (def->type == CONFIG_TYPE_MAP)
        return config_map_store(loader, def, setting, field);
    if (setting->is_list) {
        config_error_add(loader, where, "write one value", "%s: a list, where one value is needed",
                         def->key);
        return false;
    }
    switch (def->type) {
    case CONFIG_TYPE_BOOL:
        return parse_bool(loader, def, text, where, field);
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_DURATION:
        return parse_number(loader, def, text, where, field);
    case CONFIG_TYPE_SIZE:
        if (!parse_number(loader, def, text, where, &number))
            return false;
        *(size_t *)field = (size_t)number;
        return true;
    case CONFIG_TYPE_ENUM:
        if (!parse_enum(loader, def, text, where, &position))
            return false;
        memcpy(field, &position, sizeof(position));
        return true;
    case CONFIG_TYPE_ADDRESS:
        if (config_address_parse(loader->arena, text, field))
            return true;
        config_error_add(loader, where,
                         "an IP address and a port: 127.0.0.1:8080, [::1]:8080, 0.0.0.0:443",
                         "%s: '%s' is not an address", def->key, text);
        return false;
    case CONFIG_TYPE_STRING:
    case CONFIG_TYPE_SECRET:
        return parse_string(loader, def, text, where, field);
    case CONFIG_TYPE_LIST:
    case CONFIG_TYPE_MAP:
        break;
    }

    return false;
}

/* The password lies between the first ':' after the scheme and the last '@' before the path. */
const char *
config_url_mask(struct arena *arena, const char *url)
{
    const char *start = strstr(url, "://");
    const char *end;
    const char *at = NULL;
    const char *colon;

    if (start == NULL)
        return url;
    start += 3;
    end = start + strcspn(start, "/?#");
    for (const char *p = start; p < end; p++) {
        if (*p == '@')
            at = p;
    }
    /* An unescaped '/' or '?' in the password: mask up to the last '@' of all. */
    if (at == NULL)
        at = strrchr(start, '@');
    if (at != NULL) {
        colon = memchr(start, ':', (size_t)(at - start));
        if (colon != NULL)
            url = arena_printf(arena, "%.*s:***%s", (int)(colon - url), url, at).data;
    }
    at = strcasestr(url, "password=");
    if (at != NULL) {
        at += strlen("password=");
        url = arena_printf(arena, "%.*s***%s", (int)(at - url), url, at + strcspn(at, "&")).data;
    }

    return url;
}

static void
write_list(struct buf *out, const struct config_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0)
            buf_add_char(out, ',');
        buf_add_str(out, str_from(list->items[i]));
    }
}

void
config_write_value(const struct config *config, enum config_option option, struct buf *out)
{
    const struct config_option_def *def = &config_options[option];
    const void *field = (const char *)config + def->offset;
    const char *text;
    int position;

    switch (def->type) {
    case CONFIG_TYPE_BOOL:
        buf_add_str(out, *(const bool *)field ? STR("true") : STR("false"));
        break;
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_DURATION:
        write_number(out, def, *(const int64_t *)field);
        break;
    case CONFIG_TYPE_SIZE:
        write_number(out, def, (int64_t)(*(const size_t *)field));
        break;
    case CONFIG_TYPE_ENUM:
        memcpy(&position, field, sizeof(position));
        buf_add_str(out, str_from(def->values[position]));
        break;
    case CONFIG_TYPE_LIST:
        write_list(out, field);
        break;
    case CONFIG_TYPE_MAP:
        config_map_write(field, out);
        break;
    case CONFIG_TYPE_ADDRESS:
        buf_add_str(out, str_from(((const struct config_address *)field)->text));
        break;
    case CONFIG_TYPE_STRING:
    case CONFIG_TYPE_SECRET:
        text = *(const char *const *)field;
        if (text == NULL)
            buf_add_str(out, def->can_be_none ? STR("none") : STR(""));
        else if (def->type == CONFIG_TYPE_SECRET || (def->mask_jwks && text[0] == '{'))
            BUF_ADD_LIT(out, "***");
        else
            buf_add_str(out, str_from(def->mask_url ? config->database_shown : text));
        break;
    }
}
