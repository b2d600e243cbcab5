"""A ring of one: what it tells of itself, keys of a slot beyond memory, and levels of consistency, RESP and HTTP."""
import urllib.error
import urllib.request

import harness
import servers
from harness import OK

KEYS = 30000


def fields_of(reply):
    return {name[1].decode(): value for name, value in zip(reply[1][::2], reply[1][1::2])}


def tells_of_itself(t, new, given):
    del given
    with new("--cluster-enabled", "yes").start().connect() as c:
        me = c.call("CLUSTER", "MYID")[1]
        t.equal(len(me), 40, "MYID")
        t.equal(c.call("CLUSTER", "MYSHARDID")[1], me, "MYSHARDID")
        ring = fields_of(c.call("CLUSTER", "RING"))
        t.equal(ring["copies"], (":", 1), "RING: copies")
        member = fields_of(ring["members"][1][0])
        t.equal((member["id"][1], member["slots-owned"]), (me, (":", 16384)), "RING: its member")
        place = fields_of(c.call("CLUSTER", "RING", "foo"))
        t.equal((place["slot"], place["leader"][1]), ((":", 12182), me), "RING of a key")
        t.equal(c.call("CONFIG", "SET", "cluster-announce-ip", "192.0.2.7"), OK, "another address is announced")
        t.check(b" 192.0.2.7:" in c.call("CLUSTER", "NODES")[1], "NODES tells it")


def keys_of_a_slot_on_disk(t, new, given):
    """Twice as many keys as memory has room for, half of them in one slot, which is walked in slices."""
    del given
    server = new("--cluster-enabled", "yes", "--memtable-size", "1mb", "--maxmemory", "32mb").start()
    with server.connect(60) as c:
        for first in range(0, KEYS, 500):
            for i in range(first, first + 500):
                c.send("SET", f"{{t}}{i}" if i % 2 else f"k{i}", "x" * 100)
            t.equal([c.read() for _ in range(500)].count(OK), 500, f"keys {first} and on are set")
        slot = c.call("CLUSTER", "KEYSLOT", "t")[1]
        here = KEYS // 2 + sum(c.call("CLUSTER", "KEYSLOT", f"k{i}")[1] == slot for i in range(0, KEYS, 2))
        t.equal(c.call("CLUSTER", "COUNTKEYSINSLOT", slot), (":", here), "COUNTKEYSINSLOT")
        names = [name[1] for name in c.call("CLUSTER", "GETKEYSINSLOT", slot, KEYS)[1]]
        t.equal((len(names), len(set(names))), (here, here), "GETKEYSINSLOT: all of them, each once")
        t.equal(len(c.call("CLUSTER", "GETKEYSINSLOT", slot, 7)[1]), 7, "GETKEYSINSLOT: seven")


def status_of(port, key, level):
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/v1/keys/{key}", headers={"X-Consistency-Level": level})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def levels(t, new, given):
    del given
    port = servers.free_port()
    with new("--http-port", str(port)).start().connect() as c:
        t.equal(c.call("CONSISTENCY", "WRITE", "all", "SET", "k", "x" * (3 << 20)), OK, "in front of a large value")
        t.equal(c.call("CONSISTENCY", "one", "STRLEN", "k"), (":", 3 << 20), "it is there")
        t.equal(c.call("CONSISTENCY", "2", "DEL", "k"), ("-", b"NOQUORUM need 2 of 1, 1 reachable"), "more owners than there are")
        t.equal(c.call("EXISTS", "k"), (":", 1), "nothing was done")
        t.equal(c.call("CONSISTENCY", "READ", "2"), OK, "for the connection")
        t.equal(c.call("STRLEN", "k"), ("-", b"NOQUORUM need 2 of 1, 1 reachable"), "its reads are refused")
        t.equal([status_of(port, "k", level) for level in ("one", "quorum", "ALL", "1", "2", "none")],
                [200, 200, 200, 200, 503, 400], "over HTTP")


if __name__ == "__main__":
    harness.main(__doc__, [tells_of_itself, keys_of_a_slot_on_disk, levels])
