"""python3-redis as Debian ships it (RESP2): what applications and cache backends do with it."""
import os
import sys
import threading

import redis

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import servers  # noqa: E402


def raises(t, message, call, *args, **named):
    try:
        got = call(*args, **named)
    except redis.ResponseError as error:
        t.equal(str(error), message, f"the error of {args}")
    else:
        t.check(False, f"{args} is refused", f"got {got!r}")


def strings(t, r):
    t.equal(r.set("s", "v"), True, "set")
    t.equal(r.get("s"), b"v", "get")
    t.equal(r.get("absent"), None, "get of nothing")
    t.equal(r.set("s", "w", nx=True), None, "set nx of something")
    t.equal(r.set("s", "w", xx=True, get=True), b"v", "set xx get")
    t.equal(r.set("nx", "1", nx=True), True, "set nx of nothing")
    t.equal(r.append("s", "xyz"), 4, "append")
    t.equal(r.strlen("s"), 4, "strlen")
    t.equal(r.getrange("s", 1, -2), b"xy", "getrange")
    t.equal(r.setrange("s", 6, "!"), 7, "setrange")
    t.equal(r.get("s"), b"wxyz\x00\x00!", "the gap is zeros")
    t.equal(r.getdel("s"), b"wxyz\x00\x00!", "getdel")
    t.equal(r.getset("g", "1"), None, "getset")
    t.equal(r.mset({"m1": "1", "m2": b"\x00\xff\r\n"}), True, "mset")
    t.equal(r.mget("m1", "absent", "m2"), [b"1", None, b"\x00\xff\r\n"], "mget")
    t.equal(r.msetnx({"m1": "2", "m3": "3"}), False, "msetnx")
    big = os.urandom(3 << 20)
    t.equal(r.set("big", big), True, "set of 3 MiB")
    t.check(r.get("big") == big, "get of 3 MiB")


def numbers(t, r):
    t.equal(r.incr("n"), 1, "incr")
    t.equal(r.incrby("n", 41), 42, "incrby")
    t.equal(r.decr("n", 2), 40, "decrby")
    t.equal(r.incrbyfloat("n", 0.5), 40.5, "incrbyfloat")
    raises(t, "value is not an integer or out of range", r.incr, "n")
    t.equal(r.incr("o"), 1, "incr of nothing")
    raises(t, "increment or decrement would overflow", r.incrby, "o", 2**63 - 1)


def expiry(t, r):
    t.equal(r.setex("e", 100, "v"), True, "setex")
    t.check(98 <= r.ttl("e") <= 100, "ttl")
    t.check(98000 <= r.pttl("e") <= 100000, "pttl")
    t.equal(r.expire("e", 1000), True, "expire")
    t.equal(r.expire("e", 10, gt=True), False, "expire gt")
    t.equal(r.getex("e", persist=True), b"v", "getex persist")
    t.equal(r.ttl("e"), -1, "no expiry")
    t.equal(r.ttl("absent"), -2, "no key")
    t.equal(r.persist("e"), False, "persist of nothing")
    t.equal(r.expireat("e", 1), True, "expireat in the past")
    t.equal(r.exists("e"), 0, "expired")
    r.set("p", "v", px=1)
    while r.exists("p"):
        pass
    t.equal(r.get("p"), None, "gone after a millisecond")
    raises(t, "invalid expire time in 'setex' command", r.setex, "e", -1, "v")


def keys(t, r):
    r.flushdb()
    r.mset({f"key:{i}": i for i in range(5000)})
    t.equal(r.dbsize(), 5000, "dbsize")
    t.equal({*r.scan_iter(count=100)}, {b"key:%d" % i for i in range(5000)}, "scan_iter")
    t.equal(len({*r.scan_iter(match="key:12*")}), 111, "scan_iter match")
    t.equal(len({*r.scan_iter(_type="string")}), 5000, "scan_iter type")
    t.equal({*r.scan_iter(_type="hash")}, set(), "scan_iter of another type")
    t.equal(r.type("key:1"), b"string", "type")
    t.equal(r.delete("key:1", "key:2", "absent"), 2, "delete")
    t.equal(r.unlink("key:3"), 1, "unlink")
    t.equal(r.exists("key:4", "key:4", "key:1"), 2, "exists counts twice")
    t.equal(r.touch("key:4", "key:1"), 1, "touch")


def databases(t, r, port):
    other = redis.Redis(port=port, db=5, client_name="five")
    t.equal(other.set("only5", "v"), True, "another database")
    t.equal(r.get("only5"), None, "is another")
    t.equal(other.client_getname(), "five", "client name")
    t.equal(other.flushdb(), True, "flushdb")
    t.equal(other.dbsize(), 0, "is empty")
    t.check(r.dbsize() > 0, "and the first is not")
    text = redis.Redis(port=port, decode_responses=True)
    text.set("text", "grüße")
    t.equal(text.get("text"), "grüße", "decode_responses")


