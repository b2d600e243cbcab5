/* level_engine.c: LevelDB through its C interface, as it comes but for the memory it
 * gets, no compression, and filters of 10 bits a key. */
#include <leveldb/c.h>
#include <stdio.h>
#include <string.h>

#include "library_engine.h"

struct level {
    struct library base;
    leveldb_t *db;
    leveldb_options_t *options;
    leveldb_readoptions_t *read;
    leveldb_writeoptions_t *write;
    leveldb_writeoptions_t *write_synced;
    leveldb_cache_t *cache;
    leveldb_filterpolicy_t *filter;
};

static void must(char *error)
{
    if (error)
        engine_fail("leveldb", error);
}

static void open_db(struct engine *e, const struct engine_options *o)
{
    struct level *l = (struct level *)e;
    char *error = NULL;

    l->cache = leveldb_cache_create_lru(o->cache_size);
    l->filter = leveldb_filterpolicy_create_bloom(10);
    l->options = leveldb_options_create();
    leveldb_options_set_create_if_missing(l->options, 1);
    leveldb_options_set_cache(l->options, l->cache);
    leveldb_options_set_filter_policy(l->options, l->filter);
    leveldb_options_set_compression(l->options, leveldb_no_compression);
    leveldb_options_set_write_buffer_size(l->options, o->memtable_size);
    l->read = leveldb_readoptions_create();
    leveldb_readoptions_set_verify_checksums(l->read, 1);
    l->write = leveldb_writeoptions_create();
    l->write_synced = leveldb_writeoptions_create();
    leveldb_writeoptions_set_sync(l->write_synced, 1);
    l->db = leveldb_open(l->options, o->dir, &error);
    must(error);
}

static void put(struct library *b, const char key[ENGINE_KEY], const void *value, size_t len,
                bool sync)
{
    struct level *l = (struct level *)b;
    char *error = NULL;

    leveldb_put(l->db, sync ? l->write_synced : l->write, key, ENGINE_KEY, value, len, &error);
    must(error);
}

static size_t get(struct library *b, const char key[ENGINE_KEY], void *to)
{
    struct level *l = (struct level *)b;
    char *error = NULL;
    size_t len = 0;
    char *value = leveldb_get(l->db, l->read, key, ENGINE_KEY, &len, &error);

    must(error);
    if (!value)
        engine_fail("leveldb", "a key is missing");
    memcpy(to, value, len < ENGINE_VALUE_MAX ? len : ENGINE_VALUE_MAX);
    leveldb_free(value);
    return len;
}

static void describe(struct engine *e, char *out, size_t size)
{
    (void)e;
    (void)out;
    (void)size;
}

static void close_db(struct engine *e)
{
    struct level *l = (struct level *)e;

    leveldb_close(l->db);
    leveldb_options_destroy(l->options);
    leveldb_readoptions_destroy(l->read);
    leveldb_writeoptions_destroy(l->write);
    leveldb_writeoptions_destroy(l->write_synced);
    leveldb_cache_destroy(l->cache);
    leveldb_filterpolicy_destroy(l->filter);
}

struct engine *level_engine(const char *name)
{
    static struct level level = {
        .base = { { open_db, library_run, library_wait, describe, close_db }, put, get, NULL }
    };

    return strcmp(name, "leveldb") == 0 ? &level.base.base : NULL;
}
