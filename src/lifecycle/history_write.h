/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing the history: one writer for each process of an instance.
 *
 * Files are .cairn/history/YYYY-MM.PP.jsonl. A part that has HISTORY_PART_MAX bytes is followed by
 * the next; months past HISTORY_MONTHS and parts past HISTORY_PARTS are removed when a new one
 * begins. A line is appended with one write, so that processes don't mix theirs. What can't be
 * written (a full or read-only disk) waits for the next line, up to a limit; past it a number is
 * skipped, which readers see.
 */
#ifndef CAIRN_LIFECYCLE_HISTORY_WRITE_H
#define CAIRN_LIFECYCLE_HISTORY_WRITE_H

#include "lifecycle/history.h"

enum {
    HISTORY_PART_MAX = 4 * 1024 * 1024,
    HISTORY_PARTS = 32,
    HISTORY_MONTHS = 13,
    HISTORY_WAITING_MAX = 32 * 1024
};

struct history_writer {
    const char *dir; /* the project's folder */
    char host[HISTORY_ID_SIZE], instance[HISTORY_ID_SIZE];
    uint32_t writer, next;
    int64_t begun_ms;   /* clock_boot_ms at the instance's beginning */
    struct buf waiting; /* lines that are not written yet */
};

/* The supervisor's; dir is borrowed. */
void history_writer_init(struct history_writer *writer, const char *dir);
/* A worker's, or that of another process of the instance; nothing of the other one's waits in
 * it. */
void history_writer_fork(const struct history_writer *writer, uint32_t number,
                         struct history_writer *out);
void history_writer_fini(struct history_writer *writer);
/* Fills in what all lines have, and the writer's next number; the line is kept until it is
 * written. */
void history_add(struct history_writer *writer, struct history_line *line);
/* Blocks. False with err when it can't be written now; lines stay for the next time. */
MUST_CHECK bool history_flush(struct history_writer *writer, struct err *err);

#endif
