/* SPDX-License-Identifier: Apache-2.0 */
#include "http/internal.h"

bool
http_tls_load(const char *cert_file, const char *key_file, struct http_tls **out, struct err *err)
{
    return err_set(err, ERR_CONFIG, "CAIRN-TLS", "unable to load '%s': TLS is not built in yet",
                   cert_file);
}

void
http_tls_free(struct http_tls *tls)
{
}
