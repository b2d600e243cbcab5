"""Clients that ask random things of some nodes, and write down what they were told and when.

The history is a file that build/<variant>/judge reads; tests/judge/history_format.h has its
format.  Nothing here knows what is right: a reply is classified, no more.

    recorder = Recorder([("127.0.0.1", 6379)], clients=8, seed=1)
    recorder.start()
    ...                              # kill, cut, restart; recorder.note("kill -9 n1")
    recorder.stop()
    recorder.read_finally()          # all healed: every key, for durable and counter
    recorder.write("some.history")
"""
import random
import threading
import time

import harness
import resp

# Errors that say that nothing was done.  Others are answers of the command: of a wrong type,
# not a number.
DEFINITE = (b"NOQUORUM", b"LOADING", b"CLUSTERDOWN", b"CROSSSLOT", b"TRYAGAIN", b"MOVED", b"ASK", b"BUSY",
            b"OOM", b"NOAUTH", b"NOPERM", b"MISCONF", b"READONLY", b"MASTERDOWN", b"EXECABORT", b"MAXCLIENTS")
PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:;-+{}")
LOCK_MS = 300
LOG_PIECES = 60  # a log is begun anew after so many: judging one takes time with its square


def quoted(data, prefix=b""):
    """A word of the file."""
    if data and PLAIN.issuperset(data) and (prefix or data != b";"):
        return (prefix + data).decode()
    if not data and prefix:
        return prefix.decode()
    text = "".join(chr(c) if 32 <= c < 127 and c not in b'"\\' else f"\\x{c:02x}" for c in prefix + data)
    return f'"{text}"'


def answer_text(reply):
    kind, value = reply[0], reply[1] if len(reply) > 1 else None
    if value is None:
        return "nil"
    if kind in "+-$":
        return quoted(value, kind.encode())
    if kind == ":":
        return f":{value}"
    return "[ " + " ".join(answer_text(item) for item in value) + " ]"


def errors_in(reply):
    if reply[0] == "-":
        return [reply[1]]
    if reply[0] == "*" and reply[1]:
        return [error for item in reply[1] for error in errors_in(item)]
    return []


def outcome_of(reply):
    """What a line says behind its arrow."""
    if reply == resp.CLOSED:
        return "uncertain connection lost"
    errors = errors_in(reply)
    unsure = [e for e in errors if e.startswith(b"UNCERTAIN")]
    if unsure:
        return f"uncertain {unsure[0].decode('latin1')}"
    if reply[0] == "-" and reply[1].startswith(DEFINITE):
        return f"fail {reply[1].decode('latin1')}"
    return f"ok {answer_text(reply)}"


