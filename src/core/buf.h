/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growable byte buffer with a maximum, on the heap.
 *
 * An append that would pass the maximum appends nothing and marks the buffer overflowed; later
 * appends do nothing. Check buf_ok once, at the end. All appends are safe on a zeroed struct whose
 * max was set. The content is followed by no NUL; use buf_cstr for that.
 */
#ifndef CAIRN_CORE_BUF_H
#define CAIRN_CORE_BUF_H

#include "core/str.h"

struct buf {
    char *data;
    size_t len;
    size_t cap;
    size_t max;
    bool overflowed;
};

void buf_init(struct buf *buf, size_t max);
void buf_fini(struct buf *buf); /* frees; the struct may be initialised again */
static inline void
buf_clear(struct buf *buf)
{
    buf->len = 0;
    buf->overflowed = false;
}
/* Room for len more bytes; false (and overflowed) when that would pass max. */
bool buf_reserve_slow(struct buf *buf, size_t len);
static inline bool
buf_reserve(struct buf *buf, size_t len)
{
    return LIKELY(buf->cap - buf->len >= len && !buf->overflowed) || buf_reserve_slow(buf, len);
}
static inline void
buf_add(struct buf *buf, const void *data, size_t len)
{
    if (len > 0 && buf_reserve(buf, len)) {
        memcpy(buf->data + buf->len, data, len);
        buf->len += len;
    }
}
static inline void
buf_add_str(struct buf *buf, struct str s)
{
    buf_add(buf, s.data, s.len);
}
/* As buf_add_str, a whole block at a time: behind s are BUF_BLOCK bytes more that may be read. */
#define BUF_BLOCK 16
static inline void
buf_add_padded(struct buf *buf, struct str s)
{
    if (buf_reserve(buf, s.len + BUF_BLOCK)) {
        for (size_t i = 0; i < s.len; i += BUF_BLOCK)
            memcpy(buf->data + buf->len + i, s.data + i, BUF_BLOCK);
        buf->len += s.len;
    }
}
static inline void
buf_add_char(struct buf *buf, char c)
{
    if (buf_reserve(buf, 1))
        buf->data[buf->len++] = c;
}
#define BUF_ADD_LIT(buf, literal) buf_add((buf), "" literal, sizeof(literal) - 1)
void buf_add_i64(struct buf *buf, int64_t value);
void buf_add_u64(struct buf *buf, uint64_t value);
/* As str_write_hex. */
void buf_add_hex(struct buf *buf, struct str bytes);
/* With as few digits as read back as the same number (0.1, 1e+20). value is finite. */
void buf_add_f64(struct buf *buf, double value);
void buf_printf(struct buf *buf, const char *fmt, ...) PRINTF_LIKE(2, 3);
static inline struct str
buf_str(const struct buf *buf)
{
    return (struct str){buf->data, buf->len};
}
/* Terminates and returns the content ("" after overflow). */
const char *buf_cstr(struct buf *buf);
static inline bool
buf_ok(const struct buf *buf)
{
    return !buf->overflowed;
}

#endif
