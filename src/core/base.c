/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base.h"

#include <unistd.h>

static NORETURN void
die_out_of_memory(void)
{
    static const char text[] = "cairn: out of memory\n";

    /* Nothing that allocates can be used to say so. */
    ssize_t ignored UNUSED = write(STDERR_FILENO, text, sizeof(text) - 1);
    abort();
}

void *
xmalloc(size_t size)
{
    void *ptr = malloc(size > 0 ? size : 1);

    if (UNLIKELY(ptr == NULL))
        die_out_of_memory();
    return ptr;
}

void *
xcalloc(size_t count, size_t size)
{
    void *ptr = calloc(count > 0 ? count : 1, size > 0 ? size : 1);

    if (UNLIKELY(ptr == NULL))
        die_out_of_memory();
    return ptr;
}

void *
xrealloc(void *ptr, size_t size)
{
    void *grown = realloc(ptr, size > 0 ? size : 1);

    if (UNLIKELY(grown == NULL))
        die_out_of_memory();
    return grown;
}

char *
xstrdup(const char *text)
{
    size_t size = strlen(text) + 1;

    return memcpy(xmalloc(size), text, size);
}
