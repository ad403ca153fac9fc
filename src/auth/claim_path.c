/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/claim_path_impl.h"

#include "sql/regex.h"

#define REGEX_STEPS 500 /* what one comparison with a regular expression counts for */

/* Depth is bounded by the token's JSON and the path's text, time by the steps that are left. */
struct walk {
    const struct json *root;
    unsigned steps_left;
};

static const struct json *find_in(struct walk *walk, const struct segment *segment,
                                  const struct json *node);
static bool holds(struct walk *walk, const struct condition *condition, const struct json *node);

/* --- comparisons ----------------------------------------------------------------------------- */

static const struct json *
value_of(struct walk *walk, const struct operand *operand, const struct json *node)
{
    if (!operand->is_query)
        return &operand->literal;
    return find_in(walk, operand->path, operand->is_from_root ? walk->root : node);
}

static double
number_of(const struct json *value)
{
    char text[64];
    size_t len = value->text.len < sizeof(text) ? value->text.len : sizeof(text) - 1;

    memcpy(text, value->text.data, len);
    text[len] = '\0';
    return strtod(text, NULL);
}

static bool are_equal(struct walk *walk, const struct json *a, const struct json *b);

static bool
have_equal_members(struct walk *walk, const struct json *a, const struct json *b)
{
    for (const struct json *mine = a->first; mine != NULL; mine = mine->next) {
        const struct json *other = b->first;

        while (other != NULL && !str_eq(other->key, mine->key))
            other = other->next;
        if (other == NULL || !are_equal(walk, mine, other))
            return false;
    }
    return true;
}

static bool
have_equal_elements(struct walk *walk, const struct json *a, const struct json *b)
{
    const struct json *other = b->first;

    for (const struct json *mine = a->first; mine != NULL; mine = mine->next, other = other->next) {
        if (!are_equal(walk, mine, other))
            return false;
    }
    return true;
}

/* Either may be NULL: nothing equals nothing (RFC 9535, 2.3.5.2.2). */
static bool
are_equal(struct walk *walk, const struct json *a, const struct json *b)
{
    if (walk->steps_left == 0)
        return false;
    walk->steps_left--;
    if (a == NULL || b == NULL)
        return a == b;
    if (a->type != b->type || a->count != b->count)
        return false;
    switch (a->type) {
    case JSON_NUMBER:
        return number_of(a) == number_of(b);
    case JSON_STRING:
        return str_eq(a->text, b->text);
    case JSON_ARRAY:
        return have_equal_elements(walk, a, b);
    case JSON_OBJECT:
        return have_equal_members(walk, a, b);
    case JSON_NULL:
    case JSON_FALSE:
    case JSON_TRUE:
        break;
    }
    return true;
}

/* Texts compare by their characters, which in UTF-8 is by their bytes. */
static bool
is_less(const struct json *a, const struct json *b)
{
    if (a == NULL || b == NULL || a->type != b->type)
        return false;
    if (a->type == JSON_NUMBER)
        return number_of(a) < number_of(b);
    return a->type == JSON_STRING && str_cmp(a->text, b->text) < 0;
}

static bool
fits_regex(const struct json *text, const struct json *pattern, bool is_whole)
{
    struct regex *regex = NULL;
    struct err ignored = {0};
    struct buf whole;
    bool fits = false;

    if (text == NULL || pattern == NULL || text->type != JSON_STRING ||
        pattern->type != JSON_STRING)
        return false;
    buf_init(&whole, pattern->text.len + 16);
    if (is_whole)
        BUF_ADD_LIT(&whole, "^(?:");
    buf_add_str(&whole, pattern->text);
    if (is_whole)
        BUF_ADD_LIT(&whole, ")$");
    if (regex_compile(buf_str(&whole), false, &regex, &ignored) &&
        !regex_match(regex, text->text, &fits, &ignored))
        fits = false;
    regex_free(regex);
    buf_fini(&whole);
    return fits;
}

static bool
fits_text(enum condition_kind kind, const struct json *node, struct str wanted)
{
    struct str text = node->text;

    if (node->type != JSON_STRING)
        return false;
    switch (kind) {
    case CONDITION_TEXT_EQ:
        return str_eq(text, wanted);
    case CONDITION_TEXT_NE:
        return !str_eq(text, wanted);
    case CONDITION_TEXT_BEGINS:
        return str_has_prefix(text, wanted);
    case CONDITION_TEXT_ENDS:
        return str_has_suffix(text, wanted);
    default:
        return wanted.len == 0 ||
               (text.len > 0 && memmem(text.data, text.len, wanted.data, wanted.len) != NULL);
    }
}

