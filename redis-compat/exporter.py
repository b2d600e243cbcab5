"""The Prometheus exporter of Redis (Debian's prometheus-redis-exporter, unpacked) against Henge and the
distribution's redis-server: the same metrics by name, but for exporter_differences.txt, and true ones."""
import os
import re
import sys
import urllib.error
import urllib.request

import resp
import servers

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = f"{servers.ROOT}/build/redis/root/usr/bin/prometheus-redis-exporter"
CALLS = [("SET", "a", "value"), ("SET", "b", "1", "EX", "1000"), ("INCR", "b"), ("GET", "a"), ("GET", "absent"), ("INCR", "a"),
         ("MGET", "a", "b"), ("NOSUCH",), ("EXPIRE", "a", "1000"), ("DEL", "absent"), ("PUBLISH", "c", "m"), ("DBSIZE",)]


def known_differences():
    """{"-metric" or "+metric": reason}: what only Redis, or only Henge, makes the exporter tell."""
    known = {}
    with open(f"{HERE}/exporter_differences.txt", encoding="utf8") as f:
        for number, line in enumerate(f, 1):
            if line.strip() and not line.startswith("#"):
                name, _, reason = line.strip().partition("\t")
                if name[0] not in "-+" or not reason.strip():
                    raise SystemExit(f"exporter_differences.txt:{number}: not -METRIC or +METRIC, a tab and a reason")
                known[name] = reason.strip()
    return known


class Exporter(servers.Server):
    """The exporter of the server at an address; ready when it tells metrics."""

    def __init__(self, address):
        super().__init__("exporter", [PROGRAM, "--redis.addr", f"redis://127.0.0.1:{address[1]}", "--web.listen-address",
                                      "127.0.0.1:{port}", "--check-single-keys", "db0=a,db0=b", "--include-system-metrics"])

    def metrics(self, timeout=30):
        """{name with labels: value}"""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=timeout) as page:
            lines = page.read().decode().splitlines()
        return dict(line.rsplit(" ", 1) for line in lines if line and line[0] != "#")

    def is_ready(self, timeout):
        try:
            return bool(self.metrics(timeout))
        except urllib.error.URLError:
            return False


def told(address):
    with resp.Connection(address) as connection:
        for call in CALLS:
            connection.call(*call)
        with Exporter(address).start() as exporter:
            exporter.metrics()  # the first one sends CONFIG, LATENCY, SLOWLOG
            return exporter.metrics()


def names(metrics):
    """Of what is told of the server, not of the exporter itself."""
    return {name for name in (key.partition("{")[0] for key in metrics) if name.startswith("redis_")}


def compare(t, redis, henge):
    ours, theirs = told(henge), told(redis)
    known = known_differences()
    found = {f"-{name}" for name in names(theirs) - names(ours)} | {f"+{name}" for name in names(ours) - names(theirs)}
    for name in sorted(found | set(known)):
        if name not in found:
            t.check(False, f"exporter_differences.txt: {name}", "there is no such difference any more")
        else:
            t.check(name in known, f"the exporter's {name}", "only Redis has it" if name[0] == "-" else "only Henge has it")
    t.passed += len(names(ours) & names(theirs))
    for name, expected in (("redis_up", "1"), ("redis_exporter_last_scrape_error{err=\"\"}", "0"), ("redis_db_keys{db=\"db0\"}", "2"),
                           ("redis_db_keys_expiring{db=\"db0\"}", "2"), ("redis_commands_total{cmd=\"incr\"}", "2"),
                           ("redis_errors_total{err=\"ERR\"}", "2"), ("redis_keyspace_hits_total", theirs.get("redis_keyspace_hits_total")),
                           ("redis_keyspace_misses_total", theirs.get("redis_keyspace_misses_total")),
                           ("redis_key_size{db=\"db0\",key=\"a\"}", "5"), ("redis_key_value{db=\"db0\",key=\"b\"}", "2"),
                           ("redis_connected_clients", theirs.get("redis_connected_clients"))):
        t.equal(ours.get(name), expected, f"the exporter's {name}")
    labels = {re.sub(r'"[^"]*"', '""', key) for key in ours if key.startswith("redis_instance_info")}
    t.equal(labels, {re.sub(r'"[^"]*"', '""', key) for key in theirs if key.startswith("redis_instance_info")}, "redis_instance_info's labels")


def main():
    t = servers.Tally()
    with servers.redis().start("--appendonly", "yes") as redis, servers.henge().start() as henge:
        t.run(compare, redis.address, henge.address)
    return t.end()


if __name__ == "__main__":
    sys.exit(main())
