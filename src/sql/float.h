/* SPDX-License-Identifier: Apache-2.0 */
/*
 * real and double precision as PostgreSQL reads and prints them: the shortest digits that give the
 * same value back, 1e+20 style from 15 digits before the point (6 for real) and below 0.0001.
 */
#ifndef CAIRN_SQL_FLOAT_H
#define CAIRN_SQL_FLOAT_H

#include "core/buf.h"
#include "core/err.h"

/*
 * Text as the input functions take it, blanks around included: decimal, hexadecimal, NaN, inf,
 * Infinity. single rounds to real. Fails with 22P02, or with 22003 when the value is too large or
 * too small for the type.
 */
MUST_CHECK bool float_parse(struct str text, bool single, double *out, struct err *err);
void float_write(struct buf *out, double value, bool single);

#endif
