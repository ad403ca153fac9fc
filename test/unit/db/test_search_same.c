/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Full text search, beside a real PostgreSQL: thousands of texts and queries made at random from
 * what its parser tells apart, and the same answers, byte by byte.
 *
 *     test_search_same [SEED [ROUNDS]]
 */
#include "pg_cluster.h"

#include "core/json.h"
#include "sql/letter.h"
#include "sql/search.h"
#include "sql/search_scan.h"
#include "unit/unit.h"

#define BATCH 500
#define TEXT_MAX 400

static struct pg_cluster cluster;
static PGconn *conn;
static uint64_t random_state = 20260101;
static unsigned rounds = 2;

static unsigned
pick(unsigned count)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(random_state >> 33) % count;
}

/* What is asked of both; PostgreSQL's side of it is in sql_setup. */
static const char *const questions[] = {
    "tokens",      "vector",     "query", "plain",  "phrase", "web",
    "read vector", "read query", "match", "concat", "json",   "words",
};
enum question {
    TOKENS,
    VECTOR,
    QUERY,
    PLAIN,
    PHRASE,
    WEB,
    READ_VECTOR,
    READ_QUERY,
    MATCH,
    CONCAT,
    JSON,
    WORDS
};

static const char sql_setup[] =
    "create function answer(question text, language regconfig, a text, b text) returns text"
    " language plpgsql as $body$ declare message text; code text; begin"
    " return case question"
    " when 'tokens' then (select string_agg(tokid || ':' || token, E'\\x01' order by n)"
    "   from ts_parse('default', a) with ordinality p(tokid, token, n))"
    " when 'words' then to_tsvector(language, a)::text"
    " when 'vector' then to_tsvector(language, a)::text"
    " when 'json' then to_tsvector(language, jsonb_build_object('a', a, 'b', jsonb_build_array(b, 1)))::text"
    " when 'query' then to_tsquery(language, a)::text"
    " when 'plain' then plainto_tsquery(language, a)::text"
    " when 'phrase' then phraseto_tsquery(language, a)::text"
    " when 'web' then websearch_to_tsquery(language, a)::text"
    " when 'read vector' then a::tsvector::text"
    " when 'read query' then a::tsquery::text"
    " when 'concat' then (setweight(to_tsvector(language, a), 'B') || to_tsvector(language, b))::text"
    " when 'match' then (a::tsvector @@ b::tsquery)::text end;"
    " exception when others then"
    " get stacked diagnostics message = message_text, code = returned_sqlstate;"
    " return 'E|' || code || '|' || message; end $body$";

struct sample {
    const char *language;
    char a[TEXT_MAX];
    char b[TEXT_MAX];
};

static const char *const languages[] = {
    "english", "simple",  "english", "german",    "french",  "spanish", "russian",
    "hindi",   "italian", "dutch",   "norwegian", "turkish", "greek",   "arabic",
};

