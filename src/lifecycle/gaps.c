/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/gaps.h"

#include "io/file.h"

#define BEGIN "<!-- cairn: begin of the gaps -->"
#define END "<!-- cairn: end of the gaps -->"

enum { FILE_MAX = 4 * 1024 * 1024, ENTRIES_MAX = 4096 };

#define OUR_OWN "Our own"
#define LEFT_OUT "Left out on purpose"
#define CLOSED "Closed"

/* An item of the list as it stands in the file, or a line of someone's that is none. */
struct entry {
    struct str line;
    struct str notes; /* the indented lines below it, with their line ends */
    struct str id;    /* what stands between the last backticks; empty: a person's own item */
    bool is_closed;
    bool is_text;   /* no item */
    bool is_spaced; /* a line is free before it */
    bool is_taken;  /* its row is in the new list */
};

struct entries {
    struct entry *items;
    size_t count;
};

enum lifecycle_stage
gaps_horizon(enum lifecycle_stage stage)
{
    return stage < LIFECYCLE_PRODUCTION ? LIFECYCLE_PRODUCTION : LIFECYCLE_SCALE;
}

/* The part of text before, in and after the markers; without markers all is before. */
static void
split(struct str text, struct str *before, struct str *inside, struct str *after)
{
    const char *begin = text.len > 0 ? memmem(text.data, text.len, BEGIN, sizeof(BEGIN) - 1) : NULL;
    const char *end;

    *before = text;
    *inside = *after = STR_NULL;
    if (begin == NULL)
        return;
    *before = str_slice(text, 0, (size_t)(begin - text.data));
    *inside = str_slice(text, (size_t)(begin - text.data) + sizeof(BEGIN) - 1, text.len);
    end = memmem(inside->data, inside->len, END, sizeof(END) - 1);
    if (end == NULL)
        return; /* the end was deleted: all that follows was cairn's */
    *after = str_slice(*inside, (size_t)(end - inside->data) + sizeof(END) - 1, inside->len);
    *inside = str_slice(*inside, 0, (size_t)(end - inside->data));
}

static struct str
find_id(struct str line)
{
    size_t end = line.len, start;

    while (end > 0 && line.data[end - 1] != '`')
        end--;
    if (end < 2)
        return STR_NULL;
    for (start = end - 1; start > 0 && line.data[start - 1] != '`'; start--)
        ;

    return start > 0 ? str_slice(line, start, end - 1) : STR_NULL;
}

/* The headings that cairn writes. */
static bool
is_heading(struct str line)
{
    static const char *const others[] = {OUR_OWN, LEFT_OUT, CLOSED};

    line = str_trim(line);
    if (!str_has_prefix(line, STR("## ")))
        return false;
    line = str_slice(line, 3, line.len);
    for (unsigned i = 0; i < LIFECYCLE_AREA_COUNT; i++) {
        if (str_eq(line, str_from(lifecycle_area_names[i])))
            return true;
    }
    for (unsigned i = 0; i < COUNTOF(others); i++) {
        if (str_eq(line, str_from(others[i])))
            return true;
    }

    return false;
}

static void
read_entries(struct str inside, struct arena *arena, struct entries *out)
{
    bool is_spaced = false;

    out->items = ARENA_ARRAY(arena, struct entry, ENTRIES_MAX);
    out->count = 0;
    while (inside.len > 0) {
        struct str line = str_cut(&inside, '\n');
        struct entry *last = out->count > 0 ? &out->items[out->count - 1] : NULL;
        bool is_item = str_has_prefix(line, STR("- ["));

        if (str_trim(line).len == 0 || is_heading(line)) {
            is_spaced = true;
            continue;
        }
        if (last != NULL && (line.data[0] == ' ' || line.data[0] == '\t')) {
            if (last->notes.len == 0)
                last->notes = line;
            last->notes.len = (size_t)(line.data + line.len - last->notes.data);
        } else if (out->count < ENTRIES_MAX) {
            out->items[out->count++] =
                (struct entry){.line = line,
                               .id = is_item ? find_id(line) : STR_NULL,
                               .is_text = !is_item,
                               .is_spaced = is_spaced,
                               .is_closed = str_has_prefix(line, STR("- [x]")) ||
                                            str_has_prefix(line, STR("- [X]"))};
        }
        is_spaced = false;
    }
}

static struct entry *
find_entry(const struct entries *entries, const char *id)
{
    for (size_t i = 0; i < entries->count; i++) {
        if (str_eq(entries->items[i].id, str_from(id)))
            return &entries->items[i];
    }

    return NULL;
}

