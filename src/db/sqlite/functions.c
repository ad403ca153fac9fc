/* SPDX-License-Identifier: Apache-2.0 */
/* Registration, arguments and results; what the functions do is in functions_*.c. */
#include <math.h>

#include "core/err_local.h"
#include "core/stop.h"
#include "db/engine.h"
#include "db/sqlite/cell.h"
#include "db/sqlite/conn.h"
#include "db/sqlite/functions_impl.h"
#include "sql/float.h"
#include "sql/search.h"

/* Memory that one call may take; a hostile document is the largest thing it may be for. */
#define SCRATCH_FIRST ((size_t)16 << 10)
#define SCRATCH_MAX ((size_t)512 << 20)
#define OUT_KEPT ((size_t)1 << 20)

/* What SQLite hands back with each call. */
struct binding {
    struct fn *fn;
    const struct fn_def *def; /* NULL: an aggregate or a collation */
};

struct fn *
fn_of(sqlite3_context *ctx)
{
    const struct binding *binding = sqlite3_user_data(ctx);

    return binding->fn;
}

struct fn *
fn_begin(sqlite3_context *ctx)
{
    struct fn *fn = fn_of(ctx);

    arena_reset(fn->scratch);
    buf_clear(&fn->out);
    /* One large result is no reason to keep its memory as long as the connection. */
    if (fn->out.cap > OUT_KEPT) {
        buf_fini(&fn->out);
        buf_init(&fn->out, FN_RESULT_MAX);
    }
    return fn;
}

static void
call(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    const struct binding *binding = sqlite3_user_data(ctx);

    if ((binding->def->flags & FN_NULLS) == 0) {
        for (int i = 0; i < argc; i++) {
            if (fn_is_null(argv[i]))
                return;
        }
    }
    binding->def->call(fn_begin(ctx), ctx, argc, argv);
    if (UNLIKELY(stop_was_due()))
        sqlite3_result_error_code(ctx, SQLITE_INTERRUPT);
}

int64_t
fn_int_of(sqlite3_value *arg)
{
    int64_t value = sqlite3_value_int64(arg);

    return value > INT32_MAX ? INT32_MAX : value < INT32_MIN ? INT32_MIN : value;
}

struct value
fn_value_of(sqlite3_value *arg)
{
    struct value value;

    cell_of(arg, &value);
    return value;
}

bool
fn_numeric_of(struct fn *fn, sqlite3_value *arg, struct numeric *out, struct err *err)
{
    switch (sqlite3_value_type(arg)) {
    case SQLITE_INTEGER:
        numeric_from_i64(sqlite3_value_int64(arg), fn->scratch, out);
        return true;
    case SQLITE_FLOAT:
        return numeric_from_double(sqlite3_value_double(arg), false, fn->scratch, out, err);
    default:
        return numeric_parse(fn_text_of(arg), -1, 0, fn->scratch, out, err);
    }
}

bool
fn_double_of(sqlite3_value *arg, double *out, struct err *err)
{
    if (sqlite3_value_type(arg) == SQLITE_TEXT)
        return float_parse(fn_text_of(arg), false, out, err);
    *out = sqlite3_value_double(arg);
    return true;
}

/* A part of the claims, which live as long as the job: longer than any statement of it has
 * values. */
static bool
is_of_claims(const struct fn *fn, struct str text)
{
    const struct db_session *session = fn->env->session;
    uintptr_t at = (uintptr_t)text.data;
    uintptr_t from = session != NULL ? (uintptr_t)session->claims_json.data : 0;

    return from != 0 && text.len > 0 && at >= from &&
           at + text.len <= from + session->claims_json.len;
}

void
fn_result_str(sqlite3_context *ctx, struct str text)
{
    const struct binding *binding = sqlite3_user_data(ctx);
    /* What a policy compares with is copied by SQLite for each row it looks at, unless it is
     * static. */
    bool is_static = is_of_claims(binding->fn, text);

    sqlite3_result_text64(ctx, text.data != NULL ? text.data : "", text.len,
                          is_static ? SQLITE_STATIC : SQLITE_TRANSIENT, SQLITE_UTF8);
}

void
fn_result(sqlite3_context *ctx, const struct value *value)
{
    if (value->kind == VALUE_TEXT)
        fn_result_str(ctx, value->s);
    else
        lite_conn_result(ctx, value, SQLITE_TRANSIENT);
}

