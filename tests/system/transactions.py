"""MULTI and EXEC on the real server: all or none through kill -9, atomic to others, WATCH; and WAIT,
WAITAOF and CLIENT UNBLOCK, whose calls wait without anybody else waiting."""
import random
import threading
import time

import harness
import resp
from harness import OK

GROUP = 12  # keys a transaction sets, all to one value
WRITERS = 4
QUEUED = ("+", b"QUEUED")
ERROR = "-"


def transaction(*commands):
    return b"".join(resp.encode(c) for c in (["MULTI"], *commands, ["EXEC"]))


def ask(c, *commands):
    """A whole transaction in one piece; EXEC's reply."""
    c.send_raw(transaction(*commands))
    replies = [c.read() for _ in range(len(commands) + 2)]
    assert replies[0] == OK and all(r == QUEUED for r in replies[1:-1]), replies
    return replies[-1]


class Writer(threading.Thread):
    """Sets its group of keys to 1, 2, 3 ..., by transactions of plain SETs, large ones and ones that read."""

    def __init__(self, number, seed):
        super().__init__(daemon=True)
        self.random = random.Random(f"{seed}/{number}")
        self.keys = [b"{w%d}:%d" % (number, i) if number % 2 else b"w%d:%d" % (number, i) for i in range(GROUP)]
        self.counter = b"n%d" % number
        self.depth = [1, 3, 16, 1][number % 4]
        self.sent = self.acknowledged = 0
        self.wrong = None

    def one(self):
        self.sent += 1
        value = b"%d:" % self.sent
        size = self.random.choice([0, 0, 0, 100, 5000, 60000])
        sets = [["SET", k, value + b"x" * size] for k in self.keys]
        return transaction(["INCR", self.counter], *sets, ["GET", self.keys[-1]])

    def load(self, server):
        try:
            with server.connect() as c:
                while not self.wrong:
                    c.send_raw(b"".join(self.one() for _ in range(self.depth)))
                    for _ in range(self.depth):
                        replies = [c.read() for _ in range(GROUP + 4)]
                        if resp.CLOSED in replies:
                            return
                        self.judge(replies[-1])
        except (resp.ProtocolViolation, OSError):
            pass

    def judge(self, reply):
        self.acknowledged += 1
        if reply[0] != "*" or reply[1][0] != (":", self.acknowledged) or \
                not reply[1][-1][1].startswith(b"%d:" % self.acknowledged):
            self.wrong = f"transaction {self.acknowledged} was answered {resp.show(reply)}"

    def verify(self, server):
        """None, or what is wrong; goes on from what was found."""
        with server.connect() as c:
            found = [c.call("GET", k)[1] for k in self.keys]
            count = int(c.call("GET", self.counter)[1] or 0)
        numbers = {int((v or b"0:").split(b":")[0]) for v in found}
        if self.wrong:
            return self.wrong
        if numbers != {count}:
            return f"half a transaction: {sorted(numbers)}, and the counter is {count}"
        if not self.acknowledged <= count <= self.sent:
            return f"{count} is there, {self.acknowledged} were acknowledged, {self.sent} sent"
        self.acknowledged = self.sent = count
        return None


def a_transaction_survives_kill_whole_or_not_at_all(t, new, given):
    for policy in ("everysec", "always"):
        server = new("--appendfsync", policy, "--log-segment-size", "1mb", "--memtable-size", "512kb",
                     "--log-frame-size", "16kb").start()
        writers = [Writer(i, given.seed) for i in range(WRITERS)]
        randoms = random.Random(given.seed)
        for number in range(given.rounds):
            before = sum(w.acknowledged for w in writers)
            threads = [threading.Thread(target=w.load, args=(server,), daemon=True) for w in writers]
            for thread in threads:
                thread.start()
            harness.until(lambda: sum(w.acknowledged for w in writers) >= before + 100, 60)
            time.sleep(randoms.random() * 0.1)
            server.kill()
            for thread in threads:
                thread.join()
            done = sum(w.acknowledged for w in writers) - before
            t.check(done >= 100, f"{policy}, round {number}: 100 transactions are acknowledged within a minute", str(done))
            server.start()
            problems = [p for p in (w.verify(server) for w in writers) if p]
            if not t.check(not problems, f"{policy}, round {number}: all or none", "; ".join(problems)):
                return
        print(f"  {policy}: {sum(w.acknowledged for w in writers)} transactions, {given.rounds} kills, seed {given.seed}")


