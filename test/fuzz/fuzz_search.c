/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Full text search: tokens lie in the text, which a scan goes through to its end; a vector and a
 * query read back as what they were written; a text matches the phrase of its own words. A newline
 * in the input ends the text and begins a query.
 */
#include "fuzz.h"
#include "sql/search.h"
#include "sql/search_scan.h"

#define ARENA_MAX ((size_t)256 << 20)

static void
check_tokens(struct str text)
{
    struct search_scan scan;
    struct search_token token;
    bool found = true;
    bool ok = true;
    size_t end = 0;
    struct err err = {0};

    search_scan_init(&scan, text);
    while ((ok = search_scan_next(&scan, &token, &found, &err)) && found) {
        FUZZ_CHECK(token.kind > 0 && token.kind < SEARCH_KINDS);
        FUZZ_CHECK(token.text.len > 0);
        FUZZ_CHECK(token.text.data >= text.data);
        FUZZ_CHECK(token.text.data + token.text.len <= text.data + text.len);
        end = (size_t)(token.text.data - text.data) + token.text.len;
    }
    FUZZ_CHECK(ok || strcmp(err.code, "54001") == 0 || strcmp(err.code, "54000") == 0);
    /* PostgreSQL's parser ends before an open tag whose quoted part ends with an escaped
     * character. */
    FUZZ_CHECK(!ok || end == text.len || memchr(text.data, '\\', text.len) != NULL);
    search_scan_fini(&scan);
}

static void
check_vector(const struct search_vector *vector, struct arena *arena)
{
    struct search_vector again;
    struct buf first;
    struct buf second;
    struct err err = {0};

    buf_init(&first, ARENA_MAX);
    buf_init(&second, ARENA_MAX);
    search_vector_write(&first, vector);
    FUZZ_CHECK(search_vector_read(buf_str(&first), arena, &again, &err));
    search_vector_write(&second, &again);
    FUZZ_CHECK(str_eq(buf_str(&first), buf_str(&second)));
    buf_fini(&first);
    buf_fini(&second);
}

static void
check_query(const struct search_node *query, struct arena *arena)
{
    const struct search_node *again = NULL;
    struct buf first;
    struct buf second;
    struct err err = {0};

    buf_init(&first, ARENA_MAX);
    buf_init(&second, ARENA_MAX);
    search_query_write(&first, query);
    if (search_query_restore(buf_str(&first), arena, &again, &err)) {
        search_query_write(&second, again);
        FUZZ_CHECK(str_eq(buf_str(&first), buf_str(&second)));
    } else {
        /* Distances that have come round below zero are not read. */
        FUZZ_CHECK(memchr(first.data, '<', first.len) != NULL);
    }
    buf_fini(&first);
    buf_fini(&second);
}

/* A vector that matches has every word that candidates without a choice ask for. */
static void
check_candidates(const struct search_vector *vector, const struct search_node *query, bool matches,
                 struct arena *arena)
{
    struct str rest = search_candidates(query, 3, arena);
    struct buf terms;

    FUZZ_CHECK(query != NULL || str_eq(rest, STR("\"\"")));
    if (!matches || memmem(rest.data, rest.len, " OR ", 4) != NULL)
        return;
    buf_init(&terms, ARENA_MAX);
    search_terms_write(&terms, 3, vector);
    buf_add_char(&terms, ' ');
    while (rest.len > 0) {
        struct str term = (str_cut(&rest, '"'), str_cut(&rest, '"'));
        bool is_prefix = rest.len > 0 && rest.data[0] == '*';
        struct str whole = arena_printf(arena, "%.*s%s", STR_ARG(term), is_prefix ? "" : " ");

        if (term.len > 0)
            FUZZ_CHECK(memmem(terms.data, terms.len, whole.data, whole.len) != NULL);
    }
    buf_fini(&terms);
}

static void
check_all(struct search *search, const struct search_config *config, struct str text,
          struct str words, struct arena *arena)
{
    struct search_vector vector;
    const struct search_node *query = NULL;
    struct err err = {0};

    if (search_vector_read(text, arena, &vector, &err))
        check_vector(&vector, arena);
    if (search_query_read(words, arena, &query, &err))
        check_query(query, arena);
    if (!search_vector_make(search, config, text, arena, &vector, &err))
        return;
    check_vector(&vector, arena);
    for (int form = SEARCH_FORM_PLAIN; form <= SEARCH_FORM_QUERY; form++) {
        if (!search_query_make(search, config, (enum search_form)form, words, arena, &query, &err))
            continue;
        check_query(query, arena);
        check_candidates(&vector, query, search_match(&vector, query, arena), arena);
    }
    if (text.len < 1000 && vector.count > 0 &&
        search_query_make(search, config, SEARCH_FORM_PHRASE, text, arena, &query, &err))
        FUZZ_CHECK(search_match(&vector, query, arena));
}

void
fuzz_one(struct str input)
{
    size_t end = str_find_char(input, '\n', 0);
    struct str text = str_slice(input, 0, end);
    struct str words = str_slice(input, end + 1, input.len);
    struct search *search = NULL;
    struct arena *arena = NULL;
    struct search_config config;
    struct err err = {0};

    if (!str_is_utf8(input) || (input.len > 0 && memchr(input.data, '\0', input.len) != NULL))
        return;
    check_tokens(text);
    search = search_new();
    arena = arena_new(65536, ARENA_MAX);
    FUZZ_CHECK(search_find_config(STR("simple"), &config, &err));
    check_all(search, &config, text, words, arena);
    FUZZ_CHECK(search_find_config(STR_NULL, &config, &err));
    check_all(search, &config, text, words, arena);
    arena_free(arena);
    search_free(search);
}
