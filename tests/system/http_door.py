"""The HTTP door: every status a client can meet, large bodies in bounded memory, many clients, slow
clients, durability, and that RESP and HTTP see each other's writes at once."""
import base64
import http.client
import json
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

import harness
import servers
from harness import MIB, OK

RAW = {"Accept": "application/octet-stream"}
KEYS = "/api/v1/keys/"
PATTERN = random.Random(1).randbytes(10 * MIB)


def path_of(key):
    return KEYS + urllib.parse.quote(key, safe="")


class Client(http.client.HTTPConnection):
    """One keep-alive connection."""

    def ask(self, method, target, body=None, **headers):
        """(status, headers in lower case, body)"""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.request(method, target, body=body, headers=named)
        answer = self.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()

    def status(self, *args, **headers):
        return self.ask(*args, **headers)[0]

    def raw(self, key):
        """The bytes of a key, or None."""
        status, _, body = self.ask("GET", path_of(key), **RAW)
        return body if status == 200 else None


def start(new, *options, **kinds):
    server = new("--http-port", str(servers.free_port()), "--http-bind", "127.0.0.1", *options, **kinds)
    server.http = int(server.command[server.command.index("--http-port") + 1])
    server.start()
    harness.until(lambda: client(server).status("GET", "/readyz") == 200, 60)
    return server


def client(server, timeout=30):
    return Client("127.0.0.1", server.http, timeout=timeout)


def send_raw(server, data, timeout=30):
    """Everything that comes back until the server ends the connection."""
    with socket.create_connection(("127.0.0.1", server.http), timeout) as s:
        s.sendall(data)
        parts = []
        while part := s.recv(65536):
            parts.append(part)
        return b"".join(parts)


def a_key_is_put_read_and_deleted(t, new, given):
    del given
    c = client(start(new))
    status, headers, body = c.ask("PUT", path_of("user:123:profile"), b"hello", X_Consistency_Level="quorum", X_TTL="3600")
    put = json.loads(body)
    t.equal((status, headers["content-type"]), (200, "application/json"), "PUT answers JSON")
    t.equal((put["key"], put["replicas"], list(put)), ("user:123:profile", ["node-1"], ["key", "version", "replicas"]),
            "its members")
    t.check(abs(put["version"] / 1e6 - time.time()) < 60, "the version is a time in microseconds", str(put))
    status, headers, body = c.ask("GET", path_of("user:123:profile"))
    t.equal((status, json.loads(body)), (200, {"key": "user:123:profile", "value": base64.b64encode(b"hello").decode(),
                                               "version": put["version"], "ttl": 3600}), "GET as JSON")
    t.equal(headers["etag"], f'"{put["version"]}-1"', "the tag is stamp and origin")
    status, headers, body = c.ask("GET", path_of("user:123:profile"), **RAW)
    t.equal((status, headers["content-type"], body), (200, "application/octet-stream", b"hello"), "GET as bytes")
    t.equal((headers["x-version"], headers["x-ttl"], headers["etag"]),
            (str(put["version"]), "3600", f'"{put["version"]}-1"'), "version and expiry are in headers")
    for form, length in ((RAW, 5), ({}, len(json.dumps(json.loads(c.ask("GET", path_of("user:123:profile"))[2]),
                                                       separators=(",", ":"))))):
        status, headers, body = c.ask("HEAD", path_of("user:123:profile"), **form)
        t.equal((status, headers["content-length"], body, headers["x-version"]),
                (200, str(length), b"", str(put["version"])), "HEAD says what GET would")
    status, _, body = c.ask("DELETE", path_of("user:123:profile"))
    gone = json.loads(body)
    t.equal((status, gone["key"], gone["deleted"]), (200, "user:123:profile", True), "DELETE")
    t.check(gone["tombstone_version"] > put["version"], "a tombstone is newer")
    for method in ("GET", "DELETE"):
        status, _, body = c.ask(method, path_of("user:123:profile"))
        t.equal((status, json.loads(body)), (404, {"error": "KEY_NOT_FOUND", "key": "user:123:profile"}),
                f"{method} of what is not there")
    t.equal(c.ask("HEAD", path_of("user:123:profile"))[0::2], (404, b""), "HEAD too")
    t.equal(c.status("PUT", path_of("empty"), b""), 200, "an empty value")
    t.equal(c.ask("GET", path_of("empty"), **RAW)[0::2], (200, b""), "comes back")
    t.equal(json.loads(c.ask("GET", path_of("empty"))[2])["value"], "", "also as JSON")
    t.equal(json.loads(c.ask("GET", path_of("empty"))[2])["ttl"], None, "without an expiry ttl is null")


