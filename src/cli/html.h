/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages that are one file: no script, nothing fetched, light or dark as the reader has it, readable
 * on a telephone.
 */
#ifndef CAIRN_CLI_HTML_H
#define CAIRN_CLI_HTML_H

#include "core/buf.h"

/* Up to the heading, which is the title. Title is escaped. */
void html_begin(struct buf *out, const char *title);
void html_end(struct buf *out);

#endif
