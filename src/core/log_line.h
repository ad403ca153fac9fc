/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line of the log as text. Used by log.c alone, and apart from it so that tests need no file.
 */
#ifndef CAIRN_CORE_LOG_LINE_H
#define CAIRN_CORE_LOG_LINE_H

#include "core/buf.h"
#include "core/log.h"

#define LOG_LINE_MAX ((size_t)64 * 1024)
#define LOG_VALUE_MAX ((size_t)8 * 1024) /* longer values are cut */

struct log_line {
    int64_t wall_us;
    enum log_level level;
    const char *event;
    const struct log_field *fields;
    size_t count;
};

/* Appends {"time":"2026-11-21T10:14:03.123Z","level":"info","event":"listening",...} and a newline.
 * When the fields don't fit, the line has "truncated":true instead of them. */
void log_line_json(const struct log_line *line, struct buf *out);
/* Appends 10:14:03 info  listening  address=127.0.0.1 port=8080, in local time, and a newline. */
void log_line_pretty(const struct log_line *line, bool color, struct buf *out);

#endif
