/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/plan_check.h"

#include <math.h>

#include "core/json.h"

static bool
fail_status(struct err *err, int status)
{
    if (err != NULL)
        err->http_status = status;
    return false;
}

bool
plan_fail_table(const struct schema *schema, struct str schema_name, struct str name,
                struct err *err)
{
    struct str similar = schema_similar_table(schema, schema_name, name);

    err_set(err, ERR_REQUEST, "PGRST205",
            "Could not find the table '%.*s.%.*s' in the schema cache", STR_ARG(schema_name),
            STR_ARG(str_slice(name, 0, 200)));
    if (similar.len > 0)
        err_hint(err, "Perhaps you meant the table '%.*s.%.*s'", STR_ARG(schema_name),
                 STR_ARG(similar));
    return fail_status(err, 404);
}

#define NAME_MAX_BYTES 64

/* Edits between two names, from their similarity. */
static double
distance(struct str a, struct str b)
{
    size_t longer = a.len > b.len ? a.len : b.len;

    return round((1.0 - str_similarity(a, b)) * (double)longer);
}

bool
plan_fail_column(const struct schema_table *table, unsigned depth, struct str name, struct err *err)
{
    const struct model_table *model = table->model;
    const struct model_column *best[2] = {NULL, NULL};
    unsigned ties = 0;
    /* As PostgreSQL's searchRangeTableForCol: at most 3 edits, and at most half of the name. */
    double least = fmin(3.0, (double)(name.len / 2));
    char shown[NAME_MAX_BYTES + 16];

    snprintf(shown, sizeof(shown), "%.*s", STR_ARG(str_slice(model->name, 0, NAME_MAX_BYTES)));
    if (depth > 0)
        snprintf(shown + strlen(shown), 12, "_%u", depth);
    err_set(err, ERR_REQUEST, "42703", "column %s.%.*s does not exist", shown,
            STR_ARG(str_slice(name, 0, 200)));
    for (uint32_t i = 0; i < model->column_count; i++) {
        double edits = distance(name, model->columns[i].name);

        if (edits > least)
            continue;
        if (edits < least)
            ties = 0;
        least = edits;
        if (ties < COUNTOF(best))
            best[ties] = &model->columns[i];
        ties++;
    }
    if (ties == 1)
        err_hint(err, "Perhaps you meant to reference the column \"%s.%.*s\".", shown,
                 STR_ARG(best[0]->name));
    else if (ties == 2)
        err_hint(err,
                 "Perhaps you meant to reference the column \"%s.%.*s\" or the column "
                 "\"%s.%.*s\".",
                 shown, STR_ARG(best[0]->name), shown, STR_ARG(best[1]->name));
    return fail_status(err, 400);
}

bool
plan_fail_memory(struct err *err)
{
    err_set(err, ERR_REQUEST, "CAIRN-LIMIT", "the request needs too much memory");
    return fail_status(err, 413);
}

bool
plan_check_column_count(uint32_t count, uint32_t max, struct err *err)
{
    if (count <= max)
        return true;
    err_set(err, ERR_REQUEST, "54011", "target lists can have at most %u entries", max);
    return fail_status(err, 400);
}

bool
plan_fail_not_embedded(struct str name, struct err *err)
{
    name = str_slice(name, 0, 200);
    err_set(err, ERR_REQUEST, "PGRST108", "'%.*s' is not an embedded resource in this request",
            STR_ARG(name));
    err_hint(err, "Verify that '%.*s' is included in the 'select' query parameter.", STR_ARG(name));
    return fail_status(err, 400);
}

bool
plan_fail_legacy_name(struct str name, struct str alias, struct err *err)
{
    plan_fail_not_embedded(name, err);
    err_details(err, "Target names are not allowed in filters if they have an alias");
    err_hint(err, "Change '%.*s' to '%.*s' in filters, orders or limits.",
             STR_ARG(str_slice(name, 0, 200)), STR_ARG(str_slice(alias, 0, 200)));
    return false;
}

bool
plan_fail_no_rel(const struct schema_table *table, struct str target, struct str hint,
                 struct err *err)
{
    struct str similar = schema_similar_target(table, target);
    struct str origin = table->model->name;

    target = str_slice(target, 0, 200);
    hint = str_slice(hint, 0, 200);
    err_set(err, ERR_REQUEST, "PGRST200",
            "Could not find a relationship between '%.*s' and '%.*s' in the schema cache",
            STR_ARG(origin), STR_ARG(target));
    err_details(err,
                "Searched for a foreign key relationship between '%.*s' and '%.*s'%s%.*s%s in the "
                "schema '%.*s', but no matches were found.",
                STR_ARG(origin), STR_ARG(target), hint.data != NULL ? " using the hint '" : "",
                STR_ARG(hint), hint.data != NULL ? "'" : "", STR_ARG(table->model->schema));
    /* The name itself is near to nothing: then it is the hint of the request that doesn't fit. */
    if (similar.len > 0 && !str_eq(similar, target))
        err_hint(err, "Perhaps you meant '%.*s' instead of '%.*s'.", STR_ARG(similar),
                 STR_ARG(target));
    return fail_status(err, 400);
}

