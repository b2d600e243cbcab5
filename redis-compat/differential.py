"""Sends the same random commands to the distribution's redis-server and to Henge; every reply must
be the same, types included.  `--seed` replays; a difference is shrunk to a few commands.  Known
differences are in known_differences.txt, each with its reason."""
import argparse
import random
import select
import sys
import time

import resp
import servers
import shrink
import talks
from commands import Commands
from normal import KNOWN, Known, normal, normal_dryrun, printed, same

PATIENCE = 60  # seconds until there is no reply: a machine may be busy with other work
QUIET = 0.004  # seconds without a reply after which none is expected
SHOWN_MAX = 20
HISTORY_MAX = 5000  # steps after which both begin anew, so that what differs can be played again
BLOCK_NAP = 0.3  # in a block: longer than its keys live


class Gone(Exception):
    """A server that can no longer be connected to, or does not answer."""


class Side:
    """One server and the runner's main connection to it."""

    def __init__(self, address, proto):
        self.address = address
        self.proto = proto
        self.connection = None
        self.reset()

    def open(self):
        self.connection = resp.Connection(self.address, timeout=PATIENCE)
        self.ask(b"HELLO", b"%d" % self.proto)

    def again(self):
        """A new connection; the old one may be in the middle of anything."""
        if self.connection:
            self.connection.close()
        try:
            self.open()
        except (OSError, resp.ProtocolViolation) as wrong:
            raise Gone(f"{self.address}: {wrong}") from wrong

    def reset(self):
        self.again()
        self.ask(b"FLUSHALL")
        for _, name in self.ask(b"ACL", b"USERS")[1]:
            if name != b"default":
                self.ask(b"ACL", b"DELUSER", name)
        self.ask(b"ACL", b"LOG", b"RESET")
        self.ask(b"CONFIG", b"SET", b"appendfsync", b"everysec", b"notify-keyspace-events", b"")

    def ask(self, *args):
        """The answer, without what a call before lets this client forget: talks compare that."""
        reply = self.connection.call(*args)
        while reply[0] == ">" and reply[1][0] == ("$", b"invalidate"):
            reply = self.connection.read()
        return reply

    def call(self, args):
        try:
            reply = self.ask(*args)
            if args[0].upper() == b"QUIT" and reply[0] == "+":
                reply = (reply, self.connection.read())
        except resp.ProtocolViolation as wrong:
            reply = ("violation", str(wrong))
        except TimeoutError:
            reply = ("no reply",)
        if resp.CLOSED in (reply, reply[-1]) or reply[0] in ("violation", "no reply"):
            self.again()
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
            reply = self.ask(b"SCAN", cursor, *options)
            if reply[0] != "*" or len(reply[1]) != 2 or reply[1][1][0] != "*" or reply[1][0][0] != "$":
                return reply
            cursor = reply[1][0][1]
            found.update(reply[1][1][1])
            rounds += 1
            if rounds > 10000:
                return ("endless",)
        return ("set", sorted(found))

    def auth(self, commands):
        replies = []
        with resp.Connection(self.address) as admin:  # to which nothing is pushed
            admin.call(b"CONFIG", b"SET", b"requirepass", b"pw")
            try:
                with resp.Connection(self.address) as c:
                    for args in commands:
                        replies.append(normal(args, c.call(*args)))
                        if replies[-1] == resp.CLOSED:
                            break
            finally:
                admin.call(b"CONFIG", b"SET", b"requirepass", b"")
        return ("replies", replies)

    def block(self, steps):
        """Transactions of two new connections: what each step answers, EXEC's answers one by one."""
        with resp.Connection(self.address) as a, resp.Connection(self.address) as b:
            pair, queued, replies = [a, b], [[], []], []
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
        return ("replies", replies)

    def talk(self, steps):
        try:
            return talks.hold(self.address, self.proto, steps, normal, PATIENCE)
        finally:
            self.ask(b"CONFIG", b"SET", b"notify-keyspace-events", b"")

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
        with resp.Connection(self.address) as admin:
            admin.call(b"ACL", b"SETUSER", user, b"on", b"nopass")
        with resp.Connection(self.address) as c:
            replies = [c.call(b"AUTH", user, b"x")]
            for words in commands if replies[0][0] == "+" else []:
                replies.append(normal(words, c.call(*words)))
                if replies[-1] == resp.CLOSED:
                    break
        return ("replies", replies)

    def may(self, what):
        """What a user may, of many commands: ACL DRYRUN's answers."""
        user, commands = what
        return ("replies", [normal_dryrun(self.ask(b"ACL", b"DRYRUN", user, *words)) for words in commands])

    def run(self, step):
        kind, what = step
        return self.guarded(lambda: ("nap",) if kind == "nap" else getattr(self, kind)(what))

    def guarded(self, what):
        """What it answers, or what it raises: that is a reply too, which nothing equals."""
        try:
            return what()
        except Exception as wrong:
            reply = ("exception", f"{type(wrong).__name__}: {wrong}")
        self.again()
        return reply


