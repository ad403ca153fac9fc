/* SPDX-License-Identifier: Apache-2.0 */
#include "server/supervisor.h"

#include <errno.h>
#include <linux/filter.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "def/errors.h"
#include "server/notify.h"
#include "server/worker.h"

#define PAUSE_FIRST_MS 100
#define PAUSE_MAX_MS 10000
#define STEADY_NS ((uint64_t)60 * 1000000000) /* after this long the pauses begin anew */

struct supervisor {
    const struct server_options *options;
    int listen_fd;
    uint16_t port;
    sigset_t signals;
    sigset_t before; /* the mask that the process came with */
    pid_t worker;
    uint64_t started_ns;
    int64_t pause_ms;
    bool is_stopping;
    bool was_ready;
    int stop_signal; /* why it is stopping */
    uint32_t worker_count;
    struct journal journal;
    int ready_fd; /* read end; -1 once the worker answered */
    bool has_failure;
    struct err failure; /* why the last worker didn't come up */
};

/* The worker's process: never returns. A failure goes up the pipe, for people to see it once. */
NORETURN static void
worker_main(struct supervisor *s, int ready_fd)
{
    struct worker_place place = {.listen_fd = s->listen_fd,
                                 .port = s->port,
                                 .ready_fd = ready_fd,
                                 .journal = &s->journal,
                                 .number = s->worker_count};
    struct err err = {0};
    bool ok = false;

    /* Dies with the supervisor: two generations that write would be one too many. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigprocmask(SIG_SETMASK, &s->before, NULL);
    ok = worker_run(s->options, &place, &err);
    if (!ok && place.ready_fd >= 0)
        (void)!write(place.ready_fd, &err, sizeof(err));
    else if (!ok)
        log_event(LOG_ERROR, "worker_failed", LOG_CSTR("code", err.code),
                  LOG_CSTR("message", err.message), LOG_CSTR("hint", err.hint));
    log_flush();
    _exit(ok ? 0 : error_kinds[err.kind].exit_code);
}

static bool
start_worker(struct supervisor *s, struct err *err)
{
    int fds[2] = {-1, -1};

    if (pipe(fds) != 0)
        return err_set_errno(err, ERR_IO, errno, "unable to start a worker");
    s->started_ns = clock_mono_ns();
    s->worker_count++;
    s->worker = fork();
    if (s->worker == 0) {
        close(fds[0]);
        worker_main(s, fds[1]);
    }
    close(fds[1]);
    if (s->worker < 0) {
        close(fds[0]);
        return err_set_errno(err, ERR_IO, errno, "unable to start a worker");
    }
    s->ready_fd = fds[0];
    return true;
}

/* Blocks until the worker says that it answers, or dies; its death comes as SIGCHLD too. */
static void
wait_ready(struct supervisor *s)
{
    char *room = (char *)&s->failure;
    size_t len = 0;
    ssize_t n = 0;

    err_clear(&s->failure);
    do {
        n = read(s->ready_fd, room + len, sizeof(s->failure) - len);
        len += n > 0 ? (size_t)n : 0;
    } while ((n > 0 && len < sizeof(s->failure)) || (n < 0 && errno == EINTR));
    close(s->ready_fd);
    s->ready_fd = -1;
    s->has_failure = len == sizeof(s->failure);
    if (len == 1) {
        s->was_ready = true;
        notify_send("READY=1");
        journal_ready(&s->journal, s->worker);
    }
}

/* What the dead worker leaves to be done: true to go on, *status says how it ended. */
static bool
reap(struct supervisor *s, int *status)
{
    if (waitpid(s->worker, status, WNOHANG) != s->worker)
        return false;
    s->worker = 0;
    return true;
}

/* One that was told to end, drained and did so has not died: nothing is wrong with it. */
static void
say_end(const struct supervisor *s, int status)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        log_event(LOG_INFO, "worker_ended", LOG_I64("restart_in_ms", s->pause_ms));
    else
        log_event(LOG_ERROR, "worker_died",
                  LOG_I64(WIFSIGNALED(status) ? "signal" : "exit_code",
                          WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status)),
                  LOG_I64("restart_in_ms", s->pause_ms));
}

