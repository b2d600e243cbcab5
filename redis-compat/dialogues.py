"""Several connections that talk about each other: pub/sub, key events, CLIENT REPLY, PAUSE, KILL and
TRACKING, MONITOR.  The same dialogue is held with the distribution's redis-server and with Henge, in both
protocols, and what every connection reads must be the same, in the same order."""
import re
import sys
import time

import resp
import servers

NAMES = "ABCD"
EVENTS_END = b"__key__:"
FIRST_ID = 100


class Dialogue:
    """Connections A to D of one server; what they are answered is kept, without what cannot be the same."""

    spoken = []  # all commands of all dialogues, for coverage.py

    def __init__(self, server, proto):
        self.server, self.proto = server, proto
        self.lines = []
        self.connections, self.ids = {}, {}
        for name in NAMES:
            self.connect(name)

    def connect(self, name):
        if name in self.connections:
            self.connections[name].close()
        self.connections[name] = c = self.server.connect(timeout=5)
        self.ids[name] = c.call("CLIENT", "ID")[1]
        if self.proto == 3:
            c.call("HELLO", "3")

    def close(self):
        for c in self.connections.values():
            c.close()

    def same(self, reply):
        if isinstance(reply, (tuple, list)):
            return [self.same(item) for item in reply]
        if isinstance(reply, int) and reply > FIRST_ID and reply in self.ids.values():
            return next(f"id of {name}" for name, id in self.ids.items() if id == reply)
        if isinstance(reply, bytes):
            reply = re.sub(rb"^\d+\.\d{6} \[(\d+) 127\.0\.0\.1:\d+\]", rb"TIME [\1 ADDRESS]", reply)
            return re.sub(rb"7\.[02]\.\d+", b"7.x", reply)
        return reply

    def keep(self, *what):
        self.lines.append(repr(what))

    def say(self, name, *args):
        self.spoken.append([resp.to_bytes(arg) for arg in args])
        self.connections[name].send(*[self.ids[a[1:]] if isinstance(a, str) and a[:1] == "@" else a for a in args])

    def hear(self, name, count=1):
        for _ in range(count):
            self.keep(name, "hears", self.same(self.connections[name].read()))

    def ask(self, name, *args):
        self.say(name, *args)
        self.keep(name, args, self.same(self.connections[name].read()))

    def flags(self, name, about):
        text = self.connections[name].call("CLIENT", "LIST", "ID", self.ids[about])[1]
        self.keep("flags", re.findall(rb"flags=\w+|p?s?sub=\d+|redir=-1|redir=0", text))

    def event(self, *args):
        """B does it; A, who listens to all keys, hears of it up to a message B sends then."""
        reply = self.connections["B"].call(*args)
        self.connections["B"].call("PUBLISH", EVENTS_END, "end")
        heard = []
        while not heard or heard[-1][0] != EVENTS_END:
            message = self.connections["A"].read()[1]
            heard.append((message[2][1], message[3][1]))
        self.keep(args, self.same(reply), heard)

    def events(self, script):
        for line in script.strip().split("\n"):
            for command in line.split(";"):
                if command.strip():
                    self.event(*[word.replace("''", "") for word in command.split()])


