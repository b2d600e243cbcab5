/* gather.c: one slice: as many heads as one SCAN may pass. */
#include "cmd/gather.h"

#include "base/limits.h"
#include "base/mem.h"

struct slice_walk {
    struct call *c;
    struct gather *g;
    bool (*take)(struct call *c, struct gather *g, const struct cell *head);
    bool enough;
};

struct gather *gather_of(struct call *c)
{
    if (!c->gather) {
        c->gather = mem_zalloc(1, sizeof *c->gather);
        reply_init(&c->gather->keys, c->reply->pool, c->reply->proto);
    }
    return c->gather;
}

static bool each(void *arg, const struct cell *head)
{
    struct slice_walk *w = arg;
    struct gather *g = w->g;

    if (!g->seen || g->last != head->key.position) {
        g->seen = true;
        g->last = head->key.position;
        g->before.mark = reply_mark(&g->keys);
        g->before.count = g->count;
    }
    w->enough = !w->take(w->c, g, head);
    return !w->enough;
}

enum gather_end gather_step(struct call *c, struct gather *g,
                            bool (*take)(struct call *c, struct gather *g, const struct cell *head))
{
    struct slice_walk w = { .c = c, .g = g, .take = take };
    size_t visits = LIMIT_SCAN_CALL;
    uint64_t from = g->next, next = from;
    enum view_walk_end end;

    g->seen = false;
    end = c->view->walk(c->view, c->db, from, &visits, each, &w, &next);
    if (end == VIEW_WALK_END || w.enough)
        return GATHER_DONE;
    g->next = next;
    if (end == VIEW_WALK_STOPPED)
        return GATHER_SLICE;
    if (g->seen && g->last == next) {
        reply_cut(&g->keys, g->before.mark);
        g->count = g->before.count;
    }
    /* What a run that ends with a want has seen does not count, as its expired keys are
     * not written down: so one that got on ends as a slice. */
    return next > from ? GATHER_SLICE : GATHER_WANT;
}

void gather_free(struct gather *g)
{
    if (!g)
        return;
    reply_clear(&g->keys);
    buf_deinit(&g->choice);
    if (g->drop)
        g->drop(g->kept);
    mem_free(g);
}
