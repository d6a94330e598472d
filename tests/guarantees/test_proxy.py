"""What passes the proxy of the real program: gigabytes, long streams, many connections at once."""

from __future__ import annotations

import re
import resource
import socket
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import psutil
import pytest

from helpers.project import wait_until
from helpers.scale import figure, times

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helpers.project import Project

MIB = 1024 * 1024
SERVER = """
import socket, sys, threading, time

def serve(conn):
    data = b""
    while b"\\r\\n\\r\\n" not in data:
        part = conn.recv(65536)
        if not part:
            return
        data += part
    head, _, rest = data.partition(b"\\r\\n\\r\\n")
    path = head.split(b" ")[1]
    block = bytes(1024 * 1024)
    if path.startswith(b"/download/"):
        size = int(path.rsplit(b"/", 1)[1])
        conn.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % size)
        for _ in range(size // len(block)):
            conn.sendall(block)
    elif path.startswith(b"/upload/"):
        left = int(path.rsplit(b"/", 1)[1]) - len(rest)
        while left:
            left -= len(conn.recv(min(left, 1024 * 1024)))
        conn.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\nok")
    elif path == b"/events":
        conn.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Type: text/event-stream\\r\\n\\r\\n")
        n = 0
        while True:
            conn.sendall(b"data: %d\\n\\n" % n)
            n += 1
            time.sleep(0.1)
    else:
        conn.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\nok")
    conn.close()

def guarded(conn):
    try:
        serve(conn)
    except OSError:
        conn.close()

server = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=1024)
print("listening", flush=True)
while True:
    threading.Thread(target=guarded, args=(server.accept()[0],), daemon=True).start()
"""
CONFIG = f"""
api: {{port: 0}}
processes:
  web: {{cmd: exec {sys.executable} server.py $PORT, port: auto, healthcheck: {{tcp: true, start_interval: 50ms}}}}
proxy: {{domain: localhost, http_port: 1}}
services: {{app: {{process: web}}}}
"""


class Running:
    def __init__(self, project: Project, pid: int, port: int) -> None:
        self.project = project
        self.prox = psutil.Process(pid)
        self.port = port

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def memory(self) -> int:
        return self.prox.memory_full_info().uss


@pytest.fixture
def running(project: Project) -> Iterator[Running]:
    project.write(SERVER, "server.py")
    project.write(CONFIG)
    with project.up("--http-port", "0") as prox:
        found = re.search(r"http://localhost:(\d+)", prox.wait_line("proxy: "))
        assert found
        assert project.client("wait", "web", "--timeout", "20s").returncode == 0
        yield Running(project, prox.pid, int(found[1]))


def request(method: str, path: str, *fields: str) -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: app.localhost", *fields, "", ""]).encode()


def test_a_large_download_and_upload_with_flat_memory(running: Running) -> None:
    size = times(128, 2048) * MIB
    before = running.memory()
    most = 0
    begun = time.monotonic()
    with running.connect() as client:
        client.sendall(request("GET", f"/download/{size}"))
        read_head(client)
        received = 0
        buffer = bytearray(MIB)
        while received < size:
            got = client.recv_into(buffer)
            assert got, f"cut after {received} bytes"
            received += got
            if received % (16 * MIB) < got:
                most = max(most, running.memory())
    down = time.monotonic() - begun
    begun = time.monotonic()
    with running.connect() as client:
        client.sendall(request("POST", f"/upload/{size}", f"Content-Length: {size}"))
        block = bytes(MIB)
        for number in range(size // MIB):
            client.sendall(block)
            if number % 16 == 0:
                most = max(most, running.memory())
        assert read_head(client).startswith(b"HTTP/1.1 200")
    up = time.monotonic() - begun
    grown = most - before
    figure(
        f"a download and an upload of {size // MIB} MiB",
        grown_mib=round(grown / MIB, 1),
        down_mib_per_second=round(size / MIB / down),
        up_mib_per_second=round(size / MIB / up),
    )
    # What is captured of each body, and the buffers of a few connections.
    assert grown < 12 * MIB


def read_head(client: socket.socket) -> bytes:
    """Read up to the end of the head, byte by byte, so that nothing of the body is taken."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += client.recv(1)
    return head


def test_server_sent_events_for_long(running: Running) -> None:
    seconds = times(2, 120)
    with running.connect() as client:
        client.sendall(request("GET", "/events"))
        text = b""
        begun = time.monotonic()
        while time.monotonic() - begun < seconds:
            part = client.recv(65536)
            assert part, "the stream was ended"
            text += part
        numbers = [int(found) for found in re.findall(rb"data: (\d+)\n", text)]
        assert numbers == list(range(len(numbers)))
        assert len(numbers) > seconds * 4
        (record,) = running.project.get("/proxy/requests").json()["requests"]
        assert record["state"] == "active"
    wait_until(lambda: running.project.get("/proxy/requests").json()["requests"][0]["state"] == "done")
    figure("server-sent events through the proxy", seconds=seconds, events=len(numbers))


def test_many_connections_at_once(running: Running) -> None:
    count = times(200, 1000)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    before = running.memory()
    try:
        with ExitStack() as stack:
            clients = [stack.enter_context(running.connect()) for _ in range(count)]
            for client in clients:
                client.sendall(request("GET", "/"))
            answers = [client.recv(65536) for client in clients]
            assert all(answer.startswith(b"HTTP/1.1 200") for answer in answers)
            grown = running.memory() - before
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    figure("connections at once through the proxy", times=count, grown_mib=round(grown / MIB, 1))
    assert grown < count * MIB


def test_clients_that_stop_halfway_leave_nothing(running: Running) -> None:
    """Heads that never end, bodies that stop, downloads that nobody reads: each is over when its client is."""
    count = times(20, 300)
    descriptors = running.prox.num_fds()
    with ExitStack() as stack:
        for number in range(count):
            client = stack.enter_context(running.connect())
            match number % 3:
                case 0:
                    client.sendall(b"GET / HTTP/1.1\r\nHost: app")
                case 1:
                    client.sendall(request("POST", "/upload/1000000", "Content-Length: 1000000") + b"x" * 1000)
                case 2:
                    client.sendall(request("GET", f"/download/{64 * MIB}"))
        with running.connect() as client:
            client.sendall(request("GET", "/"))
            assert client.recv(100).startswith(b"HTTP/1.1 200")
    wait_until(lambda: running.prox.num_fds() <= descriptors + 3)
    found = running.project.get("/proxy/requests?limit=1000").json()["requests"]
    assert {record["state"] for record in found} == {"done"}
