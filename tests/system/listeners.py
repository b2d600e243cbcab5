"""Clients that listen: bounded output of who does not read, key events that wait for the log, expiries
heard of in time (keys on disk too), a bounded table of tracked keys, what a pause holds up."""
import os
import socket
import time

import harness
import resp
from harness import MIB, OK


def message(channel, text):
    return ("*", [("$", b"message"), ("$", channel), ("$", text)])


def info(c, section, name):
    for line in resp.plain(c.call("INFO", section)).split(b"\r\n"):
        if line.startswith(name.encode() + b":"):
            return int(line.split(b":")[1])
    return None


def a_subscriber_that_does_not_read_is_cut_off(t, new, given):
    """At the hard limit at once; below it others are served, and one who reads gets everything."""
    del given
    server = new("--client-output-buffer-limit", "pubsub 4mb 0 0").start()
    with server.connect() as deaf, server.connect() as reader, server.connect() as c:
        deaf.call("SUBSCRIBE", "c")
        reader.call("SUBSCRIBE", "c")
        text, sent = b"x" * 100000, 0
        with harness.Watch(server) as watch:
            while c.call("PUBLISH", "c", text) == (":", 2):
                t.equal(reader.read(), message(b"c", text), "who reads gets it")
                sent += len(text)
                if sent > 100 * MIB:
                    break
        t.check(4 * MIB <= sent <= 30 * MIB, "cut off at 4 MiB, and what the kernel takes", f"{sent} bytes")
        watch.judge(t, "a deaf subscriber", 30)
        t.equal(reader.read(), message(b"c", text), "the last one too")
        t.equal(c.call("PUBSUB", "NUMSUB", "c"), ("*", [("$", b"c"), (":", 1)]), "one is left")
        t.equal(info(c, "stats", "client_output_buffer_limit_disconnections"), 1, "and INFO says so")


def many_deaf_subscribers_do_not_fill_memory(t, new, given):
    """Each within its own limit: together they have what clients may have of maxmemory."""
    del given
    server = new("--maxmemory", "64mb").start()
    deaf = [server.connect() for _ in range(40)]
    for d in deaf:
        d.call("SUBSCRIBE", "c")
    with server.connect() as c, harness.Watch(server) as watch:
        for _ in range(100):
            c.call("PUBLISH", "c", b"x" * 200000)
        t.check(info(c, "stats", "client_output_buffer_limit_disconnections") > 0, "some are cut off")
    watch.judge(t, "40 deaf subscribers, 20 MB for each", 70)
    for d in deaf:
        d.close()


def a_soft_limit_gives_time(t, new, given):
    del given
    server = new("--client-output-buffer-limit", "pubsub 0 64kb 3").start()
    with server.connect() as deaf, server.connect() as c:
        deaf.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.call("SUBSCRIBE", "c")
        begun = time.monotonic()
        for _ in range(100):
            c.call("PUBLISH", "c", b"x" * 100000)
        t.equal(c.call("PUBSUB", "NUMSUB", "c"), ("*", [("$", b"c"), (":", 1)]), "not yet")
        gone = harness.until(lambda: c.call("PUBSUB", "CHANNELS") == ("*", []), 10)
        t.check(gone and time.monotonic() - begun > 3, "after its time")


def a_monitor_that_does_not_read_is_cut_off(t, new, given):
    del given
    server = new("--client-output-buffer-limit", "pubsub 1mb 0 0").start()
    with server.connect() as deaf, server.connect() as c:
        deaf.call("MONITOR")
        with harness.Watch(server) as watch:
            for _ in range(400):
                c.call("SET", "k", b"x" * 100000)
        watch.judge(t, "a deaf monitor", 80)
        t.check(b"flags=O" not in c.call("CLIENT", "LIST")[1], "it is gone")
    with server.connect() as seen, server.connect() as c:
        c.call("CONFIG", "SET", "client-output-buffer-limit", "pubsub 0 0 0")
        seen.call("MONITOR")
        c.call("SET", "k", b"\x01" * MIB)
        t.check(len(seen.read()[1]) < MIB + 1000, "no more than a part of a large call is shown")


def cpu_seconds(server):
    with open(f"/proc/{server.pid}/stat", encoding="ascii") as f:
        return sum(map(int, f.read().rsplit(")", 1)[1].split()[11:13])) / os.sysconf("SC_CLK_TCK")


def who_leaves_all_patterns_does_not_look_at_all_channels_for_each(t, new, given):
    del given
    server = new().start()
    count = 5000 if harness.sanitized(server) else 20000
    spent = {}
    with server.connect(timeout=120) as c:
        for kind in "", "P":
            c.send(f"{kind}SUBSCRIBE", *[f"{kind}{i}" for i in range(count)])
            for _ in range(count):
                c.read()
        for kind in "P", "": # the channels are in front of the patterns
            begun = cpu_seconds(server)
            c.send(f"{kind}UNSUBSCRIBE")
            got = [c.read() for _ in range(count)]
            spent[kind] = cpu_seconds(server) - begun
            t.equal(got[-1][1][1], ("$", f"{kind}{count - 1}".encode()), "they end in order")
    print(f"  {count} patterns: {spent['P']:.2f} s of CPU, as many channels: {spent['']:.2f} s")
    t.check(spent["P"] < 2 * spent[""] + 0.1, "patterns end as fast as channels")


