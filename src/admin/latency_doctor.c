/* latency_doctor.c: LATENCY DOCTOR. */
#include "admin/latency_doctor.h"

#include <math.h>

static const char *const advice[LATENCY_EVENTS] = {
    [LATENCY_COMMAND] = "SLOWLOG GET shows which calls ran long. Those over all keys (KEYS, SORT, "
                        "LCS) and over many keys at once are what takes time; SCAN takes little.",
    [LATENCY_FAST_COMMAND] = "These commands do little work: if they take long, the machine is "
                             "short of CPU time or swaps, or they have very many keys.",
    [LATENCY_TURN] = "All clients wait while the loop turns. Look at the events 'command', "
                     "'log-write' and 'expire-cycle'; if none was slow, many clients ran at once.",
    [LATENCY_EXPIRE] = "Very many keys expire at the same time: give them different times.",
    [LATENCY_LOG_WRITE] = "The file system was slow to take what was written. With appendfsync "
                          "'no' or 'everysec' other disk traffic of the machine may be the reason.",
    [LATENCY_LOG_SYNC] = "The disk is slow to sync. Only with appendfsync 'always' do clients wait "
                         "for it; a faster disk, or 'everysec', helps.",
    [LATENCY_WRITE_STALL] = "Writes came faster than flushes and compactions can follow: see INFO "
                            "storage, pressure_permille. A larger maxmemory lets bursts be longer.",
};

static void describe(enum latency_event event, const struct latency_series *s, struct buf *out)
{
    double sum = 0, apart = 0, average;
    uint64_t period = 0;

    for (uint32_t i = 0; i < s->count; i++)
        sum += latency_at(s, i)->ms;
    average = sum / s->count;
    for (uint32_t i = 0; i < s->count; i++)
        apart += fabs(latency_at(s, i)->ms - average);
    if (s->count > 1)
        period = (latency_at(s, s->count - 1)->at_s - latency_at(s, 0)->at_s) / (s->count - 1);
    buf_printf(out,
               "%s: %u latency spikes (average %.0fms, mean deviation %.0fms, period %llu sec). "
               "Worst all time event %ums.\n    %s\n",
               latency_name(event), s->count, average, apart / s->count, (unsigned long long)period,
               s->max_ms, advice[event]);
}

void latency_doctor(const struct instance *in, struct buf *out)
{
    const struct latency *l = &in->account.latency;

    if (in->options->latency_threshold == 0 && l->bytes == 0) {
        buf_printf(out, "I'm sorry, Dave, I can't do that. Latency monitoring is disabled in this "
                        "server. You may use \"CONFIG SET latency-monitor-threshold "
                        "<milliseconds>.\" in order to enable it.\n");
        return;
    }
    if (l->bytes == 0) {
        buf_printf(out, "Dave, no latency spike was observed during the lifetime of this server, "
                        "not in the slightest bit.\n");
        return;
    }
    buf_printf(out, "Dave, I have observed latency spikes in this server:\n\n");
    for (int i = 0; i < LATENCY_EVENTS; i++) {
        if (l->of[i])
            describe((enum latency_event)i, l->of[i], out);
    }
}
