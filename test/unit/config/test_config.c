/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "config/load.h"
#include "core/json.h"

struct fixture {
    char dir[64];
    struct arena *arena;
    struct config *config;
    struct config_errors errors;
    bool ok;
};

static int
setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));

    snprintf(f->dir, sizeof(f->dir), "/tmp/cairn-config-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    f->arena = arena_new(4096, 64 * 1024 * 1024);
    *state = f;

    return 0;
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    return remove(path);
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    nftw(f->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    arena_free(f->arena);
    free(f);

    return 0;
}

static void
put(struct fixture *f, const char *name, const char *text, size_t len, mode_t mode)
{
    char path[256];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", f->dir, name);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), (ssize_t)len);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

/* env and flags may be NULL; flags are pairs of key and value, NULL-terminated. */
static void
load(struct fixture *f, const char *yaml, const char *dotenv, char *const *env,
     const char *const *flags)
{
    struct config_flag list[8];
    struct config_sources sources = {.dir = f->dir, .environ = env, .flags = list};

    put(f, "cairn.yaml", yaml, strlen(yaml), 0644);
    if (dotenv != NULL)
        put(f, ".env", dotenv, strlen(dotenv), 0600);
    for (size_t i = 0; flags != NULL && flags[i] != NULL; i += 2) {
        struct config_flag *flag = &list[sources.flag_count++];

        assert_true(config_find_option(str_from(flags[i]), &flag->option));
        flag->value = flags[i + 1];
        flag->shown = arena_printf(f->arena, "--%s", flags[i]).data;
    }
    f->ok = config_load(&sources, f->arena, &f->config, &f->errors);
    assert_int_equal(f->ok, f->errors.count == 0);
    assert_int_equal(f->ok, f->config != NULL);
}

static void
load_yaml(struct fixture *f, const char *yaml)
{
    load(f, yaml, NULL, NULL, NULL);
}

static void
assert_loaded(const struct fixture *f)
{
    for (size_t i = 0; i < f->errors.count; i++)
        print_error("%s: %s\n", f->errors.items[i].where, f->errors.items[i].message);
    assert_true(f->ok);
}

/* There is an error at where whose message, or hint, contains these texts. */
static void
assert_error(const struct fixture *f, const char *where, const char *message, const char *hint)
{
    for (size_t i = 0; i < f->errors.count; i++) {
        const struct config_error *e = &f->errors.items[i];

        if (strcmp(e->where, where) == 0 && strstr(e->message, message) != NULL &&
            (hint == NULL || (e->hint != NULL && strstr(e->hint, hint) != NULL)))
            return;
    }
    for (size_t i = 0; i < f->errors.count; i++)
        print_error("%s: %s (%s)\n", f->errors.items[i].where, f->errors.items[i].message,
                    f->errors.items[i].hint);
    fail_msg("no error at %s with '%s'", where, message);
}

static void
an_empty_file_gives_the_defaults_of_stage_poc(void **state)
{
    struct fixture *f = *state;

    load_yaml(f, "");
    assert_loaded(f);
    assert_int_equal(f->config->stage, CONFIG_STAGE_POC);
    assert_string_equal(f->config->listen.text, "127.0.0.1:8080");
    assert_string_equal(f->config->listen.host, "127.0.0.1");
    assert_int_equal(f->config->listen.port, 8080);
    assert_true(f->config->listen.is_loopback);
    assert_int_equal(f->config->http_head_max, 16 * 1024);
    assert_int_equal(f->config->http_idle_timeout, 60000);
    assert_int_equal(f->config->server_threads, 0);
    assert_null(f->config->tls_cert);
    assert_int_equal(f->config->cors_origins.count, 1);
    assert_string_equal(f->config->cors_origins.items[0], "*");
    assert_int_equal(f->config->database_engine, CONFIG_ENGINE_SQLITE);
    assert_string_equal(f->config->origin[CONFIG_LISTEN], "default");
}

static void
a_missing_file_is_an_error_that_names_init(void **state)
{
    struct fixture *f = *state;
    struct config_sources sources = {.dir = f->dir};

    assert_false(config_load(&sources, f->arena, &f->config, &f->errors));
    assert_int_equal(f->errors.count, 1);
    assert_error(f, "cairn.yaml", "there is no such file", "cairn init");
}

static void
the_stage_selects_defaults_and_a_set_value_stays(void **state)
{
    struct fixture *f = *state;

    load_yaml(f, "stage: scale\n");
    assert_loaded(f);
    assert_int_equal(f->config->auth_anonymous, CONFIG_AUTH_ANONYMOUS_CLOSED);
    assert_int_equal(f->config->database_statement_timeout, 3000);
    assert_string_equal(f->config->origin[CONFIG_DATABASE_STATEMENT_TIMEOUT],
                        "default at stage scale");

    load_yaml(f, "database:\n  statement_timeout: 9s\nstage: scale\n");
    assert_loaded(f);
    assert_int_equal(f->config->database_statement_timeout, 9000);
    assert_string_equal(f->config->origin[CONFIG_DATABASE_STATEMENT_TIMEOUT], "cairn.yaml:2:22");
}

static void
later_sources_win_over_earlier_ones(void **state)
{
    struct fixture *f = *state;
    char *const env[] = {(char[]){"CAIRN_API_TERMS_MAX=30"}, (char[]){"CAIRN_API_NODES_MAX=31"},
                         NULL};
    const char *const flags[] = {"api.nodes-max", "40", NULL};

    load(f, "api:\n  depth_max: 10\n  list_max: 11\n  terms_max: 12\n  nodes_max: 13\n",
         "CAIRN_API_LIST_MAX=20\nCAIRN_API_TERMS_MAX=21\nCAIRN_API_NODES_MAX=22\n", env, flags);
    assert_loaded(f);
    assert_int_equal(f->config->api_depth_max, 10);
    assert_string_equal(f->config->origin[CONFIG_API_DEPTH_MAX], "cairn.yaml:2:14");
    assert_int_equal(f->config->api_list_max, 20);
    assert_string_equal(f->config->origin[CONFIG_API_LIST_MAX], ".env:1 CAIRN_API_LIST_MAX");
    assert_int_equal(f->config->api_terms_max, 30);
    assert_string_equal(f->config->origin[CONFIG_API_TERMS_MAX], "environment CAIRN_API_TERMS_MAX");
    assert_int_equal(f->config->api_nodes_max, 40);
    assert_string_equal(f->config->origin[CONFIG_API_NODES_MAX], "flag --api.nodes-max");
}

static void
every_error_is_reported_at_once_with_its_place(void **state)
{
    struct fixture *f = *state;
    char *const env[] = {(char[]){"CAIRN_LOG_LEVEL=loud"}, NULL};
    const char *const flags[] = {"listen", "nowhere", NULL};

    load(f, "htpp:\n  head_max: 1KiB\nhttp:\n  body_max: many\n", "CAIRN_STAGE=late\n", env, flags);
    assert_int_equal(f->errors.count, 5);
    assert_error(f, "cairn.yaml:1:1", "'htpp'", "did you mean the group http?");
    assert_error(f, "cairn.yaml:4:13", "http.body_max: 'many' is not a size", "KiB");
    assert_error(f, ".env:1 CAIRN_STAGE", "stage: there is no 'late'",
                 "poc, mvp, production, scale");
    assert_error(f, "environment CAIRN_LOG_LEVEL", "log.level", "debug");
    assert_error(f, "flag --listen", "'nowhere' is not an address", "[::1]:8080");
}

static void
each_wrong_line_of_yaml_has_its_error(void **state)
{
    static const struct {
        const char *yaml;
        const char *where;
        const char *message;
        const char *hint;
    } rows[] = {
        {"a: [b\n", "cairn.yaml:2:1", "not YAML", NULL},
        {"a:\n\tb: 1\n", "cairn.yaml:2:1", "not YAML", "no tabs"},
        {"- stage\n", "cairn.yaml:1:1", "not a list of options", NULL},
        {"stage: poc\n---\nstage: mvp\n", "cairn.yaml:3:1", "second document", NULL},
        {"stage: poc\nstage: mvp\n", "cairn.yaml:2:1", "'stage' stands twice", NULL},
        {"http: 3\n", "cairn.yaml:1:7", "'http' is a group", NULL},
        {"stage:\n  poc: 1\n", "cairn.yaml:2:3", "a value is needed", NULL},
        {"stage: [poc]\n", "cairn.yaml:1:8", "a list, where one value", NULL},
        {"? [a]\n: b\n", "cairn.yaml:1:3", "plain text", NULL},
        {"head_max: 8KiB\n", "cairn.yaml:1:1", "'head_max'", "did you mean http.head_max?"},
        {"http:\n  haed_max: 8KiB\n", "cairn.yaml:2:3", "haed_max", "http.head_max?"},
        {"logging:\n  level: info\n", "cairn.yaml:1:1", "'logging'", "the group log?"},
        {"zzz: 1\n", "cairn.yaml:1:1", "'zzz'", "cairn config schema"},
        {"http: {head_max: 1}\n", "cairn.yaml:1:18", "out of range", "from 1KiB to 4MiB"},
        {"http: {head_max: 1TiB}\n", "cairn.yaml:1:18", "is not a size", NULL},
        {"http: {head_max: 99999999999GiB}\n", "cairn.yaml:1:18", "is not a size", NULL},
        {"http: {fields_max: 0x10}\n", "cairn.yaml:1:20", "is not a whole number", NULL},
        {"http: {fields_max: -1}\n", "cairn.yaml:1:20", "out of range", "8 to 10000"},
        {"http: {idle_timeout: 10}\n", "cairn.yaml:1:22", "is not a duration", "ms, s, m"},
        {"http: {idle_timeout: 2y}\n", "cairn.yaml:1:22", "is not a duration", NULL},
        {"stage: prod\n", "cairn.yaml:1:8", "no 'prod'", "did you mean production?"},
        {"docs: {enabled: yes}\n", "cairn.yaml:1:17", "neither true nor false", NULL},
        {"project: {name: a b}\n", "cairn.yaml:1:17", "other characters", NULL},
        {"project: {name: ''}\n", "cairn.yaml:1:17", "too short", NULL},
        {"database: {synchronous: off}\n", "cairn.yaml:1:25", "no 'off'", "lose acknowledged"},
        {"database: {schemas: []}\n", "cairn.yaml:1:21", "too few items", NULL},
        {"database: {schemas: [[a]]}\n", "cairn.yaml:1:22", "a list in a list", NULL},
        {"database: {schemas: [app]}\n", "cairn.yaml:1:21", "no schema 'app'", "PostgreSQL"},
        {"stage: \"a\\0b\"\n", "cairn.yaml:1:8", "NUL", NULL},
        {"http: {line_max: 32KiB}\n", "cairn.yaml:1:18", "larger than http.head_max", NULL},
        {"cors: {origins: ['*', 'http://a']}\n", "cairn.yaml:1:17", "beside others", NULL},
        {"cors: {origins: [shop.example]}\n", "cairn.yaml:1:17", "not an origin", "https://"},
        {"cors: {origins: ['http://a/']}\n", "cairn.yaml:1:17", "not an origin", NULL},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNTOF(rows); i++) {
        load_yaml(f, rows[i].yaml);
        if (f->errors.count != 1)
            print_error("%zu errors for %s\n", f->errors.count, rows[i].yaml);
        assert_error(f, rows[i].where, rows[i].message, rows[i].hint);
        assert_int_equal(f->errors.count, 1);
    }
}

static void
bytes_that_are_no_text_are_an_error(void **state)
{
    struct fixture *f = *state;
    struct config_sources sources = {.dir = f->dir};

    put(f, "cairn.yaml", "stage: \xff\xfe\n", 10, 0644);
    assert_false(config_load(&sources, f->arena, &f->config, &f->errors));
    assert_error(f, "cairn.yaml", "not YAML at byte", "UTF-8");

    put(f, "cairn.yaml", "a: \"\\x1b[31mred\"", 16, 0644);
    assert_false(config_load(&sources, f->arena, &f->config, &f->errors));
    for (size_t i = 0; i < f->errors.count; i++)
        assert_null(strchr(f->errors.items[i].message, '\x1b'));
}

static void
each_address_is_read_or_refused(void **state)
{
    static const struct {
        const char *text;
        const char *normal; /* NULL: refused */
        bool loopback;
    } rows[] = {
        {"127.0.0.1:8080", "127.0.0.1:8080", true},
        {"127.9.9.9:1", "127.9.9.9:1", true},
        {"localhost:0", "127.0.0.1:0", true},
        {"[::1]:443", "[::1]:443", true},
        {"0.0.0.0:80", "0.0.0.0:80", false},
        {":80", "[::]:80", false},
        {"*:80", "[::]:80", false},
        {"[fe80::1]:80", "[fe80::1]:80", false},
        {"10.1.2.3:65535", "10.1.2.3:65535", false},
        {"10.1.2.3:65536", NULL, false},
        {"10.1.2.3:-1", NULL, false},
        {"10.1.2.3:", NULL, false},
        {"10.1.2.3", NULL, false},
        {"8080", NULL, false},
        {"::1:80", NULL, false},
        {"[::1]80", NULL, false},
        {"[::1", NULL, false},
        {"[]:80", NULL, false},
        {"shop.example:80", NULL, false},
        {"127.0.0.1:80 ", NULL, false},
        {"", NULL, false},
    };
    struct fixture *f = *state;
    struct config_address address;

    for (size_t i = 0; i < COUNTOF(rows); i++) {
        bool ok = config_address_parse(f->arena, rows[i].text, &address);

        if (ok != (rows[i].normal != NULL))
            print_error("row %zu: %s\n", i, rows[i].text);
        assert_int_equal(ok, rows[i].normal != NULL);
        if (ok) {
            assert_string_equal(address.text, rows[i].normal);
            assert_int_equal(address.is_loopback, rows[i].loopback);
        }
    }
}

static void
sizes_and_durations_are_read_and_written_back(void **state)
{
    static const struct {
        const char *key;
        const char *text;
        const char *back;
    } rows[] = {
        {"http.head_max", "2048", "2KiB"},
        {"http.head_max", "2048B", "2KiB"},
        {"http.head_max", "3 MiB", "3MiB"},
        {"http.head_max", "1025B", "1025B"},
        {"http.compress_min", "off", "off"},
        {"http.compress_min", "0B", "off"},
        {"server.threads", "auto", "auto"},
        {"server.threads", "0", "auto"},
        {"server.threads", "3", "3"},
        {"server.drain_timeout", "0", "0ms"},
        {"server.drain_timeout", "1500ms", "1500ms"},
        {"server.drain_timeout", "120s", "2m"},
        {"server.drain_timeout", "1h", "1h"},
        {"log.rotate_size", "64GiB", "64GiB"},
        {"log.file", "none", "none"},
        {"docs.enabled", "false", "false"},
        {"database.aggregates", "true", "true"},
        {"cors.origins", "http://a, https://b:1", "http://a,https://b:1"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNTOF(rows); i++) {
        const char *const flags[] = {rows[i].key, rows[i].text, NULL};
        enum config_option option;
        struct buf out;

        load(f, "", NULL, NULL, flags);
        assert_loaded(f);
        assert_true(config_find_option(str_from(rows[i].key), &option));
        buf_init(&out, 4096);
        config_write_value(f->config, option, &out);
        assert_string_equal(buf_cstr(&out), rows[i].back);
        buf_fini(&out);
    }
}

static void
dotenv_lines_are_read_as_a_shell_would(void **state)
{
    struct fixture *f = *state;

    load(f, "",
         "# comment\r\n\n  export CAIRN_PROJECT_NAME = 'shop' # mine\nOTHER=x=y\n"
         "CAIRN_LOG_FILE=\"a b\\\"#c\"\nCAIRN_LISTEN=127.0.0.1:1 # here\nCAIRN_STAGE=\n",
         NULL, NULL);
    assert_loaded(f);
    assert_string_equal(f->config->project_name, "shop");
    assert_non_null(strstr(f->config->log_file, "/a b\"#c"));
    assert_int_equal(f->config->listen.port, 1);
    assert_string_equal(f->config->origin[CONFIG_LISTEN], ".env:6 CAIRN_LISTEN");
    assert_int_equal(f->config->stage, CONFIG_STAGE_POC);

    load(f, "", "foo\nCAIRN_STAEG=mvp\nCAIRN_LISTEN='x\nCAIRN_LISTEN='x' y\n=1\nCAIRN_Q=1\n", NULL,
         NULL);
    assert_int_equal(f->errors.count, 6);
    assert_error(f, ".env:1", "not NAME=VALUE", NULL);
    assert_error(f, ".env:2", "CAIRN_STAEG", "did you mean CAIRN_STAGE?");
    assert_error(f, ".env:3", "can't be read", "quotes");
    assert_error(f, ".env:4", "can't be read", "quotes");
    assert_error(f, ".env:5", "not NAME=VALUE", NULL);
    assert_error(f, ".env:6", "CAIRN_Q", "capitals");
}

static void
only_slips_in_the_environment_are_errors(void **state)
{
    struct fixture *f = *state;
    char *const fine[] = {(char[]){"CAIRN_PORT_8080_TCP=tcp://10.0.0.1:8080"},
                          (char[]){"CAIRN_SERVICE_HOST=10.0.0.1"}, (char[]){"CAIRN_STAGE="},
                          (char[]){"NOT_OURS=1"}, NULL};
    char *const slip[] = {(char[]){"CAIRN_DATABASE_URI=sqlite:x"}, NULL};

    load(f, "", NULL, fine, NULL);
    assert_loaded(f);
    load(f, "", NULL, slip, NULL);
    assert_int_equal(f->errors.count, 1);
    assert_error(f, "environment CAIRN_DATABASE_URI", "unknown", "CAIRN_DATABASE_URL?");
}

static void
addresses_beyond_this_machine_need_tls(void **state)
{
    struct fixture *f = *state;

    load_yaml(f, "listen: 0.0.0.0:8443\n");
    assert_int_equal(f->errors.count, 1);
    assert_error(f, "cairn.yaml:1:9", "there is no TLS", "cairn init");

    put(f, "cert.pem", "x", 1, 0644);
    put(f, "key.pem", "x", 1, 0600);
    load_yaml(f, "listen: 0.0.0.0:8443\ntls: {cert: cert.pem, key: key.pem}\n");
    assert_loaded(f);
    assert_non_null(strstr(f->config->tls_key, "/key.pem"));
}

static void
a_key_that_others_may_read_is_refused(void **state)
{
    struct fixture *f = *state;

    put(f, "cert.pem", "x", 1, 0644);
    put(f, "key.pem", "x", 1, 0604);
    load_yaml(f, "tls: {cert: cert.pem, key: key.pem}\n");
    assert_int_equal(f->errors.count, 1);
    assert_error(f, "cairn.yaml:1:28", "(mode 0604)", "chmod 600");

    load_yaml(f, "tls: {cert: cert.pem}\n");
    assert_error(f, "cairn.yaml:1:13", "without its key", NULL);
    load_yaml(f, "tls: {key: nokey.pem}\n");
    assert_error(f, "cairn.yaml:1:12", "unable to read", NULL);
    assert_error(f, "cairn.yaml:1:12", "without its certificate", NULL);
}

static void
each_database_url_is_read_or_refused(void **state)
{
    static const struct {
        const char *url;
        const char *message; /* NULL: fine */
        enum config_database_engine engine;
    } rows[] = {
        {"sqlite:data/x.db", NULL, CONFIG_ENGINE_SQLITE},
        {"sqlite:/srv/x.db", NULL, CONFIG_ENGINE_SQLITE},
        {"postgres://u@h/x", NULL, CONFIG_ENGINE_POSTGRES},
        {"postgres://u:p%40@h:5432/x?sslmode=require", NULL, CONFIG_ENGINE_POSTGRES},
        {"postgresql://h/x", NULL, CONFIG_ENGINE_POSTGRES},
        {"postgres:///x?host=/run/postgresql", NULL, CONFIG_ENGINE_POSTGRES},
        {"sqlite:", "needs a file", 0},
        {"sqlite::memory:", "needs a file", 0},
        {"sqlite:///x.db", "two slashes", 0},
        {"postgres://", "neither a host nor a name", 0},
        {"postgres:///", "neither a host nor a name", 0},
        {"postgres://u:hunter2/b@h/x", "must be escaped", 0},
        {"postgres://u:hunter2@h/a b", "blanks", 0},
        {"mysql://u:hunter2@h/x", "no engine for 'mysql'", 0},
        {"data/x.db", "no engine", 0},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNTOF(rows); i++) {
        const char *const flags[] = {"database-url", rows[i].url, NULL};

        load(f, "", NULL, NULL, flags);
        if (rows[i].message != NULL) {
            assert_error(f, "flag --database-url", rows[i].message, NULL);
            assert_int_equal(f->errors.count, 1);
            assert_null(strstr(f->errors.items[0].message, "hunter2"));
        } else {
            assert_loaded(f);
            assert_int_equal(f->config->database_engine, rows[i].engine);
            assert_int_equal(f->config->database_path != NULL,
                             rows[i].engine == CONFIG_ENGINE_SQLITE);
        }
    }
}

static void
the_address_of_the_api_is_a_url_with_a_host(void **state)
{
    static const struct {
        const char *url;
        bool ok;
    } rows[] = {
        {"https://api.example.com/rest/v1", true},
        {"http://[::1]:3000", true},
        {"https:///rest/v1", false},
        {"ftp://api.example.com/", false},
        {"api.example.com/rest/v1", false},
        {"https://api.example.com/a b", false},
        {"https://api.example.com/?x", false},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNTOF(rows); i++) {
        const char *const flags[] = {"openapi.url", rows[i].url, NULL};

        load(f, "", NULL, NULL, flags);
        if (rows[i].ok)
            assert_loaded(f);
        else
            assert_error(f, "flag --openapi.url", "is not such a URL", "scheme, host and path");
    }
}

static void
passwords_are_masked_wherever_they_stand_in_a_url(void **state)
{
    static const struct {
        const char *url;
        const char *masked;
    } rows[] = {
        {"postgres://u:secret@h:1/x", "postgres://u:***@h:1/x"},
        {"postgres://u@h:1/x", "postgres://u@h:1/x"},
        {"postgres://u:a@secret@h/x", "postgres://u:***@h/x"},
        {"postgres://u:se/cret@h/x", "postgres://u:***@h/x"},
        {"postgres://h/x?password=secret", "postgres://h/x?password=***"},
        {"postgres://h/x?a=1&password=secret&b=2", "postgres://h/x?a=1&password=***&b=2"},
        {"sqlite:data/x.db", "sqlite:data/x.db"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNTOF(rows); i++)
        assert_string_equal(config_url_mask(f->arena, rows[i].url), rows[i].masked);
}

static void
what_is_shown_has_no_password(void **state)
{
    struct fixture *f = *state;
    const char *const flags[] = {"database-url", "postgres://u:hunter2@h/x", NULL};
    struct json *json;
    struct err err = {0};
    struct buf out;

    load(f, "", NULL, NULL, flags);
    assert_loaded(f);
    buf_init(&out, 1 << 20);
    config_write_text(f->config, &out);
    assert_null(strstr(buf_cstr(&out), "hunter2"));
    assert_non_null(strstr(buf_cstr(&out), "postgres://u:***@h/x"));

    buf_clear(&out);
    config_write_json(f->config, &out);
    assert_null(strstr(buf_cstr(&out), "hunter2"));
    assert_true(json_parse(buf_str(&out), JSON_LIMITS_DEFAULT, f->arena, &json, &err));
    assert_int_equal(json->count, CONFIG_OPTION_COUNT);
    buf_fini(&out);
}

static void
weak_and_short_secrets_are_refused_without_being_repeated(void **state)
{
    static const struct config_option_def def = {
        .key = "x.secret", .type = CONFIG_TYPE_SECRET, .min = 0, .max = 4096};
    struct fixture *f = *state;
    struct config_loader loader = {.arena = f->arena, .errors = &f->errors};
    const char *text = "hunter2-hunter2";
    struct config_setting setting = {.items = &text, .count = 1, .origin = ".env:1"};
    const char *field = NULL;

    assert_false(config_value_store(&loader, &def, &setting, &field));
    text = "super-secret-jwt-token-with-at-least-32-characters-long";
    assert_false(config_value_store(&loader, &def, &setting, &field));
    assert_int_equal(f->errors.count, 2);
    assert_error(f, ".env:1", "shorter than 32 bytes", "openssl rand");
    assert_error(f, ".env:1", "everybody knows", "openssl rand");
    for (size_t i = 0; i < f->errors.count; i++) {
        assert_null(strstr(f->errors.items[i].message, "hunter2"));
        assert_null(strstr(f->errors.items[i].message, "super-secret"));
    }
    assert_null(field);
    text = "kq0Yw8dA3vB6mN1xC5zL9pR2tU7jH4gF";
    assert_true(config_value_store(&loader, &def, &setting, &field));
    assert_ptr_equal(field, text);
}

static void
every_option_has_a_doc_and_a_name_of_its_own(void **state)
{
    for (unsigned i = 0; i < CONFIG_OPTION_COUNT; i++) {
        enum config_option found;

        assert_true(strlen(config_options[i].doc) > 20);
        assert_true(config_find_option(str_from(config_options[i].key), &found));
        assert_int_equal(found, i);
    }
}

static void
settings_of_the_application_add_up_and_are_not_shown(void **state)
{
    struct fixture *f = *state;
    char third[] = "CAIRN_APP_SETTINGS_THIRD=3=3";
    char first[] = "CAIRN_APP_SETTINGS_FIRST=env";
    char *env[] = {third, first, NULL};
    struct buf shown;

    load(f, "app:\n  settings:\n    first: 1\n    jwt.second: \"two\"\n", NULL, env, NULL);
    assert_loaded(f);
    assert_int_equal(f->config->app_settings.count, 3);
    assert_string_equal(f->config->app_settings.items[0], "FIRST=env");
    assert_string_equal(f->config->app_settings.items[1], "jwt.second=two");
    assert_string_equal(f->config->app_settings.items[2], "THIRD=3=3");
    buf_init(&shown, 4096);
    config_write_value(f->config, CONFIG_APP_SETTINGS, &shown);
    assert_string_equal(buf_cstr(&shown), "FIRST=***,jwt.second=***,THIRD=***");
    buf_fini(&shown);
}

static void
settings_of_the_application_have_names_that_postgresql_takes(void **state)
{
    struct fixture *f = *state;

    load_yaml(f, "app:\n  settings:\n    \"a b\": 1\n");
    assert_error(f, "cairn.yaml:3:5", "'a b' can't be the name of a setting", "letters");
    f->errors = (struct config_errors){0};
    load_yaml(f, "app:\n  settings:\n    a: [1]\n");
    assert_error(f, "cairn.yaml:3:8", "a plain value is needed", "NAME: VALUE");
}

static void
a_function_before_requests_needs_postgresql(void **state)
{
    struct fixture *f = *state;

    load_yaml(f, "transaction:\n  pre_request: api.before\n");
    assert_error(f, "cairn.yaml:2:16", "the embedded database has no function to call",
                 "database.url");
    f->errors = (struct config_errors){0};
    load_yaml(f, "database:\n  url: postgres://localhost/x\n"
                 "transaction:\n  pre_request: api.before\n");
    assert_loaded(f);
}

static void
the_schema_is_json_and_names_every_option(void **state)
{
    struct fixture *f = *state;
    struct json *schema;
    struct err err = {0};

    assert_true(
        json_parse(str_from(config_schema_json), JSON_LIMITS_DEFAULT, f->arena, &schema, &err));
    for (unsigned i = 0; i < CONFIG_OPTION_COUNT; i++) {
        struct str rest = str_from(config_options[i].key);
        const struct json *node = json_get(schema, "properties");
        struct str part = str_cut(&rest, '.');

        node = json_get(node, arena_cstr(f->arena, part));
        if (rest.data != NULL)
            node = json_get(json_get(node, "properties"), rest.data);
        assert_non_null(node);
        assert_non_null(json_get(node, "description"));
    }
}

static void
the_sample_uncommented_gives_the_defaults(void **state)
{
    struct fixture *f = *state;
    struct str rest = str_from(config_sample_yaml);
    struct buf yaml;

    buf_init(&yaml, 1 << 20);
    while (rest.data != NULL) {
        struct str line = str_cut(&rest, '\n');

        assert_true(line.len == 0 || line.data[0] == '#');
        buf_add_str(&yaml, str_slice(line, 1, line.len));
        buf_add_char(&yaml, '\n');
    }
    load_yaml(f, buf_cstr(&yaml));
    assert_loaded(f);
    for (unsigned i = 0; i < CONFIG_OPTION_COUNT; i++) {
        struct buf value;

        buf_init(&value, 4096);
        config_write_value(f->config, (enum config_option)i, &value);
        if (config_options[i].defaults[0] == NULL) {
            assert_int_equal(value.len, 0);
        } else {
            assert_non_null(strstr(f->config->origin[i], "cairn.yaml:"));
            if (config_options[i].type == CONFIG_TYPE_INT ||
                config_options[i].type == CONFIG_TYPE_ENUM)
                assert_string_equal(buf_cstr(&value), config_options[i].defaults[0]);
        }
        buf_fini(&value);
    }
    buf_fini(&yaml);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_empty_file_gives_the_defaults_of_stage_poc),
        TEST(a_missing_file_is_an_error_that_names_init),
        TEST(the_stage_selects_defaults_and_a_set_value_stays),
        TEST(later_sources_win_over_earlier_ones),
        TEST(every_error_is_reported_at_once_with_its_place),
        TEST(each_wrong_line_of_yaml_has_its_error),
        TEST(bytes_that_are_no_text_are_an_error),
        TEST(each_address_is_read_or_refused),
        TEST(sizes_and_durations_are_read_and_written_back),
        TEST(dotenv_lines_are_read_as_a_shell_would),
        TEST(only_slips_in_the_environment_are_errors),
        TEST(addresses_beyond_this_machine_need_tls),
        TEST(a_key_that_others_may_read_is_refused),
        TEST(each_database_url_is_read_or_refused),
        TEST(the_address_of_the_api_is_a_url_with_a_host),
        TEST(passwords_are_masked_wherever_they_stand_in_a_url),
        TEST(what_is_shown_has_no_password),
        TEST(weak_and_short_secrets_are_refused_without_being_repeated),
        TEST(every_option_has_a_doc_and_a_name_of_its_own),
        TEST(settings_of_the_application_add_up_and_are_not_shown),
        TEST(settings_of_the_application_have_names_that_postgresql_takes),
        TEST(a_function_before_requests_needs_postgresql),
        TEST(the_schema_is_json_and_names_every_option),
        TEST(the_sample_uncommented_gives_the_defaults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