void
fn_result_out(struct fn *fn, sqlite3_context *ctx)
{
    if (buf_ok(&fn->out) && !arena_is_exhausted(fn->scratch))
        fn_result_str(ctx, buf_str(&fn->out));
    else
        fn_fail_with(ctx, "54000", "the result is too large");
}

void
fn_result_numeric(struct fn *fn, sqlite3_context *ctx, const struct numeric *value)
{
    numeric_write(&fn->out, value);
    fn_result_out(fn, ctx);
}

void
fn_result_double(sqlite3_context *ctx, double value)
{
    if (isnan(value))
        fn_result_str(ctx, STR("NaN"));
    else
        sqlite3_result_double(ctx, value);
}

/* A part of an error's text; what would end it becomes a blank. */
static void
add_part(struct buf *out, bool present, const char *text)
{
    buf_add_char(out, '\1');
    for (; present && *text != '\0'; text++)
        buf_add_char(out, *text == '\1' ? ' ' : *text);
}

void
fn_fail(sqlite3_context *ctx, const struct err *err)
{
    struct buf out;

    buf_init(&out, sizeof(*err) + 8);
    buf_add_str(&out, str_from(err->code));
    add_part(&out, true, err->message);
    add_part(&out, err->has_details, err->details);
    add_part(&out, err->has_hint, err->hint);
    sqlite3_result_error(ctx, buf_cstr(&out), -1);
    buf_fini(&out);
}

void
fn_fail_with(sqlite3_context *ctx, const char *code, const char *message)
{
    ERR_LOCAL(err);

    err_set(&err, ERR_DB, code, "%s", message);
    fn_fail(ctx, &err);
}

bool
functions_split_error(const char *text, struct err *err)
{
    struct str rest = str_from(text);
    struct str parts[4];
    char code[6];

    if (rest.len < 6 || rest.data[5] != '\1')
        return false;
    for (size_t i = 0; i < COUNTOF(parts); i++)
        parts[i] = str_cut(&rest, '\1');
    memcpy(code, parts[0].data, 5);
    code[5] = '\0';
    err_set(err, ERR_DB, code, "%.*s", STR_ARG(parts[1]));
    if (parts[2].len > 0)
        err_details(err, "%.*s", STR_ARG(parts[2]));
    if (parts[3].len > 0)
        err_hint(err, "%.*s", STR_ARG(parts[3]));
    return true;
}

/* Statements name few types, but each time one runs. */
static const struct type *
find_type(const struct fn *fn, struct str name)
{
    for (unsigned i = 0; i < fn->type_count; i++) {
        const struct fn_type *known = &fn->types[i];

        if (known->len == name.len && memcmp(known->name, name.data, name.len) == 0)
            return &known->type;
    }
    return NULL;
}

static void
keep_type(struct fn *fn, struct str name, const struct type *type)
{
    struct fn_type *known = &fn->types[fn->type_count];

    if (fn->type_count == FN_TYPES_MAX || name.len > sizeof(known->name))
        return;
    memcpy(known->name, name.data, name.len);
    known->len = name.len;
    known->type = *type;
    fn->type_count++;
}

const struct type *
fn_type_of(sqlite3_context *ctx, int index, sqlite3_value *arg, bool target)
{
    const struct binding *binding = sqlite3_user_data(ctx);
    struct str name = fn_text_of(arg);
    const struct type *known = name.len > 0 ? find_type(binding->fn, name) : NULL;
    struct type *type = NULL;
    ERR_LOCAL(err);

    if (known == NULL)
        known = sqlite3_get_auxdata(ctx, index);
    if (known != NULL)
        return known;
    type = xmalloc(sizeof(*type));
    if (!type_parse_name(name, type)) {
        if (target && !str_eq(name, STR("enum"))) {
            free(type);
            err_set(&err, ERR_DB, "42704", "type \"%.*s\" does not exist", STR_ARG(name));
            fn_fail(ctx, &err);
            return NULL;
        }
        *type = *type_builtin(TYPE_TEXT);
    } else {
        keep_type(binding->fn, name, type);
    }
    sqlite3_set_auxdata(ctx, index, type, free);
    /* NULL when memory ran out and it was freed at once; SQLite has noted that. */
    return sqlite3_get_auxdata(ctx, index);
}

