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

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "cli/cli.h"
#include "cli/template.h"
#include "core/json.h"

struct fixture {
    char dir[64];
    char out[64 * 1024];
    char err[64 * 1024];
};

static char *no_environment[] = {NULL};

static int
setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));

    snprintf(f->dir, sizeof(f->dir), "/tmp/cairn-cli-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    assert_int_equal(chdir(f->dir), 0);
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

    assert_int_equal(chdir("/"), 0);
    nftw(f->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(f);

    return 0;
}

static int
capture(int fd, int *saved)
{
    char path[] = "/tmp/cairn-cli-out-XXXXXX";
    int file = mkstemp(path);

    assert_true(file >= 0);
    unlink(path);
    *saved = dup(fd);
    assert_int_equal(dup2(file, fd), fd);

    return file;
}

static void
restore(int fd, int saved, int file, char *text, size_t size)
{
    ssize_t len;

    assert_int_equal(dup2(saved, fd), fd);
    close(saved);
    len = pread(file, text, size - 1, 0);
    assert_true(len >= 0);
    text[len] = '\0';
    close(file);
}

/* Runs the program with these words; returns its exit code. */
static int
run(struct fixture *f, char **env, const char *first, ...)
{
    char *argv[16] = {(char[]){"cairn"}};
    int argc = 1;
    int saved_out, saved_err, out, err, code;
    va_list args;

    va_start(args, first);
    for (const char *word = first; word != NULL; word = va_arg(args, const char *))
        argv[argc++] = xstrdup(word);
    va_end(args);

    fflush(stdout);
    out = capture(STDOUT_FILENO, &saved_out);
    err = capture(STDERR_FILENO, &saved_err);
    code = cli_main(argc, argv, env);
    fflush(stdout);
    restore(STDERR_FILENO, saved_err, err, f->err, sizeof(f->err));
    restore(STDOUT_FILENO, saved_out, out, f->out, sizeof(f->out));
    for (int i = 1; i < argc; i++)
        free(argv[i]);

    return code;
}

#define RUN(f, ...) run((f), no_environment, __VA_ARGS__, (const char *)NULL)

static bool
is_json(const char *text)
{
    struct arena *arena = arena_new(4096, 1 << 24);
    struct json *json;
    struct err err = {0};
    bool ok = json_parse(str_from(text), JSON_LIMITS_DEFAULT, arena, &json, &err);

    arena_free(arena);

    return ok;
}

static void
no_words_show_the_commands_and_end_with_4(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(run(f, no_environment, NULL), CLI_USAGE);
    assert_string_equal(f->out, "");
    assert_non_null(strstr(f->err, "usage: cairn COMMAND"));
}

static void
help_goes_to_stdout_and_names_every_command(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(RUN(f, "help"), CLI_DONE);
    assert_string_equal(f->err, "");
    for (size_t i = 0; i < command_count; i++) {
        if (command_table[i].parent[0] == '\0')
            assert_non_null(strstr(f->out, command_table[i].name));
    }
    assert_int_equal(RUN(f, "--help"), CLI_DONE);
    assert_non_null(strstr(f->out, "usage: cairn COMMAND"));
}

static void
every_command_explains_itself(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < command_count; i++) {
        struct str rest = str_from(command_table[i].name);
        struct str word = str_cut(&rest, ' ');
        char first[64];

        snprintf(first, sizeof(first), "%.*s", STR_ARG(word));
        assert_int_equal(RUN(f, "help", first, rest.data), CLI_DONE);
        assert_non_null(strstr(f->out, command_table[i].summary));
        if (rest.data != NULL)
            assert_int_equal(RUN(f, first, rest.data, "--help"), CLI_DONE);
        else
            assert_int_equal(RUN(f, first, "-h"), CLI_DONE);
        assert_non_null(strstr(f->out, command_table[i].summary));
    }
}

static void
help_explains_every_option(void **state)
{
    struct fixture *f = *state;

    for (unsigned i = 0; i < CONFIG_OPTION_COUNT; i++) {
        assert_int_equal(RUN(f, "help", config_options[i].key), CLI_DONE);
        assert_non_null(strstr(f->out, config_options[i].env));
    }
    assert_int_equal(RUN(f, "help", "http.haed_max"), CLI_USAGE);
    assert_non_null(strstr(f->err, "did you mean http.head_max?"));
}

