/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cairn load: how much does the service carry, honestly measured.
 */
#include "drill/load.h"
#include "cli/stage.h"
#include "drill/examiner.h"
#include "io/file.h"

#include <signal.h>
#include <unistd.h>

enum {
    DURATION_DEFAULT_S = 10,
    CONNECTIONS_DEFAULT = 50,
    TIMEOUT_MS = 10000,
    FILE_MAX = 64 * 1024,
    BAR_MAX = 40,
    FIND_STEP_MS = 3000,
    FIND_STEPS = 12
};

/* Later than this at the 95th percentile, what was seen is the generator's own limit. */
#define LATENESS_MAX_US 5000

struct plan {
    struct load_options options;
    struct load_route routes[LOAD_ROUTES_MAX];
    const struct stage_target *target;
};

static volatile sig_atomic_t interrupted;
static const struct load_options *running;

static void
on_interrupt(int signal_no)
{
    interrupted = 1;
}

static bool
show_progress(void *ctx, int64_t elapsed_ms)
{
    static int64_t shown;

    if (elapsed_ms < shown)
        shown = 0;
    if (isatty(STDERR_FILENO) == 1 && elapsed_ms - shown >= 500) {
        shown = elapsed_ms;
        fprintf(stderr, "\r\x1b[K%.1f of %.1f s", (double)elapsed_ms / 1000,
                (double)running->duration_ms / 1000);
    }

    return interrupted == 0;
}

/* --- what to ask ---------------------------------------------------------------------------------- */

static bool
get_number(struct cli *cli, const char *flag, double min, double max, double *out)
{
    const char *text = cli_get_flag(cli, flag);
    char *end;

    if (text == NULL)
        return true;
    *out = strtod(text, &end);
    if (strcmp(end, "s") == 0)
        end++;
    if (end != text && *end == '\0' && *out >= min && *out <= max)
        return true;
    cli_fail_usage(cli, arena_printf(cli->arena, "a number from %g to %g", min, max).data,
                   "--%s: '%s'", flag, text);

    return false;
}

/* "GET /path", "POST /path BODY" or with a weight before it: "3 GET /path". */
static bool
parse_route(struct cli *cli, struct str line, struct load_route *out)
{
    struct str rest = str_trim(line);
    struct str word = str_cut(&rest, ' ');
    uint64_t weight = 1;

    if (str_to_u64(word, &weight)) {
        rest = str_trim(rest);
        word = str_cut(&rest, ' ');
    }
    rest = str_trim(rest);
    out->method = arena_cstr(cli->arena, word);
    out->weight = (unsigned)(weight > 0 && weight < 1000 ? weight : 1);
    out->path = arena_cstr(cli->arena, str_cut(&rest, ' '));
    rest = str_trim(rest);
    out->body = rest.len > 0 ? arena_cstr(cli->arena, rest) : NULL;
    out->headers = out->body != NULL ? "Content-Type: application/json\r\n" : NULL;
    out->is_write = false;

    return word.len > 0 && out->path[0] == '/';
}

static bool
read_routes(struct cli *cli, struct plan *plan)
{
    const char *path = cli_get_flag(cli, "routes");
    struct err err = {0};
    struct buf text;
    struct str rest;
    bool ok = true;

    buf_init(&text, FILE_MAX);
    if (!file_read(path, &text, NULL, &err)) {
        cli_fail(cli, &err);
        ok = false;
    }
    rest = arena_copy(cli->arena, buf_str(&text));
    buf_fini(&text);
    for (unsigned number = 1; ok && rest.len > 0; number++) {
        struct str line = str_trim(str_cut(&rest, '\n'));

        if (line.len == 0 || line.data[0] == '#')
            continue;
        if (plan->options.route_count == LOAD_ROUTES_MAX ||
            !parse_route(cli, line, &plan->routes[plan->options.route_count++])) {
            cli_fail_usage(cli, "write: 3 GET /rest/v1/items?limit=20, at most 16 lines",
                           "%s:%u: not a route", path, number);
            ok = false;
        }
    }
    if (ok && plan->options.route_count == 0) {
        cli_fail_usage(cli, "write: GET /rest/v1/items?limit=20", "%s has no route", path);
        ok = false;
    }

    return ok;
}

