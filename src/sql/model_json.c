/* SPDX-License-Identifier: Apache-2.0 */
#include "core/json.h"
#include "sql/migration.h"
#include "sql/model.h"
#include "sql/model_shape.h"

/*
 * The record of the embedded engine's model: {"version":2, ...}, members that have their zero value
 * left out. The text was written by us, but it lies in a file that anyone may have edited: reading
 * takes nothing for granted.
 */

/* Version 1 had no access rules, and is read as one where nothing was stated. */
#define VERSION 2
#define VERSION_OLDEST 1
#define TEXT_MAX ((size_t)256 << 20)
#define TYPE_MODIFIER_MAX 10485760

/* Names of types in the record: unlike the enum's numbers they never change. */
static const char *const type_names[] = {
    [TYPE_UNKNOWN] = "unknown",
    [TYPE_BOOL] = "bool",
    [TYPE_INT2] = "int2",
    [TYPE_INT4] = "int4",
    [TYPE_INT8] = "int8",
    [TYPE_FLOAT4] = "float4",
    [TYPE_FLOAT8] = "float8",
    [TYPE_NUMERIC] = "numeric",
    [TYPE_TEXT] = "text",
    [TYPE_VARCHAR] = "varchar",
    [TYPE_BPCHAR] = "bpchar",
    [TYPE_BYTEA] = "bytea",
    [TYPE_DATE] = "date",
    [TYPE_TIME] = "time",
    [TYPE_TIMETZ] = "timetz",
    [TYPE_TIMESTAMP] = "timestamp",
    [TYPE_TIMESTAMPTZ] = "timestamptz",
    [TYPE_INTERVAL] = "interval",
    [TYPE_UUID] = "uuid",
    [TYPE_JSON] = "json",
    [TYPE_JSONB] = "jsonb",
    [TYPE_ENUM] = "enum",
    [TYPE_TSVECTOR] = "tsvector",
    [TYPE_TSQUERY] = "tsquery",
    [TYPE_ARRAY] = "array",
    [TYPE_OTHER] = "other",
};

static const char *const action_names[] = {
    [MODEL_NO_ACTION] = "no action",     [MODEL_RESTRICT] = "restrict",
    [MODEL_CASCADE] = "cascade",         [MODEL_SET_NULL] = "set null",
    [MODEL_SET_DEFAULT] = "set default",
};

static const char *const key_kind_names[] = {
    [MODEL_PRIMARY] = "primary",
    [MODEL_UNIQUE] = "unique",
};

static const char *const command_names[] = {
    [MODEL_FOR_ALL] = "all",       [MODEL_FOR_SELECT] = "select", [MODEL_FOR_INSERT] = "insert",
    [MODEL_FOR_UPDATE] = "update", [MODEL_FOR_DELETE] = "delete",
};

static const char *const volatility_names[] = {
    [MODEL_IMMUTABLE] = "immutable",
    [MODEL_STABLE] = "stable",
    [MODEL_VOLATILE] = "volatile",
};

static const char *const result_names[] = {
    [MODEL_RESULT_VOID] = "void",
    [MODEL_RESULT_SCALAR] = "scalar",
    [MODEL_RESULT_RECORD] = "record",
    [MODEL_RESULT_ROW] = "row",
};

/* --- writing -------------------------------------------------------------------------------- */

static void
write_key(struct buf *out, const char *name, bool *first)
{
    if (!*first)
        buf_add_char(out, ',');
    *first = false;
    json_write_str(out, str_from(name));
    buf_add_char(out, ':');
}

static void
write_strs(struct buf *out, const struct str *strs, uint32_t count)
{
    buf_add_char(out, '[');
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            buf_add_char(out, ',');
        json_write_str(out, strs[i]);
    }
    buf_add_char(out, ']');
}

static void
write_modifier(struct buf *out, const char *name, int32_t value, bool *first)
{
    if (value == -1)
        return;
    write_key(out, name, first);
    buf_add_i64(out, value);
}

