/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the service's own history says. A history that is too short says how much is missing; one
 * that has already used up what a stage allows doesn't have to be waited for.
 */
#include "core/clock.h"
#include "lifecycle/check.h"
#include "lifecycle/date.h"

enum {
    CALM_DAYS = 7, /* without a crash: it runs day and night */
    MONTH_DAYS = 30,
    TRAFFIC_MIN = 1000, /* requests; below it a share of them says nothing */
    BEFORE_DAYS = 21,
    RECENT_DAYS = 7
};

#define DAY_S 86400.0
#define SLOWER 1.5       /* p95 now against before; buckets are no finer than that */
#define SLOWER_MIN 0.005 /* seconds: below it nobody notices */
#define RUNNING_SHARE 0.95

/* How long a stage wants the service to have been up, and of how many days. */
static const struct uptime {
    double share;
    int days;
} uptimes[LIFECYCLE_STAGE_COUNT] = {
    [LIFECYCLE_POC] = {0.95, 7},
    [LIFECYCLE_MVP] = {0.95, 7},
    [LIFECYCLE_PRODUCTION] = {0.99, 30},
    [LIFECYCLE_SCALE] = {0.999, 90},
};

/* "2026-11-21T10:14:03Z" */
static const char *
time_text(const struct check_input *input, int64_t us)
{
    char text[DATE_TIME_SIZE];

    date_time_from_us(us, text);

    return arena_cstr(input->arena, str_from(text));
}

/* What of the history doesn't count, one line each; for those who ask why. */
static void
add_faults(const struct check_input *input, const struct history *history, struct evidence *out)
{
    const struct {
        size_t count;
        const char *what;
    } faults[] = {
        {history->changed, "were edited"},
        {history->cut, "were cut short"},
        {history->newer, "are from another version"},
        {history->foreign, "are another machine's"},
        {history->future, "lie in the future: the clock went back"},
        {history->missing, "are missing"},
    };
    struct buf text;

    buf_init(&text, 4096);
    for (size_t i = 0; i < COUNTOF(faults); i++) {
        if (faults[i].count > 0)
            buf_printf(&text, "%zu lines of the history %s\n", faults[i].count, faults[i].what);
    }
    if (text.len > 0)
        out->detail = arena_copy(input->arena, buf_str(&text)).data;
    buf_fini(&text);
}

/*
 * The history of that many days. What is before a hole doesn't count: a line that is missing may
 * have said anything. False when there is none, which *out then says.
 */
static bool
read_days(const struct check_input *input, int days, struct history *history,
          struct history_figures *figures, struct evidence *out)
{
    int64_t now_us = clock_wall_us();
    int64_t from_us = now_us - days * HISTORY_DAY_US;
    char host[HISTORY_ID_SIZE];
    struct err err = {0};

    history_get_host(host);
    if (!history_load(input->config->dir, host, from_us, now_us, history, &err)) {
        check_unknown(input, out, "%s", err.message);
        return false;
    }
    add_faults(input, history, out);
    if (history->missing_us > from_us)
        from_us = history->missing_us;
    history_measure(history, from_us, figures);
    if (history->count > 0 && figures->seconds > 0)
        return true;
    if (!input->config->history_enabled)
        check_unknown(input, out, "no history is written: history.enabled is false");
    else
        check_unknown(input, out,
                      "it has no history yet: cairn serve writes it, and %d days are needed", days);
    history_free(history);

    return false;
}

/* " (lines are missing before 2026-...)" */
static const char *
hole_text(const struct check_input *input, const struct history *history, int days)
{
    if (history->missing_us <= history->now_us - days * HISTORY_DAY_US)
        return "";

    return arena_printf(input->arena, "; what is before %s doesn't count: %zu lines are missing",
                        time_text(input, history->missing_us), history->missing)
        .data;
}

static const char *
length_text(const struct check_input *input, double seconds)
{
    if (seconds >= 2 * DAY_S)
        return arena_printf(input->arena, "%.1f days", seconds / DAY_S).data;
    if (seconds >= 7200)
        return arena_printf(input->arena, "%.1f hours", seconds / 3600).data;
    if (seconds >= 120)
        return arena_printf(input->arena, "%.0f minutes", seconds / 60).data;

    return arena_printf(input->arena, "%.1f seconds", seconds).data;
}

