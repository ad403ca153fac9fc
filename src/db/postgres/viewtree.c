/* SPDX-License-Identifier: Apache-2.0 */
#include "db/postgres/viewtree.h"

struct reader {
    struct str text;
    size_t at;
    int braces, parens; /* open ones */
    struct str token;
};

static bool
is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static bool
is_bracket(char c)
{
    return c == '{' || c == '}' || c == '(' || c == ')';
}

/* The next token: a bracket, which is counted, or a word. False at the end. */
static bool
next(struct reader *r)
{
    struct str text = r->text;

    while (r->at < text.len && is_blank(text.data[r->at]))
        r->at++;
    if (r->at >= text.len)
        return false;

    size_t from = r->at;
    if (is_bracket(text.data[from])) {
        r->at++;
        r->braces += (text.data[from] == '{') - (text.data[from] == '}');
        r->parens += (text.data[from] == '(') - (text.data[from] == ')');
    } else {
        while (r->at < text.len && !is_blank(text.data[r->at]) && !is_bracket(text.data[r->at]))
            r->at += text.data[r->at] == '\\' ? 2 : 1;
    }
    r->token = str_slice(text, from, r->at);
    return true;
}

static int64_t
next_number(struct reader *r)
{
    int64_t number = 0;

    return next(r) && str_to_i64(r->token, &number) ? number : 0;
}

/* To the field of the outermost query, behind its name. */
static bool
find_target_list(struct reader *r)
{
    while (next(r))
        if (r->braces == 1 && r->parens == 1 && str_eq(r->token, STR(":targetList")))
            return next(r) && str_eq(r->token, STR("("));
    return false;
}

/* One entry, from behind its opening brace up to its closing one. */
static struct viewtree_column
read_entry(struct reader *r)
{
    struct viewtree_column column = {0};
    bool is_junk = false;

    while (r->braces >= 2 && next(r)) {
        if (r->braces != 2 || r->parens != 2)
            continue;
        if (str_eq(r->token, STR(":resno")))
            column.number = (int32_t)next_number(r);
        else if (str_eq(r->token, STR(":resorigtbl")))
            column.table = (uint32_t)next_number(r);
        else if (str_eq(r->token, STR(":resorigcol")))
            column.base_number = (int32_t)next_number(r);
        else if (str_eq(r->token, STR(":resjunk")))
            is_junk = next(r) && str_eq(r->token, STR("true"));
    }
    if (is_junk)
        column.table = 0;
    return column;
}

size_t
viewtree_columns(struct str tree, struct viewtree_column *out, size_t max)
{
    struct reader r = {.text = tree};
    size_t count = 0;

    if (!find_target_list(&r))
        return 0;
    while (r.parens >= 2 && next(&r)) {
        if (r.braces != 2)
            continue;
        struct viewtree_column column = read_entry(&r);

        if (column.number <= 0 || column.table == 0 || column.base_number <= 0)
            continue;
        if (count < max)
            out[count] = column;
        count++;
    }
    return count;
}
