/* acl_test.c: ACL, and logging in as somebody. */
#include <criterion/criterion.h>

#include "base/limits.h"
#include "session/acl.h"
#include "session/acl_file.h"
#include "session/acl_rule.h"
#include "unit/admin/desk.h"

static struct desk d;
static struct session other;
static unsigned cut_count, saved_count;
static uint64_t cut_id;

static void look(const struct session *s, struct session_buffers *out)
{
    cr_assert(!s->aside, "the door is asked about its own alone");
    *out = (struct session_buffers){ 0 };
}

static void cut(struct session *s)
{
    cut_count++;
    cut_id = s->id;
}

static void saved(struct instance *in)
{
    (void)in;
    saved_count++;
}

static const struct instance_door door = { .look = look, .cut = cut, .saved = saved };

static void setup(void)
{
    desk_init(&d);
    d.instance.door = &door;
    d.node.now_us = 1700000000000000;
    session_init(&other, &d.instance); /* number 8 */
}

static void teardown(void)
{
    session_deinit(&other);
    desk_deinit(&d);
}

TestSuite(acl, .init = setup, .fini = teardown);

#define other_is(line, text) cr_expect_str_eq(desk_ask_as(&d, &other, line), text, "%s", line)
#define other_has(line, text)                                                                      \
    cr_expect(strstr(desk_ask_as(&d, &other, line), text), "%s: %s", line, d.shown.data)

Test(acl, there_is_one_user_at_first_and_others_are_made)
{
    desk_is(&d, "ACL WHOAMI", "$7|default|");
    desk_is(&d, "ACL USERS", "*1|$7|default|");
    desk_is(&d, "ACL LIST", "*1|$51|user default on nopass sanitize-payload ~* &* +@all|");
    desk_is(&d, "ACL SETUSER bob on >p ~a +get", "+OK|");
    desk_is(&d, "ACL SETUSER \"\"", "+OK|");
    desk_is(&d, "ACL USERS", "*3|$0||$3|bob|$7|default|");
    desk_is(&d, "ACL GETUSER nobody", "$-1|");
    desk_is(&d, "ACL SETUSER \"a b\"", "-ERR Usernames can't contain spaces or null characters|");
    desk_is(&d, "ACL SETUSER \"a\\x00b\"",
            "-ERR Usernames can't contain spaces or null characters|");
}

Test(acl, getuser_shows_all_in_both_protocols)
{
    desk_is(&d, "ACL SETUSER bob on >p ~a %R~b &c +get (~x +set)", "+OK|");
    desk_is(&d, "ACL GETUSER bob",
            "*12|$5|flags|*2|$2|on|$16|sanitize-payload|$9|passwords|*1|$64|"
            "148de9c5a7a44d19e56cd9ae1a554bf67847afb0c58f6e12fa29ac7ddfca9940|"
            "$8|commands|$10|-@all +get|$4|keys|$7|~a %R~b|$8|channels|$2|&c|$9|selectors|*1|*6|"
            "$8|commands|$10|-@all +set|$4|keys|$2|~x|$8|channels|$0||");
    d.session.proto = 3;
    desk_has(&d, "ACL GETUSER bob", "%6|$5|flags|~2|$2|on|");
    desk_has(&d, "ACL GETUSER bob", "*1|%3|$8|commands|");
    desk_is(&d, "ACL GETUSER nobody", "_|");
}

Test(acl, setuser_takes_all_rules_or_none)
{
    desk_is(&d, "ACL SETUSER bob on ~a +nosuch",
            "-ERR Error in ACL SETUSER modifier '+nosuch': Unknown command or category name in "
            "ACL|");
    desk_is(&d, "ACL GETUSER bob", "$-1|");
    desk_is(&d, "ACL SETUSER bob +get", "+OK|");
    desk_is(&d, "ACL SETUSER bob on ~b bogus",
            "-ERR Error in ACL SETUSER modifier 'bogus': Syntax error|");
    desk_is(&d, "ACL SETUSER bob bogus ( +get",
            "-ERR Unmatched parenthesis in acl selector starting at '('.|");
    desk_is(&d, "ACL SETUSER bob ( +get x )",
            "-ERR Error in ACL SETUSER modifier '( +get x )': Syntax error|");
    desk_is(&d, "ACL LIST",
            "*2|$54|user bob off sanitize-payload resetchannels -@all +get|"
            "$51|user default on nopass sanitize-payload ~* &* +@all|");
    desk_is(&d, "CONFIG SET acl-pubsub-default allchannels", "+OK|");
    desk_is(&d, "ACL SETUSER eve (~a) reset (~b)", "+OK|");
    desk_has(&d, "ACL LIST", "user eve off sanitize-payload &* -@all (~b &* -@all)|");
}

