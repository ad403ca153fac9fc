/* SPDX-License-Identifier: Apache-2.0 */
#include "sql/migration.h"

#include "sql/apply.h"
#include "sql/batch.h"
#include "sql/ddl.h"
#include "sql/expr.h"

#include <stdarg.h>

/* Statements are parsed together: the parser costs more by the call than by the byte. */
#define CHUNK_BYTES ((size_t)64 << 10)
#define SQL_MAX ((size_t)256 << 20)
#define TREE_MAX ((size_t)1 << 30)
/* How much of a statement an error quotes. */
#define QUOTE_BYTES 60

/* --- errors and steps ------------------------------------------------------------------------- */

/* The statement on one line, cut where it gets long. */
static struct str
quote_statement(struct apply *a, size_t at, size_t to)
{
    struct str text = str_trim(str_slice(a->text, at, to));
    struct buf buf;
    bool blank = false;

    apply_buf(&buf);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];

        if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
            blank = true;
            continue;
        }
        if (buf.len >= QUOTE_BYTES && ((unsigned char)c & 0xC0) != 0x80) {
            BUF_ADD_LIT(&buf, " ...");
            break;
        }
        if (blank && buf.len > 0)
            buf_add_char(&buf, ' ');
        blank = false;
        buf_add_char(&buf, c);
    }
    return apply_take(a->tmp, &buf);
}

static bool
fail_text(struct apply *a, size_t at, size_t from, size_t to, const char *code, const char *hint,
          const char *cause)
{
    struct script_position position = apply_position(a, at);
    struct str statement = quote_statement(a, from, to);

    err_set(a->err, ERR_MIGRATION, code, "%.*s:%u:%u: unable to apply '%.*s': %s", STR_ARG(a->file),
            position.line, position.column, STR_ARG(statement), cause);
    if (hint != NULL)
        err_hint(a->err, "%s", hint);
    return false;
}

static size_t
absolute(const struct apply *a, size_t location)
{
    return location == SIZE_MAX || a->base + location > a->text.len ? a->at : a->base + location;
}