static void
write_type(struct buf *out, const struct type *type)
{
    bool first = true;

    buf_add_char(out, '{');
    write_key(out, "id", &first);
    json_write_str(out, str_from(type_names[type->id]));
    write_modifier(out, "length", type->length, &first);
    write_modifier(out, "precision", type->precision, &first);
    write_modifier(out, "scale", type->scale, &first);
    if (!str_eq(type->name, type_builtin(type->id)->name)) {
        write_key(out, "name", &first);
        json_write_str(out, type->name);
    }
    if (type->label_count > 0) {
        write_key(out, "labels", &first);
        write_strs(out, type->labels, type->label_count);
    }
    if (type->elem != NULL) {
        write_key(out, "elem", &first);
        write_type(out, type->elem);
    }
    buf_add_char(out, '}');
}

static void write_object(struct buf *out, const struct shape *shape, const char *object,
                         int64_t version);

static void
write_array(struct buf *out, const struct shape_field *field, const void *array, uint32_t count)
{
    buf_add_char(out, '[');
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            buf_add_char(out, ',');
        if (field->kind == SHAPE_INDEXES)
            buf_add_u64(out, ((const uint32_t *)array)[i]);
        else
            write_object(out, field->element, (const char *)array + i * field->element->size, 0);
    }
    buf_add_char(out, ']');
}

static bool
is_zero(const struct shape_field *field, const char *object)
{
    const void *member = object + field->offset;

    switch (field->kind) {
    case SHAPE_STR:
        return ((const struct str *)member)->len == 0;
    case SHAPE_BOOL:
        return !*(const bool *)member;
    case SHAPE_I64:
        return *(const int64_t *)member == 0;
    case SHAPE_STRS:
    case SHAPE_INDEXES:
    case SHAPE_LIST:
        return *(const uint32_t *)(const void *)(object + field->count_offset) == 0;
    case SHAPE_ACTION:
        return *(const enum model_action *)member == MODEL_NO_ACTION;
    case SHAPE_COMMAND:
        return *(const enum model_command *)member == MODEL_FOR_ALL;
    case SHAPE_KEY_KIND:
    case SHAPE_VOLATILITY:
    case SHAPE_RESULT:
    case SHAPE_TYPE:
        return false;
    }
    return false;
}

static void
write_member(struct buf *out, const struct shape_field *field, const char *object)
{
    const void *member = object + field->offset;

    switch (field->kind) {
    case SHAPE_STR:
        json_write_str(out, *(const struct str *)member);
        break;
    case SHAPE_BOOL:
        BUF_ADD_LIT(out, "true");
        break;
    case SHAPE_I64:
        buf_add_i64(out, *(const int64_t *)member);
        break;
    case SHAPE_ACTION:
        json_write_str(out, str_from(action_names[*(const enum model_action *)member]));
        break;
    case SHAPE_KEY_KIND:
        json_write_str(out, str_from(key_kind_names[*(const enum model_key_kind *)member]));
        break;
    case SHAPE_COMMAND:
        json_write_str(out, str_from(command_names[*(const enum model_command *)member]));
        break;
    case SHAPE_VOLATILITY:
        json_write_str(out, str_from(volatility_names[*(const enum model_volatility *)member]));
        break;
    case SHAPE_RESULT:
        json_write_str(out, str_from(result_names[*(const enum model_result *)member]));
        break;
    case SHAPE_TYPE:
        write_type(out, member);
        break;
    case SHAPE_STRS:
        write_strs(out, *(const struct str *const *)member,
                   *(const uint32_t *)(const void *)(object + field->count_offset));
        break;
    case SHAPE_INDEXES:
    case SHAPE_LIST:
        write_array(out, field, *(const void *const *)member,
                    *(const uint32_t *)(const void *)(object + field->count_offset));
        break;
    }
}

static void
write_object(struct buf *out, const struct shape *shape, const char *object, int64_t version)
{
    bool first = true;

    buf_add_char(out, '{');
    if (version > 0) {
        write_key(out, "version", &first);
        buf_add_i64(out, version);
    }
    for (size_t i = 0; i < shape->field_count; i++) {
        if (is_zero(&shape->fields[i], object))
            continue;
        write_key(out, shape->fields[i].name, &first);
        write_member(out, &shape->fields[i], object);
    }
    buf_add_char(out, '}');
}

