/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is asking, and what they may do: the one place that decides.
 *
 * Every route names the right it requires (def/routes.toml). Today every caller is anonymous:
 * auth.anonymous says whether that is enough for the data API.
 */
#ifndef CAIRN_AUTH_AUTH_H
#define CAIRN_AUTH_AUTH_H

#include "config/config.h"
#include "def/routes.h"
#include "http/http.h"

/* Whether the caller of request may use a route that requires right. On refusal err is of kind
 * ERR_REQUEST with the status to answer: 401, 403 or 404. */
MUST_CHECK bool auth_check(const struct config *config, const struct request *request,
                           enum route_right right, struct err *err);

#endif
