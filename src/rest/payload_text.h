/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies that are no JSON, as JSON: point 49 of the contract. Every value is a string, which the
 * column's type reads; of CSV the field NULL is null.
 *
 * *out lives in arena. Errors: 400 PGRST102, and 413 when the text grows too long.
 */
#ifndef CAIRN_REST_PAYLOAD_TEXT_H
#define CAIRN_REST_PAYLOAD_TEXT_H

#include "rest/api.h"

/* An array with one object for each line but the first, which names the members. */
MUST_CHECK bool payload_text_from_csv(struct str body, struct arena *arena, struct str *out,
                                      struct err *err);
/* One object. */
MUST_CHECK bool payload_text_from_form(struct str body, struct arena *arena, struct str *out,
                                       struct err *err);

#endif
