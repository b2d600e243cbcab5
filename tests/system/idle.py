"""What clients cost that are connected and do nothing: resident memory by connection, of every door and of
the states in which a pool leaves its connections."""
import resource
import socket
import ssl

import harness
import resp
import servers
from tls import Certificates, with_tls

MANY = 10000
CLIENT_MAX = 2048  # bytes of a client of RESP: what is promised
PIECE = 500  # so many ask before the first of them is answered
TLS_MANY, TLS_MAX = 1000, 24 * 1024
HTTP_MANY, HTTP_HEADERS = 2000, 8192
HTTP_MAX = 4 * HTTP_HEADERS + 5 * 1024  # what http-header-size says, and what is counted beside it


def allow_files(count):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        return False
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))
    return True


def talk(sockets, request, reply_len):
    """Each asks and gets its answer, many at a time."""
    for at in range(0, len(sockets), PIECE):
        some = sockets[at:at + PIECE]
        for s in some:
            s.sendall(request)
        for s in some:
            left = reply_len
            while left > 0:
                left -= len(s.recv(left))


def connect(port, count):
    return [socket.create_connection(("127.0.0.1", port), 60) for _ in range(count)]


def close(sockets):
    for s in sockets:
        s.close()


def warm_up(port, request, reply_len):
    """What a server has once, however many clients come, it has after a few."""
    few = connect(port, 50)
    talk(few, request, reply_len)
    close(few)


def clients(server):
    with server.connect() as c:
        text = c.call("INFO", "clients")[1].decode()
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)


def grown(server, before_mib, count, most):
    """Bytes of each; what was used for a moment is given back after a while."""
    def now():
        return (harness.resident_mib(server.pid) - before_mib) * harness.MIB / count

    harness.until(lambda: now() <= most, 30, 0.1)
    return now()


def resp_clients(t, new, given):
    """As they connect; after a command; as libraries greet; after large ones; and subscribed."""
    count = 1000 if harness.sanitized(new()) else given.count
    if not allow_files(count + 300):
        t.skip("idle clients", "too few open files are allowed")
        return
    hello = [["HELLO", "3", "SETNAME", "a-pool-of-clients"], ["CLIENT", "SETINFO", "LIB-NAME", "redis-py"],
             ["CLIENT", "SETINFO", "LIB-VER", "5.0.1"]]
    large = [["ECHO", "v" * 30000]]
    states = {"connected": ([], 0, CLIENT_MAX), "after a command": ([["PING"]], 7, CLIENT_MAX),
              "greeted": (hello, None, CLIENT_MAX), "after a large argument": (large, None, CLIENT_MAX),
              "subscribed": ([["SUBSCRIBE", "news"]], None, CLIENT_MAX)}
    for state, (commands, reply_len, most) in states.items():
        server = new("--maxclients", str(count + 200)).start()
        request = b"".join(resp.encode(c) for c in commands)
        if reply_len is None:
            with socket.create_connection(server.address, 20) as s:
                reply_len = measure(s, request)
        warm_up(server.port, request or b"PING\r\n", reply_len if request else 7)
        before = harness.resident_mib(server.pid)
        idle = connect(server.port, count)
        try:
            if request:
                talk(idle, request, reply_len)
            t.check(harness.until(lambda: int(clients(server)["connected_clients"]) == count + 1, 30), f"{state}: all are there")
            each = grown(server, before, count, most)
            print(f"  {state}: {each:.0f} bytes each")
            if not harness.sanitized(server):
                t.check(each <= most, f"{state}: {count} idle clients take at most {most} bytes each", f"{each:.0f}")
        finally:
            close(idle)
        t.check(harness.until(lambda: clients(server)["connected_clients"] == "1", 30), f"{state}: all have left")
        server.kill()


def measure(s, request):
    """How long the reply is, which is the same for every client but for digits of its number."""
    s.sendall(request + b"*1\r\n$4\r\nQUIT\r\n")
    got = b""
    while data := s.recv(1 << 16):
        got += data
    return len(got) - len(b"+OK\r\n")


def tls_clients(t, new, given):
    del given
    made = Certificates()
    server = with_tls(new, made).start()
    count = 100 if harness.sanitized(server) else TLS_MANY
    context = ssl.create_default_context(cafile=made.cert("ca"))

    def greet(number):
        some = [context.wrap_socket(*connect(server.tls_port, 1), server_hostname="localhost") for _ in range(number)]
        talk(some, b"*1\r\n$4\r\nPING\r\n", 7)
        return some

    close(greet(50))
    before = harness.resident_mib(server.pid)
    idle = greet(count)
    each = grown(server, before, count, TLS_MAX)
    print(f"  TLS: {each:.0f} bytes each")
    if not harness.sanitized(server):
        t.check(each <= TLS_MAX, f"{count} idle TLS clients take at most {TLS_MAX} bytes each", f"{each:.0f}")
    close(idle)


def http_clients(t, new, given):
    del given
    http = servers.free_port()
    count = HTTP_MANY
    server = new("--http-port", str(http), "--http-bind", "127.0.0.1", "--http-maxclients", str(count + 100),
                 "--http-header-size", str(HTTP_HEADERS)).start()
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.create_connection(("127.0.0.1", http), 20) as s:
        s.sendall(request)
        reply_len = len(s.recv(4096))
    warm_up(http, request, reply_len)
    before = harness.resident_mib(server.pid)
    idle = connect(http, count)
    talk(idle, request, reply_len)
    each = grown(server, before, count, HTTP_MAX)
    print(f"  HTTP: {each:.0f} bytes each")
    if not harness.sanitized(server):
        t.check(each <= HTTP_MAX, f"{count} kept-alive connections take at most {HTTP_MAX} bytes each", f"{each:.0f}")
    close(idle)
    t.check(harness.until(lambda: clients(server)["http_clients"] == "0", 20), "all have left")


if __name__ == "__main__":
    harness.main(__doc__, [resp_clients, tls_clients, http_clients],
                 lambda p: p.add_argument("--count", type=int, default=MANY, help="of RESP clients"))
