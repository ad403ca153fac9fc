/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way to one claim: ".role", ".app.roles[0]", ".\"https://shop.example/role\"".
 */
#ifndef CAIRN_AUTH_CLAIM_PATH_H
#define CAIRN_AUTH_CLAIM_PATH_H

#include "core/json.h"

#define CLAIM_PATH_MAX 8

struct claim_path {
    struct {
        struct str key; /* data NULL: index */
        uint32_t index;
    } steps[CLAIM_PATH_MAX];
    size_t count;
};

/* Borrows from text. False when it isn't a path. */
MUST_CHECK bool claim_path_parse(struct str text, struct claim_path *out);
/* NULL when nothing is there. */
const struct json *claim_path_walk(const struct claim_path *path, const struct json *claims);

#endif
