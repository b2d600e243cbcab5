"""What the system tests share: the server under test, its memory, and how a test program is run.

Each program is called with the path of a henge-server (or finds it in HENGE_SERVER, or in
build/release), runs its tests in order, and ends with "N passed, N failed[, N skipped]"."""
import argparse
import os
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, f"{ROOT}/redis-compat")

import resp  # noqa: E402  (found by the line above)
import servers  # noqa: E402

MIB = 1 << 20
OK = ("+", b"OK")


def resident_mib(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / MIB


def available_mib():
    with open("/proc/meminfo", encoding="ascii") as f:
        for line in f:
            if line.startswith("MemAvailable"):
                return int(line.split()[1]) / 1024
    return 0


def sanitized(server):
    """Whether it is a build with sanitizers, which take many times the memory and the time."""
    return any(f"/{variant}/" in server.command[0] for variant in ("asan", "tsan", "ubsan", "debug"))


def until(condition, seconds, step=0.005):
    """Waits for a condition; whether it came true."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(step)
    return True


class Watch:
    """Samples a server's memory, and how long a PING takes, while a test runs."""

    def __init__(self, server):
        self.server = server
        self.peak_mib = resident_mib(server.pid)
        self.first_mib = self.peak_mib
        self.pings_ms = []
        self.problem = None
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        try:
            with self.server.connect(timeout=60) as c:
                while not self.ended.is_set():
                    begun = time.monotonic()
                    if c.call("PING") != ("+", b"PONG"):
                        self.problem = "PING was not answered"
                    self.pings_ms.append((time.monotonic() - begun) * 1000)
                    self.peak_mib = max(self.peak_mib, resident_mib(self.server.pid))
                    self.ended.wait(0.005)
        except (OSError, resp.ProtocolViolation) as error:
            self.problem = f"{type(error).__name__}: {error}"

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    @property
    def slowest_ms(self):
        return max(self.pings_ms, default=0.0)

    def percentile_ms(self, percent):
        return sorted(self.pings_ms)[int(len(self.pings_ms) * percent / 100)]

    @property
    def grown_mib(self):
        return self.peak_mib - self.first_mib

    def judge(self, t, what, grown_max_mib, slowest_max_ms=1000):
        scale = 10 if sanitized(self.server) else 1
        grown_max_mib, slowest_max_ms = scale * grown_max_mib, scale * slowest_max_ms
        print(f"  {what}: grew by {self.grown_mib:.0f} MiB at most, slowest PING {self.slowest_ms:.0f} ms")
        t.equal(self.problem, None, f"{what}: another client is served")
        t.check(self.grown_mib <= grown_max_mib, f"{what}: memory is bounded",
                f"grew by {self.grown_mib:.0f} MiB, at most {grown_max_mib} are expected")
        t.check(self.slowest_ms <= slowest_max_ms, f"{what}: the loop is not blocked",
                f"a PING took {self.slowest_ms:.0f} ms")


def main(description, tests, add_options=None):
    """Runs functions test(t, new, given); new(*options) makes a server that is removed afterwards."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("server", nargs="?", help="the henge-server to test")
    parser.add_argument("--only", help="the tests whose name contains this")
    if add_options:
        add_options(parser)
    given = parser.parse_args()
    path = servers.henge_path(given.server)
    if not os.path.exists(path):
        raise SystemExit(f"{path} is not there; build it, or give the path of a henge-server")
    t = servers.Tally()
    for test in tests:
        if given.only and given.only not in test.__name__:
            continue
        made = []

        def new(*options, **kinds):
            made.append(servers.henge(*options, path=path, **kinds))
            return made[-1]

        before = t.failed
        t.run(test, new, given)
        for server in made:
            if t.failed > before:
                print(f"  the end of its server's log:\n{server.log_tail(1500)}", flush=True)
            server.remove()
    sys.exit(t.end())
