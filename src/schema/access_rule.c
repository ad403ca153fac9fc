/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: which policies apply, and their texts with the marks (sql/model.h) resolved. */
#include "schema/access_impl.h"
#include "sql/quote.h"

#define TEXT_MAX ((size_t)16 << 20)
/* Tables that may be looked at below a view. */
#define STEPS_MAX 1000

/* How the row of a table is called where a query shows what is seen of it; no name inside a policy
 * is: those begin with "p:". */
#define ROW "\"p\""

static bool write_source(struct access_writer *w, const struct schema_role *role,
                         const struct schema_table *table);

bool
access_applies(const struct schema *schema, const struct schema_role *role,
               const struct schema_table *table)
{
    const struct model_table *model = table->model;

    if (!model->rls_enabled || role->model->is_superuser || role->model->bypasses_rls)
        return false;
    return model->rls_forced || !access_is_owner(schema, role, &model->acl);
}

/* --- texts ------------------------------------------------------------------------------------ */

/* What a policy's sub-selects or a view read has to be allowed to role. */
bool
access_check_reads(struct access_writer *w, const struct schema_role *role,
                   const struct model_reference *references, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct model_reference *r = &references[i];
        const struct schema_table *table = schema_find_table(w->schema, r->schema, r->table);
        bool may =
            table != NULL && schema_may_some(w->schema, role, table->model, MODEL_MAY_SELECT);

        if (table == NULL)
            return err_set(w->err, ERR_DB, "42P01", "relation \"%.*s.%.*s\" does not exist",
                           STR_ARG(r->schema), STR_ARG(r->table));
        if (!schema_may_use_schema(w->schema, role, r->schema))
            return access_fail("schema", r->schema, w->err);
        for (uint32_t c = 0; may && c < r->column_count; c++) {
            const struct model_column *column = schema_find_column(table, r->columns[c]);

            may = column == NULL ||
                  schema_may_column(w->schema, role, table->model, MODEL_MAY_SELECT, column);
        }
        if (!may)
            return access_fail_table(table->model, w->err);
    }
    return true;
}

bool
access_write_text(struct access_writer *w, const struct schema_role *role, struct str text,
                  const struct access_row *row)
{
    for (size_t i = 0; i < text.len; i++) {
        size_t from = i;
        struct str name;
        struct str schema_name;
        const struct schema_table *table;

        while (i < text.len && text.data[i] != '\1' && text.data[i] != '\2')
            i++;
        buf_add_str(w->out, str_slice(text, from, i));
        if (i == text.len)
            break;
        if (text.data[i] == '\1') {
            if (row->view == NULL)
                buf_add_str(w->out, row->alias);
            else if (!access_write_view_row(w, row, text, &i))
                return false;
            continue;
        }
        name = str_slice(text, i + 1, str_find_char(text, '\2', i + 1));
        i += name.len + 1;
        schema_name = str_cut(&name, '\3');
        table = schema_find_table(w->schema, schema_name, name);
        if (table == NULL)
            return err_set(w->err, ERR_DB, "42P01", "relation \"%.*s.%.*s\" does not exist",
                           STR_ARG(schema_name), STR_ARG(name));
        if (!write_source(w, role, table))
            return false;
    }
    return buf_ok(w->out) ||
           err_set(w->err, ERR_DB, "54001", "the policies of this statement are too long");
}

/* --- policies --------------------------------------------------------------------------------- */

static bool
is_for(const struct schema *schema, const struct schema_role *role,
       const struct model_policy *policy, enum model_command command)
{
    if (policy->command != MODEL_FOR_ALL && policy->command != command)
        return false;
    for (uint32_t i = 0; i < policy->role_count; i++) {
        if (access_has_role(schema, role, policy->roles[i]))
            return true;
    }
    return policy->role_count == 0;
}

static bool
says_true(struct str sql)
{
    sql = str_trim(sql);
    while (sql.len > 1 && sql.data[0] == '(' && sql.data[sql.len - 1] == ')')
        sql = str_trim(str_slice(sql, 1, sql.len - 1));

    return str_eq_nocase(sql, STR("true"));
}