static const char *const words[] = {
    "the",
    "cat",
    "running",
    "generously",
    "dying",
    "a",
    "x",
    "Cats",
    "not",
    "or",
    "and",
    "e",
    "E",
    "www",
    "com",
    "http",
    "https",
    "ftp",
    "org",
    "etc",
    "usr",
    "bin",
    "script",
    "style",
    "br",
    "p",
    "b",
    "xml",
    "amp",
    "lt",
    "DOCTYPE",
    "die",
    "l\xC3\xA4uft",
    "\xC3\x89t\xC3\xA9",
    "na\xC3\xAFve",
    "\xD0\xBA\xD0\xBE\xD1\x88\xD0\xBA\xD0\xB8",
    "\xD0\xB8",
    "cora\xC3\xA7\xC3\xA3o",
    "foo",
    "bar",
    "\xE6\xBC\xA2\xE5\xAD\x97",
    "\xE0\xA4\xB9\xE0\xA4\xBF\xE0\xA4\xA8",
    "e\xCC\x81",
    "\xCC\x81",
    "\xEF\xBC\x91",
    "\xC2\xB2",
    "0",
    "1",
    "12",
    "3456",
    "0x1F",
    "1e5",
    "12.5",
    "1.2.3",
    "2026",
    "un",
    "perros",
    "maisons",
    "cl\xC3\xA9",
    "K\xC3\xA4tzchen",
    "\xCE\xB3\xCE\xAC\xCF\x84\xCE\xB5\xCF\x82",
};
static const char *const signs[] = {
    " ",
    " ",
    " ",
    "  ",
    "\t",
    "\n",
    ".",
    ".",
    ",",
    "-",
    "-",
    "--",
    "+",
    "_",
    "@",
    "/",
    "/",
    "//",
    "://",
    ":",
    ";",
    "&",
    "&#",
    "&#x",
    "<",
    "</",
    "<!--",
    "-->",
    ">",
    "/>",
    "?",
    "=",
    "!",
    "~",
    "~/",
    "'",
    "\"",
    "\\",
    "#",
    "%",
    "(",
    ")",
    "[",
    "{",
    "|",
    "^",
    "$",
    "..",
    "../",
    "./",
    "*",
    "\xC2\xA0",
    "\xE2\x80\x94",
    "\xE3\x80\x80",
    "<->",
    "<2>",
    " & ",
    " | ",
    " !",
};
static const char *const vector_parts[] = {
    "a", "b", "'", "''", "\\", " ",     " ",   ":",   "1",     "2",   "17000",    "0",  ",",
    "A", "b", "C", "D",  "*",  "'c d'", "cat", ":3A", ":1,2B", ":5*", "\xC3\xA4", "12",
};
static const char *const query_parts[] = {
    "a",        "b",   "cat",     "cats",     "the",    " & ",     "&",       " | ",
    "|",        "!",   "!!",      "(",        ")",      " <-> ",   "<->",     "<2>",
    "<0>",      "<",   ">",       " ",        "'a b'",  "'",       "\\",      ":*",
    ":A",       ":ab", ":",       "or",       " OR ",   "\"",      "-",       "foo-bar",
    "\xC3\xA4", "1.5", "'a ''b'", "/usr/bin", "a@b.cc", "<20000>", "<16384>",
};

static void
add_part(char *text, const char *part)
{
    if (strlen(text) + strlen(part) + 1 < TEXT_MAX)
        memcpy(text + strlen(text), part, strlen(part) + 1);
}

static void
make_text(char *text)
{
    text[0] = '\0';
    for (unsigned i = pick(14) + 1; i > 0; i--) {
        add_part(text, pick(2) == 0 ? words[pick(COUNTOF(words))] : signs[pick(COUNTOF(signs))]);
        if (pick(40) == 0) {
            char c[2] = {(char)(pick(126) + 1), '\0'};

            add_part(text, c);
        }
    }
}

static void
make_from(char *text, const char *const *parts, unsigned count, unsigned most)
{
    text[0] = '\0';
    for (unsigned i = pick(most); i > 0; i--)
        add_part(text, parts[pick(count)]);
}

/* A vector and a query of few letters, so that they often match. */
static void
make_match(struct sample *sample)
{
    static const char *const operators[] = {" & ", " | ", " <-> ", " <2> ", " <-> ", " <3> "};
    static const char *const operands[] = {"a",  "b",  "c",    "a:*", "b:A", "!a",
                                           "!b", "!c", "c:BD", "d:*", "aa",  "!d:A"};
    unsigned depth = 0;

    sample->a[0] = sample->b[0] = '\0';
    for (unsigned i = pick(5) + 1; i > 0; i--) {
        char entry[64];
        char letter = (char)('a' + pick(4));
        unsigned has_places = pick(8);

        snprintf(entry, sizeof(entry), has_places == 0 ? "%c%s " : "%c%s:%u%s,%u%s ", letter,
                 pick(3) == 0 ? "a" : "", pick(7) + 1, pick(3) == 0 ? "A" : "", pick(7) + 1,
                 pick(3) == 0 ? "B" : "");
        add_part(sample->a, entry);
    }
    for (unsigned i = pick(5);; i--) {
        if (pick(4) == 0) {
            add_part(sample->b, pick(3) == 0 ? "!(" : "(");
            depth++;
        }
        add_part(sample->b, operands[pick(COUNTOF(operands))]);
        if (depth > 0 && pick(3) == 0) {
            add_part(sample->b, ")");
            depth--;
        }
        if (i == 0)
            break;
        add_part(sample->b, operators[pick(COUNTOF(operators))]);
    }
    while (depth-- > 0)
        add_part(sample->b, ")");
}

