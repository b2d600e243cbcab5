/* sim_resp.c: replies are read whole or not at all. */
#include "sim/sim_resp.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { DEPTH_MAX = 4 };

static bool parse_number(struct slice line, int64_t *out)
{
    bool negative = line.len && line.data[0] == '-';
    int64_t v = 0;

    if (line.len == (size_t)negative || line.len > 19)
        return false;
    for (size_t i = negative; i < line.len; i++) {
        if (line.data[i] < '0' || line.data[i] > '9')
            return false;
        v = v * 10 + (line.data[i] - '0');
    }
    *out = negative ? -v : v;
    return true;
}

static int read_value(struct slice bytes, struct sim_reply *out, int depth);

static int read_bulk(struct slice bytes, struct sim_reply *out)
{
    size_t at = out->head;

    if (out->number < 0) {
        out->kind = SIM_REPLY_NULL;
        out->size = at;
        return out->number == -1 ? 1 : -1;
    }
    if (bytes.len < at + (size_t)out->number + 2)
        return 0;
    out->kind = SIM_REPLY_BULK;
    out->text = slice_of(bytes.data + at, (size_t)out->number);
    out->size = at + (size_t)out->number + 2;
    return memcmp(bytes.data + out->size - 2, "\r\n", 2) == 0 ? 1 : -1;
}

static int read_list(struct slice bytes, struct sim_reply *out, int depth)
{
    size_t at = out->head;

    if (out->number < 0) {
        out->kind = SIM_REPLY_NULL;
        out->size = at;
        return out->number == -1 ? 1 : -1;
    }
    out->kind = SIM_REPLY_LIST;
    for (int64_t i = 0; i < out->number; i++) {
        struct sim_reply element;
        int end = read_value(slice_of(bytes.data + at, bytes.len - at), &element, depth + 1);

        if (end != 1)
            return end;
        at += element.size;
    }
    out->size = at;
    return 1;
}

static int read_value(struct slice bytes, struct sim_reply *out, int depth)
{
    const uint8_t *nl = bytes.len ? memchr(bytes.data, '\n', bytes.len) : NULL;
    struct slice line;

    *out = (struct sim_reply){ 0 };
    if (!nl)
        return bytes.len > 4096 ? -1 : 0;
    if (nl - bytes.data < 2 || nl[-1] != '\r' || depth > DEPTH_MAX)
        return -1;
    line = slice_of(bytes.data + 1, (size_t)(nl - bytes.data) - 2);
    out->head = out->size = (size_t)(nl - bytes.data) + 1;
    out->text = line;
    switch (bytes.data[0]) {
    case '+':
        out->kind = SIM_REPLY_STATUS;
        return 1;
    case '-':
        out->kind = SIM_REPLY_ERROR;
        return 1;
    case ':':
        out->kind = SIM_REPLY_INT;
        return parse_number(line, &out->number) ? 1 : -1;
    case '_':
        out->kind = SIM_REPLY_NULL;
        return line.len == 0 ? 1 : -1;
    case '$':
    case '=':
        return parse_number(line, &out->number) ? read_bulk(bytes, out) : -1;
    case '%':
        if (!parse_number(line, &out->number))
            return -1;
        out->number *= 2;
        return read_list(bytes, out, depth);
    case '*':
    case '~':
    case '>':
        return parse_number(line, &out->number) ? read_list(bytes, out, depth) : -1;
    default:
        return -1;
    }
}

int sim_reply_read(struct slice bytes, struct sim_reply *out)
{
    return read_value(bytes, out, 0);
}

void sim_reply_element(struct slice bytes, size_t *at, struct sim_reply *out)
{
    int end = read_value(slice_of(bytes.data + *at, bytes.len - *at), out, 1);

    assert(end == 1);
    *at += out->size;
}

void sim_command_begin(struct buf *out, size_t args)
{
    buf_printf(out, "*%zu\r\n", args);
}

void sim_command_arg(struct buf *out, struct slice arg)
{
    buf_printf(out, "$%zu\r\n", arg.len);
    buf_append(out, arg);
    buf_append(out, slice_str("\r\n"));
}

void sim_command_text(struct buf *out, const char *arg)
{
    sim_command_arg(out, slice_str(arg));
}

void sim_command_int(struct buf *out, int64_t arg)
{
    char text[32];

    snprintf(text, sizeof text, "%lld", (long long)arg);
    sim_command_text(out, text);
}
