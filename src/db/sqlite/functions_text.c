/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of text. Positions and lengths are in characters. */
#include <openssl/evp.h>

#include "db/sqlite/functions_impl.h"
#include "sql/letter.h"

static void
fail_length(sqlite3_context *ctx)
{
    fn_fail_with(ctx, "54000", "requested length too large");
}

static void
call_lower(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct str text = fn_text_of(argv[0]);

    for (size_t at = 0; at < text.len;)
        letter_write(&fn->out, letter_lower(letter_next(text, &at)));
    fn_result_out(fn, ctx);
}

static void
call_upper(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct str text = fn_text_of(argv[0]);

    for (size_t at = 0; at < text.len;)
        letter_write(&fn->out, letter_upper(letter_next(text, &at)));
    fn_result_out(fn, ctx);
}

static void
call_initcap(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct str text = fn_text_of(argv[0]);
    bool inside = false;

    for (size_t at = 0; at < text.len;) {
        uint32_t c = letter_next(text, &at);

        letter_write(&fn->out, inside ? letter_lower(c) : letter_upper(c));
        inside = letter_is(c, LETTER_ALNUM);
    }
    fn_result_out(fn, ctx);
}

static void
call_reverse(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct str text = fn_text_of(argv[0]);
    size_t end = text.len;

    while (end > 0) {
        size_t start = end - 1;

        while (start > 0 && ((unsigned char)text.data[start] & 0xC0) == 0x80)
            start--;
        buf_add_str(&fn->out, str_slice(text, start, end));
        end = start;
    }
    fn_result_out(fn, ctx);
}

static void
call_length(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    sqlite3_result_int64(ctx, (int64_t)letter_count(fn_text_of(argv[0])));
}

static void
call_substr(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct str text = fn_text_of(argv[0]);
    int64_t from = fn_int_of(argv[1]) - 1;
    int64_t end = INT32_MAX;

    if (argc > 2) {
        int64_t length = fn_int_of(argv[2]);

        if (length < 0) {
            fn_fail_with(ctx, "22011", "negative substring length not allowed");
            return;
        }
        end = from + length;
    }
    from = from < 0 ? 0 : from;
    end = end < from ? from : end;
    fn_result_str(
        ctx, str_slice(text, letter_offset(text, (size_t)from), letter_offset(text, (size_t)end)));
}

/* A negative count stands for all but so many. */
static size_t
part_length(struct str text, int64_t count)
{
    int64_t chars;

    if (count >= 0)
        return (size_t)count;
    chars = (int64_t)letter_count(text) + count;
    return chars > 0 ? (size_t)chars : 0;
}

static void
call_left(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct str text = fn_text_of(argv[0]);
    size_t count = part_length(text, fn_int_of(argv[1]));

    fn_result_str(ctx, str_slice(text, 0, letter_offset(text, count)));
}

static void
call_right(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct str text = fn_text_of(argv[0]);
    size_t count = part_length(text, fn_int_of(argv[1]));
    size_t chars = letter_count(text);

    fn_result_str(
        ctx, str_slice(text, letter_offset(text, chars > count ? chars - count : 0), text.len));
}

static void
call_repeat(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct str text = fn_text_of(argv[0]);
    int64_t count = fn_int_of(argv[1]);

    if (count > 0 && text.len > 0 && text.len > FN_RESULT_MAX / (size_t)count) {
        fail_length(ctx);
        return;
    }
    for (int64_t i = 0; i < count && text.len > 0; i++)
        buf_add_str(&fn->out, text);
    fn_result_out(fn, ctx);
}

static void
pad(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv, bool left)
{
    struct str text = fn_text_of(argv[0]);
    struct str fill = argc > 2 ? fn_text_of(argv[2]) : STR(" ");
    int64_t wanted = fn_int_of(argv[1]);
    int64_t missing = wanted - (int64_t)letter_count(text);

    wanted = wanted < 0 ? 0 : wanted;
    if ((size_t)wanted * 4 > FN_RESULT_MAX) {
        fail_length(ctx);
        return;
    }
    if (missing <= 0) {
        fn_result_str(ctx, str_slice(text, 0, letter_offset(text, (size_t)wanted)));
        return;
    }
    if (!left)
        buf_add_str(&fn->out, text);
    for (size_t at = 0; missing > 0 && fill.len > 0; missing--) {
        if (at >= fill.len)
            at = 0;
        letter_write(&fn->out, letter_next(fill, &at));
    }
    if (left)
        buf_add_str(&fn->out, text);
    fn_result_out(fn, ctx);
}

static void
call_lpad(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    pad(fn, ctx, argc, argv, true);
}

static void
call_rpad(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    pad(fn, ctx, argc, argv, false);
}

/* Index of the first part at or after from, or text.len when there is none. */
static size_t
find(struct str text, struct str part, size_t from)
{
    const char *found;

    if (part.len == 0 || from >= text.len)
        return part.len == 0 ? from : text.len;
    found = memmem(text.data + from, text.len - from, part.data, part.len);
    return found != NULL ? (size_t)(found - text.data) : text.len;
}

