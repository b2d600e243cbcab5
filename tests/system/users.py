"""Users against the real binary: python3-redis and redis-cli log in and are held to what they may; the
ACL file is read at the start, loaded and saved; what is wrong with it is said with its line."""
import base64
import http.client
import json
import os
import shutil
import subprocess

import harness
import resp
import servers
from harness import OK
from tls import Certificates, Tls, with_tls

DEBIAN_PYTHON = "/usr/bin/python3"  # the one python3-redis is installed for

LIBRARY = """
import redis, sys
port = int(sys.argv[1])
r = redis.Redis(port=port, username="app", password="p w", decode_responses=True)
assert r.acl_whoami() == "app"
assert r.set("app:1", "v") and r.get("app:1") == "v"
for refused in (lambda: r.get("other"), lambda: r.config_get("*"), lambda: r.mget("app:1", "other")):
    try:
        refused()
        raise SystemExit("not refused")
    except redis.exceptions.NoPermissionError:
        pass
admin = redis.Redis(port=port, decode_responses=True)
assert admin.acl_setuser("made", enabled=True, passwords=["+x"], keys=["a*"], categories=["+@read"])
user = admin.acl_getuser("made")
assert user["enabled"] and "~a*" in user["keys"], user
assert user["flags"][0] == "on", user
assert "made" in admin.acl_users()
assert len(admin.acl_genpass()) == 64
log = admin.acl_log()
assert log[0]["username"] == "app" and log[0]["reason"] == "key", log
assert admin.acl_deluser("made") == 1
for user, password in (("app", "wrong"), ("nobody", "p w")):
    try:
        redis.Redis(port=port, username=user, password=password).ping()
        raise SystemExit("logged in")
    except (redis.exceptions.AuthenticationError, redis.exceptions.ResponseError) as e:
        assert "invalid username-password" in str(e), e
print("fine")
"""


def error(text):
    return ("-", text)


def write(server, name, text):
    path = f"{server.directory}/{name}"
    with open(path, "w", encoding="utf8") as f:
        f.write(text)
    return path


def read(path):
    with open(path, encoding="utf8") as f:
        return f.read()


