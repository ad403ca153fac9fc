/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cairn help: written from the command table and the option table.
 */
#include "cli/cli.h"
#include "cli/wrap.h"
#include "def/version.h"

#include <unistd.h>

enum { WIDTH = 92, HELP_BYTES_MAX = 256 * 1024, NAME_WIDTH = 16, INDENT = NAME_WIDTH + 3 };

/* Of a line: as wide as the terminal, but no wider than is read well. */
static unsigned
get_width(void)
{
    unsigned width = cli_get_width(STDOUT_FILENO);

    return width > 0 && width < WIDTH ? width : WIDTH;
}

/* Wraps text, each line indented; an empty line in text stays. */
static void
write_wrapped(struct buf *out, struct str text, unsigned indent)
{
    unsigned width = get_width();
    size_t column = 0;

    while (text.data != NULL) {
        struct str line = str_cut(&text, '\n');

        if (line.len == 0 && column > 0) {
            BUF_ADD_LIT(out, "\n\n");
            column = 0;
        }
        while (line.len > 0) {
            struct str word = str_cut(&line, ' ');

            if (column > 0 && column + 1 + word.len > width) {
                buf_add_char(out, '\n');
                column = 0;
            }
            if (column == 0)
                buf_printf(out, "%*s", (int)indent, "");
            else
                buf_add_char(out, ' ');
            column += (column == 0 ? indent : 1) + word.len;
            buf_add_str(out, word);
        }
    }
    buf_add_char(out, '\n');
}

static void
write_commands(struct buf *out, const char *parent)
{
    for (size_t i = 0; i < command_count; i++) {
        const struct command_def *command = &command_table[i];

        if (strcmp(command->parent, parent) != 0)
            continue;
        buf_printf(out, "  %-*s ", NAME_WIDTH, command->name);
        wrap_write(out, command->summary, get_width() - INDENT, get_width() - INDENT, INDENT);
    }
}

static void
write_flags(struct buf *out, const struct command_flag_def *flags, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buf_printf(out, "  --%s%s%s%s%s\n", flags[i].name, flags[i].value != NULL ? "=" : "",
                   flags[i].value != NULL ? flags[i].value : "",
                   flags[i].short_name != NULL ? ", -" : "",
                   flags[i].short_name != NULL ? flags[i].short_name : "");
        write_wrapped(out, str_from(flags[i].doc), 6);
    }
}

static void
write_overview(struct buf *out)
{
    buf_printf(out, "cairn %s: a backend from a folder of SQL migrations\n\n", CAIRN_VERSION);
    BUF_ADD_LIT(out, "usage: cairn COMMAND [ARGUMENTS] [FLAGS]\n\n");
    write_commands(out, "");
    BUF_ADD_LIT(out, "\ncairn help COMMAND explains a command, cairn help OPTION a configuration "
                     "option.\n");
}

void
cli_write_help(const struct command_def *command, struct buf *out)
{
    if (command == NULL) {
        write_overview(out);
        return;
    }
    buf_printf(out, "cairn %s: ", command->name);
    wrap_write(out, command->summary, get_width() - 8 - (unsigned)strlen(command->name),
               get_width() - 2, 2);
    buf_printf(out, "\nusage: cairn %s%s%s%s [FLAGS]\n\n", command->name,
               !cli_has_subcommands(command) ? ""
               : command->run == NULL        ? " COMMAND"
                                             : " [COMMAND]",
               command->args[0] != '\0' ? " " : "", command->args);
    write_wrapped(out, str_from(command->doc), 0);
    if (cli_has_subcommands(command)) {
        buf_add_char(out, '\n');
        write_commands(out, command->name);
    }
    BUF_ADD_LIT(out, "\nflags\n");
    write_flags(out, command->flags, command->flag_count);
    write_flags(out, command_common_flags, command_common_flag_count);
    if (command->takes_config) {
        BUF_ADD_LIT(out, "  --KEY=VALUE\n");
        write_wrapped(out,
                      STR("Any option of the configuration, such as --listen, --database-url, "
                          "--stage or --http.head-max. cairn help KEY explains it."),
                      6);
    }
    if (command->examples[0] != NULL) {
        BUF_ADD_LIT(out, "\nexamples\n");
        for (size_t i = 0; command->examples[i] != NULL; i++)
            buf_printf(out, "  %s\n", command->examples[i]);
    }
}

static const char *
type_name(const struct config_option_def *def)
{
    switch (def->type) {
    case CONFIG_TYPE_BOOL:
        return "true or false";
    case CONFIG_TYPE_INT:
        return "a whole number";
    case CONFIG_TYPE_SIZE:
        return "a size, with B, KiB, MiB or GiB";
    case CONFIG_TYPE_DURATION:
        return "a duration, with ms, s, m, h or d";
    case CONFIG_TYPE_ENUM:
        return "one of";
    case CONFIG_TYPE_LIST:
        return "a list, items separated by commas";
    case CONFIG_TYPE_MAP:
        return "NAME=VALUE";
    case CONFIG_TYPE_ADDRESS:
        return "an address, HOST:PORT";
    case CONFIG_TYPE_SECRET:
        return "a secret";
    case CONFIG_TYPE_STRING:
        break;
    }

    return def->is_path ? "a file" : "text";
}

static void
write_option_help(const struct config_option_def *def, struct buf *out)
{
    const char *previous = NULL;

    buf_printf(out, "%s\n\n", def->key);
    write_wrapped(out, str_from(def->doc), 0);
    buf_printf(out, "\n  type         %s", type_name(def));
    for (size_t i = 0; def->values != NULL && def->values[i] != NULL; i++)
        buf_printf(out, "%s%s", i > 0 ? ", " : " ", def->values[i]);
    BUF_ADD_LIT(out, "\n  default      ");
    for (size_t i = 0; i < CONFIG_STAGE_COUNT; i++) {
        const char *value = def->defaults[i] != NULL ? def->defaults[i] : "not set";

        if (previous == NULL)
            buf_printf(out, "%s", value);
        else if (strcmp(previous, value) != 0)
            buf_printf(out, ", from %s on %s", config_options[CONFIG_STAGE].values[i], value);
        previous = value;
    }
    buf_printf(out, "\n  environment  %s\n  flag         --%s=VALUE\n", def->env, def->key);
}

static bool
write_topic(struct str topic, struct buf *out)
{
    const struct command_def *command = cli_find_command(topic);
    enum config_option option;

    if (command != NULL)
        cli_write_help(command, out);
    else if (config_find_option(topic, &option))
        write_option_help(&config_options[option], out);
    else
        return false;

    return true;
}

static int
fail_unknown_topic(struct cli *cli, const char *topic)
{
    const char *best = cli_suggest_command("", topic);

    if (best == NULL)
        best = config_suggest_option(str_from(topic));

    return cli_fail_usage(cli,
                          best != NULL ? arena_printf(cli->arena, "did you mean %s?", best).data
                                       : "cairn help lists the commands",
                          "there is no help on '%s'", topic);
}

int
cli_help(struct cli *cli)
{
    struct buf out;
    struct str topic;
    int code;

    buf_init(&out, HELP_BYTES_MAX);
    if (cli->arg_count == 0) {
        cli_write_help(NULL, &out);
        code = cli_print(cli, &out);
    } else {
        topic = cli->arg_count == 1 ? str_from(cli->args[0])
                                    : arena_printf(cli->arena, "%s %s", cli->args[0], cli->args[1]);
        if (write_topic(topic, &out))
            code = cli_print(cli, &out);
        else
            code = fail_unknown_topic(cli, topic.data);
    }
    buf_fini(&out);

    return code;
}
