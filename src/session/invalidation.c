/* invalidation.c: messages to those who track, directly or in their place. */
#include "session/invalidation.h"

#include "base/hash.h"
#include "base/mem.h"
#include "resp/reply.h"
#include "session/session.h"

/* A key that changed in this turn, for prefixes. */
struct change {
    struct index_link link;
    struct list in_order;
    uint64_t by;
    size_t len;
    uint8_t key[];
};

/* A message in the forms it may be needed in, each made when it is. */
struct forms {
    struct instance *in;
    struct reply push;    /* RESP3 */
    struct reply message; /* RESP2 */
};

static void forms_init(struct forms *f, struct instance *in)
{
    f->in = in;
    reply_init(&f->push, &in->blocks, 3);
    reply_init(&f->message, &in->blocks, 2);
}

static void forms_clear(struct forms *f)
{
    reply_clear(&f->push);
    reply_clear(&f->message);
}

/* What comes in front of the keys. */
static void write_front(struct reply *r)
{
    if (r->proto == 3) {
        reply_push(r, 2);
        reply_bulk_str(r, "invalidate");
        return;
    }
    reply_push(r, 3);
    reply_bulk_str(r, "message");
    reply_bulk_str(r, "__redis__:invalidate");
}

static void say_broken(struct tracker *k, struct forms *f)
{
    struct reply r;

    k->broken = true;
    if (k->session->proto != 3)
        return;
    reply_init(&r, &f->in->blocks, 3);
    reply_push(&r, 2);
    reply_bulk_str(&r, "tracking-redir-broken");
    reply_int(&r, (int64_t)k->redirect);
    f->in->door->push(k->session, &r);
    reply_clear(&r);
}

/* Who is told, in which form; NULL: nobody can be. */
static struct session *target_of(struct tracker *k, struct forms *f, struct reply **form)
{
    struct session *to = k->session;

    if (k->redirect) {
        to = session_find(f->in, k->redirect);
        if (!to) {
            say_broken(k, f);
            return NULL;
        }
    }
    *form = to->proto == 3 ? &f->push : &f->message;
    /* RESP2 has no pushes: only who listens to messages can be sent one. */
    return to->proto == 3 || (k->redirect && (to->special & SESSION_SUBSCRIBED)) ? to : NULL;
}

void invalidation_send(struct instance *in, struct slice key, const uint64_t *ids, size_t count,
                       uint64_t by)
{
    struct forms f;

    forms_init(&f, in);
    for (size_t i = 0; i < count; i++) {
        struct session *s = session_find(in, ids[i]), *to;
        struct reply *form;

        if (!s || !s->tracker || s->tracker->bcast || (s->tracker->no_loop && s->id == by))
            continue;
        to = target_of(s->tracker, &f, &form);
        if (!to)
            continue;
        if (form->bytes == 0) {
            write_front(form);
            reply_array(form, 1);
            reply_bulk(form, key);
        }
        in->door->push(to, form);
    }
    forms_clear(&f);
}

void invalidation_send_all(struct tracker *k)
{
    struct forms f;
    struct reply *form;
    struct session *to;

    forms_init(&f, k->session->instance);
    to = target_of(k, &f, &form);
    if (to) {
        write_front(form);
        reply_null(form);
        f.in->door->push(to, form);
    }
    forms_clear(&f);
}

static bool fits(const struct prefix *p, struct slice key)
{
    return key.len >= p->len && (p->len == 0 || memcmp(key.data, p->text, p->len) == 0);
}

static struct change *change_of(struct index_link *link)
{
    return list_item(link, struct change, link);
}

static struct slice key_of(const struct change *c)
{
    return slice_of(c->key, c->len);
}

void invalidation_note(struct tracking *t, struct slice key, uint64_t by)
{
    uint64_t hash = hash_xxh3(key);
    struct index_link *link = index_first(&t->changed, hash);
    struct change *c;
    bool any = false;

    while (link && !slice_equal(key_of(change_of(link)), key))
        link = index_again(link);
    if (link) {
        if (change_of(link)->by != by)
            change_of(link)->by = 0; /* of several: each is told */
        return;
    }
    list_for_each (at, &t->prefixes)
        any = any || fits(list_item(at, struct prefix, link), key);
    if (!any)
        return;
    c = mem_alloc(sizeof *c + key.len);
    *c = (struct change){ .by = by, .len = key.len };
    if (key.len)
        memcpy(c->key, key.data, key.len);
    index_add(&t->changed, &c->link, hash);
    list_push(&t->in_order, &c->in_order);
}

void invalidation_forget(struct tracking *t)
{
    while (!list_empty(&t->in_order)) {
        struct change *c = list_item(t->in_order.next, struct change, in_order);
        index_remove(&t->changed, &c->link);
        list_remove(&c->in_order);
        mem_free(c);
    }
}

/* The keys of a prefix that are not `but`'s own; 0: of all.  Returns how many. */
static size_t write_keys(const struct tracking *t, const struct prefix *p, uint64_t but,
                         struct reply *r)
{
    size_t n = 0;

    list_for_each (at, &t->in_order) {
        const struct change *c = list_item(at, struct change, in_order);
        n += fits(p, key_of(c)) && (but == 0 || c->by != but);
    }
    if (n == 0 || !r)
        return n;
    write_front(r);
    reply_array(r, n);
    list_for_each (at, &t->in_order) {
        const struct change *c = list_item(at, struct change, in_order);
        if (fits(p, key_of(c)) && (but == 0 || c->by != but))
            reply_bulk(r, key_of(c));
    }
    return n;
}

static void broadcast(struct instance *in, const struct prefix *p)
{
    struct forms all;

    if (write_keys(&in->tracking, p, 0, NULL) == 0)
        return;
    forms_init(&all, in);
    list_for_each (at, &p->members) {
        struct tracker *k = list_item(at, struct prefixed, of_prefix)->tracker;
        struct forms own;
        struct reply *form;
        struct session *to;

        forms_init(&own, in);
        to = target_of(k, k->no_loop ? &own : &all, &form);
        if (to && form->bytes == 0)
            write_keys(&in->tracking, p, k->no_loop ? k->session->id : 0, form);
        if (to && form->bytes)
            in->door->push(to, form);
        forms_clear(&own);
    }
    forms_clear(&all);
}

void tracking_broadcast(struct instance *in)
{
    if (list_empty(&in->tracking.in_order))
        return;
    list_for_each (at, &in->tracking.prefixes)
        broadcast(in, list_item(at, struct prefix, link));
    invalidation_forget(&in->tracking);
}
