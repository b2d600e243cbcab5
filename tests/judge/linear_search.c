/* linear_search.c: the search.
 *
 *      asked ---- asked -- told ---- asked -- told      what is left, by time
 *        |          |       |
 *        '----------'       '-- no order may go past this one before it takes effect
 *        any of these may be next
 *
 * What must take effect is tried before what may.  Two rules keep the rest small.
 * An operation that changes nothing and is explained now can only do harm by waiting, so
 * it is next.  One that may never take effect could as well be later or left out, unless
 * the operation right behind it would then come out differently; so that one must. */
#include "judge/linear_search.h"

#include <stdlib.h>

#include "base/mem.h"
#include "judge/judge_commands.h"
#include "judge/linear_cache.h"

enum { TWINS_LOOKED_AT = 64, STEPS_A_LOOK = 1024, NONE = UINT32_MAX };

enum name_kind { NAME_ITEM, NAME_HELD, NAME_BEHIND, NAME_BEFORE };

struct item {
    const struct judge_op *op;
    bool must; /* take effect, as it was told */
    bool used;
    uint32_t asked; /* the event of a must ... */
    uint32_t told;
    uint32_t prev; /* ... the list of the others */
    uint32_t next;
    uint32_t twin; /* one that asks the same and was asked before, or NONE */
};

struct event {
    uint64_t at_us;
    uint32_t item;
    bool told;
    uint32_t prev;
    uint32_t next;
};

struct undo {
    uint32_t key;
    uint32_t text;
    uint32_t scratch;
};

/* A step of the order so far. */
struct step {
    uint32_t item;
    bool forced;
    size_t undo_from;
    struct linear_name name; /* before it */
};

enum phase { PHASE_FORCED, PHASE_MUST, PHASE_MAY };

struct linear_search {
    struct judge_history *h;
    size_t bytes_max;
    uint32_t *held; /* by key */
    /* of one run: */
    const struct linear_job *job;
    struct item *items;   /* by the job's order */
    struct event *events; /* by time, from 1; 0 is before the first and behind the last */
    size_t event_count;
    uint32_t first_may, last_may;
    size_t musts_left;
    struct step *steps;
    size_t step_count;
    struct undo *undos;
    size_t undo_count;
    size_t undo_cap;
    struct linear_name name;
    struct linear_cache been;
    enum phase phase; /* what to try next, and from where */
    uint32_t from;
    uint64_t tried;
    uint64_t stuck_at; /* an event */
    size_t bytes_first;
    struct linear_result result;
};

struct linear_search *linear_search_new(struct judge_history *h, size_t bytes_max)
{
    struct linear_search *s = mem_zalloc(1, sizeof *s);

    s->h = h;
    s->bytes_max = bytes_max;
    s->held = mem_zalloc(h->key_count, sizeof *s->held);
    return s;
}

void linear_search_free(struct linear_search *s)
{
    if (!s)
        return;
    mem_free(s->held);
    mem_free(s->undos);
    mem_free(s);
}

static struct linear_name name_of_held(enum name_kind kind, uint32_t key, uint32_t text)
{
    return linear_name_of(kind, (uint64_t)key << 32 | text);
}

/* --- taking effect ------------------------------------------------------------ */

static void undo_to(struct linear_search *s, size_t from)
{
    while (s->undo_count > from) {
        struct undo *u = &s->undos[--s->undo_count];

        s->held[u->key] = u->text;
    }
}

static void remember(struct linear_search *s, size_t from, uint32_t key)
{
    for (size_t i = from; i < s->undo_count; i++) {
        if (s->undos[i].key == key)
            return;
    }
    if (s->undo_count == s->undo_cap) {
        s->undo_cap = s->undo_cap ? s->undo_cap * 2 : 1024;
        s->undos = mem_realloc(s->undos, s->undo_cap * sizeof *s->undos);
    }
    s->undos[s->undo_count++] = (struct undo){ key, s->held[key], 0 };
}

static bool run_calls(struct linear_search *s, const struct item *it)
{
    for (uint32_t i = 0; i < it->op->call_count; i++) {
        const struct judge_call *c = &it->op->calls[i];
        struct command_run r = { &s->h->texts, c, it->must ? &c->answer : NULL, s->held };

        if (!c->row->run(&r))
            return false;
    }
    return true;
}

