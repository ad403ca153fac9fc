/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Indexes for full text search on the embedded engine: the candidates that they find change the
 * work and never the answer.
 *
 *     test_rest_search [SEED [ROUNDS]]
 */
#include "rest/bind.h"
#include "sample.h"
#include "sql/search.h"
#include "unit/sql/lite.h"

#define ROWS 120
#define SEARCHES 250 /* of one round, after which rows change */

static uint64_t random_state = 20260101;
static unsigned rounds = 6;

static unsigned
pick(unsigned count)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(random_state >> 33) % count;
}

/* The database, and its schema with the indexes and without. */
struct world {
    struct lite lite;
    struct schema *with, *without;
};

static void
migrate(struct world *w, const char *sql)
{
    static const char *const schemas[] = {"public"};
    struct err err = {0};
    struct model *bare = NULL;

    assert_ok(lite_migrate(&w->lite, "m.sql", str_from(sql), &err));
    schema_unref(w->with);
    schema_unref(w->without);
    bare = lite_copy_model(w->lite.model);
    for (uint32_t t = 0; t < bare->table_count; t++) {
        for (uint32_t i = 0; i < bare->tables[t].index_count; i++)
            bare->tables[t].indexes[i].search_count = 0;
    }
    w->with = schema_new(lite_copy_model(w->lite.model), schemas, 1);
    w->without = schema_new(bare, schemas, 1);
}

static void
open_world(struct world *w, const char *sql)
{
    *w = (struct world){0};
    lite_open(&w->lite);
    assert_true(
        lite_exec(&w->lite, "COMMIT; PRAGMA recursive_triggers=ON; PRAGMA foreign_keys=ON"));
    sqlite3_db_config(w->lite.db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(w->lite.db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    migrate(w, sql);
}

static void
close_world(struct world *w)
{
    schema_unref(w->with);
    schema_unref(w->without);
    lite_close(&w->lite);
}

/* What a statement gives: cells with '|' behind each, and rows with a line's end. */
static void
gather(struct world *w, struct str sql, const struct value *params, uint32_t count, struct buf *out)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(w->lite.db, sql.data, (int)sql.len, &stmt, NULL);

    if (rc != SQLITE_OK)
        fail_msg("%s in %.*s", sqlite3_errmsg(w->lite.db), STR_ARG(sql));
    for (uint32_t i = 0; i < count; i++)
        lite_bind(stmt, (int)i + 1, &params[i]);
    buf_clear(out);
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(stmt); i++)
            buf_printf(out, "%s|", (const char *)sqlite3_column_text(stmt, i));
        buf_add_char(out, '\n');
    }
    if (rc != SQLITE_DONE)
        buf_printf(out, "%s", sqlite3_errmsg(w->lite.db));
    buf_add_char(out, '\0');
    sqlite3_finalize(stmt);
}

/* The request's answer, or, with before "EXPLAIN QUERY PLAN ", its plan. */
static void
ask(struct world *w, const struct schema *schema, const struct sample_input *input,
    const char *before, struct buf *out)
{
    struct sample_request request;
    struct db_stmt bound = {0};

    if (!sample_make(&request, schema, DB_SQLITE, input))
        fail_msg("%s: %.*s", request.err.message, STR_ARG(input->query));
    const struct bind_input in = {
        .dialect = DB_SQLITE,
        .plan = request.plan,
        .slots = request.api.slots,
        .payload = &request.payload,
        .arena = request.arena,
    };
    if (bind_stmt(&in, &request.sql.main, &bound, &request.err)) {
        gather(w, arena_printf(request.arena, "%s%.*s", before, STR_ARG(request.sql.main.sql)),
               bound.params, bound.param_count, out);
    } else {
        buf_clear(out);
        buf_printf(out, "%s", request.err.message);
        buf_add_char(out, '\0');
    }
    sample_fini(&request);
}

static const char *
read_with(struct world *w, const struct schema *schema, const char *table, const char *query,
          const char *before)
{
    static struct buf out;
    const struct sample_input input = {
        .table = str_from(table), .action = PLAN_READ, .query = str_from(query)};

    if (out.max == 0)
        buf_init(&out, (size_t)4 << 20);
    ask(w, schema, &input, before, &out);
    return out.data;
}

/* The same rows with the index and without, and these. */
static void
expect_rows(struct world *w, const char *table, const char *query, const char *rows)
{
    assert_string_equal(read_with(w, w->without, table, query, ""), rows);
    assert_string_equal(read_with(w, w->with, table, query, ""), rows);
}

