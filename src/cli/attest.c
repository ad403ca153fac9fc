/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cairn attest and cairn waive: what people answer for, kept in lifecycle.json.
 */
#include "cli/stage.h"

/* Without a name nobody answers for it. */
static const char *
need_flag(struct cli *cli, const char *flag, const char *why)
{
    const char *value = cli_get_flag(cli, flag);

    if (value != NULL && value[0] != '\0')
        return value;
    cli_fail_usage(cli, arena_printf(cli->arena, "add --%s=...", flag).data, "%s", why);

    return NULL;
}

/* The row that the command is about, with the project; NULL with the error said. */
static const struct lifecycle_row *
load_row(struct cli *cli, struct project *project)
{
    return stage_load(cli, project) ? stage_find_row(cli, project, cli->args[0]) : NULL;
}

int
cli_attest(struct cli *cli)
{
    const struct lifecycle_row *row;
    struct attestation attestation;
    struct project project;
    struct err err = {0};
    int code;

    row = load_row(cli, &project);
    if (row == NULL)
        return CLI_USAGE;
    attestation = (struct attestation){
        .row = row->id,
        .by = need_flag(cli, "by", "who says so?"),
        .on = project.today,
        .until = stage_get_day(cli, &project, "until"),
        .note = cli_get_flag(cli, "note") != NULL ? cli_get_flag(cli, "note") : "",
    };
    if (attestation.by == NULL || attestation.until == NULL)
        return CLI_USAGE;
    if (row->accept[LIFECYCLE_POC] != LIFECYCLE_ATTESTED &&
        row->accept[LIFECYCLE_MVP] != LIFECYCLE_ATTESTED &&
        row->accept[LIFECYCLE_PRODUCTION] != LIFECYCLE_ATTESTED &&
        row->accept[LIFECYCLE_SCALE] != LIFECYCLE_ATTESTED)
        return cli_fail_usage(
            cli, arena_printf(cli->arena, "find out: cairn check --only %s", row->id).data,
            "a person's word doesn't count for '%s': it has to be %s", row->id,
            lifecycle_class_names[row->verify]);
    if (!record_attest(&project.record, cli->arena, &attestation, &err))
        return cli_fail(cli, &err);
    code = stage_save(cli, &project);
    if (code == CLI_DONE)
        cli_say(cli, CLI_MARK_OK, "%s: %s says so%s%s", row->id, attestation.by,
                attestation.until[0] != '\0' ? ", until " : "", attestation.until);

    return code;
}

int
cli_waive(struct cli *cli)
{
    const struct lifecycle_row *row;
    struct project project;
    struct waiver waiver;
    struct err err = {0};
    int code;

    row = load_row(cli, &project);
    if (row == NULL)
        return CLI_USAGE;
    waiver = (struct waiver){.row = row->id, .on = project.today};
    waiver.owner = need_flag(cli, "owner", "who answers for it?");
    waiver.reason =
        waiver.owner != NULL ? need_flag(cli, "reason", "why may it be missing?") : NULL;
    if (waiver.reason == NULL || need_flag(cli, "until", "until when?") == NULL)
        return CLI_USAGE;
    waiver.until = stage_get_day(cli, &project, "until");
    if (waiver.until == NULL)
        return CLI_USAGE;
    if (!record_waive(&project.record, cli->arena, &waiver, &err))
        return cli_fail(cli, &err);
    code = stage_save(cli, &project);
    if (code == CLI_DONE)
        cli_say(cli, CLI_MARK_WARN, "%s is waived until %s: %s answers for it", row->id,
                waiver.until, waiver.owner);

    return code;
}
