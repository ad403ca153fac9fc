/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks, in expressions; and the marks of texts that depend on it. */
#include "sql/body.h"
#include "sql/expr.h"
#include "sql/quote.h"

#define SETTING(name) "cairn_setting('" name "', 1)"
#define CLAIM(name) "cairn_json_get(" SETTING("request.jwt.claims") ", '" name "', 1)"

static void
note(struct expr_context *x, int64_t reads)
{
    if (x->marks != NULL)
        x->marks->reads |= reads;
}

/* An index or a generated column is computed once, whoever asks. */
static bool
check_place(struct expr_context *x, size_t location)
{
    return !x->immutable_only ||
           apply_fail(x->a, location, "42P17", NULL, "%s can't use who asks", x->place);
}

bool
caller_value_function(struct expr_context *x, const struct json *body, struct expr *out,
                      bool *found)
{
    static const struct {
        const char *op;
        const char *pg;
        const char *sql;
    } functions[] = {
        {"SVFOP_CURRENT_USER", "CURRENT_USER", "cairn_role()"},
        {"SVFOP_CURRENT_ROLE", "CURRENT_ROLE", "cairn_role()"},
        {"SVFOP_USER", "USER", "cairn_role()"},
        /* Who the connection is, whatever role it has taken. */
        {"SVFOP_SESSION_USER", "SESSION_USER", "'authenticator'"},
    };

    *found = false;
    for (size_t i = 0; i < COUNTOF(functions); i++) {
        if (!pg_is(body, "op", functions[i].op))
            continue;
        *found = true;
        if (!check_place(x, pg_location(body)))
            return false;
        note(x, MODEL_READS_ROLE);
        *out = (struct expr){
            .sql = str_from(functions[i].sql),
            .pg = str_from(functions[i].pg),
            .type = *type_builtin(TYPE_TEXT),
            .name = STR("current_user"),
        };
        if (strcmp(functions[i].op, "SVFOP_SESSION_USER") == 0)
            out->name = STR("session_user");
        return true;
    }
    return true;
}

bool
caller_auth_function(struct expr_context *x, const struct json *body, struct str name,
                     struct expr *out)
{
    static const struct {
        const char *name;
        enum type_id type;
        const char *sql;
    } functions[] = {
        {"uid", TYPE_UUID, "cairn_cast(nullif(" CLAIM("sub") ", ''), 'text', 'uuid')"},
        {"role", TYPE_TEXT, CLAIM("role")},
        {"email", TYPE_TEXT, CLAIM("email")},
        {"jwt", TYPE_JSONB, "cairn_cast(" SETTING("request.jwt.claims") ", 'text', 'jsonb')"},
    };

    for (size_t i = 0; i < COUNTOF(functions); i++) {
        if (!str_eq(name, str_from(functions[i].name)) || pg_count(body, "args") > 0)
            continue;
        if (!check_place(x, pg_location(body)))
            return false;
        note(x, MODEL_READS_CLAIMS);
        *out = (struct expr){
            .sql = str_from(functions[i].sql),
            .pg = arena_printf(x->a->tmp, "auth.%.*s()", STR_ARG(name)),
            .type = *type_builtin(functions[i].type),
            .name = name,
        };
        return true;
    }
    return apply_fail(x->a, pg_location(body), "42883",
                      "there are auth.uid(), auth.role(), auth.email() and auth.jwt()",
                      "function auth.%.*s() does not exist", STR_ARG(name));
}

/* Which settings a name stands for; all of them when it isn't known before. */
static int64_t
reads_of(const struct expr *name)
{
    static const struct {
        const char *name;
        int64_t reads;
    } settings[] = {
        {"role", MODEL_READS_ROLE},
        {"request.jwt.claims", MODEL_READS_CLAIMS},
        {"request.headers", MODEL_READS_HEADERS},
        {"request.cookies", MODEL_READS_COOKIES},
        {"request.method", MODEL_READS_REQUEST},
        {"request.path", MODEL_READS_REQUEST},
    };
    int64_t all = 0;

    for (size_t i = 0; i < COUNTOF(settings); i++) {
        all |= settings[i].reads;
        if (name->is_const && name->value.kind == VALUE_TEXT &&
            str_eq_nocase(name->value.s, str_from(settings[i].name)))
            return settings[i].reads;
    }
    return name->is_const ? 0 : all;
}

