/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way to one claim, in two notations.
 *
 * The short one: ".role", ".app.roles[0]", ".\"https://shop.example/role\"", and as the last step
 * the first text of an array that fits: [?(@ == "x")], with ==, !=, ^== (begins with), ==^ (ends
 * with) and *== (contains).
 *
 * JSONPath (RFC 9535), which begins with $: names, indexes, slices, wildcards, descendants and
 * filters with comparisons, tests, and the functions search() and match(). The claim is the first
 * node that the path selects. Regular expressions are those of sql/regex.h, which has what RFC 9485
 * asks for but \p{...}.
 *
 * A path never changes once it is parsed, and threads may share it.
 */
#ifndef CAIRN_AUTH_CLAIM_PATH_H
#define CAIRN_AUTH_CLAIM_PATH_H

#include "core/json.h"

#define CLAIM_PATH_SIZE_MAX 1000   /* bytes of its text */
#define CLAIM_PATH_STEPS_MAX 50000 /* that a search may take; past them, nothing is found */

struct claim_path;

/* Copies what it needs of text. When it isn't a path: NULL, and what is wrong in err
 * (ERR_CONFIG). */
MUST_CHECK bool claim_path_parse(struct str text, struct claim_path **out, struct err *err);
void claim_path_free(struct claim_path *path); /* NULL is safe */
/* NULL when nothing is there. */
const struct json *claim_path_find(const struct claim_path *path, const struct json *claims);

#endif