def publish_and_subscribe(d):
    d.ask("A", "PING")
    d.ask("A", "SUBSCRIBE", "x")
    d.say("A", "SUBSCRIBE", "y", "x")
    d.hear("A", 2)
    for args in (("PSUBSCRIBE", "x*"), ("SSUBSCRIBE", "sh"), ("PING",), ("PING", "hi"), ("GET", "k"), ("CLIENT", "ID")):
        d.ask("A", *args)
    d.ask("B", "PUBLISH", "x", "m")
    d.hear("A", 2)
    d.ask("B", "PUBLISH", "xx", "m")
    d.hear("A")
    d.ask("B", "SPUBLISH", "sh", "m")
    d.hear("A")
    for args in (("PUBLISH", "sh", "m"), ("SPUBLISH", "x", "m"), ("PUBLISH", "none", "m"), ("PUBSUB", "CHANNELS", "y*"),
                 ("PUBSUB", "NUMSUB", "x", "y", "z"), ("PUBSUB", "NUMPAT"), ("PUBSUB", "SHARDCHANNELS"),
                 ("PUBSUB", "SHARDNUMSUB", "sh", "n"), ("PUBSUB", "NUMSUB"), ("PUBSUB",), ("PUBSUB", "NOSUCH"),
                 ("PUBSUB", "CHANNELS", "a", "b"), ("PUBSUB", "NUMPAT", "x")):
        d.ask("B", *args)
    if d.proto == 3:
        d.say("A", "PUBLISH", "y", "self")
        both = [d.same(d.connections["A"].read()) for _ in range(2)]
        d.keep("self", sorted(both, key=repr))  # since Redis 7.2 the reply is first
    d.ask("A", "UNSUBSCRIBE", "nope")
    d.say("A", "UNSUBSCRIBE")
    ended = [d.connections["A"].read()[1] for _ in range(2)]
    d.keep("ended", sorted(name for _, name, _ in ended), [left for _, _, left in ended])
    for args in (("UNSUBSCRIBE",), ("PUNSUBSCRIBE",), ("SUNSUBSCRIBE",), ("SUNSUBSCRIBE",), ("GET", "k"), ("SUBSCRIBE",),
                 ("PUBLISH", "x"), ("SUBSCRIBE", "q"), ("RESET",), ("GET", "k")):
        d.ask("A", *args)


def options_of_events(d):
    for value in ("", "A", "KEA", "AKEm", "AKEn", "gE", "K$", "xyz", "KEA$", "Kg$lshzxetd", "nKE", "mnKE", "dgK"):
        d.ask("B", "CONFIG", "SET", "notify-keyspace-events", value)
        d.ask("B", "CONFIG", "GET", "notify-keyspace-events")
    for value in ("pubsub 1 2", "x 1 2 3", "pubsub 1mb 2 3 normal 4gb 5gb 6", "pubsub a b c", "", "master 1 2 3",
                  "pubsub 1 2 -3", "replica 1gb 1 1", "pubsub 32mb 8mb 60 normal 0 0 0"):
        d.ask("B", "CONFIG", "SET", "client-output-buffer-limit", value)
        d.ask("B", "CONFIG", "GET", "client-output-buffer-limit")


def key_events(d):
    d.ask("B", "CONFIG", "SET", "notify-keyspace-events", "KEAmn")
    d.connections["A"].call("PSUBSCRIBE", "__key*__:*")
    d.events("""
        SET k 1; SET k 2; SET k 3 EX 100; SET k 3 KEEPTTL; SET k2 v NX; SET k2 v NX; SET k3 v GET
        SETEX k4 100 v; PSETEX k4 100000 v; SETNX k5 v; SETNX k5 v; GETSET k6 v; GETSET k6 v
        MSET m1 1 m2 2; MSET m1 1 m1 2; MSETNX m3 1 m4 2; MSETNX m3 1 m5 2
        APPEND ap x; APPEND ap x; SETRANGE sr 3 x; SETRANGE sr 3 ''; SETRANGE sr 1 x
        INCR n; INCRBY n 3; DECR n; DECRBY n 2; INCRBYFLOAT n 1.5; INCR n
        GET none; MGET none k none2; STRLEN none; GETRANGE none 0 1; EXISTS none; TYPE none; TTL none; TOUCH none
        OBJECT ENCODING none; GETDEL none; GETEX none; GETSET gs x; EXPIRE none 1; PERSIST none; RENAME none x
        COPY none x; SET none9 x GET XX; DEL none
        GETDEL k6; GETEX k4 PERSIST; GETEX k4 PERSIST; GETEX k4 EX 100; GETEX k4; GETEX k4 PXAT 1
        DEL m1 m2 m1 zz; UNLINK m3 m4
        EXPIRE k 100; EXPIRE k 100 NX; PERSIST k; PERSIST k; PEXPIREAT k 1
        SET a 1; SET b 1; RENAME a b; RENAME b b; RENAMENX b c; SET d 1; RENAMENX c d; COPY c d; COPY c d REPLACE
        COPY c cc DB 1; MOVE d 1; MOVE c 1; MOVE d 1
        SETBIT bits 3 1; BITOP AND dest bits bits; BITFIELD bits SET u8 0 255; BITFIELD bits GET u8 0
        PFADD hll a b; PFADD hll a; PFCOUNT hll
        FLUSHDB; FLUSHALL
    """)
    d.connections["B"].call("SET", "e", "1", "PX", "3")
    d.hear("A", 6)  # new, set and expire, twice each
    d.hear("A", 2)  # expired
    d.event("SETNX", "e", "2")
    d.ask("B", "CONFIG", "SET", "notify-keyspace-events", "Kx")
    d.event("SET", "e", "2")
    d.event("PEXPIRE", "e", "500")
    d.hear("A")
    d.ask("B", "CONFIG", "SET", "notify-keyspace-events", "")
    d.connect("A")


