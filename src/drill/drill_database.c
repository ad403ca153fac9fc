/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The drill of a database restart: for some seconds PostgreSQL throws everybody out of the
 * service's database and lets nobody in, while clients write. To the service this is what a restart
 * of the server is, and nobody else on that server notices.
 */
#include "core/clock.h"
#include "drill/drill.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

enum {
    AFTER_MS = 3000, /* clients go on writing when it is back */
    BRIEF_MS = 1500,
    BRIEF_AFTER_MS = 800,
    BRIEF_RECOVER_S = 5,
    EMPTY_EVERY_MS = 200,
    LIVE_ASK_MS = 2000,
    READY_ASK_MS = 4000,
    LOOK_EVERY_MS = 100,
    FELT_MS = 5000, /* how long is waited until its absence is felt */
    WRITE_AT_MS = 300
};

/* What is asked beside the load, each on a thread of its own: an answer may take long. */
struct outage {
    struct drill *drill;
    int64_t length_ms, empty_at_ms;
    struct err err; /* the database couldn't be taken away or given back */
    bool is_broken, has_ended, has_threads;
    uint64_t shut_ns;
    _Atomic uint64_t open_ns; /* when it begins to be given back; 0: not yet */
    atomic_bool is_over;
    /* Written by the watcher. */
    pthread_t watcher;
    _Atomic uint64_t turned_ns, back_ns; /* 0: never */
    int live_status;  /* the first that wasn't 200, -1 when there was no answer; 0: none */
    bool ready_again; /* said to be ready while the database was away */
    /* Written by the writer. */
    pthread_t writer;
    atomic_bool has_written;
    enum client_outcome outcome;
    int status;
    bool has_retry_after;
    double seconds;
};

static uint64_t
ms_between(uint64_t from_ns, uint64_t to_ns)
{
    return to_ns > from_ns ? (to_ns - from_ns) / 1000000 : 0;
}

/* From when the database went away until the service is ready again. */
static void *
watch(void *ctx)
{
    struct outage *outage = ctx;
    const struct service *service = &outage->drill->service;
    struct client live, ready;

    client_init(&live, &service->at, drill_stretch(outage->drill, LIVE_ASK_MS));
    client_init(&ready, &service->at, drill_stretch(outage->drill, READY_ASK_MS));
    while (!atomic_load(&outage->is_over) && outage->back_ns == 0) {
        int status = drill_ask_status(&live, service->target.live);
        bool was_away = atomic_load(&outage->open_ns) == 0;

        if (status != 200 && outage->live_status == 0)
            outage->live_status = status;
        status = drill_ask_status(&ready, service->target.ready);
        if (status == 503 && was_away && outage->turned_ns == 0)
            outage->turned_ns = clock_mono_ns();
        if (status == 200 && !was_away)
            outage->back_ns = clock_mono_ns();
        if (status == 200 && outage->turned_ns != 0 && atomic_load(&outage->open_ns) == 0)
            outage->ready_again = true;
        poll(NULL, 0, LOOK_EVERY_MS);
    }
    client_fini(&live);
    client_fini(&ready);

    return NULL;
}

/* One write while the database is away, to see all of its answer. */
static void *
write_once(void *ctx)
{
    struct outage *outage = ctx;
    const struct service *service = &outage->drill->service;
    struct client_response response;
    struct client client;

    client_init(&client, &service->at, drill_stretch(outage->drill, DRILL_TIMEOUT_MS));
    poll(NULL, 0, WRITE_AT_MS);
    drill_write_beside(service, &client, 0, &response);
    outage->outcome = response.outcome;
    outage->status = response.status;
    outage->seconds = response.seconds;
    outage->has_retry_after = client_get_header(&response, "Retry-After").len > 0;
    atomic_store(&outage->has_written, true);
    client_fini(&client);

    return NULL;
}

/* --- the fault -------------------------------------------------------------------------------- */

enum { BEFORE, AWAY, BACK };

