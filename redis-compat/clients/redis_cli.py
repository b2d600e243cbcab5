"""redis-cli in its modes: --bigkeys, --memkeys, --hotkeys, --stat, --latency and its kin, MONITOR, help and
the hints of its prompt.  --rdb has nothing to read from Henge: it must say so and end."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import resp  # noqa: E402
import servers  # noqa: E402


def cli(port, *arguments, stdin=b""):
    """What it prints, both ways, and its status."""
    done = subprocess.run(["redis-cli", "-p", str(port), *arguments], input=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60, check=False)
    return done.stdout.decode("latin1"), done.returncode


def plain(text):
    """Without colours."""
    return re.sub(r"\x1b\[[\d;]*[a-zA-Z]", "", text)


def endless(port, pattern, *arguments, seconds=30, meanwhile=None):
    """Runs it until what it prints matches, and ends it: whether it came to that, and the text."""
    process = subprocess.Popen(["redis-cli", "-p", str(port), *arguments], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text, end = "", time.monotonic() + seconds
    while not re.search(pattern, text) and time.monotonic() < end:
        if meanwhile:
            meanwhile()
        if select.select([process.stdout], [], [], 0.05)[0]:
            data = os.read(process.stdout.fileno(), 65536)
            if not data:
                break
            text += data.decode("latin1")
    process.send_signal(signal.SIGINT)
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    return bool(re.search(pattern, text)), text


def fill(port):
    with resp.Connection(("127.0.0.1", port)) as c:
        c.call("FLUSHALL")
        for i in range(500):
            c.send("SET", f"key:{i}", "x" * (i % 50))
        c.send("SET", "big", "y" * 5000)
        for _ in range(501):
            c.read()


def big_and_mem_keys(t, port):
    fill(port)
    for proto in ((), ("-3",)):
        text, status = cli(port, *proto, "--bigkeys")
        t.check(status == 0 and 'Biggest string found \'"big"\' has 5000 bytes' in text, f"--bigkeys {proto}", text[-500:])
        text, status = cli(port, *proto, "--memkeys")
        found = re.search(r"Biggest string found '\"big\"' has (\d+) bytes", text)
        t.check(status == 0 and found and int(found[1]) > 5000, f"--memkeys {proto}", text[-500:])
        t.check("Sampled 501 keys in the keyspace!" in text, "--memkeys sees every key", text[-500:])


def hot_keys(t, port):
    fill(port)
    text, _ = cli(port, "--hotkeys")
    t.check("An LFU maxmemory policy is not selected" in text, "--hotkeys without a policy", text[-500:])
    t.equal(cli(port, "config", "set", "maxmemory-policy", "allkeys-lfu")[0].strip(), "OK", "a policy")
    try:
        with resp.Connection(("127.0.0.1", port)) as c:
            for _ in range(300):
                c.call("GET", "key:7")
        text, status = cli(port, "--hotkeys")
        t.check(status == 0 and 'keyname: "key:7"' in text, "--hotkeys finds the one", text[-500:])
    finally:
        cli(port, "config", "set", "maxmemory-policy", "noeviction")


def statistics(t, port):
    ok, text = endless(port, r"keys.*\n(.*\d+.*\n){2}", "--stat", "-i", "0.1")
    t.check(ok and "requests" in text, "--stat", text[-500:])


def latencies(t, port):
    text, status = cli(port, "--raw", "--latency", "-i", "1")
    t.check(status == 0 and re.fullmatch(r"\d+ \d+ \d+\.\d+ [1-9]\d*\s*", text), "--latency", repr(text[-200:]))
    ok, text = endless(port, r"(?s)samples.*samples|(\d+ \d+ \S+ \d+\s+){2}", "--latency-history", "-i", "0.3")
    t.check(ok, "--latency-history", repr(text[-300:]))
    ok, text = endless(port, r"(?s)---.*\n.*---|\x1b\[\d", "--latency-dist", "-i", "0.3")
    t.check(ok, "--latency-dist", repr(text[-300:]))


def monitor(t, port):
    def ping():
        cli(port, "echo", "somebody was here")

    ok, text = endless(port, r'"echo" "somebody was here"', "monitor", meanwhile=ping)
    t.check(ok, "MONITOR", text[-500:])


def help_texts(t, port):
    text, status = cli(port, "help", "set")
    t.check(status == 0 and re.search(r"SET key value", plain(text)), "help set", text[-500:])
    text = cli(port, stdin=b"help set\nhelp config rewrite\nhelp @string\n")[0]
    t.check("key value [NX|XX] [GET] [EX seconds|PX milliseconds|" in plain(text), "the server's own arguments", text[:500])
    t.check("CONFIG REWRITE" in text and "GETRANGE" in text, "subcommands and groups", text[-500:])


def hints(t, port):
    """A prompt on a terminal: what may follow is shown in grey behind what was typed."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ["TERM"] = "xterm"
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 160, 0, 0))
        os.execvp("redis-cli", ["redis-cli", "-p", str(port)])
    text, typed, end = "", b"getex k ", time.monotonic() + 20
    while "[EX seconds|PX milliseconds" not in text and time.monotonic() < end:
        if typed and text.endswith("> ") or typed and "> " in text:
            os.write(terminal, typed)
            typed = b""
        if select.select([terminal], [], [], 0.05)[0]:
            text += os.read(terminal, 65536).decode("latin1")
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(terminal)
    t.check("[EX seconds|PX milliseconds" in text, "a hint", repr(text[-500:]))


def rdb(t, port):
    text, status = cli(port, "--rdb", "/dev/null")
    t.check(status != 0 and "unknown command" in text, "--rdb says why it cannot", repr(text[-300:]))


def main():
    port = int(sys.argv[1])
    t = servers.Tally()
    for test in (big_and_mem_keys, hot_keys, statistics, latencies, monitor, help_texts, hints, rdb):
        t.run(test, port)
    return t.end()


if __name__ == "__main__":
    sys.exit(main())