/* False, with nothing changed, if what is held does not explain what was told. */
static bool take_effect(struct linear_search *s, const struct item *it)
{
    size_t from = s->undo_count;

    for (uint32_t i = 0; i < it->op->call_count; i++) {
        for (uint32_t n = 0; n < it->op->calls[i].key_count; n++)
            remember(s, from, it->op->calls[i].keys[n]);
    }
    if (run_calls(s, it))
        return true;
    undo_to(s, from);
    return false;
}

static bool has_changed(const struct linear_search *s, size_t from)
{
    for (size_t i = from; i < s->undo_count; i++) {
        if (s->held[s->undos[i].key] != s->undos[i].text)
            return true;
    }
    return false;
}

static bool shares_a_key(const struct linear_search *s, size_t a, size_t b)
{
    for (size_t i = a; i < b; i++) {
        for (size_t n = b; n < s->undo_count; n++) {
            if (s->undos[i].key == s->undos[n].key)
                return true;
        }
    }
    return false;
}

/* Whether `it`, which has just taken effect from undo `from` on, would have come out
 * differently without the step before it. */
static bool depends(struct linear_search *s, const struct item *it, size_t from)
{
    size_t before = s->steps[s->step_count - 1].undo_from;
    bool same;

    if (!shares_a_key(s, before, from))
        return false;
    for (size_t i = before; i < s->undo_count; i++)
        s->undos[i].scratch = s->held[s->undos[i].key];
    for (size_t i = s->undo_count; i-- > before;)
        s->held[s->undos[i].key] = s->undos[i].text;
    same = run_calls(s, it);
    for (size_t i = before; i < s->undo_count; i++)
        same &= s->held[s->undos[i].key] == s->undos[i].scratch;
    for (size_t i = before; i < s->undo_count; i++)
        s->held[s->undos[i].key] = s->undos[i].scratch;
    return !same;
}

/* --- the lists of what is left -------------------------------------------------- */

static void unlink_event(struct linear_search *s, uint32_t e)
{
    s->events[s->events[e].prev].next = s->events[e].next;
    s->events[s->events[e].next].prev = s->events[e].prev;
}

static void relink_event(struct linear_search *s, uint32_t e)
{
    s->events[s->events[e].prev].next = e;
    s->events[s->events[e].next].prev = e;
}

static uint32_t *next_of(struct linear_search *s, uint32_t item)
{
    return item == NONE ? &s->first_may : &s->items[item].next;
}

static uint32_t *prev_of(struct linear_search *s, uint32_t item)
{
    return item == NONE ? &s->last_may : &s->items[item].prev;
}

static void take_out(struct linear_search *s, uint32_t item)
{
    struct item *it = &s->items[item];

    it->used = true;
    if (it->must) {
        unlink_event(s, it->asked);
        unlink_event(s, it->told);
        s->musts_left--;
    } else {
        *next_of(s, it->prev) = it->next;
        *prev_of(s, it->next) = it->prev;
    }
}

static void put_back(struct linear_search *s, uint32_t item)
{
    struct item *it = &s->items[item];

    it->used = false;
    if (it->must) {
        relink_event(s, it->told);
        relink_event(s, it->asked);
        s->musts_left++;
    } else {
        *next_of(s, it->prev) = item;
        *prev_of(s, it->next) = item;
    }
}

/* The answer no order may go past. */
static uint32_t first_told(const struct linear_search *s)
{
    uint32_t e = s->events[0].next;

    while (!s->events[e].told)
        e = s->events[e].next;
    return e;
}

/* --- steps ---------------------------------------------------------------------- */

static bool is_constrained(const struct linear_search *s)
{
    return s->step_count && !s->items[s->steps[s->step_count - 1].item].must;
}

static struct linear_name name_after(const struct linear_search *s, uint32_t item, size_t from)
{
    struct linear_name name = linear_name_join(s->name, linear_name_of(NAME_ITEM, item));

    for (size_t i = from; i < s->undo_count; i++) {
        const struct undo *u = &s->undos[i];

        name = linear_name_join(name, name_of_held(NAME_HELD, u->key, u->text));
        name = linear_name_join(name, name_of_held(NAME_HELD, u->key, s->held[u->key]));
    }
    return name;
}

/* Whether the search has not been there.  What must come behind one that may never
 * take effect depends on what was held before that one. */
