/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run of load as a page. Drawings give widths in percent and heights and texts in pixels, so that
 * they are as readable on a telephone as on a desk.
 */
#include "cli/html.h"
#include "cli/load_report.h"
#include "lifecycle/report.h"

/* A column of the histogram is an eighth of a power of two wide. */
enum { STEPS = 8, COLUMNS_MAX = 27 * STEPS, HEIGHT = 160, BOTTOM = 18, TOP = 34 };

static double
ms(uint64_t us)
{
    return (double)us / 1000;
}

/* Which column a duration falls into. */
static unsigned
column_of(uint64_t us)
{
    unsigned power = 0;
    uint64_t part;

    while (((uint64_t)1 << (power + 1)) <= us && power < 40)
        power++;
    part = us == 0 ? 0 : (us * STEPS >> power) - STEPS;

    return power * STEPS + (unsigned)part;
}

static uint64_t
column_begin(unsigned column)
{
    return ((uint64_t)(STEPS + column % STEPS) << (column / STEPS)) / STEPS;
}

struct columns {
    uint64_t counts[COLUMNS_MAX];
    uint64_t most;
    unsigned first, end; /* those with something in them, in whole powers of two */
};

static void
fill_columns(const struct hist *hist, struct columns *out)
{
    *out = (struct columns){.first = COLUMNS_MAX};
    for (unsigned i = 0; i < HIST_SIZE; i++) {
        unsigned column = column_of(hist_bucket_end(i));

        if (hist->counts[i] == 0 || column >= COLUMNS_MAX)
            continue;
        out->counts[column] += hist->counts[i];
        out->most = out->counts[column] > out->most ? out->counts[column] : out->most;
        out->first = column < out->first ? column : out->first;
        out->end = column + 1 > out->end ? column + 1 : out->end;
    }
    out->first -= out->first % STEPS;
    out->end += (STEPS - out->end % STEPS) % STEPS;
}

/* Where a duration lies from left to right, in percent. */
static double
place(const struct columns *columns, unsigned column)
{
    return 100.0 * (double)(column - columns->first) / (double)(columns->end - columns->first);
}

static void
add_mark(const struct columns *columns, const char *name, uint64_t us, unsigned row,
         struct buf *out)
{
    double at = place(columns, column_of(us)) + 50.0 / (double)(columns->end - columns->first);

    buf_printf(out,
               "<line class=\"limit\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"%u\" y2=\"%u\"/>"
               "<text x=\"%.2f%%\" y=\"%u\" text-anchor=\"%s\" dx=\"%d\">%s %.*f ms</text>\n",
               at, at, row * 15 + 4, TOP + HEIGHT, at, row * 15 + 12, at > 50 ? "end" : "start",
               at > 50 ? -4 : 4, name, ms(us) < 10 ? 2 : 0, ms(us));
}

/* A label for every power of two would collide: at most four are written. */
static void
add_axis(const struct columns *columns, struct buf *out)
{
    unsigned powers = (columns->end - columns->first) / STEPS;
    unsigned step = (powers + 2) / 3;

    buf_printf(out, "<line class=\"axis\" x1=\"0\" x2=\"100%%\" y1=\"%u\" y2=\"%u\"/>\n",
               TOP + HEIGHT, TOP + HEIGHT);
    for (unsigned i = 0; i <= powers; i += step) {
        unsigned column = columns->first + i * STEPS;
        double at = place(columns, column);
        uint64_t us = column_begin(column);

        buf_printf(out, "<text x=\"%.2f%%\" y=\"%u\" text-anchor=\"%s\">%.3g ms</text>\n", at,
                   TOP + HEIGHT + 14,
                   i == 0    ? "start"
                   : at > 90 ? "end"
                             : "middle",
                   ms(us));
    }
}

static void
add_histogram(const struct hist *hist, struct buf *out)
{
    struct columns columns;
    double width;

    if (hist->total == 0)
        return;
    fill_columns(hist, &columns);
    width = 100.0 / (double)(columns.end - columns.first);
    buf_printf(out,
               "<h2>How long answers took</h2>\n<svg width=\"100%%\" height=\"%u\" role=\"img\" "
               "aria-label=\"histogram: p50 %.2f ms, p95 %.2f ms, p99 %.2f ms\">\n",
               TOP + HEIGHT + BOTTOM, ms(hist_quantile(hist, 0.5)), ms(hist_quantile(hist, 0.95)),
               ms(hist_quantile(hist, 0.99)));
    for (unsigned i = columns.first; i < columns.end; i++) {
        double height = HEIGHT * (double)columns.counts[i] / (double)columns.most;

        if (columns.counts[i] == 0)
            continue;
        /* What is rare is seen all the same. */
        height = height < 2 ? 2 : height;
        buf_printf(out,
                   "<rect class=\"bar\" x=\"%.2f%%\" y=\"%.1f\" width=\"%.2f%%\" height=\"%.1f\">"
                   "<title>%.3f to %.3f ms: %llu</title></rect>\n",
                   place(&columns, i), TOP + HEIGHT - height, width * 0.9, height,
                   ms(column_begin(i)), ms(column_begin(i + 1)),
                   (unsigned long long)columns.counts[i]);
    }
    add_mark(&columns, "p50", hist_quantile(hist, 0.5), 1, out);
    add_mark(&columns, "p95", hist_quantile(hist, 0.95), 0, out);
    add_axis(&columns, out);
    BUF_ADD_LIT(out, "</svg>\n<p class=\"dim\">The scale is logarithmic; bars of less than two "
                     "pixels are drawn with two.</p>\n");
}

