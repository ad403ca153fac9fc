/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What only a project of cairn's can be asked: its version, and how many instances run.
 */
#include "def/version.h"
#include "drill/examiner.h"
#include "io/file.h"
#include "lifecycle/running.h"

enum { ASK_MS = 10000, INSTANCES_MIN = 2, INSTANCES_SCALE = 5 };

/* --- the version ------------------------------------------------------------------------------ */

static void
look_version(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    const char *sample = "cairn_build_info{version=\"" CAIRN_VERSION "\"} 1";
    const char *changes = arena_printf(input->arena, "%s/CHANGELOG.md", input->config->dir).data;
    struct client_response response;
    struct client client;
    bool says;

    service_init_client(&examiner->service, &client, ASK_MS);
    client_ask(&client, "GET", "/metrics", NULL, STR_NULL, &response);
    says = response.status == 200 &&
           memmem(response.body.data, response.body.len, sample, strlen(sample)) != NULL;
    client_fini(&client);
    if (!says)
        check_fail(input, out, "/metrics doesn't say that it is cairn " CAIRN_VERSION);
    else if (!examiner->is_brief && !file_exists(changes))
        check_fail(input, out,
                   "it says that it is cairn " CAIRN_VERSION "; the project has no CHANGELOG.md");
    else
        check_pass(input, out, "it says that it is cairn " CAIRN_VERSION "%s",
                   examiner->is_brief ? "" : ", and CHANGELOG.md what changed");
}

/* --- instances -------------------------------------------------------------------------------- */

/* Those of other machines are not seen from here. */
static void
look_instances(struct examiner *examiner, const struct check_input *input, struct evidence *out)
{
    size_t needed = input->stage == LIFECYCLE_SCALE ? INSTANCES_SCALE : INSTANCES_MIN;
    struct running *running;
    struct err err = {0};
    size_t count = 0;

    out->limit = arena_printf(input->arena, "%zu at a time", needed).data;
    if (input->config->database_engine == CONFIG_ENGINE_SQLITE) {
        check_fail(input, out,
                   "the embedded database is one instance's: database.url: postgres://...");
        return;
    }
    if (!running_find(input->config->dir, input->arena, &running, &count, &err)) {
        check_unknown(input, out, "%s", err.message);
        return;
    }
    evidence_add_figure(out, "instances", (double)count, "instances");
    if (count >= needed)
        check_pass(input, out, "%zu run on this machine", count);
    else
        check_unknown(input, out, "%zu run%s on this machine; others aren't seen from here", count,
                      count == 1 ? "s" : "");
}

const struct probe_def probe_project[] = {
    {"version", 0, look_version, true},
    {"rbac", 1, probe_look_rules, true},
    {"instances", 0, look_instances, true},
};
const size_t probe_project_count = COUNTOF(probe_project);
