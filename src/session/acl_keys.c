/* acl_keys.c: the keys of a command, and what it does with them. */
#include "session/acl_keys.h"

#include <string.h>

#include "session/acl_user.h"

/* The words of command_key_flags() that make a difference. */
static unsigned access_of(const char *flags)
{
    static const struct {
        const char *word;
        unsigned access;
    } words[] = {
        { "access", ACL_READ },  { "insert", ACL_WRITE },   { "delete", ACL_WRITE },
        { "update", ACL_WRITE }, { "not_key", ACL_NO_KEY },
    };
    unsigned access = 0;

    while (*flags && *flags != '|') {
        size_t len = strcspn(flags, " |");

        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
            if (strlen(words[i].word) == len && memcmp(words[i].word, flags, len) == 0)
                access |= words[i].access;
        }
        flags += len + (flags[len] == ' ');
    }
    return access;
}

/* SET only reads with GET. */
static int set_access(const struct slice *argv, uint32_t argc)
{
    for (uint32_t i = 3; i < argc; i++) {
        if (slice_is(argv[i], "get"))
            return ACL_READ | ACL_WRITE;
    }
    return ACL_WRITE;
}

/* BITFIELD only reads if all it does is GET; what cannot be parsed may write. */
static int bitfield_access(const struct slice *argv, uint32_t argc)
{
    for (uint32_t i = 2; i < argc; i++) {
        uint32_t more = argc - 1 - i;

        if (slice_is(argv[i], "get") && more >= 2)
            i += 2;
        else if (slice_is(argv[i], "overflow") && more >= 1)
            i += 1;
        else
            return ACL_READ | ACL_WRITE;
    }
    return ACL_READ;
}

/* Steps over one option of SORT; true: it is STORE, whose key is argv[*i]. */
static bool sort_option(const struct slice *argv, uint32_t argc, uint32_t *i)
{
    if (slice_is(argv[*i], "limit"))
        *i += 2;
    else if (slice_is(argv[*i], "get") || slice_is(argv[*i], "by"))
        *i += 1;
    else if (slice_is(argv[*i], "store") && *i + 1 < argc)
        return ++*i;
    return false;
}

void acl_keys_find(struct acl_keys *keys, const struct command *row, const struct slice *argv,
                   uint32_t argc)
{
    *keys = (struct acl_keys){ .row = row, .access = -1 };
    keys->count = command_keys(row, argc, &keys->first, &keys->step);
    if (strcmp(row->name, "set") == 0 && !row->full) {
        keys->access = set_access(argv, argc);
    } else if (strcmp(row->name, "bitfield") == 0) {
        keys->access = bitfield_access(argv, argc);
    } else if (strcmp(row->name, "sort") == 0) {
        for (uint32_t i = 2; i < argc; i++) {
            if (sort_option(argv, argc, &i))
                keys->store = i;
        }
        keys->count = keys->count ? 1 : 0;
        keys->access = ACL_READ;
    }
}

bool acl_keys_at(const struct acl_keys *keys, uint32_t i, uint32_t *arg, unsigned *access)
{
    if (i == keys->count && keys->store) {
        *arg = keys->store;
        *access = ACL_WRITE;
        return true;
    }
    if (i >= keys->count)
        return false;
    *arg = keys->first + i * keys->step;
    *access = keys->access >= 0 ? (unsigned)keys->access
                                : access_of(command_key_flags(keys->row, i));
    return true;
}

const char *acl_keys_of_data(const struct command *row, const struct slice *argv, uint32_t argc)
{
    if (strcmp(row->name, "sort") != 0 && strcmp(row->name, "sort_ro") != 0)
        return NULL;
    for (uint32_t i = 2; i < argc; i++) {
        bool more = i + 1 < argc;

        if (slice_is(argv[i], "get") && more)
            return "GET";
        if (slice_is(argv[i], "by") && more && argv[i + 1].len &&
            memchr(argv[i + 1].data, '*', argv[i + 1].len))
            return "BY";
        sort_option(argv, argc, &i);
    }
    return NULL;
}
