/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service's own history: what `cairn serve` writes down about itself in .cairn/history/, one
 * line of JSON for each event.
 *
 * A service is an instance: a supervisor (writer 0) and its workers (writers 1, 2, ... in the order
 * of their starts), which all append to the same files. Each line has the number of its writer's
 * line, so that one that is missing is noticed, and ends with a sum over what stands before it, so
 * that one that was cut short or edited is told from a sound one and counts for nothing.
 *
 * at_us is what the clock on the wall said, which may go back; up_ms is counted by one that
 * doesn't, from the instance's beginning, and goes on while the machine sleeps.
 */
#ifndef CAIRN_LIFECYCLE_HISTORY_H
#define CAIRN_LIFECYCLE_HISTORY_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"

#define HISTORY_DIR ".cairn/history"

enum {
    HISTORY_VERSION = 1,
    HISTORY_ID_SIZE = 17, /* 16 hexadecimal digits */
    HISTORY_BUCKETS = 16, /* of latency; the last is what is longer than all bounds */
    HISTORY_LINE_MAX = 2048,
    HISTORY_WORD_SIZE = 24
};

/* Seconds; a bucket holds what took no longer, and longer than the one before. */
extern const double history_bounds[HISTORY_BUCKETS - 1];

enum history_kind {
    HISTORY_START, /* the supervisor began */
    HISTORY_READY, /* a worker answers requests */
    HISTORY_BEAT,  /* what happened since the last beat */
    HISTORY_END,   /* a worker ended, and another one will be started */
    HISTORY_STOP,  /* the supervisor ends */
    HISTORY_DRILL, /* a drill is about to end a worker of another instance on purpose */
};

struct history_beat {
    int64_t took_ms;                   /* how long ago the last one was */
    int64_t ready_ms;                  /* of that, how long it was ready */
    uint64_t requests;                 /* answered, of the API: health and metrics don't count */
    uint64_t errors;                   /* of these, 5xx */
    uint64_t scrapes;                  /* times that the metrics were read */
    uint64_t in_flight_max;            /* looked at once a second */
    bool is_ready;                     /* at its end */
    uint64_t latency[HISTORY_BUCKETS]; /* of the requests */
};

struct history_line {
    enum history_kind kind;
    int64_t at_us;
    int64_t up_ms;
    char instance[HISTORY_ID_SIZE];
    uint32_t writer, number;
    char host[HISTORY_ID_SIZE]; /* which machine's: see history_get_host */
    /* START */
    char version[HISTORY_WORD_SIZE];
    char config[HISTORY_ID_SIZE]; /* hash of the configuration */
    int64_t pid;
    int64_t every_ms; /* from beat to beat */
    /* END; 0 for the one that isn't so */
    int signal, exit_code;
    int64_t restart_ms; /* the pause before the next */
    /* STOP: "SIGTERM", "SIGINT", "failed" */
    char reason[HISTORY_WORD_SIZE];
    /* DRILL: the instance that it is about */
    char of[HISTORY_ID_SIZE];
    /* BEAT */
    struct history_beat beat;
};

enum history_fault {
    HISTORY_SOUND,
    HISTORY_CUT,     /* no line of this form: cut short, or never one */
    HISTORY_CHANGED, /* the sum isn't its own, or a field isn't what it should be */
    HISTORY_NEWER,   /* another version of cairn wrote it */
};

/* The line, with its sum and line end. */
void history_print_line(const struct history_line *line, struct buf *out);
/* text is without the line end. arena is for the way only: nothing in *out points to it. */
enum history_fault history_parse_line(struct str text, struct arena *arena,
                                      struct history_line *out);

/* A new instance's id. */
void history_make_id(char out[HISTORY_ID_SIZE]);
/* What tells this machine from others: made from /etc/machine-id, or from its name where there is
 * none. It can't be turned back into either. */
void history_get_host(char out[HISTORY_ID_SIZE]);
/* Seconds that the share of all took no longer than: an estimate, as if those of a bucket were
 * spread evenly over it. 0 when there are none, and the last bound for what is longer than that. */
double history_quantile(const uint64_t latency[HISTORY_BUCKETS], double share);

#endif
