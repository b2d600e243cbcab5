/* debug_protocol.c: DEBUG PROTOCOL: one reply of each type, for tests of clients. */
#include "admin/debug.h"

static void reply_numbers(struct call *c)
{
    for (int i = 0; i < 3; i++)
        reply_int(c->reply, i);
}

static void reply_attribute(struct call *c)
{
    if (c->reply->proto > 2) {
        reply_raw(c->reply, slice_str("|1\r\n"));
        reply_bulk_str(c->reply, "key-popularity");
        reply_array(c->reply, 2);
        reply_bulk_str(c->reply, "key:123");
        reply_int(c->reply, 90);
    }
    reply_bulk_str(c->reply, "Some real reply following the attribute");
}

static void reply_pushed(struct call *c)
{
    if (c->reply->proto < 3) {
        reply_error(c->reply, "ERR", "RESP2 is not supported by this command");
        return;
    }
    reply_push(c->reply, 2);
    reply_bulk_str(c->reply, "server-cpu-usage");
    reply_int(c->reply, 42);
    reply_bulk_str(c->reply, "Some real reply following the push reply");
}

static void reply_big_number(struct call *c)
{
    static const char number[] = "1234567999999999999999999999999999999";

    if (c->reply->proto < 3) {
        reply_bulk_str(c->reply, number);
        return;
    }
    reply_raw(c->reply, slice_str("("));
    reply_raw(c->reply, slice_str(number));
    reply_raw(c->reply, slice_str("\r\n"));
}

enum call_end debug_protocol(struct call *c)
{
    if (call_arg_is(c, 2, "string")) {
        reply_bulk_str(c->reply, "Hello World");
    } else if (call_arg_is(c, 2, "integer")) {
        reply_int(c->reply, 12345);
    } else if (call_arg_is(c, 2, "double")) {
        reply_double(c->reply, 3.141);
    } else if (call_arg_is(c, 2, "null")) {
        reply_null(c->reply);
    } else if (call_arg_is(c, 2, "array")) {
        reply_array(c->reply, 3);
        reply_numbers(c);
    } else if (call_arg_is(c, 2, "set")) {
        reply_set(c->reply, 3);
        reply_numbers(c);
    } else if (call_arg_is(c, 2, "map")) {
        reply_map(c->reply, 3);
        for (int i = 0; i < 3; i++) {
            reply_int(c->reply, i);
            reply_bool(c->reply, i == 1);
        }
    } else if (call_arg_is(c, 2, "attrib")) {
        reply_attribute(c);
    } else if (call_arg_is(c, 2, "push")) {
        reply_pushed(c);
    } else if (call_arg_is(c, 2, "verbatim")) {
        reply_verbatim(c->reply, "txt", slice_str("This is a verbatim\nstring"));
    } else if (call_arg_is(c, 2, "true") || call_arg_is(c, 2, "false")) {
        reply_bool(c->reply, call_arg_is(c, 2, "true"));
    } else if (call_arg_is(c, 2, "bignum")) {
        reply_big_number(c);
    } else {
        return call_error(c, "Wrong protocol type name. Please use one of the following: "
                             "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|"
                             "true|false");
    }
    return CALL_DONE;
}