static void
add_side(struct buf *out, struct str name, const struct schema_table *table,
         const uint32_t *columns, uint32_t count)
{
    buf_add_str(out, name);
    buf_add_char(out, '(');
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            BUF_ADD_LIT(out, ", ");
        buf_add_str(out, table->model->columns[columns[i]].name);
    }
    buf_add_char(out, ')');
}

/* "key using a(x) and b(y)", or through a junction "j using key1(x) and key2(y)". */
static void
add_relationship(struct buf *out, const struct schema_rel *rel)
{
    const struct schema_table *junction = rel->junction;

    buf_add_str(out, junction != NULL ? junction->model->name : rel->constraint);
    BUF_ADD_LIT(out, " using ");
    if (junction != NULL)
        add_side(out, rel->constraint, junction, rel->junction_source_columns,
                 rel->source_column_count);
    else
        add_side(out, rel->source->model->name, rel->source, rel->source_columns,
                 rel->source_column_count);
    BUF_ADD_LIT(out, " and ");
    if (junction != NULL)
        add_side(out, rel->junction_constraint, junction, rel->junction_target_columns,
                 rel->target_column_count);
    else
        add_side(out, rel->target->model->name, rel->target, rel->target_columns,
                 rel->target_column_count);
}

static void
add_candidate(struct buf *out, const struct schema_table *table, const struct schema_rel *rel)
{
    static const char *const names[] = {"one-to-many", "many-to-one", "one-to-one", "many-to-many"};
    struct buf text;

    buf_init(&text, 8192);
    buf_printf(out, "{\"cardinality\":\"%s\",\"embedding\":", names[rel->cardinality]);
    buf_printf(&text, "%.*s with %.*s", STR_ARG(table->model->name),
               STR_ARG(rel->target->model->name));
    json_write_str(out, buf_str(&text));
    buf_clear(&text);
    add_relationship(&text, rel);
    BUF_ADD_LIT(out, ",\"relationship\":");
    json_write_str(out, buf_str(&text));
    buf_add_char(out, '}');
    buf_fini(&text);
}

bool
plan_fail_ambiguous(const struct schema_table *table, struct str target,
                    const struct schema_rel **found, size_t count, struct err *err)
{
    struct buf details;
    struct buf hint;

    buf_init(&details, sizeof(err->details) - 1);
    buf_init(&hint, sizeof(err->hint) - 1);
    err_set(err, ERR_REQUEST, "PGRST201",
            "Could not embed because more than one relationship was found for '%.*s' and '%.*s'",
            STR_ARG(table->model->name), STR_ARG(target));
    buf_add_char(&details, '[');
    for (size_t i = 0; i < count; i++) {
        size_t before = details.len;

        if (i > 0)
            buf_add_char(&details, ',');
        add_candidate(&details, table, found[i]);
        if (!buf_ok(&details)) {
            details.len = before;
            details.overflowed = false;
            break;
        }
        buf_printf(&hint, "%s'%.*s!%.*s'", i > 0 ? ", " : "", STR_ARG(target),
                   STR_ARG(found[i]->junction != NULL ? found[i]->junction->model->name
                                                      : found[i]->constraint));
    }
    buf_add_char(&details, ']');
    err_details(err, "%.*s", STR_ARG(buf_str(&details)));
    err->details_is_json = true;
    err_hint(err,
             "Try changing '%.*s' to one of the following: %.*s. Find the desired relationship in "
             "the 'details' key.",
             STR_ARG(target), STR_ARG(buf_str(&hint)));
    buf_fini(&details);
    buf_fini(&hint);
    return fail_status(err, 300);
}

/* The name without modifiers, as PostgreSQL shows operand types. */
static struct str
plain_name(const struct type *type)
{
    return type->id == TYPE_ENUM || type->id == TYPE_OTHER || type->id == TYPE_ARRAY
               ? type->name
               : type_builtin(type->id)->name;
}

static bool
fail_operator(const struct type *type, const char *operator, struct err * err)
{
    struct str name = plain_name(type);

    err_set(err, ERR_REQUEST, "42883", "operator does not exist: %.*s %s unknown",
            STR_ARG(name), operator);
    err_hint(err, "No operator matches the given name and argument types. You might need to add "
                  "explicit type casts.");
    return fail_status(err, 404);
}

