/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cairn keys: the tokens that programs use, made from the project's secret.
 */
#include "auth/jwt.h"
#include "auth/secret.h"
#include "cli/cli.h"
#include "core/clock.h"

enum { KEY_MAX = 4096, CLAIMS_MAX = 1024 };

#define VALID_S ((int64_t)10 * 365 * 24 * 3600)

static const char *const roles[] = {"anon", "service_role"};

/* The same as long as the secret is: what it depends on is when that was made. */
static void
make_key(const char *project, const char *role, struct str secret, int64_t made_s, struct buf *out)
{
    struct buf claims;

    buf_init(&claims, CLAIMS_MAX);
    buf_printf(&claims,
               "{\"role\":\"%s\",\"iss\":\"cairn\",\"ref\":\"%s\",\"iat\":%lld,\"exp\":%lld}", role,
               project, (long long)made_s, (long long)(made_s + VALID_S));
    jwt_sign(secret, buf_str(&claims), out);
    buf_fini(&claims);
}

static int
print_keys(struct cli *cli, const struct config *config, const struct vault *secret, int64_t made_s)
{
    struct buf out;
    int code;

    buf_init(&out, COUNTOF(roles) * KEY_MAX);
    for (size_t i = 0; i < COUNTOF(roles); i++) {
        if (cli->json)
            buf_printf(&out, "%s\"%s\": \"", i == 0 ? "{" : ", ", roles[i]);
        else
            buf_printf(&out, "%-14s", roles[i]);
        make_key(config->project_name, roles[i], secret->bytes, made_s, &out);
        buf_add_str(&out, cli->json ? STR("\"") : STR("\n"));
    }
    if (cli->json)
        BUF_ADD_LIT(&out, "}\n");
    code = cli_print(cli, &out);
    buf_fini(&out);

    return code;
}

static int
show(struct cli *cli, const struct config *config)
{
    struct vault secret = {0};
    struct err err = {0};
    int64_t made_s = 0;
    bool found = false;
    int code;

    if (!secret_find(config, &secret, &made_s, &found, &err))
        return cli_fail(cli, &err);
    if (!found) {
        if (!secret_make(config->dir, false, &err) ||
            !secret_find(config, &secret, &made_s, &found, &err))
            return cli_fail(cli, &err);
        cli_say(cli, CLI_MARK_OK, "made a secret: " SECRET_FILE);
    }
    code = print_keys(cli, config, &secret, made_s);
    vault_wipe(&secret);

    return code;
}

int
cli_keys_show(struct cli *cli)
{
    struct config *config;

    return cli_load_config(cli, &config) ? show(cli, config) : CLI_USAGE;
}

int
cli_keys_rotate(struct cli *cli)
{
    const char *keep = cli_get_flag(cli, "keep");
    struct config *config;
    struct err err = {0};
    int64_t keep_ms = 0;

    if (keep != NULL && (!config_parse_duration(str_from(keep), &keep_ms) || keep_ms < 1000 ||
                         keep_ms / 1000 > SECRET_KEEP_MAX_S))
        return cli_fail_usage(cli, "from 1s to 90d: --keep 24h", "'%s' is no time to keep it",
                              keep);
    if (!cli_load_config(cli, &config))
        return CLI_USAGE;
    if (config->auth_jwt_secret != NULL)
        return cli_fail_usage(cli, "change it there: openssl rand -base64 48 makes a new one",
                              "the secret is not cairn's own: auth.jwt_secret is set (%s)",
                              config->origin[CONFIG_AUTH_JWT_SECRET]);
    if (!secret_rotate(config->dir, keep_ms / 1000, &err))
        return cli_fail(cli, &err);
    cli_say(cli, CLI_MARK_OK, "made a new secret: " SECRET_FILE);
    if (keep != NULL)
        cli_say(cli, CLI_MARK_WARN, "keys and tokens signed with the old one are good for %s more",
                keep);
    else
        cli_say(cli, CLI_MARK_WARN,
                "keys and tokens signed with the old one are worth nothing any more");
    cli_say_hint(cli, "a running service takes the new one on SIGHUP, or when it starts again");

    return show(cli, config);
}
