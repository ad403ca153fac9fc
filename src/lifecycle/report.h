/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verdicts in the forms that other programs read.
 */
#ifndef CAIRN_LIFECYCLE_REPORT_H
#define CAIRN_LIFECYCLE_REPORT_H

#include "core/buf.h"
#include "lifecycle/verdict.h"

/* {"stage":{"asked":..,"reached":..},"counts":{..},"rows":[..]} */
void report_write_json(const struct verdicts *verdicts, struct buf *out);
/* SARIF 2.1.0, one result for each required row that doesn't pass: for code review systems. */
void report_write_sarif(const struct verdicts *verdicts, struct buf *out);
/* JUnit's XML, one test case for each row that the stage needs: for CI systems. */
void report_write_junit(const struct verdicts *verdicts, struct buf *out);
/* Text of people's in XML and HTML; characters that neither may have are left out. */
void report_add_escaped(struct buf *out, const char *text);
/* A badge for a README as SVG: "stage | mvp". */
void report_write_badge(const struct verdicts *verdicts, struct buf *out);

#endif
