/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Load, honestly measured.
 *
 * Open model (rate > 0): requests begin at fixed times, whether or not the ones before were
 * answered, as users do. Latency counts from the time at which a request was meant to begin, so
 * that a stall of the service is seen by everybody who would have met it (no coordinated omission).
 * Closed model (rate 0): each connection sends its next request when it has its answer; that finds
 * the most a service can do, and hides its stalls.
 *
 * One thread, HTTP/1.1 with keep-alive in the clear; nothing in it waits for one connection, not
 * even for its making. How late the generator itself was is measured too: past some milliseconds
 * the figures are its own limit, not the service's.
 */
#ifndef CAIRN_DRILL_LOAD_H
#define CAIRN_DRILL_LOAD_H

#include "drill/client.h"
#include "drill/hist.h"

enum {
    LOAD_ROUTES_MAX = 16,
    LOAD_CONNECTIONS_MAX = 10000,
    LOAD_WRITES_MAX = 4 * 1000 * 1000,
    LOAD_SLOTS = 60
};

struct load_route {
    const char *method;
    const char *path;    /* {n} is the number of the request */
    const char *body;    /* NULL: none; {n} as above */
    const char *headers; /* "Name: value\r\n"..., or NULL */
    unsigned weight;     /* how often, among all */
    bool is_write;       /* kept in the ledger */
    bool wants_array;    /* an answer is good only with a JSON array as its body */
};

/* What became of a write. */
enum load_fate {
    LOAD_UNSENT,
    LOAD_ACKNOWLEDGED, /* 2xx: it must be there, once */
    LOAD_REFUSED,      /* another status: it must not be there */
    LOAD_UNKNOWN,      /* no answer, or one that says so (503): it may be there, once */
};

struct load_ledger {
    uint8_t *fates; /* by number, from first */
    uint64_t first;
    uint64_t count;
};

/* Of one route. */
struct load_route_result {
    uint64_t sent, ok, failed; /* failed as load_failures has it */
    struct hist latency;
};

/* Of a sixtieth of the run, by when requests were meant to begin. */
struct load_slot {
    uint64_t answered, failed;
    uint64_t max_us;
};

struct load_options {
    struct endpoint at;
    const struct load_route *routes;
    unsigned route_count;
    double rate;     /* requests per second; 0: closed */
    int64_t ramp_ms; /* the rate grows from 0 over this time; counted as part of the duration */
    unsigned connections;
    int64_t duration_ms;
    int64_t timeout_ms;                      /* of one request, from its sending */
    uint64_t first_number;                   /* {n} of the first request */
    struct load_ledger *ledger;              /* NULL: none is kept; freed by load_ledger_fini */
    struct load_route_result *route_results; /* one for each route; NULL: none are kept */
    /* Asked every 20 ms or so: true ends the run at once, whatever is in flight. May be NULL. */
    bool (*is_interrupted)(void);
    /* Every 20 ms or so; false ends the run, and what is in flight is waited for. Must not block
     * for long. May be NULL. */
    bool (*tick)(void *ctx, int64_t elapsed_ms);
    void *ctx;
};

struct load_result {
    uint64_t sent, answered;
    uint64_t ok;            /* 2xx and 3xx */
    uint64_t good;          /* 2xx, and with a JSON array where one is wanted */
    uint64_t hollow;        /* 2xx without the array that is wanted */
    uint64_t client_errors; /* 4xx */
    uint64_t server_errors; /* 5xx */
    uint64_t refused;       /* no connection could be had for it */
    uint64_t cut;           /* the connection ended before its answer */
    uint64_t timeouts;
    uint64_t garbage;
    struct hist latency; /* of the answered ones */
    struct hist good_latency;
    struct hist lateness; /* how late the generator sent */
    struct load_slot slots[LOAD_SLOTS];
    double seconds;
    bool was_interrupted;
    int statuses[8]; /* the first different ones that weren't 2xx */
    unsigned status_count;
};

/* False only when it could not begin. */
MUST_CHECK bool load_run(const struct load_options *options, struct load_result *out,
                         struct err *err);
/*
 * How many requests per second the generator itself can make here, found out in a quarter of a
 * second against a thread that answers at once. 0 when that can't be tried.
 */
double load_measure_limit(void);
void load_ledger_fini(struct load_ledger *ledger);
/* Requests that didn't get the answer they should have: 5xx, refused, cut, late, garbage. */
uint64_t load_failures(const struct load_result *result);

#endif
