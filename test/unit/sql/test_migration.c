/* SPDX-License-Identifier: Apache-2.0 */
/*
 * migrations.txt holds migrations with what comes of them. A case:
 *
 *     ### a sentence
 *     SQL ...
 *     --- ok                        or   --- fails LINE:COLUMN CODE part of the message
 *     ? query of the database            hint: part of the hint
 *     = its rows, each on a line         details: part of the details
 *
 * A case may have several parts of SQL, each with its outcome: migrations one after the other.
 */
#include "unit/sql/lite.h"

static const char *cases_path;
static const char *northwind_path;

static struct str
read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = xmalloc((size_t)4 << 20);
    size_t len;

    if (file == NULL)
        fail_msg("unable to open '%s'", path);
    len = fread(text, 1, (size_t)4 << 20, file);
    fclose(file);
    return str_make(text, len);
}

static void
free_file(struct str text)
{
    free((void *)(uintptr_t)text.data);
}

/* One case as it is read line by line. */
struct scene {
    struct lite lite;
    struct buf sql;
    struct buf rows; /* expected */
    struct str query;
    struct str title;
    struct err err;
    bool is_open;
    unsigned count, bad;
};

static void
complain(struct scene *s, const char *what, const char *text)
{
    print_message("%.*s: %s: %s\n", STR_ARG(s->title), what, text);
    s->bad++;
}

static void
end_query(struct scene *s)
{
    struct buf have;

    if (s->query.len == 0)
        return;
    buf_init(&have, 1 << 20);
    lite_query(&s->lite, s->query, &have);
    if (!str_eq(buf_str(&have), buf_str(&s->rows))) {
        complain(s, "query gives", buf_cstr(&have));
        complain(s, "and not", buf_cstr(&s->rows));
    }
    buf_fini(&have);
    buf_clear(&s->rows);
    s->query = STR_NULL;
}

static void
end_case(struct scene *s)
{
    end_query(s);
    if (s->is_open)
        lite_close(&s->lite);
    s->is_open = false;
}

static void
expect_ok(struct scene *s)
{
    if (!lite_migrate(&s->lite, "m.sql", buf_str(&s->sql), &s->err))
        complain(s, "is refused", s->err.message);
    buf_clear(&s->sql);
}

/* expected is "LINE:COLUMN CODE TEXT". */
static void
expect_failure(struct scene *s, struct str expected)
{
    struct str position = str_cut(&expected, ' ');
    struct str code = str_cut(&expected, ' ');
    char *text = xmalloc(expected.len + 1);
    char prefix[64];

    err_clear(&s->err);
    snprintf(prefix, sizeof(prefix), "m.sql:%.*s: ", STR_ARG(position));
    memcpy(text, expected.data, expected.len);
    text[expected.len] = '\0';
    if (lite_migrate(&s->lite, "m.sql", buf_str(&s->sql), &s->err)) {
        complain(s, "is accepted, not", text);
    } else {
        if (s->err.kind != ERR_MIGRATION || strncmp(s->err.message, prefix, strlen(prefix)) != 0)
            complain(s, "wrong place", s->err.message);
        if (strstr(s->err.message, text) == NULL)
            complain(s, "wrong message", s->err.message);
        if (!str_eq(str_from(s->err.code), code))
            complain(s, "wrong code", s->err.code);
    }
    free(text);
    buf_clear(&s->sql);
}

static void
expect_part(struct scene *s, struct str part, const char *text)
{
    if (memmem(text, strlen(text), part.data, part.len) == NULL)
        complain(s, "wrong hint or details", text);
}

static void
take_line(struct scene *s, struct str line)
{
    if (str_has_prefix(line, STR("### "))) {
        end_case(s);
        s->title = str_slice(line, 4, line.len);
        s->is_open = true;
        s->count++;
        lite_open(&s->lite);
        buf_clear(&s->sql);
    } else if (!s->is_open || (line.len > 1 && line.data[0] == '#')) {
        return;
    } else if (str_eq(line, STR("--- ok"))) {
        expect_ok(s);
    } else if (str_has_prefix(line, STR("--- fails "))) {
        expect_failure(s, str_slice(line, 10, line.len));
    } else if (str_has_prefix(line, STR("hint: "))) {
        expect_part(s, str_slice(line, 6, line.len), s->err.hint);
    } else if (str_has_prefix(line, STR("details: "))) {
        expect_part(s, str_slice(line, 9, line.len), s->err.details);
    } else if (str_has_prefix(line, STR("? "))) {
        end_query(s);
        s->query = str_slice(line, 2, line.len);
    } else if (line.len > 0 && line.data[0] == '=' && s->query.len > 0) {
        if (s->rows.len > 0)
            buf_add_char(&s->rows, '\n');
        buf_add_str(&s->rows, str_slice(line, line.len > 1 ? 2 : 1, line.len));
    } else {
        end_query(s);
        buf_add_str(&s->sql, line);
        buf_add_char(&s->sql, '\n');
    }
}

