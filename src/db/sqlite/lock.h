/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The right to write to and checkpoint a database file, which one process has at a time.
 *
 * It is a lock on the first byte of "<path>.lock", kept by the kernel and gone with its holder,
 * however that ends. Who waits for it holds the second byte, so that a holder who is asked at every
 * pause (lite_lock_is_wanted) can let others have their turn. The file says who holds the lock, for
 * people, and is never removed.
 */
#ifndef CAIRN_DB_SQLITE_LOCK_H
#define CAIRN_DB_SQLITE_LOCK_H

#include "core/err.h"

struct lite_lock {
    char *path; /* of the lock file */
    int fd;     /* -1: closed */
    bool is_held;
    bool is_waiting;
    uint64_t since_ns; /* when it was taken */
};

/* path is the database's. The lock file is made when missing. */
MUST_CHECK bool lite_lock_open(struct lite_lock *lock, const char *path, struct err *err);
void lite_lock_close(struct lite_lock *lock); /* gives the lock up; safe on a closed one */

/* One try, at once. False: another process has it; until a later try succeeds or the wait is
 * cancelled, others know that it is wanted. */
bool lite_lock_try(struct lite_lock *lock);
void lite_lock_cancel(struct lite_lock *lock);
/* Tries until the time has come; err (kind ERR_UNAVAILABLE, 55P03) says who holds it. */
MUST_CHECK bool lite_lock_wait(struct lite_lock *lock, uint64_t deadline_ns, struct err *err);
void lite_lock_release(struct lite_lock *lock);
/* Another process waits for it. */
bool lite_lock_is_wanted(const struct lite_lock *lock);
/* Fills err with who holds it. */
void lite_lock_blame(const struct lite_lock *lock, struct err *err);

#endif
