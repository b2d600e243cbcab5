"""TLS beside plain, Henge and redis-server: requests a second by redis-benchmark, as ratios.

    tests/bench/tls.py [--requests 200000] [--rounds 3]

The server has one processor, redis-benchmark the other; servers take turns within a round, and the
median of the rounds counts.  Redis has its log on (appendonly yes), as Henge always has."""
import argparse
import os
import re
import statistics
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, f"{ROOT}/redis-compat")

import servers  # noqa: E402  (found by the line above)

DEPTHS = (1, 16, 64)
COMMANDS = ("SET", "GET")


def certificate(place):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", f"{place}/key", "-out", f"{place}/cert", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)


def start(make, place, *more):
    port = servers.free_port()
    server = make("--tls-port", str(port), "--tls-cert-file", f"{place}/cert", "--tls-key-file", f"{place}/key",
                  "--tls-ca-cert-file", f"{place}/cert", "--tls-auth-clients", "no", *more, cpu=0)
    server.tls_port = port
    return server.start()


def measure(server, tls, place, depth, requests):
    port = ["-p", str(server.tls_port), "--tls", "--cacert", f"{place}/cert"] if tls else ["-p", str(server.port)]
    done = subprocess.run(["taskset", "-c", "1", "redis-benchmark", *port, "-n", str(requests), "-c", "50", "-P", str(depth),
                           "-d", "100", "-r", "100000", "-t", "set,get", "-q"], capture_output=True, text=True, check=True)
    return [float(n) for n in re.findall(r"(?:SET|GET): ([0-9.]+) requests per second", done.stdout)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=200000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    place = servers.scratch("tls-bench")
    certificate(place)
    henge, redis = start(servers.henge, place), start(servers.redis, place, "--appendonly", "yes")
    cases = [(henge, False), (henge, True), (redis, False), (redis, True)]
    print("| command, pipeline | henge plain | henge TLS | TLS / plain | redis plain | redis TLS | TLS / plain | henge TLS / redis TLS |")
    print("|---|---|---|---|---|---|---|---|")
    for depth in DEPTHS:
        requests = given.requests if depth > 1 else given.requests // 4
        rounds = [[measure(server, tls, place, depth, requests) for server, tls in cases] for _ in range(given.rounds)]
        for i, command in enumerate(COMMANDS):
            plain, tls, redis_plain, redis_tls = (statistics.median(r[j][i] for r in rounds) for j in range(4))
            print(f"| {command}, {depth} | {plain / 1000:.0f} k/s | {tls / 1000:.0f} k/s | {tls / plain:.2f} | {redis_plain / 1000:.0f} k/s | "
                  f"{redis_tls / 1000:.0f} k/s | {redis_tls / redis_plain:.2f} | {tls / redis_tls:.2f} |", flush=True)


if __name__ == "__main__":
    main()