static bool
uses_candidates(struct world *w, const char *table, const char *query)
{
    const char *plan = read_with(w, w->with, table, query, "EXPLAIN QUERY PLAN ");
    bool scans = strstr(plan, "|SCAN t0|") != NULL;

    return strstr(plan, "USING INTEGER PRIMARY KEY (rowid=?)") != NULL && !scans &&
           strstr(plan, "VIRTUAL TABLE INDEX 0:M") != NULL;
}

static int64_t
count_of(struct world *w, const char *sql)
{
    struct buf out;
    int64_t n;

    buf_init(&out, 4096);
    gather(w, str_from(sql), NULL, 0, &out);
    n = strtoll(out.data, NULL, 10);
    buf_fini(&out);
    return n;
}

/* Tables and triggers that a migration's author has not made. */
static int64_t
count_hidden(struct world *w)
{
    return count_of(w, "SELECT count(*) FROM sqlite_master WHERE name LIKE 'cairn_fts:%'");
}

#define NOTES                                                                                \
    "CREATE TABLE notes (id bigint PRIMARY KEY, title varchar(200), body text, extra jsonb," \
    " code char(9), words tsvector GENERATED ALWAYS AS (setweight(to_tsvector('english',"    \
    " coalesce(title, '')), 'A') || to_tsvector('english', coalesce(body, ''))) STORED,"     \
    " own tsvector);"

#define INDEXES                                                                             \
    "CREATE INDEX notes_words ON notes USING gin (words, own);"                             \
    "CREATE INDEX notes_title ON notes USING gist (to_tsvector('simple', title));"          \
    "CREATE INDEX notes_body ON notes USING gin (to_tsvector('pg_catalog.english', body));" \
    "CREATE INDEX notes_code ON notes USING gin (to_tsvector('simple', code));"             \
    "CREATE INDEX notes_extra ON notes USING gin (to_tsvector('english', extra));"

#define THREE                                                                                             \
    "INSERT INTO notes (id, title, body, extra, code, own) VALUES (1, 'Fat Cats', 'sat on mats', "        \
    "'{\"a\": \"running dogs\"}', 'Ab-1', 'x:1 y:2'), (2, 'Rats', 'a cat and a rat', '[]', 'ab', NULL), " \
    "(3, NULL, NULL, NULL, NULL, 'x');"

static void
an_index_finds_the_rows_of_a_search(void **state)
{
    static const char *const queries[] = {
        "words=fts(english).cat",
        "words=wfts.cats",
        "own=fts(simple).x",
        "title=fts(simple).fat",
        "body=plfts(english).mat",
        "body=phfts.sat on mats",
        "body=fts(English).mat",
        "extra=fts(english).dog",
        "words=fts(english).cat&id=gt.0",
        "and=(words.fts.cat,own.fts.x)",
    };
    struct world w;

    open_world(&w, NOTES INDEXES THREE);
    for (size_t i = 0; i < COUNTOF(queries); i++) {
        if (!uses_candidates(&w, "notes", queries[i]))
            fail_msg("%s: %s", queries[i],
                     read_with(&w, w.with, "notes", queries[i], "EXPLAIN QUERY PLAN "));
    }
    expect_rows(&w, "notes", "select=id&words=fts(english).cat&order=id", "1|\n2|\n");
    expect_rows(&w, "notes", "select=id&own=fts(simple).x&order=id", "1|\n3|\n");
    expect_rows(&w, "notes", "select=id&title=fts(simple).fat", "1|\n");
    expect_rows(&w, "notes", "select=id&extra=fts(english).dog", "1|\n");
    expect_rows(&w, "notes", "select=id&words=fts(english).ca:*&order=id", "1|\n2|\n");
    /* Another language, another column, or the opposite: every row is looked at. */
    assert_false(uses_candidates(&w, "notes", "title=fts(english).cat"));
    assert_false(uses_candidates(&w, "notes", "body=fts(simple).cat"));
    assert_false(uses_candidates(&w, "notes", "words=not.fts.cat"));
    assert_false(uses_candidates(&w, "notes", "not.and=(words.fts.cat,id.gt.0)"));
    /* One row by its key is looked at. */
    assert_false(uses_candidates(&w, "notes", "words=fts.cat&id=eq.1"));
    expect_rows(&w, "notes", "select=id&words=fts(english).cat&id=eq.1", "1|\n");
    /* char(n) becomes text by losing its blanks, which is another expression. */
    assert_false(uses_candidates(&w, "notes", "code=fts(simple).ab"));
    assert_false(uses_candidates(&w, "notes", "extra->>a=fts(english).dog"));
    close_world(&w);
}

