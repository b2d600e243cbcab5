"""TLS: real clients with a CA, certificates that are wrong, new ones while the server runs, large
values and pipelines in bounded memory, and who never ends a handshake."""
import os
import signal
import socket
import ssl
import subprocess
import threading
import time

import harness
import resp
import servers
from certificates import Certificates
from harness import MIB, OK

HALF_GIB = 512 * MIB
PONG = ("+", b"PONG")
IDLE = 500
DEBIAN_PYTHON = "/usr/bin/python3"  # the one python3-redis is installed for
UNDERWAY_MAX = 256  # LIMIT_TLS_HANDSHAKES


class Tls(resp.Connection):
    """A connection over TLS; `shown` is the certificate the client has."""

    def __init__(self, server, made, ca="ca", shown=None, session=None, timeout=20, context=None):
        super().__init__(("127.0.0.1", server.tls_port), timeout)
        if not context:
            context = ssl.create_default_context(cafile=made.cert(ca))
            if shown:
                context.load_cert_chain(made.cert(shown), made.key_file(shown))
        self.context = context
        self.plain = self.socket
        self.socket = context.wrap_socket(self.plain, server_hostname="localhost", session=session)

    def name(self):
        return dict(pair[0] for pair in self.socket.getpeercert()["subject"])["commonName"]


def with_tls(new, made, *options, **kinds):
    port = servers.free_port()
    server = new("--tls-port", str(port), *made.options(**kinds), *options)
    server.tls_port = port
    return server


def statistic(c, name):
    text = c.call("INFO", "stats")[1].decode()
    return int(next(line for line in text.splitlines() if line.startswith(f"{name}:")).split(":")[1])


def redis_cli(server, *arguments, port=None):
    done = subprocess.run(["redis-cli", "-p", str(port or server.tls_port), *arguments], capture_output=True, timeout=20,
                          stdin=subprocess.DEVNULL, check=False, text=True)
    return (done.stdout + done.stderr).strip()


def real_clients(t, new, given):
    del given
    made = Certificates()
    server = with_tls(new, made).start()
    tls = ["--tls", "--cacert", made.cert("ca")]
    t.equal(redis_cli(server, *tls, "set", "k", "v"), "OK", "redis-cli --tls")
    t.equal(redis_cli(server, *tls, "-3", "get", "k"), '"v"' if os.isatty(1) else "v", "in RESP3")
    t.check("certificate verify failed" in redis_cli(server, "--tls", "--cacert", made.cert("other-ca"), "ping"),
            "redis-cli with another CA refuses the server")
    t.equal(redis_cli(server, "ping", port=server.port), "PONG", "without TLS at the other port")
    t.check("PONG" not in redis_cli(server, "ping"), "and not at the port of TLS")
    if subprocess.run([DEBIAN_PYTHON, "-c", "import redis"], capture_output=True, check=False).returncode != 0:
        t.skip("python3-redis", "not installed")
        return
    done = subprocess.run([DEBIAN_PYTHON, f"{harness.ROOT}/redis-compat/clients/redis_py_tls.py", str(server.tls_port),
                           made.cert("ca"), made.cert("other-ca")], capture_output=True, timeout=60, check=False, text=True)
    t.equal(done.stdout, "pipeline True\naddress 127.0.0.1\nanother CA True\n", f"python3-redis {done.stderr[-300:]}")


def who_is_let_in(t, new, given):
    del given
    made = Certificates()
    server = with_tls(new, made, auth="yes").start()

    def enters(shown):
        try:
            with Tls(server, made, shown=shown) as c:
                return c.call("PING") == PONG
        except (ssl.SSLError, ConnectionError):
            return False

    for auth, let_in in (("yes", ["client"]), ("optional", ["client", None]), ("no", ["client", None, "stranger"])):
        with server.connect() as c:
            t.equal(c.call("CONFIG", "SET", "tls-auth-clients", auth), OK, f"tls-auth-clients {auth}")
        for shown in ("client", None, "stranger"):
            t.equal(enters(shown), shown in let_in, f"tls-auth-clients {auth}, a client that shows {shown}")
    with server.connect() as c:
        t.equal(statistic(c, "tls_handshakes_failed"), 3, "those refused are counted")
        t.equal(c.call("CONFIG", "SET", "tls-ca-cert-file", made.cert("other-ca"), "tls-auth-clients", "yes"), OK, "another CA")
    t.equal([enters(shown) for shown in ("client", "stranger")], [False, True], "counts then")


