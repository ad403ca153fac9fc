/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/hist.h"

/* Below 64 each value has its bucket; from there each power of two has 64, of which the first half
 * would be the ones of the power before. */
static unsigned
bucket_of(uint64_t us)
{
    unsigned power = 0;
    uint64_t index;

    while ((us >> power) >= 2 * HIST_STEPS)
        power++;
    index = us < HIST_STEPS ? us : (uint64_t)(power + 1) * HIST_STEPS + (us >> power) - HIST_STEPS;

    return index < HIST_SIZE ? (unsigned)index : HIST_SIZE - 1;
}

uint64_t
hist_bucket_end(unsigned bucket)
{
    unsigned power;

    if (bucket < HIST_STEPS)
        return bucket;
    power = bucket / HIST_STEPS - 1;

    return (((uint64_t)(bucket % HIST_STEPS) + HIST_STEPS + 1) << power) - 1;
}

void
hist_add(struct hist *hist, uint64_t us)
{
    hist->counts[bucket_of(us)]++;
    hist->total++;
    hist->sum_us += (double)us;
    hist->max_us = us > hist->max_us ? us : hist->max_us;
}

void
hist_subtract(struct hist *hist, const struct hist *part)
{
    for (unsigned i = 0; i < HIST_SIZE; i++)
        hist->counts[i] -= part->counts[i];
    hist->total -= part->total;
    hist->sum_us -= part->sum_us;
}

uint64_t
hist_quantile(const struct hist *hist, double share)
{
    double wanted = share * (double)hist->total;
    uint64_t seen = 0;

    for (unsigned i = 0; i < HIST_SIZE; i++) {
        seen += hist->counts[i];
        if (seen > 0 && (double)seen >= wanted)
            return hist_bucket_end(i) < hist->max_us ? hist_bucket_end(i) : hist->max_us;
    }

    return hist->max_us;
}