static int
compare_numeric(void *ctx, int a_len, const void *a, int b_len, const void *b)
{
    return numeric_compare_text(str_make(a, (size_t)a_len), str_make(b, (size_t)b_len));
}

/* What a collation reads into; no function runs meanwhile. */
static struct arena *
scratch_of(void *ctx)
{
    struct arena *scratch = ((struct binding *)ctx)->fn->scratch;

    arena_reset(scratch);
    return scratch;
}

static int
compare_arrays(void *ctx, int a_len, const void *a, int b_len, const void *b)
{
    return fn_compare_arrays(str_make(a, (size_t)a_len), str_make(b, (size_t)b_len),
                             scratch_of(ctx), false);
}

static int
compare_number_arrays(void *ctx, int a_len, const void *a, int b_len, const void *b)
{
    return fn_compare_arrays(str_make(a, (size_t)a_len), str_make(b, (size_t)b_len),
                             scratch_of(ctx), true);
}

static int
compare_jsonb(void *ctx, int a_len, const void *a, int b_len, const void *b)
{
    return fn_compare_jsonb(str_make(a, (size_t)a_len), str_make(b, (size_t)b_len),
                            scratch_of(ctx));
}

static const struct {
    const char *name;
    int (*compare)(void *, int, const void *, int, const void *);
} collations[] = {
    {"cairn_numeric", compare_numeric},
    {"cairn_array", compare_arrays},
    {"cairn_array_number", compare_number_arrays},
    {"cairn_jsonb", compare_jsonb},
};

static void
release(void *data)
{
    struct binding *binding = data;
    struct fn *fn = binding->fn;

    free(binding);
    if (--fn->references > 0)
        return;
    arena_free(fn->scratch);
    buf_fini(&fn->out);
    search_free(fn->search);
    free(fn);
}

static struct binding *
binding_new(struct fn *fn, const struct fn_def *def)
{
    struct binding *binding = xmalloc(sizeof(*binding));

    *binding = (struct binding){.fn = fn, .def = def};
    fn->references++;
    return binding;
}

/* SQLite calls release for what it couldn't register too. */
static bool
register_defs(sqlite3 *db, struct fn *fn, const struct fn_defs *defs)
{
    for (size_t i = 0; i < defs->count; i++) {
        const struct fn_def *def = &defs->rows[i];
        int flags = SQLITE_UTF8 | SQLITE_INNOCUOUS;

        if ((def->flags & FN_VOLATILE) == 0)
            flags |= SQLITE_DETERMINISTIC;
        if (sqlite3_create_function_v2(db, def->name, def->args, flags, binding_new(fn, def), call,
                                       NULL, NULL, release) != SQLITE_OK)
            return false;
    }
    return true;
}

static bool
register_aggregates(sqlite3 *db, struct fn *fn)
{
    for (size_t i = 0; i < fn_aggregate_count; i++) {
        const struct fn_aggregate *def = &fn_aggregates[i];

        if (sqlite3_create_function_v2(
                db, def->name, def->args, SQLITE_UTF8 | SQLITE_INNOCUOUS | SQLITE_DETERMINISTIC,
                binding_new(fn, NULL), NULL, def->step, def->final, release) != SQLITE_OK)
            return false;
    }
    return true;
}

bool
functions_register(sqlite3 *db, const struct functions_env *env)
{
    const struct fn_defs *const all[] = {&fn_session, &fn_caller, &fn_numbers, &fn_text,  &fn_match,
                                         &fn_times,   &fn_json,   &fn_array,   &fn_search};
    struct fn *fn = xcalloc(1, sizeof(*fn));
    bool ok;

    fn->env = env;
    fn->scratch = arena_new(SCRATCH_FIRST, SCRATCH_MAX);
    arena_set_soft(fn->scratch);
    buf_init(&fn->out, FN_RESULT_MAX);
    /* A collation that can't be registered is not released. It owns a reference of its own, so that
     * fn lives as long as there is something to register. */
    for (size_t i = 0; i < COUNTOF(collations); i++) {
        struct binding *collation = binding_new(fn, NULL);

        if (sqlite3_create_collation_v2(db, collations[i].name, SQLITE_UTF8, collation,
                                        collations[i].compare, release) != SQLITE_OK) {
            release(collation);
            return false;
        }
    }
    ok = register_aggregates(db, fn);
    for (size_t i = 0; i < COUNTOF(all) && ok; i++)
        ok = register_defs(db, fn, all[i]);
    return ok;
}