def the_port_of_tls_alone(t, new, given):
    del given
    made = Certificates()
    server = new("--port", "0", *made.options())
    server.tls_port = servers.free_port()
    server.command += ["--tls-port", str(server.tls_port)]
    server.spawn()

    def answers():
        try:
            with Tls(server, made) as c:
                return c.call("GET", "k") == ("$", None)
        except ConnectionRefusedError:
            return False

    t.check(harness.until(answers, 20), "it serves", server.log_tail())
    with Tls(server, made) as c:
        text = c.call("INFO", "server")[1].decode()
        t.check(f"\r\ntcp_port:{server.tls_port}\r\n" in text, "INFO has the port", text)
        t.check(f"\r\nlistener0:name=tls,bind=127.0.0.1,port={server.tls_port}\r\n" in text, "and the listener", text)
    t.equal(server.stop(), 0, "it stops cleanly")


def bad_starts(t, new, given):
    del given
    made = Certificates()
    for options, word in ((["--tls-cert-file", ""], "tls-cert-file is not set"),
                          (["--tls-cert-file", "/nonexistent"], "tls-cert-file '/nonexistent': No such file"),
                          (["--tls-key-file", made.key_file("client")], "tls-key-file"),
                          (["--tls-ca-cert-file", "", "--tls-auth-clients", "yes"], "tls-ca-cert-file or tls-ca-cert-dir"),
                          (["--tls-protocols", "TLSv9"], "tls-protocols: 'TLSv9'")):
        server = with_tls(new, made, *options)
        server.spawn()
        t.check(harness.until(lambda s=server: not s.alive(), 20), f"{options}: it ends")
        t.equal(server.process.returncode, 1, f"{options}: with 1")
        t.check(word in server.log_tail(), f"{options}: it says '{word}'", server.log_tail())


def options_that_cannot_be(t, new, given):
    del given
    made = Certificates()
    server = with_tls(new, made).start()
    with Tls(server, made) as c:
        for name, value, word in (("tls-cert-file", "/nonexistent", "No such file"), ("tls-cert-file", made.key_file("ca"), "no start line"),
                                  ("tls-key-file", made.key_file("client"), "tls-key-file"), ("tls-ciphers", "none", "no cipher match")):
            before = c.call("CONFIG", "GET", name)
            reply = c.call("CONFIG", "SET", "maxclients", "77", name, value)
            t.check(reply[0] == "-" and reply[1].startswith(b"ERR CONFIG SET failed (possibly related to argument '" + name.encode()) and
                    b"Unable to update TLS configuration" in reply[1] and word.encode() in reply[1], f"{name} {value}", str(reply))
            t.equal(c.call("CONFIG", "GET", name), before, f"{name} stays")
        t.check(resp.plain(c.call("CONFIG", "GET", "maxclients"))[1] != b"77", "so does what came with it")
        t.equal(c.call("CONFIG", "SET", "tls-ciphers", "HIGH", "tls-ciphers", "HIGH")[0], "-", "an option twice")
        c.send_raw(b"".join(resp.encode(["CONFIG", "SET", "tls-cert-file", made.cert(name), "tls-key-file", made.key_file(name)]) +
                            resp.encode(["PING"]) for name in ("server2", "server") * 10))
        t.equal([c.read() for _ in range(40)], [OK, PONG] * 20, "twenty changes in a pipeline")
    others = [server.connect() for _ in range(20)]
    for c in others:
        c.send("CONFIG", "SET", "tls-cert-file", made.cert("server2"), "tls-key-file", made.key_file("server2"))
    for c in others[:5]:
        c.close()
    t.equal([c.read() for c in others[5:]], [OK] * 15, "fifteen at once, and five that left")
    with Tls(server, made) as c:
        t.equal(c.name(), "server2", "what came last holds")
    t.equal(server.stop(), 0, "it stops cleanly")


