"""The page of a benchmark run: machine, versions, commands, tables, goals."""
import datetime
import os
import platform
import subprocess

SIDES = ("null", "redis", "redis everysec", "redis always", "henge everysec", "henge always", "henge memtable",
         "henge cache")
PIPELINES = (1, 16, 64)
# Sections that the other programs write.
OTHERS = ("## The engine alone", "## HTTP", "## Idle clients", "## Expired events", "## Starting")

# what, cell, side, over, figure, goal; "<" goals are upper bounds.
GOALS = [
    ("SET 100 B, pipeline 1", "set 100 1", "henge everysec", "redis everysec", "per_second", ">", 1.1),
    ("GET 100 B, pipeline 1", "get 100 1", "henge everysec", "redis everysec", "per_second", ">", 1.1),
    ("SET 100 B, pipeline 1: CPU", "set 100 1", "henge everysec", "null", "cpu_us", "<", 1.25),
    ("GET 100 B, pipeline 1: CPU", "get 100 1", "henge everysec", "null", "cpu_us", "<", 1.25),
    ("SET 100 B, pipeline 16", "set 100 16", "henge everysec", "redis everysec", "per_second", ">", 2.0),
    ("SET 100 B, pipeline 64", "set 100 64", "henge everysec", "redis everysec", "per_second", ">", 2.5),
    ("GET 100 B, pipeline 16", "get 100 16", "henge everysec", "redis", "per_second", ">", 1.5),
    ("GET 100 B, pipeline 64", "get 100 64", "henge everysec", "redis", "per_second", ">", 2.0),
    ("GET 100 B in a memtable, pipeline 16", "get 100 16", "henge memtable", "redis", "per_second", ">", 1.3),
    ("GET 100 B in a memtable, pipeline 64", "get 100 64", "henge memtable", "redis", "per_second", ">", 1.3),
    ("GET 100 B in the cache, pipeline 16", "get 100 16", "henge cache", "redis", "per_second", ">", 1.0),
    ("GET 100 B in the cache, pipeline 64", "get 100 64", "henge cache", "redis", "per_second", ">", 1.0),
    ("SET 10 KiB, pipeline 1", "set 10240 1", "henge everysec", "redis everysec", "per_second", ">", 2.0),
    ("SET 10 KiB, pipeline 16", "set 10240 16", "henge everysec", "redis everysec", "per_second", ">", 2.0),
    ("SET 10 KiB, pipeline 64", "set 10240 64", "henge everysec", "redis everysec", "per_second", ">", 2.0),
    ("SET 100 B, `always`, pipeline 1", "set 100 1", "henge always", "redis always", "per_second", ">", 2.0),
    ("SET 100 B, `always`, pipeline 16", "set 100 16", "henge always", "redis always", "per_second", ">", 2.0),
]


