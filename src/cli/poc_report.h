/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proof of concept in words: each criterion beside its evidence.
 */
#ifndef CAIRN_CLI_POC_REPORT_H
#define CAIRN_CLI_POC_REPORT_H

#include "cli/stage.h"

enum { POC_MILESTONES = 4 };

/* What is to be done by which day, which is at least DATE_SIZE bytes. */
const char *poc_milestone(const struct poc *poc, unsigned i, char *day);

void poc_report_text(const struct project *project, struct page *page);
void poc_report_json(const struct project *project, struct buf *out);
void poc_report_markdown(const struct project *project, struct buf *out);
/* One page that needs nothing else: styles and plots are in it. */
void poc_report_html(const struct project *project, struct buf *out);

#endif