static void
each_wrong_command_line_ends_with_4_and_a_way_out(void **state)
{
    static const struct {
        const char *words[5];
        const char *says;
        const char *hint;
    } rows[] = {
        {{"confg"}, "unknown command 'confg'", "did you mean cairn config?"},
        {{"xyzzy"}, "unknown command 'xyzzy'", "cairn help lists the commands"},
        {{"config show"}, "unknown command 'config show'", NULL},
        {{"config", "chek"}, "cairn config has no 'chek'", "did you mean cairn config check?"},
        {{"config", "zzz"}, "cairn config has no 'zzz'", "cairn help config"},
        {{"config"}, "usage: cairn config", NULL},
        {{"init"}, "an argument is missing", "usage: cairn init NAME"},
        {{"init", "a", "b"}, "one argument too many: 'b'", "usage: cairn init NAME"},
        {{"version", "--jsn"}, "unknown flag '--jsn'", "did you mean --json?"},
        {{"version", "--zzz"}, "unknown flag '--zzz'", "cairn help version"},
        {{"version", "--json=1"}, "--json takes no value", NULL},
        {{"version", "-x"}, "unknown flag '-x'", NULL},
        {{"version", "--listen=x"}, "unknown flag '--listen=x'", NULL},
        {{"config", "show", "--lisen=x"}, "unknown flag '--lisen=x'", "did you mean --listen?"},
        {{"config", "show", "--listen"}, "a value is missing after '--listen'", NULL},
        {{"--json"}, "usage: cairn COMMAND", NULL},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNTOF(rows); i++) {
        const char *const *w = rows[i].words;

        assert_int_equal(RUN(f, w[0], w[1], w[2], w[3]), CLI_USAGE);
        assert_string_equal(f->out, "");
        assert_non_null(strstr(f->err, rows[i].says));
        if (rows[i].hint != NULL)
            assert_non_null(strstr(f->err, rows[i].hint));
    }
}

static void
version_is_text_and_json(void **state)
{
    struct fixture *f = *state;
    char *text;

    assert_int_equal(RUN(f, "version"), CLI_DONE);
    assert_memory_equal(f->out, "cairn ", 6);
    text = xstrdup(f->out);
    assert_int_equal(RUN(f, "--version"), CLI_DONE);
    assert_string_equal(f->out, text);
    free(text);
    assert_int_equal(RUN(f, "version", "--json"), CLI_DONE);
    assert_true(is_json(f->out));
}

static void
init_makes_a_project_whose_configuration_is_valid(void **state)
{
    struct fixture *f = *state;
    struct stat st;

    assert_int_equal(RUN(f, "init", "shop"), CLI_DONE);
    assert_string_equal(f->out, "");
    assert_non_null(strstr(f->err, "next     cd shop && cairn dev"));
    for (unsigned i = 0; i < template_count; i++) {
        char path[128];

        assert_non_null(strstr(f->err, templates[i].path));
        snprintf(path, sizeof(path), "shop/%s", templates[i].path);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0644);
        assert_true(st.st_size > 0);
    }
    assert_int_equal(stat("shop/.cairn/tls/key.pem", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);

    assert_int_equal(chdir("shop"), 0);
    assert_int_equal(RUN(f, "config", "check"), CLI_DONE);
    assert_int_equal(RUN(f, "config", "check", "--listen=0.0.0.0:1",
                         "--tls.cert=.cairn/tls/cert.pem", "--tls-key", ".cairn/tls/key.pem"),
                     CLI_DONE);
    assert_int_equal(RUN(f, "config", "show"), CLI_DONE);
    assert_non_null(strstr(f->out, "sqlite:data/shop.db"));
}

static void
init_overwrites_nothing(void **state)
{
    struct fixture *f = *state;
    struct stat st;

    assert_int_equal(mkdir("shop", 0755), 0);
    assert_int_equal(symlink("nowhere", "shop/GAPS.md"), 0);
    assert_int_equal(RUN(f, "init", "shop"), CLI_USAGE);
    assert_non_null(strstr(f->err, "'shop/GAPS.md' exists"));
    assert_int_equal(stat("shop/cairn.yaml", &st), -1);
    assert_int_equal(stat("shop/migrations", &st), -1);

    assert_int_equal(unlink("shop/GAPS.md"), 0);
    assert_int_equal(RUN(f, "init", "shop"), CLI_DONE);
    assert_int_equal(RUN(f, "init", "shop"), CLI_USAGE);
}

static void
init_takes_names_that_are_names(void **state)
{
    static const char *const bad[] = {"",     "-x",   "a b",      "a/",  "..",
                                      "x/..", "a\nb", "\xc3\xa9", "a;b", "a.b"};
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNTOF(bad); i++) {
        if (strcmp(bad[i], "a/") == 0)
            continue;
        assert_int_equal(RUN(f, "init", "--", bad[i]), CLI_USAGE);
        assert_non_null(strstr(f->err, "can't be the name"));
    }
    assert_int_equal(RUN(f, "init", "--json", "sub/dir/shop/"), CLI_DONE);
    assert_true(is_json(f->out));
    assert_int_equal(chdir("sub/dir/shop"), 0);
    assert_int_equal(RUN(f, "config", "check"), CLI_DONE);

    assert_int_equal(mkdir("here", 0755), 0);
    assert_int_equal(chdir("here"), 0);
    assert_int_equal(RUN(f, "init", "."), CLI_DONE);
    assert_non_null(strstr(f->err, "next     cairn dev"));
    assert_int_equal(RUN(f, "config", "show"), CLI_DONE);
    assert_non_null(strstr(f->out, "sqlite:data/here.db"));
}

