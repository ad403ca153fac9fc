/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cairn load: how much does the service carry, honestly measured.
 */
#include "cli/load_report.h"
#include "core/clock.h"
#include "core/interrupt.h"
#include "drill/examiner.h"
#include "io/file.h"
#include "lifecycle/date.h"

enum {
    DURATION_DEFAULT_S = 10,
    CONNECTIONS_DEFAULT = 50,
    TIMEOUT_MS = 10000,
    FILE_MAX = 64 * 1024,
    PAGE_MAX = 4 * 1024 * 1024,
    PROGRESS_MS = 500,
    FIND_STEP_MS = 3000,
    FIND_STEPS = 12,
    LOAD_ABORTED = 5
};

struct plan {
    struct load_options options;
    struct load_route routes[LOAD_ROUTES_MAX];
    struct load_route_result *route_results;
    const char *headers; /* of all routes that follow in the file */
    double own_limit;
    const struct stage_target *target;
};

/* What the line of progress is about. */
static struct {
    const struct load_options *options;
    const struct load_result *result;
    int64_t shown_ms;
} running;

static bool
show_progress(void *ctx, int64_t elapsed_ms)
{
    const struct load_result *result = running.result;

    if (elapsed_ms - running.shown_ms < PROGRESS_MS)
        return true;
    running.shown_ms = elapsed_ms;
    cli_say_progress("%.1f of %.1f s  %llu sent, %llu answered, %llu failed, p95 %.1f ms",
                     (double)elapsed_ms / 1000, (double)running.options->duration_ms / 1000,
                     (unsigned long long)result->sent, (unsigned long long)result->answered,
                     (unsigned long long)load_failures(result),
                     (double)hist_quantile(&result->latency, 0.95) / 1000);

    return true;
}

/* --- what to ask ------------------------------------------------------------------------------ */

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
parse_route(struct cli *cli, struct str line, const char *headers, struct load_route *out)
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
    out->headers =
        out->body == NULL || strcasestr(headers, "content-type:") != NULL
            ? headers
            : arena_printf(cli->arena, "%sContent-Type: application/json\r\n", headers).data;
    out->is_write = false;

    return word.len > 0 && out->path[0] == '/';
}

/* "Authorization: Bearer TOKEN": for all routes below it. */
static bool
is_header(struct str line)
{
    size_t colon = str_find_char(line, ':', 0);

    return colon > 0 && colon < line.len && colon < str_find_char(line, ' ', 0);
}

