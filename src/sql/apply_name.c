/* SPDX-License-Identifier: Apache-2.0 */
#include "sql/apply.h"
#include "sql/quote.h"

/* PostgreSQL's NAMEDATALEN - 1. */
#define NAME_MAX_BYTES 63

struct str
apply_quote(struct arena *arena, struct str name)
{
    struct buf buf;

    apply_buf(&buf);
    quote_ident(&buf, name);
    return apply_take(arena, &buf);
}

struct name
apply_range_name(const struct json *range)
{
    return (struct name){.schema = pg_str(range, "schemaname"), .name = pg_str(range, "relname")};
}

struct name
apply_list_name(const struct json *first)
{
    struct name name = {0};

    for (const struct json *n = first; n != NULL; n = n->next) {
        name.schema = name.name;
        name.name = pg_string(n);
    }
    return name;
}

bool
apply_creation_schema(struct apply *a, struct str *schema)
{
    if (schema->len > 0)
        return true;
    if (a->path_count == 0)
        return apply_fail(a, SIZE_MAX, "3F000", "write the schema before the name",
                          "no schema has been selected to create in");
    *schema = a->path[0];
    return true;
}

struct model_table *
apply_lookup_table(struct apply *a, struct name name)
{
    if (name.schema.len > 0)
        return model_find_table(a->model, name.schema, name.name);
    for (uint32_t i = 0; i < a->path_count; i++) {
        struct model_table *table = model_find_table(a->model, a->path[i], name.name);

        if (table != NULL)
            return table;
    }
    return NULL;
}

static struct model_enum *
find_enum(const struct model *model, struct str schema, struct str name)
{
    for (uint32_t i = 0; i < model->enum_count; i++) {
        if (str_eq(model->enums[i].name, name) && str_eq(model->enums[i].schema, schema))
            return &model->enums[i];
    }
    return NULL;
}

struct model_enum *
apply_lookup_enum(struct apply *a, struct name name)
{
    if (name.schema.len > 0)
        return find_enum(a->model, name.schema, name.name);
    for (uint32_t i = 0; i < a->path_count; i++) {
        struct model_enum *found = find_enum(a->model, a->path[i], name.name);

        if (found != NULL)
            return found;
    }
    return NULL;
}

static struct model_sequence *
find_sequence(const struct model *model, struct str schema, struct str name)
{
    for (uint32_t i = 0; i < model->sequence_count; i++) {
        if (str_eq(model->sequences[i].name, name) && str_eq(model->sequences[i].schema, schema))
            return &model->sequences[i];
    }
    return NULL;
}

struct model_sequence *
apply_lookup_sequence(struct apply *a, struct name name)
{
    if (name.schema.len > 0)
        return find_sequence(a->model, name.schema, name.name);
    for (uint32_t i = 0; i < a->path_count; i++) {
        struct model_sequence *found = find_sequence(a->model, a->path[i], name.name);

        if (found != NULL)
            return found;
    }
    return NULL;
}

struct str
apply_shown_name(struct apply *a, struct name name)
{
    if (name.schema.len == 0)
        return name.name;
    return apply_full_name(a->tmp, name.schema, name.name);
}

struct str
apply_full_name(struct arena *arena, struct str schema, struct str name)
{
    struct buf buf;

    apply_buf(&buf);
    buf_add_str(&buf, schema);
    buf_add_char(&buf, '.');
    buf_add_str(&buf, name);
    return apply_take(arena, &buf);
}

bool
apply_need_relation(struct apply *a, struct name name, size_t location, struct model_table **out)
{
    struct str shown = apply_shown_name(a, name);

    *out = apply_lookup_table(a, name);
    if (*out == NULL)
        return apply_fail(a, location, "42P01", NULL, "relation \"%.*s\" does not exist",
                          STR_ARG(shown));
    return true;
}

bool
apply_need_table(struct apply *a, struct name name, size_t location, struct model_table **out)
{
    if (!apply_need_relation(a, name, location, out))
        return false;
    if ((*out)->is_view)
        return apply_fail(a, location, "42809", NULL, "\"%.*s\" is not a table",
                          STR_ARG(name.name));
    return true;
}

bool
apply_column_index(const struct model_table *table, struct str name, uint32_t *out)
{
    for (uint32_t i = 0; i < table->column_count; i++) {
        if (str_eq(table->columns[i].name, name)) {
            *out = i;
            return true;
        }
    }
    return false;
}

bool
apply_need_column(struct apply *a, const struct model_table *table, struct str name,
                  size_t location, uint32_t *out)
{
    if (apply_column_index(table, name, out))
        return true;
    return apply_fail(a, location, "42703", NULL,
                      "column \"%.*s\" of relation \"%.*s\" does not exist", STR_ARG(name),
                      STR_ARG(table->name));
}

/* The longest part of s that has at most len bytes and ends between two characters. */
static struct str
clip(struct str s, size_t len)
{
    if (s.len <= len)
        return s;
    while (len > 0 && ((unsigned char)s.data[len] & 0xC0) == 0x80)
        len--;
    return str_make(s.data, len);
}

/* As makeObjectName does: the longer of the two names is cut until all fits. */
static struct str
join_name(struct arena *arena, struct str table, struct str column, struct str label)
{
    size_t room = NAME_MAX_BYTES - (label.len > 0 ? label.len + 1 : 0) - (column.len > 0 ? 1 : 0);
    size_t left = table.len;
    size_t right = column.len;
    struct buf buf;

    while (left + right > room) {
        if (left > right)
            left--;
        else
            right--;
    }
    apply_buf(&buf);
    buf_add_str(&buf, clip(table, left));
    if (column.len > 0) {
        buf_add_char(&buf, '_');
        buf_add_str(&buf, clip(column, right));
    }
    if (label.len > 0) {
        buf_add_char(&buf, '_');
        buf_add_str(&buf, label);
    }
    return apply_take(arena, &buf);
}

struct str
apply_make_name(struct apply *a, struct str table, struct str column, const char *label,
                bool (*is_taken)(struct apply *a, void *ctx, struct str name), void *ctx)
{
    struct str name = join_name(a->keep, table, column, str_from(label));

    for (unsigned i = 1; is_taken(a, ctx, name); i++) {
        struct str numbered = arena_printf(a->tmp, "%s%u", label, i);

        name = join_name(a->keep, table, column, numbered);
    }
    return name;
}
