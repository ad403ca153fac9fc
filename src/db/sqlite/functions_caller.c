/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks: what policies and functions read of the request that a statement runs for. */
#include "core/err_local.h"
#include "db/engine.h"
#include "db/sqlite/functions_impl.h"

#define APP_SETTINGS "app.settings."

static struct str
role_of(const struct fn *fn)
{
    const struct db_session *session = fn->env->session;

    return session != NULL && session->role.data != NULL ? session->role : MODEL_OWNER;
}

static void
call_role(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    fn_result_str(ctx, role_of(fn));
}

/* Of the configuration. */
static bool
find_app_setting(const struct db_session *session, struct str name, struct str *out)
{
    for (size_t i = 0; i < session->setting_count; i++) {
        struct str value = str_from(session->settings[i]);

        if (str_eq_nocase(str_cut(&value, '='), name)) {
            *out = value;
            return true;
        }
    }
    return false;
}

static const struct db_setting *
find_set(const struct db_session *session, struct str name)
{
    return session->set != NULL ? db_settings_find(session->set, name) : NULL;
}

/* False when there is no setting of this name; what it is may still be without data. */
static bool
find_setting(const struct fn *fn, struct str name, struct str *out)
{
    static const struct db_session nobody;
    const struct db_session *session = fn->env->session != NULL ? fn->env->session : &nobody;
    const struct {
        const char *name;
        struct str value;
    } settings[] = {
        {"request.jwt.claims", session->claims_json},
        {"request.headers", session->headers_json},
        {"request.cookies", session->cookies_json},
        {"request.method", session->method},
        {"request.path", session->path},
        {"role", role_of(fn)},
    };
    const struct db_setting *set = find_set(session, name);

    if (set != NULL) {
        *out = set->value;
        return true;
    }
    if (str_has_prefix(name, STR(APP_SETTINGS)))
        return find_app_setting(session, str_slice(name, sizeof(APP_SETTINGS) - 1, name.len), out);
    for (size_t i = 0; i < COUNTOF(settings); i++) {
        if (str_eq_nocase(name, str_from(settings[i].name))) {
            *out = settings[i].value;
            return out->data != NULL;
        }
    }
    return false;
}

static void
call_setting(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    bool missing_ok = argc > 1 && sqlite3_value_int(argv[1]) != 0;
    struct str name = fn_text_of(argv[0]);
    struct str value;
    ERR_LOCAL(err);

    if (find_setting(fn, name, &value)) {
        fn_result_str(ctx, value);
    } else if (!missing_ok) {
        err_set(&err, ERR_DB, "42704", "unrecognized configuration parameter \"%.*s\"",
                STR_ARG(name));
        fn_fail(ctx, &err);
    }
}

/* Of custom settings, which are the only ones here: identifiers with a dot between them. */
static bool
check_name(struct str name, struct err *err)
{
    bool is_start = true;
    bool is_valid = true;

    if (str_find_char(name, '.', 0) == name.len)
        return err_set(err, ERR_DB, "42704", "unrecognized configuration parameter \"%.*s\"",
                       STR_ARG(name));
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.data[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;

        if (c == '.')
            is_valid = is_valid && !is_start;
        else
            is_valid =
                is_valid && (is_letter || (!is_start && ((c >= '0' && c <= '9') || c == '$')));
        is_start = c == '.';
    }
    if (is_valid && !is_start)
        return true;
    err_set(err, ERR_DB, "42602", "invalid configuration parameter name \"%.*s\"", STR_ARG(name));
    err_details(err, "Custom parameter names must be two or more simple identifiers separated by "
                     "dots.");
    return false;
}

static void
call_set_config(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    const struct db_session *session = fn->env->session;
    struct str name = fn_text_of(argv[0]);
    struct str value = fn_text_of(argv[1]);
    ERR_LOCAL(err);
    bool ok;

    if (fn_is_null(argv[0]))
        ok = err_set(&err, ERR_DB, "22004", "SET requires parameter name");
    else if (session == NULL || session->set == NULL)
        ok = err_set(&err, ERR_DB, "0A000", "set_config() is not supported here");
    else
        ok = check_name(name, &err) && db_settings_put(session->set, name, value, &err);
    if (!ok)
        fn_fail(ctx, &err);
    else
        fn_result_str(ctx, value.data != NULL ? value : STR(""));
}

static const struct fn_def defs[] = {
    {"cairn_role", 0, 0, call_role},
    {"cairn_setting", 1, 0, call_setting},
    {"cairn_setting", 2, 0, call_setting},
    {"cairn_setting_now", 1, FN_VOLATILE, call_setting},
    {"cairn_setting_now", 2, FN_VOLATILE, call_setting},
    {"cairn_set_config", 2, FN_VOLATILE | FN_NULLS, call_set_config},
};

const struct fn_defs fn_caller = {defs, COUNTOF(defs)};
