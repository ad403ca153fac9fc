/* SPDX-License-Identifier: Apache-2.0 */
/* ARRAY[...], of constants. */
#include "sql/array.h"
#include "sql/expr.h"

bool
expr_array(struct expr_context *x, const struct json *body, struct expr *out)
{
    struct expr *items = NULL;
    struct array array = {.dim_count = 1};
    struct buf text;

    if (!expr_list(x, pg_first(body, "elements"), &items, &array.count))
        return false;
    array.dims[0] = array.count;
    array.items = ARENA_ARRAY(x->a->tmp, struct str, array.count + 1);
    apply_buf(&text);
    for (uint32_t i = 0; i < array.count; i++) {
        if (!items[i].is_const || items[i].type.id == TYPE_ARRAY) {
            buf_fini(&text);
            return apply_refuse(x->a, pg_location(body), "ARRAY[...] of anything but constants");
        }
        if (items[i].value.kind == VALUE_NULL)
            continue;
        buf_clear(&text);
        type_write_output(&text, &items[i].type, &items[i].value);
        array.items[i] = text.len > 0 ? arena_copy(x->a->tmp, buf_str(&text)) : STR("");
    }
    buf_clear(&text);
    array_write(&text, &array);
    /* As a literal, it becomes an array of the type that is asked for. */
    expr_const(x->a, type_builtin(TYPE_UNKNOWN),
               &(struct value){.kind = VALUE_TEXT, .s = apply_take(x->a->tmp, &text)}, out);
    return true;
}
