/* key_scan.c: SCAN, a walk over the keys in the order of their positions.
 *
 * A cursor is the top 52 bits of the position to go on at, plus one; 0 is start
 * and end.  So it means the same after a restart and on every node, and keys that
 * share those bits are always returned together. */
#include "cmd/families.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "base/wire.h"
#include "cmd/type_name.h"

enum { CURSOR_SHIFT = 12, VISITS_ENOUGH = 100 };

#define CURSOR_MAX (UINT64_C(1) << (64 - CURSOR_SHIFT))

struct scan {
    uint64_t cursor;
    uint64_t count; /* keys wanted: where the first group that reaches it ends, it stops */
    struct slice match;
    struct slice type;
    bool has_match;
    bool has_type;
    /* what was gathered: for each key u32 length, bytes */
    struct buf *keys;
    uint64_t gathered;
    uint64_t prefix; /* of the last key visited; none before the first */
    struct {
        uint64_t gathered; /* before the first key of that prefix */
        size_t bytes;
    } group;
    bool full;
    uint64_t next; /* if full: prefix of the key it refused */
};

static const char *const scan_tips[] = { "nondeterministic_output", "request_policy:special",
                                         NULL };

/* As strtoul reads one, without leading space: a sign is allowed, a negative number
 * wraps around to one that is beyond every key, and a zero byte ends it. */
static bool parse_cursor(struct slice text, uint64_t *cursor)
{
    const uint8_t *zero = text.len ? memchr(text.data, 0, text.len) : NULL;
    uint64_t v = 0;
    size_t i;
    if (zero)
        text.len = (size_t)(zero - text.data);
    i = text.len && (text.data[0] == '-' || text.data[0] == '+');
    if (i && text.len == 1)
        return false;
    for (; i < text.len; i++) {
        unsigned digit = text.data[i] - (unsigned)'0';
        if (digit > 9 || __builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, digit, &v))
            return false;
    }
    *cursor = text.len && text.data[0] == '-' ? -v : v;
    return true;
}

static bool parse_options(struct call *c, struct scan *s)
{
    for (uint32_t i = 2; i < c->argc; i += 2) {
        int64_t count;
        bool has_value = i + 1 < c->argc;
        if (has_value && call_arg_is(c, i, "count")) {
            if (!call_get_i64(c, i + 1, &count))
                return false;
            s->count = (uint64_t)count;
            has_value = count >= 1;
        } else if (has_value && call_arg_is(c, i, "match")) {
            if (!call_pattern_fits(c, c->argv[i + 1]))
                return false;
            s->match = c->argv[i + 1];
            s->has_match = !slice_is(s->match, "*");
        } else if (has_value && call_arg_is(c, i, "type")) {
            s->type = c->argv[i + 1];
            s->has_type = true;
        } else {
            has_value = false;
        }
        if (!has_value) {
            call_syntax_error(c);
            return false;
        }
    }
    return true;
}

static bool scan_selects(const struct scan *s, const struct cell *head)
{
    return !(s->has_type && !slice_is(s->type, type_name(head->type))) &&
           !(s->has_match && !slice_glob(s->match, head->key.key, false));
}

static bool scan_each(void *arg, const struct cell *head)
{
    struct scan *s = arg;
    uint64_t prefix = head->key.position >> CURSOR_SHIFT;
    bool enough = s->gathered >= s->count || s->keys->len >= LIMIT_SCAN_BYTES;
    if (enough && prefix != s->prefix) {
        s->full = true;
        s->next = prefix;
        return false;
    }
    if (prefix != s->prefix) {
        s->prefix = prefix;
        s->group.gathered = s->gathered;
        s->group.bytes = s->keys->len;
    }
    if (!scan_selects(s, head))
        return true;
    wire_put32(buf_reserve(s->keys, 4), (uint32_t)head->key.key.len);
    s->keys->len += 4;
    buf_append(s->keys, head->key.key);
    s->gathered++;
    return true;
}

/* The rest of a group is not at hand: keys of it are gathered again when all are. */
static void cut_group(struct scan *s, uint64_t prefix)
{
    if (s->prefix != prefix)
        return;
    s->gathered = s->group.gathered;
    s->keys->len = s->group.bytes;
}

/* Gathers keys.  True: *cursor is where to go on.  False: more has to be fetched
 * first.  A page may be short for that, and empty if it has looked at many heads. */
static bool scan_walk(struct call *c, struct scan *s, uint64_t *cursor)
{
    *cursor = 0;
    if (s->cursor > CURSOR_MAX)
        return true;
    uint64_t from = s->cursor ? (s->cursor - 1) << CURSOR_SHIFT : 0;
    size_t visits = s->count < LIMIT_SCAN_CALL / LIMIT_SCAN_VISITS
                        ? (size_t)s->count * LIMIT_SCAN_VISITS
                        : LIMIT_SCAN_CALL;
    uint64_t next;
    size_t left = visits;
    enum view_walk_end end = c->view->walk(c->view, c->db, from, &left, scan_each, s, &next);
    if (end == VIEW_WALK_END)
        return true;
    uint64_t prefix = s->full ? s->next : next >> CURSOR_SHIFT;
    if (end == VIEW_WALK_WANT) {
        cut_group(s, prefix);
        if (prefix == from >> CURSOR_SHIFT || (s->gathered == 0 && visits - left < VISITS_ENOUGH))
            return false;
    }
    assert(prefix > from >> CURSOR_SHIFT); /* every call gets on */
    *cursor = prefix + 1;
    return true;
}

static enum call_end run_scan(struct call *c)
{
    struct scan s = { .count = 10, .keys = c->scratch, .prefix = UINT64_MAX };
    uint64_t cursor;
    if (!parse_cursor(c->argv[1], &s.cursor))
        return call_error(c, "invalid cursor");
    if (!parse_options(c, &s))
        return CALL_DONE;
    if (!scan_walk(c, &s, &cursor))
        return CALL_WANT;
    reply_array(c->reply, 2);
    reply_bulk_int(c->reply, (int64_t)cursor);
    reply_array(c->reply, s.gathered);
    const uint8_t *p = c->scratch->data;
    for (uint64_t i = 0; i < s.gathered; i++) {
        uint32_t len = wire_get32(p);
        reply_bulk(c->reply, slice_of(p + 4, len));
        p += 4 + len;
    }
    return CALL_DONE;
}

const struct command key_scan_rows[] = {
    { .name = "scan",
      .arity = -2,
      .flags = CMD_READONLY | CMD_KEYSPACE,
      .run = run_scan,
      .group = "generic",
      .since = "2.8.0",
      .complexity = "O(1) a call, O(N) for all N keys",
      .tips = scan_tips,
      .syntax = "cursor:integer [MATCH pattern:pattern] [COUNT count:integer] [TYPE type]",
      .summary = "Goes over the keys of the database, some at a time." },
    { 0 },
};