Test(acl, users_log_in_with_their_passwords_if_they_are_on)
{
    static const char wrong[] = "-WRONGPASS invalid username-password pair or user is disabled.|";

    desk_is(&d, "ACL SETUSER bob >p >q", "+OK|");
    other_is("AUTH bob p", wrong);
    desk_is(&d, "ACL SETUSER bob on", "+OK|");
    other_is("AUTH bob p", "+OK|");
    other_is("AUTH bob P", wrong);
    other_is("AUTH bob \"\"", wrong);
    other_is("AUTH Bob p", wrong);
    other_is("AUTH bob q", "+OK|");
    other_has("HELLO 3 AUTH bob p", "%7|");
    other.proto = 2;
    desk_is(&d, "ACL SETUSER bob off", "+OK|");
    other_is("AUTH bob q", wrong);
    other_is("PING", "-NOPERM User bob has no permissions to run the 'ping' command|");
    desk_is(&d, "ACL SETUSER bob nopass on +acl|whoami", "+OK|");
    other_is("AUTH bob anything", "+OK|");
    other_is("ACL WHOAMI", "$3|bob|");
    desk_has(&d, "CLIENT LIST ID 8", " user=bob redir");
    other_is("RESET", "+RESET|");
    other_is("ACL WHOAMI", "$7|default|");
}

Test(acl, requirepass_is_the_password_of_default)
{
    desk_is(&d, "CONFIG SET requirepass secret", "+OK|");
    desk_has(&d, "ACL LIST",
             "user default on sanitize-payload #2bb80d537b1da3e38bd30361aa855686bd"
             "e0eacd7162fef6a25fe97bf527a25b ~* &* +@all");
    session_reset(&other);
    other_is("GET k", "-NOAUTH Authentication required.|");
    desk_is(&d, "ACL SETUSER default nopass", "+OK|"); /* who waits outside may come in */
    other_is("PING", "+PONG|");
    desk_is(&d, "ACL SETUSER default off", "+OK|");
    other_is("PING", "-NOAUTH Authentication required.|");
    desk_is(&d, "PING", "+PONG|"); /* ... who is in stays */
    desk_is(&d, "CONFIG SET timeout 5", "+OK|");
    desk_has(&d, "ACL LIST", "user default off nopass ");
    desk_is(&d, "CONFIG SET requirepass \"\"", "+OK|");
    desk_has(&d, "ACL LIST", "user default off nopass ");
}

Test(acl, what_a_user_may_not_is_refused_and_logged)
{
    desk_is(&d, "ACL SETUSER bob on nopass ~a +get +mget", "+OK|");
    other_is("AUTH bob x", "+OK|");
    other_is("GET b", "-NOPERM No permissions to access a key|");
    other_is("MGET a b", "-NOPERM No permissions to access a key|");
    other_is("config get x",
             "-NOPERM User bob has no permissions to run the 'config|get' command|");
    other_is("NOSUCH", "-ERR unknown command 'NOSUCH', with args beginning with: |");
    other_is("GET", "-ERR wrong number of arguments for 'get' command|");
    other_is("AUTH bob", "-ERR AUTH <password> called without any password configured for the "
                         "default user. Are you sure your configuration is correct?|");
    d.node.now_us += 1500000;
    desk_has(&d, "ACL LOG",
             "*2|*20|$5|count|:1|$6|reason|$7|command|$7|context|$8|toplevel|$6|object|$10|"
             "config|get|$8|username|$3|bob|$11|age-seconds|$3|1.5|$11|client-info|$");
    desk_has(&d, "ACL LOG",
             "|*20|$5|count|:2|$6|reason|$3|key|$7|context|$8|toplevel|$6|object|$1|b|$8|username|"
             "$3|bob|");
    desk_has(&d, "ACL LOG",
             "|$8|entry-id|:0|$17|timestamp-created|:1700000000000|$22|timestamp-last-updated|"
             ":1700000000000|");
    desk_has(&d, "INFO stats", "acl_access_denied_cmd:1");
    desk_has(&d, "INFO stats", "acl_access_denied_key:2");
    desk_is(&d, "ACL LOG RESET", "+OK|");
    desk_is(&d, "ACL LOG", "*0|");
}

