/* acl_items.c: a list of texts, each with a number. */
#include "session/acl_items.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

struct acl_item *acl_items_find(const struct acl_items *items, struct slice text)
{
    for (uint32_t i = 0; i < items->count; i++) {
        if (slice_equal(items->at[i].text, text))
            return &items->at[i];
    }
    return NULL;
}

void acl_items_add(struct acl_items *items, struct slice text, uint32_t tag)
{
    uint8_t *own = mem_alloc(text.len);

    if (text.len)
        memcpy(own, text.data, text.len);
    if (items->count == items->cap) {
        items->cap = items->cap ? items->cap * 2 : 4;
        items->at = mem_realloc(items->at, items->cap * sizeof *items->at);
    }
    items->at[items->count++] = (struct acl_item){ slice_of(own, text.len), tag };
}

static void free_text(struct acl_item *item)
{
    mem_free((void *)(uintptr_t)item->text.data);
}

void acl_items_remove(struct acl_items *items, uint32_t i)
{
    assert(i < items->count);
    free_text(&items->at[i]);
    items->count--;
    memmove(&items->at[i], &items->at[i + 1], (items->count - i) * sizeof *items->at);
}

void acl_items_clear(struct acl_items *items)
{
    for (uint32_t i = 0; i < items->count; i++)
        free_text(&items->at[i]);
    mem_free(items->at);
    *items = (struct acl_items){ 0 };
}

void acl_items_copy(struct acl_items *to, const struct acl_items *from)
{
    assert(to->count == 0);
    for (uint32_t i = 0; i < from->count; i++)
        acl_items_add(to, from->at[i].text, from->at[i].tag);
}
