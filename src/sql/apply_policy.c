/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Row-level security: policies, and the options of views that are about who asks.
 *
 * A policy keeps its expressions as text, and is translated again from them when something that it
 * names changes. What PostgreSQL's catalogs follow by number is then either found under its new
 * name, or the change is refused.
 */
#include "sql/apply.h"
#include "sql/expr.h"

/* --- the text of an expression ---------------------------------------------------------------- */

/* Where the quoted text or comment that begins at i ends; i when none begins there. */
static size_t
skip_quoted(struct str text, size_t i)
{
    struct str rest = str_slice(text, i, text.len);
    const char *end;
    struct str tag;

    if (rest.data[0] == '\'' || rest.data[0] == '"') {
        for (size_t at = i + 1; at < text.len; at++) {
            if (text.data[at] == '\\' && rest.data[0] == '\'' && i > 0 &&
                (text.data[i - 1] | 0x20) == 'e')
                at++;
            else if (text.data[at] == rest.data[0])
                return at + 1;
        }
        return text.len;
    }
    if (str_has_prefix(rest, STR("--")))
        return str_find_char(text, '\n', i);
    if (str_has_prefix(rest, STR("/*"))) {
        end = memmem(rest.data + 2, rest.len - 2, "*/", 2);
        return end != NULL ? (size_t)(end - text.data) + 2 : text.len;
    }
    if (rest.data[0] != '$')
        return i;
    tag = str_slice(rest, 0, str_find_char(rest, '$', 1) + 1);
    if (tag.len > 1 && tag.data[tag.len - 1] == '$') {
        end = memmem(rest.data + tag.len, rest.len - tag.len, tag.data, tag.len);
        return end != NULL ? (size_t)(end - text.data) + tag.len : i;
    }
    return i;
}

/* Whether the word stands at i, and is not the beginning of another. */
static bool
is_word_at(struct str text, size_t i, struct str word)
{
    size_t end = i + word.len;

    return (i == 0 || strchr(" \t\r\n\f\v\")/", text.data[i - 1]) != NULL) && end < text.len &&
           strchr(" \t\r\n\f\v(/-", text.data[end]) != NULL &&
           str_eq_nocase(str_slice(text, i, end), word);
}

/* What stands in parentheses, outside of any others, behind the word. */
static struct str
text_behind(struct str text, struct str word)
{
    size_t depth = 0;
    size_t from = 0;
    bool wanted = false;

    for (size_t i = 0; i < text.len; i++) {
        size_t end = skip_quoted(text, i);

        if (end > i) {
            i = end - 1;
        } else if (text.data[i] == '(') {
            if (depth++ == 0)
                from = i + 1;
        } else if (text.data[i] == ')' && depth > 0) {
            if (--depth == 0 && wanted)
                return str_trim(str_slice(text, from, i));
        } else if (depth == 0 && is_word_at(text, i, word)) {
            wanted = true; /* a keyword that is reserved: no name can be it */
        }
    }
    return STR_NULL;
}

/* Where a text names a column. */
struct places {
    size_t from[128];
    uint32_t fields[128]; /* of the dotted name */
    uint32_t count;
};

static void
find_places(const struct json *tree, struct str name, struct places *places)
{
    for (const struct json *n = tree->first; n != NULL; n = n->next) {
        if (tree->type == JSON_OBJECT && str_eq(n->key, STR("ColumnRef")) &&
            str_eq(pg_last_string(n, "fields"), name) && places->count < COUNTOF(places->from)) {
            places->from[places->count] = pg_location(n) - strlen("SELECT ");
            places->fields[places->count++] = pg_count(n, "fields");
        }
        find_places(n, name, places);
    }
}

/* The end of the name, quoted or not, that begins at i. */
static size_t
skip_name(struct str text, size_t i)
{
    if (i < text.len && text.data[i] == '"')
        return skip_quoted(text, i);
    while (i < text.len && strchr(" \t\r\n.()[],;:+-*/<>=~!@#%^&|`?'\"", text.data[i]) == NULL)
        i++;
    return i;
}

