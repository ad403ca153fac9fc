/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes that a running service doesn't notice: what anybody may ask, and what stands in /proc.
 */
#include "core/clock.h"
#include "core/json.h"
#include "drill/live.h"
#include "drill/tls.h"
#include "io/file.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    ASK_MS = 5000,
    SAMPLES = 100,
    SAMPLE_PAUSE_MS = 20,
    TABLES_TRIED = 5,
    EXPIRES_DAYS = 14,
    STATUS_MAX = 64 * 1024
};

#define DAY_US (INT64_C(86400) * 1000000)

static void
ask(struct live *live, const char *path, struct client *client, struct client_response *out)
{
    client_init(client, &live->at, ASK_MS);
    client_ask(client, "GET", path, NULL, STR_NULL, out);
}

static const char *
describe(const struct check_input *input, const struct client_response *response)
{
    return response->outcome == CLIENT_ANSWERED
               ? arena_printf(input->arena, "%d", response->status).data
               : client_describe(response->outcome);
}

/* 401 and 403 are answers too: who asks has no token. */
static void
look_api(struct live *live, const struct check_input *input, struct evidence *out)
{
    struct client_response response;
    struct client client;

    ask(live, "/rest/v1/", &client, &response);
    if (response.outcome == CLIENT_ANSWERED && response.status < 500)
        check_pass(input, out, "/rest/v1/ answered %d in %.1f ms", response.status,
                   response.seconds * 1000);
    else
        check_fail(input, out, "/rest/v1/: %s", describe(input, &response));
    client_fini(&client);
}

static void
look_ready(struct live *live, const struct check_input *input, struct evidence *out)
{
    struct client_response response;
    struct client client;

    ask(live, "/readyz", &client, &response);
    if (response.status == 200)
        check_pass(input, out, "/readyz answered 200 in %.1f ms", response.seconds * 1000);
    else
        check_fail(input, out, "/readyz: %s", describe(input, &response));
    client_fini(&client);
}

static void
look_health(struct live *live, const struct check_input *input, struct evidence *out)
{
    struct client_response alive, ready;
    struct client first, second;

    ask(live, "/livez", &first, &alive);
    ask(live, "/readyz", &second, &ready);
    if (alive.status == 200 && ready.status == 200)
        check_pass(input, out, "alive and ready");
    else
        check_fail(input, out, "/livez: %s, /readyz: %s", describe(input, &alive),
                   describe(input, &ready));
    client_fini(&first);
    client_fini(&second);
}

static void
look_docs(struct live *live, const struct check_input *input, struct evidence *out)
{
    struct client_response response;
    const struct json *paths;
    struct client client;
    struct json *root;
    struct err err = {0};

    if (!live->config->docs_enabled) {
        check_unknown(input, out, "docs.enabled is false");
        return;
    }
    ask(live, "/openapi.json", &client, &response);
    if (response.status != 200) {
        check_fail(input, out, "/openapi.json: %s", describe(input, &response));
    } else if (!json_parse(response.body, JSON_LIMITS_DEFAULT, input->arena, &root, &err)) {
        check_fail(input, out, "/openapi.json is no JSON");
    } else {
        paths = json_get(root, "paths");
        if (json_get(root, "openapi") == NULL || paths == NULL || paths->type != JSON_OBJECT)
            check_fail(input, out, "/openapi.json is no OpenAPI document");
        else
            check_pass(input, out, "OpenAPI %.*s, %u paths",
                       STR_ARG(json_get_str(root, "openapi", STR("?"))), paths->count);
    }
    client_fini(&client);
}

/* --- TLS -------------------------------------------------------------------------------------- */

static bool
see_tls(struct live *live, const struct check_input *input, struct evidence *out,
        struct tls_sight *sight)
{
    int64_t deadline = (int64_t)(clock_mono_ns() / 1000000) + ASK_MS;
    struct err err = {0};
    struct tls *tls;
    int fd = endpoint_connect(&live->at, ASK_MS);

