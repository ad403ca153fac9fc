/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/live.h"

#include <signal.h>

#include "core/clock.h"
#include "metric/sample.h"

enum { ASK_MS = 5000 };

/* --- finding it ------------------------------------------------------------------------------- */

static bool
listens_there(const struct running *running, const struct config *config)
{
    return config->listen.port == 0 || running->port == config->listen.port;
}

static bool
fail_to_find(const struct config *config, const struct running *found, size_t count,
             struct err *err)
{
    err_set(err, ERR_UNAVAILABLE, "",
            "unable to check the running service: nothing of '%s' runs at %s", config->project_name,
            config->listen.text);
    if (count > 0)
        err_hint(err, "it runs at %s:%u: set listen, or CAIRN_LISTEN, to that", found->host,
                 found->port);
    else
        err_hint(err, "start it with cairn serve; without --live a clone is checked");

    return false;
}

/* What the existing probes need to know of it; they are of a service that they could start. */
static void
describe(struct live *live)
{
    live->own = (struct examiner){
        .config = live->config,
        .arena = live->examiner->arena,
        .stage = live->examiner->stage,
        .is_interrupted = live->examiner->is_interrupted,
        .service =
            {
                .at = live->at,
                .arena = live->examiner->arena,
                .log_fd = -1,
                .port_fd = -1,
                .target =
                    {
                        .name = live->config->project_name,
                        .live = "/livez",
                        .ready = "/readyz",
                        .metrics = live->config->metrics_enabled ? "/metrics" : NULL,
                        .docs = "/openapi.json",
                        /* No table of that name: nothing can be written by accident. */
                        .write_path = "/rest/v1/cairn_probe_no_such_table",
                        .write_body = "{\"id\": {n}}",
                        .read_path = "/rest/v1/",
                        .read_key = "id",
                        .log = live->config->log_file,
                        .is_cairn = true,
                    },
            },
    };
}

bool
live_open(struct live *live, struct examiner *examiner, const struct config *config,
          struct err *err)
{
    struct running *found;
    size_t count = 0, at = 0;

    *live = (struct live){.config = config, .examiner = examiner};
    if (!running_find(config->dir, examiner->arena, &found, &count, err))
        return false;
    while (at < count && !listens_there(&found[at], config))
        at++;
    if (at == count)
        return fail_to_find(config, found, count, err);
    live->running = found[at];
    snprintf(live->at.host, sizeof(live->at.host), "%s", live->running.host);
    snprintf(live->at.port, sizeof(live->at.port), "%u", live->running.port & 0xffffU);
    live->at.is_tls = live->running.is_tls;
    /* A TLS connection that the other side has ended is written to by OpenSSL, without
     * MSG_NOSIGNAL. */
    signal(SIGPIPE, SIG_IGN);
    describe(live);

    return true;
}

/* --- traffic ---------------------------------------------------------------------------------- */

/* Requests of the API alone: health, metrics and documentation are asked by machines. */
static void
sum_api(struct str text, double *requests, double *errors)
{
    struct metric_sample sample;
    enum metric_line line;

    *requests = *errors = 0;
    while ((line = metric_next(&text, &sample)) != METRIC_END) {
        if (line == METRIC_BAD || !str_eq(sample.name, STR("cairn_http_requests_total")) ||
            !str_has_prefix(sample.labels, STR("route=\"rest_")))
            continue;
        *requests += sample.value;
        if (memmem(sample.labels.data, sample.labels.len, "status=\"5", 9) != NULL)
            *errors += sample.value;
    }
}

bool
live_watch_traffic(struct live *live, struct live_traffic *traffic)
{
    struct client_response response;
    struct client client;
    double requests = 0, errors = 0;
    bool ok;

    client_init(&client, &live->at, ASK_MS);
    client_ask(&client, "GET", "/metrics", NULL, STR_NULL, &response);
    ok = response.outcome == CLIENT_ANSWERED && response.status == 200;
    if (ok)
        sum_api(response.body, &requests, &errors);
    client_fini(&client);
    if (!ok)
        return false;
    /* Another worker counts from 0. */
    if (requests < traffic->seen_requests)
        traffic->seen_requests = traffic->seen_errors = 0;
    if (traffic->has_seen) {
        traffic->requests += requests - traffic->seen_requests;
        traffic->errors += errors - traffic->seen_errors;
    }
    traffic->seen_requests = requests;
    traffic->seen_errors = errors;
    traffic->has_seen = true;

    return true;
}

/* --- rows ------------------------------------------------------------------------------------- */

const struct live_drill *
live_find_drill(const char *check)
{
    for (size_t i = 0; i < live_drill_count; i++) {
        if (strcmp(live_drills[i].check, check) == 0)
            return &live_drills[i];
    }

    return NULL;
}

static const struct live_probe *
find_probe(const char *check)
{
    for (size_t i = 0; i < live_probe_count; i++) {
        if (strcmp(live_probes[i].check, check) == 0)
            return &live_probes[i];
    }

    return NULL;
}

static void
say_where(const struct check_input *input, const char *where, struct evidence *out)
{
    out->measured = arena_printf(input->arena, "%s: %s", where, out->measured).data;
}

/* As it is without a running service. False: nobody can find out. */
static bool
look_elsewhere(struct live *live, const struct lifecycle_row *row, const struct check_input *input,
               struct evidence *out)
{
    const struct check_def *def = check_find(row->check);

    if (def != NULL) {
        def->look(input, out);
        return true;
    }
    if (!examiner_look(live->examiner, row, input, out))
        return false;
    say_where(input, "on a clone", out);

    return true;
}

static void
add_figures(struct evidence *to, const struct evidence *from)
{
    for (unsigned i = 0; i < from->figure_count; i++)
        evidence_add_figure(to, from->figures[i].name, from->figures[i].value,
                            from->figures[i].unit);
}

/* The running service decides what it can; a clone can only add to what it said. */
static void
join(const struct check_input *input, const struct evidence *own, struct evidence *out)
{
    out->measured = arena_printf(input->arena, "%s; %s", own->measured, out->measured).data;
    if (out->limit[0] == '\0')
        out->limit = own->limit;
    if (out->detail[0] == '\0')
        out->detail = own->detail;
    add_figures(out, own);
}

bool
live_look(void *ctx, const struct lifecycle_row *row, const struct check_input *input,
          struct evidence *out)
{
    struct live *live = ctx;
    const struct live_probe *probe = row->check != NULL ? find_probe(row->check) : NULL;
    const struct live_drill *drill = row->check != NULL ? live_find_drill(row->check) : NULL;
    struct evidence own = *out;
    bool also_clone = true;

    if (row->check == NULL)
        return false;
    if (drill != NULL && live->drills) {
        drill->look(live, input, &own);
    } else if (probe != NULL) {
        if (probe->look != NULL)
            probe->look(live, input, &own);
        else
            examiner_find(row->check)->look(&live->own, input, &own);
        also_clone = probe->also_clone || own.outcome == EVIDENCE_UNKNOWN;
    } else {
        return look_elsewhere(live, row, input, out);
    }
    say_where(input, "live", &own);
    if (!also_clone || own.outcome == EVIDENCE_FAIL) {
        *out = own;
        return true;
    }
    if (look_elsewhere(live, row, input, out))
        join(input, &own, out);
    else
        *out = own;

    return true;
}
