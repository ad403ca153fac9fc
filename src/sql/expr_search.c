/* SPDX-License-Identifier: Apache-2.0 */
/* Full text search in expressions. Source: PostgreSQL 15, 9.13. */
#include "sql/expr.h"
#include "sql/quote.h"
#include "sql/search.h"

static const struct {
    const char *name;
    int form; /* -1: to_tsvector */
} functions[] = {
    {"to_tsvector", -1},
    {"to_tsquery", SEARCH_FORM_QUERY},
    {"plainto_tsquery", SEARCH_FORM_PLAIN},
    {"phraseto_tsquery", SEARCH_FORM_PHRASE},
    {"websearch_to_tsquery", SEARCH_FORM_WEB},
};

bool
search_is_function(struct str name)
{
    for (size_t i = 0; i < COUNTOF(functions); i++) {
        if (str_eq(name, str_from(functions[i].name)))
            return true;
    }
    return str_eq(name, STR("setweight"));
}

static bool
fail_unknown(struct expr_context *x, struct str name, size_t location)
{
    return apply_fail(x->a, location, "42883", "cast the arguments to text or jsonb",
                      "function %.*s with these arguments does not exist", STR_ARG(name));
}

/* 'english'::regconfig, as a dump writes it. */
static const struct json *
without_cast(const struct json *node, const char *type, bool *had)
{
    const struct json *cast = pg_as(node, "TypeCast");

    *had =
        cast != NULL && str_eq(pg_last_string(pg_get(cast, "typeName"), "names"), str_from(type));
    return *had ? pg_get(cast, "arg") : node;
}

/* The configuration: a literal is looked up now. Without one it is the default, which a setting of
 * PostgreSQL's may change. */
static bool
translate_config(struct expr_context *x, const struct json *node, size_t location, struct expr *out)
{
    struct search_config config;
    bool had = false;

    if (node == NULL) {
        *out = (struct expr){.sql = STR("'english'")};
        return !x->immutable_only ||
               apply_fail(x->a, location, "42P17",
                          "name the language first: to_tsvector('english', ...)",
                          "%s can't use the default text search configuration", x->place);
    }
    if (!expr_translate(x, without_cast(node, "regconfig", &had), out))
        return false;
    if (!out->is_const) {
        if (x->immutable_only)
            return apply_fail(x->a, location, "42P17", "name the language by a literal",
                              "%s can't use a text search configuration that is computed",
                              x->place);
        return expr_coerce(x, out, type_builtin(TYPE_TEXT), COERCE_IMPLICIT, location);
    }
    if (out->value.kind == VALUE_TEXT && !search_find_config(out->value.s, &config, x->a->err))
        return apply_fail_value(x->a, pg_location(pg_body(node)));
    /* One text for one configuration, by which an index is found. */
    if (out->value.kind == VALUE_TEXT)
        out->sql = arena_printf(x->a->tmp, "'%.*s'", STR_ARG(search_config_name(&config)));
    out->pg = arena_printf(x->a->tmp, "%.*s::regconfig", STR_ARG(out->pg));
    return true;
}

static bool
is_text(const struct type *type)
{
    return type_is_text(type) || type->id == TYPE_UNKNOWN;
}

static bool
call_to(struct expr_context *x, const struct json *body, struct str name, int form,
        struct expr *out)
{
    const struct json *first = pg_first(body, "args");
    uint32_t count = pg_count(body, "args");
    size_t at = pg_location(body);
    bool makes_vector = form < 0;
    bool is_json = false;
    struct expr config = {0};
    struct expr text;
    struct str shown;

    if (count < 1 || count > 2)
        return fail_unknown(x, name, at);
    if (!translate_config(x, count == 2 ? first : NULL, at, &config) ||
        !expr_translate(x, count == 2 ? first->next : first, &text))
        return false;
    is_json = makes_vector && type_is_json(&text.type);
    if (!is_json && !is_text(&text.type))
        return fail_unknown(x, name, at);
    shown = expr_pg_operand(x, &text);
    if (!is_json && !expr_coerce(x, &text, type_builtin(TYPE_TEXT), COERCE_IMPLICIT, at))
        return false;
    *out = (struct expr){.type = *type_builtin(makes_vector ? TYPE_TSVECTOR : TYPE_TSQUERY),
                         .name = name};
    out->pg = arena_printf(x->a->tmp, "%.*s(%.*s%s%.*s)", STR_ARG(name), STR_ARG(config.pg),
                           config.pg.len > 0 ? ", " : "", STR_ARG(shown));
    if (makes_vector)
        out->sql = arena_printf(x->a->tmp, "cairn_to_tsvector%s(%.*s, %.*s)",
                                is_json ? "_json" : "", STR_ARG(config.sql), STR_ARG(text.sql));
    else
        out->sql = arena_printf(x->a->tmp, "cairn_to_tsquery(%.*s, %.*s, %d)", STR_ARG(config.sql),
                                STR_ARG(text.sql), form);
    return true;
}

