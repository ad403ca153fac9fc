/* SPDX-License-Identifier: Apache-2.0 */
/* Accept: which media type an answer has. Source: RFC 9110, 12.5.1, and the contract's points 29,
 * 34 to 37 and 74. */
#include "rest/api.h"

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

/* As str_cut, but what stands between double quotes is whole. */
static struct str
cut_quoted(struct str *rest, char separator)
{
    bool quoted = false;
    size_t end = 0;
    struct str first;

    while (end < rest->len && (quoted || rest->data[end] != separator))
        quoted ^= rest->data[end++] == '"';
    first = str_trim(str_slice(*rest, 0, end));
    *rest = end < rest->len ? str_slice(*rest, end + 1, rest->len) : STR_NULL;
    return first;
}

/* The value of a parameter, without its quotes. False: it is not there. */
static bool
find_param(struct str params, struct str name, struct str *out)
{
    while (params.len > 0) {
        struct str value = cut_quoted(&params, ';');
        struct str key = str_trim(str_cut(&value, '='));

        if (!str_eq_nocase(key, name))
            continue;
        *out = str_trim(value);
        if (out->len > 1 && out->data[0] == '"' && out->data[out->len - 1] == '"')
            *out = str_slice(*out, 1, out->len - 1);
        return true;
    }
    return false;
}

/* Of two types with the same weight the more precise one wins, and then the first. */
static int
rank(struct str name, struct str params)
{
    struct str value = STR_NULL;
    int q = find_param(params, STR("q"), &value) ? weight(value) : 1000;
    int precision = 16;

    for (size_t i = 0; i < name.len; i++)
        precision -= name.data[i] == '*' && precision > 0;
    while (params.len > 0 && precision < 31) {
        struct str param = cut_quoted(&params, ';');

        precision += param.len > 0 && !str_has_prefix(param, STR("q="));
    }
    return q > 0 ? q * 32 + precision : 0;
}

static bool
is_named(struct str name, struct str type, struct str suffix)
{
    return str_eq_nocase(name, type) ||
           (name.len == type.len + suffix.len &&
            str_eq_nocase(str_slice(name, 0, type.len), type) &&
            str_eq_nocase(str_slice(name, type.len, name.len), suffix));
}

static bool media_from(struct str text, const struct api_offers *offers, struct api_request *out);

/* application/vnd.pgrst.plan+json; for="application/json"; options=analyze|verbose */
static bool
plan_from(struct str params, const struct api_offers *offers, bool is_json, struct api_request *out)
{
    static const char *const names[] = {"analyze", "verbose", "settings", "buffers", "wal"};
    struct str shown = STR("application/json");
    struct str options = STR_NULL;

    if (offers == NULL || !offers->plans || out->explain.is_on)
        return false;
    out->explain = (struct api_explain){.is_on = true, .is_json = is_json};
    (void)find_param(params, STR("for"), &shown);
    (void)find_param(params, STR("options"), &options);
    while (options.len > 0) {
        struct str option = str_cut(&options, '|');

        for (size_t i = 0; i < COUNTOF(names); i++) {
            if (str_eq(option, str_from(names[i])))
                out->explain.options |= 1U << i;
        }
    }
    return media_from(shown, offers, out);
}

/* A type with its parameters. The vendor's own types always mean the same; all others may be made
 * by the database. */
static bool
media_from(struct str text, const struct api_offers *offers, struct api_request *out)
{
    struct str params = text;
    struct str name = cut_quoted(&params, ';');
    bool is_array = is_named(name, STR("application/vnd.pgrst.array"), STR("+json"));
    bool is_object = is_named(name, STR("application/vnd.pgrst.object"), STR("+json"));
    bool is_json_plan = str_eq_nocase(name, STR("application/vnd.pgrst.plan+json"));
    struct str nulls = STR_NULL;

    if (is_json_plan || is_named(name, STR("application/vnd.pgrst.plan"), STR("+text")))
        return plan_from(params, offers, is_json_plan, out);
    if (is_array || is_object) {
        out->media = is_object ? API_MEDIA_OBJECT : API_MEDIA_JSON;
        out->nulls_stripped =
            find_param(params, STR("nulls"), &nulls) && str_eq(nulls, STR("stripped"));
        out->array_media = is_array && out->nulls_stripped;
        /* Without more to say it is JSON as any other. */
        if (is_object || out->nulls_stripped)
            return true;
        name = STR("application/json");
    }
    if (offers != NULL && offers->find != NULL && offers->find(offers->ctx, name, out)) {
        out->media = API_MEDIA_CUSTOM;
        return true;
    }
    out->media = str_eq_nocase(name, STR("text/csv")) ? API_MEDIA_CSV : API_MEDIA_JSON;
    return out->media == API_MEDIA_CSV || str_eq_nocase(name, STR("application/json")) ||
           str_eq(name, STR("*/*")) || str_eq_nocase(name, STR("application/*"));
}

bool
api_fail_accept(struct str value, struct err *err)
{
    struct buf names;

    buf_init(&names, 400);
    while (value.len > 0) {
        struct str params = cut_quoted(&value, ',');

        if (names.len > 0)
            BUF_ADD_LIT(&names, ", ");
        buf_add_str(&names, cut_quoted(&params, ';'));
    }
    err_set(err, ERR_REQUEST, "PGRST107", "None of these media types are available: %.*s",
            STR_ARG(buf_str(&names)));
    err->http_status = 406;
    buf_fini(&names);
    return false;
}

static void
take_media(struct api_request *to, const struct api_request *from)
{
    to->media = from->media;
    to->nulls_stripped = from->nulls_stripped;
    to->array_media = from->array_media;
    to->handler = from->handler;
    to->explain = from->explain;
}

bool
api_parse_accept(struct str value, const struct api_offers *offers, struct api_request *request,
                 struct err *err)
{
    struct str rest = str_trim(value).len > 0 ? value : STR("*/*");
    int best = 0;

    /* One type without parameters, as most requests have it, has no other to be compared with. */
    if (memchr(rest.data, ',', rest.len) == NULL && memchr(rest.data, ';', rest.len) == NULL) {
        struct api_request candidate = {0};

        if (!media_from(str_trim(rest), offers, &candidate))
            return api_fail_accept(value, err);
        take_media(request, &candidate);
        return true;
    }
    while (rest.len > 0) {
        struct api_request candidate = {0};
        struct str text = cut_quoted(&rest, ',');
        struct str params = text;
        struct str name = cut_quoted(&params, ';');
        int at = rank(name, params);

        if (at > best && media_from(text, offers, &candidate)) {
            best = at;
            take_media(request, &candidate);
        }
    }
    return best > 0 || api_fail_accept(value, err);
}
