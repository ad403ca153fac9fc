/* SPDX-License-Identifier: Apache-2.0 */
/* tsvector: from words and from its text, and back. */
#include "core/json.h"
#include "core/stop.h"
#include "sql/search_impl.h"

int
search_compare(struct str a, struct str b)
{
    return str_cmp(a, b);
}

static bool
fail_too_large(size_t size, struct err *err)
{
    return err_set(err, ERR_DB, "54000",
                   "string is too long for tsvector (%zu bytes, max %d bytes)", size,
                   SEARCH_VECTOR_MAX);
}

/* What the entries take as PostgreSQL stores them. */
static bool
check_size(const struct search_vector *vector, struct err *err)
{
    size_t size = 0;

    for (uint32_t i = 0; i < vector->count; i++) {
        const struct search_entry *entry = &vector->entries[i];

        size += entry->lexeme.len;
        if (entry->place_count > 0)
            size = size + (size & 1) + 2 * ((size_t)entry->place_count + 1);
    }
    return size <= SEARCH_VECTOR_MAX || fail_too_large(size, err);
}

static int
compare_words(const void *a, const void *b)
{
    const struct search_word *x = a;
    const struct search_word *y = b;
    int order = search_compare(x->lexeme, y->lexeme);

    return order != 0 ? order : (x->place > y->place) - (x->place < y->place);
}

/* The words behind first with the same lexeme are one entry. Returns where the next begins. */
static size_t
gather(const struct search_words *words, size_t first, struct arena *arena,
       struct search_entry *out)
{
    size_t end = first + 1;

    while (end < words->count && str_eq(words->items[end].lexeme, words->items[first].lexeme))
        end++;
    *out = (struct search_entry){.lexeme = words->items[first].lexeme};
    out->places = ARENA_ARRAY(arena, uint16_t, end - first);
    for (size_t i = first; i < end && out->place_count < SEARCH_PLACES_MAX; i++) {
        uint32_t place = words->items[i].place;

        if (out->place_count == 0 || out->places[out->place_count - 1] != place)
            out->places[out->place_count++] = (uint16_t)place;
    }
    return end;
}

static bool
make(struct search_words *words, struct arena *arena, struct search_vector *out, struct err *err)
{
    *out = (struct search_vector){0};
    if (words->count == 0)
        return true;
    qsort(words->items, words->count, sizeof(*words->items), compare_words);
    out->entries = ARENA_ARRAY(arena, struct search_entry, words->count);
    for (size_t i = 0; i < words->count;)
        i = gather(words, i, arena, &out->entries[out->count++]);
    return check_size(out, err);
}

bool
search_vector_make(struct search *search, const struct search_config *config, struct str text,
                   struct arena *arena, struct search_vector *out, struct err *err)
{
    struct search_words words = {0};
    bool ok =
        search_words_add(search, config, text, arena, &words, err) && make(&words, arena, out, err);

    search_words_fini(&words);
    return ok;
}

/* The depth of json is limited. Between the strings there is a place. */
static bool
add_strings(struct search *search, const struct search_config *config, const struct json *json,
            struct arena *arena, struct search_words *words, struct err *err)
{
    size_t before = words->count;

    if (json->type == JSON_STRING) {
        if (!search_words_add(search, config, json->text, arena, words, err))
            return false;
        words->place += words->count > before ? 1 : 0;
    }
    for (const struct json *child = json->first; child != NULL; child = child->next) {
        if (!add_strings(search, config, child, arena, words, err))
            return false;
    }
    return true;
}

bool
search_vector_make_json(struct search *search, const struct search_config *config, struct str json,
                        struct arena *arena, struct search_vector *out, struct err *err)
{
    struct json_limits limits = {.max_depth = 1000, .allow_duplicate_keys = true};
    struct search_words words = {0};
    struct json *tree = NULL;
    bool ok = json_parse(json, limits, arena, &tree, err) &&
              add_strings(search, config, tree, arena, &words, err) &&
              make(&words, arena, out, err);

    search_words_fini(&words);
    return ok;
}

static int
compare_places(const void *a, const void *b)
{
    uint16_t x = *(const uint16_t *)a;
    uint16_t y = *(const uint16_t *)b;
    int order = SEARCH_PLACE(x) - SEARCH_PLACE(y);

    return order != 0 ? order : SEARCH_WEIGHT(y) - SEARCH_WEIGHT(x);
}

/* Sorts; of the same place the greatest weight stays. */
static void
settle_places(struct search_entry *entry)
{
    uint32_t kept = 0;

    if (entry->place_count == 0)
        return;
    qsort(entry->places, entry->place_count, sizeof(*entry->places), compare_places);
    for (uint32_t i = 1; i < entry->place_count && kept + 1 < SEARCH_PLACES_MAX; i++) {
        if (SEARCH_PLACE(entry->places[i]) != SEARCH_PLACE(entry->places[kept]))
            entry->places[++kept] = entry->places[i];
    }
    entry->place_count = kept + 1;
}

static int
compare_entries(const void *a, const void *b)
{
    return search_compare(((const struct search_entry *)a)->lexeme,
                          ((const struct search_entry *)b)->lexeme);
}

static void
join_places(struct search_entry *entry, const struct search_entry *other, struct arena *arena)
{
    uint16_t *places = NULL;

    if (other->place_count == 0)
        return;
    places = ARENA_ARRAY(arena, uint16_t, (size_t)entry->place_count + other->place_count);
    if (entry->place_count > 0)
        memcpy(places, entry->places, entry->place_count * sizeof(*places));
    memcpy(places + entry->place_count, other->places, other->place_count * sizeof(*places));
    entry->places = places;
    entry->place_count += other->place_count;
}

