/* SPDX-License-Identifier: Apache-2.0 */
#include "sql/type.h"

#include "sql/array.h"

#define NAME_TEXT(literal)           \
    {                                \
        literal, sizeof(literal) - 1 \
    }
#define BUILTIN(type_id, type_name) \
    [type_id] = {                   \
        .id = type_id, .length = -1, .precision = -1, .scale = -1, .name = NAME_TEXT(type_name)}

static const struct type builtins[] = {
    BUILTIN(TYPE_UNKNOWN, "unknown"),
    BUILTIN(TYPE_BOOL, "boolean"),
    BUILTIN(TYPE_INT2, "smallint"),
    BUILTIN(TYPE_INT4, "integer"),
    BUILTIN(TYPE_INT8, "bigint"),
    BUILTIN(TYPE_FLOAT4, "real"),
    BUILTIN(TYPE_FLOAT8, "double precision"),
    BUILTIN(TYPE_NUMERIC, "numeric"),
    BUILTIN(TYPE_TEXT, "text"),
    BUILTIN(TYPE_VARCHAR, "character varying"),
    BUILTIN(TYPE_BPCHAR, "character"),
    BUILTIN(TYPE_BYTEA, "bytea"),
    BUILTIN(TYPE_DATE, "date"),
    BUILTIN(TYPE_TIME, "time without time zone"),
    BUILTIN(TYPE_TIMETZ, "time with time zone"),
    BUILTIN(TYPE_TIMESTAMP, "timestamp without time zone"),
    BUILTIN(TYPE_TIMESTAMPTZ, "timestamp with time zone"),
    BUILTIN(TYPE_INTERVAL, "interval"),
    BUILTIN(TYPE_UUID, "uuid"),
    BUILTIN(TYPE_JSON, "json"),
    BUILTIN(TYPE_JSONB, "jsonb"),
    BUILTIN(TYPE_ENUM, "anyenum"),
    BUILTIN(TYPE_TSVECTOR, "tsvector"),
    BUILTIN(TYPE_TSQUERY, "tsquery"),
    BUILTIN(TYPE_ARRAY, "anyarray"),
    BUILTIN(TYPE_OTHER, "other"),
};

/* Every spelling of a built-in type: those of the SQL grammar, and the names in pg_type. */
static const struct {
    const char *name;
    enum type_id id;
} spellings[] = {
    {"bool", TYPE_BOOL},
    {"boolean", TYPE_BOOL},
    {"int2", TYPE_INT2},
    {"smallint", TYPE_INT2},
    {"int", TYPE_INT4},
    {"int4", TYPE_INT4},
    {"integer", TYPE_INT4},
    {"int8", TYPE_INT8},
    {"bigint", TYPE_INT8},
    {"float4", TYPE_FLOAT4},
    {"real", TYPE_FLOAT4},
    {"float8", TYPE_FLOAT8},
    {"float", TYPE_FLOAT8},
    {"double precision", TYPE_FLOAT8},
    {"numeric", TYPE_NUMERIC},
    {"decimal", TYPE_NUMERIC},
    {"dec", TYPE_NUMERIC},
    {"text", TYPE_TEXT},
    {"varchar", TYPE_VARCHAR},
    {"character varying", TYPE_VARCHAR},
    {"char varying", TYPE_VARCHAR},
    {"bpchar", TYPE_BPCHAR},
    {"char", TYPE_BPCHAR},
    {"character", TYPE_BPCHAR},
    {"bytea", TYPE_BYTEA},
    {"date", TYPE_DATE},
    {"time", TYPE_TIME},
    {"time without time zone", TYPE_TIME},
    {"timetz", TYPE_TIMETZ},
    {"time with time zone", TYPE_TIMETZ},
    {"timestamp", TYPE_TIMESTAMP},
    {"timestamp without time zone", TYPE_TIMESTAMP},
    {"timestamptz", TYPE_TIMESTAMPTZ},
    {"timestamp with time zone", TYPE_TIMESTAMPTZ},
    {"interval", TYPE_INTERVAL},
    {"uuid", TYPE_UUID},
    {"json", TYPE_JSON},
    {"jsonb", TYPE_JSONB},
    {"tsvector", TYPE_TSVECTOR},
    {"tsquery", TYPE_TSQUERY},
};

