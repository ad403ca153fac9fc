/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cairn status: where the service stands, in a few lines.
 */
#include "cli/stage.h"
#include "core/clock.h"
#include "core/json.h"
#include "drill/client.h"
#include "lifecycle/date.h"
#include "lifecycle/history_read.h"
#include "lifecycle/running.h"
#include "metric/sample.h"

enum { ASK_MS = 1000, MONTH_DAYS = 30 };

struct numbers {
    bool is_running;
    int ready; /* status of /readyz */
    double requests, server_errors, connections, started_s, reads_moved;
    struct running *instances;
    size_t instance_count;
};

/* What the service's own history says. */
struct past {
    struct history_figures day, month;
    size_t spoilt; /* lines that don't count, whatever the cause */
    bool is_there;
    const char *trouble; /* why it can't be read; NULL: it can */
};

/* The instances that run on this machine, and what the one at the configuration's address says. */
static void
ask_service(struct cli *cli, const struct config *config, struct numbers *out)
{
    struct client_response response;
    struct endpoint at = {.is_tls = config->tls_cert != NULL};
    struct client client;
    struct err err = {0};

    *out = (struct numbers){0};
    if (!running_find(config->dir, cli->arena, &out->instances, &out->instance_count, &err))
        out->instance_count = 0;
    snprintf(at.host, sizeof(at.host), "%s", running_get_host(config->listen.host));
    snprintf(at.port, sizeof(at.port), "%u", config->listen.port & 0xffffU);
    client_init(&client, &at, ASK_MS);
    client_ask(&client, "GET", "/readyz", NULL, STR_NULL, &response);
    out->is_running = response.outcome == CLIENT_ANSWERED;
    out->ready = response.status;
    if (out->is_running) {
        client_ask(&client, "GET", "/metrics", NULL, STR_NULL, &response);
        out->requests = metric_sum(response.body, "cairn_http_requests_total", NULL);
        out->server_errors = metric_sum(response.body, "cairn_http_requests_total", "status=\"5");
        out->connections = metric_sum(response.body, "cairn_http_connections", NULL);
        out->started_s = metric_sum(response.body, "process_start_time_seconds", NULL);
    }
    client_fini(&client);
}

static void
read_past(struct cli *cli, const struct config *config, struct past *out)
{
    int64_t now_us = clock_wall_us();
    struct history history;
    char host[HISTORY_ID_SIZE];
    struct err err = {0};

    *out = (struct past){0};
    history_get_host(host);
    if (!history_load(config->dir, host, now_us - MONTH_DAYS * HISTORY_DAY_US, now_us, &history,
                      &err)) {
        out->trouble = arena_cstr(cli->arena, str_from(err.message));
        return;
    }
    out->is_there = history.count > 0;
    out->spoilt = history.cut + history.changed + history.newer + history.foreign + history.future +
                  history.missing;
    history_measure(&history, now_us - HISTORY_DAY_US, &out->day);
    history_measure(&history, now_us - MONTH_DAYS * HISTORY_DAY_US, &out->month);
    history_free(&history);
}

static double
percent(double part, double whole)
{
    return whole > 0 ? 100 * part / whole : 0;
}

static void
add_figures(struct page *page, const char *title, const struct history_figures *figures)
{
    unsigned crashes = figures->crashes + figures->silent;

    page_dim(page, title);
    buf_printf(&page->out, "up %.3f %% of %.1f hours, %u start%s, ", history_get_uptime(figures),
               figures->seconds / 3600, figures->starts, figures->starts == 1 ? "" : "s");
    buf_printf(&page->out, "%u crash%s, %llu requests, %.3f %% of them failed, p95 %.1f ms\n",
               crashes, crashes == 1 ? "" : "es", (unsigned long long)figures->requests,
               percent((double)figures->errors, (double)figures->requests),
               history_quantile(figures->latency, 0.95) * 1000);
}

