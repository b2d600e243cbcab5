/* string_lcs.c: LCS: what two strings have in common, in slices between which others
 * run; it answers for the strings as they were when it began. */
#include "cmd/families.h"

#include "base/limits.h"
#include "cmd/gather.h"
#include "cmd/lcs.h"

#define NOT_STRINGS "The specified keys must contain string values"
#define TOO_LARGE   "Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len"

struct options {
    bool length;
    bool runs;      /* IDX */
    bool run_sizes; /* WITHMATCHLEN */
    int64_t run_min;
};

/* False: replied. */
static bool parse(struct call *c, struct options *o)
{
    *o = (struct options){ .run_min = 0 };
    for (uint32_t i = 3; i < c->argc; i++) {
        if (call_arg_is(c, i, "idx")) {
            o->runs = true;
        } else if (call_arg_is(c, i, "len")) {
            o->length = true;
        } else if (call_arg_is(c, i, "withmatchlen")) {
            o->run_sizes = true;
        } else if (call_arg_is(c, i, "minmatchlen") && i + 1 < c->argc) {
            if (!call_get_i64(c, ++i, &o->run_min))
                return false;
        } else {
            call_syntax_error(c);
            return false;
        }
    }
    if (!o->length || !o->runs)
        return true;
    call_error(c, "If you want both the length and indexes, please just use IDX.");
    return false;
}

/* What argv[arg] holds, nothing being an empty string.  False: return c->end. */
static bool want_string(struct call *c, uint32_t arg, struct cell *value, bool *is_string)
{
    bool found;

    if (!want_value(c, arg, &found, value))
        return false;
    *is_string = !found || value->type == CELL_STRING;
    if (!found)
        *value = (struct cell){ 0 };
    return true;
}

/* Both strings as they are now.  False: return c->end. */
static bool want_both(struct call *c, struct cell *a, struct cell *b)
{
    bool a_string, b_string;
    bool known = want_string(c, 1, a, &a_string);

    known &= want_string(c, 2, b, &b_string);
    if (!known)
        return false;
    c->end = CALL_DONE;
    if (a_string && b_string)
        return true;
    call_error(c, NOT_STRINGS);
    return false;
}

static void drop_lcs(void *kept)
{
    lcs_free(kept);
}

/* Begins, with the bytes of both.  False: return c->end. */
static bool begin(struct call *c, const struct options *o, struct cell *a, struct cell *b)
{
    size_t a_len = cell_value_length(a), b_len = cell_value_length(b);

    c->end = CALL_DONE;
    if (a_len > LIMIT_LCS_STRING || b_len > LIMIT_LCS_STRING) {
        reply_errorf(c->reply, "ERR", "LCS takes strings of at most %d bytes", LIMIT_LCS_STRING);
        return false;
    }
    if ((a_len + 1) * (b_len + 1) > LIMIT_LCS_CELLS) {
        call_error(c, TOO_LARGE);
        return false;
    }
    bool whole = want_whole(c, 1, a);
    whole &= want_whole(c, 2, b);
    if (!whole)
        return false;
    struct gather *g = gather_of(c);
    g->kept = lcs_new(a->value, b->value, o->length);
    g->drop = drop_lcs;
    return true;
}

static void reply_run(struct call *c, const struct lcs_match *m, bool size)
{
    reply_array(c->reply, size ? 3 : 2);
    reply_array(c->reply, 2);
    reply_int(c->reply, m->a_first);
    reply_int(c->reply, m->a_last);
    reply_array(c->reply, 2);
    reply_int(c->reply, m->b_first);
    reply_int(c->reply, m->b_last);
    if (size)
        reply_int(c->reply, (int64_t)m->a_last - m->a_first + 1);
}

static void reply_runs(struct call *c, const struct options *o, const struct lcs *l)
{
    size_t count, shown = 0;
    const struct lcs_match *m = lcs_matches(l, &count);

    for (size_t i = 0; i < count; i++)
        shown += (int64_t)m[i].a_last - m[i].a_first + 1 >= o->run_min;
    reply_map(c->reply, 2);
    reply_bulk_str(c->reply, "matches");
    reply_array(c->reply, shown);
    for (size_t i = 0; i < count; i++) {
        if ((int64_t)m[i].a_last - m[i].a_first + 1 >= o->run_min)
            reply_run(c, &m[i], o->run_sizes);
    }
    reply_bulk_str(c->reply, "len");
    reply_int(c->reply, (int64_t)lcs_length(l));
}

static enum call_end run_lcs(struct call *c)
{
    struct options o;
    struct cell a, b;
    bool found;
    struct lcs *l;

    if (!c->gather) {
        if (!want_both(c, &a, &b))
            return c->end;
        if (!parse(c, &o) || !begin(c, &o, &a, &b))
            return c->end;
    } else {
        /* The answer rests on what was there, and so on what is there now, which is not
         * older: it leaves when the log has that. */
        bool known = want_head(c, 1, &found, &a);
        known &= want_head(c, 2, &found, &b);
        if (!known)
            return c->end;
        (void)parse(c, &o);
    }
    l = c->gather->kept;
    if (!lcs_step(l, LIMIT_LCS_SLICE))
        return CALL_LATER;
    if (o.runs)
        reply_runs(c, &o, l);
    else if (o.length)
        reply_int(c->reply, (int64_t)lcs_length(l));
    else
        reply_bulk(c->reply, lcs_text(l));
    call_forget(c);
    return CALL_DONE;
}

const struct command string_lcs_rows[] = {
    { .name = "lcs",
      .arity = -3,
      .keys = { 1, 2, 1 },
      .flags = CMD_READONLY,
      .run = run_lcs,
      .group = "string",
      .since = "7.0.0",
      .complexity = "O(N*M) for strings of N and M bytes, in slices between which others run",
      .key_flags = "RO access",
      .syntax =
          "key1:key key2:key [LEN] [IDX] [MINMATCHLEN min-match-len{len}:integer] [WITHMATCHLEN]",
      .summary = "Finds the longest sequence of bytes that two strings have in common." },
    { 0 },
};
