/* SPDX-License-Identifier: Apache-2.0 */
#include "core/err.h"

#include <stdarg.h>

/* A text cut at its size must not end inside a character: it goes into JSON. */
static void
trim_partial_char(char *text, size_t len)
{
    size_t start = len;

    while (start > 0 && len - start < 3 && ((unsigned char)text[start - 1] & 0xC0) == 0x80)
        start--;
    if (start == 0 || (unsigned char)text[start - 1] < 0xC0)
        return;
    start--;
    if (str_utf8_step(str_make(text, len), start) != len - start)
        text[start] = '\0';
}

/* Formats into out by way of a copy: arguments may point into the error itself. */
__attribute__((format(printf, 3, 0))) static void
format(char *out, size_t size, const char *fmt, va_list args)
{
    char text[sizeof(((struct err *)NULL)->details)];
    int len;

    assert(size <= sizeof(text));
    len = vsnprintf(text, size, fmt, args);
    if (len < 0)
        text[0] = '\0';
    if (len >= (int)size)
        trim_partial_char(text, size - 1);
    memcpy(out, text, strlen(text) + 1);
}

__attribute__((format(printf, 4, 0))) static void
fill(struct err *err, enum err_kind kind, const char *code, const char *fmt, va_list args)
{
    char kept[sizeof(err->code)] = "";

    if (code != NULL)
        snprintf(kept, sizeof(kept), "%s", code);
    format(err->message, sizeof(err->message), fmt, args);
    err->kind = kind;
    err->http_status = 0;
    err->has_details = err->has_hint = err->details_is_json = false;
    err->details[0] = err->hint[0] = '\0';
    memcpy(err->code, kept, sizeof(kept));
}

bool
err_set(struct err *err, enum err_kind kind, const char *code, const char *fmt, ...)
{
    va_list args;

    if (err == NULL)
        return false;
    va_start(args, fmt);
    fill(err, kind, code, fmt, args);
    va_end(args);
    return false;
}

bool
err_set_errno(struct err *err, enum err_kind kind, int errnum, const char *fmt, ...)
{
    char reason[128];
    const char *why;
    va_list args;
    size_t len;

    if (err == NULL)
        return false;
    va_start(args, fmt);
    fill(err, kind, NULL, fmt, args);
    va_end(args);

    why = strerror_r(errnum, reason, sizeof(reason));
    len = strlen(err->message);
    /* The reason matters more than the end of a very long text. */
    if (len + 2 + strlen(why) >= sizeof(err->message)) {
        len = sizeof(err->message) - 3 - strlen(why);
        err->message[len] = '\0';
        trim_partial_char(err->message, len);
        len = strlen(err->message);
    }
    snprintf(err->message + len, sizeof(err->message) - len, ": %s", why);
    return false;
}

bool
err_refuse(struct err *err, int http_status, const char *code, const char *message)
{
    err_set(err, ERR_REQUEST, code, "%s", message);
    err->http_status = http_status;

    return false;
}

void
err_details(struct err *err, const char *fmt, ...)
{
    va_list args;

    if (err == NULL)
        return;
    va_start(args, fmt);
    format(err->details, sizeof(err->details), fmt, args);
    va_end(args);
    err->has_details = true;
}

void
err_hint(struct err *err, const char *fmt, ...)
{
    va_list args;

    if (err == NULL)
        return;
    va_start(args, fmt);
    format(err->hint, sizeof(err->hint), fmt, args);
    va_end(args);
    err->has_hint = true;
}

void
err_prefix(struct err *err, const char *fmt, ...)
{
    char prefix[sizeof(err->message)];
    char text[2 * sizeof(err->message)];
    va_list args;
    int len;

    if (err == NULL)
        return;
    va_start(args, fmt);
    format(prefix, sizeof(prefix), fmt, args);
    va_end(args);
    len = snprintf(text, sizeof(text), "%s%s", prefix, err->message);
    memcpy(err->message, text, sizeof(err->message) - 1);
    err->message[sizeof(err->message) - 1] = '\0';
    if (len >= (int)sizeof(err->message))
        trim_partial_char(err->message, sizeof(err->message) - 1);
}
