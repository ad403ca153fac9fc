/* SPDX-License-Identifier: Apache-2.0 */
#include "core/fault.h"

#ifdef CAIRN_FAULTS

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char armed[64]; /* "": nothing is */
static unsigned left;  /* passings until it fails; 0: it has failed */
static bool environment_read;

static void
arm(const char *name, size_t len, unsigned nth)
{
    assert(len < sizeof(armed));
    if (nth == 0)
        len = 0;
    memcpy(armed, name, len);
    armed[len] = '\0';
    left = nth;
}

/* CAIRN_FAULT=name:n, read once, unless a test was first. */
static void
read_environment(void)
{
    const char *text;
    const char *colon;

    if (environment_read)
        return;
    environment_read = true;
    text = getenv("CAIRN_FAULT");
    colon = text != NULL ? strrchr(text, ':') : NULL;
    if (colon != NULL && (size_t)(colon - text) < sizeof(armed))
        arm(text, (size_t)(colon - text), (unsigned)strtoul(colon + 1, NULL, 10));
}

bool
fault_hit(const char *name)
{
    bool hit = false;

    pthread_mutex_lock(&lock);
    read_environment();
    if (left > 0 && (strcmp(armed, "*") == 0 || strcmp(armed, name) == 0))
        hit = --left == 0;
    pthread_mutex_unlock(&lock);
    return hit;
}

void
fault_arm(const char *name, unsigned nth)
{
    pthread_mutex_lock(&lock);
    environment_read = true;
    arm(name != NULL ? name : "", name != NULL ? strlen(name) : 0, nth);
    pthread_mutex_unlock(&lock);
}

bool
fault_was_hit(void)
{
    bool hit;

    pthread_mutex_lock(&lock);
    hit = armed[0] != '\0' && left == 0;
    pthread_mutex_unlock(&lock);
    return hit;
}

#else

/* ISO C wants something in every translation unit. */
extern const char fault_none;
const char fault_none = 0;

#endif