static void
take_away(struct drill *drill, struct outage *outage)
{
    outage->is_broken = !service_take_data(&drill->service, &outage->err);
    outage->shut_ns = drill->fault_ns = clock_mono_ns();
    drill->phase = AWAY;
    if (outage->is_broken)
        return;
    outage->has_threads = true;
    if (pthread_create(&outage->watcher, NULL, watch, outage) != 0 ||
        pthread_create(&outage->writer, NULL, write_once, outage) != 0)
        abort();
}

static void
give_back(struct drill *drill, struct outage *outage)
{
    struct err err = {0};

    atomic_store(&outage->open_ns, clock_mono_ns());
    drill->phase = BACK;
    if (!service_give_data(&drill->service, &err) && !outage->is_broken) {
        outage->err = err;
        outage->is_broken = true;
    }
}

/* It lasts as long as it should, and longer on a machine that is too slow to have seen it. */
static bool
was_felt(const struct drill *drill, struct outage *outage, int64_t elapsed_ms)
{
    int64_t lasted_ms = elapsed_ms - drill->begun_ms;

    return lasted_ms >= outage->length_ms &&
           ((atomic_load(&outage->turned_ns) != 0 && atomic_load(&outage->has_written)) ||
            lasted_ms >= outage->length_ms + drill_stretch(drill, FELT_MS));
}

static void
fault_database(struct drill *drill, int64_t elapsed_ms)
{
    struct outage *outage = drill->state;

    if (!service_is_running(&drill->service))
        outage->has_ended = true;
    if (drill->phase == BEFORE && drill_may_begin(drill, elapsed_ms)) {
        outage->empty_at_ms = elapsed_ms;
        take_away(drill, outage);
    } else if (drill->phase == AWAY) {
        if (outage->is_broken || outage->has_ended || was_felt(drill, outage, elapsed_ms)) {
            give_back(drill, outage);
            drill_settle(drill, elapsed_ms);
        } else if (elapsed_ms >= outage->empty_at_ms) {
            outage->empty_at_ms = elapsed_ms + EMPTY_EVERY_MS;
            outage->is_broken = !pg_scratch_empty(drill->service.database, &outage->err);
        }
    }
}

/* After the run: nothing is away any more, and nothing runs beside. */
static void
settle(struct drill *drill, struct outage *outage)
{
    if (drill->phase == AWAY)
        give_back(drill, outage);
    atomic_store(&outage->is_over, true);
    /* What waits for an answer then has its end. */
    if (drill->was_interrupted)
        service_kill(&drill->service);
    if (outage->has_threads) {
        pthread_join(outage->watcher, NULL);
        pthread_join(outage->writer, NULL);
    }
    if (outage->back_ns == 0)
        outage->back_ns = drill->back_ns;
}

/* --- the verdict ------------------------------------------------------------------------------ */

/* How it behaved while the database was away; true when something of it was wrong, with that
 * said. */
static bool
is_away_wrong(struct drill *drill, const struct outage *outage)
{
    const struct target *target = &drill->service.target;
    const struct check_input *input = drill->input;
    struct evidence *out = drill->out;
    int wrong = drill_find_wrong_status(drill, 0);

    drill->examiner->late +=
        outage->turned_ns == 0 || outage->outcome == CLIENT_TIMEOUT || outage->live_status < 0;
    if (outage->has_ended)
        check_fail(input, out, "it ended when its database was away: %s",
                   service_last_words(&drill->service));
    else if (outage->live_status != 0)
        check_fail(input, out, "without its database %s turns too: %d", target->live,
                   outage->live_status);
    else if (outage->turned_ns == 0 || outage->ready_again)
        check_fail(input, out, "without its database %s goes on answering 200", target->ready);
    else if (drill->result.timeouts > 0 || outage->outcome == CLIENT_TIMEOUT)
        check_fail(input, out, "without its database %llu requests hung for %d s",
                   (unsigned long long)drill->result.timeouts + (outage->outcome == CLIENT_TIMEOUT),
                   DRILL_TIMEOUT_MS / 1000);
    else if (drill_count_broken(drill) > 0 || outage->outcome != CLIENT_ANSWERED)
        check_fail(input, out, "without its database %llu requests were cut",
                   drill_count_broken(drill) + (outage->outcome != CLIENT_ANSWERED));
    else if (wrong != 0)
        check_fail(input, out,
                   "without its database a request was answered %d; 503 says that it may be tried "
                   "again",
                   wrong);
    else if (outage->status == 503 && !outage->has_retry_after)
        check_fail(input, out, "without its database a write is answered 503 without Retry-After");
    else
        return false;

    return true;
}

