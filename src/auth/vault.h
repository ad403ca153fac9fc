/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A place for the bytes of a key: pages of their own, left out of core dumps and kept from swap
 * where the system lets us, and wiped before they are given back.
 */
#ifndef CAIRN_AUTH_VAULT_H
#define CAIRN_AUTH_VAULT_H

#include "core/str.h"

struct vault {
    struct str bytes; /* data NULL: nothing is kept */
    size_t size;      /* of the pages */
};

/* A copy of bytes, which are not empty. */
void vault_put(struct vault *vault, struct str bytes);
void vault_wipe(struct vault *vault); /* safe on a zeroed struct */

/* The pages that hold bytes, wherever these are, are left out of core dumps from now on. */
void vault_hide(struct str bytes);

#endif
