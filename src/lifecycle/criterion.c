/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/criterion.h"

const char criterion_figures[] =
    "throughput, p50, p95, p99, error_rate, concurrency, rto, lost and duplicated";

/* Which of several figures counts. */
enum choice {
    NEWEST,  /* what it is like now */
    LARGEST, /* the most that it was seen to do, or the worst that happened */
    SERVED,  /* the same, where nothing failed meanwhile */
};

/* Where the figures come from; without a row, all that have one of that name count. */
static const struct source {
    const char *name;
    const char *figure;
    const char *row;
    enum choice choice;
} sources[] = {
    {"throughput", "throughput", "throughput", LARGEST},
    {"throughput", "capacity", NULL, LARGEST},
    {"concurrency", "concurrency", "concurrency", SERVED},
    {"p50", "p50", "latency", NEWEST},
    {"p95", "p95", "latency", NEWEST},
    {"p99", "p99", "latency", NEWEST},
    {"error_rate", "error_rate", "error-rate", NEWEST},
    {"rto", "rto", NULL, LARGEST},
    {"lost", "lost", NULL, LARGEST},
    {"duplicated", "duplicated", NULL, LARGEST},
};

const char *
criterion_find_figure(const char *name)
{
    for (size_t i = 0; i < COUNTOF(sources); i++) {
        if (strcmp(sources[i].name, name) == 0)
            return sources[i].name;
    }

    return NULL;
}

static bool
holds(double found, const char *op, double limit)
{
    if (op[0] == '>')
        return op[1] == '=' ? found >= limit : found > limit;

    return op[1] == '=' ? found <= limit : found < limit;
}

static bool
is_better(const struct criterion_judgement *best, const struct evidence *item,
          const struct evidence_figure *figure, enum choice choice)
{
    bool failed = item->outcome == EVIDENCE_FAIL;

    if (best->evidence == NULL)
        return true;
    if (choice == NEWEST)
        return item->at_us > best->evidence->at_us;
    if (choice == SERVED && failed != (best->evidence->outcome == EVIDENCE_FAIL))
        return !failed;

    return figure->value > best->figure->value;
}

static void
look_at(const struct evidence_store *store, const struct source *source,
        struct criterion_judgement *out)
{
    for (size_t i = 0; i < store->count; i++) {
        const struct evidence *item = &store->items[i];
        const struct evidence_figure *figure = evidence_get_figure(item, source->figure);

        if (item->is_stale || figure == NULL ||
            (source->row != NULL && strcmp(item->row, source->row) != 0) ||
            !is_better(out, item, figure, source->choice))
            continue;
        out->evidence = item;
        out->figure = figure;
    }
}

void
criterion_judge(const struct poc_criterion *criterion, const struct evidence_store *store,
                struct criterion_judgement *out)
{
    bool failed = false;

    *out = (struct criterion_judgement){.state = CRITERION_OPEN};
    if (criterion->figure[0] == '\0') {
        if (criterion->met_by[0] != '\0')
            out->state = criterion->met ? CRITERION_MET : CRITERION_MISSED;
        return;
    }
    for (size_t i = 0; i < COUNTOF(sources); i++) {
        if (strcmp(sources[i].name, criterion->figure) != 0)
            continue;
        look_at(store, &sources[i], out);
        /* So many users, or requests, of which some failed are not what was asked for. */
        failed = sources[i].choice == SERVED && out->evidence != NULL &&
                 out->evidence->outcome == EVIDENCE_FAIL;
    }
    if (out->figure == NULL)
        return;
    out->state = !failed && holds(out->figure->value, criterion->op, criterion->value)
                     ? CRITERION_MET
                     : CRITERION_MISSED;
}
