/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the commands of the lifecycle share: the project, and tables on a terminal.
 */
#ifndef CAIRN_CLI_STAGE_H
#define CAIRN_CLI_STAGE_H

#include "cli/cli.h"
#include "lifecycle/project.h"

/* Configuration and everything that is on record; false with every error said. */
MUST_CHECK bool stage_load(struct cli *cli, struct project *out);
/* Writes lifecycle.json; returns the exit code, with the error said. */
int stage_save(struct cli *cli, const struct project *project);
/* The row of that id; NULL with the error said, and the id that was probably meant. */
const struct lifecycle_row *stage_find_row(struct cli *cli, const struct project *project,
                                           const char *id);
/* The value of a flag as a day that is not in the past, or "" when it wasn't given; NULL with the
 * error said. */
const char *stage_get_day(struct cli *cli, const struct project *project, const char *flag);

/* Text for people on stdout. */
struct page {
    struct buf out;
    unsigned width; /* columns */
    bool color;
};

void page_init(struct page *page);
/* Prints it; returns the exit code of that. */
int page_print(const struct cli *cli, struct page *page);
/* Sign and colour of a mark. */
void page_mark(struct page *page, enum cli_mark mark);
/* Text in the dim colour. */
void page_dim(struct page *page, const char *text);
/* Text, cut or filled up with spaces to exactly width columns. */
void page_cell(struct page *page, const char *text, unsigned width);
/* Text in lines of at most page->width columns, the first after what stands there already, the
 * others indented. Ends with a line end. */
void page_wrap(struct page *page, const char *text, unsigned indent);
enum cli_mark stage_mark(enum verdict_status status);

#endif
