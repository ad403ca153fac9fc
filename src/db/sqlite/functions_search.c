/* SPDX-License-Identifier: Apache-2.0 */
/* Full text search (sql/search.h): vectors and queries as text. */
#include "core/err_local.h"
#include "db/sqlite/functions_impl.h"
#include "sql/search.h"

/* What a constant argument was made into, kept between calls. */
struct kept_query {
    struct arena *arena;
    const struct search_node *query;
};

#define QUERY_FIRST ((size_t)1 << 10)
#define QUERY_MAX ((size_t)64 << 20)

static void
free_query(void *data)
{
    struct kept_query *kept = data;

    arena_free(kept->arena);
    free(kept);
}

/* NULL: the function has failed. */
static const struct kept_query *
query_of(sqlite3_context *ctx, int index, sqlite3_value *arg)
{
    struct kept_query *kept = sqlite3_get_auxdata(ctx, index);
    ERR_LOCAL(err);

    if (kept != NULL)
        return kept;
    kept = xcalloc(1, sizeof(*kept));
    kept->arena = arena_new(QUERY_FIRST, QUERY_MAX);
    arena_set_soft(kept->arena);
    /* Kept longer than the argument, so it is read from a copy. */
    if (!search_query_restore(arena_copy(kept->arena, fn_text_of(arg)), kept->arena, &kept->query,
                              &err)) {
        free_query(kept);
        fn_fail(ctx, &err);
        return NULL;
    }
    sqlite3_set_auxdata(ctx, index, kept, free_query);
    return sqlite3_get_auxdata(ctx, index);
}

static const struct search_config *
config_of(sqlite3_context *ctx, int index, sqlite3_value *arg)
{
    struct search_config *config = sqlite3_get_auxdata(ctx, index);
    ERR_LOCAL(err);

    if (config != NULL)
        return config;
    config = xmalloc(sizeof(*config));
    if (!search_find_config(fn_text_of(arg), config, &err)) {
        free(config);
        fn_fail(ctx, &err);
        return NULL;
    }
    sqlite3_set_auxdata(ctx, index, config, free);
    return sqlite3_get_auxdata(ctx, index);
}

static struct search *
search_of(struct fn *fn)
{
    if (fn->search == NULL)
        fn->search = search_new();
    return fn->search;
}

/* The document's vector. What it takes is bounded by the document, which the arena has room for. */
static bool
make_vector(struct fn *fn, sqlite3_context *ctx, sqlite3_value **argv, bool is_json,
            struct search_vector *out)
{
    const struct search_config *config = config_of(ctx, 0, argv[0]);
    struct str text = fn_text_of(argv[1]);
    ERR_LOCAL(err);
    bool ok = false;

    if (config == NULL)
        return false;
    ok = is_json ? search_vector_make_json(search_of(fn), config, text, fn->scratch, out, &err)
                 : search_vector_make(search_of(fn), config, text, fn->scratch, out, &err);
    if (!ok)
        fn_fail(ctx, &err);
    return ok;
}

static bool
read_vector(struct fn *fn, sqlite3_context *ctx, sqlite3_value *arg, struct search_vector *out)
{
    ERR_LOCAL(err);

    if (search_vector_read(fn_text_of(arg), fn->scratch, out, &err))
        return true;
    fn_fail(ctx, &err);
    return false;
}

static void
give_vector(struct fn *fn, sqlite3_context *ctx, const struct search_vector *vector)
{
    search_vector_write(&fn->out, vector);
    fn_result_out(fn, ctx);
}

static void
call_to_tsvector(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct search_vector vector;

    if (make_vector(fn, ctx, argv, false, &vector))
        give_vector(fn, ctx, &vector);
}

static void
call_to_tsvector_json(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct search_vector vector;

    if (make_vector(fn, ctx, argv, true, &vector))
        give_vector(fn, ctx, &vector);
}

static void
call_to_tsquery(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    const struct search_config *config = config_of(ctx, 0, argv[0]);
    const struct search_node *query = NULL;
    int64_t form = fn_int_of(argv[2]);
    ERR_LOCAL(err);

    if (config == NULL)
        return;
    if (form < SEARCH_FORM_PLAIN || form > SEARCH_FORM_QUERY)
        form = SEARCH_FORM_QUERY;
    if (!search_query_make(search_of(fn), config, (enum search_form)form, fn_text_of(argv[1]),
                           fn->scratch, &query, &err)) {
        fn_fail(ctx, &err);
        return;
    }
    search_query_write(&fn->out, query);
    fn_result_out(fn, ctx);
}

