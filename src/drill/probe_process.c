/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does the process tell about itself, and what does it refuse to begin with?
 */
#include "core/clock.h"
#include "core/interrupt.h"
#include "core/json.h"
#include "drill/examiner.h"
#include "io/file.h"
#include "io/process.h"
#include "metric/sample.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    ASK_MS = 10000,
    LOG_MAX = 256 * 1024,
    REFUSE_MS = 10000,
    APPLY_MS = 10000,
    LOG_WAIT_MS = 5000
};

#define JSON_HEADER "Content-Type: application/json\r\n"

/* --- the log ---------------------------------------------------------------------------------- */

struct log_count {
    size_t lines, unparsed;
    bool has_id;
    bool has_secret;
};

/* Its end, in whole lines: a service that has run for long has a long log. */
static bool
read_log(struct examiner *examiner, struct buf *out)
{
    const char *path = examiner->service.target.log;
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    off_t end, from;
    ssize_t got = -1;

    buf_clear(out);
    if (fd < 0)
        return false;
    end = lseek(fd, 0, SEEK_END);
    from = end > LOG_MAX ? end - LOG_MAX : 0;
    if (end >= 0 && buf_reserve(out, LOG_MAX))
        got = pread(fd, out->data, LOG_MAX, from);
    close(fd);
    if (got > 0) {
        const char *line = from > 0 ? memchr(out->data, '\n', (size_t)got) : NULL;
        size_t skipped = line != NULL ? (size_t)(line - out->data) + 1 : 0;

        memmove(out->data, out->data + skipped, (size_t)got - skipped);
        out->len = (size_t)got - skipped;
        while (out->len > 0 && out->data[out->len - 1] != '\n')
            out->len--;
    }

    return got >= 0;
}

static void
count_log(struct arena *arena, struct str text, struct str id, const char *secret,
          struct log_count *out)
{
    *out = (struct log_count){0};
    out->has_secret = memmem(text.data, text.len, secret, strlen(secret)) != NULL;
    while (text.len > 0) {
        struct str line = str_cut(&text, '\n');
        struct err err = {0};
        struct json *root;

        if (line.len == 0)
            continue;
        out->lines++;
        out->unparsed += !json_parse(line, JSON_LIMITS_DEFAULT, arena, &root, &err);
        out->has_id = out->has_id || (id.len > 0 && memmem(line.data, line.len, id.data, id.len));
    }
}

/* Waits until the log has a line with the id of a request, for what a service writes with a
 * delay. */
static void
await_log(struct examiner *examiner, const struct check_input *input, struct str id,
          const char *secret, struct log_count *out)
{
    struct buf text;

    *out = (struct log_count){0};
    buf_init(&text, 2 * LOG_MAX);
    for (int waited = 0; waited < examiner_stretch(examiner, LOG_WAIT_MS) && !out->has_id &&
                         (id.len > 0 || out->lines == 0) && !interrupt_is_asked();
         waited += 50) {
        poll(NULL, 0, 50);
        if (read_log(examiner, &text))
            count_log(input->arena, buf_str(&text), id, secret, out);
    }
    examiner->late += !out->has_id && id.len > 0;
    buf_fini(&text);
}

static void
look_logs(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    static const char secret[] = "eyJhbGciOiJIUzI1NiJ9.cairn-probe-secret.signature";
    struct client_response response;
    struct log_count count;
    struct client client;
    struct str id;

    if (examiner->service.target.log == NULL) {
        check_unknown(input, out, "nothing says where its log is (log:)");
        return;
    }
    service_init_client(&examiner->service, &client, ASK_MS);
    client_ask(&client, "GET", examiner->service.target.write_path,
               arena_printf(input->arena, "Authorization: Bearer %s\r\n", secret).data, STR_NULL,
               &response);
    id = arena_copy(input->arena, client_get_header(&response, "X-Request-Id"));
    await_log(examiner, input, id, "cairn-probe-secret", &count);
    if (count.lines == 0)
        check_fail(input, out, "%s has no lines", examiner->service.target.log);
    else if (count.unparsed > 0)
        check_fail(input, out, "%zu of %zu lines are no JSON", count.unparsed, count.lines);
    else if (id.len == 0)
        check_fail(input, out, "answers carry no X-Request-Id");
    else if (!count.has_id)
        check_fail(input, out, "the request id of an answer isn't in the log");
    else if (count.has_secret)
        check_fail(input, out, "a token is in the log");
    else
        check_pass(input, out, "%zu lines parse, carry request ids, and hold no token",
                   count.lines);
    client_fini(&client);
}

