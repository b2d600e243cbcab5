/* key_object.c: OBJECT: what Redis would tell of the inside of a value. */
#include "cmd/families.h"

#include "base/num.h"
#include "cmd/help.h"
#include "cmd/object.h"
#include "cmd/type_name.h"

enum {
    EMBSTR_MAX = 44, /* bytes of a string that Redis keeps in one piece with its object */
    SECOND_US = 1000 * 1000,
};

static const char *const varies[] = { "nondeterministic_output", NULL };

/* The head of argv[2].  False: return c->end; there may be none, which is answered. */
static bool want_object(struct call *c, struct cell *head)
{
    bool found;

    if (!want_head(c, 2, &found, head))
        return false;
    c->end = CALL_DONE;
    if (!found)
        reply_null(c->reply);
    return found;
}

/* The way it came about, which makes a short string `raw` in Redis, leaves no trace here. */
bool want_encoding(struct call *c, uint32_t arg, struct cell *head, const char **out)
{
    int64_t number;

    *out = head->type == CELL_STRING ? "raw" : "unknown";
    if (head->type != CELL_STRING || cell_value_length(head) > EMBSTR_MAX)
        return true;
    if (!want_whole(c, arg, head))
        return false;
    *out = num_get_i64(head->value, &number) ? "int" : "embstr";
    return true;
}

static enum call_end run_encoding(struct call *c)
{
    struct cell head;
    const char *encoding;

    if (!want_object(c, &head) || !want_encoding(c, 2, &head, &encoding))
        return c->end;
    reply_bulk_str(c->reply, encoding);
    return CALL_DONE;
}

static enum call_end run_refcount(struct call *c)
{
    struct cell head;

    if (!want_object(c, &head))
        return c->end;
    reply_int(c->reply, 1);
    return CALL_DONE;
}

/* Without a policy that goes by use reads leave no trace: it is idle since it was
 * written. */
static enum call_end run_idletime(struct call *c)
{
    struct cell head;
    struct key_use use;
    uint64_t idle;

    if (!want_object(c, &head))
        return c->end;
    c->view->use(c->view, head.key.position, &use);
    if (!use.tracks_idle)
        return call_error(c, "An LFU maxmemory policy is selected, idle time not tracked. Please "
                             "note that when switching between policies at runtime LRU and LFU "
                             "data will take some time to adjust.");
    idle = c->now_us > head.stamp ? (c->now_us - head.stamp) / SECOND_US : 0;
    reply_int(c->reply, (int64_t)(use.idle_known && use.idle_s < idle ? use.idle_s : idle));
    return CALL_DONE;
}

static enum call_end run_freq(struct call *c)
{
    struct cell head;
    struct key_use use;

    if (!want_object(c, &head))
        return c->end;
    c->view->use(c->view, head.key.position, &use);
    if (use.tracks_uses) {
        reply_int(c->reply, (int64_t)use.uses);
        return CALL_DONE;
    }
    return call_error(c, "An LFU maxmemory policy is not selected, access frequency not tracked. "
                         "Please note that when switching between policies at runtime LRU and LFU "
                         "data will take some time to adjust.");
}

static enum call_end run_help(struct call *c)
{
    static const char *const lines[] = {
        "ENCODING <key>",
        "    Return the kind of internal representation used in order to store the value",
        "    associated with a <key>.",
        "FREQ <key>",
        "    Return the access frequency index of the <key>. The returned integer is",
        "    proportional to the logarithm of the recent access frequency of the key.",
        "IDLETIME <key>",
        "    Return the idle time of the <key>, that is the approximated number of",
        "    seconds elapsed since the last access to the key.",
        "REFCOUNT <key>",
        "    Return the number of references of the value associated with the specified",
        "    <key>.",
        NULL,
    };

    return help_reply(c, "OBJECT", lines);
}

static const struct command object_subs[] = {
    { .name = "encoding",
      .full = "object|encoding",
      .arity = 3,
      .keys = { 2, 2, 1 },
      .flags = CMD_READONLY | CMD_KEYSPACE | CMD_NO_TOUCH,
      .run = run_encoding,
      .group = "generic",
      .since = "2.2.3",
      .complexity = "O(1)",
      .tips = varies,
      .key_flags = "RO",
      .syntax = "key",
      .summary = "Names how Redis would keep the value." },
    { .name = "freq",
      .full = "object|freq",
      .arity = 3,
      .keys = { 2, 2, 1 },
      .flags = CMD_READONLY | CMD_KEYSPACE | CMD_NO_TOUCH,
      .run = run_freq,
      .group = "generic",
      .since = "4.0.0",
      .complexity = "O(1)",
      .tips = varies,
      .key_flags = "RO",
      .syntax = "key",
      .summary = "Tells how often a key is used, under an LFU policy." },
    { .name = "help",
      .full = "object|help",
      .arity = 2,
      .flags = CMD_LOADING | CMD_STALE | CMD_KEYSPACE,
      .run = run_help,
      .group = "generic",
      .since = "6.2.0",
      .complexity = "O(1)",
      .summary = "Tells what OBJECT can do." },
    { .name = "idletime",
      .full = "object|idletime",
      .arity = 3,
      .keys = { 2, 2, 1 },
      .flags = CMD_READONLY | CMD_KEYSPACE | CMD_NO_TOUCH,
      .run = run_idletime,
      .group = "generic",
      .since = "2.2.3",
      .complexity = "O(1)",
      .tips = varies,
      .key_flags = "RO",
      .syntax = "key",
      .summary = "Tells the seconds since a key was last used." },
    { .name = "refcount",
      .full = "object|refcount",
      .arity = 3,
      .keys = { 2, 2, 1 },
      .flags = CMD_READONLY | CMD_KEYSPACE | CMD_NO_TOUCH,
      .run = run_refcount,
      .group = "generic",
      .since = "2.2.3",
      .complexity = "O(1)",
      .tips = varies,
      .key_flags = "RO",
      .syntax = "key",
      .summary = "Counts the references to a value: always one." },
    { 0 },
};

const struct command key_object_rows[] = {
    { .name = "object",
      .arity = -2,
      .group = "generic",
      .since = "2.2.3",
      .complexity = "Depends on the subcommand",
      .summary = "Commands about the inside of values.",
      .subs = object_subs },
    { 0 },
};
