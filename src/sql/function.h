/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of functions, for the files that translate them: function.c, function_call.c. */
#ifndef CAIRN_SQL_FUNCTION_H
#define CAIRN_SQL_FUNCTION_H

#include "sql/expr.h"

#define FUNCTION_STATEMENTS_MAX 64

/* What a body is made of, as nodes of a->tree. */
struct function_body {
    const struct json *result; /* RETURN expression; NULL: statements */
    const struct json *nodes[FUNCTION_STATEMENTS_MAX];
    uint32_t count;
};

/* What reading and translating a body changes of *a. */
struct function_state {
    struct pgtree tree;
    size_t base;
    struct str path[16];
    uint32_t path_count;
    struct expr_parameters *parameters;
    struct marks *marks;
};
void function_keep(struct apply *a, struct function_state *state);
void function_restore(struct apply *a, const struct function_state *state);

/* What function->row is in a finished model; never NULL, since a table can't go before its function
 * has. */
const struct model_table *function_row(struct apply *a, const struct model_function *function);
/* Parses the function's text into a->tree and takes its search path. */
MUST_CHECK bool function_read(struct apply *a, const struct model_function *function,
                              struct function_body *out);
/* The one query that the body is, and the expression of RETURN or of a query that is nothing more;
 * each may be NULL. False: it is something else. */
bool function_single(const struct function_body *body, const struct json **query,
                     const struct json **expression);
/* Whether SQLite's text gives another value each time. */
bool function_is_volatile(struct str sql);

#endif
