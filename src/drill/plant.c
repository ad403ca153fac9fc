/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/plant.h"

#include "drill/plant_certificate.h"
#include "drill/plant_history.h"
#include "drill/service.h"
#include "io/file.h"
#include "io/process.h"

enum { GIT_MS = 10000 };

/* Enough words to be a document. */
#define WORDS                                                                                       \
    "When this happens, the one who is on call looks at the log and the metrics first, then tells " \
    "the others in the channel what was seen, what is done about it, and when there will be news "  \
    "again.\n"
#define SECRET "CAIRN_AUTH_JWT_SECRET=7d1f0c9ab2e84653a1c0ffd9e47b6a2853d7"

static const char config_text[] = "stage: production\n"
                                  "project:\n"
                                  "  name: planted\n"
                                  "listen: 127.0.0.1:8080\n"
                                  "tls:\n"
                                  "  cert: .cairn/tls/cert.pem\n"
                                  "  key: .cairn/tls/key.pem\n"
                                  "database:\n"
                                  "  url: sqlite:data/planted.db\n";
static const char record_text[] =
    "{\"schema\": 1, \"attested\": [], \"waived\": [], \"promoted\": [], \"poc\": {\n"
    "  \"started\": \"2026-01-01\", \"ends\": \"2026-01-29\", \"weeks\": 4,\n"
    "  \"questions\": [\"Does it work?\"],\n"
    "  \"criteria\": [{\"text\": \"It works\", \"figure\": \"\", \"op\": \"\", \"value\": 0, "
    "\"met\": true, \"by\": \"Ann\", \"on\": \"2026-01-20\"}],\n"
    "  \"left_out\": [\"queues: A queue\"], \"cost_monthly\": \"40\", \"teardown\": \"stop it\",\n"
    "  \"decision\": \"proceed\", \"decision_reason\": \"it works\", \"decision_by\": \"Ann\", "
    "\"decision_on\": \"2026-01-28\"}}\n";

struct plant_file {
    const char *path;
    const char *text;
};

static const struct plant_file files[] = {
    {"cairn.yaml", config_text},
    {"lifecycle.json", record_text},
    {"README.md", WORDS},
    {"CHANGELOG.md", WORDS},
    {"GAPS.md", WORDS},
    {"docs/incident-response.md", WORDS},
    {"docs/access.md", WORDS},
    {"docs/deployment.md", WORDS},
    {"docs/service-levels.md", WORDS},
    {"docs/disaster-recovery.md", WORDS},
    {"docs/plan-production.md", WORDS},
    {"docs/runbooks/escalation.md", WORDS},
    {"docs/runbooks/database-down.md", WORDS},
    {"docs/runbooks/disk-full.md", WORDS},
    {"docs/runbooks/latency.md", WORDS},
    {"docs/runbooks/certificate.md", WORDS},
    {".github/workflows/test.yml", "run: make test\n"},
    {".github/workflows/release.yml", "run: make deploy\n"},
    {"tests/smoke.sh", "true\n"},
    {"terraform/main.tf", "resource {}\n"},
    {"migrations/0001_start.sql", "CREATE TABLE things (id bigint PRIMARY KEY);\n"},
    {".gitignore", ".env\n.cairn/\n"},
};

/* One thing that is otherwise. */
struct plant {
    struct defect defect;
    const char *path; /* the file, or all of a folder that ends in '/'; NULL: none */
    const char *find; /* what is replaced in its text; NULL: all of it */
    const char *text; /* by what; NULL: the file is missing */
    const char *env;  /* instead of the secret in the environment; NULL: that */
    bool forgets_tls; /* the command refuses that: after it has read the rest */
};

