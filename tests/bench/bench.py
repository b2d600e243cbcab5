"""Measures Henge against redis-server and the null server, as ratios within one run.

Each round starts every side in turn on CPU 0, fills it, and loads it from CPU 1 with SET and GET;
the order of the sides rotates.  Figures are medians over the rounds, ratios medians of each round's
ratio.  Writes tests/bench/RESULTS.md (whole runs) and build/bench/results.json (all figures).
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [f"{ROOT}/redis-compat", HERE]

import servers  # noqa: E402  (found by the line above)
import report  # noqa: E402

SIZES = {100: 1_000_000, 10240: 100_000}  # bytes of a value: keys
PIPELINES = (1, 16, 64)
CLIENTS = 50
NO_GET = ("redis always", "henge always")  # reads do not differ by policy here
# Sides that are only read, with small values: all in one memtable; all in tables and cached.
READ_ONLY = {"henge memtable": ("--memtable-size", "1gb", "--maxmemory", "6gb"),
             "henge cache": ("--memtable-size", "8mb", "--cache-size", "1gb")}
WARM_SECONDS = 4
AOF = ["--appendonly", "yes", "--auto-aof-rewrite-percentage", "0", "--appendfsync"]


def side_server(side, size, programs):
    """A server of that side, not started."""
    directory = f"{ROOT}/build/bench/data"
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    kinds = {"directory": directory, "cpu": 0}
    if side == "null":
        return servers.Server("null", [programs["null"], "{port}", str(size)], **kinds)
    if side == "redis":
        return servers.redis("--appendonly", "no", **kinds)
    if side in READ_ONLY:
        return servers.henge(*READ_ONLY[side], path=programs["henge"], **kinds)
    name, policy = side.split()
    if name == "redis":
        return servers.redis(*AOF, policy, **kinds)
    return servers.henge("--appendfsync", policy, path=programs["henge"], **kinds)


def cpu_ns(pid):
    """CPU time of all its threads."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as f:
            total += int(f.read().split()[0])
    return total


def written_bytes(pid):
    with open(f"/proc/{pid}/io", encoding="ascii") as f:
        return int(dict(line.split(": ") for line in f)["write_bytes"])