static void
what_only_not_asks_for_is_found_by_looking_at_all_rows(void **state)
{
    struct world w;

    open_world(&w, NOTES INDEXES THREE);
    expect_rows(&w, "notes", "select=id&words=fts(english).!cat&order=id", "3|\n");
    expect_rows(&w, "notes", "select=id&words=fts(english).!cat|rat&order=id", "2|\n3|\n");
    expect_rows(&w, "notes", "select=id&words=wfts(english).-dog rat&order=id", "2|\n");
    expect_rows(&w, "notes", "select=id&words=not.fts(english).rat&order=id", "1|\n3|\n");
    /* Nothing left of it: no row. */
    expect_rows(&w, "notes", "select=id&words=fts(english).the&order=id", "");
    expect_rows(&w, "notes", "select=id&words=plfts(english).&order=id", "");
    close_world(&w);
}

static void
writes_of_every_kind_keep_it(void **state)
{
    struct world w;

    open_world(&w, "CREATE TABLE owners (id int PRIMARY KEY);"
                   "CREATE TABLE notes (id text PRIMARY KEY, owner int REFERENCES owners ON DELETE "
                   "CASCADE ON UPDATE CASCADE, body text DEFAULT 'cat');"
                   "CREATE INDEX notes_body ON notes USING gin (to_tsvector('english', body));"
                   "INSERT INTO owners VALUES (1), (2);"
                   "INSERT INTO notes VALUES ('a', 1, 'cat'), ('b', 2, 'dog'), ('c', 2, NULL);");
    expect_rows(&w, "notes", "select=id&body=fts.cat", "a|\n");
    assert_true(uses_candidates(&w, "notes", "body=fts.cat"));
    assert_true(lite_exec(&w.lite, "UPDATE notes SET body = 'cats and dogs' WHERE id = 'c'"));
    expect_rows(&w, "notes", "select=id&body=fts.dog&order=id", "b|\nc|\n");
    assert_true(lite_exec(&w.lite, "UPDATE notes SET id = 'z' WHERE id = 'c'"));
    expect_rows(&w, "notes", "select=id&body=fts.cat&order=id", "a|\nz|\n");
    assert_true(lite_exec(&w.lite, "UPDATE notes SET rowid = 99 WHERE id = 'z'"));
    expect_rows(&w, "notes", "select=id&body=fts.cat&order=id", "a|\nz|\n");
    assert_true(lite_exec(&w.lite, "INSERT INTO notes VALUES ('a', 1, 'rats') ON CONFLICT (id) DO "
                                   "UPDATE SET body = excluded.body"));
    expect_rows(&w, "notes", "select=id&body=fts.rat", "a|\n");
    expect_rows(&w, "notes", "select=id&body=fts.cat", "z|\n");
    assert_true(lite_exec(&w.lite, "INSERT OR REPLACE INTO notes VALUES ('a', 1, 'mice')"));
    expect_rows(&w, "notes", "select=id&body=fts.rat", "");
    assert_true(lite_exec(&w.lite, "SAVEPOINT s; DELETE FROM notes; INSERT INTO notes VALUES ('n', "
                                   "1, 'cat'); ROLLBACK TO s; RELEASE s"));
    expect_rows(&w, "notes", "select=id&body=fts.cat", "z|\n");
    assert_true(lite_exec(&w.lite, "UPDATE owners SET id = 5 WHERE id = 2"));
    expect_rows(&w, "notes", "select=id&owner=eq.5&body=fts.dog&order=id", "b|\nz|\n");
    assert_true(lite_exec(&w.lite, "DELETE FROM owners WHERE id = 5"));
    expect_rows(&w, "notes", "select=id&body=fts.dog", "");
    assert_int_equal(count_of(&w, "SELECT count(*) FROM \"cairn_fts:notes_body:\""), 1);
    /* The table's row numbers are still those of the index. */
    assert_true(lite_exec(&w.lite,
                          "INSERT INTO owners VALUES (8); INSERT INTO notes VALUES ('k', 8, "
                          "'owls'), ('j', 8, 'ants'); DELETE FROM notes WHERE id = 'k'"));
    assert_true(lite_exec(&w.lite, "VACUUM"));
    expect_rows(&w, "notes", "select=id&body=fts.ant", "j|\n");
    close_world(&w);
}