static void
the_certificate_is_for_this_machine_and_fits_its_key(void **state)
{
    struct err err = {0};
    FILE *file;
    X509 *cert;
    EVP_PKEY *key;

    assert_true(cli_make_certificate("cert.pem", "key.pem", 825, &err));
    file = fopen("cert.pem", "r");
    cert = PEM_read_X509(file, NULL, NULL, NULL);
    fclose(file);
    file = fopen("key.pem", "r");
    key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    assert_non_null(cert);
    assert_non_null(key);
    assert_int_equal(X509_check_private_key(cert, key), 1);
    assert_int_equal(X509_verify(cert, key), 1);
    assert_int_equal(X509_check_host(cert, "localhost", 0, 0, NULL), 1);
    assert_int_equal(X509_check_ip_asc(cert, "127.0.0.1", 0), 1);
    assert_int_equal(X509_check_ip_asc(cert, "::1", 0), 1);
    assert_int_equal(X509_check_host(cert, "example.com", 0, 0, NULL), 0);
    assert_true(X509_cmp_current_time(X509_get0_notBefore(cert)) < 0);
    assert_true(X509_cmp_current_time(X509_get0_notAfter(cert)) > 0);
    X509_free(cert);
    EVP_PKEY_free(key);

    assert_false(cli_make_certificate("cert.pem", "key.pem", 825, &err));
    assert_non_null(strstr(err.message, "exists"));
}

static void
config_errors_go_to_stderr_or_as_json_to_stdout(void **state)
{
    struct fixture *f = *state;
    char *env[] = {(char[]){"CAIRN_STAGE=prod"}, NULL};

    assert_int_equal(RUN(f, "config", "check"), CLI_USAGE);
    assert_non_null(strstr(f->err, "cairn init NAME"));

    assert_int_equal(RUN(f, "init", "shop"), CLI_DONE);
    assert_int_equal(chdir("shop"), 0);
    assert_int_equal(run(f, env, "config", "show", "--listen=x", (const char *)NULL), CLI_USAGE);
    assert_string_equal(f->out, "");
    assert_non_null(strstr(f->err, "environment CAIRN_STAGE"));
    assert_non_null(strstr(f->err, "flag --listen"));

    assert_int_equal(run(f, env, "config", "check", "--json", (const char *)NULL), CLI_USAGE);
    assert_string_equal(f->err, "");
    assert_true(is_json(f->out));
    assert_non_null(strstr(f->out, "\"ok\": false"));
    assert_int_equal(RUN(f, "config", "check", "--json"), CLI_DONE);
    assert_true(is_json(f->out));
    assert_int_equal(RUN(f, "config", "show", "--json"), CLI_DONE);
    assert_true(is_json(f->out));
    assert_int_equal(RUN(f, "config", "schema"), CLI_DONE);
    assert_true(is_json(f->out));
}

static void
migrate_new_numbers_on(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(RUN(f, "init", "shop"), CLI_DONE);
    assert_int_equal(chdir("shop"), 0);
    assert_int_equal(RUN(f, "migrate", "new", "add_reviews"), CLI_DONE);
    assert_non_null(strstr(f->out, "migrations/0002_add_reviews.sql\n"));
    assert_int_equal(access("migrations/0002_add_reviews.sql", R_OK), 0);
    assert_int_equal(RUN(f, "migrate", "new", "x", "--json"), CLI_DONE);
    assert_non_null(strstr(f->out, "0003_x.sql"));
    assert_true(is_json(f->out));
    assert_int_equal(RUN(f, "migrate", "new", "../evil"), CLI_USAGE);
    assert_non_null(strstr(f->err, "can't be the name of a migration"));
}

static void
nothing_is_coloured_when_nobody_looks(void **state)
{
    struct fixture *f = *state;
    char *env[] = {(char[]){"TERM=xterm"}, NULL};

    assert_int_equal(run(f, env, "nonsense", (const char *)NULL), CLI_USAGE);
    assert_null(strchr(f->err, '\x1b'));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(no_words_show_the_commands_and_end_with_4),
        TEST(help_goes_to_stdout_and_names_every_command),
        TEST(every_command_explains_itself),
        TEST(help_explains_every_option),
        TEST(each_wrong_command_line_ends_with_4_and_a_way_out),
        TEST(version_is_text_and_json),
        TEST(init_makes_a_project_whose_configuration_is_valid),
        TEST(init_overwrites_nothing),
        TEST(init_takes_names_that_are_names),
        TEST(the_certificate_is_for_this_machine_and_fits_its_key),
        TEST(config_errors_go_to_stderr_or_as_json_to_stdout),
        TEST(migrate_new_numbers_on),
        TEST(nothing_is_coloured_when_nobody_looks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
