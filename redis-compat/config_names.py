"""Every name of the distribution's CONFIG GET * is one of Henge's too, but for those that config_names.txt
gives a reason for."""
import os
import sys

import resp
import servers

HERE = os.path.dirname(os.path.abspath(__file__))


def names(address):
    with resp.Connection(address) as c:
        return {name.decode() for _, name in c.call("CONFIG", "GET", "*")[1][::2]}


def excused():
    with open(f"{HERE}/config_names.txt", encoding="utf-8") as f:
        lines = [line.rstrip("\n").split("\t") for line in f if line.strip() and not line.startswith("#")]
    bad = [line for line in lines if len(line) != 2 or not line[1]]
    if bad:
        raise SystemExit(f"config_names.txt: no reason in {bad}")
    return dict(lines)


def compare(t, oracle, henge):
    missing, reasons = names(oracle) - names(henge), excused()
    for name in sorted(missing | set(reasons)):
        t.check(name in reasons, f"CONFIG GET {name}", "it is missing, and config_names.txt does not say why")
        t.check(name in missing, f"config_names.txt: {name}", "it is not missing")
    t.check(len(names(oracle)) > 150, "the oracle has names")


def main():
    t = servers.Tally()
    with servers.redis().start() as oracle, servers.henge().start() as henge:
        t.run(compare, oracle.address, henge.address)
    return t.end()


if __name__ == "__main__":
    sys.exit(main())
