/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request's transaction is set to, and by whom.
 */
#include "core/buf.h"
#include "db/postgres/catalog.h"

/* What the roles that requests may run as bring along, by ALTER ROLE ... SET. A superuser may
 * become everybody, so that only real memberships count. A setting that this user may not set stays
 * out. */
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
 * What code asks for. current_setting() is 2077 with one argument, 3294 with two, set_config()
 * 2078; a stored expression names functions by their number, and is written out only where it calls
 * one of them. A name that is not a literal may be any; so may what dynamic SQL asks for, or code
 * in another language. What is no text (C) asks for nothing, nor does what belongs to an extension,
 * unless its text names a request.
 */
#define CALLS(tree, which) "CAST(" tree " AS text) ~ ':funcid (" which ") '"
#define ASKS(tree) CALLS(tree, "2077|3294")
#define SETS(tree) CALLS(tree, "2078")
#define CALL "current_setting\"?\\s*[(]"
#define CALL_BY_NAME CALL "\\s*'([^']*)'(?:::text)?\\s*[,)]"
#define SETS_IN_TEXT \
    "set_config|execute|\\mset\\s+(local|session|role)\\M|(;|\\m(begin|then|else|loop))\\s*set\\s"
/* clang-format off */
static const char code_sql[] =
    "WITH code AS (SELECT p.oid, p.prosrc AS text, p.prosqlbody AS body,"
    "   l.lanname NOT IN ('sql', 'plpgsql') AS is_strange,"
    "   EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = p.oid"
    "    AND d.classid = 'pg_catalog.pg_proc'::regclass AND d.deptype = 'e') AS is_extension"
    "  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang"
    "  WHERE p.oid >= 16384 AND l.lanname NOT IN ('internal', 'c')),"
    " own AS (SELECT * FROM code WHERE NOT is_extension),"
    " texts AS (SELECT text FROM own WHERE text ~* 'current_setting'"
    "  UNION ALL SELECT pg_catalog.pg_get_function_sqlbody(oid) FROM own WHERE " ASKS("body")
    "  UNION ALL SELECT pg_catalog.pg_get_expr(polqual, polrelid)"
    "   FROM pg_catalog.pg_policy WHERE " ASKS("polqual")
    "  UNION ALL SELECT pg_catalog.pg_get_expr(polwithcheck, polrelid)"
    "   FROM pg_catalog.pg_policy WHERE " ASKS("polwithcheck")
    "  UNION ALL SELECT pg_catalog.pg_get_ruledef(oid)"
    "   FROM pg_catalog.pg_rewrite WHERE oid >= 16384 AND " ASKS("ev_action")
    "  UNION ALL SELECT pg_catalog.pg_get_expr(adbin, adrelid)"
    "   FROM pg_catalog.pg_attrdef WHERE " ASKS("adbin")
    "  UNION ALL SELECT pg_catalog.pg_get_constraintdef(oid)"
    "   FROM pg_catalog.pg_constraint WHERE conbin IS NOT NULL AND " ASKS("conbin")
    "  UNION ALL SELECT pg_catalog.pg_get_triggerdef(oid)"
    "   FROM pg_catalog.pg_trigger WHERE tgqual IS NOT NULL AND " ASKS("tgqual") "),"
    " asked AS (SELECT name[1] AS name FROM texts,"
    "   LATERAL pg_catalog.regexp_matches(text, $$" CALL_BY_NAME "$$, 'gi') AS name"
    "  UNION ALL SELECT '*' FROM texts WHERE"
    "   (SELECT count(*) FROM pg_catalog.regexp_matches(text, $$" CALL "$$, 'gi')) <>"
    "   (SELECT count(*) FROM pg_catalog.regexp_matches(text, $$" CALL_BY_NAME "$$, 'gi'))"
    "  UNION ALL SELECT '*' FROM own WHERE is_strange OR text ~* 'execute|pg_settings|show'"
    "  UNION ALL SELECT '*' FROM code WHERE is_extension AND text ~* 'request[.]')"
    " SELECT COALESCE(bit_or(CASE lower(name) WHEN '*' THEN 31 WHEN 'request.method' THEN 3"
    "   WHEN 'request.path' THEN 5 WHEN 'request.headers' THEN 9 WHEN 'request.cookies' THEN 17"
    "   ELSE 1 END), 0),"
    "  EXISTS (SELECT FROM own WHERE is_strange OR text ~* 'response|execute|set_config'"
    "   OR " SETS("body") "),"
    "  EXISTS (SELECT FROM own WHERE is_strange OR text ~* $$" SETS_IN_TEXT "$$"
    "   OR " SETS("body") ")"
    "   OR EXISTS (SELECT FROM pg_catalog.pg_policy WHERE " SETS("polqual") ")"
    "   OR EXISTS (SELECT FROM pg_catalog.pg_rewrite WHERE oid >= 16384 AND " SETS("ev_action") ")"
    " FROM asked";
/* clang-format on */

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
    cat->model->asks = cat_i64(res, 0, 0);
    cat->model->sets_response = cat_bool(res, 0, 1);
    cat->model->sets_anything = cat_bool(res, 0, 2);
    PQclear(res);
    return true;
}