/* Where the letters of a script are. */
static const struct {
    uint32_t first, last;
} scripts[] = {
    {'a', 'z'},     {'a', 'z'},       {0xE0, 0x17F},    {0x3AC, 0x3CE}, {0x430, 0x45F},
    {0x561, 0x586}, {0x5D0, 0x5EA},   {0x621, 0x652},   {0x671, 0x6D3}, {0x904, 0x94D},
    {0xB85, 0xBCD}, {0x10D0, 0x10F0}, {0x1E00, 0x1EFF}, {0x410, 0x42F}, {0x1F00, 0x1F6F},
};

/* Words of one language, whole, joined and with endings, and words of its script, in any
 * language. */
static void
make_words(struct sample *sample)
{
    size_t script = pick(COUNTOF(scripts));
    struct buf out;

    buf_init(&out, TEXT_MAX - 1);
    for (unsigned i = 0; i < 6; i++) {
        const struct search_language *from =
            &search_languages[pick((unsigned)search_language_count)];

        for (unsigned j = pick(3) + 1; j > 0 && from->stop_count > 0; j--)
            buf_add_str(&out, str_from(from->stops[pick((unsigned)from->stop_count)]));
        for (unsigned j = pick(8); j > 0; j--)
            letter_write(&out, scripts[script].first +
                                   pick(scripts[script].last - scripts[script].first + 1));
        buf_add_char(&out, ' ');
    }
    snprintf(sample->a, sizeof(sample->a), "%s", buf_cstr(&out));
    buf_fini(&out);
    sample->language = search_languages[pick((unsigned)search_language_count)].name;
}

static void
make_sample(enum question question, struct sample *sample)
{
    sample->language = languages[pick(COUNTOF(languages))];
    sample->b[0] = '\0';
    if (question == WORDS) {
        make_words(sample);
    } else if (question == MATCH) {
        make_match(sample);
    } else if (question == READ_VECTOR) {
        make_from(sample->a, vector_parts, COUNTOF(vector_parts), 12);
    } else if (question == READ_QUERY || (question >= QUERY && question <= WEB && pick(3) > 0)) {
        make_from(sample->a, query_parts, COUNTOF(query_parts), 12);
    } else {
        make_text(sample->a);
        make_text(sample->b);
    }
}

static bool
write_tokens(const struct sample *sample, struct buf *out, struct err *err)
{
    struct search_scan scan;
    struct search_token token;
    bool found = false;
    bool ok = true;

    search_scan_init(&scan, str_from(sample->a));
    while ((ok = search_scan_next(&scan, &token, &found, err)) && found)
        buf_printf(out, "%s%u:%.*s", out->len > 0 ? "\1" : "", (unsigned)token.kind,
                   STR_ARG(token.text));
    search_scan_fini(&scan);
    return ok;
}

static bool
write_json(struct search *search, const struct search_config *config, const struct sample *sample,
           struct arena *arena, struct search_vector *vector, struct err *err)
{
    struct buf json;
    struct str text = STR_NULL;

    buf_init(&json, 65536);
    BUF_ADD_LIT(&json, "{\"a\": ");
    json_write_str(&json, str_from(sample->a));
    BUF_ADD_LIT(&json, ", \"b\": [");
    json_write_str(&json, str_from(sample->b));
    BUF_ADD_LIT(&json, ", 1]}");
    text = arena_copy(arena, buf_str(&json));
    buf_fini(&json);
    return search_vector_make_json(search, config, text, arena, vector, err);
}

static bool
write_vector(enum question question, struct search *search, const struct search_config *config,
             const struct sample *sample, struct arena *arena, struct buf *out, struct err *err)
{
    struct search_vector vector = {0};
    struct search_vector second = {0};
    struct search_vector both = {0};
    bool ok = false;

    if (question == JSON) {
        ok = write_json(search, config, sample, arena, &vector, err);
    } else if (question == READ_VECTOR) {
        ok = search_vector_read(str_from(sample->a), arena, &vector, err);
    } else {
        ok = search_vector_make(search, config, str_from(sample->a), arena, &vector, err);
    }
    if (ok && question == CONCAT) {
        search_vector_weigh(&vector, 2);
        ok = search_vector_make(search, config, str_from(sample->b), arena, &second, err) &&
             search_vector_concat(&vector, &second, arena, &both, err);
        vector = both;
    }
    if (ok)
        search_vector_write(out, &vector);
    return ok;
}