def replies(d):
    for words in (("OFF",), ("SKIP",)):
        d.say("A", "CLIENT", "REPLY", *words)
        d.say("A", "PING")
        d.ask("A", "CLIENT", "REPLY", "ON")
    d.say("A", "CLIENT", "REPLY", "SKIP")
    d.say("A", "CLIENT", "REPLY", "SKIP")
    d.say("A", "GET")
    d.ask("A", "ECHO", "x")
    d.say("A", "CLIENT", "REPLY", "SKIP")
    d.ask("A", "CLIENT", "REPLY", "ON")
    d.ask("A", "CLIENT", "REPLY", "x")
    d.ask("A", "CLIENT", "REPLY")
    d.say("A", "CLIENT", "REPLY", "OFF")
    d.ask("A", "SUBSCRIBE", "c")
    d.ask("B", "PUBLISH", "c", "m")
    d.hear("A")
    d.ask("A", "UNSUBSCRIBE")
    d.ask("A", "CLIENT", "REPLY", "ON")
    d.say("A", "CLIENT", "REPLY", "OFF")
    d.ask("A", "RESET")
    d.connect("A")


def pauses(d):
    for words in (("x",), ("-1",), ("10", "x"), (), ("10", "WRITE", "x")):
        d.ask("A", "CLIENT", "PAUSE", *words)
    d.ask("A", "CLIENT", "UNPAUSE")
    d.ask("A", "DEL", "k")
    d.ask("A", "CLIENT", "PAUSE", "100000", "WRITE")
    d.say("B", "SET", "k", "v")
    d.say("C", "PUBLISH", "c", "x")
    d.ask("A", "PING")
    while b"flags=b" not in d.connections["A"].call("CLIENT", "LIST", "ID", d.ids["B"])[1]:
        pass
    d.ask("A", "GET", "k")
    d.ask("A", "CLIENT", "UNPAUSE")
    d.hear("B")
    d.hear("C")
    d.ask("A", "GET", "k")
    for words in (("300",), ("300", "WRITE")):
        d.ask("A", "CLIENT", "PAUSE", *words)
        begun = time.monotonic()
        d.ask("A", "SET", "x", "y")
        d.keep("held up", time.monotonic() - begun > 0.25)


def lists_and_kills(d):
    for words in (("ON",), ("OFF",), ("x",)):
        d.ask("A", "CLIENT", "NO-EVICT", *words)
        d.flags("B", "A")
    d.ask("A", "CLIENT", "LIST", "TYPE", "pubsub")
    d.ask("C", "SUBSCRIBE", "z")
    d.ask("C", "PSUBSCRIBE", "z")
    d.flags("A", "C")
    d.keep(d.connections["A"].call("CLIENT", "LIST", "TYPE", "pubsub")[1].count(b"\n"))
    d.ask("A", "CLIENT", "KILL", "TYPE", "pubsub")
    d.hear("C")
    d.connect("C")
    d.ask("A", "CLIENT", "KILL", "TYPE", "master")
    d.ask("A", "CLIENT", "KILL", "TYPE", "foo")