static const struct plant plants[] = {
    {.defect = {.name = "key-in-git",
                .check = "secrets-in-git",
                .what = "a key of a cloud is in a file that git tracks"},
     .path = "tests/smoke.sh",
     .text = "export KEY=AK"
             "IAQ3EGMZXKPLTNWVYB\n"},
    {.defect = {.name = "password-in-git",
                .check = "secrets-in-git",
                .what = "a password is in a file that git tracks"},
     .path = "docs/access.md",
     .find = "look",
     .text = "psql postgres://shop:Zk4"
             "Tq9@db/shop"},
    {.defect = {.name = "default-secret",
                .check = "secrets",
                .what = "the secret of tokens can be guessed"},
     .env = "CAIRN_AUTH_JWT_SECRET=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
    {.defect = {.name = "secret-in-a-file",
                .check = "secrets-managed",
                .what = "the secret is in .env, beside the code"},
     .path = ".env",
     .text = SECRET "\n",
     .env = ""},
    {.defect = {.name = "open-to-all",
                .check = "listening",
                .what = "it listens on every address of the machine"},
     .path = "cairn.yaml",
     .find = "127.0.0.1",
     .text = "0.0.0.0"},
    {.defect = {.name = "no-tls",
                .check = "tls",
                .what = "it listens in the clear where others reach it"},
     .path = "cairn.yaml",
     .find = "127.0.0.1",
     .text = "192.0.2.1",
     .forgets_tls = true},
    /* What certificates are like is in plant_certificate.c. */
    {.defect = {.name = "certificate-ended",
                .check = "certificates",
                .what = "its certificate ended yesterday",
                .says = "ended"}},
    {.defect = {.name = "certificate-ends-soon",
                .check = "certificates",
                .what = "its certificate ends in three days",
                .says = "ends in"}},
    {.defect = {.name = "self-signed",
                .check = "certificates",
                .what = "its certificate is signed by itself",
                .says = "self-signed"}},
    {.defect = {.name = "debug-log",
                .check = "hardening",
                .what = "the log is at debug in production"},
     .path = "cairn.yaml",
     .find = "database:",
     .text = "log:\n  level: debug\ndatabase:"},
    {.defect = {.name = "no-body-limit",
                .check = "hardening",
                .what = "bodies of a gigabyte are taken"},
     .path = "cairn.yaml",
     .find = "database:",
     .text = "http:\n  body_max: 1GiB\ndatabase:"},
    {.defect = {.name = "open-to-strangers",
                .check = "hardening",
                .what = "tables without rules are open to anybody"},
     .path = "cairn.yaml",
     .find = "database:",
     .text = "auth:\n  anonymous: open\ndatabase:"},
    {.defect = {.name = "one-thread", .check = "workers", .what = "one thread for all processors"},
     .path = "cairn.yaml",
     .find = "database:",
     .text = "server:\n  threads: 1\ndatabase:"},
    {.defect = {.name = "no-incident-response",
                .check = "incident-response",
                .what = "docs/incident-response.md is missing",
                .also = {"documents"},
                .why = "the stage needs that document"},
     .path = "docs/incident-response.md"},
    {.defect = {.name = "empty-access",
                .check = "access-roles",
                .what = "docs/access.md has three words"},
     .path = "docs/access.md",
     .text = "Ask Ann first.\n"},
    {.defect = {.name = "no-deployment",
                .check = "deployment-documented",
                .what = "docs/deployment.md is missing",
                .also = {"documents"},
                .why = "the stage needs that document"},
     .path = "docs/deployment.md"},
    {.defect = {.name = "no-service-levels",
                .check = "service-levels",
                .what = "docs/service-levels.md is missing"},
     .path = "docs/service-levels.md"},
    {.defect = {.name = "no-plan",
                .check = "stage-plan",
                .what = "docs/plan-production.md is missing"},
     .path = "docs/plan-production.md"},
    {.defect = {.name = "four-runbooks", .check = "runbooks", .what = "there are four runbooks"},
     .path = "docs/runbooks/latency.md"},
    {.defect = {.name = "no-runbooks",
                .check = "runbooks-basic",
                .what = "there is no runbook",
                .also = {"runbooks", "documents"},
                .why = "they want some, too"},
     .path = "docs/runbooks/"},
    {.defect = {.name = "no-readme", .check = "documents", .what = "README.md is missing"},
     .path = "README.md"},
    {.defect = {.name = "no-migrations",
                .check = "migrations-portable",
                .what = "the schema is only in the database"},
     .path = "migrations/0001_start.sql"},
    {.defect = {.name = "no-gap-tracker",
                .check = "gap-tracker",
                .what = "GAPS.md is missing",
                .also = {"documents"},
                .why = "the stage needs that document"},
     .path = "GAPS.md"},
    {.defect = {.name = "nothing-left-out",
                .check = "decision-filter",
                .what = "nothing is left out on purpose"},
     .path = "lifecycle.json",
     .find = "\"queues: A queue\"",
     .text = ""},
    {.defect = {.name = "no-tests-run", .check = "pipeline", .what = "no pipeline runs tests"},
     .path = ".github/workflows/test.yml"},
    {.defect = {.name = "no-deployment-job",
                .check = "deployment-automated",
                .what = "no pipeline deploys"},
     .path = ".github/workflows/release.yml"},
    {.defect = {.name = "no-tests", .check = "tests", .what = "there is no folder of tests"},
     .path = "tests/smoke.sh"},
    {.defect = {.name = "no-infrastructure",
                .check = "infrastructure-as-code",
                .what = "nothing describes the infrastructure"},
     .path = "terraform/main.tf"},
    {.defect = {.name = "no-index", .check = "slow-queries", .what = "a foreign key has no index"},
     .path = "migrations/0001_start.sql",
     .find = "bigint PRIMARY KEY",
     .text = "bigint PRIMARY KEY, of bigint REFERENCES things"},
    /* What the history tells is in plant_history.c. */
    {.defect = {.name = "crashed",
                .check = "no-crashes",
                .what = "a worker crashed two days ago",
                .also = {"stable-for-a-month"},
                .why = "two days ago is in the month"}},
    {.defect = {.name = "crashed-before",
                .check = "stable-for-a-month",
                .what = "a worker crashed 20 days ago"}},
    {.defect = {.name = "was-down",
                .check = "uptime-target",
                .what = "nobody started it for a day"}},
    {.defect = {.name = "got-slower",
                .check = "performance-history",
                .what = "p95 is five times that of before"}},
    {.defect = {.name = "unwatched", .check = "monitoring", .what = "nobody reads the metrics"}},
    {.defect = {.name = "no-question",
                .check = "poc-questions",
                .what = "the proof of concept has no question"},
     .path = "lifecycle.json",
     .find = "\"Does it work?\"",
     .text = ""},
    {.defect = {.name = "missed-criterion",
                .check = "poc-criteria",
                .what = "a criterion is missed"},
     .path = "lifecycle.json",
     .find = "\"met\": true",
     .text = "\"met\": false"},
    {.defect = {.name = "too-long",
                .check = "poc-time-box",
                .what = "the time-box has twelve weeks"},
     .path = "lifecycle.json",
     .find = "\"weeks\": 4",
     .text = "\"weeks\": 12"},
    {.defect = {.name = "undecided",
                .check = "poc-decision",
                .what = "its end is past, and nothing was decided",
                .also = {"poc-time-box"},
                .why = "a time-box ends with a decision"},
     .path = "lifecycle.json",
     .find = "\"proceed\"",
     .text = "\"\""},
    {.defect = {.name = "no-cost",
                .check = "poc-cost",
                .what = "what it costs is not written down"},
     .path = "lifecycle.json",
     .find = "\"40\"",
     .text = "\"\""},
};

size_t
plant_defect_count(void)
{
    return COUNTOF(plants);
}

const struct defect *
plant_get_defect(size_t i)
{
    return &plants[i].defect;
}

/* --- making it -------------------------------------------------------------------------------- */

static const struct plant *
find_plant(const struct defect *defect)
{
    for (size_t i = 0; i < COUNTOF(plants); i++) {
        if (&plants[i].defect == defect)
            return &plants[i];
    }

    return NULL;
}

static bool
write_file(const char *dir, const char *path, const char *text, struct arena *arena,
           struct err *err)
{
    const char *whole = arena_printf(arena, "%s/%s", dir, path).data;
    const char *slash = strrchr(whole, '/');

    return dir_make(arena_copy(arena, str_make(whole, (size_t)(slash - whole))).data, 0700, err) &&
           file_replace(whole, str_from(text), 0600, err);
}

static bool
is_folder(const char *path)
{
    return path[0] != '\0' && path[strlen(path) - 1] == '/';
}

static bool
is_about(const struct plant *plant, const char *path)
{
    if (plant == NULL || plant->path == NULL)
        return false;

    return is_folder(plant->path) ? strncmp(plant->path, path, strlen(plant->path)) == 0
                                  : strcmp(plant->path, path) == 0;
}

/* The text of a file of the project; NULL when it is missing. */
static const char *
text_of(const struct plant_file *file, const struct plant *plant, struct arena *arena)
{
    const char *at;

    if (!is_about(plant, file->path))
        return file->text;
    if (plant->find == NULL)
        return plant->text;
    at = strstr(file->text, plant->find);

    return arena_printf(arena, "%.*s%s%s", (int)(at - file->text), file->text, plant->text,
                        at + strlen(plant->find))
        .data;
}

static bool
write_all(const char *dir, const struct plant *plant, struct arena *arena, struct err *err)
{
    const char *name = plant != NULL ? plant->defect.name : "";
    const char *tls = arena_printf(arena, "%s/.cairn/tls", dir).data;
    bool is_known = plant == NULL || plant->path == NULL;

    for (size_t i = 0; i < COUNTOF(files); i++) {
        const char *text = text_of(&files[i], plant, arena);

        is_known = is_known || is_about(plant, files[i].path);
        if (text != NULL && !write_file(dir, files[i].path, text, arena, err))
            return false;
    }

    return (is_known || write_file(dir, plant->path, plant->text, arena, err)) &&
           plant_history(dir, name, arena, err) && dir_make(tls, 0700, err) &&
           plant_certificate(arena_printf(arena, "%s/cert.pem", tls).data,
                             arena_printf(arena, "%s/key.pem", tls).data, name, err);
}

static bool
track_all(const char *dir, struct err *err)
{
    const char *const script[] = {"sh", "-c", "git init -q . && git add -A", NULL};
    const struct process_options options = {.argv = script, .dir = dir, .out_fd = -1, .err_fd = -1};
    struct buf out;
    int code = 0;
    bool ok;

    buf_init(&out, 4096);
    ok = process_run(&options, GIT_MS, &out, &code, err) &&
         (code == 0 || err_set(err, ERR_UNAVAILABLE, "", "unable to run git: %s", buf_cstr(&out)));
    buf_fini(&out);

    return ok;
}

static bool
ask_all(const char *dir, const struct plant *plant, const struct check_input *common,
        struct evidence *out, struct err *err)
{
    char *const environ_of[] = {
        arena_cstr(common->arena,
                   str_from(plant != NULL && plant->env != NULL ? plant->env : SECRET)),
        NULL};
    const struct config_sources sources = {.dir = dir,
                                           .environ = environ_of[0][0] != '\0' ? environ_of : NULL};
    struct check_input input = *common;
    struct config_errors errors;
    struct record record;
    struct config *config;

    if (!config_load(&sources, common->arena, &config, &errors))
        return err_set(err, ERR_CONFIG, "", "%s: %s", errors.items[0].where,
                       errors.items[0].message);
    if (!record_load(dir, common->arena, &record, err))
        return false;
    if (plant != NULL && plant->forgets_tls)
        config->tls_cert = config->tls_key = NULL;
    input.config = config;
    input.record = &record;
    for (size_t i = 0; i < check_count(); i++) {
        const struct check_def *def = check_get(i);

        out[i] = (struct evidence){.row = def->name, .measured = "", .limit = "", .detail = ""};
        def->look(&input, &out[i]);
    }

    return true;
}

bool
plant_try(const struct defect *defect, const struct catalogue *catalogue, const char *today,
          struct arena *arena, struct evidence *out, struct err *err)
{
    static const struct evidence_store none;
    const struct check_input common = {.catalogue = catalogue,
                                       .evidence = &none,
                                       .stage = LIFECYCLE_PRODUCTION,
                                       .today = today,
                                       .arena = arena};
    const struct plant *plant = find_plant(defect);
    char dir[64];
    bool ok;

    if (!service_make_folder(dir, sizeof(dir), err))
        return false;
    ok = write_all(dir, plant, arena, err) && track_all(dir, err) &&
         ask_all(dir, plant, &common, out, err);
    service_remove_folder(dir);

    return ok;
}
