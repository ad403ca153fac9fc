/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence: what a run of `cairn check` found out, kept in .cairn/evidence/TIME.json.
 *
 * A file is written once and never changed; it ends with a seal (SHA-256 of what is before it), so
 * that a file that was cut short or edited is told from a sound one and counts for nothing. Each
 * run names what it was about: hashes of the configuration, the schema and the binary. When one of
 * them is another one now, what was measured or drilled then is stale.
 *
 * The stage isn't part of what is hashed, but stands beside it: the same settings are several
 * configurations, one for each stage's defaults, and what was found out with one of them answers
 * for that stage and for no other.
 */
#ifndef CAIRN_LIFECYCLE_EVIDENCE_H
#define CAIRN_LIFECYCLE_EVIDENCE_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"
#include "io/checksum.h"
#include "lifecycle/catalogue.h"

#define EVIDENCE_DIR ".cairn/evidence"

enum { EVIDENCE_FIGURES_MAX = 16, EVIDENCE_FILES_KEPT = 200 };

enum evidence_outcome { EVIDENCE_UNKNOWN, EVIDENCE_PASS, EVIDENCE_FAIL };

/* A number that was measured: {"p95", 12.4, "ms"}. */
struct evidence_figure {
    const char *name;
    double value;
    const char *unit;
};

/* What the run was about. Hashes are SHA-256 in hex. */
struct evidence_subject {
    char config[CHECKSUM_HEX_SIZE]; /* what is set, whatever the stage */
    char schema[CHECKSUM_HEX_SIZE];
    char binary[CHECKSUM_HEX_SIZE];
    enum lifecycle_stage stage; /* with whose defaults and limits */
};

/* Texts are never NULL. */
struct evidence {
    const char *row;
    enum lifecycle_class class;
    enum evidence_outcome outcome;
    const char *measured; /* what was found, in one line: "p95 12 ms at 100 requests per second" */
    const char *limit;    /* what it was held against: "below 1 s"; "" when that says itself */
    const char *detail;   /* more, of several lines; "" */
    int64_t at_us;
    double seconds; /* how long it took to find out */
    struct evidence_figure figures[EVIDENCE_FIGURES_MAX];
    unsigned figure_count;
    bool is_by_clock; /* it isn't a pass because something was too slow; not kept */
    /* After loading: */
    enum lifecycle_stage stage; /* of the run's subject */
    bool
        is_stale; /* the subject is another one now, whatever the stage, or it lies in the future */
};

struct evidence_run {
    int64_t at_us;
    const char *version; /* of cairn */
    const char *target;  /* "" for the project itself, else the name of the service */
    const char *host;    /* "6.1.0 x86_64, 2 processors" */
    struct evidence_subject subject;
    struct evidence *items;
    size_t count;
};

/* A file that can't be used, and why. */
struct evidence_fault {
    const char *file;
    const char *why;
};

/* The newest item of each row and stage that isn't stale, or the newest; the newest first. */
struct evidence_store {
    struct evidence *items;
    size_t count;
    struct evidence_fault *faults;
    size_t fault_count;
};

void evidence_add_figure(struct evidence *evidence, const char *name, double value,
                         const char *unit);
/* NULL when there is none of that name. */
const struct evidence_figure *evidence_get_figure(const struct evidence *evidence,
                                                  const char *name);

/* Writes the run and returns the file's name relative to dir in *file. The oldest files are removed
 * past EVIDENCE_FILES_KEPT. */
MUST_CHECK bool evidence_write(const char *dir, const struct evidence_run *run, struct arena *arena,
                               const char **file, struct err *err);
/* The text of such a file, seal included. */
void evidence_print(const struct evidence_run *run, struct buf *out);

/*
 * Reads what runs about target found. subject is what is there now: items of another one are marked
 * stale; so are items later than now_us, for a clock that went back. Files that are no evidence are
 * listed in faults. False only when the folder can't be read.
 */
MUST_CHECK bool evidence_load(const char *dir, const char *target,
                              const struct evidence_subject *subject, int64_t now_us,
                              struct arena *arena, struct evidence_store *out, struct err *err);
/* One file's text; NULL with *why. */
struct evidence_run *evidence_parse(struct str text, struct arena *arena, const char **why);
/* The newest; NULL when there is none. */
const struct evidence *evidence_find(const struct evidence_store *store, const char *row);
/*
 * What answers for the stage: the newest of that stage, or where there is none the newest of all,
 * which is stale then if it was measured or drilled. Of files, which are the same at each stage,
 * the newest.
 */
const struct evidence *evidence_find_of_stage(const struct evidence_store *store, const char *row,
                                              enum lifecycle_stage stage, bool *is_stale);

#endif
