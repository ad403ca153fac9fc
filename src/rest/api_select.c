/* SPDX-License-Identifier: Apache-2.0 */
/* select= and order= */
#include "rest/cursor.h"

static bool parse_items(struct cursor *c, uint32_t depth, struct api_item **out);

static enum api_aggregate
aggregate_from_name(struct str name)
{
    static const struct {
        const char *name;
        enum api_aggregate aggregate;
    } table[] = {
        {"count", API_AGG_COUNT}, {"sum", API_AGG_SUM}, {"avg", API_AGG_AVG},
        {"min", API_AGG_MIN},     {"max", API_AGG_MAX},
    };

    for (size_t i = 0; i < COUNTOF(table); i++) {
        if (str_eq(name, str_from(table[i].name)))
            return table[i].aggregate;
    }
    return API_AGG_NONE;
}

/* The type name of a cast: letters, digits, _ and blanks; also (n,m) as in numeric(10,2). */
static bool
parse_cast(struct cursor *c, struct str *out)
{
    size_t start = c->pos;

    while (!cursor_at_end(c)) {
        int ch = cursor_peek(c);

        if (!((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
              ch == '_' || ch == ' '))
            break;
        c->pos++;
    }
    *out = str_trim(str_slice(c->in, start, c->pos));
    return out->len > 0 || cursor_fail(c, "cast type");
}

static bool
parse_aggregate(struct cursor *c, struct api_item *item)
{
    size_t start = c->pos;
    struct str name = STR_NULL;

    if (!cursor_eat_char(c, '.'))
        return true;
    if (!cursor_name(c, &name))
        return false;
    item->aggregate = aggregate_from_name(name);
    if (item->aggregate == API_AGG_NONE || !cursor_eat(c, STR("()"))) {
        c->pos = start + 1;
        return cursor_fail(c, "\"sum()\", \"avg()\", \"count()\", \"max()\" or \"min()\"");
    }
    return !cursor_eat(c, STR("::")) || parse_cast(c, &item->aggregate_cast);
}

/* !hint and !inner or !left, in either order. */
static bool
parse_hints(struct cursor *c, struct api_item *item)
{
    struct str name = STR_NULL;

    while (cursor_eat_char(c, '!')) {
        if (!cursor_name(c, &name))
            return false;
        if (str_eq(name, STR("inner")))
            item->join = API_JOIN_INNER;
        else if (str_eq(name, STR("left")))
            item->join = API_JOIN_LEFT;
        else
            item->hint = name;
    }
    return true;
}

static bool
parse_embed(struct cursor *c, struct api_item *item, uint32_t depth)
{
    item->kind = API_ITEM_EMBED;
    item->target = item->field.column;
    item->field = (struct api_field){0};
    if (depth >= c->limits->embed_depth_max)
        return cursor_fail_limit(c, "levels of embedding", c->limits->embed_depth_max);
    if (!cursor_eat_char(c, '('))
        return cursor_fail(c, "\"(\"");
    if (!parse_items(c, depth + 1, &item->children))
        return false;
    return cursor_eat_char(c, ')') || cursor_fail(c, "\",\" or \")\"");
}

static bool
parse_field_end(struct cursor *c)
{
    return cursor_at_end(c) || cursor_peek(c) == ',' || cursor_peek(c) == ')' ||
           cursor_fail_end(c, "\"::\", \".\", \")\", \",\" or end of input");
}

static bool
parse_item(struct cursor *c, uint32_t depth, struct api_item *item)
{
    if (cursor_eat_char(c, '*')) {
        item->kind = API_ITEM_STAR;
        return true;
    }
    item->kind = API_ITEM_FIELD;
    if (cursor_eat(c, STR("..."))) {
        item->is_spread = true;
        return cursor_name(c, &item->field.column) && parse_hints(c, item) &&
               parse_embed(c, item, depth);
    }
    if (!cursor_field(c, &item->field))
        return false;
    if (item->field.step_count == 0 && cursor_peek(c) == ':' && c->pos + 1 < c->in.len &&
        c->in.data[c->pos + 1] != ':') {
        c->pos++;
        item->alias = item->field.column;
        item->field = (struct api_field){0};
        cursor_skip_blanks(c);
        if (!cursor_field(c, &item->field))
            return false;
    }
    if (item->field.step_count == 0 && cursor_peek(c) == '!')
        return parse_hints(c, item) && parse_embed(c, item, depth);
    if (item->field.step_count == 0 && cursor_peek(c) == '(') {
        if (str_eq(item->field.column, STR("count")) && cursor_eat(c, STR("()"))) {
            item->aggregate = API_AGG_COUNT;
            item->field = (struct api_field){0};
            return (!cursor_eat(c, STR("::")) || parse_cast(c, &item->aggregate_cast)) &&
                   parse_field_end(c);
        }
        return parse_embed(c, item, depth);
    }
    if (cursor_eat(c, STR("::")) && !parse_cast(c, &item->cast))
        return false;
    if (!parse_aggregate(c, item))
        return false;
    return parse_field_end(c);
}

static bool
parse_items(struct cursor *c, uint32_t depth, struct api_item **out)
{
    struct api_item **tail = out;

    *out = NULL;
    cursor_skip_blanks(c);
    if (cursor_at_end(c) || cursor_peek(c) == ')')
        return true;
    do {
        struct api_item *item = ARENA_NEW(c->arena, struct api_item);

        if (++c->nodes > c->limits->nodes_max)
            return cursor_fail_limit(c, "selected items", c->limits->nodes_max);
        cursor_skip_blanks(c);
        if (!parse_item(c, depth, item))
            return false;
        cursor_skip_blanks(c);
        *tail = item;
        tail = &item->next;
    } while (cursor_eat_char(c, ','));
    return true;
}

bool
api_parse_select(struct cursor *c, struct api_item **out)
{
    /* What follows a complete list is ignored: point 2. */
    return parse_items(c, 0, out);
}

static bool
parse_order_suffix(struct cursor *c, struct api_order *order)
{
    bool ascends = cursor_eat(c, STR(".asc"));

    order->descending = !ascends && cursor_eat(c, STR(".desc"));
    if (cursor_eat(c, STR(".nullsfirst")))
        order->nulls = API_NULLS_FIRST;
    else if (cursor_eat(c, STR(".nullslast")))
        order->nulls = API_NULLS_LAST;
    cursor_skip_blanks(c);
    if (cursor_at_end(c) || cursor_peek(c) == ',')
        return true;
    if (order->nulls != API_NULLS_DEFAULT || !cursor_eat_char(c, '.'))
        return cursor_fail_end(c, "\",\" or end of input");
    return cursor_fail(c, ascends || order->descending
                              ? "\"nullsfirst\" or \"nullslast\""
                              : "\"asc\", \"desc\", \"nullsfirst\" or \"nullslast\"");
}

bool
api_parse_order(struct cursor *c, struct api_order **out)
{
    struct api_order **tail = out;

    *out = NULL;
    do {
        struct api_order *order = ARENA_NEW(c->arena, struct api_order);

        if (++c->terms > c->limits->terms_max)
            return cursor_fail_limit(c, "terms", c->limits->terms_max);
        cursor_skip_blanks(c);
        if (!cursor_field(c, &order->field))
            return false;
        if (order->field.step_count == 0 && cursor_eat_char(c, '(')) {
            order->relation = order->field.column;
            if (!cursor_field(c, &order->field))
                return false;
            if (!cursor_eat_char(c, ')'))
                return cursor_fail(c, "\")\"");
        }
        if (!parse_order_suffix(c, order))
            return false;
        *tail = order;
        tail = &order->next;
    } while (cursor_eat_char(c, ','));
    return true;
}
