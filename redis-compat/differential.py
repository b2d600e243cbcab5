"""Sends the same random commands to the distribution's redis-server and to Henge; every reply must
be the same, types included.  `--seed` replays; a difference is shrunk to a few commands.  Known
differences are in known_differences.txt, each with its reason."""
import argparse
import os
import random
import re
import select
import sys
import time

import resp
import servers
from commands import Commands

HERE = os.path.dirname(os.path.abspath(__file__))
TOLERANCE = {b"TTL": 1, b"EXPIRETIME": 1, b"PTTL": 2000, b"PEXPIRETIME": 2000}
QUIET = 0.004  # seconds without a reply after which none is expected
SHOWN_MAX = 20
SHRINK_SECONDS = 20
BLOCK_NAP = 0.3  # in a block: longer than its keys live


def printed(step):
    """A step as text, as known_differences.txt sees it."""
    kind, what = step
    if kind in ("call", "scan"):
        words = ([b"SCAN-ALL"] if kind == "scan" else []) + what
        return " ".join(repr(w)[2:-1] if w and b" " not in w else repr(w)[1:] for w in words)
    return f"{kind} {what!r}"


def load_known(path):
    known = []
    with open(path, encoding="utf8") as f:
        for number, line in enumerate(f, 1):
            if line.strip() and not line.startswith("#"):
                fields = [w for w in line.rstrip("\n").split("\t") if w]
                if len(fields) != 3:
                    raise SystemExit(f"{path}:{number}: not REGEX, RULE and reason, separated by tabs")
                known.append((re.compile(fields[0], re.S), fields[1]))
    return known