Test(acl, the_log_has_a_longest_length_and_joins_what_is_alike_for_a_minute)
{
    desk_is(&d, "CONFIG SET acllog-max-len 3", "+OK|");
    other_has("AUTH a x", "-WRONGPASS");
    other_has("AUTH a x", "-WRONGPASS");
    d.node.now_us += 61000000;
    other_has("AUTH a x", "-WRONGPASS"); /* a new one: too late */
    desk_has(&d, "ACL LOG 1", "*1|*20|$5|count|:1|$6|reason|$4|auth|");
    desk_has(&d, "ACL LOG 2", "*2|");
    other_has("HELLO 2 AUTH b x", "-WRONGPASS");
    desk_has(&d, "ACL LOG 1", "|$6|object|$5|HELLO|$8|username|$1|b|");
    other_has("AUTH c x", "-WRONGPASS");
    desk_has(&d, "ACL LOG 10", "*3|");
    desk_is(&d, "ACL LOG -1", "*0|");
    desk_is(&d, "ACL LOG x", "-ERR value is not an integer or out of range|");
    desk_is(&d, "CONFIG SET acllog-max-len 1", "+OK|");
    desk_has(&d, "ACL LOG", "*1|");
    desk_is(&d, "CONFIG SET acllog-max-len 0", "+OK|");
    other_has("AUTH d x", "-WRONGPASS");
    desk_is(&d, "ACL LOG", "*0|");
    desk_has(&d, "INFO stats", "acl_access_denied_auth:6");
}

Test(acl, the_log_keeps_a_part_of_long_names)
{
    struct buf line = { 0 };

    buf_printf(&line, "AUTH %0*d x", 3 * LIMIT_ACL_LOG_OBJECT, 1);
    buf_append_byte(&line, 0);
    other_has((const char *)line.data, "-WRONGPASS");
    desk_has(&d, "ACL LOG", "|$8|username|$1024|000");
    buf_deinit(&line);
}

Test(acl, a_deleted_user_is_gone_with_its_connections)
{
    desk_is(&d, "ACL SETUSER bob on nopass +@all ~* &*", "+OK|");
    desk_is(&d, "ACL SETUSER eve", "+OK|");
    other_is("AUTH bob x", "+OK|");
    desk_is(&d, "ACL DELUSER bob default",
            "-ERR The 'default' user cannot be removed|"); /* and nobody else then */
    desk_is(&d, "ACL DELUSER nobody", ":0|");
    cut_count = 0;
    desk_is(&d, "ACL DELUSER bob nobody eve bob", ":2|");
    cr_expect(cut_count == 1 && cut_id == other.id && other.cut);
    cr_expect(other.user == d.session.user && !other.authenticated);
    desk_is(&d, "ACL USERS", "*1|$7|default|");
}

Test(acl, who_deletes_itself_is_told_first)
{
    desk_is(&d, "ACL SETUSER bob on nopass +@all ~* &*", "+OK|");
    other_is("AUTH bob x", "+OK|");
    cut_count = 0;
    other_is("ACL DELUSER bob", ":1|");
    cr_expect_eq(cut_count, 0);
    cr_expect_eq(other.closing, SESSION_CLOSE_AFTER_REPLY);
}

Test(acl, kill_by_user)
{
    desk_is(&d, "ACL SETUSER bob on nopass", "+OK|");
    desk_is(&d, "CLIENT KILL USER bob", ":0|");
    other_is("AUTH bob x", "+OK|");
    desk_is(&d, "CLIENT KILL USER nobody", "-ERR No such user 'nobody'|");
    desk_is(&d, "CLIENT KILL USER bob", ":1|");
    cr_expect(other.cut);
}

