/* SPDX-License-Identifier: Apache-2.0 */
/* What the root has answered, kept. */
#include "rest/root_texts.h"

#include <pthread.h>

#include "unit.h"

static void
assert_found(struct root_texts *texts, const char *key, const char *expected)
{
    struct root_text *text = root_texts_find(texts, str_from(key));

    if (expected == NULL) {
        assert_null(text);
        return;
    }
    assert_non_null(text);
    assert_str(text->text, expected);
    root_text_unref(text);
}

static void
a_text_is_found_by_its_key(void **state)
{
    struct root_texts *texts = root_texts_new(4096);

    assert_found(texts, "a", NULL);
    root_texts_keep(texts, STR("a"), STR("one"));
    root_texts_keep(texts, STR("b"), STR("two"));
    root_texts_keep(texts, STR("ab"), STR(""));
    assert_found(texts, "a", "one");
    assert_found(texts, "b", "two");
    assert_found(texts, "ab", "");
    assert_found(texts, "", NULL);
    root_texts_keep(texts, STR("a"), STR("three"));
    assert_found(texts, "a", "three");
    root_texts_unref(texts);
}

static void
what_was_not_asked_for_lately_makes_room(void **state)
{
    char half[2048] = {0};
    struct root_texts *texts = root_texts_new(2 * sizeof(half));

    memset(half, 'x', sizeof(half) - 512);
    root_texts_keep(texts, STR("a"), str_make(half, sizeof(half) - 512));
    root_texts_keep(texts, STR("b"), STR("two"));
    root_text_unref(root_texts_find(texts, STR("a")));
    root_texts_keep(texts, STR("c"), str_make(half, sizeof(half) - 512));
    root_texts_keep(texts, STR("d"), str_make(half, sizeof(half) - 512));
    assert_found(texts, "a", NULL);
    assert_found(texts, "b", NULL);
    assert_found(texts, "d", half);
    root_texts_unref(texts);
}

static void
what_is_larger_than_all_room_is_not_kept(void **state)
{
    char large[512] = {0};
    struct root_texts *texts = root_texts_new(sizeof(large));

    memset(large, 'x', sizeof(large) - 1);
    root_texts_keep(texts, STR("a"), STR("one"));
    root_texts_keep(texts, STR("b"), str_make(large, sizeof(large)));
    assert_found(texts, "a", "one");
    assert_found(texts, "b", NULL);
    root_texts_unref(texts);
}

static void
only_so_many_are_kept(void **state)
{
    struct root_texts *texts = root_texts_new(1 << 20);
    size_t found = 0;

    for (int i = 0; i < 1000; i++)
        root_texts_keep(texts, str_make((const char *)&i, sizeof(i)), STR("text"));
    for (int i = 0; i < 1000; i++) {
        struct root_text *text = root_texts_find(texts, str_make((const char *)&i, sizeof(i)));

        found += text != NULL;
        root_text_unref(text);
    }
    assert_int_equal(found, 64);
    root_texts_unref(texts);
}

static void
a_text_that_is_held_outlives_its_place(void **state)
{
    struct root_texts *texts = root_texts_new(256);
    struct root_text *held = NULL;

    root_texts_keep(texts, STR("a"), STR("one"));
    held = root_texts_find(texts, STR("a"));
    assert_non_null(held);
    root_texts_keep(texts, STR("a"), STR("two"));
    root_texts_unref(texts);
    assert_str(held->text, "one");
    root_text_unref(held);
}

static void *
ask_and_keep(void *arg)
{
    struct root_texts *texts = arg;
    char key[2] = "a";

    for (int i = 0; i < 2000; i++) {
        struct root_text *text = NULL;

        key[0] = (char)('a' + i % 5);
        text = root_texts_find(texts, STR("a"));
        if (text != NULL && !str_eq(text->text, STR("the same")))
            return texts;
        root_texts_keep(texts, str_make(key, 1), STR("the same"));
        root_text_unref(text);
    }
    root_texts_unref(texts);
    return NULL;
}

static void
threads_share_them(void **state)
{
    struct root_texts *texts = root_texts_new(300); /* for two of the five */
    pthread_t threads[4];
    void *failed = NULL;

    for (size_t i = 0; i < COUNTOF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_and_keep, root_texts_ref(texts)), 0);
    root_texts_unref(texts);
    for (size_t i = 0; i < COUNTOF(threads); i++) {
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_found_by_its_key),
        cmocka_unit_test(what_was_not_asked_for_lately_makes_room),
        cmocka_unit_test(what_is_larger_than_all_room_is_not_kept),
        cmocka_unit_test(only_so_many_are_kept),
        cmocka_unit_test(a_text_that_is_held_outlives_its_place),
        cmocka_unit_test(threads_share_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
