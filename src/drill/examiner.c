/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/examiner.h"

const struct stage_target stage_targets[LIFECYCLE_STAGE_COUNT] = {
    [LIFECYCLE_POC] = {.users = 5, .recover_s = 60},
    [LIFECYCLE_MVP] = {100, 1000, 0.05, 100, 30},
    [LIFECYCLE_PRODUCTION] = {1000, 500, 0.01, 1000, 15},
    [LIFECYCLE_SCALE] = {10000, 200, 0.001, 10000, 10},
};

void
examiner_init(struct examiner *examiner, const struct config *config, const struct target *target,
              enum lifecycle_stage stage, struct arena *arena)
{
    *examiner =
        (struct examiner){.config = config, .target = target, .stage = stage, .arena = arena};
    service_sweep();
}

void
examiner_fini(struct examiner *examiner)
{
    if (examiner->is_open)
        service_close(&examiner->service);
    examiner->is_open = false;
}

int64_t
examiner_stretch(const struct examiner *examiner, int64_t ms)
{
    return examiner->patience > 0 ? ms * examiner->patience : ms;
}

bool
examiner_open_service(struct examiner *examiner, struct service *out, struct err *err)
{
    const char **start;

    if (examiner->target != NULL ? !service_open(examiner->target, examiner->arena, out, err)
                                 : !service_open_clone(examiner->config, examiner->arena, out, err))
        return false;
    out->late = &examiner->late;
    out->patience = examiner->patience;
    if (examiner->defect != NULL) {
        start = ARENA_ARRAY(examiner->arena, const char *, 4);
        start[0] = out->target.start[0];
        start[1] = "defect";
        start[2] = examiner->defect;
        out->target.start = start;
    }

    return true;
}

const struct probe_def *
examiner_find(const char *check)
{
    const struct {
        const struct probe_def *defs;
        size_t count;
    } tables[] = {
        {probe_health, probe_health_count},   {probe_api, probe_api_count},
        {probe_process, probe_process_count}, {probe_load, probe_load_count},
        {probe_drills, probe_drills_count},   {probe_project, probe_project_count},
    };

    for (size_t t = 0; t < COUNTOF(tables); t++) {
        for (size_t i = 0; i < tables[t].count; i++) {
            if (strcmp(tables[t].defs[i].name, check) == 0)
                return &tables[t].defs[i];
        }
    }

    return NULL;
}

bool
examiner_wants(void *ctx, const struct lifecycle_row *row)
{
    const struct probe_def *def = row->check != NULL ? examiner_find(row->check) : NULL;

    return def != NULL && !def->is_cairns;
}

unsigned
examiner_get_seconds(const struct examiner *examiner, const struct probe_def *def)
{
    bool has_server = examiner->target != NULL
                          ? examiner->target->database != NULL
                          : examiner->config->database_engine != CONFIG_ENGINE_SQLITE;

    /* An embedded database isn't taken away. */
    return strcmp(def->name, "database-restart") == 0 && !has_server ? 0 : def->seconds;
}

/* The service that the probes share. One that can't be started is tried once. */
static bool
start_service(struct examiner *examiner)
{
    unsigned before;

    if (examiner->is_broken)
        return false;
    if (examiner->is_open && service_is_running(&examiner->service))
        return true;
    if (!examiner->is_open)
        examiner->is_open = examiner_open_service(examiner, &examiner->service, &examiner->broken);
    before = examiner->late;
    if (examiner->is_open && service_start(&examiner->service, NULL, &examiner->broken))
        return true;
    examiner->is_broken = true;
    examiner->is_broken_late = examiner->late > before;

    return false;
}

bool
examiner_look(void *ctx, const struct lifecycle_row *row, const struct check_input *input,
              struct evidence *out)
{
    struct examiner *examiner = ctx;
    const struct probe_def *def = row->check != NULL ? examiner_find(row->check) : NULL;
    unsigned before = examiner->late;

    if (def == NULL)
        return false;
    if (start_service(examiner))
        def->look(examiner, input, out);
    else if (examiner->broken.kind == ERR_UNAVAILABLE && !examiner->is_open)
        check_unknown(input, out, "%s", examiner->broken.message);
    else
        check_fail(input, out, "%s", examiner->broken.message);
    out->is_by_clock =
        out->outcome != EVIDENCE_PASS && (examiner->late > before || examiner->is_broken_late);

    return true;
}
