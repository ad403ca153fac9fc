/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log: one line per event, as JSON or, on a terminal, for people.
 *
 * A line has a time, a level, an event name and fields. Lines are written whole and from any
 * thread; the sink (stdout, and a rotating file) is set once by the server. Several processes may
 * share the file: whoever finds it too large rotates it, and the others follow. Secrets are never
 * passed in. Until log_open, lines of level warn and above go to stderr.
 */
#ifndef CAIRN_CORE_LOG_H
#define CAIRN_CORE_LOG_H

#include "core/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_JSON, LOG_PRETTY };

struct log_options {
    enum log_level level;
    enum log_format format; /* of stdout; the file is always JSON */
    bool to_stdout;
    bool color;            /* pretty only */
    const char *file;      /* NULL: none; its directory exists */
    uint64_t rotate_bytes; /* the file is renamed to FILE.1, FILE.2, ... past this size; 0: never */
    unsigned rotate_keep;  /* how many old files stay */
};

/* A field is a name with a value; make them with the LOG_* macros. */
struct log_field {
    const char *name;
    enum { LOG_F_STR, LOG_F_I64, LOG_F_F64, LOG_F_BOOL } type;
    struct str str;
    int64_t i64;
    double f64;
    bool is_detail; /* left out of the form for people */
};
/* As LOG_STR, for ids that only programs read. */
#define LOG_ID(n, v) \
    ((struct log_field){.name = (n), .type = LOG_F_STR, .str = (v), .is_detail = true})
#define LOG_STR(n, v) ((struct log_field){.name = (n), .type = LOG_F_STR, .str = (v)})
#define LOG_CSTR(n, v) ((struct log_field){.name = (n), .type = LOG_F_STR, .str = str_from(v)})
#define LOG_I64(n, v) ((struct log_field){.name = (n), .type = LOG_F_I64, .i64 = (int64_t)(v)})
#define LOG_F64(n, v) ((struct log_field){.name = (n), .type = LOG_F_F64, .f64 = (v)})
#define LOG_BOOL(n, v) ((struct log_field){.name = (n), .type = LOG_F_BOOL, .i64 = (v)})

MUST_CHECK bool log_open(const struct log_options *options); /* false: errno says why */
void log_reopen(void);                                       /* after an outside rotation */
void log_close(void);
bool log_is_on(enum log_level level);

/* Lines written so far at a level, for the metrics. */
uint64_t log_count(enum log_level level);

/*
 * Writes one line with one write(2) per sink. Names and events are ASCII words of the program;
 * values may be anything: bytes that are not UTF-8 become U+FFFD, a value past 8 KiB is cut, and a
 * str without data is null. A line that can't be written is lost: there is nowhere to say so.
 *
 * log_event(LOG_INFO, "listening", LOG_CSTR("address", a), LOG_I64("port", p));
 */
void log_write(enum log_level level, const char *event, const struct log_field *fields,
               size_t count);
/*
 * As log_write, but the line may wait in a buffer of this thread until log_flush: for what is
 * written often. A thread that uses it calls log_flush before it waits for anything, and
 * log_end_thread, which also gives the buffer back, at its end.
 */
void log_write_later(enum log_level level, const char *event, const struct log_field *fields,
                     size_t count);
void log_flush(void);
void log_end_thread(void);
#define log_event(level, event, ...)                                                              \
    log_write((level), (event), (const struct log_field[]){{0}, ##__VA_ARGS__} + 1,               \
              sizeof((const struct log_field[]){{0}, ##__VA_ARGS__}) / sizeof(struct log_field) - \
                  1)

#endif
