/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"

#include <libgen.h>
#include <limits.h>
#include <stdarg.h>

#include "config/load.h"
#include "io/file.h"

enum { FILE_MAX_BYTES = 1 << 20, ERRORS_MAX = 200 };

#define CONFIG_FILE "cairn.yaml"
#define DOTENV_FILE ".env"

void
config_error_add(struct config_loader *loader, const char *where, const char *hint, const char *fmt,
                 ...)
{
    struct config_errors *errors = loader->errors;
    struct buf text;
    va_list args;
    char line[1024];

    if (errors->count >= ERRORS_MAX)
        return;
    if (errors->count == errors->cap) {
        size_t cap = errors->cap == 0 ? 8 : errors->cap * 2;
        struct config_error *items = ARENA_ARRAY(loader->arena, struct config_error, cap);

        if (errors->count > 0)
            memcpy(items, errors->items, errors->count * sizeof(items[0]));
        errors->items = items;
        errors->cap = cap;
    }

    va_start(args, fmt);
    vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);

    /* What people wrote may hold anything; it must not move the cursor of a terminal. */
    buf_init(&text, 4 * sizeof(line));
    for (const char *p = line; *p != '\0'; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            buf_printf(&text, "\\x%02x", (unsigned char)*p);
        else
            buf_add_char(&text, *p);
    }
    errors->items[errors->count++] = (struct config_error){
        .where = arena_cstr(loader->arena, str_from(where)),
        .message = arena_cstr(loader->arena, buf_str(&text)),
        .hint = hint != NULL ? arena_cstr(loader->arena, str_from(hint)) : NULL,
    };
    buf_fini(&text);
}

void
config_setting_add(struct config_loader *loader, enum config_option option, const char **items,
                   size_t count, bool is_list, const char *origin)
{
    struct config_setting *setting = ARENA_NEW(loader->arena, struct config_setting);

    *setting = (struct config_setting){
        .option = option, .items = items, .count = count, .is_list = is_list, .origin = origin};
    *loader->last = setting;
    loader->last = &setting->next;
}

void
config_setting_add_text(struct config_loader *loader, enum config_option option, const char *text,
                        const char *origin)
{
    const char **items = ARENA_ARRAY(loader->arena, const char *, 1);

    items[0] = text;
    config_setting_add(loader, option, items, 1, false, origin);
}

const char *
config_resolve_path(struct config_loader *loader, const char *path)
{
    const char *dir = loader->sources->dir;

    if (dir == NULL || path[0] == '/')
        return path;

    return arena_printf(loader->arena, "%s/%s", dir, path).data;
}

/* The file's content in the arena; STR_NULL with an error added when it can't be read. A missing
 * file is an error only when required. Larger files than 1 MiB are refused. */
static struct str
read_file(struct config_loader *loader, const char *name, bool required)
{
    const char *path = config_resolve_path(loader, name);
    struct str text = STR_NULL;
    struct err err = {0};
    struct buf content;
    bool found;

    buf_init(&content, FILE_MAX_BYTES);
    if (!file_read(path, &content, &found, &err))
        config_error_add(loader, name, err.has_hint ? err.hint : NULL, "%s", err.message);
    else if (found)
        text = arena_copy(loader->arena, buf_str(&content));
    else if (required)
        config_error_add(loader, name,
                         "run this in a project folder, or create one: cairn init NAME",
                         "unable to read '%s': there is no such file here", path);
    buf_fini(&content);

    return text;
}

static bool
is_same_name(const char *a, struct str b)
{
    size_t len = strlen(a);

    if (len != b.len)
        return false;
    for (size_t i = 0; i < len; i++) {
        char x = a[i] == '.' || a[i] == '-' ? '_' : a[i];
        char y = b.data[i] == '.' || b.data[i] == '-' ? '_' : b.data[i];

        if (x != y)
            return false;
    }

    return true;
}

bool
config_find_option(struct str name, enum config_option *out)
{
    for (unsigned i = 0; i < CONFIG_OPTION_COUNT; i++) {
        if (is_same_name(config_options[i].key, name)) {
            *out = (enum config_option)i;
            return true;
        }
    }

    return false;
}

const char *
config_suggest_option(struct str name)
{
    const char *best = NULL;
    double best_score = 0.6;

    for (unsigned i = 0; i < CONFIG_OPTION_COUNT; i++) {
        const char *key = config_options[i].key;
        const char *dot = strrchr(key, '.');
        double score = str_similarity(name, str_from(key));

        /* "head_max" at the top level is http.head_max without its group. */
        if (dot != NULL) {
            double tail = 0.95 * str_similarity(name, str_from(dot + 1));

            score = tail > score ? tail : score;
        }
        if (score > best_score) {
            best_score = score;
            best = key;
        }
    }

    return best;
}

