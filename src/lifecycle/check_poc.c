/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a proof of concept has to have written down.
 */
#include "lifecycle/check.h"
#include "lifecycle/criterion.h"
#include "lifecycle/date.h"

enum { WEEKS_MAX = 8 };

static void
look_questions(const struct check_input *input, struct evidence *out)
{
    const struct poc *poc = &input->record->poc;

    if (poc->question_count == 0)
        check_fail(input, out, "no question is written down");
    else if (poc->criterion_count == 0)
        check_fail(input, out, "%zu question%s, and no criterion that says when it is answered",
                   poc->question_count, poc->question_count == 1 ? "" : "s");
    else
        check_pass(input, out, "%zu question%s, %zu criteri%s", poc->question_count,
                   poc->question_count == 1 ? "" : "s", poc->criterion_count,
                   poc->criterion_count == 1 ? "on" : "a");
}

static void
look_criteria(const struct check_input *input, struct evidence *out)
{
    static const char *const words[] = {"open", "met", "missed"};
    const struct poc *poc = &input->record->poc;
    size_t counts[3] = {0};
    struct buf detail;

    if (poc->criterion_count == 0) {
        check_fail(input, out, "no criterion is written down");
        return;
    }
    buf_init(&detail, 64 * 1024);
    for (size_t i = 0; i < poc->criterion_count; i++) {
        struct criterion_judgement judgement;

        criterion_judge(&poc->criteria[i], input->evidence, &judgement);
        counts[judgement.state]++;
        buf_printf(&detail, "%s: %s\n", words[judgement.state], poc->criteria[i].text);
    }
    if (counts[CRITERION_MISSED] > 0)
        check_fail(input, out, "%zu of %zu criteria missed", counts[CRITERION_MISSED],
                   poc->criterion_count);
    else if (counts[CRITERION_OPEN] > 0)
        check_unknown(input, out, "%zu of %zu criteria are open", counts[CRITERION_OPEN],
                      poc->criterion_count);
    else
        check_pass(input, out, "all %zu criteria are met", poc->criterion_count);
    out->detail = arena_copy(input->arena, buf_str(&detail)).data;
    buf_fini(&detail);
}

static void
look_time_box(const struct check_input *input, struct evidence *out)
{
    const struct poc *poc = &input->record->poc;
    int left;

    if (poc->started[0] == '\0') {
        check_fail(input, out, "it has no end date");
        return;
    }
    left = date_days_between(input->today, poc->ends);
    if (left < 0 && poc->decision[0] == '\0')
        check_fail(input, out, "it ended on %s, and nothing was decided", poc->ends);
    else if (poc->weeks > WEEKS_MAX)
        check_fail(input, out, "%u weeks: past %d it has become a project", poc->weeks, WEEKS_MAX);
    else if (poc->decision[0] != '\0')
        check_pass(input, out, "decided on %s: %s", poc->decision_on, poc->decision);
    else
        check_pass(input, out, "%s to %s, %d day%s left", poc->started, poc->ends, left,
                   left == 1 ? "" : "s");
    evidence_add_figure(out, "days_left", left, "days");
}

static void
look_decision(const struct check_input *input, struct evidence *out)
{
    const struct poc *poc = &input->record->poc;

    if (poc->decision[0] == '\0')
        check_fail(input, out, "nothing was decided");
    else
        check_pass(input, out, "%s, %s, %s: %s", poc->decision, poc->decision_by, poc->decision_on,
                   poc->decision_reason);
}

static void
look_cost(const struct check_input *input, struct evidence *out)
{
    const struct poc *poc = &input->record->poc;

    if (poc->cost_monthly[0] == '\0')
        check_fail(input, out, "what it costs is not written down");
    else if (poc->teardown[0] == '\0')
        check_fail(input, out, "%s a month, and no way to stop it is written down",
                   poc->cost_monthly);
    else
        check_pass(input, out, "%s a month; %s", poc->cost_monthly, poc->teardown);
}

const struct check_def check_poc[] = {
    {"poc-questions", look_questions}, {"poc-criteria", look_criteria},
    {"poc-time-box", look_time_box},   {"poc-decision", look_decision},
    {"poc-cost", look_cost},
};
const size_t check_poc_count = COUNTOF(check_poc);
