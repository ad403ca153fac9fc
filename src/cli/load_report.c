/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/load_report.h"

#include "core/json.h"

enum { POWERS = 32, FIGURES_WIDTH = 45, OWN_MAX = 1024 };

/* Later than this at the 95th percentile and a part of what was measured, or past this share of
 * what it can do, what was seen is the generator's own limit. */
#define LATENESS_MAX_MS 5
#define LATENESS_PART 0.1
#define LIMIT_SHARE 0.8

static double
ms(const struct hist *hist, double share)
{
    return (double)hist_quantile(hist, share) / 1000;
}

static double
answered_per_second(const struct load_result *result)
{
    return result->seconds > 0 ? (double)result->answered / result->seconds : 0;
}

static double
failed_share(const struct load_result *result)
{
    return result->sent > 0 ? (double)load_failures(result) / (double)result->sent : 0;
}

bool
load_report_is_own_limit(const struct load_report *report)
{
    double late = ms(&report->result->lateness, 0.95);
    double rate =
        report->options->rate > 0 ? report->options->rate : answered_per_second(report->result);

    return (late > LATENESS_MAX_MS && late > LATENESS_PART * ms(&report->result->latency, 0.95)) ||
           (report->own_limit > 0 && rate > LIMIT_SHARE * report->own_limit);
}

/* --- text ------------------------------------------------------------------------------------- */

void
load_report_add_model(const struct load_report *report, struct buf *out)
{
    const struct load_options *options = report->options;

    if (options->rate > 0)
        buf_printf(out, "open model, %.0f requests per second", options->rate);
    else
        BUF_ADD_LIT(out, "closed model");
    if (options->ramp_ms > 0)
        buf_printf(out, " after a ramp of %.1f s", (double)options->ramp_ms / 1000);
    buf_printf(out, ", %u connections, %.1f s%s", options->connections, report->result->seconds,
               report->result->was_interrupted ? ", interrupted" : "");
}

/* One bar for each power of two of microseconds. */
static void
add_bars(struct page *page, const struct hist *hist)
{
    unsigned room = page->width > 40 ? page->width - 30 : 20;
    uint64_t counts[POWERS] = {0};
    unsigned first = POWERS, last = 0;
    uint64_t most = 0;

    for (unsigned i = 0; i < HIST_SIZE; i++) {
        unsigned power = 0;

        while (power < POWERS - 1 && ((uint64_t)1 << (power + 1)) <= hist_bucket_end(i))
            power++;
        counts[power] += hist->counts[i];
    }
    for (unsigned i = 0; i < POWERS; i++) {
        if (counts[i] == 0)
            continue;
        first = i < first ? i : first;
        last = i;
        most = counts[i] > most ? counts[i] : most;
    }
    for (unsigned i = first; i <= last && first < POWERS; i++) {
        unsigned length = (unsigned)(counts[i] * room / most);

        buf_printf(&page->out, " < %9.3f ms  ", (double)((uint64_t)1 << (i + 1)) / 1000);
        for (unsigned n = 0; n < length; n++)
            BUF_ADD_LIT(&page->out, "\xe2\x96\x87");
        buf_printf(&page->out, "%s%llu\n", length > 0 ? " " : "", (unsigned long long)counts[i]);
    }
}

static void
add_routes(const struct load_report *report, struct page *page)
{
    if (report->options->route_count < 2)
        return;
    BUF_ADD_LIT(&page->out, "\n");
    for (unsigned i = 0; i < report->options->route_count; i++) {
        const struct load_route *route = &report->options->routes[i];
        const struct load_route_result *result = &report->routes[i];
        char name[256];

        snprintf(name, sizeof(name), "%s %s", route->method, route->path);
        BUF_ADD_LIT(&page->out, " ");
        page_cell(page, name, page->width - FIGURES_WIDTH);
        buf_printf(&page->out, " %8llu sent, %llu failed, p95 %.2f ms\n",
                   (unsigned long long)result->sent, (unsigned long long)result->failed,
                   ms(&result->latency, 0.95));
    }
}

static void
add_statuses(const struct load_result *result, struct buf *out)
{
    const struct {
        const char *name;
        uint64_t count;
    } parts[] = {
        {"4xx", result->client_errors},  {"5xx", result->server_errors},
        {"refused", result->refused},    {"cut", result->cut},
        {"timed out", result->timeouts}, {"garbage", result->garbage},
    };

    buf_printf(out, "2xx and 3xx %llu", (unsigned long long)result->ok);
    for (size_t i = 0; i < COUNTOF(parts); i++) {
        if (parts[i].count > 0)
            buf_printf(out, ", %s %llu", parts[i].name, (unsigned long long)parts[i].count);
    }
}

