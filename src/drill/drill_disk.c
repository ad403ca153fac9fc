/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The drill of a full disk. The service's own, where its log and an embedded database are: files
 * that it writes may not grow. PostgreSQL's, which is somebody's: the clone's database refuses what
 * takes room, with the code of a server that has none.
 */
#include "core/clock.h"
#include "drill/drill.h"

#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    DISK_ROOM = 8192,
    ASK_MS = 5000,
    AGAIN_EVERY_MS = 50,
    BRIEF_AGAIN_MS = 5000,
    TURNED_AWAY = 429
};

static const char own_detail[] =
    "Played by RLIMIT_FSIZE: no file that the service's processes write, their log included, may grow past 8 KiB.";
static const char database_detail[] =
    "Its own disk is played by RLIMIT_FSIZE: no file that the service's processes write, their log "
    "included, may grow past 8 KiB. PostgreSQL's disk is played in the clone's database: a trigger on each table "
    "refuses INSERT and UPDATE with SQLSTATE 53100, as a server does that can't extend a file. Not played: "
    "no room for the server's log of changes (WAL), which ends PostgreSQL; that is a restart of the database.";

/* --- the service's own ------------------------------------------------------------------------ */

/* Limits how large a file each process of the group may make; what is written past that fails, as
 * on a full disk. */
static void
limit_files(pid_t group, rlim_t bytes)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;

    while (proc != NULL && (entry = readdir(proc)) != NULL) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        struct rlimit limit;

        if (pid <= 0 || getpgid(pid) != group || prlimit(pid, RLIMIT_FSIZE, NULL, &limit) != 0)
            continue;
        limit.rlim_cur = bytes;
        prlimit(pid, RLIMIT_FSIZE, &limit, NULL);
    }
    if (proc != NULL)
        closedir(proc);
}

enum { HAS_ROOM, IS_FULL, HAS_ROOM_AGAIN };

/* As long as it takes until a write is refused, and then until one is made again. */
static void
fault_own(struct drill *drill, int64_t elapsed_ms)
{
    int64_t wait_ms = drill_stretch(drill, DRILL_PATIENCE_MS);

    if (drill->phase == HAS_ROOM && drill_may_begin(drill, elapsed_ms)) {
        limit_files(drill->service.pid, DISK_ROOM);
        drill->phase = IS_FULL;
    } else if (drill->phase == IS_FULL && elapsed_ms >= drill->begun_ms + drill->hold_ms &&
               (drill_count_refused(drill) > 0 || !service_is_running(&drill->service) ||
                elapsed_ms >= drill->begun_ms + wait_ms)) {
        if (!service_is_running(&drill->service))
            drill->exit_status = 1;
        limit_files(drill->service.pid, RLIM_INFINITY);
        drill->ok_at_phase = drill->routes[0].ok;
        drill->settled_ms = elapsed_ms;
        drill->phase = HAS_ROOM_AGAIN;
    } else if (drill->phase == HAS_ROOM_AGAIN &&
               (drill->routes[0].ok > drill->ok_at_phase || drill->exit_status != 0 ||
                elapsed_ms >= drill->settled_ms + wait_ms)) {
        drill_settle(drill, drill->settled_ms);
    }
}

static void
judge_own(struct drill *drill)
{
    drill->examiner->late += drill->exit_status == 0 && (drill_count_refused(drill) == 0 ||
                                                         drill->routes[0].ok <= drill->ok_at_phase);
    if (drill->exit_status != 0)
        check_fail(drill->input, drill->out, "it ended when the disk was full");
    else if (drill_is_ledger_wrong(drill) || drill_is_untested(drill))
        ;
    else if (drill_count_refused(drill) == 0)
        check_unknown(drill->input, drill->out, "no write failed: the disk didn't fill up in time");
    else if (drill->routes[0].ok <= drill->ok_at_phase)
        check_fail(drill->input, drill->out, "there is room again, and it writes no more");
    else
        check_pass(drill->input, drill->out,
                   "%llu writes refused, 0 of %llu acknowledged lost, and it went on",
                   (unsigned long long)drill_count_refused(drill),
                   (unsigned long long)drill->count.acknowledged);
}

static void
look_own(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    struct drill drill;

    if (!drill_begin(&drill, examiner, input, out, fault_own))
        return;
    out->limit = "it lives, loses nothing, and writes again when there is room";
    out->detail = own_detail;
    if (drill_run(&drill))
        judge_own(&drill);
    else
        check_fail(input, out, "%s", drill.err.message);
    drill_end(&drill);
}

/* --- PostgreSQL's ----------------------------------------------------------------------------- */

enum { BEFORE, OWN, DATABASE, AFTER };