/* The name of the project folder, with what a name can't hold replaced. */
static const char *
folder_name(struct config_loader *loader)
{
    char path[PATH_MAX];
    char *name;
    size_t len;

    if (realpath(loader->sources->dir != NULL ? loader->sources->dir : ".", path) == NULL)
        return "cairn";
    name = arena_cstr(loader->arena, str_from(basename(path)));
    len = strlen(name);
    if (len > 63)
        name[63] = '\0';
    for (char *p = name; *p != '\0'; p++) {
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
              *p == '_'))
            *p = '-';
    }

    return len > 0 && strcmp(name, "-") != 0 ? name : "cairn";
}

static const char *
replace_once(struct arena *arena, const char *text, const char *what, const char *with)
{
    const char *at = strstr(text, what);

    if (at == NULL)
        return text;

    return arena_printf(arena, "%.*s%s%s", (int)(at - text), text, with, at + strlen(what)).data;
}

/* The defaults of all other options depend on these two. */
static bool
is_early(enum config_option option)
{
    return option == CONFIG_STAGE || option == CONFIG_PROJECT_NAME;
}

static const char *
default_origin(struct config_loader *loader, const struct config_option_def *def)
{
    enum config_stage stage = loader->config->stage;
    const char *text = def->defaults[stage];

    if (text == NULL || def->defaults[0] == NULL || strcmp(text, def->defaults[0]) == 0)
        return "default";

    return arena_printf(loader->arena, "default at stage %s",
                        config_options[CONFIG_STAGE].values[stage])
        .data;
}

static void
store_defaults(struct config_loader *loader, bool early)
{
    struct config *config = loader->config;

    for (unsigned i = 0; i < CONFIG_OPTION_COUNT; i++) {
        const struct config_option_def *def = &config_options[i];
        const char *text = def->defaults[config->stage];
        struct config_setting setting = {
            .option = (enum config_option)i, .items = &text, .count = 1};

        if (is_early(setting.option) != early)
            continue;
        config->origin[i] = setting.origin = default_origin(loader, def);
        if (text == NULL)
            continue;
        text = replace_once(loader->arena, text, "${folder}", loader->folder);
        if (!early)
            text = replace_once(loader->arena, text, "${project}", config->project_name);
        if (!config_value_store(loader, def, &setting, (char *)config + def->offset))
            abort(); /* the generator has checked them */
    }
}

static void
store_settings(struct config_loader *loader, bool early)
{
    struct config *config = loader->config;

    for (const struct config_setting *setting = loader->first; setting != NULL;
         setting = setting->next) {
        const struct config_option_def *def = &config_options[setting->option];

        if (is_early(setting->option) == early &&
            config_value_store(loader, def, setting, (char *)config + def->offset))
            config->origin[setting->option] = setting->origin;
    }
}

static void
read_sources(struct config_loader *loader)
{
    struct str text = read_file(loader, CONFIG_FILE, true);

    if (text.data != NULL)
        config_read_yaml(loader, text, CONFIG_FILE);
    text = read_file(loader, DOTENV_FILE, false);
    if (text.data != NULL)
        config_read_dotenv(loader, text, DOTENV_FILE);
    config_read_environ(loader);
    for (size_t i = 0; i < loader->sources->flag_count; i++) {
        const struct config_flag *flag = &loader->sources->flags[i];
        const char *origin = arena_printf(loader->arena, "flag %s", flag->shown).data;

        config_setting_add_text(loader, flag->option, flag->value, origin);
    }
}

bool
config_load(const struct config_sources *sources, struct arena *arena, struct config **out,
            struct config_errors *errors)
{
    struct config_loader loader = {.sources = sources, .arena = arena, .errors = errors};

    *out = NULL;
    *errors = (struct config_errors){0};
    loader.last = &loader.first;
    loader.config = ARENA_NEW(arena, struct config);
    loader.folder = folder_name(&loader);

    read_sources(&loader);

    store_defaults(&loader, true);
    store_settings(&loader, true);
    store_defaults(&loader, false);
    store_settings(&loader, false);
    config_derive(&loader);
    if (errors->count > 0)
        return false;
    *out = loader.config;

    return true;
}
