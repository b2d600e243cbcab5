"""redis-cli as people use it with a cluster: -c, and what of --cluster asks and changes nothing."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import servers  # noqa: E402


def main():
    port = sys.argv[1]
    t = servers.Tally()

    def cli(*words, text=None):
        done = subprocess.run(["redis-cli", *words], input=text, capture_output=True, text=True, timeout=60, check=False)
        return done.stdout

    keys = [f"cli{i}" for i in range(100)]
    cli("-p", port, "flushall")
    answers = cli("-c", "-p", port, text="".join(f"set {key} v\n" for key in keys))
    t.equal(answers.split(), ["OK"] * len(keys), "-c: keys of many slots")
    t.equal("Redirected" in answers, False, "-c: no answer is a redirection")
    t.equal(cli("-c", "-p", port, "get", "cli7"), "v\n", "-c: get")
    check = cli("--cluster", "check", f"127.0.0.1:{port}")
    for line in ("All nodes agree about slots configuration.", "All 16384 slots covered."):
        t.check(line in check, f"--cluster check: {line}", check)
    t.check("[OK] 100 keys in" in cli("--cluster", "info", f"127.0.0.1:{port}"), "--cluster info")
    t.check("PONG" in cli("--cluster", "call", f"127.0.0.1:{port}", "ping"), "--cluster call")
    t.equal(cli("-p", port, "cluster", "keyslot", "foo"), "12182\n", "cluster keyslot")
    t.equal(cli("-p", port, "cluster", "keyslot", "{foo}bar"), "12182\n", "cluster keyslot of a tag")
    t.check(cli("-p", port, "cluster", "info").startswith("cluster_state:ok"), "cluster info")
    t.check("cluster_enabled:1" in cli("-p", port, "info", "cluster"), "info cluster")
    return t.end()


if __name__ == "__main__":
    sys.exit(main())
