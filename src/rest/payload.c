/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/payload.h"

#include "rest/payload_text.h"

static bool
fail(struct err *err, const char *message)
{
    err_set(err, ERR_REQUEST, "PGRST102", "%s", message);
    err->http_status = 400;
    return false;
}

/* The body as JSON, whatever type it came in. */
static bool
read_content_type(struct str content_type, struct arena *arena, struct str *body, struct err *err)
{
    struct str rest = content_type;
    struct str name = str_trim(str_cut(&rest, ';'));

    if (name.len == 0 || str_eq_nocase(name, STR("application/json")) ||
        str_eq_nocase(name, STR("application/vnd.pgrst.object+json")) ||
        str_eq_nocase(name, STR("application/vnd.pgrst.array+json")))
        return true;
    if (str_eq_nocase(name, STR("text/csv")))
        return payload_text_from_csv(*body, arena, body, err);
    if (str_eq_nocase(name, STR("application/x-www-form-urlencoded")))
        return payload_text_from_form(*body, arena, body, err);
    err_set(err, ERR_REQUEST, "PGRST102", "Content-Type not acceptable: %.*s",
            STR_ARG(str_slice(name, 0, 200)));
    err->http_status = 400;
    return false;
}

static void
take_keys(struct payload *payload, struct arena *arena)
{
    const struct json *first = payload->first;

    if (first == NULL || first->type != JSON_OBJECT)
        return;
    payload->keys = ARENA_ARRAY(arena, struct str, first->count + 1);
    for (const struct json *member = first->first; member != NULL; member = member->next)
        payload->keys[payload->key_count++] = member->key;
}

static bool
has_same_keys(const struct payload *payload, const struct json *row)
{
    uint32_t i = 0;

    if (row->count != payload->key_count)
        return false;
    for (const struct json *member = row->first; member != NULL; member = member->next, i++) {
        uint32_t j = 0;

        if (str_eq(member->key, payload->keys[i]))
            continue;
        while (j < payload->key_count && !str_eq(member->key, payload->keys[j]))
            j++;
        if (j == payload->key_count)
            return false;
    }
    return true;
}

bool
payload_parse(struct str body, struct str content_type, bool has_columns, uint32_t depth_max,
              struct arena *arena, struct payload *out, struct err *err)
{
    struct json_limits limits = JSON_LIMITS_DEFAULT;
    struct json *root = NULL;

    *out = (struct payload){0};
    limits.max_depth = depth_max;
    if (!read_content_type(content_type, arena, &body, err))
        return false;
    /* The names of columns; what stands in a column of JSON is the database's. */
    limits.unique_depth = str_has_prefix(str_trim(body), STR("[")) ? 2 : 1;
    if (!json_parse(body, limits, arena, &root, err)) {
        /* The contract has no place for where it is wrong: section 9. */
        err->has_details = false;
        return false;
    }
    out->is_array = root->type == JSON_ARRAY;
    out->first = out->is_array ? root->first : root;
    out->row_count = out->is_array ? root->count : 1;
    out->text = root->raw;
    take_keys(out, arena);
    for (const struct json *row = out->first; row != NULL; row = out->is_array ? row->next : NULL) {
        if (row->type != JSON_OBJECT || (!has_columns && !has_same_keys(out, row)))
            return fail(err, "All object keys must match");
    }
    return true;
}

struct str
payload_value_text(const struct json *value, bool raw)
{
    if (value == NULL || value->type == JSON_NULL)
        return STR_NULL;
    if (raw)
        return value->raw;
    switch (value->type) {
    case JSON_STRING:
        /* An empty string is not NULL. */
        return value->text.data != NULL ? value->text : STR("");
    case JSON_TRUE:
        return STR("true");
    case JSON_FALSE:
        return STR("false");
    case JSON_NUMBER:
    case JSON_ARRAY:
    case JSON_OBJECT:
    case JSON_NULL:
        break;
    }
    return value->raw;
}
