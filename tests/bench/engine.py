"""Measures the engine alone, without RESP, beside RocksDB and LevelDB, as ratios within one run.

Each round gives every engine each size of values in turn, in a process of its own
(tests/bench/engine/); the order rotates.  Figures are medians over the rounds, ratios medians of
each round's ratio.  The section "The engine alone" of tests/bench/RESULTS.md is written anew by
whole runs; build/bench/engine.json gets all figures.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)

import report  # noqa: E402  (found by the line above)

MIB = 1024 * 1024
MEMTABLE = 16 * MIB
CACHE = 48 * MIB
CACHE_ALL = 256 * MIB  # for data that is to be in the cache whole
KEY = 16
TITLE = "## The engine alone"
OURS = "henge"
SIDES = {100: (OURS, "rocksdb", "leveldb"), 10240: (OURS, "rocksdb", "rocksdb-blob", "leveldb")}
# Ten times memtable and cache, but for an eighth of it in quick runs; what the cache holds.
KEYS = {100: 5_500_000, 10240: 65_536}
KEYS_CACHED = {100: 500_000, 10240: 10_000}
OVERWRITES = {100: 5_500_000, 10240: 200_000}
COLD_READS = {100: 20_000, 10240: 6_000}
WRITE_RATE = {100: 20_000, 10240: 1_000}
CLIENTS = 16

# name of a load, what it is called
LOADS = {
    "fill": "fillrandom",
    "overwrite": "overwrite",
    "cached": "readrandom, cached",
    "cold 1": "readrandom, data 10 × memory, 1 client",
    f"cold {CLIENTS}": f"readrandom, data 10 × memory, {CLIENTS} clients",
    "readwhilewriting": "readwhilewriting: reads",
    "readwhilewriting writes": "readwhilewriting: writes",
}
# what, load, value, against, wanted
GOALS = (
    ("put 100 B, fillrandom", "fill", 100, None, 1.5),
    ("put 100 B, overwrite", "overwrite", 100, None, 1.5),
    ("get 100 B, cached", "cached", 100, None, 1.5),
    ("put 10 KiB, sustained overwrite", "overwrite", 10240, None, 2.5),
    ("get 100 B, cold, 1 client", "cold 1", 100, "rocksdb", 0.9),
    (f"get 100 B, cold, {CLIENTS} clients", f"cold {CLIENTS}", 100, "rocksdb", 0.9),
    ("get 10 KiB, cold, 1 client", "cold 1", 10240, "rocksdb", 0.9),
    (f"get 10 KiB, cold, {CLIENTS} clients", f"cold {CLIENTS}", 10240, "rocksdb", 0.9),
)


def run_loads(program, engine, size, keys, cache, loads):
    """The lines of one process, by name of load."""
    directory = f"{ROOT}/build/bench/engine"
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    command = [program, engine, directory, str(size), str(keys), str(MEMTABLE), str(cache), *loads]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1800, check=False)
    shutil.rmtree(directory, ignore_errors=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def figures(line, kind):
    """What the tables show of reads or writes of one load."""
    latency, reads = line[kind], line["reads"]["count"]
    return {
        "per_second": latency["count"] / line["seconds"],
        "cpu_us": line["cpu_ns"] / 1000 / (reads + line["writes"]["count"]),
        **{p: latency[p] / 1000 for p in ("p50", "p99", "p999", "max")},
    }


def measure_side(program, engine, size, share):
    """One engine, one size, one round: {load: figures}."""
    keys, overwrites, cold = KEYS[size] // share, OVERWRITES[size] // share, COLD_READS[size] // share
    seconds = 5 / share
    line = run_loads(program, engine, size, keys, CACHE, [
        "fill", f"overwrite:{overwrites}", "settle",
        f"readwhilewriting:{10**9}:{seconds}:1:{WRITE_RATE[size]}", "settle", "close",
        "cold", "open", f"read:{cold}:0:1", "close", "cold", "open", f"read:{cold}:0:{CLIENTS}"])
    fill, overwrite, settle = line[:3]
    user = KEY + size
    written = sum(part["disk"] for part in (fill, overwrite, settle))
    cached = run_loads(program, engine, size, KEYS_CACHED[size] // share, CACHE_ALL, [
        "fill", "settle", "readall", f"read:{10**9}:{seconds / 2}:1"])[-1]
    return {
        "fill": figures(fill, "writes"),
        "overwrite": figures(overwrite, "writes"),
        "cached": figures(cached, "reads"),
        "cold 1": figures(line[8], "reads"),
        f"cold {CLIENTS}": figures(line[12], "reads"),
        "readwhilewriting": figures(line[3], "reads"),
        "readwhilewriting writes": figures(line[3], "writes"),
        "files": {"written": written / (user * (keys + overwrites)), "space": settle["space"] / (user * keys),
                  "overwritten": (overwrite["disk"] + settle["disk"]) / (user * overwrites),
                  "filled": fill["disk"] / (user * keys)},
    }


def measure_all(program, plan):
    """[{size: {engine: {load: figures}}}] by round."""
    rounds = []
    for number in range(plan["rounds"]):
        results = {}
        rounds.append(results)
        for size in plan["sizes"]:
            sides = SIDES[size]
            results[size] = {}
            for i in range(len(sides)):
                side = sides[(i + number) % len(sides)]
                results[size][side] = measure_side(program, side, size, plan["share"])
            print(f"engines: round {number + 1} of {plan['rounds']}, {size} B: done", flush=True)
    return rounds


def median(rounds, size, side, load, figure):
    return statistics.median(r[size][side][load][figure] for r in rounds)


def ratio(rounds, size, load, against):
    """Median of each round's throughput over that engine's, or the best of the others'."""
    found = []
    for r in (r[size] for r in rounds):
        others = [against] if against else [side for side in r if side != OURS]
        best = max(r[side][load]["per_second"] for side in others)
        found.append(r[OURS][load]["per_second"] / best)
    return statistics.median(found)


