/* SPDX-License-Identifier: Apache-2.0 */
#include "db/postgres/target.h"

/* libpq reads the URL and the environment; what is added here is only where neither says
 * anything. */
static const struct {
    const char *keyword, *value;
} defaults[] = {
    {"fallback_application_name", "cairn"},
    {"keepalives", "1"},
    {"keepalives_idle", "30"},
    {"keepalives_interval", "10"},
    {"keepalives_count", "3"},
    {"tcp_user_timeout", "30000"},
    /* Looking for Kerberos tickets may block. */
    {"gssencmode", "disable"},
};

static const char *
option_get(const PQconninfoOption *options, const char *keyword)
{
    for (; options != NULL && options->keyword != NULL; options++)
        if (strcmp(options->keyword, keyword) == 0)
            return options->val != NULL && options->val[0] != '\0' ? options->val : NULL;
    return NULL;
}

static bool
is_port(struct str port)
{
    uint64_t number = 0;

    return port.len == 0 || (str_to_u64(port, &number) && number > 0 && number <= 65535);
}

/* Cuts the next item off a comma list; an exhausted list gives empty items, a list of one item
 * repeats it. */
static struct str
list_next(const char *whole, struct str *rest)
{
    if (whole != NULL && strchr(whole, ',') == NULL)
        return str_from(whole);
    return rest->data != NULL ? str_cut(rest, ',') : STR_NULL;
}

static bool
copy_item(char *out, size_t size, struct str item, const char *what, struct err *err)
{
    if (item.len >= size)
        return err_set(err, ERR_CONFIG, "CAIRN-CONFIG",
                       "unable to read the database URL: a %s is longer than %zu characters", what,
                       size - 1);
    memcpy(out, item.data != NULL ? item.data : "", item.len);
    out[item.len] = '\0';
    return true;
}

static unsigned
list_count(const char *list)
{
    unsigned count = 1;

    for (; list != NULL && *list != '\0'; list++)
        count += *list == ',';
    return count;
}

static bool
hosts_split(struct pg_target *target, const char *name, const char *address, const char *port,
            struct err *err)
{
    struct str names = str_from(name), addresses = str_from(address), ports = str_from(port);
    unsigned count = list_count(address != NULL ? address : name);

    if (count > PG_HOSTS_MAX)
        return err_set(err, ERR_CONFIG, "CAIRN-CONFIG",
                       "unable to read the database URL: more than %d hosts", PG_HOSTS_MAX);
    for (unsigned i = 0; i < count; i++) {
        struct pg_host *host = &target->hosts[i];
        struct str item = list_next(port, &ports);

        if (!is_port(item)) {
            err_set(err, ERR_CONFIG, "CAIRN-CONFIG",
                    "unable to read the database URL: '%.*s' is not a port", STR_ARG(item));
            err_hint(err, "Write postgres://USER:PASSWORD@HOST:PORT/NAME.");
            return false;
        }
        if (!copy_item(host->port, sizeof(host->port), item, "port", err) ||
            !copy_item(host->name, sizeof(host->name), str_cut(&names, ','), "host name", err) ||
            !copy_item(host->address, sizeof(host->address), str_cut(&addresses, ','), "address",
                       err))
            return false;
    }
    target->host_count = count;
    return true;
}

/* libpq's text without what it quotes, which may be the URL itself and so hold a password. */
static void
set_parse_error(struct err *err, const char *message)
{
    struct str text = str_trim(str_from(message));

    text = str_slice(text, 0, str_find_char(text, '"', 0));
    while (text.len > 0 && (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == ':'))
        text.len--;
    err_set(err, ERR_CONFIG, "CAIRN-CONFIG", "unable to read the database URL: %.*s",
            STR_ARG(text));
    err_hint(err,
             "Write postgres://USER:PASSWORD@HOST:PORT/NAME, with special characters as %%XX.");
}

