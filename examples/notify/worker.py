"""A worker that has something to do before it is ready, and says so when it is."""

import os
import signal
import socket
import sys
import time


def say_ready() -> None:
    """Send READY=1 to the socket that the supervisor listens on, where there is one."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):  # an abstract socket of Linux
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"READY=1", address)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("loading")
time.sleep(1)
say_ready()
print("ready")
while True:
    signal.pause()
