"""The ACL categories of every command Henge has, against the distribution's redis-server: what COMMAND says of
each, and what ACL CAT lists.  Differences are in known_differences.txt as "categories NAME"."""
import os
import sys

import resp
import servers
from differential import load_known

HERE = os.path.dirname(os.path.abspath(__file__))


def rows_of(reply):
    """Categories by name, subcommands included."""
    rows = {}
    for _, cells in reply[1]:
        rows[cells[0][1]] = sorted(cell[1] for cell in cells[6][1])
        rows.update(rows_of(cells[9]))
    return rows


def compare(t, oracle, henge):
    known = load_known(f"{HERE}/known_differences.txt")
    with resp.Connection(oracle) as a, resp.Connection(henge) as b:
        expected, got = rows_of(a.call("COMMAND")), rows_of(b.call("COMMAND"))
        for name in sorted(got):
            what = f"categories {name.decode()}"
            if got[name] == expected.get(name) or any(pattern.search(what) for pattern, _ in known):
                t.check(True, what)
            else:
                t.check(False, what, f"{got[name]}, in redis {expected.get(name)}")
        t.equal(b.call("ACL", "CAT"), a.call("ACL", "CAT"), "ACL CAT")
        for _, category in a.call("ACL", "CAT")[1]:
            listed = {name for _, name in a.call("ACL", "CAT", category)[1]}
            ours = {name for _, name in b.call("ACL", "CAT", category)[1]}
            shared = {name for name in got if name in expected}
            t.check(ours & shared == listed & shared, f"ACL CAT {category.decode()}", f"{(ours ^ listed) & shared}")


def main():
    t = servers.Tally()
    oracle, henge = servers.redis().start(), servers.henge().start()
    t.run(compare, oracle.address, henge.address)
    return t.end()


if __name__ == "__main__":
    sys.exit(main())
