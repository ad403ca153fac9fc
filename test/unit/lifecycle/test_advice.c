/* SPDX-License-Identifier: Apache-2.0 */
#include "io/file.h"
#include "lifecycle/advice.h"
#include "lifecycle/gaps.h"
#include "unit/lifecycle/no_features.h"
#include "unit/unit_dir.h"

enum { PHRASE_MAX = 200, PHRASE_WORDS_MAX = 5 };

static struct arena *arena;
static struct catalogue catalogue;

static int
set_up(void **state)
{
    struct catalogue_errors errors;

    arena = arena_new(4096, 64 << 20);
    if (unit_dir_make(state) != 0)
        return -1;

    return catalogue_load(unit_dir, arena, &catalogue, &errors) ? 0 : -1;
}

static int
tear_down(void **state)
{
    arena_free(arena);

    return unit_dir_remove(state);
}

static const struct lifecycle_row *
find(struct str words)
{
    const struct lifecycle_row *found[4];

    return catalogue_search(&catalogue, words, found, COUNTOF(found)) > 0 ? found[0] : NULL;
}

static struct advice
ask(const char *words, enum lifecycle_stage stage, const struct evidence_store *evidence)
{
    static const struct evidence_store none;
    const struct advice_input input = {.row = find(str_from(words)),
                                       .stage = stage,
                                       .asked = str_from(words),
                                       .evidence = evidence != NULL ? evidence : &none,
                                       .p95_ms = 500,
                                       .requests_per_s = 1000};
    struct advice out;

    assert_non_null(input.row);
    advice_give(&input, arena, &out);

    return out;
}

/* --- every phrase of the two documents -------------------------------------------------------- */

/* What a line of a document says, without what marks it as an item. */
static const char *const separators[] = {"|",
                                         "(",
                                         ")",
                                         ",",
                                         ";",
                                         ":",
                                         "/",
                                         "+",
                                         "[",
                                         "]",
                                         "*",
                                         "\"",
                                         "?",
                                         "`",
                                         "\xe2\x86\x92",
                                         "\xe2\x9d\x8c",
                                         "\xe2\x9c\x85",
                                         "\xe2\x9a\xa0\xef\xb8\x8f",
                                         "\xf0\x9f\x94\xae",
                                         "\xe2\x9c\x93",
                                         "\xe2\x9c\x97",
                                         "\xe2\x94\x9c",
                                         "\xe2\x94\x94",
                                         "\xe2\x94\x80",
                                         "\xe2\x80\x94",
                                         " and ",
                                         " or ",
                                         " vs ",
                                         " -- ",
                                         " - ",
                                         "- ",
                                         ". "};

static size_t
separator_at(struct str s)
{
    for (size_t i = 0; i < COUNTOF(separators); i++) {
        if (str_has_prefix(s, str_from(separators[i])))
            return strlen(separators[i]);
    }

    return 0;
}

static size_t
count_words(struct str s)
{
    size_t count = 0;

    while (s.len > 0)
        count += str_cut(&s, ' ').len > 0;

    return count;
}

/* A phrase can name something when it has letters and is short. */
static bool
is_phrase(struct str s)
{
    bool has_letters = false;

    for (size_t i = 0; i + 1 < s.len; i++)
        has_letters =
            has_letters || ((s.data[i] | 0x20) >= 'a' && (s.data[i] | 0x20) <= 'z' &&
                            (s.data[i + 1] | 0x20) >= 'a' && (s.data[i + 1] | 0x20) <= 'z');

    return has_letters && count_words(s) <= PHRASE_WORDS_MAX;
}

static bool
is_no_feature(struct str s, bool seen[])
{
    for (size_t i = 0; i < COUNTOF(no_features); i++) {
        if (str_eq_nocase(s, str_from(no_features[i]))) {
            seen[i] = true;
            return true;
        }
    }

    return false;
}

struct tally {
    size_t asked, unanswered;
    bool seen[COUNTOF(no_features)];
};