def first_line(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "unknown"


def cpu_name():
    with open("/proc/cpuinfo", encoding="utf8") as f:
        for line in f:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def memory_gib():
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30


def file_system(path):
    lines = subprocess.run(["df", "--output=fstype", path], capture_output=True, text=True,
                           check=False).stdout.split()
    return lines[-1] if lines else "unknown"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def number(value, digits):
    return "" if value is None else f"{value:.{digits}f}"


def cells(plan):
    for size in plan["sizes"]:
        for operation in ("set", "get"):
            for pipeline in PIPELINES:
                label = f"{size} B" if size < 1024 else f"{size // 1024} KiB"
                yield f"{operation} {size} {pipeline}", f"{operation.upper()} {label}, pipeline {pipeline}"


def throughput(plan, sides, rounds, median):
    rows = []
    for cell, label in cells(plan):
        row = [label]
        for side in sides:
            value = median(rounds, side, cell, "per_second")
            busy = median(rounds, side, cell, "busy")
            idle = value is not None and busy < 0.85
            row.append(number(value and value / 1000, 1) + (" ~" if idle else ""))
        rows.append(row)
    return table(["thousand commands a second"] + list(sides), rows)


def figures(plan, sides, rounds, median, figure, digits, title):
    rows = [[label] + [number(median(rounds, side, cell, figure), digits) for side in sides]
            for cell, label in cells(plan)]
    return table([title] + list(sides), rows)


def filling(plan, sides, rounds, median):
    rows = []
    for size in plan["sizes"]:
        for figure, what in (("disk", "bytes to disk per SET"), ("resident", "resident bytes per key")):
            rows.append([f"{what}, {size} B"] +
                        [number(median(rounds, side, f"fill {size}", figure), 0) for side in sides])
    return table(["filling with every key once"] + list(sides), rows)


def goals(plan, rounds, ratio):
    rows = []
    for what, cell, side, other, figure, sense, goal in GOALS:
        got = ratio(rounds, side, other, cell, figure)
        if got is None:
            continue
        met = got >= goal if sense == ">" else got <= goal
        by_cpu = ratio(rounds, other, side, cell, "cpu_us") if figure == "per_second" else None
        rows.append([what, f"{side} / {other}", ("≥ " if sense == ">" else "≤ ") + f"{goal} ×",
                     f"{got:.2f} ×", number(by_cpu, 2) + (" ×" if by_cpu else ""),
                     "met" if met else "**missed**"])
    rows += fill_goals(plan, rounds, ratio)
    return table(["goal", "ratio of", "wanted", "got", "by CPU per command", ""], rows) if rows else ""


def fill_goals(plan, rounds, ratio):
    rows = []
    for r, size in ((rounds[0], s) for s in plan["sizes"]):
        cell = f"fill {size}"
        if cell in r.get("henge everysec", {}) and size == 10240:
            got = r["henge everysec"][cell]["disk"] / size
            rows.append(["bytes to disk per byte of 10 KiB values", "henge everysec", "≤ 1.3", f"{got:.2f}",
                         "", "met" if got <= 1.3 else "**missed**"])
        over = beyond_data(rounds, size)
        if size == 100 and over is not None:
            rows.append(["memory per 100 B key beyond its data", "henge everysec / redis", "≤ 0.5 ×",
                         f"{over:.2f} ×", "", "met" if over <= 0.5 else "**missed**"])
    return rows


def beyond_data(rounds, size):
    """Resident bytes per key without key and value, ours over redis's."""
    cell = f"fill {size}"
    for r in rounds:
        if cell in r.get("henge everysec", {}) and cell in r.get("redis", {}):
            data = size + len("key:") + 12
            return (r["henge everysec"][cell]["resident"] - data) / (r["redis"][cell]["resident"] - data)
    return None


def write(plan, sides, rounds, programs, median, ratio):
    keys = ", ".join(f"{n:,} keys of {size} B" for size, n in plan["sizes"].items())
    parts = [
        "# Benchmark results\n",
        f"{datetime.date.today().isoformat()}, by `make bench{' QUICK=1' if plan['quick'] else ''}`: medians of "
        f"{plan['rounds']} rounds, the sides alternating, {plan['seconds']} s a figure. Ratios are medians of each "
        "round's ratio: compare them, not figures of different machines.\n",
        f"- machine: {os.cpu_count()} × {cpu_name()}, {memory_gib():.0f} GiB, Linux {platform.release()}, "
        f"{file_system(programs['load'])}; server on CPU 0, load on CPU 1",
        f"- henge: {first_line(programs['henge'], '--version')}; redis: {first_line(redis_program(), '--version')}",
        f"- load: `load PORT set|get {plan['clients']} PIPELINE SIZE KEYS SECONDS 0` (tests/bench/load.c), "
        f"{plan['clients']} connections, uniform random keys; {keys}, all loaded before; GETs after the SETs, "
        "when what they left to compact is done, after some seconds of reading",
        "- redis: `--save '' --appendonly no`, or `--appendonly yes --appendfsync POLICY "
        "--auto-aof-rewrite-percentage 0`; henge: `--appendfsync POLICY`; null: tests/bench/null_server.c",
        "- henge memtable: `--memtable-size 1gb`, so every key is in one; henge cache: `--memtable-size 8mb`, so all but a "
        "twentieth of the keys are in tables, and in the cache, read before",
        "- CPU is user and system time of all the server's threads; ~ marks figures during which the server was "
        "less than 85 % busy: there the load or the disk was the limit\n",
        "## Goals\n", goals(plan, rounds, ratio) or "(no Henge to compare)\n",
        "## Throughput\n", throughput(plan, sides, rounds, median),
        "## CPU per command\n", figures(plan, sides, rounds, median, "cpu_us", 2, "µs"),
        "## Time of a batch, 99th percentile\n", figures(plan, sides, rounds, median, "p99_us", 0, "µs"),
        "## Disk and memory\n", filling(plan, sides, rounds, median),
    ]
    if plan["failures"]:
        parts += ["## Failures\n", "\n".join(f"- {f.splitlines()[0]}" for f in plan["failures"]) + "\n"]
    return "\n".join(parts)


def split(page):
    """[(heading, text)] of a page; what is in front of the first heading has an empty one."""
    parts, heading = [["", ""]], ""
    for line in page.splitlines(keepends=True):
        if line.startswith("## "):
            heading = line.strip()
            parts.append([heading, ""])
        parts[-1][1] += line
    return parts


def put_section(path, title, text):
    """Replaces that section of the page, or appends it."""
    page = ""
    if os.path.exists(path):
        with open(path, encoding="utf8") as f:
            page = f.read()
    parts = split(page)
    for part in parts:
        if part[0] == title:
            part[1] = text.rstrip() + "\n\n"
            break
    else:
        parts[-1][1] = parts[-1][1].rstrip() + "\n\n"
        parts.append([title, text])
    with open(path, "w", encoding="utf8") as f:
        f.write("".join(part[1] for part in parts).rstrip() + "\n")


def sections(path, titles):
    """These sections of a page, as far as they are there."""
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf8") as f:
        return "".join(text for heading, text in split(f.read()) if heading in titles)


def redis_program():
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    return f"{root}/build/redis/redis-server"