static bool
parse_line(struct cli *cli, struct str line, struct plan *plan)
{
    struct load_options *options = &plan->options;

    if (is_header(line)) {
        plan->headers = arena_printf(cli->arena, "%s%.*s\r\n", plan->headers, STR_ARG(line)).data;
        return true;
    }

    return options->route_count < LOAD_ROUTES_MAX &&
           parse_route(cli, line, plan->headers, &plan->routes[options->route_count++]);
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
        if (!parse_line(cli, line, plan)) {
            cli_fail_usage(cli, "write: 3 GET /rest/v1/items?limit=20, at most 16 lines",
                           "%s:%u: no route and no header", path, number);
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
    if (ramp > duration) {
        cli_fail_usage(cli, "the ramp is part of the duration", "--ramp: %g s of %g s", ramp,
                       duration);
        return false;
    }
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
    plan->route_results = ARENA_ARRAY(cli->arena, struct load_route_result, LOAD_ROUTES_MAX);
    plan->options.route_results = plan->route_results;
    plan->options.is_interrupted = interrupt_is_asked;
    plan->options.tick = show_progress;
    plan->headers = "";
    if (cli_get_flag(cli, "routes") != NULL)
        return read_routes(cli, plan);
    plan->routes[0] = (struct load_route){.method = "GET", .path = path, .weight = 1};
    plan->options.route_count = 1;

    return true;
}

/* --- running ---------------------------------------------------------------------------------- */

static bool
run_once(struct cli *cli, struct plan *plan, struct load_result *result)
{
    struct err err = {0};
    bool ok;

    running.options = &plan->options;
    running.result = result;
    running.shown_ms = 0;
    memset(plan->route_results, 0, LOAD_ROUTES_MAX * sizeof(*plan->route_results));
    ok = load_run(&plan->options, result, &err);
    cli_clear_progress();
    plan->options.first_number += result->sent;
    if (!ok)
        cli_fail(cli, &err);

    return ok;
}

static struct load_report
make_report(const struct plan *plan, const struct load_result *result)
{
    return (struct load_report){.options = &plan->options,
                                .result = result,
                                .routes = plan->route_results,
                                .own_limit = plan->own_limit};
}

/* --- the limit -------------------------------------------------------------------------------- */

/* A proof of concept has no targets: those of whoever waits for an answer. */
static double
get_p95_target(const struct plan *plan)
{
    return plan->target->p95_ms > 0 ? plan->target->p95_ms : 1000;
}

static double
get_error_target(const struct plan *plan)
{
    return plan->target->error_share > 0 ? plan->target->error_share : 0.01;
}

static bool
meets_target(const struct plan *plan, const struct load_result *result)
{
    /* Who is turned away (4xx) got nothing of what was asked for. */
    double share =
        result->sent > 0 ? (double)(result->sent - result->ok) / (double)result->sent : 1;

    return share < get_error_target(plan) &&
           (double)hist_quantile(&result->latency, 0.95) / 1000 < get_p95_target(plan);
}

enum step { STEP_MET, STEP_MISSED, STEP_OWN_LIMIT, STEP_SILENT, STEP_FAILED };

/* One rate. What counts from when a request was meant to begin holds the generator's lateness too:
 * who meets the targets meets them; who misses them may have been measured wrongly. */
static enum step
try_rate(struct cli *cli, struct plan *plan, double rate)
{
    static const enum cli_mark marks[] = {CLI_MARK_OK, CLI_MARK_BAD, CLI_MARK_UNKNOWN,
                                          CLI_MARK_BAD};
    struct load_result *result = xcalloc(1, sizeof(*result));
    enum step step = STEP_FAILED;
    struct load_report report;

    plan->options.rate = rate;
    if (run_once(cli, plan, result) && !result->was_interrupted) {
        report = make_report(plan, result);
        step = result->answered == 0               ? STEP_SILENT
               : meets_target(plan, result)        ? STEP_MET
               : result->ok < result->sent         ? STEP_MISSED
               : load_report_is_own_limit(&report) ? STEP_OWN_LIMIT
                                                   : STEP_MISSED;
        cli_say(cli, marks[step], "%8.0f per second: p95 %.2f ms, %llu failed%s", rate,
                (double)hist_quantile(&result->latency, 0.95) / 1000,
                (unsigned long long)(result->sent - result->ok),
                step == STEP_OWN_LIMIT ? ", the generator's own limit" : "");
    }
    free(result);

    return step;
}

static int
say_limit(struct cli *cli, const struct plan *plan, double good, bool is_own)
{
    if (good == 0) {
        cli_say(cli, CLI_MARK_BAD, "%s",
                is_own ? "the generator was at its own limit from the beginning"
                       : "no rate met the targets");
        cli_say_hint(cli, "%s",
                     is_own ? "try a lower --rate, or a machine of its own for cairn load"
                            : "cairn load --rate 1 shows what it answers");
        return CLI_FAILED;
    }
    if (cli->json)
        printf("{\"limit\": %.0f, \"is_own_limit\": %s, \"own_limit\": %.0f}\n", good,
               is_own ? "true" : "false", plan->own_limit);
    else
        printf("%s%.0f requests per second\n", is_own ? "at least " : "", good);
    if (is_own)
        cli_say(cli, CLI_MARK_UNKNOWN,
                "the generator was at its own limit: the service may carry more");

    return CLI_DONE;
}

/* Doubles the rate until the targets are missed, then halves the step between. */
static int
find_limit(struct cli *cli, struct plan *plan)
{
    double good = 0, bad = 0, rate = plan->options.rate;
    bool is_own = false;

    plan->options.duration_ms = FIND_STEP_MS;
    cli_say(cli, CLI_MARK_NONE,
            "looking for the highest rate with p95 below %.0f ms and less than %g %% failed: "
            "%d s for each rate, %d s at most",
            get_p95_target(plan), 100 * get_error_target(plan), FIND_STEP_MS / 1000,
            FIND_STEPS * FIND_STEP_MS / 1000);
    for (int i = 0; i < FIND_STEPS && !interrupt_is_asked(); i++) {
        enum step step = try_rate(cli, plan, rate);

        if (step == STEP_FAILED && !interrupt_is_asked())
            return CLI_FAILED;
        if (step == STEP_SILENT && good == 0) {
            cli_say(cli, CLI_MARK_BAD, "nothing answers at %s:%s", plan->options.at.host,
                    plan->options.at.port);
            return CLI_FAILED;
        }
        if (step == STEP_FAILED)
            break;
        if (step == STEP_MET) {
            good = rate;
        } else {
            bad = rate;
            is_own = step == STEP_OWN_LIMIT;
        }
        rate = bad == 0 ? 2 * rate : (good + bad) / 2;
        if (bad > 0 && good > 0 && bad - good < 0.05 * bad)
            break;
    }
    if (interrupt_is_asked()) {
        cli_say(cli, CLI_MARK_BAD,
                "interrupted; the highest rate so far that met the targets: %.0f", good);
        return LOAD_ABORTED;
    }

    return say_limit(cli, plan, good, is_own);
}

/* --- the command ------------------------------------------------------------------------------ */

static bool
write_page(struct cli *cli, const struct load_report *report)
{
    const char *path = cli_get_flag(cli, "html");
    char at[DATE_TIME_SIZE];
    struct err err = {0};
    struct buf text;
    bool ok;

    if (path == NULL)
        return true;
    date_time_from_us(clock_wall_us(), at);
    buf_init(&text, PAGE_MAX);
    load_report_html(report, at, &text);
    ok = file_replace(path, buf_str(&text), 0644, &err);
    buf_fini(&text);
    if (ok)
        cli_say(cli, CLI_MARK_NONE, "wrote %s", path);
    else
        cli_fail(cli, &err);

    return ok;
}

static int
run_load(struct cli *cli, struct plan *plan)
{
    struct load_result *result = xcalloc(1, sizeof(*result));
    struct load_report report = make_report(plan, result);
    int code = CLI_FAILED;
    struct page page;

    if (!run_once(cli, plan, result))
        goto out;
    page_init(&page);
    if (cli->json)
        load_report_json(&report, &page.out);
    else
        load_report_text(&report, &page);
    if (page_print(cli, &page) == CLI_DONE && write_page(cli, &report))
        code = result->answered > 0 ? CLI_DONE : CLI_FAILED;
    if (result->was_interrupted) {
        cli_say(cli, CLI_MARK_BAD, "interrupted after %.1f s", result->seconds);
        code = LOAD_ABORTED;
    }

out:
    free(result);

    return code;
}

/* The limit is looked for with rates and durations of its own. */
static bool
is_flag_in_vain(struct cli *cli)
{
    static const char *const flags[] = {"closed", "duration", "ramp", "html"};

    for (size_t i = 0; cli_has_flag(cli, "find-limit") && i < COUNTOF(flags); i++) {
        if (!cli_has_flag(cli, flags[i]))
            continue;
        cli_fail_usage(cli, "it sends at rates of its own, for 3 seconds each",
                       "--find-limit takes no --%s", flags[i]);
        return true;
    }

    return false;
}

int
cli_load(struct cli *cli)
{
    struct project project;
    struct plan plan = {0};

    if (is_flag_in_vain(cli))
        return CLI_USAGE;
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
    interrupt_catch();
    plan.own_limit = load_measure_limit();

    return cli_has_flag(cli, "find-limit") ? find_limit(cli, &plan) : run_load(cli, &plan);
}
