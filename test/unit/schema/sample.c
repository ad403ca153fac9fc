/* SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"

#define MAX_TABLES 64
#define MAX_COLUMNS 32
#define MAX_KEYS 8

static struct str
word(struct str *line)
{
    *line = str_trim(*line);
    struct str w = str_cut(line, ' ');
    return w;
}

static void
name_split(struct str text, struct str *schema, struct str *name)
{
    size_t dot = str_find_char(text, '.', 0);

    *schema = dot < text.len ? str_slice(text, 0, dot) : STR("public");
    *name = dot < text.len ? str_slice(text, dot + 1, text.len) : text;
}

static struct model_table *
table_get(struct model *model, struct str text)
{
    struct str schema, name;
    struct model_table *table;

    name_split(text, &schema, &name);
    for (uint32_t i = 0; i < model->table_count; i++)
        if (str_eq(model->tables[i].schema, schema) && str_eq(model->tables[i].name, name))
            return &model->tables[i];
    assert(model->table_count < MAX_TABLES);
    table = &model->tables[model->table_count++];
    table->schema = schema;
    table->name = name;
    table->columns = ARENA_ARRAY(model->arena, struct model_column, MAX_COLUMNS);
    table->keys = ARENA_ARRAY(model->arena, struct model_key, MAX_KEYS);
    table->foreign_keys = ARENA_ARRAY(model->arena, struct model_foreign_key, MAX_KEYS);
    return table;
}

static uint32_t
column_index(const struct model_table *table, struct str name)
{
    const struct model_column *column = model_find_column(table, name);

    assert(column != NULL);
    return (uint32_t)(column - table->columns);
}

static void
read_table(struct model *model, struct str line)
{
    struct model_table *table = table_get(model, word(&line));
    uint32_t *pk = ARENA_ARRAY(model->arena, uint32_t, MAX_COLUMNS);
    uint32_t pk_count = 0;

    while (line.data != NULL) {
        struct str name = word(&line);

        if (str_has_suffix(name, STR("*"))) {
            name.len--;
            pk[pk_count++] = table->column_count;
        }
        table->columns[table->column_count++].name = name;
    }
    if (pk_count > 0)
        table->keys[table->key_count++] =
            (struct model_key){.kind = MODEL_PRIMARY, .columns = pk, .column_count = pk_count};
}

static void
read_unique(struct model *model, struct str line)
{
    struct model_table *table = table_get(model, word(&line));
    uint32_t *columns = ARENA_ARRAY(model->arena, uint32_t, MAX_COLUMNS);
    uint32_t count = 0;

    while (line.data != NULL)
        columns[count++] = column_index(table, word(&line));
    table->keys[table->key_count++] =
        (struct model_key){.kind = MODEL_UNIQUE, .columns = columns, .column_count = count};
}

static void
read_fk(struct model *model, struct str name, struct str line)
{
    struct model_table *table = table_get(model, word(&line));
    struct model_foreign_key *fk = &table->foreign_keys[table->foreign_key_count++];
    uint32_t *columns = ARENA_ARRAY(model->arena, uint32_t, MAX_COLUMNS);
    struct str *refs = ARENA_ARRAY(model->arena, struct str, MAX_COLUMNS);
    struct str first = STR_NULL;

    for (struct str w = word(&line); !str_eq(w, STR(">")); w = word(&line)) {
        first = first.data == NULL ? w : first;
        columns[fk->column_count++] = column_index(table, w);
    }
    name_split(word(&line), &fk->ref_schema, &fk->ref_table);
    for (uint32_t i = 0; i < fk->column_count; i++)
        refs[i] = word(&line);
    fk->columns = columns;
    fk->ref_columns = refs;
    fk->name = name.len > 0 ? name
                            : arena_printf(model->arena, "%.*s_%.*s_fkey", STR_ARG(table->name),
                                           STR_ARG(first));
}

static void
read_view(struct model *model, struct str line)
{
    struct model_table *view = table_get(model, word(&line));

    view->is_view = true;
    while (line.data != NULL) {
        struct str source = word(&line);
        struct str alias = source;
        struct model_column *column = &view->columns[view->column_count++];
        struct str base = str_cut(&alias, '=');
        size_t dot = 0;

        for (size_t i = 0; i < base.len; i++)
            if (base.data[i] == '.')
                dot = i;
        column->name = alias.len > 0 ? alias : str_slice(base, dot + 1, base.len);
        if (dot == 0) {
            column->name = alias.len > 0 ? alias : STR("expr");
            continue;
        }
        name_split(str_slice(base, 0, dot), &column->base_schema, &column->base_table);
        column->base_column = str_slice(base, dot + 1, base.len);
    }
}

static int
compare(const void *a, const void *b)
{
    const struct model_table *x = a, *y = b;
    int order = str_cmp(x->schema, y->schema);

    return order != 0 ? order : str_cmp(x->name, y->name);
}

struct model *
sample_model(const char *text)
{
    struct model *model = model_new();
    struct str rest = arena_copy(model->arena, str_from(text));

    model->tables = ARENA_ARRAY(model->arena, struct model_table, MAX_TABLES);
    while (rest.data != NULL) {
        struct str line = str_trim(str_cut(&rest, '\n'));
        struct str what = word(&line);

        if (str_eq(what, STR("table")))
            read_table(model, line);
        else if (str_eq(what, STR("unique")))
            read_unique(model, line);
        else if (str_eq(what, STR("view")))
            read_view(model, line);
        else if (str_has_prefix(what, STR("fk")))
            read_fk(model, str_slice(what, 3, what.len), line);
        else
            assert(what.len == 0);
    }
    qsort(model->tables, model->table_count, sizeof(*model->tables), compare);
    return model;
}

struct schema *
sample_schema(const char *text)
{
    static const char *const schemas[] = {"public"};

    return schema_new(sample_model(text), schemas, 1);
}
