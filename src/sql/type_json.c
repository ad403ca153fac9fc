/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The input functions of json and jsonb. core/json.h is stricter than PostgreSQL's json, and its
 * errors have other words; this scanner accepts the same texts and names the same culprit.
 */
#include "core/json.h"
#include "sql/numeric.h"
#include "sql/type_impl.h"

enum token_type { TOKEN_END, TOKEN_MARK, TOKEN_STRING, TOKEN_NUMBER, TOKEN_WORD };

struct scanner {
    struct str text;
    size_t at;    /* behind the token */
    size_t start; /* of the token */
    enum token_type type;
    struct err *err;
};

static bool
fail(struct scanner *scan, const char *details)
{
    err_set(scan->err, ERR_DB, "22P02", "invalid input syntax for type json");
    err_details(scan->err, "%s", details);
    return false;
}

static bool
fail_token(struct scanner *scan, const char *expected)
{
    struct str token = str_slice(scan->text, scan->start, scan->at);

    if (expected != NULL && scan->type == TOKEN_END)
        return fail(scan, "The input string ended unexpectedly.");
    err_set(scan->err, ERR_DB, "22P02", "invalid input syntax for type json");
    if (expected == NULL)
        err_details(scan->err, "Token \"%.*s\" is invalid.", STR_ARG(token));
    else
        err_details(scan->err, "Expected %s, but found \"%.*s\".", expected, STR_ARG(token));
    return false;
}

static int
peek(const struct scanner *scan)
{
    return scan->at < scan->text.len ? (unsigned char)scan->text.data[scan->at] : -1;
}

