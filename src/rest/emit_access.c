/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the caller may, in statements for the embedded engine: the conditions of policies, and which
 * privileges a statement needs.
 *
 * What a statement reads is noted while it is written: every column and every table goes through
 * here, so that nothing can be read without its privilege. The reasons:
 * docs/adr/0015-access-rules-on-sqlite.md.
 */
#include "rest/emit_impl.h"

/* One place in a statement that reads a table. */
struct emit_reading {
    const struct plan_rel *rel; /* of which the table, or the junction to it */
    const struct schema_table *table;
    bool is_from;  /* it stands in FROM; otherwise it is what a write changes */
    bool *columns; /* by index: read */
    struct emit_reading *next;
};

static struct emit_reading *
find_reading(struct emitter *e, const struct plan_rel *rel, const struct schema_table *table)
{
    struct emit_reading **at = &e->readings;

    while (*at != NULL && ((*at)->rel != rel || (*at)->table != table))
        at = &(*at)->next;
    if (*at == NULL) {
        *at = ARENA_NEW(e->arena, struct emit_reading);
        (*at)->rel = rel;
        (*at)->table = table;
        (*at)->columns = ARENA_ARRAY(e->arena, bool, table->model->column_count + 1);
    }
    return *at;
}

void
emit_note_column(struct emitter *e, const struct plan_rel *rel, const struct schema_table *table,
                 const struct model_column *column)
{
    if (e->plan->role != NULL && rel->call == NULL && !emit_is_computed(rel))
        find_reading(e, rel, table)->columns[schema_column_index(table, column)] = true;
}

static void
note_from(struct emitter *e, const struct plan_rel *rel, const struct schema_table *table)
{
    if (e->plan->role != NULL)
        find_reading(e, rel, table)->is_from = true;
}

/* The first of them is what counts. What was to be written is left out. */
void
emit_note_fault(struct emitter *e, const struct err *err)
{
    if (e->fault != NULL)
        return;
    e->fault = ARENA_NEW(e->arena, struct err);
    *e->fault = *err;
}

/* --- sources --------------------------------------------------------------------------------- */

bool
emit_filters_can_fail(const struct plan_cond *conds)
{
    for (; conds != NULL; conds = conds->next) {
        if (conds->kind == PLAN_COND_FILTER ? emit_can_fail(conds)
                                            : emit_filters_can_fail(conds->children))
            return true;
    }
    return false;
}

/* A view that leaves out rows: with a LIMIT around it no filter of the request gets in below it. */
static void
emit_view(struct emitter *e, const struct plan_rel *rel, const struct schema_table *table,
          struct str alias)
{
    bool is_barrier = emit_filters_can_fail(rel->conds);
    struct err err = {0};

    if (is_barrier)
        BUF_ADD_LIT(&e->sql, "(SELECT * FROM ");
    if (!access_write_source(e->plan->schema, e->plan->role, table, is_barrier ? STR("v") : alias,
                             &e->sql, &e->reads, &err))
        emit_note_fault(e, &err);
    if (is_barrier)
        buf_printf(&e->sql, " LIMIT -1) AS %.*s", STR_ARG(alias));
}

void
emit_source(struct emitter *e, const struct plan_rel *rel, const struct schema_table *table,
            struct str alias)
{
    note_from(e, rel, table);
    if (e->plan->role != NULL && table->model->is_view) {
        emit_view(e, rel, table, alias);
        return;
    }
    emit_table(e, table);
    buf_printf(&e->sql, " AS %.*s", STR_ARG(alias));
}

/* --- conditions ------------------------------------------------------------------------------ */

bool
emit_find_rule(struct emitter *e, const struct schema_role *role, const struct schema_table *table,
               enum model_command command, enum access_part part, struct str alias,
               struct access_rule *rule)
{
    struct err err = {0};

    *rule = (struct access_rule){0};
    if (role == NULL || table->model->is_view)
        return false;
    if (!access_rule(e->plan->schema, role, table, command, part, alias, e->arena, rule, &err)) {
        emit_note_fault(e, &err);
        return false;
    }
    e->reads |= rule->reads;
    return rule->applies;
}

/* A policy for all commands is in the rules of each, and asked once. */
static bool
has_condition(const struct access_rule *rule, struct str sql)
{
    for (uint32_t i = 0; i < rule->count; i++) {
        if (str_eq(rule->conditions[i].sql, sql))
            return true;
    }
    return false;
}

