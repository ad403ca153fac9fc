/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/root_texts.h"

#include <pthread.h>

#define ENTRIES_MAX 64

struct entry {
    struct root_text shown; /* first: what others hold */
    struct str key;
    unsigned refs; /* the list's and those of whoever found it; atomic */
    struct entry *next;
};

struct root_texts {
    unsigned refs; /* atomic */
    size_t bytes_max;
    pthread_mutex_t mutex; /* over what follows */
    struct entry *first;   /* the one asked for last */
};

struct root_texts *
root_texts_new(size_t bytes_max)
{
    struct root_texts *texts = xcalloc(1, sizeof(*texts));

    texts->refs = 1;
    texts->bytes_max = bytes_max;
    pthread_mutex_init(&texts->mutex, NULL);
    return texts;
}

struct root_texts *
root_texts_ref(struct root_texts *texts)
{
    __atomic_add_fetch(&texts->refs, 1, __ATOMIC_RELAXED);
    return texts;
}

static void
entry_unref(struct entry *entry)
{
    if (__atomic_sub_fetch(&entry->refs, 1, __ATOMIC_ACQ_REL) == 0)
        free(entry);
}

void
root_texts_unref(struct root_texts *texts)
{
    if (texts == NULL || __atomic_sub_fetch(&texts->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    for (struct entry *entry = texts->first, *next = NULL; entry != NULL; entry = next) {
        next = entry->next;
        entry_unref(entry);
    }
    pthread_mutex_destroy(&texts->mutex);
    free(texts);
}

/* Takes it out of the list; NULL: it isn't there. */
static struct entry *
pull(struct root_texts *texts, struct str key)
{
    for (struct entry **at = &texts->first; *at != NULL; at = &(*at)->next) {
        struct entry *entry = *at;

        if (str_eq(entry->key, key)) {
            *at = entry->next;
            return entry;
        }
    }
    return NULL;
}

static void
push(struct root_texts *texts, struct entry *entry)
{
    entry->next = texts->first;
    texts->first = entry;
}

static size_t
size_of(const struct entry *entry)
{
    return sizeof(*entry) + entry->key.len + entry->shown.text.len;
}

struct root_text *
root_texts_find(struct root_texts *texts, struct str key)
{
    struct entry *found = NULL;

    pthread_mutex_lock(&texts->mutex);
    found = pull(texts, key);
    if (found != NULL) {
        push(texts, found);
        __atomic_add_fetch(&found->refs, 1, __ATOMIC_RELAXED);
    }
    pthread_mutex_unlock(&texts->mutex);
    return found != NULL ? &found->shown : NULL;
}

void
root_text_unref(struct root_text *text)
{
    if (text != NULL)
        entry_unref((struct entry *)text);
}

static struct entry *
entry_new(struct str key, struct str text)
{
    struct entry *entry = xcalloc(1, sizeof(*entry) + key.len + text.len);
    char *room = (char *)(entry + 1);

    memcpy(room, key.data, key.len);
    memcpy(room + key.len, text.data, text.len);
    entry->key = str_make(room, key.len);
    entry->shown.text = str_make(room + key.len, text.len);
    entry->refs = 1;
    return entry;
}

/* Cuts the list where it holds more than it may; returns what was cut off. */
static struct entry *
cut(struct root_texts *texts)
{
    struct entry **at = &texts->first;
    struct entry *rest = NULL;
    size_t bytes = 0;
    size_t count = 0;

    while (*at != NULL && ++count <= ENTRIES_MAX && bytes + size_of(*at) <= texts->bytes_max) {
        bytes += size_of(*at);
        at = &(*at)->next;
    }
    rest = *at;
    *at = NULL;
    return rest;
}

void
root_texts_keep(struct root_texts *texts, struct str key, struct str text)
{
    struct entry *entry = NULL;
    struct entry *gone = NULL;
    struct entry *same = NULL;

    if (sizeof(*entry) + key.len + text.len > texts->bytes_max)
        return;
    entry = entry_new(key, text);
    pthread_mutex_lock(&texts->mutex);
    /* Two loops may have written it at the same time. */
    same = pull(texts, key);
    push(texts, entry);
    gone = cut(texts);
    pthread_mutex_unlock(&texts->mutex);
    if (same != NULL)
        entry_unref(same);
    for (struct entry *next = NULL; gone != NULL; gone = next) {
        next = gone->next;
        entry_unref(gone);
    }
}
