/* acl_fixture.h: users of the whole table of commands, and lines of text to try them
 * with. */
#ifndef HENGE_TESTS_ACL_FIXTURE_H
#define HENGE_TESTS_ACL_FIXTURE_H

#include "session/acl.h"
#include "session/acl_rule.h"

/* The commands there are and, if they are not among them, rows like those of SORT, BITFIELD
 * and of commands with channels. */
struct command_table *fixture_table(void);

/* A user "u" that got the rules of the line, apart by spaces; the last one's end. */
struct acl_user *fixture_user(const struct acl_rows *rows, const char *rules,
                              enum acl_rule_end *end);

/* What acl_check() says about the line's command: "may", "run", "key N" or "channel N". */
const char *fixture_check(const struct acl_user *u, const char *line);

/* acl_may_read_all() for the line's command. */
bool fixture_reads_all(const struct acl_user *u, const char *line);

#endif
