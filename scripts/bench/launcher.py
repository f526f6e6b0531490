"""Starts the program to be measured and waits for it: reads a run as a line of JSON, and writes its figures as another.

Linux counts a program's peak memory from its parent's before the exec, so the parent must be small: this one has about
10 MiB. It is also unaffected by anything else that the benchmark's own process does meanwhile.

Not GNU time: it would lose wall time below a hundredth of a second, which is a third of the floor's.
"""

import json
import os
import signal
import sys
import time

BOUND_S = 60
OUTPUT = os.O_WRONLY | os.O_CREAT | os.O_TRUNC


def run(asked):
    files = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, asked["stderr"], OUTPUT, 0o600),
    ]
    argv = asked["argv"]
    os.chdir(asked["cwd"])
    start = time.perf_counter_ns()
    pid = os.posix_spawn(argv[0], argv, asked["env"], file_actions=files)
    signal.signal(signal.SIGALRM, lambda *_: os.kill(pid, signal.SIGKILL))
    signal.alarm(BOUND_S)
    _, status, used = os.wait4(pid, 0)
    wall = time.perf_counter_ns() - start
    signal.alarm(0)
    return {
        "code": os.waitstatus_to_exitcode(status),
        "wallMs": wall / 1e6,
        "cpuMs": (used.ru_utime + used.ru_stime) * 1e3,
        "peakKiB": used.ru_maxrss,
        "readKiB": used.ru_inblock // 2,
    }


def evict(paths):
    """Evicts files from the page cache, the whole machine's if allowed. Returns which way was used."""
    os.sync()
    try:
        with open("/proc/sys/vm/drop_caches", "w") as control:
            control.write("1")
        return "drop_caches"
    except OSError:
        for path in paths:
            folders = os.walk(path) if os.path.isdir(path) else [("", [], [path])]
            for folder, _, names in folders:
                for name in names:
                    forget(os.path.join(folder, name))
        return "posix_fadvise"


def forget(path):
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return
    try:
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(file)


for line in sys.stdin:
    asked = json.loads(line)
    if "evict" in asked:
        answer = {"way": evict(asked["evict"])}
    else:
        answer = run(asked)
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
