/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/auth.h"

static bool
refuse(struct err *err, int status, const char *code, const char *message)
{
    err_set(err, ERR_REQUEST, code, "%s", message);
    err->http_status = status;
    return false;
}

static bool
is_local(struct str peer)
{
    return str_has_prefix(peer, STR("127.")) || str_eq(peer, STR("::1")) ||
           str_has_prefix(peer, STR("::ffff:127.")) || str_has_prefix(peer, STR("unix"));
}

bool
auth_check(const struct config *config, const struct request *request, enum route_right right,
           struct err *err)
{
    switch (right) {
    case ROUTE_RIGHT_ANYONE:
        return true;
    case ROUTE_RIGHT_LOCAL:
        if (is_local(request->peer))
            return true;
        return refuse(err, 403, "42501", "this is for callers on the same machine only");
    case ROUTE_RIGHT_ROLE:
        if (config->auth_anonymous == CONFIG_AUTH_ANONYMOUS_OPEN)
            return true;
        refuse(err, 401, "PGRST302", "Anonymous access is disabled");
        err_hint(err, "auth.anonymous is 'closed' at this stage; set it to 'open' to let anonymous "
                      "callers use every table.");
        return false;
    case ROUTE_RIGHT_NOBODY:
        break;
    }
    return refuse(err, 404, "PGRST125", "Invalid path specified in request URL");
}