static bool is_new(struct linear_search *s, uint32_t item, size_t from, struct linear_name name)
{
    if (s->items[item].must)
        return linear_cache_add(&s->been, name);
    if (linear_cache_has(&s->been, name))
        return false;
    name = linear_name_join(name, linear_name_of(NAME_BEHIND, item));
    for (size_t i = from; i < s->undo_count; i++)
        name = linear_name_join(name, name_of_held(NAME_BEFORE, s->undos[i].key, s->undos[i].text));
    return linear_cache_add(&s->been, name);
}

/* Makes it the next step if it can be; `forced`: only if it changes nothing. */
static bool try_item(struct linear_search *s, uint32_t item, bool forced)
{
    struct item *it = &s->items[item];
    size_t from = s->undo_count;
    struct linear_name name;
    bool changed;

    s->tried++;
    if (!take_effect(s, it))
        return false;
    changed = has_changed(s, from);
    if ((forced && changed) || (!it->must && !changed))
        goto out;
    if (is_constrained(s) && !depends(s, it, from))
        goto out;
    name = name_after(s, item, from);
    if (!forced && !is_new(s, item, from, name))
        goto out;
    s->steps[s->step_count++] = (struct step){ item, forced, from, s->name };
    s->name = name;
    take_out(s, item);
    s->phase = PHASE_FORCED;
    return true;
out:
    undo_to(s, from);
    return false;
}

static bool try_musts(struct linear_search *s, uint32_t from, bool forced)
{
    for (uint32_t e = from; !s->events[e].told; e = s->events[e].next) {
        if (try_item(s, s->events[e].item, forced))
            return true;
    }
    return false;
}

static bool try_mays(struct linear_search *s, uint32_t from)
{
    uint64_t until_us = s->events[first_told(s)].at_us;

    for (uint32_t i = from; i != NONE; i = s->items[i].next) {
        const struct item *it = &s->items[i];

        if (it->op->asked_us > until_us)
            return false;
        if ((it->twin == NONE || s->items[it->twin].used) && try_item(s, i, false))
            return true;
    }
    return false;
}

static void note_stuck(struct linear_search *s)
{
    uint32_t e = first_told(s), shown = 0;
    const struct judge_op *op = s->items[s->events[e].item].op;

    if (e <= s->stuck_at)
        return;
    s->stuck_at = e;
    s->result.stuck = s->events[e].item;
    for (uint32_t i = 0; i < op->call_count; i++) {
        for (uint32_t n = 0; n < op->calls[i].key_count && shown < LINEAR_SHOWN_KEYS; n++)
            s->result.held[shown++] = s->held[op->calls[i].keys[n]];
    }
}

/* False if there is nothing to go back to. */
static bool go_back(struct linear_search *s)
{
    bool forced = true;

    while (forced) {
        struct step *last;
        struct item *it;

        if (s->step_count == 0)
            return false;
        last = &s->steps[--s->step_count];
        it = &s->items[last->item];
        forced = last->forced;
        put_back(s, last->item);
        undo_to(s, last->undo_from);
        s->name = last->name;
        s->phase = it->must ? PHASE_MUST : PHASE_MAY;
        s->from = it->must ? s->events[it->asked].next : it->next;
    }
    return true;
}

/* Takes the next step; false if there is none. */
static bool go_on(struct linear_search *s)
{
    if (s->phase == PHASE_FORCED) {
        if (try_musts(s, s->events[0].next, true))
            return true;
        s->phase = PHASE_MUST;
        s->from = s->events[0].next;
    }
    if (s->phase == PHASE_MUST) {
        if (try_musts(s, s->from, false))
            return true;
        s->from = s->first_may;
    }
    return try_mays(s, s->from);
}

static bool is_too_much(const struct linear_search *s)
{
    if (s->tried > s->job->steps_max)
        return true;
    return linear_cache_bytes(&s->been) + s->h->texts.bytes - s->bytes_first > s->bytes_max;
}

static enum judge_verdict search(struct linear_search *s)
{
    s->phase = PHASE_FORCED;
    while (s->musts_left) {
        if (is_too_much(s))
            return VERDICT_UNDECIDED;
        if (go_on(s))
            continue;
        note_stuck(s);
        if (!go_back(s))
            return VERDICT_FAILED;
    }
    return VERDICT_PASSED;
}

/* --- beginning and end of a run ---------------------------------------------------- */

