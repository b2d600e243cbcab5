"""REPORT.md: per command of Redis 7.2 whether it is here, what tests it, and how it differs.

Made from the running server's COMMAND, redis-7.2-commands.txt, what each client sent (commandstats),
what tests/system names, and known_differences.txt.  Nothing in it depends on the day or the machine."""
import ast
import difflib
import glob
import json
import os
import re

import clients
import coverage
import normal
import servers

HERE = os.path.dirname(os.path.abspath(__file__))
PATH = f"{HERE}/REPORT.md"
CLIENTS_COLUMN = 3  # of a row that is split by "|"


def redis_commands():
    with open(f"{HERE}/redis-7.2-commands.txt", encoding="ascii") as f:
        return {line.strip() for line in f if line.strip() and line[0] != "#"}


def commands_of(reply):
    """The full names in COMMAND's reply, subcommands included."""
    found = set()
    for _, cells in reply[1]:
        found.add(cells[0][1].decode())
        found |= commands_of(cells[9])
    return found


def words_of(call):
    """The texts at the beginning of a call's arguments in Python's source, split at spaces."""
    words = []
    for argument in call.args:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, (str, bytes)):
            value = argument.value
            words += (value.decode("latin1") if isinstance(value, bytes) else value).lower().split()
        elif words:
            break
    return words


def named_by(paths, commands):
    """The commands that calls in these Python files name: a command's name, its subcommand next to it."""
    found = set()
    for path in paths:
        with open(path, encoding="utf8") as f:
            tree = ast.parse(f.read())
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            words = words_of(call)
            for word, following in zip(words, words[1:] + [""]):
                found |= {word, f"{word}|{following}"} & commands
                if word in commands:
                    break
    return found


def heads(expression):
    """What a printed command begins with that this expression of known_differences.txt matches: its
    alternatives, up to the first thing that is not plain."""
    if "^" not in expression.removeprefix("(?i)")[:2]:
        return []
    text = expression.replace("(?i)", "").replace("(^|')", "").replace("( |$)", "").replace("\\|", "\0")
    pending, whole = [re.split(r"\.\*|\\|'\?|\$|\{", text)[0].lstrip("^")], []
    while pending:
        text = pending.pop()
        group = re.search(r"\(([^()]*)\)(\?)?", text)
        if group:
            options = group[1].split("|") + ([""] if group[2] else [])
            pending += [text[:group.start()] + option + text[group.end():] for option in options]
        else:
            whole.append(text.replace("\0", "|").removeprefix("categories ").lower())
    return whole


def differences(commands):
    """The reasons of known_differences.txt, and {command: their numbers, from 1}."""
    reasons, about = [], {}
    with open(normal.KNOWN, encoding="utf8") as f:
        lines = [[w for w in line.rstrip("\n").split("\t") if w] for line in f if line.strip() and line[0] != "#"]
    for expression, _, reason in lines:
        if reason not in reasons:
            reasons.append(reason)
        for head in heads(expression):
            words = head.split()
            named = [name for name in ("|".join(words[:2]), *words[:1]) if name in commands]
            if named:
                about.setdefault(named[0], set()).add(reasons.index(reason) + 1)
    return reasons, about


def client_lines(pinned):
    for client in clients.CLIENTS:
        if client.tag:
            name, _, _ = client.name.partition("@")
            version = pinned.get(name.removeprefix("npm "), "") if client.name.startswith("npm ") else ""
            yield f"| {client.tag} | {client.name}{f' ({version})' if version else ''} | {client.about} |"


def render(here, sent):
    """`here`: the commands there are; `sent`: {tag: commands}."""
    redis = redis_commands()
    system = named_by(sorted(glob.glob(f"{servers.ROOT}/tests/system/*.py")), here)
    reasons, about = differences(here)
    not_compared = {name.decode(): reason for name, reason in coverage.NOT_COMPARED.items()}
    with open(f"{HERE}/package.json", encoding="utf8") as f:
        pinned = json.load(f)["dependencies"]
    missing = redis - here
    containers = {name.partition("|")[0] for name in here if "|" in name}
    lines = [
        "# What of Redis 7.2 is here", "",
        "Written by `make compat`; what it says is what the run has seen.", "",
        f"Of the {len(redis)} commands and subcommands of Redis 7.2, {len(redis & here)} are here.", "",
        "- **compared**: said by the differential runner, at random or in its dialogues, to this server and to the",
        "  distribution's redis-server; every reply is the same but for the differences named.",
        "- **clients**: sent to this server by these, in programs that check what comes back:", "",
        "| | client | |", "|---|---|---|", *client_lines(pinned), "",
        "- **system**: named by a test in tests/system.", "",
        "| command | compared | clients | system | differs |", "|---|---|---|---|---|"]
    untested = []
    for name in sorted(here):
        if name in containers and name not in {"command"}:
            continue  # its subcommands are told of
        tags = [tag for tag in dict.fromkeys(c.tag for c in clients.CLIENTS if c.tag) if name in sent.get(tag, ())]
        compared = "yes" if name not in not_compared else f"no: {not_compared[name]}"
        if name in not_compared and not tags and name not in system:
            untested.append(name)
        extra = "" if name in redis else " (not of Redis)"
        lines.append(f"| {name.replace('|', ' ')}{extra} | {compared} | {' '.join(tags)} | {'yes' if name in system else ''} | "
                     f"{', '.join(map(str, sorted(about.get(name, set()) | about.get(name.partition('|')[0], set()))))} |")
    lines += ["", "## How it differs", ""]
    lines += [f"{number}. {reason}" for number, reason in enumerate(reasons, 1)]
    whole = sorted(name for name in missing if "|" not in name)
    parts = sorted(name.replace("|", " ") for name in missing if "|" in name and name.partition("|")[0] in here)
    lines += ["", "## Not here", "", f"{len(whole)} commands: {', '.join(whole)}."]
    if parts:
        lines += ["", f"Of commands that are here: {', '.join(parts)}."]
    return "\n".join(lines) + "\n", untested


def without_clients(text):
    """Without what only a run of every client can tell."""
    rows = (line.split("|") for line in text.splitlines())
    return ["|".join(cells[:CLIENTS_COLUMN] + cells[CLIENTS_COLUMN + 1:]) if len(cells) == 7 else "|".join(cells) for cells in rows]


def check(t, port, sent, skipped):
    """Writes REPORT.md, and holds what does not depend on clients against the one that was there."""
    here = commands_of(clients.ask(port, "COMMAND"))
    text, untested = render(here, sent)
    t.equal(untested, [], "every command is tested by something")
    before = ""
    if os.path.exists(PATH):
        with open(PATH, encoding="utf8") as f:
            before = f.read()
    t.check(without_clients(before) == without_clients(text), "REPORT.md is true; commit the new one",
            "\n".join(difflib.unified_diff(without_clients(before), without_clients(text), lineterm="", n=0)))
    if skipped:
        print(f"REPORT.md: not written, as these were left out: {', '.join(skipped)}")
        return
    if before != text:
        print("REPORT.md has changed; commit it")
    with open(PATH, "w", encoding="utf8") as f:
        f.write(text)
