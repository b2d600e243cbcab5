"""What the server counts: calls by command, whichever way they came and wherever they waited; slow calls; what
took long."""
import re
import threading
import urllib.request

import harness
import resp
import servers
from harness import OK


def rows(c, section):
    """Values by name, those of "a=1,b=2" as dictionaries."""
    found = {}
    for line in resp.plain(c.call("INFO", section)).decode().split("\r\n"):
        name, bar, value = line.partition(":")
        if bar:
            pairs = re.findall(r"([^=,]+)=([^,]*)", value)
            found[name] = {k: float(v) for k, v in pairs} if pairs else value
    return found


def calls(c, command):
    row = rows(c, "commandstats").get(f"cmdstat_{command}", {})
    return tuple(int(row.get(name, 0)) for name in ("calls", "rejected_calls", "failed_calls"))


def pipeline(c, commands):
    c.send_raw(b"".join(resp.encode(command) for command in commands))
    return [c.read() for _ in commands]


def pipelines_count_each_call_of_each_command(t, new, given):
    del given
    server = new().start()
    with server.connect() as c:
        c.call("CONFIG", "RESETSTAT")
        commands = []
        for i in range(3000):
            commands += [("SET", f"k{i}", "v"), ("GET", f"k{i}"), ("INCR", f"k{i}"), ("GET",)][:1 + i % 4]
        pipeline(c, commands)
        t.equal(calls(c, "set"), (3000, 0, 0), "SET")
        t.equal(calls(c, "get"), (2250, 750, 0), "GET, a quarter of them without a key")
        t.equal(calls(c, "incr"), (1500, 0, 1500), "INCR of what is no number")
        t.equal(rows(c, "errorstats"), {"errorstat_ERR": {"count": 2250.0}}, "errors by code")
        stats = rows(c, "commandstats")
        for name in ("set", "get", "incr"):
            row = stats[f"cmdstat_{name}"]
            t.check(abs(row["usec"] / row["calls"] - row["usec_per_call"]) <= 0.011, f"{name}: usec_per_call")
        took = sum(row["usec"] for row in stats.values())
        t.check(0 < took < 60 * 1000000, "they took some time, less than the test", took)
        percentiles = rows(c, "latencystats")["latency_percentiles_usec_set"]
        t.check(0 < percentiles["p50"] <= percentiles["p99"] <= percentiles["p99.9"], "percentiles rise", percentiles)
        histogram = resp.plain(c.call("LATENCY", "HISTOGRAM", "set"))
        t.equal(histogram[1][1], 3000, "LATENCY HISTOGRAM: calls")
        t.equal(histogram[1][3][-1], 3000, "... of which its last line has all")


def calls_that_wait_for_the_disk_count_once(t, new, given):
    """Most of the keys are in tables that no cache holds."""
    del given
    server = new("--memtable-size", "256kb", "--cache-size", "64kb", "--log-segment-size", "1mb").start()
    with server.connect() as c:
        value = b"x" * 2000
        for first in range(0, 4000, 500):
            pipeline(c, [("SET", f"k{i}", value) for i in range(first, first + 500)])
        server.stop()
        server.start()
    with server.connect() as c:
        c.call("CONFIG", "RESETSTAT")
        replies = pipeline(c, [("GET", f"k{i}") for i in range(4000)])
        t.equal(replies, [("$", value)] * 4000, "all are there")
        waited = int(rows(c, "stats")["calls_fetched"])
        t.check(waited > 100, "many waited", waited)
        t.equal(calls(c, "get"), (4000, 0, 0), "each counts once")


