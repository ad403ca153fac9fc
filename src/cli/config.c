/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cairn config show, check and schema.
 */
#include "cli/cli.h"
#include "core/json.h"

enum { OUTPUT_MAX = 4 * 1024 * 1024 };

int
cli_config_show(struct cli *cli)
{
    struct config *config;
    struct buf out;
    int code;

    if (!cli_load_config(cli, &config))
        return CLI_USAGE;
    buf_init(&out, OUTPUT_MAX);
    if (cli->json)
        config_write_json(config, &out);
    else
        config_write_text(config, &out);
    code = cli_print(cli, &out);
    buf_fini(&out);

    return code;
}

static void
write_errors_json(const struct config_errors *errors, struct buf *out)
{
    buf_printf(out, "{\"ok\": %s, \"errors\": [", errors->count == 0 ? "true" : "false");
    for (size_t i = 0; i < errors->count; i++) {
        buf_add_str(out, i > 0 ? STR(",\n  {\"where\": ") : STR("\n  {\"where\": "));
        json_write_str(out, str_from(errors->items[i].where));
        BUF_ADD_LIT(out, ", \"message\": ");
        json_write_str(out, str_from(errors->items[i].message));
        BUF_ADD_LIT(out, ", \"hint\": ");
        if (errors->items[i].hint != NULL)
            json_write_str(out, str_from(errors->items[i].hint));
        else
            BUF_ADD_LIT(out, "null");
        buf_add_char(out, '}');
    }
    buf_add_str(out, errors->count > 0 ? STR("\n]}\n") : STR("]}\n"));
}

int
cli_config_check(struct cli *cli)
{
    struct config *config;
    struct config_errors errors;
    const struct config_sources sources = {
        .environ = cli->environ,
        .flags = cli->config_flags,
        .flag_count = cli->config_flag_count,
    };
    bool ok = config_load(&sources, cli->arena, &config, &errors);
    int code = CLI_DONE;

    if (cli->json) {
        struct buf out;

        buf_init(&out, OUTPUT_MAX);
        write_errors_json(&errors, &out);
        code = cli_print(cli, &out);
        buf_fini(&out);
    } else if (ok) {
        cli_say_time_box(cli, config);
        cli_say(cli, CLI_MARK_OK, "the configuration is valid: stage %s, %s, %s",
                config_options[CONFIG_STAGE].values[config->stage], config->listen.text,
                config->database_shown);
    } else {
        cli_say_config_errors(cli, &errors);
    }

    return ok ? code : CLI_USAGE;
}

int
cli_config_schema(struct cli *cli)
{
    struct buf out;
    int code;

    buf_init(&out, OUTPUT_MAX);
    buf_add_str(&out, str_from(config_schema_json));
    code = cli_print(cli, &out);
    buf_fini(&out);

    return code;
}
