/* pace.c: a curve and a bucket. */
#include "lsm/pace.h"

#include <math.h>

enum {
    RATE_MIN = 1000,         /* bytes a second: a writer that waits makes some way */
    BURST_US = 5000,         /* of the rate, that an idle bucket gathers */
    DEBT_US = 1000000,       /* of the rate, that a large write may leave behind */
    GATHER_US = 2 * DEBT_US, /* more would pass every bound */
    PAUSE_US_MAX = 100000,   /* an idle store's compaction still gets on */
    PAUSE_RATIO_MAX = 3,     /* a quarter of a thread at no pressure */
};

/* Faster than any device; sums of it fit. */
#define RATE_MAX ((uint64_t)1 << 50)

static unsigned ratio(uint64_t has, uint64_t limit)
{
    double r;

    if (limit == 0)
        return 0;
    r = (double)has / (double)limit * PACE_FULL;
    return r < 1000 * PACE_FULL ? (unsigned)r : 1000 * PACE_FULL;
}

unsigned pace_pressure(const struct pace_facts *f)
{
    unsigned memtable = ratio(f->memtable_bytes, f->memtable_limit);
    unsigned debt = ratio(f->debt, f->debt_limit);
    unsigned l0 = ratio(f->l0_tables, f->l0_limit);
    unsigned disk = ratio(f->disk, f->disk_limit);
    unsigned most = memtable > debt ? memtable : debt;

    most = most > disk ? most : disk;
    return most > l0 ? most : l0;
}

static uint64_t rate_of(unsigned pressure, uint64_t fast, uint64_t slow)
{
    double rate;

    if (pressure < PACE_SLOW)
        return UINT64_MAX;
    if (pressure >= PACE_FULL)
        return 0;
    slow = slow < RATE_MIN ? RATE_MIN : slow > RATE_MAX ? RATE_MAX : slow;
    fast = fast < slow ? slow : fast > RATE_MAX ? RATE_MAX : fast;
    if (pressure < PACE_CARRY) {
        /* By equal factors: it spans orders of magnitude. */
        double part = (double)(pressure - PACE_SLOW) / (PACE_CARRY - PACE_SLOW);
        rate = (double)fast * pow((double)slow / (double)fast, part);
    } else {
        rate = (double)slow * (PACE_FULL - pressure) / (PACE_FULL - PACE_CARRY);
    }
    return rate > RATE_MIN ? (uint64_t)rate : RATE_MIN;
}

/* Bytes in `us` at a bounded rate. */
static int64_t bytes_in(uint64_t rate, uint64_t us)
{
    return (int64_t)((double)rate * (double)us / 1e6);
}

static uint64_t us_for(uint64_t rate, int64_t bytes)
{
    return (uint64_t)((double)bytes * 1e6 / (double)rate);
}

static void bound(struct pace_bucket *b)
{
    int64_t most = bytes_in(b->rate, BURST_US) + 1, least = -bytes_in(b->rate, DEBT_US);

    if (b->tokens > most)
        b->tokens = most;
    if (b->tokens < least)
        b->tokens = least;
}

void pace_set(struct pace_bucket *b, unsigned pressure, uint64_t fast, uint64_t slow,
              uint64_t mono_us)
{
    uint64_t rate = rate_of(pressure, fast, slow);
    uint64_t us = mono_us > b->mono_us ? mono_us - b->mono_us : 0;

    if (b->rate == UINT64_MAX) {
        b->tokens = INT64_MAX;
        b->mono_us = mono_us;
    } else {
        /* Parts of a byte are not lost: their time is counted again. */
        int64_t more = bytes_in(b->rate, us < GATHER_US ? us : GATHER_US);
        b->tokens += more;
        b->mono_us += us < GATHER_US && b->rate ? us_for(b->rate, more) : us;
    }
    b->rate = rate;
    if (rate != UINT64_MAX)
        bound(b);
}

bool pace_admit(const struct pace_bucket *b)
{
    return b->rate == UINT64_MAX || (b->rate > 0 && b->tokens > 0);
}

void pace_take(struct pace_bucket *b, uint64_t bytes)
{
    if (b->rate == UINT64_MAX)
        return;
    b->tokens -= bytes < INT64_MAX / 4 ? (int64_t)bytes : INT64_MAX / 4;
    bound(b);
}

uint64_t pace_deadline(const struct pace_bucket *b)
{
    if (pace_admit(b))
        return b->mono_us;
    if (b->rate == 0)
        return UINT64_MAX;
    return b->mono_us + (uint64_t)ceil((double)(1 - b->tokens) * 1e6 / (double)b->rate) + 1;
}

uint64_t pace_pause_us(unsigned pressure, uint64_t took_us)
{
    const uint64_t none = PACE_SLOW / 2;
    uint64_t pause;

    if (pressure >= none)
        return 0;
    if (took_us > PAUSE_US_MAX)
        took_us = PAUSE_US_MAX;
    pause = took_us * PAUSE_RATIO_MAX * (none - pressure) / none;
    return pause < PAUSE_US_MAX ? pause : PAUSE_US_MAX;
}