def pipelines(t, r):
    pipe = r.pipeline(transaction=False)
    for i in range(10000):
        pipe.set(f"p{i}", i)
    t.equal(pipe.execute(), [True] * 10000, "10,000 sets in a pipeline")
    for i in range(10000):
        pipe.get(f"p{i}")
    t.equal(pipe.execute(), [b"%d" % i for i in range(10000)], "10,000 gets in a pipeline")
    pipe.set("x", "abc").incr("x").get("x")
    got = pipe.execute(raise_on_error=False)
    t.check(got[0] is True and isinstance(got[1], redis.ResponseError) and got[2] == b"abc",
            "an error in a pipeline is its command's alone", repr(got))


def transactions(t, r):
    r.delete("tx", "ty")
    pipe = r.pipeline()  # MULTI and EXEC around it
    for i in range(5000):
        pipe.incr("tx")
    t.equal(pipe.execute(), list(range(1, 5001)), "5,000 commands in a transaction")
    pipe.set("ty", "abc").incr("ty").get("ty")
    got = pipe.execute(raise_on_error=False)
    t.check(got[0] is True and isinstance(got[1], redis.ResponseError) and got[2] == b"abc",
            "an error in a transaction is its command's alone", repr(got))
    pipe.set("ty", "new").execute_command("GET")
    try:
        t.check(False, "a wrong command aborts it", repr(pipe.execute()))
    except redis.ResponseError as error:
        t.check("wrong number of arguments" in str(error), "and says so", str(error))
    t.equal(r.get("ty"), b"abc", "and none of it ran")

    def add_one(p):
        value = int(p.get("shared tx") or 0)
        p.multi()
        p.set("shared tx", value + 1)

    workers = [threading.Thread(target=lambda: [r.transaction(add_one, "shared tx") for _ in range(50)]) for _ in range(4)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    t.equal(r.get("shared tx"), b"200", "4 threads, 50 watched increments each")
    with r.pipeline() as watching:
        watching.watch("tx")
        r.incr("tx")
        watching.multi()
        watching.get("tx")
        try:
            t.check(False, "a change is noticed", repr(watching.execute()))
        except redis.WatchError:
            t.check(True, "a change is noticed")
    t.equal(r.wait(0, 10), 0, "wait")


def threads(t, r):
    def work():
        for _ in range(500):
            r.incr("shared")

    workers = [threading.Thread(target=work) for _ in range(8)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    t.equal(r.get("shared"), b"4000", "8 threads, 500 increments each")


def server(t, r):
    info = r.info()
    t.equal(info["loading"], 0, "info: loading")
    t.check(info["redis_version"].startswith("7."), "info: redis_version", info["redis_version"])
    t.check(info["db0"]["keys"] > 0, "info: keys of db0")
    t.equal(r.ping(), True, "ping")
    t.equal(r.echo("x"), b"x", "echo")
    t.check(len(r.time()) == 2, "time")
    t.check(r.client_id() > 0, "client_id")
    t.check("appendfsync" in r.config_get("append*"), "config_get")
    t.equal(r.config_set("appendfsync", "everysec"), True, "config_set")
    t.check(r.command_count() > 30, "command_count")
    raises(t, "unknown command 'NOSUCH', with args beginning with: 'a' ", r.execute_command, "NOSUCH", "a")
    raises(t, "wrong number of arguments for 'get' command", r.execute_command, "GET")


def heard(p):
    """The next message that is no confirmation."""
    while True:
        message = p.get_message(ignore_subscribe_messages=True, timeout=5)
        if message:
            return message["type"], message["pattern"], message["channel"], message["data"]
        if not p.connection.can_read(timeout=5):
            return None


def pubsub(t, r):
    p = r.pubsub()
    p.subscribe("news")
    p.psubscribe("n*s")
    t.equal(p.get_message(timeout=5)["type"], "subscribe", "subscribe")
    t.equal(p.get_message(timeout=5)["data"], 2, "psubscribe")
    t.equal(r.publish("news", "hello"), 2, "publish")
    t.equal(heard(p), ("message", None, b"news", b"hello"), "message")
    t.equal(heard(p), ("pmessage", b"n*s", b"news", b"hello"), "pmessage")
    t.equal(r.pubsub_channels(), [b"news"], "pubsub_channels")
    t.equal(r.pubsub_numsub("news", "none"), [(b"news", 1), (b"none", 0)], "pubsub_numsub")
    t.equal(r.pubsub_numpat(), 1, "pubsub_numpat")
    p.ping("are you there")
    t.equal(p.get_message(timeout=5)["data"], b"are you there", "ping of a subscriber")
    p.unsubscribe()
    p.punsubscribe()
    p.close()
    t.equal(r.publish("news", "hello"), 0, "nobody is left")
    got = []
    p = r.pubsub()
    p.subscribe(**{"handled": lambda message: got.append(message["data"])})
    worker = p.run_in_thread(sleep_time=0.01)
    while not r.pubsub_numsub("handled")[0][1]:
        pass
    for i in range(1000):
        r.publish("handled", i)
    while len(got) < 1000 and worker.is_alive():
        pass
    worker.stop()
    worker.join()
    t.equal(got, [b"%d" % i for i in range(1000)], "a thread that listens gets everything, in order")


def key_events(t, r):
    t.equal(r.config_set("notify-keyspace-events", "KEA"), True, "config_set")
    p = r.pubsub()
    p.psubscribe("__key*@0__:*")
    t.equal(p.get_message(timeout=5)["type"], "psubscribe", "psubscribe")
    r.set("watched", "v", px=20)
    r.rename("watched", "other")
    seen = [heard(p)[2:] for _ in range(10)]
    t.equal(seen[:4], [(b"__keyspace@0__:watched", b"set"), (b"__keyevent@0__:set", b"watched"),
                       (b"__keyspace@0__:watched", b"expire"), (b"__keyevent@0__:expire", b"watched")], "set with px")
    t.equal(seen[4:8:2], [(b"__keyspace@0__:watched", b"rename_from"), (b"__keyspace@0__:other", b"rename_to")], "rename")
    t.equal(seen[8:], [(b"__keyspace@0__:other", b"expired"), (b"__keyevent@0__:expired", b"other")], "expired")
    p.close()
    r.config_set("notify-keyspace-events", "")


def monitor(t, r):
    with r.monitor() as m:
        r.set("k", "a b")
        line = m.next_command()
        while not line["command"].startswith("SET"):
            line = m.next_command()
        t.equal((line["command"], line["db"], line["client_type"]), ("SET k a b", 0, "tcp"), "monitor")


def clients(t, r):
    other = r.client()
    id = other.client_id()
    t.equal(other.client_no_evict("ON"), b"OK", "client_no_evict")
    line = next(c for c in r.client_list() if c["id"] == str(id))
    t.equal(line["flags"], "e", "client_list: flags")
    t.equal(other.execute_command("CLIENT NO-TOUCH", "ON"), b"OK", "CLIENT NO-TOUCH")
    line = next(c for c in r.client_list() if c["id"] == str(id))
    t.equal(sorted(line["flags"]), ["T", "e"], "client_list: flags")
    t.equal(r.client_pause(50), True, "client_pause")
    t.equal(r.ping(), True, "ping, after the pause")
    t.equal(r.client_unpause(), b"OK", "client_unpause")
    t.equal(r.client_trackinginfo()[1], [b"off"], "client_trackinginfo")
    t.equal(r.client_kill_filter(_id=str(id)), 1, "client_kill_filter")


def introspection(t, r):
    info = r.info("everything")
    t.equal((info["redis_version"][:2], info["loading"], info["role"]), ("7.", 0, "master"), "info")
    t.check(info["cmdstat_set"]["calls"] > 0 and info["cmdstat_set"]["usec_per_call"] >= 0, "info: cmdstat_set")
    t.check("count" in info["errorstat_ERR"], "info: errorstat_ERR")
    t.check(info["latency_percentiles_usec_set"]["p50"] > 0, "info: latency_percentiles_usec_set")
    t.check(isinstance(info["mem_fragmentation_ratio"], float), "info: a ratio is a float")
    t.equal(r.info("commandstats").keys() & {"used_memory"}, set(), "info: one section")
    t.equal(r.config_set("slowlog-log-slower-than", 0), True, "config_set")
    r.slowlog_reset()
    r.set("slow", "x" * 200)
    entry = r.slowlog_get(1)[0]
    t.equal(entry["command"], b"SET slow " + b"x" * 128 + b"... (72 more bytes)", "slowlog_get")
    t.check(entry["duration"] >= 0 and entry["start_time"] > 1600000000, "slowlog_get: duration, start_time")
    t.check(r.slowlog_len() >= 2, "slowlog_len")
    r.config_set("slowlog-log-slower-than", 10000)
    t.equal(r.execute_command("LATENCY LATEST"), [], "latency latest")
    t.equal(r.execute_command("LATENCY HISTORY", "command"), [], "latency history")
    t.equal(r.execute_command("LATENCY RESET"), 0, "latency reset")
    r.config_resetstat()
    t.equal(r.info("commandstats").keys(), {"cmdstat_config|resetstat"}, "config_resetstat")


def main():
    port = int(sys.argv[1])
    r = redis.Redis(port=port)
    r.flushall()
    t = servers.Tally()
    for test in (strings, numbers, expiry, keys, pipelines, transactions, threads, server, pubsub, key_events, monitor,
                 introspection, clients):
        t.run(test, r)
    t.run(databases, r, port)
    return t.end()


if __name__ == "__main__":
    sys.exit(main())
