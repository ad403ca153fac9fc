/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/record.h"

#include "core/json.h"
#include "io/file.h"
#include "lifecycle/date.h"

enum { FILE_MAX = 4 * 1024 * 1024, SCHEMA_VERSION = 1 };

void
record_grow(struct arena *arena, void **array, size_t count, size_t size)
{
    char *grown;

    if (*array != NULL && (count & (count - 1)) != 0)
        return; /* room is made at each power of two */
    grown = arena_zalloc(arena, (count > 0 ? 2 * count : 1) * size);
    if (count > 0)
        memcpy(grown, *array, count * size);
    *array = grown;
}

/* --- reading ---------------------------------------------------------------------------------- */

struct reading {
    struct arena *arena;
    struct err *err;
    const char *where; /* "attested[3]" */
};

static bool
refuse(struct reading *reading, const char *what)
{
    err_set(reading->err, ERR_CONFIG, "", "unable to read '" RECORD_FILE "': %s%s%s",
            reading->where, reading->where[0] != '\0' ? ": " : "", what);
    err_hint(reading->err, "undo the last change to it, or take it out of git");

    return false;
}

static const char *
get_text(struct reading *reading, const struct json *object, const char *key)
{
    return arena_cstr(reading->arena, json_get_str(object, key, STR("")));
}

/* Every member of object is one of the keys, which end with NULL. */
static bool
knows_keys(struct reading *reading, const struct json *object, const char *const *keys)
{
    if (object->type != JSON_OBJECT)
        return refuse(reading, "an object is needed");
    for (const struct json *member = object->first; member != NULL; member = member->next) {
        const char *const *key = keys;

        while (*key != NULL && !str_eq(member->key, str_from(*key)))
            key++;
        if (*key == NULL)
            return refuse(reading, arena_printf(reading->arena, "unknown field '%.*s'",
                                                STR_ARG(str_slice(member->key, 0, 100)))
                                       .data);
    }

    return true;
}

static bool
check_day(struct reading *reading, const char *key, const char *day, bool may_be_empty)
{
    if ((may_be_empty && day[0] == '\0') || date_is_valid(str_from(day)))
        return true;

    return refuse(reading, arena_printf(reading->arena, "%s is no day: '%.40s'", key, day).data);
}

static bool
check_text(struct reading *reading, const char *key, const char *text)
{
    return text[0] != '\0' ||
           refuse(reading, arena_printf(reading->arena, "%s is missing", key).data);
}

static bool
read_attestation(struct reading *reading, const struct json *item, struct record *out)
{
    static const char *const keys[] = {"row", "by", "on", "until", "note", NULL};
    struct attestation *a;

    if (!knows_keys(reading, item, keys))
        return false;
    a = RECORD_ADD(reading->arena, out->attested, out->attested_count);
    a->row = get_text(reading, item, "row");
    a->by = get_text(reading, item, "by");
    a->on = get_text(reading, item, "on");
    a->until = get_text(reading, item, "until");
    a->note = get_text(reading, item, "note");

    return check_text(reading, "row", a->row) && check_text(reading, "by", a->by) &&
           check_day(reading, "on", a->on, false) && check_day(reading, "until", a->until, true);
}

static bool
read_waiver(struct reading *reading, const struct json *item, struct record *out)
{
    static const char *const keys[] = {"row", "owner", "reason", "on", "until", NULL};
    struct waiver *w;

    if (!knows_keys(reading, item, keys))
        return false;
    w = RECORD_ADD(reading->arena, out->waived, out->waived_count);
    w->row = get_text(reading, item, "row");
    w->owner = get_text(reading, item, "owner");
    w->reason = get_text(reading, item, "reason");
    w->on = get_text(reading, item, "on");
    w->until = get_text(reading, item, "until");

    return check_text(reading, "row", w->row) && check_text(reading, "owner", w->owner) &&
           check_text(reading, "reason", w->reason) && check_day(reading, "on", w->on, false) &&
           check_day(reading, "until", w->until, false);
}

static bool
read_promotion(struct reading *reading, const struct json *item, struct record *out)
{
    static const char *const keys[] = {"stage", "on", NULL};
    enum lifecycle_stage stage;
    struct promotion *p;

    if (!knows_keys(reading, item, keys))
        return false;
    p = RECORD_ADD(reading->arena, out->promoted, out->promoted_count);
    p->stage = get_text(reading, item, "stage");
    p->on = get_text(reading, item, "on");
    if (!lifecycle_parse_stage(str_from(p->stage), &stage))
        return refuse(reading, "stage is poc, mvp, production or scale");

    return check_day(reading, "on", p->on, false);
}

static bool
is_op(const char *op)
{
    return strcmp(op, ">=") == 0 || strcmp(op, "<=") == 0 || strcmp(op, ">") == 0 ||
           strcmp(op, "<") == 0;
}

