/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the project's files say.
 */
#include "io/file.h"
#include "lifecycle/check.h"
#include "lifecycle/gaps.h"

#include <strings.h>
#include <sys/stat.h>

enum { FILE_MAX = 1024 * 1024, FILES_MAX = 4096, WORDS_MIN = 30, RUNBOOKS_MIN = 5 };

static const char *
path_of(const struct check_input *input, const char *name)
{
    return arena_printf(input->arena, "%s/%s", input->config->dir, name).data;
}

static bool
is_dir(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The names in a folder that end in suffix ("" for all). */
static size_t
count_files(const struct check_input *input, const char *folder, const char *suffix)
{
    struct err err = {0};
    struct str *names;
    size_t count, found = 0;

    if (!is_dir(path_of(input, folder)) ||
        !dir_list(path_of(input, folder), FILES_MAX, input->arena, &names, &count, &err))
        return 0;
    for (size_t i = 0; i < count; i++)
        found += str_has_suffix(names[i], str_from(suffix));

    return found;
}

static size_t
count_words(struct str text)
{
    size_t words = 0;
    bool in_word = false;

    for (size_t i = 0; i < text.len; i++) {
        bool is_letter = (text.data[i] | 0x20) >= 'a' && (text.data[i] | 0x20) <= 'z';

        words += is_letter && !in_word;
        in_word = is_letter || (in_word && text.data[i] != ' ' && text.data[i] != '\n');
    }

    return words;
}

/* The words of a document; -1 when it isn't there. */
static long
document_words(const struct check_input *input, const char *name)
{
    struct err err = {0};
    bool found = false;
    struct buf text;
    long words = -1;

    buf_init(&text, FILE_MAX);
    if (file_read(path_of(input, name), &text, &found, &err) && found)
        words = (long)count_words(buf_str(&text));
    buf_fini(&text);

    return words;
}

static void
look_document(const struct check_input *input, struct evidence *out, const char *name)
{
    long words = document_words(input, name);

    if (words < 0)
        check_fail(input, out, "%s isn't there", name);
    else if (words < WORDS_MIN)
        check_fail(input, out, "%s has only %ld words", name, words);
    else
        check_pass(input, out, "%s, %ld words", name, words);
}

static void
look_incident_response(const struct check_input *input, struct evidence *out)
{
    look_document(input, out, "docs/incident-response.md");
}

static void
look_access_roles(const struct check_input *input, struct evidence *out)
{
    look_document(input, out, "docs/access.md");
}

static void
look_deployment(const struct check_input *input, struct evidence *out)
{
    look_document(input, out, "docs/deployment.md");
}

static void
look_service_levels(const struct check_input *input, struct evidence *out)
{
    look_document(input, out, "docs/service-levels.md");
}

static void
look_stage_plan(const struct check_input *input, struct evidence *out)
{
    look_document(
        input, out,
        arena_printf(input->arena, "docs/plan-%s.md", lifecycle_stage_names[input->stage]).data);
}

static void
look_runbooks(const struct check_input *input, struct evidence *out, size_t least)
{
    size_t count = count_files(input, "docs/runbooks", ".md");

    if (count < least)
        check_fail(input, out, "%zu of %zu runbooks in docs/runbooks/", count, least);
    else
        check_pass(input, out, "%zu runbook%s in docs/runbooks/", count, count == 1 ? "" : "s");
}

static void
look_runbooks_basic(const struct check_input *input, struct evidence *out)
{
    look_runbooks(input, out, 1);
}

static void
look_runbooks_full(const struct check_input *input, struct evidence *out)
{
    look_runbooks(input, out, RUNBOOKS_MIN);
}

/* What the rows that this stage requires want written down. A folder counts when it has a file. */
static void
look_documents(const struct check_input *input, struct evidence *out)
{
    size_t missing = 0, wanted = 0;
    struct buf names;

    buf_init(&names, 64 * 1024);
    for (size_t i = 0; i < input->catalogue->count; i++) {
        const struct lifecycle_row *row = input->catalogue->rows[i];

        if (row->need[input->stage] != LIFECYCLE_MUST)
            continue;
        for (const char *const *doc = row->docs; *doc != NULL; doc++) {
            bool is_there = is_dir(path_of(input, *doc)) ? count_files(input, *doc, "") > 0
                                                         : file_exists(path_of(input, *doc));

            wanted++;
            if (is_there || strstr(buf_cstr(&names), *doc) != NULL)
                continue;
            buf_printf(&names, "%s%s%s", missing++ > 0 ? ", " : "", *doc,
                       strcmp(*doc, RECORD_FILE) == 0 ? " (cairn poc question makes it)" : "");
        }
    }
    if (missing > 0)
        check_fail(input, out, "missing: %s", buf_cstr(&names));
    else
        check_pass(input, out, "all %zu are there", wanted);
    buf_fini(&names);
}

static void
look_migrations(const struct check_input *input, struct evidence *out)
{
    struct err err = {0};
    struct str *names;
    size_t count = 0, sql = 0;

    if (is_dir(input->config->migrations_dir) &&
        dir_list(input->config->migrations_dir, FILES_MAX, input->arena, &names, &count, &err)) {
        for (size_t i = 0; i < count; i++)
            sql += str_has_suffix(names[i], STR(".sql"));
    }
    if (sql == 0)
        check_fail(input, out, "no migrations in migrations/: the schema is only in the database");
    else
        check_pass(input, out, "%zu migration%s in PostgreSQL's SQL", sql, sql == 1 ? "" : "s");
}

static void
look_gap_tracker(const struct check_input *input, struct evidence *out)
{
    struct err err = {0};
    bool found = false;
    struct buf text;

    buf_init(&text, FILE_MAX);
    if (!file_read(path_of(input, GAPS_FILE), &text, &found, &err))
        check_unknown(input, out, "%s", err.message);
    else if (!found)
        check_fail(input, out, GAPS_FILE " isn't there");
    else
        check_pass(input, out, GAPS_FILE " is there");
    buf_fini(&text);
}

static void
look_decision_filter(const struct check_input *input, struct evidence *out)
{
    size_t left_out = input->record->poc.left_out_count;

    if (left_out == 0)
        check_fail(input, out, "nothing is written down as left out");
    else
        check_pass(input, out, "%zu thing%s left out on purpose", left_out,
                   left_out == 1 ? "" : "s");
}

/* Where the systems that build and deploy keep their instructions. */
static const char *const pipeline_folders[] = {".github/workflows", ".forgejo/workflows",
                                               ".gitea/workflows",  ".woodpecker",
                                               ".circleci",         ".buildkite"};
static const char *const pipeline_files[] = {".gitlab-ci.yml",      "Jenkinsfile",
                                             ".woodpecker.yml",     ".drone.yml",
                                             "azure-pipelines.yml", "bitbucket-pipelines.yml",
                                             ".travis.yml",         ".ci/run"};

static bool
mentions(const struct check_input *input, const char *name, const char *word)
{
    struct err err = {0};
    bool found = false;
    bool has = false;
    struct buf text;

    buf_init(&text, FILE_MAX);
    if (file_read(path_of(input, name), &text, &found, &err) && found)
        has = strcasestr(buf_cstr(&text), word) != NULL;
    buf_fini(&text);

    return has;
}

/* The first file of a pipeline that has the word, or NULL. */
static const char *
find_pipeline(const struct check_input *input, const char *word)
{
    for (size_t i = 0; i < COUNTOF(pipeline_files); i++) {
        if (mentions(input, pipeline_files[i], word))
            return pipeline_files[i];
    }
    for (size_t i = 0; i < COUNTOF(pipeline_folders); i++) {
        struct err err = {0};
        struct str *names;
        size_t count;

        if (!is_dir(path_of(input, pipeline_folders[i])) ||
            !dir_list(path_of(input, pipeline_folders[i]), FILES_MAX, input->arena, &names, &count,
                      &err))
            continue;
        for (size_t n = 0; n < count; n++) {
            const char *name =
                arena_printf(input->arena, "%s/%s", pipeline_folders[i], names[n].data).data;

            if (mentions(input, name, word))
                return name;
        }
    }

    return NULL;
}

static void
look_pipeline(const struct check_input *input, struct evidence *out)
{
    const char *name = find_pipeline(input, "test");

    if (name == NULL)
        check_fail(input, out, "no pipeline that runs tests was found");
    else
        check_pass(input, out, "%s runs tests", name);
}

static void
look_deployment_automated(const struct check_input *input, struct evidence *out)
{
    const char *name = find_pipeline(input, "deploy");

    if (name == NULL)
        check_fail(input, out, "no pipeline that deploys was found");
    else
        check_pass(input, out, "%s deploys", name);
}

/* The first of the names that is there, or NULL. */
static const char *
find_any(const struct check_input *input, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (file_exists(path_of(input, names[i])))
            return names[i];
    }

    return NULL;
}

