/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/plant.h"

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
    {".cairn/tls/cert.pem", "a certificate\n"},
    {".cairn/tls/key.pem", "a key\n"},
    {".gitignore", ".env\n.cairn/\n"},
};

/* One thing that is otherwise. */
struct plant {
    struct defect defect;
    const char *path; /* the file; NULL: none */
    const char *find; /* what is replaced in its text; NULL: all of it */
    const char *text; /* by what; NULL: the file is missing */
    const char *env;  /* instead of the secret in the environment; NULL: that */
};

static const struct plant plants[] = {
    {{"key-in-git",
      "secrets-in-git",
      "a key of a cloud is in a file that git tracks",
      {NULL},
      NULL},
     "tests/smoke.sh",
     NULL,
     "export KEY=AK"
     "IAQ3EGMZXKPLTNWVYB\n",
     NULL},
    {{"password-in-git", "secrets-in-git", "a password is in a file that git tracks", {NULL}, NULL},
     "docs/access.md",
     "look",
     "psql postgres://shop:Zk4"
     "Tq9@db/shop",
     NULL},
    {{"default-secret", "secrets", "the secret of tokens can be guessed", {NULL}, NULL},
     NULL,
     NULL,
     NULL,
     "CAIRN_AUTH_JWT_SECRET=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
    {{"secret-in-a-file",
      "secrets-managed",
      "the secret is in .env, beside the code",
      {NULL},
      NULL},
     ".env",
     NULL,
     SECRET "\n",
     ""},
    {{"open-to-all",
      "listening",
      "it listens on every address of the machine",
      {"certificates"},
      "TLS needs one, and what lies there is none"},
     "cairn.yaml",
     "listen: 127.0.0.1:8080",
     "listen: 0.0.0.0:8080\ntls:\n  cert: .cairn/tls/cert.pem\n  key: .cairn/tls/key.pem",
     NULL},
    {{"debug-log", "hardening", "the log is at debug in production", {NULL}, NULL},
     "cairn.yaml",
     "database:",
     "log:\n  level: debug\ndatabase:",
     NULL},
    {{"no-body-limit", "hardening", "bodies of a gigabyte are taken", {NULL}, NULL},
     "cairn.yaml",
     "database:",
     "http:\n  body_max: 1GiB\ndatabase:",
     NULL},
    {{"open-to-strangers", "hardening", "tables without rules are open to anybody", {NULL}, NULL},
     "cairn.yaml",
     "database:",
     "auth:\n  anonymous: open\ndatabase:",
     NULL},
    {{"one-thread", "workers", "one thread for all processors", {NULL}, NULL},
     "cairn.yaml",
     "database:",
     "server:\n  threads: 1\ndatabase:",
     NULL},
    {{"no-incident-response",
      "incident-response",
      "docs/incident-response.md is missing",
      {"documents"},
      "the stage needs that document"},
     "docs/incident-response.md",
     NULL,
     NULL,
     NULL},
    {{"empty-access", "access-roles", "docs/access.md has three words", {NULL}, NULL},
     "docs/access.md",
     NULL,
     "Ask Ann first.\n",
     NULL},
    {{"no-deployment",
      "deployment-documented",
      "docs/deployment.md is missing",
      {"documents"},
      "the stage needs that document"},
     "docs/deployment.md",
     NULL,
     NULL,
     NULL},
    {{"no-service-levels", "service-levels", "docs/service-levels.md is missing", {NULL}, NULL},
     "docs/service-levels.md",
     NULL,
     NULL,
     NULL},
    {{"no-plan", "stage-plan", "docs/plan-production.md is missing", {NULL}, NULL},
     "docs/plan-production.md",
     NULL,
     NULL,
     NULL},
    {{"four-runbooks", "runbooks", "there are four runbooks", {NULL}, NULL},
     "docs/runbooks/latency.md",
     NULL,
     NULL,
     NULL},
    {{"no-readme", "documents", "README.md is missing", {NULL}, NULL},
     "README.md",
     NULL,
     NULL,
     NULL},
    {{"no-migrations", "migrations-portable", "the schema is only in the database", {NULL}, NULL},
     "migrations/0001_start.sql",
     NULL,
     NULL,
     NULL},
    {{"no-gap-tracker",
      "gap-tracker",
      "GAPS.md is missing",
      {"documents"},
      "the stage needs that document"},
     "GAPS.md",
     NULL,
     NULL,
     NULL},
    {{"nothing-left-out", "decision-filter", "nothing is left out on purpose", {NULL}, NULL},
     "lifecycle.json",
     "\"queues: A queue\"",
     "",
     NULL},
    {{"no-tests-run", "pipeline", "no pipeline runs tests", {NULL}, NULL},
     ".github/workflows/test.yml",
     NULL,
     NULL,
     NULL},
    {{"no-deployment-job", "deployment-automated", "no pipeline deploys", {NULL}, NULL},
     ".github/workflows/release.yml",
     NULL,
     NULL,
     NULL},
    {{"no-tests", "tests", "there is no folder of tests", {NULL}, NULL},
     "tests/smoke.sh",
     NULL,
     NULL,
     NULL},
    {{"no-infrastructure",
      "infrastructure-as-code",
      "nothing describes the infrastructure",
      {NULL},
      NULL},
     "terraform/main.tf",
     NULL,
     NULL,
     NULL},
    {{"no-index", "slow-queries", "a foreign key has no index", {NULL}, NULL},
     "migrations/0001_start.sql",
     "bigint PRIMARY KEY",
     "bigint PRIMARY KEY, of bigint REFERENCES things",
     NULL},
    /* What the history tells is in plant_history.c. */
    {{"crashed",
      "no-crashes",
      "a worker crashed two days ago",
      {"stable-for-a-month"},
      "two days ago is in the month"},
     NULL,
     NULL,
     NULL,
     NULL},
    {{"crashed-before", "stable-for-a-month", "a worker crashed 20 days ago", {NULL}, NULL},
     NULL,
     NULL,
     NULL,
     NULL},
    {{"was-down", "uptime-target", "nobody started it for a day", {NULL}, NULL},
     NULL,
     NULL,
     NULL,
     NULL},
    {{"got-slower", "performance-history", "p95 is five times that of before", {NULL}, NULL},
     NULL,
     NULL,
     NULL,
     NULL},
    {{"unwatched", "monitoring", "nobody reads the metrics", {NULL}, NULL}, NULL, NULL, NULL, NULL},
    {{"no-question", "poc-questions", "the proof of concept has no question", {NULL}, NULL},
     "lifecycle.json",
     "\"Does it work?\"",
     "",
     NULL},
    {{"missed-criterion", "poc-criteria", "a criterion is missed", {NULL}, NULL},
     "lifecycle.json",
     "\"met\": true",
     "\"met\": false",
     NULL},
    {{"too-long", "poc-time-box", "the time-box has twelve weeks", {NULL}, NULL},
     "lifecycle.json",
     "\"weeks\": 4",
     "\"weeks\": 12",
     NULL},
    {{"undecided",
      "poc-decision",
      "its end is past, and nothing was decided",
      {"poc-time-box"},
      "a time-box ends with a decision"},
     "lifecycle.json",
     "\"proceed\"",
     "\"\"",
     NULL},
    {{"no-cost", "poc-cost", "what it costs is not written down", {NULL}, NULL},
     "lifecycle.json",
     "\"40\"",
     "\"\"",
     NULL},
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

/* --- making it ------------------------------------------------------------------------------------ */

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

/* The text of a file of the project; NULL when it is missing. */
static const char *
text_of(const struct plant_file *file, const struct plant *plant, struct arena *arena)
{
    const char *at;

    if (plant == NULL || plant->path == NULL || strcmp(plant->path, file->path) != 0)
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
    bool is_known = plant == NULL || plant->path == NULL;

    for (size_t i = 0; i < COUNTOF(files); i++) {
        const char *text = text_of(&files[i], plant, arena);

        is_known = is_known || strcmp(plant->path, files[i].path) == 0;
        if (text != NULL && !write_file(dir, files[i].path, text, arena, err))
            return false;
    }

    return (is_known || write_file(dir, plant->path, plant->text, arena, err)) &&
           plant_history(dir, plant != NULL ? plant->defect.name : "", arena, err);
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
