/* file_name.c: a word, the id, an ending. */
#include "lsm/file_name.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { ID_DIGITS = 16, NAME_ROOM = 40 };

struct shape {
    const char *before;
    const char *behind;
};

static const struct shape shapes[FILE_KINDS] = {
    [FILE_SEGMENT] = { "log-", ".seg" },
    [FILE_TABLE] = { "table-", ".tbl" },
    [FILE_BLOB] = { "blob-", ".blb" },
    [FILE_MANIFEST] = { "manifest-", ".mft" },
};

char *file_path(const char *dir, enum file_kind kind, uint64_t id)
{
    size_t room = strlen(dir) + 1 + NAME_ROOM;
    char *path = mem_alloc(room);

    snprintf(path, room, "%s/%s%016llx%s", dir, shapes[kind].before, (unsigned long long)id,
             shapes[kind].behind);
    return path;
}

/* Exactly ID_DIGITS of them; 0 is nobody's id. */
static bool id_parse(const char *text, uint64_t *id)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t value = 0;

    for (unsigned i = 0; i < ID_DIGITS; i++) {
        const char *digit = memchr(digits, text[i], 16);
        if (!digit)
            return false;
        value = value << 4 | (uint64_t)(digit - digits);
    }
    *id = value;
    return value != 0;
}

bool file_name_parse(const char *name, enum file_kind *kind, uint64_t *id)
{
    size_t len = strlen(name);

    for (unsigned k = 0; k < FILE_KINDS; k++) {
        size_t before = strlen(shapes[k].before);
        if (len != before + ID_DIGITS + strlen(shapes[k].behind) ||
            memcmp(name, shapes[k].before, before) != 0 ||
            strcmp(name + before + ID_DIGITS, shapes[k].behind) != 0)
            continue;
        *kind = (enum file_kind)k;
        return id_parse(name + before, id);
    }
    return false;
}
