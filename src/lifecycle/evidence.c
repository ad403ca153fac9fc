/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/evidence.h"

#include "core/json.h"
#include "io/file.h"
#include "lifecycle/date.h"

#include <errno.h>
#include <math.h>
#include <unistd.h>

enum {
    FILE_MAX = 4 * 1024 * 1024,
    FILES_READ_MAX = 4096,
    ITEMS_MAX = 1024,
    KEPT_MAX = ITEMS_MAX * LIFECYCLE_STAGE_COUNT,
    SCHEMA_VERSION = 1
};

static const char *const outcomes[] =
    {[EVIDENCE_UNKNOWN] = "unknown", [EVIDENCE_PASS] = "pass", [EVIDENCE_FAIL] = "fail"};

void
evidence_add_figure(struct evidence *evidence, const char *name, double value, const char *unit)
{
    if (evidence->figure_count < EVIDENCE_FIGURES_MAX && isfinite(value))
        evidence->figures[evidence->figure_count++] =
            (struct evidence_figure){.name = name, .value = value, .unit = unit};
}

const struct evidence_figure *
evidence_get_figure(const struct evidence *evidence, const char *name)
{
    for (unsigned i = 0; i < evidence->figure_count; i++) {
        if (strcmp(evidence->figures[i].name, name) == 0)
            return &evidence->figures[i];
    }

    return NULL;
}

/* --- writing ---------------------------------------------------------------------------------- */

static void
add_member(struct buf *out, const char *key, const char *text)
{
    buf_printf(out, ", \"%s\": ", key);
    json_write_str(out, str_from(text));
}

static void
add_figures(struct buf *out, const struct evidence *item)
{
    if (item->figure_count == 0)
        return;
    BUF_ADD_LIT(out, ", \"figures\": [");
    for (unsigned i = 0; i < item->figure_count; i++) {
        const struct evidence_figure *figure = &item->figures[i];

        buf_add_str(out, i > 0 ? STR(", {\"name\": ") : STR("{\"name\": "));
        json_write_str(out, str_from(figure->name));
        BUF_ADD_LIT(out, ", \"value\": ");
        buf_add_f64(out, figure->value);
        add_member(out, "unit", figure->unit);
        BUF_ADD_LIT(out, "}");
    }
    BUF_ADD_LIT(out, "]");
}

static void
add_item(struct buf *out, const struct evidence *item)
{
    char at[DATE_TIME_SIZE];

    date_time_from_us(item->at_us, at);
    BUF_ADD_LIT(out, "    {\"row\": ");
    json_write_str(out, str_from(item->row));
    add_member(out, "class", lifecycle_class_names[item->class]);
    add_member(out, "outcome", outcomes[item->outcome]);
    add_member(out, "measured", item->measured);
    if (item->limit[0] != '\0')
        add_member(out, "limit", item->limit);
    if (item->detail[0] != '\0')
        add_member(out, "detail", item->detail);
    add_member(out, "at", at);
    BUF_ADD_LIT(out, ", \"seconds\": ");
    buf_add_f64(out, item->seconds);
    add_figures(out, item);
    BUF_ADD_LIT(out, "}");
}

void
evidence_print(const struct evidence_run *run, struct buf *out)
{
    char at[DATE_TIME_SIZE];
    char seal[CHECKSUM_HEX_SIZE];
    size_t start = out->len;

    date_time_from_us(run->at_us, at);
    buf_printf(out, "{\n  \"schema\": %d", SCHEMA_VERSION);
    add_member(out, "at", at);
    add_member(out, "cairn", run->version);
    add_member(out, "target", run->target);
    add_member(out, "host", run->host);
    BUF_ADD_LIT(out, ",\n  \"subject\": {\"config\": ");
    json_write_str(out, str_from(run->subject.config));
    add_member(out, "schema", run->subject.schema);
    add_member(out, "binary", run->subject.binary);
    add_member(out, "stage", lifecycle_stage_names[run->subject.stage]);
    BUF_ADD_LIT(out, "},\n  \"items\": [\n");
    for (size_t i = 0; i < run->count; i++) {
        if (i > 0)
            BUF_ADD_LIT(out, ",\n");
        add_item(out, &run->items[i]);
    }
    BUF_ADD_LIT(out, "\n  ],\n  \"seal\": ");
    checksum_sha256_hex(str_make(out->data + start, out->len - start), seal);
    buf_printf(out, "\"%s\"\n}\n", seal);
}

/* Removes the oldest: the names sort by time. */
static void
prune(const char *folder, struct arena *arena)
{
    struct err err = {0};
    struct str *names;
    size_t count;

    if (!dir_list(folder, FILES_READ_MAX, arena, &names, &count, &err))
        return;
    for (size_t i = 0; i + EVIDENCE_FILES_KEPT < count; i++)
        unlink(arena_printf(arena, "%s/%s", folder, names[i].data).data);
}

