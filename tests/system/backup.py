"""Checkpoints: SAVE and BGSAVE while clients write, and a server that begins from one."""
import os
import random
import shutil
import subprocess
import threading

import harness
import resp
from harness import OK

KEYS = 1000
SMALL = ("--memtable-size", "1mb", "--log-segment-size", "4mb", "--table-size", "1mb")


def value_of(number, generation):
    size = random.Random(number).choice([20, 100, 1000, 6000, 6000, 1500000 if number % 1000 == 0 else 50])
    return (f"{number}:{generation}:" + "x" * size).encode()


def write_all(t, c, generation):
    for begin in range(0, KEYS, 100):
        numbers = range(begin, begin + 100)
        c.send_raw(b"".join(resp.encode(["SET", f"k{n}", value_of(n, generation)]) for n in numbers))
        replies = [c.read() for _ in numbers]
        if replies != [OK] * 100:
            t.check(False, "a write while a checkpoint is made", repr(replies[0]))


def checkpoints_of(server):
    shelf = f"{server.directory}/checkpoints"
    return sorted(f"{shelf}/{name}" for name in os.listdir(shelf)) if os.path.isdir(shelf) else []


def info(c, field):
    for line in c.call("INFO", "persistence")[1].decode().splitlines():
        if line.startswith(field + ":"):
            return line.split(":", 1)[1]
    return None


def ended(c):
    return harness.until(lambda: info(c, "rdb_bgsave_in_progress") == "0", 60)


def check_folder(t, server, folder):
    done = subprocess.run([server.command[0], "--check", folder], capture_output=True, text=True, check=False)
    t.equal(done.returncode, 0, f"--check finds nothing in {os.path.basename(folder)}")
    if done.returncode:
        print(done.stdout[-2000:], done.stderr[-2000:])


def save_is_exact_and_restores(t, new, given):
    del given
    server, other = new(*SMALL), new(*SMALL)
    server.start()
    with server.connect(60) as c:
        begun = c.call("LASTSAVE")[1]
        t.equal(c.call("LASTSAVE"), (":", begun), "LASTSAVE tells the start until something was saved")
        t.equal(info(c, "rdb_last_bgsave_time_sec"), "-1", "nothing was saved yet")
        for generation in (1, 2):
            write_all(t, c, generation)
            c.call("DEL", "k7")
            t.equal(c.call("SAVE"), OK, "SAVE answers when it is done")
            t.equal(len(checkpoints_of(server)), 1, "one checkpoint stays")
        t.check(c.call("LASTSAVE")[1] >= begun, "LASTSAVE does not fall")
        t.equal(info(c, "rdb_changes_since_last_save"), "0", "INFO says that nothing was written since")
        t.equal(info(c, "rdb_saves"), "2", "... and how many there were")
        t.equal(c.call("CONFIG", "SET", "checkpoint-keep", "2"), OK, "more are kept when asked to")
        write_all(t, c, 3)
        t.equal(c.call("BGSAVE"), ("+", b"Background saving started"), "BGSAVE")
        t.check(ended(c), "it ends")
        t.equal(len(checkpoints_of(server)), 2, "two stay")
        write_all(t, c, 4)
        t.check(int(info(c, "rdb_changes_since_last_save")) >= KEYS, "INFO counts what was written since")
        for words in (["BGSAVE", "x"], ["BGSAVE", "SCHEDULE", "x"]):
            t.equal(c.call(*words), ("-", b"ERR syntax error"), " ".join(words))
    server.kill()
    first, second = checkpoints_of(server)
    for folder, generation, gone in ((first, 2, True), (second, 3, False)):
        check_folder(t, server, folder)
        shutil.rmtree(other.directory)
        shutil.copytree(folder, other.directory)
        other.start()
        with other.connect(60) as c:
            wrong = [n for n in range(KEYS) if not (gone and n == 7)
                     and c.call("GET", f"k{n}") != ("$", value_of(n, generation))]
            t.equal(wrong[:3], [], "all values are those of that moment")
            t.equal(c.call("EXISTS", "k7"), (":", 0 if gone else 1), "and what was deleted then is not there")
        other.stop()
    server.start()
    with server.connect(60) as c:
        wrong = [n for n in range(KEYS) if c.call("GET", f"k{n}") != ("$", value_of(n, 4))]
        t.equal(wrong[:3], [], "the store itself has what came later")


def it_is_made_beside_writers(t, new, given):
    del given
    server, other = new(*SMALL), new(*SMALL)
    server.start()
    stop = threading.Event()
    written = []

    def write():
        with server.connect(60) as c:
            n = 0
            while not stop.is_set():
                if c.call("SET", f"seq{n % 500}", f"{n}:" + "y" * 2000) != OK:
                    return
                written.append(n)
                n += 1

    thread = threading.Thread(target=write)
    thread.start()
    with server.connect(60) as c, harness.Watch(server) as watch:
        for _ in range(5):
            before = len(written)
            harness.until(lambda b=before: len(written) > b + 1500, 20)
            least = len(written)
            t.equal(c.call("SAVE"), OK, "SAVE beside a writer")
    stop.set()
    thread.join()
    watch.judge(t, "five checkpoints", 64)
    most = len(written)
    server.kill()
    folder = checkpoints_of(server)[-1]
    check_folder(t, server, folder)
    shutil.rmtree(other.directory)
    shutil.copytree(folder, other.directory)
    other.start()
    with other.connect(60) as c:
        found = [int(c.call("GET", f"seq{k}")[1].split(b":")[0]) for k in range(500)]
    last = max(found)
    t.check(least <= last + 1 <= most, "it has what was answered before SAVE", f"{least} {last} {most}")
    t.equal(sorted(found), list(range(last - 499, last + 1)), "and is one moment of the writer's life")


def a_kill_while_it_is_made_leaves_nothing(t, new, given):
    del given
    server = new(*SMALL)
    server.start()
    with server.connect(60) as c:
        write_all(t, c, 1)
        c.send_raw(resp.encode(["BGSAVE"]))
        c.read()
    server.kill()
    os.makedirs(f"{server.directory}/checkpoints/incomplete", exist_ok=True)
    server.start()
    t.check(not any(p.endswith("incomplete") for p in checkpoints_of(server)), "a start removes what was not finished")
    with server.connect(60) as c:
        t.equal(c.call("GET", "k9"), ("$", value_of(9, 1)), "the store is whole")
        shutil.rmtree(f"{server.directory}/checkpoints")
        with open(f"{server.directory}/checkpoints", "w", encoding="ascii"):
            reply = c.call("SAVE")
        t.check(reply[0] == "-" and b"The checkpoint failed" in reply[1], "SAVE says that it failed", repr(reply))
        t.equal(info(c, "rdb_last_bgsave_status"), "err", "INFO too")
        os.unlink(f"{server.directory}/checkpoints")
        t.equal(c.call("SAVE"), OK, "and the next one is made")


if __name__ == "__main__":
    harness.main(__doc__, [save_is_exact_and_restores, it_is_made_beside_writers,
                           a_kill_while_it_is_made_leaves_nothing])
