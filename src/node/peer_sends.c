/* peer_sends.c: a ring of turns. */
#include "node/peer_sends.h"

#include <assert.h>
#include <stddef.h>

static struct peer_send *entry(struct peer_sends *s, unsigned i)
{
    return &s->ring[(s->first + i) % PEER_SENDS_MAX];
}

void peer_sends_add(struct peer_sends *s, uint64_t number, uint64_t end)
{
    struct peer_send *last = s->count ? entry(s, s->count - 1) : NULL;

    assert(number > (last ? last->number : s->answered));
    if (s->count < PEER_SENDS_MAX)
        last = entry(s, s->count++);
    *last = (struct peer_send){ number, end, 0 };
}

void peer_sends_taken(struct peer_sends *s, uint64_t sent, uint64_t now_us)
{
    s->taken_us = now_us;
    for (unsigned i = s->count; i > 0; i--) {
        struct peer_send *e = entry(s, i - 1);

        if (e->sent_us)
            break;
        if (e->end <= sent)
            e->sent_us = now_us;
    }
}

bool peer_sends_answer(struct peer_sends *s, uint64_t number, uint64_t now_us, uint64_t *rtt_us)
{
    bool found = false;

    if (number <= s->answered)
        return false;
    s->answered = number;
    s->answered_us = now_us;
    while (s->count && s->ring[s->first].number <= number) {
        const struct peer_send *e = &s->ring[s->first];

        found = e->sent_us != 0;
        *rtt_us = now_us - e->sent_us;
        s->answered_at = e->end;
        s->first = (s->first + 1) % PEER_SENDS_MAX;
        s->count--;
    }
    return found;
}

uint64_t peer_sends_silent_since(const struct peer_sends *s)
{
    uint64_t since;

    if (s->count == 0)
        return 0;
    since = s->ring[s->first].sent_us ? s->ring[s->first].sent_us : s->taken_us;
    return since > s->answered_us ? since : s->answered_us;
}

bool peer_sends_check(const struct peer_sends *s)
{
    uint64_t number = s->answered, end = s->answered_at;

    if (s->first >= PEER_SENDS_MAX || s->count > PEER_SENDS_MAX)
        return false;
    for (unsigned i = 0; i < s->count; i++) {
        const struct peer_send *e = &s->ring[(s->first + i) % PEER_SENDS_MAX];

        if (e->number <= number || e->end <= end)
            return false;
        number = e->number;
        end = e->end;
    }
    return true;
}