static void
migrations_keep_it_and_drop_it(void **state)
{
    struct world w;

    open_world(&w, NOTES THREE);
    assert_int_equal(count_hidden(&w), 0);
    migrate(&w, "CREATE INDEX notes_body ON notes USING gin (to_tsvector('english', body));"
                "CREATE INDEX notes_words ON notes USING gin (words);");
    assert_true(uses_candidates(&w, "notes", "body=fts.mat"));
    expect_rows(&w, "notes", "select=id&body=fts.mat", "1|\n");
    migrate(&w,
            "ALTER TABLE notes RENAME COLUMN body TO contents; ALTER TABLE notes RENAME TO texts;"
            "ALTER INDEX notes_words RENAME TO \"notes_words:_data\";");
    assert_true(uses_candidates(&w, "texts", "contents=fts.mat"));
    assert_true(uses_candidates(&w, "texts", "words=fts.mat"));
    assert_true(lite_exec(&w.lite, "UPDATE texts SET contents = 'dogs' WHERE id = 1"));
    expect_rows(&w, "texts", "select=id&contents=fts.dog", "1|\n");
    expect_rows(&w, "texts", "select=id&words=fts.dog", "1|\n");
    expect_rows(&w, "texts", "select=id&words=fts.mat", "");
    /* Made anew. */
    migrate(&w, "ALTER TABLE texts ADD CONSTRAINT c CHECK (id > 0);"
                "INSERT INTO texts (id, contents) VALUES (9, 'owls');");
    assert_true(uses_candidates(&w, "texts", "contents=fts.dog"));
    expect_rows(&w, "texts", "select=id&contents=fts.dog", "1|\n");
    expect_rows(&w, "texts", "select=id&words=fts.owl", "9|\n");
    migrate(&w, "ALTER TABLE texts ALTER COLUMN contents TYPE varchar(100); TRUNCATE texts;"
                "INSERT INTO texts (id, contents) VALUES (4, 'ants');");
    expect_rows(&w, "texts", "select=id&contents=fts.ant", "4|\n");
    assert_true(uses_candidates(&w, "texts", "contents=fts.ant"));
    assert_int_equal(count_hidden(&w), 2 * (1 + 3 + 4));
    migrate(&w, "DROP INDEX \"notes_words:_data\";");
    assert_int_equal(count_hidden(&w), 8);
    assert_false(uses_candidates(&w, "texts", "words=fts.ant"));
    expect_rows(&w, "texts", "select=id&words=fts.ant", "4|\n");
    migrate(&w, "ALTER TABLE texts DROP COLUMN words; ALTER TABLE texts DROP COLUMN contents;");
    assert_int_equal(count_hidden(&w), 0);
    migrate(&w,
            "CREATE INDEX ON texts USING gin (own); CREATE SCHEMA s;"
            "CREATE TABLE s.a (id int PRIMARY KEY, own tsvector); CREATE INDEX x ON s.a USING gin "
            "(own); DROP TABLE texts;");
    assert_int_equal(count_hidden(&w), 8);
    migrate(&w, "DROP TABLE s.a;");
    assert_int_equal(count_hidden(&w), 0);
    close_world(&w);
}

static void
a_database_from_before_has_it_after_its_next_migration(void **state)
{
    struct world w;
    struct model_index *index;

    open_world(&w, NOTES
               "CREATE INDEX notes_body ON notes USING gin (to_tsvector('english', body));" THREE);
    /* As it was then: recorded, and nothing in the database. */
    assert_true(lite_exec(&w.lite, "DROP TRIGGER \"cairn_fts:notes_body:_insert\";"
                                   "DROP TRIGGER \"cairn_fts:notes_body:_update\";"
                                   "DROP TRIGGER \"cairn_fts:notes_body:_delete\";"
                                   "DROP TABLE \"cairn_fts:notes_body:\""));
    index = &model_find_table(w.lite.model, STR("public"), STR("notes"))->indexes[0];
    index->search_count = 0;
    assert_int_equal(count_hidden(&w), 0);
    migrate(&w, "CREATE TABLE other (a int);");
    assert_true(uses_candidates(&w, "notes", "body=fts.mat"));
    expect_rows(&w, "notes", "select=id&body=fts.mat", "1|\n");
    close_world(&w);
}

