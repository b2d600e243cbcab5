"""Random commands, valid and invalid, for the differential runner.

A step is a tuple: ("call", args), ("raw", bytes) on a connection of its own, ("scan", args) for a
whole iteration, ("block", [(0 or 1, args), ...]) for transactions of two connections (blocks.py),
("talk", ...) for four that listen to each other (talks.py),
("auth", [args, ...]) under a password, ("swap", [key, other]) for a DUMP of `key` that the other server
restores as `other`, or ("nap", seconds).  Expiries are far away, past, or over before the next step, so
that two servers agree on who is alive.
"""
import time

import blocks
import resp
import talks
from commands_server import ServerCommands
from commands_strings import StringCommands

KEYS = [b"a", b"b", b"k1", b"k2", b"k3", b"{tag}x", b"{tag}y", b"", b"\x00\xff\r\n k", b"K" * 300, b"42"]
INTS = [b"0", b"1", b"-1", b"2", b"7", b"100", b"-100", b"12345", b"9223372036854775807",
        b"9223372036854775808", b"-9223372036854775808", b"-9223372036854775809", b"18446744073709551615",
        b"9223372036854775806", b"+1", b" 1", b"1 ", b"01", b"-0", b"1.0", b"1e3", b"0x10", b"", b"abc",
        b"4611686018427387904", b"-9223372036854775807", b"1\x00", b"99999999999999999999999"]
FLOATS = [b"0", b"1.5", b"-3.25", b"3.0e3", b"1e17", b"0.1", b"0.2", b"-0", b"nan", b"inf", b"-inf", b"1e400",
          b"0x1p3", b"123456789012345678.123", b"3.0000000000000000001", b"5e-324", b"1e-10", b" 1", b"1 ", b"",
          b"abc", b"1e", b"10", b"-10", b"9223372036854775807", b"5.0e10", b"1.0000000000000001", b"1e4932"]
VALUES = [b"", b"x", b"hello world", b"\x00\x01\r\n\xff", b"v" * 44, b"v" * 45, b"w" * 20000, b"0 1", b"10", b"3.14"]
OFFSETS = [b"0", b"1", b"5", b"100", b"-1", b"-2", b"-100", b"4000", b"536870911", b"536870912", b"2147483648",
           b"9223372036854775807", b"-9223372036854775808", b"abc", b"", b"1.5", b"01"]
SAFE_OFFSETS = [o for o in OFFSETS if o != b"536870911"]
FAR = [b"100", b"1000", b"5000", b"31536000"]
BAD_TIMES = [b"0", b"-1", b"-1000", b"9223372036854775807", b"-9223372036854775808", b"9223372036854775",
             b"9223372036854776", b"18446744073709551616", b"abc", b"", b"1.5", b" 5"]
UNKNOWN = [b"NOSUCH", b"geT1", b"", b"X" * 200, b"with space", b"bin\x00\xff", b"nl\r\nnl", b"%s%n"]
WORDS = [b"NX", b"XX", b"GT", b"LT", b"GET", b"KEEPTTL", b"EX", b"PX", b"EXAT", b"PXAT", b"PERSIST", b"MATCH",
         b"COUNT", b"TYPE", b"ASYNC", b"SYNC", b"BOGUS", b"nx", b"Xx", b"", b"1", b"100"]
PATTERNS = [b"*", b"k*", b"k?", b"[ab]", b"[^a]", b"\\*", b"nomatch", b"", b"*{tag}*", b"[a-", b"a\\", b"***"]
CONFIGS = [b"appendfsync", b"APPENDFSYNC", b"nosuch", b"no*such", b"appendfs?nc", b""]
CONFIG_SETS = [(b"appendfsync", b"no"), (b"appendfsync", b"everysec"), (b"appendfsync", b"sometimes"),
               (b"nosuch", b"1"), (b"port", b"abc"), (b"", b""), (b"timeout", b"0"), (b"timeout", b"-1"),
               (b"timeout", b"abc"), (b"databases", b"3")]
