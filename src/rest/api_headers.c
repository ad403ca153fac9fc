/* SPDX-License-Identifier: Apache-2.0 */
/* Prefer and Range. */
#include "rest/api.h"

enum prefer_kind {
    PREFER_RETURN,
    PREFER_RESOLUTION,
    PREFER_COUNT,
    PREFER_MISSING,
    PREFER_TX,
    PREFER_HANDLING,
    PREFER_MAX_AFFECTED,
    PREFER_TIMEZONE,
    PREFER_KINDS,
};

/* Fills one preference; false when no one knows the word. */
static bool
set_preference(struct api_prefer *out, enum prefer_kind kind, struct str value)
{
#define IS(word) str_eq(value, STR(word))
    switch (kind) {
    case PREFER_RETURN:
        out->ret = IS("representation") ? API_RETURN_REPRESENTATION
                   : IS("minimal")      ? API_RETURN_MINIMAL
                   : IS("headers-only") ? API_RETURN_HEADERS
                                        : API_RETURN_NONE;
        return out->ret != API_RETURN_NONE;
    case PREFER_RESOLUTION:
        out->resolution = IS("merge-duplicates")    ? API_RESOLUTION_MERGE
                          : IS("ignore-duplicates") ? API_RESOLUTION_IGNORE
                                                    : API_RESOLUTION_NONE;
        return out->resolution != API_RESOLUTION_NONE;
    case PREFER_COUNT:
        out->count = IS("exact")       ? API_COUNT_EXACT
                     : IS("planned")   ? API_COUNT_PLANNED
                     : IS("estimated") ? API_COUNT_ESTIMATED
                                       : API_COUNT_NONE;
        return out->count != API_COUNT_NONE;
    case PREFER_MISSING:
        out->missing_default = IS("default");
        return IS("default") || IS("null");
    case PREFER_TX:
        out->tx_rollback = IS("rollback");
        out->tx_commit = IS("commit");
        return out->tx_rollback || out->tx_commit;
    case PREFER_HANDLING:
        out->strict = IS("strict");
        out->lenient = IS("lenient");
        return out->strict || out->lenient;
    case PREFER_MAX_AFFECTED:
        out->has_max_affected = str_to_i64(value, &out->max_affected) && out->max_affected >= 0;
        return out->has_max_affected;
    case PREFER_TIMEZONE:
        out->timezone = value;
        return value.len > 0;
    case PREFER_KINDS:
        break;
    }
#undef IS
    return false;
}

void
api_parse_prefer(struct str value, struct arena *arena, struct api_prefer *out)
{
    static const char *const names[PREFER_KINDS] = {
        "return", "resolution", "count", "missing", "tx", "handling", "max-affected", "timezone",
    };
    bool seen[PREFER_KINDS] = {false};
    char *invalid = value.len > 0 ? arena_alloc(arena, value.len * 2 + 2) : NULL;
    size_t invalid_len = 0;

    *out = (struct api_prefer){0};
    while (value.len > 0) {
        struct str item = str_trim(str_cut(&value, ','));
        struct str rest = item;
        struct str name = str_cut(&rest, '=');
        bool known = false;

        for (enum prefer_kind kind = 0; kind < PREFER_KINDS; kind++) {
            if (!str_eq(name, str_from(names[kind])))
                continue;
            known = seen[kind] || set_preference(out, kind, rest);
            seen[kind] = seen[kind] || known;
        }
        if (known || item.len == 0)
            continue;
        if (invalid_len > 0) {
            memcpy(invalid + invalid_len, ", ", 2);
            invalid_len += 2;
        }
        memcpy(invalid + invalid_len, item.data, item.len);
        invalid_len += item.len;
        out->invalid = str_make(invalid, invalid_len);
    }
}

/* Digits. What is past 2^63 is further than any table reaches: the same as the greatest there
 * is. */
static bool
parse_bound(struct str text, int64_t *out)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    }
    if (text.len > 0 && !str_to_i64(text, out))
        *out = INT64_MAX;
    return text.len > 0;
}

void
api_parse_range(struct str value, struct api_request *request)
{
    struct str to = str_trim(value);
    struct str from = STR_NULL;
    int64_t first = 0;
    int64_t last = -1;

    if (str_has_prefix(to, STR("items=")))
        to = str_slice(to, 6, to.len);
    if (str_find_char(to, '-', 0) == to.len)
        return;
    from = str_cut(&to, '-');
    if (!parse_bound(from, &first) || (to.len > 0 && !parse_bound(to, &last)))
        return;
    request->has_range = true;
    request->range_from = first;
    request->range_to = last;
}
