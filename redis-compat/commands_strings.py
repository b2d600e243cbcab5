"""Random commands about bits, HyperLogLogs, common subsequences, payloads and sorting, mixed into
commands.py's."""
import rdb

BITS = [b"0", b"1", b"7", b"8", b"9", b"63", b"100", b"1000", b"-1", b"4294967296", b"abc", b"", b"#1", b"1.5"]
FIELD_OFFSETS = [b"0", b"1", b"3", b"8", b"17", b"63", b"100", b"#0", b"#1", b"#2", b"#10", b"-1", b"#-1", b"#", b"abc",
                 b"4294967296"]
TYPES = [b"u1", b"u2", b"u8", b"u16", b"u31", b"u63", b"i1", b"i2", b"i8", b"i5", b"i32", b"i64", b"i63", b"u64", b"i65",
         b"u0", b"x8", b"8", b"", b"U8", b"i-1"]
OPERANDS = [b"0", b"1", b"-1", b"5", b"127", b"128", b"255", b"256", b"-128", b"-129", b"65536", b"9223372036854775807",
            b"-9223372036854775808", b"4611686018427387904", b"9223372036854775808", b"x", b""]
EDGES = [b"0", b"1", b"2", b"5", b"7", b"8", b"13", b"100", b"-1", b"-2", b"-5", b"-100", b"9223372036854775807",
         b"-9223372036854775808", b"x", b""]
BITMAPS = [b"", b"\x00", b"\xff", b"\xff\xf0\x00", b"\x00" * 30, b"\xff" * 30, b"\x00" * 17 + b"\x01", b"\xff" * 20 + b"\x7f",
           b"foobar", b"\x80\x00\x00\x01"]
TEXTS = [b"ohmytext", b"mynewtext", b"", b"a", b"aaaa", b"abab" * 10, b"baba" * 12, b"abcabcabc" * 30, b"xyz", b"\x00\x00\xff"]
HLLS = [b"HYLL\x01" + b"\x00" * 10 + b"\x80\x7f\xff", b"HYLL\x01" + b"\x00" * 11 + b"\x7f\xff",
        b"HYLL\x01" + b"\x00" * 10 + b"\x80\x40\x00", b"HYLL\x01" + b"\x00" * 10 + b"\x80", b"HYLL\x02" + b"\x00" * 13,
        b"HYLL\x00" + b"\x00" * 11, b"HYLL", b"HYLL\x00" + b"\x00" * 10 + b"\x80" + b"\x41\x10\x04" * 4096,
        b"HYLL\x01" + b"\x00" * 10 + b"\x80" + b"\xff" * 4096]


