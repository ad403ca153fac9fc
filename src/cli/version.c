/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cairn version.
 */
#include "def/version.h"

#include <curl/curl.h>
#include <libpq-fe.h>
#include <nghttp2/nghttp2.h>
#include <openssl/crypto.h>
#include <sqlite3.h>
#include <uv.h>
#include <yaml.h>

#include "cli/cli.h"
#include "core/json.h"

enum { OUTPUT_MAX = 64 * 1024 };

int
cli_version(struct cli *cli)
{
    char pq[16];
    const struct {
        const char *name;
        const char *version;
    } parts[] = {
        {"cairn", CAIRN_VERSION},
        {"sqlite", sqlite3_libversion()},
        {"libpq", pq},
        {"openssl", OpenSSL_version(OPENSSL_VERSION_STRING)},
        {"libuv", uv_version_string()},
        {"nghttp2", nghttp2_version(0)->version_str},
        {"libcurl", curl_version_info(CURLVERSION_NOW)->version},
        {"libyaml", yaml_get_version_string()},
    };
    struct buf out;
    int code;

    snprintf(pq, sizeof(pq), "%d.%d", PQlibVersion() / 10000, PQlibVersion() % 10000);
    buf_init(&out, OUTPUT_MAX);
    for (size_t i = 0; i < COUNTOF(parts); i++) {
        if (cli->json) {
            buf_add_str(&out, i > 0 ? STR(", ") : STR("{"));
            json_write_str(&out, i > 0 ? str_from(parts[i].name) : STR("version"));
            BUF_ADD_LIT(&out, ": ");
            json_write_str(&out, str_from(parts[i].version));
        } else if (i == 0) {
            buf_printf(&out, "cairn %s", parts[i].version);
        } else {
            buf_printf(&out, "%s%s %s", i == 1 ? " (" : ", ", parts[i].name, parts[i].version);
        }
    }
    buf_add_str(&out, cli->json ? STR("}\n") : STR(")\n"));
    code = cli_print(cli, &out);
    buf_fini(&out);

    return code;
}
