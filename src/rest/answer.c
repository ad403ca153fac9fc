/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/answer.h"

#include "auth/caller.h"
#include "core/json.h"
#include "def/errors.h"

int
answer_status(const struct err *err)
{
    const struct error_code_def *row = NULL;

    if (err->http_status != 0)
        return err->http_status;
    row = error_code_find(err->code);
    return row != NULL ? row->http_status : error_kinds[err->kind].http_status;
}

/* Errors quote what a client sent, which may be no text (a header's bytes), or cut in the middle of
 * a character: what is no UTF-8 becomes U+FFFD. */
static void
add_string(struct buf *out, struct str text)
{
    struct buf clean;

    if (str_is_utf8(text)) {
        json_write_str(out, text);
        return;
    }
    buf_init(&clean, 3 * text.len);
    for (size_t at = 0; at < text.len;) {
        size_t step = str_utf8_step(text, at);

        buf_add_str(&clean, step > 0 ? str_slice(text, at, at + step) : STR("\xEF\xBF\xBD"));
        at += step > 0 ? step : 1;
    }
    json_write_str(out, buf_str(&clean));
    buf_fini(&clean);
}

static void
add_text(struct buf *out, bool present, const char *text)
{
    if (present)
        add_string(out, str_from(text));
    else
        BUF_ADD_LIT(out, "null");
}

void
answer_error_body(struct buf *out, const struct err *err, bool terse)
{
    BUF_ADD_LIT(out, "{\"code\":");
    json_write_str(out, str_from(err->code));
    if (terse) {
        BUF_ADD_LIT(out, ",\"message\":");
        add_string(out, str_from(err->message));
        buf_add_char(out, '}');
        return;
    }
    BUF_ADD_LIT(out, ",\"details\":");
    if (err->has_details && err->details_is_json)
        buf_add_str(out, str_from(err->details));
    else
        add_text(out, err->has_details, err->details);
    BUF_ADD_LIT(out, ",\"hint\":");
    add_text(out, err->has_hint, err->hint);
    BUF_ADD_LIT(out, ",\"message\":");
    add_string(out, str_from(err->message));
    buf_add_char(out, '}');
}

/* A missing right is answered by who lacks it: someone unknown is asked to sign in. */
static int
status_for(const struct request *request, const struct err *err)
{
    if (err->http_status == 0 && strcmp(err->code, "42501") == 0)
        return request->caller == NULL || request->caller->is_anonymous ? 401 : 403;
    return answer_status(err);
}

static void
add_challenge(struct request *request, const struct err *err)
{
    struct str challenge = STR("Bearer");

    if (strcmp(err->code, "PGRST301") == 0 || strcmp(err->code, "PGRST303") == 0)
        challenge =
            arena_printf(request->arena, "Bearer error=\"invalid_token\", error_description=\"%s\"",
                         err->message);
    response_add_header(request, STR("WWW-Authenticate"), challenge);
}

void
answer_error(struct request *request, const struct err *err)
{
    struct response *response = &request->response;
    int status = status_for(request, err);
    const char *code = arena_cstr(request->arena, str_from(err->code));

    buf_clear(&response->body);
    response->static_body = STR_NULL;
    response->status = status;
    response->content_type = STR("application/json; charset=utf-8");
    response->head_length = -1;
    answer_error_body(&response->body, err, request->wants_terse_errors);
    response_add_header(request, STR("Proxy-Status"),
                        arena_printf(request->arena, "PostgREST; error=%s", code));
    if (status == 401)
        add_challenge(request, err);
    if (status == 503 || status == 429)
        response_add_header(request, STR("Retry-After"), STR("1"));
    request->error_code = code;
    http_respond(request);
}
