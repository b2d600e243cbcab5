/* arc_marks.c: one mark behind another. */
#include "lsm/arc_marks.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "base/wire.h"

enum { FLAG_CLOSED = 1, FLAG_FORGOT = 2 };

void arc_mark_put(struct buf *to, const struct arc_mark *m)
{
    size_t size = ARC_MARK_SIZE + ((m->state.len + 7) & ~(size_t)7);
    uint8_t *p = buf_reserve(to, size);

    assert(m->arc != 0 && m->state.len <= LIMIT_ARC_STATE);
    memset(p, 0, size);
    wire_put64(p, m->arc);
    wire_put64(p + 8, m->applied.index);
    wire_put64(p + 16, m->applied.ballot.counter);
    wire_put64(p + 24, m->applied.stamp);
    wire_put64(p + 32, m->end.index);
    wire_put64(p + 40, m->end.ballot.counter);
    wire_put64(p + 48, m->promise.counter);
    wire_put32(p + 56, m->applied.ballot.node);
    wire_put32(p + 60, m->end.ballot.node);
    wire_put32(p + 64, m->promise.node);
    wire_put32(p + 68, (m->closed ? FLAG_CLOSED : 0u) | (m->forgot ? FLAG_FORGOT : 0u));
    wire_put32(p + 72, (uint32_t)m->state.len);
    if (m->state.len)
        memcpy(p + ARC_MARK_SIZE, m->state.data, m->state.len);
    to->len += size;
}

bool arc_mark_get(struct slice *rest, struct arc_mark *m)
{
    const uint8_t *p = rest->data;
    size_t state, size;

    if (rest->len < ARC_MARK_SIZE)
        return false;
    state = wire_get32(p + 72);
    size = ARC_MARK_SIZE + ((state + 7) & ~(size_t)7);
    if (state > LIMIT_ARC_STATE || size > rest->len ||
        wire_get32(p + 68) > (FLAG_CLOSED | FLAG_FORGOT) || wire_get32(p + 76) != 0)
        return false;
    for (size_t i = ARC_MARK_SIZE + state; i < size; i++) {
        if (p[i] != 0)
            return false;
    }
    *m = (struct arc_mark){
        .arc = wire_get64(p),
        .applied = { { wire_get64(p + 16), wire_get32(p + 56) },
                     wire_get64(p + 8),
                     wire_get64(p + 24) },
        .end = { { wire_get64(p + 40), wire_get32(p + 60) }, wire_get64(p + 32), 0 },
        .promise = { wire_get64(p + 48), wire_get32(p + 64) },
        .closed = (wire_get32(p + 68) & FLAG_CLOSED) != 0,
        .forgot = (wire_get32(p + 68) & FLAG_FORGOT) != 0,
        .state = slice_of(p + ARC_MARK_SIZE, state),
    };
    *rest = slice_of(p + size, rest->len - size);
    return m->arc != 0 && m->end.index >= m->applied.index;
}

bool arc_marks_good(struct slice marks)
{
    struct arc_mark m;
    uint64_t last = 0;

    for (; marks.len; last = m.arc) {
        if (!arc_mark_get(&marks, &m) || m.arc <= last)
            return false;
    }
    return true;
}
