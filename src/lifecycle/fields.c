/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/fields.h"

#include <yaml.h>

/* A text without a zero byte; NULL for anything else. */
static const char *
take_text(const yaml_node_t *node, struct arena *arena)
{
    if (node->type != YAML_SCALAR_NODE || node->data.scalar.length == 0 ||
        memchr(node->data.scalar.value, '\0', node->data.scalar.length) != NULL)
        return NULL;

    return arena_cstr(arena,
                      str_make((const char *)node->data.scalar.value, node->data.scalar.length));
}

static const char *const *
take_list(yaml_document_t *document, const yaml_node_t *node, struct arena *arena)
{
    const yaml_node_item_t *first = node->data.sequence.items.start;
    size_t count = (size_t)(node->data.sequence.items.top - first);
    const char **items;

    if (count == 0 || count > FIELDS_LIST_MAX)
        return NULL;
    items = ARENA_ARRAY(arena, const char *, count + 1);
    for (size_t i = 0; i < count; i++) {
        items[i] = take_text(yaml_document_get_node(document, first[i]), arena);
        if (items[i] == NULL)
            return NULL;
    }
    items[count] = NULL;

    return items;
}

static void
take_field(yaml_document_t *document, const yaml_node_pair_t *pair, struct arena *arena,
           struct field *out)
{
    const yaml_node_t *key = yaml_document_get_node(document, pair->key);
    const yaml_node_t *value = yaml_document_get_node(document, pair->value);
    const char *name = take_text(key, arena);

    *out = (struct field){.key = name != NULL ? name : "",
                          .key_line = key->start_mark.line + 1,
                          .line = value->start_mark.line + 1,
                          .text = take_text(value, arena),
                          .is_list = value->type == YAML_SEQUENCE_NODE};
    if (out->is_list)
        out->items = take_list(document, value, arena);
}

static bool
take_all(yaml_document_t *document, struct arena *arena, struct fields *out)
{
    const yaml_node_t *root = yaml_document_get_root_node(document);
    const yaml_node_pair_t *first;

    if (root == NULL || root->type != YAML_MAPPING_NODE) {
        out->error = "no fields in it";
        out->error_line = 1;
        return false;
    }
    first = root->data.mapping.pairs.start;
    out->count = (size_t)(root->data.mapping.pairs.top - first);
    out->items = ARENA_ARRAY(arena, struct field, out->count + 1);
    for (size_t i = 0; i < out->count; i++)
        take_field(document, &first[i], arena, &out->items[i]);

    return true;
}

bool
fields_parse(struct str text, struct arena *arena, struct fields *out)
{
    yaml_document_t document;
    yaml_parser_t parser;
    bool ok;

    *out = (struct fields){0};
    if (yaml_parser_initialize(&parser) == 0)
        abort();
    yaml_parser_set_input_string(&parser, (const unsigned char *)text.data, text.len);
    if (yaml_parser_load(&parser, &document) == 0) {
        out->error = arena_printf(arena, "not YAML: %s",
                                  parser.problem != NULL ? parser.problem : "unreadable")
                         .data;
        out->error_line = parser.problem_mark.line + 1;
        ok = false;
    } else {
        ok = take_all(&document, arena, out);
        yaml_document_delete(&document);
    }
    yaml_parser_delete(&parser);

    return ok;
}
