/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cairn init: a new project. Nothing is written before it is certain that nothing is in the way.
 */
#include <errno.h>
#include <unistd.h>

#include "auth/secret.h"
#include "cli/cli.h"
#include "cli/template.h"
#include "cli/wrap.h"
#include "core/json.h"
#include "io/file.h"
#include "lifecycle/gaps.h"
#include "lifecycle/project.h"

#define CERT_PATH ".cairn/tls/cert.pem"
#define KEY_PATH ".cairn/tls/key.pem"

/* What Apple's clients accept at most. */
enum { CERT_DAYS = 825, TEXT_MAX = 64 * 1024, NAME_MAX_LEN = 63, INDENT = 9 };

static bool
is_name(struct str name)
{
    if (name.len == 0 || name.len > NAME_MAX_LEN || name.data[0] == '-')
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '_'))
            return false;
    }

    return true;
}

static const char *
path_in(struct cli *cli, const char *dir, const char *name)
{
    return arena_printf(cli->arena, "%s/%s", dir, name).data;
}

/* Says which file is in the way, or returns true. */
static bool
check_free(struct cli *cli, const char *dir)
{
    static const char *const others[] = {GAPS_FILE, CERT_PATH, KEY_PATH, SECRET_FILE};
    const char *path = NULL;

    for (unsigned i = 0; i < template_count && path == NULL; i++) {
        if (file_exists(path_in(cli, dir, templates[i].path)))
            path = templates[i].path;
    }
    for (unsigned i = 0; i < COUNTOF(others) && path == NULL; i++) {
        if (file_exists(path_in(cli, dir, others[i])))
            path = others[i];
    }
    if (path != NULL)
        cli_fail_usage(cli, "choose another name, or move what is there",
                       "unable to create '%s': '%s' exists", dir, path_in(cli, dir, path));

    return path == NULL;
}

static bool
create_template(struct cli *cli, const struct template *template, const char *dir, struct str name,
                struct err *err)
{
    const char *path = path_in(cli, dir, template->path);
    const char *rest = template->text;
    const char *at;
    struct buf text;
    bool created = false;
    bool ok;

    buf_init(&text, TEXT_MAX);
    while ((at = strstr(rest, "@NAME@")) != NULL) {
        buf_add(&text, rest, (size_t)(at - rest));
        buf_add_str(&text, name);
        rest = at + strlen("@NAME@");
    }
    buf_add_str(&text, str_from(rest));
    ok = file_create(path, buf_str(&text), 0644, &created, err);
    if (ok && !created)
        ok = err_set(err, ERR_USAGE, "", "unable to create '%s': it exists", path);
    buf_fini(&text);

    return ok;
}

/* The gap tracker is there from the first day, with everything that the stages to come need. */
static bool
create_gaps(struct cli *cli, const char *dir, struct err *err)
{
    const struct config_sources sources = {.dir = dir};
    struct catalogue_errors row_errors;
    struct config_errors errors;
    struct gaps_change change;
    struct project project;
    struct config *config;

    if (!config_load(&sources, cli->arena, &config, &errors))
        return err_set(err, ERR_CONFIG, "", "unable to create '" GAPS_FILE "': %s",
                       errors.items[0].message);

    return project_load(config, cli->arena, &project, &row_errors, err) &&
           project_update_gaps(&project, project.declared, &change, err);
}

static bool
create_all(struct cli *cli, const char *dir, struct str name, struct err *err)
{
    if (!dir_make(path_in(cli, dir, "migrations"), 0755, err) ||
        !dir_make(path_in(cli, dir, ".cairn/tls"), 0700, err))
        return false;
    for (unsigned i = 0; i < template_count; i++) {
        if (!create_template(cli, &templates[i], dir, name, err))
            return false;
    }

    return secret_make(dir, false, err) &&
           cli_make_certificate(path_in(cli, dir, CERT_PATH), path_in(cli, dir, KEY_PATH),
                                CERT_DAYS, err) &&
           create_gaps(cli, dir, err);
}

static int
print_json(struct cli *cli, const char *dir)
{
    struct buf out;
    int code;

    buf_init(&out, TEXT_MAX);
    BUF_ADD_LIT(&out, "{\"project\": ");
    json_write_str(&out, str_from(dir));
    BUF_ADD_LIT(&out, ", \"created\": [");
    for (unsigned i = 0; i < template_count; i++) {
        json_write_str(&out, str_from(templates[i].path));
        BUF_ADD_LIT(&out, ", ");
    }
    BUF_ADD_LIT(&out,
                "\"" GAPS_FILE "\", \"" CERT_PATH "\", \"" KEY_PATH "\", \"" SECRET_FILE "\"]}\n");
    code = cli_print(cli, &out);
    buf_fini(&out);

    return code;
}

static void
say_created(const char *dir)
{
    unsigned columns = cli_get_width(STDERR_FILENO);
    unsigned room = columns > INDENT ? columns - INDENT : TEXT_MAX;
    struct buf names, text;

    buf_init(&names, TEXT_MAX);
    buf_init(&text, TEXT_MAX);
    for (unsigned i = 0; i < template_count; i++)
        buf_printf(&names, "%s  ", templates[i].path);
    BUF_ADD_LIT(&names, GAPS_FILE "  .cairn/tls/  " SECRET_FILE);
    wrap_write(&text, buf_cstr(&names), room, room, INDENT);
    fprintf(stderr, "created  %s", buf_cstr(&text));
    buf_fini(&text);
    buf_fini(&names);
    if (strcmp(dir, ".") == 0)
        fputs("next     cairn dev\n", stderr);
    else
        fprintf(stderr, "next     cd %s && cairn dev\n", dir);
}

int
cli_init(struct cli *cli)
{
    const char *dir = cli->args[0];
    struct str name = str_from(dir);
    struct err err = {0};
    char *here = NULL;
    int code = CLI_USAGE;

    while (name.len > 1 && name.data[name.len - 1] == '/')
        name.len--;
    if (str_eq(name, STR("."))) {
        here = realpath(".", NULL);
        name = str_from(here);
    }
    for (size_t i = name.len; i > 0; i--) {
        if (name.data[i - 1] == '/') {
            name = str_slice(name, i, name.len);
            break;
        }
    }
    if (!is_name(name)) {
        cli_fail_usage(cli, "letters, digits, - and _, at most 63, not beginning with -",
                       "'%.*s' can't be the name of a project", STR_ARG(name));
        goto out;
    }
    if (!check_free(cli, dir))
        goto out;
    if (!create_all(cli, dir, name, &err)) {
        code = cli_fail(cli, &err);
        goto out;
    }
    code = CLI_DONE;
    if (cli->json)
        code = print_json(cli, dir);
    else
        say_created(dir);

out:
    free(here);

    return code;
}