static void
ask_phrase(struct str phrase, const struct lifecycle_source *source, struct tally *tally)
{
    phrase = str_trim(phrase);
    if (phrase.len > 0 && phrase.data[phrase.len - 1] == '.')
        phrase.len--;
    if (!is_phrase(phrase) || is_no_feature(phrase, tally->seen))
        return;
    tally->asked++;
    if (find(phrase) != NULL)
        return;
    tally->unanswered++;
    print_error("%s:%u: '%.*s' is not known\n", source->file, source->line, STR_ARG(phrase));
}

/* The text of a link to another document is a phrase, its address isn't. */
static void
ask_line(const struct lifecycle_source *source, struct tally *tally)
{
    struct str rest = str_from(source->text);
    size_t start = 0;

    for (size_t i = 0; i <= rest.len;) {
        size_t len = i < rest.len ? separator_at(str_slice(rest, i, rest.len)) : 1;

        if (len == 0) {
            i++;
            continue;
        }
        ask_phrase(str_slice(rest, start, i), source, tally);
        if (str_has_prefix(str_slice(rest, i, rest.len), STR("](")))
            i = str_find_char(rest, ')', i);
        else
            i += len;
        start = i < rest.len ? i : rest.len;
    }
}

static void
every_system_and_practice_of_both_documents_can_be_asked_for(void **state)
{
    struct tally tally = {0};

    for (size_t i = 0; i < lifecycle_row_count; i++) {
        for (size_t j = 0; j < lifecycle_rows[i].source_count; j++)
            ask_line(&lifecycle_rows[i].sources[j], &tally);
    }
    assert_int_equal(tally.unanswered, 0);
    assert_true(tally.asked > 500);
    for (size_t i = 0; i < COUNTOF(no_features); i++) {
        if (!tally.seen[i])
            fail_msg("'%s' isn't a phrase of the documents", no_features[i]);
    }
}

/* --- answers ---------------------------------------------------------------------------------- */

static void
everything_has_an_answer_with_a_reason_and_a_line_at_each_stage(void **state)
{
    for (size_t i = 0; i < lifecycle_row_count + lifecycle_feature_count; i++) {
        const struct lifecycle_row *row = i < lifecycle_row_count
                                              ? &lifecycle_rows[i]
                                              : &lifecycle_features[i - lifecycle_row_count];

        for (int stage = 0; stage < LIFECYCLE_STAGE_COUNT; stage++) {
            struct advice advice = ask(row->id, (enum lifecycle_stage)stage, NULL);

            assert_string_equal(find(str_from(row->id))->id, row->id);
            assert_true(advice.answer <= ADVICE_NO);
            assert_true(strlen(advice.why) > 10);
            assert_non_null(advice.source);
            assert_true(advice.source->line > 0);
            assert_non_null(advice.then);
        }
    }
}

