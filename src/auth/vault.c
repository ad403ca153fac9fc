/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/vault.h"

#include <openssl/crypto.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t
page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

void
vault_put(struct vault *vault, struct str bytes)
{
    size_t page = page_size();
    size_t size = (bytes.len + page - 1) / page * page;
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (pages == MAP_FAILED) {
        fprintf(stderr, "unable to keep a key: no memory\n");
        abort();
    }
    /* Neither is needed to work, and a container may forbid both. */
    (void)madvise(pages, size, MADV_DONTDUMP);
    (void)mlock(pages, size);
    memcpy(pages, bytes.data, bytes.len);
    *vault = (struct vault){.bytes = str_make(pages, bytes.len), .size = size};
}

void
vault_wipe(struct vault *vault)
{
    void *pages = (void *)(uintptr_t)vault->bytes.data;

    if (pages == NULL)
        return;
    OPENSSL_cleanse(pages, vault->bytes.len);
    munmap(pages, vault->size);
    *vault = (struct vault){0};
}

void
vault_hide(struct str bytes)
{
    uintptr_t page = page_size();
    uintptr_t from = (uintptr_t)bytes.data / page * page;
    uintptr_t to = ((uintptr_t)bytes.data + bytes.len + page - 1) / page * page;

    if (bytes.len > 0)
        (void)madvise((void *)from, to - from, MADV_DONTDUMP);
}
