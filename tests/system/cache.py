"""maxdisk: as a cache the server forgets what is cold and stays within its bound; as a store it
refuses with -OOM and takes writes again when something was deleted."""
import os
import random

import harness
import resp
from harness import MIB, OK

MAXDISK = 32 * MIB
SMALL = ("--memtable-size", "1mb", "--log-segment-size", "1mb", "--table-size", "2mb", "--maxmemory", "64mb")
OOM = b"OOM command not allowed when used disk > 'maxdisk'."


def info(c, field):
    for line in c.call("INFO", "everything")[1].decode().splitlines():
        if line.startswith(field + ":"):
            return line.split(":", 1)[1]
    return None


def size_of(directory):
    total = 0
    for entry in os.scandir(directory):
        if entry.is_file():
            try:
                total += entry.stat().st_blocks * 512
            except FileNotFoundError:
                pass  # it was removed meanwhile
    return total


def many(c, commands):
    c.send_raw(b"".join(resp.encode(command) for command in commands))
    return [c.read() for _ in commands]


def keeps_the_hot(t, new, policy, size):
    """Four times what fits is written; a few keys are read all the time."""
    server = new(*SMALL, "--maxdisk", str(MAXDISK), "--maxmemory-policy", policy).start()
    hot = [f"hot{i}" for i in range(200)]
    peak = files = 0
    with server.connect(60) as c:
        t.equal(set(many(c, [["SET", k, b"h" * size] for k in hot])), {OK}, f"{policy}: hot keys are written")
        count = (2 if harness.sanitized(server) else 4) * MAXDISK // size // 500 * 500
        for begin in range(0, count, 500):
            replies = many(c, [["SET", f"cold{n}", b"c" * size] for n in range(begin, begin + 500)])
            if set(replies) != {OK}:
                t.check(False, f"{policy}: every write is taken", repr(set(replies)))
                return
            many(c, [["GET", k] for k in hot])
            peak = max(peak, int(info(c, "used_disk")))
            files = max(files, size_of(server.directory))
        t.check(peak <= MAXDISK + 4 * MIB, f"{policy}, {size} bytes: used_disk keeps to the bound", f"{peak}")
        t.check(files <= 2 * MAXDISK, f"{policy}, {size} bytes: with what is being replaced the files take twice that at most",
                str(files))
        t.check(harness.until(lambda: size_of(server.directory) <= MAXDISK + 8 * MIB, 20),
                f"{policy}, {size} bytes: so do the files", f"{size_of(server.directory)}")
        kept = sum(reply[1] is not None for reply in many(c, [["GET", k] for k in hot]))
        late = sum(r[1] is not None for r in many(c, [["EXISTS", f"cold{n}"] for n in range(count - 100, count)]))
        gone = int(info(c, "evicted_keys"))
        print(f"  {policy}, {size} bytes: {kept} of 200 hot keys stay, {gone} of {count} keys are evicted, "
              f"used_disk is {peak / MIB:.1f} MiB at most, files {files / MIB:.1f} MiB")
        t.check(kept >= 195, f"{policy}, {size} bytes: what is used stays", f"{kept} of 200")
        t.equal(late, 100, "what was written last is there")
        t.check(count // 5 < gone < count, f"{policy}: others went, each once", str(gone))
        counts = []

        def is_about_right():
            """Both counted while nothing is evicted."""
            before = info(c, "evicted_keys")
            there = kept + sum(r == (":", 1) for at in range(0, count, 1000)
                               for r in many(c, [["EXISTS", f"cold{n}"] for n in range(at, min(count, at + 1000))]))
            counts[:] = [c.call("DBSIZE")[1], there]
            return info(c, "evicted_keys") == before and abs(counts[0] - there) <= there // 20

        t.check(harness.until(is_about_right, 60), f"{policy}: DBSIZE is about right", f"{counts[0]}, there are {counts[1]}")
    t.equal(server.stop(), 0, "it ends in order")


def a_cache_keeps_what_is_used(t, new, given):
    del given
    keeps_the_hot(t, new, "allkeys-lru", 300)
    keeps_the_hot(t, new, "allkeys-lfu", 300)
    keeps_the_hot(t, new, "allkeys-lru", 10000)


def a_store_refuses_and_takes_again(t, new, given):
    del given
    server = new(*SMALL, "--maxdisk", str(MAXDISK)).start()
    with server.connect(60) as c:
        taken = 0
        reply = OK
        while reply == OK and taken < 200000:
            replies = many(c, [["SET", f"k{n}", b"v" * 1000] for n in range(taken, taken + 100)])
            reply = next((r for r in replies if r != OK), OK)
            taken += replies.count(OK)
        t.equal(reply, ("-", OOM), "at the bound writes are refused")
        t.equal(info(c, "disk_full"), "1", "INFO says so")
        t.check(harness.until(lambda: size_of(server.directory) <= MAXDISK + 8 * MIB, 20), "the bound holds",
                str(size_of(server.directory)))
        t.equal(c.call("GET", "k7"), ("$", b"v" * 1000), "reads go on")
        for command in (["INCR", "n"], ["APPEND", "k1", "x"], ["MSET", "a", "b"]):
            t.equal(c.call(*command), ("-", OOM), f"{command[0]} is refused")
        t.equal(c.call("EXPIRE", "k1", 100), (":", 1), "EXPIRE is not")
        doomed = [n for n in range(taken) if n % 2]
        random.Random(1).shuffle(doomed)
        for at in range(0, len(doomed), 1000):
            many(c, [["DEL", f"k{n}"] for n in doomed[at:at + 1000]])
        t.check(harness.until(lambda: c.call("SET", "again", "v") == OK, 60, 0.05), "what is deleted gives its room back",
                repr(c.call("SET", "again", "v")))
        t.equal(c.call("GET", "k2"), ("$", b"v" * 1000), "the others are there")
        t.equal(c.call("CONFIG", "SET", "maxdisk", "0"), OK, "without a bound")
        t.equal(c.call("MSET", "a", "b"), OK, "nothing is refused")


def options_and_object(t, new, given):
    del given
    server = new(*SMALL).start()
    with server.connect() as c:
        reply = c.call("CONFIG", "SET", "maxdisk", "1mb")
        t.check(reply[0] == "-" and b"at least 33554432" in reply[1], "too small a bound is refused", repr(reply))
        c.call("SET", "k", "v")
        t.equal(c.call("OBJECT", "IDLETIME", "k"), (":", 0), "OBJECT IDLETIME")
        t.check(c.call("OBJECT", "FREQ", "k")[1].startswith(b"ERR An LFU"), "OBJECT FREQ wants an LFU policy")
        t.equal(c.call("CONFIG", "SET", "maxmemory-policy", "allkeys-lfu"), OK, "the policy can change")
        for _ in range(5):
            c.call("GET", "k")
        t.equal(c.call("OBJECT", "FREQ", "k"), (":", 5), "OBJECT FREQ counts uses")
        t.check(c.call("OBJECT", "IDLETIME", "k")[1].startswith(b"ERR An LFU"), "and IDLETIME wants another")
        t.equal(info(c, "maxmemory_policy"), "allkeys-lfu", "INFO has the policy")
        t.equal(c.call("CONFIG", "GET", "maxmemory-policy"), ("*", [("$", b"maxmemory-policy"), ("$", b"allkeys-lfu")]),
                "so has CONFIG GET")
        t.equal(c.call("CONFIG", "SET", "maxmemory-policy", "x")[0], "-", "another word is refused")
    server.kill()
    server.spawn("--maxdisk", "1mb")
    t.check(server.process.wait(20) != 0 and "maxdisk: argument must be" in server.log_tail(), "a start with too small a bound says so",
            server.log_tail(300))


if __name__ == "__main__":
    harness.main(__doc__, [a_cache_keeps_what_is_used, a_store_refuses_and_takes_again, options_and_object])