Test(acl, dryrun_says_which_key_or_command)
{
    desk_is(&d, "ACL SETUSER bob ~a +get", "+OK|");
    desk_is(&d, "ACL DRYRUN bob get a", "+OK|");
    desk_is(&d, "ACL DRYRUN bob get b", "$49|User bob has no permissions to access the 'b' key|");
    desk_is(&d, "ACL DRYRUN bob config get x",
            "$59|User bob has no permissions to run the 'config|get' command|");
    desk_is(&d, "ACL DRYRUN nobody get a", "-ERR User 'nobody' not found|");
    desk_is(&d, "ACL DRYRUN bob nosuch", "-ERR Command 'nosuch' not found|");
    desk_is(&d, "ACL DRYRUN bob config nosuch", "-ERR Command 'config' not found|");
    desk_is(&d, "ACL DRYRUN bob config", "-ERR wrong number of arguments for 'config' command|");
    desk_is(&d, "ACL DRYRUN bob get", "-ERR wrong number of arguments for 'get' command|");
}

Test(acl, cat_names_categories_and_commands)
{
    desk_has(&d, "ACL CAT", "*21|$8|keyspace|$4|read|$5|write|");
    desk_has(&d, "ACL CAT CONNECTION", "|$9|client|id|");
    desk_is(&d, "ACL CAT geo", "*0|");
    desk_is(&d, "ACL CAT nosuch", "-ERR Unknown category 'nosuch'|");
    desk_is(&d, "ACL CAT a b",
            "-ERR unknown subcommand or wrong number of arguments for 'CAT'. Try ACL HELP.|");
}

Test(acl, genpass_is_as_long_as_was_asked_for)
{
    desk_is(&d, "ACL GENPASS",
            "$64|0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20|");
    desk_is(&d, "ACL GENPASS 1", "$1|0|");
    desk_is(&d, "ACL GENPASS 9", "$3|010|");
    desk_has(&d, "ACL GENPASS 4096", "$1024|0102");
    desk_has(&d, "ACL GENPASS 4097", "a positive number up to 4096|");
    desk_has(&d, "ACL GENPASS 0", "a positive number up to 4096|");
    desk_is(&d, "ACL GENPASS x", "-ERR value is not an integer or out of range|");
}

Test(acl, a_password_has_a_longest_length)
{
    struct buf line = { 0 };

    desk_is(&d, "ACL SETUSER bob on nopass", "+OK|");
    for (int more = 0; more < 2; more++) {
        line.len = 0;
        buf_printf(&line, "AUTH bob %0*d", LIMIT_PASSWORD + more, 1);
        buf_append_byte(&line, 0);
        other_has((const char *)line.data, more ? "-WRONGPASS" : "+OK|");
    }
    line.len = 0;
    buf_printf(&line, "ACL SETUSER bob >%0*d", LIMIT_PASSWORD + 1, 1);
    buf_append_byte(&line, 0);
    desk_has(&d, (const char *)line.data, ": The user has more rules than fit|");
    line.len = 0;
    buf_printf(&line, "CONFIG SET requirepass %0*d", LIMIT_PASSWORD + 1, 1);
    buf_append_byte(&line, 0);
    desk_has(&d, (const char *)line.data, "-ERR CONFIG SET failed");
    desk_has(&d, "ACL LIST", "user default on nopass ");
    buf_deinit(&line);
}

/* --- permissions of calls that were queued, and SORT */

static const char *permit_queued(const char *user, const struct command *row, const char *key)
{
    struct slice argv[] = { slice_str(row->name), slice_str(key) };
    struct call c = { .row = row, .argv = argv, .argc = 2, .reply = &d.reply, .session = &other };

    other.user = acl_find(d.instance.acl, slice_str(user));
    if (acl_permit_queued(&c))
        reply_ok(&d.reply);
    return desk_ask(&d, "PING");
}

