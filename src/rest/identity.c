/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/identity.h"

#include "auth/caller.h"
#include "core/json.h"

/* Shapes count up from 1, and a role's salt is in the upper half. */
#define ID_WITH_ROLE (UINT64_C(0xFFFFFFFF) - 1)
#define ID_WITHOUT_ROLE (UINT64_C(0xFFFFFFFF) - 2)
#define TEXT_MAX ((size_t)32 << 20) /* the largest head, all of it escaped */

#define SET(name, param) "pg_catalog.set_config('request." name "', " param ", true)"
/* The role is last: who it is may not be allowed to set the others. */
#define SQL_WITHOUT_ROLE                                                                        \
    "SELECT " SET("jwt.claims", "$1") ", " SET("method", "$2") ", " SET("path", "$3") ", " SET( \
        "headers", "$4") ", " SET("cookies", "$5")
#define SQL_WITH_ROLE SQL_WITHOUT_ROLE ", pg_catalog.set_config('role', $6, true)"

static struct value
text_value(struct str text)
{
    /* PostgreSQL takes nothing else, and a header or a path may be anything. */
    return (struct value){.kind = VALUE_TEXT, .s = str_is_utf8(text) ? text : STR("")};
}

static void
add_member(struct buf *out, struct str name, struct str value)
{
    if (out->len > 1)
        buf_add_char(out, ',');
    json_write_str(out, name);
    buf_add_char(out, ':');
    json_write_str(out, value);
}

/* Header fields as JSON; what is no text can't be a setting. */
struct str
identity_headers_json(const struct request *request)
{
    struct buf out;
    struct str text;

    buf_init(&out, TEXT_MAX);
    buf_add_char(&out, '{');
    for (uint32_t i = 0; i < request->header_count; i++) {
        const struct http_header *header = &request->headers[i];

        if (str_is_utf8(header->value) && !str_eq(header->name, STR("cookie")))
            add_member(&out, header->name, header->value);
    }
    buf_add_char(&out, '}');
    text = arena_copy(request->arena, buf_str(&out));
    buf_fini(&out);
    return text;
}

/* RFC 6265, 4.2.1: a=b; c=d */
struct str
identity_cookies_json(const struct request *request)
{
    struct str rest = request_header(request, "cookie");
    struct buf out;
    struct str text;

    buf_init(&out, TEXT_MAX);
    buf_add_char(&out, '{');
    while (str_is_utf8(rest) && rest.len > 0) {
        struct str value = str_cut(&rest, ';');
        struct str name = str_trim(str_cut(&value, '='));

        if (name.len > 0)
            add_member(&out, name, str_trim(value));
    }
    buf_add_char(&out, '}');
    text = arena_copy(request->arena, buf_str(&out));
    buf_fini(&out);
    return text;
}

/* As it is below the API's root, which is what functions compare it with. */
static struct str
path_of(const struct request *request)
{
    struct str root = STR("/rest/v1");
    struct str path = request->path;

    if (str_has_prefix(path, root) && path.len > root.len)
        return str_slice(path, root.len, path.len);
    return path;
}

/* Claims of a caller without a token: nothing but the role. */
static struct str
claims_of(const struct caller *caller, struct arena *arena)
{
    struct buf out;
    struct str text;

    if (caller->claims_json.data != NULL)
        return caller->claims_json;
    buf_init(&out, TEXT_MAX);
    BUF_ADD_LIT(&out, "{\"role\":");
    json_write_str(&out, caller->role);
    buf_add_char(&out, '}');
    text = arena_copy(arena, buf_str(&out));
    buf_fini(&out);
    return text;
}

static bool
take(void *ctx, const struct value *cells, uint32_t count)
{
    struct identity *identity = ctx;

    (void)cells;
    (void)count;
    identity->is_taken = true;
    return true;
}

bool
identity_add(struct identity *identity, const struct request *request, struct db_stmt *stmt)
{
    const struct caller *caller = request->caller;
    bool has_role;

    if (caller == NULL || (caller->role.data == NULL && caller->claims_json.data == NULL))
        return false;
    has_role = caller->role.data != NULL;
    identity->is_set = true;
    identity->salt = has_role ? str_hash(caller->role, 0) << 32 : 0;
    identity->params[0] = text_value(claims_of(caller, request->arena));
    identity->params[1] = text_value(request->method_name);
    identity->params[2] = text_value(path_of(request));
    identity->params[3] = text_value(identity_headers_json(request));
    identity->params[4] = text_value(identity_cookies_json(request));
    if (has_role)
        identity->params[5] = text_value(caller->role);
    *stmt = (struct db_stmt){
        .sql = has_role ? STR(SQL_WITH_ROLE) : STR(SQL_WITHOUT_ROLE),
        .id = has_role ? ID_WITH_ROLE : ID_WITHOUT_ROLE,
        .params = identity->params,
        .param_count = has_role ? 6 : 5,
        .row_count = 1,
        .runs_before_prepare = true,
        .on_row = take,
        .ctx = identity,
    };
    return true;
}

void
identity_explain(const struct identity *identity, struct err *err)
{
    if (identity->is_set && !identity->is_taken && strcmp(err->code, "22023") == 0)
        err->http_status = 401;
}