bool
access_lets_all(const struct schema *schema, const struct schema_role *role,
                const struct schema_table *table, enum model_command command)
{
    const struct model_table *model = table->model;
    bool found = false;

    if (!access_applies(schema, role, table))
        return true;
    for (uint32_t i = 0; i < model->policy_count; i++) {
        const struct model_policy *policy = &model->policies[i];

        if (!is_for(schema, role, policy, command))
            continue;
        if (policy->is_restrictive)
            return false;
        found = found || (says_true(policy->using_sql) &&
                          (command == MODEL_FOR_DELETE || policy->check_sql.len == 0 ||
                           says_true(policy->check_sql)));
    }

    return found;
}

/* What is written must be seen: that is asked by USING. */
static bool
asks_check(const struct model_policy *policy, enum model_command command, enum access_part part)
{
    return part == ACCESS_CHECK && command != MODEL_FOR_SELECT && policy->check_sqlite.len > 0;
}

/* The policy's text for the part; empty: it says nothing about it. */
static struct str
text_of(const struct model_policy *policy, enum model_command command, enum access_part part)
{
    return asks_check(policy, command, part) ? policy->check_sqlite : policy->using_sqlite;
}

/* What the policy's text for the part reads has to be allowed to role. */
static bool
check_policy_reads(struct access_writer *w, const struct schema_role *role,
                   const struct model_policy *policy, bool of_check)
{
    uint32_t split = (uint32_t)policy->reference_split - 1;

    if (policy->reference_split < 1 || policy->reference_split > policy->reference_count + 1)
        return access_check_reads(w, role, policy->references, policy->reference_count);
    return of_check ? access_check_reads(w, role, policy->references + split,
                                         policy->reference_count - split)
                    : access_check_reads(w, role, policy->references, split);
}

static bool
enter(struct access_writer *w, const struct schema_table *table)
{
    for (uint32_t i = 0; i < w->depth; i++) {
        if (w->open[i] == table)
            return err_set(w->err, ERR_DB, "42P17",
                           "infinite recursion detected in policy for relation \"%.*s\"",
                           STR_ARG(table->model->name));
    }
    if (w->depth == COUNTOF(w->open))
        return err_set(w->err, ERR_DB, "54001", "policies and views are nested too deeply");
    w->open[w->depth++] = table;
    return true;
}

/* One condition: a restrictive policy, or, with which NULL, the permissive ones together. */
static bool
write_condition(struct access_writer *w, const struct schema_role *role,
                const struct schema_table *table, enum model_command command, enum access_part part,
                struct str alias, const struct model_policy *which)
{
    const struct model_table *model = table->model;
    const struct access_row row = {.alias = alias};
    bool first = true;

    if (!enter(w, table))
        return false;
    buf_add_char(w->out, '(');
    for (uint32_t i = 0; i < model->policy_count; i++) {
        const struct model_policy *policy = &model->policies[i];
        struct str text = text_of(policy, command, part);

        if (text.len == 0 || (which != NULL ? policy != which : policy->is_restrictive) ||
            !is_for(w->schema, role, policy, command))
            continue;
        if (!first)
            BUF_ADD_LIT(w->out, " OR ");
        first = false;
        w->reads |= policy->reads;
        if (!check_policy_reads(w, role, policy, asks_check(policy, command, part)) ||
            !access_write_text(w, role, text, &row))
            return false;
    }
    /* Nobody said that there are any. */
    if (first)
        buf_add_char(w->out, '0');
    buf_add_char(w->out, ')');
    w->depth--;
    return true;
}

/* The restrictive policies that have something to say; all the others are one condition. */
static uint32_t
find_restrictive(const struct schema *schema, const struct schema_role *role,
                 const struct model_table *model, enum model_command command, enum access_part part,
                 uint32_t from)
{
    for (uint32_t i = from; i < model->policy_count; i++) {
        const struct model_policy *policy = &model->policies[i];

        if (policy->is_restrictive && is_for(schema, role, policy, command) &&
            text_of(policy, command, part).len > 0)
            return i;
    }
    return model->policy_count;
}