class Keys:
    """The keys asked of, by what is done to them.  Those of a pair are of one slot."""

    def __init__(self, prefix, each):
        self.registers = [f"{prefix}r{i}" for i in range(each)]
        self.counters = [f"{prefix}n{i}" for i in range(max(1, each // 4))]
        self.pairs = [(f"{{{prefix}p{i}}}a", f"{{{prefix}p{i}}}b") for i in range(max(1, each // 4))]
        self.locks = [f"{prefix}l{i}" for i in range(max(1, each // 8))]
        self.prefix = prefix
        self.appended = 0
        self.lock = threading.Lock()

    def log(self):
        """The log of the moment."""
        with self.lock:
            self.appended += 1
            return f"{self.prefix}g{self.appended // LOG_PIECES}"

    def all(self):
        logs = [f"{self.prefix}g{i}" for i in range(self.appended // LOG_PIECES + 1)]
        return [*self.registers, *self.counters, *logs, *(key for pair in self.pairs for key in pair)]


class Client(threading.Thread):
    """Asks one thing after the other, of one node at a time."""

    def __init__(self, recorder, number):
        super().__init__(daemon=True)
        self.recorder = recorder
        self.name = f"c{number}"
        self.random = random.Random(f"{recorder.seed}/{number}")
        self.connection = None
        self.held = None  # a lock and its token
        self.sequence = 0
        self.lines = []
        self.told = 0
        self.problem = None

    def text(self):
        """One that no other write has."""
        self.sequence += 1
        return f"{self.name}.{self.sequence};"

    def register(self):
        key = self.random.choice(self.recorder.keys.registers)
        return self.random.choice([
            ["GET", key], ["GET", key], ["GET", key], ["SET", key, self.text()], ["SET", key, self.text()],
            ["SET", key, self.text()], ["SETNX", key, self.text()], ["SET", key, self.text(), "NX"],
            ["GETSET", key, self.text()], ["DEL", key]])

    def counter(self):
        key = self.random.choice(self.recorder.keys.counters)
        return self.random.choice([["INCR", key], ["INCR", key], ["INCRBY", key, self.random.randint(2, 9)], ["GET", key]])

    def pair(self):
        a, b = self.random.choice(self.recorder.keys.pairs)
        roll = self.random.random()
        if roll < 0.4:
            return [["SET", a, self.text()], ["SET", b, self.text()]]
        if roll < 0.6:
            return [["GET", a], ["GET", b]]
        if roll < 0.8:
            return ["MGET", a, b]
        return ["SET", self.random.choice([a, b]), self.text()]

    def log(self):
        key = self.recorder.keys.log()
        return ["APPEND", key, self.text()] if self.random.random() < 0.7 else ["GET", key]

    def lock(self):
        if self.held:
            key, token = self.held
            self.held = None
            return ["DELIF", key, token] if self.recorder.has_delif else ["GET", key]
        return ["SET", self.random.choice(self.recorder.keys.locks), self.text(), "NX", "PX", LOCK_MS]

    def choose(self):
        kinds = [self.register] * 5 + [self.counter, self.pair, self.pair, self.log, self.lock]
        return self.random.choice(kinds)()

    def connect(self):
        """Whether there is a connection; what is not sent is not written down."""
        if self.connection:
            return True
        try:
            self.connection = resp.Connection(self.random.choice(self.recorder.addresses), self.recorder.timeout)
            return True
        except OSError:
            time.sleep(0.005)
            return False

    def disconnect(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def exchange(self, commands):
        """Sends one command, or several within MULTI, at once; the last reply."""
        if isinstance(commands[0], str):
            return self.connection.call(*commands)
        whole = [["MULTI"], *commands, ["EXEC"]]
        self.connection.send_raw(b"".join(resp.encode(command) for command in whole))
        for _ in whole[1:]:
            reply = self.connection.read()
            if reply == resp.CLOSED:
                return reply
        return self.connection.read()

    def ask(self, commands):
        """One operation, written down; the reply, or None if nobody knows what became of it."""
        asked, reply = self.recorder.now_us(), None
        try:
            reply = self.exchange(commands)
            outcome = outcome_of(reply)
        except TimeoutError:
            outcome = "uncertain no answer in time"
        except (OSError, resp.ProtocolViolation) as error:
            outcome = f"uncertain {type(error).__name__}"
        told = self.recorder.now_us()
        if outcome.startswith("uncertain"):
            reply = None
            self.disconnect()
        elif outcome.startswith("ok"):
            self.told += 1
        several = commands if isinstance(commands[0], list) else [commands]
        words = " ; ".join(" ".join([c[0], *(quoted(resp.to_bytes(w)) for w in c[1:])]) for c in several)
        multi = "MULTI " if several is commands else ""
        self.lines.append(f"{self.name} {asked} {told} {multi}{words} => {outcome}\n")
        return reply

    def run(self):
        try:
            while not self.recorder.ended.is_set():
                if not self.connect():
                    continue
                commands = self.choose()
                reply = self.ask(commands)
                if commands[-2] == "PX" and reply == harness.OK:
                    self.held = (commands[1], commands[2])
                if self.recorder.pause:
                    time.sleep(self.random.random() * 2 * self.recorder.pause)
        except Exception as error:  # said by stop(): a recorder that stands still finds nothing
            self.problem = f"{self.name}: {type(error).__name__}: {error}"
        self.disconnect()


class Recorder:
    """`pause`: seconds between two operations of a client, on average; `timeout`: until one is given up."""

    def __init__(self, addresses, clients=8, seed=1, keys=8, pause=0.0, timeout=2, prefix="", has_delif=False):
        self.addresses = list(addresses)
        self.seed = seed
        self.keys = Keys(prefix, keys)
        self.pause = pause
        self.timeout = timeout
        self.has_delif = has_delif
        self.begun = time.monotonic_ns()
        self.ended = threading.Event()
        self.notes = []
        self.final = []
        self.clients = [Client(self, n) for n in range(clients)]

    def now_us(self):
        return (time.monotonic_ns() - self.begun) // 1000

    def note(self, what):
        """Something that happened, for whoever reads a timeline."""
        self.notes.append(f"note {self.now_us()} {what}\n")

    @property
    def told(self):
        """Operations answered so far."""
        return sum(client.told for client in self.clients)

    def start(self):
        for client in self.clients:
            client.start()
        return self

    def stop(self):
        """Ends the clients; what went wrong with them, if anything did."""
        self.ended.set()
        for client in self.clients:
            client.join()
        return [client.problem for client in self.clients if client.problem]

    def read_finally(self, seconds=60):
        """Reads every key, of any node, until each has been answered; whether all were."""
        reader = Client(self, len(self.clients))
        self.final.append(f"final {self.now_us()}\n")
        end = time.monotonic() + seconds
        left = self.keys.all()
        while left and time.monotonic() < end:
            if reader.connect() and (reply := reader.ask(["GET", left[-1]])) and reply[0] != "-":
                left.pop()
        reader.disconnect()
        self.clients.append(reader)
        return not left

    def write(self, path):
        with open(path, "w", encoding="ascii") as f:
            f.write("henge-history 1\n")
            f.write(f"# seed {self.seed}, {len(self.clients)} clients\n")
            for lines in [self.notes, self.final, *(client.lines for client in self.clients)]:
                f.writelines(lines)
