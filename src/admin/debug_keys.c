/* debug_keys.c: DEBUG about single keys, and POPULATE, which makes many. */
#include "admin/debug.h"

#include <stdio.h>

#include "base/limits.h"
#include "base/num.h"
#include "cmd/gather.h"
#include "cmd/object.h"
#include "cmd/rdb_value.h"
#include "session/session.h"

enum {
    SECOND_US = 1000 * 1000,
    LRU_MASK = (1 << 24) - 1, /* of seconds, as Redis keeps them */
    /* of POPULATE */
    VALUE_MAX = 512 * 1024,
    SLICE_KEYS = 1000,
    SLICE_BYTES = 256 * 1024,
};

/* The head of argv[2].  False: return c->end. */
static bool want_key(struct call *c, struct cell *head)
{
    bool found;

    if (!want_head(c, 2, &found, head))
        return false;
    if (found)
        return true;
    c->end = call_error(c, "no such key");
    return false;
}

/* The value's address is its key's position, which is where to look for it here. */
enum call_end debug_object(struct call *c)
{
    const char *encoding;
    char line[256];
    struct key_use use;
    struct cell head;
    uint64_t idle_s;

    if (!want_key(c, &head) || !want_whole(c, 2, &head) || !want_encoding(c, 2, &head, &encoding))
        return c->end;
    if (head.flags & CELL_PARTS)
        return call_error(c, "the value is in pieces");
    c->view->use(c->view, head.key.position, &use);
    idle_s = c->now_us > head.stamp ? (c->now_us - head.stamp) / SECOND_US : 0;
    if (use.tracks_idle && use.idle_known && use.idle_s < idle_s)
        idle_s = use.idle_s;
    rdb_value_write(c->scratch, head.value);
    snprintf(line, sizeof line,
             "Value at:0x%016llx refcount:1 encoding:%s serializedlength:%zu lru:%llu "
             "lru_seconds_idle:%llu",
             (unsigned long long)head.key.position, encoding, c->scratch->len - RDB_FOOT - 1,
             (unsigned long long)((c->now_us / SECOND_US - idle_s) & LRU_MASK),
             (unsigned long long)idle_s);
    reply_status(c->reply, line);
    return CALL_DONE;
}

/* Nothing is allocated beyond its length. */
enum call_end debug_sdslen(struct call *c)
{
    struct cell head;
    char line[160];
    size_t key = c->argv[2].len, value;

    if (!want_key(c, &head))
        return c->end;
    if (head.type != CELL_STRING)
        return call_error(c, "Not an sds encoded string.");
    value = cell_value_length(&head);
    snprintf(line, sizeof line,
             "key_sds_len:%zu, key_sds_avail:0, key_zmalloc: %zu, val_sds_len:%zu, "
             "val_sds_avail:0, val_zmalloc: %zu",
             key, key, value, value);
    reply_status(c->reply, line);
    return CALL_DONE;
}

/* There are only strings. */
enum call_end debug_encoded(struct call *c)
{
    struct cell head;

    if (!want_key(c, &head))
        return c->end;
    if (call_arg_is(c, 1, "listpack"))
        return call_error(c, "Not a listpack encoded object.");
    if (call_arg_is(c, 1, "quicklist"))
        return call_error(c, "Not a quicklist encoded object.");
    return call_error(c, "The value stored at the specified key is not represented using an hash "
                         "table");
}

/* --- POPULATE */

struct populate {
    int64_t count;
    int64_t size; /* of each value; -1: as long as its text is */
    struct slice prefix;
};

/* argv[arg] as a number of 0..most.  False: replied. */
static bool parse_count(struct call *c, uint32_t arg, int64_t most, int64_t *out)
{
    if (num_get_i64(c->argv[arg], out) && *out >= 0 && *out <= most)
        return true;
    call_error(c, "value is out of range, must be positive");
    return false;
}

static bool parse_populate(struct call *c, struct populate *p)
{
    *p = (struct populate){ .size = -1, .prefix = slice_str("key") };
    if (!parse_count(c, 2, INT64_MAX, &p->count))
        return false;
    if (c->argc > 3)
        p->prefix = c->argv[3];
    if (p->prefix.len + 32 > LIMIT_KEY) {
        reply_errorf(c->reply, "ERR", "key is longer than %d bytes", LIMIT_KEY);
        return false;
    }
    return c->argc < 5 || parse_count(c, 4, VALUE_MAX, &p->size);
}

/* Puts the key of that number if it is not there, `text` behind what c->scratch has.  False:
 * it is not known whether it is there; then only that is asked for. */
static bool populate_key(struct call *c, const struct populate *p, uint64_t number, bool put)
{
    struct cell cell = { .type = CELL_STRING };
    struct cell old;
    enum view_answer answer;
    size_t key_len;

    c->scratch->len = 0;
    buf_append(c->scratch, p->prefix);
    buf_printf(c->scratch, ":%llu", (unsigned long long)number);
    key_len = c->scratch->len;
    buf_printf(c->scratch, "value:%llu", (unsigned long long)number);
    while (p->size >= 0 && c->scratch->len < key_len + (size_t)p->size)
        buf_append_byte(c->scratch, 0);
    if (p->size >= 0)
        c->scratch->len = key_len + (size_t)p->size;
    cell.key = cell_head_key(c->db, slice_of(c->scratch->data, key_len));
    cell.value = slice_of(c->scratch->data + key_len, c->scratch->len - key_len);
    answer = c->view->find(c->view, &cell.key, WANT_CELL, &old);
    if (answer == VIEW_ABSENT && put)
        call_put_cell(c, &cell);
    return answer != VIEW_WANT;
}

/* One slice: whether each key is there is known before the first is put. */
static enum call_end populate_slice(struct call *c, const struct populate *p, struct gather *g)
{
    struct lsm *lsm = node_lsm(c->session->instance->node);
    size_t each = p->prefix.len + 64 + (p->size > 0 ? (size_t)p->size : 0);
    uint64_t end = g->next + (SLICE_BYTES / each < SLICE_KEYS ? SLICE_BYTES / each : SLICE_KEYS) +
                   1;
    bool known = true;

    if (end > (uint64_t)p->count)
        end = (uint64_t)p->count;
    if (!lsm_can_put(lsm, (size_t)(end - g->next) * each))
        return CALL_LATER;
    for (uint64_t i = g->next; i < end; i++)
        known &= populate_key(c, p, i, false);
    if (!known)
        return CALL_WANT;
    for (uint64_t i = g->next; i < end; i++)
        populate_key(c, p, i, true);
    g->next = end;
    return end < (uint64_t)p->count ? CALL_LATER : CALL_DONE;
}

/* Redis never tells of these keys; here they are writes like any other. */
enum call_end debug_populate(struct call *c)
{
    struct populate p;
    struct gather *g;
    enum call_end end;
    uint64_t keys;

    if (!parse_populate(c, &p))
        return CALL_DONE;
    if (c->block.never)
        return call_error(c, "DEBUG POPULATE is not for transactions");
    g = gather_of(c);
    if (session_takes(c->session, CMD_WRITE | CMD_DENYOOM, c->reply)) {
        end = populate_slice(c, &p, g);
        if (end != CALL_DONE)
            return end;
        /* rests on all that is written, as slices before may */
        (void)c->view->count(c->view, c->db, &keys);
        reply_ok(c->reply);
    }
    call_forget(c);
    return CALL_DONE;
}
