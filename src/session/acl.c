/* acl.c: the set of users. */
#include "session/acl.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "session/acl_rule.h"
#include "session/session.h"

static void must(struct acl_edit *e, const char *rule)
{
    enum acl_rule_end end = acl_rule_apply(e, slice_str(rule));

    assert(end == ACL_RULE_OK);
}

static struct acl_user *default_user(const struct acl_rows *rows)
{
    struct acl_user *u = acl_user_new(slice_str("default"), rows, false);
    struct acl_edit e;

    acl_edit_init(&e, u, false);
    must(&e, "+@all");
    must(&e, "~*");
    must(&e, "&*");
    must(&e, "on");
    must(&e, "nopass");
    return u;
}

struct acl_user *acl_find(const struct acl *acl, struct slice name)
{
    return acl_set_find(&acl->users, name);
}

struct acl *acl_new(const struct command_table *table)
{
    struct acl *acl = mem_zalloc(1, sizeof *acl);

    acl_rows_init(&acl->rows, table);
    acl_log_init(&acl->log);
    acl->deflt = default_user(&acl->rows);
    acl_set_put(&acl->users, acl->deflt, SIZE_MAX);
    return acl;
}

void acl_free(struct acl *acl)
{
    if (!acl)
        return;
    acl_set_deinit(&acl->users);
    acl_log_deinit(&acl->log);
    acl_rows_deinit(&acl->rows);
    mem_free(acl);
}

bool acl_set_user(struct acl *acl, struct acl_user *u)
{
    return acl_set_put(&acl->users, u, LIMIT_ACL_BYTES);
}

void acl_set_requirepass(struct acl *acl, struct slice password)
{
    struct acl_user *u = acl_user_copy(acl->deflt);
    uint8_t hash[SHA256_BYTES];

    acl_items_clear(&u->passwords);
    u->nopass = password.len == 0;
    if (password.len) {
        sha256(password, hash);
        acl_items_add(&u->passwords, slice_of(hash, sizeof hash), 0);
    }
    acl_set_put(&acl->users, u, SIZE_MAX);
}

static bool same_hash(struct slice a, const uint8_t *b)
{
    uint8_t different = 0;

    for (size_t i = 0; i < SHA256_BYTES; i++)
        different |= a.data[i] ^ b[i];
    return different == 0;
}

struct acl_user *acl_login(const struct acl *acl, struct slice name, struct slice password)
{
    struct acl_user *u = acl_find(acl, name);
    uint8_t hash[SHA256_BYTES];
    bool right;

    if (password.len > LIMIT_PASSWORD)
        return NULL;
    sha256(password, hash);
    if (!u || !u->enabled)
        return NULL;
    right = u->nopass;
    for (uint32_t i = 0; i < u->passwords.count; i++)
        right |= same_hash(u->passwords.at[i].text, hash);
    return right ? u : NULL;
}

void acl_describe(const struct acl *acl, struct buf *out)
{
    for (uint32_t i = 0; i < acl->users.count; i++) {
        acl_user_describe(acl->users.users[i], out);
        buf_append_byte(out, '\n');
    }
}

static void end_session(struct session *s, uint64_t last)
{
    struct instance *in = s->instance;

    s->user = in->acl->deflt;
    s->authenticated = false;
    if (s->id == last) {
        s->closing = SESSION_CLOSE_AFTER_REPLY;
    } else if (!s->cut) {
        s->cut = true;
        in->door->cut(s);
    }
}

static bool is_stranger(const struct acl *acl, const struct acl_user *u)
{
    return u != acl->deflt && acl_set_find(&acl->users, u->name) != u;
}

/* Sessions of users that are none any more, and not freed yet. */
static void end_strangers(struct instance *in, uint64_t last)
{
    list_for_each (at, &in->aside) {
        struct session *s = list_item(at, struct session, link);

        if (!is_stranger(in->acl, s->user))
            continue;
        s->user = in->acl->deflt;
        s->authenticated = false;
    }
    list_for_each (at, &in->sessions) {
        struct session *s = list_item(at, struct session, link);

        if (is_stranger(in->acl, s->user))
            end_session(s, last);
    }
}

static bool may_hear_all(const struct session *s)
{
    list_for_each (at, &s->subscriptions) {
        const struct topic *t = list_item(at, struct subscription, of_session)->topic;

        if (!acl_may_use_channel(s->user, slice_of(t->name, t->len), t->kind == PUBSUB_PATTERN))
            return false;
    }
    return true;
}

void acl_end_subscribers(struct instance *in, const struct acl_user *u, uint64_t last)
{
    list_for_each (at, &in->sessions) {
        struct session *s = list_item(at, struct session, link);

        if ((!u || s->user == u) && !s->user->everything && !may_hear_all(s))
            end_session(s, last);
    }
}

uint32_t acl_delete(struct instance *in, const struct slice *names, uint32_t count, uint64_t last)
{
    struct acl_user **gone = mem_alloc(count * sizeof(struct acl_user *));
    uint32_t deleted = 0;

    for (uint32_t i = 0; i < count; i++) {
        struct acl_user *u = acl_find(in->acl, names[i]);

        if (!u)
            continue;
        assert(u != in->acl->deflt);
        acl_set_take_out(&in->acl->users, u);
        gone[deleted++] = u;
    }
    if (deleted)
        end_strangers(in, last);
    for (uint32_t i = 0; i < deleted; i++)
        acl_user_free(gone[i]);
    mem_free(gone);
    return deleted;
}

void acl_replace_all(struct instance *in, struct acl_set *fresh, uint64_t last)
{
    struct acl *acl = in->acl;
    struct acl_set old = acl->users;

    if (!acl_set_find(fresh, slice_str("default")))
        acl_set_put(fresh, default_user(&acl->rows), SIZE_MAX);
    acl->users = *fresh;
    *fresh = (struct acl_set){ 0 };
    for (uint32_t i = 0; i < acl->users.count; i++) {
        struct acl_user *was = acl_set_find(&old, acl->users.users[i]->name);

        if (!was)
            continue;
        acl_user_become(was, acl->users.users[i]);
        acl->users.users[i] = was;
    }
    end_strangers(in, last);
    acl_end_subscribers(in, NULL, last);
    for (uint32_t i = 0; i < old.count; i++) {
        if (is_stranger(acl, old.users[i]))
            acl_user_free(old.users[i]);
    }
    mem_free(old.users);
}

bool acl_is_sound(const struct acl *acl)
{
    return acl_set_check(&acl->users) && acl_find(acl, slice_str("default")) == acl->deflt;
}
