/* hyperloglog.c: PFADD, PFCOUNT, PFMERGE: how many different elements were added. */
#include "cmd/families.h"

#include "base/limits.h"
#include "cmd/hll.h"

enum { FEW = 8 /* elements that are added without an overview of the registers */ };

static enum call_end corrupt(struct call *c)
{
    reply_error(c->reply, "INVALIDOBJ", "Corrupted HLL object detected");
    return CALL_DONE;
}

/* The value of argv[arg], of no bytes if there is none.  False: return c->end. */
static bool want_hll(struct call *c, uint32_t arg, bool *found, struct cell *head)
{
    if (!want_text(c, arg, found, head))
        return false;
    if (!*found) {
        *head = (struct cell){ 0 };
        return true;
    }
    if (!(head->flags & CELL_PARTS) && hll_is_one(head->value))
        return true;
    reply_error(c->reply, "WRONGTYPE", "Key is not a valid HyperLogLog string value.");
    c->end = CALL_DONE;
    return false;
}

/* Merges all keys, of which those that are not there are told if `writes`.  False: return
 * c->end. */
static bool want_merged(struct call *c, bool writes, uint8_t registers[HLL_REGISTERS], bool *dense)
{
    bool lacking = false;

    memset(registers, 0, HLL_REGISTERS);
    *dense = false;
    if (c->argc - 1 > LIMIT_HLL_KEYS) {
        reply_errorf(c->reply, "ERR", "more than %d keys at once", LIMIT_HLL_KEYS);
        c->end = CALL_DONE;
        return false;
    }
    for (uint32_t i = 1; i < c->argc; i++) {
        struct cell head;
        bool found;
        if (!want_hll(c, i, &found, &head)) {
            if (c->end != CALL_WANT)
                return false;
            lacking = true; /* ask for the others too */
        } else if (!found && writes) {
            call_miss(c, i);
        } else if (found && !lacking) {
            *dense |= hll_is_dense(head.value);
            if (!hll_merge(registers, head.value)) {
                c->end = corrupt(c);
                return false;
            }
        }
    }
    c->end = CALL_WANT;
    return !lacking;
}

static void put(struct call *c, const struct cell *old)
{
    call_put_string(c, 1, buf_slice(c->scratch), old->flags & CELL_EXPIRES ? old->expire_ms : 0);
}

/* Adds argv[2] and what follows to c->scratch.  Of many elements most change nothing,
 * which the registers, taken apart once, say sooner than a sparse string. */
static enum hll_end add_all(struct call *c)
{
    uint8_t known[HLL_REGISTERS] = { 0 };
    bool overview = c->argc > FEW + 2 && hll_merge(known, buf_slice(c->scratch));
    enum hll_end all = HLL_SAME;

    for (uint32_t i = 2; i < c->argc; i++) {
        unsigned index;
        uint8_t count;
        enum hll_end one;

        hll_place(c->argv[i], &index, &count);
        if (overview && known[index] >= count)
            continue;
        known[index] = count;
        one = hll_raise(c->scratch, index, count);
        if (one == HLL_CORRUPT)
            return one;
        if (one == HLL_CHANGED)
            all = one;
    }
    return all;
}

static enum call_end run_pfadd(struct call *c)
{
    bool found;
    struct cell old;
    enum hll_end end;

    if (!want_hll(c, 1, &found, &old))
        return c->end;
    if (found)
        buf_append(c->scratch, old.value);
    else
        hll_begin(c->scratch);
    end = add_all(c);
    if (end == HLL_CORRUPT)
        return corrupt(c);
    bool changed = end == HLL_CHANGED || !found;
    if (changed) {
        hll_forget_count(c->scratch);
        put(c, &old);
        call_event(c, EVENT_STRING, "pfadd", 1);
    }
    reply_int(c->reply, changed);
    return CALL_DONE;
}

/* The count stays with the key, which is a write that no answer needs: it is left out
 * while the store takes none. */
static enum call_end count_one(struct call *c)
{
    uint8_t registers[HLL_REGISTERS] = { 0 };
    uint64_t count = 0;
    bool found;
    struct cell old;

    if (!want_hll(c, 1, &found, &old))
        return c->end;
    if (found && !hll_get_count(old.value, &count)) {
        if (!hll_merge(registers, old.value))
            return corrupt(c);
        count = hll_estimate(registers);
        if (c->view->may_put(c->view, CELL_FIXED_SIZE + c->argv[1].len + old.value.len)) {
            buf_append(c->scratch, old.value);
            hll_put_count(c->scratch, count);
            put(c, &old);
        }
    }
    reply_int(c->reply, (int64_t)count);
    return CALL_DONE;
}

static enum call_end run_pfcount(struct call *c)
{
    uint8_t registers[HLL_REGISTERS];
    bool dense;

    if (c->argc == 2)
        return count_one(c);
    if (!want_merged(c, false, registers, &dense))
        return c->end;
    reply_int(c->reply, (int64_t)hll_estimate(registers));
    return CALL_DONE;
}

static enum call_end run_pfmerge(struct call *c)
{
    uint8_t registers[HLL_REGISTERS];
    bool found, dense;
    struct cell old;

    if (!want_merged(c, true, registers, &dense) || !want_hll(c, 1, &found, &old))
        return c->end;
    if (found)
        buf_append(c->scratch, old.value);
    else
        hll_begin(c->scratch);
    if (dense && !hll_make_dense(c->scratch))
        return corrupt(c);
    for (unsigned i = 0; i < HLL_REGISTERS; i++) {
        if (registers[i])
            hll_raise(c->scratch, i, registers[i]);
    }
    hll_forget_count(c->scratch);
    put(c, &old);
    call_event(c, EVENT_STRING, "pfadd", 1);
    reply_ok(c->reply);
    return CALL_DONE;
}

const struct command hyperloglog_rows[] = {
    { .name = "pfadd",
      .arity = -2,
      .keys = { 1, 1, 1 },
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
      .run = run_pfadd,
      .group = "hyperloglog",
      .since = "2.8.9",
      .complexity = "O(1) for each element",
      .key_flags = "RW insert",
      .syntax = "key [element...]",
      .summary = "Adds elements to a HyperLogLog, which counts different ones." },
    { .name = "pfcount",
      .arity = -2,
      .keys = { 1, -1, 1 },
      .flags = CMD_READONLY,
      .run = run_pfcount,
      .group = "hyperloglog",
      .since = "2.8.9",
      .complexity = "O(1) for one key, O(N) for N keys",
      .key_flags = "RW access",
      .syntax = "key...",
      .summary = "Estimates how many different elements HyperLogLogs have together." },
    { .name = "pfmerge",
      .arity = -2,
      .keys = { 1, -1, 1 },
      .flags = CMD_WRITE | CMD_DENYOOM,
      .run = run_pfmerge,
      .group = "hyperloglog",
      .since = "2.8.9",
      .complexity = "O(N) for N keys",
      .key_flags = "RW access insert|RO access",
      .syntax = "destkey:key [sourcekey:key...]",
      .summary = "Puts together what HyperLogLogs have counted." },
    { 0 },
};
