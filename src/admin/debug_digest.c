/* debug_digest.c: DEBUG DIGEST and DIGEST-VALUE: the same data, the same forty digits, here and
 * in Redis (computeDatasetDigest() in its debug.c).
 *
 * A key's digest does not depend on any other's, and they are joined by exclusive or, so that
 * their order does not matter; those of a database follow on its number. */
#include "admin/debug.h"

#include "admin/sha1.h"
#include "base/mem.h"
#include "cmd/gather.h"

enum { HASHED_MAX = 16 * 1024 * 1024 }; /* bytes of a value: the loop hashes it at once */

struct digest {
    uint8_t bytes[SHA1_BYTES];
};

/* A key of the slice. */
struct noted {
    struct digest digest;
    size_t key; /* where its name begins in `names`, if its value is not at hand yet */
    size_t key_len;
    bool whole; /* `digest` is its */
};

/* What DIGEST keeps between its slices. */
struct walk {
    struct digest sum;
    struct buf noted; /* of struct noted: keys of this slice; g->count of them count */
    struct buf names;
    size_t done; /* of them are in the sum */
    uint8_t db;
    bool db_begun; /* its number is in the sum */
    bool slice;    /* all heads of this slice are noted */
    bool last;     /* ... and it is the last one of the database */
};

static void xor_hash(struct digest *d, struct slice bytes)
{
    uint8_t hash[SHA1_BYTES];

    sha1(bytes, hash);
    for (size_t i = 0; i < SHA1_BYTES; i++)
        d->bytes[i] ^= hash[i];
}

static void mix(struct digest *d, struct slice bytes)
{
    uint8_t hash[SHA1_BYTES];

    xor_hash(d, bytes);
    sha1(slice_of(d->bytes, SHA1_BYTES), hash);
    memcpy(d->bytes, hash, SHA1_BYTES);
}

static void mix_number(struct digest *d, uint8_t number)
{
    uint8_t word[4] = { 0, 0, 0, number };

    mix(d, slice_of(word, sizeof word));
}

/* Type, value, and whether it expires, but not when. */
static void mix_value(struct digest *d, const struct cell *head)
{
    mix_number(d, 0); /* Redis's number of a string */
    mix(d, head->value);
    if (head->flags & CELL_EXPIRES)
        xor_hash(d, slice_str("!!expire!!"));
}

/* False: replied. */
static bool is_small(struct call *c, const struct cell *head)
{
    if (cell_value_length(head) <= HASHED_MAX)
        return true;
    reply_errorf(c->reply, "ERR", "a value is larger than %d bytes, which are not hashed at once",
                 HASHED_MAX);
    c->end = CALL_DONE;
    return false;
}

static void print_digest(const struct digest *d, char out[2 * SHA1_BYTES + 1])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < SHA1_BYTES; i++) {
        out[2 * i] = digits[d->bytes[i] >> 4];
        out[2 * i + 1] = digits[d->bytes[i] & 15];
    }
    out[2 * SHA1_BYTES] = '\0';
}

enum call_end debug_digest_value(struct call *c)
{
    bool known = true;

    reply_array(c->reply, c->argc - 2);
    for (uint32_t i = 2; i < c->argc; i++) {
        struct digest d = { { 0 } };
        char text[2 * SHA1_BYTES + 1];
        struct cell head;
        bool found;

        if (!want_head(c, i, &found, &head)) {
            known = false; /* what the others lack is read along */
            continue;
        }
        if (found && (!is_small(c, &head) || !want_whole(c, i, &head))) {
            if (c->end == CALL_DONE)
                return CALL_DONE;
            known = false;
            continue;
        }
        if (found)
            mix_value(&d, &head);
        print_digest(&d, text);
        reply_status(c->reply, text);
    }
    return known ? CALL_DONE : CALL_WANT;
}

/* --- the whole data set */

static void drop_walk(void *kept)
{
    struct walk *w = kept;

    buf_deinit(&w->noted);
    buf_deinit(&w->names);
    mem_free(w);
}

static struct walk *walk_of(struct gather *g)
{
    if (!g->kept) {
        g->kept = mem_zalloc(1, sizeof(struct walk));
        g->drop = drop_walk;
    }
    return g->kept;
}

static bool note_head(struct call *c, struct gather *g, const struct cell *head)
{
    struct walk *w = g->kept;
    struct noted n = { .whole = !(head->flags & (CELL_BLOB | CELL_PARTS)) };

    (void)c;
    w->noted.len = g->count * sizeof n; /* those behind were taken back */
    mix(&n.digest, head->key.key);
    if (n.whole) {
        mix_value(&n.digest, head);
    } else {
        n.key = w->names.len;
        n.key_len = head->key.key.len;
        buf_append(&w->names, head->key.key);
    }
    buf_append(&w->noted, slice_of(&n, sizeof n));
    g->count++;
    return true;
}

/* The digest of a key whose value is not at hand is made whole.  False: return c->end. */
static bool make_whole(struct call *c, const struct walk *w, struct noted *n)
{
    struct cell_key key = cell_head_key(w->db, slice_of(w->names.data + n->key, n->key_len));
    struct cell head;
    enum view_answer answer = c->view->find(c->view, &key, WANT_CELL, &head);

    c->end = CALL_WANT;
    if (answer == VIEW_WANT)
        return false;
    if (answer == VIEW_ABSENT) /* it has gone since */
        return true;
    if (!is_small(c, &head) || !want_whole_of(c, &key, &head))
        return false;
    mix_value(&n->digest, &head);
    n->whole = true;
    return true;
}

/* Adds the keys that were noted to the sum.  False: return c->end. */
static bool add_noted(struct call *c, struct walk *w, uint64_t count)
{
    for (; w->done < count; w->done++) {
        struct noted n;

        memcpy(&n, w->noted.data + w->done * sizeof n, sizeof n);
        if (!n.whole && !make_whole(c, w, &n))
            return false;
        if (!n.whole)
            continue;
        if (!w->db_begun)
            mix_number(&w->sum, w->db);
        w->db_begun = true;
        xor_hash(&w->sum, slice_of(n.digest.bytes, SHA1_BYTES));
    }
    return true;
}

static void begin_slice(struct gather *g, struct walk *w)
{
    w->noted.len = w->names.len = 0;
    w->done = 0;
    w->slice = false;
    g->count = 0;
    if (!w->last)
        return;
    w->last = w->db_begun = false;
    w->db++;
    g->next = 0;
}

enum call_end debug_digest(struct call *c)
{
    struct gather *g = gather_of(c);
    struct walk *w = walk_of(g);
    uint8_t own = c->db;
    char text[2 * SHA1_BYTES + 1];

    if (!w->slice) {
        enum gather_end end;

        c->db = w->db;
        end = gather_step(c, g, note_head);
        c->db = own;
        if (end == GATHER_WANT)
            return CALL_WANT;
        w->slice = true;
        w->last = end == GATHER_DONE;
    }
    if (!add_noted(c, w, g->count)) {
        if (c->end == CALL_DONE)
            call_forget(c);
        return c->end;
    }
    begin_slice(g, w);
    if (w->db < c->databases)
        return CALL_LATER;
    print_digest(&w->sum, text);
    reply_status(c->reply, text);
    call_forget(c);
    return CALL_DONE;
}
