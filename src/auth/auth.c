/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/auth.h"

#include <stdatomic.h>

#include "auth/claim_path.h"
#include "auth/jwt.h"
#include "auth/secret.h"
#include "auth/token_cache.h"
#include "core/clock.h"
#include "io/file.h"

#define JWKS_MAX ((size_t)1 << 20)

struct auth {
    atomic_uint refs;
    struct jwk_set *keys;
    struct claim_path *role_claim;
    struct str audience;  /* data NULL: any */
    struct str anon_role; /* data NULL: the connection's own */
    bool is_open;         /* to anonymous callers */
    bool has_roles;       /* the database has roles of its own, and decides */
};

struct auth_loop {
    struct auth *auth;
    struct token_cache *cache;
};

/* --- keys and rules -------------------------------------------------------------------------- */

static bool
add_secret(struct auth *auth, const struct config *config, struct err *err)
{
    struct vault secret = {0};
    int64_t made_s = 0;
    bool found = false;
    bool ok = secret_find(config, &secret, &made_s, &found, err) &&
              (!found || jwk_set_add_secret(auth->keys, secret.bytes, err));

    vault_wipe(&secret);
    return ok;
}

static bool
add_jwks(struct auth *auth, const struct config *config, struct err *err)
{
    struct buf text;
    bool ok = false;

    buf_init(&text, JWKS_MAX);
    if (file_read(config->auth_jwks, &text, NULL, err)) {
        ok = jwk_set_add_json(auth->keys, buf_str(&text), JWK_GIVEN, err);
        if (!ok)
            err_prefix(err, "unable to use '%s' (auth.jwks): ", config->auth_jwks);
    }
    buf_fini(&text);
    return ok;
}

static bool
open_role_claim(struct auth *auth, const struct config *config, struct err *err)
{
    if (claim_path_parse(str_from(config->auth_role_claim), &auth->role_claim, err))
        return true;
    err_prefix(err, "unable to use auth.role_claim: ");
    err_hint(err, "such as .role, .app.roles[0], .roles[?(@ ^== \"app_\")] or a JSONPath: $.role");
    return false;
}

bool
auth_open(const struct config *config, struct auth **out, struct err *err)
{
    struct auth *auth = xcalloc(1, sizeof(*auth));
    bool ok;

    *out = NULL;
    auth->refs = 1;
    auth->keys = jwk_set_new();
    auth->audience = str_from(config->auth_jwt_aud);
    auth->has_roles = config->database_engine == CONFIG_ENGINE_POSTGRES;
    auth->anon_role = auth->has_roles ? str_from(config->auth_anon_role) : STR_NULL;
    auth->is_open = config->auth_anonymous == CONFIG_AUTH_ANONYMOUS_OPEN;
    ok = open_role_claim(auth, config, err) && add_secret(auth, config, err) &&
         (config->auth_jwks == NULL || add_jwks(auth, config, err));
    if (ok)
        *out = auth;
    else
        auth_unref(auth);
    return ok;
}

struct auth *
auth_ref(struct auth *auth)
{
    atomic_fetch_add_explicit(&auth->refs, 1, memory_order_relaxed);
    return auth;
}

void
auth_unref(struct auth *auth)
{
    if (auth == NULL || atomic_fetch_sub(&auth->refs, 1) > 1)
        return;
    jwk_set_unref(auth->keys);
    claim_path_free(auth->role_claim);
    free(auth);
}

bool
auth_has_keys(const struct auth *auth)
{
    return auth->keys->count > 0;
}

struct auth_loop *
auth_loop_new(struct auth *auth)
{
    struct auth_loop *loop = xcalloc(1, sizeof(*loop));

    loop->auth = auth;
    loop->cache = token_cache_new();
    return loop;
}

void
auth_loop_free(struct auth_loop *loop)
{
    if (loop == NULL)
        return;
    token_cache_free(loop->cache);
    auth_unref(loop->auth);
    free(loop);
}

void
auth_loop_set(struct auth_loop *loop, struct auth *auth)
{
    token_cache_clear(loop->cache);
    auth_unref(loop->auth);
    loop->auth = auth;
}

/* --- a request ------------------------------------------------------------------------------- */

static bool
refuse(struct err *err, int status, const char *code, const char *message)
{
    err_set(err, ERR_REQUEST, code, "%s", message);
    err->http_status = status;
    return false;
}

static bool
refuse_anonymous(struct err *err)
{
    refuse(err, 401, "PGRST302", "Anonymous access is disabled");
    err_hint(err,
             "auth.anonymous is 'closed' at this stage; send a token, or set it to 'open' to let "
             "anonymous callers use every table.");
    return false;
}

static bool
is_local(struct str peer)
{
    return str_has_prefix(peer, STR("127.")) || str_eq(peer, STR("::1")) ||
           str_has_prefix(peer, STR("::ffff:127.")) || str_has_prefix(peer, STR("unix"));
}