static void
the_answer_follows_from_the_stage(void **state)
{
    static const struct {
        const char *words;
        enum advice_answer answers[LIFECYCLE_STAGE_COUNT];
    } cases[] = {
        {"redis", {ADVICE_NOT_YET, ADVICE_NOT_YET, ADVICE_YES, ADVICE_YES}},
        {"CDN", {ADVICE_NOT_YET, ADVICE_NOT_YET, ADVICE_NOT_YET, ADVICE_YES}},
        {"kafka", {ADVICE_NOT_YET, ADVICE_NOT_YET, ADVICE_NOT_YET, ADVICE_NOT_YET}},
        {"istio", {ADVICE_NOT_YET, ADVICE_NOT_YET, ADVICE_NOT_YET, ADVICE_YES}},
        {"kubernetes", {ADVICE_NOT_YET, ADVICE_NOT_YET, ADVICE_NOT_YET, ADVICE_NOT_YET}},
        {"graphql", {ADVICE_NO, ADVICE_NO, ADVICE_NO, ADVICE_NO}},
        {"feature flags", {ADVICE_NO, ADVICE_NO, ADVICE_NO, ADVICE_NO}},
        {"tls", {ADVICE_YES, ADVICE_YES, ADVICE_YES, ADVICE_YES}},
        {"basic caching", {ADVICE_NOT_YET, ADVICE_NOT_YET, ADVICE_NO, ADVICE_NO}},
        {"WAF", {ADVICE_NOT_YET, ADVICE_NOT_YET, ADVICE_YES, ADVICE_YES}},
        {"managed services", {ADVICE_NOT_YET, ADVICE_NOT_YET, ADVICE_NOT_YET, ADVICE_NOT_YET}},
    };

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        for (int stage = 0; stage < LIFECYCLE_STAGE_COUNT; stage++) {
            struct advice advice = ask(cases[i].words, (enum lifecycle_stage)stage, NULL);

            if (advice.answer != cases[i].answers[stage])
                fail_msg("'%s' at %s: %s", cases[i].words, lifecycle_stage_names[stage],
                         advice_words[advice.answer]);
        }
    }
}

static struct evidence_store
measured(const char *row, const char *figure, double value)
{
    struct evidence *evidence = ARENA_NEW(arena, struct evidence);

    *evidence = (struct evidence){.row = row, .outcome = EVIDENCE_PASS, .measured = ""};
    evidence_add_figure(evidence, figure, value, "");

    return (struct evidence_store){.items = evidence, .count = 1};
}

static void
what_was_measured_decides_where_the_load_does(void **state)
{
    struct evidence_store calm = measured("latency", "p95", 4.2);
    struct evidence_store slow = measured("latency", "p95", 700);
    struct evidence_store close = measured("latency", "p95", 300);
    struct evidence_store room = measured("concurrency", "capacity", 4000);
    struct evidence_store full = measured("concurrency", "capacity", 900);
    struct advice advice = ask("redis", LIFECYCLE_PRODUCTION, &calm);

    assert_int_equal(advice.answer, ADVICE_NOT_YET);
    assert_contains(advice.load, "p95 is 4.2 ms of 500 ms: there is nothing to speed up");
    advice = ask("redis", LIFECYCLE_PRODUCTION, &slow);
    assert_int_equal(advice.answer, ADVICE_YES);
    assert_contains(advice.load, "past its target");
    advice = ask("redis", LIFECYCLE_PRODUCTION, &close);
    assert_int_equal(advice.answer, ADVICE_YES);
    assert_contains(advice.load, "look again soon");
    assert_contains(ask("redis", LIFECYCLE_PRODUCTION, NULL).load,
                    "not measured: cairn check --only latency");
    advice = ask("cdn", LIFECYCLE_PRODUCTION, &slow);
    assert_int_equal(advice.answer, ADVICE_YES);
    advice = ask("sharding", LIFECYCLE_SCALE, &room);
    assert_int_equal(advice.answer, ADVICE_NOT_YET);
    assert_contains(advice.load, "it answers 4000 requests per second of 1000: there is room");
    advice = ask("sharding", LIFECYCLE_SCALE, &full);
    assert_int_equal(advice.answer, ADVICE_YES);
    /* What a stage requires it requires, whatever the load. */
    assert_int_equal(ask("load balancer", LIFECYCLE_PRODUCTION, &room).answer, ADVICE_YES);
    assert_null(ask("tls", LIFECYCLE_PRODUCTION, &calm).load);
}

static void
evidence_of_something_else_says_so(void **state)
{
    struct evidence_store store = measured("latency", "p95", 4);

    store.items[0].is_stale = true;
    assert_contains(ask("cache", LIFECYCLE_MVP, &store).load, "(stale)");
}

static void
the_line_that_speaks_of_the_stage_is_named(void **state)
{
    assert_contains(ask("redis", LIFECYCLE_PRODUCTION, NULL).source->text, "Redis");
    assert_contains(ask("service mesh", LIFECYCLE_PRODUCTION, NULL).source->section, "Don't Need");
    assert_contains(ask("waf", LIFECYCLE_POC, NULL).source->text, "WAF/DDoS");
}