/* --- metrics ---------------------------------------------------------------------------------- */

/* The sum of all samples whose name ends in _total or _count and has "request" in it; -1 when a
 * line is no sample. */
static double
sum_requests(struct str text, size_t *samples)
{
    struct metric_sample sample;
    enum metric_line line;
    double sum = 0;

    *samples = 0;
    while ((line = metric_next(&text, &sample)) != METRIC_END) {
        if (line == METRIC_BAD)
            return -1;
        (*samples)++;
        if (memmem(sample.name.data, sample.name.len, "request", 7) != NULL &&
            (str_has_suffix(sample.name, STR("_total")) ||
             str_has_suffix(sample.name, STR("_count"))))
            sum += sample.value;
    }

    return sum;
}

static void
look_metrics(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    const struct target *target = &examiner->service.target;
    struct client_response response;
    size_t samples = 0;
    struct client client;
    double before, after;

    if (target->metrics == NULL) {
        check_fail(input, out, "it has no metrics");
        return;
    }
    service_init_client(&examiner->service, &client, ASK_MS);
    client_ask(&client, "GET", target->metrics, NULL, STR_NULL, &response);
    before = response.status == 200 ? sum_requests(response.body, &samples) : -1;
    for (int i = 0; i < 10; i++)
        client_ask(&client, "GET", target->live, NULL, STR_NULL, &response);
    client_ask(&client, "GET", target->metrics, NULL, STR_NULL, &response);
    after = response.status == 200 ? sum_requests(response.body, &samples) : -1;
    client_fini(&client);
    evidence_add_figure(out, "metric_samples", (double)samples, "samples");
    if (before < 0 || after < 0)
        check_fail(input, out, "%s: %d, or no text of Prometheus' form", target->metrics,
                   response.status);
    else if (after < before + 10)
        check_fail(input, out, "10 requests moved the counters by %.0f", after - before);
    else
        check_pass(input, out, "%zu samples; 10 requests moved the counters by %.0f", samples,
                   after - before);
}

/* --- starting --------------------------------------------------------------------------------- */

static void
look_environment(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    static const char *const wrong[] = {"CAIRN_LISTEN=nowhere:banana", "PORT=banana", NULL};
    struct service second;
    struct err err = {0};
    bool ended;

    if (!examiner_open_service(examiner, &second, &err) || !service_spawn(&second, wrong, &err)) {
        check_unknown(input, out, "%s", err.message);
        return;
    }
    for (int waited = 0; !(ended = process_wait(second.pid, 100, &second.status)) &&
                         waited < examiner_stretch(examiner, REFUSE_MS) && !interrupt_is_asked();)
        waited += 100;
    if (ended)
        second.pid = 0;
    examiner->late += !ended;
    if (!ended)
        check_fail(input, out, "started with a port that is no number, it runs on");
    else if (!WIFEXITED(second.status) || WEXITSTATUS(second.status) == 0)
        check_fail(input, out,
                   "started with a port that is no number, it didn't end with an error");
    else if (strstr(service_last_words(&second), "banana") == NULL &&
             strstr(service_last_words(&second), "PORT") == NULL &&
             !service_log_has(&second, "banana"))
        check_fail(input, out, "it ended, and didn't say which setting is wrong");
    else
        check_pass(input, out, "a wrong port is refused at the start, by name; exit code %d",
                   WEXITSTATUS(second.status));
    service_close(&second);
}