void
load_report_add_own(const struct load_report *report, struct buf *out)
{
    bool is_own = load_report_is_own_limit(report);

    if (report->options->rate > 0)
        buf_printf(out, "the generator itself was %.2f ms late (p95)",
                   ms(&report->result->lateness, 0.95));
    else
        BUF_ADD_LIT(out, "the generator itself");
    if (report->own_limit > 0)
        buf_printf(out, "%s can do about %.0f requests per second here",
                   report->options->rate > 0 ? ", and" : "", report->own_limit);
    if (is_own)
        BUF_ADD_LIT(out, ": these figures are its limit, not the service's");
}

void
load_report_text(const struct load_report *report, struct page *page)
{
    const struct load_result *result = report->result;
    struct buf *out = &page->out;
    struct buf own;

    BUF_ADD_LIT(out, " ");
    buf_init(&own, OWN_MAX);
    load_report_add_model(report, &own);
    page_wrap(page, buf_cstr(&own), 1);
    buf_fini(&own);
    buf_printf(out, " sent %llu, answered %llu (%.1f per second), failed %llu (%.3f %%)\n ",
               (unsigned long long)result->sent, (unsigned long long)result->answered,
               answered_per_second(result), (unsigned long long)load_failures(result),
               100 * failed_share(result));
    add_statuses(result, out);
    BUF_ADD_LIT(out, "\n");
    if (result->answered > 0) {
        buf_printf(out, " p50 %.2f ms, p95 %.2f ms, p99 %.2f ms, p99.9 %.2f ms, max %.2f ms\n\n",
                   ms(&result->latency, 0.5), ms(&result->latency, 0.95),
                   ms(&result->latency, 0.99), ms(&result->latency, 0.999),
                   (double)result->latency.max_us / 1000);
        add_bars(page, &result->latency);
    } else {
        buf_printf(out, " nothing was answered: does it run at %s:%s?\n", report->options->at.host,
                   report->options->at.port);
    }
    add_routes(report, page);
    BUF_ADD_LIT(out, "\n ");
    if (load_report_is_own_limit(report)) {
        page_mark(page, CLI_MARK_WARN);
        BUF_ADD_LIT(out, " ");
    }
    buf_init(&own, OWN_MAX);
    load_report_add_own(report, &own);
    page_wrap(page, buf_cstr(&own), 1);
    buf_fini(&own);
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void
add_json_routes(const struct load_report *report, struct buf *out)
{
    BUF_ADD_LIT(out, ", \"routes\": [");
    for (unsigned i = 0; i < report->options->route_count; i++) {
        const struct load_route_result *result = &report->routes[i];

        buf_printf(out, "%s{\"method\": ", i > 0 ? ", " : "");
        json_write_str(out, str_from(report->options->routes[i].method));
        BUF_ADD_LIT(out, ", \"path\": ");
        json_write_str(out, str_from(report->options->routes[i].path));
        buf_printf(out,
                   ", \"sent\": %llu, \"ok\": %llu, \"failed\": %llu, \"p50_ms\": %.3f, "
                   "\"p95_ms\": %.3f, \"p99_ms\": %.3f}",
                   (unsigned long long)result->sent, (unsigned long long)result->ok,
                   (unsigned long long)result->failed, ms(&result->latency, 0.5),
                   ms(&result->latency, 0.95), ms(&result->latency, 0.99));
    }
    BUF_ADD_LIT(out, "]");
}

void
load_report_json(const struct load_report *report, struct buf *out)
{
    const struct load_options *options = report->options;
    const struct load_result *result = report->result;
    const struct {
        const char *name;
        uint64_t count;
    } counts[] = {
        {"sent", result->sent},
        {"answered", result->answered},
        {"ok", result->ok},
        {"client_errors", result->client_errors},
        {"server_errors", result->server_errors},
        {"refused", result->refused},
        {"cut", result->cut},
        {"timeouts", result->timeouts},
        {"garbage", result->garbage},
    };

    buf_printf(out, "{\"model\": \"%s\", \"rate\": %.1f, \"connections\": %u, \"seconds\": %.3f",
               options->rate > 0 ? "open" : "closed", options->rate, options->connections,
               result->seconds);
    for (size_t i = 0; i < COUNTOF(counts); i++)
        buf_printf(out, ", \"%s\": %llu", counts[i].name, (unsigned long long)counts[i].count);
    buf_printf(out,
               ", \"p50_ms\": %.3f, \"p95_ms\": %.3f, \"p99_ms\": %.3f, \"p999_ms\": %.3f, "
               "\"max_ms\": %.3f, \"lateness_p95_ms\": %.3f, \"own_limit\": %.0f, "
               "\"is_own_limit\": %s",
               ms(&result->latency, 0.5), ms(&result->latency, 0.95), ms(&result->latency, 0.99),
               ms(&result->latency, 0.999), (double)result->latency.max_us / 1000,
               ms(&result->lateness, 0.95), report->own_limit,
               load_report_is_own_limit(report) ? "true" : "false");
    add_json_routes(report, out);
    BUF_ADD_LIT(out, "}\n");
}
