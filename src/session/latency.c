/* latency.c: rings of samples. */
#include "session/latency.h"

#include "base/mem.h"

enum { SECOND_US = 1000 * 1000, MS_US = 1000 };

static const char *const names[LATENCY_EVENTS] = {
    [LATENCY_COMMAND] = "command",         [LATENCY_FAST_COMMAND] = "fast-command",
    [LATENCY_TURN] = "loop-turn",          [LATENCY_EXPIRE] = "expire-cycle",
    [LATENCY_LOG_WRITE] = "log-write",     [LATENCY_LOG_SYNC] = "log-sync",
    [LATENCY_WRITE_STALL] = "write-stall",
};

void latency_deinit(struct latency *l)
{
    for (int i = 0; i < LATENCY_EVENTS; i++)
        latency_forget(l, (enum latency_event)i);
}

void latency_add(struct latency *l, enum latency_event event, uint64_t now_us, uint64_t took_us)
{
    uint64_t took_ms = took_us / MS_US;
    struct latency_sample now = { .at_s = (uint32_t)(now_us / SECOND_US),
                                  .ms = took_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)took_ms };
    struct latency_series *s = l->of[event];
    struct latency_sample *last;

    if (!s) {
        s = l->of[event] = mem_zalloc(1, sizeof *s);
        l->bytes += sizeof *s;
    }
    if (now.ms > s->max_ms)
        s->max_ms = now.ms;
    last = &s->samples[(s->next + LATENCY_SAMPLES - 1) % LATENCY_SAMPLES];
    if (s->count && last->at_s == now.at_s) {
        last->ms = now.ms > last->ms ? now.ms : last->ms;
        return;
    }
    s->samples[s->next] = now;
    s->next = (s->next + 1) % LATENCY_SAMPLES;
    s->count += s->count < LATENCY_SAMPLES;
}

unsigned latency_forget(struct latency *l, enum latency_event event)
{
    if (!l->of[event])
        return 0;
    mem_free(l->of[event]);
    l->of[event] = NULL;
    l->bytes -= sizeof(struct latency_series);
    return 1;
}

const struct latency_sample *latency_at(const struct latency_series *s, uint32_t i)
{
    return &s->samples[(s->next + LATENCY_SAMPLES - s->count + i) % LATENCY_SAMPLES];
}

const char *latency_name(enum latency_event event)
{
    return names[event];
}

enum latency_event latency_find(struct slice name)
{
    int i = 0;

    while (i < LATENCY_EVENTS && !slice_is(name, names[i]))
        i++;
    return (enum latency_event)i;
}
