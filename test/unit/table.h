/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of expectations as text: a row a line, columns separated by tabs, \n \t and \\ for what
 * they usually stand for, comments behind #. The file's name is the program's first argument.
 */
#ifndef CAIRN_TEST_TABLE_H
#define CAIRN_TEST_TABLE_H

#include "unit/unit.h"

#define TABLE_COLUMNS 4

struct table {
    char *data;
    char *at;
    char *end;
    unsigned line;
    struct str cells[TABLE_COLUMNS];
    size_t count;
};

static inline bool
table_open(struct table *table, const char *path)
{
    FILE *file = fopen(path, "rb");
    long size;

    *table = (struct table){0};
    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0 ||
        fseek(file, 0, SEEK_SET) != 0)
        return false;
    table->data = xmalloc((size_t)size + 1);
    table->at = table->data;
    table->end = table->data + fread(table->data, 1, (size_t)size, file);
    fclose(file);
    return table->end == table->data + size;
}

static inline void
table_close(struct table *table)
{
    free(table->data);
}

/* Undoes the escapes in place. */
static inline struct str
table_unescape(char *text, size_t len)
{
    size_t to = 0;

    for (size_t i = 0; i < len; i++) {
        char c = text[i];

        if (c == '\\' && i + 1 < len) {
            c = text[++i];
            c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
        }
        text[to++] = c;
    }
    return str_make(text, to);
}

/* The next row's cells; false at the end. */
static inline bool
table_next(struct table *table)
{
    while (table->at < table->end) {
        char *line = table->at;
        char *end = memchr(line, '\n', (size_t)(table->end - line));

        end = end != NULL ? end : table->end;
        table->at = end < table->end ? end + 1 : end;
        table->line++;
        if (end == line || *line == '#')
            continue;
        table->count = 0;
        while (table->count < TABLE_COLUMNS) {
            char *tab = memchr(line, '\t', (size_t)(end - line));
            char *stop = tab != NULL ? tab : end;

            table->cells[table->count++] = table_unescape(line, (size_t)(stop - line));
            if (tab == NULL)
                break;
            line = tab + 1;
        }
        return true;
    }
    return false;
}

#endif
