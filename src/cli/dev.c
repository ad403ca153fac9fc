/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cairn dev and cairn serve.
 */
#include <unistd.h>

#include "cli/cli.h"
#include "def/version.h"
#include "server/server.h"

struct banner {
    const struct config *config;
};

static void
write_url(const struct banner *banner, const struct server_ready *ready, bool is_last,
          const char *name, const char *path, struct buf *out)
{
    const struct config *config = banner->config;
    const char *host = config->listen.host;
    bool is_v6;

    /* What a browser on this machine can open. */
    if (strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0)
        host = "localhost";
    is_v6 = strchr(host, ':') != NULL;
    buf_printf(out, "%s\xe2\x94\x80 %-7s %s://%s%s%s:%u%s\n",
               is_last ? "\xe2\x94\x94" : "\xe2\x94\x9c", name,
               config->tls_cert != NULL ? "https" : "http", is_v6 ? "[" : "", host,
               is_v6 ? "]" : "", (unsigned)ready->port, path);
}

static void
write_open_tables(const struct server_ready *ready, struct buf *out)
{
    enum { NAMED_MAX = 8 };

    if (ready->open_to_anon != NULL) {
        buf_printf(out, "! open to anonymous callers: %s\n",
                   ready->open_to_anon[0] != '\0' ? ready->open_to_anon : "nothing");
        buf_printf(out, "  open to role authenticated: %s\n",
                   ready->open_to_users[0] != '\0' ? ready->open_to_users : "nothing");
    }
    if (ready->open_count == 0)
        return;
    BUF_ADD_LIT(out, "! open to anonymous callers, to read and write: ");
    for (uint32_t i = 0; i < ready->open_count && i < NAMED_MAX; i++)
        buf_printf(out, "%s%s", i > 0 ? ", " : "", ready->tables[i]);
    if (ready->open_count > NAMED_MAX)
        buf_printf(out, " and %u more", (unsigned)(ready->open_count - NAMED_MAX));
    buf_add_char(out, '\n');
}

/* In one write, so that lines of the log don't come between on a terminal. */
static void
say_ready(void *ctx, const struct server_ready *ready)
{
    const struct banner *banner = ctx;
    const struct config *config = banner->config;
    struct buf out;

    buf_init(&out, 64 * 1024);
    buf_printf(&out, "cairn %s  stage %s  %s  %u table%s  ready in %lld ms\n", CAIRN_VERSION,
               config_options[CONFIG_STAGE].values[config->stage], ready->database,
               (unsigned)ready->table_count, ready->table_count == 1 ? "" : "s",
               (long long)ready->took_ms);
    write_url(banner, ready, false, "API", "/rest/v1/", &out);
    if (config->docs_enabled)
        write_url(banner, ready, false, "Docs", "/docs", &out);
    write_url(banner, ready, true, "Health", "/readyz", &out);
    write_open_tables(ready, &out);
    fwrite(out.data, 1, out.len, stderr);
    buf_fini(&out);
}

static int
run(struct cli *cli, bool is_dev)
{
    struct config *config;
    struct err err = {0};
    struct banner banner = {0};
    struct server_options options = {
        .is_dev = is_dev,
        .is_tty = isatty(STDOUT_FILENO) == 1,
        .color = cli->color && isatty(STDOUT_FILENO) == 1,
        .ready = is_dev ? say_ready : NULL,
        .ctx = &banner,
    };

    /* First, so that a log.format on the command line wins. */
    if (cli->json && cli->config_flag_count < CLI_FLAGS_MAX) {
        memmove(cli->config_flags + 1, cli->config_flags,
                cli->config_flag_count * sizeof(cli->config_flags[0]));
        cli->config_flags[0] = (struct config_flag){CONFIG_LOG_FORMAT, "json", "--json"};
        cli->config_flag_count++;
    }
    if (!cli_load_config(cli, &config))
        return CLI_USAGE;
    banner.config = config;
    options.config = config;

    return server_run(&options, &err) ? CLI_DONE : cli_fail(cli, &err);
}

int
cli_dev(struct cli *cli)
{
    return run(cli, true);
}

int
cli_serve(struct cli *cli)
{
    return run(cli, false);
}