static void
indexes_that_can_not_find_candidates_have_no_table(void **state)
{
    struct world w;

    open_world(&w,
               "CREATE TABLE loose (id int, body text, words tsvector);"
               "CREATE INDEX loose_words ON loose USING gin (words);"
               "CREATE TABLE part (id int PRIMARY KEY, words tsvector);"
               "CREATE INDEX ON part USING gin (words) WHERE id > 1;"
               "CREATE TABLE odd (id int PRIMARY KEY, rowid int, _rowid_ int, oid int, words "
               "tsvector); CREATE INDEX ON odd USING gin (words);"
               "CREATE TABLE half (id text PRIMARY KEY, rowid text, words tsvector);"
               "CREATE INDEX ON half USING gin (words);"
               "INSERT INTO loose VALUES (1, 'a', 'a'); INSERT INTO part VALUES (1, 'a');"
               "INSERT INTO odd VALUES (1, 7, 7, 7, 'a'); INSERT INTO half VALUES ('1', 'x', 'a')");
    assert_int_equal(count_hidden(&w), 8);
    expect_rows(&w, "loose", "select=id&words=fts(simple).a", "1|\n");
    expect_rows(&w, "part", "select=id&words=fts(simple).a", "1|\n");
    expect_rows(&w, "odd", "select=id&words=fts(simple).a", "1|\n");
    expect_rows(&w, "half", "select=id&words=fts(simple).a", "1|\n");
    assert_true(uses_candidates(&w, "half", "words=fts(simple).a"));
    /* With a key it gets one, and without it loses it. */
    migrate(&w, "ALTER TABLE loose ADD CONSTRAINT k UNIQUE (id);");
    assert_true(uses_candidates(&w, "loose", "words=fts(simple).a"));
    migrate(&w, "ALTER TABLE loose DROP CONSTRAINT k;");
    assert_false(uses_candidates(&w, "loose", "words=fts(simple).a"));
    assert_int_equal(count_hidden(&w), 8);
    close_world(&w);
}

static void
views_and_writes_find_their_rows_through_it(void **state)
{
    struct world w;
    struct buf out;

    open_world(&w, NOTES INDEXES THREE
               "CREATE VIEW few AS SELECT id AS key, words AS text FROM notes WHERE id < 3;"
               "CREATE VIEW keyless AS SELECT words FROM notes;");
    assert_true(uses_candidates(&w, "few", "text=fts.cat"));
    expect_rows(&w, "few", "select=key&text=fts.cat&order=key", "1|\n2|\n");
    expect_rows(&w, "keyless", "select=words&words=fts.mat",
                "'cat':2A 'fat':1A 'mat':5 'sat':3|\n");
    buf_init(&out, 65536);
    struct sample_input change = {.table = STR("few"),
                                  .action = PLAN_UPDATE,
                                  .query = STR("text=fts.rat"),
                                  .body = STR("{\"key\":-5}")};
    ask(&w, w.with, &change, "", &out);
    assert_string_equal(out.data, "");
    expect_rows(&w, "few", "select=key&text=fts.cat&order=key", "-5|\n1|\n");
    struct sample_input delete = {
        .table = STR("notes"), .action = PLAN_DELETE, .query = STR("words=fts.cat")};
    ask(&w, w.with, &delete, "", &out);
    assert_string_equal(out.data, "");
    expect_rows(&w, "notes", "select=id", "3|\n");
    assert_int_equal(count_of(&w, "SELECT count(*) FROM \"cairn_fts:notes_words:\""), 1);
    buf_fini(&out);
    close_world(&w);
}

static bool
body_searches(struct world *w, uint32_t function)
{
    struct str sql = w->lite.model->functions[function].statements[0].sql;

    return memmem(sql.data, sql.len, "cairn_fts:notes_words:", 22) != NULL;
}