static void
call_split_part(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct str text = fn_text_of(argv[0]);
    struct str separator = fn_text_of(argv[1]);
    int64_t wanted = fn_int_of(argv[2]);
    int64_t count = 1;
    size_t start = 0;

    if (wanted == 0) {
        fn_fail_with(ctx, "22023", "field position must not be zero");
        return;
    }
    if (separator.len == 0) {
        fn_result_str(ctx, wanted == 1 || wanted == -1 ? text : STR(""));
        return;
    }
    for (size_t at = 0; (at = find(text, separator, at)) < text.len; at += separator.len)
        count++;
    wanted += wanted < 0 ? count + 1 : 0;
    if (wanted < 1 || wanted > count) {
        fn_result_str(ctx, STR(""));
        return;
    }
    for (int64_t field = 1; field < wanted; field++)
        start = find(text, separator, start) + separator.len;
    fn_result_str(ctx, str_slice(text, start, find(text, separator, start)));
}

static void
call_strpos(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct str text = fn_text_of(argv[0]);
    struct str part = fn_text_of(argv[1]);
    size_t at = find(text, part, 0);

    if (part.len > 0 && at == text.len)
        sqlite3_result_int(ctx, 0);
    else
        sqlite3_result_int64(ctx, (int64_t)letter_count(str_slice(text, 0, at)) + 1);
}

static void
call_replace(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct str text = fn_text_of(argv[0]);
    struct str from = fn_text_of(argv[1]);
    struct str to = fn_text_of(argv[2]);
    size_t start = 0;

    if (from.len == 0) {
        fn_result_str(ctx, text);
        return;
    }
    for (size_t at; (at = find(text, from, start)) < text.len; start = at + from.len) {
        buf_add_str(&fn->out, str_slice(text, start, at));
        buf_add_str(&fn->out, to);
    }
    buf_add_str(&fn->out, str_slice(text, start, text.len));
    fn_result_out(fn, ctx);
}

static bool
is_among(struct str letters, uint32_t c)
{
    for (size_t at = 0; at < letters.len;) {
        if (letter_next(letters, &at) == c)
            return true;
    }
    return false;
}

static void
trim(sqlite3_context *ctx, int argc, sqlite3_value **argv, bool left, bool right)
{
    struct str text = fn_text_of(argv[0]);
    struct str letters = argc > 1 ? fn_text_of(argv[1]) : STR(" ");

    while (left && text.len > 0) {
        size_t at = 0;

        if (!is_among(letters, letter_next(text, &at)))
            break;
        text = str_slice(text, at, text.len);
    }
    while (right && text.len > 0) {
        size_t start = text.len - 1;
        size_t at;

        while (start > 0 && ((unsigned char)text.data[start] & 0xC0) == 0x80)
            start--;
        at = start;
        if (!is_among(letters, letter_next(text, &at)))
            break;
        text.len = start;
    }
    fn_result_str(ctx, text);
}

static void
call_btrim(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    trim(ctx, argc, argv, true, true);
}

static void
call_ltrim(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    trim(ctx, argc, argv, true, false);
}

static void
call_rtrim(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    trim(ctx, argc, argv, false, true);
}

static void
call_concat(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    for (int i = 0; i < argc; i++)
        buf_add_str(&fn->out, fn_text_of(argv[i]));
    fn_result_out(fn, ctx);
}

static void
call_md5(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct str text = fn_text_of(argv[0]);
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (EVP_Digest(text.data != NULL ? text.data : "", text.len, hash, &len, EVP_md5(), NULL) !=
        1) {
        fn_fail_with(ctx, "0A000", "could not compute MD5 hash: unsupported");
        return;
    }
    buf_add_hex(&fn->out, str_make((const char *)hash, len));
    fn_result_out(fn, ctx);
}

static const struct fn_def defs[] = {
    {"cairn_lower", 1, 0, call_lower},
    {"cairn_upper", 1, 0, call_upper},
    {"cairn_initcap", 1, 0, call_initcap},
    {"cairn_reverse", 1, 0, call_reverse},
    {"cairn_length", 1, 0, call_length},
    {"cairn_substr", 2, 0, call_substr},
    {"cairn_substr", 3, 0, call_substr},
    {"cairn_left", 2, 0, call_left},
    {"cairn_right", 2, 0, call_right},
    {"cairn_repeat", 2, 0, call_repeat},
    {"cairn_lpad", 2, 0, call_lpad},
    {"cairn_lpad", 3, 0, call_lpad},
    {"cairn_rpad", 2, 0, call_rpad},
    {"cairn_rpad", 3, 0, call_rpad},
    {"cairn_split_part", 3, 0, call_split_part},
    {"cairn_strpos", 2, 0, call_strpos},
    {"cairn_replace", 3, 0, call_replace},
    {"cairn_btrim", 1, 0, call_btrim},
    {"cairn_btrim", 2, 0, call_btrim},
    {"cairn_ltrim", 1, 0, call_ltrim},
    {"cairn_ltrim", 2, 0, call_ltrim},
    {"cairn_rtrim", 1, 0, call_rtrim},
    {"cairn_rtrim", 2, 0, call_rtrim},
    {"cairn_concat", -1, FN_NULLS, call_concat},
    {"cairn_md5", 1, 0, call_md5},
};

const struct fn_defs fn_text = {defs, COUNTOF(defs)};