bool
search_vector_read(struct str text, struct arena *arena, struct search_vector *out, struct err *err)
{
    struct search_reader reader = {
        .text = text, .syntax = SEARCH_IN_VECTOR, .arena = arena, .err = err};
    struct search_entry *entries = NULL;
    size_t cap = 0;
    uint32_t count = 0;
    uint32_t kept = 0;

    *out = (struct search_vector){0};
    for (;;) {
        struct search_entry entry = {0};
        bool found = false;

        if (!search_read_word(&reader, &entry.lexeme, &entry.places, &entry.place_count, &found))
            return false;
        if (!found)
            break;
        if (stop_is_due())
            return stop_fail(err);
        if (count == cap) {
            struct search_entry *more = ARENA_ARRAY(arena, struct search_entry, cap * 2 + 16);

            if (count > 0)
                memcpy(more, entries, count * sizeof(*more));
            entries = more;
            cap = cap * 2 + 16;
        }
        entries[count++] = entry;
    }
    if (count == 0)
        return true;
    qsort(entries, count, sizeof(*entries), compare_entries);
    for (uint32_t i = 1; i < count; i++) {
        if (str_eq(entries[i].lexeme, entries[kept].lexeme))
            join_places(&entries[kept], &entries[i], arena);
        else
            entries[++kept] = entries[i];
    }
    *out = (struct search_vector){entries, kept + 1};
    for (uint32_t i = 0; i < out->count; i++)
        settle_places(&entries[i]);
    return check_size(out, err);
}

void
search_write_word(struct buf *out, struct str word)
{
    buf_add_char(out, '\'');
    for (size_t i = 0; i < word.len; i++) {
        if (word.data[i] == '\'' || word.data[i] == '\\')
            buf_add_char(out, word.data[i]);
        buf_add_char(out, word.data[i]);
    }
    buf_add_char(out, '\'');
}

void
search_vector_write(struct buf *out, const struct search_vector *vector)
{
    for (uint32_t i = 0; i < vector->count; i++) {
        const struct search_entry *entry = &vector->entries[i];

        if (i > 0)
            buf_add_char(out, ' ');
        search_write_word(out, entry->lexeme);
        for (uint32_t j = 0; j < entry->place_count; j++) {
            buf_add_char(out, j == 0 ? ':' : ',');
            buf_add_u64(out, SEARCH_PLACE(entry->places[j]));
            if (SEARCH_WEIGHT(entry->places[j]) > 0)
                buf_add_char(out, "DCBA"[SEARCH_WEIGHT(entry->places[j])]);
        }
    }
}

void
search_vector_weigh(struct search_vector *vector, unsigned weight)
{
    for (uint32_t i = 0; i < vector->count; i++) {
        struct search_entry *entry = &vector->entries[i];

        for (uint32_t j = 0; j < entry->place_count; j++)
            entry->places[j] = (uint16_t)(SEARCH_PLACE(entry->places[j]) | weight << 14);
    }
}

void
search_vector_strip(struct search_vector *vector)
{
    for (uint32_t i = 0; i < vector->count; i++) {
        vector->entries[i].places = NULL;
        vector->entries[i].place_count = 0;
    }
}

static uint32_t
last_place(const struct search_vector *vector)
{
    uint32_t last = 0;

    for (uint32_t i = 0; i < vector->count; i++) {
        const struct search_entry *entry = &vector->entries[i];

        if (entry->place_count > 0 && SEARCH_PLACE(entry->places[entry->place_count - 1]) > last)
            last = SEARCH_PLACE(entry->places[entry->place_count - 1]);
    }
    return last;
}

/* Adds b's places behind those that are there, by shift further, as far as there is room. */
static void
append_places(struct search_entry *entry, const struct search_entry *b, uint32_t shift,
              struct arena *arena)
{
    uint16_t *places =
        ARENA_ARRAY(arena, uint16_t, (size_t)entry->place_count + b->place_count + 1);

    if (entry->place_count > 0)
        memcpy(places, entry->places, entry->place_count * sizeof(*places));
    entry->places = places;
    for (uint32_t i = 0; i < b->place_count; i++) {
        uint32_t place = SEARCH_PLACE(b->places[i]) + shift;

        if (entry->place_count > SEARCH_PLACES_MAX ||
            (entry->place_count > 0 &&
             SEARCH_PLACE(places[entry->place_count - 1]) == SEARCH_PLACE_MAX))
            break;
        place = place < SEARCH_PLACE_MAX ? place : SEARCH_PLACE_MAX;
        places[entry->place_count++] =
            (uint16_t)(place | (unsigned)SEARCH_WEIGHT(b->places[i]) << 14);
    }
}

bool
search_vector_concat(const struct search_vector *a, const struct search_vector *b,
                     struct arena *arena, struct search_vector *out, struct err *err)
{
    uint32_t shift = last_place(a);
    uint32_t i = 0;
    uint32_t j = 0;

    out->count = 0;
    out->entries = ARENA_ARRAY(arena, struct search_entry, (size_t)a->count + b->count + 1);
    while (i < a->count || j < b->count) {
        struct search_entry *entry = &out->entries[out->count++];
        int order = i == a->count   ? 1
                    : j == b->count ? -1
                                    : search_compare(a->entries[i].lexeme, b->entries[j].lexeme);

        *entry = order <= 0 ? a->entries[i] : (struct search_entry){b->entries[j].lexeme, NULL, 0};
        if (order >= 0)
            append_places(entry, &b->entries[j], shift, arena);
        i += order <= 0;
        j += order >= 0;
    }
    return check_size(out, err);
}
