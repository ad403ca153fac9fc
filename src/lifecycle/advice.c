/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/advice.h"

const char *const advice_words[] = {"yes", "not yet", "no"};

/* What the load says of something that is there to carry it. */
enum pressure { PRESSURE_UNKNOWN, PRESSURE_NONE, PRESSURE_SOME, PRESSURE_PAST };

/* What a stage is about: the last word where the catalogue leaves it open. */
static const char *const stage_rules[] = {
    [LIFECYCLE_POC] = "at poc only what helps to prove the concept is added",
    [LIFECYCLE_MVP] = "at mvp only what improves stability is added",
    [LIFECYCLE_PRODUCTION] = "in production what improves reliability or security is added",
    [LIFECYCLE_SCALE] = "at scale what improves performance or availability is added",
};

/* The questions are asked one after the other, until one decides. */
static const char *
answer_questions(const struct lifecycle_row *row)
{
    static const char *const answers[] = {
        [LIFECYCLE_VALIDATES] = "does it validate a question? yes: include it",
        [LIFECYCLE_INVALID_WITHOUT] =
            "does it validate a question? no. Are the results invalid without it? yes: include it",
        [LIFECYCLE_LATER] = "does it validate a question? no. Are the results invalid without it? "
                            "no. Can it be added later? yes: skip it, and track it as a gap",
        [LIFECYCLE_HARD_LATER] = "does it validate a question? no. Are the results invalid without "
                                 "it? no. Can it be added later? no: include it",
    };

    if (row->filter == LIFECYCLE_HARD_LATER && row->need[LIFECYCLE_POC] < LIFECYCLE_SHOULD)
        return "does it validate a question? no. Are the results invalid without it? no. Can it be "
               "added later? hardly: decide now, and build it later";

    return answers[row->filter];
}

/* --- what was measured ------------------------------------------------------------------------ */

static const struct evidence *
find_measured(const struct advice_input *input, const char *row)
{
    const struct evidence *evidence = evidence_find(input->evidence, row);

    return evidence != NULL && evidence->outcome != EVIDENCE_UNKNOWN ? evidence : NULL;
}

static const char *
since(const struct evidence *evidence)
{
    return evidence->is_stale ? " (stale)" : "";
}

static const char *
write_figure(struct arena *arena, double value)
{
    return arena_printf(arena, value < 10 ? "%.1f" : "%.0f", value).data;
}

static enum pressure
judge_latency(const struct advice_input *input, struct arena *arena, const char **text)
{
    static const char *const follows[] = {
        [PRESSURE_NONE] = "there is nothing to speed up",
        [PRESSURE_SOME] = "past half of what is allowed, so look again soon",
        [PRESSURE_PAST] = "past its target; slow queries come first (cairn explain performance)",
    };
    const struct evidence *evidence = find_measured(input, "latency");
    const struct evidence_figure *p95 =
        evidence != NULL ? evidence_get_figure(evidence, "p95") : NULL;
    enum pressure pressure;

    if (p95 == NULL || input->p95_ms <= 0)
        return PRESSURE_UNKNOWN;
    pressure = p95->value >= input->p95_ms       ? PRESSURE_PAST
               : p95->value >= input->p95_ms / 2 ? PRESSURE_SOME
                                                 : PRESSURE_NONE;
    *text = arena_printf(arena, "p95 is %s ms of %.0f ms%s: %s", write_figure(arena, p95->value),
                         input->p95_ms, since(evidence), follows[pressure])
                .data;

    return pressure;
}

static enum pressure
judge_throughput(const struct advice_input *input, struct arena *arena, const char **text)
{
    static const char *const follows[] = {
        [PRESSURE_NONE] = "there is room",
        [PRESSURE_SOME] = "less than twice of what is asked for, so look again soon",
        [PRESSURE_PAST] =
            "less than is asked for; slow queries come first (cairn explain performance)",
    };
    const struct evidence *evidence = find_measured(input, "concurrency");
    const struct evidence_figure *most =
        evidence != NULL ? evidence_get_figure(evidence, "capacity") : NULL;
    enum pressure pressure;

    if (most == NULL || input->requests_per_s <= 0)
        return PRESSURE_UNKNOWN;
    pressure = most->value < input->requests_per_s       ? PRESSURE_PAST
               : most->value < 2 * input->requests_per_s ? PRESSURE_SOME
                                                         : PRESSURE_NONE;
    *text = arena_printf(arena, "it answers %.0f requests per second of %.0f%s: %s", most->value,
                         input->requests_per_s, since(evidence), follows[pressure])
                .data;

    return pressure;
}

static enum pressure
judge_load(const struct advice_input *input, struct arena *arena, const char **text)
{
    bool is_latency;
    enum pressure pressure;

    *text = NULL;
    if (input->row->load == NULL)
        return PRESSURE_UNKNOWN;
    is_latency = strcmp(input->row->load, "latency") == 0;
    pressure =
        is_latency ? judge_latency(input, arena, text) : judge_throughput(input, arena, text);
    if (pressure == PRESSURE_UNKNOWN)
        *text = is_latency ? "not measured: cairn check --only latency"
                           : "not measured: cairn check --only concurrency";

    return pressure;
}

/* --- the answer ------------------------------------------------------------------------------- */

