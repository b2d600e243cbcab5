/* dump.c: cells as lines. */
#include "tool/dump.h"

#include <string.h>

#include "base/mem.h"

static const char *const kinds[] = {
    [CELL_HEAD] = "key",    [CELL_FIELD] = "field", [CELL_ITEM] = "item",
    [CELL_SCORE] = "score", [CELL_ENTRY] = "entry", [CELL_CHUNK] = "chunk",
};

static const char *kind_name(uint8_t kind)
{
    if (kind == CELL_FLUSH)
        return "flush";
    return kind < sizeof kinds / sizeof *kinds ? kinds[kind] : "unknown";
}

/* In quotes; what is no printable ASCII as \xNN. */
static void put_text(struct buf *to, struct slice text, uint64_t most)
{
    size_t len = text.len < most ? text.len : (size_t)most;

    buf_append_byte(to, '"');
    for (size_t i = 0; i < len; i++) {
        uint8_t c = text.data[i];
        if (c == '"' || c == '\\')
            buf_printf(to, "\\%c", c);
        else if (c < 0x20 || c > 0x7e)
            buf_printf(to, "\\x%02x", c);
        else
            buf_append_byte(to, c);
    }
    buf_append(to, slice_str(len < text.len ? "\"..." : "\""));
}

static size_t length_of(const struct cell *c, struct slice value)
{
    return c->flags & CELL_PARTS ? cell_value_length(c) : value.len;
}

void dump_cell(struct dump *d, const struct cell *c, struct slice value,
               const struct blob_ref *where)
{
    struct buf *to = &d->text;

    if (c->key.db == CELL_DB_ALL)
        buf_append(to, slice_str("db all "));
    else
        buf_printf(to, "db %u ", c->key.db);
    buf_printf(to, "%s ", kind_name(c->key.kind));
    put_text(to, c->key.key, UINT64_MAX);
    if (c->key.subkey.len) {
        buf_append_byte(to, ' ');
        put_text(to, c->key.subkey, UINT64_MAX);
    }
    if (c->flags & CELL_TOMBSTONE)
        buf_append(to, slice_str(" deleted"));
    else if (c->key.kind != CELL_FLUSH)
        buf_printf(to, " %s %zu bytes ", c->type == CELL_STRING ? "string" : "value",
                   where ? (size_t)where->length : length_of(c, value));
    if (!(c->flags & CELL_TOMBSTONE) && c->key.kind != CELL_FLUSH && d->value_bytes && value.data)
        put_text(to, value, d->value_bytes);
    if (c->flags & CELL_PARTS)
        buf_printf(to, " in %zu pieces", cell_parts(c));
    if (where)
        buf_printf(to, " in file %016llx at %llu", (unsigned long long)where->file,
                   (unsigned long long)where->offset);
    buf_printf(to, " stamp %llu origin %u", (unsigned long long)c->stamp, c->origin);
    if (c->flags & CELL_EXPIRES)
        buf_printf(to, " expires %llu", (unsigned long long)c->expire_ms);
    if (c->flags & CELL_CONTEXT)
        buf_printf(to, " context %zu bytes", c->context.len);
}

void dump_line(struct dump *d)
{
    d->store.tool->line(d->store.tool->owner, buf_slice(&d->text));
    d->text.len = 0;
}

void dump_damage(struct dump *d, const struct store_file *f, uint64_t offset, struct err e)
{
    char *path = file_path(d->store.dir, f->kind, f->id);

    tool_complain(d->store.tool, "%s: offset %llu: %s: see --check", path,
                  (unsigned long long)offset, e.os ? strerror(e.os) : e.what);
    d->damaged = true;
    mem_free(path);
}

enum tool_status dump_run(const struct tool *tool, const struct tool_args *args)
{
    struct dump d = { .value_bytes = args->value_bytes };
    bool open = tool_store_open(&d.store, tool, args->path);

    if (open && d.store.single)
        dump_file(&d, &d.store.files[0]);
    else if (open)
        dump_merged(&d);
    tool_store_close(&d.store);
    buf_deinit(&d.text);
    if (!open)
        return TOOL_FAILED;
    return d.damaged ? TOOL_FOUND : TOOL_GOOD;
}
