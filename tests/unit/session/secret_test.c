/* secret_test.c: which arguments nobody may see. */
#include "session/secret.h"

#include <criterion/criterion.h>

#include "resp/inline_split.h"

/* The line as it may be shown. */
static void shows(const char *line, const char *shown)
{
    struct slice rest = slice_str(line), argv[16];
    struct buf words[16] = { 0 }, out = { 0 };
    uint32_t argc = 0;

    while (inline_next(&rest, &words[argc]) == INLINE_ARG) {
        argv[argc] = buf_slice(&words[argc]);
        argc++;
    }
    for (uint32_t i = 0; i < argc; i++) {
        buf_printf(&out, i ? " " : "");
        buf_append(&out, secret_argument(argv, argc, i) ? slice_str("*") : argv[i]);
    }
    buf_append_byte(&out, 0);
    cr_expect_str_eq((const char *)out.data, shown);
    buf_deinit(&out);
    for (uint32_t i = 0; i < argc; i++)
        buf_deinit(&words[i]);
}

Test(secret, passwords_are_and_nothing_else)
{
    shows("AUTH p", "AUTH *");
    shows("auth u p", "auth * *");
    shows("auth u p q", "auth * * *");
    shows("HELLO 3 AUTH u p SETNAME n", "HELLO 3 AUTH * * SETNAME n");
    shows("HELLO 3 SETNAME auth AUTH u p", "HELLO 3 SETNAME auth AUTH * *");
    shows("HELLO 3 AUTH u", "HELLO 3 AUTH u");
    shows("ACL SETUSER u >p on", "ACL SETUSER * * *");
    shows("acl getuser u", "acl getuser *");
    shows("acl deluser u v", "acl deluser * *");
    shows("acl whoami", "acl whoami");
    shows("acl log 10", "acl log 10");
    shows("CONFIG SET maxclients 10 requirepass p", "CONFIG SET maxclients 10 requirepass *");
    shows("CONFIG GET requirepass", "CONFIG GET requirepass");
    shows("CONFIG SET requirepass", "CONFIG SET requirepass");
    shows("SET auth p", "SET auth p");
}
