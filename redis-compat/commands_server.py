"""Random commands about the server itself, mixed into commands.py's."""

CLUSTER = [b"INFO", b"NODES", b"SLOTS", b"SHARDS", b"LINKS", b"MYID", b"HELP", b"KEYSLOT", b"REPLICAS", b"SLAVES", b"COUNTKEYSINSLOT",
           b"GETKEYSINSLOT", b"nosuch"]
HELPED = [b"CLIENT", b"CONFIG", b"OBJECT", b"COMMAND", b"PUBSUB", b"ACL", b"SLOWLOG", b"LATENCY", b"MEMORY", b"MODULE"]
LIST_PATTERNS = [b"get*", b"?expire", b"[gs]et", b"nosuch*", b"bit*", b"", b"GET*", b"client|t*"]


class ServerCommands:
    """What Commands inherits: makers of steps."""

    def server_makers(self):
        return [(2, self.about_commands), (2, self.keys_of_commands), (3, self.about_server), (1, self.about_clients),
                (2, self.about_time), (2, self.about_memory), (1, self.about_cluster)]

    def about_commands(self):
        return ("call", [self.case(b"COMMAND")] + self.pick(
            [b"LIST"], [b"LIST", b"FILTERBY", b"PATTERN", self.one(LIST_PATTERNS)], [b"LIST", b"x"],
            [b"LIST", b"filterby", b"ACLCAT", self.pick(b"string", b"transaction", b"bitmap", b"nosuch", b"@string")],
            [b"LIST", b"FILTERBY", b"MODULE", b"x"], [b"LIST", b"FILTERBY", b"BOGUS", b"x"], [b"LIST", b"FILTERBY"],
            [b"DOCS", self.pick(b"get", b"SET", b"nosuch", b"expire")], [b"DOCS", b"get", b"nosuch", b"mget"]))

    def keys_of_commands(self):
        """Of any call: as it is drawn, or with a word too many."""
        while True:
            kind, args = self.random.choices(self.makers, self.weights)[0][1]()
            self.waiting.clear()
            if kind == "call" and args[0].upper() not in (b"COMMAND", b"CLIENT", b"CONFIG", b"ACL", b"PUBSUB"):
                break
        if self.random.random() < 0.2:
            args = args + [self.key()]
        return ("call", [b"COMMAND", self.case(self.pick(b"GETKEYS", b"GETKEYSANDFLAGS"))] + args)

    def about_server(self):
        return ("call", self.pick(
            [self.one(HELPED), b"HELP"], [self.one(HELPED), b"HELP", b"x"], [b"RANDOMKEY"], [b"RANDOMKEY", b"x"],
            [b"INFO", self.case(b"keyspace")], [b"INFO", b"keyspace"], [b"CONFIG", b"RESETSTAT"], [b"CONFIG", b"RESETSTAT", b"x"],
            [b"LASTSAVE"], [b"BGSAVE", b"x"], [b"BGSAVE", b"SCHEDULE", b"x"], [b"SAVE", b"x"], [b"ACL", b"USERS"]))

    def about_time(self):
        """What is kept is each server's own; both keep nothing of what nobody asked to be watched."""
        return ("call", self.pick(
            [b"SLOWLOG", self.case(b"GET")], [b"SLOWLOG", b"GET", self.pick(b"0", b"-1", b"3", b"-2", b"x")], [b"SLOWLOG", b"GET", b"1", b"2"],
            [b"SLOWLOG", b"LEN"], [b"SLOWLOG", b"LEN", b"x"], [b"SLOWLOG", b"RESET"], [b"SLOWLOG", b"nosuch"], [b"SLOWLOG"],
            [b"LATENCY", self.pick(b"LATEST", b"latest", b"DOCTOR", b"RESET", b"nosuch")], [b"LATENCY"],
            [b"LATENCY", self.pick(b"HISTORY", b"GRAPH", b"RESET"), self.pick(b"command", b"nosuch", b"fork")],
            [b"LATENCY", b"HISTORY"], [b"LATENCY", b"GRAPH", b"a", b"b"], [b"LATENCY", b"LATEST", b"x"],
            [b"LATENCY", b"HISTOGRAM"], [b"LATENCY", b"HISTOGRAM", self.pick(b"get", b"nosuch", b"set")]))

    def about_cluster(self):
        """Neither is one here; cluster_view.py compares those that are."""
        return ("call", self.pick(
            [b"CLUSTER", self.case(self.one(CLUSTER))], [b"CLUSTER", self.one(CLUSTER), self.key()], [b"CLUSTER"],
            [b"CLUSTER", self.one(CLUSTER), b"1", b"2"], [b"READONLY"], [b"READWRITE"], [b"ASKING"], [b"READONLY", b"x"]))

    def about_memory(self):
        return ("call", self.pick(
            [b"MEMORY", self.case(b"USAGE"), self.key()], [b"MEMORY", b"USAGE", self.key(), b"SAMPLES", self.pick(b"0", b"5", b"-1", b"x")],
            [b"MEMORY", b"USAGE"], [b"MEMORY", b"USAGE", self.key(), b"x"], [b"MEMORY", b"STATS"], [b"MEMORY", b"DOCTOR"],
            [b"MEMORY", b"MALLOC-STATS"], [b"MEMORY", b"PURGE"], [b"MEMORY", b"PURGE", b"x"], [b"MEMORY", b"nosuch"], [b"MEMORY"],
            [b"MODULE", b"LIST"], [b"MODULE", b"LIST", b"x"], [b"MODULE", b"LOAD", b"/nosuch"], [b"MODULE", b"LOADEX", b"/nosuch"],
            [b"MODULE", b"UNLOAD", b"x"], [b"MODULE"], [b"CONFIG", b"REWRITE"], [b"CONFIG", b"REWRITE", b"x"],
            [b"LOLWUT"], [b"DEBUG", b"OBJECT", self.key()], [b"DEBUG", b"SLEEP", b"0"], [b"DEBUG"]))

    def about_clients(self):
        return ("call", [b"CLIENT"] + self.pick(
            [b"INFO"], [b"INFO"], [b"INFO", b"x"], [b"LIST", b"TYPE", self.pick(b"master", b"replica", b"x", b"pubsub")],
            [b"LIST"], [b"LIST", b"x"], [b"LIST", b"ID", b"0"], [b"LIST", b"ID", b"x"], [b"LIST", b"ID", b"99999999", b"-1"],
            [b"LIST", b"ID"], [b"LIST", b"TYPE"], [b"LIST", b"TYPE", b"normal", b"x"]))
