"""Starting and ending: signals, SHUTDOWN, the command line, what is refused and how it says so."""
import os
import signal
import subprocess
import threading

import harness
import resp
import servers
from harness import OK


def run(path, *arguments, directory=None):
    """A server that is expected to end by itself: (status, all it printed)."""
    try:
        done = subprocess.run([path, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=30, stdin=subprocess.DEVNULL, cwd=directory or servers.scratch("run"),
                              preexec_fn=servers.die_with_parent, check=False)
    except subprocess.TimeoutExpired as late:
        return (None, (late.stdout or b"").decode())
    return (done.returncode, done.stdout)


def keeps(t, server, how, end):
    """Writes, ends the server by `end`, starts it again and reads."""
    server.start()
    with server.connect() as c:
        c.send_raw(b"".join(resp.encode(["SET", f"k{i}", f"{how} {i}"]) for i in range(1000)))
        t.equal([c.read() for _ in range(1000)], [OK] * 1000, f"{how}: 1000 writes")
        end(c)
    t.equal(server.process.wait(20), 0, f"{how}: the status is 0")
    server.start()
    with server.connect() as c:
        t.equal(c.call("DBSIZE"), (":", 1000), f"{how}: all keys are there")
        t.equal(c.call("GET", "k999"), ("$", f"{how} 999".encode()), f"{how}: and their values")
    server.kill()


def signals_and_shutdown_end_cleanly(t, new, given):
    del given
    server = new()
    keeps(t, server, "SIGTERM", lambda c: server.process.send_signal(signal.SIGTERM))
    keeps(t, server, "SIGINT", lambda c: server.process.send_signal(signal.SIGINT))
    for command in (["SHUTDOWN"], ["SHUTDOWN", "NOSAVE"], ["SHUTDOWN", "SAVE"]):
        keeps(t, server, " ".join(command), lambda c, words=command: t.equal(
            c.call(*words), resp.CLOSED, f"{words}: no reply, as from Redis"))


def it_ends_under_load(t, new, given):
    del given
    server = new().start()
    acknowledged = []

    def load(number):
        count = 0
        try:
            with server.connect() as c:
                while c.call("SET", f"load{number}:{count}", count) == OK:
                    count += 1
        except (OSError, resp.ProtocolViolation):
            pass
        acknowledged.append((number, count))

    threads = [threading.Thread(target=load, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    with server.connect() as c:
        harness.until(lambda: c.call("DBSIZE")[1] > 500, 20)
    t.equal(server.stop(20), 0, "SIGTERM under load ends it with 0")
    for thread in threads:
        thread.join()
    server.start()
    with server.connect() as c:
        for number, count in acknowledged:
            t.equal(c.call("GET", f"load{number}:{count - 1}"), ("$", b"%d" % (count - 1)),
                    f"the last write of client {number} is there")


def help_and_version(t, new, given):
    path = new().command[0]
    del given
    status, text = run(path, "--help")
    t.equal(status, 0, "--help ends with 0")
    for word in ("Usage", "--port", "--appendfsync", "--dir", "maxmemory"):
        t.check(word in text, f"--help tells of {word}", text[:200])
    status, text = run(path, "--version")
    t.equal(status, 0, "--version ends with 0")
    t.check(text.count("\n") == 1 and text.lower().startswith("henge"), "--version is one line", text)


def refused(t, path, what, arguments, words, directory=None):
    status, text = run(path, *arguments, directory=directory)
    t.equal(status, 1, f"{what}: the status is 1 ({text.strip()[:200]!r})")
    for word in words:
        t.check(word in text, f"{what}: it says '{word}'", repr(text.strip()[:300]))
    t.check(len(text.strip().splitlines()) <= 8, f"{what}: in a few lines", repr(text[:600]))


def bad_configuration_is_refused(t, new, given):
    del given
    path = new().command[0]
    port = str(servers.free_port())
    place = servers.scratch("conf")
    good = ["--port", port, "--dir", place]
    refused(t, path, "an unknown option", ["--bogus", "1"], ["bogus"])
    refused(t, path, "a bad number", ["--port", "abc"], ["port"])
    refused(t, path, "a port too large", ["--port", "65536"], ["port", "65535"])
    refused(t, path, "a bad policy", ["--appendfsync", "sometimes"], ["appendfsync", "everysec"])
    refused(t, path, "a missing value", ["--port"], ["port"])
    refused(t, path, "no such file", ["/nonexistent/henge.conf"], ["/nonexistent/henge.conf", "No such file"])
    refused(t, path, "a directory without a parent", ["--port", port, "--dir", "/nonexistent/a/b"],
            ["/nonexistent/a/b", "No such file"])
    refused(t, path, "an address that is not here", [*good, "--bind", "192.0.2.1"], ["192.0.2.1"])
    with open(f"{place}/bad.conf", "w", encoding="utf8") as f:
        f.write("# a comment\nport 7000\nappendfsync never\n")
    refused(t, path, "a bad line of a file", [f"{place}/bad.conf"], ["line 3", "appendfsync", "bad.conf"])
    with open(f"{place}/file", "w", encoding="utf8") as f:
        f.write("x")
    refused(t, path, "a directory that is a file", ["--port", port, "--dir", f"{place}/file"], [f"{place}/file"])


def a_configuration_file_is_obeyed(t, new, given):
    del given
    server = new()
    with open(f"{server.directory}/my.conf", "w", encoding="utf8") as f:
        f.write(f'# comment\nport {server.port}\ndir {server.directory}\nrequirepass "se cret"\nmaxclients 77\n'
                "save 900 1\nappendonly yes\n")
    server.command = [server.command[0], f"{server.directory}/my.conf", "--appendfsync", "always"]
    server.start()
    with server.connect() as c:
        t.equal(c.call("GET", "k"), ("-", b"NOAUTH Authentication required."), "the password is wanted")
        t.equal(c.call("AUTH", "se cret"), OK, "and taken")
        got = resp.plain(c.call("CONFIG", "GET", "maxclients"))
        t.equal(got, [b"maxclients", b"77"], "an option of the file")
        t.equal(resp.plain(c.call("CONFIG", "GET", "appendfsync")), [b"appendfsync", b"always"], "of the command line")


def a_second_server_is_refused(t, new, given):
    del given
    first = new().start()
    path = first.command[0]
    refused(t, path, "the same directory", ["--port", str(servers.free_port()), "--dir", first.directory],
            [first.directory])
    other = servers.scratch("second")
    refused(t, path, "the same port", ["--port", str(first.port), "--dir", other, "--bind", "127.0.0.1"],
            [str(first.port), "in use"])
    with first.connect() as c:
        t.equal(c.call("SET", "k", "v"), OK, "the first one serves on")


def damage_is_refused_unless_forced(t, new, given):
    del given
    server = new("--log-segment-size", "1mb").start()
    with server.connect() as c:
        for i in range(3000):
            c.send("SET", f"k{i}", "v" * 1000)
        t.equal({c.read() for _ in range(3000)}, {OK}, "3 MB are written")
    server.stop()
    logs = sorted(f"{where}/{name}" for where, _, names in os.walk(server.directory) for name in names)
    first = next(f for f in logs if os.path.getsize(f) >= 512 * 1024)
    with open(first, "r+b") as f:
        f.seek(300 * 1024)
        f.write(b"\xa5" * 64)
    server.spawn()
    ended = harness.until(lambda: not server.alive(), 20)
    t.check(ended and server.process.returncode == 1, "a damaged log is refused with status 1",
            f"ended: {ended}, status {server.process.returncode}")
    text = server.log_tail()
    t.check(os.path.basename(first) in text, "it names the file", text)
    t.check("force-start" in text, "and says what can be done", text)
    server.kill()
    server.start("--force-start", "yes")
    with server.connect() as c:
        t.equal(c.call("GET", "k0"), ("$", b"v" * 1000), "forced, it starts with what stands before")
        count = c.call("DBSIZE")[1]
        t.check(100 < count < 3000, "and without what stands behind", str(count))
        t.equal(c.call("SET", "new", "v"), OK, "and takes writes")
    t.equal(server.stop(), 0, "and ends cleanly")
    server.start()
    with server.connect() as c:
        t.equal(c.call("GET", "new"), ("$", b"v"), "then it starts by itself again")


def sockets_of_every_kind(t, new, given):
    del given
    server = new()
    path = f"{server.directory}/s.sock"
    server.command += ["--unixsocket", path, "--unixsocketperm", "700", "--bind", "127.0.0.1 -::1"]
    server.start()
    for where in (["-s", path], ["-h", "127.0.0.1", "-p", str(server.port)], ["-h", "::1", "-p", str(server.port)]):
        if "::1" in where and not os.path.exists("/proc/net/if_inet6"):
            t.skip("IPv6", "this machine has none")
            continue
        done = subprocess.run(["redis-cli", *where, "ping"], capture_output=True, timeout=20,
                              stdin=subprocess.DEVNULL, check=False)
        t.equal(done.stdout, b"PONG\n", f"redis-cli {' '.join(where)}")
    t.equal(oct(os.stat(path).st_mode & 0o7777), "0o700", "unixsocketperm is the file's")
    with server.connect() as c:
        t.equal(c.call("CONFIG", "GET", "unixsocketperm")[1][1], ("$", b"700"), "CONFIG GET shows it as it was written")
    server.stop()
    server.start()
    t.check(os.path.exists(path), "a socket left over or removed is made anew")


def clients_are_seen_and_killed(t, new, given):
    del given
    server = new().start()
    with server.connect() as me, server.connect() as other, server.connect() as third:
        t.equal(other.call("CLIENT", "SETNAME", "other"), ("+", b"OK"), "SETNAME")
        number = other.call("CLIENT", "ID")[1]
        # who waited for the start may be still there for a moment
        t.check(harness.until(lambda: me.call("CLIENT", "LIST")[1].count(b"\n") == 3, 5), "LIST has a line for each")
        lines = me.call("CLIENT", "LIST")[1].decode().splitlines()
        fields = dict(field.split("=", 1) for field in next(at for at in lines if "name=other " in at).split(" "))
        t.equal((int(fields["id"]), fields["cmd"], fields["events"]), (number, "client|id", "r"), "what it tells")
        host, port = other.socket.getsockname()[:2]
        t.equal(fields["addr"], f"{host}:{port}", "its address")
        third.send_raw(resp.encode((b"SET", b"k", b"x" * 100000))[:50000])
        t.equal(third.socket.getsockname() != other.socket.getsockname(), True, "another")
        t.equal(me.call("CLIENT", "KILL", "ADDR", fields["addr"]), (":", 1), "KILL by address")
        t.equal(other.call("PING"), resp.CLOSED, "it is closed")
        t.equal(me.call("CLIENT", "KILL", "TYPE", "normal"), (":", 1), "KILL of all others, one amid a command")
        t.equal(third.read(), resp.CLOSED, "it is closed too")
        t.equal(me.call("CLIENT", "KILL", "ID", me.call("CLIENT", "ID")[1], "SKIPME", "no"), (":", 1), "KILL of itself")
        t.equal(me.call("PING"), resp.CLOSED, "it is told before")
    with server.connect() as c:
        t.equal(c.call("EXISTS", "k"), (":", 0), "half a command did nothing")


if __name__ == "__main__":
    harness.main(__doc__, [signals_and_shutdown_end_cleanly, it_ends_under_load, help_and_version,
                           bad_configuration_is_refused, a_configuration_file_is_obeyed, a_second_server_is_refused,
                           damage_is_refused_unless_forced, sockets_of_every_kind, clients_are_seen_and_killed])