class Side:
    """One server and the runner's main connection to it."""

    def __init__(self, address, proto):
        self.address = address
        self.proto = proto
        self.connection = None
        self.reset()

    def open(self):
        self.connection = resp.Connection(self.address)
        self.connection.call(b"HELLO", b"%d" % self.proto)

    def reset(self):
        if self.connection:
            self.connection.close()
        self.open()
        self.connection.call(b"FLUSHALL")
        for _, name in self.connection.call(b"ACL", b"USERS")[1]:
            if name != b"default":
                self.connection.call(b"ACL", b"DELUSER", name)
        self.connection.call(b"CONFIG", b"SET", b"appendfsync", b"everysec")

    def call(self, args):
        try:
            reply = self.connection.call(*args)
            if args[0].upper() == b"QUIT" and reply[0] == "+":
                reply = (reply, self.connection.read())
        except resp.ProtocolViolation as wrong:
            reply = ("violation", str(wrong))
        except TimeoutError:
            reply = ("no reply",)
        if resp.CLOSED in (reply, reply[-1]) or reply[0] in ("violation", "no reply"):
            self.connection.close()
            self.open()
        return reply

    def raw(self, data):
        """A connection of its own, half-closed when no more replies come."""
        with resp.Connection(self.address, timeout=5) as c:
            c.send_raw(data)
            while select.select([c.socket], [], [], QUIET)[0]:
                try:
                    c.fill()
                except resp.Closed:
                    break
            try:
                c.socket.shutdown(1)
            except OSError:
                pass  # it closed first
            try:
                return ("replies", c.read_to_end())
            except resp.ProtocolViolation as wrong:
                return ("violation", str(wrong))
            except TimeoutError:
                return ("no reply",)

    def scan(self, options):
        """A whole iteration: what it returned, as a set."""
        cursor, found, rounds = b"0", set(), 0
        while rounds == 0 or cursor != b"0":
            reply = self.connection.call(b"SCAN", cursor, *options)
            if reply[0] != "*" or len(reply[1]) != 2 or reply[1][1][0] != "*" or reply[1][0][0] != "$":
                return reply
            cursor = reply[1][0][1]
            found.update(reply[1][1][1])
            rounds += 1
            if rounds > 10000:
                return ("endless",)
        return ("set", sorted(found))

    def auth(self, commands):
        self.connection.call(b"CONFIG", b"SET", b"requirepass", b"pw")
        replies = []
        with resp.Connection(self.address) as c:
            for args in commands:
                replies.append(normal(args, c.call(*args)))
                if replies[-1] == resp.CLOSED:
                    break
        self.connection.call(b"CONFIG", b"SET", b"requirepass", b"")
        return ("replies", replies)

    def block(self, steps):
        """Transactions of two new connections: what each step answers, EXEC's answers one by one."""
        pair = [resp.Connection(self.address) for _ in range(2)]
        queued = [[], []]
        replies = []
        for c in pair:
            c.call(b"HELLO", b"%d" % self.proto)
        for which, args in steps:
            if args is None:
                time.sleep(BLOCK_NAP)
            elif pair[which]:
                reply = self.block_call(pair[which], args, queued[which])
                replies.append(reply)
                if reply[0] in ("closed", "violation", "no reply"):
                    pair[which].close()
                    pair[which] = None
        for c in pair:
            if c:
                c.close()
        return ("replies", replies)

    @staticmethod
    def block_call(connection, args, queued):
        try:
            reply = connection.call(*args)
            if args[0].upper() == b"QUIT" and reply == ("+", b"OK"):
                return connection.read()
        except resp.ProtocolViolation as wrong:
            return ("violation", str(wrong))
        except TimeoutError:
            return ("no reply",)
        if reply == ("+", b"QUEUED"):
            queued.append(args)
            return reply
        name = args[0].upper()
        if name == b"EXEC" and reply[0] == "*" and reply[1] is not None:
            reply = ("*", [normal(a, r) for a, r in zip(queued, reply[1])], len(reply[1]))
        if name in (b"EXEC", b"DISCARD", b"RESET"):  # a MULTI in a MULTI is refused and changes nothing
            queued.clear()
        return normal(args, reply) if name != b"EXEC" else reply

    def dump(self, key):
        return self.call([b"DUMP", key])

    def take(self, key, payload):
        """What the other has dumped."""
        if payload[0] != "$" or payload[1] is None:
            return payload
        replies = [self.call([b"RESTORE", key, b"0", payload[1], b"REPLACE"]), self.call([b"GET", key])]
        return ("replies", replies)

    def as_user(self, what):
        """Commands of a user that both servers let in."""
        user, commands = what
        self.connection.call(b"ACL", b"SETUSER", user, b"on", b"nopass")
        with resp.Connection(self.address) as c:
            replies = [c.call(b"AUTH", user, b"x")]
            for words in commands if replies[0][0] == "+" else []:
                replies.append(normal_refusal(normal(words, c.call(*words))))
                if replies[-1] == resp.CLOSED:
                    break
        return ("replies", replies)

    def may(self, what):
        """What a user may, of many commands: ACL DRYRUN's answers."""
        user, commands = what
        return ("replies", [normal_dryrun(self.connection.call(b"ACL", b"DRYRUN", user, *words)) for words in commands])

    def run(self, step):
        kind, what = step
        if kind == "nap":
            return ("nap",)
        return getattr(self, kind)(what)


def blank_field(items, *names):
    """A flat map's values, by name, reduced to their type."""
    return [(item[0], None) if i % 2 and items[i - 1][1] in names else item for i, item in enumerate(items)]


def normal(args, reply):
    """A reply without what two servers cannot share: identities, versions, sets' order."""
    name = args[0].upper()
    sub = args[1].upper() if len(args) > 1 else b""
    if reply[0] in ("-", "violation", "closed", "no reply"):
        return reply
    if name in (b"TIME", b"INFO") or (name, sub) in ((b"CLIENT", b"ID"), (b"COMMAND", b"COUNT"), (b"OBJECT", b"IDLETIME")):
        return (reply[0], len(reply[1]) if name == b"TIME" else None)
    if name == b"DUMP" and reply[1] is not None:  # one compresses, and the versions differ
        return (reply[0], None)
    if name == b"SCAN":  # the order is each server's own
        return (reply[0], len(reply[1]), [item[0] for item in reply[1]])
    if name == b"KEYS":  # as here
        return (reply[0], sorted(reply[1]))
    if name == b"HELLO":
        return (reply[0], blank_field(reply[1], b"id", b"version"))
    if name == b"COMMAND" and len(args) == 1 or (name, sub) == (b"COMMAND", b"INFO") and len(args) == 2:
        return (reply[0], None)
    if (name, sub) == (b"ACL", b"GETUSER") and reply[0] in ("*", "%"):
        return normal_user(reply)
    if (name, sub) == (b"ACL", b"LIST"):
        return normal_users(reply)
    if (name, sub) == (b"ACL", b"DRYRUN"):
        return normal_dryrun(reply)
    if (name, sub) in ((b"ACL", b"GENPASS"), (b"ACL", b"CAT")):
        return (reply[0], len(reply[1]) if sub == b"GENPASS" or len(args) == 2 else None)
    if (name, sub) == (b"ACL", b"LOG") and reply[0] == "*":
        return (reply[0], [normal_entry(entry) for entry in reply[1]])
    if (name, sub) == (b"ACL", b"HELP"):
        return reply[0]
    if (name, sub) == (b"COMMAND", b"INFO"):
        return (reply[0], [row if row[1] is None else normal_row(row) for row in reply[1]])
    return reply