/* The looker, on a thread of its own, sees how the service bears it: an answer may take long. */
struct fullness {
    struct drill *drill;
    struct err err; /* it couldn't be played */
    bool is_broken, has_looker;
    bool ended_by_own, ended_by_database;
    int64_t full_at_ms;
    pthread_t looker;
    atomic_bool has_looked, is_over;
    _Atomic uint64_t free_ns; /* when there is room again; 0: not yet */
    /* Written by the looker. */
    enum client_outcome outcome;
    int write_status, read_status, live_status, ready_status;
    _Atomic uint64_t again_ns; /* when a write was done again; 0: never */
};

/* Until a write is done after there is room. */
static void
await_write(struct fullness *full, struct client *client)
{
    for (unsigned nth = 1; !atomic_load(&full->is_over) && full->again_ns == 0; nth++) {
        struct client_response response;

        if (atomic_load(&full->free_ns) != 0) {
            drill_write_beside(&full->drill->service, client, nth, &response);
            if (response.outcome == CLIENT_ANSWERED && response.status / 100 == 2)
                full->again_ns = clock_mono_ns();
        }
        poll(NULL, 0, full->again_ns == 0 ? AGAIN_EVERY_MS : 0);
    }
}

/* Who is turned away (429) learns nothing of the disk, and asks again. read_path is NULL for a
 * write. */
static int
ask_until_heard(struct fullness *full, struct client *client, const char *read_path)
{
    int64_t wait_ms = drill_stretch(full->drill, ASK_MS);
    uint64_t deadline_ns = clock_mono_ns() + (uint64_t)wait_ms * 1000000;
    struct client_response response;
    bool again;

    do {
        if (read_path != NULL)
            client_ask(client, "GET", read_path, NULL, STR_NULL, &response);
        else
            drill_write_beside(&full->drill->service, client, 0, &response);
        again = response.outcome == CLIENT_ANSWERED && response.status == TURNED_AWAY &&
                clock_mono_ns() < deadline_ns && !atomic_load(&full->is_over);
        poll(NULL, 0, again ? AGAIN_EVERY_MS : 0);
    } while (again);
    if (read_path == NULL)
        full->outcome = response.outcome;

    return response.outcome == CLIENT_ANSWERED ? response.status : -1;
}

static void *
look_while_full(void *ctx)
{
    struct fullness *full = ctx;
    const struct service *service = &full->drill->service;
    const struct target *target = &service->target;
    struct arena *arena = arena_new(4096, 1024 * 1024);
    struct client client;

    client_init(&client, &service->at, drill_stretch(full->drill, ASK_MS));
    full->write_status = ask_until_heard(full, &client, NULL);
    full->read_status =
        ask_until_heard(full, &client, target_fill(arena, target->read_path, "{offset}", "0"));
    full->live_status = drill_ask_status(&client, target->live);
    full->ready_status = drill_ask_status(&client, target->ready);
    atomic_store(&full->has_looked, true);
    await_write(full, &client);
    client_fini(&client);
    arena_free(arena);

    return NULL;
}

static void
begin_database(struct drill *drill, struct fullness *full, int64_t elapsed_ms)
{
    full->ended_by_own = !service_is_running(&drill->service);
    limit_files(drill->service.pid, RLIM_INFINITY);
    drill->phase = DATABASE;
    full->full_at_ms = elapsed_ms;
    if (full->ended_by_own)
        return;
    full->is_broken = !pg_scratch_fill_disk(drill->service.database, &full->err);
    if (full->is_broken)
        return;
    full->has_looker = true;
    if (pthread_create(&full->looker, NULL, look_while_full, full) != 0)
        abort();
}

static void
end_database(struct drill *drill, struct fullness *full)
{
    struct err err = {0};

    if (!pg_scratch_free_disk(drill->service.database, &err) && !full->is_broken) {
        full->err = err;
        full->is_broken = true;
    }
    atomic_store(&full->free_ns, clock_mono_ns());
    drill->phase = AFTER;
}

static void
fault_both(struct drill *drill, int64_t elapsed_ms)
{
    struct fullness *full = drill->state;

    if (drill->phase == BEFORE && drill_may_begin(drill, elapsed_ms)) {
        limit_files(drill->service.pid, DISK_ROOM);
        drill->phase = OWN;
    } else if (drill->phase == OWN && elapsed_ms >= drill->begun_ms + drill->hold_ms) {
        begin_database(drill, full, elapsed_ms);
    } else if (drill->phase == DATABASE) {
        full->ended_by_database = !full->ended_by_own && !service_is_running(&drill->service);
        if (full->is_broken || full->ended_by_own || full->ended_by_database ||
            (atomic_load(&full->has_looked) && elapsed_ms >= full->full_at_ms + drill->hold_ms)) {
            end_database(drill, full);
            drill_settle(drill, elapsed_ms);
        }
    }
}

