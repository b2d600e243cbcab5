"""Measures how fast a start is: replaying a log, and opening tables.

Writes the section "Starting" of tests/bench/RESULTS.md."""
import argparse
import json
import os
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [f"{ROOT}/redis-compat", HERE]

import report  # noqa: E402  (found by the line above)
import servers  # noqa: E402

TITLE = "## Starting"
MIB = 1024 * 1024
RECOVERY_GOAL = 300  # MB of log a second
START_GOAL = 2  # seconds to the first answer


def server_of(*options):
    directory = f"{ROOT}/build/bench/start"
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    return servers.henge(*options, directory=directory)


def fill(program, server, size, keys):
    done = subprocess.run([program, str(server.port), "fill", "50", "64", str(size), str(keys), "0", "0"],
                          capture_output=True, text=True, timeout=3600, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{program}: {done.stderr.strip()}\n{server.log_tail(500)}")
    return json.loads(done.stdout)


def info(server):
    with server.connect(60) as c:
        text = c.call("INFO", "everything")[1].decode()
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)


def recovery(program, size, keys):
    """MB of log a second, and how much there was."""
    with server_of("--memtable-size", "2gb", "--maxmemory", "12gb").start() as server:
        fill(program, server, size, keys)
        server.kill()
        server.start(timeout=120)
        facts = info(server)
        replayed, us = int(facts["load_replayed_bytes"]), int(facts["load_usec"])
        return replayed / us, replayed / 1e6


def first_answer(server):
    begun = time.monotonic()
    server.start(timeout=120)
    return time.monotonic() - begun


def tables(program, gib, cold):
    """Seconds to the first GET's answer with so much in tables."""
    size = 1000
    with server_of("--maxmemory", "2gb").start() as server:
        fill(program, server, size, gib * 1024 * MIB // size)
        settle(server)
        facts = info(server)
        if server.stop(120) != 0:
            raise SystemExit("it did not end in order")
        if cold:
            forget(server.directory)
        return first_answer(server), int(facts["table_bytes"]) / 1e9, int(facts["tables"])


def settle(server):
    quiet = 0
    while quiet < 10:
        facts = info(server)
        busy = any(facts[f"{what}_in_progress"] != "0" for what in ("flush", "compaction", "rewrite"))
        quiet = 0 if busy else quiet + 1
        time.sleep(0.1)


def forget(directory):
    """Its files leave the page cache."""
    os.sync()
    for name in os.listdir(directory):
        path = f"{directory}/{name}"
        if os.path.isfile(path):
            fd = os.open(path, os.O_RDONLY)
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(fd)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gib", type=int, default=10, help="of tables")
    parser.add_argument("--load", default=f"{ROOT}/build/release/bench/load", help="the load program")
    parser.add_argument("--output", default=f"{HERE}/RESULTS.md")
    given = parser.parse_args()
    rows = []
    for size, keys in ((100, 4_000_000), (1000, 1_000_000), (10240, 100_000)):
        speed, megabytes = recovery(given.load, size, keys)
        rows.append([f"log of {size} B values, {megabytes:.0f} MB, after kill -9", f"≥ {RECOVERY_GOAL} MB/s",
                     f"{speed:.0f} MB/s", "met" if speed >= RECOVERY_GOAL else "**missed**"])
        print(rows[-1], flush=True)
    seconds, gigabytes, count = tables(given.load, given.gib, True)
    rows.append([f"{gigabytes:.1f} GB in {count} tables, none in the page cache, to the first GET's answer",
                 f"< {START_GOAL} s", f"{seconds:.2f} s", "met" if seconds < START_GOAL else "**missed**"])
    print(rows[-1], flush=True)
    shutil.rmtree(f"{ROOT}/build/bench/start", ignore_errors=True)
    text = "\n".join([TITLE, "", "By `tests/bench/start.py`, of the whole process: from its start, or by `load_usec` of INFO.", "",
                      report.table(["start with", "wanted", "got", ""], rows)])
    report.put_section(given.output, TITLE, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