static bool
make_plan(struct cli *cli, const struct project *project, struct plan *plan)
{
    double rate = plan->target->requests_per_s > 0 ? plan->target->requests_per_s : 20;
    double duration = DURATION_DEFAULT_S, connections = CONNECTIONS_DEFAULT, ramp = 0;
    const char *url = cli->arg_count > 0 ? cli->args[0] : NULL;
    const char *path = "/";

    if (!get_number(cli, "rate", 0.1, 1000000, &rate) ||
        !get_number(cli, "duration", 0.1, 3600, &duration) ||
        !get_number(cli, "connections", 1, LOAD_CONNECTIONS_MAX, &connections) ||
        !get_number(cli, "ramp", 0, 600, &ramp))
        return false;
    if (url == NULL) {
        url = arena_printf(cli->arena, "http://%s/readyz", project->config->listen.text).data;
        if (project->config->listen.host[0] == '\0')
            url =
                arena_printf(cli->arena, "http://127.0.0.1:%u/readyz", project->config->listen.port)
                    .data;
    }
    if (!endpoint_parse(url, &plan->options.at, &path)) {
        cli_fail_usage(cli, "http://127.0.0.1:8080/rest/v1/items?limit=20",
                       "'%s' is no address of a service in the clear", url);
        return false;
    }
    plan->options.rate = cli_has_flag(cli, "closed") ? 0 : rate;
    plan->options.ramp_ms = plan->options.rate > 0 ? (int64_t)(ramp * 1000) : 0;
    plan->options.duration_ms = (int64_t)(duration * 1000);
    plan->options.connections = (unsigned)connections;
    plan->options.timeout_ms = TIMEOUT_MS;
    plan->options.first_number = 1;
    plan->options.routes = plan->routes;
    plan->options.tick = show_progress;
    if (cli_get_flag(cli, "routes") != NULL)
        return read_routes(cli, plan);
    plan->routes[0] = (struct load_route){.method = "GET", .path = path, .weight = 1};
    plan->options.route_count = 1;

    return true;
}

/* --- what came back ------------------------------------------------------------------------------- */

static double
ms(const struct hist *hist, double share)
{
    return (double)hist_quantile(hist, share) / 1000;
}

static void
add_histogram(struct page *page, const struct hist *hist)
{
    uint64_t counts[32] = {0};
    uint64_t most = 0;
    unsigned first = 32, last = 0;

    for (unsigned i = 0; i < HIST_SIZE; i++) {
        uint64_t end = hist_bucket_end(i);
        unsigned power = 0;

        while (power < 31 && ((uint64_t)1 << (power + 1)) <= end)
            power++;
        counts[power] += hist->counts[i];
    }
    for (unsigned i = 0; i < 32; i++) {
        if (counts[i] == 0)
            continue;
        first = i < first ? i : first;
        last = i;
        most = counts[i] > most ? counts[i] : most;
    }
    for (unsigned i = first; i <= last && first < 32; i++) {
        unsigned length = (unsigned)(counts[i] * BAR_MAX / most);

        buf_printf(&page->out, " %9.3f ms  ", (double)((uint64_t)1 << (i + 1)) / 1000);
        for (unsigned n = 0; n < length; n++)
            BUF_ADD_LIT(&page->out, "\xe2\x96\x87");
        buf_printf(&page->out, "%s%llu\n", length > 0 ? " " : "", (unsigned long long)counts[i]);
    }
}

static void
add_result(struct page *page, const struct plan *plan, const struct load_result *result)
{
    uint64_t failures = load_failures(result);
    double late = ms(&result->lateness, 0.95);

    if (plan->options.rate > 0)
        buf_printf(&page->out, " open model, %.0f requests per second, %u connections, %.1f s\n",
                   plan->options.rate, plan->options.connections, result->seconds);
    else
        buf_printf(&page->out, " closed model, %u connections, %.1f s\n", plan->options.connections,
                   result->seconds);
    buf_printf(&page->out, " sent %llu, answered %llu (%.1f per second), failed %llu (%.3f %%)\n",
               (unsigned long long)result->sent, (unsigned long long)result->answered,
               (double)result->answered / result->seconds, (unsigned long long)failures,
               result->sent > 0 ? 100 * (double)failures / (double)result->sent : 0);
    buf_printf(
        &page->out,
        " 2xx and 3xx %llu, 4xx %llu, 5xx %llu, refused %llu, cut %llu, late %llu, garbage %llu\n",
        (unsigned long long)result->ok, (unsigned long long)result->client_errors,
        (unsigned long long)result->server_errors, (unsigned long long)result->refused,
        (unsigned long long)result->cut, (unsigned long long)result->timeouts,
        (unsigned long long)result->garbage);
    buf_printf(&page->out, " p50 %.2f ms, p95 %.2f ms, p99 %.2f ms, p99.9 %.2f ms, max %.2f ms\n\n",
               ms(&result->latency, 0.5), ms(&result->latency, 0.95), ms(&result->latency, 0.99),
               ms(&result->latency, 0.999), (double)result->latency.max_us / 1000);
    add_histogram(page, &result->latency);
    if (plan->options.rate > 0)
        buf_printf(&page->out, "\n the generator itself was %.2f ms late (p95)%s\n", late,
                   late * 1000 > LATENESS_MAX_US
                       ? ": these figures are its own limit, not the service's"
                       : "");
}

