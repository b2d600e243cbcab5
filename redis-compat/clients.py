"""The clients and frameworks of `make compat`: what runs each, what it needs, and which commands it sent."""
import os
import re
import shutil
import subprocess
import sys
import time

import resp
import servers
from certificates import Certificates

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = f"{HERE}/clients"
MODULES = f"{servers.ROOT}/build/npm"
DEBIAN_PYTHON = "/usr/bin/python3"  # the one Debian's Python packages are installed for
TOO_LONG_S = 240
USER = ["ACL", "SETUSER", "compat", "reset", "on", ">secret", "~*", "&*", "+@all"]  # as whom clients log in


class Client:
    """A program that gets a port, and more in COMPAT_...; it checks what comes back and prints
    "N passed, M failed".  `tag` names it in REPORT.md, where one without is not told of."""

    def __init__(self, name, command, tag=None, about="", needs=None, smoke=None, module=None, ring=False):
        self.name = name
        self.command = command
        self.tag = tag
        self.about = about
        self.needs = needs  # gives the reason for which it cannot run here, or None
        self.smoke = smoke is not None  # it is part of --smoke, with these arguments more
        self.smoke_more = smoke or []
        self.module = module
        self.ring = ring  # it is a cluster client


def works(*command):
    """Whether a command ends well: a probe for what must be installed."""
    def reason():
        try:
            done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=60, check=False)
        except FileNotFoundError:
            return f"{command[0]} is not installed"
        return None if done.returncode == 0 else f"not installed: {' '.join(command)} fails"
    return reason


def npm_modules():
    """npm's packages as pinned, into build/; what went wrong, or None."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        return "node and npm are not installed"
    os.makedirs(MODULES, exist_ok=True)
    have = f"{MODULES}/node_modules/.package-lock.json"
    fresh = os.path.exists(have) and all(
        os.path.exists(f"{MODULES}/{name}") and open(f"{MODULES}/{name}", "rb").read() == open(f"{HERE}/{name}", "rb").read()
        for name in ("package.json", "package-lock.json"))
    if fresh:
        return None
    for name in ("package.json", "package-lock.json"):
        shutil.copy(f"{HERE}/{name}", MODULES)
    try:
        done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=MODULES,
                              capture_output=True, text=True, timeout=180, stdin=subprocess.DEVNULL, check=False)
    except subprocess.TimeoutExpired:
        return "npm ci took more than three minutes"
    return None if done.returncode == 0 else f"npm ci: {done.stderr.strip()[-300:]}"


def node_20():
    """The npm packages, and a Node that is new enough for the clients' versions 6."""
    problem = npm_modules()
    if problem:
        return problem
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return None if int(re.match(r"v(\d+)", version)[1]) >= 20 else f"needs Node 20, there is {version}"


def python(*modules):
    return works(DEBIAN_PYTHON, "-c", f"import {', '.join(modules)}")


def node(program):
    return ["node", f"{PROGRAMS}/{program}"]


def compiled(program):
    return [f"{servers.ROOT}/build/release/clients/{program}"]


CLIENTS = (
    Client("redis-cli, redis-benchmark", [sys.executable, f"{PROGRAMS}/redis_tools.py"], "cli", "both protocols, --scan, --pipe",
           works("redis-cli", "--version"), smoke=["100000"]),
    Client("redis-cli in all its modes", [sys.executable, f"{PROGRAMS}/redis_cli.py"], "cli", "every mode, and the hints at its prompt",
           works("redis-cli", "--version"), smoke=[]),
    Client("python3-redis", [DEBIAN_PYTHON, f"{PROGRAMS}/redis_py.py"], "py", "RESP2", python("redis"), smoke=[]),
    Client("hiredis", compiled("hiredis_sync"), "hiredis", "calls and pipelines"),
    Client("hiredis, asynchronous", compiled("hiredis_async"), "hiredis", "callbacks and subscribers on libev"),
    Client("npm redis@5", node("node_redis.js"), "node", "RESP3, its cache by CLIENT TRACKING", npm_modules, module="redis"),
    Client("npm redis@6", node("node_redis.js"), needs=node_20, module="redis6"),
    Client("npm ioredis@5", node("ioredis.js"), "io", "RESP2", npm_modules, module="ioredis"),
    Client("npm ioredis@6", node("ioredis.js"), needs=node_20, module="ioredis6"),
    Client("php-redis", ["php", f"{PROGRAMS}/phpredis.php"], "php", "and its session handler",
           works("php", "-r", "exit(class_exists('Redis') ? 0 : 1);")),
    Client("ruby-redis", ["ruby", f"{PROGRAMS}/redis_rb.rb"], "rb", "RESP2", works("ruby", "-e", "require 'redis'")),
    Client("Perl's Redis", ["perl", f"{PROGRAMS}/perl_redis.pl"], "perl", "RESP2", works("perl", "-MRedis", "-MIO::Socket::SSL", "-e", "1")),
    Client("django-redis, Flask-Caching", [DEBIAN_PYTHON, f"{PROGRAMS}/python_frameworks.py"], "django",
           "caches, sessions, cached views", python("django_redis", "flask_caching")),
    Client("express-session, cache-manager, rate limiters", node("node_frameworks.js"), "express",
           "connect-redis, Keyv, rate-limiter-flexible, redis-rate-limiter", npm_modules),
    Client("redis-cli of a cluster", [sys.executable, f"{PROGRAMS}/cluster_cli.py"], "cli", "-c, --cluster check, info, call",
           works("redis-cli", "--version"), ring=True, smoke=[]),
    Client("python3-redis, RedisCluster", [DEBIAN_PYTHON, f"{PROGRAMS}/cluster_py.py"], "py", "its cluster client",
           python("redis.cluster"), ring=True, smoke=[]),
    Client("npm redis@5, createCluster", node("cluster_node.js"), "node", "its cluster client", npm_modules, module="redis", ring=True),
    Client("npm ioredis@5, Cluster", node("cluster_node.js"), "io", "its cluster client", npm_modules, module="ioredis", ring=True),
)


