/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The project's migrations against a database that only keeps its record.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/driver.h"
#include "server/migrate.h"

struct fake_db {
    struct db db;
    struct db_migration rows[16];
    size_t count;
    const char *fails_on; /* file name, or NULL */
    const char *taken;    /* another process applies this one first, or NULL */
};

struct fixture {
    char dir[64];
    struct arena *arena;
    struct fake_db fake;
    char told[256]; /* what the watcher heard */
    struct err err;
};

static bool
fake_list(struct db *db, struct arena *arena, struct db_migration **out, size_t *count,
          struct err *err)
{
    struct fake_db *fake = (struct fake_db *)db;

    *out = fake->rows;
    *count = fake->count;

    return true;
}

static bool
fake_migrate(struct db *db, struct str name, struct str text, struct str checksum, bool *applied,
             struct err *err)
{
    struct fake_db *fake = (struct fake_db *)db;
    char *row = xcalloc(1, name.len + 1 + checksum.len);

    *applied = fake->taken == NULL || !str_eq(name, str_from(fake->taken));
    if (fake->fails_on != NULL && str_eq(name, str_from(fake->fails_on))) {
        free(row);
        return err_set(err, ERR_MIGRATION, "", "%.*s:1:1: refused", STR_ARG(name));
    }
    memcpy(row, name.data, name.len);
    memcpy(row + name.len + 1, checksum.data, checksum.len);
    fake->rows[fake->count++] = (struct db_migration){
        .name = str_make(row, name.len),
        .checksum = str_make(row + name.len + 1, checksum.len),
        .applied_us = 1,
    };

    return true;
}

static const struct db_driver fake_driver = {
    .migrations_list = fake_list,
    .migrate = fake_migrate,
};

