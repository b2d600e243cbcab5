/* acl_user.c: a user's parts, made, copied and written down. */
#include "session/acl_user.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

static struct acl_selector *new_selector(const struct acl_rows *rows, bool all_channels)
{
    struct acl_selector *s = mem_zalloc(1, sizeof *s);

    s->commands = mem_zalloc(rows->words, sizeof *s->commands);
    s->flags = all_channels ? ACL_ALL_CHANNELS : 0;
    return s;
}

static void free_selector(struct acl_selector *s)
{
    mem_free(s->commands);
    acl_items_clear(&s->keys);
    acl_items_clear(&s->channels);
    acl_items_clear(&s->first_args);
    acl_items_clear(&s->rules);
    mem_free(s);
}

struct acl_selector *acl_user_add_selector(struct acl_user *u, bool all_channels)
{
    u->selectors = mem_realloc(u->selectors, (u->selector_count + 1) * sizeof *u->selectors);
    u->selectors[u->selector_count] = new_selector(u->rows, all_channels);
    return u->selectors[u->selector_count++];
}

void acl_user_drop_selectors(struct acl_user *u)
{
    while (u->selector_count > 1)
        free_selector(u->selectors[--u->selector_count]);
}

static struct acl_user *new_user(struct slice name, const struct acl_rows *rows)
{
    struct acl_user *u = mem_zalloc(1, sizeof *u);
    uint8_t *own = mem_alloc(name.len);

    if (name.len)
        memcpy(own, name.data, name.len);
    u->name = slice_of(own, name.len);
    u->rows = rows;
    return u;
}

struct acl_user *acl_user_new(struct slice name, const struct acl_rows *rows, bool all_channels)
{
    struct acl_user *u = new_user(name, rows);

    acl_user_add_selector(u, all_channels);
    return u;
}

static void free_parts(struct acl_user *u)
{
    acl_items_clear(&u->passwords);
    for (uint32_t i = 0; i < u->selector_count; i++)
        free_selector(u->selectors[i]);
    mem_free(u->selectors);
}

void acl_user_free(struct acl_user *u)
{
    if (!u)
        return;
    free_parts(u);
    mem_free((void *)(uintptr_t)u->name.data);
    mem_free(u);
}

struct acl_user *acl_user_copy(const struct acl_user *u)
{
    struct acl_user *copy = new_user(u->name, u->rows);

    copy->everything = u->everything;
    copy->enabled = u->enabled;
    copy->nopass = u->nopass;
    copy->skip_sanitize = u->skip_sanitize;
    acl_items_copy(&copy->passwords, &u->passwords);
    for (uint32_t i = 0; i < u->selector_count; i++) {
        const struct acl_selector *from = u->selectors[i];
        struct acl_selector *to = acl_user_add_selector(copy, false);

        to->flags = from->flags;
        memcpy(to->commands, from->commands, u->rows->words * sizeof *to->commands);
        acl_items_copy(&to->keys, &from->keys);
        acl_items_copy(&to->channels, &from->channels);
        acl_items_copy(&to->first_args, &from->first_args);
        acl_items_copy(&to->rules, &from->rules);
    }
    return copy;
}

void acl_user_become(struct acl_user *u, struct acl_user *from)
{
    struct slice own = u->name, other = from->name;

    free_parts(u);
    *u = *from;
    u->name = own;
    mem_free((void *)(uintptr_t)other.data);
    mem_free(from);
}

static void add_items(const struct acl_items *items, size_t *count, size_t *bytes)
{
    *count += items->count;
    for (uint32_t i = 0; i < items->count; i++)
        *bytes += items->at[i].text.len;
}

void acl_user_size(const struct acl_user *u, size_t *count, size_t *bytes)
{
    *count = u->selector_count;
    *bytes = u->name.len;
    add_items(&u->passwords, count, bytes);
    for (uint32_t i = 0; i < u->selector_count; i++) {
        add_items(&u->selectors[i]->keys, count, bytes);
        add_items(&u->selectors[i]->channels, count, bytes);
        add_items(&u->selectors[i]->first_args, count, bytes);
        add_items(&u->selectors[i]->rules, count, bytes);
    }
}