Test(acl, a_queued_command_is_looked_at_again)
{
    const struct command *get = command_find(d.instance.commands, slice_str("get"));

    desk_is(&d, "ACL SETUSER bob ~a +get", "+OK|");
    cr_expect_str_eq(permit_queued("default", get, "b"), "+OK|+PONG|");
    cr_expect_str_eq(permit_queued("bob", get, "a"), "+OK|+PONG|");
    cr_expect_str_eq(permit_queued("bob", get, "b"),
                     "-NOPERM ACLs rules changed between the moment the transaction was "
                     "accumulated and the EXEC call. This command is no longer allowed for the "
                     "following reason: no permission to touch the specified keys|+PONG|");
    desk_is(&d, "ACL SETUSER bob -get", "+OK|");
    cr_expect_str_eq(permit_queued("bob", get, "a"),
                     "-NOPERM ACLs rules changed between the moment the transaction was "
                     "accumulated and the EXEC call. This command is no longer allowed for the "
                     "following reason: no permission to execute the command or subcommand|"
                     "+PONG|");
    desk_has(&d, "ACL LOG 1", "|$7|context|$5|multi|$6|object|$3|get|");
    other.user = d.instance.acl->deflt;
}

Test(acl, keys_among_options_are_keys_too)
{
    desk_is(&d, "ACL SETUSER bob on nopass ~a %R~r +@all -@list +sort", "+OK|");
    cr_expect_str_eq(desk_ask_as(&d, &other, "AUTH bob x"), "+OK|");
    cr_expect_str_eq(desk_ask_as(&d, &other, "SORT r STORE a"), ":0|");
    cr_expect_str_eq(desk_ask_as(&d, &other, "SORT a STORE r"),
                     "-NOPERM No permissions to access a key|");
    cr_expect_str_eq(desk_ask_as(&d, &other, "SORT_RO r"),
                     "-NOPERM User bob has no permissions to run the 'sort_ro' command|");
    cr_expect_str_eq(desk_ask_as(&d, &other, "BITFIELD r GET u8 0"), "*1|:0|");
    cr_expect_str_eq(desk_ask_as(&d, &other, "BITFIELD r SET u8 0 1"),
                     "-NOPERM No permissions to access a key|");
}

/* --- the file */

static struct job *submitted;

static void submit(struct pool *pool, struct job *job)
{
    (void)pool;
    cr_assert_null(submitted, "one job at a time");
    submitted = job;
}

static struct err open_nothing(struct fs *fs, const char *path, unsigned flags,
                               struct fs_file **out)
{
    (void)fs, (void)path, (void)flags, (void)out;
    return err_make(ERR_NOT_FOUND, 2, "open a file");
}

static struct err remove_nothing(struct fs *fs, const char *path)
{
    (void)fs, (void)path;
    return err_make(ERR_NOT_FOUND, 2, "remove a file");
}

struct waiting_call {
    struct slice argv[2];
    struct call c;
};

static enum call_end run_file(struct waiting_call *w, const char *sub)
{
    if (!w->c.argc) {
        w->argv[0] = slice_str("ACL");
        w->argv[1] = slice_str(sub);
        w->c =
            (struct call){ .argv = w->argv, .argc = 2, .reply = &d.reply, .scratch = &d.scratch };
        cr_assert(session_admit(&d.session, &w->c));
    }
    return w->c.row->run(&w->c);
}

static void end_job(void)
{
    struct job *job = submitted;

    submitted = NULL;
    job->run(job);
    job->done(job);
}

Test(acl, without_a_file_there_is_nothing_to_load_or_save)
{
    desk_has(&d, "ACL LOAD", "-ERR This Redis instance is not configured to use an ACL file.");
    desk_has(&d, "ACL SAVE", "-ERR This Redis instance is not configured to use an ACL file.");
}

