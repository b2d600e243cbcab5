/* linear_search.c: the search.
 *
 *      asked ---- asked -- told ---- asked -- told      what is left, by time
 *        |          |       |
 *        '----------'       '-- no order may go past this one before it takes effect
 *        any of these may be next
 *
 * What must take effect is tried before what may.  Two rules keep the rest small.
 * An operation that never changes anything and is explained now can only do harm by waiting,
 * so it is next.  And of all orders those are enough in which as few as can be of what may
 * never take effect do, and as late as can be.  So of a run of these, the first behind each
 * that shares a key with it would come out differently without it, and is in the run
 * or right behind it; those that share none are in the order in which they were asked. */
#include "judge/linear_search.h"

#include "base/mem.h"
#include "judge/judge_commands.h"
#include "judge/linear_cache.h"
#include "judge/linear_left.h"

enum name_kind { NAME_ITEM, NAME_HELD, NAME_BEHIND, NAME_BEFORE /* and up, by place */ };

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
    struct linear_left left;
    struct linear_seen seen;
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
    linear_seen_deinit(&s->seen);
    mem_free(s->held);
    mem_free(s->undos);
    mem_free(s);
}

static struct linear_name name_of_held(uint64_t kind, uint32_t key, uint32_t text)
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

static bool run_calls(struct linear_search *s, const struct linear_item *it)
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
static bool take_effect(struct linear_search *s, const struct linear_item *it)
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

/* Whether undos from `a` to before `b` have a key in common with those from `c` to before `d`. */
static bool share_a_key(const struct linear_search *s, size_t a, size_t b, size_t c, size_t d)
{
    for (size_t i = a; i < b; i++) {
        for (size_t n = c; n < d; n++) {
            if (s->undos[i].key == s->undos[n].key)
                return true;
        }
    }
    return false;
}

/* Whether `it`, which has just taken effect from undo `from` on, would have come out differently
 * without the step whose undos are from `a` to before `b`. */
static bool depends(struct linear_search *s, const struct linear_item *it, size_t a, size_t b,
                    size_t from)
{
    bool same;

    for (size_t i = a; i < s->undo_count; i++)
        s->undos[i].scratch = s->held[s->undos[i].key];
    for (size_t i = s->undo_count; i-- > from;)
        s->held[s->undos[i].key] = s->undos[i].text;
    for (size_t i = a; i < b; i++)
        s->held[s->undos[i].key] = s->undos[i].text;
    same = run_calls(s, it);
    for (size_t i = a; i < s->undo_count; i++)
        same &= s->held[s->undos[i].key] == s->undos[i].scratch;
    for (size_t i = a; i < s->undo_count; i++)
        s->held[s->undos[i].key] = s->undos[i].scratch;
    return !same;
}

/* --- steps ---------------------------------------------------------------------- */

/* The first of the last steps that may never have taken effect. */
static size_t run_begin(const struct linear_search *s)
{
    size_t n = s->step_count;

    while (n && !s->left.items[s->steps[n - 1].item].must)
        n--;
    return n;
}

/* Whether anything that has several keys could be next. */
static bool has_joint(const struct linear_search *s)
{
    if (s->left.joint_mays)
        return true;
    for (uint32_t e = s->left.events[0].next; !s->left.events[e].told; e = s->left.events[e].next) {
        if (s->left.items[s->left.events[e].item].joint)
            return true;
    }
    return false;
}

/* Where the undos of a step end. */
static size_t undo_end(const struct linear_search *s, size_t step, size_t from)
{
    return step + 1 < s->step_count ? s->steps[step + 1].undo_from : from;
}

/* Whether `item`, which has just taken effect from undo `from` on, is worth to be looked at
 * behind the run before it. */
static bool may_follow(struct linear_search *s, uint32_t item, size_t from)
{
    const struct linear_item *it = &s->left.items[item];
    size_t all = s->undo_count;

    for (size_t n = run_begin(s); n < s->step_count; n++) {
        size_t a = s->steps[n].undo_from, b = undo_end(s, n, from);

        if (share_a_key(s, a, b, b, from)) /* somebody in the run needs it */
            continue;
        if (share_a_key(s, a, b, from, all)) {
            if (!depends(s, it, a, b, from))
                return false;
        } else if (it->must || !has_joint(s)) {
            return false;
        } else if (item < s->steps[n].item && !share_a_key(s, a, from, from, all)) {
            return false;
        }
    }
    return true;
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
    if (s->left.items[item].must)
        return linear_cache_add(&s->been, name);
    if (linear_cache_has(&s->been, name))
        return false;
    name = linear_name_join(name, linear_name_of(NAME_BEHIND, item));
    for (size_t i = from; i < s->undo_count; i++)
        name = linear_name_join(name, name_of_held(NAME_BEFORE, s->undos[i].key, s->undos[i].text));
    return linear_cache_add(&s->been, name);
}

