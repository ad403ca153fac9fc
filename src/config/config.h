/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration: defaults by stage, cairn.yaml, .env, the environment and flags, read once into one
 * checked, read-only value.
 *
 * The options are declared in def/config.toml, from which struct config and the option table are
 * generated. Loading collects every error instead of stopping at the first, each with its place,
 * what was wrong and what would be valid. Values of secrets, and passwords in URLs, get neither
 * into errors nor into what the config_write functions put out.
 *
 * cairn.yaml is untrusted as to form (bounded in size, any bytes) but trusted as to content.
 */
#ifndef CAIRN_CONFIG_CONFIG_H
#define CAIRN_CONFIG_CONFIG_H

#include "core/arena.h"
#include "core/buf.h"
#include "def/config_options.h"

/* A value given on the command line. */
struct config_flag {
    enum config_option option;
    const char *value;
    const char *shown; /* as it was written, for errors: "--listen" */
};

struct config_sources {
    const char *dir;      /* the project folder; NULL: the working directory */
    char *const *environ; /* NULL-terminated "NAME=VALUE"; NULL: none */
    const struct config_flag *flags;
    size_t flag_count;
};

struct config_error {
    const char *
        where; /* "cairn.yaml:12:3", ".env:4 CAIRN_LISTEN", "environment CAIRN_LISTEN", "flag --listen" */
    const char *message; /* "http.head_max: '16K' is not a size" */
    const char *hint;    /* what would be valid; NULL: nothing to add */
};

struct config_errors {
    struct config_error *items; /* in the order of the sources */
    size_t count;
    size_t cap;
};

/*
 * Reads everything. On success *out lives in arena and *errors is empty; otherwise *out is NULL and
 * errors has every error found. Reads files, changes nothing.
 */
MUST_CHECK bool config_load(const struct config_sources *sources, struct arena *arena,
                            struct config **out, struct config_errors *errors);

/* "90s", "24h", "7d" in milliseconds. */
MUST_CHECK bool config_parse_duration(struct str text, int64_t *ms);

/* The option called name, where '-', '_' and '.' count as the same ("database-url",
 * "http.head_max"). False when there is none. */
bool config_find_option(struct str name, enum config_option *out);
/* The key that name most resembles, or NULL when none is near. */
const char *config_suggest_option(struct str name);

/* The value of one option as text that would be accepted again, secrets masked; "" when not set. */
void config_write_value(const struct config *config, enum config_option option, struct buf *out);
/* One line per option: key, value, origin, in columns. */
void config_write_text(const struct config *config, struct buf *out);
/* {"http.head_max":{"value":"16KiB","origin":"default"},...} */
void config_write_json(const struct config *config, struct buf *out);

#endif
