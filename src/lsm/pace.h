/* pace.h: how fast: pure functions from a store's pressure to what is let in and
 * what is compacted.
 *
 * Pressure is the worst of three ratios, 1000 for "full": memtable bytes,
 * compaction debt, tables in L0.  From PACE_SLOW on writers are let in by a bucket
 * of bytes that shrinks smoothly to what compaction can carry; at 1000 they wait.
 * The loop never sleeps. */
#ifndef HENGE_LSM_PACE_H
#define HENGE_LSM_PACE_H

#include <stdbool.h>
#include <stdint.h>

enum { PACE_SLOW = 700, PACE_FULL = 1000 };

struct pace_facts {
    uint64_t memtable_bytes; /* of all memtables */
    uint64_t memtable_limit; /* that they may have together */
    uint64_t debt;           /* pick_debt() */
    uint64_t debt_limit;
    uint64_t l0_tables;
    uint64_t l0_limit; /* 8 */
};

/* 0..; >= PACE_FULL: nothing more is let in. */
unsigned pace_pressure(const struct pace_facts *f);

/* A bucket of bytes, refilled by time. */
struct pace_bucket {
    uint64_t mono_us;
    uint64_t rate; /* bytes a second; UINT64_MAX: no bound */
    int64_t tokens;
};

/* Sets the rate for this pressure: none below PACE_SLOW, then falling smoothly
 * from `fast` to `slow` (what flush and compaction were measured to carry), 0 at
 * PACE_FULL. */
void pace_set(struct pace_bucket *b, unsigned pressure, uint64_t fast, uint64_t slow,
              uint64_t mono_us);
bool pace_admit(const struct pace_bucket *b);
void pace_take(struct pace_bucket *b, uint64_t bytes);

/* When pace_admit() will be true again; UINT64_MAX if that is not a matter of time. */
uint64_t pace_deadline(const struct pace_bucket *b);

/* Microseconds to wait before the next slice of a compaction, of which the last
 * took `took_us`: none under pressure, more as it falls, so that an idle debt
 * still goes away. */
uint64_t pace_pause_us(unsigned pressure, uint64_t took_us);

#endif
