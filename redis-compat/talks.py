"""Random talks of four connections of one server: subscriptions, messages, key events, and keys that are
tracked.  Once a command is answered each connection sends a PING, so that what reaches it before the PING's
answer belongs to that command."""
import resp

CONNECTIONS = 4
LAST = CONNECTIONS - 1  # has EXEC and MGET, and never subscribes: 7.0 sends messages in the midst of what they answer
CHANNELS = [b"a", b"b", b"k1", b"", b"news.1", b"__keyspace@0__:a"]
CHANNEL_PATTERNS = [b"*", b"k?", b"news.*", b"[ab]", b"__key*__:*", b"nomatch"]
EVENTS = [b"", b"KEA", b"KEAmn", b"EAm", b"E$g", b"KEAmn", b"KEmnx$"]
TRACKED = [b"a", b"b", b"k1", b"k2", b"{tag}x"]
READS = (b"CLIENT", b"GET", b"MGET", b"STRLEN", b"EXISTS", b"GETRANGE", b"TYPE", b"LCS", b"OBJECT")
TRACKING = [[b"ON"], [b"ON", b"NOLOOP"], [b"ON", b"OPTIN"], [b"ON", b"OPTOUT"], [b"ON", b"BCAST"], [b"OFF"],
            [b"ON", b"BCAST", b"PREFIX", b"k"], [b"ON", b"BCAST", b"PREFIX", b"k", b"PREFIX", b"a", b"NOLOOP"]]


def subscription(source):
    kind = source.pick(b"", b"P", b"S")
    names = CHANNEL_PATTERNS if kind == b"P" else CHANNELS
    name = kind + source.pick(b"SUBSCRIBE", b"SUBSCRIBE", b"UNSUBSCRIBE")
    count = source.random.randrange(3) if name.endswith(b"UNSUBSCRIBE") else source.random.randrange(1, 4)
    return [source.case(name)] + [source.one(names) for _ in range(count)]


def message(source):
    return source.pick(
        [b"PUBLISH", source.one(CHANNELS), source.value()], [b"SPUBLISH", source.one(CHANNELS), source.value()],
        [b"PUBSUB", b"CHANNELS"], [b"PUBSUB", b"CHANNELS", source.one(CHANNEL_PATTERNS)], [b"PUBSUB", b"NUMPAT"],
        [b"PUBSUB", b"NUMSUB", b"a", b"b", b"k1"], [b"PUBSUB", b"SHARDCHANNELS"], [b"PUBSUB", b"SHARDNUMSUB", b"a", b"b"],
        [b"CONFIG", b"SET", b"notify-keyspace-events", source.one(EVENTS)], [b"PING"], [b"CLIENT", b"INFO"], [b"RESET"])


def change(source):
    """Reads and writes; not SWAPDB, after which Henge lets clients forget everything and Redis nothing."""
    key, other = source.one(TRACKED), source.one(TRACKED)
    return source.pick(
        [b"SET", key, source.value()], [b"GET", key], [b"GET", key], [b"MGET", key, other], [b"DEL", key, other],
        [b"MSET", key, b"1", other, b"2"], [b"INCR", key], [b"APPEND", key, b"x"], [b"RENAME", key, other],
        [b"COPY", key, other, b"REPLACE"], [b"EXPIRE", key, b"1000"], [b"PERSIST", key], [b"GETDEL", key], [b"GETEX", key],
        [b"EXPIRE", key, b"-1"], [b"SETNX", key, b"v"], [b"GETSET", key, b"v"], [b"SETRANGE", key, b"1", b"x"], [b"FLUSHALL"],
        [b"SETBIT", key, b"1", b"1"], [b"BITOP", b"OR", key, other, other], [b"PFADD", key, b"x"], [b"MOVE", key, b"1"],
        [b"PFCOUNT", key], [b"PFMERGE", key, other], [b"PFCOUNT", key, other], [b"LCS", key, other], [b"SORT", key],
        [b"BITFIELD", key, b"GET", b"u8", b"0"], [b"BITFIELD", key, b"OVERFLOW", b"FAIL", b"INCRBY", b"u4", b"0", b"9"],
        [b"SORT", b"none", b"STORE", key], [b"COPY", key, other, b"DB", b"1"], [b"RENAMENX", key, other],
        [b"FLUSHDB"], [b"GETRANGE", key, b"0", b"-1"], [b"TYPE", key], [b"DUMP", key], [b"OBJECT", b"FREQ", key],
        [b"STRLEN", key], [b"EXISTS", key], [b"UNLINK", key], [b"SET", key, b"v", b"GET"], [b"INCRBYFLOAT", key, b"1.5"])


