"""INFO against the distribution's redis-server: the sections that INFO with some arguments has, their fields, and
the form of each value.  Fields that are left out are in info_fields.txt, with the reason."""
import os
import re
import sys

import resp
import servers

HERE = os.path.dirname(os.path.abspath(__file__))
OURS = {"storage"}  # sections redis does not have
KEYED = re.compile(r"^(cmdstat_|errorstat_|latency_percentiles_usec_|db\d+$|listener\d+$)")
FORMS = (
    ("integer", re.compile(r"^-?\d+$")),
    ("number", re.compile(r"^-?\d+\.\d+$")),
    ("percent", re.compile(r"^\d+\.\d+%$")),
    ("human", re.compile(r"^\d+(\.\d+)?[BKMGT]$")),
    ("pairs", re.compile(r"^[^=,]+=[^,]*(,[^=,]+=[^,]*)*$")),
)


def left_out():
    reasons = {}
    with open(f"{HERE}/info_fields.txt", encoding="utf-8") as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                name, reason = line.rstrip("\n").split("\t")
                reasons[name] = reason
    return reasons


def read(c, *sections):
    """Values by field, by section; the sections in order."""
    found, section = {}, None
    for line in resp.plain(c.call("INFO", *sections)).decode().split("\r\n"):
        if line.startswith("# "):
            section = line[2:].lower()
            found[section] = {}
        elif line:
            name, value = line.split(":", 1)
            found[section][name] = value
    return found


def form(value):
    return next((name for name, pattern in FORMS if pattern.match(value)), "text")


def fields(t, oracle, henge):
    reasons = left_out()
    theirs, ours = read(oracle, "everything"), read(henge, "everything")
    for section, values in theirs.items():
        for name, value in values.items():
            if KEYED.match(name):
                continue
            got = ours.get(section, {}).get(name)
            if name in reasons:
                t.equal(got, None, f"{section} {name} is left out: {reasons.pop(name)}")
            elif got is None:
                t.check(False, f"{section} {name}", "is missing")
            else:
                t.equal(form(got), form(value), f"{section} {name}: the form of {got!r}, in redis {value!r}")
    t.equal(sorted(reasons), [], "fields of info_fields.txt that redis does not have either")


def sections(t, oracle, henge):
    for arguments in ((), ("default",), ("all",), ("everything",), ("server", "clients"), ("modules",), ("nosuch",),
                      ("SERVER", "errorstats"), ("default", "commandstats"), ("latencystats", "all")):
        got = [s for s in read(henge, *arguments) if s not in OURS]
        t.equal(got, list(read(oracle, *arguments)), f"the sections of INFO {' '.join(arguments)}")


def counts(t, oracle, henge):
    """The same commands count the same."""
    for c in (oracle, henge):
        c.call("CONFIG", "RESETSTAT")
        for command in (("SET", "k", "v"), ("GET", "k"), ("GET",), ("INCR", "k"), ("LPUSHX",), ("CLIENT", "NOSUCH"),
                        ("CLIENT",), ("NOSUCH",), ("CONFIG", "GET", "port"), ("AUTH", "u", "p"), ("SELECT", "99"),
                        ("MULTI",), ("SET", "x", "1"), ("INCR", "k"), ("INCR", "x"), ("EXEC",), ("EXEC",), ("MULTI",),
                        ("GET",), ("EXEC",), ("WATCH", "x"), ("MULTI",), ("DISCARD",), ("DISCARD",)):
            c.call(*command)
    pattern = re.compile(r"^calls=(\d+),usec=\d+,usec_per_call=\d+\.\d\d,rejected_calls=(\d+),failed_calls=(\d+)$")
    seen = []
    for c in (oracle, henge):
        found = read(c, "commandstats", "errorstats", "stats")
        rows = {name: pattern.match(value).groups() for name, value in found["commandstats"].items()}
        rows.pop("cmdstat_lpushx", None)
        seen.append((rows, found["errorstats"], found["stats"]["total_error_replies"]))
    for name in sorted({*seen[0][0], *seen[1][0]}):
        t.equal(seen[1][0].get(name), seen[0][0].get(name), f"{name}: calls, rejected and failed")
    t.equal(seen[1][1], seen[0][1], "errorstats")
    t.equal(seen[1][2], seen[0][2], "total_error_replies")


def compare(t, oracle, henge):
    with resp.Connection(oracle) as a, resp.Connection(henge) as b:
        for test in (sections, fields, counts):
            test(t, a, b)


def main():
    t = servers.Tally()
    oracle, henge = servers.redis().start("--appendonly", "yes"), servers.henge().start()
    t.run(compare, oracle.address, henge.address)
    return t.end()


if __name__ == "__main__":
    sys.exit(main())
