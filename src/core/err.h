/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors: one struct, filled where the error happened.
 *
 * The kind is a row of def/errors.toml (stable name, HTTP status, exit code). code is what clients
 * see in the "code" member of an error body: PostgreSQL's SQLSTATE ("23505"), or a PGRST or CAIRN
 * code. Texts are copied in and cut at their size, so an error never points at memory that dies.
 * Text for people has one form: "unable to VERB 'THING': CAUSE"; the way out goes to hint. Data API
 * errors use the words of the contract instead.
 */
#ifndef CAIRN_CORE_ERR_H
#define CAIRN_CORE_ERR_H

#include "core/str.h"

enum err_kind {
    ERR_NONE = 0,
    ERR_USAGE,       /* the command line, exit 4 */
    ERR_CONFIG,      /* configuration, exit 4 */
    ERR_IO,          /* files, sockets, processes */
    ERR_REQUEST,     /* what a client sent; http_status says how it is answered */
    ERR_MIGRATION,   /* a migration was refused */
    ERR_DB,          /* the database answered with an error; code is its SQLSTATE */
    ERR_UNAVAILABLE, /* the database can't be asked now; certain that nothing was changed */
    ERR_UNKNOWN,     /* outcome unknown: the write may or may not be there (code CAIRN-UNKNOWN) */
    ERR_INTERNAL,
};

struct err {
    enum err_kind kind;
    int http_status;  /* 0: derive it from kind and code */
    bool has_details; /* false: null */
    bool has_hint;
    bool details_is_json; /* details is JSON text, not a string (PGRST201) */
    char code[16];
    char message[1024];
    char details[4096];
    char hint[1024];
};

/* All fill *err and return false, so that "return err_set(...)" reads well. err may be NULL. */
bool err_set(struct err *err, enum err_kind kind, const char *code, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
/* As err_set, with ": strerror(errnum)" after the text. */
bool err_set_errno(struct err *err, enum err_kind kind, int errnum, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
/* Of kind ERR_REQUEST, answered with that status. err may not be NULL. */
bool err_refuse(struct err *err, int http_status, const char *code, const char *message);
void err_details(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
void err_hint(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Puts text before the message, to say what was being done. */
void err_prefix(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
static inline void
err_clear(struct err *err)
{
    err->kind = ERR_NONE;
    err->http_status = 0;
    err->has_details = err->has_hint = err->details_is_json = false;
    err->code[0] = err->message[0] = err->details[0] = err->hint[0] = '\0';
}

#endif