/* Those of rule that aren't in other. */
const char *
emit_write_rule(struct emitter *e, const struct access_rule *rule, const struct access_rule *other,
                const char *word)
{
    for (uint32_t i = 0; i < rule->count; i++) {
        if (has_condition(other, rule->conditions[i].sql))
            continue;
        buf_add_str(&e->sql, str_from(word));
        buf_add_str(&e->sql, rule->conditions[i].sql);
        word = " AND ";
    }
    return word;
}

/* word and the conditions that a row must meet to be there; returns the word for what follows. */
static const char *
emit_rule(struct emitter *e, const struct schema_table *table, enum model_command command,
          struct str alias, const char *word)
{
    const struct access_rule none = {0};
    struct access_rule rule;

    return emit_find_rule(e, e->plan->role, table, command, ACCESS_USING, alias, &rule)
               ? emit_write_rule(e, &rule, &none, word)
               : word;
}

/* A write works on rows that its own policies allow, and if it reads them those of SELECT. */
static const char *
emit_target_rules(struct emitter *e, enum model_command command, struct str alias, const char *word)
{
    const struct schema_table *table = e->plan->target;
    const struct schema_role *role = e->plan->target_role;
    const struct access_rule none = {0};
    struct access_rule rule;
    struct access_rule seen;

    if (!emit_find_rule(e, role, table, command, ACCESS_USING, alias, &rule))
        return word;
    word = emit_write_rule(e, &rule, &none, word);
    if (e->reads_target &&
        emit_find_rule(e, role, table, MODEL_FOR_SELECT, ACCESS_USING, alias, &seen))
        word = emit_write_rule(e, &seen, &rule, word);
    return word;
}

static enum model_command
command_of(const struct plan *plan)
{
    static const enum model_command commands[] = {
        [PLAN_READ] = MODEL_FOR_SELECT,
        [PLAN_INSERT] = MODEL_FOR_INSERT,
        [PLAN_UPDATE] = MODEL_FOR_UPDATE,
        [PLAN_DELETE] = MODEL_FOR_DELETE,
    };

    return commands[plan->action];
}

const char *
emit_rel_rules(struct emitter *e, const struct plan_rel *rel, const char *word)
{
    bool is_target = rel->parent == NULL && e->plan->action != PLAN_READ;
    struct str alias = emit_alias_text(e, rel);

    if (rel->call != NULL || emit_is_computed(rel))
        return word;
    if (rel->rel != NULL && rel->rel->junction != NULL)
        word = emit_rule(e, rel->rel->junction, MODEL_FOR_SELECT,
                         arena_printf(e->arena, "j%u", rel->number), word);
    if (!is_target)
        return emit_rule(e, rel->table, MODEL_FOR_SELECT, alias, word);
    return emit_view_where(e, emit_target_rules(e, command_of(e->plan), alias, word));
}

bool
emit_is_limited(struct emitter *e, const struct plan_rel *rel)
{
    const struct plan *plan = e->plan;
    bool is_target = rel->parent == NULL && plan->action != PLAN_READ;

    if (plan->role == NULL || rel->call != NULL || emit_is_computed(rel))
        return false;
    return is_target ? access_applies(plan->schema, plan->target_role, plan->target)
                     : access_applies(plan->schema, plan->role, rel->table);
}

/* --- checks of new rows ---------------------------------------------------------------------- */

static void
emit_violation(struct emitter *e, const struct schema_table *table,
               const struct access_condition *condition, enum access_part part)
{
    struct str message = part == ACCESS_USING ? access_conflict_message(table, condition, e->arena)
                                              : access_check_message(table, condition, e->arena);

    BUF_ADD_LIT(&e->sql, "cairn_raise('42501',");
    quote_text(&e->sql, message);
    BUF_ADD_LIT(&e->sql, ",NULL)");
}

