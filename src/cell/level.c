/* level.c: consistency levels, their texts and what they need. */
#include "cell/level.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"

static const char *const NAMES[] = {
    [LEVEL_QUORUM] = "quorum", [LEVEL_ONE] = "one", [LEVEL_ALL] = "all"
};

bool level_parse(struct slice text, struct level *out)
{
    int64_t number;

    for (unsigned kind = 0; kind < LEVEL_NUMBER; kind++) {
        if (slice_is(text, NAMES[kind])) {
            *out = (struct level){ .kind = (uint8_t)kind };
            return true;
        }
    }
    if (!num_get_i64(text, &number) || number < 1 || number > LEVEL_NUMBER_MAX)
        return false;
    *out = (struct level){ .kind = LEVEL_NUMBER, .number = (uint8_t)number };
    return true;
}

size_t level_print(struct level level, char out[LEVEL_TEXT])
{
    if (level.kind == LEVEL_NUMBER)
        return (size_t)snprintf(out, LEVEL_TEXT, "%u", level.number);
    return (size_t)snprintf(out, LEVEL_TEXT, "%s", NAMES[level.kind]);
}

/* READ or WRITE and its level; NULL: it is neither. */
static struct level *side_of(struct slice word, struct levels *levels)
{
    if (slice_is(word, "read"))
        return &levels->read;
    return slice_is(word, "write") ? &levels->write : NULL;
}

struct err levels_parse(const struct slice *args, size_t count, const struct levels *defaults,
                        struct levels *levels, size_t *used)
{
    static const char text[] = "consistency is one, quorum, all or a number of owners, for both "
                               "or behind READ and WRITE; or DEFAULT";
    struct levels next = *levels;
    const struct level *first = NULL;
    struct level *side;
    size_t at = 0;

    while (at < count && (side = side_of(args[at], &next)) != NULL && side != first) {
        if (at + 1 == count || !level_parse(args[at + 1], side))
            return err_make(ERR_INVALID, 0, text);
        at += 2;
        if (first)
            break;
        first = side;
    }
    if (at == 0) {
        if (count && slice_is(args[0], "default"))
            next = *defaults;
        else if (!count || !level_parse(args[0], &next.read))
            return err_make(ERR_INVALID, 0, text);
        else
            next.write = next.read;
        at = 1;
    }
    *levels = next;
    *used = at;
    return err_ok();
}

unsigned level_need(struct level level, unsigned owners)
{
    assert(owners > 0);
    switch ((enum level_kind)level.kind) {
    case LEVEL_QUORUM:
        return level_majority(owners);
    case LEVEL_ONE:
        return 1;
    case LEVEL_ALL:
        return owners;
    case LEVEL_NUMBER:
        break;
    }
    return level.number;
}

bool level_possible(struct level level, unsigned owners)
{
    return level_need(level, owners) <= owners;
}

bool level_below_quorum(struct level level, unsigned owners)
{
    return level_need(level, owners) < level_majority(owners);
}

void level_print_noquorum(unsigned need, unsigned owners, unsigned reachable, struct buf *to)
{
    buf_printf(to, "need %u of %u, %u reachable", need, owners, reachable);
}

void level_print_uncertain(unsigned need, unsigned owners, unsigned have, struct buf *to)
{
    buf_printf(to, "need %u of %u, %u %s it; it may or may not take effect", need, owners, have,
               have == 1 ? "has" : "have");
}