def ten_thousand_channels_and_clients_cost_nothing(t, new, given):
    """A message to one of many: as fast as to the only one."""
    del given
    server = new().start()
    many = [server.connect() for _ in range(200)]
    each = 5 if harness.sanitized(server) else 50

    def cost(c, listener):
        begun = cpu_seconds(server)
        batch = b"".join([resp.encode(("PUBLISH", "mine", "m"))] * 500)
        for _ in range(20 if harness.sanitized(server) else 100):
            c.send_raw(batch)
            for _ in range(500):
                c.read()
                listener.read()
        return cpu_seconds(server) - begun

    with server.connect() as c, server.connect() as listener:
        listener.call("SUBSCRIBE", "mine")
        alone = cost(c, listener)
        for n, one in enumerate(many):
            one.send("SUBSCRIBE", *[f"{n}:{i}" for i in range(each)])
            for _ in range(each):
                one.read()
        t.equal(len(c.call("PUBSUB", "CHANNELS", "1:*")[1]), each, "channels of one client")
        crowded = cost(c, listener)
        print(f"  50,000 messages: {alone:.2f} s of CPU alone, {crowded:.2f} s among many")
        t.check(crowded < 2 * alone + 0.05, "as cheap among many", f"{alone:.2f} s of CPU alone, {crowded:.2f} s among many")
    for one in many:
        one.close()
    with server.connect() as c:
        gone = harness.until(lambda: c.call("PUBSUB", "CHANNELS") == ("*", []), 5)
        t.check(gone, "who leaves takes its subscriptions along")


