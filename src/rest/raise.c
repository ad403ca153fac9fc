/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/raise.h"

#include "core/json.h"

#define BAD_HEADERS                                                                                 \
    "response.headers guc must be a JSON array composed of objects with a single key and a string " \
    "value"

static bool
is_token(struct str name)
{
    static const char others[] = "!#$%&'*+-.^_`|~";

    for (size_t i = 0; i < name.len; i++) {
        char ch = name.data[i];
        bool is_word =
            (ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z');

        if (!is_word && (ch == '\0' || strchr(others, ch) == NULL))
            return false;
    }
    return name.len > 0;
}

/* No line break: a header must not become two. */
static bool
is_header_value(struct str value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char ch = (unsigned char)value.data[i];

        if ((ch < ' ' && ch != '\t') || ch == 0x7f)
            return false;
    }
    return true;
}

/* Where a message ends is for the server to say. */
static bool
is_framing(struct str name)
{
    static const char *const names[] = {
        "content-length",   "transfer-encoding", "connection", "keep-alive",      "upgrade",
        "content-encoding", "trailer",           "te",         "proxy-connection"};

    for (size_t i = 0; i < COUNTOF(names); i++) {
        if (str_eq_nocase(name, str_from(names[i])))
            return true;
    }
    return false;
}

static void
remove_header(struct response *response, uint32_t count, struct str name)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < response->header_count; i++) {
        if (i >= count || !str_eq_nocase(response->headers[i].name, name))
            response->headers[kept++] = response->headers[i];
    }
    response->header_count = kept;
}

/* The first count headers are ours, and give way. */
static bool
add_header(struct request *request, uint32_t *count, struct str name, struct str value)
{
    struct response *response = &request->response;
    uint32_t before = response->header_count;

    if (!is_token(name) || !is_header_value(value) || is_framing(name))
        return false;
    value = arena_copy(request->arena, str_trim(value));
    if (str_eq_nocase(name, STR("content-type"))) {
        response->content_type = value;
        return true;
    }
    remove_header(response, *count, name);
    *count -= before - response->header_count;
    if (response->header_count == COUNTOF(response->headers))
        return false;
    response_add_header(request, arena_copy(request->arena, name), value);
    return true;
}

/* Each element of list is an object with one member; or list is an object with all of them. */
static bool
add_headers(struct request *request, const struct json *list)
{
    uint32_t count = request->response.header_count;
    bool is_object = list->type == JSON_OBJECT;

    for (const struct json *item = list->first; item != NULL; item = item->next) {
        const struct json *member = is_object ? item : item->first;

        if (!is_object && (item->type != JSON_OBJECT || item->count != 1))
            return false;
        if (member->type != JSON_STRING || !add_header(request, &count, member->key, member->text))
            return false;
    }
    return true;
}

static const struct json *
parse(struct request *request, struct str text)
{
    struct json *json = NULL;

    return json_parse(text, JSON_LIMITS_DEFAULT, request->arena, &json, NULL) ? json : NULL;
}

static bool
fail_guc(struct err *err, const char *code, const char *message)
{
    err_set(err, ERR_REQUEST, code, "%s", message);
    err->http_status = 500;
    return false;
}

bool
raise_apply_settings(struct request *request, struct str headers, struct str status,
                     struct err *err)
{
    if (headers.len > 0) {
        const struct json *list = parse(request, arena_copy(request->arena, headers));

        if (list == NULL || list->type != JSON_ARRAY || !add_headers(request, list))
            return fail_guc(err, "PGRST111", BAD_HEADERS);
    }
    if (status.len > 0) {
        int64_t number = 0;

        if (!str_to_i64(status, &number) || number < 200 || number > 599)
            return fail_guc(err, "PGRST112", "response.status guc must be a valid status code");
        request->response.status = (int)number;
    }
    return true;
}

/* The last three characters of PTnnn as a status. */
static int
status_of_code(const char *code)
{
    int64_t number = 0;

    if (!str_to_i64(str_from(code + 2), &number) || number < 200 || number > 599)
        return 500;
    return (int)number;
}

static void
fail_raise(struct err *err, const char *part, const char *text)
{
    static const char message_hint[] =
        "MESSAGE must be a JSON object with obligatory keys: 'code', 'message' and optional keys: "
        "'details', 'hint'.";
    static const char detail_hint[] =
        "DETAIL must be a JSON object with obligatory keys: 'status', 'headers' and optional key: "
        "'status_text'.";
    char copy[512];

    snprintf(copy, sizeof(copy), "%s", text);
    err_clear(err);
    err_set(err, ERR_DB, "PGRST121",
            "Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error");
    if (part == NULL)
        err_details(err, "DETAIL is missing in the RAISE statement");
    else
        err_details(err, "Invalid JSON value for %s: '%s'", part, copy);
    err_hint(err, "%s", part != NULL && strcmp(part, "MESSAGE") == 0 ? message_hint : detail_hint);
    err->http_status = 500;
}

static bool
is_text(const struct json *object, const char *key, bool is_optional)
{
    const struct json *member = json_get(object, key);

    if (member == NULL || member->type == JSON_NULL)
        return is_optional;
    return member->type == JSON_STRING;
}

/* The code goes into a header, too. */
static bool
is_message(const struct json *message)
{
    return is_text(message, "code", false) && is_text(message, "message", false) &&
           is_text(message, "details", true) && is_text(message, "hint", true) &&
           is_token(json_get_str(message, "code", STR_NULL));
}

static void
translate_pgrst(struct request *request, struct err *err)
{
    struct arena *arena = request->arena;
    struct str message_text = arena_copy(arena, str_from(err->message));
    const struct json *message = parse(request, message_text);
    const struct json *detail = NULL;
    int64_t status = 0;
    struct str details = STR_NULL;
    struct str hint = STR_NULL;
    struct str reason = STR_NULL;

    if (!is_message(message)) {
        fail_raise(err, "MESSAGE", err->message);
        return;
    }
    if (!err->has_details) {
        fail_raise(err, NULL, "");
        return;
    }
    detail = parse(request, arena_copy(arena, str_from(err->details)));
    status = json_get_i64(detail, "status", 0);
    reason = json_get_str(detail, "status_text", STR_NULL);
    if (status < 200 || status > 599 || json_get(detail, "headers") == NULL ||
        json_get(detail, "headers")->type != JSON_OBJECT || !is_header_value(reason) ||
        !add_headers(request, json_get(detail, "headers"))) {
        fail_raise(err, "DETAIL", err->details);
        return;
    }
    request->response.reason = reason;
    details = json_get_str(message, "details", STR_NULL);
    hint = json_get_str(message, "hint", STR_NULL);
    err_clear(err);
    err_set(err, ERR_DB, arena_cstr(arena, json_get_str(message, "code", STR_NULL)), "%.*s",
            STR_ARG(json_get_str(message, "message", STR_NULL)));
    if (details.data != NULL)
        err_details(err, "%.*s", STR_ARG(details));
    if (hint.data != NULL)
        err_hint(err, "%.*s", STR_ARG(hint));
    err->http_status = (int)status;
}

void
raise_translate(struct request *request, struct err *err)
{
    if (err->kind != ERR_DB || strlen(err->code) != 5 || err->http_status != 0)
        return;
    if (strncmp(err->code, "PT", 2) == 0)
        err->http_status = status_of_code(err->code);
    else if (strcmp(err->code, "PGRST") == 0)
        translate_pgrst(request, err);
}
