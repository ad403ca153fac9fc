/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/plant_history.h"

#include "core/clock.h"
#include "io/file.h"
#include "lifecycle/date.h"
#include "lifecycle/history.h"

enum { DAYS = 40, HOURS = 4, TEXT_MAX = 1024 * 1024, MONTH_LEN = 7 };

#define HOUR_MS INT64_C(3600000)
#define RUSH_PER_S UINT64_C(10000000)

struct tale {
    struct buf text;
    const char *defect;
    struct history_line line; /* what all of them have */
    int64_t now_us;
    uint32_t next[4]; /* of each writer */
};

static bool
is(const struct tale *tale, const char *defect)
{
    return strcmp(tale->defect, defect) == 0;
}

/* hour counts from the beginning. */
static void
tell(struct tale *tale, int hour, enum history_kind kind, uint32_t writer)
{
    tale->line.kind = kind;
    tale->line.writer = writer;
    tale->line.number = tale->next[writer]++;
    tale->line.up_ms = hour * HOUR_MS;
    tale->line.at_us = tale->now_us - (DAYS * 24 - hour) * HOUR_MS * 1000;
    history_print_line(&tale->line, &tale->text);
}

static void
tell_beat(struct tale *tale, int hour, uint32_t worker)
{
    bool is_slow = is(tale, "got-slower") && hour > (DAYS - 6) * 24;

    tale->line.beat = (struct history_beat){.took_ms = HOURS * HOUR_MS,
                                            .ready_ms = HOURS * HOUR_MS,
                                            .requests = 1000,
                                            .errors = is(tale, "failed-in-the-past") ? 100 : 0,
                                            .scrapes = is(tale, "unwatched") ? 0 : HOURS * 240,
                                            .is_ready = true};
    if (is(tale, "had-a-rush") && hour == DAYS * 12)
        tale->line.beat.requests = RUSH_PER_S * (uint64_t)(HOURS * HOUR_MS / 1000);
    tale->line.beat.latency[is(tale, "was-slow-in-the-past") ? 12 : is_slow ? 6 : 3] = 1000;
    tell(tale, hour, HISTORY_BEAT, worker);
}

static void
tell_all(struct tale *tale)
{
    int crash = is(tale, "crashed")          ? (DAYS - 2) * 24
                : is(tale, "crashed-before") ? (DAYS - 20) * 24
                                             : -1;
    int down_from = is(tale, "was-down") ? (DAYS - 10) * 24 : DAYS * 24;
    uint32_t worker = 1;

    tale->line.every_ms = HOURS * HOUR_MS;
    tell(tale, 0, HISTORY_START, 0);
    tell(tale, 0, HISTORY_READY, 0);
    for (int hour = HOURS; hour <= DAYS * 24; hour += HOURS) {
        if (hour > down_from && hour <= down_from + 24)
            continue;
        tell_beat(tale, hour, worker);
        if (hour != crash)
            continue;
        tale->line.signal = 11;
        tell(tale, hour, HISTORY_END, 0);
        tell(tale, hour, HISTORY_READY, 0);
        worker++;
    }
}

bool
plant_history(const char *dir, const char *defect, struct arena *arena, struct err *err)
{
    const char *folder = arena_printf(arena, "%s/" HISTORY_DIR, dir).data;
    struct tale tale = {.defect = defect, .now_us = clock_wall_us()};
    char day[DATE_SIZE];
    bool ok;

    buf_init(&tale.text, TEXT_MAX);
    history_make_id(tale.line.instance);
    history_make_id(tale.line.config);
    history_get_host(tale.line.host);
    tell_all(&tale);
    date_from_us(tale.now_us, day);
    ok = dir_make(folder, 0700, err) &&
         file_replace(arena_printf(arena, "%s/%.*s.01.jsonl", folder, MONTH_LEN, day).data,
                      buf_str(&tale.text), 0600, err);
    buf_fini(&tale.text);

    return ok;
}
