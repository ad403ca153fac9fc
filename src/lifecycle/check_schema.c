/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/check_schema.h"

#include "io/file.h"
#include "sql/migration.h"

enum { FILES_MAX = 4096, FILE_MAX = 64 * 1024 * 1024, NAMES_SHOWN = 3 };

#define SLOW_FROM 10    /* the first bucket of history_bounds that is past half a second */
#define SLOW_SHARE 0.01 /* of all requests */

/* Nothing is run: the model alone is wanted. */
static bool
run_nothing(void *ctx, const struct migration_step *step, struct err *err)
{
    return true;
}

static bool
translate(const char *path, struct str name, struct model *model, struct err *err)
{
    const struct migration_sink sink = {.run = run_nothing};
    struct buf text;
    bool ok;

    buf_init(&text, FILE_MAX);
    ok = file_read(path, &text, NULL, err) &&
         migration_translate(name, buf_str(&text), model, &sink, err);
    buf_fini(&text);

    return ok;
}

struct schema *
check_load_schema(const struct check_input *input, struct err *err)
{
    const struct config *config = input->config;
    struct model *model = model_new();
    struct str *names = NULL;
    struct schema *schema;
    size_t count = 0;

    if (file_exists(config->migrations_dir) &&
        !dir_list(config->migrations_dir, FILES_MAX, input->arena, &names, &count, err)) {
        model_free(model);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        const char *path =
            arena_printf(input->arena, "%s/%s", config->migrations_dir, names[i].data).data;

        if (!str_has_suffix(names[i], STR(".sql")))
            continue;
        if (!translate(path, names[i], model, err)) {
            model_free(model);
            return NULL;
        }
    }
    schema = schema_new(model, (const char *const *)config->database_schemas.items,
                        config->database_schemas.count);
    schema_set_open(schema, config->auth_anonymous == CONFIG_AUTH_ANONYMOUS_OPEN);

    return schema;
}

/* --- indexes ---------------------------------------------------------------------------------- */

/* Whether an index's keys, as PostgreSQL's text has them behind "btree (", begin with the
 * column. */
static bool
begins_with(const struct model_index *index, struct str column)
{
    const char *open = memmem(index->sql.data, index->sql.len, " (", 2);
    struct str keys;

    if (open == NULL)
        return false;
    keys = str_slice(index->sql, (size_t)(open - index->sql.data) + 2, index->sql.len);
    if (keys.len > 0 && keys.data[0] == '"')
        keys = str_slice(keys, 1, keys.len);

    return str_has_prefix(keys, column) && keys.len > column.len &&
           strchr(",) \"", keys.data[column.len]) != NULL;
}

static bool
has_index(const struct model_table *table, uint32_t column)
{
    for (uint32_t i = 0; i < table->key_count; i++) {
        if (table->keys[i].column_count > 0 && table->keys[i].columns[0] == column)
            return true;
    }
    for (uint32_t i = 0; i < table->index_count; i++) {
        if (begins_with(&table->indexes[i], table->columns[column].name))
            return true;
    }

    return false;
}

/* The foreign keys whose first column no index begins with: each embed, and each delete of what
 * they point to, reads the whole table. */
static size_t
find_unindexed(const struct model *model, struct buf *names, size_t *total)
{
    size_t found = 0;

    *total = 0;
    for (uint32_t t = 0; t < model->table_count; t++) {
        const struct model_table *table = &model->tables[t];

        for (uint32_t k = 0; k < table->foreign_key_count; k++) {
            uint32_t column = table->foreign_keys[k].columns[0];

            (*total)++;
            if (has_index(table, column))
                continue;
            if (found++ < NAMES_SHOWN)
                buf_printf(names, "%s%.*s (%.*s)", found > 1 ? ", " : "", STR_ARG(table->name),
                           STR_ARG(table->columns[column].name));
        }
    }

    return found;
}

/* What the service lived through; false when that is too little. */
static bool
judge_lived(const struct check_input *input, struct evidence *out)
{
    struct history_figures lived;
    uint64_t slow = 0;
    double share;

    if (!check_lived(input, &lived))
        return false;
    for (unsigned i = SLOW_FROM; i < HISTORY_BUCKETS; i++)
        slow += lived.latency[i];
    share = (double)slow / (double)lived.requests;
    evidence_add_figure(out, "slow_requests", share * 100, "%");
    if (share >= SLOW_SHARE)
        check_fail(input, out,
                   "%.2f %% of the %llu requests of 30 days took longer than half a second",
                   share * 100, (unsigned long long)lived.requests);
    else
        check_pass(input, out,
                   "%.2f %% of the %llu requests of 30 days took longer than half a second",
                   share * 100, (unsigned long long)lived.requests);

    return true;
}

static void
look_slow_queries(const struct check_input *input, struct evidence *out)
{
    struct err err = {0};
    struct schema *schema = check_load_schema(input, &err);
    size_t total = 0, found = 0;
    struct buf names;

    out->limit = "each foreign key has its index, and 99 % of requests take less than 500 ms";
    buf_init(&names, 4096);
    if (schema != NULL)
        found = find_unindexed(schema->model, &names, &total);
    if (found > 0)
        check_fail(input, out, "%zu of %zu foreign keys have no index: %s%s", found, total,
                   buf_cstr(&names), found > NAMES_SHOWN ? ", ..." : "");
    else if (!judge_lived(input, out))
        check_unknown(input, out, "%s; what is slow shows when users have made 1,000 requests",
                      schema == NULL ? "the migrations are PostgreSQL's own"
                      : total == 0   ? "no foreign key needs an index"
                                     : "each foreign key has its index");
    buf_fini(&names);
    schema_unref(schema);
}

const struct check_def check_schemas[] = {
    {"slow-queries", look_slow_queries},
};
const size_t check_schemas_count = COUNTOF(check_schemas);