/* Source: src/include/catalog/pg_type.dat of PostgreSQL 15. These numbers never change. */
static const struct {
    uint32_t oid;
    enum type_id id;
} oids[] = {
    {16, TYPE_BOOL},       {17, TYPE_BYTEA},     {20, TYPE_INT8},        {21, TYPE_INT2},
    {23, TYPE_INT4},       {25, TYPE_TEXT},      {114, TYPE_JSON},       {700, TYPE_FLOAT4},
    {701, TYPE_FLOAT8},    {705, TYPE_UNKNOWN},  {1042, TYPE_BPCHAR},    {1043, TYPE_VARCHAR},
    {1082, TYPE_DATE},     {1083, TYPE_TIME},    {1114, TYPE_TIMESTAMP}, {1184, TYPE_TIMESTAMPTZ},
    {1186, TYPE_INTERVAL}, {1266, TYPE_TIMETZ},  {1700, TYPE_NUMERIC},   {2950, TYPE_UUID},
    {3614, TYPE_TSVECTOR}, {3615, TYPE_TSQUERY}, {3802, TYPE_JSONB},
};

#define MAX_STRING_LENGTH 10485760
#define MAX_NUMERIC_PRECISION 1000
#define MAX_NUMERIC_SCALE 1000
#define MAX_TIME_PRECISION 6

const struct type *
type_builtin(enum type_id id)
{
    assert((size_t)id < COUNTOF(builtins));
    return &builtins[id];
}

enum type_id
type_from_oid(uint32_t oid)
{
    for (size_t i = 0; i < COUNTOF(oids); i++) {
        if (oids[i].oid == oid)
            return oids[i].id;
    }
    return TYPE_OTHER;
}

bool
type_is_embedded(const struct type *type)
{
    if (type->id == TYPE_ARRAY)
        return type->elem != NULL && array_can_hold(type->elem);
    return type->id != TYPE_TIMETZ && type->id != TYPE_INTERVAL && type->id != TYPE_OTHER;
}

struct str
type_sqlite_decl(const struct type *type)
{
    switch (type->id) {
    case TYPE_BOOL:
    case TYPE_INT2:
    case TYPE_INT4:
    case TYPE_INT8:
        return STR("INTEGER");
    case TYPE_FLOAT4:
    case TYPE_FLOAT8:
        return STR("REAL");
    case TYPE_NUMERIC:
        return STR("TEXT COLLATE cairn_numeric");
    case TYPE_BYTEA:
        return STR("BLOB");
    case TYPE_BPCHAR:
        return STR("TEXT COLLATE RTRIM");
    case TYPE_ARRAY:
        return array_has_numbers(type) ? STR("TEXT COLLATE cairn_array_number")
                                       : STR("TEXT COLLATE cairn_array");
    case TYPE_UNKNOWN:
    case TYPE_TEXT:
    case TYPE_VARCHAR:
    case TYPE_DATE:
    case TYPE_TIME:
    case TYPE_TIMETZ:
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
    case TYPE_INTERVAL:
    case TYPE_UUID:
    case TYPE_JSON:
    case TYPE_JSONB:
    case TYPE_ENUM:
    case TYPE_TSVECTOR:
    case TYPE_TSQUERY:
    case TYPE_OTHER:
    default:
        return STR("TEXT");
    }
}

/* The names with modifiers made so far: a struct type borrows its name, and the answer of a look-up
 * has no other home for it. Bounded, since clients choose modifiers: once it is full, names go
 * without. */
#define INTERN_MAX 16384
#define INTERN_PROBES 64
static const char *interned[INTERN_MAX];