def tracking_errors(d):
    for words in (("TRACKINGINFO",), ("GETREDIR",), ("CACHING", "YES"), ("TRACKING", "x"), ("TRACKING", "ON", "PREFIX", "a"),
                  ("TRACKING", "ON", "BCAST", "OPTIN"), ("TRACKING", "ON", "OPTIN", "OPTOUT"),
                  ("TRACKING", "ON", "REDIRECT", "999999"), ("TRACKING", "ON", "REDIRECT", "x"), ("TRACKING", "ON", "REDIRECT"),
                  ("TRACKING", "ON", "BCAST", "PREFIX", "ab", "PREFIX", "abc"), ("TRACKING", "ON", "foo"),
                  ("TRACKING", "OFF", "foo"), ("TRACKING", "OFF")):
        d.ask("A", "CLIENT", *words)


def tracking_of_what_is_read(d):
    if d.proto == 2:
        return
    d.ask("A", "CLIENT", "TRACKING", "ON")
    d.flags("B", "A")
    d.ask("A", "MGET", "k", "k2", "k3")
    for args, heard in ((("SET", "k", "1"), 1), (("SET", "k", "2"), 0), (("MSET", "k2", "1", "k3", "2"), 2)):
        d.ask("B", *args)
        d.hear("A", heard)
    d.ask("A", "GET", "k")
    d.say("A", "SET", "k", "own")
    d.hear("A", 2)
    for flush in ("FLUSHDB", "FLUSHALL"):
        d.ask("A", "GET", "k")
        d.ask("B", flush)
        d.hear("A")
    for words in (("ON", "OPTIN"), ("ON", "BCAST"), ("ON", "OPTOUT"), ("OFF",), ("ON", "OPTIN")):
        d.ask("A", "CLIENT", "TRACKING", *words)
        d.ask("A", "CLIENT", "TRACKINGINFO")
    d.ask("A", "GET", "k")
    d.ask("B", "SET", "k", "1")
    d.ask("A", "CLIENT", "CACHING", "NO")
    d.ask("A", "CLIENT", "CACHING", "YES")
    d.ask("A", "CLIENT", "TRACKINGINFO")
    d.ask("A", "GET", "k")
    d.ask("A", "GET", "k2")
    d.ask("B", "SET", "k2", "1")
    d.ask("B", "SET", "k", "1")
    d.hear("A")
    d.ask("A", "CLIENT", "TRACKING", "OFF")
    d.ask("A", "CLIENT", "TRACKING", "ON", "OPTOUT", "NOLOOP")
    d.ask("A", "CLIENT", "CACHING", "YES")
    d.ask("A", "CLIENT", "CACHING", "NO")
    d.ask("A", "GET", "k")
    d.ask("A", "GET", "k2")
    d.ask("B", "SET", "k", "1")
    d.ask("B", "SET", "k2", "1")
    d.hear("A")
    d.ask("A", "GET", "k")
    d.ask("A", "SET", "k", "x")
    d.ask("A", "PING")
    d.ask("B", "SET", "e", "1", "PX", "50")
    d.ask("A", "GET", "e")
    d.hear("A")
    d.ask("A", "RESET")
    d.connect("A")


