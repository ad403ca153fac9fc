/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cairn.yaml, through libyaml's document tree, which keeps the marks that errors need.
 */
#include <yaml.h>

#include "config/load.h"

enum { DEPTH_MAX = 4 };

struct walk {
    struct config_loader *loader;
    yaml_document_t *document;
    const char *file;
};

static const char *
place_of(struct walk *walk, yaml_mark_t mark)
{
    return arena_printf(walk->loader->arena, "%s:%zu:%zu", walk->file, mark.line + 1,
                        mark.column + 1)
        .data;
}

static struct str
scalar_text(const yaml_node_t *node)
{
    return str_make((const char *)node->data.scalar.value, node->data.scalar.length);
}

/* "key:" with nothing after it, or a null written out: the default stays. */
static bool
is_null(const yaml_node_t *node)
{
    struct str text;

    if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return false;
    text = scalar_text(node);

    return text.len == 0 || str_eq(text, STR("~")) || str_eq(text, STR("null"));
}

/* Does any option lie below "prefix."? */
static bool
is_group(const char *prefix)
{
    size_t len = strlen(prefix);

    for (unsigned i = 0; i < CONFIG_OPTION_COUNT; i++) {
        if (strncmp(config_options[i].key, prefix, len) == 0 && config_options[i].key[len] == '.')
            return true;
    }

    return false;
}

static void
report_unknown(struct walk *walk, yaml_mark_t mark, const char *key)
{
    struct arena *arena = walk->loader->arena;
    const char *best = config_suggest_option(str_from(key));
    const char *hint = "cairn config schema lists the options";
    double score = 0.6;

    if (best != NULL) {
        score = str_similarity(str_from(key), str_from(best));
        hint = arena_printf(arena, "did you mean %s?", best).data;
    }
    for (unsigned i = 0; i < CONFIG_OPTION_COUNT && strchr(key, '.') == NULL; i++) {
        struct str rest = str_from(config_options[i].key);
        struct str group = str_cut(&rest, '.');

        double near =
            str_has_prefix(str_from(key), group) ? 0.95 : str_similarity(str_from(key), group);

        if (rest.data != NULL && near > score) {
            score = near;
            hint = arena_printf(arena, "did you mean the group %.*s?", STR_ARG(group)).data;
        }
    }
    config_error_add(walk->loader, place_of(walk, mark), hint, "unknown option '%s'", key);
}

static void
add_list(struct walk *walk, enum config_option option, const yaml_node_t *node)
{
    struct arena *arena = walk->loader->arena;
    const yaml_node_item_t *first = node->data.sequence.items.start;
    size_t count = (size_t)(node->data.sequence.items.top - first);
    const char **items = ARENA_ARRAY(arena, const char *, count + 1);

    for (size_t i = 0; i < count; i++) {
        const yaml_node_t *item = yaml_document_get_node(walk->document, first[i]);

        if (item->type != YAML_SCALAR_NODE) {
            config_error_add(walk->loader, place_of(walk, item->start_mark),
                             "write a list of plain values: [a, b]", "%s: a list in a list",
                             config_options[option].key);
            return;
        }
        items[i] = arena_cstr(arena, scalar_text(item));
    }
    config_setting_add(walk->loader, option, items, count, true, place_of(walk, node->start_mark));
}

static void
add_map(struct walk *walk, enum config_option option, const yaml_node_t *node)
{
    struct arena *arena = walk->loader->arena;
    const yaml_node_pair_t *first = node->data.mapping.pairs.start;
    size_t count = (size_t)(node->data.mapping.pairs.top - first);
    const char **items = ARENA_ARRAY(arena, const char *, count + 1);

    for (size_t i = 0; i < count; i++) {
        const yaml_node_t *name = yaml_document_get_node(walk->document, first[i].key);
        const yaml_node_t *value = yaml_document_get_node(walk->document, first[i].value);

        if (name->type != YAML_SCALAR_NODE || value->type != YAML_SCALAR_NODE ||
            memchr(value->data.scalar.value, '\0', value->data.scalar.length) != NULL) {
            config_error_add(walk->loader, place_of(walk, value->start_mark),
                             "write NAME: VALUE, one a line", "%s: a plain value is needed",
                             config_options[option].key);
            return;
        }
        items[i] = arena_printf(arena, "%.*s=%.*s", STR_ARG(scalar_text(name)),
                                STR_ARG(scalar_text(value)))
                       .data;
    }
    config_setting_add(walk->loader, option, items, count, true, place_of(walk, node->start_mark));
}

static void
add_option(struct walk *walk, enum config_option option, const yaml_node_t *node)
{
    struct config_loader *loader = walk->loader;
    const char *where = place_of(walk, node->start_mark);

    if (is_null(node))
        return;
    if (config_options[option].type == CONFIG_TYPE_MAP && node->type == YAML_MAPPING_NODE) {
        add_map(walk, option, node);
        return;
    }
    switch (node->type) {
    case YAML_SCALAR_NODE:
        if (memchr(node->data.scalar.value, '\0', node->data.scalar.length) != NULL)
            config_error_add(loader, where, NULL, "%s: a NUL character in the value",
                             config_options[option].key);
        else
            config_setting_add_text(loader, option, arena_cstr(loader->arena, scalar_text(node)),
                                    where);
        break;
    case YAML_SEQUENCE_NODE:
        add_list(walk, option, node);
        break;
    case YAML_MAPPING_NODE:
    case YAML_NO_NODE:
        config_error_add(loader, where, "write KEY: VALUE", "%s: a value is needed, not a mapping",
                         config_options[option].key);
        break;
    }
}

