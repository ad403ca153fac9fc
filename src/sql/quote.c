/* SPDX-License-Identifier: Apache-2.0 */
#include "sql/quote.h"

/* Words that need quotes as names: the keywords of PostgreSQL 15 that are not "unreserved" in its
 * appendix C, in order. */
static const char *const keywords[] = {
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authorization",
    "between",
    "bigint",
    "binary",
    "bit",
    "boolean",
    "both",
    "case",
    "cast",
    "char",
    "character",
    "check",
    "coalesce",
    "collate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "dec",
    "decimal",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "exists",
    "extract",
    "false",
    "fetch",
    "float",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "grant",
    "greatest",
    "group",
    "grouping",
    "having",
    "ilike",
    "in",
    "initially",
    "inner",
    "inout",
    "int",
    "integer",
    "intersect",
    "interval",
    "into",
    "is",
    "isnull",
    "join",
    "lateral",
    "leading",
    "least",
    "left",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "national",
    "natural",
    "nchar",
    "none",
    "normalize",
    "not",
    "notnull",
    "null",
    "nullif",
    "numeric",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "out",
    "outer",
    "overlaps",
    "overlay",
    "placing",
    "position",
    "precision",
    "primary",
    "real",
    "references",
    "returning",
    "right",
    "row",
    "select",
    "session_user",
    "setof",
    "similar",
    "smallint",
    "some",
    "substring",
    "symmetric",
    "table",
    "tablesample",
    "then",
    "time",
    "timestamp",
    "to",
    "trailing",
    "treat",
    "trim",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "values",
    "varchar",
    "variadic",
    "verbose",
    "when",
    "where",
    "window",
    "with",
    "xmlattributes",
    "xmlconcat",
    "xmlelement",
    "xmlexists",
    "xmlforest",
    "xmlnamespaces",
    "xmlparse",
    "xmlpi",
    "xmlroot",
    "xmlserialize",
    "xmltable",
};

static int
compare_keyword(const void *key, const void *element)
{
    const struct str *name = key;

    return str_cmp(*name, str_from(*(const char *const *)element));
}

static void
add_quoted(struct buf *out, struct str text, char quote)
{
    buf_add_char(out, quote);
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == quote)
            buf_add_char(out, quote);
        buf_add_char(out, text.data[i]);
    }
    buf_add_char(out, quote);
}

void
quote_ident(struct buf *out, struct str name)
{
    add_quoted(out, name, '"');
}

void
quote_ident_short(struct buf *out, struct str name)
{
    bool is_plain = name.len > 0 && (name.data[0] < '0' || name.data[0] > '9');

    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];

        is_plain = is_plain && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_');
    }
    if (is_plain &&
        bsearch(&name, keywords, COUNTOF(keywords), sizeof(*keywords), compare_keyword) == NULL)
        buf_add_str(out, name);
    else
        add_quoted(out, name, '"');
}

void
quote_text(struct buf *out, struct str text)
{
    add_quoted(out, text, '\'');
}
