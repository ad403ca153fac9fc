/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/report.h"

#include "core/json.h"
#include "def/version.h"

static const char *const need_names[] = {
    [LIFECYCLE_NOT_YET] = "not yet",
    [LIFECYCLE_NICE] = "nice",
    [LIFECYCLE_SHOULD] = "should",
    [LIFECYCLE_MUST] = "must",
};

static void
add_key(struct buf *out, const char *key, const char *text)
{
    buf_printf(out, "\"%s\": ", key);
    json_write_str(out, str_from(text));
}

static const char *
reached_name(const struct verdicts *verdicts)
{
    enum lifecycle_stage stage;

    return verdict_get_stage(verdicts, &stage) ? lifecycle_stage_names[stage] : "none";
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void
add_figures(struct buf *out, const struct evidence *evidence)
{
    BUF_ADD_LIT(out, ", \"figures\": {");
    for (unsigned i = 0; i < evidence->figure_count; i++) {
        if (i > 0)
            BUF_ADD_LIT(out, ", ");
        json_write_str(out, str_from(evidence->figures[i].name));
        BUF_ADD_LIT(out, ": ");
        buf_add_f64(out, evidence->figures[i].value);
    }
    BUF_ADD_LIT(out, "}");
}

static void
add_row(struct buf *out, const struct verdict *verdict)
{
    const struct lifecycle_row *row = verdict->row;

    BUF_ADD_LIT(out, "    {");
    add_key(out, "id", row->id);
    BUF_ADD_LIT(out, ", ");
    add_key(out, "title", row->title);
    BUF_ADD_LIT(out, ", ");
    add_key(out, "area", lifecycle_area_names[row->area]);
    BUF_ADD_LIT(out, ", ");
    add_key(out, "need", need_names[verdict->need]);
    buf_printf(out, ", \"priority\": \"P%u\", ", row->priority);
    add_key(out, "status", verdict_status_names[verdict->status]);
    BUF_ADD_LIT(out, ", ");
    add_key(out, "basis", verdict->basis);
    BUF_ADD_LIT(out, ", ");
    add_key(out, "found", verdict->text);
    if (verdict->evidence != NULL) {
        BUF_ADD_LIT(out, ", ");
        add_key(out, "limit", verdict->evidence->limit);
        add_figures(out, verdict->evidence);
    }
    BUF_ADD_LIT(out, ", ");
    add_key(out, "fix", verdict->fix);
    BUF_ADD_LIT(out, "}");
}

void
report_write_json(const struct verdicts *verdicts, struct buf *out)
{
    BUF_ADD_LIT(out, "{\n  \"schema\": 1,\n  ");
    add_key(out, "stage", lifecycle_stage_names[verdicts->stage]);
    BUF_ADD_LIT(out, ",\n  ");
    add_key(out, "reached", reached_name(verdicts));
    BUF_ADD_LIT(out, ",\n  \"required\": {");
    for (int status = 0; status < VERDICT_NOT_YET; status++)
        buf_printf(out, "%s\"%s\": %zu", status > 0 ? ", " : "", verdict_status_names[status],
                   verdict_count_required(verdicts, (enum verdict_status)status));
    BUF_ADD_LIT(out, "},\n  \"rows\": [\n");
    for (size_t i = 0; i < verdicts->count; i++) {
        if (i > 0)
            BUF_ADD_LIT(out, ",\n");
        add_row(out, &verdicts->items[i]);
    }
    BUF_ADD_LIT(out, "\n  ]\n}\n");
}

/* --- SARIF ------------------------------------------------------------------------------------ */

static bool
is_open(const struct verdict *verdict)
{
    return verdict->status == VERDICT_FAIL || verdict->status == VERDICT_UNKNOWN ||
           verdict->status == VERDICT_STALE;
}

static void
add_rule(struct buf *out, const struct verdict *verdict)
{
    const struct lifecycle_row *row = verdict->row;

    BUF_ADD_LIT(out, "        {");
    add_key(out, "id", row->id);
    BUF_ADD_LIT(out, ", \"shortDescription\": {");
    add_key(out, "text", row->title);
    BUF_ADD_LIT(out, "}, \"fullDescription\": {");
    add_key(out, "text", row->cost);
    BUF_ADD_LIT(out, "}, \"help\": {");
    add_key(out, "text", verdict->fix);
    BUF_ADD_LIT(out, "}}");
}

static void
add_result(struct buf *out, const struct verdict *verdict)
{
    const char *level = verdict->status != VERDICT_FAIL   ? "note"
                        : verdict->need == LIFECYCLE_MUST ? "error"
                                                          : "warning";
    struct buf text;

    BUF_ADD_LIT(out, "      {");
    add_key(out, "ruleId", verdict->row->id);
    BUF_ADD_LIT(out, ", ");
    add_key(out, "level", level);
    BUF_ADD_LIT(out, ", \"message\": {");
    buf_init(&text, 4096);
    buf_printf(&text, "%s: %s, %s", verdict->row->title, verdict_status_names[verdict->status],
               verdict->text);
    add_key(out, "text", buf_cstr(&text));
    buf_fini(&text);
    BUF_ADD_LIT(out, "}, \"locations\": [{\"physicalLocation\": {\"artifactLocation\": "
                     "{\"uri\": \"GAPS.md\"}}}]}");
}

void
report_write_sarif(const struct verdicts *verdicts, struct buf *out)
{
    bool first = true;

    BUF_ADD_LIT(out, "{\n  \"$schema\": \"https://json.schemastore.org/sarif-2.1.0.json\",\n"
                     "  \"version\": \"2.1.0\",\n  \"runs\": [{\n    \"tool\": {\"driver\": {");
    buf_printf(out, "\"name\": \"cairn\", \"version\": \"%s\", \"rules\": [\n", CAIRN_VERSION);
    for (size_t i = 0; i < verdicts->count; i++) {
        if (verdicts->items[i].need == LIFECYCLE_NOT_YET || !is_open(&verdicts->items[i]))
            continue;
        buf_add_str(out, first ? STR("") : STR(",\n"));
        add_rule(out, &verdicts->items[i]);
        first = false;
    }
    BUF_ADD_LIT(out, "\n    ]}},\n    \"results\": [\n");
    first = true;
    for (size_t i = 0; i < verdicts->count; i++) {
        if (verdicts->items[i].need == LIFECYCLE_NOT_YET || !is_open(&verdicts->items[i]))
            continue;
        buf_add_str(out, first ? STR("") : STR(",\n"));
        add_result(out, &verdicts->items[i]);
        first = false;
    }
    BUF_ADD_LIT(out, "\n    ]\n  }]\n}\n");
}

/* --- XML -------------------------------------------------------------------------------------- */

void
report_add_escaped(struct buf *out, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        switch (*c) {
        case '&':
            BUF_ADD_LIT(out, "&amp;");
            break;
        case '<':
            BUF_ADD_LIT(out, "&lt;");
            break;
        case '>':
            BUF_ADD_LIT(out, "&gt;");
            break;
        case '"':
            BUF_ADD_LIT(out, "&quot;");
            break;
        default:
            if ((unsigned char)*c >= ' ' || *c == '\n' || *c == '\t')
                buf_add_char(out, *c);
        }
    }
}

