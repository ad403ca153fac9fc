/* SPDX-License-Identifier: Apache-2.0 */
#include "server/cors.h"

void
cors_add_headers(const struct config *config, struct request *request)
{
    struct str origin = request->known[HTTP_H_ORIGIN];
    const struct config_list *allowed = &config->cors_origins;

    if (origin.data == NULL)
        return;
    for (size_t i = 0; i < allowed->count; i++) {
        struct str item = str_from(allowed->items[i]);
        bool any = str_eq(item, STR("*"));

        if (!any && !str_eq_nocase(item, origin))
            continue;
        response_add_header(request, STR("Access-Control-Allow-Origin"), any ? STR("*") : origin);
        if (!any)
            response_add_header(request, STR("Access-Control-Allow-Credentials"), STR("true"));
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

void
cors_answer_preflight(struct request *request)
{
    struct str wanted = request->known[HTTP_H_ACR_HEADERS];

    request->response.status = 200;
    response_add_header(request, STR("Access-Control-Allow-Methods"),
                        STR("GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD"));
    response_add_header(request, STR("Access-Control-Allow-Headers"),
                        arena_printf(request->arena,
                                     "Authorization, %.*s%sAccept, Accept-Language, "
                                     "Content-Language",
                                     STR_ARG(wanted), wanted.len > 0 ? ", " : ""));
    response_add_header(request, STR("Access-Control-Max-Age"), STR("86400"));
}