def both_doors_see_the_same_keys(t, new, given):
    del given
    server = start(new)
    c = client(server)
    names = [b"plain", b"a\0b", b"with/slash//", b"sp ace+%25", "ключ".encode(), b"\xff\xfe", b"", b"x" * 3000, b"?db=1#x"]
    with server.connect() as r:
        for i in range(300):
            name, value = names[i % len(names)], b"%d" % i
            t.equal(c.status("PUT", path_of(name), value), 200, f"PUT {name[:20]}")
            t.equal(r.call("GET", name), ("$", value), "RESP sees HTTP's write at once")
            r.call("SET", name, b"r" + value, "PX", "60000")
            t.equal(c.raw(name), b"r" + value, "HTTP sees RESP's write at once")
        for name in names:
            key = json.loads(c.ask("GET", path_of(name))[2])
            got = key["key"].encode() if "key" in key else base64.b64decode(key["key_base64"])
            t.equal(got, name, "JSON names the key")
        t.equal(r.call("DBSIZE"), (":", len(names)), "there are no others")
        t.equal(c.status("DELETE", path_of(b"a\0b")), 200, "a key with NUL is deleted")
        t.equal(r.call("EXISTS", b"a\0b"), (":", 0), "and gone")
        c.ask("PUT", path_of("k"), b"two", X_Database="2")
        c.ask("PUT", path_of("k") + "?db=3", b"three")
        t.equal((c.raw("k"), c.ask("GET", path_of("k") + "?db=2", **RAW)[2], c.ask("GET", path_of("k"), X_Database="3", **RAW)[2]),
                (None, b"two", b"three"), "databases are apart")
        r.call("SELECT", "3")
        t.equal(r.call("GET", "k"), ("$", b"three"), "and RESP's")
        t.equal(r.call("PTTL", "k"), (":", -1), "PUT without X-TTL sets no expiry")
        c.ask("PUT", path_of("k") + "?db=3", b"x", X_TTL="100")
        t.check(99000 < r.call("PTTL", "k")[1] <= 100000, "with it, it does")
        t.equal(c.status("PUT", path_of("soon") + "?db=3", b"x", X_TTL="1"), 200, "a key for a second")
        t.check(harness.until(lambda: c.status("GET", path_of("soon") + "?db=3") == 404, 10), "it expires")