static bool
write_query(enum question question, struct search *search, const struct search_config *config,
            const struct sample *sample, struct arena *arena, struct buf *out, struct err *err)
{
    static const enum search_form forms[] = {
        [QUERY] = SEARCH_FORM_QUERY,
        [PLAIN] = SEARCH_FORM_PLAIN,
        [PHRASE] = SEARCH_FORM_PHRASE,
        [WEB] = SEARCH_FORM_WEB,
    };
    const struct search_node *query = NULL;
    struct str text = str_from(sample->a);

    if (question == READ_QUERY
            ? !search_query_read(text, arena, &query, err)
            : !search_query_make(search, config, forms[question], text, arena, &query, err))
        return false;
    search_query_write(out, query);
    return true;
}

static bool
write_match(const struct sample *sample, struct arena *arena, struct buf *out, struct err *err)
{
    struct search_vector vector = {0};
    const struct search_node *query = NULL;

    if (!search_vector_read(str_from(sample->a), arena, &vector, err) ||
        !search_query_read(str_from(sample->b), arena, &query, err))
        return false;
    buf_add_str(out, search_match(&vector, query, arena) ? STR("true") : STR("false"));
    return true;
}

/* What we answer. */
static void
answer(enum question question, struct search *search, const struct sample *sample,
       struct arena *arena, struct buf *out)
{
    struct search_config config;
    struct err err = {0};
    bool ok = search_find_config(str_from(sample->language), &config, &err);

    buf_clear(out);
    if (ok && question == TOKENS)
        ok = write_tokens(sample, out, &err);
    else if (ok && question == MATCH)
        ok = write_match(sample, arena, out, &err);
    else if (ok && (question == READ_QUERY || (question >= QUERY && question <= WEB)))
        ok = write_query(question, search, &config, sample, arena, out, &err);
    else if (ok)
        ok = write_vector(question, search, &config, sample, arena, out, &err);
    if (!ok) {
        buf_clear(out);
        buf_printf(out, "E|%s|%s", err.code, err.message);
    }
}

/* As an array of PostgreSQL's. */
static void
add_item(struct buf *out, const char *text, bool first)
{
    buf_add_str(out, first ? STR("{\"") : STR(",\""));
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            buf_add_char(out, '\\');
        buf_add_char(out, *text);
    }
    buf_add_char(out, '"');
}

static PGresult *
ask(enum question question, const struct sample *samples)
{
    struct buf items[3];
    const char *values[4] = {questions[question], NULL, NULL, NULL};
    PGresult *result = NULL;

    for (size_t i = 0; i < COUNTOF(items); i++)
        buf_init(&items[i], (size_t)16 << 20);
    for (unsigned i = 0; i < BATCH; i++) {
        add_item(&items[0], samples[i].language, i == 0);
        add_item(&items[1], samples[i].a, i == 0);
        add_item(&items[2], samples[i].b, i == 0);
    }
    for (size_t i = 0; i < COUNTOF(items); i++) {
        buf_add_char(&items[i], '}');
        values[i + 1] = buf_cstr(&items[i]);
    }
    result = PQexecParams(conn,
                          "select answer($1, l::regconfig, a, b) from"
                          " unnest($2::text[], $3::text[], $4::text[]) with ordinality"
                          " as t(l, a, b, n) order by n",
                          4, NULL, values, NULL, NULL, 0);
    for (size_t i = 0; i < COUNTOF(items); i++)
        buf_fini(&items[i]);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        fail_msg("%s", PQerrorMessage(conn));
    return result;
}

