/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions: filters, their trees, and whether an embed has rows. */
#include "rest/emit_impl.h"
#include "rest/plan_group.h"
#include "sql/array.h"

static bool
has_labels(const struct type *type)
{
    return type->id == TYPE_ARRAY && type->elem->id == TYPE_ENUM;
}

bool
emit_sorts_by_label(const struct emitter *e, const struct type *type)
{
    return !emit_is_postgres(e) && (type->id == TYPE_ENUM || has_labels(type));
}

void
emit_label_open(struct emitter *e, const struct type *type)
{
    buf_add_str(&e->sql, has_labels(type) ? STR("cairn_enum_places(") : STR("CASE "));
}

void
emit_label_position(struct emitter *e, const struct type *type)
{
    if (has_labels(type)) {
        emit_labels(e, type->elem);
        BUF_ADD_LIT(&e->sql, ") COLLATE cairn_array");
        return;
    }
    for (uint32_t i = 0; i < type->label_count; i++) {
        BUF_ADD_LIT(&e->sql, " WHEN ");
        quote_text(&e->sql, type->labels[i]);
        BUF_ADD_LIT(&e->sql, " THEN ");
        buf_add_u64(&e->sql, i);
    }
    BUF_ADD_LIT(&e->sql, " END");
}

void
emit_labels(struct emitter *e, const struct type *type)
{
    for (uint32_t i = 0; i < type->label_count; i++) {
        buf_add_char(&e->sql, ',');
        quote_text(&e->sql, type->labels[i]);
    }
}

static const char *
operator_sql(enum api_op op, bool postgres)
{
    static const char *const words[] = {
        [API_EQ] = " = ",
        [API_NEQ] = " <> ",
        [API_GT] = " > ",
        [API_GTE] = " >= ",
        [API_LT] = " < ",
        [API_LTE] = " <= ",
        [API_LIKE] = " LIKE ",
        [API_ILIKE] = " ILIKE ",
        [API_MATCH] = " ~ ",
        [API_IMATCH] = " ~* ",
        [API_CS] = " @> ",
        [API_CD] = " <@ ",
        [API_OV] = " && ",
        [API_SL] = " << ",
        [API_SR] = " >> ",
        [API_NXR] = " &< ",
        [API_NXL] = " &> ",
        [API_ADJ] = " -|- ",
        [API_ISDISTINCT] = " IS DISTINCT FROM ",
    };

    return op == API_ISDISTINCT && !postgres ? " IS NOT " : words[op];
}

static void
emit_is(struct emitter *e, const struct plan_cond *cond)
{
    static const char *const texts[] = {" IS NULL", " IS NOT NULL", " IS TRUE", " IS FALSE",
                                        " IS NULL"};

    emit_field(e, &cond->field);
    if (emit_is_postgres(e) && cond->filter->is == API_IS_UNKNOWN)
        BUF_ADD_LIT(&e->sql, " IS UNKNOWN");
    else
        buf_add_str(&e->sql, str_from(texts[cond->filter->is]));
}

/* The function that reads a filter's text; empty: the type reads it itself. */
static struct str
reader_of(const struct plan_cond *cond)
{
    const struct type *type = cond->field.type;

    return cond->field.step_count == 0 && type->forms != NULL ? type->forms->from_text : STR("");
}

/* All elements of an array, each read by that function. */
static void
emit_read_elements(struct emitter *e, struct str reader, struct emit_param param)
{
    BUF_ADD_LIT(&e->sql, "SELECT ");
    buf_add_str(&e->sql, reader);
    BUF_ADD_LIT(&e->sql, "(unnest(");
    emit_param(e, param);
    BUF_ADD_LIT(&e->sql, "::text[]))");
}

/* What a column is compared with has its type but not its length: too long is no error, and nothing
 * is rounded. */
static const struct type *
value_type(const struct type *type)
{
    return type->id == TYPE_ENUM || type->id == TYPE_ARRAY || type->id == TYPE_OTHER
               ? type
               : type_builtin(type->id);
}

/* hex() makes an empty text of NULL. */
static void
emit_hex(struct emitter *e, const struct plan_field *field)
{
    BUF_ADD_LIT(&e->sql, "iif(");
    emit_field(e, field);
    BUF_ADD_LIT(&e->sql, " IS NULL, NULL, hex(");
    emit_field(e, field);
    BUF_ADD_LIT(&e->sql, "))");
}

/* A list is one value: an array of PostgreSQL's, and JSON for the embedded engine, where bytea goes
 * as hexadecimal digits. */
static void
emit_in(struct emitter *e, const struct plan_cond *cond)
{
    bool as_hex = !emit_is_postgres(e) && cond->field.type->id == TYPE_BYTEA;
    struct emit_param param = {
        .source = EMIT_LIST, .index = cond->filter->slot, .type = value_type(cond->field.type)};

    if (as_hex)
        emit_hex(e, &cond->field);
    else
        emit_field(e, &cond->field);
    if (cond->field.type->id == TYPE_JSONB)
        emit_collation(e, cond->field.type);
    buf_add_str(&e->sql,
                emit_is_postgres(e) ? STR(" = ANY (") : STR(" IN (SELECT value FROM json_each("));
    if (reader_of(cond).len > 0)
        emit_read_elements(e, reader_of(cond), param);
    else
        emit_param(e, param);
    buf_add_str(&e->sql, emit_is_postgres(e) ? STR(")") : STR("))"));
}