void
emit_checks_of(struct emitter *e, const struct schema_role *role, const struct schema_table *table,
               bool reads, enum model_command command, enum access_part part, struct str alias)
{
    const enum model_command commands[] = {command, MODEL_FOR_SELECT};
    struct access_rule rules[2] = {{0}};

    for (size_t c = 0; c < (reads ? 2U : 1U); c++) {
        if (!emit_find_rule(e, role, table, commands[c], part, alias, &rules[c]))
            continue;
        for (uint32_t i = 0; i < rules[c].count; i++) {
            const struct access_condition *condition = &rules[c].conditions[i];

            if (c > 0 && has_condition(&rules[0], condition->sql))
                continue;
            buf_printf(&e->sql, " WHEN %.*s IS NOT TRUE THEN ", STR_ARG(condition->sql));
            emit_violation(e, table, condition, part);
        }
    }
}

void
emit_checks(struct emitter *e, enum model_command command, enum access_part part, struct str alias)
{
    emit_checks_of(e, e->plan->target_role, e->plan->target, e->reads_target, command, part, alias);
}

/* --- privileges ------------------------------------------------------------------------------ */

static bool
may_read(const struct emitter *e, const struct emit_reading *reading)
{
    const struct schema *schema = e->plan->schema;
    const struct model_table *model = reading->table->model;
    bool reads_any = false;

    for (uint32_t i = 0; i < model->column_count; i++) {
        if (!reading->columns[i])
            continue;
        reads_any = true;
        if (!schema_may_column(schema, e->plan->role, model, MODEL_MAY_SELECT, &model->columns[i]))
            return false;
    }
    return reads_any || !reading->is_from ||
           schema_may_some(schema, e->plan->role, model, MODEL_MAY_SELECT);
}

/* On each of the columns that the payload has, or, when it has none, on any. */
static bool
may_set(const struct plan *plan, int64_t right)
{
    const struct model_table *model = plan->root->table->model;

    for (uint32_t i = 0; i < plan->column_count; i++) {
        if (!schema_may_column(plan->schema, plan->role, model, right, plan->columns[i]))
            return false;
    }
    return plan->column_count > 0 || schema_may_some(plan->schema, plan->role, model, right);
}

static bool
may_write(const struct plan *plan)
{
    const struct model_table *model = plan->root->table->model;
    bool merges = plan->resolution == API_RESOLUTION_MERGE && plan->column_count > 0;

    switch (plan->action) {
    case PLAN_READ:
        return true;
    case PLAN_INSERT:
        /* Whether a row was there is told by a column of PostgreSQL's own, which goes with the
         * table; a view has none. */
        return may_set(plan, MODEL_MAY_INSERT) &&
               (!merges || (may_set(plan, MODEL_MAY_UPDATE) &&
                            (model->is_view ||
                             schema_may(plan->schema, plan->role, model, MODEL_MAY_SELECT))));
    case PLAN_UPDATE:
        return may_set(plan, MODEL_MAY_UPDATE);
    case PLAN_DELETE:
        return schema_may(plan->schema, plan->role, model, MODEL_MAY_DELETE);
    }
    return false;
}

static bool
takes_default(const struct plan *plan, const struct model_column *column)
{
    for (uint32_t i = 0; i < plan->column_count; i++) {
        if (plan->target_columns[i] == column)
            return plan->missing_default;
    }
    return true;
}

/* A default that draws from a sequence draws as the caller, unless the column is an identity. */
bool
emit_check_sequence(const struct schema *schema, const struct schema_role *role,
                    const struct model_column *column, struct err *err)
{
    const struct model *model = schema->model;

    for (uint32_t s = 0; column->default_sql.len > 0 && s < model->sequence_count; s++) {
        const struct model_sequence *sequence = &model->sequences[s];

        /* schema.name */
        if (column->sequence.len == sequence->schema.len + 1 + sequence->name.len &&
            str_has_prefix(column->sequence, sequence->schema) &&
            str_has_suffix(column->sequence, sequence->name) &&
            !schema_may_sequence(schema, role, sequence, MODEL_MAY_USAGE) &&
            !schema_may_sequence(schema, role, sequence, MODEL_MAY_UPDATE))
            return access_fail("sequence", sequence->name, err);
    }
    return true;
}

static bool
check_sequences(const struct plan *plan, struct err *err)
{
    const struct model_table *table = plan->action == PLAN_INSERT ? plan->target->model : NULL;

    for (uint32_t i = 0; table != NULL && i < table->column_count; i++) {
        const struct model_column *column = &table->columns[i];

        if (takes_default(plan, column) &&
            !emit_check_sequence(plan->schema, plan->role, column, err))
            return false;
    }
    return true;
}

