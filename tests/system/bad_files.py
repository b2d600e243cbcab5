"""A tour of bad input at the start: configuration files, command lines, ACL files and the files of the store.
Each is refused with a reason, or the server serves; none ends it by a signal, or for ever."""
import os
import random
import shutil
import subprocess
import time

import harness
import resp
import servers
from harness import MIB

REFUSED = (1, 2)  # exit statuses; 2 is that of --check and --dump for what they cannot look at


class Starts:
    """Starts of one binary that may come to nothing."""

    def __init__(self, t, new, seed):
        self.t = t
        self.dice = random.Random(seed)
        self.server = new()
        self.path = self.server.command[0]
        self.seconds = 60 if harness.sanitized(self.server) else 20
        self.refused = self.served = 0

    def begin(self, what, words, directory, port):
        """Starts it and sees what becomes of it; its output if it was refused, else None."""
        log = f"{directory}.out"
        with open(log, "wb") as f:
            process = subprocess.Popen([self.path, *words], stdin=subprocess.DEVNULL, stdout=f, stderr=f, cwd=directory,
                                       preexec_fn=servers.die_with_parent)
        serves = False

        def is_known():
            nonlocal serves
            serves = process.poll() is None and self.answers(port)
            return serves or process.poll() is not None

        try:
            harness.until(is_known, self.seconds)
        finally:
            ended = process.poll()
            process.kill()
            process.wait()
        with open(log, "rb") as f:
            said = f.read()
        os.unlink(log)
        self.served += serves
        self.refused += ended is not None
        self.t.check(serves or ended is not None, f"{what}: it serves or ends", said[-300:].decode("latin1"))
        self.t.check(ended in (None, 0, *REFUSED), f"{what}: its status", f"{ended}: {said[-300:].decode('latin1')}")
        self.t.check(ended not in REFUSED or said.strip(), f"{what}: it says why")
        return said if ended is not None else None

    @staticmethod
    def answers(port):
        try:
            with resp.Connection(("127.0.0.1", port), timeout=5) as c:
                reply = c.call("GET", "no such key")
                return reply != resp.CLOSED and not (reply[0] == "-" and reply[1].startswith(b"LOADING"))
        except (OSError, resp.ProtocolViolation):
            return False

    def configured(self, text, what, *more):
        port, directory = servers.free_port(), servers.scratch("bad")
        path = f"{directory}/henge.conf"
        with open(path, "wb") as f:
            f.write(text)
        said = self.begin(what, [path, "--port", str(port), "--dir", directory, *more], directory, port)
        shutil.rmtree(directory)
        return said


def mutate(dice, data):
    way, at = dice.randrange(6), dice.randrange(len(data) + 1)
    if way == 0 and data:
        data[dice.randrange(len(data))] = dice.randrange(256)
    elif way == 1:
        data[at:at] = dice.randbytes(dice.randrange(1, 30))
    elif way == 2:
        del data[at:at + dice.randrange(1, 200)]
    elif way == 3:
        data[at:at] = dice.choice([b"\0", b'"', b"'", b"\\", b"\n", b"-1", b"9" * 30, b"\xff\xfe", b" ", b"include x\n"])
    elif way == 4:
        data[at:at] = data[dice.randrange(len(data) + 1):][:300]
    else:
        del data[at:]


VALUES = [b"", b'""', b"-1", b"0", b"1", b"9" * 30, b"1e9", b"0x10", b"1tb", b"99999999999gb", b"yes", b"maybe", b"/nowhere/at/all", b"/dev/null", b"/dev/zero", b"/", b"x" * 5000, b"\xff\xfe",
          b"'", b'"', b"a b c", b"300.1.1.1", b"%s%n", b"*"]