static void
migrations_do_and_refuse_what_the_cases_say(void **state)
{
    struct str text = read_file(cases_path);
    struct str rest = text;
    struct scene s = {0};

    (void)state;
    buf_init(&s.sql, 1 << 20);
    buf_init(&s.rows, 1 << 20);
    while (rest.data != NULL)
        take_line(&s, str_cut(&rest, '\n'));
    end_case(&s);
    buf_fini(&s.sql);
    buf_fini(&s.rows);
    free_file(text);
    assert_true(s.count > 50);
    assert_int_equal(s.bad, 0);
}

static void
northwind_loads_unchanged(void **state)
{
    static const struct {
        const char *table;
        const char *rows;
    } tables[] = {
        {"categories", "8"},
        {"customer_customer_demo", "0"},
        {"customer_demographics", "0"},
        {"customers", "91"},
        {"employees", "9"},
        {"employee_territories", "49"},
        {"order_details", "2155"},
        {"orders", "830"},
        {"products", "77"},
        {"region", "4"},
        {"shippers", "6"},
        {"suppliers", "29"},
        {"territories", "53"},
        {"us_states", "51"},
    };
    struct str text = read_file(northwind_path);
    struct err err = {0};
    struct lite lite;
    struct buf out;

    (void)state;
    lite_open(&lite);
    buf_init(&out, 4096);
    assert_ok(lite_migrate(&lite, "northwind.sql", text, &err));
    assert_int_equal(lite.model->table_count, COUNTOF(tables));
    for (size_t i = 0; i < COUNTOF(tables); i++) {
        char sql[100];

        snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", tables[i].table);
        buf_clear(&out);
        lite_query(&lite, str_from(sql), &out);
        assert_str(buf_str(&out), tables[i].rows);
    }
    buf_clear(&out);
    lite_query(&lite,
               STR("SELECT group_concat(name || '>' || ifnull(reports_to, ''), ' ') FROM "
                   "(SELECT last_name AS name, reports_to FROM employees ORDER BY 1)"),
               &out);
    assert_str(buf_str(&out), "Buchanan>2 Callahan>2 Davolio>2 Dodsworth>5 Fuller> King>5 "
                              "Leverling>2 Peacock>2 Suyama>5");
    /* Rows go in groups, and each table is made anew once. */
    assert_true(lite.steps < 150);
    buf_fini(&out);
    lite_close(&lite);
    free_file(text);
}

static void
what_is_no_sql_is_refused_with_its_place(void **state)
{
    const struct {
        struct str text;
        const char *message;
    } rows[] = {
        {STR("SET x = 1;\n  SELEC 2;"),
         "m.sql:2:3: unable to apply 'SELEC 2;': syntax error at or near"},
        {STR("SELECT 'a"), "m.sql:1:8: "},
        {STR("SELECT '\xC3\xA4', frm x y"), "m.sql:1:19: "},
        {STR("CREATE TABLE t (a int);\nCOMMIT;"),
         "m.sql:2:1: unable to apply 'COMMIT': each migration"},
        {STR("\\connect x"), "m.sql:1:1: "},
        {STR("SELECT 1 \xFF"), "m.sql:1:10: "},
        {STR("SELECT 1;\nSELECT '\0';"), "m.sql:2:9: "},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        struct lite lite;
        struct err err = {0};

        lite_open(&lite);
        assert_false(lite_migrate(&lite, "m.sql", rows[i].text, &err));
        assert_contains(err.message, rows[i].message);
        lite_close(&lite);
    }
}

static bool
refuse_step(void *ctx, const struct migration_step *step, struct err *err)
{
    unsigned *left = ctx;

    (void)step;
    if ((*left)-- > 0)
        return true;
    return err_set(err, ERR_DB, "53100", "the disk is full");
}

/* Each step fails in turn; the translation stops there and frees what it holds. */
static void
a_failing_step_ends_the_migration(void **state)
{
    struct str text = read_file(northwind_path);

    (void)state;
    for (unsigned n = 0; n < 200; n += 9) {
        const struct migration_sink sink = {.run = refuse_step, .ctx = &(unsigned){n}};
        struct model *model = model_new();
        struct err err = {0};

        if (migration_translate(STR("n.sql"), text, model, &sink, &err))
            assert_true(n > 50);
        else
            assert_string_equal(err.message, "the disk is full");
        model_free(model);
    }
    free_file(text);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(migrations_do_and_refuse_what_the_cases_say),
        cmocka_unit_test(northwind_loads_unchanged),
        cmocka_unit_test(what_is_no_sql_is_refused_with_its_place),
        cmocka_unit_test(a_failing_step_ends_the_migration),
    };

    if (argc != 3)
        return 2;
    cases_path = argv[1];
    northwind_path = argv[2];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