void
model_write_json(struct buf *out, const struct model *model)
{
    write_object(out, &model_shape, (const char *)model, VERSION);
}

/* --- reading -------------------------------------------------------------------------------- */

struct reader {
    struct arena *arena; /* of the model */
    struct err *err;
};

static bool
refuse(struct reader *r, const char *cause, const struct json *at)
{
    return err_set(r->err, ERR_DB, "XX001", "unable to read the schema record: %s at '%.*s'", cause,
                   (int)(at->raw.len < 40 ? at->raw.len : 40), at->raw.data);
}

static bool
read_str(struct reader *r, const struct json *value, struct str *out)
{
    if (value->type != JSON_STRING)
        return refuse(r, "a string is expected", value);
    *out = value->text.len > 0 ? arena_copy(r->arena, value->text) : STR_NULL;
    return true;
}

/* Which of names the string is; -1 when none. */
static int
find_word(const struct json *value, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (value->type == JSON_STRING && str_eq(value->text, str_from(names[i])))
            return (int)i;
    }
    return -1;
}

static bool
read_strs(struct reader *r, const struct json *value, const struct str **out, uint32_t *count)
{
    struct str *strs;
    uint32_t n = 0;

    if (value->type != JSON_ARRAY)
        return refuse(r, "an array is expected", value);
    if (*count != 0 && *count != value->count)
        return refuse(r, "two lists of different length", value);
    strs = ARENA_ARRAY(r->arena, struct str, value->count);
    for (const struct json *item = value->first; item != NULL; item = item->next) {
        if (!read_str(r, item, &strs[n++]))
            return false;
    }
    *out = strs;
    *count = n;
    return true;
}

static bool
read_modifier(struct reader *r, const struct json *value, const char *name, int32_t *out)
{
    const struct json *member = json_get(value, name);
    int64_t number = json_get_i64(value, name, -1);

    if (member != NULL &&
        (member->type != JSON_NUMBER || number < -TYPE_MODIFIER_MAX || number > TYPE_MODIFIER_MAX))
        return refuse(r, "a type modifier is expected", value);
    *out = (int32_t)number;
    return true;
}

/* An array's element is no array. */
static bool
read_type(struct reader *r, const struct json *value, bool is_element, struct type *out)
{
    const struct json *id = json_get(value, "id");
    const struct json *name = json_get(value, "name");
    const struct json *labels = json_get(value, "labels");
    const struct json *elem = json_get(value, "elem");
    int index = id != NULL ? find_word(id, type_names, COUNTOF(type_names)) : -1;

    if (index < 0 || (is_element && index == TYPE_ARRAY) ||
        ((elem != NULL) != (index == TYPE_ARRAY)))
        return refuse(r, "a type is expected", value);
    *out = *type_builtin((enum type_id)index);
    if (name != NULL && !read_str(r, name, &out->name))
        return false;
    if (labels != NULL && !read_strs(r, labels, &out->labels, &out->label_count))
        return false;
    if (elem != NULL) {
        struct type *element = ARENA_NEW(r->arena, struct type);

        if (!read_type(r, elem, true, element))
            return false;
        out->elem = element;
    }
    return read_modifier(r, value, "length", &out->length) &&
           read_modifier(r, value, "precision", &out->precision) &&
           read_modifier(r, value, "scale", &out->scale);
}

static bool read_object(struct reader *r, const struct json *value, const struct shape *shape,
                        char *object);

static bool
read_array(struct reader *r, const struct shape_field *field, const struct json *value,
           const void **out, uint32_t *count)
{
    size_t size = field->kind == SHAPE_LIST ? field->element->size : sizeof(uint32_t);
    uint32_t n = 0;
    char *array;

    if (value->type != JSON_ARRAY)
        return refuse(r, "an array is expected", value);
    if (*count != 0 && *count != value->count)
        return refuse(r, "two lists of different length", value);
    array = arena_zalloc(r->arena, size * value->count);
    for (const struct json *item = value->first; item != NULL; item = item->next, n++) {
        uint64_t index = 0;

        if (arena_is_exhausted(r->arena))
            return refuse(r, "too large", value);
        if (field->kind == SHAPE_LIST) {
            if (!read_object(r, item, field->element, array + n * size))
                return false;
        } else {
            if (item->type != JSON_NUMBER || !str_to_u64(item->text, &index) || index > UINT32_MAX)
                return refuse(r, "an index is expected", value);
            ((uint32_t *)(void *)array)[n] = (uint32_t)index;
        }
    }
    *out = array;
    *count = n;
    return true;
}