def money_moves_and_nobody_sees_it_on_its_way(t, new, _):
    """Two accounts; whoever reads both in one MGET or transaction finds the same sum."""
    server = new().start()
    ended = threading.Event()
    wrong = []

    def move(seed):
        randoms = random.Random(seed)
        with server.connect() as c:
            while not ended.is_set():
                amount = b"%d" % randoms.randrange(100)
                ask(c, ["DECRBY", "a", amount], ["GET", "nothing"], ["INCRBY", "b", amount])

    with server.connect() as c:
        c.call("MSET", "a", "1000", "b", "0")
        threads = [threading.Thread(target=move, args=(i,), daemon=True) for i in range(3)]
        for thread in threads:
            thread.start()
        for i in range(2000):
            reply = c.call("MGET", "a", "b") if i % 2 else ask(c, ["GET", "a"], ["GET", "b"])
            if sum(int(v[1]) for v in reply[1]) != 1000:
                wrong.append(reply)
        ended.set()
        for thread in threads:
            thread.join()
    t.check(not wrong, "every sum is right", resp.show(wrong[:3]))


def watch_lets_clients_take_turns(t, new, _):
    """Each reads, adds one and writes, and tries again if somebody was faster: nothing is lost."""
    server = new().start()
    times, clients = 100, 6
    retries = []

    def count():
        with server.connect() as c:
            for _ in range(times):
                tries = 0
                while True:
                    c.call("WATCH", "n")
                    value = int(c.call("GET", "n")[1] or 0)
                    if ask(c, ["SET", "n", b"%d" % (value + 1)])[1] is not None:
                        break
                    tries += 1
                retries.append(tries)

    threads = [threading.Thread(target=count, daemon=True) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with server.connect() as c:
        t.equal(c.call("GET", "n"), ("$", b"%d" % (times * clients)), "no increment is lost")
    print(f"  {times * clients} increments, {sum(retries)} tries in vain")


def cold_keys_and_all_keys_in_a_transaction(t, new, _):
    """What it reads has to come from the disk, some of it large; KEYS takes many slices; nobody waits."""
    server = new("--maxmemory", "64mb").start()
    keys, size = 3000, 20000
    with server.connect(timeout=120) as c:
        for at in range(0, keys, 100):
            c.send_raw(b"".join(resp.encode(["SET", b"cold:%d" % i, b"%d:" % i + b"v" * size]) for i in range(at, at + 100)))
            for _ in range(100):
                assert c.read() == OK
        c.send_raw(b"".join(resp.encode(["SET", b"s:%d" % i, b"1"]) for i in range(60000)))
        for _ in range(60000):
            assert c.read() == OK
        server.kill()
        server.start()
        with server.connect(timeout=120) as d:
            randoms = random.Random(1)
            chosen = randoms.sample(range(keys), 300)
            with harness.Watch(server) as watch:
                reply = ask(d, ["INCR", "n"], *(["APPEND", b"cold:%d" % i, b"!"] for i in chosen),
                            *(["GETRANGE", b"cold:%d" % i, b"-1", b"-1"] for i in chosen), ["GET", "n"])
                t.equal(reply[1][0], (":", 1), "it runs once, however often it begins")
                t.check(all(r == (":", size + 1 + len(b"%d:" % i)) for r, i in zip(reply[1][1:301], chosen)),
                        "each is appended to once", resp.show(reply[1][1:4]))
                t.check(all(r == ("$", b"!") for r in reply[1][301:601]), "and it sees so", resp.show(reply[1][301:304]))
                reply = ask(d, ["SET", "new", "1"], ["DEL", "s:7"], ["KEYS", "*"], ["DBSIZE"], ["PING"])
                names = {r[1] for r in reply[1][2][1]}
                t.equal(len(reply[1][2][1]), len(names), "KEYS names none twice")
                t.check(b"new" in names and b"s:7" not in names and len(names) == keys + 60000 + 1,
                        "KEYS sees what was written before it", f"{len(names)} names")
                t.equal(reply[1][4], ("+", b"PONG"), "and the rest follows")
            watch.judge(t, "cold transactions", 64)


def large_values_in_a_transaction(t, new, _):
    server = new().start()
    with server.connect(timeout=60) as c:
        large = b"L" * (5 << 20)
        t.equal(ask(c, ["SET", "k", large], ["APPEND", "k", "x"], ["STRLEN", "k"])[1][1:],
                [(":", len(large) + 1)] * 2, "a large value can be queued, and changed at once")
        c.call("SET", "p", large)  # outside it comes in pieces
        t.equal(ask(c, ["EXPIRE", "p", "100"], ["APPEND", "p", "x"], ["GETRANGE", "p", "-2", "-1"], ["TTL", "p"]),
                ("*", [(":", 1), (":", len(large) + 1), ("$", b"Lx"), (":", 100)]), "one in pieces is put together within")
        c.call("SET", "p", large)
        t.equal(ask(c, ["GET", "p"], ["PING"])[1], [("$", large), ("+", b"PONG")], "and leaves in pieces")
        c.call("MULTI")
        t.equal(c.call("SET", "big", b"B" * (65 << 20))[0], ERROR, "what is larger than a transaction may be is refused")
        t.equal(c.call("EXEC"), (ERROR, b"EXECABORT Transaction discarded because of previous errors."), "and EXEC says so")
        t.equal(c.call("EXISTS", "big"), (":", 0), "and nothing is there")


def queued_commands_of_all_clients_are_bounded(t, new, _):
    server = new("--maxmemory", "128mb").start()
    connections = [server.connect(timeout=60) for _ in range(8)]
    refused = 0
    with harness.Watch(server) as watch:
        for c in connections:
            c.call("MULTI")
            for _ in range(10):
                refused += c.call("SET", "k", b"x" * 900000)[0] == ERROR
    t.check(refused > 0, "beyond an eighth of maxmemory they are refused", str(refused))
    watch.judge(t, "eight clients that queue", 100)
    with server.connect() as c:
        for other in connections:
            other.close()
        t.check(harness.until(lambda: c.call("CLIENT", "LIST")[1].count(b"\n") == 1, 10), "they are gone")
        t.equal(ask(c, ["SET", "k", b"x" * 900000]), ("*", [OK]), "their room is free again")


def a_pipeline_keeps_its_order_around_transactions(t, new, _):
    server = new().start()
    with server.connect() as c:
        c.send_raw(resp.encode(["SET", "a", "1"]) + transaction(["INCR", "a"], ["GET", "a"]) + resp.encode(["GET", "a"]) +
                   resp.encode(["WATCH", "a"]) + resp.encode(["INCR", "a"]) + transaction(["DEL", "a"]) +
                   resp.encode(["WAIT", "0", "0"]) + resp.encode(["GET", "a"]) + resp.encode(["MULTI"]) + resp.encode(["QUIT"]))
        t.equal(c.read_to_end(),
                [OK, OK, QUEUED, QUEUED, ("*", [(":", 2), ("$", b"2")]), ("$", b"2"), OK, (":", 3), OK, QUEUED,
                 ("*", None), (":", 0), ("$", b"3"), OK, OK, resp.CLOSED], "replies come in the order of the commands")


def waits_end_in_time_or_are_ended(t, new, _):
    server = new().start()
    with server.connect() as c, server.connect() as d:
        number = c.call("CLIENT", "ID")[1]
        begun = time.monotonic()
        t.equal(c.call("WAIT", "1", "150"), (":", 0), "WAIT for a replica there is not")
        t.check(0.15 <= time.monotonic() - begun < 5, "takes its timeout", f"{time.monotonic() - begun:.3f} s")
        for how, reply in (([], (":", 0)), (["TIMEOUT"], (":", 0)),
                           (["ERROR"], (ERROR, b"UNBLOCKED client unblocked via CLIENT UNBLOCK"))):
            c.send_raw(resp.encode(["WAIT", "1", "0"]) + resp.encode(["PING"]))
            t.check(harness.until(lambda: b"flags=b" in d.call("CLIENT", "LIST", "ID", b"%d" % number)[1], 10),
                    "CLIENT LIST says that it is blocked")
            t.check(b"blocked_clients:1\r\n" in d.call("INFO", "clients")[1], "and so does INFO")
            t.equal(d.call("CLIENT", "UNBLOCK", b"%d" % number, *how), (":", 1), "it is unblocked")
            t.equal([c.read(), c.read()], [reply, ("+", b"PONG")], f"UNBLOCK {how}")
            t.equal(d.call("CLIENT", "UNBLOCK", b"%d" % number, *how), (":", 0), "once")
        waiting = [server.connect() for _ in range(50)]
        for i, w in enumerate(waiting):
            w.send_raw(resp.encode(["WAIT", "1", b"%d" % (300 - i)]))
        t.check(all(w.read() == (":", 0) for w in waiting), "many deadlines at once")
        for w in waiting:
            w.send_raw(resp.encode(["WAIT", "1", "0"]) + resp.encode(["PING"]) * 3)
        t.check(harness.until(lambda: b"blocked_clients:50\r\n" in d.call("INFO", "clients")[1], 10), "fifty wait for ever")
        for w in waiting:
            w.close()
        t.check(harness.until(lambda: b"blocked_clients:0\r\n" in d.call("INFO", "clients")[1] and
                              d.call("CLIENT", "LIST")[1].count(b"\n") == 2, 10), "who hangs up waits no more")
        c.send_raw(resp.encode(["WAIT", "1", "0"]))
        t.check(harness.until(lambda: b"blocked_clients:1\r\n" in d.call("INFO", "clients")[1], 10), "one waits")
        begun = time.monotonic()
        t.equal(server.stop(), 0, "a server stops beside it")
        t.check(time.monotonic() - begun < 10, "and does not wait for it", f"{time.monotonic() - begun:.1f} s")


def waitaof_is_answered_by_the_next_sync(t, new, _):
    for policy, most in (("everysec", 5), ("always", 5), ("no", 5)):
        server = new("--appendfsync", policy).start()
        with server.connect() as c, server.connect() as d:
            t.equal(c.call("WAITAOF", "1", "0", "0"), ("*", [(":", 1), (":", 0)]), f"{policy}: nothing was written")
            for i in range(3):
                c.call("SET", "k", b"%d" % i)
                begun = time.monotonic()
                t.equal(c.call("WAITAOF", "1", "0", "0"), ("*", [(":", 1), (":", 0)]), f"{policy}: it is synced")
                t.check(time.monotonic() - begun < most, f"{policy}: soon", f"{time.monotonic() - begun:.2f} s")
                t.equal(d.call("WAITAOF", "1", "0", "0"), ("*", [(":", 1), (":", 0)]), f"{policy}: who wrote nothing does not wait")
            t.equal(c.call("WAITAOF", "1", "1", "20"), ("*", [(":", 1), (":", 0)]), f"{policy}: no replica comes")
            ask(c, ["SET", "k", "x"])
            t.equal(c.call("WAITAOF", "1", "0", "0"), ("*", [(":", 1), (":", 0)]), f"{policy}: a transaction is a write")


def options(parser):
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=int(time.time()))


if __name__ == "__main__":
    harness.main(__doc__, [a_transaction_survives_kill_whole_or_not_at_all, money_moves_and_nobody_sees_it_on_its_way,
                           watch_lets_clients_take_turns, cold_keys_and_all_keys_in_a_transaction,
                           large_values_in_a_transaction, queued_commands_of_all_clients_are_bounded,
                           a_pipeline_keeps_its_order_around_transactions, waits_end_in_time_or_are_ended,
                           waitaof_is_answered_by_the_next_sync], options)