bool
access_rule(const struct schema *schema, const struct schema_role *role,
            const struct schema_table *table, enum model_command command, enum access_part part,
            struct str alias, struct arena *arena, struct access_rule *out, struct err *err)
{
    const struct model_table *model = table->model;
    struct buf text;
    struct access_writer w = {.schema = schema, .caller = role, .out = &text, .err = err};
    const struct model_policy *which = NULL;
    uint32_t at = 0;
    bool ok = true;

    *out = (struct access_rule){.applies = access_applies(schema, role, table)};
    if (!out->applies)
        return true;
    out->conditions = ARENA_ARRAY(arena, struct access_condition, model->policy_count + 1);
    buf_init(&text, TEXT_MAX);
    do {
        struct access_condition *condition = &out->conditions[out->count];

        buf_clear(&text);
        ok = write_condition(&w, role, table, command, part, alias, which);
        if (!ok)
            break;
        condition->policy = which != NULL ? which->name : STR_NULL;
        condition->sql = arena_copy(arena, buf_str(&text));
        out->count++;
        at = find_restrictive(schema, role, model, command, part, at);
        which = at < model->policy_count ? &model->policies[at++] : NULL;
    } while (which != NULL);
    out->reads = w.reads;
    buf_fini(&text);
    return ok;
}

/* --- what stands in FROM ---------------------------------------------------------------------- */

const struct schema_role *
access_reader(const struct schema *schema, const struct schema_role *caller,
              const struct model_table *view)
{
    const struct schema_role *owner;

    if (view->security_invoker || caller == NULL)
        return caller;
    owner = schema_find_role(schema, model_owner(&view->acl));
    return owner != NULL ? owner : schema_find_role(schema, MODEL_OWNER);
}

/* Whether a name alone shows the right rows: no policy limits who reads in what is below it. steps
 * is how many tables may be looked at; what is too large for it is written out. */
static bool
is_plain(const struct access_writer *w, const struct schema_role *role,
         const struct schema_table *table, uint32_t *steps)
{
    const struct schema *schema = w->schema;
    const struct model_table *model = table->model;

    if (*steps == 0)
        return false;
    (*steps)--;
    if (!model->is_view)
        return !access_applies(schema, role, table);
    role = access_reader(schema, w->caller, model);
    for (uint32_t i = 0; i < model->reference_count; i++) {
        const struct schema_table *below =
            schema_find_table(schema, model->references[i].schema, model->references[i].table);

        if (below == NULL || !is_plain(w, role, below, steps))
            return false;
    }
    return true;
}

static bool
write_table(struct access_writer *w, const struct schema_role *role,
            const struct schema_table *table)
{
    const struct model_table *model = table->model;
    bool ok = true;

    BUF_ADD_LIT(w->out, "(SELECT * FROM main.");
    quote_ident(w->out, model->sqlite_name);
    BUF_ADD_LIT(w->out, " AS " ROW " WHERE ");
    ok = write_condition(w, role, table, MODEL_FOR_SELECT, ACCESS_USING, STR(ROW), NULL);
    for (uint32_t i = 0; ok; i++) {
        i = find_restrictive(w->schema, role, model, MODEL_FOR_SELECT, ACCESS_USING, i);
        if (i == model->policy_count)
            break;
        BUF_ADD_LIT(w->out, " AND ");
        ok = write_condition(w, role, table, MODEL_FOR_SELECT, ACCESS_USING, STR(ROW),
                             &model->policies[i]);
    }
    buf_add_char(w->out, ')');
    return ok;
}

/* What a view reads, and what the views below it read. */
static bool
check_view(struct access_writer *w, const struct model_table *view, uint32_t *steps)
{
    const struct schema_role *reader = access_reader(w->schema, w->caller, view);

    w->reads |= view->view_reads;
    if (*steps == 0)
        return err_set(w->err, ERR_DB, "54001", "policies and views are nested too deeply");
    (*steps)--;
    if (!access_check_reads(w, reader, view->references, view->reference_count))
        return false;
    for (uint32_t i = 0; i < view->reference_count; i++) {
        const struct schema_table *below =
            schema_find_table(w->schema, view->references[i].schema, view->references[i].table);

        if (below->model->is_view && !check_view(w, below->model, steps))
            return false;
    }
    return true;
}

