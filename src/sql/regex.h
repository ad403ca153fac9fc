/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PostgreSQL's advanced regular expressions, as far as a yes or no needs them, matched in time
 * proportional to pattern times text whatever the pattern.
 *
 * Taken: literals, . ^ $ | ( ) (?: ), bracket expressions with ranges, negation and classes such as
 * [:alpha:], * + ? {m,n} greedy or not, \d \s \w and their opposites, \m \M \y \Y \A \Z,
 * escapes of characters, the prefixes ***= and ***: and (?i) and its kin. Refused: references back
 * and looking around, with 0A000. Counts go to 255. ^ and $ match at the ends of the text only,
 * unless (?n) says otherwise. Characters are Unicode's; letters compare without case by its simple
 * mapping.
 * Source: PostgreSQL 15 documentation, 9.7.3.
 */
#ifndef CAIRN_SQL_REGEX_H
#define CAIRN_SQL_REGEX_H

#include "core/err.h"

struct regex;

/* Fails with 2201B "invalid regular expression: ..." in PostgreSQL's words, or 0A000. */
MUST_CHECK bool regex_compile(struct str pattern, bool ignore_case, struct regex **out,
                              struct err *err);
void regex_free(struct regex *regex); /* NULL is safe */
/* Does it match somewhere in text? Keeps state in regex: one thread at a time. False, with err
 * 54000: pattern and text are too large together to be compared in a reasonable time. */
MUST_CHECK bool regex_match(struct regex *regex, struct str text, bool *matched, struct err *err);

#endif