/* --- uptime ----------------------------------------------------------------------------------- */

static void
look_uptime(const struct check_input *input, struct evidence *out)
{
    const struct uptime *target = &uptimes[input->stage];
    double needed_s = target->days * DAY_S;
    struct history_figures figures;
    struct history history;
    double down_s, share;

    out->limit =
        arena_printf(input->arena, "%g %% of %d days", target->share * 100, target->days).data;
    if (!read_days(input, target->days, &history, &figures, out))
        return;
    down_s = figures.seconds - figures.up_seconds;
    share = history_get_uptime(&figures);
    evidence_add_figure(out, "uptime", share, "%");
    evidence_add_figure(out, "uptime_days", figures.seconds / DAY_S, "days");
    if (down_s > (1 - target->share) * needed_s)
        check_fail(
            input, out, "%.3f %% of %s: down for %s, the longest outage %s, the last at %s%s",
            share, length_text(input, figures.seconds), length_text(input, down_s),
            length_text(input, figures.longest_outage_s), time_text(input, figures.last_outage_us),
            hole_text(input, &history, target->days));
    else if (figures.seconds < needed_s - 60)
        check_unknown(input, out, "%.3f %% of %s; %s are still missing%s", share,
                      length_text(input, figures.seconds),
                      length_text(input, needed_s - figures.seconds),
                      hole_text(input, &history, target->days));
    else
        check_pass(input, out, "%.3f %% of %s, %u outage%s, %s down", share,
                   length_text(input, figures.seconds), figures.outages,
                   figures.outages == 1 ? "" : "s", length_text(input, down_s));
    history_free(&history);
}

/* --- crashes ---------------------------------------------------------------------------------- */

static const char *
crash_text(const struct check_input *input, const struct history_figures *figures)
{
    const char *at = time_text(input, figures->last_crash_us);

    if (figures->last_signal != 0)
        return arena_printf(input->arena, "%s by signal %d", at, figures->last_signal).data;
    if (figures->last_exit_code != 0)
        return arena_printf(input->arena, "%s with exit code %d", at, figures->last_exit_code).data;

    return arena_printf(input->arena, "%s without a word: killed, or the machine went down", at)
        .data;
}

static void
look_calm(const struct check_input *input, struct evidence *out, int days)
{
    double needed_s = days * DAY_S * RUNNING_SHARE;
    struct history_figures figures;
    struct history history;
    unsigned crashes;

    out->limit = arena_printf(input->arena, "none in %d days in which it runs", days).data;
    if (!read_days(input, days, &history, &figures, out))
        return;
    crashes = figures.crashes + figures.silent;
    evidence_add_figure(out, "crashes", crashes, "crashes");
    evidence_add_figure(out, "ran", figures.up_seconds / DAY_S, "days");
    if (crashes > 0)
        check_fail(input, out, "%u crash%s in %s, the last %s", crashes, crashes > 1 ? "es" : "",
                   length_text(input, figures.seconds), crash_text(input, &figures));
    else if (figures.up_seconds < needed_s)
        check_unknown(input, out, "none while it ran for %s; %s are still missing%s",
                      length_text(input, figures.up_seconds),
                      length_text(input, needed_s - figures.up_seconds),
                      hole_text(input, &history, days));
    else
        check_pass(input, out, "no crash while it ran for %s, %u starts",
                   length_text(input, figures.up_seconds), figures.starts);
    history_free(&history);
}

static void
look_no_crashes(const struct check_input *input, struct evidence *out)
{
    look_calm(input, out, CALM_DAYS);
}

static void
look_month(const struct check_input *input, struct evidence *out)
{
    look_calm(input, out, MONTH_DAYS);
}

/* --- how it did ------------------------------------------------------------------------------- */

static uint64_t
total_of(const uint64_t latency[HISTORY_BUCKETS])
{
    uint64_t total = 0;

    for (unsigned i = 0; i < HISTORY_BUCKETS; i++)
        total += latency[i];

    return total;
}