/* A table or view as role sees it, without its alias. */
static bool
write_source(struct access_writer *w, const struct schema_role *role,
             const struct schema_table *table)
{
    const struct model_table *model = table->model;
    const struct access_row none = {0};
    const struct schema_role *reader = NULL;
    uint32_t steps = STEPS_MAX;
    bool ok;

    /* No rules at all: what is there is seen. */
    if (w->caller == NULL) {
        BUF_ADD_LIT(w->out, "main.");
        quote_ident(w->out, model->sqlite_name);
        return true;
    }
    if (model->is_view) {
        reader = access_reader(w->schema, w->caller, model);
        if (!check_view(w, model, &steps))
            return false;
        steps = STEPS_MAX;
    }
    if (is_plain(w, role, table, &steps)) {
        BUF_ADD_LIT(w->out, "main.");
        quote_ident(w->out, model->sqlite_name);
        return true;
    }
    if (!model->is_view)
        return write_table(w, role, table);
    if (!enter(w, table))
        return false;
    buf_add_char(w->out, '(');
    ok = access_write_text(w, reader, model->view_marked, &none);
    buf_add_char(w->out, ')');
    w->depth--;
    return ok;
}

bool
access_write_source(const struct schema *schema, const struct schema_role *role,
                    const struct schema_table *table, struct str alias, struct buf *out,
                    int64_t *reads, struct err *err)
{
    struct access_writer w = {.schema = schema, .caller = role, .out = out, .err = err};
    if (!write_source(&w, role, table))
        return false;
    if (alias.data != NULL)
        buf_printf(out, " AS %.*s", STR_ARG(alias));
    *reads |= w.reads;
    return true;
}

bool
access_write_row_function(const struct schema *schema, const struct schema_role *role,
                          const struct model_function *function, const struct schema_table *view,
                          struct str alias, struct buf *out, int64_t *reads, struct err *err)
{
    struct access_writer w = {.schema = schema, .caller = role, .out = out, .err = err};
    struct access_row row = {.alias = alias};

    /* The mark stands for a row of what is above the first level: of the view itself. */
    if (view != NULL)
        row = (struct access_row){.alias = alias, .view = view->view, .level = UINT32_MAX};
    if (!access_check_reads(&w, role, function->references, function->reference_count) ||
        !access_write_text(&w, role, function->statements[0].sql, &row))
        return false;
    *reads |= w.reads | function->reads;
    return true;
}

bool
access_check_references(const struct schema *schema, const struct schema_role *role,
                        const struct model_reference *references, uint32_t count, struct err *err)
{
    struct access_writer w = {.schema = schema, .caller = role, .err = err};

    return access_check_reads(&w, role, references, count);
}

/* --- errors ----------------------------------------------------------------------------------- */

struct str
access_check_message(const struct schema_table *table, const struct access_condition *condition,
                     struct arena *arena)
{
    if (condition->policy.data == NULL)
        return arena_printf(arena, "new row violates row-level security policy for table \"%.*s\"",
                            STR_ARG(table->model->name));
    return arena_printf(arena,
                        "new row violates row-level security policy \"%.*s\" for table \"%.*s\"",
                        STR_ARG(condition->policy), STR_ARG(table->model->name));
}

struct str
access_conflict_message(const struct schema_table *table, const struct access_condition *condition,
                        struct arena *arena)
{
    if (condition->policy.data == NULL)
        return arena_printf(
            arena,
            "new row violates row-level security policy (USING expression) for table \"%.*s\"",
            STR_ARG(table->model->name));
    return arena_printf(arena,
                        "new row violates row-level security policy \"%.*s\" (USING expression) "
                        "for table \"%.*s\"",
                        STR_ARG(condition->policy), STR_ARG(table->model->name));
}