/* In cairn dev a migration that is saved has to be there soon. */
static void
look_applied(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    struct service second;
    struct err err = {0};
    const char **start;
    uint64_t saved;

    if (!examiner_open_service(examiner, &second, &err)) {
        check_unknown(input, out, "%s", err.message);
        return;
    }
    start = ARENA_ARRAY(input->arena, const char *, 5);
    start[0] = second.target.start[0];
    start[1] = examiner->defect != NULL ? "defect" : "dev";
    if (examiner->defect != NULL) {
        start[2] = examiner->defect;
        start[3] = "dev";
    }
    second.target.start = start;
    if (!service_start(&second, NULL, &err) ||
        !file_replace(
            arena_printf(input->arena, "%s/migrations/9999_drill_second.sql", second.dir).data,
            STR("CREATE TABLE drill_second (id bigint PRIMARY KEY);\n"), 0600, &err)) {
        check_fail(input, out, "%s", err.message);
    } else {
        saved = clock_mono_ns();
        if (service_wait_for(&second, "/rest/v1/drill_second", 200,
                             examiner_stretch(examiner, APPLY_MS))) {
            check_pass(input, out, "a saved migration answered after %.2f s",
                       (double)(clock_mono_ns() - saved) / 1e9);
        } else {
            check_fail(input, out, "a saved migration wasn't applied within %d s", APPLY_MS / 1000);
            examiner->late++;
        }
    }
    service_close(&second);
}

/* Who isn't signed in, with the project's own rules instead of the open ones that probes need. */
static void
look_authentication(struct examiner *examiner, const struct check_input *input,
                    struct evidence *out)
{
    const char *env[] = {NULL, NULL};
    struct client_response written;
    struct service second;
    struct client client;
    struct err err = {0};

    /* Whether the check notices is another question than what the project is like. */
    env[0] =
        examiner->is_brief
            ? "CAIRN_AUTH_ANONYMOUS=closed"
            : arena_printf(
                  input->arena, "CAIRN_AUTH_ANONYMOUS=%s",
                  config_options[CONFIG_AUTH_ANONYMOUS].values[examiner->config->auth_anonymous])
                  .data;
    if (!examiner_open_service(examiner, &second, &err)) {
        check_unknown(input, out, "%s", err.message);
        return;
    }
    if (!service_start(&second, env, &err)) {
        check_unknown(input, out, "%s", err.message);
        service_close(&second);
        return;
    }
    service_init_client(&second, &client, ASK_MS);
    client_ask(&client, "POST", second.target.write_path, JSON_HEADER, STR("{\"id\": 1}"),
               &written);
    if (written.status == 401 || written.status == 403)
        check_pass(input, out, "a write without a token: %d", written.status);
    else
        check_fail(input, out, "a write without a token to a table without rules: %d",
                   written.status);
    client_fini(&client);
    service_close(&second);
}

static void
look_error_tracking(struct examiner *examiner, const struct check_input *input,
                    struct evidence *out)
{
    struct client_response response;
    struct log_count count;
    struct client client;
    struct str id;

    if (examiner->service.target.log == NULL) {
        check_unknown(input, out, "nothing says where its log is (log:)");
        return;
    }
    service_init_client(&examiner->service, &client, ASK_MS);
    client_ask(&client, "POST", examiner->service.target.write_path, JSON_HEADER,
               STR("{\"id\": \"no number\"}"), &response);
    id = arena_copy(input->arena, client_get_header(&response, "X-Request-Id"));
    client_fini(&client);
    await_log(examiner, input, id, "\x01", &count);
    if (count.has_id)
        check_pass(input, out, "a failed request is in the log under the id of its answer");
    else
        check_fail(input, out, "a failed request can't be found in the log");
}

static void
look_rights(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    if (geteuid() == 0)
        check_fail(input, out, "it runs as root here");
    else
        check_pass(input, out, "it runs as user %ld", (long)geteuid());
}

const struct probe_def probe_process[] = {
    {"logs", 1, look_logs, false},
    {"metrics", 0, look_metrics, false},
    {"environment-validation", 0, look_environment, false},
    {"migration-applied", 1, look_applied, true},
    {"authentication", 0, look_authentication, true},
    {"error-tracking", 1, look_error_tracking, false},
    {"process-rights", 0, look_rights, false},
};
const size_t probe_process_count = COUNTOF(probe_process);
