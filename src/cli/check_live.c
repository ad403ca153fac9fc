/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/check_live.h"

#include <unistd.h>

enum { NAME_SIZE = 128, ID_WIDTH = 22 };

bool
check_live_flags(struct cli *cli)
{
    bool is_live = cli_has_flag(cli, "live");

    if (!is_live && cli_get_flag(cli, "yes-live") != NULL)
        cli_fail_usage(cli, "cairn check --live --yes-live NAME", "--yes-live: only with --live");
    else if (is_live && cli_get_flag(cli, "target") != NULL)
        cli_fail_usage(cli, "--live is the project's own service", "--live: not with --target");
    else if (is_live && cli_has_flag(cli, "selftest"))
        cli_fail_usage(cli, "the selftest plants defects into clones",
                       "--live: not with --selftest");
    else
        return true;

    return false;
}

/* The drills of the rows that the run looks at. */
static size_t
count_drills(const struct project *project, const struct examine_options *options, bool says)
{
    size_t count = 0;

    for (size_t i = 0; i < project->catalogue.count; i++) {
        const struct lifecycle_row *row = project->catalogue.rows[i];
        const struct live_drill *drill = row->check != NULL ? live_find_drill(row->check) : NULL;

        if (drill == NULL || !examine_wants(row, options))
            continue;
        count++;
        if (says)
            fprintf(stderr, "  %-*s %s (about %u s)\n", ID_WIDTH, row->id, drill->what,
                    drill->seconds);
    }

    return count;
}

static void
announce(const struct project *project, const struct examine_options *options,
         const struct live *live)
{
    const struct stage_target *target = &stage_targets[project->declared];

    fprintf(stderr, "Drills on the running service %s at %s:%u (process %ld):\n",
            project->config->project_name, live->running.host, live->running.port,
            (long)live->running.supervisor);
    count_drills(project, options, true);
    fprintf(
        stderr,
        "Each is given up when %g %% of its users' requests fail meanwhile. Writes are counted, and a\n"
        "full disk and a restart of the database played, on a clone.\n",
        100 * (target->error_share > 0 ? target->error_share : 0.05));
}

/* One line from the terminal. */
static bool
is_typed(const char *name)
{
    char line[NAME_SIZE];
    struct str typed;

    fprintf(stderr, "Type the service's name to run them, or nothing to leave it alone: ");
    if (fgets(line, sizeof(line), stdin) == NULL)
        return false;
    typed = str_trim(str_from(line));

    return str_eq(typed, str_from(name));
}

static bool
may_drill(struct cli *cli, const struct project *project, const struct examine_options *options,
          const struct live *live, bool *out)
{
    const char *name = project->config->project_name;
    const char *given = cli_get_flag(cli, "yes-live");

    *out = false;
    if (count_drills(project, options, false) == 0)
        return true;
    if (given != NULL && strcmp(given, name) != 0) {
        cli_fail_usage(cli, "nothing was done",
                       "--yes-live: the service that runs is '%s', not '%s'", name, given);
        return false;
    }
    if (given == NULL && (isatty(STDIN_FILENO) != 1 || isatty(STDERR_FILENO) != 1)) {
        cli_say(cli, CLI_MARK_NONE, "drills run on a clone; --yes-live %s runs them on the service",
                name);
        return true;
    }
    announce(project, options, live);
    *out = given != NULL || is_typed(name);
    if (!*out)
        cli_say(cli, CLI_MARK_NONE, "left alone: drills run on a clone");

    return true;
}

bool
check_live_open(struct cli *cli, const struct project *project,
                const struct examine_options *options, struct examiner *examiner, struct live *live)
{
    struct err err = {0};

    if (!live_open(live, examiner, project->config, &err)) {
        cli_fail(cli, &err);
        return false;
    }

    return may_drill(cli, project, options, live, &live->drills);
}