static bool
call_setweight(struct expr_context *x, const struct json *body, struct expr *out)
{
    const struct json *first = pg_first(body, "args");
    size_t at = pg_location(body);
    struct expr vector;
    struct expr weight;
    bool had = false;

    if (pg_count(body, "args") != 2)
        return apply_refuse(x->a, at, "setweight() with a list of lexemes");
    if (!expr_translate(x, first, &vector) ||
        !expr_coerce(x, &vector, type_builtin(TYPE_TSVECTOR), COERCE_IMPLICIT, at) ||
        !expr_translate(x, without_cast(first->next, "char", &had), &weight))
        return false;
    if (!weight.is_const || weight.value.kind != VALUE_TEXT || weight.value.s.len != 1 ||
        strchr("ABCDabcd", weight.value.s.data[0]) == NULL)
        return apply_refuse(x->a, at, "a weight other than the literals 'A' to 'D'");
    *out = (struct expr){.type = *type_builtin(TYPE_TSVECTOR), .name = STR("setweight")};
    out->sql = arena_printf(x->a->tmp, "cairn_tssetweight(%.*s, %.*s)", STR_ARG(vector.sql),
                            STR_ARG(weight.sql));
    out->pg = arena_printf(x->a->tmp, "setweight(%.*s, %.*s::\"char\")", STR_ARG(vector.pg),
                           STR_ARG(weight.pg));
    return true;
}

bool
search_function(struct expr_context *x, const struct json *body, struct str name, struct expr *out)
{
    for (size_t i = 0; i < COUNTOF(functions); i++) {
        if (str_eq(name, str_from(functions[i].name)))
            return call_to(x, body, name, functions[i].form, out);
    }
    return call_setweight(x, body, out);
}

/* text @@ query: the vector of it, by the default configuration. */
static bool
match_text(struct expr_context *x, struct expr *left, struct expr *right, size_t location,
           struct expr *out)
{
    bool is_query = right->type.id == TYPE_TSQUERY;

    if (x->immutable_only)
        return apply_fail(x->a, location, "42P17", "write to_tsvector('english', ...) @@ ...",
                          "%s can't use the default text search configuration", x->place);
    if (!expr_coerce(x, left, type_builtin(TYPE_TEXT), COERCE_IMPLICIT, location) ||
        (!is_query && !expr_coerce(x, right, type_builtin(TYPE_TEXT), COERCE_IMPLICIT, location)))
        return false;
    if (is_query)
        out->sql = arena_printf(x->a->tmp, "cairn_search('english', %.*s, %.*s)",
                                STR_ARG(left->sql), STR_ARG(right->sql));
    else
        out->sql = arena_printf(
            x->a->tmp, "cairn_search('english', %.*s, cairn_to_tsquery('english', %.*s, %d))",
            STR_ARG(left->sql), STR_ARG(right->sql), SEARCH_FORM_PLAIN);
    return true;
}

static bool
match(struct expr_context *x, struct expr *left, struct expr *right, size_t location,
      struct expr *out)
{
    struct str pg = arena_printf(x->a->tmp, "(%.*s @@ %.*s)", STR_ARG(expr_pg_operand(x, left)),
                                 STR_ARG(expr_pg_operand(x, right)));

    if (left->type.id == TYPE_TSQUERY) {
        struct expr *swap = left;

        left = right;
        right = swap;
    }
    *out = (struct expr){.type = *type_builtin(TYPE_BOOL)};
    if (is_text(&left->type) && left->type.id != TYPE_UNKNOWN) {
        if (!match_text(x, left, right, location, out))
            return false;
    } else {
        if (!expr_coerce(x, left, type_builtin(TYPE_TSVECTOR), COERCE_IMPLICIT, location) ||
            !expr_coerce(x, right, type_builtin(TYPE_TSQUERY), COERCE_IMPLICIT, location))
            return false;
        out->sql = arena_printf(x->a->tmp, "cairn_tsmatch(%.*s, %.*s)", STR_ARG(left->sql),
                                STR_ARG(right->sql));
    }
    out->pg = pg;
    return true;
}

bool
search_operator(struct expr_context *x, struct str op, struct expr *left, struct expr *right,
                size_t location, bool *found, struct expr *out)
{
    bool vectors = left->type.id == TYPE_TSVECTOR || right->type.id == TYPE_TSVECTOR;

    *found = true;
    if (str_eq(op, STR("@@")) || str_eq(op, STR("@@@")))
        return match(x, left, right, location, out);
    *found = vectors && str_eq(op, STR("||"));
    if (!*found)
        return true;
    if (!expr_coerce(x, left, type_builtin(TYPE_TSVECTOR), COERCE_IMPLICIT, location) ||
        !expr_coerce(x, right, type_builtin(TYPE_TSVECTOR), COERCE_IMPLICIT, location))
        return false;
    *out = (struct expr){.type = *type_builtin(TYPE_TSVECTOR)};
    out->sql = arena_printf(x->a->tmp, "cairn_tsconcat(%.*s, %.*s)", STR_ARG(left->sql),
                            STR_ARG(right->sql));
    out->pg = arena_printf(x->a->tmp, "(%.*s || %.*s)", STR_ARG(left->pg), STR_ARG(right->pg));
    return true;
}
