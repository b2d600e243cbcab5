"""Starts and ends the servers that tests and benchmarks talk to: Henge, and the distribution's
redis-server, unpacked and not installed.  Each has a free port and a directory of its own under
build/, and dies with the program that started it."""
import atexit
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import resp

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PR_SET_PDEATHSIG = 1


def henge_path(given=None):
    return os.path.abspath(
        given or os.environ.get("HENGE_SERVER") or f"{ROOT}/build/release/henge-server")


def redis_path():
    """The unpacked redis-server, unpacked now if it is not there yet."""
    done = subprocess.run([f"{ROOT}/deps/unpack.sh"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"no redis-server to compare with: {done.stderr.strip()}")
    return done.stdout.split()[-1]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def scratch(name):
    os.makedirs(f"{ROOT}/build/scratch", exist_ok=True)
    return tempfile.mkdtemp(prefix=f"{name}-", dir=f"{ROOT}/build/scratch")


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Server:
    """One server process.  `start` waits until it answers PING; its output goes to `log`."""

    def __init__(self, name, command, directory=None, port=None, cpu=None):
        self.name = name
        self.command = command
        self.own_directory = directory is None
        self.directory = directory or scratch(name)
        self.port = port or free_port()
        self.cpu = cpu
        self.log = os.path.join(self.directory + ".log")
        self.process = None
        atexit.register(self.remove)

    @property
    def address(self):
        return ("127.0.0.1", self.port)

    @property
    def pid(self):
        return self.process.pid

    def arguments(self):
        return [a.format(port=self.port, dir=self.directory) for a in self.command]

    def spawn(self, *more):
        arguments = self.arguments() + list(more)
        if self.cpu is not None:
            arguments = ["taskset", "-c", str(self.cpu)] + arguments
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.directory, preexec_fn=die_with_parent)

    def start(self, *more, timeout=60):
        self.spawn(*more)
        self.wait_ready(timeout)
        return self

    def is_ready(self, timeout):
        """Whether it answers a command."""
        try:
            with resp.Connection(self.address, timeout=timeout) as c:
                reply = c.call("GET", "no such key")
        except OSError:
            return False
        return reply != resp.CLOSED and (reply[0] != "-" or reply[1].startswith((b"NOAUTH", b"ERR", b"CLUSTERDOWN")))

    def wait_ready(self, timeout=60):
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended with {self.process.returncode} while "
                                   f"starting:\n{self.log_tail()}")
            if self.is_ready(timeout):
                return
            time.sleep(0.01)
        raise RuntimeError(f"{self.name} does not answer after {timeout} s:\n{self.log_tail()}")

    def connect(self, timeout=20):
        return resp.Connection(self.address, timeout)

    def log_tail(self, size=2000):
        try:
            with open(self.log, "rb") as log:
                return log.read()[-size:].decode("utf8", "replace")
        except OSError:
            return ""

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        if self.alive():
            self.process.kill()
        if self.process is not None:
            self.process.wait()

    def stop(self, timeout=60):
        """SIGTERM; returns the exit status."""
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            return -signal.SIGKILL

    def remove(self):
        self.kill()
        if self.own_directory:
            shutil.rmtree(self.directory, ignore_errors=True)
            if os.path.exists(self.log):
                os.unlink(self.log)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()


def henge(*options, path=None, **kinds):
    """`options` as on the command line: "--appendfsync", "always"."""
    command = [henge_path(path), "--port", "{port}", "--dir", "{dir}", "--bind", "127.0.0.1"]
    return Server("henge", command + list(options), **kinds)


def redis(*options, **kinds):
    command = [redis_path(), "--port", "{port}", "--dir", "{dir}", "--bind", "127.0.0.1",
               "--save", "", "--daemonize", "no"]
    return Server("redis", command + list(options), **kinds)


class Tally:
    """Counts what passed; prints each failure and, at the end, the sum."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def check(self, ok, what, detail=""):
        if ok:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED: {what}" + (f": {detail}" if detail else ""), flush=True)
        return ok

    def equal(self, got, expected, what):
        return self.check(got == expected, what,
                          f"got {resp.show(got)}, expected {resp.show(expected)}")

    def skip(self, what, why):
        self.skipped += 1
        print(f"skipped: {what}: {why}", flush=True)

    def run(self, test, *args):
        """A test function: what it raises is its failure."""
        begun = time.monotonic()
        before = self.failed
        try:
            test(self, *args)
        except Exception as error:  # a test may fail in any way; the others go on
            self.check(False, test.__name__, f"{type(error).__name__}: {error}")
        took = time.monotonic() - begun
        print(f"{'ok' if self.failed == before else 'FAILED'} {test.__name__} ({took:.1f} s)", flush=True)

    def end(self):
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        print(f"{self.passed} passed, {self.failed} failed{skipped}")
        return 1 if self.failed else 0
