/* acl_check.c: what a user may do.  Nothing here is looked at for users who may do
 * everything. */
#include "session/acl.h"
#include "session/acl_keys.h"

#include <string.h>

/* --- commands */

static bool may_run(const struct acl_user *u, const struct acl_selector *s,
                    const struct command *row, const struct slice *argv, uint32_t argc)
{
    uint32_t number, first = row->full ? 2 : 1;

    if ((s->flags & ACL_ALL_COMMANDS) || (row->flags & CMD_NO_AUTH))
        return true;
    number = acl_rows_number(u->rows, row);
    if (acl_rows_has(s->commands, number))
        return true;
    for (uint32_t i = 0; i < s->first_args.count && first < argc; i++) {
        const struct acl_item *item = &s->first_args.at[i];
        if (item->tag == number && slice_equal_nocase(item->text, argv[first]))
            return true;
    }
    return false;
}

/* --- keys */

static bool may_key(const struct acl_selector *s, struct slice key, unsigned access)
{
    for (uint32_t i = 0; i < s->keys.count; i++) {
        if ((s->keys.at[i].tag & access) == access && slice_glob(s->keys.at[i].text, key, false))
            return true;
    }
    return false;
}

static bool may_keys(const struct acl_selector *s, const struct command *row,
                     const struct slice *argv, uint32_t argc, uint32_t *at)
{
    struct acl_keys keys;
    unsigned access;
    uint32_t arg;

    if (s->flags & ACL_ALL_KEYS)
        return true;
    acl_keys_find(&keys, row, argv, argc);
    for (uint32_t i = 0; acl_keys_at(&keys, i, &arg, &access); i++) {
        if (!(access & ACL_NO_KEY) && !may_key(s, argv[arg], access)) {
            *at = arg;
            return false;
        }
    }
    return true;
}

/* Whatever its name. */
static bool may_read_any(const struct acl_selector *s)
{
    const struct acl_item *all = acl_items_find(&s->keys, slice_str("*"));

    return (s->flags & ACL_ALL_KEYS) || (all && (all->tag & ACL_READ));
}

/* --- channels */

/* The commands with channels; whoever leaves one needs no permission. */
static const struct with_channels {
    const char *name;
    bool one;     /* argv[1] alone, not all that follow */
    bool pattern; /* which must stand among the user's patterns to the letter */
} with_channels[] = {
    { "publish", true, false },     { "spublish", true, false },   { "subscribe", false, false },
    { "ssubscribe", false, false }, { "psubscribe", false, true },
};

static bool may_channel(const struct acl_selector *s, struct slice channel, bool pattern)
{
    if (s->flags & ACL_ALL_CHANNELS)
        return true;
    if (pattern)
        return acl_items_find(&s->channels, channel) != NULL;
    for (uint32_t i = 0; i < s->channels.count; i++) {
        if (slice_glob(s->channels.at[i].text, channel, false))
            return true;
    }
    return false;
}

static bool may_channels(const struct acl_selector *s, const struct command *row,
                         const struct slice *argv, uint32_t argc, uint32_t *at)
{
    const struct with_channels *w = NULL;

    if (!(row->flags & CMD_PUBSUB) || row->full || (s->flags & ACL_ALL_CHANNELS))
        return true;
    for (size_t i = 0; i < sizeof with_channels / sizeof with_channels[0] && !w; i++) {
        if (strcmp(row->name, with_channels[i].name) == 0)
            w = &with_channels[i];
    }
    for (uint32_t i = 1; w && i < (w->one && argc > 2 ? 2 : argc); i++) {
        if (!may_channel(s, argv[i], w->pattern)) {
            *at = i;
            return false;
        }
    }
    return true;
}

bool acl_may_use_channel(const struct acl_user *u, struct slice channel, bool pattern)
{
    for (uint32_t i = 0; i < u->selector_count; i++) {
        if (may_channel(u->selectors[i], channel, pattern))
            return true;
    }
    return false;
}

/* --- all */

static enum acl_verdict check_selector(const struct acl_user *u, const struct acl_selector *s,
                                       const struct command *row, const struct slice *argv,
                                       uint32_t argc, uint32_t *at)
{
    *at = 0;
    if (!may_run(u, s, row, argv, argc))
        return ACL_MAY_NOT_RUN;
    if (!may_keys(s, row, argv, argc, at))
        return ACL_MAY_NOT_KEY;
    return may_channels(s, row, argv, argc, at) ? ACL_MAY : ACL_MAY_NOT_CHANNEL;
}

enum acl_verdict acl_check(const struct acl_user *u, const struct command *row,
                           const struct slice *argv, uint32_t argc, uint32_t *at)
{
    enum acl_verdict worst = ACL_MAY_NOT_RUN, verdict;
    uint32_t where;

    *at = 0;
    for (uint32_t i = 0; i < u->selector_count; i++) {
        verdict = check_selector(u, u->selectors[i], row, argv, argc, &where);
        if (verdict == ACL_MAY)
            return ACL_MAY;
        if (verdict > worst || (verdict == worst && where > *at)) {
            worst = verdict;
            *at = where;
        }
    }
    return worst;
}

bool acl_may_read_all(const struct acl_user *u, const struct command *row, const struct slice *argv,
                      uint32_t argc)
{
    uint32_t at;

    for (uint32_t i = 0; i < u->selector_count; i++) {
        if (may_read_any(u->selectors[i]) &&
            check_selector(u, u->selectors[i], row, argv, argc, &at) == ACL_MAY)
            return true;
    }
    return false;
}