bool
evidence_write(const char *dir, const struct evidence_run *run, struct arena *arena,
               const char **file, struct err *err)
{
    const char *folder = arena_printf(arena, "%s/" EVIDENCE_DIR, dir).data;
    char at[DATE_TIME_SIZE];
    struct buf out;
    bool created = false;
    bool ok;

    date_time_from_us(run->at_us, at);
    for (char *c = at; *c != '\0'; c++) {
        if (*c == ':')
            *c = '-';
    }
    buf_init(&out, FILE_MAX);
    evidence_print(run, &out);
    ok = dir_make(folder, 0755, err);
    for (unsigned n = 0; ok && !created && n < 100; n++) {
        *file = n == 0 ? arena_printf(arena, EVIDENCE_DIR "/%s.json", at).data
                       : arena_printf(arena, EVIDENCE_DIR "/%s_%u.json", at, n).data;
        ok = file_create(arena_printf(arena, "%s/%s", dir, *file).data, buf_str(&out), 0644,
                         &created, err);
    }
    buf_fini(&out);
    if (ok)
        prune(folder, arena);

    return ok;
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool
take_subject(const struct json *object, struct evidence_subject *out)
{
    const struct {
        const char *key;
        char *to;
    } parts[] = {{"config", out->config}, {"schema", out->schema}, {"binary", out->binary}};

    for (unsigned i = 0; i < COUNTOF(parts); i++) {
        struct str hash = json_get_str(object, parts[i].key, STR(""));

        if (hash.len >= CHECKSUM_HEX_SIZE)
            return false;
        memcpy(parts[i].to, hash.data, hash.len);
        parts[i].to[hash.len] = '\0';
    }

    return lifecycle_parse_stage(
        json_get_str(object, "stage", str_from(lifecycle_stage_names[LIFECYCLE_POC])), &out->stage);
}

static bool
find_word(const char *const *words, size_t count, struct str word, unsigned *out)
{
    for (unsigned i = 0; i < count; i++) {
        if (str_eq(word, str_from(words[i]))) {
            *out = i;
            return true;
        }
    }

    return false;
}

static double
number_of(const struct json *value, struct arena *arena)
{
    return value != NULL && value->type == JSON_NUMBER
               ? strtod(arena_cstr(arena, value->text), NULL)
               : 0;
}

static bool
take_item(const struct json *object, struct arena *arena, struct evidence *out)
{
    const struct json *figures = json_get(object, "figures");
    struct str text = STR("");
    unsigned class = 0, outcome = 0;

    *out = (struct evidence){
        .row = arena_cstr(arena, json_get_str(object, "row", text)),
        .measured = arena_cstr(arena, json_get_str(object, "measured", text)),
        .limit = arena_cstr(arena, json_get_str(object, "limit", text)),
        .detail = arena_cstr(arena, json_get_str(object, "detail", text)),
        .seconds = number_of(json_get(object, "seconds"), arena),
    };
    if (!find_word(lifecycle_class_names, LIFECYCLE_DRILLED + 1,
                   json_get_str(object, "class", text), &class) ||
        !find_word(outcomes, COUNTOF(outcomes), json_get_str(object, "outcome", text), &outcome) ||
        !date_time_to_us(json_get_str(object, "at", text), &out->at_us))
        return false;
    out->class = (enum lifecycle_class) class;
    out->outcome = (enum evidence_outcome)outcome;
    if (figures == NULL || figures->type != JSON_ARRAY)
        return true;
    for (const struct json *figure = figures->first; figure != NULL; figure = figure->next)
        evidence_add_figure(out, arena_cstr(arena, json_get_str(figure, "name", text)),
                            number_of(json_get(figure, "value"), arena),
                            arena_cstr(arena, json_get_str(figure, "unit", text)));

    return true;
}

/* The seal is the last member: all before its value is what it was made from. */
static bool
is_sealed(struct str text)
{
    struct str mark = STR("\"seal\": ");
    char seal[CHECKSUM_HEX_SIZE];
    char end[CHECKSUM_HEX_SIZE + 8];
    size_t at;

    snprintf(end, sizeof(end), "\"\n}\n");
    if (text.len < mark.len + CHECKSUM_HEX_SIZE + strlen(end))
        return false;
    at = text.len - (strlen(end) + CHECKSUM_HEX_SIZE - 1 + 1);
    if (memcmp(text.data + at - mark.len, mark.data, mark.len) != 0)
        return false;
    checksum_sha256_hex(str_slice(text, 0, at), seal);
    snprintf(end, sizeof(end), "\"%s\"\n}\n", seal);

    return str_eq(str_slice(text, at, text.len), str_from(end));
}

struct evidence_run *
evidence_parse(struct str text, struct arena *arena, const char **why)
{
    struct evidence_run *run = ARENA_NEW(arena, struct evidence_run);
    const struct json *items;
    struct json *root;
    struct err err = {0};

    if (!is_sealed(text)) {
        *why = "it was cut short or changed after it was written";
        return NULL;
    }
    if (!json_parse(text, JSON_LIMITS_DEFAULT, arena, &root, &err) ||
        json_get_i64(root, "schema", 0) != SCHEMA_VERSION) {
        *why = "another version of cairn wrote it";
        return NULL;
    }
    items = json_get(root, "items");
    run->version = arena_cstr(arena, json_get_str(root, "cairn", STR("")));
    run->target = arena_cstr(arena, json_get_str(root, "target", STR("")));
    run->host = arena_cstr(arena, json_get_str(root, "host", STR("")));
    *why = "a field of it is not what it should be";
    if (!date_time_to_us(json_get_str(root, "at", STR("")), &run->at_us) ||
        !take_subject(json_get(root, "subject"), &run->subject) || items == NULL ||
        items->type != JSON_ARRAY || items->count > ITEMS_MAX)
        return NULL;
    run->items = ARENA_ARRAY(arena, struct evidence, items->count + 1);
    for (const struct json *item = items->first; item != NULL; item = item->next) {
        if (!take_item(item, arena, &run->items[run->count++]))
            return NULL;
    }

    return run;
}

const struct evidence *
evidence_find(const struct evidence_store *store, const char *row)
{
    for (size_t i = 0; i < store->count; i++) {
        if (strcmp(store->items[i].row, row) == 0)
            return &store->items[i];
    }

    return NULL;
}

const struct evidence *
evidence_find_of_stage(const struct evidence_store *store, const char *row,
                       enum lifecycle_stage stage, bool *is_stale)
{
    const struct evidence *found = evidence_find(store, row);

    for (size_t i = 0; found != NULL && found->class > LIFECYCLE_STATIC && i < store->count; i++) {
        if (store->items[i].stage == stage && strcmp(store->items[i].row, row) == 0) {
            found = &store->items[i];
            break;
        }
    }
    *is_stale = found != NULL &&
                (found->is_stale || (found->class >= LIFECYCLE_MEASURED && found->stage != stage));

    return found;
}

/* Static rows and configuration are looked at anew on every run; what was measured or drilled is
 * about one subject. */
static bool
is_stale(const struct evidence *item, const struct evidence_run *run,
         const struct evidence_subject *now, int64_t now_us)
{
    if (item->at_us > now_us)
        return true;
    if (item->class < LIFECYCLE_MEASURED)
        return false;

    return strcmp(run->subject.config, now->config) != 0 ||
           strcmp(run->subject.schema, now->schema) != 0 ||
           strcmp(run->subject.binary, now->binary) != 0;
}

static struct evidence *
find_newer(struct evidence_store *store, const char *row, enum lifecycle_stage stage)
{
    for (size_t i = 0; i < store->count; i++) {
        if (store->items[i].stage == stage && strcmp(store->items[i].row, row) == 0)
            return &store->items[i];
    }

    return NULL;
}

/* Keeps the items of rows that no newer run at the same stage has told anything about that still
 * holds: what was asked of another subject, or by a clock that was ahead, takes nothing away. */
static void
keep(struct evidence_store *store, const struct evidence_run *run,
     const struct evidence_subject *now, int64_t now_us)
{
    for (size_t i = 0; i < run->count; i++) {
        struct evidence item = run->items[i];
        struct evidence *newer = find_newer(store, item.row, run->subject.stage);

        item.stage = run->subject.stage;
        item.is_stale = is_stale(&item, run, now, now_us);
        if (newer == NULL && store->count < KEPT_MAX)
            store->items[store->count++] = item;
        else if (newer != NULL && newer->is_stale && !item.is_stale)
            *newer = item;
    }
}

bool
evidence_load(const char *dir, const char *target, const struct evidence_subject *subject,
              int64_t now_us, struct arena *arena, struct evidence_store *out, struct err *err)
{
    const char *folder = arena_printf(arena, "%s/" EVIDENCE_DIR, dir).data;
    struct str *names;
    size_t count = 0;

    *out = (struct evidence_store){.items = ARENA_ARRAY(arena, struct evidence, KEPT_MAX)};
    if (!file_exists(folder))
        return true;
    if (!dir_list(folder, FILES_READ_MAX, arena, &names, &count, err))
        return false;
    out->faults = ARENA_ARRAY(arena, struct evidence_fault, count + 1);
    for (size_t i = count; i > 0; i--) {
        const struct evidence_run *run;
        const char *why = NULL;
        struct err ignored = {0};
        struct buf text;

        buf_init(&text, FILE_MAX);
        if (!file_read(arena_printf(arena, "%s/%s", folder, names[i - 1].data).data, &text, NULL,
                       &ignored))
            why = arena_cstr(arena, str_from(ignored.message));
        run = why == NULL ? evidence_parse(arena_copy(arena, buf_str(&text)), arena, &why) : NULL;
        buf_fini(&text);
        if (run == NULL)
            out->faults[out->fault_count++] =
                (struct evidence_fault){.file = names[i - 1].data, .why = why};
        else if (strcmp(run->target, target) == 0)
            keep(out, run, subject, now_us);
    }

    return true;
}
