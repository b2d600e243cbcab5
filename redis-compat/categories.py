"""The ACL categories of every command Henge has, against the distribution's redis-server: what COMMAND says of
each, and what ACL CAT lists.  Differences are in known_differences.txt as "categories NAME"."""
import sys

import resp
import servers
from normal import KNOWN, Known


def rows_of(reply):
    """Categories by name, subcommands included."""
    rows = {}
    for _, cells in reply[1]:
        rows[cells[0][1]] = sorted(cell[1] for cell in cells[6][1])
        rows.update(rows_of(cells[9]))
    return rows


def compare(t, oracle, henge, known):
    with resp.Connection(oracle) as a, resp.Connection(henge) as b:
        expected, got = rows_of(a.call("COMMAND")), rows_of(b.call("COMMAND"))
        for name in sorted(got):
            what = f"categories {name.decode()}"
            mine, other = ("categories", got[name]), ("categories", expected.get(name))
            t.check(mine == other or known.allow(what, other, mine), what, f"{mine}, in redis {other}")
        t.equal(b.call("ACL", "CAT"), a.call("ACL", "CAT"), "ACL CAT")
        for _, category in a.call("ACL", "CAT")[1]:
            listed = {name for _, name in a.call("ACL", "CAT", category)[1]}
            ours = {name for _, name in b.call("ACL", "CAT", category)[1]}
            shared = {name for name in got if name in expected}
            t.check(ours & shared == listed & shared, f"ACL CAT {category.decode()}", f"{(ours ^ listed) & shared}")


def main():
    t = servers.Tally()
    oracle, henge = servers.redis().start(), servers.henge().start()
    t.run(compare, oracle.address, henge.address, Known(KNOWN))
    return t.end()


if __name__ == "__main__":
    sys.exit(main())