static void walk_mapping(struct walk *walk, const yaml_node_t *node, const char *prefix, int depth);

static void
walk_pair(struct walk *walk, const yaml_node_t *name, const yaml_node_t *value, const char *prefix,
          int depth)
{
    struct config_loader *loader = walk->loader;
    enum config_option option;
    const char *key;

    if (name->type != YAML_SCALAR_NODE) {
        config_error_add(loader, place_of(walk, name->start_mark), NULL,
                         "the name of an option is plain text");
        return;
    }
    key = arena_printf(loader->arena, "%s%s%.*s", prefix, prefix[0] != '\0' ? "." : "",
                       STR_ARG(scalar_text(name)))
              .data;
    if (config_find_option(str_from(key), &option) &&
        strcmp(config_options[option].key, key) == 0) {
        add_option(walk, option, value);
    } else if (is_group(key) && depth < DEPTH_MAX) {
        if (value->type == YAML_MAPPING_NODE)
            walk_mapping(walk, value, key, depth + 1);
        else if (!is_null(value))
            config_error_add(loader, place_of(walk, value->start_mark),
                             "write its options on the next lines, indented",
                             "'%s' is a group of options, not an option", key);
    } else {
        report_unknown(walk, name->start_mark, key);
    }
}

static bool
is_repeated(struct walk *walk, const yaml_node_t *node, const yaml_node_pair_t *pair)
{
    const yaml_node_t *name = yaml_document_get_node(walk->document, pair->key);

    if (name->type != YAML_SCALAR_NODE)
        return false;
    for (const yaml_node_pair_t *p = node->data.mapping.pairs.start; p < pair; p++) {
        const yaml_node_t *other = yaml_document_get_node(walk->document, p->key);

        if (other->type == YAML_SCALAR_NODE && str_eq(scalar_text(other), scalar_text(name))) {
            config_error_add(walk->loader, place_of(walk, name->start_mark), "keep one of them",
                             "'%.*s' stands twice, first in line %zu", STR_ARG(scalar_text(name)),
                             other->start_mark.line + 1);
            return true;
        }
    }

    return false;
}

static void
walk_mapping(struct walk *walk, const yaml_node_t *node, const char *prefix, int depth)
{
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        if (!is_repeated(walk, node, pair))
            walk_pair(walk, yaml_document_get_node(walk->document, pair->key),
                      yaml_document_get_node(walk->document, pair->value), prefix, depth);
    }
}

static void
report_syntax(struct config_loader *loader, const yaml_parser_t *parser, const char *file)
{
    struct walk walk = {.loader = loader, .file = file};
    const char *problem = parser->problem != NULL ? parser->problem : "unreadable";

    if (parser->error == YAML_READER_ERROR)
        config_error_add(loader, file, "save the file as UTF-8", "not YAML at byte %zu: %s",
                         parser->problem_offset, problem);
    else
        config_error_add(loader, place_of(&walk, parser->problem_mark),
                         "YAML is KEY: VALUE, groups indented by blanks, no tabs", "not YAML: %s",
                         problem);
}

/* A second document would be ignored without a word. */
static void
check_single(struct config_loader *loader, yaml_parser_t *parser, const char *file)
{
    struct walk walk = {.loader = loader, .file = file};
    yaml_document_t next;
    const yaml_node_t *root;

    if (yaml_parser_load(parser, &next) == 0) {
        report_syntax(loader, parser, file);
        return;
    }
    root = yaml_document_get_root_node(&next);
    if (root != NULL)
        config_error_add(loader, place_of(&walk, root->start_mark), "remove the line ---",
                         "a second document begins here; the file has one");
    yaml_document_delete(&next);
}

void
config_read_yaml(struct config_loader *loader, struct str text, const char *file)
{
    yaml_parser_t parser;
    yaml_document_t document;
    struct walk walk = {.loader = loader, .document = &document, .file = file};
    const yaml_node_t *root;

    if (yaml_parser_initialize(&parser) == 0)
        abort();
    yaml_parser_set_input_string(&parser, (const unsigned char *)text.data, text.len);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    if (yaml_parser_load(&parser, &document) == 0) {
        report_syntax(loader, &parser, file);
        yaml_parser_delete(&parser);
        return;
    }
    root = yaml_document_get_root_node(&document);
    check_single(loader, &parser, file);
    if (root != NULL && root->type == YAML_MAPPING_NODE)
        walk_mapping(&walk, root, "", 0);
    else if (root != NULL && !is_null(root))
        config_error_add(loader, place_of(&walk, root->start_mark), "write KEY: VALUE, one a line",
                         "the file is not a list of options");
    yaml_document_delete(&document);
    yaml_parser_delete(&parser);
}