def resident_bytes(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def load(programs, server, operation, pipeline, size, keys, seconds):
    command = ["taskset", "-c", "1", programs["load"], str(server.port), operation, str(CLIENTS),
               str(pipeline), str(size), str(keys), str(seconds), "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 300, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}\n{server.log_tail(500)}")
    return json.loads(done.stdout)


def measure(programs, server, operation, pipeline, size, keys, seconds):
    before_cpu, before_disk = cpu_ns(server.pid), written_bytes(server.pid)
    got = load(programs, server, operation, pipeline, size, keys, seconds)
    cpu = cpu_ns(server.pid) - before_cpu
    commands = got["commands"]
    return {
        "per_second": commands / got["seconds"],
        "cpu_us": cpu / 1000 / commands,
        "busy": cpu / 1e9 / got["seconds"],
        "disk": (written_bytes(server.pid) - before_disk) / commands,
        "p50_us": got["p50_us"],
        "p99_us": got["p99_us"],
        "p999_us": got["p999_us"],
    }


def settle(server):
    """Waits until nothing is flushed or compacted any more."""
    quiet = 0
    with server.connect() as c:
        while quiet < 10:
            text = c.call("INFO", "storage")[1]
            quiet = 0 if b"_in_progress:1" in text or b"memtables_sealed:0" not in text else quiet + 1
            time.sleep(0.1)


def measure_side(programs, side, size, keys, seconds):
    """One side, one size, one round: {cell: figures}."""
    cells = {}
    with side_server(side, size, programs).start() as server:
        empty = resident_bytes(server.pid)
        fill = measure(programs, server, "fill", 64, size, keys, 0)
        fill["resident"] = (resident_bytes(server.pid) - empty) / keys
        if side not in READ_ONLY:
            cells[f"fill {size}"] = fill
            for pipeline in PIPELINES:
                cells[f"set {size} {pipeline}"] = measure(
                    programs, server, "set", pipeline, size, keys, seconds)
        if side in NO_GET:
            return cells
        if side.startswith("henge"):
            settle(server)  # reads are measured when the writes before them are in order
        load(programs, server, "get", 64, size, keys, WARM_SECONDS)
        for pipeline in PIPELINES:
            cells[f"get {size} {pipeline}"] = measure(
                programs, server, "get", pipeline, size, keys, seconds)
    return cells


def measure_all(programs, sides, plan):
    """[{side: {cell: figures}}] by round.  A side that fails is reported and left out."""
    rounds = []
    for number in range(plan["rounds"]):
        results = {side: {} for side in sides}
        rounds.append(results)
        for size, keys in plan["sizes"].items():
            for i in range(len(sides)):
                side = sides[(i + number) % len(sides)]
                if side in READ_ONLY and size > 1000:
                    continue
                try:
                    results[side].update(measure_side(programs, side, size, keys, plan["seconds"]))
                except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
                    plan["failures"].append(f"{side}, {size} B, round {number + 1}: {error}")
                    print(f"FAILED {plan['failures'][-1]}", flush=True)
            print(f"round {number + 1} of {plan['rounds']}, {size} B: done", flush=True)
    return rounds


def median(rounds, side, cell, figure):
    values = [r[side][cell][figure] for r in rounds if cell in r.get(side, {})]
    return statistics.median(values) if values else None


def ratio(rounds, side, other, cell, figure="per_second"):
    """The median of each round's side / other."""
    values = [r[side][cell][figure] / r[other][cell][figure] for r in rounds
              if cell in r.get(side, {}) and cell in r.get(other, {})]
    return statistics.median(values) if values else None


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="3 minutes; RESULTS.md stays as it is")
    parser.add_argument("--henge", help="the server (build/release/henge-server)")
    parser.add_argument("--sides", help="some of: " + ", ".join(report.SIDES))
    parser.add_argument("--sizes", help="some of: " + ", ".join(map(str, SIZES)))
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--programs", default=f"{ROOT}/build/release/bench", help="null_server, load")
    parser.add_argument("--output", help="instead of tests/bench/RESULTS.md")
    return parser.parse_args()


def main():
    given = arguments()
    sizes = [int(s) for s in given.sizes.split(",")] if given.sizes else list(SIZES)
    share = 5 if given.quick else 1
    plan = {
        "quick": given.quick,
        "rounds": given.rounds or (3 if given.quick else 5),
        "seconds": given.seconds or (0.4 if given.quick else 1.5),
        "sizes": {size: SIZES[size] // share for size in sizes},
        "clients": CLIENTS,
        "failures": [],
    }
    programs = {"henge": servers.henge_path(given.henge), "null": f"{given.programs}/null_server",
                "load": f"{given.programs}/load"}
    sides = [s.strip() for s in given.sides.split(",")] if given.sides else list(report.SIDES)
    if not os.path.exists(programs["henge"]):
        print(f"{programs['henge']} is not there: the others are measured alone")
        sides = [s for s in sides if not s.startswith("henge")]
    os.makedirs(f"{ROOT}/build/bench", exist_ok=True)
    rounds = measure_all(programs, sides, plan)
    shutil.rmtree(f"{ROOT}/build/bench/data", ignore_errors=True)
    with open(f"{ROOT}/build/bench/results.json", "w", encoding="utf8") as f:
        json.dump({"plan": plan, "rounds": rounds}, f, indent=1)
    text = report.write(plan, sides, rounds, programs, median, ratio)
    print(text)
    whole = not given.quick and not given.sides and not given.sizes
    output = given.output or (f"{HERE}/RESULTS.md" if whole else f"{ROOT}/build/bench/RESULTS.md")
    text += "\n" + report.sections(output, report.OTHERS)
    with open(output, "w", encoding="utf8") as f:
        f.write(text.rstrip() + "\n")
    print(f"written to {os.path.relpath(output, ROOT)}")
    return 1 if plan["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
