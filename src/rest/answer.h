/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors as answers: {"code":...,"details":...,"hint":...,"message":...}, with the status that the
 * code stands for in def/errors.toml.
 */
#ifndef CAIRN_REST_ANSWER_H
#define CAIRN_REST_ANSWER_H

#include "http/http.h"

/* The status for err: its own, else its code's, its code's class's, its kind's. */
int answer_status(const struct err *err);
/* Throws away what the response holds so far and sends the error. */
void answer_error(struct request *request, const struct err *err);
/* The body alone. */
void answer_error_body(struct buf *out, const struct err *err, bool terse);

#endif
