/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cairn adr: decisions that are expensive to change, written down.
 */
#include "cli/adr.h"

#include "cli/stage.h"
#include "core/json.h"
#include "io/file.h"

enum { FILES_MAX = 10000, SLUG_MAX = 60, TITLE_MAX = 200, TEXT_MAX = 64 * 1024, ID_WIDTH = 24 };

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

static const char *
find_record(const struct lifecycle_row *row, const struct str *names, size_t count,
            struct arena *arena)
{
    const char *slugs[] = {make_slug(arena, row->adr), row->id};

    for (size_t s = 0; s < COUNTOF(slugs); s++)
        slugs[s] = arena_printf(arena, "-%s.md", slugs[s]).data;
    for (size_t i = 0; i < count; i++) {
        for (size_t s = 0; s < COUNTOF(slugs); s++) {
            if (names[i].len == 4 + strlen(slugs[s]) &&
                str_has_suffix(names[i], str_from(slugs[s])))
                return arena_printf(arena, ADR_DIR "/%s", names[i].data).data;
        }
    }

    return NULL;
}

const struct adr_due *
adr_list_due(const char *dir, const struct catalogue *catalogue, enum lifecycle_stage stage,
             struct arena *arena, size_t *count)
{
    const char *folder = arena_printf(arena, "%s/" ADR_DIR, dir).data;
    struct adr_due *out = ARENA_ARRAY(arena, struct adr_due, catalogue->count);
    struct err ignored = {0};
    struct str *names = NULL;
    size_t name_count = 0;

    *count = 0;
    if (!file_exists(folder) || !dir_list(folder, FILES_MAX, arena, &names, &name_count, &ignored))
        name_count = 0;
    for (size_t i = 0; i < catalogue->count; i++) {
        const struct lifecycle_row *row = catalogue->rows[i];

        if (row->adr != NULL && row->need[stage] != LIFECYCLE_NOT_YET)
            out[(*count)++] = (struct adr_due){row, find_record(row, names, name_count, arena)};
    }

    return out;
}

/* What is known about a decision of the catalogue. */
static const char *
write_context(struct arena *arena, const struct lifecycle_row *row)
{
    struct buf text;
    const char *out;

    buf_init(&text, TEXT_MAX);
    buf_printf(&text, "%s (`%s`). Without it: %s\n", row->title, row->id, row->cost);
    for (size_t i = 0; i < row->source_count; i++)
        buf_printf(&text, "\n> %s (%s:%u)\n", row->sources[i].text, row->sources[i].file,
                   row->sources[i].line);
    out = arena_cstr(arena, str_trim(buf_str(&text)));
    buf_fini(&text);

    return out;
}

int
cli_adr_new(struct cli *cli)
{
    const char *title = cli->args[0];
    const struct lifecycle_row *row;
    const char *context = NULL;
    struct project project;
    const char *file = NULL;
    struct err err = {0};

    if (!stage_load(cli, &project))
        return CLI_USAGE;
    if (title[0] == '\0' || strlen(title) > TITLE_MAX || !str_is_utf8(str_from(title)))
        return cli_fail_usage(cli, NULL, "a title of 1 to %d bytes is needed", TITLE_MAX);
    row = catalogue_find(&project.catalogue, str_from(title));
    if (row != NULL && row->adr != NULL) {
        title = row->adr;
        context = write_context(cli->arena, row);
    }
    if (!adr_write(project.config->dir, title, project.today, context, NULL, NULL, cli->arena,
                   &file, &err))
        return cli_fail(cli, &err);
    cli_say(cli, CLI_MARK_OK, "wrote %s", file);

    return CLI_DONE;
}

static void
add_decision(struct cli *cli, struct page *page, const struct adr_due *due)
{
    const struct lifecycle_row *row = due->row;

    BUF_ADD_LIT(&page->out, " ");
    page_mark(page, due->file != NULL ? CLI_MARK_OK : CLI_MARK_UNKNOWN);
    BUF_ADD_LIT(&page->out, " ");
    page_cell(page, row->id, ID_WIDTH);
    BUF_ADD_LIT(&page->out, " ");
    page_wrap(page,
              due->file != NULL ? arena_printf(cli->arena, "%s: %s", row->adr, due->file).data
                                : row->adr,
              ID_WIDTH + 4);
}

static void
add_decision_json(struct buf *out, const struct adr_due *due)
{
    buf_printf(out, "%s\n  {\"row\": \"%s\", \"decision\": ", out->len > 1 ? "," : "",
               due->row->id);
    json_write_str(out, str_from(due->row->adr));
    BUF_ADD_LIT(out, ", \"file\": ");
    if (due->file != NULL)
        json_write_str(out, str_from(due->file));
    else
        BUF_ADD_LIT(out, "null");
    BUF_ADD_LIT(out, "}");
}

/* The decisions that the catalogue says have to be written down by now. */
int
cli_adr_list(struct cli *cli)
{
    const struct lifecycle_row *open = NULL;
    const struct adr_due *due;
    struct project project;
    struct page page;
    size_t count;

    if (!stage_load(cli, &project))
        return CLI_USAGE;
    page_init(&page);
    if (cli->json)
        BUF_ADD_LIT(&page.out, "[");
    due =
        adr_list_due(project.config->dir, &project.catalogue, project.declared, cli->arena, &count);
    for (size_t i = 0; i < count; i++) {
        if (due[i].file == NULL && open == NULL)
            open = due[i].row;
        if (cli->json)
            add_decision_json(&page.out, &due[i]);
        else
            add_decision(cli, &page, &due[i]);
    }
    if (cli->json)
        BUF_ADD_LIT(&page.out, "\n]\n");
    else if (open != NULL)
        buf_printf(&page.out, "\n next: cairn adr new %s\n", open->id);

    return page_print(cli, &page);
}