def normal_entry(entry):
    """An entry of ACL LOG: its numbers and times are each server's own, and 7.2 has more of them."""
    cells = entry[1]
    return [(cells[i][1], cells[i + 1][1]) for i in range(0, len(cells), 2)
            if cells[i][1] in (b"count", b"reason", b"context", b"object", b"username")]


def normal_refusal(reply):
    """-NOPERM: worded anew in 7.2."""
    if reply[0] != "-" or not reply[1].startswith(b"NOPERM"):
        return reply
    return ("-", b"NOPERM " + (re.search(rb"'.*'", reply[1]) or [b"a key"])[0])


def normal_dryrun(reply):
    """Since 7.2 it says which user."""
    return (reply[0], re.sub(rb"^(This user|User .*?) has no", b"has no", reply[1])) if reply[0] == "$" else reply


def normal_user(reply):
    """ACL GETUSER without the rules about commands, which 7.2 shows as they were given and 7.0 as it sees fit (what
    they allow is asked for by "may"), and the flag that 7.0 only shows after `reset`."""
    cells, fields = list(reply[1]), {b"commands": ("$", b"")}
    for i in range(1, len(cells), 2):
        name = cells[i - 1][1]
        if name == b"flags":
            cells[i] = (cells[i][0], [flag for flag in cells[i][1] if flag[1] != b"sanitize-payload"])
        elif name == b"keys":  # so that "%RW~* ~a" can be read again from a file
            cells[i] = (cells[i][0], cells[i][1].replace(b"%RW~*", b"~*"))
        elif name == b"selectors":
            cells[i] = (cells[i][0], [normal_user(s) for s in cells[i][1]])
        else:
            cells[i] = fields.get(name, cells[i])
    return (reply[0], cells)


def normal_users(reply):
    """ACL LIST, the same."""
    return (reply[0], [re.sub(rb" sanitize-payload| [-+][^ )]+", b"", line[1]).replace(b"%RW~*", b"~*")
                       for line in reply[1]])


def normal_row(row):
    """A row of COMMAND: flags and categories are sets; tips, specifications and subcommands are not compared."""
    cells = [(cell[0], sorted(cell[1])) if cell[0] in ("*", "~") else cell for cell in row[1]]
    return (row[0], cells[:7], [cell[0] for cell in cells[7:]])


def same(step, expected, got, known):
    if step[0] == "call":
        name = step[1][0].upper()
        expected, got = normal(step[1], expected), normal(step[1], got)
        if name in TOLERANCE and expected[0] == got[0] == ":" and expected[1] > 0:
            return abs(expected[1] - got[1]) <= TOLERANCE[name]
    if expected == got:
        return True
    text = printed(step)
    rules = [rule for pattern, rule in known if pattern.search(text)]
    for rule in rules:
        if rule.startswith("text="):
            expected = replaced(expected, *(part.encode() for part in rule[5:].split("=>")))
    return expected == got or any(allowed(rule, expected, got) for rule in rules)


def replaced(reply, old, new):
    """A reply, or replies within replies, with errors reworded."""
    if isinstance(reply, (tuple, list)):
        if len(reply) == 2 and reply[0] == "-":
            return ("-", reply[1].replace(old, new))
        return type(reply)(replaced(part, old, new) for part in reply)
    return reply


def allowed(rule, expected, got):
    if got[0] in ("violation", "no reply"):
        return False
    if rule in ("type", "error"):
        return expected[0] == got[0] and (rule == "type" or got[0] == "-")
    if rule.startswith("henge="):
        return re.search(rule[6:], repr(got), re.S) is not None
    return rule == "any"


