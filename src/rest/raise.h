/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What code in the database says to the client: errors that choose their own status, and the
 * settings response.headers and response.status.
 *
 * Source: the data API contract, points 58 and 59.
 */
#ifndef CAIRN_REST_RAISE_H
#define CAIRN_REST_RAISE_H

#include "http/http.h"

/*
 * SQLSTATE PTnnn is an error with status nnn. SQLSTATE PGRST brings code, message, details and hint
 * as JSON in its message, and status and headers, which go to the response, as JSON in its detail;
 * where they can't be read, *err becomes a 500 PGRST121. Any other error stays as it is.
 */
void raise_translate(struct request *request, struct err *err);

/*
 * Adds what the settings say to the response; a header of theirs takes the place of one that is
 * there. An empty text is a setting that nobody has set. Errors: 500 PGRST111, PGRST112.
 */
MUST_CHECK bool raise_apply_settings(struct request *request, struct str headers, struct str status,
                                     struct err *err);

#endif