static bool
compare(struct walk *walk, const struct condition *condition, const struct json *node)
{
    const struct json *a = value_of(walk, &condition->a, node);
    const struct json *b = value_of(walk, &condition->b, node);

    switch (condition->kind) {
    case CONDITION_EQ:
        return are_equal(walk, a, b);
    case CONDITION_NE:
        return !are_equal(walk, a, b);
    case CONDITION_LT:
        return is_less(a, b);
    case CONDITION_LE:
        return is_less(a, b) || are_equal(walk, a, b);
    case CONDITION_GT:
        return is_less(b, a);
    case CONDITION_GE:
        return is_less(b, a) || are_equal(walk, a, b);
    default:
        walk->steps_left -= walk->steps_left < REGEX_STEPS ? walk->steps_left : REGEX_STEPS;
        return fits_regex(a, b, condition->kind == CONDITION_MATCH);
    }
}

static bool
holds(struct walk *walk, const struct condition *condition, const struct json *node)
{
    if (walk->steps_left == 0)
        return false;
    walk->steps_left--;
    switch (condition->kind) {
    case CONDITION_OR:
        return holds(walk, condition->left, node) || holds(walk, condition->right, node);
    case CONDITION_AND:
        return holds(walk, condition->left, node) && holds(walk, condition->right, node);
    case CONDITION_NOT:
        return !holds(walk, condition->left, node);
    case CONDITION_THERE:
        return value_of(walk, &condition->a, node) != NULL;
    case CONDITION_TEXT_EQ:
    case CONDITION_TEXT_NE:
    case CONDITION_TEXT_BEGINS:
    case CONDITION_TEXT_ENDS:
    case CONDITION_TEXT_HAS:
        return fits_text(condition->kind, node, condition->b.literal.text);
    default:
        return compare(walk, condition, node);
    }
}

/* --- segments -------------------------------------------------------------------------------- */

static const struct json *
element_at(const struct json *array, int64_t index)
{
    const struct json *element = array->first;

    if (index < 0)
        index += array->count;
    if (index < 0 || index >= array->count)
        return NULL;
    while (index-- > 0)
        element = element->next;
    return element;
}

static int64_t
clamp(int64_t at, int64_t least, int64_t most)
{
    return at < least ? least : at > most ? most : at;
}

/* RFC 9535, 2.3.4.2.2 */
static const struct json *
find_in_slice(struct walk *walk, const struct segment *segment, const struct selector *slice,
              const struct json *array)
{
    int64_t count = array->count, by = slice->by;
    int64_t from = slice->has_from ? slice->from : by > 0 ? 0 : count - 1;
    int64_t to = slice->has_to ? slice->to : by > 0 ? count : -count - 1;
    const struct json *found = NULL;

    from += from < 0 ? count : 0;
    to += to < 0 ? count : 0;
    from = by > 0 ? clamp(from, 0, count) : clamp(from, -1, count - 1);
    to = by > 0 ? clamp(to, 0, count) : clamp(to, -1, count - 1);
    for (int64_t at = from; by > 0 ? at < to : at > to; at += by) {
        found = find_in(walk, segment->next, element_at(array, at));
        if (found != NULL || walk->steps_left == 0)
            break;
    }
    return found;
}

static const struct json *
find_selected(struct walk *walk, const struct segment *segment, const struct selector *selector,
              const struct json *node)
{
    const struct json *found = NULL;
    const struct json *child;

    switch (selector->kind) {
    case SELECT_NAME:
        child = node->type == JSON_OBJECT ? node->first : NULL;
        while (child != NULL && !str_eq(child->key, selector->name))
            child = child->next;
        return child != NULL ? find_in(walk, segment->next, child) : NULL;
    case SELECT_INDEX:
        child = node->type == JSON_ARRAY ? element_at(node, selector->from) : NULL;
        return child != NULL ? find_in(walk, segment->next, child) : NULL;
    case SELECT_SLICE:
        return node->type == JSON_ARRAY && selector->by != 0
                   ? find_in_slice(walk, segment, selector, node)
                   : NULL;
    case SELECT_ALL:
    case SELECT_FILTER:
        break;
    }
    child = node->type == JSON_ARRAY || node->type == JSON_OBJECT ? node->first : NULL;
    for (; child != NULL && found == NULL && walk->steps_left > 0; child = child->next) {
        if (selector->kind == SELECT_ALL || holds(walk, selector->condition, child))
            found = find_in(walk, segment->next, child);
    }
    return found;
}

/* The first node that these segments select from node. */
static const struct json *
find_in(struct walk *walk, const struct segment *segment, const struct json *node)
{
    const struct json *found = NULL;

    if (segment == NULL || walk->steps_left == 0)
        return segment == NULL ? node : NULL;
    walk->steps_left--;
    for (const struct selector *selector = segment->selectors; selector != NULL && found == NULL;
         selector = selector->next)
        found = find_selected(walk, segment, selector, node);
    if (!segment->descends || (node->type != JSON_ARRAY && node->type != JSON_OBJECT))
        return found;
    for (const struct json *child = node->first; child != NULL && found == NULL;
         child = child->next)
        found = find_in(walk, segment, child);
    return found;
}

const struct json *
claim_path_find(const struct claim_path *path, const struct json *claims)
{
    struct walk walk = {.root = claims, .steps_left = CLAIM_PATH_STEPS_MAX};

    return find_in(&walk, path->segments, claims);
}
