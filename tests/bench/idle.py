"""Fifty busy clients with and without ten thousand idle ones beside them, turn about on one server: requests
a second as the median of each round's ratio, and what an idle client takes of memory.

    tests/bench/idle.py [--idle 10000] [--seconds 1] [--rounds 5]

The server has one processor, the load another.  Writes the section "Idle clients" of RESULTS.md."""
import argparse
import json
import os
import resource
import socket
import statistics
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [f"{ROOT}/redis-compat", f"{ROOT}/tests/bench"]

import report  # noqa: E402
import servers  # noqa: E402  (found by the lines above)

TITLE = "## Idle clients"
CELLS = [("set", 1), ("get", 1), ("set", 16), ("get", 16)]
KEYS, SIZE, CLIENTS = 100_000, 100, 50
RATIO_MIN, BYTES_MAX = 0.9, 2048


def cpu_ns(pid):
    """CPU time of all its threads."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as f:
            total += int(f.read().split()[0])
    return total


def load(program, server, operation, pipeline, seconds):
    """Commands a second, and nanoseconds of the server's CPU for each."""
    before = cpu_ns(server.pid)
    done = subprocess.run(["taskset", "-c", "1", program, str(server.port), operation, str(CLIENTS), str(pipeline), str(SIZE),
                           str(KEYS), str(seconds), "0"], capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{program}: {done.stderr.strip()}\n{server.log_tail(500)}")
    result = json.loads(done.stdout)
    return result["commands"] / result["seconds"], (cpu_ns(server.pid) - before) / result["commands"]


def resident(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def connected(server):
    with server.connect() as c:
        text = c.call("INFO", "clients")[1].decode()
    return int(dict(line.split(":", 1) for line in text.splitlines() if ":" in line)["connected_clients"]) - 1


def dial(server, count):
    idle = [socket.create_connection(server.address, 60) for _ in range(count)]
    for s in idle:
        s.sendall(b"PING\r\n")
        s.recv(7)
    return idle


def leave(server, idle):
    for s in idle:
        s.close()
    while connected(server):
        pass


def measure(program, server, given):
    rounds = []
    for number in range(given.rounds):
        rates = {}
        for with_idle in (False, True) if number % 2 else (True, False):
            idle = dial(server, given.idle if with_idle else 0)
            for cell in CELLS:
                rates[with_idle, cell] = load(program, server, *cell, given.seconds)
            leave(server, idle)
        rounds.append(rates)
    return rounds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--idle", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--load", default=f"{ROOT}/build/release/bench/load", help="the load program")
    parser.add_argument("--output", default=f"{ROOT}/tests/bench/RESULTS.md")
    given = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with servers.henge("--maxclients", str(given.idle + 200), cpu=0).start() as server:
        leave(server, dial(server, CLIENTS))
        before = resident(server.pid)
        idle = dial(server, given.idle)
        each = (resident(server.pid) - before) / given.idle
        leave(server, idle)
        load(given.load, server, "fill", 64, given.seconds)
        rounds = measure(given.load, server, given)
    rows = []
    for cell in CELLS:
        alone, beside = (statistics.median(r[with_idle, cell][0] for r in rounds) for with_idle in (False, True))
        ratio, cpu = (statistics.median(r[True, cell][i] / r[False, cell][i] for r in rounds) for i in range(2))
        rows.append([f"{cell[0].upper()} {SIZE} B, pipeline {cell[1]}", f"{alone / 1000:.1f}", f"{beside / 1000:.1f}", f"{ratio:.2f} ×",
                     f"{cpu:.2f} ×", "met" if ratio >= RATIO_MIN else "**missed**"])
        print(rows[-1], flush=True)
    print(f"{each:.0f} bytes for an idle client")
    text = "\n".join([TITLE, "", f"By `tests/bench/idle.py`: thousand commands a second of {CLIENTS} clients, alone and beside {given.idle:,} that have "
                      f"sent one PING and are silent, medians of {given.rounds} rounds of {given.seconds} s; wanted: ≥ {RATIO_MIN} × . An idle client takes "
                      f"{each:.0f} bytes of resident memory, at most {BYTES_MAX} are wanted: {'met' if each <= BYTES_MAX else '**missed**'}.", "",
                      report.table(["of busy clients", "alone", f"beside {given.idle:,}", "ratio", "CPU per command", ""], rows)])
    report.put_section(given.output, TITLE, text)


if __name__ == "__main__":
    main()