Test(acl, load_and_save_wait_for_a_job_one_after_the_other)
{
    struct pool pool = { submit };
    struct fs fs = { .open = open_nothing, .remove = remove_nothing };
    struct waiting_call load = { 0 }, save = { 0 };
    struct buf why = { 0 };

    cr_assert(
        options_set(&d.options, options_find(slice_str("aclfile")), slice_str("users"), &why));
    d.env.pool = &pool;
    d.env.fs = &fs;
    submitted = NULL;
    saved_count = 0;
    cr_expect_eq(run_file(&load, "LOAD"), CALL_SAVE);
    cr_assert(submitted);
    cr_expect_eq(run_file(&save, "SAVE"), CALL_SAVE); /* waits for the other */
    cr_expect_eq(run_file(&load, "LOAD"), CALL_SAVE); /* woken by somebody else's */
    end_job();
    cr_expect_eq(saved_count, 1);
    cr_expect_eq(run_file(&load, "LOAD"), CALL_DONE);
    desk_has(&d, "PING",
             "-ERR Error loading ACLs, opening file 'users': No such file or directory. WARNING: "
             "ACL errors detected, no change to the previously active ACL rules was performed|");
    cr_expect_eq(run_file(&save, "SAVE"), CALL_SAVE);
    end_job();
    cr_expect_eq(run_file(&save, "SAVE"), CALL_DONE);
    desk_has(&d, "PING", "-ERR There was an error trying to save the ACLs.");
    buf_deinit(&why);
}

Test(acl, all_users_are_replaced_and_only_those_who_are_gone_are_ended)
{
    struct acl_set fresh;
    struct buf why = { 0 };

    desk_is(&d, "ACL SETUSER bob on nopass +get ~*", "+OK|");
    desk_is(&d, "ACL SETUSER eve on nopass +get ~*", "+OK|");
    other_is("AUTH bob x", "+OK|");
    cr_assert(acl_parse_file(slice_str("user bob on nopass +@all ~*\nuser new on"), "f",
                             &d.instance.acl->rows, false, &fresh, &why));
    cut_count = 0;
    acl_replace_all(&d.instance, &fresh, 0);
    cr_expect_eq(cut_count, 0);
    cr_expect(acl_is_sound(d.instance.acl));
    other_is("ACL WHOAMI", "$3|bob|");
    desk_is(&d, "ACL USERS", "*3|$3|bob|$7|default|$3|new|");
    cr_assert(acl_parse_file(slice_str("user default on nopass +@all -get ~*"), "f",
                             &d.instance.acl->rows, false, &fresh, &why));
    acl_replace_all(&d.instance, &fresh, 0);
    cr_expect(cut_count == 1 && cut_id == other.id);
    cr_expect(acl_is_sound(d.instance.acl));
    desk_is(&d, "GET k", "-NOPERM User default has no permissions to run the 'get' command|");
    buf_deinit(&why);
}

Test(acl, users_have_a_largest_size_together)
{
    struct buf line = { 0 };
    const char *said = "";

    for (int i = 0; i < 200 && strncmp(said, "-ERR", 4) != 0; i++) {
        line.len = 0;
        buf_printf(&line, "ACL SETUSER u%d &%0*d", i, LIMIT_ACL_USER_BYTES / 2, 1);
        buf_append_byte(&line, 0);
        said = desk_ask(&d, (const char *)line.data);
    }
    cr_expect_str_eq(said, "-ERR The users are larger than fit together|");
    cr_expect_leq(d.instance.acl->users.bytes, LIMIT_ACL_BYTES);
    cr_expect_geq(d.instance.acl->users.bytes, LIMIT_ACL_BYTES - LIMIT_ACL_USER_BYTES);
    desk_is(&d, "CONFIG SET requirepass p", "+OK|"); /* must work then, too */
    cr_expect(acl_is_sound(d.instance.acl));
    session_reset(&other);
    other_is("PING", "-NOAUTH Authentication required.|");
    buf_deinit(&line);
}

Test(acl, the_log_has_who_comes_by_another_door)
{
    struct session aside;

    session_init_aside(&aside, &d.instance); /* number 9 */
    cr_expect(!acl_let_in(&aside, slice_str("HTTP"), slice_str("nobody"), slice_str("x")));
    desk_has(&d, "ACL LOG", "$6|reason|$4|auth|$7|context|$8|toplevel|$6|object|$4|HTTP|");
    desk_has(&d, "ACL LOG", "id=9 addr=?:0 ");
    session_deinit(&aside);
}
