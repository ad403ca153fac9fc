/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vector @@ query.
 *
 * A phrase is reckoned with sets of places: where a part of it ends. Such a set may be the
 * complement of what is listed ("everywhere but there"), as ! makes it; width is how many places
 * before its end the match begins.
 */
#include "core/stop.h"
#include "sql/search_impl.h"

enum truth { NO, YES, MAYBE };

struct places {
    int32_t *items; /* ascending */
    uint32_t count;
    bool negated;
    int32_t width;
};

struct matcher {
    const struct search_vector *vector;
    struct arena *arena;
};

/* The first entry that is not before the lexeme. */
static uint32_t
lower_bound(const struct search_vector *vector, struct str lexeme)
{
    uint32_t from = 0;
    uint32_t to = vector->count;

    while (from < to) {
        uint32_t middle = (from + to) / 2;

        if (search_compare(vector->entries[middle].lexeme, lexeme) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static bool
fits(const struct search_entry *entry, const struct search_node *value)
{
    return value->prefix ? str_has_prefix(entry->lexeme, value->lexeme)
                         : str_eq(entry->lexeme, value->lexeme);
}

static bool
has_weight(uint16_t place, uint8_t weights)
{
    return weights == 0 || (weights & 1u << SEARCH_WEIGHT(place)) != 0;
}

static bool
entry_has_weight(const struct search_entry *entry, uint8_t weights)
{
    /* Without places nothing is known of weights, and all are taken to be there. */
    if (weights == 0 || entry->place_count == 0)
        return true;
    for (uint32_t i = 0; i < entry->place_count; i++) {
        if (has_weight(entry->places[i], weights))
            return true;
    }
    return false;
}

static bool
match_value(const struct matcher *m, const struct search_node *value)
{
    const struct search_vector *vector = m->vector;

    for (uint32_t i = lower_bound(vector, value->lexeme);
         i < vector->count && fits(&vector->entries[i], value); i++) {
        if (entry_has_weight(&vector->entries[i], value->weights))
            return true;
    }
    return false;
}

static int
compare_items(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a;
    int32_t y = *(const int32_t *)b;

    return (x > y) - (x < y);
}

static void
sort_places(struct places *places)
{
    uint32_t kept = 0;

    if (places->count == 0)
        return;
    qsort(places->items, places->count, sizeof(*places->items), compare_items);
    for (uint32_t i = 1; i < places->count; i++) {
        if (places->items[i] != places->items[kept])
            places->items[++kept] = places->items[i];
    }
    places->count = kept + 1;
}

/* Where the value is. MAYBE: it is there, nobody knows where. */
static enum truth
find_value(const struct matcher *m, const struct search_node *value, struct places *out)
{
    const struct search_vector *vector = m->vector;
    uint32_t first = lower_bound(vector, value->lexeme);
    uint32_t end = first;
    uint32_t total = 0;
    bool maybe = false;

    *out = (struct places){0};
    for (; end < vector->count && fits(&vector->entries[end], value); end++) {
        total += vector->entries[end].place_count;
        maybe = maybe || vector->entries[end].place_count == 0;
    }
    if (maybe)
        return MAYBE;
    if (total == 0)
        return NO;
    out->items = ARENA_ARRAY(m->arena, int32_t, total);
    for (uint32_t i = first; i < end; i++) {
        for (uint32_t j = 0; j < vector->entries[i].place_count; j++) {
            if (has_weight(vector->entries[i].places[j], value->weights))
                out->items[out->count++] = SEARCH_PLACE(vector->entries[i].places[j]);
        }
    }
    sort_places(out);
    return out->count > 0 ? YES : NO;
}

/* Which places stay: those in both, in the left one alone, in the right one alone. */
#define IN_BOTH 1u
#define IN_LEFT 2u
#define IN_RIGHT 4u

static enum truth
merge(const struct matcher *m, const struct places *left, const struct places *right,
      int32_t left_shift, int32_t right_shift, unsigned which, struct places *out)
{
    uint32_t i = 0;
    uint32_t j = 0;

    out->count = 0;
    out->items = ARENA_ARRAY(m->arena, int32_t, (size_t)left->count + right->count + 1);
    while (i < left->count || j < right->count) {
        int64_t l = i < left->count ? (int64_t)left->items[i] + left_shift : INT64_MAX;
        int64_t r = j < right->count ? (int64_t)right->items[j] + right_shift : INT64_MAX;
        unsigned where = l == r ? IN_BOTH : l < r ? IN_LEFT : IN_RIGHT;

        if ((which & where) != 0)
            out->items[out->count++] = (int32_t)(l < r ? l : r);
        i += l <= r;
        j += r <= l;
    }
    return out->count > 0 ? YES : NO;
}

static enum truth
negate(struct places *places)
{
    if (places->count == 0 && places->negated) {
        places->negated = false;
        return NO;
    }
    places->negated = !places->negated;
    return YES;
}

/* Both, as sets of which each may be a complement. */
static enum truth
both(const struct matcher *m, const struct places *left, const struct places *right,
     int32_t left_shift, int32_t right_shift, struct places *out)
{
    unsigned which = IN_BOTH;

    out->negated = left->negated && right->negated;
    if (out->negated)
        which = IN_BOTH | IN_LEFT | IN_RIGHT;
    else if (left->negated)
        which = IN_RIGHT;
    else if (right->negated)
        which = IN_LEFT;
    return merge(m, left, right, left_shift, right_shift, which, out) == YES || out->negated ? YES
                                                                                             : NO;
}

/* One of them: the complement of both complements. */
static enum truth
either(const struct matcher *m, const struct places *left, const struct places *right,
       int32_t left_shift, int32_t right_shift, struct places *out)
{
    unsigned which = IN_BOTH | IN_LEFT | IN_RIGHT;

    out->negated = left->negated || right->negated;
    if (left->negated && right->negated)
        which = IN_BOTH;
    else if (left->negated)
        which = IN_LEFT;
    else if (right->negated)
        which = IN_RIGHT;
    return merge(m, left, right, left_shift, right_shift, which, out) == YES || out->negated ? YES
                                                                                             : NO;
}

static enum truth find(const struct matcher *m, const struct search_node *node, struct places *out);

static enum truth
find_two(const struct matcher *m, const struct search_node *node, struct places *out)
{
    struct places left = {0};
    struct places right = {0};
    enum truth l = find(m, node->left, &left);
    enum truth r = NO;
    int32_t left_shift = 0;
    int32_t right_shift = 0;

    if (l == NO && node->op != SEARCH_OR)
        return NO;
    r = find(m, node->right, &right);
    if (r == NO && (l == NO || node->op != SEARCH_OR))
        return NO;
    if (l == MAYBE || r == MAYBE)
        return MAYBE;
    left.width = l == NO ? 0 : left.width;
    right.width = r == NO ? 0 : right.width;
    if (node->op == SEARCH_PHRASE) {
        left_shift = node->distance + right.width;
        out->width = node->distance + left.width + right.width;
    } else {
        out->width = left.width > right.width ? left.width : right.width;
        left_shift = out->width - left.width;
        right_shift = out->width - right.width;
    }
    return node->op == SEARCH_OR ? either(m, &left, &right, left_shift, right_shift, out)
                                 : both(m, &left, &right, left_shift, right_shift, out);
}

/* Where the node's matches end. NO leaves an empty set. */
static enum truth
find(const struct matcher *m, const struct search_node *node, struct places *out)
{
    enum truth truth = NO;

    *out = (struct places){0};
    if (stop_is_due())
        return NO;
    if (node->op == SEARCH_VALUE)
        return find_value(m, node, out);
    if (node->op != SEARCH_NOT) {
        truth = find_two(m, node, out);
        if (truth == NO)
            *out = (struct places){.width = out->width};
        return truth;
    }
    truth = find(m, node->right, out);
    if (truth == NO) {
        out->count = 0;
        out->negated = true;
        return YES;
    }
    return truth == YES ? negate(out) : truth;
}

static bool
match(const struct matcher *m, const struct search_node *node)
{
    struct places places;

    /* Chains of & and | lean to the left and may be long. */
    while (node->op == SEARCH_AND || node->op == SEARCH_OR) {
        bool right = match(m, node->right);

        if (right == (node->op == SEARCH_OR))
            return right;
        node = node->left;
    }
    if (node->op == SEARCH_VALUE)
        return match_value(m, node);
    if (node->op == SEARCH_NOT)
        return !match(m, node->right);
    return find(m, node, &places) == YES;
}

bool
search_match(const struct search_vector *vector, const struct search_node *query,
             struct arena *arena)
{
    struct matcher m = {vector, arena};

    return query != NULL && match(&m, query);
}
