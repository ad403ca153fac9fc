/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/history_read.h"

#include "io/file.h"
#include "lifecycle/date.h"

enum { FILES_MAX = 4096, FILE_MAX = 64 * 1024 * 1024, LINES_MAX = 1024 * 1024, MONTH_LEN = 7 };

#define FUTURE_US (INT64_C(120) * 1000000) /* clocks differ by that without having gone back */

/* --- lines ------------------------------------------------------------------------------------ */

static void
keep(struct history *history, size_t *cap, const struct history_line *line)
{
    if (history->count == *cap) {
        *cap = *cap == 0 ? 256 : *cap * 2;
        history->lines = xrealloc(history->lines, *cap * sizeof(*history->lines));
    }
    history->lines[history->count++] = *line;
}

static void
take_file(struct history *history, size_t *cap, struct str text, struct arena *arena)
{
    while (text.len > 0 && history->count < LINES_MAX) {
        struct str line = str_cut(&text, '\n');
        struct history_line one;

        if (line.len == 0)
            continue;
        arena_reset(arena);
        switch (history_parse_line(line, arena, &one)) {
        case HISTORY_SOUND:
            keep(history, cap, &one);
            break;
        case HISTORY_CUT:
            history->cut++;
            break;
        case HISTORY_CHANGED:
            history->changed++;
            break;
        case HISTORY_NEWER:
            history->newer++;
            break;
        }
    }
}

/* As each writer counted. */
static int
compare_numbers(const void *first, const void *second)
{
    const struct history_line *a = first, *b = second;
    int by_instance = strcmp(a->instance, b->instance);

    if (by_instance != 0)
        return by_instance;
    if (a->writer != b->writer)
        return a->writer < b->writer ? -1 : 1;

    return a->number < b->number ? -1 : a->number > b->number;
}

/* As it happened. */
static int
compare_times(const void *first, const void *second)
{
    const struct history_line *a = first, *b = second;
    int by_instance = strcmp(a->instance, b->instance);

    if (by_instance != 0)
        return by_instance;

    return a->up_ms != b->up_ms ? (a->up_ms < b->up_ms ? -1 : 1) : compare_numbers(first, second);
}

static bool
is_same_instance(const struct history_line *a, const struct history_line *b)
{
    return strcmp(a->instance, b->instance) == 0;
}

/* The first line of the next instance. */
static size_t
end_of_instance(const struct history *history, size_t from)
{
    size_t at = from;

    while (at < history->count && is_same_instance(&history->lines[at], &history->lines[from]))
        at++;

    return at;
}

/* A write that failed halfway is made again as a whole. */
static void
drop_doubles(struct history *history)
{
    size_t kept = 0;

    for (size_t i = 0; i < history->count; i++) {
        const struct history_line *line = &history->lines[i];
        const struct history_line *last = kept > 0 ? &history->lines[kept - 1] : NULL;

        if (last != NULL && is_same_instance(last, line) && last->writer == line->writer &&
            last->number == line->number)
            continue;
        history->lines[kept++] = *line;
    }
    history->count = kept;
}

static void
drop_foreign(struct history *history, const char *host)
{
    size_t kept = 0;

    for (size_t i = 0; i < history->count; i++) {
        if (strcmp(history->lines[i].host, host) != 0)
            history->foreign++;
        else
            history->lines[kept++] = history->lines[i];
    }
    history->count = kept;
}

static void
add_missing(struct history *history, uint32_t count, int64_t before_us)
{
    history->missing += count;
    if (before_us > history->missing_us)
        history->missing_us = before_us;
}

/* Each writer counts its lines from 0, and the supervisor, which is the first, always writes. An
 * instance that is older than what was read may have lost its beginning with its month. */
