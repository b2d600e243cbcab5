/* key_sort.c: SORT, SORT_RO: of lists, sets and sorted sets, so that today there is
 * nothing to sort: an absent key has no elements, and another one is of the wrong type.
 * What is wrong with the options is told all the same. */
#include "cmd/families.h"

#include "base/limits.h"

/* Words behind an option's own; -1: it is none. */
static int words_behind(const struct call *c, uint32_t arg)
{
    static const struct {
        const char *name;
        int words;
    } options[] = { { "asc", 0 }, { "desc", 0 }, { "alpha", 0 }, { "limit", 2 },
                    { "by", 1 },  { "get", 1 },  { "store", 1 } };

    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        if (call_arg_is(c, arg, options[i].name))
            return options[i].words;
    }
    return -1;
}

/* *store is where STORE's key stands, the last one's; 0: there is none.  False: replied. */
static bool parse(struct call *c, bool may_store, uint32_t *store)
{
    *store = 0;
    for (uint32_t i = 2; i < c->argc; i++) {
        int words = words_behind(c, i);
        bool stores = call_arg_is(c, i, "store");
        int64_t number;

        if (words < 0 || (uint32_t)words >= c->argc - i || (stores && !may_store)) {
            call_syntax_error(c);
            return false;
        }
        if (words == 2 && (!call_get_i64(c, i + 1, &number) || !call_get_i64(c, i + 2, &number)))
            return false;
        i += (uint32_t)words;
        if (stores)
            *store = i;
    }
    return true;
}

static enum call_end sort(struct call *c, bool may_store)
{
    bool found, there = false;
    struct cell head, old;
    uint32_t store;

    if (!parse(c, may_store, &store))
        return CALL_DONE;
    if (store && c->argv[store].len > LIMIT_KEY) {
        reply_errorf(c->reply, "ERR", "key is longer than %d bytes", LIMIT_KEY);
        return CALL_DONE;
    }
    bool known = want_head(c, 1, &found, &head);
    known &= !store || want_head(c, store, &there, &old);
    if (!known)
        return c->end;
    if (found)
        return call_wrong_type(c);
    if (c->row->flags & CMD_WRITE)
        call_miss(c, 1);
    if (there) {
        call_delete(c, store);
        call_event(c, EVENT_GENERIC, "del", store);
    }
    if (store)
        reply_int(c->reply, 0);
    else
        reply_array(c->reply, 0);
    return CALL_DONE;
}

static enum call_end run_sort(struct call *c)
{
    return sort(c, true);
}

static enum call_end run_sort_ro(struct call *c)
{
    return sort(c, false);
}

/* Whatever else the options say: the words behind one are passed over. */
static uint32_t store_key(uint32_t argc, const struct slice *argv)
{
    const struct call c = { .argc = argc, .argv = argv };
    uint32_t key = 0;

    for (uint32_t i = 2; i + 1 < argc; i++) {
        int words = words_behind(&c, i);
        if (call_arg_is(&c, i, "store"))
            key = i + 1;
        i += words > 0 ? (uint32_t)words : 0;
    }
    return key;
}

const struct command key_sort_rows[] = {
    { .name = "sort",
      .arity = -2,
      .keys = { 1, 1, 1 },
      .option_key = store_key,
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_MOVABLE_KEYS | CMD_OF_COLLECTIONS | CMD_DANGEROUS,
      .run = run_sort,
      .group = "generic",
      .since = "1.0.0",
      .complexity = "O(N + M log M) for N elements of which M are returned",
      .key_flags = "RO access|OW update",
      .syntax =
          "key [BY by-pattern{pattern}:pattern] [LIMIT limit<offset:integer count:integer>] [GET "
          "get-pattern{pattern}:pattern]... order[ASC | DESC] [ALPHA] [STORE destination:key]",
      .summary = "Returns or stores the elements of a list, a set or a sorted set in order." },
    { .name = "sort_ro",
      .arity = -2,
      .keys = { 1, 1, 1 },
      .flags = CMD_READONLY | CMD_MOVABLE_KEYS | CMD_OF_COLLECTIONS | CMD_DANGEROUS,
      .run = run_sort_ro,
      .group = "generic",
      .since = "7.0.0",
      .complexity = "O(N + M log M) for N elements of which M are returned",
      .key_flags = "RO access",
      .syntax = "key [BY by-pattern{pattern}:pattern] [LIMIT limit<offset:integer count:integer>] "
                "[GET get-pattern{pattern}:pattern]... order[ASC | DESC] [ALPHA]",
      .summary = "Returns the elements of a list, a set or a sorted set in order." },
    { 0 },
};
