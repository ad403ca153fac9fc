/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/target.h"

#include "io/file.h"

#include <yaml.h>

enum { FILE_MAX = 64 * 1024, ITEMS_MAX = 64, START_DEFAULT_S = 20, START_MAX_S = 120 };

struct reader {
    yaml_document_t document;
    const char *file;
    struct arena *arena;
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

static struct str
scalar(const yaml_node_t *node)
{
    return str_make((const char *)node->data.scalar.value, node->data.scalar.length);
}

static bool
is_text(const yaml_node_t *node)
{
    return node->type == YAML_SCALAR_NODE && node->data.scalar.length > 0 &&
           memchr(node->data.scalar.value, '\0', node->data.scalar.length) == NULL;
}

static const char *const *
take_list(struct reader *reader, const yaml_node_t *value)
{
    const yaml_node_item_t *first = value->data.sequence.items.start;
    const char **items;
    size_t count;

    if (value->type != YAML_SEQUENCE_NODE)
        return NULL;
    count = (size_t)(value->data.sequence.items.top - first);
    if (count == 0 || count > ITEMS_MAX)
        return NULL;
    items = ARENA_ARRAY(reader->arena, const char *, count + 1);
    for (size_t i = 0; i < count; i++) {
        const yaml_node_t *item = yaml_document_get_node(&reader->document, first[i]);

        if (!is_text(item))
            return NULL;
        items[i] = arena_cstr(reader->arena, scalar(item));
    }

    return items;
}

static bool
take_field(struct reader *reader, const char *key, const yaml_node_t *value, size_t line)
{
    char *target = (char *)reader->target;
    uint64_t seconds;

    for (size_t i = 0; i < COUNTOF(texts); i++) {
        if (strcmp(key, texts[i].key) != 0)
            continue;
        if (!is_text(value))
            return refuse(reader, line, "a text is needed for", key);
        *(const char **)(void *)(target + texts[i].offset) =
            arena_cstr(reader->arena, scalar(value));
        return true;
    }
    for (size_t i = 0; i < COUNTOF(lists); i++) {
        const char *const *items;

        if (strcmp(key, lists[i].key) != 0)
            continue;
        items = take_list(reader, value);
        if (items == NULL)
            return refuse(reader, line, "a list of texts is needed for", key);
        *(const char *const **)(void *)(target + lists[i].offset) = items;
        return true;
    }
    if (strcmp(key, "start_timeout") != 0)
        return refuse(reader, line, "unknown field", key);
    if (!is_text(value) || !str_to_u64(scalar(value), &seconds) || seconds == 0 ||
        seconds > START_MAX_S)
        return refuse(reader, line, "seconds, 1 to 120, are needed for", key);
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

static bool
read_fields(struct reader *reader)
{
    const yaml_node_t *root = yaml_document_get_root_node(&reader->document);

    if (root == NULL || root->type != YAML_MAPPING_NODE)
        return refuse(reader, 1, "fields are needed, as", "name: my service");
    for (const yaml_node_pair_t *pair = root->data.mapping.pairs.start;
         pair < root->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = yaml_document_get_node(&reader->document, pair->key);
        const yaml_node_t *value = yaml_document_get_node(&reader->document, pair->value);
        size_t line = key->start_mark.line + 1;

        if (!is_text(key))
            return refuse(reader, line, "a name is needed before", ":");
        if (!take_field(reader, arena_cstr(reader->arena, scalar(key)), value, line))
            return false;
    }

    return check_whole(reader);
}

bool
target_parse(struct str text, const char *file, struct arena *arena, struct target *out,
             struct err *err)
{
    struct reader reader = {.file = file, .arena = arena, .target = out, .err = err};
    yaml_parser_t parser;
    bool ok;

    *out = (struct target){.dir = ".", .start_timeout_s = START_DEFAULT_S};
    if (yaml_parser_initialize(&parser) == 0)
        abort();
    yaml_parser_set_input_string(&parser, (const unsigned char *)text.data, text.len);
    if (yaml_parser_load(&parser, &reader.document) == 0) {
        ok =
            err_set(err, ERR_CONFIG, "", "%s:%zu: not YAML: %s", file, parser.problem_mark.line + 1,
                    parser.problem != NULL ? parser.problem : "unreadable");
    } else {
        ok = read_fields(&reader);
        yaml_document_delete(&reader.document);
    }
    yaml_parser_delete(&parser);

    return ok;
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

const char *
target_fill(struct arena *arena, const char *text, const char *name, const char *value)
{
    size_t length = strlen(name);
    const char *at = strstr(text, name);
    struct buf out;

    if (at == NULL)
        return text;
    buf_init(&out, FILE_MAX);
    for (; at != NULL; at = strstr(text, name)) {
        buf_add(&out, text, (size_t)(at - text));
        buf_add_str(&out, str_from(value));
        text = at + length;
    }
    buf_add_str(&out, str_from(text));
    text = arena_copy(arena, buf_str(&out)).data;
    buf_fini(&out);

    return text;
}
