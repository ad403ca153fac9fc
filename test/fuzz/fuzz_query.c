/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The URL grammar: any query string is refused with an error or becomes SQL for both engines, and
 * no byte of a value ever stands in that SQL. The first byte chooses the table.
 */
#include "fuzz.h"
#include "unit/rest/sample.h"

static struct schema *schema;

static void
drop_schema(void)
{
    schema_unref(schema);
}

/* Outside of quotes SQL of ours has no blank-comment, no semicolon and no stray quote. */
static void
check_sql(struct str sql)
{
    char quote = 0;

    for (size_t i = 0; i < sql.len; i++) {
        char ch = sql.data[i];

        if (quote != 0) {
            if (ch == quote)
                quote = 0;
            continue;
        }
        if (ch == '\'' || ch == '"')
            quote = ch;
        FUZZ_CHECK(ch != ';' && ch != '\\' && ch != '\0');
        FUZZ_CHECK(ch != '-' || i + 1 >= sql.len || sql.data[i + 1] != '-');
    }
    FUZZ_CHECK(quote == 0);
}

void
fuzz_one(struct str input)
{
    static const char *const tables[] = {"clients", "projects", "tasks", "users"};
    struct str table = str_from(tables[input.len > 0 ? (unsigned char)input.data[0] % 4 : 0]);

    if (schema == NULL) {
        schema = sample_schema();
        atexit(drop_schema);
    }
    for (int dialect = DB_SQLITE; dialect <= DB_POSTGRES; dialect++) {
        struct sample_request request;
        bool ok = sample_read(&request, schema, (enum db_dialect)dialect, table,
                              str_slice(input, 1, input.len));

        FUZZ_CHECK(ok == (request.err.kind == ERR_NONE));
        FUZZ_CHECK(ok || request.err.code[0] != '\0');
        if (ok)
            check_sql(request.sql.main.sql);
        sample_fini(&request);
    }
}
