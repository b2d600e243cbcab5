/* settle_policy.c: what becomes of a tentative request whose turn it is. */
#include "cluster/settle.h"

#include <assert.h>

enum settle_verdict settle_whole(enum settle_policy policy, const struct settle_value *request,
                                 const struct settle_value *there, size_t count, bool *gone)
{
    size_t unseen = 0, later = 0;

    assert(request->version.stamp);
    for (size_t i = 0; i < count; i++)
        gone[i] = false;
    for (size_t i = 0; i < count; i++) {
        enum context_order order =
            context_compare(request->version, request->seen, there[i].version, there[i].seen);

        if (order == CONTEXT_SAME || order == CONTEXT_DESCENDED) {
            for (size_t j = 0; j < i; j++)
                gone[j] = false;
            return SETTLE_SEEN;
        }
        gone[i] = order == CONTEXT_DESCENDS;
        unseen += !gone[i];
        later += !gone[i] && cell_version_compare(there[i].version, request->version) > 0;
    }
    if (unseen == 0)
        return SETTLE_REPLACES;
    if (policy == SETTLE_SIBLINGS)
        return SETTLE_BESIDE;
    for (size_t i = 0; i < count; i++)
        gone[i] = later == 0;
    return later ? SETTLE_LOSES : SETTLE_WINS;
}

void settle_seen(const struct settle_value *request, const struct settle_value *there, size_t count,
                 const bool *gone, struct context *out)
{
    *out = *request->seen;
    for (size_t i = 0; i < count; i++) {
        if (gone[i]) {
            context_merge(out, there[i].seen);
            context_add(out, there[i].version);
        }
    }
}

enum settle_verdict settle_other(const struct context *seen, const struct settle_base *base,
                                 const struct settle_now *now)
{
    struct cell_version v = now->value.version;

    if (v.stamp == 0 || cell_version_equal(v, base->version) || context_covers(seen, v))
        return SETTLE_AGAIN;
    if (base->version.stamp == 0 || (base->settled && now->ordered))
        return SETTLE_AGAIN;
    return context_covers(now->value.seen, base->version) ? SETTLE_AGAIN : SETTLE_ASIDE;
}

bool settle_conflict(enum settle_verdict verdict)
{
    return verdict == SETTLE_WINS || verdict == SETTLE_LOSES || verdict == SETTLE_BESIDE ||
           verdict == SETTLE_ASIDE;
}

uint64_t settle_conflicts(const struct settle_stats *stats)
{
    uint64_t sum = 0;

    for (int i = 0; i < SETTLE_VERDICTS; i++)
        sum += settle_conflict((enum settle_verdict)i) ? stats->verdicts[i] : 0;
    return sum;
}