def goals(plan, rounds):
    rows = []
    for what, load, size, against, wanted in GOALS:
        if size in plan["sizes"]:
            got = ratio(rounds, size, load, against)
            rows.append([what, against or "the best of the others", f"≥ {wanted} ×", f"{got:.2f} ×",
                         "met" if got >= wanted else "**missed**"])
    if 10240 in plan["sizes"]:
        got = median(rounds, 10240, OURS, "files", "written")
        rows.append(["bytes written per user byte, 10 KiB", "", "≤ 2.3", f"{got:.2f}",
                     "met" if got <= 2.3 else "**missed**"])
    return report.table(["goal", "over", "wanted", "got", ""], rows)


def loads_table(rounds, size):
    rows = []
    for load, name in LOADS.items():
        for side in SIDES[size]:
            cells = [median(rounds, size, side, load, f)
                     for f in ("per_second", "p50", "p99", "p999", "max", "cpu_us")]
            rows.append([name, side, f"{cells[0] / 1000:.1f}"] +
                        [f"{c:.1f}" if c < 100 else f"{c:.0f}" for c in cells[1:]])
    return report.table(["load", "engine", "thousand a second", "p50 µs", "p99 µs", "p99.9 µs",
                         "max µs", "CPU µs"], rows)


def files_table(rounds, size):
    rows = [[side] + [f"{median(rounds, size, side, 'files', f):.2f}"
                      for f in ("filled", "overwritten", "written", "space")] for side in SIDES[size]]
    return report.table(["engine", "written, fillrandom", "written, overwrite", "written, both",
                         "space after both"], rows)


def versions():
    found = [report.first_line("dpkg-query", "-W", "-f", "${Version}", p)
             for p in ("librocksdb-dev", "libleveldb-dev")]
    return f"RocksDB {found[0]}, LevelDB {found[1]} (Debian's)"


def section(plan, rounds):
    keys = ", ".join(f"{KEYS[s] // plan['share']:,} keys with values of {s} B" for s in plan["sizes"])
    parts = [
        f"{TITLE}\n",
        f"By `tests/bench/engine.py`: medians of {plan['rounds']} rounds, the engines alternating, each in a process of "
        "its own with both processors and jemalloc.\n",
        f"- {versions()}; the driver is tests/bench/engine/; keys of {KEY} B, {keys}; values no codec makes smaller",
        f"- memory: memtables of {MEMTABLE // MIB} MiB (up to 4, LevelDB 2) and a cache of {CACHE // MIB} MiB, so data is "
        f"10 × that; {CACHE_ALL // MIB} MiB of cache and a smaller set for \"cached\", read once before",
        "- durability: each put is in the log's file (`write(2)`) before it returns, one put a write, and what was written "
        "is synced once a second: henge by its `everysec`, RocksDB by FlushWAL(sync) from a thread of its own, LevelDB, "
        "which has no such call, by one put a second with `sync`",
        "- no compression; filters of 10 bits a key; every block read is checked. RocksDB's tables use XXH3; its log and its blob "
        "files are left with CRC32C, which Debian's build computes without the processor's instruction: 7.4 µs for 10 KiB "
        "where henge takes 0.4, unfair to its puts of 10 KiB. LevelDB has CRC32C everywhere, from a build without the "
        "crc32c library too, and its C interface copies each value read once more",
        f"- one writer; \"{CLIENTS} clients\" are {CLIENTS} threads for the libraries and {CLIENTS} reads under way for henge, "
        "which has one loop and 4 reading threads. \"cold\": the store opened anew after its files left the page cache, "
        f"fewer reads than a tenth of the blocks. readwhilewriting: one reader beside "
        f"{' and '.join(f'{WRITE_RATE[s]:,} puts of {s} B' for s in plan['sizes'])} a second, a put's time counted from when it was due",
        "- CPU: of all threads, by operation; bytes written: what the process caused to be written to the disk until the "
        "background had settled; space: blocks of all files then, log included. Both by bytes of keys and values\n",
        goals(plan, rounds),
    ]
    for size in plan["sizes"]:
        label = f"{size} B" if size < 1024 else f"{size // 1024} KiB"
        parts += [f"### Values of {label}\n", loads_table(rounds, size), files_table(rounds, size)]
    return "\n".join(parts)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="an eighth of everything; RESULTS.md stays as it is")
    parser.add_argument("--sizes", help="some of: " + ", ".join(map(str, KEYS)))
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--program", default=f"{ROOT}/build/release/bench/engine_bench")
    parser.add_argument("--output", help="the page whose section is written, instead of tests/bench/RESULTS.md")
    return parser.parse_args()


def main():
    given = arguments()
    sizes = [int(s) for s in given.sizes.split(",")] if given.sizes else list(KEYS)
    plan = {"sizes": sizes, "rounds": given.rounds or (1 if given.quick else 3), "share": 8 if given.quick else 1}
    rounds = measure_all(given.program, plan)
    os.makedirs(f"{ROOT}/build/bench", exist_ok=True)
    with open(f"{ROOT}/build/bench/engine.json", "w", encoding="utf8") as f:
        json.dump({"plan": plan, "rounds": rounds}, f, indent=1)
    text = section(plan, rounds)
    print(text)
    whole = not given.quick and not given.sizes
    output = given.output or (f"{HERE}/RESULTS.md" if whole else f"{ROOT}/build/bench/RESULTS.md")
    report.put_section(output, TITLE, text)
    print(f"written to {os.path.relpath(output, ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
