"""A full disk: writes are refused with -MISCONF, reads go on, and writes resume by themselves when
there is room.  On a small tmpfs of its own; needs the right to mount."""
import json
import os
import subprocess
from http.client import HTTPConnection

import harness
import servers
from harness import MIB, OK

SIZE_MIB = 96
BALLAST_MIB = 48
VALUE = "v" * 20000


def mount(where):
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_MIB}m", "tmpfs", where],
                          capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else done.stderr.strip()


def http(server, method, path, body=None):
    """(status, error)"""
    c = HTTPConnection("127.0.0.1", int(server.command[server.command.index("--http-port") + 1]), timeout=20)
    c.request(method, path, body)
    answer = c.getresponse()
    return answer.status, json.loads(answer.read()).get("error")


def fill(t, c):
    """Until a write is refused; how many were taken."""
    for i in range(SIZE_MIB * MIB // len(VALUE) + 100):
        reply = c.call("SET", f"k{i}", VALUE)
        if reply != OK:
            t.check(reply[1].startswith(b"MISCONF"), "the write that finds no room is refused with MISCONF", repr(reply))
            return i
    t.check(False, "the disk is full")
    return 0


def on_full_disk(t, server, ballast):
    server.start()
    with server.connect() as c, server.connect() as other:
        taken = fill(t, c)
        t.check(taken > 100, "many writes were taken before", str(taken))
        t.equal(c.call("GET", "k0"), ("$", VALUE.encode()), "reads go on")
        t.equal(c.call("GET", f"k{taken - 1}"), ("$", VALUE.encode()), "the last write taken is there")
        t.equal(c.call("GET", f"k{taken}"), ("$", None), "the refused one is not")
        t.equal(other.call("PING"), ("+", b"PONG"), "other clients are served")
        t.equal(http(server, "PUT", "/api/v1/keys/k", "v"), (507, "MISCONF"), "HTTP is told that the disk is full")
        t.equal(http(server, "GET", "/api/v1/keys/k0"), (200, None), "and reads on")
        t.equal(http(server, "GET", "/readyz"), (503, None), "it is not ready")
        os.unlink(ballast)
        t.check(harness.until(lambda: c.call("SET", "again", "v") == OK, 15),
                "writes resume by themselves when there is room", repr(c.call("SET", "again", "v")))
        t.equal(http(server, "PUT", "/api/v1/keys/by-http", "v"), (200, None), "by HTTP too")
        t.equal(c.call("DEL", "by-http"), (":", 1), "and are there")
        after = 0
        while after < 200 and c.call("SET", f"after{after}", VALUE) == OK:
            after += 1
        t.equal(after, 200, "and go on")
        count = c.call("DBSIZE")
    server.kill()
    server.start()
    with server.connect() as c:
        t.equal(c.call("DBSIZE"), count, "after kill -9 all that was acknowledged is there")
        t.equal(c.call("GET", f"k{taken - 1}"), ("$", VALUE.encode()), "from before")
        t.equal(c.call("GET", "after199"), ("$", VALUE.encode()), "and after")
        t.equal(c.call("GET", f"k{taken}"), ("$", None), "and not what was refused")


def writes_wait_for_room(t, new, given):
    del given
    where = servers.scratch("disk")
    problem = mount(where)
    if problem:
        t.skip("a full disk", problem)
        os.rmdir(where)
        return
    server = None
    try:
        ballast = f"{where}/ballast"
        with open(ballast, "wb") as f:
            f.write(bytes(BALLAST_MIB * MIB))
        os.mkdir(f"{where}/data")
        server = new("--log-segment-size", "4mb", "--http-port", str(servers.free_port()), directory=f"{where}/data")
        on_full_disk(t, server, ballast)
    finally:
        if server:
            server.kill()
        subprocess.run(["umount", where], check=False)
        os.rmdir(where)


if __name__ == "__main__":
    harness.main(__doc__, [writes_wait_for_room])
