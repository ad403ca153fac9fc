/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request's transaction is set to, and by whom.
 */
#include "core/buf.h"
#include "db/postgres/catalog.h"

/* What the roles that requests may run as bring along, by ALTER ROLE ... SET. A superuser may become
 * everybody, so that only real memberships count. A setting that this user may not set stays out. */
static const char roles_sql[] =
    "SELECT r.rolname, split_part(s.text, '=', 1), substr(s.text, strpos(s.text, '=') + 1)"
    " FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles r ON r.oid = m.roleid,"
    " LATERAL unnest(r.rolconfig) WITH ORDINALITY AS s(text, place)"
    " JOIN pg_catalog.pg_settings p ON p.name = split_part(s.text, '=', 1)"
    " WHERE m.member = (SELECT u.oid FROM pg_catalog.pg_roles u WHERE u.rolname = current_user)"
    " AND (p.context = 'user' OR pg_catalog.has_parameter_privilege(p.name, 'SET'))"
    " ORDER BY r.rolname COLLATE \"C\", s.place";

/* SET in the definition of functions that can be called. */
static const char functions_sql[] =
    "SELECT f.place, split_part(s.text, '=', 1), substr(s.text, strpos(s.text, '=') + 1)"
    " FROM unnest($1::oid[]) WITH ORDINALITY AS f(oid, place)"
    " JOIN pg_catalog.pg_proc p ON p.oid = f.oid,"
    " LATERAL unnest(p.proconfig) WITH ORDINALITY AS s(text, number)"
    " ORDER BY f.place, s.number";

/*
 * current_setting() is 2077 with one argument, 3294 with two; a stored expression names functions by
 * their number. The body of a function is text, in which dynamic SQL may hide anything; what is no
 * text (C) or belongs to an extension asks for nothing.
 */
#define CALLS(tree) "CAST(" tree " AS text) ~ ':funcid (2077|3294) '"
static const char code_sql[] =
    "WITH code AS (SELECT p.prosrc, l.lanname, p.prosqlbody FROM pg_catalog.pg_proc p"
    "  JOIN pg_catalog.pg_language l ON l.oid = p.prolang"
    "  WHERE p.oid >= 16384 AND l.lanname NOT IN ('internal', 'c')"
    "  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = p.oid"
    "   AND d.classid = 'pg_catalog.pg_proc'::regclass AND d.deptype = 'e'))"
    " SELECT EXISTS (SELECT FROM pg_catalog.pg_policy)"
    "  OR EXISTS (SELECT FROM code WHERE prosrc ~* 'current_setting|execute|pg_settings|show'"
    "   OR lanname NOT IN ('sql', 'plpgsql') OR " CALLS(
        "prosqlbody") ")"
                      "  OR EXISTS (SELECT FROM pg_catalog.pg_rewrite WHERE oid >= 16384 AND " CALLS(
                          "ev_action") ")"
                                       "  OR EXISTS (SELECT FROM pg_catalog.pg_attrdef WHERE " CALLS(
                                           "adbin") ")"
                                                    "  OR EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conbin IS NOT NULL AND " CALLS(
                                                        "conbin") ")"
                                                                  "  OR EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE tgqual IS NOT NULL AND " CALLS(
                                                                      "tgqual") "),"
                                                                                " EXISTS (SELECT FROM code WHERE prosrc ~* 'response|execute'"
                                                                                "  OR lanname NOT IN ('sql', 'plpgsql') OR CAST(prosqlbody AS text) ~ ':funcid 2078 ')";

static void
setting_add(struct catalog *cat, struct model_settings *settings, struct model_setting *items,
            const PGresult *res, int row)
{
    struct model_setting setting = {
        .name = cat_str(cat, res, row, 1),
        .value = cat_str(cat, res, row, 2),
    };

    settings->items = items;
    if (str_eq(setting.name, STR("default_transaction_isolation")))
        settings->isolation = setting.value;
    else
        items[settings->count++] = setting;
}

static bool
load_roles(struct catalog *cat, struct err *err)
{
    struct model *model = cat->model;
    PGresult *res = cat_query(cat, roles_sql, NULL, err);
    struct model_settings *roles = NULL;
    struct model_setting *items = NULL;
    int rows = 0;

    if (res == NULL)
        return false;
    rows = PQntuples(res);
    roles = ARENA_ARRAY(model->arena, struct model_settings, (size_t)rows + 1);
    items = ARENA_ARRAY(model->arena, struct model_setting, (size_t)rows + 1);
    for (int first = 0, end = 0; first < rows; first = end) {
        struct model_settings *role = &roles[model->role_settings_count++];

        role->role = cat_str(cat, res, first, 0);
        for (; end < rows && strcmp(PQgetvalue(res, end, 0), PQgetvalue(res, first, 0)) == 0; end++)
            setting_add(cat, role, items + first, res, end);
    }
    model->role_settings = roles;
    PQclear(res);
    return true;
}

bool
cat_load_settings(struct catalog *cat, struct err *err)
{
    PGresult *res = NULL;
    struct model_setting *items = NULL;
    int rows = 0;

    if (!load_roles(cat, err))
        return false;
    res = cat_query(cat, functions_sql, cat->function_oids.data, err);
    if (res == NULL)
        return false;
    rows = PQntuples(res);
    items = ARENA_ARRAY(cat->model->arena, struct model_setting, (size_t)rows + 1);
    for (int first = 0, end = 0; first < rows; first = end) {
        int64_t place = cat_i64(res, first, 0);
        struct model_settings *settings = &cat->model->functions[place - 1].settings;

        for (; end < rows && cat_i64(res, end, 0) == place; end++)
            setting_add(cat, settings, items + first, res, end);
    }
    PQclear(res);
    return true;
}

bool
cat_load_code(struct catalog *cat, struct err *err)
{
    PGresult *res = cat_query(cat, code_sql, NULL, err);

    if (res == NULL)
        return false;
    cat->model->asks_request = cat_bool(res, 0, 0);
    cat->model->sets_response = cat_bool(res, 0, 1);
    PQclear(res);
    return true;
}