static void
pause_before_restart(struct supervisor *s, int status)
{
    struct timespec pause;

    if (clock_mono_ns() - s->started_ns > STEADY_NS)
        s->pause_ms = PAUSE_FIRST_MS;
    say_end(s, status);
    journal_end(&s->journal, status, s->pause_ms);
    pause.tv_sec = s->pause_ms / 1000;
    pause.tv_nsec = s->pause_ms % 1000 * 1000000;
    s->pause_ms = s->pause_ms * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : s->pause_ms * 2;
    /* A signal to stop cuts the pause short. */
    {
        sigset_t stop;
        int signal_number = 0;

        sigemptyset(&stop);
        sigaddset(&stop, SIGTERM);
        sigaddset(&stop, SIGINT);
        signal_number = sigtimedwait(&stop, NULL, &pause);
        s->is_stopping = signal_number == SIGTERM || signal_number == SIGINT;
        s->stop_signal = s->is_stopping ? signal_number : 0;
    }
}

static bool
fail_start(const struct supervisor *s, int status, struct err *err)
{
    if (s->has_failure) {
        *err = s->failure;
        return false;
    }
    return err_set(err, ERR_INTERNAL, "CAIRN-WORKER",
                   "the worker ended before it could answer, by %s %d",
                   WIFSIGNALED(status) ? "signal" : "exit code",
                   WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

/* True: go on. */
static bool
on_worker_death(struct supervisor *s, bool *ok, struct err *err)
{
    int status = 0;

    if (!reap(s, &status))
        return true;
    if (s->is_stopping) {
        *ok = true;
        return false;
    }
    if (!s->was_ready) {
        *ok = fail_start(s, status, err);
        return false;
    }
    pause_before_restart(s, status);
    if (s->is_stopping) {
        *ok = true;
        return false;
    }
    if (!start_worker(s, err)) {
        *ok = false;
        return false;
    }
    wait_ready(s);
    return true;
}

/*
 * No new connections from here on, and none that was made is cut: what asks to connect is left
 * without an answer until the worker lets go of the socket, and then refused; what is connected
 * already is accepted by the worker and answered. Closing at once would reset what waits in the
 * queue.
 */
static void
turn_away(struct supervisor *s)
{
    /* Of a segment, TCP's flags are in byte 13: drop it when SYN (2) is set. */
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    };
    const struct sock_fprog program = {.len = COUNTOF(code), .filter = code};

    if (s->listen_fd < 0)
        return;
    if (setsockopt(s->listen_fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) != 0)
        log_event(LOG_WARN, "still_accepting", LOG_I64("errno", errno));
    close(s->listen_fd);
    s->listen_fd = -1;
}

static void
forward(struct supervisor *s, int signal_number)
{
    if (signal_number == SIGTERM || signal_number == SIGINT) {
        s->is_stopping = true;
        s->stop_signal = signal_number;
        turn_away(s);
        notify_send("STOPPING=1");
        /* A terminal's ^C reaches the worker by itself; the worker takes the two as one. */
        signal_number = SIGTERM;
    }
    if (s->worker > 0)
        kill(s->worker, signal_number);
}

bool
supervisor_run(const struct server_options *options, int listen_fd, uint16_t port, struct err *err)
{
    struct supervisor s = {
        .options = options,
        .listen_fd = listen_fd,
        .port = port,
        .pause_ms = PAUSE_FIRST_MS,
        .ready_fd = -1,
    };
    bool ok = false;
    bool running = true;

    sigemptyset(&s.signals);
    sigaddset(&s.signals, SIGTERM);
    sigaddset(&s.signals, SIGINT);
    sigaddset(&s.signals, SIGHUP);
    sigaddset(&s.signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &s.signals, &s.before);
    journal_open(&s.journal, options->config, port, !options->is_dev);
    running = start_worker(&s, err);
    if (running)
        wait_ready(&s);
    while (running) {
        siginfo_t info;
        int signal_number = sigwaitinfo(&s.signals, &info);

        if (signal_number == SIGCHLD)
            running = on_worker_death(&s, &ok, err);
        else if (signal_number > 0)
            forward(&s, signal_number);
    }
    journal_close(&s.journal, s.stop_signal == SIGTERM  ? "SIGTERM"
                              : s.stop_signal == SIGINT ? "SIGINT"
                                                        : "failed");
    sigprocmask(SIG_SETMASK, &s.before, NULL);
    if (s.listen_fd >= 0)
        close(s.listen_fd);
    return ok;
}
