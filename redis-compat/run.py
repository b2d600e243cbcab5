"""Real clients and the differential runner against a server this starts: `make compat`; with
--smoke, the part of it that `make check` has time for."""
import argparse
import sys
import time

import categories
import clients
import dialogues
import differential
import exporter
import report
import servers

def compare_categories(t):
    oracle, henge = servers.redis().start(), servers.henge().start()
    t.run(categories.compare, oracle.address, henge.address)
    for server in (oracle, henge):
        server.remove()


def compare(t, seed, commands):
    for proto in (2, 3):
        begun = time.monotonic()
        runner = differential.compare(seed, commands, proto)
        t.passed += runner.passed
        t.failed += runner.failed
        print(f"differential, RESP{proto}, seed {seed}: {runner.passed} passed, {runner.failed} failed "
              f"({time.monotonic() - begun:.1f} s)", flush=True)


def compare_all(t, given):
    """With the distribution's redis-server."""
    compare_categories(t)
    seed = 1 if given.smoke and given.seed is None else given.seed
    with servers.henge().start() as henge, servers.redis().start() as redis:
        t.run(dialogues.compare, henge, redis)
    if not given.smoke:
        with servers.henge().start() as henge, servers.redis().start() as redis:
            t.run(exporter.compare, henge, redis)
    compare(t, int(time.time()) if seed is None else seed, 3000 if given.smoke else 20000)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="under a minute")
    parser.add_argument("--port", type=int, help="of a server that runs (its data is flushed)")
    parser.add_argument("--only", default="", help="the clients whose name contains this, and nothing else")
    parser.add_argument("--seed", type=int, help="of the differential runner; random, and printed, if not given")
    given = parser.parse_args()
    t = servers.Tally()
    if given.port:
        clients.try_all(t, given.port, {}, given.smoke, given.only)
        return t.end()
    ground = clients.Ground()
    sent, skipped = clients.try_all(t, ground.port, ground.environment(), given.smoke, given.only)
    if not given.smoke and not given.only:
        t.run(report.check, ground.port, sent, skipped)
    ground.end(t)
    if not given.only:
        compare_all(t, given)
    return t.end()


if __name__ == "__main__":
    sys.exit(main())