bool
caller_current_setting(struct expr_context *x, const struct json *body, struct str name,
                       struct expr *out)
{
    const struct type *types[] = {type_builtin(TYPE_TEXT), type_builtin(TYPE_BOOL)};
    const char *function = "cairn_setting";
    struct expr *args = NULL;
    uint32_t count = 0;

    if (!check_place(x, pg_location(body)) || !expr_list(x, pg_first(body, "args"), &args, &count))
        return false;
    if (count < 1 || count > 2)
        return apply_refuse(x->a, pg_location(body), "this call of current_setting()");
    note(x, reads_of(&args[0]));
    for (uint32_t i = 0; i < count; i++) {
        if (!expr_coerce(x, &args[i], types[i], COERCE_IMPLICIT, pg_location(body)))
            return false;
    }
    *out = (struct expr){.type = *type_builtin(TYPE_TEXT), .name = name};
    if (x->marks != NULL && x->marks->sets)
        function = "cairn_setting_now";
    if (count == 1) {
        out->sql = arena_printf(x->a->tmp, "%s(%.*s)", function, STR_ARG(args[0].sql));
        out->pg = arena_printf(x->a->tmp, "current_setting(%.*s)", STR_ARG(args[0].pg));
    } else {
        out->sql = arena_printf(x->a->tmp, "%s(%.*s, %.*s)", function, STR_ARG(args[0].sql),
                                STR_ARG(args[1].sql));
        out->pg = arena_printf(x->a->tmp, "current_setting(%.*s, %.*s)", STR_ARG(args[0].pg),
                               STR_ARG(args[1].pg));
    }
    return true;
}

/* What is no custom setting is the server's, and one that outlives its transaction would be there
 * for whoever comes next. */
static bool
check_set(struct expr_context *x, const struct json *body, const struct expr *args, uint32_t count)
{
    size_t at = pg_location(body);

    if (x->marks == NULL || !x->marks->is_body)
        return apply_refuse(x->a, at, "set_config() outside of a function that is called");
    if (count != 3)
        return apply_refuse(x->a, at, "this call of set_config()");
    if (!args[2].is_const || args[2].value.kind != VALUE_INT || args[2].value.i == 0)
        return apply_fail(x->a, at, "0A000", "write true: it holds until the request is answered",
                          "the embedded engine takes set_config() only with true as its third "
                          "argument");
    if (args[0].is_const && args[0].value.kind == VALUE_TEXT &&
        str_find_char(args[0].value.s, '.', 0) == args[0].value.s.len)
        return apply_fail(x->a, at, "0A000", HINT_POSTGRES,
                          "the embedded engine has no setting \"%.*s\" that could be set",
                          STR_ARG(args[0].value.s));
    return true;
}

bool
caller_set_config(struct expr_context *x, const struct json *body, struct str name,
                  struct expr *out)
{
    const struct type *types[] = {type_builtin(TYPE_TEXT), type_builtin(TYPE_TEXT),
                                  type_builtin(TYPE_BOOL)};
    struct expr *args = NULL;
    uint32_t count = 0;

    if (x->marks != NULL)
        x->marks->sets = true;
    if (!expr_list(x, pg_first(body, "args"), &args, &count))
        return false;
    for (uint32_t i = 0; i < count && i < COUNTOF(types); i++) {
        if (!expr_coerce(x, &args[i], types[i], COERCE_IMPLICIT, pg_location(body)))
            return false;
    }
    if (!check_set(x, body, args, count))
        return false;
    *out = (struct expr){.type = *type_builtin(TYPE_TEXT), .name = name};
    out->sql = arena_printf(x->a->tmp, "cairn_set_config(%.*s, %.*s)", STR_ARG(args[0].sql),
                            STR_ARG(args[1].sql));
    out->pg = arena_printf(x->a->tmp, "set_config(%.*s, %.*s, true)", STR_ARG(args[0].pg),
                           STR_ARG(args[1].pg));
    return true;
}

/* --- marks ------------------------------------------------------------------------------------ */

static void
check_name(struct expr_context *x, struct str name)
{
    for (size_t i = 0; i < name.len; i++)
        x->marks->is_refused |= (unsigned char)name.data[i] < 7;
}

