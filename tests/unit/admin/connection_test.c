/* connection_test.c: PING ECHO SELECT QUIT RESET TIME AUTH HELLO. */
#include <criterion/criterion.h>

#include "unit/admin/desk.h"

static struct desk d;

static void setup(void)
{
    desk_init(&d);
}

static void teardown(void)
{
    desk_deinit(&d);
}

TestSuite(connection, .init = setup, .fini = teardown);

#define NOAUTH    "-NOAUTH Authentication required.|"
#define WRONGPASS "-WRONGPASS invalid username-password pair or user is disabled.|"

/* A password, and a session that came after it was set. */
static void lock(const char *password)
{
    desk_is(&d, password, "+OK|");
    session_deinit(&d.session);
    session_init(&d.session, &d.instance);
}

Test(connection, ping_and_echo_answer)
{
    desk_is(&d, "PING", "+PONG|");
    desk_is(&d, "ping \"a b\"", "$3|a b|");
    desk_is(&d, "PING a b", "-ERR wrong number of arguments for 'ping' command|");
    desk_is(&d, "ECHO \"\"", "$0||");
    desk_is(&d, "ECHO", "-ERR wrong number of arguments for 'echo' command|");
}

Test(connection, select_takes_the_databases_there_are)
{
    desk_is(&d, "SELECT 15", "+OK|");
    cr_expect_eq(d.session.db, 15);
    desk_is(&d, "SELECT 16", "-ERR DB index is out of range|");
    desk_is(&d, "SELECT -1", "-ERR DB index is out of range|");
    desk_is(&d, "SELECT x", "-ERR value is not an integer or out of range|");
    desk_is(&d, "SELECT 99999999999",
            "-ERR value is out of range, value must between -2147483648 and 2147483647|");
    cr_expect_eq(d.session.db, 15);
    d.options.databases = 2;
    desk_is(&d, "SELECT 2", "-ERR DB index is out of range|");
}

Test(connection, quit_answers_before_it_closes)
{
    desk_is(&d, "QUIT now", "+OK|");
    cr_expect_eq(d.session.closing, SESSION_CLOSE_AFTER_REPLY);
}

Test(connection, time_is_seconds_and_microseconds_of_the_call)
{
    d.node.now_us = 1700000000000042;
    desk_is(&d, "TIME", "*2|$10|1700000000|$2|42|");
}

Test(connection, hello_has_seven_fields_in_order)
{
    desk_is(&d, "HELLO",
            "*14|$6|server|$5|redis|$7|version|$5|7.2.4|$5|proto|:2|$2|id|:7|$4|mode|$10|"
            "standalone|$4|role|$6|master|$7|modules|*0|");
    desk_is(&d, "HELLO 3 SETNAME me",
            "%7|$6|server|$5|redis|$7|version|$5|7.2.4|$5|proto|:3|$2|id|:7|$4|mode|$10|"
            "standalone|$4|role|$6|master|$7|modules|*0|");
    desk_is(&d, "CLIENT GETNAME", "$2|me|");
    desk_has(&d, "HELLO", "%7|");
    desk_has(&d, "HELLO 2", "*14|");
}

Test(connection, a_refused_hello_changes_nothing)
{
    desk_is(&d, "HELLO 4 SETNAME me", "-NOPROTO unsupported protocol version|");
    desk_is(&d, "HELLO 3x", "-ERR Protocol version is not an integer or out of range|");
    desk_is(&d, "HELLO 3 SETNAME \"a b\"",
            "-ERR Client names cannot contain spaces, newlines or special characters.|");
    desk_is(&d, "HELLO 3 SETNAME me AUTH x", "-ERR Syntax error in HELLO option 'AUTH'|");
    desk_is(&d, "HELLO 3 SETNAME me AUTH root x", WRONGPASS);
    desk_is(&d, "HELLO 3 SETNAME", "-ERR Syntax error in HELLO option 'SETNAME'|");
    desk_is(&d, "CLIENT GETNAME", "$-1|");
    cr_expect_eq(d.session.proto, 2);
}

Test(connection, without_a_password_auth_says_so_and_default_takes_any)
{
    desk_is(&d, "AUTH x",
            "-ERR AUTH <password> called without any password configured for the default user. "
            "Are you sure your configuration is correct?|");
    desk_is(&d, "AUTH default x", "+OK|");
    desk_is(&d, "AUTH somebody x", WRONGPASS);
    desk_is(&d, "AUTH a b c", "-ERR syntax error|");
    desk_is(&d, "AUTH", "-ERR wrong number of arguments for 'auth' command|");
}

Test(connection, with_a_password_nothing_runs_before_it_was_given)
{
    lock("CONFIG SET requirepass secret");
    desk_is(&d, "PING", NOAUTH);
    desk_is(&d, "GET k", NOAUTH);
    desk_is(&d, "EXEC",
            "-EXECABORT Transaction discarded because of: NOAUTH Authentication required.|");
    desk_is(&d, "NOSUCH", "-ERR unknown command 'NOSUCH', with args beginning with: |");
    desk_has(&d, "HELLO 3", "-NOAUTH HELLO must be called with the client already authenticated");
    cr_expect_eq(d.session.proto, 2);
    desk_is(&d, "AUTH secre", WRONGPASS);
    desk_is(&d, "AUTH secretsecret", WRONGPASS);
    desk_is(&d, "AUTH \"\"", WRONGPASS);
    desk_is(&d, "AUTH Default secret", WRONGPASS);
    desk_is(&d, "PING", NOAUTH);
    desk_is(&d, "AUTH secret", "+OK|");
    desk_is(&d, "PING", "+PONG|");
    desk_is(&d, "AUTH wrong", WRONGPASS);
    desk_is(&d, "PING", "+PONG|");
}

Test(connection, hello_may_bring_the_password_along)
{
    lock("CONFIG SET requirepass secret");
    desk_is(&d, "HELLO 3 AUTH default wrong", WRONGPASS);
    desk_is(&d, "PING", NOAUTH);
    desk_has(&d, "HELLO 3 AUTH default secret SETNAME me", "%7|");
    desk_is(&d, "CLIENT GETNAME", "$2|me|");
}

Test(connection, reset_makes_the_connection_as_new)
{
    lock("CONFIG SET requirepass secret");
    desk_has(&d, "HELLO 3 AUTH default secret SETNAME me", "%7|");
    desk_is(&d, "SELECT 3", "+OK|");
    desk_is(&d, "RESET", "+RESET|");
    desk_is(&d, "PING", NOAUTH);
    desk_is(&d, "AUTH secret", "+OK|");
    desk_is(&d, "CLIENT GETNAME", "$-1|");
    cr_expect_eq(d.session.db, 0);
}

Test(connection, a_new_password_does_not_shut_out_who_is_in)
{
    desk_is(&d, "CONFIG SET requirepass secret", "+OK|");
    desk_is(&d, "PING", "+PONG|");
}
