"""MEMORY, DEBUG and CLIENT LIST of a whole server: jobs, waits, many keys."""
import hashlib
import time

import harness
import resp
import servers
from harness import OK, until

PONG = ("+", b"PONG")


def sleep_lets_others_go_on(t, new, given):
    del given
    server = new("--enable-debug-command", "local").start()
    with server.connect() as sleeper, server.connect() as other:
        sleeper.send("DEBUG", "SLEEP", "60")
        sleeper.send("PING")
        t.check(until(lambda: b" flags=b " in other.call("CLIENT", "LIST")[1], 10), "it is shown as blocked")
        begun = time.monotonic()
        t.equal(other.call("SET", "k", "v"), OK, "another client is served")
        t.check(time.monotonic() - begun < 30, "at once")
        found = other.call("CLIENT", "LIST")[1].decode()
        number = [line.split()[0][3:] for line in found.splitlines() if " flags=b " in line]
        t.equal(other.call("CLIENT", "UNBLOCK", number[0]), (":", 1), "its sleep can be ended")
        t.equal([sleeper.read(), sleeper.read()], [OK, PONG], "and it goes on")
        begun = time.monotonic()
        t.equal(sleeper.call("DEBUG", "SLEEP", "0.2"), OK, "a short one")
        t.check(time.monotonic() - begun >= 0.2, "takes its time")
        for line in (["MULTI"], ["DEBUG", "SLEEP", "60"]):
            sleeper.call(*line)
        t.equal(sleeper.call("EXEC"), ("*", [OK]), "a transaction does not sleep")


def not_allowed(t, new, given):
    del given
    with new().start().connect() as c:
        reply = c.call("DEBUG", "SLEEP", "0")
        t.check(reply[1].startswith(b"ERR DEBUG command not allowed. If the enable-debug-command option"), "DEBUG", str(reply))


def digests_are_those_of_redis(t, new, given):
    del given
    henge = new("--enable-debug-command", "yes", "--memtable-size", "1mb", "--maxmemory", "64mb").start()
    with servers.redis("--enable-debug-command", "yes") as redis:
        redis.start()
        with henge.connect() as a, redis.connect() as b:
            for c in (a, b):
                c.call("DEBUG", "POPULATE", "30000", "p", "100")
                c.call("SELECT", "3")
                for i in range(50):
                    c.call("SET", f"k{i}", hashlib.sha256(b"%d" % i).hexdigest() * (i * 40))
                    c.call("EXPIRE", f"k{i // 2}", "1000")
            t.equal(a.call("DEBUG", "DIGEST"), b.call("DEBUG", "DIGEST"), "the data set's")
            asked = ["DEBUG", "DIGEST-VALUE"] + [f"k{i}" for i in range(60)]
            t.equal(a.call(*asked), b.call(*asked), "the values'")
            digest = a.call("DEBUG", "DIGEST")
            t.equal(a.call("DEBUG", "RELOAD"), OK, "RELOAD")
            t.equal(a.call("DEBUG", "DIGEST"), digest, "changes nothing")
    henge.kill()
    henge.start()
    with henge.connect() as a:
        t.equal(a.call("DEBUG", "DIGEST"), digest, "the same after a crash")


def populate_beside_others(t, new, given):
    del given
    server = new("--enable-debug-command", "yes").start()
    with server.connect() as c, harness.Watch(server) as watch:
        c.call("SET", "key:5", "mine")
        t.equal(c.call("DEBUG", "POPULATE", "200000"), OK, "many keys")
        t.equal(c.call("DBSIZE"), (":", 200000), "all are there")
        t.equal(c.call("MGET", "key:5", "key:199999"), ("*", [("$", b"mine"), ("$", b"value:199999")]), "none is replaced")
    watch.judge(t, "POPULATE", 400)


def memory(t, new, given):
    del given
    server = new("--enable-debug-command", "yes").start()
    with server.connect() as c:
        c.call("DEBUG", "POPULATE", "100000", "k", "100")
        c.call("SET", "large", "x" * 100000)
        usage = c.call("MEMORY", "USAGE", "k:1")
        t.check(usage[0] == ":" and 100 < usage[1] < 400, "USAGE", str(usage))
        usage = c.call("MEMORY", "USAGE", "large")
        t.check(usage[0] == ":" and 100000 < usage[1] < 101000, "USAGE of a large value", str(usage))
        stats = c.call("MEMORY", "STATS")[1]
        fields = {name[1].decode(): value for name, value in zip(stats[::2], stats[1::2])}
        t.equal(fields["keys.count"], (":", 100001), "STATS keys.count")
        t.check(fields["total.allocated"][1] > 100000 * 100, "STATS total.allocated", str(fields["total.allocated"]))
        for _ in range(3):
            t.equal(c.call("MEMORY", "PURGE"), OK, "PURGE")
        report = c.call("MEMORY", "MALLOC-STATS")
        t.check(b"jemalloc" in report[1] or harness.sanitized(server), "MALLOC-STATS", str(report)[:100])
        t.check(c.call("MEMORY", "DOCTOR")[0] == "$", "DOCTOR")


def flags_of_clients(t, new, given):
    del given
    server = new().start()

    def flags(watcher, c, *lines):
        number = c.call("CLIENT", "ID")[1]
        for line in lines:
            c.call(*line)
        for line in watcher.call("CLIENT", "LIST")[1].decode().splitlines():
            if line.startswith(f"id={number} "):
                return line.split(" flags=")[1].split()[0]
        return None

    cases = [("N", []), ("x", [["MULTI"]]), ("t", [["CLIENT", "TRACKING", "ON"]]), ("e", [["CLIENT", "NO-EVICT", "ON"]]),
             ("tB", [["CLIENT", "TRACKING", "ON", "BCAST"]]), ("T", [["CLIENT", "NO-TOUCH", "ON"]]),
             ("d", [["WATCH", "w"], ["SET", "w", "1"]]), ("xd", [["WATCH", "w"], ["SET", "w", "2"], ["MULTI"]]),
             ("P", [["SUBSCRIBE", "c"]]), ("O", [["MONITOR"]])]
    with server.connect() as watcher:
        for expected, lines in cases:
            with server.connect() as c:
                t.equal(flags(watcher, c, *lines), expected, f"{lines}")


if __name__ == "__main__":
    harness.main(__doc__, [sleep_lets_others_go_on, not_allowed, digests_are_those_of_redis, populate_beside_others, memory,
                           flags_of_clients])
