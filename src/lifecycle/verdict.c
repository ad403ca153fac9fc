/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/verdict.h"

const char *const verdict_status_names[VERDICT_STATUS_COUNT] = {
    [VERDICT_PASS] = "pass",   [VERDICT_FAIL] = "gap",      [VERDICT_UNKNOWN] = "unknown",
    [VERDICT_STALE] = "stale", [VERDICT_WAIVED] = "waived", [VERDICT_NOT_YET] = "not needed yet",
};

unsigned
lifecycle_first_need(const struct lifecycle_row *row, enum lifecycle_need need)
{
    unsigned stage = 0;

    while (stage < LIFECYCLE_STAGE_COUNT && row->need[stage] < need)
        stage++;

    return stage;
}

static bool
has_ended(const char *until, const char *today)
{
    return until[0] != '\0' && strcmp(until, today) < 0;
}

/* What a person said. */
static void
judge_attestation(const struct verdict_input *input, struct arena *arena, struct verdict *verdict)
{
    const struct attestation *a = verdict->attestation;

    verdict->basis = lifecycle_class_names[LIFECYCLE_ATTESTED];
    if (has_ended(a->until, input->today)) {
        verdict->status = VERDICT_STALE;
        verdict->text = arena_printf(arena, "%s said so until %s", a->by, a->until).data;
        return;
    }
    verdict->status = VERDICT_PASS;
    verdict->text =
        arena_printf(arena, "%s, %s%s%s", a->by, a->on, a->note[0] != '\0' ? ": " : "", a->note)
            .data;
}

static void
judge_evidence(struct verdict *verdict, bool is_stale)
{
    const struct evidence *evidence = verdict->evidence;

    verdict->basis = lifecycle_class_names[evidence->class];
    verdict->text = evidence->measured;
    if (evidence->outcome == EVIDENCE_UNKNOWN)
        verdict->status = VERDICT_UNKNOWN;
    else if (is_stale)
        verdict->status = VERDICT_STALE;
    else
        verdict->status = evidence->outcome == EVIDENCE_PASS ? VERDICT_PASS : VERDICT_FAIL;
}

static const struct evidence *
find_evidence(const struct verdict_input *input, const char *row, enum lifecycle_stage asked,
              bool *is_stale)
{
    const struct evidence *found;

    if (!input->any_stage)
        return evidence_find_of_stage(input->evidence, row,
                                      asked > input->declared ? asked : input->declared, is_stale);
    found = evidence_find(input->evidence, row);
    *is_stale = found != NULL && found->is_stale;

    return found;
}

/* Evidence decides; a person's word does where the stage takes it and no evidence says
 * otherwise. */
static void
judge(const struct verdict_input *input, enum lifecycle_stage stage, enum lifecycle_stage asked,
      struct arena *arena, struct verdict *verdict)
{
    const struct lifecycle_row *row = verdict->row;
    bool is_stale;
    const struct evidence *evidence = find_evidence(input, row->id, asked, &is_stale);
    bool takes_word = row->accept[stage] == LIFECYCLE_ATTESTED;

    if (evidence != NULL && evidence->class >= row->accept[stage])
        verdict->evidence = evidence;
    verdict->attestation = record_find_attestation(input->record, row->id);
    verdict->status = VERDICT_UNKNOWN;
    verdict->basis = "";
    if (verdict->evidence != NULL &&
        (evidence->outcome != EVIDENCE_UNKNOWN || !takes_word || verdict->attestation == NULL)) {
        judge_evidence(verdict, is_stale);
    } else if (verdict->attestation != NULL && takes_word) {
        judge_attestation(input, arena, verdict);
    } else if (lifecycle_is_attested(row)) {
        verdict->text = "nobody has said so";
    } else {
        verdict->text =
            arena_printf(arena, "not looked at yet: cairn check --only %s", row->id).data;
    }
}

