/* rocks_engine.c: RocksDB through its C interface, as it comes but for the memory
 * it gets, no compression, XXH3 in tables, and filters of 10 bits a key.  The side
 * "rocksdb-blob" keeps values of 4 KiB and more in blob files. */
#include <rocksdb/c.h>
#include <stdio.h>
#include <string.h>

#include "library_engine.h"

enum { CHECKSUM_XXH3 = 4, MEMTABLES = 4, BACKGROUND_JOBS = 2, BLOB_MIN = 4096 };

struct rocks {
    struct library base;
    bool blobs;
    rocksdb_t *db;
    rocksdb_options_t *options;
    rocksdb_readoptions_t *read;
    rocksdb_writeoptions_t *write;
    rocksdb_writeoptions_t *write_synced;
    rocksdb_cache_t *cache;
};

static void must(char *error)
{
    if (error)
        engine_fail("rocksdb", error);
}

static void open_db(struct engine *e, const struct engine_options *o)
{
    struct rocks *r = (struct rocks *)e;
    rocksdb_block_based_table_options_t *table = rocksdb_block_based_options_create();
    char *error = NULL;

    r->cache = rocksdb_cache_create_lru(o->cache_size);
    rocksdb_block_based_options_set_block_cache(table, r->cache);
    rocksdb_block_based_options_set_checksum(table, CHECKSUM_XXH3);
    rocksdb_block_based_options_set_filter_policy(table,
                                                  rocksdb_filterpolicy_create_bloom_full(10));
    r->options = rocksdb_options_create();
    rocksdb_options_set_create_if_missing(r->options, 1);
    rocksdb_options_set_block_based_table_factory(r->options, table);
    rocksdb_options_set_compression(r->options, rocksdb_no_compression);
    rocksdb_options_set_write_buffer_size(r->options, o->memtable_size);
    rocksdb_options_set_max_write_buffer_number(r->options, MEMTABLES);
    rocksdb_options_set_max_background_jobs(r->options, BACKGROUND_JOBS);
    rocksdb_options_set_level_compaction_dynamic_level_bytes(r->options, 1);
    if (r->blobs) {
        rocksdb_options_set_enable_blob_files(r->options, 1);
        rocksdb_options_set_min_blob_size(r->options, BLOB_MIN);
        rocksdb_options_set_enable_blob_gc(r->options, 1);
        rocksdb_options_set_blob_gc_age_cutoff(r->options, 0.5);
    }
    r->read = rocksdb_readoptions_create();
    r->write = rocksdb_writeoptions_create();
    r->write_synced = rocksdb_writeoptions_create();
    rocksdb_writeoptions_set_sync(r->write_synced, 1);
    r->db = rocksdb_open(r->options, o->dir, &error);
    must(error);
}

static void put(struct library *l, const char key[ENGINE_KEY], const void *value, size_t len,
                bool sync)
{
    struct rocks *r = (struct rocks *)l;
    char *error = NULL;

    rocksdb_put(r->db, sync ? r->write_synced : r->write, key, ENGINE_KEY, value, len, &error);
    must(error);
}

static size_t get(struct library *l, const char key[ENGINE_KEY], void *to)
{
    struct rocks *r = (struct rocks *)l;
    char *error = NULL;
    size_t len = 0;
    const char *value;
    rocksdb_pinnableslice_t *found = rocksdb_get_pinned(r->db, r->read, key, ENGINE_KEY, &error);

    must(error);
    if (!found)
        engine_fail("rocksdb", "a key is missing");
    value = rocksdb_pinnableslice_value(found, &len);
    memcpy(to, value, len < ENGINE_VALUE_MAX ? len : ENGINE_VALUE_MAX);
    rocksdb_pinnableslice_destroy(found);
    return len;
}

static void sync_log(struct library *l)
{
    char *error = NULL;

    rocksdb_flush_wal(((struct rocks *)l)->db, 1, &error);
    must(error);
}

static void describe(struct engine *e, char *out, size_t size)
{
    (void)e;
    (void)out;
    (void)size;
}

static void close_db(struct engine *e)
{
    struct rocks *r = (struct rocks *)e;

    rocksdb_close(r->db);
    rocksdb_options_destroy(r->options);
    rocksdb_readoptions_destroy(r->read);
    rocksdb_writeoptions_destroy(r->write);
    rocksdb_writeoptions_destroy(r->write_synced);
    rocksdb_cache_destroy(r->cache);
}

struct engine *rocks_engine(const char *name)
{
    static struct rocks rocks = {
        .base = { { open_db, library_run, library_wait, describe, close_db }, put, get, sync_log }
    };

    if (strncmp(name, "rocksdb", 7) != 0)
        return NULL;
    rocks.blobs = strcmp(name, "rocksdb-blob") == 0;
    return &rocks.base.base;
}
