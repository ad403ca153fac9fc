/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What came of a run of load: for people, for programs, and as a page.
 */
#ifndef CAIRN_CLI_LOAD_REPORT_H
#define CAIRN_CLI_LOAD_REPORT_H

#include "cli/stage.h"
#include "drill/load.h"

struct load_report {
    const struct load_options *options;
    const struct load_result *result;
    const struct load_route_result *routes; /* one for each of the options */
    double own_limit; /* what the generator can do here, requests per second; 0: unknown */
};

/* Past this the figures are the generator's own: it was late, or near to what it can do. */
bool load_report_is_own_limit(const struct load_report *report);

/* "open model, 100 requests per second, ..." and what is known of the generator. */
void load_report_add_model(const struct load_report *report, struct buf *out);
void load_report_add_own(const struct load_report *report, struct buf *out);
void load_report_text(const struct load_report *report, struct page *page);
void load_report_json(const struct load_report *report, struct buf *out);
/* One self-contained page; at is when, for people. */
void load_report_html(const struct load_report *report, const char *at, struct buf *out);

#endif
