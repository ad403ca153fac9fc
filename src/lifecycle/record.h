/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lifecycle.json: what people decided about a project, in a file that belongs into git.
 *
 * Attestations (a person says that a row holds), waivers (a person says that a row may fail for a
 * time), promotions, and the proof of concept with its questions, criteria and decision. Written by
 * the commands attest, waive, promote and poc; a person may edit it.
 */
#ifndef CAIRN_LIFECYCLE_RECORD_H
#define CAIRN_LIFECYCLE_RECORD_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"
#include "lifecycle/catalogue.h"

#define RECORD_FILE "lifecycle.json"

enum { RECORD_ITEMS_MAX = 1024 };

/* Texts are never NULL; days are as date.h has them, "" for none. */
struct attestation {
    const char *row;
    const char *by;
    const char *on;
    const char *until; /* "": until someone says otherwise */
    const char *note;
};

struct waiver {
    const char *row;
    const char *owner;
    const char *reason;
    const char *on;
    const char *until; /* never "" */
};

struct promotion {
    const char *stage;
    const char *on;
};

struct poc_criterion {
    const char *text;   /* for people; of a measured one "throughput >= 100" */
    const char *figure; /* the figure of the evidence it is held against; "": a person says so */
    const char *op;     /* ">=", "<=", ">", "<"; "" without a figure */
    double value;
    const char *met_by; /* of one that a person judges: who, "" while open */
    const char *met_on;
    bool met;
};

struct poc {
    const char *started; /* "": there is no proof of concept on record */
    const char *ends;
    unsigned weeks;
    const char **questions;
    size_t question_count;
    struct poc_criterion *criteria;
    size_t criterion_count;
    const char **left_out;
    size_t left_out_count;
    const char *cost_monthly;
    const char *teardown;
    const char *decision; /* "proceed", "pivot", "abandon"; "": none yet */
    const char *decision_reason;
    const char *decision_by;
    const char *decision_on;
};

struct record {
    struct attestation *attested;
    size_t attested_count;
    struct waiver *waived;
    size_t waived_count;
    struct promotion *promoted;
    size_t promoted_count;
    struct poc poc;
};

/* Everything lives in arena. A file that isn't there is an empty record; one that is not sound is
 * an error that names the place, and nothing of it is used. */
MUST_CHECK bool record_load(const char *dir, struct arena *arena, struct record *out,
                            struct err *err);
/* Its text, which lives as long as the record does. */
MUST_CHECK bool record_parse(struct str text, struct arena *arena, struct record *out,
                             struct err *err);
void record_print(const struct record *record, struct buf *out);
MUST_CHECK bool record_save(const char *dir, const struct record *record, struct err *err);

/* Adds, or replaces the one of the same row. False (err) past RECORD_ITEMS_MAX. */
MUST_CHECK bool record_attest(struct record *record, struct arena *arena,
                              const struct attestation *attestation, struct err *err);
MUST_CHECK bool record_waive(struct record *record, struct arena *arena,
                             const struct waiver *waiver, struct err *err);
/* NULL when there is none. */
const struct attestation *record_find_attestation(const struct record *record, const char *row);
const struct waiver *record_find_waiver(const struct record *record, const char *row);

/* Grows an array of the record by one and returns the new last element, zeroed. */
#define RECORD_ADD(arena, array, count) \
    (record_grow((arena), (void **)&(array), (count), sizeof(*(array))), &(array)[(count)++])
void record_grow(struct arena *arena, void **array, size_t count, size_t size);

#endif