/* The text with a column's new name; tree is that of "SELECT text". */
static struct str
rename_in_text(struct apply *a, const struct json *tree, struct str text, struct str old_name,
               struct str new_name)
{
    struct str quoted = apply_quote(a->tmp, new_name);
    struct places places = {.count = 0};

    find_places(tree, old_name, &places);
    /* From behind, so that the places before stay what they are. */
    for (uint32_t done = 0; done < places.count; done++) {
        uint32_t last = 0;
        size_t from;
        size_t to;

        for (uint32_t i = 0; i < places.count; i++) {
            if (places.fields[i] > 0 &&
                (places.fields[last] == 0 || places.from[i] > places.from[last]))
                last = i;
        }
        from = places.from[last];
        to = skip_name(text, from);
        for (uint32_t f = 1; f < places.fields[last]; f++) {
            for (from = to; from < text.len && strchr(" \t\r\n.", text.data[from]) != NULL;)
                from++;
            to = skip_name(text, from);
        }
        places.fields[last] = 0;
        text = arena_printf(a->tmp, "%.*s%.*s%.*s", STR_ARG(str_slice(text, 0, from)),
                            STR_ARG(quoted), STR_ARG(str_slice(text, to, text.len)));
    }
    return text;
}

/* --- translation ------------------------------------------------------------------------------ */

static bool
translate(struct apply *a, const struct model_table *table, const struct json *node,
          struct marks *marks, struct expr *out)
{
    struct scope scope = {0};
    struct expr_context x = {
        .a = a,
        .scope = &scope,
        .marks = marks,
        .allow_query = true,
        .place = "policy expressions",
    };

    marks->in_policy = true;
    expr_table_scope(a, table, &scope);
    scope.items->is_policy_row = true;
    if (!expr_condition(&x, node, "POLICY", out))
        return false;
    return !marks->is_refused || apply_refuse(a, pg_location(pg_body(node)),
                                              "control characters in names and texts of policies");
}

/* From the texts. With old_name given, a column has got another name. */
static bool
compile_text(struct apply *a, const struct model_table *table, struct str old_name,
             struct str new_name, struct marks *marks, struct str *text, struct str *sqlite)
{
    struct pgtree saved = a->tree;
    const struct json *node;
    struct expr e;
    bool ok;

    if (text->len == 0)
        return true;
    node = apply_parse_expression(a, *text, &a->tree);
    if (node != NULL && old_name.len > 0) {
        *text = arena_copy(a->keep, rename_in_text(a, a->tree.root, *text, old_name, new_name));
        node = apply_parse_expression(a, *text, &a->tree);
    }
    ok = node != NULL && translate(a, table, node, marks, &e);
    a->tree = saved;
    if (ok)
        *sqlite = arena_copy(a->keep, e.sql);
    return ok;
}

static bool
compile_texts(struct apply *a, const struct model_table *table, struct model_policy *policy,
              struct str old_name, struct str new_name, struct marks *of_using,
              struct marks *of_check)
{
    struct str path[COUNTOF(a->path)];
    uint32_t path_count = a->path_count;
    bool ok;

    memcpy(path, a->path, sizeof(path));
    for (a->path_count = 0; a->path_count < policy->path_count; a->path_count++)
        a->path[a->path_count] = policy->path[a->path_count];
    ok = compile_text(a, table, old_name, new_name, of_using, &policy->using_sql,
                      &policy->using_sqlite) &&
         compile_text(a, table, old_name, new_name, of_check, &policy->check_sql,
                      &policy->check_sqlite);
    memcpy(a->path, path, sizeof(path));
    a->path_count = path_count;
    return ok;
}

static void
keep_path(struct apply *a, struct model_policy *policy)
{
    struct str *path = ARENA_ARRAY(a->keep, struct str, a->path_count);

    for (uint32_t i = 0; i < a->path_count; i++)
        path[i] = arena_copy(a->keep, a->path[i]);
    policy->path = path;
    policy->path_count = a->path_count;
}