static void
the_body_of_a_function_uses_it_for_as_long_as_it_is_there(void **state)
{
    struct world w;

    open_world(
        &w, NOTES
        "CREATE FUNCTION f1(q text) RETURNS SETOF notes LANGUAGE sql STABLE AS $$ SELECT n.* FROM "
        "notes AS n WHERE n.words @@ plainto_tsquery('english', q) $$;"
        "CREATE FUNCTION f2(own text) RETURNS SETOF notes LANGUAGE sql STABLE AS $$ SELECT * FROM "
        "notes WHERE to_tsquery('english', own::text) @@ notes.words $$;"
        "CREATE FUNCTION f3(q text) RETURNS SETOF notes LANGUAGE sql STABLE AS $$ SELECT * FROM "
        "notes WHERE NOT words @@ to_tsquery('english', q) $$;"
        "CREATE INDEX notes_words ON notes USING gin (words);");
    assert_true(body_searches(&w, 0));
    /* own is the column there. */
    assert_false(body_searches(&w, 1));
    assert_false(body_searches(&w, 2));
    migrate(&w, "ALTER INDEX notes_words RENAME TO other;");
    assert_false(body_searches(&w, 0));
    migrate(&w, "ALTER INDEX other RENAME TO notes_words;");
    assert_true(body_searches(&w, 0));
    migrate(&w, "DROP INDEX notes_words;");
    assert_false(body_searches(&w, 0));
    close_world(&w);
}

/* --- texts and queries made at random --------------------------------------------------------- */

static const char *const words[] = {
    "cat",
    "cats",
    "Cat",
    "dog",
    "the",
    "running",
    "ran",
    "e-mail",
    "a.b@c.org",
    "/usr/bin",
    "1.5e3",
    "-7",
    "x",
    "l\xC3\xA4uft",
    "\xC3\x89t\xC3\xA9",
    "\xE6\xBC\xA2\xE5\xAD\x97",
    "super",
    "supernovae",
    "star",
    "it's",
    "foo_bar",
    "foo-bar",
    "http://example.com/a?b=c",
    "&amp;",
    "<br>",
    "rat",
    "rats",
    "\xCE\xB3\xCE\xAC",
    "OR",
    "AND",
    "NEAR",
    "\\\"",
    "''",
    "*",
    "owl",
    "ant",
};
static const char *const joints[] = {" ", " ", " ", " ", ", ", "-", "/", ".", "\n", "'", "\""};
static const char *const operators[] = {" & ", " | ", " <-> ", " <2> ", " & !", " | !", " <-> !"};

static void
add_words(struct buf *out, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        buf_printf(out, "%s%s", i > 0 ? joints[pick(COUNTOF(joints))] : "",
                   words[pick(COUNTOF(words))]);
}

/* Of to_tsquery: words in quotes, so that each is taken. */
static void
add_query(struct buf *out, unsigned depth)
{
    unsigned parts = 1 + pick(4);

    for (unsigned i = 0; i < parts; i++) {
        buf_printf(out, "%s",
                   i > 0          ? operators[pick(COUNTOF(operators))]
                   : pick(8) == 0 ? "!"
                                  : "");
        if (depth > 0 && pick(3) == 0) {
            buf_add_char(out, '(');
            add_query(out, depth - 1);
            buf_add_char(out, ')');
            continue;
        }
        const char *word = words[pick(COUNTOF(words))];
        bool is_plain = strpbrk(word, "'\\ *&<>!|:()") == NULL;
        buf_printf(out, is_plain ? "'%s'" : "x", word);
        if (pick(5) == 0)
            buf_printf(out, "%s", pick(2) == 0 ? ":*" : ":A");
    }
}

static void
add_encoded(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        buf_printf(out, "%%%02X", (unsigned char)text.data[i]);
}

static void
make_search(struct buf *out)
{
    static const char *const fields[] = {"words", "own", "title", "body", "extra", "code"};
    static const char *const forms[] = {"fts", "fts", "plfts", "phfts", "wfts"};
    const char *form = forms[pick(COUNTOF(forms))];
    struct buf query;

    buf_init(&query, 65536);
    if (strcmp(form, "fts") == 0)
        add_query(&query, 2);
    else
        add_words(&query, 1 + pick(3));
    if (strcmp(form, "wfts") == 0 && pick(3) == 0)
        buf_printf(&query, " -%s", words[pick(COUNTOF(words))]);
    buf_clear(out);
    buf_printf(out, "select=id&order=id&%s=%s%s(%s).", fields[pick(COUNTOF(fields))],
               pick(10) == 0 ? "not." : "", form, pick(2) == 0 ? "english" : "simple");
    add_encoded(out, buf_str(&query));
    buf_add_char(out, '\0');
    buf_fini(&query);
}

