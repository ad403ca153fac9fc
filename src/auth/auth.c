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

/* What the configuration says; shared by those that differ in published keys only. */
struct rules {
    atomic_uint refs;
    struct jwk_set *keys;
    struct claim_path *role_claim;
    struct str audience;  /* data NULL: any */
    struct str anon_role; /* data NULL: the connection's own */
    bool is_open;         /* to anonymous callers */
    bool heeds_rules;     /* of the migrations, for them */
    bool has_url;         /* more keys are published */
};

struct auth {
    atomic_uint refs;
    struct rules *rules;
    struct jwk_set *published; /* NULL: none were seen yet */
};

struct auth_loop {
    struct auth *auth;
    struct token_cache *cache;
    enum auth_rules said;
    bool misses_key; /* of the last check */
};

/* --- keys and rules -------------------------------------------------------------------------- */

static bool
add_secret(struct rules *rules, const struct config *config, struct err *err)
{
    struct vault secret = {0};
    struct vault old = {0};
    int64_t made_s = 0, until_s = 0;
    bool found = false, has_old = false;
    bool ok = secret_find(config, &secret, &made_s, &found, err) &&
              (!found || jwk_set_add_secret(rules->keys, secret.bytes, INT64_MAX, err));

    if (ok && config->auth_jwt_secret == NULL)
        ok = secret_read_old(config->dir, &old, &until_s, &has_old, err) &&
             (!has_old || jwk_set_add_secret(rules->keys, old.bytes, until_s, err));
    vault_wipe(&old);
    vault_wipe(&secret);
    return ok;
}

static bool
add_jwks(struct rules *rules, const struct config *config, struct err *err)
{
    struct buf text;
    bool ok = true;

    buf_init(&text, JWKS_MAX);
    switch (config->auth_jwks_is) {
    case CONFIG_JWKS_NONE:
        break;
    case CONFIG_JWKS_URL:
        rules->has_url = true;
        break;
    case CONFIG_JWKS_TEXT:
        ok = jwk_set_add_json(rules->keys, str_from(config->auth_jwks), JWK_GIVEN, err);
        if (!ok)
            err_prefix(err, "unable to use auth.jwks: ");
        break;
    case CONFIG_JWKS_FILE:
        if (!file_read(config->auth_jwks, &text, NULL, err)) {
            ok = false;
        } else if (!jwk_set_add_json(rules->keys, buf_str(&text), JWK_GIVEN, err)) {
            err_prefix(err, "unable to use '%s' (auth.jwks): ", config->auth_jwks);
            ok = false;
        }
        break;
    }
    buf_fini(&text);
    return ok;
}

static bool
add_role_claim(struct rules *rules, const struct config *config, struct err *err)
{
    if (claim_path_parse(str_from(config->auth_role_claim), &rules->role_claim, err))
        return true;
    err_prefix(err, "unable to use auth.role_claim: ");
    err_hint(err, "such as .role, .app.roles[0], .roles[?(@ ^== \"app_\")] or a JSONPath: $.role");
    return false;
}

static void
rules_unref(struct rules *rules)
{
    if (rules == NULL || atomic_fetch_sub(&rules->refs, 1) > 1)
        return;
    jwk_set_unref(rules->keys);
    claim_path_free(rules->role_claim);
    free(rules);
}

static struct auth *
auth_new(struct rules *rules, struct jwk_set *published)
{
    struct auth *auth = xcalloc(1, sizeof(*auth));

    auth->refs = 1;
    auth->rules = rules;
    auth->published = jwk_set_ref(published);
    return auth;
}

bool
auth_open(const struct config *config, struct auth **out, struct err *err)
{
    struct rules *rules = xcalloc(1, sizeof(*rules));
    bool ok;

    *out = NULL;
    rules->refs = 1;
    rules->keys = jwk_set_new();
    rules->audience = str_from(config->auth_jwt_aud);
    rules->anon_role = str_from(config->auth_anon_role);
    if (rules->anon_role.data == NULL && config->database_engine == CONFIG_ENGINE_SQLITE)
        rules->anon_role = STR("anon");
    rules->heeds_rules =
        config->auth_anon_role == NULL || config->database_engine == CONFIG_ENGINE_SQLITE;
    rules->is_open = config->auth_anonymous == CONFIG_AUTH_ANONYMOUS_OPEN;
    ok = add_role_claim(rules, config, err) && add_secret(rules, config, err) &&
         add_jwks(rules, config, err);
    if (ok)
        *out = auth_new(rules, NULL);
    else
        rules_unref(rules);
    return ok;
}

struct auth *
auth_with_keys(const struct auth *auth, struct jwk_set *published)
{
    atomic_fetch_add_explicit(&auth->rules->refs, 1, memory_order_relaxed);
    return auth_new(auth->rules, published);
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
    jwk_set_unref(auth->published);
    rules_unref(auth->rules);
    free(auth);
}