static bool
is_pattern(enum api_op op)
{
    return op == API_LIKE || op == API_ILIKE || op == API_MATCH || op == API_IMATCH;
}

/* The right side of an operator: the parameter, or, of any and all in the embedded engine, one
 * element of it. */
static void
emit_right(struct emitter *e, const struct plan_cond *cond, const struct type *type)
{
    struct emit_param param = {
        .source = EMIT_SLOT, .index = cond->filter->slot, .type = value_type(type)};
    struct str reader = is_pattern(cond->filter->op) || cond->filter->op == API_ISDISTINCT
                            ? STR("")
                            : reader_of(cond);

    if (cond->filter->quantifier == API_QUANT_NONE) {
        if (reader.len > 0) {
            buf_add_str(&e->sql, reader);
            buf_add_char(&e->sql, '(');
        }
        emit_param(e, param);
        if (reader.len > 0)
            BUF_ADD_LIT(&e->sql, "::text)");
    } else if (!emit_is_postgres(e)) {
        BUF_ADD_LIT(&e->sql, "q.value");
    } else {
        param.source = EMIT_ARRAY;
        buf_add_str(&e->sql,
                    cond->filter->quantifier == API_QUANT_ANY ? STR("ANY (") : STR("ALL ("));
        if (reader.len > 0)
            emit_read_elements(e, reader, param);
        else
            emit_param(e, param);
        buf_add_char(&e->sql, ')');
    }
}

/* Patterns are functions in the embedded engine. */
static void
emit_pattern(struct emitter *e, const struct plan_cond *cond)
{
    enum api_op op = cond->filter->op;

    buf_add_str(&e->sql,
                op == API_LIKE || op == API_ILIKE ? STR("cairn_like(") : STR("cairn_regex("));
    emit_field(e, &cond->field);
    buf_add_char(&e->sql, ',');
    emit_right(e, cond, type_builtin(TYPE_TEXT));
    buf_add_str(&e->sql, op == API_ILIKE || op == API_IMATCH ? STR(",1)") : STR(",0)"));
}

/* What an array or jsonb contains, in the embedded engine. */
static void
emit_containment(struct emitter *e, const struct plan_cond *cond)
{
    const struct type *type = cond->field.type;
    bool is_array = type->id == TYPE_ARRAY;
    struct emit_param param = {.source = EMIT_SLOT, .index = cond->filter->slot, .type = type};

    buf_add_str(&e->sql, !is_array                    ? STR("cairn_jsonb_contains(")
                         : cond->filter->op == API_OV ? STR("cairn_array_overlaps(")
                                                      : STR("cairn_array_contains("));
    if (cond->filter->op == API_CD) {
        emit_param(e, param);
        BUF_ADD_LIT(&e->sql, ", ");
        emit_field(e, &cond->field);
    } else {
        emit_field(e, &cond->field);
        BUF_ADD_LIT(&e->sql, ", ");
        emit_param(e, param);
    }
    if (is_array)
        buf_add_str(&e->sql, array_has_numbers(type) ? STR(", 1") : STR(", 0"));
    buf_add_char(&e->sql, ')');
}

static void
emit_comparison(struct emitter *e, const struct plan_cond *cond)
{
    const struct api_filter *filter = cond->filter;
    const struct type *type = cond->field.type;
    bool by_label = emit_sorts_by_label(e, type) && filter->op >= API_GT && filter->op <= API_LTE;
    bool as_hex =
        !emit_is_postgres(e) && type->id == TYPE_BYTEA && filter->quantifier != API_QUANT_NONE;

    if (by_label)
        emit_label_open(e, type);
    if (as_hex)
        emit_hex(e, &cond->field);
    else
        emit_field(e, &cond->field);
    if (by_label)
        emit_label_position(e, type);
    if (type->id == TYPE_JSONB)
        emit_collation(e, type);
    buf_add_str(&e->sql, str_from(operator_sql(filter->op, emit_is_postgres(e))));
    if (by_label)
        emit_label_open(e, type);
    emit_right(e, cond, type);
    if (by_label)
        emit_label_position(e, type);
}

/* any and all in the embedded engine, with their three truth values: unknown when an element makes
 * it so and no other decides. */
