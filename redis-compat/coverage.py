"""Whether the differential runner and the dialogues say every command Henge has, by its own table: a row
that is new here and is asked by neither fails, unless it is among NOT_COMPARED, with the reason."""
import random

from commands import Commands

DRAWS = 100000  # at most, in each protocol
NOT_COMPARED = {
    b"client|no-touch": "of Redis 7.2; the oracle is 7.0",
    b"cluster|myshardid": "of Redis 7.2; the oracle is 7.0",
    b"cluster|ring": "Henge's own",
    b"consistency": "Henge's own",
    b"waitaof": "of Redis 7.2; the oracle is 7.0",
}


def table(connection):
    """Every row's arity by full name, subcommands included."""
    arities = {}

    def add(rows):
        for _, cells in rows:
            arities[cells[0][1]] = cells[1][1]
            add(cells[9][1])

    add(connection.call(b"COMMAND")[1])
    return arities


def said(step):
    """The commands in a step."""
    kind, what = step
    if kind == "call":
        return [what]
    if kind in ("block", "talk"):
        return [args for _, args in what if args]
    if kind == "auth":
        return what
    if kind == "as_user":
        return what[1]
    return {"scan": [[b"SCAN", b"0"]], "swap": [[b"DUMP", b"k"]]}.get(kind, [])


def rows_of(args, arities):
    """The rows a command with so many arguments runs, if its row takes as many."""
    names = [args[0].lower()]
    if len(args) > 1:
        names.append(names[0] + b"|" + args[1].lower())
    return [name for name in names
            if name in arities and (len(args) == arities[name] or 0 > arities[name] >= -len(args))]


def drawn(arities, wanted):
    """The rows that are drawn, until all that are wanted have been."""
    rows = set()
    for proto in (2, 3):
        source = Commands(random.Random(1), proto)
        for _ in range(DRAWS):
            if rows >= wanted:
                break
            for args in said(source.next()):
                rows.update(rows_of(args, arities))
    return rows


def check(t, connection, spoken):
    """`spoken`: commands of the dialogues, as lists of bytes."""
    arities = table(connection)
    covered = {row for args in spoken for row in rows_of(args, arities)}
    covered |= drawn(arities, set(arities) - covered - set(NOT_COMPARED))
    for name in sorted(arities):
        t.check(name in covered or name in NOT_COMPARED, f"compared: {name.decode()}", "no generator draws it")
    for name in sorted(NOT_COMPARED):
        t.check(name in arities and name not in covered, f"not compared: {name.decode()}", "it is, or there is no such row")