static void
look_tests(const struct check_input *input, struct evidence *out)
{
    static const char *const names[] = {"test", "tests", "spec", "e2e", "cypress", "__tests__"};
    const char *name = find_any(input, names, COUNTOF(names));

    if (name == NULL)
        check_fail(input, out, "no folder with tests was found");
    else
        check_pass(input, out, "%s/", name);
}

static void
look_infrastructure(const struct check_input *input, struct evidence *out)
{
    static const char *const names[] = {
        "terraform",    "infra",       "infrastructure",
        "pulumi",       "Pulumi.yaml", "ansible",
        "k8s",          "kubernetes",  "helm",
        "deploy",       "main.tf",     "docker-compose.yml",
        "compose.yaml", "flake.nix",   "nomad",
    };
    const char *name = find_any(input, names, COUNTOF(names));

    if (name == NULL)
        check_fail(input, out, "no description of the infrastructure was found");
    else
        check_pass(input, out, "%s", name);
}

const struct check_def check_files[] = {
    {"incident-response", look_incident_response},
    {"access-roles", look_access_roles},
    {"deployment-documented", look_deployment},
    {"service-levels", look_service_levels},
    {"stage-plan", look_stage_plan},
    {"runbooks-basic", look_runbooks_basic},
    {"runbooks", look_runbooks_full},
    {"documents", look_documents},
    {"migrations-portable", look_migrations},
    {"gap-tracker", look_gap_tracker},
    {"decision-filter", look_decision_filter},
    {"pipeline", look_pipeline},
    {"deployment-automated", look_deployment_automated},
    {"tests", look_tests},
    {"infrastructure-as-code", look_infrastructure},
    {"secrets-in-git", check_secrets_in_git},
};
const size_t check_files_count = COUNTOF(check_files);