/* A row belongs into the tracker when a stage up to the horizon should have it; what the template
 * of the gap tracker names stands there as soon as it is nice to have. */
static unsigned
needed_at(const struct lifecycle_row *row, enum lifecycle_stage horizon)
{
    unsigned stage =
        lifecycle_first_need(row, row->gap != NULL ? LIFECYCLE_NICE : LIFECYCLE_SHOULD);

    return stage <= (unsigned)horizon ? stage : LIFECYCLE_STAGE_COUNT;
}

static bool
is_listed(const struct verdict *verdict, enum lifecycle_stage horizon)
{
    return verdict->status != VERDICT_PASS && verdict->status != VERDICT_NOT_YET &&
           needed_at(verdict->row, horizon) < LIFECYCLE_STAGE_COUNT;
}

static void
add_notes(struct buf *out, const struct entry *entry)
{
    if (entry == NULL || entry->notes.len == 0) {
        BUF_ADD_LIT(out, "  - owner:\n  - due:\n");
        return;
    }
    buf_add_str(out, entry->notes);
    BUF_ADD_LIT(out, "\n");
}

/* Whether the text, "ID: TITLE", is about that row. */
static bool
is_about(const char *text, const char *id)
{
    size_t len = strlen(id);

    return strncmp(text, id, len) == 0 && text[len] == ':';
}

static bool
is_left_out(const struct record *record, const char *id)
{
    for (size_t i = 0; i < record->poc.left_out_count; i++) {
        if (is_about(record->poc.left_out[i], id))
            return true;
    }

    return false;
}

static void
add_open(struct buf *out, const struct gaps_input *input, const struct verdict *verdict,
         unsigned stage, const struct entry *entry)
{
    static const char *const needs[] = {"", "nice", "should", "must"};
    const struct lifecycle_row *row = verdict->row;

    buf_printf(out, "- [ ] %s (P%u, %s at %s): ", row->gap != NULL ? row->gap : row->title,
               row->priority, needs[row->need[stage]], lifecycle_stage_names[stage]);
    if (is_left_out(input->record, row->id))
        BUF_ADD_LIT(out, "left out on purpose, ");
    buf_printf(out, "%s, %s `%s`\n", verdict_status_names[verdict->status], verdict->text, row->id);
    add_notes(out, entry);
}

/* An item is open now, whether or not it was there. */
static struct entry *
take_entry(const struct entries *entries, const char *id, struct gaps_change *change)
{
    struct entry *entry = find_entry(entries, id);

    if (entry != NULL)
        entry->is_taken = true;
    change->open++;
    change->opened += entry == NULL || entry->is_closed;

    return entry;
}

static void
add_section(struct buf *out, const struct gaps_input *input, enum lifecycle_area area,
            const struct entries *entries, struct gaps_change *change)
{
    const struct verdicts *verdicts = input->verdicts;
    bool first = true;

    for (unsigned stage = 0; stage <= (unsigned)verdicts->stage; stage++) {
        for (size_t i = 0; i < verdicts->count; i++) {
            const struct verdict *verdict = &verdicts->items[i];

            if (verdict->row->area != area || !is_listed(verdict, verdicts->stage) ||
                needed_at(verdict->row, verdicts->stage) != stage)
                continue;
            if (first)
                buf_printf(out, "\n## %s\n\n", lifecycle_area_names[area]);
            first = false;
            add_open(out, input, verdict, stage, take_entry(entries, verdict->row->id, change));
        }
    }
}

/* What was asked for and isn't needed yet, where no section above has it. */
static void
add_left_out(struct buf *out, const struct gaps_input *input, struct arena *arena,
             const struct entries *entries, struct gaps_change *change)
{
    const struct poc *poc = &input->record->poc;
    bool first = true;

    for (size_t i = 0; i < poc->left_out_count; i++) {
        struct str title = str_from(poc->left_out[i]);
        const char *id = arena_cstr(arena, str_cut(&title, ':'));
        const struct verdict *verdict = verdict_find(input->verdicts, str_from(id));

        if (title.len == 0 || (verdict != NULL && (verdict->status == VERDICT_PASS ||
                                                   is_listed(verdict, input->verdicts->stage))))
            continue;
        if (first)
            BUF_ADD_LIT(out, "\n## " LEFT_OUT "\n\n");
        first = false;
        buf_printf(out, "- [ ] %.*s: not yet `%s`\n", STR_ARG(str_trim(title)), id);
        add_notes(out, take_entry(entries, id, change));
    }
}

