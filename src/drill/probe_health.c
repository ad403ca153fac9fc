/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does it answer, and does it say the truth about itself?
 */
#include "core/clock.h"
#include "core/json.h"
#include "drill/examiner.h"

#include <poll.h>

enum { ASK_MS = 10000, TURN_MS = 15000, BRIEF_TURN_MS = 8000 };

static void
ask(struct examiner *examiner, const char *path, struct client_response *out, struct client *client)
{
    service_init_client(&examiner->service, client, ASK_MS);
    client_ask(client, "GET", path, NULL, STR_NULL, out);
}

static bool
is_ok(const struct client_response *response)
{
    return response->outcome == CLIENT_ANSWERED && response->status == 200;
}

/* "200" or how it ended. */
static const char *
describe(struct arena *arena, const struct client_response *response)
{
    return response->outcome == CLIENT_ANSWERED ? arena_printf(arena, "%d", response->status).data
                                                : client_describe(response->outcome);
}

static void
look_api(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    const char *path =
        examiner->service.target.is_cairn ? "/rest/v1/" : examiner->service.target.live;
    struct client_response response;
    struct client client;

    ask(examiner, path, &response, &client);
    if (is_ok(&response))
        check_pass(input, out, "%s answered 200 in %.1f ms", path, response.seconds * 1000);
    else
        check_fail(input, out, "%s: %s", path, describe(input->arena, &response));
    client_fini(&client);
}

static void
look_database(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    const char *read =
        target_fill(input->arena, examiner->service.target.read_path, "{offset}", "0");
    struct client_response ready, rows;
    struct client client, second;

    ask(examiner, examiner->service.target.ready, &ready, &client);
    ask(examiner, read, &rows, &second);
    if (!is_ok(&ready))
        check_fail(input, out, "%s: %s", examiner->service.target.ready,
                   describe(input->arena, &ready));
    else if (rows.outcome != CLIENT_ANSWERED || rows.status / 100 != 2)
        check_fail(input, out, "%s: %s", read, describe(input->arena, &rows));
    else
        check_pass(input, out, "ready, and a table answered in %.1f ms", rows.seconds * 1000);
    client_fini(&client);
    client_fini(&second);
}

/* --- the database goes away ------------------------------------------------------------------- */

static bool
turns(struct examiner *examiner, const char *path, int status)
{
    int64_t wait_ms = examiner_stretch(examiner, examiner->is_brief ? BRIEF_TURN_MS : TURN_MS);

    if (service_wait_for(&examiner->service, path, status, wait_ms))
        return true;
    examiner->late++;

    return false;
}

static void
look_truth(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    struct service *service = &examiner->service;
    const struct target *target = &service->target;
    uint64_t start = clock_mono_ns();
    struct client_response live;
    struct client client;
    bool turned, recovered;
    struct err err = {0};
    double seconds;

    if (!service_take_data(service, &err)) {
        check_unknown(input, out, "%s", err.message);
        if (service->database != NULL && !service_give_data(service, &err))
            examiner->is_broken = true;
        return;
    }
    turned = turns(examiner, target->ready, 503);
    seconds = (double)(clock_mono_ns() - start) / 1e9;
    ask(examiner, target->live, &live, &client);
    if (!service_give_data(service, &err)) {
        check_fail(input, out, "%s", err.message);
        client_fini(&client);
        return;
    }
    recovered = turns(examiner, target->ready, 200);
    evidence_add_figure(out, "not_ready_after", seconds, "s");
    if (!turned)
        check_fail(input, out, "without its data %s goes on answering 200", target->ready);
    else if (!is_ok(&live))
        check_fail(input, out, "without its data %s turns too: %s", target->live,
                   describe(input->arena, &live));
    else if (!recovered)
        check_fail(input, out, "%s doesn't recover when the data is back", target->ready);
    else
        check_pass(input, out, "without data %s turned in %.1f s, %s stayed, both recovered",
                   target->ready, seconds, target->live);
    out->limit = "503 within 15 s, and 200 again when the data is back";
    /* Who doesn't notice may not come back either: the next probe gets a fresh one. */
    if (out->outcome != EVIDENCE_PASS)
        service_kill(service);
    client_fini(&client);
}

/* --- end to end ------------------------------------------------------------------------------- */

static bool
has_number(struct str body, const char *key, int64_t number, struct arena *arena)
{
    struct err err = {0};
    struct json *rows;

    if (!json_parse(body, JSON_LIMITS_DEFAULT, arena, &rows, &err))
        return false;
    for (const struct json *row = rows->type == JSON_ARRAY ? rows->first : rows; row != NULL;
         row = row->next) {
        const struct json *found = json_get(row, key);
        int64_t value;

        if (found != NULL && str_to_i64(found->text, &value) && value == number)
            return true;
    }

    return false;
}

static void
look_round_trip(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    const struct target *target = &examiner->service.target;
    int64_t number = (int64_t)(clock_mono_ns() % 1000000000) + 1000000000000;
    const char *text = arena_printf(input->arena, "%lld", (long long)number).data;
    const char *path = target->one_path != NULL
                           ? target_fill(input->arena, target->one_path, "{n}", text)
                           : target_fill(input->arena, target->read_path, "{offset}", "0");
    struct client_response written, read;
    struct client client;

    service_init_client(&examiner->service, &client, ASK_MS);
    client_ask(&client, "POST", target->write_path, "Content-Type: application/json\r\n",
               str_from(target_fill(input->arena, target->write_body, "{n}", text)), &written);
    if (written.outcome != CLIENT_ANSWERED || written.status / 100 != 2) {
        check_fail(input, out, "POST %s: %s", target->write_path, describe(input->arena, &written));
    } else {
        double seconds = written.seconds;

        client_ask(&client, "GET", path, NULL, STR_NULL, &read);
        if (read.outcome == CLIENT_ANSWERED && read.status / 100 == 2 &&
            has_number(read.body, target->read_key, number, input->arena))
            check_pass(input, out, "written in %.1f ms, read back in %.1f ms", seconds * 1000,
                       read.seconds * 1000);
        else
            check_fail(input, out, "what was written isn't there: GET %s: %s", path,
                       describe(input->arena, &read));
    }
    client_fini(&client);
}

const struct probe_def probe_health[] = {
    {"api-answers", 0, look_api, false},
    {"database-connected", 0, look_database, false},
    {"health-truth", 2, look_truth, false},
    {"round-trip", 0, look_round_trip, false},
};
const size_t probe_health_count = COUNTOF(probe_health);
