/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/target.h"

#include "io/file.h"
#include "lifecycle/fields.h"

enum { FILE_MAX = 64 * 1024, START_DEFAULT_S = 20, START_MAX_S = 120 };

struct reader {
    const char *file;
    struct target *target;
    struct err *err;
};

/* The fields that are a text. */
static const struct {
    const char *key;
    size_t offset;
    bool needed;
} texts[] = {
    {"name", offsetof(struct target, name), true},
    {"dir", offsetof(struct target, dir), false},
    {"live", offsetof(struct target, live), false},
    {"ready", offsetof(struct target, ready), true},
    {"metrics", offsetof(struct target, metrics), false},
    {"docs", offsetof(struct target, docs), false},
    {"write_path", offsetof(struct target, write_path), true},
    {"write_body", offsetof(struct target, write_body), true},
    {"read_path", offsetof(struct target, read_path), true},
    {"read_key", offsetof(struct target, read_key), true},
    {"one_path", offsetof(struct target, one_path), false},
    {"data", offsetof(struct target, data), false},
    {"database", offsetof(struct target, database), false},
    {"log", offsetof(struct target, log), false},
};

static const struct {
    const char *key;
    size_t offset;
    bool needed;
} lists[] = {
    {"start", offsetof(struct target, start), true},
    {"env", offsetof(struct target, env), false},
};

static bool
refuse(struct reader *reader, size_t line, const char *what, const char *key)
{
    err_set(reader->err, ERR_CONFIG, "", "%s:%zu: %s '%.100s'", reader->file, line, what, key);
    err_hint(reader->err,
             "name, start, env, dir, live, ready, metrics, docs, write_path, write_body, "
             "read_path, read_key, one_path, data, database, log and start_timeout are known");

    return false;
}

static bool
take_field(struct reader *reader, const struct field *field)
{
    char *target = (char *)reader->target;
    uint64_t seconds;

    for (size_t i = 0; i < COUNTOF(texts); i++) {
        if (strcmp(field->key, texts[i].key) != 0)
            continue;
        if (field->text == NULL)
            return refuse(reader, field->key_line, "a text is needed for", field->key);
        *(const char **)(void *)(target + texts[i].offset) = field->text;
        return true;
    }
    for (size_t i = 0; i < COUNTOF(lists); i++) {
        if (strcmp(field->key, lists[i].key) != 0)
            continue;
        if (field->items == NULL)
            return refuse(reader, field->key_line, "a list of texts is needed for", field->key);
        *(const char *const **)(void *)(target + lists[i].offset) = field->items;
        return true;
    }
    if (strcmp(field->key, "start_timeout") != 0)
        return refuse(reader, field->key_line, "unknown field", field->key);
    if (field->text == NULL || !str_to_u64(str_from(field->text), &seconds) || seconds == 0 ||
        seconds > START_MAX_S)
        return refuse(reader, field->key_line, "seconds, 1 to 120, are needed for", field->key);
    reader->target->start_timeout_s = (unsigned)seconds;

    return true;
}

/* A URL with a password doesn't belong into a file: $NAME is what the environment has. */
static bool
take_database(struct reader *reader)
{
    const char *text = reader->target->database;

    if (text != NULL && text[0] == '$') {
        text = getenv(text + 1);
        if (text == NULL) {
            refuse(reader, 1, "the environment doesn't have", reader->target->database);
            err_hint(reader->err,
                     "export %s=postgres://USER:PASSWORD@HOST:PORT/NAME, who may make "
                     "databases there",
                     reader->target->database + 1);
            return false;
        }
    }
    if (text != NULL && strncmp(text, "postgres://", 11) != 0 &&
        strncmp(text, "postgresql://", 13) != 0)
        return refuse(reader, 1, "postgres://USER:PASSWORD@HOST:PORT/NAME is needed for",
                      "database");
    reader->target->database = text;

    return true;
}

static bool
check_whole(struct reader *reader)
{
    char *target = (char *)reader->target;

    for (size_t i = 0; i < COUNTOF(texts); i++) {
        if (texts[i].needed && *(const char **)(void *)(target + texts[i].offset) == NULL)
            return refuse(reader, 1, "this is missing:", texts[i].key);
    }
    for (size_t i = 0; i < COUNTOF(lists); i++) {
        if (lists[i].needed && *(const char *const **)(void *)(target + lists[i].offset) == NULL)
            return refuse(reader, 1, "this is missing:", lists[i].key);
    }
    if (strstr(reader->target->write_body, "{n}") == NULL)
        return refuse(reader, 1, "{n}, the number of the write, is missing in", "write_body");
    if (strstr(reader->target->read_path, "{offset}") == NULL)
        return refuse(reader, 1, "{offset}, where a page begins, is missing in", "read_path");
    if (reader->target->live == NULL)
        reader->target->live = reader->target->ready;

    return take_database(reader);
}

bool
target_parse(struct str text, const char *file, struct arena *arena, struct target *out,
             struct err *err)
{
    struct reader reader = {.file = file, .target = out, .err = err};
    struct fields fields;

    *out = (struct target){.dir = ".", .start_timeout_s = START_DEFAULT_S};
    if (!fields_parse(text, arena, &fields))
        return refuse(&reader, fields.error_line, fields.error, "it begins as: name: my service");
    for (size_t i = 0; i < fields.count; i++) {
        if (!take_field(&reader, &fields.items[i]))
            return false;
    }

    return check_whole(&reader);
}

bool
target_load(const char *path, struct arena *arena, struct target *out, struct err *err)
{
    const char *slash = strrchr(path, '/');
    struct buf text;
    bool ok;

    buf_init(&text, FILE_MAX);
    ok = file_read(path, &text, NULL, err) &&
         target_parse(arena_copy(arena, buf_str(&text)), path, arena, out, err);
    buf_fini(&text);
    if (ok && out->dir[0] != '/' && slash != NULL)
        out->dir = arena_printf(arena, "%.*s/%s", (int)(slash - path), path, out->dir).data;

    return ok;
}

void
target_add_filled(struct buf *out, const char *text, const char *name, struct str value)
{
    const char *at;

    while ((at = strstr(text, name)) != NULL) {
        buf_add(out, text, (size_t)(at - text));
        buf_add_str(out, value);
        text = at + strlen(name);
    }
    buf_add_str(out, str_from(text));
}

const char *
target_fill(struct arena *arena, const char *text, const char *name, const char *value)
{
    struct buf out;

    if (strstr(text, name) == NULL)
        return text;
    buf_init(&out, FILE_MAX);
    target_add_filled(&out, text, name, str_from(value));
    text = arena_copy(arena, buf_str(&out)).data;
    buf_fini(&out);

    return text;
}
