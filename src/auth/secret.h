/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The project's own secret, .cairn/jwt-secret: made once, mode 0600, never in a file that git
 * tracks.
 *
 * The file holds 64 characters, which are the secret as they stand, so that another service can be
 * given the same one. Whoever reads the file and whoever writes it see it whole.
 *
 * Beside it, .cairn/jwt-secret.old may hold the one of before: a line with the secret, and one with
 * the time until which it is good, in seconds since 1970.
 */
#ifndef CAIRN_AUTH_SECRET_H
#define CAIRN_AUTH_SECRET_H

#include "auth/vault.h"
#include "config/config.h"
#include "core/err.h"

#define SECRET_FILE ".cairn/jwt-secret"
#define SECRET_OLD_FILE ".cairn/jwt-secret.old"
#define SECRET_KEEP_MAX_S ((int64_t)90 * 24 * 3600)

/* dir is the project folder. *found is false when the file isn't there. An error when others may
 * read it, or when what it holds is too short. made_s: when the file was written. */
MUST_CHECK bool secret_read(const char *dir, struct vault *out, int64_t *made_s, bool *found,
                            struct err *err);
/* The secret that config names, or else the project's own. *found is false when there is
 * neither. */
MUST_CHECK bool secret_find(const struct config *config, struct vault *out, int64_t *made_s,
                            bool *found, struct err *err);

/* The one of before, while it is good; *found is false when there is none. */
MUST_CHECK bool secret_read_old(const char *dir, struct vault *out, int64_t *until_s, bool *found,
                                struct err *err);

/* Makes a new one in the place of the one that is there, which is good for keep_s seconds more;
 * with 0 it is not, and neither is one of before. */
MUST_CHECK bool secret_rotate(const char *dir, int64_t keep_s, struct err *err);

/* Makes a new one; where there is one already, only when replace is set. */
MUST_CHECK bool secret_make(const char *dir, bool replace, struct err *err);

#endif
