"""CLUSTER of one node that has every slot, asked of the distribution's redis-server and of Henge in both
protocols: the replies must be the same, but for identities, addresses and what only one of them counts."""
import re
import sys
import time

import resp
import servers

KEYS = 60
OWN_FIELDS = {b"cluster_stats_messages_sent", b"cluster_stats_messages_received", b"cluster_current_epoch", b"cluster_my_epoch"}


def asked(keys):
    yield from ([b"KEYSLOT", key] for key in keys)
    yield from ([b"KEYSLOT", key] for key in (b"", b"{}x", b"a{b}c", b"a{b", b"{{x}}y", b"\x00\xff"))
    for slot in (b"0", b"16383", b"15891", b"16384", b"-1", b"x", b""):
        yield [b"COUNTKEYSINSLOT", slot]
        yield from ([b"GETKEYSINSLOT", slot, count] for count in (b"0", b"2", b"100", b"-1", b"x"))
    for name in (b"INFO", b"NODES", b"SLOTS", b"SHARDS", b"MYID", b"LINKS"):
        yield [name]
        yield [name, b"x"]
    for name in (b"REPLICAS", b"SLAVES", b"COUNTKEYSINSLOT", b"GETKEYSINSLOT", b"KEYSLOT", b"nosuch"):
        yield [name]
    yield [b"REPLICAS", b"0" * 40]
    yield [b"REPLICAS", b"x" * 10]


def plain(value, names):
    """Without identity and port."""
    if isinstance(value, (tuple, list)):
        return type(value)(plain(item, names) for item in value)
    if isinstance(value, bytes):
        for name in names:
            value = value.replace(name, b"NAME")
        return value
    return value


def normal(words, reply, me, port):
    reply = plain(reply, (me,))
    if words[0] == b"INFO" and isinstance(reply[1], bytes):
        fields = dict(line.split(b":", 1) for line in reply[1].split(b"\r\n") if b":" in line)
        return {k: v for k, v in fields.items() if not re.match(rb"cluster_stats_messages_(\w+_)?(sent|received)", k) and k not in OWN_FIELDS}
    text = re.sub(rf":{port}@\d+", ":PORT@BUS", repr(reply))
    text = re.sub(rf"\b{port}\b", "PORT", text)
    if words[0] == b"NODES":  # the epoch begins at 0 in Redis; the port of other nodes is not open here
        text = re.sub(r"- 0 0 \d+ connected", "- 0 0 EPOCH connected", text)
    if words[0] == b"SHARDS":
        text = re.sub(r"replication-offset', \(':', \d+", "replication-offset', (':', N", re.sub(r'b"', "'", text.replace("b'", "'")))
        text = re.sub(r"(replication-offset'\), \(':', )\d+", r"\1N", text)
    # Redis does not know its own address until another node tells it; Henge tells the one at which it was found.
    return text.replace("b'127.0.0.1:PORT@", "b':PORT@").replace("NAME 127.0.0.1:PORT@", "NAME :PORT@").replace("127.0.0.1", "")


def conversation(server, proto, keys):
    with resp.Connection(server.address) as c:
        if proto == 3:
            c.call("HELLO", "3")
        c.call("FLUSHALL")
        for key in keys:
            c.call("SET", key, "v")
        me = c.call("CLUSTER", "MYID")[1]
        return [(words, normal(words, c.call("CLUSTER", *words), me, server.port)) for words in asked(keys)] + \
               [(words, c.call(*words)) for words in (["READONLY"], ["READWRITE"], ["ASKING"], ["READONLY", "x"], ["ASKING", "x"])]


def start_redis(redis):
    redis.start("--cluster-enabled", "yes", "--cluster-port", str(servers.free_port()))
    with redis.connect() as c:
        c.call("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
        end = time.monotonic() + 30
        while b"cluster_state:ok" not in c.call("CLUSTER", "INFO")[1]:
            if time.monotonic() > end:
                raise SystemExit("redis-server's cluster of one does not become ok")
    return redis


def compare(t):
    keys = [b"{t}%d" % i for i in range(3)] + [b"key%d" % i for i in range(KEYS)]
    with servers.henge("--cluster-enabled", "yes").start() as henge, start_redis(servers.redis()) as redis:
        for proto in (2, 3):
            for (words, ours), (_, theirs) in zip(conversation(henge, proto, keys), conversation(redis, proto, keys)):
                if words[0] == b"GETKEYSINSLOT" and ours != theirs and len(str(ours)) == len(str(theirs)):
                    continue  # a count below all there are: which ones is each server's own
                t.equal(ours, theirs, f"RESP{proto}: CLUSTER {words}")


def main():
    t = servers.Tally()
    t.run(compare)
    return t.end()


if __name__ == "__main__":
    sys.exit(main())
