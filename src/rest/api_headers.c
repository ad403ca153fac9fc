/* SPDX-License-Identifier: Apache-2.0 */
/* Prefer, Accept and Range. */
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

/* 0, 0.5, 1.000 in thousandths; what is no weight by RFC 9110, 12.4.2, counts as 1. */
static int
weight(struct str text)
{
    int value = 0;
    int scale = 100;

    if (text.len == 0 || text.data[0] != '0' || (text.len > 1 && text.data[1] != '.'))
        return 1000;
    for (size_t i = 2; i < text.len; i++, scale /= 10) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return 1000;
        value += (text.data[i] - '0') * scale;
    }
    return value;
}

/* The weight among the parameters of a media type. */
static int
quality(struct str params)
{
    while (params.len > 0) {
        struct str param = str_trim(str_cut(&params, ';'));

        if (str_has_prefix(param, STR("q=")) || str_has_prefix(param, STR("Q=")))
            return weight(str_slice(param, 2, param.len));
    }
    return 1000;
}

static bool
media_from_name(struct str name, struct str params, struct api_request *out)
{
    bool is_array = str_eq_nocase(name, STR("application/vnd.pgrst.array+json")) ||
                    str_eq_nocase(name, STR("application/vnd.pgrst.array"));
    bool is_object = str_eq_nocase(name, STR("application/vnd.pgrst.object+json")) ||
                     str_eq_nocase(name, STR("application/vnd.pgrst.object"));

    out->nulls_stripped = false;
    out->array_media = false;
    if (str_eq_nocase(name, STR("application/json")) || str_eq_nocase(name, STR("*/*")) ||
        str_eq_nocase(name, STR("application/*"))) {
        out->media = API_MEDIA_JSON;
        return true;
    }
    if (str_eq_nocase(name, STR("text/csv"))) {
        out->media = API_MEDIA_CSV;
        return true;
    }
    if (!is_array && !is_object)
        return false;
    out->media = is_object ? API_MEDIA_OBJECT : API_MEDIA_JSON;
    while (params.len > 0) {
        if (str_eq_nocase(str_trim(str_cut(&params, ';')), STR("nulls=stripped")))
            out->nulls_stripped = true;
    }
    out->array_media = is_array && out->nulls_stripped;
    return true;
}

bool
api_fail_accept(struct str value, struct err *err)
{
    struct buf names;

    buf_init(&names, 400);
    while (value.len > 0) {
        struct str params = str_trim(str_cut(&value, ','));

        if (names.len > 0)
            BUF_ADD_LIT(&names, ", ");
        buf_add_str(&names, str_trim(str_cut(&params, ';')));
    }
    err_set(err, ERR_REQUEST, "PGRST107", "None of these media types are available: %.*s",
            STR_ARG(buf_str(&names)));
    err->http_status = 406;
    buf_fini(&names);
    return false;
}

bool
api_parse_accept(struct str value, struct api_request *request, struct err *err)
{
    int best = 0;
    struct str rest = value;

    request->media = API_MEDIA_JSON;
    if (str_trim(value).len == 0)
        return true;
    while (rest.len > 0) {
        struct api_request candidate = {0};
        struct str params = str_trim(str_cut(&rest, ','));
        struct str name = str_trim(str_cut(&params, ';'));
        int q = quality(params);

        if (q > best && media_from_name(name, params, &candidate)) {
            best = q;
            request->media = candidate.media;
            request->nulls_stripped = candidate.nulls_stripped;
            request->array_media = candidate.array_media;
        }
    }
    return best > 0 || api_fail_accept(value, err);
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
    if (!str_to_i64(from, &first) || first < 0 ||
        (to.len > 0 && (!str_to_i64(to, &last) || last < 0)))
        return;
    request->has_range = true;
    request->range_from = first;
    request->range_to = last;
}