static void
count_missing(struct history *history, size_t from, size_t end, int64_t read_from_us)
{
    const struct history_line *first = &history->lines[from];
    bool is_older = first->at_us - first->up_ms * 1000 < read_from_us;

    if (first->writer != 0 && !is_older)
        add_missing(history, 1, first->at_us);
    for (size_t i = from; i < end; i++) {
        const struct history_line *line = &history->lines[i];
        bool is_first = i == from || history->lines[i - 1].writer != line->writer;
        uint32_t expected = is_first ? 0 : history->lines[i - 1].number + 1;

        if (line->number > expected && !(is_first && is_older))
            add_missing(history, line->number - expected, line->at_us);
    }
}

/* Lines that lie in the future say something that can't have happened yet. */
static void
drop_future(struct history *history)
{
    size_t kept = 0;

    for (size_t i = 0; i < history->count; i++) {
        if (history->lines[i].at_us > history->now_us + FUTURE_US)
            history->future++;
        else
            history->lines[kept++] = history->lines[i];
    }
    history->count = kept;
}

static void
sort_lines(struct history *history, int (*compare)(const void *, const void *))
{
    if (history->count > 0)
        qsort(history->lines, history->count, sizeof(*history->lines), compare);
}

static void
put_in_order(struct history *history, const char *host, int64_t read_from_us)
{
    sort_lines(history, compare_numbers);
    drop_doubles(history);
    drop_foreign(history, host);
    for (size_t from = 0; from < history->count;) {
        size_t end = end_of_instance(history, from);

        count_missing(history, from, end, read_from_us);
        from = end;
    }
    drop_future(history);
    sort_lines(history, compare_times);
    history->since_us = history->now_us;
    for (size_t i = 0; i < history->count; i++) {
        history->drills += history->lines[i].kind == HISTORY_DRILL;
        if (history->lines[i].at_us < history->since_us)
            history->since_us = history->lines[i].at_us;
    }
}

static int64_t
first_of_month(const char *day)
{
    char time[DATE_TIME_SIZE];
    int64_t us = 0;

    snprintf(time, sizeof(time), "%.10sT00:00:00Z", day);

    return date_time_to_us(str_from(time), &us) ? us : 0;
}

bool
history_load(const char *dir, const char *host, int64_t from_us, int64_t now_us,
             struct history *out, struct err *err)
{
    struct arena *arena = arena_new(64 * 1024, 16 * 1024 * 1024);
    struct arena *line_arena = arena_new(16 * 1024, 1024 * 1024);
    const char *folder = arena_printf(arena, "%s/" HISTORY_DIR, dir).data;
    int64_t read_from_us = 0;
    char month[DATE_SIZE];
    struct str *names = NULL;
    size_t count = 0, cap = 0;
    bool ok = false;

    *out = (struct history){.now_us = now_us, .since_us = now_us};
    date_from_us(from_us > 0 ? from_us : 0, month);
    memcpy(month + MONTH_LEN, "-01", sizeof("-01"));
    read_from_us = first_of_month(month);
    if (!file_exists(folder)) {
        ok = true;
        goto out;
    }
    if (!dir_list(folder, FILES_MAX, arena, &names, &count, err))
        goto out;
    for (size_t i = 0; i < count; i++) {
        struct buf text;

        if (!str_has_suffix(names[i], STR(".jsonl")) ||
            str_cmp(str_slice(names[i], 0, MONTH_LEN), str_make(month, MONTH_LEN)) < 0)
            continue;
        buf_init(&text, FILE_MAX);
        ok = file_read(arena_printf(arena, "%s/%s", folder, names[i].data).data, &text, NULL, err);
        if (ok)
            take_file(out, &cap, buf_str(&text), line_arena);
        buf_fini(&text);
        if (!ok)
            goto out;
    }
    put_in_order(out, host, read_from_us);
    ok = true;

out:
    arena_free(line_arena);
    arena_free(arena);
    if (!ok)
        history_free(out);

    return ok;
}

void
history_free(struct history *history)
{
    free(history->lines);
    history->lines = NULL;
    history->count = 0;
}
