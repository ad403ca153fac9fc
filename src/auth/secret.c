/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/secret.h"

#include <openssl/crypto.h>
#include <sys/stat.h>

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
    /* So that the text is never moved, and left behind, while it is read. */
    if (!buf_reserve(&text, FILE_MAX) || !file_read(path, &text, found, err))
        goto out;
    if (!*found) {
        ok = true;
        goto out;
    }
    if (!file_check_private(path, err))
        goto out;
    *made_s = stat(path, &st) == 0 ? (int64_t)st.st_mtime : 0;
    secret = str_trim(buf_str(&text));
    if (secret.len < JWK_SECRET_MIN) {
        err_set(err, ERR_CONFIG, "CAIRN-CONFIG",
                "unable to use '%s': the secret is shorter than 32 bytes", path);
        err_hint(err, "cairn keys rotate makes a new one");
        goto out;
    }
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

bool
secret_make(const char *dir, bool replace, struct err *err)
{
    char *folder = path_in(dir, ".cairn");
    char *path = path_in(dir, SECRET_FILE);
    char random[RANDOM_SIZE];
    struct buf text;
    bool created = false;
    bool ok = false;

    buf_init(&text, FILE_MAX);
    random_bytes(random, sizeof(random));
    if (buf_reserve(&text, 128))
        base64url_encode(&text, str_make(random, sizeof(random)));
    buf_add_char(&text, '\n');
    if (dir_make(folder, 0700, err))
        ok = replace ? file_replace(path, buf_str(&text), 0600, err)
                     : file_create(path, buf_str(&text), 0600, &created, err);
    OPENSSL_cleanse(random, sizeof(random));
    wipe(&text);
    free(path);
    free(folder);

    return ok;
}
