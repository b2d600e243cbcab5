/* check_log.c: segments in the order of their ids: from the manifest's mark on they are
 * one log without gaps; those before it are there for the values in them, or not for
 * long. */
#include "base/mem.h"
#include "tool/check.h"

struct segments {
    struct check *check;
    const struct store_file *file;
    struct frames_sum *sum;
    size_t count;
    size_t first; /* that the log needs */
    struct tails tails;
    bool whole; /* from there on, so far */
};

static size_t next_good(const struct segments *s, size_t i)
{
    while (i < s->count && !s->sum[i].head)
        i++;
    return i;
}

/* Bytes of a segment that count for tables, as far as the manifest says. */
static uint64_t counted(const struct check *c, uint64_t id)
{
    const struct edit *whole = &c->state.whole;

    for (size_t i = 0; i < whole->add_blob_count; i++) {
        if (whole->add_blobs[i].id == id)
            return whole->add_blobs[i].size;
    }
    return 0;
}

/* As a start does: the last one that begins before the mark, or the first. */
static void find_first(struct segments *s)
{
    s->first = next_good(s, 0);
    for (size_t i = s->first; i < s->count; i = next_good(s, i + 1)) {
        if (s->sum[i].base < s->check->state.whole.mark.position)
            s->first = i;
    }
}

static void check_one(struct segments *s, size_t i)
{
    struct check *c = s->check;
    size_t next = next_good(s, i + 1);
    struct frames_rules rules = { .counts = counted(c, s->file[i].id),
                                  .has_next = next < s->count };

    if (s->file[i].size == 0)
        return;
    if (i < s->first && s->sum[i].head && rules.counts == 0) {
        check_spare(c, &s->file[i]);
        return;
    }
    if (rules.has_next)
        rules.next_base = s->sum[next].base;
    if (i < s->first && rules.has_next) /* what lay between them may be gone */
        rules.has_next = s->sum[next].previous == s->file[i].id;
    if (i >= s->first) {
        rules.mark = c->state.whole.mark;
        rules.tails = s->whole ? &s->tails : NULL;
    }
    check_segment(c, &s->file[i], &rules, &s->sum[i]);
    s->whole = s->whole && (i < s->first || s->sum[i].whole);
}

/* The log begins at or before the mark, and does not end before it. */
static void check_ends(struct segments *s)
{
    struct check *c = s->check;
    uint64_t mark = c->state.whole.mark.position;
    const struct store_file *f;

    if (s->first == s->count) {
        if (mark)
            check_found(c, NULL, CHECK_NOWHERE, "the log is missing", check_restore);
        return;
    }
    f = &s->file[s->first];
    if (s->sum[s->first].base > mark)
        check_found(c, f, CHECK_NOWHERE, "the log begins behind the place tables know it up to",
                    check_restore);
    else if (next_good(s, s->first + 1) == s->count && s->sum[s->first].end < mark)
        check_found(c, f, CHECK_NOWHERE, "the log ends before the place tables know it up to",
                    check_restore);
}

/* Each goes on where the one before ended. */
static void check_chain(struct segments *s)
{
    size_t i = s->first, next;

    for (; i < s->count; i = next) {
        next = next_good(s, i + 1);
        if (next == s->count)
            return;
        if (s->sum[next].base < s->sum[i].base)
            check_found(s->check, &s->file[next], 0, "it begins before the segment before it",
                        check_restore);
        else if (s->sum[next].first != s->sum[i].next && s->sum[i].end == s->sum[next].base)
            check_found(s->check, &s->file[next], 0, "its first frame has another number",
                        check_restore);
    }
}

void check_log(struct check *c)
{
    struct segments s = { .check = c, .whole = true };

    s.file = tool_store_kind(&c->store, FILE_SEGMENT, &s.count);
    s.sum = mem_zalloc(s.count + 1, sizeof *s.sum);
    for (size_t i = 0; i < s.count; i++) {
        if (s.file[i].size)
            check_segment_head(c, &s.file[i], &s.sum[i]);
    }
    find_first(&s);
    if (c->has_state)
        tails_begin(&s.tails, buf_slice(&c->state.whole.arcs));
    for (size_t i = 0; i < s.count; i++)
        check_one(&s, i);
    if (c->has_state || s.count) {
        check_ends(&s);
        check_chain(&s);
    }
    tails_deinit(&s.tails);
    mem_free(s.sum);
}
