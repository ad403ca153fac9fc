/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The environment, and .env, which holds the same names: NAME=VALUE lines with # comments, an
 * optional "export" in front, and quotes as in a shell. Nothing is expanded. An empty value counts
 * as not set.
 */
#include "config/load.h"

#define PREFIX STR("CAIRN_")

static bool
find_by_env(struct str name, enum config_option *out)
{
    for (unsigned i = 0; i < CONFIG_OPTION_COUNT; i++) {
        if (str_eq(str_from(config_options[i].env), name)) {
            *out = (enum config_option)i;
            return true;
        }
    }

    return false;
}

static const char *
suggest_env(struct str name, double least)
{
    const char *best = NULL;
    struct str rest = str_slice(name, PREFIX.len, name.len);

    for (unsigned i = 0; i < CONFIG_OPTION_COUNT; i++) {
        struct str env = str_from(config_options[i].env);
        double score = str_similarity(rest, str_slice(env, PREFIX.len, env.len));

        if (score >= least) {
            least = score;
            best = config_options[i].env;
        }
    }

    return best;
}

/* The option that name sets, and what its value begins with: of a map the name of the entry. */
static bool
find_target(struct arena *arena, struct str name, enum config_option *option, const char **prefix)
{
    struct str key;

    *prefix = "";
    if (find_by_env(name, option))
        return true;
    if (!config_map_find_env(name, option, &key))
        return false;
    *prefix = arena_printf(arena, "%.*s=", STR_ARG(key)).data;
    return true;
}

/* Cuts the value out of what follows '='; false when quotes don't close or something follows. */
static bool
unquote(struct arena *arena, struct str text, const char **out)
{
    char *value;
    size_t len = 0;
    char quote;
    size_t i;

    text = str_trim(text);
    quote = text.len > 0 ? text.data[0] : '\0';
    if (quote != '"' && quote != '\'') {
        for (i = 0; i < text.len; i++) {
            if (text.data[i] == '#' && (i == 0 || text.data[i - 1] == ' '))
                break;
        }
        *out = arena_cstr(arena, str_trim(str_slice(text, 0, i)));
        return true;
    }

    value = arena_zalloc(arena, text.len + 1);
    for (i = 1; i < text.len && text.data[i] != quote; i++) {
        char c = text.data[i];

        if (quote == '"' && c == '\\' && i + 1 < text.len) {
            c = text.data[++i];
            c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
        }
        value[len++] = c;
    }
    if (i >= text.len)
        return false;
    text = str_trim(str_slice(text, i + 1, text.len));
    *out = value;

    return text.len == 0 || text.data[0] == '#';
}

static void
read_line(struct config_loader *loader, struct str line, const char *where)
{
    struct str rest = line;
    struct str name;
    enum config_option option;
    const char *prefix;
    const char *value;
    const char *near;

    if (str_has_prefix(rest, STR("export ")))
        rest = str_trim(str_slice(rest, 7, rest.len));
    name = str_cut(&rest, '=');
    name = str_trim(name);
    if (rest.data == NULL || name.len == 0) {
        config_error_add(loader, where, "comments begin with #", "not NAME=VALUE");
        return;
    }
    if (!str_has_prefix(name, PREFIX))
        return; /* for other programs */
    if (!find_target(loader->arena, name, &option, &prefix)) {
        near = suggest_env(name, 0.5);
        config_error_add(loader, where,
                         near != NULL ? arena_printf(loader->arena, "did you mean %s?", near).data
                                      : "CAIRN_ is followed by the option's name in capitals",
                         "unknown option '%.*s'", STR_ARG(name));
        return;
    }
    if (memchr(rest.data, '\0', rest.len) != NULL || !unquote(loader->arena, rest, &value)) {
        config_error_add(loader, where, "close the quotes, and write nothing after them",
                         "the value of %s can't be read", config_options[option].env);
        return;
    }
    if (value[0] != '\0')
        config_setting_add_text(loader, option,
                                arena_printf(loader->arena, "%s%s", prefix, value).data,
                                arena_printf(loader->arena, "%s %.*s", where, STR_ARG(name)).data);
}

void
config_read_dotenv(struct config_loader *loader, struct str text, const char *file)
{
    size_t number = 0;

    while (text.data != NULL) {
        struct str line = str_trim(str_cut(&text, '\n'));

        number++;
        if (line.len > 0 && line.data[0] != '#')
            read_line(loader, line, arena_printf(loader->arena, "%s:%zu", file, number).data);
    }
}

void
config_read_environ(struct config_loader *loader)
{
    char *const *entries = loader->sources->environ;

    for (size_t i = 0; entries != NULL && entries[i] != NULL; i++) {
        struct str rest = str_from(entries[i]);
        struct str name = str_cut(&rest, '=');
        const char *origin;
        const char *near;
        const char *prefix;
        enum config_option option;

        if (!str_has_prefix(name, PREFIX) || rest.data == NULL)
            continue;
        origin = arena_printf(loader->arena, "environment %.*s", STR_ARG(name)).data;
        if (find_target(loader->arena, name, &option, &prefix)) {
            if (rest.len > 0)
                config_setting_add_text(
                    loader, option,
                    arena_printf(loader->arena, "%s%.*s", prefix, STR_ARG(rest)).data, origin);
            continue;
        }
        /* Others put names there too (Kubernetes: CAIRN_PORT_8080_TCP for a service called cairn),
         * so that only what looks like a slip is an error. */
        near = suggest_env(name, 0.8);
        if (near != NULL)
            config_error_add(loader, origin,
                             arena_printf(loader->arena, "did you mean %s?", near).data,
                             "unknown option");
    }
}