static void
add_past(struct page *page, const struct past *past)
{
    const struct history_figures *month = &past->month;
    char at[DATE_TIME_SIZE];

    if (past->trouble != NULL || !past->is_there) {
        page_dim(page, "history    ");
        buf_printf(&page->out, "%s\n",
                   past->trouble != NULL ? past->trouble : "none yet: cairn serve writes it");
        return;
    }
    add_figures(page, "last day   ", &past->day);
    add_figures(page, "30 days    ", month);
    if (month->outages > 0) {
        date_time_from_us(month->last_outage_us, at);
        page_dim(page, "outages    ");
        buf_printf(&page->out, "%u, the longest %.1f s, the last from %s on\n", month->outages,
                   month->longest_outage_s, at);
    }
    if (month->last_crash_us > 0) {
        date_time_from_us(month->last_crash_us, at);
        page_dim(page, "crash      ");
        if (month->last_signal != 0)
            buf_printf(&page->out, "%s by signal %d\n", at, month->last_signal);
        else if (month->last_exit_code != 0)
            buf_printf(&page->out, "%s with exit code %d\n", at, month->last_exit_code);
        else
            buf_printf(&page->out, "%s without a word: killed, or the machine went down\n", at);
    }
    if (past->spoilt > 0) {
        page_dim(page, "history    ");
        buf_printf(&page->out,
                   "%zu lines don't count: cut short, edited, missing, or another "
                   "machine's\n",
                   past->spoilt);
    }
}

static void
add_figures_json(struct buf *out, const char *name, const struct history_figures *figures)
{
    buf_printf(out,
               "\"%s\": {\"seconds\": %.0f, \"up_seconds\": %.0f, \"starts\": %u, "
               "\"crashes\": %u, \"silent_ends\": %u, \"outages\": %u, \"longest_outage_s\": "
               "%.1f, \"requests\": %llu, \"errors\": %llu, \"p95_ms\": %.3f}",
               name, figures->seconds, figures->up_seconds, figures->starts, figures->crashes,
               figures->silent, figures->outages, figures->longest_outage_s,
               (unsigned long long)figures->requests, (unsigned long long)figures->errors,
               history_quantile(figures->latency, 0.95) * 1000);
}

static void
add_service(struct page *page, const struct project *project, const struct numbers *numbers)
{
    double uptime_s = (double)project->now_us / 1e6 - numbers->started_s;

    if (numbers->instance_count > 0) {
        page_dim(page, "instances  ");
        buf_printf(&page->out, "%zu on this machine:", numbers->instance_count);
        for (size_t i = 0; i < numbers->instance_count; i++)
            buf_printf(&page->out, "%s %s:%u (process %ld)", i > 0 ? "," : "",
                       numbers->instances[i].host, numbers->instances[i].port,
                       (long)numbers->instances[i].supervisor);
        BUF_ADD_LIT(&page->out, "\n");
    }
    page_dim(page, "service    ");
    if (!numbers->is_running) {
        buf_printf(&page->out, "not running at %s\n", project->config->listen.text);
        return;
    }
    page_mark(page, numbers->ready == 200 ? CLI_MARK_OK : CLI_MARK_BAD);
    buf_printf(&page->out, " %s at %s\n", numbers->ready == 200 ? "ready" : "not ready",
               project->config->listen.text);
    if (numbers->requests == 0 || uptime_s <= 0)
        return;
    page_dim(page, "load       ");
    buf_printf(&page->out, "%.0f requests in %.0f s (%.1f per second), %.0f connections\n",
               numbers->requests, uptime_s, numbers->requests / uptime_s, numbers->connections);
    page_dim(page, "errors     ");
    buf_printf(&page->out, "%.3f %% answered 5xx\n",
               100 * numbers->server_errors / numbers->requests);
}

