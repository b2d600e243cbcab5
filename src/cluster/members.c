/* members.c: the list is read word by word; what is equal is found once it is sorted. */
#include "cluster/members.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/sha256.h"
#include "base/wire.h"

/* Where the first byte `c` of `text` is, or its length. */
static size_t find(struct slice text, char c)
{
    const uint8_t *at = text.len ? memchr(text.data, c, text.len) : NULL;
    return at ? (size_t)(at - text.data) : text.len;
}

/* Takes what is in front of the first `c`, or everything, off `text`. */
static struct slice take(struct slice *text, char c)
{
    size_t n = find(*text, c), skip = n < text->len ? n + 1 : n;
    struct slice front = slice_of(text->data, n);

    *text = slice_of(text->data + skip, text->len - skip);
    return front;
}

static struct slice trim(struct slice s)
{
    while (s.len && (*s.data == ' ' || *s.data == '\t'))
        s = slice_of(s.data + 1, s.len - 1);
    while (s.len && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t'))
        s.len--;
    return s;
}

static bool refuse(struct buf *why, struct slice entry, const char *what)
{
    buf_printf(why, "'%.*s': %s", (int)(entry.len < 100 ? entry.len : 100),
               (const char *)entry.data, what);
    return false;
}

static bool get_port(struct slice text, uint16_t *out)
{
    int64_t v;

    if (!num_get_i64(text, &v) || v < 1 || v > UINT16_MAX)
        return false;
    *out = (uint16_t)v;
    return true;
}

/* Digits, dots, colons: an address, which whoever connects looks at closely. */
static bool get_host(struct slice text, char out[MEMBER_HOST_MAX + 1])
{
    if (text.len == 0 || text.len > MEMBER_HOST_MAX)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (!text.data[i] || !strchr("0123456789abcdefABCDEF.:", text.data[i]))
            return false;
        out[i] = (char)text.data[i];
    }
    out[text.len] = 0;
    return true;
}

static bool get_address(struct member *m, struct slice entry, struct slice text, struct buf *why)
{
    struct slice host, port;

    if (text.len && text.data[0] == '[') {
        text = slice_of(text.data + 1, text.len - 1);
        host = take(&text, ']');
        if (text.len == 0 || text.data[0] != ':')
            return refuse(why, entry, "an address in [ ] is followed by :PORT@CLUSTER-PORT");
        text = slice_of(text.data + 1, text.len - 1);
    } else {
        host = take(&text, ':');
    }
    if (!get_host(host, m->host))
        return refuse(why, entry, "a node begins with a numeric address, IPv6 in [ ]");
    port = take(&text, '@');
    if (!get_port(port, &m->port) || !get_port(text, &m->peer_port))
        return refuse(why, entry, "a node is written HOST:PORT@CLUSTER-PORT, ports 1 to 65535");
    return true;
}

static bool get_setting(struct member *m, struct slice entry, struct slice text, struct buf *why)
{
    struct slice name = take(&text, '=');
    int64_t v;

    if (slice_is(name, "weight")) {
        if (!num_get_i64(text, &v) || v < 1 || v > LIMIT_WEIGHT)
            return refuse(why, entry, "a weight is a number from 1 to 100");
        m->weight = (uint32_t)v;
        return true;
    }
    if (!slice_is(name, "zone"))
        return refuse(why, entry, "what follows a node is /weight=N or /zone=NAME");
    if (text.len == 0 || text.len > MEMBER_ZONE_MAX || memchr(text.data, 0, text.len))
        return refuse(why, entry, "a zone's name has 1 to 32 bytes");
    memcpy(m->zone, text.data, text.len);
    m->zone[text.len] = 0;
    return true;
}

/* The same wherever it is reckoned: an address has one way to be written in a list. */
static void set_name(struct member *m, struct slice ring)
{
    uint8_t hash[SHA256_BYTES];
    struct buf b = { 0 };

    buf_append(&b, ring);
    buf_printf(&b, "%c%s %u %u", 0, m->host, m->port, m->peer_port);
    sha256(slice_of(b.data, b.len), hash);
    buf_deinit(&b);
    for (unsigned i = 0; i < MEMBER_NAME / 2; i++) {
        m->name[2 * i] = "0123456789abcdef"[hash[i] >> 4];
        m->name[2 * i + 1] = "0123456789abcdef"[hash[i] & 15];
    }
    m->name[MEMBER_NAME] = 0;
    m->id = (uint32_t)hash[0] << 24 | (uint32_t)hash[1] << 16 | (uint32_t)hash[2] << 8 | hash[3];
}

