"""A flipped byte anywhere in a store: --check finds it and names the file, and the server answers right
or with an error, never wrong.

Small by itself: sampled bytes of a store of a few megabytes, and every fifth byte of a tiny one (unit tests
do all of one in memory); --full samples 200 MB, and does every byte of the tiny one."""
import os
import random
import shutil
import subprocess

import harness
import resp
import servers

BLOCK = 256  # commands a pipeline


class Store:
    """What a server was told, and the folder it left."""

    def __init__(self, new, count, rounds, sizes, *options):
        self.new, self.options = new, options
        self.random = random.Random(11)
        self.expected = {}
        server = new(*options).start()
        with server.connect(timeout=120) as c:
            for _ in range(rounds):
                for at in range(0, count, BLOCK):
                    self.write(c, range(at, min(at + BLOCK, count)), sizes)
            c.call("SELECT", 3)
            for n in range(20):
                c.call("SET", f"flushed:{n}", b"x" * sizes[-1])
            c.call("FLUSHDB")
        self.server = server
        self.tidy()

    def write(self, c, numbers, sizes):
        commands = []
        for n in numbers:
            key, dice = b"key:%d" % n, self.random.random()
            if dice < 0.1:
                commands.append((b"DEL", key))
                self.expected[key] = None
            elif dice < 0.75:
                value = self.random.randbytes(self.random.choice(sizes))
                commands.append((b"SET", key, value))
                self.expected[key] = value
        c.send_raw(b"".join(resp.encode(command) for command in commands))
        for _ in commands:
            c.read()

    def tidy(self):
        """Stops with no file left that nothing needs: a stop comes before such are removed, a start removes
        them, and may begin to compact again."""
        self.folder = self.server.directory
        self.server.stop()
        for _ in range(50):
            if "that nothing needs" not in check(self.server, self.folder)[1]:
                return
            self.server.start()
            self.server.stop()
        raise RuntimeError(f"{self.folder} keeps files that nothing needs")

    def files(self):
        return sorted(name for name in os.listdir(self.folder) if os.path.getsize(f"{self.folder}/{name}"))

    def size(self):
        return sum(os.path.getsize(f"{self.folder}/{name}") for name in os.listdir(self.folder))