static void
change_row(struct world *w, unsigned id)
{
    struct buf text[3];
    sqlite3_stmt *stmt = NULL;

    if (pick(4) == 0)
        lite_exec(&w->lite, "DELETE FROM notes WHERE id = (SELECT id FROM notes ORDER BY "
                            "cairn_uuid() LIMIT 1)");
    for (int i = 0; i < 3; i++) {
        buf_init(&text[i], 65536);
        add_words(&text[i], pick(12));
    }
    assert_int_equal(
        sqlite3_prepare_v2(
            w->lite.db,
            "INSERT INTO notes (id, title, body, extra, code, own) VALUES (?1, ?2, ?3, "
            "json_array(?4), substr(?2, 1, 9), nullif(cairn_to_tsvector('simple', ?4), '')) "
            "ON CONFLICT (id) DO UPDATE SET body = excluded.body, own = excluded.own",
            -1, &stmt, NULL),
        SQLITE_OK);
    sqlite3_bind_int(stmt, 1, (int)id);
    for (int i = 0; i < 3; i++) {
        if (pick(10) > 0)
            sqlite3_bind_text(stmt, 2 + i, text[i].len > 0 ? text[i].data : "", (int)text[i].len,
                              SQLITE_TRANSIENT);
    }
    if (sqlite3_step(stmt) != SQLITE_DONE)
        fail_msg("%s", sqlite3_errmsg(w->lite.db));
    sqlite3_finalize(stmt);
    for (int i = 0; i < 3; i++)
        buf_fini(&text[i]);
}

static void
searches_at_random_find_the_same_rows_with_and_without_it(void **state)
{
    struct world w;
    struct buf query;
    struct buf bare;
    unsigned used = 0;
    unsigned found = 0;

    open_world(&w, NOTES INDEXES);
    buf_init(&query, 65536);
    buf_init(&bare, (size_t)4 << 20);
    for (unsigned id = 0; id < ROWS; id++)
        change_row(&w, id);
    for (unsigned i = 0; i < rounds * SEARCHES; i++) {
        const char *rows;

        make_search(&query);
        rows = read_with(&w, w.without, "notes", query.data, "");
        buf_clear(&bare);
        buf_printf(&bare, "%s", rows);
        buf_add_char(&bare, '\0');
        rows = read_with(&w, w.with, "notes", query.data, "");
        if (strcmp(rows, bare.data) != 0)
            fail_msg("%s: %s, and without the index %s", query.data, rows, bare.data);
        found += rows[0] != '\0';
        used += i % 10 == 0 && uses_candidates(&w, "notes", query.data);
        if (i % 5 == 0)
            change_row(&w, pick(ROWS));
    }
    assert_true(used > rounds * SEARCHES / 50);
    assert_true(found > rounds * SEARCHES / 5);
    buf_fini(&query);
    buf_fini(&bare);
    close_world(&w);
}

/* --- what is hostile, empty or large ---------------------------------------------------------- */

static void
texts_that_are_hostile_empty_or_not_utf8_are_indexed(void **state)
{
    struct world w;

    open_world(&w, NOTES INDEXES);
    assert_true(lite_exec(
        &w.lite,
        "INSERT INTO notes (id, body, own) VALUES (1, '', ''), (2, '\"cat\" OR x* NEAR(a b) "
        "{c}: -d ^e', 'X:1 x:2 ''\"'':3'), (3, CAST(x'63617420FFFE20C3' AS TEXT), NULL), "
        "(4, 'the', NULL)"));
    expect_rows(&w, "notes", "select=id&body=fts.cat&order=id", "2|\n3|\n");
    expect_rows(&w, "notes", "select=id&body=plfts.near&order=id", "2|\n");
    expect_rows(&w, "notes", "select=id&own=fts(simple).x&order=id", "2|\n");
    expect_rows(&w, "notes", "select=id&own=fts(simple).!x&order=id", "1|\n");
    assert_true(lite_exec(&w.lite, "UPDATE notes SET body = NULL, own = 'z'"));
    expect_rows(&w, "notes", "select=id&body=fts.cat", "");
    expect_rows(&w, "notes", "select=id&own=fts(simple).z&order=id", "1|\n2|\n3|\n4|\n");
    close_world(&w);
}

