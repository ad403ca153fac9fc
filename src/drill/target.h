/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A service to be checked, cairn's own or any other: how it starts, and which routes to use.
 *
 * In texts, {port} stands for the port that was picked, {dir} for a folder of the run's own,
 * {database} for the URL of the run's own database, {n} for the number of a write, {offset} for
 * where a page begins.
 */
#ifndef CAIRN_DRILL_TARGET_H
#define CAIRN_DRILL_TARGET_H

#include "config/config.h"
#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"

struct target {
    const char *name;
    const char *dir;          /* working directory */
    const char *const *start; /* argv */
    const char *const *env;   /* "NAME=VALUE" */
    const char *live;         /* path that answers 200 while the process can answer */
    const char *ready;        /* path that answers 200 when it can do its work */
    const char *metrics;      /* NULL: none */
    const char *docs;         /* OpenAPI document as JSON; NULL: none */
    const char *write_path;   /* POST */
    const char *write_body;   /* JSON, with {n} */
    const char *read_path;    /* GET, a JSON array of objects, with {offset} */
    const char *read_key;     /* the member that holds {n} */
    const char *one_path;     /* GET one row, with {n}; NULL: none */
    const char *data;         /* the file or folder of its data, to take away; NULL: none */
    const char *database;     /* a PostgreSQL where databases for it are made; NULL: none */
    const char *log;          /* a file of JSON lines; NULL: none */
    unsigned start_timeout_s;
    bool is_cairn;
};

/* Reads a description (YAML). file is how errors call it; dir of the target is relative to it. */
MUST_CHECK bool target_parse(struct str text, const char *file, struct arena *arena,
                             struct target *out, struct err *err);
MUST_CHECK bool target_load(const char *path, struct arena *arena, struct target *out,
                            struct err *err);

/* Appends the text, value in the place of each name, such as "{port}". */
void target_add_filled(struct buf *out, const char *text, const char *name, struct str value);
/* The same as a text in arena, or text itself where the name isn't in it. */
const char *target_fill(struct arena *arena, const char *text, const char *name, const char *value);

#endif
