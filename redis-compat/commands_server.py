"""Random commands about the server itself, mixed into commands.py's."""

HELPED = [b"CLIENT", b"CONFIG", b"OBJECT", b"COMMAND", b"PUBSUB", b"ACL"]
LIST_PATTERNS = [b"get*", b"?expire", b"[gs]et", b"nosuch*", b"bit*", b"", b"GET*", b"client|t*"]


class ServerCommands:
    """What Commands inherits: makers of steps."""

    def server_makers(self):
        return [(2, self.about_commands), (2, self.keys_of_commands), (3, self.about_server), (1, self.about_clients)]

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

    def about_clients(self):
        return ("call", [b"CLIENT"] + self.pick(
            [b"INFO"], [b"INFO"], [b"INFO", b"x"], [b"LIST", b"TYPE", self.pick(b"master", b"replica", b"x", b"pubsub")],
            [b"LIST"], [b"LIST", b"x"], [b"LIST", b"ID", b"0"], [b"LIST", b"ID", b"x"], [b"LIST", b"ID", b"99999999", b"-1"],
            [b"LIST", b"ID"], [b"LIST", b"TYPE"], [b"LIST", b"TYPE", b"normal", b"x"]))