unsigned acl_user_flags(const struct acl_user *u, const char *names[3])
{
    unsigned n = 0;

    names[n++] = u->enabled ? "on" : "off";
    if (u->nopass)
        names[n++] = "nopass";
    names[n++] = u->skip_sanitize ? "skip-sanitize-payload" : "sanitize-payload";
    return n;
}

void acl_selector_commands(const struct acl_selector *s, struct buf *out)
{
    buf_printf(out, "%s", s->flags & ACL_FROM_ALL ? "+@all" : "-@all");
    for (uint32_t i = 0; i < s->rules.count; i++) {
        buf_printf(out, " %c", s->rules.at[i].tag ? '+' : '-');
        buf_append(out, s->rules.at[i].text);
    }
}

void acl_selector_keys(const struct acl_selector *s, struct buf *out)
{
    static const char *const marks[] = { "", "%R~", "%W~", "~" };

    if (s->flags & ACL_ALL_KEYS)
        buf_printf(out, "~*");
    for (uint32_t i = 0; i < s->keys.count; i++) {
        const struct acl_item *key = &s->keys.at[i];
        /* "~*" would be read as allkeys, and refuse the patterns behind it */
        bool all = key->tag == (ACL_READ | ACL_WRITE) && slice_equal(key->text, slice_str("*"));

        buf_printf(out, "%s%s", i ? " " : "", all ? "%RW~" : marks[key->tag]);
        buf_append(out, key->text);
    }
}

void acl_selector_channels(const struct acl_selector *s, struct buf *out)
{
    if (s->flags & ACL_ALL_CHANNELS)
        buf_printf(out, "&*");
    for (uint32_t i = 0; i < s->channels.count; i++) {
        buf_printf(out, "%s&", i ? " " : "");
        buf_append(out, s->channels.at[i].text);
    }
}

static void describe_selector(const struct acl_selector *s, struct buf *out)
{
    size_t before = out->len;

    acl_selector_keys(s, out);
    if (out->len > before)
        buf_append_byte(out, ' ');
    if (!(s->flags & ACL_ALL_CHANNELS))
        buf_printf(out, "resetchannels ");
    before = out->len;
    acl_selector_channels(s, out);
    if (out->len > before)
        buf_append_byte(out, ' ');
    acl_selector_commands(s, out);
}

void acl_hex(struct slice bytes, struct buf *out)
{
    for (size_t i = 0; i < bytes.len; i++)
        buf_printf(out, "%02x", bytes.data[i]);
}

void acl_user_describe(const struct acl_user *u, struct buf *out)
{
    const char *flags[3];
    unsigned n = acl_user_flags(u, flags);

    buf_printf(out, "user ");
    buf_append(out, u->name);
    for (unsigned i = 0; i < n; i++)
        buf_printf(out, " %s", flags[i]);
    for (uint32_t i = 0; i < u->passwords.count; i++) {
        buf_printf(out, " #");
        acl_hex(u->passwords.at[i].text, out);
    }
    buf_append_byte(out, ' ');
    describe_selector(u->selectors[0], out);
    for (uint32_t i = 1; i < u->selector_count; i++) {
        buf_printf(out, " (");
        describe_selector(u->selectors[i], out);
        buf_append_byte(out, ')');
    }
}

bool acl_user_check(const struct acl_user *u)
{
    unsigned all = ACL_ALL_COMMANDS | ACL_ALL_KEYS | ACL_ALL_CHANNELS;

    if (u->selector_count == 0 || u->everything != ((u->selectors[0]->flags & all) == all) ||
        (u->nopass && u->passwords.count))
        return false;
    for (uint32_t i = 0; i < u->selector_count; i++) {
        const struct acl_selector *s = u->selectors[i];

        if (((s->flags & ACL_ALL_KEYS) && s->keys.count) ||
            ((s->flags & ACL_ALL_CHANNELS) && s->channels.count) ||
            ((s->flags & ACL_ALL_COMMANDS) && !(s->flags & ACL_FROM_ALL)))
            return false;
        for (uint32_t n = 0; (s->flags & ACL_ALL_COMMANDS) && n < u->rows->count; n++) {
            if (!acl_rows_has(s->commands, n))
                return false;
        }
    }
    return true;
}
