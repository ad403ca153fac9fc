/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does it do with what a client should not send, and does it describe itself?
 */
#include "core/json.h"
#include "drill/examiner.h"

enum { ASK_MS = 10000, BIG = 4 * 1024 * 1024 };

#define JSON_HEADER "Content-Type: application/json\r\n"

/* --- errors ----------------------------------------------------------------------------------- */

/* Requests as they go on the wire; {path} is the write route, {host} where it is. */
static const struct {
    const char *what;
    const char *bytes;
} bad_requests[] = {
    {"a body that is no JSON",
     "POST {path} HTTP/1.1\r\nHost: {host}\r\n" JSON_HEADER "Content-Length: 9\r\n\r\n{\"id\": 1,"},
    {"an empty body",
     "POST {path} HTTP/1.1\r\nHost: {host}\r\n" JSON_HEADER "Content-Length: 0\r\n\r\n"},
    {"a body of bytes that are no UTF-8", "POST {path} HTTP/1.1\r\nHost: {host}\r\n" JSON_HEADER
                                          "Content-Length: 12\r\n\r\n{\"id\": \"\xff\xfe\"}"},
    {"an array that never closes",
     "POST {path} HTTP/1.1\r\nHost: {host}\r\n" JSON_HEADER "Content-Length: 8\r\n\r\n[[[[[[[["},
    {"another type of body", "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: image/png\r\n"
                             "Content-Length: 4\r\n\r\n\x89PNG"},
    {"text where a number belongs", "POST {path} HTTP/1.1\r\nHost: {host}\r\n" JSON_HEADER
                                    "Content-Length: 21\r\n\r\n{\"id\": \"a number, no\"}"},
    {"a number that doesn't fit", "POST {path} HTTP/1.1\r\nHost: {host}\r\n" JSON_HEADER
                                  "Content-Length: 33\r\n\r\n{\"id\": 9999999999999999999999999}"},
    {"a name that isn't there", "POST {path} HTTP/1.1\r\nHost: {host}\r\n" JSON_HEADER
                                "Content-Length: 24\r\n\r\n{\"cairn_no_such_key\": 1}"},
    {"a path that isn't there", "GET /cairn-no-such-path-4711 HTTP/1.1\r\nHost: {host}\r\n\r\n"},
    {"a method that isn't there", "BREW {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"},
    {"a path with broken percent signs", "GET {path}/%zz%1 HTTP/1.1\r\nHost: {host}\r\n\r\n"},
    {"a path upwards", "GET /../../../../etc/passwd HTTP/1.1\r\nHost: {host}\r\n\r\n"},
    {"quotes of SQL in the path", "GET {path}/'%20OR%20'1'='1 HTTP/1.1\r\nHost: {host}\r\n\r\n"},
    {"a NUL byte in the query", "GET {path}?id=%00 HTTP/1.1\r\nHost: {host}\r\n\r\n"},
    {"no host", "GET {path} HTTP/1.1\r\n\r\n"},
    {"a length that is no number",
     "POST {path} HTTP/1.1\r\nHost: {host}\r\n" JSON_HEADER "Content-Length: abc\r\n\r\n"},
    {"two lengths", "POST {path} HTTP/1.1\r\nHost: {host}\r\n" JSON_HEADER
                    "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"},
    {"a version that isn't there", "GET {path} HTTP/9.9\r\nHost: {host}\r\n\r\n"},
};

static const char *
fill(struct examiner *examiner, struct arena *arena, const char *text)
{
    const struct service *service = &examiner->service;

    text = target_fill(arena, text, "{path}", service->target.write_path);

    return target_fill(arena, text, "{host}",
                       arena_printf(arena, "%s:%s", service->at.host, service->at.port).data);
}

/* Also headers and bodies that are too large, which are made rather than written down. */
static void
ask_large(struct examiner *examiner, struct client *client, bool in_head,
          struct client_response *out)
{
    struct buf big;

    buf_init(&big, 2 * (size_t)BIG);
    if (in_head)
        BUF_ADD_LIT(&big, "X-Large: ");
    else
        BUF_ADD_LIT(&big, "{\"note\": \"");
    for (size_t i = 0; i < (in_head ? (size_t)256 * 1024 : (size_t)BIG); i++)
        buf_add_char(&big, 'a');
    if (in_head) {
        BUF_ADD_LIT(&big, "\r\n");
        client_ask(client, "GET", examiner->service.target.write_path, buf_cstr(&big), STR_NULL,
                   out);
    } else {
        BUF_ADD_LIT(&big, "\"}");
        client_ask(client, "POST", examiner->service.target.write_path, JSON_HEADER, buf_str(&big),
                   out);
    }
    buf_fini(&big);
}

struct tally {
    size_t asked, wrong;
    struct buf detail;
    const char *first;
};

/* An answer of 2xx is fine too: not everything that looks bad is refused by every service. 501 and
 * 505 are what HTTP has for methods and versions. */
static void
judge(struct tally *tally, const struct check_input *input, const char *what,
      const struct client_response *response)
{
    bool is_wrong = response->outcome != CLIENT_ANSWERED ||
                    (response->status >= 500 && response->status != 501 && response->status != 505);
    const char *how = response->outcome == CLIENT_ANSWERED
                          ? arena_printf(input->arena, "%d", response->status).data
                          : client_describe(response->outcome);

    tally->asked++;
    if (!is_wrong)
        return;
    if (tally->wrong++ == 0)
        tally->first = arena_printf(input->arena, "%s: %s", what, how).data;
    buf_printf(&tally->detail, "%s: %s\n", what, how);
}