def what_is_wrong_is_said(t, new, given):
    del given
    server = start(new, "--proto-max-bulk-len", "1mb", "--http-header-size", "4kb", "--http-timeout", "1")
    c = client(server)
    k = path_of("k")
    c.ask("PUT", k, b"v")
    for status, code, method, target, body, headers in (
            (400, "BAD_REQUEST", "GET", KEYS + "%zz", None, {}),
            (400, "BAD_REQUEST", "GET", KEYS + "a%", None, {}),
            (400, "BAD_REQUEST", "GET", k + "?x=1", None, {}),
            (400, "BAD_REQUEST", "GET", k + "?db=16", None, {}),
            (400, "BAD_REQUEST", "GET", k + "?db=x", None, {}),
            (400, "BAD_REQUEST", "GET", k, None, {"X_Database": "-1"}),
            (400, "BAD_REQUEST", "GET", k + "?db=1", None, {"X_Database": "2"}),
            (400, "BAD_REQUEST", "GET", k, None, {"X_Consistency_Level": "two"}),
            (400, "BAD_REQUEST", "PUT", k, b"v", {"X_TTL": "0"}),
            (400, "BAD_REQUEST", "PUT", k, b"v", {"X_TTL": "1.5"}),
            (400, "BAD_REQUEST", "PUT", k, b"v", {"X_TTL": "99999999999999999999"}),
            (400, "BAD_REQUEST", "PUT", k, b"v", {"Content_Range": "bytes 0-0/1"}),
            (400, "BAD_REQUEST", "GET", k, None, {"If_Match": "unquoted"}),
            (400, "ERR", "PUT", k, b"v", {"X_TTL": "9223372036854775"}),
            (404, "NOT_FOUND", "GET", "/", None, {}),
            (404, "NOT_FOUND", "GET", "/api/v1/keys", None, {}),
            (404, "NOT_FOUND", "POST", "/api/v2/keys/k", b"v", {}),
            (405, "METHOD_NOT_ALLOWED", "POST", k, b"v", {}),
            (405, "METHOD_NOT_ALLOWED", "OPTIONS", k, None, {}),
            (405, "METHOD_NOT_ALLOWED", "PUT", "/healthz", b"v", {}),
            (405, "METHOD_NOT_ALLOWED", "DELETE", "/metrics", None, {}),
            (406, "NOT_ACCEPTABLE", "GET", k, None, {"Accept": "text/html"}),
            (413, "TOO_LARGE", "PUT", k, bytes(MIB + 1), {}),
            (413, "TOO_LARGE", "GET", k, bytes(100000), {}),
            (413, "TOO_LARGE", "PUT", k, iter([bytes(MIB + 1)]), {}),
            (414, "URI_TOO_LONG", "GET", KEYS + "x" * 4096, None, {}),
            (415, "UNSUPPORTED_MEDIA_TYPE", "PUT", k, b"v", {"Content_Encoding": "gzip"}),
            (431, "HEADERS_TOO_LARGE", "GET", k, None, {"Cookie": "x" * 4096}),
    ):
        what = f"{method} {target[:40]} {str(headers)[:60]}"
        try:
            got, answer_headers, answer = c.ask(method, target, body, **headers)
        except (BrokenPipeError, ConnectionResetError):  # it was answered before it was sent
            c.close()
            t.check(status == 413, what, "the connection broke")
            continue
        t.equal((got, json.loads(answer)["error"]), (status, code), what)
        t.equal(answer_headers["content-type"], "application/json", f"{what}: errors are JSON")
        t.check(json.loads(answer)["message"], f"{what}: and say why")
        t.equal("allow" in answer_headers, status == 405, f"{what}: Allow")
    t.equal(c.raw("k"), b"v", "none of it changed anything")
    early = send_raw(server, b"PUT " + k.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n"
                     b"Expect: 100-continue\r\n\r\n")
    t.check(early.startswith(b"HTTP/1.1 413 "), "too large a body is refused before it is sent", repr(early[:60]))
    for level in ("one", "quorum", "all", "ALL"):
        t.equal(c.status("PUT", k, b"v", X_Consistency_Level=level), 200, f"consistency {level}")
    for target in ("/healthz", "/readyz"):
        t.equal((c.status("GET", target), c.ask("HEAD", target)[2]), (200, b""), target)
    t.equal(json.loads(c.ask("GET", "/readyz")[2]), {"status": "ready"}, "ready")
    before = harness.resident_mib(server.pid)
    for junk in (b"\0" * 5000, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"*1\r\n$4\r\nPING\r\n\r\n\r\n", b"x" * 100000,
                 b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
                 b"PUT " + k.encode() + b" HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                 b"GET / HTTP/1.1\r\nHost: x\r\n" + b"a: b\r\n" * 5000 + b"\r\n"):
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", server.http)) as s:
                try:
                    s.sendall(junk)
                except (BrokenPipeError, ConnectionResetError):
                    pass
    t.equal(client(server).raw("k"), b"v", "after junk it serves as before")
    t.check(harness.resident_mib(server.pid) - before < 8 * (10 if harness.sanitized(server) else 1), "and its memory is where it was")


def conditions_hold_at_the_moment_of_the_write(t, new, given):
    del given
    server = start(new)
    c = client(server)
    k = path_of("k")
    t.equal(c.status("PUT", k, b"1", If_Match="*"), 412, "If-Match: * of what is not there")
    t.equal(c.status("PUT", k, b"1", If_None_Match="*"), 200, "If-None-Match: * of what is not there")
    status, headers, body = c.ask("PUT", k, b"2", If_None_Match="*")
    t.equal((status, json.loads(body)["error"]), (412, "PRECONDITION_FAILED"), "and of what is")
    tag = c.ask("GET", k)[1]["etag"]
    for method in ("GET", "HEAD"):
        status, headers, body = c.ask(method, k, If_None_Match=f'"other", W/{tag}')
        t.equal((status, body, headers["etag"]), (304, b"", tag), f"{method} of what the client has")
        t.equal(c.status(method, k, If_None_Match='"1-1"'), 200, f"{method} of another version")
        t.equal(c.status(method, k, If_Match='"1-1"'), 412, f"{method} only of another version")
    t.equal(c.status("GET", k, If_Match=tag, If_None_Match=tag), 304, "both: the first holds, the second says it is had")
    t.equal(c.status("GET", k, If_Match='"1-1"', If_None_Match=tag), 412, "both: the first does not hold")
    t.equal(c.raw("k"), b"1", "a connection goes on behind 304")
    t.equal(c.status("DELETE", k, If_Match='"1-1"'), 412, "DELETE of another version")
    t.equal(c.status("PUT", k, b"2", If_Match=tag), 200, "PUT over the version that was read")
    t.equal(c.status("PUT", k, b"3", If_Match=tag), 412, "not twice")
    t.equal(c.status("PUT", k, bytes(3 * MIB), If_Match=tag), 412, "nor by a large value")
    t.equal(c.raw("k"), b"2", "what was refused changed nothing")
    tag = c.ask("GET", k)[1]["etag"]
    t.equal(c.status("DELETE", k, If_Match=f'"1-1", {tag}'), 200, "DELETE of the version that was read")
    t.equal(c.raw("k"), None, "is done")

    def count_up(number):
        mine = client(server)
        for _ in range(50):
            while True:
                status, headers, body = mine.ask("GET", path_of("counter"), **RAW)
                condition = {"If_Match": headers["etag"]} if status == 200 else {"If_None_Match": "*"}
                body = b"%d" % (int(body) + 1 if status == 200 else 1)
                if mine.status("PUT", path_of("counter"), body, **condition) == 200:
                    break
        done.append(number)

    done = []
    threads = [threading.Thread(target=count_up, args=(i,), daemon=True) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    t.equal((len(done), c.raw("counter")), (8, b"400"), "eight clients count without losing one")


def the_password_is_asked_for(t, new, given):
    del given
    server = start(new, "--requirepass", "s:ecret")
    c = client(server)
    k = path_of("k")
    good = base64.b64encode(b"default:s:ecret").decode()
    for method, body in (("GET", None), ("PUT", b"v"), ("DELETE", None), ("PUT", bytes(2 * MIB))):
        try:
            status, headers, body = c.ask(method, k, body)
            t.equal((status, json.loads(body)["error"]), (401, "NOAUTH"), f"{method} without a password")
            t.check(headers["www-authenticate"].startswith("Basic "), "it says how")
        except (BrokenPipeError, ConnectionResetError):
            c.close()
    for wrong in ("Bearer x", "Basic eA==", "Basic " + base64.b64encode(b"other:s:ecret").decode(), "Digest x", ""):
        t.equal(c.status("PUT", k, b"v", Authorization=wrong), 401, f"refused: {wrong}")
    t.equal(c.status("PUT", k, b"v", Authorization=f"Basic {good}"), 200, "Basic")
    t.equal(c.status("GET", k), 401, "each request for itself")
    t.equal(c.status("GET", k, Authorization="Bearer s:ecret"), 200, "Bearer")
    t.equal(c.status("GET", "/metrics"), 401, "metrics too")
    t.equal(c.status("GET", "/metrics", Authorization=f"Basic {good}"), 200, "with a password they are shown")
    t.equal((c.status("GET", "/healthz"), c.status("GET", "/readyz")), (200, 200), "health is everybody's")


def large_bodies_stream(t, new, given):
    del given
    server = start(new)
    c = client(server, 120)
    k = path_of("big")
    with harness.Watch(server) as watch:
        for _ in range(3):
            t.equal(c.status("PUT", k, PATTERN), 200, "10 MiB up")
            t.equal(c.ask("GET", k, **RAW)[2] == PATTERN, True, "10 MiB down")
        t.equal(base64.b64decode(json.loads(c.ask("GET", k)[2])["value"]) == PATTERN, True, "as JSON")
        t.equal(c.status("PUT", path_of("chunked"), iter([PATTERN[i:i + 50000] for i in range(0, len(PATTERN), 50000)])),
                200, "of unknown length")
        t.equal(c.raw("chunked") == PATTERN, True, "comes back")
        huge = (PATTERN for _ in range(10))
        t.equal(c.status("PUT", path_of("huge"), huge), 200, "100 MiB up")
        c.request("GET", path_of("huge"), headers=RAW)
        answer, got = c.getresponse(), 0
        while part := answer.read(1 << 20):
            got += len(part)
        t.equal(got, 100 * MIB, "100 MiB down")
        with open(f"{server.directory}.body", "wb") as f:
            f.write(PATTERN)
        url = f"http://127.0.0.1:{server.http}{path_of('curl')}"
        for arguments, expected in ((["-T", f.name, "-H", "Expect: 100-continue"], "200"), (["-H", "Accept: application/octet-stream",
                                                                                         "-o", f.name], "200"),
                                    (["-I", "-H", "Accept: application/octet-stream"], "200"), (["-X", "DELETE"], "200"), ([], "404")):
            done = subprocess.run(["curl", "-s", "-w", "%{http_code}", *arguments, url], capture_output=True, text=True, timeout=60, check=False)
            t.equal((done.returncode, done.stdout[-3:]), (0, expected), f"curl {' '.join(arguments)}")
        with open(f.name, "rb") as f:
            t.equal(f.read() == PATTERN, True, "curl got what it sent")
    watch.judge(t, "large bodies", 20)
    with server.connect() as r:
        t.equal(r.call("GET", "big")[1] == PATTERN, True, "RESP has the same bytes")
        r.call("SET", "big", PATTERN[::-1])
    t.equal(c.raw("big") == PATTERN[::-1], True, "and the other way")
    for size in (1, 4095, 4096, 65535, 65536, 65537, MIB - 1, MIB, MIB + 1, 2 * MIB):
        t.equal(c.status("PUT", k, PATTERN[:size]), 200, f"{size} bytes up")
        t.equal(c.raw("big") == PATTERN[:size], True, f"{size} bytes down")
        t.equal(base64.b64decode(json.loads(c.ask("GET", k)[2])["value"]) == PATTERN[:size], True, f"{size} bytes as JSON")
    server.stop()
    server.start()
    t.equal(client(server).raw("chunked") == PATTERN, True, "after a restart it is there")


def an_upload_that_breaks_off_leaves_nothing(t, new, given):
    del given
    server = start(new, "--http-timeout", "2")  # libmicrohttpd may not see an end that comes with bytes before it
    head = b"PUT " + path_of("k").encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(PATTERN)
    for part in (10, 500000, 5 * MIB):
        with socket.create_connection(("127.0.0.1", server.http)) as s:
            s.sendall(head + PATTERN[:part])
    c = client(server)
    t.equal(c.raw("k"), None, "nothing was set")
    c.ask("PUT", path_of("big"), PATTERN)
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", server.http)) as s:
            s.sendall(b"GET " + path_of("big").encode() + b" HTTP/1.1\r\nHost: x\r\nAccept: application/octet-stream\r\n\r\n")
            s.recv(1000)
    t.equal(c.raw("big") == PATTERN, True, "downloads that broke off harm nobody")
    with server.connect() as r:
        t.check(harness.until(lambda: b"http_clients:0\r" in r.call("INFO", "clients")[1], 20), "they are all gone",
                repr(r.call("INFO", "clients")))


def write_until_killed(t, server, first):
    answered = [{} for _ in range(8)]
    stop = threading.Event()

    def write(number):
        c = client(server)
        size = [10, 5000, 900000, 2 * MIB][number % 4]  # one record, a job of its own, pieces
        try:
            for i in range(first, first + 100000):
                key, value = f"w{number}:{i % 50}", (b"%d:%d:" % (number, i) + PATTERN[:size])
                if stop.is_set() or c.status("PUT", path_of(key), value) != 200:
                    return
                answered[number][key] = (i, value)
        except (OSError, http.client.HTTPException):
            pass

    threads = [threading.Thread(target=write, args=(i,), daemon=True) for i in range(8)]
    for thread in threads:
        thread.start()
    t.check(harness.until(lambda: all(len(a) > 5 for a in answered), 60), "all of them write")
    server.kill()
    stop.set()
    for thread in threads:
        thread.join(30)
    server.start()
    c = client(server)
    lost = [key for a in answered for key, (i, value) in a.items()
            if (got := c.raw(key)) != value and not (got and int(got.split(b":")[1]) > i)]
    t.equal(lost, [], f"of {sum(len(a) for a in answered)} keys that were answered none is lost")


def kill_9_loses_nothing_answered(t, new, given):
    del given
    server = start(new)
    for round_number in range(3):
        write_until_killed(t, server, round_number * 100000)


def pipelines_are_answered_in_order(t, new, given):
    del given
    server = start(new)
    requests, expected = [], []
    for i in range(300):
        body = b"value %d" % i
        requests.append(b"PUT " + path_of(f"k{i % 7}").encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        requests.append(b"GET " + path_of(f"k{i % 7}").encode() + b" HTTP/1.1\r\nHost: x\r\nAccept: application/octet-stream\r\n\r\n")
        expected.append(body)
    requests.append(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    answer = send_raw(server, b"".join(requests))
    t.equal(answer.count(b"HTTP/1.1 200 OK"), 601, "every request of a pipeline is answered")
    t.equal(re.findall(rb"\r\n\r\n(value \d+)", answer), expected, "in order, and each sees what came before it")
    t.check(send_raw(server, b"GET /healthz HTTP/1.0\r\n\r\n").startswith(b"HTTP/1."), "HTTP/1.0 is answered and closed")


def slow_clients_are_cut_off(t, new, given):
    del given
    server = start(new, "--http-timeout", "1")
    client(server).ask("PUT", path_of("big"), PATTERN)
    head = b"PUT " + path_of("k").encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n"
    ways = {"silence": (b"", b""), "a byte of the request's line at a time": (b"GET ", b"x"),
            "a byte of a header at a time": (b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ", b"x"),
            "a byte of a body at a time": (head + b"\r\n", b"x"), "half a body": (head + b"\r\n" + bytes(1000), b""),
            "idleness": (b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"")}
    ended = {}

    def trickle(what, first, more):
        with socket.create_connection(("127.0.0.1", server.http)) as s:
            s.settimeout(0.1)  # which is its pace too
            begun = time.monotonic()
            try:
                s.sendall(first)
                while time.monotonic() - begun < 30:
                    s.sendall(more)
                    try:
                        if not s.recv(1 << 16):
                            break
                    except TimeoutError:
                        pass
            except OSError:
                pass
            ended[what] = time.monotonic() - begun

    threads = [threading.Thread(target=trickle, args=(what, *way), daemon=True) for what, way in ways.items()]
    unread = socket.create_connection(("127.0.0.1", server.http))
    unread.sendall(b"GET " + path_of("big").encode() + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    for thread in threads:
        thread.start()
    with harness.Watch(server) as watch:
        for thread in threads:
            thread.join(40)
    for what in ways:
        t.check(ended.get(what, 99) < 15, f"{what}: it is ended", f"after {ended.get(what, 99):.1f} s")
    watch.judge(t, "slow clients", 16)
    with server.connect() as r:
        t.check(harness.until(lambda: b"http_clients:0\r" in r.call("INFO", "clients")[1], 20),
                "none is left, the one that does not read its answer neither")
    unread.close()


def there_are_only_so_many(t, new, given):
    del given
    server = start(new, "--http-maxclients", "10")

    def is_served():
        try:
            return send_raw(server, b"GET /healthz HTTP/1.0\r\n\r\n")[9:12] == b"200"
        except ConnectionResetError:  # refused with the request unread
            return False

    some = [client(server) for _ in range(10)]
    t.equal([c.status("GET", "/healthz") for c in some], [200] * 10, "as many as may be")
    refused = send_raw(server, b"")
    t.check(refused.startswith(b"HTTP/1.1 503 ") and refused.endswith(b'{"error":"TOO_MANY_CLIENTS"}'), "one more is told so",
            repr(refused))
    some.pop().close()
    t.check(harness.until(is_served, 10), "then there is room")
    with server.connect() as r:
        t.equal(r.call("CONFIG", "SET", "http-maxclients", "5"), OK, "it may change")
        t.equal(r.call("CLIENT", "LIST")[1].count(b"\n"), 1, "CLIENT LIST has RESP's clients alone")


def a_full_store_is_said(t, new, given):
    del given
    server = start(new, "--maxdisk", "4mb", "--log-segment-size", "64kb", "--memtable-size", "64kb", "--maxmemory", "64mb")
    c = client(server)
    statuses = set()
    for i in range(3000):
        status, _, body = c.ask("PUT", path_of(f"k{i}"), PATTERN[i * 1000:i * 1000 + 3000])
        statuses.add(status)
        if status != 200:
            t.equal((status, json.loads(body)["error"], json.loads(body)["key"]), (507, "OOM", f"k{i}"), "maxdisk is reached")
            break
    t.equal(statuses, {200, 507}, "writes are taken until then")
    t.equal((c.status("GET", path_of("k0")), c.status("GET", "/readyz")), (200, 200), "reads go on")
    try:
        t.equal(c.status("PUT", path_of("big"), bytes(3 * MIB)), 507, "a large one is refused before it is sent")
    except (BrokenPipeError, ConnectionResetError):
        c.close()


def metrics_are_prometheus(t, new, given):
    del given
    sys.path.append("/usr/lib/python3/dist-packages")  # Debian's packages, whichever python3 runs this
    from prometheus_client.parser import text_string_to_metric_families
    server = start(new)
    c = client(server)
    for i in range(10):
        c.ask("PUT", path_of(f"k{i}"), b"v", X_TTL="1000" if i < 3 else "1")
    with server.connect() as r:
        r.call("SELECT", "1")
        r.call("SET", "k", "v")
        info = dict(line.split(b":", 1) for line in r.call("INFO", "everything")[1].split(b"\r\n") if b":" in line)
    status, headers, body = c.ask("GET", "/metrics")
    t.equal((status, headers["content-type"]), (200, "text/plain; version=0.0.4; charset=utf-8"), "its type")
    families = {f.name: f for f in text_string_to_metric_families(body.decode())}
    values = {s.name: s.value for f in families.values() for s in f.samples}
    t.equal(body.count(b"# TYPE"), len(families), "every name is there once")
    t.check(len(families) > 100, "there is what INFO has", str(len(families)))
    t.check(all(f.name.startswith("henge_") for f in families.values()), "names begin with henge_")
    t.equal({f.type for f in families.values()}, {"counter", "gauge"}, "types")
    t.equal(values["henge_maxclients"], float(info[b"maxclients"]), "a gauge as in INFO")
    t.check(values["henge_http_requests_total"] >= 11, "a counter counts")
    t.check(0 < values["henge_used_cpu_user_seconds_total"] + values["henge_used_cpu_sys_seconds_total"] < 1000, "seconds")
    t.check(abs(values["henge_server_time_seconds"] - time.time()) < 60, "microseconds become seconds")
    t.check(values["henge_used_memory_bytes"] > 0 and "henge_used_memory_human" not in values, "bytes are said once")
    keys = {s.labels["db"]: s.value for s in families["henge_db_keys"].samples}
    t.equal((keys["0"], keys["1"], len(keys)), (10, 1, 16), "keys by database")
    texts = {s.labels["name"]: s.labels["value"] for s in families["henge_info"].samples}
    t.equal((texts["henge_version"].encode(), texts["log_state"]), (info[b"henge_version"], "ready"), "texts are labels")


def it_stops_gracefully(t, new, given):
    del given
    server = start(new)
    idle = client(server)
    idle.ask("PUT", path_of("k"), b"v")
    half = socket.create_connection(("127.0.0.1", server.http))
    half.sendall(b"PUT " + path_of("half").encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhello")
    busy = client(server)
    results, stop = [], threading.Event()

    def write():
        try:
            for i in range(10 ** 6):
                results.append((i, busy.status("PUT", path_of(f"b{i}"), b"v")))
        except (OSError, http.client.HTTPException):
            stop.set()

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    t.check(harness.until(lambda: len(results) > 20, 20), "a client writes")
    server.process.send_signal(signal.SIGTERM)
    t.equal(server.process.wait(20), 0, "it ends with 0, idle clients or not")
    thread.join(20)
    t.check(stop.is_set() and all(status == 200 for _, status in results), "what was answered was answered well")
    half.close()
    server.start()
    c = client(server)
    t.equal([i for i, _ in results if c.raw(f"b{i}") != b"v"], [], "and is there")
    t.equal(c.raw("half"), None, "what was not, is not")
    server.kill()
    done = subprocess.run([server.command[0], "--http-port", str(server.port), "--port", str(server.port), "--dir", server.directory],
                          capture_output=True, text=True, timeout=30, check=False)
    t.check(done.returncode == 1 and f"cannot listen at 127.0.0.1 port {server.port}" in done.stdout, "a port that is taken stops the start",
            done.stdout[-300:])


def many_clients_at_a_time(t, new, given):
    if not shutil.which("wrk"):
        t.skip("wrk", "it is not installed")
        return
    server = start(new)
    client(server).ask("PUT", path_of("k"), b"v" * 100)
    script = f"{server.directory}.lua"
    with open(script, "w", encoding="ascii") as f:
        f.write('local n = 0\nrequest = function()\n  n = n + 1\n  if n % 4 == 0 then return wrk.format("PUT", "'
                + KEYS + 'w" .. n % 1000, nil, string.rep("x", n % 3000)) end\n'
                + f'  return wrk.format("GET", "{KEYS}k")\nend\n')
    with harness.Watch(server) as watch:
        done = subprocess.run(["wrk", "-t1", "-c64", f"-d{given.seconds}", "-s", script, f"http://127.0.0.1:{server.http}/"],
                              capture_output=True, text=True, timeout=given.seconds + 60, check=False)
    print("  " + " ".join(re.findall(r"Requests/sec: +\S+|\d+ requests in \S+", done.stdout)))
    t.check("Socket errors" not in done.stdout and "Non-2xx" not in done.stdout, "no error", done.stdout)
    t.check(re.search(r"(\d+) requests", done.stdout) and int(re.search(r"(\d+) requests", done.stdout)[1]) > 1000, "many are served")
    watch.judge(t, "wrk", 32)


if __name__ == "__main__":
    harness.main(__doc__, [a_key_is_put_read_and_deleted, both_doors_see_the_same_keys, what_is_wrong_is_said,
                           conditions_hold_at_the_moment_of_the_write, the_password_is_asked_for, large_bodies_stream,
                           an_upload_that_breaks_off_leaves_nothing, kill_9_loses_nothing_answered,
                           pipelines_are_answered_in_order, slow_clients_are_cut_off, there_are_only_so_many,
                           a_full_store_is_said, metrics_are_prometheus, it_stops_gracefully, many_clients_at_a_time],
                 lambda p: p.add_argument("--seconds", type=int, default=3, help="of wrk"))
