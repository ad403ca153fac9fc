/* SPDX-License-Identifier: Apache-2.0 */
#include "core/buf.h"

#include "core/fault.h"

#include <float.h>
#include <stdarg.h>

void
buf_init(struct buf *buf, size_t max)
{
    *buf = (struct buf){.max = max};
}

void
buf_fini(struct buf *buf)
{
    free(buf->data);
    *buf = (struct buf){.max = buf->max};
}

bool
buf_reserve_slow(struct buf *buf, size_t len)
{
    size_t cap;

    if (buf->overflowed)
        return false;
    if (len > buf->max - buf->len || FAULT("buf.grow")) {
        buf->overflowed = true;
        return false;
    }
    cap = buf->cap < buf->max / 2 ? 2 * buf->cap : buf->max;
    if (cap < buf->len + len)
        cap = buf->len + len;
    if (cap < 64)
        cap = buf->max < 64 ? buf->max : 64;

    /* One more than cap, so that buf_cstr always finds room for its NUL. */
    buf->data = xrealloc(buf->data, cap + 1);
    buf->cap = cap;
    return true;
}

static const char digit_pairs[] = "00010203040506070809"
                                  "10111213141516171819"
                                  "20212223242526272829"
                                  "30313233343536373839"
                                  "40414243444546474849"
                                  "50515253545556575859"
                                  "60616263646566676869"
                                  "70717273747576777879"
                                  "80818283848586878889"
                                  "90919293949596979899";

/* Eight digits at once: the divisions don't wait for each other. */
static inline void
write_8_digits(char *to, uint32_t value)
{
    uint32_t high = value / 10000;
    uint32_t low = value % 10000;

    memcpy(to, digit_pairs + (size_t)2 * (high / 100), 2);
    memcpy(to + 2, digit_pairs + (size_t)2 * (high % 100), 2);
    memcpy(to + 4, digit_pairs + (size_t)2 * (low / 100), 2);
    memcpy(to + 6, digit_pairs + (size_t)2 * (low % 100), 2);
}

/* Writes value so that it ends at end; returns where it begins. 20 bytes are enough. */
static inline char *
write_digits(char *end, uint64_t value)
{
    uint32_t rest;

    while (value >= 100000000) {
        end -= 8;
        write_8_digits(end, (uint32_t)(value % 100000000));
        value /= 100000000;
    }
    rest = (uint32_t)value;
    while (rest >= 100) {
        end -= 2;
        memcpy(end, digit_pairs + (size_t)2 * (rest % 100), 2);
        rest /= 100;
    }
    if (rest >= 10) {
        end -= 2;
        memcpy(end, digit_pairs + (size_t)2 * rest, 2);
    } else {
        *--end = (char)('0' + rest);
    }
    return end;
}

#define DIGITS_MAX 20 /* of 64 bits */

static inline size_t
count_digits(uint64_t value)
{
    size_t count = 1;

    for (; value >= 10000; value /= 10000)
        count += 4;
    return count + (value >= 10) + (value >= 100) + (value >= 1000);
}

/* Its own function, so that the other has no room to make and to clear. */
static __attribute__((noinline)) void
add_u64_checked(struct buf *buf, uint64_t value)
{
    char text[DIGITS_MAX];
    char *from = write_digits(text + sizeof(text), value);

    buf_add(buf, from, (size_t)(text + sizeof(text) - from));
}

void
buf_add_u64(struct buf *buf, uint64_t value)
{
    size_t len = 0;

    /* In place: a copy of the digits costs more than counting them. */
    if (LIKELY(buf->cap - buf->len >= DIGITS_MAX && !buf->overflowed)) {
        len = count_digits(value);
        write_digits(buf->data + buf->len + len, value);
        buf->len += len;
        return;
    }
    add_u64_checked(buf, value);
}

void
buf_add_i64(struct buf *buf, int64_t value)
{
    size_t len = buf->len;

    if (value >= 0) {
        buf_add_u64(buf, (uint64_t)value);
        return;
    }
    buf_add_char(buf, '-');
    buf_add_u64(buf, 0 - (uint64_t)value);
    /* All of it or nothing. */
    if (buf->overflowed)
        buf->len = len;
}

void
buf_add_hex(struct buf *buf, struct str bytes)
{
    if (!buf_reserve(buf, bytes.len * 2))
        return;
    str_write_hex(bytes, buf->data + buf->len);
    buf->len += bytes.len * 2;
}

/* Up to three decimals, as durations have; the shortest text of such a number. */
static bool
add_thousandths(struct buf *buf, double value)
{
    int64_t scaled;
    char text[4] = ".000";
    size_t len = 4;

    if (!(value > 0 && value < 1e12))
        return false;
    scaled = (int64_t)(value * 1000 + 0.5);
    /* Dividing rounds as reading the text does: equal here is equal there. */
    if ((double)scaled / 1000 != value)
        return false;
    buf_add_i64(buf, scaled / 1000);
    text[1] += (char)(scaled / 100 % 10);
    text[2] += (char)(scaled / 10 % 10);
    text[3] += (char)(scaled % 10);
    while (len > 1 && text[len - 1] == '0')
        len--;
    buf_add(buf, text, len > 1 ? len : 0);
    return true;
}

void
buf_add_f64(struct buf *buf, double value)
{
    char text[32];
    /* 15 digits survive the way there and back, except where numbers have fewer bits. */
    int precision = value > -DBL_MIN && value < DBL_MIN ? 1 : 15;

    if (add_thousandths(buf, value))
        return;
    for (; precision <= 17; precision++) {
        snprintf(text, sizeof(text), "%.*g", precision, value);
        if (strtod(text, NULL) == value)
            break;
    }
    buf_add(buf, text, strlen(text));
}

void
buf_printf(struct buf *buf, const char *fmt, ...)
{
    char small[256];
    va_list args;
    int len;

    va_start(args, fmt);
    len = vsnprintf(small, sizeof(small), fmt, args);
    va_end(args);
    if (len < 0) {
        buf->overflowed = true;
        return;
    }
    if ((size_t)len < sizeof(small)) {
        buf_add(buf, small, (size_t)len);
        return;
    }
    if (!buf_reserve(buf, (size_t)len))
        return;
    va_start(args, fmt);
    vsnprintf(buf->data + buf->len, (size_t)len + 1, fmt, args);
    va_end(args);
    buf->len += (size_t)len;
}

const char *
buf_cstr(struct buf *buf)
{
    if (buf->overflowed || buf->data == NULL)
        return "";
    buf->data[buf->len] = '\0';
    return buf->data;
}
