/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <unistd.h>

#include "core/buf.h"

enum { HELP_MAX = 256 * 1024, ARENA_FIRST = 64 * 1024, ARENA_LIMIT = 256 * 1024 * 1024 };

bool
cli_has_flag(const struct cli *cli, const char *name)
{
    for (size_t i = 0; i < cli->flag_count; i++) {
        if (strcmp(cli->flags[i].name, name) == 0)
            return true;
    }

    return false;
}

const char *
cli_get_flag(const struct cli *cli, const char *name)
{
    const char *value = NULL;

    for (size_t i = 0; i < cli->flag_count; i++) {
        if (strcmp(cli->flags[i].name, name) == 0)
            value = cli->flags[i].value;
    }

    return value;
}

const struct command_def *
cli_find_command(struct str name)
{
    for (size_t i = 0; i < command_count; i++) {
        if (str_eq(str_from(command_table[i].name), name))
            return &command_table[i];
    }

    return NULL;
}

bool
cli_has_subcommands(const struct command_def *command)
{
    for (size_t i = 0; i < command_count; i++) {
        if (strcmp(command_table[i].parent, command->name) == 0)
            return true;
    }

    return false;
}

const char *
cli_suggest_command(const char *parent, const char *name)
{
    const char *best = NULL;
    double best_score = 0.5;
    size_t skip = parent[0] != '\0' ? strlen(parent) + 1 : 0;

    for (size_t i = 0; i < command_count; i++) {
        double score;

        if (strcmp(command_table[i].parent, parent) != 0)
            continue;
        score = str_similarity(str_from(name), str_from(command_table[i].name + skip));
        if (score > best_score) {
            best_score = score;
            best = command_table[i].name;
        }
    }

    return best;
}

static const struct command_flag_def *
find_flag(const struct command_flag_def *flags, size_t count, struct str name, bool is_short)
{
    for (size_t i = 0; i < count; i++) {
        const char *own = is_short ? flags[i].short_name : flags[i].name;

        if (own != NULL && str_eq(str_from(own), name))
            return &flags[i];
    }

    return NULL;
}

static void
suggest_flag(const struct command_flag_def *flags, size_t count, struct str name, const char **best,
             double *best_score)
{
    for (size_t i = 0; i < count; i++) {
        double score = str_similarity(name, str_from(flags[i].name));

        if (score > *best_score) {
            *best_score = score;
            *best = flags[i].name;
        }
    }
}

static int
fail_unknown_flag(struct cli *cli, const char *arg, struct str name)
{
    const struct command_def *command = cli->command;
    const char *best = NULL;
    double best_score = 0.6;
    const char *hint;

    suggest_flag(command_common_flags, command_common_flag_count, name, &best, &best_score);
    if (command != NULL)
        suggest_flag(command->flags, command->flag_count, name, &best, &best_score);
    if (best == NULL && command != NULL && command->takes_config)
        best = config_suggest_option(name);
    if (best != NULL)
        hint = arena_printf(cli->arena, "did you mean --%s?", best).data;
    else
        hint = arena_printf(cli->arena, "cairn help%s%s lists the flags",
                            command != NULL ? " " : "", command != NULL ? command->name : "")
                   .data;

    return cli_fail_usage(cli, hint, "unknown flag '%s'", arg);
}

/* "--name", "--name=value", "--name value", "-h". *pos is on the flag, and moves over its value. */
static int
read_flag(struct cli *cli, int argc, char **argv, int *pos)
{
    const char *arg = argv[*pos];
    bool is_short = arg[1] != '-';
    struct str rest = str_from(arg + (is_short ? 1 : 2));
    struct str name = str_cut(&rest, '=');
    const char *value = rest.data;
    const struct command_def *command = cli->command;
    const struct command_flag_def *def = NULL;
    enum config_option option = CONFIG_STAGE;
    bool is_config = false;

    if (command != NULL)
        def = find_flag(command->flags, command->flag_count, name, is_short);
    if (def == NULL)
        def = find_flag(command_common_flags, command_common_flag_count, name, is_short);
    if (def == NULL && !is_short && command != NULL && command->takes_config)
        is_config = config_find_option(name, &option);
    if (def == NULL && !is_config)
        return fail_unknown_flag(cli, arg, name);
    if (cli->flag_count == CLI_FLAGS_MAX || cli->config_flag_count == CLI_FLAGS_MAX)
        return cli_fail_usage(cli, NULL, "too many flags");

    if (def != NULL && def->value == NULL) {
        if (value != NULL)
            return cli_fail_usage(cli, NULL, "--%s takes no value", def->name);
    } else if (value == NULL) {
        if (*pos + 1 >= argc)
            return cli_fail_usage(cli, NULL, "a value is missing after '%s'", arg);
        value = argv[++*pos];
    }
    if (is_config)
        cli->config_flags[cli->config_flag_count++] =
            (struct config_flag){.option = option,
                                 .value = value,
                                 .shown = arena_printf(cli->arena, "--%.*s", STR_ARG(name)).data};
    else
        cli->flags[cli->flag_count++] = (struct cli_flag){def->name, value};

    return CLI_DONE;
}

