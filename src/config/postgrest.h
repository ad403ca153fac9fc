/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PostgREST's configuration as cairn's.
 *
 * A postgrest.conf has lines KEY = VALUE, where a value is "text", a number, true, false or a list,
 * and groups NAME { ... }; # begins a comment; $(NAME) in a text stands for an environment variable
 * and $$ for a dollar. PGRST_* variables have the same keys in capitals, and win.
 *
 * What comes out is a cairn.yaml that behaves the same, with a comment for each key that has no
 * counterpart, and a .env with what is secret. Every error is collected, each with its line.
 *
 * The file is trusted as to content (it names files that are read) but not as to form.
 * Source: PostgREST's documentation, "Configuration", and its behaviour at release 14.
 */
#ifndef CAIRN_CONFIG_POSTGREST_H
#define CAIRN_CONFIG_POSTGREST_H

#include "config/config.h"

struct postgrest_input {
    struct str text;      /* of the file; data NULL: there is none */
    const char *name;     /* for errors */
    char *const *environ; /* for $(NAME); NULL: none */
    bool takes_environ;   /* PGRST_* count as well */
    bool reads_files;     /* "@FILE" is what stands in the file; else it is an error */
};

/* True: *yaml and *dotenv have the two files' content, the latter empty when nothing is secret.
 * False: errors says why. */
MUST_CHECK bool postgrest_import(const struct postgrest_input *input, struct arena *arena,
                                 struct buf *yaml, struct buf *dotenv,
                                 struct config_errors *errors);

#endif
