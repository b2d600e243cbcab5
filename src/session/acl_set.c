/* acl_set.c: users by name. */
#include "session/acl_set.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

enum { USER_BYTES = 512, RULE_BYTES = 64 }; /* counted beside the text */

static size_t weight(const struct acl_user *u)
{
    size_t count, bytes;

    acl_user_size(u, &count, &bytes);
    return bytes + count * RULE_BYTES + u->selector_count * u->rows->words * sizeof(uint64_t) +
           USER_BYTES;
}

/* Where the name is, or would be. */
static uint32_t place(const struct acl_set *set, struct slice name, bool *found)
{
    uint32_t low = 0, high = set->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (slice_compare(set->users[middle]->name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *found = low < set->count && slice_equal(set->users[low]->name, name);
    return low;
}

void acl_set_deinit(struct acl_set *set)
{
    for (uint32_t i = 0; i < set->count; i++)
        acl_user_free(set->users[i]);
    mem_free(set->users);
    *set = (struct acl_set){ 0 };
}

struct acl_user *acl_set_find(const struct acl_set *set, struct slice name)
{
    bool found;
    uint32_t i = place(set, name, &found);

    return found ? set->users[i] : NULL;
}

bool acl_set_put(struct acl_set *set, struct acl_user *u, size_t max)
{
    bool found;
    uint32_t i = place(set, u->name, &found);
    size_t more = weight(u), less = found ? weight(set->users[i]) : 0;

    if (set->bytes - less + more > max) {
        acl_user_free(u);
        return false;
    }
    set->bytes += more - less;
    if (found) {
        acl_user_become(set->users[i], u);
        return true;
    }
    set->users = mem_realloc(set->users, (set->count + 1) * sizeof(struct acl_user *));
    memmove(&set->users[i + 1], &set->users[i], (set->count - i) * sizeof(struct acl_user *));
    set->users[i] = u;
    set->count++;
    return true;
}

void acl_set_take_out(struct acl_set *set, struct acl_user *u)
{
    bool found;
    uint32_t i = place(set, u->name, &found);

    assert(found && set->users[i] == u);
    set->bytes -= weight(u);
    set->count--;
    memmove(&set->users[i], &set->users[i + 1], (set->count - i) * sizeof(struct acl_user *));
}

bool acl_set_check(const struct acl_set *set)
{
    size_t bytes = 0;

    for (uint32_t i = 0; i < set->count; i++) {
        if (!acl_user_check(set->users[i]) ||
            (i && slice_compare(set->users[i - 1]->name, set->users[i]->name) >= 0))
            return false;
        bytes += weight(set->users[i]);
    }
    return bytes == set->bytes;
}
