"""Runs a program on a terminal of its own: stdin and stderr are a pty, stdout is a pipe.

usage: sit.py COLUMNS MARK KEYS PROGRAM ARGUMENT...

Once MARK is seen on the terminal, KEYS are typed (escapes as in Python: \\x03 is Ctrl-C; `hangup` takes the terminal away).
Both may have a line for each of several questions.
Prints JSON: what the terminal showed, what stdout got, and the exit code, negative for a signal.
"""
import fcntl, json, os, pty, select, struct, sys, termios, time

columns = int(sys.argv[1])
questions = list(zip(sys.argv[2].encode().split(b'\n'), sys.argv[3].split('\n')))
BOUND_S = 20

read_end, write_end = os.pipe()
pid, terminal = pty.fork()
if pid == 0:
    os.close(read_end)
    os.dup2(write_end, 1)
    os.close(write_end)
    # The parent sizes the terminal first.
    time.sleep(0.1)
    os.execvp(sys.argv[4], sys.argv[4:])
os.close(write_end)
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack('HHHH', 24 if columns else 0, columns, 0, 0))

shown, product = b'', b''
open_ends, end = {terminal, read_end}, time.monotonic() + BOUND_S
while open_ends and time.monotonic() < end:
    for ready in select.select(list(open_ends), [], [], 0.5)[0]:
        try:
            chunk = os.read(ready, 65536)
        except OSError:
            chunk = b''
        if not chunk:
            open_ends.discard(ready)
        elif ready == terminal:
            shown += chunk
        else:
            product += chunk
    if questions and questions[0][0] in shown:
        keys = questions.pop(0)[1]
        if keys == 'hangup':
            open_ends.discard(terminal)
            os.close(terminal)
        else:
            os.write(terminal, keys.encode().decode('unicode_escape').encode())
if open_ends:
    os.kill(pid, 9)
status = os.waitpid(pid, 0)[1]
print(json.dumps({
    'shown': shown.decode(errors='replace').replace('\r\n', '\n'),
    'stdout': product.decode(errors='replace'),
    'code': os.waitstatus_to_exitcode(status),
}))
