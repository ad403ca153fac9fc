/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside config: what its files share while a configuration is being put together.
 *
 * Each source is turned into settings, text with an origin, in the order in which later ones win;
 * then the settings are parsed by the type of their option and stored; then what spans several
 * options is checked.
 */
#ifndef CAIRN_CONFIG_LOAD_H
#define CAIRN_CONFIG_LOAD_H

#include "config/config.h"

struct config_setting {
    enum config_option option;
    const char **items; /* a scalar has one item */
    size_t count;
    bool is_list; /* written as a list */
    const char *origin;
    struct config_setting *next;
};

struct config_loader {
    const struct config_sources *sources;
    struct arena *arena;
    struct config *config;
    struct config_errors *errors;
    struct config_setting *first;
    struct config_setting **last;
    const char *folder; /* name of the project folder */
};

/* Texts are copied into the arena. hint may be NULL. */
void config_error_add(struct config_loader *loader, const char *where, const char *hint,
                      const char *fmt, ...) PRINTF_LIKE(4, 5);
/* items are borrowed; they live in the loader's arena. */
void config_setting_add(struct config_loader *loader, enum config_option option, const char **items,
                        size_t count, bool is_list, const char *origin);
void config_setting_add_text(struct config_loader *loader, enum config_option option,
                             const char *text, const char *origin);

/* The path as seen from the working directory. */
const char *config_resolve_path(struct config_loader *loader, const char *path);

/* The sources: each adds settings and errors. */
void config_read_yaml(struct config_loader *loader, struct str text, const char *file);
void config_read_dotenv(struct config_loader *loader, struct str text, const char *file);
void config_read_environ(struct config_loader *loader);

/* Parses by the option's type and stores into the field; false with an error added. */
bool config_value_store(struct config_loader *loader, const struct config_option_def *def,
                        const struct config_setting *setting, void *field);
/* Adds the setting's "name=value" to what the map has. */
bool config_map_store(struct config_loader *loader, const struct config_option_def *def,
                      const struct config_setting *setting, struct config_list *out);
/* CAIRN_APP_SETTINGS_NAME: the option and the name. */
bool config_map_find_env(struct str name, enum config_option *out, struct str *key);
void config_map_write(const struct config_list *map, struct buf *out);
/* "127.0.0.1:8080" and its like; false leaves *out as it was. */
bool config_address_parse(struct arena *arena, const char *text, struct config_address *out);
/* A URL with its password as ***. */
const char *config_url_mask(struct arena *arena, const char *url);

/* Fills what is worked out from the options, and checks what spans several. */
void config_derive(struct config_loader *loader);

#endif
