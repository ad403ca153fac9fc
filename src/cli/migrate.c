/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cairn migrate up, status and new.
 */
#include "server/migrate.h"

#include <time.h>

#include "cli/cli.h"
#include "core/json.h"

enum { OUTPUT_MAX = 4 * 1024 * 1024, TIME_SIZE = 32 };

static const char *const state_names[] = {
    [MIGRATE_APPLIED] = "applied", [MIGRATE_PENDING] = "pending", [MIGRATE_CHANGED] = "changed",
    [MIGRATE_MISSING] = "missing", [MIGRATE_LATE] = "late",
};

static bool
open_db(struct cli *cli, struct config **config, struct db **db, int *code)
{
    struct err err = {0};
    struct db_options options;

    *db = NULL;
    *code = CLI_USAGE;
    if (!cli_load_config(cli, config))
        return false;
    if (!(*config)->database_managed) {
        *code = cli_fail_usage(cli, "set database.managed to true, or leave it out",
                               "the migrations don't belong to this database: database.managed is "
                               "false");
        return false;
    }
    options = migrate_db_options(*config, 0);
    if (!migrate_prepare(*config, &err) || !db_open(&options, db, &err)) {
        *code = cli_fail(cli, &err);
        return false;
    }

    return true;
}

struct progress {
    const struct cli *cli;
    struct buf *json;
};

static void
say_applied(void *ctx, struct str name, int64_t took_us)
{
    struct progress *progress = ctx;

    if (progress->json->len > 1)
        BUF_ADD_LIT(progress->json, ", ");
    json_write_str(progress->json, name);
    cli_say(progress->cli, CLI_MARK_OK, "applied %.*s in %lld ms", STR_ARG(name),
            (long long)(took_us / 1000));
}

int
cli_migrate_up(struct cli *cli)
{
    struct config *config;
    struct db *db;
    struct buf json;
    struct progress progress = {.cli = cli, .json = &json};
    const struct migrate_watcher watcher = {.applied = say_applied, .ctx = &progress};
    struct err err = {0};
    size_t count;
    int code;
    bool ok;

    if (!open_db(cli, &config, &db, &code))
        return code;
    buf_init(&json, OUTPUT_MAX);
    buf_add_char(&json, '[');
    ok = migrate_up(db, config->migrations_dir, cli->arena, &watcher, &count, &err);
    code = ok ? CLI_DONE : cli_fail(cli, &err);
    if (ok && count == 0)
        cli_say(cli, CLI_MARK_OK, "nothing to apply: %s is up to date", db_describe(db));
    if (cli->json) {
        int printed;

        BUF_ADD_LIT(&json, "]\n");
        printed = cli_print(cli, &json);
        code = code != CLI_DONE ? code : printed;
    }
    buf_fini(&json);
    db_close(db);

    return code;
}

/* "2026-11-21T10:14:03Z" */
static const char *
format_time(int64_t us, char out[TIME_SIZE])
{
    time_t seconds = (time_t)(us / 1000000);
    struct tm tm;

    gmtime_r(&seconds, &tm);
    strftime(out, TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm);

    return out;
}

static int
print_json(struct cli *cli, const struct migrate_list *list)
{
    struct buf out;
    char time[TIME_SIZE];
    int code;

    buf_init(&out, OUTPUT_MAX);
    buf_add_char(&out, '[');
    for (size_t i = 0; i < list->count; i++) {
        const struct migrate_item *item = &list->items[i];

        buf_add_str(&out, i > 0 ? STR(",\n ") : STR("\n "));
        BUF_ADD_LIT(&out, "{\"name\": ");
        json_write_str(&out, item->name);
        buf_printf(&out, ", \"state\": \"%s\", \"applied_at\": ", state_names[item->state]);
        if (item->applied_us != 0)
            buf_printf(&out, "\"%s\"}", format_time(item->applied_us, time));
        else
            BUF_ADD_LIT(&out, "null}");
    }
    BUF_ADD_LIT(&out, "\n]\n");
    code = cli_print(cli, &out);
    buf_fini(&out);

    return code;
}

static int
print_text(struct cli *cli, const struct migrate_list *list)
{
    struct buf out;
    char time[TIME_SIZE];
    int code;

    buf_init(&out, OUTPUT_MAX);
    for (size_t i = 0; i < list->count; i++) {
        const struct migrate_item *item = &list->items[i];

        buf_printf(&out, "%-8s  %-20s  %.*s\n", state_names[item->state],
                   item->applied_us != 0 ? format_time(item->applied_us, time) : "-",
                   STR_ARG(item->name));
    }
    code = cli_print(cli, &out);
    buf_fini(&out);

    return code;
}

int
cli_migrate_status(struct cli *cli)
{
    struct config *config;
    struct db *db;
    struct migrate_list list;
    struct err err = {0};
    int code;

    if (!open_db(cli, &config, &db, &code))
        return code;
    if (!migrate_status(db, config->migrations_dir, cli->arena, &list, &err)) {
        code = cli_fail(cli, &err);
        goto out;
    }
    code = cli->json ? print_json(cli, &list) : print_text(cli, &list);
    if (!migrate_check(&list, &err))
        code = cli_fail(cli, &err);
    else if (code == CLI_DONE && list.pending > 0)
        code = CLI_FAILED;

out:
    db_close(db);

    return code;
}

int
cli_migrate_new(struct cli *cli)
{
    struct config *config;
    struct err err = {0};
    const char *path;
    struct buf out;
    int code;

    if (!cli_load_config(cli, &config))
        return CLI_USAGE;
    if (!migrate_new(config->migrations_dir, str_from(cli->args[0]), cli->arena, &path, &err))
        return cli_fail(cli, &err);
    buf_init(&out, OUTPUT_MAX);
    if (cli->json) {
        BUF_ADD_LIT(&out, "{\"created\": ");
        json_write_str(&out, str_from(path));
        BUF_ADD_LIT(&out, "}\n");
    } else {
        buf_printf(&out, "%s\n", path);
    }
    code = cli_print(cli, &out);
    buf_fini(&out);

    return code;
}
