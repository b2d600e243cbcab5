"""A tour of bad input on every door: RESP, RESP over TLS, HTTP, and each door spoken to as if it were another.
After each stop another client is served; in the end nobody is left, no descriptor, and no memory."""
import os
import random
import resource
import socket
import ssl
import struct
import threading
import time

import harness
import resp
import servers
from harness import MIB
from tls import Certificates

PONG = ("+", b"PONG")
OPTIONS = ("--maxmemory", "256mb", "--memtable-size", "4mb", "--http-timeout", "2")
GROWN_MAX_MIB = 12  # of resident memory by a second tour
USED_MAX = 4 * MIB  # ... and of what the server counts
POST = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 60\r\n\r\n*3\r\n$3\r\nSET\r\n$5\r\nstole\r\n$1\r\nx\r\nSET stole x\r\n"


class Doors:
    """A server with all of its doors open, somebody who watches it, and ways to knock."""

    def __init__(self, t, new, seed, small):
        self.t, self.small = t, small
        self.dice = random.Random(seed)
        self.made = Certificates()
        self.tls_port, self.http_port = servers.free_port(), servers.free_port()
        self.server = new("--tls-port", str(self.tls_port), *self.made.options(), "--http-port", str(self.http_port),
                          "--http-bind", "127.0.0.1", *OPTIONS)
        self.context = ssl.create_default_context(cafile=self.made.cert("ca"))
        self.server.start()
        self.control = self.server.connect(timeout=60)
        self.slowest_ms = 0.0

    def plain(self, timeout=20):
        return socket.create_connection(self.server.address, timeout)

    def tls(self, timeout=20):
        s = socket.create_connection(("127.0.0.1", self.tls_port), timeout)
        return self.context.wrap_socket(s, server_hostname="localhost")

    def http(self, timeout=20):
        return socket.create_connection(("127.0.0.1", self.http_port), timeout)

    def count(self, many):
        """Sanitizers take their time."""
        return max(1, many // 10) if self.small else many

    def served(self, what):
        begun = time.monotonic()
        reply = self.control.call("PING")
        self.slowest_ms = max(self.slowest_ms, (time.monotonic() - begun) * 1000)
        self.t.check(reply == PONG, f"{what}: others are served", resp.show(reply))
        if reply == resp.CLOSED:
            raise RuntimeError(f"{what}: the server has ended with {self.server.process.wait(60)}")

    def info(self, section="everything"):
        text = self.control.call("INFO", section)[1].decode()
        return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)

    def alone(self):
        info = self.info("clients")
        return (info["connected_clients"], info["http_clients"]) == ("1", "0")

    def descriptors(self):
        """Of clients: those of files come and go."""
        place = f"/proc/{self.server.pid}/fd"
        kinds = []
        for name in os.listdir(place):
            try:
                kinds.append(os.readlink(f"{place}/{name}").split(":")[0])
            except FileNotFoundError:
                pass
        return kinds.count("socket")


def throw(s, data):
    """Sends as much as the other side takes; whether it took all."""
    try:
        s.sendall(data)
        return True
    except (BrokenPipeError, ConnectionResetError, ssl.SSLError, TimeoutError):
        return False


def slam(s):
    """Ends it with a reset."""
    try:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:
        pass
    s.close()


def leave(dice, s):
    """In one of three ways."""
    way = dice.randrange(3)
    if way == 0:
        slam(s)
        return
    if way == 1:
        try:
            s.shutdown(socket.SHUT_WR)
        except OSError:
            pass
    s.close()


def hear(s, most=1 << 22):
    """What comes until the end, or the timeout."""
    parts, got = [], 0
    try:
        while got < most and (data := s.recv(1 << 16)):
            parts.append(data)
            got += len(data)
    except (TimeoutError, ConnectionResetError, BrokenPipeError, ssl.SSLError):
        pass
    return b"".join(parts)


