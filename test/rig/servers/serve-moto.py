"""moto's server for as long as our stdin is open, so that it ends with whoever started it, however that ends."""

import os
import sys
import threading

from moto.server import main


def end_with_stdin():
    sys.stdin.buffer.read()
    os._exit(0)


threading.Thread(target=end_with_stdin, daemon=True).start()
main(["-H", "127.0.0.1", "-p", "0"])
