/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text in lines of a width.
 *
 * Characters count as one column each; what cairn itself prints has no wide ones.
 */
#ifndef CAIRN_CLI_WRAP_H
#define CAIRN_CLI_WRAP_H

#include "core/buf.h"

/* The bytes of the first columns characters of text, and how many characters those are. */
size_t wrap_bytes_of(const char *text, unsigned columns, unsigned *count);
/* Appends text in lines, the first of at most first columns, the others of at most others, after
 * indent spaces. Ends with a line end. */
void wrap_write(struct buf *out, const char *text, unsigned first, unsigned others,
                unsigned indent);

#endif