    if (fd < 0) {
        check_fail(input, out, "connection refused");
        return false;
    }
    tls = tls_open(fd, live->at.host, deadline, &err);
    if (tls == NULL)
        check_fail(input, out, "%s", err.message);
    else
        tls_look(tls, live->at.host, sight);
    tls_free(tls);
    close(fd);

    return tls != NULL;
}

static void
look_tls(struct live *live, const struct check_input *input, struct evidence *out)
{
    struct tls_sight sight;

    if (!live->at.is_tls)
        check_unknown(input, out, "in the clear at %s", live->at.host);
    else if (see_tls(live, input, out, &sight))
        check_pass(input, out, "it speaks %s", sight.protocol);
}

static void
look_certificate(struct live *live, const struct check_input *input, struct evidence *out)
{
    struct tls_sight sight;
    int64_t left_us;

    if (!live->at.is_tls) {
        check_unknown(input, out, "in the clear at %s", live->at.host);
        return;
    }
    if (!see_tls(live, input, out, &sight))
        return;
    left_us = sight.ends_us - clock_wall_us();
    evidence_add_figure(out, "certificate_days", (double)left_us / (double)DAY_US, "days");
    if (left_us <= 0)
        check_fail(input, out, "the certificate that it shows has ended");
    else if (left_us < EXPIRES_DAYS * DAY_US)
        check_fail(input, out, "the certificate that it shows ends in %lld days",
                   (long long)(left_us / DAY_US));
    else if (sight.is_self_signed)
        check_fail(input, out, "the certificate that it shows is self-signed");
    else
        check_pass(input, out, "the certificate that it shows ends in %lld days",
                   (long long)(left_us / DAY_US));
}

/* --- latency and errors at the load that there is --------------------------------------------- */

static int
compare_seconds(const void *first, const void *second)
{
    const double *a = first, *b = second;

    return (*a > *b) - (*a < *b);
}

/* The first table that anybody may read, without its rows: what /readyz says on PostgreSQL is known
 * without asking it. Without one, readiness. */
static const char *
find_path(const struct check_input *input, struct client *client)
{
    struct client_response response;
    struct err err = {0};
    struct json *root = NULL;
    const struct json *paths;
    unsigned tries = 0;

    client_ask(client, "GET", "/openapi.json", NULL, STR_NULL, &response);
    /* What is read of it is in the next answer's place. */
    if (response.status != 200 || !json_parse(arena_copy(input->arena, response.body),
                                              JSON_LIMITS_DEFAULT, input->arena, &root, &err))
        return "/readyz";
    paths = json_get(root, "paths");
    for (const struct json *one = paths != NULL ? paths->first : NULL;
         one != NULL && tries < TABLES_TRIED; one = one->next) {
        const char *path;

        if (json_get(one, "get") == NULL || str_has_prefix(one->key, STR("/rpc/")))
            continue;
        path = arena_printf(input->arena, "/rest/v1%.*s?limit=0", STR_ARG(one->key)).data;
        tries++;
        client_ask(client, "GET", path, NULL, STR_NULL, &response);
        if (response.outcome == CLIENT_ANSWERED && response.status == 200)
            return path;
    }

    return "/readyz";
}