/* ", when ..." or nothing. */
static const char *
condition(const struct lifecycle_row *row, struct arena *arena)
{
    return row->when != NULL ? arena_printf(arena, ", %s", row->when).data : "";
}

static void
decide_should(const struct advice_input *input, enum pressure pressure, struct arena *arena,
              struct advice *out)
{
    const struct lifecycle_row *row = input->row;
    const char *stage = lifecycle_stage_names[input->stage];

    if (pressure == PRESSURE_NONE) {
        out->answer = ADVICE_NOT_YET;
        out->why = arena_printf(
                       arena, "%s should have it when the load asks for it, and it doesn't", stage)
                       .data;
        return;
    }
    out->answer = ADVICE_YES;
    out->why = row->when != NULL
                   ? arena_printf(arena, "%s should have it, but only %s", stage, row->when).data
                   : arena_printf(arena, "%s should have it, after what it requires (P%u)", stage,
                                  row->priority)
                         .data;
}

static void
decide_nice(const struct advice_input *input, enum pressure pressure, struct arena *arena,
            struct advice *out)
{
    const char *stage = lifecycle_stage_names[input->stage];
    bool is_wanted = pressure == PRESSURE_PAST;

    out->answer = is_wanted ? ADVICE_YES : ADVICE_NOT_YET;
    out->why =
        is_wanted
            ? arena_printf(arena, "at %s it is for when the load asks for it: it does", stage).data
            : arena_printf(arena, "at %s it is nice to have%s, no more: %s", stage,
                           condition(input->row, arena), stage_rules[input->stage])
                  .data;
}

static void
decide_later(const struct advice_input *input, struct arena *arena, struct advice *out)
{
    const struct lifecycle_row *row = input->row;
    enum lifecycle_stage stage = input->stage;
    unsigned first = lifecycle_first_need(row, LIFECYCLE_NICE);

    if (first >= LIFECYCLE_STAGE_COUNT) {
        out->answer = ADVICE_NO;
        out->why =
            arena_printf(arena, "no stage asks for it; %s. %s", stage_rules[stage], row->cost).data;
        return;
    }
    if (first < (unsigned)stage) {
        out->answer = ADVICE_NO;
        out->why = "only an earlier stage asks for it";
        return;
    }
    out->answer = ADVICE_NOT_YET;
    out->why = arena_printf(arena, "%s asks for it%s; %s", lifecycle_stage_names[first],
                            condition(row, arena), stage_rules[stage])
                   .data;
}

/* --- where it is written ---------------------------------------------------------------------- */

static bool
has_section(const struct lifecycle_source *source, unsigned stage)
{
    char name[] = "Stage 0";

    name[6] = (char)('1' + stage);

    return stage < LIFECYCLE_STAGE_COUNT && strncmp(source->section, name, 7) == 0;
}

/* Whether the line says it in one of the words of who asked. */
static bool
has_word(const struct lifecycle_source *source, struct str asked)
{
    while (asked.len > 0) {
        struct str word = str_cut(&asked, ' ');
        char text[64];

        if (word.len < 4 || word.len >= sizeof(text))
            continue;
        memcpy(text, word.data, word.len);
        text[word.len] = '\0';
        if (strcasestr(source->text, text) != NULL)
            return true;
    }

    return false;
}

/* The line that speaks of this stage and in these words, as far as there is one. */
static const struct lifecycle_source *
find_source(const struct advice_input *input)
{
    const struct lifecycle_row *row = input->row;
    const struct lifecycle_source *best = NULL;
    unsigned first = lifecycle_first_need(row, LIFECYCLE_NICE);
    int most = -1;

    for (size_t i = 0; i < row->source_count; i++) {
        const struct lifecycle_source *source = &row->sources[i];
        int score = (has_section(source, (unsigned)input->stage) ? 4 : 0) +
                    (has_section(source, first) ? 2 : 0) + (has_word(source, input->asked) ? 3 : 0);

        if (score > most) {
            most = score;
            best = source;
        }
    }

    return best;
}

void
advice_give(const struct advice_input *input, struct arena *arena, struct advice *out)
{
    const struct lifecycle_row *row = input->row;
    enum pressure pressure;

    *out = (struct advice){
        .then = row->fix,
        .source = find_source(input),
        .filter = input->stage == LIFECYCLE_POC ? answer_questions(row) : NULL,
    };
    pressure = judge_load(input, arena, &out->load);
    if (input->verdict != NULL && input->verdict->status == VERDICT_PASS) {
        out->answer = ADVICE_NO;
        out->is_there = true;
        out->why = arena_printf(arena, "it is there: %s", input->verdict->text).data;
        out->then = NULL;
        return;
    }
    switch (row->need[input->stage]) {
    case LIFECYCLE_MUST:
        out->answer = ADVICE_YES;
        out->why = arena_printf(arena, "%s requires it (P%u). %s",
                                lifecycle_stage_names[input->stage], row->priority, row->cost)
                       .data;
        return;
    case LIFECYCLE_SHOULD:
        decide_should(input, pressure, arena, out);
        return;
    case LIFECYCLE_NICE:
        decide_nice(input, pressure, arena, out);
        return;
    case LIFECYCLE_NOT_YET:
        decide_later(input, arena, out);
        return;
    }
}
