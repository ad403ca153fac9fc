/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/secret.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/jwk.h"
#include "core/base64.h"
#include "core/clock.h"
#include "io/file.h"

#define FILE_MAX 4096
#define RANDOM_SIZE 48

static char *
path_in(const char *dir, const char *name)
{
    struct buf path;
    char *copy;

    buf_init(&path, 64 * 1024);
    buf_printf(&path, "%s/%s", dir, name);
    copy = xstrdup(buf_cstr(&path));
    buf_fini(&path);
    return copy;
}

static void
wipe(struct buf *buf)
{
    if (buf->data != NULL)
        OPENSSL_cleanse(buf->data, buf->cap);
    buf_fini(buf);
}

/* The whole file into text, which is wiped by the caller. */
static bool
read_private(const char *path, struct buf *text, bool *found, struct err *err)
{
    /* So that the text is never moved, and left behind, while it is read. */
    return buf_reserve(text, FILE_MAX) && file_read(path, text, found, err) &&
           (!*found || file_check_private(path, err));
}

static bool
check_length(const char *path, struct str secret, struct err *err)
{
    if (secret.len >= JWK_SECRET_MIN)
        return true;
    err_set(err, ERR_CONFIG, "CAIRN-CONFIG",
            "unable to use '%s': the secret is shorter than 32 bytes", path);
    err_hint(err, "cairn keys rotate makes a new one");
    return false;
}

bool
secret_read(const char *dir, struct vault *out, int64_t *made_s, bool *found, struct err *err)
{
    char *path = path_in(dir, SECRET_FILE);
    struct buf text;
    struct stat st;
    struct str secret;
    bool ok = false;

    *found = false;
    buf_init(&text, FILE_MAX);
    if (!read_private(path, &text, found, err))
        goto out;
    secret = str_trim(buf_str(&text));
    if (*found && !check_length(path, secret, err))
        goto out;
    if (*found) {
        *made_s = stat(path, &st) == 0 ? (int64_t)st.st_mtime : 0;
        vault_put(out, secret);
    }
    ok = true;

out:
    wipe(&text);
    free(path);

    return ok;
}

bool
secret_read_old(const char *dir, struct vault *out, int64_t *until_s, bool *found, struct err *err)
{
    char *path = path_in(dir, SECRET_OLD_FILE);
    struct buf text;
    struct str rest, secret;
    bool ok = false;

    buf_init(&text, FILE_MAX);
    if (!read_private(path, &text, found, err))
        goto out;
    rest = buf_str(&text);
    secret = str_trim(str_cut(&rest, '\n'));
    if (*found && !check_length(path, secret, err))
        goto out;
    if (*found && !str_to_i64(str_trim(rest), until_s)) {
        err_set(err, ERR_CONFIG, "CAIRN-CONFIG",
                "unable to use '%s': its second line is not a time", path);
        err_hint(err, "remove the file: tokens signed with the secret of before are then refused");
        goto out;
    }
    *found = *found && *until_s > clock_wall_us() / 1000000;
    if (*found)
        vault_put(out, secret);
    ok = true;

out:
    wipe(&text);
    free(path);

    return ok;
}

static bool
fail_option(struct err *err, const char *why)
{
    return err_set(err, ERR_CONFIG, "CAIRN-CONFIG", "unable to use auth.jwt_secret: %s", why);
}

static bool
decode_option(struct str text, struct vault *out, struct err *err)
{
    struct buf bytes;
    bool ok;

    buf_init(&bytes, FILE_MAX);
    ok = base64_decode(text, &bytes) || fail_option(err, "it isn't base64");
    if (ok && bytes.len < JWK_SECRET_MIN)
        ok = fail_option(err, "the secret is shorter than 32 bytes");
    if (ok)
        vault_put(out, buf_str(&bytes));
    wipe(&bytes);
    return ok;
}

bool
secret_find(const struct config *config, struct vault *out, int64_t *made_s, bool *found,
            struct err *err)
{
    struct str text = str_from(config->auth_jwt_secret);

    if (text.data == NULL)
        return secret_read(config->dir, out, made_s, found, err);
    *found = true;
    *made_s = clock_wall_us() / 1000000;
    vault_hide(text);
    if (config->auth_jwt_secret_is_base64)
        return decode_option(text, out, err);
    vault_put(out, text);
    return true;
}

/* In .cairn, made where it is missing. */
static bool
write_private(const char *dir, const char *name, struct str text, bool replace, struct err *err)
{
    char *folder = path_in(dir, ".cairn");
    char *path = path_in(dir, name);
    bool created = false;
    bool ok =
        dir_make(folder, 0700, err) && (replace ? file_replace(path, text, 0600, err)
                                                : file_create(path, text, 0600, &created, err));

    free(path);
    free(folder);
    return ok;
}

bool
secret_make(const char *dir, bool replace, struct err *err)
{
    char random[RANDOM_SIZE];
    struct buf text;
    bool ok;

    buf_init(&text, FILE_MAX);
    random_bytes(random, sizeof(random));
    if (buf_reserve(&text, 128))
        base64url_encode(&text, str_make(random, sizeof(random)));
    buf_add_char(&text, '\n');
    ok = write_private(dir, SECRET_FILE, buf_str(&text), replace, err);
    OPENSSL_cleanse(random, sizeof(random));
    wipe(&text);

    return ok;
}

static bool
keep_old(const char *dir, int64_t keep_s, struct err *err)
{
    struct vault secret = {0};
    struct buf text;
    int64_t made_s = 0;
    bool found = false;
    bool ok = secret_read(dir, &secret, &made_s, &found, err);

    buf_init(&text, FILE_MAX);
    if (ok && found && buf_reserve(&text, FILE_MAX)) {
        buf_add_str(&text, secret.bytes);
        buf_printf(&text, "\n%lld\n", (long long)(clock_wall_us() / 1000000 + keep_s));
        ok = write_private(dir, SECRET_OLD_FILE, buf_str(&text), true, err);
    }
    wipe(&text);
    vault_wipe(&secret);
    return ok;
}

static bool
forget_old(const char *dir, struct err *err)
{
    char *path = path_in(dir, SECRET_OLD_FILE);
    bool ok = unlink(path) == 0 || errno == ENOENT ||
              err_set_errno(err, ERR_IO, errno, "unable to remove '%s'", path);

    free(path);
    return ok;
}

bool
secret_rotate(const char *dir, int64_t keep_s, struct err *err)
{
    /* What is to die dies first: when the rest fails, nobody takes it for good. */
    return (keep_s > 0 ? keep_old(dir, keep_s, err) : forget_old(dir, err)) &&
           secret_make(dir, true, err);
}