/* What cairn knows nothing of is a person's own. */
static void
add_own(struct buf *out, const struct verdicts *verdicts, struct entries *entries)
{
    bool first = true;
    bool was_text = false;

    for (size_t i = 0; i < entries->count; i++) {
        struct entry *entry = &entries->items[i];

        if (entry->is_taken || verdict_find(verdicts, entry->id) != NULL)
            continue;
        if (first)
            BUF_ADD_LIT(out, "\n## " OUR_OWN "\n\n");
        else if (entry->is_spaced && (entry->is_text || was_text))
            BUF_ADD_LIT(out, "\n");
        first = false;
        was_text = entry->is_text;
        buf_printf(out, "%.*s\n", STR_ARG(entry->line));
        if (entry->notes.len > 0)
            buf_printf(out, "%.*s\n", STR_ARG(entry->notes));
    }
}

static void
add_closed(struct buf *out, const struct verdicts *verdicts, struct entries *entries,
           const char *today, struct gaps_change *change)
{
    bool first = true;

    for (size_t i = 0; i < entries->count; i++) {
        struct entry *entry = &entries->items[i];
        const struct verdict *verdict = verdict_find(verdicts, entry->id);

        if (entry->is_taken || verdict == NULL)
            continue;
        if (first)
            BUF_ADD_LIT(out, "\n## " CLOSED "\n\n");
        first = false;
        if (entry->is_closed) {
            buf_printf(out, "%.*s\n", STR_ARG(entry->line));
        } else {
            change->closed++;
            buf_printf(out, "- [x] %s, closed on %s: %s `%s`\n",
                       verdict->row->gap != NULL ? verdict->row->gap : verdict->row->title, today,
                       verdict->text, verdict->row->id);
        }
        if (entry->notes.len > 0)
            buf_printf(out, "%.*s\n", STR_ARG(entry->notes));
    }
}

static void
add_head(struct buf *out, const char *project)
{
    buf_printf(
        out,
        "# Production Readiness Gap Tracker: %s\n\n"
        "What was left out on purpose, and what isn't proven yet, so that nothing is forgotten\n"
        "when this goes on. `cairn check` keeps the list: it opens, words and closes the items.\n"
        "What you write outside of the markers stays as it is, and so do the lines that you\n"
        "indent below an item: owner, due date, notes. Items of your own are welcome.\n\n",
        project);
}

void
gaps_merge(struct str old, const struct gaps_input *input, struct arena *arena, struct buf *out,
           struct gaps_change *change)
{
    struct str before, inside, after;
    struct entries entries;

    *change = (struct gaps_change){0};
    split(old, &before, &inside, &after);
    read_entries(inside, arena, &entries);
    if (str_trim(before).len == 0)
        add_head(out, input->project);
    else
        buf_add_str(out, before);
    if (inside.data == NULL && before.len > 0)
        BUF_ADD_LIT(out, "\n");
    BUF_ADD_LIT(out, BEGIN "\n");
    for (int area = 0; area < LIFECYCLE_AREA_COUNT; area++)
        add_section(out, input, (enum lifecycle_area)area, &entries, change);
    add_left_out(out, input, arena, &entries, change);
    add_own(out, input->verdicts, &entries);
    add_closed(out, input->verdicts, &entries, input->today, change);
    BUF_ADD_LIT(out, "\n" END);
    if (after.len > 0)
        buf_add_str(out, after);
    else
        BUF_ADD_LIT(out, "\n");
}

bool
gaps_update(const char *dir, const struct gaps_input *input, struct arena *arena,
            struct gaps_change *change, struct err *err)
{
    const char *path = arena_printf(arena, "%s/" GAPS_FILE, dir).data;
    struct buf old, new;
    bool found = false;
    bool ok;

    buf_init(&old, FILE_MAX);
    buf_init(&new, 2 * FILE_MAX);
    ok = file_read(path, &old, &found, err);
    if (ok) {
        gaps_merge(buf_str(&old), input, arena, &new, change);
        if (!buf_ok(&new))
            ok = err_set(err, ERR_IO, "", "unable to write '" GAPS_FILE "': past 8 MiB");
        else if (!str_eq(buf_str(&old), buf_str(&new)))
            ok = file_replace(path, buf_str(&new), 0644, err);
    }
    buf_fini(&new);
    buf_fini(&old);

    return ok;
}