static bool
compile(struct apply *a, const struct model_table *table, struct model_policy *policy,
        struct str old_name, struct str new_name)
{
    struct marks of_using = {0};
    struct marks of_check = {0};
    struct model_reference *using = NULL;
    struct model_reference *check = NULL;
    uint32_t using_count = 0;
    uint32_t check_count = 0;

    if (!compile_texts(a, table, policy, old_name, new_name, &of_using, &of_check))
        return false;
    policy->reads = of_using.reads | of_check.reads;
    marks_keep(a, &of_using, &using, &using_count);
    marks_keep(a, &of_check, &check, &check_count);
    policy->references =
        ARENA_ARRAY(a->keep, struct model_reference, (size_t)using_count + check_count);
    for (uint32_t i = 0; i < using_count; i++)
        policy->references[i] = using[i];
    for (uint32_t i = 0; i < check_count; i++)
        policy->references[using_count + i] = check[i];
    policy->reference_count = using_count + check_count;
    policy->reference_split = using_count + 1;
    return true;
}

/* --- CREATE and ALTER ------------------------------------------------------------------------- */

static struct model_policy *
find_policy(const struct model_table *table, struct str name)
{
    for (uint32_t i = 0; i < table->policy_count; i++) {
        if (str_eq(table->policies[i].name, name))
            return &table->policies[i];
    }
    return NULL;
}

static bool
need_policy(struct apply *a, const struct model_table *table, struct str name,
            struct model_policy **out)
{
    *out = find_policy(table, name);
    return *out != NULL || apply_fail(a, SIZE_MAX, "42704", NULL,
                                      "policy \"%.*s\" for table \"%.*s\" does not exist",
                                      STR_ARG(name), STR_ARG(table->name));
}

static bool
read_policy_roles(struct apply *a, const struct json *body, struct model_policy *policy)
{
    struct str *roles = ARENA_ARRAY(a->keep, struct str, pg_count(body, "roles"));
    uint32_t count = 0;

    for (const struct json *n = pg_first(body, "roles"); n != NULL; n = n->next) {
        struct str name;

        if (!apply_role(a, pg_as(n, "RoleSpec"), &name))
            return false;
        /* PUBLIC is everybody, whoever else is named. */
        if (name.len == 0) {
            policy->roles = NULL;
            policy->role_count = 0;
            return true;
        }
        roles[count++] = arena_copy(a->keep, name);
    }
    policy->roles = roles;
    policy->role_count = count;
    return true;
}

static bool
read_command(struct apply *a, const struct json *body, struct model_policy *policy)
{
    static const char *const words[] = {
        [MODEL_FOR_ALL] = "all",       [MODEL_FOR_SELECT] = "select", [MODEL_FOR_INSERT] = "insert",
        [MODEL_FOR_UPDATE] = "update", [MODEL_FOR_DELETE] = "delete",
    };

    for (size_t i = 0; i < COUNTOF(words); i++) {
        if (pg_is(body, "cmd_name", words[i])) {
            policy->command = (enum model_command)i;
            return true;
        }
    }
    return apply_fail(a, SIZE_MAX, "42601", NULL, "unrecognized row security option \"%.*s\"",
                      STR_ARG(pg_str(body, "cmd_name")));
}

static bool
check_clauses(struct apply *a, enum model_command command, bool has_using, bool has_check)
{
    if (has_check && (command == MODEL_FOR_SELECT || command == MODEL_FOR_DELETE))
        return apply_fail(a, SIZE_MAX, "42601", NULL,
                          "WITH CHECK cannot be applied to SELECT or DELETE");
    if (has_using && command == MODEL_FOR_INSERT)
        return apply_fail(a, SIZE_MAX, "42601", NULL,
                          "only WITH CHECK expression allowed for INSERT");
    return true;
}

/* Whether the text that was found is that of the expression. */
static bool
says(struct apply *a, struct str text, const struct json *node)
{
    struct pgtree tree;
    const struct json *found = text.len > 0 ? apply_parse_expression(a, text, &tree) : NULL;

    return found != NULL && pg_is_same(pg_body(found), pg_body(node)) &&
           str_eq(pg_kind(found), pg_kind(node));
}