/* After the run: there is room, and nothing runs beside. */
static void
settle(struct drill *drill, struct fullness *full)
{
    int64_t again_ms =
        drill_stretch(drill, drill->examiner->is_brief ? BRIEF_AGAIN_MS : DRILL_RECOVER_MS);
    uint64_t deadline_ns = clock_mono_ns() + (uint64_t)again_ms * 1000000;
    bool was_cut_short = drill->phase != AFTER || drill->was_interrupted;

    if (drill->phase == DATABASE)
        end_database(drill, full);
    while (full->has_looker && !was_cut_short && !full->ended_by_database && full->again_ns == 0 &&
           clock_mono_ns() < deadline_ns)
        poll(NULL, 0, AGAIN_EVERY_MS);
    atomic_store(&full->is_over, true);
    /* What waits for an answer then has its end. */
    if (drill->was_interrupted)
        service_kill(&drill->service);
    if (full->has_looker)
        pthread_join(full->looker, NULL);
}

static bool
says_no_room(int status)
{
    return status == 503 || status == 507;
}

static bool
was_never_heard(const struct fullness *full)
{
    return full->write_status == TURNED_AWAY || full->read_status == TURNED_AWAY;
}

/* How it bore that; true when something of it was wrong, with that said. */
static bool
is_bearing_wrong(struct drill *drill, const struct fullness *full)
{
    const struct target *target = &drill->service.target;
    const struct check_input *input = drill->input;
    struct evidence *out = drill->out;
    int wrong = drill_find_wrong_status(drill, 507);

    drill->examiner->late += full->outcome == CLIENT_TIMEOUT || full->read_status < 0 ||
                             full->live_status < 0 || full->ready_status < 0 ||
                             full->again_ns == 0 || was_never_heard(full);
    if (full->ended_by_own || full->ended_by_database)
        check_fail(input, out, "it ended when %s disk was full",
                   full->ended_by_own ? "its own" : "its database's");
    else if (full->outcome != CLIENT_ANSWERED)
        check_fail(input, out, "its database's disk was full, and a write was not answered: %s",
                   client_describe(full->outcome));
    else if (was_never_heard(full))
        check_unknown(
            input, out,
            "its database's disk was full, and who asked was turned away (429) each time");
    else if (full->write_status / 100 == 2)
        check_fail(input, out, "a write that its database refused for want of room was answered %d",
                   full->write_status);
    else if (!says_no_room(full->write_status) || wrong != 0)
        check_fail(input, out,
                   "its database's disk was full, and a write was answered %d; 503 or 507 says so",
                   wrong != 0 ? wrong : full->write_status);
    else if (full->read_status / 100 != 2)
        check_fail(input, out, "its database's disk was full, and reads were answered %d, too",
                   full->read_status);
    else if (full->live_status != 200)
        check_fail(input, out, "its database's disk was full, and %s answered %d", target->live,
                   full->live_status);
    /* Another service may see that in another way. */
    else if (full->ready_status != 200 && (target->is_cairn || full->ready_status != 503))
        check_fail(input, out, "its database's disk was full, and %s answered %d: reads go on",
                   target->ready, full->ready_status);
    else if (full->again_ns == 0)
        check_fail(input, out, "there is room again, and writes aren't done");
    else
        return false;

    return true;
}

static void
judge_both(struct drill *drill, const struct fullness *full)
{
    uint64_t free_ns = atomic_load(&full->free_ns);
    uint64_t again_ns = atomic_load(&full->again_ns);
    double again_s = again_ns > free_ns ? (double)(again_ns - free_ns) / 1e9 : 0;

    evidence_add_figure(drill->out, "writes_again_after", again_s, "s");
    check_pass(
        drill->input, drill->out,
        "first its own disk full, then PostgreSQL's: writes refused with %d (%llu), reads went on, %s "
        "said %d, %s 200; writes again after %.1f s, 0 of %llu acknowledged lost",
        full->write_status, (unsigned long long)drill->result.server_errors,
        drill->service.target.ready, full->ready_status, drill->service.target.live, again_s,
        (unsigned long long)drill->count.acknowledged);
}

static void
look_both(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    struct fullness full = {0};
    struct drill drill;
    bool ran;

    if (!drill_begin(&drill, examiner, input, out, fault_both))
        return;
    full.drill = &drill;
    drill.state = &full;
    out->limit = "writes 503 or 507, reads go on, nothing lost, writes again when there is room";
    out->detail = database_detail;
    drill.after_ms = drill.hold_ms;
    ran = drill_run(&drill);
    settle(&drill, &full);
    if (full.is_broken)
        check_unknown(input, out, "%s", full.err.message);
    else if (!ran && !full.ended_by_own && !full.ended_by_database)
        check_fail(input, out, "%s", drill.err.message);
    else if (!drill.has_begun && !drill_is_ledger_wrong(&drill))
        (void)drill_is_untested(&drill);
    else if (drill.has_begun && !is_bearing_wrong(&drill, &full) && !drill_is_ledger_wrong(&drill))
        judge_both(&drill, &full);
    drill_end(&drill);
}

void
drill_look_disk(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    if (examiner->service.database != NULL)
        look_both(examiner, input, out);
    else if (examiner->service.target.data != NULL)
        look_own(examiner, input, out);
    else
        check_unknown(input, out, "nothing says where its data is (data:, or database:)");
}