static void
what_is_spelt_wrongly_is_known_by_its_neighbours(void **state)
{
    static const struct {
        const char *words;
        const char *near;
    } cases[] = {{"reddis", "redis"},
                 {"do we need kubernets", "kubernetes"},
                 {"grafanna", "grafana"},
                 {"loadbalancer", "load-balancer"},
                 {"rate limitting", "rate limiting"}};
    const char *near[3];

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        size_t count = catalogue_suggest_names(&catalogue, str_from(cases[i].words), near, 3);
        bool found = false;

        for (size_t j = 0; j < count; j++)
            found = found || strcmp(near[j], cases[i].near) == 0;
        if (!found)
            fail_msg("'%s' is next to %s", cases[i].words, count > 0 ? near[0] : "nothing");
    }
    assert_int_equal(catalogue_suggest_names(&catalogue, STR("xyzzy"), near, 3), 0);
    assert_int_equal(catalogue_suggest_names(&catalogue, STR(""), near, 3), 0);
}

/* --- the tracker ------------------------------------------------------------------------------ */

static const char *
merge(const char *old, const char **left_out, size_t count, struct gaps_change *change)
{
    static const struct evidence_store none;
    struct record record = {.poc = {.started = "", .left_out = left_out, .left_out_count = count}};
    const struct verdict_input judged = {
        .catalogue = &catalogue, .evidence = &none, .record = &record, .today = "2026-11-22"};
    struct verdicts verdicts;
    const struct gaps_input input = {
        .verdicts = &verdicts, .record = &record, .project = "shop", .today = "2026-11-22"};
    const char *text;
    struct buf out;

    buf_init(&out, 1 << 20);
    verdict_judge(&judged, LIFECYCLE_PRODUCTION, arena, &verdicts);
    gaps_merge(str_from(old), &input, arena, &out, change);
    text = arena_cstr(arena, buf_str(&out));
    buf_fini(&out);

    return text;
}

static void
what_was_put_off_is_in_the_tracker(void **state)
{
    const char *left_out[] = {"queues: A queue", "cache-shared: A shared cache",
                              "graphql: GraphQL"};
    struct gaps_change change;
    const char *text = merge("", left_out, COUNTOF(left_out), &change);
    const char *again;

    assert_contains(text, "## Left out on purpose\n\n- [ ] A queue: not yet `queues`\n");
    assert_contains(text, "- [ ] GraphQL: not yet `graphql`\n");
    assert_contains(text, "should at production): left out on purpose, ");
    again = merge(text, left_out, COUNTOF(left_out), &change);
    assert_string_equal(again, text);
    assert_int_equal(change.opened, 0);
    assert_int_equal(change.closed, 0);
}

static void
texts_of_the_record_that_name_no_row_stay_out_of_the_tracker(void **state)
{
    const char *left_out[] = {"", ":", "no colon at all"};
    struct gaps_change change;

    assert_null(strstr(merge("", left_out, COUNTOF(left_out), &change), "Left out"));
}

/* As the two documents say it, and as people do. */
static void
what_is_asked_for_is_what_is_meant(void **state)
{
    static const struct {
        const char *words;
        const char *row;
    } cases[] = {
        {"Database sharding", "sharding"},
        {"Multi-AZ deployment", "multi-zone"},
        {"Database connection", "database-connected"},
        {"Database connection pooling", "connection-pooling"},
        {"Basic security", "authentication"},
        {"Runbooks for common failure scenarios", "runbooks"},
        {"Auto-scaling", "auto-scaling"},
        {"Monitoring basics", "metrics"},
        {"letsencrypt", "certificates-trusted"},
        {"web sockets", "realtime"},
        {"a bigger machine", "capacity-planned"},
        {"High availability / failover", "several-instances"},
        /* A condition, a reason or a remark isn't what is asked for; a closer word is. */
        {"Service mesh (if microservices)", "service-mesh"},
        {"do we need a queue if there is a shared cache", "queues"},
        {"RBAC fine-tuning (currently cluster-admin)", "rbac"},
        {"Auto-scaling \xe2\x86\x92 Skip (optimization, add later)", "auto-scaling"},
        {"Security audit (basic)", "security-audit-basic"},
    };

    for (size_t i = 0; i < COUNTOF(cases); i++)
        assert_string_equal(find(str_from(cases[i].words))->id, cases[i].row);
}

