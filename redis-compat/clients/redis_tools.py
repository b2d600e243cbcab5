"""redis-cli (RESP2 and -3) and redis-benchmark, as people run them."""
import os
import pty
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import servers  # noqa: E402


def cli(port, *arguments, stdin=None):
    command = ["redis-cli", "-p", str(port), *arguments]
    done = subprocess.run(command, capture_output=True, input=stdin or b"", timeout=60, check=False)
    return done.stdout.decode("latin1")


def smoke(t, port, *options):
    def run(*arguments):
        return cli(port, *options, *arguments).rstrip("\n")

    t.equal(run("set", "k", "v", "EX", "100"), "OK", "set")
    t.equal(run("get", "k"), "v", "get")
    t.equal(run("ttl", "k") in ("100", "99", "98"), True, "ttl")
    t.equal(run("get", "absent"), "", "get of nothing")
    t.equal(run("incr", "k"), "ERR value is not an integer or out of range", "an error")
    t.equal(run("mget", "k", "absent"), "v", "mget")
    t.equal(run("--no-raw", "get", "k"), '"v"', "--no-raw")
    t.equal(run("--no-raw", "exists", "k"), "(integer) 1", "an integer")
    t.equal(run("--no-raw", "get", "absent"), "(nil)", "nil")
    t.equal(run("-n", "3", "dbsize"), "0", "-n 3")
    t.equal("redis_version:7." in run("info", "server"), True, "info")
    t.equal("appendfsync" in run("config", "get", "appendfsync"), True, "config get")
    t.equal("unknown command" in run("nosuch"), True, "an unknown command")


def resp2(t, port):
    smoke(t, port)


def resp3(t, port):
    smoke(t, port, "-3")


def many(t, port):
    cli(port, "flushall")
    lines = b"".join(b"SET key:%d value\n" % i for i in range(5000))
    t.equal(cli(port, stdin=lines).split(), ["OK"] * 5000, "5000 commands from standard input")
    t.equal(len(cli(port, "--scan").split()), 5000, "--scan")
    t.equal(len(cli(port, "--scan", "--pattern", "key:12*").split()), 111, "--scan --pattern")
    bulk = b"".join(b"*3\r\n$3\r\nSET\r\n$%d\r\nbulk:%d\r\n$1\r\nx\r\n" % (len(b"bulk:%d" % i), i) for i in range(20000))
    got = cli(port, "--pipe", stdin=bulk)
    t.equal("errors: 0, replies: 20000" in got, True, f"--pipe: {got!r}")
    t.equal(cli(port, "dbsize").strip(), "25000", "all are there")


def modes(t, port):
    def some(seconds, *arguments):
        """What it prints on a terminal until it is stopped."""
        terminal, end = pty.openpty()
        command = ["timeout", "-s", "INT", str(seconds), "redis-cli", "-p", str(port), *arguments]
        with subprocess.Popen(command, stdout=end, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
            os.close(end)
            printed = b""
            try:
                while part := os.read(terminal, 65536):
                    printed += part
            except OSError:  # the other end is closed
                pass
        os.close(terminal)
        return printed.decode("latin1").replace("\r\n", "\n")

    stat = some(2.5, "-i", "0.2", "--stat").splitlines()
    t.check(stat[0].startswith("------- data"), "--stat: its head", stat[:2])
    t.check(len([line for line in stat if line[:1].isdigit()]) >= 5, "--stat: its lines", stat[:5])
    t.check(all(len(line.split()) >= 7 for line in stat[2:4]), "--stat: all columns", stat[2:4])
    sample = r"min: \d+, max: \d+, avg: \d+\.\d+ \(\d+ samples\)"
    for option in ("--latency", "--latency-history"):
        shown = some(1.5, "-i", "0.5", option)
        t.check(re.search(sample, shown), option, shown[:200])
    shown = some(2.5, "-i", "1", "--latency-dist")
    t.check(shown.count("\x1b[38;5;0m\x1b[48;5;0m.") >= 1, "--latency-dist: its lines", shown[-300:])
    t.check("# Keyspace" in cli(port, "info"), "info")
    t.check("calls" in cli(port, "latency", "histogram", "set"), "latency histogram")


def benchmark(t, port, requests):
    command = ["redis-benchmark", "-p", str(port), "-t", "set,get,incr,mset", "-P", "16", "-r", "1000000", "-d", "100",
               "-n", str(requests), "-q"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL, check=False)
    lines = [line.strip() for line in done.stdout.replace("\r", "\n").splitlines()]
    results = [line for line in lines if "requests per second" in line]
    t.equal(done.returncode, 0, f"redis-benchmark's status: {done.stderr}")
    t.equal(len(results), 4, "four results")
    t.equal([line for line in lines + done.stderr.splitlines() if "rror" in line], [], "no error")
    print("\n".join(results))


def main():
    port = int(sys.argv[1])
    t = servers.Tally()
    for test in (resp2, resp3, many, modes):
        t.run(test, port)
    t.run(benchmark, port, int(sys.argv[2]) if len(sys.argv) > 2 else 300000)
    return t.end()


if __name__ == "__main__":
    sys.exit(main())
