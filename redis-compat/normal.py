"""What of a reply is compared: normal() leaves out what two servers cannot share, and Known says
which differences are known."""
import os
import re

LONG = re.compile(rb"K{100,}")  # the long word among commands.py's keys
KNOWN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "known_differences.txt")
CLIENT_SHARED = {b"name", b"flags", b"db", b"sub", b"psub", b"ssub", b"multi", b"cmd", b"user", b"resp"}
TOLERANCE = {b"TTL": 1, b"EXPIRETIME": 1, b"PTTL": 2000, b"PEXPIRETIME": 2000}


def blank_field(items, *names):
    """A flat map's values, by name, reduced to their type."""
    return [(item[0], None) if i % 2 and items[i - 1][1] in names else item for i, item in enumerate(items)]


def normal_entry(entry):
    """An entry of ACL LOG: its numbers and times are each server's own, and 7.2 has more of them."""
    cells = entry[1]
    return [(cells[i][1], cells[i + 1][1]) for i in range(0, len(cells), 2)
            if cells[i][1] in (b"count", b"reason", b"context", b"object", b"username")]


def normal_refusal(reply):
    """-NOPERM: worded anew in 7.2."""
    if reply[0] != "-" or not reply[1].startswith(b"NOPERM"):
        return reply
    return ("-", b"NOPERM " + (re.search(rb"'.*'", reply[1]) or [b"a key"])[0])


def normal_dryrun(reply):
    """Since 7.2 it says which user."""
    return (reply[0], re.sub(rb"^(This user|User .*?) has no", b"has no", reply[1])) if reply[0] == "$" else reply


def normal_user(reply):
    """ACL GETUSER without the rules about commands, which 7.2 shows as they were given and 7.0 as it sees fit (what
    they allow is asked for by "may"), and the flag that 7.0 only shows after `reset`."""
    cells, fields = list(reply[1]), {b"commands": ("$", b"")}
    for i in range(1, len(cells), 2):
        name = cells[i - 1][1]
        if name == b"flags":
            cells[i] = (cells[i][0], [flag for flag in cells[i][1] if flag[1] != b"sanitize-payload"])
        elif name == b"keys":  # so that "%RW~* ~a" can be read again from a file
            cells[i] = (cells[i][0], cells[i][1].replace(b"%RW~*", b"~*"))
        elif name == b"selectors":
            cells[i] = (cells[i][0], [normal_user(s) for s in cells[i][1]])
        else:
            cells[i] = fields.get(name, cells[i])
    return (reply[0], cells)


def normal_users(reply):
    """ACL LIST, the same."""
    return (reply[0], [re.sub(rb" sanitize-payload| [-+][^ )]+", b"", line[1]).replace(b"%RW~*", b"~*")
                       for line in reply[1]])


def normal_row(row):
    """A row of COMMAND: flags and categories are sets; tips, specifications and subcommands are not compared."""
    cells = [(cell[0], sorted(cell[1])) if cell[0] in ("*", "~") else cell for cell in row[1]]
    return (row[0], cells[:7], [cell[0] for cell in cells[7:]])


def normal_client(line):
    """A line of CLIENT LIST: all names, the values of those that two servers share; 7.2 has the library's too."""
    fields = [field.partition(b"=") for field in line.split(b" ")]
    values = {name: value if name in CLIENT_SHARED else None for name, _, value in fields if not name.startswith(b"lib-")}
    values[b"flags"] = values.get(b"flags", b"").replace(b"e", b"").replace(b"N", b"")  # since 7.2 RESET takes NO-EVICT away
    return list(values.items())


def normal_tracking(reply):
    """CLIENT TRACKINGINFO: prefixes come in no order."""
    cells = list(reply[1])
    cells[-1] = (cells[-1][0], sorted(cells[-1][1]))
    return (reply[0], cells)


def sorted_map(reply):
    """The names of a map, flat or not, in order."""
    return (reply[0], sorted(item[1] for item in reply[1][::2]))


