/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/roles.h"

#include "sql/pgtree.h"
#include "sql/script.h"

#define TREE_MAX ((size_t)256 << 20)

enum { WORD_MAX = 63 };

/* --- words ------------------------------------------------------------------------------------ */

static bool
is_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || (unsigned char)c >= 0x80;
}

/* The next word, or what stands in double quotes; anything else ends a run of words. False at the
 * end. */
static bool
next_word(struct str *rest, struct str *word, bool *is_quoted, bool *is_break)
{
    size_t at = 0, end;

    *is_break = false;
    while (at < rest->len && !is_word_char(rest->data[at]) && rest->data[at] != '"') {
        *is_break = *is_break || (unsigned char)rest->data[at] > ' ';
        at++;
    }
    if (at >= rest->len)
        return false;
    *is_quoted = rest->data[at] == '"';
    at += *is_quoted;
    end = *is_quoted ? str_find_char(*rest, '"', at) : at;
    while (!*is_quoted && end < rest->len && is_word_char(rest->data[end]))
        end++;
    *word = str_slice(*rest, at, end);
    *rest = str_slice(*rest, end + *is_quoted, rest->len);

    return true;
}

static bool
is_one_of(struct str word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq_nocase(word, str_from(words[i])))
            return true;
    }

    return false;
}

static const char *const role_words[] = {"role", "user", "group"};

static bool
has_role(const struct roles *roles, struct str name)
{
    for (size_t i = 0; i < roles->count; i++) {
        if (str_eq(name, str_from(roles->names[i])))
            return true;
    }

    return false;
}

void
roles_add(struct roles *roles, const char *name)
{
    if (!has_role(roles, str_from(name)) && roles->count < ROLES_MAX)
        roles->names[roles->count++] = name;
}

void
roles_find(struct str text, struct arena *arena, struct roles *roles)
{
    struct str word;
    bool is_quoted, is_break;
    int state = 0;

    while (next_word(&text, &word, &is_quoted, &is_break)) {
        if (state == 2 && !is_break && word.len > 0 && word.len <= WORD_MAX &&
            (is_quoted || !str_eq_nocase(word, STR("mapping")))) {
            char *name = arena_cstr(arena, word);

            for (char *c = name; !is_quoted && *c != '\0'; c++)
                *c = *c >= 'A' && *c <= 'Z' ? (char)(*c | 0x20) : *c;
            roles_add(roles, name);
        }
        if (!is_quoted && str_eq_nocase(word, STR("create")))
            state = 1;
        else
            state = state == 1 && !is_break && !is_quoted &&
                            is_one_of(word, role_words, COUNTOF(role_words))
                        ? 2
                        : 0;
    }
}

/* ALTER or DROP of a role or a database, in a body that the parser doesn't look into. */
static bool
changes_roles(struct str text)
{
    static const char *const changes[] = {"alter", "drop"};
    struct str word;
    bool is_quoted, is_break, is_change = false;

    while (next_word(&text, &word, &is_quoted, &is_break)) {
        if (is_change && !is_break && !is_quoted &&
            (is_one_of(word, role_words, COUNTOF(role_words)) ||
             str_eq_nocase(word, STR("database"))))
            return true;
        is_change = !is_quoted && is_one_of(word, changes, COUNTOF(changes));
    }

    return false;
}

/* --- statements ------------------------------------------------------------------------------- */

static bool
names_own(const struct json *tree, const struct roles *own)
{
    if (tree->type == JSON_STRING)
        return has_role(own, tree->text);
    for (const struct json *n = tree->first; n != NULL; n = n->next) {
        if (names_own(n, own))
            return true;
    }

    return false;
}

static bool
is_about_server(const struct json *body)
{
    static const char *const members[] = {"objtype", "renameType", "objectType"};
    static const char *const objects[] = {"OBJECT_ROLE", "OBJECT_DATABASE", "OBJECT_TABLESPACE",
                                          "OBJECT_PARAMETER_ACL"};

    for (size_t i = 0; i < COUNTOF(members); i++) {
        for (size_t o = 0; o < COUNTOF(objects); o++) {
            if (pg_is(body, members[i], objects[o]))
                return true;
        }
    }

    return false;
}

/* Whether the statement would be felt outside of the clone's database. */
static bool
is_felt(const struct json *node, const struct roles *own)
{
    static const char *const of_roles[] = {"CreateRoleStmt", "AlterRoleStmt", "AlterRoleSetStmt",
                                           "DropRoleStmt",   "GrantRoleStmt", "DropOwnedStmt"};
    static const char *const of_databases[] = {"AlterDatabaseStmt", "AlterDatabaseSetStmt",
                                               "AlterDatabaseRefreshCollStmt"};
    struct str kind = pg_kind(node);
    const struct json *body = pg_body(node);

    if (is_one_of(kind, of_databases, COUNTOF(of_databases)))
        return true;

    return (is_one_of(kind, of_roles, COUNTOF(of_roles)) || is_about_server(body)) &&
           !names_own(body, own);
}

/* Rows, and what is done with them, need no parsing: there may be many. */
static bool
is_of_rows(struct str statement)
{
    static const char *const words[] = {"insert", "update", "delete", "select", "copy"};
    size_t len = 0;

    while (len < statement.len && is_word_char(statement.data[len]))
        len++;

    return is_one_of(str_slice(statement, 0, len), words, COUNTOF(words));
}

static bool
refuse(struct str text, const char *file, size_t at, struct err *err)
{
    struct script_cursor cursor = {0};

    return err_set(err, ERR_UNAVAILABLE, "",
                   "%s:%u: a DO block changes roles or databases, which a clone must not: write it "
                   "as statements, or set check.clone_url to a server of its own",
                   file, script_position(&cursor, text, at).line);
}

bool
roles_blank(struct str text, const char *file, const struct roles *own, bool is_own_server,
            struct arena *arena, struct str *out, struct err *err)
{
    struct arena *trees = arena_new(65536, TREE_MAX);
    char *copy = arena_cstr(arena, text);
    struct script script;
    struct script_piece piece;
    struct script_fault fault;
    bool ok = true;

    *out = str_make(copy, text.len);
    arena_set_soft(trees);
    script_init(&script, text);
    /* What is no text, or not SQL, is refused when it is run. */
    while (ok && str_is_utf8(text) && memchr(copy, '\0', text.len) == NULL &&
           script_next(&script, &piece, &fault)) {
        struct str statement = str_slice(text, piece.from, piece.to);
        const struct json *next = NULL;
        struct pgtree_statement one;
        struct pgtree_error error;
        struct pgtree tree;

        arena_reset(trees);
        if (piece.has_data || is_of_rows(statement) ||
            !pgtree_parse(statement, trees, &tree, &error) || !pgtree_next(&tree, &next, &one))
            continue;
        if (pg_as(one.node, "DoStmt") != NULL && !is_own_server && changes_roles(statement))
            ok = refuse(text, file, piece.from, err);
        for (size_t i = piece.from; is_felt(one.node, own) && i < piece.end; i++)
            copy[i] = copy[i] == '\n' ? '\n' : ' ';
    }
    arena_free(trees);

    return ok;
}