/* Of an enum's names; the value is stored as the enum is. */
static bool
read_word(struct reader *r, const struct json *value, const char *const *names, size_t count,
          unsigned *out)
{
    int index = find_word(value, names, count);

    if (index < 0)
        return refuse(r, "an unknown word", value);
    *out = (unsigned)index;
    return true;
}

static bool
read_member(struct reader *r, const struct shape_field *field, const struct json *value,
            char *object)
{
    void *member = object + field->offset;
    uint32_t *count = (void *)(object + field->count_offset);

    switch (field->kind) {
    case SHAPE_STR:
        return read_str(r, value, member);
    case SHAPE_BOOL:
        if (value->type != JSON_TRUE && value->type != JSON_FALSE)
            return refuse(r, "true or false is expected", value);
        *(bool *)member = value->type == JSON_TRUE;
        return true;
    case SHAPE_I64:
        if (value->type != JSON_NUMBER || !str_to_i64(value->text, member))
            return refuse(r, "an integer is expected", value);
        return true;
    case SHAPE_ACTION:
        return read_word(r, value, action_names, COUNTOF(action_names), member);
    case SHAPE_KEY_KIND:
        return read_word(r, value, key_kind_names, COUNTOF(key_kind_names), member);
    case SHAPE_COMMAND:
        return read_word(r, value, command_names, COUNTOF(command_names), member);
    case SHAPE_VOLATILITY:
        return read_word(r, value, volatility_names, COUNTOF(volatility_names), member);
    case SHAPE_RESULT:
        return read_word(r, value, result_names, COUNTOF(result_names), member);
    case SHAPE_TYPE:
        return read_type(r, value, false, member);
    case SHAPE_STRS:
        return read_strs(r, value, member, count);
    case SHAPE_INDEXES:
    case SHAPE_LIST:
        return read_array(r, field, value, member, count);
    }
    return false;
}

static bool
read_object(struct reader *r, const struct json *value, const struct shape *shape, char *object)
{
    /* Members come in the order they were written in, so each is looked for where the last one
     * was found. Members that are not known come from a newer version, which VERSION keeps out. */
    size_t next = 0;

    if (value->type != JSON_OBJECT)
        return refuse(r, "an object is expected", value);
    for (const struct json *member = value->first; member != NULL; member = member->next) {
        size_t tried;

        for (tried = 0; tried < shape->field_count; tried++, next++) {
            if (next >= shape->field_count)
                next = 0;
            if (str_eq(member->key, str_from(shape->fields[next].name)))
                break;
        }
        if (tried == shape->field_count) {
            if (shape == &model_shape && str_eq(member->key, STR("version")))
                continue;
            return refuse(r, "an unknown member", member);
        }
        if (!read_member(r, &shape->fields[next++], member, object))
            return false;
    }
    return true;
}

/* What the rest of the program takes for granted about a table. */
static bool
is_sound(const struct model_table *table)
{
    for (uint32_t i = 0; i < table->column_count; i++) {
        if (table->columns[i].name.len == 0 || table->columns[i].type.name.len == 0)
            return false;
    }
    for (uint32_t k = 0; k < table->key_count; k++) {
        const struct model_key *key = &table->keys[k];

        if (key->column_count == 0 || (key->kind == MODEL_PRIMARY && k > 0))
            return false;
        for (uint32_t i = 0; i < key->column_count; i++) {
            if (key->columns[i] >= table->column_count)
                return false;
        }
    }
    for (uint32_t k = 0; k < table->foreign_key_count; k++) {
        const struct model_foreign_key *key = &table->foreign_keys[k];

        if (key->column_count == 0 || key->columns == NULL || key->ref_columns == NULL)
            return false;
        for (uint32_t i = 0; i < key->column_count; i++) {
            if (key->columns[i] >= table->column_count)
                return false;
        }
    }
    for (uint32_t i = 0; i < table->policy_count; i++) {
        if (table->policies[i].name.len == 0 || table->policies[i].path_count > MODEL_PATH_MAX)
            return false;
    }
    return table->name.len > 0 && table->schema.len > 0;
}