def every_way_to_run_a_command_counts(t, new, given):
    """EXEC, HTTP, a user who may not, a client who is not logged in."""
    del given
    http = servers.free_port()
    server = new("--http-port", str(http), "--http-bind", "127.0.0.1").start()
    with server.connect() as c, server.connect() as other:
        c.call("CONFIG", "RESETSTAT")
        c.call("MULTI")
        for command in (("SET", "a", "1"), ("INCR", "a"), ("LPUSH", "a"), ("GET", "a")):
            c.call(*command)
        t.equal(c.call("EXEC")[0], "-", "one has the wrong number of arguments, or is unknown")
        c.call("MULTI")
        for command in (("SET", "a", "x"), ("INCR", "a"), ("GET", "a")):
            c.call(*command)
        t.equal(c.call("EXEC")[1][2], ("$", b"x"), "EXEC")
        t.equal(calls(c, "incr"), (1, 0, 1), "INCR within EXEC")
        t.equal(calls(c, "exec"), (2, 0, 1), "EXEC")
        url = f"http://127.0.0.1:{http}"
        with urllib.request.urlopen(urllib.request.Request(f"{url}/api/v1/keys/h", b"v", method="PUT")) as answer:
            t.equal(answer.status, 200, "PUT")
        t.equal(calls(c, "set"), (2, 0, 0), "SET within EXEC and by HTTP")
        other.call("ACL", "SETUSER", "few", "on", ">p", "~*", "+get")
        other.call("AUTH", "few", "p")
        t.equal(other.call("SET", "a", "b")[0], "-", "not allowed")
        t.equal(calls(c, "set"), (2, 1, 0), "and rejected")
        c.call("CONFIG", "SET", "requirepass", "secret")
        with server.connect() as stranger:
            t.equal(stranger.call("GET", "a"), ("-", b"NOAUTH Authentication required."), "a stranger")
        codes = rows(c, "errorstats")
        t.equal(codes["errorstat_NOPERM"], {"count": 1.0}, "NOPERM")
        t.equal(codes["errorstat_NOAUTH"], {"count": 1.0}, "NOAUTH")
        t.equal(codes["errorstat_EXECABORT"], {"count": 1.0}, "EXECABORT")
        c.call("CONFIG", "SET", "requirepass", "")
        with urllib.request.urlopen(f"{url}/metrics") as answer:
            metrics = answer.read().decode()
        t.check('\nhenge_commands_calls_total{cmd="set"} 2\n' in metrics, "/metrics: calls")
        t.check('\nhenge_commands_rejected_total{cmd="set"} 1\n' in metrics, "/metrics: rejected")
        t.check('\nhenge_errors_total{code="NOPERM"} 1\n' in metrics, "/metrics: errors")


def a_slow_call_is_seen_among_quick_ones(t, new, given):
    """In one pipeline; it takes slices, between which others run."""
    del given
    server = new().start()
    with server.connect() as c:
        for first in range(0, 300000, 10000):
            pipeline(c, [("SET", f"key:{i}", "v") for i in range(first, first + 10000)])
        c.call("SLOWLOG", "RESET")
        c.call("CONFIG", "SET", "latency-monitor-threshold", "5")
        c.call("CONFIG", "SET", "slowlog-log-slower-than", "5000")
        c.call("CLIENT", "SETNAME", "tester")
        pipeline(c, [("GET", "key:1")] * 20 + [("KEYS", "nothing*")] + [("GET", "key:2")] * 20)
        entries = [e for e in resp.plain(c.call("SLOWLOG", "GET")) if e[3][0] == b"KEYS"]
        t.equal([e[3] for e in entries], [[b"KEYS", b"nothing*"]], "SLOWLOG GET: KEYS, once")
        t.check(entries and entries[0][2] >= 5000, "it took long", entries)
        t.check(entries and entries[0][4].startswith(b"127.0.0.1:") and entries[0][5] == b"tester", "who", entries)
        t.equal(calls(c, "keys"), (1, 0, 0), "and counts once")
        events = {e[0]: e for e in resp.plain(c.call("LATENCY", "LATEST"))}
        t.check(b"command" in events and events[b"command"][2] >= 5, "LATENCY LATEST", events)
        history = resp.plain(c.call("LATENCY", "HISTORY", "command"))
        t.check(history and max(ms for _, ms in history) == events[b"command"][3], "LATENCY HISTORY", history)
        t.check(b"command: " in resp.plain(c.call("LATENCY", "DOCTOR")), "LATENCY DOCTOR")
        t.check(b"command - high" in resp.plain(c.call("LATENCY", "GRAPH", "command")), "LATENCY GRAPH")
        t.check(resp.plain(c.call("LATENCY", "RESET")) >= 1, "LATENCY RESET")


def the_slow_log_is_bounded(t, new, given):
    """Large calls from several clients, all of them kept: the memory is that of what is shown."""
    del given
    server = new("--slowlog-log-slower-than", "0", "--slowlog-max-len", "1000").start()

    def work(n):
        with server.connect() as c:
            for i in range(50):
                pipeline(c, [("MSET", *[f"{n}:{i}:{j}" + "k" * 200 for j in range(60)])] * 4)

    before = harness.resident_mib(server.pid)
    workers = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    with server.connect() as c:
        t.equal(c.call("SLOWLOG", "LEN"), (":", 1000), "as many as may be")
        entry = resp.plain(c.call("SLOWLOG", "GET", "-1"))[-1]
        t.equal((len(entry[3]), entry[3][-1]), (32, b"... (30 more arguments)"), "arguments are cut")
        t.check(entry[3][1].endswith(b" more bytes)"), "and long ones")
        t.equal(c.call("CONFIG", "SET", "slowlog-max-len", "3"), OK, "a shorter one")
        t.equal(c.call("SLOWLOG", "LEN"), (":", 3), "is one at once")
    print(f"  1000 entries: {harness.resident_mib(server.pid) - before:.0f} MiB more, data included")


if __name__ == "__main__":
    harness.main(__doc__, [
        pipelines_count_each_call_of_each_command, calls_that_wait_for_the_disk_count_once,
        every_way_to_run_a_command_counts, a_slow_call_is_seen_among_quick_ones, the_slow_log_is_bounded])
