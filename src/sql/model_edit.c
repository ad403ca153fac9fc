/* SPDX-License-Identifier: Apache-2.0 */
#include "sql/apply.h"

void *
edit_grow(struct apply *a, const void *array, uint32_t count, size_t size)
{
    char *grown = arena_zalloc(a->keep, (count + 1) * size);

    if (count > 0)
        memcpy(grown, array, count * size);
    return grown;
}

void
edit_remove(void *array, uint32_t *count, uint32_t index, size_t size)
{
    char *at = (char *)array + index * size;

    assert(index < *count);
    memmove(at, at + size, (*count - index - 1) * size);
    (*count)--;
}

/* Room for one more, doubling: a schema may have thousands of tables. */
static void *
reserve(struct apply *a, void *array, uint32_t count, uint32_t *cap, size_t size)
{
    char *grown;

    if (count < *cap)
        return array;
    *cap = count < 8 ? 16 : 2 * count;
    grown = arena_zalloc(a->keep, *cap * size);
    if (count > 0)
        memcpy(grown, array, count * size);
    return grown;
}

struct model_table *
edit_add_table(struct apply *a, const struct model_table *table)
{
    struct model *model = a->model;
    uint32_t at = 0;

    model->tables =
        reserve(a, model->tables, model->table_count, &a->table_cap, sizeof(*model->tables));
    while (at < model->table_count) {
        int order = str_cmp(model->tables[at].schema, table->schema);

        if (order == 0)
            order = str_cmp(model->tables[at].name, table->name);
        if (order > 0)
            break;
        at++;
    }
    memmove(&model->tables[at + 1], &model->tables[at],
            (model->table_count - at) * sizeof(*model->tables));
    model->tables[at] = *table;
    model->table_count++;
    return &model->tables[at];
}

void
edit_remove_table(struct apply *a, struct model_table *table)
{
    struct model *model = a->model;

    edit_remove(model->tables, &model->table_count, (uint32_t)(table - model->tables),
                sizeof(*table));
}

struct model_enum *
edit_add_enum(struct apply *a, const struct model_enum *added)
{
    struct model *model = a->model;

    model->enums = reserve(a, model->enums, model->enum_count, &a->enum_cap, sizeof(*added));
    model->enums[model->enum_count] = *added;
    return &model->enums[model->enum_count++];
}

struct model_sequence *
edit_add_sequence(struct apply *a, const struct model_sequence *added)
{
    struct model *model = a->model;

    model->sequences =
        reserve(a, model->sequences, model->sequence_count, &a->sequence_cap, sizeof(*added));
    model->sequences[model->sequence_count] = *added;
    return &model->sequences[model->sequence_count++];
}

struct model_function *
edit_add_function(struct apply *a, const struct model_function *added)
{
    struct model *model = a->model;
    uint32_t at = 0;

    model->functions =
        edit_grow(a, model->functions, model->function_count, sizeof(*model->functions));
    /* Behind those of the same name. */
    while (at < model->function_count) {
        int order = str_cmp(model->functions[at].schema, added->schema);

        if (order == 0)
            order = str_cmp(model->functions[at].name, added->name);
        if (order > 0)
            break;
        at++;
    }
    memmove(&model->functions[at + 1], &model->functions[at],
            (model->function_count - at) * sizeof(*added));
    model->functions[at] = *added;
    model->function_count++;
    return &model->functions[at];
}