bool
auth_has_keys(const struct auth *auth)
{
    return auth->rules->keys->count > 0 || auth->rules->has_url;
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

void
auth_loop_set_rules(struct auth_loop *loop, enum auth_rules rules)
{
    if (loop->said != rules)
        token_cache_clear(loop->cache);
    loop->said = rules;
}

/* Data NULL: the connection's own. */
static struct str
anon_role_of(const struct auth_loop *loop)
{
    const struct rules *rules = loop->auth->rules;

    return rules->anon_role.data == NULL && loop->said == AUTH_RULES_SOME ? STR("anon")
                                                                          : rules->anon_role;
}

/* --- a request ------------------------------------------------------------------------------- */

static bool
refuse_anonymous(struct err *err)
{
    err_refuse(err, 401, "PGRST302", "Anonymous access is disabled");
    return false;
}

/* The token may well be good: to say that it isn't would sign its owner out. */
static bool
refuse_without_keys(struct err *err)
{
    err_clear(err);
    err_set(err, ERR_UNAVAILABLE, "CAIRN-KEYS",
            "unable to check the token: its issuer's keys could not be fetched yet");
    err_hint(err, "auth.jwks names the URL; the log says what is wrong with it.");
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
is_built_in(struct str role)
{
    return str_eq(role, STR("anon")) || str_eq(role, STR("authenticated")) ||
           str_eq(role, STR("service_role"));
}

static bool
read_caller(const struct auth_loop *loop, const struct jwt *jwt, struct arena *arena,
            struct caller *caller, struct err *err)
{
    struct str anon_role = anon_role_of(loop);
    const struct json *claim = claim_path_find(loop->auth->rules->role_claim, jwt->claims);

    caller->role = anon_role;
    if (claim != NULL && claim->type != JSON_NULL)
        caller->role = claim->type == JSON_STRING ? claim->text : claim->raw;
    /* To PostgreSQL this is no role but the way back to the connection's own. */
    if (str_eq(caller->role, STR("none")))
        return err_refuse(err, 401, "22023", "role \"none\" does not exist");
    caller->is_anonymous = caller->role.data == NULL || str_eq(caller->role, anon_role);
    caller->claims_json = claims_with_role(jwt, caller->role, arena);
    if (loop->said == AUTH_RULES_NONE && is_built_in(caller->role)) {
        caller->is_anonymous = str_eq(caller->role, STR("anon"));
        caller->role = STR_NULL;
    }
    return true;
}

static bool
verify(struct auth_loop *loop, struct str token, struct arena *arena, struct caller *caller,
       struct err *err)
{
    const struct auth *auth = loop->auth;
    const struct jwt_keys keys = {auth->rules->keys, auth->published};
    int64_t now_s = clock_wall_us() / 1000000;
    struct jwt jwt;
    struct jwt_times times;

    if (token_cache_get(loop->cache, token, caller, &times)) {
        caller->role = caller->role.data != NULL ? arena_copy(arena, caller->role) : STR_NULL;
        caller->claims_json = arena_copy(arena, caller->claims_json);
        return jwt_check_times(&times, now_s, err);
    }
    if (!auth_has_keys(auth))
        return err_refuse(err, 500, "PGRST300", "Server lacks JWT secret");
    if (!jwt_verify(&keys, token, arena, &jwt, err)) {
        loop->misses_key = auth->rules->has_url && jwt.misses_key;
        return loop->misses_key && auth->published == NULL ? refuse_without_keys(err) : false;
    }
    if (!jwt_check_times(&jwt.times, now_s, err) ||
        !jwt_check_audience(&jwt, auth->rules->audience, err) ||
        !read_caller(loop, &jwt, arena, caller, err))
        return false;
    if (arena_is_exhausted(arena))
        return err_refuse(err, 413, "CAIRN-LIMIT", "the request needs too much memory");
    token_cache_put(loop->cache, token, caller, &jwt.times);
    return true;
}

static bool
check_role(struct auth_loop *loop, struct request *request, struct err *err)
{
    const struct rules *rules = loop->auth->rules;
    struct caller *caller = ARENA_NEW(request->arena, struct caller);
    struct str token;

    *caller = (struct caller){.is_anonymous = true, .role = anon_role_of(loop)};
    request->caller = caller;
    if (find_token(request, &token) && !verify(loop, token, request->arena, caller, err))
        return false;
    if (rules->is_open || !caller->is_anonymous ||
        (loop->said == AUTH_RULES_SOME && rules->heeds_rules))
        return true;
    return refuse_anonymous(err);
}

bool
auth_check(struct auth_loop *loop, struct request *request, enum route_right right, struct err *err)
{
    loop->misses_key = false;
    switch (right) {
    case ROUTE_RIGHT_ANYONE:
        return true;
    case ROUTE_RIGHT_LOCAL:
        if (is_local(request->peer))
            return true;
        return err_refuse(err, 403, "42501", "this is for callers on the same machine only");
    case ROUTE_RIGHT_ROLE:
        return check_role(loop, request, err);
    case ROUTE_RIGHT_NOBODY:
        break;
    }
    return err_refuse(err, 404, "PGRST125", "Invalid path specified in request URL");
}

bool
auth_misses_key(const struct auth_loop *loop)
{
    return loop->misses_key;
}
