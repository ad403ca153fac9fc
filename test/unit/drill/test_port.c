/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/port.h"

#include "unit/unit.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MANY = 200 };

static void
the_kernels_own_range_is_left_alone(void **state)
{
    static const struct {
        const char *text;
        unsigned first, last;
    } cases[] = {
        {"32768\t60999\n", 10240, 32767},
        {"10000 32767", 32768, 65535},
        {"1024\t5000\n", 10240, 65535},
        {"20000 65535", 10240, 19999},
        /* Nearly everything is the kernel's. */
        {"1024\t65535\n", 1024, 65535},
        {"10500\t65000\n", 10500, 65000},
        {"", 10240, 65535},
        {"nonsense", 10240, 65535},
        {"40000 30000", 10240, 65535},
        {"99999999999999999999 1", 10240, 65535},
    };

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        struct port_range range = port_find_range(str_from(cases[i].text));

        if (range.first != cases[i].first || range.last != cases[i].last)
            fail_msg("'%s': %u to %u", cases[i].text, range.first, range.last);
    }
}

static int
listen_at(unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_return_code(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_return_code(listen(fd, 1), 0);

    return fd;
}

static void
a_port_belongs_to_one_until_it_is_given_back(void **state)
{
    unsigned ports[MANY];
    int fds[MANY];
    int listener;

    for (size_t i = 0; i < MANY; i++) {
        fds[i] = port_reserve(&ports[i]);
        assert_true(fds[i] >= 0);
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(ports[i], ports[j]);
    }
    /* That is no obstacle to the service. */
    listener = listen_at(ports[0]);
    close(listener);
    listener = listen_at(ports[0]);
    close(listener);
    for (size_t i = 0; i < MANY; i++)
        close(fds[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_kernels_own_range_is_left_alone),
        cmocka_unit_test(a_port_belongs_to_one_until_it_is_given_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