static int event_order(const struct event *x, const struct event *y)
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

static bool asks_the_same(const struct judge_op *a, const struct judge_op *b)
{
    if (a->call_count != b->call_count)
        return false;
    for (uint32_t i = 0; i < a->call_count; i++) {
        const struct judge_call *x = &a->calls[i], *y = &b->calls[i];

        if (x->row != y->row || x->count != y->count ||
            memcmp(x->words + 1, y->words + 1, (x->count - 1) * sizeof *x->words) != 0)
            return false;
    }
    return true;
}

/* Two that ask the same could change places, so they are used in order. */
static uint32_t find_twin(struct linear_search *s, const struct item *it)
{
    uint32_t i = s->last_may;

    for (int n = 0; n < TWINS_LOOKED_AT && i != NONE; n++, i = s->items[i].prev) {
        if (asks_the_same(s->items[i].op, it->op))
            return i;
    }
    return NONE;
}

static void add_may(struct linear_search *s, uint32_t item)
{
    struct item *it = &s->items[item];

    if (!judge_op_writes(it->op))
        return;
    it->twin = find_twin(s, it);
    it->prev = s->last_may;
    it->next = NONE;
    *next_of(s, it->prev) = item;
    s->last_may = item;
}

static void add_must(struct linear_search *s, uint32_t item)
{
    const struct judge_op *op = s->items[item].op;

    s->items[item].must = true;
    s->musts_left++;
    s->events[++s->event_count] = (struct event){ op->asked_us, item, false, 0, 0 };
    s->events[++s->event_count] = (struct event){ op->told_us, item, true, 0, 0 };
}

static void link_events(struct linear_search *s)
{
    size_t count = s->event_count;

    qsort(s->events + 1, count, sizeof *s->events, by_event_order);
    for (uint32_t e = 0; e <= count; e++) {
        struct event *at = &s->events[e];

        at->prev = e ? e - 1 : (uint32_t)count;
        at->next = e < count ? e + 1 : 0;
        if (e && at->told)
            s->items[at->item].told = e;
        else if (e)
            s->items[at->item].asked = e;
    }
    s->events[0].told = true; /* ends each walk */
}

static void begin(struct linear_search *s, const struct linear_job *job)
{
    struct event last = { UINT64_MAX, UINT32_MAX, true, 0, 0 };

    s->job = job;
    s->items = mem_zalloc(job->count, sizeof *s->items);
    s->events = mem_zalloc(2 * job->count + 1, sizeof *s->events);
    s->steps = mem_alloc(job->count * sizeof *s->steps);
    s->event_count = s->musts_left = s->step_count = s->undo_count = 0;
    s->first_may = s->last_may = NONE;
    s->name = (struct linear_name){ 0, 0 };
    s->tried = s->stuck_at = 0;
    s->bytes_first = s->h->texts.bytes;
    s->result = (struct linear_result){ .stuck = SIZE_MAX };
    linear_cache_init(&s->been);
    if (job->until != SIZE_MAX)
        last = (struct event){ job->ops[job->until]->told_us, (uint32_t)job->until, true, 0, 0 };
    for (uint32_t i = 0; i < job->count; i++) {
        const struct judge_op *op = job->ops[i];
        struct event told = { op->told_us, i, true, 0, 0 };

        s->items[i].op = op;
        if (op->asked_us > last.at_us)
            continue;
        if (judge_op_is_told(op) && !(job->relaxed && job->relaxed[i]) &&
            event_order(&told, &last) <= 0)
            add_must(s, i);
        else
            add_may(s, i);
    }
    link_events(s);
}

/* Nothing is held when a run begins. */
static void forget_held(struct linear_search *s)
{
    for (size_t i = 0; i < s->job->count; i++) {
        const struct judge_op *op = s->job->ops[i];

        for (uint32_t c = 0; c < op->call_count; c++) {
            for (uint32_t n = 0; n < op->calls[c].key_count; n++)
                s->held[op->calls[c].keys[n]] = TEXT_NONE;
        }
    }
}

struct linear_result linear_search_run(struct linear_search *s, const struct linear_job *job)
{
    begin(s, job);
    s->result.verdict = search(s);
    s->result.steps = s->tried;
    forget_held(s);
    linear_cache_deinit(&s->been);
    mem_free(s->items);
    mem_free(s->events);
    mem_free(s->steps);
    return s->result;
}