WELL = [["SET", "k", "v"], ["GET", "k"], ["MULTI"], ["INCR", "n"], ["EXEC"], ["WATCH", "k", "n"], ["UNWATCH"], ["SUBSCRIBE", "a", "b"],
        ["PSUBSCRIBE", "a*"], ["SSUBSCRIBE", "s"], ["PUBLISH", "a", "x"], ["UNSUBSCRIBE"], ["HELLO", "3", "SETNAME", "me"],
        ["CLIENT", "TRACKING", "on", "BCAST", "PREFIX", "k"], ["CLIENT", "REPLY", "SKIP"], ["CLIENT", "NO-EVICT", "on"],
        ["MSET", "a", "1", "b", "2"], ["SETRANGE", "r", "10", "x"], ["BITFIELD", "b", "SET", "u8", "0", "255"], ["PFADD", "h", "a", "b"],
        ["SORT", "nothing"], ["DUMP", "k"], ["SCAN", "0", "COUNT", "10"], ["EXPIRE", "k", "100"], ["WAIT", "0", "10"], ["MONITOR"],
        ["AUTH", "default", "x"], ["ACL", "WHOAMI"], ["CONFIG", "GET", "*"], ["COMMAND", "DOCS", "get"], ["LCS", "k", "n", "IDX"],
        ["SELECT", "3"], ["OBJECT", "HELP"], ["RESET"], ["LATENCY", "LATEST"], ["MEMORY", "USAGE", "k"], ["GETEX", "k", "PX", "5"]]
BYTES = [resp.encode(words) for words in WELL]


def truncated(doors):
    """Every command, cut at every byte; some ends are resets."""
    for whole in BYTES:
        some = []
        for at in range(1, len(whole), 1 if not doors.small else 7):
            s = doors.plain()
            throw(s, whole[:at])
            some.append(s)
        for s in some:
            leave(doors.dice, s)
    for whole in doors.dice.sample(BYTES, doors.count(20)):
        s = doors.tls()
        throw(s, whole[:doors.dice.randrange(len(whole))])
        leave(doors.dice, s)


LENGTHS = [b"-1", b"-2", b"-0", b"00", b"+1", b"", b" 1", b"1 ", b"1x", b"0x10", b"1e3", b"2147483647", b"2147483648", b"-2147483649", b"4294967296",
           b"4294967297", b"9223372036854775807", b"9223372036854775808", b"-9223372036854775808", b"18446744073709551615", b"9" * 40,
           b"536870912", b"536870913", b"1048576", b"1048577", b"1073741824", b"\x00", b"\xff\xff", b"1" + b"0" * 70000]