void
marks_add_table(struct expr_context *x, struct scope_item *item, const struct model_table *table)
{
    struct marks *marks = x->marks;

    if (marks == NULL || marks->as_owner)
        return;
    check_name(x, table->schema);
    check_name(x, table->name);
    for (uint32_t i = 0; i < marks->count; i++) {
        if (str_eq(marks->references[i].table, table->name) &&
            str_eq(marks->references[i].schema, table->schema)) {
            item->reference = i + 1;
            return;
        }
    }
    if (marks->count == marks->cap) {
        struct model_reference *grown;

        marks->cap = marks->cap > 0 ? 2 * marks->cap : 8;
        grown = ARENA_ARRAY(x->a->tmp, struct model_reference, marks->cap);
        if (marks->count > 0)
            memcpy(grown, marks->references, marks->count * sizeof(*grown));
        marks->references = grown;
    }
    marks->references[marks->count++] =
        (struct model_reference){.schema = table->schema, .table = table->name};
    item->reference = marks->count;
}

static void
add_reference_column(struct expr_context *x, struct model_reference *reference, struct str column)
{
    struct str *grown;

    if (reference == NULL)
        return;
    for (uint32_t i = 0; i < reference->column_count; i++) {
        if (str_eq(reference->columns[i], column))
            return;
    }
    grown = ARENA_ARRAY(x->a->tmp, struct str, reference->column_count + 1);
    if (reference->column_count > 0)
        memcpy(grown, reference->columns, reference->column_count * sizeof(*grown));
    grown[reference->column_count++] = column;
    reference->columns = grown;
}

void
marks_add_column(struct expr_context *x, const struct scope_item *item, struct str column)
{
    struct model_reference *reference;

    if (x->marks == NULL)
        return;
    check_name(x, column);
    if (item->target != NULL) {
        struct scope_item own = *item;

        x->marks->reads_target = true;
        marks_add_table(x, &own, item->target);
        reference = own.reference > 0 ? &x->marks->references[own.reference - 1] : NULL;
        add_reference_column(x, reference, column);
        return;
    }
    if (item->reference == 0 && !item->is_policy_row)
        return;
    reference = item->is_policy_row ? &x->marks->own : &x->marks->references[item->reference - 1];
    add_reference_column(x, reference, column);
}

void
marks_write_table(struct expr_context *x, const struct model_table *table, struct buf *out)
{
    if (x->marks == NULL || x->marks->as_owner)
        quote_ident(out, table->sqlite_name);
    else
        body_write_table(out, table->schema, table->name);
}

void
marks_write_name(struct expr_context *x, struct str alias, struct buf *out)
{
    bool in_policy = x->marks != NULL && x->marks->in_policy;

    if (x->inlined > 0)
        alias = arena_printf(x->a->tmp, "%u:%.*s", x->inlined, STR_ARG(alias));
    if (!in_policy) {
        quote_ident(out, alias);
        return;
    }
    check_name(x, alias);
    quote_ident(out, arena_printf(x->a->tmp, "p:%.*s", STR_ARG(alias)));
}

void
marks_write_alias(struct expr_context *x, const struct scope_item *item, struct buf *out)
{
    if (item->is_policy_row)
        buf_add_char(out, '\1');
    else
        marks_write_name(x, item->alias, out);
}

struct str
marks_strip(struct arena *arena, const struct model *model, struct str text)
{
    struct buf out;

    apply_buf(&out);
    for (size_t i = 0; i < text.len; i++) {
        struct str rest;
        struct str schema;
        const struct model_table *table;

        if (text.data[i] != '\2') {
            buf_add_char(&out, text.data[i]);
            continue;
        }
        rest = str_slice(text, i + 1, str_find_char(text, '\2', i + 1));
        i += rest.len + 1;
        schema = str_cut(&rest, '\3');
        table = model_find_table(model, schema, str_cut(&rest, '\3'));
        if (table != NULL)
            quote_ident(&out, table->sqlite_name);
    }
    return apply_take(arena, &out);
}

void
marks_keep(struct apply *a, const struct marks *marks, struct model_reference **references,
           uint32_t *count)
{
    *references = ARENA_ARRAY(a->keep, struct model_reference, marks->count);
    *count = marks->count;
    for (uint32_t i = 0; i < marks->count; i++) {
        const struct model_reference *from = &marks->references[i];
        struct str *columns = ARENA_ARRAY(a->keep, struct str, from->column_count);

        for (uint32_t c = 0; c < from->column_count; c++)
            columns[c] = arena_copy(a->keep, from->columns[c]);
        (*references)[i] = (struct model_reference){
            .schema = arena_copy(a->keep, from->schema),
            .table = arena_copy(a->keep, from->table),
            .columns = columns,
            .column_count = from->column_count,
        };
    }
}