static int
setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));

    snprintf(f->dir, sizeof(f->dir), "/tmp/cairn-migrate-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    f->arena = arena_new(4096, 64 * 1024 * 1024);
    f->fake.db.driver = &fake_driver;
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

    for (size_t i = 0; i < f->fake.count; i++)
        free((void *)(uintptr_t)f->fake.rows[i].name.data);
    nftw(f->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    arena_free(f->arena);
    free(f);

    return 0;
}

static void
put(struct fixture *f, const char *name, const char *text)
{
    char path[256];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", f->dir, name);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void
take_away(struct fixture *f, const char *name)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", f->dir, name);
    assert_int_equal(unlink(path), 0);
}

static void
on_applied(void *ctx, struct str name, int64_t took_us)
{
    struct fixture *f = ctx;
    size_t len = strlen(f->told);

    snprintf(f->told + len, sizeof(f->told) - len, "%.*s ", STR_ARG(name));
}

static bool
up(struct fixture *f, size_t *count)
{
    const struct migrate_watcher watcher = {.applied = on_applied, .ctx = f};

    f->told[0] = '\0';

    return migrate_up(&f->fake.db, f->dir, f->arena, &watcher, count, &f->err);
}

static enum migrate_state
state_of(struct fixture *f, const char *name)
{
    struct migrate_list list;

    assert_true(migrate_status(&f->fake.db, f->dir, f->arena, &list, &f->err));
    for (size_t i = 0; i < list.count; i++) {
        if (str_eq(list.items[i].name, str_from(name)))
            return list.items[i].state;
    }
    fail_msg("%s is not listed", name);

    return MIGRATE_APPLIED;
}

static void
new_files_are_applied_in_the_order_of_their_names_once(void **state)
{
    struct fixture *f = *state;
    size_t count;

    put(f, "0002_b.sql", "SELECT 2;");
    put(f, "0001_a.sql", "SELECT 1;");
    put(f, "0010_c.sql", "SELECT 3;");
    put(f, "notes.txt", "no SQL");
    put(f, ".0003_d.sql.swp", "an editor's");
    put(f, "0004_e.sql~", "an editor's");
    assert_true(up(f, &count));
    assert_int_equal(count, 3);
    assert_string_equal(f->told, "0001_a.sql 0002_b.sql 0010_c.sql ");
    assert_true(up(f, &count));
    assert_int_equal(count, 0);
    assert_string_equal(f->told, "");
}

static void
a_folder_that_is_not_there_holds_none(void **state)
{
    struct fixture *f = *state;
    struct migrate_list list;
    char path[128];

    snprintf(path, sizeof(path), "%s/none", f->dir);
    assert_true(migrate_status(&f->fake.db, path, f->arena, &list, &f->err));
    assert_int_equal(list.count, 0);
    assert_true(list.is_clean);
}

static void
an_edited_file_is_refused_before_anything_runs(void **state)
{
    struct fixture *f = *state;
    size_t count;

    put(f, "0001_a.sql", "SELECT 1;");
    assert_true(up(f, &count));
    put(f, "0001_a.sql", "SELECT 1; ");
    put(f, "0002_b.sql", "SELECT 2;");
    assert_int_equal(state_of(f, "0001_a.sql"), MIGRATE_CHANGED);
    assert_false(up(f, &count));
    assert_int_equal(count, 0);
    assert_int_equal(f->err.kind, ERR_MIGRATION);
    assert_non_null(strstr(f->err.message, "'0001_a.sql'"));
    assert_non_null(strstr(f->err.hint, "cairn migrate new"));
    put(f, "0001_a.sql", "SELECT 1;");
    assert_true(up(f, &count));
    assert_int_equal(count, 1);
}

static void
a_file_that_is_gone_is_refused(void **state)
{
    struct fixture *f = *state;
    size_t count;

    put(f, "0001_a.sql", "SELECT 1;");
    put(f, "0002_b.sql", "SELECT 2;");
    assert_true(up(f, &count));
    take_away(f, "0001_a.sql");
    assert_int_equal(state_of(f, "0001_a.sql"), MIGRATE_MISSING);
    assert_int_equal(state_of(f, "0002_b.sql"), MIGRATE_APPLIED);
    assert_false(up(f, &count));
    assert_non_null(strstr(f->err.message, "'0001_a.sql'"));
}

static void
a_file_that_sorts_before_an_applied_one_is_refused(void **state)
{
    struct fixture *f = *state;
    size_t count;

    put(f, "0001_a.sql", "SELECT 1;");
    put(f, "0003_c.sql", "SELECT 3;");
    assert_true(up(f, &count));
    put(f, "0002_b.sql", "SELECT 2;");
    put(f, "0004_d.sql", "SELECT 4;");
    assert_int_equal(state_of(f, "0002_b.sql"), MIGRATE_LATE);
    assert_int_equal(state_of(f, "0004_d.sql"), MIGRATE_PENDING);
    assert_false(up(f, &count));
    assert_int_equal(count, 0);
    assert_non_null(strstr(f->err.hint, "rename"));
}

static void
what_came_before_a_failure_stays_applied(void **state)
{
    struct fixture *f = *state;
    size_t count;

    put(f, "0001_a.sql", "SELECT 1;");
    put(f, "0002_b.sql", "SELECT 2;");
    put(f, "0003_c.sql", "SELECT 3;");
    f->fake.fails_on = "0002_b.sql";
    assert_false(up(f, &count));
    assert_int_equal(count, 1);
    assert_string_equal(f->told, "0001_a.sql ");
    assert_int_equal(state_of(f, "0003_c.sql"), MIGRATE_PENDING);
    f->fake.fails_on = NULL;
    assert_true(up(f, &count));
    assert_int_equal(count, 2);
}

static void
what_another_process_applied_meanwhile_is_not_counted(void **state)
{
    struct fixture *f = *state;
    size_t count;

    put(f, "0001_a.sql", "SELECT 1;");
    put(f, "0002_b.sql", "SELECT 2;");
    f->fake.taken = "0001_a.sql";
    assert_true(up(f, &count));
    assert_int_equal(count, 1);
    assert_string_equal(f->told, "0002_b.sql ");
}

static void
a_file_without_a_statement_waits(void **state)
{
    static const char *const blank[] = {
        "",
        "\n",
        "-- a comment\n",
        "-- at the end, without a newline",
        "/* a\nblock */\n",
        " \t\r\n-- one\n/* two */ -- three\n",
    };
    static const char *const full[] = {"SELECT 1", "-- a\nSELECT 1;", "/* open", "/**/;", "- -"};
    struct fixture *f = *state;
    size_t count;

    for (size_t i = 0; i < COUNTOF(blank); i++) {
        put(f, "0001_a.sql", blank[i]);
        assert_true(up(f, &count));
        assert_int_equal(count, 0);
        assert_int_equal(state_of(f, "0001_a.sql"), MIGRATE_PENDING);
    }
    take_away(f, "0001_a.sql");
    for (size_t i = 0; i < COUNTOF(full); i++) {
        char name[32];

        snprintf(name, sizeof(name), "%04zu_x.sql", i);
        put(f, name, full[i]);
        assert_true(up(f, &count));
        assert_int_equal(count, 1);
    }
}

static void
a_new_file_has_the_next_number(void **state)
{
    static const char *const bad[] = {"", "-a", "a b", "../a", "a.b", "a/b", "\xc3\xa9"};
    struct fixture *f = *state;
    const char *path;
    size_t count;

    assert_true(migrate_new(f->dir, STR("init"), f->arena, &path, &f->err));
    assert_non_null(strstr(path, "/0001_init.sql"));
    put(f, "0041_x.sql", "SELECT 1;");
    assert_true(migrate_new(f->dir, STR("add-y_2"), f->arena, &path, &f->err));
    assert_non_null(strstr(path, "/0042_add-y_2.sql"));
    for (size_t i = 0; i < COUNTOF(bad); i++) {
        assert_false(migrate_new(f->dir, str_from(bad[i]), f->arena, &path, &f->err));
        assert_int_equal(f->err.kind, ERR_USAGE);
    }
    take_away(f, "0001_init.sql");
    assert_true(up(f, &count));
    assert_int_equal(count, 1);
}

static void
the_folder_of_the_database_is_made(void **state)
{
    struct fixture *f = *state;
    struct config config = {0};
    struct stat st;
    char path[128];

    assert_true(migrate_prepare(&config, &f->err));
    config.database_path = "shop.db";
    assert_true(migrate_prepare(&config, &f->err));
    snprintf(path, sizeof(path), "%s/data/deep/shop.db", f->dir);
    config.database_path = path;
    assert_true(migrate_prepare(&config, &f->err));
    assert_int_equal(stat(path, &st), -1);
    *strrchr(path, '/') = '\0';
    assert_int_equal(stat(path, &st), 0);
    assert_true(S_ISDIR(st.st_mode));
}

static void
a_request_has_the_shorter_of_two_times(void **state)
{
    struct config config = {.database_statement_timeout = 5000, .http_request_timeout = 30000};

    assert_int_equal(migrate_db_options(&config, 2).statement_timeout_ms, 5000);
    config.http_request_timeout = 700;
    assert_int_equal(migrate_db_options(&config, 2).statement_timeout_ms, 700);
    assert_int_equal(migrate_db_options(&config, 2).loops, 2);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(new_files_are_applied_in_the_order_of_their_names_once),
        TEST(a_folder_that_is_not_there_holds_none),
        TEST(an_edited_file_is_refused_before_anything_runs),
        TEST(a_file_that_is_gone_is_refused),
        TEST(a_file_that_sorts_before_an_applied_one_is_refused),
        TEST(what_came_before_a_failure_stays_applied),
        TEST(what_another_process_applied_meanwhile_is_not_counted),
        TEST(a_file_without_a_statement_waits),
        TEST(a_new_file_has_the_next_number),
        TEST(the_folder_of_the_database_is_made),
        TEST(a_request_has_the_shorter_of_two_times),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
