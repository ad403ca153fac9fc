/* SPDX-License-Identifier: Apache-2.0 */
#include "config/postgrest_impl.h"

enum { DEPTH_MAX = 8, TEXT_MAX = 1 << 20 };

struct parser {
    const struct postgrest_input *input;
    struct config_loader *loader;
    struct str text;
    size_t at;
    size_t line;
    struct postgrest_binding *first, **last;
    bool is_lost; /* an error after which nothing makes sense */
};

const char *
postgrest_getenv(char *const *environ, struct str name)
{
    for (size_t i = 0; environ != NULL && environ[i] != NULL; i++) {
        struct str rest = str_from(environ[i]);

        if (str_eq(str_cut(&rest, '='), name) && rest.data != NULL)
            return rest.data;
    }
    return NULL;
}

static const char *
place(struct parser *parser, struct str key)
{
    struct arena *arena = parser->loader->arena;

    if (key.len == 0)
        return arena_printf(arena, "%s:%zu", parser->input->name, parser->line).data;
    return arena_printf(arena, "%s:%zu %.*s", parser->input->name, parser->line,
                        STR_ARG(str_slice(key, 0, 80)))
        .data;
}

static void
lose(struct parser *parser, const char *hint, const char *message)
{
    config_error_add(parser->loader, place(parser, STR_NULL), hint, "%s", message);
    parser->is_lost = true;
}

/* --- characters ------------------------------------------------------------------------------ */

static char
peek(const struct parser *parser)
{
    return parser->at < parser->text.len ? parser->text.data[parser->at] : '\0';
}

static bool
is_end(const struct parser *parser)
{
    return parser->at >= parser->text.len;
}

static char
take(struct parser *parser)
{
    char c = peek(parser);

    parser->line += c == '\n';
    parser->at++;
    return c;
}

static void
skip_blanks(struct parser *parser)
{
    while (!is_end(parser)) {
        char c = peek(parser);

        if (c == '#') {
            while (!is_end(parser) && peek(parser) != '\n')
                parser->at++;
        } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            take(parser);
        } else {
            return;
        }
    }
}

static bool
is_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == '+';
}

static struct str
take_word(struct parser *parser)
{
    size_t start = parser->at;

    while (!is_end(parser) && is_word_char(peek(parser)))
        parser->at++;
    return str_slice(parser->text, start, parser->at);
}

/* --- values ---------------------------------------------------------------------------------- */

/* Behind "$(". */
static void
take_variable(struct parser *parser, struct buf *out)
{
    struct str name = take_word(parser);
    const char *value = postgrest_getenv(parser->input->environ, name);

    if (take(parser) != ')' || name.len == 0)
        lose(parser, "$(NAME), or $$ for a dollar", "what follows $( is no variable");
    else if (value == NULL)
        config_error_add(parser->loader, place(parser, STR_NULL), "set it for the import",
                         "the environment has no variable '%.*s'", STR_ARG(name));
    else
        buf_add_str(out, str_from(value));
}

static void
add_code_point(struct buf *out, unsigned code)
{
    if (code < 0x80) {
        buf_add_char(out, (char)code);
    } else if (code < 0x800) {
        buf_add_char(out, (char)(0xC0 | code >> 6));
        buf_add_char(out, (char)(0x80 | (code & 0x3F)));
    } else {
        buf_add_char(out, (char)(0xE0 | code >> 12));
        buf_add_char(out, (char)(0x80 | (code >> 6 & 0x3F)));
        buf_add_char(out, (char)(0x80 | (code & 0x3F)));
    }
}

/* Behind "\u": four digits, no surrogate and no NUL. */
static void
take_code_point(struct parser *parser, struct buf *out)
{
    unsigned code = 0;

    for (int i = 0; i < 4; i++) {
        char c = take(parser);
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                         : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                                : 16;

        if (digit == 16) {
            lose(parser, "\\u00e9", "what follows \\u are no four digits");
            return;
        }
        code = code * 16 + digit;
    }
    if (code == 0 || (code >= 0xD800 && code < 0xE000))
        lose(parser, "write the character itself", "what follows \\u is no character");
    else
        add_code_point(out, code);
}

static void
take_escape(struct parser *parser, struct buf *out)
{
    char c = take(parser);

    if (c == 'u')
        take_code_point(parser, out);
    else
        buf_add_char(out, c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c);
}

/* Behind the first quote. */
static void
take_string(struct parser *parser, struct buf *out)
{
    size_t line = parser->line;

    while (!parser->is_lost) {
        char c = peek(parser);

        if (is_end(parser) || c == '\0') {
            parser->line = line;
            lose(parser, "close the quotes", "a text that begins here doesn't end");
            return;
        }
        take(parser);
        if (c == '"')
            return;
        if (c == '\\') {
            take_escape(parser, out);
        } else if (c == '$' && (peek(parser) == '(' || peek(parser) == '$')) {
            if (take(parser) == '$')
                buf_add_char(out, '$');
            else
                take_variable(parser, out);
        } else {
            buf_add_char(out, c);
        }
    }
}

static void take_value(struct parser *parser, struct buf *out, bool in_list);

