/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every file may rely on: attributes, array length, and the poisoning of the C string
 * functions that have no notion of a length. Including this after a system header is safe.
 */
#ifndef CAIRN_CORE_BASE_H
#define CAIRN_CORE_BASE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define NORETURN __attribute__((noreturn))
#define UNUSED __attribute__((unused))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define COUNTOF(a) (sizeof(a) / sizeof((a)[0]))
#define CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* No length, no use: see buf.h and str.h. */
#pragma GCC poison strcpy strcat sprintf vsprintf strtok atoi atol atoll gets

/*
 * Allocation that does not return NULL: on exhaustion the process reports it and aborts, and the
 * supervisor starts it again. Sizes that come from outside are bounded before they get here.
 * xcalloc zeroes. free() releases.
 */
void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull, alloc_size(1)));
void *xcalloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull, alloc_size(1, 2)));
void *xrealloc(void *ptr, size_t size) __attribute__((returns_nonnull, alloc_size(2)));
char *xstrdup(const char *text) __attribute__((malloc, returns_nonnull));

#endif
