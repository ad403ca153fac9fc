/* SPDX-License-Identifier: Apache-2.0 */
#include "io/process.h"

#include "core/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { POLL_MS = 5, ENV_MAX = 4096, READ_SIZE = 4096 };

extern char **environ;

static int64_t
now_ms(void)
{
    return (int64_t)(clock_mono_ns() / 1000000);
}

/* The environment with the additions; what they name replaces what was there. */
static char **
make_env(const char *const *added)
{
    char **env = xcalloc(ENV_MAX + 1, sizeof(*env));
    size_t count = 0;

    for (char **one = environ; *one != NULL && count < ENV_MAX; one++) {
        bool replaced = false;

        for (const char *const *a = added; a != NULL && *a != NULL && !replaced; a++) {
            size_t name = strcspn(*a, "=") + 1;

            replaced = strncmp(*one, *a, name) == 0;
        }
        if (!replaced)
            env[count++] = *one;
    }
    for (const char *const *a = added; a != NULL && *a != NULL && count < ENV_MAX; a++)
        env[count++] = (char *)(uintptr_t)*a;

    return env;
}

static void
set_stream(int fd, int as)
{
    int from = fd >= 0 ? fd : open("/dev/null", O_RDWR);

    if (from < 0 || dup2(from, as) < 0)
        _exit(127);
}

/* In the child: never returns. What went wrong is written to report, which closes by itself when
 * the program runs. */
static NORETURN void
become(const struct process_options *options, char **env, int report, pid_t parent)
{
    sigset_t none;
    int error;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int signal_no = 1; signal_no < NSIG; signal_no++)
        signal(signal_no, SIG_DFL);
    if (!options->keeps_group)
        setpgid(0, 0);
    /* Whoever started it may be killed; nothing stays behind then. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    set_stream(-1, STDIN_FILENO);
    set_stream(options->out_fd, STDOUT_FILENO);
    set_stream(options->err_fd, STDERR_FILENO);
    if (options->dir == NULL || chdir(options->dir) == 0) {
        close_range(STDERR_FILENO + 1, (unsigned)report - 1, 0);
        close_range((unsigned)report + 1, ~0U, 0);
        environ = env;
        execvp(options->argv[0], (char *const *)(uintptr_t)options->argv);
    }
    error = errno;
    while (write(report, &error, sizeof(error)) < 0 && errno == EINTR)
        ;
    _exit(127);
}

bool
process_start(const struct process_options *options, pid_t *pid, struct err *err)
{
    char **env = make_env(options->env);
    pid_t parent = getpid();
    int ends[2] = {-1, -1};
    int error = 0;
    bool ok = false;
    ssize_t got;

    if (pipe2(ends, O_CLOEXEC) != 0) {
        err_set_errno(err, ERR_IO, errno, "unable to start '%s'", options->argv[0]);
        goto out;
    }
    *pid = fork();
    if (*pid == 0)
        become(options, env, ends[1], parent);
    close(ends[1]);
    ends[1] = -1;
    if (*pid < 0) {
        err_set_errno(err, ERR_IO, errno, "unable to start '%s'", options->argv[0]);
        goto out;
    }
    if (!options->keeps_group)
        setpgid(*pid, *pid);
    do {
        got = read(ends[0], &error, sizeof(error));
    } while (got < 0 && errno == EINTR);
    ok = got == 0;
    if (!ok) {
        waitpid(*pid, NULL, 0);
        err_set_errno(err, ERR_IO, got == sizeof(error) ? error : EIO, "unable to start '%s'",
                      options->argv[0]);
    }

out:
    if (ends[0] >= 0)
        close(ends[0]);
    if (ends[1] >= 0)
        close(ends[1]);
    free(env);

    return ok;
}

bool
process_wait(pid_t pid, int64_t wait_ms, int *status)
{
    int64_t deadline = now_ms() + wait_ms;

    for (;;) {
        pid_t ended = waitpid(pid, status, WNOHANG);

        if (ended == pid)
            return true;
        if (ended < 0 && errno != EINTR) {
            *status = 0; /* somebody else has reaped it */
            return true;
        }
        if (now_ms() >= deadline)
            return false;
        poll(NULL, 0, POLL_MS);
    }
}

void
process_stop(pid_t pid, int64_t grace_ms, int *status)
{
    kill(-pid, SIGTERM);
    if (!process_wait(pid, grace_ms, status)) {
        kill(-pid, SIGKILL);
        while (waitpid(pid, status, 0) < 0 && errno == EINTR)
            ;
    }
    /* What it had started and not ended itself. */
    kill(-pid, SIGKILL);
}

static int
exit_code_of(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Reads until the end of the stream or the deadline; false for the deadline. What doesn't fit is
 * read and dropped, so that the child isn't held up. */
static bool
read_all(int fd, int64_t deadline, bool (*gives_up)(void), struct buf *out)
{
    char chunk[READ_SIZE];

    for (;;) {
        struct pollfd poller = {.fd = fd, .events = POLLIN};
        int64_t left = deadline - now_ms();
        ssize_t got;
        size_t room;

        if (left <= 0 || (gives_up != NULL && gives_up()))
            return false;
        if (poll(&poller, 1, (int)left) <= 0)
            continue;
        got = read(fd, chunk, sizeof(chunk));
        if (got == 0)
            return true;
        if (got < 0)
            continue;
        room = out->max - out->len;
        buf_add(out, chunk, (size_t)got < room ? (size_t)got : room);
    }
}

bool
process_run(const struct process_options *options, int64_t timeout_ms, struct buf *out,
            int *exit_code, struct err *err)
{
    struct process_options with_pipe = *options;
    int64_t deadline = now_ms() + timeout_ms;
    int ends[2];
    int status = 0;
    bool in_time;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return err_set_errno(err, ERR_IO, errno, "unable to start '%s'", options->argv[0]);
    fcntl(ends[1], F_SETFL, 0); /* the child's end blocks, as programs expect */
    with_pipe.out_fd = with_pipe.err_fd = ends[1];
    if (!process_start(&with_pipe, &pid, err)) {
        close(ends[0]);
        close(ends[1]);
        return false;
    }
    close(ends[1]);
    in_time = read_all(ends[0], deadline, options->gives_up, out) &&
              process_wait(pid, deadline - now_ms(), &status);
    close(ends[0]);
    if (!in_time) {
        kill(-pid, SIGKILL);
        process_stop(pid, 0, &status);
        return err_set(err, ERR_UNAVAILABLE, "", "unable to run '%s': no end after %lld ms",
                       options->argv[0], (long long)timeout_ms);
    }
    kill(-pid, SIGKILL);
    *exit_code = exit_code_of(status);

    return true;
}
