/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256, for telling whether something is still what it was.
 */
#ifndef CAIRN_IO_CHECKSUM_H
#define CAIRN_IO_CHECKSUM_H

#include "core/str.h"

#define CHECKSUM_SIZE 32
#define CHECKSUM_HEX_SIZE (2 * CHECKSUM_SIZE + 1) /* with its NUL */

void checksum_sha256(struct str data, uint8_t out[CHECKSUM_SIZE]);
/* In lower case, terminated. */
void checksum_sha256_hex(struct str data, char out[CHECKSUM_HEX_SIZE]);

#endif