def expiries_are_heard_of_in_time(t, new, given):
    """Of keys in memory and of keys in tables, written before anybody listened, beside many that expire later;
    also when the server was started anew since."""
    del given
    server = new("--memtable-size", "1mb", "--maxmemory", "128mb").start()
    count = 3000 if harness.sanitized(server) else 60000
    probes = 100

    def write(c, prefix, first_ms):
        for i in range(0, count, 1000):
            for j in range(i, i + 1000):
                c.send("SET", f"later:{j}", "x" * 100, "PX", 600000 + j)
                if j % (count // probes) == 0:
                    c.send("SET", f"{prefix}:{j}", "v", "PXAT", first_ms + 10 * (j * probes // count))
            for j in range(i, i + 1000):
                c.read()
                if j % (count // probes) == 0:
                    c.read()

    def judge(listener, prefix, first_ms, what):
        late = []
        while len(late) < probes:
            name = listener.read()[1][2][1]
            if name.startswith(prefix):
                number = int(name.split(b":")[1])
                late.append(time.time() * 1000 - (first_ms + 10 * (number * probes // count)))
        t.check(min(late) >= 0, f"{what}: none early", f"{min(late):.1f} ms")
        middle = sorted(late)[probes // 2]
        print(f"  {what}: {middle:.1f} ms late in the middle, {max(late):.1f} ms at most")
        t.check(middle < (100 if harness.sanitized(server) else 10), f"{what}: in time", f"{middle:.1f} ms")

    with server.connect(timeout=60) as c:
        first = int(time.time() * 1000) + 12000
        write(c, "a", first)
        t.check(info(c, "storage", "tables") > 0 or harness.sanitized(server), "there are tables")
        c.call("CONFIG", "SET", "notify-keyspace-events", "Ex")
        with server.connect(timeout=60) as listener:
            listener.call("SUBSCRIBE", "__keyevent@0__:expired")
            judge(listener, b"a", first, "written before anybody listened")
        first = int(time.time() * 1000) + 12000
        write(c, "b", first)
    server.kill()
    server.start("--notify-keyspace-events", "Ex")
    with server.connect(timeout=60) as listener, server.connect() as c:
        listener.call("SUBSCRIBE", "__keyevent@0__:expired")
        judge(listener, b"b", first, "after a restart")
        t.equal(c.call("EXISTS", "b:0"), (":", 0), "and is gone")


def events_wait_for_the_log(t, new, given):
    """Under `always` nobody hears of a write before it is answered; what came first is heard first."""
    del given
    server = new("--appendfsync", "always", "--notify-keyspace-events", "KEA").start()
    with server.connect() as listener, server.connect() as c:
        listener.call("PSUBSCRIBE", "__keyevent@0__:*", "said")
        listener.read()
        for i in range(100):
            c.send("SET", f"k{i}", "v")
            c.send("PUBLISH", "said", f"k{i}")
        for _ in range(100):
            t.equal(c.read(), OK, "SET")
            t.equal(c.read(), (":", 1), "PUBLISH")
        heard = [listener.read()[1] for _ in range(200)]
        expected = [(channel, b"k%d" % i) for i in range(100) for channel in (b"__keyevent@0__:set", b"said")]
        t.equal([(m[2][1], m[3][1]) for m in heard], expected, "in the order of the calls")


def who_tracks_a_key_on_disk_is_told_when_it_expires(t, new, given):
    del given
    server = new("--memtable-size", "1mb", "--maxmemory", "128mb").start()
    with server.connect(timeout=60) as c, server.connect(timeout=60) as tracker:
        at = int(time.time() * 1000) + (15000 if harness.sanitized(server) else 3000)
        for i in range(10):
            c.call("SET", f"probe:{i}", "v", "PXAT", at)
        for i in range(10000):
            c.send("SET", f"other:{i}", "x" * 200)
        for i in range(10000):
            c.read()
        harness.until(lambda: info(c, "storage", "tables") > 0, 5)
        tracker.call("HELLO", "3")
        tracker.call("CLIENT", "TRACKING", "ON")
        for i in range(10):
            t.equal(tracker.call("GET", f"probe:{i}"), ("$", b"v"), "it is read")
        told = sorted(tracker.read()[1][1][1][0][1] for _ in range(10))
        t.check(0 <= time.time() * 1000 - at < 2000, "in time", f"{time.time() * 1000 - at:.0f} ms late")
        t.equal(told, [b"probe:%d" % i for i in range(10)], "of each key")


def the_table_of_tracked_keys_is_bounded(t, new, given):
    del given
    server = new("--tracking-table-max-keys", "1000").start()
    with server.connect() as c, server.connect() as writer:
        c.call("HELLO", "3")
        c.call("CLIENT", "TRACKING", "ON")
        told = []
        for i in range(3000):
            c.send("GET", f"k{i}")
        replies = 0
        while replies < 3000 or len(told) < 2000:
            reply = c.read()
            if reply[0] == ">":
                told.append(reply[1][1][1][0][1])
            else:
                replies += 1
        t.equal(told, [b"k%d" % i for i in range(2000)], "the oldest make way, and their clients are told")
        t.equal(info(writer, "stats", "tracking_total_keys"), 1000, "INFO")
        writer.call("SET", "k2999", "v")
        t.equal(c.read()[1][1], ("*", [("$", b"k2999")]), "what is in it is told")
        writer.call("SET", "k1", "v")
        t.equal(c.call("PING"), ("+", b"PONG"), "what is not in it is not")
        writer.call("CONFIG", "SET", "tracking-table-max-keys", "10")
        t.check(harness.until(lambda: info(writer, "stats", "tracking_total_keys") == 10, 5), "a bound that falls")
        c.call("RESET")
        t.check(harness.until(lambda: info(writer, "stats", "tracking_total_keys") == 0, 5), "nobody tracks")


def a_pause_ends_by_itself_and_loses_nothing(t, new, given):
    del given
    server = new().start()
    with server.connect() as c, server.connect() as other:
        c.call("SET", "k", "before")
        c.call("CLIENT", "PAUSE", "700", "WRITE")
        c.call("CLIENT", "PAUSE", "10", "WRITE")  # which does not make it shorter
        begun = time.monotonic()
        for i in range(1000):
            other.send("SET", f"k{i}", "after")
        other.send("SET", "k", "after")
        t.check(harness.until(lambda: b"flags=b" in c.call("CLIENT", "LIST")[1], 5), "it waits")
        t.equal(c.call("GET", "k"), ("$", b"before"), "nothing is written")
        for _ in range(1001):
            t.equal(other.read(), OK, "and goes on")
        t.check(0.6 < time.monotonic() - begun < 5, "after its time", f"{time.monotonic() - begun:.2f} s")
        t.equal(c.call("GET", "k"), ("$", b"after"), "everything is written")
        c.call("SET", "short", "v", "PX", "1")
        c.call("CLIENT", "PAUSE", "100000", "ALL")
        with server.connect(timeout=1) as late:
            late.send("PING")
            try:
                t.equal(late.read(), None, "everybody waits")
            except (socket.timeout, TimeoutError):
                t.check(True, "everybody waits")
        t.equal(server.stop(), 0, "a server that is paused ends in order")


TESTS = (a_subscriber_that_does_not_read_is_cut_off, many_deaf_subscribers_do_not_fill_memory, a_soft_limit_gives_time, a_monitor_that_does_not_read_is_cut_off,
         ten_thousand_channels_and_clients_cost_nothing, who_leaves_all_patterns_does_not_look_at_all_channels_for_each, expiries_are_heard_of_in_time, events_wait_for_the_log,
         who_tracks_a_key_on_disk_is_told_when_it_expires, the_table_of_tracked_keys_is_bounded, a_pause_ends_by_itself_and_loses_nothing)

if __name__ == "__main__":
    harness.main(__doc__, TESTS)
