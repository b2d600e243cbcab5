/* pace.h: how fast: pure functions from a store's pressure to what is let in and
 * what is compacted.
 *
 * Pressure is the worst of four ratios, 1000 for "full": memtable bytes, compaction
 * debt, tables in L0, disk that should be evicted.  From PACE_SLOW on writers are let in
 * by a bucket of bytes that shrinks smoothly to what compaction can carry, and on to
 * nothing:
 *
 *     rate   no bound | fast ....... slow ....... 0 |  0
 *     pressure       700            900         1000
 *
 * so a store that is fed too fast settles around PACE_CARRY, whatever `slow` was
 * measured to be.  The loop never sleeps. */
#ifndef HENGE_LSM_PACE_H
#define HENGE_LSM_PACE_H

#include <stdbool.h>
#include <stdint.h>

enum { PACE_SLOW = 700, PACE_CARRY = 900, PACE_FULL = 1000 };

struct pace_facts {
    uint64_t memtable_bytes; /* of all memtables */
    uint64_t memtable_limit; /* that they may have together */
    uint64_t debt;           /* pick_debt() */
    uint64_t debt_limit;     /* pick_debt_of() as much L0 as is bearable */
    uint64_t l0_tables;
    uint64_t l0_limit; /* 8 */
    uint64_t disk;     /* bytes that evictions are behind with */
    uint64_t disk_limit;
};

/* 0..; >= PACE_FULL: nothing more is let in.  A limit of 0 does not count. */
unsigned pace_pressure(const struct pace_facts *f);

/* A bucket of bytes, refilled by time.  `= {0}` is one at the beginning of time: to
 * be set before it is asked. */
struct pace_bucket {
    uint64_t mono_us; /* when it was last filled */
    uint64_t rate;    /* bytes a second; UINT64_MAX: no bound */
    int64_t tokens;
};

/* Fills the bucket up to now at the rate it had, and sets the rate for this
 * pressure.  `fast`: about what the log takes; `slow`: what flush and compaction were
 * measured to carry; both bytes a second.  Never falls below a byte a millisecond
 * before PACE_FULL. */
void pace_set(struct pace_bucket *b, unsigned pressure, uint64_t fast, uint64_t slow,
              uint64_t mono_us);

/* Whether the next write is let in, whatever its size: who takes more than there was
 * makes those behind wait, at most a second for it. */
bool pace_admit(const struct pace_bucket *b);
void pace_take(struct pace_bucket *b, uint64_t bytes);

/* When pace_admit() will be true again after a pace_set() with this pressure;
 * UINT64_MAX if that is not a matter of time. */
uint64_t pace_deadline(const struct pace_bucket *b);

/* Microseconds to wait before the next slice of a compaction, of which the last
 * took `took_us`: none from half the pressure of PACE_SLOW on, more as it falls, so
 * that an idle debt still goes away. */
uint64_t pace_pause_us(unsigned pressure, uint64_t took_us);

#endif
