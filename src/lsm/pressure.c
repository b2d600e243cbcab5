/* pressure.c: facts in, a rate out. */
#include "lsm/pressure.h"

#include "lsm/lsm_state.h"

enum {
    READ_NOW_TURN = 1024 * 1024, /* about 0.3 ms of copying and checking */
    LOG_RATE = 8,                /* times what flushes carry: about what the log takes */
    CARRIED_FIRST = 64 * 1024 * 1024,
    L0_MOST = 8,
};

void pressure_init(struct pressure *p, struct lsm *lsm)
{
    *p = (struct pressure){ .lsm = lsm,
                            .carried = CARRIED_FIRST,
                            .read_now_left = READ_NOW_TURN,
                            .bucket = { .rate = UINT64_MAX } };
}

void pressure_turn(struct pressure *p)
{
    p->read_now_left = READ_NOW_TURN;
    if (p->now >= PACE_SLOW)
        pressure_update(p);
}

void pressure_update(struct pressure *p)
{
    const struct lsm *lsm = p->lsm;
    uint64_t limit = lsm->data.options.limit;
    struct pace_facts f;

    if (p->version != lsm->version->number) {
        p->version = lsm->version->number;
        p->debt = pick_debt(lsm->version, &lsm->pick);
        p->debt_limit = pick_debt_of(lsm->version, &lsm->pick, L0_MOST * limit);
    }
    f = (struct pace_facts){ .debt = p->debt,
                             .debt_limit = p->debt_limit,
                             .l0_tables = lsm->version->levels[0].count,
                             .l0_limit = L0_MOST };

    /* The active memtable may fill while all others are full: that is what they are
     * for; beyond, it is slow down or stop. */
    f.memtable_bytes = dataset_used(&lsm->data);
    f.memtable_limit = (DATASET_SEALED_MAX + 1) * limit;
    room_update(&p->lsm->room);
    if (lsm->room.max && lsm->room.heat) {
        f.disk = room_excess(&lsm->room);
        f.disk_limit = room_excess_most(&lsm->room);
    }
    p->now = pace_pressure(&f);
    pace_set(&p->bucket, p->now, LOG_RATE * p->carried, p->carried, clock_mono_us(lsm->env->clock));
}

void pressure_flushed(struct pressure *p, uint64_t bytes, uint64_t us)
{
    uint64_t rate = bytes * 1000000 / (us + 1);

    p->carried = (p->carried * 3 + rate) / 4;
}

bool pressure_admits(const struct pressure *p)
{
    return pace_admit(&p->bucket);
}

void pressure_put(struct pressure *p, size_t bytes)
{
    pace_take(&p->bucket, bytes);
}

uint64_t pressure_deadline(const struct pressure *p)
{
    return pace_admit(&p->bucket) ? UINT64_MAX : pace_deadline(&p->bucket);
}

bool pressure_read_now(struct pressure *p, size_t bytes)
{
    if (bytes > p->read_now_left)
        return false;
    p->read_now_left -= bytes;
    return true;
}