bool
apply_fail(struct apply *a, size_t location, const char *code, const char *hint, const char *fmt,
           ...)
{
    char cause[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(cause, sizeof(cause), fmt, args);
    va_end(args);
    return fail_text(a, absolute(a, location), a->at, a->to, code, hint, cause);
}

bool
apply_fail_at(struct apply *a, size_t at, size_t to, const char *code, const char *hint,
              const char *fmt, ...)
{
    char cause[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(cause, sizeof(cause), fmt, args);
    va_end(args);
    return fail_text(a, at, at, to, code, hint, cause);
}

bool
apply_fail_value(struct apply *a, size_t location)
{
    struct err cause = {0};

    if (a->err == NULL)
        return false;
    cause = *a->err;
    err_clear(a->err);
    fail_text(a, absolute(a, location), a->at, a->to, cause.code[0] != '\0' ? cause.code : "22000",
              cause.has_hint ? cause.hint : NULL, cause.message);
    if (cause.has_details)
        err_details(a->err, "%s", cause.details);
    return false;
}

bool
apply_refuse(struct apply *a, size_t location, const char *what)
{
    return apply_fail(a, location, "0A000", HINT_POSTGRES, "the embedded engine does not have %s",
                      what);
}

struct script_position
apply_position(struct apply *a, size_t at)
{
    return script_position(&a->cursor, a->text, at);
}

bool
apply_run_step(struct apply *a, struct migration_step *step)
{
    step->file = a->file;
    if (arena_is_exhausted(a->keep) || arena_is_exhausted(a->tmp))
        return apply_fail(a, SIZE_MAX, "54000", "split the migration", "it is too large");
    return a->sink->run(a->sink->ctx, step, a->err);
}

bool
apply_run_on(struct apply *a, size_t at, const struct model_table *target, struct str sql)
{
    struct script_position position = apply_position(a, at);
    struct migration_step step = {
        .sql = sql,
        .row_count = 1,
        .line = position.line,
        .column = position.column,
        .target = target,
    };

    return apply_run_step(a, &step);
}

bool
apply_run(struct apply *a, size_t at, struct str sql)
{
    return apply_run_on(a, at, NULL, sql);
}

void
apply_buf(struct buf *buf)
{
    buf_init(buf, SQL_MAX);
}

struct str
apply_take(struct arena *arena, struct buf *buf)
{
    struct str copy = arena_copy(arena, buf_str(buf));

    buf_fini(buf);
    return copy;
}

/* --- dispatch --------------------------------------------------------------------------------- */

/* Nothing to do on the embedded engine. */
static bool
apply_nothing(struct apply *a, const struct json *body)
{
    (void)a;
    (void)body;
    return true;
}

static bool
apply_transaction(struct apply *a, const struct json *body)
{
    (void)body;
    return apply_fail(a, SIZE_MAX, "0A000", "remove BEGIN, COMMIT and the like",
                      "each migration is one transaction already");
}

static bool
apply_create_schema(struct apply *a, const struct json *body)
{
    struct model *model = a->model;
    struct str name = pg_str(body, "schemaname");
    struct model_acl acl;
    struct str *grown;

    if (pg_count(body, "schemaElts") > 0)
        return apply_refuse(a, SIZE_MAX, "CREATE SCHEMA with objects in it");
    if (name.len == 0)
        return apply_fail(a, SIZE_MAX, "0A000", "write the schema's name", "it has no name");
    if (str_eq(name, STR("public")))
        return pg_bool(body, "if_not_exists") ||
               apply_fail(a, SIZE_MAX, "42P06", NULL, "schema \"public\" already exists");
    for (uint32_t i = 0; i < model->schema_count; i++) {
        if (!str_eq(model->schemas[i], name))
            continue;
        return pg_bool(body, "if_not_exists") ||
               apply_fail(a, SIZE_MAX, "42P06", NULL, "schema \"%.*s\" already exists",
                          STR_ARG(name));
    }
    grown = edit_grow(a, model->schemas, model->schema_count, sizeof(*grown));
    grown[model->schema_count++] = arena_copy(a->keep, name);
    model->schemas = grown;
    apply_default_acl(a, "schemas", STR_NULL, &acl);
    if (acl.is_stated)
        apply_schema_acl(a, name)->acl = acl;
    return pg_get(body, "authrole") == NULL ||
           apply_set_owner(a, &apply_schema_acl(a, name)->acl, pg_get(body, "authrole"));
}

/* What these bring that is used here exists: gen_random_uuid() and the like. */
static bool
apply_create_extension(struct apply *a, const struct json *body)
{
    static const char *const known[] = {"plpgsql", "pgcrypto", "uuid-ossp"};
    struct str name = pg_str(body, "extname");

    for (size_t i = 0; i < COUNTOF(known); i++) {
        if (str_eq(name, str_from(known[i])))
            return true;
    }
    return apply_fail(a, SIZE_MAX, "0A000", HINT_POSTGRES,
                      "the embedded engine does not have extension \"%.*s\"", STR_ARG(name));
}

static const struct {
    const char *kind;
    apply_fn apply;
} statements[] = {
    {"AlterDefaultPrivilegesStmt", apply_default_privileges},
    {"AlterEnumStmt", apply_alter_enum},
    {"AlterOwnerStmt", apply_owner},
    {"AlterPolicyStmt", apply_alter_policy},
    {"AlterRoleSetStmt", apply_alter_role_set},
    {"AlterRoleStmt", apply_alter_role},
    {"AlterSeqStmt", apply_alter_sequence},
    {"AlterTableStmt", apply_alter_table},
    {"CommentStmt", apply_comment},
    {"CreateEnumStmt", apply_create_enum},
    {"CreateExtensionStmt", apply_create_extension},
    {"CreateFunctionStmt", apply_create_function},
    {"CreatePolicyStmt", apply_create_policy},
    {"CreateRoleStmt", apply_create_role},
    {"CreateSchemaStmt", apply_create_schema},
    {"CreateSeqStmt", apply_create_sequence},
    {"CreateStmt", apply_create_table},
    {"DeleteStmt", apply_delete},
    {"DropOwnedStmt", apply_drop_owned},
    {"DropRoleStmt", apply_drop_role},
    {"DropStmt", apply_drop},
    {"GrantRoleStmt", apply_grant_role},
    {"GrantStmt", apply_grant},
    {"IndexStmt", apply_create_index},
    {"InsertStmt", apply_insert},
    {"LockStmt", apply_nothing},
    {"ReassignOwnedStmt", apply_reassign_owned},
    {"RenameStmt", apply_rename},
    {"SelectStmt", apply_select},
    {"TransactionStmt", apply_transaction},
    {"TruncateStmt", apply_truncate},
    {"UpdateStmt", apply_update},
    {"VariableSetStmt", apply_set},
    {"ViewStmt", apply_create_view},
};

/* Statements that deserve words of their own when they are refused. */
static const struct {
    const char *kind;
    const char *what;
} refusals[] = {
    {"CompositeTypeStmt", "composite types"},
    {"CreateCastStmt", "casts of one's own"},
    {"CreateDomainStmt", "domains"},
    {"CreateEventTrigStmt", "event triggers"},
    {"CreatePublicationStmt", "publications"},
    {"CreateRangeStmt", "range types"},
    {"CreateTableAsStmt", "CREATE TABLE AS and materialized views"},
    {"CreateTrigStmt", "triggers"},
    {"DefineStmt", "objects of this kind"},
    {"DoStmt", "DO blocks"},
    {"MergeStmt", "MERGE"},
    {"RuleStmt", "rules"},
};

static bool
apply_statement(struct apply *a, const struct json *node)
{
    struct str kind = pg_kind(node);

    for (size_t i = 0; i < COUNTOF(statements); i++) {
        if (!str_eq(kind, str_from(statements[i].kind)))
            continue;
        /* Rows that wait go first, unless more of the same kind come. */
        if (statements[i].apply != apply_insert && !batch_flush(a))
            return false;
        return statements[i].apply(a, pg_body(node));
    }
    for (size_t i = 0; i < COUNTOF(refusals); i++) {
        if (str_eq(kind, str_from(refusals[i].kind)))
            return apply_refuse(a, SIZE_MAX, refusals[i].what);
    }
    return apply_refuse(a, SIZE_MAX, "this statement");
}

/* --- the script ------------------------------------------------------------------------------- */

static bool
fail_script(struct apply *a, const struct script_fault *fault)
{
    return apply_fail_at(a, fault->at, str_find_char(a->text, '\n', fault->at), "42601",
                         fault->hint, "%s", fault->cause);
}

/* Parses text[from, to) into a->tree. */
static bool
parse(struct apply *a, size_t from, size_t to)
{
    struct pgtree_error error;
    size_t at;

    arena_reset(a->tmp);
    a->base = from;
    if (pgtree_parse(str_slice(a->text, from, to), a->tmp, &a->tree, &error))
        return true;
    at = from + error.at;
    return apply_fail_at(a, at, str_find_char(a->text, '\n', at), "42601", NULL, "%s",
                         error.message);
}

/* Applies all statements of the tree. */
static bool
apply_tree(struct apply *a)
{
    struct pgtree_statement statement;
    const struct json *next = NULL;

    while (pgtree_next(&a->tree, &next, &statement)) {
        a->at = a->base + statement.from;
        a->to = a->base + statement.to;
        if (!apply_statement(a, statement.node))
            return false;
        if (arena_is_exhausted(a->keep) || arena_is_exhausted(a->tmp))
            return apply_fail(a, SIZE_MAX, "54000", "split the migration", "it is too large");
    }
    /* They point into the tree, which goes now. */
    return batch_flush(a);
}

static bool
apply_copy_piece(struct apply *a, const struct script_piece *piece)
{
    struct pgtree_statement statement;
    const struct json *next = NULL;
    const struct json *copy;

    if (!parse(a, piece->from, piece->to))
        return false;
    if (!pgtree_next(&a->tree, &next, &statement))
        return true;
    a->at = piece->from;
    a->to = piece->to;
    copy = pg_as(statement.node, "CopyStmt");
    if (copy == NULL)
        return apply_refuse(a, SIZE_MAX, "this statement");
    return apply_copy(a, copy, str_slice(a->text, piece->data_from, piece->data_to),
                      piece->data_from);
}

/* Applies the whole script: statements in chunks, each COPY by itself. */
static bool
apply_script(struct apply *a)
{
    struct script script;
    struct script_piece piece;
    struct script_fault fault;
    size_t from = SIZE_MAX; /* of the chunk */
    size_t to = 0;

    script_init(&script, a->text);
    while (script_next(&script, &piece, &fault)) {
        bool joins = from != SIZE_MAX && !piece.has_data && !piece.after_command &&
                     piece.end - from <= CHUNK_BYTES;

        if (from != SIZE_MAX && !joins) {
            if (!parse(a, from, to) || !apply_tree(a))
                return false;
            from = SIZE_MAX;
        }
        if (piece.has_data) {
            if (!apply_copy_piece(a, &piece))
                return false;
            continue;
        }
        if (from == SIZE_MAX)
            from = piece.from;
        to = piece.end;
    }
    if (fault.cause != NULL)
        return fail_script(a, &fault);
    return from == SIZE_MAX || (parse(a, from, to) && apply_tree(a));
}

/* What the parser can't be given. */
static bool
check_text(struct apply *a)
{
    const char *nul = a->text.len > 0 ? memchr(a->text.data, '\0', a->text.len) : NULL;
    size_t at = 0;

    if (nul != NULL)
        return apply_fail_at(a, (size_t)(nul - a->text.data), (size_t)(nul - a->text.data), "22021",
                             NULL, "the file has a byte of value zero");
    if (str_is_utf8(a->text))
        return true;
    for (size_t step; (step = str_utf8_step(a->text, at)) > 0;)
        at += step;
    return apply_fail_at(a, at, at, "22021", "save the file as UTF-8", "the file is not UTF-8");
}

bool
migration_translate(struct str file_name, struct str text, struct model *model,
                    const struct migration_sink *sink, struct err *err)
{
    struct apply a = {
        .file = file_name,
        .text = text,
        .model = model,
        .keep = model->arena,
        .tmp = arena_new(65536, TREE_MAX),
        .sink = sink,
        .err = err,
        .path = {STR("public")},
        .path_count = 1,
        .ddl = ddl_new(),
        .batch = batch_new(),
    };
    bool ok = false;

    arena_set_soft(a.tmp);
    ok = check_text(&a) && apply_script(&a) && batch_flush(&a) && ddl_finish(&a) &&
         ddl_search_settle(&a) && apply_settle_functions(&a) && apply_settle_policies(&a);
    view_settle(model);

    batch_free(a.batch);
    ddl_free(a.ddl);
    arena_free(a.tmp);
    return ok;
}