def configurations(t, new, given):
    s = Starts(t, new, given.seed)
    with open(f"{harness.ROOT}/henge.conf", "rb") as f:
        sample = f.read()
    for text in (b"", b"\0", b"\0" * 5000, b"\xff" * 5000, b"port", b"port\n" * 3, b"port 1 2", b"port -1", b"port 99999", b"port x", b"nosuch 1", b'"', b"'", b'port "', b"port '1\n'", b"\\", b"#", b"# " + b"x" * MIB,
                 b"x" * MIB, b"x" * (3 * MIB), b"\n" * 500_000, b"loglevel notice\n" * 60_000, b"\r\nloglevel notice\r\n", b"\tloglevel\tnotice\t", b"port\0 1", b"include henge.conf", b"user", b"user x", b"user \"", b"user x on\nuser x on",
                 b"user a +nosuch", b"user " + b"a" * 100_000 + b" on", b"user a " + b"~x " * 100_000, b"user default off", b"requirepass " + b"x" * 500_000, b"save 1 1\nsave x", b"rename-command GET x"):
        s.configured(text, f"configuration {text[:30]!r}")
    for _ in range(given.mutations):
        text = bytearray(sample)
        for _ in range(s.dice.randrange(1, 8)):
            mutate(s.dice, text)
        s.configured(bytes(text), "henge.conf with changes")
    with s.server.start().connect() as c:
        names = [c.call("CONFIG", "GET", "*")[1][i][1] for i in range(0, len(c.call("CONFIG", "GET", "*")[1]), 2)]
    s.server.kill()
    others = [name for name in names if name not in (b"port", b"dir", b"daemonize", b"supervised")]
    for name in others if given.full else s.dice.sample(others, 10):
        value = s.dice.choice(VALUES)
        s.configured(b"%s %s\n" % (name, value), f"{name.decode()} {value[:30]!r}")
    for path in ("/dev/zero", "/dev/null", "/", "/nowhere", "/proc/self/mem", s.path):
        directory, port = servers.scratch("bad"), servers.free_port()
        s.begin(f"configuration file {path}", [path, "--port", str(port), "--dir", directory], directory, port)
        shutil.rmtree(directory)
    print(f"  {s.refused} refused, {s.served} served")


def command_lines(t, new, given):
    s = Starts(t, new, given.seed)
    for words in ([""], ["--"], ["-"], ["--port"], ["--port", "--port"], ["--port", ""], ["--port", "x"], ["--port", "70000"], ["--nosuch", "x"], ["-x"], ["--dir", "/nowhere/x"], ["--dir", "/dev/null"], ["--dir", ""],
                  ["--logfile", "/nowhere/x"], ["--logfile", "/"], ["--check"], ["--check", "/dev/null"], ["--check", "/nowhere"], ["--check", "/"], ["--dump"], ["--dump", "/dev/zero"], ["--dump", "/nowhere"], ["--restore"],
                  ["--bind", "x" * 5000], ["--bind", "300.1.1.1"], ["--bind", ""], ["--unixsocket", "/tmp/" + "x" * 300], ["--unixsocket", "/nowhere/x"], ["--aclfile", "/dev/zero"], ["--aclfile", "/dev/urandom"], ["--aclfile", "/"],
                  ["--user", ""], ["--user", "x", "bogus"], ["--requirepass", "x" * 100_000], ["--maxmemory", "1"], ["--maxmemory", "-1"], ["--maxdisk", "1"], ["--maxclients", "999999999"], ["--memtable-size", "1"],
                  ["--tls-port", str(servers.free_port())], ["--tls-port", "1", "--tls-cert-file", "/dev/zero", "--tls-key-file", "/dev/zero"], ["--http-port", "1", "--http-bind", "nowhere"], ["x"] * 5000, ["--loglevel", "x"] * 2000,
                  ["\udcff\udcfe"], ["--port", "\udcff"], ["--help", "x"], ["--version", "x"]):
        directory, port = servers.scratch("bad"), servers.free_port()
        own = [] if words[0] in ("--check", "--dump", "--restore", "--port", "--help", "--version") else ["--port", str(port)]
        where = [] if words[0] in ("--check", "--dump", "--restore", "--dir", "--help", "--version") else ["--dir", directory]
        s.begin(" ".join(words)[:60], own + where + words, directory, port)
        shutil.rmtree(directory)
    print(f"  {s.refused} refused, {s.served} served")


