/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/http/cases.h"

#define FILE_MAX (256u << 10)

static struct str
read_case(const char *name, char *memory)
{
    char path[512];
    FILE *file;
    size_t len;

    snprintf(path, sizeof(path), "%s/%s.raw", TEST_DATA, name);
    file = fopen(path, "rbe");
    if (file == NULL)
        fail_msg("unable to read '%s'", path);
    len = fread(memory, 1, FILE_MAX, file);
    fclose(file);
    return str_make(memory, len);
}

size_t
for_each_case(void (*check)(const char *name, const char *verdict, struct str input))
{
    FILE *index = fopen(TEST_DATA "/INDEX", "re");
    char *memory = xmalloc(FILE_MAX);
    char line[512];
    char name[128];
    char verdict[128];
    size_t count = 0;

    assert_non_null(index);
    while (fgets(line, sizeof(line), index) != NULL) {
        if (line[0] == '#')
            continue;
        if (sscanf(line, "%127s %127s", name, verdict) != 2)
            fail_msg("the index has a line that isn't one: %s", line);
        check(name, verdict, read_case(name, memory));
        count++;
    }
    fclose(index);
    free(memory);
    return count;
}
