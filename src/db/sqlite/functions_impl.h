/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the files of functions_*.c only: how a function gets its arguments and gives its
 * result.
 */
#ifndef CAIRN_DB_SQLITE_FUNCTIONS_IMPL_H
#define CAIRN_DB_SQLITE_FUNCTIONS_IMPL_H

#include "core/arena.h"
#include "core/buf.h"
#include "db/sqlite/functions.h"
#include "sql/numeric.h"
#include "sql/type.h"

/* The most a function makes. */
#define FN_RESULT_MAX ((size_t)256 << 20)

/* A name of a type, and what it stands for. */
struct fn_type {
    char name[24];
    size_t len;
    struct type type;
};

#define FN_TYPES_MAX 16

/* One connection's. A function is never called while another one runs. */
struct fn {
    const struct functions_env *env;
    struct arena *scratch; /* empty at the start of each call */
    struct buf out;        /* the same */
    struct search *search; /* NULL: no word was looked for yet */
    unsigned references;   /* of what is registered */
    unsigned type_count;
    struct fn_type types[FN_TYPES_MAX]; /* the first ones that were named; they stay */
};

#define FN_VOLATILE 1u /* not deterministic */
#define FN_NULLS 2u    /* called with NULL arguments too; others give NULL then */

struct fn_def {
    const char *name;
    int args; /* -1: any number */
    unsigned flags;
    void (*call)(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv);
};

struct fn_aggregate {
    const char *name;
    int args;
    void (*step)(sqlite3_context *ctx, int argc, sqlite3_value **argv);
    void (*final)(sqlite3_context *ctx);
};

struct fn_defs {
    const struct fn_def *rows;
    size_t count;
};

extern const struct fn_defs fn_session, fn_caller, fn_numbers, fn_text, fn_match, fn_times, fn_json,
    fn_array, fn_search;
extern const struct fn_aggregate fn_aggregates[];
extern const size_t fn_aggregate_count;

/* The connection's state, with scratch and out empty. */
struct fn *fn_begin(sqlite3_context *ctx);
/* The same as it is, for who needs neither. */
struct fn *fn_of(sqlite3_context *ctx);

/* The text of an argument, valid until it is asked in another way; NULL is empty. */
static inline struct str
fn_text_of(sqlite3_value *arg)
{
    const char *text = (const char *)sqlite3_value_text(arg);

    return str_make(text, text != NULL ? (size_t)sqlite3_value_bytes(arg) : 0);
}

/* The same without the copy that ends it with a NUL, for who goes by the length. */
static inline struct str
fn_bytes_of(sqlite3_value *arg)
{
    const char *data = sqlite3_value_blob(arg);

    return str_make(data, data != NULL ? (size_t)sqlite3_value_bytes(arg) : 0);
}

static inline bool
fn_is_null(sqlite3_value *arg)
{
    return sqlite3_value_type(arg) == SQLITE_NULL;
}

/* The length of an argument, kept inside what an int holds. */
int64_t fn_int_of(sqlite3_value *arg);
struct value fn_value_of(sqlite3_value *arg);
/* numeric of any argument that is a number or the text of one. */
MUST_CHECK bool fn_numeric_of(struct fn *fn, sqlite3_value *arg, struct numeric *out,
                              struct err *err);
MUST_CHECK bool fn_double_of(sqlite3_value *arg, double *out, struct err *err);

/* As JSON; times with a zone as they read in the caller's. */
void fn_write_json(const struct fn *fn, struct buf *out, char json_class, struct value *value);
void fn_result(sqlite3_context *ctx, const struct value *value);
void fn_result_str(sqlite3_context *ctx, struct str text);
/* fn->out; 54000 when it has overflowed. */
void fn_result_out(struct fn *fn, sqlite3_context *ctx);
void fn_result_numeric(struct fn *fn, sqlite3_context *ctx, const struct numeric *value);
void fn_result_double(sqlite3_context *ctx, double value);
void fn_fail(sqlite3_context *ctx, const struct err *err);
void fn_fail_with(sqlite3_context *ctx, const char *code, const char *message);

/* What an aggregate that makes a JSON array has gathered. */
struct fn_list {
    struct buf out; /* max 0: nothing was added yet */
    void *spec;     /* of fn_json_rows_step; freed in the end */
    uint64_t rows;  /* the same: in out */
};

/* NULL: there is no memory, which SQLite has noted. */
struct fn_list *fn_list_of(sqlite3_context *ctx);
/* functions_json.c: a row more, as cairn_json_row makes it. */
void fn_json_rows_step(sqlite3_context *ctx, int argc, sqlite3_value **argv);

/* functions_array.c: the order of arrays and of jsonb. */
int fn_compare_arrays(struct str a, struct str b, struct arena *arena, bool numbers);
int fn_compare_jsonb(struct str a, struct str b, struct arena *arena);

/* The type that argument index names, looked up once for a constant. NULL: the function has
 * failed. */
const struct type *fn_type_of(sqlite3_context *ctx, int index, sqlite3_value *arg, bool target);

#endif
