/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maps: names and values that the user chooses. Kept as "name=value", sources added up, the later
 * one of a name winning. Any value may be a secret, so none is shown.
 */
#include "config/load.h"

/* What PostgreSQL takes as a part of a setting's name. */
static bool
is_name(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];
        bool starts = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        bool goes_on = (c >= '0' && c <= '9') || c == '$' || c == '.';

        if (!starts && !(i > 0 && goes_on))
            return false;
    }
    return name.len > 0 && name.len <= 63 && name.data[name.len - 1] != '.';
}

static struct str
name_of(const char *item)
{
    struct str rest = str_from(item);

    return str_cut(&rest, '=');
}

static void
put(struct config_list *list, const char *item)
{
    for (size_t i = 0; i < list->count; i++) {
        if (str_eq_nocase(name_of(list->items[i]), name_of(item))) {
            list->items[i] = item;
            return;
        }
    }
    list->items[list->count++] = item;
}

bool
config_map_store(struct config_loader *loader, const struct config_option_def *def,
                 const struct config_setting *setting, struct config_list *out)
{
    struct config_list list = {.count = out->count};

    list.items = ARENA_ARRAY(loader->arena, const char *, out->count + setting->count + 1);
    if (out->count > 0)
        memcpy(list.items, out->items, out->count * sizeof(*list.items));
    for (size_t i = 0; i < setting->count; i++) {
        struct str name = name_of(setting->items[i]);

        if (!is_name(name) || strchr(setting->items[i], '=') == NULL) {
            config_error_add(loader, setting->origin,
                             "NAME: VALUE, where a name is letters, digits, _ and .",
                             "%s: '%.*s' can't be the name of a setting", def->key, STR_ARG(name));
            return false;
        }
        put(&list, setting->items[i]);
    }
    if ((int64_t)list.count > def->max) {
        config_error_add(loader, setting->origin, NULL, "%s: too many settings (%zu)", def->key,
                         list.count);
        return false;
    }
    *out = list;
    return true;
}

bool
config_map_find_env(struct str name, enum config_option *out, struct str *key)
{
    for (unsigned i = 0; i < CONFIG_OPTION_COUNT; i++) {
        struct str env = str_from(config_options[i].env);

        if (config_options[i].type != CONFIG_TYPE_MAP || name.len < env.len + 2 ||
            !str_has_prefix(name, env) || name.data[env.len] != '_')
            continue;
        *out = (enum config_option)i;
        *key = str_slice(name, env.len + 1, name.len);
        return true;
    }
    return false;
}

void
config_map_write(const struct config_list *map, struct buf *out)
{
    for (size_t i = 0; i < map->count; i++) {
        struct str name = name_of(map->items[i]);

        buf_printf(out, "%s%.*s=***", i > 0 ? "," : "", STR_ARG(name));
    }
}
