/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/encode_gather.h"

#include "core/json.h"

#define ROWS_FIRST 64 /* a power of two */
#define NO_ROW UINT32_MAX

struct gathered_row {
    uint64_t hash;
    struct str key;
    size_t start, end; /* in the text */
    uint32_t next;     /* in its chain, in the order in which they came */
    bool is_written;
};

struct place {
    const struct encode_column *column;
    struct gathered_row *rows;
    uint32_t *first, *last; /* of the chains: as many as there is room for rows */
    uint32_t count, room;
};

struct gather {
    struct arena *arena;
    struct place *places;
    uint32_t count;
    int64_t rows_max;
    struct buf text;
    bool is_full; /* a row found no room */
};

struct gather *
gather_new(const struct encode_column *columns, uint32_t count, int64_t rows_max, size_t text_max,
           struct arena *arena)
{
    struct gather *gather = ARENA_NEW(arena, struct gather);

    gather->arena = arena;
    gather->rows_max = rows_max;
    gather->places = ARENA_ARRAY(arena, struct place, count);
    for (uint32_t i = 0; i < count; i++) {
        if (columns[i].form != ENCODE_GATHERED)
            continue;
        gather->places[columns[i].gather - 1].column = &columns[i];
        gather->count++;
    }
    buf_init(&gather->text, text_max);
    return gather;
}

void
gather_free(struct gather *gather)
{
    if (gather != NULL)
        buf_fini(&gather->text);
}

static void
chain(struct place *place, uint32_t at)
{
    uint32_t to = (uint32_t)place->rows[at].hash & (place->room - 1);

    place->rows[at].next = NO_ROW;
    if (place->first[to] == NO_ROW)
        place->first[to] = at;
    else
        place->rows[place->last[to]].next = at;
    place->last[to] = at;
}

static void
grow(struct gather *gather, struct place *place)
{
    uint32_t room = place->room == 0 ? ROWS_FIRST : place->room * 2;
    struct gathered_row *rows = ARENA_ARRAY(gather->arena, struct gathered_row, room);

    if (place->count > 0)
        memcpy(rows, place->rows, place->count * sizeof(*rows));
    place->rows = rows;
    place->room = room;
    place->first = ARENA_ARRAY(gather->arena, uint32_t, room);
    place->last = ARENA_ARRAY(gather->arena, uint32_t, room);
    memset(place->first, 0xFF, room * sizeof(*place->first));
    for (uint32_t i = 0; i < place->count; i++)
        chain(place, i);
}

static void
write_members(struct buf *out, const struct encode_column *column, const struct value *cells)
{
    for (uint32_t i = 0; i < column->member_count; i++) {
        const struct encode_column *member = &column->members[i];

        buf_add_padded(out, member->prefix);
        if (cells[member->cell].kind == VALUE_NULL)
            BUF_ADD_LIT(out, "null");
        else
            encode_value(out, member, &cells[member->cell]);
    }
    buf_add_char(out, '}');
}

bool
gather_add(struct gather *gather, const struct value *cells, uint32_t count)
{
    const struct value *key = NULL;
    struct gathered_row *row = NULL;
    struct place *place = NULL;
    int64_t number = 0;

    if (cells[0].kind != VALUE_TEXT || !str_to_i64(cells[0].s, &number) || number < 1 ||
        number > gather->count)
        return false;
    place = &gather->places[number - 1];
    key = &cells[place->column->cell];
    assert(place->column->cell < count);
    if (key->kind != VALUE_TEXT)
        return true;
    if (place->count >= gather->rows_max) {
        gather->is_full = true;
        return false;
    }
    if (place->count == place->room)
        grow(gather, place);
    row = &place->rows[place->count];
    *row = (struct gathered_row){
        .hash = str_hash(key->s, 0),
        .key = arena_copy(gather->arena, key->s),
        .start = gather->text.len,
    };
    write_members(&gather->text, place->column, cells);
    row->end = gather->text.len;
    chain(place, place->count++);
    return buf_ok(&gather->text);
}

void
gather_write(struct gather *gather, struct buf *out, const struct encode_column *column,
             const struct value *key)
{
    struct place *place = &gather->places[column->gather - 1];
    uint64_t hash = key->kind == VALUE_TEXT ? str_hash(key->s, 0) : 0;
    uint32_t at = NO_ROW;
    bool is_first = true;

    if (key->kind == VALUE_TEXT && place->count > 0)
        at = place->first[(uint32_t)hash & (place->room - 1)];
    buf_add_char(out, '[');
    for (; at != NO_ROW; at = place->rows[at].next) {
        struct gathered_row *row = &place->rows[at];

        if (row->hash != hash || !str_eq(row->key, key->s))
            continue;
        if (!is_first)
            BUF_ADD_LIT(out, ", \n ");
        is_first = false;
        row->is_written = true;
        buf_add_str(out, str_slice(buf_str(&gather->text), row->start, row->end));
    }
    buf_add_char(out, ']');
}

bool
gather_is_full(const struct gather *gather)
{
    return gather->is_full;
}

bool
gather_has_strays(const struct gather *gather)
{
    for (uint32_t i = 0; i < gather->count; i++) {
        const struct place *place = &gather->places[i];

        for (uint32_t j = 0; j < place->count; j++) {
            if (!place->rows[j].is_written)
                return true;
        }
    }
    return false;
}