static void
add_case(struct buf *out, const struct verdict *verdict)
{
    const char *tag = verdict->status == VERDICT_FAIL ? "failure" : "skipped";

    BUF_ADD_LIT(out, "  <testcase classname=\"");
    report_add_escaped(out, lifecycle_area_names[verdict->row->area]);
    BUF_ADD_LIT(out, "\" name=\"");
    report_add_escaped(out, verdict->row->id);
    buf_printf(out, "\" time=\"%.3f\"",
               verdict->evidence != NULL ? verdict->evidence->seconds : 0.0);
    if (verdict->status == VERDICT_PASS) {
        BUF_ADD_LIT(out, "/>\n");
        return;
    }
    buf_printf(out, ">\n    <%s message=\"%s: ", tag, verdict_status_names[verdict->status]);
    report_add_escaped(out, verdict->text);
    BUF_ADD_LIT(out, "\">");
    report_add_escaped(out, verdict->fix);
    buf_printf(out, "</%s>\n  </testcase>\n", tag);
}

void
report_write_junit(const struct verdicts *verdicts, struct buf *out)
{
    size_t tests = 0, failures = 0, skipped = 0;

    for (size_t i = 0; i < verdicts->count; i++) {
        const struct verdict *verdict = &verdicts->items[i];

        if (verdict->need == LIFECYCLE_NOT_YET)
            continue;
        tests++;
        failures += verdict->status == VERDICT_FAIL;
        skipped += verdict->status != VERDICT_FAIL && verdict->status != VERDICT_PASS;
    }
    buf_printf(out,
               "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"cairn check --stage "
               "%s\" tests=\"%zu\" failures=\"%zu\" skipped=\"%zu\">\n",
               lifecycle_stage_names[verdicts->stage], tests, failures, skipped);
    for (size_t i = 0; i < verdicts->count; i++) {
        if (verdicts->items[i].need != LIFECYCLE_NOT_YET)
            add_case(out, &verdicts->items[i]);
    }
    BUF_ADD_LIT(out, "</testsuite>\n");
}

void
report_write_badge(const struct verdicts *verdicts, struct buf *out)
{
    static const struct {
        const char *name;
        const char *color;
    } colors[] = {{"none", "#6e7781"},
                  {"poc", "#0969da"},
                  {"mvp", "#1a7f37"},
                  {"production", "#116329"},
                  {"scale", "#6639ba"}};
    const char *name = reached_name(verdicts);
    const char *color = colors[0].color;
    unsigned width = (unsigned)strlen(name) * 7 + 14;

    for (size_t i = 0; i < COUNTOF(colors); i++) {
        if (strcmp(colors[i].name, name) == 0)
            color = colors[i].color;
    }
    buf_printf(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"20\" role=\"img\" "
        "aria-label=\"stage: %s\"><title>stage: %s</title>"
        "<rect width=\"48\" height=\"20\" rx=\"3\" fill=\"#24292f\"/>"
        "<rect x=\"45\" width=\"%u\" height=\"20\" rx=\"3\" fill=\"%s\"/>"
        "<g fill=\"#fff\" font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"11\">"
        "<text x=\"8\" y=\"14\">stage</text><text x=\"%u\" y=\"14\" text-anchor=\"middle\">%s"
        "</text></g></svg>\n",
        width + 45, name, name, width, color, 45 + width / 2, name);
}
