/* SPDX-License-Identifier: Apache-2.0 */
#include "server/cors.h"

void
cors_add_headers(const struct config *config, struct request *request)
{
    struct str origin = request->known[HTTP_H_ORIGIN];
    const struct config_list *allowed = &config->cors_origins;

    if (origin.data == NULL && request->method != HTTP_OPTIONS)
        return;
    for (size_t i = 0; i < allowed->count; i++) {
        struct str item = str_from(allowed->items[i]);
        bool any = str_eq(item, STR("*"));

        if (!any && (origin.data == NULL || !str_eq_nocase(item, origin)))
            continue;
        response_add_header(request, STR("Access-Control-Allow-Origin"), any ? STR("*") : origin);
        if (!any) {
            response_add_header(request, STR("Access-Control-Allow-Credentials"), STR("true"));
            response_add_header(request, STR("Vary"), STR("Origin"));
        }
        response_add_header(request, STR("Access-Control-Expose-Headers"),
                            STR("Content-Encoding, Content-Location, Content-Range, Content-Type, "
                                "Date, Location, Server, Transfer-Encoding, Range-Unit"));
        return;
    }
}

bool
cors_is_preflight(const struct request *request)
{
    return request->method == HTTP_OPTIONS && request->known[HTTP_H_ORIGIN].data != NULL &&
           request->known[HTTP_H_ACR_METHOD].data != NULL;
}

/* What we allow beside what everyone may send: "Foo,Bar" as "Foo, Bar, ". */
static struct str
list_wanted(struct request *request)
{
    struct str wanted = request->known[HTTP_H_ACR_HEADERS];
    struct buf text;
    struct str list;

    buf_init(&text, 3 * wanted.len + 1);
    while (wanted.len > 0) {
        struct str item = str_trim(str_cut(&wanted, ','));

        if (item.len == 0)
            continue;
        buf_add_str(&text, item);
        BUF_ADD_LIT(&text, ", ");
    }
    list = arena_copy(request->arena, buf_str(&text));
    buf_fini(&text);
    return list;
}

void
cors_answer_preflight(struct request *request)
{
    request->response.status = 200;
    response_add_header(request, STR("Access-Control-Allow-Methods"),
                        STR("GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD"));
    response_add_header(request, STR("Access-Control-Allow-Headers"),
                        arena_printf(request->arena,
                                     "Authorization, %.*sAccept, Accept-Language, Content-Language",
                                     STR_ARG(list_wanted(request))));
    response_add_header(request, STR("Access-Control-Max-Age"), STR("86400"));
}