static bool get_member(struct member *m, struct slice ring, struct slice entry, struct buf *why)
{
    struct slice rest = entry, address = take(&rest, '/');

    *m = (struct member){ .weight = 1 };
    if (!get_address(m, entry, address, why))
        return false;
    while (rest.len) {
        if (!get_setting(m, entry, take(&rest, '/'), why))
            return false;
    }
    set_name(m, ring);
    return true;
}

static int by_id(const void *a, const void *b)
{
    uint32_t x = ((const struct member *)a)->id, y = ((const struct member *)b)->id;
    return x < y ? -1 : x > y;
}

static bool same_address(const struct member *a, const struct member *b)
{
    return strcmp(a->host, b->host) == 0 && (a->port == b->port || a->peer_port == b->peer_port);
}

static bool all_differ(const struct members *m, struct buf *why)
{
    for (size_t i = 0; i < m->count; i++) {
        for (size_t k = 0; k < i; k++) {
            const struct member *a = &m->list[k], *b = &m->list[i];
            if (same_address(a, b)) {
                buf_printf(why, "%s:%u@%u and %s:%u@%u are one address", a->host, a->port,
                           a->peer_port, b->host, b->port, b->peer_port);
                return false;
            }
            if (a->id == b->id || b->id == 0) {
                buf_printf(why,
                           "%s:%u@%u and %s:%u@%u happen to have one id: give one of them "
                           "another port, or the ring another name",
                           a->host, a->port, a->peer_port, b->host, b->port, b->peer_port);
                return false;
            }
        }
    }
    return true;
}

bool members_parse(struct members *out, struct slice ring, struct slice text, struct buf *why)
{
    bool good = true;

    *out = (struct members){ 0 };
    while (good && text.len) {
        struct slice entry = trim(take(&text, ','));
        if (out->count == LIMIT_MEMBERS) {
            buf_printf(why, "a ring has at most %d nodes", LIMIT_MEMBERS);
            good = false;
            break;
        }
        out->list = mem_realloc(out->list, (out->count + 1) * sizeof *out->list);
        good = get_member(&out->list[out->count], ring, entry, why);
        out->count += good;
    }
    if (good && out->count > 1)
        qsort(out->list, out->count, sizeof *out->list, by_id);
    if (good && all_differ(out, why))
        return true;
    members_deinit(out);
    return false;
}

void members_deinit(struct members *m)
{
    mem_free(m->list);
    *m = (struct members){ 0 };
}

const struct member *members_find(const struct members *m, uint32_t id)
{
    struct member key = { .id = id };
    return m->count ? bsearch(&key, m->list, m->count, sizeof *m->list, by_id) : NULL;
}

const struct member *members_named(const struct members *m, struct slice name)
{
    for (size_t i = 0; i < m->count; i++) {
        if (slice_equal(name, slice_str(m->list[i].name)))
            return &m->list[i];
    }
    return NULL;
}

const struct member *members_self(const struct members *m, uint16_t port, uint16_t peer_port,
                                  const char *host, struct buf *why)
{
    const struct member *self = NULL;
    size_t found = 0;

    for (size_t i = 0; i < m->count; i++) {
        const struct member *one = &m->list[i];
        if (one->port != port || one->peer_port != peer_port)
            continue;
        if (host && strcmp(one->host, host) != 0)
            continue;
        self = one;
        found++;
    }
    if (found == 1)
        return self;
    if (found == 0)
        buf_printf(why, "none of the nodes is %s:%u@%u, which this one is", host ? host : "*", port,
                   peer_port);
    else
        buf_printf(why, "%zu of the nodes have port %u@%u: cluster-announce-ip says which this is",
                   found, port, peer_port);
    return NULL;
}

uint64_t members_hash(const struct members *m)
{
    struct buf b = { 0 };
    uint64_t hash;

    for (size_t i = 0; i < m->count; i++)
        buf_printf(&b, "%s %u %s%c", m->list[i].name, m->list[i].weight, m->list[i].zone, 0);
    hash = hash_xxh3(slice_of(b.data, b.len));
    buf_deinit(&b);
    return hash;
}

bool members_check(const struct members *m)
{
    for (size_t i = 0; i < m->count; i++) {
        const struct member *one = &m->list[i];
        if (one->id == 0 || (i && one->id <= m->list[i - 1].id) || one->weight == 0 ||
            strlen(one->name) != MEMBER_NAME)
            return false;
    }
    return true;
}
