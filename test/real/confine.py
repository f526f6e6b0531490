"""Starts a program as a container's runtime would, and says what it met: confine.py OPTIONS -- PROGRAM [ARGUMENT]...

In a root folder of its own; as a uid that no passwd file knows; without capabilities or a way to new privileges; under a
filter of system calls, and in a memory cgroup where one is named. Its exit code is the program's.
"""

import argparse
import ctypes
import json
import os
import platform
import struct
import sys

PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 22, 24, 38
EPERM, ENOSYS = 1, 38

# What containerd's default profile refuses to a container without capabilities, as far as a runtime might ask for it;
# numbers from asm/unistd.h. clone3 is answered as unknown, so that the C library takes clone.
REFUSED = {
    "x86_64": {435: ENOSYS, **dict.fromkeys((103, 165, 166, 237, 238, 239, 248, 249, 250, 272, 279, 298, 308, 321, 323, 425, 426, 427), EPERM)},
    "aarch64": {435: ENOSYS, **dict.fromkeys((39, 40, 97, 116, 217, 218, 219, 235, 236, 237, 239, 241, 268, 280, 282, 425, 426, 427), EPERM)},
}

libc = ctypes.CDLL(None, use_errno=True)


def prctl(*arguments):
    values = [a if isinstance(a, ctypes.c_void_p) else ctypes.c_ulong(a) for a in arguments]
    if libc.prctl(*values, *[ctypes.c_ulong(0)] * (5 - len(values))) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def filter_calls():
    """Classic BPF over seccomp_data, whose first word is the call's number."""
    load, jump_if_equal, answer = 0x20, 0x15, 0x06
    program = [(load, 0, 0, 0)]
    for number, error in REFUSED[platform.machine()].items():
        program += [(jump_if_equal, 0, 1, number), (answer, 0, 0, 0x00050000 | error)]
    program += [(answer, 0, 0, 0x7FFF0000)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))
    # struct sock_fprog: a count, and where the program is.
    head = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(program), ctypes.addressof(code)))
    prctl(PR_SET_SECCOMP, 2, ctypes.c_void_p(ctypes.addressof(head)))


def drop_capabilities():
    for capability in range(64):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError:
            return


def confine(options):
    if options.cgroup:
        with open(options.cgroup, "w") as procs:
            procs.write(str(os.getpid()))
    os.chroot(options.root)
    os.chdir("/")
    drop_capabilities()
    os.setgroups([])
    os.setresgid(options.uid, options.uid, options.uid)
    os.setresuid(options.uid, options.uid, options.uid)
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    filter_calls()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", required=True)
    parser.add_argument("--uid", type=int, required=True)
    parser.add_argument("--cgroup", help="its cgroup.procs")
    parser.add_argument("--report", required=True, help="file that gets what was met")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    status_read, status_write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            confine(options)
            with open("/proc/self/status", "rb") as status:
                os.write(status_write, status.read())
            os.execve(options.command[0], options.command, dict(os.environ))
        except BaseException as error:
            os.write(2, f"confine: {error}\n".encode())
            os._exit(125)
    os.close(status_write)
    with os.fdopen(status_read) as lines:
        status = dict(line.strip().split(":", 1) for line in lines)
        status = {name: value.strip() for name, value in status.items()}
    _, ended = os.waitpid(child, 0)
    signal = os.WTERMSIG(ended) if os.WIFSIGNALED(ended) else 0
    with open(options.report, "w") as report:
        json.dump({"signal": signal, "status": status}, report)
    sys.exit(128 + signal if signal else os.WEXITSTATUS(ended))


main()