def type_of(_, reply):
    return reply[0]


def ordered(_, reply):
    return (reply[0], sorted(reply[1]))


# By a command's name, or those of a subcommand: what is left of its reply.
MAKERS = {
    b"TIME": lambda _, reply: (reply[0], len(reply[1])),
    b"INFO": lambda args, reply: (reply[0], re.findall(rb"db\d+:keys=\d+,expires=\d+", reply[1])
                                  if [a.lower() for a in args[1:]] == [b"keyspace"] else None),
    b"LASTSAVE": type_of,
    b"RANDOMKEY": lambda _, reply: (reply[0], reply[1] is None),
    b"DUMP": lambda _, reply: (reply[0], reply[1] is None),  # one compresses, and the versions differ
    b"SCAN": lambda _, reply: (reply[0], len(reply[1]), [item[0] for item in reply[1]]),  # the order is each one's own
    b"KEYS": ordered,
    b"HELLO": lambda _, reply: (reply[0], blank_field(reply[1], b"id", b"version")),
    (b"CLIENT", b"ID"): type_of,
    (b"CLIENT", b"INFO"): lambda _, reply: (reply[0], normal_client(reply[1].rstrip(b"\n"))),
    (b"CLIENT", b"LIST"): lambda _, reply: (  # others may be closing
        reply[0], [normal_client(line) for line in reply[1].splitlines() if b" cmd=client|list " in line]),
    (b"CLIENT", b"TRACKINGINFO"): lambda _, reply: normal_tracking(reply),
    (b"SLOWLOG", b"GET"): type_of,
    (b"SLOWLOG", b"LEN"): type_of,
    (b"LATENCY", b"DOCTOR"): type_of,
    (b"LATENCY", b"HISTOGRAM"): type_of,
    (b"MEMORY", b"USAGE"): lambda _, reply: (reply[0], reply[1] is None),
    (b"MEMORY", b"STATS"): type_of,
    (b"MEMORY", b"DOCTOR"): type_of,
    (b"MEMORY", b"MALLOC-STATS"): type_of,
    b"LOLWUT": type_of,  # another picture
    (b"OBJECT", b"IDLETIME"): lambda _, reply: (reply[0], reply[1] is None),
    (b"COMMAND", b""): type_of,
    (b"COMMAND", b"COUNT"): type_of,
    (b"COMMAND", b"DOCS"): lambda args, reply: type_of(args, reply) if len(args) == 2 else sorted_map(reply),
    (b"COMMAND", b"LIST"): lambda args, reply: type_of(args, reply) if len(args) == 2 else ordered(args, reply),
    (b"COMMAND", b"INFO"): lambda args, reply: type_of(args, reply) if len(args) == 2 else (
        reply[0], [row if row[1] is None else normal_row(row) for row in reply[1]]),
    (b"COMMAND", b"GETKEYSANDFLAGS"): lambda _, reply: (
        reply[0], [(key[1][0], key[1][1][0], sorted(key[1][1][1])) for key in reply[1]]),
    (b"PUBSUB", b"CHANNELS"): ordered,
    (b"PUBSUB", b"SHARDCHANNELS"): ordered,
    (b"ACL", b"GETUSER"): lambda _, reply: normal_user(reply) if reply[0] in ("*", "%") and reply[1] else reply,
    (b"ACL", b"LIST"): lambda _, reply: normal_users(reply),
    (b"ACL", b"DRYRUN"): lambda _, reply: normal_dryrun(reply),
    (b"ACL", b"GENPASS"): lambda _, reply: (reply[0], len(reply[1])),
    (b"ACL", b"CAT"): lambda args, reply: ordered(args, reply) if len(args) == 2 else type_of(args, reply),
    (b"ACL", b"LOG"): lambda _, reply: (reply[0], [normal_entry(entry) for entry in reply[1]]) if reply[0] == "*" else reply,
}
WITH_HELP = {b"ACL", b"CLIENT", b"COMMAND", b"CONFIG", b"LATENCY", b"MEMORY", b"MODULE", b"OBJECT", b"PUBSUB", b"SLOWLOG"}


