"""The differential runner against servers that lie: what it must find, shrink and survive."""
import contextlib
import io
import sys

import differential
import normal
import servers


class Pretender(differential.Side):
    """A store of strings in memory; `lie` may change a reply."""

    def __init__(self, lie=None):
        self.lie = lie
        self.keys = {}

    def again(self):
        pass

    def reset(self):
        self.keys = {}

    def call(self, args):
        name = args[0].upper()
        if len(args) < (3 if name == b"SET" else 2):
            return ("-", b"ERR wrong number of arguments")
        if name == b"SET":
            self.keys[args[1]] = args[2]
            reply = ("+", b"OK")
        else:
            reply = ("$", self.keys.get(args[1]))
        return self.lie(args, reply) if self.lie else reply


class Script:
    """What commands.py would draw."""

    def __init__(self, steps):
        self.steps = iter(steps)

    def next(self):
        return next(self.steps)


def many(*last):
    """A hundred writes and reads of which the last differ."""
    steps = [("call", [name, b"k%d" % (i % 7), b"%d" % i]) for i in range(50) for name in (b"SET", b"GET")]
    return steps + list(last)


def run(lie, steps):
    runner = differential.Runner(Pretender(), Pretender(lie), normal.Known(normal.KNOWN))
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        runner.run(Script(steps), len(steps), "script")
    return runner, shown.getvalue()


def a_lie_is_found_and_shrunk_to_what_it_needs(t):
    needed = [("call", [b"SET", b"k", b"evil"]), ("call", [b"GET", b"k"])]
    runner, _ = run(lambda args, reply: ("$", b"good") if reply == ("$", b"evil") else reply, many(*needed))
    t.equal(runner.failed, 1, "differences")
    t.equal(runner.found, [needed], "what it was shrunk to")


def what_a_step_raises_is_a_difference(t):
    def lie(args, reply):
        if args == [b"SET", b"k", b"evil"]:
            raise ValueError("no such luck")
        return reply

    bad = ("call", [b"SET", b"k", b"evil"])
    runner, shown = run(lie, many(bad, ("call", [b"GET", b"k1"])))
    t.equal((runner.failed, runner.passed), (1, 101), "it goes on")
    t.equal(runner.found, [[bad]], "what it was shrunk to")
    t.check("ValueError: no such luck" in shown, "the exception is shown", shown)


def what_the_comparison_raises_is_a_difference(t):
    bad = ("call", [b"SCAN", b"0"])
    runner, shown = run(lambda args, reply: ("*", None) if args == bad[1] else reply, many(bad))
    t.equal((runner.failed, runner.found), (1, [[bad]]), "the difference")
    t.check("their comparison: TypeError" in shown, "the exception is shown", shown)


def words_and_inner_steps_are_left_out(t):
    seen = []

    def fails(steps):
        seen.append(steps)
        return steps[-1][0] == "block" and (0, [b"EXEC"]) in steps[-1][1] and ("call", [b"SET", b"x"]) in [
            (kind, what[:2]) for kind, what in steps]

    block = ("block", [(0, [b"MULTI"]), (1, [b"PING"]), (0, [b"EXEC"])])
    history = many(("call", [b"SET", b"x", b"1", b"NX"]), block)
    t.equal(differential.shrink.shrink(history, fails), [("call", [b"SET", b"x"]), ("block", [(0, [b"EXEC"])])], "what is left")
    t.check(len(seen) < 200, "tries", f"{len(seen)}")
    t.equal(differential.shrink.shrink(history, lambda _: False), None, "what does not come again")


def known_lines_say_when_they_were_of_use(t):
    known = normal.Known(normal.KNOWN)
    unused = len(known.unused())
    step = ("call", [b"OBJECT", b"REFCOUNT", b"a"])
    t.check(normal.same(step, (":", 2147483647), (":", 1), known), "a known difference")
    t.check(not normal.same(step, (":", 2147483647), (":", 2), known), "which is not any")
    t.equal(len(known.unused()), unused - 1, "lines without use")


TESTS = (a_lie_is_found_and_shrunk_to_what_it_needs, what_a_step_raises_is_a_difference,
         what_the_comparison_raises_is_a_difference, words_and_inner_steps_are_left_out, known_lines_say_when_they_were_of_use)


def main():
    t = servers.Tally()
    for test in TESTS:
        t.run(test)
    return t.end()


if __name__ == "__main__":
    sys.exit(main())
