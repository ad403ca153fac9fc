/* SPDX-License-Identifier: Apache-2.0 */
/* "Perhaps you meant": for a call that no function takes (PGRST202). */
#ifndef CAIRN_REST_ARGS_HINT_H
#define CAIRN_REST_ARGS_HINT_H

#include "core/err.h"
#include "schema/schema.h"

struct args_search {
    struct str schema_name, name;
    struct str given;                        /* names of arguments, sorted: "a, b" */
    const struct schema_function *overloads; /* those called so */
    uint32_t overload_count;
};

/* Puts the hint into err when there is something to say: the function whose name is most similar,
 * or, when one has the name, that of its overloads whose arguments are. */
void args_hint(const struct schema *schema, const struct args_search *search, struct err *err);

#endif
