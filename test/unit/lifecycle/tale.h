/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A history that a test makes up: what instances did, at hours before now.
 */
#ifndef CAIRN_TEST_TALE_H
#define CAIRN_TEST_TALE_H

#include "io/file.h"
#include "lifecycle/history.h"
#include "unit/unit_dir.h"

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define HOUR_US (INT64_C(3600) * 1000000)
#define HOST "0123456789abcdef"
#define FIRST "aaaaaaaaaaaaaaaa"
#define SECOND "bbbbbbbbbbbbbbbb"

static struct err err;
static struct arena *arena;
static struct buf text; /* of the file that is being made */
static int64_t tale_now_us;
static char tale_host[HISTORY_ID_SIZE] = HOST;

static inline int
tale_begin(void **state)
{
    arena = arena_new(4096, 64 << 20);
    buf_init(&text, 16 << 20);

    return unit_dir_make(state);
}

static inline int
tale_end(void **state)
{
    buf_fini(&text);
    arena_free(arena);

    return unit_dir_remove(state);
}

/* One instance's lines, at hours before now. */
struct teller {
    const char *instance;
    const char *host;
    double began_h; /* before now */
    double jump_h;  /* by which the clock on the wall is ahead of where it was */
    uint32_t next[4];
};

static inline void
tell(struct teller *teller, double ago_h, struct history_line line)
{
    snprintf(line.instance, sizeof(line.instance), "%s", teller->instance);
    snprintf(line.host, sizeof(line.host), "%s", teller->host != NULL ? teller->host : tale_host);
    snprintf(line.config, sizeof(line.config), "%s", HOST);
    line.number = teller->next[line.writer]++;
    line.at_us = tale_now_us - (int64_t)(ago_h * (double)HOUR_US) +
                 (int64_t)(teller->jump_h * (double)HOUR_US);
    line.up_ms = (int64_t)((teller->began_h - ago_h) * 3600e3);
    history_print_line(&line, &text);
}

static inline void
begin(struct teller *teller)
{
    tell(teller, teller->began_h,
         (struct history_line){.kind = HISTORY_START, .every_ms = 3600000});
    tell(teller, teller->began_h, (struct history_line){.kind = HISTORY_READY});
}

/* An hour's beat that ends then. */
static inline void
beat(struct teller *teller, double ago_h, uint32_t worker)
{
    struct history_line line = {.kind = HISTORY_BEAT,
                                .writer = worker,
                                .beat = {.took_ms = 3600000,
                                         .ready_ms = 3600000,
                                         .requests = 100,
                                         .errors = 1,
                                         .is_ready = true,
                                         .latency = {[4] = 100}}};

    tell(teller, ago_h, line);
}

static inline void
save(const char *name)
{
    char path[256];

    assert_ok(dir_make(unit_path(HISTORY_DIR), 0700, &err));
    snprintf(path, sizeof(path), HISTORY_DIR "/%s", name);
    assert_ok(file_replace(unit_path(path), buf_str(&text), 0600, &err));
}

#endif