class Ground:
    """The server clients are tried on: with TLS and a Unix socket."""

    def __init__(self):
        self.certificates = Certificates()
        self.tls_port = servers.free_port()
        self.directory = servers.scratch("clients")
        self.server = servers.henge("--tls-port", str(self.tls_port), *self.certificates.options(),
                                    "--unixsocket", f"{self.directory}/socket")
        self.server.start()
        self.port = self.server.port
        self.ring = servers.henge("--cluster-enabled", "yes")
        self.ring.start()

    def environment(self):
        return {"COMPAT_RING_PORT": str(self.ring.port), "COMPAT_TLS_PORT": str(self.tls_port), "COMPAT_CA": self.certificates.cert("ca"),
                "COMPAT_SOCKET": f"{self.directory}/socket"}

    def end(self, t):
        for server in (self.server, self.ring):
            t.equal(server.stop(), 0, "the server's exit status")
            server.remove()
        for place in (self.directory, self.certificates.place):
            shutil.rmtree(place, ignore_errors=True)


def run(t, client, port, environment, smoke):
    """Runs one: adds its own counts, or one failure."""
    begun = time.monotonic()
    more = {"NODE_PATH": f"{MODULES}/node_modules", "COMPAT_MODULE": client.module or "", **environment}
    try:
        done = subprocess.run([*client.command, str(port), *(client.smoke_more if smoke else [])], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors="replace", timeout=TOO_LONG_S, stdin=subprocess.DEVNULL,
                              env={**os.environ, **more}, check=False)
        output, status = done.stdout, done.returncode
    except subprocess.TimeoutExpired as late:
        output, status = (late.stdout or b"").decode("utf8", "replace"), f"none after {TOO_LONG_S} s"
    except OSError as wrong:
        output, status = f"{wrong}\n", "none"
    counts = re.findall(r"^(\d+) passed, (\d+) failed", output, re.M)
    passed, failed = map(int, counts[-1]) if counts else (0, 0)
    if failed == 0 and (status != 0 or passed == 0):
        failed = 1
    t.passed += passed
    t.failed += failed
    print(f"{client.name}: {passed} passed, {failed} failed, status {status} ({time.monotonic() - begun:.1f} s)", flush=True)
    if failed:
        print(output[-6000:], flush=True)


def ask(port, *words):
    """By a connection of its own: clients kill others'."""
    with resp.Connection(("127.0.0.1", port)) as connection:
        return connection.call(*words)


def commands_sent(port):
    """The names of the commands that were called since CONFIG RESETSTAT, by commandstats."""
    _, text = ask(port, "INFO", "commandstats")
    calls = dict(re.findall(r"^cmdstat_([^:\s]+):calls=(\d+)", text.decode(), re.M))
    calls = {name: int(count) for name, count in calls.items()}
    calls["config|resetstat"] = calls.get("config|resetstat", 0) - 1  # ours
    return {name for name, count in calls.items() if count > 0}


def try_all(t, port, environment, smoke=False, only=""):
    """Every client in turn; the commands each tag has sent, and the names of those that were left out."""
    sent, skipped = {}, []
    t.equal(ask(port, *USER), ("+", b"OK"), "the clients' user")
    for client in CLIENTS:
        if only not in client.name or (smoke and not client.smoke):
            continue
        reason = client.needs and client.needs()
        if reason:
            t.skip(client.name, reason)
            skipped += [client.name] if client.tag else []
            continue
        of = int(environment.get("COMPAT_RING_PORT", port)) if client.ring else port
        ask(of, "CONFIG", "RESETSTAT")
        run(t, client, of, environment, smoke)
        if client.tag:
            sent.setdefault(client.tag, set()).update(commands_sent(of))
    return sent, skipped
