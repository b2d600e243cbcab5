/* linear_left.c: the two lists. */
#include "judge/linear_left.h"

#include <stdlib.h>

#include "base/mem.h"
#include "judge/judge_commands.h"

enum { TWINS_LOOKED_AT = 64 };

static void unlink_event(struct linear_left *l, uint32_t e)
{
    l->events[l->events[e].prev].next = l->events[e].next;
    l->events[l->events[e].next].prev = l->events[e].prev;
}

static void relink_event(struct linear_left *l, uint32_t e)
{
    l->events[l->events[e].prev].next = e;
    l->events[l->events[e].next].prev = e;
}

static uint32_t *next_of(struct linear_left *l, uint32_t item)
{
    return item == ITEM_NONE ? &l->first_may : &l->items[item].next;
}

static uint32_t *prev_of(struct linear_left *l, uint32_t item)
{
    return item == ITEM_NONE ? &l->last_may : &l->items[item].prev;
}

void linear_left_take_out(struct linear_left *l, uint32_t item)
{
    struct linear_item *it = &l->items[item];

    it->used = true;
    if (it->must) {
        unlink_event(l, it->asked);
        unlink_event(l, it->told);
        l->musts_left--;
    } else {
        *next_of(l, it->prev) = it->next;
        *prev_of(l, it->next) = it->prev;
        l->joint_mays -= it->joint;
    }
}

void linear_left_put_back(struct linear_left *l, uint32_t item)
{
    struct linear_item *it = &l->items[item];

    it->used = false;
    if (it->must) {
        relink_event(l, it->told);
        relink_event(l, it->asked);
        l->musts_left++;
    } else {
        *next_of(l, it->prev) = item;
        *prev_of(l, it->next) = item;
        l->joint_mays += it->joint;
    }
}

/* The answer no order may go past. */
uint32_t linear_left_first_told(const struct linear_left *l)
{
    uint32_t e = l->events[0].next;

    while (!l->events[e].told)
        e = l->events[e].next;
    return e;
}

static int event_order(const struct linear_event *x, const struct linear_event *y)
{
    if (x->at_us != y->at_us)
        return x->at_us < y->at_us ? -1 : 1;
    if (x->told != y->told) /* at the same time: under way together */
        return x->told ? 1 : -1;
    return x->item < y->item ? -1 : x->item > y->item;
}

static int by_event_order(const void *a, const void *b)
{
    return event_order(a, b);
}

void linear_seen_deinit(struct linear_seen *seen)
{
    mem_free(seen->job_of);
    *seen = (struct linear_seen){ 0 };
}

static void see_answer(struct linear_seen *seen, const struct judge_answer *a)
{
    if (a->kind == ANSWER_TEXT)
        seen->job_of[a->text] = seen->job;
    for (uint32_t i = 0; a->kind == ANSWER_ARRAY && i < a->count; i++)
        see_answer(seen, &a->items[i]);
}

static void see(struct linear_seen *seen, const struct judge_history *h,
                const struct linear_job *job)
{
    uint32_t count = h->texts.count;

    if (count > seen->count) {
        seen->job_of = mem_realloc(seen->job_of, count * sizeof *seen->job_of);
        memset(seen->job_of + seen->count, 0, (count - seen->count) * sizeof *seen->job_of);
        seen->count = count;
    }
    seen->job++;
    seen->inside = false;
    for (size_t i = 0; i < job->count; i++) {
        const struct judge_op *op = job->ops[i];

        for (uint32_t c = 0; c < op->call_count; c++) {
            seen->inside |= op->calls[c].row->inside;
            if (judge_op_is_told(op))
                see_answer(seen, &op->calls[c].answer);
        }
    }
}

/* Whether two texts could stand for each other: nobody is told either. */
static bool as_good(const struct linear_seen *seen, uint32_t x, uint32_t y)
{
    return x == y ||
           (!seen->inside && seen->job_of[x] != seen->job && seen->job_of[y] != seen->job);
}

static bool calls_as_good(const struct linear_seen *seen, const struct judge_call *x,
                          const struct judge_call *y)
{
    if (x->row != y->row || x->count != y->count)
        return false;
    for (uint32_t n = 1; n < x->count; n++) {
        bool value = x->row->effect == EFFECT_WHOLE && x->row->key_step != 1 &&
                     (n == 2 || (x->row->key_step == 2 && n % 2 == 0));

        if (x->words[n] != y->words[n] && !(value && as_good(seen, x->words[n], y->words[n])))
            return false;
    }
    return true;
}