/* Makes it the next step if it can be; `forced`: the only one that is tried here. */
static bool try_item(struct linear_search *s, uint32_t item, bool forced)
{
    struct linear_item *it = &s->left.items[item];
    size_t from = s->undo_count;
    struct linear_name name;

    s->tried++;
    if (!take_effect(s, it))
        return false;
    if (forced ? has_changed(s, from) : !it->must && !has_changed(s, from))
        goto out;
    if (!may_follow(s, item, from))
        goto out;
    name = name_after(s, item, from);
    if (!forced && !is_new(s, item, from, name))
        goto out;
    s->steps[s->step_count++] = (struct step){ item, forced, from, s->name };
    s->name = name;
    linear_left_take_out(&s->left, item);
    s->phase = PHASE_FORCED;
    return true;
out:
    undo_to(s, from);
    return false;
}

static bool try_musts(struct linear_search *s, uint32_t from, bool forced)
{
    for (uint32_t e = from; !s->left.events[e].told; e = s->left.events[e].next) {
        uint32_t item = s->left.events[e].item;

        if ((!forced || s->left.items[item].idle) && try_item(s, item, forced))
            return true;
    }
    return false;
}

static bool try_mays(struct linear_search *s, uint32_t from)
{
    uint64_t until_us = s->left.events[linear_left_first_told(&s->left)].at_us;

    for (uint32_t i = from; i != ITEM_NONE; i = s->left.items[i].next) {
        const struct linear_item *it = &s->left.items[i];

        if (it->op->asked_us > until_us)
            return false;
        if ((it->twin == ITEM_NONE || s->left.items[it->twin].used) && try_item(s, i, false))
            return true;
    }
    return false;
}

static void note_stuck(struct linear_search *s)
{
    uint32_t e = linear_left_first_told(&s->left), shown = 0;
    const struct judge_op *op = s->left.items[s->left.events[e].item].op;

    if (e <= s->stuck_at || run_begin(s) < s->step_count) /* behind a run: soon without it */
        return;
    s->stuck_at = e;
    s->result.stuck = s->left.events[e].item;
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
        struct linear_item *it;

        if (s->step_count == 0)
            return false;
        last = &s->steps[--s->step_count];
        it = &s->left.items[last->item];
        forced = last->forced;
        linear_left_put_back(&s->left, last->item);
        undo_to(s, last->undo_from);
        s->name = last->name;
        s->phase = it->must ? PHASE_MUST : PHASE_MAY;
        s->from = it->must ? s->left.events[it->asked].next : it->next;
    }
    return true;
}

/* Takes the next step; false if there is none. */
static bool go_on(struct linear_search *s)
{
    if (s->phase == PHASE_FORCED) {
        if (try_musts(s, s->left.events[0].next, true))
            return true;
        s->phase = PHASE_MUST;
        s->from = s->left.events[0].next;
    }
    if (s->phase == PHASE_MUST) {
        if (try_musts(s, s->from, false))
            return true;
        s->from = s->left.first_may;
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
    while (s->left.musts_left) {
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

/* What all keys of the job hold at first. */
static void set_held(struct linear_search *s, uint32_t text)
{
    for (size_t i = 0; i < s->job->count; i++) {
        const struct judge_op *op = s->job->ops[i];

        for (uint32_t c = 0; c < op->call_count; c++) {
            for (uint32_t n = 0; n < op->calls[c].key_count; n++)
                s->held[op->calls[c].keys[n]] = text;
        }
    }
}

struct linear_result linear_search_run(struct linear_search *s, const struct linear_job *job)
{
    s->job = job;
    linear_left_init(&s->left, s->h, job, &s->seen);
    linear_cache_init(&s->been);
    s->steps = mem_alloc(job->count * sizeof *s->steps);
    s->step_count = s->undo_count = 0;
    s->name = (struct linear_name){ 0, 0 };
    s->tried = s->stuck_at = 0;
    s->bytes_first = s->h->texts.bytes;
    s->result = (struct linear_result){ .stuck = SIZE_MAX };
    set_held(s, job->from_us ? TEXT_ANY : TEXT_NONE);
    s->result.verdict = search(s);
    s->result.steps = s->tried;
    mem_free(s->steps);
    linear_cache_deinit(&s->been);
    linear_left_deinit(&s->left);
    return s->result;
}
