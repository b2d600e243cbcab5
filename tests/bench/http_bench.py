"""HTTP beside libmicrohttpd answering a constant: requests a second by wrk with 64 connections, the server
and its reference each on one processor and wrk on another, turn about.

    tests/bench/http_bench.py [--seconds 5] [--rounds 3]"""
import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [f"{ROOT}/redis-compat", f"{ROOT}/tests/bench"]

import report  # noqa: E402
import servers  # noqa: E402  (found by the lines above)

TITLE = "## HTTP"

KEYS = "/api/v1/keys/"
SCRIPTS = {
    "GET, 100 B, raw": f'wrk.path = "{KEYS}k"\nwrk.headers["Accept"] = "application/octet-stream"\n',
    "GET, 100 B, JSON": f'wrk.path = "{KEYS}k"\n',
    "PUT, 100 B": f'local n = 0\nrequest = function()\n  n = n + 1\n  return wrk.format("PUT", "{KEYS}" .. n % 10000, nil, '
                  'string.rep("v", 100))\nend\n',
}


def rate(port, script, seconds):
    done = subprocess.run(["taskset", "-c", "1", "wrk", "-t1", "-c64", f"-d{seconds}", "-s", script, f"http://127.0.0.1:{port}/"],
                          capture_output=True, text=True, check=True)
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise SystemExit(f"requests failed:\n{done.stdout}")
    return float(re.search(r"Requests/sec: +(\S+)", done.stdout)[1])


def soak(server, port, seconds):
    """Reads and writes of many sizes for long: none fails, and memory stays."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write('local n = 0\nrequest = function()\n  n = n + 1\n  if n % 4 == 0 then return wrk.format("PUT", "'
                     + KEYS + 'w" .. n % 1000, nil, string.rep("x", n % 3000)) end\n'
                     + f'  return wrk.format("GET", "{KEYS}k")\nend\n')
        script.flush()
        rate(port, script.name, 1)
        before = resident_mib(server.pid)
        done = rate(port, script.name, seconds)
        return done, resident_mib(server.pid) - before


def resident_mib(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--soak", type=int, default=30, help="seconds of reads and writes without an error")
    parser.add_argument("--output", default=f"{ROOT}/tests/bench/RESULTS.md")
    given = parser.parse_args()
    rows = []
    ports = {"henge": servers.free_port(), "reference": servers.free_port()}
    henge = servers.henge("--http-port", str(ports["henge"]), cpu=0).start()
    with henge, subprocess.Popen(["taskset", "-c", "0", f"{ROOT}/build/release/bench/http_reference", str(ports["reference"])],
                                 stdout=subprocess.PIPE, preexec_fn=servers.die_with_parent) as reference:
        reference.stdout.readline()
        with henge.connect() as c:
            c.call("SET", "k", "v" * 100)
        for name, text in SCRIPTS.items():
            with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
                script.write(text)
                script.flush()
                rates = [[rate(port, script.name, given.seconds) for port in ports.values()] for _ in range(given.rounds)]
            ours, theirs = (statistics.median(r[i] for r in rates) for i in range(2))
            ratio = statistics.median(r[0] / r[1] for r in rates)
            rows.append([name, f"{ours:,.0f}", f"{theirs:,.0f}", f"{ratio:.2f} ×"])
            print(rows[-1], flush=True)
        reference.kill()
        per_second, grown = soak(henge, ports["henge"], given.soak)
        print(f"{given.soak} s without an error, {per_second:,.0f} a second, {grown:.0f} MiB more", flush=True)
    text = "\n".join([TITLE, "", f"By `tests/bench/http_bench.py`: requests a second by wrk with 64 connections, medians of {given.rounds} rounds of "
                      f"{given.seconds} s; beside libmicrohttpd in the same mode answering 100 bytes to everything (tests/bench/http_reference.c).", "",
                      f"Three GETs to one PUT of 0 to 3000 bytes, for {given.soak} s: none of {per_second * given.soak:,.0f} requests failed, "
                      f"{per_second:,.0f} a second; resident memory grew by {grown:.0f} MiB.", "",
                      report.table(["request", "henge", "libmicrohttpd alone", "ratio"], rows)])
    report.put_section(given.output, TITLE, text)


if __name__ == "__main__":
    main()