class Runner:
    def __init__(self, oracle, henge, known):
        self.sides = [oracle, henge]
        self.known = known
        self.passed = self.failed = 0
        self.kinds = {}

    def both(self, step):
        if step[0] == "nap":
            time.sleep(step[1])
        if step[0] == "swap":
            key, other = step[1]
            payloads = [side.dump(key) for side in self.sides]
            return [side.take(other, payload) for side, payload in zip(self.sides, reversed(payloads))]
        return [side.run(step) for side in self.sides]

    def reset(self):
        for side in self.sides:
            side.reset()

    def differs(self, steps):
        """Whether the last of these steps still differs, from an empty store."""
        self.reset()
        for step in steps[:-1]:
            self.both(step)
        return not same(steps[-1], *self.both(steps[-1]), self.known)

    def shrink(self, steps):
        """Halves, then quarters, ... are left out while the last step still differs."""
        until = time.monotonic() + SHRINK_SECONDS
        kept, size = steps, len(steps)
        while size >= 1 and time.monotonic() < until:
            at = 0
            while at < len(kept) - 1 and time.monotonic() < until:
                fewer = kept[:at] + kept[min(at + size, len(kept) - 1):]
                if self.differs(fewer):
                    kept = fewer
                else:
                    at += size
            size //= 2
        return kept

    def report(self, seed, number, history, replies):
        step = history[-1]
        kind = (step[0], step[1][0].upper() if step[0] == "call" else b"", replies[0][0], replies[1][0])
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        if self.kinds[kind] > 2 or len(self.kinds) > SHOWN_MAX:
            self.reset()
            return
        print(f"\nDIFFERENCE: seed {seed}, step {number}: {printed(step)[:400]}")
        print(f"  redis: {resp.show(replies[0])}\n  henge: {resp.show(replies[1])}")
        if self.differs(history):
            fewer = self.shrink(history)
            print(f"  shrunk to {len(fewer)}:")
            for kept in fewer[-12:]:
                print(f"    {printed(kept)[:300]}")
        else:
            print("  does not come again from an empty store")
        self.reset()
        sys.stdout.flush()

    def run(self, seed, count, proto):
        source = Commands(random.Random(f"{seed}/{proto}"), proto)
        history = []
        for number in range(count):
            step = source.next()
            history.append(step)
            try:
                replies = self.both(step)
            except OSError as error:
                self.failed += 1
                print(f"\nA SERVER IS GONE: seed {seed}, step {number}: {error}; the last steps:")
                print("\n".join(f"    {printed(s)[:300]}" for s in history[-5:]))
                return
            if same(step, *replies, self.known):
                self.passed += 1
            else:
                self.failed += 1
                self.report(seed, number, history, replies)
                history = []


def address(text):
    host, port = text.rsplit(":", 1)
    return (host, int(port))


def compare(seed, count, proto, henge=None, redis=None):
    """Starts what is not given; returns the runner."""
    started = []
    try:
        for given, start in ((redis, servers.redis), (henge, servers.henge)):
            if given is None:
                started.append(start().start())
        oracle = redis or started[0].address
        runner = Runner(Side(oracle, proto), Side(henge or started[-1].address, proto),
                        load_known(f"{HERE}/known_differences.txt"))
        runner.run(seed, count, proto)
        return runner
    finally:
        for server in started:
            server.remove()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--commands", type=int, default=20000)
    parser.add_argument("--proto", type=int, choices=(2, 3), help="only this one")
    parser.add_argument("--henge", type=address, help="HOST:PORT of a server that runs; its data is flushed")
    parser.add_argument("--redis", type=address, help="HOST:PORT, the same")
    given = parser.parse_args()
    passed = failed = 0
    for proto in [given.proto] if given.proto else [2, 3]:
        begun = time.monotonic()
        runner = compare(given.seed, given.commands, proto, given.henge, given.redis)
        print(f"RESP{proto}, seed {given.seed}: {runner.passed} same, {runner.failed} different "
              f"({time.monotonic() - begun:.1f} s)", flush=True)
        passed, failed = passed + runner.passed, failed + runner.failed
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