class StringCommands:
    """What Commands inherits: makers of steps."""

    def string_makers(self):
        return [(7, self.bits), (5, self.bit_questions), (3, self.bit_op), (7, self.bit_fields), (6, self.lcs),
                (8, self.hyperloglogs), (3, self.dump), (5, self.restore), (4, self.sort), (1, self.rows)]

    def after(self, first, then):
        """`then` on what `first` has made, at times; else on whatever there is."""
        if self.random.random() < 0.5:
            self.waiting.append(("call", then))
            return ("call", first)
        return ("call", then)

    def bits(self):
        key = self.key()
        if self.random.random() < 0.5:
            return ("call", [self.case(b"SETBIT"), key, self.one(BITS), self.pick(b"0", b"1", b"1", b"2", b"-1", b"x", b"")])
        return ("call", [self.case(b"GETBIT"), key, self.one(BITS)])

    def bit_questions(self):
        key, name = self.key(), self.pick(b"BITCOUNT", b"BITPOS")
        args = [self.case(name), key] + ([self.pick(b"0", b"1", b"0", b"1", b"2", b"x")] if name == b"BITPOS" else [])
        args += [self.one(EDGES) for _ in range(self.pick(0, 1, 2, 2, 2))]
        if self.random.random() < 0.5:
            args.append(self.case(self.pick(b"BIT", b"BIT", b"BYTE", b"NIBBLE")))
        return self.after([b"SET", key, self.one(BITMAPS)], args)

    def bit_op(self):
        sources = [self.key() for _ in range(self.pick(1, 1, 2, 3, 4))]
        args = [self.case(b"BITOP"), self.case(self.pick(b"AND", b"OR", b"XOR", b"NOT", b"NOR")), self.key()] + sources
        self.waiting.append(("call", [b"GET", args[2]]))
        return self.after([b"SET", sources[0], self.one(BITMAPS)], args)

    def bit_fields(self):
        args = [self.case(self.pick(b"BITFIELD", b"BITFIELD", b"BITFIELD", b"BITFIELD_RO")), self.key()]
        for _ in range(self.random.randrange(5)):
            if self.random.random() < 0.3:
                args += [self.case(b"OVERFLOW"), self.case(self.pick(b"WRAP", b"SAT", b"FAIL", b"SAT", b"FAIL", b"BOGUS"))]
            name = self.pick(b"GET", b"SET", b"INCRBY", b"INCRBY")
            args += [self.case(name), self.one(self.one([TYPES[:13], TYPES[:13], TYPES])),
                     self.one(self.one([FIELD_OFFSETS[:11], FIELD_OFFSETS[:11], FIELD_OFFSETS]))]
            if name != b"GET":
                args.append(self.one(self.one([OPERANDS[:14], OPERANDS])))
        self.waiting.append(("call", [b"GET", args[1]]))
        return ("call", args)

    def lcs(self):
        first, second = self.key(), self.key()
        args = [self.case(b"LCS"), first, second]
        for option in ([b"LEN"], [b"IDX"], [b"IDX"], [b"WITHMATCHLEN"], [b"BOGUS"],
                       [b"MINMATCHLEN", self.pick(b"0", b"1", b"3", b"-1", b"x", b"100")]):
            if self.random.random() < 0.25:
                args += [self.case(option[0])] + option[1:]
        self.waiting += [("call", [b"SET", second, self.text()]), ("call", args)]
        return ("call", [b"SET", first, self.text()])

    def text(self):
        if self.random.random() < 0.3:
            return self.one(TEXTS)
        return bytes(self.random.choice(b"abc\x00") for _ in range(self.random.randrange(200)))

    def elements(self):
        if self.random.random() < 0.1:  # enough for the dense form
            return [b"%d" % self.random.randrange(100000) for _ in range(self.pick(100, 1000, 3000))]
        return [self.value() for _ in range(self.random.randrange(5))]

    def hyperloglogs(self):
        """Keys of their own, most times: whatever is added, the bytes must be the same."""
        keys = [self.pick(b"h1", b"h2", b"h3", b"h4", b"h1", b"h2", self.key()) for _ in range(3)]
        self.waiting.append(("call", [b"GET", keys[0]]))
        draw = self.random.random()
        if draw < 0.5:
            return ("call", [self.case(b"PFADD"), keys[0]] + self.elements())
        if draw < 0.7:
            return ("call", [self.case(b"PFCOUNT")] + keys[:self.pick(1, 1, 1, 2, 3)])
        if draw < 0.9:
            return ("call", [self.case(b"PFMERGE")] + keys[:self.pick(1, 2, 3, 3)])
        if draw < 0.95:
            return ("call", [b"DEL", keys[0]])
        return ("call", [b"SET", keys[0], self.one(HLLS)])

    def dump(self):
        """What either dumps the other restores: see differential.py."""
        key = self.key()
        self.waiting.append(("swap", [key, self.key()]))
        return ("call", [b"SET", key, self.pick(self.value(), self.text(), b"ab" * 500, b"%d" % self.random.randrange(1 << 33))])

    def payload(self):
        value = self.value()
        body = self.pick(
            rdb.plain(value), rdb.plain(value, 32), rdb.plain(value, 64), rdb.plain(value[:63], 14),
            rdb.number(self.random.randrange(-128, 128), 8), rdb.number(self.random.randrange(-32768, 32768), 16),
            rdb.number(self.random.randrange(-2 ** 31, 2 ** 31), 32), rdb.repeated(b"abc", self.random.randrange(2, 2000)),
            rdb.repeated(b"x", 5000), b"\x08\x01\x01a", b"\xff\x01a", b"\x00\xc4\x00")
        payload = rdb.sealed(body, self.pick(6, 6, 1, 9, 10, 12, 80))
        if self.random.random() < 0.2:  # damaged, which the checksum tells
            at = self.random.randrange(len(payload))
            payload = payload[:at] + bytes([payload[at] ^ 1 << self.random.randrange(8)]) + payload[at + 1:]
        return self.pick(payload, payload, payload, payload, payload, payload[:9], b"")

    def restore(self):
        args = [self.case(b"RESTORE"), self.key(),
                self.pick(b"0", b"0", b"0", b"100000", b"5000000", b"-1", b"x", b"", b"1.5"), self.payload()]
        for option in ([b"REPLACE"], [b"REPLACE"], [b"ABSTTL"], [b"IDLETIME", self.pick(b"5", b"-1", b"x")],
                       [b"FREQ", self.pick(b"0", b"255", b"256", b"-1", b"x")], [b"BOGUS"]):
            if self.random.random() < 0.2:
                args += [self.case(option[0])] + option[1:]
        self.waiting += [("call", [b"GET", args[1]]), ("call", [b"TTL", args[1]])]
        return ("call", args)

    def sort(self):
        args = [self.case(self.pick(b"SORT", b"SORT", b"SORT_RO")), self.key()]
        for option in ([b"ASC"], [b"DESC"], [b"ALPHA"], [b"LIMIT", self.one(EDGES), self.one(EDGES)], [b"BY", b"w_*"],
                       [b"GET", b"#"], [b"GET", b"o_*"], [b"STORE", self.key()], [b"BOGUS"]):
            if self.random.random() < 0.15:
                args += [self.case(option[0])] + option[1:]
        if self.random.random() < 0.5:
            self.waiting.append(("call", args))
            return ("call", [b"DEL", args[1]])
        return ("call", args)

    def rows(self):
        names = [b"setbit", b"getbit", b"bitcount", b"bitpos", b"bitop", b"bitfield", b"bitfield_ro", b"lcs", b"pfadd",
                 b"pfcount", b"pfmerge", b"dump", b"restore", b"sort", b"sort_ro"]
        return ("call", [b"COMMAND"] + self.pick(
            [b"INFO", self.one(names), self.one(names)],
            [b"GETKEYS", b"SORT", b"a", b"BY", b"store", b"STORE", b"b", b"ALPHA", b"STORE", b"c"],
            [b"GETKEYS", b"BITOP", b"AND", b"d", b"a", b"b"], [b"GETKEYS", b"SORT_RO", b"a", b"GET", b"x"],
            [b"GETKEYSANDFLAGS", b"SORT", b"a", b"STORE", b"c"], [b"GETKEYSANDFLAGS", b"PFMERGE", b"a", b"b", b"c"],
            [b"GETKEYSANDFLAGS", b"BITOP", b"AND", b"d", b"a", b"b"], [b"GETKEYSANDFLAGS", b"PFCOUNT", b"a", b"b"]))