static void
emit_quantified(struct emitter *e, const struct plan_cond *cond)
{
    bool is_any = cond->filter->quantifier == API_QUANT_ANY;
    struct emit_param param = {
        .source = EMIT_ARRAY,
        .index = cond->filter->slot,
        .type =
            is_pattern(cond->filter->op) ? type_builtin(TYPE_TEXT) : value_type(cond->field.type),
    };

    buf_add_str(&e->sql, is_any ? STR("(SELECT CASE WHEN max(v) = 1 THEN 1")
                                : STR("(SELECT CASE WHEN min(v) = 0 THEN 0"));
    BUF_ADD_LIT(&e->sql, " WHEN count(v) < count(*) THEN NULL");
    buf_add_str(&e->sql, is_any ? STR(" ELSE 0") : STR(" ELSE 1"));
    BUF_ADD_LIT(&e->sql, " END FROM (SELECT ");
    if (is_pattern(cond->filter->op))
        emit_pattern(e, cond);
    else
        emit_comparison(e, cond);
    BUF_ADD_LIT(&e->sql, " AS v FROM json_each(");
    emit_param(e, param);
    BUF_ADD_LIT(&e->sql, ") AS q))");
}

static void
emit_filter(struct emitter *e, const struct plan_cond *cond)
{
    const struct api_filter *filter = cond->filter;

    if (filter->op == API_IS)
        emit_is(e, cond);
    else if (filter->op >= API_FTS && filter->op <= API_WFTS)
        emit_search(e, cond);
    else if (filter->op == API_IN)
        emit_in(e, cond);
    else if (filter->quantifier != API_QUANT_NONE && !emit_is_postgres(e))
        emit_quantified(e, cond);
    else if (is_pattern(filter->op) && !emit_is_postgres(e))
        emit_pattern(e, cond);
    else if (filter->op >= API_CS && filter->op <= API_OV && !emit_is_postgres(e))
        emit_containment(e, cond);
    else
        emit_comparison(e, cond);
}

bool
emit_can_fail(const struct plan_cond *cond)
{
    enum api_op op = cond->filter->op;

    return cond->field.step_count > 0 || cond->field.computed != NULL ||
           (op != API_IN && op != API_IS && op != API_ISDISTINCT && op > API_LTE);
}

/*
 * A filter that can fail must not look at rows that the caller doesn't see, because its failure
 * would tell of them, and the order of what AND joins is the engine's: so it asks for itself.
 */
static void
emit_guarded_filter(struct emitter *e, const struct plan_cond *cond)
{
    const struct plan_rel *rel = cond->field.rel;
    /* Through a view that is written, what the view computes may fail as well. */
    bool is_hidden = rel->parent == NULL && emit_view_hides(e);
    bool can_fail = emit_can_fail(cond) || (is_hidden && cond->field.column->value_sqlite.len > 0);
    bool is_guarded = can_fail && (is_hidden || emit_is_limited(e, rel));

    if (is_guarded) {
        BUF_ADD_LIT(&e->sql, "CASE WHEN ");
        emit_rel_rules(e, cond->field.rel, "");
        BUF_ADD_LIT(&e->sql, " THEN ");
    }
    emit_filter(e, cond);
    if (is_guarded)
        BUF_ADD_LIT(&e->sql, " END");
}

/* In a NOT, rows are looked for that a search doesn't find, and it has no candidates. */
static void
emit_cond(struct emitter *e, const struct plan_cond *cond, bool in_not)
{
    in_not = in_not || cond->negated;
    if (cond->negated)
        BUF_ADD_LIT(&e->sql, "NOT ");
    switch (cond->kind) {
    case PLAN_COND_FILTER:
        if (cond->negated)
            buf_add_char(&e->sql, '(');
        if (!in_not)
            emit_candidates(e, cond);
        emit_guarded_filter(e, cond);
        if (cond->negated)
            buf_add_char(&e->sql, ')');
        break;
    case PLAN_COND_AND:
    case PLAN_COND_OR:
        buf_add_char(&e->sql, '(');
        for (const struct plan_cond *child = cond->children; child != NULL; child = child->next) {
            if (child != cond->children)
                buf_add_str(&e->sql, cond->kind == PLAN_COND_AND ? STR(" AND ") : STR(" OR "));
            emit_cond(e, child, in_not);
        }
        buf_add_char(&e->sql, ')');
        break;
    case PLAN_COND_EXISTS:
        if (plan_is_one_row(cond->embed)) {
            BUF_ADD_LIT(&e->sql, "1 = 1");
            break;
        }
        BUF_ADD_LIT(&e->sql, "EXISTS (SELECT 1");
        emit_from(e, cond->embed);
        emit_where(e, cond->embed);
        if (!cond->embed->is_grouped &&
            (cond->embed->limit_slot != API_NO_SLOT || cond->embed->offset_slot != API_NO_SLOT))
            emit_limit(e, cond->embed);
        buf_add_char(&e->sql, ')');
        break;
    }
}

/* A join leaves out what the condition would. */
static bool
is_joined_away(const struct emitter *e, const struct plan_cond *cond)
{
    return e->joins && cond->kind == PLAN_COND_EXISTS && !cond->negated &&
           emit_joins_away(cond->embed);
}

void
emit_conds(struct emitter *e, const struct plan_cond *conds, const char *word)
{
    /* What doesn't fit any more need not be gone through. */
    for (const struct plan_cond *cond = conds; cond != NULL && buf_ok(&e->sql); cond = cond->next) {
        if (is_joined_away(e, cond))
            continue;
        buf_add_str(&e->sql, str_from(word));
        emit_cond(e, cond, false);
        word = " AND ";
    }
}