static bool
fail_step(struct str type, const struct api_json_step *step, struct err *err)
{
    err_set(err, ERR_REQUEST, "42883", "operator does not exist: %.*s %s %s", STR_ARG(type),
            step->as_text ? "->>" : "->", step->is_index ? "integer" : "unknown");
    err_hint(err, "No operator matches the given name and argument types. You might need to add "
                  "explicit type casts.");
    return fail_status(err, 404);
}

bool
plan_check_json(const struct api_field *field, struct err *err)
{
    for (uint32_t i = 1; i < field->step_count; i++) {
        if (field->steps[i - 1].as_text)
            return fail_step(STR("text"), &field->steps[i], err);
    }
    return true;
}

bool
plan_check_order(enum db_dialect dialect, const struct type *type, struct err *err)
{
    if (dialect == DB_POSTGRES || type->id != TYPE_JSON)
        return true;
    err_set(err, ERR_REQUEST, "42883", "could not identify an ordering operator for type json");
    err_hint(err, "Use an explicit ordering operator or modify the query.");
    return fail_status(err, 404);
}

/* "_int4" is how PostgreSQL's catalog calls int4[]. */
static bool
parse_array_name(struct str name, struct arena *arena, struct type *out)
{
    struct type *elem = ARENA_NEW(arena, struct type);

    if (name.len < 2 || name.data[0] != '_' || !type_parse_name(str_slice(name, 1, name.len), elem))
        return false;
    *out = *type_builtin(TYPE_ARRAY);
    out->name = name;
    out->elem = elem;
    return true;
}

/* Without its length, as errors name it. */
static struct str
bare_name(const struct type *type)
{
    return type->id == TYPE_ENUM || type->id == TYPE_ARRAY ? type->name
                                                           : type_builtin(type->id)->name;
}

/* Whether a name without quotes means this one. */
static bool
is_folded(struct str name, struct str folded)
{
    for (size_t i = 0; i < name.len && i < folded.len; i++) {
        char c = name.data[i];

        if ((c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c) != folded.data[i])
            return false;
    }
    return name.len == folded.len;
}

/* As PostgreSQL finds a type by a name without quotes: in the schema that is asked, then in
 * public. */
static const struct model_enum *
find_enum(const struct plan_input *input, struct str name)
{
    const struct model *model = input->schema->model;
    struct str schema = input->table->model->schema;
    struct str rest = name;
    const struct model_enum *found = NULL;

    if (str_find_char(name, '.', 0) < name.len)
        schema = str_cut(&rest, '.');
    for (uint32_t i = 0; i < model->enum_count; i++) {
        const struct model_enum *e = &model->enums[i];
        bool is_public = rest.len == name.len && str_eq(e->schema, STR("public"));

        if (!is_folded(rest, e->name))
            continue;
        if (str_eq(e->schema, schema))
            return e;
        found = is_public ? e : found;
    }
    return found;
}

/* The cast to an enum, as the embedded engine has it: of text, and of itself. */
static bool
check_enum_cast(const struct plan_input *input, const struct model_enum *e, const struct type *from,
                struct type *out, struct err *err)
{
    bool is_text = from->id == TYPE_TEXT || from->id == TYPE_VARCHAR || from->id == TYPE_BPCHAR;

    *out = *type_builtin(TYPE_ENUM);
    out->name = e->name;
    out->labels = e->labels;
    out->label_count = e->label_count;
    if (!str_eq(e->schema, STR("public")))
        out->name = arena_printf(input->arena, "%.*s.%.*s", STR_ARG(e->schema), STR_ARG(e->name));
    if (is_text || (from->id == TYPE_ENUM && str_eq(from->name, out->name)))
        return true;
    err_set(err, ERR_REQUEST, "42846", "cannot cast type %.*s to %.*s", STR_ARG(bare_name(from)),
            STR_ARG(out->name));
    return fail_status(err, 400);
}

bool
plan_check_cast(const struct plan_input *input, const struct type *from, struct str name,
                struct type *out, struct str *out_name, struct err *err)
{
    bool is_word = name.len > 0 && memchr(name.data, ' ', name.len) == NULL;
    const struct model_enum *found = NULL;
    char *lower = NULL;

