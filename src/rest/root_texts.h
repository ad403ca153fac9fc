/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the root has answered for a schema snapshot, kept, because to write it again takes tens of
 * milliseconds where there are thousands of tables.
 *
 * One set of texts belongs to one snapshot and goes with it. All loops share it: unlike the rest of
 * a request this takes a lock, held for a walk through a short list. A text never changes.
 */
#ifndef CAIRN_REST_ROOT_TEXTS_H
#define CAIRN_REST_ROOT_TEXTS_H

#include "core/str.h"

struct root_texts;

struct root_text {
    struct str text;
};

/* bytes_max is of all texts and keys together. */
struct root_texts *root_texts_new(size_t bytes_max);
struct root_texts *root_texts_ref(struct root_texts *texts);
void root_texts_unref(struct root_texts *texts); /* NULL is safe */

/* The text for a key, which says all that it depends on besides the snapshot: a reference, or
 * NULL. */
struct root_text *root_texts_find(struct root_texts *texts, struct str key);
void root_text_unref(struct root_text *text); /* NULL is safe */
/* Copies both. Those not asked for lately make room; what is larger than all room isn't kept. */
void root_texts_keep(struct root_texts *texts, struct str key, struct str text);

#endif