static void
apply_waiver(const struct verdict_input *input, struct arena *arena, struct verdict *verdict)
{
    const struct waiver *waiver = record_find_waiver(input->record, verdict->row->id);

    if (waiver == NULL || verdict->status == VERDICT_PASS)
        return;
    if (has_ended(waiver->until, input->today)) {
        verdict->text = arena_printf(arena, "%s; %s waived it until %s", verdict->text,
                                     waiver->owner, waiver->until)
                            .data;
        return;
    }
    verdict->waiver = waiver;
    verdict->status = VERDICT_WAIVED;
    verdict->basis = verdict_status_names[VERDICT_WAIVED];
    verdict->text =
        arena_printf(arena, "%s until %s: %s", waiver->owner, waiver->until, waiver->reason).data;
}

static void
judge_row(const struct verdict_input *input, const struct lifecycle_row *row,
          enum lifecycle_stage stage, enum lifecycle_stage asked, struct arena *arena,
          struct verdict *out)
{
    *out = (struct verdict){.row = row, .need = row->need[stage], .fix = row->fix};
    judge(input, stage, asked, arena, out);
    apply_waiver(input, arena, out);
    if (out->need == LIFECYCLE_NOT_YET && out->status != VERDICT_PASS) {
        unsigned first = lifecycle_first_need(row, LIFECYCLE_NICE);

        out->status = VERDICT_NOT_YET;
        out->basis = "";
        out->text = first < LIFECYCLE_STAGE_COUNT && first > (unsigned)stage
                        ? arena_printf(arena, "needed at %s", lifecycle_stage_names[first]).data
                        : "needed at an earlier stage only";
    }
}

/* A row that an earlier stage asked for and this one doesn't mention is of no matter to this
 * one. */
static bool
meets(const struct verdict_input *input, enum lifecycle_stage stage, enum lifecycle_stage asked,
      struct arena *arena)
{
    for (size_t i = 0; i < input->catalogue->count; i++) {
        struct verdict verdict;

        if (input->catalogue->rows[i]->need[stage] != LIFECYCLE_MUST)
            continue;
        judge_row(input, input->catalogue->rows[i], stage, asked, arena, &verdict);
        if (verdict.status != VERDICT_PASS && verdict.status != VERDICT_WAIVED)
            return false;
    }

    return true;
}

/* What the stages before it require counts as well, of the service that it would be at this
 * stage. */
static bool
is_reached(const struct verdict_input *input, enum lifecycle_stage asked, struct arena *arena)
{
    for (int s = 0; s <= (int)asked; s++) {
        if (!meets(input, (enum lifecycle_stage)s, asked, arena))
            return false;
    }

    return true;
}

void
verdict_judge(const struct verdict_input *input, enum lifecycle_stage stage, struct arena *arena,
              struct verdicts *out)
{
    *out = (struct verdicts){.stage = stage, .count = input->catalogue->count};
    out->items = ARENA_ARRAY(arena, struct verdict, out->count + 1);
    for (size_t i = 0; i < out->count; i++)
        judge_row(input, input->catalogue->rows[i], stage, stage, arena, &out->items[i]);
    for (int s = 0; s < LIFECYCLE_STAGE_COUNT; s++)
        out->reached[s] = is_reached(input, (enum lifecycle_stage)s, arena);
}

bool
verdict_get_stage(const struct verdicts *verdicts, enum lifecycle_stage *out)
{
    bool any = false;

    for (int s = 0; s < LIFECYCLE_STAGE_COUNT; s++) {
        if (!verdicts->reached[s])
            continue;
        *out = (enum lifecycle_stage)s;
        any = true;
    }

    return any;
}

size_t
verdict_count_required(const struct verdicts *verdicts, enum verdict_status status)
{
    size_t count = 0;

    for (size_t i = 0; i < verdicts->count; i++)
        count += verdicts->items[i].need == LIFECYCLE_MUST &&
                 (status == VERDICT_STATUS_COUNT || verdicts->items[i].status == status);

    return count;
}

const struct verdict *
verdict_find(const struct verdicts *verdicts, struct str id)
{
    for (size_t i = 0; i < verdicts->count; i++) {
        if (str_eq(str_from(verdicts->items[i].row->id), id))
            return &verdicts->items[i];
    }

    return NULL;
}
