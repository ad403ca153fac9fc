/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who sent a request, as auth_check found out; it lives as long as the request.
 */
#ifndef CAIRN_AUTH_CALLER_H
#define CAIRN_AUTH_CALLER_H

#include "core/str.h"

struct caller {
    bool is_anonymous;      /* no token, or one that says no more than that */
    struct str role;        /* of the database; data NULL: the connection's own */
    struct str claims_json; /* with the role in it; data NULL: there are none */
};

#endif
