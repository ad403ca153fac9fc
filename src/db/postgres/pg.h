/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of the PostgreSQL engine: what its files share.
 *
 *   postgres.c  the database: options, the driver table
 *   loop.c      one loop: the queue of jobs, which connection takes one, deadlines, closing
 *   conn.c      one connection's life: resolve, connect, set up, ready, lost, back-off
 *   pipe.c      what goes into a connection's pipeline for a job
 *   share.c     which reads run in one transaction
 *   answer.c    what comes out of it, and how a job ends
 *
 * Everything of a loop happens on its thread. Jobs end through pg_job_end, which calls done; done
 * may submit jobs, which only queues them, so that no function here has to expect changes behind
 * its back.
 */
#ifndef CAIRN_DB_POSTGRES_PG_H
#define CAIRN_DB_POSTGRES_PG_H

#include "db/driver.h"
#include "db/postgres/stmts.h"
#include "db/postgres/target.h"

/* Text of all parameters of one job. */
#define PG_PARAMS_MAX ((size_t)512 << 20)
/* Jobs in flight on one connection. */
#define PG_DEPTH_MAX 256
/* Addresses tried by one attempt to connect. */
#define PG_ADDRESSES_MAX 32
/* How much longer than all its statements may take a job may keep silent before its connection is
 * given up: the server stops a statement itself, so only a server or a network that hangs does
 * that. */
#define PG_GRACE_MS 2000

struct pg_db {
    struct db base;
    struct pg_target target;
    char **schemas;
    size_t schema_count;
    enum db_anon anon;
    unsigned pool;
    int64_t statement_timeout_ms;
    int64_t connect_timeout_ms;
    int64_t pool_timeout_ms;
    size_t queue_max;
    bool unprepared; /* and nothing is set for a session either: transaction_sql, in each job */
    char *channel;   /* where migrations are told; NULL: nowhere */
    struct buf session_sql;
    struct buf transaction_sql; /* empty: the session is set */
    /* Search paths: of migrations, whose new tables go to the first schema; and of what reads the
     * catalogs, so that the names of types that it finds are good in every request. */
    struct buf migration_path, catalog_path;
    struct buf
        computed_path; /* where functions of a row are looked for: all that a request may have */
};

/* A connection for blocking work on the catalogs; pg_session_close it. */
MUST_CHECK bool pg_open_reader(const struct pg_db *db, struct str search_path, PGconn **out,
                               struct err *err);

/* rules_open.c: db_refresh_rules. */
bool pg_rules_refresh(struct db *base, struct err *err);

/*
 *   DOWN -> RESOLVING -> CONNECTING -> SETUP -> READY
 *     ^---------+------------+----------+---------'      (failure; DOWN waits for the back-off)
 *   any -> CLOSED
 */
enum pg_state { PG_DOWN, PG_RESOLVING, PG_CONNECTING, PG_SETUP, PG_READY, PG_CLOSED };

enum pg_op_kind {
    PG_OP_CLOSE, /* DEALLOCATE */
    PG_OP_PREPARE,
    PG_OP_TIMEOUT, /* sets the job's own statement timeout */
    PG_OP_BEGIN,
    PG_OP_SETTINGS, /* what the session is not set to */
    PG_OP_ISOLATION,
    PG_OP_ASYNC,       /* commits do not wait for the disk any more */
    PG_OP_SYNCHRONOUS, /* they do again */
    PG_OP_STMT,
    PG_OP_CONSTRAINTS, /* checks what is deferred, before a rollback that keeps ok */
    PG_OP_END,         /* COMMIT or ROLLBACK */
    PG_OP_FLUSH,       /* as PG_OP_SYNCHRONOUS, and waits for the disk, for all commits before it */
    PG_OP_SYNC,
};

/* One command in the pipeline, whose answer is to come. */
struct pg_op {
    enum pg_op_kind kind;
    bool is_fresh;      /* PG_OP_STMT: prepared by the same job */
    bool ends_flush;    /* PG_OP_SYNC: of a PG_OP_FLUSH */
    bool ends_job;      /* PG_OP_STMT: the last one of a job that has no sync of its own */
    uint32_t stmt;      /* PG_OP_STMT: index into the job's */
    struct db_job *job; /* NULL: the engine's own */
    uint64_t serial;    /* PG_OP_PREPARE, PG_OP_STMT: of the prepared statement; 0: unnamed */
};

