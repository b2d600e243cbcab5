"""Everything too much: large values, deep pipelines, garbage, slow clients, ten thousand connections,
full memory.  Served or refused with a clear error; memory bounded; others served meanwhile."""
import os
import random
import resource
import socket
import threading
import time

import harness
import resp
from harness import MIB, OK

HALF_GIB = 512 * MIB
NULL = ("$", None)
PONG = ("+", b"PONG")
THOUSANDS = 10000


def still_serves(t, server, what):
    with server.connect() as c:
        t.equal(c.call("PING"), PONG, f"{what}: the server serves on")


def a_value_of_512_mib(t, new, given):
    """It comes and leaves in pieces: others hardly notice, and memory neither."""
    del given
    server = new("--maxmemory", "256mb").start()
    if harness.sanitized(server):
        t.skip("a value of 512 MiB", "a sanitizer takes minutes; pieces_of_every_size has small ones")
        return
    block = os.urandom(MIB)
    with harness.Watch(server) as watch, server.connect(timeout=120) as c:
        c.send_raw(b"*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$%d\r\n" % HALF_GIB)
        for _ in range(HALF_GIB // MIB):
            c.send_raw(block)
        c.send_raw(b"\r\n")
        t.equal(c.read(), OK, "SET of 512 MiB")
        t.equal(c.call("STRLEN", "big"), (":", HALF_GIB), "STRLEN")
        t.equal(c.call("GETRANGE", "big", HALF_GIB - 5, -1), ("$", block[-5:]), "GETRANGE of its end")
        t.equal(c.call("GETRANGE", "big", MIB - 2, MIB + 1), ("$", block[-2:] + block[:2]), "GETRANGE of its middle")
        c.send("GET", "big")
        t.equal(c.line(), b"$%d" % HALF_GIB, "GET announces it")
        t.check(receive_blocks(c, block), "GET gives it back")
        t.equal(c.call("EXPIRE", "big", 1000), (":", 1), "EXPIRE")
        t.equal(c.call("TTL", "big"), (":", 1000), "TTL")
        t.equal(c.call("RENAME", "big", "other")[0], "-", "what would need it whole in memory is refused")
        t.equal(c.call("INCR", "big"), ("-", b"ERR value is not an integer or out of range"), "INCR")
        t.equal(c.call("APPEND", "big", "x"),
                ("-", b"ERR string exceeds maximum allowed size (proto-max-bulk-len)"), "APPEND to it is refused")
        t.equal(c.call("SETRANGE", "other", HALF_GIB, "x"),
                ("-", b"ERR string exceeds maximum allowed size (proto-max-bulk-len)"), "SETRANGE beyond is refused")
        t.equal(c.call("DEL", "big"), (":", 1), "DEL")
    watch.judge(t, "512 MiB", 64, 100)
    t.check(watch.percentile_ms(99.9) < 20, "512 MiB: 99.9 % of PINGs take less than 20 ms",
            f"{watch.percentile_ms(99.9):.1f} ms")
    server.kill()


def pieces_of_every_size(t, new, given):
    """Values around the size of a piece and of some, by every command that takes one, read back after a kill."""
    del given
    server = new("--value-chunk-size", "4kb", "--memtable-size", "1mb", "--maxmemory", "128mb").start()
    dice = random.Random(7)
    expected = {}
    sizes = [4095, 4096, 4097, 8191, 8192, 8193, 20000, 100000] * 4
    small = 3000
    if harness.sanitized(server):
        sizes, small = [4096, 4097, 20000], 500

    def check(when):
        with server.connect(timeout=60) as c:
            wrong = [(key, len(value)) for key, value in expected.items() if c.call("GET", key) != ("$", value)]
            t.equal(wrong, [], f"all values {when}")
            key, value = next(iter(expected.items()))
            t.equal(c.call("GETRANGE", key, 4000, 9000), ("$", value[4000:9001]), f"a range over pieces {when}")

    with server.connect(timeout=60) as c:
        for size in sizes:
            value, key = dice.randbytes(size), b"key:%d" % dice.randrange(12)
            for command in dice.sample([(b"SET", key, value), (b"SET", key, value, b"KEEPTTL"), (b"SETEX", key, b"1000", value),
                                        (b"PSETEX", key, b"1000000", value), (b"GETSET", key, value),
                                        (b"MSET", key, value, b"other", value, b"small", b"x"),
                                        (b"SET", key, value, b"EX", b"1000", b"GET")], 3):
                c.send_raw(resp.encode(command) + resp.encode((b"PING",)))
                reply, pong = c.read(), c.read()
                if command[0] == b"GETSET" or b"GET" in command[3:]:
                    t.equal(reply, ("$", expected.get(key)), f"{command[0]} of {size} bytes answers the old value")
                else:
                    t.equal(reply, OK, f"{command[0]} of {size} bytes")
                t.equal(pong, PONG, "and the next command is well")
                expected[key] = value
                if command[0] == b"MSET":
                    expected[b"other"], expected[b"small"] = value, b"x"
        key, value = b"key:x", dice.randbytes(50000)
        t.equal(c.call("SET", key, value), OK, "SET")
        expected[key] = value
        t.equal(c.call("SETNX", key, value), (":", 0), "SETNX of what is there")
        t.equal(c.call("SET", key, value[1:], "XX", "NX")[0], "-", "options that contradict each other")
        t.equal(c.call("SET", "new", value, "XX"), NULL, "XX of what is not there")
        t.equal(c.call("APPEND", key, b"tail"), (":", 50004), "APPEND")
        t.equal(c.call("SETRANGE", key, 10, b"middle"), (":", 50004), "SETRANGE")
        expected[key] = value[:10] + b"middle" + value[16:] + b"tail"
        t.equal(c.call("COPY", key, "copy"), (":", 1), "COPY")
        t.equal(c.call("RENAME", "copy", "moved"), OK, "RENAME")
        expected[b"moved"] = expected[key]
        t.equal(c.call("MGET", key, "none", "small")[1], [("$", expected[key]), NULL, ("$", b"x")], "MGET")
        t.equal(c.call("GETDEL", "other"), ("$", expected.pop(b"other")), "GETDEL")
        t.equal(c.call("GETEX", key, "EX", 1000), ("$", expected[key]), "GETEX")
        t.equal(c.call("PERSIST", key), (":", 1), "PERSIST")
        with server.connect() as half:
            half.send_raw(resp.encode((b"SET", b"half", value))[:30000])
        t.equal(c.call("EXISTS", "half"), (":", 0), "half a command does nothing")
        for n in range(small):  # so that all of it becomes tables
            c.send_raw(resp.encode((b"SET", b"n:%d" % n, b"y" * 1000)))
        for n in range(small):
            c.read()
    check("before")
    server.kill()
    server.start()
    check("after a kill")


def receive_blocks(c, block):
    """Whether a bulk of 512 MiB is that block again and again; keeps nothing of it."""
    kept, left, at = bytes(c.buffer[c.at:]), HALF_GIB + 2, 0
    c.buffer, c.at = bytearray(), 0
    whole = block + block
    while left:
        data = kept or c.socket.recv(min(left, MIB))
        kept = b""
        body = data[:max(0, min(len(data), left - 2))]
        while body:
            part, body = body[:MIB], body[MIB:]
            if part != whole[at:at + len(part)]:
                return False
            at = (at + len(part)) % MIB
        left -= len(data)
    return True


def a_value_over_512_mib_is_refused(t, new, given):
    del given
    server = new().start()
    with harness.Watch(server) as watch, server.connect() as c:
        c.send_raw(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n" % (513 * MIB))
        t.equal(c.read_to_end(), [("-", b"ERR Protocol error: invalid bulk length"), resp.CLOSED], "513 MiB")
    watch.judge(t, "513 MiB", 20)


def announced_and_never_sent(t, new, given):
    """Who says 512 MiB and sends nothing must not cost 512 MiB."""
    del given
    server = new().start()
    with harness.Watch(server) as watch:
        clients = [server.connect() for _ in range(50)]
        for c in clients:
            c.send_raw(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\nabc" % HALF_GIB)
        many = [server.connect() for _ in range(50)]
        for c in many:
            c.send_raw(b"*1000000\r\n$3\r\nSET\r\n")
        time.sleep(0.3)
        for c in clients + many:
            c.close()
    watch.judge(t, "50 announcements of 512 MiB", 100)
    still_serves(t, server, "announcements")


def pipelines_of_100000(t, new, given):
    del given
    count = 100000
    server = new().start()
    with harness.Watch(server) as watch, server.connect(timeout=60) as c:
        c.send_raw(b"".join(resp.encode(["SET", f"k{i}", "v" * 100]) for i in range(count)))
        t.check(all(c.read() == OK for _ in range(count)), "100,000 SETs sent before a reply is read")
        c.send_raw(b"".join(resp.encode(["GET", f"k{i}"]) for i in range(count)))
        t.check(all(c.read() == ("$", b"v" * 100) for _ in range(count)), "100,000 GETs sent before a reply is read")
        commands = b"".join(resp.encode(["INCR", "n"]) for i in range(count))
        sender = threading.Thread(target=c.send_raw, args=(commands,))
        sender.start()
        t.check(all(c.read() == (":", i + 1) for i in range(count)), "100,000 INCRs in order")
        sender.join()
    watch.judge(t, "pipelines", 200)


def replies_that_nobody_reads_yet(t, new, given):
    """Client libraries send a whole pipeline before they read: both directions are full at once."""
    del given
    count, value = 20000, "v" * 2000
    server = new().start()
    with server.connect(timeout=30) as c:
        commands = b"".join(resp.encode(["SET", "k", value, "GET"]) for _ in range(count))
        try:
            c.socket.sendall(commands)
            sent = True
        except TimeoutError:
            sent = False
        if t.check(sent, "40 MB of requests with 40 MB of replies are taken before one is read"):
            replies = [c.read() for _ in range(count)]
            t.check(replies[0] == NULL and set(replies[1:]) == {("$", value.encode())}, "and all are answered")
    still_serves(t, server, "a deaf pipeline")


def many_arguments(t, new, _given):
    """Half a megabyte of small ones: what came before is not moved for each."""
    with new() as server:
        server.start()
        with server.connect() as c:
            begun = time.monotonic()
            keys = [b"key:%d" % i for i in range(100000)]
            t.equal(c.call("EXISTS", *keys), (":", 0), "a command of 100,000 arguments")
            took = time.monotonic() - begun
            t.check(took < 10, "it is read at once", f"{took:.1f} s")


def garbage(t, new, given):
    del given
    seed = int(time.time())
    randoms = random.Random(seed)
    print(f"  seed {seed}")
    server = new().start()
    with harness.Watch(server) as watch:
        for _ in range(10):
            clients = [server.connect(timeout=5) for _ in range(50)]
            for c in clients:
                c.send_raw(nonsense(randoms))
            for c in clients:
                c.close()
    watch.judge(t, "garbage", 150)
    t.check(server.alive(), "garbage does not end the server", server.log_tail())
    with server.connect() as c:
        c.send_raw(b"*1\r\n!4\r\nPING\r\n")
        t.equal(c.read_to_end(), [("-", b"ERR Protocol error: expected '$', got '!'"), resp.CLOSED],
                "a protocol error is said, and that connection is closed")
    still_serves(t, server, "garbage")


def nonsense(randoms):
    kind = randoms.randrange(5)
    if kind == 0:
        return randoms.randbytes(randoms.randrange(100000))
    if kind == 1:
        return b"*" + b"9" * randoms.randrange(20) + b"\r\n" + randoms.randbytes(1000)
    if kind == 2:
        return b"*3\r\n$3\r\nSET\r\n$" + b"%d" % randoms.randrange(-5, 2**33) + b"\r\n" + randoms.randbytes(50000)
    whole = resp.encode(["SET", "k", randoms.randbytes(200)]) * 20
    if kind == 3:
        where = randoms.randrange(len(whole))
        return whole[:where] + randoms.randbytes(randoms.randrange(1, 9)) + whole[where + 1:]
    return b"".join(randoms.choice([b"*1", b"\r\n", b"$4", b"PING", b"\x00", b'"', b"'", b"-1", b"$", b"*"])
                    for _ in range(2000))


def byte_by_byte(t, new, given):
    """Slow writers and readers, while others are served."""
    del given
    server = new().start()
    whole = resp.encode(["SET", "slow", "v" * 50]) + resp.encode(["GET", "slow"]) + b"PING\r\n" + b"SET a 'b c'\n"
    expected = [OK, ("$", b"v" * 50), PONG, OK]
    with harness.Watch(server) as watch:
        clients = [server.connect() for _ in range(20)]
        for i in range(len(whole)):
            for c in clients:
                c.send_raw(whole[i:i + 1])
        for c in clients:
            t.equal([c.read() for _ in expected], expected, "commands sent byte by byte")
            c.close()
        with server.connect() as c:
            t.equal(c.call("SET", "k", "r" * 20000), OK, "a value")
            c.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            c.send("GET", "k")
            got = b"".join(c.socket.recv(1) for _ in range(len(b"$20000\r\n") + 20002))
            t.equal(got, b"$20000\r\n" + b"r" * 20000 + b"\r\n", "a reply read byte by byte")
    watch.judge(t, "byte by byte", 20)


def readers_that_do_not_read(t, new, given):
    """Replies of gigabytes that nobody takes must not fill the memory."""
    del given
    server = new().start()
    size, asked = 4 * MIB, 50
    with server.connect() as c:
        t.equal(c.call("SET", "k", "x" * size), OK, "a value of 4 MiB")
    with harness.Watch(server) as watch:
        clients = [server.connect(timeout=60) for _ in range(20)]
        for c in clients:
            c.send_raw(resp.encode(["GET", "k"]) * asked)
        time.sleep(1)
        for c in clients[1:]:
            c.close()
        t.check(all(clients[0].read() == ("$", b"x" * size) for _ in range(asked)),
                "who reads late gets all of it")
    watch.judge(t, "20 clients that ask for 200 MiB each and do not read", 400)


def ten_thousand_connections(t, new, given):
    del given
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = THOUSANDS + 200
    if hard < wanted and hard != resource.RLIM_INFINITY:
        t.skip("10,000 connections", f"only {hard} open files are allowed")
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    server = new("--maxclients", str(THOUSANDS + 10)).start()
    clients = []
    try:
        with harness.Watch(server) as watch:
            for _ in range(THOUSANDS):
                clients.append(server.connect())
            for _ in range(2):
                for i, c in enumerate(clients):
                    c.send("INCR", f"c{i % 100}")
                t.check(all(c.read()[0] == ":" for c in clients), "10,000 clients are answered")
        watch.judge(t, "10,000 connections", 200, 2000)
        t.equal(clients[0].call("GET", "c0"), ("$", b"200"), "each was counted")
        begun = time.monotonic()
        for c in clients:
            c.close()
        with server.connect() as c:
            t.equal(c.call("PING"), PONG, "they all leave at once")
        t.check(time.monotonic() - begun < 10, "in no time")
    finally:
        for c in clients:
            c.close()


def more_than_memory(t, new, given):
    """What does not fit into maxmemory is on disk; writes go on."""
    del given
    server = new("--maxmemory", "64mb").start()
    count, pipeline = 20000, 100
    with harness.Watch(server) as watch, server.connect(timeout=60) as c:
        for at in range(0, count, pipeline):
            c.send_raw(b"".join(resp.encode(["SET", f"k{i}", f"{i:010d}" * 1000]) for i in range(at, at + pipeline)))
            if any([c.read() != OK for _ in range(pipeline)]):
                t.check(False, f"200 MB of values beside 64 MB of memory: refused at {at}")
                break
        t.equal([c.call("GET", f"k{i}")[1][-10:] for i in (0, count // 2, count - 1)],
                [f"{i:010d}".encode() for i in (0, count // 2, count - 1)], "and read back")
        t.check(all([c.call("DEL", *[f"k{i}" for i in range(at, at + pipeline)]) == (":", pipeline)
                     for at in range(0, count, pipeline)]), "DEL of all of it")
        t.equal(c.call("SET", "new", "v"), OK, "then a write")
    watch.judge(t, "maxmemory of 64 MB", 74)


def forget_pages(directory):
    """What of the files is in the page cache leaves it."""
    os.sync()
    for name in os.listdir(directory):
        fd = os.open(f"{directory}/{name}", os.O_RDONLY)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(fd)


def reads_of_more_than_memory(t, new, given):
    """Pipelined GETs, and one MGET, of values that memory has no room for at once."""
    del given
    server = new("--maxmemory", "64mb").start()
    count = 40 if harness.sanitized(server) else 300
    value = os.urandom(MIB)

    def expected(n):
        return b"%06d" % n + value[6:]

    with server.connect(timeout=60) as c:
        for n in range(count):
            t.check(c.call("SET", f"big:{n}", expected(n)) == OK, f"SET {n}")
    server.stop()
    forget_pages(server.directory)
    server.start()
    with harness.Watch(server) as watch, server.connect(timeout=60) as c:
        c.send_raw(b"".join(resp.encode(["GET", f"big:{n}"]) for n in range(count)))
        wrong = [n for n in range(count) if c.read() != ("$", expected(n))]
        t.equal(wrong, [], f"{count} pipelined GETs of 1 MiB")
        forget_pages(server.directory)
        c.send_raw(resp.encode(["MGET"] + [f"big:{n}" for n in range(count)]))
        t.equal(c.line(), b"*%d" % count, "MGET of them all")
        wrong = [n for n in range(count) if c.read() != ("$", expected(n))]
        t.equal(wrong, [], "and each is right")
    watch.judge(t, "reads with maxmemory of 64 MB", 74)


def memory_is_used_again(t, new, given):
    """Overwriting the same keys is not growth."""
    del given
    server = new("--maxmemory", "200mb").start()
    with harness.Watch(server) as watch, server.connect() as c:
        problem = None
        for turn in range(150):
            c.send_raw(b"".join(resp.encode(["SET", f"k{i}", str(turn) * 5000]) for i in range(500)))
            replies = {c.read() for _ in range(500)}
            if replies != {OK}:
                problem = f"turn {turn}: {replies - {OK}}"
                break
        t.equal(problem, None, "500 keys overwritten 150 times, 1 GB in all")
    watch.judge(t, "overwriting", 220)


def too_many_clients(t, new, given):
    del given
    server = new("--maxclients", "10").start()
    clients = [server.connect()]
    # who waited for its start is still being disconnected
    t.check(harness.until(lambda: b"connected_clients:1\r" in clients[0].call("INFO", "clients")[1], 5), "alone")
    clients += [server.connect() for _ in range(9)]
    for c in clients:
        harness.until(lambda one=c: one.call("PING") == PONG, 5)
    with server.connect() as c:
        t.equal(c.read_to_end(), [("-", b"ERR max number of clients reached"), resp.CLOSED], "the eleventh")
    clients.pop().close()

    def welcome():
        with server.connect() as c:
            return c.call("PING") == PONG

    t.check(harness.until(welcome, 5), "when one has left, another may come")
    for c in clients:
        c.close()


def all_keys_at_once(t, new, given):
    """KEYS over more keys than one turn passes, while others are served; and more than it may answer."""
    del given
    server = new("--memtable-size", "4mb", "--maxmemory", "256mb").start()
    count = 20000 if harness.sanitized(server) else 200000
    with server.connect(timeout=120) as c:
        for at in range(0, count, 1000):
            c.send_raw(b"".join(resp.encode((b"SET", b"key:%d" % n, b"x" * 50)) for n in range(at, at + 1000)))
            for _ in range(1000):
                c.read()
        with harness.Watch(server) as watch:
            t.equal(sorted(key for _, key in c.call("KEYS", "*")[1]), sorted(b"key:%d" % n for n in range(count)),
                    "KEYS names every key once")
            t.equal(len(c.call("KEYS", "key:*7")[1]), count // 10, "those that match")
            t.equal(len({c.call("RANDOMKEY")[1] for _ in range(100)}) > 90, True, "RANDOMKEY takes one and another")
        watch.judge(t, "KEYS", 400, 1000)
        for at in range(1200):
            c.send_raw(resp.encode((b"SET", b"%060000d" % at, b"")))
        for at in range(1200):
            c.read()
        got = c.call("KEYS", "*")
        t.check(got[0] == "-" and b"use SCAN" in got[1], "KEYS of more than 64 MiB is refused", str(got[1])[:100])
    still_serves(t, server, "KEYS")


def idle_clients_are_disconnected(t, new, given):
    del given
    server = new("--timeout", "1").start()
    with server.connect(timeout=10) as idle, server.connect() as busy:
        begun, stays = time.monotonic(), True
        while time.monotonic() - begun < 3:
            stays = stays and busy.call("PING") == PONG
            idle.socket.setblocking(False)
            try:
                if idle.socket.recv(1) == b"":
                    break
            except BlockingIOError:
                pass
            time.sleep(0.02)
        took = time.monotonic() - begun
        t.check(stays, "who talks stays")
        t.check(0.9 < took < 2.9, "who is silent for a second leaves", f"after {took:.1f} s")


if __name__ == "__main__":
    harness.main(__doc__, [
        a_value_of_512_mib, pieces_of_every_size, a_value_over_512_mib_is_refused, announced_and_never_sent, pipelines_of_100000,
        replies_that_nobody_reads_yet, many_arguments, garbage, byte_by_byte, readers_that_do_not_read,
        ten_thousand_connections,
        more_than_memory, reads_of_more_than_memory, memory_is_used_again, too_many_clients, all_keys_at_once,
        idle_clients_are_disconnected])