def check(server, path):
    done = subprocess.run([server.command[0], "--check", path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=600, check=False)
    return done.returncode, done.stdout


def flip(path, offset, bit):
    with open(path, "r+b") as f:
        f.seek(offset)
        byte = f.read(1)[0]
        f.seek(offset)
        f.write(bytes([byte ^ (1 << bit)]))


def wrong_answers(store, folder, tally):
    """Starts a server on a damaged copy and reads everything; how many answers are wrong."""
    server = servers.henge(*store.options, path=store.server.command[0], directory=folder)
    wrong = 0
    try:
        try:
            server.start(timeout=60)
        except RuntimeError:
            tally["refused"] += 1
            return 0
        with server.connect(timeout=60) as c:
            keys = list(store.expected)
            for at in range(0, len(keys), BLOCK):
                batch = keys[at:at + BLOCK]
                c.send_raw(b"".join(resp.encode((b"GET", key)) for key in batch))
                for key in batch:
                    got = c.read()
                    if got[0] == "-" and got[1].startswith(b"IOERR"):
                        tally["errors"] += 1
                    elif got != ("$", store.expected[key]):
                        wrong += 1
                    else:
                        tally["right"] += 1
    finally:
        server.kill()
        os.unlink(server.log)
    return wrong


def offsets_of(path, count, dice):
    """The ends, a few bytes near them, and some between; more of where something was written."""
    size = os.path.getsize(path)
    picked = {0, size - 1, min(5000, size - 1)}
    with open(path, "rb") as f:
        used = len(f.read().rstrip(b"\0")) or 1
    picked.update(dice.randrange(used) for _ in range(count - 1))
    picked.add(dice.randrange(size))
    return sorted(picked)


def sampled(t, store, each, starts):
    """Flips `each` bytes of every file; `starts` times a server is started on it."""
    dice = random.Random(3)
    tally = {"refused": 0, "errors": 0, "right": 0, "flips": 0}
    missed, unnamed, wrong = [], [], 0
    places = [(name, offset) for name in store.files()
              for offset in offsets_of(f"{store.folder}/{name}", each, dice)]
    begin = set(dice.sample(range(len(places)), min(starts, len(places))))
    for i, (name, offset) in enumerate(places):
        path, bit = f"{store.folder}/{name}", dice.randrange(8)
        flip(path, offset, bit)
        status, said = check(store.server, store.folder)
        if status != 1:
            missed.append((name, offset, status))
        elif name not in said:
            unnamed.append((name, offset, said[:200]))
        if i in begin:
            copy = servers.scratch("damaged")
            shutil.copytree(store.folder, copy, dirs_exist_ok=True)
            wrong += wrong_answers(store, copy, tally)
            shutil.rmtree(copy)
        flip(path, offset, bit)
        tally["flips"] += 1
    print(f"  {store.size() / 1e6:.0f} MB in {len(store.files())} files: {tally}", flush=True)
    t.equal(missed, [], "every flipped byte is found")
    t.equal(unnamed, [], "and the file is named")
    t.equal(wrong, 0, "no answer is wrong")
    t.check(tally["right"] > 0 and tally["errors"] + tally["refused"] > 0, "servers answered and refused", tally)
    status, said = check(store.server, store.folder)
    t.equal((status, "all is right" in said), (0, True), "with all bytes back it is right again")


def sampled_bytes(t, new, given):
    if given.full:
        store = Store(new, 40000, 3, (20, 300, 1000, 5000, 10000), "--maxmemory", "64mb", "--log-segment-size", "8mb")
    else:
        store = Store(new, 2000, 4, (20, 100, 700, 5000), "--memtable-size", "2mb", "--log-segment-size", "1mb",
                      "--maxmemory", "64mb")
    t.equal(check(store.server, store.folder)[0], 0, "a store that was stopped is right")
    t.check(any(n.startswith("table") for n in store.files()), "it has tables", store.files())
    each, starts = (60, 200) if given.full else (6, 30)
    sampled(t, store, each, 4 if harness.sanitized(store.server) else starts)


def bytes_of_a_tiny_store(t, new, given):
    """From its files' beginnings to their ends; among zeros behind the last frame a few."""
    store = Store(new, 12, 2, (10, 60, 300), "--memtable-size", "1mb", "--log-segment-size", "64kb",
                  "--value-separation", "256")
    step = 97 if harness.sanitized(store.server) else 1 if given.full else 5
    missed, flips, zeros = [], 0, 0
    for number, name in enumerate(store.files()):
        path = f"{store.folder}/{name}"
        with open(path, "rb") as f:
            data = f.read()
        for offset in range(number % step, len(data), step):
            if not any(data[max(0, offset - 64):offset + 64]):
                zeros += 1
                if zeros % 101:
                    continue
            flip(path, offset, offset % 8)
            if check(store.server, store.folder)[0] != 1:
                missed.append((name, offset))
            flip(path, offset, offset % 8)
            flips += 1
    print(f"  {flips} bytes flipped, one after the other", flush=True)
    t.equal(missed, [], "every flipped byte is found")


def what_it_refuses(t, new, given):
    del given
    server = new().start()
    status, said = check(server, server.directory)
    t.equal((status, "in use" in said), (2, True), "a store that is served is left alone")
    t.equal(server.stop(), 0, "it stops")
    t.equal(check(server, server.directory)[0], 0, "then it is checked")
    t.equal(check(server, f"{server.directory}/nothing")[0], 2, "a folder that is not there")
    empty = servers.scratch("empty")
    status, said = check(server, empty)
    t.equal((status, "no file of a store" in said), (2, True), "a folder without a store")
    os.rmdir(empty)


def add_options(parser):
    parser.add_argument("--full", action="store_true", help="200 MB instead of a few")


if __name__ == "__main__":
    harness.main(__doc__.splitlines()[0], [what_it_refuses, sampled_bytes, bytes_of_a_tiny_store], add_options)
