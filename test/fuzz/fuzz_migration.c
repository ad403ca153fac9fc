/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Migrations: any text is translated or refused with its place, and the model that comes of it
 * reads back from its record, and says of each role and table what it may, without marks in the
 * text.
 */
#include "fuzz.h"
#include "schema/access.h"
#include "sql/migration.h"

#define TEXT_MAX ((size_t)64 << 10)
#define RECORD_MAX ((size_t)64 << 20)

/* Looks at every byte of the step, as an engine would. */
static bool
take_step(void *ctx, const struct migration_step *step, struct err *err)
{
    size_t *sum = ctx;

    (void)err;
    FUZZ_CHECK(step->sql.len > 0);
    FUZZ_CHECK(step->row_count >= 1);
    FUZZ_CHECK(step->line >= 1 && step->column >= 1);
    for (size_t i = 0; i < step->sql.len; i++)
        *sum += (unsigned char)step->sql.data[i];
    for (size_t i = 0; i < (size_t)step->row_count * step->param_count; i++) {
        const struct value *value = &step->params[i];

        if (value->kind != VALUE_TEXT && value->kind != VALUE_BLOB)
            continue;
        for (size_t b = 0; b < value->s.len; b++)
            *sum += (unsigned char)value->s.data[b];
    }
    return true;
}

static void
check_record(const struct model *model)
{
    struct model *read = NULL;
    struct err err = {0};
    struct buf once;
    struct buf twice;

    buf_init(&once, RECORD_MAX);
    buf_init(&twice, RECORD_MAX);
    model_write_json(&once, model);
    if (buf_ok(&once)) {
        FUZZ_CHECK(model_read_json(buf_str(&once), &read, &err));
        model_write_json(&twice, read);
        FUZZ_CHECK(str_eq(buf_str(&once), buf_str(&twice)));
    }
    model_free(read);
    buf_fini(&once);
    buf_fini(&twice);
}

static void
check_text(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        FUZZ_CHECK((unsigned char)text.data[i] > 3);
}

static void
check_access_of(const struct schema *schema, const struct schema_role *role,
                const struct schema_table *table, struct arena *arena)
{
    struct access_rule rule;
    struct err err = {0};
    int64_t reads = 0;
    struct buf out;

    buf_init(&out, RECORD_MAX);
    for (int command = MODEL_FOR_SELECT; command <= MODEL_FOR_DELETE; command++) {
        if (!access_rule(schema, role, table, (enum model_command)command, ACCESS_CHECK, STR("t0"),
                         arena, &rule, &err))
            continue;
        FUZZ_CHECK(rule.applies == (rule.count > 0));
        for (uint32_t i = 0; i < rule.count; i++)
            check_text(rule.conditions[i].sql);
    }
    if (access_write_source(schema, role, table, STR("t0"), &out, &reads, &err) && buf_ok(&out))
        check_text(buf_str(&out));
    buf_fini(&out);
}

/* Takes the model. */
static void
check_access(struct model *model)
{
    static const char *const schemas[] = {"public"};
    struct schema *schema = schema_new(model, schemas, 1);
    struct arena *arena = arena_new(65536, RECORD_MAX);

    arena_set_soft(arena);
    for (uint32_t r = 0; r < schema->role_count && r < 8; r++) {
        for (uint32_t t = 0; t < schema->table_count && t < 8; t++) {
            arena_reset(arena);
            check_access_of(schema, &schema->roles[r], &schema->tables[t], arena);
        }
    }
    arena_free(arena);
    schema_unref(schema);
}

void
fuzz_one(struct str input)
{
    size_t sum = 0;
    const struct migration_sink sink = {.run = take_step, .ctx = &sum};
    struct model *model = model_new();
    struct err err = {0};

    input = str_slice(input, 0, TEXT_MAX);
    if (migration_translate(STR("f.sql"), input, model, &sink, &err)) {
        check_record(model);
        check_access(model);
    } else {
        model_free(model);
        FUZZ_CHECK(err.kind == ERR_MIGRATION);
        FUZZ_CHECK(strncmp(err.message, "f.sql:", 6) == 0);
        FUZZ_CHECK(err.code[0] != '\0');
    }

    /* The same bytes as a record: refused, or a model. */
    model = NULL;
    if (model_read_json(input, &model, &err)) {
        check_record(model);
        model_free(model);
    }
}
