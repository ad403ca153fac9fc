/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What drills share: a service of their own, clients that write to it while a fault happens, and
 * the ledger afterwards.
 */
#ifndef CAIRN_DRILL_DRILL_H
#define CAIRN_DRILL_DRILL_H

#include "drill/examiner.h"
#include "drill/ledger.h"

enum {
    DRILL_TIMEOUT_MS = 10000,
    DRILL_RECOVER_MS = 30000,  /* until it is ready again, where the stage doesn't say */
    DRILL_PATIENCE_MS = 20000, /* how long is waited for something to be seen */
    DRILL_SLOW_CLIENTS = 200
};

struct drill {
    struct examiner *examiner;
    const struct check_input *input;
    struct evidence *out;
    struct service service;
    struct load_ledger ledger;
    struct load_result result;
    struct ledger_count count;
    void (*fault)(struct drill *drill, int64_t elapsed_ms);
    struct load_route_result routes[2]; /* writes, and looks at readiness */
    bool was_interrupted;
    /* Each at least; a slow machine may need longer until there is something to be seen. */
    int64_t fault_ms;   /* after how long the fault begins */
    int64_t hold_ms;    /* how long one lasts that is taken back */
    int64_t after_ms;   /* how long clients go on when the fault has done its work */
    int64_t recover_ms; /* how long it may take to be ready again; 0: DRILL_RECOVER_MS */
    /* Of the fault. */
    int phase;
    void *state;          /* its own */
    int64_t begun_ms;     /* when it began */
    bool has_begun;       /* enough was answered before it */
    int64_t settled_ms;   /* when it had done its work */
    bool is_settled;      /* clients go on for after_ms only */
    struct hist before;   /* of good answers before the fault */
    uint64_t ok_at_phase; /* writes that were answered well when the phase began */
    uint64_t fault_ns, back_ns;
    bool awaits_end; /* the run goes on until the fault is over, without clients */
    bool ended_in_time;
    int exit_status;
    int slow_fds[DRILL_SLOW_CLIENTS];
    struct err err;
};

/*
 * Starts the service; fault is called every 20 ms of the run. It begins when drill_may_begin says
 * so, and calls drill_settle when all of it has happened. False, with that said, when it can't. */
MUST_CHECK bool drill_begin(struct drill *drill, struct examiner *examiner,
                            const struct check_input *input, struct evidence *out,
                            void (*fault)(struct drill *drill, int64_t elapsed_ms));
/* True from when it is time for the fault and enough was answered for it to be felt. */
bool drill_may_begin(struct drill *drill, int64_t elapsed_ms);
void drill_settle(struct drill *drill, int64_t elapsed_ms);
/* That long, for as much patience as there is. */
int64_t drill_stretch(const struct drill *drill, int64_t ms);
/* Writes that were answered, and not well. */
uint64_t drill_count_refused(const struct drill *drill);
/* Clients write, and read now and then, until the fault is over; then the rows are counted. False
 * when the drill could not be run, with the reason in drill->err. */
MUST_CHECK bool drill_run(struct drill *drill);
/* Figures for the evidence, and the end of the service. */
void drill_end(struct drill *drill);

/* What no fault may do: lose what was acknowledged, write it twice, keep what was refused. True
 * when one of these happened, with that said. */
bool drill_is_ledger_wrong(struct drill *drill);
/* The fault never came, as too little was answered, or it never had an effect; with that said. */
bool drill_is_untested(struct drill *drill);
/* Requests that were cut, hung, or answered with what is no HTTP. */
unsigned long long drill_count_broken(const struct drill *drill);

/* The first answer to the load that says neither that it was done nor that it may be tried again
 * (429, 503, 504, or what also says that of this fault; 0: nothing); 0: there is none. */
int drill_find_wrong_status(const struct drill *drill, int also);

/* What is asked beside the load. GET: the status, -1 when there was no answer. */
int drill_ask_status(struct client *client, const char *path);
/* A write whose number, the nth, is past those of the ledger. */
void drill_write_beside(const struct service *service, struct client *client, unsigned nth,
                        struct client_response *out);

/* drill_disk.c */
void drill_look_disk(struct examiner *examiner, const struct check_input *input,
                     struct evidence *out);
/* drill_database.c */
void drill_look_database(struct examiner *examiner, const struct check_input *input,
                         struct evidence *out);

#endif