static bool
read_criterion(struct reading *reading, const struct json *item, struct record *out)
{
    static const char *const keys[] = {"text", "figure", "op", "value", "met", "by", "on", NULL};
    const struct json *value;
    struct poc_criterion *c;

    if (!knows_keys(reading, item, keys))
        return false;
    c = RECORD_ADD(reading->arena, out->poc.criteria, out->poc.criterion_count);
    c->text = get_text(reading, item, "text");
    c->figure = get_text(reading, item, "figure");
    c->op = get_text(reading, item, "op");
    c->met = json_get_bool(item, "met", false);
    c->met_by = get_text(reading, item, "by");
    c->met_on = get_text(reading, item, "on");
    value = json_get(item, "value");
    if (c->figure[0] != '\0') {
        if (!is_op(c->op) || value == NULL || value->type != JSON_NUMBER)
            return refuse(reading, "a figure needs op (>=, <=, >, <) and value (a number)");
        c->value = strtod(arena_cstr(reading->arena, value->text), NULL);
    }

    return check_text(reading, "text", c->text) && check_day(reading, "on", c->met_on, true);
}

static bool
read_texts(struct reading *reading, const struct json *poc, const char *key, const char ***out,
           size_t *count)
{
    const struct json *list = json_get(poc, key);

    if (list == NULL)
        return true;
    if (list->type != JSON_ARRAY)
        return refuse(reading, arena_printf(reading->arena, "%s is a list of texts", key).data);
    for (const struct json *item = list->first; item != NULL; item = item->next) {
        if (item->type != JSON_STRING)
            return refuse(reading, arena_printf(reading->arena, "%s is a list of texts", key).data);
        *RECORD_ADD(reading->arena, *out, *count) = arena_cstr(reading->arena, item->text);
    }

    return true;
}

typedef bool (*read_item)(struct reading *reading, const struct json *item, struct record *out);

static bool
read_list(struct reading *reading, const struct json *parent, const char *key, read_item read,
          struct record *out)
{
    const struct json *list = json_get(parent, key);
    unsigned at = 0;

    if (list == NULL)
        return true;
    reading->where = key;
    if (list->type != JSON_ARRAY || list->count > RECORD_ITEMS_MAX)
        return refuse(reading, "a list of at most 1024 is needed");
    for (const struct json *item = list->first; item != NULL; item = item->next) {
        reading->where = arena_printf(reading->arena, "%s[%u]", key, at++).data;
        if (!read(reading, item, out))
            return false;
    }
    reading->where = "";

    return true;
}

static bool
read_poc(struct reading *reading, const struct json *object, struct record *out)
{
    static const char *const keys[] = {
        "started",     "ends",         "weeks",    "questions", "criteria",
        "left_out",    "cost_monthly", "teardown", "decision",  "decision_reason",
        "decision_by", "decision_on",  NULL};
    struct poc *poc = &out->poc;

    reading->where = "poc";
    if (object == NULL)
        return true;
    if (!knows_keys(reading, object, keys))
        return false;
    poc->started = get_text(reading, object, "started");
    poc->ends = get_text(reading, object, "ends");
    poc->weeks = (unsigned)json_get_i64(object, "weeks", 0);
    poc->cost_monthly = get_text(reading, object, "cost_monthly");
    poc->teardown = get_text(reading, object, "teardown");
    poc->decision = get_text(reading, object, "decision");
    poc->decision_reason = get_text(reading, object, "decision_reason");
    poc->decision_by = get_text(reading, object, "decision_by");
    poc->decision_on = get_text(reading, object, "decision_on");

    return check_day(reading, "started", poc->started, true) &&
           check_day(reading, "ends", poc->ends, poc->started[0] == '\0') &&
           check_day(reading, "decision_on", poc->decision_on, true) &&
           read_texts(reading, object, "questions", &poc->questions, &poc->question_count) &&
           read_texts(reading, object, "left_out", &poc->left_out, &poc->left_out_count) &&
           read_list(reading, object, "criteria", read_criterion, out);
}

static void
set_empty(struct record *out)
{
    *out = (struct record){0};
    out->poc = (struct poc){.started = "",
                            .ends = "",
                            .cost_monthly = "",
                            .teardown = "",
                            .decision = "",
                            .decision_reason = "",
                            .decision_by = "",
                            .decision_on = ""};
}

