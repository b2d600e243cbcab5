"""Real clients and the differential runner against a server this starts: `make compat`; with
--smoke, the part of it that `make check` has time for."""
import argparse
import os
import re
import shutil
import subprocess
import sys
import time

import categories
import config_names
import dialogues
import differential
import servers

HERE = os.path.dirname(os.path.abspath(__file__))
MODULES = f"{servers.ROOT}/build/npm"
DEBIAN_PYTHON = "/usr/bin/python3"  # the one python3-redis is installed for


def client(t, name, command, environment=None):
    """A client's program: its own counts, or one failure."""
    begun = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600,
                          stdin=subprocess.DEVNULL, env={**os.environ, **(environment or {})}, check=False)
    counts = re.findall(r"^(\d+) passed, (\d+) failed", done.stdout, re.M)
    passed, failed = map(int, counts[-1]) if counts else (0, 0)
    t.passed += passed
    t.failed += failed if failed or done.returncode == 0 else 1
    print(f"{name}: {passed} passed, {failed} failed, status {done.returncode} ({time.monotonic() - begun:.1f} s)")
    if failed or done.returncode != 0:
        print(done.stdout[-6000:])
    sys.stdout.flush()


def install_modules():
    """npm's packages as pinned, into build/; what went wrong, or None."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        return "node and npm are not installed"
    os.makedirs(MODULES, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(f"{HERE}/{name}", MODULES)
    if os.path.exists(f"{MODULES}/node_modules/.package-lock.json"):
        if os.path.getmtime(f"{MODULES}/node_modules/.package-lock.json") > os.path.getmtime(f"{HERE}/package-lock.json"):
            return None
    try:
        done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=MODULES,
                              capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL, check=False)
    except subprocess.TimeoutExpired:
        return "npm ci took more than two minutes"
    return None if done.returncode == 0 else f"npm ci: {done.stderr.strip()[-300:]}"


def debian_redis_py(t, port):
    probe = subprocess.run([DEBIAN_PYTHON, "-c", "import redis"], capture_output=True, check=False)
    if probe.returncode != 0:
        t.skip("python3-redis", "not installed")
    else:
        client(t, "python3-redis", [DEBIAN_PYTHON, f"{HERE}/clients/redis_py.py", str(port)])


def node_redis(t, port):
    problem = install_modules()
    if problem:
        t.skip("npm redis@5", problem)
    else:
        client(t, "npm redis@5", ["node", f"{HERE}/clients/node_redis.js", str(port)],
               {"NODE_PATH": f"{MODULES}/node_modules"})


def compare_categories(t):
    oracle, henge = servers.redis().start(), servers.henge().start()
    t.run(categories.compare, oracle.address, henge.address)
    t.run(config_names.compare, oracle.address, henge.address)
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


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="under a minute")
    parser.add_argument("--port", type=int, help="of a server that runs (its data is flushed)")
    parser.add_argument("--seed", type=int, help="of the differential runner; random, and printed, if not given")
    given = parser.parse_args()
    t = servers.Tally()
    server = None if given.port else servers.henge().start()
    port = given.port or server.port
    debian_redis_py(t, port)
    if not given.smoke:
        node_redis(t, port)
    client(t, "redis-cli, redis-benchmark",
           [sys.executable, f"{HERE}/clients/redis_tools.py", str(port), "100000" if given.smoke else "1000000"])
    client(t, "redis-cli in all modes", [sys.executable, f"{HERE}/clients/redis_cli.py", str(port)])
    if server:
        t.equal(server.stop(), 0, "the server's exit status")
        server.remove()
        compare_categories(t)
        seed = 1 if given.smoke and given.seed is None else given.seed
        with servers.henge().start() as henge, servers.redis().start() as redis:
            t.run(dialogues.compare, henge, redis)
        compare(t, int(time.time()) if seed is None else seed, 3000 if given.smoke else 20000)
    return t.end()


if __name__ == "__main__":
    sys.exit(main())
