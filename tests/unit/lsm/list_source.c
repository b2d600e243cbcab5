/* list_source.c: every cell is shown in memory of its own. */
#include "list_source.h"

#include <string.h>

#include "base/mem.h"

static void show(struct list_source *s)
{
    mem_free(s->shown);
    s->shown = NULL;
    s->source.cell = NULL;
    if (s->at == s->fail_at) {
        s->source.err = err_make(ERR_IO, 5, "a source that fails");
    } else if (s->at < s->list->count) {
        size_t size = cell_encoded_size(s->list->cells[s->at]);
        s->shown = mem_alloc(size);
        memcpy(s->shown, s->list->cells[s->at], size);
        s->source.cell = s->shown;
    }
}

static void next(struct cell_source *source)
{
    struct list_source *s = (struct list_source *)source;

    s->at++;
    show(s);
}

void list_source_init(struct list_source *s, const struct cell_list *list, size_t fail_at)
{
    *s = (struct list_source){ .source.next = next, .list = list, .fail_at = fail_at };
    show(s);
}

void list_source_deinit(struct list_source *s)
{
    mem_free(s->shown);
}
