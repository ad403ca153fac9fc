/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/project.h"

#include "core/clock.h"
#include "io/file.h"
#include "lifecycle/date.h"

#include <link.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { TEXT_MAX = 64 * 1024 * 1024, FILES_MAX = 4096 };

static void
add_option(struct buf *text, const struct config *config, enum config_option option)
{
    buf_printf(text, "%s=", config_options[option].key);
    config_write_value(config, option, text);
    buf_add_char(text, '\n');
}

void
project_hash_config(const struct config *config, char out[CHECKSUM_HEX_SIZE])
{
    struct buf text;

    buf_init(&text, TEXT_MAX);
    for (unsigned i = 0; i < CONFIG_OPTION_COUNT; i++)
        add_option(&text, config, (enum config_option)i);
    checksum_sha256_hex(buf_str(&text), out);
    buf_fini(&text);
}

/* What is set: where the default depends on the stage, that it is the default. */
static void
hash_settings(const struct config *config, char out[CHECKSUM_HEX_SIZE])
{
    struct buf text;

    buf_init(&text, TEXT_MAX);
    for (unsigned i = 0; i < CONFIG_OPTION_COUNT; i++) {
        const char *const *defaults = config_options[i].defaults;
        bool varies = false;

        for (unsigned s = 1; s < LIFECYCLE_STAGE_COUNT; s++)
            varies = varies || (defaults[0] != NULL && defaults[s] != NULL &&
                                strcmp(defaults[0], defaults[s]) != 0);
        if (i == CONFIG_STAGE || (varies && strncmp(config->origin[i], "default", 7) == 0))
            continue;
        add_option(&text, config, (enum config_option)i);
    }
    checksum_sha256_hex(buf_str(&text), out);
    buf_fini(&text);
}

/* The migrations, names and contents; of a database that others manage, where it is. */
static bool
hash_schema(const struct config *config, struct arena *arena, char out[CHECKSUM_HEX_SIZE],
            struct err *err)
{
    struct str *names = NULL;
    size_t count = 0;
    struct buf text;
    bool ok = true;

    buf_init(&text, TEXT_MAX);
    buf_printf(&text, "%s\n", config->database_shown);
    if (file_exists(config->migrations_dir))
        ok = dir_list(config->migrations_dir, FILES_MAX, arena, &names, &count, err);
    for (size_t i = 0; ok && i < count; i++) {
        buf_printf(&text, "%s\n", names[i].data);
        ok = file_read(arena_printf(arena, "%s/%s", config->migrations_dir, names[i].data).data,
                       &text, NULL, err);
    }
    checksum_sha256_hex(buf_str(&text), out);
    buf_fini(&text);

    return ok;
}

/* The mark that the linker leaves in a program, a hash of all that is in it; empty without one. */
static int
find_build_id(struct dl_phdr_info *info, size_t size, void *ctx)
{
    struct str *out = ctx;

    for (unsigned i = 0; i < info->dlpi_phnum && out->len == 0; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        const char *at = (const char *)(uintptr_t)(info->dlpi_addr + header->p_vaddr);
        const char *end = at + header->p_memsz;

        while (header->p_type == PT_NOTE && header->p_align <= 4 &&
               at + sizeof(ElfW(Nhdr)) <= end) {
            ElfW(Nhdr) note;
            const char *name = at + sizeof(note);

            memcpy(&note, at, sizeof(note));
            at = name + (note.n_namesz + 3) / 4 * 4;
            if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && memcmp(name, "GNU", 4) == 0)
                *out = str_make(at, note.n_descsz);
            at += (note.n_descsz + 3) / 4 * 4;
        }
    }

    /* The first is the program itself. */
    return 1;
}

/* Reading the whole program takes as long as all the rest of a command, so that it is done only
 * when nothing else tells one build from another. */
static bool
hash_binary(char out[CHECKSUM_HEX_SIZE], struct err *err)
{
    struct str id = STR_NULL;
    struct buf text;
    bool ok = true;

    dl_iterate_phdr(find_build_id, &id);
    buf_init(&text, 4 * (size_t)TEXT_MAX);
    if (id.len > 0)
        buf_add_str(&text, id);
    else
        ok = file_read("/proc/self/exe", &text, NULL, err);
    checksum_sha256_hex(buf_str(&text), out);
    buf_fini(&text);

    return ok;
}

const char *
project_describe_host(struct arena *arena)
{
    struct utsname name;

    if (uname(&name) != 0)
        return "unknown";

    return arena_printf(arena, "%s %s %s, %ld processors", name.sysname, name.release, name.machine,
                        sysconf(_SC_NPROCESSORS_ONLN))
        .data;
}

bool
project_reload_evidence(struct project *project, struct err *err)
{
    return evidence_load(project->config->dir, project->target, &project->subject, clock_wall_us(),
                         project->arena, &project->evidence, err);
}

bool
project_load(const struct config *config, struct arena *arena, struct project *out,
             struct catalogue_errors *errors, struct err *err)
{
    *out =
        (struct project){.config = config, .arena = arena, .now_us = clock_wall_us(), .target = ""};
    out->declared = (enum lifecycle_stage)config->stage;
    date_from_us(out->now_us, out->today);
    err_clear(err);
    if (!catalogue_load(config->dir, arena, &out->catalogue, errors))
        return false;
    if (!record_load(config->dir, arena, &out->record, err))
        return false;
    out->subject.stage = out->declared;
    hash_settings(config, out->subject.config);

    return hash_schema(config, arena, out->subject.schema, err) &&
           hash_binary(out->subject.binary, err) && project_reload_evidence(out, err);
}

static void
judge(const struct project *project, enum lifecycle_stage stage, bool any_stage,
      struct verdicts *out)
{
    const struct verdict_input input = {.catalogue = &project->catalogue,
                                        .evidence = &project->evidence,
                                        .record = &project->record,
                                        .today = project->today,
                                        .declared = project->declared,
                                        .any_stage = any_stage};

    verdict_judge(&input, stage, project->arena, out);
}

void
project_judge(const struct project *project, enum lifecycle_stage stage, struct verdicts *out)
{
    judge(project, stage, false, out);
}

bool
project_update_gaps(const struct project *project, enum lifecycle_stage stage,
                    struct gaps_change *change, struct err *err)
{
    struct verdicts verdicts;
    const struct gaps_input input = {.verdicts = &verdicts,
                                     .record = &project->record,
                                     .project = project->config->project_name,
                                     .today = project->today};

    /* What is still to come was seldom looked at with its own configuration. */
    judge(project, gaps_horizon(stage), true, &verdicts);

    return gaps_update(project->config->dir, &input, project->arena, change, err);
}
