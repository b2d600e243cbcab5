"""A node that is killed again and again under load: what all clients were told together has one
order, and nothing acknowledged is missing at the end.

The judge, built beside the server, decides; here is only who asks, and when it is killed."""
import os
import random
import subprocess
import time

import harness
import history

SMALL = ["--memtable-size", "512kb", "--log-segment-size", "1mb", "--table-size", "512kb"]


def judge_path(server):
    return os.path.join(os.path.dirname(server.command[0]), "judge")


def judged(path, server):
    return subprocess.run([judge_path(server), path], capture_output=True, text=True, check=False)


def is_right(t, server, path):
    done = judged(path, server)
    said = done.stdout.splitlines()
    print("".join(f"  {line.split(': ', 1)[-1]}\n" for line in said[:-1]) if done.returncode == 0 else "", end="", flush=True)
    return t.check(done.returncode == 0, "what clients were told has one order, and nothing is missing",
                   f"status {done.returncode}, {done.stderr.strip()}\n{done.stdout[-6000:]}")


def one_node_killed_again_and_again(t, new, given):
    server = new(*SMALL).start()
    if not t.check(os.path.exists(judge_path(server)), "the judge is built", judge_path(server)):
        return
    recorder = history.Recorder([server.address], clients=given.clients, seed=given.seed, pause=0.002)
    randoms = random.Random(given.seed)
    path = f"{server.directory}.history"
    kills, end = 0, time.monotonic() + given.seconds
    print(f"  seed {given.seed}", flush=True)
    recorder.start()
    while time.monotonic() < end:
        before = recorder.told
        t.check(harness.until(lambda: recorder.told > before + 100, 60), "clients are answered after a start")
        time.sleep(randoms.random() * 2 * given.seconds / 20)
        server.kill()
        recorder.note("kill -9")
        kills += 1
        server.start()
        recorder.note("answers again")
    t.equal(recorder.stop(), [], "clients go on until the end")
    t.check(recorder.read_finally(), "every key is read at the end")
    recorder.write(path)
    t.check(kills >= 5, "it is killed several times", f"{kills} times in {given.seconds} s")
    print(f"  {recorder.told} answers, {kills} kills", flush=True)
    if is_right(t, server, path):
        a_lie_is_found(t, server, path)
        os.unlink(path)
    else:
        print(f"  the history is {path}")


def a_lie_is_found(t, server, path):
    """The last read of a register is told its first value, which was written over: a judge that passes that
    has not looked."""
    with open(path, encoding="ascii") as f:
        lines = f.readlines()
    writes = {}
    for line in lines:
        words = line.split()
        if words[3:4] == ["SET"] and len(words) == 9 and words[6:] == ["=>", "ok", "+OK"]:
            writes.setdefault(words[4], []).append((int(words[2]), words[5]))
    key = max(writes, key=lambda k: len(writes[k]))
    at = max(i for i, line in enumerate(lines) if f" GET {key} => ok" in line)
    old = min(writes[key])[1]
    lines[at] = lines[at].split("=>")[0] + f"=> ok ${old}\n"
    lie = f"{path}.lie"
    with open(lie, "w", encoding="ascii") as f:
        f.writelines(lines)
    done = judged(lie, server)
    t.equal(done.returncode, 1, "a read of what was written over is found")
    t.check(f"no order explains: GET {key} => ok ${old}" in done.stdout, "and shown", done.stdout[-3000:])
    os.unlink(lie)


def options(parser):
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--clients", type=int, default=12)
    parser.add_argument("--seed", type=int, default=int(time.time()))


if __name__ == "__main__":
    harness.main(__doc__, [one_node_killed_again_and_again], options)
