/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target on files: replay_NAME FILE_OR_DIRECTORY...
 *
 * Each input also runs cut at every length up to CUTS_MAX, because what parsers get wrong most is
 * the end. Every input is a block of its own on the heap, so that reading past it is seen.
 */
#include "fuzz.h"

#include <dirent.h>
#include <sys/stat.h>

#define FILE_MAX ((size_t)8 * 1024 * 1024)
#define CUTS_MAX 512

static size_t inputs;

static void
run_copy(const char *data, size_t len)
{
    char *copy = xmalloc(len);

    if (len > 0)
        memcpy(copy, data, len);
    fuzz_one(str_make(copy, len));
    free(copy);
    inputs++;
}

static bool
run_file(const char *path)
{
    FILE *file = fopen(path, "rbe");
    char *data = xmalloc(FILE_MAX);
    size_t len;

    if (file == NULL) {
        perror(path);
        free(data);
        return false;
    }
    len = fread(data, 1, FILE_MAX, file);
    fclose(file);

    run_copy(data, len);
    for (size_t cut = 0; cut < len && cut < CUTS_MAX; cut++)
        run_copy(data, cut);
    free(data);
    return true;
}

static bool
run_path(const char *path)
{
    DIR *dir = opendir(path);
    bool ok = true;

    if (dir == NULL)
        return run_file(path);
    for (struct dirent *entry = readdir(dir); entry != NULL && ok; entry = readdir(dir)) {
        char name[4096];

        if (entry->d_name[0] == '.')
            continue;
        snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
        ok = run_file(name);
    }
    closedir(dir);
    return ok;
}

int
main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (!run_path(argv[i]))
            return EXIT_FAILURE;
    }
    if (inputs == 0) {
        fprintf(stderr, "no input was run\n");
        return EXIT_FAILURE;
    }
    printf("%zu inputs\n", inputs);
    return EXIT_SUCCESS;
}