struct pg_conn {
    struct pg_loop *loop;
    enum pg_state state;
    PGconn *pq;
    struct pg_poll *poll;
    int poll_events;
    uv_timer_t timer;         /* the end of an attempt to connect, or of the back-off */
    struct pg_lookup *lookup; /* the one under way */
    struct pg_host addresses[PG_ADDRESSES_MAX];
    unsigned address_count;
    unsigned lookup_next; /* index of the host to resolve next */
    unsigned failures;    /* attempts since it was ready */
    bool was_ready;

    struct pg_stmts *stmts;
    struct pg_op *ops; /* a ring, oldest first */
    uint32_t op_first, op_count, op_cap;
    bool op_has_answer;       /* the oldest op got a result */
    struct db_job *exclusive; /* nothing is put behind it until it has ended */
    uint64_t job_number;      /* of the last one sent */
    uint32_t in_flight;       /* jobs */
    uint32_t writes;          /* of these, those that write */
    uint64_t head_since_ns;   /* since when the oldest job is the oldest */
    uint64_t fastest_ns;      /* shortest round trip seen */
    /* The transaction that reads can still join, see share.c. */
    struct db_job *sharing; /* the one that began it; NULL: there is none */
    uint32_t shared_count;
    uint64_t shared_ns; /* what those that joined it are expected to take */
    /* Group commit, see pipe.c. */
    bool can_group;
    bool is_async;        /* commits behind what was put do not wait for the disk */
    char commit_mode[16]; /* the session's own synchronous_commit */
    bool needs_flush;     /* commits were put that no PG_OP_FLUSH covers */
    bool is_flushing;     /* one is in the pipeline */
    bool has_flush_failed;
    uint64_t flush_covers;                 /* it: all jobs up to this number */
    struct db_job *settled, *settled_last; /* committed, waiting for the disk; oldest first */
    size_t unflushed;                      /* bytes, about, handed to libpq since the last flush */
    bool is_blocked;                       /* the socket takes no more for now */
    bool is_ended_by_server; /* it said so: what it had not answered, it has not run */
};

struct pg_loop {
    struct db_loop base;
    struct pg_db *db;
    struct pg_conn *conns;
    unsigned conn_count;
    struct db_job *first, *last; /* waiting */
    size_t waiting;
    struct db_job *refused; /* failed already, done is still to be called; a stack */
    uv_prepare_t prepare;
    uv_check_t check;
    uv_idle_t idle; /* keeps the loop from sleeping on a job that was submitted this turn */
    uv_timer_t tick;
    unsigned handles; /* open ones and look-ups under way */
    bool is_closing;
    void (*closed)(void *ctx);
    void *closed_ctx;
    struct err why_down;  /* the last failure to connect */
    uint64_t unlinked_ns; /* since when no connection is ready, while none is */
    bool has_failed;      /* an attempt to connect, since then */
    /* For building one command. */
    struct value *cells;
    size_t cell_cap;
    const char **params;
    size_t param_cap;
    struct buf text;
};

/* What the engine keeps in job->priv[0]; priv[1] is the job's number on its connection, priv[2] how
 * many jobs share the transaction that it began. */
enum pg_job_flag {
    PG_JOB_FAILED = 1, /* err is the outcome */
    PG_JOB_ROWS = 2,   /* rows were shown */
    PG_JOB_STALE = 4,  /* failed on a plan that the schema has left behind */
    PG_JOB_BEGUN = 8,  /* an explicit transaction is open, its end not yet sent */
    PG_JOB_COMMITTING = 16,
    PG_JOB_GROUPED = 32,  /* its commit does not wait for the disk */
    PG_JOB_SKIPPED = 64,  /* not run, because another one in its transaction had failed */
    PG_JOB_ATTEMPT = 128, /* and above: how often it was sent */
};
#define PG_ATTEMPTS_MAX 3

static inline uintptr_t
pg_job_flags(const struct db_job *job)
{
    return (uintptr_t)job->priv[0];
}
static inline void
pg_job_set(struct db_job *job, enum pg_job_flag flag)
{
    job->priv[0] = (void *)((uintptr_t)job->priv[0] | (uintptr_t)flag);
}
static inline void
pg_job_clear(struct db_job *job, enum pg_job_flag flag)
{
    job->priv[0] = (void *)((uintptr_t)job->priv[0] & ~(uintptr_t)flag);
}

