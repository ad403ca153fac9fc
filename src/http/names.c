/* SPDX-License-Identifier: Apache-2.0 */
#include "http/names.h"

#define NAME_MAX_LEN 30
#define CANDIDATES 4

struct name {
    const char *text;
    uint8_t id;
};

/* By length: few names share one, so a look-up compares once or twice. */
static const struct name names[NAME_MAX_LEN + 1][CANDIDATES] = {
    [2] = {{"te", HTTP_N_TE}},
    [4] = {{"host", HTTP_H_HOST}},
    [5] = {{"range", HTTP_H_RANGE}},
    [6] = {{"accept", HTTP_H_ACCEPT},
           {"prefer", HTTP_H_PREFER},
           {"origin", HTTP_H_ORIGIN},
           {"apikey", HTTP_H_APIKEY}},
    [7] = {{"upgrade", HTTP_N_UPGRADE}, {"trailer", HTTP_N_TRAILER}},
    [10] = {{"user-agent", HTTP_H_USER_AGENT},
            {"connection", HTTP_N_CONNECTION},
            {"range-unit", HTTP_H_RANGE_UNIT},
            {"keep-alive", HTTP_N_KEEP_ALIVE}},
    [11] = {{"traceparent", HTTP_H_TRACEPARENT}},
    [12] = {{"content-type", HTTP_H_CONTENT_TYPE}, {"x-request-id", HTTP_H_X_REQUEST_ID}},
    [13] = {{"authorization", HTTP_H_AUTHORIZATION}},
    [14] = {{"content-length", HTTP_N_CONTENT_LENGTH}, {"accept-profile", HTTP_H_ACCEPT_PROFILE}},
    [15] = {{"accept-encoding", HTTP_H_ACCEPT_ENCODING},
            {"content-profile", HTTP_H_CONTENT_PROFILE},
            {"idempotency-key", HTTP_H_IDEMPOTENCY_KEY}},
    [16] = {{"proxy-connection", HTTP_N_PROXY_CONNECTION}},
    [17] = {{"transfer-encoding", HTTP_N_TRANSFER_ENCODING}},
    [29] = {{"access-control-request-method", HTTP_H_ACR_METHOD}},
    [30] = {{"access-control-request-headers", HTTP_H_ACR_HEADERS}},
};

/* A fifth name of six letters. */
static const struct name expect_name = {"expect", HTTP_N_EXPECT};

uint8_t
http_name_find(const char *name, size_t len)
{
    if (len > NAME_MAX_LEN)
        return HTTP_N_NONE;
    for (size_t i = 0; i < CANDIDATES && names[len][i].text != NULL; i++) {
        if (memcmp(names[len][i].text, name, len) == 0)
            return names[len][i].id;
    }
    if (len == 6 && memcmp(expect_name.text, name, 6) == 0)
        return expect_name.id;
    return HTTP_N_NONE;
}

enum http_method
http_method_find(struct str name)
{
    static const struct {
        struct str name;
        enum http_method method;
    } methods[] = {
        {{"GET", 3}, HTTP_GET},         {{"POST", 4}, HTTP_POST}, {{"PATCH", 5}, HTTP_PATCH},
        {{"DELETE", 6}, HTTP_DELETE},   {{"PUT", 3}, HTTP_PUT},   {{"HEAD", 4}, HTTP_HEAD},
        {{"OPTIONS", 7}, HTTP_OPTIONS},
    };

    for (size_t i = 0; i < COUNTOF(methods); i++) {
        if (str_eq(methods[i].name, name))
            return methods[i].method;
    }
    return HTTP_OTHER;
}

#define STATUSES(X)                           \
    X(100, "Continue")                        \
    X(101, "Switching Protocols")             \
    X(103, "Early Hints")                     \
    X(200, "OK")                              \
    X(201, "Created")                         \
    X(202, "Accepted")                        \
    X(203, "Non-Authoritative Information")   \
    X(204, "No Content")                      \
    X(205, "Reset Content")                   \
    X(206, "Partial Content")                 \
    X(207, "Multi-Status")                    \
    X(300, "Multiple Choices")                \
    X(301, "Moved Permanently")               \
    X(302, "Found")                           \
    X(303, "See Other")                       \
    X(304, "Not Modified")                    \
    X(307, "Temporary Redirect")              \
    X(308, "Permanent Redirect")              \
    X(400, "Bad Request")                     \
    X(401, "Unauthorized")                    \
    X(402, "Payment Required")                \
    X(403, "Forbidden")                       \
    X(404, "Not Found")                       \
    X(405, "Method Not Allowed")              \
    X(406, "Not Acceptable")                  \
    X(407, "Proxy Authentication Required")   \
    X(408, "Request Timeout")                 \
    X(409, "Conflict")                        \
    X(410, "Gone")                            \
    X(411, "Length Required")                 \
    X(412, "Precondition Failed")             \
    X(413, "Content Too Large")               \
    X(414, "URI Too Long")                    \
    X(415, "Unsupported Media Type")          \
    X(416, "Range Not Satisfiable")           \
    X(417, "Expectation Failed")              \
    X(418, "I'm a teapot")                    \
    X(421, "Misdirected Request")             \
    X(422, "Unprocessable Content")           \
    X(423, "Locked")                          \
    X(424, "Failed Dependency")               \
    X(425, "Too Early")                       \
    X(426, "Upgrade Required")                \
    X(428, "Precondition Required")           \
    X(429, "Too Many Requests")               \
    X(431, "Request Header Fields Too Large") \
    X(451, "Unavailable For Legal Reasons")   \
    X(500, "Internal Server Error")           \
    X(501, "Not Implemented")                 \
    X(502, "Bad Gateway")                     \
    X(503, "Service Unavailable")             \
    X(504, "Gateway Timeout")                 \
    X(505, "HTTP Version Not Supported")      \
    X(507, "Insufficient Storage")

#define STATUS_FIRST 100
#define STATUS_LAST 507
#define LINE_PREFIX (sizeof("HTTP/1.1 200 ") - 1)
#define STATUS_ROW(status, reason)                                    \
    [status - STATUS_FIRST] = {"HTTP/1.1 " #status " " reason "\r\n", \
                               sizeof("HTTP/1.1 " #status " " reason "\r\n") - 1},

static const struct str status_lines[STATUS_LAST - STATUS_FIRST + 1] = {STATUSES(STATUS_ROW)};

struct str
http_status_line(int status)
{
    if (status < STATUS_FIRST || status > STATUS_LAST)
        return STR_NULL;
    return status_lines[status - STATUS_FIRST];
}

struct str
http_status_reason(int status)
{
    struct str line = http_status_line(status);

    if (line.len == 0)
        return STR("Unknown");
    return str_slice(line, LINE_PREFIX, line.len - 2);
}
