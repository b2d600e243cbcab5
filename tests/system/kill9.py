"""kill -9 at a random moment under load, restart: nothing acknowledged is missing, nothing is wrong.

Eight connections write to keys of their own and know what each must hold.  What was sent and not
acknowledged may be there or not, but only as a prefix of what that connection sent."""
import random
import threading
import time
import zlib

import harness
import resp

CONNECTIONS = 8
KEYS = 200
MISSING = (None, False)


def value_of(key, sequence, size):
    """A value that proves itself: who wrote it, when, and a checksum."""
    body = b"%s:%d:" % (key, sequence) + b"%x" % zlib.crc32(b"%d" % sequence) * (size // 8)
    return body + b":%08x" % zlib.crc32(body)


def apply(state, operation):
    """What a key holds after an operation: (value, has an expiry)."""
    name, value = operation[0], state[0]
    if name == "SET":
        return (operation[2], False)
    if name == "SETEX":
        return (operation[3], True)
    if name == "DEL":
        return MISSING
    if name == "INCR":
        return (b"%d" % (int(value or 0) + 1), state[1])
    if name == "APPEND":
        return ((value or b"") + operation[2], state[1])
    if name == "EXPIRE":
        return (value, True) if value is not None else state
    assert name == "PERSIST"
    return (value, False)


class Writer(threading.Thread):
    """One connection: what is acknowledged, and what is under way when the server dies."""

    def __init__(self, number, seed):
        super().__init__(daemon=True)
        self.random = random.Random(f"{seed}/{number}")
        self.keys = [b"w%d:%d" % (number, i) for i in range(KEYS)]
        self.depth = [1, 1, 4, 16, 64, 1, 8, 200][number % 8]
        self.state = {}
        self.acknowledged = 0
        self.sequence = 0
        self.under_way = []
        self.wrong = None

    def operation(self):
        roll = self.random.random()
        self.sequence += 1
        if roll < 0.1:
            return ("INCR", self.keys[0] + b":n")
        key = self.random.choice(self.keys)
        if roll < 0.16:
            return ("DEL", key)
        if roll < 0.2:
            return ("EXPIRE", key, 10000)
        if roll < 0.22:
            return ("PERSIST", key)
        if roll < 0.25:
            return ("APPEND", key, b"+%d" % self.sequence)
        size = self.random.choice([8, 100, 100, 100, 1000, 5000, 100000 if roll > 0.995 else 50])
        value = value_of(key, self.sequence, size)
        return ("SETEX", key, 10000, value) if roll < 0.3 else ("SET", key, value)

    def load(self, server):
        """Until the server is gone."""
        try:
            with server.connect() as c:
                while True:
                    self.under_way = [self.operation() for _ in range(self.depth)]
                    c.send_raw(b"".join(resp.encode(operation) for operation in self.under_way))
                    while self.under_way:
                        reply = c.read()
                        if reply == resp.CLOSED:
                            return
                        if reply[0] not in "+:":
                            self.wrong = f"{self.under_way[0][:2]} was answered {reply}"
                            return
                        self.settle(self.under_way.pop(0))
                        self.acknowledged += 1
        except resp.ProtocolViolation:
            pass  # cut off within a reply: not acknowledged
        except OSError:
            pass

    def settle(self, operation):
        key = operation[1]
        self.state[key] = apply(self.state.get(key, MISSING), operation)

    def read_back(self, server):
        names = [*self.keys, self.keys[0] + b":n"]
        with server.connect() as c:
            c.send_raw(b"".join(resp.encode(["GET", k]) + resp.encode(["TTL", k]) for k in names))
            return {k: (c.read()[1], c.read()[1] >= 0) for k in names}

    def verify(self, server):
        """None, or what is missing or wrong.  Goes on from what was found."""
        if self.wrong:
            return self.wrong
        found = self.read_back(server)
        under_way, self.under_way = self.under_way, []
        expected = dict(self.state)
        for sent in [None, *under_way]:
            if sent:
                expected[sent[1]] = apply(expected.get(sent[1], MISSING), sent)
            if all(expected.get(k, MISSING) == found[k] for k in found):
                self.state = found
                return None
        key = next(k for k in found if self.state.get(k, MISSING) != found[k])
        return (f"key {key!r}: acknowledged {resp.show(self.state.get(key, MISSING), 120)}, found "
                f"{resp.show(found[key], 120)}, {len(under_way)} commands under way")


def wait_for(server, field, seconds):
    """Until INFO says that this is under way; whether it did."""
    wanted = field.encode() + b":1"
    with server.connect() as c:
        return harness.until(lambda: wanted in c.call("INFO", "storage")[1], seconds, 0)


def one_round(t, server, writers, randoms, writes, number, within=None):
    """`within`: the field of INFO that is to be 1 when the server is killed.  Whether all is well."""
    for w in writers:
        w.acknowledged = 0
    threads = [threading.Thread(target=w.load, args=(server,), daemon=True) for w in writers]
    for thread in threads:
        thread.start()
    enough = harness.until(lambda: sum(w.acknowledged for w in writers) >= writes, 60)
    if within:
        t.check(wait_for(server, within, 60), f"round {number}: {within} comes up within a minute")
    else:
        time.sleep(randoms.random() * 0.2)
    server.kill()
    for thread in threads:
        thread.join()
    acknowledged = sum(w.acknowledged for w in writers)
    t.check(enough, f"round {number}: {writes} writes are acknowledged within a minute", f"{acknowledged} were")
    for _ in range(randoms.choice([0, 0, 1, 2])):  # killed while it recovers, too
        server.spawn()
        time.sleep(randoms.random() * 0.1)
        server.kill()
    begun = time.monotonic()
    server.start()
    recovery = time.monotonic() - begun
    problems = [p for p in (w.verify(server) for w in writers) if p]
    t.check(not problems, f"round {number}: nothing acknowledged is missing, nothing is wrong", "; ".join(problems[:3]))
    print(f"  round {number}: {acknowledged} acknowledged, {sum(len(w.state) for w in writers)} keys, "
          f"up again in {recovery:.2f} s", flush=True)
    return not problems


def flushes_and_compactions_are_hit(t, new, given):
    """Killed as soon as INFO says that one of them is under way."""
    fields = ["flush_in_progress", "compaction_in_progress", "rewrite_in_progress"]
    print(f"  seed {given.seed}")
    server = new("--memtable-size", "512kb", "--log-segment-size", "1mb", "--table-size", "512kb").start()
    writers = [Writer(i, given.seed) for i in range(CONNECTIONS)]
    randoms = random.Random(given.seed)
    hits = dict.fromkeys(fields, 0)
    for number in range(1, 3 * given.hits + 1):
        field = fields[number % 3]
        if not one_round(t, server, writers, randoms, given.writes // 4, number, field):
            return
        hits[field] += 1
    print("  killed within: " + ", ".join(f"{field[:-12]} {n} times" for field, n in hits.items()))
    t.check(min(hits.values()) >= given.hits, f"each is hit {given.hits} times")


def rounds_of(t, new, given, policy, rounds):
    print(f"  {policy}: seed {given.seed}")
    server = new("--appendfsync", policy).start()
    writers = [Writer(i, given.seed) for i in range(CONNECTIONS)]
    randoms = random.Random(given.seed)
    for number in range(1, rounds + 1):
        if not one_round(t, server, writers, randoms, given.writes, number):
            return  # what comes after is not to be trusted
    total = sum(w.state.get(k, MISSING)[0] is not None for w in writers for k in w.state)
    with server.connect() as c:
        t.equal(c.call("DBSIZE"), (":", total), f"{policy}: DBSIZE counts what is there")
    t.equal(server.stop(), 0, f"{policy}: SIGTERM ends it with 0")


def everysec_keeps_what_it_acknowledged(t, new, given):
    rounds_of(t, new, given, "everysec", given.rounds)


def always_keeps_what_it_acknowledged(t, new, given):
    rounds_of(t, new, given, "always", max(2, given.rounds // 2))


def no_keeps_what_it_acknowledged(t, new, given):
    rounds_of(t, new, given, "no", max(1, given.rounds // 5))


def options(parser):
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--writes", type=int, default=2000, help="acknowledged before a kill")
    parser.add_argument("--hits", type=int, default=5, help="kills within a flush, a compaction and a rewrite each")
    parser.add_argument("--seed", type=int, default=int(time.time()))


if __name__ == "__main__":
    harness.main(__doc__, [flushes_and_compactions_are_hit, everysec_keeps_what_it_acknowledged, always_keeps_what_it_acknowledged,
                           no_keeps_what_it_acknowledged], options)
