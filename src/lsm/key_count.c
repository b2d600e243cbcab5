/* key_count.c: how many keys there are: what memtables count, what tables count, and of the
 * latter what has expired meanwhile, about. */
#include <string.h>

#include "lsm/lsm_state.h"

enum {
    EXPIRED_EVERY_MS = 100,
    TTL_SAMPLE = 1000, /* timers that an average is made of */
};

void lsm_count_tables(struct lsm *lsm)
{
    const struct version *v = lsm->version;

    lsm->counts = (struct dataset_counts){ .heads = { 0 } };
    lsm->expired_ms = 0;
    for (unsigned level = 0; level < LEVELS; level++) {
        for (size_t i = 0; i < v->levels[level].count; i++) {
            const struct table_meta *m = &v->levels[level].tables[i].table->meta;
            for (unsigned db = 0; db < LIMIT_DATABASES; db++) {
                if (!(m->databases >> db & 1) || m->max_stamp <= lsm->data.flushed[db])
                    continue;
                lsm->counts.heads[db] += (int64_t)m->heads[db] - m->over[db];
                lsm->counts.expiring[db] += (int64_t)m->expiring[db] - m->over_expiring[db];
            }
        }
    }
}

/* The part of a table's expiring keys that has expired, were the times spread evenly; none
 * if others in it never expire, for then the last time is not known. */
static double expired_part(const struct table_meta *m, uint64_t now_ms)
{
    if (m->min_expire_ms > now_ms || m->max_expire_ms == UINT64_MAX)
        return 0;
    if (m->max_expire_ms <= now_ms)
        return 1;
    return (double)(now_ms - m->min_expire_ms) / (double)(m->max_expire_ms - m->min_expire_ms);
}

static void count_expired(struct lsm *lsm, uint64_t now_ms)
{
    const struct version *v = lsm->version;

    for (unsigned db = 0; db < LIMIT_DATABASES; db++)
        lsm->expired[db] = 0;
    lsm->expired_ms = now_ms;
    for (unsigned level = 0; level < LEVELS; level++) {
        for (size_t i = 0; i < v->levels[level].count; i++) {
            const struct table_meta *m = &v->levels[level].tables[i].table->meta;
            double part = expired_part(m, now_ms);
            for (unsigned db = 0; part > 0 && db < LIMIT_DATABASES; db++) {
                if (m->expiring[db] > m->over_expiring[db] && m->max_stamp > lsm->data.flushed[db])
                    lsm->expired[db] +=
                        (int64_t)(part * (double)(m->expiring[db] - m->over_expiring[db]));
            }
        }
    }
}

/* Of what tables count; looked up anew now and then. */
static int64_t expired_of(const struct lsm *lsm, uint8_t db)
{
    uint64_t now_ms;

    if (!lsm_open(lsm))
        return 0;
    now_ms = clock_wall_us(lsm->env->clock) / 1000;
    if (now_ms < lsm->expired_ms || now_ms - lsm->expired_ms >= EXPIRED_EVERY_MS)
        count_expired((struct lsm *)(uintptr_t)lsm, now_ms);
    return lsm->expired[db];
}

/* What tables and memtables count, each for itself, adds up; a guess may make it
 * less than nothing. */
static uint64_t sum(int64_t tables, int64_t memtables)
{
    int64_t all = tables + memtables;
    return all > 0 ? (uint64_t)all : 0;
}

uint64_t lsm_count(const struct lsm *lsm, uint8_t db)
{
    return sum(lsm->counts.heads[db] - expired_of(lsm, db), dataset_count(&lsm->data, db).heads);
}

uint64_t lsm_count_expiring(const struct lsm *lsm, uint8_t db)
{
    return sum(lsm->counts.expiring[db] - expired_of(lsm, db),
               dataset_count(&lsm->data, db).expiring);
}

/* Half of what is left of the time between a table's first and last expiry. */
static double middle_ttl(const struct table_meta *m, uint64_t now_ms)
{
    uint64_t first = m->min_expire_ms > now_ms ? m->min_expire_ms : now_ms;

    if (m->max_expire_ms == UINT64_MAX || m->max_expire_ms <= now_ms)
        return 0;
    return (double)(first - now_ms) / 2 + (double)(m->max_expire_ms - now_ms) / 2;
}

/* Adds tables' keys and what they have left together; those it knows nothing of are left out. */
static void add_tables(const struct lsm *lsm, uint64_t now_ms, double left[LIMIT_DATABASES],
                       double keys[LIMIT_DATABASES])
{
    const struct version *v = lsm->version;

    for (unsigned level = 0; level < LEVELS; level++) {
        for (size_t i = 0; i < v->levels[level].count; i++) {
            const struct table_meta *m = &v->levels[level].tables[i].table->meta;
            double ttl = middle_ttl(m, now_ms), part = 1 - expired_part(m, now_ms);

            for (unsigned db = 0; ttl > 0 && db < LIMIT_DATABASES; db++) {
                double n = part * ((double)m->expiring[db] - m->over_expiring[db]);

                if (n <= 0 || m->max_stamp <= lsm->data.flushed[db])
                    continue;
                left[db] += n * ttl;
                keys[db] += n;
            }
        }
    }
}

void lsm_average_ttl(const struct lsm *lsm, uint64_t now_ms, uint64_t out[LIMIT_DATABASES])
{
    double left[LIMIT_DATABASES] = { 0 }, keys[LIMIT_DATABASES] = { 0 };
    uint64_t sampled_ms[LIMIT_DATABASES] = { 0 }, sampled[LIMIT_DATABASES] = { 0 };

    memset(out, 0, LIMIT_DATABASES * sizeof *out);
    if (!lsm_open(lsm))
        return;
    add_tables(lsm, now_ms, left, keys);
    timers_sample(&lsm->data.timers, TTL_SAMPLE, now_ms, sampled_ms, sampled);
    for (unsigned db = 0; db < LIMIT_DATABASES; db++) {
        double n = (double)dataset_count(&lsm->data, (uint8_t)db).expiring;

        if (n > 0 && sampled[db] > 0) {
            left[db] += n * ((double)sampled_ms[db] / (double)sampled[db]);
            keys[db] += n;
        }
        if (keys[db] > 0)
            out[db] = (uint64_t)(left[db] / keys[db]);
    }
}