/* How long its users wait now: small requests beside theirs. */
static void
look_latency(struct live *live, const struct check_input *input, struct evidence *out)
{
    const struct stage_target *target = &stage_targets[input->stage];
    struct live_traffic traffic = {0};
    uint64_t begun_ns;
    double seconds[SAMPLES];
    unsigned failed = 0;
    struct client client;
    double p95, rate;
    const char *path;
    bool watched;

    client_init(&client, &live->at, ASK_MS);
    path = find_path(input, &client);
    watched = live_watch_traffic(live, &traffic);
    begun_ns = clock_mono_ns();
    for (unsigned i = 0; i < SAMPLES; i++) {
        struct client_response response;

        client_ask(&client, "GET", path, NULL, STR_NULL, &response);
        failed += response.status != 200;
        seconds[i] = response.outcome == CLIENT_ANSWERED ? response.seconds : ASK_MS / 1000.0;
        poll(NULL, 0, SAMPLE_PAUSE_MS);
    }
    client_fini(&client);
    watched = watched && live_watch_traffic(live, &traffic);
    qsort(seconds, SAMPLES, sizeof(seconds[0]), compare_seconds);
    p95 = seconds[SAMPLES * 95 / 100] * 1000;
    if (str_has_prefix(str_from(path), STR("/rest/")))
        traffic.requests -= traffic.requests < SAMPLES ? traffic.requests : SAMPLES;
    rate = traffic.requests / ((double)(clock_mono_ns() - begun_ns) / 1e9);
    evidence_add_figure(out, "live_p95", p95, "ms");
    if (failed > 0)
        check_fail(input, out, "%s: %u of %d requests failed", path, failed, SAMPLES);
    else if (target->p95_ms > 0 && p95 >= target->p95_ms)
        check_fail(input, out, "%s: p95 %.1f ms beside %.1f requests per second", path, p95, rate);
    else if (watched)
        check_pass(input, out, "%s: p95 %.1f ms beside %.1f requests per second of its users", path,
                   p95, rate);
    else
        check_pass(input, out, "%s: p95 %.1f ms at its present load", path, p95);
}

/* Since its worker began. */
static void
look_error_rate(struct live *live, const struct check_input *input, struct evidence *out)
{
    const struct stage_target *target = &stage_targets[input->stage];
    struct live_traffic traffic = {0};
    double share;

    if (!live_watch_traffic(live, &traffic)) {
        check_unknown(input, out, "its metrics can't be read from here");
        return;
    }
    share = traffic.seen_requests > 0 ? traffic.seen_errors / traffic.seen_requests : 0;
    evidence_add_figure(out, "live_error_rate", share * 100, "%");
    if (target->error_share > 0 && share >= target->error_share && traffic.seen_errors >= 5)
        check_fail(input, out, "%.3f %% of its users' %.0f requests failed", share * 100,
                   traffic.seen_requests);
    else
        check_pass(input, out, "%.3f %% of its users' %.0f requests failed", share * 100,
                   traffic.seen_requests);
}

/* --- the process ------------------------------------------------------------------------------ */

static bool
has_status(struct str status, const char *line)
{
    return memmem(status.data, status.len, line, strlen(line)) != NULL;
}

static void
look_rights(struct live *live, const struct check_input *input, struct evidence *out)
{
    const char *path =
        arena_printf(input->arena, "/proc/%ld/status", (long)live->running.supervisor).data;
    struct err err = {0};
    bool found = false;
    struct buf status;

    buf_init(&status, STATUS_MAX);
    if (!file_read(path, &status, &found, &err) || !found)
        check_unknown(input, out, "nothing is known of process %ld",
                      (long)live->running.supervisor);
    else if (has_status(buf_str(&status), "\nUid:\t0\t"))
        check_fail(input, out, "process %ld runs as root", (long)live->running.supervisor);
    else if (!has_status(buf_str(&status), "\nCapEff:\t0000000000000000\n"))
        check_fail(input, out, "process %ld has capabilities that it doesn't need",
                   (long)live->running.supervisor);
    else
        check_pass(input, out, "process %ld is not root's and has no capabilities%s",
                   (long)live->running.supervisor,
                   has_status(buf_str(&status), "\nNoNewPrivs:\t1\n") ? ", nor can get any" : "");
    buf_fini(&status);
}

const struct live_probe live_probes[] = {
    {"api-answers", look_api, false},
    {"database-connected", look_ready, false},
    {"health-truth", look_health, true},
    {"error-handling", NULL, false},
    {"security-headers", NULL, false},
    {"docs", look_docs, false},
    {"metrics", NULL, false},
    {"logs", NULL, false},
    {"error-tracking", NULL, false},
    {"latency", look_latency, true},
    {"error-rate", look_error_rate, true},
    {"tls", look_tls, true},
    {"certificates", look_certificate, true},
    {"process-rights", look_rights, false},
};
const size_t live_probe_count = COUNTOF(live_probes);