/* False when no token was sent. Other schemes than Bearer are none of ours. */
static bool
find_token(const struct request *request, struct str *token)
{
    struct str rest = request->known[HTTP_H_AUTHORIZATION];
    struct str scheme = str_cut(&rest, ' ');

    if (str_eq_nocase(scheme, STR("Bearer"))) {
        *token = str_trim(rest);
        return true;
    }
    *token = request->known[HTTP_H_APIKEY];
    return token->len > 0;
}

/* The text of the claims with role as its "role": as it was sent, when that is what it says. */
static struct str
claims_with_role(const struct jwt *jwt, struct str role, struct arena *arena)
{
    const struct json *own = json_get(jwt->claims, "role");
    size_t room = jwt->payload.len + 6 * role.len + 16;
    struct buf out = {.data = arena_alloc(arena, room), .cap = room, .max = room};

    if (role.data == NULL || (own != NULL && own->type == JSON_STRING && str_eq(own->text, role)))
        return jwt->payload;
    BUF_ADD_LIT(&out, "{\"role\":");
    json_write_str(&out, role);
    for (const struct json *claim = jwt->claims->first; claim != NULL; claim = claim->next) {
        if (claim == own)
            continue;
        buf_add_char(&out, ',');
        json_write_str(&out, claim->key);
        buf_add_char(&out, ':');
        buf_add_str(&out, claim->raw);
    }
    buf_add_char(&out, '}');
    assert(buf_ok(&out)); /* written again, a key is no longer than it came */
    return buf_str(&out);
}

static bool
read_caller(const struct auth *auth, const struct jwt *jwt, struct arena *arena,
            struct caller *caller, struct err *err)
{
    const struct json *claim = claim_path_find(auth->role_claim, jwt->claims);

    caller->role = auth->anon_role;
    if (claim != NULL && claim->type != JSON_NULL)
        caller->role = claim->type == JSON_STRING ? claim->text : claim->raw;
    /* To PostgreSQL this is no role but the way back to the connection's own. */
    if (str_eq(caller->role, STR("none")))
        return refuse(err, 401, "22023", "role \"none\" does not exist");
    caller->is_anonymous = caller->role.data == NULL || str_eq(caller->role, auth->anon_role);
    caller->claims_json = claims_with_role(jwt, caller->role, arena);
    return true;
}

static bool
verify(struct auth_loop *loop, struct str token, struct arena *arena, struct caller *caller,
       struct err *err)
{
    const struct auth *auth = loop->auth;
    int64_t now_s = clock_wall_us() / 1000000;
    struct jwt jwt;
    struct jwt_times times;

    if (token_cache_get(loop->cache, token, caller, &times)) {
        caller->role = caller->role.data != NULL ? arena_copy(arena, caller->role) : STR_NULL;
        caller->claims_json = arena_copy(arena, caller->claims_json);
        return jwt_check_times(&times, now_s, err);
    }
    if (!auth_has_keys(auth))
        return refuse(err, 500, "PGRST300", "Server lacks JWT secret");
    if (!jwt_verify(auth->keys, token, arena, &jwt, err) ||
        !jwt_check_times(&jwt.times, now_s, err) ||
        !jwt_check_audience(&jwt, auth->audience, err) ||
        !read_caller(auth, &jwt, arena, caller, err))
        return false;
    if (arena_is_exhausted(arena))
        return refuse(err, 413, "CAIRN-LIMIT", "the request needs too much memory");
    token_cache_put(loop->cache, token, caller, &jwt.times);
    return true;
}

static bool
check_role(struct auth_loop *loop, struct request *request, struct err *err)
{
    const struct auth *auth = loop->auth;
    struct caller *caller = ARENA_NEW(request->arena, struct caller);
    struct str token;

    *caller = (struct caller){.is_anonymous = true, .role = auth->anon_role};
    request->caller = caller;
    if (find_token(request, &token) && !verify(loop, token, request->arena, caller, err))
        return false;
    if (auth->is_open)
        return true;
    if (caller->is_anonymous || (!auth->has_roles && str_eq(caller->role, STR("anon"))))
        return refuse_anonymous(err);
    return true;
}

bool
auth_check(struct auth_loop *loop, struct request *request, enum route_right right, struct err *err)
{
    switch (right) {
    case ROUTE_RIGHT_ANYONE:
        return true;
    case ROUTE_RIGHT_LOCAL:
        if (is_local(request->peer))
            return true;
        return refuse(err, 403, "42501", "this is for callers on the same machine only");
    case ROUTE_RIGHT_ROLE:
        return check_role(loop, request, err);
    case ROUTE_RIGHT_NOBODY:
        break;
    }
    return refuse(err, 404, "PGRST125", "Invalid path specified in request URL");
}