static void
take_list(struct parser *parser, struct buf *out)
{
    for (bool first = true; !parser->is_lost; first = false) {
        skip_blanks(parser);
        if (peek(parser) == ']') {
            take(parser);
            return;
        }
        if (!first && take(parser) != ',') {
            lose(parser, "[\"a\", \"b\"]", "a list without a comma or without its end");
            return;
        }
        if (!first)
            buf_add_char(out, ',');
        skip_blanks(parser);
        take_value(parser, out, true);
    }
}

static void
take_value(struct parser *parser, struct buf *out, bool in_list)
{
    struct str word;

    if (peek(parser) == '"') {
        take(parser);
        take_string(parser, out);
        return;
    }
    if (peek(parser) == '[' && !in_list) {
        take(parser);
        take_list(parser, out);
        return;
    }
    word = take_word(parser);
    if (str_eq(word, STR("on")))
        word = STR("true");
    else if (str_eq(word, STR("off")))
        word = STR("false");
    else if (!str_eq(word, STR("true")) && !str_eq(word, STR("false")) &&
             (word.len == 0 || strchr("+-.0123456789", word.data[0]) == NULL)) {
        lose(parser, "text stands in double quotes", "this is no value");
        return;
    }
    buf_add_str(out, word);
}

/* --- directives ------------------------------------------------------------------------------ */

static void
add_binding(struct parser *parser, struct str key, struct str value)
{
    struct arena *arena = parser->loader->arena;
    struct postgrest_binding *binding = ARENA_NEW(arena, struct postgrest_binding);

    binding->key = key;
    binding->where = place(parser, key);
    binding->value = arena_cstr(arena, value);
    *parser->last = binding;
    parser->last = &binding->next;
}

static void take_directives(struct parser *parser, struct str prefix, int depth);

static void
take_directive(struct parser *parser, struct str prefix, int depth)
{
    struct arena *arena = parser->loader->arena;
    struct str key = take_word(parser);
    struct buf value;

    if (key.len == 0) {
        lose(parser, "KEY = VALUE; comments begin with #", "this is no key");
        return;
    }
    if (str_eq(key, STR("import"))) {
        lose(parser, "put what stands there in its place", "other files are not read");
        return;
    }
    if (prefix.len > 0)
        key = arena_printf(arena, "%.*s.%.*s", STR_ARG(prefix), STR_ARG(key));
    skip_blanks(parser);
    if (peek(parser) == '{' && depth < DEPTH_MAX) {
        take(parser);
        take_directives(parser, key, depth + 1);
        return;
    }
    if (take(parser) != '=') {
        lose(parser, "KEY = VALUE", "a key without a value");
        return;
    }
    skip_blanks(parser);
    buf_init(&value, TEXT_MAX);
    take_value(parser, &value, false);
    if (!buf_ok(&value))
        lose(parser, NULL, "the value is too long");
    if (!parser->is_lost)
        add_binding(parser, key, buf_str(&value));
    buf_fini(&value);
}

static void
take_directives(struct parser *parser, struct str prefix, int depth)
{
    while (!parser->is_lost) {
        skip_blanks(parser);
        if (is_end(parser) && depth > 0)
            lose(parser, "close it with }", "a group doesn't end");
        if (is_end(parser))
            return;
        if (peek(parser) == '}' && depth > 0) {
            take(parser);
            return;
        }
        take_directive(parser, prefix, depth);
    }
}

struct postgrest_binding *
postgrest_parse(const struct postgrest_input *input, struct config_loader *loader)
{
    struct parser parser = {.input = input, .loader = loader, .text = input->text, .line = 1};

    parser.last = &parser.first;
    if (!str_is_utf8(input->text))
        lose(&parser, "save the file as UTF-8", "the file is no text");
    take_directives(&parser, STR_NULL, 0);
    return parser.first;
}

/* PGRST_DB_URI is db-uri, PGRST_APP_SETTINGS_host is app.settings.host. */
static struct str
key_from_env(struct arena *arena, struct str name)
{
    struct str settings = STR("APP_SETTINGS_");
    char *key = NULL;

    if (str_has_prefix(name, settings))
        return arena_printf(arena, "app.settings.%.*s",
                            STR_ARG(str_slice(name, settings.len, name.len)));
    key = arena_cstr(arena, name);
    for (char *p = key; *p != '\0'; p++)
        *p = *p == '_' ? '-' : (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
    return str_from(key);
}

struct postgrest_binding *
postgrest_read_environ(const struct postgrest_input *input, struct config_loader *loader)
{
    struct postgrest_binding *first = NULL, **last = &first;

    for (size_t i = 0; input->environ != NULL && input->environ[i] != NULL; i++) {
        struct str rest = str_from(input->environ[i]);
        struct str name = str_cut(&rest, '=');
        struct postgrest_binding *binding = NULL;

        if (!str_has_prefix(name, STR("PGRST_")) || rest.data == NULL)
            continue;
        binding = ARENA_NEW(loader->arena, struct postgrest_binding);
        binding->key = key_from_env(loader->arena, str_slice(name, 6, name.len));
        binding->value = rest.data;
        binding->where = arena_printf(loader->arena, "environment %.*s", STR_ARG(name)).data;
        *last = binding;
        last = &binding->next;
    }
    return first;
}
