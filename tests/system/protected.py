"""Protected mode: without a password, who comes from elsewhere is told so and not served."""
import http.client
import json
import socket

import harness
import resp
import servers
from harness import OK

PONG = ("+", b"PONG")


def own_address():
    """One that is not of the loopback interface; None: the machine has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(("192.0.2.1", 9))  # nothing is sent
        except OSError:
            return None
        found = s.getsockname()[0]
    return None if found.startswith("127.") else found


def strangers(t, new, given):
    del given
    address = own_address()
    if not address:
        t.skip("strangers", "this machine has no address but its own")
        return
    server = new()
    server.command += ["--bind", f"127.0.0.1 {address}"]
    server.start()

    def ask():
        with resp.Connection((address, server.port)) as c:
            return c.call("PING")

    refusal = ask()
    t.check(refusal[0] == "-" and refusal[1].startswith(b"DENIED Redis is running in protected mode because protected mode is enabled "
                                                        b"and no password is set for the default user."), "a stranger", str(refusal))
    with server.connect() as c:
        t.equal(c.call("PING"), PONG, "who is here")
        t.check("rejected_connections:1\r\n" in c.call("INFO", "stats")[1].decode(), "it is counted")
        t.equal(c.call("CONFIG", "SET", "requirepass", "secret"), OK, "with a password")
        t.equal(ask()[1], b"NOAUTH Authentication required.", "a stranger may try")
        t.equal(c.call("CONFIG", "SET", "requirepass", "", "protected-mode", "no"), OK, "without protection")
        t.equal(ask(), PONG, "anybody may")


def strangers_over_http(t, new, given):
    del given
    address = own_address()
    if not address:
        t.skip("strangers_over_http", "this machine has no address but its own")
        return
    port = servers.free_port()
    server = new("--http-port", str(port), "--http-bind", f"127.0.0.1 {address}").start()

    def ask(host, target="/api/v1/keys/k", **headers):
        c = http.client.HTTPConnection(host, port, timeout=20)
        c.request("GET", target, headers=headers)
        answer = c.getresponse()
        body = answer.read()
        c.close()
        return answer.status, answer.getheader("Connection"), json.loads(body)["error"] if answer.status != 200 else None

    with server.connect() as c:
        for target in ("/api/v1/keys/k", "/metrics", "/healthz"):
            t.equal(ask(address, target), (403, "close", "DENIED"), f"a stranger asks for {target}")
        t.equal(ask("127.0.0.1")[2], "KEY_NOT_FOUND", "who is here")
        t.check("http_rejected_connections:3\r\n" in c.call("INFO", "stats")[1].decode(), "they are counted")
        t.equal(c.call("CONFIG", "SET", "requirepass", "secret"), OK, "with a password")
        t.equal(ask(address)[2], "NOAUTH", "a stranger may try")
        t.equal(ask(address, Authorization="Bearer secret")[2], "KEY_NOT_FOUND", "and who has it may")
        t.equal(c.call("CONFIG", "SET", "requirepass", "", "protected-mode", "no"), OK, "without protection")
        t.equal(ask(address)[2], "KEY_NOT_FOUND", "anybody may")


if __name__ == "__main__":
    harness.main(__doc__, [strangers, strangers_over_http])