static void
give_match(struct fn *fn, sqlite3_context *ctx, int index, sqlite3_value *arg,
           const struct search_vector *vector)
{
    const struct kept_query *kept = query_of(ctx, index, arg);

    if (kept != NULL)
        sqlite3_result_int(ctx, search_match(vector, kept->query, fn->scratch));
}

static void
call_tsmatch(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct search_vector vector;

    if (read_vector(fn, ctx, argv[0], &vector))
        give_match(fn, ctx, 1, argv[1], &vector);
}

static void
call_search(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct search_vector vector;

    if (make_vector(fn, ctx, argv, false, &vector))
        give_match(fn, ctx, 2, argv[2], &vector);
}

static void
call_search_json(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct search_vector vector;

    if (make_vector(fn, ctx, argv, true, &vector))
        give_match(fn, ctx, 2, argv[2], &vector);
}

static void
call_setweight(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    static const char letters[] = "DCBA";
    struct str letter = fn_text_of(argv[1]);
    const char *at = NULL;
    struct search_vector vector;
    char upper = letter.len > 0 ? letter.data[0] : '\0';

    upper = upper >= 'a' && upper <= 'z' ? (char)(upper & ~0x20) : upper;
    at = upper != '\0' ? strchr(letters, upper) : NULL;
    if (at == NULL) {
        char message[64];

        snprintf(message, sizeof(message), "unrecognized weight: \"%c\"",
                 letter.len > 0 ? letter.data[0] : ' ');
        fn_fail_with(ctx, "22023", message);
        return;
    }
    if (!read_vector(fn, ctx, argv[0], &vector))
        return;
    search_vector_weigh(&vector, (unsigned)(at - letters));
    give_vector(fn, ctx, &vector);
}

static void
call_strip(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct search_vector vector;

    if (!read_vector(fn, ctx, argv[0], &vector))
        return;
    search_vector_strip(&vector);
    give_vector(fn, ctx, &vector);
}

static void
call_concat(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct search_vector a;
    struct search_vector b;
    struct search_vector both;
    ERR_LOCAL(err);

    if (!read_vector(fn, ctx, argv[0], &a) || !read_vector(fn, ctx, argv[1], &b))
        return;
    if (search_vector_concat(&a, &b, fn->scratch, &both, &err))
        give_vector(fn, ctx, &both);
    else
        fn_fail(ctx, &err);
}

static void
call_length(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct search_vector vector;

    if (read_vector(fn, ctx, argv[0], &vector))
        sqlite3_result_int64(ctx, vector.count);
}

static void
call_terms(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct search_vector vector;

    for (int i = 0; i < argc && i < SEARCH_KEYS_MAX; i++) {
        if (fn_is_null(argv[i]))
            continue;
        if (!read_vector(fn, ctx, argv[i], &vector))
            return;
        search_terms_write(&fn->out, (unsigned)i, &vector);
    }
    fn_result_out(fn, ctx);
}

static void
call_candidates(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    const struct search_node *query = NULL;
    int64_t key = fn_int_of(argv[1]);
    struct str text;
    ERR_LOCAL(err);

    /* What is wrong with the query is for the match to say. */
    if (key < 0 || key >= SEARCH_KEYS_MAX ||
        !search_query_restore(fn_text_of(argv[0]), fn->scratch, &query, &err))
        return;
    text = search_candidates(query, (unsigned)key, fn->scratch);
    if (text.len > 0 && !arena_is_exhausted(fn->scratch))
        fn_result_str(ctx, text);
}

static const struct fn_def defs[] = {
    {"cairn_to_tsvector", 2, 0, call_to_tsvector},
    {"cairn_to_tsvector_json", 2, 0, call_to_tsvector_json},
    {"cairn_to_tsquery", 3, 0, call_to_tsquery},
    {"cairn_tsmatch", 2, 0, call_tsmatch},
    {"cairn_search", 3, 0, call_search},
    {"cairn_search_json", 3, 0, call_search_json},
    {"cairn_tssetweight", 2, 0, call_setweight},
    {"cairn_tsstrip", 1, 0, call_strip},
    {"cairn_tsconcat", 2, 0, call_concat},
    {"cairn_tslength", 1, 0, call_length},
    {"cairn_tsterms", -1, FN_NULLS, call_terms},
    {"cairn_tscandidates", 2, 0, call_candidates},
};

const struct fn_defs fn_search = {defs, COUNTOF(defs)};