    *out_name = name;
    if (type_parse_name(name, out) && (input->dialect == DB_POSTGRES || type_is_embedded(out))) {
        if (input->dialect == DB_POSTGRES || type_can_cast(from, out))
            return true;
        /* Without their lengths, as PostgreSQL names them. */
        err_set(err, ERR_REQUEST, "42846", "cannot cast type %.*s to %.*s",
                STR_ARG(bare_name(from)), STR_ARG(type_builtin(out->id)->name));
        return fail_status(err, 400);
    }
    if (input->dialect == DB_POSTGRES && parse_array_name(name, input->arena, out))
        return true;
    found = input->dialect != DB_POSTGRES ? find_enum(input, name) : NULL;
    if (found != NULL)
        return check_enum_cast(input, found, from, out, err);
    if (input->dialect != DB_POSTGRES || !is_word) {
        err_set(err, ERR_REQUEST, "42704", "type \"%.*s\" does not exist",
                STR_ARG(str_slice(name, 0, 200)));
        return fail_status(err, 400);
    }
    /* PostgreSQL may know a type that we don't: its values pass as text, and its name as a name. */
    *out = *type_builtin(TYPE_OTHER);
    lower = arena_cstr(input->arena, name);
    for (size_t i = 0; i < name.len; i++) {
        if (lower[i] >= 'A' && lower[i] <= 'Z')
            lower[i] = (char)(lower[i] + ('a' - 'A'));
    }
    *out_name = arena_printf(input->arena, "\"%s\"", lower);
    return true;
}

static bool
check_full_text(const struct type *type, struct err *err)
{
    if (type_is_text(type) || type_is_json(type) || type->id == TYPE_TSVECTOR)
        return true;
    err_set(err, ERR_REQUEST, "42883", "function to_tsvector(%.*s) does not exist",
            STR_ARG(plain_name(type)));
    err_hint(err, "No function matches the given name and argument types. You might need to add "
                  "explicit type casts.");
    return fail_status(err, 404);
}

static bool
check_is(const struct type *type, const struct api_filter *filter, struct err *err)
{
    static const char *const names[] = {"NULL", "NOT NULL", "TRUE", "FALSE", "UNKNOWN"};

    if (filter->is == API_IS_NULL || filter->is == API_IS_NOT_NULL || type->id == TYPE_BOOL)
        return true;
    err_set(err, ERR_REQUEST, "42804", "argument of IS %s must be type boolean, not type %.*s",
            names[filter->is], STR_ARG(plain_name(type)));
    return fail_status(err, 400);
}

/* Shifting a number is no condition; nothing else has these operators but ranges. */
static bool
fail_range_operator(const struct type *type, const struct api_filter *filter, const char *symbol,
                    struct err *err)
{
    bool shifts = (filter->op == API_SL || filter->op == API_SR) && type_is_int(type);

    if (!shifts)
        return fail_operator(type, symbol, err);
    err_set(err, ERR_REQUEST, "42804", "argument of WHERE must be type boolean, not type %.*s",
            STR_ARG(plain_name(type)));
    return fail_status(err, 400);
}

/* any, all and in take an array of the column's type, and there is none of an array. */
static bool
fail_array_of_arrays(const struct type *type, struct err *err)
{
    err_set(err, ERR_REQUEST, "42704", "could not find array type for data type %.*s",
            STR_ARG(plain_name(type)));
    return fail_status(err, 400);
}

bool
plan_check_filter(enum db_dialect dialect, const struct type *type, const struct api_filter *filter,
                  struct err *err)
{
    static const char *const symbols[] = {
        [API_EQ] = "=",    [API_NEQ] = "<>",    [API_GT] = ">",    [API_GTE] = ">=",
        [API_LT] = "<",    [API_LTE] = "<=",    [API_LIKE] = "~~", [API_ILIKE] = "~~*",
        [API_MATCH] = "~", [API_IMATCH] = "~*", [API_IN] = "=",    [API_ISDISTINCT] = "=",
        [API_CS] = "@>",   [API_CD] = "<@",     [API_OV] = "&&",   [API_SL] = "<<",
        [API_SR] = ">>",   [API_NXR] = "&<",    [API_NXL] = "&>",  [API_ADJ] = "-|-",
    };
    enum api_op op = filter->op;

    if (dialect == DB_POSTGRES)
        return true;
    if (op == API_IS)
        return check_is(type, filter, err);
    if (op >= API_FTS && op <= API_WFTS)
        return check_full_text(type, err);
    if (op >= API_CS && op <= API_OV)
        return type->id == TYPE_ARRAY || (type->id == TYPE_JSONB && op != API_OV) ||
               fail_operator(type, symbols[op], err);
    if (op >= API_SL)
        return fail_range_operator(type, filter, symbols[op], err);
    if ((op >= API_LIKE && op <= API_IMATCH && !type_is_text(type)) || type->id == TYPE_JSON)
        return fail_operator(type, symbols[op], err);
    if (type->id == TYPE_ARRAY && (op == API_IN || filter->quantifier != API_QUANT_NONE))
        return fail_array_of_arrays(type, err);
    return true;
}