static bool ops_as_good(const struct linear_seen *seen, const struct judge_op *a,
                        const struct judge_op *b)
{
    if (a->call_count != b->call_count)
        return false;
    for (uint32_t i = 0; i < a->call_count; i++) {
        if (!calls_as_good(seen, &a->calls[i], &b->calls[i]))
            return false;
    }
    return true;
}

/* Two that are as good as each other could change places, so they are used in order. */
static uint32_t find_twin(struct linear_left *l, const struct linear_seen *seen,
                          const struct linear_item *it)
{
    uint32_t i = l->last_may;

    for (int n = 0; n < TWINS_LOOKED_AT && i != ITEM_NONE; n++, i = l->items[i].prev) {
        if (ops_as_good(seen, l->items[i].op, it->op))
            return i;
    }
    return ITEM_NONE;
}

static void add_may(struct linear_left *l, const struct linear_seen *seen, uint32_t item)
{
    struct linear_item *it = &l->items[item];

    if (!judge_op_writes(it->op))
        return;
    it->twin = find_twin(l, seen, it);
    it->prev = l->last_may;
    it->next = ITEM_NONE;
    *next_of(l, it->prev) = item;
    l->last_may = item;
    l->joint_mays += it->joint;
}

static void add_must(struct linear_left *l, const struct judge_history *h, uint32_t item)
{
    const struct judge_op *op = l->items[item].op;

    l->items[item].must = l->items[item].idle = true;
    for (uint32_t i = 0; i < op->call_count; i++)
        l->items[item].idle &= command_has_refrained(h, op, &op->calls[i]);
    l->musts_left++;
    l->events[++l->event_count] = (struct linear_event){ op->asked_us, item, false, 0, 0 };
    l->events[++l->event_count] = (struct linear_event){ op->told_us, item, true, 0, 0 };
}

static void link_events(struct linear_left *l)
{
    size_t count = l->event_count;

    qsort(l->events + 1, count, sizeof *l->events, by_event_order);
    for (uint32_t e = 0; e <= count; e++) {
        struct linear_event *at = &l->events[e];

        at->prev = e ? e - 1 : (uint32_t)count;
        at->next = e < count ? e + 1 : 0;
        if (e && at->told)
            l->items[at->item].told = e;
        else if (e)
            l->items[at->item].asked = e;
    }
    l->events[0].told = true;
}

static void add(struct linear_left *l, const struct judge_history *h,
                const struct linear_seen *seen, const struct linear_job *job, uint32_t item,
                const struct linear_event *last)
{
    const struct judge_op *op = job->ops[item];
    struct linear_event told = { op->told_us, item, true, 0, 0 };
    bool is_told = judge_op_is_told(op);

    l->items[item].op = op;
    l->items[item].joint = op->call_count > 1 || op->calls[0].key_count > 1;
    if (op->asked_us > last->at_us || (is_told && op->told_us < job->from_us))
        return;
    if (is_told && !(job->relaxed && job->relaxed[item]) && op->asked_us >= job->from_us &&
        event_order(&told, last) <= 0)
        add_must(l, h, item);
    else
        add_may(l, seen, item);
}

void linear_left_init(struct linear_left *l, const struct judge_history *h,
                      const struct linear_job *job, struct linear_seen *seen)
{
    struct linear_event last = { UINT64_MAX, UINT32_MAX, true, 0, 0 };

    see(seen, h, job);
    *l = (struct linear_left){ .first_may = ITEM_NONE, .last_may = ITEM_NONE };
    l->items = mem_zalloc(job->count, sizeof *l->items);
    l->events = mem_zalloc(2 * job->count + 1, sizeof *l->events);
    if (job->until != SIZE_MAX) {
        last.at_us = job->ops[job->until]->told_us;
        last.item = (uint32_t)job->until;
    }
    for (uint32_t i = 0; i < job->count; i++)
        add(l, h, seen, job, i, &last);
    link_events(l);
}

void linear_left_deinit(struct linear_left *l)
{
    mem_free(l->items);
    mem_free(l->events);
    *l = (struct linear_left){ 0 };
}