/* The expressions of the statement at hand: translated where they stand, so that errors have their
 * place, and then from the text that is kept. */
static bool
read_expressions(struct apply *a, const struct json *body, const struct model_table *table,
                 struct model_policy *policy)
{
    const struct json *qual = pg_get(body, "qual");
    const struct json *check = pg_get(body, "with_check");
    struct str statement = str_slice(a->text, a->at, a->to);
    struct marks marks = {0};
    struct expr e;

    if ((qual != NULL && !translate(a, table, qual, &marks, &e)) ||
        (check != NULL && !translate(a, table, check, &marks, &e)))
        return false;
    keep_path(a, policy);
    if (qual != NULL)
        policy->using_sql = arena_copy(a->keep, text_behind(statement, STR("USING")));
    if (check != NULL)
        policy->check_sql = arena_copy(a->keep, text_behind(statement, STR("CHECK")));
    if ((qual != NULL && !says(a, policy->using_sql, qual)) ||
        (check != NULL && !says(a, policy->check_sql, check)))
        return apply_fail(a, SIZE_MAX, "XX000", "write it in a simpler form",
                          "its expression was not found in its text");
    return compile(a, table, policy, STR_NULL, STR_NULL) ||
           apply_fail(a, SIZE_MAX, "0A000", "write it in a simpler form",
                      "its expression can't be read back from its text");
}

bool
apply_create_policy(struct apply *a, const struct json *body)
{
    const struct json *range = pg_get(body, "table");
    struct model_policy policy = {
        .name = arena_copy(a->keep, pg_str(body, "policy_name")),
        .is_restrictive = !pg_bool(body, "permissive"),
    };
    struct model_table *table;
    struct model_policy *grown;
    uint32_t at = 0;

    if (!apply_need_table(a, apply_range_name(range), pg_location(range), &table) ||
        !read_command(a, body, &policy) ||
        !check_clauses(a, policy.command, pg_get(body, "qual") != NULL,
                       pg_get(body, "with_check") != NULL) ||
        !read_policy_roles(a, body, &policy))
        return false;
    if (find_policy(table, policy.name) != NULL)
        return apply_fail(a, SIZE_MAX, "42710", NULL,
                          "policy \"%.*s\" for table \"%.*s\" already exists", STR_ARG(policy.name),
                          STR_ARG(table->name));
    if (!read_expressions(a, body, table, &policy))
        return false;
    grown = edit_grow(a, table->policies, table->policy_count, sizeof(*grown));
    while (at < table->policy_count && str_cmp(grown[at].name, policy.name) < 0)
        at++;
    memmove(&grown[at + 1], &grown[at], (table->policy_count - at) * sizeof(*grown));
    grown[at] = policy;
    table->policies = grown;
    table->policy_count++;
    return true;
}

bool
apply_alter_policy(struct apply *a, const struct json *body)
{
    const struct json *range = pg_get(body, "table");
    struct model_table *table;
    struct model_policy *policy;

    if (!apply_need_table(a, apply_range_name(range), pg_location(range), &table) ||
        !need_policy(a, table, pg_str(body, "policy_name"), &policy) ||
        !check_clauses(a, policy->command, pg_get(body, "qual") != NULL,
                       pg_get(body, "with_check") != NULL))
        return false;
    if (pg_count(body, "roles") > 0 && !read_policy_roles(a, body, policy))
        return false;
    return read_expressions(a, body, table, policy);
}

/* --- DROP and RENAME -------------------------------------------------------------------------- */

static void
remove_policy(struct model_table *table, struct model_policy *policy)
{
    edit_remove(table->policies, &table->policy_count, (uint32_t)(policy - table->policies),
                sizeof(*policy));
}

bool
apply_drop_policy(struct apply *a, const struct json *body, struct name table_name, struct str name)
{
    struct model_table *table = apply_lookup_table(a, table_name);
    struct model_policy *policy;

    if (table == NULL && pg_bool(body, "missing_ok"))
        return true;
    if (!apply_need_table(a, table_name, SIZE_MAX, &table))
        return false;
    policy = find_policy(table, name);
    if (policy == NULL && pg_bool(body, "missing_ok"))
        return true;
    if (!need_policy(a, table, name, &policy))
        return false;
    remove_policy(table, policy);
    return true;
}