bool
pg_target_init(struct pg_target *target, const char *url, struct err *err)
{
    PQconninfoOption *env = NULL;
    char *message = NULL;
    bool ok = false;

    *target = (struct pg_target){0};
    target->options = PQconninfoParse(url, &message);
    if (target->options == NULL) {
        set_parse_error(err, message != NULL ? message : "out of memory");
        goto out;
    }

    env = PQconndefaults();
    const char *name = option_get(target->options, "host");
    const char *address = option_get(target->options, "hostaddr");
    const char *port = option_get(target->options, "port");
    if (name == NULL && address == NULL) {
        name = option_get(env, "host");
        address = option_get(env, "hostaddr");
    }
    if (port == NULL)
        port = option_get(env, "port");
    ok = hosts_split(target, name, address, port, err);

out:
    if (message != NULL)
        PQfreemem(message);
    PQconninfoFree(env);
    if (!ok)
        pg_target_fini(target);
    return ok;
}

void
pg_target_fini(struct pg_target *target)
{
    PQconninfoFree(target->options);
    target->options = NULL;
}

void
pg_target_describe(const struct pg_target *target, char *out, size_t size)
{
    const struct pg_host *host = &target->hosts[0];
    const char *name = host->name[0] != '\0' ? host->name : host->address;
    const char *db = option_get(target->options, "dbname");

    snprintf(out, size, "postgres %s:%s/%s", name[0] != '\0' ? name : "localhost",
             host->port[0] != '\0' ? host->port : "5432", db != NULL ? db : "");
}

bool
pg_host_needs_lookup(const struct pg_host *host)
{
    return host->address[0] == '\0' && host->name[0] != '\0' && host->name[0] != '/' &&
           host->name[0] != '@';
}

static void
params_set(struct pg_params *params, unsigned *count, const char *keyword, const char *value)
{
    assert(*count + 1 < COUNTOF(params->keywords));
    params->keywords[*count] = keyword;
    params->values[*count] = value;
    (*count)++;
}

static bool
is_set_apart(const char *keyword)
{
    return strcmp(keyword, "host") == 0 || strcmp(keyword, "hostaddr") == 0 ||
           strcmp(keyword, "port") == 0 || strcmp(keyword, "client_encoding") == 0 ||
           strcmp(keyword, "connect_timeout") == 0;
}

static void
params_set_hosts(struct pg_params *params, unsigned *count, const struct pg_host *hosts,
                 unsigned host_count)
{
    bool any_address = false;

    buf_init(&params->hosts, 64 * 1024);
    buf_init(&params->addresses, 64 * 1024);
    buf_init(&params->ports, 64 * 1024);
    for (unsigned i = 0; i < host_count; i++) {
        const char *comma = i > 0 ? "," : "";

        buf_printf(&params->hosts, "%s%s", comma, hosts[i].name);
        buf_printf(&params->addresses, "%s%s", comma, hosts[i].address);
        buf_printf(&params->ports, "%s%s", comma, hosts[i].port);
        any_address = any_address || hosts[i].address[0] != '\0';
    }
    params_set(params, count, "host", buf_cstr(&params->hosts));
    params_set(params, count, "port", buf_cstr(&params->ports));
    if (any_address)
        params_set(params, count, "hostaddr", buf_cstr(&params->addresses));
}

void
pg_params_init(struct pg_params *params, const struct pg_target *target,
               const struct pg_host *hosts, unsigned host_count, int64_t timeout_ms)
{
    unsigned count = 0;

    *params = (struct pg_params){0};
    params_set_hosts(params, &count, hosts, host_count);
    params_set(params, &count, "client_encoding", "UTF8");
    snprintf(params->timeout, sizeof(params->timeout), "%lld",
             (long long)(timeout_ms > 2000 ? (timeout_ms + 999) / 1000 : 2));
    params_set(params, &count, "connect_timeout", params->timeout);
    for (const PQconninfoOption *o = target->options; o->keyword != NULL; o++)
        if (o->val != NULL && o->val[0] != '\0' && !is_set_apart(o->keyword))
            params_set(params, &count, o->keyword, o->val);
    for (size_t i = 0; i < COUNTOF(defaults); i++)
        if (option_get(target->options, defaults[i].keyword) == NULL)
            params_set(params, &count, defaults[i].keyword, defaults[i].value);
}

void
pg_params_fini(struct pg_params *params)
{
    buf_fini(&params->hosts);
    buf_fini(&params->addresses);
    buf_fini(&params->ports);
}