static void
look_errors(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    struct tally tally = {0};
    struct client_response response;
    struct client client;

    buf_init(&tally.detail, 64 * 1024);
    service_init_client(&examiner->service, &client, ASK_MS);
    for (size_t i = 0; i < COUNTOF(bad_requests); i++) {
        client_ask_raw(&client, str_from(fill(examiner, input->arena, bad_requests[i].bytes)),
                       &response);
        judge(&tally, input, bad_requests[i].what, &response);
        client_fini(&client);
        service_init_client(&examiner->service, &client, ASK_MS);
    }
    ask_large(examiner, &client, true, &response);
    judge(&tally, input, "256 KiB of headers", &response);
    ask_large(examiner, &client, false, &response);
    judge(&tally, input, "4 MiB of body", &response);
    client_ask(&client, "GET", examiner->service.target.live, NULL, STR_NULL, &response);
    judge(&tally, input, "an ordinary request afterwards", &response);
    client_fini(&client);
    evidence_add_figure(out, "bad_requests", (double)tally.asked, "requests");
    if (tally.wrong == 0)
        check_pass(input, out, "%zu bad requests, each answered with a reason", tally.asked);
    else
        check_fail(input, out, "%zu of %zu bad requests, first %s", tally.wrong, tally.asked,
                   tally.first);
    out->detail = arena_copy(input->arena, buf_str(&tally.detail)).data;
    buf_fini(&tally.detail);
}

/* --- validation ------------------------------------------------------------------------------- */

/* What the write route must refuse: no value of these is a number. */
static const char *const bad_values[] = {
    "\"abc\"", "null", "true", "[1]", "{\"a\": 1}", "\"1; DROP TABLE x\"", "1.5e400", "\"\"",
};

static void
look_validation(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    const struct target *target = &examiner->service.target;
    size_t accepted = 0, failed = 0;
    const char *first = "";
    struct client client;

    service_init_client(&examiner->service, &client, ASK_MS);
    for (size_t i = 0; i < COUNTOF(bad_values); i++) {
        struct client_response response;

        client_ask(&client, "POST", target->write_path, JSON_HEADER,
                   str_from(target_fill(input->arena, target->write_body, "{n}", bad_values[i])),
                   &response);
        if (response.outcome == CLIENT_ANSWERED && response.status / 100 == 4)
            continue;
        if (accepted + failed == 0)
            first = arena_printf(input->arena, "%s: %d", bad_values[i], response.status).data;
        accepted += response.status / 100 == 2;
        failed += response.status / 100 != 2;
    }
    client_fini(&client);
    if (accepted + failed == 0)
        check_pass(input, out, "%zu values of a wrong kind, all refused with a 4xx",
                   COUNTOF(bad_values));
    else
        check_fail(input, out, "%zu wrong values were taken, %zu gave no 4xx; first %s", accepted,
                   failed, first);
}

/* --- documentation ---------------------------------------------------------------------------- */

/* Paths may be relative to the address of a server, as OpenAPI has it. */
static bool
describes(const struct json *paths, const char *path)
{
    for (const struct json *one = paths->first; one != NULL; one = one->next) {
        if (one->key.len > 1 && str_has_suffix(str_from(path), one->key))
            return true;
    }

    return false;
}

static void
look_docs(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    const struct target *target = &examiner->service.target;
    struct client_response response;
    const struct json *paths;
    struct client client;
    struct json *root;
    struct err err = {0};

    if (target->docs == NULL) {
        check_fail(input, out, "it has no description of its API");
        return;
    }
    service_init_client(&examiner->service, &client, ASK_MS);
    client_ask(&client, "GET", target->docs, NULL, STR_NULL, &response);
    if (response.outcome != CLIENT_ANSWERED || response.status != 200) {
        check_fail(input, out, "%s: %d", target->docs, response.status);
    } else if (!json_parse(response.body, JSON_LIMITS_DEFAULT, input->arena, &root, &err)) {
        check_fail(input, out, "%s is no JSON", target->docs);
    } else {
        paths = json_get(root, "paths");
        if (json_get(root, "openapi") == NULL || paths == NULL || paths->type != JSON_OBJECT)
            check_fail(input, out, "%s is no OpenAPI document", target->docs);
        else if (!describes(paths, target->write_path))
            check_fail(input, out, "%s doesn't describe %s", target->docs, target->write_path);
        else
            check_pass(input, out, "OpenAPI %.*s, %u paths",
                       STR_ARG(json_get_str(root, "openapi", STR("?"))), paths->count);
    }
    client_fini(&client);
}

static void
look_headers(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    struct client_response response;
    struct client client;

    service_init_client(&examiner->service, &client, ASK_MS);
    client_ask(&client, "GET",
               target_fill(input->arena, examiner->service.target.read_path, "{offset}", "0"), NULL,
               STR_NULL, &response);
    if (client_get_header(&response, "X-Content-Type-Options").len == 0)
        check_fail(input, out, "X-Content-Type-Options is missing");
    else if (client_get_header(&response, "Server").len > 0 ||
             client_get_header(&response, "X-Powered-By").len > 0)
        check_fail(input, out, "it says what it is made with (Server, X-Powered-By)");
    else
        check_pass(input, out, "nosniff, and nothing about what it is made with");
    client_fini(&client);
}

const struct probe_def probe_api[] = {
    {"error-handling", 1, look_errors, false},
    {"input-validation", 0, look_validation, false},
    {"docs", 0, look_docs, false},
    {"security-headers", 0, look_headers, false},
};
const size_t probe_api_count = COUNTOF(probe_api);
