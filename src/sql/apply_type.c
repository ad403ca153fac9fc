/* SPDX-License-Identifier: Apache-2.0 */
#include "sql/apply.h"
#include "sql/array.h"
#include "sql/quote.h"

/* serial is no type but an integer with a sequence; its spellings and sizes. */
static const struct {
    const char *name;
    int size;
} serials[] = {
    {"serial", 4},  {"serial4", 4},     {"bigserial", 8},
    {"serial8", 8}, {"smallserial", 2}, {"serial2", 2},
};

static bool
read_mods(struct apply *a, const struct json *type_name, int32_t *mods, uint32_t *count)
{
    *count = 0;
    for (const struct json *n = pg_first(type_name, "typmods"); n != NULL; n = n->next) {
        const struct json *body = pg_as(n, "A_Const");
        struct pg_const value = pg_const(&a->tree, body);
        int64_t number = 0;

        if (body == NULL || value.kind != PG_INT || !str_to_i64(value.text, &number) ||
            number < INT32_MIN || number > INT32_MAX || *count >= 4)
            return apply_fail(a, pg_location(type_name), "22023", NULL, "invalid type modifier");
        mods[(*count)++] = (int32_t)number;
    }
    return true;
}

/* The name is what PostgreSQL's format_type() shows: with its schema unless that is public. */
struct type
apply_enum_type(struct apply *a, const struct model_enum *found)
{
    struct type type = *type_builtin(TYPE_ENUM);
    struct buf buf;

    apply_buf(&buf);
    if (!str_eq(found->schema, STR("public"))) {
        quote_ident_short(&buf, found->schema);
        buf_add_char(&buf, '.');
    }
    quote_ident_short(&buf, found->name);
    type.name = apply_take(a->keep, &buf);
    type.labels = found->labels;
    type.label_count = found->label_count;
    return type;
}

static bool
find_serial(struct str name, int *serial, struct type *out)
{
    for (size_t i = 0; i < COUNTOF(serials); i++) {
        if (!str_eq(name, str_from(serials[i].name)))
            continue;
        *serial = serials[i].size;
        *out = *type_builtin(*serial == 2 ? TYPE_INT2 : *serial == 4 ? TYPE_INT4 : TYPE_INT8);
        return true;
    }
    return false;
}

/* Types that PostgreSQL has and the embedded engine does not. */
static bool
is_postgres_type(struct name name)
{
    static const char *const types[] = {
        "bit",           "box",     "cidr",     "circle",    "citext",    "daterange", "geography",
        "geometry",      "hstore",  "inet",     "int4range", "int8range", "line",      "lseg",
        "ltree",         "macaddr", "macaddr8", "money",     "name",      "numrange",  "oid",
        "path",          "point",   "polygon",  "regclass",  "regtype",   "tsrange",   "tstzrange",
        "txid_snapshot", "varbit",  "vector",   "xml",
    };

    for (size_t i = 0; i < COUNTOF(types); i++) {
        if (str_eq(name.name, str_from(types[i])))
            return true;
    }
    return str_eq(name.schema, STR("pg_catalog"));
}

static bool
make_array_type(struct apply *a, size_t at, const struct type *elem, struct type *out)
{
    if (!array_can_hold(elem))
        return apply_fail(a, at, "0A000", HINT_POSTGRES,
                          "the embedded engine has no arrays of \"%.*s\"", STR_ARG(elem->name));
    *out = *type_builtin(TYPE_ARRAY);
    out->elem = elem;
    out->name = arena_printf(a->keep, "%.*s[]", STR_ARG(elem->name));
    return true;
}

/* is_item: of an array, whose bounds the same TypeName has. */
static bool
find_type(struct apply *a, const struct json *type_name, bool is_item, struct type *out,
          int *serial)
{
    struct name name = apply_list_name(pg_first(type_name, "names"));
    bool system = str_eq(name.schema, STR("pg_catalog"));
    size_t at = pg_location(type_name);
    struct str shown = apply_shown_name(a, system ? (struct name){.name = name.name} : name);
    const struct model_enum *found;
    int32_t mods[4];
    uint32_t mod_count = 0;

    if (serial != NULL)
        *serial = 0;
    if (!read_mods(a, type_name, mods, &mod_count))
        return false;
    /* SETOF is the function's, and was seen there. */
    if (pg_bool(type_name, "pct_type"))
        return apply_refuse(a, at, "this kind of type");
    if (pg_count(type_name, "arrayBounds") > 0 && !is_item) {
        struct type *elem = ARENA_NEW(a->keep, struct type);

        return find_type(a, type_name, true, elem, NULL) && make_array_type(a, at, elem, out);
    }
    if (serial != NULL && name.schema.len == 0 && find_serial(name.name, serial, out))
        return true;

    found = system ? NULL : apply_lookup_enum(a, name);
    if (found != NULL) {
        *out = apply_enum_type(a, found);
        return true;
    }
    /* "char" in quotes is a type of one byte; CHAR without them comes as pg_catalog.bpchar. */
    if (str_eq(name.name, STR("char")))
        return apply_refuse(a, at, "type \"char\"");
    /* A field mask is not a precision. */
    if (str_eq(name.name, STR("interval")))
        mod_count = 0;
    if ((name.schema.len > 0 && !system) || !type_lookup(name.name, mods, mod_count, out)) {
        struct type plain;

        if (mod_count > 0 && type_lookup(name.name, NULL, 0, &plain))
            return apply_fail(a, at, "22023", NULL, "invalid type modifier");
        if (is_postgres_type(name))
            return apply_fail(a, at, "0A000", HINT_POSTGRES,
                              "the embedded engine has no type \"%.*s\"", STR_ARG(shown));
        if (apply_lookup_table(a, name) != NULL)
            return apply_refuse(a, at, "values that are rows of a table");
        return apply_fail(a, at, "42704", NULL, "type \"%.*s\" does not exist", STR_ARG(shown));
    }
    out->name = arena_copy(a->keep, out->name);
    return true;
}

bool
apply_type(struct apply *a, const struct json *type_name, struct type *out, int *serial)
{
    return find_type(a, type_name, false, out, serial);
}
