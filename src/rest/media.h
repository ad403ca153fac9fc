/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The media type of an answer: what Accept asks for, of what can be had for this relation. Beside
 * the built-in types these are the plan of a statement, and types that the database makes.
 */
#ifndef CAIRN_REST_MEDIA_H
#define CAIRN_REST_MEDIA_H

#include "rest/rest_impl.h"

/* Once the relation and its select are known. Adds to the shape's key. False: 406 PGRST107. */
MUST_CHECK bool media_choose(struct rest_call *call, struct err *err);
/* What Content-Type says. */
struct str media_content_type(const struct rest_call *call);

#endif
