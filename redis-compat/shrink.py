"""Fewer steps that still differ: which ones are needed, then which parts of each."""
import time

SECONDS = 30
# Some words less, and they end or hold up a server.
WHOLE = {b"SHUTDOWN", b"WAIT", b"WAITAOF"}


def without(items, keep, fails, until):
    """Halves, then quarters, ... of the items but the last `keep` are left out while the rest still fails."""
    size = len(items) - keep
    while size >= 1 and time.monotonic() < until:
        at = 0
        while at < len(items) - keep and time.monotonic() < until:
            fewer = items[:at] + items[min(at + size, len(items) - keep):]
            if fails(fewer):
                items = fewer
            else:
                at += size
        size //= 2
    return items


def pieces(step):
    """What a step is made of and may do without; None: nothing."""
    kind, what = step
    if kind in ("call", "scan") and not (what and what[0].upper() in WHOLE):
        return what[1:] if kind == "call" else what
    if kind in ("block", "auth", "talk"):
        return what
    if kind in ("may", "as_user"):
        return what[1]
    return what.splitlines(keepends=True) if kind == "raw" else None


def made_of(step, parts):
    kind, what = step
    if kind == "call":
        return (kind, what[:1] + parts)
    if kind in ("may", "as_user"):
        return (kind, (what[0], parts))
    return (kind, b"".join(parts) if kind == "raw" else parts)


def recent(steps, fails, until):
    """The shortest end of them, in doublings, that fails; None: not even all do."""
    count = 1
    while count < len(steps) and time.monotonic() < until:
        if fails(steps[-count:]):
            return steps[-count:]
        count *= 2
    return steps if fails(steps) else None


def shrink(steps, fails, seconds=SECONDS):
    """Fewer steps, of which the last still differs from an empty store; None: it does not come again."""
    until = time.monotonic() + seconds
    steps = recent(steps, fails, until)
    if steps is None:
        return None
    steps = without(steps, 1, fails, until)
    for at, step in enumerate(steps):
        parts = pieces(step)
        if parts:
            kept = without(parts, 0, lambda fewer, a=at, s=step: fails(steps[:a] + [made_of(s, fewer)] + steps[a + 1:]),
                           until)
            steps = steps[:at] + [made_of(step, kept)] + steps[at + 1:]
    return steps
