/* database_swap.c: SWAPDB, for databases small enough to be written anew at once.
 *
 * A cell carries its database's number, in the log and in tables, so two databases
 * change places by writing what both hold, behind a flush of each: one request, all
 * or nothing.  What does not fit into a frame, or lies in a store too large to be
 * looked through in a turn, is refused. */
#include "cmd/families.h"

#include "base/limits.h"
#include "base/num.h"

enum { VISITS = 5000 }; /* heads of the whole store, each time */

static const char *const swap_tips[] = { "request_policy:all_shards",
                                         "response_policy:all_succeeded", NULL };

/* Cells gathered in c->scratch, encoded. */
struct swap {
    struct buf *cells;
    bool too_much;
};

static bool take_cell(void *arg, const struct cell *head)
{
    struct swap *s = arg;

    /* A value in pieces stays where it is: these are known by the key they came under. */
    s->too_much = head->flags & (CELL_BLOB | CELL_PARTS) || s->cells->len >= LIMIT_SWAP_BYTES;
    if (s->too_much)
        return false;
    size_t size = cell_size(head);
    cell_encode(head, buf_reserve(s->cells, size));
    s->cells->len += size;
    return true;
}

/* Gathers what `db` holds.  False: return c->end. */
static bool gather_cells(struct call *c, uint8_t db)
{
    struct swap s = { .cells = c->scratch };
    size_t visits = VISITS;
    uint64_t next;

    switch (c->view->walk(c->view, db, 0, &visits, take_cell, &s, &next)) {
    case VIEW_WALK_END:
        return true;
    case VIEW_WALK_WANT:
        c->end = CALL_WANT;
        return false;
    case VIEW_WALK_STOPPED:
        break;
    }
    c->end = call_error(c, "SWAPDB works only while both databases are small");
    return false;
}

static enum call_end swap(struct call *c, uint8_t a, uint8_t b)
{
    if (!gather_cells(c, a) || !gather_cells(c, b))
        return c->end;
    call_flush(c, a);
    call_flush(c, b);
    for (size_t at = 0; at < c->scratch->len;) {
        const uint8_t *p = c->scratch->data + at;
        struct cell cell;

        cell_decode(p, &cell);
        at += cell_encoded_size(p);
        cell.key.db = cell.key.db == a ? b : a;
        call_put_cell(c, &cell);
    }
    reply_ok(c->reply);
    return CALL_DONE;
}

/* An integer of 32 bits, or `text` is answered. */
static bool parse_db(struct call *c, uint32_t arg, const char *text, int64_t *db)
{
    if (num_get_i64(c->argv[arg], db) && *db >= INT32_MIN && *db <= INT32_MAX)
        return true;
    call_error(c, text);
    return false;
}

static enum call_end run_swapdb(struct call *c)
{
    int64_t a, b;

    if (!parse_db(c, 1, "invalid first DB index", &a) ||
        !parse_db(c, 2, "invalid second DB index", &b))
        return CALL_DONE;
    if (a < 0 || a >= c->databases || b < 0 || b >= c->databases)
        return call_error(c, "DB index is out of range");
    if (a != b)
        return swap(c, (uint8_t)a, (uint8_t)b);
    reply_ok(c->reply);
    return CALL_DONE;
}

const struct command database_swap_rows[] = {
    { .name = "swapdb",
      .arity = 3,
      .flags = CMD_WRITE | CMD_FAST | CMD_KEYSPACE | CMD_DANGEROUS,
      .run = run_swapdb,
      .group = "server",
      .since = "4.0.0",
      .complexity = "O(N) for N keys of both, of which there may be few",
      .tips = swap_tips,
      .syntax = "index1:integer index2:integer",
      .summary = "Exchanges two small databases." },
    { 0 },
};