def lengths(doors):
    """Of arrays and of bulks, that are none, negative or too large; each is refused, or waits for what was announced."""
    for length in LENGTHS:
        for form in (b"*%s\r\n", b"*1\r\n$%s\r\n", b"*2\r\n$3\r\nGET\r\n$%s\r\nxx", b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%s\r\nabc\r\n", b"*1\r\n$4\r\nPING\r\n*%s\r\n",
                     b"*2\n$%s\n", b"*1\r\n%s\r\n", b"*1\r\n:%s\r\n", b"$%s\r\n", b"MULTI\r\n*2\r\n$3\r\nGET\r\n$%s\r\n", b"%%%s\r\n", b"~%s\r\n", b">%s\r\n"):
            for connect in (doors.plain,) if doors.dice.randrange(20) else (doors.plain, doors.tls):
                s = connect()
                throw(s, form % length)
                leave(doors.dice, s)
    with doors.plain(5) as s:
        throw(s, b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$-7\r\n")
        doors.t.equal(hear(s), b"-ERR Protocol error: invalid bulk length\r\n", "a negative length is said, and ends the connection")
    with doors.plain(5) as s:
        throw(s, b"*1048577\r\n")
        doors.t.equal(hear(s), b"-ERR Protocol error: invalid multibulk length\r\n", "a count too large likewise")


def million_arguments(doors):
    """Commands of as many as there may be, and of many, most of which are refused or do nothing."""
    for name in (b"DEL", b"EXISTS", b"WATCH", b"MGET", b"PFADD", b"PFCOUNT", b"TOUCH", b"NOSUCH", b"ECHO", b"SUBSCRIBE", b"PSUBSCRIBE", b"ACL", b"HELLO",
                 b"BITOP", b"SORT", b"CLIENT", b"INFO"):
        count = doors.count(1_000_000 if name in (b"DEL", b"WATCH", b"MGET", b"NOSUCH") else 100_000)
        with doors.plain(60) as s:
            throw(s, b"*%d\r\n$%d\r\n%s\r\n" % (count, len(name), name) + b"$1\r\nx\r\n" * (count - 1))
            doors.t.check(s.recv(1) != b"", f"{name.decode()} of {count} arguments is answered")
            if name == b"PSUBSCRIBE":
                slam(s)
        doors.served(name.decode())
    count = doors.count(1_000_000)
    keys = b"".join(b"$%d\r\n%d\r\n" % (len(str(i)), i) for i in range(count - 1))
    for name in (b"WATCH", b"PSUBSCRIBE"):
        with doors.plain(60) as s:
            throw(s, b"*%d\r\n$%d\r\n%s\r\n" % (count, len(name), name) + keys)
            s.recv(1)
            slam(s)
        doors.served(f"{name.decode()} of different ones")
    count = doors.count(200_000)
    for opening in ([b"COMMAND", b"GETKEYS", b"DEL"], [b"COMMAND", b"INFO"], [b"COMMAND", b"DOCS"], [b"CONFIG", b"GET"], [b"CONFIG", b"SET"], [b"CLIENT", b"LIST", b"ID"],
                    [b"PUBSUB", b"NUMSUB"], [b"ACL", b"SETUSER", b"x"], [b"MEMORY", b"USAGE", b"x"], [b"CLIENT", b"TRACKING", b"ON", b"BCAST"]):
        with doors.plain(60) as s:
            throw(s, b"*%d\r\n" % count + resp.encode(opening).split(b"\r\n", 1)[1] + b"$3\r\nget\r\n" * (count - len(opening)))
            doors.t.check(s.recv(1) != b"", f"{opening} of {count} arguments is answered")
        doors.served(b" ".join(opening).decode())


def transactions(doors):
    """A million queued commands, many watched keys, and transactions left open in every way."""
    count = doors.count(1_000_000)
    with doors.plain(60) as s:
        throw(s, b"MULTI\r\n")
        reader = threading.Thread(target=hear, args=(s, 1 << 30), daemon=True)
        reader.start()
        throw(s, resp.encode(["SET", "k", "v"]) * count)
        s.shutdown(socket.SHUT_WR)
        reader.join(60)
    doors.served("a million queued")
    some = [doors.plain() for _ in range(50)]
    for s in some:
        throw(s, b"WATCH " + b" ".join(b"w%d" % i for i in range(500)) + b"\r\nMULTI\r\n" + resp.encode(["SET", "big", "x" * 20000]) * 50)
    for s in some:
        leave(doors.dice, s)
    with doors.plain() as s:
        throw(s, b"MULTI\r\nMULTI\r\nWATCH a\r\nEXEC x\r\nNOSUCH\r\nEXEC\r\nEXEC\r\nDISCARD\r\nQUIT\r\n")
        doors.t.equal(hear(s).count(b"\r\n"), 9, "each mistake of a transaction has its answer")


def deaf_pipelines(doors):
    """Many requests by who reads no reply, and goes."""
    for request in (b"PING\r\n", b"*1\r\n$4\r\nPING\r\n", resp.encode(["GET", "k"]), resp.encode(["CONFIG", "GET", "*"]), resp.encode(["NOSUCH"]), b"\r\n", b"*0\r\n",
                    resp.encode(["COMMAND", "DOCS"])):
        s = doors.plain(1)
        left = doors.count(1_000_000 if request == b"PING\r\n" else 200_000)
        while left > 0 and throw(s, request * min(left, 20000)):
            left -= 20000
        doors.served("a deaf pipeline")
        slam(s)
    s = doors.tls(1)
    throw(s, resp.encode(["CONFIG", "GET", "*"]) * 2000)
    leave(doors.dice, s)


def subscriptions(doors):
    """Floods of channels and patterns, and listeners who do not listen."""
    count = doors.count(100_000)
    names = [b"ch:%d:*" % i for i in range(count)]
    for name in (b"SUBSCRIBE", b"PSUBSCRIBE", b"SSUBSCRIBE"):
        with doors.plain(60) as s:
            reader = threading.Thread(target=hear, args=(s, 1 << 30), daemon=True)
            reader.start()
            for at in range(0, count, 1000):
                throw(s, resp.encode([name] + names[at:at + 1000]))
            throw(s, resp.encode([b"UN" + name]))
            doors.served(f"{count} of {name.decode()}")
            doors.control.call("PUBLISH", "ch:1:x", "y")
            s.shutdown(socket.SHUT_WR)
            reader.join(60)
    deaf = [doors.plain() for _ in range(50)]
    for s in deaf:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        throw(s, b"SUBSCRIBE news\r\n")
        hear(s, 1)
    for _ in range(doors.count(200)):
        doors.control.call("PUBLISH", "news", "x" * 100_000)
    monitor = doors.plain()
    throw(monitor, b"MONITOR\r\n")
    for _ in range(doors.count(2000)):
        doors.control.call("ECHO", "x" * 10_000)
    tracking = doors.plain()
    throw(tracking, b"HELLO 3\r\n" + b"CLIENT TRACKING on BCAST\r\n")
    with doors.server.connect(60) as c:
        c.send_raw(b"".join(resp.encode(["SET", f"t{i}", "x"]) for i in range(doors.count(20_000))))
        for _ in range(doors.count(20_000)):
            c.read()
    for s in (*deaf, monitor, tracking):
        leave(doors.dice, s)


JUNK = [b"", b" ", b"\n", b"\r\n", b"a b", b"\x00", b"\x7f", b"\xff" * 9, b"x" * 2000, b"%s%n", b"'", b'"', b"-1", b"9" * 30, b"1e309", b"nan", b"*", b"**?[^a-\\",
        b"[" * 1000, b"*a" * 500, b"~", b">", b"+@all", b"../../etc/passwd", b"{", b"}{", b"x" * 70000, b"x" * MIB]
OPENINGS = [[b"CLIENT", b"SETNAME"], [b"CLIENT", b"SETINFO", b"LIB-NAME"], [b"CLIENT", b"SETINFO"], [b"CLIENT", b"KILL"], [b"CLIENT", b"KILL", b"ID"],
            [b"CLIENT", b"KILL", b"ADDR"], [b"CLIENT", b"LIST", b"ID"], [b"CLIENT", b"TRACKING", b"on", b"BCAST", b"PREFIX"], [b"CLIENT", b"TRACKING", b"on", b"REDIRECT"],
            [b"CLIENT", b"UNBLOCK"], [b"CLIENT", b"PAUSE"], [b"AUTH"], [b"AUTH", b"default"], [b"HELLO"], [b"HELLO", b"3", b"SETNAME"], [b"HELLO", b"3", b"AUTH", b"x"],
            [b"ACL", b"SETUSER", b"junk"], [b"ACL", b"SETUSER"], [b"ACL", b"GETUSER"], [b"ACL", b"DRYRUN", b"default"], [b"ACL", b"CAT"], [b"ACL", b"GENPASS"],
            [b"ACL", b"LOG"], [b"CONFIG", b"GET"], [b"CONFIG", b"SET", b"maxmemory"], [b"CONFIG", b"SET", b"notify-keyspace-events"], [b"CONFIG", b"SET"],
            [b"CONFIG", b"SET", b"client-output-buffer-limit"], [b"CONFIG", b"SET", b"bind"], [b"CONFIG", b"SET", b"tls-protocols"], [b"COMMAND", b"INFO"],
            [b"COMMAND", b"LIST", b"FILTERBY", b"PATTERN"], [b"COMMAND", b"GETKEYS"], [b"KEYS"], [b"SCAN", b"0", b"MATCH"], [b"SCAN"], [b"SELECT"], [b"SWAPDB", b"0"],
            [b"SETRANGE", b"k"], [b"SETBIT", b"k"], [b"SETBIT", b"k", b"1"], [b"BITCOUNT", b"k", b"0"], [b"BITFIELD", b"k", b"GET"], [b"BITFIELD", b"k", b"SET", b"u8"],
            [b"BITPOS", b"k"], [b"GETRANGE", b"k", b"0"], [b"INCRBYFLOAT", b"k"], [b"EXPIRE", b"k"], [b"PEXPIREAT", b"k"], [b"SET", b"k", b"v", b"PX"], [b"RESTORE", b"r", b"0"],
            [b"RESTORE", b"r"], [b"SORT", b"k", b"BY"], [b"SORT", b"k", b"LIMIT", b"0"], [b"SORT", b"k", b"GET"], [b"LCS", b"k"], [b"PFADD", b"k"], [b"PFCOUNT"],
            [b"WAIT", b"0"], [b"WAITAOF", b"0", b"0"], [b"OBJECT"], [b"MEMORY"], [b"MEMORY", b"USAGE"], [b"LATENCY", b"GRAPH"], [b"LATENCY", b"HISTOGRAM"], [b"SLOWLOG", b"GET"],
            [b"SLOWLOG"], [b"LOLWUT", b"VERSION"], [b"INFO"], [b"PUBSUB"], [b"PUBSUB", b"NUMSUB"], [b"PUBSUB", b"CHANNELS"], [b"DEBUG"], [b"DEBUG", b"OBJECT"], [b"MODULE"],
            [b"RENAME", b"k"], [b"COPY", b"k"], [b"MOVE", b"k"], [b"UNLINK"], [b"WATCH"], [b"PUBLISH"], [b"SPUBLISH", b"c"], []]


def junk_arguments(doors):
    """Every place an argument can be in, and what nobody expects there; the reply to each is whole."""
    for opening in OPENINGS:
        with doors.server.connect(30) as c:
            c.send_raw(b"".join(resp.encode(opening + [junk] + more) for junk in JUNK for more in ([], [b"1"], [b"-1", b"x"])) + resp.encode([b"ECHO", b"end"]))
            while (reply := c.read()) not in (("$", b"end"), resp.CLOSED):
                pass
        doors.control.call("CLIENT", "UNPAUSE")
        doors.control.call("CONFIG", "SET", "notify-keyspace-events", "")
        doors.served(b" ".join(opening).decode())
    doors.control.call("ACL", "DELUSER", *[name for _, name in doors.control.call("ACL", "USERS")[1] if name != b"default"])


def acl_rules(doors):
    """More rules than a user may have, and rules that are larger than one may be."""
    c = doors.control
    for rules in ([f"~key:{i}*" for i in range(20_000)], [f"&c{i}" for i in range(20_000)], ["+get|" + "x" * 60000], [">" + "p" * (2 * MIB)], ["(" * 5000], ["(~a +get)"] * 10_000,
                  ["~" + "*a" * 30000], [f">{i}" for i in range(20_000)], ["+get", "-get"] * 5000, ["#" + "0" * 64] * 5000, ["%RW~" + "x" * 60000] * 30):
        c.call("ACL", "SETUSER", "many", *rules)
        doors.served(f"ACL SETUSER {rules[0][:20]}")
    for i in range(doors.count(3000)):
        c.call("ACL", "SETUSER", f"u{i}", "on", ">x", "~" + "k" * 1000)
    with doors.server.connect() as other:
        for i in range(100):
            other.call("AUTH", f"nobody{i}", "x" * 100_000)
    c.call("ACL", "DELUSER", *[f"u{i}" for i in range(doors.count(3000))], "many")
    c.call("ACL", "LOG", "RESET")


def crc64(data, table=[]):
    """Of Redis's DUMP (Jones)."""
    if not table:
        for i in range(256):
            for _ in range(8):
                i = i >> 1 ^ 0x95AC9329AC4BC9B5 if i & 1 else i >> 1
            table.append(i)
    crc = 0
    for byte in data:
        crc = table[(crc ^ byte) & 255] ^ crc >> 8
    return crc


def payload(body, version=11):
    data = body + struct.pack("<H", version)
    return data + struct.pack("<Q", crc64(data))


def restored(doors):
    """Payloads with a right checksum and wrong insides: lengths, compression, types, integers."""
    dice, c = doors.dice, doors.control
    c.call("SET", "text", "abcabcabcabcabcabcabcabcabcabcabcabcabcabc" * 20)
    c.call("SET", "int", "12345")
    seeds = [c.call("DUMP", key)[1][:-10] for key in ("text", "int")]
    seeds += [b"\x00\xc3\x05\x81" + b"\xff" * 8 + b"\x00\x00", b"\x00\xc3\x80\x00\x00\x00\x02\x81\x00\x00\x00\x02\x00\x00\x00\x00ab", b"\x00\x81" + b"\xff" * 8, b"\x00\x80\xff\xff\xff\xff",
              b"\x00\xc3\x04\x7f\xe0\xff\xff\xff", b"\x00\xc3\x03\x40\xff\x20\xff\xff", b"", b"\x00", b"\xff" * 30, b"\x00\xc0", b"\x00\xc2\x01", b"\x05\x02\x01a"]
    c.send_raw(b"".join(resp.encode(["RESTORE", f"x{kind}", "0", payload(bytes([kind]) + b"\x01\x01a\x01b")]) for kind in range(256)))
    for _ in range(256):
        c.read()
    for _ in range(doors.count(40)):
        batch = []
        for _ in range(50):
            body = bytearray(dice.choice(seeds))
            for _ in range(dice.randrange(4)):
                mutate(dice, body)
            data = payload(bytes(body), dice.choice([11, 11, 11, 9, 0, 12, 65535]))
            if dice.randrange(8) == 0:
                data = data[:dice.randrange(len(data))]
            batch.append(resp.encode(["RESTORE", "r", dice.choice(["0", "100", "-1", "9" * 25]), data, "REPLACE"]) + resp.encode(["GET", "r"]))
        c.send_raw(b"".join(batch))
        wrong = [reply for reply in [c.read() for _ in range(100)][::2] if reply[0] not in "+-"]
        doors.t.equal(wrong, [], "each RESTORE is done or refused")
    doors.served("RESTORE")


def mutate(dice, data):
    """One change of some bytes."""
    way, at = dice.randrange(6), dice.randrange(len(data) + 1)
    if way == 0 and data:
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    elif way == 1:
        data[at:at] = dice.randbytes(dice.randrange(1, 9))
    elif way == 2:
        del data[at:at + dice.randrange(1, 9)]
    elif way == 3:
        data[at:at] = dice.choice(LENGTHS[:-1])
    elif way == 4:
        data[at:at] = data[dice.randrange(len(data) + 1):][:dice.randrange(100)]
    else:
        data[at:at] = dice.choice([b"\r\n", b"*", b"$", b"\x00", b"*-1\r\n", b"$-1\r\n", b"\r", b"\n", b"MULTI\r\n", b"EXEC\r\n", b"RESET\r\n", b"HELLO 3\r\n"])


def fuzz(doors):
    """Commands with random changes, many a connection, for a few seconds; whatever comes back is heard out."""
    until = time.monotonic() + (3 if doors.small else 2)
    some, sent = [], 0
    while time.monotonic() < until:
        s = doors.plain(0.2) if doors.dice.randrange(40) else doors.tls(0.2)
        data = bytearray(b"".join(doors.dice.choice(BYTES) for _ in range(doors.dice.randrange(1, 30))))
        for _ in range(doors.dice.randrange(6)):
            mutate(doors.dice, data)
        throw(s, bytes(data))
        some.append(s)
        sent += 1
        if len(some) == 50:
            for s in some:
                s.settimeout(0.001)
                hear(s)
                leave(doors.dice, s)
            some = []
            doors.served("mutations")
    for s in some:
        leave(doors.dice, s)
    print(f"  {sent} mutated pipelines")


def slow_and_half_open(doors):
    """A byte at a time, ends of a half in every state, and connections that are ended as they begin."""
    some = [doors.plain() for _ in range(100)]
    for byte in resp.encode(["SET", "slow", "v" * 20]):
        for s in some:
            throw(s, bytes([byte]))
    for s in some:
        leave(doors.dice, s)
    for opening in (b"", b"*2\r\n$3\r\nGE", b"SUBSCRIBE a\r\n", b"MONITOR\r\n", b"MULTI\r\nSET a b\r\n", b"WAIT 1 0\r\n", b"HELLO 3\r\nCLIENT TRACKING on\r\nGET k\r\n",
                    b"CLIENT REPLY OFF\r\nGET k\r\n", b"*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$9000000\r\nxxx"):
        for connect in (doors.plain, doors.tls):
            kept = []
            for way in range(8):
                s = connect()
                throw(s, opening)
                if way % 2:
                    (s.unwrap if False else s.shutdown)(socket.SHUT_WR)
                if way % 4 < 2:
                    kept.append(s)
                else:
                    leave(doors.dice, s)
            for s in kept:
                leave(doors.dice, s)
    for _ in range(doors.count(3000)):
        slam(doors.plain())
    for _ in range(doors.count(300)):
        for port in (doors.tls_port, doors.http_port):
            slam(socket.create_connection(("127.0.0.1", port)))
    burst = [doors.plain() for _ in range(doors.count(1500))]
    for s in burst:
        throw(s, b"PING\r\nINCR burst\r\n")
    for s in burst:
        slam(s)


def hello_of_tls(doors):
    out = ssl.MemoryBIO()
    try:
        doors.context.wrap_bio(ssl.MemoryBIO(), out, server_hostname="localhost").do_handshake()
    except ssl.SSLWantReadError:
        pass
    return out.read()


def other_doors(doors):
    """Each door is spoken to as if it were another."""
    hello = hello_of_tls(doors)
    for port in (doors.server.port, doors.tls_port, doors.http_port):
        for data in (b"PING\r\n", b"*1\r\n$4\r\nPING\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", POST, hello, hello[:20], hello[:5] + b"\xff" * 60, b"\x16\x03\x01\xff\xff", b"\x00" * 300,
                     b"SSH-2.0-x\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x15\x03\x03\x00\x02\x02\x28", b"\n" * 5000, os.urandom(3000)):
            for way in range(3):
                with socket.create_connection(("127.0.0.1", port), 0.02) as s:
                    throw(s, data)
                    if way == 0:
                        hear(s)
                    elif way == 1:
                        slam(s)
    for at in range(0, len(hello), 16):
        s = socket.create_connection(("127.0.0.1", doors.tls_port))
        throw(s, hello[:at])
        leave(doors.dice, s)
    with doors.plain(5) as s:
        throw(s, POST)
        doors.t.equal(hear(s), b"", "a POST of a browser to RESP's port ends the connection unanswered")
    with doors.plain(5) as s:
        throw(s, b"PUT / HTTP/1.1\r\nHost: x\r\n\r\nSET stole x\r\n")
        doors.t.check(b"+OK" not in hear(s), "Host: ends it likewise")
    doors.t.equal(doors.control.call("EXISTS", "stole"), (":", 0), "nothing of it was run")


K = b"/api/v1/keys/"
REQUESTS = [b"PUT " + K + b"h HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", b"GET " + K + b"h HTTP/1.1\r\nHost: x\r\nAccept: application/octet-stream\r\n\r\n",
            b"DELETE " + K + b"h HTTP/1.1\r\nHost: x\r\nIf-Match: \"1-1\"\r\n\r\n", b"HEAD " + K + b"h?db=1 HTTP/1.1\r\nHost: x\r\n\r\n",
            b"PUT " + K + b"c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\nX-TTL: 10\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            b"GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Basic eDp5\r\n\r\n"]
ODD = [b"GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n", b"GET " + K + b"%" * 3000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"GET " + K + b"../../x HTTP/1.1\r\nHost: x\r\n\r\n",
       b"GET http://x" + K + b"k HTTP/1.1\r\n\r\n", b"GET * HTTP/1.1\r\nHost: x\r\n\r\n", b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n",
       b"get / http/1.1\r\n\r\n", b"GET /\r\n", b"GET / HTTP/0.9\r\n\r\n", b"GET / HTTP/2.0\r\n\r\n", b"GET  /  HTTP/1.1\r\n\r\n", b"\r\n" * 1000, b"GET / HTTP/1.1\r\n folded: x\r\n\r\n",
       b"GET / HTTP/1.1\r\n: x\r\nHost\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"H%d: x\r\n" % i for i in range(3000)) + b"\r\n",
       b"PUT " + K + b"k HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", b"PUT " + K + b"k HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
       b"PUT " + K + b"k HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
       b"PUT " + K + b"k HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", b"PUT " + K + b"k HTTP/1.1\r\nHost: x\r\nExpect: 200-maybe\r\nContent-Length: 1\r\n\r\nx",
       *(b"PUT " + K + b"k HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + size + b"\r\nxx\r\n"
         for size in (b"ffffffffffffffff", b"fffffffffffffffff", b"-1", b"0x5", b"", b"5;" + b"x" * 9000, b"\x00", b"5 ")),
       b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
       b"GET " + K + b"k HTTP/1.1\r\nHost: x\r\nIf-None-Match: " + b'"1-1", ' * 900 + b"\r\n\r\n", b"GET " + K + b"k HTTP/1.1\r\nHost: x\r\nRange: bytes=0-,-1,5-2\r\n\r\n",
       b"GET " + K + b"k HTTP/1.1\r\nHost: x\r\nAuthorization: Basic " + b"A" * 6000 + b"\r\n\r\n", b"GET " + K + b"k HTTP/1.1\r\nHost: x\r\nAuthorization: Basic \xff\xfe=\r\n\r\n"]


def http_requests(doors):
    """Cut at every byte, mutated, odd ones, unfinished bodies, and pipelines nobody reads the answers of."""
    for whole in REQUESTS:
        some = []
        for at in range(1, len(whole), 3 if not doors.small else 20):
            some.append(doors.http())
            throw(some[-1], whole[:at])
        for s in some:
            leave(doors.dice, s)
    doors.served("HTTP requests cut off")
    for whole in ODD:
        for way in range(3):
            with doors.http(0.05) as s:
                throw(s, whole)
                if way:
                    answer = hear(s)
                    doors.t.check(not answer or answer.startswith(b"HTTP/1."), "an odd request has an answer of HTTP", repr(answer[:60]))
        doors.served("an odd HTTP request")
    for _ in range(doors.count(600)):
        data = bytearray(b"".join(doors.dice.choice(REQUESTS) for _ in range(doors.dice.randrange(1, 5))))
        for _ in range(doors.dice.randrange(1, 6)):
            mutate(doors.dice, data)
        s = doors.http()
        throw(s, bytes(data))
        leave(doors.dice, s)
    doors.served("mutated HTTP requests")
    some = [doors.http(5) for _ in range(40)]
    for s in some:
        throw(s, b"PUT " + K + b"unfinished HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n" + b"x" * 300_000)
    doors.served("unfinished bodies")
    for s in some:
        leave(doors.dice, s)
    some = [doors.http(2) for _ in range(10)]
    for s in some:
        throw(s, REQUESTS[1] * 5000)
        throw(s, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 2000)
    doors.served("HTTP pipelines nobody reads")
    for s in some:
        slam(s)
    doors.t.check(doors.control.call("EXISTS", "unfinished") == (":", 0), "what was not whole was not set")


STOPS = [truncated, lengths, million_arguments, transactions, deaf_pipelines, subscriptions, junk_arguments, acl_rules, restored, fuzz, slow_and_half_open, other_doors, http_requests]


def tour(doors, number, only):
    for stop in STOPS:
        if only and only != stop.__name__:
            continue
        begun = time.monotonic()
        stop(doors)
        doors.served(stop.__name__)
        doors.t.check(harness.until(doors.alone, 40, 0.02), f"{stop.__name__}: nobody is left", doors.control.call("CLIENT", "LIST")[1][:1000].decode("latin1"))
        info = doors.info()
        print(f"  {number}: {stop.__name__}, {time.monotonic() - begun:.1f} s, {harness.resident_mib(doors.server.pid):.0f} MiB resident, "
              f"{int(info['used_memory']) / MIB:.1f} MiB used, longest turn {int(info['loop_longest_turn_usec']) / 1000:.0f} ms", flush=True)
        doors.control.call("CONFIG", "RESETSTAT")
    doors.control.call("FLUSHALL")


def nothing_stays(t, new, given):
    """The second tour leaves everything as the first did."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 4096), hard), hard))
    small = harness.sanitized(new())
    seed = given.seed if given.seed is not None else int(time.time())
    print(f"  seed {seed}")
    doors = Doors(t, new, seed, small)
    sockets = doors.descriptors()

    def measured():
        return harness.resident_mib(doors.server.pid), int(doors.info()["used_memory"])

    tour(doors, 1, given.stop)
    first, most = measured(), GROWN_MAX_MIB * (5 if small else 1)
    tour(doors, 2, given.stop)
    harness.until(lambda: measured()[0] <= first[0] + most and measured()[1] <= first[1] + USED_MAX, 30, 0.1)
    last = measured()
    print(f"  after one tour {first[0]:.0f} MiB resident, {first[1] / MIB:.1f} MiB used; after two {last[0]:.0f}, {last[1] / MIB:.1f}; "
          f"slowest PING {doors.slowest_ms:.0f} ms")
    t.check(last[0] <= first[0] + most, "resident memory is where it was", f"{first[0]:.0f} MiB, then {last[0]:.0f}")
    t.check(last[1] <= first[1] + USED_MAX, "and what is counted as used", f"{first[1]}, then {last[1]}")
    t.equal(doors.descriptors(), sockets, "no socket is left open")
    info = doors.info()
    for name in ("total_watched_keys", "watching_clients", "pubsub_channels", "pubsub_patterns", "pubsubshard_channels", "tracking_clients", "blocked_clients", "client_recent_max_input_buffer"):
        if name in info and name != "client_recent_max_input_buffer":
            t.equal(info[name], "0", f"{name} of INFO")
    t.equal(doors.control.call("SET", "k", "v"), harness.OK, "it writes")
    t.equal(doors.control.call("GET", "k"), ("$", b"v"), "and reads")
    doors.control.close()
    t.equal(doors.server.stop(), 0, "and ends in order")


if __name__ == "__main__":
    def options(p):
        p.add_argument("--seed", type=int, help="of what is random")
        p.add_argument("--stop", help="one stop of the tour")

    harness.main(__doc__, [nothing_stays], options)