def new_certificates_under_load(t, new, given):
    del given
    made = Certificates()
    server = with_tls(new, made).start()
    ended, problems, counts = threading.Event(), [], []

    def work(number, lasting):
        done = 0
        try:
            c = Tls(server, made)
            while not ended.is_set():
                if not lasting:
                    c.close()
                    c = Tls(server, made)
                if c.call("INCR", f"n{number}") != (":", done + 1) or c.name() not in ("server", "server2"):
                    problems.append(f"{number}: a wrong answer after {done}")
                done += 1
            c.close()
        except (OSError, resp.ProtocolViolation) as error:
            problems.append(f"{number}: {type(error).__name__}: {error}")
        counts.append(done)

    threads = [threading.Thread(target=work, args=(i, i < 3)) for i in range(6)]
    for thread in threads:
        thread.start()
    shown = f"{made.place}/shown"
    with server.connect() as c:
        for name in ("server", "server2", "bad", "server", "bad", "server2") * 3:
            source = "client" if name == "bad" else name  # a key of another
            for kind, path in (("pem", made.cert(name if name != "bad" else "server")), ("key", made.key_file(source))):
                with open(path, "rb") as f, open(f"{shown}.{kind}.new", "wb") as to:
                    to.write(f.read())
                os.rename(f"{shown}.{kind}.new", f"{shown}.{kind}")
            reply = c.call("CONFIG", "SET", "tls-cert-file", f"{shown}.pem", "tls-key-file", f"{shown}.key")
            t.equal(reply[0], "-" if name == "bad" else "+", f"CONFIG SET of {name}")
            if name != "bad":
                with Tls(server, made) as seen:
                    t.equal(seen.name(), name, "the new one is shown")
        told = server.log_tail(1 << 20).count("read the certificates again")
        for kind in ("pem", "key"):
            source = made.cert("server") if kind == "pem" else made.key_file("server")
            with open(source, "rb") as f, open(f"{shown}.{kind}", "wb") as to:
                to.write(f.read())
        server.process.send_signal(signal.SIGHUP)
        t.check(harness.until(lambda: server.log_tail(1 << 20).count("read the certificates again") > told, 20), "SIGHUP reloads")
        with Tls(server, made) as seen:
            t.equal(seen.name(), "server", "the file's new certificate is shown")
        os.unlink(f"{shown}.key")
        server.process.send_signal(signal.SIGHUP)
        t.check(harness.until(lambda: f"the old certificate stays: tls-key-file '{shown}.key': No such file" in
                              server.log_tail(1 << 20), 20), "a SIGHUP that finds no key says so", server.log_tail())
        with Tls(server, made) as seen:
            t.equal(seen.name(), "server", "and nothing changes")
    ended.set()
    for thread in threads:
        thread.join()
    t.equal(problems, [], "nobody noticed")
    t.check(min(counts) > 5, "everybody was served meanwhile", str(counts))


def certificates_in_a_transaction_and_a_pause(t, new, given):
    del given
    made = Certificates()
    server = with_tls(new, made).start()
    change = ["CONFIG", "SET", "tls-cert-file", made.cert("server2"), "tls-key-file", made.key_file("server2")]
    back = ["CONFIG", "SET", "tls-cert-file", made.cert("server"), "tls-key-file", made.key_file("server")]
    with server.connect() as c, server.connect() as other:
        c.send_raw(b"".join(resp.encode(x) for x in (["MULTI"], ["SET", "k", "v"], change, ["INCR", "n"], ["EXEC"])))
        t.equal([c.read() for _ in range(5)][-1], ("*", [OK, OK, (":", 1)]), "EXEC waits for new certificates, and each call is done once")
        with Tls(server, made) as seen:
            t.equal(seen.name(), "server2", "which hold")
        for _ in range(20):  # the pause comes while they are read, mostly
            other.send_raw(resp.encode(["CLIENT", "PAUSE", "100", "ALL"]))
            c.send_raw(resp.encode(back))
            other.read()
            server.process.send_signal(signal.SIGHUP)
            t.equal(c.read(), OK, "who was paused while they were read has them read again")
        with Tls(server, made) as seen:
            t.equal(seen.name(), "server", "which hold too")
    t.equal(server.stop(), 0, "it stops cleanly")


