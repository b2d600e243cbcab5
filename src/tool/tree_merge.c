/* tree_merge.c: each table of L0, then each level as one. */
#include "tool/tree_merge.h"

#include "base/mem.h"

enum { MERGE_STEP = 256 * 1024 };

void tree_merge_init(struct tree_merge *m, const struct version *v, struct cell_source *above)
{
    size_t all = 0, at = 0, count = 0;

    *m = (struct tree_merge){ .newest_count = v->levels[0].count };
    for (unsigned level = 1; level < LEVELS; level++)
        all += v->levels[level].count;
    m->newest = mem_zalloc(m->newest_count + 1, sizeof *m->newest);
    m->tables = mem_alloc((all + 1) * sizeof *m->tables);
    m->sources = mem_alloc((m->newest_count + LEVELS + 1) * sizeof *m->sources);
    if (above)
        m->sources[count++] = above;
    for (size_t i = 0; i < m->newest_count; i++) {
        table_source_init(&m->newest[i], v->levels[0].tables[i].table, 0, MERGE_STEP, false);
        m->sources[count++] = &m->newest[i].source;
    }
    for (unsigned level = 1; level < LEVELS; level++) {
        const struct level *l = &v->levels[level];
        for (size_t i = 0; i < l->count; i++)
            m->tables[at + i] = l->tables[i].table;
        level_source_init(&m->levels[level], m->tables + at, l->count, MERGE_STEP);
        m->sources[count++] = &m->levels[level].source;
        at += l->count;
    }
    merge_init(&m->merge, m->sources, count);
}

void tree_merge_deinit(struct tree_merge *m)
{
    merge_deinit(&m->merge);
    for (size_t i = 0; i < m->newest_count; i++)
        table_source_deinit(&m->newest[i]);
    for (unsigned level = 1; level < LEVELS; level++)
        level_source_deinit(&m->levels[level]);
    mem_free(m->newest);
    mem_free(m->tables);
    mem_free(m->sources);
}