LEAVING = {b"SELECT", b"QUIT", b"RESET", b"HELLO"}
NUMBERED = [b"1", b"1", b"1", b"2", b"2", b"-1", b"0", b"1", b"2", b"9", b"15", b"16", b"abc", b"", b"99999999999"]
WAITS = [[b"WAIT", b"0", b"0"], [b"WAIT", b"-1", b"0"], [b"WAIT", b"1", b"5"], [b"WAIT", b"x", b"0"],
         [b"WAIT", b"1", b"1.5"], [b"WAIT", b"1", b"-1"], [b"WAIT"], [b"WAIT", b"1"]]
ACL_USERS = [b"alice", b"bob", b"", b"with space", b"nul\x00"]
ACL_COMMANDS = [b"get", b"set", b"mget", b"mset", b"del", b"exists", b"copy", b"rename", b"append", b"incr", b"ttl", b"select",
                b"ping", b"config|get", b"config|set", b"config", b"client|id", b"client|kill", b"client", b"object|encoding",
                b"acl|whoami", b"auth", b"flushall", b"getdel", b"persist", b"setrange"]
ACL_CATEGORIES = [b"all", b"read", b"write", b"fast", b"slow", b"admin", b"dangerous", b"connection", b"keyspace", b"string", b"set"]
ACL_WORDS = [b"on", b"off", b"nopass", b"resetpass", b"reset", b"allkeys", b"resetkeys", b"allchannels", b"resetchannels",
             b"allcommands", b"nocommands", b"clearselectors", b"skip-sanitize-payload", b"sanitize-payload", b""]
ACL_BAD = [b"+nosuch", b"-nosuch", b"+@nosuch", b"+", b"+@", b"bogus", b"%~a", b"%RR~a", b"~a b", b"&a\tb", b"+config|nosuch",
           b"+config|get|x", b"+config|", b"+select|", b"-select|1", b"(", b"(+get", b")", b"(on)", b"(+nosuch)", b"%"]
BAD_SHUTDOWNS = [[b"BOGUS"], [b"NOSAVE", b"SAVE"], [b"ABORT", b"NOW"], [b"ABORT"]]
FAR_BELOW = (b"-9223372036854775808", b"-9223372036854775807")
# Where expiries begin: none may be over while the next steps run.
EXPIRY_FROM = {b"SET": 3, b"GETEX": 2, b"SETEX": 2, b"PSETEX": 2, b"EXPIRE": 2, b"PEXPIRE": 2, b"RESTORE": 2}
NAP = 0.02
SHORT_MS = b"3"