static void
write_json(const struct plan *plan, const struct load_result *result, struct buf *out)
{
    buf_printf(
        out,
        "{\"model\": \"%s\", \"rate\": %.1f, \"connections\": %u, \"seconds\": %.3f, \"sent\": %llu, "
        "\"answered\": %llu, \"ok\": %llu, \"client_errors\": %llu, \"server_errors\": %llu, "
        "\"refused\": %llu, \"cut\": %llu, \"timeouts\": %llu, \"garbage\": %llu, "
        "\"p50_ms\": %.3f, \"p95_ms\": %.3f, \"p99_ms\": %.3f, \"p999_ms\": %.3f, \"max_ms\": "
        "%.3f, \"lateness_p95_ms\": %.3f}\n",
        plan->options.rate > 0 ? "open" : "closed", plan->options.rate, plan->options.connections,
        result->seconds, (unsigned long long)result->sent, (unsigned long long)result->answered,
        (unsigned long long)result->ok, (unsigned long long)result->client_errors,
        (unsigned long long)result->server_errors, (unsigned long long)result->refused,
        (unsigned long long)result->cut, (unsigned long long)result->timeouts,
        (unsigned long long)result->garbage, ms(&result->latency, 0.5), ms(&result->latency, 0.95),
        ms(&result->latency, 0.99), ms(&result->latency, 0.999),
        (double)result->latency.max_us / 1000, ms(&result->lateness, 0.95));
}

static bool
run_once(struct cli *cli, struct plan *plan, struct load_result *result)
{
    struct err err = {0};
    bool ok;

    running = &plan->options;
    ok = load_run(&plan->options, result, &err);
    if (isatty(STDERR_FILENO) == 1)
        fputs("\r\x1b[K", stderr);
    plan->options.first_number += result->sent;
    if (!ok)
        cli_fail(cli, &err);

    return ok;
}

/* --- the limit ------------------------------------------------------------------------------------ */

static bool
meets_target(const struct plan *plan, const struct load_result *result)
{
    double share = result->sent > 0 ? (double)load_failures(result) / (double)result->sent : 1;
    double p95 = plan->target->p95_ms > 0 ? plan->target->p95_ms : 1000;
    double errors = plan->target->error_share > 0 ? plan->target->error_share : 0.01;

    return share < errors && ms(&result->latency, 0.95) < p95;
}

/* Doubles the rate until the targets are missed, then halves the step between. */
static int
find_limit(struct cli *cli, struct plan *plan)
{
    double good = 0, bad = 0, rate = plan->options.rate > 0 ? plan->options.rate : 100;
    bool is_own = false;

    plan->options.duration_ms = FIND_STEP_MS;
    for (int step = 0; step < FIND_STEPS && interrupted == 0; step++) {
        struct load_result *result = xcalloc(1, sizeof(*result));
        bool ok, meets;

        plan->options.rate = rate;
        ok = run_once(cli, plan, result);
        is_own =
            hist_quantile(&result->lateness, 0.95) > LATENESS_MAX_US && load_failures(result) == 0;
        meets = ok && meets_target(plan, result) && !is_own;
        cli_say(cli, meets ? CLI_MARK_OK : CLI_MARK_BAD,
                "%8.0f per second: p95 %.2f ms, %llu failed%s", rate, ms(&result->latency, 0.95),
                (unsigned long long)load_failures(result),
                is_own ? ", the generator was late" : "");
        free(result);
        if (!ok)
            return CLI_FAILED;
        if (meets)
            good = rate;
        else
            bad = rate;
        rate = bad == 0 ? 2 * rate : (good + bad) / 2;
        if (bad > 0 && good > 0 && bad - good < 0.05 * bad)
            break;
    }
    if (good == 0)
        return cli_fail_usage(cli, "try a lower --rate", "no rate met the targets");
    printf(cli->json ? "{\"limit\": %.0f}\n" : "%.0f requests per second\n", good);
    if (is_own)
        cli_say(cli, CLI_MARK_WARN,
                "the generator was at its own limit: the service may carry more");

    return CLI_DONE;
}

int
cli_load(struct cli *cli)
{
    struct load_result *result;
    struct project project;
    struct plan plan = {0};
    struct page page;
    bool failed;

    /* With an address, no project is needed: the targets of poc hold then, which are none. */
    if (cli->arg_count == 0 || file_exists("cairn.yaml")) {
        if (!stage_load(cli, &project))
            return CLI_USAGE;
    } else {
        project = (struct project){.declared = LIFECYCLE_POC};
    }
    plan.target = &stage_targets[project.declared];
    if (!make_plan(cli, &project, &plan))
        return CLI_USAGE;
    signal(SIGINT, on_interrupt);
    if (cli_has_flag(cli, "find-limit"))
        return find_limit(cli, &plan);
    result = xcalloc(1, sizeof(*result));
    if (!run_once(cli, &plan, result)) {
        free(result);
        return CLI_FAILED;
    }
    page_init(&page);
    if (cli->json)
        write_json(&plan, result, &page.out);
    else
        add_result(&page, &plan, result);
    failed = result->answered == 0;
    free(result);
    if (page_print(cli, &page) != CLI_DONE)
        return CLI_FAILED;

    return failed ? CLI_FAILED : CLI_DONE;
}