def a_value_of_512_mib(t, new, given):
    del given
    made = Certificates()
    server = with_tls(new, made, "--maxmemory", "256mb").start()
    size = 32 * MIB if harness.sanitized(server) else HALF_GIB
    block = os.urandom(MIB)
    with harness.Watch(server) as watch, Tls(server, made, timeout=120) as c:
        c.send_raw(b"*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$%d\r\n" % size)
        for _ in range(size // MIB):
            c.send_raw(block)
        c.send_raw(b"\r\n")
        t.equal(c.read(), OK, "SET")
        t.equal(c.call("GETRANGE", "big", MIB - 2, MIB + 1), ("$", block[-2:] + block[:2]), "GETRANGE of its middle")
        c.send("GET", "big")
        t.equal(c.line(), b"$%d" % size, "GET announces it")
        whole, at, left = block + block, 0, size
        data = bytes(c.buffer[c.at:])
        c.buffer, c.at = bytearray(), 0
        same = True
        while left > 0 and same:
            data = data[:left] or c.socket.recv(min(left, MIB))
            same = bool(data) and data == whole[at:at + len(data)]
            at, left, data = (at + len(data)) % MIB, left - len(data), b""
        t.check(same, "and gives it back")
        t.equal(c.exactly(0), b"", "to its end")
        t.equal(c.call("PING"), PONG, "and the next command is well")
    watch.judge(t, f"{size // MIB} MiB over TLS", 64)


def pipelines(t, new, given):
    del given
    made = Certificates()
    server = with_tls(new, made).start()
    count, value = 100000, "v" * 100
    if harness.sanitized(server):
        count = 10000
    with harness.Watch(server) as watch, Tls(server, made, timeout=60) as c:
        c.send_raw(b"".join(resp.encode(["SET", f"k{i}", value]) for i in range(count)))
        t.check(all(c.read() == OK for _ in range(count)), f"{count} SETs sent before a reply is read")
        c.send_raw(b"".join(resp.encode(["GET", f"k{i}"]) for i in range(count)))
        t.check(all(c.read() == ("$", value.encode()) for _ in range(count)), f"{count} GETs")
        commands = b"".join(resp.encode(["SET", "k", value * 20, "GET"]) for _ in range(count // 5))
        c.send_raw(commands)  # as much as the replies, none of which is read meanwhile
        replies = [c.read() for _ in range(count // 5)]
        t.equal(set(replies[1:]), {("$", value.encode() * 20)}, "both directions full at once")
    watch.judge(t, "pipelines over TLS", 200)


def ends(t, new, given):
    del given
    made = Certificates()
    server = with_tls(new, made).start()
    with Tls(server, made) as c:
        c.send("PING")
        c.plain = c.socket.detach()
        s = socket.socket(fileno=c.plain)
        s.settimeout(20)
        s.shutdown(socket.SHUT_WR)  # the end of a half without a goodbye
        t.check(len(s.recv(4096)) > 0, "who ends his half is still answered")
        s.close()
    with Tls(server, made) as c:
        t.equal(c.call("QUIT"), OK, "QUIT")
        t.equal(c.socket.recv(1), b"", "is an orderly end: close_notify (an EOF without it would raise)")
    with server.connect() as c:
        t.check(harness.until(lambda: statistic(c, "tls_connections") == 0, 10), "all have ended")
    with Tls(server, made) as c:
        t.equal(c.call("PING"), PONG, "the server serves on")
        session = c.socket.session
    with Tls(server, made, session=session, context=c.context) as again:
        t.equal(again.call("PING"), PONG, "who comes again")
        t.check(again.socket.session_reused, "resumes its session")
        t.equal(statistic(again, "tls_handshakes_resumed"), 1, "which is counted")


def no_handshakes(t, new, given):
    """Silence, garbage, and one byte at a time: others are served, memory stays, and it ends."""
    del given
    made = Certificates()
    server = with_tls(new, made).start()
    hello = ssl.MemoryBIO()
    shaking = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), hello, server_hostname="localhost")
    try:
        shaking.do_handshake()
    except ssl.SSLWantReadError:
        pass
    hello = hello.read()
    with harness.Watch(server) as watch:
        silent = [socket.create_connection(("127.0.0.1", server.tls_port)) for _ in range(2 * UNDERWAY_MAX)]
        for i in range(300):
            with socket.create_connection(("127.0.0.1", server.tls_port)) as s:
                s.sendall(os.urandom(2000) if i % 2 else hello[:5] + os.urandom(2000))
        slow = socket.create_connection(("127.0.0.1", server.tls_port), timeout=30)
        begun = time.monotonic()
        with Tls(server, made, timeout=30) as c:
            t.equal(c.call("PING"), PONG, "who speaks TLS gets in beside them")
        print(f"  it took {time.monotonic() - begun:.1f} s")
        for byte in hello:
            slow.sendall(bytes([byte]))
        t.check(len(slow.recv(5)) > 0, "a handshake byte by byte is answered")
        begun = time.monotonic()
        with server.connect(timeout=60) as c:
            t.check(harness.until(lambda: statistic(c, "tls_handshakes_underway") == 0, 30), "all of them end")
        print(f"  the last one after {time.monotonic() - begun:.1f} s")
        for s in (*silent, slow):
            s.close()
    watch.judge(t, "handshakes that are none", 40)


def idle_connections(t, new, given):
    del given
    made = Certificates()
    server = with_tls(new, made).start()
    count = 100 if harness.sanitized(server) else IDLE
    context = ssl.create_default_context(cafile=made.cert("ca"))
    clients = [Tls(server, made, context=context) for _ in range(50)]
    before = harness.resident_mib(server.pid)
    begun = time.monotonic()
    try:
        clients += [Tls(server, made, context=context) for _ in range(count)]
        took = time.monotonic() - begun
        for c in clients:
            c.send("ECHO", "v" * 3000)
        t.check(all(c.read() == ("$", b"v" * 3000) for c in clients), f"{count} clients are served")
        each = (harness.resident_mib(server.pid) - before) * 1024 / count
        print(f"  {each:.1f} KiB each, {took / count * 1000:.2f} ms for a connection, both sides")
        if not harness.sanitized(server):
            t.check(each < 24, "an idle connection takes less than 24 KiB", f"{each:.1f} KiB")
    finally:
        for c in clients:
            c.close()


if __name__ == "__main__":
    harness.main(__doc__, [real_clients, who_is_let_in, the_port_of_tls_alone, bad_starts, options_that_cannot_be,
                           new_certificates_under_load, certificates_in_a_transaction_and_a_pause, a_value_of_512_mib,
                           pipelines, ends, no_handshakes, idle_connections])
