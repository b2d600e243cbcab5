"""The HTTP door and who means it no good: requests that can be read in two ways, answers nobody takes."""
import re
import socket

import harness
from http_door import client, path_of, send_raw, start


def what_could_be_read_in_two_ways_is_refused(t, new, given):
    del given
    server = start(new, "--http-timeout", "2")
    a = path_of("a").encode()
    etag = client(server).ask("PUT", path_of("a"), b"old")[1]["etag"].encode()
    for status, line, headers in (
            (b"400", b"PUT " + a + b"\0b", b"Content-Length: 3\r\n"), (b"400", b"PUT " + a + b"\0", b"Content-Length: 3\r\n"),
            (b"400", b"PUT " + a, b"Content-Length: 3\r\nContent-Length: 4\r\n"),
            (b"400", b"PUT " + a, b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"),
            (b"501", b"PUT " + a, b"Transfer-Encoding: gzip, chunked\r\n"),
            (b"400", b"PUT " + a, b"Content-Length: 3\r\nContent-Encoding: identity\r\nContent-Encoding: gzip\r\n"),
            (b"400", b"PUT " + a, b"Content-Length: 3\r\nX-TTL: 1\r\nX-TTL: 2\r\n"),
            (b"412", b"PUT " + a, b'Content-Length: 3\r\nConnection: close\r\nIf-None-Match: "1-1"\r\nIf-None-Match: ' + etag + b"\r\n")):
        answer = send_raw(server, line + b" HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\nnew")
        t.check(answer.startswith(b"HTTP/1.1 " + status) and answer.count(b"HTTP/1.1") == 1, f"{status} and the end: {line!r} {headers!r}", answer)
    t.equal(client(server).raw("a"), b"old", "nothing of it was done")


def quiet_s(c, number):
    """How long that client has sent nothing, in whole seconds; -1: it has been cut off."""
    line = c.call("CLIENT", "LIST", "ID", number)[1].decode()
    return int(re.search(r" idle=(\d+)", line)[1]) if line else -1


def answers_nobody_takes_leave_room_for_others(t, new, given):
    del given
    server = start(new, "--maxmemory", "64mb")
    client(server).ask("PUT", path_of("k"), b"x" * 900000)
    ask = b"GET " + path_of("k").encode() + b" HTTP/1.1\r\nHost: x\r\nAccept: application/octet-stream\r\n\r\n"
    with server.connect() as c, server.connect() as other:
        number = c.call("CLIENT", "ID")[1]
        c.send_raw(b"*2\r\n$4\r\nECHO\r\n$2\r\no")
        idle = [socket.create_connection(("127.0.0.1", server.http), 30) for _ in range(80)]
        for s in idle:
            s.sendall(ask * 12)
        t.check(harness.until(lambda: client(server).status("GET", path_of("k")) == 503, 20), "more answers are refused")
        # longer than a client is quiet before it has to give way
        t.check(harness.until(lambda: quiet_s(other, number) >= 3, 30), "nobody at the other door is cut off for them")
        c.send_raw(b"k\r\n")
        t.equal(c.read(), ("$", b"ok"), "and it is answered")
    for s in idle:
        s.close()
    t.check(harness.until(lambda: client(server).status("GET", path_of("k")) == 200, 20), "when they have gone, all is well")


if __name__ == "__main__":
    harness.main(__doc__, [what_could_be_read_in_two_ways_is_refused, answers_nobody_takes_leave_room_for_others])
