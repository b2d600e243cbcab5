"""python3-redis's RedisCluster: keys of all slots, pipelines, what asks every node, and the map."""
import os
import sys

import redis
from redis.cluster import RedisCluster

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import servers  # noqa: E402

KEYS = 500


def keys(t, r):
    for i in range(KEYS):
        t.equal(r.set(f"k{i}", i), True, "set")
    t.equal([r.get(f"k{i}") for i in range(KEYS)], [str(i).encode() for i in range(KEYS)], "get")
    t.equal(r.incr("n"), 1, "incr")
    t.equal(r.mset_nonatomic({"a": "1", "b": "2", "{a}c": "3"}), [True] * 2, "mset of two slots")
    t.equal(r.mget_nonatomic("a", "b", "{a}c", "absent"), [b"1", b"2", b"3", None], "mget of many slots")
    t.equal(r.exists("a", "b", "absent"), 2, "exists of many slots")
    t.equal(r.delete("a", "b", "{a}c", "n"), 4, "delete of many slots")


def all_nodes(t, r):
    t.equal(r.dbsize(), KEYS, "dbsize, summed over the nodes")
    t.equal(len(set(r.scan_iter(count=50))), KEYS, "scan_iter")
    t.equal(sorted(r.keys("k1?")), [f"k1{i}".encode() for i in range(10)], "keys")
    t.equal(r.ping(target_nodes=RedisCluster.ALL_NODES), True, "ping")
    t.equal(r.cluster_info()["cluster_state"], "ok", "cluster_info")


def pipelines(t, r):
    with r.pipeline() as p:
        for i in range(KEYS):
            p.incr(f"p{i}")
            p.get(f"k{i}")
        got = p.execute()
    t.equal(got[0::2], [1] * KEYS, "incr in a pipeline over all slots")
    t.equal(got[1::2], [str(i).encode() for i in range(KEYS)], "get in a pipeline over all slots")
    t.equal(r.delete(*(f"p{i}" for i in range(KEYS))), KEYS, "delete of them")


def the_map(t, r):
    node = r.get_node_from_key("foo")
    t.equal((node.host, node.server_type), ("127.0.0.1", "primary"), "the node of a key")
    slots = [slot for slot, nodes in r.nodes_manager.slots_cache.items() if nodes]
    t.equal(len(slots), 16384, "every slot has a node")
    t.equal(r.cluster_keyslot("foo"), r.keyslot("foo"), "cluster_keyslot")
    t.equal(r.cluster_countkeysinslot(r.keyslot("k7")) >= 1, True, "cluster_countkeysinslot")
    t.equal("k7" in r.cluster_get_keys_in_slot(r.keyslot("k7"), 1000), True, "cluster_get_keys_in_slot")
    nodes = r.cluster_nodes()
    t.equal(sum(int(run[-1]) - int(run[0]) + 1 for n in nodes.values() for run in n["slots"]), 16384, "cluster_nodes")
    t.equal(r.readonly(target_nodes=RedisCluster.PRIMARIES), True, "readonly")
    t.equal(r.readwrite(target_nodes=RedisCluster.PRIMARIES), True, "readwrite")


def pubsub(t, r):
    p = r.pubsub()
    p.subscribe("news")
    t.equal(p.get_message(timeout=5)["type"], "subscribe", "subscribe")
    t.equal(r.publish("news", "hello") >= 1, True, "publish")
    t.equal(p.get_message(timeout=5)["data"], b"hello", "the message")
    p.close()


def reads_from_replicas(t, r):
    other = RedisCluster(host="127.0.0.1", port=r.get_primaries()[0].port, read_from_replicas=True)
    t.equal([other.get(f"k{i}") for i in range(20)], [str(i).encode() for i in range(20)], "get, replicas allowed")
    other.close()


def main():
    r = RedisCluster(host="127.0.0.1", port=int(sys.argv[1]))
    r.flushall(target_nodes=RedisCluster.PRIMARIES)
    t = servers.Tally()
    for test in (keys, all_nodes, pipelines, the_map, pubsub, reads_from_replicas):
        t.run(test, r)
    try:
        r.execute_command("CLUSTER NOSUCH", target_nodes=RedisCluster.RANDOM)
        t.check(False, "an unknown subcommand is refused")
    except redis.RedisError as error:
        t.check("unknown subcommand" in str(error), "an unknown subcommand is refused", str(error))
    return t.end()


if __name__ == "__main__":
    sys.exit(main())
