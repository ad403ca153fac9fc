/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root of the data API, which describes it: as Swagger 2.0, limited to what the caller's role
 * may use, or by a function of the database.
 */
#ifndef CAIRN_REST_ROOT_H
#define CAIRN_REST_ROOT_H

#include "rest/rest.h"

/* Fills in scheme, host and path from "https://api.example.com/rest/v1"; false: that is no such
 * URL. */
bool root_split_url(struct str url, struct rest_root *root);

#endif