static bool
read_all(struct reading *reading, struct str text, struct record *out)
{
    static const char *const keys[] = {"schema", "attested", "waived", "promoted", "poc", NULL};
    struct json *root;
    struct err err = {0};

    if (!json_parse(text, JSON_LIMITS_DEFAULT, reading->arena, &root, &err))
        return refuse(reading, err.details);
    if (!knows_keys(reading, root, keys))
        return false;
    if (json_get_i64(root, "schema", 0) != SCHEMA_VERSION)
        return refuse(reading, "schema is not 1: another version of cairn wrote it");

    return read_list(reading, root, "attested", read_attestation, out) &&
           read_list(reading, root, "waived", read_waiver, out) &&
           read_list(reading, root, "promoted", read_promotion, out) &&
           read_poc(reading, json_get(root, "poc"), out);
}

bool
record_parse(struct str text, struct arena *arena, struct record *out, struct err *err)
{
    struct reading reading = {.arena = arena, .err = err, .where = ""};

    set_empty(out);
    if (read_all(&reading, text, out))
        return true;
    set_empty(out);

    return false;
}

bool
record_load(const char *dir, struct arena *arena, struct record *out, struct err *err)
{
    struct buf text;
    bool found = false;
    bool ok;

    set_empty(out);
    buf_init(&text, FILE_MAX);
    ok = file_read(arena_printf(arena, "%s/" RECORD_FILE, dir).data, &text, &found, err) &&
         (!found || record_parse(arena_copy(arena, buf_str(&text)), arena, out, err));
    buf_fini(&text);

    return ok;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* One member per line, so that a change is a line in git; empty ones are left out. */
static void
add_text(struct buf *out, const char *indent, const char *key, const char *text, bool *first)
{
    if (text[0] == '\0')
        return;
    buf_printf(out, "%s%s\"%s\": ", *first ? "" : ",\n", indent, key);
    json_write_str(out, str_from(text));
    *first = false;
}

static void
open_item(struct buf *out, size_t at)
{
    buf_add_str(out, at > 0 ? STR(",\n    {\n") : STR("\n    {\n"));
}

static void
add_attested(struct buf *out, const struct record *record)
{
    BUF_ADD_LIT(out, "  \"attested\": [");
    for (size_t i = 0; i < record->attested_count; i++) {
        const struct attestation *a = &record->attested[i];
        bool first = true;

        open_item(out, i);
        add_text(out, "      ", "row", a->row, &first);
        add_text(out, "      ", "by", a->by, &first);
        add_text(out, "      ", "on", a->on, &first);
        add_text(out, "      ", "until", a->until, &first);
        add_text(out, "      ", "note", a->note, &first);
        BUF_ADD_LIT(out, "\n    }");
    }
    buf_add_str(out, record->attested_count > 0 ? STR("\n  ],\n") : STR("],\n"));
}

static void
add_waived(struct buf *out, const struct record *record)
{
    BUF_ADD_LIT(out, "  \"waived\": [");
    for (size_t i = 0; i < record->waived_count; i++) {
        const struct waiver *w = &record->waived[i];
        bool first = true;

        open_item(out, i);
        add_text(out, "      ", "row", w->row, &first);
        add_text(out, "      ", "owner", w->owner, &first);
        add_text(out, "      ", "reason", w->reason, &first);
        add_text(out, "      ", "on", w->on, &first);
        add_text(out, "      ", "until", w->until, &first);
        BUF_ADD_LIT(out, "\n    }");
    }
    buf_add_str(out, record->waived_count > 0 ? STR("\n  ],\n") : STR("],\n"));
}

static void
add_promoted(struct buf *out, const struct record *record)
{
    BUF_ADD_LIT(out, "  \"promoted\": [");
    for (size_t i = 0; i < record->promoted_count; i++) {
        bool first = true;

        open_item(out, i);
        add_text(out, "      ", "stage", record->promoted[i].stage, &first);
        add_text(out, "      ", "on", record->promoted[i].on, &first);
        BUF_ADD_LIT(out, "\n    }");
    }
    buf_add_str(out, record->promoted_count > 0 ? STR("\n  ]") : STR("]"));
}

static void
add_texts(struct buf *out, const char *key, const char *const *texts, size_t count)
{
    if (count == 0)
        return;
    buf_printf(out, ",\n    \"%s\": [", key);
    for (size_t i = 0; i < count; i++) {
        buf_add_str(out, i > 0 ? STR(",\n      ") : STR("\n      "));
        json_write_str(out, str_from(texts[i]));
    }
    BUF_ADD_LIT(out, "\n    ]");
}

static void
add_criteria(struct buf *out, const struct poc *poc)
{
    if (poc->criterion_count == 0)
        return;
    BUF_ADD_LIT(out, ",\n    \"criteria\": [");
    for (size_t i = 0; i < poc->criterion_count; i++) {
        const struct poc_criterion *c = &poc->criteria[i];
        bool first = true;

        buf_add_str(out, i > 0 ? STR(",\n      {\n") : STR("\n      {\n"));
        add_text(out, "        ", "text", c->text, &first);
        add_text(out, "        ", "figure", c->figure, &first);
        add_text(out, "        ", "op", c->op, &first);
        if (c->figure[0] != '\0') {
            BUF_ADD_LIT(out, ",\n        \"value\": ");
            buf_add_f64(out, c->value);
        }
        if (c->met_by[0] != '\0')
            buf_printf(out, ",\n        \"met\": %s", c->met ? "true" : "false");
        add_text(out, "        ", "by", c->met_by, &first);
        add_text(out, "        ", "on", c->met_on, &first);
        BUF_ADD_LIT(out, "\n      }");
    }
    BUF_ADD_LIT(out, "\n    ]");
}

static void
add_poc(struct buf *out, const struct poc *poc)
{
    bool first = true;

    if (poc->started[0] == '\0' && poc->question_count == 0 && poc->criterion_count == 0 &&
        poc->left_out_count == 0 && poc->cost_monthly[0] == '\0' && poc->teardown[0] == '\0' &&
        poc->decision[0] == '\0')
        return;
    buf_printf(out, ",\n  \"poc\": {\n    \"weeks\": %u", poc->weeks);
    first = false;
    add_text(out, "    ", "started", poc->started, &first);
    add_text(out, "    ", "ends", poc->ends, &first);
    add_texts(out, "questions", poc->questions, poc->question_count);
    add_criteria(out, poc);
    add_texts(out, "left_out", poc->left_out, poc->left_out_count);
    add_text(out, "    ", "cost_monthly", poc->cost_monthly, &first);
    add_text(out, "    ", "teardown", poc->teardown, &first);
    add_text(out, "    ", "decision", poc->decision, &first);
    add_text(out, "    ", "decision_reason", poc->decision_reason, &first);
    add_text(out, "    ", "decision_by", poc->decision_by, &first);
    add_text(out, "    ", "decision_on", poc->decision_on, &first);
    BUF_ADD_LIT(out, "\n  }");
}

void
record_print(const struct record *record, struct buf *out)
{
    buf_printf(out, "{\n  \"schema\": %d,\n", SCHEMA_VERSION);
    add_attested(out, record);
    add_waived(out, record);
    add_promoted(out, record);
    add_poc(out, &record->poc);
    BUF_ADD_LIT(out, "\n}\n");
}

bool
record_save(const char *dir, const struct record *record, struct err *err)
{
    struct buf path, out;
    bool ok;

    buf_init(&path, 64 * 1024);
    buf_init(&out, FILE_MAX);
    buf_printf(&path, "%s/" RECORD_FILE, dir);
    record_print(record, &out);
    if (buf_ok(&out))
        ok = file_replace(buf_cstr(&path), buf_str(&out), 0644, err);
    else
        ok = err_set(err, ERR_IO, "", "unable to write '" RECORD_FILE "': past 4 MiB");
    buf_fini(&out);
    buf_fini(&path);

    return ok;
}

/* --- changing --------------------------------------------------------------------------------- */

static bool
is_full(size_t count, struct err *err)
{
    if (count < RECORD_ITEMS_MAX)
        return false;
    err_set(err, ERR_CONFIG, "", "unable to add to '" RECORD_FILE "': it has %d entries",
            RECORD_ITEMS_MAX);

    return true;
}

bool
record_attest(struct record *record, struct arena *arena, const struct attestation *attestation,
              struct err *err)
{
    for (size_t i = 0; i < record->attested_count; i++) {
        if (strcmp(record->attested[i].row, attestation->row) == 0) {
            record->attested[i] = *attestation;
            return true;
        }
    }
    if (is_full(record->attested_count, err))
        return false;
    *RECORD_ADD(arena, record->attested, record->attested_count) = *attestation;

    return true;
}

bool
record_waive(struct record *record, struct arena *arena, const struct waiver *waiver,
             struct err *err)
{
    for (size_t i = 0; i < record->waived_count; i++) {
        if (strcmp(record->waived[i].row, waiver->row) == 0) {
            record->waived[i] = *waiver;
            return true;
        }
    }
    if (is_full(record->waived_count, err))
        return false;
    *RECORD_ADD(arena, record->waived, record->waived_count) = *waiver;

    return true;
}

const struct attestation *
record_find_attestation(const struct record *record, const char *row)
{
    for (size_t i = 0; i < record->attested_count; i++) {
        if (strcmp(record->attested[i].row, row) == 0)
            return &record->attested[i];
    }

    return NULL;
}

const struct waiver *
record_find_waiver(const struct record *record, const char *row)
{
    for (size_t i = 0; i < record->waived_count; i++) {
        if (strcmp(record->waived[i].row, row) == 0)
            return &record->waived[i];
    }

    return NULL;
}
