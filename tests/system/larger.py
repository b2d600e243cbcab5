"""A data set many times larger than maxmemory.

It loads, reads back exactly, survives kill -9 in the middle, stays within its memory, and keeps answering.

`make check` runs it small; --gib 5 --maxmemory 256 is the real thing."""
import random
import threading
import time

import harness
import resp

PATTERN = random.Random(1).randbytes(1 << 20)
PROCESS_MIB = 16  # code, stacks, allocators' slack under load
PIPELINE = 64


def key_of(number):
    return b"key:%012d" % number


def value_of(number, size, generation=0):
    """Bytes that belong to this key, and to no other."""
    at = (number * 7919 + generation * 104729) % ((1 << 20) - size - 1)
    return b"%016x%02x" % (number, generation) + PATTERN[at:at + size - 18]


def io_of(server):
    with open(f"/proc/{server.pid}/io", encoding="ascii") as f:
        return {k: int(v) for k, v in (line.split(": ") for line in f)}


class Probe(threading.Thread):
    """One client reads one hot key again and again; how long each answer takes, and the memory."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server = server
        self.ended = threading.Event()
        self.taken = []
        self.peak_mib = 0.0
        self.problem = None

    def run(self):
        try:
            sampled = 0.0
            with self.server.connect(timeout=60) as c:
                c.call("SET", "hot", "value")
                while not self.ended.is_set():
                    begun = time.monotonic()
                    if c.call("GET", "hot") != ("$", b"value"):
                        self.problem = "the hot key is wrong"
                    now = time.monotonic()
                    self.taken.append((now - begun) * 1000)
                    if now - sampled > 0.5:
                        sampled = now
                        self.peak_mib = max(self.peak_mib, harness.resident_mib(self.server.pid))
                    self.ended.wait(0.001)
        except (OSError, resp.ProtocolViolation) as error:
            if not self.ended.is_set():
                self.problem = f"{type(error).__name__}: {error}"

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join()

    def at(self, share):
        return sorted(self.taken)[int(len(self.taken) * share)] if self.taken else 0.0


def load(server, first, last, size, generation=0):
    """Sets keys first..last-1; how many were acknowledged before the server went away."""
    acknowledged = first
    try:
        with server.connect(timeout=120) as c:
            for at in range(first, last, PIPELINE):
                batch = range(at, min(at + PIPELINE, last))
                c.send_raw(b"".join(resp.encode((b"SET", key_of(n), value_of(n, size, generation))) for n in batch))
                for _ in batch:
                    if c.read() != harness.OK:
                        return acknowledged
                acknowledged = batch[-1] + 1
    except (OSError, resp.ProtocolViolation):
        pass
    return acknowledged


def wrong_keys(server, first, last, size, generation=0):
    """How many of the keys do not read back exactly."""
    wrong = 0
    with server.connect(timeout=120) as c:
        for at in range(first, last, PIPELINE):
            batch = range(at, min(at + PIPELINE, last))
            c.send_raw(b"".join(resp.encode((b"GET", key_of(n))) for n in batch))
            wrong += sum(c.read() != ("$", value_of(n, size, generation)) for n in batch)
    return wrong


def one_size(t, new, given, size):
    count = int(given.gib * (1 << 30)) // size
    server = new("--maxmemory", f"{given.maxmemory}mb").start()
    own = 0 if given.strict else PROCESS_MIB  # what a process takes besides shows when maxmemory is small
    bound = (given.maxmemory * 1.15 + own) * (10 if harness.sanitized(server) else 1)
    begun = time.monotonic()
    with Probe(server) as probe:
        done = load(server, 0, count // 2, size)
        written = io_of(server)["write_bytes"]
    t.equal(done, count // 2, f"{size}: everything is acknowledged")
    problem, worst, usual, peak = probe.problem, max(probe.taken), probe.at(0.999), probe.peak_mib
    t.equal(problem, None, f"{size}: the hot client is served")
    t.check(peak <= bound, f"{size}: memory is bounded", f"{peak:.0f} MiB of {bound:.0f}")
    print(f"  {size} B: {done / (time.monotonic() - begun):.0f} SET/s, hot GET p99.9 {usual:.1f} ms, "
          f"longest {worst:.0f} ms, resident {peak:.0f} MiB, "
          f"{written / (done * size):.2f} bytes written per byte", flush=True)
    if given.strict:
        t.check(usual <= 20, f"{size}: hot GET p99.9", f"{usual:.1f} ms")
        t.check(worst <= 250, f"{size}: no gap", f"{worst:.0f} ms")
        if size >= 4096:
            t.check(written <= 2.3 * done * size, f"{size}: write amplification")

    # The other half is cut short while tables are made of the first.
    reached = []
    loader = threading.Thread(target=lambda: reached.append(load(server, done, count, size)))
    loader.start()
    time.sleep(0.5 + given.gib / 4)
    server.kill()
    loader.join()
    begun = time.monotonic()
    server.start()
    print(f"  {size} B: up again after {time.monotonic() - begun:.2f} s", flush=True)
    begun = time.monotonic()
    with Probe(server) as probe:
        t.equal(wrong_keys(server, 0, reached[0], size), 0, f"{size}: everything reads back")
        took = time.monotonic() - begun
        t.equal(load(server, reached[0], count, size), count, f"{size}: the rest is acknowledged")
        t.equal(load(server, 0, count // 8, size, 1), count // 8, f"{size}: an eighth again")
    t.equal(wrong_keys(server, 0, count // 8, size, 1), 0, f"{size}: the new values")
    t.equal(wrong_keys(server, count // 8, count, size), 0, f"{size}: the old ones beside them")
    t.equal(probe.problem, None, f"{size}: the hot client is served after the restart")
    t.check(probe.peak_mib <= bound, f"{size}: memory is bounded after the restart",
            f"{probe.peak_mib:.0f} MiB of {bound:.0f}")
    print(f"  {size} B: {reached[0] / took:.0f} GET/s cold, hot GET p99.9 {probe.at(0.999):.1f} ms, "
          f"longest {max(probe.taken):.0f} ms, resident {probe.peak_mib:.0f} MiB", flush=True)


def values_of_1_kib(t, new, given):
    one_size(t, new, given, 1024)


def values_of_10_kib(t, new, given):
    one_size(t, new, given, 10240)


def add_options(parser):
    parser.add_argument("--gib", type=float, default=0.125, help="bytes of values, in GiB")
    parser.add_argument("--maxmemory", type=int, default=32, help="in MiB")
    parser.add_argument("--strict", action="store_true", help="judge latencies too: a quiet machine")


if __name__ == "__main__":
    harness.main(__doc__.splitlines()[0], [values_of_1_kib, values_of_10_kib], add_options)
