"""Commands that go through whole strings: right for values in pieces and on disk, and nobody waits
while two long strings are compared."""
import select
import time

import harness
import resp

SIZE = 3 * harness.MIB + 17
LCS_SIZE = 11500  # squared: near the largest table


def drawn(seed):
    """Bytes, the same each time, of SIZE."""
    unit = bytes((i * i * seed + i // 7) & 255 for i in range(65521))
    return (unit * (SIZE // len(unit) + 1))[:SIZE]


def bits_of(value):
    return bin(int.from_bytes(value, "big")).count("1")


def set_bit(value, offset):
    changed = bytearray(value)
    changed[offset // 8] |= 0x80 >> offset % 8
    return bytes(changed)


def compare(t, c, a, b, what):
    """Everything that reads a large value, `a` under "a" and `b` under "b"."""
    call = c.call
    offset = SIZE * 8 - 100
    t.equal(call("BITCOUNT", "a"), (":", bits_of(a)), f"{what}: BITCOUNT")
    t.equal(call("BITCOUNT", "a", "1048000", "-5"), (":", bits_of(a[1048000:-4])), f"{what}: a part")
    t.equal(call("GETBIT", "a", str(offset)), (":", a[offset // 8] >> (7 - offset % 8) & 1), f"{what}: GETBIT")
    t.equal(call("BITFIELD_RO", "b", "GET", "u8", "#2000000"), ("*", [(":", b[2000000])]), f"{what}: BITFIELD_RO")
    t.equal(call("BITOP", "XOR", "x", "a", "b"), (":", SIZE), f"{what}: BITOP")
    xor = (int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).to_bytes(SIZE, "big")
    t.check(call("GET", "x") == ("$", xor), f"{what}: the result of BITOP")
    dumped = call("DUMP", "a")[1]
    t.equal(call("RESTORE", "r", "0", dumped, "REPLACE"), harness.OK, f"{what}: RESTORE")
    t.check(call("GET", "r") == ("$", a), f"{what}: what was restored")


def large_values(t, new, _given):
    a, b = drawn(3), drawn(5)
    with new("--maxmemory", "64mb") as server:
        server.start()
        with server.connect() as c:
            c.call("SET", "a", a)
            c.call("SET", "b", b)
            c.call("SET", "small", "foobar")
            compare(t, c, a, b, "in pieces")
        server.kill()
        server.start()
        with server.connect() as c:
            compare(t, c, a, b, "after a restart")
            offset = SIZE * 8 + 5
            t.equal(c.call("SETBIT", "a", "9", "1"), (":", a[1] >> 6 & 1), "SETBIT in pieces")
            t.equal(c.call("SETBIT", "b", str(offset), "1"), (":", 0), "SETBIT behind the end")
            a, b = set_bit(a, 9), set_bit(b + b"\0", offset)
            t.check(c.call("GET", "a") == ("$", a) and c.call("GET", "b") == ("$", b), "what SETBIT made")
            t.equal(c.call("LCS", "a", "small")[1], b"ERR LCS takes strings of at most 1048576 bytes", "LCS of pieces")


def what_is_too_large(t, new, _given):
    """A value in pieces that is more than a quarter of the memory."""
    with new("--maxmemory", "32mb") as server:
        server.start()
        with server.connect(timeout=60) as c:
            c.call("SET", "a", bytes(12 * harness.MIB))
            for call in (["SETBIT", "a", "0", "1"], ["GETBIT", "a", "0"], ["BITCOUNT", "a"], ["BITPOS", "a", "1"],
                         ["BITOP", "NOT", "x", "a"], ["BITFIELD", "a", "GET", "u8", "0"], ["DUMP", "a"]):
                reply = c.call(*call)
                t.check(reply[0] == "-" and reply[1].startswith(b"OOM "), f"{call[0]} is refused", resp.show(reply))
            t.equal(c.call("STRLEN", "a"), (":", 12 * harness.MIB), "the value stays")
            t.equal(c.call("PFADD", "a", "x")[1], b"WRONGTYPE Key is not a valid HyperLogLog string value.", "PFADD")


def nobody_waits_for_a_comparison(t, new, _given):
    a = bytes((i * i * 7 + i // 3) & 3 for i in range(LCS_SIZE))
    b = bytes((i * i * 5 + i // 5) & 3 for i in range(LCS_SIZE))
    with new() as server:
        server.start()
        with server.connect() as c, server.connect() as other:
            c.call("MSET", "a", a, "b", b)
            c.send_raw(resp.encode([b"LCS", b"a", b"b", b"IDX"]))
            until = time.monotonic() + 30
            beside = 0
            while not select.select([c.socket], [], [], 0)[0] and time.monotonic() < until:
                t.equal(other.call("PING"), ("+", b"PONG"), "PING beside LCS")
                beside += 1
            t.check(beside > 10, "others are served between its slices", f"{beside} times")
            reply = c.read()
            t.equal((reply[0], [item[0] for item in reply[1]]), ("*", ["$", "*", "$", ":"]), "its answer")
            # the client that asked goes away: what was kept goes with it
            c.send_raw(resp.encode([b"LCS", b"a", b"b"]))
            t.equal(other.call("PING"), ("+", b"PONG"), "PING beside another")
        with server.connect() as c:
            t.equal(c.call("LCS", "a", "b", "LEN")[0], ":", "and another client can ask")


if __name__ == "__main__":
    harness.main(__doc__.splitlines()[0], [large_values, what_is_too_large, nobody_waits_for_a_comparison])
