/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/selftest.h"

/* Probes that are asked together: quick, and with nothing to do with each other. */
static const char *const quick[] = {
    "api-answers", "round-trip", "health-truth",     "error-handling", "input-validation",
    "docs",        "logs",       "security-headers", "metrics",        "environment-validation",
};

/* Asked one by one: they take seconds, and a defect of one is felt by others. */
static const char *const slow[] = {
    "latency",   "error-rate",   "concurrency", "kill-under-load", "shutdown-under-load",
    "disk-full", "slow-clients",
};

static bool
is_quick(const char *check)
{
    for (size_t i = 0; i < COUNTOF(quick); i++) {
        if (strcmp(quick[i], check) == 0)
            return true;
    }

    return false;
}

static enum evidence_outcome
ask(struct examiner *examiner, const struct check_input *input, const char *check,
    const char **found)
{
    const struct lifecycle_row row = {.id = check, .check = check};
    struct evidence evidence = {.row = check, .measured = "", .limit = "", .detail = ""};

    if (!examiner_look(examiner, &row, input, &evidence))
        return EVIDENCE_UNKNOWN;
    *found = evidence.measured;

    return evidence.outcome;
}

/* Asks the check, and with a quick one all the other quick ones. */
static void
try_defect(struct examiner *examiner, const struct check_input *input, struct selftest_row *row)
{
    const char *check = row->defect->check;
    const char *found = "";

    row->result =
        ask(examiner, input, check, &found) == EVIDENCE_FAIL ? SELFTEST_SEEN : SELFTEST_MISSED;
    row->found = found;
    if (row->result != SELFTEST_SEEN || !is_quick(check))
        return;
    for (size_t i = 0; i < COUNTOF(quick); i++) {
        if (strcmp(quick[i], check) == 0 || ask(examiner, input, quick[i], &found) != EVIDENCE_FAIL)
            continue;
        row->result = SELFTEST_OTHERS;
        row->found = arena_printf(input->arena, "%s too: %s", quick[i], found).data;
    }
}

static void
try_sound(struct examiner *examiner, const struct check_input *input, struct selftest_row *row)
{
    row->result = SELFTEST_SEEN;
    row->found = "all pass";
    for (size_t i = 0; i < COUNTOF(quick) + COUNTOF(slow); i++) {
        const char *check = i < COUNTOF(quick) ? quick[i] : slow[i - COUNTOF(quick)];
        const char *found = "";

        if (ask(examiner, input, check, &found) == EVIDENCE_PASS)
            continue;
        row->result = SELFTEST_BROKEN;
        row->found = arena_printf(input->arena, "%s: %s", check, found).data;
    }
}

bool
selftest_run(const struct check_input *input, bool (*is_interrupted)(void),
             void (*said)(const struct defect *defect), struct selftest_row *rows)
{
    for (size_t i = 0; i <= defect_count; i++) {
        struct selftest_row *row = &rows[i];
        struct examiner *examiner = xcalloc(1, sizeof(*examiner));

        *row = (struct selftest_row){.defect = i > 0 ? &defects[i - 1] : NULL, .found = ""};
        said(row->defect);
        examiner_init(examiner, input->config, NULL, input->stage, input->arena);
        examiner->is_interrupted = is_interrupted;
        examiner->defect = row->defect != NULL ? row->defect->name : NULL;
        if (row->defect == NULL)
            try_sound(examiner, input, row);
        else
            try_defect(examiner, input, row);
        examiner_fini(examiner);
        free(examiner);
        if (is_interrupted())
            return false;
    }

    return true;
}