/* conn.c */
void pg_conn_init(struct pg_conn *conn, struct pg_loop *loop);
/* Begins to connect; only when down. */
void pg_conn_start(struct pg_conn *conn);
/* The connection is of no use any more: its jobs end or wait again, and it comes back later. why
 * goes to the log and into their errors. */
void pg_conn_lost(struct pg_conn *conn, const struct err *why);
/* For good; no job may be in flight. */
void pg_conn_close(struct pg_conn *conn);
void pg_conn_fini(struct pg_conn *conn);
/* Hands what was put to the kernel. */
void pg_conn_flush(struct pg_conn *conn);

/* share.c */
/* Whether job may begin a transaction for several, and whether it may run in the open one. */
bool pg_share_can_begin(const struct pg_conn *conn, const struct db_job *job);
bool pg_share_can_join(const struct pg_conn *conn, const struct db_job *job);
void pg_share_begin(struct pg_conn *conn, struct db_job *job);
void pg_share_join(struct pg_conn *conn, struct db_job *job);
/* Nothing joins any more. */
void pg_share_end(struct pg_conn *conn);
/* The job that began one has its answer, after so long. */
void pg_share_learn(struct pg_conn *conn, const struct db_job *job, uint64_t trip_ns);

/* pipe.c */
/* Puts a job into the pipeline. Also when the connection is lost meanwhile, the job is taken. */
void pg_pipe_send(struct pg_conn *conn, struct db_job *job);
/* Ends the explicit transaction of the exclusive job. False: libpq refused, the connection is
 * lost. */
MUST_CHECK bool pg_pipe_end(struct pg_conn *conn, struct db_job *job, bool commit);
/* On a fresh connection: prepares what group commit needs. False as above. */
MUST_CHECK bool pg_pipe_prepare(struct pg_conn *conn);
/* Ends the transaction that reads share. False as above. */
MUST_CHECK bool pg_pipe_close(struct pg_conn *conn);
/* Puts the wait for the disk, when commits need it and none is under way. False as above. */
MUST_CHECK bool pg_pipe_flush(struct pg_conn *conn);
static inline struct pg_op *
pg_op_at(const struct pg_conn *conn, uint32_t i)
{
    return &conn->ops[(conn->op_first + i) & (conn->op_cap - 1)];
}

/* answer.c */
/* Takes all answers that have arrived. False: the connection was lost and is dealt with. */
MUST_CHECK bool pg_answer_take(struct pg_conn *conn);
/* Ends or queues again the jobs of a connection that is gone. */
void pg_answer_lost(struct pg_conn *conn, const struct err *why);

/* loop.c */
bool pg_loop_open(struct db *db, uv_loop_t *uv, struct db_loop **out, struct err *err);
void pg_loop_close(struct db_loop *dl, void (*closed)(void *ctx), void *ctx);
void pg_loop_submit(struct db_loop *dl, struct db_job *job);
enum db_link pg_loop_get_link(const struct db_loop *dl, struct err *err);
/* No connection is left (or was there yet), or an attempt to make one has failed. */
void pg_loop_note_failure(struct pg_loop *loop, bool was_ready);
/* Sends what can be sent; called whenever a connection has got room. */
void pg_loop_dispatch(struct pg_loop *loop);
/* Back to the front of the queue. */
void pg_loop_requeue(struct pg_loop *loop, struct db_job *job);
/* Calls done; err is set when !ok. */
void pg_job_end(struct db_job *job, bool ok);
void pg_loop_handle_closed(struct pg_loop *loop);

/* listen.c */
bool pg_listen(struct db *db, const char *channel, void (*heard)(void *ctx, struct str payload),
               void *ctx, struct db_listener **out, struct err *err);
void pg_listen_stop(struct db_listener *listener);

/* rights.c */
bool pg_list_rights(struct db *db, const char *role, struct arena *arena,
                    struct db_table_rights **out, uint32_t *count, struct err *err);

/* introspect.c, migrate.c */
bool pg_introspect(struct db *db, struct model **out, struct err *err);
bool pg_migrations_list(struct db *db, struct arena *arena, struct db_migration **out,
                        size_t *count, struct err *err);
bool pg_migrate(struct db *db, struct str name, struct str text, struct str checksum, bool *applied,
                struct err *err);

#endif
