"""A small, strict reader of RESP2 and RESP3, independent of every client and of the server.

It is the judge of the protocol: a reply is a tuple that begins with its type byte, so that two
replies are equal only if their types are; whatever is not RESP raises ProtocolViolation.
"""
import socket


class ProtocolViolation(Exception):
    pass


class Closed(Exception):
    """The server has closed the connection."""


CLOSED = ("closed",)
AGGREGATES = {b"*": 1, b"~": 1, b">": 1, b"%": 2, b"|": 2}


def encode(args):
    """A command as an array of bulk strings."""
    parts = [b"*%d\r\n" % len(args)]
    for arg in args:
        arg = to_bytes(arg)
        parts.append(b"$%d\r\n%s\r\n" % (len(arg), arg))
    return b"".join(parts)


def to_bytes(arg):
    if isinstance(arg, (bytes, bytearray)):
        return bytes(arg)
    return str(arg).encode()


def integer(text):
    """An integer exactly as RESP writes it."""
    if text != b"%d" % int(text or b"x"):
        raise ProtocolViolation(f"not a canonical integer: {text!r}")
    return int(text)


class Connection:
    """One connection; replies are read in order.  Pushes are replies like others."""

    def __init__(self, address, timeout=20):
        host, port = address
        self.socket = socket.create_connection((host, port), timeout=timeout)
        self.timeout = timeout
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray()
        self.at = 0

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send_raw(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # seen when reading

    def send(self, *args):
        self.send_raw(encode(args))

    def call(self, *args):
        self.send(*args)
        return self.read()

    def receive(self):
        """Waits in slices, so that a stop of the whole machine, or of this program, is one of them."""
        slices = max(1, round(self.timeout))
        self.socket.settimeout(self.timeout / slices)
        try:
            while True:
                try:
                    return self.socket.recv(1 << 16)
                except TimeoutError:
                    slices -= 1
                    if slices == 0:
                        raise
        except (ConnectionResetError, BrokenPipeError):
            return b""
        finally:
            self.socket.settimeout(self.timeout)

    def fill(self):
        if self.at > 1 << 16:
            del self.buffer[: self.at]
            self.at = 0
        data = self.receive()
        if not data:
            raise Closed(bytes(self.buffer[self.at :]))
        self.buffer += data

    def line(self):
        while True:
            end = self.buffer.find(b"\r\n", self.at)
            if end >= 0:
                break
            self.fill()
        text = bytes(self.buffer[self.at : end])
        if b"\n" in text or b"\r" in text:
            raise ProtocolViolation(f"a stray line end in {text!r}")
        self.at = end + 2
        return text

    def exactly(self, size):
        while len(self.buffer) - self.at < size + 2:
            self.fill()
        data = bytes(self.buffer[self.at : self.at + size])
        if self.buffer[self.at + size : self.at + size + 2] != b"\r\n":
            raise ProtocolViolation("a bulk does not end with CRLF")
        self.at += size + 2
        return data

    def read(self):
        """The next reply; CLOSED if there is none and the server has closed."""
        try:
            return self.value()
        except Closed as rest:
            if rest.args[0]:
                raise ProtocolViolation(f"closed within a reply: {rest.args[0][:80]!r}") from None
            return CLOSED

    def value(self):
        line = self.line()
        kind, rest = line[:1], line[1:]
        name = kind.decode("latin1")
        if kind in (b"+", b"-"):
            return (name, rest)
        if kind == b":":
            return (name, integer(rest))
        if kind in (b"$", b"=", b"!"):
            size = integer(rest)
            if size == -1 and kind == b"$":
                return (name, None)
            if size < 0:
                raise ProtocolViolation(f"a size of {size}")
            data = self.exactly(size)
            if kind == b"=" and data[3:4] != b":":
                raise ProtocolViolation(f"a verbatim string without a format: {data[:8]!r}")
            return (name, data)
        if kind == b"_" and not rest:
            return (name, None)
        if kind == b"#" and rest in (b"t", b"f"):
            return (name, rest == b"t")
        if kind == b",":
            if rest not in (b"inf", b"-inf", b"nan"):
                float(rest)
            return (name, rest)
        if kind == b"(":
            return (name, integer(rest))
        if kind in AGGREGATES:
            return self.aggregate(name, integer(rest), AGGREGATES[kind])
        raise ProtocolViolation(f"not a reply: {line[:80]!r}")

    def aggregate(self, name, count, each):
        if count == -1 and name == "*":
            return (name, None)
        if count < 0:
            raise ProtocolViolation(f"a count of {count}")
        items = [self.value() for _ in range(count * each)]
        if name == "|":
            return ("|", items, self.value())
        return (name, items)

    def read_to_end(self):
        """Every reply until the server closes."""
        replies = []
        while not replies or replies[-1] != CLOSED:
            replies.append(self.read())
        return replies


def plain(reply):
    """A reply without its types, for programs that only use it."""
    kind = reply[0]
    if kind == "%":
        items = [plain(r) for r in reply[1]]
        return dict(zip(items[::2], items[1::2]))
    if kind in ("*", "~", ">"):
        return None if reply[1] is None else [plain(r) for r in reply[1]]
    if kind == "=":
        return reply[1][4:]
    return reply[1] if len(reply) > 1 else None


def show(reply, limit=300):
    text = repr(reply)
    return text if len(text) <= limit else f"{text[:limit]}... ({len(text)} characters)"