/* PostgreSQL looks at the tables in the order in which they stand in the statement, the target
 * first. */
static bool
check_privileges(const struct emitter *e, struct err *err)
{
    const struct plan *plan = e->plan;
    const struct emit_reading *denied = NULL;

    if (plan->root->call != NULL && !emit_check_call(e, err))
        return false;
    if (!may_write(plan))
        return access_fail_table(plan->root->table->model, err);
    for (const struct emit_reading *reading = e->readings; reading != NULL;
         reading = reading->next) {
        if ((denied == NULL || reading->rel->number < denied->rel->number) && !may_read(e, reading))
            denied = reading;
    }
    if (denied != NULL && denied->rel == plan->root)
        return access_fail_table(denied->table->model, err);
    if (e->view != NULL && !emit_view_may(e, err))
        return false;
    if (denied != NULL)
        return access_fail_table(denied->table->model, err);
    return check_sequences(plan, err);
}

static bool
is_key(const struct plan *plan, const struct model_key *key)
{
    const struct model_table *model = plan->target->model;
    uint32_t found = 0;

    for (uint32_t k = 0; k < key->column_count; k++) {
        for (uint32_t i = 0; i < plan->conflict_count; i++)
            found += plan->target_conflict[i] == &model->columns[key->columns[k]];
    }
    return found == key->column_count && found == plan->conflict_count;
}

/* That an ON CONFLICT names no key comes before the values of the rows, and before what the caller
 * may. SQLite, which knows the columns of unique indexes, would say so when it looks at the
 * statement. */
static bool
check_conflict_target(const struct emitter *e, struct err *err)
{
    const struct plan *plan = e->plan;
    const struct model_table *model = NULL;

    if (emit_is_postgres(e) || plan->action != PLAN_INSERT ||
        plan->resolution == API_RESOLUTION_NONE || plan->column_count == 0)
        return true;
    model = plan->target->model;
    for (uint32_t i = 0; i < model->key_count; i++) {
        if (is_key(plan, &model->keys[i]))
            return true;
    }
    for (uint32_t i = 0; i < model->index_count; i++) {
        if (model->indexes[i].unique)
            return true;
    }
    return err_set(
        err, ERR_DB, "42P10",
        "there is no unique or exclusion constraint matching the ON CONFLICT specification");
}

bool
emit_reads_target(const struct emitter *e)
{
    const struct emit_reading *reading = e->readings;

    while (reading != NULL && reading->rel != e->plan->root)
        reading = reading->next;
    for (uint32_t i = 0; reading != NULL && i < reading->table->model->column_count; i++) {
        if (reading->columns[i])
            return true;
    }
    return false;
}

static bool
contains(struct str text, struct str part)
{
    return text.len > 0 && memmem(text.data, text.len, part.data, part.len) != NULL;
}

/* What the defaults of an insert's columns may ask for. */
static int64_t
reads_of_defaults(const struct plan *plan)
{
    const struct model_table *model = plan->action == PLAN_INSERT ? plan->target->model : NULL;
    int64_t reads = 0;

    for (uint32_t i = 0; model != NULL && i < model->column_count; i++) {
        if (contains(model->columns[i].default_sqlite, STR("request.headers")))
            reads |= MODEL_READS_HEADERS;
        if (contains(model->columns[i].default_sqlite, STR("request.cookies")))
            reads |= MODEL_READS_COOKIES;
    }
    return reads;
}

bool
emit_access_end(struct emitter *e, struct emit_output *out, struct err *err)
{
    struct err denied = {0};

    out->reads = e->reads | reads_of_defaults(e->plan);
    if (e->plan->root->call != NULL)
        out->reads |= e->plan->root->call->function->model->reads;
    if (e->plan->role == NULL)
        return check_conflict_target(e, err);
    /* Policies that need each other are found when a statement is planned, before anything else. */
    if (e->fault != NULL && strcmp(e->fault->code, "42501") != 0) {
        *err = *e->fault;
        return false;
    }
    if (!check_conflict_target(e, err))
        return false;
    if (check_privileges(e, &denied)) {
        if (e->fault == NULL)
            return true;
        denied = *e->fault;
    } else if (strcmp(denied.code, "42501") != 0) {
        *err = denied;
        return false;
    }
    out->denied = ARENA_NEW(e->arena, struct err);
    *out->denied = denied;
    return true;
}