class Commands(StringCommands, ServerCommands):
    """Draws steps from `random`; `proto` is what the connection is brought back to."""

    def __init__(self, random, proto):
        self.random = random
        self.proto = proto
        self.waiting = []
        self.makers = [
            (30, self.set), (8, self.simple_sets), (10, self.reads), (6, self.multi), (10, self.numbers),
            (8, self.ranges), (8, self.deletes), (12, self.expire), (8, self.ttl), (6, self.getex),
            (4, self.scan), (3, self.scan_call), (6, self.connection), (3, self.client), (3, self.config),
            (2, self.command), (2, self.database), (3, self.hello), (3, self.unknown), (5, self.raw),
            (1, self.auth), (8, self.transaction), (2, self.no_transaction), (1, self.short), (5, self.acl),
            (1, self.server), (6, self.copies), (2, self.key_names), (4, self.object),
            (3, self.pubsub), (2, self.modes), (4, self.talk),
        ] + self.string_makers() + self.server_makers()
        self.weights = [weight for weight, _ in self.makers]

    def pick(self, *options):
        return self.random.choice(options)

    def one(self, options):
        return self.random.choice(options)

    def case(self, word):
        return self.pick(word.upper(), word.lower(), word.upper(), word.title())

    def key(self):
        return self.one(KEYS)

    def value(self):
        return self.one(self.one([VALUES, VALUES, INTS, FLOATS]))

    def next(self):
        if self.waiting:
            return self.waiting.pop(0)
        step = self.random.choices(self.makers, self.weights)[0][1]()
        fixed = step[0] != "call" or SHORT_MS in step[1] or any(b"(" in word for word in step[1])
        if not fixed and self.random.random() < 0.08:
            step = ("call", self.mutate(list(step[1])))
        return self.tame(step)

    def pubsub(self):
        channel = self.one(KEYS)
        return ("call", self.one([
            [self.case(b"PUBLISH"), channel, self.value()], [self.case(b"SPUBLISH"), channel, self.value()],
            [b"PUBSUB", self.case(b"CHANNELS")], [b"PUBSUB", b"CHANNELS", self.one(PATTERNS)], [b"PUBSUB", b"NUMPAT"],
            [b"PUBSUB", b"NUMSUB", channel, self.key()], [b"PUBSUB", b"SHARDCHANNELS"], [b"PUBSUB", b"SHARDNUMSUB", channel],
            [b"UNSUBSCRIBE", channel], [b"PUNSUBSCRIBE", channel], [b"SUNSUBSCRIBE", channel], [b"UNSUBSCRIBE"]]))

    def modes(self):
        switch = self.pick(b"ON", b"OFF", b"off", b"x")
        return ("call", self.one([
            [b"CLIENT", b"TRACKINGINFO"], [b"CLIENT", b"GETREDIR"], [b"CLIENT", b"NO-EVICT", switch],
            [b"CLIENT", b"UNPAUSE"], [b"CLIENT", b"CACHING", self.pick(b"YES", b"NO", b"x")],
            [b"CLIENT", b"TRACKING", b"OFF"], [b"CLIENT", b"TRACKING", b"ON", self.pick(b"PREFIX", b"x", b"REDIRECT")],
            [b"CONFIG", b"SET", b"notify-keyspace-events", self.pick(b"", b"KEA", b"x", b"gE", b"AKm", b"?")],
            [b"CONFIG", b"GET", b"notify-keyspace-events"]]))

    def mutate(self, args):
        where = self.random.randrange(len(args))
        how = self.random.randrange(4)
        if how == 0 and len(args) > 1:
            del args[where or 1]
        elif how == 1:
            args.insert(where + 1, self.one(self.one([WORDS, INTS, KEYS])))
        elif where > 0:
            args[where] = self.one(self.one([WORDS, INTS, KEYS, FLOATS]))
        return args

    def tame(self, step):
        """Nothing that ends a server, fills its memory, or hangs on a client's identity."""
        if step[0] != "call":
            return step
        args = step[1]
        name = args[0].upper()
        if name == b"SHUTDOWN" and args[1:] not in BAD_SHUTDOWNS:
            return ("call", args + [b"BOGUS"])
        if name == b"SETRANGE" and len(args) > 2 and args[2] not in SAFE_OFFSETS:
            return ("call", args[:2] + [b"1"] + args[3:])
        if name == b"CONFIG":  # Redis takes a value only up to its NUL byte
            args[1:] = [b"x" if b"\x00" in word else word for word in args[1:]]
        if name == b"BITFIELD":  # SET with SAT: so far below the range Redis takes it for above
            args[2:] = [b"-1" if word in FAR_BELOW else word for word in args[2:]]
        if name == b"BGSAVE" and len(args) < 3:  # when it ends is each server's own
            return ("call", [args[0], b"SCHEDULE", b"x"])
        if name == b"WAIT" and args not in WAITS:  # it might for ever
            return ("call", args[:1])
        if name == b"RESTORE" and len(args) > 2 and len(args[2]) > 18 and args[2].startswith(b"9"):
            return ("call", args[:2] + [b"0"] + args[3:])  # beyond the end of time Redis wraps around
        if name in (b"SUBSCRIBE", b"PSUBSCRIBE", b"SSUBSCRIBE"):
            return ("call", args[:1])  # with names it would end the dialogue of one reply each
        if name in (b"UNSUBSCRIBE", b"PUNSUBSCRIBE", b"SUNSUBSCRIBE"):
            return ("call", args[:2])
        if name == b"CLIENT" and len(args) > 1 and args[1].upper() in (b"REPLY", b"PAUSE"):
            return ("call", [b"PING"])
        if name in (b"AUTH", b"HELLO"):  # as one of those it might do nothing any more
            first = 1 if name == b"AUTH" else 2
            args[first:] = [b"nobody" if word in ACL_USERS else word for word in args[first:]]
        if name in EXPIRY_FROM and SHORT_MS not in args:
            first = EXPIRY_FROM[name]
            args[first:] = [b"100000" if word.isdigit() and 0 < int(word) <= 100 else word for word in args[first:]]
        if name == b"SET":  # what is over when it is set Redis counts as a key until it looks
            for at, word in enumerate(args[:-1]):
                least = {b"EXAT": 10 ** 10, b"PXAT": 10 ** 13}.get(word.upper())
                if least and args[at + 1].isdigit() and 0 < int(args[at + 1]) < least // 10:
                    args[at + 1] = b"%d" % least
        if name in (b"HELLO", b"RESET"):
            self.waiting.append(("call", [b"HELLO", b"%d" % self.proto]))
        if name == b"SELECT":
            self.waiting += [("call", blocks.plain_call(self, LEAVING)) for _ in range(self.random.randrange(8))]
            self.waiting += [("call", [b"DBSIZE"]), ("call", [b"SELECT", b"0"])]
        return step

    def expiry(self, names=(b"EX", b"PX", b"EXAT", b"PXAT")):
        name = self.one(names)
        if self.random.random() < 0.25:
            return [self.case(name), self.one(BAD_TIMES)]
        far = int(self.one(FAR))
        if name.endswith(b"AT"):
            far += int(time.time())
        if name.startswith(b"P"):
            far *= 1000
        return [self.case(name), b"%d" % far]

    def set(self):
        args = [self.case(b"SET"), self.key(), self.value()]
        options = []
        for option in ([b"NX"], [b"XX"], [b"GET"], [b"KEEPTTL"], self.expiry(), self.expiry()):
            if self.random.random() < 0.15:
                options.append(option)
        self.random.shuffle(options)
        return ("call", args + [word for option in options for word in option])

    def simple_sets(self):
        name = self.pick(b"SETNX", b"GETSET", b"APPEND", b"SETEX", b"PSETEX")
        args = [self.case(name), self.key()]
        if name.endswith(b"EX"):
            args.append(self.expiry([b"PX" if name == b"PSETEX" else b"EX"])[1])
        return ("call", args + [self.value()])

    def reads(self):
        return ("call", [self.case(self.pick(b"GET", b"GET", b"STRLEN", b"TYPE", b"GETDEL")), self.key()])

    def keys(self, most=4):
        return [self.key() for _ in range(self.random.randrange(most + 1))]

    def multi(self):
        name = self.pick(b"MGET", b"MSET", b"MSETNX")
        args = [self.case(name)]
        for key in self.keys():
            args += [key] if name == b"MGET" else [key, self.value()]
        return ("call", args)

    def numbers(self):
        name = self.pick(b"INCR", b"DECR", b"INCRBY", b"DECRBY", b"INCRBYFLOAT")
        args = [self.case(name), self.key()]
        if name == b"INCRBYFLOAT":
            args.append(self.one(FLOATS))
        elif name.endswith(b"BY"):
            args.append(self.one(INTS))
        if self.random.random() < 0.3:
            self.waiting.append(("call", args))
            return ("call", [b"SET", args[1], self.one(self.one([INTS, FLOATS]))])
        return ("call", args)

    def ranges(self):
        if self.random.random() < 0.3:
            return ("call", [self.case(b"SETRANGE"), self.key(), self.one(SAFE_OFFSETS), self.pick(b"", b"xyz", b"\x00")])
        return ("call", [self.case(self.pick(b"GETRANGE", b"SUBSTR")), self.key(), self.one(OFFSETS), self.one(OFFSETS)])

    def deletes(self):
        return ("call", [self.case(self.pick(b"DEL", b"UNLINK", b"EXISTS", b"EXISTS", b"TOUCH"))] + self.keys())

    def copies(self):
        name = self.pick(b"RENAME", b"RENAMENX", b"COPY", b"COPY", b"MOVE", b"SWAPDB")
        if name == b"SWAPDB":
            return ("call", [self.case(name), self.one(NUMBERED), self.one(NUMBERED)])
        if name == b"MOVE":
            return ("call", [self.case(name), self.key(), self.one(NUMBERED)])
        args = [self.case(name), self.key(), self.key()]
        if name == b"COPY":
            for option in ([b"DB", self.one(NUMBERED)], [b"REPLACE"], [b"BOGUS"]):
                if self.random.random() < 0.25:
                    args += option
        return ("call", args)

    def key_names(self):
        return ("call", [self.case(b"KEYS"), self.one(PATTERNS)])

    def object(self):
        name = self.pick(b"ENCODING", b"ENCODING", b"ENCODING", b"REFCOUNT", b"FREQ", b"IDLETIME", b"BOGUS")
        if name != b"ENCODING":
            return ("call", [self.case(b"OBJECT"), self.case(name), self.key()])
        # how a value came about shows in Redis's choice: so it is set just before
        key = self.key()
        self.waiting += [("call", [b"SET", key, self.value()]), ("call", [self.case(b"OBJECT"), name, key])]
        return ("call", [b"EXISTS", key])

    def expire(self):
        name = self.pick(b"EXPIRE", b"PEXPIRE", b"EXPIREAT", b"PEXPIREAT")
        unit = {b"EXPIRE": b"EX", b"PEXPIRE": b"PX", b"EXPIREAT": b"EXAT", b"PEXPIREAT": b"PXAT"}[name]
        args = [self.case(name), self.key(), self.expiry([unit])[1]]
        for option in (b"NX", b"XX", b"GT", b"LT", b"BOGUS"):
            if self.random.random() < 0.12:
                args.append(self.case(option))
        return ("call", args)

    def ttl(self):
        return ("call", [self.case(self.pick(b"TTL", b"PTTL", b"EXPIRETIME", b"PEXPIRETIME", b"PERSIST")), self.key()])

    def getex(self):
        args = [self.case(b"GETEX"), self.key()]
        for option in (self.expiry(), [b"PERSIST"], self.expiry(), [b"NX"]):
            if self.random.random() < 0.25:
                args += option
        return ("call", args)

    def scan_options(self, bad):
        args = []
        if self.random.random() < 0.4:
            args += [self.case(b"MATCH"), self.one(PATTERNS)]
        if self.random.random() < 0.4:
            args += [self.case(b"COUNT"), self.one(INTS if bad else [b"1", b"3", b"10", b"1000"])]
        if self.random.random() < 0.3:
            args += [self.case(b"TYPE"), self.pick(b"string", b"STRING", b"hash", b"zset")]
        return args

    def scan(self):
        return ("scan", self.scan_options(False))

    def scan_call(self):
        cursor = self.pick(b"-1", b"abc", b"", b"18446744073709551616", b"1x", b" 0", b"+0")
        return ("call", [self.case(b"SCAN"), cursor] + self.scan_options(True))

    def connection(self):
        return ("call", self.pick(
            [b"PING"], [b"PING", self.value()], [b"PING", b"a", b"b"], [b"ECHO", self.value()], [b"ECHO"],
            [b"SELECT", self.one(NUMBERED)], [b"QUIT"], [b"RESET"], [b"TIME"], [b"TIME", b"x"],
            [b"AUTH", b"x"], [b"AUTH", b"default", b"x"], [b"AUTH", b"nobody", b"x"], [b"AUTH"],
            [b"AUTH", b"a", b"b", b"c"]))

    def client(self):
        return ("call", [self.case(b"CLIENT")] + self.pick(
            [b"ID"], [b"GETNAME"], [b"SETNAME", b"name"], [b"SETNAME", b""], [b"SETNAME", b"a b"],
            [b"SETNAME", b"nl\n"], [b"SETNAME"], [b"GETNAME", b"x"], [b"setname", b"other"], [b"BOGUS"],
            [b"SETINFO", b"LIB-NAME", b"x"], [b"ID", b"x"], [], [b"KILL"], [b"KILL", b"1.2.3.4:5"],
            [b"KILL", b"ID", b"0"], [b"KILL", b"ID", b"x"], [b"KILL", b"ID", b"9999999"], [b"KILL", b"TYPE", b"BOGUS"],
            [b"KILL", b"TYPE", b"pubsub"], [b"KILL", b"USER", b"nobody"], [b"KILL", b"SKIPME", b"maybe"],
            [b"KILL", b"ADDR", b"1.2.3.4:5", b"SKIPME", b"no"], [b"KILL", b"ADDR", b"x", b"LADDR"],
            [b"UNBLOCK"], [b"UNBLOCK", b"x"], [b"UNBLOCK", b"9999999"], [b"UNBLOCK", b"-1", b"error"],
            [b"UNBLOCK", b"9999999", b"TIMEOUT"], [b"UNBLOCK", b"1", b"foo"], [b"UNBLOCK", b"9999999", b"error", b"x"]))

    def config(self):
        if self.random.random() < 0.5:
            names = [self.one(CONFIGS) for _ in range(self.random.randrange(4))]
            return ("call", [self.case(b"CONFIG"), self.case(b"GET")] + names)
        pairs = [word for _ in range(self.random.randrange(3)) for word in self.one(CONFIG_SETS)]
        return ("call", [self.case(b"CONFIG"), self.case(b"SET")] + pairs)

    def command(self):
        names = [b"get", b"SET", b"mget", b"mset", b"expire", b"del", b"ping", b"nosuch", b"scan", b"getex", b"incr",
                 b"append", b"select", b"flushall", b"ttl", b"exists", b"time", b"echo", b"strlen", b"type", b"multi", b"exec", b"discard",
                 b"watch", b"unwatch", b"wait"]
        return ("call", [self.case(b"COMMAND")] + self.pick(
            [b"COUNT"], [b"COUNT", b"x"], [b"BOGUS"], [b"INFO"], [b"INFO", self.one(names)],
            [b"INFO", self.one(names), self.one(names)]))

    def database(self):
        return ("call", self.pick(
            [b"DBSIZE"], [b"DBSIZE"], [b"DBSIZE", b"x"], [b"FLUSHDB"], [b"FLUSHDB", b"ASYNC"], [b"FLUSHALL", b"SYNC"],
            [b"FLUSHALL", b"BOGUS"], [b"FLUSHDB", b"SYNC", b"x"], [b"FLUSHALL"]))

    def server(self):
        return ("call", self.pick(
            [b"INFO"], [b"INFO", b"server"], [b"INFO", b"nosuch"], [b"INFO", b"a", b"b"],
            [b"SHUTDOWN"] + self.one(BAD_SHUTDOWNS)))

    def hello(self):
        return ("call", [self.case(b"HELLO")] + self.pick(
            [], [b"2"], [b"3"], [b"4"], [b"1"], [b"abc"], [b""], [b"3", b"SETNAME", b"n"], [b"2", b"SETNAME", b"a b"],
            [b"3", b"AUTH", b"default", b"x"], [b"3", b"AUTH", b"nobody", b"x"], [b"3", b"AUTH", b"x"], [b"3", b"BOGUS"],
            [b"3", b"SETNAME"], [b"3", b"AUTH", b"default", b"", b"SETNAME", b"z"], [b"99999999999999999999"]))

    def unknown(self):
        return ("call", [self.one(UNKNOWN)] + [self.value() for _ in range(self.random.randrange(5))])

    def short(self):
        """A key that is gone when it is asked for."""
        key = self.key()
        asked = self.pick([b"GET", key], [b"TTL", key], [b"EXISTS", key], [b"INCR", key], [b"SETNX", key, b"again"],
                          [b"APPEND", key, b"x"], [b"PERSIST", key], [b"DBSIZE"], [b"SET", key, b"1", b"XX"])
        self.waiting += [("nap", NAP), ("call", [b"EXISTS", key]), ("call", asked)]
        return ("call", self.pick([b"SET", key, b"5", b"PX", SHORT_MS], [b"PSETEX", key, SHORT_MS, b"5"]))

    def transaction(self):
        return blocks.block(self)

    def talk(self):
        return talks.talk(self)

    def no_transaction(self):
        return ("call", self.pick([b"EXEC"], [b"DISCARD"], [b"UNWATCH"], [b"EXEC", b"x"], [b"WATCH"],
                                  [b"WATCH"] + self.keys(), [b"UNWATCH", b"x"], self.one(WAITS)))

    def auth(self):
        tries = [[b"GET", b"a"], [b"PING"], [b"EXEC"], [b"AUTH", b"bad"], [b"AUTH", b"default", b"bad"], [b"NOSUCH"], [b"GET"],
                 [b"HELLO", b"3"], [b"HELLO", b"3", b"AUTH", b"default", b"bad"], [b"HELLO"], [b"RESET"], [b"ECHO", b"x"],
                 [b"CLIENT", b"ID"], [b"COMMAND", b"COUNT"], [b"SELECT", b"1"], [b"HELLO", b"2", b"AUTH", b"default", b"pw"],
                 [b"AUTH", b"pw"], [b"SET", b"a", b"1"], [b"QUIT"]]
        return ("auth", [self.one(tries) for _ in range(8)])

    def rule(self):
        """One of ACL SETUSER's, most of them good."""
        command = self.case(self.one(ACL_COMMANDS))
        pattern = self.one([b"a", b"k*", b"[ab]", b"*", b"", b"{tag}*", b"nomatch"])
        return self.pick(
            b"+" + command, b"+" + command, b"-" + command, self.pick(b"+@", b"-@") + self.case(self.one(ACL_CATEGORIES)),
            self.pick(b"+@", b"-@") + self.one(ACL_CATEGORIES), b"~" + pattern, self.pick(b"%R~", b"%W~", b"%rw~") + pattern,
            b"&" + pattern, self.one(ACL_WORDS), self.case(self.one(ACL_WORDS)), self.pick(b">p", b">q", b"<p", b"<q", b">"),
            b"#" + self.pick(b"a" * 64, b"A" * 64, b"12"), b"!" + self.pick(b"a" * 64, b"x"), b"+select|" + self.pick(b"0", b"1"),
            self.one(ACL_BAD))

    def selector(self):
        inside = [self.pick(b"+", b"-") + self.one(ACL_COMMANDS), self.pick(b"~k*", b"%R~*", b"%W~a", b"allkeys"),
                  self.pick(b"+@read", b"-@write", b"&x", b"~b")]
        text = b"(" + b" ".join(self.random.sample(inside, self.random.randrange(4))) + b")"
        return text.split(b" ") if self.random.random() < 0.3 else [text]

    def user_command(self):
        name = self.one([command for command in ACL_COMMANDS if command != b"object|encoding"])  # each server's own
        return name.split(b"|") + [self.one(KEYS[:8]) for _ in range(self.random.randrange(4))]

    def acl(self):
        user = self.one(ACL_USERS)
        # all that both have, with keys; wrong numbers of arguments get the same error
        asked = [command.split(b"|") + [self.pick(b"a", b"b", b"k1", b"0") for _ in range(n)]
                 for command in ACL_COMMANDS for n in (0, 1, 2)]
        rules = [r for _ in range(self.random.randrange(1, 5)) for r in (
            self.selector() if self.random.random() < 0.15 else [self.rule()])]
        for bad in (b"(", b"(+get"):  # 7.0 begins anew at the next parenthesis, 7.2 goes on to the end
            rules = rules[:rules.index(bad) + 1] if bad in rules else rules
        return self.pick(
            ("call", [b"ACL", self.case(b"SETUSER"), user] + rules), ("call", [b"ACL", b"SETUSER", user] + rules),
            ("call", [b"ACL", b"SETUSER", user] + rules), ("call", [b"ACL", b"GETUSER", user]), ("may", (user, asked)),
            ("call", [b"ACL", b"DRYRUN", user] + self.user_command()), ("as_user", (user, [self.user_command() for _ in range(4)])),
            ("call", [b"ACL"] + self.pick(
                [b"LIST"], [b"USERS"], [b"WHOAMI"], [b"CAT"], [b"CAT", self.one(ACL_CATEGORIES)], [b"CAT", b"nosuch"], [b"LOG"],
                [b"LOG", b"RESET"], [b"LOG", b"2"], [b"LOG", b"x"], [b"LOG", b"-1"], [b"GENPASS"], [b"GENPASS", b"5"],
                [b"GENPASS", b"0"], [b"GENPASS", b"x"], [b"DELUSER", user], [b"DELUSER", b"default"], [b"DELUSER", user, b"nobody"],
                [b"GETUSER", b"nobody"], [b"DRYRUN", b"nobody", b"GET", b"a"], [b"LOAD"], [b"SAVE"], [b"HELP"], [b"NOSUCH"], [])))

    def inline(self):  # without NUL: Redis never finds the end of such a line
        return self.pick(
            b"PING", b"ping  ", b"  PING", b"SET a b", b"GET a", b'SET a "x y\\n\\x41\\t\\\\"', b"SET a 'it\\'s'",
            b'SET a "open', b"SET a 'open", b'GET "a"b', b"", b"   ", b'ECHO ""', b"ECHO ''", b'ECHO "\\q\\xzz"',
            b"NOSUCH a b", b"GET", b"\tPING\t", b"ECHO " + b"y" * 1000)

    def raw(self):
        """A mixture of good and bad framing."""
        def value():  # without NUL, as it may become part of a line
            return self.value().replace(b"\x00", b"0")

        good = [lambda: resp.encode([b"ECHO", value()]), lambda: resp.encode([b"SET", b"a", value()]),
                lambda: resp.encode([b"GET", b"a"]), lambda: resp.encode([b"NOSUCH", b"x"]), lambda: b"*0\r\n",
                lambda: b"*-1\r\n", lambda: b"\r\n", lambda: self.inline() + self.pick(b"\r\n", b"\n")]
        bad = [b"*abc\r\n", b"*-10\r\n", b"*1\r\n#3\r\nGET\r\n", b"*1\r\n$abc\r\n", b"*1\r\n$-1\r\n", b"*1\r\n$-5\r\n",
               b"*1\r\n$536870913\r\n", b"*2147483648\r\n", b"*99999999999999999999\r\n", b"*1\r\n$99999999999999999999\r\n",
               b"*3\r\n$3\r\nSET\r\n:1\r\n", b"*\r\n", b"*1\r\n$\r\n", b"* 1\r\n", b"*1 \r\n", b"*+1\r\n", b"*01\r\n$4\r\nPING\r\n",
               b"*1\r\n$+4\r\nPING\r\n", b"*1\r\n$04\r\nPING\r\n", b"*1\r\n$4\r\nPINGxx", b"*2\r\n$4\r\nECHO\r\n\r\n",
               b"*1\r\n$4\r\nPING", b"*1\r\n\r\n",
               b"POST / HTTP/1.1\r\n", b"Host: x\r\n", b"*2\r\n$4\r\nPOST\r\n$1\r\nx\r\n", b"\x01\x02\r\n", b"\xff\n",
               b'SET a "open\r\n', b"PING 'x\r\n", b'PING "x"y\r\n', b"$4\r\nPING\r\n", b"+OK\r\n", b"*1\n$4\nPING\n",
               b"*0001\r\n$4\r\nPING\r\n", b"*-0\r\n", b"*1\r\n$-0\r\n"]
        endless = [b"*1" + b"0" * 70000, b"*1\r\n$" + b"1" * 70000, b"x" * 70000]  # nothing may follow
        parts = [self.one(good)() for _ in range(self.random.randrange(5))]
        if self.random.random() < 0.1:
            return ("raw", b"".join(parts) + self.one(endless))
        if self.random.random() < 0.6:
            parts.append(self.one(bad))
            parts += [self.one(good)() for _ in range(self.random.randrange(2))]
        return ("raw", b"".join(parts))
