/* pubsub.c: topics, subscriptions, and messages to them. */
#include "session/pubsub.h"

#include <assert.h>

#include "base/hash.h"
#include "base/mem.h"
#include "resp/reply.h"
#include "session/session.h"

enum { HEAP_OVERHEAD = 16 }; /* of an allocation, about */

#define LINK_PRIME UINT64_C(0x9e3779b97f4a7c15)

void pubsub_init(struct pubsub *p)
{
    *p = (struct pubsub){ .bytes = 0 };
    for (int kind = 0; kind < PUBSUB_KINDS; kind++)
        list_init(&p->all[kind]);
}

void pubsub_deinit(struct pubsub *p)
{
    assert(p->subscriptions.count == 0 && p->bytes == 0);
    for (int kind = 0; kind < PUBSUB_KINDS; kind++)
        index_deinit(&p->topics[kind]);
    index_deinit(&p->subscriptions);
}

static struct topic *topic_of(struct index_link *link)
{
    return list_item(link, struct topic, link);
}

static struct subscription *subscription_of(struct index_link *link)
{
    return list_item(link, struct subscription, link);
}

static struct slice name_of(const struct topic *t)
{
    return slice_of(t->name, t->len);
}

static size_t topic_bytes(size_t name)
{
    return sizeof(struct topic) + name + HEAP_OVERHEAD;
}

static const size_t subscription_bytes = sizeof(struct subscription) + HEAP_OVERHEAD;

size_t pubsub_cost(size_t names, size_t bytes)
{
    return names * (topic_bytes(0) + subscription_bytes) + bytes;
}

struct topic *pubsub_find(const struct pubsub *p, enum pubsub_kind kind, struct slice name)
{
    struct index_link *link;

    if (p->topics[kind].count == 0)
        return NULL;
    link = index_first(&p->topics[kind], hash_xxh3(name));
    while (link && !slice_equal(name_of(topic_of(link)), name))
        link = index_again(link);
    return link ? topic_of(link) : NULL;
}

static struct topic *topic_new(struct pubsub *p, enum pubsub_kind kind, struct slice name)
{
    struct topic *t = mem_alloc(sizeof *t + name.len);

    *t = (struct topic){ .kind = kind, .len = name.len };
    if (name.len)
        memcpy(t->name, name.data, name.len);
    list_init(&t->subscribers);
    list_push(&p->all[kind], &t->all);
    index_add(&p->topics[kind], &t->link, hash_xxh3(name));
    p->bytes += topic_bytes(name.len);
    return t;
}

static void topic_free(struct pubsub *p, struct topic *t)
{
    assert(t->count == 0);
    index_remove(&p->topics[t->kind], &t->link);
    list_remove(&t->all);
    p->bytes -= topic_bytes(t->len);
    mem_free(t);
}

/* Of a topic and a session together. */
static uint64_t hash_of(const struct topic *t, const struct session *s)
{
    return (t->link.hash ^ s->id * LINK_PRIME) * LINK_PRIME ^ t->kind;
}

static struct subscription *find(const struct pubsub *p, const struct topic *t,
                                 const struct session *s)
{
    struct index_link *link = index_first(&p->subscriptions, hash_of(t, s));

    while (link && (subscription_of(link)->topic != t || subscription_of(link)->session != s))
        link = index_again(link);
    return link ? subscription_of(link) : NULL;
}

static uint64_t total(const struct session *s)
{
    return (uint64_t)s->subscribed[PUBSUB_CHANNEL] + s->subscribed[PUBSUB_PATTERN] +
           s->subscribed[PUBSUB_SHARD];
}

bool pubsub_subscribe(struct session *s, enum pubsub_kind kind, struct slice name)
{
    struct pubsub *p = &s->instance->pubsub;
    struct topic *t = pubsub_find(p, kind, name);
    struct subscription *sub;

    if (t && find(p, t, s))
        return false;
    if (!t)
        t = topic_new(p, kind, name);
    sub = mem_alloc(sizeof *sub);
    *sub = (struct subscription){ .topic = t, .session = s };
    list_push(&t->subscribers, &sub->of_topic);
    list_push(&s->subscriptions, &sub->of_session);
    index_add(&p->subscriptions, &sub->link, hash_of(t, s));
    p->bytes += subscription_bytes;
    t->count++;
    if (total(s) == 0) {
        p->clients++;
        s->special |= SESSION_SUBSCRIBED;
    }
    s->subscribed[kind]++;
    instance_listen(s->instance);
    return true;
}

