/* tombstone.c: members' reports, and the mark below which tombstones may go. */
#include "cluster/tombstone.h"

#include <assert.h>

#include "base/mem.h"

struct tombstone_watch {
    struct tombstone_member *members; /* ids rise */
    size_t count;
    uint64_t epoch;
    uint64_t mark;
    bool heard; /* something since `mark` was taken */
};

uint64_t tombstone_report(const struct tombstone_facts *f)
{
    uint64_t t = f->promise;

    if (f->recovering)
        return 0;
    if (f->oldest_tentative && f->oldest_tentative < t)
        t = f->oldest_tentative;
    if (f->oldest_uncommitted && f->oldest_uncommitted < t)
        t = f->oldest_uncommitted;
    return t;
}

struct tombstone_watch *tombstone_new(void)
{
    return mem_zalloc(1, sizeof(struct tombstone_watch));
}

void tombstone_free(struct tombstone_watch *w)
{
    if (!w)
        return;
    mem_free(w->members);
    mem_free(w);
}

void tombstone_change(struct tombstone_watch *w, uint64_t epoch, const uint32_t *ids, size_t count)
{
    assert(count <= TOMBSTONE_MEMBERS_MAX);
    if (epoch <= w->epoch)
        return;
    tombstone_mark(w); /* what was reported until now has its say */
    mem_free(w->members);
    w->members = mem_zalloc(count, sizeof *w->members);
    w->count = count;
    w->epoch = epoch;
    for (size_t i = 0; i < count; i++)
        w->members[i].id = ids[i];
    assert(tombstone_check(w));
}

/* NULL: it is no member. */
static struct tombstone_member *member_of(struct tombstone_watch *w, uint32_t id)
{
    size_t low = 0, high = w->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (w->members[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < w->count && w->members[low].id == id ? &w->members[low] : NULL;
}

void tombstone_heard(struct tombstone_watch *w, uint32_t id, uint64_t epoch, uint64_t t,
                     uint64_t now_ms)
{
    struct tombstone_member *m = member_of(w, id);

    if (!m || epoch != w->epoch || t == 0)
        return;
    m->reported = t;
    m->heard_ms = now_ms;
    w->heard = true;
}

bool tombstone_holder(const struct tombstone_watch *w, struct tombstone_member *out)
{
    const struct tombstone_member *holder = NULL;

    for (size_t i = 0; i < w->count; i++) {
        if (!holder || w->members[i].reported < holder->reported)
            holder = &w->members[i];
    }
    if (holder)
        *out = *holder;
    return holder != NULL;
}

uint64_t tombstone_mark(struct tombstone_watch *w)
{
    struct tombstone_member holder;

    if (w->heard && tombstone_holder(w, &holder) && holder.reported > w->mark)
        w->mark = holder.reported;
    w->heard = false;
    return w->mark;
}

uint64_t tombstone_welcome(struct tombstone_watch *w, uint64_t reported)
{
    uint64_t mark = tombstone_mark(w);

    return mark > reported ? mark : reported;
}

bool tombstone_check(const struct tombstone_watch *w)
{
    for (size_t i = 1; i < w->count; i++) {
        if (w->members[i].id <= w->members[i - 1].id)
            return false;
    }
    return w->count <= TOMBSTONE_MEMBERS_MAX && (w->count == 0 || w->epoch > 0);
}
