/* SPDX-License-Identifier: Apache-2.0 */
#include "io/checksum.h"

#include <openssl/evp.h>

void
checksum_sha256(struct str data, uint8_t out[CHECKSUM_SIZE])
{
    unsigned size = 0;

    /* It fails only without memory, or where OpenSSL was installed without SHA-256. */
    if (EVP_Digest(data.len > 0 ? data.data : "", data.len, out, &size, EVP_sha256(), NULL) != 1 ||
        size != CHECKSUM_SIZE) {
        fputs("cairn: unable to compute SHA-256\n", stderr);
        abort();
    }
}

void
checksum_sha256_hex(struct str data, char out[CHECKSUM_HEX_SIZE])
{
    uint8_t digest[CHECKSUM_SIZE];

    checksum_sha256(data, digest);
    str_write_hex(str_make((const char *)digest, CHECKSUM_SIZE), out);
    out[CHECKSUM_HEX_SIZE - 1] = '\0';
}