/* Which words name the command decides which flags there are, so they are found first. */
static int
find_command(struct cli *cli, int argc, char **argv, int *words)
{
    const struct command_def *command;
    const char *best;

    *words = 0;
    if (argc < 2 || argv[1][0] == '-')
        return CLI_DONE;
    command = cli_find_command(str_from(argv[1]));
    if (command == NULL || strchr(argv[1], ' ') != NULL) {
        best = cli_suggest_command("", argv[1]);
        return cli_fail_usage(cli,
                              best != NULL
                                  ? arena_printf(cli->arena, "did you mean cairn %s?", best).data
                                  : "cairn help lists the commands",
                              "unknown command '%s'", argv[1]);
    }
    *words = 1;
    if (argc > 2 && argv[2][0] != '-') {
        const struct command_def *sub =
            cli_find_command(arena_printf(cli->arena, "%s %s", argv[1], argv[2]));

        if (sub != NULL) {
            command = sub;
            *words = 2;
        } else if (cli_has_subcommands(command)) {
            best = cli_suggest_command(command->name, argv[2]);
            return cli_fail_usage(
                cli,
                arena_printf(cli->arena, best != NULL ? "did you mean cairn %s?" : "cairn help %s",
                             best != NULL ? best : command->name)
                    .data,
                "cairn %s has no '%s'", command->name, argv[2]);
        }
    }
    cli->command = command;

    return CLI_DONE;
}

static int
read_args(struct cli *cli, int argc, char **argv, int first)
{
    bool flags_ended = false;
    int code = CLI_DONE;

    for (int i = first; i < argc && code == CLI_DONE; i++) {
        if (!flags_ended && strcmp(argv[i], "--") == 0)
            flags_ended = true;
        else if (!flags_ended && argv[i][0] == '-' && argv[i][1] != '\0')
            code = read_flag(cli, argc, argv, &i);
        else if (cli->arg_count == CLI_ARGS_MAX)
            code = cli_fail_usage(cli, NULL, "too many arguments");
        else
            cli->args[cli->arg_count++] = argv[i];
    }

    return code;
}

static int
print_help(struct cli *cli, const struct command_def *command)
{
    struct buf out;
    int code;

    buf_init(&out, HELP_MAX);
    cli_write_help(command, &out);
    code = cli_print(cli, &out);
    buf_fini(&out);

    return code;
}

static int
run_command(struct cli *cli)
{
    const struct command_def *command = cli->command;
    const char *hint =
        arena_printf(cli->arena, "usage: cairn %s %s", command->name, command->args).data;

    if (command->run == NULL) {
        struct buf out;

        buf_init(&out, HELP_MAX);
        cli_write_help(command, &out);
        fputs(buf_cstr(&out), stderr);
        buf_fini(&out);
        return CLI_USAGE;
    }
    if (cli->arg_count < command->args_min)
        return cli_fail_usage(cli, hint, "cairn %s: an argument is missing", command->name);
    if (cli->arg_count > command->args_max)
        return cli_fail_usage(cli, hint, "cairn %s: one argument too many: '%s'", command->name,
                              cli->args[command->args_max]);

    return command->run(cli);
}

static bool
wants_color(char **env)
{
    const char *term = NULL;
    bool no_color = false;

    for (char **p = env; *p != NULL; p++) {
        if (strncmp(*p, "NO_COLOR=", 9) == 0 && (*p)[9] != '\0')
            no_color = true;
        else if (strncmp(*p, "TERM=", 5) == 0)
            term = *p + 5;
    }

    return !no_color && term != NULL && strcmp(term, "dumb") != 0 && isatty(STDERR_FILENO) == 1;
}

static int
run(struct cli *cli, int argc, char **argv)
{
    int words;
    int code = find_command(cli, argc, argv, &words);

    if (code != CLI_DONE)
        return code;
    if (cli->command == NULL && argc == 2 && strcmp(argv[1], "--version") == 0) {
        cli->command = cli_find_command(STR("version"));
        return cli->command->run(cli);
    }
    code = read_args(cli, argc, argv, 1 + words);
    if (code != CLI_DONE)
        return code;
    cli->json = cli_has_flag(cli, "json");
    if (cli_has_flag(cli, "help"))
        return print_help(cli, cli->command);
    if (cli->command == NULL) {
        struct buf out;

        buf_init(&out, HELP_MAX);
        cli_write_help(NULL, &out);
        fputs(buf_cstr(&out), stderr);
        buf_fini(&out);
        return CLI_USAGE;
    }

    return run_command(cli);
}

int
cli_main(int argc, char **argv, char **env)
{
    struct cli cli = {.environ = env, .color = wants_color(env)};
    int code;

    cli.arena = arena_new(ARENA_FIRST, ARENA_LIMIT);
    code = run(&cli, argc, argv);
    arena_free(cli.arena);

    return code;
}