def normal(args, reply):
    """A reply without what two servers cannot share: identities, versions, sets' order."""
    name, sub = args[0].upper(), args[1].upper() if len(args) > 1 else b""
    if reply[0] in ("violation", "closed", "no reply", "exception") or reply == ("+", b"QUEUED"):
        return reply
    if reply[0] == "-" and name == b"MODULE" and sub in (b"LOAD", b"LOADEX", b"UNLOAD"):
        return reply[0]  # there are no modules, which Redis cannot say
    if reply[0] == "-":
        return normal_refusal(reply)
    if sub == b"HELP" and name in WITH_HELP:
        return reply[0]
    maker = MAKERS.get((name, sub)) or MAKERS.get(name)
    return maker(args, reply) if maker else reply


def printed(step):
    """A step as text, as known_differences.txt sees it."""
    kind, what = step
    if kind in ("call", "scan"):
        words = ([b"SCAN-ALL"] if kind == "scan" else []) + what
        return " ".join(repr(w)[2:-1] if w and b" " not in w else repr(w)[1:] for w in words)
    return f"{kind} {what!r}"


class Line:
    """One of known_differences.txt."""

    def __init__(self, number, pattern, rule):
        self.number, self.pattern, self.rule = number, pattern, rule
        self.regex = re.compile(pattern, re.S)
        self.used = 0


class Known:
    """The known differences, and which of them have shown themselves."""

    def __init__(self, path):
        self.path = path
        self.lines = []
        with open(path, encoding="utf8") as f:
            for number, text in enumerate(f, 1):
                if text.strip() and not text.startswith("#"):
                    fields = [w for w in text.rstrip("\n").split("\t") if w]
                    if len(fields) != 3:
                        raise SystemExit(f"{path}:{number}: not REGEX, RULE and reason, separated by tabs")
                    self.lines.append(Line(number, *fields[:2]))

    def allow(self, text, expected, got):
        """Whether a line allows that what is printed so is answered `got` and not `expected`."""
        reworded = expected
        lines = [line for line in self.lines if line.regex.search(text)]
        for line in lines:
            if line.rule.startswith("text="):
                before = reworded
                reworded = replaced(before, *(part.encode() for part in line.rule[5:].split("=>")))
                line.used += reworded != before
        if reworded == got:
            return True
        for line in lines:
            if allowed(line.rule, reworded, got):
                line.used += 1
                return True
        return False

    def unused(self):
        return [f"{line.number}: {line.pattern}" for line in self.lines if not line.used]


def same(step, expected, got, known):
    if step[0] == "call":
        name = step[1][0].upper()
        expected, got = normal(step[1], expected), normal(step[1], got)
        if name in TOLERANCE and expected[0] == got[0] == ":" and expected[1] > 0:
            return abs(expected[1] - got[1]) <= TOLERANCE[name]
    if "exception" in (expected[0], got[0]):
        return False
    return expected == got or known.allow(printed(step), expected, got)


def replaced(reply, old, new):
    """A reply, or replies within replies, with errors reworded."""
    if isinstance(reply, (tuple, list)):
        if len(reply) == 2 and reply[0] == "-":
            return ("-", reply[1].replace(old, new))
        return type(reply)(replaced(part, old, new) for part in reply)
    return reply


def allowed(rule, expected, got):
    if got[0] in ("violation", "no reply", "exception"):
        return False
    if rule in ("type", "error"):
        return expected[0] == got[0] and (rule == "type" or got[0] == "-")
    if rule == "short":
        return expected[0] == got[0] == "-" and LONG.sub(b"", expected[1]) == LONG.sub(b"", got[1])
    if rule.startswith("henge="):
        return re.search(rule[6:], repr(got), re.S) is not None
    return rule == "any"