/* The newest of each row, of whatever stage. */
static void
count_evidence(const struct project *project, size_t *count, size_t *stale, int64_t *newest_us)
{
    const struct evidence_store *store = &project->evidence;

    *count = *stale = 0;
    *newest_us = 0;
    for (size_t i = 0; i < store->count; i++) {
        const struct evidence *item = &store->items[i];

        if (evidence_find(store, item->row) != item)
            continue;
        (*count)++;
        *stale += item->is_stale;
        *newest_us = item->at_us > *newest_us ? item->at_us : *newest_us;
    }
}

static void
add_evidence(struct page *page, const struct project *project)
{
    char at[DATE_TIME_SIZE];
    int64_t newest;
    size_t count, stale;

    count_evidence(project, &count, &stale, &newest);
    page_dim(page, "evidence   ");
    if (count == 0) {
        BUF_ADD_LIT(&page->out, "none yet: cairn check\n");
        return;
    }
    date_time_from_us(newest, at);
    buf_printf(&page->out, "%zu row%s, the last at %s\n", count, count == 1 ? "" : "s", at);
    if (stale > 0)
        buf_printf(
            &page->out,
            "           %zu stale, as configuration, schema or binary changed: cairn check\n",
            stale);
}

static void
write_text(const struct project *project, const struct verdicts *verdicts,
           const struct numbers *numbers, const struct past *past, struct page *page)
{
    enum lifecycle_stage reached;
    bool any = verdict_get_stage(verdicts, &reached);

    page_dim(page, "declared   ");
    buf_printf(&page->out, "%s\n", lifecycle_stage_names[project->declared]);
    page_dim(page, "proven     ");
    buf_printf(&page->out, "%s (%zu of %zu required rows of %s pass)\n",
               any ? lifecycle_stage_names[reached] : "none yet",
               verdict_count_required(verdicts, VERDICT_PASS),
               verdict_count_required(verdicts, VERDICT_STATUS_COUNT),
               lifecycle_stage_names[project->declared]);
    add_service(page, project, numbers);
    add_past(page, past);
    page_dim(page, "backups    ");
    BUF_ADD_LIT(&page->out, "not made by this version\n");
    add_evidence(page, project);
}

static void
write_json(const struct project *project, const struct verdicts *verdicts,
           const struct numbers *numbers, const struct past *past, struct buf *out)
{
    enum lifecycle_stage reached;
    bool any = verdict_get_stage(verdicts, &reached);
    size_t count, stale;
    int64_t newest;

    count_evidence(project, &count, &stale, &newest);
    buf_printf(
        out,
        "{\"declared\": \"%s\", \"proven\": \"%s\", \"instances\": %zu, \"running\": %s, \"ready\": %s, \"requests\": "
        "%.0f, \"server_errors\": %.0f, \"connections\": %.0f, \"evidence\": %zu, \"stale\": "
        "%zu, \"spoilt_history\": %zu, ",
        lifecycle_stage_names[project->declared], any ? lifecycle_stage_names[reached] : "none",
        numbers->instance_count, numbers->is_running ? "true" : "false",
        numbers->ready == 200 ? "true" : "false", numbers->requests, numbers->server_errors,
        numbers->connections, count, stale, past->spoilt);
    add_figures_json(out, "day", &past->day);
    BUF_ADD_LIT(out, ", ");
    add_figures_json(out, "month", &past->month);
    BUF_ADD_LIT(out, "}\n");
}

int
cli_status(struct cli *cli)
{
    struct verdicts verdicts;
    struct numbers numbers;
    struct project project;
    struct past past;
    struct page page;

    if (!stage_load(cli, &project))
        return CLI_USAGE;
    project_judge(&project, project.declared, &verdicts);
    ask_service(cli, project.config, &numbers);
    read_past(cli, project.config, &past);
    page_init(&page);
    if (cli->json)
        write_json(&project, &verdicts, &numbers, &past, &page.out);
    else
        write_text(&project, &verdicts, &numbers, &past, &page);

    return page_print(cli, &page);
}
