/* SPDX-License-Identifier: Apache-2.0 */
#include "server/keys.h"

#include "core/clock.h"
#include "core/log.h"
#include "metric/metric.h"

static bool
has_url(const struct keys *keys)
{
    return keys->config->auth_jwks_is == CONFIG_JWKS_URL;
}

void
keys_init(struct keys *keys, const struct config *config)
{
    keys->config = config;
    if (has_url(keys))
        jwks_init();
}

static bool
ask(struct keys *keys, int64_t timeout_ms)
{
    struct jwks_question question = {
        .url = keys->config->auth_jwks,
        .ca_file = keys->config->auth_jwks_ca,
        .etag = keys->etag,
        .timeout_ms = timeout_ms,
        .is_cancelled = &keys->is_cancelled,
    };

    err_clear(&keys->err);
    return jwks_ask(&question, &keys->answer, &keys->err);
}

/* Milliseconds until it is to be asked again. */
static uint64_t
note_failure(struct keys *keys)
{
    uint64_t pause = KEYS_RETRY_MS;

    for (unsigned i = 0; i < keys->failures && pause < KEYS_RETRY_MAX_MS; i++)
        pause *= 2;
    if (pause > KEYS_RETRY_MAX_MS)
        pause = KEYS_RETRY_MAX_MS;
    keys->failures++;
    metric_add(METRIC_JWKS_FETCHES, METRIC_JWKS_FETCHES_RESULT_FAILED, 1);
    log_event(LOG_WARN, "jwks_failed", LOG_CSTR("url", keys->config->auth_jwks),
              LOG_CSTR("message", keys->err.message),
              LOG_I64("keys_kept", keys->set != NULL ? keys->set->count : 0),
              LOG_I64("failures", keys->failures), LOG_I64("again_in_ms", pause));
    return pause;
}

static uint64_t
note_success(struct keys *keys)
{
    bool is_new = keys->answer.set != NULL;

    keys->failures = 0;
    memcpy(keys->etag, keys->answer.etag, sizeof(keys->etag));
    metric_add(METRIC_JWKS_FETCHES,
               is_new ? METRIC_JWKS_FETCHES_RESULT_NEW : METRIC_JWKS_FETCHES_RESULT_SAME, 1);
    if (is_new) {
        jwk_set_unref(keys->set);
        keys->set = keys->answer.set;
        keys->answer.set = NULL;
        metric_set(METRIC_JWKS_KEYS, 0, (int64_t)keys->set->count);
        log_event(LOG_INFO, "jwks_loaded", LOG_CSTR("url", keys->config->auth_jwks),
                  LOG_I64("keys", keys->set->count), LOG_I64("fresh_s", keys->answer.age_s));
    }
    return (uint64_t)keys->answer.age_s * 1000;
}

void
keys_ask_first(struct keys *keys)
{
    if (!has_url(keys))
        return;
    if (ask(keys, KEYS_FIRST_MS))
        (void)note_success(keys);
    else
        (void)note_failure(keys);
}

static void
ask_work(uv_work_t *work)
{
    struct keys *keys = work->data;

    (void)ask(keys, JWKS_TIMEOUT_MS); /* err says */
}

static void
on_timer(uv_timer_t *timer)
{
    keys_refresh(timer->data);
}

static void
ask_done(uv_work_t *work, int status)
{
    struct keys *keys = work->data;
    struct jwk_set *before = keys->set;
    bool ok = status == 0 && keys->err.kind == ERR_NONE;
    uint64_t pause;

    keys->is_asking = false;
    if (atomic_load(&keys->is_cancelled)) {
        jwk_set_unref(keys->answer.set);
        keys->answer.set = NULL;
        return;
    }
    pause = ok ? note_success(keys) : note_failure(keys);
    uv_timer_start(&keys->timer, on_timer, pause, 0);
    if (keys->set != before)
        keys->changed(keys->ctx, keys->set);
    keys->asked(keys->ctx);
}

void
keys_refresh(struct keys *keys)
{
    if (!has_url(keys) || keys->is_asking || atomic_load(&keys->is_cancelled))
        return;
    keys->is_asking = true;
    keys->work.data = keys;
    if (uv_queue_work(keys->timer.loop, &keys->work, ask_work, ask_done) != 0)
        keys->is_asking = false;
}

static void
on_wanted(uv_async_t *async)
{
    struct keys *keys = async->data;
    uint64_t now_ns = clock_mono_ns();

    if (keys->is_asking)
        return; /* asked() is on its way */
    if (keys->wanted_ns == 0 || now_ns - keys->wanted_ns >= KEYS_PAUSE_MS * UINT64_C(1000000)) {
        keys->wanted_ns = now_ns;
        keys_refresh(keys);
    }
    if (!keys->is_asking)
        keys->asked(keys->ctx);
}

void
keys_want(struct keys *keys)
{
    uv_async_send(&keys->wanted);
}

bool
keys_open(struct keys *keys, uv_loop_t *loop)
{
    uint64_t pause = keys->failures > 0 ? KEYS_RETRY_MS : (uint64_t)keys->answer.age_s * 1000;

    if (uv_timer_init(loop, &keys->timer) != 0 ||
        uv_async_init(loop, &keys->wanted, on_wanted) != 0)
        return false;
    keys->timer.data = keys;
    keys->wanted.data = keys;
    if (has_url(keys))
        uv_timer_start(&keys->timer, on_timer, pause, 0);
    return true;
}

void
keys_close(struct keys *keys)
{
    if (uv_is_closing((uv_handle_t *)&keys->timer))
        return;
    atomic_store(&keys->is_cancelled, true);
    uv_close((uv_handle_t *)&keys->timer, NULL);
    uv_close((uv_handle_t *)&keys->wanted, NULL);
}

void
keys_fini(struct keys *keys)
{
    jwk_set_unref(keys->set);
    keys->set = NULL;
}
