/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cairn config import: PostgREST's configuration as cairn's.
 */
#include <unistd.h>

#include "cli/cli.h"
#include "config/postgrest.h"
#include "io/file.h"

enum { FILE_MAX_BYTES = 1 << 20, OUTPUT_MAX = 4 << 20 };

static bool
read_input(struct cli *cli, struct postgrest_input *input, struct err *err)
{
    struct buf text;
    bool ok = true;

    if (cli->arg_count == 0)
        return true;
    buf_init(&text, FILE_MAX_BYTES);
    ok = file_read(cli->args[0], &text, NULL, err);
    if (ok)
        input->text = arena_copy(cli->arena, buf_str(&text));
    buf_fini(&text);
    return ok;
}

/* Names only: what is printed may end up in a file that everybody reads. */
static void
add_secret_names(struct buf *yaml, const struct buf *dotenv)
{
    struct str rest = buf_str(dotenv);

    if (rest.len == 0)
        return;
    BUF_ADD_LIT(yaml, "\n# In .env, which --output writes too:\n");
    while (rest.len > 0) {
        struct str line = str_cut(&rest, '\n');
        struct str name = str_cut(&line, '=');

        buf_printf(yaml, "#   %.*s=***\n", STR_ARG(name));
    }
}

/* .env, beside the file: what is there stays, and what it already sets is an error. */
static bool
write_dotenv(struct cli *cli, const char *path, const struct buf *dotenv, struct err *err)
{
    struct buf text;
    struct str rest = buf_str(dotenv);
    bool found = false;
    bool ok = false;

    if (rest.len == 0)
        return true;
    buf_init(&text, 2 * OUTPUT_MAX);
    if (!file_read(path, &text, &found, err))
        goto out;
    if (text.len > 0 && text.data[text.len - 1] != '\n')
        buf_add_char(&text, '\n');
    while (rest.len > 0) {
        struct str line = str_cut(&rest, '\n');
        struct str name = str_cut(&line, '=');
        const char *start = arena_printf(cli->arena, "\n%.*s=", STR_ARG(name)).data;

        if (strstr(buf_cstr(&text), start) != NULL ||
            str_has_prefix(buf_str(&text), str_from(start + 1))) {
            err_set(err, ERR_USAGE, "", "unable to write '%s': it sets %.*s already", path,
                    STR_ARG(name));
            err_hint(err, "remove it there, or move the file away");
            goto out;
        }
    }
    buf_add_str(&text, buf_str(dotenv));
    ok = file_replace(path, buf_str(&text), 0600, err);

out:
    buf_fini(&text);

    return ok;
}

static int
write_files(struct cli *cli, const char *path, const struct buf *yaml, const struct buf *dotenv)
{
    const char *slash = strrchr(path, '/');
    int dir = slash != NULL ? (int)(slash - path) + 1 : 0;
    const char *env_path = arena_printf(cli->arena, "%.*s.env", dir, path).data;
    struct err err = {0};
    bool created = false;

    if (!file_exists(path) && !write_dotenv(cli, env_path, dotenv, &err))
        return cli_fail(cli, &err);
    if (!file_create(path, buf_str(yaml), 0644, &created, &err))
        return cli_fail(cli, &err);
    if (!created)
        return cli_fail_usage(cli, "choose another name, or move it away", "'%s' exists", path);
    cli_say(cli, CLI_MARK_OK, "wrote %s%s%s", path, dotenv->len > 0 ? " and " : "",
            dotenv->len > 0 ? env_path : "");
    return CLI_DONE;
}

int
cli_config_import(struct cli *cli)
{
    const char *output = cli_get_flag(cli, "output");
    struct postgrest_input input = {
        .name = cli->arg_count > 0 ? cli->args[0] : "the environment",
        .environ = cli->environ,
        .takes_environ = cli_has_flag(cli, "env"),
        .reads_files = true,
    };
    struct config_errors errors;
    struct buf yaml, dotenv;
    struct err err = {0};
    int code = CLI_USAGE;

    if (cli->arg_count == 0 && !input.takes_environ)
        return cli_fail_usage(cli, "cairn config import postgrest.conf", "a file is missing");
    buf_init(&yaml, OUTPUT_MAX);
    buf_init(&dotenv, OUTPUT_MAX);
    if (!read_input(cli, &input, &err)) {
        code = cli_fail(cli, &err);
    } else if (!postgrest_import(&input, cli->arena, &yaml, &dotenv, &errors)) {
        cli_say_config_errors(cli, &errors);
    } else if (output != NULL) {
        code = write_files(cli, output, &yaml, &dotenv);
    } else {
        add_secret_names(&yaml, &dotenv);
        code = cli_print(cli, &yaml);
    }
    buf_fini(&yaml);
    buf_fini(&dotenv);

    return code;
}
