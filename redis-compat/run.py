"""Real clients and the differential runner against a server this starts: `make compat`; with
--smoke, the part of it that `make check` has time for."""
import argparse
import sys
import time

import categories
import clients
import cluster_view
import config_names
import coverage
import dialogues
import differential
import exporter
import info_fields
import normal
import report_md
import self_test
import servers


def beside(t, test, *more):
    """A test of both servers' addresses; redis-server with a log of commands, as Henge has one."""
    with servers.redis().start("--appendonly", "yes") as redis, servers.henge().start() as henge:
        t.run(test, redis.address, henge.address, *more)


def compare(t, seed, commands, known):
    for proto in (2, 3):
        begun = time.monotonic()
        runner = differential.compare(seed, commands, proto, known=known)
        t.passed += runner.passed
        t.failed += runner.failed
        print(f"differential, RESP{proto}, seed {seed}: {runner.passed} passed, {runner.failed} failed "
              f"({time.monotonic() - begun:.1f} s)", flush=True)


def compare_all(t, given):
    """With the distribution's redis-server."""
    for test in self_test.TESTS:
        t.run(test)
    known = normal.Known(normal.KNOWN)
    beside(t, categories.compare, known)
    beside(t, info_fields.compare)
    beside(t, config_names.compare)
    with servers.henge().start() as henge, servers.redis().start() as redis:
        t.run(dialogues.compare, henge, redis)
        with henge.connect() as connection:
            t.run(coverage.check, connection, dialogues.Dialogue.spoken)
    if not given.smoke:
        beside(t, exporter.compare)
    t.run(cluster_view.compare)
    compare(t, given.seed, given.commands or (3000 if given.smoke else 30000), known)
    if not given.smoke:
        for line in known.unused():
            print(f"known_differences.txt:{line}: not seen in this run")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="under a minute")
    parser.add_argument("--port", type=int, help="of a server that runs (its data is flushed)")
    parser.add_argument("--only", default="", help="the clients whose name contains this, and nothing else")
    parser.add_argument("--seed", type=int, default=1, help="of the differential runner (default: 1); others hunt further")
    parser.add_argument("--commands", type=int, help="for it in each protocol (default: 30000; --smoke: 3000)")
    given = parser.parse_args()
    t = servers.Tally()
    if given.port:
        clients.try_all(t, given.port, {}, given.smoke, given.only)
        return t.end()
    ground = clients.Ground()
    sent, skipped = clients.try_all(t, ground.port, ground.environment(), given.smoke, given.only)
    if not given.smoke and not given.only:
        t.run(report_md.check, ground.port, sent, skipped)
    ground.end(t)
    if not given.only:
        compare_all(t, given)
    return t.end()


if __name__ == "__main__":
    sys.exit(main())