static void
judge(struct drill *drill, const struct outage *outage)
{
    const struct target *target = &drill->service.target;
    uint64_t away_ms = ms_between(outage->shut_ns, outage->open_ns);
    uint64_t turned_ms = ms_between(outage->shut_ns, outage->turned_ns);
    uint64_t back_ms = ms_between(outage->open_ns, outage->back_ns);
    const char *refused = drill->result.server_errors > 0
                              ? arena_printf(drill->input->arena, "%llu requests answered 503",
                                             (unsigned long long)drill->result.server_errors)
                                    .data
                              : "requests waited";

    evidence_add_figure(drill->out, "database_away", (double)away_ms / 1000, "s");
    evidence_add_figure(drill->out, "database_rto", (double)back_ms / 1000, "s");
    evidence_add_figure(drill->out, "not_ready_after", (double)turned_ms / 1000, "s");
    drill->examiner->late +=
        outage->back_ns == 0 || (int64_t)back_ms > drill_stretch(drill, drill->recover_ms);
    if (outage->back_ns == 0 || (int64_t)back_ms > drill_stretch(drill, drill->recover_ms))
        check_fail(drill->input, drill->out, "it wasn't ready within %lld s of its database",
                   (long long)drill->recover_ms / 1000);
    else
        check_pass(drill->input, drill->out,
                   "database away for %.1f s: %s turned after %.1f s, %s stayed, %s; ready %.1f s "
                   "after it was back, 0 of %llu acknowledged writes lost",
                   (double)away_ms / 1000, target->ready, (double)turned_ms / 1000, target->live,
                   refused, (double)back_ms / 1000, (unsigned long long)drill->count.acknowledged);
}

static void
run_outage(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    /* It has to be seen how requests are refused, and nobody waits for long. */
    static const char *const impatient[] = {"CAIRN_DATABASE_POOL_TIMEOUT=500ms", NULL};
    bool is_brief = examiner->is_brief;
    unsigned recover_s = is_brief ? BRIEF_RECOVER_S : stage_targets[examiner->stage].recover_s;
    struct outage outage = {.length_ms = is_brief ? BRIEF_MS : input->config->check_outage};
    struct drill drill;
    bool began, ran;

    examiner->env = is_brief ? impatient : NULL;
    began = drill_begin(&drill, examiner, input, out, fault_database);
    examiner->env = NULL;
    if (!began)
        return;
    outage.drill = &drill;
    drill.state = &outage;
    drill.recover_ms = (int64_t)recover_s * 1000;
    out->limit =
        arena_printf(input->arena, "503 with Retry-After, nothing lost, ready within %u s of it",
                     recover_s)
            .data;
    drill.after_ms = is_brief ? BRIEF_AFTER_MS : AFTER_MS;
    ran = drill_run(&drill);
    settle(&drill, &outage);
    if (outage.is_broken)
        check_unknown(input, out, "%s", outage.err.message);
    else if (!ran && !outage.has_ended)
        check_fail(input, out, "its database is back, and it isn't: %s", drill.err.message);
    else if (!drill.has_begun && !drill_is_ledger_wrong(&drill))
        (void)drill_is_untested(&drill);
    else if (drill.has_begun && !is_away_wrong(&drill, &outage) && !drill_is_ledger_wrong(&drill))
        judge(&drill, &outage);
    drill_end(&drill);
}

void
drill_look_database(struct examiner *examiner, const struct check_input *input,
                    struct evidence *out)
{
    const struct target *target = &examiner->service.target;

    if (examiner->service.database != NULL)
        run_outage(examiner, input, out);
    else if (target->data != NULL)
        check_pass(input, out, "the database is embedded: it restarts with the process");
    else
        check_unknown(input, out, "nothing says where its database is (database:)");
}
