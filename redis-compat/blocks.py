"""Random transactions for the differential runner: what two connections of one server say in turn.

A block is a list of (connection, args), or (connection, None) for a nap.  Both connections are
new, so that whatever they do to themselves ends with the block."""
import commands

# What two servers, or two moments, answer differently, and what speaks of the server itself.
OTHERS = {b"TTL", b"PTTL", b"EXPIRETIME", b"PEXPIRETIME", b"OBJECT", b"COMMAND", b"CONFIG", b"SHUTDOWN", b"INFO",
          b"SCAN", b"TIME", b"SLOWLOG"}
# And words of subcommands.  What waits for a job is not for MULTI here, and modules are not there.
OTHER_WORDS = {b"AUTH", b"SETINFO", b"KILL", b"LOAD", b"SAVE", b"PURGE", b"MALLOC-STATS", b"LOADEX", b"UNLOAD"}
EXPIRES_MS = b"200"


def plain_call(source, but=()):
    """One command, as commands.py draws it; none of those in `but`."""
    waiting, source.waiting = source.waiting, []
    try:
        while True:
            kind, args = source.tame(source.random.choices(source.makers, source.weights)[0][1]())
            source.waiting.clear()
            if kind == "call" and args[0].upper() not in OTHERS and args[0].upper() not in but and \
                    commands.SHORT_MS not in args and not OTHER_WORDS & {a.upper() for a in args}:
                return args
    finally:
        source.waiting = waiting


def watch(source):
    return [source.case(b"WATCH")] + [source.one(commands.KEYS[:6]) for _ in range(source.random.randrange(1, 4))]


def odd(source):
    """What a transaction is not often asked."""
    return source.pick([b"MULTI"], watch(source), [b"UNWATCH"], [b"MULTI", b"x"], [b"WATCH"], [b"RESET"], [b"QUIT"],
                       [b"DISCARD", b"x"], [b"EXEC", b"x"], [b"SAVE"], [b"NOSUCH"], [b"GET"], [b"SELECT", b"1"],
                       [b"HELLO", b"3"], [b"HELLO", b"2"], source.one(commands.WAITS))


def end(source):
    return source.pick([b"EXEC"], [b"exec"], [b"EXEC"], [b"EXEC"], [b"EXEC"], [b"EXEC"], [b"DISCARD"], [b"RESET"],
                       [b"EXEC", b"x"])


def block(source):
    random = source.random
    steps = []

    def meanwhile(most):
        for _ in range(random.randrange(most)):
            steps.append((random.randrange(2), plain_call(source)))

    expires = random.random() < 0.005
    if expires:
        steps.append((1, [b"SET", b"a", b"v", b"PX", EXPIRES_MS]))
        steps.append((0, [b"WATCH", b"a"]))
    for _ in range(random.randrange(3)):
        steps.append((0, watch(source)))
        meanwhile(3)
    if random.random() < 0.95:
        steps.append((0, [source.case(b"MULTI")]))
    if random.random() < 0.2:
        steps.append((1, [b"MULTI"]))
    for _ in range(random.randrange(7)):
        steps.append((0, odd(source) if random.random() < 0.1 else plain_call(source)))
        if random.random() < 0.15:
            steps.append((1, plain_call(source)))
    if expires:
        steps.append((0, None))
    steps.append((0, end(source)))
    meanwhile(3)
    steps += [(1, [b"EXEC"]), (0, [b"EXEC"]), (0, [b"MGET"] + commands.KEYS[:7]), (1, [b"DBSIZE"])]
    return ("block", steps)
