/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cairn adr: decisions that are expensive to change, written down.
 */
#include "cli/adr.h"

#include "cli/stage.h"
#include "io/file.h"

enum { FILES_MAX = 10000, SLUG_MAX = 60, TITLE_MAX = 200, TEXT_MAX = 64 * 1024 };

#define ADR_DIR "docs/adr"

/* Letters and digits in lower case, everything else one dash. */
static const char *
make_slug(struct arena *arena, const char *title)
{
    char slug[SLUG_MAX + 1];
    size_t len = 0;

    for (const char *c = title; *c != '\0' && len < SLUG_MAX; c++) {
        bool is_upper = *c >= 'A' && *c <= 'Z';

        if (is_upper || (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9'))
            slug[len++] = is_upper ? (char)(*c + ('a' - 'A')) : *c;
        else if (len > 0 && slug[len - 1] != '-')
            slug[len++] = '-';
    }
    while (len > 0 && slug[len - 1] == '-')
        len--;

    return len > 0 ? arena_cstr(arena, str_make(slug, len)) : "decision";
}

static bool
next_number(const char *folder, struct arena *arena, unsigned *out, struct err *err)
{
    struct str *names;
    size_t count;

    *out = 1;
    if (!dir_make(folder, 0755, err) || !dir_list(folder, FILES_MAX, arena, &names, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        uint64_t number;

        if (names[i].len > 5 && names[i].data[4] == '-' &&
            str_to_u64(str_slice(names[i], 0, 4), &number) && number >= *out)
            *out = (unsigned)number + 1;
    }

    return true;
}

bool
adr_write(const char *dir, const char *title, const char *day, const char *context,
          const char *decision, const char *consequences, struct arena *arena, const char **file,
          struct err *err)
{
    const char *folder = arena_printf(arena, "%s/" ADR_DIR, dir).data;
    struct buf text;
    unsigned number;
    bool created = false;
    bool ok = false;

    if (!next_number(folder, arena, &number, err))
        return false;
    *file = arena_printf(arena, ADR_DIR "/%04u-%s.md", number, make_slug(arena, title)).data;
    buf_init(&text, TEXT_MAX);
    buf_printf(&text, "# %u. %s\n\nDate: %s\n\nStatus: accepted\n", number, title, day);
    buf_printf(&text, "\n## Context\n\n%s\n",
               context != NULL ? context : "What has to be decided, and what is known?");
    buf_printf(&text, "\n## Decision\n\n%s\n", decision != NULL ? decision : "We will ...");
    buf_printf(&text, "\n## Consequences\n\n%s\n",
               consequences != NULL
                   ? consequences
                   : "What becomes easier, what harder, and what would change it?");
    ok = file_create(arena_printf(arena, "%s/%s", dir, *file).data, buf_str(&text), 0644, &created,
                     err);
    buf_fini(&text);
    if (ok && !created)
        ok = err_set(err, ERR_IO, "", "unable to create '%s': it exists", *file);

    return ok;
}

int
cli_adr_new(struct cli *cli)
{
    struct project project;
    const char *file = NULL;
    struct err err = {0};

    if (!stage_load(cli, &project))
        return CLI_USAGE;
    if (cli->args[0][0] == '\0' || strlen(cli->args[0]) > TITLE_MAX)
        return cli_fail_usage(cli, NULL, "a title of 1 to %d bytes is needed", TITLE_MAX);
    if (!adr_write(project.config->dir, cli->args[0], project.today, NULL, NULL, NULL, cli->arena,
                   &file, &err))
        return cli_fail(cli, &err);
    cli_say(cli, CLI_MARK_OK, "wrote %s", file);

    return CLI_DONE;
}

/* The decisions that the catalogue says have to be written down by now. */
int
cli_adr_list(struct cli *cli)
{
    struct project project;
    struct page page;

    if (!stage_load(cli, &project))
        return CLI_USAGE;
    page_init(&page);
    for (size_t i = 0; i < project.catalogue.count; i++) {
        const struct lifecycle_row *row = project.catalogue.rows[i];

        if (row->adr == NULL || row->need[project.declared] == LIFECYCLE_NOT_YET)
            continue;
        BUF_ADD_LIT(&page.out, " ");
        page_cell(&page, row->id, 24);
        BUF_ADD_LIT(&page.out, " ");
        page_wrap(&page, row->adr, 26);
    }

    return page_print(cli, &page);
}
