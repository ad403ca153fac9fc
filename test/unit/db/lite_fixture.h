/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A database file in a folder of its own, with tables and their model, one loop on it, and jobs
 * that can be written in one line.
 *
 * Tables: items(id bigint primary key, name text unique, note text not null, amount int check > 0),
 * orders(id, item_id references items), lines(id, order_id references orders on delete cascade),
 * people(id from a sequence, name not null, born date default), parts (a deferred foreign
 * key, which the model doesn't say).
 */
#ifndef CAIRN_TEST_LITE_FIXTURE_H
#define CAIRN_TEST_LITE_FIXTURE_H

#include <uv.h>

#include "db/engine.h"
#include "unit/unit.h"

struct fixture {
    char dir[64];
    char path[96];
    char url[112];
    struct db_options options;
    struct db *db;
    uv_loop_t uv;
    struct db_loop *loop;
    const struct model *model;
};

/* A job of up to four statements, and what came of it. */
struct work {
    struct db_job job;
    struct db_stmt stmts[4];
    struct value params[16];
    struct buf rows; /* "1|abc\n2|null\n" */
    unsigned restarts;
    unsigned rows_max; /* the row function refuses more; 0: any number */
    bool is_done;
    bool was_inline;
    bool refuse; /* the check says no */
    void (*then)(struct work *work);
    void *ctx;
};

/* cmocka's setup and teardown: a database with the tables, opened, with one loop. */
int fixture_setup(void **state);
int fixture_teardown(void **state);
/* The parts of these: the file with its tables; opening; closing. */
struct fixture *fixture_new(void);
void fixture_free(struct fixture *fx);
void fixture_open(struct fixture *fx);
void fixture_close(struct fixture *fx);

void work_init(struct work *work, enum db_mode mode, const char *sql);
void work_fini(struct work *work);
/* Another statement of the same job. */
void work_add(struct work *work, const char *sql);
/* Parameters of the last statement. */
void work_int(struct work *work, int64_t value);
void work_text(struct work *work, const char *text);
void work_null(struct work *work);
/* The table that the last statement writes. */
void work_target(struct work *work, struct fixture *fx, const char *table);

void work_submit(struct fixture *fx, struct work *work);
void work_wait(struct fixture *fx, struct work *work);
/* Submits and waits. */
void work_run(struct fixture *fx, struct work *work);
/* Turns the loop until the time has passed. */
void fixture_turn(struct fixture *fx, uint64_t ms);

/* One statement, run to its end: what it returned; fails the test when it fails. */
const char *run_read(struct fixture *fx, const char *sql);
void run_write(struct fixture *fx, const char *sql);
/* One statement that must fail: code, message and details as "23505|message|details". */
const char *run_failing(struct fixture *fx, const char *table, const char *sql);
/* From outside, with a connection of its own. */
void outside_exec(const char *path, const char *sql);
int64_t outside_int(const char *path, const char *sql);

#endif
