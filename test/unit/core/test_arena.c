/* SPDX-License-Identifier: Apache-2.0 */
#include "core/arena.h"
#include "core/fault.h"
#include "unit/unit.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void
allocations_are_aligned_and_apart(void **state)
{
    struct arena *arena = arena_new(100, 1 << 20);
    char *before = NULL;
    size_t before_size = 0;

    for (size_t size = 0; size < 300; size++) {
        char *memory = arena_alloc(arena, size);

        assert_int_equal((uintptr_t)memory % 16, 0);
        memset(memory, (int)size, size);
        for (size_t i = 0; i < before_size; i++)
            assert_int_equal((unsigned char)before[i], (unsigned char)(size - 1));
        before = memory;
        before_size = size;
    }
    assert_false(arena_is_exhausted(arena));
    arena_free(arena);
}

static void
zeroed_memory_is_zero_after_reuse(void **state)
{
    struct arena *arena = arena_new(4096, 1 << 20);
    unsigned char *memory = arena_alloc(arena, 1000);

    memset(memory, 0xFF, 1000);
    arena_reset(arena);
    memory = arena_zalloc(arena, 1000);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(memory[i], 0);
    arena_free(arena);
}

static void
reset_keeps_the_first_block_and_counts_from_zero(void **state)
{
    struct arena *arena = arena_new(1024, 1 << 20);
    void *first = arena_alloc(arena, 64);

    for (int i = 0; i < 100; i++)
        assert_non_null(arena_alloc(arena, 512));
    assert_true(arena_used(arena) >= 100 * 512);
    arena_reset(arena);
    assert_int_equal(arena_used(arena), 0);
    assert_ptr_equal(arena_alloc(arena, 64), first);
    arena_free(arena);
}

static void
one_large_allocation_does_not_waste_the_current_block(void **state)
{
    struct arena *arena = arena_new(4096, 1 << 20);
    char *small = arena_alloc(arena, 16);

    assert_non_null(arena_alloc(arena, 8000));
    assert_true((char *)arena_alloc(arena, 16) - small < 4096);
    arena_free(arena);
}

static void
a_soft_arena_is_exhausted_and_still_gives_memory(void **state)
{
    struct arena *arena = arena_new(1024, 4096);

    arena_set_soft(arena);
    while (!arena_is_exhausted(arena)) {
        assert_true(arena_used(arena) <= 4096 + 1024);
        memset(arena_alloc(arena, 200), 1, 200);
    }
    assert_true(arena_used(arena) > 2048);
    memset(arena_alloc(arena, 100000), 1, 100000);
    arena_reset(arena);
    assert_false(arena_is_exhausted(arena));
    memset(arena_alloc(arena, 200), 1, 200);
    assert_false(arena_is_exhausted(arena));
    arena_free(arena);
}

static void
the_limit_can_be_used_in_full(void **state)
{
    struct arena *arena = arena_new(1024, 64 * 1024);

    arena_set_soft(arena);
    for (int i = 0; i < 60 * 1024 / 128; i++)
        assert_non_null(arena_alloc(arena, 100));
    assert_false(arena_is_exhausted(arena));
    arena_free(arena);
}

static void
copies_are_terminated(void **state)
{
    struct arena *arena = arena_new(64, 1 << 20);
    struct str copy = arena_copy(arena, STR("ab\0c"));
    struct str empty = arena_copy(arena, STR_NULL);
    char big[600];
    struct str printed;

    assert_int_equal(copy.len, 4);
    assert_memory_equal(copy.data, "ab\0c\0", 5);
    assert_int_equal(empty.len, 0);
    assert_int_equal(empty.data[0], '\0');
    assert_string_equal(arena_cstr(arena, STR("xyz")), "xyz");
    assert_str(arena_printf(arena, "%d %s", 7, "x"), "7 x");
    memset(big, 'q', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    printed = arena_printf(arena, "<%s>", big);
    assert_int_equal(printed.len, sizeof(big) + 1);
    assert_int_equal(printed.data[printed.len], '\0');
    assert_int_equal(printed.data[printed.len - 1], '>');
    arena_free(arena);
}

static int
status_of_child(void (*run)(void))
{
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        fclose(stderr);
        run();
        _exit(0);
    }
    assert_true(waitpid(child, &status, 0) == child);
    return status;
}

static void
pass_hard_limit(void)
{
    struct arena *arena = arena_new(64, 128);

    arena_alloc(arena, 4096);
}

static void
ask_for_nonsense(void)
{
    struct arena *arena = arena_new(64, 128);
    volatile size_t huge = SIZE_MAX - 8;

    arena_set_soft(arena);
    arena_alloc(arena, huge);
}

static void
a_hard_limit_and_nonsense_sizes_abort(void **state)
{
    assert_true(WIFSIGNALED(status_of_child(pass_hard_limit)));
    assert_true(WIFSIGNALED(status_of_child(ask_for_nonsense)));
}

static void
freeing_null_is_safe(void **state)
{
    arena_free(NULL);
}

#ifdef CAIRN_FAULTS
static void
a_fault_exhausts_a_soft_arena_early(void **state)
{
    struct arena *arena = arena_new(64, 1 << 20);

    arena_set_soft(arena);
    fault_arm("arena.grow", 2);
    assert_non_null(arena_alloc(arena, 128));
    assert_false(arena_is_exhausted(arena));
    memset(arena_alloc(arena, 4096), 1, 4096);
    assert_true(arena_is_exhausted(arena));
    fault_arm(NULL, 0);
    arena_free(arena);
}
#endif

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations_are_aligned_and_apart),
        cmocka_unit_test(zeroed_memory_is_zero_after_reuse),
        cmocka_unit_test(reset_keeps_the_first_block_and_counts_from_zero),
        cmocka_unit_test(one_large_allocation_does_not_waste_the_current_block),
        cmocka_unit_test(a_soft_arena_is_exhausted_and_still_gives_memory),
        cmocka_unit_test(the_limit_can_be_used_in_full),
        cmocka_unit_test(copies_are_terminated),
        cmocka_unit_test(a_hard_limit_and_nonsense_sizes_abort),
        cmocka_unit_test(freeing_null_is_safe),
#ifdef CAIRN_FAULTS
        cmocka_unit_test(a_fault_exhausts_a_soft_arena_early),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