static void
the_three_questions_are_answered_at_poc(void **state)
{
    assert_contains(ask("redis", LIFECYCLE_POC, NULL).filter,
                    "Can it be added later? yes: skip it");
    assert_contains(ask("tls", LIFECYCLE_POC, NULL).filter, ": include it");
    assert_null(ask("redis", LIFECYCLE_MVP, NULL).filter);
}

/* A person's lines may stand anywhere between the markers, and with the end marker gone. */
static void
what_people_wrote_between_the_markers_is_kept(void **state)
{
    static const char mine[] = "Words of a person's,\non two lines.\n\n## A heading of ours\n\n"
                               "* [ ] a star\n- [ ] an item of ours\n  - owner: Ann\n\n"
                               "    and a paragraph\n";
    struct gaps_change change;
    const char *fresh = merge("", NULL, 0, &change);
    const char *at = strstr(fresh, "## Security\n") + strlen("## Security\n");
    const char *edited = arena_printf(arena, "%.*s\n%s%s", (int)(at - fresh), fresh, mine, at).data;
    const char *text = merge(edited, NULL, 0, &change);

    assert_contains(text, arena_printf(arena, "## Our own\n\n%s\n<!-- cairn: end", mine).data);
    assert_int_equal(change.opened, 0);
    assert_string_equal(merge(text, NULL, 0, &change), text);
    edited = arena_printf(arena, "%.*sLast words\n",
                          (int)(strstr(fresh, "<!-- cairn: end") - fresh), fresh)
                 .data;
    assert_contains(merge(edited, NULL, 0, &change), "Last words\n\n<!-- cairn: end");
}

/* Also where a stage to come would merely be glad of it. */
static void
all_lines_of_the_template_are_tracked_from_the_first_day(void **state)
{
    struct gaps_change change;
    const char *text = merge("", NULL, 0, &change);

    for (size_t i = 0; i < catalogue.count; i++) {
        const char *gap = catalogue.rows[i]->gap;

        if (gap != NULL && strstr(text, gap) == NULL)
            fail_msg("'%s' is missing", gap);
    }
    assert_contains(text,
                    "- [ ] Multi-AZ deployment (currently single-node) (P2, nice at production)");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_system_and_practice_of_both_documents_can_be_asked_for),
        cmocka_unit_test(everything_has_an_answer_with_a_reason_and_a_line_at_each_stage),
        cmocka_unit_test(the_answer_follows_from_the_stage),
        cmocka_unit_test(what_was_measured_decides_where_the_load_does),
        cmocka_unit_test(evidence_of_something_else_says_so),
        cmocka_unit_test(the_line_that_speaks_of_the_stage_is_named),
        cmocka_unit_test(what_is_spelt_wrongly_is_known_by_its_neighbours),
        cmocka_unit_test(what_was_put_off_is_in_the_tracker),
        cmocka_unit_test(what_is_asked_for_is_what_is_meant),
        cmocka_unit_test(the_three_questions_are_answered_at_poc),
        cmocka_unit_test(what_people_wrote_between_the_markers_is_kept),
        cmocka_unit_test(all_lines_of_the_template_are_tracked_from_the_first_day),
        cmocka_unit_test(texts_of_the_record_that_name_no_row_stay_out_of_the_tracker),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
