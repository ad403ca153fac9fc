/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of the documentation page, embedded in the binary at build time, so that it works
 * without a network.
 */
#ifndef CAIRN_SERVER_DOCS_H
#define CAIRN_SERVER_DOCS_H

#include "core/str.h"

struct docs_file {
    const char *name; /* "index.html", "docs.js" */
    const char *content_type;
    struct str plain; /* as it is; data NULL: only gzip is there */
    struct str gzip;  /* the same, compressed; data NULL: none */
};

/* NULL when there is none. */
const struct docs_file *docs_find(struct str name);

#endif