static bool
is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool
is_word(int c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

static bool
skip_digits(struct scanner *scan)
{
    size_t from = scan->at;

    while (is_digit(peek(scan)))
        scan->at++;
    return scan->at > from;
}

static bool
scan_number(struct scanner *scan)
{
    bool good = true;

    scan->type = TOKEN_NUMBER;
    if (peek(scan) == '-')
        scan->at++;
    if (peek(scan) == '0')
        scan->at++;
    else
        good = skip_digits(scan);
    if (good && peek(scan) == '.') {
        scan->at++;
        good = skip_digits(scan);
    }
    if (good && (peek(scan) == 'e' || peek(scan) == 'E')) {
        scan->at++;
        if (peek(scan) == '+' || peek(scan) == '-')
            scan->at++;
        good = skip_digits(scan);
    }
    while (is_word(peek(scan))) {
        scan->at++;
        good = false;
    }
    return good || fail_token(scan, NULL);
}

/* Behind the backslash. */
static bool
scan_escape(struct scanner *scan)
{
    int c = peek(scan);
    char details[64];
    size_t size;

    if (c < 0)
        return fail_token(scan, NULL);
    if (c == 'u') {
        scan->at++;
        for (int i = 0; i < 4; i++, scan->at++) {
            c = peek(scan);
            if (c < 0)
                return fail_token(scan, NULL);
            if (!is_digit(c) && !((c | 0x20) >= 'a' && (c | 0x20) <= 'f'))
                return fail(scan, "\"\\u\" must be followed by four hexadecimal digits.");
        }
        return true;
    }
    if (c == 0 || strchr("\"\\/bfnrt", c) == NULL) {
        size = str_utf8_step(scan->text, scan->at);
        snprintf(details, sizeof(details), "Escape sequence \"\\%.*s\" is invalid.", (int)size,
                 scan->text.data + scan->at);
        return fail(scan, details);
    }
    scan->at++;
    return true;
}

static bool
scan_string(struct scanner *scan)
{
    char details[64];

    scan->type = TOKEN_STRING;
    scan->at++;
    for (;;) {
        int c = peek(scan);

        if (c < 0)
            return fail_token(scan, NULL);
        if (c < 0x20) {
            snprintf(details, sizeof(details), "Character with value 0x%02x must be escaped.",
                     (unsigned)c);
            return fail(scan, details);
        }
        scan->at++;
        if (c == '"')
            return true;
        if (c == '\\' && !scan_escape(scan))
            return false;
    }
}

static bool
next_token(struct scanner *scan)
{
    struct str word;
    int c;

    while ((c = peek(scan)) == ' ' || c == '\t' || c == '\n' || c == '\r')
        scan->at++;
    scan->start = scan->at;
    scan->type = TOKEN_END;
    if (c < 0)
        return true;
    if (c == '"')
        return scan_string(scan);
    if (c == '-' || is_digit(c))
        return scan_number(scan);
    if (c != 0 && strchr("{}[],:", c) != NULL) {
        scan->type = TOKEN_MARK;
        scan->at++;
        return true;
    }
    while (is_word(peek(scan)))
        scan->at++;
    scan->type = TOKEN_WORD;
    if (scan->at == scan->start)
        scan->at++;
    word = str_slice(scan->text, scan->start, scan->at);
    return str_eq(word, STR("true")) || str_eq(word, STR("false")) || str_eq(word, STR("null")) ||
           fail_token(scan, NULL);
}

static bool
is_mark(const struct scanner *scan, char c)
{
    return scan->type == TOKEN_MARK && scan->text.data[scan->start] == c;
}

/* The current token and what follows it, up to the value that the member stands for. */
static bool
scan_key(struct scanner *scan)
{
    if (scan->type != TOKEN_STRING)
        return fail_token(scan, "string");
    if (!next_token(scan))
        return false;
    if (!is_mark(scan, ':'))
        return fail_token(scan, "\":\"");
    return next_token(scan);
}

/* After a value: closes what ends here and comes to the next value, or to the end of all. */
static bool
scan_after_value(struct scanner *scan, const char *stack, size_t *depth)
{
    while (*depth > 0) {
        bool object = stack[*depth - 1] == '{';

        if (is_mark(scan, ',')) {
            if (!next_token(scan))
                return false;
            return !object || scan_key(scan);
        }
        if (!is_mark(scan, object ? '}' : ']'))
            return fail_token(scan, object ? "\",\" or \"}\"" : "\",\" or \"]\"");
        (*depth)--;
        if (!next_token(scan))
            return false;
    }
    return true;
}

bool
type_check_json(struct str text, struct err *err)
{
    struct scanner scan = {.text = text, .err = err};
    char stack[TYPE_JSON_DEPTH_MAX];
    size_t depth = 0;

    if (!type_check_encoding(text, err) || !next_token(&scan))
        return false;
    do {
        bool opens = is_mark(&scan, '{') || is_mark(&scan, '[');

        if (!opens && (scan.type == TOKEN_MARK || scan.type == TOKEN_END))
            return fail_token(&scan, "JSON value");
        if (opens) {
            bool object = is_mark(&scan, '{');

            if (depth == sizeof(stack))
                return err_set(err, ERR_DB, "54001", "stack depth limit exceeded");
            stack[depth++] = object ? '{' : '[';
            if (!next_token(&scan))
                return false;
            if (!is_mark(&scan, object ? '}' : ']')) {
                if (object && scan.type != TOKEN_STRING)
                    return fail_token(&scan, "string or \"}\"");
                if (object && !scan_key(&scan))
                    return false;
                continue;
            }
        } else if (!next_token(&scan)) {
            return false;
        }
        if (!scan_after_value(&scan, stack, &depth))
            return false;
        if (depth == 0)
            break;
    } while (true);
    return scan.type == TOKEN_END || fail_token(&scan, "end of input");
}

/* Surrogates and U+0000, which json lets pass. */
static bool
check_escapes(struct str text, struct err *err)
{
    bool high = false;

    for (size_t i = 0; i < text.len; i++) {
        unsigned code = 0;
        bool low;

        if (text.data[i] != '\\') {
            if (high)
                goto unpaired;
            continue;
        }
        i++;
        if (text.data[i] != 'u') {
            if (high)
                goto unpaired;
            continue;
        }
        for (int digit = 0; digit < 4; digit++) {
            int c = text.data[++i];

            code = code * 16 + (unsigned)(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
        }
        if (code == 0) {
            err_set(err, ERR_DB, "22P05", "unsupported Unicode escape sequence");
            err_details(err, "\\u0000 cannot be converted to text.");
            return false;
        }
        low = code >= 0xDC00 && code <= 0xDFFF;
        if (high && code >= 0xD800 && code <= 0xDBFF) {
            err_set(err, ERR_DB, "22P02", "invalid input syntax for type json");
            err_details(err, "Unicode high surrogate must not follow a high surrogate.");
            return false;
        }
        if (high != low)
            goto unpaired;
        high = code >= 0xD800 && code <= 0xDBFF;
    }
    return true;

unpaired:
    err_set(err, ERR_DB, "22P02", "invalid input syntax for type json");
    err_details(err, "Unicode low surrogate must follow a high surrogate.");
    return false;
}

/* Are all numbers such that numeric can hold them? Only ones with an exponent, or very long ones,
 * can be too large. The depth is limited. */
static bool
check_numbers(const struct json *json, struct arena *arena, struct err *err)
{
    struct numeric value;

    if (json->type == JSON_NUMBER) {
        bool plain = json->text.len < 10000 &&
                     str_find_char(json->text, 'e', 0) == json->text.len &&
                     str_find_char(json->text, 'E', 0) == json->text.len;

        return plain || numeric_parse(json->text, -1, 0, arena, &value, err);
    }
    for (const struct json *child = json->first; child != NULL; child = child->next) {
        if (!check_numbers(child, arena, err))
            return false;
    }
    return true;
}

bool
type_normalize_jsonb(struct str text, struct arena *arena, struct str *out, struct err *err)
{
    /* Numbers are spelled out: 1e1000 takes a thousand characters. */
    struct json_limits limits = {.max_depth = TYPE_JSON_DEPTH_MAX, .allow_duplicate_keys = true};
    struct json *json;
    struct buf buf;
    bool ok = false;

    if (!type_check_json(text, err))
        return false;
    if (memchr(text.data, '\\', text.len) != NULL && !check_escapes(text, err))
        return false;
    buf_init(&buf, (size_t)16 << 20);
    if (!json_parse(text, limits, arena, &json, err) || !check_numbers(json, arena, err))
        goto out;
    json_write_jsonb(&buf, json);
    if (!buf_ok(&buf)) {
        err_set(err, ERR_DB, "54000", "the jsonb value is too large");
        goto out;
    }
    *out = arena_copy(arena, buf_str(&buf));
    ok = true;

out:
    buf_fini(&buf);

    return ok;
}