class Runner:
    def __init__(self, oracle, henge, known):
        self.sides = [oracle, henge]
        self.known = known
        self.passed = self.failed = 0
        self.kinds = {}
        self.found = []  # each difference shown, shrunk: its steps

    def both(self, step):
        if step[0] == "nap":
            time.sleep(step[1])
        if step[0] == "swap":
            key, other = step[1]
            payloads = [side.guarded(lambda s=side: s.dump(key)) for side in self.sides]
            return [side.guarded(lambda s=side, p=payload: s.take(other, p))
                    for side, payload in zip(self.sides, reversed(payloads))]
        return [side.run(step) for side in self.sides]

    def same(self, step, replies):
        """What the comparison itself raises is a difference, and told with it."""
        try:
            return same(step, *replies, self.known)
        except Exception as wrong:
            replies.append(f"{type(wrong).__name__}: {wrong}")
            return False

    def reset(self):
        for side in self.sides:
            try:
                side.reset()
            except (OSError, resp.ProtocolViolation) as wrong:
                raise Gone(f"{side.address}: {wrong}") from wrong

    def differs(self, steps):
        """Whether the last of these steps still differs, from an empty store."""
        self.reset()
        for step in steps[:-1]:
            self.both(step)
        return not self.same(steps[-1], self.both(steps[-1]))

    def report(self, seed, number, history, replies):
        step = history[-1]
        kind = (step[0], step[1][0].upper() if step[0] == "call" else b"", replies[0][0], replies[1][0])
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        if self.kinds[kind] > 2 or len(self.kinds) > SHOWN_MAX:
            self.reset()
            return
        print(f"\nDIFFERENCE: seed {seed}, step {number}: {printed(step)[:400]}")
        print(f"  redis: {resp.show(replies[0])}\n  henge: {resp.show(replies[1])}")
        for wrong in replies[2:]:
            print(f"  their comparison: {wrong}")
        fewer = shrink.shrink(history, self.differs)
        if fewer:
            self.found.append(fewer)
            print(f"  shrunk to {len(fewer)}:")
        else:
            print("  does not come again from an empty store; the last steps:")
        for kept in (fewer or history)[-12:]:
            print(f"    {printed(kept)[:600]}")
        self.reset()
        sys.stdout.flush()

    def run(self, source, count, name):
        """`name` says which sequence this is."""
        history = []
        try:
            for number in range(count):
                if number % HISTORY_MAX == 0:
                    self.reset()
                    history = []
                step = source.next()
                history.append(step)
                replies = self.both(step)
                if self.same(step, replies):
                    self.passed += 1
                else:
                    self.failed += 1
                    self.report(name, number, history, replies)
                    history = []
        except Gone as gone:
            self.failed += 1
            print(f"\nA SERVER IS GONE: seed {name}: {gone}; the last steps:")
            print("\n".join(f"    {printed(s)[:300]}" for s in history[-5:]))


def address(text):
    host, port = text.rsplit(":", 1)
    return (host, int(port))


def compare(seed, count, proto, henge=None, redis=None, known=None):
    """Starts what is not given; returns the runner."""
    started = []
    try:
        for given, start in ((redis, servers.redis), (henge, servers.henge)):
            if given is None:
                started.append(start().start())
        oracle = redis or started[0].address
        runner = Runner(Side(oracle, proto), Side(henge or started[-1].address, proto), known or Known(KNOWN))
        runner.run(Commands(random.Random(f"{seed}/{proto}"), proto), count, seed)
        return runner
    finally:
        for server in started:
            if server.process.poll() is not None:
                print(f"{server.name} has ended with {server.process.returncode}:\n{server.log_tail(6000)}")
            server.remove()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--commands", type=int, default=30000)
    parser.add_argument("--proto", type=int, choices=(2, 3), help="only this one")
    parser.add_argument("--henge", type=address, help="HOST:PORT of a server that runs; its data is flushed")
    parser.add_argument("--redis", type=address, help="HOST:PORT, the same")
    given = parser.parse_args()
    passed = failed = 0
    known = Known(KNOWN)
    for proto in [given.proto] if given.proto else [2, 3]:
        begun = time.monotonic()
        runner = compare(given.seed, given.commands, proto, given.henge, given.redis, known)
        print(f"RESP{proto}, seed {given.seed}: {runner.passed} same, {runner.failed} different "
              f"({time.monotonic() - begun:.1f} s)", flush=True)
        passed, failed = passed + runner.passed, failed + runner.failed
    for line in known.unused():
        print(f"known_differences.txt:{line}: not seen in this run")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