/* They are looked for by halving, and have exactly one row. */
static bool
check_functions(struct reader *r, struct model *model, const struct json *root)
{
    for (uint32_t i = 0; i < model->function_count; i++) {
        const struct model_function *function = &model->functions[i];
        int order = -1;

        if (i > 0)
            order = str_cmp(function[-1].schema, function->schema);
        if (i > 0 && order == 0)
            order = str_cmp(function[-1].name, function->name);
        if (order > 0 || function->name.len == 0)
            return refuse(r, "functions that are not in order", root);
        if (function->of_name.len > 0 &&
            (function->statement_count != 1 ||
             (function->own_row_count > 0 && function->own_row->column_count == 0)))
            return refuse(r, "a function of a row without its text", root);
        for (uint32_t k = 0; k < function->argument_count; k++) {
            if (function->arguments[k].type.name.len == 0)
                return refuse(r, "an argument without a type", root);
        }
        for (uint32_t k = 0; k < function->own_row_count; k++) {
            if (function->own_row_count > 1 || !is_sound(&function->own_row[k]))
                return refuse(r, "a function that does not fit together", root);
        }
    }
    return model_settle_functions(model) || refuse(r, "a function whose row is missing", root);
}

static bool
check_model(struct reader *r, const struct model *model, const struct json *root)
{
    for (uint32_t i = 0; i < model->table_count; i++) {
        const struct model_table *table = &model->tables[i];
        int order = -1;

        if (i > 0)
            order = str_cmp(table[-1].schema, table->schema);
        if (i > 0 && order == 0)
            order = str_cmp(table[-1].name, table->name);
        if (order >= 0)
            return refuse(r, "tables that are not in order", root);
        if (!is_sound(table))
            return refuse(r, "a table that does not fit together", root);
    }
    for (uint32_t i = 0; i < model->enum_count; i++) {
        if (model->enums[i].name.len == 0)
            return refuse(r, "an enum without a name", root);
    }
    for (uint32_t i = 0; i < model->sequence_count; i++) {
        if (model->sequences[i].name.len == 0)
            return refuse(r, "a sequence without a name", root);
    }
    for (uint32_t i = 0; i < model->role_count; i++) {
        if (model->roles[i].name.len == 0)
            return refuse(r, "a role without a name", root);
    }
    return true;
}

bool
model_read_json(struct str text, struct model **out, struct err *err)
{
    struct arena *tree = arena_new(65536, text.len * 24 + 65536);
    struct model *model = model_new();
    struct reader r = {.arena = model->arena, .err = err};
    struct json *root = NULL;
    int64_t version;
    bool ok = false;

    model->role_count = 0;
    arena_set_soft(tree);
    *out = NULL;
    if (text.len > TEXT_MAX) {
        err_set(err, ERR_DB, "XX001", "unable to read the schema record: it is too large");
        goto out;
    }
    if (!json_parse(text, JSON_LIMITS_DEFAULT, tree, &root, err)) {
        err_set(err, ERR_DB, "XX001", "unable to read the schema record: it is not valid JSON");
        goto out;
    }
    version = json_get_i64(root, "version", 0);
    if (version < VERSION_OLDEST || version > VERSION) {
        err_set(err, ERR_DB, "XX001",
                "unable to read the schema record: it was written by another version of cairn");
        err_hint(err, "start the version that wrote it, or a newer one");
        goto out;
    }
    if (!read_object(&r, root, &model_shape, (char *)model) || !check_model(&r, model, root) ||
        !check_functions(&r, model, root))
        goto out;
    if (model->role_count == 0)
        model_add_roles(model);
    if (arena_is_exhausted(model->arena)) {
        err_set(err, ERR_DB, "XX001", "unable to read the schema record: it is too large");
        goto out;
    }
    *out = model;
    model = NULL;
    ok = true;

out:
    model_free(model);
    arena_free(tree);
    return ok;
}