bool
apply_rename_policy(struct apply *a, const struct json *body, struct str new_name)
{
    const struct json *range = pg_get(body, "relation");
    struct model_table *table;
    struct model_policy *policy;
    struct model_policy moved;
    uint32_t at = 0;

    if (!apply_need_table(a, apply_range_name(range), pg_location(range), &table) ||
        !need_policy(a, table, pg_str(body, "subname"), &policy))
        return false;
    if (find_policy(table, new_name) != NULL)
        return apply_fail(a, SIZE_MAX, "42710", NULL,
                          "policy \"%.*s\" for table \"%.*s\" already exists", STR_ARG(new_name),
                          STR_ARG(table->name));
    moved = *policy;
    moved.name = new_name;
    remove_policy(table, policy);
    while (at < table->policy_count && str_cmp(table->policies[at].name, new_name) < 0)
        at++;
    memmove(&table->policies[at + 1], &table->policies[at],
            (table->policy_count - at) * sizeof(moved));
    table->policies[at] = moved;
    table->policy_count++;
    return true;
}

/* --- dependencies ----------------------------------------------------------------------------- */

static bool
has_reference(const struct model_policy *policy, const struct model_table *table, struct str column)
{
    for (uint32_t i = 0; i < policy->reference_count; i++) {
        const struct model_reference *r = &policy->references[i];

        if (!str_eq(r->table, table->name) || !str_eq(r->schema, table->schema))
            continue;
        if (column.len == 0)
            return true;
        for (uint32_t c = 0; c < r->column_count; c++) {
            if (str_eq(r->columns[c], column))
                return true;
        }
    }
    return false;
}

/* Whether the policy's expressions name this column of its own table. */
static bool
names_column(struct apply *a, const struct model_policy *policy, const struct model_table *table,
             struct str column)
{
    struct model_policy copy = *policy;
    struct marks marks = {0};

    if (!compile_texts(a, table, &copy, STR_NULL, STR_NULL, &marks, &marks))
        return true; /* what can't be read depends on everything */
    for (uint32_t i = 0; i < marks.own.column_count; i++) {
        if (str_eq(marks.own.columns[i], column))
            return true;
    }
    return false;
}

static bool
depends(struct apply *a, const struct model_policy *policy, const struct model_table *of,
        const struct model_table *table, struct str column)
{
    if (has_reference(policy, table, column))
        return of != table || column.len > 0;
    return of == table && column.len > 0 && names_column(a, policy, of, column);
}

bool
apply_no_policies(struct apply *a, const struct model_table *table, struct str column,
                  const char *what)
{
    for (uint32_t t = 0; t < a->model->table_count; t++) {
        const struct model_table *of = &a->model->tables[t];

        for (uint32_t i = 0; i < of->policy_count; i++) {
            if (depends(a, &of->policies[i], of, table, column))
                return apply_fail(a, SIZE_MAX, "0A000",
                                  "drop the policy first, and create it again afterwards",
                                  "cannot %s because policy \"%.*s\" on table \"%.*s\" uses it",
                                  what, STR_ARG(of->policies[i].name), STR_ARG(of->name));
        }
    }
    return true;
}

bool
apply_drop_policies(struct apply *a, const struct model_table *table, struct str column,
                    struct str what, bool cascade)
{
    for (uint32_t t = 0; t < a->model->table_count; t++) {
        struct model_table *other = &a->model->tables[t];

        for (uint32_t i = other->policy_count; i-- > 0;) {
            struct model_policy *policy = &other->policies[i];

            if (!depends(a, policy, other, table, column))
                continue;
            if (!cascade)
                return apply_fail(
                    a, SIZE_MAX, "2BP01", "drop that first, or add CASCADE",
                    "cannot drop %.*s because policy %.*s on table %.*s depends on it",
                    STR_ARG(what), STR_ARG(policy->name), STR_ARG(other->name));
            remove_policy(other, policy);
        }
    }
    return true;
}

