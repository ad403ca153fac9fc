/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/jwks.h"

#include <curl/curl.h>

#include "core/buf.h"

struct exchange {
    const struct jwks_question *question;
    struct buf body;
    struct jwks_answer *answer;
    char cause[CURL_ERROR_SIZE];
};

void
jwks_init(void)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        abort(); /* only for want of memory */
}

int64_t
jwks_age(struct str cache_control)
{
    int64_t age = JWKS_AGE_DEFAULT;

    while (cache_control.len > 0) {
        struct str item = str_trim(str_cut(&cache_control, ','));
        struct str name = str_trim(str_cut(&item, '='));
        struct str value = str_trim(item);

        if (str_eq_nocase(name, STR("no-store")) || str_eq_nocase(name, STR("no-cache")))
            return JWKS_AGE_MIN;
        if (value.len >= 2 && value.data[0] == '"')
            value = str_slice(value, 1, value.len - 1);
        if (str_eq_nocase(name, STR("max-age")) && !str_to_i64(value, &age))
            age = JWKS_AGE_DEFAULT;
    }
    return age < JWKS_AGE_MIN ? JWKS_AGE_MIN : age > JWKS_AGE_MAX ? JWKS_AGE_MAX : age;
}

static size_t
on_body(char *data, size_t size, size_t count, void *ctx)
{
    struct exchange *x = ctx;

    buf_add_str(&x->body, str_make(data, size * count));
    return buf_ok(&x->body) ? size * count : 0;
}

/* Of each answer on the way, the last one stands. */
static size_t
on_header(char *data, size_t size, size_t count, void *ctx)
{
    struct exchange *x = ctx;
    struct str value = str_trim(str_make(data, size * count));
    struct str name;

    if (str_has_prefix(value, STR("HTTP/"))) {
        x->answer->etag[0] = '\0';
        x->answer->age_s = JWKS_AGE_DEFAULT;
        return size * count;
    }
    name = str_cut(&value, ':');
    value = str_trim(value);
    if (str_eq_nocase(name, STR("cache-control")))
        x->answer->age_s = jwks_age(value);
    /* Quotes included; one with other characters would make a header of its own when sent back. */
    if (str_eq_nocase(name, STR("etag")) && value.len < JWKS_ETAG_MAX)
        snprintf(x->answer->etag, JWKS_ETAG_MAX, "%.*s", STR_ARG(value));
    return size * count;
}

static int
on_progress(void *ctx, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up)
{
    const struct exchange *x = ctx;

    (void)down_total, (void)down, (void)up_total, (void)up;
    return x->question->is_cancelled != NULL && atomic_load(x->question->is_cancelled);
}

static bool
prepare(CURL *curl, struct exchange *x, struct curl_slist *headers)
{
    const struct jwks_question *q = x->question;
    /* http is for loopback, where config lets it pass, and doesn't lead anywhere else. */
    bool is_https = strncmp(q->url, "https:", 6) == 0;
    bool ok = curl_easy_setopt(curl, CURLOPT_URL, q->url) == CURLE_OK;

    ok = ok &&
         curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, is_https ? "https" : "http") == CURLE_OK;
    ok = ok && curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "https") == CURLE_OK;
    ok = ok && curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, is_https ? 1L : 0L) == CURLE_OK;
    ok = ok && curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)JWKS_REDIRECTS_MAX) == CURLE_OK;
    ok = ok && curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;
    ok = ok && curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)q->timeout_ms) == CURLE_OK;
    ok = ok && curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)JWKS_CONNECT_TIMEOUT_MS) ==
                   CURLE_OK;
    ok = ok && curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK;
    ok = ok && curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK;
    ok =
        ok && curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK;
    if (q->ca_file != NULL)
        ok = ok && curl_easy_setopt(curl, CURLOPT_CAINFO, q->ca_file) == CURLE_OK &&
             curl_easy_setopt(curl, CURLOPT_CAPATH, NULL) == CURLE_OK;
    ok = ok && curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK;
    ok = ok && curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK;
    ok = ok && curl_easy_setopt(curl, CURLOPT_WRITEDATA, x) == CURLE_OK;
    ok = ok && curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK;
    ok = ok && curl_easy_setopt(curl, CURLOPT_HEADERDATA, x) == CURLE_OK;
    ok = ok && curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress) == CURLE_OK;
    ok = ok && curl_easy_setopt(curl, CURLOPT_XFERINFODATA, x) == CURLE_OK;
    ok = ok && curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L) == CURLE_OK;
    return ok && curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, x->cause) == CURLE_OK;
}

static bool
fail(struct err *err, const char *why)
{
    return err_set(err, ERR_UNAVAILABLE, "CAIRN-KEYS", "%s", why);
}

static bool
read_answer(struct exchange *x, CURL *curl, struct err *err)
{
    const struct jwks_question *q = x->question;
    struct jwks_answer *answer = x->answer;
    long status = 0;

    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (status == 304 && q->etag[0] != '\0') {
        snprintf(answer->etag, sizeof(answer->etag), "%s", q->etag);
        return true;
    }
    if (status >= 300 && status < 400)
        return fail(err, "it leads elsewhere, and not by https");
    if (status != 200)
        return err_set(err, ERR_UNAVAILABLE, "CAIRN-KEYS", "it answers %ld", status);
    answer->set = jwk_set_new();
    if (jwk_set_add_json(answer->set, buf_str(&x->body), JWK_PUBLISHED, err))
        return true;
    jwk_set_unref(answer->set);
    answer->set = NULL;
    return false;
}

static bool
fail_transfer(const struct exchange *x, CURLcode code, struct err *err)
{
    if (!buf_ok(&x->body))
        return fail(err, "the answer is larger than 1 MiB");
    return fail(err, x->cause[0] != '\0' ? x->cause : curl_easy_strerror(code));
}

bool
jwks_ask(const struct jwks_question *question, struct jwks_answer *out, struct err *err)
{
    struct exchange x = {.question = question, .answer = out};
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Accept: application/json, */*;q=0.5");
    char condition[JWKS_ETAG_MAX + 32];
    CURLcode code;
    bool ok = false;

    *out = (struct jwks_answer){.age_s = JWKS_AGE_DEFAULT};
    buf_init(&x.body, JWKS_SIZE_MAX);
    if (question->etag[0] != '\0') {
        snprintf(condition, sizeof(condition), "If-None-Match: %s", question->etag);
        headers = curl_slist_append(headers, condition);
    }
    if (curl == NULL || headers == NULL || !prepare(curl, &x, headers)) {
        fail(err, "this build of libcurl can't ask for it");
        goto out;
    }
    code = curl_easy_perform(curl);
    ok = code == CURLE_OK ? read_answer(&x, curl, err) : fail_transfer(&x, code, err);

out:
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    buf_fini(&x.body);

    return ok;
}
