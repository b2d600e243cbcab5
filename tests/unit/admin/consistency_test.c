/* consistency_test.c: CONSISTENCY, for a connection and for one command. */
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

TestSuite(consistency, .init = setup, .fini = teardown);

#define LEVELS(r, w) "*6|$4|read|" r "$5|write|" w "$1|n|:1|"
#define QUORUM       "$6|quorum|"
#define ONE          "$3|one|"
#define ALL          "$3|all|"

Test(consistency, is_quorum_unless_something_else_is_chosen)
{
    desk_is(&d, "CONSISTENCY", LEVELS(QUORUM, QUORUM));
    desk_is(&d, "CONSISTENCY one", "+OK|");
    desk_is(&d, "CONSISTENCY", LEVELS(ONE, ONE));
    desk_is(&d, "CONSISTENCY READ all WRITE Quorum", "+OK|");
    desk_is(&d, "CONSISTENCY", LEVELS(ALL, QUORUM));
    desk_is(&d, "CONSISTENCY write 3", "+OK|");
    desk_is(&d, "CONSISTENCY", LEVELS(ALL, "$1|3|"));
    desk_is(&d, "CONSISTENCY DEFAULT", "+OK|");
    desk_is(&d, "CONSISTENCY", LEVELS(QUORUM, QUORUM));
    d.session.proto = d.reply.proto = 3;
    desk_is(&d, "CONSISTENCY", "%3|$4|read|" QUORUM "$5|write|" QUORUM "$1|n|:1|");
}

Test(consistency, follows_the_servers_default_for_who_has_not_chosen)
{
    desk_is(&d, "CONFIG SET default-read-consistency one default-write-consistency 1", "+OK|");
    desk_is(&d, "CONSISTENCY", LEVELS(ONE, "$1|1|"));
    desk_is(&d, "CONFIG GET default-*-consistency",
            "*4|$24|default-read-consistency|" ONE "$25|default-write-consistency|$1|1|");
    desk_is(&d, "CONSISTENCY READ all", "+OK|");
    desk_is(&d, "CONFIG SET default-read-consistency quorum", "+OK|");
    desk_is(&d, "CONSISTENCY", LEVELS(ALL, "$1|1|"));
    desk_is(&d, "RESET", "+RESET|");
    desk_is(&d, "CONSISTENCY", LEVELS(QUORUM, "$1|1|"));
    desk_has(&d, "CONFIG SET default-read-consistency some",
             "argument must be one, quorum, all or a number from 1 to 255");
}

Test(consistency, of_one_command_is_forgotten_after_it)
{
    desk_is(&d, "CONSISTENCY one SET k v", "+OK|");
    desk_is(&d, "CONSISTENCY READ all GET k", "$1|v|");
    desk_is(&d, "CONSISTENCY all MGET k absent", "*2|$1|v|$-1|");
    desk_is(&d, "CONSISTENCY quorum CONFIG GET port", "*2|$4|port|$4|6379|");
    desk_is(&d, "CONSISTENCY DEFAULT INCR n", ":1|");
    desk_is(&d, "CONSISTENCY", LEVELS(QUORUM, QUORUM));
    desk_is(&d, "CONSISTENCY one NOSUCH a",
            "-ERR unknown command 'NOSUCH', with args beginning with: 'a' |");
    desk_is(&d, "CONSISTENCY one GET", "-ERR wrong number of arguments for 'get' command|");
}

Test(consistency, that_is_more_than_there_are_owners_is_refused_before_anything_is_done)
{
    desk_is(&d, "CONSISTENCY 2 SET k v", "-NOQUORUM need 2 of 1, 1 reachable|");
    desk_is(&d, "GET k", "$-1|");
    desk_is(&d, "CONSISTENCY READ 3", "+OK|");
    desk_is(&d, "GET k", "-NOQUORUM need 3 of 1, 1 reachable|");
    desk_is(&d, "SET k v", "+OK|");
    desk_is(&d, "PING", "+PONG|");
    desk_is(&d, "CONSISTENCY 1 GET k", "$1|v|");
    desk_is(&d, "CONSISTENCY all GET k", "$1|v|");
}

Test(consistency, of_a_transaction_is_that_of_its_exec)
{
    desk_is(&d, "MULTI", "+OK|");
    desk_is(&d, "SET k v", "+QUEUED|");
    desk_is(&d, "CONSISTENCY all EXEC", "*1|+OK|");
    desk_is(&d, "MULTI", "+OK|");
    desk_is(&d, "SET k w", "+QUEUED|");
    desk_is(&d, "CONSISTENCY WRITE 2 EXEC", "-NOQUORUM need 2 of 1, 1 reachable|");
    desk_is(&d, "GET k", "$1|v|");
    desk_is(&d, "MULTI", "+OK|");
    desk_is(&d, "CONSISTENCY one GET k", "-ERR A transaction has one consistency: say it of EXEC|");
    desk_is(&d, "EXEC", "-EXECABORT Transaction discarded because of previous errors.|");
    desk_is(&d, "MULTI", "+OK|");
    desk_is(&d, "CONSISTENCY one", "-ERR Command not allowed inside a transaction|");
    desk_is(&d, "CONSISTENCY one DISCARD", "+OK|");
}

Test(consistency, that_is_written_wrongly_is_an_error)
{
    static const char *const lines[] = {
        "CONSISTENCY some",    "CONSISTENCY READ", "CONSISTENCY READ x",
        "CONSISTENCY 0",       "CONSISTENCY 256",  "CONSISTENCY WRITE one READ",
        "CONSISTENCY one one", "CONSISTENCY -1",   "CONSISTENCY READ one READ one"
    };

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        desk_has(&d, lines[i], "-ERR ");
    desk_is(&d, "CONSISTENCY", LEVELS(QUORUM, QUORUM));
}

Test(consistency, may_stand_in_front_of_itself)
{
    desk_has(&d, "CONSISTENCY one CONSISTENCY", LEVELS(QUORUM, QUORUM));
    desk_is(&d, "CONSISTENCY one CONSISTENCY all", "+OK|");
    desk_is(&d, "CONSISTENCY", LEVELS(ALL, ALL));
    desk_has(&d, "CONSISTENCY one CONSISTENCY all GET k", "-ERR ");
}