def transaction(source):
    """Without what only a reply of its own makes comparable, or a flush, which makes Henge forget what it had to tell
    of prefixes; reads in front of writes, for what a client has read
    behind its own write of the same key it is told of by Henge, and not by Redis."""
    steps, calls = [(LAST, [b"MULTI"])], []
    for _ in range(source.random.randrange(1, 5)):
        args = source.pick(change(source), change(source), [b"PUBLISH", source.one(CHANNELS), b"m"], [b"CLIENT", b"CACHING", b"YES"])
        if args[0] not in (b"DUMP", b"PFCOUNT", b"FLUSHALL", b"FLUSHDB"):
            calls.append((LAST, args))
        if source.random.random() < 0.2:
            steps += [(source.random.randrange(LAST), other) for other in [change(source)] if other[0] != b"MGET"]
    return steps + sorted(calls, key=lambda call: call[1][0] not in READS) + [(LAST, [source.pick(b"EXEC", b"EXEC", b"EXEC", b"DISCARD")])]


def talk(source):
    """("talk", steps), each (connection, args)."""
    steps = []
    for _ in range(source.random.randrange(4, 16)):
        draw = source.random.random()
        which = source.random.randrange(CONNECTIONS)
        if draw < 0.3:
            steps.append((which % LAST, subscription(source)))
        elif draw < 0.5:
            steps.append((which, message(source)))
        elif draw < 0.6:
            steps.append((which, [b"CLIENT"] + source.pick([b"TRACKING"] + source.one(TRACKING), [b"TRACKINGINFO"],
                                                           [b"CACHING", source.pick(b"YES", b"NO")], [b"GETREDIR"])))
        elif draw < 0.7:
            steps += transaction(source)
        else:
            args = change(source)
            steps.append((LAST if args[0] == b"MGET" else which, args))
    return ("talk", steps)


def answer(connection, args):
    """What is read up to the answer; of subscriptions, which have one for each name, nothing."""
    heard = []
    while not args[0].upper().endswith(b"SUBSCRIBE"):
        heard.append(connection.read())
        if not is_message(heard[-1]):
            break
    return heard


def read_until(connection, mark):
    """All replies in front of the PING's, which in RESP2 is a subscriber's array."""
    heard = []
    while True:
        reply = connection.read()
        if reply in (("$", mark), ("*", [("$", b"pong"), ("$", mark)])):
            return heard
        heard.append(reply)
        if reply == resp.CLOSED:
            return heard


def is_message(reply):
    if reply[0] != "*" or not reply[1] or reply[1][0][0] != "$":
        return reply[0] == ">"
    return len(reply[1]) > 2 and (reply[1][0][1] or b"").endswith((b"message", b"subscribe"))


def ordered(heard, normal, args):
    """Messages first, for 7.0 sends some of them in front of the reply; sorted, for the order of several channels or
    patterns, and the count that goes with each name, is each server's own."""
    messages, counts = [], []
    for reply in filter(is_message, heard):
        words = list(reply[1])
        if words[0][1].endswith(b"subscribe"):
            counts.append(words.pop())
        elif words[0][1] == b"invalidate" and words[1][1]:
            words[1] = (words[1][0], sorted(words[1][1]))
        messages.append((reply[0], words))
    replies = [normal(args, reply) for reply in heard if not is_message(reply)]
    return (sorted(messages, key=repr), sorted(counts, reverse=args[0].upper().endswith(b"UNSUBSCRIBE")), replies)


def hold(address, proto, steps, normal, timeout):
    """What each connection hears after each step."""
    connections, replies, within = [], [], set()
    try:
        for _ in range(CONNECTIONS):
            connections.append(resp.Connection(address, timeout))
            connections[-1].call(b"HELLO", b"%d" % proto)
        for number, (which, args) in enumerate(steps):
            connections[which].send(*args)
            heard = {which: answer(connections[which], args)}
            if args == [b"MULTI"] and heard[which][-1] == ("+", b"OK"):
                within.add(which)
            elif args[0] in (b"EXEC", b"DISCARD", b"RESET"):
                within.discard(which)
            for i, connection in enumerate(connections):
                if i in within:  # it would be queued; what it hears meanwhile it is asked for later
                    if i == which:
                        replies.append((i, ordered(heard[i], normal, args)))
                    continue
                mark = b"%d of %d" % (number, i)
                connection.send(b"PING", mark)
                said = heard.get(i, []) + read_until(connection, mark)
                replies.append((i, ordered(said, normal, args if i == which else [b"PING"])))
            if args[0].upper() == b"RESET":
                connections[which].call(b"HELLO", b"%d" % proto)
    finally:
        for connection in connections:
            connection.close()
    return ("replies", replies)
