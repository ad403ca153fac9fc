/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cairn status: where the service stands, in a few lines.
 */
#include "cli/stage.h"
#include "core/json.h"
#include "drill/client.h"
#include "lifecycle/date.h"

enum { ASK_MS = 1000 };

struct numbers {
    bool is_running;
    int ready; /* status of /readyz */
    double requests, server_errors, connections, started_s, reads_moved;
};

/* The sum of the samples of that metric whose labels contain part. */
static double
sum_of(struct str text, const char *metric, const char *part)
{
    size_t length = strlen(metric);
    double sum = 0;

    while (text.len > 0) {
        struct str line = str_cut(&text, '\n');
        size_t space = line.len;

        if (line.len <= length || memcmp(line.data, metric, length) != 0 ||
            (line.data[length] != '{' && line.data[length] != ' '))
            continue;
        if (part != NULL && memmem(line.data, line.len, part, strlen(part)) == NULL)
            continue;
        while (space > 0 && line.data[space - 1] != ' ')
            space--;
        sum += strtod(line.data + space, NULL);
    }

    return sum;
}

static void
ask_service(struct cli *cli, const struct config *config, struct numbers *out)
{
    const char *host = config->listen.host[0] == '\0' || strcmp(config->listen.host, "0.0.0.0") == 0
                           ? "127.0.0.1"
                           : config->listen.host;
    const char *url =
        arena_printf(cli->arena, strchr(host, ':') != NULL ? "http://[%s]:%u" : "http://%s:%u",
                     host, config->listen.port)
            .data;
    struct client_response response;
    struct endpoint at;
    struct client client;

    *out = (struct numbers){0};
    if (config->tls_cert != NULL || !endpoint_parse(url, &at, NULL))
        return;
    client_init(&client, &at, ASK_MS);
    client_ask(&client, "GET", "/readyz", NULL, STR_NULL, &response);
    out->is_running = response.outcome == CLIENT_ANSWERED;
    out->ready = response.status;
    if (out->is_running) {
        client_ask(&client, "GET", "/metrics", NULL, STR_NULL, &response);
        out->requests = sum_of(response.body, "cairn_http_requests_total", NULL);
        out->server_errors = sum_of(response.body, "cairn_http_requests_total", "status=\"5");
        out->connections = sum_of(response.body, "cairn_http_connections", NULL);
        out->started_s = sum_of(response.body, "process_start_time_seconds", NULL);
    }
    client_fini(&client);
}

static void
add_service(struct page *page, const struct project *project, const struct numbers *numbers)
{
    double uptime_s = (double)project->now_us / 1e6 - numbers->started_s;

    page_dim(page, "service    ");
    if (project->config->tls_cert != NULL) {
        buf_printf(&page->out, "%s, TLS: not asked\n", project->config->listen.text);
        return;
    }
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

static void
add_evidence(struct page *page, const struct project *project)
{
    char at[DATE_TIME_SIZE];
    int64_t newest = 0;
    size_t stale = 0;

    for (size_t i = 0; i < project->evidence.count; i++) {
        stale += project->evidence.items[i].is_stale;
        newest =
            project->evidence.items[i].at_us > newest ? project->evidence.items[i].at_us : newest;
    }
    page_dim(page, "evidence   ");
    if (project->evidence.count == 0) {
        BUF_ADD_LIT(&page->out, "none yet: cairn check\n");
        return;
    }
    date_time_from_us(newest, at);
    buf_printf(&page->out, "%zu rows, the last at %s", project->evidence.count, at);
    if (stale > 0)
        buf_printf(&page->out, "; %zu stale: configuration, schema or binary changed", stale);
    BUF_ADD_LIT(&page->out, "\n");
}

static void
write_text(const struct project *project, const struct verdicts *verdicts,
           const struct numbers *numbers, struct page *page)
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
    page_dim(page, "backups    ");
    BUF_ADD_LIT(&page->out, "not made by this version\n");
    add_evidence(page, project);
}

static void
write_json(const struct project *project, const struct verdicts *verdicts,
           const struct numbers *numbers, struct buf *out)
{
    enum lifecycle_stage reached;
    bool any = verdict_get_stage(verdicts, &reached);
    size_t stale = 0;

    for (size_t i = 0; i < project->evidence.count; i++)
        stale += project->evidence.items[i].is_stale;
    buf_printf(
        out,
        "{\"declared\": \"%s\", \"proven\": \"%s\", \"running\": %s, \"ready\": %s, \"requests\": "
        "%.0f, \"server_errors\": %.0f, \"connections\": %.0f, \"evidence\": %zu, \"stale\": "
        "%zu}\n",
        lifecycle_stage_names[project->declared], any ? lifecycle_stage_names[reached] : "none",
        numbers->is_running ? "true" : "false", numbers->ready == 200 ? "true" : "false",
        numbers->requests, numbers->server_errors, numbers->connections, project->evidence.count,
        stale);
}

int
cli_status(struct cli *cli)
{
    struct verdicts verdicts;
    struct numbers numbers;
    struct project project;
    struct page page;

    if (!stage_load(cli, &project))
        return CLI_USAGE;
    stage_say_time_box(cli, &project);
    project_judge(&project, project.declared, &verdicts);
    ask_service(cli, project.config, &numbers);
    page_init(&page);
    if (cli->json)
        write_json(&project, &verdicts, &numbers, &page.out);
    else
        write_text(&project, &verdicts, &numbers, &page);

    return page_print(cli, &page);
}