def tracking_of_prefixes(d):
    if d.proto == 2:
        return
    d.ask("A", "CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "u:", "PREFIX", "v:")
    d.flags("B", "A")
    d.ask("A", "CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "u:1")
    d.ask("A", "CLIENT", "TRACKINGINFO")
    for args, heard in ((("SET", "u:1", "1"), 1), (("SET", "w", "1"), 0), (("MSET", "v:1", "1", "v:2", "2", "w", "3"), 1)):
        d.ask("B", *args)
        d.hear("A", heard)
    d.say("A", "SET", "u:2", "2")
    d.hear("A", 2)
    d.ask("B", "FLUSHALL")
    d.hear("A")
    d.ask("A", "CLIENT", "TRACKING", "OFF")
    d.ask("A", "CLIENT", "TRACKING", "ON", "BCAST", "NOLOOP")
    d.ask("A", "SET", "q", "1")
    d.ask("A", "PING")
    d.ask("B", "SET", "q", "2")
    d.hear("A")
    d.ask("A", "CLIENT", "TRACKINGINFO")
    d.ask("A", "CLIENT", "TRACKING", "OFF")


def tracking_for_another(d):
    d.connections["D"].call("HELLO", "2")
    d.ask("D", "SUBSCRIBE", "__redis__:invalidate")
    d.ask("A", "CLIENT", "TRACKING", "ON", "REDIRECT", "@D")
    d.ask("A", "CLIENT", "TRACKING", "ON", "REDIRECT", "@D", "REDIRECT", "@D")
    d.ask("A", "CLIENT", "GETREDIR")
    d.ask("A", "GET", "k")
    d.ask("B", "SET", "k", "5")
    d.hear("D")
    if d.proto == 2:  # else Redis sends RESP3's null
        d.ask("B", "FLUSHALL")
        d.hear("D")
    d.ask("A", "CLIENT", "TRACKING", "OFF")
    d.ask("A", "CLIENT", "TRACKING", "ON", "BCAST", "REDIRECT", "@D")
    d.ask("B", "MSET", "a", "1", "b", "2")
    d.hear("D")
    d.ask("A", "CLIENT", "TRACKING", "OFF")
    d.ask("A", "CLIENT", "TRACKING", "ON", "REDIRECT", "@D")
    d.ask("A", "GET", "k")
    d.ask("A", "CLIENT", "TRACKINGINFO")
    d.ask("B", "CLIENT", "KILL", "ID", "@D")
    d.hear("D")
    d.ask("B", "SET", "k", "5")
    if d.proto == 3:
        d.hear("A")
    d.flags("B", "A")
    d.ask("A", "CLIENT", "TRACKINGINFO")
    d.ask("A", "CLIENT", "TRACKING", "OFF")


def monitors(d):
    def seen(*args):
        d.ask("A", *args)
        d.hear("C")

    d.ask("C", "MONITOR")
    seen("SET", "k", b"a\"b\\c\n\r\t\a\b\x00\x01\xff \xc3")
    seen("GET", "k")
    seen("SELECT", "3")
    seen("DBSIZE")
    for args in (("CONFIG", "GET", "nosuch"), ("CLIENT", "LIST", "ID", "999"), ("GET",), ("NOSUCH",)):
        d.ask("A", *args)
    for args in (("CLIENT", "ID"), ("AUTH", "x"), ("AUTH", "u", "x"), ("HELLO", str(d.proto), "AUTH", "default", "x"),
                 ("HELLO", str(d.proto), "AUTH", "default", "x", "SETNAME", "foo"), ("set", "", "v"), ("APPEND", "k", "x"),
                 ("PUBLISH", "q", "m")):
        seen(*args)
    d.flags("A", "C")
    for args in (("GET", "k"), ("SET", "k", "v"), ("PUBLISH", "k", "v")):
        d.ask("C", *args)
    d.ask("C", "PING")
    d.hear("C")
    d.ask("C", "RESET")
    d.ask("A", "SELECT", "0")
    d.ask("C", "PING")


DIALOGUES = (publish_and_subscribe, options_of_events, key_events, replies, pauses, lists_and_kills, tracking_errors,
             tracking_of_what_is_read, tracking_of_prefixes, tracking_for_another, monitors)


def hold(server, proto, dialogue):
    d = Dialogue(server, proto)
    try:
        d.connections["A"].call("FLUSHALL")
        dialogue(d)
    finally:
        d.close()
    return d.lines


def compare(t, henge, redis):
    for server in (henge, redis):  # so that the number of a client is nothing else's
        for _ in range(FIRST_ID):
            server.connect().close()
    for proto in (2, 3):
        for dialogue in DIALOGUES:
            ours, theirs = hold(henge, proto, dialogue), hold(redis, proto, dialogue)
            t.equal(len(ours), len(theirs), f"RESP{proto}, {dialogue.__name__}: steps")
            for mine, other in zip(ours, theirs):
                t.equal(mine, other, f"RESP{proto}, {dialogue.__name__}")


def main():
    t = servers.Tally()
    path = servers.henge_path(sys.argv[1] if len(sys.argv) > 1 else None)
    with servers.henge(path=path).start() as henge, servers.redis().start() as redis:
        t.run(compare, henge, redis)
    return t.end()


if __name__ == "__main__":
    sys.exit(main())