static struct str
intern(const char *text, size_t len, struct str fallback)
{
    size_t at = (size_t)str_hash(str_make(text, len), 0) % INTERN_MAX;

    for (size_t probe = 0; probe < INTERN_PROBES; probe++, at = (at + 1) % INTERN_MAX) {
        const char *known = __atomic_load_n(&interned[at], __ATOMIC_ACQUIRE);

        if (known == NULL) {
            char *copy = xmalloc(len + 1);

            memcpy(copy, text, len);
            copy[len] = '\0';
            if (__atomic_compare_exchange_n(&interned[at], &known, copy, false, __ATOMIC_ACQ_REL,
                                            __ATOMIC_ACQUIRE))
                return str_make(copy, len);
            free(copy);
        }
        if (strlen(known) == len && memcmp(known, text, len) == 0)
            return str_make(known, len);
    }
    return fallback;
}

/* format_type() puts the precision of times inside the words: "timestamp(3) without time zone". */
static struct str
name_with_modifiers(enum type_id id, const int32_t *mods, uint32_t count)
{
    struct str base = builtins[id].name;
    size_t head = base.len;
    char text[80];
    int len;

    if (id == TYPE_TIME || id == TYPE_TIMETZ)
        head = 4;
    else if (id == TYPE_TIMESTAMP || id == TYPE_TIMESTAMPTZ)
        head = 9;
    if (count == 1 && id != TYPE_NUMERIC)
        len = snprintf(text, sizeof(text), "%.*s(%d)%s", (int)head, base.data, mods[0],
                       base.data + head);
    else
        len = snprintf(text, sizeof(text), "%.*s(%d,%d)", (int)base.len, base.data, mods[0],
                       count == 2 ? mods[1] : 0);
    return intern(text, (size_t)len, base);
}

static bool
apply_modifiers(struct type *type, const int32_t *mods, uint32_t count)
{
    int32_t kept[2] = {mods[0], count > 1 ? mods[1] : 0};

    if (type->id == TYPE_NUMERIC) {
        if (count > 2 || mods[0] < 1 || mods[0] > MAX_NUMERIC_PRECISION)
            return false;
        if (count == 2 && (mods[1] < -MAX_NUMERIC_SCALE || mods[1] > MAX_NUMERIC_SCALE))
            return false;
        type->precision = mods[0];
        type->scale = count == 2 ? mods[1] : 0;
    } else if (type->id == TYPE_VARCHAR || type->id == TYPE_BPCHAR) {
        if (count != 1 || mods[0] < 1 || mods[0] > MAX_STRING_LENGTH)
            return false;
        type->length = mods[0];
    } else if (type->id == TYPE_TIME || type->id == TYPE_TIMETZ || type->id == TYPE_TIMESTAMP ||
               type->id == TYPE_TIMESTAMPTZ || type->id == TYPE_INTERVAL) {
        if (count != 1 || mods[0] < 0)
            return false;
        kept[0] = mods[0] > MAX_TIME_PRECISION ? MAX_TIME_PRECISION : mods[0];
        type->length = kept[0];
    } else {
        return false;
    }
    type->name = name_with_modifiers(type->id, kept, count);
    return true;
}

bool
type_lookup(struct str name, const int32_t *mods, uint32_t mod_count, struct type *out)
{
    static const int32_t one = 1;

    for (size_t i = 0; i < COUNTOF(spellings); i++) {
        struct str spelling = str_from(spellings[i].name);

        if (!str_eq_nocase(name, spelling))
            continue;
        *out = builtins[spellings[i].id];
        if (spellings[i].id == TYPE_FLOAT8 && str_eq(spelling, STR("float")) && mod_count == 1) {
            if (mods[0] < 1 || mods[0] > 53)
                return false;
            *out = builtins[mods[0] <= 24 ? TYPE_FLOAT4 : TYPE_FLOAT8];
            return true;
        }
        if (mod_count > 0)
            return apply_modifiers(out, mods, mod_count);
        /* "char" alone is char(1); "bpchar" alone has no length. */
        if (spellings[i].id == TYPE_BPCHAR && !str_eq(spelling, STR("bpchar")))
            return apply_modifiers(out, &one, 1);
        if (spellings[i].id == TYPE_BPCHAR)
            out->name = STR("bpchar");
        return true;
    }
    return false;
}

/* Appends text to name in lower case, with runs of blanks made one and those around removed. False
 * when it gets too long to be a name. */