def refusal(server, *options):
    """What a start that must not succeed says; its exit status."""
    done = subprocess.run(server.arguments() + list(options), capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr, done.returncode


def users_of_libraries(t, new, given):
    server = new()
    path = write(server, "h.conf", 'user app on ">p w" ~app:* +@read +@write +acl|whoami\n')
    server.command.insert(1, path)
    server.start()
    probe = subprocess.run([DEBIAN_PYTHON, "-c", "import redis"], capture_output=True, check=False)
    if probe.returncode != 0:
        t.skip("python3-redis", "not installed")
    else:
        done = subprocess.run([DEBIAN_PYTHON, "-c", LIBRARY, str(server.port)], capture_output=True, text=True,
                              timeout=60, check=False)
        t.equal(done.stdout.strip(), "fine", f"python3-redis: {done.stderr[-400:]}")
    if shutil.which("redis-cli") is None:
        t.skip("redis-cli", "not installed")
        return

    def cli(*words):
        done = subprocess.run(["redis-cli", "-p", str(server.port), "--no-auth-warning", *words],
                              capture_output=True, text=True, timeout=60, check=False)
        return (done.stdout + done.stderr).strip()

    app = ("--user", "app", "--pass", "p w")
    t.equal(cli(*app, "set", "app:2", "x"), "OK", "redis-cli writes its keys")
    t.check(cli(*app, "-3", "get", "app:2") in ("x", '"x"'), "redis-cli reads them, in RESP3 too")
    t.equal(cli(*app, "get", "b"), "NOPERM No permissions to access a key", "redis-cli is refused other keys")
    t.equal(cli(*app, "shutdown"), "NOPERM User app has no permissions to run the 'shutdown' command",
            "redis-cli is refused other commands")
    t.check("WRONGPASS" in cli("--user", "app", "--pass", "x", "get", "app:1"), "redis-cli with a wrong password")


def limited_user_can_do_nothing_else(t, new, given):
    """Every command of the table, with keys of others: nothing but NOPERM, or what needs no permission."""
    server = new("--enable-debug-command", "yes").start()
    with server.connect() as admin, server.connect() as c:
        t.equal(admin.call("ACL", "SETUSER", "app", "on", "nopass", "~app:*", "+get"), OK, "the user is made")
        t.equal(c.call("AUTH", "app", "any"), OK, "it logs in")
        admin.call("SET", "app:1", "v")
        admin.call("SET", "k", "v")
        t.equal(c.call("GET", "app:1"), ("$", b"v"), "its key")
        t.equal(c.call("GET", "k"), error(b"NOPERM No permissions to access a key"), "another's key")
        free = {b"auth", b"hello", b"quit", b"reset"}
        count = 0
        for row in admin.call("COMMAND")[1]:
            cells = row[1]
            for name, arity in [(cells[0][1], cells[1][1])] + [(s[1][0][1], s[1][1][1]) for s in cells[9][1]]:
                if name in free or name == b"get" or (name == cells[0][1] and cells[9][1]):
                    continue
                words = name.split(b"|")
                words += [b"k"] * max(0, abs(arity) - len(words))
                count += 1
                want = b"NOPERM User app has no permissions to run the '%s' command" % name
                if name == b"exec":
                    want = b"EXECABORT Transaction discarded because of: " + want
                t.equal(c.call(*words), error(want), name.decode())
        t.check(count > 80, "there are commands", str(count))
        t.equal(admin.call("GET", "k"), ("$", b"v"), "nothing changed")


def file_is_read_loaded_and_saved(t, new, given):
    server = new()
    path = write(server, "users.acl", "user default on nopass ~* &* +@all\nuser app on >p ~app:* +get\n")
    server.command += ["--aclfile", path]
    server.start()
    with server.connect() as admin, server.connect() as app, server.connect() as other:
        t.equal(app.call("AUTH", "app", "p"), OK, "a user of the file logs in")
        admin.call("ACL", "SETUSER", "other", "on", "nopass", "+ping")
        t.equal(other.call("AUTH", "other", "x"), OK, "a user made meanwhile, too")
        t.equal(admin.call("ACL", "SAVE"), OK, "ACL SAVE")
        t.equal(read(path).splitlines(), [line.decode() for _, line in admin.call("ACL", "LIST")[1]], "what it wrote")
        t.check(not os.path.exists(path + ".new"), "nothing else stays")
        write(server, "users.acl", "user app on >p ~app:* +get\nuser bad +nosuch\n\nuser worse #x\n")
        reply = admin.call("ACL", "LOAD")
        t.equal(reply, error(
            f"ERR {path}:2: Error in applying operation '+nosuch': Unknown command or category name in ACL. "
            f"{path}:4: The password hash must be exactly 64 characters and contain only lowercase hexadecimal "
            "characters. WARNING: ACL errors detected, no change to the previously active ACL rules was "
            "performed".encode()), "a file with errors changes nothing")
        t.equal(other.call("PING"), ("+", b"PONG"), "nobody is ended by it")
        write(server, "users.acl", "user app on >q ~app:* +set\n")
        t.equal(admin.call("ACL", "LOAD"), OK, "ACL LOAD")
        t.equal(admin.call("ACL", "USERS"), ("*", [("$", b"app"), ("$", b"default")]), "the users now")
        t.equal(other.call("PING"), resp.CLOSED, "who is gone is ended")
        t.equal(app.call("GET", "app:1"), error(b"NOPERM User app has no permissions to run the 'get' command"),
                "who stayed has the new rules")
        t.equal(app.call("SET", "app:1", "v"), OK, "and what they allow")
        t.equal(app.call("AUTH", "app", "p"),
                error(b"WRONGPASS invalid username-password pair or user is disabled."), "the old password")
    t.equal(server.stop(), 0, "exit status")
    server.start()
    with server.connect() as c:
        t.equal(c.call("AUTH", "app", "q"), OK, "after a start it is the same")


def own_load_ends_with_an_answer(t, new, given):
    server = new()
    path = write(server, "users.acl", "user default on nopass ~* &* +@all\nuser boss on nopass +@all\n")
    server.command += ["--aclfile", path]
    server.start()
    with server.connect() as boss:
        t.equal(boss.call("AUTH", "boss", "x"), OK, "the boss logs in")
        write(server, "users.acl", "")
        boss.send_raw(resp.encode([b"ACL", b"LOAD"]) + resp.encode([b"PING"]))
        t.equal(boss.read(), OK, "who removes itself is answered")
        t.equal(boss.read(), resp.CLOSED, "and ended, with nothing run behind it")


def save_that_fails_says_so(t, new, given):
    server = new()
    folder = f"{server.directory}/sub"
    os.mkdir(folder)
    path = f"{folder}/users.acl"
    with open(path, "w", encoding="utf8") as f:
        f.write("user default on nopass ~* &* +@all\n")
    server.command += ["--aclfile", path]
    server.start()
    os.unlink(path)
    os.rmdir(folder)
    with server.connect() as c:
        t.equal(c.call("ACL", "SAVE"), error(b"ERR There was an error trying to save the ACLs. Please check the "
                                             b"server logs for more information"), "ACL SAVE without its folder")
        t.check(f"Cannot save the users in '{path}'" in server.log_tail(), "the log says why")
        t.check(b"No such file or directory" in c.call("ACL", "LOAD")[1], "ACL LOAD says what is missing")
        t.equal(c.call("PING"), ("+", b"PONG"), "it goes on")


def mistakes_stop_the_start(t, new, given):
    server = new()
    conf = write(server, "h.conf", "port 0\n\nuser ok on\nuser bad on >secret +nosuch\n")
    server.command.insert(1, conf)
    said, status = refusal(server)
    t.check(status == 1 and f"{conf}:4: Error in applying operation '+nosuch'" in said, "a line of the configuration", said)
    t.check("secret" not in said, "no password is shown", said)
    said, status = refusal(server, "--aclfile", "/nowhere/users")
    t.check(status == 1 and "keep them in one place" in said, "users in two places", said)
    server.command.pop(1)
    path = write(server, "users.acl", "user a on\nuser a off >secret\n")
    said, status = refusal(server, "--aclfile", path)
    t.check(status == 1 and f"{path}:2: Duplicate user 'a' found" in said, "a line of the file", said)
    t.check("secret" not in said, "no password of the file is shown", said)
    said, status = refusal(server, "--aclfile", "/nowhere/users")
    t.check(status == 1 and "'/nowhere/users': No such file or directory" in said, "a file that is not there", said)
    said, status = refusal(server, "--user", "a", "bogus")
    t.check(status == 1 and "the command line:1: Syntax error" in said, "a user of the command line", said)


def passwords_are_nowhere(t, new, given):
    """What was given as a password is neither in the log nor in what clients can ask for."""
    server = new("--loglevel", "debug", "--requirepass", "s3cret-one").start()
    with server.connect() as c:
        c.call("AUTH", "s3cret-wrong")
        t.equal(c.call("AUTH", "s3cret-one"), OK, "logged in")
        c.call("ACL", "SETUSER", "u", "on", ">s3cret-two")
        c.call("ACL", "SETUSER", "u", "<s3cret-none")
        c.call("HELLO", "3", "AUTH", "u", "s3cret-two")
        c.call("HELLO", "3", "AUTH", "u", "s3cret-wrong")
        c.call("AUTH", "default", "s3cret-one")
        shown = resp.show(c.call("ACL", "LIST")) + resp.show(c.call("ACL", "LOG")) + resp.show(c.call("CLIENT", "LIST"))
        shown += resp.show(c.call("INFO", "all")) + resp.show(c.call("ACL", "GETUSER", "u"))
        t.check("s3cret" not in shown, "no reply has one", shown)
    t.equal(server.stop(), 0, "exit status")
    t.check("s3cret" not in server.log_tail(1 << 20), "nor has the log")


def changes_count_at_once(t, new, given):
    """Within one pipeline, and for a write that comes in pieces."""
    server = new().start()
    with server.connect() as admin, server.connect() as c:
        admin.call("ACL", "SETUSER", "u", "on", "nopass", "~a", "+@all", "-acl")
        t.equal(c.call("AUTH", "u", "x"), OK, "logged in")
        c.send_raw(b"".join(resp.encode(words) for words in (
            [b"SET", b"a", b"1"], [b"SET", b"b", b"1"], [b"RESET"], [b"SET", b"b", b"1"])))
        t.equal([c.read() for _ in range(4)],
                [OK, error(b"NOPERM No permissions to access a key"), ("+", b"RESET"), OK], "a pipeline")
        t.equal(c.call("AUTH", "u", "x"), OK, "again")
        t.equal(c.call("SET", "c", b"x" * (3 << 20)), error(b"NOPERM No permissions to access a key"), "a large value")
        t.equal(c.call("SET", "a", b"x" * (3 << 20)), OK, "one for its own key")
        t.equal(admin.call("EXISTS", "a", "b", "c"), (":", 2), "what is there")


def transactions_are_held_to_the_rules(t, new, given):
    """While they are queued, and again when they run."""
    server = new().start()
    why = (b"NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. "
           b"This command is no longer allowed for the following reason: no permission to ")
    with server.connect() as admin, server.connect() as c:
        admin.call("ACL", "SETUSER", "u", "on", "nopass", "~a*", "+@all")
        t.equal(c.call("AUTH", "u", "x"), OK, "logged in")
        t.equal(c.call("MULTI"), OK, "MULTI")
        t.equal(c.call("SET", "b", "1"), error(b"NOPERM No permissions to access a key"), "refused while it is queued")
        t.equal(c.call("EXEC"), error(b"EXECABORT Transaction discarded because of previous errors."), "it aborts")
        c.send_raw(b"".join(resp.encode(words) for words in (
            [b"MULTI"], [b"SET", b"a1", b"1"], [b"SET", b"a2", b"2"], [b"GET", b"a1"])))
        t.equal([c.read() for _ in range(4)], [OK] + 3 * [("+", b"QUEUED")], "queued")
        admin.call("ACL", "SETUSER", "u", "resetkeys", "~a1", "-get")
        t.equal(c.call("EXEC"), ("*", [OK, error(why + b"touch the specified keys"),
                                       error(why + b"execute the command or subcommand")]), "the rules of now")
        t.equal(admin.call("MGET", "a1", "a2", "b"), ("*", [("$", b"1"), ("$", None), ("$", None)]), "what is there")
        log = [dict(zip([k[1] for k in e[1][::2]], e[1][1::2])) for e in admin.call("ACL", "LOG")[1]]
        t.equal([(e[b"context"][1], e[b"object"][1]) for e in log],
                [(b"multi", b"get"), (b"multi", b"a2"), (b"multi", b"b")], "ACL LOG")
        c.call("MULTI")
        admin.call("ACL", "SETUSER", "u", "-exec")
        t.equal(c.call("EXEC"), error(b"EXECABORT Transaction discarded because of: NOPERM User u has no permissions to "
                                      b"run the 'exec' command"), "who may not EXEC")
        t.equal(c.call("DISCARD"), error(b"ERR DISCARD without MULTI"), "has no transaction any more")
        t.equal(c.call("MULTI"), OK, "MULTI again")
        admin.call("ACL", "DELUSER", "u")
        t.equal(c.call("EXEC"), resp.CLOSED, "who is deleted is ended, with what it queued")
        t.equal(admin.call("EXISTS", "a1"), (":", 1), "it goes on")


def limited_user_at_every_door(t, new, given):
    """`GET ~app:*` and nothing else: over TLS, within MULTI, as a listener, and over HTTP."""
    made = Certificates()
    http_port = servers.free_port()
    server = with_tls(new, made, "--http-port", str(http_port), "--http-bind", "127.0.0.1", "--requirepass", "all").start()
    no_key, no_channel = error(b"NOPERM No permissions to access a key"), error(b"NOPERM No permissions to access a channel")

    def no_command(name):
        return error(b"NOPERM User app has no permissions to run the '%s' command" % name)

    with server.connect() as admin, server.connect() as plain, Tls(server, made) as tls:
        t.equal(admin.call("AUTH", "all"), OK, "the administrator")
        t.equal(admin.call("ACL", "SETUSER", "app", "on", ">p", "~app:*", "+get"), OK, "the user is made")
        for key in ("app:1", "other", "App:1", "x:app:1"):
            t.check(harness.until(lambda name=key: admin.call("SET", name, "v") == OK, 20), "keys are there")  # it may be loading
        for door, c in (("plain", plain), ("TLS", tls)):
            t.equal(c.call("GET", "app:1"), error(b"NOAUTH Authentication required."), f"{door}: a stranger")
            t.equal(c.call("HELLO", "3", "AUTH", "app", "p")[0], "%", f"{door}: it logs in")
            t.equal(c.call("GET", "app:1"), ("$", b"v"), f"{door}: its key")
            for key in ("other", "App:1", "x:app:1", "", "app", "\0app:1"):
                t.equal(c.call("GET", key), no_key, f"{door}: {key!r}")
            c.send_raw(b"GET app:1\r\nGET other\r\nSET app:1 x\r\n")
            t.equal([c.read() for _ in range(3)], [("$", b"v"), no_key, no_command(b"set")], f"{door}: inline")
            for words, name in ((["MULTI"], b"multi"), (["WATCH", "app:1"], b"watch"), (["SUBSCRIBE", "app:1"], b"subscribe"), (["MONITOR"], b"monitor"), (["SELECT", "1"], b"select"),
                                (["CLIENT", "TRACKING", "on"], b"client|tracking"), (["PUBLISH", "app:1", "x"], b"publish"), (["MGET", "app:1"], b"mget"), (["KEYS", "app:*"], b"keys"),
                                (["SORT", "app:1", "BY", "nosort", "GET", "other"], b"sort"), (["CONFIG", "GET", "requirepass"], b"config|get"), (["ACL", "WHOAMI"], b"acl|whoami")):
                t.equal(c.call(*words), no_command(name), f"{door}: {name.decode()}")
        admin.call("ACL", "SETUSER", "app", "+multi", "+exec", "+discard", "+subscribe", "+psubscribe", "+ssubscribe", "+publish", "+watch")
        for door, c in (("plain", plain), ("TLS", tls)):
            t.equal(c.call("WATCH", "other"), no_key, f"{door}: WATCH of another's key")
            for words, refusal in ((["SET", "app:1", "x"], no_command(b"set")), (["GET", "other"], no_key), (["PUBLISH", "app:1", "x"], no_channel)):
                t.equal(c.call("MULTI"), OK, f"{door}: MULTI, if it may")
                t.equal(c.call("GET", "app:1"), ("+", b"QUEUED"), f"{door}: its key within")
                t.equal(c.call(*words), refusal, f"{door}: {words} within MULTI")
                t.equal(c.call("EXEC"), error(b"EXECABORT Transaction discarded because of previous errors."), f"{door}: EXEC")
            c.call("MULTI")
            c.call("GET", "app:1")
            t.equal(c.call("EXEC"), ("*", [("$", b"v")]), f"{door}: what it may is done")
            for words in (["SUBSCRIBE", "app:1"], ["PSUBSCRIBE", "*"], ["SSUBSCRIBE", "app:1"], ["PUBLISH", "app:1", "x"], ["SUBSCRIBE", "__keyspace@0__:app:1"]):
                t.equal(c.call(*words), no_channel, f"{door}: {words} without channels of its own")
        admin.call("ACL", "SETUSER", "app", "&app:*")
        t.equal(plain.call("SUBSCRIBE", "app:news", "other:news"), no_channel, "one of two channels")
        t.equal(plain.call("PSUBSCRIBE", "app:*"), (">", [("$", b"psubscribe"), ("$", b"app:*"), (":", 1)]), "a pattern that is its own")
        t.equal(plain.call("PSUBSCRIBE", "app:n*"), no_channel, "a narrower one is not, as in Redis")
        t.equal(tls.call("PUBLISH", "other:news", "x"), no_channel, "another's channel")
        t.equal(tls.call("PUBLISH", "app:news", "x"), (":", 1), "its channel")
        by_http(t, http_port, admin)
        t.equal(admin.call("MGET", "app:1", "other"), ("*", [("$", b"v"), ("$", b"v")]), "nothing has changed")


def by_http(t, port, admin):
    """The same user asks over HTTP, where PUT is SET and DELETE is DEL."""
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    basic = {"Authorization": "Basic " + base64.b64encode(b"app:p").decode(), "Accept": "application/octet-stream"}

    def ask(method, key, body=None, headers=None, where="/api/v1/keys/"):
        c.request(method, where + key, body, basic if headers is None else headers)
        answer = c.getresponse()
        return answer.status, answer.read()

    t.equal(ask("GET", "app:1"), (200, b"v"), "HTTP: its key")
    t.equal(ask("GET", "app%3A1"), (200, b"v"), "HTTP: its key, written otherwise")
    t.equal(ask("GET", "app:none")[0], 404, "HTTP: one that is not there")
    t.equal(ask("HEAD", "app:1")[0], 200, "HTTP: HEAD of its key")
    for method, key, body in (("GET", "other", None), ("HEAD", "other", None), ("GET", "App:1", None), ("GET", "", None), ("GET", "none", None), ("GET", "x%2fapp:1", None),
                              ("PUT", "app:1", b"x"), ("PUT", "other", b"x"), ("DELETE", "app:1", None), ("DELETE", "other", None), ("PUT", "app:1?db=1", b"x")):
        status, answer = ask(method, key, body)
        t.equal(status, 403, f"HTTP: {method} {key}")
        t.check(method == "HEAD" or json.loads(answer)["error"] == "NOPERM", f"HTTP: {method} {key} says so", repr(answer))
    t.equal(ask("GET", "", where="/metrics")[0], 403, "HTTP: the server's figures")
    admin.call("ACL", "SETUSER", "scraper", "on", ">s", "+info")
    scraper = {"Authorization": "Basic " + base64.b64encode(b"scraper:s").decode()}
    t.equal(ask("GET", "", headers=scraper, where="/metrics")[0], 200, "HTTP: who may INFO sees them")
    t.equal(ask("GET", "app:1", headers=scraper)[0], 403, "HTTP: and nothing else")
    for wrong in ({}, {"Authorization": "Basic " + base64.b64encode(b"app:wrong").decode()}, {"Authorization": "Bearer p"}):
        t.equal(ask("GET", "app:1", headers=wrong)[0], 401, "HTTP: who does not log in")
    log = resp.show(admin.call("ACL", "LOG", "50"), 100_000)
    t.check("addr=" in log and "auth" in log, "what was refused is in ACL LOG, over HTTP too")
    t.equal(ask("GET", "other")[0], 403, "HTTP: once more")
    mine = "addr=%s:%d laddr=127.0.0.1:%d " % (*c.sock.getsockname(), port)
    newest = resp.show(admin.call("ACL", "LOG", "1"), 100_000)
    t.check(mine in newest, "... with the address of who asked", newest)
    admin.call("ACL", "SETUSER", "app", "off")
    t.equal(ask("GET", "app:1")[0], 401, "HTTP: a user that is switched off")
    c.close()


TESTS = [users_of_libraries, limited_user_can_do_nothing_else, limited_user_at_every_door, file_is_read_loaded_and_saved,
         own_load_ends_with_an_answer, save_that_fails_says_so, mistakes_stop_the_start, passwords_are_nowhere,
         changes_count_at_once, transactions_are_held_to_the_rules]

if __name__ == "__main__":
    harness.main(__doc__, TESTS)