bool
apply_retranslate_policies(struct apply *a, struct model_table *table, struct str old_name,
                           struct str new_name)
{
    for (uint32_t t = 0; t < a->model->table_count; t++) {
        struct model_table *other = &a->model->tables[t];

        for (uint32_t i = 0; i < other->policy_count; i++) {
            struct model_policy *policy = &other->policies[i];
            bool own = other == table;

            if (!own && !has_reference(policy, table, old_name))
                continue;
            /* Names inside of a query may be another table's: those are not touched. */
            if (!compile(a, other, policy,
                         policy->reference_count == 0 && own ? old_name : STR_NULL, new_name))
                return apply_fail(a, SIZE_MAX, "0A000",
                                  "drop the policy first, and create it again afterwards",
                                  "policy \"%.*s\" on table \"%.*s\" uses it",
                                  STR_ARG(policy->name), STR_ARG(other->name));
        }
    }
    return true;
}

bool
apply_settle_policies(struct apply *a)
{
    for (uint32_t t = 0; a->model->function_count > 0 && t < a->model->table_count; t++) {
        struct model_table *table = &a->model->tables[t];

        for (uint32_t i = 0; i < table->policy_count; i++) {
            struct model_policy *policy = &table->policies[i];

            if (!compile(a, table, policy, STR_NULL, STR_NULL))
                return apply_fail(a, SIZE_MAX, "0A000",
                                  "change the policy in this migration too, or the function",
                                  "policy \"%.*s\" on table \"%.*s\" would not fit any more",
                                  STR_ARG(policy->name), STR_ARG(table->name));
        }
    }
    return true;
}

/* --- views ------------------------------------------------------------------------------------ */

static bool
read_flag(struct apply *a, const struct json *option, bool *out)
{
    const struct json *arg = pg_get(option, "arg");
    struct str word = pg_string(arg);

    *out = arg == NULL || str_eq_nocase(word, STR("true")) || str_eq_nocase(word, STR("on")) ||
           str_eq(word, STR("1")) || pg_get(pg_as(arg, "Integer"), "ival") != NULL;
    if (*out || pg_as(arg, "Integer") != NULL || str_eq_nocase(word, STR("false")) ||
        str_eq_nocase(word, STR("off")) || str_eq(word, STR("0")))
        return true;
    return apply_fail(a, pg_location(option), "22023", NULL,
                      "invalid value for boolean option \"%.*s\": %.*s",
                      STR_ARG(pg_str(option, "defname")), STR_ARG(word));
}

static bool
read_check_option(struct apply *a, const struct json *option, bool is_reset,
                  struct model_table *view)
{
    const struct json *arg = pg_get(option, "arg");
    /* A word without quotes is read as the name of a type. */
    struct str word =
        pg_as(arg, "TypeName") != NULL ? pg_last_string(pg_body(arg), "names") : pg_string(arg);

    view->checks_below = !is_reset && str_eq_nocase(word, STR("cascaded"));
    view->checks_rows = view->checks_below || (!is_reset && str_eq_nocase(word, STR("local")));
    return view->checks_rows || is_reset ||
           apply_fail(a, pg_location(option), "22023",
                      "valid values are \"local\" and \"cascaded\"",
                      "invalid value for enum option \"check_option\": %.*s", STR_ARG(word));
}

bool
apply_view_options(struct apply *a, struct model_table *view, const struct json *first,
                   bool is_reset)
{
    for (const struct json *n = first; n != NULL; n = n->next) {
        const struct json *option = pg_as(n, "DefElem");
        bool on = false;

        if (pg_is(option, "defname", "check_option")) {
            if (!read_check_option(a, option, is_reset, view))
                return false;
            continue;
        }
        if (!is_reset && !read_flag(a, option, &on))
            return false;
        if (pg_is(option, "defname", "security_invoker"))
            view->security_invoker = on;
        else if (pg_is(option, "defname", "security_barrier"))
            view->security_barrier = on;
        else
            return apply_refuse(a, pg_location(option),
                                "options of views other than check_option, security_invoker "
                                "and security_barrier");
    }
    return true;
}
