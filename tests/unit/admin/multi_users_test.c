/* multi_users_test.c: what users may within transactions. */
#include <criterion/criterion.h>
#include <string.h>

#include "session/acl.h"
#include "unit/admin/desk.h"

#define CHANGED                                                                                    \
    "-NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC "  \
    "call. This command is no longer allowed for the following reason: "

static struct desk d;
static struct session bob; /* "admin" is the desk's own, who may do everything */

static void setup(void)
{
    desk_init(&d);
    session_init(&bob, &d.instance);
    desk_is(&d, "ACL SETUSER bob on nopass ~a* +@all", "+OK|");
    cr_assert_str_eq(desk_ask_as(&d, &bob, "AUTH bob x"), "+OK|");
}

static void teardown(void)
{
    session_deinit(&bob);
    cr_expect_eq(d.instance.queued_bytes, 0u);
    desk_deinit(&d);
}

TestSuite(multi_users, .init = setup, .fini = teardown);

static void bob_is(const char *line, const char *reply)
{
    cr_expect_str_eq(desk_ask_as(&d, &bob, line), reply, "%s", line);
}

Test(multi_users, what_is_refused_while_it_is_queued_aborts_it)
{
    bob_is("MULTI", "+OK|");
    bob_is("SET a 1", "+QUEUED|");
    bob_is("SET b 1", "-NOPERM No permissions to access a key|");
    desk_has(&d, "ACL LOG 1", "|$3|key|$7|context|$5|multi|$6|object|$1|b|");
    bob_is("EXEC", "-EXECABORT Transaction discarded because of previous errors.|");
    desk_is(&d, "EXISTS a b", ":0|");
}

/* Also when it has to run more than once: each is asked for, and logged, once. */
Test(multi_users, rules_that_changed_since_are_held_against_each)
{
    for (int wanting = 0; wanting < 2; wanting++) {
        desk_is(&d, "MSET a 1 a2 2", "+OK|");
        desk_is(&d, "ACL LOG RESET", "+OK|");
        bob_is("MULTI", "+OK|");
        bob_is("SET a3 3", "+QUEUED|");
        bob_is("GET a", "+QUEUED|");
        bob_is("APPEND a2 x", "+QUEUED|");
        bob_is("CLIENT SETNAME x", "+QUEUED|");
        bob_is("CLIENT GETNAME", "+QUEUED|");
        bob_is("STRLEN a2", "+QUEUED|");
        desk_is(&d, "ACL SETUSER bob resetkeys ~a2 ~a3 -client|setname", "+OK|");
        d.view.wanting = wanting;
        bob_is("EXEC", "*6|+OK|" CHANGED "no permission to touch the specified keys|:2|" CHANGED
                       "no permission to execute the command or subcommand|$-1|:2|");
        cr_expect_eq(d.restarts > 0, wanting);
        d.view.wanting = false;
        cr_expect_null(strstr(desk_ask(&d, "ACL LOG"), "|$5|count|:2|"));
        desk_has(&d, "ACL LOG", "*2|");
        desk_is(&d, "ACL SETUSER bob ~a* +@all", "+OK|");
    }
}

/* What lacks cells behind it makes all of it run again. */
Test(multi_users, a_refusal_stays_and_is_logged_once)
{
    bob_is("MULTI", "+OK|");
    bob_is("GET a", "+QUEUED|");
    bob_is("GET a2", "+QUEUED|");
    desk_is(&d, "ACL SETUSER bob resetkeys ~a2", "+OK|");
    d.view.wanting = true;
    bob_is("EXEC", "*2|" CHANGED "no permission to touch the specified keys|$-1|");
    cr_expect_eq(d.restarts, 1u);
    desk_has(&d, "ACL LOG", "*1|*20|$5|count|:1|");
}

Test(multi_users, a_refused_write_does_nothing)
{
    bob_is("MULTI", "+OK|");
    bob_is("SET a 1", "+QUEUED|");
    bob_is("FLUSHALL", "+QUEUED|");
    bob_is("KEYS *", "+QUEUED|");
    desk_is(&d, "SET kept 1", "+OK|");
    desk_is(&d, "ACL SETUSER bob resetkeys -flushall -keys", "+OK|");
    bob_is("EXEC", "*3|" CHANGED "no permission to touch the specified keys|" CHANGED
                   "no permission to execute the command or subcommand|" CHANGED
                   "no permission to execute the command or subcommand|");
    desk_is(&d, "EXISTS a kept", ":1|");
}

/* Whoever is logged in when it is a command's turn counts, however often all of it runs. */
Test(multi_users, who_logs_in_within_it_is_asked_from_there_on)
{
    desk_is(&d, "ACL SETUSER eve on nopass ~e* +@all", "+OK|");
    desk_is(&d, "MSET a 1 e 2", "+OK|");
    d.view.wanting = true;
    bob_is("MULTI", "+OK|");
    bob_is("GET a", "+QUEUED|");
    bob_is("AUTH eve x", "+QUEUED|");
    bob_is("GET a", "+QUEUED|");
    bob_is("APPEND a5 x", "+QUEUED|");
    bob_is("EXEC", "*4|$1|1|+OK|" CHANGED "no permission to touch the specified keys|" CHANGED
                   "no permission to touch the specified keys|");
    bob_is("GET e", "$1|2|");
    desk_is(&d, "EXISTS a5", ":0|");
}

Test(multi_users, rules_that_change_within_it_count_behind_it)
{
    bob_is("MULTI", "+OK|");
    bob_is("SET a 1", "+QUEUED|");
    bob_is("ACL SETUSER bob -set", "+QUEUED|");
    bob_is("SET a 2", "+QUEUED|");
    bob_is("EXEC", "*3|+OK|+OK|" CHANGED "no permission to execute the command or subcommand|");
    desk_is(&d, "GET a", "$1|1|");
}

Test(multi_users, who_may_not_exec_has_no_transaction_any_more)
{
    bob_is("MULTI", "+OK|");
    bob_is("SET a 1", "+QUEUED|");
    desk_is(&d, "ACL SETUSER bob -exec", "+OK|");
    bob_is("EXEC", "-EXECABORT Transaction discarded because of: NOPERM User bob has no "
                   "permissions to run the 'exec' command|");
    bob_is("DISCARD", "-ERR DISCARD without MULTI|");
    bob_is("GET a", "$-1|");
}
