/* SPDX-License-Identifier: Apache-2.0 */
#include "db/postgres/stmts.h"

#define BUCKETS (2 * PG_STMTS_MAX)
#define NONE UINT16_MAX

/* A node is in a chain of its bucket and in the list of use; a free one only in the free chain. */
struct node {
    struct pg_stmt stmt;
    uint16_t chain;
    uint16_t older, newer;
};

struct pg_stmts {
    struct node nodes[PG_STMTS_MAX];
    uint16_t buckets[BUCKETS];
    uint16_t oldest, newest, free;
    unsigned count;
    uint64_t last_serial;
    /* An entry is closed at most once, and its place is taken again only after that. */
    uint64_t *closed;
    unsigned closed_count, closed_cap;
};

static uint16_t *
bucket_of(struct pg_stmts *stmts, uint64_t id)
{
    return &stmts->buckets[(id * 0x9E3779B97F4A7C15U) >> 32 & (BUCKETS - 1)];
}

static void
use_remove(struct pg_stmts *stmts, uint16_t at)
{
    struct node *node = &stmts->nodes[at];

    if (node->older != NONE)
        stmts->nodes[node->older].newer = node->newer;
    else
        stmts->oldest = node->newer;
    if (node->newer != NONE)
        stmts->nodes[node->newer].older = node->older;
    else
        stmts->newest = node->older;
}

static void
use_add(struct pg_stmts *stmts, uint16_t at)
{
    struct node *node = &stmts->nodes[at];

    node->older = stmts->newest;
    node->newer = NONE;
    if (stmts->newest != NONE)
        stmts->nodes[stmts->newest].newer = at;
    else
        stmts->oldest = at;
    stmts->newest = at;
}

static void
close_later(struct pg_stmts *stmts, uint64_t serial)
{
    if (stmts->closed_count == stmts->closed_cap) {
        stmts->closed_cap = stmts->closed_cap == 0 ? 16 : stmts->closed_cap * 2;
        stmts->closed = xrealloc(stmts->closed, stmts->closed_cap * sizeof(*stmts->closed));
    }
    stmts->closed[stmts->closed_count++] = serial;
}

static void
node_remove(struct pg_stmts *stmts, uint16_t at, bool close)
{
    struct node *node = &stmts->nodes[at];
    uint16_t *link = bucket_of(stmts, node->stmt.id);

    while (*link != at)
        link = &stmts->nodes[*link].chain;
    *link = node->chain;
    use_remove(stmts, at);
    node->chain = stmts->free;
    stmts->free = at;
    stmts->count--;
    if (close)
        close_later(stmts, node->stmt.serial);
}

struct pg_stmts *
pg_stmts_new(void)
{
    struct pg_stmts *stmts = xcalloc(1, sizeof(*stmts));

    pg_stmts_clear(stmts);
    return stmts;
}

void
pg_stmts_free(struct pg_stmts *stmts)
{
    if (stmts == NULL)
        return;
    free(stmts->closed);
    free(stmts);
}

void
pg_stmts_clear(struct pg_stmts *stmts)
{
    memset(stmts->buckets, 0xff, sizeof(stmts->buckets));
    for (uint16_t i = 0; i < PG_STMTS_MAX; i++)
        stmts->nodes[i].chain = i + 1 < PG_STMTS_MAX ? (uint16_t)(i + 1) : NONE;
    stmts->free = 0;
    stmts->oldest = stmts->newest = NONE;
    stmts->count = stmts->closed_count = 0;
}

static uint16_t
find(struct pg_stmts *stmts, uint64_t id)
{
    uint16_t at = *bucket_of(stmts, id);

    while (at != NONE && stmts->nodes[at].stmt.id != id)
        at = stmts->nodes[at].chain;
    return at;
}

const struct pg_stmt *
pg_stmts_find(struct pg_stmts *stmts, uint64_t id)
{
    uint16_t at = find(stmts, id);

    if (at == NONE)
        return NULL;
    if (at != stmts->newest) {
        use_remove(stmts, at);
        use_add(stmts, at);
    }
    return &stmts->nodes[at].stmt;
}

const struct pg_stmt *
pg_stmts_add(struct pg_stmts *stmts, uint64_t id, uint64_t job)
{
    uint16_t *bucket = bucket_of(stmts, id);

    if (stmts->free == NONE)
        node_remove(stmts, stmts->oldest, true);

    uint16_t at = stmts->free;
    struct node *node = &stmts->nodes[at];
    stmts->free = node->chain;
    node->stmt = (struct pg_stmt){.id = id, .serial = ++stmts->last_serial, .job = job};
    node->chain = *bucket;
    *bucket = at;
    use_add(stmts, at);
    stmts->count++;
    return &node->stmt;
}

/* Rare, so a walk over all is good enough. */
void
pg_stmts_drop(struct pg_stmts *stmts, uint64_t serial, bool close)
{
    for (uint16_t at = stmts->newest; at != NONE; at = stmts->nodes[at].older) {
        if (stmts->nodes[at].stmt.serial == serial) {
            node_remove(stmts, at, close);
            return;
        }
    }
}

uint64_t
pg_stmts_take_closed(struct pg_stmts *stmts)
{
    return stmts->closed_count > 0 ? stmts->closed[--stmts->closed_count] : 0;
}

void
pg_stmts_learn(struct pg_stmts *stmts, uint64_t id, uint32_t us)
{
    uint16_t at = find(stmts, id);
    struct pg_stmt *stmt = at != NONE ? &stmts->nodes[at].stmt : NULL;

    if (stmt == NULL)
        return;
    stmt->us = stmt->is_known ? stmt->us - stmt->us / 8 + us / 8 : us;
    stmt->is_known = true;
}

unsigned
pg_stmts_count(const struct pg_stmts *stmts)
{
    return stmts->count;
}
