/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets in files that git tracks: what a stranger who gets the repository could use.
 *
 * It looks for forms that are secrets and nothing else (private keys, keys of well-known services,
 * passwords in URLs), for the secret that this project uses, and for files that exist to hold
 * secrets. Nothing that it finds is repeated: only the place is.
 */
#include "auth/secret.h"
#include "io/file.h"
#include "io/process.h"
#include "lifecycle/check.h"

#include <sys/stat.h>

enum {
    LIST_MAX = 16 * 1024 * 1024,
    FILE_MAX = 2 * 1024 * 1024,
    GIT_TIMEOUT_MS = 10000,
    SHOWN_MAX = 5
};

struct scan {
    const struct check_input *input;
    struct str own; /* the secret that this project uses; may be empty */
    struct buf found;
    size_t count;
    size_t files;
};

static void
report(struct scan *scan, struct str file, size_t line, const char *what)
{
    if (scan->count++ < SHOWN_MAX)
        buf_printf(&scan->found, "%.*s:%zu: %s\n", STR_ARG(file), line, what);
}

static bool
is_token_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '/' || c == '+';
}

static size_t
token_length(struct str s, size_t from)
{
    size_t at = from;

    while (at < s.len && is_token_char(s.data[at]))
        at++;

    return at - from;
}

/* Forms that are a secret and nothing else: how they begin, and how much has to follow. */
static const struct {
    const char *prefix;
    size_t least;
    const char *what;
} forms[] = {
    {"AKIA", 16, "an access key of AWS"},     {"ghp_", 36, "a token of GitHub"},
    {"github_pat_", 40, "a token of GitHub"}, {"glpat-", 20, "a token of GitLab"},
    {"sk_live_", 20, "a key of Stripe"},      {"xoxb-", 20, "a token of Slack"},
    {"AIza", 35, "a key of Google"},          {"SG.", 20, "a key of SendGrid"},
};

/* A password that is meant as a place to fill in. */
static bool
is_placeholder(struct str password)
{
    static const char *const words[] = {"password", "PASSWORD", "pass",     "PASS", "secret", "***",
                                        "xxx",      "changeme", "postgres", "user", "..."};

    if (password.len == 0 || password.data[0] == '$' || password.data[0] == '<' ||
        password.data[0] == '{' || password.data[0] == '%' || password.data[0] == '@')
        return true;
    for (size_t i = 0; i < COUNTOF(words); i++) {
        if (str_eq(password, str_from(words[i])))
            return true;
    }

    return false;
}

/* scheme://user:password@host */
static bool
has_url_password(struct str line)
{
    for (size_t at = 0; at + 3 < line.len; at++) {
        size_t start = at + 3, end, colon, sign;
        struct str authority;

        if (memcmp(line.data + at, "://", 3) != 0)
            continue;
        for (end = start; end < line.len && strchr("/ \t\"'`<>?#,)", line.data[end]) == NULL; end++)
            ;
        authority = str_slice(line, start, end);
        sign = str_find_char(authority, '@', 0);
        colon = str_find_char(authority, ':', 0);
        if (sign < authority.len && colon < sign &&
            !is_placeholder(str_slice(authority, colon + 1, sign)))
            return true;
    }

    return false;
}

static void
scan_line(struct scan *scan, struct str file, size_t number, struct str line)
{
    if (memmem(line.data, line.len, "PRIVATE KEY-----", 16) != NULL &&
        memmem(line.data, line.len, "-----BEGIN ", 11) != NULL)
        report(scan, file, number, "a private key");
    if (scan->own.len >= 16 && memmem(line.data, line.len, scan->own.data, scan->own.len) != NULL)
        report(scan, file, number, "the secret that tokens are signed with");
    for (size_t i = 0; i < COUNTOF(forms); i++) {
        size_t length = strlen(forms[i].prefix);
        const char *at = memmem(line.data, line.len, forms[i].prefix, length);
        size_t from;

        if (at == NULL)
            continue;
        from = (size_t)(at - line.data);
        if ((from == 0 || !is_token_char(line.data[from - 1])) &&
            token_length(line, from + length) >= forms[i].least)
            report(scan, file, number, forms[i].what);
    }
    if (has_url_password(line))
        report(scan, file, number, "a password in a URL");
}

/* Files that exist to hold secrets. */
static bool
is_secret_file(struct str file)
{
    struct str name = file;

    for (size_t i = file.len; i > 0; i--) {
        if (file.data[i - 1] == '/') {
            name = str_slice(file, i, file.len);
            break;
        }
    }
    if (str_eq(name, STR(".env")))
        return true;

    return str_eq(file, str_from(SECRET_FILE)) ||
           (str_has_prefix(name, STR(".env.")) && !str_has_suffix(name, STR(".example")) &&
            !str_has_suffix(name, STR(".sample")) && !str_has_suffix(name, STR(".template")));
}

static void
scan_file(struct scan *scan, struct str file)
{
    const char *path =
        arena_printf(scan->input->arena, "%s/%.*s", scan->input->config->dir, STR_ARG(file)).data;
    struct err err = {0};
    struct str rest;
    struct stat st;
    struct buf text;
    size_t number = 0;

    scan->files++;
    if (is_secret_file(file))
        report(scan, file, 1, "a file for secrets");
    if (lstat(path, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_MAX)
        return;
    buf_init(&text, FILE_MAX);
    if (file_read(path, &text, NULL, &err) &&
        memchr(text.data != NULL ? text.data : "", '\0', text.len) == NULL) {
        rest = buf_str(&text);
        while (rest.len > 0)
            scan_line(scan, file, ++number, str_cut(&rest, '\n'));
    }
    buf_fini(&text);
}

static void
scan_all(struct scan *scan, struct str list, struct evidence *out)
{
    while (list.len > 0)
        scan_file(scan, str_cut(&list, '\0'));
    if (scan->count > 0) {
        struct str all = buf_str(&scan->found);

        check_fail(scan->input, out, "%zu place%s, first %.*s", scan->count,
                   scan->count == 1 ? "" : "s", (int)str_find_char(all, '\n', 0), all.data);
        out->detail = arena_copy(scan->input->arena, all).data;
    } else if (scan->files == 0) {
        check_unknown(scan->input, out, "git tracks no file yet: git add, then ask again");
    } else {
        check_pass(scan->input, out, "none in %zu file%s that git tracks", scan->files,
                   scan->files == 1 ? "" : "s");
    }
}

void
check_secrets_in_git(const struct check_input *input, struct evidence *out)
{
    const char *const argv[] = {"git", "ls-files", "-z", NULL};
    const struct process_options options = {
        .argv = argv, .dir = input->config->dir, .out_fd = -1, .err_fd = -1};
    struct scan scan = {.input = input};
    struct vault secret = {0};
    struct err err = {0};
    int64_t made_s = 0;
    bool found = false;
    struct buf list;
    int code = 0;

    buf_init(&list, LIST_MAX);
    buf_init(&scan.found, 64 * 1024);
    if (secret_find(input->config, &secret, &made_s, &found, &err) && found)
        scan.own = secret.bytes;
    if (!process_run(&options, GIT_TIMEOUT_MS, &list, &code, &err))
        check_unknown(input, out, "%s", err.message);
    else if (code != 0)
        check_unknown(input, out, "not in git yet: git init, then ask again");
    else
        scan_all(&scan, buf_str(&list), out);
    vault_wipe(&secret);
    buf_fini(&scan.found);
    buf_fini(&list);
}
