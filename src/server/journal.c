/* SPDX-License-Identifier: Apache-2.0 */
#include "server/journal.h"

#include <sys/wait.h>
#include <unistd.h>

#include "core/log.h"
#include "def/version.h"
#include "lifecycle/project.h"

static void
say(struct journal *journal, bool ok, const struct err *err)
{
    if (ok == !journal->has_failed)
        return;
    journal->has_failed = !ok;
    if (ok)
        log_event(LOG_INFO, "history_written");
    else
        log_event(LOG_WARN, "history_not_written", LOG_CSTR("message", err->message));
}

void
journal_write(struct journal *journal, struct history_line *line)
{
    struct err err = {0};

    if (!journal->is_on)
        return;
    history_add(&journal->writer, line);
    say(journal, history_flush(&journal->writer, &err), &err);
}

void
journal_open(struct journal *journal, const struct config *config, uint16_t port, bool is_on)
{
    struct history_line line = {
        .kind = HISTORY_START, .pid = getpid(), .every_ms = config->history_every};
    char hash[CHECKSUM_HEX_SIZE];
    struct err err = {0};

    *journal = (struct journal){.is_on = is_on && config->history_enabled};
    history_writer_init(&journal->writer, config->dir);
    if (!running_publish(&journal->running, config, port, journal->writer.instance, &err))
        log_event(LOG_WARN, "not_published", LOG_CSTR("message", err.message));
    if (!journal->is_on)
        return;
    project_hash_config(config, hash);
    memcpy(line.config, hash, sizeof(line.config) - 1);
    snprintf(line.version, sizeof(line.version), "%s", CAIRN_VERSION);
    journal_write(journal, &line);
}

void
journal_ready(struct journal *journal, pid_t pid)
{
    struct history_line line = {.kind = HISTORY_READY};

    running_set_worker(&journal->running, pid);
    journal_write(journal, &line);
}

void
journal_end(struct journal *journal, int status, int64_t restart_ms)
{
    struct history_line line = {.kind = HISTORY_END,
                                .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
                                .exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0,
                                .restart_ms = restart_ms};

    running_set_worker(&journal->running, 0);
    journal_write(journal, &line);
}

void
journal_close(struct journal *journal, const char *reason)
{
    struct history_line line = {.kind = HISTORY_STOP};

    snprintf(line.reason, sizeof(line.reason), "%s", reason);
    journal_write(journal, &line);
    running_withdraw(&journal->running);
    journal_fini(journal);
}

void
journal_fork(const struct journal *journal, uint32_t number, struct journal *out)
{
    *out = (struct journal){.is_on = journal->is_on, .has_failed = journal->has_failed};
    if (journal->is_on)
        history_writer_fork(&journal->writer, number, &out->writer);
}

void
journal_fini(struct journal *journal)
{
    history_writer_fini(&journal->writer);
    journal->is_on = false;
}