static void
add_timeline(const struct load_report *report, struct buf *out)
{
    const struct load_result *result = report->result;
    double seconds = (double)report->options->duration_ms / 1000;
    uint64_t most = 1;

    for (unsigned i = 0; i < LOAD_SLOTS; i++)
        most = result->slots[i].max_us > most ? result->slots[i].max_us : most;
    buf_printf(
        out,
        "<h2>The slowest answer, over the time of the run</h2>\n"
        "<svg width=\"100%%\" height=\"%u\" role=\"img\" aria-label=\"slowest answers: at most "
        "%.1f ms\">\n<text x=\"0\" y=\"12\">%.1f ms</text>\n",
        100 + 16 + BOTTOM, ms(most), ms(most));
    for (unsigned i = 0; i < LOAD_SLOTS; i++) {
        const struct load_slot *slot = &result->slots[i];
        double height = 100 * (double)slot->max_us / (double)most;

        if (slot->answered + slot->failed == 0)
            continue;
        height = slot->failed > 0 && height < 4 ? 4 : height;
        buf_printf(out,
                   "<rect class=\"%s\" x=\"%.2f%%\" y=\"%.1f\" width=\"%.2f%%\" height=\"%.1f\">"
                   "<title>%.1f s: %.2f ms, %llu answered, %llu failed</title></rect>\n",
                   slot->failed > 0 ? "fail" : "bar", 100.0 * i / LOAD_SLOTS, 116 - height,
                   90.0 / LOAD_SLOTS, height, seconds * i / LOAD_SLOTS, ms(slot->max_us),
                   (unsigned long long)slot->answered, (unsigned long long)slot->failed);
    }
    buf_printf(
        out,
        "<line class=\"axis\" x1=\"0\" x2=\"100%%\" y1=\"116\" y2=\"116\"/>\n"
        "<text x=\"0\" y=\"130\">0 s</text><text x=\"100%%\" y=\"130\" "
        "text-anchor=\"end\">%.1f s</text></svg>\n<p class=\"dim\">By when a request was meant "
        "to begin; red where one failed.</p>\n",
        seconds);
}

static void
add_row(struct buf *out, const char *name, const char *value)
{
    buf_printf(out, "<tr><td>%s<td class=\"n\">%s</tr>\n", name, value);
}

static void
add_figures(const struct load_report *report, struct buf *out)
{
    const struct load_result *result = report->result;
    const struct {
        const char *name;
        double share;
    } quantiles[] = {{"p50", 0.5}, {"p95", 0.95}, {"p99", 0.99}, {"p99.9", 0.999}};
    const struct {
        const char *name;
        uint64_t count;
    } counts[] = {
        {"sent", result->sent},         {"answered", result->answered},
        {"2xx and 3xx", result->ok},    {"4xx", result->client_errors},
        {"5xx", result->server_errors}, {"refused", result->refused},
        {"cut", result->cut},           {"timed out", result->timeouts},
        {"no HTTP", result->garbage},
    };
    char value[64];

    BUF_ADD_LIT(out, "<table>\n");
    snprintf(value, sizeof(value), "%.1f",
             result->seconds > 0 ? (double)result->answered / result->seconds : 0);
    add_row(out, "answered per second", value);
    for (size_t i = 0; i < COUNTOF(quantiles); i++) {
        snprintf(value, sizeof(value), "%.2f ms",
                 ms(hist_quantile(&result->latency, quantiles[i].share)));
        add_row(out, quantiles[i].name, value);
    }
    snprintf(value, sizeof(value), "%.2f ms", ms(result->latency.max_us));
    add_row(out, "longest", value);
    for (size_t i = 0; i < COUNTOF(counts); i++) {
        snprintf(value, sizeof(value), "%llu", (unsigned long long)counts[i].count);
        if (counts[i].count > 0 || i < 3)
            add_row(out, counts[i].name, value);
    }
    BUF_ADD_LIT(out, "</table>\n");
}

static void
add_routes(const struct load_report *report, struct buf *out)
{
    BUF_ADD_LIT(out, "<h2>Routes</h2>\n<div class=\"wide\"><table><tr><th>route<th class=\"n\">sent"
                     "<th class=\"n\">failed<th class=\"n\">p50 ms<th class=\"n\">p95 ms</tr>\n");
    for (unsigned i = 0; i < report->options->route_count; i++) {
        const struct load_route *route = &report->options->routes[i];
        const struct load_route_result *result = &report->routes[i];

        BUF_ADD_LIT(out, "<tr><td>");
        report_add_escaped(out, route->method);
        BUF_ADD_LIT(out, " ");
        report_add_escaped(out, route->path);
        buf_printf(out,
                   "<td class=\"n\">%llu<td class=\"n\">%llu<td class=\"n\">%.2f<td class=\"n\">"
                   "%.2f</tr>\n",
                   (unsigned long long)result->sent, (unsigned long long)result->failed,
                   ms(hist_quantile(&result->latency, 0.5)),
                   ms(hist_quantile(&result->latency, 0.95)));
    }
    BUF_ADD_LIT(out, "</table></div>\n");
}

void
load_report_html(const struct load_report *report, const char *at, struct buf *out)
{
    html_begin(out, "Load");
    BUF_ADD_LIT(out, "<p>");
    report_add_escaped(out, report->options->at.host);
    BUF_ADD_LIT(out, ":");
    report_add_escaped(out, report->options->at.port);
    buf_printf(out, ", %s<br>", at);
    load_report_add_model(report, out);
    BUF_ADD_LIT(out, "</p>\n");
    add_figures(report, out);
    add_histogram(&report->result->latency, out);
    add_timeline(report, out);
    add_routes(report, out);
    BUF_ADD_LIT(out, "<p class=\"note\">");
    load_report_add_own(report, out);
    BUF_ADD_LIT(out, ". Latency counts from when a request was meant to begin.</p>\n");
    html_end(out);
}