def acl_files(t, new, given):
    """Loaded while it runs: what is wrong changes nothing, and who is there stays."""
    dice = random.Random(given.seed)
    server = new()
    path = f"{server.directory}/users.acl"
    well = b"user default on nopass ~* &* +@all\nuser app on #" + b"0" * 64 + b" ~app:* %R~x* &c* -@all +get +config|get (~y +set)\nuser off off\n"
    with open(path, "wb") as f:
        f.write(well)
    server.command += ["--aclfile", path]
    server.start()
    taken = 0
    with server.connect(60) as c:
        before = c.call("ACL", "LIST")
        for text in [b"", b"\0", b"x", b"user", b"user \n", b"user a\0b on", b"user x on\nuser x on", b"#" * MIB, b"user a " + b"(" * 100_000, b"user a " + b"~x" * MIB, b"user a >" + b"x" * (2 * MIB), b"\xff" * MIB, b"user a on " * 10000,
                     b"user default off", b"".join(b"user u%d on +@all ~*\n" % i for i in range(2000)), b"x" * (17 * MIB), b"user a " + b"+get -get " * 50_000] + [None] * given.mutations * 4:
            if text is None:
                text = bytearray(well)
                for _ in range(dice.randrange(1, 5)):
                    mutate(dice, text)
            if b"default" in text:  # this connection's, which is not to lose its rights
                text = bytes(text).replace(b"default", b"someone")
            with open(path, "wb") as f:
                f.write(b"user default on nopass ~* &* +@all\n" + bytes(text))
            reply = c.call("ACL", "LOAD")
            if not t.check(reply[0] in "+-" and len(reply) > 1, "ACL LOAD is answered", resp.show(reply)):
                return
            if reply[0] == "-":
                t.equal(c.call("ACL", "LIST"), before, "what is refused changes nothing")
            else:
                taken += 1
                before = c.call("ACL", "LIST")
                c.call("ACL", "GETUSER", "app")
        t.equal(c.call("PING"), ("+", b"PONG"), "it serves on")
    print(f"  {taken} taken")
    t.equal(server.stop(), 0, "and ends in order")


def damage(dice, folder):
    """Does something to a file of a store; what."""
    names = sorted(name for name in os.listdir(folder) if os.path.isfile(f"{folder}/{name}"))
    name = dice.choice(names)
    path = f"{folder}/{name}"
    size = os.path.getsize(path)
    way = dice.choice(["cut", "zeros", "noise", "longer", "gone", "swapped", "folder", "loop", "stray", "empty"])
    with open(path, "r+b") as f:
        at = dice.randrange(size + 1)
        if way == "cut":
            f.truncate(at)
        elif way in ("zeros", "noise"):
            f.seek(at)
            f.write(bytes(3000) if way == "zeros" else dice.randbytes(3000))
        elif way == "longer":
            f.seek(size)
            f.write(dice.randbytes(20_000))
        elif way == "empty":
            f.truncate(0)
    if way in ("gone", "folder", "loop"):
        os.unlink(path)
    if way == "folder":
        os.mkdir(path)
    if way == "loop":
        os.symlink(path, path)
    if way == "swapped":
        other = f"{folder}/{dice.choice(names)}"
        os.rename(path, f"{folder}/between")
        if os.path.exists(other):
            os.rename(other, path)
        os.rename(f"{folder}/between", other)
    if way == "stray":
        stem, dot, ending = name.partition(".")
        for odd in ("9" * 20, "0" * len(stem), "f" * len(stem), "-1", stem[:-1], stem + "0"):
            if not os.path.lexists(f"{folder}/{odd}{dot}{ending}"):
                with open(f"{folder}/{odd}{dot}{ending}", "wb") as f:
                    f.write(dice.randbytes(dice.choice([0, 10, 5000])))
    return f"{name}: {way}"


def stores(t, new, given):
    options = ["--memtable-size", "1mb", "--maxmemory", "64mb", "--log-segment-size", "256kb", "--value-separation", "2kb"]
    server = new(*options).start()
    with server.connect(60) as c:
        for at in range(0, 3000, 100):
            c.send_raw(b"".join(resp.encode(["SET", f"k{i % 1000}", b"%d" % i * 200]) for i in range(at, at + 100)))
            for _ in range(100):
                c.read()
    server.stop()
    s = Starts(t, new, given.seed)
    for _ in range(given.mutations * 2):
        directory, port = servers.scratch("bad"), servers.free_port()
        os.rmdir(directory)
        shutil.copytree(server.directory, directory)
        what = [damage(s.dice, directory) for _ in range(s.dice.choice([1, 1, 2]))]
        s.begin("; ".join(what), ["--port", str(port), "--dir", directory, *options], directory, port)
        for tool in ("--check", "--dump"):
            done = subprocess.run([s.path, tool, directory], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=s.seconds, check=False)
            t.check(done.returncode >= 0 and done.returncode < 3, f"{tool} of a store with {what}", f"{done.returncode}: {done.stderr[-300:]}")
        shutil.rmtree(directory)
    print(f"  {s.refused} refused, {s.served} served")


if __name__ == "__main__":
    def add_options(p):
        p.add_argument("--seed", type=int, default=int(time.time()), help="of what is random")
        p.add_argument("--mutations", type=int, default=8)
        p.add_argument("--full", action="store_true", help="every option with a bad value")

    harness.main(__doc__, [configurations, command_lines, acl_files, stores], add_options)