static void
compare_batch(enum question question, struct search *search, unsigned *wrong)
{
    static struct sample samples[BATCH];
    struct arena *arena = arena_new(65536, (size_t)64 << 20);
    struct buf out;
    PGresult *result = NULL;

    buf_init(&out, (size_t)1 << 20);
    for (unsigned i = 0; i < BATCH; i++)
        make_sample(question, &samples[i]);
    result = ask(question, samples);
    for (unsigned i = 0; i < BATCH; i++) {
        const char *theirs = PQgetvalue(result, (int)i, 0);

        arena_reset(arena);
        answer(question, search, &samples[i], arena, &out);
        if (strcmp(buf_cstr(&out), theirs) == 0)
            continue;
        if (++*wrong <= 10)
            print_error("%s of %s <%s> <%s>\n  PostgreSQL: %s\n  we:         %s\n",
                        questions[question], samples[i].language, samples[i].a, samples[i].b,
                        theirs, buf_cstr(&out));
    }
    PQclear(result);
    buf_fini(&out);
    arena_free(arena);
}

static void
compare(enum question question)
{
    struct search *search = search_new();
    unsigned wrong = 0;

    for (unsigned i = 0; i < rounds; i++)
        compare_batch(question, search, &wrong);
    search_free(search);
    assert_int_equal(wrong, 0);
}

#define COMPARES(name, question)   \
    static void name(void **state) \
    {                              \
        compare(question);         \
    }

COMPARES(a_text_is_cut_into_the_same_tokens, TOKENS)
COMPARES(a_text_becomes_the_same_vector, VECTOR)
COMPARES(words_of_all_languages_have_the_same_stems, WORDS)
COMPARES(json_becomes_the_same_vector, JSON)
COMPARES(weighted_vectors_join_alike, CONCAT)
COMPARES(a_vector_is_read_alike, READ_VECTOR)
COMPARES(a_query_is_read_alike, READ_QUERY)
COMPARES(to_tsquery_is_the_same, QUERY)
COMPARES(plainto_tsquery_is_the_same, PLAIN)
COMPARES(phraseto_tsquery_is_the_same, PHRASE)
COMPARES(websearch_to_tsquery_is_the_same, WEB)
COMPARES(a_vector_matches_the_same_queries, MATCH)

static int
setup(void **state)
{
    char url[300];
    PGresult *result = NULL;

    pg_cluster_create(&cluster);
    pg_cluster_start(&cluster);
    pg_cluster_exec(&cluster, "create database search template template0 encoding 'UTF8'"
                              " lc_collate 'C' lc_ctype 'C.UTF-8'");
    conn = pg_cluster_connect(&cluster);
    snprintf(url, sizeof(url), "host=%s port=%s user=%s dbname=search", PQhost(conn), PQport(conn),
             PQuser(conn));
    PQfinish(conn);
    conn = PQconnectdb(url);
    if (PQstatus(conn) != CONNECTION_OK)
        fail_msg("%s", PQerrorMessage(conn));
    PQclear(PQexec(conn, "set client_min_messages = error"));
    result = PQexec(conn, sql_setup);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        fail_msg("%s", PQerrorMessage(conn));
    PQclear(result);
    return 0;
}

static int
teardown(void **state)
{
    PQfinish(conn);
    pg_cluster_destroy(&cluster);
    return 0;
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_cut_into_the_same_tokens),
        cmocka_unit_test(a_text_becomes_the_same_vector),
        cmocka_unit_test(words_of_all_languages_have_the_same_stems),
        cmocka_unit_test(json_becomes_the_same_vector),
        cmocka_unit_test(weighted_vectors_join_alike),
        cmocka_unit_test(a_vector_is_read_alike),
        cmocka_unit_test(a_query_is_read_alike),
        cmocka_unit_test(to_tsquery_is_the_same),
        cmocka_unit_test(plainto_tsquery_is_the_same),
        cmocka_unit_test(phraseto_tsquery_is_the_same),
        cmocka_unit_test(websearch_to_tsquery_is_the_same),
        cmocka_unit_test(a_vector_matches_the_same_queries),
    };

    if (!pg_cluster_is_possible())
        return 77;
    if (argc > 1)
        random_state = strtoull(argv[1], NULL, 10);
    if (argc > 2)
        rounds = (unsigned)strtoul(argv[2], NULL, 10);
    return cmocka_run_group_tests(tests, setup, teardown);
}
