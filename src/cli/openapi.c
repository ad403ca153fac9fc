/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cairn openapi.
 */
#include "cli/cli.h"
#include "server/migrate.h"
#include "server/site.h"

int
cli_openapi(struct cli *cli)
{
    struct config *config;
    struct db_options options;
    struct db *db = NULL;
    struct model *model;
    struct site *site;
    struct err err = {0};
    int code;

    if (!cli_load_config(cli, &config))
        return CLI_USAGE;
    options = migrate_db_options(config, 0);
    if (!migrate_prepare(config, &err) || !db_open(&options, &db, &err) ||
        !db_introspect(db, &model, &err)) {
        code = cli_fail(cli, &err);
        goto out;
    }
    site = site_new(config, model, NULL);
    code = cli_print(cli, &site->openapi);
    site_unref(site);

out:
    db_close(db);

    return code;
}