static void end(struct pubsub *p, struct subscription *sub)
{
    struct topic *t = sub->topic;
    struct session *s = sub->session;

    index_remove(&p->subscriptions, &sub->link);
    list_remove(&sub->of_topic);
    list_remove(&sub->of_session);
    mem_free(sub);
    p->bytes -= subscription_bytes;
    s->subscribed[t->kind]--;
    if (--t->count == 0)
        topic_free(p, t);
    if (total(s) == 0) {
        p->clients--;
        s->special &= ~(unsigned)SESSION_SUBSCRIBED;
    }
}

bool pubsub_unsubscribe(struct session *s, enum pubsub_kind kind, struct slice name)
{
    struct pubsub *p = &s->instance->pubsub;
    struct topic *t = pubsub_find(p, kind, name);
    struct subscription *sub = t ? find(p, t, s) : NULL;

    if (!sub)
        return false;
    end(p, sub);
    instance_listen(s->instance);
    return true;
}

/* The first from `at` on. */
static struct subscription *of_kind(const struct session *s, struct list *at, enum pubsub_kind kind)
{
    for (; at != &s->subscriptions; at = at->next) {
        struct subscription *sub = list_item(at, struct subscription, of_session);
        if (sub->topic->kind == kind)
            return sub;
    }
    return NULL;
}

struct subscription *pubsub_first(const struct session *s, enum pubsub_kind kind)
{
    return s->subscribed[kind] ? of_kind(s, s->subscriptions.next, kind) : NULL;
}

struct subscription *pubsub_next(const struct subscription *sub)
{
    return of_kind(sub->session, sub->of_session.next, sub->topic->kind);
}

void pubsub_leave(struct session *s)
{
    if (list_empty(&s->subscriptions))
        return;
    while (!list_empty(&s->subscriptions))
        end(&s->instance->pubsub,
            list_item(s->subscriptions.next, struct subscription, of_session));
    instance_listen(s->instance);
}

static bool pattern_fits(const struct topic *pattern, struct slice channel)
{
    return slice_glob(name_of(pattern), channel, false);
}

size_t pubsub_receivers(const struct pubsub *p, enum pubsub_kind kind, struct slice channel)
{
    const struct topic *t = pubsub_find(p, kind, channel);
    size_t n = t ? t->count : 0;

    if (kind == PUBSUB_SHARD)
        return n;
    list_for_each (at, &p->all[PUBSUB_PATTERN]) {
        t = list_item(at, struct topic, all);
        if (pattern_fits(t, channel))
            n += t->count;
    }
    return n;
}

/* The message as the subscribers of a topic get it, written once for each protocol. */
static void write_message(struct reply *r, const struct topic *t, struct slice channel,
                          struct slice message)
{
    static const char *const names[] = { "message", "pmessage", "smessage" };

    reply_push(r, t->kind == PUBSUB_PATTERN ? 4 : 3);
    reply_bulk_str(r, names[t->kind]);
    if (t->kind == PUBSUB_PATTERN)
        reply_bulk(r, name_of(t));
    reply_bulk(r, channel);
    reply_bulk(r, message);
}

static void send_to(struct instance *in, const struct topic *t, struct slice channel,
                    struct slice message)
{
    struct reply written[2]; /* in RESP2 and RESP3 */

    reply_init(&written[0], &in->blocks, 2);
    reply_init(&written[1], &in->blocks, 3);
    list_for_each (at, &t->subscribers) {
        struct session *s = list_item(at, struct subscription, of_topic)->session;
        struct reply *r = &written[s->proto == 3];

        if (r->bytes == 0)
            write_message(r, t, channel, message);
        in->door->push(s, r);
    }
    reply_clear(&written[0]);
    reply_clear(&written[1]);
}

void pubsub_publish(struct instance *in, enum pubsub_kind kind, struct slice channel,
                    struct slice message)
{
    const struct pubsub *p = &in->pubsub;
    const struct topic *t = pubsub_find(p, kind, channel);

    if (t)
        send_to(in, t, channel, message);
    if (kind == PUBSUB_SHARD)
        return;
    list_for_each (at, &p->all[PUBSUB_PATTERN]) {
        t = list_item(at, struct topic, all);
        if (pattern_fits(t, channel))
            send_to(in, t, channel, message);
    }
}

bool pubsub_check(const struct pubsub *p)
{
    size_t subscriptions = 0, bytes = 0;

    for (int kind = 0; kind < PUBSUB_KINDS; kind++) {
        size_t topics = 0;
        list_for_each (at, &p->all[kind]) {
            const struct topic *t = list_item(at, struct topic, all);
            topics++;
            subscriptions += t->count;
            bytes += topic_bytes(t->len) + t->count * subscription_bytes;
            if (t->count == 0 || (int)t->kind != kind)
                return false;
        }
        if (topics != p->topics[kind].count || !index_check(&p->topics[kind]))
            return false;
    }
    return subscriptions == p->subscriptions.count && bytes == p->bytes &&
           index_check(&p->subscriptions);
}