/* The last week against the three before. */
static void
look_over_time(const struct check_input *input, struct evidence *out)
{
    struct history_figures all, recent;
    uint64_t before[HISTORY_BUCKETS];
    struct history history;
    double now_s, before_s;

    out->limit = "p95 of the last week no more than 1.5 times that of the three before";
    if (!read_days(input, BEFORE_DAYS + RECENT_DAYS, &history, &all, out))
        return;
    history_measure(&history, history.now_us - RECENT_DAYS * HISTORY_DAY_US, &recent);
    for (unsigned i = 0; i < HISTORY_BUCKETS; i++)
        before[i] = all.latency[i] > recent.latency[i] ? all.latency[i] - recent.latency[i] : 0;
    now_s = history_quantile(recent.latency, 0.95);
    before_s = history_quantile(before, 0.95);
    evidence_add_figure(out, "p95_lived", now_s * 1000, "ms");
    if (all.seconds < (BEFORE_DAYS + RECENT_DAYS) * DAY_S - 60)
        check_unknown(input, out, "p95 %.1f ms in %s; %s are still missing to compare%s",
                      history_quantile(all.latency, 0.95) * 1000, length_text(input, all.seconds),
                      length_text(input, (BEFORE_DAYS + RECENT_DAYS) * DAY_S - all.seconds),
                      hole_text(input, &history, BEFORE_DAYS + RECENT_DAYS));
    else if (total_of(recent.latency) < TRAFFIC_MIN || total_of(before) < TRAFFIC_MIN)
        check_unknown(input, out, "%llu requests in a week and %llu in the three before: too few",
                      (unsigned long long)total_of(recent.latency),
                      (unsigned long long)total_of(before));
    else if (now_s > before_s * SLOWER && now_s - before_s > SLOWER_MIN)
        check_fail(input, out, "p95 %.1f ms in the last week, %.1f ms in the three before",
                   now_s * 1000, before_s * 1000);
    else
        check_pass(input, out, "p95 %.1f ms in the last week, %.1f ms in the three before",
                   now_s * 1000, before_s * 1000);
    history_free(&history);
}

/* Somebody has to look at the metrics. Whether a person sees them is for a person to say. */
static void
look_monitoring(const struct check_input *input, struct evidence *out)
{
    struct history_figures figures;
    struct history history;
    double each_s;

    out->limit = "the metrics are read at least every 5 minutes, for a day";
    if (!read_days(input, 1, &history, &figures, out))
        return;
    each_s = figures.scrapes > 0 ? figures.up_seconds / (double)figures.scrapes : 0;
    evidence_add_figure(out, "scrapes", (double)figures.scrapes, "times");
    if (figures.scrapes == 0 && figures.seconds < 3600)
        check_unknown(input, out, "nobody read /metrics in %s; a day is needed",
                      length_text(input, figures.seconds));
    else if (figures.scrapes == 0)
        check_fail(input, out, "nobody read /metrics in %s", length_text(input, figures.seconds));
    else if (each_s > 300)
        check_fail(input, out, "/metrics was read every %s only", length_text(input, each_s));
    else if (figures.seconds < DAY_S - 60)
        check_unknown(input, out, "/metrics was read every %s for %s; a day is needed",
                      length_text(input, each_s), length_text(input, figures.seconds));
    else
        check_pass(input, out, "/metrics was read every %s for a day", length_text(input, each_s));
    history_free(&history);
}

bool
check_lived(const struct check_input *input, struct history_figures *out)
{
    struct evidence ignored = {0};
    struct history history;

    if (!read_days(input, MONTH_DAYS, &history, out, &ignored))
        return false;
    history_free(&history);

    return out->requests >= TRAFFIC_MIN;
}

const struct check_def check_history[] = {
    {"uptime-target", look_uptime},     {"no-crashes", look_no_crashes},
    {"stable-for-a-month", look_month}, {"performance-history", look_over_time},
    {"monitoring", look_monitoring},
};
const size_t check_history_count = COUNTOF(check_history);