static bool
squeeze(struct str text, char *name, size_t size, size_t *len)
{
    bool blank = *len > 0;
    bool first = true;

    text = str_trim(text);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];

        if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
            blank = true;
            continue;
        }
        if (*len + 2 > size)
            return false;
        if (blank && (*len > 0 || !first))
            name[(*len)++] = ' ';
        blank = first = false;
        name[(*len)++] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    return true;
}

static bool
parse_modifiers(struct str text, int32_t *mods, uint32_t *count)
{
    *count = 0;
    while (text.data != NULL) {
        struct str part = str_trim(str_cut(&text, ','));
        int64_t value;

        if (*count == 2 || !str_to_i64(part, &value) || value < -MAX_STRING_LENGTH ||
            value > MAX_STRING_LENGTH)
            return false;
        mods[(*count)++] = (int32_t)value;
    }
    return *count > 0;
}

/* PostgreSQL's own name of an array type is its element's with an underscore before. */
static bool
lookup_array(struct str name, struct type *out)
{
    struct type elem;

    if (!str_has_prefix(name, STR("_")) ||
        !type_lookup(str_slice(name, 1, name.len), NULL, 0, &elem))
        return false;
    *out = (struct type){.id = TYPE_ARRAY,
                         .length = -1,
                         .precision = -1,
                         .scale = -1,
                         .name = type_builtin(TYPE_ARRAY)->name,
                         .elem = type_builtin(elem.id)};
    return true;
}

bool
type_parse_name(struct str text, struct type *out)
{
    char name[64];
    int32_t mods[2] = {0, 0};
    uint32_t count = 0;
    size_t len = 0;
    size_t head;
    size_t open = str_find_char(text, '(', 0);
    size_t close = str_find_char(text, ')', open);

    if (!squeeze(str_slice(text, 0, open), name, sizeof(name), &len))
        return false;
    if (open == text.len)
        return lookup_array(str_make(name, len), out) ||
               type_lookup(str_make(name, len), NULL, 0, out);
    if (close == text.len || !parse_modifiers(str_slice(text, open + 1, close), mods, &count))
        return false;

    /* The words after "timestamp(3)" belong to the name; nothing else may follow. */
    head = len;
    if (!squeeze(str_slice(text, close + 1, text.len), name, sizeof(name), &len))
        return false;
    if (len > head && strncmp(name, "time", 4) != 0)
        return false;
    return type_lookup(str_make(name, len), mods, count, out);
}

bool
type_has_own_json(const struct type *type)
{
    return type->id == TYPE_ARRAY && type->elem != NULL ? type_has_own_json(type->elem)
                                                        : type->has_json;
}

char
type_json_class(const struct type *type)
{
    static const char classes[] = {
        [TYPE_UNKNOWN] = 's',   [TYPE_BOOL] = 'b',        [TYPE_INT2] = 'n',
        [TYPE_INT4] = 'n',      [TYPE_INT8] = 'n',        [TYPE_FLOAT4] = 'f',
        [TYPE_FLOAT8] = 'd',    [TYPE_NUMERIC] = 'n',     [TYPE_TEXT] = 's',
        [TYPE_VARCHAR] = 's',   [TYPE_BPCHAR] = 's',      [TYPE_BYTEA] = 'x',
        [TYPE_DATE] = 's',      [TYPE_TIME] = 's',        [TYPE_TIMETZ] = 's',
        [TYPE_TIMESTAMP] = 't', [TYPE_TIMESTAMPTZ] = 'z', [TYPE_INTERVAL] = 's',
        [TYPE_UUID] = 's',      [TYPE_JSON] = 'r',        [TYPE_JSONB] = 'r',
        [TYPE_ENUM] = 's',      [TYPE_TSVECTOR] = 's',    [TYPE_TSQUERY] = 's',
        [TYPE_ARRAY] = 'S',     [TYPE_OTHER] = 's',
    };
    char element;

    if (type_has_own_json(type))
        return 'r';
    if (type->id != TYPE_ARRAY || type->elem == NULL)
        return classes[type->id];
    element = type_json_class(type->elem);
    return element >= 'a' ? (char)(element & ~0x20) : element;
}
