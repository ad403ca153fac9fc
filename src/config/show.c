/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration put out again, with the origin of each value.
 */
#include "config/config.h"
#include "core/json.h"

enum { VALUE_MAX = 64 * 1024, KEY_WIDTH = 27, VALUE_WIDTH = 28 };

static void
pad(struct buf *out, size_t written, size_t width)
{
    do {
        buf_add_char(out, ' ');
    } while (++written < width);
}

void
config_write_text(const struct config *config, struct buf *out)
{
    for (unsigned i = 0; i < CONFIG_OPTION_COUNT; i++) {
        struct str key = str_from(config_options[i].key);
        size_t start;

        buf_add_str(out, key);
        pad(out, key.len, KEY_WIDTH);
        start = out->len;
        config_write_value(config, (enum config_option)i, out);
        if (out->len == start)
            buf_add_char(out, '-');
        pad(out, out->len - start, VALUE_WIDTH);
        buf_add_str(out, str_from(config->origin[i]));
        buf_add_char(out, '\n');
    }
}

static void
write_json_value(const struct config *config, enum config_option option, struct buf *out)
{
    const struct config_option_def *def = &config_options[option];
    const void *field = (const char *)config + def->offset;
    const struct config_list *list = field;
    struct buf text;

    if (def->type == CONFIG_TYPE_BOOL || def->type == CONFIG_TYPE_INT) {
        if (def->type == CONFIG_TYPE_INT)
            buf_add_i64(out, *(const int64_t *)field);
        else
            config_write_value(config, option, out);
        return;
    }
    if (def->type == CONFIG_TYPE_LIST) {
        buf_add_char(out, '[');
        for (size_t i = 0; i < list->count; i++) {
            if (i > 0)
                buf_add_char(out, ',');
            json_write_str(out, str_from(list->items[i]));
        }
        buf_add_char(out, ']');
        return;
    }
    if ((def->type == CONFIG_TYPE_STRING || def->type == CONFIG_TYPE_SECRET) &&
        *(const char *const *)field == NULL) {
        BUF_ADD_LIT(out, "null");
        return;
    }
    buf_init(&text, VALUE_MAX);
    config_write_value(config, option, &text);
    json_write_str(out, buf_str(&text));
    buf_fini(&text);
}

void
config_write_json(const struct config *config, struct buf *out)
{
    buf_add_char(out, '{');
    for (unsigned i = 0; i < CONFIG_OPTION_COUNT; i++) {
        buf_add_str(out, i > 0 ? STR(",\n ") : STR("\n "));
        json_write_str(out, str_from(config_options[i].key));
        BUF_ADD_LIT(out, ": {\"value\": ");
        write_json_value(config, (enum config_option)i, out);
        BUF_ADD_LIT(out, ", \"origin\": ");
        json_write_str(out, str_from(config->origin[i]));
        buf_add_char(out, '}');
    }
    BUF_ADD_LIT(out, "\n}\n");
}