static void
a_text_that_is_too_long_for_a_vector_is_refused_as_by_postgresql(void **state)
{
    struct world w;
    char *message = NULL;

    open_world(&w, "CREATE TABLE notes (id int PRIMARY KEY, body text);"
                   "CREATE INDEX notes_body ON notes USING gin (to_tsvector('simple', body));");
    assert_int_equal(sqlite3_exec(w.lite.db,
                                  "INSERT INTO notes WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
                                  "SELECT i + 1 FROM n WHERE i < 200000) SELECT 1, "
                                  "group_concat('word' || i, ' ') FROM n",
                                  NULL, NULL, &message),
                     SQLITE_ERROR);
    assert_non_null(strstr(message, "54000"));
    sqlite3_free(message);
    assert_int_equal(count_of(&w, "SELECT count(*) FROM notes"), 0);
    /* Long, but not that long. */
    assert_true(lite_exec(&w.lite, "INSERT INTO notes WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
                                   "SELECT i + 1 FROM n WHERE i < 50000) SELECT 1, "
                                   "group_concat('word' || i, ' ') FROM n"));
    expect_rows(&w, "notes", "select=id&body=fts(simple).word49999&id=lt.5", "1|\n");
    expect_rows(&w, "notes", "select=id&body=fts(simple).word50001", "");
    close_world(&w);
}

static void
long_and_deep_queries_find_the_same_rows(void **state)
{
    struct world w;
    struct buf query;

    open_world(&w, NOTES INDEXES THREE);
    buf_init(&query, (size_t)1 << 20);
    for (int kind = 0; kind < 3; kind++) {
        const char *joint = kind == 0 ? "|" : "%26";

        buf_clear(&query);
        BUF_ADD_LIT(&query, "select=id&order=id&words=fts(english).");
        for (int i = 0; i < 300; i++)
            buf_printf(&query, "%scat%s%d%s", kind == 2 ? "(" : "", kind == 1 ? "" : "x", i,
                       kind == 2 && i % 2 == 0 ? "|" : joint);
        buf_printf(&query, "cat");
        for (int i = 0; i < 300 && kind == 2; i++)
            buf_add_char(&query, ')');
        buf_add_char(&query, '\0');
        expect_rows(&w, "notes", query.data, kind == 0 ? "1|\n2|\n" : "");
    }
    buf_fini(&query);
    close_world(&w);
}

static void
candidates_are_a_superset_of_what_matches(void **state)
{
    static const struct {
        const char *query, *candidates;
    } cases[] = {
        {"'a' & 'b'", "\"0a\" AND \"0b\""},
        {"'a' <-> 'b' & 'c'", "\"0a\" AND \"0b\" AND \"0c\""},
        {"'a' & ( 'b' | 'c' )", "\"0a\" AND (\"0b\" OR \"0c\")"},
        {"'a':*A | 'b':B", "\"0a\"* OR \"0b\""},
        {"'a' & !'b'", "\"0a\""},
        {"!'a'", ""},
        {"'a' | !'b'", ""},
        {"'a' & ( 'b' | !'c' )", "\"0a\""},
        {"!( 'a' & 'b' ) <-> 'c'", "\"0c\""},
        {"'a-b.c''\"*'", "\"0a_b_c___\""},
        {"", "\"\""},
    };

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        struct arena *arena = arena_new(4096, (size_t)1 << 20);
        const struct search_node *query = NULL;
        struct err err = {0};

        assert_ok(search_query_restore(str_from(cases[i].query), arena, &query, &err));
        assert_str(search_candidates(query, 0, arena), cases[i].candidates);
        arena_free(arena);
    }
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(candidates_are_a_superset_of_what_matches),
        cmocka_unit_test(an_index_finds_the_rows_of_a_search),
        cmocka_unit_test(what_only_not_asks_for_is_found_by_looking_at_all_rows),
        cmocka_unit_test(writes_of_every_kind_keep_it),
        cmocka_unit_test(migrations_keep_it_and_drop_it),
        cmocka_unit_test(a_database_from_before_has_it_after_its_next_migration),
        cmocka_unit_test(indexes_that_can_not_find_candidates_have_no_table),
        cmocka_unit_test(views_and_writes_find_their_rows_through_it),
        cmocka_unit_test(the_body_of_a_function_uses_it_for_as_long_as_it_is_there),
        cmocka_unit_test(searches_at_random_find_the_same_rows_with_and_without_it),
        cmocka_unit_test(texts_that_are_hostile_empty_or_not_utf8_are_indexed),
        cmocka_unit_test(a_text_that_is_too_long_for_a_vector_is_refused_as_by_postgresql),
        cmocka_unit_test(long_and_deep_queries_find_the_same_rows),
    };

    if (argc > 1)
        random_state = strtoull(argv[1], NULL, 10);
    if (argc > 2)
        rounds = (unsigned)strtoul(argv[2], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
