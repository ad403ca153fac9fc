/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/own_rows.h"

#include <stdarg.h>

#include "io/file.h"
#include "lifecycle/fields.h"

enum {
    FILES_MAX = 256,
    FILE_MAX = 64 * 1024,
    TIMEOUT_DEFAULT_S = 10,
    TIMEOUT_MAX_S = 600,
};

struct reader {
    const char *name; /* of the file, for errors */
    struct arena *arena;
    struct catalogue_errors *errors;
    size_t errors_before;
    struct lifecycle_row *row;
    bool has_need;
    bool has_verify;
};

static void fault(struct reader *reader, size_t line, const char *hint, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

static void
fault(struct reader *reader, size_t line, const char *hint, const char *fmt, ...)
{
    struct catalogue_errors *errors = reader->errors;
    struct catalogue_error *error;
    char small[512];
    va_list args;

    if (errors->count == errors->cap) {
        struct catalogue_error *grown;

        errors->cap = errors->cap > 0 ? 2 * errors->cap : 8;
        grown = ARENA_ARRAY(reader->arena, struct catalogue_error, errors->cap);
        if (errors->count > 0)
            memcpy(grown, errors->items, errors->count * sizeof(*grown));
        errors->items = grown;
    }
    va_start(args, fmt);
    vsnprintf(small, sizeof(small), fmt, args);
    va_end(args);
    error = &errors->items[errors->count++];
    error->where = arena_printf(reader->arena, "%s:%zu", reader->name, line).data;
    error->message = arena_cstr(reader->arena, str_from(small));
    error->hint = hint;
}

static bool
parse_need(struct str word, enum lifecycle_need *out)
{
    static const char *const words[] = {"-", "nice", "should", "must"};

    for (unsigned i = 0; i < COUNTOF(words); i++) {
        if (str_eq(word, str_from(words[i]))) {
            *out = (enum lifecycle_need)i;
            return true;
        }
    }

    return false;
}

static void
set_need(struct reader *reader, size_t line, const char *text)
{
    struct str rest = str_from(text);
    unsigned count = 0;

    reader->has_need = true;
    while (rest.len > 0) {
        struct str word = str_cut(&rest, ' ');

        if (word.len == 0)
            continue;
        if (count == LIFECYCLE_STAGE_COUNT || !parse_need(word, &reader->row->need[count])) {
            count = 0;
            break;
        }
        count++;
    }
    if (count != LIFECYCLE_STAGE_COUNT)
        fault(reader, line, "one of must, should, nice and - for poc, mvp, production, scale",
              "need: '%.100s'", text);
}

static void
set_area(struct reader *reader, size_t line, const char *text)
{
    for (int i = 0; i < LIFECYCLE_AREA_COUNT; i++) {
        if (str_eq_nocase(str_from(text), str_from(lifecycle_area_names[i]))) {
            reader->row->area = (enum lifecycle_area)i;
            return;
        }
    }
    fault(
        reader, line,
        "Product, Infrastructure, Security, Reliability, Observability, Operations, CI/CD or People",
        "area: '%.100s'", text);
}

static void
set_priority(struct reader *reader, size_t line, const char *text)
{
    if (strlen(text) == 2 && text[0] == 'P' && text[1] >= '0' && text[1] <= '2')
        reader->row->priority = (unsigned)(text[1] - '0');
    else
        fault(reader, line, "P0, P1 or P2", "priority: '%.100s'", text);
}

static void
set_verify(struct reader *reader, size_t line, const char *text)
{
    reader->has_verify = true;
    for (unsigned i = 0; i <= LIFECYCLE_DRILLED; i++) {
        if (str_eq(str_from(text), str_from(lifecycle_class_names[i]))) {
            reader->row->verify = (enum lifecycle_class)i;
            return;
        }
    }
    fault(reader, line, "attested, static, config, measured or drilled", "verify: '%.100s'", text);
}

static void
set_timeout(struct reader *reader, size_t line, const char *text)
{
    struct str digits = str_from(text);
    int64_t seconds;

    if (digits.len > 0 && digits.data[digits.len - 1] == 's')
        digits.len--;
    if (str_to_i64(digits, &seconds) && seconds >= 1 && seconds <= TIMEOUT_MAX_S)
        reader->row->timeout_s = (unsigned)seconds;
    else
        fault(reader, line, "seconds, 1s to 600s", "timeout: '%.100s'", text);
}

/* The fields that are a text kept as it is. */
static const struct {
    const char *key;
    size_t offset;
} texts[] = {
    {"id", offsetof(struct lifecycle_row, id)},
    {"title", offsetof(struct lifecycle_row, title)},
    {"when", offsetof(struct lifecycle_row, when)},
    {"cost", offsetof(struct lifecycle_row, cost)},
    {"fix", offsetof(struct lifecycle_row, fix)},
    {"adr", offsetof(struct lifecycle_row, adr)},
    {"gap", offsetof(struct lifecycle_row, gap)},
};

/* The fields that have a set of values. */
static const struct {
    const char *key;
    void (*set)(struct reader *reader, size_t line, const char *text);
} sets[] = {
    {"need", set_need},     {"area", set_area},       {"priority", set_priority},
    {"verify", set_verify}, {"timeout", set_timeout},
};

static const struct {
    const char *key;
    size_t offset;
} lists[] = {
    {"names", offsetof(struct lifecycle_row, names)},
    {"docs", offsetof(struct lifecycle_row, docs)},
    {"command", offsetof(struct lifecycle_row, command)},
};

static bool
set_field(struct reader *reader, const struct field *field)
{
    char *row = (char *)reader->row;

    for (unsigned i = 0; i < COUNTOF(texts); i++) {
        if (strcmp(field->key, texts[i].key) != 0)
            continue;
        if (field->text == NULL)
            fault(reader, field->line, "write: KEY: some text", "%s takes a text", field->key);
        *(const char **)(void *)(row + texts[i].offset) = field->text;
        return true;
    }
    for (unsigned i = 0; i < COUNTOF(sets); i++) {
        if (strcmp(field->key, sets[i].key) != 0)
            continue;
        if (field->text != NULL)
            sets[i].set(reader, field->line, field->text);
        else
            fault(reader, field->line, "write: KEY: some text", "%s takes a text", field->key);
        return true;
    }
    for (unsigned i = 0; i < COUNTOF(lists); i++) {
        if (strcmp(field->key, lists[i].key) != 0)
            continue;
        if (field->items == NULL)
            fault(reader, field->line, "write a list: [a, b]", "%s takes a list of 1 to %d texts",
                  field->key, FIELDS_LIST_MAX);
        *(const char *const **)(void *)(row + lists[i].offset) = field->items;
        return true;
    }

    return false;
}

static bool
is_id(const char *id)
{
    size_t len = strlen(id);

    for (size_t i = 0; i < len; i++) {
        if (!((id[i] >= 'a' && id[i] <= 'z') || (id[i] >= '0' && id[i] <= '9') || id[i] == '-'))
            return false;
    }

    return len > 0 && len < 64;
}

/* What must stand in a row, and what must not stand together. */
static void
check_whole(struct reader *reader)
{
    const struct lifecycle_row *row = reader->row;
    const struct {
        const char *key;
        bool given;
    } needed[] = {
        {"title", row->title != NULL},
        {"cost", row->cost != NULL},
        {"fix", row->fix != NULL},
        {"need", reader->has_need},
    };

    for (unsigned i = 0; i < COUNTOF(needed); i++) {
        if (!needed[i].given)
            fault(reader, 1, "title, need, cost and fix are needed", "%s is missing",
                  needed[i].key);
    }
    if (row->id != NULL && !is_id(row->id))
        fault(reader, 1, "small letters, digits and -", "id: '%.100s'", row->id);
    for (size_t i = 0; row->id != NULL && i < lifecycle_row_count; i++) {
        if (str_eq(str_from(row->id), str_from(lifecycle_rows[i].id)))
            fault(reader, 1, "take another id", "'%s' is a row of cairn's own", row->id);
    }
    if (row->command == NULL && reader->has_verify && row->verify != LIFECYCLE_ATTESTED)
        fault(reader, 1, "add command: [program, argument], or verify: attested",
              "verify: %s needs a command", lifecycle_class_names[row->verify]);
    if (row->command != NULL && reader->has_verify && row->verify == LIFECYCLE_ATTESTED)
        fault(reader, 1, "leave one of them out", "verify: attested, and a command");
}

static void
read_fields(struct reader *reader, const struct fields *fields)
{
    for (size_t i = 0; i < fields->count; i++) {
        if (!set_field(reader, &fields->items[i]))
            fault(
                reader, fields->items[i].key_line,
                "id, title, area, need, priority, verify, command, timeout, when, cost, fix, names, "
                "adr, docs and gap are known",
                "unknown field '%.100s'", fields->items[i].key);
    }
}

static void
set_defaults(struct reader *reader)
{
    static const char *const none[] = {NULL};
    struct lifecycle_row *row = reader->row;

    if (row->id == NULL) {
        struct str id = str_from(reader->name);

        for (size_t i = id.len; i > 0; i--) {
            if (id.data[i - 1] == '/') {
                id = str_slice(id, i, id.len);
                break;
            }
        }
        row->id = arena_cstr(reader->arena, str_slice(id, 0, str_find_char(id, '.', 0)));
    }
    if (row->names == NULL)
        row->names = none;
    if (row->docs == NULL)
        row->docs = none;
    if (row->command != NULL && !reader->has_verify)
        row->verify = LIFECYCLE_MEASURED;
    if (row->timeout_s == 0)
        row->timeout_s = TIMEOUT_DEFAULT_S;
    row->filter = LIFECYCLE_LATER;
    for (int i = 0; i < LIFECYCLE_STAGE_COUNT; i++)
        row->accept[i] = row->verify;
}

const struct lifecycle_row *
own_row_parse(struct str text, const char *name, struct arena *arena,
              struct catalogue_errors *errors)
{
    struct reader reader = {
        .name = name, .arena = arena, .errors = errors, .errors_before = errors->count};
    struct fields fields;

    reader.row = ARENA_NEW(arena, struct lifecycle_row);
    reader.row->area = LIFECYCLE_AREA_OPERATIONS;
    reader.row->priority = 1;
    if (fields_parse(text, arena, &fields)) {
        read_fields(&reader, &fields);
        set_defaults(&reader);
        check_whole(&reader);
    } else {
        fault(&reader, fields.error_line, "write fields: title: ..., need: ...", "%s",
              fields.error);
    }

    return errors->count == reader.errors_before ? reader.row : NULL;
}

static bool
is_yaml(struct str name)
{
    return str_has_suffix(name, STR(".yaml")) || str_has_suffix(name, STR(".yml"));
}

void
own_rows_load(const char *dir, struct arena *arena, const struct lifecycle_row **out, size_t *count,
              struct catalogue_errors *errors)
{
    const char *folder = arena_printf(arena, "%s/checks", dir).data;
    struct reader place = {.name = "checks", .arena = arena, .errors = errors};
    struct lifecycle_row *rows;
    struct err err = {0};
    struct str *names;
    size_t name_count;

    *count = 0;
    if (!file_exists(folder))
        return;
    if (!dir_list(folder, FILES_MAX, arena, &names, &name_count, &err)) {
        fault(&place, 0, NULL, "%s", err.message);
        return;
    }
    rows = ARENA_ARRAY(arena, struct lifecycle_row, name_count + 1);
    for (size_t i = 0; i < name_count; i++) {
        const struct lifecycle_row *row;
        struct buf text;

        if (!is_yaml(names[i]))
            continue;
        place.name = arena_printf(arena, "checks/%.*s", STR_ARG(names[i])).data;
        buf_init(&text, FILE_MAX);
        if (!file_read(arena_printf(arena, "%s/%.*s", folder, STR_ARG(names[i])).data, &text, NULL,
                       &err)) {
            fault(&place, 0, NULL, "%s", err.message);
        } else {
            row = own_row_parse(arena_copy(arena, buf_str(&text)), place.name, arena, errors);
            if (row != NULL)
                rows[(*count)++] = *row;
        }
        buf_fini(&text);
    }
    *out = rows;
}
