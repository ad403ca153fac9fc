/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What drills share: a service of their own, clients that write to it while a fault happens, and the
 * ledger afterwards.
 */
#ifndef CAIRN_DRILL_DRILL_H
#define CAIRN_DRILL_DRILL_H

#include "drill/examiner.h"
#include "drill/ledger.h"

enum { DRILL_TIMEOUT_MS = 10000, DRILL_SLOW_CLIENTS = 200 };

struct drill {
    struct examiner *examiner;
    const struct check_input *input;
    struct evidence *out;
    struct service service;
    struct load_ledger ledger;
    struct load_result result;
    struct ledger_count count;
    void (*fault)(struct drill *drill, int64_t elapsed_ms);
    bool was_interrupted;
    int64_t fault_ms;   /* after how long the fault begins */
    int64_t hold_ms;    /* how long one lasts that is taken back */
    int64_t run_ms;     /* how long clients write */
    int64_t recover_ms; /* how long it may take to be ready again; 0: DRILL_TIMEOUT_MS */
    /* Of the fault. */
    int phase;
    void *state; /* its own */
    uint64_t fault_ns, back_ns;
    bool awaits_end; /* the run goes on until the fault is over, without clients */
    bool ended_in_time;
    int exit_status;
    int slow_fds[DRILL_SLOW_CLIENTS];
    struct err err;
};

/* Starts the service; fault is called every 20 ms of the run. False, with that said, when it can't. */
MUST_CHECK bool drill_begin(struct drill *drill, struct examiner *examiner,
                            const struct check_input *input, struct evidence *out,
                            void (*fault)(struct drill *drill, int64_t elapsed_ms));
/* Clients write, and read now and then, while the fault happens; then the rows are counted. False when
 * the drill could not be run, with the reason in drill->err. */
MUST_CHECK bool drill_run(struct drill *drill, int64_t duration_ms);
/* Figures for the evidence, and the end of the service. */
void drill_end(struct drill *drill);

/* What no fault may do: lose what was acknowledged, write it twice, keep what was refused. True when
 * one of these happened, with that said. */
bool drill_is_ledger_wrong(struct drill *drill);
/* Requests that were cut, hung, or answered with what is no HTTP. */
unsigned long long drill_count_broken(const struct drill *drill);

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
