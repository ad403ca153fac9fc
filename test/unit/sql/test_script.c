/* SPDX-License-Identifier: Apache-2.0 */
#include "sql/script.h"
#include "unit/unit.h"

/* The statements joined by " | ", with their data in [], or "fault AT: CAUSE". */
static void
cut(struct str text, char *out, size_t size)
{
    struct script script;
    struct script_piece piece;
    struct script_fault fault;
    size_t len = 0;

    out[0] = '\0';
    script_init(&script, text);
    while (script_next(&script, &piece, &fault)) {
        struct str sql = str_slice(text, piece.from, piece.to);
        struct str data = str_slice(text, piece.data_from, piece.data_to);

        assert_true(piece.from < piece.to && piece.to <= piece.end && piece.end <= text.len);
        len +=
            (size_t)snprintf(out + len, size - len, "%s%.*s", len > 0 ? " | " : "", STR_ARG(sql));
        if (piece.has_data)
            len += (size_t)snprintf(out + len, size - len, "[%.*s]", STR_ARG(data));
        assert_true(len < size);
    }
    if (fault.cause != NULL)
        snprintf(out + len, size - len, "fault %zu: %s", fault.at, fault.cause);
}

static void
scripts_are_cut_as_psql_cuts_them(void **state)
{
    static const struct {
        const char *text, *cuts;
    } rows[] = {
        {"", ""},
        {" ;; -- nothing\n /* ; */ ", ""},
        {"a; b ;c", "a | b | c"},
        {"\xEF\xBB\xBFx;", "x"},
        {"'a;b' \"c;d\";e", "'a;b' \"c;d\" | e"},
        {"'it''s;';x", "'it''s;' | x"},
        {"E'\\';' ;x", "E'\\';' | x"},
        {"'\\';x", "'\\' | x"},
        {"re'\\';x", "re'\\' | x"},
        {"$$a;b$$;$x$ $$;$x$;y", "$$a;b$$ | $x$ $$;$x$ | y"},
        {"$1;a$b$;c", "$1 | a$b$ | c"},
        {"f(a;b);c", "f(a;b) | c"},
        {"a -- x;y\n;b", "a | b"},
        {"a /* ; /* ; */ ; */ b;c", "a /* ; /* ; */ ; */ b | c"},
        {"CREATE FUNCTION f() BEGIN ATOMIC a; CASE x END; b; END; c",
         "CREATE FUNCTION f() BEGIN ATOMIC a; CASE x END; b; END | c"},
        {"BEGIN; a; END; b", "BEGIN | a | END | b"},
        {"COPY t (a) FROM stdin;\n1\t2\n\\.\nb;", "COPY t (a) FROM stdin[1\t2\n] | b"},
        {"copy t from STDIN with csv;\r\nx;y\r\n\\.\r\nb;",
         "copy t from STDIN with csv[x;y\r\n] | b"},
        {"COPY t FROM stdin;\n\\.\n", "COPY t FROM stdin[]"},
        {"COPY t FROM 'stdin'; b", "COPY t FROM 'stdin' | b"},
        {"\\restrict abc\na;\n\\unrestrict abc\n", "a"},
        {"'open; b", "'open; b"},
        {"/* open", "fault 0: unterminated /* comment"},
        {"a /* b /* c */;", "fault 2: unterminated /* comment"},
        {"\\connect x", "fault 0: psql commands are not SQL"},
        {"a;\n  \\i x.sql\n", "afault 5: psql commands are not SQL"},
        {"a \\g\n", "fault 2: psql commands are not SQL"},
        {"COPY t FROM stdin; x\n", "fault 18: the data of COPY begins on the next line"},
        {"COPY t FROM stdin;\n1\n", "fault 0: the data of COPY has no end"},
    };
    char out[1024];

    (void)state;
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        cut(str_from(rows[i].text), out, sizeof(out));
        assert_string_equal(out, rows[i].cuts);
    }
}

static void
nesting_is_bounded_and_length_is_not(void **state)
{
    static char text[1 << 20];
    char *out = xmalloc(sizeof(text) + 64);
    size_t len = 0;

    (void)state;
    for (len = 0; len < 100000; len++)
        text[len] = '(';
    cut(str_make(text, len), out, sizeof(text) + 64);
    assert_contains(out, "nested too deeply");
    for (len = 0; len < 20000; len += 2)
        memcpy(text + len, "1+", 2);
    cut(str_make(text, len), out, sizeof(text) + 64);
    assert_contains(out, "nested too deeply");
    len = (size_t)snprintf(text, sizeof(text), "INSERT INTO t VALUES (1)");
    while (len + 10 < sizeof(text) / 2)
        len += (size_t)snprintf(text + len, sizeof(text) - len, ",(1,'a',2)");
    cut(str_make(text, len), out, sizeof(text) + 64);
    assert_int_equal(strlen(out), len);
    free(out);
}

static void
positions_count_lines_and_characters(void **state)
{
    struct str text = STR("ab\n\xC3\xA4\xE2\x82\xACx\n\nlast");
    static const struct {
        size_t at;
        uint32_t line, column;
    } rows[] = {{0, 1, 1},  {2, 1, 3},  {3, 2, 1},  {5, 2, 2},  {8, 2, 3},
                {10, 3, 1}, {11, 4, 1}, {15, 4, 5}, {99, 4, 5}, {3, 2, 1}};
    struct script_cursor cursor = {0};

    (void)state;
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        struct script_position position = script_position(&cursor, text, rows[i].at);

        assert_int_equal(position.line, rows[i].line);
        assert_int_equal(position.column, rows[i].column);
    }
}

/* Whatever the bytes, the pieces are in order and end. */
static void
every_prefix_of_a_script_is_cut(void **state)
{
    static const char text[] =
        "a 'b' $x$ c $x$ (d;e) E'\\'' ; COPY t FROM stdin;\n1\n\\.\n/* f */ g;";
    char out[1024];

    (void)state;
    for (size_t len = 0; len < sizeof(text); len++)
        cut(str_make(text, len), out, sizeof(out));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scripts_are_cut_as_psql_cuts_them),
        cmocka_unit_test(nesting_is_bounded_and_length_is_not),
        cmocka_unit_test(positions_count_lines_and_characters),
        cmocka_unit_test(every_prefix_of_a_script_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
